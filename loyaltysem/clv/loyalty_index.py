"""One composite index of loyalty, with stated weights and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyaltysem.clv.printed import Printed
from loyaltysem.core.display import interval, number
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

#: Steps of principal-axis factoring; communalities of a few components settle in far fewer.
STEPS = 200
FEWEST = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LoyaltyIndex(Printed):
    """A composite index from 0 to 100 with intervals.

    Attributes
    ----------
    frame : DataFrame
        One row a component: ``component lowest highest weight weight_lower weight_upper mean``;
        `mean` on 0 to 100.
    persons : DataFrame
        One row a person, indexed as the data: ``index ci_lower ci_upper``; NaN where a component is
        missing.
    mean, ci_lower, ci_upper : float
        Mean index and its interval.
    reliability : float
        Cronbach's α of the weighted components.
    weights : str
        ``equal``, ``factor`` or ``given``.
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    persons: pd.DataFrame
    mean: float
    ci_lower: float
    ci_upper: float
    reliability: float
    weights: str
    level: float
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Mean, interval, weights."""
        limits = interval(self.ci_lower, self.ci_upper, 1)
        n = int(self.persons["index"].notna().sum())
        return (
            f"Loyalty index {number(self.mean, 1)} {limits} of 100 (weights: {self.weights},"
            f" α = {number(self.reliability, 2)}, n = {n})"
        )


def loyalty_index(
    data: pd.DataFrame,
    components: Sequence[str],
    *,
    weights: str | Mapping[str, float] = "equal",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reverse: Sequence[str] = (),
    draws: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> LoyaltyIndex:
    """Combine measures of loyalty into one index from 0 to 100.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    components : sequence of str
        Columns: scale scores, NPS answers, behaviour.
    weights : {"equal", "factor"} or mapping
        The same for all; regression weights of one common factor; or given for each component
        (positive, scaled to sum to 1).
    ranges : mapping of str to (float, float), optional
        Lowest and highest possible value of components; those of the data unless given.
    reverse : sequence of str
        Components of which less is more loyal.
    draws : int, default 1000
        Bootstrap samples of persons.
    seed : int, default 1
    level : float, default 0.95

    Returns
    -------
    LoyaltyIndex

    Raises
    ------
    IncompatibleRequestError
        Unknown columns, fewer than two, weights or ranges that cannot be used.
    DataError
        A component that does not vary, or fewer than 10 complete rows; factor weights where a
        component does not go with the others.

    Notes
    -----
    A component x becomes the percentage of the possible, 100 (x − lowest)/(highest − lowest)
    (Cohen, Cohen, Aiken & West, 1999), so that 0 and 100 mean the ends of the scales and means can
    be compared over time. The index is Σ wx, Σw = 1. Factor weights are R⁻¹λ of a principal-axis
    factor, divided by the components' standard deviations, so that they act on the same scale.

    The interval of the mean comes from resampled persons, factor weights being worked out anew in
    each sample and ranges held. That of a person adds the error of measurement, normal with
    variance s²(1 − α): the person's own index would move that much if the components were measured
    again. With components of different kinds α understates reliability, and the intervals are wide.

    References
    ----------
    Cohen, P., Cohen, J., Aiken, L. S., & West, S. G. (1999). The problem of units and the
    circumstance for POMP. Multivariate Behavioral Research, 34(3), 315–346.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> loyal = rng.normal(size=200)
    >>> data = pd.DataFrame({n: (3 + loyal + rng.normal(size=200)).clip(1, 5) for n in "abc"})
    >>> found = loyalty_index(data, ["a", "b", "c"], ranges=dict.fromkeys("abc", (1, 5)), draws=200)
    >>> bool(found.ci_lower < found.mean < found.ci_upper)
    True
    """
    names = list(components)
    _check(data, names, weights, ranges, reverse, draws, level)
    x = data[names].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    known = np.isfinite(x).all(axis=1)
    complete = x[known]
    low, high = _ranges(complete, names, ranges)
    w = _weights(_scaled(complete, low, high, names, reverse), weights, names)
    own = _scaled(complete, low, high, names, reverse)
    rng = np.random.default_rng(seed)
    means, own_draws, weight_draws = _resampled(own, w, weights == "factor", draws, rng)
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    mean_limits = np.quantile(means, tails)
    persons = _persons(data.index, known, own @ w, np.quantile(own_draws, tails, axis=0))
    weight_limits = np.quantile(weight_draws, tails, axis=0)
    frame = pd.DataFrame(
        {
            "component": names, "lowest": low, "highest": high, "weight": w,
            "weight_lower": weight_limits[0], "weight_upper": weight_limits[1],
            "mean": own.mean(axis=0),
        }
    )  # fmt: skip
    alpha = weighted_alpha(own, w)
    kind = weights if isinstance(weights, str) else "given"
    findings = _findings(names, ranges, int((~known).sum()), alpha)
    return LoyaltyIndex(
        frame, persons, float((own @ w).mean()), float(mean_limits[0]), float(mean_limits[1]),
        alpha, kind, level, findings,
    )  # fmt: skip


def _check(
    data: pd.DataFrame,
    names: Sequence[str],
    weights: str | Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]] | None,
    reverse: Sequence[str],
    draws: int,
    level: float,
) -> None:
    absent = [n for n in (*names, *reverse, *(ranges or {})) if n not in data]
    given = None if isinstance(weights, str) else weights
    problems = {
        f"there is no column '{absent[0] if absent else ''}'": bool(absent),
        "two different components are the fewest": len(set(names)) < max(2, len(names)),
        f"there are no weights {weights!r}": given is None and weights not in ("equal", "factor"),
        "weights name each component once and are above 0": given is not None
        and (set(given) != set(names) or not all(v > 0 for v in given.values())),
        "a range has its lowest value first": any(a >= b for a, b in (ranges or {}).values()),
        "only components can be turned": bool(set(reverse) - set(names)),
        "draws are 100 or more and level lies between 0 and 1": draws < 100 or not 0 < level < 1,
    }
    found = [text for text, is_wrong in problems.items() if is_wrong]
    if found:
        near = did_you_mean(absent[0], map(str, data.columns)) if absent else ""
        raise IncompatibleRequestError(
            f"The index cannot be made: {'; '.join(found)}.",
            code="loyalty_index.request",
            hint=near or "Such as loyalty_index(data, ['score', 'nps'], weights='equal').",
        )


def _ranges(
    x: Array, names: Sequence[str], ranges: Mapping[str, tuple[float, float]] | None
) -> tuple[Array, Array]:
    if len(x) < FEWEST:
        raise DataError(
            f"{len(x)} rows have all components; {FEWEST} are the fewest.",
            code="loyalty_index.too_few",
            hint="Look at the missing values of each component.",
        )
    given = ranges or {}
    low = np.array([given[n][0] if n in given else x[:, k].min() for k, n in enumerate(names)])
    high = np.array([given[n][1] if n in given else x[:, k].max() for k, n in enumerate(names)])
    for k, name in enumerate(names):
        if np.ptp(x[:, k]) == 0 or x[:, k].min() < low[k] or x[:, k].max() > high[k]:
            raise DataError(
                f"Component '{name}' runs from {x[:, k].min():g} to {x[:, k].max():g}, its range"
                f" from {low[k]:g} to {high[k]:g}.",
                code="loyalty_index.component",
                hint="A component varies and stays within its range; correct the range or data.",
            )
    return low, high


def _scaled(
    x: Array, low: Array, high: Array, names: Sequence[str], reverse: Sequence[str]
) -> Array:
    share = 100.0 * (x - low) / (high - low)
    return np.where([n in reverse for n in names], 100.0 - share, share)


def _weights(own: Array, weights: str | Mapping[str, float], names: Sequence[str]) -> Array:
    if isinstance(weights, Mapping):
        w = np.array([float(weights[n]) for n in names])
        return np.asarray(w / w.sum())
    if weights == "equal":
        return np.full(len(names), 1.0 / len(names))
    w = factor_weights(own)
    if not (w > 0).all():
        raise DataError(
            f"Component '{names[int(np.argmin(w))]}' does not go with the others: its factor weight"
            f" is {w.min():.3f}.",
            code="loyalty_index.factor",
            hint="Leave it out, turn it (reverse=), or use equal weights.",
        )
    return w


def factor_weights(own: Array) -> Array:
    """Return regression weights of one principal-axis factor, for unstandardised components.

    Parameters
    ----------
    own : Array, shape (N, k)

    Returns
    -------
    Array, shape (k,)
        Summing to 1.
    """
    r: Array = np.atleast_2d(np.corrcoef(own, rowvar=False))
    firm: Array = r + 1e-9 * np.eye(len(r))
    shared = 1.0 - 1.0 / np.diagonal(np.linalg.inv(firm))
    loadings = np.sqrt(np.clip(shared, 1e-6, 1.0))
    for _ in range(STEPS):
        reduced = r.copy()
        np.fill_diagonal(reduced, np.clip(loadings**2, 0.0, 0.995))
        values, vectors = np.linalg.eigh(reduced)
        new = vectors[:, -1] * np.sqrt(max(values[-1], 1e-12))
        new = new * np.sign(new.sum() or 1.0)
        if np.abs(new - loadings).max() < 1e-8:
            break
        loadings = new
    w = np.linalg.solve(firm, loadings) / own.std(axis=0, ddof=1)
    return np.asarray(w / w.sum())


def weighted_alpha(own: Array, weights: Array) -> float:
    """Return Cronbach's α of a weighted sum.

    Examples
    --------
    >>> x = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> round(weighted_alpha(x, np.array([0.5, 0.5])), 3)
    1.0
    """
    parts, k = own * weights, own.shape[1]
    total = parts.sum(axis=1).var(ddof=1)
    return float(k / (k - 1) * (1.0 - parts.var(axis=0, ddof=1).sum() / total))


def _resampled(
    own: Array, w: Array, is_factor: bool, draws: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return means (R,), everybody's index with error (R, N), and weights (R, k)."""
    n, k = own.shape
    means, everybody, ws = np.empty(draws), np.empty((draws, n)), np.empty((draws, k))
    for b in range(draws):
        sample = own[rng.integers(n, size=n)]
        varies = bool((np.ptp(sample, axis=0) > 0).all())
        ws[b] = factor_weights(sample) if is_factor and varies else w
        index = sample @ ws[b]
        alpha = min(max(weighted_alpha(sample, ws[b]), 0.0), 1.0) if np.ptp(index) else 0.0
        error = index.std(ddof=1) * np.sqrt(1.0 - alpha)
        means[b] = index.mean()
        everybody[b] = own @ ws[b] + rng.normal(0.0, error, n)
    return means, np.clip(everybody, 0.0, 100.0), ws


