"""What is looked at, from which value on it is remarked upon, and what that is called.

A criterion turns one index into a flag and the flag into words. A `ScreeningRule` is what a
researcher decides to do about flags; nothing is left out without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True)
class Criterion:
    """One ground for a remark.

    Parameters
    ----------
    name : str
        What rules call it.
    index : str
        The column of `Screening.indices` it looks at.
    title : Text
        Its name for people.
    reason : Text
        The remark, with ``{value}`` and ``{cutoff}`` in it.
    digits : int
        Decimals of both numbers; −1 for a p value, −2 for a share of one.
    """

    name: str
    index: str
    title: Text
    reason: Text
    digits: int = 2


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "attention", "attention_missed", Text("Attention items missed", "注意力检测题未通过"),
        Text("missed {value} attention item(s)", "{value} 道注意力检测题未按要求作答"), 0,
    ),
    Criterion(
        "response_time", "seconds_per_item", Text("Response time", "作答时间"),
        Text("took {value} s an item (less than {cutoff} s)",
             "平均每题仅用 {value} 秒（少于 {cutoff} 秒）"),
    ),
    Criterion(
        "duplicate_id", "duplicate_id_of", Text("Respondent id given before", "受访者编号重复"),
        Text("has the respondent id of row {value}", "受访者编号与第 {value} 行相同"), 0,
    ),
    Criterion(
        "duplicate_answers", "duplicate_answers_of",
        Text("Answers given before", "答案与他人完全相同"),
        Text("has the same answers as row {value}", "全部答案与第 {value} 行相同"), 0,
    ),
    Criterion(
        "duplicate_source", "duplicate_source_of",
        Text("Source seen before", "来源重复（如 IP 地址）"),
        Text("comes from the same source as row {value}", "与第 {value} 行来源相同"), 0,
    ),
    Criterion(
        "missing", "missing_share", Text("Missing answers", "缺失作答"),
        Text("left {value} of the items unanswered (more than {cutoff})",
             "缺失 {value} 的题项（超过 {cutoff}）"), -2,
    ),
    Criterion(
        "longstring", "longstring", Text("Longest string", "最长连续相同作答"),
        Text("gave the same answer {value} times in a row ({cutoff} or more)",
             "连续 {value} 题作答相同（达到 {cutoff} 题）"), 0,
    ),
    Criterion(
        "irv", "irv", Text("Variability within the person (IRV)", "个体内作答变异（IRV）"),
        Text("answers hardly vary (SD {value}, at most {cutoff})",
             "各题作答几乎没有变化（标准差 {value}，不高于 {cutoff}）"),
    ),
    Criterion(
        "mahalanobis", "mahalanobis_p", Text("Mahalanobis distance", "马氏距离"),
        Text("answers are far from everybody's (Mahalanobis p {value}, below {cutoff})",
             "作答模式明显偏离总体（马氏距离 p {value}，小于 {cutoff}）"), -1,
    ),
    Criterion(
        "synonyms", "synonyms", Text("Psychometric synonyms", "心理测量同义题"),
        Text("answers to like items do not go together (r = {value}, below {cutoff})",
             "含义相近的题项作答不一致（r = {value}，低于 {cutoff}）"),
    ),
    Criterion(
        "antonyms", "antonyms", Text("Psychometric antonyms", "心理测量反义题"),
        Text("answers to opposite items are not opposite (r = {value}, above {cutoff})",
             "含义相反的题项作答未呈反向（r = {value}，高于 {cutoff}）"),
    ),
    Criterion(
        "even_odd", "even_odd", Text("Even–odd consistency", "奇偶一致性"),
        Text("halves of the scales disagree (r = {value}, below {cutoff})",
             "各量表奇偶两半得分不一致（r = {value}，低于 {cutoff}）"),
    ),
    Criterion(
        "person_total", "person_total", Text("Person–total correlation", "个体与总体相关"),
        Text("answers run against everybody's (r = {value}, below {cutoff})",
             "作答高低与总体趋势不符（r = {value}，低于 {cutoff}）"),
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Criterion] = MappingProxyType({c.name: c for c in CRITERIA})


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """From which value on an index is remarked upon; None: never.

    Parameters
    ----------
    longstring_share : float or None
        Strings as long as this share of the items, and of at least `longstring_least` items. Half
        of the items is what Curran (2016) calls careless.
    longstring_least : int
        Shorter strings are never remarked upon.
    irv_share : float or None
        IRV up to this share of the scale's width: .06 of 1 to 5 is a standard deviation of .24,
        the same answer throughout but for one of 24 that is off by one point.
    mahalanobis_p : float or None
        Upper tail probability of the distance.
    synonyms, antonyms, even_odd, person_total : float or None
        Correlations within the person: remarked upon when below (antonyms: above). 0 is what
        random answers give on average.
    seconds_per_item : float or None
        Two seconds an item is the least that Huang et al. (2012) hold possible.
    time_percentile : float or None
        Instead or besides: the fastest so many per cent of the respondents.
    attention_missed : float or None
        So many attention items or more.
    missing_share : float or None
        More than this share of the items unanswered.
    duplicates_least : int
        Equal answers count as a duplicate from so many items answered on.
    """

    longstring_share: float | None = 0.5
    longstring_least: int = 6
    irv_share: float | None = 0.06
    mahalanobis_p: float | None = 0.001
    synonyms: float | None = 0.0
    antonyms: float | None = 0.0
    even_odd: float | None = 0.0
    person_total: float | None = 0.0
    seconds_per_item: float | None = 2.0
    time_percentile: float | None = None
    attention_missed: float | None = 1.0
    missing_share: float | None = 0.5
    duplicates_least: int = 10


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """Whom to leave out: a decision of the researcher, with a name to report.

    Parameters
    ----------
    name : str
        What reports call it.
    any_of : tuple of str
        One of these criteria is enough.
    among : tuple of str
        Of these criteria, it takes `at_least`.
    at_least : int
        How many.

    Raises
    ------
    IncompatibleRequestError
        An unknown criterion, a criterion given twice, or a rule that can never apply.

    Examples
    --------
    >>> ScreeningRule("by instruction", any_of=("attention",)).in_words("en")
    'any of: Attention items missed'
    """

    name: str
    any_of: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    at_least: int = 2

    def __post_init__(self) -> None:
        for criterion in self.criteria:
            if criterion not in BY_NAME:
                raise IncompatibleRequestError(
                    f"'{criterion}' is not a screening criterion.",
                    code="screening.criterion",
                    hint=did_you_mean(criterion, BY_NAME) or f"Known: {', '.join(BY_NAME)}.",
                )
        if not self.criteria or (self.among and not 1 <= self.at_least <= len(self.among)):
            raise IncompatibleRequestError(
                f"The screening rule '{self.name}' can never apply.",
                code="screening.rule",
                hint="Name criteria in any_of, or in among with at_least from 1 to their number.",
            )
        if len(set(self.criteria)) < len(self.criteria):
            raise IncompatibleRequestError(
                f"The screening rule '{self.name}' names a criterion twice.",
                code="screening.rule",
                hint="Each criterion belongs either in any_of or in among.",
            )

    @property
    def criteria(self) -> tuple[str, ...]:
        """Every criterion the rule looks at, in order."""
        return (*self.any_of, *self.among)

    def in_words(self, language: str = "en") -> str:
        """Return the rule as people read it."""
        chinese = language == "zh"
        between = "、" if chinese else ", "
        first = between.join(_title(name, chinese) for name in self.any_of)
        more = between.join(_title(name, chinese) for name in self.among)
        parts = [f"符合任一项：{first}" if chinese else f"any of: {first}"] if first else []
        if more:
            asked = f"符合至少 {self.at_least} 项：" if chinese else f"{self.at_least} or more of: "
            parts.append(asked + more)
        return ("；" if chinese else "; ").join(parts)


def _title(name: str, chinese: bool) -> str:
    return BY_NAME[name].title.in_("zh" if chinese else "en")


STANDARD = ScreeningRule(
    "standard",
    any_of=(
        "attention", "response_time", "duplicate_id", "duplicate_answers", "missing",
        "longstring", "irv", "mahalanobis",
    ),
    among=("synonyms", "even_odd", "person_total"),
    at_least=3,
)  # fmt: skip
"""The default: signs that suffice alone, or every sign of inconsistency at once."""
DIRECT = ScreeningRule(
    "direct", any_of=("attention", "response_time", "duplicate_id", "duplicate_answers", "missing")
)
RULES: Mapping[str, ScreeningRule] = MappingProxyType({r.name: r for r in (STANDARD, DIRECT)})


def named_rule(rule: ScreeningRule | str) -> ScreeningRule:
    """Return a rule, by its name if need be; the name of a criterion makes a rule of it alone.

    Raises
    ------
    IncompatibleRequestError
        The name belongs to neither.

    Examples
    --------
    >>> named_rule("longstring").any_of
    ('longstring',)
    """
    if isinstance(rule, ScreeningRule):
        return rule
    if rule in RULES:
        return RULES[rule]
    if rule in BY_NAME:
        return ScreeningRule(rule, any_of=(rule,))
    known = (*RULES, *BY_NAME)
    raise IncompatibleRequestError(
        f"'{rule}' is not the name of a screening rule.",
        code="screening.rule",
        hint=did_you_mean(rule, known)
        or "Use 'standard', 'direct', the name of a criterion, or make a ScreeningRule.",
    )
