"""Rotation of factor loadings by gradient projection (Jennrich 2001, 2002; Bernaards & Jennrich).

A rotation T turns loadings A into L = A T⁻ᵀ with factor correlations Φ = TᵀT, where the columns
of T have length 1; orthogonal rotations keep TᵀT = I. The search follows the negative gradient of
a criterion, projected on the rotations, from several starts at once: criteria have local minima.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.inference.rotation_criteria import Criterion, Geomin, Oblimin, Orthomax

#: Length of the projected gradient at which a search ends, and its greatest number of steps.
TOLERANCE, MAX_STEPS = 1e-7, 5000
#: Where rounding hides all further descent, a projected gradient this short is a minimum.
NEAR = 1e-5
#: Random starts of the varimax solution that promax begins with.
VARIMAX_STARTS = 10
#: Values of a criterion closer than this are one minimum.
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class RotationMethod:
    """How a named rotation is done.

    Attributes
    ----------
    criterion : Criterion or None
        None for promax, which has no criterion of its own.
    orthogonal : bool
    kaiser : bool
        Whether rows are scaled to length 1 first, unless the caller says otherwise.
    """

    criterion: Criterion | None
    orthogonal: bool
    kaiser: bool


def rotation_methods(gamma: float = 0.0, epsilon: float = 0.001) -> dict[str, RotationMethod]:
    """Return the rotations by name; `gamma` is oblimin's, `epsilon` geomin's."""
    return {
        "varimax": RotationMethod(Orthomax(1.0), orthogonal=True, kaiser=True),
        "quartimax": RotationMethod(Orthomax(0.0), orthogonal=True, kaiser=False),
        "promax": RotationMethod(None, orthogonal=False, kaiser=True),
        "oblimin": RotationMethod(Oblimin(gamma), orthogonal=False, kaiser=False),
        "quartimin": RotationMethod(Oblimin(0.0), orthogonal=False, kaiser=False),
        "geomin": RotationMethod(Geomin(epsilon), orthogonal=False, kaiser=False),
    }


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotated solution.

    Attributes
    ----------
    loadings : Array, shape (p, k)
        The pattern matrix.
    phi : Array, shape (k, k)
        Correlations of the factors.
    transform : Array, shape (k, k)
        T, with ``loadings = A T⁻ᵀ`` and ``phi = TᵀT``.
    value : float
        The criterion; NaN for promax and for no rotation.
    values : Array, shape (B,)
        The criterion at the end of each search.
    converged : bool
    """

    loadings: Array
    phi: Array
    transform: Array
    value: float
    values: Array
    converged: bool

    @property
    def n_starts(self) -> int:
        """Number of searches."""
        return len(self.values)

    @property
    def n_best(self) -> int:
        """How many of them ended at the best value."""
        near = SAME * max(1.0, abs(self.value))
        return int((self.values <= self.value + near).sum()) if self.n_starts else 0

    def arranged(self, order: Indices, signs: Array) -> Rotation:
        """Return the solution with factors in another order, after changes of sign."""
        transform = (self.transform * signs)[:, order]
        phi = (self.phi * signs * signs[:, None])[np.ix_(order, order)]
        return Rotation(
            (self.loadings * signs)[:, order],
            phi,
            transform,
            self.value,
            self.values,
            self.converged,
        )


def unrotated(loadings: Array) -> Rotation:
    """Return loadings as they are."""
    eye = np.eye(loadings.shape[1])
    return Rotation(loadings, eye, eye, np.nan, np.empty(0), True)


def rotate(loadings: Array, method: RotationMethod, starts: Array, kaiser: bool) -> Rotation:
    """Rotate loadings to the smallest value of a criterion that any start leads to.

    Parameters
    ----------
    loadings : Array, shape (p, k)
        A, of uncorrelated factors.
    method : RotationMethod
        With a criterion.
    starts : Array, shape (B, k, k)
        Orthogonal matrices, from `random_starts`.
    kaiser : bool
        Scale rows to length 1 while rotating (Kaiser 1958).

    Returns
    -------
    Rotation

    Examples
    --------
    >>> a = np.array([[0.7, 0.3], [0.6, 0.4], [0.3, -0.6], [0.4, -0.7]])
    >>> found = rotate(a, rotation_methods()["quartimin"], random_starts(2, 5), kaiser=False)
    >>> np.abs(found.loadings).round(2).tolist()[0]
    [0.76, 0.06]
    """
    if method.criterion is None:
        raise ValueError("this rotation has no criterion: call promax")
    weight = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) if kaiser else 1.0
    safe = np.where(weight == 0.0, 1.0, weight)
    search = _Search(loadings / safe, method.criterion, method.orthogonal)
    transform, values, done = _descend(search, starts)
    best = int(np.argmin(values))
    t = transform[best]
    phi = np.eye(len(t)) if method.orthogonal else t.T @ t
    turned = safe * search.loadings(t[None])[0]
    return Rotation(turned, phi, t, float(values[best]), values, bool(done[best]))


