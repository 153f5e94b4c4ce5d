"""What every fitted model tells of its parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.clv.printed import Printed
from loyaltysem.clv.purchase.estimate import Estimate, profile_limits
from loyaltysem.clv.purchase.likelihood import Likelihood
from loyaltysem.core.display import integer, number
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.optimise import Status
from loyaltysem.core.types import Array


class Estimated(Printed):
    """Parameters with standard errors, intervals and measures of fit.

    A mixin without state; the dataclass that uses it declares the fields.
    """

    __slots__ = ()
    frame: pd.DataFrame
    likelihood: Likelihood
    found: Estimate
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Model, customers, log-likelihood."""
        return (
            f"{self.likelihood.family.name} model, {integer(self.n)} customers, "
            f"log-likelihood {number(self.loglik, 1)}, AIC {number(self.aic, 1)}, "
            f"BIC {number(self.bic, 1)}"
        )

    @property
    def params(self) -> pd.Series[float]:
        """Estimates by name: parameters, then coefficients of covariates."""
        return self._series("est")

    @property
    def bse(self) -> pd.Series[float]:
        """Standard errors, from the observed information; of parameters by the delta method."""
        return self._series("se")

    @property
    def loglik(self) -> float:
        """Log-likelihood."""
        return self.found.loglik

    @property
    def n(self) -> int:
        """Customers."""
        return round(self.likelihood.size)

    @property
    def aic(self) -> float:
        """Akaike's criterion, −2 log L + 2p."""
        return -2.0 * self.loglik + 2.0 * len(self.frame)

    @property
    def bic(self) -> float:
        """Schwarz's criterion, −2 log L + p log N."""
        return -2.0 * self.loglik + len(self.frame) * float(np.log(self.likelihood.size))

    @property
    def converged(self) -> bool:
        """Whether the search found a maximum."""
        return self.found.status == Status.CONVERGED

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return Wald intervals, ``ci_lower ci_upper`` by name.

        Those of parameters are taken on the log scale, so that they stay positive.
        """
        limits = wald_limits(self.found, level)
        return self._limits(limits)

    def profile_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return profile-likelihood intervals, ``ci_lower ci_upper`` by name.

        They hold all values of a parameter that a likelihood-ratio test at 1 − `level` keeps; where
        none is refused on one side, the limit there is 0 or infinity; NaN where no search ended.
        """
        require_level(level)
        return self._limits(profile_limits(self.likelihood, self.found, level))

    def _limits(self, limits: Array) -> pd.DataFrame:
        shown = natural(limits, len(self.likelihood.family.parameters))
        return pd.DataFrame(shown, self.params.index, ["ci_lower", "ci_upper"])

    def _series(self, column: str) -> pd.Series[float]:
        return pd.Series(self.frame[column].to_numpy(), self.frame["parameter"], name=column)


def require_level(level: float) -> None:
    """Refuse confidence levels outside (0, 1).

    Raises
    ------
    IncompatibleRequestError
    """
    if not 0.0 < level < 1.0:
        raise IncompatibleRequestError(
            f"A confidence level lies between 0 and 1, found {level!r}.",
            code="request.level",
            hint="Ask for 0.95.",
        )


def natural(values: Array, q: int) -> Array:
    """Return values with the first q rows taken from the log scale."""
    out = np.array(values)
    with np.errstate(over="ignore"):
        out[:q] = np.exp(out[:q])
    return out


def wald_limits(found: Estimate, level: float) -> Array:
    """Return estimate ± z·se on the scale of the search, shape (p, 2)."""
    require_level(level)
    reach = stats.norm.ppf(0.5 + 0.5 * level) * np.sqrt(np.diagonal(found.vcov))
    return np.stack([found.coefficients - reach, found.coefficients + reach], axis=1)


def estimates_frame(found: Estimate, names: Sequence[str], q: int) -> pd.DataFrame:
    """Return ``parameter est se ci_lower ci_upper``; with covariates also ``z pvalue``."""
    se = np.sqrt(np.diagonal(found.vcov))
    est = natural(found.coefficients, q)
    limits = natural(wald_limits(found, 0.95), q)
    shown = np.where(np.arange(len(est)) < q, est * se, se)
    frame = pd.DataFrame(
        {
            "parameter": list(names),
            "est": est,
            "se": shown,
            "ci_lower": limits[:, 0],
            "ci_upper": limits[:, 1],
        }
    )
    if len(names) > q:
        z = np.where(np.arange(len(est)) < q, np.nan, est / shown)
        frame["z"], frame["pvalue"] = z, 2.0 * stats.norm.sf(np.abs(z))
    return frame
