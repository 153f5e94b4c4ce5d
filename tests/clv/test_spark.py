"""The same log in DuckDB and in PySpark gives the same tables: whole numbers and names identical,
other numbers to nine digits.

To add an expression: a function of the log that returns a frame, under a name in `EXPRESSIONS`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.clv.rfm import rfm
from loyaltysem.clv.segments.anomalies import AnomalyRule
from loyaltysem.clv.segments.persona_features import customer_features
from loyaltysem.clv.segments.stage_rules import RhythmRule
from loyaltysem.clv.segments.warning_signals import WarningRule
from loyaltysem.clv.summary import customer_summary, purchase_days
from loyaltysem.clv.transactions import Transactions
from loyaltysem.core.datasets import shipped
from tests.clv.behaviour.expressions import EXPRESSIONS as BEHAVIOUR
from tests.clv.messy import COLUMNS, RATES, messy_orders

pytest.importorskip("ibis", reason="needs the extra clv")
pyspark = pytest.importorskip("pyspark", reason="needs the extra spark")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore"),  # what Spark and Ibis call of pandas
]

ASKED: dict[str, Any] = {
    **COLUMNS, "end": "2023-12-31", "currency": "currency", "rates": RATES,
    "time_zone": "Asia/Shanghai", "recorded_in": "UTC",
}  # fmt: skip

Expression = Callable[[Transactions], pd.DataFrame]
#: What must come out alike; each row of a frame is told from the others by its first columns.
EXPRESSIONS: dict[str, Expression] = {
    "counts": lambda tx: tx.counts,
    "rows": lambda tx: tx.log.run(tx.table),
    "days": lambda tx: tx.log.run(purchase_days(tx.log)),
    "summary": lambda tx: tx.log.run(customer_summary(tx.log)),
    "holdout": lambda tx: tx.log.run(
        customer_summary(tx.log, end=date(2023, 3, 31), unit="month", holdout=True)
    ),
    "rfm": lambda tx: rfm(tx.log).frame,
    "rfm, ties split": lambda tx: rfm(tx.log, ties="split", monetary="mean", bins=4).frame,
    "rfm, cut points": lambda tx: (
        rfm(tx.log, cuts={"recency": [30, 90, 180, 365], "monetary": [100, 500, 1000, 5000]}).frame
    ),
    "segments": lambda tx: rfm(tx.log).segments,
    "eight segments": lambda tx: rfm(tx.log, scheme="eight").segments,
    "levels": lambda tx: rfm(tx.log).levels,
    "life cycle, fixed": lambda tx: tx.life_cycle("fixed").frame,
    "life cycle, rhythm": lambda tx: tx.life_cycle("rhythm").frame,
    "life cycle, median rhythm": lambda tx: (
        tx.life_cycle(RhythmRule(statistic="median"), since=date(2023, 6, 30)).frame
    ),
    "spending": lambda tx: tx.spending().reset_index(),
    "tiers": lambda tx: tx.tiers(shipped("data", "membership_tiers.yaml")).frame,
    "persona features": lambda tx: tx.log.run(customer_features(tx.log)),
    "anomalies": lambda tx: tx.anomalies(AnomalyRule(orders=3, score=2.0, burst=2)).frame,
    "early warning": lambda tx: tx.early_warning(WarningRule(orders=2)).frame,
    **BEHAVIOUR,
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    folder: Path = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[1]").appName("loyaltysem tests")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "local"),
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(name, value)
    found = builder.getOrCreate()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def logs(session: Any) -> tuple[Transactions, Transactions]:
    """The same orders, opened in DuckDB and in Spark."""
    import ibis

    orders = messy_orders()
    rows = [tuple(row) for row in orders.itertuples(index=False)]
    schema = ", ".join(f"`{name}` string" for name in orders.columns)
    session.createDataFrame(rows, schema).createOrReplaceTempView("orders")
    spark = ibis.pyspark.connect(session).table("orders")
    return ls.transactions(orders, **ASKED), ls.transactions(spark, **ASKED)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows sorted by all columns but the inexact ones, which may differ in their last digits."""
    exact = [name for name in frame.columns if frame[name].dtype.kind != "f"]
    inexact = [name for name in frame.columns if name not in exact]
    keys = frame[exact].astype(str).assign(**frame[inexact].round(6))
    return frame.loc[keys.sort_values(list(keys.columns)).index].reset_index(drop=True)


def assert_same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == len(theirs) > 0
    ours, theirs = in_order(ours), in_order(theirs)
    for name in ours.columns:
        one, other = ours[name], theirs[name]
        if one.dtype.kind == "f":
            np.testing.assert_allclose(
                one.astype(float), other.astype(float), rtol=1e-9, atol=1e-9, err_msg=name
            )
        elif one.dtype.kind in "iub":
            np.testing.assert_array_equal(one, other, err_msg=name)
        elif one.dtype.kind == "M":
            same = pd.to_datetime(one).astype("datetime64[us]")
            np.testing.assert_array_equal(same, pd.to_datetime(other), err_msg=name)
        else:
            assert one.astype(str).tolist() == other.astype(str).tolist(), name


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_both_engines_give_the_same_table(
    name: str, logs: tuple[Transactions, Transactions]
) -> None:
    ours, theirs = (EXPRESSIONS[name](tx) for tx in logs)
    assert_same(ours, theirs)


def test_both_engines_know_the_same_of_the_log(logs: tuple[Transactions, Transactions]) -> None:
    ours, theirs = (tx.log for tx in logs)
    assert (ours.start, ours.end, ours.currency) == (theirs.start, theirs.end, theirs.currency)
    assert [str(f) for f in ours.findings] == [str(f) for f in theirs.findings]
    assert ours.rows("unreadable_time") > 0 and ours.rows("refund") > 0


def test_the_comparison_can_fail() -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "x": [1, 2], "y": [0.5, 0.25]})
    assert_same(frame, frame.iloc[::-1])
    for changed in (frame.assign(x=[1, 3]), frame.assign(y=[0.5, 0.2500001]),
                    frame.assign(customer=["a", "c"])):  # fmt: skip
        with pytest.raises(AssertionError):
            assert_same(frame, changed)
