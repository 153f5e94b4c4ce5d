"""Compute every index that questionnaire and table allow, and remark upon the extreme ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices, Mask
from loyaltysem.survey.screening.consistency import even_odd, person_total, psychometric_pairs
from loyaltysem.survey.screening.criteria import (
    CRITERIA,
    STANDARD,
    Cutoffs,
    ScreeningRule,
    named_rule,
)
from loyaltysem.survey.screening.distance import mahalanobis, unmasked_tail
from loyaltysem.survey.screening.patterns import (
    average_longstring,
    intra_individual_variability,
    longstring,
)
from loyaltysem.survey.screening.records import (
    NEVER,
    earlier_double,
    instructions_missed,
    missing_share,
    seconds_per_item,
)
from loyaltysem.survey.screening.result import Screening
from loyaltysem.survey.screening.sources import (
    Answers,
    NamedPairs,
    PairSource,
    factors_of,
    pairs_of,
    rating_answers,
    source_columns,
    times_taken,
)

if TYPE_CHECKING:
    from loyaltysem.survey.responses import Responses

FEWEST_FACTORS = 3
FEWEST_PAIRS = 3
BELOW = frozenset({"response_time", "mahalanobis", "synonyms", "even_odd", "person_total"})
AT_MOST = frozenset({"irv"})
AT_LEAST = frozenset({"longstring", "attention"})


@dataclass(frozen=True, slots=True)
class Request:
    """What `screen` was asked; see there."""

    cutoffs: Cutoffs
    seconds: str | tuple[str, str] | None
    sources: Collection[str]
    pairs: PairSource | NamedPairs
    critical: float
    attention: Mapping[str, Sequence[float]]


def screen(
    responses: Responses,
    *,
    rule: ScreeningRule | str = STANDARD,
    cutoffs: Cutoffs | None = None,
    seconds: str | tuple[str, str] | None = None,
    sources: Collection[str] = (),
    pairs: PairSource | NamedPairs = "questionnaire",
    critical: float = 0.60,
    attention: Mapping[str, Sequence[float]] | None = None,
) -> Screening:
    """Screen answers for careless responding. Nothing is deleted.

    Parameters
    ----------
    responses : Responses
        Answers that fit their questionnaire.
    rule : ScreeningRule or str
        The rule the summary counts by.
    cutoffs : Cutoffs, optional
        From which values on an index is remarked upon.
    seconds : str or tuple of str, optional
        The column with the time taken, in seconds, or the columns of start and end.
    sources : collection of str
        Columns that tell where answers came from, such as an IP address; equal ones are remarked
        upon. No rule of ours leaves anybody out for it: families and offices share an address.
    pairs : {"questionnaire", "critical"} or mapping
        Where item pairs come from; see `sources.pairs_of`.
    critical : float
        Smallest correlation of pairs with ``pairs="critical"``.
    attention : mapping of str to sequence of float, optional
        Obedient answers by attention item, instead of the questionnaire's.

    Returns
    -------
    Screening

    Notes
    -----
    Longest string, IRV, person–total correlation and pairs take answers as given, even–odd takes
    reverse items turned, in the order in which the questionnaire asks. Only likert items people
    were asked count. Where they do not share one scale, all but the strings use answers as shares
    of each scale's width. `mahalanobis` is the distance from everybody, the value remarked upon is
    `mahalanobis_p`, measured from the people who look attentive; see `distance.unmasked_tail`.
    """
    request = Request(
        cutoffs or Cutoffs(), seconds, sources, pairs, critical,
        _instructed(responses) if attention is None else attention,
    )  # fmt: skip
    answers = rating_answers(responses.frame, responses.questionnaire)
    rows = pd.Index(responses.rows, name="row")
    limits = _limits(answers, request)
    columns = {
        **_answer_indices(answers, request, limits),
        **_record_indices(responses, answers, request),
    }
    indices = pd.DataFrame(columns, index=rows)
    limits = _by_percentile(limits, indices, request)
    flags = pd.DataFrame({c.name: _flag(c.name, indices[c.index], limits) for c in CRITERIA})
    return Screening(
        responses, indices, flags.set_axis(rows, axis=0), limits,
        _notes(answers, indices, request), named_rule(rule),
    )  # fmt: skip


def _instructed(responses: Responses) -> dict[str, Sequence[float]]:
    return {item.name: item.expected for item in responses.questionnaire.attention_items}


def _limits(answers: Answers, request: Request) -> dict[str, float]:
    """Return the value each criterion turns at, NaN where it is not looked at."""
    given = request.cutoffs
    count = len(answers.items)
    asked: dict[str, float | None] = {
        "attention": given.attention_missed if request.attention else None,
        "response_time": given.seconds_per_item if request.seconds else None,
        "duplicate_id": 0.0,
        "duplicate_answers": 0.0,
        "duplicate_source": 0.0 if request.sources else None,
        "missing": given.missing_share,
        "longstring": _longest_allowed(given, count),
        "irv": None if given.irv_share is None else given.irv_share * answers.width,
        "mahalanobis": given.mahalanobis_p,
        "synonyms": given.synonyms,
        "antonyms": given.antonyms,
        "even_odd": given.even_odd,
        "person_total": given.person_total,
    }
    return {name: np.nan if value is None else value for name, value in asked.items()}


def _longest_allowed(cutoffs: Cutoffs, count: int) -> float | None:
    if cutoffs.longstring_share is None or count < cutoffs.longstring_least:
        return None
    return float(max(cutoffs.longstring_least, np.ceil(cutoffs.longstring_share * count)))


def _by_percentile(
    limits: dict[str, float], indices: pd.DataFrame, request: Request
) -> dict[str, float]:
    """Raise the limit of response times to a percentile, when one is asked for."""
    share = request.cutoffs.time_percentile
    times = indices["seconds_per_item"].dropna().to_numpy(np.float64)
    if share is None or not times.size:
        return limits
    slowest = float(np.percentile(times, share))
    return {**limits, "response_time": float(np.fmax(limits["response_time"], slowest))}


def _answer_indices(
    answers: Answers, request: Request, limits: Mapping[str, float]
) -> dict[str, Array]:
    """Return the indices made of the answers themselves, each of shape (N,)."""
    strings = longstring(answers.given) if answers.items else _nothing(answers)
    spread = intra_individual_variability(answers.even)
    dull = (strings >= limits["longstring"]) | (spread <= limits["irv"])
    distance, _ = mahalanobis(answers.even)
    return {
        "longstring": strings,
        "average_longstring": average_longstring(answers.given),
        "irv": spread,
        "mahalanobis": distance,
        "mahalanobis_p": unmasked_tail(answers.even, dull),
        "synonyms": _pairs_index(answers, pairs_of(answers, request.pairs, "synonyms",
                                                   request.critical)),
        "antonyms": _pairs_index(answers, pairs_of(answers, request.pairs, "antonyms",
                                                   request.critical)),
        "even_odd": _even_odd_index(answers),
        "person_total": person_total(answers.even),
    }  # fmt: skip


def _nothing(answers: Answers) -> Array:
    return np.full(len(answers.given), np.nan)


def _pairs_index(answers: Answers, pairs: Indices) -> Array:
    if len(pairs) < FEWEST_PAIRS:
        return _nothing(answers)
    return psychometric_pairs(answers.even, pairs)


def _even_odd_index(answers: Answers) -> Array:
    factors = factors_of(answers)
    if len(factors) < FEWEST_FACTORS:
        return _nothing(answers)
    return even_odd(answers.turned, factors)


def _record_indices(responses: Responses, answers: Answers, request: Request) -> dict[str, Array]:
    """Return the indices made of what stands beside the answers, each of shape (N,)."""
    frame = responses.frame
    answered = (~np.isnan(answers.given)).sum(axis=1)
    identified = responses.questionnaire.respondent_id is not None
    ids = source_columns(frame, [str(responses.questionnaire.respondent_id)] if identified else [])
    where = source_columns(frame, request.sources)
    return {
        "seconds_per_item": seconds_per_item(
            times_taken(frame, request.seconds), answered.astype(np.float64)
        ),
        "attention_missed": instructions_missed(frame, request.attention)
        if request.attention
        else _nothing(answers),
        "missing_share": missing_share(answers.given),
        "duplicate_id_of": _row_of_double(ids, responses.rows),
        "duplicate_answers_of": _double_answers(responses, answered, request.cutoffs),
        "duplicate_source_of": _row_of_double(where, responses.rows),
    }


def _double_answers(responses: Responses, answered: Array, cutoffs: Cutoffs) -> Array:
    """Return the row with the same answers to everything asked, for people who said enough."""
    names = [i.name for i in responses.questionnaire.asked_items if i.scale.kind != "text"]
    doubles = _row_of_double(responses.frame[names], responses.rows)
    return np.where(answered >= cutoffs.duplicates_least, doubles, np.nan)


def _row_of_double(table: pd.DataFrame, rows: Indices) -> Array:
    earlier = earlier_double(table)
    found = rows[np.maximum(earlier, 0)].astype(np.float64)
    return np.where(earlier == NEVER, np.nan, found)


def _flag(name: str, values: pd.Series[float], limits: Mapping[str, float]) -> Mask:
    """Return who is remarked upon; NaN on either side is never remarked upon."""
    x, limit = values.to_numpy(np.float64), limits[name]
    if name in BELOW:
        return x < limit
    if name in AT_MOST:
        return x <= limit
    return x >= limit if name in AT_LEAST else x > limit


def _notes(answers: Answers, indices: pd.DataFrame, request: Request) -> tuple[Finding, ...]:
    """Say which indices do not exist for anybody, and why."""
    notes = []
    if not answers.items:
        notes.append(Finding("screening.no_rating_items", NO_ITEMS, severity="note"))
    elif indices["mahalanobis"].isna().all():
        notes.append(Finding("screening.no_distance", NO_DISTANCE, severity="note"))
    if answers.items and indices["even_odd"].isna().all():
        notes.append(Finding("screening.no_even_odd", NO_EVEN_ODD, severity="note"))
    if answers.items and indices["synonyms"].isna().all():
        notes.append(Finding("screening.no_synonyms", NO_SYNONYMS, severity="note"))
    if request.seconds is None:
        notes.append(Finding("screening.no_times", NO_TIMES, severity="note"))
    if not request.attention:
        notes.append(Finding("screening.no_attention", NO_ATTENTION, severity="note"))
    return tuple(notes)


NO_ITEMS = Text(
    "The questionnaire asks no rating items: answers themselves could not be screened.",
    "问卷中没有量表题，无法对作答内容进行筛查。",
)
NO_DISTANCE = Text(
    "No Mahalanobis distance: fewer respondents than items, or an item that others determine.",
    "无法计算马氏距离：样本量少于题项数，或某题项可由其他题项完全决定。",
)
NO_EVEN_ODD = Text(
    "No even–odd consistency: it takes three constructs of two rating items each, and answers "
    "that vary.",
    "无法计算奇偶一致性：至少需要三个各含两道量表题的构念，且作答须有变异。",
)
NO_SYNONYMS = Text(
    "No psychometric synonyms: fewer than three pairs of items were found.",
    "无法计算心理测量同义题指标：可用题项对不足三对。",
)
NO_TIMES = Text(
    "Response times were not looked at: name their column in `seconds`.",
    "未筛查作答时间：请用 seconds 参数指明作答用时所在的列。",
)
NO_ATTENTION = Text("The questionnaire has no attention items.", "问卷中未设置注意力检测题。")
