"""HTMT and HTMT2: by hand, in groups, and with intervals."""

import numpy as np
import pandas as pd
import pytest

from loyaltysem.analysis.measurement.heterotrait import htmt, htmt_intervals, htmt_matrix
from loyaltysem.core.errors import DataError, IncompatibleRequestError

CONSTRUCTS = {"信任": ["a1", "a2", "a3"], "loyalty": ["b1", "b2", "b3"], "one": ["c"]}


@pytest.fixture
def frame():
    rng = np.random.default_rng(4)
    traits = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=300)
    items = np.repeat(traits, 3, axis=1) + 0.7 * rng.normal(size=(300, 6))
    table = pd.DataFrame(items, columns=[*CONSTRUCTS["信任"], *CONSTRUCTS["loyalty"]])
    return table.assign(c=rng.normal(size=300), region=["北"] * 150 + ["south"] * 150)


def test_htmt2_takes_geometric_means():
    r = np.array([[1, 0.5, 0.2, 0.4], [0.5, 1, 0.3, 0.1], [0.2, 0.3, 1, 0.6], [0.4, 0.1, 0.6, 1]])
    groups = [np.array([0, 1]), np.array([2, 3])]
    between = (0.2 * 0.4 * 0.3 * 0.1) ** 0.25
    found = htmt_matrix(r, groups, kind="htmt2")
    assert found[1, 0] == pytest.approx(between / np.sqrt(0.5 * 0.6))
    assert htmt_matrix(r, groups)[0, 1] == pytest.approx(0.25 / np.sqrt(0.3))


def test_signs_can_be_kept():
    r = np.array(
        [[1, 0.5, -0.2, 0.2], [0.5, 1, 0.2, -0.2], [-0.2, 0.2, 1, 0.6], [0.2, -0.2, 0.6, 1]]
    )
    groups = [np.array([0, 1]), np.array([2, 3])]
    assert htmt_matrix(r, groups, absolute=False)[1, 0] == pytest.approx(0.0)
    assert htmt_matrix(r, groups)[1, 0] > 0.3
    assert np.isnan(htmt_matrix(r, groups, kind="htmt2", absolute=False)[1, 0])


@pytest.mark.parametrize("kind", ["htmt", "htmt2"])
def test_intervals_hold_the_ratio_that_htmt_gives(frame, kind):
    found = htmt_intervals(frame, CONSTRUCTS, kind=kind, draws=300, seed=1)
    pd.testing.assert_frame_equal(found.matrix(), htmt(frame, CONSTRUCTS, kind=kind))
    row = found.frame.iloc[0]
    assert row["ci_lower"] < row["htmt"] < row["ci_upper"] < 1
    assert row["ci_lower"] < 0.5 < row["ci_upper"]
    assert found.frame["below_one"].tolist() == [True, None, None]  # a single item has no ratio


def test_intervals_cover_as_they_say():
    rng = np.random.default_rng(9)
    hits = 0
    for seed in range(60):
        traits = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=150)
        items = np.repeat(traits, 2, axis=1) + 0.6 * rng.normal(size=(150, 4))
        data = pd.DataFrame(items, columns=list("abcd"))
        row = htmt_intervals(
            data, {"x": ["a", "b"], "y": ["c", "d"]}, draws=200, seed=seed, confidence=0.9
        ).frame.iloc[0]
        hits += row["ci_lower"] <= 0.6 <= row["ci_upper"]
    assert 47 <= hits <= 60


def test_groups_have_their_own_rows(frame):
    found = htmt_intervals(frame, CONSTRUCTS, group="region", draws=100, seed=2)
    assert found.frame["group"].tolist() == ["south"] * 3 + ["北"] * 3
    south = frame[frame["region"] == "south"]
    pd.testing.assert_frame_equal(found.matrix("south"), htmt(south, CONSTRUCTS))


def test_bca_and_workers_do_not_change_the_draws(frame):
    options = {"draws": 200, "seed": 3, "interval": "bca"}
    one, two = (htmt_intervals(frame, CONSTRUCTS, n_jobs=n, **options) for n in (1, 2))
    pd.testing.assert_frame_equal(one.frame, two.frame)
    assert "bca" in str(one) and "信任" in one._repr_html_()


def test_ordered_items_use_polychoric_correlations(frame):
    coarse = frame.copy()
    items = [x for group in CONSTRUCTS.values() for x in group]
    coarse[items] = np.digitize(frame[items], [-0.5, 0.5])
    plain, ordered = (htmt(coarse, CONSTRUCTS, ordered=o).iloc[1, 0] for o in (False, True))
    assert ordered == pytest.approx(htmt(frame, CONSTRUCTS).iloc[1, 0], abs=0.06)
    assert plain != ordered
    found = htmt_intervals(coarse, CONSTRUCTS, ordered=True, draws=20, seed=1)
    assert found.frame["htmt"].iloc[0] == pytest.approx(ordered)


def test_constructs_that_are_one_are_named(frame):
    twins = {"x": ["a1", "a2"], "y": ["a3", "b1"], "z": ["b2", "b3"]}
    mixed = frame.assign(b1=frame["a1"] + 0.1 * frame["b1"])
    found = htmt_intervals(mixed, twins, draws=50, seed=1)
    assert found.findings[0].code == "validity.htmt"
    assert "x – y" in str(found)


def test_lost_draws_are_told():
    rare = pd.DataFrame({"a": [0] * 29 + [1], "b": [0] * 29 + [1], "c": range(30), "d": range(30)})
    found = htmt_intervals(rare * 1.0, {"x": ["a", "b"], "y": ["c", "d"]}, draws=100, seed=1)
    assert found.frame["used"].iloc[0] < 90
    assert "validity.draws_lost" in [f.code for f in found.findings]


def test_what_cannot_be_asked(frame):
    with pytest.raises(IncompatibleRequestError) as caught:
        htmt(frame, CONSTRUCTS, kind="htmt3")
    assert caught.value.code == "request.htmt_kind"
    with pytest.raises(DataError, match="regoin") as missing:
        htmt_intervals(frame, CONSTRUCTS, group="regoin")
    assert "region" in missing.value.hint
    for constructs in ({}, {"x": ["a1", "a2"], "y": []}):
        with pytest.raises(DataError) as empty:
            htmt(frame, constructs)
        assert empty.value.code == "validity.empty_construct"
    with pytest.raises(DataError) as words:
        htmt(frame.assign(c="x"), CONSTRUCTS)
    assert words.value.code == "reliability.not_numeric"
    with pytest.raises(DataError) as few:
        htmt_intervals(frame.head(2), CONSTRUCTS)
    assert few.value.code == "data.too_few_cases"


def test_a_ratio_below_its_draws_is_remarked_upon() -> None:
    """Two constructs without any correlation in the sample have some in every draw."""
    raw = np.random.default_rng(3).normal(size=(150, 8))
    parts = np.linalg.qr(raw - raw.mean(axis=0))[0]
    items = np.repeat(parts[:, :2], 3, axis=1) + 0.7 * parts[:, 2:]
    frame = pd.DataFrame(items, columns=list("abcdef"))
    found = htmt_intervals(frame, {"x": list("abc"), "y": list("def")}, draws=300, seed=1)
    assert float(found.frame["htmt"].iloc[0]) < 1e-9 < float(found.frame["ci_lower"].iloc[0])
    (finding,) = found.findings
    assert finding.code == "validity.off_interval" and "x – y" in finding.text.en
