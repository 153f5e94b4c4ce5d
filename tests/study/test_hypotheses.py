import math

import pytest

from loyaltysem.study.hypotheses import two_sided, verdict


@pytest.mark.parametrize(
    ("estimate", "p", "expected", "result"),
    [
        (0.3, 0.049, "+", "supported"),
        (0.3, 0.05, "+", "not supported"),
        (-0.3, 0.001, "+", "not supported"),
        (-0.3, 0.001, "-", "supported"),
        (0.3, 0.001, "-", "not supported"),
        (-0.3, 0.001, "≠0", "supported"),
        (0.3, math.nan, "≠0", "not testable"),
        (math.nan, 0.01, "+", "not testable"),
    ],
)
def test_verdict(estimate, p, expected, result):
    assert verdict(estimate, p, expected) == result


def test_two_sided_claims_for_paths():
    first, second = two_sided([("Y", "X"), ("Z", "Y")])
    assert (first.key, first.lhs, first.op, first.rhs, first.expected) == (
        "P1",
        "Y",
        "~",
        "X",
        "≠0",
    )
    assert second.key == "P2"
