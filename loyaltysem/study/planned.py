"""The analyses of the two shipped studies, as data."""

from __future__ import annotations

from functools import partial
from itertools import combinations

from loyaltysem.core.datasets import shipped
from loyaltysem.core.text import Text
from loyaltysem.study.constructs import (
    ANTECEDENTS,
    DIMENSIONS,
    ECSI_CONSTRUCTS,
    SECOND_ORDER,
    VALUE,
    StudyConstruct,
    labels,
    measurement_text,
)
from loyaltysem.study.models import ECSI_PATHS, STUDY_MODEL, structural_text
from loyaltysem.study.plan import Analyses, Moderation, Rival

LOYALTY, QUALITY = SECOND_ORDER
_ITEMS = {dimension.name: dimension.indicators for dimension in DIMENSIONS}


def _one_factor() -> str:
    everything = tuple(item for items in _ITEMS.values() for item in items)
    return measurement_text((StudyConstruct("General", Text("General"), everything), VALUE))


def _bifactor() -> str:
    """Return two general factors with a specific factor for each dimension, all uncorrelated."""
    general = [
        StudyConstruct(top.name, top.label, tuple(i for d in top.indicators for i in _ITEMS[d]))
        for top in SECOND_ORDER
    ]
    pairs = [*combinations(_ITEMS, 2)]
    pairs += [(d, other) for d in _ITEMS for other in (LOYALTY.name, QUALITY.name, VALUE.name)]
    apart = "\n".join(f"{one} ~~ 0*{two}" for one, two in pairs)
    return f"{measurement_text((*general, *DIMENSIONS, VALUE))}\n{apart}"


STUDY_RIVALS = (
    Rival(
        "correlated",
        Text("Six correlated factors and value", "六因子相关模型（含价值因子）"),
        measurement_text((*DIMENSIONS, VALUE)),
    ),
    Rival(
        "second_order",
        Text("Two second-order factors and value", "二阶双因子模型（含价值因子）"),
        measurement_text((*DIMENSIONS, *SECOND_ORDER, VALUE)),
        "correlated",
    ),
    Rival(
        "one_factor",
        Text("One factor and value", "单因子模型（含价值因子）"),
        _one_factor(),
        "correlated",
    ),
    Rival(
        "bifactor",
        Text("Bifactor model and value", "双因子（bifactor）模型（含价值因子）"),
        _bifactor(),
    ),
)


def _antecedents() -> str:
    behind = " + ".join(construct.name for construct in ANTECEDENTS)
    loyal = DIMENSIONS[: len(LOYALTY.indicators)]
    measured = measurement_text((*ANTECEDENTS, *loyal, LOYALTY))
    return f"{measured}\n{LOYALTY.name} ~ {behind}"


def _unlabelled(model: str) -> str:
    """Return a model without its labels and defined parameters: groups are to differ freely."""
    kept = (line for line in model.splitlines() if ":=" not in line and not line.startswith("#"))
    return "\n".join(
        line.replace("a*", "").replace("b*", "").replace("c*", "") if "~ " in line else line
        for line in kept
    ).strip()


STUDY_ANALYSES = Analyses(
    rivals=STUDY_RIVALS,
    estimators=("ML", "MLR", "WLSMV"),
    antecedents=_antecedents(),
    moderation=Moderation(
        VALUE.name, LOYALTY.name, QUALITY.name,
        {name: _ITEMS[name] for name in LOYALTY.indicators},
        {name: _ITEMS[name] for name in QUALITY.indicators},
        measurement_text((VALUE,)),
    ),
    invariant=measurement_text((*DIMENSIONS, VALUE)),
    structure=_unlabelled(STUDY_MODEL),
    effect="indirect",
    drivers=(LOYALTY.name, QUALITY.name),
    scores={
        LOYALTY.name: tuple(item for name in LOYALTY.indicators for item in _ITEMS[name]),
    },
    asked=("nps",),
    names={
        "indirect": Text("Indirect effect", "间接效应"),
        "total": Text("Total effect", "总效应"),
        "Interaction": Text("Loyalty × relationship quality", "客户忠诚度 × 客户关系质量"),
        "internet": Text("Internet", "互联网"),
        "retail": Text("Retail", "零售"),
        "finance": Text("Finance", "金融"),
        "Structural model": Text("Structural model", "结构模型"),
        "nps": Text("Likelihood to recommend", "推荐意愿"),
        "sample": Text("Sample", "样本"),
        "Loyalty_mean": Text("Customer loyalty (mean of items)", "客户忠诚度（题项均值）"),
        **labels(ANTECEDENTS),
    },
    paper=partial(shipped, "data", "audit_seed_study.yaml"),
    claims={
        "the fit is good": Text("the fit is good", "模型拟合良好"),
        "Structural model": Text("Structural model", "结构模型"),
    },
)  # fmt: skip

ECSI_ANALYSES = Analyses(
    rivals=(
        Rival(
            "correlated",
            Text("Seven correlated factors", "七因子相关模型"),
            measurement_text(ECSI_CONSTRUCTS),
        ),
        Rival(
            "structural",
            Text("The structural model", "结构模型"),
            f"{measurement_text(ECSI_CONSTRUCTS)}\n{structural_text(ECSI_PATHS)}",
            "correlated",
        ),
        Rival(
            "one_factor",
            Text("One factor", "单因子模型"),
            measurement_text(
                (
                    StudyConstruct(
                        "General",
                        Text("General"),
                        tuple(item for c in ECSI_CONSTRUCTS for item in c.indicators),
                    ),
                )
            ),
        ),
    ),
    estimators=("ML", "MLR"),
    effect="Loyalty~Satisfaction",
    names={
        "Satisfaction_Complaints_Loyalty": Text(
            "Satisfaction → loyalty, by way of complaints", "顾客满意 → 顾客忠诚（经抱怨处理）"
        ),
        "direct_Satisfaction_Loyalty": Text(
            "Satisfaction → loyalty, direct", "顾客满意 → 顾客忠诚（直接效应）"
        ),
        "total_Satisfaction_Loyalty": Text(
            "Satisfaction → loyalty, total", "顾客满意 → 顾客忠诚（总效应）"
        ),
    },
    draws=250,  # most samples of these 250 answers end in an inadmissible solution, slowly
)
