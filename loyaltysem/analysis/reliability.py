"""Cronbach's alpha: pure functions of a covariance matrix, and one labelled front."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from loyaltysem.core.display import bounded, interval, number, percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array


def alpha_from_covariance(cov: Array) -> float:
    """Return α = k/(k−1) · (1 − tr C / 1ᵀC1) of an item covariance matrix, shape (k, k).

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.
    Psychometrika, 16(3), 297–334.

    Examples
    --------
    >>> round(alpha_from_covariance(np.array([[1.0, 0.5], [0.5, 1.0]])), 4)
    0.6667
    """
    k = len(cov)
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def feldt_interval(
    alpha: float, n_obs: int, n_items: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return Feldt's confidence interval for α.

    (1 − α_population)/(1 − α) follows F with N−1 and (N−1)(k−1) degrees of freedom when the items
    are essentially τ-equivalent and normal.

    References
    ----------
    Feldt, L. S. (1965). The approximate sampling distribution of Kuder–Richardson reliability
    coefficient twenty. Psychometrika, 30(3), 357–370.
    """
    tail = (1 - confidence) / 2
    f = stats.f(n_obs - 1, (n_obs - 1) * (n_items - 1))
    return float(1 - (1 - alpha) * f.ppf(1 - tail)), float(1 - (1 - alpha) * f.ppf(tail))


def corrected_item_total(cov: Array) -> Array:
    """Return the correlation of each item with the sum of the others, shape (k,)."""
    total = cov.sum()
    variance = np.diag(cov)
    with_total = cov.sum(axis=1)
    rest_variance = total - 2 * with_total + variance
    correlation: Array = (with_total - variance) / np.sqrt(variance * rest_variance)
    return correlation


def alpha_if_deleted(cov: Array) -> Array:
    """Return α of the other items for each item, shape (k,); NaN when only one is left."""
    k = len(cov)
    if k < 3:
        return np.full(k, np.nan)
    return np.array([alpha_from_covariance(_without(cov, j)) for j in range(k)])


def average_correlation(cor: Array) -> float:
    """Return the mean of the k(k−1)/2 correlations between items; NaN for a single item."""
    k = len(cor)
    return float((cor.sum() - k) / (k * (k - 1))) if k > 1 else float("nan")


def _without(matrix: Array, j: int) -> Array:
    reduced: Array = np.delete(np.delete(matrix, j, axis=0), j, axis=1)
    return reduced


@dataclass(frozen=True, slots=True, eq=False)
class AlphaResult:
    """Cronbach's alpha of one scale.

    Parameters
    ----------
    alpha : float
        From covariances ("raw").
    ci_lower, ci_upper : float
        Feldt's interval at `confidence`.
    confidence : float
        Level of the interval.
    standardized_alpha : float
        From correlations: as if every item had the same variance.
    average_r : float
        Mean correlation between items.
    n_items, n_obs : int
        Items, and respondents who answered all of them.
    n_incomplete : int
        Respondents left out because they skipped an item.
    items : DataFrame
        ``item mean sd item_rest_r alpha_if_deleted standardized_alpha_if_deleted
        average_r_if_deleted``; `item_rest_r` is the corrected item–total correlation (the item
        with the sum of the others).
    findings : tuple of Finding
        Such as an item that looks reverse-coded.
    """

    alpha: float
    ci_lower: float
    ci_upper: float
    confidence: float
    standardized_alpha: float
    average_r: float
    n_items: int
    n_obs: int
    n_incomplete: int
    items: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def if_item_deleted(self) -> pd.DataFrame:
        """What alpha would be without each item."""
        return self.items[
            ["item", "alpha_if_deleted", "standardized_alpha_if_deleted", "average_r_if_deleted"]
        ]

    @property
    def corrected_item_total(self) -> pd.Series[float]:
        """Correlation of each item with the sum of the others, by item."""
        return self.items.set_index("item")["item_rest_r"]

    def __str__(self) -> str:
        limits = interval(self.ci_lower, self.ci_upper, is_bounded=True)
        level, size = percent(self.confidence, 0), f"{self.n_items} items, N = {self.n_obs}"
        return f"Cronbach's alpha {bounded(self.alpha)}, {level} CI {limits}, {size}"

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(str(finding))}</li>" for finding in self.findings)
        table = self.items.to_html(index=False, na_rep="–", float_format=number, escape=True)
        return f"<p>{escape(str(self))}</p>{table}<ul>{notes}</ul>"


