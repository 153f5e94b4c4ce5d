"""Write the orders of a customer, so that a log of orders says what the customer is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Last day of the log; the survey was in the field in the three weeks after it.
LOG_END = pd.Timestamp("2023-12-31")
DAYS_A_YEAR, DAYS_A_MONTH = 365.25, 365.25 / 12
LONGEST_MONTHS = 60
#: Categories of an industry and the margin they leave.
CATEGORIES = {
    1: {"delivery": 0.14, "media": 0.38, "games": 0.42, "marketplace": 0.16, "cloud": 0.35},
    2: {"food": 0.12, "household": 0.22, "clothing": 0.34, "electronics": 0.10, "beauty": 0.36},
    3: {"payments": 0.08, "funds": 0.20, "insurance": 0.28, "loans": 0.24, "wealth": 0.30},
}
ACTIVE_TO_THE_END = 0.62  # share of customers who still buy when the log ends
REFUNDED = 0.012  # share of orders given back


def orders(
    rng: np.random.Generator, value: pd.DataFrame, industry: np.ndarray, loyalty: np.ndarray
) -> pd.DataFrame:
    """Return the orders of every customer: ``row time amount category margin``.

    Parameters
    ----------
    rng : Generator
    value : DataFrame
        ``amount frequency duration`` aimed at, one row a customer.
    industry, loyalty : ndarray, shape (N,)
    """
    made = [
        _one_customer(rng, *row, int(code), float(degree))
        for row, code, degree in zip(
            value[["amount", "frequency", "duration"]].to_numpy(), industry, loyalty, strict=True
        )
    ]
    table = pd.concat(made, keys=range(len(made)), names=["row", None]).reset_index("row")
    return table.reset_index(drop=True)


def _one_customer(
    rng: np.random.Generator,
    amount: float,
    frequency: float,
    months: float,
    industry: int,
    loyalty: float,
) -> pd.DataFrame:
    days = int(np.clip(np.rint(months * DAYS_A_MONTH), 60, LONGEST_MONTHS * DAYS_A_MONTH))
    count = int(np.clip(np.rint(frequency * days / DAYS_A_YEAR), 1, days // 2))
    when = _purchase_days(rng, days, count)
    paid = _amounts(rng, amount, count)
    category = _categories(rng, industry, loyalty, count)
    margin = np.array([CATEGORIES[industry][name] for name in category])
    start = LOG_END.normalize() - pd.Timedelta(days=days)
    minutes = rng.integers(8 * 60, 22 * 60, size=count)
    frame = pd.DataFrame(
        {
            "time": start + pd.to_timedelta(when * 24 * 60 + minutes, unit="min"),
            "amount": paid,
            "category": category,
            "margin": np.round(paid * margin * rng.uniform(0.9, 1.1, count), 2),
        }
    )
    return pd.concat([frame, _refunds(rng, frame)], ignore_index=True)


def _purchase_days(rng: np.random.Generator, days: int, count: int) -> np.ndarray:
    """Return different days, the first at 0, spread over the time the customer was active."""
    until = days if rng.random() < ACTIVE_TO_THE_END else int(days * rng.uniform(0.45, 0.95))
    until = max(until, min(2 * count, days))
    gaps = rng.gamma(2.0, size=max(count - 1, 1))
    later = 1 + np.floor(np.cumsum(gaps) / (gaps.sum() + rng.gamma(2.0)) * (until - 1))
    found = np.unique(np.concatenate([[0], later[: count - 1]]).astype(int))
    spare = np.setdiff1d(np.arange(1, until + 1), found)
    missing = count - len(found)
    extra = rng.choice(spare, size=missing, replace=False) if missing else np.array([], dtype=int)
    return np.sort(np.concatenate([found, extra]))


def _amounts(rng: np.random.Generator, mean: float, count: int) -> np.ndarray:
    """Return amounts in CNY, cents and all, about the mean aimed at."""
    drawn = np.exp(0.35 * rng.standard_normal(count))
    paid: np.ndarray = np.maximum(np.round(drawn / drawn.mean() * mean, 2), 0.01)
    return paid


def _categories(rng: np.random.Generator, industry: int, loyalty: float, count: int) -> np.ndarray:
    """Return what was bought; the loyal buy in more categories."""
    names = rng.permutation(list(CATEGORIES[industry]))
    breadth = 1 + rng.binomial(len(names) - 1, 1 / (1 + np.exp(0.4 - 0.7 * loyalty)))
    weights = 0.6 ** np.arange(breadth)
    return rng.choice(names[:breadth], size=count, p=weights / weights.sum())


def _refunds(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Return what was given back: part of an order, some days later, while the log runs."""
    back = frame[rng.random(len(frame)) < REFUNDED]
    later = back["time"] + pd.to_timedelta(rng.integers(1, 15, size=len(back)), unit="D")
    part = rng.uniform(0.2, 0.8, size=len(back))
    given = back.assign(
        time=later,
        amount=-np.round(back["amount"] * part, 2),
        margin=-np.round(back["margin"] * part, 2),
    )
    return given[given["time"] <= LOG_END + pd.Timedelta(hours=23)]
