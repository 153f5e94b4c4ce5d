"""From a solution to everything that is reported about it, still as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.optimise import Minimum, minimise
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import Implied
from loyaltysem.engine.restrictions import null_basis
from loyaltysem.estimation.model import BoundModel, bind_model
from loyaltysem.inference.defined import defined
from loyaltysem.inference.fit_measures import FitSummary, fit_measures
from loyaltysem.inference.information import information, restricted_vcov
from loyaltysem.inference.moment_residuals import (
    MomentPair,
    lisrel_gfi,
    residual_indices,
    reweighted_statistic,
)
from loyaltysem.inference.standardised import delta_method, standardised
from loyaltysem.inference.tests_of_fit import TestStatistic, normal_loglik
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.standardisation import standardisation_plan
from loyaltysem.model.structure import ModelStructure, compile_structure
from loyaltysem.moments.complete import SampleMoments


@dataclass(frozen=True, slots=True)
class Estimates:
    """Values with standard errors: `value`, `se` (n,), and their standardised companions."""

    value: Array
    se: Array
    std_lv: Array
    std_all: Array
    std_all_se: Array


@dataclass(frozen=True, slots=True)
class Inference:
    """What is known about a solution.

    Attributes
    ----------
    vcov : Array, shape (q, q)
        NaN where the information matrix is singular.
    rows : Estimates
        Of the t table rows.
    defined : Estimates
        Of the defined parameters.
    implied : tuple of Implied
        One a group, batch axis of one.
    measures : mapping
        Fit indices.
    se_ok : bool
        Whether the information matrix could be inverted.
    """

    vcov: Array
    rows: Estimates
    defined: Estimates
    implied: tuple[Implied, ...]
    measures: Mapping[str, float]
    se_ok: bool


def infer(model: BoundModel, solution: Minimum) -> Inference:
    """Compute standard errors, standardised values, defined parameters and fit indices."""
    alpha, objective = solution.alpha, model.objective
    observed = model.plan.information == "observed"
    info = information(objective, alpha, model.sample.weight, observed)
    vcov, ok = restricted_vcov(info, null_basis(model.restrictions.active(alpha), info.shape[-1]))
    rows, defined_rows = _estimates(model, alpha, vcov)
    return Inference(
        vcov=vcov[0],
        rows=rows,
        defined=defined_rows,
        implied=objective.implied(alpha),
        measures=fit_measures(_fit_summary(model, solution)),
        se_ok=bool(ok[0]),
    )


def _estimates(model: BoundModel, alpha: Array, vcov: Array) -> tuple[Estimates, Estimates]:
    table, structure, objective = model.table, model.structure, model.objective
    labels = table.label_rows()
    theta = objective.theta(alpha)
    plain = theta, objective.map.derivative()[None]
    lv = standardised(objective, alpha, standardisation_plan(table, structure, latent_only=True))
    std = standardised(objective, alpha, standardisation_plan(table, structure, latent_only=False))
    computed = [defined(table.defined, labels, *pair) for pair in (plain, lv, std)]

    def estimates(parts: Sequence[tuple[Array, Array]]) -> Estimates:
        (value, jacobian), (lv_value, _), (std_value, std_jacobian) = parts
        return Estimates(
            value[0],
            delta_method(jacobian, vcov)[0],
            lv_value[0],
            std_value[0],
            delta_method(std_jacobian, vcov)[0],
        )

    return estimates([plain, lv, std]), estimates(computed)


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Return the independence model: variances, means and the covariances of x only."""
    x = set(table.roles.exogenous_observed)
    given = {
        (r.group, r.op, r.lhs, r.rhs): r
        for r in table.rows
        if r.lhs in x and (r.op == "~1" or (r.op == "~~" and r.rhs in x))
    }
    rows: list[Parameter] = []
    for group in range(1, table.n_groups + 1):
        rows += [r for key, r in given.items() if key[0] == group]
        for name in (n for n in table.observed if n not in x):
            rows.append(Parameter(name, "~~", name, group))
            if table.defaults.meanstructure:
                rows.append(Parameter(name, "~1", "", group))
    roles = replace(table.roles, latent=())
    free = [replace(r, label="", value=float("nan")) if r.free else r for r in rows]
    return ParameterTable(tuple(free), (), (), roles, table.n_groups, table.defaults)


