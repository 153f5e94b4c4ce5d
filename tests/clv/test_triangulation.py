"""Measures of loyalty held against each other: known values, known truth, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.triangulation import class_of, triangulate, weighted_kappa
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text


def people(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    loyal = rng.normal(size=n)
    return pd.DataFrame({
        "asked": loyal + rng.normal(size=n), "visits": loyal + rng.normal(size=n),
        "score": loyal + 0.2 * rng.normal(size=n), "noise": rng.normal(size=n),
    })  # fmt: skip


def test_correlations_and_limits() -> None:
    data = people()
    row = triangulate(data, direct=["asked"], behaviour=["visits"], draws=100).frame.iloc[0]
    r = np.corrcoef(data["asked"], data["visits"])[0, 1]
    half = 1.959963984540054 / np.sqrt(397)
    assert row["r"] == pytest.approx(r)
    assert row["ci_lower"] == pytest.approx(np.tanh(np.arctanh(r) - half))
    assert row["spearman"] == pytest.approx(data["asked"].rank().corr(data["visits"].rank()))
    assert np.isnan(row["r_true"])


def test_disattenuation_recovers_the_correlation_of_true_scores() -> None:
    found = triangulate(people(20_000), direct=["asked"], behaviour=["visits"], draws=100,
                        reliability={"asked": 0.5, "visits": 0.5})  # fmt: skip
    row = found.frame.iloc[0]
    assert row["r"] == pytest.approx(0.5, abs=0.02)
    assert row["r_true"] == pytest.approx(1.0, abs=0.04)
    assert row["true_lower"] == pytest.approx(2 * row["ci_lower"])


def test_weighted_kappa_by_hand() -> None:
    """One less observed over expected distance, with cells counted one by one."""
    table = np.array([[25, 8, 2], [10, 22, 8], [2, 7, 16]])
    observed = (8 + 10 + 8 + 7) * 0.5 + 4
    rows, columns = table.sum(1), table.sum(0)
    chance = sum(rows[i] * columns[j] * abs(i - j) / 2 for i in range(3) for j in range(3)) / 100
    assert weighted_kappa(table[None])[0] == pytest.approx(1 - observed / chance)
    assert weighted_kappa(np.diag([3, 4, 5])[None])[0] == 1.0


def test_classes_agree_where_measures_do() -> None:
    data = people().assign(same=lambda d: 2 * d["asked"] + 1)
    frame = triangulate(data, direct=["asked", "same"], model=["noise"], draws=200).frame
    same = frame.set_index(["first", "second"]).loc[("asked", "same")]
    assert same["kappa"] == same["agree"] == 1.0
    noise = frame.set_index(["first", "second"]).loc[("asked", "noise")]
    assert noise["kappa_lower"] < 0 < noise["kappa_upper"]


def test_ties_share_a_class() -> None:
    assert class_of(np.array([1, 1, 1, 1, 2, 3.0]), 3).tolist() == [0, 0, 0, 0, 2, 2]


def test_less_can_be_more_loyal() -> None:
    data = people().assign(complaints=lambda d: -d["asked"])
    frame = triangulate(data, direct=["asked"], behaviour=["complaints"], reverse=["complaints"],
                        draws=100).frame  # fmt: skip
    assert frame.loc[0, "r"] == pytest.approx(1.0)


def test_pairs_use_who_is_known_on_both_sides() -> None:
    data = people()
    data.loc[:99, "asked"] = np.nan
    found = triangulate(data, direct=["asked"], behaviour=["visits"], model=["score"], draws=100)
    assert found.frame["n"].tolist() == [300, 300, 400]
    assert found.measures["n"].tolist() == [300, 400, 400]


def test_pairs_in_findings_are_parted_as_each_language_does() -> None:
    found = triangulate(people(), direct=["asked", "visits"], model=["noise"], draws=100)
    (weak,) = found.findings
    assert weak.text.en.endswith("(r < .30): asked – noise; visits – noise.")
    assert weak.text.zh.endswith("（r < .30）：asked – noise；visits – noise。")


def test_findings_and_labels_in_two_languages() -> None:
    found = triangulate(
        people(), direct=["asked"], model=["noise", "score"], draws=100,
        labels={"asked": Text("Loyalty asked", "问卷忠诚度")},
        reliability={"asked": 0.3, "score": 0.3},
    )  # fmt: skip
    assert {f.code for f in found.findings} == {"triangulation.weak", "triangulation.over_one"}
    assert found.frame.loc[0, "label_zh"] == "问卷忠诚度 – noise"
    assert "一致性低" in found.findings[0].text.zh
    assert "asked" in found._repr_html_()


@pytest.mark.parametrize(
    "request_",
    [
        {"direct": ["asked"]}, {"direct": ["asked", "asked"]}, {"direct": ["asked", "missing"]},
        {"direct": ["asked", "noise"], "reliability": {"asked": 1.5}},
        {"direct": ["asked", "noise"], "classes": 1}, {"direct": ["asked", "noise"], "draws": 1},
    ],
)  # fmt: skip
def test_requests_that_cannot_be_met(request_: dict[str, object]) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        triangulate(people(), **request_)  # type: ignore[arg-type]
    assert caught.value.code == "triangulation.request"


def test_a_pair_needs_people_who_differ() -> None:
    for data in (people(8), people().assign(noise=1.0)):
        with pytest.raises(DataError) as caught:
            triangulate(data, direct=["asked", "noise"], draws=100)
        assert caught.value.code == "triangulation.pair"
