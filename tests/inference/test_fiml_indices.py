"""Robust indices of incomplete data, and FIML inference as a whole, against lavaan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.optimise import minimise
from loyaltysem.core.types import Array
from loyaltysem.engine.fiml import (
    FullInformation,
    casewise_scores,
    complete_moment_information,
    first_order_information,
    moment_information,
    saturated_jacobian,
)
from loyaltysem.engine.implied import Moments
from loyaltysem.engine.objective import Objective, build_objective
from loyaltysem.engine.terms import MatrixTerm
from loyaltysem.inference.fiml_indices import (
    GroupInformation,
    complete_data_statistic,
    fiml_robust_test,
    normal_correction,
    robust_correction,
)
from loyaltysem.inference.moment_forms import moment_jacobian
from loyaltysem.inference.scaled_measures import (
    RobustTest,
    robust_gfi,
    robust_incremental,
    robust_rmsea,
)
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.gamma import vech_indices
from loyaltysem.moments.patterns import MissingPatterns, find_patterns
from loyaltysem.moments.saturated import SaturatedMoments, log_likelihood, saturated_moments

GOLDEN = Path(__file__).parent.parent / "golden" / "fiml"
FIXED = "visual =~ x1 + x2 + x3\nvisual ~ x7 + x8"


def read(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


@dataclass(frozen=True)
class Fitted:
    """A model fitted to incomplete data, by the parts of the engine alone."""

    patterns: MissingPatterns
    saturated: SaturatedMoments
    objective: Objective
    alpha: Array
    statistic: float
    df: int
    keep: Array

    @property
    def n(self) -> float:
        return float(self.patterns.n_obs[0])

    @property
    def h1(self) -> Moments:
        return Moments(self.saturated.cov, self.saturated.mean)

    @property
    def bread(self) -> Array:
        return 0.5 * self.objective.hessian(self.alpha, observed=True)[0]

    @property
    def meat(self) -> Array:
        implied = self.objective.implied(self.alpha)[0]
        rows = first_order_information(self.patterns, implied.moments, implied.jacobian)
        return self.objective.blocks[0].chain.form(rows)[0]

    def se(self, robust: bool) -> Array:
        inverse = np.linalg.inv(self.bread)
        vcov = inverse @ self.meat @ inverse if robust else inverse
        return np.sqrt(np.diag(vcov) / self.n)

    @property
    def information(self) -> GroupInformation:
        implied = self.objective.implied(self.alpha)[0]
        chain = self.objective.blocks[0].chain
        jacobian = saturated_jacobian(self.patterns.p)
        incomplete = moment_information(self.patterns, self.h1)[0]
        first_order = first_order_information(self.patterns, self.h1, jacobian)[0]
        at = np.ix_(self.keep, self.keep)
        return GroupInformation(
            share=1.0,
            complete=complete_moment_information(self.saturated.cov)[0][at],
            incomplete=incomplete[at],
            jacobian=moment_jacobian(implied.jacobian, chain, means=True)[0][self.keep],
            first_order=first_order[at],
        )

    @property
    def scaling(self) -> float:
        """Yuan and Bentler's factor as Mplus takes it."""
        g = self.information
        h1 = np.trace(np.linalg.solve(g.incomplete, g.first_order))
        return float(h1 - np.trace(np.linalg.solve(self.bread, self.meat))) / self.df

    def robust_test(self, robust: bool) -> RobustTest:
        fitted = self.objective.implied(self.alpha)[0].moments
        t = complete_data_statistic([self.h1], [fitted], [self.n])
        return fiml_robust_test(t, self.df, [self.information], robust)


