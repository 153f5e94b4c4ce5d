"""Who was asked, who answered, who looks careless: the tables of flow and screening."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from loyaltysem.core.display import integer, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.study.part import Part
from loyaltysem.survey.responses import Responses
from loyaltysem.survey.screening.criteria import BY_NAME
from loyaltysem.survey.screening.distributions import distributions
from loyaltysem.survey.screening.result import Screening

#: Where each criterion is described; grounds that need no statistics have no source.
CRITERION_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "attention": "meade_craig_2012",
        "response_time": "huang_2012",
        "longstring": "curran_2016",
        "irv": "dunn_2018",
        "mahalanobis": "meade_craig_2012",
        "synonyms": "meade_craig_2012",
        "antonyms": "johnson_2005",
        "even_odd": "johnson_2005",
        "person_total": "curran_2016",
    }
)


def flow_part(analysed: Responses, sent: int | None, returned: int | None) -> Part:
    """Return the way from questionnaires sent to answers analysed, see `ResponseFlow.frame`."""
    return Part({"flow": analysed.flow(sent, returned=returned).frame})


def screening_part(screening: Screening) -> Part:
    """Return the criteria that were looked at, their counts, and the bins of their indices.

    ``screening``: ``criterion index title_en title_zh cutoff n flagged share only in_rule source``,
    `in_rule` being "alone" (enough by itself), "together" or "". ``screening_rule``: ``rule
    words_en words_zh not_looked_en not_looked_zh respondents flagged share``, one row; `not_looked`
    names the criteria of the rule that the data hold nothing for.
    ``screening_distributions``: see `loyaltysem.survey.screening.distributions`.
    """
    table = criteria_table(screening)
    if table.empty:
        return Part()
    rule = rule_table(screening)
    tables = {"screening": table, "screening_rule": rule}
    bins = distributions(screening)
    if not bins.empty:
        tables["screening_distributions"] = bins
    return Part(tables)


def criteria_table(screening: Screening) -> pd.DataFrame:
    """Return one row for each criterion that had something to look at."""
    summary = screening.summary
    summary = summary[summary["n"] > 0].reset_index(drop=True)
    names = summary["criterion"]
    summary.insert(1, "index", [BY_NAME[name].index for name in names])
    summary["in_rule"] = [_part_in_rule(screening, name) for name in names]
    summary["source"] = [CRITERION_SOURCES.get(name, "") for name in names]
    return summary


def _part_in_rule(screening: Screening, criterion: str) -> str:
    if criterion in screening.rule.any_of:
        return "alone"
    return "together" if criterion in screening.rule.among else ""


def rule_table(screening: Screening) -> pd.DataFrame:
    """Return the rule in words, and how many meet it."""
    met, count = int(screening.flagged().sum()), len(screening.flags)
    rule, looked = screening.rule, set(criteria_table(screening)["criterion"])
    idle = [BY_NAME[name].title for name in rule.criteria if name not in looked]
    return pd.DataFrame(
        [
            {
                "rule": rule.name, "words_en": rule.in_words("en"), "words_zh": rule.in_words("zh"),
                "not_looked_en": ", ".join(title.en for title in idle),
                "not_looked_zh": "、".join(title.in_("zh") for title in idle), "respondents": count,
                "flagged": met, "share": met / max(count, 1),
            }
        ]
    )  # fmt: skip


def flagged_finding(screening: Screening) -> tuple[Finding, ...]:
    """Return a note where respondents meet the rule and nobody was left out."""
    met, count = int(screening.flagged().sum()), len(screening.flags)
    if not met:
        return ()
    n, of, share, rule = integer(met), integer(count), percent(met / count), screening.rule.name
    return (
        Finding(
            "screening.flagged",
            Text(
                f"{n} of {of} respondents ({share}) meet the screening rule “{rule}”; nobody was "
                "left out for it.",
                f"{of} 份答卷中有 {n} 份（{share}）符合筛查规则“{rule}”，但未据此剔除任何答卷。",
            ),
            Text(
                "A remark is a reason to look at a row, not proof. The report shows the results "
                "without them as well.",
                "被标记只说明需要核查，并不等于草率作答。报告同时给出剔除后的结果。",
            ),
            "note",
        ),
    )


def unknown_finding(left_out: int) -> Finding:
    """Say that results with those left out cannot be shown, for want of their answers."""
    n = integer(left_out)
    return Finding(
        "screening.not_given",
        Text(
            f"{n} respondents had been left out before; the results with them cannot be shown.",
            f"此前已剔除 {n} 份答卷，无法给出包含这些答卷的结果。",
        ),
        Text(
            "Pass the screening that they were left out by: screening=r.screen(…).",
            "请传入剔除时所用的筛查结果：screening=r.screen(…)。",
        ),
        "note",
    )
