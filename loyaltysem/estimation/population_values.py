"""The values of a population's parameters, read off a model text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import model_matrices, total_effects
from loyaltysem.inference.defined import defined
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.parameters import Defaults, DefinedParameter, Parameter
from loyaltysem.model.structure import BlockStructure, ModelStructure, compile_structure
from loyaltysem.model.syntax import Relation, Statement

#: How far a residual variance may fall below zero, or a formula miss its constraint, by rounding.
ROUNDING = 1e-8


@dataclass(frozen=True, slots=True)
class Values:
    """A parameter table with a number for every row.

    Attributes
    ----------
    table : ParameterTable
    structure : ModelStructure
    theta : Array, shape (t,)
        NaN only for thresholds that `categories` will give.
    """

    table: ParameterTable
    structure: ModelStructure
    theta: Array


def group_labels(statements: Sequence[Statement]) -> tuple[str, ...]:
    """Return the groups a text speaks of: its blocks, or as many as ``c()`` has values."""
    relations = [s for s in statements if isinstance(s, Relation)]
    blocks = dict.fromkeys(r.group for r in relations if r.group is not None)
    if blocks:
        return tuple(blocks)
    count = max((len(m.values) for r in relations for t in r.terms for m in t.modifiers), default=1)
    return tuple(str(g + 1) for g in range(count)) if count > 1 else ("",)


def threshold_names(statements: Sequence[Statement]) -> dict[str, int]:
    """Return how many thresholds the text writes for each variable."""
    written: dict[str, set[str]] = {}
    for s in statements:
        if isinstance(s, Relation) and s.operator == "|":
            for variable in s.lhs:
                written.setdefault(variable.name, set()).update(t.variable.name for t in s.terms)
    return {name: len(found) for name, found in written.items()}


def population_values(
    statements: Sequence[Statement],
    labels: Sequence[str],
    categories: Mapping[str, int],
    standardized: bool,
) -> Values:
    """Give every parameter its value.

    Parameters
    ----------
    statements : sequence of Statement
    labels : sequence of str
        Groups.
    categories : mapping of str to int
        Thresholds of the variables that get them from probabilities.
    standardized : bool
        Compute the residual variances at which every variable has variance 1.

    Raises
    ------
    ModelSpecificationError
        Naming what has no value, what is explained by more than its variance, which variable
        has another variance than 1, or which constraint does not hold.
    """
    counts = threshold_names(statements)
    both = [n for n in categories if n in counts]
    if both:
        raise IncompatibleRequestError(
            f"'{both[0]}' has thresholds in the model text and probabilities in categories=.",
            code="request.categories",
            hint="Keep one of the two.",
        )
    defaults = Defaults(
        fix_marker=not standardized,
        free_observed_intercepts=False,
        meanstructure=True,
        fixed_x=False,
        thresholds=tuple({**counts, **categories}.items()),
    )
    table = parameter_table(statements, defaults, labels)
    _check_scales(table, standardized)
    values = [_value(row) for row in _with_label_values(table)]
    _check_given(table, values)
    theta = np.array([_or_default(r, v) for r, v in zip(table.rows, values, strict=True)])
    structure = compile_structure(table)
    for g, block in enumerate(structure.blocks, start=1):
        _complete_variances(table, block, theta, g, standardized)
    _check_constraints(table, theta)
    return Values(table, structure, theta)


def _with_label_values(table: ParameterTable) -> Iterator[tuple[Parameter, float]]:
    """Yield each row with the value of the first row that shares its label and has one."""
    known: dict[str, float] = {}
    for row in table.rows:
        own = _own_value(row)
        if row.label and own == own:
            known.setdefault(row.label, own)
    for row in table.rows:
        yield row, known.get(row.label, float("nan"))


def _own_value(row: Parameter) -> float:
    """Return the number written before a row (fixed or as a start), NaN without."""
    return row.start if row.free else row.value


def _value(pair: tuple[Parameter, float]) -> float:
    row, of_label = pair
    own = _own_value(row)
    return own if own == own else of_label


def _or_default(row: Parameter, value: float) -> float:
    """Fill in what is not written: variances of 1, no covariances, no means."""
    if value == value or row.op == "|":
        return value
    return 1.0 if row.is_variance else 0.0


def _check_given(table: ParameterTable, values: Sequence[float]) -> None:
    """Refuse what is written without a number."""
    absent = [r for r, v in zip(table.rows, values, strict=True) if r.user and v != v]
    if not absent:
        return
    names = dict.fromkeys(r.name for r in absent)
    raise ModelSpecificationError(
        f"These parameters of the population have no value: {', '.join(names)}.",
        code="population.no_value",
        hint="Write a number before each:  trust =~ 0.8*t1 + 0.7*t2. Only the first loading of a "
        "latent variable may be left out (it is 1), and not with standardized=True.",
        span=absent[0].span,
    )


def _check_scales(table: ParameterTable, standardized: bool) -> None:
    """Refuse a scale ``~*~`` beside another statement about the same variance."""
    written = {(r.lhs, r.group) for r in table.rows if r.user and r.is_variance and r.op == "~~"}
    for row in table.rows:
        if row.op == "~*~" and row.user and (standardized or (row.lhs, row.group) in written):
            raise ModelSpecificationError(
                f"The variance of '{row.lhs}' is set twice: by its scale and "
                + ("by standardized=True." if standardized else "by its residual variance."),
                code="population.scale",
                hint="Keep one of the two; a scale d stands for a variance of 1/d².",
                span=row.span,
            )


# --------------------------------------------------------------------- residual variances


def _complete_variances(
    table: ParameterTable, block: BlockStructure, theta: Array, group: int, standardized: bool
) -> None:
    """Compute the residual variances that follow from total ones, in place in θ.

    Under `standardized` they make every variance 1. Otherwise they make the variance of the
    latent response of each ordered variable 1/δ², given the covariates.

    Notes
    -----
    The variances of the structural variables are linear in their residual variances:
    ``diag(AΨAᵀ) = (A∘A)ψ + rest``. One system gives all that are wanted, in models with loops too.
    Pure indicators follow: θ_ii = target − (ΛCΛᵀ)_ii.
    """
    wanted = {
        r.lhs: i
        for i, r in enumerate(table.rows)
        if r.group == group and r.is_variance and r.op == "~~" and not r.user
        and (standardized or r.lhs in table.defaults.ordered)
    }  # fmt: skip
    if not wanted and not standardized:
        return
    if wanted:
        target = _scale_targets(table, theta, group) | (
            dict.fromkeys(wanted, 1.0) if standardized else {}
        )
        given = () if standardized else _covariates(table)
        theta[list(wanted.values())] = 0.0
        inside = [n for n in wanted if n in block.structural]
        outside = [n for n in wanted if n not in block.structural]
        for names, residuals in ((inside, _structural), (outside, _measured)):
            totals = np.array([target[n] for n in names])
            found = residuals(block, _Parts.at(block, theta, given), names, totals)
            _check_residuals(table, names, found)
            theta[[wanted[n] for n in names]] = np.maximum(found, 0.0)
    if standardized:
        _check_unit(table, block, theta)


def _scale_targets(table: ParameterTable, theta: Array, group: int) -> dict[str, float]:
    """Return 1/δ² of each ordered variable."""
    return {
        r.lhs: float(value) ** -2
        for r, value in zip(table.rows, theta, strict=True)
        if r.op == "~*~" and r.group == group
    }


def _covariates(table: ParameterTable) -> tuple[str, ...]:
    """Return the observed predictors that nothing explains and that are not ordered."""
    predictors = (*table.roles.exogenous_observed, *table.roles.randomised)
    return tuple(n for n in predictors if n not in table.defaults.ordered)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Λ (p, k), A (k, k), Ψ (k, k) given the covariates, and Θ (p, p)."""

    loadings: Array
    effects: Array
    psi: Array
    theta: Array

    @classmethod
    def at(cls, block: BlockStructure, theta: Array, given: Sequence[str]) -> _Parts:
        m = model_matrices(block, theta[None])
        psi = m["Psi"][0].copy()
        x = np.array([block.structural.index(n) for n in given], dtype=np.intp)
        if len(x):
            psi -= psi[:, x] @ np.linalg.pinv(psi[np.ix_(x, x)], hermitian=True) @ psi[x]
        return cls(m["Lambda"][0], total_effects(m["Beta"])[0], psi, m["Theta"][0])

    @property
    def latent_cov(self) -> Array:
        """C = AΨAᵀ."""
        return self.effects @ self.psi @ self.effects.T

    @property
    def sigma(self) -> Array:
        """Σ = ΛCΛᵀ + Θ."""
        return self.loadings @ self.latent_cov @ self.loadings.T + self.theta


