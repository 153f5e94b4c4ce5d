"""The unmeasured latent method factor: how a model changes when all items share one more cause."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from loyaltysem.analysis.measurement.printed import Printed, cells
from loyaltysem.analysis.method_variance import (
    fit_measurement,
    free_name,
    latent_correlations,
    measured,
    method_text,
    variance_shares,
)
from loyaltysem.core.display import bounded, p_relation, percent
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.shown import Cells
from loyaltysem.core.text import Text
from loyaltysem.estimation.compare import HEADER, Comparison, compare, comparison_cells
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.sources import Data

MethodLoadings: TypeAlias = Literal["equal", "free"]
#: Change of a correlation from which it is named.
LARGE_CHANGE = 0.10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MethodFactor(Printed):
    """A measurement model without and with a method factor.

    Attributes
    ----------
    frame : DataFrame
        One row an item: ``item construct loading_without loading method_loading substantive_share
        method_share error_share``, standardised.
    correlations : DataFrame
        One row a pair of constructs: ``construct other without with_method change``.
    comparison : Comparison
        Fit of the two models and the difference test.
    without, with_method : SEMResult
    loadings : {"equal", "free"}
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    correlations: pd.DataFrame
    comparison: Comparison
    without: SEMResult
    with_method: SEMResult
    loadings: MethodLoadings
    findings: tuple[Finding, ...]

    @property
    def method_share(self) -> float:
        """Mean share of an item's variance that is due to the method factor."""
        return float(self.frame["method_share"].mean())

    @property
    def substantive_share(self) -> float:
        """Mean share of an item's variance that is due to its construct."""
        return float(self.frame["substantive_share"].mean())

    @property
    def title(self) -> str:
        """The shares in a sentence."""
        shares = (
            f"constructs {percent(self.substantive_share)}, method {percent(self.method_share)}"
        )
        return f"Unmeasured latent method factor ({self.loadings} loadings), mean shares: {shares}"

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self.title, (HEADER, comparison_cells(self.comparison.frame))
        yield "", cells(self.frame)
        yield "", cells(self.correlations)


