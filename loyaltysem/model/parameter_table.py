"""Expand statements into the parameter table: every parameter of the model, written or implied.

The table is what the model *is*: one row a parameter, with its place in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from loyaltysem.core.errors import ModelSpecificationError, did_you_mean
from loyaltysem.model.expression import Expression, Name, Number, Operation, names_in
from loyaltysem.model.factor_blocks import FactorBlock, factor_blocks, with_blocks
from loyaltysem.model.group_equality import equate_groups
from loyaltysem.model.implied_rows import complete
from loyaltysem.model.parameters import (
    Defaults,
    DefinedParameter,
    Parameter,
    Restriction,
    number_free,
)
from loyaltysem.model.syntax import Constraint, Definition, Relation, Statement
from loyaltysem.model.variables import Roles, roles
from loyaltysem.model.written_rows import resolve_equal, written_rows


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """All parameters, the roles of the variables, and what is defined from them.

    `groups` are the labels, in the order of the data; ``("",)`` without groups. `blocks` are those
    of ``efa()``; their rows are not identified without the conditions of a rotation.
    """

    rows: tuple[Parameter, ...]
    defined: tuple[DefinedParameter, ...]
    restrictions: tuple[Restriction, ...]
    roles: Roles
    groups: tuple[str, ...]
    defaults: Defaults
    blocks: tuple[FactorBlock, ...] = ()

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    @property
    def latent(self) -> tuple[str, ...]:
        """Latent variables, in order of appearance."""
        return self.roles.latent

    @property
    def observed(self) -> tuple[str, ...]:
        """Observed variables: indicators, then outcomes, then covariates."""
        return self.roles.observed

    def free_index(self) -> list[int]:
        """Return the number of the free parameter behind each row, from 0; -1 where fixed."""
        return number_free(self.rows)

    def label_rows(self) -> dict[str, int]:
        """Return the first row that carries each label."""
        labels: dict[str, int] = {}
        for i, row in enumerate(self.rows):
            if row.label:
                labels.setdefault(row.label, i)
        return labels


def parameter_table(
    statements: Sequence[Statement], defaults: Defaults, groups: Sequence[str] = ("",)
) -> ParameterTable:
    """Expand parsed statements into the parameter table.

    Parameters
    ----------
    statements : sequence of Statement
        From `loyaltysem.model.syntax.parse`.
    defaults : Defaults
        What to add.
    groups : sequence of str
        Group labels, in the order of the data.

    Returns
    -------
    ParameterTable
        Written rows first, in the order of the text, then variances, covariances, moments of
        x and intercepts, group by group.

    Raises
    ------
    ModelSpecificationError
        When the statements contradict themselves or need what is not there.

    Examples
    --------
    >>> from loyaltysem.model.syntax import parse
    >>> table = parameter_table(parse("f =~ x1 + x2 + x3"), Defaults())
    >>> [p.name for p in table.rows if p.free]
    ['f=~x2', 'f=~x3', 'x1~~x1', 'x2~~x2', 'x3~~x3', 'f~~f']
    """
    _check(statements)
    _check_thresholds(statements, defaults)
    _check_blocks(statements, groups)
    role = roles(statements)
    if _mentions_means(statements):
        defaults = replace(defaults, meanstructure=True)
    blocks = factor_blocks(statements)
    rows: list[Parameter] = []
    for number, label in enumerate(groups, start=1):
        relations = [
            s
            for s in statements
            if isinstance(s, Relation) and _speaks_of(s, label, number, groups)
        ]
        own = complete(written_rows(relations, number, len(groups)), role, defaults, number)
        rows += with_blocks(own, blocks, number, defaults.orthogonal_blocks)
    equal_labels: list[tuple[str, str]] = []
    if len(groups) > 1:
        _check_same_variables(rows, role)
        rows, equal_labels = equate_groups(rows, role, defaults)
    rows = _share_labels(resolve_equal(rows))
    _check_threshold_order(rows)
    names = dict.fromkeys(r.label for r in rows if r.label)
    defined = tuple(_definitions(statements, names))
    restrictions = (
        *_restrictions(statements, names),
        *_equal_labels(equal_labels, rows),
        *_bounds(rows),
    )
    return ParameterTable(
        _labelled_bounds(rows), defined, restrictions, role, tuple(groups), defaults, blocks
    )


def _speaks_of(relation: Relation, label: str, number: int, groups: Sequence[str]) -> bool:
    """Tell whether a relation holds in a group, which blocks name by label or else by number."""
    named = relation.group
    return named in (None, label) or (named not in groups and named == str(number))


def _check(statements: Sequence[Statement]) -> None:
    """Refuse what this version cannot fit, at the place where it is written."""
    for s in statements:
        if isinstance(s, Relation) and s.operator in ("=~", "~"):
            _check_loop(s)
        if isinstance(s, Relation) and s.operator == "<~":
            raise ModelSpecificationError(
                "Composites ('<~') are not available in this version.",
                code="spec.operator",
                hint="docs/limitations.md lists what can be fitted today.",
                span=s.span,
            )


def _check_loop(relation: Relation) -> None:
    """Refuse a variable that measures or explains itself."""
    left = {v.name for v in relation.lhs}
    for term in relation.terms:
        if term.variable.name in left:
            raise ModelSpecificationError(
                f"'{term.variable.name}' stands on both sides of '{relation.operator}'.",
                code="spec.self_loop",
                hint="A variable neither measures nor predicts itself; its variance is "
                f"{term.variable.name} ~~ {term.variable.name}.",
                span=term.variable.span,
            )


def _check_blocks(statements: Sequence[Statement], groups: Sequence[str]) -> None:
    """Refuse what is written for a group there is none of, instead of passing over it."""
    for s in statements:
        if not isinstance(s, Relation) or s.group is None:
            continue
        if not any(_speaks_of(s, label, i, groups) for i, label in enumerate(groups, start=1)):
            known = ", ".join(map(repr, groups)) if len(groups) > 1 else "one group only"
            raise ModelSpecificationError(
                f"This stands under 'group: {s.group}', but the data have {known}.",
                code="spec.unknown_group",
                hint="Name the groups by their labels in the data, or by 1, 2, …; pass group=.",
                span=s.span,
            )


def _check_thresholds(statements: Sequence[Statement], defaults: Defaults) -> None:
    """Refuse thresholds and scales of variables that were not declared ordered."""
    for s in statements:
        if isinstance(s, Relation) and s.operator in ("|", "~*~"):
            for variable in s.lhs:
                if variable.name not in defaults.ordered:
                    raise ModelSpecificationError(
                        f"'{variable.name}' has no thresholds: it is not an ordered variable.",
                        code="spec.not_ordered",
                        hint=f"Pass ordered=['{variable.name}', …].",
                        span=variable.span,
                    )
        if isinstance(s, Relation) and s.operator == "|":
            _check_threshold_names(s, defaults)


def _check_threshold_names(relation: Relation, defaults: Defaults) -> None:
    for variable in relation.lhs:
        known = [f"t{k + 1}" for k in range(defaults.ordered[variable.name])]
        for term in relation.terms:
            if term.variable.name not in known:
                raise ModelSpecificationError(
                    f"'{variable.name}' has no threshold '{term.variable.name}'.",
                    code="spec.threshold",
                    hint=f"Its thresholds are {', '.join(known)}.",
                    span=term.variable.span,
                )


def _check_threshold_order(rows: Sequence[Parameter]) -> None:
    """Refuse fixed thresholds of one variable that do not rise."""
    fixed: dict[tuple[str, int], list[Parameter]] = {}
    for row in rows:
        if row.op == "|" and not row.free:
            fixed.setdefault((row.lhs, row.group), []).append(row)
    for thresholds in fixed.values():
        rising = sorted(thresholds, key=lambda r: int(r.rhs[1:]))
        for lower, upper in pairwise(rising):
            if lower.value >= upper.value:
                raise ModelSpecificationError(
                    f"The thresholds of '{upper.lhs}' must rise, but {lower.rhs} is fixed at "
                    f"{lower.value:g} and {upper.rhs} at {upper.value:g}.",
                    code="spec.threshold_order",
                    hint="Threshold t1 ends the lowest category, t2 the next one, and so on.",
                    span=upper.span or lower.span,
                )


def _mentions_means(statements: Sequence[Statement]) -> bool:
    return any(
        t.variable.name == "1"
        for s in statements
        if isinstance(s, Relation) and s.operator == "~"
        for t in s.terms
    )


def _share_labels(rows: Sequence[Parameter]) -> list[Parameter]:
    """Give a fixed value to every row that shares a label with a fixed one."""
    fixed = {r.label: r.value for r in rows if r.label and not r.free and not r.exogenous}
    if not fixed:
        return list(rows)
    return [
        replace(r, free=False, value=fixed[r.label]) if r.free and r.label in fixed else r
        for r in rows
    ]


def _check_names(expression: Expression, known: dict[str, None]) -> None:
    for used in names_in(expression):
        if used.text not in known:
            raise ModelSpecificationError(
                f"'{used.text}' is neither a label of this model nor defined before this line.",
                code="spec.unknown_label",
                hint=did_you_mean(used.text, known)
                or "Label a parameter by writing  y ~ a*x  and use the label here.",
                span=used.span,
            )


def _definitions(
    statements: Sequence[Statement], names: dict[str, None]
) -> Iterator[DefinedParameter]:
    """Yield defined parameters, adding each name to `names` for what follows."""
    for s in statements:
        if not isinstance(s, Definition):
            continue
        if s.name in names:
            raise ModelSpecificationError(
                f"'{s.name}' is already the name of a parameter.",
                code="spec.defined_twice",
                hint="Choose another name left of ':='.",
                span=s.span,
            )
        _check_names(s.expression, names)
        names[s.name] = None
        text = s.span.source[s.span.start : s.span.end].split(":=", 1)[1]
        yield DefinedParameter(s.name, s.expression, " ".join(text.split()), s.span)


def _restrictions(statements: Sequence[Statement], names: dict[str, None]) -> Iterator[Restriction]:
    for s in statements:
        if not isinstance(s, Constraint):
            continue
        for side in (s.left, s.right):
            _check_names(side, names)
        first, second = (s.right, s.left) if s.operator == "<" else (s.left, s.right)
        difference = Operation("-", first, second)
        if next(names_in(difference), None) is None:
            raise ModelSpecificationError(
                "This constraint names no parameter.",
                code="spec.constraint",
                hint="Label a parameter by writing  y ~ a*x  and constrain the label:  a == 0.5.",
                span=s.span,
            )
        operator = "==" if s.operator == "==" else ">"
        text = " ".join(s.span.source[s.span.start : s.span.end].split())
        yield Restriction(operator, difference, text, s.span)


def _equal_labels(
    pairs: Sequence[tuple[str, str]], rows: Sequence[Parameter]
) -> Iterator[Restriction]:
    """Tie labels of their own that the user gave to parameters equal across groups."""
    spans = {r.label: r.span for r in rows if r.label and r.span is not None}
    for first, second in pairs:
        span = spans.get(second) or spans.get(first)
        if span is not None:
            difference = Operation("-", Name(first, span), Name(second, span))
            yield Restriction("==", difference, f"{first} == {second}", span)


def _check_same_variables(rows: Sequence[Parameter], role: Roles) -> None:
    """Refuse group blocks that do not all use the same variables."""
    for group in {r.group for r in rows}:
        mine = [r for r in rows if r.group == group and r.user]
        named = {n for r in mine for n in (r.lhs, r.rhs)}
        absent = [n for n in (*role.observed, *role.latent) if n not in named]
        if absent:
            raise ModelSpecificationError(
                f"Group {group} does not use '{absent[0]}', which other groups do.",
                code="spec.group_variables",
                hint="Every group needs the same variables; free or fix their parameters instead.",
                span=role.places.get(absent[0]),
            )


def _bound_label(row: Parameter) -> str:
    return row.label or f".{row.name}.g{row.group}."


def _bounds(rows: Sequence[Parameter]) -> Iterator[Restriction]:
    """Write the bounds of ``lower()`` and ``upper()`` as restrictions on the row's label."""
    for row in rows:
        if not row.free or row.span is None:
            continue
        here = Name(_bound_label(row), row.span)
        for bound, sign in ((row.lower, ">"), (row.upper, "<")):
            if abs(bound) < float("inf"):
                limit = Number(bound, row.span)
                pair = (here, limit) if sign == ">" else (limit, here)
                text = f"{row.name} {sign} {bound:g}"
                yield Restriction(">", Operation("-", *pair), text, row.span)


def _labelled_bounds(rows: Sequence[Parameter]) -> tuple[Parameter, ...]:
    bounded = [r.free and (r.lower > float("-inf") or r.upper < float("inf")) for r in rows]
    return tuple(
        replace(r, label=_bound_label(r)) if b else r for r, b in zip(rows, bounded, strict=True)
    )
