"""The model as a graph: who is drawn, in which role, joined by what. No positions here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError

EdgeKind: TypeAlias = Literal["loading", "regression", "covariance"]
INDICATOR_LIMIT = 24
"""Above this many indicators a diagram shows the structural part unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow: `std` is the standardised estimate, `p` is NaN for a fixed parameter."""

    kind: EdgeKind
    source: str
    target: str
    std: float
    p: float

    @property
    def is_nonsignificant(self) -> bool:
        """Tested and not different from zero at the 5 % level."""
        return self.p >= 0.05


@dataclass(frozen=True, slots=True)
class Graph:
    """A path model ready to be laid out.

    Parameters
    ----------
    latents, observed : tuple of str
        Variables drawn as ellipses and as rectangles.
    parent : mapping of str to str
        For each factor indicator (observed, or a first-order factor) the factor it stands with.
    roots : tuple of str
        Variables of the structural part: those that stand with no factor.
    edges : tuple of Edge
        Every arrow between drawn variables.
    r2 : mapping of str to float
        R² of endogenous variables.
    hidden : int
        Indicators left out of the picture.
    """

    latents: tuple[str, ...]
    observed: tuple[str, ...]
    parent: Mapping[str, str]
    roots: tuple[str, ...]
    edges: tuple[Edge, ...]
    r2: Mapping[str, float]
    hidden: int = 0

    def children(self, factor: str) -> tuple[str, ...]:
        """Return the indicators that stand with `factor`, in the model's order."""
        return tuple(child for child, owner in self.parent.items() if owner == factor)

    def of_kind(self, kind: EdgeKind) -> tuple[Edge, ...]:
        """Return the edges of one kind."""
        return tuple(edge for edge in self.edges if edge.kind == kind)

    def endogenous(self) -> tuple[str, ...]:
        """Return the variables some arrow points to."""
        aimed = {e.target for e in self.edges if e.kind != "covariance"}
        return tuple(name for name in (*self.latents, *self.observed) if name in aimed)


def build_graph(
    parameters: pd.DataFrame, rsquare: pd.Series | None = None, *, indicators: bool | None = None
) -> Graph:
    """Return the graph of a fitted model's parameter frame.

    Parameters
    ----------
    parameters : DataFrame
        Columns ``lhs op rhs pvalue std_all`` at least.
    rsquare : Series, optional
        R² by variable name.
    indicators : bool, optional
        Draw observed indicators; by default when there are at most 24 of them.

    Raises
    ------
    IncompatibleRequestError
        When the frame holds several groups, lacks a column, or holds nothing to draw.
    """
    _check(parameters)
    edges = tuple(_edges(parameters))
    latents = tuple(dict.fromkeys(e.source for e in edges if e.kind == "loading"))
    names = dict.fromkeys(n for e in edges for n in (e.source, e.target))
    parent = _parents(edges, latents)
    items = [n for n in parent if n not in latents]
    show = len(items) <= INDICATOR_LIMIT if indicators is None else indicators
    in_paths = {n for e in edges if e.kind == "regression" for n in (e.source, e.target)}
    dropped = set() if show else {n for n in items if n not in in_paths}
    kept = tuple(e for e in edges if not dropped & {e.source, e.target})
    r2 = {} if rsquare is None else {str(k): float(v) for k, v in rsquare.items()}
    return Graph(
        latents=latents,
        observed=tuple(n for n in names if n not in latents and n not in dropped),
        parent={c: f for c, f in parent.items() if c not in dropped},
        roots=tuple(n for n in names if n not in parent),
        edges=kept,
        r2=r2,
        hidden=len(dropped),
    )


def _check(parameters: pd.DataFrame) -> None:
    """Refuse a frame that cannot be drawn."""
    absent = [c for c in ("lhs", "op", "rhs", "pvalue", "std_all") if c not in parameters]
    if absent:
        raise IncompatibleRequestError(
            f"The parameter frame has no column {', '.join(absent)}.",
            code="report.missing_columns",
            hint="Pass fit.parameters(standardized=True).",
        )
    groups = set(parameters["group"]) - {0} if "group" in parameters else set()
    if len(groups) > 1:  # defined parameters belong to group 0
        raise IncompatibleRequestError(
            f"The parameter frame holds {len(groups)} groups; a path diagram shows one.",
            code="report.one_group",
            hint="Select one group's rows first, for example parameters[parameters.group == 1].",
        )
    if not parameters["op"].isin(["=~", "~"]).any():
        raise IncompatibleRequestError(
            "The parameter frame holds neither a loading nor a regression; there is nothing to "
            "draw.",
            code="report.nothing_to_draw",
            hint="Pass the whole frame of fit.parameters(standardized=True).",
        )


def _edges(parameters: pd.DataFrame) -> list[Edge]:
    """Return loadings, regressions and covariances; a covariance fixed at zero is not drawn."""
    found = []
    columns = zip(*(parameters[c] for c in ("lhs", "op", "rhs", "std_all", "pvalue")), strict=True)
    for lhs, op, rhs, std, p in columns:
        if op == "=~":
            found.append(Edge("loading", lhs, rhs, float(std), float(p)))
        elif op == "~":
            found.append(Edge("regression", rhs, lhs, float(std), float(p)))
        elif op == "~~" and lhs != rhs and not (std == 0 and math.isnan(p)):
            found.append(Edge("covariance", lhs, rhs, float(std), float(p)))
    return found


def _parents(edges: tuple[Edge, ...], latents: tuple[str, ...]) -> dict[str, str]:
    """Give each indicator one factor to stand with: the most specific one, then the first."""
    size = {f: sum(e.kind == "loading" and e.source == f for e in edges) for f in latents}
    parent: dict[str, str] = {}
    for e in edges:
        if e.kind == "loading" and (
            e.target not in parent or size[e.source] < size[parent[e.target]]
        ):
            parent[e.target] = e.source
    return parent
