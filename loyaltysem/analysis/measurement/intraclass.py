"""Intraclass correlations of ratings or waves (Shrout & Fleiss 1979)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from loyaltysem.analysis.item_frame import item_frame
from loyaltysem.analysis.measurement.answers import BEYOND, require_share
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.display import percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance of n targets by k raters without replication.

    Attributes
    ----------
    targets, raters, error, within : float
        Mean squares: between targets, between raters, residual, within targets.
    n, k : int
    """

    targets: float
    raters: float
    error: float
    within: float
    n: int
    k: int


def mean_squares(ratings: Array) -> MeanSquares:
    """Return the mean squares of complete ratings, shape (n, k)."""
    n, k = ratings.shape
    centred = ratings - ratings.mean()  # residuals themselves, as differences lose small ones
    by_row, by_column = centred.mean(axis=1, keepdims=True), centred.mean(axis=0)
    rows, columns = k * float((by_row**2).sum()), n * float((by_column**2).sum())
    error = float(((centred - by_row - by_column) ** 2).sum())
    within = float(((centred - by_row) ** 2).sum())
    return MeanSquares(
        rows / (n - 1), columns / (k - 1), error / ((n - 1) * (k - 1)),
        within / (n * (k - 1)), n, k,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ICCResult(Printed):
    """The six intraclass correlations of Shrout & Fleiss.

    Attributes
    ----------
    frame : DataFrame
        One row a form: ``form agreement icc ci_lower ci_upper f df1 df2 pvalue``. Forms are named
        ICC(1,1), ICC(2,1), ICC(3,1) for one rating, ICC(1,k), ICC(2,k), ICC(3,k) for the mean of
        all; `agreement` says ``absolute`` or ``consistency``.
    confidence : float
    n_targets, n_raters, n_incomplete : int
        Complete rows, columns, and rows left out.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    confidence: float
    n_targets: int
    n_raters: int
    n_incomplete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was compared."""
        size = f"{self.n_targets} targets, {self.n_raters} ratings each"
        return f"Intraclass correlations, {size}, {percent(self.confidence, 0)} CI"

    def value(self, form: str) -> float:
        """Return one form, such as ``"ICC(2,1)"``."""
        return float(self.frame.set_index("form")["icc"][form])


def icc(ratings: pd.DataFrame | ArrayLike, *, confidence: float = 0.95) -> ICCResult:
    """Return the six intraclass correlations with F tests and confidence intervals.

    Parameters
    ----------
    ratings : DataFrame or array
        Shape (n, k): a row a target (respondent), a column a rater (wave). Incomplete rows are left
        out and counted.
    confidence : float, default 0.95

    Returns
    -------
    ICCResult

    Raises
    ------
    DataError
        Fewer than two columns, fewer than three complete rows, or values that are not numbers.

    Notes
    -----
    ICC(1,·): each target has other raters (one-way). ICC(2,·): raters are a sample, absolute
    agreement. ICC(3,·): these raters only, consistency. Intervals by Shrout & Fleiss (1979) and
    McGraw & Wong (1996). ``psych::ICC`` gives the same on complete data with ``lmer = FALSE``; its
    default ``lmer = TRUE`` keeps incomplete rows and sets negative variances to zero.

    Examples
    --------
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9],
    ...            [6, 2, 4, 7]]
    >>> icc(ratings).frame["icc"].round(2).tolist()
    [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    """
    require_share(confidence)
    frame = item_frame(ratings, "reliability")
    complete = frame.dropna().to_numpy(np.float64)
    if frame.shape[1] < 2 or len(complete) < 3 or not (np.abs(complete) <= BEYOND).all():
        raise DataError(
            "Intraclass correlations need 2 columns and 3 complete rows of finite numbers; found "
            f"{frame.shape[1]} columns and {len(complete)} complete rows.",
            code="reliability.icc",
            hint="Put targets in rows and raters or waves in columns.",
        )
    squares = mean_squares(complete)
    table = pd.DataFrame([*_single(squares, confidence), *_average(squares, confidence)])
    return ICCResult(
        table, confidence, squares.n, squares.k, len(frame) - squares.n, _findings(squares)
    )


Row = dict[str, object]


def _single(s: MeanSquares, confidence: float) -> list[Row]:
    one = _share(s.targets - s.within, s.targets + (s.k - 1) * s.within)
    two = _share(
        s.targets - s.error,
        s.targets + (s.k - 1) * s.error + s.k * (s.raters - s.error) / s.n,
    )
    three = _share(s.targets - s.error, s.targets + (s.k - 1) * s.error)
    oneway, twoway = _oneway(s, confidence), _twoway(s, confidence)
    return [
        _row("ICC(1,1)", "absolute", one, _of_f(oneway.limits, s.k), oneway),
        _row("ICC(2,1)", "absolute", two, _agreement_limits(s, two, confidence), twoway),
        _row("ICC(3,1)", "consistency", three, _of_f(twoway.limits, s.k), twoway),
    ]


def _average(s: MeanSquares, confidence: float) -> list[Row]:
    two = _share(s.targets - s.error, s.targets + (s.raters - s.error) / s.n)
    oneway, twoway = _oneway(s, confidence), _twoway(s, confidence)
    single = _share(
        s.targets - s.error,
        s.targets + (s.k - 1) * s.error + s.k * (s.raters - s.error) / s.n,
    )
    lower, upper = _agreement_limits(s, single, confidence)
    stepped = tuple(x * s.k / (1 + x * (s.k - 1)) for x in (lower, upper))
    return [
        _row("ICC(1,k)", "absolute", _of_mean((oneway.f,) * 2)[0], _of_mean(oneway.limits), oneway),
        _row("ICC(2,k)", "absolute", two, (stepped[0], stepped[1]), twoway),
        _row(
            "ICC(3,k)", "consistency", _of_mean((twoway.f,) * 2)[0], _of_mean(twoway.limits), twoway
        ),
    ]


@dataclass(frozen=True, slots=True)
class _FTest:
    """F of targets with its degrees of freedom and limits of the ratio it estimates."""

    f: float
    df1: int
    df2: int
    limits: tuple[float, float]


def _f_test(between: float, error: float, df1: int, df2: int, confidence: float) -> _FTest:
    f = between / error if error > 0 else np.inf
    point = 1 - (1 - confidence) / 2
    lower, upper = f / stats.f.ppf(point, df1, df2), f * stats.f.ppf(point, df2, df1)
    return _FTest(float(f), df1, df2, (float(lower), float(upper)))


def _oneway(s: MeanSquares, confidence: float) -> _FTest:
    return _f_test(s.targets, s.within, s.n - 1, s.n * (s.k - 1), confidence)


def _twoway(s: MeanSquares, confidence: float) -> _FTest:
    return _f_test(s.targets, s.error, s.n - 1, (s.n - 1) * (s.k - 1), confidence)


def _of_f(limits: tuple[float, float], k: int) -> tuple[float, float]:
    lower, upper = (1.0 if np.isinf(x) else (x - 1) / (x + k - 1) for x in limits)
    return lower, upper


def _of_mean(limits: tuple[float, float]) -> tuple[float, float]:
    lower, upper = (1 - 1 / f if f > 0 else float("nan") for f in limits)
    return lower, upper


def _agreement_limits(s: MeanSquares, icc2: float, confidence: float) -> tuple[float, float]:
    """Satterthwaite's degrees of freedom for the mix of mean squares in ICC(2,1)."""
    n, k = s.n, s.k
    if s.error <= 0 or not np.isfinite(icc2):
        return float("nan"), float("nan")
    fj = s.raters / s.error
    rest = n * (1 + (k - 1) * icc2) - k * icc2
    top = (k - 1) * (n - 1) * (k * icc2 * fj + rest) ** 2
    v = top / ((n - 1) * k**2 * icc2**2 * fj**2 + rest**2)
    point = 1 - (1 - confidence) / 2
    upper_f, lower_f = stats.f.ppf(point, n - 1, v), stats.f.ppf(point, v, n - 1)
    mixed = k * s.raters + (k * n - k - n) * s.error
    lower = n * (s.targets - upper_f * s.error) / (upper_f * mixed + n * s.targets)
    upper = n * (lower_f * s.targets - s.error) / (mixed + n * lower_f * s.targets)
    return float(lower), float(upper)


def _row(form: str, kind: str, value: float, limits: tuple[float, float], test: _FTest) -> Row:
    return {
        "form": form,
        "agreement": kind,
        "icc": value,
        "ci_lower": limits[0],
        "ci_upper": limits[1],
        "f": test.f,
        "df1": test.df1,
        "df2": test.df2,
        "pvalue": float(stats.f.sf(test.f, test.df1, test.df2)),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _findings(s: MeanSquares) -> tuple[Finding, ...]:
    if s.targets >= s.error:
        return ()
    text = Text(
        "Ratings differ more within targets than between them, so the correlations are negative.",
        "同一对象内的评分差异大于对象之间的差异，组内相关系数为负。",
    )
    hint = Text(
        "Check that targets are in rows, and that scales point the same way.",
        "请检查行是否为评价对象，以及各次评分的方向是否一致。",
    )
    return (Finding("reliability.negative_icc", text, hint),)
