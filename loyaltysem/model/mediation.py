"""Find the paths that only a mediator's own variance identifies.

In ``m ~ a*x; y ~ b*m + c*x`` every cause of m is a cause of y too, so that b rests on what m does
not share with x: its residual variance ψ. As ψ passes through 0, b passes through a pole, where the
implied moments do not: they depend on b through the residual covariance bψ. With that in place of
the path the model is an equivalent one (the replacing rule of Lee and Hershberger, 1990).
"""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.parameters import Parameter

#: The number behind a fixed value.
FIXED = -1


@dataclass(frozen=True, slots=True)
class Mediation:
    """One such path, by places among the free parameters.

    Attributes
    ----------
    path : int
        b, from the mediator to the outcome.
    mediator, outcome : int
        Their residual variances.
    shared : tuple of (int, int)
        The paths from each common cause, to the outcome and to the mediator; then, for each other
        variable whose residual covaries with that of the mediator, the covariance of the outcome
        with it and that of the mediator. What stands in the place of a path counts as one.
    """

    path: int
    mediator: int
    outcome: int
    shared: tuple[tuple[int, int], ...]


def mediations(table: ParameterTable) -> tuple[Mediation, ...]:
    """Return the paths from latent mediators that their residual variance alone identifies.

    Returns
    -------
    tuple of Mediation
        The last in a chain of causes first: each can be replaced when those before it are. None
        where a variable is among its own causes.

    Examples
    --------
    >>> from loyaltysem.model.parameters import Defaults
    >>> from loyaltysem.model.parameter_table import parameter_table
    >>> from loyaltysem.model.syntax import parse
    >>> text = "x =~ x1 + x2 + x3; m =~ m1 + m2 + m3; y ~ m + x; m ~ x"
    >>> table = parameter_table(parse(text), Defaults())
    >>> [[row.name for row in table.rows if row.free][found.path] for found in mediations(table)]
    ['y~m']
    """
    numbers = table.free_index()
    groups = range(1, table.n_groups + 1)
    return tuple(found for group in groups for found in _Group.of(table, numbers, group).found())


@dataclass(frozen=True, slots=True)
class _Group:
    """Paths into every variable by cause, and (co)variances, by free parameter.

    The cause of a mean is the constant, whose name is empty.
    """

    latent: tuple[str, ...]
    paths: Mapping[str, Mapping[str, int]]
    covariances: Mapping[frozenset[str], int]
    alone: frozenset[int]

    @classmethod
    def of(cls, table: ParameterTable, numbers: list[int], group: int) -> _Group:
        """Collect the rows of one group."""
        paths: dict[str, dict[str, int]] = {}
        covariances = {}
        for row, number in zip(table.rows, numbers, strict=True):
            if row.group != group or not (number >= 0 or row.value != 0.0):
                continue
            if (ends := _path(row)) is not None:
                paths.setdefault(ends[1], {})[ends[0]] = number
            elif row.op == "~~":
                covariances[frozenset((row.lhs, row.rhs))] = number
        alone = frozenset(n for n, times in Counter(numbers).items() if n >= 0 and times == 1)
        return cls(table.latent, paths, covariances, alone)

    def found(self) -> Iterator[Mediation]:
        """Find the paths, outcomes and then mediators from the last to the first."""
        mediators = {name for name in self.latent if name in self.paths}
        if not any(mediators & direct.keys() for direct in self.paths.values()):
            return
        try:
            order = list(graphlib.TopologicalSorter(self.paths).static_order())[::-1]
        except graphlib.CycleError:
            return
        known = dict(self.covariances)
        for outcome in order:
            direct = self.paths.get(outcome, {})
            for mediator in (name for name in order if name in mediators & direct.keys()):
                one = self._mediation(mediator, outcome, known)
                if one is not None:
                    known[frozenset((mediator, outcome))] = one.path
                    yield one

    def _mediation(
        self, mediator: str, outcome: str, known: Mapping[frozenset[str], int]
    ) -> Mediation | None:
        """Return one path where its coordinates can be changed; `known` are all covariances."""
        direct, causes = self.paths[outcome], self.paths[mediator]
        if frozenset((mediator, outcome)) in known:
            return None
        others = [next(iter(p - {mediator})) for p in known if mediator in p and len(p) == 2]
        shared = (
            *((direct.get(cause, FIXED), causes[cause]) for cause in causes),
            *((known.get(frozenset((outcome, o)), FIXED), known[frozenset((mediator, o))])
              for o in others),
        )  # fmt: skip
        path = direct[mediator]
        variance, residual = (known.get(frozenset((v,)), FIXED) for v in (mediator, outcome))
        changed, kept = {path, residual, *(c for c, _ in shared)}, [a for _, a in shared]
        if not changed <= self.alone or FIXED in (variance, *kept):
            return None
        return Mediation(path, variance, residual, shared)


def _path(row: Parameter) -> tuple[str, str] | None:
    """Return cause and effect of a regression, a loading or an intercept."""
    match row.op:
        case "~":
            return row.rhs, row.lhs
        case "=~":
            return row.lhs, row.rhs
        case "~1":
            return "", row.lhs
        case _:
            return None
