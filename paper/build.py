"""Build the article: numbers from results.json, text and tables from article.typ.

    python paper/build.py [--results out/study/results.json] [--out out/paper]

Every number passes through `loyaltysem.core.display`; the article holds none of its own. The same
results give the same bytes. With pandoc at hand an `article.docx` is made of the same text.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

from loyaltysem.core.display import bounded, integer, interval, number, p_relation, percent, pvalue
from loyaltysem.core.references import reference

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Show = Callable[[Any], str]

TWO: Show = lambda x: number(x, 2)  # noqa: E731  # a formatter among formatters
BOUNDED_2: Show = lambda x: bounded(x, 2)  # noqa: E731
BOUNDED_3: Show = lambda x: bounded(x, 3)  # noqa: E731
#: How a column of any table is printed, by its name; what is not listed here is text.
COLUMNS: Mapping[str, Show] = {
    **dict.fromkeys(
        ("alpha", "alpha_lower", "alpha_upper", "ave", "composite_reliability", "omega", "cfi",
         "tli", "rmsea", "rmsea_lower", "rmsea_upper", "srmr", "std_all", "r2", "htmt", "gfi",
         "agfi", "std_all_ci_lower", "std_all_ci_upper"),
        BOUNDED_3,
    ),
    **dict.fromkeys(
        ("est", "se", "z", "chisq", "mean", "sd", "ci_lower", "ci_upper", "skewness", "kurtosis",
         "delta_chisq", "delta_aic"),
        TWO,
    ),
    **dict.fromkeys(("n", "count", "df", "n_items", "n_obs"), integer),
    "pvalue": pvalue,
    "share": percent,
}  # fmt: skip


def displayed(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything the article prints, as text.

    Parameters
    ----------
    results : mapping
        The parsed results.json.

    Returns
    -------
    dict
        ``fit`` and ``flow`` by name, ``paths`` and ``defined`` by label, ``hypotheses`` by key,
        and ``tables``: every table with its cells printed.
    """
    tables = results["tables"]
    return {
        "title": results["title"],
        "synthetic": results["synthetic"],
        "provenance": {key: str(value) for key, value in results["provenance"].items()},
        "model": results["model"],
        "fit": _fit(results["fit_measures"]),
        "flow": _flow(tables.get("flow", [])),
        "paths": {row["label"]: _effect(row) for row in tables.get("paths", []) if row["label"]},
        "defined": {row["name"]: _effect(row) for row in tables.get("defined", [])},
        "hypotheses": [_hypothesis(row) for row in tables.get("hypotheses", [])],
        "published": _published(tables.get("published", [])),
        "audit": _audit(tables.get("audit", [])),
        "findings": [finding["text"] for finding in results["findings"]],
        "tables": {key: _printed(rows) for key, rows in tables.items() if isinstance(rows, list)},
    }


def _fit(measures: Mapping[str, float]) -> dict[str, str]:
    shown = {name: bounded(value, 3) for name, value in measures.items()}
    shown |= {name: integer(measures[name]) for name in ("df", "ntotal", "npar")}
    shown["chisq"] = number(measures["chisq"], 2)
    shown["ratio"] = number(measures["chisq"] / measures["df"], 2)
    shown["p"] = p_relation(measures["pvalue"])
    low, high = measures["rmsea_ci_lower"], measures["rmsea_ci_upper"]
    shown["rmsea_interval"] = interval(low, high, 3, is_bounded=True)
    return shown