def cronbach_alpha(items: pd.DataFrame | ArrayLike, *, confidence: float = 0.95) -> AlphaResult:
    """Return Cronbach's alpha with its interval and item statistics.

    Parameters
    ----------
    items : DataFrame or array
        Answers to the items of one scale, shape (N, k), reverse items already turned. Respondents
        who skipped an item are left out (listwise) and counted.
    confidence : float, default 0.95
        Level of the interval, between 0 and 1.

    Returns
    -------
    AlphaResult

    Raises
    ------
    DataError
        Fewer than two items, fewer than three complete cases, an item that does not vary, or
        values that are not finite numbers.

    Notes
    -----
    α and everything beside it agree with ``psych::alpha`` in R on complete data. With missing
    answers psych keeps pairwise covariances; here each number comes from the same complete cases.
    psych turns items it takes for reversed when told ``check.keys=TRUE``; here an item is never
    turned, but a negative `item_rest_r` becomes a finding. psych's ``r.drop`` is `item_rest_r`; its
    ``r.cor`` and ``G6`` are not computed. With two items psych prints the remaining correlation as
    "alpha if deleted"; here it is NaN, as one item has no alpha.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 2, 3, 5, 5], "c": [1, 3, 3, 4, 4]})
    >>> print(cronbach_alpha(answers))
    Cronbach's alpha .954, 95% CI [.766, .995], 3 items, N = 5
    """
    if not 0 < confidence < 1:
        raise DataError(
            f"A confidence level lies between 0 and 1, found {confidence}.",
            code="reliability.confidence",
            hint="Write 0.95 for 95 %.",
        )
    frame = _labelled(items)
    complete = frame.dropna()
    _refuse_unusable(frame, complete)
    values = complete.to_numpy(np.float64)
    cov = np.cov(values, rowvar=False)
    cor = np.corrcoef(values, rowvar=False)
    n_obs, n_items = values.shape
    alpha = alpha_from_covariance(cov)
    lower, upper = feldt_interval(alpha, n_obs, n_items, confidence)
    table = _item_table([str(name) for name in frame.columns], values, cov, cor)
    return AlphaResult(
        alpha=alpha,
        ci_lower=lower,
        ci_upper=upper,
        confidence=confidence,
        standardized_alpha=alpha_from_covariance(cor),
        average_r=average_correlation(cor),
        n_items=n_items,
        n_obs=n_obs,
        n_incomplete=len(frame) - n_obs,
        items=table,
        findings=_findings(table, alpha),
    )


def _labelled(items: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    """Return a float frame; an array's items are named item1, item2 and so on."""
    if not isinstance(items, pd.DataFrame):
        array = np.asarray(items)
        if array.ndim != 2:
            raise DataError(
                f"Expected a table of respondents by items, found {array.ndim} dimension(s).",
                code="reliability.shape",
                hint="Pass a DataFrame, or an array with a row a respondent and a column an item.",
            )
        items = pd.DataFrame(array, columns=[f"item{j + 1}" for j in range(array.shape[1])])
    try:
        frame = items.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The items must be numbers: {error}.",
            code="reliability.not_numeric",
            hint="Code the answers as numbers, or read the file with its questionnaire.",
        ) from error
    return frame


def _refuse_unusable(frame: pd.DataFrame, complete: pd.DataFrame) -> None:
    """Raise one error that names everything that keeps alpha from being computed."""
    problems: list[tuple[str, str]] = []
    if frame.shape[1] < 2:
        problems.append(("reliability.too_few_items", f"needs 2 items, found {frame.shape[1]}"))
    if len(complete) < 3:
        text = f"needs 3 complete cases, found {len(complete)} among {len(frame)} rows"
        problems.append(("reliability.too_few_cases", text))
    infinite = [str(c) for c in frame if np.isinf(frame[c].to_numpy()).any()]
    if infinite:
        problems.append(("reliability.infinite", f"infinite values in {', '.join(infinite)}"))
    constant = [str(c) for c in complete if complete[c].nunique() == 1]
    if constant and len(complete) >= 3:
        problems.append(("reliability.constant_item", f"no variation in {', '.join(constant)}"))
    if problems:
        texts = "; ".join(text for _, text in problems)
        raise DataError(
            f"Cronbach's alpha cannot be computed: {texts}.",
            code=problems[0][0],
            hint="Leave out the items named, or check how missing answers are coded.",
        )


def _item_table(names: list[str], values: Array, cov: Array, cor: Array) -> pd.DataFrame:
    remaining = [average_correlation(_without(cor, j)) for j in range(len(cor))]
    return pd.DataFrame(
        {
            "item": names,
            "mean": values.mean(axis=0),
            "sd": np.sqrt(np.diag(cov)),
            "item_rest_r": corrected_item_total(cov),
            "alpha_if_deleted": alpha_if_deleted(cov),
            "standardized_alpha_if_deleted": alpha_if_deleted(cor),
            "average_r_if_deleted": remaining,
        }
    )


def _findings(table: pd.DataFrame, alpha: float) -> tuple[Finding, ...]:
    reversed_items = [str(name) for name in table.loc[table["item_rest_r"] < 0, "item"]]
    findings = [
        Finding(
            "reliability.reverse_coded",
            Text(
                f"Item '{name}' correlates negatively with the others; it looks reverse-coded.",
                f"题项“{name}”与其余题项负相关，疑似未作反向计分处理。",
            ),
            Text(
                "If it is worded the other way, mark it 'reverse: true' in the questionnaire.",
                "若该题为反向表述，请在问卷文件中标注 reverse: true。",
            ),
        )
        for name in reversed_items
    ]
    if alpha < 0:
        text = Text(
            "Alpha is negative: on average the items correlate negatively.",
            "α 系数为负：题项之间平均呈负相关。",
        )
        findings.append(Finding("reliability.negative_alpha", text, severity="problem"))
    return tuple(findings)
