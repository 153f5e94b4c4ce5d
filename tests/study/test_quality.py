"""What an analysis says about the answers themselves, on a survey whose faults are planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loyaltysem.analysis.exploration.adequacy import kmo
from loyaltysem.analysis.measurement.model_reliability import reliability
from loyaltysem.analysis.validity import htmt
from loyaltysem.core.errors import DataError
from loyaltysem.core.references import REFERENCES
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import sem
from loyaltysem.estimation.result import SEMResult
from loyaltysem.reporting.tables import Words, htmt_intervals
from loyaltysem.study import survey_sections
from loyaltysem.study.analysis import Analysis
from loyaltysem.study.bias_sections import early_answers, wave_column
from loyaltysem.study.fieldwork import Fieldwork
from loyaltysem.study.pipeline import analyse
from loyaltysem.survey.responses import Responses
from tests.study.surveys import CONSTRUCTS, ITEMS, MODEL, SIZE, STRAIGHT, answers, careless_survey

RULE = "response_time"


@pytest.fixture(scope="module")
def everybody() -> Responses:
    return careless_survey()


@pytest.fixture(scope="module")
def fit(everybody: Responses) -> SEMResult:
    return sem(MODEL, everybody)


@pytest.fixture(scope="module")
def analysis(fit: SEMResult, everybody: Responses) -> Analysis:
    screening = everybody.screen(rule=RULE, seconds="seconds")
    return analyse(fit, responses=everybody, screening=screening, sent=400)


def codes(analysis: Analysis) -> set[str]:
    return {finding.code for finding in analysis.findings}


# -- flow and screening ---------------------------------------------------------------------------


def test_flow_counts_from_sent_to_analysed(analysis: Analysis) -> None:
    flow = analysis.tables["flow"].set_index("step")["count"]
    assert flow.to_dict() == {"sent": 400, "returned": SIZE, "analysed": SIZE}


def test_screening_counts_the_planted(analysis: Analysis) -> None:
    table = analysis.tables["screening"].set_index("criterion")
    assert table.loc[RULE, "flagged"] == STRAIGHT <= table.loc["longstring", "flagged"]
    assert table.loc[RULE, "in_rule"] == "alone" and table.loc["irv", "in_rule"] == ""
    assert {s for s in table["source"] if s} <= set(REFERENCES)
    rule = analysis.tables["screening_rule"].iloc[0]
    assert (rule["rule"], rule["flagged"], rule["respondents"]) == (RULE, STRAIGHT, SIZE)
    assert "screening.flagged" in codes(analysis)


def test_criteria_without_data_are_named(fit: SEMResult, everybody: Responses) -> None:
    rule = analyse(fit, responses=everybody).tables["screening_rule"].iloc[0]
    assert rule["rule"] == "standard"
    assert rule["not_looked_en"] == "Attention items missed, Response time"
    assert rule["not_looked_zh"] == "注意力检测题未通过、作答时间"


def test_no_row_of_a_respondent_reaches_the_results(analysis: Analysis) -> None:
    text = analysis.to_json()
    assert "R0001" not in text and '"id"' not in text


# -- with and without -----------------------------------------------------------------------------


def test_both_results_are_those_of_two_fits(
    analysis: Analysis, fit: SEMResult, everybody: Responses
) -> None:
    kept = everybody.screen(rule=RULE, seconds="seconds").apply(RULE)
    other = sem(MODEL, kept)
    table = analysis.tables["with_without"]
    sizes = table[table["kind"] == "size"].iloc[0]
    assert (sizes["est_with"], sizes["est_without"]) == (SIZE, SIZE - STRAIGHT)
    for name, found in (("with", fit), ("without", other)):
        rows = found.parameters()
        rows = rows[rows["op"].isin(["~", ":="])]
        mine = table[table["kind"].isin(["path", "defined"])]
        for column, theirs in (("est", "est"), ("std", "std_all"), ("pvalue", "pvalue")):
            np.testing.assert_allclose(mine[f"{column}_{name}"], rows[theirs], rtol=1e-12)
        measures = table[table["kind"] == "fit"].set_index("key")[f"est_{name}"]
        assert measures["cfi"] == found.fit_measures("cfi").iloc[0]
    np.testing.assert_allclose(
        table["est_difference"], table["est_without"] - table["est_with"], rtol=1e-12
    )
    assert set(table["shown"]) == {"with"}


def test_leaving_out_shows_the_same_two_results(analysis: Analysis, everybody: Responses) -> None:
    work = Fieldwork(rule=RULE, leave_out=True, sent=400, seconds="seconds")
    screening = work.screen(everybody)
    kept = work.kept(screening)
    other = analyse(sem(MODEL, kept), responses=kept, screening=screening, sent=work.sent)
    mine, theirs = (a.tables["with_without"].drop(columns="shown") for a in (analysis, other))
    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-6)
    assert set(other.tables["with_without"]["shown"]) == {"without"}
    assert other.provenance["n_obs"] == SIZE - STRAIGHT
    flow = other.tables["flow"]
    assert flow.loc[flow["step"] == "excluded", "count"].tolist() == [STRAIGHT]
    assert "screening.flagged" not in codes(other)


def test_a_verdict_that_hangs_on_the_screened_is_named(everybody: Responses) -> None:
    frame = answers()
    frame["loy1"] = np.random.default_rng(8).permutation(frame["loy1"])
    for k, name in enumerate(["loy1", "loy2", "loy3", "loy4"]):
        frame[name] = np.random.default_rng(9 + k).integers(1, 6, SIZE)
    low = np.arange(STRAIGHT) % 2 == 0
    frame.loc[: STRAIGHT - 1, ITEMS] = np.where(low, 1, 5)[:, None] * np.ones((1, len(ITEMS)))
    r = careless_survey(frame)
    found = analyse(sem("L =~ loy1 + loy2 + loy3 + loy4\nT =~ tru1 + tru2 + tru3 + tru4\nL ~ T", r),
                    responses=r, screening=r.screen(rule=RULE, seconds="seconds"))  # fmt: skip
    row = found.tables["with_without"].query("kind == 'path'").iloc[0]
    assert row["verdict_with"] != row["verdict_without"]
    finding = next(f for f in found.findings if f.code == "screening.verdicts_change")
    assert "P1" in finding.text.en


def test_nobody_flagged_leaves_no_comparison(fit: SEMResult, everybody: Responses) -> None:
    found = analyse(fit, responses=everybody, screening=everybody.screen(rule="missing"))
    assert "with_without" not in found.tables and "screening.flagged" not in codes(found)


def test_a_fit_to_other_cases_is_not_compared(everybody: Responses) -> None:
    fit = sem(MODEL, everybody.data.iloc[:200])
    found = analyse(
        fit, responses=everybody, screening=everybody.screen(rule=RULE, seconds="seconds")
    )
    assert "with_without" not in found.tables and "screening.other_cases" in codes(found)


def test_exclusions_without_their_screening_are_told(everybody: Responses) -> None:
    kept = everybody.exclude(RULE, seconds="seconds")
    found = analyse(sem(MODEL, kept), responses=kept)
    assert "screening" not in found.tables and "with_without" not in found.tables
    assert "screening.not_given" in codes(found)
    assert "excluded" in set(found.tables["flow"]["step"])


# -- the measurements -----------------------------------------------------------------------------


def test_tables_hold_the_numbers_of_their_functions(
    analysis: Analysis, fit: SEMResult, everybody: Responses
) -> None:
    tables = analysis.tables
    own = kmo(everybody.data[ITEMS])
    adequacy = tables["adequacy"].set_index("measure")["value"]
    assert adequacy["kmo"] == own.overall
    assert len(tables["adequacy"][tables["adequacy"]["measure"] == "kmo_item"]) == len(ITEMS)
    assert tables["parallel"]["factor_kept"].sum() == 3
    model = reliability(fit).frame
    np.testing.assert_array_equal(tables["reliability"]["omega"], model["omega_implied"])
    ratios = tables["htmt_intervals"]
    square = htmt(everybody.data, {c: ITEMS[4 * k : 4 * k + 4] for k, c in enumerate(CONSTRUCTS)})
    for row in ratios.to_dict("records"):
        assert row["htmt"] == pytest.approx(square.loc[row["other"], row["construct"]])
        assert row["ci_lower"] < row["htmt"] < row["ci_upper"]


def test_method_bias_has_its_three_checks(analysis: Analysis) -> None:
    table = analysis.tables["method_bias"]
    assert table["check"].tolist() == [
        "harman_component", "harman_factor", "method_share", "method_pvalue", "method_change",
        "vif", "vif", "vif",
    ]  # fmt: skip
    assert set(table["source"]) <= set(REFERENCES)
    assert set(table.loc[table["check"] == "vif", "construct"]) == set(CONSTRUCTS)


def test_waves_are_found_and_their_difference_named(analysis: Analysis) -> None:
    table = analysis.tables["nonresponse"].set_index("variable")
    assert list(table.index) == [*CONSTRUCTS, "sex"]
    assert table.loc["Loyalty", "pvalue_holm"] < 0.05 < table.loc["Trust", "pvalue_holm"]
    assert table.loc["sex", "test"] == "chi-square" and table.loc["sex", "label_zh"] == "性别"
    finding = next(f for f in analysis.findings if f.code == "nonresponse.differs")
    assert finding.text.zh.endswith("构念Loyalty。")


def test_normality_warns_only_of_plain_likelihood(analysis: Analysis, everybody: Responses) -> None:
    frame = everybody.data.copy()
    frame[ITEMS] = np.sign(frame[ITEMS] - 3) * (frame[ITEMS] - 3) ** 4
    plain = analyse(sem(MODEL, frame), responses=everybody)
    assert set(plain.tables["normality"]["test"]) == set(analysis.tables["normality"]["test"])
    robust = analyse(sem(MODEL, everybody, estimator="MLR"), responses=everybody)
    assert "normality.kurtosis" not in codes(robust)


def test_what_the_data_do_not_allow_is_noted_not_dropped() -> None:
    frame = answers()
    frame["val1"] = frame["val2"]  # KMO and parallel analysis live with it, the distances do not
    r = careless_survey(frame)
    model = "Trust =~ tru1 + tru2 + tru3\nLoyalty =~ loy1 + loy2 + loy3\nLoyalty ~ Trust"
    found = analyse(sem(model, r), responses=r, wave="nowhere")
    left = [f for f in found.findings if f.code == "study.step_left_out"]
    assert [f.severity for f in left] == ["note"] and "'nowhere'" in left[0].text.en
    assert left[0].text.zh.startswith("未能进行早期与晚期受访者比较")


def test_path_models_have_no_item_steps() -> None:
    r = careless_survey()
    found = analyse(sem("loy1 ~ val1\nval1 ~ tru1", r), responses=r)
    assert not {"adequacy", "parallel", "method_bias", "htmt_intervals"} & set(found.tables)
    assert {"flow", "screening"} <= set(found.tables)


def test_the_same_answers_give_the_same_bytes(fit: SEMResult, everybody: Responses) -> None:
    one, two = (analyse(fit, responses=everybody).to_json() for _ in range(2))
    assert one == two


# -- early and late -------------------------------------------------------------------------------


def test_early_is_the_first_wave_or_the_first_half() -> None:
    waves, known = early_answers(pd.DataFrame({"w": ["1", "2", "", "3", "1"]}), "w")
    assert waves.tolist() == [True, False, False, False, True]
    assert known.tolist() == [True, True, False, True, True]
    days = [f"2026-03-{day:02d}" for day in range(20, 0, -1)]
    dates, _ = early_answers(pd.DataFrame({"w": days}), "w")
    assert dates.tolist() == [False] * 10 + [True] * 10
    ranks, _ = early_answers(pd.DataFrame({"w": range(20)}), "w")
    assert ranks.tolist() == [True] * 10 + [False] * 10


@pytest.mark.parametrize("cells", [["a", "b"], ["1", "1"], ["", ""]])
def test_columns_that_tell_no_time(cells: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        early_answers(pd.DataFrame({"w": cells}), "w")
    assert caught.value.code == "nonresponse.wave"


def test_usual_names_of_waves_are_known(everybody: Responses) -> None:
    assert wave_column(everybody, None) == "wave"
    assert wave_column(everybody, "seconds") == "seconds"
    renamed = replace(everybody, frame=everybody.frame.rename(columns={"wave": "RecordedDate"}))
    assert wave_column(renamed, None) == "RecordedDate"
    assert wave_column(replace(everybody, frame=everybody.frame[ITEMS]), None) is None


def test_labels_of_findings_are_those_of_readers(analysis: Analysis) -> None:
    assert analysis.labels["Loyalty"] == Text("Loyalty", "构念Loyalty")


def test_intervals_of_htmt_that_do_not_hold_it_are_explained(everybody: Responses) -> None:
    scales = {c: ITEMS[4 * k : 4 * k + 4] for k, c in enumerate(CONSTRUCTS)}
    table = survey_sections.htmt_intervals_table(everybody.data, scales)["htmt_intervals"]
    assert set(table["interval"]) == {"percentile"}
    for ratio, said in ((0.01, True), (float(table["ci_upper"].iloc[0]), False)):
        words = htmt_intervals(table.head(1).assign(htmt=ratio), Words("en", {})).notes
        assert any("Intervals above" in note for note in words) == said
