"""From answers to numbers: turning reverse items, and construct means or sums."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.survey.instrument import Construct, Questionnaire

MissingRule: TypeAlias = Literal["half", "complete", "any"]
ScoreForm: TypeAlias = Literal["mean", "sum"]


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


def construct_scores(
    data: pd.DataFrame,
    questionnaire: Questionnaire,
    *,
    rule: MissingRule = "half",
    form: ScoreForm = "mean",
) -> pd.DataFrame:
    """Return a score of each construct, one column per construct.

    Parameters
    ----------
    data : DataFrame
        Turned items.
    questionnaire : Questionnaire
        Says which items belong together.
    rule : {"half", "complete", "any"}
        How many items a respondent must have answered for a score over those answered: at least
        half of them, all of them, or one. Otherwise the score is NaN.
    form : {"mean", "sum"}
        In scale points, or the mean times the number of items: with missing answers that is the sum
        with each missing answer at the respondent's own mean, so that sums stay comparable.

    Notes
    -----
    A second-order construct is the mean (sum) of its dimensions' scores and needs all of them. A
    construct whose items are not on one scale (money beside months) has no score and no column.
    `score_counts` shows what each rule costs.
    """
    _known("a rule for missing answers", rule, get_args(MissingRule), "scores.rule")
    _known("a form of scores", form, get_args(ScoreForm), "scores.form")
    scores = {
        construct.name: _score(data[list(construct.items)], rule, form)
        for construct in scorable(questionnaire)
    }
    for construct in questionnaire.constructs:
        names = [dimension.name for dimension in questionnaire.dimensions(construct.name)]
        if not construct.items and all(name in scores for name in names):
            parts = pd.DataFrame({name: scores[name] for name in names})
            total = parts.sum(axis=1, skipna=False)
            scores[construct.name] = total if form == "sum" else total / len(names)
    ordered = [c.name for c in questionnaire.constructs if c.name in scores]
    return pd.DataFrame({name: scores[name] for name in ordered}, index=data.index)


def score_counts(data: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return what each rule for missing answers keeps and loses, construct by construct.

    Returns
    -------
    DataFrame
        One row a construct with items and a rule: ``construct rule n_items needed respondents
        from_all_items from_some_items lost mean``: scores resting on every item, on some of them,
        and missing; the mean over the scores kept.
    """
    return pd.DataFrame(
        [
            _counts(construct, rule, data[list(construct.items)])
            for construct in scorable(questionnaire)
            for rule in get_args(MissingRule)
        ]
    )


def _counts(construct: Construct, rule: MissingRule, items: pd.DataFrame) -> dict[str, object]:
    scores = _score(items, rule, "mean")
    whole = int(items.notna().all(axis=1).sum())
    kept = int(scores.notna().sum())
    return {
        "construct": construct.name, "rule": rule, "n_items": items.shape[1],
        "needed": _needed(rule, items.shape[1]), "respondents": len(items),
        "from_all_items": whole, "from_some_items": kept - whole, "lost": len(items) - kept,
        "mean": float(scores.mean()),
    }  # fmt: skip


def scorable(questionnaire: Questionnaire) -> tuple[Construct, ...]:
    """Return the constructs whose items share one scale of numbers."""
    return tuple(c for c in questionnaire.constructs if c.items and _one_scale(c, questionnaire))


def _score(items: pd.DataFrame, rule: MissingRule, form: ScoreForm) -> pd.Series[float]:
    answered = items.notna().sum(axis=1)
    mean = items.mean(axis=1).where(answered >= _needed(rule, items.shape[1]))
    return mean * items.shape[1] if form == "sum" else mean


def _needed(rule: MissingRule, count: int) -> int:
    """Return how many of `count` items must be answered."""
    return {"half": (count + 1) // 2, "complete": count, "any": 1}[rule]


def _known(what: str, name: str, known: tuple[str, ...], code: str) -> None:
    if name not in known:
        raise IncompatibleRequestError(
            f"'{name}' is not {what}.",
            code=code,
            hint=did_you_mean(name, known) or f"Use one of: {', '.join(known)}.",
        )


def _one_scale(construct: Construct, questionnaire: Questionnaire) -> bool:
    scales = {questionnaire.item(name).scale.name for name in construct.items}
    kinds = {questionnaire.item(name).scale.kind for name in construct.items}
    return len(scales) == 1 and kinds <= {"likert", "numeric"}