def fit(text: str, values: Array, names: list[str]) -> Fitted:
    """Fit by the engine; names are the observed variables in the order of the model."""
    patterns = find_patterns(values, names)
    saturated = saturated_moments(patterns)
    table = parameter_table(parse(text), Defaults(meanstructure=True, fixed_x=True))
    structure = compile_structure(table)
    assert list(table.observed) == names
    base = structure.constant[None].copy()
    fixed = sorted({i for _, _, i, j in structure.exogenous if j >= 0})
    for row, _, i, j in structure.exogenous:
        base[0, row] = saturated.mean[0, i] if j < 0 else saturated.cov[0, i, j]
    bound = FullInformation().bind(patterns, saturated)
    objective = build_objective(structure, [MatrixTerm(bound)], [1.0], base)
    start = base.copy()
    for i, r in enumerate(table.rows):
        if r.op == "~1" and r.free and r.lhs in names:
            start[0, i] = saturated.mean[0, names.index(r.lhs)]
        elif r.free:
            start[0, i] = 0.7 if r.op == "=~" or r.lhs == r.rhs else 0.1
    solution = minimise(objective, objective.map.alpha(start))
    assert solution.converged.all()
    row, column = vech_indices(len(names))
    x = np.isin(np.arange(len(names)), fixed)
    keep = np.concatenate([~x, ~(x[row] & x[column])])
    statistic = float(patterns.n_obs[0] * solution.value[0])
    df = structure.n_moments - structure.n_free
    return Fitted(patterns, saturated, objective, solution.alpha, statistic, df, keep)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "hs_missing_mcar.csv")


@pytest.fixture(scope="module")
def models(data: pd.DataFrame) -> tuple[Fitted, Fitted]:
    """The three-factor model and independence."""
    names = [f"x{i}" for i in range(1, 10)]
    values = data[names].to_numpy()
    independence = "\n".join(f"{n} ~~ {n}" for n in names)
    return fit(read("hs_fiml_ml")["model"], values, names), fit(independence, values, names)


@pytest.mark.parametrize("name", ["hs_fiml_ml", "hs_fiml_mlr"])
class TestThreeFactors:
    def test_estimates_and_standard_errors(self, models: tuple[Fitted, Fitted], name: str) -> None:
        fitted, golden = models[0], read(name)
        text = golden["model"]
        rows = parameter_table(parse(text), Defaults(meanstructure=True)).rows
        theta = fitted.objective.map.theta(fitted.alpha)[0]
        se = fitted.objective.map.derivative() @ fitted.se(robust=name.endswith("mlr"))
        expected = {(r["lhs"], r["op"], r["rhs"]): r for r in golden["parameters"]}
        for i, r in enumerate(rows):
            reference = expected[r.lhs, r.op, r.rhs]
            assert theta[i] == pytest.approx(reference["est"], abs=1e-5)
            assert se[i] == pytest.approx(reference["se"], abs=1e-5)

    def test_statistics(self, models: tuple[Fitted, Fitted], name: str) -> None:
        (user, baseline), golden = models, read(name)["fit"]
        assert user.statistic == pytest.approx(golden["chisq"], abs=1e-6)
        assert baseline.statistic == pytest.approx(golden["baseline.chisq"], abs=1e-6)
        assert (user.df, baseline.df) == (golden["df"], golden["baseline.df"])
        at_user = user.saturated.deviance + user.statistic / user.n
        loglik = log_likelihood(user.patterns, at_user)[0]
        assert loglik == pytest.approx(golden["logl"], abs=1e-6)
        if name.endswith("mlr"):
            assert user.scaling == pytest.approx(golden["chisq.scaling.factor"], abs=1e-6)
            baseline_factor = golden["baseline.chisq.scaling.factor"]
            assert baseline.scaling == pytest.approx(baseline_factor, abs=1e-6)

    def test_robust_indices(self, models: tuple[Fitted, Fitted], name: str) -> None:
        golden = read(name)["fit"]
        user, baseline = (m.robust_test(name.endswith("mlr")) for m in models)
        n = models[0].n
        found = {
            **robust_incremental(user, baseline),
            **robust_rmsea(user, n),
            **robust_gfi(user, 9, n),
        }
        for key, value in found.items():
            reference = golden[key.replace("gfi_mo", "gfi").replace("_", ".")]
            assert value == pytest.approx(reference, abs=1e-6), key


class TestFixedPredictors:
    NAMES = ("x1", "x2", "x3", "x7", "x8")

    @pytest.mark.parametrize("case", ["ml", "mlr", "ml_x"])
    def test_agrees_with_lavaan(self, data: pd.DataFrame, case: str) -> None:
        golden = read("fixed_x")[case]
        values = data[list(self.NAMES)].to_numpy()
        if case != "ml_x":  # lavaan's missing="fiml" leaves out cases with incomplete x
            values = values[np.isfinite(values[:, 3:]).all(axis=1)]
        fitted = fit(FIXED, values, list(self.NAMES))
        assert fitted.n == golden["fit"]["ntotal"]
        np.testing.assert_allclose(fitted.alpha[0], golden["est"], atol=1e-4)
        np.testing.assert_allclose(fitted.se(case == "mlr"), golden["se"], atol=1e-5)
        assert fitted.statistic == pytest.approx(golden["fit"]["chisq"], abs=1e-5)
        if case == "mlr":
            factor = golden["fit"]["chisq.scaling.factor"]
            assert fitted.scaling == pytest.approx(factor, abs=1e-5)
        rmsea = robust_rmsea(fitted.robust_test(case == "mlr"), fitted.n)["rmsea_robust"]
        assert rmsea == pytest.approx(golden["fit"]["rmsea.robust"], abs=1e-5)


