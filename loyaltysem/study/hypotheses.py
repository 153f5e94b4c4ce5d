"""Hypotheses about model parameters, and the verdict on each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from loyaltysem.analysis.effects import Path
from loyaltysem.core.text import Text
from loyaltysem.study.constructs import ANTECEDENTS, ECSI_CONSTRUCTS, labels
from loyaltysem.study.models import ECSI_PATHS

Expectation: TypeAlias = Literal["+", "-", "≠0"]
Verdict: TypeAlias = Literal["supported", "not supported", "not testable"]
#: The analysis a verdict comes from.
Evidence: TypeAlias = Literal["model", "mediation", "moderation", "antecedents", "groups_test"]
EVIDENCE: Mapping[Evidence, Text] = MappingProxyType(
    {
        "model": Text("structural model", "结构模型"),
        "mediation": Text("bootstrap (BCa)", "自助法（BCa）"),
        "moderation": Text("latent interaction", "潜变量交互模型"),
        "antecedents": Text("model of antecedents", "前因模型"),
        "groups_test": Text("test of equal paths", "多组路径等值检验"),
    }
)

#: Level of the two-sided test behind every verdict.
SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A claim about a path (``~``), a defined effect (``:=``) or equal paths in groups (``==``).

    Parameters
    ----------
    key : str
        Short name, such as ``"H1"``.
    text : Text
        The claim in words.
    lhs, op, rhs : str
        The parameter's row; `rhs` is ignored for ``:=``.
    expected : {"+", "-", "≠0"}
        The expected sign.
    evidence : str
        The analysis that decides: the fitted model, or the table of a further analysis.
    """

    key: str
    text: Text
    lhs: str
    op: Literal["~", ":=", "=="]
    rhs: str = ""
    expected: Expectation = "≠0"
    evidence: Evidence = "model"


def verdict(estimate: float, pvalue: float, expected: Expectation) -> Verdict:
    """Judge a hypothesis: supported when p < .05 (two-sided) and the sign is as expected.

    Examples
    --------
    >>> verdict(0.4, 0.001, "+"), verdict(-0.4, 0.001, "+"), verdict(0.4, math.nan, "+")
    ('supported', 'not supported', 'not testable')
    """
    if math.isnan(estimate) or math.isnan(pvalue):
        return "not testable"
    as_expected = expected == "≠0" or (estimate > 0) == (expected == "+")
    return "supported" if pvalue < SIGNIFICANCE and as_expected else "not supported"


def verdict_of_interval(lower: float, upper: float, expected: Expectation) -> Verdict:
    """Judge a hypothesis by an interval: supported when it keeps clear of 0 on the expected side.

    Examples
    --------
    >>> verdict_of_interval(0.1, 0.5, "+"), verdict_of_interval(-0.1, 0.5, "+")
    ('supported', 'not supported')
    """
    if math.isnan(lower) or math.isnan(upper):
        return "not testable"
    sides = {"+": lower > 0, "-": upper < 0, "≠0": lower > 0 or upper < 0}
    return "supported" if sides[expected] else "not supported"


def two_sided(paths: Sequence[tuple[str, str]]) -> tuple[Hypothesis, ...]:
    """Return a two-sided hypothesis for every ``(outcome, predictor)`` path."""
    return tuple(
        Hypothesis(
            f"P{number}",
            Text(f"{predictor} is related to {outcome}", f"{predictor} 与 {outcome} 相关"),
            outcome,
            "~",
            predictor,
        )
        for number, (outcome, predictor) in enumerate(paths, start=1)
    )


def _ecsi(number: int, path: Path) -> Hypothesis:
    named = labels(ECSI_CONSTRUCTS)
    cause, effect = named[path.predictor], named[path.outcome]
    text = Text(f"{cause.en} → {effect.en} (positive)", f"{cause.zh}对{effect.zh}有正向影响")
    return Hypothesis(f"H{number}", text, path.outcome, "~", path.predictor, "+")


ECSI_HYPOTHESES: tuple[Hypothesis, ...] = tuple(
    _ecsi(number, path) for number, path in enumerate(ECSI_PATHS, start=1)
)

_PREDICTORS = labels(ANTECEDENTS)

STUDY_HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        "H1",
        Text("Customer loyalty raises customer lifetime value", "客户忠诚度正向影响客户终身价值"),
        "total", ":=", "", "+",
    ),
    Hypothesis(
        "H1a",
        Text(
            "Loyalty raises lifetime value also directly, beyond relationship quality",
            "控制客户关系质量后，客户忠诚度仍直接正向影响客户终身价值",
        ),
        "CLV", "~", "Loyalty", "+",
    ),
    Hypothesis(
        "H2",
        Text("Customer loyalty raises relationship quality", "客户忠诚度正向影响客户关系质量"),
        "RelationshipQuality", "~", "Loyalty", "+",
    ),
    Hypothesis(
        "H3",
        Text(
            "Relationship quality raises customer lifetime value",
            "客户关系质量正向影响客户终身价值",
        ),
        "CLV", "~", "RelationshipQuality", "+",
    ),
    Hypothesis(
        "H4",
        Text(
            "Relationship quality carries part of the effect of loyalty on lifetime value",
            "客户关系质量在客户忠诚度与客户终身价值之间起中介作用",
        ),
        "indirect", ":=", "", "+", "mediation",
    ),
    Hypothesis(
        "H5",
        Text(
            "Relationship quality strengthens the effect of loyalty on lifetime value",
            "客户关系质量正向调节客户忠诚度对客户终身价值的影响",
        ),
        "CLV", "~", "Interaction", "+", "moderation",
    ),
    *(
        Hypothesis(
            f"H6{letter}",
            Text(
                f"{_PREDICTORS[name].en} raises customer loyalty",
                f"{_PREDICTORS[name].zh}正向影响客户忠诚度",
            ),
            "Loyalty", "~", name, "+", "antecedents",
        )
        for letter, name in zip("abcde", _PREDICTORS, strict=True)
    ),
    Hypothesis(
        "H7",
        Text(
            "The paths differ between internet, retail and finance customers",
            "上述路径在互联网、零售与金融行业的客户之间存在差异",
        ),
        "paths", "==", "industry", "≠0", "groups_test",
    ),
)  # fmt: skip
