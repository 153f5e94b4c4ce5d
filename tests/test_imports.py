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


@pytest.mark.parametrize("first", ["import loyaltysem.report.report", "ls.cfa"])
def test_a_public_name_is_never_hidden_by_the_room_of_that_name(first: str) -> None:
    """`sem` and `report` are functions of the door and also rooms, whatever is imported first."""
    check = "print(callable(ls.sem), callable(ls.report))"
    assert _run(f"import loyaltysem as ls\n{first}\n{check}").split() == ["True", "True"]


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