def _persons(index: pd.Index, known: Array, own: Array, limits: Array) -> pd.DataFrame:
    out = np.full((len(known), 3), np.nan)
    out[known] = np.stack([own, *limits], axis=1)
    return pd.DataFrame(out, index=index, columns=["index", "ci_lower", "ci_upper"])


def _findings(
    names: Sequence[str],
    ranges: Mapping[str, tuple[float, float]] | None,
    missing: int,
    alpha: float,
) -> tuple[Finding, ...]:
    found = []
    guessed = [n for n in names if n not in (ranges or {})]
    if guessed:
        found.append(Finding(
            "loyalty_index.ranges",
            Text(f"The ranges of {', '.join(guessed)} are those of these data: the index cannot be"
                 " compared with other samples.",
                 f"{'、'.join(guessed)} 的取值范围取自本数据，指数不可与其他样本直接比较。"),
            Text("Pass ranges= with the ends of the scales.", "请以 ranges= 给出量表端点。"),
            severity="note",
        ))  # fmt: skip
    if missing:
        found.append(Finding(
            "loyalty_index.missing",
            Text(f"{missing} persons lack a component and have no index.",
                 f"{missing} 人缺少某一组成指标，未计算指数。"),
        ))  # fmt: skip
    if alpha < 0.5:
        found.append(Finding(
            "loyalty_index.alpha",
            Text(f"The components hardly go together (α = {alpha:.2f}).",
                 f"各组成指标之间一致性低（α = {alpha:.2f}）。"),
            Text("One number hides that; report the components too.",
                 "单一指数掩盖了这一点，请同时报告各组成指标。"),
        ))  # fmt: skip
    return tuple(found)