def _group(share: float, seed: int, complete: bool = False) -> GroupInformation:
    rng = np.random.default_rng(seed)
    spread = [rng.normal(size=(40, 7)) for _ in range(3)]
    w, lost, j = (x.T @ x / 40 for x in spread)
    incomplete = w + 0.5 * lost
    delta = np.random.default_rng(seed + 50).normal(size=(7, 3))
    return GroupInformation(share, incomplete if complete else w, incomplete, delta, j)


class TestCorrections:
    def test_nothing_missing_leaves_the_degrees_of_freedom(self) -> None:
        groups = [_group(0.4, 1, complete=True), _group(0.6, 2, complete=True)]
        assert normal_correction(groups) == pytest.approx(2 * 7 - 3)

    def test_they_agree_where_the_data_are_normal(self) -> None:
        groups = [_group(0.4, 1), _group(0.6, 2)]
        normal = [
            GroupInformation(g.share, g.complete, g.incomplete, g.jacobian, g.incomplete)
            for g in groups
        ]
        assert robust_correction(normal) == pytest.approx(normal_correction(groups))

    def test_robust_correction_is_the_trace_over_all_groups(self) -> None:
        groups = [_group(0.4, 1), _group(0.6, 2)]
        w_m, w_c, gamma = (np.zeros((14, 14)) for _ in range(3))
        for at, g in zip((slice(0, 7), slice(7, 14)), groups, strict=True):
            inverse = np.linalg.inv(g.incomplete)
            w_m[at, at], w_c[at, at] = g.share * g.incomplete, g.share * g.complete
            gamma[at, at] = inverse @ g.first_order @ inverse / g.share
        delta = np.concatenate([g.jacobian for g in groups])
        inverse = np.linalg.inv(w_m)
        u = w_m - w_m @ delta @ np.linalg.solve(delta.T @ w_m @ delta, delta.T @ w_m)
        expected = np.trace(u @ inverse @ w_c @ inverse @ u @ gamma)
        assert robust_correction(groups) == pytest.approx(expected)
        by_normal = np.trace(w_c @ inverse @ u @ inverse)
        assert normal_correction(groups) == pytest.approx(by_normal)

    def test_without_scores_there_is_no_robust_correction(self) -> None:
        g = _group(1.0, 1)
        bare = GroupInformation(g.share, g.complete, g.incomplete, g.jacobian)
        assert np.isfinite(normal_correction([bare]))
        with pytest.raises(ValueError, match="needs J"):
            robust_correction([bare])

    def test_without_degrees_of_freedom_nothing_is_defined(self) -> None:
        found = fiml_robust_test(0.0, 0, [_group(1.0, 1)], robust=False)
        assert isnan(found.scaling)


def test_complete_data_statistic_adds_groups() -> None:
    moments = Moments((np.eye(3) + 0.2)[None], np.zeros((1, 3)))
    other = Moments(np.eye(3)[None], np.full((1, 3), 0.1))
    one = complete_data_statistic([moments], [other], [100.0])
    two = complete_data_statistic([moments, moments], [other, other], [100.0, 50.0])
    assert two == pytest.approx(1.5 * one)
    # log|Σ| − log|S| + tr S − p + dᵀd with S = I + 0.2 and Σ = I
    assert one == pytest.approx(100.0 * (-np.log(1.6) + 0.6 + 0.03))


def test_scores_at_the_estimates_sum_to_zero(models: tuple[Fitted, Fitted]) -> None:
    fitted = models[0]
    implied = fitted.objective.implied(fitted.alpha)[0]
    scores = casewise_scores(fitted.patterns, implied.moments, implied.jacobian)
    slope = fitted.objective.blocks[0].chain.gradient(scores.mean(axis=1))
    np.testing.assert_allclose(slope, 0.0, atol=1e-7)
