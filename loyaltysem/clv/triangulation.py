"""Loyalty measured directly, by behaviour and by a model, each held against the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices

WAYS: Mapping[str, Text] = {
    "direct": Text("asked", "直接测量（问卷）"),
    "behaviour": Text("behaviour", "间接测量（行为）"),
    "model": Text("model", "模型测量"),
}
FEWEST = 10
#: Correlation of measures of different ways below which they hardly measure one thing.
WEAK = 0.30


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Triangulation(Printed):
    """How far measures of loyalty agree.

    Attributes
    ----------
    frame : DataFrame
        One row a pair: ``first second way_first way_second label_en label_zh n r ci_lower ci_upper
        spearman r_true true_lower true_upper kappa kappa_lower kappa_upper agree``. `r_true` is the
        correlation without errors of measurement, NaN where a reliability is not known; `kappa`
        weighs classes linearly, `agree` is the share in the same class.
    measures : DataFrame
        ``measure way label_en label_zh n mean sd reliability cut_1 …``: `cut` are the bounds of the
        classes.
    classes : int
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    measures: pd.DataFrame
    classes: int
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What was compared."""
        return f"Loyalty measured {len(self.measures)} ways, {len(self.frame)} pairs"

    @property
    def printed(self) -> pd.DataFrame:
        """The pairs without their labels."""
        return self.frame.drop(columns=["label_en", "label_zh", "way_first", "way_second"])


def triangulate(
    data: pd.DataFrame,
    *,
    direct: Sequence[str] = (),
    behaviour: Sequence[str] = (),
    model: Sequence[str] = (),
    reverse: Sequence[str] = (),
    reliability: Mapping[str, float] | None = None,
    labels: Mapping[str, Text] | None = None,
    classes: int = 3,
    draws: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> Triangulation:
    """Hold measures of loyalty against each other.

    Parameters
    ----------
    data : DataFrame
        One row a person, such as ``linked.data`` with scores added.
    direct : sequence of str
        Columns that were asked: scale scores, the answer behind the NPS.
    behaviour : sequence of str
        Columns from the orders: frequency, repeat purchases, categories bought.
    model : sequence of str
        Columns a model gave: factor scores, predicted value, P(alive).
    reverse : sequence of str
        Columns of which less is more loyal, such as complaints.
    reliability : mapping of str to float, optional
        Of columns where it is known, above 0 and up to 1.
    labels : mapping of str to Text, optional
        Human names.
    classes : int, default 3
        Classes of equal size for κ.
    draws : int, default 1000
        Bootstrap samples for the intervals of κ.
    seed : int, default 1
    level : float, default 0.95

    Returns
    -------
    Triangulation

    Raises
    ------
    IncompatibleRequestError
        Unknown columns, fewer than two, a reliability or number of classes that cannot be.
    DataError
        A pair with fewer than 10 persons, or a column that does not vary.

    Notes
    -----
    Pearson's r with Fisher's z interval; Spearman's ρ beside it, since amounts are skewed.
    Without errors of measurement r/√(ρ₁ρ₂) (Spearman, 1904), its limits divided likewise, which
    takes the reliabilities as known; a value above 1 is printed as it comes. Classes are cut at
    quantiles of each measure over the persons of the pair (ties stay together); κ with linear
    weights (Cohen, 1968) with a percentile bootstrap interval. Factor scores that were worked out
    from columns in `direct` share their errors: such pairs agree by construction.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> loyal = rng.normal(size=300)
    >>> data = pd.DataFrame({"asked": loyal + rng.normal(size=300),
    ...                      "visits": loyal + rng.normal(size=300)})
    >>> table = triangulate(data, direct=["asked"], behaviour=["visits"], draws=100,
    ...                     reliability={"asked": 0.5, "visits": 0.5})
    >>> table.frame[["r", "r_true"]].round(2).values.tolist()
    [[0.42, 0.83]]
    """
    asked = {"direct": direct, "behaviour": behaviour, "model": model}
    ways = {column: way for way, columns in asked.items() for column in columns}
    known = dict(reliability or {})
    given = [*direct, *behaviour, *model]
    _check(data, given, reverse, known, classes, draws, level)
    values = {c: _column(data, c, c in reverse) for c in given}
    names = {c: (labels or {}).get(c, Text(c)) for c in given}
    rng = np.random.default_rng(seed)
    rows = []
    for first, second in combinations(given, 2):
        both = np.isfinite(values[first]) & np.isfinite(values[second])
        x, y = values[first][both], values[second][both]
        _require_pair(first, second, x, y)
        rows.append({
            "first": first, "second": second, "way_first": ways[first], "way_second": ways[second],
            "label_en": f"{names[first].en} – {names[second].en}",
            "label_zh": f"{names[first].in_('zh')} – {names[second].in_('zh')}",
            **_correlations(x, y, known.get(first), known.get(second), level),
            **_agreement(x, y, classes, draws, rng, level),
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    measures = pd.DataFrame(
        [_measure(c, values[c], ways[c], names[c], known, classes) for c in given]
    )
    return Triangulation(frame, measures, classes, level, tuple(_findings(frame)))


def _check(
    data: pd.DataFrame,
    given: Sequence[str],
    reverse: Sequence[str],
    reliability: Mapping[str, float],
    classes: int,
    draws: int,
    level: float,
) -> None:
    absent = [c for c in (*given, *reverse, *reliability) if c not in data]
    problems = {
        f"there is no column '{absent[0] if absent else ''}'": bool(absent),
        "two different measures are the fewest": len(set(given)) < max(2, len(given)),
        "a reliability lies above 0 and up to 1": not all(0 < r <= 1 for r in reliability.values()),
        "classes are 2 to 10": not 2 <= classes <= 10,
        "draws are 100 or more and level lies between 0 and 1": draws < 100 or not 0 < level < 1,
    }
    found = [text for text, is_wrong in problems.items() if is_wrong]
    if found:
        near = did_you_mean(absent[0], map(str, data.columns)) if absent else ""
        raise IncompatibleRequestError(
            f"The measures cannot be compared: {'; '.join(found)}.",
            code="triangulation.request",
            hint=near or "Such as triangulate(data, direct=['score'], behaviour=['frequency']).",
        )


def _column(data: pd.DataFrame, name: str, is_reversed: bool) -> Array:
    x = pd.to_numeric(data[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return -x if is_reversed else x


def _require_pair(first: str, second: str, x: Array, y: Array) -> None:
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise DataError(
            f"'{first}' and '{second}' are both known of {len(x)} persons; {FEWEST} who differ are"
            " the fewest.",
            code="triangulation.pair",
            hint="Leave out columns that are empty or the same for everybody.",
        )


def _correlations(
    x: Array, y: Array, first: float | None, second: float | None, level: float
) -> dict[str, float]:
    r = float(np.corrcoef(x, y)[0, 1])
    half = stats.norm.ppf(0.5 + level / 2) / np.sqrt(len(x) - 3)
    z = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    low, high = np.tanh(z - half), np.tanh(z + half)
    scale = np.nan if first is None or second is None else np.sqrt(first * second)
    return {
        "n": len(x), "r": r, "ci_lower": float(low), "ci_upper": float(high),
        "spearman": float(stats.spearmanr(x, y).statistic), "r_true": r / scale,
        "true_lower": float(low / scale), "true_upper": float(high / scale),
    }  # fmt: skip


def _agreement(
    x: Array, y: Array, classes: int, draws: int, rng: np.random.Generator, level: float
) -> dict[str, float]:
    a, b = class_of(x, classes), class_of(y, classes)
    cells = a * classes + b
    table = np.bincount(cells, minlength=classes**2)
    drawn = rng.multinomial(len(x), table / len(x), size=draws)
    kappas = weighted_kappa(drawn.reshape(draws, classes, classes))
    low, high = np.nanquantile(kappas, [(1 - level) / 2, (1 + level) / 2])
    kappa = weighted_kappa(table.reshape(1, classes, classes))[0]
    return {
        "kappa": float(kappa), "kappa_lower": float(low), "kappa_upper": float(high),
        "agree": float((a == b).mean()),
    }  # fmt: skip


def class_of(x: Array, classes: int) -> Indices:
    """Return classes of about equal size, 0 the lowest; equal values share a class.

    Examples
    --------
    >>> class_of(np.array([5.0, 1.0, 9.0, 1.0]), 2).tolist()
    [1, 0, 1, 0]
    """
    cuts = np.quantile(x, np.arange(1, classes) / classes)
    return np.searchsorted(cuts, x, side="left")


def weighted_kappa(tables: np.ndarray) -> Array:
    """Return Cohen's κ with linear weights of several tables.

    Parameters
    ----------
    tables : array, shape (B, k, k)
        Counts.

    Examples
    --------
    >>> weighted_kappa(np.array([[[20, 5], [10, 15]]])).round(3).tolist()
    [0.4]
    """
    p = tables / tables.sum(axis=(1, 2), keepdims=True)
    k = p.shape[1]
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    expected = np.einsum("bi,bj->bij", p.sum(axis=2), p.sum(axis=1))
    by_chance = (expected * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1.0 - (p * distance).sum(axis=(1, 2)) / by_chance)


def _measure(
    name: str,
    x: Array,
    way: str,
    label: Text,
    reliability: Mapping[str, float],
    classes: int,
) -> dict[str, object]:
    known = x[np.isfinite(x)]
    cuts = np.quantile(known, np.arange(1, classes) / classes)
    return {
        "measure": name, "way": way, "label_en": label.en, "label_zh": label.in_("zh"),
        "n": len(known), "mean": known.mean(), "sd": known.std(ddof=1),
        "reliability": reliability.get(name, np.nan),
        **{f"cut_{k}": cut for k, cut in enumerate(cuts, start=1)},
    }  # fmt: skip


def _findings(frame: pd.DataFrame) -> list[Finding]:
    across = frame[frame["way_first"] != frame["way_second"]]
    weak = across[across["r"] < WEAK]
    found = []
    if len(weak):
        pairs = _pairs(weak)
        found.append(Finding(
            "triangulation.weak",
            Text(f"Measures of different ways that hardly agree (r < .30): {pairs.en}.",
                 f"不同测量方式之间一致性低（r < .30）：{pairs.zh}。"),
            Text("What people say, do and are predicted to do are then different things: report"
                 " them apart, and build no index over them.",
                 "言、行与预测并非同一事物：请分别报告，不宜合成单一指数。"),
        ))  # fmt: skip
    over = frame[frame["r_true"].abs() > 1]
    if len(over):
        pairs = _pairs(over)
        found.append(Finding(
            "triangulation.over_one",
            Text(f"Correlations corrected for unreliability exceed 1: {pairs.en}.",
                 f"校正信度后的相关超过 1：{pairs.zh}。"),
            Text("A reliability is too low, or the errors of the two are correlated.",
                 "可能信度被低估，或两者误差相关。"),
        ))  # fmt: skip
    return found


def _pairs(frame: pd.DataFrame) -> Text:
    told = [
        f"{first} – {second}" for first, second in zip(frame["first"], frame["second"], strict=True)
    ]
    return Text("; ".join(told), "；".join(told))
