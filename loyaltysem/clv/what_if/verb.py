"""`ls.what_if`: the change of expected customer value, in currency, of raising a driver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from loyaltysem.clv.link.linked import Linked
from loyaltysem.clv.link.scale import ClvScale
from loyaltysem.clv.printed import Printed
from loyaltysem.clv.what_if.change import (
    change_variance,
    mean_change,
    raised_values,
    segment_means,
)
from loyaltysem.clv.what_if.effects import Lever, lever, shift_derivatives, shifts
from loyaltysem.clv.what_if.findings import what_if_findings
from loyaltysem.clv.what_if.people import People, people_of
from loyaltysem.core.display import number, percent
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.optimise import Status
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.replication.bootstrap import Bootstrap
from loyaltysem.estimation.replication.draws import BLOCK, CaseDraws
from loyaltysem.estimation.replication.quantities import Rows
from loyaltysem.estimation.result import SEMResult


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WhatIf(Printed):
    """The change of expected customer value when a driver rises.

    Attributes
    ----------
    frame : DataFrame
        One row a segment, everybody first: ``segment n baseline raised change share delta_se
        delta_lower delta_upper boot_se boot_lower boot_upper total smearing``. Values in currency
        per customer; `share` is change over baseline, `total` the change times n, `smearing` the
        mean over the value at the mean of the indicators' scale.
    effects : DataFrame
        ``group indicator column shift se ci_lower ci_upper``: the total effect on each indicator,
        on the scale of the model, of raising the driver by `points`.
    driver : str
    points : float
        Scale points.
    yardstick : tuple of str
        Items whose mean rises by `points`; empty for an observed driver.
    clv_scale : ClvScale
    draws : DataFrame
        Bootstrap changes, one column a segment; no rows without a bootstrap.
    level : float
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    effects: pd.DataFrame
    driver: str
    points: float
    yardstick: tuple[str, ...]
    clv_scale: ClvScale
    draws: pd.DataFrame
    level: float
    findings: tuple[Finding, ...]

    @property
    def statement(self) -> Text:
        """The result in one sentence."""
        row = self.frame.iloc[0]
        low, high = self._limits(0)
        unit, period = self.clv_scale.currency or "", self.clv_scale.period
        points, change = number(self.points, 1), number(row["change"], 2)
        limits = f"[{number(low, 2)}, {number(high, 2)}]"
        covered = percent(self.level, 0)
        return Text(
            f"Raising {self.driver} by {points} scale points changes expected value by {change}"
            f" {unit} per customer {period.en} ({covered} CI {limits}; {percent(row['share'])}).",
            f"{self.driver} 提高 {points} 个量表分，预期客户价值变动 {change} {unit}"
            f"（每位客户，{period.zh}；{covered} 置信区间 {limits}；{percent(row['share'])}）。",
        )

    def _limits(self, place: int) -> tuple[float, float]:
        row = self.frame.iloc[place]
        kind = "boot" if len(self.draws) else "delta"
        return float(row[f"{kind}_lower"]), float(row[f"{kind}_upper"])

    @property
    def title(self) -> str:
        """The result in one English sentence."""
        return " ".join(self.statement.en.split())


