"""Every report says who answered, who looks careless, and what the results are without them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.references import reference
from loyaltysem.estimation.fit import sem
from loyaltysem.reporting.document import Paragraph
from loyaltysem.reporting.report import Report, report
from loyaltysem.reporting.survey_narrative import flow_of
from loyaltysem.reporting.tables import Words
from loyaltysem.reporting.tables.screening import with_without
from loyaltysem.study.pipeline import analyse
from tests.study.surveys import MODEL, STRAIGHT, careless_survey

OURS = {
    "screening", "adequacy", "method-bias", "nonresponse", "normality", "with-without",
    "adequacy-items", "htmt-intervals",
}  # fmt: skip
PICTURES = {"flow", "screening", "scree", "htmt"}


@pytest.fixture(scope="module")
def survey():
    return careless_survey()


@pytest.fixture(scope="module")
def screening(survey):
    return survey.screen(rule="response_time", seconds="seconds")


@pytest.fixture(scope="module", params=["en", "zh"])
def made(request, survey, screening) -> Report:
    kept = screening.apply("response_time")
    return report(
        sem(MODEL, kept), responses=kept, screening=screening, sent=400, language=request.param
    )


def test_every_table_and_picture_is_there(made: Report) -> None:
    assert {table.key for table in made.document.tables()} >= OURS
    assert {figure.key for figure in made.document.figures()} >= PICTURES
    anchors = [section.anchor for section in made.document.sections]
    assert anchors.index("screening") < anchors.index("fit") < anchors.index("with-without")


def test_it_says_who_was_left_out_and_shows_both(made: Report) -> None:
    said = " ".join(b.text for b in made.document.blocks() if isinstance(b, Paragraph))
    if made.document.language == "en":
        assert "Of 400 questionnaires sent, 300 were returned (response rate 75.0%)" in said
        assert "They were left out." in said
        assert "With the screened respondents N = 300 answered every item of the model" in said
    else:
        assert "共发放问卷 400 份，回收 300 份" in said and "这些答卷已被剔除" in said
        assert "剔除前 N = 300，剔除后 N = 288" in said


def test_no_respondent_is_named(made: Report) -> None:
    page = made.html()
    assert "R0001" not in page and "R0299" not in page


def test_the_sources_of_what_is_shown_are_listed(made: Report) -> None:
    page = made.html()
    for key in ("curran_2016", "kaiser_1974", "podsakoff_2003", "kock_2015", "mardia_1970"):
        assert reference(key).authors[0].split(",")[0] in page


def test_no_frame_of_words_is_left_open(made: Report) -> None:
    page = made.html()
    for trace in ("{", "nan", "None", "Text("):
        body = " ".join(
            cell.text for t in made.document.tables() for row in t.rows for cell in row.cells
        )
        assert trace not in body, trace
    assert "<h2>" in page


def test_flagging_alone_says_that_nobody_was_left_out(survey, screening) -> None:
    made = report(sem(MODEL, survey), responses=survey, screening=screening)
    said = " ".join(b.text for b in made.document.blocks() if isinstance(b, Paragraph))
    assert f"{STRAIGHT} of 300 respondents" in said and "Nobody was left out for it." in said
    assert "results with everybody who answered" in said
    assert "flow" not in {figure.key for figure in made.document.figures()}  # nobody was lost


def test_verdicts_that_differ_are_marked(survey, screening) -> None:
    frame = analyse(sem(MODEL, survey), responses=survey, screening=screening)
    table = frame.tables["with_without"].copy()
    row = table.index[table["kind"] == "path"][0]
    table.loc[row, ["verdict_with", "verdict_without"]] = ["supported", "not supported"]
    cells = [r.cells[-1] for r in with_without(table, Words("en", {})).rows if not r.is_group]
    assert [c.text for c in cells if c.mark] == ["supported → not supported"]


def test_a_flow_comes_back_from_its_table(screening) -> None:
    flow = screening.apply("response_time").flow(400)
    assert flow_of(flow.frame) == flow


def test_absent_tables_are_absent_sections(survey, screening) -> None:
    analysis = analyse(sem(MODEL, survey), responses=survey, screening=screening)
    bare = replace(analysis, tables={"fit": analysis.tables["fit"]})
    anchors = {section.anchor for section in report(bare).document.sections}
    assert not anchors & {"sample", "screening", "exploration", "bias", "with-without"}


def test_an_analysis_takes_no_screening(survey, screening) -> None:
    analysis = analyse(sem(MODEL, survey), responses=survey)
    with pytest.raises(IncompatibleRequestError) as caught:
        report(analysis, screening=screening)
    assert caught.value.code == "report.analysis_is_complete"


def test_the_same_survey_gives_the_same_page(survey, screening) -> None:
    fit = sem(MODEL, survey)
    one, two = (report(fit, responses=survey, screening=screening).html() for _ in range(2))
    assert one == two
