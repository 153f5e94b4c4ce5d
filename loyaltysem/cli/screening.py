"""What `loyaltysem validate --screen` prints and writes, and the options that say how to screen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

from loyaltysem.cli.shared import picture, progress, words
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text

if TYPE_CHECKING:
    from loyaltysem.core.text import Language
    from loyaltysem.study.fieldwork import Fieldwork
    from loyaltysem.survey.responses import Responses
    from loyaltysem.survey.screening.result import Screening

#: Rows printed with their reasons; all of them go into the table.
SHOWN = 20


def fieldwork(arguments: argparse.Namespace) -> Fieldwork:
    """Return how the survey was fielded, from the command line."""
    from loyaltysem.study.fieldwork import Fieldwork
    from loyaltysem.survey.screening.criteria import STANDARD, named_rule

    leave_out = getattr(arguments, "leave_out", None)
    if leave_out and arguments.rule:
        raise IncompatibleRequestError(
            "--leave-out names the screening rule itself; --rule names another.",
            code="option.rule",
            hint="Give --rule to remark upon respondents, or --leave-out to leave them out.",
        )
    return Fieldwork(
        sent=getattr(arguments, "sent", None),
        rule=named_rule(leave_out or arguments.rule or STANDARD),
        leave_out=leave_out is not None,
        seconds=_columns(arguments.seconds),
        sources=tuple(words(arguments.sources)),
        wave=getattr(arguments, "wave", None),
    )


def _columns(text: str | None) -> str | tuple[str, str] | None:
    """Read one column, or two joined by a comma."""
    found = words(text)
    if len(found) > 2:
        raise DataError(
            f"--seconds takes one column or two, not '{text}'.",
            code="option.seconds",
            hint="Write --seconds duration  or  --seconds start,end.",
        )
    if not found:
        return None
    return found[0] if len(found) == 1 else (found[0], found[1])


def refuse_alone(arguments: argparse.Namespace) -> None:
    """Refuse options that only a screening can carry out, rather than ignore them."""
    options = ("rule", "seconds", "sources", "table", "picture")
    given = [f"--{name}" for name in options if getattr(arguments, name)]
    if given and not arguments.screen:
        raise IncompatibleRequestError(
            f"{', '.join(given)} asks for a screening.",
            code="option.screen",
            hint="Add --screen.",
        )


def show(responses: Responses, arguments: argparse.Namespace) -> None:
    """Screen answers, print what was seen, and write table and picture where asked."""
    from loyaltysem.study.output import write_together

    language = cast("Language", arguments.lang)
    screening = fieldwork(arguments).screen(responses)
    files: dict[Path, str | bytes] = {}
    if arguments.table:
        files[arguments.table] = table(screening, language, identify=arguments.identify)
    if arguments.picture:
        files[arguments.picture] = drawn(screening, arguments.picture, language)
    print()
    print(screening.in_words(language))
    print(reasons(screening, language, identify=arguments.identify))
    write_together(files)
    for path in files:
        progress(f"wrote {path}")


def reasons(screening: Screening, language: Language, *, identify: bool) -> str:
    """Return who meets the rule, by row, and why; the first `SHOWN` of them."""
    met = screening.flagged()
    told = screening.reasons(language)[met]
    names = [f"row {row}" if language == "en" else f"第 {row} 行" for row in told.index]
    if identify:
        ids = screening.responses.respondents.to_numpy()[met]
        names = [f"{name} ({who})" for name, who in zip(names, ids, strict=True)]
    lines = [f"  {name}: {why}" for name, why in zip(names, told, strict=True)][:SHOWN]
    more = len(told) - len(lines)
    if more > 0:
        rest = Text(f"{more} more; --table writes all", f"另有 {more} 行；--table 可写出全部")
        lines.append(f"  … {rest.in_(language)}")
    return "\n".join(lines)


def table(screening: Screening, language: Language, *, identify: bool) -> bytes:
    """Return every respondent's indices, remarks and reasons as CSV that no spreadsheet runs."""
    from loyaltysem.survey.exchange.cells import inert, text_frame

    frame = screening.frame(language, identify=identify).reset_index()
    cells = text_frame(frame).map(inert)
    text: str = cells.to_csv(index=False, lineterminator="\n")
    return b"\xef\xbb\xbf" + text.encode("utf-8")


def drawn(screening: Screening, path: Path, language: Language) -> bytes:
    """Return the distributions of the indices as a picture."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise DataError(
            f"A picture is written as .svg or .png, not as '{path.name}'.",
            code="diagram.format",
            hint="Name the file, for instance, screening.png.",
        )
    from loyaltysem.reporting.screening_plot import screening_plot

    return picture(screening_plot(screening, language=language), kind)