def what_if(
    fit: SEMResult,
    linked: Linked,
    driver: str,
    *,
    points: float = 1.0,
    value: Sequence[str] | None = None,
    per: str | None = None,
    segments: str | Sequence[object] | pd.Series | None = None,
    draws: int = 1000,
    seed: int = 1,
    level: float = 0.95,
    bootstrap: Bootstrap | None = None,
) -> WhatIf:
    """Return the change of expected customer value of raising a driver, in currency.

    Parameters
    ----------
    fit : SEMResult
        Of a model fitted to ``linked.data``, with indicators of value such as ``log_amount``.
    linked : Linked
        From `loyaltysem.link`.
    driver : str
        A latent variable, of second order too, or an observed predictor.
    points : float, default 1
        Scale points it rises by; negative for a fall.
    value : sequence of str, optional
        Indicators whose product is the value, such as ``["amount", "frequency"]``; what the link
        says unless given.
    per : str, optional
        Item of a latent driver whose scale points count, or ``"mean"`` for the mean of all its
        items; its first item unless given.
    segments : str or sequence, optional
        Column of ``linked.data``, or one label a row of it. With a fit of several groups these are
        the segments, each with its own effect; segments of a fit of one group share the effect and
        differ in what it is worth.
    draws : int, default 1000
        Bootstrap samples; 0 for the delta method alone.
    seed : int, default 1
    level : float, default 0.95
    bootstrap : Bootstrap, optional
        ``fit.bootstrap(…)`` made before, instead of new draws.

    Returns
    -------
    WhatIf

    Raises
    ------
    ModelSpecificationError
        The driver or the indicators are not in the model, or no path leads to them.
    IncompatibleRequestError
        The fit was made of other data or of moments, or the request cannot be met.

    Notes
    -----
    The driver is set to a value one point higher for everybody and everything downstream follows
    (total effect through all paths, (I − B)⁻¹). Each indicator moves by its total effect on the
    model's scale and is put back to natural units person by person, each keeping the rest of their
    own value; the mean of the products is the new expected value. For logarithms that is Duan's
    (1983) smearing estimator about the mean: E(Y) = exp(ȳ + δ)·mean exp(y − ȳ), no normal
    distribution assumed, and unlike exp(ȳ + δ) it does not take the geometric for the arithmetic
    mean. With pure logarithms the share is exp(δ) − 1 in every segment.

    Intervals: percentile bootstrap, in which the same resampled respondents give the effect and the
    mean (of the nonparametric kind; other kinds hold respondents fixed); and the delta method.

    References
    ----------
    Duan, N. (1983). Smearing estimate: A nonparametric retransformation method. Journal of the
    American Statistical Association, 78(383), 605–610.

    Examples
    --------
    See docs/linking.md for the way from answers and orders to this table.

    >>> import loyaltysem as ls
    >>> from loyaltysem.clv.what_if.example import example_link
    >>> linked = example_link()
    >>> model = "trust =~ t1 + t2 + t3; value =~ log_amount + log_frequency; value ~ trust"
    >>> fit = ls.sem(model, linked.data)
    >>> found = what_if(fit, linked, "trust", draws=0)
    >>> bool(0 < found.frame["delta_lower"][0] < found.frame["change"][0])
    True
    """
    _check(points, draws, level)
    scale = linked.clv_scale if value is None else linked.clv_scale.using(*value)
    pulled = lever(fit, driver, [part.column for part in scale.parts], per)
    people = people_of(fit, linked, scale, segments)
    shift, cov = _estimated(fit, pulled, points)
    if bootstrap is None and draws:
        bootstrap = fit.bootstrap(draws, seed=seed)
    names = [name for name, _ in people.segments]
    changes = np.empty((0, len(names)))
    if bootstrap is not None:
        changes = _resampled(bootstrap, pulled, people, scale, points)
    return WhatIf(
        _frame(people, scale, shift, cov, changes, level),
        _effects(fit, scale, shift, cov, level),
        driver,
        points,
        pulled.yardstick,
        scale,
        pd.DataFrame(changes, columns=names),
        level,
        what_if_findings(fit, pulled, points, changes, linked.weights is not None),
    )


def _check(points: float, draws: int, level: float) -> None:
    if not (np.isfinite(points) and points != 0 and draws >= 0 and 0.0 < level < 1.0):
        raise IncompatibleRequestError(
            f"points={points!r}, draws={draws!r}, level={level!r} ask for nothing that can be"
            " worked out.",
            code="what_if.request",
            hint="points is a number but 0, draws is 0 or more, level lies between 0 and 1.",
        )


