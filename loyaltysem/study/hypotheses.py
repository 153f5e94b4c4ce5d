"""Hypotheses about model parameters, and the verdict on each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.analysis.effects import Path
from loyaltysem.core.text import Text
from loyaltysem.study.constructs import ECSI_CONSTRUCTS, labels
from loyaltysem.study.models import ECSI_PATHS

Expectation: TypeAlias = Literal["+", "-", "≠0"]
Verdict: TypeAlias = Literal["supported", "not supported", "not testable"]

#: Level of the two-sided test behind every verdict.
SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A claim about one parameter: a path (``~``) or a defined effect (``:=``).

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
    """

    key: str
    text: Text
    lhs: str
    op: Literal["~", ":="]
    rhs: str = ""
    expected: Expectation = "≠0"


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

STUDY_HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        "H1",
        Text("Customer loyalty raises customer lifetime value", "客户忠诚度正向影响客户终身价值"),
        "total",
        ":=",
        "",
        "+",
    ),
    Hypothesis(
        "H2",
        Text("Customer loyalty raises relationship quality", "客户忠诚度正向影响客户关系质量"),
        "RelationshipQuality",
        "~",
        "Loyalty",
        "+",
    ),
    Hypothesis(
        "H3",
        Text(
            "Relationship quality raises customer lifetime value",
            "客户关系质量正向影响客户终身价值",
        ),
        "CLV",
        "~",
        "RelationshipQuality",
        "+",
    ),
    Hypothesis(
        "H4",
        Text(
            "Relationship quality carries part of the effect of loyalty on lifetime value",
            "客户关系质量在客户忠诚度与客户终身价值之间起中介作用",
        ),
        "indirect",
        ":=",
        "",
        "+",
    ),
    Hypothesis(
        "H5",
        Text(
            "Loyalty has a direct effect on lifetime value beyond relationship quality",
            "控制客户关系质量后，客户忠诚度对客户终身价值仍有直接影响",
        ),
        "CLV",
        "~",
        "Loyalty",
        "+",
    ),
)
