"""Sample moments of complete data, and the checks that make them usable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from loyaltysem.core.errors import DataError
from loyaltysem.core.linalg import involved, null_space
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.moments.data import GroupedData, GroupedMoments


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """Means and covariances, group by group.

    Attributes
    ----------
    names : tuple of str
        Observed variables (p).
    cov : tuple of Array, each (B, p, p)
        Divided by N, or by N − 1 where `divisor_offset` is 1.
    mean : tuple of Array, each (B, p)
    n_obs : tuple of int
        Cases in each group.
    divisor_offset : int
        0 for normal-theory ML, 1 for Wishart likelihood and least squares.
    values : tuple of Array, each (N_g, p)
        Complete cases; empty when moments were given.
    """

    names: tuple[str, ...]
    cov: tuple[Array, ...]
    mean: tuple[Array, ...]
    n_obs: tuple[int, ...]
    divisor_offset: int = 0
    values: tuple[Array, ...] = ()

    @property
    def n_total(self) -> int:
        """Cases in all groups."""
        return sum(self.n_obs)

    @property
    def weight(self) -> int:
        """What F is multiplied by to give χ²: N, or N − G under Wishart likelihood."""
        return self.n_total - self.divisor_offset * len(self.n_obs)

    @property
    def shares(self) -> tuple[float, ...]:
        """Each group's part of `weight`."""
        return tuple((n - self.divisor_offset) / self.weight for n in self.n_obs)

    def take(self, rows: Indices) -> SampleMoments:
        """Keep some replicates."""
        cov, mean = tuple(s[rows] for s in self.cov), tuple(m[rows] for m in self.mean)
        return replace(self, cov=cov, mean=mean)


def from_data(data: GroupedData, divisor_offset: int = 0) -> SampleMoments:
    """Compute the moments of complete cases.

    Parameters
    ----------
    data : GroupedData
    divisor_offset : int
        Subtracted from N in the divisor of the covariances.

    Returns
    -------
    SampleMoments
        With a batch axis of one.

    Raises
    ------
    DataError
        When a variable is constant, variables are collinear, or there are too few cases.
    """
    for values in data.values:
        _check_values(values, data.names)
    mean = [v.mean(axis=0) for v in data.values]
    centred = [v - m for v, m in zip(data.values, mean, strict=True)]
    cov = [c.T @ c / (len(c) - divisor_offset) for c in centred]
    for s in cov:
        check_positive_definite(s, data.names)
    return SampleMoments(
        data.names,
        tuple(s[None] for s in cov),
        tuple(m[None] for m in mean),
        tuple(len(v) for v in data.values),
        divisor_offset,
        data.values,
    )


def from_moments(moments: GroupedMoments, divisor_offset: int = 0) -> SampleMoments:
    """Use moments in place of cases; covariances divided by N − 1, as programs print them.

    Under normal-theory ML they are rescaled by (N − 1)/N, as lavaan does.
    """
    for cov in moments.cov:
        _check_symmetric(cov)
        check_positive_definite(cov, moments.names)
    zeros = tuple(np.zeros(len(moments.names)) for _ in moments.cov)
    scale = [(n - 1) / (n - divisor_offset) for n in moments.n_obs]
    return SampleMoments(
        moments.names,
        tuple(s[None] * c for s, c in zip(moments.cov, scale, strict=True)),
        tuple(m[None] for m in moments.mean or zeros),
        moments.n_obs,
        divisor_offset,
    )


def _check_symmetric(cov: Array) -> None:
    if not (np.isfinite(cov).all() and np.allclose(cov, cov.T, atol=1e-8 * np.abs(cov).max())):
        raise DataError(
            "The covariance matrix given is not symmetric, or holds missing values.",
            code="data.covariance",
            hint="Give the full matrix, not only its lower triangle.",
        )


def _check_values(values: Array, names: Sequence[str]) -> None:
    check_enough(*values.shape)
    check_varied((values != values[0]).any(axis=0), names)


def check_enough(n: int, p: int) -> None:
    """Raise a `DataError` when n cases of p variables cannot have a regular covariance matrix."""
    if n <= p:
        raise DataError(
            f"{n} complete case(s) are too few for {p} variables: their covariance matrix is "
            "singular.",
            code="data.too_few_cases",
            hint="Collect more answers, use fewer variables, or look at what is missing.",
        )


def check_varied(varies: Mask, names: Sequence[str]) -> None:
    """Raise a `DataError` naming the variables that do not vary."""
    constant = [names[i] for i in np.flatnonzero(~varies).tolist()]
    if constant:
        raise DataError(
            f"Every respondent gave the same answer to {', '.join(map(repr, constant))}.",
            code="data.constant",
            hint="A variable that does not vary cannot be explained; take it out of the model.",
        )


def check_positive_definite(cov: Array, names: Sequence[str]) -> None:
    """Raise a `DataError` naming the variables that make a covariance matrix singular."""
    diagonal = np.diagonal(cov)
    if (diagonal <= 0).any():
        constant = ", ".join(repr(names[i]) for i in np.flatnonzero(diagonal <= 0).tolist())
        raise DataError(
            f"The variance of {constant} is not positive.",
            code="data.constant",
            hint="A variable that does not vary cannot be explained; take it out of the model.",
        )
    basis = null_space(cov, tolerance=1e-10)
    if basis.shape[1]:
        together = ", ".join(repr(names[i]) for i in involved(basis))
        raise DataError(
            f"The variables {together} determine one another exactly, so the covariance matrix "
            "is singular.",
            code="data.collinear",
            hint="Take one of them out: a total, a copy or a recoded version of another item.",
        )


def exogenous_values(
    mean: Sequence[Array], cov: Sequence[Array], exogenous: Sequence[tuple[int, int, int, int]]
) -> tuple[Indices, Array]:
    """Return table rows of fixed x and their sample values, shapes (e,) and (B, e)."""
    rows = np.array([row for row, _, _, _ in exogenous], dtype=np.intp)
    columns = [mean[g][:, i] if j < 0 else cov[g][:, i, j] for _, g, i, j in exogenous]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(cov[0]), 0))
    return rows, values
