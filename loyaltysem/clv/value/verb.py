"""From a log of orders to the expected discounted value of every customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import ndtri

from loyaltysem.clv.formulas.comparison import FormulaComparison, compare_formulas
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.models import bg_nbd, pareto_nbd
from loyaltysem.clv.purchase.spending import SpendingFit, gamma_gamma
from loyaltysem.clv.summary import customer_summary
from loyaltysem.clv.value.expected import (
    UNIT,
    WEEKS,
    Base,
    base_of,
    expected_purchases,
    log_total_error,
    total_value,
)
from loyaltysem.clv.value.findings import holdout_hint, value_findings
from loyaltysem.clv.value.result import CustomerValue, decile_frame, summary_frame
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.progress import progress
from loyaltysem.core.types import Array

Model: TypeAlias = Literal["bg_nbd", "pareto_nbd"]
IntervalKind: TypeAlias = Literal["delta", "bootstrap"]
MODELS: Mapping[str, Callable[..., PurchaseFit]] = {"bg_nbd": bg_nbd, "pareto_nbd": pareto_nbd}
#: Shortest time a customer counts as observed in the simple formulas, in weeks.
SHORTEST = WEEKS / 12.0


def customer_value(
    log: TransactionLog,
    *,
    horizon: float | None = 1.0,
    discount_rate: float = 0.10,
    margin: float | None = None,
    model: Model = "bg_nbd",
    end: date | None = None,
    interval: IntervalKind = "delta",
    draws: int = 100,
    seed: int = 1,
    level: float = 0.95,
) -> CustomerValue:
    """Predict the expected discounted value of every customer.

    Parameters
    ----------
    log : TransactionLog
    horizon : float or None, default 1
        Years from the end of observation; None for all future.
    discount_rate : float, default 0.10
        A year, compounded.
    margin : float, optional
        Share of revenue that is left. Unless given, margin over amount of the log where it has a
        column of margins, otherwise 1: the value is then revenue.
    model : {"bg_nbd", "pareto_nbd"}
        Of purchases; the amounts are gamma-gamma.
    end : date, optional
        Last day of calibration; the log's unless given.
    interval : {"delta", "bootstrap"}
        Of the total: from the covariance matrix of the parameters on the log scale, or from refits
        to resampled customers.
    draws : int
        Refits of the bootstrap.
    seed : int
    level : float

    Returns
    -------
    CustomerValue

    Raises
    ------
    IncompatibleRequestError
        An unknown model or interval, a horizon or rate that cannot be used, a log without amounts.
    DataError
        Too few repeat buyers; see `bg_nbd` and `gamma_gamma`.

    Notes
    -----
    CLV = margin × E(amount | history) × discounted expected purchases within the horizon (Fader,
    Hardie & Lee, 2005). It is the value still to come of customers already won: neither what they
    brought nor what winning them cost is in it. The interval holds the uncertainty of the
    parameters, not the chance in what customers will do.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> rng = np.random.default_rng(1)
    >>> gaps = rng.exponential(1 / rng.gamma(1.5, 0.15, (500, 1)), (500, 30))  # weeks
    >>> stays = np.cumprod(rng.random((500, 30)) > rng.beta(0.8, 2.5, (500, 1)), axis=1)
    >>> weeks = np.insert(np.cumsum(gaps, axis=1), 0, 0.0, axis=1)
    >>> who, nth = np.nonzero((weeks < 52) & np.insert(stays, 0, 1, axis=1).astype(bool))
    >>> days = (7 * weeks[who, nth]).astype(int)
    >>> orders = pd.DataFrame({"customer": who.astype(str),
    ...     "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"),
    ...     "amount": rng.gamma(6.0, 5.0, len(who)) * rng.gamma(3.0, 1.0, 500)[who]})
    >>> value = ls.transactions(orders).clv(horizon=1, discount_rate=0.1, margin=0.3)
    >>> bool(value.ci_lower < value.total < value.ci_upper)
    True
    """
    _check(horizon, discount_rate, margin, model, interval, draws, level)
    summary = _summary(log, end)
    share = _margin(log, end) if margin is None else margin
    base = base_of(summary)
    seen = (summary[name] for name in ("frequency", "recency", "T"))
    purchase = MODELS[model](*seen, unit=UNIT)
    spending = gamma_gamma(base.repeats, base.monetary)
    frame = _frame(summary, base, purchase, spending, horizon, discount_rate, share)
    total = float(frame["clv"].sum())
    if interval == "delta":
        error = log_total_error(purchase, spending, base, horizon, discount_rate)
        reach = np.exp(-ndtri((1.0 - level) / 2.0) * error)
        limits = total / reach, total * reach
    else:
        limits = _bootstrap(summary, base, model, horizon, discount_rate, share, draws, seed, level)
    observed = ((end or log.end) - log.start).days / 7.0
    findings = (*log.findings, *value_findings(summary, observed, horizon), *purchase.findings,
                *spending.findings, holdout_hint())  # fmt: skip
    formulas = _formulas(summary, purchase, base, horizon, discount_rate, share)
    return CustomerValue(
        frame, summary_frame(frame, *limits), decile_frame(frame["clv"]), formulas, purchase,
        spending, horizon, discount_rate, share, total, *limits, level, interval, log.currency,
        findings,
    )  # fmt: skip


def _check(
    horizon: float | None,
    rate: float,
    margin: float | None,
    model: str,
    interval: str,
    draws: int,
    level: float,
) -> None:
    problems = {
        f"horizon={horizon!r} is no time ahead": horizon is not None and not 0 < horizon < 1000,
        f"discount_rate={rate!r} is no rate": not 0 <= rate < 10,
        "without a horizon the discount rate must be above 0": horizon is None and rate == 0,
        f"margin={margin!r} is no share of revenue": margin is not None and not 0 < margin <= 1,
        f"there is no model {model!r}": model not in MODELS,
        f"there is no interval {interval!r}": interval not in ("delta", "bootstrap"),
        f"draws={draws!r} are too few": interval == "bootstrap" and draws < 20,
        f"level={level!r} is no coverage": not 0 < level < 1,
    }
    found = [text for text, is_wrong in problems.items() if is_wrong]
    if found:
        raise IncompatibleRequestError(
            f"The value cannot be worked out: {'; '.join(found)}.",
            code="value.request",
            hint="For example clv(horizon=3, discount_rate=0.1, margin=0.3, model='bg_nbd').",
        )


def _summary(log: TransactionLog, end: date | None) -> pd.DataFrame:
    frame = log.run(customer_summary(log, end=end, unit=UNIT))
    if frame.empty or frame["total"].isna().all():
        raise DataError(
            "The log has no purchases with amounts in the time observed.",
            code="value.no_amounts",
            hint="Name the column of amounts in ls.transactions, and check end=.",
        )
    return frame.sort_values("customer", ignore_index=True)


def _margin(log: TransactionLog, end: date | None) -> float:
    if "margin" not in log.table.columns:
        return 1.0
    rows = log.table.filter(log.table.day <= (end or log.end))
    sums = log.run(rows.aggregate(margin=rows.margin.sum(), amount=rows.amount.sum()))
    share = float(sums["margin"].iloc[0] / sums["amount"].iloc[0])
    if not 0.0 < share <= 1.0:
        raise DataError(
            f"The margins of the log are {share:.3f} of its amounts, no share of revenue.",
            code="value.margin",
            hint="Pass margin=, or check the column of margins.",
        )
    return share


def _frame(
    summary: pd.DataFrame,
    base: Base,
    purchase: PurchaseFit,
    spending: SpendingFit,
    years: float | None,
    rate: float,
    margin: float,
) -> pd.DataFrame:
    expected, discounted = expected_purchases(purchase, base, years, rate)
    alive = purchase.p_alive(base.frequency, base.recency, base.length)
    amounts = spending.expected_spending(base.repeats, base.monetary)
    known = summary[["customer", "frequency", "recency", "T", "monetary"]]
    return known.assign(
        p_alive=alive[base.kind],
        expected_purchases=expected[base.kind],
        discounted_purchases=discounted[base.kind],
        expected_spending=amounts,
        clv=margin * discounted[base.kind] * amounts,
    )


def _bootstrap(
    summary: pd.DataFrame,
    base: Base,
    model: Model,
    years: float | None,
    rate: float,
    margin: float,
    draws: int,
    seed: int,
    level: float,
) -> tuple[float, float]:
    """Return percentile limits of the total from refits to resampled customers."""
    rng = np.random.default_rng(seed)
    n = len(summary)
    totals: list[float] = []
    for _ in progress(range(draws), draws, "bootstrap of the total value"):
        chosen = rng.integers(n, size=n)
        kinds = base.kind[chosen]
        count = np.bincount(kinds, minlength=len(base.frequency))
        seen = count > 0
        purchase = MODELS[model](
            base.frequency[seen],
            base.recency[seen],
            base.length[seen],
            weights=count[seen],
            unit=UNIT,
        )
        spending = gamma_gamma(base.repeats[chosen], base.monetary[chosen])
        totals.append(margin * total_value(purchase, spending, base, years, rate))
    low, high = np.quantile(totals, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def _formulas(
    summary: pd.DataFrame,
    purchase: PurchaseFit,
    base: Base,
    years: float | None,
    rate: float,
    margin: float,
) -> FormulaComparison:
    """Return the simple formulas for the same customers, a year as the period.

    Retention is the share of customers alive now whom the model expects to be so in a year.
    """
    observed = np.maximum(summary["T"].to_numpy(np.float64), SHORTEST) / WEEKS
    orders = summary["n_orders"].to_numpy(np.float64)
    count = np.bincount(base.kind)
    now = purchase.p_alive(base.frequency, base.recency, base.length) @ count
    later: Array = purchase.p_alive(base.frequency, base.recency, base.length, ahead=WEEKS)
    return compare_formulas(
        aov=summary["total"].to_numpy(np.float64) / orders,
        frequency=orders / observed,
        retention=float(np.clip(later @ count / now, 0.0, 1.0)),
        margin=margin,
        discount_rate=rate,
        horizon=max(1, round(years)) if years is not None else 5,
    )
