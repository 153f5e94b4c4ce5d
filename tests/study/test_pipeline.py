"""The whole way, on the two shipped studies."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from loyaltysem.analysis.effects import Path, effect_definitions
from loyaltysem.core.references import REFERENCES
from loyaltysem.core.text import Text
from loyaltysem.estimation.fit import sem
from loyaltysem.study.definitions import ECSI, LOYALTY_STUDY
from loyaltysem.study.hypotheses import Hypothesis
from loyaltysem.study.pipeline import analyse, run
from loyaltysem.study.provenance import sha256_of
from loyaltysem.study.published import WHOLE_MODEL

SQUARE = {"fornell_larcker", "fornell_larcker_top", "htmt"}


@pytest.fixture(scope="module")
def bare():
    """A model fitted without questionnaire or responses, all on observed variables."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    m = 0.5 * x + rng.normal(size=200)
    y = 0.4 * m + rng.normal(size=200)
    return sem("m ~ a*x\ny ~ b*m + x", pd.DataFrame({"x": x, "m": m, "y": y}))


# -- contents -------------------------------------------------------------------------------------


def test_ecsi_is_real_and_has_every_table(ecsi):
    assert not ecsi.synthetic
    assert set(ecsi.tables) == {
        *("sample", "items", "reliability", "fornell_larcker", "htmt", "fit", "loadings"),
        *("flow", "screening", "screening_rule", "screening_distributions", "with_without"),
        *("adequacy", "parallel", "method_bias", "normality", "htmt_intervals"),
        *("paths", "defined", "rsquare", "hypotheses", "parameters"),
        *("rivals", "estimators", "mediation", "mediation_draws", "effect_sizes", "jars"),
        *("multiverse", "multiverse_choices", "multiverse_summary"),
    } | {"power", "crosscheck"} & set(ecsi.tables)
    assert ecsi.provenance["n_obs"] == 250 and ecsi.provenance["seed"] is None


def test_the_study_says_it_is_synthetic(study):
    assert study.synthetic
    assert "data.synthetic" in {finding.code for finding in study.findings}
    assert isinstance(study.provenance["seed"], int)


def test_the_study_is_the_model_of_the_paper(study):
    fit = study.tables["fit"].set_index("measure")["value"]
    assert (fit["df"], fit["npar"], fit["ntotal"]) == (315, 63, 450)
    assert fit["chisq_df"] == pytest.approx(fit["chisq"] / 315)


def test_indirect_and_total_are_what_they_are_defined_as(study):
    path = study.tables["paths"].set_index("label")["est"]
    defined = study.tables["defined"].set_index("name")["est"]
    assert defined["indirect"] == pytest.approx(path["a"] * path["b"])
    assert defined["total"] == pytest.approx(path["c"] + path["a"] * path["b"])


def test_published_table_holds_our_own_numbers(study):
    table = study.tables["published"].set_index(["group", "quantity"])["reproduced"]
    alpha = study.tables["reliability"].set_index("construct")["alpha"]
    fit = study.tables["fit"].set_index("measure")["value"]
    assert table["Trust", "alpha"] == alpha["Trust"]
    assert table[WHOLE_MODEL, "agfi"] == fit["agfi"]
    side = sem("Trust =~ tru1 + tru2 + tru3 + tru4", _answers(study))
    assert table["Trust", "chisq_df"] == pytest.approx(side.fit_measures()["chisq"] / 2)
    assert np.isfinite(table).all()


def _answers(study):
    from loyaltysem.study.gathered import gather

    return gather(LOYALTY_STUDY).responses.data


def test_two_levels_of_discriminant_validity(study):
    first, top = study.tables["fornell_larcker"], study.tables["fornell_larcker_top"]
    assert len(first) == 7 and "Loyalty" not in first
    assert list(top) == ["CLV", "Loyalty", "RelationshipQuality"]


def test_alpha_is_left_open_where_it_does_not_exist(study, ecsi):
    alpha = study.tables["reliability"].set_index("construct")["alpha"]
    assert math.isnan(alpha["Loyalty"]) and not math.isnan(alpha["Trust"])
    single = ecsi.tables["reliability"].set_index("construct").loc["Complaints"]
    assert single[["alpha", "composite_reliability", "ave"]].isna().all()
    assert "reliability.single_indicator" in {finding.code for finding in ecsi.findings}


def test_labels_reach_latent_variables_however_they_are_spelled(study):
    assert study.labels["RelationshipQuality"] == Text("Relationship quality", "客户关系质量")
    assert study.labels["beh1"].zh


def test_items_stand_in_the_order_of_the_questionnaire(ecsi):
    items = ecsi.tables["items"]
    assert list(items["item"][:2]) == ["IMAG1", "IMAG2"] and len(items) == 24
    assert items[["mean", "sd", "n"]].notna().all(axis=None)