def best_varimax(a: Array) -> Rotation:
    """Rotate by varimax from several starts: unrotated loadings can be a saddle."""
    starts = random_starts(a.shape[1], VARIMAX_STARTS)
    return rotate(a, rotation_methods()["varimax"], starts, kaiser=True)


def promax(
    loadings: Array,
    power: float,
    kaiser: bool,
    varimax: Callable[[Array], Rotation] = best_varimax,
) -> Rotation:
    """Rotate by promax (Hendrickson & White 1964), as ``psych::fa(rotate="promax")``.

    Parameters
    ----------
    loadings : Array, shape (p, k)
    power : float
        Loadings of the varimax solution are raised to this power to make the target; 4 as in SPSS
        and psych.
    kaiser : bool
        Scale rows to length 1 throughout: for varimax, for the target, and for the regression on
        it. R's ``stats::promax`` normalises for varimax alone.
    varimax : callable
        What to begin with: the best of several searches, or `varimax_as_in_r`, which stops a
        little before the maximum.
    """
    weight = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) if kaiser else 1.0
    safe = np.where(weight == 0.0, 1.0, weight)
    a = loadings / safe
    found = varimax(a)
    x = found.loadings
    target = x * np.abs(x) ** (power - 1.0)
    u = np.linalg.lstsq(x, target, rcond=None)[0]
    if np.linalg.matrix_rank(u) < len(u.T):  # a factor without loadings has no target
        return replace(found, loadings=safe * x, values=np.empty(0), converged=False)
    u = u * np.sqrt(np.diagonal(np.linalg.inv(u.T @ u)))
    inverse = np.linalg.inv(u)
    phi = inverse @ inverse.T
    transform = found.transform @ inverse.T
    return Rotation(safe * (x @ u), phi, transform, np.nan, np.empty(0), converged=found.converged)


def random_starts(k: int, count: int, seed: int = 1) -> Array:
    """Return the identity and `count` random orthogonal matrices, shape (1 + count, k, k)."""
    drawn = np.random.default_rng(seed).standard_normal((count, k, k))
    q, r = np.linalg.qr(drawn)
    signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return np.concatenate([np.eye(k)[None], q * signs[:, None, :]])


def order_by_variance(found: Rotation) -> Rotation:
    """Give columns a positive sum and order them by the variance they account for, as psych does.

    The variance of a factor is the diagonal of ΦLᵀL.
    """
    signed = found.arranged(np.arange(len(found.phi)), _signs(found.loadings))
    variance = np.diagonal(signed.phi @ signed.loadings.T @ signed.loadings)
    return signed.arranged(np.argsort(-variance, kind="stable"), np.ones(len(variance)))


def order_by_index(found: Rotation, spread: Array | None = None) -> Rotation:
    """Give columns a positive sum and order them by the items that mark them, as lavaan does.

    The mean place of the items that load at least .8 times the largest loading of the column.

    Parameters
    ----------
    found : Rotation
    spread : Array, optional, shape (p,)
        Standard deviations of items: sums and sizes are those of loadings in the items' own units,
        as in lavaan. Without them items have unit variance.
    """
    loadings = found.loadings if spread is None else found.loadings * spread[:, None]
    size = np.abs(loadings)
    marked = size >= 0.8 * size.max(axis=0)
    place = (marked * np.arange(len(size))[:, None]).sum(axis=0) / marked.sum(axis=0)
    return found.arranged(np.argsort(place, kind="stable"), _signs(loadings))


