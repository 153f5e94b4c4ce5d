"""A number as it stands in a paper, and the values it can stand for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from typing import Literal, TypeAlias

from loyaltysem.core.errors import DataError

Interval: TypeAlias = tuple[float, float]
Bound: TypeAlias = Literal["", "<", ">"]
#: Signs papers set before or after a number, with what they stand for here.
SIGNS = str.maketrans("−–＜＞≤≥", "--<><>", ", ")
WRITTEN = re.compile(r"([<>]?)([+-]?)(\d*)(?:\.(\d*))?(%?)\*{0,4}")


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed: its value and its number of decimals.

    Parameters
    ----------
    value : float
    digits : int
        Decimals printed: .90 has two, .9 one.
    bound : {"", "<", ">"}
        Whether only a bound was printed, as in *p* < .001.

    Examples
    --------
    >>> Printed(0.05, 2).interval
    (0.045, 0.055)
    """

    value: float
    digits: int
    bound: Bound = ""

    @property
    def interval(self) -> Interval:
        """Smallest and largest value that print like this."""
        if self.bound:
            return (-math.inf, self.value) if self.bound == "<" else (self.value, math.inf)
        exact = Decimal(repr(self.value))
        half = Decimal(5).scaleb(-self.digits - 1)
        return float(exact - half), float(exact + half)

    @property
    def cut_off(self) -> Interval:
        """Smallest and largest value that print like this where decimals are cut, not rounded."""
        if self.bound:
            return self.interval
        unit = 10.0**-self.digits
        edge = self.value + math.copysign(unit, self.value)
        return min(self.value, edge), max(self.value, edge)

    def matches(self, value: float) -> bool:
        """Whether `value` prints as this number (halves round up)."""
        return rounded(value, self.digits) == rounded(self.value, self.digits)

    def __str__(self) -> str:
        return f"{self.bound}{' ' * bool(self.bound)}{self.value:.{self.digits}f}"


def read_printed(written: object) -> Printed:
    """Read a number as a paper writes it: ``.90``, ``2.15``, ``< .001``, ``38%``, ``−.12**``.

    Parameters
    ----------
    written : str, int, float or Printed
        A float has lost its trailing zeros: write ``".90"`` to keep two decimals.

    Raises
    ------
    DataError
        What is written is no number.

    Examples
    --------
    >>> read_printed(".90"), read_printed("< .001").bound, read_printed("38%")
    (Printed(value=0.9, digits=2, bound=''), '<', Printed(value=0.38, digits=2, bound=''))
    """
    if isinstance(written, Printed):
        return written
    found = None if isinstance(written, bool) else _matched(str(written).translate(SIGNS))
    if found is None:
        raise DataError(
            f"{written!r} is no printed number.",
            code="audit.number",
            hint='Write it as in the paper, in quotes: ".90", "< .001", "38%".',
        )
    return found


def _matched(text: str) -> Printed | None:
    match = WRITTEN.fullmatch(text)
    if match is None or not (match[3] or match[4]):
        return None
    bound, sign, whole, decimals, percent = match.groups()
    digits = len(decimals or "") + (2 if percent else 0)
    value = Decimal(f"{sign}{whole or 0}.{decimals or 0}") / (100 if percent else 1)
    return Printed(float(value), digits, bound)  # type: ignore[arg-type]  # "", "<" or ">"


def rounded(value: float, digits: int) -> Decimal:
    """Return `value` rounded half up to `digits` decimals, as people round by hand.

    Examples
    --------
    >>> rounded(0.125, 2), rounded(0.0474, 2)
    (Decimal('0.13'), Decimal('0.05'))
    """
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def over(function: Callable[..., float], *boxes: Interval) -> Interval:
    """Return the range of a function over a box, for functions monotone in each argument.

    Notes
    -----
    Such a function takes its extremes at corners, so the range is exact, without the slack that
    step-by-step interval arithmetic has when a number appears twice in a formula.

    Examples
    --------
    >>> over(lambda x, y: x - y, (1, 2), (0, 3))
    (-2, 2)
    """
    values = [function(*corner) for corner in product(*boxes)]
    return min(values), max(values)


def meets(a: Interval, b: Interval) -> bool:
    """Whether two intervals have a value in common (edges count, but for rounding's last digit).

    Examples
    --------
    >>> meets((0.0, 0.5), (0.5, 1.0)), meets((0.0, 0.4), (0.5, 1.0))
    (True, False)
    """
    slack = 1e-12 * max(1.0, *(abs(x) for x in (*a, *b) if math.isfinite(x)))
    return a[0] <= b[1] + slack and b[0] <= a[1] + slack


def common(a: Interval, b: Interval) -> Interval:
    """Return what two intervals share; where that is nothing, the lower end is the larger."""
    return max(a[0], b[0]), min(a[1], b[1])
