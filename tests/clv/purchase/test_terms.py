"""Likelihoods and expectations against finite differences, direct integration and each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special

from loyaltysem.clv.purchase import bg_bb_terms, bg_nbd_terms, gamma_gamma_terms, pareto_nbd_terms
from loyaltysem.clv.purchase.families import BG_BB, BG_NBD, GAMMA_GAMMA, PARETO_NBD, Family
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.clv.purchase.likelihood import Column, Likelihood
from loyaltysem.clv.purchase.mixture import log_sum

TIMES = Histories(
    np.array([0.0, 1, 3, 50, 2]), np.array([0.0, 5, 20, 30, 39]),
    np.array([10.0, 10, 39, 39, 39]), np.array([3.0, 1, 2, 1, 4]),
)  # fmt: skip
OPPORTUNITIES = Histories(
    np.array([0.0, 1, 3, 5]), np.array([0.0, 5, 4, 9]), np.array([6.0, 6, 10, 10]), np.ones(4)
)
AMOUNTS = Histories(
    np.array([1.0, 1, 3, 50]), np.array([3.0, 50, 20, 30]), np.zeros(4), np.array([1.0, 2, 1, 5])
)
CASES = [
    (BG_NBD.family, TIMES, [0.3, 4.0, 0.8, 2.5]),
    (BG_NBD.family, TIMES, [3.0, 0.5, 2.0, 0.1]),
    (PARETO_NBD.family, TIMES, [0.6, 10.0, 0.6, 12.0]),
    (PARETO_NBD.family, TIMES, [2.0, 0.5, 3.0, 80.0]),
    (BG_BB.family, OPPORTUNITIES, [1.2, 0.75, 0.66, 2.8]),
    (GAMMA_GAMMA, AMOUNTS, [6.0, 4.0, 15.0]),
]


@pytest.mark.parametrize("covariate", [False, True])
@pytest.mark.parametrize(("family", "seen", "theta"), CASES)
def test_derivatives(family: Family, seen: Histories, theta: list[float], covariate: bool) -> None:
    z = np.linspace(-1.0, 1.0, len(seen.count))
    columns = (Column(1, -z, "z"), Column(len(theta) - 1, z**2, "zz")) if covariate else ()
    likelihood = Likelihood(family, seen, columns)
    at = np.concatenate([np.log(theta), [0.3, -0.2][: len(columns)]])
    found, step = likelihood.curvature(at), 1e-5
    assert found.value == pytest.approx(likelihood.value(at), rel=1e-13)
    for i in range(len(at)):
        move = np.zeros(len(at))
        move[i] = step
        slope = (likelihood.value(at + move) - likelihood.value(at - move)) / (2 * step)
        above, below = likelihood.curvature(at + move), likelihood.curvature(at - move)
        assert found.gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-8)
        bend = (above.gradient - below.gradient) / (2 * step)
        np.testing.assert_allclose(found.hessian[i], bend, rtol=1e-6, atol=1e-8)


def test_the_pareto_likelihood_is_the_printed_one() -> None:
    r, alpha, s, beta = 0.55, 10.6, 0.61, 11.7
    x, t_x, length = TIMES.frequency[:3], TIMES.recency[:3], TIMES.length[:3]

    def part(t: Any) -> Any:  # the case α < β of the printed formula
        top = special.hyp2f1(r + s + x, r + x, r + s + x + 1, (beta - alpha) / (beta + t))
        return top / (beta + t) ** (r + s + x)

    alive = (alpha + length) ** -(r + x) * (beta + length) ** -s
    gone = s / (r + s + x) * (part(t_x) - part(length))
    logs = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    mine = log_sum(pareto_nbd_terms.logs(np.array([[r], [alpha], [s], [beta]]), TIMES))
    np.testing.assert_allclose(mine[:3], logs + np.log(alive + gone), rtol=1e-12)


EXTREMES = [0.05, 0.5, 1.0, 3.0, 40.0]


@pytest.mark.parametrize("x", [0.0, 1.0, 20.0, 1500.0])
@pytest.mark.parametrize("share", [0.0, 1e-8, 0.3, 1.0])
def test_extreme_histories_are_computed(x: float, share: float) -> None:
    """From one purchase long ago to 1,500 until the last day, under any parameters."""
    length = 200.0
    recency = length * (1.0 - share) if x else 0.0
    if x and recency <= 0:
        recency = 1e-3
    seen = Histories(*(np.array([v]) for v in (x, recency, length, 1.0)))
    for module in (bg_nbd_terms, pareto_nbd_terms):
        for one in EXTREMES:
            for two in EXTREMES:
                theta = np.array([[one], [10 * two], [two], [one + two]])
                assert np.isfinite(log_sum(module.logs(theta, seen))).all()
                alive = float(module.alive(theta, seen)[0])
                assert 0.0 <= alive <= 1.0
                later = module.updated(theta, seen)
                expected = float(module.expected(later, np.array([50.0]))[0])
                rate = float(later[0, 0] / later[1, 0])
                assert 0.0 < expected <= 50.0 * rate * (1 + 1e-9)
                assert 0.0 < float(module.discounted(later, 0.01)[0]) < rate / 0.01 * (1 + 1e-9)


THETAS = [
    np.array([[0.6], [10.0], [0.6], [12.0]]),
    np.array([[2.0], [3.0], [1.0], [4.0]]),
    np.array([[0.2], [4.4], [1.0002], [2.4]]),
    np.array([[5.0], [0.5], [3.0], [0.7]]),
]


@pytest.mark.parametrize("module", [bg_nbd_terms, pareto_nbd_terms])
@pytest.mark.parametrize("theta", THETAS)
def test_expectation_mass_and_rate_agree(module: Any, theta: np.ndarray[Any, Any]) -> None:
    t, n = 20.0, np.arange(3000.0)
    wide = np.repeat(theta, len(n), axis=1)
    mass = module.mass(wide, n, np.full(len(n), t))
    expected = float(module.expected(theta, np.array([t]))[0])
    assert mass.min() >= 0 and mass.sum() == pytest.approx(1.0, abs=1e-9)
    assert float(n @ mass) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("theta", THETAS)
def test_the_rate_of_bg_nbd_is_the_slope_of_its_expectation(theta: np.ndarray[Any, Any]) -> None:
    def rate(t: float) -> float:
        return float(bg_nbd_terms.rate(theta, np.array([t]))[0])

    whole, _ = integrate.quad(rate, 0.0, 20.0)
    assert float(bg_nbd_terms.expected(theta, np.array([20.0]))[0]) == pytest.approx(
        whole, rel=1e-9
    )


@pytest.mark.parametrize(
    ("module", "rate"),
    [
        (bg_nbd_terms, lambda th, t: bg_nbd_terms.rate(th, t)),
        (pareto_nbd_terms, lambda th, t: th[0] / th[1] * (1 + t / th[3]) ** -th[2]),
    ],
)
@pytest.mark.parametrize("theta", THETAS)
def test_discounted_purchases(
    module: Any, rate: Callable[..., Any], theta: np.ndarray[Any, Any]
) -> None:
    def inside(t: float) -> float:
        return float(np.squeeze(rate(theta, np.array([t])))) * np.exp(-0.05 * t)

    whole = sum(integrate.quad(inside, *ends)[0] for ends in ((0, 20), (20, 200), (200, 1500)))
    assert float(module.discounted(theta, 0.05)[0]) == pytest.approx(whole, rel=1e-8)


def test_discounted_purchases_are_tricomis_function() -> None:
    r, alpha, s, beta, d = 0.55, 10.6, 0.61, 11.7, 0.0027
    found = pareto_nbd_terms.discounted(np.array([[r], [alpha], [s], [beta]]), d)[0]
    printed = r / alpha * beta**s * d ** (s - 1) * special.hyperu(s, s, d * beta)
    assert found == pytest.approx(printed, rel=1e-10)


def test_staying_is_an_expectation_over_customers() -> None:
    rng = np.random.default_rng(1)
    theta = np.array([[0.6], [10.0], [0.8], [2.4]])
    rate, leave = rng.gamma(0.6, 0.1, 400_000), rng.beta(0.8, 2.4, 400_000)
    drawn = np.exp(-rate * leave * 30.0)
    found = float(bg_nbd_terms.stays(theta, np.array([30.0]))[0])
    assert found == pytest.approx(drawn.mean(), abs=4 * drawn.std() / 400_000**0.5)


def test_bg_bb_sums() -> None:
    theta = np.array([[1.2], [0.75], [0.66], [2.8]])
    n = np.arange(7.0)
    mass = bg_bb_terms.mass(np.repeat(theta, 7, axis=1), n, np.full(7, 6.0))
    assert mass.sum() == pytest.approx(1.0, abs=1e-12)
    at = np.array([float(bg_bb_terms.expected(theta, np.array([k]))[0]) for k in np.arange(2000.0)])
    assert float(n @ mass) == pytest.approx(at[6], rel=1e-12)
    discounted = float((np.diff(at) / 1.1 ** np.arange(1, 2000)).sum())
    assert float(bg_bb_terms.discounted(theta, 0.1)[0]) == pytest.approx(discounted, rel=1e-9)


@pytest.mark.parametrize("near", [1.0, 1.0 + 1e-9, 1.0 - 3e-4, 1.0 + 6e-4])
def test_expectations_are_smooth_where_formulas_are_0_over_0(near: float) -> None:
    for module, place in ((bg_nbd_terms, 2), (pareto_nbd_terms, 2), (bg_bb_terms, 2)):
        theta = np.array([[0.6], [4.0], [near], [2.4]])
        around = []
        for step in (-0.01, 0.01):
            moved = theta.copy()
            moved[place] += step
            around.append(float(module.expected(moved, np.array([30.0]))[0]))
        found = float(module.expected(theta, np.array([30.0]))[0])
        assert found == pytest.approx(np.mean(around), rel=3e-4)


def test_spending_lies_between_the_own_mean_and_that_of_all() -> None:
    theta, z = np.array([[6.0], [4.0], [15.0]]), np.array([100.0, 100.0, 100.0])
    found = gamma_gamma_terms.expected(theta, np.array([0.0, 1.0, 500.0]), z)
    assert found[0] == pytest.approx(30.0)
    assert 30 < found[1] < 100 and found[2] == pytest.approx(100.0, rel=1e-2)
    none = gamma_gamma_terms.expected(np.array([[1.0], [0.5], [15.0]]), np.zeros(1), np.zeros(1))
    assert np.isnan(none[0])


def mean_over_customers(
    r: float, alpha: float, a: float, b: float, inside: Callable[[Any, Any], Any]
) -> float:
    """Return E inside(λ, p) by trapezoidal sums in log λ and in the log-odds of p."""
    u = np.arange(-60 / min(r, 1) - 5, np.log(50 + 3 * r) + 1, 0.06)
    step = 0.06 / max(1.0, np.sqrt(min(a, b)) / 3)
    v = np.arange(-60 / min(a, 1) - 5, 60 / min(b, 1) + 5, step)
    log_p, log_q = -np.logaddexp(0, -v), -np.logaddexp(0, v)
    wide, odds = np.exp(r * u - np.exp(u)), a * log_p + b * log_q
    narrow = np.exp(odds - odds.max())
    u, wide = u[wide > 1e-25 * wide.max()], wide[wide > 1e-25 * wide.max()]
    log_p, narrow = log_p[narrow > 1e-25], narrow[narrow > 1e-25]
    values = inside(np.exp(u) / alpha, np.exp(log_p)[:, None])
    return float(narrow @ values @ wide / narrow.sum() / wide.sum())


@pytest.mark.parametrize(
    ("theta", "t", "rate"),
    [
        ([0.24, 42.0, 0.8, 2.4], 39.0, 0.0027),
        ([12.3, 44.0, 0.8, 14.4], 500.0, 0.0001),  # bought often, and a long time to come
        ([0.25, 5.0, 1.0 + 2e-4, 2.0], 10.0, 0.01),
        ([3.0, 20.0, 0.4, 0.6], 10.0, 0.01),  # a + b = 1
        ([0.5, 2.0, 110.0, 60.0], 2500.0, 0.05),  # here SciPy ends at 0 or 1.57 times the value
        ([0.5, 0.5, 10.0, 900.0], 1700.0, 0.001),
        ([0.6, 4.0, 130.0, 1200.0], 4000.0, 0.01),
        ([5.0, 20.0, 600.0, 0.5], 50.0, 0.01),
        ([60.0, 0.4, 9.0, 0.2], 3.0, 0.0004),  # many purchases at once, and few later
    ],
)
def test_what_the_bg_nbd_expects_is_the_mean_over_customers(
    theta: list[float], t: float, rate: float
) -> None:
    at, time = np.array(theta)[:, None], np.array([t])
    for found, inside in (
        (bg_nbd_terms.expected(at, time), lambda m, p: -np.expm1(-m * p * t) / p),
        (bg_nbd_terms.stays(at, time), lambda m, p: np.exp(-m * p * t)),
        (bg_nbd_terms.rate(at, time), lambda m, p: m * np.exp(-m * p * t)),
        (bg_nbd_terms.discounted(at, rate), lambda m, p: m / (rate + m * p)),
    ):
        r, alpha, a, b = theta
        assert found[0] == pytest.approx(mean_over_customers(r, alpha, a, b, inside), rel=1e-7)


@pytest.mark.parametrize("size", [1e9, 1e11, 1e13])
def test_where_all_leave_alike_the_bg_nbd_is_that_of_one_p(size: float) -> None:
    r, alpha, p, t = 2.5, 30.0, 0.2, 26.0
    theta = np.array([[r], [alpha], [p * size], [(1 - p) * size]])
    one = (1 - (1 + p * t / alpha) ** -r) / p
    assert bg_nbd_terms.expected(theta, np.array([t]))[0] == pytest.approx(one, rel=1e-8)
    at = np.array([t])
    assert bg_nbd_terms.stays(theta, at)[0] == pytest.approx((1 + p * t / alpha) ** -r, rel=1e-8)


def over_all_time(inside: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return an integral over all time by a dense trapezoidal sum in log-time."""
    logs = np.linspace(-34.0, 34.0, 60_001)
    time = np.exp(logs)
    return float((inside(time) * time).sum() * (logs[1] - logs[0]))


