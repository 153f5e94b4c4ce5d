"""What a reader of a log must know in words, and what makes a log unusable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from loyaltysem.clv.log.counting import Account
from loyaltysem.clv.log.request import CHOICES, Days, Rules
from loyaltysem.clv.log.statuses import BY_RULE, DROPPED, UNUSABLE
from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text

#: Share of rows lost above which losing them is more than a note.
MANY = 0.05
#: What each rule may refuse: the status such rows have, and the one whose words name them without
#: saying what became of them.
REFUSABLE: Mapping[str, Mapping[str, str]] = {
    "refunds": {"refund": "refund_dropped"},
    "zero": {"zero": "zero_dropped"},
    "duplicates": {"duplicates": "repeated"},
    "unusable": {status: status for status in UNUSABLE},
    "ids": {"ids_alike": "ids_alike"},
}
#: Days without anybody's last (first) row that set a day apart from the rest of the log.
GAP = 366


def check(account: Account, rules: Rules, name: str) -> None:
    """Refuse a log that the rules stated do not allow, or that nothing is left of.

    Raises
    ------
    DataError
        No rows, none left, or rows of a kind that was to be an error.
    """
    if account.source == 0:
        raise DataError(
            f"{name} has no rows.",
            code="log.empty",
            hint="Expected one row per order: customer, time, amount.",
        )
    refused = dict(_refused(account, rules))
    if refused:
        others = {rule: [c for c in CHOICES[rule] if c != "error"] for rule in refused}
        told = "; ".join(
            f"{rule}={' or '.join(map(repr, choices))}" for rule, choices in others.items()
        )
        raise DataError(
            f"{name} holds what was to be refused: {'; '.join(refused.values())}.",
            code="log.refused",
            hint=f"Correct the source, or state another rule: {told}.",
        )
    if account.kept == 0:
        raise DataError(
            f"None of the {integer(account.source)} rows of {name} can be used: "
            f"{'; '.join(_reasons(account))}.",
            code="log.nothing_left",
            hint=_cure(account),
        )


def _refused(account: Account, rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield each rule that refuses rows of the log, and how many rows of which kind."""
    for rule, kinds in REFUSABLE.items():
        found = {name: account.rows(status) for status, name in kinds.items()}
        if getattr(rules, rule) == "error" and any(found.values()):
            told = (f"{BY_RULE[name].label.en}: {integer(n)}" for name, n in found.items() if n)
            yield rule, f"{', '.join(told)} ({rule}='error')"


def _reasons(account: Account) -> list[str]:
    return [
        f"{status.label.en}: {integer(account.rows(status.rule))}"
        for status in (BY_RULE["repeated"], *DROPPED)
        if account.rows(status.rule)
    ]


def _cure(account: Account) -> str:
    worst = max(DROPPED, key=lambda status: account.rows(status.rule)).rule
    cures = {
        "unreadable_time": "Dates are read year first. State another order, such as "
        'time_format="%d/%m/%Y %H:%M".',
        "unreadable_amount": 'Amounts are read as 1,234.50. Pass decimal="," for 1.234,50, and '
        "remove signs of currencies.",
        "before_start": "Look at start=… and at how dates are written.",
        "after_end": "Look at end=… and at how dates are written.",
    }
    return cures.get(worst, "Look at which columns are named in customer=…, time=…, amount=….")


def findings(account: Account, days: Days, zone: str | None) -> Iterator[Finding]:
    """Yield what a reader of any result from the log must know."""
    lost = account.source - account.kept
    if lost:
        share = lost / account.source
        yield Finding(
            "log.dropped",
            Text(
                f"{integer(lost)} of {integer(account.source)} rows ({percent(share, 1)}) are left "
                f"out: {'; '.join(_reasons(account))}.",
                f"{integer(account.source)} 行中剔除 {integer(lost)} 行（{percent(share, 1)}）："
                + "；".join(
                    f"{s.label.zh}：{integer(account.rows(s.rule))}"
                    for s in (BY_RULE["repeated"], *DROPPED)
                    if account.rows(s.rule)
                )
                + "。",
            ),
            severity="warning" if share > MANY else "note",
        )
    yield from _about_identity(account)
    yield from _about_days(account, days)
    if account.zoned and days.time_zone is None and zone is None:
        yield Finding(
            "log.zone_assumed",
            Text("The times carry a zone; days are counted in UTC.", "时间带有时区；按 UTC 计日。"),
            Text(
                'State where customers live, such as time_zone="Asia/Shanghai".',
                '请指定客户所在时区，如 time_zone="Asia/Shanghai"。',
            ),
        )


def _about_identity(account: Account) -> Iterator[Finding]:
    alike = account.tally.get("ids_alike", (0, 0))
    if alike[1]:
        yield Finding(
            "log.ids_alike",
            Text(
                f"{integer(alike[1])} identifiers differ from another only in case or spaces.",
                f"有 {integer(alike[1])} 个客户标识与另一标识仅大小写或空格不同。",
            ),
            Text(
                'If they are the same customers, pass ids="merge".',
                '若属同一客户，请使用 ids="merge"。',
            ),
        )
    repeats = account.tally.get("duplicates", (0, 0))
    if repeats[0]:
        yield Finding(
            "log.duplicates",
            Text(
                f"{integer(repeats[0])} rows equal an earlier one in every column; they are kept.",
                f"有 {integer(repeats[0])} 行与前面某行各列完全相同；已保留。",
            ),
            Text(
                "Two of the same article in one order look like this, and so does a file loaded "
                'twice; for the latter pass duplicates="drop".',
                "同一订单购买两件相同商品会如此，数据重复导入也会如此；若为后者请使用 "
                'duplicates="drop"。',
            ),
            severity="note",
        )


def _about_days(account: Account, days: Days) -> Iterator[Finding]:
    today = date.today()
    if days.end is None and account.last and account.last[0] > today:
        yield Finding(
            "log.future",
            Text(
                f"The log reaches to {account.last[0]}, a day that has not come.",
                f"日志中有尚未到来的日期（至 {account.last[0]}）。",
            ),
            Text(
                "State the last day of observation, end=…; later rows are then counted and left "
                "out.",
                "请用 end=… 指定观察截止日；其后的行将被计数并剔除。",
            ),
            severity="problem",
        )
    for edge, stated, name in (
        (account.last, days.end, "end"), (account.first, days.start, "start"),
    ):  # fmt: skip
        if stated is None and len(edge) > 1 and abs((edge[0] - edge[1]).days) > GAP:
            yield Finding(
                f"log.isolated_{name}",
                Text(
                    f"{edge[0]} lies more than a year from the next day of the log, {edge[1]}.",
                    f"{edge[0]} 与日志中相邻日期 {edge[1]} 相距一年以上。",
                ),
                Text(
                    f"If it is a slip, state {name}=…; T of every customer depends on it.",
                    f"若为误录，请指定 {name}=…；所有客户的 T 都取决于它。",
                ),
            )
