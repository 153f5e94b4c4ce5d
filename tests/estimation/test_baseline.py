"""The closed form of the independence model is what its search finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.optimise import minimise
from loyaltysem.estimation import baseline
from loyaltysem.estimation.fitted import fitted_at
from loyaltysem.estimation.model import bind_model
from loyaltysem.model.structure import compile_structure


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("fixed_x", [False, True])
def test_closed_form(means: bool, fixed_x: bool) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 6)) + rng.normal(size=(200, 6))
    frame = pd.DataFrame(x, columns=["y1", "y2", "y3", "y4", "x1", "x2"])
    fit = ls.sem("f =~ y1 + y2 + y3\ny4 ~ f + x1 + x2", frame, meanstructure=means, fixed_x=fixed_x)
    known = baseline.baseline_tests(fit.model).plain
    table = baseline.baseline_table(fit.table)
    model = bind_model(fit.plan, table, compile_structure(table), fit.sample)
    start = np.array([[1.5 if r.op == "~~" and r.lhs == r.rhs else 0.0 for r in table.rows]])
    found = fitted_at(model, minimise(model.objective, model.objective.map.alpha(start))).test
    assert known.df == found.df
    assert known.statistic == pytest.approx(found.statistic, rel=1e-9)
