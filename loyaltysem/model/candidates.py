"""Parameters a model could have and does not: what modification indices are computed for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations

from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter


def candidates(table: ParameterTable) -> list[Parameter]:
    """Return rows, fixed at their present value, that the model could free.

    All loadings of latents on observed variables that are not covariates, all covariances among
    these variables and among latents, all regressions among variables that take part in a
    regression, and every parameter of the table that is fixed; group by group, as lavaan does.
    Left out is what follows from other parameters: of an ordered variable the residual variance
    under delta and the scale under theta.
    """
    found: list[Parameter] = []
    for group in range(1, table.n_groups + 1):
        rows = {r.key: r for r in table.rows if r.group == group}
        absent = {r.key: r for r in _possible(table) if r.key not in rows}
        fixed = [r for r in rows.values() if not (r.free or r.exogenous or _follows(r, table))]
        found += [*fixed, *(replace(r, group=group) for r in absent.values())]
    return found


def _follows(row: Parameter, table: ParameterTable) -> bool:
    """Tell whether a fixed row is computed from other rows, so that freeing it has no meaning."""
    if row.lhs not in table.defaults.ordered:
        return False
    return row.op == "~*~" if table.defaults.theta else row.is_variance


def _possible(table: ParameterTable) -> Iterator[Parameter]:
    def row(lhs: str, op: str, rhs: str) -> Parameter:
        return Parameter(lhs, op, rhs, free=False, value=0.0)

    x = table.roles.exogenous_observed
    observed = [n for n in table.observed if n not in x]
    regressions = [r for r in table.rows if r.op == "~"]
    explained = {r.lhs for r in regressions}
    for latent in table.latent:
        for name in observed:
            if name not in explained and name not in table.roles.auxiliary:
                yield row(latent, "=~", name)
    for a, b in (*combinations(observed, 2), *combinations(table.latent, 2)):
        yield row(a, "~~", b)
    loadings = {(r.rhs, r.lhs) for r in table.rows if r.op == "=~"}
    taking_part = dict.fromkeys(n for r in regressions for n in (r.lhs, r.rhs))
    for a, b in permutations(taking_part, 2):
        if a not in x and (a, b) not in loadings:
            yield row(a, "~", b)
