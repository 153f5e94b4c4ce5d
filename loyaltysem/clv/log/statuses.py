"""What can become of a row, in the order in which it is decided, and how that is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.text import Text

Effect: TypeAlias = Literal["source", "dropped", "kept", "noted"]


@dataclass(frozen=True, slots=True)
class Status:
    """One row of `TransactionLog.counts`: its code, its words, and what became of its rows."""

    rule: str
    label: Text
    effect: Effect


SOURCE = Status("source", Text("Rows in the source", "源数据的行"), "source")
#: Drawn up before anything else is looked at.
REPEATED = Status(
    "repeated", Text("Equal to an earlier row in every column", "与前面某行各列完全相同"), "dropped"
)
#: Each row gets the first that holds.
DROPPED = (
    Status("no_customer", Text("No customer named", "没有客户标识"), "dropped"),
    Status("no_time", Text("No date", "没有日期"), "dropped"),
    Status("unreadable_time", Text("Date not readable", "日期无法识别"), "dropped"),
    Status("no_amount", Text("No amount", "没有金额"), "dropped"),
    Status("unreadable_amount", Text("Amount not readable", "金额无法识别"), "dropped"),
    Status("no_currency", Text("No currency", "没有币种"), "dropped"),
    Status("before_start", Text("Before the first day stated", "早于所定起始日"), "dropped"),
    Status("after_end", Text("After the last day stated", "晚于所定截止日"), "dropped"),
    Status("refund_dropped", Text("Refund (negative amount)", "退款（金额为负）"), "dropped"),
    Status("zero_dropped", Text("Amount of zero", "金额为零"), "dropped"),
)
KEPT = (
    Status("purchase", Text("Purchase", "购买"), "kept"),
    Status("zero", Text("Amount of zero, a purchase all the same", "金额为零，仍计为购买"), "kept"),
    Status(
        "refund", Text("Refund, taken off what its customer spent", "退款，冲减该客户金额"), "kept"
    ),
)
NOTED = (
    Status("duplicates", Text("Repeats of an earlier row, kept", "与前行重复而保留"), "noted"),
    Status(
        "ids_alike",
        Text("Identifiers alike but for case or spaces", "标识仅大小写或空格不同"),
        "noted",
    ),
    Status("ids_merged", Text("Identifiers merged that were alike", "已合并的近似标识"), "noted"),
    Status(
        "one_day", Text("Customers who bought on one day only", "只在一天购买过的客户"), "noted"
    ),
    Status("no_purchase", Text("Customers with refunds only", "只有退款的客户"), "noted"),
)
ALL = (SOURCE, REPEATED, *DROPPED, *KEPT, *NOTED)
BY_RULE = {status.rule: status for status in ALL}
#: Rows carry their status as a number, which engines group faster than words.
NUMBERED = (*DROPPED, *KEPT)
NUMBER = {status.rule: number for number, status in enumerate(NUMBERED)}
KEPT_NUMBERS = tuple(NUMBER[status.rule] for status in KEPT)
UNUSABLE = ("no_customer", "no_time", "unreadable_time", "no_amount", "unreadable_amount",
            "no_currency")  # fmt: skip
