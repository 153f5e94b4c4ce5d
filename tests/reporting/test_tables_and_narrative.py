import pandas as pd
import pytest

from loyaltysem.core.display import interval
from loyaltysem.reporting import narrative, tables
from loyaltysem.reporting.plots import forest_plot, loadings_plot
from loyaltysem.reporting.tables import Words
from loyaltysem.reporting.tables.further import rivals
from tests.reporting.samples import LABELS, make_analysis

EN, ZH = Words("en", LABELS, frozenset({"BEH1"})), Words("zh", LABELS, frozenset({"BEH1"}))


@pytest.fixture(scope="module")
def found():
    return make_analysis().tables


def printed(table, first):
    """Return the cells, as printed, of the row whose first cell is `first`."""
    (row,) = (r for r in table.rows if r.cells[0].text == first and not r.is_group)
    return [cell.text + cell.mark for cell in row.cells]


def test_reliability_marks_what_misses_its_cutoff(found):
    table = tables.reliability(found["reliability"], EN)
    assert printed(table, "Behavioural loyalty") == [
        "Behavioural loyalty", "4", ".780", "[.740, .810]", ".784", ".478†"]  # fmt: skip
    assert printed(table, "Customer lifetime value")[2] == ".570†"
    assert printed(table, "Customer loyalty")[2:4] == ["–", "–"]
    assert "Fornell & Larcker, 1981" in table.notes[0]


def test_the_sample_prints_counts_whole_and_rates_as_percentages(found):
    table = tables.sample(found["sample"], ZH)
    assert printed(table, "数据文件行数")[1] == "500"
    assert printed(table, "有效回收率")[1] == "90.0%"


def test_items_stand_in_both_languages_under_their_construct(found):
    table = tables.items(found["items"], ZH)
    assert table.rows[0].is_group
    assert table.rows[0].cells[0].text == "忠诚度行为"
    (reverse,) = (r for r in table.rows if r.cells[0].text == "BEH2 (R)")
    assert (reverse.cells[1].text, reverse.cells[1].below) == ("反向题", '=cmd()|"x"')
    assert table.rows[-2].cells[0].text == "其他变量"
    assert "反向计分" in table.notes[0]


def test_fit_has_the_cutoff_column_and_no_verdict_on_the_ratio(found):
    table = tables.model_fit(found["fit"], ZH)
    assert [c.head for c in table.columns] == ["拟合指数", "结果", "标准", "判断", "依据"]
    assert printed(table, "χ²/df") == ["χ²/df", "2.15", "–", "–", "–"]
    assert printed(table, "CFI") == ["CFI", ".893", "≥ .95", "未达标", "Hu & Bentler (1999)"]
    assert printed(table, "RMSEA")[1] == ".051 [.045, .056]"
    assert "convention" not in " ".join(c.text for r in table.rows for c in r.cells)
    assert printed(tables.model_fit(found["fit"], EN), "SRMR")[3] == "met"


def test_a_fixed_loading_has_no_test(found):
    table = tables.loadings(found["loadings"], EN)
    assert printed(table, "BEH1")[1:6] == ["1.000", "–", "–", "–", "–"]
    assert any(r.is_group and r.cells[0].text == "Customer loyalty" for r in table.rows)
    assert printed(table, "Trust")[0] == "Trust"


def test_correlations_that_reach_a_root_are_marked(found):
    table = tables.fornell_larcker(found["fornell_larcker"], EN)
    assert printed(table, "2. Attitudinal loyalty")[:3] == [
        "2. Attitudinal loyalty", ".750†", ".700"]  # fmt: skip
    top = tables.fornell_larcker(found["fornell_larcker_top"], EN, key="fornell_larcker_top")
    assert printed(top, "2. Relationship quality")[1] == ".400"
    assert top.caption != table.caption


def test_htmt_above_the_cutoff_is_marked(found):
    table = tables.htmt(found["htmt"], EN)
    assert printed(table, "2. Attitudinal loyalty")[1] == ".860†"


def test_hypotheses_carry_their_verdict(found):
    table = tables.hypotheses(found["hypotheses"], EN)
    assert [r.cells[-1].text for r in table.rows] == ["supported", "supported", "not supported"]


def test_published_numbers_print_with_their_own_decimals(found):
    table = tables.published(found["published"], EN)
    assert printed(table, "Behaviour: α")[1:4] == [".78", ".780", "reproduced"]
    assert printed(table, "Model: χ²/df")[1:] == ["2.15", "2.110", "differs", "A remark"]


def test_effects_get_readers_names(found):
    table = tables.defined(found["defined"], ZH)
    assert [r.cells[0].text for r in table.rows] == ["间接效应", "总效应"]


def test_all_parameters_are_listed(found):
    table = tables.parameters(found["parameters"], EN)
    assert sum(not r.is_group for r in table.rows) == len(found["parameters"])
    assert printed(table, "RQ ~ LOY")[1] == "a"
    assert printed(table, "indirect := a*b")[1] == ""


def test_each_kind_of_parameter_has_one_group(found):
    mixed = found["parameters"].iloc[::-1].reset_index(drop=True)
    heads = [r.cells[0].text for r in tables.parameters(mixed, EN).rows if r.is_group]
    assert heads == ["Loadings", "Regressions", "Variances and covariances", "Defined parameters"]


