"""The same model with regressions among latent variables written as covariances, where it is one.

Where latent variables are connected completely, regressions and covariances say the same of the
data. Covariances are the better behaved: regressions run away where two latent variables become
one, as in samples from populations that the model gets wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter


def with_latent_covariances(table: ParameterTable) -> ParameterTable:
    """Return an equivalent table without regressions among latent variables, or the table itself.

    Parameters
    ----------
    table : ParameterTable

    Returns
    -------
    ParameterTable
        Changed where all regressions are among latent variables, free, unlabelled in any
        restriction, and as many as it takes, with the free covariances, to connect these variables
        completely. Defined parameters are left out: they may be made of regressions.

    Examples
    --------
    >>> from loyaltysem.model.parameters import Defaults
    >>> from loyaltysem.model.parameter_table import parameter_table
    >>> from loyaltysem.model.syntax import parse
    >>> text = "f =~ x1 + x2 + x3; g =~ y1 + y2 + y3; g ~ f"
    >>> changed = with_latent_covariances(parameter_table(parse(text), Defaults()))
    >>> [r.name for r in changed.rows if r.lhs in "fg" and r.op != "=~"]
    ['f~~f', 'g~~g', 'f~~g']
    """
    regressions = [r for r in table.rows if r.op == "~"]
    involved = tuple(n for n in table.latent if any(n in (r.lhs, r.rhs) for r in regressions))
    if not regressions or not _equivalent(table, regressions, involved):
        return table
    return replace(table, rows=tuple(_rows(table, involved)), defined=())


def _equivalent(
    table: ParameterTable, regressions: list[Parameter], involved: tuple[str, ...]
) -> bool:
    """Tell whether the regressions, with free covariances, connect all pairs once."""
    among = frozenset(involved)
    covariances = [
        r for r in table.rows if r.op == "~~" and r.lhs != r.rhs and {r.lhs, r.rhs} & among
    ]
    pairs = len(involved) * (len(involved) - 1) // 2
    return (
        table.n_groups == 1
        and not table.restrictions
        and all(r.free and {r.lhs, r.rhs} <= among for r in (*regressions, *covariances))
        and len({frozenset((r.lhs, r.rhs)) for r in (*regressions, *covariances)}) == pairs
        and len(regressions) + len(covariances) == pairs
        and _unshared(table, (*regressions, *covariances))
        and not any(r.op == "=~" and r.rhs in among for r in table.rows)
        and not any(r.op == "~1" and r.lhs in among and r.free for r in table.rows)
    )


def _unshared(table: ParameterTable, rows: tuple[Parameter, ...]) -> bool:
    """Tell whether no label stands on two rows."""
    labels = [r.label for r in table.rows if r.label]
    return all(not r.label or labels.count(r.label) == 1 for r in rows)


def _rows(table: ParameterTable, involved: tuple[str, ...]) -> Iterator[Parameter]:
    among = frozenset(involved)
    for row in table.rows:
        pair = row.op == "~~" and row.lhs != row.rhs and {row.lhs, row.rhs} <= among
        if row.op != "~" and not pair:
            yield row
    for first, second in combinations(involved, 2):
        yield Parameter(first, "~~", second)
