"""Which numbers a report may print: those of its results, through the one formatter."""

import re

from loyaltysem.core import display
from loyaltysem.reporting.plain import BREAK

TOKEN = re.compile(r"[−-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+)")
#: A year of a citation, such as ``Hu & Bentler (1999)``.
YEAR = re.compile(r"(?<![\d.])(?:19|20)\d\d(?=[);；）,a-z]|$)")
#: DOIs and hashes: names made of digits.
NAMES = re.compile(r"https?://\S+|\b(?=\w*[a-f])(?=\w*\d)[0-9a-f]{40,}\b")


def tokens(text):
    """Return the numbers in a text, citations and names aside, without their signs."""
    plain = YEAR.sub(" ", NAMES.sub(" ", text))
    return {token.lstrip("−-") for token in TOKEN.findall(plain)}


def _values(content):
    if isinstance(content, dict):
        for key, value in content.items():
            yield from (str(key), *_values(value))
    elif isinstance(content, list):
        for value in content:
            yield from _values(value)
    elif content is not None and not isinstance(content, bool):
        yield content


def printable_numbers(results):
    """Return every way the formatter can print a number of ``results.json``."""
    known = set()
    for value in _values(results):
        if isinstance(value, str):
            known |= tokens(value) | set(TOKEN.findall(value))
            continue
        known |= {str(value).lstrip("-")} | tokens(display.pvalue(value))
        for digits in range(5):
            shown = (display.number(value, digits), display.bounded(value, digits),
                     display.percent(value, digits))  # fmt: skip
            known |= {text.strip("−%") for text in shown}
    return known


def body(text):
    """Return a report's text before its list of references, unbroken."""
    plain = text.replace(BREAK, "")
    end = max(plain.rfind(f"\n{title}\n") for title in ("References", "参考文献"))
    assert end > 0
    return plain[:end]