@pytest.mark.parametrize("s", [0.05, 1.0, 40.0, 1e4, 3.6e8])
@pytest.mark.parametrize("life", [0.01, 47.0, 1e4])  # mean time until leaving, about β/s
@pytest.mark.parametrize("rate", [1e-5, 6e-4, 0.3])
def test_discounting_of_customers_who_leave_alike(s: float, life: float, rate: float) -> None:
    """The Pareto/NBD at the edge, where all leave at one rate, and far from it."""
    theta = np.array([[0.6], [2.7], [s], [s * life]])
    found = float(pareto_nbd_terms.discounted(theta, rate)[0])
    whole = over_all_time(lambda t: np.exp(-rate * t - s * np.log1p(t / (s * life))))
    assert found == pytest.approx(0.6 / 2.7 * whole, rel=1e-8)
    early = pareto_nbd_terms.mass(theta, np.arange(400.0), np.full(400, 30.0))
    known = pareto_nbd_terms.expected(theta, np.array([30.0]))[0]
    assert early.sum() == pytest.approx(1.0, abs=1e-5)
    assert early @ np.arange(400.0) == pytest.approx(known, abs=1e-3)


@pytest.mark.parametrize("r", [0.5, 900.0, 2e4, 3e6])
@pytest.mark.parametrize(("a", "b"), [(0.33, 0.6), (3.2, 12.7), (28.0, 11.0)])
def test_purchases_of_customers_who_buy_alike(r: float, a: float, b: float) -> None:
    """The BG/NBD at the edge, where all buy at one rate: there SciPy's function explodes."""
    theta, times = np.array([[r], [r / 1.7], [a], [b]]), np.array([0.5, 30.0, 400.0])
    at = np.repeat(theta, 3, axis=1)
    for function, given_p in (
        (bg_nbd_terms.stays, lambda p, fall: np.exp(-r * fall)),
        (bg_nbd_terms.expected, lambda p, fall: -np.expm1(-r * fall) / p),
        (bg_nbd_terms.rate, lambda p, fall: 1.7 * np.exp(-(r + 1.0) * fall)),
    ):
        wanted = [mean_over_p(given_p, r / 1.7, a, b, t) for t in times]
        np.testing.assert_allclose(function(at, times), wanted, rtol=1e-5, atol=1e-12)
    logs = np.linspace(-12.0, 9.0, 1_501)
    each = bg_nbd_terms.rate(np.repeat(theta, len(logs), axis=1), np.exp(logs))
    whole = float((each * np.exp(logs - 0.01 * np.exp(logs))).sum() * (logs[1] - logs[0]))
    assert float(bg_nbd_terms.discounted(theta, 0.01)[0]) == pytest.approx(whole, rel=2e-5)


