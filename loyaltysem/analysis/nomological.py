"""The nomological table: whether constructs correlate with one another as theory says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.analysis.measurement.answers import (
    Constructs,
    Table,
    answers_of,
    constructs_of,
    require_share,
    table_of,
)
from loyaltysem.analysis.measurement.internal_consistency import alpha_of
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.analysis.nonresponse import holm
from loyaltysem.core.display import percent
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

Sign: TypeAlias = Literal["+", "-", "0"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NomologicalResult(Printed):
    """Correlations of construct scores beside the signs that theory expects.

    Attributes
    ----------
    frame : DataFrame
        One row a pair: ``construct other expected correlation ci_lower ci_upper disattenuated_r
        pvalue pvalue_holm as_expected``. `as_expected` is None where nothing was expected.
    scores : DataFrame
        One row a construct: ``construct n_items mean sd alpha``.
    n_obs, n_incomplete : int
    confidence : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    scores: pd.DataFrame
    n_obs: int
    n_incomplete: int
    confidence: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many expectations held."""
        known = [x for x in self.frame["as_expected"] if x is not None]
        held = f"{sum(known)} of {len(known)} as expected"
        return (
            f"Correlations of construct scores, N = {self.n_obs}, "
            f"{percent(self.confidence, 0)} CI: {held}"
        )

    def matrix(self) -> pd.DataFrame:
        """Return the correlations below the diagonal, α on it."""
        names = self.scores["construct"].tolist()
        square = pd.DataFrame(np.nan, index=names, columns=names)
        for row in self.frame.to_dict("records"):
            square.loc[row["other"], row["construct"]] = row["correlation"]
        for row in self.scores.to_dict("records"):
            square.loc[row["construct"], row["construct"]] = row["alpha"]
        return square


def nomological(
    data: Table,
    constructs: Constructs | None = None,
    expected: Mapping[tuple[str, str], Sign] | None = None,
    *,
    confidence: float = 0.95,
) -> NomologicalResult:
    """Correlate construct scores and hold them against expected signs.

    Parameters
    ----------
    data : DataFrame or Responses
        Reverse items turned; cases with a missing answer on any of the items are left out.
    constructs : mapping of str to sequence of str, optional
        Items of each construct, whose mean is its score; by default those of the responses'
        questionnaire.
    expected : mapping of (str, str) to {"+", "-", "0"}, optional
        Sign that theory gives to a pair, in any order of its names.
    confidence : float, default 0.95

    Returns
    -------
    NomologicalResult

    Raises
    ------
    DataError
        Items that are not columns, fewer than four complete cases, or scores that do not vary.
    IncompatibleRequestError
        An expected pair that is none of two constructs, or another sign.

    Notes
    -----
    Nomological validity: a measure behaves in the network of theory (Cronbach & Meehl, 1955). A
    sign is as expected where the interval (Fisher's z) lies on its side of zero, and a ``"0"``
    where it holds zero. `disattenuated_r` is r/√(α α′), which may go beyond 1; NaN for single
    items. p values are corrected by Holm (1979) over all pairs.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trust = rng.normal(size=200)
    >>> frame = pd.DataFrame({"t": trust, "l": trust + rng.normal(size=200)})
    >>> found = nomological(frame, {"trust": ["t"], "loyalty": ["l"]}, {("trust", "loyalty"): "+"})
    >>> found.frame["as_expected"].tolist()
    [True]
    """
    require_share(confidence)
    data, constructs = table_of(data), constructs_of(data, constructs)
    signs = _checked(expected or {}, list(constructs))
    answers = answers_of(data, constructs, "validity")
    complete = answers.dropna()
    if len(complete) < 4 or len(constructs) < 2:
        raise DataError(
            f"Found {len(complete)} complete cases and {len(constructs)} constructs; 4 and 2 are"
            " needed.",
            code="validity.too_few",
            hint="Check the missing answers and the constructs.",
        )
    scores, table = _scores(complete, constructs)
    frame = _pairs(scores, table, signs, confidence)
    return NomologicalResult(
        frame, table, len(complete), len(answers) - len(complete), confidence, _findings(frame)
    )


def _checked(
    expected: Mapping[tuple[str, str], Sign], names: Sequence[str]
) -> dict[frozenset[str], Sign]:
    wrong = [
        f"{pair}: {sign!r}"
        for pair, sign in expected.items()
        if len(set(pair)) != 2 or not set(pair) <= set(names) or sign not in ("+", "-", "0")
    ]
    if wrong:
        raise IncompatibleRequestError(
            f"No expectation about two of the constructs: {'; '.join(wrong)}.",
            code="request.expected",
            hint=f"Constructs: {', '.join(names)}. Signs: '+', '-', '0'.",
        )
    return {frozenset(pair): sign for pair, sign in expected.items()}


def _scores(
    complete: pd.DataFrame, constructs: Mapping[str, Sequence[str]]
) -> tuple[Array, pd.DataFrame]:
    columns, rows = [], []
    for name, group in constructs.items():
        values = complete[list(group)].to_numpy(np.float64)
        score = values.mean(axis=1)
        k = values.shape[1]
        alpha = float(alpha_of(np.cov(values, rowvar=False))) if k > 1 else float("nan")
        columns.append(score)
        rows.append((name, k, score.mean(), score.std(ddof=1), alpha))
    table = pd.DataFrame(rows, columns=["construct", "n_items", "mean", "sd", "alpha"])
    flat = table.loc[table["sd"] == 0, "construct"].tolist()
    if flat:
        raise DataError(
            f"Scores do not vary: {', '.join(flat)}.",
            code="validity.constant_score",
            hint="Check how the answers are coded.",
        )
    return np.column_stack(columns), table


def _pairs(
    scores: Array, table: pd.DataFrame, signs: Mapping[frozenset[str], Sign], confidence: float
) -> pd.DataFrame:
    names, alpha = table["construct"].tolist(), table["alpha"].to_numpy(dtype=float)
    rows, columns = np.tril_indices(len(names), -1)
    n = len(scores)
    cor: Array = np.asarray(np.corrcoef(scores, rowvar=False))
    r = np.clip(cor[rows, columns], -1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = stats.norm.ppf(0.5 + confidence / 2) / np.sqrt(n - 3)
        lower, upper = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
        t = r * np.sqrt((n - 2) / (1 - r**2))
        corrected = r / np.sqrt(np.where(alpha > 0, alpha, np.nan)[rows] * alpha[columns])
    pvalue = 2 * stats.t.sf(np.abs(t), n - 2)
    expected = [
        signs.get(frozenset((names[j], names[i]))) for i, j in zip(rows, columns, strict=True)
    ]
    return pd.DataFrame(
        {
            "construct": [names[j] for j in columns],
            "other": [names[i] for i in rows],
            "expected": [sign or "" for sign in expected],
            "correlation": r,
            "ci_lower": lower,
            "ci_upper": upper,
            "disattenuated_r": corrected,
            "pvalue": pvalue,
            "pvalue_holm": holm(pvalue),
            "as_expected": pd.Series(
                [_holds(s, a, b) for s, a, b in zip(expected, lower, upper, strict=True)],
                dtype=object,
            ),
        }
    )


def _holds(sign: Sign | None, lower: float, upper: float) -> bool | None:
    match sign:
        case "+":
            return bool(lower > 0)
        case "-":
            return bool(upper < 0)
        case "0":
            return bool(lower <= 0 <= upper)
    return None


def _findings(frame: pd.DataFrame) -> tuple[Finding, ...]:
    failed = [r for r in frame.to_dict("records") if r["as_expected"] is False]
    return tuple(
        Finding(
            "validity.unexpected_sign",
            Text(
                f"{r['construct']} – {r['other']}: expected {r['expected']}, found"
                f" r = {r['correlation']:.2f} [{r['ci_lower']:.2f}, {r['ci_upper']:.2f}].",
                f"{r['construct']} – {r['other']}：预期为 {r['expected']}，实际"
                f" r = {r['correlation']:.2f} [{r['ci_lower']:.2f}, {r['ci_upper']:.2f}]。",
            ),
        )
        for r in failed
    )
