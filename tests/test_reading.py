"""The race of ``benchmarks/reading.py``, small: it compares what it reads, and prints its table."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reading import TARGET, answers, main, read


def test_the_race_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "60", "--items", "8"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("| met |") == 3
    assert "| problems |" in shown and "5 |" in shown


def test_a_large_survey_is_read_in_time(tmp_path: Path) -> None:
    """10,000 rows of 200 items, by the processor's clock: other work does not count."""
    frame, values = answers(10_000, 200, "missing")
    frame.to_csv(tmp_path / "large.csv", index=False)
    begin = time.process_time()
    responses = read(tmp_path / "large.csv", 200)
    assert time.process_time() - begin < TARGET
    np.testing.assert_array_equal(responses.frame[[f"q{k}" for k in range(200)]], values)
