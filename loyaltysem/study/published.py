"""What the published study printed, digit for digit, and the comparison with our numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.core.display import bounded
from loyaltysem.core.references import reference
from loyaltysem.core.text import Text
from loyaltysem.study.audit.fit_relations import ratio_allows_rmsea, rmsea_from_ratio
from loyaltysem.study.audit.printed import Printed
from loyaltysem.study.constructs import DIMENSIONS, labels
from loyaltysem.study.models import ONE_FACTOR_MODELS

#: The group of the numbers that belong to the whole model.
WHOLE_MODEL = "model"
NO_NOTE = Text("")

QUANTITY_LABELS: Mapping[str, Text] = MappingProxyType(
    {
        "alpha": Text("Cronbach's α", "Cronbach α 系数"),
        "chisq_df": Text("χ²/df"),
        "rmsea": Text("RMSEA"),
        "cfi": Text("CFI"),
        "tli": Text("TLI"),
        "gfi": Text("GFI"),
        "agfi": Text("AGFI"),
    }
)


@dataclass(frozen=True, slots=True)
class PublishedNumber:
    """One printed number: where it stands, what it is, how it was printed.

    Parameters
    ----------
    group : str
        Construct it belongs to, or `WHOLE_MODEL`.
    quantity : str
        ``"alpha"``, ``"chisq_df"`` or a fit measure.
    printed : Printed
        Value and decimals.
    """

    group: str
    quantity: str
    printed: Printed


@dataclass(frozen=True, slots=True)
class PublishedResults:
    """Printed results of one study.

    Parameters
    ----------
    numbers : tuple of PublishedNumber
        In the order of the table.
    n : int
        Printed number of cases.
    side_models : mapping of str to str
        Model text behind the printed fit of a group other than the whole model.
    labels : mapping of str to Text
        Readers' names of the groups.
    """

    numbers: tuple[PublishedNumber, ...]
    n: int
    side_models: Mapping[str, str]
    labels: Mapping[str, Text]

    def printed(self, group: str, quantity: str) -> Printed | None:
        """Return the printed number of a group, if there is one."""
        found = (x.printed for x in self.numbers if (x.group, x.quantity) == (group, quantity))
        return next(found, None)


#: dimension -> α, χ²/df and RMSEA of its one-factor model, as printed with two decimals.
_DIMENSIONS_PRINTED: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "Behaviour": (0.78, 2.36, 0.06),
        "Attitude": (0.76, 2.15, 0.05),
        "Emotion": (0.74, 2.28, 0.05),
        "Trust": (0.81, 2.01, 0.04),
        "Satisfaction": (0.79, 2.12, 0.04),
        "Commitment": (0.80, 2.18, 0.05),
    }
)
_MODEL_PRINTED: Mapping[str, float] = MappingProxyType(
    {"chisq_df": 2.15, "rmsea": 0.05, "cfi": 0.89, "tli": 0.88, "gfi": 0.90, "agfi": 0.88}
)

STUDY_PUBLISHED = PublishedResults(
    numbers=(
        *(
            PublishedNumber(group, quantity, Printed(value, 2))
            for group, values in _DIMENSIONS_PRINTED.items()
            for quantity, value in zip(("alpha", "chisq_df", "rmsea"), values, strict=True)
        ),
        *(
            PublishedNumber(WHOLE_MODEL, quantity, Printed(value, 2))
            for quantity, value in _MODEL_PRINTED.items()
        ),
    ),
    n=450,
    side_models=ONE_FACTOR_MODELS,
    labels=MappingProxyType({**labels(DIMENSIONS), WHOLE_MODEL: Text("Whole model", "整体模型")}),
)


def note(results: PublishedResults, number: PublishedNumber) -> Text:
    """Return what has to be said about a printed number: an inconsistency, a missed cut-off."""
    ratio = results.printed(number.group, "chisq_df")
    if number.quantity == "rmsea" and ratio is not None:
        return _ratio_note(ratio, number.printed, results.n)
    if number.quantity in ("cfi", "tli"):
        return _cutoff_note(number)
    return NO_NOTE


def _ratio_note(ratio: Printed, rmsea: Printed, n: int) -> Text:
    if ratio_allows_rmsea(ratio, rmsea, n):
        return NO_NOTE
    implied = rmsea_from_ratio(ratio.value, n)
    shown = bounded(implied, 3), bounded(implied, rmsea.digits), bounded(rmsea.value, rmsea.digits)
    ratio_text = f"{ratio.value:.{ratio.digits}f}"
    return Text(
        f"The printed χ²/df of {ratio_text} at N = {n} implies an RMSEA of {shown[0]}, which "
        f"prints as {shown[1]}, not {shown[2]}: the printed values contradict each other.",
        f"按报告的 χ²/df = {ratio_text}、N = {n} 推算，RMSEA 应为 {shown[0]}（四舍五入为 "
        f"{shown[1]}），而非报告的 {shown[2]}，两个报告值相互矛盾。",
    )


def _cutoff_note(number: PublishedNumber) -> Text:
    judgement = judge(number.quantity, number.printed.value)
    if judgement.met is not False:
        return NO_NOTE
    source = reference(judgement.source).citation
    return Text(
        f"The printed value misses the cut-off {judgement.cutoff} of {source}.",
        f"报告值未达到 {source} 建议的标准（{judgement.cutoff}）。",
    )


def published_table(
    results: PublishedResults, reproduced: Mapping[tuple[str, str], float]
) -> pd.DataFrame:
    """Return printed against reproduced numbers.

    Parameters
    ----------
    results : PublishedResults
        What was printed.
    reproduced : mapping of (group, quantity) to float
        Our numbers; a missing one counts as not met.

    Returns
    -------
    DataFrame
        ``group quantity label_en label_zh printed printed_digits reproduced met note_en
        note_zh``; `met`: ours prints as theirs at their number of decimals.
    """
    return pd.DataFrame([_row(results, number, reproduced) for number in results.numbers])


def _row(
    results: PublishedResults,
    number: PublishedNumber,
    reproduced: Mapping[tuple[str, str], float],
) -> dict[str, object]:
    ours = reproduced.get((number.group, number.quantity), float("nan"))
    group, quantity = results.labels[number.group], QUANTITY_LABELS[number.quantity]
    remark = note(results, number)
    return {
        "group": number.group,
        "quantity": number.quantity,
        "label_en": f"{group.en}: {quantity.en}",
        "label_zh": f"{group.in_('zh')}\uff1a{quantity.in_('zh')}",
        "printed": number.printed.value,
        "printed_digits": number.printed.digits,
        "reproduced": ours,
        "met": ours == ours and number.printed.matches(ours),
        "note_en": remark.en,
        "note_zh": remark.zh,
    }