def _signs(loadings: Array) -> Array:
    return np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is rotated, and towards what."""

    a: Array
    criterion: Criterion
    orthogonal: bool

    def loadings(self, t: Array) -> Array:
        """Return A T⁻ᵀ, shape (B, p, k)."""
        if self.orthogonal:
            return np.asarray(self.a @ t)
        return np.asarray(self.a @ np.swapaxes(_inverse(t), 1, 2))

    def slope(self, t: Array, loadings: Array, gradient: Array) -> Array:
        """Return the derivative in T, projected on the rotations, (B, k, k)."""
        if self.orthogonal:
            g = self.a.T @ gradient
            inner = np.swapaxes(t, 1, 2) @ g
            return np.asarray(g - 0.5 * t @ (inner + np.swapaxes(inner, 1, 2)))
        inner = np.swapaxes(gradient, 1, 2) @ loadings
        downhill = np.linalg.solve(np.swapaxes(t, 1, 2), inner)
        return np.asarray(t * (t * downhill).sum(axis=1, keepdims=True) - downhill)

    def nearest(self, t: Array) -> Array:
        """Return the rotations nearest to matrices (B, k, k)."""
        if self.orthogonal:
            u, _, v = np.linalg.svd(t)
            return np.asarray(u @ v)
        return np.asarray(t / np.sqrt((t * t).sum(axis=1, keepdims=True)))


def _inverse(t: Array) -> Array:
    """Invert matrices (B, k, k), NaN where one is singular: a criterion can lead there."""
    try:
        return np.asarray(np.linalg.inv(t))
    except np.linalg.LinAlgError:
        if len(t) == 1:
            return np.full(t.shape, np.nan)
        return np.concatenate([_inverse(one[None]) for one in t])


def _descend(search: _Search, starts: Array) -> tuple[Array, Array, Mask]:
    """Follow all starts; return rotations (B, k, k), values (B,) and which searches ended."""
    transform = np.array(starts)
    values = np.array(search.criterion(search.loadings(transform))[0])
    done = np.zeros(len(values), dtype=np.bool_)
    step = np.ones(len(values))
    active = np.arange(len(values))
    for _ in range(MAX_STEPS):
        t = transform[active]
        loadings = search.loadings(t)
        slope = search.slope(t, loadings, search.criterion(loadings)[1])
        length = np.sqrt((slope * slope).sum(axis=(1, 2)))
        ended = length < TOLERANCE
        done[active[ended]] = True
        active, t, slope, length = (x[~ended] for x in (active, t, slope, length))
        if not len(active):
            break
        step[active] *= 2.0
        stuck = _step(search, (transform, values, step), active, (t, slope, length))
        done[active[stuck]] = length[stuck] < NEAR
        active = np.delete(active, stuck)
    return transform, values, done


def _step(
    search: _Search,
    state: tuple[Array, Array, Array],
    active: Indices,
    here: tuple[Array, Array, Array],
) -> Indices:
    """Move the active searches downhill, halving each step until its value falls enough.

    Returns the places of those that cannot go on.
    """
    transform, values, step = state
    t, slope, length = here
    waiting = np.arange(len(active))
    for _ in range(40):
        rows = active[waiting]
        size = step[rows]
        trial = search.nearest(t[waiting] - size[:, None, None] * slope[waiting])
        reached = search.criterion(search.loadings(trial))[0]
        good = values[rows] - reached > 0.5 * length[waiting] ** 2 * size
        transform[rows[good]], values[rows[good]] = trial[good], reached[good]
        waiting = waiting[~good]
        if not len(waiting):
            break
        step[active[waiting]] *= 0.5
    return waiting


def varimax_as_in_r(loadings: Array, tolerance: float = 1e-5, kaiser: bool = True) -> Rotation:
    """Rotate by varimax and stop where R's ``stats::varimax`` stops.

    Each step takes the orthogonal factor of ``Aᵀ[L³ − L diag(LᵀL)/p]``; they end once the sum of
    its singular values grows by less than `tolerance`, which leaves loadings up to .001 from the
    maximum that `rotate` finds. psych prints these.
    """
    weight = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) if kaiser else 1.0
    safe = np.where(weight == 0.0, 1.0, weight)
    a = loadings / safe
    t: Array = np.eye(a.shape[1], dtype=np.float64)
    size, before = 0.0, -np.inf
    converged = False
    for _ in range(1000):
        x = a @ t
        u, d, v = np.linalg.svd(a.T @ (x**3 - x * (x**2).mean(axis=0)))
        t = np.asarray(u @ v, dtype=np.float64)
        before, size = size, float(d.sum())
        converged = size < before * (1.0 + tolerance)
        if converged:
            break
    value = Orthomax(1.0)((a @ t)[None])[0]
    return Rotation(safe * (a @ t), np.eye(len(t)), t, float(value[0]), value, converged)
