"""Properties of frozen objects that are computed when first read and then kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar, overload


class HasMemo(Protocol):
    """An object with somewhere to keep things.

    A frozen, slotted dataclass declares it as
    ``memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)``.
    """

    @property
    def memo(self) -> dict[str, Any]:
        """What was computed so far, by name."""
        ...


S = TypeVar("S", bound=HasMemo)
T = TypeVar("T")


class remembered(Generic[S, T]):
    """Like `functools.cached_property`, for objects without a ``__dict__``.

    The object stays the same for all who look at it: what is kept follows from its fields alone.

    Examples
    --------
    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True, slots=True)
    ... class Square:
    ...     side: float
    ...     memo: dict = field(default_factory=dict, init=False, repr=False, compare=False)
    ...     @remembered
    ...     def area(self):
    ...         print("computing")
    ...         return self.side**2
    >>> square = Square(3)
    >>> square.area, square.area
    computing
    (9, 9)
    """

    def __init__(self, compute: Callable[[S], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...

    @overload
    def __get__(self, instance: S, owner: type[S]) -> T: ...

    def __get__(self, instance: S | None, owner: type[S]) -> Self | T:
        if instance is None:
            return self
        memo = instance.memo
        if self._name not in memo:
            memo[self._name] = self._compute(instance)
        found: T = memo[self._name]
        return found
