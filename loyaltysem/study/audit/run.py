"""`ls.audit`: every relation that must hold among the numbers a paper prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from loyaltysem.core.errors import Finding
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Language, Text
from loyaltysem.study.audit.check import VERDICTS, Check
from loyaltysem.study.audit.claims import claims_table
from loyaltysem.study.audit.feasible import feasible_sets, summarised
from loyaltysem.study.audit.fit_relations import fit_checks
from loyaltysem.study.audit.other_relations import (
    coefficient_checks,
    construct_checks,
    correlation_checks,
    sample_checks,
)
from loyaltysem.study.audit.paper import PublishedPaper
from loyaltysem.study.audit.reading import read_paper


@dataclass(frozen=True, slots=True, repr=False)
class Audit(Shown):
    """A paper's printed numbers held against each other.

    Attributes
    ----------
    paper : PublishedPaper
    checks : tuple of Check
    feasible : DataFrame
        ``model p df_lower df_upper q_lower q_upper n_sets``: numbers of observed variables p,
        degrees of freedom and parameters q that can have printed each model's fit.
    sets : mapping of str to DataFrame
        Every single set ``p df q df_b`` of each model.
    claims : DataFrame
        ``place measure printed cutoff met source claim``.
    findings : tuple of Finding
    """

    paper: PublishedPaper
    checks: tuple[Check, ...]
    feasible: pd.DataFrame
    sets: Mapping[str, pd.DataFrame]
    claims: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a check: ``place relation printed lower upper verdict arithmetic_en …_zh``."""
        rows = [
            (c.place, c.relation, c.printed, *c.implied, c.verdict, c.arithmetic.en,
             c.arithmetic.in_("zh"), c.source)
            for c in self.checks
        ]  # fmt: skip
        columns = ["place", "relation", "printed", "lower", "upper", "verdict", "arithmetic_en",
                   "arithmetic_zh", "source"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    @property
    def counts(self) -> dict[str, int]:
        """How many checks ended in each verdict."""
        found = Counter(check.verdict for check in self.checks)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def summary(self, language: Language = "en") -> str:
        """Return the whole audit as text.

        Parameters
        ----------
        language : {"en", "zh"}
        """
        lines = [self.paper.citation, *self._headline_in(language), ""]
        for check in sorted(self.checks, key=lambda c: c.verdict == "consistent"):
            word = VERDICTS[check.verdict].in_(language)
            lines.append(f"[{word}] {check.place}: {check.arithmetic.in_(language)}")
        lines += [finding.text.in_(language) for finding in self.findings]
        return "\n".join(lines)

    def _headline_in(self, language: Language) -> tuple[str, ...]:
        c = self.counts
        text = Text(
            f"{len(self.checks)} relations checked: {c['consistent']} consistent, "
            f"{c['inconsistent']} inconsistent, {c['impossible']} impossible.",
            f"共核查 {len(self.checks)} 项关系：一致 {c['consistent']} 项，"
            f"不一致 {c['inconsistent']} 项，不可能 {c['impossible']} 项。",
        )
        return (text.in_(language),)

    def _headline(self) -> Iterable[str]:
        return (self.paper.citation, *self._headline_in("en"))

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        rows = [(c.place, c.relation, c.printed, c.verdict, c.arithmetic.en) for c in self.checks]
        yield "", (("place", "relation", "printed", "verdict", "arithmetic"), rows)
        if not self.feasible.empty:
            few = self.feasible.head(12).astype(str)
            yield "Feasible sets", (tuple(few.columns), few.to_numpy().tolist())


def audit(published_results: str | Path | Mapping[str, Any] | PublishedPaper) -> Audit:
    """Hold the numbers a paper prints against each other.

    Parameters
    ----------
    published_results : path, mapping or PublishedPaper
        A YAML file (docs/auditing.md), the same structure in Python with numbers as text, or a
        paper that is read already.

    Returns
    -------
    Audit
        Every relation that can be checked, its verdict with the arithmetic; the numbers of
        variables, degrees of freedom and parameters that can have printed the fit; what claims
        such as "good fit" rest on.

    Raises
    ------
    DataError
        The file or mapping cannot be understood; every place is named.

    Notes
    -----
    A printed number stands for the interval of values that round to it. A relation is *consistent*
    when some values in the intervals satisfy it, *inconsistent* when none do; a number is
    *impossible* when it cannot occur, such as a CFI above 1 or a mean that no whole answers have
    [brown_heathers_2017]_. An inconsistency is a slip, another convention or a typing error here:
    it says which numbers cannot all be right, not who is to blame.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> model = {"name": "CFA", "chisq_df": "2.01", "rmsea": ".04"}
    >>> print(ls.audit({"citation": "A paper", "n": 450, "models": [model]}).checks[0].verdict)
    inconsistent
    """
    given = published_results
    paper = given if isinstance(given, PublishedPaper) else read_paper(given)
    checks = tuple(_checks(paper))
    sets = {model.name: feasible_sets(model, paper.n) for model in paper.models}
    parts = [summarised(model, sets[model.name]) for model in paper.models]
    feasible = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    claims = claims_table(paper)
    return Audit(paper, checks, feasible, sets, claims, _findings(checks, claims))


def _checks(paper: PublishedPaper) -> Iterable[Check]:
    yield from sample_checks(paper)
    for model in paper.models:
        yield from fit_checks(model, paper.n)
    for construct in paper.constructs:
        yield from construct_checks(construct, paper.n)
    named = {coefficient.name: coefficient for coefficient in paper.coefficients}
    for coefficient in paper.coefficients:
        yield from coefficient_checks(coefficient, named, paper.n)
    if paper.correlations is not None:
        yield from correlation_checks(paper.correlations, paper.constructs)


def _findings(checks: Sequence[Check], claims: pd.DataFrame) -> tuple[Finding, ...]:
    wrong = [check for check in checks if check.verdict != "consistent"]
    found = [
        Finding(
            f"audit.{check.verdict}",
            Text(
                f"{check.place}: {check.arithmetic.en}",
                f"{check.place}：{check.arithmetic.in_('zh')}",
            ),
            severity="problem" if check.verdict == "impossible" else "warning",
        )
        for check in wrong
    ]
    return (*found, *_unmet(claims))


def _unmet(claims: pd.DataFrame) -> Iterable[Finding]:
    """Say where a paper calls a fit good that misses usual cut-offs."""
    for (place, claim), rows in claims[claims["claim"] != ""].groupby(["place", "claim"]):
        missed = rows[rows["met"] == False]  # noqa: E712  # None is neither met nor missed
        if missed.empty:
            continue
        told = [
            (f"{row['measure'].upper()} = {row['printed']}", row["cutoff"], row["source"])
            for row in missed.to_dict("records")
        ]
        en = "; ".join(f"{value}, not {cutoff} of {source}" for value, cutoff, source in told)
        zh = "；".join(f"{value}，{source} 建议 {cutoff}" for value, cutoff, source in told)
        yield Finding(
            "audit.claim",
            Text(
                f"{place}: “{claim}” rests on fewer than the usual cut-offs: {en}.",
                f"{place}：“{claim}”的说法未得到通行标准支持：{zh}。",
            ),
            severity="warning",
        )
