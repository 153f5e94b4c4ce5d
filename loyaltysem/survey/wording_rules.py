"""What wording of items is known to cause trouble, as patterns for English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyaltysem.core.text import Language, Text

Kind: TypeAlias = Literal[
    "double_barrelled", "leading", "negation", "double_negation", "absolute", "long", "hard_to_read"
]


@dataclass(frozen=True, slots=True)
class Rule:
    """Passages to look for, and words that only look like them.

    Parameters
    ----------
    kind : str
        What is wrong.
    language : {"en", "zh"}
        Of the patterns.
    pattern : Pattern
        Finds the passage.
    harmless : Pattern or None
        Taken out of the text before looking.
    """

    kind: Kind
    language: Language
    pattern: re.Pattern[str]
    harmless: re.Pattern[str] | None = None


def _english(kind: Kind, words: str, harmless: str = "") -> Rule:
    return Rule(
        kind,
        "en",
        re.compile(rf"\b(?:{words})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{harmless})\b", re.IGNORECASE) if harmless else None,
    )


def _chinese(kind: Kind, words: str, harmless: str = "") -> Rule:
    return Rule(kind, "zh", re.compile(words), re.compile(harmless) if harmless else None)


RULES: tuple[Rule, ...] = (
    _english(
        "double_barrelled",
        "and|or|as well as|together with",
        "and so on|more or less|now and then|sooner or later",
    ),
    _english(
        "leading",
        "obviously|of course|surely|naturally|undoubtedly|everyone knows|as you know|don't you|"
        "wouldn't you|isn't it|excellent|outstanding|superb|wonderful|terrible|awful|ought to|"
        "should",
    ),
    _english(
        "negation",
        "not|no|never|nothing|nobody|none|neither|nor|cannot|without|hardly|rarely|"
        "(?:do|does|did|is|are|was|were|ca|wo|would|could|should|have|has|had)n['’]t",
        "no matter|no doubt|not only|nothing but",
    ),
    _english(
        "absolute",
        "always|never|all|every|everyone|everything|completely|entirely|totally|absolutely",
        "all things considered|after all|above all|all in all|first of all|at all",
    ),
    _chinese(
        "double_barrelled",
        "以及|并且|而且|同时|或者|和|与|及|或|、",
        "和谐|温和|和睦|和气|平和|缓和|柔和|参与|与其|与否|与众不同|赠与|与[^，。、]{0,10}?"
        "(?:相比|比较|的关系|联系|一致)|及时|及格|普及|涉及|来得及|或许|或多或少",
    ),
    _chinese(
        "leading",
        "显然|当然|众所周知|毫无疑问|毋庸置疑|难道|不是吗|应该|应当|理所当然|优秀|出色|卓越|糟糕|恶劣|大家都",
    ),
    _chinese(
        "negation",
        "不|没有|没|无|未|并非|从未",
        "不错|不断|不仅|不但|不只|不论|不管|无论|无疑|不过|不同|不少|未来|没准|差不多|无微不至|了不起|不舍|"
        "毫不犹豫|不由得|不久",
    ),
    _chinese("absolute", "总是|从不|从来|从未|所有|一切|完全|每次|永远|绝对|全部|任何|唯一"),
)

NOTES: Mapping[Kind, Text] = {
    "double_barrelled": Text(
        "may ask two things at once: whoever agrees with one of them only cannot answer",
        "可能一题多问：只同意其中一部分的受访者难以作答",
    ),
    "leading": Text("may suggest the answer", "可能带有引导性"),
    "negation": Text(
        "holds a negation, which is easily overlooked", "含有否定词，容易被受访者忽略"
    ),
    "double_negation": Text("holds more than one negation", "含有双重否定，不易理解"),
    "absolute": Text(
        "holds an absolute, which few can agree with", "含有绝对化用语，多数受访者难以完全同意"
    ),
    "long": Text("is long", "题项偏长"),
    "hard_to_read": Text("is hard to read", "不易读懂"),
}
