"""What is asked of a log, with every default made concrete: columns, rules, days, money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean

#: Columns a log makes, some of them on the way: a kept column must not be called so.
RESERVED = frozenset(
    {"customer", "time", "day", "amount", "is_purchase", "category", "margin", "status", "zoned",
     "written", "time_given", "amount_given", "currency_given"}
)  # fmt: skip
NO_RATES: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the source mean what; `extra` are kept as they are."""

    customer: str = "customer"
    time: str = "time"
    amount: str | None = "amount"
    category: str | None = None
    margin: str | None = None
    extra: tuple[str, ...] = ()

    def named(self) -> dict[str, str]:
        """Return the name in the source of each role that was given one."""
        roles = ("customer", "time", "amount", "category", "margin")
        return {role: getattr(self, role) for role in roles if getattr(self, role) is not None}


#: What each rule may be told to do; the first is the default.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "refunds": ("net", "drop", "error"),
        "zero": ("keep", "drop", "error"),
        "duplicates": ("keep", "drop", "error", "unchecked"),
        "unusable": ("drop", "error"),
        "ids": ("as_is", "merge", "error"),
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What happens to rows that are not plain purchases; `CHOICES` lists what each may be."""

    refunds: str = "net"
    zero: str = "keep"
    duplicates: str = "keep"
    unusable: str = "drop"
    ids: str = "as_is"

    def __post_init__(self) -> None:
        for rule in fields(self):
            given, choices = getattr(self, rule.name), CHOICES[rule.name]
            if given not in choices:
                raise IncompatibleRequestError(
                    f"{rule.name}={given!r} is no such rule.",
                    code="log.rule",
                    hint=did_you_mean(str(given), choices) or f"Use: {', '.join(choices)}.",
                )


@dataclass(frozen=True, slots=True)
class Days:
    """How times are read and which days count; zones are IANA names."""

    time_format: str | None = None
    time_zone: str | None = None
    recorded_in: str | None = None
    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        for name in ("time_zone", "recorded_in"):
            _check_zone(name, getattr(self, name))
        if self.recorded_in and not self.time_zone:
            raise IncompatibleRequestError(
                f"recorded_in='{self.recorded_in}' says where the times come from, but not where "
                "days are to be counted.",
                code="log.time_zone",
                hint='Add time_zone="Asia/Shanghai", or whichever zone the customers live in.',
            )
        if self.start and self.end and self.start > self.end:
            raise IncompatibleRequestError(
                f"start={self.start} lies after end={self.end}.",
                code="log.period",
                hint="The log is observed from start up to and including end.",
            )


def _check_zone(name: str, zone: str | None) -> None:
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise IncompatibleRequestError(
            f"{name}={zone!r} is no time zone.",
            code="log.time_zone",
            hint='Use an IANA name, such as "Asia/Shanghai", "Europe/Berlin" or "UTC".',
        ) from None


def as_day(name: str, value: object) -> date | None:
    """Return a day that was given as a date or as text, None as it is.

    Raises
    ------
    IncompatibleRequestError
        It is neither; `name` is what the message calls it.

    Examples
    --------
    >>> as_day("end", "2024-12-31")
    datetime.date(2024, 12, 31)
    """
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    readable = isinstance(value, str | date)  # numbers would be nanoseconds
    found = pd.to_datetime(str(value), errors="coerce") if readable else None
    if not isinstance(found, pd.Timestamp):
        raise IncompatibleRequestError(
            f"{name}={value!r} is no day.",
            code="log.period",
            hint='Write it as "2024-12-31" or as a date.',
        )
    return found.date()


@dataclass(frozen=True, slots=True)
class Money:
    """In what amounts are written: one currency, or a column of currencies with their rates."""

    currency: str | None = None
    rates: Mapping[str, float] = field(default_factory=lambda: NO_RATES)
    decimal: str = "."

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise IncompatibleRequestError(
                f"decimal={self.decimal!r} is no decimal mark.",
                code="log.decimal",
                hint='Use "." (1,234.50) or "," (1.234,50).',
            )
        rates = {}
        for code, rate in dict(self.rates).items():
            number = isinstance(rate, int | float) and not isinstance(rate, bool)
            if not number or not 0 < rate < float("inf"):
                raise IncompatibleRequestError(
                    f"The rate of '{code}' is {rate!r}.",
                    code="log.rates",
                    hint="A rate is what one unit is worth in the currency whose rate is 1.",
                )
            rates[str(code).strip().upper()] = float(rate)
        object.__setattr__(self, "rates", MappingProxyType(rates))

    @property
    def base(self) -> str | None:
        """The currency that amounts are brought to: the one whose rate is 1."""
        ones = [code for code, rate in self.rates.items() if rate == 1.0]
        return ones[0] if ones else None


def check_columns(columns: Columns, money: Money, available: tuple[str, ...]) -> None:
    """Refuse names the source does not have, all at once, and names that stand for two things.

    Raises
    ------
    DataError
        A column is not there.
    IncompatibleRequestError
        A kept column has the name of one that the log makes.
    """
    wanted = [*columns.named().values(), *columns.extra]
    missing = list(dict.fromkeys(name for name in wanted if name not in available))
    if missing:
        near = " ".join(filter(None, (did_you_mean(str(name), available) for name in missing)))
        listed = ", ".join(f"'{name}'" for name in available[:30])
        raise DataError(
            f"The log has no column {', '.join(repr(name) for name in missing)}.",
            code="log.missing_column",
            hint=f"{near} There is: {listed}. Name columns as in customer=…, time=…, amount=….",
        )
    # engines do not tell names apart by case
    clash = sorted({name for name in columns.extra if name.casefold() in RESERVED})
    if clash:
        raise IncompatibleRequestError(
            f"The log makes columns of its own called {', '.join(clash)}.",
            code="log.reserved_column",
            hint="Rename those columns of the source before keeping them as extra.",
        )
    if money.rates and money.currency not in available:
        raise IncompatibleRequestError(
            f"rates are given, but currency={money.currency!r} is no column that says what each "
            "row is in.",
            code="log.rates",
            hint="Pass currency= the name of the column with the codes.",
        )
