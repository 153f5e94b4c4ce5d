"""Purchase histories drawn from the models: to plan a study, and to test the fitting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.types import Array, Indices


def simulate_bg_nbd(
    customers: int,
    T: ArrayLike,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    seed: int,
    holdout: float = 0.0,
) -> pd.DataFrame:
    """Draw purchase histories from the BG/NBD model.

    Parameters
    ----------
    customers : int
        How many.
    T : float or array
        Time each is observed, from the first purchase.
    r, alpha : float
        Purchase rates are Gamma(r, alpha), alpha a rate.
    a, b : float
        Probabilities to leave after a purchase are Beta(a, b).
    seed : int
    holdout : float
        Time after T during which purchases are counted on.

    Returns
    -------
    DataFrame
        ``frequency recency T alive purchases_holdout``; `alive` at T.

    Raises
    ------
    IncompatibleRequestError
        Parameters or sizes that are not above 0.

    Examples
    --------
    >>> simulate_bg_nbd(2, 39, r=1.0, alpha=5.0, a=1.0, b=3.0, seed=1).columns.tolist()
    ['frequency', 'recency', 'T', 'alive', 'purchases_holdout']
    """
    length, rng = _lengths(customers, T, holdout, seed, r=r, alpha=alpha, a=a, b=b)
    rate = rng.gamma(r, 1.0 / alpha, customers)
    leave = rng.beta(a, b, customers)
    with np.errstate(divide="ignore"):
        most = rng.geometric(np.maximum(leave, 1e-12))
    return _histories(rng, rate, length, holdout, np.full(customers, np.inf), most)


def simulate_pareto_nbd(
    customers: int,
    T: ArrayLike,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    seed: int,
    holdout: float = 0.0,
) -> pd.DataFrame:
    """Draw purchase histories from the Pareto/NBD model.

    Parameters
    ----------
    customers : int
        How many.
    T : float or array
        Time each is observed, from the first purchase.
    r, alpha : float
        Purchase rates are Gamma(r, alpha), alpha a rate.
    s, beta : float
        Rates of leaving are Gamma(s, beta).
    seed : int
    holdout : float
        Time after T during which purchases are counted on.

    Returns
    -------
    DataFrame
        ``frequency recency T alive purchases_holdout``; `alive` at T.

    Raises
    ------
    IncompatibleRequestError
        Parameters or sizes that are not above 0.

    Examples
    --------
    >>> seen = simulate_pareto_nbd(500, 39, r=1.0, alpha=5.0, s=1.0, beta=30.0, seed=1)
    >>> bool((seen["recency"] <= seen["T"]).all())
    True
    """
    length, rng = _lengths(customers, T, holdout, seed, r=r, alpha=alpha, s=s, beta=beta)
    rate = rng.gamma(r, 1.0 / alpha, customers)
    life = rng.exponential(1.0, customers) / np.maximum(rng.gamma(s, 1.0 / beta, customers), 1e-300)
    return _histories(rng, rate, length, holdout, life, np.full(customers, np.iinfo(np.int64).max))


def simulate_bg_bb(
    customers: int,
    n: int,
    *,
    alpha: float,
    beta: float,
    gamma: float,
    delta: float,
    seed: int,
    holdout: int = 0,
) -> pd.DataFrame:
    """Draw purchase histories from the BG/BB model.

    Parameters
    ----------
    customers : int
        How many.
    n : int
        Opportunities after the first purchase.
    alpha, beta : float
        Probabilities to buy are Beta(alpha, beta).
    gamma, delta : float
        Probabilities to leave before an opportunity are Beta(gamma, delta).
    seed : int
    holdout : int
        Opportunities after n at which purchases are counted on.

    Returns
    -------
    DataFrame
        ``frequency recency n alive purchases_holdout``; `alive` at n.

    Raises
    ------
    IncompatibleRequestError
        Parameters or sizes that are not above 0.

    Examples
    --------
    >>> seen = simulate_bg_bb(5, 6, alpha=1.2, beta=0.75, gamma=0.66, delta=2.8, seed=1)
    >>> seen["n"].tolist()
    [6, 6, 6, 6, 6]
    """
    _, rng = _lengths(customers, n, holdout, seed, alpha=alpha, beta=beta, gamma=gamma, delta=delta)
    buy, leave = rng.beta(alpha, beta, customers), rng.beta(gamma, delta, customers)
    lived = rng.geometric(np.maximum(leave, 1e-12)) - 1
    at = np.arange(1, n + holdout + 1)
    bought = (rng.random((customers, len(at))) < buy[:, None]) & (at <= lived[:, None])
    early = bought[:, :n]
    return pd.DataFrame(
        {
            "frequency": early.sum(axis=1),
            "recency": (early * at[:n]).max(axis=1, initial=0),
            "n": n,
            "alive": lived >= n,
            "purchases_holdout": bought[:, n:].sum(axis=1),
        }
    )


def simulate_gamma_gamma(
    frequency: ArrayLike, *, p: float, q: float, v: float, seed: int
) -> pd.DataFrame:
    """Draw mean amounts from the gamma-gamma model.

    Parameters
    ----------
    frequency : array
        Repeat purchases of each customer.
    p, q, v : float
        Amounts are Gamma(p, ν), the ν of customers Gamma(q, v).
    seed : int

    Returns
    -------
    DataFrame
        ``frequency monetary mean``: mean of the amounts drawn (0 without purchases), and the
        customer's true mean.

    Raises
    ------
    IncompatibleRequestError
        Parameters that are not above 0.

    Examples
    --------
    >>> simulate_gamma_gamma([0, 3], p=6.0, q=4.0, v=15.0, seed=1)["monetary"].round(1).tolist()
    [0.0, 22.6]
    """
    x = np.asarray(frequency, dtype=np.float64)
    _, rng = _lengths(max(len(x), 1), 1.0, 0.0, seed, p=p, q=q, v=v)
    nu = rng.gamma(q, 1.0 / v, len(x))
    total = rng.gamma(np.where(x > 0, p * x, 1.0)) / nu
    mean = np.where(x > 0, total / np.maximum(x, 1.0), 0.0)
    return pd.DataFrame({"frequency": x.astype(int), "monetary": mean, "mean": p / nu})


def _lengths(
    customers: int, T: ArrayLike, holdout: float, seed: int, **parameters: float
) -> tuple[Array, np.random.Generator]:
    """Return the time each customer is observed, and the random stream."""
    wrong = {name: value for name, value in parameters.items() if not value > 0}
    try:
        length = np.broadcast_to(np.asarray(T, dtype=np.float64), (customers,))
    except ValueError:
        length = np.array([np.nan])
    if wrong or customers < 1 or not (length > 0).all() or not holdout >= 0:
        told = ", ".join(f"{k} = {v}" for k, v in wrong.items())
        raise IncompatibleRequestError(
            f"Cannot draw {customers} customers"
            + (f" with {told}" if told else " over these times")
            + ": parameters, times and sizes should be above 0, T one number or one a customer.",
            code="request.simulate",
            hint="Take parameters from a fit, such as fit.params.",
        )
    return length, np.random.default_rng(seed)


def _histories(
    rng: np.random.Generator, rate: Array, length: Array, holdout: float, life: Array, most: Indices
) -> pd.DataFrame:
    """Draw purchases one round at a time: each round is the next purchase of all who still buy.

    `life` is when a customer leaves, `most` the number of the purchase after which one leaves.
    """
    clock = np.zeros(len(rate))
    frequency, later = np.zeros(len(rate), dtype=np.int64), np.zeros(len(rate), dtype=np.int64)
    recency, last = np.zeros(len(rate)), length + holdout
    going = np.flatnonzero(rate > 0)
    while len(going):
        clock[going] += rng.exponential(1.0, len(going)) / rate[going]
        bought = clock[going] <= np.minimum(life, last)[going]
        going = going[bought]
        early = going[clock[going] <= length[going]]
        frequency[early] += 1
        recency[early] = clock[early]
        later[going[clock[going] > length[going]]] += 1
        going = going[(frequency + later)[going] < most[going]]
    alive = (life > length) & ~((frequency >= most) & (recency <= length))
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": recency,
            "T": length,
            "alive": alive,
            "purchases_holdout": later,
        }
    )
