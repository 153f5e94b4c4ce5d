"""Moments in every way they are written, and the days they fall on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError

pytest.importorskip("ibis", reason="needs the extra clv")


def times(cells: Any, **asked: Any) -> list[str]:
    frame = pd.DataFrame({"customer": range(len(cells)), "time": cells, "amount": 1.0})
    tx = ls.transactions(frame, **asked)
    found = tx.log.run(tx.table).sort_values("customer")
    return [str(moment) for moment in found["time"]]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-31", "2024-01-31 00:00:00"),
        (" 2024-01-31 09:05:00 ", "2024-01-31 09:05:00"),
        ("2024-01-31T09:05:00.250", "2024-01-31 09:05:00.250000"),
        ("2024-01-31 09:05:00.1234567", "2024-01-31 09:05:00.123456"),
        ("2024/1/31 9:05", "2024-01-31 09:05:00"),
        ("2024.1.3", "2024-01-03 00:00:00"),
        ("20240131", "2024-01-31 00:00:00"),
        ("20240131T090500", "2024-01-31 09:05:00"),
        ("202401310905", "2024-01-31 09:05:00"),
        ("2024年1月31日", "2024-01-31 00:00:00"),
        ("2024年1月31日 9时05分06秒", "2024-01-31 09:05:06"),
        ("2024-01-31T23:30:00Z", "2024-02-01 07:30:00"),
        ("2024-01-31T23:30:00+0930", "2024-01-31 22:00:00"),
        ("2024-01-31 23:30:00 -05:00", "2024-02-01 12:30:00"),
    ],
)
def test_dates_that_begin_with_the_year_are_read(cell: str, moment: str) -> None:
    assert times([cell], time_zone="Asia/Shanghai") == [moment]


def test_other_orders_are_read_when_they_are_stated() -> None:
    assert times(["03/04/2024"], time_format="%d/%m/%Y") == ["2024-04-03 00:00:00"]
    assert times(["03/04/2024"], time_format="%m/%d/%Y") == ["2024-03-04 00:00:00"]
    assert times(["3.4.24 7:08"], time_format="%d.%m.%y %H:%M") == ["2024-04-03 07:08:00"]
    assert times(["1.2.1969", "1.2.70"][1:], time_format="%d.%m.%y") == ["1970-02-01 00:00:00"]
    assert times(["(31) 12+2023"], time_format="(%d) %m+%Y") == ["2023-12-31 00:00:00"]
    assert times(["2023-12-31 01:02:03.5"], time_format="%Y-%m-%d %H:%M:%S.%f") == [
        "2023-12-31 01:02:03.500000"
    ]


def test_numbers_are_read_as_the_digits_of_a_day() -> None:
    assert times([20240131]) == ["2024-01-31 00:00:00"]
    assert times([20240131.0, float("nan")]) == ["2024-01-31 00:00:00"]


def test_moments_that_know_their_zone_are_brought_to_the_one_stated() -> None:
    aware = pd.to_datetime(["2024-01-31 18:00:00+00:00"])
    assert times(aware, time_zone="Asia/Shanghai") == ["2024-02-01 02:00:00"]
    own = aware.tz_convert("America/New_York")
    assert times(own) == ["2024-01-31 13:00:00"]
    assert times(own, time_zone="UTC") == ["2024-01-31 18:00:00"]


def test_moments_without_a_zone_stay_unless_it_is_said_where_they_were_recorded() -> None:
    naive = pd.to_datetime(["2024-01-31 18:00:00"])
    assert times(naive, time_zone="Asia/Shanghai") == ["2024-01-31 18:00:00"]
    asked = {"time_zone": "Asia/Shanghai", "recorded_in": "UTC"}
    assert times(naive, **asked) == ["2024-02-01 02:00:00"]
    assert times(["2024-01-31 18:00:00"], **asked) == ["2024-02-01 02:00:00"]
    assert times(["31.1.2024 18:00"], time_format="%d.%m.%Y %H:%M", **asked) == [
        "2024-02-01 02:00:00"
    ]


def test_a_zone_nobody_stated_is_told() -> None:
    frame = pd.DataFrame({"customer": ["a"], "time": ["2024-01-01T00:00:00Z"], "amount": [1.0]})
    assert [f.code for f in ls.transactions(frame).findings] == ["log.zone_assumed"]
    assert ls.transactions(frame, time_zone="UTC").findings == ()


def test_nanoseconds_and_days_are_moments_too() -> None:
    assert times(pd.to_datetime(["2024-01-31 01:02:03.123456289"])) == [
        "2024-01-31 01:02:03.123456"
    ]
    assert times([pd.Timestamp("2024-01-31").date()]) == ["2024-01-31 00:00:00"]


def test_a_column_of_truths_holds_no_times() -> None:
    with pytest.raises(DataError) as caught:
        times([True])
    assert caught.value.code == "log.time_type"
