"""A population's text without its values is the model one fits."""

from __future__ import annotations

import pytest

from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.population_text import analysis_text
from loyaltysem.model.syntax import parse


@pytest.mark.parametrize(
    ("text", "analysis"),
    [
        ("f =~ 0.8*x1 + 0.7*x2 + .6*x3", "f =~ x1 + x2 + x3"),
        ("f =~ 1*x1 + 0.7*x2 + -0.6*x3", "f =~ 1*x1 + x2 + x3"),
        ("y ~ 0*x + 0.3*z", "y ~ 0*x + z"),
        ("y ~ start(1)*x + start(0)*z", "y ~ x + z"),
        ("y ~ b*0.3*x; ind := b*2", "y ~ b*x\nind := b*2"),
        ("y ~ 0.3*b*x + b*z; b > 0", "y ~ b*x + b*z\nb > 0"),
        ('y ~ "my label"*0.3*x', 'y ~ "my label"*x'),
        ("y ~ c(0.3, 0.4)*x", "y ~ x"),
        ("y ~ c(0, 0.4)*x", "y ~ c(0, NA)*x"),
        ("y ~ c(a, b)*c(0.1, 0.2)*x", "y ~ c(a, b)*x"),
        ("y ~ lower(0)*0.3*x", "y ~ lower(0)*x"),
        ("x ~ 3*1; x + y ~~ .5*z", "x ~ 1\nx + y ~~ z"),
        ("f =~ 0.8*x1 + 0.7*x2 + 0.6*x3; f ~~ 1*f", "f =~ NA*x1 + x2 + x3\nf ~~ 1*f"),
        ("f =~ a*0.8*x1 + 0.7*x2; f ~~ 1*f", "f =~ a*x1 + x2\nf ~~ 1*f"),
        ("f =~ 0.8*x1; f =~ 0.7*x2; f ~~ 1*f", "f =~ NA*x1\nf =~ x2\nf ~~ 1*f"),
    ],
)
def test_values_go_and_restrictions_stay(text: str, analysis: str) -> None:
    assert analysis_text(text) == analysis
    parse(analysis)


def test_group_blocks_stay() -> None:
    text = "group: a\ny ~ 0.3*x\ngroup: b\ny ~ 0.5*x"
    assert analysis_text(text) == 'group: "a"\ny ~ x\ngroup: "b"\ny ~ x'


def test_a_label_on_a_free_first_loading_keeps_it_free() -> None:
    # a label alone does not free a marker: lavaan fixes it, and so do we
    table = parameter_table(parse(analysis_text("f =~ 0.8*x1 + 0.7*x2 + 0.7*x3; f ~~ 1*f")),
                            Defaults())  # fmt: skip
    assert [r.name for r in table.rows if r.free][:3] == ["f=~x1", "f=~x2", "f=~x3"]
