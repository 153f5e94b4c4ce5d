"""The picture of an experiment shows its sequence and says from when on it leaves out 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.experiment.ab_test import ABTest, ab_test
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.reporting.experiment_plot import experiment_plot, left_out_since


def drawn(effect: float, n: int = 2000) -> ABTest:
    rng = np.random.default_rng(3)
    group = rng.choice(["benefit", "control"], n)
    return ab_test(rng.normal(10.0, 5.0, n) + effect * (group == "benefit"), group, horizon=n)


def test_lines_are_the_sequence() -> None:
    found = drawn(2.0)
    axes = experiment_plot(found)
    ends = {round(float(np.asarray(line.get_ydata())[-1]), 9) for line in axes.lines}
    last = found.sequence.iloc[-1]
    for column in ("estimate", "ci_lower", "ci_upper", "cs_lower", "cs_upper"):
        assert round(float(last[column]), 9) in ends
    assert axes.get_xlim()[1] == 2000


@pytest.mark.parametrize(
    ("language", "effect", "words"),
    [
        ("en", 0.0, "0 cannot be left out so far"),
        ("zh", 0.0, "目前尚不能排除 0"),
        ("en", 3.0, "0 is left out from"),
        ("zh", 3.0, "起区间不含 0"),
    ],
)
def test_it_says_what_was_found(language: Any, effect: float, words: str) -> None:
    texts = [t.get_text() for t in experiment_plot(drawn(effect), language=language).texts]
    assert any(words in text for text in texts)
    assert any("95%" in text for text in texts)


def test_a_sequence_that_comes_back_counts_from_its_last_exit() -> None:
    frame = pd.DataFrame({"n": [1, 2, 3, 4], "cs_lower": [1.0, -1, 1, 1], "cs_upper": 2.0})
    assert left_out_since(frame) == 3
    assert left_out_since(frame.iloc[:2]) is None
    assert left_out_since(frame.iloc[2:]) == 3


def test_too_small_a_test_has_no_picture() -> None:
    with pytest.raises(IncompatibleRequestError, match="no confidence sequence"):
        experiment_plot(drawn(1.0, n=40))
