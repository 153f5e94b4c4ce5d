"""The models users fit: BG/NBD, Pareto/NBD, BG/BB."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from numpy.typing import ArrayLike

from loyaltysem.clv.purchase import starts
from loyaltysem.clv.purchase.estimate import maximise
from loyaltysem.clv.purchase.estimated import estimates_frame
from loyaltysem.clv.purchase.families import BG_BB, BG_NBD, PARETO_NBD, Process
from loyaltysem.clv.purchase.findings import history_findings, search_findings
from loyaltysem.clv.purchase.fitted import OPPORTUNITY, PurchaseFit, columns_of
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.likelihood import Likelihood
from loyaltysem.clv.purchase.reading import Customers, read_customers, require_varied
from loyaltysem.clv.purchase.requests import known_unit
from loyaltysem.core.errors import ConvergenceWarning, DataError
from loyaltysem.core.types import Array


def bg_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    purchase_covariates: object = None,
    dropout_covariates: object = None,
    unit: str | None = None,
) -> PurchaseFit:
    """Fit the BG/NBD model of purchases by maximum likelihood.

    Parameters
    ----------
    frequency : array, shape (N,)
        Repeat purchases x: purchase days after the first.
    recency : array, shape (N,)
        Time t_x from the first to the last purchase, 0 where x is 0.
    T : array, shape (N,)
        Time from the first purchase to the end of observation, in the same unit.
    weights : array, shape (N,), optional
        Customers each row stands for.
    purchase_covariates : DataFrame, shape (N, k), optional
        What purchase rates may depend on: α_i = α exp(−z′γ); γ above 0 means more purchases.
    dropout_covariates : DataFrame, shape (N, k), optional
        What leaving may depend on: a_i = a exp(z′γ_a), b_i = b exp(z′γ_b).
    unit : {"day", "week", "month", "year"}, optional
        Of `recency` and `T`, where known; `tx.bg_nbd()` says it. The fit keeps it, and a log is
        then read in it. Numbers alone do not tell: without it whoever uses the fit must know.

    Returns
    -------
    PurchaseFit
        ``.params`` r, alpha, a, b; predictions; holdout by `loyaltysem.clv.holdout`.

    Raises
    ------
    DataError
        Impossible histories (``purchase.input``), no repeat purchase at all
        (``purchase.no_repeat``), covariates that do not vary (``purchase.covariates``).
    IncompatibleRequestError
        No such unit (``summary.unit``).

    Notes
    -----
    Fader, Hardie & Lee (2005). λ ~ Gamma(r, α) (rate α), p ~ Beta(a, b); a customer can leave only
    right after a purchase, so P(alive) is 1 for customers without a repeat purchase. The
    log-likelihood is a log-sum-exp over “alive” and “gone”; equal histories are counted once.
    Covariates as in Fader & Hardie (2007). As in ``lifetimes`` without penalty and in BTYD.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> seen = ls.clv.simulate_bg_nbd(3000, 39, r=0.25, alpha=4.4, a=0.8, b=2.4, seed=1)
    >>> fit = ls.clv.bg_nbd(seen["frequency"], seen["recency"], seen["T"])
    >>> fit.params.round(2).to_dict()
    {'r': 0.24, 'alpha': 4.4, 'a': 0.86, 'b': 2.82}
    >>> fit.p_alive(2, 30.43, 38.86).round(2).tolist()
    [0.73]
    """
    who = read_customers(frequency, recency, T, weights, purchase_covariates, dropout_covariates)
    return _fit(BG_NBD, who, starts.bg_nbd, known_unit(unit))


def pareto_nbd(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    purchase_covariates: object = None,
    dropout_covariates: object = None,
    unit: str | None = None,
) -> PurchaseFit:
    """Fit the Pareto/NBD model of purchases by maximum likelihood.

    Parameters
    ----------
    frequency, recency, T : array, shape (N,)
        As for `bg_nbd`.
    weights : array, shape (N,), optional
        Customers each row stands for.
    purchase_covariates : DataFrame, shape (N, k), optional
        α_i = α exp(−z′γ); γ above 0 means more purchases.
    dropout_covariates : DataFrame, shape (N, k), optional
        β_i = β exp(−z′γ); γ above 0 means leaving sooner.
    unit : {"day", "week", "month", "year"}, optional
        Of `recency` and `T`, where known; as for `bg_nbd`.

    Returns
    -------
    PurchaseFit
        ``.params`` r, alpha, s, beta.

    Raises
    ------
    DataError, IncompatibleRequestError
        As for `bg_nbd`.

    Notes
    -----
    Schmittlein, Morrison & Colombo (1987), Fader & Hardie (2005). λ ~ Gamma(r, α), and a customer
    leaves at rate μ ~ Gamma(s, β) whether buying or not. The hypergeometric functions of the
    printed likelihood are computed as the integral over the moment of leaving they stand for, which
    keeps its digits when t_x is near T. With s below 1 mean lifetimes are infinite: use discounted
    purchases, not their sum.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> seen = ls.clv.simulate_pareto_nbd(3000, 39, r=0.6, alpha=10, s=0.6, beta=12, seed=1)
    >>> fit = ls.clv.pareto_nbd(seen["frequency"], seen["recency"], seen["T"])
    >>> fit.params.round(1).to_dict()
    {'r': 0.6, 'alpha': 9.7, 's': 0.5, 'beta': 8.9}
    """
    who = read_customers(frequency, recency, T, weights, purchase_covariates, dropout_covariates)
    return _fit(PARETO_NBD, who, starts.pareto_nbd, known_unit(unit))


def bg_bb(
    frequency: ArrayLike,
    recency: ArrayLike,
    n: ArrayLike,
    weights: ArrayLike | None = None,
) -> PurchaseFit:
    """Fit the BG/BB model of purchases at given opportunities by maximum likelihood.

    Parameters
    ----------
    frequency : array, shape (N,)
        Opportunities, of n after the first purchase, at which the customer bought.
    recency : array, shape (N,)
        Number of the last of these, 0 where there was none.
    n : array, shape (N,)
        Opportunities observed.
    weights : array, shape (N,), optional
        Customers each row stands for.

    Returns
    -------
    PurchaseFit
        ``.params`` alpha, beta, gamma, delta.

    Raises
    ------
    DataError
        As for `bg_nbd`.

    Notes
    -----
    Fader, Hardie & Shang (2010): p ~ Beta(α, β) buys at an opportunity, θ ~ Beta(γ, δ) leaves
    before one. For time that is continuous but recorded in periods take BG/NBD.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> fit = ls.clv.bg_bb([0, 1, 1, 2, 2, 3], [0, 1, 3, 2, 3, 3], 3 * [3] + 3 * [3],
    ...                    weights=[500, 120, 70, 60, 90, 80])
    >>> list(fit.params.index)
    ['alpha', 'beta', 'gamma', 'delta']
    """
    who = read_customers(frequency, recency, n, weights, discrete=True)
    return _fit(BG_BB, who, starts.bg_bb, OPPORTUNITY)


def _fit(
    process: Process, who: Customers, begin: Callable[[Histories], Array], unit: str | None
) -> PurchaseFit:
    if not (who.seen.frequency > 0).any():
        raise DataError(
            "No customer bought again, so the data hold nothing about how often and how long "
            "customers buy.",
            code="purchase.no_repeat",
            hint="Observe for longer, or check that frequency counts repeat purchases.",
        )
    require_varied(who.purchase, "purchase")
    require_varied(who.dropout, "dropout")
    likelihood = Likelihood(process.family, who.seen, columns_of(process, who))
    found = maximise(likelihood, begin(who.seen))
    parameters = process.family.parameters
    findings = (*search_findings(found, parameters), *history_findings(who.seen))
    for finding in findings:
        if finding.code == "purchase.not_converged":
            warnings.warn(ConvergenceWarning(str(finding)), stacklevel=3)
    frame = estimates_frame(found, likelihood.names, len(parameters))
    return PurchaseFit(frame, process, likelihood, found, who, findings, unit)
