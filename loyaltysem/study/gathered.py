"""A study's data, gathered: answers as returned and as analysed, screened, joined to orders."""

from __future__ import annotations

from dataclasses import dataclass

from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.transactions import Transactions
from loyaltysem.study.behaviour import with_behaviour
from loyaltysem.study.definitions import StudyDefinition
from loyaltysem.survey.questionnaire import Questionnaire, load_questionnaire
from loyaltysem.survey.responses import Responses, read_responses
from loyaltysem.survey.screening.result import Screening


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a study's numbers are computed from.

    Parameters
    ----------
    questionnaire : Questionnaire
    screening : Screening
        Of all answers returned.
    responses : Responses
        The answers analysed.
    tx : Transactions or None
        The log of orders, where the study has one.
    linked : Linked or None
        All returned answers joined to it.
    """

    questionnaire: Questionnaire
    screening: Screening
    responses: Responses
    tx: Transactions | None = None
    linked: Linked | None = None


def gather(study: StudyDefinition, *, encoding: str | None = None) -> Gathered:
    """Read a study's files, join answers to orders and screen them.

    Parameters
    ----------
    study : StudyDefinition
    encoding : str, optional
        Encoding of the answers; UTF-8 unless given.

    Raises
    ------
    DataError
        A file cannot be used.
    MissingExtraError
        The study has orders and the extra ``clv`` is not installed.

    Examples
    --------
    >>> from loyaltysem.study.definitions import LOYALTY_STUDY
    >>> found = gather(LOYALTY_STUDY)
    >>> found.screening.responses.counts["respondents"], found.responses.counts["respondents"]
    (478, 450)
    """
    questionnaire = load_questionnaire(study.questionnaire())
    returned = read_responses(study.data(), questionnaire, encoding=encoding)
    tx = linked = None
    if study.orders is not None:
        tx = study.orders.open()
        linked = study.orders.linked(returned, tx, keep=[study.group] if study.group else [])
        returned = with_behaviour(returned, questionnaire, linked)
    screening = study.fieldwork.screen(returned)
    return Gathered(questionnaire, screening, study.fieldwork.kept(screening), tx, linked)
