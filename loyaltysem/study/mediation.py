"""Mediation by the bootstrap, and moderation by latent products."""

from __future__ import annotations

import pandas as pd

from loyaltysem.analysis.interaction import indicator_products
from loyaltysem.analysis.slopes import SimpleSlopes, simple_slopes
from loyaltysem.core.display import bounded, integer, number, pvalue
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.hypotheses import SIGNIFICANCE
from loyaltysem.study.part import Part
from loyaltysem.study.plan import Moderation
from loyaltysem.study.sections import measures_of


def mediation_part(fit: SEMResult, draws: int, seed: int) -> Part:
    """Bootstrap the defined effects and the structural paths.

    Returns
    -------
    Part
        ``mediation``: ``lhs op rhs name est se boot_se bias ci_lower ci_upper percentile_lower
        percentile_upper delta_lower delta_upper std_all std_lower std_upper used`` (intervals BCa
        but where named otherwise); ``mediation_draws``: ``measure value``. Empty where the model
        defines nothing.
    """
    frame = fit.parameters(standardized=True)
    defined = frame[frame["op"] == ":="]
    if defined.empty:
        return Part()
    boot = fit.bootstrap(draws, seed=seed, n_jobs=1)
    shown = pd.concat([defined, frame[frame["op"] == "~"]])
    names = [_quantity(*map(str, r)) for r in shown[["lhs", "op", "rhs"]].to_numpy()]
    bca = boot.intervals(*names, kind="bca")
    percentile = boot.intervals(*names, kind="percentile")
    std = boot.intervals(*names, kind="bca", what="std_all")
    table = shown[["lhs", "op", "rhs", "est", "se", "pvalue"]].reset_index(drop=True).assign(
        name=names, boot_se=bca["se"], bias=bca["bias"], ci_lower=bca["ci_lower"],
        ci_upper=bca["ci_upper"], percentile_lower=percentile["ci_lower"],
        percentile_upper=percentile["ci_upper"], delta_lower=shown["ci_lower"].to_numpy(),
        delta_upper=shown["ci_upper"].to_numpy(), std_all=shown["std_all"].to_numpy(),
        std_lower=std["ci_lower"], std_upper=std["ci_upper"], used=bca["used"],
    )  # fmt: skip
    counts = {**boot.counts, "seed": seed}
    tables = {
        "mediation": table,
        "mediation_draws": pd.DataFrame({"measure": list(counts), "value": list(counts.values())}),
    }
    return Part(tables, (*_lost(boot.counts), *_crossing(table)), {"mediation": boot})


LOST_DRAWS = Text("did not converge and are left out", "未收敛、已剔除")
ODD_DRAWS = Text(
    "converged to an inadmissible solution and are kept", "收敛于不可接受的解，予以保留"
)


def _quantity(lhs: str, op: str, rhs: str) -> str:
    return lhs if op == ":=" else f"{lhs}~{rhs}"


def _lost(counts: dict[str, int]) -> tuple[Finding, ...]:
    if not counts["failed"] and not counts["inadmissible"]:
        return ()
    drawn = integer(counts["drawn"])
    kinds = (
        (counts["failed"], LOST_DRAWS),
        (counts["inadmissible"], ODD_DRAWS),
    )
    en = "; ".join(f"{integer(n)} {what.en}" for n, what in kinds if n)
    zh = "；".join(f"{integer(n)} 次{what.in_('zh')}" for n, what in kinds if n)
    text = Text(f"Of {drawn} bootstrap samples {en}.", f"在 {drawn} 次自助抽样中，{zh}。")
    return (Finding("mediation.draws", text, severity="note"),)


