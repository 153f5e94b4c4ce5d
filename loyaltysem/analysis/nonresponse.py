"""Non-response bias, with late respondents as a stand-in for those who never answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.analysis.measurement.answers import (
    Table,
    require_columns,
    require_finite,
    require_share,
    table_of,
)
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Mask

#: Respondents with an answer that each side needs.
FEWEST = 3
#: Difference in standard deviations from which it is named whatever its p.
NOTABLE = 0.5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NonresponseResult(Printed):
    """Early against late respondents.

    Attributes
    ----------
    frame : DataFrame
        One row a variable: ``variable test n_early n_late mean_early mean_late effect ci_lower
        ci_upper statistic df pvalue pvalue_holm``. Numeric variables: Welch's t and Hedges' g with
        its interval; others: χ² of the table and Cramér's V, no means.
    n_early, n_late : int
    alpha : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    n_early: int
    n_late: int
    alpha: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Who was compared."""
        return f"Non-response: {self.n_early} early against {self.n_late} late respondents"


def nonresponse(
    data: Table,
    early: str | Sequence[bool] | pd.Series[bool],
    variables: Sequence[str] | None = None,
    *,
    share: float = 0.5,
    alpha: float = 0.05,
) -> NonresponseResult:
    """Compare early with late respondents.

    Parameters
    ----------
    data : DataFrame or Responses
    early : str or sequence of bool
        True for early respondents; or a column: of True and False, or of times or ranks of the
        answers, of which the first `share` are early and the last `share` late.
    variables : sequence of str, optional
        By default all columns but `early`.
    share : float, default 0.5
        With times: 1/3 compares the first with the last third.
    alpha : float, default 0.05
        Level of the findings, of p values corrected by Holm.

    Returns
    -------
    NonresponseResult

    Raises
    ------
    DataError
        Columns that are missing, repeated or hold infinite values, a share out of (0, 0.5], or
        fewer than three respondents on a side.

    Notes
    -----
    Late respondents resemble those who never answer (Armstrong & Overton, 1977), so a difference
    hints at bias and its absence does not exclude it. `effect` is Hedges' (1981) g, early minus
    late over the pooled sd, or Cramér's V. p values of all variables together are corrected by
    Holm (1979).

    Examples
    --------
    >>> frame = pd.DataFrame({"day": range(1, 21), "trust": [5, 4, 5, 4, 5] * 4})
    >>> found = nonresponse(frame, "day", share=0.5)
    >>> found.frame[["variable", "n_early", "n_late", "effect"]].values.tolist()
    [['trust', 10, 10, 0.0]]
    """
    require_share(alpha)
    data = table_of(data)
    first, last = _sides(data, early, share)
    chosen = list(data.columns) if variables is None else list(variables)
    require_columns(chosen, data)
    names = _variables(data[chosen], early)
    numeric = [name for name in names if _is_numeric(data[name])]
    require_finite(data[numeric].astype(np.float64), "nonresponse")
    if first.sum() < FEWEST or last.sum() < FEWEST:
        raise DataError(
            f"Found {int(first.sum())} early and {int(last.sum())} late respondents; {FEWEST} of"
            " each are needed.",
            code="nonresponse.too_few",
            hint="Check which rows are early, and that the column of times is filled.",
        )
    rows = [_row(name, data[name], first, last, 1 - alpha) for name in names]
    frame = pd.DataFrame(rows)
    frame["pvalue_holm"] = holm(frame["pvalue"].to_numpy(dtype=float))
    return NonresponseResult(
        frame, int(first.sum()), int(last.sum()), alpha, _findings(frame, alpha)
    )


def _variables(data: pd.DataFrame, early: object) -> list[str]:
    repeated = [str(c) for c in data.columns[data.columns.duplicated()].unique()]
    names = [c for c in data.columns if not (isinstance(early, str) and c == early)]
    if repeated or not names:
        raise DataError(
            f"Nothing to compare: {len(names)} variables, repeated names: "
            f"{', '.join(repeated) or 'none'}.",
            code="nonresponse.variables",
            hint="Pass a frame with one column a variable, each with its own name.",
        )
    return names


def _is_numeric(column: pd.Series) -> bool:
    is_flag = pd.api.types.is_bool_dtype(column)
    return bool(pd.api.types.is_numeric_dtype(column)) and not is_flag


def holm(pvalues: Array) -> Array:
    """Return p values corrected by Holm's step-down method; NaN stay and do not count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    out = np.full(pvalues.size, np.nan)
    known = np.flatnonzero(np.isfinite(pvalues))
    order = known[np.argsort(pvalues[known], kind="stable")]
    steps = pvalues[order] * np.arange(order.size, 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if order.size else steps
    return out


def _sides(
    data: pd.DataFrame, early: str | Sequence[bool] | pd.Series[bool], share: float
) -> tuple[Mask, Mask]:
    if not isinstance(early, str):
        mask = np.asarray(early, dtype=np.bool_)
        if mask.shape != (len(data),):
            raise DataError(
                f"'early' has {mask.size} values for {len(data)} respondents.",
                code="nonresponse.length",
                hint="Pass one True or False a row.",
            )
        return mask, ~mask
    require_columns([early], data)
    column = data[early]
    known = column.notna().to_numpy()
    if pd.api.types.is_bool_dtype(column.dropna()):
        mask = column.fillna(False).to_numpy(dtype=np.bool_)
        return mask & known, ~mask & known
    if not 0 < share <= 0.5:
        raise DataError(
            f"The share of early respondents lies above 0 and up to 0.5, found {share}.",
            code="nonresponse.share",
            hint="Write 0.5 for halves, 1/3 for thirds.",
        )
    rank = column.rank(method="first").to_numpy(dtype=float)
    size = int(np.floor(share * known.sum() + 1e-9))
    return known & (rank <= size), known & (rank > known.sum() - size)


def _row(
    name: str, column: pd.Series, first: Mask, last: Mask, confidence: float
) -> dict[str, object]:
    numeric = _is_numeric(column)
    known = column.notna().to_numpy()
    early, late = column[first & known], column[last & known]
    row: dict[str, object] = {
        "variable": str(name), "test": "t" if numeric else "chi-square",
        "n_early": len(early), "n_late": len(late),
    }  # fmt: skip
    if numeric:
        x, y = early.to_numpy(dtype=float), late.to_numpy(dtype=float)
        return row | _means(x, y, confidence)
    return row | _table(early, late)


def _means(x: Array, y: Array, confidence: float) -> dict[str, object]:
    nothing = float("nan")
    row: dict[str, object] = {
        "mean_early": x.mean() if x.size else nothing,
        "mean_late": y.mean() if y.size else nothing,
    }
    names = ("effect", "ci_lower", "ci_upper", "statistic", "df", "pvalue")
    if min(x.size, y.size) < FEWEST or np.ptp(np.concatenate([x, y])) == 0:
        return row | dict.fromkeys(names, nothing)
    free = x.size + y.size - 2
    pooled = np.sqrt(((x.size - 1) * x.var(ddof=1) + (y.size - 1) * y.var(ddof=1)) / free)
    if pooled == 0:
        return row | dict.fromkeys(names, nothing)
    g = (x.mean() - y.mean()) / pooled * (1 - 3 / (4 * free - 1))
    error = np.sqrt(1 / x.size + 1 / y.size + g**2 / (2 * (x.size + y.size)))
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    a, b = x.var(ddof=1) / x.size, y.var(ddof=1) / y.size
    t = (x.mean() - y.mean()) / np.sqrt(a + b)
    df = (a + b) ** 2 / (a**2 / (x.size - 1) + b**2 / (y.size - 1))
    values = (g, g - half, g + half, t, df, 2 * stats.t.sf(abs(t), df))
    return row | {k: float(v) for k, v in zip(names, values, strict=True)}


def _table(early: pd.Series, late: pd.Series) -> dict[str, object]:
    nothing = float("nan")
    row: dict[str, object] = {"mean_early": nothing, "mean_late": nothing}
    levels = sorted({*early.astype(str), *late.astype(str)})
    counts = np.array([[(side.astype(str) == v).sum() for v in levels] for side in (early, late)])
    limits = {"ci_lower": nothing, "ci_upper": nothing}
    if len(levels) < 2 or (counts.sum(axis=1) < FEWEST).any():
        return (
            row
            | {"effect": nothing, **limits}
            | dict.fromkeys(("statistic", "df", "pvalue"), nothing)
        )
    test = stats.chi2_contingency(counts, correction=False)
    effect = float(np.sqrt(test.statistic / counts.sum()))  # min(rows, columns) − 1 is 1
    return row | {"effect": effect, **limits} | {
        "statistic": float(test.statistic), "df": float(test.dof), "pvalue": float(test.pvalue),
    }  # fmt: skip


def _findings(frame: pd.DataFrame, alpha: float) -> tuple[Finding, ...]:
    findings = []
    differing = frame.loc[frame["pvalue_holm"] < alpha, "variable"].tolist()
    if differing:
        findings.append(
            Finding(
                "nonresponse.differs",
                Text(
                    f"Early and late respondents differ in: {', '.join(differing)}.",
                    f"早期与晚期受访者在以下变量上存在差异：{'、'.join(differing)}。",
                ),
                Text(
                    "Say so in the paper, and try the model with and without the late ones.",
                    "请在论文中说明，并比较包含与不包含晚期受访者的结果。",
                ),
            )
        )
    large = (frame["effect"].abs() >= NOTABLE) & ~frame["variable"].isin(differing)
    if large.any():
        named = frame.loc[large, "variable"].tolist()
        findings.append(
            Finding(
                "nonresponse.large",
                Text(
                    f"Differences of half a standard deviation or more that this sample cannot"
                    f" prove: {', '.join(named)}.",
                    f"以下变量的差异不小于半个标准差，但本样本不足以证实：{'、'.join(named)}。",
                ),
                severity="note",
            )
        )
    return tuple(findings)
