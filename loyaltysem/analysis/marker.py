"""The CFA marker technique: method variance through a scale that has nothing to do with the rest.

A ladder of models by Williams, Hartman & Cavazotte (2010). The marker's own measurement is fixed at
its values in the first model, so that only what it shares with the other items moves.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import pandas as pd

from loyaltysem.analysis.measurement.answers import require_share
from loyaltysem.analysis.measurement.printed import Printed, cells
from loyaltysem.analysis.method_variance import (
    fit_measurement,
    free_name,
    latent_correlations,
    measured,
    variance_shares,
)
from loyaltysem.core.display import p_relation, percent
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.shown import Cells
from loyaltysem.core.text import Text
from loyaltysem.estimation.compare import compare
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.sources import Data

LABEL = "marker_loading"
MODELS = ("CFA", "Baseline", "Method-C", "Method-U", "Method-R")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarkerResult(Printed):
    """The models of the marker technique and what they say.

    Attributes
    ----------
    frame : DataFrame
        One row a model, in the order CFA, Baseline, Method-C, Method-U, Method-R: ``model chisq df
        cfi rmsea srmr against chisq_diff df_diff pvalue``. Differences are to the model `against`.
    shares : DataFrame
        One row an item, in the method model that was kept: ``item construct loading method_loading
        substantive_share method_share error_share``.
    correlations : DataFrame
        One row a pair of constructs: ``construct other cfa baseline method sensitivity_95
        sensitivity_99``, the last two with method loadings at the end of their intervals.
    reliability : DataFrame
        One row a construct: ``construct reliability substantive method method_share``, the first in
        the Baseline, its two parts in the method model.
    models : mapping of str to SEMResult
    kept : {"Method-C", "Method-U"}
        Which method model the restricted one is held against.
    marker : tuple of str
    alpha : float
        Level of the tests.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    shares: pd.DataFrame
    correlations: pd.DataFrame
    reliability: pd.DataFrame
    models: Mapping[str, SEMResult]
    kept: str
    marker: tuple[str, ...]
    alpha: float
    findings: tuple[Finding, ...]

    @property
    def method_variance(self) -> bool:
        """Whether items share variance with the marker (Method-C against Baseline)."""
        return self._pvalue("Method-C") < self.alpha

    @property
    def unequal(self) -> bool:
        """Whether that variance differs between items (Method-U against Method-C)."""
        return self._pvalue("Method-U") < self.alpha

    @property
    def biased(self) -> bool:
        """Whether correlations of constructs are biased (Method-R against the model kept)."""
        return self._pvalue("Method-R") < self.alpha

    def _tables(self) -> tuple[pd.DataFrame, ...]:
        return self.frame, self.shares, self.correlations, self.reliability

    def _pvalue(self, model: str) -> float:
        return float(self.frame.set_index("model")["pvalue"][model])

    @property
    def title(self) -> str:
        """The marker and the model kept."""
        return f"CFA marker technique, marker {', '.join(self.marker)}; kept: {self.kept}"

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        for caption, table in zip((self.title, "", "", ""), self._tables(), strict=True):
            yield caption, cells(table)