def mean_over_p(
    inside: Callable[[np.ndarray, np.ndarray], np.ndarray], alpha: float, a: float, b: float,
    t: float,
) -> float:  # fmt: skip
    """Return a mean over p ~ Beta(a, b), densely in its log-odds."""
    odds = np.linspace(-70.0 / min(a, 1.0), 70.0 / min(b, 1.0), 20_001)
    weight = -a * np.logaddexp(0.0, -odds) - b * np.logaddexp(0.0, odds)
    weight = np.exp(weight - weight.max())
    p = np.maximum(special.expit(odds), 1e-300)
    return float(weight @ inside(p, np.log1p(p * t / alpha)) / weight.sum())


@pytest.mark.parametrize(
    ("gamma", "delta"), [(0.7, 2.8), (0.04, 3e4), (120.0, 900.0), (16267.0, 13666e3)]
)
def test_discounting_of_donors_who_leave_alike(gamma: float, delta: float) -> None:
    theta, rate = np.array([[1.2], [0.75], [gamma], [delta]]), 0.001
    i = np.arange(1.0, 40_001.0)
    stays = np.exp(np.cumsum(np.log((delta + i - 1.0) / (gamma + delta + i - 1.0))))
    whole = 1.2 / 1.95 * float((stays * (1.0 + rate) ** -i).sum())
    assert float(bg_bb_terms.discounted(theta, rate)[0]) == pytest.approx(whole, rel=1e-7)
