"""Exploratory factor analysis: what it finds, what it says, what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.exploration.fit_statistics import degrees_of_freedom, greatest_number
from loyaltysem.analysis.exploration.result import EFAResult
from loyaltysem.core.errors import DataError, IncompatibleRequestError

DATA = Path(__file__).parents[2] / "golden" / "data"
ITEMS = [f"x{i}" for i in range(1, 10)]
LOADINGS = np.kron(np.eye(2), [[0.8], [0.7], [0.6], [0.5]]) * [1.0, 0.9]
PHI = np.array([[1.0, 0.4], [0.4, 1.0]])


def _population(loadings: np.ndarray = LOADINGS, phi: np.ndarray = PHI) -> pd.DataFrame:
    r = loadings @ phi @ loadings.T
    np.fill_diagonal(r, 1.0)
    names = [f"a{i}" for i in range(len(r))]
    return pd.DataFrame(r, index=names, columns=names)


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return pd.read_csv(DATA / "HolzingerSwineford1939.csv")[ITEMS]


def _codes(found: EFAResult) -> set[str]:
    return {f.code for f in found.findings}


@pytest.mark.parametrize("method", ["minres", "uls", "ml", "pa"])
@pytest.mark.parametrize("rotation", ["oblimin", "geomin", "promax"])
def test_the_population_comes_back(method: str, rotation: str) -> None:
    found = ls.efa(_population(), 2, method, rotation, n_obs=500)
    room = {"oblimin": 1e-4, "geomin": 0.02, "promax": 0.06}[rotation]
    assert found.loadings.to_numpy() == pytest.approx(LOADINGS, abs=room)
    assert found.phi.to_numpy() == pytest.approx(PHI, abs=4 * room)
    assert found.fit["chisq"] == pytest.approx(0.0, abs=1e-5)
    assert found.residuals.to_numpy() == pytest.approx(np.diag(found.uniqueness), abs=1e-5)
    assert found.groups() == {"F1": ("a0", "a1", "a2", "a3"), "F2": ("a4", "a5", "a6", "a7")}


def test_one_factor_and_one_half_of_the_items(hs: pd.DataFrame) -> None:
    found = ls.efa(hs[["x1", "x2", "x3"]], 1, rotation="oblimin")
    assert found.fit["df"] == 0
    assert np.isnan(found.fit["pvalue"])
    assert "exploration.saturated" in _codes(found)
    assert "χ²(0)" in str(found)
    assert "RMSEA" not in str(found)


def test_chisq_of_lavaan(hs: pd.DataFrame) -> None:
    fit = ls.cfa("f =~ " + " + ".join(ITEMS), hs)
    found = ls.efa(hs, 1, "ml", test="standard")
    for name in ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_upper"):
        assert found.fit[name] == pytest.approx(fit.fit_measures(name)[name], rel=1e-5), name
    assert found.loadings["F1"].to_numpy() == pytest.approx(
        fit.parameters().query("op == '=~'")["std_all"].to_numpy(), abs=1e-5
    )


def test_standard_errors_only_for_maximum_likelihood(hs: pd.DataFrame) -> None:
    known = ls.efa(hs, 3, "ml", "oblimin")
    assert known.errors is not None
    assert known.tidy["se"].between(0.01, 0.12).all()
    for method, rotation in (("minres", "oblimin"), ("ml", "promax"), ("ml", "none")):
        found = ls.efa(hs, 3, method, rotation)
        assert found.errors is None
        assert found.tidy["se"].isna().all()


def test_heywood_case() -> None:
    data = pd.read_csv(DATA / "heywood.csv").iloc[:, :6]
    found = ls.efa(data, 2, "ml")
    assert "exploration.heywood" in _codes(found)
    assert found.errors is None
    assert all(str(f.text.zh) for f in found.findings)


def test_an_empty_factor_is_named() -> None:
    one = np.full((8, 1), 0.7)
    r = _population(one, np.eye(1))
    r.iloc[0, 1] = r.iloc[1, 0] = r.iloc[0, 1] + 0.15
    assert "exploration.weak_factor" in _codes(ls.efa(r, 2, n_obs=400))
    two = np.column_stack([one[:, 0], 0.15 * np.array([1, 1, 1, 1, -1, -1, -1, -1])])
    found = ls.efa(_population(two, np.eye(2)), 2, rotation="none", n_obs=400)
    assert "exploration.empty_factor" in _codes(found)


def test_items_that_cross_or_belong_nowhere() -> None:
    loadings = np.vstack([LOADINGS, [[0.5, 0.5], [0.05, 0.1]]])
    found = ls.efa(_population(loadings), 2, n_obs=300)
    texts = {f.code: f.text.en for f in found.findings}
    assert texts["exploration.cross_loading"].endswith(": a8.")
    assert texts["exploration.no_loading"].endswith(": a9.")


def test_factors_that_are_one() -> None:
    phi = np.array([[1.0, 0.9], [0.9, 1.0]])
    assert "exploration.factors_alike" in _codes(ls.efa(_population(phi=phi), 2, n_obs=500))


def test_several_minima_are_told(hs: pd.DataFrame) -> None:
    assert "exploration.local_minima" in _codes(ls.efa(hs, 3, "ml", "geomin"))
    assert "exploration.local_minima" not in _codes(ls.efa(hs, 3, "ml", "oblimin"))


def test_a_repeated_item_is_survived(hs: pd.DataFrame) -> None:
    twice = hs.assign(again=hs["x1"])
    found = ls.efa(twice, 2)
    assert "exploration.not_positive_definite" in _codes(found)
    assert np.isfinite(found.loadings.to_numpy()).all()
    assert np.isfinite(ls.efa(twice, 2, "ml").loadings.to_numpy()).all()


def test_fewer_respondents_than_items() -> None:
    data = np.random.default_rng(1).standard_normal((6, 10))
    assert "exploration.not_positive_definite" in _codes(ls.efa(data, 1))


def test_missing_answers(hs: pd.DataFrame) -> None:
    gaps = pd.read_csv(DATA / "hs_missing_mcar.csv")[ITEMS]
    listwise, em = ls.efa(gaps, 3), ls.efa(gaps, 3, missing="em")
    assert listwise.n_obs == len(gaps.dropna())
    assert listwise.source.n_incomplete == gaps.isna().any(axis=1).sum() > 0
    assert em.n_obs == len(gaps)
    assert np.abs(em.communality - ls.efa(hs, 3).communality).max() < 0.12
    scores = em.scores()
    assert scores.isna().any(axis=1).sum() == em.source.n_incomplete


def test_scores(hs: pd.DataFrame) -> None:
    labelled = hs.set_axis([f"r{i}" for i in range(len(hs))])
    found = ls.efa(labelled, 3, "ml")
    scores = found.scores()
    assert list(scores.index) == list(labelled.index)
    assert scores.mean().to_numpy() == pytest.approx(np.zeros(3), abs=1e-12)
    assert scores.var().to_numpy() == pytest.approx(found.determinacy.to_numpy())
    kept = found.scores(method="tenberge").corr().to_numpy()
    assert kept == pytest.approx(found.phi.to_numpy(), abs=1e-8)
    one = found.scores(labelled.iloc[[7]])
    assert one.to_numpy() == pytest.approx(scores.iloc[[7]].to_numpy())
    shuffled = labelled[ITEMS[::-1]]
    assert found.scores(shuffled).to_numpy() == pytest.approx(scores.to_numpy())


def test_scores_that_cannot_be(hs: pd.DataFrame) -> None:
    found = ls.efa(hs, 2)
    with pytest.raises(DataError, match="lack x9") as caught:
        found.scores(hs.drop(columns="x9"))
    assert caught.value.code == "exploration.missing_item"
    with pytest.raises(IncompatibleRequestError, match="'median'"):
        found.scores(method="median")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(DataError, match="correlation matrix"):
        ls.efa(hs.corr(), 2, n_obs=301).scores()


def test_a_matrix_gives_what_answers_give(hs: pd.DataFrame) -> None:
    answers, matrix, cov = (
        ls.efa(hs, 3),
        ls.efa(hs.corr(), 3, n_obs=301),
        ls.efa(hs.cov(), 3, n_obs=301),
    )
    for other in (matrix, cov):
        assert other.loadings.to_numpy() == pytest.approx(answers.loadings.to_numpy(), abs=1e-7)
        assert other.fit["chisq"] == pytest.approx(answers.fit["chisq"])
        assert list(other.loadings.index) == ITEMS


def test_reading_a_result(hs: pd.DataFrame) -> None:
    renamed = hs.rename(columns={"x1": "视觉<1>"})
    found = ls.efa(renamed, 3)
    text, html = str(found), found._repr_html_()
    assert "视觉<1>" in text
    assert "视觉&lt;1&gt;" in html
    assert "<1>" not in html
    assert "Φ" in text
    assert text.count("minres") == 1
    assert "Φ" not in str(ls.efa(hs, 3, rotation="varimax"))
    sizes = found.sorted_loadings().abs()
    assert list(sizes.idxmax(axis=1)) == sorted(sizes.idxmax(axis=1))
    assert found.variance.loc["cumulative"].iloc[-1] == pytest.approx(found.communality.mean())
    assert found.complexity.between(1, 3).all()
    assert len(found.tidy) == 27
    assert found.summary(cut=0.0, sort=False).splitlines()[3].split()[0] == "视觉<1>"


def test_principal_components(hs: pd.DataFrame) -> None:
    whole = ls.principal(hs, 9)
    assert whole.communality.to_numpy() == pytest.approx(np.ones(9))
    assert (whole.loadings**2).sum().to_numpy() == pytest.approx(whole.eigenvalues)
    few = ls.principal(hs, 2, "promax")
    assert "component" in str(few)
    assert "χ²" not in str(few)
    assert few.fit.empty
    with pytest.raises(IncompatibleRequestError, match="1 to 9 components"):
        ls.principal(hs, 10)


def test_kaiser_changes_oblimin(hs: pd.DataFrame) -> None:
    plain, scaled = ls.efa(hs, 3), ls.efa(hs, 3, kaiser=True)
    assert np.abs(plain.loadings - scaled.loadings).to_numpy().max() > 1e-3


def test_polychoric_tests_are_marked() -> None:
    likert = pd.read_csv(DATA / "likert9.csv")[[f"q{i}" for i in range(1, 10)]]
    found = ls.efa(likert, 3, polychoric=True)
    assert "exploration.polychoric_test" in _codes(found)
    assert found.source.kind == "polychoric"
    pearson = ls.efa(likert, 3)
    assert found.communality.mean() > pearson.communality.mean()


@pytest.mark.parametrize(("p", "most"), [(2, 0), (3, 1), (4, 1), (5, 2), (6, 3), (9, 5)])
def test_how_many_factors_items_bear(p: int, most: int) -> None:
    assert greatest_number(p) == most
    assert degrees_of_freedom(p, most + 1) < 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"n_factors": 6}, "exploration.too_many_factors"),
        ({"n_factors": 0}, "exploration.n_factors"),
        ({"n_factors": 2.5}, "exploration.n_factors"),
        ({"n_factors": 2, "method": "gls"}, "exploration.method"),
        ({"n_factors": 2, "rotation": "oblmin"}, "exploration.rotation"),
        ({"n_factors": 2, "order": "size"}, "exploration.order"),
        ({"n_factors": 2, "test": "scaled"}, "exploration.test"),
        ({"n_factors": 2, "epsilon": 0.0}, "exploration.rotation_argument"),
        ({"n_factors": 2, "missing": "fiml"}, "exploration.missing"),
    ],
)
def test_requests_that_are_refused(
    hs: pd.DataFrame, arguments: dict[str, object], code: str
) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.efa(hs, **arguments)  # type: ignore[arg-type]  # what is refused
    assert caught.value.code == code
    assert caught.value.hint


def test_all_faults_of_a_request_are_named_at_once(hs: pd.DataFrame) -> None:
    with pytest.raises(IncompatibleRequestError, match=r"oblmin.*Did you mean 'oblimin'.*'gls'"):
        ls.efa(hs, 2, "gls", "oblmin")  # type: ignore[arg-type]  # what is refused
