"""What several commands do: read a model, fit it, write files together, tell the exit code."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from loyaltysem.core.errors import DataError, IncompatibleRequestError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from loyaltysem.estimation.result import SEMResult
    from loyaltysem.study.analysis import Analysis

FORMATS = ("html", "pdf", "docx")
DONE, BAD_INPUT, NOT_CONVERGED, INTERRUPTED = 0, 1, 3, 130


def progress(message: str) -> None:
    """Tell the person waiting, on the error stream."""
    print(message, file=sys.stderr, flush=True)


def fitted(arguments: argparse.Namespace, model: str) -> SEMResult:
    """Fit a model to a plain table of numbers."""
    from loyaltysem.estimation.findings import refuse_too_few_cases
    from loyaltysem.estimation.fit import sem
    from loyaltysem.survey.exchange.csv_file import read_csv_table

    table = read_csv_table(arguments.data, encoding=arguments.encoding)
    fit = sem(model, numeric(table.frame), **estimation_options(arguments))
    refuse_too_few_cases(fit.findings)
    return fit


def estimation_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of the fit that were given on the command line."""
    options = {"estimator": arguments.estimator, "missing": arguments.missing}
    if arguments.ordered:
        options["ordered"] = [name.strip() for name in arguments.ordered.split(",")]
    if getattr(arguments, "group", None):
        equal = arguments.group_equal or ""
        words = [word.strip() for word in equal.split(",") if word.strip()]
        options |= {"group": arguments.group, "group_equal": words}
    return options


def words(text: str | None) -> list[str]:
    """Split a list given as one argument; an omitted one is empty."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def whole_numbers(text: str | None, option: str) -> list[int] | int | None:
    """Read one whole number, or several joined by commas, as `option` takes them.

    Raises
    ------
    DataError
        Something else stands there.
    """
    found = words(text)
    if not all(word.isdigit() for word in found) or (text is not None and not found):
        raise DataError(
            f"{option} takes whole numbers, not '{text}'.",
            code="option.numbers",
            hint=f"Write {option} 200  or  {option} 100,200,400.",
        )
    numbers = [int(word) for word in found]
    return numbers[0] if len(numbers) == 1 else numbers or None


def numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of text cells with numbers where a whole column is numeric.

    Raises
    ------
    DataError
        Two columns have the same name.
    """
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise DataError(
            f"The data have more than one column called {', '.join(map(repr, twice))}.",
            code="data.duplicate_column",
            hint="Rename or remove the copies.",
        )
    return frame.apply(_numeric_column)


def _numeric_column(cells: pd.Series[str]) -> pd.Series[float] | pd.Series[str]:
    import pandas as pd

    from loyaltysem.survey.checking import BLANK

    stripped = cells.str.strip()
    known = stripped.where(~stripped.isin(BLANK))
    try:
        return pd.to_numeric(known)
    except ValueError:
        return known  # text may stand beside the numbers as long as no model asks for it


def read_text(path: Path, what: str) -> str:
    """Return the text of a UTF-8 file; `what` names it in the message when it is not one."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path.name}' is not UTF-8: byte {error.start} cannot be read.",
            code=f"{what}.encoding",
            hint="Save the file as UTF-8.",
        ) from error
    except FileNotFoundError:
        raise DataError(
            f"There is no {what} file '{path}'.",
            code=f"{what}.file_missing",
            hint="Check the path.",
        ) from None


def write_report(
    analysis: Analysis, folder: Path, language: str, formats: Sequence[str] = ("html",)
) -> None:
    """Write report and numbers; nothing appears unless everything could be made."""
    from loyaltysem.reporting.report import ReportLanguage, report
    from loyaltysem.study.output import write_together

    progress(f"{analysis.name}: writing the report ({language}; {', '.join(formats)}) …")
    made = report(analysis, language=cast("ReportLanguage", language))
    files: dict[Path, str | bytes] = {}
    for kind in formats:
        files |= made.files(folder / f"report.{kind}")
    files[folder / "results.json"] = analysis.to_json()
    write_together(files)
    for path in files:
        progress(f"wrote {path}")


def formats(asked: str | None) -> tuple[str, ...]:
    """Return the formats asked for, or without a wish all that this installation can write.

    Raises
    ------
    IncompatibleRequestError
        There is no such format.
    """
    if asked is None:
        missing = [name for name in ("typst", "docx") if find_spec(name) is None]
        if missing:
            progress(
                'PDF and Word files are left out; they need:  pip install "loyaltysem[report]"'
            )
        return ("html",) if missing else FORMATS
    found = tuple(dict.fromkeys(word.lower().lstrip(".") for word in words(asked)))
    unknown = [word for word in found if word not in FORMATS]
    if unknown or not found:
        raise IncompatibleRequestError(
            f"A report cannot be written as '{asked}'.",
            code="report.format",
            hint=f"Choose from {', '.join(FORMATS)}, several joined by commas.",
        )
    return found


def picture(axes: Axes, kind: str) -> bytes:
    """Return a picture as bytes; without a date, so the same model gives the same file."""
    import io

    from loyaltysem.reporting.svg import svg_of

    figure = axes.get_figure(root=True)
    assert figure is not None  # axes that were just drawn on have a figure
    if kind == "svg":
        declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return (declaration + svg_of(figure, "diagram")).encode("utf-8")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=200)
    return buffer.getvalue()


def command(arguments: argparse.Namespace) -> str:
    """Return the command line with file names in place of paths, fit for a provenance."""
    words = ["loyaltysem", arguments.command]
    for name, value in vars(arguments).items():
        if name in ("handler", "command") or value in (None, False):
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(value.name if isinstance(value, Path) else str(value))
    return shlex.join(words)


def converged(fit: SEMResult) -> int:
    """Return the exit code a result deserves."""
    return DONE if fit.converged else NOT_CONVERGED