def _structural(block: BlockStructure, parts: _Parts, names: Sequence[str], totals: Array) -> Array:
    """Solve for the residual variances of structural variables; they are 0 in `parts`."""
    seats = _places(block.structural, names)
    weight = parts.effects[np.ix_(seats, seats)] ** 2
    explained = np.diagonal(parts.latent_cov)[seats]
    return np.asarray(np.linalg.solve(weight, totals - explained))


def _measured(block: BlockStructure, parts: _Parts, names: Sequence[str], totals: Array) -> Array:
    """Return the residual variances of pure indicators; they are 0 in `parts`."""
    return np.asarray(totals - np.diagonal(parts.sigma)[_places(block.observed, names)])


def _places(among: Sequence[str], names: Sequence[str]) -> Indices:
    return np.array([among.index(n) for n in names], dtype=np.intp)


def _check_residuals(table: ParameterTable, names: Sequence[str], found: Array) -> None:
    wrong = [(n, x) for n, x in zip(names, found.tolist(), strict=True) if not x > -ROUNDING]
    if wrong:
        listed = ", ".join(f"'{n}' ({x:.3g})" for n, x in wrong)
        raise ModelSpecificationError(
            f"The values explain more than the whole variance of a variable, so its residual "
            f"variance would be negative: {listed}.",
            code="population.negative_residual",
            hint="Lower the loadings or coefficients that lead to it, or the correlations among "
            "its predictors.",
            span=table.roles.places.get(wrong[0][0]),
        )


