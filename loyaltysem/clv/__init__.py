"""Customer lifetime value and behavioural loyalty from a log of orders.

Functions are loaded when they are first asked for, as at the package's door.
"""

from __future__ import annotations

from importlib import import_module

_HOMES: dict[str, str] = {}

__all__: list[str] = []


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
