import math

import pytest

from loyaltysem.core.errors import DataError
from loyaltysem.study.audit.fit_relations import ratio_allows_rmsea, rmsea_from_ratio
from loyaltysem.study.audit.printed import Printed, rounded
from loyaltysem.study.published import STUDY_PUBLISHED


def test_rmsea_by_hand():
    assert rmsea_from_ratio(2.0, 101) == pytest.approx(0.1)
    assert rmsea_from_ratio(0.9, 101) == 0.0


def test_rmsea_needs_cases():
    with pytest.raises(DataError) as caught:
        rmsea_from_ratio(2.0, 1)
    assert caught.value.code == "audit.too_few_cases"


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(0.125, 2, "0.13"), (0.0449999, 2, "0.04"), (2.345, 2, "2.35")]
)
def test_rounds_half_up(value, digits, text):
    assert str(rounded(value, digits)) == text


def test_printed_matches_what_prints_alike():
    printed = Printed(0.78, 2)
    assert printed.interval == (0.775, 0.785)
    assert printed.matches(0.775) and printed.matches(0.7849)
    assert not printed.matches(0.785) and not printed.matches(0.7749)


def test_exactly_trust_and_satisfaction_contradict_themselves():
    """STUDY: printed .04, but chi-square/df of 2.01 and 2.12 at N = 450 must print as .05."""
    ratios = {x.group: x.printed for x in STUDY_PUBLISHED.numbers if x.quantity == "chisq_df"}
    inconsistent = [
        x.group
        for x in STUDY_PUBLISHED.numbers
        if x.quantity == "rmsea" and not ratio_allows_rmsea(ratios[x.group], x.printed, 450)
    ]
    assert inconsistent == ["Trust", "Satisfaction"]


def test_recomputed_rmsea_of_the_printed_ratios():
    ratios = [x.printed.value for x in STUDY_PUBLISHED.numbers if x.quantity == "chisq_df"]
    shown = [f"{rmsea_from_ratio(ratio, 450):.3f}" for ratio in ratios]
    assert shown == ["0.055", "0.051", "0.053", "0.047", "0.050", "0.051", "0.051"]


def test_an_interval_edge_counts():
    edge = math.sqrt((2.5 - 1) / 449)
    assert ratio_allows_rmsea(Printed(2.5, 1), Printed(round(edge, 2), 2), 450)
