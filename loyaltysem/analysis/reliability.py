"""Cronbach's alpha with everything that is printed beside it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from loyaltysem.analysis.item_frame import Items
from loyaltysem.analysis.measurement.answers import (
    ItemMoments,
    Missing,
    item_moments,
    require_share,
    usable,
)
from loyaltysem.analysis.measurement.internal_consistency import (
    alpha_of,
    alpha_standard_error,
    between_items,
    correlation_variance,
    feldt_interval,
    guttman_lambda6,
    if_deleted,
    item_rest_correlations,
    item_total_correlations,
    overlap_corrected,
    signal_to_noise,
)
from loyaltysem.analysis.measurement.polychoric import polychoric_correlations
from loyaltysem.analysis.measurement.resampling import (
    IntervalKind,
    Resampled,
    bootstrap_moments,
)
from loyaltysem.core.display import bounded, integer, interval, number, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

__all__ = ["AlphaResult", "alpha_from_covariance", "cronbach_alpha", "feldt_interval"]


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
    return float(alpha_of(cov))


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """A bootstrap interval of one number.

    Attributes
    ----------
    lower, upper : float
        NaN where the draws do not define them.
    kind : {"percentile", "bca"}
    draws, used : int
        Draws asked for, and those that gave a value.
    seed : int
        Draws the same numbers again.
    """

    lower: float
    upper: float
    kind: IntervalKind
    draws: int
    used: int
    seed: int


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
        Level of the intervals.
    standardized_alpha : float
        From correlations: as if every item had the same variance.
    average_r : float
        Mean correlation between items.
    n_items, n_obs : int
        Items, and respondents the numbers rest on.
    n_incomplete : int
        Respondents who skipped an item; under ``"listwise"`` they are left out.
    items : DataFrame
        One row an item: ``item mean sd item_rest_r alpha_if_deleted standardized_alpha_if_deleted
        average_r_if_deleted``, then ``item_total_r standardized_item_total_r corrected_r
        lambda6_if_deleted signal_to_noise_if_deleted se_if_deleted median_r_if_deleted
        variance_r_if_deleted``. `item_rest_r` is the correlation with the sum of the others,
        `corrected_r` that with the total freed of overlap and unreliability.
    findings : tuple of Finding
        Such as an item that looks reverse-coded.
    se : float
        Normal-theory standard error of `alpha`.
    lambda6 : float
        Guttman's λ₆; NaN when an item is a sum of others.
    median_r : float
        Median correlation between items.
    signal_to_noise : float
        k·r̄/(1 − r̄).
    mean, sd : float
        Of the scale score, the mean of the items.
    ordinal_alpha : float
        α of the polychoric correlations; NaN unless asked for.
    bootstrap : BootstrapInterval or None
        Of `alpha`; None unless asked for.
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
    se: float = float("nan")
    lambda6: float = float("nan")
    median_r: float = float("nan")
    signal_to_noise: float = float("nan")
    mean: float = float("nan")
    sd: float = float("nan")
    ordinal_alpha: float = float("nan")
    bootstrap: BootstrapInterval | None = None

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
        lines = [str(self), self._further(), self._resampled()]
        head = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        return f"{head}{table}<ul>{notes}</ul>"

    def _further(self) -> str:
        parts = {
            "standardised α": self.standardized_alpha,
            "λ6": self.lambda6,
            "ordinal α": self.ordinal_alpha,
            "mean r": self.average_r,
            "median r": self.median_r,
        }
        return ", ".join(f"{k} {bounded(v)}" for k, v in parts.items() if np.isfinite(v))

    def _resampled(self) -> str:
        if self.bootstrap is None:
            return ""
        b = self.bootstrap
        limits = interval(b.lower, b.upper, is_bounded=True)
        drawn = f"{integer(b.used)} of {integer(b.draws)} draws, seed {b.seed}"
        return f"Bootstrap ({b.kind}) {percent(self.confidence, 0)} CI {limits}, {drawn}"


def cronbach_alpha(
    items: Items,
    *,
    confidence: float = 0.95,
    missing: Missing = "listwise",
    ordinal: bool = False,
    draws: int = 0,
    interval: IntervalKind = "percentile",
    seed: int | None = None,
    n_jobs: int | None = None,
) -> AlphaResult:
    """Return Cronbach's alpha with its intervals and item statistics.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers to the items of one scale, shape (N, k), reverse items already turned.
    confidence : float, default 0.95
        Level of the intervals, between 0 and 1.
    missing : {"listwise", "pairwise"}
        Respondents who skipped an item are left out and counted, or each covariance comes from all
        who answered both items, with all respondents as their number (psych's default).
    ordinal : bool
        Also compute α of the polychoric correlations.
    draws : int, default 0
        Bootstrap draws; 0 leaves only Feldt's interval, which assumes normal, τ-equivalent items.
    interval : {"percentile", "bca"}
        Of the bootstrap.
    seed : int, optional
        Of the bootstrap; by default a new one, told in the result.
    n_jobs : int, optional
        Workers for the bootstrap.

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
    Everything agrees with ``psych::alpha`` in R, with missing answers when ``missing="pairwise"``;
    its names are: `se` ``ase``, `lambda6` ``G6``, `signal_to_noise` ``S/N``, `item_rest_r`
    ``r.drop``, `item_total_r` ``raw.r``, `standardized_item_total_r` ``std.r``, `corrected_r`
    ``r.cor``. Ordinal α and the bootstrap take complete cases. psych turns items it
    takes for reversed when told ``check.keys=TRUE``; here an item is never turned, but a negative
    `item_rest_r` becomes a finding. With two items psych prints the remaining correlation as "alpha
    if deleted"; here it is NaN, as one item has no alpha. psych's polychoric correlations correct
    empty cells by ½, those behind `ordinal_alpha` do not (Zumbo, Gadermann & Zeisser, 2007, for
    ordinal α; it describes the latent responses, not the sum of the answers).

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 2, 3, 5, 5], "c": [1, 3, 3, 4, 4]})
    >>> print(cronbach_alpha(answers))
    Cronbach's alpha .954, 95% CI [.766, .995], 3 items, N = 5
    """
    require_share(confidence)
    frame, complete = usable(items, "Cronbach's alpha", missing=missing)
    moments = item_moments(frame, complete, missing)
    cov, cor = moments.cov, moments.cor
    n_obs, n_items = moments.values.shape
    alpha = alpha_from_covariance(cov)
    lower, upper = feldt_interval(alpha, n_obs, n_items, confidence)
    table = _item_table([str(name) for name in frame.columns], moments)
    scores = pd.DataFrame(moments.values).mean(axis=1)
    values = complete.to_numpy(np.float64)
    return AlphaResult(
        alpha=alpha,
        ci_lower=lower,
        ci_upper=upper,
        confidence=confidence,
        standardized_alpha=alpha_from_covariance(cor),
        average_r=float(between_items(cor).mean()),
        n_items=n_items,
        n_obs=n_obs,
        n_incomplete=len(frame) - len(complete),
        items=table,
        findings=_findings(table, alpha),
        se=float(alpha_standard_error(cov, n_obs)),
        lambda6=float(guttman_lambda6(cor)),
        median_r=float(np.median(between_items(cor))),
        signal_to_noise=float(signal_to_noise(cor)),
        mean=float(scores.mean()),
        sd=float(scores.std()),
        ordinal_alpha=_ordinal_alpha(values) if ordinal else float("nan"),
        bootstrap=_bootstrap(values, confidence, draws, interval, seed, n_jobs) if draws else None,
    )


def _ordinal_alpha(values: Array) -> float:
    return float(alpha_of(polychoric_correlations(values)))


def _alphas(cov: Array) -> Array:
    return alpha_of(cov)[:, None]


def _bootstrap(
    values: Array,
    confidence: float,
    draws: int,
    kind: IntervalKind,
    seed: int | None,
    n_jobs: int | None,
) -> BootstrapInterval:
    found: Resampled = bootstrap_moments(
        values, _alphas, kind="covariance", draws=draws, seed=seed, interval=kind, n_jobs=n_jobs
    )
    limits = found.interval(confidence)
    return BootstrapInterval(
        float(limits.lower[0]), float(limits.upper[0]), kind, draws, int(limits.used[0]), found.seed
    )


def _item_table(names: list[str], moments: ItemMoments) -> pd.DataFrame:
    values, cov, cor = moments.values, moments.cov, moments.cor
    return pd.DataFrame(
        {
            "item": names,
            "mean": np.nanmean(values, axis=0),
            "sd": np.sqrt(np.diag(cov)),
            "item_rest_r": item_rest_correlations(cov),
            "alpha_if_deleted": if_deleted(cov, alpha_of),
            "standardized_alpha_if_deleted": if_deleted(cor, alpha_of),
            "average_r_if_deleted": if_deleted(cor, lambda r: between_items(r).mean(-1)),
            "item_total_r": _with_score(moments),
            "standardized_item_total_r": item_total_correlations(cor),
            "corrected_r": overlap_corrected(cor),
            "lambda6_if_deleted": if_deleted(cor, guttman_lambda6),
            "signal_to_noise_if_deleted": if_deleted(cor, signal_to_noise),
            "se_if_deleted": if_deleted(cov, lambda c: alpha_standard_error(c, len(values))),
            "median_r_if_deleted": if_deleted(cor, lambda r: np.median(between_items(r), axis=-1)),
            "variance_r_if_deleted": if_deleted(cor, _variances),
        }
    )


def _with_score(moments: ItemMoments) -> Array:
    """Return correlations of items with the mean of the answers, (k,)."""
    frame = pd.DataFrame(moments.values)
    if not frame.isna().to_numpy().any():
        return item_total_correlations(moments.cov)
    return np.asarray(frame.corrwith(frame.mean(axis=1)), dtype=np.float64)


def _variances(cor: Array) -> Array:
    return np.array([correlation_variance(r) for r in cor])


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
