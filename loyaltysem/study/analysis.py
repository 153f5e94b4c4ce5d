"""The finished analysis: every table a report prints, and its exact numbers as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult


@dataclass(frozen=True, slots=True)
class Analysis:
    """One study, analysed: what the report room turns into a document.

    Parameters
    ----------
    name : str
        Short name, used for folders and files.
    title : Text
        Title for readers.
    synthetic : bool
        Whether the answers were made by a computer; every output must say so.
    provenance : mapping
        Versions, hashes, estimator, seed, command; no time stamps, no machine paths.
    fit : SEMResult
        The fitted model.
    findings : tuple of Finding
        What the reader must know, from data, fit, reliability and validity.
    model_text : str
        The model in lavaan syntax.
    tables : mapping of str to DataFrame
        Raw numbers; keys are absent where they do not apply. See ``docs/architecture.md``.
    labels : mapping of str to Text
        Readers' names of variables and latent variables.
    results : mapping of str to object
        What pictures are drawn from where a table is not enough; not written to JSON.
    """

    name: str
    title: Text
    synthetic: bool
    provenance: Mapping[str, object]
    fit: SEMResult
    findings: tuple[Finding, ...]
    model_text: str
    tables: Mapping[str, pd.DataFrame]
    labels: Mapping[str, Text]
    results: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return everything as JSON: sorted keys, full precision, NaN and infinities as null.

        The same analysis gives the same bytes.
        """
        content = {
            "name": self.name,
            "title": _text(self.title),
            "synthetic": self.synthetic,
            "provenance": _plain(self.provenance),
            "model": self.model_text,
            "findings": [_finding(finding) for finding in self.findings],
            "fit_measures": _plain(self.fit.fit_measures().to_dict()),
            "tables": {key: _table(frame) for key, frame in self.tables.items()},
            "labels": {name: _text(label) for name, label in self.labels.items()},
        }
        return json.dumps(
            content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False
        ).join(("", "\n"))


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.in_("zh")}


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "text": _text(finding.text),
        "hint": _text(finding.hint),
    }


def _table(frame: pd.DataFrame) -> object:
    """Rows as records; a square table keeps its row names as keys."""
    if isinstance(frame.index, pd.RangeIndex):
        return [_plain(record) for record in frame.to_dict(orient="records")]
    return {str(name): _plain(row.to_dict()) for name, row in frame.iterrows()}


def _plain(value: Any) -> object:
    """Turn `value` into what JSON knows; numpy scalars become Python's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)
