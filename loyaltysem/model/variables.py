"""Sort the variables of a model by the role its statements give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loyaltysem.core.errors import Span
from loyaltysem.model.syntax import Relation, Statement


@dataclass(frozen=True, slots=True)
class Roles:
    """The variables of a model, each list in order of first appearance.

    Attributes
    ----------
    latent
        Left of ``=~``.
    observed
        Everything else that is named.
    exogenous_observed
        Observed predictors that nothing in the model explains: the x of fixed x.
    exogenous_latent
        Latent variables that are neither regressed on anything nor indicators of another.
    outcomes
        Variables that are regressed on something and explain nothing: their residuals covary.
    randomised
        Observed predictors whose (co)variance or mean the user wrote: no longer fixed.
    places
        For each name, the place where it was first written.
    auxiliary
        Observed variables the model does not speak of, which only help with missing values.
    """

    latent: tuple[str, ...]
    observed: tuple[str, ...]
    exogenous_observed: tuple[str, ...]
    exogenous_latent: tuple[str, ...]
    outcomes: tuple[str, ...]
    randomised: tuple[str, ...]
    places: dict[str, Span]
    auxiliary: tuple[str, ...] = ()


def roles(statements: Sequence[Statement]) -> Roles:
    """Read the role of every variable off the statements, as lavaan does."""
    relations = [s for s in statements if isinstance(s, Relation)]
    measured = [r for r in relations if r.operator == "=~"]
    structural = [r for r in relations if r.operator == "~"]
    latent = unique(v.name for r in measured for v in r.lhs)
    indicators = unique(name for r in measured for name in _predictors(r))
    explained = unique(v.name for r in structural for v in r.lhs if _predictors(r))
    predictors = unique(name for r in structural for name in _predictors(r))
    places = _places(relations)
    observed = _observed_order(places, set(latent), indicators, explained)
    written = {
        name
        for r in relations
        if r.operator in ("~~", "~*~", "|") or (r.operator == "~" and not _predictors(r))
        for name in (*(v.name for v in r.lhs), *_predictors(r))
    }
    untouched = [
        n for n in predictors if n not in latent and n not in indicators and n not in explained
    ]
    return Roles(
        latent=latent,
        observed=observed,
        exogenous_observed=tuple(n for n in untouched if n not in written),
        exogenous_latent=tuple(n for n in latent if n not in explained and n not in indicators),
        outcomes=_outcomes(observed, latent, explained, predictors, indicators),
        randomised=tuple(n for n in untouched if n in written),
        places=places,
    )


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Drop repetitions, keeping the order of first appearance."""
    return tuple(dict.fromkeys(names))


def _predictors(relation: Relation) -> tuple[str, ...]:
    return tuple(t.variable.name for t in relation.terms if t.variable.name != "1")


def _places(relations: Iterable[Relation]) -> dict[str, Span]:
    places: dict[str, Span] = {}
    for relation in relations:
        named = list(relation.lhs)
        if relation.operator not in ("|", "~*~"):  # there the right side names thresholds
            named += [t.variable for t in relation.terms if t.variable.name != "1"]
        for variable in named:
            places.setdefault(variable.name, variable.span)
    return places


def _observed_order(
    places: Iterable[str], latent: set[str], indicators: Sequence[str], explained: Sequence[str]
) -> tuple[str, ...]:
    """Order as lavaan does: indicators, then outcomes, then what is left."""
    rest = [n for n in places if n not in indicators and n not in explained]
    return tuple(n for n in unique([*indicators, *explained, *rest]) if n not in latent)


def _outcomes(
    observed: Sequence[str],
    latent: Sequence[str],
    explained: Sequence[str],
    predictors: Sequence[str],
    indicators: Sequence[str],
) -> tuple[str, ...]:
    free = {n for n in explained if n not in predictors}
    measured = set(indicators)
    return tuple(n for n in latent if n in free and n not in measured) + tuple(
        n for n in observed if n in free and n not in measured
    )
