"""The audit: relations among printed numbers, on papers that agree and on papers made wrong."""

from __future__ import annotations

import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError
from loyaltysem.study.audit.printed import Printed, meets, over, read_printed

MODEL = {
    "name": "CFA", "indicators": "9", "chisq": "85.306", "df": "24", "pvalue": "< .001",
    "cfi": ".931", "tli": ".896", "rmsea": ".092", "rmsea_lower": ".071", "rmsea_upper": ".114",
    "srmr": ".065", "baseline_chisq": "918.852", "baseline_df": "36", "n_parameters": "21",
}  # fmt: skip


def paper(**parts: object) -> dict[str, object]:
    return {"citation": "A paper", "n": 301, **parts}


def verdicts(audit: object) -> dict[str, str]:
    return {c.relation: c.verdict for c in audit.checks}  # type: ignore[attr-defined]


def test_a_fit_that_a_program_printed_is_consistent() -> None:
    found = ls.audit(paper(models=[MODEL]))
    assert found.counts == {"consistent": len(found.checks), "inconsistent": 0, "impossible": 0}
    assert {"rmsea", "rmsea_lower", "rmsea_upper", "tli", "pvalue", "df"} <= set(verdicts(found))
    assert found.findings == ()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rmsea", ".062"), ("tli", ".916"), ("pvalue", ".120"), ("rmsea_lower", ".031"),
        ("rmsea_upper", ".154"), ("df", "26"), ("chisq", "58.306"), ("baseline_chisq", "518.852"),
    ],
)  # fmt: skip
def test_each_slip_is_found(name: str, wrong: str) -> None:
    found = ls.audit(paper(models=[MODEL | {name: wrong}]))
    assert found.counts["inconsistent"] > 0
    assert all(f.code == "audit.inconsistent" for f in found.findings)


def test_what_cannot_occur_is_impossible() -> None:
    other = {"name": "b", "indicators": "4", "df": "11", "cfi": ".9"}
    found = ls.audit(paper(models=[MODEL | {"cfi": "1.031"}, other]))
    wrong = {(c.place, c.relation) for c in found.checks if c.verdict == "impossible"}
    assert wrong == {("CFA", "cfi"), ("b", "df")}


def test_the_seed_study_has_two_misprints_and_a_claim_without_ground() -> None:
    ratios = {"Trust": ("2.01", ".04"), "Satisfaction": ("2.12", ".04"), "Emotion": ("2.28", ".05")}
    models: list[dict[str, object]] = [
        {"name": k, "indicators": 4, "df": 2, "chisq_df": r, "rmsea": e}
        for k, (r, e) in ratios.items()
    ]
    whole = {"name": "whole", "indicators": 27, "chisq_df": "2.15", "rmsea": ".05", "cfi": ".89",
             "tli": ".88", "gfi": ".90", "agfi": ".88", "claims": ["good fit"]}  # fmt: skip
    found = ls.audit({"citation": "Seed", "n": 450, "models": [*models, whole]})
    wrong = {c.place for c in found.checks if c.verdict == "inconsistent"}
    assert wrong == {"Trust", "Satisfaction"}
    row = found.feasible.set_index("model").loc["whole"]
    assert row["df_lower"] == 295 and row["df_lower"] <= 315 <= row["df_upper"]
    assert [f.code for f in found.findings].count("audit.claim") == 1
    missed = found.findings[-1].text
    assert "CFI = 0.89, not ≥ .95 of Hu & Bentler (1999); TLI = 0.88" in missed.en
    assert "CFI = 0.89，Hu & Bentler (1999) 建议 ≥ .95；TLI = 0.88" in missed.zh


def test_measurement_numbers_hold_together() -> None:
    good = {"name": "F", "loadings": [".70", ".80", ".75"], "ave": ".56", "cr": ".79"}
    found = ls.audit(paper(constructs=[good]))
    assert set(verdicts(found).values()) == {"consistent"}
    bad = ls.audit(paper(constructs=[good | {"ave": ".66"}, {"name": "G", "items": 4, "cr": ".95",
                                                            "ave": ".50"}]))  # fmt: skip
    assert [c.verdict for c in bad.checks] == ["inconsistent", "consistent", "inconsistent"]


