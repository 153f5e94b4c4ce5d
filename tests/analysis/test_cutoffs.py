import math

import pytest

from loyaltysem.analysis.cutoffs import CUTOFFS, REGISTRY, judge, rmsea_grade
from loyaltysem.core.references import REFERENCES


def test_every_verdict_has_a_known_source():
    assert len(REGISTRY) == len(CUTOFFS)
    for cutoff in CUTOFFS:
        assert (cutoff.source in REFERENCES) or (cutoff.side == "none" and cutoff.source == "")


@pytest.mark.parametrize(
    ("measure", "value", "text", "met"),
    [
        ("cfi", 0.95, "≥ .95", True),
        ("cfi", 0.9499, "≥ .95", False),
        ("rmsea", 0.06, "≤ .06", True),
        ("rmsea", 0.0601, "≤ .06", False),
        ("srmr", 0.081, "≤ .08", False),
        ("alpha", 0.7, "≥ .70", True),
        ("ave", 0.49, "≥ .50", False),
        ("htmt", 0.86, "≤ .85", False),
        ("htmt_liberal", 0.86, "≤ .90", True),
        ("gfi", 0.99, "≥ .90 (convention)", None),
        ("chisq_df", 1.0, "", None),
        ("cfi", math.nan, "≥ .95", None),
        ("aic", 1.0, "", None),
    ],
)
def test_judge(measure, value, text, met):
    judgement = judge(measure, value)
    assert (judgement.cutoff, judgement.met) == (text, met)


@pytest.mark.parametrize(
    ("value", "grade"),
    [(0.0, "close"), (0.05, "close"), (0.051, "reasonable"), (0.09, "mediocre"), (0.11, "poor")],
)
def test_rmsea_grade(value, grade):
    assert rmsea_grade(value) == grade


def test_rmsea_grade_without_value():
    assert rmsea_grade(math.nan) == ""
