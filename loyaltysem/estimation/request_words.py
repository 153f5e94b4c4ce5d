"""Reading the words of a request: names, and choices among them."""

from __future__ import annotations

from collections.abc import Iterable

from loyaltysem.core.errors import IncompatibleRequestError


def words(value: object) -> tuple[str, ...]:
    """Read one word or several.

    Raises
    ------
    IncompatibleRequestError
        If something else than words is among them.
    """
    if isinstance(value, str):
        return (value,)
    if value is None or value is False:
        return ()
    found = list(value) if isinstance(value, Iterable) else [value]
    read = tuple(v for v in found if isinstance(v, str))
    if len(read) == len(found):
        return read
    raise IncompatibleRequestError(
        f"Names were expected, not {value!r}.",
        code="request.names",
        hint="Pass a list of names, such as ['q1', 'q2'].",
    )


def choice(option: str, value: object, allowed: tuple[object, ...]) -> str:
    """Return what is wrong with the choice; nothing if it is one of those allowed."""
    if value in allowed:
        return ""
    return f"{option}={value!r} is not available; choose from {', '.join(map(repr, allowed))}."
