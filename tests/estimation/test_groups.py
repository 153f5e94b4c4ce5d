"""What a fit of several groups shows, group by group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.estimation.result import SEMResult

DATA = Path(__file__).parents[1] / "golden" / "data"
HS = pd.read_csv(DATA / "HolzingerSwineford1939.csv")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
LABELS = {"Pasteur": "上海", "Grant-White": "<北京>"}


@pytest.fixture(scope="module")
def fit() -> SEMResult:
    data = HS.assign(school=HS["school"].map(LABELS))
    return ls.cfa(THREE + "visual ~~ c(a, b)*speed\nd := a - b", data, group="school")


@pytest.fixture(scope="module")
def alone() -> SEMResult:
    return ls.cfa(THREE, HS[HS["school"] == "Pasteur"], meanstructure=True)


def test_labels(fit: SEMResult, alone: SEMResult) -> None:
    assert fit.groups == ("上海", "<北京>")
    assert alone.groups == ()
    assert set(fit.parameters()["group"]) == {0, 1, 2}


def test_each_group_is_what_it_is_on_its_own(fit: SEMResult, alone: SEMResult) -> None:
    np.testing.assert_allclose(fit.rsquare().loc["上海"], alone.rsquare(), atol=1e-6)
    for name in ("implied_cov", "sample_cov", "latent_cov", "latent_cor"):
        grouped, single = getattr(fit, name)(), getattr(alone, name)()
        assert list(grouped.index.names) == ["group", "variable"]
        pd.testing.assert_frame_equal(
            grouped.loc["上海"], single, check_names=False, atol=1e-5, rtol=1e-5
        )
        assert grouped.index.get_level_values("group").unique().tolist() == list(fit.groups)


def test_the_summary_shows_them_separately(fit: SEMResult) -> None:
    text = fit.summary()
    first, second, last = (
        text.index(f"Group 1: 上海 ({156} cases)"), text.index("Group 2: <北京> (145 cases)"),
        text.index("All groups"),
    )  # fmt: skip
    assert first < text.index("visual =~ x1") < second < last < text.rindex("d ")
    page = fit._repr_html_()
    assert "<北京>" not in page and "&lt;北京&gt;" in page


@pytest.mark.parametrize(
    ("estimator", "lines"),
    [
        ("ML", ()),
        ("MLR", ("scaled: χ²(24)", "yuan.bentler.mplus", "robust: CFI")),
        ("MLMVS", ("scaled: χ²(", "mean.var.adjusted")),
        ("DWLS", ()),
    ],
)
def test_the_summary_shows_corrected_tests(estimator: str, lines: tuple[str, ...]) -> None:
    text = ls.cfa(THREE, HS, estimator=estimator).summary()
    assert all(line in text for line in lines)
    assert ("scaled:" in text) == bool(lines)
    assert ("robust:" in text) == ("robust: CFI" in lines)
    assert ("AIC" in text) == (estimator != "DWLS")


def test_the_summary_shows_thresholds() -> None:
    data = pd.read_csv(DATA / "likert9.csv")
    text = ls.cfa("F =~ q1 + q2 + q3", data, ordered=["q1", "q2", "q3"]).summary()
    assert "Thresholds" in text and "q1 | t4" in text and "Scales of latent responses" in text