def latent_method_factor(
    model: str, data: Data, *, loadings: MethodLoadings = "equal", **options: object
) -> MethodFactor:
    """Add a factor that all items load on to a measurement model, and say what changes.

    Parameters
    ----------
    model : str
        Measurement model of all constructs, lavaan syntax.
    data : DataFrame or what `loyaltysem.cfa` takes
    loadings : {"equal", "free"}
        Unstandardised loadings on the method factor: one for all items (one parameter more than the
        model, nearly always estimable), or one each, which asks much of the data and often ends in
        an improper solution.
    **options
        Of `loyaltysem.cfa`, such as ``estimator``, ``missing`` or ``ordered``.

    Returns
    -------
    MethodFactor

    Raises
    ------
    IncompatibleRequestError
        Groups, a structural model, fewer than two constructs, or loadings of another kind.

    Notes
    -----
    Latent variances are 1 and the method factor is uncorrelated with the constructs (Podsakoff et
    al., 2003). The shares are squared standardised loadings (Williams, Hartman & Cavazotte, 2010).
    A factor of all items soaks up whatever they share, so its variance is method and substance
    alike, and it detects bias poorly in simulations (Richardson, Simmering & Sturman, 2009): what
    counts is whether the correlations of the constructs hold. Where the items of each construct
    load alike, equal method loadings are not identified, and the solution is often improper; a
    finding says so.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> traits = np.repeat(rng.normal(size=(400, 3)), 3, axis=1)
    >>> answers = np.tile([1.2, 0.8, 0.5], 3) * traits + 0.6 * rng.normal(size=(400, 1))
    >>> answers += 0.5 * rng.normal(size=(400, 9))
    >>> frame = pd.DataFrame(answers, columns=[f"x{i}" for i in range(1, 10)])
    >>> text = "a =~ x1 + x2 + x3; b =~ x4 + x5 + x6; c =~ x7 + x8 + x9"
    >>> found = latent_method_factor(text, frame)
    >>> bool((found.correlations["change"] < 0).all())
    True
    """
    if loadings not in ("equal", "free"):
        raise IncompatibleRequestError(
            f"Method loadings cannot be '{loadings}'.",
            code="request.method_loadings",
            hint="Ask for 'equal' or 'free'.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # findings of both fits are handed on below
        without = fit_measurement(model, data, options)
        latents, items = measured(without)
        if len(latents) < 2:
            raise IncompatibleRequestError(
                "With one construct a method factor cannot be told from it.",
                code="request.method_factor",
                hint="Pass the measurement model of all constructs of the study.",
            )
        name = free_name("method", [*latents, *items])
        text = f"{model}\n{method_text(name, items, latents, equal=loadings == 'equal')}"
        with_method = fit_measurement(text, data, options)
        comparison = compare(without, with_method, names=["constructs", "with method factor"])
    frame = variance_shares(with_method, name, items)
    before = variance_shares(without, name, items)["loading"]
    frame.insert(2, "loading_without", before)
    table = _correlations(without, with_method, latents)
    return MethodFactor(
        frame, table, comparison, without, with_method, loadings,
        _findings(with_method, comparison, frame, table),
    )  # fmt: skip


def _correlations(
    without: SEMResult, with_method: SEMResult, latents: tuple[str, ...]
) -> pd.DataFrame:
    before, after = (latent_correlations(fit, latents) for fit in (without, with_method))
    table = pd.DataFrame({"without": before, "with_method": after, "change": after - before})
    return table.reset_index()


def _findings(
    fit: SEMResult, comparison: Comparison, frame: pd.DataFrame, table: pd.DataFrame
) -> tuple[Finding, ...]:
    if not fit.converged:
        return (_not_converged(),)
    findings = [_improper()] if _is_improper(frame, table) else []
    p = float(comparison.frame["pvalue"].iloc[-1])
    share = percent(float(frame["method_share"].mean()))
    better = p < 0.05
    findings.append(
        Finding(
            "method_bias.method_factor",
            Text(
                f"The method factor {'improves' if better else 'does not improve'} fit"
                f" ({p_relation(p)}) and takes {share} of the items' variance on average.",
                f"加入方法因子后拟合{'显著改善' if better else '无显著改善'}（{p_relation(p)}），"
                f"方法因子平均解释题项方差的 {share}。",
            ),
            severity="warning" if better else "note",
        )
    )
    moved = table[table["change"].abs() >= LARGE_CHANGE]
    if len(moved):
        worst = moved.sort_values("change", key=abs).to_dict("records")[-1]
        pair = f"{worst['construct']} – {worst['other']}"
        change = f"{bounded(worst['without'], 2)} → {bounded(worst['with_method'], 2)}"
        findings.append(
            Finding(
                "method_bias.correlations_moved",
                Text(
                    f"{len(moved)} correlation(s) of constructs move by {LARGE_CHANGE:.2f} or more,"
                    f" most of all {pair}: {change}.",
                    f"有 {len(moved)} 个构念相关的变化不小于 {LARGE_CHANGE:.2f}，"
                    f"其中最大的是 {pair}：{change}。",
                ),
                Text(
                    "Report paths with and without the method factor.",
                    "请同时报告含与不含方法因子的结果。",
                ),
            )
        )
    return tuple(findings)


def _is_improper(frame: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Whether a residual variance is negative or a correlation beyond 1."""
    return bool((frame["error_share"] < 0).any() or (table["with_method"].abs() > 1).any())


def _improper() -> Finding:
    return Finding(
        "method_bias.improper",
        Text(
            "With the method factor the solution is improper (a correlation beyond 1 or a negative"
            " variance): the data cannot tell method from constructs, and the shares mean nothing.",
            "加入方法因子后解不合理（相关超过 1 或方差为负）：数据无法区分方法与构念，"
            "方差占比没有意义。",
        ),
        Text(
            "Use a marker scale (marker_variable). Items that load alike leave equal method"
            " loadings unidentified; loadings='free' needs many items and a large sample.",
            "建议使用标记变量（marker_variable）。载荷相近时，等载荷的方法因子无法识别；"
            "loadings='free' 需要较多题项与较大样本。",
        ),
        severity="problem",
    )


def _not_converged() -> Finding:
    return Finding(
        "method_bias.not_converged",
        Text(
            "The model with the method factor did not converge; its numbers mean nothing.",
            "含方法因子的模型未收敛，其数值没有意义。",
        ),
        Text("Ask for loadings='equal'.", "请使用 loadings='equal'。"),
        severity="problem",
    )
