"""A study whose respondents are customers: their orders, and what of them enters the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from loyaltysem.clv.link.indicators import AmountForm, DurationForm, FrequencyForm
from loyaltysem.clv.link.joining import link
from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.link.scale import Transform
from loyaltysem.clv.transactions import Transactions, transactions
from loyaltysem.survey.questionnaire import Questionnaire
from loyaltysem.survey.responses import Responses, responses_from_frame


@dataclass(frozen=True, slots=True)
class Orders:
    """The log of orders that belongs to a survey, and how customer value is measured by it.

    Parameters
    ----------
    path : callable returning Path
        Asked when the study runs.
    customer, time, amount : str
        Columns of the log.
    category, margin : str or None
        Further columns, where there are any.
    end : date
        Last day of the log.
    currency : str
    amount_as, frequency_as, duration_as : str
        Forms of the three indicators, as in `loyaltysem.link`.
    transform : {"log1p", "log", "winsor", "none"}
    """

    path: Callable[[], Path]
    customer: str
    time: str
    amount: str
    end: date
    currency: str
    category: str | None = None
    margin: str | None = None
    amount_as: AmountForm = "mean"
    frequency_as: FrequencyForm = "per_year"
    duration_as: DurationForm = "tenure"
    transform: Transform = "log"

    def open(self) -> Transactions:
        """Open the log; one thread, since sums of several need not end in the same last digit."""
        return transactions(
            self.path(), customer=self.customer, time=self.time, amount=self.amount,
            category=self.category, margin=self.margin, end=self.end, currency=self.currency,
            threads=1,
        )  # fmt: skip

    def linked(self, responses: Responses, tx: Transactions, keep: Sequence[str] = ()) -> Linked:
        """Join the answers to the orders; respondents without orders keep missing values.

        Parameters
        ----------
        responses : Responses
        tx : Transactions
        keep : sequence of str
            Further columns of the answers, such as the one that tells groups.
        """
        return link(
            responses, tx, unmatched="keep", amount=self.amount_as, frequency=self.frequency_as,
            duration=self.duration_as, transform=self.transform, keep=keep,
        )  # fmt: skip


def with_behaviour(responses: Responses, questionnaire: Questionnaire, linked: Linked) -> Responses:
    """Return the answers with the questionnaire's record items filled from the orders.

    Parameters
    ----------
    responses : Responses
        As they came in.
    questionnaire : Questionnaire
        The whole instrument, record items and all.
    linked : Linked
        The same respondents in the same order.

    Returns
    -------
    Responses
        Hash, file name, rows and provenance are those of the answers.
    """
    records = [
        item.name
        for item in questionnaire.items
        if item.source == "record" and item.name in linked.data
    ]
    frame = responses.frame.assign(**{name: linked.data[name].to_numpy() for name in records})
    joined = responses_from_frame(frame, questionnaire, provenance=responses.provenance)
    return replace(
        joined,
        data_hash=responses.data_hash,
        file_name=responses.file_name,
        rows=responses.rows,
        exclusions=responses.exclusions,
        findings=(*joined.findings, *linked.findings),
    )
