"""Cases with missing values, arranged by what they miss.

Every quantity of the normal likelihood is a weighted sum over *rows* of a pattern, so a case and a
sufficient statistic look alike: a row is ``y − δμ`` on the variables its pattern observes, with
δ = 1 for a case (or a mean) and δ = 0 for a row that carries only spread. Patterns that miss the
same number of variables form one block, whose small matrices are stacked and treated together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.types import Array, Indices, Mask


@dataclass(frozen=True, slots=True)
class PatternBlock:
    """Patterns that miss the same number of variables, u ≥ 1.

    Attributes
    ----------
    patterns : slice
        Which patterns these are (K of them).
    rows : slice
        Which rows belong to them.
    missing : Indices, shape (K, u)
        The variables each pattern misses.
    owner : Indices, shape (rows,)
        Pattern of each row, counted from the first pattern of the block.
    """

    patterns: slice
    rows: slice
    missing: Indices
    owner: Indices


@dataclass(frozen=True, slots=True)
class MissingPatterns:
    """Sufficient statistics of incomplete data.

    Rows are ordered by the number of missing variables, then by pattern.

    Attributes
    ----------
    y : Array, shape (R, p)
        Values of the rows, 0 where missing.
    intercept : Array, shape (R,)
        δ: 1 for a case or a mean, 0 for a row that carries only spread.
    pattern : Indices, shape (R,)
        Pattern of each row.
    observed : Mask, shape (K, p)
        What each pattern observes.
    weight : Array, shape (B, R)
        How often each row counts in each replicate.
    blocks : tuple of PatternBlock
        The patterns that miss something.
    case : Indices, shape (R,)
        Place of each row in the data it came from; empty where rows are sufficient statistics.
    n_empty : int
        Cases left out because nothing was observed.
    """

    y: Array
    intercept: Array
    pattern: Indices
    observed: Mask
    weight: Array
    blocks: tuple[PatternBlock, ...]
    case: Indices
    n_empty: int

    @property
    def p(self) -> int:
        """Number of variables."""
        return int(self.y.shape[1])

    @property
    def n_patterns(self) -> int:
        """Number of patterns K, the complete one included."""
        return len(self.observed)

    @property
    def n_obs(self) -> Array:
        """Cases in each replicate, shape (B,)."""
        return np.asarray(self.weight @ self.intercept)

    @property
    def frequency(self) -> Array:
        """Cases of each pattern, shape (B, K)."""
        first = np.searchsorted(self.pattern, np.arange(self.n_patterns))
        return np.asarray(np.add.reduceat(self.weight * self.intercept, first, axis=1))

    @property
    def coverage(self) -> Array:
        """Cases that observe both variables of each pair, shape (B, p, p)."""
        seen = self.observed.astype(np.float64)
        return np.asarray(np.swapaxes(self.frequency[:, :, None] * seen, 1, 2) @ seen)

    def take(self, rows: Indices) -> MissingPatterns:
        """Keep some replicates."""
        return replace(self, weight=self.weight[rows])

    def reweighted(self, counts: Array) -> MissingPatterns:
        """Return replicates in which case i counts ``counts[b, i]`` times (bootstrap samples).

        Parameters
        ----------
        counts : Array, shape (B, N)
            One column a row of the data the patterns were found in.
        """
        return replace(self, weight=np.asarray(counts, dtype=np.float64)[:, self.case])

    def compressed(self) -> MissingPatterns:
        """Replace cases by sufficient statistics where that takes fewer rows.

        A pattern with more cases than variables becomes its mean and a triangular factor of its
        cross-products. Row weights other than those of single cases are not compressed.
        """
        if len(self.weight) > 1 or (self.weight != 1.0).any():
            return self
        limits = np.searchsorted(self.pattern, np.arange(self.n_patterns + 1))
        parts = [
            _sufficient(self.y[start:stop], self.observed[k])
            for k, (start, stop) in enumerate(pairwise(limits))
        ]
        y, intercept, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
        if len(y) == len(self.y):
            return self
        pattern = np.repeat(np.arange(self.n_patterns), [len(part[0]) for part in parts])
        return replace(
            self,
            y=y,
            intercept=intercept,
            pattern=pattern,
            weight=weight[None],
            blocks=_blocks(self.observed, pattern),
            case=np.empty(0, dtype=np.intp),
        )


def _sufficient(y: Array, observed: Mask) -> tuple[Array, Array, Array]:
    """Return rows, δ and weights that carry what a pattern's cases say about μ and Σ."""
    n, p = y.shape
    seen = np.flatnonzero(observed)
    if n <= len(seen) + 1:
        return y, np.ones(n), np.ones(n)
    mean = y.mean(axis=0)
    factor = np.linalg.qr((y - mean)[:, seen], mode="r")
    rows = np.zeros((1 + len(seen), p))
    rows[0] = mean
    rows[1:, seen] = factor
    only_first = np.zeros(1 + len(seen))
    only_first[0] = 1.0
    return rows, only_first, np.where(only_first > 0, float(n), 1.0)


