"""The numbers of docs/why_own_engine.md are what the other packages print."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "docs/why_own_engine.md"
#: The releases the page was written for; with others it may rightly differ.
MEASURED = {
    "semopy": "2.3.", "pingouin": "0.7.", "factor_analyzer": "0.5.", "pandas": "3.",
    "numpy": "2.", "scikit-learn": "1.9.",
}  # fmt: skip


def _missing() -> str:
    for name, release in MEASURED.items():
        try:
            if not version(name).startswith(release):
                return f"{name} {version(name)} is installed, the page is about {release}"
        except PackageNotFoundError:
            return f"{name} is not installed"
    return ""


def test_every_example_prints_what_the_page_says() -> None:
    if reason := _missing():
        pytest.skip(reason)
    command = [sys.executable, "-m", "doctest", PAGE]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_page_names_the_releases_it_was_run_with() -> None:
    text = " ".join((ROOT / PAGE).read_text(encoding="utf-8").split())
    for name, release in MEASURED.items():
        spelt = {"pandas": "pandas", "numpy": "NumPy"}.get(name, name)
        assert f"{spelt} {release}" in text
