"""Identities, amounts and currencies from whatever a column holds, as Ibis expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyaltysem.clv.log.request import Money
from loyaltysem.core.errors import DataError

#: What programs write where there is nothing, in small letters.
ABSENT = ("", "na", "n/a", "#n/a", "nan", "nat", "none", "null", "<na>")
#: Spaces that trimming leaves: tabs, ends of lines, and those of no break and of Chinese text.
SPACES = ("\t", "\n", "\r", "\u00a0", "\u3000")
#: Text that names nobody. One pattern is four times as fast as trimming and small letters.
NOBODY = "(?i)^[\\s{0}]*({1})?[\\s{0}]*$".format(
    "".join(SPACES[-2:]), "|".join(re.escape(word) for word in ABSENT if word)
)
WHOLE = 2.0**53


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers: `value`, null where missing or unreadable, and whether `given`."""

    value: Any
    given: Any


def identity_of(column: Any) -> Any:
    """Return who a row belongs to as text as it stands; null where nobody is named.

    Whole numbers read from a column with gaps arrive as 17.0 and are called 17.

    Raises
    ------
    DataError
        The column is of a type that names nobody.
    """
    import ibis

    text = _as_text(column, "customers")
    if not column.type().is_string():
        return text
    return ibis.ifelse(text.re_search(NOBODY), ibis.null("string"), text)


def trimmed(identity: Any) -> Any:
    """Return an identity without spaces of any kind at its ends; those within become plain."""
    for space in SPACES:
        identity = identity.replace(space, " ")
    return identity.strip()


def folded(identity: Any) -> Any:
    """Return an identity as `trimmed`, in small letters."""
    return trimmed(identity).lower()


def written_as(name: str, *, is_merged: bool) -> str:
    r"""Return what `folded` makes of a name, or `trimmed` where identifiers were not merged.

    Examples
    --------
    >>> written_as(" A\u00a01\t", is_merged=True), written_as(" A 1", is_merged=False)
    ('a 1', 'A 1')
    """
    for space in SPACES:
        name = name.replace(space, " ")
    name = name.strip()
    return name.lower() if is_merged else name


def label_of(column: Any) -> Any:
    """Return a category as trimmed text, null where there is none."""
    return _as_text(column, "categories").strip().nullif("")


def _as_text(column: Any, what: str) -> Any:
    import ibis

    kind = column.type()
    if kind.is_string():
        return column
    if kind.is_integer() or kind.is_uuid():
        return column.cast("string")
    if kind.is_floating() or kind.is_decimal():
        number = column.cast("float64")
        whole = (number.floor() == number) & (number.abs() < WHOLE)
        text = ibis.ifelse(whole, column.try_cast("int64").cast("string"), column.cast("string"))
        return ibis.ifelse(number.isnan(), ibis.null("string"), text)
    if what == "categories" and (kind.is_boolean() or kind.is_date()):
        return column.cast("string")
    raise DataError(
        f"The column of {what}, '{column.get_name()}', holds {kind}.",
        code="log.identity_type",
        hint="Name a column of text or whole numbers.",
    )


def amount_of(column: Any, money: Money) -> Number:
    """Return amounts as numbers; text is read with the decimal mark stated.

    ``1234.5``, ``1,234.50`` and ``-3e2`` are read; signs of currencies are not, for they might
    differ from row to row. Infinite amounts are unreadable.

    Raises
    ------
    DataError
        The column is of a type that holds no amounts.
    """
    import ibis

    kind = column.type()
    if kind.is_string():
        text = column.strip().fill_null("")
        return Number(_from_text(text, money.decimal), ~text.lower().isin(ABSENT))
    if not kind.is_numeric() or kind.is_boolean():
        raise DataError(
            f"The column of amounts, '{column.get_name()}', holds {kind}.",
            code="log.amount_type",
            hint="Name a column of numbers in amount=…, or amount=None where there are none.",
        )
    value = column.cast("float64")
    if not kind.is_floating():
        return Number(value, column.notnull())
    finite = ibis.ifelse(value.isinf() | value.isnan(), ibis.null("float64"), value)
    return Number(finite, value.notnull() & ~value.isnan())


def _from_text(text: Any, decimal: str) -> Any:
    import ibis

    mark, separator = re.escape(decimal), re.escape("," if decimal == "." else ".")
    plain = rf"^[+-]?(\d+({mark}\d*)?|{mark}\d+)([eE][+-]?\d{{1,3}})?$"
    grouped = rf"^[+-]?\d{{1,3}}({separator}\d{{3}})+({mark}\d*)?$"
    bare = text.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    value = ibis.cases(
        (text.re_search(plain), text.replace(decimal, ".").try_cast("float64")),
        (text.re_search(grouped), bare.try_cast("float64")),
        else_=ibis.null("float64"),
    )
    return ibis.ifelse(value.isinf(), ibis.null("float64"), value)


def code_of(column: Any) -> Any:
    """Return codes of currencies in capitals, null where there is none."""
    return _as_text(column, "currencies").strip().upper().nullif("")


def rate_of(code: Any, rates: Mapping[str, float]) -> Any:
    """Return what one unit of each row's currency is worth; null where no rate is known."""
    import ibis

    pairs = [(code == name, ibis.literal(rate, "float64")) for name, rate in rates.items()]
    return ibis.cases(*pairs, else_=ibis.null("float64"))


def check_currencies(found: list[str], money: Money) -> None:
    """Refuse amounts that cannot be added up.

    Raises
    ------
    DataError
        Several currencies without rates, or one without its rate, or no rate of 1.
    """
    listed = ", ".join(sorted(found)[:20])
    if not money.rates and len(found) > 1:
        raise DataError(
            f"The amounts are in {len(found)} currencies: {listed}.",
            code="log.currencies",
            hint='Give the worth of each in one of them, such as rates={"CNY": 1, "USD": 7.1}, '
            "or open the log of each currency on its own.",
        )
    if money.rates and money.base is None:
        raise DataError(
            f"No rate is 1, so nothing says which currency {dict(money.rates)} lead to.",
            code="log.rates",
            hint="Add the currency of the results with the rate 1.",
        )
    without = sorted(set(found) - set(money.rates)) if money.rates else []
    if without:
        raise DataError(
            f"There is no rate for {', '.join(without[:20])}.",
            code="log.rates",
            hint="Add them to rates=, each as what one unit is worth in the currency with rate 1.",
        )
