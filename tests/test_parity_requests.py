"""The adapter reads every form of a reference call, and says what it cannot do."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls

TESTS = Path(__file__).parent
HS = str(TESTS / "golden" / "data" / "HolzingerSwineford1939.csv")
HOLES = str(TESTS / "golden" / "data" / "hs_missing_mcar.csv")
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
ITEMS = [f"x{i}" for i in range(1, 7)]
CALL: dict[str, Any] = {"function": "cfa", "estimator": "default", "missing": "listwise"}


@pytest.fixture(scope="module")
def adapter() -> Any:
    spec = importlib.util.spec_from_file_location("adapter", TESTS / "parity" / "adapter.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _case(call: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "sem", "model": MODEL, "call": {**CALL, **call}, **more}


def _request(adapter: Any, case: dict[str, Any], path: str | None = HS) -> dict[str, Any]:
    arguments = adapter._beside("sem_requests").request(case, path)[1]
    return {k: v for k, v in arguments.items() if k not in ("model", "data")}


def test_groups_come_in_the_order_of_the_case(adapter: Any) -> None:
    for labels in (["Grant-White", "Pasteur"], ["Pasteur", "Grant-White"]):
        case = _case({"group": "school"}, group_labels=labels)
        data = adapter._beside("sem_requests").request(case, HS)[1]["data"]
        assert data["school"].drop_duplicates().tolist() == labels
        assert len(data) == 301
    one = _case({"group": "school"}, group_labels=["Pasteur"])
    assert len(adapter._beside("sem_requests").request(one, HS)[1]["data"]) == 156


@pytest.mark.parametrize("form", ["list", "named", "stacked"])
def test_covariances_of_several_groups(adapter: Any, form: str) -> None:
    parts = {g: d[ITEMS] for g, d in pd.read_csv(HS).groupby("school", sort=False)}
    each = [{"vars": ITEMS, "values": d.cov().to_numpy().tolist()} for d in parts.values()]
    cov: Any = {
        "list": each,
        "named": dict(zip(parts, each, strict=True)),
        "stacked": {"vars": ITEMS, "values": [part["values"] for part in each]},
    }[form]
    case = _case(
        {"group_equal": ["loadings", "intercepts"]},
        sample_cov=cov,
        sample_mean=[d.mean().tolist() for d in parts.values()],
        sample_nobs=[len(d) for d in parts.values()],
        group_labels=list(parts),
    )
    found = adapter.fit_case(case, None)["fit"]
    raw = ls.cfa(MODEL, pd.read_csv(HS), group="school", group_equal=["loadings", "intercepts"])
    assert found["chisq"] == pytest.approx(raw.fit_measures()["chisq"], rel=1e-6)


def test_groups_without_means(adapter: Any) -> None:
    cov = {"vars": ITEMS, "values": pd.read_csv(HS)[ITEMS].cov().to_numpy().tolist()}
    found = adapter.fit_case(_case({}, sample_cov=[cov, cov], sample_nobs=[150, 150]), None)["fit"]
    assert found["df"] == 16


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"missing": "ml"}, {"missing": "fiml"}),
        ({"se": "first.order"}, {"information": "first.order"}),
        ({"se": "none"}, {}),
        ({"se": "robust"}, {"se": "robust.sem"}),
        ({"se": "robust", "missing": "fiml"}, {"se": "robust.huber.white"}),
        ({"information": ["observed", "expected"]}, {"information": "observed"}),
        ({"test": "browne.residual.adf"}, {"test": ["standard"]}),
        ({"estimator": "MLM", "test": ["mean.var.adjusted"]}, {"estimator": "MLM"}),
        ({"ordered": ["x1", "elsewhere"]}, {"ordered": ["x1"]}),
        ({"ordered": False}, {}),
        ({"other": {"mimic": "EQS"}}, {"likelihood": "wishart"}),
        (
            {"other": {"mimic": "Mplus"}, "missing": None},
            {"meanstructure": True, "missing": "fiml"},
        ),
        ({"other": {"bounds": "pos.var", "optim.method": "BFGS"}}, {}),
        (
            {"other": {"rotation": "oblimin", "rotation.args": {"oblimin.gamma": -0.5}}},
            {"rotation": "oblimin", "rotation_args": {"gamma": -0.5}},
        ),
    ],
)
def test_words_of_lavaan(adapter: Any, given: dict[str, Any], read: dict[str, Any]) -> None:
    found = {k: v for k, v in _request(adapter, _case(given)).items() if v is not None}
    if "missing" not in read:
        found.pop("missing")
    assert found == read


def test_means_of_mplus_groups(adapter: Any) -> None:
    found = _request(adapter, _case({"group": "school", "other": {"mimic": "Mplus"}}))
    assert found["group_equal"] == ["loadings", "intercepts"]


def test_covariances_that_keep_their_divisor(adapter: Any) -> None:
    found = _request(adapter, _case({"other": {"sample.cov.rescale": False}}))
    cov = pd.read_csv(HS)[ITEMS].cov() * 301 / 300
    np.testing.assert_allclose(found["sample_cov"].loc[ITEMS, ITEMS], cov)


def test_further_constraints_join_the_model(adapter: Any) -> None:
    case = _case({"other": {"constraints": "a == 1"}})
    assert adapter._beside("sem_requests").request(case, HS)[1]["model"].endswith("\na == 1")


def test_lavaan_with_everything_automatic_is_cfa(adapter: Any) -> None:
    on = {"auto.var": True, "auto.fix.first": True, "auto.cov.lv.x": True}
    case = _case({"function": "lavaan", "other": on})
    assert adapter._beside("sem_requests").request(case, HS)[0] == "cfa"


@pytest.mark.parametrize(
    "other", [{"cluster": "school"}, {"sampling.weights": "w"}, {"effect.coding": True}]
)
def test_what_is_not_done_is_said(adapter: Any, other: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match=next(iter(other)).replace(".", "_")):
        adapter.fit_case(_case({"other": other}), HS)


def test_screening_finds_the_file_without_holes(adapter: Any) -> None:
    case = {"kind": "data", "id": "d", "call": {"items": ITEMS}}
    found = adapter.fit_case(case, HOLES)["results"]
    assert [row["n"] for row in found["describe"]] == [301] * 6
    assert found["n_complete"] < 301
