"""The one place where a number becomes text.

Every table, sentence and picture prints through these functions, so a value looks the same
wherever it stands. The rules are those of the APA Publication Manual (7th ed.): statistics that
cannot exceed 1 in absolute value lose the zero before the point, p values are exact down to .001.
"""

from __future__ import annotations

import math
from typing import SupportsFloat, TypeAlias

Number: TypeAlias = SupportsFloat | None

MISSING = "–"
MINUS = "\N{MINUS SIGN}"
STAR_LEVELS: tuple[tuple[float, str], ...] = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


def number(x: Number, digits: int = 3) -> str:
    """Return `x` with `digits` decimals, a true minus sign and grouped thousands.

    Parameters
    ----------
    x : float or None
        The value; ``None``, NaN and infinities have no printed value.
    digits : int
        Decimals.

    Returns
    -------
    str
        ``"–"`` where there is no value; a value that rounds to zero never carries a sign.

    Examples
    --------
    >>> number(2.14583, 2), number(-0.5), number(12345.678, 1), number(-0.0001), number(None)
    ('2.15', '−0.500', '12,345.7', '0.000', '–')
    """
    value = _finite(x)
    if value is None:
        return MISSING
    plain = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(c not in "0.," for c in plain)
    return MINUS + plain if negative else plain


def bounded(x: Number, digits: int = 3) -> str:
    """Return a statistic of the unit interval, without the zero before the point.

    For correlations, standardised coefficients, α, CFI, R² and the like. A value that leaves the
    interval (a Heywood case) keeps its leading digit, so it is seen.

    Examples
    --------
    >>> bounded(0.8934), bounded(-0.07, 2), bounded(1.0, 2), bounded(1.043), bounded(float("nan"))
    ('.893', '−.07', '1.00', '1.043', '–')
    """
    text = number(x, digits)
    sign, digits_only = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return sign + (digits_only[1:] if digits_only.startswith("0.") else digits_only)


def pvalue(p: Number) -> str:
    """Return a p value: exact to three decimals, then ``"< .001"``.

    Examples
    --------
    >>> pvalue(0.0342), pvalue(0.00049), pvalue(0.001), pvalue(0.9999), pvalue(None)
    ('.034', '< .001', '.001', '> .999', '–')
    """
    value = _finite(p)
    if value is None:
        return MISSING
    if value < 0.001:
        return "< .001"
    return "> .999" if value > 0.9995 else bounded(value, 3)


def p_relation(p: Number, symbol: str = "p") -> str:
    """Return a p value as it stands in a sentence.

    Examples
    --------
    >>> p_relation(0.0342), p_relation(0.0000001), p_relation(float("nan"))
    ('p = .034', 'p < .001', 'p = –')
    """
    text = pvalue(p)
    return f"{symbol} {text}" if text[0] in "<>" else f"{symbol} = {text}"


def integer(x: Number) -> str:
    """Return a count with grouped thousands.

    Examples
    --------
    >>> integer(450), integer(12345.0), integer(-3), integer(None)
    ('450', '12,345', '−3', '–')
    """
    return number(x, 0)


def percent(x: Number, digits: int = 1) -> str:
    """Return a share of one as a percentage.

    Examples
    --------
    >>> percent(0.9), percent(0.4567, 0), percent(None)
    ('90.0%', '46%', '–')
    """
    text = number(None if (value := _finite(x)) is None else 100 * value, digits)
    return text if text == MISSING else text + "%"


def interval(lower: Number, upper: Number, digits: int = 3, *, is_bounded: bool = False) -> str:
    """Return a confidence interval in brackets.

    Examples
    --------
    >>> interval(-0.1234, 0.5, 2), interval(-0.1234, 0.5, 2, is_bounded=True), interval(None, 1)
    ('[−0.12, 0.50]', '[−.12, .50]', '–')
    """
    if _finite(lower) is None or _finite(upper) is None:
        return MISSING
    show = bounded if is_bounded else number
    return f"[{show(lower, digits)}, {show(upper, digits)}]"


def stars(p: Number) -> str:
    """Return the stars of a p value: *** < .001, ** < .01, * < .05.

    Examples
    --------
    >>> stars(0.0002), stars(0.005), stars(0.04), stars(0.06), stars(None)
    ('***', '**', '*', '', '')
    """
    value = _finite(p)
    if value is None:
        return ""
    return next((mark for level, mark in STAR_LEVELS if value < level), "")


def _finite(x: Number) -> float | None:
    """Return `x` as a finite float, or None; pandas' NA raises TypeError on float()."""
    if x is None:
        return None
    try:
        value = float(x)
    except TypeError:
        return None
    return value if math.isfinite(value) else None
