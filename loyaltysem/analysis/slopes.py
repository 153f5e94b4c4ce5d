"""Simple slopes: the effect of a predictor at chosen values of its moderator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import inf, sqrt
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from loyaltysem.core.display import bounded, interval, number, pvalue
from loyaltysem.core.errors import (
    Finding,
    IncompatibleRequestError,
    ModelSpecificationError,
    did_you_mean,
)
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and standard deviation of a variable under the model."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False)
class SimpleSlopes:
    """The effect of a predictor on an outcome, as a function of a moderator.

    Attributes
    ----------
    outcome, predictor, moderator, product : str
    coefficients : Array, shape (3,)
        Of the predictor (b₁), the moderator (b₂) and their product (b₃).
    vcov : Array, shape (2, 2)
        Of b₁ and b₃.
    scales : mapping of str to Scale
        Of the outcome, predictor and moderator.
    level : float
        Coverage of the intervals.
    frame : DataFrame
        ``moderator sd slope se z pvalue ci_lower ci_upper std``, one row a value of the moderator;
        `sd` is its distance from the mean in standard deviations, `std` the standardised slope.
    region : tuple of (float, float)
        Where the slope differs from 0 at 1 − `level`: stretches of the moderator, infinite ends
        where there is no bound, in the units of the moderator.
    findings : tuple of Finding
    """

    outcome: str
    predictor: str
    moderator: str
    product: str
    coefficients: Array
    vcov: Array
    scales: dict[str, Scale]
    level: float
    frame: pd.DataFrame
    region: tuple[Interval, ...]
    findings: tuple[Finding, ...]

    def at(self, values: Sequence[float] | Array) -> pd.DataFrame:
        """Return the slopes at other values of the moderator, as in `frame`."""
        return _slopes(
            np.asarray(values, dtype=np.float64), self.coefficients, self.vcov, self.level,
            self.scales[self.moderator], self.scales[self.predictor], self.scales[self.outcome],
        )  # fmt: skip

    def expected_outcome(self, predictor: Array, moderator: float) -> Array:
        """Return the outcome, as a deviation from its value where both variables are average."""
        x, w = (self.scales[n].mean for n in (self.predictor, self.moderator))
        b1, b2, b3 = self.coefficients
        value = (b1 + b3 * moderator) * predictor + b2 * moderator
        return np.asarray(value - (b1 + b3 * w) * x - b2 * w)

    def __str__(self) -> str:
        rows = [HEADER, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in rows]
        title = f"Effect of {self.predictor} on {self.outcome} by {self.moderator}"
        ending = [_region_text(self.region, self.level), *map(str, self.findings)]
        return "\n".join([title, *lines, *ending])

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{number(r['moderator'])} ({_signed(r['sd'])} SD)",
                number(r["slope"]),
                number(r["se"]),
                number(r["z"], 2),
                pvalue(r["pvalue"]),
                interval(r["ci_lower"], r["ci_upper"]),
                bounded(r["std"]),
            )
            for r in self.frame.to_dict("records")
        ]

    def _repr_html_(self) -> str:
        title = f"Effect of {self.predictor} on {self.outcome} by {self.moderator}"
        head = "".join(f"<th>{escape(c)}</th>" for c in HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>"
            for cells in self._cells()
        )
        notes = "".join(
            f"<p>{escape(str(x))}</p>"
            for x in (_region_text(self.region, self.level), *self.findings)
        )
        return (
            f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{notes}"
        )


def _signed(x: float) -> str:
    return f"{'+' if x > 0.05 else ''}{number(x, 1)}"


HEADER = ("moderator", "slope", "SE", "z", "p", "CI", "std.")


def simple_slopes(
    fit: SEMResult,
    outcome: str,
    predictor: str,
    moderator: str,
    product: str,
    *,
    at: Sequence[float] | None = None,
    level: float = 0.95,
    group: str | None = None,
) -> SimpleSlopes:
    """Read the effect of a predictor at chosen values of its moderator.

    Parameters
    ----------
    fit : SEMResult
        Of a model with ``outcome ~ predictor + moderator + product``.
    outcome, predictor, moderator, product : str
    at : sequence of float, optional
        Values of the moderator, in its own units. By default its mean and one standard deviation
        below and above it; mean and standard deviation are those the model implies.
    level : float
        Coverage of the confidence intervals, and 1 − the level of the region of significance.
    group : str, optional
        Which group, where there are several.

    Returns
    -------
    SimpleSlopes

    Raises
    ------
    ModelSpecificationError
        The outcome is not regressed on the predictor or on the product.
    IncompatibleRequestError
        The level or the group is not possible, or the fit has no standard errors.

    Notes
    -----
    At moderator value w the slope is ``b₁ + b₃w`` with variance
    ``v₁₁ + 2w v₁₃ + w² v₃₃`` (delta method; exact for linear functions); w is taken as given.
    The region of significance (Johnson & Neyman, 1936) lies where slope² exceeds z² times that
    variance, a quadratic in w (Bauer & Curran, 2005).

    References
    ----------
    Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression:
    Inferential and graphical techniques. Multivariate Behavioral Research, 40(3), 373–400.

    Examples
    --------
    >>> from loyaltysem.estimation.fit import sem
    >>> rng = np.random.default_rng(1)
    >>> x, w = rng.normal(size=(2, 300))
    >>> data = pd.DataFrame({"x": x, "w": w, "xw": x * w,
    ...                      "y": 0.3 * x + 0.2 * w + 0.4 * x * w + rng.normal(size=300)})
    >>> slopes = simple_slopes(sem("y ~ x + w + xw", data), "y", "x", "w", "xw", at=[-1, 1])
    >>> slopes.frame["slope"].round(2).tolist()
    [-0.13, 0.46]
    """
    if not 0.0 < level < 1.0:
        raise IncompatibleRequestError(
            f"level={level} is not the coverage of an interval.",
            code="request.level",
            hint="Give a number between 0 and 1, such as 0.95.",
        )
    place = _group_place(fit, group)
    rows = _regression_rows(fit, outcome, place)
    for name in (predictor, product):
        _require_row(rows, outcome, name)
    main, interaction = (_estimate(fit, rows[name]) for name in (predictor, product))
    other = _estimate(fit, rows[moderator])[0] if moderator in rows else 0.0
    vcov = _vcov(fit, (main[1], interaction[1]))
    names = (outcome, predictor, moderator)
    scales = {name: _scale(fit, name, place) for name in names}
    centre = scales[moderator]
    values = [centre.mean + k * centre.sd for k in (-1, 0, 1)] if at is None else list(at)
    b = np.array([main[0], other, interaction[0]])
    critical = float(-ndtri((1.0 - level) / 2.0))
    return SimpleSlopes(
        outcome, predictor, moderator, product, b, vcov, scales, level,
        _slopes(np.array(values, dtype=np.float64), b, vcov, level, centre, scales[predictor],
                scales[outcome]),
        significance_region(b[0], b[2], vcov, critical),
        () if moderator in rows else (_no_main_effect(outcome, moderator),),
    )  # fmt: skip


def significance_region(
    main: float, interaction: float, vcov: Array, critical: float
) -> tuple[Interval, ...]:
    """Return the stretches of w where ``|b₁ + b₃w|`` exceeds `critical` standard errors.

    Parameters
    ----------
    main, interaction : float
        b₁ and b₃.
    vcov : Array, shape (2, 2)
        Of b₁ and b₃.
    critical : float
        Normal quantile.

    Examples
    --------
    >>> significance_region(0.0, 1.0, np.diag([0.25, 0.0]), 2.0)
    ((-inf, -1.0), (1.0, inf))
    >>> significance_region(1.0, 0.0, np.diag([0.01, 0.0]), 2.0)
    ((-inf, inf),)
    """
    z2 = critical**2
    a = interaction**2 - z2 * vcov[1, 1]
    b = 2.0 * (main * interaction - z2 * vcov[0, 1])
    c = main**2 - z2 * vcov[0, 0]
    if a == 0.0 and b == 0.0:
        return ((-inf, inf),) if c > 0 else ()
    if a == 0.0:
        root = float(-c / b)
        return ((root, inf),) if b > 0 else ((-inf, root),)
    discriminant = b**2 - 4.0 * a * c
    if discriminant <= 0.0:
        return ((-inf, inf),) if a > 0 else ()
    half = -0.5 * (b + np.copysign(sqrt(discriminant), b))  # no cancellation
    low, high = sorted((float(half / a), float(c / half)))
    return ((-inf, low), (high, inf)) if a > 0 else ((low, high),)


def _slopes(
    w: Array,
    b: Array,
    vcov: Array,
    level: float,
    moderator: Scale,
    predictor: Scale,
    outcome: Scale,
) -> pd.DataFrame:
    slope = b[0] + b[2] * w
    variance = vcov[0, 0] + 2.0 * w * vcov[0, 1] + w**2 * vcov[1, 1]
    se = np.sqrt(np.maximum(variance, 0.0))
    half = -ndtri((1.0 - level) / 2.0) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(se > 0, slope / se, np.nan)
        columns = {
            "moderator": w,
            "sd": (w - moderator.mean) / moderator.sd,
            "slope": slope,
            "se": se,
            "z": z,
            "pvalue": 2.0 * ndtr(-np.abs(z)),
            "ci_lower": slope - half,
            "ci_upper": slope + half,
            "std": slope * predictor.sd / outcome.sd,
        }
    return pd.DataFrame(columns)


def _group_place(fit: SEMResult, group: str | None) -> int:
    labels = fit.table.groups
    if group is None and len(labels) == 1:
        return 0
    if group is None or group not in labels:
        raise IncompatibleRequestError(
            "The model has several groups." if group is None else f"There is no group {group!r}.",
            code="request.unknown_group",
            hint=f"Pass group=, one of {', '.join(map(repr, labels))}.",
        )
    return labels.index(group)


def _regression_rows(fit: SEMResult, outcome: str, group: int) -> dict[str, int]:
    """Return the table row of every predictor of the outcome."""
    return {
        r.rhs: i
        for i, r in enumerate(fit.table.rows)
        if r.op == "~" and r.lhs == outcome and r.group == group + 1
    }


def _require_row(rows: dict[str, int], outcome: str, name: str) -> None:
    if name not in rows:
        raise ModelSpecificationError(
            f"'{outcome}' is not regressed on '{name}' in this model.",
            code="spec.no_path",
            hint=did_you_mean(name, rows)
            or f"Its predictors are: {', '.join(map(repr, rows)) or 'none'}.",
        )


def _estimate(fit: SEMResult, row: int) -> tuple[float, int]:
    """Return a table row's value and the free parameter behind it (−1: fixed)."""
    return float(fit.inference.rows.value[row]), int(fit.structure.free[row])


