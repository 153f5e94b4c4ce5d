"""Model texts with something left out or added, edited by statement and never by search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.model.expression import names_in
from loyaltysem.model.syntax import Definition, Relation, Term, Variable, parse
from loyaltysem.model.variables import Roles, roles, unique


def without_items(model: str, items: Sequence[str]) -> str:
    r"""Leave observed variables out of a model, wherever it speaks of them.

    Parameters
    ----------
    model : str
        Model text.
    items : sequence of str

    Raises
    ------
    IncompatibleRequestError
        When the model does not speak of one of them as an observed variable.

    Examples
    --------
    >>> print(without_items("f =~ x1 + a*x2 + x3 + x4\nx2 ~~ x3\ny ~ f", ["x2"]))
    f =~ x1 + x3 + x4
    <BLANKLINE>
    y ~ f
    """
    statements = parse(model)
    observed = roles(statements).observed
    for name in items:
        if name not in observed:
            raise IncompatibleRequestError(
                f"The model has no observed variable '{name}' to leave out.",
                code="request.omit",
                hint=did_you_mean(name, observed) or f"It has: {', '.join(observed)}.",
            )
    edited, end = [], 0
    for statement in statements:
        if isinstance(statement, Relation) and (new := _without(statement, items)) is not None:
            edited += [model[end : statement.span.start], new]
            end = statement.span.end
    return "".join([*edited, model[end:]])


def _without(relation: Relation, items: Sequence[str]) -> str | None:
    """Return the statement without `items`, empty where nothing is left; None if unaffected."""
    about_thresholds = relation.operator in ("|", "~*~")
    lhs = [v for v in relation.lhs if v.name not in items]
    terms = [t for t in relation.terms if about_thresholds or t.variable.name not in items]
    if len(lhs) == len(relation.lhs) and len(terms) == len(relation.terms):
        return None
    if not lhs or not terms:
        return ""
    return f"{_joined(lhs)} {relation.operator} {_joined(terms)}"


def _joined(parts: Sequence[Variable] | Sequence[Term]) -> str:
    return " + ".join(_written(part) for part in parts)


def _written(part: Variable | Term) -> str:
    """Return a variable, or a term with its modifiers, as it was written."""
    if isinstance(part, Variable):
        return part.span.source[part.span.start : part.span.end]
    spans = [*(m.span for m in part.modifiers), part.variable.span]
    return spans[0].source[min(s.start for s in spans) : part.variable.span.end]


def outcomes_of(model: str, effect: str) -> tuple[str, ...]:
    r"""Return the variables an effect is an effect on, empty where it is no effect on any.

    Parameters
    ----------
    model : str
        Model text.
    effect : str
        A path such as ``"y~x"``, the label of one, or a parameter defined from labels.

    Examples
    --------
    >>> text = "m ~ a*x\ny ~ b*m + x\nindirect := a*b"
    >>> outcomes_of(text, "y~x"), outcomes_of(text, "a"), outcomes_of(text, "indirect")
    (('y',), ('m',), ('m', 'y'))
    """
    lhs, path, _ = effect.partition("~")
    if path:
        return (lhs.strip(),)
    statements = parse(model)
    formulas = {s.name: s.expression for s in statements if isinstance(s, Definition)}
    paths = [s for s in statements if isinstance(s, Relation) and s.operator == "~"]
    waiting, found, read = [effect.strip()], [], set()
    while waiting:
        name = waiting.pop(0)
        if name in read:
            continue
        read.add(name)
        waiting += [n.text for n in names_in(formulas[name])] if name in formulas else []
        found += [v.name for p in paths if name in _labels(p) for v in p.lhs]
    return unique(found)


def _labels(relation: Relation) -> set[str]:
    values = (v for t in relation.terms for m in t.modifiers for v in m.values)
    return {v for v in values if isinstance(v, str)}


def with_covariates(model: str, outcomes: Sequence[str], covariates: Sequence[str]) -> str:
    r"""Let covariates predict outcomes and covary with whatever is not explained.

    Parameters
    ----------
    model : str
        Model text.
    outcomes : sequence of str
        Variables of the model.
    covariates : sequence of str
        Columns of the data.

    Raises
    ------
    IncompatibleRequestError
        When there is no outcome, or one is no variable of the model.

    Notes
    -----
    An exogenous latent variable would otherwise be unrelated to the covariates, as in lavaan, so
    that they could not take over anything from it.

    Examples
    --------
    >>> print(with_covariates("f =~ x1 + x2 + x3\ny ~ f", ["y"], ["age", "sex"]))
    y ~ age + sex
    f ~~ age
    f ~~ sex
    age ~~ sex
    f =~ x1 + x2 + x3
    y ~ f
    """
    role = roles(parse(model))
    known = {*role.latent, *role.observed}
    absent = [n for n in outcomes if n not in known]
    if absent or not outcomes:
        raise IncompatibleRequestError(
            f"The model has no variable '{absent[0]}' for covariates to predict."
            if absent
            else "The effect is on no variable that covariates could predict.",
            code="request.covariates",
            hint=(did_you_mean(absent[0], known) if absent else "")
            or "Write the covariates in the syntax of the model, such as  loyalty ~ age.",
        )
    new = [c for c in covariates if c not in known]
    # in front: after a 'group:' line they would hold in that group only
    paths = f"{' + '.join(outcomes)} ~ {' + '.join(covariates)}"
    return "\n".join([paths, *_related(role, new), model])


def _related(role: Roles, covariates: Sequence[str]) -> Iterator[str]:
    """Write the covariances of covariates that fixed x does not bring along."""
    if not role.exogenous_latent:
        return
    others = (*role.exogenous_latent, *role.exogenous_observed, *role.randomised)
    yield from (f"{a} ~~ {c}" for a, c in product(others, covariates))
    yield from (f"{a} ~~ {b}" for a, b in combinations(covariates, 2))
