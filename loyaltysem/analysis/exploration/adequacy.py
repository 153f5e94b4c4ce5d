"""Whether items have enough in common to look for factors: KMO and Bartlett's sphericity test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from loyaltysem.analysis.exploration.eigen import is_positive_definite, smoothed
from loyaltysem.analysis.exploration.items import Missing, item_correlations
from loyaltysem.analysis.item_frame import Items
from loyaltysem.core.display import bounded, integer, number, p_relation
from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Kaiser's (1974) words, from the value on.
WORDS: tuple[tuple[float, Text], ...] = (
    (0.9, Text("marvellous", "极佳")),
    (0.8, Text("meritorious", "良好")),
    (0.7, Text("middling", "中等")),
    (0.6, Text("mediocre", "一般")),
    (0.5, Text("miserable", "较差")),
    (-np.inf, Text("unacceptable", "不可接受")),
)
#: Below this, items should not be factored (Kaiser 1974).
UNACCEPTABLE = 0.5


def sampling_adequacy(r: Array) -> tuple[float, Array]:
    """Return KMO of all items and of each, shape (p,), from a correlation matrix (p, p).

    ``Σ r²/(Σ r² + Σ q²)`` over the off-diagonal, q the anti-image (negative partial) correlations,
    for each item over its column (Kaiser 1970; Kaiser & Rice 1974).

    Examples
    --------
    >>> overall, items = sampling_adequacy(np.full((3, 3), 0.5) + 0.5 * np.eye(3))
    >>> round(overall, 3), items.round(3).tolist()
    (0.692, [0.692, 0.692, 0.692])
    """
    inverse = np.linalg.inv(smoothed(r))
    scale = np.sqrt(np.diagonal(inverse))
    image = (inverse / np.outer(scale, scale)) ** 2
    squares = r**2
    np.fill_diagonal(image, 0.0)
    squares = squares - np.diag(np.diagonal(squares))
    own, partial = squares.sum(axis=0), image.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return float(own.sum() / (own.sum() + partial.sum())), np.asarray(own / (own + partial))


def sphericity(r: Array, n_obs: int) -> tuple[float, int]:
    """Return Bartlett's χ² and df: ``−[N − 1 − (2p + 5)/6] log|R|`` (Bartlett 1950).

    χ² is +∞ for a singular matrix.
    """
    p = len(r)
    sign, logdet = np.linalg.slogdet(r)
    chisq = -(n_obs - 1 - (2 * p + 5) / 6) * (logdet if sign > 0 else -np.inf)
    return max(float(chisq), 0.0), p * (p - 1) // 2


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class KMO(Shown):
    """Kaiser–Meyer–Olkin measure of sampling adequacy.

    Attributes
    ----------
    overall : float
    items : Series
        By item.
    n_obs : int
    findings : tuple of Finding
    """

    overall: float
    items: pd.Series[float]
    n_obs: int
    findings: tuple[Finding, ...] = ()

    @property
    def word(self) -> Text:
        """Kaiser's word for the overall value."""
        return next(text for low, text in WORDS if self.overall >= low)

    @property
    def frame(self) -> pd.DataFrame:
        """``item kmo``."""
        return pd.DataFrame({"item": self.items.index, "kmo": self.items.to_numpy()})

    def _cells(self) -> tuple[tuple[str, str], list[tuple[str, str]]]:
        rows = [(str(name), bounded(float(value), 2)) for name, value in self.items.items()]
        return ("item", "KMO"), rows

    def _headline(self) -> Iterator[str]:
        size = f"{len(self.items)} items, N = {integer(self.n_obs)}"
        yield f"KMO {bounded(self.overall)} ({self.word.en}), {size}"

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield "", self._cells()


def kmo(
    items: Items,
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
) -> KMO:
    """Return the Kaiser–Meyer–Olkin measure of sampling adequacy, overall and by item.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    polychoric : bool
        Use polychoric correlations.
    missing : {"listwise", "pairwise", "em"}
        See `efa`.
    n_obs : int, optional
        Cases behind a matrix.

    Returns
    -------
    KMO

    Raises
    ------
    DataError
        The items cannot be correlated.

    Notes
    -----
    ``psych::KMO``. psych correlates pairwise; pass ``missing="pairwise"`` for the same numbers with
    missing answers. Where the matrix cannot be inverted psych uses it in place of its inverse; here
    it is smoothed, and a finding says so.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> f = rng.standard_normal((200, 1))
    >>> print(str(kmo(f + rng.standard_normal((200, 4)))).splitlines()[0])
    KMO .782 (middling), 4 items, N = 200
    """
    source = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    overall, each = sampling_adequacy(source.r)
    by_item = pd.Series(each, index=list(source.names), name="kmo")
    findings = (*source.findings, *_low(overall, by_item))
    return KMO(overall, by_item, source.n_obs, findings)


def _low(overall: float, items: pd.Series[float]) -> tuple[Finding, ...]:
    low = [str(name) for name, value in items.items() if value < UNACCEPTABLE]
    found = []
    if overall < UNACCEPTABLE:
        text = Text(
            f"KMO is {bounded(overall)}: below .50 the items have too little in common.",
            f"KMO 值为 {bounded(overall)}：低于 .50，题项共同性过低，不宜作因子分析。",
        )
        found.append(Finding("exploration.low_kmo", text))
    if low:
        text = Text(
            f"KMO is below .50 for {', '.join(low)}.", f"{'、'.join(low)} 的 KMO 值低于 .50。"
        )
        hint = Text("Try without these items.", "可尝试剔除这些题项。")
        found.append(Finding("exploration.low_kmo_item", text, hint))
    return tuple(found)


@dataclass(frozen=True, slots=True, repr=False)
class BartlettSphericity(Shown):
    """Bartlett's test that items are uncorrelated.

    Attributes
    ----------
    chisq : float
    df : int
    pvalue : float
    n_obs : int
    findings : tuple of Finding
    """

    chisq: float
    df: int
    pvalue: float
    n_obs: int
    findings: tuple[Finding, ...] = ()

    def _headline(self) -> Iterator[str]:
        head = f"Bartlett's test of sphericity: χ²({self.df}) = {number(self.chisq, 2)}, "
        yield head + p_relation(self.pvalue) + f", N = {integer(self.n_obs)}"


def bartlett_sphericity(
    items: Items,
    *,
    polychoric: bool = False,
    missing: Missing = "listwise",
    n_obs: int | None = None,
) -> BartlettSphericity:
    """Test whether the items are uncorrelated in the population (Bartlett 1950).

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers, shape (N, p); or with `n_obs` their correlation or covariance matrix.
    polychoric : bool
        Use polychoric correlations, for which the χ² is only a guide.
    missing : {"listwise", "pairwise", "em"}
        See `efa`.
    n_obs : int, optional
        Cases behind a matrix.

    Returns
    -------
    BartlettSphericity

    Raises
    ------
    DataError
        The items cannot be correlated.

    Notes
    -----
    ``psych::cortest.bartlett``. The test is almost always significant in samples of usual size; it
    tells little beside KMO.

    Examples
    --------
    >>> r = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    >>> print(bartlett_sphericity(r, n_obs=100))
    Bartlett's test of sphericity: χ²(3) = 67.35, p < .001, N = 100
    """
    source = item_correlations(items, polychoric=polychoric, missing=missing, n_obs=n_obs)
    singular = not is_positive_definite(source.r)
    chisq, df = sphericity(source.r, source.n_obs)
    chisq = np.inf if singular else chisq
    return BartlettSphericity(chisq, df, float(chdtrc(df, chisq)), source.n_obs, source.findings)
