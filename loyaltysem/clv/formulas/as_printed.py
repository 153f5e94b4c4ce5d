"""Formulas of customer value that practitioners print, and net versions beside them.

They are kept as printed so that such figures can be recomputed. None of them discounts, and those
of the first group leave costs out or *add* them; `discounted` holds the standard definition. A
function named ``…_net`` takes costs as positive amounts and subtracts them.

All take one number or one a customer and give currency per customer, over the period that the
amounts refer to.
"""

from __future__ import annotations

from loyaltysem.clv.formulas.amounts import Amount, amount, plain, require_one_length
from loyaltysem.core.types import Array


def simple_clv(
    aov: Amount,
    frequency: Amount,
    frequency_growth: Amount = 0.0,
    lifetime_growth: Amount = 0.0,
) -> Array:
    """Return (AOV × f)(1 + g_f)(1 + g_L).

    Parameters
    ----------
    aov : float or array-like, shape (N,)
        Average order value, currency.
    frequency : float or array-like
        Purchases in the period, f.
    frequency_growth, lifetime_growth : float or array-like
        Growth of frequency and of the length of the lifetime, as shares, −1 or more.

    Returns
    -------
    Array
        Revenue per customer, currency. No margin, no costs, no discounting.

    Raises
    ------
    DataError
        Amounts that are no numbers, or out of bounds.

    Examples
    --------
    >>> float(simple_clv(200.0, 6.0, 0.05, 0.10))
    1386.0
    """
    a, f = amount("aov", aov), amount("frequency", frequency, lowest=0.0)
    g_f = amount("frequency_growth", frequency_growth, lowest=-1.0)
    g_l = amount("lifetime_growth", lifetime_growth, lowest=-1.0)
    require_one_length(aov=a, frequency=f, frequency_growth=g_f, lifetime_growth=g_l)
    return plain(a * f * (1.0 + g_f) * (1.0 + g_l))


def simple_net(
    aov: Amount,
    frequency: Amount,
    frequency_growth: Amount = 0.0,
    lifetime_growth: Amount = 0.0,
    *,
    margin: Amount = 1.0,
    cost: Amount = 0.0,
) -> Array:
    """Return `simple_clv` times the margin, less the costs of the customer.

    Parameters
    ----------
    aov, frequency, frequency_growth, lifetime_growth
        As for `simple_clv`.
    margin : float or array-like
        Share of revenue that is left, 0 to 1.
    cost : float or array-like
        Acquisition and retention cost together, currency, a positive amount.

    Returns
    -------
    Array
        Currency per customer, not discounted.

    Examples
    --------
    >>> round(float(simple_net(200.0, 6.0, 0.05, 0.10, margin=0.3, cost=80.0)), 2)
    335.8
    """
    revenue = simple_clv(aov, frequency, frequency_growth, lifetime_growth)
    return _net(revenue, margin, cost)


def life_cycle_clv(new: Amount, mature: Amount, lost: Amount, customers: Amount) -> Array:
    """Return (revenue_new + revenue_mature + revenue_lost) / customers.

    Parameters
    ----------
    new, mature, lost : float or array-like
        Revenue of the stages in the period, currency.
    customers : float or array-like
        Customers of all stages, 1 or more.

    Returns
    -------
    Array
        Average revenue per customer, currency.

    Examples
    --------
    >>> float(life_cycle_clv(20_000.0, 70_000.0, 10_000.0, 400))
    250.0
    """
    parts = [amount(n, x) for n, x in (("new", new), ("mature", mature), ("lost", lost))]
    count = amount("customers", customers, lowest=1.0)
    require_one_length(new=parts[0], mature=parts[1], lost=parts[2], customers=count)
    return plain((parts[0] + parts[1] + parts[2]) / count)


def life_cycle_net(
    new: Amount,
    mature: Amount,
    lost: Amount,
    customers: Amount,
    *,
    margin: Amount = 1.0,
    cost: Amount = 0.0,
) -> Array:
    """Return `life_cycle_clv` times the margin, less the cost per customer.

    Parameters
    ----------
    new, mature, lost, customers
        As for `life_cycle_clv`.
    margin, cost
        As for `simple_net`.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(life_cycle_net(20_000.0, 70_000.0, 10_000.0, 400, margin=0.4, cost=30.0))
    70.0
    """
    return _net(life_cycle_clv(new, mature, lost, customers), margin, cost)


def probability_clv(
    aov: Amount, frequency: Amount, retention: Amount, lifetime_growth: Amount = 0.0
) -> Array:
    """Return (AOV × f)(1 + r)(1 + g_L).

    Parameters
    ----------
    aov, frequency, lifetime_growth
        As for `simple_clv`.
    retention : float or array-like
        Probability r that the customer is still one in the next period.

    Returns
    -------
    Array
        Revenue per customer, currency.

    Notes
    -----
    As printed: 1 + r counts this period and the expected next one, so it is the undiscounted value
    over two periods and never more than twice AOV × f.

    Examples
    --------
    >>> float(probability_clv(200.0, 6.0, 0.75, 0.10))
    2310.0
    """
    a, f = amount("aov", aov), amount("frequency", frequency, lowest=0.0)
    r = amount("retention", retention, lowest=0.0, highest=1.0)
    g_l = amount("lifetime_growth", lifetime_growth, lowest=-1.0)
    require_one_length(aov=a, frequency=f, retention=r, lifetime_growth=g_l)
    return plain(a * f * (1.0 + r) * (1.0 + g_l))


