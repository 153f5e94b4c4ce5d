"""Differences between sample and implied moments, and the indices that average them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import correlation, inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.moments.ordinal_layout import MomentKind, MomentLayout


@dataclass(frozen=True, slots=True)
class MomentPair:
    """Sample and implied moments of one group: `s`, `sigma` (p, p); `m`, `mu` (p,) or None."""

    s: Array
    sigma: Array
    m: Array | None
    mu: Array | None
    share: float


def _average(pairs: Sequence[MomentPair], index: str, means: bool) -> float:
    """Average an index over groups by their share, as lavaan does."""
    return float(sum(pair.share * _INDICES[index](pair, means) for pair in pairs))


def _root_mean(parts: Sequence[Array], count: int) -> float:
    return (
        float(np.sqrt(sum(float((x**2).sum()) for x in parts) / count)) if count else float("nan")
    )


def _lower(x: Array, diagonal: bool = True) -> Array:
    return np.asarray(x[np.tril_indices(len(x), 0 if diagonal else -1)])


def _mean_part(pair: MomentPair, means: bool, s_sd: Array, sigma_sd: Array) -> list[Array]:
    if not means or pair.m is None or pair.mu is None:
        return []
    return [np.asarray(pair.m / s_sd - pair.mu / sigma_sd)]


def _srmr(pair: MomentPair, means: bool) -> float:
    """Bentler's SRMR: residuals over sample standard deviations (Bentler 1995)."""
    sd = np.sqrt(np.diagonal(pair.s))
    parts = [_lower((pair.s - pair.sigma) / np.outer(sd, sd))]
    parts += _mean_part(pair, means, sd, sd)
    return _root_mean(parts, sum(len(x) for x in parts))


def _crmr(pair: MomentPair, means: bool) -> float:
    """Correlation root mean square residual (Bollen 1989): sample minus implied correlations."""
    difference = _lower(correlation(pair.s) - correlation(pair.sigma), diagonal=False)
    sd = np.sqrt(np.diagonal(pair.s))  # means stay in sample units, as in lavaan
    parts = [difference, *_mean_part(pair, means, sd, sd)]
    return _root_mean(parts, sum(len(x) for x in parts))


def _srmr_mplus(pair: MomentPair, means: bool) -> float:
    """SRMR as Mplus prints it: correlation residuals, and relative residuals of the variances."""
    difference = _lower(correlation(pair.s) - correlation(pair.sigma), diagonal=False)
    s_var, sigma_var = np.diagonal(pair.s), np.maximum(np.diagonal(pair.sigma), 0.0)
    parts = [difference, (s_var - sigma_var) / s_var]
    parts += _mean_part(pair, means, np.sqrt(s_var), np.sqrt(sigma_var))
    return _root_mean(parts, sum(len(x) for x in parts))


def _rmr(pair: MomentPair, means: bool) -> float:
    """Root mean square residual in the units of the data."""
    one = np.ones(len(pair.s))
    parts = [_lower(pair.s - pair.sigma), *_mean_part(pair, means, one, one)]
    return _root_mean(parts, sum(len(x) for x in parts))


_INDICES = {"srmr_bentler": _srmr, "crmr": _crmr, "srmr_mplus": _srmr_mplus, "rmr": _rmr}


def residual_indices(pairs: Sequence[MomentPair]) -> dict[str, float]:
    """Return SRMR, CRMR and RMR, with means and without them.

    Parameters
    ----------
    pairs : sequence of MomentPair
        One a group; means None when the model has no mean structure.
    """
    found: dict[str, float] = {}
    for name in _INDICES:
        found[name] = _average(pairs, name, means=True)
        found[f"{name}_nomean"] = _average(pairs, name, means=False)
    return {"srmr": found["srmr_bentler"], **found}


def lisrel_gfi(pairs: Sequence[MomentPair], at: Sequence[Array]) -> float:
    """Goodness-of-fit index of Jöreskog and Sörbom, from covariances only.

    ``GFI = 1 − Σ_g share tr[(W⁻¹(S − Σ))²] / Σ_g share tr[(W⁻¹S)²]``, with W = Σ for ML, as LISREL
    and AMOS print it, and W = S for GLS.

    Parameters
    ----------
    pairs : sequence of MomentPair
    at : sequence of Array, each (p, p)
        W of each group.
    """
    numerator = denominator = 0.0
    for pair, w in zip(pairs, at, strict=True):
        inverse = inverse_and_logdet(w[None])[0][0]
        product, residual = inverse @ pair.s, inverse @ (pair.s - pair.sigma)
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
