from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.model.expression import ExpressionParser, evaluate
from loyaltysem.model.tokens import tokenise

FORMULAS = [
    "a*b", "a + b - 2*a/b", "-a^2", "a^b", "2^-a", "exp(a)*log(b)", "sqrt(a^2 + b^2)", "abs(-a)",
    "sin(a) + cos(b)*tan(a/4)", "tanh(a)*(b - 1)", "a**3", "(a + b)^(1/2)", "a - (b - (a - b))",
]  # fmt: skip


def at(formula: str, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unit = np.eye(2)
    environment = {
        "a": (a, np.tile(unit[0], (len(a), 1))),
        "b": (b, np.tile(unit[1], (len(b), 1))),
    }
    return evaluate(ExpressionParser(tokenise(formula), 0).parse(), environment)


@pytest.mark.parametrize("formula", FORMULAS)
def test_value_and_gradient(formula: str) -> None:
    a, b, h = np.array([0.7, 1.3]), np.array([2.1, 0.4]), 1e-6
    value, gradient = at(formula, a, b)
    names = {"a": a, "b": b, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "abs": np.abs,
             "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh}  # fmt: skip
    expected = eval(formula.replace("^", "**"), {"__builtins__": {}}, names)  # noqa: S307  # oracle
    np.testing.assert_allclose(value, expected)
    numeric = np.stack(
        [
            (at(formula, a + h, b)[0] - at(formula, a - h, b)[0]) / (2 * h),
            (at(formula, a, b + h)[0] - at(formula, a, b - h)[0]) / (2 * h),
        ],
        axis=1,
    )
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-7)


def test_undefined_values_are_not_errors() -> None:
    value, _ = at("log(a - 5) + a/(b - b)", np.array([1.0]), np.array([2.0]))
    assert not np.isfinite(value).all()