def probability_net(
    aov: Amount,
    frequency: Amount,
    retention: Amount,
    lifetime_growth: Amount = 0.0,
    *,
    margin: Amount = 1.0,
    cost: Amount = 0.0,
) -> Array:
    """Return `probability_clv` times the margin, less the costs of the customer.

    Parameters
    ----------
    aov, frequency, retention, lifetime_growth
        As for `probability_clv`.
    margin, cost
        As for `simple_net`.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(probability_net(200.0, 6.0, 0.75, 0.10, margin=0.3, cost=80.0))
    613.0
    """
    return _net(probability_clv(aov, frequency, retention, lifetime_growth), margin, cost)


def beckman_clv(acquisition_cost: Amount, retention_cost: Amount, profit: Amount) -> Array:
    """Return acquisition cost + retention cost + profit, as printed.

    Parameters
    ----------
    acquisition_cost, retention_cost, profit : float or array-like
        Signed amounts, currency: a cost that was paid is negative. With positive costs the sum is
        what the customer turned over, not what was earned.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(beckman_clv(-80.0, -40.0, 400.0)), float(beckman_clv(80.0, 40.0, 400.0))
    (280.0, 520.0)
    """
    return _sum(acquisition_cost=acquisition_cost, retention_cost=retention_cost, profit=profit)


def beckman_net(acquisition_cost: Amount, retention_cost: Amount, profit: Amount) -> Array:
    """Return profit − acquisition cost − retention cost, costs as positive amounts.

    Parameters
    ----------
    acquisition_cost, retention_cost : float or array-like
        0 or more, currency.
    profit : float or array-like
        Before these costs, currency.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(beckman_net(80.0, 40.0, 400.0))
    280.0
    """
    a, r = _cost("acquisition_cost", acquisition_cost), _cost("retention_cost", retention_cost)
    return beckman_clv(-a, -r, profit)


def kass_clv(
    acquisition_cost: Amount, interaction_cost: Amount, profit: Amount, churn_cost: Amount
) -> Array:
    """Return acquisition + interaction + profit − churn cost, as printed.

    Parameters
    ----------
    acquisition_cost, interaction_cost, profit : float or array-like
        Signed amounts, currency: a cost that was paid is negative.
    churn_cost : float or array-like
        A positive amount, which the formula subtracts.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(kass_clv(-80.0, -25.0, 400.0, 30.0))
    265.0
    """
    churn = amount("churn_cost", churn_cost)
    return _sum(
        acquisition_cost=acquisition_cost, interaction_cost=interaction_cost, profit=profit,
        churn_cost=-churn,
    )  # fmt: skip


def kass_net(
    acquisition_cost: Amount, interaction_cost: Amount, profit: Amount, churn_cost: Amount
) -> Array:
    """Return profit − acquisition − interaction − churn cost, costs as positive amounts.

    Parameters
    ----------
    acquisition_cost, interaction_cost, churn_cost : float or array-like
        0 or more, currency.
    profit : float or array-like
        Before these costs, currency.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(kass_net(80.0, 25.0, 400.0, 30.0))
    265.0
    """
    a, i = _cost("acquisition_cost", acquisition_cost), _cost("interaction_cost", interaction_cost)
    return kass_clv(-a, -i, profit, _cost("churn_cost", churn_cost))


def life_cycle_value(
    acquisition_cost: Amount,
    interaction_cost: Amount,
    profit: Amount,
    churn_cost: Amount,
    repurchase_cost: Amount,
) -> Array:
    """Return LCV = `kass_clv` + repurchase cost, as printed.

    Parameters
    ----------
    acquisition_cost, interaction_cost, profit, churn_cost
        As for `kass_clv`.
    repurchase_cost : float or array-like
        A signed amount, currency: a cost that was paid is negative.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(life_cycle_value(-80.0, -25.0, 400.0, 30.0, -15.0))
    250.0
    """
    kass = kass_clv(acquisition_cost, interaction_cost, profit, churn_cost)
    return _sum(kass=kass, repurchase_cost=repurchase_cost)


def life_cycle_value_net(
    acquisition_cost: Amount,
    interaction_cost: Amount,
    profit: Amount,
    churn_cost: Amount,
    repurchase_cost: Amount,
) -> Array:
    """Return `kass_net` − repurchase cost, costs as positive amounts.

    Parameters
    ----------
    acquisition_cost, interaction_cost, profit, churn_cost
        As for `kass_net`.
    repurchase_cost : float or array-like
        What it costs to win further purchases, 0 or more, currency.

    Returns
    -------
    Array
        Currency per customer.

    Examples
    --------
    >>> float(life_cycle_value_net(80.0, 25.0, 400.0, 30.0, 15.0))
    250.0
    """
    kass = kass_net(acquisition_cost, interaction_cost, profit, churn_cost)
    return _sum(kass=kass, repurchase_cost=-_cost("repurchase_cost", repurchase_cost))


def _sum(**amounts: Amount) -> Array:
    parts = {name: amount(name, value) for name, value in amounts.items()}
    require_one_length(**parts)
    first, *others = parts.values()
    for part in others:
        first = first + part
    return plain(first)


def _net(revenue: Array, margin: Amount, cost: Amount) -> Array:
    share, paid = amount("margin", margin, lowest=0.0, highest=1.0), _cost("cost", cost)
    total = amount("revenue", revenue)
    require_one_length(revenue=total, margin=share, cost=paid)
    return plain(total * share - paid)


def _cost(name: str, value: Amount) -> Array:
    return amount(name, value, lowest=0.0)
