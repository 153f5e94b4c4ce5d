"""The estimators: each is a row of parts, not a class and not a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array
from loyaltysem.engine.discrepancies import (
    Discrepancy,
    GeneralisedLeastSquares,
    MaximumLikelihood,
)
from loyaltysem.engine.terms import MatrixTerm, Term
from loyaltysem.model.structure import BlockStructure

Information: TypeAlias = Literal["expected", "observed"]
INFORMATION: tuple[Information, ...] = ("expected", "observed")
#: Subtracted from each N_g in the divisor of S and in χ² = (N − offset·G)·F.
LIKELIHOODS: Mapping[str, int] = {"normal": 0, "wishart": 1}


@dataclass(frozen=True, slots=True)
class Estimator:
    """What an estimator is made of.

    Attributes
    ----------
    name : str
    discrepancy : Discrepancy
        Of Σ and μ.
    n_minus_one : bool
        Moments divided by N − 1 and χ² = (N − 1)·F, whatever the likelihood.
    information : {"expected", "observed"}
        Its default for standard errors.
    description : str
        For plans and reports.
    """

    name: str
    discrepancy: Discrepancy
    information: Information
    description: str
    n_minus_one: bool = False

    def term(self, cov: Array, mean: Array, block: BlockStructure) -> Term:
        """Attach one group's sample moments (B, p, p) and (B, p)."""
        return MatrixTerm(self.discrepancy.bind(cov, mean))


ESTIMATORS: Mapping[str, Estimator] = {
    row.name: row
    for row in (
        Estimator("ML", MaximumLikelihood(), "expected", "maximum likelihood"),
        Estimator("GLS", GeneralisedLeastSquares(), "expected", "generalised least squares", True),
    )
}


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
            f"There is no estimator '{name}' in this version.",
            code="request.estimator",
            hint=did_you_mean(name, ESTIMATORS) or f"Available: {', '.join(ESTIMATORS)}.",
        )
    return found
