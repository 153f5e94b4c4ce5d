import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltysem.core import display

NOTHING = [None, math.nan, math.inf, -math.inf, pd.NA, np.float64("nan")]


@pytest.mark.parametrize("nothing", NOTHING)
def test_no_value_prints_as_a_dash(nothing):
    shows = (display.number, display.bounded, display.pvalue, display.integer, display.percent)
    assert [show(nothing) for show in shows] == ["–"] * 5
    assert display.interval(nothing, 1.0) == display.interval(1.0, nothing) == "–"
    assert display.stars(nothing) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.05, ".050"), (0.0499, ".050"), (0.0004999, "< .001"), (0.0010, ".001"), (0.0, "< .001"),
     (1.0, "> .999"), (0.999, ".999")],
)  # fmt: skip
def test_p_values_are_exact_down_to_a_thousandth(value, shown):
    assert display.pvalue(value) == shown


def test_a_value_outside_the_unit_interval_keeps_its_leading_digit():
    assert display.bounded(-1.234, 2) == "−1.23"
    assert display.bounded(0.9999, 2) == "1.00"


def test_what_rounds_to_zero_carries_no_sign():
    assert display.number(-0.0004) == "0.000"
    assert display.bounded(-0.0004) == ".000"
    assert display.number(-0.0005001) == "−0.001"


def test_stars_change_at_their_levels():
    assert [display.stars(p) for p in (0.00099, 0.001, 0.0099, 0.01, 0.049, 0.05)] == [
        "***", "**", "**", "*", "*", ""]  # fmt: skip


def test_numpy_scalars_print_as_numbers():
    assert display.number(np.float32(0.5), 1) == "0.5"
    assert display.integer(np.int64(1234)) == "1,234"


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_printed_numbers_read_back_within_half_a_unit(value, digits):
    shown = display.number(value, digits)
    back = float(shown.replace(",", "").replace("−", "-"))
    assert abs(back - value) <= 0.5 * 10**-digits + 1e-9
    assert "-" not in shown


@given(st.floats(-1, 1))
def test_bounded_values_never_start_with_a_zero(value):
    assert not display.bounded(value).lstrip("−").startswith("0")
