"""Everything computed beside the model of a study, step by step, as its plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from loyaltysem.analysis.validity import indicators
from loyaltysem.clv.link.linked import Linked
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study import audited, customers, groups, mediation, rivals, robustness
from loyaltysem.study.definitions import StudyDefinition
from loyaltysem.study.findings import named
from loyaltysem.study.gathered import Gathered
from loyaltysem.study.part import Part, attempt, together
from loyaltysem.study.plan import Analyses
from loyaltysem.study.survey_sections import variable_labels

Say = Callable[[str], None]
Step = tuple[Text, bool, Callable[[], Part]]


def further_part(study: StudyDefinition, gathered: Gathered, fit: SEMResult, say: Say) -> Part:
    """Carry out the analyses of a study's plan.

    Parameters
    ----------
    study : StudyDefinition
    gathered : Gathered
    fit : SEMResult
        The study's model, fitted to the answers analysed.
    say : callable
        Told before each step what is being done.
    """
    parts, names = [], readers_names(study, gathered, fit)
    steps = (*_model_steps(study, gathered, fit), *_other_steps(study, gathered, fit))
    for name, applies, step in steps:
        if applies:
            say(f"{study.name}: {name.en} …")
            done = attempt(name, step)
            called = tuple(named(finding, names) for finding in done.findings)
            parts.append(replace(done, findings=called))
    return together(parts)


def readers_names(study: StudyDefinition, gathered: Gathered, fit: SEMResult) -> dict[str, Text]:
    """Return what findings call latent variables and defined parameters, and claims of a paper."""
    latents = dict.fromkeys(indicators(fit), ())
    frame = fit.parameters()
    spoken = {*latents, *frame.loc[frame["op"] == ":=", "lhs"], *study.analyses.claims}
    given = {**study.analyses.names, **study.analyses.claims}
    known = {**variable_labels(gathered.questionnaire, latents), **given}
    return {name: known[name] for name in spoken if name in known}


def _model_steps(study: StudyDefinition, gathered: Gathered, fit: SEMResult) -> Iterator[Step]:
    """Yield the steps that fit models to the answers."""
    plan, data, grouped = study.analyses, gathered.responses.data, with_group(study, gathered)
    several = study.group is not None and grouped is not None
    group, moderation = study.group or "", plan.moderation
    yield (
        Text("Rival models", "竞争模型比较"),
        bool(plan.rivals),
        lambda: rivals.rivals_part(plan.rivals, data),
    )
    yield (
        Text("Estimators side by side", "估计方法比较"),
        bool(plan.estimators),
        lambda: rivals.estimators_part(
            study.model, data, plan.estimators, ordered_items(gathered, fit)
        ),
    )
    yield Text("Antecedents", "前因模型"), bool(plan.antecedents), lambda: rivals.antecedents_part(
        plan.antecedents, data,
        variable_labels(gathered.questionnaire, named_latents(plan.antecedents)),
    )  # fmt: skip
    yield (
        Text("Mediation by the bootstrap", "自助法中介检验"),
        plan.draws > 0,
        lambda: mediation.mediation_part(fit, plan.draws, plan.seed),
    )
    if moderation is not None:
        yield (
            Text("Latent moderation", "潜变量调节检验"),
            True,
            lambda: mediation.moderation_part(moderation, data),
        )
    yield (
        Text("Invariance", "测量等值检验"),
        several and bool(plan.invariant),
        lambda: groups.invariance_part(plan.invariant, grouped, group),
    )
    yield (
        Text("Paths by group", "多组路径比较"),
        several and bool(plan.structure),
        lambda: groups.group_paths_part(plan.structure, grouped, group),
    )


def _other_steps(study: StudyDefinition, gathered: Gathered, fit: SEMResult) -> Iterator[Step]:
    """Yield robustness, sensitivity, behaviour, value and the checks from outside."""
    plan, tx, linked = study.analyses, gathered.tx, customers.analysed_link(gathered)
    yield Text("The multiverse", "多重分析设定"), bool(plan.effect), lambda: (
        robustness.robustness_part(
            fit, plan.effect, plan.estimators, ordered_items(gathered, fit),
            gathered.responses.data, gathered.screening,
        )
    )  # fmt: skip
    yield (
        Text("Dynamic cut-offs", "动态拟合界值"),
        plan.replicates > 0,
        lambda: robustness.cutoffs_part(fit, plan.replicates, plan.seed),
    )
    yield (
        Text("Power achieved", "实际检验功效"),
        _usable(plan, fit),
        lambda: robustness.power_part(fit, plan.seed),
    )
    if tx is not None and linked is not None:
        yield from _customer_steps(study, gathered, fit, linked)
    if plan.paper is not None:
        paper = plan.paper
        yield (
            Text("Audit of the printed study", "原文结果核查"),
            True,
            lambda: audited.audit_part(paper()),
        )
    yield (
        Text("Other programs", "其他程序核对"),
        bool(plan.estimators),
        lambda: audited.crosscheck_part(fit),
    )


def _customer_steps(
    study: StudyDefinition, gathered: Gathered, fit: SEMResult, linked: Linked
) -> Iterator[Step]:
    """Yield the steps that need the orders of the respondents."""
    plan, tx = study.analyses, gathered.tx
    if tx is None:
        return
    yield Text("Behaviour", "消费行为描述"), True, lambda: customers.behaviour_part(tx, linked)
    yield Text("Predicted value", "价值预测"), True, lambda: customers.value_part(tx)
    yield (
        Text("Loyalty measured three ways", "忠诚度三种测量的比较"),
        bool(plan.scores),
        lambda: customers.triangulation_part(
            fit, linked, plan, variable_labels(gathered.questionnaire, indicators(fit))
        ),
    )
    yield (
        Text("Worth of raising a driver", "提升驱动因素的价值"),
        bool(plan.drivers),
        lambda: customers.worth_part(study.model, linked, plan, study.group),
    )


def _usable(plan: Analyses, fit: SEMResult) -> bool:
    """Tell whether samples can be drawn from the solution."""
    return bool(plan.effect) and rivals.is_proper(fit)


def with_group(study: StudyDefinition, gathered: Gathered) -> pd.DataFrame:
    """Return the answers with the column that tells groups, where the study has one."""
    data = gathered.responses.data
    if study.group is None:
        return data
    told = gathered.responses.frame[study.group].to_numpy()
    return data.assign(**{study.group: np.asarray(told, dtype=object)})


def named_latents(model: str) -> dict[str, tuple[str, ...]]:
    """Return the names on the left of ``=~`` in a model of ours, as a measurement without items."""
    lines = (line.partition("=~") for line in model.splitlines())
    return {left.strip(): () for left, operator, _ in lines if operator}


def ordered_items(gathered: Gathered, fit: SEMResult) -> list[str]:
    """Return the model's items that were answered on a scale of few categories."""
    few = {item.name for item in gathered.questionnaire.items if item.source != "record"}
    latents = indicators(fit)
    return [
        name
        for items in latents.values()
        for name in items
        if name in few and gathered.responses.data[name].nunique() <= MOST_CATEGORIES
    ]


#: Answers of more categories are taken as continuous.
MOST_CATEGORIES = 7
