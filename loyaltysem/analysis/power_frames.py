"""From samples to the tables of a power analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
import pandas as pd
from scipy.special import ndtri

from loyaltysem.analysis.power_design import PowerDesign, parameters_of, restricted_discrepancy
from loyaltysem.analysis.power_result import RMSEA_TESTS
from loyaltysem.analysis.power_samples import Samples, curve_of
from loyaltysem.core.display import number
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.replication.quantities import Quantity
from loyaltysem.inference.power import (
    rmsea_power,
    rmsea_sample_size,
    satorra_saris_power,
    satorra_saris_sample_size,
)


@dataclass(frozen=True, slots=True)
class Analytic:
    """F₀ of an effect and the N it asks for."""

    discrepancy: float
    n: float


def analytic_powers(
    design: PowerDesign, effects: Sequence[Quantity], alpha: float, target: float
) -> dict[str, Analytic]:
    """Return what the likelihood-ratio test of each effect would make of the population."""
    found = {q.name: restricted_discrepancy(design, q) for q in effects}
    return {
        name: Analytic(f, satorra_saris_sample_size(f, 1, target, alpha))
        for name, f in found.items()
    }


def parameter_frame(
    design: PowerDesign,
    samples: Sequence[Samples],
    sizes: Sequence[int],
    analytic: Mapping[str, Analytic],
    alpha: float,
    shown: Sequence[Quantity],
) -> pd.DataFrame:
    """Return power, bias, coverage and the rest, one row a parameter and N."""
    values, by_size = design.values, {s.n_total: s for s in samples}
    rows = []
    for size in sizes:
        quantities = parameters_of(design) if size in by_size else shown
        for column, q in enumerate(quantities):
            found = by_size.get(size)
            simulated_part = _summary(found, column, values[q.place], alpha) if found else {}
            known = analytic.get(q.name)
            exact = satorra_saris_power(known.discrepancy, 1, size, alpha) if known else nan
            true = {"n": size, "parameter": q.name, "population": values[q.place]}
            rows.append({**true, **simulated_part, "analytic": exact})
    columns = ["n", "parameter", "population", *SUMMARY, "analytic"]
    return pd.DataFrame(rows).reindex(columns=columns)


SUMMARY = ("mean", "bias", "sd", "se", "se_ratio", "coverage", "power", "power_se")


def _summary(samples: Samples, column: int, true: float, alpha: float) -> dict[str, float]:
    """Return what the samples of one size say of one parameter."""
    estimate, se = (x[samples.used, column] for x in (samples.estimate, samples.se))
    if len(estimate) < 2:
        return dict.fromkeys(SUMMARY, nan)
    share = float(samples.rejected(column, alpha).mean())
    inside = np.abs(estimate - true) <= -ndtri(alpha / 2.0) * se
    sd = float(estimate.std(ddof=1))
    mean = float(estimate.mean())
    return {
        "mean": mean,
        "bias": mean - true,
        "sd": sd,
        "se": float(se.mean()),
        "se_ratio": float(se.mean()) / sd if sd > 0 else nan,
        "coverage": float(inside.mean()),
        "power": share,
        "power_se": sqrt(share * (1.0 - share) / len(estimate)),
    }


def fits_frame(
    design: PowerDesign, samples: Sequence[Samples], sizes: Sequence[int], alpha: float
) -> pd.DataFrame:
    """Return what happened to the fits as wholes, one row an N."""
    by_size = {s.n_total: s for s in samples}
    groups = len(design.population.labels)
    rows: list[dict[str, float]] = []
    for size in sizes:
        row: dict[str, float] = {"n": size}
        if size in by_size:
            row |= _fit_shares(by_size[size], alpha)
        for name, (null, alternative) in RMSEA_TESTS.items():
            row[name] = rmsea_power(
                design.df, size, null=null, alternative=alternative, alpha=alpha, n_groups=groups
            )
        rows.append(row)
    columns = ["n", "replicates", "converged", "admissible", "rejected", "rejected_se"]
    return pd.DataFrame(rows).reindex(columns=[*columns, *RMSEA_TESTS])


def _fit_shares(samples: Samples, alpha: float) -> dict[str, float]:
    converged = samples.converged
    known = samples.pvalue[converged & np.isfinite(samples.pvalue)]
    share = float((known < alpha).mean()) if len(known) else nan
    return {
        "replicates": len(converged),
        "converged": float(converged.mean()),
        "admissible": float((samples.admissible & converged).mean()),
        "rejected": share,
        "rejected_se": sqrt(share * (1.0 - share) / len(known)) if len(known) else nan,
    }


def required_frame(
    design: PowerDesign,
    samples: Sequence[Samples],
    shown: Sequence[Quantity],
    analytic: Mapping[str, Analytic],
    alpha: float,
    target: float,
) -> pd.DataFrame:
    """Return the N each effect, and each test of fit by RMSEA, asks for."""
    names = [q.name for q in parameters_of(design)]
    rows = []
    for q in shown:
        known = analytic[q.name].n if q.name in analytic else nan
        row = {"parameter": q.name, "power": target, "n": nan, "lower": nan, "upper": nan}
        if is_null(design, q):
            row["n"] = inf
        elif samples:
            found = curve_of(samples, names.index(q.name), alpha).required(target)
            row |= {"n": found.n, "lower": found.lower, "upper": found.upper}
        rows.append({**row, "analytic": known})
    groups = len(design.population.labels)
    for name, (null, alternative) in RMSEA_TESTS.items():
        needed = rmsea_sample_size(
            design.df, target, null=null, alternative=alternative, alpha=alpha, n_groups=groups
        )
        label = f"RMSEA: {name.replace('_', ' ')} fit"
        rows.append({"parameter": label, "power": target, "n": nan, "lower": nan, "upper": nan,
                     "analytic": needed})  # fmt: skip
    return pd.DataFrame(rows)


# Findings


def findings(
    design: PowerDesign, samples: Sequence[Samples], shown: Sequence[Quantity]
) -> list[Finding]:
    """Say what a reader of the numbers must know."""
    found = []
    if design.misfit > MISFIT:
        found.append(_misspecified(design.misfit))
    worst = min(samples, key=lambda s: s.converged.mean(), default=None)
    if worst is not None and worst.converged.mean() < 0.95:
        found.append(_failing(worst))
    if samples and not design.complete_normal:
        found.append(_optimistic())
    null = [q.name for q in shown if is_null(design, q)]
    if null:
        found.append(_no_effect(null))
    return found


#: F₀ above this: the model does not hold in the population.
MISFIT = 1e-6
#: True values nearer to 0 than this are rounding.
NULL = 1e-8


def is_null(design: PowerDesign, quantity: Quantity) -> bool:
    """Tell whether an effect is 0 in the population: no N gives power to show it."""
    return abs(float(design.values[quantity.place])) < NULL


def _optimistic() -> Finding:
    return Finding(
        "power.analytic_normal",
        Text(
            "Analytic power is that of complete, normally distributed answers; those of this "
            "population are not.",
            "解析检验力以完整的正态数据为前提，而该总体的数据并非如此。",
        ),
        Text("Plan by the simulated power.", "请以模拟检验力为准来确定样本量。"),
        severity="note",
    )


def _misspecified(misfit: float) -> Finding:
    return Finding(
        "power.misspecified",
        Text(
            f"The model that is fitted does not hold in the population (F₀ = {number(misfit, 4)}).",
            f"所拟合的模型在总体中并不成立（F₀ = {number(misfit, 4)}）。",
        ),
        Text(
            "True values are then those the estimates tend to. Is a path missing in analysis=?",
            "此时“真值”指估计量的极限值；请检查 analysis= 是否遗漏路径。",
        ),
    )


def _failing(samples: Samples) -> Finding:
    share = 100.0 * float(1.0 - samples.converged.mean())
    return Finding(
        "power.not_converged",
        Text(
            f"{share:.1f}% of the fits at N = {samples.n_total} did not converge and are left out.",
            f"N = {samples.n_total} 时有 {share:.1f}% 的拟合未收敛，已剔除。",
        ),
        Text(
            "A study of this size risks having no result at all.",
            "这一样本量的研究有得不到结果的风险。",
        ),
    )


def _no_effect(names: Sequence[str]) -> Finding:
    listed = ", ".join(names)
    return Finding(
        "power.no_effect",
        Text(
            f"{listed}: 0 in the population, so the share of significant results is an error rate.",
            f"{listed}：总体中为 0，因此显著结果的比例是第一类错误率。",
        ),
        severity="note",
    )
