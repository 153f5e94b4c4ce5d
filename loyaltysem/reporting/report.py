"""The report on a fitted model or a finished analysis."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import LANGUAGES, Language, Text
from loyaltysem.reporting.document import Document
from loyaltysem.reporting.docx import to_docx
from loyaltysem.reporting.html import to_html
from loyaltysem.reporting.pdf import to_pdf
from loyaltysem.reporting.sections import compose
from loyaltysem.study.analysis import Analysis
from loyaltysem.study.output import write_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loyaltysem.estimation.result import SEMResult
    from loyaltysem.study.hypotheses import Hypothesis
    from loyaltysem.study.published import PublishedResults
    from loyaltysem.survey.questionnaire import Questionnaire
    from loyaltysem.survey.responses import Responses
    from loyaltysem.survey.screening.result import Screening


ReportLanguage: TypeAlias = Literal["en", "zh", "both"]
REPORT_LANGUAGES: Mapping[str, tuple[Language, ...]] = MappingProxyType(
    {"en": ("en",), "zh": ("zh",), "both": LANGUAGES}
)
#: Formats of one language a file.
PAPER: Mapping[str, Callable[[Document], bytes]] = MappingProxyType(
    {".pdf": to_pdf, ".docx": to_docx}
)
FORMATS = (".html", *PAPER)


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report, in one language or in both.

    Parameters
    ----------
    analysis : Analysis
        The numbers it prints.
    documents : tuple of Document
        The report as data, one document a language.
    """

    analysis: Analysis
    documents: tuple[Document, ...]

    @property
    def document(self) -> Document:
        """The report in its first language."""
        return self.documents[0]

    def html(self) -> str:
        """Return one self-contained HTML page; a report in both languages has a switch."""
        return to_html(*self.documents)

    def files(self, path: str | Path) -> dict[Path, str | bytes]:
        """Return what `save` would write: files by name.

        Parameters
        ----------
        path : str or Path
            Ends in ``.html``, ``.pdf`` or ``.docx``.

        Raises
        ------
        IncompatibleRequestError
            The ending names a format that does not exist.
        MissingExtraError
            PDF and Word files need the extra ``report``.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind == ".html":
            return {target: self.html()}
        if kind not in PAPER:
            raise IncompatibleRequestError(
                f"A report cannot be written as '{target.suffix or target.name}'.",
                code="report.format",
                hint=f"The formats are {', '.join(FORMATS)}.",
            )
        write = PAPER[kind]
        first, *others = self.documents
        named = {target.with_name(f"{target.stem}.{o.language}{target.suffix}"): o for o in others}
        return {name: write(document) for name, document in {target: first, **named}.items()}

    def save(self, path: str | Path) -> Path:
        """Write the report and return where it stands.

        Parameters
        ----------
        path : str or Path
            Ends in ``.html``, ``.pdf`` or ``.docx``; missing folders are made. A report in both
            languages is one HTML page, but one PDF or Word file a language:
            ``report.pdf`` and ``report.zh.pdf``, of which the first is returned.

        Raises
        ------
        IncompatibleRequestError
            The ending names a format that does not exist.
        MissingExtraError
            PDF and Word files need the extra ``report``.
        OSError
            The file cannot be written; then there is none, not even half of it.
        """
        files = self.files(path)
        write_together(files)
        return next(iter(files))

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame so that its style does not leak."""
        page, title = html.escape(self.html()), html.escape(self.document.title)
        return (
            f'<iframe srcdoc="{page}" title="{title}"'
            ' style="width:100%;height:44rem;border:1px solid #dde3e9"></iframe>'
        )


def report(
    source: Analysis | SEMResult,
    *,
    language: ReportLanguage = "en",
    title: Text | str | None = None,
    questionnaire: Questionnaire | None = None,
    responses: Responses | None = None,
    hypotheses: Sequence[Hypothesis] = (),
    published: PublishedResults | None = None,
    screening: Screening | None = None,
    sent: int | None = None,
    returned: int | None = None,
    wave: str | None = None,
    command: str | None = None,
    indicators: bool | None = None,
) -> Report:
    """Return the report on an analysis or a fitted model.

    Parameters
    ----------
    source : Analysis or SEMResult
        A fitted model is analysed first.
    language : {"en", "zh", "both"}
        Language of the report; in both, the HTML page has a switch.
    title : Text or str, optional
        Replaces the analysis' title.
    questionnaire, responses, hypotheses, published, command
        For a fitted model: passed on to `loyaltysem.study.pipeline.analyse`.
    screening : Screening, optional
        For a fitted model: from ``r.screen(rule=…)``; by default all responses are screened by the
        rule "standard". The report shows the results with and without those who meet the rule,
        whether the model was fitted to `r` or to ``screening.apply(rule)``.
    sent, returned : int, optional
        For a fitted model: questionnaires sent and returned, for the response flow.
    wave : str, optional
        For a fitted model: the column with waves or times, to compare early with late respondents.
    indicators : bool, optional
        Whether the path diagram shows the indicators; by default when there are at most 24.

    Returns
    -------
    Report

    Raises
    ------
    IncompatibleRequestError
        The language does not exist, or what belongs to a fitted model is given with an analysis.
    """
    if language not in REPORT_LANGUAGES:
        raise IncompatibleRequestError(
            f"A report cannot be written in the language {language!r}.",
            code="report.language",
            hint=f"Choose one of {', '.join(REPORT_LANGUAGES)}.",
        )
    chosen = REPORT_LANGUAGES[language]
    heading = Text(title) if isinstance(title, str) else title
    given = {
        "questionnaire": questionnaire,
        "responses": responses,
        "hypotheses": hypotheses or None,
        "published": published,
        "screening": screening,
        "sent": sent,
        "returned": returned,
        "wave": wave,
        "command": command,
    }
    if isinstance(source, Analysis):
        _refuse([name for name, value in given.items() if value is not None])
        analysis = source
    else:
        from loyaltysem.study.pipeline import analyse

        analysis = analyse(
            source,
            title=heading,
            questionnaire=questionnaire,
            responses=responses,
            hypotheses=hypotheses or None,
            published=published,
            screening=screening,
            sent=sent,
            returned=returned,
            wave=wave,
            command=command,
        )
    shown = heading or analysis.title
    documents = (compose(analysis, one, shown, indicators=indicators) for one in chosen)
    return Report(analysis, tuple(documents))


def _refuse(extra: Sequence[str]) -> None:
    """Refuse what only a fitted model can take, rather than ignore it."""
    if extra:
        raise IncompatibleRequestError(
            f"An analysis already holds its {', '.join(extra)}.",
            code="report.analysis_is_complete",
            hint="Pass them to loyaltysem.study.pipeline.analyse, or give report() the fitted "
            "model.",
        )
