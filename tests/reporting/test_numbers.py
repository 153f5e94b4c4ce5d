"""Every number a report prints stands in ``results.json``, in all writers and languages."""

import json
import types

import pandas as pd
import pytest

from loyaltysem.reporting.docx import to_docx
from loyaltysem.reporting.html import to_html
from loyaltysem.reporting.pdf import to_pdf
from loyaltysem.reporting.report import report
from tests.reporting.numbers import body, printable_numbers, tokens
from tests.reporting.samples import make_analysis
from tests.reporting.test_writers import docx_text, html_text, pdf_text, squeezed

READ = {
    "html": lambda d: "\n".join(html_text(to_html(d))),
    "pdf": lambda d: pdf_text(to_pdf(d)),
    "docx": lambda d: "\n".join(docx_text(to_docx(d))),
}


@pytest.fixture(scope="module")
def written():
    fit = types.SimpleNamespace(fit_measures=lambda: pd.Series({"df": 24.0}))
    made = report(make_analysis(fit=fit), language="both")
    results = json.loads(made.analysis.to_json())
    texts = {
        (name, document.language): read(document)
        for document in made.documents
        for name, read in READ.items()
    }
    return made.documents, printable_numbers(results), texts


def counts(document):
    """Return numbers of tables, of figures and of rows: what a report counts itself."""
    return {str(k) for k in range(1 + max(len(t.rows) for t in document.tables()))}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", READ)
def test_every_number_comes_from_the_results(written, name, language):
    documents, known, texts = written
    shown = tokens(body(texts[name, language]))
    assert len(shown) > 200
    assert shown - known - counts(documents[0]) == set()


@pytest.mark.parametrize("name", READ)
def test_a_number_from_elsewhere_would_be_seen(written, name):
    _, known, texts = written
    assert tokens(body("It is .123456.\n" + texts[name, "en"])) - known >= {".123456"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", READ)
def test_every_cell_and_note_arrives(written, name, language):
    documents, _, texts = written
    text = squeezed(texts[name, language])
    (document,) = (d for d in documents if d.language == language)
    for table in document.tables():
        cells = [cell.text for row in table.rows for cell in row.cells]
        for part in (*cells, *table.notes, table.caption, *(c.head for c in table.columns)):
            assert squeezed(part) in text
