"""The tables that need the answers or the questionnaire beside the fitted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from loyaltysem.analysis.item_statistics import item_statistics
from loyaltysem.analysis.measurement.heterotrait import htmt_intervals
from loyaltysem.analysis.measurement.model_reliability import reliability
from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.analysis.validity import ave, composite_reliability, htmt, indicators
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study.sections import label_of
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import Responses

NAN = float("nan")
#: Draws behind the intervals of HTMT, and their seed; both stand in the table.
HTMT_DRAWS, HTMT_SEED = 1000, 1


def variable_labels(
    questionnaire: Questionnaire | None, measurement: Mapping[str, Sequence[str]]
) -> dict[str, Text]:
    """Return readers' names of items and latent variables.

    A latent variable takes the label of the questionnaire's construct of the same name (case and
    underscores aside), or else of the construct with exactly its items.
    """
    if questionnaire is None:
        return {}
    found = {item.name: item.text for item in questionnaire.items}
    by_name = {_folded(construct.name): construct.label for construct in questionnaire.constructs}
    by_items = {
        frozenset(construct.items): construct.label
        for construct in questionnaire.constructs
        if construct.items
    }
    for latent, names in measurement.items():
        label = by_name.get(_folded(latent)) or by_items.get(frozenset(names))
        if label is not None:
            found[latent] = label
    return found


def _folded(name: str) -> str:
    return name.casefold().replace("_", "")


SAMPLE_LABELS: Mapping[str, Text] = MappingProxyType(
    {
        "rows_read": Text("Rows in the file", "数据文件行数"),
        "blank_rows": Text("Blank rows left out", "略去的空行"),
        "excluded": Text("Respondents left out by rule", "按规则剔除的人数"),
        "respondents": Text("Respondents", "受访者人数"),
        "complete_cases": Text("Respondents who answered every item", "完整作答人数"),
        "incomplete_cases": Text("Respondents who skipped an item", "存在缺失作答的人数"),
        "missing_answers": Text("Missing answers", "缺失作答数"),
        "analysed": Text("Respondents in the model", "进入模型分析的人数"),
    }
)


def sample_table(fit: SEMResult, responses: Responses) -> pd.DataFrame:
    """Return the counts from the file to the model: ``measure label_en label_zh value``."""
    counts = {**responses.counts, "analysed": int(fit.fit_measures()["ntotal"])}
    return pd.DataFrame(
        [
            {"measure": key, "label_en": label.en, "label_zh": label.in_("zh"), "value": value}
            for key, value in counts.items()
            for label in [SAMPLE_LABELS.get(key, Text(key))]
        ]
    )


def items_table(responses: Responses, questionnaire: Questionnaire | None) -> pd.DataFrame:
    """Return wording, construct and statistics of every scored item."""
    instrument = (questionnaire or responses.questionnaire).fielded(responses.frame.columns)
    wording = pd.DataFrame(
        [
            {
                "item": item.name,
                "text_en": item.text.en,
                "text_zh": item.text.in_("zh"),
                "construct": item.construct,
                "reverse": item.reverse,
            }
            for item in instrument.scored_items
        ]
    )
    return wording.merge(item_statistics(responses.data), on="item", how="left")


def reliability_table(
    fit: SEMResult, data: pd.DataFrame | None, labels: Mapping[str, Text]
) -> pd.DataFrame:
    """Return α with its interval, ω, CR, AVE and maximal reliability of every latent variable.

    α needs the answers and at least two observed indicators; it is NaN otherwise. ω is the share
    of the construct in the implied variance of the sum of its items: for a second-order construct
    that of all items below it, ω hierarchical.
    """
    composite, extracted = composite_reliability(fit), ave(fit)
    modelled = {str(r["construct"]): r for r in reliability(fit).frame.to_dict("records")}
    rows = []
    for latent, items in indicators(fit).items():
        label = label_of(labels, latent)
        rows.append(
            {
                "construct": latent,
                "label_en": label.en,
                "label_zh": label.in_("zh"),
                "n_items": len(items),
                **_alpha(data, items),
                "omega": float(modelled[latent]["omega_implied"]),
                "composite_reliability": float(composite[latent]),
                "ave": float(extracted[latent]),
                "maximal_reliability": float(modelled[latent]["maximal_reliability"]),
            }
        )
    return pd.DataFrame(rows)


def _alpha(data: pd.DataFrame | None, items: Sequence[str]) -> dict[str, float]:
    if data is None or not _is_scale(data, items):
        return {"alpha": NAN, "alpha_lower": NAN, "alpha_upper": NAN}
    result = cronbach_alpha(data[list(items)])
    return {
        "alpha": result.alpha,
        "alpha_lower": result.ci_lower,
        "alpha_upper": result.ci_upper,
    }


def _is_scale(data: pd.DataFrame, items: Sequence[str]) -> bool:
    return len(items) > 1 and set(items) <= set(data.columns)


def alpha_findings(
    data: pd.DataFrame, measurement: Mapping[str, Sequence[str]]
) -> tuple[Finding, ...]:
    """Return what α found in the scales, such as an item that looks reverse-coded."""
    scales = [list(items) for items in measurement.values() if _is_scale(data, items)]
    return tuple(finding for items in scales for finding in cronbach_alpha(data[items]).findings)


def levels(measurement: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the latent variables measured by observed ones, and the factors at the top.

    A factor at the top is nobody's indicator. In a model without second-order factors the two
    lists are the same.
    """
    first = [name for name, items in measurement.items() if not set(items) & set(measurement)]
    below = {item for items in measurement.values() for item in items}
    return first, [name for name in measurement if name not in below]


def htmt_table(data: pd.DataFrame, measurement: Mapping[str, Sequence[str]]) -> pd.DataFrame | None:
    """Return the HTMT ratios of the first-order constructs, or None when fewer than two."""
    items = _compared(data, measurement)
    return htmt(data, items) if items else None


def htmt_intervals_table(
    data: pd.DataFrame, measurement: Mapping[str, Sequence[str]]
) -> dict[str, pd.DataFrame]:
    """Return the ratios with intervals as ``htmt_intervals``; empty as `htmt_table`.

    Columns as in `HTMTIntervals.frame`, and ``interval draws seed confidence``, the same in every
    row.
    """
    items = _compared(data, measurement)
    if not items:
        return {}
    found = htmt_intervals(data, items, draws=HTMT_DRAWS, seed=HTMT_SEED)
    settings = {"interval": found.interval, "draws": found.draws, "seed": found.seed}
    return {"htmt_intervals": found.frame.assign(**settings, confidence=found.confidence)}


def _compared(
    data: pd.DataFrame, measurement: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    """Return the items of the first-order constructs, empty when fewer than two are observed."""
    first, _ = levels(measurement)
    items = {name: measurement[name] for name in first}
    observed = all(set(names) <= set(data.columns) for names in items.values())
    return items if len(items) > 1 and observed else {}
