"""What is added to a model, and where, against selections worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path as File

import numpy as np
import pytest

from loyaltysem.analysis.misspecification import (
    Path,
    StandardModel,
    construct_reliability,
    cross_loadings,
    factor_pairs,
    item_pairs,
    residual_correlations,
)

GOLDEN = json.loads((File(__file__).parents[1] / "golden/cutoffs/cutoffs.json").read_text())


def loadings(factor: str, **items: float) -> list[Path]:
    return [Path(factor, "=~", name, value) for name, value in items.items()]


def model(*paths: Path) -> StandardModel:
    latent = tuple(dict.fromkeys(p.lhs for p in paths if p.op == "=~"))
    named = dict.fromkeys(n for p in paths for n in (p.lhs, p.rhs))
    return StandardModel(tuple(n for n in named if n not in latent), latent, paths)


THREE = model(
    *loadings("visual", x1=0.772, x2=0.424, x3=0.581),
    *loadings("textual", x4=0.852, x5=0.855, x6=0.838),
    *loadings("speed", x7=0.570, x8=0.723, x9=0.665),
    Path("visual", "~~", "textual", 0.459),
    Path("visual", "~~", "speed", 0.471),
    Path("textual", "~~", "speed", 0.283),
)
ONE = model(*loadings("f", y1=0.602, y2=0.805, y3=0.857, y4=0.631, y5=0.345, y6=0.646))
SECOND = model(
    *loadings("f1", z1=0.60, z2=0.70, z3=0.80),
    *loadings("f2", z4=0.65, z5=0.75, z6=0.85),
    *loadings("f3", z7=0.55, z8=0.80, z9=0.70),
    *loadings("f4", z10=0.72, z11=0.68, z12=0.62),
    *loadings("g", f1=0.80, f2=0.70, f3=0.60, f4=0.75),
)


def names(paths: tuple[Path, ...]) -> list[str]:
    return [p.name for p in paths]


def test_weakest_items_load_on_the_most_reliable_factor() -> None:
    found = cross_loadings(THREE)
    assert names(found) == ["textual=~x2", "textual=~x7"]
    assert [p.value for p in found] == [0.424, 0.570]


def test_second_order_factors_work_with_implied_correlations() -> None:
    found = cross_loadings(SECOND)
    assert names(found) == ["f2=~z7", "f2=~z1", "f2=~z12"]
    assert [round(p.value, 4) for p in found] == [0.55, 0.5051, 0.4977]


def test_a_pair_of_factors_is_used_once() -> None:
    # z1 goes from f1 to f2, the most reliable; f2's own item may then not go back to f1
    two = model(
        *loadings("f1", z1=0.5, z2=0.6, z3=0.6),
        *loadings("f2", z4=0.8, z5=0.8, z6=0.55),
        *loadings("f3", z7=0.6, z8=0.6, z9=0.58),
        Path("f1", "~~", "f2", 0.3),
    )
    assert names(cross_loadings(two)) == ["f2=~z1", "f3=~z6"]


def test_factors_of_two_items_are_asked_last() -> None:
    found = cross_loadings(
        model(
            *loadings("f1", z1=0.4, z2=0.6),
            *loadings("f2", z3=0.8, z4=0.8, z5=0.7),
            *loadings("f3", z6=0.6, z7=0.7, z8=0.75),
        )
    )
    assert names(found) == ["f2=~z6", "f1=~z5"]  # not to f3 again


def test_items_that_load_twice_or_covary_are_left_alone() -> None:
    tied = model(*THREE.paths, Path("x2", "~~", "x3", 0.2), Path("speed", "=~", "x7", 0.1))
    busy = model(*THREE.paths, Path("x2", "~~", "x3", 0.2), Path("visual", "=~", "x7", 0.1))
    assert "textual=~x2" not in names(cross_loadings(tied))
    assert names(cross_loadings(busy))[1] == "textual=~x1"


def test_a_cross_loading_leaves_a_residual_variance() -> None:
    close = model(
        *loadings("f", x1=0.9, x2=0.92, x3=0.93), *loadings("g", y1=0.95, y2=0.95, y3=0.95),
        Path("f", "~~", "g", 0.8),
    )  # fmt: skip
    (added,) = cross_loadings(close)
    largest = np.sqrt(0.9**2 * 0.8**2 + 1 - 0.9**2) - 0.9 * 0.8
    assert added.value == pytest.approx(0.95 * largest)
    assert close.with_paths([added]).correlation() is not None
    assert close.with_paths([Path("g", "=~", "x1", 1.06 * largest)]).correlation() is None


@pytest.mark.parametrize(
    ("n", "counts"), [(3, ()), (4, (1,)), (5, (1, 2)), (6, (1, 2, 3)), (11, (1, 3, 5))]
)
def test_pairs_of_each_level(n: int, counts: tuple[int, ...]) -> None:
    parts = [Path("f", "=~", f"x{i}", 0.3 + 0.05 * i) for i in range(n)]
    pairs, found = residual_correlations(parts, 0.3)
    assert found == counts and len(pairs) == max(counts, default=0)


def test_items_are_paired_from_the_lowest_loadings_up() -> None:
    pairs, counts = item_pairs(ONE)
    assert names(pairs) == ["y5~~y1", "y4~~y6", "y2~~y3"] and counts == (1, 2, 3)
    assert {p.value for p in pairs} == {0.3}


def test_structural_levels_tie_disturbances() -> None:
    pairs, counts = factor_pairs(SECOND)
    assert names(pairs) == ["f3~~f2"] and counts == (1,) and pairs[0].value == 0.5
    assert factor_pairs(THREE) == ((), ())


def levels(kind: str) -> list[StandardModel]:
    if kind == "three_factors":
        return [THREE.with_paths(cross_loadings(THREE)[:k]) for k in range(3)]
    if kind == "one_factor":
        return [ONE.with_paths(item_pairs(ONE)[0][:k]) for k in range(4)]
    if kind == "second_order":
        return [SECOND.with_paths(cross_loadings(SECOND)[:k]) for k in range(4)]
    return [SECOND.with_paths(factor_pairs(SECOND)[0][:k]) for k in range(2)]


@pytest.mark.parametrize(
    "kind", ["three_factors", "one_factor", "second_order", "second_order_structural"]
)
def test_populations_are_those_written_out_by_hand(kind: str) -> None:
    assert len(levels(kind)) == len(GOLDEN[kind])
    for found, expected in zip(levels(kind), GOLDEN[kind], strict=True):
        p = len(found.observed)
        r = found.correlation()
        assert r is not None
        np.testing.assert_allclose(
            r[:p, :p], np.reshape(expected["correlation"], (p, p)), atol=1e-9
        )


def test_every_variable_has_variance_one_in_structural_models_too() -> None:
    chain = model(
        *SECOND.paths, *loadings("h", w1=0.7, w2=0.8), Path("h", "~", "g", 0.5),
        Path("h", "~", "f1", 0.2), Path("z1", "~~", "z4", 0.3),
    )  # fmt: skip
    r = chain.correlation()
    assert r is not None
    np.testing.assert_allclose(np.diagonal(r), 1.0, atol=1e-10)
    place = {n: i for i, n in enumerate(chain.names)}
    assert r[place["h"], place["g"]] == pytest.approx(0.5 + 0.2 * 0.8)


def test_reliability_is_coefficient_h() -> None:
    squares = np.array([0.772, 0.424, 0.581]) ** 2
    assert construct_reliability(THREE, "visual") == pytest.approx(
        1 / (1 + 1 / (squares / (1 - squares)).sum())
    )


def test_what_cannot_exist_has_no_correlations() -> None:
    assert model(*loadings("f", x1=1.1, x2=0.5, x3=0.5)).correlation() is None
    impossible = model(
        *THREE.paths[:9], Path("visual", "~~", "textual", 0.99),
        Path("visual", "~~", "speed", 0.99), Path("textual", "~~", "speed", -0.9),
    )  # fmt: skip
    assert impossible.correlation() is None
    assert cross_loadings(impossible) == ()


def test_factors_of_one_item_take_no_part() -> None:
    single = model(*THREE.paths, *loadings("age", years=1.0))
    assert single.factors == ("visual", "textual", "speed")
    assert names(cross_loadings(single)) == names(cross_loadings(THREE))
