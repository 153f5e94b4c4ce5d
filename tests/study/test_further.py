"""What the study claims beyond its model, each claim judged by the analysis it names."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.text import Text
from loyaltysem.study.audited import jars_table
from loyaltysem.study.effect_sizes import explained
from loyaltysem.study.hypotheses import Hypothesis, verdict_of_interval
from loyaltysem.study.planned import STUDY_ANALYSES
from loyaltysem.study.sections import hypotheses_table


def test_every_hypothesis_is_judged_by_the_analysis_it_names(study):
    table = study.tables["hypotheses"].set_index("hypothesis")
    assert list(table.index) == [
        "H1",
        "H1a",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6a",
        "H6b",
        "H6c",
        "H6d",
        "H6e",
        "H7",
    ]
    assert (table["verdict"] != "not testable").all()
    assert table.loc["H5", "evidence"] == "moderation"
    products = study.tables["moderation"].set_index("rhs")
    assert table.loc["H5", "pvalue"] == products.loc["Interaction", "pvalue"]
    assert table.loc["H7", "pvalue"] == study.tables["groups_test"].loc[0, "pvalue"]
    effects = study.tables["mediation"].set_index("name")
    assert table.loc["H4", "ci_lower"] == effects.loc["indirect", "ci_lower"]


def test_nested_rivals_are_tested_and_others_are_not(study):
    rivals = study.tables["rivals"].set_index("model")
    assert rivals["converged"].all() and rivals["delta_aic"].min() == 0.0
    assert math.isnan(rivals.loc["bifactor", "chisq_diff"])
    restricted, free = rivals.loc["second_order"], rivals.loc["correlated"]
    assert restricted["df_diff"] == restricted["df"] - free["df"] == 12.0
    assert restricted["chisq_diff"] == pytest.approx(restricted["chisq"] - free["chisq"])


def test_the_bootstrap_drew_what_the_plan_says_and_counts_what_it_lost(study):
    counts = study.tables["mediation_draws"].set_index("measure")["value"]
    assert counts["drawn"] == STUDY_ANALYSES.draws == 5000
    assert counts["converged"] + counts["failed"] == counts["drawn"]
    assert study.provenance["analyses_seed"] == counts["seed"]


def test_a_level_of_invariance_and_every_group_are_there(study):
    assert study.tables["invariance"]["level"].tolist() == [
        "configural", "metric", "scalar", "strict"
    ]  # fmt: skip
    assert set(study.tables["group_paths"]["group"]) == {"internet", "retail", "finance"}
    assert study.tables["groups_test"].loc[0, "df_diff"] == 6.0


def test_worth_is_told_for_everybody_and_each_group(study):
    worth = study.tables["what_if"]
    assert len(worth) == 2 * 4
    assert (worth["boot_lower"] < worth["change"]).all()
    whole = worth[worth["segment"] == "all"].set_index("driver")["total"]
    parts = worth[worth["segment"] != "all"].groupby("driver")["total"].sum()
    np.testing.assert_allclose(parts[whole.index], whole, rtol=1e-9)


def test_what_does_not_hold_is_said_in_words(study):
    codes = {finding.code for finding in study.findings}
    assert {"mediation.interval_holds_zero", "moderation.none", "groups.no_difference",
            "antecedents.no_effect", "audit.inconsistent"} <= codes  # fmt: skip


def test_findings_call_variables_by_their_names(study):
    """No operator and no code of a latent variable reaches a reader, in either language."""
    codes = re.compile(r"CLV|RelationshipQuality|Loyalty_mean|scalar|\bnps\b|[A-Za-z]~[A-Za-z]")
    for finding in study.findings:
        assert not codes.search(finding.text.en), finding
        assert not codes.search(finding.text.zh), finding
    audited = [f.text.zh for f in study.findings if f.code.startswith("audit.")]
    assert any(text.startswith("信任：") for text in audited)
    assert any("“模型拟合良好”" in text for text in audited)
    assert not any("Install" in f.hint.zh or " to " in f.text.zh for f in study.findings)


def test_value_says_what_it_assumes(study):
    value = study.tables["value"].set_index("measure")["value"]
    assert (
        0 < value["margin"] < 1 and value["discount_rate"] == study.results["value"].discount_rate
    )


def test_the_first_specification_is_the_main_analysis(study, ecsi):
    """The curve marks it: whoever the report leaves out, it leaves out, and nobody else."""
    for analysis, name, who in (
        (study, "indirect", "screened"),
        (ecsi, "Loyalty~Satisfaction", "nobody"),
    ):
        main = analysis.tables["multiverse"].iloc[0]
        parameters = analysis.tables["parameters"]
        key = parameters["lhs"] + ("~" + parameters["rhs"] if "~" in name else "")
        chosen = parameters[(key == name) & parameters["op"].isin(["~", ":="])].iloc[0]
        assert main["exclude"] == who
        assert main["est"] == pytest.approx(chosen["est"], rel=1e-4)


def test_the_audit_finds_the_two_misprints(study):
    wrong = study.tables["audit"].query("verdict != 'consistent'")
    assert set(wrong["place"]) == {"Trust", "Satisfaction"}


def test_f2_is_the_gain_in_explained_variance():
    cov = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert explained(cov, np.array([0.5, 0.25]), 1.0) == pytest.approx(0.25)
    assert explained(np.empty((0, 0)), np.empty(0), 1.0) == 0.0


@pytest.mark.parametrize(
    ("lower", "upper", "expected", "result"),
    [
        (0.1, 0.2, "+", "supported"),
        (-0.2, -0.1, "+", "not supported"),
        (-0.2, -0.1, "-", "supported"),
        (-0.2, -0.1, "≠0", "supported"),
        (-0.1, 0.1, "≠0", "not supported"),
        (math.nan, 0.1, "+", "not testable"),
    ],
)
def test_verdict_of_interval(lower, upper, expected, result):
    assert verdict_of_interval(lower, upper, expected) == result


def test_a_claim_whose_analysis_was_not_done_is_not_testable():
    claim = Hypothesis("H5", Text("x"), "Y", "~", "XW", "+", "moderation")
    table = hypotheses_table([claim], pd.DataFrame(columns=["lhs", "op", "rhs"]))
    assert table["verdict"].tolist() == ["not testable"]


def test_the_checklist_tells_done_missing_and_what_only_the_author_can_say():
    nothing = jars_table({})
    assert set(nothing["status"]) == {"missing", "author"}
    everything = {key: pd.DataFrame() for row in nothing["tables"] for key in row.split()}
    assert set(jars_table(everything)["status"]) == {"done", "author"}
