"""Every discrepancy × structure: analytic derivatives against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.engine.discrepancies import GeneralisedLeastSquares, MaximumLikelihood
from loyaltysem.engine.objective import Objective, build_objective
from loyaltysem.engine.terms import MatrixTerm
from loyaltysem.inference.standardised import standardised
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.standardisation import standardisation_plan
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse

STRUCTURES = {
    "cfa": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6",
    "second_order": "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ f + g\nf ~~ 0.3*f",
    "chain": "f =~ x1 + x2\ng =~ x3 + x4\nh =~ x5 + x6\ng ~ f\nh ~ g + f\nx1 ~~ x3",
    "path": "x3 ~ x1 + x2\nx4 ~ x3\nx5 ~ x4 + x3\nx6 ~ x5\nx1 ~~ x2",
    "feedback": "x3 ~ x1 + 0.2*x4\nx4 ~ x2 + x3\nx5 ~ x4\nx6 ~ x3",
    "mixed": "f =~ x1 + x2 + x3\nf ~ x4\nx5 ~ f + x4\nx6 ~~ x1",
    "equal": "f =~ a*x1 + a*x2 + b*x3\ng =~ x4 + a*x5 + b*x6\ng ~ f",
}
DISCREPANCIES = {"ml": MaximumLikelihood(), "gls": GeneralisedLeastSquares()}


def objective(text: str, discrepancy: str, means: bool, seed: int = 3) -> tuple[Objective, object]:
    rng = np.random.default_rng(seed)
    table = parameter_table(parse(text), Defaults(meanstructure=means, fixed_x=False))
    structure = compile_structure(table)
    data = rng.normal(size=(2, 60, 6)) @ (np.eye(6) + 0.3)
    cov = np.stack([np.cov(d.T, bias=True) for d in data])
    bound = MatrixTerm(
        DISCREPANCIES[discrepancy].bind(cov, data.mean(axis=1) if means else np.zeros((2, 6)))
    )
    base = np.broadcast_to(structure.constant, (2, structure.n_rows)).copy()
    return build_objective(structure, [bound], [1.0], base), (table, structure)


def point(obj: Objective, table: object) -> np.ndarray:
    """A point inside the parameter space: unit variances, everything else small."""
    rng = np.random.default_rng(1)
    rows = table[0].rows  # type: ignore[index]
    theta = np.array(
        [[1.5 if r.op == "~~" and r.lhs == r.rhs else 0.3 for r in rows]] * 2
    ) + 0.1 * rng.normal(size=(2, len(rows)))
    return obj.map.alpha(theta)


def numerical(function, alpha: np.ndarray, step: float = 1e-5) -> np.ndarray:
    columns = []
    for j in range(alpha.shape[1]):
        shift = np.zeros_like(alpha)
        shift[:, j] = step
        columns.append((function(alpha + shift) - function(alpha - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("means", [False, True], ids=["cov", "means"])
@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("discrepancy", DISCREPANCIES)
class TestDerivatives:
    def test_gradient(self, discrepancy: str, name: str, means: bool) -> None:
        obj, model = objective(STRUCTURES[name], discrepancy, means)
        alpha = point(obj, model)
        assert np.isfinite(obj.value(alpha)).all()
        np.testing.assert_allclose(
            obj.gradient(alpha), numerical(obj.value, alpha), rtol=1e-6, atol=1e-7
        )

    def test_exact_hessian(self, discrepancy: str, name: str, means: bool) -> None:
        obj, model = objective(STRUCTURES[name], discrepancy, means)
        alpha = point(obj, model)
        np.testing.assert_allclose(
            obj.hessian(alpha, observed=True), numerical(obj.gradient, alpha), rtol=1e-6, atol=1e-6
        )

    def test_expected_hessian_is_the_exact_one_where_the_model_fits(
        self, discrepancy: str, name: str, means: bool
    ) -> None:
        obj, model = objective(STRUCTURES[name], discrepancy, means)
        alpha = point(obj, model)
        fitted = obj.implied(alpha)[0].moments
        bound = MatrixTerm(DISCREPANCIES[discrepancy].bind(fitted.sigma, fitted.mu))
        perfect = build_objective(model[1], [bound], [1.0], obj.map.base)
        np.testing.assert_allclose(
            perfect.hessian(alpha, observed=False),
            perfect.hessian(alpha, observed=True),
            atol=1e-9,
        )

    def test_jacobian_operator_equals_the_dense_jacobian(
        self, discrepancy: str, name: str, means: bool
    ) -> None:
        obj, model = objective(STRUCTURES[name], discrepancy, means)
        alpha = point(obj, model)
        implied = obj.implied(alpha)[0]
        sigma, mu = implied.jacobian.dense()
        chain = obj.blocks[0].chain
        p = sigma.shape[-1]
        dense = chain.gradient(np.moveaxis(sigma, 1, -1).reshape(-1, sigma.shape[1]))
        expected = numerical(lambda a: obj.implied(a)[0].moments.sigma, alpha)
        np.testing.assert_allclose(dense.reshape(2, p, p, -1), expected, atol=1e-8)
        if means:
            expected_mu = numerical(lambda a: obj.implied(a)[0].moments.mu, alpha)
            got = chain.gradient(np.swapaxes(mu, 1, 2).reshape(-1, mu.shape[1]))
            np.testing.assert_allclose(got.reshape(2, p, -1), expected_mu, atol=1e-8)


@pytest.mark.parametrize("latent_only", [False, True], ids=["std_all", "std_lv"])
@pytest.mark.parametrize("means", [False, True], ids=["cov", "means"])
@pytest.mark.parametrize("name", STRUCTURES)
def test_standardised_solution(name: str, means: bool, latent_only: bool) -> None:
    obj, model = objective(STRUCTURES[name], "ml", means)
    alpha = point(obj, model)
    plans = standardisation_plan(*model, latent_only=latent_only)
    _, jacobian = standardised(obj, alpha, plans)
    np.testing.assert_allclose(
        jacobian, numerical(lambda a: standardised(obj, a, plans)[0], alpha), atol=1e-7
    )
