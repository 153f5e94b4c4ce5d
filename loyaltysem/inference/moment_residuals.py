"""Differences between sample and implied moments, and the indices that average them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from loyaltysem.core.linalg import correlation
from loyaltysem.core.types import Array
from loyaltysem.moments.ordinal_layout import MomentKind, MomentLayout

#: Each with means and, as ``…_nomean``, without them.
INDICES = ("srmr_bentler", "crmr", "srmr_mplus", "rmr")


@dataclass(frozen=True, slots=True)
class MomentPair:
    """Sample and implied moments of one group: `s`, `sigma` (p, p); `m`, `mu` (p,) or None."""

    s: Array
    sigma: Array
    m: Array | None
    mu: Array | None
    share: float


def _root_mean(parts: Sequence[Array], count: int) -> float:
    return (
        float(np.sqrt(sum(float((x**2).sum()) for x in parts) / count)) if count else float("nan")
    )


@dataclass(frozen=True, slots=True)
class _Squares:
    """A sum of squares and what it is a sum over."""

    total: float
    count: int

    def __add__(self, other: _Squares) -> _Squares:
        return _Squares(self.total + other.total, self.count + other.count)

    def root_mean(self) -> float:
        return sqrt(self.total / self.count) if self.count else nan


def _squares(x: Array) -> _Squares:
    return _Squares(float(np.vdot(x, x)), len(x))


def _lower_squares(x: Array, diagonal: bool = True) -> _Squares:
    """Sum over the lower triangle of a symmetric matrix."""
    p = len(x)
    own, whole = (float(np.vdot(part, part)) for part in (x.diagonal(), x))
    if diagonal:
        return _Squares(0.5 * (whole + own), p * (p + 1) // 2)
    return _Squares(0.5 * (whole - own), p * (p - 1) // 2)


def _covariance_squares(pair: MomentPair) -> dict[str, _Squares]:
    """Square the residuals of covariances in four ways.

    ``srmr_bentler`` is over sample standard deviations (Bentler 1995), ``crmr`` of correlations
    (Bollen 1989), ``srmr_mplus`` of correlations and, relatively, of variances, as Mplus prints it,
    ``rmr`` in the units of the data.
    """
    residual = pair.s - pair.sigma
    s_var, sigma_var = pair.s.diagonal(), np.maximum(pair.sigma.diagonal(), 0.0)
    sd = np.sqrt(s_var)
    difference = correlation(pair.s) - correlation(pair.sigma)
    between = _lower_squares(difference, diagonal=False)
    return {
        "srmr_bentler": _lower_squares(residual / (sd[:, None] * sd)),
        "crmr": between,
        "srmr_mplus": between + _squares((s_var - sigma_var) / s_var),
        "rmr": _lower_squares(residual),
    }


def _mean_squares(pair: MomentPair) -> dict[str, _Squares]:
    """Square the residuals of means, as `_covariance_squares`; CRMR keeps sample units."""
    if pair.m is None or pair.mu is None:
        return dict.fromkeys(INDICES, _Squares(0.0, 0))
    sd, sigma_sd = (np.sqrt(np.maximum(x.diagonal(), 0.0)) for x in (pair.s, pair.sigma))
    standard = _squares((pair.m - pair.mu) / sd)
    return {
        "srmr_bentler": standard,
        "crmr": standard,
        "srmr_mplus": _squares(pair.m / sd - pair.mu / sigma_sd),
        "rmr": _squares(pair.m - pair.mu),
    }


def residual_indices(pairs: Sequence[MomentPair]) -> dict[str, float]:
    """Return SRMR, CRMR and RMR, with means and without them, averaged over groups by share.

    Parameters
    ----------
    pairs : sequence of MomentPair
        One a group; means None when the model has no mean structure.
    """
    found = dict.fromkeys([x for n in INDICES for x in (n, f"{n}_nomean")], 0.0)
    for pair in pairs:
        covariances, means = _covariance_squares(pair), _mean_squares(pair)
        for name in INDICES:
            found[name] += pair.share * (covariances[name] + means[name]).root_mean()
            found[f"{name}_nomean"] += pair.share * covariances[name].root_mean()
    return {"srmr": found["srmr_bentler"], **found}


def lisrel_gfi(pairs: Sequence[MomentPair], weights: Sequence[Array]) -> float:
    """Goodness-of-fit index of Jöreskog and Sörbom, from covariances only.

    ``GFI = 1 − Σ_g share tr[(W⁻¹(S − Σ))²] / Σ_g share tr[(W⁻¹S)²]``, with W = Σ for ML, as LISREL
    and AMOS print it, and W = S for GLS.

    Parameters
    ----------
    pairs : sequence of MomentPair
    weights : sequence of Array, each (p, p)
        W⁻¹ of each group.
    """
    numerator = denominator = 0.0
    for pair, weight in zip(pairs, weights, strict=True):
        product, residual = weight @ pair.s, weight @ (pair.s - pair.sigma)
        numerator += pair.share * float(np.einsum("ij,ji->", residual, residual))
        denominator += pair.share * float(np.einsum("ij,ji->", product, product))
    return 1.0 - numerator / denominator


def least_squares_gfi(parts: Sequence[tuple[float, Array, Array, Array]]) -> float:
    """Return ``Σ share (1 − eᵀVe / sᵀVs)`` (Tanaka & Huba 1985), groups averaged as in lavaan.

    Parameters
    ----------
    parts : sequence of (share, e, s, v)
        N_g / N, residuals and sample moments (m,), and V dense (m, m) or diagonal (m,).
    """

    def form(x: Array, v: Array) -> float:
        return float(x @ (v * x if v.ndim == 1 else v @ x))

    return sum(share * (1.0 - form(e, v) / form(s, v)) for share, e, s, v in parts)


def ordinal_residual_indices(
    parts: Sequence[tuple[float, Array, MomentLayout, Array]],
) -> dict[str, float]:
    """Return SRMR, CRMR and RMR of ordered and mixed data.

    Parameters
    ----------
    parts : sequence of (share, residuals, layout, cov)
        Residuals of the moments (m,), what they are, and the sample covariances (p, p) whose
        diagonal scales numeric variables; one a group.

    Notes
    -----
    SRMR is that of the correlations, over all p(p+1)/2 cells of the lower triangle: those on the
    diagonal of ordered variables are zero by construction, and count, as in lavaan. Where every
    variable is ordered and there are no covariates, the indices without ``_nomean`` take in the
    thresholds too.
    """
    found: dict[str, float] = {}
    for share, e, layout, cov in parts:
        for name, value in _ordinal_group(e, layout, cov).items():
            found[name] = found.get(name, 0.0) + share * value
    return found


def _ordinal_group(e: Array, layout: MomentLayout, cov: Array) -> dict[str, float]:
    sd = np.sqrt(np.diagonal(cov))
    kind, i, j = layout.kind, layout.i, layout.j
    off, own = kind == MomentKind.COVARIANCE, kind == MomentKind.VARIANCE
    standard = e[off] / (sd[i[off]] * sd[j[off]])
    variances = e[own] / sd[i[own]] ** 2
    implied_sd = sd.copy()
    implied_sd[i[own]] = np.sqrt(np.maximum(sd[i[own]] ** 2 - e[own], 0.0))
    s_off = cov[i[off], j[off]]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation_e = s_off / (sd[i[off]] * sd[j[off]]) - (s_off - e[off]) / (
            implied_sd[i[off]] * implied_sd[j[off]]
        )
    p = layout.n_variables
    cells, pairs = p * (p + 1) // 2, p * (p - 1) // 2
    srmr = _root_mean([standard, variances], cells)
    found = {
        "srmr": srmr,
        "srmr_bentler_nomean": srmr,
        "crmr_nomean": _root_mean([correlation_e], pairs),
        "rmr_nomean": _root_mean([e[off], e[own]], cells),
    }
    thresholds = e[kind == MomentKind.THRESHOLD]
    if len(thresholds) + pairs == len(e):
        both = [standard, thresholds]
        wide = _root_mean(both, cells + len(thresholds))
        found |= {"srmr_bentler": wide, "rmr": wide}
        found["crmr"] = _root_mean(both, pairs + len(thresholds))
    return found