def test_intercepts_print_in_the_models_syntax():
    row = {
        "lhs": "x1", "op": "~1", "rhs": "", "label": "", "est": 4.9, "se": 0.1, "z": 49.0,
        "pvalue": 0.0, "ci_lower": 4.8, "ci_upper": 5.0, "std_lv": 4.9, "std_all": 4.2,
    }  # fmt: skip
    table = tables.parameters(pd.DataFrame([row]), EN)
    assert printed(table, "x1 ~ 1")[-1] == "4.200"


def test_weak_fit_is_said_plainly(found):
    text = " ".join(p.text for p in narrative.model_fit(found["fit"], EN))
    assert "CFI = .893 is below .95 (Hu & Bentler, 1999)" in text
    assert "NFI = .820 is below .90 (Bentler & Bonett, 1980)" in text
    assert "Exact fit is rejected, χ²(315) = 677.30, p < .001" in text
    assert "Cut-offs that are met: RMSEA = .051 (≤ .06) and SRMR = .061 (≤ .08)." in text
    chinese = " ".join(p.text for p in narrative.model_fit(found["fit"], ZH))
    assert "CFI = .893 低于 .95（Hu & Bentler, 1999）" in chinese


def test_good_fit_is_said_without_overdoing_it(found):
    good = found["fit"].copy()
    for name, value in {"cfi": 0.99, "tli": 0.98, "nfi": 0.97, "pvalue": 0.21}.items():
        good.loc[good["measure"] == name, "value"] = value
    good.loc[good["met"].notna(), "met"] = True
    text = " ".join(p.text for p in narrative.model_fit(good, EN))
    assert "not rejected" in text
    assert "Every cut-off with a source is met" in text


def test_a_saturated_model_has_no_exact_test(found):
    saturated = found["fit"].copy()
    saturated.loc[saturated["measure"] == "df", "value"] = 0.0
    assert not any("χ²" in p.text for p in narrative.model_fit(saturated, EN))


def test_reliability_is_told_with_names_and_numbers(found):
    text = narrative.reliability(found["reliability"], EN).text
    assert "Cronbach's α is below .70 (Nunnally, 1978) for Customer lifetime value (.570)" in text
    assert "2 of 3 constructs reach it" in text
    strong = found["reliability"].query("construct == 'TRU'")
    text = narrative.reliability(strong, ZH).text
    assert "Cronbach α 系数均达到 .70（Nunnally, 1978），为 .810。" in text


def test_hypotheses_are_counted_and_the_failed_ones_named(found):
    text = narrative.hypotheses(found["hypotheses"], EN).text
    assert "Of 3 hypotheses 2 are supported at p < .05 (H1 and H2)." in text
    assert "Not supported: H3." in text
    assert "not proof of a cause" in text
    untestable = found["hypotheses"].assign(verdict="not testable")
    assert "Not testable in this model: H1, H2 and H3." in narrative.hypotheses(untestable, EN).text


def test_reproduction_is_counted(found):
    assert "Of 2 printed numbers 1 come back" in narrative.published(found["published"], EN).text


def test_without_latent_outcomes_nothing_is_said_of_them(found):
    observed = found["rsquare"].query("not is_latent")
    assert narrative.explained(observed, EN) is None
    assert "Customer lifetime value .20" in narrative.explained(found["rsquare"], EN).text


def test_plots_print_every_estimate(found):
    axes = forest_plot(found["paths"], labels=LABELS)
    text = [t.get_text() for t in axes.texts]
    assert "Customer loyalty → Relationship quality" in text
    row = found["paths"].query("std_all.round(2) == .48").iloc[0]
    limits = interval(row["std_all_ci_lower"], row["std_all_ci_upper"], 2, is_bounded=True)
    assert f".48 {limits}" in text  # as given: nothing is computed here
    axes = loadings_plot(found["loadings"], labels=LABELS, language="en")
    assert sum(t.get_text() == "Trust" for t in axes.texts) == 2  # heading, and as indicator


def test_wide_axes_have_whole_ticks(found):
    wide = found["paths"].assign(
        std_all=[12.0, -8.0, 1.0],
        std_all_ci_lower=[8.0, -12.0, -3.0],
        std_all_ci_upper=[16.0, -4.0, 5.0],
    )
    ticks = [t.get_text() for t in forest_plot(wide).get_xticklabels()]
    assert "10" in ticks
    assert "−10" in ticks


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_bracket_in_the_head_of_rmsea_stays_whole(language):
    row = dict.fromkeys(
        [
            "chisq",
            "df",
            "cfi",
            "tli",
            "rmsea",
            "rmsea_ci_lower",
            "rmsea_ci_upper",
            "srmr",
            "aic",
            "bic",
            "delta_aic",
            "chisq_diff",
            "df_diff",
            "pvalue_diff",
        ],
        1.0,
    )
    labels = {"label_en": "One factor", "label_zh": "单因子模型", "converged": True, "proper": True}
    table = rivals(pd.DataFrame([row | labels]), Words(language, LABELS))
    (head,) = (column.head for column in table.columns if column.head.startswith("RMSEA"))
    _, bracket = head.split(" ")
    assert bracket.startswith("[") and bracket.endswith("]")
    assert all(letter < "\u2e80" for letter in bracket)