def marker_variable(
    model: str, data: Data, marker: Sequence[str], *, alpha: float = 0.05, **options: object
) -> MarkerResult:
    """Test for common-method bias with a marker scale.

    Parameters
    ----------
    model : str
        Measurement model of the constructs, without the marker, lavaan syntax.
    data : DataFrame or what `loyaltysem.cfa` takes
    marker : sequence of str
        Items of a scale that should have nothing to do with the constructs, answered the same way;
        two or more.
    alpha : float, default 0.05
        Level of the difference tests.
    **options
        Of `loyaltysem.cfa`, such as ``estimator`` or ``missing``.

    Returns
    -------
    MarkerResult

    Raises
    ------
    IncompatibleRequestError
        Groups, a structural or ordered model, fewer than two constructs or marker items, marker
        items that the model has already, or a first model that does not converge.

    Notes
    -----
    1. CFA: constructs and marker, all correlated, latent variances 1.
    2. Baseline: marker uncorrelated with the constructs, its loadings and residual variances fixed
       at the values of 1.
    3. Method-C: all items of the constructs load equally on the marker (against Baseline: is there
       method variance?).
    4. Method-U: they load freely (against Method-C: does it differ between items?).
    5. Method-R: the better of 3 and 4 with the correlations of the constructs fixed at those of the
       Baseline (against 3 or 4: are correlations biased?).

    The reliability of each construct is then split into a part of the construct and one of the
    method, (Σλ)² and (Σm)² over (Σλ)² + (Σm)² + Σθ, all standardised; and the correlations are
    computed once more with every method loading fixed at the end of its 95 % and 99 % interval that
    is farther from zero (Method-S). Williams, Hartman & Cavazotte (2010).

    A marker that shares substance with a construct, or none of its answer format, invalidates the
    test; that is decided in the questionnaire.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> traits = np.repeat(rng.normal(size=(500, 3)), 3, axis=1)
    >>> x = traits + 0.5 * rng.normal(size=(500, 1)) + 0.7 * rng.normal(size=(500, 9))
    >>> frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 10)])
    >>> found = marker_variable("a =~ x1 + x2 + x3; b =~ x4 + x5 + x6", frame, ["x7", "x8", "x9"])
    >>> found.method_variance
    True
    """
    require_share(alpha)
    if options.get("ordered"):
        raise _refused("The marker technique is defined for numeric items.", "Leave out ordered=…")
    if len(marker) < 2:
        raise _refused(
            f"A marker needs two items or more, found {len(marker)}.",
            "With one item nothing tells its error from what it shares.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # findings of the fits are handed on below
        models, names = _ladder(model, data, marker, alpha, options)
        name, latents, items, kept = names
        extreme = _sensitivity(model, data, models, names, marker, options)
    frame = _frame(models, kept)
    correlations = pd.DataFrame(
        {
            "cfa": latent_correlations(models["CFA"], latents),
            "baseline": latent_correlations(models["Baseline"], latents),
            "method": latent_correlations(models[kept], latents),
            **{k: latent_correlations(fit, latents) for k, fit in extreme.items()},
        }
    ).reset_index()
    shares = variance_shares(models[kept], name, items)
    before = variance_shares(models["Baseline"], name, items)
    result = MarkerResult(
        frame, shares, correlations, _split_reliability(before, shares), MappingProxyType(models),
        kept, tuple(marker), alpha, (),
    )  # fmt: skip
    return replace(result, findings=_findings(result))


def _ladder(
    model: str, data: Data, marker: Sequence[str], alpha: float, options: dict[str, object]
) -> tuple[dict[str, SEMResult], tuple[str, tuple[str, ...], tuple[str, ...], str]]:
    """Fit the five models; return them with the marker's name, constructs, items, the one kept."""
    latents, items = measured(fit_measurement(model, data, options))
    twice = [x for x in marker if x in items]
    if twice or len(latents) < 2:
        raise _refused(
            f"The model has {len(latents)} construct(s) and these items of the marker: "
            f"{', '.join(twice) or 'none'}.",
            "Pass two constructs or more, and a marker whose items the model does not have.",
        )
    name = free_name("marker", [*latents, *items, *marker])
    first = fit_measurement(f"{model}\n{name} =~ {' + '.join(marker)}", data, options)
    if not first.converged:
        raise _refused("The model of constructs and marker does not converge.", "Fit it by itself.")
    fixed = _fixed_marker(first, name, marker, latents)
    equal = " + ".join(f"{LABEL}*{item}" for item in items)
    texts = {
        "Baseline": f"{model}\n{fixed}",
        "Method-C": f"{model}\n{fixed}\n{name} =~ {equal}",
        "Method-U": f"{model}\n{fixed}\n{name} =~ {' + '.join(items)}",
    }
    models = {"CFA": first} | {k: fit_measurement(t, data, options) for k, t in texts.items()}
    p = float(compare(models["Method-C"], models["Method-U"]).frame["pvalue"].iloc[-1])
    kept = "Method-U" if p < alpha and models["Method-U"].converged else "Method-C"
    held = latent_correlations(models["Baseline"], latents)
    rows = held.rename("r").reset_index().to_dict("records")
    lines = [f"{row['construct']} ~~ {row['r']!r}*{row['other']}" for row in rows]
    models["Method-R"] = fit_measurement("\n".join([texts[kept], *lines]), data, options)
    return models, (name, latents, items, kept)


def _sensitivity(
    model: str,
    data: Data,
    models: Mapping[str, SEMResult],
    names: tuple[str, tuple[str, ...], tuple[str, ...], str],
    marker: Sequence[str],
    options: dict[str, object],
) -> dict[str, SEMResult]:
    """Fit the kept model with method loadings at the far end of their intervals."""
    name, latents, items, kept = names
    fixed = _fixed_marker(models["CFA"], name, marker, latents)
    fits = {}
    for level in (0.95, 0.99):
        rows = models[kept].parameters(standardized=False, level=level)
        own = rows[(rows["op"] == "=~") & (rows["lhs"] == name) & rows["rhs"].isin(items)]
        far = own["ci_upper"].where(own["est"] > 0, own["ci_lower"])
        terms = [f"{float(v)!r}*{x}" for x, v in zip(own["rhs"], far, strict=True)]
        text = f"{model}\n{fixed}\n{name} =~ {' + '.join(terms)}"
        fits[f"sensitivity_{100 * level:.0f}"] = fit_measurement(text, data, options)
    return fits


def _split_reliability(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Split the reliability of each construct's sum into substance and method."""
    rows = []
    for construct, block in after.groupby("construct", sort=False):
        first = before[before["construct"] == construct]
        own, method = block["loading"].sum() ** 2, block["method_loading"].sum() ** 2
        total = own + method + block["error_share"].sum()
        common = first["loading"].sum() ** 2
        rows.append(
            {
                "construct": construct,
                "reliability": common / (common + first["error_share"].sum()),
                "substantive": own / total,
                "method": method / total,
                "method_share": method / (own + method),
            }
        )
    return pd.DataFrame(rows)


def _fixed_marker(
    first: SEMResult, name: str, marker: Sequence[str], latents: Sequence[str]
) -> str:
    """Return the marker's lines with its loadings and residual variances as numbers."""
    rows = first.parameters(standardized=False)
    loading = rows[(rows["op"] == "=~") & (rows["lhs"] == name)].set_index("rhs")["est"]
    residual = rows[(rows["op"] == "~~") & (rows["lhs"] == rows["rhs"])].set_index("lhs")["est"]
    terms = " + ".join(f"{float(loading[x])!r}*{x}" for x in marker)
    lines = [f"{name} =~ {terms}", *(f"{x} ~~ {float(residual[x])!r}*{x}" for x in marker)]
    return "\n".join([*lines, *(f"{name} ~~ 0*{latent}" for latent in latents)])


def _frame(models: Mapping[str, SEMResult], kept: str) -> pd.DataFrame:
    against = {"Method-C": "Baseline", "Method-U": "Method-C", "Method-R": kept}
    rows = []
    for name in MODELS:
        row: dict[str, object] = {"model": name}
        measures = models[name].fit_measures("chisq", "df", "cfi", "rmsea", "srmr")
        row |= {str(k): float(v) for k, v in measures.items()}
        row["df"] = int(measures["df"])
        row |= {"against": "", "chisq_diff": float("nan"), "df_diff": None, "pvalue": float("nan")}
        if name in against:
            difference = compare(models[name], models[against[name]]).frame.iloc[-1]
            row |= {
                "against": against[name],
                "chisq_diff": float(difference["chisq_diff"]),
                "df_diff": int(difference["df_diff"]),
                "pvalue": float(difference["pvalue"]),
            }
        rows.append(row)
    return pd.DataFrame(rows).astype({"df_diff": "Int64"})


def _refused(text: str, hint: str) -> IncompatibleRequestError:
    return IncompatibleRequestError(text, code="request.marker", hint=hint)


def _findings(result: MarkerResult) -> tuple[Finding, ...]:
    table = result.frame.set_index("model")
    failed = [name for name, fit in result.models.items() if not fit.converged]
    p = {name: p_relation(float(table["pvalue"][name])) for name in MODELS[2:]}
    share = percent(float(result.shares["method_share"].mean()))
    findings = []
    if failed:
        findings.append(
            Finding(
                "method_bias.not_converged",
                Text(
                    f"Did not converge: {', '.join(failed)}; tests with them mean nothing.",
                    f"未收敛的模型：{'、'.join(failed)}；涉及它们的检验没有意义。",
                ),
                severity="problem",
            )
        )
    found = result.method_variance
    findings.append(
        Finding(
            "method_bias.marker_variance",
            Text(
                f"Items {'share' if found else 'share no'} variance with the marker (Method-C"
                f" against Baseline, {p['Method-C']}); on average {share} of an item's variance.",
                f"题项与标记变量{'存在' if found else '不存在显著'}共同方差（Method-C 对比"
                f" Baseline，{p['Method-C']}），平均占题项方差的 {share}。",
            ),
            severity="warning" if found else "note",
        )
    )
    if found:
        findings.append(_bias_finding(result.biased, p["Method-R"]))
    return tuple(findings)


def _bias_finding(biased: bool, p: str) -> Finding:
    return Finding(
        "method_bias.marker_bias",
        Text(
            f"It {'biases' if biased else 'does not noticeably bias'} the correlations of the"
            f" constructs (Method-R, {p}).",
            f"方法方差{'使构念间相关产生偏差' if biased else '未明显影响构念间相关'}"
            f"（Method-R，{p}）。",
        ),
        Text(
            "Report the correlations of the method model too.", "请同时报告方法模型下的构念相关。"
        ),
        severity="warning" if biased else "note",
    )
