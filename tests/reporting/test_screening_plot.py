"""Distributions of screening indices: the bins count everybody, and every panel shows its cut."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.reporting.screening_plot import draw_screening, screening_plot
from loyaltysem.reporting.svg import svg_of
from loyaltysem.survey.screening.criteria import Cutoffs
from loyaltysem.survey.screening.distributions import distributions
from loyaltysem.survey.screening.result import Screening
from tests.study.surveys import careless_survey


@pytest.fixture(scope="module")
def screening() -> Screening:
    return careless_survey().screen(seconds="seconds")


def test_bins_count_every_value_and_every_remark(screening: Screening) -> None:
    bins = distributions(screening)
    summary = screening.summary.set_index("criterion")
    for name, part in bins.groupby("criterion"):
        assert part["n"].sum() == summary.loc[name, "n"], name
        assert part["flagged"].sum() == summary.loc[name, "flagged"], name
        assert (part["left"].to_numpy()[1:] == part["right"].to_numpy()[:-1]).all()
    assert {"response_time", "longstring", "irv", "mahalanobis"} <= set(bins["criterion"])
    assert not {"duplicate_id", "duplicate_answers"} & set(bins["criterion"])


def test_a_cut_off_stands_between_bins(screening: Screening) -> None:
    bins = distributions(screening)
    for name in ("irv", "response_time", "synonyms", "mahalanobis"):
        part = bins[bins["criterion"] == name]
        edges = np.append(part["left"], part["right"].iloc[-1])
        assert np.abs(edges - part["cutoff"].iloc[0]).min() < 1e-9, name


def test_no_bin_holds_both_sides_of_a_correlation(screening: Screening) -> None:
    bins = distributions(screening)
    part = bins[bins["criterion"] == "person_total"]
    assert (part.loc[part["right"] <= 0, "n"] == part.loc[part["right"] <= 0, "flagged"]).all()
    assert (part.loc[part["left"] >= 0, "flagged"] == 0).all()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_index_has_a_panel(screening: Screening, language: str) -> None:
    axes = screening_plot(screening, language=language)  # type: ignore[arg-type] # parametrised
    panels = axes.figure.axes
    assert len(panels) == distributions(screening)["criterion"].nunique()
    words = " ".join(text.get_text() for panel in panels for text in panel.texts)
    assert ("Longest string" in words) == (language == "en")
    assert all(len(panel.lines) == 1 for panel in panels)  # the cut-off


def test_the_same_screening_gives_the_same_bytes(screening: Screening) -> None:
    one, two = (svg_of(screening_plot(screening).figure, "s") for _ in range(2))  # type: ignore[arg-type] # never a subfigure
    assert one == two


def test_nothing_to_draw(screening: Screening) -> None:
    none = Cutoffs(**dict.fromkeys(
        ("longstring_share", "irv_share", "mahalanobis_p", "synonyms", "antonyms", "even_odd",
         "person_total", "seconds_per_item", "attention_missed", "missing_share")))  # fmt: skip
    bins = distributions(screening.responses.screen(cutoffs=none))
    assert bins.empty
    with pytest.raises(IncompatibleRequestError) as caught:
        draw_screening(bins, screening.summary, "en")
    assert caught.value.code == "screening.nothing_to_draw"
