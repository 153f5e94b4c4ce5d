"""What must not matter does not, and what matters in a known way does so exactly.

Rows and columns in another order, groups under other labels, latents under other names, statements
in another order, items reversed, rescaled or shifted, categories under other numbers: χ², its
degrees of freedom and its corrected form stay, and estimates, standard errors and standardised
values follow by the rule of the change.

Tolerances. Both fits stop their search at a gradient near rounding error, so estimates agree to a
small share of their standard error; the statistic is flat there and agrees closer.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import loyaltysem as ls

DATA = Path(__file__).parent / "golden" / "data"
#: A failing example is shown as it is: a smaller random seed is no simpler.
FEW = settings(max_examples=4, phases=[Phase.explicit, Phase.generate])
ESTIMATE, ERROR, STANDARDISED, FIT = 1e-3, 1e-4, 1e-5, 1e-6
MEASURES = ("chisq", "df", "pvalue", "cfi", "rmsea", "srmr", "chisq_scaled", "df_scaled",
            "baseline_chisq", "baseline_chisq_scaled")  # fmt: skip

HS_MODEL = """
visual  =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed   =~ x7 + x8 + x9
speed   ~  visual + textual
x7 ~~ x8
"""
HS_COVARIATE = HS_MODEL + "textual ~ ageyr\n"
LIKERT_MODEL = """
F1 =~ q1 + q2 + q3
F2 =~ q4 + q5 + q6
F3 =~ q7 + q8 + q9
F3 ~  F1 + F2
"""
LATENTS = ("visual", "textual", "speed", "F1", "F2", "F3")
#: ``(op, group label, left, right)``; covariances with their variables sorted.
Key: TypeAlias = tuple[str, str, str, str]


def holzinger() -> pd.DataFrame:
    return pd.read_csv(DATA / "HolzingerSwineford1939.csv")


def holzinger_incomplete() -> pd.DataFrame:
    frame = holzinger()
    rng = np.random.default_rng(1)
    for name in ("x2", "x3", "x5", "x8", "x9"):
        frame[name] = frame[name].mask(rng.random(len(frame)) < 0.12)
    return frame


def likert() -> pd.DataFrame:
    return pd.read_csv(DATA / "likert9.csv")


@dataclass(frozen=True)
class Case:
    """A model, its data and its options; `scales` names the variables with a unit."""

    model: str
    data: Callable[[], pd.DataFrame]
    options: Mapping[str, Any]
    scales: tuple[str, ...]
    ordered: tuple[str, ...] = field(default=())


X = tuple(f"x{i}" for i in range(1, 10))
Q = tuple(f"q{i}" for i in range(1, 10))
GROUPS = {"group": "school", "group_equal": ["loadings"]}
CASES = {
    "ML": Case(HS_MODEL, holzinger, {}, X),
    "ML with means, covariate": Case(
        HS_COVARIATE, holzinger, {"meanstructure": True}, (*X, "ageyr")
    ),
    "ML groups": Case(HS_MODEL, holzinger, GROUPS, X),
    "MLR": Case(HS_MODEL, holzinger, {"estimator": "MLR"}, X),
    "MLR with means": Case(HS_MODEL, holzinger, {"estimator": "MLR", "meanstructure": True}, X),
    "MLR groups": Case(HS_MODEL, holzinger, {"estimator": "MLR", **GROUPS}, X),
    "FIML": Case(HS_MODEL, holzinger_incomplete, {"missing": "fiml"}, X),
    "FIML MLR groups": Case(
        HS_MODEL, holzinger_incomplete, {"missing": "fiml", "estimator": "MLR", **GROUPS}, X
    ),
    "WLSMV": Case(LIKERT_MODEL, likert, {"ordered": list(Q)}, (), Q),
    "WLSMV groups": Case(
        LIKERT_MODEL, likert,
        {"ordered": list(Q), "group": "group", "group_equal": ["thresholds", "loadings"]}, (), Q,
    ),
    "WLSMV mixed": Case(LIKERT_MODEL, likert, {"ordered": list(Q[:6])}, Q[6:], Q[:6]),
}  # fmt: skip
GROUPED = [name for name, case in CASES.items() if "group" in case.options]
WITH_UNITS = [name for name, case in CASES.items() if case.scales]
ORDINAL = [name for name, case in CASES.items() if case.ordered]


@dataclass(frozen=True)
class Reading:
    """What a fit says: fit measures, and for each parameter est, se, std_all, std_all_se."""

    measures: Mapping[str, float]
    rows: Mapping[Key, tuple[float, float, float, float]]


def read(case: Case, frame: pd.DataFrame, model: str | None = None, **changed: Any) -> Reading:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = ls.sem(model or case.model, frame, **{**case.options, **changed})
    assert fit.converged and fit.data is not None
    measures = fit.fit_measures()
    rows = {}
    for r in fit.parameters().to_dict(orient="records"):
        first, second = sorted((r["lhs"], r["rhs"])) if r["op"] == "~~" else (r["lhs"], r["rhs"])
        label = fit.data.labels[r["group"] - 1]
        rows[r["op"], label, first, second] = (r["est"], r["se"], r["std_all"], r["std_all_se"])
    return Reading({n: measures[n] for n in MEASURES if n in measures.index}, rows)


@functools.cache
def original(name: str) -> Reading:
    return read(CASES[name], CASES[name].data())


def assert_same(
    got: Reading,
    expected: Reading,
    key: Callable[[Key], Key] = lambda k: k,
    change: Callable[[Key], tuple[float, float]] = lambda _: (1.0, 0.0),
) -> None:
    """Compare two fits: each parameter of `expected`, under `key`, is factor · est + shift."""
    assert set(got.measures) == set(expected.measures)
    for name, value in expected.measures.items():
        assert got.measures[name] == pytest.approx(value, rel=FIT, abs=FIT, nan_ok=True), name
    assert {key(k) for k in expected.rows} == set(got.rows)
    for k, (est, se, std, std_se) in expected.rows.items():
        factor, shift = change(k)
        found = got.rows[key(k)]
        room = ESTIMATE * se * abs(factor) + 1e-9 * max(1.0, abs(factor * est + shift))
        assert found[0] == pytest.approx(factor * est + shift, abs=room), k
        assert found[1] == pytest.approx(abs(factor) * se, rel=ERROR, abs=1e-12), k
        if k[0] not in ("~1", "|") or shift == 0.0:  # a standardised mean has no such rule
            assert found[2] == pytest.approx(np.sign(factor) * std, abs=STANDARDISED), k
            assert found[3] == pytest.approx(std_se, rel=1e-3, abs=STANDARDISED), k


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", CASES)
@FEW
@given(seed=seeds)
def test_the_order_of_rows_and_columns_does_not_matter(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = CASES[name].data()
    rows = rng.permutation(len(frame))
    rows = np.concatenate([[0], rows[rows != 0]])  # the first group, of the first row, stays first
    frame = frame.iloc[rows, rng.permutation(frame.shape[1])]
    assert_same(read(CASES[name], frame), original(name))


@pytest.mark.parametrize("name", GROUPED)
@FEW
@given(seed=seeds, first=st.text(min_size=1, max_size=5), reverse=st.booleans())
def test_the_labels_of_groups_do_not_matter(
    name: str, seed: int, first: str, reverse: bool
) -> None:
    case = CASES[name]
    frame = case.data()
    column = case.options["group"]
    old = list(frame[column].unique())
    new = dict(zip(old, (first, first + "·"), strict=True))
    frame = frame.assign(**{column: frame[column].map(new)})
    if reverse:  # the second group comes first
        frame = frame.iloc[::-1]
    if "thresholds" in case.options["group_equal"] and reverse:
        # other group, other scale: the model is the same and its parameters are not
        got = read(case, frame)
        assert got.measures == pytest.approx(
            dict(original(name).measures), rel=FIT, abs=FIT, nan_ok=True
        )
        return
    assert_same(read(case, frame), original(name), lambda k: (k[0], new[k[1]], *k[2:]))


@pytest.mark.parametrize("name", CASES)
@FEW
@given(seed=seeds)
def test_the_order_of_statements_and_the_names_of_latents_do_not_matter(
    name: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    case = CASES[name]
    names = dict(zip(LATENTS, ("信任", "a.b_c", "`two words`", "Z", "zz", "ä"), strict=True))
    lines = [_shuffled(line, rng) for line in case.model.strip().split("\n")]
    text = "\n".join(lines[i] for i in rng.permutation(len(lines)))
    for old, new in names.items():
        text = text.replace(old, new)
    plain = {old: new.strip("`") for old, new in names.items()}

    def renamed(k: Key) -> Key:
        left, right = plain.get(k[2], k[2]), plain.get(k[3], k[3])
        pair = sorted((left, right)) if k[0] == "~~" else (left, right)
        return k[0], k[1], pair[0], pair[1]

    assert_same(read(case, case.data(), text), original(name), renamed)


def _shuffled(line: str, rng: np.random.Generator) -> str:
    """Exchange the summands of a statement, all but the marker."""
    head, operator, tail = line.partition("=~" if "=~" in line else "~")
    terms = [t.strip() for t in tail.split("+")]
    kept = 1 if operator == "=~" else 0
    free = [terms[kept + i] for i in rng.permutation(len(terms) - kept)]
    return line if "~~" in line else f"{head}{operator} {' + '.join([*terms[:kept], *free])}"


units = st.floats(0.02, 50.0).flatmap(lambda a: st.sampled_from([a, -a]))
offsets = st.floats(-100.0, 100.0)


@pytest.mark.parametrize("name", WITH_UNITS)
@FEW
@given(data=st.data())
def test_items_reversed_rescaled_and_shifted(name: str, data: st.DataObject) -> None:
    """With x → a·x + b, a reversed item being a < 0, everything follows."""
    case = CASES[name]
    slope = {x: data.draw(units, label=f"unit of {x}") for x in case.scales}
    # a covariate is not shifted: all intercepts behind its latent would move
    shifted = [x for x in case.scales if x != "ageyr"]
    shift = {x: data.draw(offsets, label=f"shift of {x}") for x in shifted}
    frame = case.data()
    for x in case.scales:
        frame[x] = slope[x] * frame[x] + shift.get(x, 0.0)
    assert_same(
        read(case, frame), original(name), change=lambda k: affine(k, case.model, slope, shift)
    )


def affine(
    k: Key, model: str, slope: Mapping[str, float], shift: Mapping[str, float]
) -> tuple[float, float]:
    """Return what x → a·x + b makes of a parameter; a latent takes the unit of its marker."""
    unit = {**slope, **{f: slope.get(m, 1.0) for f, m in _markers(model).items()}}
    op, _, left, right = k
    a, b = unit.get(left, 1.0), unit.get(right, 1.0)
    if op == "=~":
        return b / a, 0.0
    if op == "~":
        return a / b, 0.0
    if op == "~~":
        return a * b, 0.0
    return (a, shift.get(left, 0.0)) if op == "~1" else (1.0, 0.0)


def _markers(model: str) -> dict[str, str]:
    measured = (line.split("=~") for line in model.split("\n") if "=~" in line)
    return {left.strip(): right.split("+")[0].strip() for left, right in measured}


@pytest.mark.parametrize("name", ORDINAL)
@FEW
@given(gaps=st.lists(st.floats(0.01, 1e3), min_size=5, max_size=5), start=offsets)
def test_the_numbers_of_categories_do_not_matter(
    name: str, gaps: list[float], start: float
) -> None:
    case = CASES[name]
    codes = dict(zip(range(1, 6), start + np.cumsum(gaps), strict=True))
    frame = case.data()
    for q in case.ordered:
        frame[q] = frame[q].map(codes)
    assert_same(read(case, frame), original(name))


@pytest.mark.parametrize("name", [n for n in ORDINAL if n not in GROUPED])
@FEW
@given(turned=st.sets(st.sampled_from(Q), min_size=1))
def test_reversed_ordered_items(name: str, turned: set[str]) -> None:
    """Thresholds change sign and order, loadings change sign, and nothing else changes."""
    case = CASES[name]
    frame = case.data()
    slope = dict.fromkeys(turned, -1.0)
    for q in turned:
        frame[q] = 6 - frame[q]

    def key(k: Key) -> Key:
        mirrored = k[0] == "|" and k[2] in turned
        return (*k[:3], f"t{5 - int(k[3][1:])}") if mirrored else k

    def change(k: Key) -> tuple[float, float]:
        if k[0] == "|":
            return slope.get(k[2], 1.0), 0.0
        if k[0] == "~*~":
            return 1.0, 0.0
        return affine(k, case.model, slope, dict.fromkeys(turned - set(case.ordered), 6.0))

    assert_same(read(case, frame), original(name), key, change)


def test_the_comparison_can_fail() -> None:
    """A rule that is wrong in one parameter is noticed."""
    expected = original("ML")
    with pytest.raises(AssertionError):
        assert_same(expected, expected, change=lambda k: (1.01 if k[0] == "~" else 1.0, 0.0))
    with pytest.raises(AssertionError):
        assert_same(expected, original("MLR"))
