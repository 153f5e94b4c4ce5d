"""Implied moments of ordered data: derivatives, and what delta and theta promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from loyaltysem.engine.implied import implied
from loyaltysem.engine.ordinal import (
    OrdinalStructure,
    determined_values,
    implied_ordinal,
    ordinal_jacobian,
)
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.parameters import Defaults, Parameter
from loyaltysem.model.structure import BlockStructure, compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.ordinal_layout import MomentKind, moment_layout

MODELS = {
    "cfa": ("f =~ a + b + c\ng =~ d + e\nf ~~ g", {"a": 3, "b": 2, "c": 4, "d": 3, "e": 3}, ()),
    "mixed": ("f =~ a + b + c\ng =~ d + e\ng ~ f", {"a": 3, "c": 2, "d": 4}, ()),
    "covariates": ("f =~ a + b + c\nf ~ x + z\nb ~ z", {"a": 3, "c": 3}, ("x", "z")),
}
MEDIATION = (
    "f =~ a + b + c\nm ~ f + x\ny ~ m\nw ~ y + f",
    {"a": 3, "m": 3, "y": 2, "w": 4},
    ("x",),
)


@dataclass(frozen=True)
class Case:
    table: ParameterTable
    block: BlockStructure
    structure: OrdinalStructure
    theta: np.ndarray


def build(model: tuple[str, dict[str, int], tuple[str, ...]], theta_scale: bool) -> Case:
    text, categories, x = model
    rows = parameter_table(parse(text), Defaults(meanstructure=True, fixed_x=False)).rows
    base = parameter_table(parse(text), Defaults(meanstructure=True, fixed_x=False))
    free = tuple(
        Parameter(r.lhs, r.op, r.rhs, free=True) for r in rows
    )  # every row moves, so that every derivative is seen
    table = ParameterTable(free, (), (), base.roles, base.groups, base.defaults)
    block = compile_structure(table).blocks[0]
    names = [n for n in table.observed if n not in x]
    layout = moment_layout([categories.get(n, 0) for n in names], len(x))
    at = {r.name: i for i, r in enumerate(free)}
    h = int((layout.kind == MomentKind.THRESHOLD).sum())
    ordered = np.array([n in categories for n in names])
    scale = np.where(ordered, len(free) + h + np.cumsum(ordered) - 1, -1)
    residual = np.array([at[f"{n}~~{n}"] if n in categories else -1 for n in names])
    place = list(table.observed)
    structure = OrdinalStructure(
        layout,
        np.array([place.index(n) for n in names]),
        np.array([place.index(n) for n in x], dtype=np.intp),
        len(free) + np.arange(h),
        scale,
        residual,
        theta_scale,
    )
    rng = np.random.default_rng(5)
    values = [1.2 if r.is_variance else 0.3 for r in free]
    extra = [*rng.normal(size=h), *(1.0 + 0.2 * rng.normal(size=int(ordered.sum())))]
    theta = np.tile([*values, *extra], (2, 1)) + 0.1 * rng.normal(
        size=(2, len(values) + len(extra))
    )
    return Case(table, block, structure, theta)


def moments_at(case: Case, theta: np.ndarray, determine: bool) -> np.ndarray:
    if determine:
        theta = determined_values(case.structure, case.block, theta)
    return implied_ordinal(case.structure, theta, implied(case.block, theta).moments)


def numerical(case: Case, rows: np.ndarray, determine: bool, step: float = 1e-6) -> np.ndarray:
    columns = []
    for row in rows:
        shift = np.zeros_like(case.theta)
        shift[:, row] = step
        up, down = (moments_at(case, case.theta + s * shift, determine) for s in (1, -1))
        columns.append((up - down) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("theta_scale", [False, True], ids=["delta", "theta"])
@pytest.mark.parametrize("name", MODELS)
def test_jacobian(name: str, theta_scale: bool) -> None:
    case = build(MODELS[name], theta_scale)
    at = implied(case.block, case.theta)
    got = ordinal_jacobian(case.structure, case.theta, at.moments, at.jacobian.dense())
    rows = np.concatenate([case.block.row, case.structure.extra_rows])
    np.testing.assert_allclose(got, numerical(case, rows, False), rtol=1e-6, atol=1e-7)


def test_jacobian_with_determined_variances() -> None:
    case = build(MEDIATION, False)
    s = case.structure
    theta = determined_values(s, case.block, case.theta)
    at = implied(case.block, theta)
    structural = [v for v in s.ordered if case.block.observed[s.variables[v]] in ("m", "y", "w")]
    determined = np.array([list(case.block.row).index(s.residual_row[v]) for v in structural])
    got = ordinal_jacobian(s, theta, at.moments, at.jacobian.dense(), determined)
    rows = np.concatenate([case.block.row, s.extra_rows])
    np.testing.assert_allclose(got, numerical(case, rows, True), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("model", [MODELS["cfa"], MODELS["covariates"], MEDIATION])
def test_delta_sets_the_variance_of_latent_responses(model: tuple) -> None:
    case = build(model, False)
    s = case.structure
    theta = determined_values(s, case.block, case.theta)
    sigma = implied(case.block, theta).moments.sigma
    v, x = s.variables[s.ordered], s.covariates
    given = (
        sigma[:, v[:, None], v]
        - sigma[:, v[:, None], x] @ np.linalg.inv(sigma[:, x[:, None], x]) @ sigma[:, x[:, None], v]
    )
    variance = np.diagonal(given, axis1=1, axis2=2)
    np.testing.assert_allclose(variance, theta[:, s.scale_row[s.ordered]] ** -2, rtol=1e-10)


def test_theta_fills_in_scaling_factors() -> None:
    case = build(MODELS["cfa"], True)
    s = case.structure
    theta = determined_values(s, case.block, case.theta)
    variance = np.diagonal(implied(case.block, theta).moments.sigma, axis1=1, axis2=2)
    np.testing.assert_allclose(theta[:, s.scale_row], variance**-0.5, rtol=1e-12)


def test_delta_and_theta_agree_on_one_model() -> None:
    """Scale factors that theta implies give the same moments under delta."""
    theta_case, delta_case = build(MODELS["mixed"], True), build(MODELS["mixed"], False)
    theta = determined_values(theta_case.structure, theta_case.block, theta_case.theta)
    a = implied_ordinal(theta_case.structure, theta, implied(theta_case.block, theta).moments)
    b = implied_ordinal(delta_case.structure, theta, implied(delta_case.block, theta).moments)
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_slopes_are_the_reduced_form() -> None:
    case = build(("f =~ a + b + c\nf ~ x", {"a": 3, "b": 3, "c": 3}, ("x",)), False)
    at = {r.name: i for i, r in enumerate(case.table.rows)}
    theta = case.theta
    got = moments_at(case, theta, False)[:, case.structure.layout.kind == MomentKind.SLOPE]
    loadings = theta[:, [at["f=~a"], at["f=~b"], at["f=~c"]]]
    expected = theta[:, case.structure.scale_row] * loadings * theta[:, [at["f~x"]]]
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_a_negative_variance_gives_nan_under_theta() -> None:
    case = build(MODELS["cfa"], True)
    theta = case.theta.copy()
    theta[0, case.structure.residual_row[0]] = -9.0
    got = implied_ordinal(case.structure, theta, implied(case.block, theta).moments)
    assert np.isnan(got[0]).any()
    assert np.isfinite(got[1]).all()
