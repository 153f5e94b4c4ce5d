"""Who has stopped buying, by a stated gap: the rule that survival and churn share."""

from __future__ import annotations

import math
from typing import Any

from loyaltysem.clv.behaviour.days import checked_days, number_of, purchase_gaps
from loyaltysem.clv.behaviour.findings import note
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, Finding

#: Share of all times between purchases that a gap taken from the data covers.
COVERED = 0.90


def inactivity_gap(log: TransactionLog, gap: int | None) -> tuple[int, tuple[Finding, ...]]:
    """Return the gap asked for, or one taken from the data with a finding that says so.

    Raises
    ------
    DataError
        When it is to be taken from the data and nobody has bought twice.
    """
    if gap is not None:
        return checked_days(gap, "gap"), ()
    gaps = purchase_gaps(log)
    found = log.run(gaps.aggregate(days=gaps.gap.quantile(COVERED)))["days"].iloc[0]
    if found is None or math.isnan(found):
        raise DataError(
            "Nobody has bought twice, so the data do not tell how long a pause is usual.",
            code="behaviour.no_gap",
            hint="State the days without purchase after which a customer is lost, as in gap=180.",
        )
    days = math.ceil(found)
    told = note(
        "behaviour.gap",
        f"A customer counts as lost after {days} days without purchase: {COVERED:.0%} of all times "
        "between purchases are no longer.",
        f"客户连续 {days} 天未购买即视为流失：{COVERED:.0%} 的购买间隔不超过该天数。",
    )
    return days, (told,)


def marked_gaps(log: TransactionLog, gap: int) -> Any:
    """Return one row a purchase occasion, with whether a full gap follows.

    Returns
    -------
    ibis.Table
        ``customer, n, order, gap`` and ``lost``: no purchase on the next `gap` days, all of them
        observed. The customer is lost on day ``n + gap``.
    """
    gaps = purchase_gaps(log)
    left = number_of(log.end) - gaps.n
    return gaps.mutate(lost=gaps.gap.isnull().ifelse(left >= gap, gaps.gap > gap))
