"""The article: no number of its own, every key it asks for is there, the same bytes twice."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ARTICLE = ROOT / "paper" / "article.typ"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paper_build", ROOT / "paper" / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def results() -> dict[str, Any]:
    effect = {"est": 0.5, "se": 0.1, "pvalue": 0.0004, "ci_lower": 0.3, "ci_upper": 0.7,
              "std_all": 0.45}  # fmt: skip
    measures = {"chisq": 678.19, "df": 315, "ntotal": 450, "npar": 63, "pvalue": 0.0, "cfi": 0.892,
                "tli": 0.879, "rmsea": 0.051, "rmsea_ci_lower": 0.045, "rmsea_ci_upper": 0.056,
                "srmr": 0.049}  # fmt: skip
    verdicts = [
        {"hypothesis": f"H{k}", "text_en": "<b>#x $y$", "text_zh": "假设", "verdict": "supported",
         **effect}
        for k in range(1, 6)
    ]  # fmt: skip
    published = [
        {"group": "model", "quantity": name, "label_en": name, "label_zh": name, "printed": 0.89,
         "printed_digits": 2, "reproduced": 0.892, "met": name == "cfi", "note_en": "note"}
        for name in ("cfi", "tli")
    ]  # fmt: skip
    steps = {"sent": 500, "returned": 478, "excluded": 28, "analysed": 450}
    flow = [{"step": step, "count": n, "share": 0.5} for step, n in steps.items()]
    reliability = [{"label_en": "Trust", "n_items": 4, "alpha": 0.81, "alpha_lower": None,
                    "alpha_upper": None, "composite_reliability": 0.81, "ave": 0.5}]  # fmt: skip
    fit = [{"measure": name, "cutoff": "≥ .95"} for name in ("cfi", "rmsea")]
    return {
        "title": {"en": "A title", "zh": "题目"},
        "synthetic": True,
        "provenance": {"data_file": "a.csv", "data_sha256": "0" * 64},
        "model": "F =~ x + y",
        "findings": [],
        "fit_measures": measures,
        "tables": {
            "flow": flow,
            "paths": [{"label": label, **effect} for label in "abc"],
            "defined": [{"name": name, **effect} for name in ("indirect", "total")],
            "hypotheses": verdicts,
            "published": published,
            "reliability": reliability,
            "fit": fit,
            "audit": [{"verdict": word} for word in ("consistent", "inconsistent")],
        },
    }


def test_numbers_are_printed_by_the_house_rules(build: ModuleType) -> None:
    shown = build.displayed(results())
    assert shown["fit"]["cfi"] == ".892" and shown["fit"]["p"] == "p < .001"
    assert shown["paths"]["a"]["ci"] == "[0.30, 0.70]"
    assert shown["tables"]["reliability"][0]["alpha_lower"] == "–"


def test_the_article_types_no_statistic() -> None:
    prose = [
        line
        for line in ARTICLE.read_text("utf-8").splitlines()
        if not line.startswith(("#let", "#set", "#show", "//", " "))
    ]
    assert not re.findall(r"(?<![\w.])\d*\.\d\d", "\n".join(prose))


def test_every_source_is_registered(build: ModuleType) -> None:
    from loyaltysem.core.references import reference

    keys = build._cited_keys(ARTICLE.read_text("utf-8"))
    assert len(keys) > 10
    assert all(reference(key).entry for key in keys)


def test_it_is_built_twice_alike(build: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results()), encoding="utf-8")
    first = build.build(source, tmp_path / "a")
    second = build.build(source, tmp_path / "b")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    pypdf = pytest.importorskip("pypdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(first[0]).pages)
    assert "<b>#x $y$" in text and "678.19" in text and "题目" in text


def test_no_punctuation_after_a_number_is_lost(build: ModuleType, tmp_path: Path) -> None:
    """A semicolon right after a value ends Typst code instead of being printed."""
    assert not re.findall(r"#\w+\([^()]*\)(?:\.\w+)?;", ARTICLE.read_text("utf-8"))


def test_the_word_file_has_headings_captions_and_columns_of_their_own_width(
    build: ModuleType, tmp_path: Path
) -> None:
    docx = pytest.importorskip("docx")
    if shutil.which("pandoc") is None:
        pytest.skip("pandoc is not installed")
    source = tmp_path / "results.json"
    source.write_text(json.dumps(results()), encoding="utf-8")
    _, word = build.build(source, tmp_path)
    made = docx.Document(str(word))
    styles = {p.text: p.style.name for p in made.paragraphs}
    assert styles["Abstract"] == "Heading 1" and styles["Sample"] == "Heading 2"
    assert "题目" in styles and "Table 1. Reliability and convergent validity" in styles
    assert any(text.startswith("Note. α with Feldt") for text in styles)
    widths = [column.width for column in made.tables[0].columns]
    assert widths[0] > 1.4 * widths[1]
    assert made.tables[0].cell(1, 1).paragraphs[0].alignment == 2


def test_columns_take_what_they_hold(build: ModuleType) -> None:
    head, row = (
        "<tr><th>Scale</th><th>α</th></tr>",
        "<tr><td>Trust &amp; more</td><td>.81</td></tr>",
    )
    page = f"<table>{head}{row}</table>"
    made = build.with_columns(page)
    assert [int(w) for w in re.findall(r"width: (\d+)%", made)] == [72, 28]
    assert made.count("text-align: right") == 2 and "Trust &amp; more" in made


def test_without_results_it_says_what_to_do(build: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make reproduce"):
        build.main(["--results", str(tmp_path / "none.json")])
