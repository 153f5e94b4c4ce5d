"""Every analysis of behaviour as a frame of a log, for the comparison of engines."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from loyaltysem.clv.transactions import Transactions


def beside(tx: Transactions) -> pd.DataFrame:
    """What stands beside a log: complaints, referrers, wallets of its first customers."""
    names = sorted(tx.log.run(tx.table.select("customer").distinct())["customer"])[:40]
    time = pd.Timestamp(tx.log.start) + pd.to_timedelta(range(0, 9 * len(names), 9), unit="D")
    return pd.DataFrame(
        {
            "customer": names,
            "referrer": [names[i // 3] if i else names[-1] for i in range(len(names))],
            "elsewhere": [10.0 * i for i in range(len(names))],
            "time": time,
        }
    )


EXPRESSIONS: dict[str, Callable[[Transactions], pd.DataFrame]] = {
    "repeat purchase": lambda tx: tx.repeat_purchase().frame,
    "repeat contribution": lambda tx: tx.repeat_purchase().contribution,
    "cohorts by week": lambda tx: tx.cohorts(by="week").frame,
    "cohorts by month": lambda tx: tx.cohorts(by="month").frame,
    "cohorts by quarter": lambda tx: tx.cohorts(by="quarter").frame,
    "churn": lambda tx: tx.churn(gap=90).frame,
    "churn status": lambda tx: tx.churn(gap=90).status,
    "survival": lambda tx: tx.survival(by="year").frame,
    "survival by column": lambda tx: (
        tx.survival(gap=60, by="category", dated="last_purchase").frame
    ),
    "intervals": lambda tx: tx.intervals().frame,
    "distribution of intervals": lambda tx: tx.intervals().distribution,
    "categories": lambda tx: tx.categories().frame,
    "category table": lambda tx: tx.categories().categories,
    "complaints": lambda tx: tx.complaints(beside(tx)).frame,
    "stages": lambda tx: tx.stage_contributions().frame,
    "stage periods": lambda tx: tx.stage_contributions(window=60).periods,
    "baskets": lambda tx: tx.baskets(min_support=0.001).frame,
    "profile": lambda tx: (
        tx.behaviour(complaint_events=beside(tx), referrer=beside(tx), elsewhere=beside(tx)).frame
    ),
}
