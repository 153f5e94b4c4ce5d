"""The standard value of a customer: expected margins, discounted, less what was paid."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from loyaltysem.clv.formulas.amounts import Amount, amount, plain, require_one_length
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.types import Array

Timing: TypeAlias = Literal["start", "end", "end_retained"]
TIMINGS: tuple[Timing, ...] = get_args(Timing)


def discounted_clv(
    margin: Amount,
    retention: Amount,
    discount_rate: Amount,
    *,
    horizon: int | None = None,
    timing: Timing = "start",
    retention_cost: Amount = 0.0,
    acquisition_cost: Amount = 0.0,
    growth: Amount = 0.0,
) -> Array:
    """Return the expected discounted value of a customer under constant retention.

    Parameters
    ----------
    margin : float or array-like, shape (N,)
        Contribution a period, m, currency (revenue × margin).
    retention : float or array-like
        Probability of staying from one period to the next, r.
    discount_rate : float or array-like
        A period, d: 0.10 is 10 %.
    horizon : int, optional
        Periods n; without it the value of an unlimited relation.
    timing : {"start", "end", "end_retained"}
        When margins are booked: at the start of each period, the first at once and certain; at the
        end of each period, the first certain; at the end, only by those retained until then.
    retention_cost : float or array-like
        Spent in the middle of a period on each customer who began it, currency.
    acquisition_cost : float or array-like
        Spent once, now, currency; 0 for the value of a customer who has already been won.
    growth : float or array-like
        Growth of the margin a period, as a share.

    Returns
    -------
    Array
        Currency per customer, shape () or (N,).

    Raises
    ------
    DataError
        Amounts that are no numbers or out of bounds; without a horizon, a retention so high that
        the sum is not finite: r(1 + g) ≥ 1 + d.
    IncompatibleRequestError
        An unknown timing, or a horizon that is no positive whole number.

    Notes
    -----
    With q = r(1 + g)/(1 + d) and S = Σ_{t=0}^{n−1} q^t = (1 − qⁿ)/(1 − q), or 1/(1 − q):
    ``start`` mS, ``end`` mS/(1 + d), ``end_retained`` mqS; from each go
    M Σ_{t=1}^{n} r^{t−1}/(1 + d)^{t−½} and the acquisition cost. Unlimited, ``end_retained`` is
    Gupta and Lehmann's (2003) m·r/(1 + d − r), and ``start`` m(1 + d)/(1 + d − r). The three
    differ by up to a whole margin: say which was used. Cash flows and the discounting in the
    middle of the period follow Berger and Nasr (1998).

    References
    ----------
    Berger, P. D., & Nasr, N. I. (1998). Customer lifetime value: Marketing models and
    applications. Journal of Interactive Marketing, 12(1), 17–30.
    Gupta, S., & Lehmann, D. R. (2003). Customers as assets. Journal of Interactive Marketing,
    17(1), 9–24.

    Examples
    --------
    >>> float(discounted_clv(100.0, 0.8, 0.1, timing="end_retained").round(2))
    266.67
    >>> discounted_clv(100.0, [0.5, 0.9], 0.1, horizon=3).round(2).tolist()
    [166.12, 248.76]
    """
    m, d = amount("margin", margin), amount("discount_rate", discount_rate, lowest=0.0)
    r = amount("retention", retention, lowest=0.0, highest=1.0)
    g = amount("growth", growth, lowest=-1.0)
    keep = amount("retention_cost", retention_cost, lowest=0.0)
    win = amount("acquisition_cost", acquisition_cost, lowest=0.0)
    require_one_length(
        margin=m, retention=r, discount_rate=d, retention_cost=keep, acquisition_cost=win, growth=g
    )
    _check(timing, horizon)
    q, stay = r * (1.0 + g) / (1.0 + d), r / (1.0 + d)
    ones = np.ones_like(q)
    first: Array = {"start": ones, "end": ones / (1.0 + d), "end_retained": q}[timing]
    margins = m * first * _geometric(q, horizon)
    costs = np.where(keep > 0, keep, 0.0) * _geometric(np.where(keep > 0, stay, 0.0), horizon)
    return plain(np.asarray(margins - costs / np.sqrt(1.0 + d) - win))


def berger_nasr_clv(
    margin: Amount,
    retention: Amount,
    discount_rate: Amount,
    *,
    horizon: int,
    promotion_cost: Amount = 0.0,
) -> Array:
    """Return Berger and Nasr's case 1, with margins at both ends of the horizon.

    Parameters
    ----------
    margin : float or array-like, shape (N,)
        Gross contribution a year, GC, currency.
    retention : float or array-like
        r, a year.
    discount_rate : float or array-like
        d, a year.
    horizon : int
        Years n: margins come at years 0, 1, …, n.
    promotion_cost : float or array-like
        A customer and year, M, in the middle of years 1 to n.

    Returns
    -------
    Array
        Currency per customer.

    Raises
    ------
    DataError, IncompatibleRequestError
        As for `discounted_clv`.

    Notes
    -----
    CLV = GC Σ_{i=0}^{n} r^i/(1+d)^i − M Σ_{i=1}^{n} r^{i−1}/(1+d)^{i−½}. The example is theirs.

    References
    ----------
    Berger, P. D., & Nasr, N. I. (1998). Customer lifetime value: Marketing models and
    applications. Journal of Interactive Marketing, 12(1), 17–30.

    Examples
    --------
    >>> value = berger_nasr_clv(260.0, 0.75, 0.20, horizon=10, promotion_cost=50.0)
    >>> round(float(value), 2)
    568.78
    """
    _check("start", horizon)
    gross = discounted_clv(margin, retention, discount_rate, horizon=horizon + 1)
    paid = discounted_clv(
        0.0, retention, discount_rate, horizon=horizon, retention_cost=promotion_cost
    )
    return gross + paid


def _check(timing: str, horizon: int | None) -> None:
    if timing not in TIMINGS:
        raise IncompatibleRequestError(
            f"There is no timing {timing!r}.",
            code="formula.timing",
            hint=f"Choose one of {', '.join(TIMINGS)}.",
        )
    whole = isinstance(horizon, int | np.integer) and not isinstance(horizon, bool)
    if horizon is not None and not (whole and horizon > 0):
        raise IncompatibleRequestError(
            f"horizon={horizon!r} is no positive whole number of periods.",
            code="formula.horizon",
            hint="Pass a number of periods such as 5, or None for an unlimited relation.",
        )


def _geometric(q: Array, n: int | None) -> Array:
    """Return Σ_{t=0}^{n−1} q^t, or the sum without end."""
    if n is None:
        if (q >= 1.0).any():
            raise DataError(
                f"An unlimited relation with discounted retention {float(np.nanmax(q)):g} has no"
                " finite value.",
                code="formula.diverges",
                hint="Give a horizon, or a discount rate above 0.",
            )
        return np.asarray(1.0 / (1.0 - q))
    near = np.abs(1.0 - q) < 1e-9
    apart = np.where(near, 0.5, q)
    return np.where(near, float(n), (1.0 - apart**n) / (1.0 - apart))
