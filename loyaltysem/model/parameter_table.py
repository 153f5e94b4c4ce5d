"""Expand statements into the parameter table: every parameter of the model, written or implied.

The table is what the model *is*: one row a parameter, with its place in the text. What lavaan's
functions add by default (residual variances, factor covariances, markers …) is added here once,
under the `Defaults` of the function that was called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from loyaltysem.core.errors import ModelSpecificationError, Span, did_you_mean
from loyaltysem.model.expression import Expression, names_in
from loyaltysem.model.syntax import (
    Constraint,
    Definition,
    Modifier,
    ModifierValue,
    Relation,
    Statement,
    Term,
)
from loyaltysem.model.variables import Roles, roles


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is added to the model text; each function of the public interface has its own row."""

    free_variances: bool = True
    covary_exogenous_latents: bool = True
    covary_outcomes: bool = True
    fix_marker: bool = True
    fix_single_indicator: bool = True
    free_observed_intercepts: bool = True
    free_latent_means: bool = False
    std_lv: bool = False
    orthogonal: bool = False
    meanstructure: bool = False
    fixed_x: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the parameter table.

    Attributes
    ----------
    lhs, op, rhs
        As written; an intercept is ``(lhs, "~1", "")``.
    group : int
        Counted from 1.
    free : bool
        Estimated from the data.
    value : float
        The fixed value; NaN for a free parameter and for a moment of fixed x.
    start : float
        The user's starting value, or NaN.
    label : str
        Parameters with one label are one parameter.
    user : bool
        Written by the user, not implied.
    exogenous : bool
        A moment of fixed x: held at its sample value.
    """

    lhs: str
    op: str
    rhs: str
    group: int = 1
    free: bool = True
    value: float = float("nan")
    start: float = float("nan")
    label: str = ""
    user: bool = False
    exogenous: bool = False
    span: Span | None = None

    @property
    def name(self) -> str:
        """The parameter as one writes it: ``"visual=~x2"``."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True, slots=True)
class DefinedParameter:
    """A ``:=`` row: a function of other parameters."""

    name: str
    expression: Expression
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """All parameters, the roles of the variables, and what is defined from them."""

    rows: tuple[Parameter, ...]
    defined: tuple[DefinedParameter, ...]
    roles: Roles
    n_groups: int
    defaults: Defaults

    @property
    def latent(self) -> tuple[str, ...]:
        """Latent variables, in order of appearance."""
        return self.roles.latent

    @property
    def observed(self) -> tuple[str, ...]:
        """Observed variables: indicators, then outcomes, then covariates."""
        return self.roles.observed

    def free_index(self) -> list[int]:
        """Return the number of the free parameter behind each row, from 0; -1 where it is fixed.

        Free rows with one label share one number.
        """
        numbers: dict[str, int] = {}
        index, count = [], 0
        for row in self.rows:
            key = row.label or ""
            if not row.free:
                index.append(-1)
            elif key and key in numbers:
                index.append(numbers[key])
            else:
                index.append(count)
                if key:
                    numbers[key] = count
                count += 1
        return index


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
    role = roles(statements)
    defaults = replace(
        defaults, meanstructure=defaults.meanstructure or _mentions_means(statements)
    )
    rows: list[Parameter] = []
    for number, label in enumerate(groups, start=1):
        relations = [
            s
            for s in statements
            if isinstance(s, Relation) and s.group in (None, label, str(number))
        ]
        written = [r for relation in relations for r in _written(relation, number, len(groups))]
        rows += _complete(_merge(written), role, defaults, number)
    defined = tuple(_definitions(statements, rows))
    return ParameterTable(_share_labels(rows), defined, role, len(groups), defaults)


def _check(statements: Sequence[Statement]) -> None:
    """Refuse what this version cannot fit, at the place where it is written."""
    unavailable = {
        "<~": "Composites ('<~')",
        "|": "Thresholds ('|')",
        "~*~": "Scaling factors ('~*~')",
    }
    for s in statements:
        if isinstance(s, Constraint):
            raise ModelSpecificationError(
                f"Constraints written with '{s.operator}' are not available in this version.",
                code="spec.constraint",
                hint="Give parameters that should be equal the same label.",
                span=s.span,
            )
        if isinstance(s, Relation) and s.operator in unavailable:
            raise ModelSpecificationError(
                f"{unavailable[s.operator]} are not available in this version.",
                code="spec.operator",
                hint="docs/limitations.md lists what can be fitted today.",
                span=s.span,
            )


