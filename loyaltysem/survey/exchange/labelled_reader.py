"""Reads one .sav or .dta file in a process of its own; run by `labelled`, never imported.

The C library behind pyreadstat ends its whole process on some damaged files. Here that process is
this one: the caller is told by the exit code, and goes on.

Usage: python -P labelled_reader.py FILE PROGRAM MOST_CELLS USER_MISSING MOST_MEMORY
Writes JSON: rows, columns, and unless those are too many, names, cells (by column) and labels.
"""

import json
import sys
from collections.abc import Iterable
from datetime import date
from typing import Any


def limit_memory(most: int) -> None:
    """Bound the memory of this process where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def plain(cells: Iterable[Any]) -> list[Any]:
    """Return cells as JSON holds them."""
    return [
        str(cell) if isinstance(cell, date) else None if cell != cell else cell
        for cell in (c.item() if hasattr(c, "item") else c for c in cells)
    ]


def labels(meta: Any) -> dict[str, Any]:
    """Return what the file says of its variables."""
    ranges = meta.missing_ranges or {}
    values = meta.variable_value_labels
    return {
        "title": meta.file_label or "",
        "labels": meta.column_names_to_labels,
        "values": {name: [[k, v] for k, v in found.items()] for name, found in values.items()},
        "measures": meta.variable_measure,
        "types": meta.readstat_variable_types,
        "missing": {name: [[r["lo"], r["hi"]] for r in found] for name, found in ranges.items()},
    }


def main(path: str, program: str, most_cells: str, user_missing: str, most_memory: str) -> None:
    """Read the file and print it."""
    import pyreadstat

    limit_memory(int(most_memory))
    read = {"sav": pyreadstat.read_sav, "dta": pyreadstat.read_dta}[program]
    _, head = read(path, metadataonly=True)
    rows, columns = head.number_rows or 0, head.number_columns or 0
    found: dict[str, Any] = {"rows": rows, "columns": columns}
    if 0 <= rows * columns <= int(most_cells):
        keep = user_missing == "yes"
        cells, meta = read(path, output_format="dict", user_missing=keep)
        found |= {"names": list(cells), "cells": [plain(c) for c in cells.values()], **labels(meta)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
