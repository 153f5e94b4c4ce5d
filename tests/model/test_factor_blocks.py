"""Reading efa() blocks, and what they make of the parameter table."""

from __future__ import annotations

import pytest

from loyaltysem.core.errors import ModelSpecificationError, ModelSyntaxError
from loyaltysem.model.factor_blocks import echelon, factor_blocks
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.syntax import parse

TWO = 'efa("b")*f1 + efa("b")*f2 =~ x1 + x2 + x3 + x4'


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        "efa(b)*f1 + efa(b)*f2 =~ x1 + x2 + x3 + x4",
        'efa("b")*f1 =~ x1 + x2 + x3 + x4\nefa("b")*f2 =~ x4 + x3 + x2 + x1',
        'efa("b")*f1 +\n  efa("b")*f2 =~ x1 + x2\nefa("b")*f1 + efa("b")*f2 =~ x3 + x4',
    ],
)
def test_ways_to_write_a_block(text: str) -> None:
    (block,) = factor_blocks(parse(text))
    assert (block.name, block.factors) == ("b", ("f1", "f2"))
    assert block.items == ("x1", "x2", "x3", "x4")
    assert block.rotated


def test_blocks_stand_beside_other_factors() -> None:
    text = TWO + '\ng =~ y1 + y2 + y3\nefa("c")*h =~ z1 + z2 + z3\ng ~ f1 + f2 + h'
    first, second = factor_blocks(parse(text))
    assert second.factors == ("h",)
    assert not second.rotated
    table = parameter_table(parse(text), Defaults())
    assert table.blocks == (first, second)
    by_name = {r.name: r for r in table.rows}
    assert by_name["g=~y1"].marker
    assert by_name["f1=~x1"].free
    assert by_name["h=~z1"].free
    assert by_name["f1~~f1"].value == 1.0
    assert by_name["f1~~f2"].free
    assert by_name["f1~~h"].free


def test_orthogonal_blocks_and_echelon_form() -> None:
    table = parameter_table(parse(TWO), Defaults(orthogonal_blocks=True))
    assert next(r for r in table.rows if r.name == "f1~~f2").value == 0.0
    oblique = parameter_table(parse(TWO), Defaults())
    fixed = [r.name for r in echelon(oblique.rows, oblique.blocks) if not r.free]
    assert fixed == ["f2=~x1", "f1~~f1", "f2~~f2", "f1~~f2"]


def test_endogenous_factors_of_a_block_covary() -> None:
    table = parameter_table(parse(TWO + "\nf1 + f2 ~ z\ny ~ f1 + f2"), Defaults())
    assert next(r for r in table.rows if r.name == "f1~~f2").free


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('efa("b")*f1 + efa("b")*f2 =~ x1 + x2', "spec.efa_items"),
        ('efa("b")*f1 =~ x1 + x2 + x3\nefa("b")*f2 =~ x2 + x3 + x4', "spec.efa_items"),
        ('efa("b")*f1 + efa("b")*f2 =~ 1*x1 + x2 + x3', "spec.efa_modifier"),
        ('efa("b")*f1 + efa("b")*f2 =~ a*x1 + x2 + x3', "spec.efa_modifier"),
        ('efa("b")*f1 ~ x1', "spec.efa_operator"),
        (TWO + '\nefa("c")*f1 =~ z1 + z2 + z3', "spec.efa_factor"),
        (TWO + "\nf1 =~ z1", "spec.efa_factor"),
        (TWO + "\nf1 ~~ 0.3*f2", "spec.efa_covariance"),
        (TWO + "\nf1 ~~ f1", "spec.efa_covariance"),
    ],
)
def test_blocks_that_cannot_be(text: str, code: str) -> None:
    with pytest.raises(ModelSpecificationError) as caught:
        parameter_table(parse(text), Defaults())
    assert caught.value.code == code
    assert caught.value.span is not None
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        'efa("b"*f1 =~ x1 + x2',
        'efa("b")f1 =~ x1 + x2',
        "efa()*f1 =~ x1 + x2",
        'efa("b")* =~ x1 + x2',
        'efa(" ")*f1 =~ x1 + x2',
        'f1 * efa("b") =~ x1',
        "efa( =~ x1",
    ],
)
def test_blocks_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse(text)
    assert caught.value.span is not None


def test_a_variable_may_be_called_efa() -> None:
    (relation,) = parse("efa =~ x1 + x2")
    assert relation.lhs[0].name == "efa"  # type: ignore[union-attr]  # a relation by its text
    assert relation.lhs[0].block == ""  # type: ignore[union-attr]  # as above
