"""Relations of the model text as parameter rows: one a term, its modifiers applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from loyaltysem.core.errors import ModelSpecificationError
from loyaltysem.model.parameters import FREED, Parameter
from loyaltysem.model.syntax import Modifier, ModifierValue, Relation, Term


def written_rows(relations: Iterable[Relation], group: int, n_groups: int) -> list[Parameter]:
    """Return what the text says of one group, repeated statements joined."""
    return _merge(row for relation in relations for row in _rows(relation, group, n_groups))


def _rows(relation: Relation, group: int, n_groups: int) -> Iterator[Parameter]:
    for left in relation.lhs:
        for term in relation.terms:
            op, rhs = relation.operator, term.variable.name
            if rhs == "1":
                op, rhs = _intercept(relation, term)
            base = Parameter(left.name, op, rhs, group, user=True, span=term.variable.span)
            for modifier in term.modifiers:
                base = _apply(base, modifier, _for_group(modifier, group, n_groups))
            yield base


def _intercept(relation: Relation, term: Term) -> tuple[str, str]:
    if relation.operator != "~":
        raise ModelSpecificationError(
            f"'1' stands for an intercept and cannot follow '{relation.operator}'.",
            code="spec.intercept",
            hint="Write  y ~ 1.",
            span=term.variable.span,
        )
    return "~1", ""


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
    match modifier.kind, value:
        case "value", str():
            return replace(row, label=value)
        case "value", None:
            return replace(row, free=True, value=FREED)
        case "value", float():
            return replace(row, free=False, value=value)
        case "start", float():
            return replace(row, start=value)
        case "lower", float():
            return replace(row, lower=value)
        case "upper", float():
            return replace(row, upper=value)
        case "equal", str():
            return replace(row, label=EQUAL_TO + value)
    raise ModelSpecificationError(
        f"'{modifier.kind}()' cannot hold {value!r}.",
        code="spec.modifier",
        hint="start(), lower() and upper() hold numbers; equal() the name of a parameter.",
        span=modifier.span,
    )


#: Prefix of a label that still has to be looked up: ``equal("f=~x2")``.
EQUAL_TO = "\0equal:"


def resolve_equal(rows: Sequence[Parameter]) -> list[Parameter]:
    """Replace ``equal("f=~x2")`` by the label of the parameter it names."""
    wanted = {r.label[len(EQUAL_TO) :]: r for r in rows if r.label.startswith(EQUAL_TO)}
    if not wanted:
        return list(rows)
    labels: dict[str, str] = {}
    for text, asking in wanted.items():
        plain = "".join(text.split())
        found = next((r for r in rows if plain in (r.label, r.name) and r is not asking), None)
        if found is None:
            raise ModelSpecificationError(
                f"equal() names '{text}', which is no parameter of this model.",
                code="spec.equal",
                hint='Write the parameter as in the text, without spaces: equal("f=~x2").',
                span=asking.span,
            )
        labels[text] = found.label or f".{found.name}."
        rows = [replace(r, label=labels[text]) if r is found else r for r in rows]
    return [
        replace(r, label=labels[r.label[len(EQUAL_TO) :]]) if r.label.startswith(EQUAL_TO) else r
        for r in rows
    ]


def _merge(rows: Iterable[Parameter]) -> list[Parameter]:
    """Join what the text says twice about one parameter (``a*x1 + start(1)*x1``)."""
    merged: dict[tuple[str, str, str], Parameter] = {}
    for row in rows:
        earlier = merged.get(row.key)
        merged[row.key] = _bounded(row if earlier is None else _join(earlier, row))
    return list(merged.values())


def _bounded(row: Parameter) -> Parameter:
    if row.lower > row.upper:
        raise ModelSpecificationError(
            f"The lower bound {row.lower:g} of '{row.name}' lies above its upper bound "
            f"{row.upper:g}.",
            code="spec.bounds",
            hint="Write  lower(0)*x + upper(1)*x  with the smaller number in lower().",
            span=row.span,
        )
    return row


def _join(a: Parameter, b: Parameter) -> Parameter:
    two_labels = a.label and b.label and a.label != b.label
    two_values = a.value == a.value and b.value == b.value and a.value != b.value
    if two_labels or two_values:
        raise ModelSpecificationError(
            f"'{a.name}' is written twice, with modifiers that contradict each other.",
            code="spec.written_twice",
            hint="Keep one of the two.",
            span=b.span,
        )
    if b.value == b.value:  # not NaN: the later statement fixes or frees
        a = replace(a, free=b.free, value=b.value)
    return replace(
        a,
        label=b.label or a.label,
        start=b.start if b.start == b.start else a.start,
        lower=max(a.lower, b.lower),
        upper=min(a.upper, b.upper),
        span=b.span,
    )
