"""Small synthetic data for examples: answers and orders of the same invented customers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyaltysem.clv.link.joining import link
from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.log.transaction_log import TransactionLog


def example_answers(n: int = 300, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return answers and orders of `n` invented customers, with a known effect.

    Parameters
    ----------
    n : int
    seed : int

    Returns
    -------
    answers, orders : DataFrame
        ``id t1 t2 t3 region``, and ``customer time amount``. Log amount rises by .20 and log
        frequency by .15 a point of trust.

    Examples
    --------
    >>> answers, orders = example_answers(50)
    >>> len(answers), sorted(orders.columns)
    (50, ['amount', 'customer', 'time'])
    """
    rng = np.random.default_rng(seed)
    trust = rng.normal(4.0, 1.0, n)
    items = {f"t{i}": trust + rng.normal(0.0, 0.6, n) for i in (1, 2, 3)}
    ids = [f"C{i:04d}" for i in range(n)]
    answers = pd.DataFrame({"id": ids, **items, "region": rng.choice(["north", "south"], n)})
    size = np.exp(4.0 + 0.20 * (trust - 4.0) + rng.normal(0.0, 0.4, n))
    visits = np.exp(2.0 + 0.15 * (trust - 4.0) + rng.normal(0.0, 0.3, n))
    count = np.maximum(1, np.rint(visits)).astype(np.intp)
    who = np.repeat(np.arange(n), count)
    days = np.concatenate([np.sort(rng.choice(365, size=c, replace=False)) for c in count])
    orders = pd.DataFrame(
        {
            "customer": np.array(ids)[who],
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"),
            "amount": np.round(size[who] * np.exp(rng.normal(0.0, 0.2, len(who))), 2),
        }
    )
    return answers, orders


def example_link(n: int = 300, seed: int = 1) -> Linked:
    """Return the same, linked, with the region kept.

    Examples
    --------
    >>> example_link(50).indicators
    ('log_amount', 'log_frequency', 'log_duration')
    """
    import ibis

    answers, orders = example_answers(n, seed)
    days = orders["time"].dt.normalize()
    rows = ibis.memtable(orders.assign(day=days, is_purchase=True))
    log = TransactionLog(
        rows.mutate(day=rows.day.cast("date")), pd.DataFrame(), days.min().date(), days.max().date()
    )
    return link(answers, log, "id", keep=["region"], secret="example")
