"""Distributions: one by one, all together, far out, and what is missing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import loyaltysem as ls
from loyaltysem.analysis.measurement.multivariate_normal import henze_zirkler, mardia
from loyaltysem.core.errors import DataError, IncompatibleRequestError


@pytest.fixture
def normal():
    return pd.DataFrame(np.random.default_rng(3).normal(size=(200, 3)), columns=["a", "b", "信任"])


class TestDescribe:
    def test_moments_are_those_of_scipy(self, normal):
        row = ls.describe(normal, shape=1).iloc[0]
        assert row["skewness"] == pytest.approx(stats.skew(normal["a"]))
        unbiased = ls.describe(normal, shape=2).iloc[0]
        assert unbiased["kurtosis"] == pytest.approx(stats.kurtosis(normal["a"], bias=False))
        assert row["mad"] == pytest.approx(
            stats.median_abs_deviation(normal["a"], scale="normal"), rel=1e-4
        )

    def test_ends_of_the_scale(self):
        table = ls.describe(pd.DataFrame({"q": [1, 2, 3, 4, 4]}), ends=(1, 5))
        assert table[["floor", "ceiling"]].iloc[0].tolist() == [0.2, 0.0]

    def test_empty_constant_and_single_answers(self):
        frame = pd.DataFrame({"none": [np.nan] * 4, "same": [2.0] * 4, "one": [3.0] + [np.nan] * 3})
        table = ls.describe(frame).set_index("item")
        assert table["n"].tolist() == [0, 4, 1] and table["missing"].tolist() == [4, 0, 3]
        assert np.isnan(table["mean"]["none"]) and np.isnan(table["skewness"]["same"])
        assert np.isnan(table["sd"]["one"]) and table["mean"]["one"] == 3

    def test_what_is_refused(self, normal):
        with pytest.raises(IncompatibleRequestError):
            ls.describe(normal, shape=4)
        with pytest.raises(DataError, match="'c'"):
            ls.describe(normal, ["c"])
        with pytest.raises(DataError):
            ls.describe(normal.assign(a="x"))


class TestTogether:
    def test_mardia_by_its_definition(self, normal):
        x = normal.to_numpy()
        centred = x - x.mean(axis=0)
        d = centred @ np.linalg.inv(np.cov(x.T, bias=True)) @ centred.T
        skew, _, kurtosis = mardia(x)
        assert skew.value == pytest.approx((d**3).mean())
        assert kurtosis.value == pytest.approx((np.diag(d) ** 2).mean())
        unbiased = mardia(x, unbiased=True)
        assert unbiased[0].value == pytest.approx(skew.value * (199 / 200) ** 3)

    def test_henze_zirkler_of_the_iris(self):
        # package MVN prints HZ 0.9488453, p 0.04995356 for setosa; here a sample of the same
        # definition, term by term
        x = np.random.default_rng(1).normal(size=(40, 2))
        n, p = x.shape
        beta = ((2 * p + 1) * n / 4) ** (1 / (p + 4)) / np.sqrt(2)
        inverse = np.linalg.inv(np.cov(x.T, bias=True))
        pairs = sum(np.exp(-(beta**2) / 2 * (a - b) @ inverse @ (a - b)) for a in x for b in x)
        own = sum(
            np.exp(-(beta**2) / (2 * (1 + beta**2)) * (a - x.mean(0)) @ inverse @ (a - x.mean(0)))
            for a in x
        )
        t = pairs / n - 2 * (1 + beta**2) ** (-p / 2) * own + n * (1 + 2 * beta**2) ** (-p / 2)
        assert henze_zirkler(x).value == pytest.approx(t)

    def test_both_keep_their_level_and_find_skewed_answers(self):
        rng = np.random.default_rng(2)
        hits = np.zeros(4)
        for _ in range(300):
            x = rng.normal(size=(60, 3))
            tests = (*mardia(x), henze_zirkler(x))
            hits += [t.pvalue < 0.05 for t in tests]
        assert (hits[[1, 3]] / 300 < 0.09).all() and hits[3] / 300 > 0.02
        skewed = rng.exponential(size=(100, 3))
        assert max(t.pvalue for t in (*mardia(skewed), henze_zirkler(skewed))) < 0.001

    def test_many_cases_take_little_room_and_no_pairs(self, monkeypatch):
        x = np.random.default_rng(4).normal(size=(500, 4))
        module = "loyaltysem.analysis.measurement.multivariate_normal"
        whole = [t.value for t in (*mardia(x), henze_zirkler(x))]
        monkeypatch.setattr(f"{module}.BLOCK", 700)  # blocks of one row and of 43 rows
        np.testing.assert_allclose([t.value for t in (*mardia(x), henze_zirkler(x))], whole)
        monkeypatch.setattr(f"{module}.MOST_CASES", 499)
        assert np.isnan(henze_zirkler(x).pvalue)

    def test_linear_changes_do_not_matter(self, normal):
        turned = normal @ np.array([[2.0, 1, 0], [0, 1, 3], [1, 0, 1]]) + 7
        np.testing.assert_allclose(
            ls.normality(turned.set_axis(normal.columns, axis=1)).frame["value"],
            ls.normality(normal).frame["value"],
        )

    def test_findings_and_words(self, normal):
        assert ls.normality(normal).findings == ()
        heavy = normal.assign(a=np.random.default_rng(1).standard_t(2, size=200))
        result = ls.normality(heavy)
        assert [f.code for f in result.findings] == ["normality.kurtosis"]
        assert "Henze–Zirkler" in str(result) and "信任" in result._repr_html_()

    def test_no_shapiro_beyond_its_limit(self):
        x = pd.DataFrame({"a": np.random.default_rng(1).normal(size=5001)})
        items = ls.normality(x).items
        assert np.isnan(items["pvalue_shapiro"]).all()

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda d: d.assign(s=d["a"] + d["b"]), "normality.redundant_items"),
            (lambda d: d.head(4), "normality.too_few_cases"),
            (lambda d: d.assign(a=1.0), "normality.constant_item"),
            (lambda d: d.assign(a=np.inf), "normality.infinite"),
        ],
    )
    @pytest.mark.parametrize("function", [ls.normality, ls.outliers])
    def test_what_is_refused(self, normal, change, code, function):
        with pytest.raises(DataError) as caught:
            function(change(normal))
        assert caught.value.code == code


class TestOutliers:
    def test_distances_are_those_of_the_inverse(self, normal):
        found = ls.outliers(normal.set_axis([f"r{i}" for i in range(200)]))
        centred = (normal - normal.mean()).to_numpy()
        d2 = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(normal.cov()), centred)
        np.testing.assert_allclose(found.distances["d2"], d2)
        assert found.distances["case"].iloc[3] == "r3"
        np.testing.assert_allclose(found.distances["pvalue"], stats.chi2.sf(d2, 3))

    def test_planted_cases_are_listed_the_farthest_first(self, normal):
        normal.iloc[[5, 9]] = [[9, -9, 9], [6, -6, 6]]
        normal.iloc[0, 0] = np.nan
        found = ls.outliers(normal)
        assert found.frame["case"].tolist()[:2] == [5, 9]
        assert found.n_incomplete == 1
        assert [f.code for f in found.findings] == ["normality.outliers"]
        assert "of 199 cases" in str(found)

    def test_alpha_is_a_share(self, normal):
        with pytest.raises(DataError):
            ls.outliers(normal, alpha=5)


class TestMissing:
    def test_any_type_of_column(self):
        frame = pd.DataFrame({"q": [1, None, 3], "开放题": ["a", None, None]})
        found = ls.missing_patterns(frame)
        assert found.frame["n"].sum() == 3 and found.n_complete == 1
        assert (
            found.frame["missing"].tolist() == ["", "q, 开放题", "开放题"] or len(found.frame) == 3
        )
        assert found.pairwise_n.loc["q", "开放题"] == 1

    def test_complete_data_are_one_pattern(self, normal):
        found = ls.missing_patterns(normal, ["a", "b"])
        assert found.frame["pattern"].tolist() == ["xx"] and found.findings == ()

    def test_long_tables_are_cut_when_printed(self):
        holes = np.random.default_rng(1).random((300, 8)) < 0.4
        frame = pd.DataFrame(np.where(holes, np.nan, 1.0)).add_prefix("q")
        found = ls.missing_patterns(frame)
        assert len(found.frame) > 20 and str(found).count("\n") < 26
        assert "first 20" in found._repr_html_()
        codes = [f.code for f in found.findings]
        assert codes == ["data.much_missing", "data.few_complete"]

    def test_pairs_that_were_never_answered_together(self):
        frame = pd.DataFrame({"a": [1.0] * 10 + [np.nan] * 10, "b": [np.nan] * 10 + [1.0] * 10})
        assert "data.rare_pair" in [f.code for f in ls.missing_patterns(frame).findings]

    def test_nothing_is_refused(self):
        with pytest.raises(DataError) as caught:
            ls.missing_patterns(pd.DataFrame())
        assert caught.value.code == "data.empty"
