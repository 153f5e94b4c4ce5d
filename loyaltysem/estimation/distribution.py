"""Distributions with given means, covariances, skewness and kurtosis, as maps of normal numbers.

Every variable is ``y = μ + σ(−c + bz + cz² + dz³)`` of a standard normal z (Fleishman 1978); the z
correlate so that the y have the correlations asked for (Vale & Maurelli 1983). A normal variable
is the case b = 1, c = d = 0.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root
from scipy.special import ndtri

from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError, did_you_mean
from loyaltysem.core.linalg import cholesky, correlation, involved
from loyaltysem.core.types import Array, Indices

#: Steps on the way from the normal to a skewed cubic; each starts where the last one ended.
STEPS = 20
TOLERANCE = 1e-9
#: Points of the grid that stands for a whole marginal distribution.
GRID = 20_001


@dataclass(frozen=True, slots=True)
class Distribution:
    """How p variables arise from p independent standard normal ones.

    Attributes
    ----------
    mean : Array, shape (p,)
    factor : Array, shape (p, p)
        Lower triangle L with LLᵀ the covariances of the normal variables: Σ itself, or the
        intermediate correlations where there are cubics.
    scale : Array, shape (p,), or None
        Standard deviations; None for a normal distribution.
    cubic : Array, shape (3, p), or None
        b, c and d of each variable.
    """

    mean: Array
    factor: Array
    scale: Array | None = None
    cubic: Array | None = None

    @property
    def is_normal(self) -> bool:
        """Whether this is the multivariate normal distribution."""
        return self.cubic is None

    def values(self, z: Array) -> Array:
        """Map independent standard normal numbers (..., N, p) to values (..., N, p)."""
        y = z @ self.factor.T
        if self.cubic is not None and self.scale is not None:
            y = _cubic(self.cubic, y)
            y *= self.scale
        y += self.mean
        return y

    def marginal(self, position: int) -> Array:
        """Return `GRID` equally probable values of one variable, to sum over its distribution."""
        z = ndtri((np.arange(GRID) + 0.5) / GRID)
        if self.cubic is None or self.scale is None:
            return np.asarray(self.mean[position] + z * np.linalg.norm(self.factor[position]))
        y = _cubic(self.cubic[:, position], z)
        return np.asarray(self.mean[position] + self.scale[position] * y)

    def quantiles(self, position: int, below: Array) -> Array:
        """Return the values of one variable with these probabilities below them."""
        if self.cubic is None or self.scale is None:
            sd = np.linalg.norm(self.factor[position])
            return np.asarray(self.mean[position] + sd * ndtri(below))
        b, c, d = self.cubic[:, position]
        if c * c <= 3 * b * d:  # a cubic that only rises keeps the order of z
            y = _cubic(self.cubic[:, position], ndtri(below))
            return np.asarray(self.mean[position] + self.scale[position] * y)
        return np.asarray(np.quantile(self.marginal(position), below))


def _cubic(cubic: Array, z: Array) -> Array:
    """Return −c + bz + cz² + dz³."""
    b, c, d = cubic
    y = d * z
    for coefficient in (c, b):
        y += coefficient
        y *= z
    y -= c
    return np.asarray(y)


def make_distribution(
    names: Sequence[str],
    mean: Array,
    sigma: Array,
    skewness: Array | None = None,
    kurtosis: Array | None = None,
) -> Distribution:
    """Find the distribution with these moments.

    Parameters
    ----------
    names : sequence of str
        For messages.
    mean : Array, shape (p,)
    sigma : Array, shape (p, p)
    skewness, kurtosis : Array, shape (p,), optional
        Third and fourth standardised moments, the fourth less 3; None for the normal.

    Raises
    ------
    ModelSpecificationError
        When Σ is not positive definite.
    IncompatibleRequestError
        When no cubic has a skewness with its kurtosis, or the cubics cannot have the correlations.
    """
    factor, ok = cholesky(sigma[None])
    if not ok[0]:
        raise _not_positive(names, sigma)
    if skewness is None or kurtosis is None or not (skewness.any() or kurtosis.any()):
        return Distribution(mean, factor[0])
    cubic = _cubics(names, skewness, kurtosis)
    normal = intermediate_correlations(names, correlation(sigma), cubic)
    return Distribution(mean, normal, np.sqrt(np.diagonal(sigma)), cubic)


def _not_positive(names: Sequence[str], sigma: Array) -> ModelSpecificationError:
    value, vector = np.linalg.eigh(sigma)
    listed = ", ".join(f"'{names[i]}'" for i in involved(vector[:, :1]))
    return ModelSpecificationError(
        "No population has the covariance matrix these values imply: it is not positive definite "
        f"(smallest eigenvalue {value[0]:.3g}; {listed} take part).",
        code="population.not_positive_definite",
        hint="Correlations are too large together, or a residual variance is 0 where it must not "
        "be. Look at the variances and covariances of these variables.",
    )


def _cubics(names: Sequence[str], skewness: Array, kurtosis: Array) -> Array:
    """Return b, c and d of each variable, shape (3, p), or name every pair that has none."""
    columns, problems = [], []
    for name, s, k in zip(names, skewness.tolist(), kurtosis.tolist(), strict=True):
        found = fleishman(s, k)
        if found is None:
            problems.append(f"'{name}' with skewness {s:g} and kurtosis {k:g}{_reach(s, k)}")
        columns.append(found or (1.0, 0.0, 0.0))
    if problems:
        raise IncompatibleRequestError(
            "No cubic of a normal variable has the skewness and kurtosis asked for: "
            f"{'; '.join(problems)}.",
            code="population.shape",
            hint="Kurtosis counts from 0 (the normal). Skewed variables have tails: raise the "
            "kurtosis, or lower the skewness.",
        )
    return np.array(columns).T


def _reach(skewness: float, kurtosis: float) -> str:
    """Say from where on, or up to where, kurtosis goes with a skewness."""
    limit = kurtosis_limit(skewness, kurtosis)
    if limit is None:
        return " (no kurtosis goes with such skewness)"
    side = "at least" if limit > kurtosis else "at most"
    return f" (needs a kurtosis of {side} {limit:.2f})"


@functools.lru_cache(maxsize=256)
def fleishman(skewness: float, kurtosis: float) -> tuple[float, float, float] | None:
    """Return b, c, d for which −c + bz + cz² + dz³ has variance 1 and these moments.

    Parameters
    ----------
    skewness : float
    kurtosis : float
        0 for the normal.

    Returns
    -------
    tuple of float, or None
        None where there are none.

    Notes
    -----
    Fleishman (1978), equations 11, 17, 18 and 20. The system has several solutions; this is the one
    that grows out of the normal (b = 1, c = d = 0) as skewness and kurtosis grow from 0 together,
    found by following it in small steps.

    Examples
    --------
    >>> [round(x, 6) for x in fleishman(1.0, 2.0)]
    [0.904758, 0.147211, 0.023861]
    >>> fleishman(2.0, 0.0) is None
    True
    """
    x = np.array([1.0, 0.0, 0.0])
    for share in np.linspace(0.0, 1.0, STEPS + 1)[1:]:
        target = np.array([0.0, share * skewness, share * kurtosis])
        x = root(_distance, x, args=(target,), tol=1e-14).x
    error = np.abs(_moments(x) - np.array([0.0, skewness, kurtosis])).max()
    return (float(x[0]), float(x[1]), float(x[2])) if error < TOLERANCE else None


def _distance(x: Array, target: Array) -> Array:
    return np.asarray(_moments(x) - target)


def _moments(x: Array) -> Array:
    """Return variance less 1, skewness and kurtosis of a cubic (where its variance is 1)."""
    b, c, d = x
    return np.array([
        b * b + 6 * b * d + 2 * c * c + 15 * d * d - 1,
        2 * c * (b * b + 24 * b * d + 105 * d * d + 2),
        24 * (b * d + c * c * (1 + b * b + 28 * b * d)
              + d * d * (12 + 48 * b * d + 141 * c * c + 225 * d * d)),
    ])  # fmt: skip


def kurtosis_limit(skewness: float, kurtosis: float) -> float | None:
    """Return the kurtosis nearest to one out of reach that goes with a skewness, None for none."""
    inside = next(
        (k for k in (2.0 * skewness**2 + extra for extra in (1.0, 5.0, 20.0))
         if fleishman(skewness, k) is not None),
        None,
    )  # fmt: skip
    if inside is None:
        return None
    outside = kurtosis
    for _ in range(40):
        middle = (inside + outside) / 2
        if fleishman(skewness, middle) is None:
            outside = middle
        else:
            inside = middle
    return inside


def intermediate_correlations(names: Sequence[str], wanted: Array, cubic: Array) -> Array:
    """Return the Cholesky factor of the correlations that normal variables need.

    Parameters
    ----------
    names : sequence of str
        For messages.
    wanted : Array, shape (p, p)
        Correlations of the cubics.
    cubic : Array, shape (3, p)
        b, c and d.

    Returns
    -------
    Array, shape (p, p)
        Lower triangle.

    Raises
    ------
    IncompatibleRequestError
        When a correlation is out of reach, or together they are of no normal distribution.

    Notes
    -----
    Vale & Maurelli (1983), equation 11: the correlation of cubics 1 and 2 is
    ``ρ(b₁ + 3d₁)(b₂ + 3d₂) + 2ρ²c₁c₂ + 6ρ³d₁d₂``, of which the root between 0 and ±1 is taken.
    """
    b, c, d = cubic
    terms = np.outer(b + 3 * d, b + 3 * d), 2 * np.outer(c, c), 6 * np.outer(d, d)
    sign = np.where(wanted < 0, -1.0, 1.0)
    reach = _polynomial(terms, sign)
    short = np.argwhere(np.tril(np.abs(wanted) - sign * reach, -1) > 1e-12).astype(np.intp)
    if len(short):
        raise _unreachable(names, wanted, reach, short)
    low, high = np.zeros_like(wanted), sign.copy()
    for _ in range(60):
        middle = (low + high) / 2
        beyond = sign * _polynomial(terms, middle) > np.abs(wanted)
        high, low = np.where(beyond, middle, high), np.where(beyond, low, middle)
    rho = (low + high) / 2
    np.fill_diagonal(rho, 1.0)
    factor, ok = cholesky(rho[None])
    if not ok[0]:
        raise _no_normal(names, rho)
    return np.asarray(factor[0])


def _polynomial(terms: tuple[Array, Array, Array], rho: Array) -> Array:
    return np.asarray(rho * (terms[0] + rho * (terms[1] + rho * terms[2])))


def _unreachable(
    names: Sequence[str], wanted: Array, reach: Array, pairs: Indices
) -> IncompatibleRequestError:
    listed = "; ".join(
        f"'{names[j]}' and '{names[i]}' ({wanted[i, j]:.2f}, the limit is {reach[i, j]:.2f})"
        for i, j in pairs.tolist()
    )
    return IncompatibleRequestError(
        f"Variables of such different shapes cannot correlate as the model says: {listed}.",
        code="population.correlation",
        hint="Make the shapes more alike, or the correlations smaller.",
    )


def _no_normal(names: Sequence[str], rho: Array) -> IncompatibleRequestError:
    value, vector = np.linalg.eigh(rho)
    listed = ", ".join(f"'{names[i]}'" for i in involved(vector[:, :1]))
    return IncompatibleRequestError(
        "The intermediate correlations of the normal variables behind the non-normal ones are not "
        f"positive definite (smallest eigenvalue {value[0]:.3g}; {listed} take part), so the "
        "method of Vale and Maurelli cannot reach this population.",
        code="population.intermediate",
        hint="Ask for less skewness and kurtosis, or for smaller correlations.",
    )


def shape_values(
    option: str, value: float | Mapping[str, float] | None, names: Sequence[str]
) -> Array | None:
    """Read one number for all variables, or a mapping of some; the others get 0.

    Raises
    ------
    IncompatibleRequestError
        When a name is none of the variables, or a value is no finite number.
    """
    if value is None:
        return None
    given = dict(value) if isinstance(value, Mapping) else dict.fromkeys(names, value)
    unknown = [n for n in given if n not in names]
    if unknown:
        raise IncompatibleRequestError(
            f"{option} names '{unknown[0]}', which is no observed variable of the model.",
            code="request.variable",
            hint=did_you_mean(unknown[0], names) or f"Variables: {', '.join(names)}.",
        )
    try:
        numbers = np.array([float(given.get(n, 0.0)) for n in names])
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all():
        raise IncompatibleRequestError(
            f"{option}={value!r} holds what is no number.",
            code="request.number",
            hint=f"Write {option}=1.0, or {option}={{'{names[0]}': 1.0}}.",
        )
    return numbers