def _crossing(table: pd.DataFrame) -> tuple[Finding, ...]:
    open_ = table[(table["ci_lower"] <= 0) & (table["ci_upper"] >= 0)]
    if open_.empty:
        return ()
    held = [
        f"{r['name']} [{number(r['ci_lower'])}, {number(r['ci_upper'])}]"
        for r in open_.to_dict("records")
    ]
    return (
        Finding(
            "mediation.interval_holds_zero",
            Text(
                f"The 95% bootstrap interval (BCa) holds 0: {'; '.join(held)}.",
                f"以下效应的 95% 自助法区间（BCa）包含 0：{'；'.join(held)}。",
            ),
            Text(
                "An effect of zero cannot be ruled out; that is no proof of its absence.",
                "不能排除效应为零，但也不能据此断言没有效应。",
            ),
            severity="note",
        ),
    )


def moderation_part(plan: Moderation, data: pd.DataFrame) -> Part:
    """Test a latent interaction with matched products of dimension means.

    Returns
    -------
    Part
        ``moderation``: ``lhs op rhs est se z pvalue ci_lower ci_upper std_all``;
        ``moderation_slopes``: as of `simple_slopes`, with ``region_lower region_upper``;
        ``moderation_fit``: ``measure value``; ``moderation_products``: ``product first second``.

    Notes
    -----
    Each dimension's mean is one indicator of its second-order factor; three matched products,
    double-mean-centred, measure the interaction (Marsh, Wen & Hau, 2004; Lin et al., 2010).
    Products are not normal: MLR.
    """
    scales = {**plan.predictor_scales, **plan.moderator_scales}
    means = {f"{name}_mean": data[list(items)].mean(axis=1) for name, items in scales.items()}
    one = [f"{name}_mean" for name in plan.predictor_scales]
    two = [f"{name}_mean" for name in plan.moderator_scales]
    made = indicator_products(data.assign(**means), {plan.product: (one, two)})
    model = "\n".join(
        (
            f"{plan.predictor} =~ {' + '.join(one)}",
            f"{plan.moderator} =~ {' + '.join(two)}",
            made.model,
            plan.measurement,
            f"{plan.outcome} ~ {plan.predictor} + {plan.moderator} + {plan.product}",
        )
    )
    fit = sem(model, made.data, estimator="MLR")
    slopes = simple_slopes(fit, plan.outcome, plan.predictor, plan.moderator, plan.product)
    columns = ["lhs", "op", "rhs", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"]
    frame = fit.parameters(standardized=True)
    paths = frame.loc[frame["op"] == "~", columns].reset_index(drop=True)
    measures = measures_of(fit)
    shown = ("ntotal", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr")
    tables = {
        "moderation": paths,
        "moderation_slopes": slopes.frame.reset_index(drop=True),
        "moderation_region": pd.DataFrame(slopes.region, columns=["lower", "upper"], dtype=float),
        "moderation_fit": pd.DataFrame(
            {"measure": list(shown), "value": [measures[name] for name in shown]}
        ),
        "moderation_products": pd.DataFrame({"first": one, "second": two}),
    }
    return Part(tables, _no_interaction(paths, plan, slopes), {"slopes": slopes})


def _no_interaction(
    paths: pd.DataFrame, plan: Moderation, slopes: SimpleSlopes
) -> tuple[Finding, ...]:
    row = paths[paths["rhs"] == plan.product].iloc[0]
    if row["pvalue"] < SIGNIFICANCE:
        return slopes.findings
    shown = f"β = {bounded(row['std_all'], 2)}", f"p = {pvalue(row['pvalue'])}"
    return (
        *slopes.findings,
        Finding(
            "moderation.none",
            Text(
                f"No moderation is detected: {plan.predictor} × {plan.moderator} → "
                f"{plan.outcome}, {shown[0]}, {shown[1]}.",
                f"未发现调节作用：{plan.predictor} × {plan.moderator} → {plan.outcome}，"
                f"{shown[0]}，{shown[1]}。",
            ),
            Text(
                "Power for latent interactions is low; the interval says what cannot be ruled out.",
                "潜变量交互效应的检验功效通常较低；请结合区间判断不能排除的取值。",
            ),
            severity="note",
        ),
    )
