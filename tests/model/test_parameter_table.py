from __future__ import annotations

import pytest

from loyaltysem.core.errors import ModelSpecificationError
from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.syntax import parse


def table(text: str, groups: tuple[str, ...] = ("",), **defaults: bool) -> ParameterTable:
    return parameter_table(parse(text), Defaults(**defaults), groups)


def free(t: ParameterTable) -> list[str]:
    return [r.name for r in t.rows if r.free]


def fixed(t: ParameterTable) -> dict[str, float]:
    return {r.name: r.value for r in t.rows if not r.free and not r.exogenous}


TWO = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\n"


def test_marker_and_std_lv() -> None:
    assert fixed(table(TWO)) == {"f=~x1": 1.0, "g=~x4": 1.0}
    assert fixed(table(TWO, std_lv=True)) == {"f~~f": 1.0, "g~~g": 1.0}
    assert fixed(table("f =~ NA*x1 + x2 + x3\nf ~~ 1*f")) == {"f~~f": 1.0}
    assert "f=~x2" in fixed(table("f =~ x1 + 0.8*x2 + x3"))


def test_labelled_marker_stays_fixed() -> None:
    assert fixed(table("f =~ a*x1 + x2 + x3"))["f=~x1"] == 1.0


def test_covariances_of_exogenous_latents_and_outcomes() -> None:
    t = table(TWO + "h =~ x7 + x8 + x9\nk =~ y1 + y2\nh ~ f + g\nk ~ f")
    assert {"f~~g", "h~~k"} <= set(free(t))
    assert not {"f~~h", "f~~k"} & set(free(t))
    assert "f~~g" in fixed(table(TWO, orthogonal=True))


def test_fixed_and_random_x() -> None:
    text = "y ~ x + w"
    assert sum(r.exogenous for r in table(text).rows) == 3
    assert free(table(text, fixed_x=False)) == ["y~x", "y~w", "y~~y", "x~~x", "x~~w", "w~~w"]
    t = table("y ~ x + w\nx ~~ x")
    assert t.roles.randomised == ("x",)
    assert [r.name for r in t.rows if r.exogenous] == ["w~~w"]


def test_means_appear_when_the_text_speaks_of_them() -> None:
    assert not any(r.op == "~1" for r in table(TWO).rows)
    t = table(TWO + "f ~ 1")
    assert "f~1" in free(t) and fixed(t)["g~1"] == 0.0 and "x1~1" in free(t)


def test_single_indicator_has_no_residual_unless_the_user_gives_one() -> None:
    assert fixed(table("f =~ x1\ng =~ x2 + x3 + x4"))["x1~~x1"] == 0.0
    assert "x1~~x1" in free(table("f =~ x1\nx1 ~~ x1\ng =~ x2 + x3 + x4"))


def test_equal_labels_share_a_parameter() -> None:
    t = table("f =~ x1 + a*x2 + a*x3")
    numbers = dict(zip((r.name for r in t.rows), t.free_index(), strict=True))
    assert numbers["f=~x2"] == numbers["f=~x3"]


def test_repeated_modifiers_join() -> None:
    t = table("f =~ x1 + x2 + x3\nf =~ a*x2 + start(0.4)*x2")
    row = next(r for r in t.rows if r.name == "f=~x2")
    assert row.label == "a" and row.start == 0.4


def test_groups_repeat_the_model_with_their_own_values() -> None:
    t = table("f =~ x1 + c(0.5, NA)*x2 + x3", groups=("a", "b"))
    values = {(r.name, r.group): (r.free, r.value) for r in t.rows}
    assert values["f=~x2", 1] == (False, 0.5)
    assert values["f=~x2", 2][0]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("y ~ a*x\nind := a*c", "spec.unknown_label", 2),
        ("y ~ a*x\na := 2*a", "spec.defined_twice", 2),
        ("f =~ c(1,2)*x1 + x2", "spec.group_values", 1),
        ("f =~ x1 + 1", "spec.intercept", 1),
        ("f <~ x1 + x2", "spec.operator", 1),
        ("f =~ x1 + a*x2\n2 > 1", "spec.constraint", 2),
    ],
)
def test_faults_point_home(text: str, code: str, line: int) -> None:
    with pytest.raises(ModelSpecificationError) as caught:
        table(text)
    assert caught.value.code == code
    assert caught.value.span is not None and caught.value.span.line == line


def test_fixed_thresholds_must_rise() -> None:
    defaults = Defaults(thresholds=(("x1", 3),))
    parameter_table(parse("f =~ x1 + x2 + x3\nx1 | -1*t1 + 0*t3"), defaults)
    with pytest.raises(ModelSpecificationError) as caught:
        parameter_table(parse("f =~ x1 + x2 + x3\nx1 | 1*t1 + 0.5*t3"), defaults)
    assert caught.value.code == "spec.threshold_order"
    assert caught.value.span is not None and caught.value.span.line == 2
    assert "t1 is fixed at 1 and t3 at 0.5" in caught.value.message