def _baseline_test(model: BoundModel) -> TestStatistic:
    table = baseline_table(model.table)
    baseline = bind_model(model.plan, table, compile_structure(table), model.sample)
    start = _sample_start(table, model.sample)
    solution = minimise(baseline.objective, baseline.objective.map.alpha(start))
    return _test(baseline, solution)


def _sample_start(table: ParameterTable, sample: SampleMoments) -> Array:
    """Start every row of an independence model at its sample moment."""
    place = {n: i for i, n in enumerate(table.observed)}
    start = np.zeros((len(sample.cov[0]), len(table.rows)))
    for i, row in enumerate(table.rows):
        cov, mean = sample.cov[row.group - 1], sample.mean[row.group - 1]
        at = place[row.lhs]
        start[:, i] = mean[:, at] if row.op == "~1" else cov[:, at, place[row.rhs]]
    return start


def _test(model: BoundModel, solution: Minimum) -> TestStatistic:
    statistic = max(float(model.sample.weight * solution.value[0]), 0.0)
    n_free = model.structure.n_free - model.n_equalities(solution.alpha)
    return TestStatistic(statistic, model.structure.n_moments - n_free)


def _fit_summary(model: BoundModel, solution: Minimum) -> FitSummary:
    sample, structure, objective = model.sample, model.structure, model.objective
    pairs = _moment_pairs(structure, sample, objective.implied(solution.alpha))
    user = _test(model, solution)
    basis = null_basis(model.restrictions.active(solution.alpha), structure.n_free)
    unrestricted = _unrestricted_loglik(sample, _fixed_x(model.table))
    discrepancies = [float(x.value[0]) for x in objective.local(solution.alpha)]
    loglik = unrestricted - 0.5 * sum(
        n * f for n, f in zip(sample.n_obs, discrepancies, strict=True)
    )
    return FitSummary(
        user=user,
        baseline=_baseline_test(model),
        rls=reweighted_statistic(objective, solution.alpha, basis, pairs, sample.weight),
        weight=sample.weight,
        n_total=sample.n_total,
        n_groups=len(sample.n_obs),
        n_free=structure.n_moments - user.df,
        p=len(model.table.observed),
        n_moments=sum(b.p * (b.p + 1) // 2 for b in structure.blocks),
        loglik=loglik,
        loglik_unrestricted=unrestricted,
        residual_indices=residual_indices(pairs),
        lisrel_gfi=lisrel_gfi(pairs),
    )


def _fixed_x(table: ParameterTable) -> Indices:
    """Return the positions of fixed x among the observed variables."""
    names = table.roles.exogenous_observed if table.defaults.fixed_x else ()
    return np.array([table.observed.index(n) for n in names], dtype=np.intp)


def _unrestricted_loglik(sample: SampleMoments, x: Indices) -> float:
    """Log-likelihood of the saturated model, given x where x is fixed."""
    total = 0.0
    for cov, n in zip(sample.cov, sample.n_obs, strict=True):
        total += normal_loglik(0.0, float(inverse_and_logdet(cov)[1][0]), cov.shape[-1], n)
        if len(x):
            part = cov[:, x[:, None], x]
            total -= normal_loglik(0.0, float(inverse_and_logdet(part)[1][0]), len(x), n)
    return total


def _moment_pairs(
    structure: ModelStructure, sample: SampleMoments, implied: Sequence[Implied]
) -> list[MomentPair]:
    pairs = []
    for i, block in enumerate(structure.blocks):
        moments, means = implied[i].moments, block.meanstructure
        pairs.append(
            MomentPair(
                s=sample.cov[i][0],
                sigma=moments.sigma[0],
                m=sample.mean[i][0] if means else None,
                mu=moments.mu[0] if means else None,
                share=sample.shares[i],
            )
        )
    return pairs
