"""Holdout validation: what is counted, what is expected, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.purchase.holdout import Holdout
from loyaltysem.core.errors import DataError, IncompatibleRequestError

SPLIT, END = "1997-09-30", "1998-06-30"


@pytest.fixture(scope="module")
def held(cdnow_log: pd.DataFrame) -> Holdout:
    return ls.clv.holdout(cdnow_log, split=SPLIT, end=END, customer="id", time="day")


def test_the_calibration_is_the_published_one(held: Holdout, cdnow: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        held.customers[["frequency", "recency", "T"]], cdnow.astype(float), check_names=False
    )
    assert held.fit.params.round(3).to_dict() == {
        "r": 0.243,
        "alpha": 4.414,
        "a": 0.793,
        "b": 2.426,
    }


def test_purchases_are_counted_once_each(held: Holdout, cdnow_log: pd.DataFrame) -> None:
    later = cdnow_log[(cdnow_log["day"] > SPLIT) & (cdnow_log["day"] <= END)]
    assert held.customers["actual"].sum() == len(later)
    repeat = len(cdnow_log[cdnow_log["day"] <= END]) - len(held.customers)
    last = held.tracking.iloc[-1]
    assert last["cumulative_actual"] == repeat == held.tracking["actual"].sum()
    assert len(held.tracking) == 78 and held.tracking["holdout"].sum() == 39
    assert held.tracking.loc[~held.tracking["holdout"], "end"].max() == pd.Timestamp(SPLIT)
    weights = held.by_frequency["customers"]
    assert weights.sum() == 2357
    assert (weights * held.by_frequency["actual"]).sum() == pytest.approx(len(later))


def test_what_is_expected(held: Holdout) -> None:
    columns = (held.customers[c] for c in ("frequency", "recency", "T"))
    np.testing.assert_allclose(
        held.customers["expected"], held.fit.expected_purchases(39, *columns)
    )
    each = held.fit.expected_new(held.customers["T"].to_numpy())
    at_split = held.tracking.loc[~held.tracking["holdout"], "cumulative_expected"].iloc[-1]
    assert at_split == pytest.approx(each.sum())
    np.testing.assert_allclose(
        held.tracking["expected"].cumsum(), held.tracking["cumulative_expected"]
    )
    # tracked to within a few percent, as printed in Fader, Hardie & Lee (2005, figure 3)
    measures = held.frame.set_index("measure")["value"]
    assert measures["cumulative_mape"] < 5 and abs(measures["difference_percent"]) < 15
    assert measures["purchases"] == held.customers["actual"].sum()
    assert "1997-09-30" in str(held) and "<table>" in held._repr_html_()


def test_a_model_with_covariates_tracks_as_one_without(cdnow: pd.DataFrame) -> None:
    """With coefficients of 0 the two ways of summing are the same."""
    from dataclasses import replace

    z = pd.DataFrame({"odd": np.arange(len(cdnow)) % 2})
    columns = (cdnow["frequency"], cdnow["recency"], cdnow["T"])
    fit = ls.clv.bg_nbd(*columns, purchase_covariates=z)
    flat = replace(fit.found, coefficients=np.append(fit.found.coefficients[:4], 0.0))
    plain = ls.clv.bg_nbd(*columns)
    same = replace(plain, found=flat)
    np.testing.assert_allclose(
        replace(fit, found=flat).expected_total([-10, 0, 20]), same.expected_total([-10, 0, 20])
    )


def test_new_customers_are_counted_and_pareto_can_be_asked_for() -> None:
    start = pd.Timestamp("2026-01-01")
    days = [(c, start + pd.Timedelta(days=7 * k)) for c in range(30) for k in range(c % 5 + 1)]
    days.append((99, start + pd.Timedelta(days=60)))
    rows = pd.DataFrame(days, columns=["customer", "time"])
    held = ls.clv.holdout(rows, split="2026-01-16", model="pareto_nbd", unit="day")
    assert [f.code for f in held.findings].count("purchase.new_in_holdout") == 1
    assert list(held.fit.params.index)[2] == "s" and held.fit.n == 30
    assert held.end == start + pd.Timedelta(days=60)


ROWS = pd.DataFrame(
    {"customer": ["a", "a", "b", "a"], "time": pd.to_datetime(["2026-01-01"] * 3 + ["2026-03-01"])}
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "bgnbd"}, "request.model"),
        ({"unit": "year"}, "request.unit"),
        ({"split": "2025-01-01"}, "request.date"),
        ({"split": "2026-04-01"}, "request.date"),
        ({"split": "soon"}, "request.date"),
        ({"split": None}, "request.date"),
        ({"split": "NaT"}, "request.date"),
        ({"customer": "custmer"}, "purchase.missing_column"),
    ],
)
def test_requests_that_make_no_sense_are_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises((DataError, IncompatibleRequestError)) as caught:
        ls.clv.holdout(ROWS, **{"split": "2026-02-01", **change})
    assert caught.value.code == code and caught.value.hint


@pytest.mark.parametrize(
    "rows",
    [
        ROWS.head(0),
        ROWS.assign(time=["x", "y", "z", "w"]),
        ROWS.assign(time=[None, *ROWS["time"][1:]]),
        ROWS.assign(customer=[None, "a", "b", "a"]),
    ],
)
def test_rows_without_customer_or_date_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(DataError) as caught:
        ls.clv.holdout(rows, split="2026-02-01")
    assert caught.value.code == "purchase.dates"
