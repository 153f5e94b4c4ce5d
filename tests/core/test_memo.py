"""Remembered properties are computed once an object, and never shared between objects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from loyaltysem.core.memo import remembered


@dataclass(frozen=True, slots=True)
class Counted:
    value: int
    calls: list[int] = field(default_factory=list, compare=False)
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @remembered
    def double(self) -> int:
        self.calls.append(self.value)
        return 2 * self.value


def test_computed_once() -> None:
    found = Counted(3)
    assert (found.double, found.double) == (6, 6)
    assert found.calls == [3]


def test_a_changed_copy_computes_anew() -> None:
    found = Counted(3)
    assert found.double == 6
    assert replace(found, value=5).double == 10


def test_objects_stay_equal() -> None:
    a, b = Counted(3), Counted(3)
    assert a.double == 6
    assert a == b


def test_on_the_class_it_is_itself() -> None:
    assert isinstance(Counted.double, remembered)