def find_patterns(values: Array, names: Sequence[str] | None = None) -> MissingPatterns:
    """Arrange cases by what they miss.

    Parameters
    ----------
    values : Array, shape (N, p)
        NaN where a value is missing.
    names : sequence of str, optional
        Of the variables, for error messages.

    Returns
    -------
    MissingPatterns
        With a batch axis of one. Cases with nothing observed are left out and counted.

    Raises
    ------
    DataError
        Naming the variables that are never observed, or that do not vary.

    Examples
    --------
    >>> nan = float("nan")
    >>> found = find_patterns(np.array([[1.0, 2.0], [2.0, nan], [nan, nan], [0.0, 1.0]]))
    >>> found.n_obs.tolist(), found.n_patterns, found.n_empty
    ([3.0], 2, 1)
    >>> found.coverage[0].tolist()
    [[3.0, 2.0], [2.0, 2.0]]
    """
    seen = np.isfinite(values)
    _check(values, seen, names or [f"column {j + 1}" for j in range(values.shape[1])])
    kept = np.flatnonzero(seen.any(axis=1))
    observed, pattern = _distinct(seen[kept])
    order = np.argsort(pattern, kind="stable")
    case = kept[order]
    return MissingPatterns(
        y=np.where(seen[case], values[case], 0.0),
        intercept=np.ones(len(case)),
        pattern=pattern[order],
        observed=observed,
        weight=np.ones((1, len(case))),
        blocks=_blocks(observed, pattern[order]),
        case=case,
        n_empty=len(values) - len(kept),
    )


def _distinct(seen: Mask) -> tuple[Mask, Indices]:
    """Return the distinct patterns, those that miss least first, and the pattern of each case."""
    packed = np.packbits(seen, axis=1)
    _, first, label = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    found = seen[first]
    order = np.argsort((~found).sum(axis=1), kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return found[order], rank[label.ravel()]


def _blocks(observed: Mask, pattern: Indices) -> tuple[PatternBlock, ...]:
    n_missing = (~observed).sum(axis=1)
    blocks = []
    for u in np.unique(n_missing[n_missing > 0]).tolist():
        first, last = np.searchsorted(n_missing, [u, u + 1]).tolist()
        start, stop = np.searchsorted(pattern, [first, last]).tolist()
        missing = np.nonzero(~observed[first:last])[1].reshape(last - first, u)
        owner = pattern[start:stop] - first
        blocks.append(PatternBlock(slice(first, last), slice(start, stop), missing, owner))
    return tuple(blocks)


def _check(values: Array, seen: Mask, names: Sequence[str]) -> None:
    never = [names[j] for j in np.flatnonzero(~seen.any(axis=0)).tolist()]
    if never:
        raise DataError(
            f"No respondent answered {', '.join(map(repr, never))}.",
            code="data.never_observed",
            hint="A variable without a single value cannot be analysed; take it out of the model.",
        )
    high = np.where(seen, values, -np.inf).max(axis=0)
    low = np.where(seen, values, np.inf).min(axis=0)
    constant = [names[j] for j in np.flatnonzero(high == low).tolist()]
    if constant:
        raise DataError(
            f"Every respondent who answered gave the same answer to "
            f"{', '.join(map(repr, constant))}.",
            code="data.constant",
            hint="A variable that does not vary cannot be explained; take it out of the model.",
        )


def never_together(patterns: MissingPatterns) -> Indices:
    """Return the pairs of variables that no case observes together, shape (n, 2).

    The data say nothing about their covariance by itself; a model may still determine it.

    Examples
    --------
    >>> nan = float("nan")
    >>> never_together(find_patterns(np.array([[1, nan], [2, nan], [nan, 1], [nan, 3]]))).tolist()
    [[0, 1]]
    """
    low, high = np.triu_indices(patterns.p, 1)
    uncovered = patterns.coverage[:, low, high].min(axis=0) == 0
    return np.column_stack([low[uncovered], high[uncovered]]).astype(np.intp)