def _estimated(fit: SEMResult, pulled: Lever, points: float) -> tuple[Array, Array]:
    """Return the shifts of all groups (G, K) and their covariance matrix (G·K, G·K)."""
    theta = fit.objective.map.theta(fit.solution.alpha)
    blocks = fit.structure.blocks
    shift = np.stack([shifts(block, theta, pulled)[0] for block in blocks]) * points
    slopes = np.concatenate([shift_derivatives(fit, g, pulled) for g in range(len(blocks))])
    return shift, points**2 * slopes @ fit.inference.vcov @ slopes.T


def _resampled(
    bootstrap: Bootstrap, pulled: Lever, people: People, scale: ClvScale, points: float
) -> Array:
    """Return the change of every segment in every draw, shape (R, S), NaN where one failed."""
    fit, draws = bootstrap.fit, bootstrap.draws
    stored = np.concatenate(list(bootstrap.table.batches()))
    rows = Rows(bootstrap.layout, stored)
    failed = rows.statistic("status") != Status.CONVERGED
    theta = fit.objective.map.theta(rows.alpha)
    moved = [shifts(block, theta, pulled) for block in fit.structure.blocks]
    shift = points * np.stack(moved, axis=1)
    own_cases = isinstance(draws, CaseDraws) and bootstrap.kind == "nonparametric"
    now = scale.value(people.scaled)[None]
    out = np.empty((len(stored), len(people.segments)))
    for start in range(0, len(stored), BLOCK):
        part = slice(start, start + BLOCK)
        gain = raised_values(people, scale, shift[part]) - now
        counts = None
        if own_cases and isinstance(draws, CaseDraws):
            counts = np.concatenate(draws.counts(start // BLOCK), axis=1)[: len(gain)]
        out[part] = segment_means(gain, people, counts)
    out[failed] = np.nan
    return out


def _frame(
    people: People, scale: ClvScale, shift: Array, cov: Array, changes: Array, level: float
) -> pd.DataFrame:
    now = scale.value(people.scaled)[None]
    baseline = segment_means(now, people)[0]
    change = mean_change(people, scale, shift[None])[0]
    se = np.sqrt(change_variance(people, scale, shift, cov))
    half = -ndtri((1.0 - level) / 2.0) * se
    n = np.array([int((people.weights[mask] > 0).sum()) for _, mask in people.segments])
    centre = np.stack(
        [segment_means(np.nan_to_num(column)[None], people)[0] for column in people.scaled.T],
        axis=-1,
    )
    columns = {
        "segment": [name for name, _ in people.segments], "n": n, "baseline": baseline,
        "raised": baseline + change, "change": change, "share": change / baseline,
        "delta_se": se, "delta_lower": change - half, "delta_upper": change + half,
        **_percentiles(changes, level), "total": change * n,
        "smearing": baseline / scale.value(centre),
    }  # fmt: skip
    return pd.DataFrame(columns)


def _percentiles(changes: Array, level: float) -> dict[str, Array]:
    known = changes[np.isfinite(changes).all(axis=1)]
    if len(known) < 2:
        nothing = np.full(changes.shape[1], np.nan)
        return {"boot_se": nothing, "boot_lower": nothing, "boot_upper": nothing}
    lower, upper = np.quantile(known, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return {"boot_se": known.std(axis=0, ddof=1), "boot_lower": lower, "boot_upper": upper}


def _effects(
    fit: SEMResult, scale: ClvScale, shift: Array, cov: Array, level: float
) -> pd.DataFrame:
    se = np.sqrt(np.diagonal(cov)).reshape(shift.shape)
    half = -ndtri((1.0 - level) / 2.0) * se
    groups = fit.groups or ("",)
    rows = [
        {
            "group": groups[g], "indicator": part.name, "column": part.column,
            "shift": shift[g, k], "se": se[g, k], "ci_lower": shift[g, k] - half[g, k],
            "ci_upper": shift[g, k] + half[g, k],
        }
        for g in range(len(shift)) for k, part in enumerate(scale.parts)
    ]  # fmt: skip
    return pd.DataFrame(rows)
