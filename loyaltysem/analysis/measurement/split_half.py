"""Split-half reliability over all or many splits of a scale."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from loyaltysem.analysis.item_frame import Items
from loyaltysem.analysis.measurement.answers import usable
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.analysis.measurement.resampling import LARGEST_SEED
from loyaltysem.core.display import integer
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Up to this many splits, all are taken.
ALL_SPLITS = 10_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SplitHalfResult(Printed):
    """Reliabilities of a scale from its halves.

    Attributes
    ----------
    frame : DataFrame
        One row a way to split: ``split half_r spearman_brown guttman_lambda4``. `half_r` is the
        correlation of the halves. Rows ``odd–even`` and ``first–second``, then minimum, mean,
        median, maximum over the splits drawn: each column by itself.
    splits : DataFrame
        One row a split drawn: ``first_half half_r spearman_brown guttman_lambda4``.
    exhaustive : bool
        Whether all splits into halves of equal size were taken.
    seed : int or None
        Of the random splits.
    n_items, n_obs : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    splits: pd.DataFrame
    exhaustive: bool
    seed: int | None
    n_items: int
    n_obs: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many splits, in words."""
        count = integer(len(self.splits))
        which = f"all {count} splits" if self.exhaustive else f"{count} splits, seed {self.seed}"
        return f"Split-half reliability, {self.n_items} items, N = {self.n_obs}, {which}"

    @property
    def lambda4(self) -> float:
        """Guttman's λ₄ of the best split found: the largest."""
        return float(self.splits["guttman_lambda4"].max())

    @property
    def beta(self) -> float:
        """λ₄ of the worst split found, Revelle's β where all splits were taken."""
        return float(self.splits["guttman_lambda4"].min())


def split_half(
    items: Items, *, splits: int | None = None, seed: int | None = None
) -> SplitHalfResult:
    """Return split-half reliabilities.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers to one scale, shape (N, k), reverse items turned; incomplete cases are left out.
    splits : int, optional
        Random splits to draw. By default all where there are at most 10,000 (up to 16 items), else
        10,000 drawn.
    seed : int, optional
        Of the random splits; by default a new one, told in the result.

    Returns
    -------
    SplitHalfResult

    Raises
    ------
    DataError
        Fewer than two items, fewer than three complete cases, or an item that does not vary.
    IncompatibleRequestError
        Fewer than one split asked for.

    Notes
    -----
    With halves A and B of total T, sharing p and q = 1 − p of the items:

    * Rulon's (1939) reliability and Guttman's (1945) λ₄ are the same, 4 cov(A, B)/var(T). Over all
      splits of an even number of items its mean is α; its minimum is Revelle's (1979) β.
    * Spearman–Brown (Spearman, 1910; Brown, 1910): 2r/(1 + r). With halves of unequal length the
      form of Horst (1951), which is the same for p = ½.

    psych's ``splitHalf`` prints λ₄ throughout ("Average split half", "Guttman lambda 4", "Minimum
    split half (beta)"); for an odd number of items its random splits differ in kind from these.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 3, 4], "c": [2, 2, 3, 5]})
    >>> print(split_half(answers).frame.round(3).to_string(index=False))
           split  half_r  spearman_brown  guttman_lambda4
        odd–even   0.851           0.927            0.795
    first–second   0.849           0.926            0.842
         minimum   0.849           0.926            0.795
            mean   0.894           0.948            0.842
          median   0.851           0.927            0.842
         maximum   0.981           0.992            0.889
    """
    _, complete = usable(items, "Split-half reliability")
    if splits is not None and splits < 1:
        raise IncompatibleRequestError(
            f"Cannot take {splits} splits.",
            code="request.splits",
            hint="Ask for at least 1, or leave the argument out.",
        )
    cov = np.cov(complete.to_numpy(np.float64), rowvar=False)
    names = [str(c) for c in complete.columns]
    k = len(names)
    total = comb(k, k // 2) // (2 if k % 2 == 0 else 1)
    exhaustive = splits is None and total <= ALL_SPLITS
    if not exhaustive and seed is None:
        seed = secrets.randbelow(LARGEST_SEED)
    chosen = _all(k) if exhaustive else _random(k, splits or ALL_SPLITS, seed or 0)
    table = _coefficients(cov, chosen)
    labels = [", ".join(names[i] for i in np.flatnonzero(row)) for row in chosen]
    return SplitHalfResult(
        _summary(cov, table), table.assign(first_half=labels)[["first_half", *table.columns]],
        exhaustive, None if exhaustive else seed, k, len(complete), _findings(table),
    )  # fmt: skip


def _all(k: int) -> Array:
    """Return indicators (S, k) of the first half, each split once."""
    rows = [
        picked
        for picked in combinations(range(k), k // 2)
        if k % 2 or picked[0] == 0  # of two halves of one size, the one with the first item
    ]
    chosen = np.zeros((len(rows), k))
    chosen[np.repeat(np.arange(len(rows)), k // 2), np.ravel(rows)] = 1.0
    return chosen


def _random(k: int, count: int, seed: int) -> Array:
    order = np.random.default_rng(seed).random((count, k)).argsort(axis=1)
    return np.asarray((order < k // 2).astype(np.float64))


def _coefficients(cov: Array, chosen: Array) -> pd.DataFrame:
    """Compute all splits at once: halves are sums, so their moments are quadratic forms."""
    first, second = chosen @ cov, (1 - chosen) @ cov
    a, b = (first * chosen).sum(axis=1), (second * (1 - chosen)).sum(axis=1)
    ab = (first * (1 - chosen)).sum(axis=1)
    share = chosen.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = ab / np.sqrt(a * b)
        lambda4 = 4 * ab / cov.sum()
    return pd.DataFrame(
        {"half_r": r, "spearman_brown": _stepped_up(r, share), "guttman_lambda4": lambda4}
    )


def _stepped_up(r: Array, share: Array) -> Array:
    """Horst's formula; Spearman–Brown for a share of one half, of either sign of r."""
    spread = share * (1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(r**2 + 4 * spread * (1 - r**2))
        value = np.abs(r) * (root - np.abs(r)) / (2 * spread * (1 - r**2))
    even = 2 * r / (1 + r)
    odd = np.where(np.abs(r) < 1, np.sign(r) * value, r)
    return np.asarray(np.where(np.isclose(spread, 0.25), even, odd))


def _summary(cov: Array, table: pd.DataFrame) -> pd.DataFrame:
    k = len(cov)
    odd = (np.arange(k) % 2 == 0).astype(np.float64)[None]
    first = (np.arange(k) < (k + 1) // 2).astype(np.float64)[None]
    named = pd.concat([_coefficients(cov, odd), _coefficients(cov, first)])
    over = table.agg(["min", "mean", "median", "max"])
    frame = pd.concat([named, over], ignore_index=True)
    labels = ["odd–even", "first–second", "minimum", "mean", "median", "maximum"]
    frame.insert(0, "split", labels)
    return frame


def _findings(table: pd.DataFrame) -> tuple[Finding, ...]:
    spread = float(table["guttman_lambda4"].max() - table["guttman_lambda4"].min())
    if spread <= 0.2:
        return ()
    text = Text(
        f"λ4 differs by {spread:.2f} between splits: the items may measure more than one thing.",
        f"不同折半方式的 λ4 相差 {spread:.2f}：题项可能测量了不止一个维度。",
    )
    hint = Text(
        "Look at omega hierarchical and at a factor analysis.", "请查看 ω_h 与因子分析结果。"
    )
    return (Finding("reliability.splits_differ", text, hint),)
