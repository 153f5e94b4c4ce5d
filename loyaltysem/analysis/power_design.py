"""What a power analysis studies: a population, the model fitted to it, and the truth in between."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.errors import EstimationError, IncompatibleRequestError
from loyaltysem.core.types import Array
from loyaltysem.estimation.fit import fit, sem
from loyaltysem.estimation.model import bind_model
from loyaltysem.estimation.plan import Plan, make_plan
from loyaltysem.estimation.population import Population
from loyaltysem.estimation.replication.quantities import (
    Layout,
    Quantity,
    all_quantities,
    find_quantities,
)
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.search import search
from loyaltysem.model.structure import compile_structure
from loyaltysem.moments.data import GroupedMoments

#: Cases of the sample that stands for the population: its moments are exact, whatever their number.
EXACT_N = 1000
#: From a divisor of N to the divisor of N − 1 that printed covariances have.
_AS_PRINTED = EXACT_N / (EXACT_N - 1)


@dataclass(frozen=True, slots=True, eq=False)
class PowerDesign:
    """A population and the model fitted to samples from it.

    Attributes
    ----------
    population : Population
    plan : Plan
        Of the fits.
    truth : SEMResult
        The model fitted by ML to the population's own moments: its estimates are what the
        parameters are in the model's metric.
    """

    population: Population
    plan: Plan
    truth: SEMResult

    @property
    def layout(self) -> Layout:
        """Names and places of the parameters."""
        return Layout(self.truth.model, self.df, 0)

    @property
    def df(self) -> int:
        """Degrees of freedom of the model."""
        return self.truth.inference.fitted.test.df

    @property
    def misfit(self) -> float:
        """F₀ of the model; 0 where it holds in the population."""
        return max(float(self.truth.solution.value[0]), 0.0)

    @property
    def values(self) -> Array:
        """True table rows, then defined parameters, shape (t + d,)."""
        inference = self.truth.inference
        return np.concatenate([inference.rows.value, inference.defined.value])

    @property
    def complete_normal(self) -> bool:
        """Whether answers are normal, none in categories and none missing."""
        population = self.population
        return (
            all(d.is_normal for d in population.distribution)
            and not any(population.missing)
            and not population.ordered
        )

    @property
    def fast(self) -> bool:
        """Whether moments of the samples are all that the fits need."""
        plan, model = self.plan, self.truth.model
        return (
            plan.row.maximum_likelihood
            and (plan.se, plan.test, plan.missing) == ("standard", "standard", "listwise")
            and plan.information != "first.order"
            and plan.likelihood == "normal"
            and self.complete_normal
            and not (model.restrictions and model.reduction is None)
        )


def make_design(population: Population, text: str, options: Mapping[str, object]) -> PowerDesign:
    """Put a population and the request for its analysis together.

    Raises
    ------
    IncompatibleRequestError
        When an option is not one of `loyaltysem.sem`, or the parts do not go together.
    EstimationError
        When the model cannot be fitted to the population itself.
    """
    known = inspect.signature(sem).parameters
    mine = {"model", "data", "sample_cov", "sample_mean", "sample_nobs", "group", "ordered"}
    unknown = [name for name in options if name not in known or name in mine]
    if unknown:
        raise IncompatibleRequestError(
            f"power() has no option {unknown[0]!r}.",
            code="request.option",
            hint="Beside its own, it takes the options of ls.sem() that say how to fit.",
        )
    defaults = {n: p.default for n, p in known.items() if n not in ("model", "data")}
    grouped = population.group if len(population.labels) > 1 else None
    request = {**defaults, **options, "group": grouped, "ordered": population.ordered}
    return from_plan(population, make_plan("sem", text, request))


def from_plan(population: Population, plan: Plan) -> PowerDesign:
    """Fit a plan to the population itself."""
    exact = replace(
        plan, estimator="ML", se="standard", test="standard", information="expected",
        missing="listwise", likelihood="normal", ordered=(), auxiliary=(), group=None,
    )  # fmt: skip
    moments = GroupedMoments(
        names=population.names,
        cov=tuple(_response_scale(population, s) * _AS_PRINTED for s in population.sigma),
        mean=population.mu,
        n_obs=(EXACT_N,) * len(population.labels),
        labels=population.labels,
        n_total=EXACT_N * len(population.labels),
    )
    truth = fit(exact, moments)
    if not truth.converged:
        raise EstimationError(
            "The model cannot be fitted to the population itself.",
            code="power.no_truth",
            hint="Is it identified? Look at ls.sem() with the population's covariances.",
        )
    return PowerDesign(population, plan, truth)


def _response_scale(population: Population, sigma: Array) -> Array:
    """Bring latent responses to variance 1, the scale on which categories are analysed."""
    ordered = np.isin(population.names, population.ordered)
    sd = np.where(ordered, np.sqrt(np.diagonal(sigma)), 1.0)
    return np.asarray(sigma / np.outer(sd, sd))


def chosen(design: PowerDesign, effect: tuple[str, ...]) -> list[Quantity]:
    """Look effects up: labels, ``"y~x"``, or defined parameters; each by its own name."""
    if not effect:
        return []
    by_place = {q.place: q for q in parameters_of(design)}
    _check_free(design, effect)
    found = find_quantities(design.layout, effect, "est")
    absent = [asked for asked, q in zip(effect, found, strict=True) if q.place not in by_place]
    if absent:
        raise IncompatibleRequestError(
            f"{absent[0]!r} is no parameter that is tested against 0.",
            code="power.effect",
            hint="Name a path, a label, a covariance or a defined parameter.",
        )
    return list({q.place: by_place[q.place] for q in found}.values())


def _check_free(design: PowerDesign, effect: tuple[str, ...]) -> None:
    """Refuse what the fitted model holds fixed, 0 and 1 among the values of the text."""
    asked = {str(name).replace(" ", "") for name in effect}
    fixed = [r for r in design.truth.table.rows if r.name in asked and not r.free and not r.label]
    if fixed and fixed[0].name not in {q.name for q in parameters_of(design)}:
        row = fixed[0]
        raise IncompatibleRequestError(
            f"'{row.name}' is fixed at {row.value:g} in the model that is fitted, so it is not "
            "tested.",
            code="power.effect",
            hint=f"A value of exactly 0 or 1 in the text stays fixed; write  start({row.value:g})*"
            f"{row.rhs}  to have it estimated.",
        )


def parameters_of(design: PowerDesign) -> list[Quantity]:
    """Return every free parameter and the defined ones.

    Residual variances of ordered variables follow from the rest and are left out.
    """
    rows, ordered = design.truth.table.rows, design.population.ordered
    return [
        q
        for q in all_quantities(design.layout, "est")
        if q.place >= len(rows) or not (rows[q.place].is_variance and rows[q.place].lhs in ordered)
    ]


def restricted_discrepancy(design: PowerDesign, quantity: Quantity) -> float:
    """Return F₀ of the model with one parameter set to 0, less that of the model itself.

    NaN for variances, for formulas (which have no one restriction: a·b is 0 where a is or b is),
    and where the rest is not identified without the parameter.
    """
    model = design.truth.model
    rows = model.table.rows
    if quantity.place >= len(rows) or rows[quantity.place].is_variance:
        return float("nan")
    number = model.structure.free[quantity.place]  # all rows that share a label are set to 0
    fixed = tuple(
        replace(r, free=False, value=0.0) if k == number else r
        for r, k in zip(rows, model.structure.free, strict=True)
    )
    table = replace(model.table, rows=fixed)
    found = search(bind_model(model.plan, table, compile_structure(table), model.sample))
    if not found.converged[0]:
        return float("nan")
    return max(float(found.value[0]) - design.misfit, 0.0)
