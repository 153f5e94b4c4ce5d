"""Common-method bias without a method factor: Harman's share and full collinearity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.analysis.exploration.extraction import principal_axes
from loyaltysem.analysis.item_frame import Items
from loyaltysem.analysis.measurement.answers import usable
from loyaltysem.analysis.measurement.printed import Printed
from loyaltysem.core.display import percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult

#: Share of one factor, and variance inflation, from which users of these checks speak of bias.
HALF, VIF_LIMIT = 0.50, 3.3


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HarmanResult(Printed):
    """How much of the items' variance one factor takes.

    Attributes
    ----------
    frame : DataFrame
        One row a component: ``component eigenvalue share cumulative_share``.
    component_share : float
        Share of the first principal component, what SPSS users print.
    factor_share : float
        Share of a single common factor (principal axes): smaller, as items' own variance is left
        out.
    n_components : int
        Eigenvalues above 1.
    n_items, n_obs, n_incomplete : int
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    component_share: float
    factor_share: float
    n_components: int
    n_items: int
    n_obs: int
    n_incomplete: int
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The two shares."""
        component, factor = percent(self.component_share), percent(self.factor_share)
        return (
            f"Harman's single-factor check: first component {component}, single common factor "
            f"{factor} of the variance of {self.n_items} items, N = {self.n_obs}"
        )


def harman(items: Items) -> HarmanResult:
    """Return the share of variance that one unrotated factor takes of all items of a study.

    Parameters
    ----------
    items : DataFrame, Responses or array
        Answers to the items of all constructs, shape (N, p); incomplete cases are left out.

    Returns
    -------
    HarmanResult

    Raises
    ------
    DataError
        Fewer than three items, fewer than three complete cases, or an item that does not vary.

    Notes
    -----
    The share is compared with 50 % by habit. It is no test: it falls with every construct that is
    added, and constructs that truly correlate raise it (Podsakoff et al., 2003). Reviewers ask for
    it, so it is here; `loyaltysem.latent_method_factor` and `loyaltysem.marker_variable` say more.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = harman(rng.normal(size=(300, 1)) + rng.normal(size=(300, 4)))
    >>> bool(found.component_share > found.factor_share > 0.4)
    True
    """
    frame, complete = usable(items, "Harman's check", min_items=3, area="method_bias")
    r = np.corrcoef(complete.to_numpy(np.float64), rowvar=False)
    p = len(r)
    values = np.linalg.eigvalsh(r)[::-1]
    shares = values / p
    table = pd.DataFrame(
        {
            "component": np.arange(1, p + 1),
            "eigenvalue": values,
            "share": shares,
            "cumulative_share": shares.cumsum(),
        }
    )
    factor = float((principal_axes(r, 1).loadings ** 2).sum() / p)
    return HarmanResult(
        table, float(shares[0]), factor, int((values > 1).sum()), p, len(complete),
        len(frame) - len(complete), _harman_findings(float(shares[0])),
    )  # fmt: skip


def _harman_findings(share: float) -> tuple[Finding, ...]:
    caveat = Text(
        "Harman's check cannot show that there is no method bias, nor measure it.",
        "Harman 单因素检验既不能证明不存在共同方法偏差，也不能衡量其大小。",
    )
    better = Text(
        "Report latent_method_factor or, with a marker in the questionnaire, marker_variable.",
        "建议报告 latent_method_factor；若问卷含标记变量，则报告 marker_variable。",
    )
    findings = [Finding("method_bias.harman_caveat", caveat, better, severity="note")]
    if share > HALF:
        text = Text(
            f"One component takes {percent(share)} of the variance, more than half.",
            f"第一个主成分解释了 {percent(share)} 的方差，超过一半。",
        )
        findings.insert(0, Finding("method_bias.one_factor", text, better))
    return tuple(findings)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FullCollinearity(Printed):
    """Variance inflation of every construct by all others.

    Attributes
    ----------
    frame : DataFrame
        One row a construct: ``construct squared_multiple_r vif above``.
    limit : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    limit: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was regressed on what."""
        return f"Full collinearity: VIF of each construct on all others (limit {self.limit:g})"


def full_collinearity(
    constructs: pd.DataFrame | SEMResult, *, limit: float = VIF_LIMIT
) -> FullCollinearity:
    """Return the variance inflation factor of every construct regressed on all others.

    Parameters
    ----------
    constructs : DataFrame or SEMResult
        Scores of the constructs, one column each (incomplete cases are left out); or a fitted model
        of one group, whose latent correlations are then used.
    limit : float, default 3.3
        Kock's; 5 for latent correlations, which are free of measurement error.

    Returns
    -------
    FullCollinearity

    Raises
    ------
    DataError
        Fewer than two constructs, too few cases, constant scores, or a construct that the others
        determine.

    Notes
    -----
    VIF = 1/(1 − R²), the diagonal of the inverse correlation matrix. Kock (2015) takes a VIF above
    3.3 for a sign of common-method bias; constructs that overlap in substance raise it as well, so
    it is a screening and no test.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> scores = pd.DataFrame(rng.normal(size=(200, 3)), columns=["trust", "value", "loyalty"])
    >>> bool((full_collinearity(scores).frame["vif"] < 1.1).all())
    True
    """
    names, r = _latent(constructs) if isinstance(constructs, SEMResult) else _scored(constructs)
    eigenvalues = np.linalg.eigvalsh(r)
    if eigenvalues[0] <= 1e-10 * eigenvalues[-1]:
        raise DataError(
            "The others determine a construct (or their correlations are not those of any data).",
            code="method_bias.singular",
            hint="Leave out totals and second-order constructs whose dimensions are there too.",
        )
    vif = np.diag(np.linalg.inv(r))
    table = pd.DataFrame(
        {
            "construct": names,
            "squared_multiple_r": 1 - 1 / vif,
            "vif": vif,
            "above": vif > limit,
        }
    )
    high = table.loc[table["above"], "construct"].tolist()
    return FullCollinearity(table, limit, _collinearity_findings(high, limit))


def _latent(fit: SEMResult) -> tuple[list[str], Array]:
    cor = fit.latent_cor()
    if cor.index.nlevels > 1:
        raise DataError(
            "The model has several groups.",
            code="method_bias.several_groups",
            hint="Fit the groups one at a time.",
        )
    if len(cor) < 2:
        raise _too_few(len(cor))
    return [str(c) for c in cor.columns], cor.to_numpy(dtype=float)


def _scored(scores: pd.DataFrame) -> tuple[list[str], Array]:
    if scores.shape[1] < 2:
        raise _too_few(scores.shape[1])
    _, complete = usable(
        scores, "Full collinearity", min_cases=scores.shape[1] + 2, area="method_bias"
    )
    r: Array = np.asarray(np.corrcoef(complete.to_numpy(np.float64), rowvar=False))
    return [str(c) for c in complete.columns], r


def _too_few(found: int) -> DataError:
    return DataError(
        f"Collinearity needs two constructs, found {found}.",
        code="method_bias.too_few_constructs",
        hint="Pass one column of scores a construct.",
    )


def _collinearity_findings(high: list[str], limit: float) -> tuple[Finding, ...]:
    if not high:
        return ()
    return (
        Finding(
            "method_bias.collinear",
            Text(
                f"VIF above {limit:g}: {', '.join(high)}. A common method is one cause, overlap in"
                " substance another.",
                f"VIF 高于 {limit:g}：{'、'.join(high)}。可能源于共同方法，也可能源于概念重叠。",
            ),
            Text(
                "Look at HTMT, and at latent_method_factor.",
                "请结合 HTMT 与 latent_method_factor 判断。",
            ),
        ),
    )
