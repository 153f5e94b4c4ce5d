"""How large an experiment has to be, and what one of a given size can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from loyaltysem.clv.printed import Printed
from loyaltysem.core.errors import Finding, IncompatibleRequestError

#: Largest experiment that is searched for, customers a group.
MOST = 1e9
FEWEST = 2.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExperimentDesign(Printed):
    """Size, effect and power of an experiment.

    Attributes
    ----------
    solved : {"n", "effect", "power"}
        Which of the three was asked for.
    n : float
        Customers in the control group; rounded up it is what is needed.
    n_treated : float
    effect : float
        Difference, in the unit of the outcome or in points of probability.
    power : float
    alpha : float
        Two-sided.
    frame : DataFrame
        ``measure value``.
    """

    solved: str
    n: float
    n_treated: float
    effect: float
    power: float
    alpha: float
    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def title(self) -> str:
        """What was solved for."""
        what = {"n": "customers needed", "effect": "smallest effect seen", "power": "power"}
        return f"Design of an experiment: {what[self.solved]}"


def experiment_design(
    *,
    effect: float | None = None,
    n: float | None = None,
    power: float | None = None,
    sd: float | None = None,
    rate: float | None = None,
    alpha: float = 0.05,
    allocation: float = 1.0,
    correlation: float = 0.0,
) -> ExperimentDesign:
    """Return what is missing of effect, size and power of an A/B test.

    Parameters
    ----------
    effect : float, optional
        Difference between the means of the groups, or between the rates.
    n : float, optional
        Customers in the control group.
    power : float, optional
        Probability that the test finds the effect. Leave out one of these three.
    sd : float, optional
        Standard deviation of the outcome, in its unit.
    rate : float, optional
        Share of successes in the control group, of a binary outcome. Give `sd` or `rate`.
    alpha : float, default 0.05
        Two-sided level.
    allocation : float, default 1
        Customers treated for one in the control group.
    correlation : float, default 0
        Of the outcome with a covariate from before the test: CUPED leaves the share 1 − r² of the
        variance (Deng et al., 2013).

    Returns
    -------
    ExperimentDesign

    Raises
    ------
    IncompatibleRequestError
        Not exactly two of effect, n and power, not exactly one of sd and rate, values out of range,
        or no size that is large enough.

    Notes
    -----
    Means: power of the two-sample t test from the non-central t distribution, the near tail alone,
    as R's ``power.t.test``. Rates: the normal approximation with pooled variance under the null,
    as ``power.prop.test``. With CUPED both take √(1 − r²) of the standard deviation.

    Examples
    --------
    >>> round(experiment_design(effect=1.0, sd=1.0, power=0.9).n, 4)
    22.0211
    >>> round(experiment_design(effect=0.25, rate=0.5, n=50).power, 3)
    0.74
    """
    _check(effect, n, power, sd, rate, alpha, allocation, correlation)
    shrink = float(np.sqrt(1 - correlation**2))

    def at(size: float, difference: float) -> float:
        if rate is None:
            return power_of_means(size, abs(difference), float(sd or 0) * shrink, alpha, allocation)
        return power_of_rates(size, rate, difference, alpha, allocation, shrink)

    if power is None:
        solved, power = "power", at(float(n or 0), float(effect or 0))
    elif n is None:
        solved, n = "n", _size(lambda size: at(size, float(effect or 0)), power)
    else:
        size = n
        top = (sd or 0) * 100 if rate is None else 1 - rate
        solved, effect = "effect", _effect(lambda d: at(size, d), power, top)
    n, effect = float(n or 0), float(effect or 0)
    rows = [("n_control", n), ("n_treated", n * allocation), ("effect", effect), ("power", power),
            ("alpha", alpha), ("correlation", correlation)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["measure", "value"])
    return ExperimentDesign(solved, n, n * allocation, effect, power, alpha, frame)


def power_of_means(n: float, effect: float, sd: float, alpha: float, allocation: float) -> float:
    """Return the power of a two-sample t test.

    Examples
    --------
    >>> round(power_of_means(20, 1.0, 1.0, 0.05, 1.0), 6)
    0.868953
    """
    df = n * (1 + allocation) - 2
    shift = effect / (sd * np.sqrt(1 / n + 1 / (n * allocation)))
    return float(stats.nct.sf(stats.t.isf(alpha / 2, df), df, shift))


def power_of_rates(
    n: float, rate: float, effect: float, alpha: float, allocation: float, shrink: float = 1.0
) -> float:
    """Return the power of the test of two proportions, in the normal approximation."""
    p0, p1 = rate, rate + effect
    pooled = (p0 + allocation * p1) / (1 + allocation)
    null = np.sqrt(pooled * (1 - pooled) * (1 + 1 / allocation)) * shrink
    spread = np.sqrt(p0 * (1 - p0) + p1 * (1 - p1) / allocation) * shrink
    gain = np.sqrt(n) * abs(effect) - stats.norm.isf(alpha / 2) * null
    if spread == 0:
        return float(gain > 0)
    return float(stats.norm.cdf(gain / spread))


def _size(power_at: Callable[[float], float], power: float) -> float:
    if power_at(FEWEST) >= power:
        return FEWEST
    high = FEWEST
    while power_at(high) < power:
        high *= 2
        if high > MOST:
            raise IncompatibleRequestError(
                f"No experiment with up to {MOST:,.0f} customers a group has this power.",
                code="design.no_size",
                hint="Ask for a larger effect or less power.",
            )
    return float(optimize.brentq(lambda size: power_at(size) - power, high / 2, high, xtol=1e-8))


def _effect(power_at: Callable[[float], float], power: float, top: float) -> float:
    if power_at(top) < power:
        raise IncompatibleRequestError(
            "No effect is large enough to be found by so few customers.",
            code="design.no_effect",
            hint="Raise n, or ask for less power.",
        )
    least = top * 1e-12
    return float(optimize.brentq(lambda d: power_at(d) - power, least, top, xtol=top * 1e-12))


def _check(
    effect: float | None, n: float | None, power: float | None, sd: float | None,
    rate: float | None, alpha: float, allocation: float, correlation: float,
) -> None:  # fmt: skip
    """Raise one error that names everything that keeps the request from being answered."""
    problems = []
    if sum(given is None for given in (effect, n, power)) != 1:
        problems.append("give exactly two of effect, n and power")
    if (sd is None) == (rate is None):
        problems.append("give either sd (a mean) or rate (a binary outcome)")
    ranges = (
        ("alpha", alpha, 0 < alpha < 1),
        ("allocation", allocation, 0 < allocation < np.inf),
        ("correlation", correlation, -1 < correlation < 1),
        ("effect", effect, effect is None or (effect != 0 and np.isfinite(effect))),
        ("n", n, n is None or FEWEST <= n <= MOST),
        ("power", power, power is None or alpha < power < 1),
        ("sd", sd, sd is None or 0 < sd < np.inf),
        ("rate", rate, rate is None or 0 < rate < 1),
        ("rate + effect", effect, rate is None or effect is None or 0 <= rate + effect <= 1),
    )
    problems += [f"{name} is out of range ({value})" for name, value, sound in ranges if not sound]
    if problems:
        raise IncompatibleRequestError(
            f"The design cannot be solved: {'; '.join(problems)}.",
            code="design.request",
            hint="For example experiment_design(effect=5, sd=40, power=0.8).",
        )
