"""Moments from whatever a column of times holds, as Ibis expressions that every engine shares.

Without a format, dates begin with the year: those cannot be mistaken. Where day or month comes
first the order must be stated, for 03/04 is a day in March and one in April.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from loyaltysem.clv.log.engine import dialect
from loyaltysem.clv.log.request import Days
from loyaltysem.core.errors import DataError, IncompatibleRequestError

#: ISO 8601 as databases write it: every engine reads it alike.
PLAIN = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$"
_CLOCK = r"(?:[T ]+(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(\.\d{1,6})?\d*秒?)?分?)?"
_OFFSET = r" ?(Z|[+-]\d{2}:?(?:\d{2})?)?"
#: Year first with any usual mark between, month and day of one or two digits.
YEAR_FIRST = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?" + _CLOCK + _OFFSET + "$"
COMPACT = r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?$"
DIRECTIVES = {"Y": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "M": r"\d{1,2}",
              "S": r"\d{1,2}", "f": r"\d{1,6}", "y": r"\d{2}"}  # fmt: skip
NAIVE, AWARE = "timestamp(6)", "timestamp('UTC', 6)"
ZONE_FROM_TO = frozenset({"pyspark", "databricks", "snowflake"})
ZONE_OF = frozenset({"duckdb", "postgres"})


@dataclass(frozen=True, slots=True)
class Moment:
    """A column of times: `time` without a zone, whether a cell was `given`, `zoned` by itself."""

    time: Any
    given: Any
    zoned: Any


def moment_of(column: Any, days: Days, *, zone: str | None = None) -> Moment:
    """Return when each row happened, in the zone days are counted in; null where unreadable.

    Parameters
    ----------
    column : ibis.Column
        Timestamps, dates, text, or whole numbers such as 20240131.
    days : Days
    zone : str, optional
        Zone the source keeps its own timestamps in.

    Raises
    ------
    DataError
        The column is of a type that holds no times.
    IncompatibleRequestError
        Zones are to be converted in an engine where that is not known how.
    """
    import ibis

    kind, engine = column.type(), dialect(column)
    target = days.time_zone or zone or "UTC"
    if kind.is_timestamp() and kind.timezone is not None:
        aware = _converted(_in_utc(column, engine), "UTC", target, engine)
        return Moment(aware, column.notnull(), ibis.literal(True))
    source = days.recorded_in or target
    if kind.is_timestamp() or kind.is_date():
        naive = _converted(column.cast(NAIVE), source, target, engine)
        return Moment(naive, column.notnull(), ibis.literal(False))
    text = _as_text(column)
    if days.time_format is not None:
        local = _iso(text, *_pattern(days.time_format)).try_cast(NAIVE)
        return Moment(_converted(local, source, target, engine), text != "", ibis.literal(False))
    offset = text.re_extract(YEAR_FIRST, 8)
    plain = text.re_search(PLAIN)
    zoned = ~plain & (offset != "")
    iso = _iso(text, YEAR_FIRST, "YmdHMSf")
    aware = _in_utc((iso + _full_offset(offset)).try_cast(AWARE), engine)
    local = ibis.cases(
        (plain, text.try_cast(NAIVE)),
        (text.re_search(COMPACT), _iso(text, COMPACT, "YmdHMS").try_cast(NAIVE)),
        else_=iso.try_cast(NAIVE),
    )
    time = ibis.ifelse(
        zoned, _converted(aware, "UTC", target, engine), _converted(local, source, target, engine)
    )
    return Moment(time, text != "", zoned)


def _as_text(column: Any) -> Any:
    """Return trimmed text, empty where there is none; numbers lose their decimals first."""
    kind = column.type()
    if kind.is_floating() or kind.is_decimal():
        column = column.try_cast("int64").cast("string")
    elif kind.is_integer():
        column = column.cast("string")
    elif not kind.is_string():
        raise DataError(
            f"The column of times, '{column.get_name()}', holds {kind}.",
            code="log.time_type",
            hint="Name a column of timestamps, dates or text in time=….",
        )
    return column.strip().fill_null("")


def _iso(text: Any, pattern: str, groups: str) -> Any:
    """Return what a pattern finds as ``2024-01-31 09:05:00.5``; other text becomes unreadable."""
    import ibis

    found = {name: text.re_extract(pattern, i) for i, name in enumerate(groups, start=1)}
    if "y" in found:  # as POSIX reads two digits
        century = ibis.ifelse(found["y"] >= "69", "19", "20")
        found["Y"] = century + found["y"]
    missing = ibis.literal("00")

    def two(name: str) -> Any:
        part = found.get(name)
        return missing if part is None else part.lpad(2, "0")

    fraction = found.get("f")
    day = found["Y"] + "-" + two("m") + "-" + two("d")
    clock = two("H") + ":" + two("M") + ":" + two("S")
    if fraction is not None:
        clock = clock + ibis.ifelse(
            (fraction == "") | fraction.startswith("."), fraction, "." + fraction
        )
    return day + " " + clock


def _full_offset(offset: Any) -> Any:
    """Return ``Z`` and ``+0800`` as ``+00:00`` and ``+08:00``."""
    import ibis

    digits = offset.replace(":", "").replace("Z", "+0000").rpad(5, "0")
    return ibis.ifelse(offset == "", "", digits.substr(0, 3) + ":" + digits.substr(3, 2))


def _pattern(time_format: str) -> tuple[str, str]:
    """Return the pattern of a strptime format of numbers, and what its groups are.

    Raises
    ------
    IncompatibleRequestError
        The format has no year, month and day, or something else than numbers.
    """
    groups: list[str] = []
    pattern = ""
    for directive, other in re.findall(r"%(.)|([^%]+|%$)", time_format):
        if directive and directive not in DIRECTIVES:
            raise _no_format(time_format, f"%{directive} is not read")
        if directive:
            groups.append(directive)
            pattern += f"({DIRECTIVES[directive]})"
        else:
            pattern += re.escape(other)
    if not {"m", "d"} <= set(groups) or not {"Y", "y"} & set(groups):
        raise _no_format(time_format, "it lacks year, month or day")
    if len(set(groups)) < len(groups):
        raise _no_format(time_format, "something stands in it twice")
    return f"^{pattern}$", "".join(groups)


def _no_format(time_format: str, why: str) -> IncompatibleRequestError:
    return IncompatibleRequestError(
        f"time_format={time_format!r}: {why}.",
        code="log.time_format",
        hint='Write it as "%d/%m/%Y %H:%M"; there is: '
        + " ".join(f"%{name}" for name in DIRECTIVES)
        + ".",
    )


# Zones


def _in_utc(aware: Any, engine: str) -> Any:
    """Return the clock of UTC at moments that know their zone."""
    if engine in ZONE_OF:
        return _functions()["clock"]("UTC", aware)
    return aware.cast(NAIVE)


def _converted(naive: Any, source: str, target: str, engine: str) -> Any:
    """Return what the clocks of one zone show when those of another show `naive`."""
    if source == target:
        return naive
    if engine in ZONE_OF:
        return _functions()["clock"](target, _functions()["instant"](source, naive))
    if engine in ZONE_FROM_TO:
        return _functions()["convert"](source, target, naive).cast(NAIVE)
    raise IncompatibleRequestError(
        f"Times are not converted from {source} to {target} in {engine}.",
        code="log.time_zone_engine",
        hint="Convert them in the table, and leave time_zone= out.",
    )


@functools.cache
def _functions() -> dict[str, Any]:
    """Return the functions of engines that convert zones."""
    import ibis
    from ibis.expr import datatypes as dt

    naive, aware = dt.Timestamp(scale=6), dt.Timestamp(timezone="UTC", scale=6)

    # Ibis takes the types from `signature`: these only name the engine's functions
    def timezone(zone: Any, moment: Any) -> Any:
        raise AssertionError

    def convert_timezone(source: Any, target: Any, moment: Any) -> Any:
        raise AssertionError

    text = dt.string
    builtin = ibis.udf.scalar.builtin
    return {
        "clock": builtin(timezone, signature=((text, aware), naive)),
        "instant": builtin(timezone, signature=((text, naive), aware)),
        "convert": builtin(convert_timezone, signature=((text, text, naive), naive)),
    }
