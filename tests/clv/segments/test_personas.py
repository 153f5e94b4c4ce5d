"""Personas: known groups are found, numbered alike each time; a cloud is said to be none."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.clustering import bootstrap_ari, centres_of, nearest
from loyaltysem.clv.segments.persona_features import scaled
from loyaltysem.clv.segments.personas import describe, personas
from loyaltysem.core.errors import DataError, IncompatibleRequestError, MissingExtraError
from loyaltysem.core.text import Text


def groups(sizes: tuple[int, ...] = (80, 60, 40), seed: int = 1) -> pd.DataFrame:
    """Return three groups far apart in two features."""
    rng = np.random.default_rng(seed)
    places = ((30.0, 20.0), (10.0, 60.0), (2.0, 20.0))
    parts = [rng.normal(place, 2.0, (n, 2)) for place, n in zip(places, sizes, strict=True)]
    frame = pd.DataFrame(np.concatenate(parts), columns=["orders", "amount"])
    return frame.set_axis([f"c{i}" for i in range(len(frame))])


def test_known_groups_are_found_and_numbered_from_the_highest() -> None:
    found = personas(groups(), draws=10)
    assert found.k == 3 and found.profile["customers"].tolist() == [80, 60, 40]
    assert found.frame["persona"].tolist() == [1] * 80 + [2] * 60 + [3] * 40
    assert found.profile["orders"].is_monotonic_decreasing
    row = found.choice[found.choice["chosen"]].iloc[0]
    assert row["silhouette"] > 0.7 and row["ari"] > 0.99
    assert found.findings == () and "3 personas of 180 customers" in found.title


def test_the_seed_and_the_order_of_customers_change_nothing() -> None:
    table = groups()
    one, two = personas(table, draws=5), personas(table, draws=5)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    pd.testing.assert_frame_equal(one.choice, two.choice)
    three = personas(table.sample(frac=1, random_state=3), draws=5, seed=9)
    joined = one.frame.merge(three.frame, on="customer")
    assert (joined["persona_x"] == joined["persona_y"]).all()


def test_a_cloud_is_no_group() -> None:
    cloud = pd.DataFrame(np.random.default_rng(2).normal(size=(400, 4)), columns=list("abcd"))
    found = personas(cloud, k=[3, 4], draws=10)
    codes = {f.code for f in found.findings}
    assert "personas.structure" in codes and "personas.unstable" in codes
    structure = next(f for f in found.findings if f.code == "personas.structure")
    assert structure.severity == "warning" and "无明显聚类结构" in structure.text.zh


def test_a_log_gives_the_usual_features(log: TransactionLog) -> None:
    found = personas(log, k=3, draws=5)
    assert list(found.frame)[2:] == ["orders", "average_order", "elapsed", "tenure"]
    assert len(found.frame) == 120 and found.choice["k"].tolist() == [3]
    assert set(found.steps["transform"]) <= {"log", "none"}
    z = found.profile.filter(like="z_")
    weighted = (z.to_numpy() * found.profile[["customers"]].to_numpy()).sum(axis=0)
    assert weighted == pytest.approx(np.zeros(4), abs=1e-9)
    assert "description_zh" not in str(found) and "<table>" in found._repr_html_()


def test_scaling_is_told() -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"skewed": rng.lognormal(3, 1, 200), "plain": rng.normal(size=200)})
    found = scaled(table, {})
    assert found.steps["transform"].tolist() == ["log", "none"]
    assert found.values.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert found.values.std(axis=0) == pytest.approx([1, 1])
    step = found.steps.iloc[0]
    back = (np.log1p(table["skewed"]) - step["mean"]) / step["sd"]
    np.testing.assert_allclose(found.values[:, 0], back)
    assert scaled(table, {"skewed": "none"}).steps["transform"].tolist() == ["none", "none"]


def test_agreement_of_well_separated_clusters_is_complete() -> None:
    x = scaled(groups(), {}).values
    labels = nearest(x, centres_of(x, 3, 1))
    assert bootstrap_ari(x, labels, 3, draws=5, seed=1) == pytest.approx(np.ones(5))


def test_many_customers_are_sampled_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyaltysem.clv.segments import personas as module

    monkeypatch.setattr(module, "MOST_FITTED", 100)
    monkeypatch.setattr(module, "MOST_MEASURED", 90)
    found = personas(groups(), k=3, draws=3)
    assert found.profile["customers"].tolist() == [80, 60, 40]
    assert [f.code for f in found.findings] == ["personas.sampled"]


def test_small_personas_and_words() -> None:
    found = personas(groups((400, 300, 5)), k=3, draws=3)
    assert "personas.small" in {f.code for f in found.findings}
    assert describe({"a": 0.1}, {}) == Text("average", "居中")
    assert describe({"a": -1.0, "b": 2.0}, {"a": Text("x", "甲")}) == Text(
        "high: b; low: x", "b偏高；甲偏低"
    )


@pytest.mark.parametrize(
    ("table", "asked", "code"),
    [
        (groups().assign(orders="x"), {}, "personas.not_numeric"),
        (groups().assign(orders=1.0), {}, "personas.features"),
        (groups().assign(orders=np.nan), {}, "personas.features"),
        (groups()[:5], {"k": 2}, "personas.features"),
        (groups() - 500, {"transforms": {"orders": "log"}}, "personas.negative"),
        (groups(), {"transforms": {"nothing": "log"}}, "personas.transform"),
        (groups(), {"transforms": {"orders": "sqrt"}}, "personas.transform"),
        (groups(), {"k": 1}, "personas.request"),
        (groups(), {"k": 91}, "personas.request"),
        (groups(), {"k": []}, "personas.request"),
        (groups(), {"draws": 0}, "personas.request"),
    ],
)
def test_what_cannot_be_grouped(table: pd.DataFrame, asked: dict[str, Any], code: str) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        personas(table, **asked)
    assert caught.value.code == code and caught.value.hint


def test_without_scikit_learn_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"loyaltysem\[ml\]") as caught:
        personas(groups())
    assert caught.value.code == "install.missing_extra"