def _check_unit(table: ParameterTable, block: BlockStructure, theta: Array) -> None:
    """Refuse written variances under which a standardised population would not be one."""
    parts = _Parts.at(block, theta, ())
    totals = dict(zip(block.structural, np.diagonal(parts.latent_cov).tolist(), strict=True))
    totals |= dict(zip(block.observed, np.diagonal(parts.sigma).tolist(), strict=True))
    wrong = [(n, x) for n, x in totals.items() if not abs(x - 1) < ROUNDING]
    if wrong:
        listed = ", ".join(f"'{n}' ({x:.3g})" for n, x in wrong)
        raise ModelSpecificationError(
            f"With standardized=True every variable has variance 1, but these would not: {listed}.",
            code="population.not_standardized",
            hint="Take written variances out of the model text: they are computed.",
            span=table.roles.places.get(wrong[0][0]),
        )


# ---------------------------------------------------------------------------- constraints


def defined_values(table: ParameterTable, theta: Array) -> Array:
    """Return the values of the ``:=`` parameters, shape (d,)."""
    return _formulas(table, theta, table.defined)


def _formulas(table: ParameterTable, theta: Array, formulas: Sequence[DefinedParameter]) -> Array:
    nothing = np.zeros((1, len(theta), 0))
    return np.asarray(defined(formulas, table.label_rows(), theta[None], nothing)[0][0])


def _check_constraints(table: ParameterTable, theta: Array) -> None:
    """Refuse values that break the constraints written beside them."""
    both = [
        *table.defined,
        *(
            DefinedParameter(f"\0{r.text}", r.expression, r.text, r.span)
            for r in table.restrictions
        ),
    ]
    found = _formulas(table, theta, both)[len(table.defined) :]
    for restriction, value in zip(table.restrictions, found.tolist(), strict=True):
        holds = abs(value) < ROUNDING if restriction.operator == "==" else value > -ROUNDING
        if not holds:
            raise ModelSpecificationError(
                f"The values of the population break the constraint  {restriction.text}.",
                code="population.constraint",
                hint="Change the values or take the constraint out.",
                span=restriction.span,
            )
