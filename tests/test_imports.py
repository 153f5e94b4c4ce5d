"""Starting is cheap: what is heavy is imported where it is used."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

HEAVY = ("pandas", "scipy", "matplotlib", "jinja2", "yaml", "joblib", "jsonschema")
IMPORT = "import loyaltysem"
HELP = (
    "import contextlib, io, sys\n"
    "from loyaltysem.cli import main\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
    "    main(['--help'])"
)
BARE = "import numpy"


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("start", [IMPORT, HELP], ids=["import", "help"])
def test_starting_imports_nothing_heavy(start: str) -> None:
    loaded = _run(f"{start}\nimport sys\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))").split()
    assert loaded == []


def test_every_public_name_can_be_reached() -> None:
    missing = _run(
        "import loyaltysem as ls\n"
        "print(*[name for name in ls.__all__ if getattr(ls, name, None) is None])"
    ).split()
    assert missing == []


def test_no_public_function_is_hidden_by_a_room_of_its_name() -> None:
    """Importing a module makes its room an attribute of the package; no function may be lost."""
    hidden = _run(
        "import importlib, types, loyaltysem as ls\n"
        "for home in ls._HOMES.values(): importlib.import_module(f'loyaltysem.{home}')\n"
        "print(*[name for name in ls.__all__ if isinstance(getattr(ls, name), types.ModuleType)])"
    ).split()
    assert hidden == []


# A ratio, because seconds depend on the machine; interleaved, because its load drifts.
@pytest.mark.parametrize(("start", "ratio"), [(IMPORT, 1.5), (HELP, 3.0)], ids=["import", "help"])
def test_starting_costs_little_beside_numpy(start: str, ratio: float) -> None:
    spent: dict[str, list[float]] = {BARE: [], start: []}
    for _ in range(5):
        for code, times in spent.items():
            begin = time.perf_counter()
            _run(code)
            times.append(time.perf_counter() - begin)
    assert statistics.median(spent[start]) < ratio * statistics.median(spent[BARE])
