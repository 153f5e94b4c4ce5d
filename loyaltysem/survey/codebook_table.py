"""What a questionnaire asks, as a table: one row for each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loyaltysem.core.text import LANGUAGES
from loyaltysem.survey.elements import NO_TEXT, Construct, Item, Page

if TYPE_CHECKING:
    import pandas as pd


def codebook_table(
    items: Sequence[Item], constructs: Sequence[Construct], pages: Sequence[Page]
) -> pd.DataFrame:
    """Return one row per item: wording, scale and construct in both languages.

    Returns
    -------
    DataFrame
        Columns ``item construct construct_en construct_zh text_en text_zh scale kind minimum
        maximum labels_en labels_zh unit_en unit_zh reverse sources role expected required source
        module page``.
    """
    import pandas as pd

    called = {construct.name: construct for construct in constructs}
    page_of = {name: page.name for page in reversed(pages) for name in page.items}
    return pd.DataFrame(
        [_row(item, called.get(item.construct or ""), page_of.get(item.name)) for item in items]
    )


def _row(item: Item, construct: Construct | None, page: str | None) -> dict[str, object]:
    label = construct.label if construct else NO_TEXT
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
        "page": page,
    }