def test_findings_speak_both_languages_and_come_once(ecsi, study):
    for analysis in (ecsi, study):
        assert len(set(analysis.findings)) == len(analysis.findings)
        for finding in analysis.findings:
            assert finding.text.en and finding.text.zh
    assert "paths.beyond_one" in {finding.code for finding in ecsi.findings}


def test_every_verdict_on_fit_has_a_known_source(ecsi):
    table = ecsi.tables["fit"]
    judged = table[table["met"].map(lambda met: met is not None)]
    assert len(judged) and set(judged["source"]) <= set(REFERENCES)


def test_every_hypothesis_gets_a_verdict(ecsi, study):
    for analysis in (ecsi, study):
        assert set(analysis.tables["hypotheses"]["verdict"]) <= {"supported", "not supported"}


# -- a fit on its own -----------------------------------------------------------------------------


def test_every_path_is_tested_when_nothing_is_claimed(bare):
    table = analyse(bare).tables["hypotheses"]
    assert list(zip(table["lhs"], table["rhs"], strict=True)) == [
        ("m", "x"),
        ("y", "m"),
        ("y", "x"),
    ]
    assert set(table["expected"]) == {"≠0"}
    paths = analyse(bare).tables["paths"]
    assert list(table["est"]) == list(paths["est"])


def test_a_claim_about_a_path_that_is_not_there(bare):
    claim = Hypothesis("H1", Text("no such path"), "x", "~", "y", "+")
    row = analyse(bare, hypotheses=[claim]).tables["hypotheses"].iloc[0]
    assert row["verdict"] == "not testable" and math.isnan(row["est"])


def test_tables_that_do_not_apply_are_absent(bare):
    tables = analyse(bare).tables
    assert not {"sample", "items", "reliability", "htmt", "loadings", "published"} & set(tables)


def test_names_default_to_the_fit_itself(bare):
    analysis = analyse(bare)
    assert (analysis.name, analysis.title.en, analysis.synthetic) == ("model", "model", False)
    assert analysis.model_text == "m ~ a*x\ny ~ b*m + x"
    assert analysis.provenance["model_sha256"] == sha256_of(analysis.model_text)
    assert analysis.provenance["command"] is None


def test_effect_definitions_agree_with_products_of_paths():
    rng = np.random.default_rng(5)
    x = rng.normal(size=300)
    m = 0.5 * x + rng.normal(size=300)
    y = 0.4 * m + 0.2 * x + rng.normal(size=300)
    paths = (Path("m", "x", "a"), Path("y", "m", "b"), Path("y", "x", "c"))
    model = f"m ~ a*x\ny ~ b*m + c*x\n{effect_definitions(paths, 'x', 'y')}"
    rows = sem(model, pd.DataFrame({"x": x, "m": m, "y": y})).parameters()
    est = rows.set_index("lhs")["est"]
    a, b, c = (rows.loc[rows["label"] == label, "est"].iloc[0] for label in "abc")
    assert est["x_m_y"] == pytest.approx(a * b)
    assert est["total_x_y"] == pytest.approx(c + a * b)
    se = rows.set_index("lhs").loc["x_m_y", "se"]
    assert 0 < se < 0.2


# -- JSON -----------------------------------------------------------------------------------------


def test_json_is_complete_exact_and_strict(study):
    text = study.to_json()
    content = json.loads(text, parse_constant=lambda word: pytest.fail(f"not JSON: {word}"))
    assert set(content["tables"]) == set(study.tables)
    for key, frame in study.tables.items():
        if key not in SQUARE:
            assert len(content["tables"][key]) == len(frame)
    first = content["tables"]["loadings"][1]
    assert first["est"] == study.tables["loadings"]["est"][1]  # every digit
    assert content["tables"]["loadings"][0]["z"] is None  # a fixed loading has no test
    own = study.fit.standardized().query("op == '=~'").iloc[0]
    assert content["tables"]["loadings"][0]["std_all_ci_lower"] == own["ci_lower"] < own["est_std"]
    corner = content["tables"]["fornell_larcker"]["Trust"]["Trust"]
    assert corner == study.tables["fornell_larcker"].loc["Trust", "Trust"]
    assert content["fit_measures"]["chisq"] == study.fit.fit_measures()["chisq"]
    assert content["title"]["zh"] == study.title.zh
    assert "客户忠诚度" in text and text.endswith("}\n")


def test_json_is_the_same_every_time(study):
    assert run(LOYALTY_STUDY, command="loyaltysem reproduce").to_json() == study.to_json()


def test_json_names_no_place_on_this_machine(ecsi):
    assert str(ECSI.data().parent) not in ecsi.to_json()


# -- progress -------------------------------------------------------------------------------------


def test_progress_is_told_in_plain_lines():
    told = []
    run(LOYALTY_STUDY, progress=told.append)
    assert any("df = 315, N = 450" in line for line in told)
    assert all(line.startswith("study: ") and "\n" not in line for line in told)
