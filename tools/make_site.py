"""Lay out the pages of the documentation site: guides, notebooks with their outputs, the API.

    python tools/make_site.py build/site_pages          # runs every notebook
    python tools/make_site.py build/site_pages --no-run  # code without outputs, in a second

`mkdocs build --strict` then makes the site; `make docs` does both. Pages keep their places relative
to each other, so links work in the checkout and in the site; those to notebooks are renamed.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import sys
from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: What pages link to outside docs/.
BESIDE = ("CHANGELOG.md", "CITATION.cff", "LICENSE", "benchmarks/README.md", "data/README.md")
#: Room of the package -> heading of its page.
ROOMS = {
    "survey": "Surveys",
    "estimation": "Models",
    "analysis": "Analyses of surveys",
    "clv": "Customers and their value",
    "study": "Studies and audits",
    "reporting": "Pictures and reports",
}
NOTEBOOK_LINK = re.compile(r"(\]\([^)\s]*notebooks/[^)\s]+|\]\(\d\d_[^)\s]+)\.py\)")
#: A line end between Chinese characters, or after a Chinese sign of punctuation within a paragraph.
CHINESE_LINE_END = re.compile(
    "[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]\n[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]"
    "|[\u3000-\u303f\uff00-\uffef]\n(?:[A-Za-z\\[]|\\*\\*)"
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def main() -> None:
    """Write all pages into the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--no-run", action="store_true", help="notebooks without outputs")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.target, ignore_errors=True)
    lay_out(arguments.target)
    for source in sorted((ROOT / "notebooks").glob("*.py")):
        page = notebook_page(source, arguments.target / "notebooks", run=not arguments.no_run)
        print(page.relative_to(arguments.target), file=sys.stderr, flush=True)
    write_api(arguments.target / "api")


def lay_out(target: Path) -> None:
    """Copy guides and what they link to; the start page stands at the top."""
    shutil.copytree(ROOT / "docs", target / "docs")
    for name in (*BESIDE, *(f"data/{p.name}" for p in (ROOT / "data").glob("*.yaml"))):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    for page in target.rglob("*.md"):
        page.write_text(_prose(page.read_text("utf-8")), "utf-8")
    start = target / "docs" / "index.md"
    text = re.sub(r"\]\((?!\.\./|https?:|#)", "](docs/", start.read_text("utf-8"))
    (target / "index.md").write_text(text.replace("](../", "]("), "utf-8")
    start.unlink()


def _prose(markdown: str) -> str:
    """Return Markdown with links to pages of the site, its Chinese lines joined."""
    return NOTEBOOK_LINK.sub(r"\1.md)", _joined(markdown))


def _joined(markdown: str) -> str:
    """Join lines of a Chinese paragraph: browsers show a line end as a blank."""
    lines: list[str] = []
    is_code = goes_on = False
    for line in markdown.split("\n"):
        is_code ^= line.startswith("```")
        if goes_on and not is_code and CHINESE_LINE_END.search(f"{lines[-1][-1:]}\n{line}"):
            lines[-1] += line
        else:
            lines.append(line)
        goes_on = not is_code and not line.startswith(("#", "|", "```"))
    return "\n".join(lines)


def notebook_page(source: Path, folder: Path, *, run: bool) -> Path:
    """Write one notebook as Markdown, its pictures beside it."""
    import jupytext

    notebook = jupytext.read(source)
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    if run:
        from nbclient import NotebookClient

        os.environ |= {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
        where = {"metadata": {"path": str(work)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    shutil.rmtree(work)
    pictures = folder / source.stem
    parts = [_cell(cell, pictures, number) for number, cell in enumerate(notebook.cells)]
    page = folder / f"{source.stem}.md"
    page.write_text("\n\n".join(part for part in parts if part) + "\n", "utf-8")
    return page


def _cell(cell: Any, pictures: Path, number: int) -> str:
    if cell.cell_type == "markdown":
        return _prose(cell.source)
    if cell.cell_type != "code":
        return ""
    source = re.sub(r"^%matplotlib inline\n", "", cell.source)
    shown = [_output(o, pictures, f"{number}_{k}") for k, o in enumerate(cell.get("outputs", ()))]
    return "\n\n".join([f"```python\n{source}\n```", *filter(None, shown)])


def _output(output: Any, pictures: Path, name: str) -> str:
    """Return an output as Markdown: a picture, a table, or text."""
    data = output.get("data", {})
    if "image/png" in data:
        pictures.mkdir(exist_ok=True)
        (pictures / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
        return f"![picture]({pictures.name}/{name}.png)"
    if "text/html" in data:
        return f'<div class="output">{_one_block("".join(data["text/html"]))}</div>'
    text = "".join(output.get("text", data.get("text/plain", "")))
    return f'<pre class="output">{_one_block(escape(ANSI.sub("", text)))}</pre>' if text else ""


def _one_block(html: str) -> str:
    """Keep blank lines from ending a block of HTML in Markdown."""
    without_style = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r"\n\s*\n", "\n&#8203;\n", without_style.strip("\n"))


def write_api(folder: Path) -> None:
    """Write a page for each room with its public functions, and one for `ls.clv`."""
    sys.path.insert(0, str(ROOT))
    import loyaltysem
    from loyaltysem import clv

    rooms: dict[str, list[str]] = defaultdict(list)
    for name in sorted(loyaltysem._HOMES):
        home = loyaltysem._HOMES[name]
        rooms[home.split(".")[0]].append(_entry(f"ls.{name}", f"loyaltysem.{home}.{name}"))
    for name in sorted(clv._HOMES):
        home = f"loyaltysem.clv.{clv._HOMES[name]}.{name}"
        rooms["clv"].append(_entry(f"ls.clv.{name}", home))
    rooms["estimation"].append(
        _entry("SEMResult", "loyaltysem.estimation.result.SEMResult", members=True)
    )
    rooms["clv"].append(
        _entry("Transactions", "loyaltysem.clv.transactions.Transactions", members=True)
    )
    folder.mkdir(parents=True)
    for room, title in ROOMS.items():
        text = "\n\n".join([f"# {title}", "`import loyaltysem as ls`", *rooms[room]])
        (folder / f"{room}.md").write_text(text + "\n", "utf-8")


def _entry(shown: str, identifier: str, *, members: bool = False) -> str:
    options = ["heading_level: 2", f'heading: "{shown}"', f'toc_label: "{shown}"']
    if members:
        options += ["members: null", "inherited_members: true"]
    lines = "".join(f"\n        {option}" for option in options)
    return f"::: {identifier}\n    options:{lines}"


if __name__ == "__main__":
    main()
