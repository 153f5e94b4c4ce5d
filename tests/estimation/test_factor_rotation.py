"""Models with efa() blocks.

Estimates, fit and modification indices against lavaan 0.6-14; standard errors against the delta
method carried numerically through search and rotation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.estimation.result import SEMResult

GOLDEN = Path(__file__).parents[1] / "golden"
LAVAAN = json.loads((GOLDEN / "efa" / "esem.json").read_text(encoding="utf-8"))
CASES = [k for k in LAVAAN if k != "oracle"]
FILES = {"ordered": "likert9.csv", "fiml": "hs_missing_mcar.csv"}
TWO = 'efa("b")*f1 + efa("b")*f2 =~ x1 + x2 + x3 + x7 + x8 + x9'


@pytest.fixture(scope="module")
def hs() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / "HolzingerSwineford1939.csv")


def _fit(name: str) -> SEMResult:
    case = LAVAAN[name]
    data = pd.read_csv(GOLDEN / "data" / FILES.get(name, "HolzingerSwineford1939.csv"))
    return ls.sem(case["model"], data, **case["options"])


def _table(frame: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, float]]:
    rows = frame.to_dict("records")
    return {(r["op"], r["group"], *_ends(r)): r for r in rows if r["op"] in ("=~", "~", "~~")}


def _ends(row: dict[str, Any]) -> tuple[str, ...]:
    ends = (row["lhs"], row["rhs"])
    return tuple(sorted(ends)) if row["op"] == "~~" else ends


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_lavaans(name: str) -> None:
    case, fit = LAVAAN[name], _fit(name)
    ours = _table(fit.parameters())
    for key, theirs in _table(pd.DataFrame(case["parameters"])).items():
        mine = ours[key]
        assert mine["est"] == pytest.approx(theirs["est"], abs=2e-4), key
        assert mine["std_all"] == pytest.approx(theirs["std_all"], abs=2e-4), key
    for index, value in case["fit"].items():
        measure = index.replace(".", "_")
        assert fit.fit_measures(measure)[measure] == pytest.approx(value, rel=2e-5, abs=1e-6), index


@pytest.mark.parametrize("name", ["oblimin", "geomin"])
def test_modification_indices_are_lavaans(name: str) -> None:
    mi = _fit(name).modification_indices(top=None).set_index(["lhs", "op", "rhs"])
    for row in LAVAAN[name]["modindices"]:
        mine = mi.loc[(row["lhs"], row["op"], row["rhs"])]
        assert mine["mi"] == pytest.approx(row["mi"], abs=0.01)


def test_a_rotation_changes_nothing_but_the_factors(hs: pd.DataFrame) -> None:
    """lavaan 0.6-14 gets other residual errors here, and other indices than without rotation."""
    rest = "\nt =~ x4 + x5 + x6\nt ~ f1 + f2\nf1 + f2 ~ ageyr"
    plain = """f1 =~ NA*x1 + x2 + x3 + x7 + x8 + x9
        f2 =~ 0*x1 + NA*x2 + x3 + x7 + x8 + x9
        f1 ~~ 1*f1 + 0*f2
        f2 ~~ 1*f2"""
    one = ls.sem(TWO + rest, hs, estimator="MLR", rotation="oblimin")
    two = ls.sem(plain + rest, hs, estimator="MLR")
    keys = ["lhs", "op", "rhs"]
    of_items = "op == '~~' and lhs == rhs and lhs.str.startswith('x')"
    ours, theirs = (f.parameters().query(of_items).set_index(keys)["se"] for f in (one, two))
    assert ours.to_numpy() == pytest.approx(theirs[ours.index].to_numpy(), rel=1e-6)
    mine, other = (f.modification_indices(top=None).set_index(keys)["mi"] for f in (one, two))
    for pair in (("x7", "~~", "x4"), ("x1", "~~", "x2")):
        assert mine[pair] == pytest.approx(other[pair], rel=1e-5)
    scaled = [f.fit_measures("chisq_scaled", "rmsea_robust").to_numpy() for f in (one, two)]
    assert scaled[0] == pytest.approx(scaled[1])


@pytest.mark.parametrize("name", ["oblimin", "ordered"])
def test_errors_of_what_is_not_rotated_are_lavaans(name: str) -> None:
    ours = _table(_fit(name).parameters())
    for key, theirs in _table(pd.DataFrame(LAVAAN[name]["parameters"])).items():
        loose = 2e-3 if key[0] == "~~" and key[2] == key[3] else 0.35
        if theirs["se"] and key[0] in ("~~", "~"):
            assert ours[key]["se"] == pytest.approx(theirs["se"], rel=loose), key


@pytest.mark.parametrize("rotation", ["oblimin", "geomin", "varimax"])
def test_standard_errors_are_those_of_the_delta_method(hs: pd.DataFrame, rotation: str) -> None:
    model = TWO + "\nx4 ~ f1 + f2"
    fit = ls.sem(model, hs, rotation=rotation)
    n, names = fit.n_obs, list(fit.table.observed)
    sigma = fit.implied_cov()
    sigma = sigma if isinstance(sigma, pd.DataFrame) else next(iter(sigma.values()))
    sigma = sigma.loc[names, names] * n / (n - 1)

    def estimates(cov: pd.DataFrame) -> np.ndarray:
        found = ls.sem(model, sample_cov=cov, sample_nobs=n, rotation=rotation)
        frame = found.parameters()
        return frame.loc[frame["free"] > 0, ["est", "std_all"]].to_numpy().T.ravel()

    center = ls.sem(model, sample_cov=sigma, sample_nobs=n, rotation=rotation).parameters()
    i, j = np.tril_indices(len(names))
    step, slopes = 1e-3, []
    for a, b in zip(i, j, strict=True):
        change = np.zeros(sigma.shape)
        change[a, b] = change[b, a] = step
        slopes.append((estimates(sigma + change) - estimates(sigma - change)) / (2 * step))
    s = sigma.to_numpy() * (n - 1) / n
    gamma = s[np.ix_(i, i)] * s[np.ix_(j, j)] + s[np.ix_(i, j)] * s[np.ix_(j, i)]
    jacobian = np.array(slopes).T * n / (n - 1)
    delta = np.sqrt(np.diagonal(jacobian @ gamma @ jacobian.T) / n)
    free = center[center["free"] > 0]
    ours = free[["se", "std_all_se"]].to_numpy().T.ravel()
    assert ours == pytest.approx(delta, rel=2e-3, abs=1e-4)


def test_the_block_alone_is_exploratory_factor_analysis(hs: pd.DataFrame) -> None:
    items = [f"x{i}" for i in range(1, 10)]
    fit = _fit("oblimin")
    found = ls.efa(hs[items], 3, "ml", "oblimin", order="index", test="standard")
    rows = fit.parameters().query("op == '=~'")
    wide = rows.pivot(index="rhs", columns="lhs", values="std_all")
    assert wide.to_numpy() == pytest.approx(found.loadings.to_numpy(), abs=1e-4)
    assert found.errors is not None
    errors = rows.pivot(index="rhs", columns="lhs", values="std_all_se")
    assert errors.to_numpy() == pytest.approx(found.errors.loadings, rel=1e-3, abs=1e-5)
    assert fit.fit_measures("chisq")["chisq"] == pytest.approx(found.fit["chisq"])
    assert fit.latent_cov().to_numpy() == pytest.approx(found.phi.to_numpy(), abs=1e-4)


def test_rotations_fit_alike(hs: pd.DataFrame) -> None:
    fits = [ls.sem(TWO, hs, rotation=r) for r in ("geomin", "oblimin", "varimax", "quartimax")]
    for fit in fits:
        assert fit.fit_measures("df")["df"] == 4
        assert fit.fit_measures("chisq")["chisq"] == pytest.approx(
            fits[0].fit_measures("chisq")["chisq"]
        )
    assert fits[2].latent_cov().to_numpy() == pytest.approx(np.eye(2))


def test_oblimin_follows_its_gamma(hs: pd.DataFrame) -> None:
    free, stiff = (
        ls.sem(TWO, hs, rotation="oblimin", rotation_args={"gamma": g}) for g in (0.0, -5.0)
    )
    assert abs(stiff.latent_cov().iloc[0, 1]) < abs(free.latent_cov().iloc[0, 1])


def test_one_factor_is_a_plain_factor(hs: pd.DataFrame) -> None:
    block = ls.sem('efa("b")*f =~ x1 + x2 + x3 + x4', hs)
    plain = ls.cfa("f =~ x1 + x2 + x3 + x4", hs, std_lv=True)
    assert block.params.to_numpy() == pytest.approx(plain.params.to_numpy(), abs=1e-6)


def test_a_refit_from_a_plan_gives_the_same(hs: pd.DataFrame) -> None:
    one, two = (ls.sem(TWO, hs, rotation_args={"seed": s}) for s in (1, 2))
    assert one.params.to_numpy() == pytest.approx(two.params.to_numpy(), abs=1e-5)
    assert "rotation geomin" in one.summary().__str__()
    assert '"name": "geomin"' in one.plan.to_json()
    assert ls.cfa("f =~ x1 + x2 + x3", hs).plan.rotation is None


def test_several_minima_are_told(hs: pd.DataFrame) -> None:
    found = [f.code for f in _fit("geomin").findings]
    assert "fit.rotation_minima" in found


def test_lavaan_gets_the_rotation(hs: pd.DataFrame, tmp_path: Path) -> None:
    fit = ls.sem(TWO, hs, rotation="oblimin")
    fit.to_lavaan(tmp_path / "out")
    script = (tmp_path / "out" / "model.R").read_text(encoding="utf-8")
    assert 'rotation = "oblimin"' in script
    assert "rotation.args = list(geomin.epsilon = 0.001, oblimin.gamma = 0, rstarts = 30)" in script


@pytest.mark.parametrize(
    "extra",
    [
        "\nx4 ~ f1",
        "\nx4 ~ 0.3*f1 + f2",
        "\nx4 ~ a*f1 + a*f2",
        "\nx4 ~ a*f1 + b*f2\na == b",
        "\nx4 ~ lower(0.9)*f1 + f2",
        "\ng =~ x4 + x5 + x6\nf1 ~~ 0*g",
    ],
)
def test_factors_of_a_block_are_treated_alike(hs: pd.DataFrame, extra: str) -> None:
    with pytest.raises(ModelSpecificationError) as caught:
        ls.sem(TWO + extra, hs)
    assert caught.value.code == "spec.efa_structure"
    assert "f1 + f2" in caught.value.hint


def test_constraints_elsewhere_hold(hs: pd.DataFrame) -> None:
    fit = ls.sem(TWO + "\nt =~ x4 + a*x5 + b*x6\na == b", hs)
    plain = ls.sem(TWO + "\nt =~ x4 + a*x5 + a*x6", hs)
    assert fit.fit_measures("chisq", "df").tolist() == pytest.approx(
        plain.fit_measures("chisq", "df").tolist()
    )
    bounded = ls.sem(TWO + "\nx1 ~~ lower(0.9)*x1", hs)
    residual = bounded.parameters().query("lhs == 'x1' and rhs == 'x1'")
    assert residual["est"].item() == pytest.approx(0.9)


def test_what_refits_the_model_is_refused(hs: pd.DataFrame) -> None:
    fit = ls.sem(TWO, hs)
    for call in (lambda: fit.bootstrap(5, seed=1), lambda: ls.influence(fit)):
        with pytest.raises(IncompatibleRequestError) as caught:
            call()
        assert caught.value.code == "request.efa_block"


def test_too_many_factors_are_not_identified(hs: pd.DataFrame) -> None:
    model = 'efa("b")*f1 + efa("b")*f2 + efa("b")*f3 =~ x1 + x2 + x3 + x4 + x5'
    with pytest.raises(ModelSpecificationError) as caught:
        ls.sem(model, hs)
    assert caught.value.code == "spec.not_identified"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rotation": "promax"}, "rotation='promax'"),
        ({"rotation_args": {"delta": 1.0}}, "rotation_args holds"),
        ({"rotation_args": {"epsilon": -1.0}}, "epsilon > 0"),
        ({"rotation_args": {"epsilon": "x"}}, "epsilon is a number, not 'x'"),
        ({"rotation_args": {"gamma": float("nan")}}, "gamma is a number, not nan"),
        ({"rotation_args": {"n_starts": 2.5}}, "n_starts is a whole number, not 2.5"),
        ({"rotation_args": {"n_starts": True}}, "n_starts is a whole number, not True"),
        ({"rotation_args": {"seed": -1}}, "seed ≥ 0"),
        ({"rotation_args": 0.01}, "rotation_args is a dictionary"),
        ({"group": "school", "group_equal": ["loadings"]}, "efa() blocks"),
    ],
)
def test_requests_that_are_refused(hs: pd.DataFrame, options: dict[str, Any], words: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ls.sem(TWO, hs, **options)
    assert words in str(caught.value)
    assert caught.value.code == "request.option" and caught.value.hint
