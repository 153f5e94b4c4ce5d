import re

import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.study import models
from loyaltysem.study.constructs import (
    DIMENSIONS,
    ECSI_CONSTRUCTS,
    SECOND_ORDER,
    VALUE,
    StudyConstruct,
    measurement_text,
)
from loyaltysem.study.definitions import LOYALTY_STUDY
from loyaltysem.study.hypotheses import ECSI_HYPOTHESES, STUDY_HYPOTHESES
from loyaltysem.study.planned import STUDY_ANALYSES
from loyaltysem.survey.questionnaire import load_questionnaire

STUDY = (*DIMENSIONS, VALUE, *SECOND_ORDER)


def variables(text):
    return set(re.findall(r"[A-Za-z]\w*", re.sub(r"#.*", "", text)))


def folded(name):
    return name.replace("_", "").casefold()


@pytest.mark.parametrize(
    ("file", "constructs"), [("loyalty_core.yaml", STUDY), ("ecsi_mobile.yaml", ECSI_CONSTRUCTS)]
)
def test_constructs_agree_with_the_questionnaire(file, constructs):
    """Names, wording and items stand in the questionnaire too; the two must not drift apart."""
    asked = {
        folded(c.name): c for c in load_questionnaire(shipped("questionnaires", file)).constructs
    }
    for construct in constructs:
        counterpart = asked[folded(construct.name)]
        assert counterpart.label == construct.label
        assert counterpart.items in ((), construct.indicators)
    parents = {folded(c.name): folded(c.parent) for c in asked.values() if c.parent}
    for factor in set(constructs) & set(SECOND_ORDER):
        below = {folded(name) for name in factor.indicators}
        assert below == {name for name, parent in parents.items() if parent == folded(factor.name)}


def test_study_model_has_27_indicators():
    items = {item for c in (*DIMENSIONS, VALUE) for item in c.indicators}
    assert len(items) == 27
    assert items <= variables(models.STUDY_MODEL)


def test_ecsi_model_has_24_indicators_and_the_published_paths():
    items = {item for c in ECSI_CONSTRUCTS for item in c.indicators}
    assert len(items) == 24
    assert items <= variables(models.ECSI_MODEL)
    assert len({(p.outcome, p.predictor) for p in models.ECSI_PATHS}) == 12
    assert len({p.label for p in models.ECSI_PATHS}) == 12


def test_single_indicator_is_set_equal_to_its_construct():
    single = StudyConstruct("C", ECSI_CONSTRUCTS[0].label, ("x",))
    assert measurement_text([single]) == "C =~ x\nx ~~ 0*x"


@pytest.mark.parametrize(
    ("hypotheses", "model"),
    [(STUDY_HYPOTHESES, models.STUDY_MODEL), (ECSI_HYPOTHESES, models.ECSI_MODEL)],
)
def test_every_hypothesis_is_about_something_in_the_model(hypotheses, model):
    assert len({h.key for h in hypotheses}) == len(hypotheses)
    for claim in hypotheses:
        assert claim.text.en and claim.text.zh
        if claim.evidence == "moderation":
            plan = STUDY_ANALYSES.moderation
            assert (claim.lhs, claim.rhs) == (plan.outcome, plan.product)
            continue
        if claim.evidence == "groups_test":
            assert claim.rhs == LOYALTY_STUDY.group
            continue
        told = STUDY_ANALYSES.antecedents if claim.evidence == "antecedents" else model
        lines = [x for x in told.splitlines() if re.match(rf"{claim.lhs}\s*{claim.op}(?!~)", x)]
        assert any(claim.rhs in variables(line) or claim.op == ":=" for line in lines)
