"""Layer 2 for ordered and mixed data: implied Σ and μ of the latent responses to implied moments.

An ordered variable is seen through its latent response y*, whose scale 1/δ is not observed. With
τ its thresholds, μ and Σ the model's, Π the slopes on covariates (all given the covariates),

    thresholds  δ_i(τ − μ_i)     slopes  δ_i π_ik     correlations  δ_i δ_j σ_ij

and numeric variables enter with δ = 1: −μ_i, π_ik, σ_ii. Under the *delta* parameterisation δ is
a parameter and the residual variance of y* follows, σ_ii = 1/δ_i²; under *theta* the residual
variance is a parameter and δ_i = σ_ii^(−½) follows (Muthén & Asparouhov 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.implied import Implied, Moments, implied
from loyaltysem.model.structure import BlockStructure
from loyaltysem.moments.ordinal_layout import MomentKind, MomentLayout


@dataclass(frozen=True, slots=True)
class OrdinalStructure:
    """Where the moments of one group come from.

    Attributes
    ----------
    layout : MomentLayout
        Of p variables.
    variables : Indices, shape (p,)
        Their positions among the observed variables of the model.
    covariates : Indices, shape (nx,)
        Positions of the covariates the moments are conditional on.
    threshold_row : Indices, shape (h,)
        Table row of each threshold, in the order of the layout.
    scale_row : Indices, shape (p,)
        Table row of each scaling factor ``~*~``; −1 for numeric variables.
    residual_row : Indices, shape (p,)
        Table row of each (residual) variance ``~~``; −1 for numeric variables.
    theta : bool
        Theta parameterisation; otherwise delta.
    """

    layout: MomentLayout
    variables: Indices
    covariates: Indices
    threshold_row: Indices
    scale_row: Indices
    residual_row: Indices
    theta: bool

    @property
    def ordered(self) -> Indices:
        """Positions of the ordered variables among the p."""
        return np.flatnonzero(self.scale_row >= 0)

    @property
    def extra_rows(self) -> Indices:
        """Table rows behind the last columns of the Jacobian: thresholds, then scales (delta)."""
        scales = self.scale_row[self.ordered] if not self.theta else self.scale_row[:0]
        return np.concatenate([self.threshold_row, scales])


@dataclass(frozen=True, slots=True)
class _Given:
    """Moments given the covariates, or their derivatives: (…, p, p), (…, p), (…, p, nx)."""

    cov: Array
    mean: Array
    slopes: Array


def _given(s: OrdinalStructure, m: Moments) -> tuple[_Given, Array]:
    """Condition on the covariates; also return Σ_xx⁻¹."""
    v, x = s.variables, s.covariates
    inverse: Array = np.asarray(np.linalg.inv(m.sigma[:, x[:, None], x]), dtype=np.float64)
    slopes = m.sigma[:, v[:, None], x] @ inverse
    cov = m.sigma[:, v[:, None], v] - slopes @ m.sigma[:, x[:, None], v]
    mean = m.mu[:, v] - (slopes @ m.mu[:, x, None])[:, :, 0]
    return _Given(cov, mean, slopes), inverse


def _given_derivative(
    s: OrdinalStructure,
    at: tuple[Moments, _Given, Array],
    dsigma: Array,
    dmu: Array,
) -> _Given:
    """Differentiate `_given`: dΣ (B, f, ·, ·) and dμ (B, f, ·) to the same of `_Given`."""
    m, given, inverse = at
    v, x = s.variables, s.covariates
    slopes = given.slopes[:, None]
    dyx, dxx = dsigma[:, :, v[:, None], x], dsigma[:, :, x[:, None], x]
    dslopes = (dyx - slopes @ dxx) @ inverse[:, None]
    pull = dyx @ np.swapaxes(slopes, 2, 3)
    dcov = dsigma[:, :, v[:, None], v] - pull - np.swapaxes(pull, 2, 3)
    dcov = dcov + slopes @ dxx @ np.swapaxes(slopes, 2, 3)
    mx, dmx = m.mu[:, None, x, None], dmu[:, :, x, None]
    dmean = dmu[:, :, v] - (dslopes @ mx + slopes @ dmx)[..., 0]
    return _Given(dcov, dmean, dslopes)


def _scales(s: OrdinalStructure, theta: Array, given: _Given) -> Array:
    """Return δ, shape (B, p)."""
    scale = np.ones((len(theta), len(s.variables)))
    own = s.ordered
    if s.theta:
        variance = given.cov[:, own, own]
        scale[:, own] = np.where(variance > 0, np.abs(variance), np.nan) ** -0.5
    else:
        scale[:, own] = theta[:, s.scale_row[own]]
    return scale


def implied_ordinal(s: OrdinalStructure, theta: Array, moments: Moments) -> Array:
    """Return the implied moments in the order of the layout.

    Parameters
    ----------
    s : OrdinalStructure
    theta : Array, shape (B, t)
        All table rows.
    moments : Moments
        Σ and μ of all observed variables, covariates included.

    Returns
    -------
    Array, shape (B, m)
        NaN where a variance is not positive under theta.
    """
    given, _ = _given(s, moments)
    scale = _scales(s, theta, given)
    kind, i, j = s.layout.kind, s.layout.i, s.layout.j
    out = np.empty((len(theta), len(kind)))
    at = kind == MomentKind.THRESHOLD
    out[:, at] = scale[:, i[at]] * (theta[:, s.threshold_row] - given.mean[:, i[at]])
    at = kind == MomentKind.MEAN
    out[:, at] = -given.mean[:, i[at]]
    at = kind == MomentKind.SLOPE
    out[:, at] = scale[:, i[at]] * given.slopes[:, i[at], j[at]]
    at = kind == MomentKind.VARIANCE
    out[:, at] = given.cov[:, i[at], i[at]]
    at = kind == MomentKind.COVARIANCE
    out[:, at] = scale[:, i[at]] * scale[:, j[at]] * given.cov[:, i[at], j[at]]
    return out


def ordinal_jacobian(
    s: OrdinalStructure,
    theta: Array,
    moments: Moments,
    dense: tuple[Array, Array],
    determined: Indices | None = None,
) -> Array:
    """Differentiate the implied moments.

    Parameters
    ----------
    s : OrdinalStructure
    theta : Array, shape (B, t)
    moments : Moments
    dense : tuple of Array
        dΣ (B, f, ·, ·) and dμ (B, f, ·) of `StructuredJacobian.dense`.
    determined : Indices, optional
        Columns among the f that are residual variances of ordered variables which predict, or
        are predicted, under delta: they follow from the others (see `determined_values`). Their
        columns come out as zero and their effect is in the others'.

    Returns
    -------
    Array, shape (B, m, f + e)
        Columns: the f rows of the block, then `OrdinalStructure.extra_rows`.
    """
    given, inverse = _given(s, moments)
    derivative = _given_derivative(s, (moments, given, inverse), *dense)
    scale = _scales(s, theta, given)
    structural = _structural_columns(s, theta, (given, scale), derivative)
    extra = _extra_columns(s, theta, given, scale)
    if determined is not None and len(determined):
        rate = _determined_rates(s, (derivative, scale), determined)
        f = structural.shape[1]
        effect = structural[:, determined]
        structural = structural.copy()
        structural[:, determined] = 0.0
        both = np.concatenate([structural, extra], axis=1)
        both += np.einsum("bdc,bdm->bcm", rate, effect)
        structural, extra = both[:, :f], both[:, f:]
    return np.swapaxes(np.concatenate([structural, extra], axis=1), 1, 2)


def determined_rates(
    s: OrdinalStructure,
    theta: Array,
    moments: Moments,
    dense: tuple[Array, Array],
    determined: Indices,
) -> Array:
    """Return how residual variances that follow move with all other columns, (B, d, f + e)."""
    given, inverse = _given(s, moments)
    derivative = _given_derivative(s, (moments, given, inverse), *dense)
    return _determined_rates(s, (derivative, _scales(s, theta, given)), determined)


def _structural_columns(
    s: OrdinalStructure, theta: Array, at: tuple[_Given, Array], d: _Given
) -> Array:
    """Differentiate in the rows of the block, shape (B, f, m)."""
    given, scale = at
    kind, i, j = s.layout.kind, s.layout.i, s.layout.j
    dscale = np.zeros(d.mean.shape)
    if s.theta:
        own = s.ordered
        dscale[:, :, own] = -0.5 * scale[:, None, own] ** 3 * d.cov[:, :, own, own]
    out = np.zeros((*d.mean.shape[:2], len(kind)))
    w, c = scale[:, None], given.cov[:, None]
    k = kind == MomentKind.THRESHOLD
    distance = (theta[:, s.threshold_row] - given.mean[:, i[k]])[:, None]
    out[:, :, k] = dscale[:, :, i[k]] * distance - w[:, :, i[k]] * d.mean[:, :, i[k]]
    k = kind == MomentKind.MEAN
    out[:, :, k] = -d.mean[:, :, i[k]]
    k = kind == MomentKind.SLOPE
    slopes = given.slopes[:, None, i[k], j[k]]
    out[:, :, k] = dscale[:, :, i[k]] * slopes + w[:, :, i[k]] * d.slopes[:, :, i[k], j[k]]
    k = kind == MomentKind.VARIANCE
    out[:, :, k] = d.cov[:, :, i[k], i[k]]
    k = kind == MomentKind.COVARIANCE
    a, b = i[k], j[k]
    out[:, :, k] = w[:, :, a] * w[:, :, b] * d.cov[:, :, a, b]
    if s.theta:
        rate = dscale[:, :, a] * w[:, :, b] + w[:, :, a] * dscale[:, :, b]
        out[:, :, k] += rate * c[:, :, a, b]
    return out


def _extra_columns(s: OrdinalStructure, theta: Array, given: _Given, scale: Array) -> Array:
    """Differentiate in thresholds and, under delta, scaling factors, shape (B, e, m)."""
    kind, i, j = s.layout.kind, s.layout.i, s.layout.j
    h = np.flatnonzero(kind == MomentKind.THRESHOLD)
    out = np.zeros((len(theta), len(s.extra_rows), len(kind)))
    out[:, np.arange(len(h)), h] = scale[:, i[h]]
    if s.theta:
        return out
    seat = np.full(len(s.variables), -1)
    seat[s.ordered] = len(h) + np.arange(len(s.ordered))
    out[:, seat[i[h]], h] = theta[:, s.threshold_row] - given.mean[:, i[h]]
    k = np.flatnonzero((kind == MomentKind.SLOPE) & (seat[i] >= 0))
    out[:, seat[i[k]], k] = given.slopes[:, i[k], j[k]]
    pairs = np.flatnonzero(kind == MomentKind.COVARIANCE)
    for own, other in ((i, j), (j, i)):
        k = pairs[seat[own[pairs]] >= 0]
        out[:, seat[own[k]], k] = scale[:, other[k]] * given.cov[:, own[k], other[k]]
    return out


def _determined_rates(s: OrdinalStructure, at: tuple[_Given, Array], determined: Indices) -> Array:
    """Return how determined residual variances move with the other columns, (B, d, f + e).

    From σ_ii = 1/δ_i²: Σ_d (∂σ_ii/∂ψ_d) dψ_d = −2δ_i⁻³ dδ_i − dσ_ii.
    """
    derivative, scale = at
    own = s.ordered
    diagonal = derivative.cov[:, :, own, own]
    involved = np.flatnonzero(np.abs(diagonal[:, determined]).max(axis=(0, 1)) > 0)
    own, diagonal = own[involved], diagonal[:, :, involved]
    batch, f, _ = diagonal.shape
    need = np.zeros((batch, len(own), f + len(s.extra_rows)))
    need[:, :, :f] = -np.swapaxes(diagonal, 1, 2)
    need[:, :, determined] = 0.0
    first_scale = f + len(s.threshold_row)
    need[:, np.arange(len(own)), first_scale + involved] = -2.0 * scale[:, own] ** -3
    effect = np.swapaxes(diagonal[:, determined], 1, 2)
    return np.asarray(np.linalg.pinv(effect) @ need, dtype=np.float64)


def determined_values(s: OrdinalStructure, block: BlockStructure, theta: Array) -> Array:
    """Fill in the table rows that follow from others, and return θ (B, t).

    Under delta these are the residual variances of the ordered variables, chosen so that
    σ_ii = 1/δ_i² given the covariates; under theta their scaling factors.

    Notes
    -----
    Σ is linear in residual variances: an ordered variable within the structural part passes its
    own on to what it predicts, with weights t², T = ΛA. One linear system sets them all, also in
    models with feedback.
    """
    own = s.ordered
    out = np.array(theta)
    if s.theta:
        given, _ = _given(s, implied(block, out).moments)
        out[:, s.scale_row[own]] = _scales(s, out, given)[:, own]
        return out
    out[:, s.residual_row[own]] = 0.0
    at = implied(block, out)
    given, _ = _given(s, at.moments)
    need = theta[:, s.scale_row[own]] ** -2 - given.cov[:, own, own]
    passed = _passed_on(s, block, at)
    out[:, s.residual_row[own]] = np.linalg.solve(passed, need[:, :, None])[:, :, 0]
    return out


def _passed_on(s: OrdinalStructure, block: BlockStructure, at: Implied) -> Array:
    """Return ∂σ_ii/∂(residual variance of j) over ordered variables, shape (B, o, o)."""
    own = s.variables[s.ordered]
    total = at.jacobian.basis[:, :, : block.k]
    seat = {name: k for k, name in enumerate(block.structural)}
    out = np.broadcast_to(np.eye(len(own)), (len(total), len(own), len(own))).copy()
    for column, position in enumerate(own):
        k = seat.get(block.observed[position])
        if k is not None:
            out[:, :, column] = total[:, own, k] ** 2
    return out
