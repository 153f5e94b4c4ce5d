"""Equivalence tests of fit: how much misfit the data cannot rule out.

A large p-value does not show that a model fits; an upper bound of its misfit does. The T-size of
an index is that bound, and bins fitted by Yuan, Chan, Marcoulides and Bentler (2016) say what it
is worth at this N and df.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, nan, sqrt

from loyaltysem.inference.tests_of_fit import TestStatistic, noncentrality_bound

#: From best to worst; four bounds part five labels.
LABELS = ("excellent", "close", "fair", "mediocre", "poor")


@dataclass(frozen=True, slots=True)
class EquivalenceTest:
    """What can be said of the misfit of a model with confidence 1 − α.

    Attributes
    ----------
    alpha : float
    rmsea : float
        T-size RMSEA: the population value is below it.
    cfi : float
        T-size CFI: the population value is above it.
    rmsea_bounds : tuple of four floats
        Upper bounds of excellent (.01), close (.05), fair (.08) and mediocre (.10) fit, adjusted
        to N and df; NaN where the adjustment is not defined.
    cfi_bounds : tuple of four floats
        Lower bounds of excellent (.99), close (.95), fair (.92) and mediocre (.90) fit.
    """

    alpha: float
    rmsea: float
    cfi: float
    rmsea_bounds: tuple[float, ...]
    cfi_bounds: tuple[float, ...]

    @property
    def rmsea_label(self) -> str:
        """What the T-size RMSEA is called; empty without bounds."""
        return _label(self.rmsea, self.rmsea_bounds, sign=1.0)

    @property
    def cfi_label(self) -> str:
        """What the T-size CFI is called; empty without bounds."""
        return _label(self.cfi, self.cfi_bounds, sign=-1.0)


def equivalence_test(
    user: TestStatistic,
    baseline: TestStatistic,
    weight: float,
    n_groups: int = 1,
    alpha: float = 0.05,
) -> EquivalenceTest:
    """Test a model for sufficient, not for perfect, fit.

    Parameters
    ----------
    user, baseline : TestStatistic
        χ² of the model and of the independence model, normal theory.
    weight : float
        What F is multiplied by to give χ²: N, or N − 1.
    n_groups : int
    alpha : float
        The bins were made for .05; with another α there are none.

    Returns
    -------
    EquivalenceTest

    Notes
    -----
    The T-size RMSEA is ``sqrt(G δ/(N df))`` with δ the upper 1 − α bound of the noncentrality: the
    upper end of the 1 − 2α interval of the RMSEA. The T-size CFI is ``1 − δ/max(δ, δ_b)`` with
    upper and lower bounds at α/2 each, so that both hold together (Yuan et al., 2016; Marcoulides
    & Yuan, 2017). Bounds are exact here, where these papers expand the noncentral χ² in a series;
    the two agree to the fourth decimal. The bins are for one group.

    Examples
    --------
    Two of the values printed by Marcoulides and Yuan (2017), who divide by N − 1:

    >>> found = equivalence_test(TestStatistic(140.089, 54), TestStatistic(1520.0, 66), 599)
    >>> round(found.rmsea, 4), [round(x, 3) for x in found.rmsea_bounds], found.rmsea_label
    (0.0622, [0.028, 0.06, 0.089, 0.109], 'fair')
    """
    binned = n_groups == 1 and abs(alpha - 0.05) < 1e-9 and user.df > 0
    none = (nan,) * 4
    return EquivalenceTest(
        alpha,
        t_size_rmsea(user, weight, n_groups, alpha),
        t_size_cfi(user, baseline, alpha),
        adjusted_rmsea(user.df, weight) if binned else none,
        adjusted_cfi(user.df, baseline.df, weight) if binned else none,
    )


def t_size_rmsea(
    user: TestStatistic, weight: float, n_groups: int = 1, alpha: float = 0.05
) -> float:
    """Return the smallest RMSEA that the data rule out at level α; NaN without df."""
    if user.df <= 0:
        return nan
    bound = noncentrality_bound(user.statistic, user.df, alpha)
    return sqrt(n_groups * bound / (weight * user.df))


def t_size_cfi(user: TestStatistic, baseline: TestStatistic, alpha: float = 0.05) -> float:
    """Return the largest CFI that the data rule out at level α; NaN without df."""
    if user.df <= 0 or baseline.df <= 0:
        return nan
    own = noncentrality_bound(user.statistic, user.df, alpha / 2.0)
    worst = noncentrality_bound(baseline.statistic, baseline.df, 1.0 - alpha / 2.0)
    return 1.0 - own / max(own, worst) if own > 0.0 else 1.0


def adjusted_rmsea(df: int, n: float) -> tuple[float, float, float, float]:
    """Return the bounds of the T-size RMSEA that stand for .01, .05, .08 and .10.

    Notes
    -----
    Regressions of T-size values on N and df by Yuan et al. (2016); N is what F is multiplied by.
    """
    d, m = log(df), log(n)
    return (
        exp(1.34863 - 0.51999 * d + 0.01925 * d * d - 0.59811 * m + 0.00902 * sqrt(n)
            + 0.01796 * d * m),
        exp(2.06034 - 0.62974 * d + 0.02512 * d * d - 0.98388 * m + 0.05442 * m * m
            - 0.00005188 * n + 0.05260 * d * m),
        exp(2.84129 - 0.54809 * d + 0.02296 * d * d - 0.76005 * m + 0.10229 * m * m
            - 1.11167 * n**0.2 + 0.04845 * d * m),
        exp(2.36352 - 0.49440 * d + 0.02131 * d * d - 0.64445 * m + 0.09043 * m * m
            - 1.01634 * n**0.2 + 0.04422 * d * m),
    )  # fmt: skip


def adjusted_cfi(df: int, baseline_df: int, n: float) -> tuple[float, float, float, float]:
    """Return the bounds of the T-size CFI that stand for .99, .95, .92 and .90.

    Notes
    -----
    Regressions by Yuan et al. (2016), as for `adjusted_rmsea`.
    """
    d, b, m = log(df), log(baseline_df), log(n)
    return (
        1 - exp(4.67603 - 0.50827 * d + 0.87087 * df**0.2 - 0.59613 * baseline_df**0.2
                - 1.89602 * m + 0.10190 * m * m + 0.03729 * d * m),
        1 - exp(4.12132 - 0.46285 * d + 0.52478 * df**0.2 - 0.31832 * baseline_df**0.2
                - 1.74422 * m + 0.13042 * m * m - 0.02360 * sqrt(n) + 0.04215 * d * m),
        1 - exp(6.31234 - 0.41762 * d + 0.01554 * d * d - 0.00563 * b * b - 1.30229 * m
                + 0.19999 * m * m - 2.17429 * n**0.2 + 0.05342 * d * m - 0.01520 * b * m),
        1 - exp(5.96633 - 0.40425 * d + 0.01384 * d * d - 0.00411 * b * b - 1.20242 * m
                + 0.18763 * m * m - 2.06704 * n**0.2 + 0.05245 * d * m - 0.01533 * b * m),
    )  # fmt: skip


def _label(value: float, bounds: Sequence[float], sign: float) -> str:
    """Return the first label whose bound the value keeps; `sign` −1 where larger is better."""
    if not (isfinite(value) and all(isfinite(b) for b in bounds)):
        return ""
    within = (sign * value <= sign * bound for bound in bounds)
    kept = (label for label, ok in zip(LABELS, within, strict=False) if ok)
    return next(kept, LABELS[-1])
