from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Item, Questionnaire, Scale
from loyaltysem.survey.net_promoter import net_promoter
from loyaltysem.survey.responses import read_responses

from .conftest import write

EIGHT = np.array([10, 9, 9, 8, 7, 6, 3, 10.0])


def test_score_and_interval_by_hand() -> None:
    nps = net_promoter(EIGHT, item="nps")
    assert (nps.detractors, nps.passives, nps.promoters) == (0.25, 0.25, 0.5)
    assert nps.score == 25.0 and nps.n == 8
    assert nps.se == pytest.approx(100 * np.sqrt((0.75 - 0.0625) / 8))
    # Eleven after ¾ + 1½ + ¾ are added: 4.75 promoters, 2.75 detractors.
    centre, spread = 2 / 11, np.sqrt((7.5 / 11 - (2 / 11) ** 2) / 11)
    assert nps.ci_lower == pytest.approx(100 * (centre - 1.959963985 * spread))
    assert nps.ci_upper == pytest.approx(100 * (centre + 1.959963985 * spread))


def test_an_interval_never_shrinks_to_a_point_nor_leaves_the_scale() -> None:
    nps = net_promoter(np.full(5, 10.0))
    assert nps.score == 100.0 and nps.se == 0.0
    assert nps.ci_lower < 90.0 and nps.ci_upper <= 100.0


def test_coverage_of_the_interval() -> None:
    """Small samples, most of them promoters: where the plain Wald interval fails."""
    rng = np.random.default_rng(8)
    answers = rng.choice([3.0, 8.0, 10.0], p=[0.05, 0.15, 0.80], size=(3000, 20))
    intervals = [net_promoter(row) for row in answers]
    covered = np.mean([n.ci_lower <= 75.0 <= n.ci_upper for n in intervals])
    plain = np.mean([abs(n.score - 75.0) <= 1.96 * n.se for n in intervals])
    assert 0.93 <= covered <= 0.985
    assert plain < covered


def test_weights_count_as_respondents_do() -> None:
    twice = net_promoter(np.concatenate([EIGHT, EIGHT]))
    weighted = net_promoter(EIGHT, weights=np.full(8, 5.0))
    plain = net_promoter(EIGHT)
    assert weighted.score == plain.score and weighted.effective_n == pytest.approx(8.0)
    assert weighted.ci_lower == pytest.approx(plain.ci_lower)
    assert twice.se < plain.se
    one_heavy = net_promoter(np.array([10.0, 0.0]), weights=np.array([3.0, 1.0]))
    assert one_heavy.score == 50.0


def test_missing_answers_are_left_out() -> None:
    assert net_promoter(np.array([10, np.nan, 0.0])).n == 2


@pytest.mark.parametrize(
    ("answers", "options", "code"),
    [
        ([np.nan], {}, "nps.empty"),
        ([11.0], {}, "nps.scale"),
        ([-1.0], {}, "nps.scale"),
        ([7.5], {}, "nps.scale"),
        ([9.0], {"level": 95}, "nps.level"),
        ([9.0], {"weights": np.array([-1.0])}, "weights.invalid"),
    ],
)
def test_what_is_no_net_promoter_score(
    answers: list[float], options: dict[str, object], code: str
) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        net_promoter(np.array(answers), **options)  # type: ignore[arg-type]  # slips under test
    assert caught.value.code == code


def test_through_the_questionnaire(tmp_path: Path, small: Questionnaire) -> None:
    scale = Scale("ten", "likert", 0, 10)
    item = Item("rec", Text("Recommend?", "推荐？"), scale, role="nps")
    q = replace(small, respondent_id=None, items=(item,), constructs=(), scales=(scale,))
    path = write(tmp_path / "a.csv", "rec,w\n10,1\n9,1\n0,2\n,1\n")
    r = read_responses(path, q)
    assert r.nps().score == pytest.approx(100 / 3)
    assert r.nps(weights="w").score == 0.0
    assert "NPS" in str(r.nps()) and "<table>" in r.nps()._repr_html_()
    with pytest.raises(DataError, match="Did you mean 'rec'"):
        r.nps("rek")
    with pytest.raises(IncompatibleRequestError) as caught:
        read_responses(path, replace(q, items=(replace(item, role="measure"),))).nps()
    assert caught.value.code == "nps.item"
