"""The synthetic answers: reproducible, labelled, and as near the printed values as README says."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.core.datasets import shipped
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import Responses, read_responses

PRINTED_ALPHA = {
    "behaviour": 0.78,
    "attitude": 0.76,
    "emotion": 0.74,
    "trust": 0.81,
    "satisfaction": 0.79,
    "commitment": 0.80,
}


@pytest.fixture(scope="module")
def study() -> Responses:
    q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    return read_responses(shipped("data", "study_answers.csv"), q)


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
    for name in ("study_answers.csv", "study_answers.provenance.yaml"):
        assert (tmp_path / name).read_bytes() == shipped("data", name).read_bytes()
    digest = hashlib.sha256((tmp_path / "study_answers.csv").read_bytes()).hexdigest()
    assert digest in done.stdout
    assert digest in shipped("data", "README.md").read_text("utf-8")


def test_answers_are_complete_and_labelled_synthetic(study: Responses) -> None:
    assert study.counts["complete_cases"] == study.counts["respondents"] == 450
    assert study.synthetic
    assert [finding.code for finding in study.findings] == ["data.synthetic"]


@pytest.mark.parametrize(("construct", "printed"), PRINTED_ALPHA.items())
def test_alpha_comes_back_to_its_printed_rounding(
    study: Responses, construct: str, printed: float
) -> None:
    items = study.data[list(study.questionnaire.construct(construct).items)]
    assert abs(cronbach_alpha(items).alpha - printed) <= 0.005


def test_money_is_skewed_and_its_logarithm_is_not(study: Responses) -> None:
    for name in ("amount", "frequency", "duration"):
        assert study.data[name].skew() > 1
        assert abs(study.data[f"log_{name}"].skew()) < 0.3
