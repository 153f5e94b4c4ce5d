"""Fit indices made of scaled statistics, and robust ones that estimate the population index.

``…_scaled`` puts the scaled χ² in the place of χ²; it estimates an index that depends on the
kurtosis of the data. ``…_robust`` corrects the noncentrality instead, ``T − c·df``, and estimates
what normal data would give (Brosseau-Liard, Savalei & Li 2012; Brosseau-Liard & Savalei 2014).
Names are lavaan's with ``_`` for ``.``; lavaan's ``gfi`` is ``gfi_mo`` here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt

from loyaltysem.inference.fit_measures import (
    cfi,
    gfi_mo,
    ifi,
    nfi,
    rfi,
    rmsea,
    rmsea_interval,
    rmsea_tests,
    rni,
    tli,
)
from loyaltysem.inference.robust import ScaledTest
from loyaltysem.inference.tests_of_fit import TestStatistic


@dataclass(frozen=True, slots=True)
class RobustTest:
    """What a robust index is made of.

    Attributes
    ----------
    statistic : float
        T, uncorrected.
    df : int
    scaling : float
        c, its mean over df.
    scaled : float
        The corrected statistic, χ²(df) under the model; for intervals and tests.
    spread : float
        What the noncentrality of `scaled` is multiplied by to be that of T; c, or the scaling
        factor where the statistic is shifted too.
    """

    statistic: float
    df: int
    scaling: float
    scaled: float
    spread: float

    @property
    def mean_corrected(self) -> TestStatistic:
        """T/c, whose noncentrality times c is the robust one."""
        return TestStatistic(self.statistic / self.scaling, self.df)


def robust_test(plain: TestStatistic, scaled: ScaledTest) -> RobustTest:
    """Return the parts of the robust indices for complete continuous data."""
    if plain.df <= 0:
        return RobustTest(plain.statistic, plain.df, nan, nan, nan)
    c = scaled.trace / plain.df
    return RobustTest(plain.statistic, plain.df, c, scaled.statistic, scaled.scaling_factor)


def _as_test(statistic: float, df: float) -> TestStatistic:
    # degrees of freedom matched to a mean or a variance are not whole, and need not be
    return TestStatistic(statistic, df)  # type: ignore[arg-type]


def scaled_tests(scaled: ScaledTest, baseline: ScaledTest) -> dict[str, float]:
    """Return the scaled χ² of the model and of the independence model."""
    return {
        "chisq_scaled": scaled.statistic,
        "df_scaled": float(scaled.df),
        "pvalue_scaled": scaled.pvalue,
        "chisq_scaling_factor": scaled.scaling_factor,
        "baseline_chisq_scaled": baseline.statistic,
        "baseline_df_scaled": float(baseline.df),
        "baseline_pvalue_scaled": baseline.pvalue,
        "baseline_chisq_scaling_factor": baseline.scaling_factor,
    }


def scaled_incremental(scaled: ScaledTest, baseline: ScaledTest) -> dict[str, float]:
    """Return the incremental indices of the scaled statistics."""
    user, null = (_as_test(t.statistic, t.df) for t in (scaled, baseline))
    normed = nfi(user, null)
    found_tli = tli(user, null)
    return {
        "cfi_scaled": cfi(user, null),
        "tli_scaled": found_tli,
        "nnfi_scaled": found_tli,
        "rfi_scaled": rfi(user, null),
        "nfi_scaled": normed,
        "pnfi_scaled": normed * user.df / null.df if null.df else nan,
        "ifi_scaled": ifi(user, null),
        "rni_scaled": rni(user, null),
    }


def scaled_rmsea(
    plain: TestStatistic, scaled: ScaledTest, weight: float, n_groups: int = 1
) -> dict[str, float]:
    """Return the RMSEA of the scaled statistic.

    Parameters
    ----------
    plain : TestStatistic
    scaled : ScaledTest
    weight : float
        N for ML, N − G for least squares.
    n_groups : int

    Notes
    -----
    Scaling the mean turns ``χ²/c`` on df into χ² on ``c·df = tr(UΓ)``, as lavaan does; a shifted
    statistic keeps its df.
    """
    if plain.df <= 0:
        test = plain
    elif scaled.label == "scaled.shifted":
        test = _as_test(scaled.statistic, scaled.df)
    else:
        test = _as_test(plain.statistic, scaled.trace)
    lower, upper = rmsea_interval(test, weight, n_groups)
    close, far = rmsea_tests(test, weight, n_groups)
    return {
        "rmsea_scaled": rmsea(test, weight, n_groups),
        "rmsea_ci_lower_scaled": lower,
        "rmsea_ci_upper_scaled": upper,
        "rmsea_pvalue_scaled": close,
        "rmsea_notclose_pvalue_scaled": far,
    }


def robust_incremental(user: RobustTest, baseline: RobustTest) -> dict[str, float]:
    """Return robust CFI, TLI (NNFI) and RNI (Brosseau-Liard & Savalei 2014).

    ``CFI = 1 − max(T − c·df, 0)/max(T − c·df, T_b − c_b·df_b, 0)``. A model without degrees of
    freedom fits as well as can be: all are 1.
    """
    if user.df == 0:
        return dict.fromkeys(("cfi_robust", "tli_robust", "nnfi_robust", "rni_robust"), 1.0)
    if not (isfinite(user.scaling) and isfinite(baseline.scaling)):
        return dict.fromkeys(("cfi_robust", "tli_robust", "nnfi_robust", "rni_robust"), nan)
    worse = user.statistic - user.scaling * user.df
    worst = baseline.statistic - baseline.scaling * baseline.df
    top, bottom = max(worse, 0.0), max(worse, worst, 0.0)
    relative = worse / worst if worst else nan
    found_tli = 1.0 - relative * baseline.df / user.df
    return {
        "cfi_robust": 1.0 - top / bottom if bottom else 1.0,
        "tli_robust": found_tli,
        "nnfi_robust": found_tli,
        "rni_robust": 1.0 - relative,
    }


def robust_rmsea(user: RobustTest, weight: float, n_groups: int = 1) -> dict[str, float]:
    """Return the robust RMSEA (Brosseau-Liard, Savalei & Li 2012), with its interval and tests.

    ``sqrt(G max(T − c·df, 0)/(N df))``. The interval and the tests use the scaled statistic, whose
    noncentrality is that of T over `spread`. Without degrees of freedom it is 0, as the plain one.

    Parameters
    ----------
    user : RobustTest
    weight : float
        N; for ordinal data too, where the plain index uses N − G.
    n_groups : int
    """
    names = ("", "_ci_lower", "_ci_upper", "_pvalue", "_notclose_pvalue")
    keys = [f"rmsea{name}_robust" for name in names]
    if user.df == 0:
        return dict(zip(keys, (0.0, 0.0, 0.0, nan, nan), strict=True))
    if not (isfinite(user.scaling) and user.spread > 0):
        return dict.fromkeys(keys, nan)
    test, root = TestStatistic(user.scaled, user.df), sqrt(user.spread)
    value = sqrt(user.scaling) * rmsea(user.mean_corrected, weight, n_groups)
    lower, upper = (root * x for x in rmsea_interval(test, weight, n_groups))
    tests = rmsea_tests(test, weight, n_groups, close=0.05 / root, far=0.08 / root)
    return dict(zip(keys, (value, lower, upper, *tests), strict=True))


def robust_gfi(user: RobustTest, p: int, weight: float) -> dict[str, float]:
    """Return the GFI of Maydeu-Olivares et al. (2024) from a robust noncentrality.

    Parameters
    ----------
    user : RobustTest
        With Browne's residual statistic at the implied moments (RLS) in the place of T; for
        ordinal data T itself. See `with_statistic`.
    p : int
        Observed variables.
    weight : float
        N.
    """
    keys = ("gfi_mo_robust", "gfi_mo_ci_lower_robust", "gfi_mo_ci_upper_robust")
    if not isfinite(user.scaling):
        return dict.fromkeys(keys, nan)
    mean = user.mean_corrected
    value, _, _ = gfi_mo(mean.statistic, user.df, p, weight / user.scaling)
    _, lower, upper = gfi_mo(user.scaled, user.df, p, weight / user.spread)
    return dict(zip(keys, (value, lower, upper), strict=True))


def with_statistic(user: RobustTest, statistic: float, shift: float = 0.0) -> RobustTest:
    """Return the same correction applied to another statistic of the same model."""
    scaled = statistic / user.spread + shift
    return RobustTest(statistic, user.df, user.scaling, scaled, user.spread)


def likelihood_scaling(
    traces_h1: Sequence[float], trace_h0: float, n_moments: int, n_free: int
) -> dict[str, float]:
    """Return the scaling factors of the two log-likelihoods (MLR), as Mplus prints them.

    Parameters
    ----------
    traces_h1 : sequence of float
        `saturated_trace` of each group.
    trace_h0 : float
        `fitted_trace`.
    n_moments : int
        Moments of all groups, those of fixed x left out.
    n_free : int
        Parameters before equality constraints are taken out, as lavaan counts here.
    """
    return {
        "scaling_factor_h1": sum(traces_h1) / n_moments if n_moments else nan,
        "scaling_factor_h0": trace_h0 / n_free if n_free else nan,
    }
