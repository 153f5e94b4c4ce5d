"""The compiled search gives what NumPy gives, replicate by replicate, whoever is beside it."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from loyaltysem.core.optimise import Minimum, Status, Tolerance, minimise
from loyaltysem.engine import compiled
from loyaltysem.engine.compiled import compilable, minimise_compiled
from loyaltysem.engine.discrepancies import GeneralisedLeastSquares, MaximumLikelihood
from loyaltysem.engine.objective import Objective, build_objective
from loyaltysem.engine.terms import MatrixTerm
from loyaltysem.estimation.start_values import start_values
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.structure import compile_structure
from loyaltysem.model.syntax import parse
from loyaltysem.moments.complete import SampleMoments, exogenous_values

pytest.importorskip("numba", reason="the compiled kernel is an extra: pip install loyaltysem[fast]")

P, BATCH = 9, 21
FACTORS = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ x7 + x8 + x9"
MEANS = Defaults(meanstructure=True)
EQUAL = Defaults(meanstructure=True, group_equal=frozenset({"loadings", "intercepts"}))
GROWTH = Defaults(meanstructure=True, free_observed_intercepts=False, free_latent_means=True)
CASES = {
    "cfa": (FACTORS, Defaults(), 1),
    "standardised latents": (FACTORS, Defaults(std_lv=True), 1),
    "residual covariances": (f"{FACTORS}\nx1 ~~ x4\nx2 ~~ x5", Defaults(), 1),
    "second order": (f"{FACTORS}\nz =~ f + g + h", Defaults(), 1),
    "mediation": (f"{FACTORS}\ng ~ f\nh ~ g + f", Defaults(), 1),
    "equal by label": ("f =~ x1 + a*x2 + a*x3\ng =~ x4 + a*x5 + x6\nf ~~ v*f\ng ~~ v*g", MEANS, 1),
    "fixed x": ("f =~ x1 + x2 + x3\nf ~ x4 + x5\nx6 ~ f + x4", Defaults(), 1),
    "paths": ("x3 ~ x1 + x2\nx4 ~ x3\nx5 ~ x4 + x3\nx6 ~ x5", Defaults(fixed_x=False), 1),
    "covariances": ("x1 ~~ x2\nx2 ~~ x3 + x4", Defaults(), 1),
    "means": (f"{FACTORS}\ng ~ f\nx9 ~ 0.3*x1", MEANS, 1),
    "growth": ("i =~ 1*x1 + 1*x2 + 1*x3 + 1*x4\ns =~ 0*x1 + 1*x2 + 2*x3 + 3*x4", GROWTH, 1),
    "growth on x": ("i =~ 1*x1 + 1*x2 + 1*x3\ns =~ 0*x1 + 1*x2 + 2*x3\ni + s ~ x5", GROWTH, 1),
    "groups": (f"{FACTORS}\nh ~ f", Defaults(), 2),
    "invariance": (FACTORS, EQUAL, 3),
}


def case(
    name: str, batch: int = BATCH, n: int = 250, shift: float = 0.2
) -> tuple[Objective, np.ndarray]:
    """An objective over resamples of data with three factors, with starting values."""
    text, defaults, groups = CASES[name]
    table = parameter_table(parse(text), defaults, "abc"[:groups])
    structure = compile_structure(table)
    rng = np.random.default_rng(5)
    columns = [int(v[1:]) - 1 for v in table.observed]
    common = rng.normal(size=(groups, n, 1))
    factors = common + rng.normal(size=(groups, n, 3))
    x = 0.8 * np.repeat(factors, 3, axis=2) + rng.normal(size=(groups, n, P)) + shift * np.arange(P)
    drawn = x[:, rng.integers(0, n, size=(batch, n))][..., columns]
    mean = drawn.mean(axis=2)
    centred = drawn - mean[:, :, None]
    cov = centred.swapaxes(2, 3) @ centred / n
    sample = SampleMoments(table.observed, tuple(cov), tuple(mean), (n,) * groups)
    rows, values = exogenous_values(sample.mean, sample.cov, structure.exogenous)
    base = np.broadcast_to(structure.constant, (batch, structure.n_rows)).copy()
    base[:, rows] = values
    means = sample.mean if defaults.meanstructure else (None,) * groups
    terms = [MatrixTerm(MaximumLikelihood().bind(c, m)) for c, m in zip(cov, means, strict=True)]
    shares = np.arange(1.0, groups + 1)
    objective = build_objective(structure, terms, shares / shares.sum(), base)
    return objective, np.repeat(objective.map.alpha(start_values(table, sample)), batch, axis=0)


def assert_same(found: Minimum, expected: Minimum, atol: float = 1e-9) -> None:
    np.testing.assert_array_equal(found.status, expected.status)
    np.testing.assert_allclose(found.alpha, expected.alpha, rtol=0, atol=atol)
    np.testing.assert_allclose(found.value, expected.value, rtol=0, atol=1e-11)


class TestAgainstNumPy:
    @pytest.mark.parametrize("name", CASES)
    def test_solutions(self, name: str) -> None:
        objective, start = case(name)
        assert compilable(objective)
        expected = minimise(objective, start)
        assert expected.converged.mean() > 0.8
        found = minimise_compiled(objective, start)
        assert_same(found, expected)
        np.testing.assert_array_equal(found.n_iter, expected.n_iter)

    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("tolerance", [Tolerance(near=0.0), Tolerance(near=np.inf)])
    @pytest.mark.parametrize("steps", [1, 3])
    def test_steps_of_either_curvature(self, name: str, tolerance: Tolerance, steps: int) -> None:
        objective, start = case(name, batch=3)
        tolerance = replace(tolerance, max_iterations=steps)
        found, expected = (f(objective, start, tolerance) for f in (minimise_compiled, minimise))
        assert_same(found, expected)
        np.testing.assert_allclose(found.decrement, expected.decrement, rtol=1e-9, atol=1e-14)

    def test_means_far_from_zero_cost_no_digits(self) -> None:
        objective, start = case("means", batch=3, shift=1e6)
        found, expected = (f(objective, start) for f in (minimise_compiled, minimise))
        assert found.converged.all()
        gradient = np.abs(objective.gradient(found.alpha)).max()
        assert gradient <= 2 * np.abs(objective.gradient(expected.alpha)).max() + 1e-9

    def test_exact_curvature_throughout(self) -> None:
        objective, start = case("mediation")
        tolerance = Tolerance(exact=True)
        found, expected = (f(objective, start, tolerance) for f in (minimise_compiled, minimise))
        assert_same(found, expected)

    def test_steps_that_must_be_halved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        objective, start = case("mediation", batch=5)
        start = start * 0.5
        found, looks, at = minimise_compiled(objective, start), [], Objective.at
        monkeypatch.setattr(Objective, "at", lambda self, alpha: looks.append(1) or at(self, alpha))
        expected = minimise(objective, start)
        assert len(looks) > 2 * expected.n_iter.max()
        assert_same(found, expected)

    def test_exact_curvature_that_is_not_positive_definite(self) -> None:
        objective, start = case("mediation", batch=9)
        start = start * 0.4
        first = minimise(objective, start, Tolerance(max_iterations=1)).alpha
        lowest = np.linalg.eigvalsh(objective.hessian(first, observed=True)).min(axis=1)
        assert (lowest < 0).any()
        tolerance = Tolerance(near=np.inf, max_iterations=4)
        found, expected = (f(objective, start, tolerance) for f in (minimise_compiled, minimise))
        assert_same(found, expected)

    def test_starts_may_differ(self) -> None:
        objective, start = case("cfa")
        start = start * np.linspace(0.7, 1.3, BATCH)[:, None]
        assert_same(minimise_compiled(objective, start), minimise(objective, start))


class TestOutcomes:
    def test_a_start_outside_the_domain(self) -> None:
        objective, start = case("cfa", batch=3)
        start[1] = -1.0
        found = minimise_compiled(objective, start)
        assert found.status.tolist() == [Status.CONVERGED, Status.BAD_START, Status.CONVERGED]
        assert_same(found, minimise(objective, start))
        assert (found.value[1], found.decrement[1], found.n_iter[1]) == (np.inf, np.inf, 0)

    @pytest.mark.parametrize("limit", [0, 1, 2])
    def test_too_few_iterations(self, limit: int) -> None:
        objective, start = case("second order", batch=9)
        tolerance = Tolerance(max_iterations=limit)
        found, expected = (f(objective, start, tolerance) for f in (minimise_compiled, minimise))
        assert (found.status == Status.MAXIMUM_ITERATIONS).all()
        assert_same(found, expected)
        np.testing.assert_array_equal(found.n_iter, expected.n_iter)

    def test_an_unidentified_model_goes_back_to_numpy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "f =~ NA*x1 + x2 + x3 + x4\nf ~~ NA*f"
        monkeypatch.setitem(CASES, "unidentified", (text, Defaults(fix_marker=False), 1))
        objective, start = case("unidentified", batch=4)
        start = start + 0.5
        asked: list[int] = []

        def spy(problem: Objective, alpha: np.ndarray, tolerance: Tolerance) -> Minimum:
            asked.append(len(alpha))
            return minimise(problem, alpha, tolerance)

        monkeypatch.setattr(compiled, "minimise", spy)
        found = minimise_compiled(objective, start)
        assert asked
        expected = minimise(objective, start)
        np.testing.assert_allclose(found.value, expected.value, atol=1e-9)

    def test_no_replicates(self) -> None:
        objective, start = case("cfa", batch=2)
        none = np.zeros(0, dtype=np.intp)
        assert minimise_compiled(objective.take(none), start[none]).alpha.shape == (0, 21)


class TestIndependence:
    def test_of_neighbours_and_order(self) -> None:
        objective, start = case("invariance")
        whole = minimise_compiled(objective, start)
        order = np.random.default_rng(0).permutation(BATCH)
        for rows in (order, order[:1], order[:8], order[3:12]):
            part = minimise_compiled(objective.take(rows), start[rows])
            for name in ("alpha", "value", "decrement", "status", "n_iter"):
                np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])

    def test_of_threads(self) -> None:
        objective, start = case("means")
        whole = minimise_compiled(objective, start)
        found: list[Minimum] = []

        def work() -> None:
            found.append(minimise_compiled(objective, start))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        for one in found:
            np.testing.assert_array_equal(one.alpha, whole.alpha)

    def test_the_inputs_stay_as_they_were(self) -> None:
        objective, start = case("fixed x")
        before = start.copy(), objective.map.base.copy(), objective.blocks[0].term.bound.cov.copy()
        minimise_compiled(objective, start)
        after = start, objective.map.base, objective.blocks[0].term.bound.cov
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


class TestCompilable:
    def test_not_without_numba(self, monkeypatch: pytest.MonkeyPatch) -> None:
        objective, start = case("cfa")
        monkeypatch.setattr(compiled, "installed", lambda: False)
        assert not compilable(objective)
        with pytest.raises(ValueError, match="not an objective"):
            minimise_compiled(objective, start)

    def test_not_with_a_feedback_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = "x3 ~ x1 + x4\nx4 ~ x2 + x3"
        monkeypatch.setitem(CASES, "loop", (text, Defaults(), 1))
        assert not compilable(case("loop")[0])

    def test_not_with_another_discrepancy(self) -> None:
        objective, _ = case("cfa")
        block = objective.blocks[0]
        term = MatrixTerm(GeneralisedLeastSquares().bind(block.term.bound.cov, None))
        assert not compilable(replace(objective, blocks=(replace(block, term=term),)))

    def test_not_with_means_the_model_does_not_speak_of(self) -> None:
        objective, _ = case("cfa")
        block = objective.blocks[0]
        cov = block.term.bound.cov
        term = MatrixTerm(MaximumLikelihood().bind(cov, np.ones(cov.shape[:2])))
        assert not compilable(replace(objective, blocks=(replace(block, term=term),)))

    def test_not_with_nothing_to_estimate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = "f =~ 1*x1 + 1*x2\nf ~~ 1*f\nx1 ~~ 1*x1\nx2 ~~ 1*x2"
        monkeypatch.setitem(CASES, "fixed", (text, Defaults(), 1))
        assert not compilable(case("fixed")[0])


class TestKernel:
    @pytest.mark.parametrize(
        ("decrement", "status"), [(1.0, Status.NO_DESCENT), (1e-10, Status.CONVERGED)]
    )
    def test_a_step_that_never_falls_ends_where_it_began(
        self, decrement: float, status: Status
    ) -> None:
        from loyaltysem.engine import compiled_kernel as kernel
        from loyaltysem.engine.compiled_lanes import workspace
        from loyaltysem.engine.compiled_plan import plan_of

        plan = plan_of(case("cfa", batch=1)[0])
        assert plan is not None
        at, lanes, rules = plan.layout, kernel.idle(), kernel.Rules(1e-15, 0.1, False, 200)
        x = workspace(at.cells)
        x[at.here : at.here + at.q, 2] = 5.0
        x[at.direction : at.direction + at.q, 2] = np.inf
        lanes.row[2], lanes.phase[2], lanes.decrement[2] = 0, kernel._MOVING, decrement
        lanes.trial[2], lanes.slope[2] = 1.0, -decrement
        verdicts = [kernel._judge(x, at, lanes, 2, rules) for _ in range(40)]
        assert verdicts[:39] == [kernel._GOES_ON] * 39
        assert verdicts[39] == status
        assert (x[at.there : at.there + at.q, 2] == 5.0).all()

    def test_one_compilation_serves_all(self) -> None:
        from loyaltysem.engine.compiled_kernel import search

        objective, start = case("cfa")
        start.flags.writeable = False
        expected = minimise_compiled(objective, start.copy())
        found = minimise_compiled(objective, start)
        shared = np.asfortranarray(start)
        assert_same(minimise_compiled(objective, shared), expected)
        assert_same(found, expected)
        assert len(search.signatures) == 1

    def test_its_file_is_named_after_its_sources(self) -> None:
        from loyaltysem.engine.compiled_kernel import search

        assert len(search.py_func.__qualname__) == len("search_") + 12

    def test_without_a_place_to_keep_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from loyaltysem.engine import compiled_kernel as kernel

        def nowhere(**_: object) -> None:
            raise RuntimeError("cannot cache function: no locator available")

        monkeypatch.setattr(kernel, "numba", SimpleNamespace(njit=nowhere))

        def double(x: float) -> float:
            return 2.0 * x

        assert kernel._kept(double)(2.0) == 4.0

    def test_lanes_obey_ieee_754(self) -> None:
        from loyaltysem.engine import compiled_lanes as lanes

        x = lanes.workspace(3)
        assert x.ctypes.data % 64 == 0
        x[0] = [1.0, -1.0, 0.0, np.inf, np.nan, 4.0, -0.0, 1e-320]
        x[1] = [0.0, 0.0, 0.0, np.inf, 1.0, 2.0, 1.0, 1.0]

        @lanes.part
        def work(x: np.ndarray) -> None:
            root = lanes.square_root(lanes.load(x, 0))
            lanes.store(x, 2, lanes.divide(root, lanes.load(x, 1)))
            difference = lanes.subtract(lanes.load(x, 0), lanes.load(x, 1))
            lanes.store(x, 0, lanes.multiply_less(difference, lanes.fill(0.5), lanes.load(x, 1)))

        before = x.copy()
        work(x)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(x[2], np.sqrt(before[0]) / before[1])
            np.testing.assert_array_equal(x[0], before[1] - (before[0] - before[1]) * 0.5)
