"""One step of an analysis: its tables and findings, or a note why there are none."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from loyaltysem.core.errors import Finding, LoyaltySemError
from loyaltysem.core.text import Text


@dataclass(frozen=True, slots=True)
class Part:
    """What one step adds to an analysis.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    findings : tuple of Finding
    results : mapping of str to object
        Nouns whose picture needs more than a table: a bootstrap, a multiverse, cohorts.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    results: Mapping[str, object] = field(default_factory=dict)


def attempt(name: Text, step: Callable[[], Part]) -> Part:
    """Carry out a step that these data may not allow; what stopped it becomes a finding.

    Parameters
    ----------
    name : Text
        What the step does, for the reader.
    step : callable
    """
    with warnings.catch_warnings():
        # Side models only: what is wrong with one of them shows in its own table.
        warnings.simplefilter("ignore")
        try:
            return step()
        except LoyaltySemError as error:
            return Part(findings=(_left_out(name, error),))


#: Why a step cannot be done, in Chinese, by the code of its error; messages are English.
REASONS = {
    "cutoffs.improper": "模型解不可接受，不存在具有这些估计值的总体。",
}


def _left_out(name: Text, error: LoyaltySemError) -> Finding:
    return Finding(
        "study.step_left_out",
        Text(
            f"{name.en} could not be done: {error.message}",
            f"未能进行{name.in_('zh')}：{REASONS.get(error.code, error.message)}",
        ),
        severity="note",
    )


def together(parts: Iterable[Part]) -> Part:
    """Return the tables, findings and results of several steps, in order."""
    kept = list(parts)
    tables = {key: frame for part in kept for key, frame in part.tables.items()}
    results = {key: noun for part in kept for key, noun in part.results.items()}
    return Part(tables, tuple(finding for part in kept for finding in part.findings), results)
