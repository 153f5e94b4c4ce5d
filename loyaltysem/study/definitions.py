"""What a study is, and the two that are shipped: a real survey and the synthetic loyalty study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from loyaltysem.core.datasets import mobi_path, shipped
from loyaltysem.core.text import Text
from loyaltysem.study.behaviour import Orders
from loyaltysem.study.fieldwork import AS_IT_CAME, Fieldwork
from loyaltysem.study.hypotheses import ECSI_HYPOTHESES, STUDY_HYPOTHESES, Hypothesis
from loyaltysem.study.models import ECSI_MODEL, STUDY_MODEL
from loyaltysem.study.plan import NOTHING_MORE, Analyses
from loyaltysem.study.planned import ECSI_ANALYSES, STUDY_ANALYSES
from loyaltysem.study.published import STUDY_PUBLISHED, PublishedResults


@dataclass(frozen=True, slots=True)
class StudyDefinition:
    """A study: where its files are, its model, what it claims.

    Parameters
    ----------
    name : str
        Short name; folder of its reports.
    title : Text or None
        Title for readers; None takes the questionnaire's.
    questionnaire, data : callable returning Path
        Asked when the study runs, so that a study can be named on a machine without its data.
    model : str
        lavaan syntax.
    hypotheses : tuple of Hypothesis
        Empty: every structural path is tested two-sided.
    published : PublishedResults or None
        Printed results to hold ours against.
    fieldwork : Fieldwork
        How many were asked, and by which rule answers are screened or left out.
    orders : Orders or None
        The log of orders that the questionnaire's record items come from.
    group : str or None
        Column of the answers that tells groups to compare.
    analyses : Analyses
        What is computed beside the model.
    """

    name: str
    title: Text | None
    questionnaire: Callable[[], Path]
    data: Callable[[], Path]
    model: str
    hypotheses: tuple[Hypothesis, ...] = ()
    published: PublishedResults | None = None
    fieldwork: Fieldwork = AS_IT_CAME
    orders: Orders | None = None
    group: str | None = None
    analyses: Analyses = NOTHING_MORE


#: European Customer Satisfaction Index, mobile phones; Tenenhaus et al. (2005).
ECSI = StudyDefinition(
    name="ecsi",
    title=Text(
        "Customer satisfaction with mobile phone providers (ECSI)",
        "移动通信顾客满意度研究（ECSI 模型）",
    ),
    questionnaire=partial(shipped, "questionnaires", "ecsi_mobile.yaml"),
    data=mobi_path,
    model=ECSI_MODEL,
    hypotheses=ECSI_HYPOTHESES,
    analyses=ECSI_ANALYSES,
)

#: Customer loyalty → relationship quality → customer lifetime value.
LOYALTY_STUDY = StudyDefinition(
    name="study",
    title=Text(
        "Customer loyalty, relationship quality and customer lifetime value",
        "客户忠诚度、客户关系质量与客户终身价值",
    ),
    questionnaire=partial(shipped, "questionnaires", "loyalty_core.yaml"),
    data=partial(shipped, "data", "study_answers.csv"),
    model=STUDY_MODEL,
    hypotheses=STUDY_HYPOTHESES,
    published=STUDY_PUBLISHED,
    fieldwork=Fieldwork(sent=500, rule="direct", leave_out=True, seconds="seconds", wave="wave"),
    orders=Orders(
        path=partial(shipped, "data", "study_orders.csv"),
        customer="customer_id",
        time="time",
        amount="amount",
        category="category",
        margin="margin",
        end=date(2023, 12, 31),
        currency="CNY",
    ),
    group="industry",
    analyses=STUDY_ANALYSES,
)
