"""Do printed results agree with each other? Arithmetic on what a paper prints.

A printed number stands for an interval, the values that round to it. Two printed numbers agree
when some pair of values from their intervals satisfies the formula that ties them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from loyaltysem.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed: its value and its number of decimals.

    Examples
    --------
    >>> Printed(0.05, 2).interval
    (0.045, 0.055)
    """

    value: float
    digits: int

    @property
    def interval(self) -> tuple[float, float]:
        """Smallest and largest value that print like this."""
        exact = Decimal(repr(self.value))
        half = Decimal(5).scaleb(-self.digits - 1)
        return float(exact - half), float(exact + half)

    def matches(self, value: float) -> bool:
        """Whether `value` prints as this number (halves round up)."""
        return rounded(value, self.digits) == rounded(self.value, self.digits)


def rounded(value: float, digits: int) -> Decimal:
    """Return `value` rounded half up to `digits` decimals, as people round by hand.

    Examples
    --------
    >>> rounded(0.125, 2), rounded(0.0474, 2)
    (Decimal('0.13'), Decimal('0.05'))
    """
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def rmsea_from_ratio(chisq_over_df: float, n: int) -> float:
    """Return the RMSEA that a χ²/df implies.

    Parameters
    ----------
    chisq_over_df : float
        χ² divided by its degrees of freedom.
    n : int
        Number of cases.

    Raises
    ------
    DataError
        Fewer than two cases.

    Notes
    -----
    RMSEA = √(max(χ²/df − 1, 0) / (n − 1)), Steiger (1990); AMOS divides by n − 1, lavaan by n.

    Examples
    --------
    >>> round(rmsea_from_ratio(2.01, 450), 3)
    0.047
    """
    if n < 2:
        raise DataError(
            f"RMSEA needs at least 2 cases; n is {n}.",
            code="audit.too_few_cases",
            hint="Give the sample size the paper reports.",
        )
    excess = max(chisq_over_df - 1, 0.0) / (n - 1)
    return float(excess**0.5)


def ratio_allows_rmsea(ratio: Printed, rmsea: Printed, n: int) -> bool:
    """Whether a printed χ²/df and a printed RMSEA can both be right at sample size `n`.

    Examples
    --------
    >>> ratio_allows_rmsea(Printed(2.36, 2), Printed(0.06, 2), 450)
    True
    >>> ratio_allows_rmsea(Printed(2.01, 2), Printed(0.04, 2), 450)
    False
    """
    low, high = (rmsea_from_ratio(edge, n) for edge in ratio.interval)
    lower, upper = rmsea.interval
    return low < upper and high >= lower
