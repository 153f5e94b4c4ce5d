"""Simple slopes: the slope at w₀ is the main effect after the moderator is moved to w₀."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.slopes import SimpleSlopes, significance_region, simple_slopes
from loyaltysem.core.errors import IncompatibleRequestError, ModelSpecificationError
from loyaltysem.estimation.result import SEMResult

MODEL = "y ~ x + w + xw"
NAMES = ("y", "x", "w", "xw")


def frame(shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(2, 250))
    y = 0.2 * x + 0.3 * w + 0.35 * x * w + rng.normal(size=250)
    moved = w - shift
    group = np.where(np.arange(250) % 2, "north", "south")
    return pd.DataFrame({"x": x, "w": moved, "xw": x * moved, "y": y, "g": group})


@pytest.fixture(scope="module")
def fit() -> SEMResult:
    return ls.sem(MODEL, frame())


@pytest.fixture(scope="module")
def slopes(fit: SEMResult) -> SimpleSlopes:
    return simple_slopes(fit, *NAMES)


@pytest.mark.parametrize("w", [-1.3, 0.0, 2.0])
def test_slope_and_error_are_those_of_the_shifted_regression(fit: SEMResult, w: float) -> None:
    [row] = simple_slopes(fit, *NAMES, at=[w]).frame.to_dict("records")
    moved = ls.sem(MODEL, frame(w)).parameters().query("op == '~' and rhs == 'x'").iloc[0]
    for ours, theirs in (("slope", "est"), ("se", "se"), ("z", "z"), ("ci_lower", "ci_lower")):
        assert row[ours] == pytest.approx(moved[theirs], rel=1e-5)
    assert row["std"] == pytest.approx(moved["std_all"], rel=1e-5)


def test_default_values_are_the_mean_and_one_sd_around_it(slopes: SimpleSlopes) -> None:
    w = frame()["w"]
    np.testing.assert_allclose(slopes.frame["sd"], [-1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(
        slopes.frame["moderator"], w.mean() + w.std(ddof=0) * np.array([-1, 0, 1]), atol=1e-9
    )


def test_the_region_ends_where_p_is_exactly_five_percent(slopes: SimpleSlopes) -> None:
    bounds = [b for pair in slopes.region for b in pair if abs(b) < inf]
    assert len(bounds) == 2
    np.testing.assert_allclose(slopes.at(bounds)["pvalue"], 0.05, atol=1e-9)
    inside = slopes.region[-1][0] + 1.0
    assert slopes.at([inside])["pvalue"][0] < 0.05


V = np.diag([0.01, 0.04])


@pytest.mark.parametrize(
    ("main", "interaction", "vcov", "expected"),
    [
        (0.0, 1.0, V, ((-inf, -0.2 / sqrt(0.84)), (0.2 / sqrt(0.84), inf))),
        (0.0, 0.1, V, ()),  # never
        (1.0, 0.1, V, ((-(0.2 + sqrt(0.04 + 4 * 0.15 * 0.96)) / 0.3 + 0.4 / 0.3, None),)),
        (1.0, 0.0, np.diag([0.01, 0.0]), ((-inf, inf),)),
        (0.1, 0.0, np.diag([0.01, 0.0]), ()),
        (1.0, 0.4, np.array([[0.01, 0.0], [0.0, 0.04]]), ((-2.4, inf),)),  # a = 0
        (1.0, 5.0, np.array([[0.01, 0.05], [0.05, 0.25]]), None),
    ],
)
def test_every_shape_of_the_region(
    main: float, interaction: float, vcov: np.ndarray, expected: tuple | None
) -> None:
    region = significance_region(main, interaction, vcov, 2.0)
    grid = np.linspace(-9, 9, 3001)
    with np.errstate(invalid="ignore"):
        se = np.sqrt(vcov[0, 0] + 2 * grid * vcov[0, 1] + grid**2 * vcov[1, 1])
    significant = np.abs(main + interaction * grid) > 2.0 * se + 1e-9
    inside = np.zeros(len(grid), dtype=bool)
    for low, high in region:
        inside |= (grid > low + 1e-6) & (grid < high - 1e-6)
    assert (inside == significant).mean() > 0.998  # the grid may sit on a bound
    if expected == () or expected == ((-inf, inf),):
        assert region == expected


def test_multi_group_needs_its_group() -> None:
    fit = ls.sem(MODEL, frame(), group="g")
    north, south = (simple_slopes(fit, *NAMES, at=[0], group=g) for g in ("north", "south"))
    assert north.frame["slope"][0] != south.frame["slope"][0]
    alone = ls.sem(MODEL, frame().query("g == 'north'"), meanstructure=True)
    same = simple_slopes(alone, *NAMES, at=[0]).frame
    np.testing.assert_allclose(north.frame, same, rtol=1e-4)
    for wrong in (None, "west"):
        with pytest.raises(IncompatibleRequestError, match=r"groups|group 'west'"):
            simple_slopes(fit, *NAMES, group=wrong)


def test_a_fixed_path_has_no_variance() -> None:
    fit = ls.sem("y ~ 0.2*x + w + xw", frame())
    assert simple_slopes(fit, *NAMES, at=[0.0]).frame["se"][0] == 0.0


def test_expected_outcome_is_zero_where_both_are_average(slopes: SimpleSlopes) -> None:
    x, w = (slopes.scales[n].mean for n in ("x", "w"))
    assert slopes.expected_outcome(np.array([x]), w)[0] == pytest.approx(0.0, abs=1e-12)
    rise = np.diff(slopes.expected_outcome(np.array([0.0, 1.0]), w))[0]
    assert rise == pytest.approx(slopes.at([w])["slope"][0])


def test_a_missing_main_effect_is_said() -> None:
    fit = ls.sem("y ~ x + xw\nz ~ w", frame().assign(z=np.cos(np.arange(250))))
    [finding] = simple_slopes(fit, *NAMES).findings
    assert finding.code == "interaction.no_main_effect"


def test_printed_forms(slopes: SimpleSlopes) -> None:
    text, html = str(slopes), slopes._repr_html_()
    assert "−1.0 SD" in text
    assert "differs from zero below" in text
    assert html.count("<tr>") == 4
    odd = {"x": "<x>", "xw": "<x>w"}
    wrong = ls.sem("y ~ x + w + xw", frame())
    renamed = simple_slopes(wrong, *NAMES)
    object.__setattr__(renamed, "predictor", odd["x"])
    assert "&lt;x&gt;" in renamed._repr_html_()


@pytest.mark.parametrize(("b", "words"), [("5", "at every value"), ("0", "at no value")])
def test_text_of_regions_without_bounds(b: str, words: str) -> None:
    fit = ls.sem(f"y ~ {b}*x + w + 0*xw", frame())
    assert words in str(simple_slopes(fit, *NAMES))


@pytest.mark.parametrize(
    ("names", "options", "error", "words"),
    [
        (("y", "q", "w", "xw"), {}, ModelSpecificationError, "not regressed on 'q'"),
        (("y", "x", "w", "xq"), {}, ModelSpecificationError, "not regressed on 'xq'"),
        (("x", "x", "w", "xw"), {}, ModelSpecificationError, "predictors are: none"),
        (("y", "x", "q", "xw"), {}, ModelSpecificationError, "'q' is not a variable"),
        (NAMES, {"level": 95}, IncompatibleRequestError, "coverage"),
    ],
)
def test_every_error_says_what_is_wrong(
    fit: SEMResult, names: tuple, options: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        simple_slopes(fit, *names, **options)
    assert words in str(caught.value)
