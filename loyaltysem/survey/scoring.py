"""From answers to numbers: turning reverse items, and construct means."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.survey.instrument import Construct, Questionnaire

MissingRule: TypeAlias = Literal["half", "complete", "any"]


def turned(frame: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return the items as float64 with reverse items turned: x becomes minimum + maximum − x.

    After this a higher number always means more of the construct.
    """
    columns: dict[str, pd.Series[float]] = {}
    for item in questionnaire.scored_items:
        answers = frame[item.name].astype(np.float64)
        low, high = item.scale.minimum, item.scale.maximum
        turn = item.reverse and low is not None and high is not None
        columns[item.name] = (low or 0.0) + (high or 0.0) - answers if turn else answers
    return pd.DataFrame(columns, index=frame.index)


def construct_means(
    data: pd.DataFrame, questionnaire: Questionnaire, *, rule: MissingRule = "half"
) -> pd.DataFrame:
    """Return the mean of each construct's items, in scale points, one column per construct.

    Parameters
    ----------
    data : DataFrame
        Turned items.
    questionnaire : Questionnaire
        Says which items belong together.
    rule : {"half", "complete", "any"}
        How many items a respondent must have answered for a mean over those answered: at least
        half of them, all of them, or one. Otherwise the mean is NaN.

    Notes
    -----
    A second-order construct is the mean of its dimensions' means and needs all of them. A
    construct whose items are not on one scale (money beside months) has no mean and no column.
    """
    if rule not in get_args(MissingRule):
        known = get_args(MissingRule)
        raise IncompatibleRequestError(
            f"'{rule}' is not a rule for missing answers.",
            code="scores.rule",
            hint=did_you_mean(rule, known) or f"Use one of: {', '.join(known)}.",
        )
    means = {
        construct.name: _mean(data[list(construct.items)], rule)
        for construct in questionnaire.constructs
        if construct.items and _one_scale(construct, questionnaire)
    }
    for construct in questionnaire.constructs:
        names = [dimension.name for dimension in questionnaire.dimensions(construct.name)]
        if not construct.items and all(name in means for name in names):
            parts = pd.DataFrame({name: means[name] for name in names})
            means[construct.name] = parts.mean(axis=1, skipna=False)
    ordered = [c.name for c in questionnaire.constructs if c.name in means]
    return pd.DataFrame({name: means[name] for name in ordered}, index=data.index)


def _mean(items: pd.DataFrame, rule: MissingRule) -> pd.Series[float]:
    needed = {"half": 0.5 * items.shape[1], "complete": items.shape[1], "any": 1}[rule]
    answered = items.notna().sum(axis=1)
    return items.mean(axis=1).where(answered >= needed)


def _one_scale(construct: Construct, questionnaire: Questionnaire) -> bool:
    scales = {questionnaire.item(name).scale.name for name in construct.items}
    kinds = {questionnaire.item(name).scale.kind for name in construct.items}
    return len(scales) == 1 and kinds <= {"likert", "numeric"}
