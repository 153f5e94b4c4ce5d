"""Normal-theory ML for many replicates by a compiled kernel (extra ``fast``).

The counterpart of ``loyaltysem.core.optimise.minimise`` for the case that dominates bootstraps and
simulations: the same steps, the same stopping rule and the same solutions, without Python between
them. It is an option: whatever it does NumPy does too, and what it cannot do it hands back.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.core.optimise import Minimum, Tolerance, minimise
from loyaltysem.core.types import Array, Indices
from loyaltysem.engine.compiled_plan import Plan, plan_of
from loyaltysem.engine.discrepancies import BoundMaximumLikelihood
from loyaltysem.engine.objective import Block, Objective
from loyaltysem.engine.terms import likelihood_of

if TYPE_CHECKING:
    from loyaltysem.engine.compiled_likelihood import Sample


#: Set to ``off``, this environment variable keeps the kernel out where numba is installed.
SWITCH = "LOYALTYSEM_FAST"


@functools.cache
def installed() -> bool:
    """Tell whether numba is there and wanted, without importing it."""
    wanted = os.environ.get(SWITCH, "on") != "off"
    return wanted and importlib.util.find_spec("numba") is not None


def compilable(objective: Objective) -> bool:
    """Tell whether `minimise_compiled` can take an objective.

    It can where numba is installed, anything is free, every group has the ML discrepancy of
    complete moments, and no variable is among its own causes.
    """
    return (
        installed()
        and objective.n_free > 0
        and all(_likelihood(b) is not None for b in objective.blocks)
        and plan_of(objective) is not None
    )


def _likelihood(block: Block) -> BoundMaximumLikelihood | None:
    """Return the ML discrepancy of a group, None where it has another."""
    found = likelihood_of(block.term)
    if found is None:
        return None
    return found if (found.mean is not None) == block.structure.meanstructure else None


def minimise_compiled(
    objective: Objective, start: Array, tolerance: Tolerance | None = None
) -> Minimum:
    """Minimise a batch of ML problems by damped Newton steps, compiled.

    Parameters
    ----------
    objective : Objective
        One that is `compilable`.
    start : Array, shape (B, q)
    tolerance : Tolerance, optional

    Returns
    -------
    Minimum
        What `minimise` returns, but for rounding. Row b depends on replicate b alone: not on the
        others, their number or their order.

    Raises
    ------
    ValueError
        When the objective is not `compilable`.

    Notes
    -----
    The first call in a process loads the kernel; the first on a machine compiles it, which takes
    ten seconds or more. The result is kept beside the package, or where nothing can be written
    there in the user's cache directory, or in ``NUMBA_CACHE_DIR``. The kernel runs on one thread
    and without the interpreter lock: several threads may call it at once.
    """
    plan = plan_of(objective) if compilable(objective) else None
    if plan is None:
        raise ValueError("not an objective the compiled kernel can minimise")
    tolerance = tolerance or Tolerance()
    found = _search(plan, objective, start, tolerance)
    returned = np.flatnonzero(found.status < 0)
    if len(returned):
        found.put(returned, minimise(objective.take(returned), start[returned], tolerance))
    return found


def _search(plan: Plan, objective: Objective, start: Array, tolerance: Tolerance) -> Minimum:
    """Run the kernel: a search, then a look at the value after each last step."""
    from loyaltysem.engine import compiled_kernel as kernel  # imports numba, which takes a while
    from loyaltysem.engine.compiled_lanes import workspace

    batch, q = start.shape
    found = kernel.Found(
        alpha=np.empty((batch, q)),
        value=np.empty(batch),
        decrement=np.empty(batch),
        status=np.empty(batch, dtype=np.intp),
        n_iter=np.empty(batch, dtype=np.intp),
    )
    rules = kernel.Rules(
        float(tolerance.decrement),
        float(tolerance.near),
        bool(tolerance.exact),
        int(tolerance.max_iterations),
    )
    x, lanes, sample = workspace(plan.layout.cells), kernel.idle(), _sample(objective)

    def run(queue: Indices, start: Array, verify: bool) -> None:
        kernel.search(x, plan.layout, plan.lists, sample, queue, start, rules, found, lanes, verify)

    run(np.arange(batch), _own(start), False)
    run(np.flatnonzero(found.status == kernel.UNVERIFIED), found.alpha, True)
    return Minimum(*found)


def _sample(objective: Objective) -> Sample:
    """Collect the data of all groups, each (G, B, …)."""
    from loyaltysem.engine.compiled_likelihood import Sample

    bound = [b for b in map(_likelihood, objective.blocks) if b is not None]
    base = objective.map.base
    return Sample(
        cov=_stacked([b.cov for b in bound]),
        mean=_stacked([np.zeros(b.cov.shape[:2]) if b.mean is None else b.mean for b in bound]),
        logdet=_stacked([b.logdet for b in bound]),
        base=_own(np.broadcast_to(base, (len(bound[0].cov), base.shape[1]))),
        share=np.array([b.share for b in objective.blocks]),
    )


def _stacked(arrays: list[Array]) -> Array:
    """Stack arrays of the same shape; one alone, the common case, is not copied."""
    return _own(arrays[0][None] if len(arrays) == 1 else np.stack(arrays))


def _own(x: Array) -> Array:
    """Return an array of the one kind the kernel is compiled for: others would compile it anew."""
    return np.require(x, np.float64, ["C_CONTIGUOUS", "WRITEABLE", "ENSUREARRAY"])
