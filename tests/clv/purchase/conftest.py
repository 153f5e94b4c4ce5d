"""CDNOW and the donations, read where the wheel of lifetimes keeps them; never imported."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


def dataset(name: str) -> Path:
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("needs the wheel of lifetimes (extra examples)")
    return Path(spec.origin).parent / "datasets" / name


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "golden/purchase/published.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def cdnow_log() -> pd.DataFrame:
    """Orders of the 1/10 sample: a day a customer bought, once."""
    log = pd.read_csv(
        dataset("CDNOW_sample.txt"), sep=r"\s+", header=None,
        names=["master", "id", "date", "cds", "amount"], dtype={"date": str},
    )  # fmt: skip
    log["day"] = pd.to_datetime(log["date"])
    return log.groupby(["id", "day"], as_index=False)["amount"].sum()


@pytest.fixture(scope="session")
def cdnow(cdnow_log: pd.DataFrame) -> pd.DataFrame:
    """Histories of weeks 1 to 39, times in days/7."""
    end = pd.Timestamp("1997-09-30")
    seen = cdnow_log[cdnow_log["day"] <= end].groupby("id")["day"].agg(["min", "max", "count"])
    return pd.DataFrame(
        {
            "frequency": seen["count"] - 1,
            "recency": (seen["max"] - seen["min"]).dt.days / 7,
            "T": (end - seen["min"]).dt.days / 7,
        }
    )


@pytest.fixture(scope="session")
def cdnow_summary() -> pd.DataFrame:
    return pd.read_csv(dataset("cdnow_customers_summary_with_transactions.csv"))


@pytest.fixture(scope="session")
def donations() -> pd.DataFrame:
    return pd.read_csv(dataset("donations.csv"))
