"""Moments of ordered and mixed data with their asymptotic covariances (Muthén 1984).

Stage 1 fits each variable alone, stage 2 each pair given its margins, stage 3 puts the scores of
all cases together. With first-stage scores s₁ and correlation scores s₂ the moments have

    N·acov = N·A⁻¹ (Σ s sᵀ) A⁻ᵀ,     A = [A₁₁ 0; A₂₁ A₂₂]

A₁₁ holds the cross-products of scores of one variable, A₂₂ those of one pair with itself, and A₂₁
those of a pair's s₂ with the derivatives of that pair's likelihood in first-stage parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyaltysem.core.types import Array, Indices
from loyaltysem.moments.margins import (
    BoundProducts,
    Margin,
    NumericMargin,
    OrderedMargin,
    numeric_margin,
    ordered_margin,
)
from loyaltysem.moments.ordinal_layout import MomentKind, MomentLayout, moment_layout
from loyaltysem.moments.polychoric import fit_ordered_pairs
from loyaltysem.moments.polyserial import fit_mixed_pairs, fit_numeric_pairs

#: An inverse of cross-products, scaled to a unit diagonal, with entries above this is none.
SINGULAR = 1e10
#: Singular values below this share of the largest are taken for zero.
ROUNDING = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class OrdinalFindings:
    """What a reader of the moments should know; positions are those of the variables.

    Attributes
    ----------
    empty_categories : tuple of (variable, code)
        Nobody in the group chose it: its thresholds cannot be estimated.
    empty_cells : tuple of (variable, variable, number of cells)
        Tables with empty cells.
    near_one : tuple of (variable, variable)
        |ρ| above .99.
    not_converged : tuple of (variable, variable)
        No maximum of the likelihood was found.
    two_values : tuple of int
        Numeric variables that take two values only.
    """

    empty_categories: tuple[tuple[int, int], ...]
    empty_cells: tuple[tuple[int, int, int], ...]
    near_one: tuple[tuple[int, int], ...]
    not_converged: tuple[tuple[int, int], ...]
    two_values: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdinalMoments:
    """Moments of one group.

    Attributes
    ----------
    layout : MomentLayout
        What each moment is.
    moments : Array, shape (m,)
    gamma : Array, shape (m, m)
        N times their asymptotic covariance matrix.
    thresholds : tuple of Array
        By variable; empty for numeric ones.
    mean : Array, shape (p,)
        Means of numeric variables (intercepts with covariates); 0 for ordered ones.
    slopes : Array, shape (p, nx)
    cov, corr : Array, shape (p, p)
        Residual ones with covariates; ordered variables have variance 1.
    x_mean, x_cov : Array, shapes (nx,) and (nx, nx)
        Of the covariates; covariances divided by N − 1, as lavaan shows them.
    n_obs : int
    findings : OrdinalFindings
    """

    layout: MomentLayout
    moments: Array
    gamma: Array
    thresholds: tuple[Array, ...]
    mean: Array
    slopes: Array
    cov: Array
    corr: Array
    x_mean: Array
    x_cov: Array
    n_obs: int
    findings: OrdinalFindings


def ordinal_moments(
    values: Array, n_categories: Sequence[int], x: Array | None = None
) -> OrdinalMoments:
    """Compute the moments of one group's complete cases.

    Parameters
    ----------
    values : Array, shape (N, p)
        Ordered columns hold codes 0 … C − 1.
    n_categories : sequence of int
        C of each column, 0 for numeric ones.
    x : Array, shape (N, nx), optional
        Covariates the moments are conditional on.

    Returns
    -------
    OrdinalMoments

    Notes
    -----
    lavaan's `lavInspect(fit, "sampstat")` and `"gamma"`.

    Examples
    --------
    >>> codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [1, 1]], dtype=float)
    >>> m = ordinal_moments(codes, [2, 2])
    >>> np.round(m.moments, 6).tolist()
    [0.0, 0.0, 0.5]
    """
    covariates = np.zeros((len(values), 0)) if x is None else np.asarray(x, dtype=np.float64)
    margins = [_margin(v, c, covariates) for v, c in zip(values.T, n_categories, strict=True)]
    layout = moment_layout(n_categories, covariates.shape[1])
    stage = _second_stage(margins, layout, covariates)
    corr = np.eye(layout.n_variables)
    corr[layout.pair_first, layout.pair_second] = stage.rho
    corr[layout.pair_second, layout.pair_first] = stage.rho
    sd = np.sqrt([m.variance if isinstance(m, NumericMargin) else 1.0 for m in margins])
    cov = corr * np.outer(sd, sd)
    centred = covariates - covariates.mean(axis=0)
    return OrdinalMoments(
        layout=layout,
        moments=_vector(margins, layout, cov),
        gamma=_gamma(margins, layout, stage, sd),
        thresholds=tuple(
            m.thresholds if isinstance(m, OrderedMargin) else np.empty(0) for m in margins
        ),
        mean=np.array([m.intercept if isinstance(m, NumericMargin) else 0.0 for m in margins]),
        slopes=np.stack([m.slopes for m in margins]),
        cov=cov,
        corr=corr,
        x_mean=covariates.mean(axis=0),
        x_cov=centred.T @ centred / (len(values) - 1),
        n_obs=len(values),
        findings=_findings(margins, values, n_categories, layout, stage),
    )


def _margin(column: Array, n_categories: int, x: Array) -> Margin:
    if n_categories:
        return ordered_margin(column.astype(np.intp), n_categories, x)
    return numeric_margin(column, x)


def _vector(margins: Sequence[Margin], layout: MomentLayout, cov: Array) -> Array:
    """Put the estimates in the order of the layout; means with the sign of a threshold."""
    level = [m.thresholds if isinstance(m, OrderedMargin) else [-m.intercept] for m in margins]
    slopes = np.stack([m.slopes for m in margins]).T.ravel()
    variances = [m.variance for m in margins if isinstance(m, NumericMargin)]
    pairs = cov[layout.pair_first, layout.pair_second]
    return np.concatenate([*level, slopes, variances, pairs]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _SecondStage:
    """All pairs: correlations, their scores (P, N), A₂₁ (P, m₁), and what went wrong."""

    rho: Array
    score: Array
    cross: Array
    empty: Indices
    failed: Indices


def _second_stage(margins: Sequence[Margin], layout: MomentLayout, x: Array) -> _SecondStage:
    first, second = layout.pair_first, layout.pair_second
    n_pairs, n = len(first), len(x)
    out = _SecondStage(
        np.zeros(n_pairs),
        np.zeros((n_pairs, n)),
        np.zeros((n_pairs, layout.n_first_stage)),
        np.zeros(n_pairs, dtype=np.intp),
        np.zeros(n_pairs, dtype=np.intp),
    )
    ordered = np.array([isinstance(m, OrderedMargin) for m in margins])
    chain = _Chain(margins, layout, x, out.cross)
    _fill_ordered(out, chain, np.flatnonzero(ordered[first] & ordered[second]))
    _fill_mixed(out, chain, np.flatnonzero(ordered[first] != ordered[second]), ordered)
    _fill_numeric(out, chain, np.flatnonzero(~ordered[first] & ~ordered[second]))
    return out


def _fill_ordered(out: _SecondStage, chain: _Chain, pairs: Indices) -> None:
    if not len(pairs):
        return
    i, j = chain.layout.pair_first[pairs], chain.layout.pair_second[pairs]
    own = [m for m in chain.margins if isinstance(m, OrderedMargin)]
    seat = np.cumsum([isinstance(m, OrderedMargin) for m in chain.margins]) - 1
    found = fit_ordered_pairs(own, seat[i], seat[j], chain.x)
    out.rho[pairs], out.score[pairs] = found.rho, found.score
    out.empty[pairs], out.failed[pairs] = found.empty_cells, ~found.converged
    chain.ordered(pairs, i, found.first)
    chain.ordered(pairs, j, found.second)


def _fill_mixed(out: _SecondStage, chain: _Chain, pairs: Indices, ordered: Array) -> None:
    if not len(pairs):
        return
    i, j = chain.layout.pair_first[pairs], chain.layout.pair_second[pairs]
    numeric, categorical = np.where(ordered[i], j, i), np.where(ordered[i], i, j)
    found = fit_mixed_pairs(
        chain.numeric_margins(numeric), chain.ordered_margins(categorical), chain.x
    )
    out.rho[pairs], out.score[pairs] = found.rho, found.score
    out.failed[pairs] = ~found.converged
    chain.numeric(pairs, numeric, found.score, found.numeric)
    chain.ordered(pairs, categorical, found.ordered)


def _fill_numeric(out: _SecondStage, chain: _Chain, pairs: Indices) -> None:
    if not len(pairs):
        return
    i, j = chain.layout.pair_first[pairs], chain.layout.pair_second[pairs]
    found = fit_numeric_pairs(chain.numeric_margins(i), chain.numeric_margins(j))
    out.rho[pairs], out.score[pairs] = found.rho, found.score
    chain.numeric(pairs, i, found.score, found.first)
    chain.numeric(pairs, j, found.score, found.second)


@dataclass(frozen=True, slots=True)
class _Chain:
    """Adds to A₂₁: correlation scores times derivatives in first-stage parameters."""

    margins: Sequence[Margin]
    layout: MomentLayout
    x: Array
    cross: Array

    def numeric_margins(self, variables: Indices) -> list[NumericMargin]:
        chosen = (self.margins[v] for v in variables)
        return [m for m in chosen if isinstance(m, NumericMargin)]

    def ordered_margins(self, variables: Indices) -> list[OrderedMargin]:
        chosen = (self.margins[v] for v in variables)
        return [m for m in chosen if isinstance(m, OrderedMargin)]

    def ordered(self, pairs: Indices, variables: Indices, products: BoundProducts) -> None:
        """Carry products to the thresholds and slopes of `variables`."""
        of_thresholds = products.thresholds
        steps = np.arange(of_thresholds.shape[1])
        row, step = np.nonzero(steps < self.layout.n_levels[variables][:, None])
        column = self.layout.level_start[variables][row] + step
        self.cross[pairs[row], column] = of_thresholds[row, step]
        self._slopes(pairs, variables, products.slopes)

    def numeric(
        self, pairs: Indices, variables: Indices, score: Array, moments: tuple[Array, Array]
    ) -> None:
        """Carry derivatives in mean and variance to intercept, slopes and variance."""
        of_mean = score * moments[0]
        self.cross[pairs, self.layout.level_start[variables]] = of_mean.sum(axis=1)
        self.cross[pairs, self.layout.variance_at[variables]] = (score * moments[1]).sum(axis=1)
        self._slopes(pairs, variables, of_mean @ self.x)

    def _slopes(self, pairs: Indices, variables: Indices, products: Array) -> None:
        self.cross[pairs[:, None], self.layout.slope_at[variables]] = products


def _first_stage_scores(margins: Sequence[Margin], layout: MomentLayout, n: int) -> Array:
    """Scores of all variables, shape (N, m₁), in the order of the layout."""
    out = np.zeros((n, layout.n_first_stage))
    for v, margin in enumerate(margins):
        out[:, layout.first_stage_of(v)] = margin.scores
    return out


def _gamma(
    margins: Sequence[Margin], layout: MomentLayout, stage: _SecondStage, sd: Array
) -> Array:
    n = stage.score.shape[1]
    first = _first_stage_scores(margins, layout, n)
    scores = np.column_stack([first, stage.score.T])
    inner = scores.T @ scores
    m1 = layout.n_first_stage
    owner = layout.i[:m1]
    a11_inverse = _block_inverse(np.where(owner[:, None] == owner, inner[:m1, :m1], 0.0), owner)
    own = np.diagonal(inner)[m1:]
    a22_inverse = np.where(own > 0, 1.0 / np.where(own > 0, own, 1.0), 0.0)
    bread = np.zeros_like(inner)
    bread[:m1, :m1] = a11_inverse
    bread[m1:, :m1] = -a22_inverse[:, None] * (stage.cross @ a11_inverse)
    bread[m1:, m1:] = np.diag(a22_inverse)
    bread = _to_covariances(bread, layout, stage.rho, sd)
    gamma = n * bread @ inner @ bread.T
    result: Array = 0.5 * (gamma + gamma.T)
    return result


def _block_inverse(x: Array, owner: Indices) -> Array:
    """Invert cross-products of scores (m₁, m₁), zero between scores of different variables.

    A generalised inverse serves where a block is singular, as in lavaan: an empty category leaves
    its threshold without scores, and the mean and the variance of a numeric variable that takes
    two values share one score.
    """
    root = np.sqrt(np.diagonal(x))
    try:
        inverse = np.linalg.inv(x)
        largest = np.abs(inverse * np.outer(root, root)).max(initial=0.0)
    except np.linalg.LinAlgError:
        largest = np.inf
    if largest < SINGULAR:
        return np.asarray(inverse)
    blocks = np.zeros_like(x)
    for variable in np.unique(owner):
        own = np.ix_(owner == variable, owner == variable)
        blocks[own] = np.linalg.pinv(x[own], rcond=ROUNDING, hermitian=True)
    return blocks


def _to_covariances(bread: Array, layout: MomentLayout, rho: Array, sd: Array) -> Array:
    """Delta method: σ_ij = ρ_ij s_i s_j of numeric variables; and means change their sign."""
    m1 = layout.n_first_stage
    i, j = layout.pair_first, layout.pair_second
    out = bread.copy()
    out[m1:] *= (sd[i] * sd[j])[:, None]
    for own, other in ((i, j), (j, i)):
        at = layout.variance_at[own]
        pairs = np.flatnonzero(at >= 0)
        rate = rho[pairs] * sd[other[pairs]] / (2.0 * sd[own[pairs]])
        out[m1 + pairs] += rate[:, None] * bread[at[pairs]]
    out[layout.kind == MomentKind.MEAN] *= -1.0
    return out


def _findings(
    margins: Sequence[Margin],
    values: Array,
    n_categories: Sequence[int],
    layout: MomentLayout,
    stage: _SecondStage,
) -> OrdinalFindings:
    pairs = list(zip(layout.pair_first.tolist(), layout.pair_second.tolist(), strict=True))
    empty = [
        (v, int(code))
        for v, (margin, c) in enumerate(zip(margins, n_categories, strict=True))
        if isinstance(margin, OrderedMargin)
        for code in np.flatnonzero(np.bincount(margin.codes, minlength=c) == 0)
    ]
    return OrdinalFindings(
        empty_categories=tuple(empty),
        empty_cells=tuple((*pairs[k], int(stage.empty[k])) for k in np.flatnonzero(stage.empty)),
        near_one=tuple(pairs[k] for k in np.flatnonzero(np.abs(stage.rho) > 0.99)),
        not_converged=tuple(pairs[k] for k in np.flatnonzero(stage.failed)),
        two_values=tuple(
            v for v, c in enumerate(n_categories) if not c and len(np.unique(values[:, v])) == 2
        ),
    )
