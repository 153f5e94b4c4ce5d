"""Whether answers are normal, and which cases lie far out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.analysis.measurement.answers import Table, chosen_of, require_share, usable
from loyaltysem.analysis.measurement.distributions import kurtosis, skewness
from loyaltysem.analysis.measurement.multivariate_normal import (
    MultivariateTest,
    henze_zirkler,
    mahalanobis_squared,
    mardia,
    refuse_redundant,
)
from loyaltysem.analysis.measurement.printed import Printed, cells
from loyaltysem.core.display import number, p_relation, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Cases up to which Shapiro–Wilk has a p value.
SHAPIRO_LIMIT = 5000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NormalityResult(Printed):
    """Normality of items, alone and together.

    Attributes
    ----------
    frame : DataFrame
        One row a multivariate test: ``test value statistic df pvalue``.
    items : DataFrame
        One row an item: ``item skewness skewness_se skewness_z pvalue_skewness kurtosis
        kurtosis_se kurtosis_z pvalue_kurtosis shapiro_w pvalue_shapiro``, skewness and
        kurtosis of type 2.
    n_obs, n_incomplete : int
        Complete cases used, and those left out.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    items: pd.DataFrame
    n_obs: int
    n_incomplete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was tested."""
        return f"Multivariate normality, {len(self.items)} items, N = {self.n_obs}"

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self.title, cells(self.frame)
        yield "", cells(self.items)


def normality(
    data: Table, items: Sequence[str] | None = None, *, unbiased: bool = False
) -> NormalityResult:
    """Test whether items are normal, alone and together.

    Parameters
    ----------
    data : DataFrame or Responses
        Incomplete cases are left out and counted.
    items : sequence of str, optional
        Columns; by default all.
    unbiased : bool
        Divide the covariance matrix behind Mardia's coefficients by n − 1 as psych and semTools do,
        not by n as Mardia does (and AMOS, Mplus).

    Returns
    -------
    NormalityResult

    Raises
    ------
    DataError
        A column is missing, does not vary or is no number; fewer complete cases than items + 2; or
        an item is a sum of others.

    Notes
    -----
    Together: Mardia's tests and Henze–Zirkler's, see `mardia`, `henze_zirkler`. Alone: z of
    skewness G₁/√(6/n) and kurtosis G₂/√(24/n), as semTools' ``skew`` and ``kurtosis``, and
    Shapiro–Wilk (not beyond 5,000 cases, as in R). Answers on a rating scale are never
    normal and large samples always say so: what matters for maximum likelihood is kurtosis, and the
    remedy a robust estimator (``estimator="MLR"``) or ordered items.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(300, 3))
    >>> normality(pd.DataFrame(x, columns=list("abc"))).findings
    ()
    """
    chosen = chosen_of(data, items)
    p = chosen.shape[1]
    frame, complete = usable(chosen, "Normality", min_items=1, min_cases=p + 2, area="normality")
    values = complete.to_numpy(np.float64)
    refuse_redundant(values)
    tests = (*mardia(values, unbiased=unbiased), henze_zirkler(values))
    table = pd.DataFrame(
        [{"test": t.name, "value": t.value, "statistic": t.statistic, "df": t.df,
          "pvalue": t.pvalue} for t in tests]
    )  # fmt: skip
    alone = pd.DataFrame([_alone(str(c), complete[c].to_numpy(np.float64)) for c in complete])
    return NormalityResult(
        table, alone, len(values), len(frame) - len(values), _normality_findings(tests[2])
    )


def _alone(name: str, x: Array) -> dict[str, object]:
    skew, kurt = skewness(x, 2), kurtosis(x, 2)
    skew_se, kurt_se = np.sqrt(6 / x.size), np.sqrt(24 / x.size)
    small = x.size <= SHAPIRO_LIMIT
    w, p = stats.shapiro(x) if small else (np.nan, np.nan)
    return {
        "item": name,
        "skewness": skew,
        "skewness_se": float(skew_se),
        "skewness_z": float(skew / skew_se),
        "pvalue_skewness": float(2 * stats.norm.sf(abs(skew / skew_se))),
        "kurtosis": kurt,
        "kurtosis_se": float(kurt_se),
        "kurtosis_z": float(kurt / kurt_se),
        "pvalue_kurtosis": float(2 * stats.norm.sf(abs(kurt / kurt_se))),
        "shapiro_w": float(w),
        "pvalue_shapiro": float(p),
    }


def _normality_findings(kurtosis_test: MultivariateTest) -> tuple[Finding, ...]:
    if kurtosis_test.pvalue >= 0.05:
        return ()
    b2, p = number(kurtosis_test.value, 1), p_relation(kurtosis_test.pvalue)
    return (
        Finding(
            "normality.kurtosis",
            Text(
                f"Answers are not multivariate normal (Mardia's kurtosis {b2}, {p}); standard"
                " errors and χ² of plain maximum likelihood are off.",
                f"数据不服从多元正态分布（Mardia 峰度 {b2}，{p}），"
                "普通极大似然的标准误与 χ² 会有偏。",
            ),
            Text(
                "Use estimator='MLR', or declare rating items ordered.",
                "请使用 estimator='MLR'，或将评分题声明为有序变量。",
            ),
        ),
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outliers(Printed):
    """Cases far from the centre of all items together.

    Attributes
    ----------
    frame : DataFrame
        The cases beyond the level, the farthest first: ``case d2 pvalue``; `case` is the row label.
    distances : DataFrame
        The same for every complete case, in the order of the data.
    alpha : float
        Level of each case's test.
    n_items, n_obs, n_incomplete : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    distances: pd.DataFrame
    alpha: float
    n_items: int
    n_obs: int
    n_incomplete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """How many cases lie out."""
        expected = number(self.alpha * self.n_obs, 1)
        found = f"{len(self.frame)} of {self.n_obs} cases beyond p < {self.alpha:g}"
        return f"Mahalanobis distances on {self.n_items} items: {found} ({expected} expected)"


