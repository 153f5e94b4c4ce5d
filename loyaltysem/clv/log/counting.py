"""What cleaning did, in numbers: every row of the source is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from loyaltysem.clv.log.engine import keep
from loyaltysem.clv.log.request import Rules
from loyaltysem.clv.log.statuses import ALL, KEPT, KEPT_NUMBERS, NUMBER, NUMBERED
from loyaltysem.clv.log.values import folded

#: Rows and customers of each rule.
Tally = Mapping[str, tuple[int, int]]
#: Days at either end of the log that are looked at for a gap.
EDGE = 2


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a log once it has been gone through.

    Parameters
    ----------
    tally : mapping
        Rows and customers of each rule.
    first, last : tuple of date
        The two first and the two last days of customers' first and last rows; fewer if there are
        no more.
    zoned : int
        Rows whose times had a zone of their own.
    """

    tally: dict[str, tuple[int, int]]
    first: tuple[date, ...]
    last: tuple[date, ...]
    zoned: int

    def rows(self, *rules: str) -> int:
        """Return the number of rows that rules hold of."""
        return sum(self.tally.get(rule, (0, 0))[0] for rule in rules)

    @property
    def source(self) -> int:
        """Rows of the source."""
        return self.rows("source")

    @property
    def kept(self) -> int:
        """Rows of the log."""
        return self.rows(*(status.rule for status in KEPT))

    def frame(self) -> pd.DataFrame:
        """Return the tally as `TransactionLog.counts`."""
        return pd.DataFrame(
            [
                (s.rule, s.label.en, s.label.zh, *self.tally.get(s.rule, (0, 0)), s.effect)
                for s in ALL
            ],
            columns=["rule", "label_en", "label_zh", "rows", "customers", "effect"],
        )


def account(judged: Any, rules: Rules, repeats: tuple[int, int]) -> Account:
    """Go through the rows once and count.

    Parameters
    ----------
    judged : ibis.Table
        From `cleaning.judged_rows`.
    rules : Rules
    repeats : tuple of int
        Rows that repeat another, and customers they belong to.
    """
    per = keep(
        judged.group_by("written", "status").aggregate(
            rows=judged.count(),
            zoned=judged.zoned.cast("int64").sum(),
            first=judged.day.min(),
            last=judged.day.max(),
        )
    )
    merged = folded(per.written) if rules.ids == "merge" else per.written
    per = per.mutate(customer=merged)
    tally = _by_status(per)
    tally.update(_noted(per, rules))
    dropped = rules.duplicates == "drop"
    tally["repeated" if dropped else "duplicates"] = repeats
    total = per.aggregate(rows=per.rows.sum(), customers=per.customer.nunique(),
                          zoned=per.zoned.sum()).to_pandas()  # fmt: skip
    rows = _whole(total["rows"][0]) + (repeats[0] if dropped else 0)
    tally["source"] = (rows, _whole(total["customers"][0]))
    kept = per.filter(per.status.isin(KEPT_NUMBERS))
    return Account(tally, _edge(kept, "first"), _edge(kept, "last"), _whole(total["zoned"][0]))


def _whole(number: Any) -> int:
    return 0 if pd.isna(number) else int(number)


def _by_status(per: Any) -> dict[str, tuple[int, int]]:
    found = per.group_by("status").aggregate(rows=per.rows.sum(), customers=per.customer.nunique())
    return {
        NUMBERED[int(row.status)].rule: (_whole(row.rows), _whole(row.customers))
        for row in found.to_pandas().itertuples()
    }


def _noted(per: Any, rules: Rules) -> dict[str, tuple[int, int]]:
    kept = per.filter(per.status.isin(KEPT_NUMBERS))
    bought = kept.status != NUMBER["refund"]
    each = kept.group_by("customer").aggregate(
        rows=kept.rows.sum(),
        first=kept.first.min(where=bought),
        last=kept.last.max(where=bought),
    )
    one, none = each.first == each.last, each.first.isnull()
    alike = kept.group_by(key=folded(kept.written)).aggregate(
        rows=kept.rows.sum(), spellings=kept.written.nunique()
    )
    several = alike.spellings > 1
    found = each.aggregate(
        one_rows=each.rows.sum(where=one), one=each.count(where=one),
        none_rows=each.rows.sum(where=none), none=each.count(where=none),
    ).to_pandas()  # fmt: skip
    near = alike.aggregate(
        rows=alike.rows.sum(where=several), spellings=alike.spellings.sum(where=several)
    ).to_pandas()
    return {
        "one_day": (_whole(found["one_rows"][0]), _whole(found["one"][0])),
        "no_purchase": (_whole(found["none_rows"][0]), _whole(found["none"][0])),
        "ids_merged" if rules.ids == "merge" else "ids_alike": (
            _whole(near["rows"][0]),
            _whole(near["spellings"][0]),
        ),
    }


def _edge(kept: Any, column: str) -> tuple[date, ...]:
    """Return the outermost days first, at most `EDGE` of them."""
    days = kept.select(day=kept[column]).distinct()
    order = days.day.asc() if column == "first" else days.day.desc()
    found = days.order_by(order).limit(EDGE).to_pandas()["day"]
    return tuple(pd.Timestamp(day).date() for day in found)


def repeated_rows(raw: Any, customer: str) -> tuple[int, int]:
    """Return how many rows equal an earlier one in every column, and of how many customers.

    Columns of lists, maps and structures, which not every engine compares, are left out.
    """
    names = comparable(raw)
    groups = raw.group_by(names).aggregate(loyaltysem_n=raw.count())
    several = groups.filter(groups.loyaltysem_n > 1)
    found = several.aggregate(
        rows=(several.loyaltysem_n - 1).sum(), customers=several[customer].nunique()
    ).to_pandas()
    return _whole(found["rows"][0]), _whole(found["customers"][0])


def comparable(raw: Any) -> list[str]:
    """Return the columns whose cells can be compared in every engine."""
    kinds = raw.schema().items()
    return [name for name, kind in kinds if not (kind.is_nested() or kind.is_json())]
