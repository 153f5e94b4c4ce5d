"""The synthetic data: reproducible, labelled, and as near the printed values as they can be."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.core.datasets import shipped
from loyaltysem.study.definitions import LOYALTY_STUDY
from loyaltysem.study.gathered import Gathered, gather
from loyaltysem.study.models import ONE_FACTOR_MODELS, STUDY_MODEL

FILES = tuple(
    f"study_{what}.{kind}" for what in ("answers", "orders") for kind in ("csv", "provenance.yaml")
)
PRINTED = {  # alpha, chi-square/df of the one-factor model
    "Behaviour": (0.78, 2.36),
    "Attitude": (0.76, 2.15),
    "Emotion": (0.74, 2.28),
    "Trust": (0.81, 2.01),
    "Satisfaction": (0.79, 2.12),
    "Commitment": (0.80, 2.18),
}
MODEL_PRINTED = {"rmsea": 0.05, "cfi": 0.89, "tli": 0.88, "gfi": 0.90, "agfi": 0.88}


@pytest.fixture(scope="module")
def study() -> Gathered:
    return gather(LOYALTY_STUDY)


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    script = shipped("data", "make_study_data.py")
    done = subprocess.run(
        [sys.executable, str(script), "--out", str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    for name in FILES:
        assert (tmp_path / name).read_bytes() == shipped("data", name).read_bytes(), name
    for name in ("study_answers.csv", "study_orders.csv"):
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert digest in done.stdout
        assert digest in shipped("data", "README.md").read_text("utf-8")


def test_450_of_500_are_left_and_nobody_who_took_care_is_lost(study: Gathered) -> None:
    flow = study.responses.flow(sent=500)
    assert (flow.sent, flow.returned, flow.analysed) == (500, 478, 450)
    assert study.responses.synthetic
    items = [name for model in ONE_FACTOR_MODELS.values() for name in _items(model)]
    assert study.responses.data[items].notna().all().all()


def test_industries_are_of_one_size(study: Gathered) -> None:
    assert study.responses.frame["industry"].value_counts().tolist() == [150, 150, 150]


def test_orders_belong_to_those_who_were_asked(study: Gathered) -> None:
    asked = pd.read_csv(shipped("data", "study_orders.csv"))["customer_id"].unique()
    assert len(asked) == 500
    assert set(study.screening.responses.respondents) < set(asked)
    assert study.linked is not None
    assert study.linked.counts.set_index("rule")["n"]["linked"] == 478


@pytest.mark.parametrize(("dimension", "printed"), PRINTED.items())
def test_dimensions_come_back_to_their_printed_rounding(
    study: Gathered, dimension: str, printed: tuple[float, float]
) -> None:
    model = ONE_FACTOR_MODELS[dimension]
    data = study.responses.data
    assert abs(cronbach_alpha(data[_items(model)]).alpha - printed[0]) <= 0.005
    measures = ls.cfa(model, data).fit_measures("chisq", "df")
    assert measures["chisq"] / measures["df"] == pytest.approx(printed[1], abs=0.005)


def test_the_whole_model_comes_back_to_its_printed_rounding(study: Gathered) -> None:
    measures = ls.sem(STUDY_MODEL, study.responses.data).fit_measures()
    assert measures["df"] == 315
    assert measures["chisq"] / 315 == pytest.approx(2.15, abs=0.005)
    for name, printed in MODEL_PRINTED.items():
        assert round(measures[name], 2) == printed, name


def test_money_is_skewed_and_its_logarithm_is_not(study: Gathered) -> None:
    for name in ("amount", "frequency", "duration"):
        values = study.responses.data[name]
        assert values.skew() > 1
        assert abs(np.log(values).skew()) < 0.4


def _items(model: str) -> list[str]:
    return model.partition("=~")[2].replace("+", " ").split()


def test_attention_items_that_all_get_right_are_no_fault(study: Gathered) -> None:
    assert study.responses.frame["check1"].nunique() == 1
    assert "data.constant_item" not in {f.code for f in study.responses.findings}
