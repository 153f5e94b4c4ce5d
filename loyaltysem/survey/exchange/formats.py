"""The formats a questionnaire can be written in and read from: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.survey.exchange import labelled, limesurvey, surveyjs, web_form, xlsform
from loyaltysem.survey.exchange.carried import Feature, NotCarried, not_carried
from loyaltysem.survey.exchange.limits import read_bytes
from loyaltysem.survey.exchange.yaml_file import write_yaml
from loyaltysem.survey.instrument import Questionnaire
from loyaltysem.survey.questionnaire import load_questionnaire

Writer = Callable[[Questionnaire, Language], bytes]
Reader = Callable[[bytes, str], Questionnaire]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of questionnaires.

    Parameters
    ----------
    name : str
        What `export_questionnaire` calls it.
    title : Text
        The program it is for.
    suffix : str
        Of the file.
    write : callable
        Takes a questionnaire and the language of formats that hold only one.
    read : callable or None
        Takes content and file name; None where the format is for people only.
    loses : tuple of Feature
        What the format has no place for.
    verified : bool
        Whether the project's tests hold what is written against the program itself.
    """

    name: str
    title: Text
    suffix: str
    write: Writer
    read: Reader | None
    loses: tuple[Feature, ...] = ()
    verified: bool = True


_ROWS = (
    Format("yaml", Text("loyaltysem"), ".yaml", lambda q, _: write_yaml(q), None),
    Format(
        "html",
        Text("web form, filled in offline", "离线网页问卷"),
        ".html",
        web_form.write_form,
        None,
        web_form.LOSES,
    ),
    Format(
        "xlsform",
        Text("XLSForm: ODK, KoboToolbox, SurveyCTO"),
        ".xlsx",
        lambda q, _: xlsform.write_xlsform(q),
        xlsform.read_xlsform,
        xlsform.LOSES,
    ),
    Format(
        "surveyjs",
        Text("SurveyJS"),
        ".json",
        lambda q, _: surveyjs.write_surveyjs(q),
        surveyjs.read_surveyjs,
        surveyjs.LOSES,
    ),
    Format(
        "limesurvey",
        Text("LimeSurvey, tab-separated structure", "LimeSurvey（制表符分隔结构文件）"),
        ".txt",
        lambda q, _: limesurvey.write_limesurvey(q),
        limesurvey.read_limesurvey,
        limesurvey.LOSES,
        verified=False,
    ),
    Format(
        "sav",
        Text("SPSS template with labels", "带标签的 SPSS 模板"),
        ".sav",
        lambda q, language: labelled.write_template(q, language=language),
        labelled.read_template,
        labelled.LOSES,
    ),
)
FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Export:
    """A questionnaire in another format.

    Parameters
    ----------
    content : bytes
        The file.
    format : Format
        Its format.
    not_carried : tuple of NotCarried
        What of this questionnaire the file does not hold.
    """

    content: bytes
    format: Format
    not_carried: tuple[NotCarried, ...]

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the file, with the folders above it, and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path

    def __str__(self) -> str:
        head = f"{self.format.title.en} ({len(self.content):,} bytes)"
        lines = [f"  not carried: {left}" for left in self.not_carried]
        if not self.format.verified:
            lines.append(f"  {UNVERIFIED.en}")
        return "\n".join([head, *lines])

    def _repr_html_(self) -> str:
        left = "".join(f"<li>{escape(str(found))}</li>" for found in self.not_carried)
        title = " · ".join(dict.fromkeys(escape(self.format.title.in_(k)) for k in LANGUAGES))
        return f"<h4>{title}</h4><p>not carried / 未保留：</p><ul>{left}</ul>"


UNVERIFIED = Text(
    "unverified: written after the manual, not tried in the program itself",
    "未经验证：依据官方手册编写，尚未在该软件中实际导入",
)


def format_called(name: str) -> Format:
    """Return a row of `FORMATS`.

    Raises
    ------
    IncompatibleRequestError
        There is no such format.
    """
    if name not in FORMATS:
        raise IncompatibleRequestError(
            f"There is no questionnaire format '{name}'.",
            code="export.format",
            hint=did_you_mean(name, FORMATS) or f"Use one of: {', '.join(FORMATS)}.",
        )
    return FORMATS[name]


def export_questionnaire(
    questionnaire: Questionnaire, format: str, *, language: Language = "en"
) -> Export:
    """Write a questionnaire for another program.

    Parameters
    ----------
    questionnaire : Questionnaire
        The instrument.
    format : {"yaml", "html", "xlsform", "surveyjs", "limesurvey", "sav"}
        A row of `FORMATS`.
    language : {"en", "zh"}
        For formats that hold one language (``sav``), and the first one a form shows (``html``).

    Returns
    -------
    Export
        ``.content``, ``.save(path)``, and ``.not_carried``, what the format has no place for.

    Raises
    ------
    IncompatibleRequestError
        There is no such format.
    MissingExtraError
        The package that writes it is not installed.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    >>> made = export_questionnaire(q, "surveyjs")
    >>> [left.feature for left in made.not_carried][:2]
    ['records', 'layout']
    """
    chosen = format_called(format)
    content = chosen.write(questionnaire, language)
    return Export(content, chosen, not_carried(questionnaire, chosen.loses))


def read_questionnaire(path: str | PathLike[str], *, format: str | None = None) -> Questionnaire:
    """Read a questionnaire from YAML or from another program's format.

    Parameters
    ----------
    path : path
        The file.
    format : str, optional
        A row of `FORMATS`; found from the file's suffix unless given.

    Returns
    -------
    Questionnaire

    Raises
    ------
    QuestionnaireError
        The file does not hold a questionnaire.
    DataError
        The file cannot be read.
    IncompatibleRequestError
        The format cannot be read back.

    Examples
    --------
    >>> from loyaltysem.core.datasets import shipped
    >>> read_questionnaire(shipped("questionnaires", "loyalty_short.yaml")).version
    '1.0'
    """
    path = Path(path)
    chosen = format_called(format or _format_of(path))
    if chosen.name == "yaml":
        return load_questionnaire(path)
    if chosen.read is None:
        raise IncompatibleRequestError(
            f"A questionnaire cannot be read from the format '{chosen.name}'.",
            code="export.format",
            hint="Keep its YAML file.",
        )
    return chosen.read(read_bytes(path, pattern=f"*{chosen.suffix}"), path.name)


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower()
    others = {".tsv": "limesurvey", ".zsav": "sav"}
    found = [name for name, row in FORMATS.items() if row.suffix == suffix]
    return found[0] if found else others.get(suffix, "yaml")
