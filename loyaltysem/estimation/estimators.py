"""The estimators: each is a row of parts, not a class and not a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array
from loyaltysem.engine.discrepancies import (
    Discrepancy,
    GeneralisedLeastSquares,
    MaximumLikelihood,
)
from loyaltysem.moments.gamma import weight_from_gamma

Information: TypeAlias = Literal["expected", "observed", "first.order"]
INFORMATION: tuple[Information, ...] = ("expected", "observed", "first.order")
#: Subtracted from each N_g in the divisor of S and in χ² = (N − offset·G)·F.
LIKELIHOODS: Mapping[str, int] = {"normal": 0, "wishart": 1}
#: V of a list of moments, dense (m, m) or its diagonal (m,), from their Γ̂ (m, m).
WeightMaker: TypeAlias = Callable[[Array], Array]


def identity_weight(gamma: Array) -> Array:
    """Return V = I: every moment counts alike (ULS), but those of fixed x, which are given."""
    return (np.diagonal(gamma) > 0).astype(np.float64)


def diagonal_weight(gamma: Array) -> Array:
    """Return V = 1/diag Γ̂ (DWLS); a moment that cannot vary (of fixed x) gets no weight."""
    variance = np.diagonal(gamma)
    return np.where(variance > 0, 1.0 / np.where(variance > 0, variance, 1.0), 0.0)


@dataclass(frozen=True, slots=True)
class Estimator:
    """What an estimator is made of.

    Attributes
    ----------
    name, description : str
    discrepancy : Discrepancy or None
        Of Σ and μ.
    weight : callable or None
        Where there is no such discrepancy: V of a list of moments, from their Γ̂.
    se, test : str
        Default standard errors and test, by the names of ``sem.corrections``.
    information : str
        Default information behind standard errors.
    least_squares : bool
        Moments divided by N − 1 and χ² = (N − 1)·F, whatever the likelihood.
    data : frozenset of str
        What it can be fitted to: ``complete``, ``incomplete``, ``ordinal``.
    """

    name: str
    description: str
    discrepancy: Discrepancy | None
    weight: WeightMaker | None
    se: str
    test: str
    information: Information
    least_squares: bool
    data: frozenset[str]

    @property
    def maximum_likelihood(self) -> bool:
        """Whether complete data are fitted by the normal likelihood, whatever the corrections."""
        return isinstance(self.discrepancy, MaximumLikelihood)


_ML = MaximumLikelihood()
_LIKELIHOOD = frozenset({"complete", "incomplete"})
_COMPLETE = frozenset({"complete"})
_BOTH = frozenset({"complete", "ordinal"})


def _likelihood(
    name: str, words: str, se: str, test: str, information: Information, data: frozenset[str]
) -> Estimator:
    return Estimator(name, words, _ML, None, se, test, information, False, data)


def _least_squares(name: str, words: str, weight: WeightMaker, se: str, test: str) -> Estimator:
    return Estimator(name, words, None, weight, se, test, "expected", True, _BOTH)


ESTIMATORS: Mapping[str, Estimator] = {
    row.name: row
    for row in (
        _likelihood("ML", "maximum likelihood", "standard", "standard", "expected", _LIKELIHOOD),
        _likelihood(
            "MLM", "maximum likelihood, Satorra–Bentler corrections",
            "robust.sem", "satorra.bentler", "expected", _COMPLETE,
        ),
        _likelihood(
            "MLMV", "maximum likelihood, scaled and shifted test",
            "robust.sem", "scaled.shifted", "expected", _COMPLETE,
        ),
        _likelihood(
            "MLMVS", "maximum likelihood, mean- and variance-adjusted test",
            "robust.sem", "mean.var.adjusted", "expected", _COMPLETE,
        ),
        _likelihood(
            "MLR", "maximum likelihood, Huber–White standard errors",
            "robust.huber.white", "yuan.bentler.mplus", "observed", _LIKELIHOOD,
        ),
        _likelihood(
            "MLF", "maximum likelihood, first-order standard errors",
            "standard", "standard", "first.order", _LIKELIHOOD,
        ),
        Estimator(
            "GLS", "generalised least squares", GeneralisedLeastSquares(), None,
            "standard", "standard", "expected", True, _COMPLETE,
        ),
        _least_squares(
            "ULS", "unweighted least squares", identity_weight, "robust.sem.nt",
            "browne.residual.nt",
        ),
        _least_squares(
            "ULSM", "unweighted least squares, mean-scaled test", identity_weight,
            "robust.sem", "satorra.bentler",
        ),
        _least_squares(
            "ULSMV", "unweighted least squares, scaled and shifted test", identity_weight,
            "robust.sem", "scaled.shifted",
        ),
        _least_squares(
            "ULSMVS", "unweighted least squares, mean- and variance-adjusted test",
            identity_weight, "robust.sem", "mean.var.adjusted",
        ),
        _least_squares(
            "WLS", "weighted least squares", weight_from_gamma, "standard", "standard"
        ),
        _least_squares(
            "DWLS", "diagonally weighted least squares", diagonal_weight, "robust.sem.nt",
            "browne.residual.nt",
        ),
        _least_squares(
            "WLSM", "diagonally weighted least squares, mean-scaled test", diagonal_weight,
            "robust.sem", "satorra.bentler",
        ),
        _least_squares(
            "WLSMV", "diagonally weighted least squares, scaled and shifted test", diagonal_weight,
            "robust.sem", "scaled.shifted",
        ),
        _least_squares(
            "WLSMVS", "diagonally weighted least squares, mean- and variance-adjusted test",
            diagonal_weight, "robust.sem", "mean.var.adjusted",
        ),
    )
}  # fmt: skip


def find_estimator(name: str) -> Estimator:
    """Return the row of the table, or an error that lists the names.

    Examples
    --------
    >>> find_estimator("ml").name
    'ML'
    """
    found = ESTIMATORS.get(name.upper())
    if found is None:
        raise IncompatibleRequestError(
            f"There is no estimator '{name}'.",
            code="request.estimator",
            hint=did_you_mean(name.upper(), ESTIMATORS) or f"Available: {', '.join(ESTIMATORS)}.",
        )
    return found