def _vcov(fit: SEMResult, free: tuple[int, int]) -> Array:
    if not fit.inference.se_ok:
        raise IncompatibleRequestError(
            "The fit has no standard errors, so slopes cannot be tested.",
            code="request.no_standard_errors",
            hint="See fit.findings.",
        )
    picked = np.zeros((2, fit.structure.n_free))
    for i, number_free in enumerate(free):
        if number_free >= 0:
            picked[i, number_free] = 1.0
    return np.asarray(picked @ fit.inference.vcov @ picked.T)


def _scale(fit: SEMResult, name: str, group: int) -> Scale:
    block, implied = fit.structure.blocks[group], fit.inference.implied[group]
    if name not in block.structural:
        raise ModelSpecificationError(
            f"'{name}' is not a variable of the structural part of this model.",
            code="spec.unknown_variable",
            hint=did_you_mean(name, block.structural)
            or "Regress the outcome on the moderator too.",
        )
    seat = block.structural.index(name)
    sd = sqrt(max(float(implied.latent_cov[0][seat, seat]), 0.0))
    if block.meanstructure:
        return Scale(float(implied.latent_mean[0][seat]), sd)
    if name in block.observed:
        return Scale(float(fit.sample.mean[group][0][block.observed.index(name)]), sd)
    return Scale(0.0, sd)


def _no_main_effect(outcome: str, moderator: str) -> Finding:
    return Finding(
        "interaction.no_main_effect",
        Text(
            f"'{outcome}' is not regressed on the moderator '{moderator}' itself.",
            f"模型未包含调节变量“{moderator}”对“{outcome}”的主效应。",
        ),
        Text(
            "Without it the product also carries the moderator's own effect; add the path.",
            "缺少主效应时，乘积项会混入调节变量自身的效应；请加入该路径。",
        ),
    )


def _region_text(region: tuple[Interval, ...], level: float) -> str:
    alpha = bounded(1.0 - level, 2)
    if not region:
        return f"The slope differs from zero at no value of the moderator (α = {alpha})."
    if region == ((-inf, inf),):
        return f"The slope differs from zero at every value of the moderator (α = {alpha})."
    parts = [
        f"below {number(high)}" if low == -inf
        else f"above {number(low)}" if high == inf
        else f"from {number(low)} to {number(high)}"
        for low, high in region
    ]  # fmt: skip
    return f"The slope differs from zero {' and '.join(parts)} (α = {alpha})."
