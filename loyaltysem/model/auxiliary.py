"""Auxiliary variables: what predicts missingness takes part in the likelihood, not in the model.

Graham's (2003) *saturated correlates*: every auxiliary variable covaries freely with the other
auxiliaries and with every observed variable of the model, through its residual where the model
explains it. These parameters use up exactly the moments the auxiliaries bring, so the degrees of
freedom and what the model says stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loyaltysem.core.errors import ModelSpecificationError
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter
from loyaltysem.model.variables import Roles


def auxiliary_roles(role: Roles, names: Sequence[str]) -> Roles:
    """Add auxiliary variables to the observed ones.

    Raises
    ------
    ModelSpecificationError
        When the model speaks of one of them.
    """
    if not names:
        return role
    known = [n for n in names if n in role.observed or n in role.latent]
    if known:
        raise ModelSpecificationError(
            f"auxiliary names '{known[0]}', which the model already speaks of.",
            code="spec.auxiliary",
            hint="Auxiliary variables are those that are in the data but not in the model.",
            span=role.places.get(known[0]),
        )
    return replace(role, observed=(*role.observed, *names), auxiliary=tuple(names))


def with_auxiliary(table: ParameterTable, names: Sequence[str]) -> ParameterTable:
    """Add the rows of auxiliary variables to every group.

    Parameters
    ----------
    table : ParameterTable
        With a mean structure, and x not held fixed.
    names : sequence of str

    Examples
    --------
    >>> from loyaltysem.model.parameter_table import parameter_table
    >>> from loyaltysem.model.parameters import Defaults
    >>> from loyaltysem.model.syntax import parse
    >>> table = parameter_table(parse("f =~ x1 + x2 + x3"), Defaults(meanstructure=True))
    >>> [r.name for r in with_auxiliary(table, ["a"]).rows][-5:]
    ['a~~a', 'a~~x1', 'a~~x2', 'a~~x3', 'a~1']
    """
    if not names:
        return table
    rows = list(table.rows)
    for group in range(1, table.n_groups + 1):
        rows += _rows(table, names, group)
    return replace(table, rows=tuple(rows), roles=auxiliary_roles(table.roles, names))


def _rows(table: ParameterTable, names: Sequence[str], group: int) -> Iterator[Parameter]:
    partners = [_partner(table, n, group) for n in table.observed]
    for i, name in enumerate(names):
        for other in (*names[i:], *partners):
            yield Parameter(name, "~~", other, group)
    for name in names:
        yield Parameter(name, "~1", "", group)


def _partner(table: ParameterTable, name: str, group: int) -> str:
    """Return what an auxiliary covaries with: a variable, or its latent where it has no residual.

    The only indicator of a latent variable has a residual variance of 0, with which nothing can
    covary.
    """
    mine = [r for r in table.rows if r.group == group]
    exact = any(r.is_variance and r.lhs == name and not r.free and r.value == 0 for r in mine)
    latent = [r.lhs for r in mine if r.op == "=~" and r.rhs == name]
    return latent[0] if exact and len(latent) == 1 else name


def auxiliary_text(table: ParameterTable) -> str:
    """Return the added rows as model text, for programs that know no auxiliary variables."""
    names = table.roles.auxiliary
    rows = [r for r in table.rows if r.group == 1 and r.lhs in names]
    lines = [f"{r.lhs} ~ 1" if r.op == "~1" else f"{r.lhs} ~~ {r.rhs}" for r in rows]
    return "".join(f"\n{line}" for line in lines)
