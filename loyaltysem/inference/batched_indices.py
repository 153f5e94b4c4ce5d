"""Fit indices of many replicates at once: the ones that compare whole matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import inverse_and_logdet
from loyaltysem.core.types import Array


@dataclass(frozen=True, slots=True)
class MomentBatch:
    """Sample and implied moments of one group in B replicates.

    Attributes
    ----------
    s, sigma : Array, each (B, p, p)
    m, mu : Array, each (B, p), or None
        None where the model has no mean structure.
    share : float
        The group's part of the cases.
    """

    s: Array
    sigma: Array
    m: Array | None
    mu: Array | None
    share: float


def srmr(groups: Sequence[MomentBatch]) -> Array:
    """Return the SRMR with sample standard deviations (Bentler 1995), shape (B,).

    Root mean square of ``(s_ij − σ_ij)/√(s_ii s_jj)`` over the lower triangle, and of
    ``(m_i − μ_i)/√s_ii`` where means are modelled, averaged over groups by share.
    """
    total = np.zeros(len(groups[0].s))
    for group in groups:
        variance = group.s.diagonal(axis1=1, axis2=2)
        p = variance.shape[1]
        squares = (group.s - group.sigma) ** 2
        squares /= variance[:, :, None]
        squares /= variance[:, None, :]
        own = squares.diagonal(axis1=1, axis2=2).sum(axis=1)
        found = 0.5 * (squares.sum(axis=(1, 2)) + own)
        count = p * (p + 1) // 2
        if group.m is not None and group.mu is not None:
            found += ((group.m - group.mu) ** 2 / variance).sum(axis=1)
            count += p
        total += group.share * np.sqrt(found / count)
    return total


def lisrel_gfi(groups: Sequence[MomentBatch], at: Sequence[Array]) -> Array:
    """Return the GFI of Jöreskog and Sörbom from covariances only, shape (B,).

    ``1 − Σ_g share tr[(W⁻¹(S − Σ))²] / Σ_g share tr[(W⁻¹S)²]`` with `at` W (B, p, p) a group: Σ
    for ML, S for GLS.
    """
    above = below = np.zeros(len(groups[0].s))
    for group, w in zip(groups, at, strict=True):
        inverse, _, ok = inverse_and_logdet(w)
        product = inverse @ group.s
        square = np.einsum("bij,bji->b", product, product)
        if w is group.sigma:  # tr[(P − I)²] = tr[P²] − 2 tr[P] + p
            misfit = square - 2.0 * np.trace(product, axis1=1, axis2=2) + w.shape[-1]
        else:
            residual = product - inverse @ group.sigma
            misfit = np.einsum("bij,bji->b", residual, residual)
        above = above + group.share * misfit
        below = below + group.share * square
        below = np.where(ok, below, np.nan)
    return np.asarray(1.0 - above / below)