def _mentions_means(statements: Sequence[Statement]) -> bool:
    return any(
        t.variable.name == "1"
        for s in statements
        if isinstance(s, Relation) and s.operator == "~"
        for t in s.terms
    )


def _written(relation: Relation, group: int, n_groups: int) -> Iterator[Parameter]:
    for left in relation.lhs:
        for term in relation.terms:
            op, rhs = relation.operator, term.variable.name
            if rhs == "1":
                op, rhs = _intercept(relation, term)
            base = Parameter(left.name, op, rhs, group, user=True, span=term.variable.span)
            yield _modified(base, term.modifiers, n_groups)


def _intercept(relation: Relation, term: Term) -> tuple[str, str]:
    if relation.operator != "~":
        raise ModelSpecificationError(
            f"'1' stands for an intercept and cannot follow '{relation.operator}'.",
            code="spec.intercept",
            hint="Write  y ~ 1.",
            span=term.variable.span,
        )
    return "~1", ""


def _modified(row: Parameter, modifiers: Sequence[Modifier], n_groups: int) -> Parameter:
    for modifier in modifiers:
        row = _apply(row, modifier, _for_group(modifier, row.group, n_groups))
    return row


def _for_group(modifier: Modifier, group: int, n_groups: int) -> ModifierValue:
    values = modifier.values
    if len(values) == 1:
        return values[0]
    if len(values) != n_groups:
        raise ModelSpecificationError(
            f"{len(values)} values are given for {n_groups} group(s).",
            code="spec.group_values",
            hint="Give one value for all groups, or one for each.",
            span=modifier.span,
        )
    return values[group - 1]


def _apply(row: Parameter, modifier: Modifier, value: ModifierValue) -> Parameter:
    if modifier.kind == "value":
        if isinstance(value, str):
            return replace(row, label=value)
        # NaN in `value` with free=True records an explicit NA, which also frees a marker
        return replace(row, free=value is None, value=_NA if value is None else value)
    if modifier.kind == "start" and isinstance(value, float):
        return replace(row, start=value)
    raise ModelSpecificationError(
        f"The modifier '{modifier.kind}()' cannot be used like this in this version.",
        code="spec.modifier",
        hint="start() takes numbers; give equal parameters the same label.",
        span=modifier.span,
    )


#: Marks a parameter that the user freed with ``NA*``; becomes NaN once markers are set.
_NA = float("inf")


def _merge(rows: Iterable[Parameter]) -> list[Parameter]:
    """Join what the text says twice about one parameter (``a*x1 + start(1)*x1``)."""
    merged: dict[tuple[str, str, str], Parameter] = {}
    for row in rows:
        key = _key(row.op, row.lhs, row.rhs)
        earlier = merged.get(key)
        merged[key] = row if earlier is None else _join(earlier, row)
    return list(merged.values())


def _key(op: str, lhs: str, rhs: str) -> tuple[str, str, str]:
    return (op, *sorted((lhs, rhs))) if op == "~~" else (op, lhs, rhs)  # type: ignore[return-value]  # two names sorted are two names


def _join(a: Parameter, b: Parameter) -> Parameter:
    if b.value == b.value:  # not NaN: the later statement fixes or frees
        a = replace(a, free=b.free, value=b.value)
    return replace(
        a, label=b.label or a.label, start=b.start if b.start == b.start else a.start, span=b.span
    )


def _complete(
    written: list[Parameter], role: Roles, defaults: Defaults, group: int
) -> list[Parameter]:
    """Add the implied rows of one group to the written ones and set the scale of the latents."""
    present = {_key(r.op, r.lhs, r.rhs) for r in written}
    implied = [r for r in _implied(role, defaults) if _key(r.op, r.lhs, r.rhs) not in present]
    rows = [*written, *(replace(r, group=group) for r in implied)]
    if defaults.std_lv:
        rows = [_unit_variance(r, role) for r in rows]
    elif defaults.fix_marker:
        rows = _fix_markers(rows)
    if defaults.fix_single_indicator:
        rows = _fix_single_indicators(rows, role)
    return [replace(r, value=float("nan")) if r.value == _NA else r for r in rows]