def outliers(data: Table, items: Sequence[str] | None = None, *, alpha: float = 0.001) -> Outliers:
    """Find cases far from the centre of all items together.

    Parameters
    ----------
    data : DataFrame or Responses
        Incomplete cases are left out and counted.
    items : sequence of str, optional
        Columns; by default all.
    alpha : float, default 0.001
        A case is listed where its distance has a smaller p.

    Returns
    -------
    Outliers

    Raises
    ------
    DataError
        As for `loyaltysem.normality`, and where `alpha` is no share.

    Notes
    -----
    D² = (x − x̄)ᵀ S⁻¹ (x − x̄), S divided by n − 1, referred to χ² with as many degrees of freedom as
    items: R's ``mahalanobis``, psych's ``outlier``. A case that is far out is not wrong for that
    reason; look at it, and report results with and without.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(200, 2))
    >>> x[7] = 9.0
    >>> outliers(pd.DataFrame(x, columns=list("ab"))).frame["case"].tolist()[:1]
    [7]
    """
    require_share(alpha)
    chosen = chosen_of(data, items)
    p = chosen.shape[1]
    frame, complete = usable(chosen, "Distances", min_items=1, min_cases=p + 2, area="normality")
    values = complete.to_numpy(np.float64)
    refuse_redundant(values)
    d2 = mahalanobis_squared(values)
    table = pd.DataFrame({"case": complete.index, "d2": d2, "pvalue": stats.chi2.sf(d2, p)})
    far = table[table["pvalue"] < alpha].sort_values("d2", ascending=False, ignore_index=True)
    return Outliers(
        far, table, alpha, p, len(values), len(frame) - len(values),
        _outlier_findings(len(far), len(values), alpha),
    )  # fmt: skip


def _outlier_findings(found: int, n: int, alpha: float) -> tuple[Finding, ...]:
    if stats.binom.sf(found - 1, n, alpha) >= 0.01:
        return ()
    share = percent(found / n)
    return (
        Finding(
            "normality.outliers",
            Text(
                f"{found} cases ({share}) lie far out, more than normal answers would give.",
                f"有 {found} 个样本（{share}）明显偏离中心，多于正态情形下的预期。",
            ),
            Text(
                "Look at them (careless answers?), and report results with and without them.",
                "请逐一检查（是否为草率作答），并同时报告剔除前后的结果。",
            ),
        ),
    )
