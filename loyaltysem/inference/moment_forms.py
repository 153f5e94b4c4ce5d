"""What one group contributes to sandwich covariances and robust tests.

With Δ the Jacobian of the moments, V the weight of the discrepancy and Γ the asymptotic covariance
of the moments, every robust correction is made of ΔᵀVΔ, ΔᵀVΓVΔ, ΔᵀVΓVΓVΔ, tr(VΓ) and tr(VΓVΓ).
Under a normal-theory weight these come from cases without any m × m array: in whitened data V is
the identity, and products of cases are products of p-vectors. The second-order terms are sums over
pairs of cases or over pairs of moments, whichever are cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.linalg import cholesky, inverse_and_logdet
from loyaltysem.core.types import Array
from loyaltysem.engine.implied import StructuredJacobian
from loyaltysem.engine.parameter_map import BlockChain
from loyaltysem.engine.weights import NormalTheory
from loyaltysem.moments.gamma import CaseMoments, explained_covariances, vech, vech_indices

#: Largest number of entries of a working array (16 MB).
WORKSPACE = 2_000_000


@dataclass(frozen=True, slots=True)
class MomentForms:
    """Forms of one group; q counts free parameters, constraints already multiplied in.

    Attributes
    ----------
    share : float
        N_g / N.
    bread : Array, shape (q, q)
        ΔᵀVΔ.
    meat : Array, shape (q, q)
        ΔᵀVΓVΔ.
    trace : float
        tr(VΓ).
    second_meat : Array, shape (q, q)
        ΔᵀVΓVΓVΔ; NaN where it was not asked for.
    trace_squared : float
        tr(VΓVΓ); NaN where it was not asked for.
    """

    share: float
    bread: Array
    meat: Array
    trace: float
    second_meat: Array
    trace_squared: float


def moment_jacobian(jacobian: StructuredJacobian, chain: BlockChain, means: bool) -> Array:
    """Return Δ as an array (B, m, q), moments ordered as in ``loyaltysem.moments.gamma``."""
    d_sigma, d_mu = jacobian.dense()
    moments = np.concatenate([d_mu, vech(d_sigma)], axis=2) if means else vech(d_sigma)
    batch, rows, m = moments.shape
    by_moment = np.swapaxes(moments, 1, 2).reshape(batch * m, rows)
    return np.asarray(chain.gradient(by_moment).reshape(batch, m, -1))


def case_scores(
    cases: CaseMoments, jacobian: StructuredJacobian, chain: BlockChain, w: Array
) -> Array:
    """Return ΔᵀVz_i of every case, shape (N, q), under the normal-theory weight of `w` (p, p).

    With `w` = Σ⁻¹ and cases about the implied moments these are the scores ∂log L_i/∂α.

    Notes
    -----
    ``Δ_kᵀVz = s (z_lᵀWEWz_r)`` for dΣ_k = s (z_l z_rᵀ + z_r z_lᵀ) and E the case's matrix: a
    product of two projections of d_i, minus the same of h_i, minus a constant.
    """
    left, right = jacobian.left, jacobian.right
    columns = _columns(jacobian)
    at_plus = cases.plus @ w @ columns
    rows = at_plus[:, left] * at_plus[:, right]
    if cases.minus is not None:
        at_minus = cases.minus @ w @ columns
        rows = rows - at_minus[:, left] * at_minus[:, right]
    rows = rows - (columns.T @ w @ cases.centre @ w @ columns)[left, right]
    if cases.means:
        at_mean, h = cases.mean_part() @ w @ columns, jacobian.mean[0]
        rows = rows + at_mean[:, left] * h[right] + at_mean[:, right] * h[left]
    return np.asarray(chain.gradient(rows * jacobian.scale))


def _columns(jacobian: StructuredJacobian) -> Array:
    """Return Z of a batch of one, shape (p, z)."""
    p = jacobian.basis.shape[1]
    return np.concatenate([np.eye(p), jacobian.basis[0], np.zeros((p, 1))], axis=1)


def casewise_forms(
    share: float,
    cases: CaseMoments,
    jacobian: StructuredJacobian,
    chain: BlockChain,
    w: Array,
    second: bool = False,
) -> MomentForms:
    """Return the forms of one group under a normal-theory weight, Γ̂ taken from cases.

    Parameters
    ----------
    share : float
        N_g / N.
    cases : CaseMoments
        About the sample moments for MLM and its relatives, about the implied ones for MLR.
    jacobian : StructuredJacobian
        Batch axis of one.
    chain : BlockChain
    w : Array, shape (p, p)
        Σ⁻¹ for ML, S⁻¹ for GLS, the identity for ULS.
    second : bool
        Whether the second-order terms are needed (tests adjusted for mean and variance).
    """
    scores = case_scores(cases, jacobian, chain, w)
    bread = chain.form(NormalTheory(w[None]).gram(jacobian))[0]
    white = cases.transform(_root(w))
    trace = float(_case_norms(white).mean())
    second_meat, squared = np.full_like(bread, np.nan), np.nan
    if second:
        by_pairs = _by_cases if _cases_are_cheaper(cases, len(bread)) else _by_moments
        second_meat, squared = by_pairs(white, scores)
    meat = scores.T @ scores / cases.n
    return MomentForms(share, bread, meat, trace, second_meat, squared)


def _cases_are_cheaper(cases: CaseMoments, q: int) -> bool:
    """Compare the operations of N² products of vectors (p, q, and about 20 passes) with N m²."""
    p = int(cases.plus.shape[1])
    return cases.n * (p + q + 20) < cases.n_moments**2


def case_trace(cases: CaseMoments, w: Array) -> float:
    """Return tr(VΓ̂) under the normal-theory weight of `w` (p, p)."""
    return float(_case_norms(cases.transform(_root(w))).mean())


def _root(w: Array) -> Array:
    """Return L with w = LLᵀ; NaN where `w` is not positive definite."""
    lower, ok = cholesky(w[None])
    return np.where(ok[0], lower[0], np.nan)


def _case_norms(white: CaseMoments) -> Array:
    """Return z_iᵀVz_i, shape (N,), of whitened cases."""
    plus, minus = white.plus, white.minus
    norms = (plus**2).sum(1) ** 2
    if minus is not None:
        norms = norms - 2.0 * (plus * minus).sum(1) ** 2 + (minus**2).sum(1) ** 2
    norms = 0.5 * norms - 2.0 * _at_centre(white) + 0.5 * float((white.centre**2).sum())
    if white.means:
        norms = norms + (white.mean_part() ** 2).sum(1)
    return np.asarray(norms)


def _at_centre(white: CaseMoments) -> Array:
    """Return ½ tr(E_i C) of whitened cases, E_i before centring, shape (N,)."""
    value = ((white.plus @ white.centre) * white.plus).sum(1)
    if white.minus is not None:
        value = value - ((white.minus @ white.centre) * white.minus).sum(1)
    return np.asarray(0.5 * value)


def _by_cases(white: CaseMoments, scores: Array) -> tuple[Array, float]:
    """Second-order terms from the N × N matrix of products z_iᵀVz_j, some rows at a time."""
    n = white.n
    offset = _at_centre(white) - 0.25 * float((white.centre**2).sum())
    step = max(1, WORKSPACE // n)
    second, squared = np.zeros((scores.shape[1], scores.shape[1])), 0.0
    for start in range(0, n, step):
        rows = slice(start, start + step)
        gram = _products(white.take(rows), white) - offset[rows, None] - offset
        second += scores[rows].T @ (gram @ scores)
        squared += float((gram**2).sum())
    return second / n**2, squared / n**2


def _products(a: CaseMoments, b: CaseMoments) -> Array:
    """Return z_iᵀVz_j before centring, for whitened cases i of `a` and j of `b`."""
    total = (a.plus @ b.plus.T) ** 2
    if a.minus is not None and b.minus is not None:
        total = total - (a.plus @ b.minus.T) ** 2 - (a.minus @ b.plus.T) ** 2
        total = total + (a.minus @ b.minus.T) ** 2
    total = 0.5 * total
    return total + a.mean_part() @ b.mean_part().T if a.means else total


def _by_moments(white: CaseMoments, scores: Array) -> tuple[Array, float]:
    """Second-order terms from the m × m matrix Γ̂ in whitened coordinates, where V is I."""
    row, column = vech_indices(white.plus.shape[1])
    weight = np.where(row == column, np.sqrt(0.5), 1.0)
    if white.means:
        weight = np.concatenate([np.ones(white.plus.shape[1]), weight])
    m = len(weight)
    gamma, cross = np.zeros((m, m)), np.zeros((m, scores.shape[1]))
    step = max(1, WORKSPACE // m)
    for start in range(0, white.n, step):
        rows = slice(start, start + step)
        z = white.take(rows).dense() * weight
        gamma += z.T @ z
        cross += z.T @ scores[rows]
    n2 = white.n**2
    return cross.T @ cross / n2, float((gamma**2).sum()) / n2


def dense_forms(share: float, delta: Array, weight: Array, gamma: Array) -> MomentForms:
    """Return the forms of one group from arrays: ordinal data, WLS, DWLS.

    Parameters
    ----------
    share : float
        N_g / N.
    delta : Array, shape (m, q)
    weight : Array, shape (m,) or (m, m)
        V; one axis means a diagonal matrix.
    gamma : Array, shape (m, m)
    """
    weighted = weight[:, None] * delta if weight.ndim == 1 else weight @ delta
    product = weight[:, None] * gamma if weight.ndim == 1 else weight @ gamma
    spread = gamma @ weighted
    return MomentForms(
        share,
        bread=delta.T @ weighted,
        meat=weighted.T @ spread,
        trace=float(np.trace(product)),
        second_meat=spread.T @ (weight[:, None] * spread if weight.ndim == 1 else weight @ spread),
        trace_squared=float((product * product.T).sum()),
    )


def observed_weight(sigma: Array, cov: Array, difference: Array | None) -> Array:
    """Return the observed information of the saturated normal model at given moments, (m, m).

    Parameters
    ----------
    sigma : Array, shape (p, p)
        Covariances to look at.
    cov : Array, shape (p, p)
        S, divided by N.
    difference : Array, shape (p,), or None
        Sample means minus those to look at; None without a mean structure.

    Notes
    -----
    With W = S + ddᵀ the blocks are Σ⁻¹, ``(dᵀΣ⁻¹ ⊗ Σ⁻¹)D`` and ``½Dᵀ(Σ⁻¹ ⊗ Σ⁻¹(2W − Σ)Σ⁻¹)D``:
    lavaan's ``observed.information = "h1"``. At W = Σ and d = 0 it is the expected information.
    """
    p = len(sigma)
    row, column = vech_indices(p)
    w = inverse_and_logdet(sigma[None])[0][0]
    d = np.zeros(p) if difference is None else difference
    unit = np.zeros((len(row), p, p))
    unit[np.arange(len(row)), row, column] = unit[np.arange(len(row)), column, row] = 1.0
    inner = w @ (2.0 * (cov + np.outer(d, d)) - sigma) @ w
    product = 0.5 * inner @ unit @ w
    both = product + np.swapaxes(product, 1, 2)
    of_cov = np.where(row == column, 0.5, 1.0) * both[:, row, column]
    if difference is None:
        return np.asarray(of_cov)
    crossed = w @ unit @ w @ d
    return np.block([[w, crossed.T], [crossed, of_cov]])


def normal_theory_meat(
    weighted: Array, cov: Array, means: bool, fixed_x: Sequence[int] = ()
) -> Array:
    """Return ΔᵀVΓVΔ, shape (q, q), with Γ that of normal data, and no m × m array.

    Behind lavaan's ``robust.sem.nt``, the standard errors of ULS.

    Parameters
    ----------
    weighted : Array, shape (m, q)
        VΔ; Δ itself for ULS.
    cov : Array, shape (p, p)
        S.
    means : bool
        Whether means come first among the moments.
    fixed_x : sequence of int
        Columns whose moments are held fixed.

    Notes
    -----
    A column of VΔ is a symmetric matrix X with vᵀds = tr(X dS), and ``xᵀΓy = 2 tr(XSYS)``.
    """
    p = len(cov)
    matrices = _unvech(weighted[p:] if means else weighted, p)
    parts = [(1.0, cov)]
    if len(fixed_x):
        parts.append((-1.0, explained_covariances(cov, fixed_x)))
    out = np.zeros((weighted.shape[1], weighted.shape[1]))
    for sign, part in parts:
        product = (matrices @ part).reshape(len(matrices), -1)
        turned = np.swapaxes(matrices @ part, 1, 2).reshape(len(matrices), -1)
        out += 2.0 * sign * (product @ turned.T)
        if means:
            out += sign * (weighted[:p].T @ part @ weighted[:p])
    return out


def _unvech(columns: Array, p: int) -> Array:
    """Return X (q, p, p) of columns v (p(p+1)/2, q), so that vᵀ vech(S) = tr(XS)."""
    row, column = vech_indices(p)
    half = np.where(row == column, 1.0, 0.5)[:, None] * columns
    out = np.zeros((columns.shape[1], p, p))
    out[:, row, column] = out[:, column, row] = half.T
    return out
