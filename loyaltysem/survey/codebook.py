"""The codebook of a questionnaire, with the answers beside it: Markdown, HTML or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.survey.exchange.csv_file import write_csv
from loyaltysem.survey.instrument import Item, Questionnaire

if TYPE_CHECKING:
    from loyaltysem.core.types import Array

SUFFIXES = {".md": "markdown", ".html": "html", ".csv": "csv"}
HEADINGS: dict[str, Text] = {
    "item": Text("Item", "变量"),
    "wording": Text("Wording", "题项"),
    "answers": Text("Answers", "选项与编码"),
    "marks": Text("Marks", "说明"),
    "n": Text("n", "有效数"),
    "missing": Text("Missing", "缺失数"),
    "mean": Text("Mean", "均值"),
    "sd": Text("SD", "标准差"),
    "lowest": Text("Min", "最小值"),
    "highest": Text("Max", "最大值"),
}
MARKS: dict[str, Text] = {
    "reverse": Text("reverse-scored", "反向计分"),
    "required": Text("required", "必答"),
    "record": Text("from records, not asked", "取自客户记录"),
    "attention": Text("attention check, right answer {}", "注意力检测题，正确答案为 {}"),
    "nps": Text("net promoter score", "净推荐值（NPS）"),
    "profile": Text("profile", "背景信息"),
}
OTHER = Text("Other items", "其他题项")
SYNTHETIC = Text("Synthetic data: no row is a person.", "模拟数据，不含真实受访者。")
MISSING = Text("Codes that mean “no answer”", "缺失值代码")
KEY = Text("Respondent", "受访者标识")
SOURCES = Text("Sources", "参考文献")
STATISTICS = ("n", "missing", "mean", "sd", "lowest", "highest")


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """What every variable is, and how it was answered.

    Parameters
    ----------
    questionnaire : Questionnaire
        The instrument.
    table : DataFrame
        One row per item, in both languages: the columns of `Questionnaire.item_table`, and with
        answers ``n missing mean sd lowest highest`` of the answers as given (reverse items not
        turned; NaN where a number has no meaning) and ``frequencies`` (``1: 12; 2: 30 …``).
    has_answers : bool
        Whether there are answers.
    synthetic : bool
        Whether the answers are synthetic.
    """

    questionnaire: Questionnaire
    table: pd.DataFrame
    has_answers: bool = False
    synthetic: bool = False

    def csv(self) -> str:
        """Return the whole table as CSV, safe to open in a spreadsheet."""
        return write_csv(self.table, encoding="utf-8").decode("utf-8").replace("\r\n", "\n")

    def markdown(self, language: Language = "en") -> str:
        """Return the codebook as Markdown."""
        return "\n".join(_markdown(self, language)) + "\n"

    def html(self, language: Language = "en") -> str:
        """Return the codebook as one self-contained HTML page."""
        title = escape(self.questionnaire.title.in_(language))
        lang = "zh-Hans" if language == "zh" else "en"
        head = f'<meta charset="utf-8"><title>{title}</title><style>{CSS}</style>'
        return (
            f'<!DOCTYPE html>\n<html lang="{lang}"><head>{head}</head>\n'
            f"<body>{_html_body(self, language)}</body></html>\n"
        )

    def save(self, path: str | PathLike[str], *, language: Language = "en") -> Path:
        """Write the codebook; the suffix says how: ``.md``, ``.html`` or ``.csv``.

        Raises
        ------
        IncompatibleRequestError
            Another suffix.
        """
        path = Path(path)
        kind = SUFFIXES.get(path.suffix.lower())
        if kind is None:
            raise IncompatibleRequestError(
                f"A codebook is written as .md, .html or .csv, not as '{path.name}'.",
                code="codebook.format",
                hint="Name the file, for instance, codebook.html.",
            )
        text = {"markdown": self.markdown, "html": self.html}.get(kind)
        content = text(language) if text else "\ufeff" + self.csv()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
        return path

    def __str__(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        return _html_body(self, "en")


def make_codebook(
    questionnaire: Questionnaire,
    frame: pd.DataFrame | None = None,
    *,
    synthetic: bool = False,
) -> Codebook:
    """Return the codebook of a questionnaire, with statistics of the answers if there are any.

    Parameters
    ----------
    questionnaire : Questionnaire
        The instrument.
    frame : DataFrame, optional
        Answers, such as `Responses.frame`. Open answers are counted, never shown, and respondents
        are not named.
    synthetic : bool
        Say that the answers are synthetic, such as `Responses.synthetic`.

    Returns
    -------
    Codebook

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> from loyaltysem.survey.questionnaire import load_questionnaire
    >>> book = make_codebook(load_questionnaire(shipped("questionnaires", "loyalty_short.yaml")))
    >>> book.table.loc[0, ["item", "construct", "text_zh"]].tolist()
    ['beh1', 'behaviour', '需要购买这类商品时，我会来这家店买。']
    """
    table = questionnaire.item_table()
    if frame is None:
        return Codebook(questionnaire, table)
    statistics = pd.DataFrame([_statistics(item, frame) for item in questionnaire.items])
    return Codebook(questionnaire, pd.concat([table, statistics], axis=1), True, synthetic)


def _statistics(item: Item, frame: pd.DataFrame) -> dict[str, object]:
    if item.name not in frame:
        return {
            **dict.fromkeys(STATISTICS, np.nan),
            "n": 0,
            "missing": len(frame),
            "frequencies": "",
        }
    column = frame[item.name]
    if item.scale.kind == "text":
        given = int((column.notna() & (column.astype(str).str.strip() != "")).sum())
        return {
            **dict.fromkeys(STATISTICS, np.nan),
            "n": given,
            "missing": len(frame) - given,
            "frequencies": "",
        }
    values = pd.to_numeric(column).to_numpy(np.float64)
    known = values[~np.isnan(values)]
    counts = [(code, int((known == code).sum())) for code, _ in item.scale.points]
    return {
        "n": len(known),
        "missing": len(values) - len(known),
        **_moments(known, nominal=item.scale.kind == "choice"),
        "frequencies": "; ".join(f"{code}: {count}" for code, count in counts),
    }


def _moments(known: Array, *, nominal: bool) -> dict[str, float]:
    """Return mean, standard deviation, minimum, maximum; codes of choices have none."""
    if nominal or not len(known):
        return dict.fromkeys(STATISTICS[2:], np.nan)
    return {
        "mean": float(known.mean()),
        "sd": float(known.std(ddof=1)) if len(known) > 1 else np.nan,
        "lowest": float(known.min()),
        "highest": float(known.max()),
    }


def _groups(book: Codebook, language: Language) -> Iterator[tuple[str, str, tuple[Item, ...]]]:
    """Return heading, sources and items of each construct that has items, then of the others."""
    q = book.questionnaire
    for construct in q.constructs:
        if construct.items:
            parent = q.construct(construct.parent).label.in_(language) if construct.parent else ""
            heading = " › ".join(filter(None, (parent, construct.label.in_(language))))
            cited = " ".join(q.references.get(key, key) for key in construct.sources)
            yield heading, cited, tuple(q.item(name) for name in construct.items)
    others = tuple(item for item in q.items if item.construct is None)
    if others:
        yield OTHER.in_(language), "", others


def _columns(book: Codebook) -> tuple[str, ...]:
    described = ("item", "wording", "answers", "marks")
    return (*described, *STATISTICS) if book.has_answers else described


def _cells(item: Item, book: Codebook, language: Language) -> Sequence[str]:
    described = (item.name, item.text.in_(language), _answers(item, book, language))
    marks = ", ".join(_marks(item, language))
    if not book.has_answers:
        return (*described, marks)
    row: dict[str, float] = _row(item, book)
    counts = (integer(row[name]) for name in ("n", "missing"))
    return (*described, marks, *counts, *(number(row[name], 2) for name in STATISTICS[2:]))


def _row(item: Item, book: Codebook) -> dict[str, Any]:
    rows = book.table[book.table["item"] == item.name].to_dict("records")
    return {str(name): cell for name, cell in rows[0].items()}


def _answers(item: Item, book: Codebook, language: Language) -> str:
    scale = item.scale
    if not scale.points:
        unit = scale.unit.in_(language)
        return "" if scale.kind == "text" else " ".join(filter(None, (scale.range, unit)))
    counts = _frequencies(item, book)
    parts = (
        " ".join(filter(None, (str(code), label.in_(language), counts.get(str(code), ""))))
        for code, label in scale.points
    )
    return "; ".join(parts)


def _frequencies(item: Item, book: Codebook) -> dict[str, str]:
    """Return the share of every answer, in brackets."""
    if not book.has_answers:
        return {}
    row = _row(item, book)
    pairs = [part.split(": ") for part in str(row["frequencies"]).split("; ") if part]
    total = sum(int(count) for _, count in pairs)
    return {code: f"({percent(int(count) / total)})" for code, count in pairs if total}


def _marks(item: Item, language: Language) -> Iterator[str]:
    if item.reverse:
        yield MARKS["reverse"].in_(language)
    if item.required:
        yield MARKS["required"].in_(language)
    if item.source == "record":
        yield MARKS["record"].in_(language)
    if item.role in ("attention", "nps", "profile"):
        answers = ", ".join(f"{answer:g}" for answer in item.expected)
        yield MARKS[item.role].in_(language).format(answers)


def _facts(book: Codebook, language: Language) -> Iterator[str]:
    q = book.questionnaire
    if book.synthetic:
        yield SYNTHETIC.in_(language)
    if q.description.en:
        yield q.description.in_(language)
    if q.respondent_id:
        words = f" ({q.link.text.in_(language)})" if q.link else ""
        yield f"{KEY.in_(language)}: {q.respondent_id}{words}"
    if q.missing_codes:
        yield f"{MISSING.in_(language)}: {', '.join(f'{code:g}' for code in q.missing_codes)}"


def _markdown(book: Codebook, language: Language) -> Iterator[str]:
    q, columns = book.questionnaire, _columns(book)
    yield f"# {_flat(q.title.in_(language))} ({_flat(q.name)} {_flat(q.version)})"
    for fact in _facts(book, language):
        yield f"\n{_flat(fact)}"
    for heading, sources, items in _groups(book, language):
        yield f"\n## {_flat(heading)}\n"
        if sources:
            yield f"{SOURCES.in_(language)}: {_flat(sources)}\n"
        yield _line(HEADINGS[name].in_(language) for name in columns)
        yield _line("---" for _ in columns)
        yield from (_line(map(_flat, _cells(item, book, language))) for item in items)


def _line(cells: Iterator[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _flat(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    for mark in ("\\", "|", "`", "*", "_", "<", "[", "]", "#"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


CSS = """
body { font: 1rem/1.5 "Helvetica Neue", "Segoe UI", Arial, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d2b3a; }
h1 small { font-weight: 400; color: #56636f; } h2 { margin: 2rem 0 .3rem; font-size: 1.15rem; }
.scroll { overflow-x: auto; } p { color: #56636f; margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid #dde3e9; }
thead th { border-top: 2px solid #1d2b3a; border-bottom: 1px solid #1d2b3a; white-space: nowrap; }
td:nth-child(2) { min-width: 14rem; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
"""


def _html_body(book: Codebook, language: Language) -> str:
    q, columns = book.questionnaire, _columns(book)
    parts = [
        f"<h1>{escape(q.title.in_(language))} <small>{escape(f'{q.name} {q.version}')}</small></h1>"
    ]
    parts += [f"<p>{escape(fact)}</p>" for fact in _facts(book, language)]
    head = "".join(f'<th scope="col">{escape(HEADINGS[c].in_(language))}</th>' for c in columns)
    for heading, sources, items in _groups(book, language):
        parts.append(f"<h2>{escape(heading)}</h2>")
        if sources:
            parts.append(f"<p>{SOURCES.in_(language)}: {escape(sources)}</p>")
        rows = "".join(_html_row(_cells(item, book, language)) for item in items)
        parts.append(
            f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
            "</table></div>"
        )
    return "\n".join(parts)


def _html_row(cells: Sequence[str]) -> str:
    name, *described = cells[:4]
    words = "".join(f"<td>{escape(cell)}</td>" for cell in described)
    numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells[4:])
    return f'<tr><th scope="row">{escape(name)}</th>{words}{numbers}</tr>'
