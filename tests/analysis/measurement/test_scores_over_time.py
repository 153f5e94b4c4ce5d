"""Split halves, intraclass correlations and waves."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError, IncompatibleRequestError

TESTS = Path(__file__).parents[2]
GOLDEN = json.loads((TESTS / "golden/measurement.json").read_text("utf-8"))
HS = pd.read_csv(TESTS / "golden/data/HolzingerSwineford1939.csv")
EIGHT = HS[[f"x{i}" for i in range(1, 9)]]
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
FORMS = {
    "Single_raters_absolute": "ICC(1,1)",
    "Single_random_raters": "ICC(2,1)",
    "Single_fixed_raters": "ICC(3,1)",
    "Average_raters_absolute": "ICC(1,k)",
    "Average_random_raters": "ICC(2,k)",
    "Average_fixed_raters": "ICC(3,k)",
}


class TestSplitHalf:
    def test_all_splits_agree_with_psych(self):
        result = ls.split_half((EIGHT - EIGHT.mean()) / EIGHT.std())
        golden = GOLDEN["split"]
        assert result.exhaustive and len(result.splits) == 35
        assert result.lambda4 == pytest.approx(golden["max"])
        assert result.beta == pytest.approx(golden["min"])
        assert result.splits["guttman_lambda4"].mean() == pytest.approx(golden["mean"])

    def test_the_mean_of_all_splits_is_alpha(self):
        mean = ls.split_half(EIGHT).splits["guttman_lambda4"].mean()
        assert mean == pytest.approx(ls.cronbach_alpha(EIGHT).alpha)

    def test_each_split_is_that_of_sums(self):
        five = EIGHT.iloc[:, :5]
        result = ls.split_half(five)
        assert len(result.splits) == len(list(combinations(range(5), 2)))
        for row in result.splits.to_dict("records"):
            half = row["first_half"].split(", ")
            a, b = five[half].sum(axis=1), five.drop(columns=half).sum(axis=1)
            rulon = 1 - (a - b).var() / (a + b).var()
            assert row["guttman_lambda4"] == pytest.approx(rulon)
            assert row["half_r"] == pytest.approx(np.corrcoef(a, b)[0, 1])

    def test_unequal_halves_are_stepped_up_by_horst(self):
        k, r = 5, 0.3  # parallel items: every formula must give k·r/(1 + (k − 1)r)
        shared = np.full((k, k), r) + (1 - r) * np.eye(k)
        rng = np.random.default_rng(1)
        white = np.linalg.qr(rng.normal(size=(200, k)) - 0.0)[0]
        white = np.linalg.qr(white - white.mean(axis=0))[0]
        x = white @ np.linalg.cholesky(shared).T
        found = ls.split_half(x).splits["spearman_brown"]
        np.testing.assert_allclose(found, k * r / (1 + (k - 1) * r))

    def test_many_items_are_split_at_random_and_again(self):
        rng = np.random.default_rng(2)
        wide = rng.normal(size=(80, 1)) + rng.normal(size=(80, 20))
        one, two = (ls.split_half(wide, splits=200, seed=5) for _ in range(2))
        pd.testing.assert_frame_equal(one.splits, two.splits)
        assert not one.exhaustive and one.seed == 5 and len(one.splits) == 200
        assert len(ls.split_half(wide).splits) == 10_000

    def test_mixed_scales_are_noticed(self):
        assert "reliability.splits_differ" in [f.code for f in ls.split_half(EIGHT).findings]

    def test_what_is_refused(self):
        with pytest.raises(IncompatibleRequestError):
            ls.split_half(EIGHT, splits=0)
        with pytest.raises(DataError) as caught:
            ls.split_half(EIGHT[["x1"]])
        assert caught.value.code == "reliability.too_few_items"


class TestIntraclass:
    def test_six_forms_agree_with_psych(self):
        found = ls.icc(JUDGES).frame.set_index("form")
        for theirs, form in FORMS.items():
            golden, row = GOLDEN["icc"][theirs], found.loc[form]
            for name, column in {
                "ICC": "icc", "lower bound": "ci_lower", "upper bound": "ci_upper", "F": "f",
                "df1": "df1", "df2": "df2", "p": "pvalue",
            }.items():  # fmt: skip
                assert row[column] == pytest.approx(golden[name], rel=1e-9), (form, name)

    def test_agreement_sees_a_shift_and_consistency_does_not(self):
        x = np.random.default_rng(1).normal(size=50)
        result = ls.icc(np.column_stack([x, x + 2]))
        assert result.value("ICC(3,1)") == pytest.approx(1.0)
        assert result.value("ICC(2,1)") < 0.5

    def test_incomplete_rows_are_counted(self):
        assert ls.icc([*JUDGES, [1, np.nan, 2, 3]]).n_incomplete == 1

    def test_disagreement_is_a_finding(self):
        x = np.arange(10.0)
        result = ls.icc(np.column_stack([x, -x]))
        assert [f.code for f in result.findings] == ["reliability.negative_icc"]

    @pytest.mark.parametrize("ratings", [[[1], [2], [3]], [[1, 2], [2, 1]], [[1, np.inf]] * 4])
    def test_too_little_is_refused(self, ratings):
        with pytest.raises(DataError) as caught:
            ls.icc(ratings)
        assert caught.value.code == "reliability.icc"


class TestRetest:
    @pytest.fixture
    def waves(self):
        rng = np.random.default_rng(6)
        true = rng.normal(4, 1, size=(100, 1))
        names = ["t1", "t2", "t3"]
        one, two = (
            pd.DataFrame(true + rng.normal(0, 0.5, (100, 3)), columns=names).assign(
                who=np.arange(100)
            )
            for _ in range(2)
        )
        return one, two.sample(60, random_state=1)

    def test_rows_are_matched_by_name_not_by_place(self, waves):
        one, two = waves
        result = ls.test_retest(one, two, constructs={"信任": ["t1", "t2", "t3"]}, id="who")
        row = result.frame.iloc[0]
        both = one.set_index("who").loc[two["who"], ["t1", "t2", "t3"]].mean(axis=1)
        expected = np.corrcoef(both, two[["t1", "t2", "t3"]].mean(axis=1))[0, 1]
        assert row["correlation"] == pytest.approx(expected)
        assert row["ci_lower"] < row["correlation"] < row["ci_upper"]
        assert (result.n_first, result.n_second, result.n_both) == (100, 60, 60)
        assert "60 of 100" in str(result) and "信任" in result._repr_html_()

    def test_error_of_measurement_is_half_the_variance_of_change(self, waves):
        one, two = waves
        row = ls.test_retest(one, two, constructs={"t": ["t1"]}, id="who").frame.iloc[0]
        assert row["standard_error"] == pytest.approx(row["sd_change"] / np.sqrt(2))
        assert row["smallest_change"] == pytest.approx(1.959964 * row["sd_change"], rel=1e-6)

    def test_a_shift_of_all_is_a_finding(self, waves):
        one, two = waves
        moved = two.assign(t1=two["t1"] + 2)
        result = ls.test_retest(one, moved, id="who")
        assert [f.code for f in result.findings] == ["reliability.scores_moved"]
        row = result.frame.set_index("score").loc["t1"]
        assert row["icc"] < row["icc_consistency"]

    def test_few_who_came_back_are_told(self, waves):
        one, two = waves
        codes = [f.code for f in ls.test_retest(one, two.head(20), id="who").findings]
        assert "reliability.few_came_back" in codes

    def test_columns_named_by_numbers(self, waves):
        one, two = (w.set_index("who").set_axis([0, 1, 2], axis=1) for w in waves)
        assert ls.test_retest(one, two).frame["score"].tolist() == ["0", "1", "2"]

    def test_identical_waves(self, waves):
        one, _ = waves
        row = ls.test_retest(one, one, id="who").frame.iloc[0]
        assert row["icc"] == pytest.approx(1.0)
        assert row["standard_error"] == pytest.approx(0.0, abs=1e-12)
        assert np.isnan(row["pvalue_change"])

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda w: {"second": pd.concat([w[1], w[1]])}, "reliability.repeated_respondent"),
            (lambda w: {"constructs": {"t": ["t9"]}}, "data.missing_column"),
            (lambda w: {"second": w[1].head(2)}, "reliability.too_few_cases"),
            (lambda w: {"second": w[1][["who"]]}, "reliability.no_shared_column"),
            (lambda w: {"id": "whom"}, "data.missing_column"),
            (lambda w: {"confidence": 2}, "reliability.confidence"),
            (
                lambda w: {"second": w[1].assign(t1="x"), "constructs": {"t": ["t1"]}},
                "reliability.not_numeric",
            ),
        ],
    )
    def test_what_is_refused(self, waves, change, code):
        options = {"first": waves[0], "second": waves[1], "id": "who"} | change(waves)
        with pytest.raises(DataError) as caught:
            ls.test_retest(**options)
        assert caught.value.code == code
