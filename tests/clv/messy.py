"""A log with every fault a log can have, made from a seed: what the rules are tried on."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAYS = pd.date_range("2022-01-01", "2023-12-31", freq="D")
CATEGORIES = ("茶", "coffee", "cakes", 'it\'s "new"', "")


def messy_orders(rows: int = 2500, seed: int = 6) -> pd.DataFrame:
    """Return orders as text, about one in twelve of them faulty in some way."""
    rng = np.random.default_rng(seed)
    customer = np.array([f"C{int(i):04d}" for i in 300 * rng.random(rows) ** 2], dtype=object)
    day = pd.Series(rng.choice(DAYS, rows))
    seconds = rng.integers(0, 86400, rows)
    moment = day + pd.to_timedelta(seconds, unit="s")
    time = moment.dt.strftime("%Y-%m-%d %H:%M:%S").to_numpy(dtype=object)
    amount = np.exp(rng.normal(3.0, 1.0, rows)).round(2)
    text = np.array([f"{value:.2f}" for value in amount], dtype=object)
    orders = pd.DataFrame(
        {
            "客户 id": customer,
            "time": time,
            "amount": text,
            'cat"egory; --': rng.choice(CATEGORIES, rows),
            "currency": rng.choice(["CNY", "usd ", "EUR"], rows),
            "margin": [f"{value / 4:.2f}" for value in amount],
        },
        dtype=object,
    )
    faults = iter(np.array_split(rng.permutation(rows)[: rows // 4], 16))
    orders.loc[next(faults), "客户 id"] = None
    orders.loc[next(faults), "客户 id"] = "  "
    orders.loc[next(faults), "客户 id"] = "NaN"
    orders.loc[next(faults), "time"] = ""
    orders.loc[next(faults), "time"] = "2023-02-30"
    orders.loc[next(faults), "time"] = "31/12/2023"
    orders.loc[next(faults), "amount"] = None
    orders.loc[next(faults), "amount"] = "twelve"
    orders.loc[next(faults), "amount"] = "inf"
    orders.loc[next(faults), "amount"] = "0"
    orders.loc[next(faults), "amount"] = "-12.50"
    orders.loc[next(faults), "time"] = "2024-03-05T08:00:00"
    at = next(faults)
    orders.loc[at, "客户 id"] = " " + orders.loc[at, "客户 id"].str.lower() + " "
    at = next(faults)
    orders.loc[at, "time"] = [f"{m.year}年{m.month}月{m.day}日 {m.hour}:05" for m in moment[at]]
    at = next(faults)
    orders.loc[at, "time"] = moment[at].dt.strftime("%Y-%m-%dT%H:%M:%S.25+09:30").to_numpy()
    at = next(faults)
    orders.loc[at, "amount"] = [f"{1000 + k:,}.50" for k in range(len(at))]
    return pd.concat([orders, orders.iloc[:40]], ignore_index=True)


#: How to read it.
COLUMNS = {"customer": "客户 id", "category": 'cat"egory; --', "margin": "margin"}
RATES = {"CNY": 1.0, "USD": 7.1, "EUR": 7.8}
