"""Modification indices of every reference model against lavaan's.

lavaan lists its fifteen largest; ours must hold them, and nothing larger that lavaan lacks.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.estimation.result import SEMResult
from tests.parity.sem_requests import request

HERE = Path(__file__).parent
CASES = [
    path
    for path in sorted((HERE / "golden" / "lavaan").glob("*.json"))
    if json.loads(path.read_text(encoding="utf-8"))["modindices"]
]
COLUMNS = {"mi": "mi", "epc": "epc", "sepc.lv": "sepc_lv", "sepc.all": "sepc_all"}
#: Wide enough for an optimiser that stops earlier than ours, narrow enough for a wrong factor.
ROOM = 2e-4
#: Where lavaan's estimates lie further away, and least squares in several groups, whose shares of
#: the information lavaan takes as N_g / N and of the gradient as (N_g − 1) / (N − G).
LOOSE = {"wheaton_cov_input_gls": 1e-3} | dict.fromkeys(
    (f"likert_wlsmv_mg_{kind}" for kind in ("configural", "thr_load", "thr_load_int")), 1e-3
)
#: Models for which lavaan also lists regressions and covariances of fixed x, whose moments the
#: model does not explain: we offer none.
WITH_MOMENTS_OF_X = {"mediation_two_mediators", "path_observed_ml"}


def _fit(case: dict[str, Any]) -> SEMResult:
    path = str(HERE / "golden" / case["data"]) if case["data"] else None
    function, arguments = request(case, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit: SEMResult = getattr(ls, function)(**arguments)
    return fit


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    pair = sorted((row["lhs"], row["rhs"])) if row["op"] == "~~" else (row["lhs"], row["rhs"])
    return row["op"], pair[0], pair[1], int(row["group"])


def _factors(fit: SEMResult) -> tuple[float, float]:
    """What lavaan's index and EPC are multiplied by to give ours: see the module's docstring."""
    n, weight = fit.sample.n_total, fit.sample.weight
    if fit.plan.row.least_squares:
        return n / weight, n / weight
    return weight / n, 1.0


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_the_largest_indices_agree(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    fit = _fit(case)
    ours = {_key(r): r for r in fit.modification_indices().to_dict("records")}
    x = fit.table.roles.exogenous_observed if fit.plan.defaults.fixed_x else ()
    theirs = {_key(r): r for r in case["modindices"] if r["lhs"] not in x}
    assert (len(theirs) < len(case["modindices"])) == (case["id"] in WITH_MOMENTS_OF_X)
    index_factor, change_factor = _factors(fit)
    room = LOOSE.get(case["id"], ROOM)
    for key, row in theirs.items():
        for column, mine in COLUMNS.items():
            if row[column] is not None:
                factor = index_factor if column == "mi" else change_factor
                expected = pytest.approx(factor * row[column], rel=room, abs=room)
                assert ours[key][mine] == expected, (key, column)
    floor = min(r["mi"] for r in case["modindices"]) * index_factor
    larger = {k for k, r in ours.items() if r["mi"] > 1.01 * floor + 1e-9}
    assert larger <= set(theirs)


def test_the_matrix_holds_every_kind() -> None:
    kinds = {p.stem.split("_")[0] for p in CASES}
    assert len(CASES) >= 40 and {"hs", "likert", "growth", "pd", "wheaton"} <= kinds


def test_an_index_is_the_fall_of_chisquare_where_the_discrepancy_is_quadratic() -> None:
    data = pd.read_csv(HERE / "golden" / "data" / "HolzingerSwineford1939.csv").head(40)
    model, options = "x1 ~~ x1\nx2 ~~ x2", {"estimator": "ULS", "test": "standard"}
    before = ls.lavaan(model + "\nx1 ~~ 0*x2", data, **options)  # type: ignore[arg-type]
    after = ls.lavaan(model + "\nx1 ~~ x2", data, **options)  # type: ignore[arg-type]
    (index,) = before.modification_indices()["mi"]
    (change,) = before.modification_indices()["epc"]
    fall = (before.fit_measures("chisq") - after.fit_measures("chisq")).item()
    assert index == pytest.approx(fall, rel=1e-9)
    assert change == pytest.approx(data[["x1", "x2"]].cov().iloc[0, 1], rel=1e-9)


def test_what_follows_from_other_parameters_is_no_candidate() -> None:
    data = pd.read_csv(HERE / "golden" / "data" / "likert9.csv")
    model = "F1 =~ q1 + q2 + q3 + q4\nF2 =~ q6 + q7 + q8\nF2 ~ F1\nq9 ~ F2"
    names = [f"q{i}" for i in (1, 2, 3, 4, 6, 7, 8, 9)]
    for parameterization in ("delta", "theta"):
        fit = ls.sem(model, data, ordered=names, parameterization=parameterization)
        found = fit.modification_indices()
        own = found[(found["lhs"] == found["rhs"]) & found["lhs"].isin(names)]
        assert own.empty
        assert len(found) > 20