def test_coefficients_hold_together() -> None:
    row = {"name": "a", "estimate": ".50", "se": ".10", "z": "5.00", "p": "< .001",
           "ci": [".30", ".70"]}  # fmt: skip
    indirect = {"name": "ab", "estimate": ".20", "product_of": ["a", "b"]}
    b = {"name": "b", "estimate": ".40", "z": "1.70", "p": ".045"}
    found = {
        (c.place, c.relation): c for c in ls.audit(paper(coefficients=[row, b, indirect])).checks
    }
    assert found.pop(("b", "pvalue")).arithmetic.en.endswith("It agrees with a one-sided test.")
    assert {c.verdict for c in found.values()} == {"consistent"}
    wrong = ls.audit(paper(coefficients=[row | {"z": "3.00"}, b, indirect | {"estimate": ".30"}]))
    assert {"z", "product"} <= {c.relation for c in wrong.checks if c.verdict == "inconsistent"}


def test_correlations_can_be_impossible() -> None:
    triangle = {"names": ["x", "y", "z"], "rows": [["1"], [".90", "1"], [".90", "-.90", "1"]]}
    assert verdicts(ls.audit(paper(correlations=triangle))) == {"positive_definite": "impossible"}
    roots = {"names": ["F", "G"], "rows": [[".75"], [".30", ".71"]], "diagonal": "root_ave"}
    found = ls.audit(paper(correlations=roots, constructs=[{"name": "F", "ave": ".56"}]))
    assert verdicts(found) == {"root_ave": "consistent"}


def test_a_mean_that_no_whole_answers_have() -> None:
    found = ls.audit(
        {"citation": "c", "n": 28, "constructs": [{"name": "F", "item_means": ["5.19"]}]}
    )
    assert verdicts(found) == {"mean": "impossible"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (".90", Printed(0.9, 2)), ("−.12**", Printed(-0.12, 2)), ("1,234.5", Printed(1234.5, 1)),
        ("38%", Printed(0.38, 2)), ("< .001", Printed(0.001, 3, "<")), (27, Printed(27.0, 0)),
    ],
)  # fmt: skip
def test_numbers_are_read_as_papers_write_them(written: object, expected: Printed) -> None:
    assert read_printed(written) == expected


@pytest.mark.parametrize("written", ["n.s.", "", "1.2.3", True, ".", None])
def test_what_is_no_number_is_refused(written: object) -> None:
    with pytest.raises(DataError, match="no printed number"):
        read_printed(written)


def test_faults_of_a_file_name_their_lines(tmp_path: object) -> None:
    path = tmp_path / "paper.yaml"  # type: ignore[operator]
    path.write_text("citation: A\nn: many\nmodels:\n  - name: M\n    cfii: .9\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        ls.audit(path)
    assert "line 2" in str(caught.value) and "line 5" in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        ls.audit(tmp_path / "absent.yaml")  # type: ignore[operator]
    with pytest.raises(DataError, match="nothing that could be audited"):
        ls.audit({"citation": "A"})


def test_a_file_keeps_trailing_zeros(tmp_path: object) -> None:
    path = tmp_path / "paper.yaml"  # type: ignore[operator]
    path.write_text("citation: A\nmodels: [{name: M, gfi: .90, agfi: .88}]\n", encoding="utf-8")
    assert ls.audit(path).paper.models[0].numbers["gfi"].digits == 2


def test_ranges_over_boxes() -> None:
    assert over(lambda x, y: x / y, (1.0, 2.0), (2.0, 4.0)) == (0.25, 1.0)
    assert not meets((0.0, 1.0), (1.1, 2.0))


def test_the_audit_shows_itself_in_both_languages() -> None:
    found = ls.audit(paper(models=[MODEL]))
    assert "consistent" in repr(found) and "<table>" in found._repr_html_()
    assert "一致" in found.summary("zh") and "<b>" not in found._repr_html_()
