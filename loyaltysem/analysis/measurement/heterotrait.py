"""Heterotrait–monotrait ratios of correlations, with bootstrap intervals.

HTMT estimates the correlation of two constructs from the correlations of their items alone; a
ratio near one says that the items do not tell the constructs apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.measurement.answers import (
    Constructs,
    Table,
    answers_of,
    constructs_of,
    require_columns,
    require_share,
    table_of,
)
from loyaltysem.analysis.measurement.heterotrait_findings import interval_findings
from loyaltysem.analysis.measurement.polychoric import polychoric_correlations
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.analysis.measurement.resampling import (
    IntervalKind,
    MomentKind,
    Resampled,
    bootstrap_moments,
)
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.types import Array, Indices

RatioKind: TypeAlias = Literal["htmt", "htmt2"]


def htmt_matrix(
    correlations: Array,
    groups: Sequence[Indices],
    *,
    kind: RatioKind = "htmt",
    absolute: bool = True,
) -> Array:
    """Return the heterotrait–monotrait ratios of the correlations, full and symmetric.

    Parameters
    ----------
    correlations : (…, p, p) array
        Correlations of the items.
    groups : sequence of (kᵢ,) index arrays
        Items of each construct.
    kind : {"htmt", "htmt2"}
        Arithmetic or geometric means.
    absolute : bool
        Take correlations without their sign.

    Returns
    -------
    (…, c, c) array
        NaN on the diagonal, for constructs with a single item, and where a mean has no root.

    Notes
    -----
    HTMTᵢⱼ = mean|r| between the items of i and j / √(mean|r| within i · mean|r| within j),
    Henseler, Ringle & Sarstedt (2015). HTMT2 takes geometric means and so is consistent for
    congeneric items too (Roemer, Schuberth & Henseler, 2021). Correlations enter in absolute value,
    as in semTools and SmartPLS, so reverse-keyed items do not shrink the ratio.
    """
    size = np.abs(correlations) if absolute else correlations
    within = np.stack([_monotrait(size, i, kind) for i in groups], axis=-1)
    shape = (*correlations.shape[:-2], len(groups), len(groups))
    between = np.full(shape, np.nan)
    for i, left in enumerate(groups):
        for j in range(i):
            block = size[..., left[:, None], groups[j]]
            between[..., i, j] = between[..., j, i] = _mean(_flat(block), kind)
    product = within[..., :, None] * within[..., None, :]
    return np.asarray(between / np.sqrt(np.where(product > 0, product, np.nan)))


def _monotrait(size: Array, items: Indices, kind: RatioKind) -> Array:
    rows, columns = np.tril_indices(len(items), k=-1)
    if not rows.size:
        return np.full(size.shape[:-2], np.nan)
    return _mean(size[..., items[rows], items[columns]], kind)


def _flat(block: Array) -> Array:
    return block.reshape(*block.shape[:-2], -1)


def _mean(values: Array, kind: RatioKind) -> Array:
    if kind == "htmt":
        return np.asarray(values.mean(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.exp(np.log(values).mean(-1)))


def htmt(
    data: Table,
    constructs: Constructs | None = None,
    *,
    kind: RatioKind = "htmt",
    ordered: bool = False,
    absolute: bool = True,
) -> pd.DataFrame:
    """Return the heterotrait–monotrait ratios of constructs, below the diagonal.

    Parameters
    ----------
    data : DataFrame or Responses
        Item scores; cases with a missing answer on any of the items are left out.
    constructs : mapping of str to sequence of str, optional
        The items of each construct; by default those of the responses' questionnaire.
    kind : {"htmt", "htmt2"}
        Arithmetic means, or geometric ones that allow loadings to differ.
    ordered : bool
        Use polychoric correlations.
    absolute : bool
        Take correlations without their sign.

    Returns
    -------
    DataFrame
        Ratios below the diagonal, NaN elsewhere and for single-item constructs. See
        `htmt_matrix` for the formula; `loyaltysem.htmt_intervals` adds intervals.

    Raises
    ------
    DataError
        Items are not columns of the data, or fewer than three complete cases remain.
    IncompatibleRequestError
        An unknown `kind`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(200, 2))
    >>> items = np.repeat(trait, 2, axis=1) + rng.normal(size=(200, 4))
    >>> frame = pd.DataFrame(items, columns=["a1", "a2", "b1", "b2"])
    >>> bool(htmt(frame, {"A": ["a1", "a2"], "B": ["b1", "b2"]}).loc["B", "A"] < 0.5)
    True
    """
    _check_kind(kind)
    data, constructs = table_of(data), constructs_of(data, constructs)
    scores = _complete(data, constructs)
    pearson: Array = np.asarray(np.corrcoef(scores, rowvar=False))
    cor = polychoric_correlations(scores) if ordered else pearson
    groups = _groups(constructs)
    ratio = htmt_matrix(cor, groups, kind=kind, absolute=absolute)
    shown = np.where(np.tri(len(groups), k=-1, dtype=bool), ratio, np.nan)
    return pd.DataFrame(shown, index=list(constructs), columns=list(constructs))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HTMTIntervals(Printed):
    """Heterotrait–monotrait ratios with bootstrap intervals.

    Attributes
    ----------
    frame : DataFrame
        One row a pair of constructs (and group): ``construct other htmt ci_lower ci_upper n_obs
        used below_one``, with groups a first column ``group``. `used` counts the draws with a
        value; `below_one` says whether the upper limit lies below 1 (None without one).
    kind : {"htmt", "htmt2"}
    interval : {"percentile", "bca"}
    confidence : float
    draws, seed : int
        Draws asked for, and the seed that draws them again.
    constructs : tuple of str
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    kind: RatioKind
    interval: IntervalKind
    confidence: float
    draws: int
    seed: int
    constructs: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was drawn, in words."""
        drawn = f"{integer(self.draws)} bootstrap draws, seed {self.seed}"
        return f"{self.kind.upper()}, {percent(self.confidence, 0)} {self.interval} CI, {drawn}"

    def matrix(self, group: str | None = None) -> pd.DataFrame:
        """Return the ratios below the diagonal, of one group where there are several."""
        rows = self.frame if group is None else self.frame[self.frame["group"] == group]
        names = list(self.constructs)
        square = pd.DataFrame(np.nan, index=names, columns=names)
        for row in rows.to_dict("records"):
            square.loc[row["other"], row["construct"]] = row["htmt"]
        return square


def htmt_intervals(
    data: Table,
    constructs: Constructs | None = None,
    *,
    kind: RatioKind = "htmt",
    ordered: bool = False,
    absolute: bool = True,
    group: str | None = None,
    draws: int = 1000,
    interval: IntervalKind = "percentile",
    confidence: float = 0.95,
    seed: int | None = None,
    n_jobs: int | None = None,
) -> HTMTIntervals:
    """Return heterotrait–monotrait ratios with bootstrap intervals.

    Parameters
    ----------
    data : DataFrame or Responses
        Item scores; incomplete cases are left out.
    constructs : mapping of str to sequence of str, optional
        The items of each construct; by default those of the responses' questionnaire.
    kind, ordered, absolute
        As for `loyaltysem.htmt`.
    group : str, optional
        Column that tells groups apart: ratios and draws within each.
    draws : int, default 1000
    interval : {"percentile", "bca"}
    confidence : float, default 0.95
        Two-sided level. To test HTMT < 1 at 5 % one-sided, ask for 0.90 (Franke & Sarstedt, 2019).
    seed : int, optional
        By default a new one, told in the result.
    n_jobs : int, optional
        Workers; the result does not depend on their number.

    Returns
    -------
    HTMTIntervals

    Raises
    ------
    DataError
        Items or `group` are not columns, or a group has fewer than three complete cases.
    IncompatibleRequestError
        An unknown `kind` or `interval`, or no draws.

    Notes
    -----
    Whole cases are drawn with replacement. A draw in which an item does not vary gives no value;
    `frame` counts those that did. Sampling error makes absolute correlations near 0 larger, so that
    a ratio near 0 lies below most of its draws: a finding names intervals that do not hold their
    estimate. BCa, which turns on the share of draws below the estimate, is then narrow and wrong.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> items = np.repeat(rng.normal(size=(200, 2)), 2, axis=1) + rng.normal(size=(200, 4))
    >>> frame = pd.DataFrame(items, columns=["a1", "a2", "b1", "b2"])
    >>> found = htmt_intervals(frame, {"A": ["a1", "a2"], "B": ["b1", "b2"]}, draws=200, seed=1)
    >>> found.frame[["construct", "other", "below_one"]].values.tolist()
    [['A', 'B', True]]
    """
    _check_kind(kind)
    require_share(confidence)
    data, constructs = table_of(data), constructs_of(data, constructs)
    require_columns([] if group is None else [group], data)
    moments: MomentKind = "polychoric" if ordered else "correlation"
    statistic = partial(_below, groups=_groups(constructs), kind=kind, absolute=absolute)
    parts = [("", data)] if group is None else [(str(g), d) for g, d in data.groupby(group)]
    frames = []
    for label, part in parts:
        scores = _complete(part, constructs)
        found = bootstrap_moments(
            scores, statistic, kind=moments, draws=draws, seed=seed, interval=interval,
            n_jobs=n_jobs,
        )  # fmt: skip
        seed = found.seed
        table = _pair_table(list(constructs), found, confidence, len(scores))
        frames.append(table if group is None else table.assign(group=label))
    frame = pd.concat(frames, ignore_index=True)
    if group is not None:
        frame.insert(0, "group", frame.pop("group"))
    return HTMTIntervals(
        frame, kind, interval, confidence, draws, seed or 0, tuple(constructs),
        interval_findings(frame, draws),
    )  # fmt: skip


def _below(
    correlations: Array, *, groups: Sequence[Indices], kind: RatioKind, absolute: bool
) -> Array:
    ratio = htmt_matrix(correlations, groups, kind=kind, absolute=absolute)
    rows, columns = np.tril_indices(len(groups), -1)
    return np.asarray(ratio[..., rows, columns])


def _pair_table(names: list[str], found: Resampled, level: float, n_obs: int) -> pd.DataFrame:
    rows, columns = np.tril_indices(len(names), -1)
    limits = found.interval(level)
    return pd.DataFrame(
        {
            "construct": [names[j] for j in columns],
            "other": [names[i] for i in rows],
            "htmt": found.estimate,
            "ci_lower": limits.lower,
            "ci_upper": limits.upper,
            "n_obs": n_obs,
            "used": limits.used,
            "below_one": [bool(x < 1) if np.isfinite(x) else None for x in limits.upper],
        }
    )


def _check_kind(kind: str) -> None:
    if kind not in ("htmt", "htmt2"):
        raise IncompatibleRequestError(
            f"There is no ratio of kind '{kind}'.",
            code="request.htmt_kind",
            hint="Ask for 'htmt' or 'htmt2'.",
        )


def _groups(constructs: Constructs) -> list[Indices]:
    edges = np.cumsum([0, *(len(group) for group in constructs.values())])
    return [np.arange(first, stop) for first, stop in pairwise(edges)]


def _complete(data: pd.DataFrame, constructs: Constructs) -> Array:
    items = [item for group in constructs.values() for item in group]
    scores = answers_of(data, constructs, "validity")[items].dropna().to_numpy(dtype=float)
    if len(scores) < 3:
        raise DataError(
            f"HTMT needs at least 3 complete cases on {len(items)} items; {len(scores)} remain.",
            code="data.too_few_cases",
            hint="Check the missing answers.",
        )
    return scores
