"""The gamma-gamma model of how much customers spend."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from loyaltysem.clv.purchase import gamma_gamma_terms, starts
from loyaltysem.clv.purchase.estimate import Estimate, maximise
from loyaltysem.clv.purchase.estimated import Estimated, estimates_frame
from loyaltysem.clv.purchase.families import GAMMA_GAMMA
from loyaltysem.clv.purchase.findings import FEW, independence, no_mean, search_findings
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.likelihood import Likelihood
from loyaltysem.clv.purchase.reading import kinds, vector
from loyaltysem.core.display import integer
from loyaltysem.core.errors import ConvergenceWarning, DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Mask


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpendingFit(Estimated):
    """A fitted gamma-gamma model.

    Attributes
    ----------
    frame : DataFrame
        ``parameter est se ci_lower ci_upper``: p, q, v.
    likelihood : Likelihood
    found : Estimate
    correlation : float
        Of frequency and mean amount among the customers used.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    likelihood: Likelihood
    found: Estimate
    correlation: float
    findings: tuple[Finding, ...]

    @property
    def mean(self) -> float:
        """Mean amount of a purchase over customers, pv/(q − 1); NaN where q ≤ 1."""
        p, q, v = self.params.to_numpy()
        return float(p * v / (q - 1.0)) if q > 1 else float("nan")

    def expected_spending(self, frequency: ArrayLike, monetary: ArrayLike) -> Array:
        """Return the mean amount of a purchase expected of customers, shape (N,).

        Parameters
        ----------
        frequency : array
            Repeat purchases.
        monetary : array
            Their mean amount; of no account where frequency is 0, where `mean` is expected.
        """
        x = np.atleast_1d(np.asarray(frequency, np.float64))
        z = np.atleast_1d(np.asarray(monetary, np.float64))
        theta = np.exp(self.found.coefficients[:, None])
        return gamma_gamma_terms.expected(theta, x, np.where(x > 0, z, 0.0))


def gamma_gamma(frequency: ArrayLike, monetary: ArrayLike) -> SpendingFit:
    """Fit the gamma-gamma model of spending by maximum likelihood.

    Parameters
    ----------
    frequency : array, shape (N,)
        Repeat purchases; customers without one are left out and counted.
    monetary : array, shape (N,)
        Mean amount of the repeat purchases, in one currency.

    Returns
    -------
    SpendingFit
        ``.params`` p, q, v.

    Raises
    ------
    DataError
        Columns that are not numbers or differ in length, amounts that are not above 0
        (``purchase.amount``), fewer than 10 repeat buyers (``purchase.no_repeat``).

    Notes
    -----
    Fader, Hardie & Lee (2005), Fader & Hardie (2013). A customer's expected amount lies between the
    own mean and that of all customers, nearer to the own the more purchases there were. The model
    takes amounts as independent of frequency: the result holds their correlation.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> seen = ls.clv.simulate_gamma_gamma([1, 2, 3, 5] * 500, p=6, q=4, v=15, seed=1)
    >>> fit = ls.clv.gamma_gamma(seen["frequency"], seen["monetary"])
    >>> fit.params.round(1).to_dict(), round(fit.mean, 1)
    ({'p': 6.5, 'q': 3.9, 'v': 13.1}, 29.7)
    """
    x, z = vector(frequency, "frequency"), _amounts(frequency, monetary)
    buys = x > 0
    _refuse(x, z, buys)
    kind, first = kinds([x[buys], z[buys]])
    count = np.bincount(kind).astype(np.float64)
    seen = Histories(x[buys][first], z[buys][first], np.zeros(len(first)), count)
    likelihood = Likelihood(GAMMA_GAMMA, seen)
    found = maximise(likelihood, starts.gamma_gamma(seen))
    r, pvalue = _correlation(x[buys], z[buys])
    findings = (
        *search_findings(found, GAMMA_GAMMA.parameters),
        *no_mean(float(np.exp(found.coefficients[1]))),
        *_few(int(buys.sum())),
        *independence(r, pvalue, int((~buys).sum())),
    )
    for finding in findings:
        if finding.code == "purchase.not_converged":
            warnings.warn(ConvergenceWarning(str(finding)), stacklevel=2)
    frame = estimates_frame(found, GAMMA_GAMMA.parameters, 3)
    return SpendingFit(frame, likelihood, found, r, findings)


def _amounts(frequency: ArrayLike, monetary: ArrayLike) -> Array:
    """Return mean amounts; those of customers without a repeat purchase may be missing."""
    x, z = np.asarray(frequency, np.float64), np.asarray(monetary, dtype=object)
    if z.shape != x.shape:
        raise DataError(
            f"frequency has {integer(x.size)} values, monetary {integer(z.size)}.",
            code="purchase.input",
            hint="Give both for each customer.",
        )
    return vector(np.where(x > 0, z, 0.0), "monetary")


def _refuse(x: Array, z: Array, buys: Mask) -> None:
    bad = int((z[buys] <= 0).sum())
    if bad:
        raise DataError(
            f"The mean amount of {integer(bad)} repeat buyers is not above 0.",
            code="purchase.amount",
            hint="Leave out free orders and count refunds with the purchase they undo.",
        )
    odd = int(((x < 0) | (x != np.floor(x))).sum())
    if odd:
        raise DataError(
            f"The frequency of {integer(odd)} customers is below 0 or not a whole number.",
            code="purchase.input",
            hint="frequency counts repeat purchases.",
        )
    if buys.sum() < 10:
        raise DataError(
            f"The gamma-gamma model needs repeat buyers, found {integer(buys.sum())}.",
            code="purchase.no_repeat",
            hint="Observe for longer; 10 repeat buyers are the least, some hundred are wanted.",
        )


def _correlation(x: Array, z: Array) -> tuple[float, float]:
    if np.ptp(x) == 0 or np.ptp(z) == 0:
        return 0.0, 1.0
    found = stats.pearsonr(x, z)
    return float(found.statistic), float(found.pvalue)


def _few(repeat: int) -> tuple[Finding, ...]:
    if repeat >= FEW:
        return ()
    text = Text(
        f"Only {integer(repeat)} customers bought again.",
        f"仅有 {integer(repeat)} 名客户有重复购买。",
    )
    return (Finding("purchase.few_repeat_buyers", text),)
