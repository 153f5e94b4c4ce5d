"""A YAML document that remembers its line numbers, read through a cursor that collects faults.

A questionnaire is written by hand, so a reader that stops at the first slip would have to be run
once per slip. `Cursor` notes every fault with its line and carries on with a harmless value; who
holds the list decides when to raise.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from loyaltysem.core.errors import did_you_mean
from loyaltysem.core.text import LANGUAGES, Text

Path: TypeAlias = tuple[str | int, ...]
LONGEST = 300_000
"""Characters of a document: a questionnaire of a thousand items has fewer."""
MOST_BYTES = 4 * LONGEST
"""UTF-8 takes up to four a character."""
DEEPEST = 40
MOST_LISTED = 20
"""Faults in one message."""
SHOWN = 400
"""Characters of a fault's place and message."""
ALIAS = "YAML aliases (*name) are not supported; write it out."


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a document, and where."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where}: {self.message}" if self.where else self.message


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return faults by line, each once."""
    return tuple(dict.fromkeys(sorted(faults, key=lambda fault: fault.line)))


def listed(faults: Sequence[Fault], file_name: str, what: str) -> str:
    """Return the message that lists the faults of a document, the first 20 of them."""
    shown = [f"  {fault}" for fault in faults[:MOST_LISTED]]
    if len(faults) > MOST_LISTED:
        shown.append(f"  … and {len(faults) - MOST_LISTED} more.")
    count = f"{len(faults)} problem" + ("s" if len(faults) > 1 else "")
    return "\n".join([f"{file_name}: {count} in {what}:", *shown])


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value inside a document, its path, and the shared list of faults.

    Parameters
    ----------
    value : object
        What stands there: mapping, list, string, number, bool or None.
    path : tuple of str and int
        Keys and list positions from the root.
    lines : mapping
        Line number of every path, counted from 1.
    faults : list of Fault
        Shared by all cursors of one document.
    """

    value: Any
    path: Path
    lines: Mapping[Path, int]
    faults: list[Fault]

    @property
    def line(self) -> int:
        """Line of this value, or of the nearest thing around it."""
        path = self.path
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(self, message: str) -> None:
        """Note a fault at this place."""
        self.faults.append(Fault(self.line, _short(_dotted(self.path)), _short(message)))

    def at(self, key: str | int) -> Cursor:
        """Return the cursor of a field; its value is None when there is none."""
        children = self.value if isinstance(self.value, dict) else {}
        return replace(self, value=children.get(key), path=(*self.path, key))

    def fields(
        self, *, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> dict[str, Cursor]:
        """Return the known fields present; note unknown and missing ones."""
        if not isinstance(self.value, dict):
            self.fault(f"expected a mapping of {_listed(required)}, found {_shown(self.value)}.")
            return {}
        known = [*required, *optional]
        for key in self.value:
            if key not in known:
                near = did_you_mean(str(key), known) or f"Known keys: {_listed(known)}."
                if self.value[key] is None:  # what YAML makes of {en: First, second}
                    near += " A text with a comma must be in quotes."
                self.at(key).fault(f"unknown key '{key}'. {near}")
        for key in required:
            if self.value.get(key) is None:
                self.fault(f"'{key}' is missing.")
        return {key: self.at(key) for key in known if self.value.get(key) is not None}

    def entries(self) -> Iterator[tuple[Any, Cursor]]:
        """Iterate over the pairs of a mapping whose keys are free names."""
        if not isinstance(self.value, dict):
            self.fault(f"expected a mapping, found {_shown(self.value)}.")
            return
        yield from ((key, self.at(key)) for key in self.value)

    def elements(self) -> Iterator[Cursor]:
        """Iterate over a list."""
        if not isinstance(self.value, list):
            self.fault(f"expected a list, found {_shown(self.value)}.")
            return
        for k, value in enumerate(self.value):
            yield replace(self, value=value, path=(*self.path, k))

    def string(self, fallback: str = "") -> str:
        """Return a non-empty string."""
        if isinstance(self.value, str) and self.value.strip():
            return self.value.strip()
        quoted = " Put it in quotes." if isinstance(self.value, int | float) else ""
        self.fault(f"expected a text, found {_shown(self.value)}.{quoted}")
        return fallback

    def number(self) -> float | None:
        """Return a finite number."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            number = float(self.value) if abs(self.value) <= sys.float_info.max else float("nan")
            if math.isfinite(number):
                return number
        self.fault(f"expected a number, found {_shown(self.value)}.")
        return None

    def boolean(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.fault(f"expected true or false, found {_shown(self.value)}.")
        return self.value is True

    def one_of(self, choices: Collection[str], what: str) -> str | None:
        """Return the string if it is among `choices`."""
        name = self.string()
        if name and name not in choices:
            near = did_you_mean(name, choices) or f"Known: {_listed(choices)}."
            self.fault(f"'{name}' is not {what}. {near}")
        return name if name in choices else None

    def bilingual(self) -> Text:
        """Return a text in both languages, written ``{en: …, zh: …}``."""
        parts = {key: part.string() for key, part in self.fields(required=LANGUAGES).items()}
        return Text(parts.get("en", ""), parts.get("zh", ""))


def parse_as_written(source: str) -> Cursor:
    """Parse YAML whose numbers stay the text they are written as: ``.90`` keeps its zero."""
    return _parsed(source, _loader(as_written=True))[0]


def as_cursor(value: object) -> Cursor:
    """Return a cursor at the root of plain Python data, which have no lines."""
    return Cursor(value, (), {}, [])


def parse(source: str) -> tuple[Cursor, list[Fault]]:
    """Parse YAML into a cursor at its root, with the list its faults will be noted in.

    Notes
    -----
    Only plain data are built (`yaml.safe_load`'s constructor). Aliases are refused: a hand-written
    questionnaire has no need of them, and a few nested ones can expand without bound. So are texts
    longer than `LONGEST`, and documents nested deeper than `DEEPEST`.
    """
    return _parsed(source, _loader())


def _parsed(source: str, reader: type[Any]) -> tuple[Cursor, list[Fault]]:
    import yaml

    faults: list[Fault] = []
    lines: dict[Path, int] = {}
    value: Any = None
    if len(source) > LONGEST:
        faults.append(Fault(1, "YAML", f"longer than {LONGEST:,} characters."))
        return Cursor(None, (), lines, faults), faults
    try:
        loader = reader(source)
        node = loader.get_single_node()
        _record_lines(node, (), lines, faults)
        value = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        where = "*" if problem == ALIAS else "YAML"
        faults.append(Fault(line, where, problem if problem == ALIAS else f"{problem}."))
    except (ValueError, OverflowError) as error:  # such as the date 2026-02-30
        faults.append(Fault(1, "YAML", f"{error}."))
    return Cursor(value, (), lines, faults), faults


@cache
def _loader(as_written: bool = False) -> type[Any]:
    """Return a loader of plain data that refuses aliases and deep nesting where they stand."""
    import yaml

    def refuse(loader: Any, problem: str) -> None:
        mark = loader.peek_event().start_mark
        raise yaml.composer.ComposerError(None, None, problem, mark)

    class PlainLoader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                refuse(self, ALIAS)
            if self.depth > DEEPEST:
                refuse(self, "nested too deeply")
            self.depth += 1
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    if as_written:
        for kind in ("int", "float"):
            PlainLoader.add_constructor(f"tag:yaml.org,2002:{kind}", _as_written)
    return PlainLoader


def _as_written(_loader: Any, node: Any) -> str:
    return str(node.value)


def _record_lines(node: Any, path: Path, lines: dict[Path, int], faults: list[Fault]) -> None:
    """Note the line of every value below `node`, and keys given twice (YAML keeps the last)."""
    if node is None:
        return
    lines.setdefault(path, node.start_mark.line + 1)
    if node.id == "sequence":
        for k, child in enumerate(node.value):
            _record_lines(child, (*path, k), lines, faults)
    elif node.id == "mapping":
        for key_node, child in node.value:
            integer = key_node.tag == "tag:yaml.org,2002:int"
            key = _integer(key_node.value) if integer else str(key_node.value)
            below = (*path, key)
            if below in lines:
                line = key_node.start_mark.line + 1
                faults.append(Fault(line, _dotted(below), "this key is given twice."))
            lines[below] = key_node.start_mark.line + 1
            _record_lines(child, below, lines, faults)


def _integer(text: str) -> str | int:
    try:
        return int(text)
    except ValueError:
        return text


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _dotted(path: Path) -> str:
    """Write a path as people read it: ``constructs[1].items[0].text``."""
    parts = (f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return "".join(parts).removeprefix(".")


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "names"


def _shown(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "nothing"}
    return kinds.get(type(value), repr(value))
