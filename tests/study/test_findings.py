import numpy as np
import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY
from loyaltysem.core.text import Text
from loyaltysem.study import findings
from loyaltysem.study.sections import FIT_MEASURES, fit_table

JUDGED = [m for m in FIT_MEASURES if m in REGISTRY and REGISTRY[m].side != "none"]
LABELS = {"A": Text("Alpha", "甲"), "B": Text("Beta", "乙")}


def reliability(**columns):
    base = {"alpha": [0.8, 0.9], "composite_reliability": [0.8, 0.9], "ave": [0.6, 0.7]}
    return pd.DataFrame({"construct": ["A", "B"], "n_items": [3, 3], **base, **columns})


def square(rows):
    return pd.DataFrame(rows, index=["A", "B"], columns=["A", "B"])


def test_good_fit_says_nothing():
    table = fit_table({"cfi": 0.97, "rmsea": 0.03, "gfi": 0.5, "chisq_df": 9.0})
    assert findings.fit_findings(table) == ()


def test_weak_fit_names_measures_cutoffs_and_sources():
    (finding,) = findings.fit_findings(fit_table({"cfi": 0.893, "rmsea": 0.05, "srmr": 0.091}))
    assert finding.code == "fit.weak"
    assert "CFI = .893 (≥ .95, Hu & Bentler, 1999)" in finding.text.en
    assert "SRMR = .091" in finding.text.en and "RMSEA" not in finding.text.en
    assert "CFI = .893" in finding.text.zh and finding.hint.zh


def test_reliable_scales_say_nothing():
    assert findings.reliability_findings(reliability(), LABELS) == ()


def test_weak_scales_are_named():
    table = reliability(alpha=[0.69, np.nan], ave=[0.6, 0.49], n_items=[3, 1])
    found = {f.code: f for f in findings.reliability_findings(table, LABELS)}
    assert list(found) == [
        "reliability.low_alpha",
        "validity.low_ave",
        "reliability.single_indicator",
    ]
    assert "Alpha .690" in found["reliability.low_alpha"].text.en
    assert "乙 .490" in found["validity.low_ave"].text.zh
    assert found["reliability.single_indicator"].severity == "note"


def test_every_judged_measure_of_fit_has_a_printed_name():
    worst = {name: (9.0 if REGISTRY[name].side == "at most" else -9.0) for name in JUDGED}
    (finding,) = findings.fit_findings(fit_table(worst))
    assert finding.text.en.count(" = ") == len(JUDGED)


def test_fornell_larcker_overlap():
    apart, close = square([[0.8, np.nan], [0.69, 0.7]]), square([[0.8, np.nan], [-0.7, 0.7]])
    assert findings.discriminant_findings(apart, None, LABELS) == ()
    (finding,) = findings.discriminant_findings(close, None, LABELS)
    assert finding.code == "validity.fornell_larcker"
    assert "Alpha – Beta (−.700)" in finding.text.en


def test_construct_without_ave_is_not_compared():
    table = square([[0.8, np.nan], [0.79, np.nan]])
    assert findings.overlapping(table) == []


def test_htmt_overlap():
    apart = square([[0.8, np.nan], [0.1, 0.7]])
    ratio = square([[np.nan, np.nan], [0.86, np.nan]])
    (finding,) = findings.discriminant_findings(apart, ratio, LABELS)
    assert finding.code == "validity.htmt" and ".860" in finding.text.en
    assert findings.discriminant_findings(apart, ratio - 0.02, LABELS) == ()


def test_merged_keeps_each_once_in_order():
    one, two = (
        findings.fit_findings(fit_table({"cfi": 0.9})),
        findings.fit_findings(fit_table({"tli": 0.9})),
    )
    assert findings.merged(one, two, one) == (*one, *two)


def test_standardised_paths_beyond_one():
    paths = pd.DataFrame({"outcome": ["B", "B"], "predictor": ["A", "x"], "std_all": [-1.2, 0.9]})
    (both,) = findings.path_findings(paths.assign(std_all=[-1.2, 1.1]), LABELS)
    assert "−1.200; " in both.text.en and "−1.200；" in both.text.zh and ";" not in both.text.zh
    (finding,) = findings.path_findings(paths, LABELS)
    assert finding.code == "paths.beyond_one"
    assert "Alpha → Beta −1.200" in finding.text.en and "甲 → 乙" in finding.text.zh
    assert "x" not in finding.text.en.split(":")[1]
    assert findings.path_findings(paths[1:], LABELS) == ()
