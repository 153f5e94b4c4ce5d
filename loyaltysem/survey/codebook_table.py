"""What a questionnaire asks, as a table: one row for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loyaltysem.core.text import LANGUAGES, Text

if TYPE_CHECKING:
    import pandas as pd

    from loyaltysem.survey.instrument import Item, Questionnaire


def codebook(questionnaire: Questionnaire) -> pd.DataFrame:
    """Return one row per item: wording, scale and construct in both languages.

    Returns
    -------
    DataFrame
        Columns ``item construct construct_en construct_zh text_en text_zh scale kind minimum
        maximum labels_en labels_zh unit_en unit_zh reverse sources role expected required source
        module page``.
    """
    import pandas as pd

    return pd.DataFrame([_codebook_row(questionnaire, item) for item in questionnaire.items])


def _codebook_row(questionnaire: Questionnaire, item: Item) -> dict[str, object]:
    construct = questionnaire.construct(item.construct) if item.construct else None
    label = construct.label if construct else Text("")
    scale = item.scale
    return {
        "item": item.name,
        "construct": item.construct,
        **{f"construct_{language}": label.in_(language) for language in LANGUAGES},
        **{f"text_{language}": item.text.in_(language) for language in LANGUAGES},
        "scale": scale.name,
        "kind": scale.kind,
        "minimum": scale.minimum,
        "maximum": scale.maximum,
        **{
            f"labels_{language}": "; ".join(f"{k} {v.in_(language)}" for k, v in points)
            for language in LANGUAGES
            for points in [scale.labels.items()]
        },
        **{f"unit_{language}": scale.unit.in_(language) for language in LANGUAGES},
        "reverse": item.reverse,
        "sources": ", ".join(construct.sources) if construct else "",
        "role": item.role,
        "expected": ", ".join(f"{answer:g}" for answer in item.expected),
        "required": item.required,
        "source": item.source,
        "module": item.module,
        "page": next((p.name for p in questionnaire.layout() if item.name in p.items), None),
    }
