"""SPSS .sav and Stata .dta: tables whose variables and values carry labels, by pyreadstat."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, MissingExtraError, QuestionnaireError
from loyaltysem.core.text import Language, Text
from loyaltysem.survey.exchange import limits
from loyaltysem.survey.exchange.carried import EVERY_FORM, Feature, named_scales, short
from loyaltysem.survey.exchange.cells import cell_text, whole_numbers
from loyaltysem.survey.exchange.csv_file import empty
from loyaltysem.survey.exchange.raw_table import RawTable
from loyaltysem.survey.instrument import Item, Questionnaire, Scale, default_role

Program: TypeAlias = Literal["sav", "dta"]
LOSES: tuple[Feature, ...] = (
    *(f for f in EVERY_FORM if f not in ("missing_codes", "unlinked_id", "research_title")),
    "link",
    "names",
    "version",
    "respondent_title",
    "long_title",
    "description",
    "framing",
    "attention",
    "pages",
    "required",
    "hints",
    "units",
    "bounds",
    "chinese",
)
COMPRESSION = 1200  # a value of a compressed file takes at least so few bits, times a thousand
MEASURES = {"likert": "ordinal", "choice": "nominal", "numeric": "scale", "text": "nominal"}
KINDS = {"ordinal": "likert", "nominal": "choice"}
WIDTH = 2000  # characters of an open answer in a template
MOST_MEMORY = 2 * 1024**3  # addresses of the reading process; about half of them are ever used
PATIENCE = 120  # seconds
SUFFIX: dict[Program, str] = {"sav": ".sav", "dta": ".dta"}


def pyreadstat() -> Any:
    """Return the package pyreadstat."""
    try:
        import pyreadstat as package
    except ImportError:
        raise MissingExtraError(
            "pyreadstat", "survey", "Reading and writing .sav and .dta"
        ) from None
    return package


def write_template(questionnaire: Questionnaire, *, language: Language = "en") -> bytes:
    """Return an SPSS file without cases: variables with labels, value labels, missing codes.

    SPSS keeps one language, the one asked for.
    """
    q, items = questionnaire, questionnaire.asked_items
    numeric = [item.name for item in items if item.scale.kind != "text"]
    types: dict[str, type] = {q.respondent_id: str} if q.respondent_id else {}
    types |= {item.name: float if item.name in numeric else str for item in items}
    frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    return write_labelled(frame, q, "sav", language=language)


def write_labelled(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    program: Program,
    *,
    language: Language = "en",
) -> bytes:
    """Return answers as an SPSS or Stata file with the questionnaire's labels.

    SPSS pads texts with blanks, so blanks at the end of an open answer are lost in ``.sav``.

    Raises
    ------
    DataError
        A column has a name that the program does not take.
    """
    package = pyreadstat()
    items = [item for item in questionnaire.items if item.name in frame]
    labels = {item.name: item.text.in_(language) for item in items}
    key, link = questionnaire.respondent_id, questionnaire.link
    if key is not None and link is not None and key in frame:
        labels[key] = link.text.in_(language)
    values = {item.name: v for item in items if (v := _value_labels(item.scale, language))}
    table = _columns(frame, {item.name for item in items if item.scale.kind != "text"})
    options: dict[str, Any] = {"variable_value_labels": values}
    if program == "sav":
        codes = list(questionnaire.missing_codes)[:3]  # SPSS takes three
        options["missing_ranges"] = {
            i.name: codes for i in items if codes and i.scale.kind != "text"
        }
        measures = {item.name: MEASURES[item.scale.kind] for item in items}
        options["variable_measure"] = measures  # a column that is no item has none
        wide = {i.name: f"A{WIDTH}" for i in items if i.scale.kind == "text" and frame.empty}
        options["variable_format"] = wide
    write = {"sav": package.write_sav, "dta": package.write_dta}[program]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answers{SUFFIX[program]}"
        try:
            write(
                table,
                str(path),
                file_label=short(questionnaire.title.in_(language)),
                column_labels={name: _label(text, program) for name, text in labels.items()},
                **options,
            )
        except (package.ReadstatError, package.PyreadstatError) as error:
            raise DataError(
                f"The answers cannot be written as {SUFFIX[program]}: {error}.",
                code="export.labelled",
                hint="Rename the column, or write .csv or .xlsx.",
            ) from error
        return path.read_bytes()


def _label(text: str, program: Program) -> str:
    """Return as much of a wording as the label of a variable may hold."""
    return text[:80] if program == "dta" else short(text, most_bytes=250)


def _columns(frame: pd.DataFrame, numeric: set[str]) -> pd.DataFrame:
    def column(name: str) -> pd.Series[Any]:
        if name in numeric or pd.api.types.is_numeric_dtype(frame[name]):
            return pd.to_numeric(frame[name]).astype(np.float64)
        return frame[name].astype(object).map(cell_text).astype(object)

    return pd.DataFrame({str(name): column(name) for name in frame.columns}, index=frame.index)


def _value_labels(scale: Scale, language: Language) -> dict[int, str]:
    """Return the wording of every point; a point without any is worded by its number."""
    return {code: label.in_(language) or str(code) for code, label in scale.points}


def read_labelled(content: bytes, file_name: str, program: Program) -> RawTable:
    """Return the answers in an SPSS or Stata file; values declared missing are missing.

    Raises
    ------
    DataError
        Damaged, too large, or without cases.
    """
    found = _read(content, file_name, program)
    if not found["rows"] or not found["names"]:
        raise empty(file_name, "has no cases")
    frame = pd.DataFrame(
        dict(enumerate(found["cells"])), index=pd.RangeIndex(2, found["rows"] + 2, name="row")
    ).set_axis(found["names"], axis=1)
    return RawTable(whole_numbers(frame), hashlib.sha256(content).hexdigest(), file_name)


def _read(
    content: bytes, file_name: str, program: Program, *, user_missing: bool = False
) -> dict[str, Any]:
    """Return what `labelled_reader` finds in a file, reading it in a process of its own."""
    pyreadstat()
    most = min(limits.MOST_CELLS, len(content) * COMPRESSION)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"answers{SUFFIX[program]}"
        path.write_bytes(content)
        keep = "yes" if user_missing else "no"
        reader = Path(__file__).with_name("labelled_reader.py")
        words = [path, program, most, keep, MOST_MEMORY]
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(reader), *map(str, words)],
                capture_output=True,
                timeout=PATIENCE,
                check=False,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            )
        except subprocess.TimeoutExpired:
            raise _broken(file_name, program, f"reading took more than {PATIENCE} s") from None
    if done.returncode != 0:
        raise _broken(file_name, program, _reason(done))
    found: dict[str, Any] = json.loads(done.stdout)
    limits.refuse_many_cells(
        found["rows"], found["columns"], file_name, bytes_there=len(content) * COMPRESSION
    )
    return found


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
    said = lines[-1].rpartition("Error: ")[2] if lines and done.returncode > 0 else ""
    return said.rstrip(".") or "it is damaged"


def _broken(file_name: str, program: Program, why: str) -> DataError:
    return DataError(
        f"{file_name} cannot be read as {SUFFIX[program]}: {why}.",
        code="data.broken_file",
        hint="Export it again, or save it as CSV UTF-8.",
    )


def read_template(content: bytes, file_name: str) -> Questionnaire:
    """Return what an SPSS file says of its variables as a questionnaire, in one language.

    Raises
    ------
    QuestionnaireError
        It has no variables.
    DataError
        The file is damaged.
    """
    found = _read(content, file_name, "sav", user_missing=True)
    if not found["names"]:
        raise QuestionnaireError(
            f"{file_name} has no variables.",
            code="questionnaire.sav",
            hint="Expected an SPSS file with variable labels.",
        )
    respondent_id = _respondent_id(found)
    names = [name for name in found["names"] if name != respondent_id]
    items, scales = named_scales(_item(name, found) for name in names)
    codes = dict.fromkeys(
        float(low) for ranges in found["missing"].values() for low, high in ranges if low == high
    )
    return Questionnaire(
        name="questionnaire",
        version="0",
        title=Text(found["title"]),
        respondent_id=respondent_id,
        scales=scales,
        items=items,
        constructs=(),
        missing_codes=tuple(codes),
        file_name=file_name,
    )


def _respondent_id(found: dict[str, Any]) -> str | None:
    """Return the first variable if it is text without a level of measurement."""
    first = str(found["names"][0])
    text = found["types"].get(first) == "string"
    return first if text and found["measures"].get(first) == "unknown" else None


def _item(name: str, found: dict[str, Any]) -> Item:
    scale = _scale(name, found)
    label = found["labels"].get(name) or ""
    return Item(name, Text(label), scale, role=default_role(scale))


def _scale(name: str, found: dict[str, Any]) -> Scale:
    if found["types"].get(name) == "string":
        return Scale("", "text")
    labels = {int(value): Text(str(words)) for value, words in found["values"].get(name, ())}
    kind = KINDS.get(found["measures"].get(name, ""), "numeric")
    if not labels or kind == "numeric":
        return Scale("", "numeric")
    if kind == "choice":
        return Scale("", "choice", labels=labels)
    worded = {code: label for code, label in labels.items() if label.en != str(code)}
    return Scale("", "likert", float(min(labels)), float(max(labels)), worded)
