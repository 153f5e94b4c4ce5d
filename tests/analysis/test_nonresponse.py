"""Early against late respondents, and the nomological table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden/measurement.json").read_text("utf-8"))
HS = pd.read_csv(TESTS / "golden/data/HolzingerSwineford1939.csv")
CONSTRUCTS = {"visual": ["x1", "x2", "x3"], "文字": ["x4", "x5", "x6"], "age": ["ageyr"]}


@pytest.fixture
def survey():
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "day": np.arange(100),
            "满意度": rng.normal(size=100) + (np.arange(100) < 50),
            "age": rng.normal(40, 10, size=100),
            "city": np.where(np.arange(100) % 2, "Beijing", "上海"),
        }
    )


class TestNonresponse:
    def test_welch_as_r_prints_it(self):
        frame = pd.DataFrame({"place": range(301), "x1": HS["x1"]})
        row = ls.nonresponse(frame, "place").frame.iloc[0]
        for ours, theirs in {"statistic": "t", "df": "df", "pvalue": "p"}.items():
            assert row[ours] == pytest.approx(GOLDEN["welch"][theirs])
        assert row["n_early"] == row["n_late"] == 150

    def test_a_difference_is_named_after_holm(self, survey):
        result = ls.nonresponse(survey, "day")
        table = result.frame.set_index("variable")
        assert table["effect"]["满意度"] == pytest.approx(1.0, abs=0.4)
        assert table["ci_lower"]["满意度"] > 0
        assert table["pvalue_holm"]["满意度"] == pytest.approx(3 * table["pvalue"]["满意度"])
        assert "满意度" in str(result.findings[0]) and "city" not in str(result.findings[0])
        assert "50 early against 50 late" in str(result) and "<td>" in result._repr_html_()

    def test_words_are_compared_by_their_table(self, survey):
        row = ls.nonresponse(survey, survey["day"] < 30, ["city"]).frame.iloc[0]
        counts = pd.crosstab(survey["day"] < 30, survey["city"])
        test = stats.chi2_contingency(counts, correction=False)
        assert row["pvalue"] == pytest.approx(test.pvalue)
        assert row["effect"] == pytest.approx(np.sqrt(test.statistic / 100))

    def test_thirds_leave_the_middle_out(self, survey):
        result = ls.nonresponse(survey, "day", share=1 / 3)
        assert (result.n_early, result.n_late) == (33, 33)

    def test_a_column_of_flags(self, survey):
        flags = survey.assign(late=[False] * 40 + [True] * 60)
        assert ls.nonresponse(flags, "late", ["age"]).n_early == 60  # True is early

    def test_constant_and_empty_variables_have_no_test(self, survey):
        table = ls.nonresponse(
            survey.assign(same=1.0, none=np.nan, word="x"), "day", ["same", "none", "word", "age"]
        ).frame
        assert table["pvalue"].isna().tolist() == [True, True, True, False]
        assert table["pvalue_holm"].iloc[3] == table["pvalue"].iloc[3]

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({"early": "week"}, "data.missing_column"),
            ({"early": "day", "variables": ["agee"]}, "data.missing_column"),
            ({"early": "day", "share": 0.7}, "nonresponse.share"),
            ({"early": "day", "share": 0.01}, "nonresponse.too_few"),
            ({"early": [True, False]}, "nonresponse.length"),
            ({"early": "day", "alpha": 0}, "reliability.confidence"),
            ({"early": "day", "variables": ["day"]}, "nonresponse.variables"),
            ({"early": "day", "variables": ["age", "age"]}, "nonresponse.variables"),
        ],
    )
    def test_what_is_refused(self, survey, options, code):
        with pytest.raises(DataError) as caught:
            ls.nonresponse(survey, **options)
        assert caught.value.code == code

    def test_infinite_answers_are_refused(self, survey):
        with pytest.raises(DataError) as caught:
            ls.nonresponse(survey.assign(age=np.inf), "day")
        assert caught.value.code == "nonresponse.infinite"

    def test_numbers_as_column_names(self, survey):
        table = survey[["day", "age"]].set_axis(["day", 7], axis=1)
        assert ls.nonresponse(table, "day").frame["variable"].tolist() == ["7"]


class TestNomological:
    def test_correlations_of_means(self):
        result = ls.nomological(HS, CONSTRUCTS)
        row = result.frame.iloc[0]
        a, b = (HS[CONSTRUCTS[n]].mean(axis=1) for n in ("visual", "文字"))
        test = stats.pearsonr(a, b)
        limits = test.confidence_interval()
        assert row["correlation"] == pytest.approx(test.statistic)
        assert row["pvalue"] == pytest.approx(test.pvalue)
        assert (row["ci_lower"], row["ci_upper"]) == pytest.approx((limits.low, limits.high))
        alpha = [ls.cronbach_alpha(HS[CONSTRUCTS[n]]).alpha for n in ("visual", "文字")]
        assert row["disattenuated_r"] == pytest.approx(test.statistic / np.sqrt(np.prod(alpha)))
        assert result.frame["as_expected"].tolist() == [None, None, None]
        assert result.matrix().loc["文字", "文字"] == pytest.approx(alpha[1])

    def test_signs_are_held_against_intervals(self):
        expected = {("文字", "visual"): "+", ("visual", "age"): "0", ("age", "文字"): "+"}
        result = ls.nomological(HS, CONSTRUCTS, expected)
        assert result.frame["as_expected"].tolist() == [True, True, False]
        assert [f.code for f in result.findings] == ["validity.unexpected_sign"]
        assert "2 of 3 as expected" in str(result) and "文字" in result._repr_html_()

    def test_unreliable_and_single_scores_are_not_corrected(self):
        result = ls.nomological(HS.assign(x2=-HS["x2"] * 9), CONSTRUCTS)
        assert result.frame["disattenuated_r"].isna().all()

    @pytest.mark.parametrize(
        ("expected", "error"),
        [
            ({("visual", "speed"): "+"}, IncompatibleRequestError),
            ({("visual", "visual"): "+"}, IncompatibleRequestError),
            ({("visual", "age"): "more"}, IncompatibleRequestError),
        ],
    )
    def test_expectations_name_two_constructs_and_a_sign(self, expected, error):
        with pytest.raises(error) as caught:
            ls.nomological(HS, CONSTRUCTS, expected)
        assert caught.value.code == "request.expected"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (HS.head(3), "validity.too_few"),
            (HS.assign(ageyr=13), "validity.constant_score"),
            (HS.drop(columns="x6"), "data.missing_column"),
            (HS.assign(x1=np.inf), "validity.infinite"),
            (HS.assign(x1="a"), "reliability.not_numeric"),
        ],
    )
    def test_what_is_refused(self, data, code):
        with pytest.raises(DataError) as caught:
            ls.nomological(data, CONSTRUCTS)
        assert caught.value.code == code

    def test_a_construct_has_items(self):
        with pytest.raises(DataError) as caught:
            ls.nomological(HS, {"a": ["x1"], "b": []})
        assert caught.value.code == "validity.empty_construct"