def _implied(role: Roles, d: Defaults) -> Iterator[Parameter]:
    """Yield the rows lavaan adds, in lavaan's order; `_complete` drops those already written."""

    def row(lhs: str, op: str, rhs: str, free: bool, value: float = 0.0) -> Parameter:
        return Parameter(lhs, op, rhs, free=free, value=float("nan") if free else value)

    x = role.exogenous_observed
    explained = [n for n in role.observed if n not in x]
    for name in (*explained, *role.latent):
        yield row(name, "~~", name, d.free_variances)
    if d.covary_exogenous_latents:
        for a, b in combinations(role.exogenous_latent, 2):
            yield row(a, "~~", b, not d.orthogonal)
    if d.covary_outcomes:
        for a, b in combinations(role.outcomes, 2):
            latent_pair = a in role.latent and b in role.latent
            yield row(a, "~~", b, not (d.orthogonal and latent_pair))
    for i, a in enumerate(x):
        for b in x[i:]:
            yield replace(row(a, "~~", b, not d.fixed_x, float("nan")), exogenous=d.fixed_x)
    if not d.meanstructure:
        return
    for name in explained:
        yield row(name, "~1", "", d.free_observed_intercepts)
    for name in x:
        yield replace(row(name, "~1", "", not d.fixed_x, float("nan")), exogenous=d.fixed_x)
    for name in role.latent:
        yield row(name, "~1", "", d.free_latent_means)


def _unit_variance(row: Parameter, role: Roles) -> Parameter:
    own = row.op == "~~" and row.lhs == row.rhs and row.lhs in role.latent
    untouched = not row.user and row.free
    return replace(row, free=False, value=1.0) if own and untouched else row


def _fix_markers(rows: list[Parameter]) -> list[Parameter]:
    """Fix the first loading of each latent at 1 unless the user fixed it or freed it with NA."""
    seen: set[str] = set()
    result = []
    for row in rows:
        if row.op == "=~" and row.lhs not in seen:
            seen.add(row.lhs)
            if row.free and row.value != _NA:
                row = replace(row, free=False, value=1.0)
        result.append(row)
    return result


def _fix_single_indicators(rows: list[Parameter], role: Roles) -> list[Parameter]:
    """Fix the residual of a latent's only indicator at 0 where the user said nothing of it."""
    indicators: dict[str, list[str]] = {}
    for row in rows:
        if row.op == "=~":
            indicators.setdefault(row.lhs, []).append(row.rhs)
    single = {names[0] for names in indicators.values() if len(names) == 1}
    single -= {n for n in single if sum(n in names for names in indicators.values()) > 1}
    return [
        replace(r, free=False, value=0.0)
        if r.op == "~~" and r.lhs == r.rhs and r.lhs in single and not r.user
        else r
        for r in rows
    ]


def _share_labels(rows: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Give a fixed value to every row that shares a label with a fixed one."""
    fixed = {r.label: r.value for r in rows if r.label and not r.free and not r.exogenous}
    return tuple(
        replace(r, free=False, value=fixed[r.label]) if r.free and r.label in fixed else r
        for r in rows
    )


def _definitions(
    statements: Sequence[Statement], rows: Sequence[Parameter]
) -> Iterator[DefinedParameter]:
    known: Mapping[str, None] = dict.fromkeys(r.label for r in rows if r.label)
    names = dict(known)
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
        for used in names_in(s.expression):
            if used.text not in names:
                raise ModelSpecificationError(
                    f"'{used.text}' is neither a label of this model nor defined before this line.",
                    code="spec.unknown_label",
                    hint=did_you_mean(used.text, names)
                    or "Label a parameter by writing  y ~ a*x  and use the label here.",
                    span=used.span,
                )
        names[s.name] = None
        text = s.span.source[s.span.start : s.span.end].split(":=", 1)[1]
        yield DefinedParameter(s.name, s.expression, " ".join(text.split()), s.span)
