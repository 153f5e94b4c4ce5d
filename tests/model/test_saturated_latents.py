"""Regressions among latent variables become covariances only where nothing is lost by it."""

from __future__ import annotations

import pytest

from loyaltysem.model.parameter_table import ParameterTable, parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.saturated_latents import with_latent_covariances
from loyaltysem.model.syntax import parse

MEASURED = "f =~ x1 + x2 + x3; g =~ y1 + y2 + y3; h =~ z1 + z2 + z3\n"


def table_of(text: str, groups: tuple[str, ...] = ("",), **options: object) -> ParameterTable:
    return parameter_table(parse(MEASURED + text), Defaults(**options), groups)


@pytest.mark.parametrize("std_lv", [False, True])
@pytest.mark.parametrize("text", ["h ~ f + g; g ~ f", "h ~ f + g", "g ~ f; h ~ f"])
def test_complete_structures_keep_their_number_of_parameters(text: str, std_lv: bool) -> None:
    table = table_of(text, std_lv=std_lv)
    changed = with_latent_covariances(table)
    assert not any(r.op == "~" for r in changed.rows)
    assert len(set(changed.free_index())) == len(set(table.free_index()))
    assert {r.key for r in changed.rows if r.op == "~~" and r.lhs != r.rhs} == {
        ("~~", "f", "g"), ("~~", "f", "h"), ("~~", "g", "h")
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "g ~ f; h ~ g",  # f and h are not connected
        "h ~ f + 0.3*g; g ~ f",  # a fixed path
        "h ~ a*f + a*g; g ~ f",  # equal paths
        "h ~ a*f + g; g ~ b*f; a == b",  # a constraint
        "h ~ f + g + w; g ~ f",  # an observed predictor
        "h ~ f; f ~ h; g ~ f",  # a loop in place of a connection
        "h ~ f + g; f ~~ 0*g",  # a fixed covariance
        "k =~ g + h; h ~ f; g ~ f",  # explained by another latent variable too
        "f ~~ g",  # nothing to change
    ],
)
def test_other_structures_stay(text: str) -> None:
    table = table_of(text)
    assert with_latent_covariances(table) is table


def test_several_groups_stay() -> None:
    table = table_of("h ~ f + g; g ~ f", groups=("1", "2"))
    assert with_latent_covariances(table) is table


def test_free_latent_intercepts_stay() -> None:
    table = table_of("h ~ f + g; g ~ f; h ~ 1", meanstructure=True)
    assert with_latent_covariances(table) is table
