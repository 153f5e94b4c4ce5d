"""The pages of the site: all there, linked, and asking nothing of any network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

import loyaltysem
from loyaltysem import clv

ROOT = Path(__file__).parent.parent
CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site") / "pages"
    command = [sys.executable, str(ROOT / "tools" / "make_site.py"), str(target), "--no-run"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


def _leaves(nav: Any) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else _leaves(value)


def test_every_page_is_in_the_contents(pages: Path) -> None:
    listed = set(_leaves(yaml.safe_load(CONFIG)["nav"]))
    assert listed == {str(page.relative_to(pages)) for page in pages.rglob("*.md")}


def test_links_within_the_site_resolve(pages: Path) -> None:
    broken = [
        f"{page.relative_to(pages)}: {target}"
        for page in pages.rglob("*.md")
        for target in LINK.findall(
            re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        )
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_chinese_paragraphs_have_no_blank_where_a_line_ended(pages: Path) -> None:
    for name in ("docs/zh/index.md", "notebooks/01_quick_start_zh.md"):
        text = re.sub(r"```.*?```", "", (pages / name).read_text("utf-8"), flags=re.DOTALL)
        assert not re.findall("[\u4e00-\u9fff。，；：）]\n[\u4e00-\u9fff（]", text), name
    assert "## 安装与运行\n\n" in (pages / "docs" / "zh" / "index.md").read_text("utf-8")


def test_every_public_name_has_an_entry(pages: Path) -> None:
    api = "\n".join(page.read_text("utf-8") for page in (pages / "api").glob("*.md"))
    names = [f"ls.{name}" for name in loyaltysem._HOMES] + [f"ls.clv.{n}" for n in clv._HOMES]
    assert [name for name in names if f'heading: "{name}"' not in api] == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert yaml.safe_load(CONFIG)["theme"]["font"] is False
    assert "://" not in CONFIG
    assert "url(" not in (ROOT / "docs" / "site.css").read_text(encoding="utf-8")


def test_the_site_builds(pages: Path, tmp_path: Path) -> None:
    if not (find_spec("mkdocs") and find_spec("mkdocstrings_handlers")):
        pytest.skip("needs mkdocs (loyaltysem[docs])")
    config = tmp_path / "mkdocs.yml"
    here = CONFIG.replace("build/site_pages", str(pages)).replace("out/site", str(tmp_path / "out"))
    config.write_text(here.replace("paths: [.]", f"paths: ['{ROOT}']"), "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(config)]
    done = subprocess.run(
        command, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    html = "\n".join(page.read_text("utf-8") for page in (tmp_path / "out").rglob("*.html"))
    assert not re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="https?://[^"]*"', html)
