"""Which paths a mediator's own variance alone identifies."""

from __future__ import annotations

import pytest

from loyaltysem.model.mediation import mediations
from loyaltysem.model.parameter_table import parameter_table
from loyaltysem.model.parameters import Defaults
from loyaltysem.model.syntax import parse

FACTORS = "\n".join(f"{f} =~ {f}1 + {f}2 + {f}3" for f in "xmny")


def named(text: str, defaults: Defaults | None = None, groups: str = "a") -> list[str]:
    table = parameter_table(parse(f"{FACTORS}\n{text}"), defaults or Defaults(), tuple(groups))
    names: dict[int, str] = {}
    for row, number in zip(table.rows, table.free_index(), strict=True):
        names.setdefault(number, f"{row.name}{row.group if groups != 'a' else ''}")
    return [
        " ".join([names[one.path], names[one.mediator], names[one.outcome]])
        + "".join(f" {names[c]},{names[a]}" for c, a in one.shared)
        for one in mediations(table)
    ]


def test_a_mediator_whose_cause_is_one_of_the_outcome() -> None:
    assert named("m ~ x\ny ~ m + x") == ["y~m m~~m y~~y y~x,m~x"]


def test_the_last_in_a_chain_come_first() -> None:
    found = named("m ~ x\nn ~ m + x\ny ~ m + n + x")
    assert [one.split()[0] for one in found] == ["y~n", "y~m", "n~m"]
    assert found[-1].endswith(" y~n,y~m")  # by then the covariances of y with n and m


def test_outcomes_that_covary_do_so_through_the_mediator_too() -> None:
    found = named("m ~ x\nn ~ m + x\ny ~ m + x\nn ~~ y")
    assert sorted(one.split()[0] for one in found) == ["n~m", "y~m"]
    assert sum("n~~y," in one for one in found) == 1


def test_of_outcomes_that_do_not_covary_one_is_enough() -> None:
    assert len(named("m ~ x\nn ~ m + x\ny ~ m + x\nn ~~ 0*y")) == 1


def test_a_second_order_factor_mediates() -> None:
    assert named("z =~ m + n\nz ~ x\ny ~ z + x") == ["y~z z~~z y~~y y~x,z~x"]


def test_a_latent_mean_of_the_mediator_needs_one_of_the_outcome() -> None:
    means = Defaults(meanstructure=True)
    assert named("m ~ x\ny ~ m + x", means) == ["y~m m~~m y~~y y~x,m~x"]
    assert named("m ~ x + 1\ny ~ m + x", means) == []
    assert named("m ~ x + 1\ny ~ m + x + 1", means) == ["y~m m~~m y~~y y~x,m~x y~1,m~1"]


def test_groups_have_their_own() -> None:
    assert [one.split()[0] for one in named("m ~ x\ny ~ m + x", groups="bc")] == ["y~m1", "y~m2"]


@pytest.mark.parametrize(
    "text",
    [
        "m ~ x\ny ~ m",  # m's cause identifies the path
        "y ~ m + x",  # nothing causes m
        "m ~ x\ny ~ b*m + b*x",  # not free on their own
        "m ~ 0.5*x\ny ~ m + x",
        "m ~ x\ny ~ m + 0.5*x",
        "m ~ x\ny ~ m + x\nm ~~ 1*m",
        "m ~ x\ny ~ m + x\nm ~~ n",  # y would have to covary with n
        "m ~ x\ny ~ m + x\nm ~~ y",
        "m ~ x + y\ny ~ m + x",  # a loop
        "x1 ~ x2\ny1 ~ x1 + x2",  # an observed mediator: its variance is never near 0
    ],
)
def test_others_have_no_pole_or_none_that_can_be_passed(text: str) -> None:
    assert named(text) == []