def _flow(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    shown = {row["step"]: integer(row["count"]) for row in rows if row["step"] != "excluded"}
    shown |= {f"{row['step']}_share": percent(row["share"]) for row in rows if row["share"]}
    left = sum(row["count"] for row in rows if row["step"] == "excluded")
    return shown | {"excluded": integer(left)}


def _effect(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "b": number(row["est"], 2),
        "se": number(row["se"], 2),
        "p": p_relation(row["pvalue"]),
        "pvalue": pvalue(row["pvalue"]),
        "ci": interval(row["ci_lower"], row["ci_upper"], 2),
        "beta": bounded(row["std_all"], 2),
    }


def _hypothesis(row: Mapping[str, Any]) -> dict[str, str]:
    named = {
        key: str(row.get(key) or "") for key in ("hypothesis", "text_en", "text_zh", "verdict")
    }
    if row.get("est") is not None and row.get("std_all") is not None:
        return named | _effect(row)
    absent = dict.fromkeys(("b", "se", "p", "ci", "beta"), "–")
    return named | absent | {"pvalue": pvalue(row.get("pvalue"))}


def _published(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown = [
        {
            "key": f"{row['group']} {row['quantity']}",
            "label_en": row["label_en"],
            "label_zh": row["label_zh"],
            "printed": bounded(row["printed"], row["printed_digits"]),
            "reproduced": bounded(row["reproduced"], row["printed_digits"] + 1),
            "met": "yes" if row["met"] else "no",
            "note_en": row["note_en"],
        }
        for row in rows
    ]
    met = sum(bool(row["met"]) for row in rows)
    return {"rows": shown, "met": integer(met), "count": integer(len(rows)),
            "unmet": integer(len(rows) - met)}  # fmt: skip


def _audit(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    wrong = sum(row["verdict"] != "consistent" for row in rows)
    return {"count": integer(len(rows)), "wrong": integer(wrong)}


def _printed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{key: _cell(key, value) for key, value in row.items()} for row in rows]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return COLUMNS.get(name, lambda x: number(x, 3) if isinstance(x, float) else integer(x))(value)


def build(results: Path, out: Path) -> list[Path]:
    """Write ``article.pdf`` (and ``article.docx`` where pandoc is) and return the paths."""
    import typst

    from loyaltysem.reporting.fonts import FONT_FOLDERS

    source = HERE / "article.typ"
    shown = displayed(json.loads(results.read_text(encoding="utf-8")))
    text = source.read_text(encoding="utf-8")
    keys = _cited_keys(text)
    shown["citations"] = {
        key: {"text": reference(key).citation, "inside": reference(key).in_parentheses}
        for key in keys
    }
    shown["references"] = sorted(reference(key).entry for key in keys)
    out.mkdir(parents=True, exist_ok=True)
    compiler = typst.Compiler(
        source, root=HERE, font_paths=list(FONT_FOLDERS), ignore_system_fonts=True
    )
    data = json.dumps(shown, ensure_ascii=False, sort_keys=True)
    made = out / "article.pdf"
    made.write_bytes(compiler.compile(format="pdf", sys_inputs={"results": data}))
    return [made, *_word(made, compiler, data)]


def _cited_keys(text: str) -> list[str]:
    """Return the keys an article cites as ``#w("key")`` or ``#p("key", …)``."""
    calls = re.findall(r"#[wp]\(((?:\s*\"[a-z0-9_]+\",?)+)\)", text)
    return sorted({key for call in calls for key in re.findall(r"[a-z0-9_]+", call)})


def _word(pdf: Path, compiler: Any, data: str) -> list[Path]:
    """Convert through HTML, which Typst writes and every pandoc reads."""
    if shutil.which("pandoc") is None:
        print("pandoc is not installed: no article.docx", file=sys.stderr)
        return []
    page = pdf.with_suffix(".html")
    told = compiler.compile(format="html", sys_inputs={"results": data, "medium": "word"})
    page.write_text(with_columns(told.decode("utf-8")), encoding="utf-8")
    made = pdf.with_suffix(".docx")
    still = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}  # 1980: the same bytes on any day
    command = ["pandoc", "-f", "html", "-o", str(made), "--shift-heading-level-by=-1", str(page)]
    subprocess.run(command, check=True, env=still)
    page.unlink()
    _smaller_cells(made)
    return [made]


#: Characters a column of words is given before it wraps.
WIDEST = 30
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<(t[hd])>(.*?)</\1>", re.DOTALL)
_NUMBER = re.compile(r"[\[\]<>≤≥ −–.,%\d]*")


def with_columns(page: str) -> str:
    """Return HTML whose tables say how wide their columns are, numbers flush right.

    Without that Word's columns are all alike, and words break anywhere.

    Examples
    --------
    >>> print(with_columns("<table><tr><th>Scale</th><th>α</th></tr>"
    ...                    "<tr><td>Trust</td><td>.81</td></tr></table>"))
    <table><colgroup><col style="width: 59%"><col style="width: 41%"></colgroup>...
    """
    return _TABLE.sub(lambda found: _columned(found.group()), page)


def _columned(table: str) -> str:
    rows = [[unescape(re.sub("<[^>]*>", "", text)) for _, text in _CELL.findall(row)]
            for row in _ROW.findall(table)]  # fmt: skip
    columns = list(zip(*rows, strict=True))
    numeric = [all(_NUMBER.fullmatch(text) for text in column[1:]) for column in columns]
    needs = [
        3 + max(_length(text) if number else min(_length(text), WIDEST) for text in column)
        for column, number in zip(columns, numeric, strict=True)
    ]
    cols = "".join(f'<col style="width: {round(100 * need / sum(needs))}%">' for need in needs)
    aligned = _ROW.sub(lambda row: f"<tr>{_aligned(row.group(1), numeric)}</tr>", table)
    return aligned.replace("<table>", f"<table><colgroup>{cols}</colgroup>", 1)


def _length(text: str) -> float:
    """Return characters, of which capitals are wider."""
    return sum(1.5 if letter.isupper() else 1.0 for letter in text)


def _aligned(row: str, numeric: Sequence[bool]) -> str:
    cells = zip(_CELL.findall(row), numeric, strict=True)
    return "".join(
        f'<{tag} style="text-align: {"right" if number else "left"}">{text}</{tag}>'
        for (tag, text), number in cells
    )


def _smaller_cells(path: Path) -> None:
    """Set tables in smaller type than the text, every date in the file as it was."""
    style, smaller = (
        re.compile(r'(<w:style [^>]*w:styleId="Compact".*?)(</w:style>)', re.DOTALL),
        (r'\1<w:rPr><w:sz w:val="17" /><w:szCs w:val="17" /></w:rPr>\2'),
    )
    with zipfile.ZipFile(path) as file:
        parts = [(info, file.read(info)) for info in file.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for info, content in parts:
            if info.filename == "word/styles.xml":
                content = style.sub(smaller, content.decode("utf-8")).encode("utf-8")
            file.writestr(info, content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the article and say where it is."""
    parser = argparse.ArgumentParser(description="Build the article from results.json.")
    parser.add_argument("--results", type=Path, default=ROOT / "out" / "study" / "results.json")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "paper")
    given = parser.parse_args(arguments)
    if not given.results.is_file():
        raise SystemExit(f"There is no {given.results}: run `make reproduce` first.")
    for path in build(given.results, given.out):
        print(path)


if __name__ == "__main__":
    main()
