"""The model one would fit to data from a population, read off the population's own text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loyaltysem.model.syntax import Modifier, ModifierValue, Relation, Statement, Term, parse

#: Numbers that stay fixed when the model is fitted.
FIXED = (0.0, 1.0)


def analysis_text(text: str) -> str:
    r"""Return a population's text with its values taken out, ready to be fitted.

    Parameters
    ----------
    text : str
        Model with a value for every parameter.

    Returns
    -------
    str
        A value of exactly 0 or 1 is a restriction and stays; every other number is the population's
        and goes, as do starting values: ``start(1)*x`` is a free parameter whose population value
        is 1. Where a latent variance is fixed at 1 the first loading is freed. Labels, constraints,
        definitions and group blocks stay.

    Examples
    --------
    >>> print(analysis_text("f =~ 1*x1 + 0.8*x2 + a*0.7*x3\nx1 ~~ 0*x2\ny ~ start(1)*f"))
    f =~ 1*x1 + x2 + a*x3
    x1 ~~ 0*x2
    y ~ f
    """
    statements = parse(text)
    standardised = _unit_variances(statements)
    lines: list[str] = []
    group: str | None = None
    seen: set[tuple[str, str | None]] = set()
    for s in statements:
        if isinstance(s, Relation) and s.group != group:
            group = s.group
            lines.append(f'group: "{group}"')
        lines.append(_relation(s, standardised, seen) if isinstance(s, Relation) else _whole(s))
    return "\n".join(lines)


def _unit_variances(statements: Sequence[Statement]) -> frozenset[str]:
    """Return the variables whose variance is fixed at 1."""
    return frozenset(
        s.lhs[0].name
        for s in statements
        if isinstance(s, Relation) and s.operator == "~~" and len(s.lhs) == 1
        for t in s.terms
        if t.variable.name == s.lhs[0].name
        and any(m.kind == "value" and set(m.values) == {1.0} for m in t.modifiers)
    )


def _whole(statement: Statement) -> str:
    span = statement.span
    return span.source[span.start : span.end]


def _relation(s: Relation, unit: frozenset[str], seen: set[tuple[str, str | None]]) -> str:
    left = [v.name for v in s.lhs]
    first = s.operator == "=~" and (left[0], s.group) not in seen
    seen.update((name, s.group) for name in left)
    terms = [_without_values(t) for t in s.terms]
    if first and left[0] in unit and not any(m.kind == "value" for m in terms[0].modifiers):
        span = terms[0].variable.span
        freed = Modifier("value", (None,), span)
        terms[0] = replace(terms[0], modifiers=(freed, *terms[0].modifiers))
    return f"{' + '.join(left)} {s.operator} {' + '.join(map(_term, terms))}"


def _without_values(term: Term) -> Term:
    kept = (_kept(m) for m in term.modifiers if m.kind != "start")
    return replace(term, modifiers=tuple(m for m in kept if m is not None))


def _kept(modifier: Modifier) -> Modifier | None:
    """Free the numbers that are only the population's; None where nothing is left to say."""
    if modifier.kind != "value":
        return modifier
    values = tuple(None if isinstance(v, float) and v not in FIXED else v for v in modifier.values)
    told = any(v is not None for v in values) or values == modifier.values
    return replace(modifier, values=values) if told else None


def _term(term: Term) -> str:
    return "".join(f"{_modifier(m)}*" for m in term.modifiers) + term.variable.name


def _modifier(modifier: Modifier) -> str:
    values = ", ".join(map(_value, modifier.values))
    if modifier.kind == "value":
        return values if len(modifier.values) == 1 else f"c({values})"
    return f"{modifier.kind}({values})"


def _value(value: ModifierValue) -> str:
    if value is None:
        return "NA"
    if isinstance(value, float):
        return f"{value:g}"
    return value if value.isidentifier() and value != "NA" else f'"{value}"'
