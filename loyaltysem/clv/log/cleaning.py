"""Rows of a source as rows of a log, each with what becomes of it: one Ibis expression."""

from __future__ import annotations

from typing import Any

from loyaltysem.clv.log.request import Columns, Days, Money, Rules
from loyaltysem.clv.log.statuses import KEPT_NUMBERS, NUMBER
from loyaltysem.clv.log.times import moment_of
from loyaltysem.clv.log.values import (
    amount_of,
    code_of,
    folded,
    identity_of,
    label_of,
    rate_of,
)


def judged_rows(
    raw: Any, columns: Columns, rules: Rules, days: Days, money: Money, *, zone: str | None = None
) -> Any:
    """Return every row of the source with its values in the log's terms and its status.

    Parameters
    ----------
    raw : ibis.Table
        The source, without repeated rows if those are to go.
    columns, rules, days, money
        What was asked.
    zone : str, optional
        Zone the source keeps its own timestamps in.

    Returns
    -------
    ibis.Table
        The columns of the log, ``written`` (the customer before identifiers were merged),
        ``status`` and ``zoned``.
    """
    import ibis

    moment = moment_of(raw[columns.time], days, zone=zone)
    written = identity_of(raw[columns.customer])
    code = code_of(raw[money.currency]) if money.currency in raw.columns else None
    rate = rate_of(code, money.rates) if code is not None and money.rates else None
    amount, given = _amounts(raw, columns, money, rate)
    extra = {"category": label_of(raw[columns.category])} if columns.category else {}
    if columns.margin:
        margin = amount_of(raw[columns.margin], money).value
        extra["margin"] = margin if rate is None else margin * rate
    rows = raw.select(
        written=written,
        time=moment.time,
        time_given=moment.given,
        zoned=moment.zoned.fill_null(False),
        amount=amount,
        amount_given=given,
        currency_given=ibis.literal(True) if code is None else code.notnull(),
        **extra,
        **{name: raw[name] for name in columns.extra},
    )
    rows = rows.mutate(
        customer=folded(rows.written) if rules.ids == "merge" else rows.written,
        day=rows.time.date(),
    )
    return rows.mutate(status=_status(rows, columns, rules, days))


def _amounts(raw: Any, columns: Columns, money: Money, rate: Any) -> tuple[Any, Any]:
    import ibis

    if columns.amount is None:
        return ibis.null("float64"), ibis.literal(True)
    number = amount_of(raw[columns.amount], money)
    return (number.value if rate is None else number.value * rate), number.given


def _status(rows: Any, columns: Columns, rules: Rules, days: Days) -> Any:
    """Return the number of the first rule that holds of each row; see `statuses`."""
    import ibis

    cases = [
        (rows.written.isnull(), "no_customer"),
        (~rows.time_given, "no_time"),
        (rows.time.isnull(), "unreadable_time"),
        (~rows.amount_given, "no_amount"),
        (~rows.currency_given, "no_currency"),
    ]
    if days.start is not None:
        cases.append((rows.day < ibis.literal(days.start), "before_start"))
    if days.end is not None:
        cases.append((rows.day > ibis.literal(days.end), "after_end"))
    if columns.amount is not None:
        cases.insert(4, (rows.amount.isnull() & rows.currency_given, "unreadable_amount"))
        refund = "refund_dropped" if rules.refunds == "drop" else "refund"
        zero = "zero_dropped" if rules.zero == "drop" else "zero"
        cases += [(rows.amount < 0, refund), (rows.amount == 0, zero)]
    numbered = [(condition, ibis.literal(NUMBER[rule], "int8")) for condition, rule in cases]
    return ibis.cases(*numbered, else_=ibis.literal(NUMBER["purchase"], "int8"))


def log_table(judged: Any) -> Any:
    """Return the rows that stay, in the columns every analysis expects."""
    kept = judged.filter(judged.status.isin(KEPT_NUMBERS))
    names = ["customer", "time", "day", "amount", "is_purchase"]
    helpers = {*names, "written", "time_given", "zoned", "amount_given", "currency_given", "status"}
    others = [name for name in kept.columns if name not in helpers]
    return kept.mutate(is_purchase=kept.status != NUMBER["refund"]).select(*names, *others)
