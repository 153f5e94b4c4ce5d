"""Measurement invariance in one call: fit the levels, test each, say where it fails.

Nothing is freed on its own: where a level fails, the equalities are ranked by their score tests,
and whoever knows the items decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd
from scipy.special import chdtrc

from loyaltysem.analysis.invariance_levels import (
    CONFIGURAL,
    default_levels,
    equalities,
    what_has_no_test,
)
from loyaltysem.analysis.invariance_verdicts import (
    FAILED,
    bounds_in_words,
    conditional,
    judged,
    small_sample,
)
from loyaltysem.core.display import number, pvalue
from loyaltysem.core.errors import Finding, IncompatibleRequestError
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.core.progress import progress
from loyaltysem.core.text import Text
from loyaltysem.estimation.compare import HEADER, compare, comparison_cells
from loyaltysem.estimation.fit import sem
from loyaltysem.estimation.modification import group_equality_frame
from loyaltysem.estimation.result import SEMResult
from loyaltysem.estimation.sources import Data
from loyaltysem.model.group_equality import RULES


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Invariance:
    """Levels of invariance, tested one after the other.

    Attributes
    ----------
    frame : DataFrame
        The columns of `loyaltysem.compare`, ``model`` holding the level, and ``equal`` (what it
        holds equal), ``cfi_met``, ``rmsea_met``, ``srmr_met`` (None without a test) and
        ``verdict``: ``supported`` where ΔCFI keeps its bound, ``doubtful`` where only ΔCFI breaks
        it, ``not supported`` where ΔRMSEA or ΔSRMR break theirs too. Levels of the structural
        model (latent means, variances) are judged by their difference test at .05.
    proposal : DataFrame
        Equalities of the first level that is not supported, the most doubtful first:
        ``level parameter groups chisq df pvalue``. Pass a parameter as ``partial=`` to free it;
        nothing is freed by itself. Empty where every level is supported.
    fits : mapping of str to SEMResult
    groups : tuple of str
    indices : str
        Which CFI and RMSEA are compared: ``robust``, ``scaled`` or ``standard``.
    partial : tuple of str
        Parameters that were left free.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    proposal: pd.DataFrame
    fits: Mapping[str, SEMResult]
    groups: tuple[str, ...]
    indices: str
    partial: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def criterion(self) -> Text:
        """The bounds that were applied, with their sources."""
        return bounds_in_words()

    def _lines(self) -> list[str]:
        sizes = next(iter(self.fits.values())).sample.n_obs
        groups = ", ".join(f"{g} ({n})" for g, n in zip(self.groups, sizes, strict=True))
        freed = f"; free: {', '.join(self.partial)}" if self.partial else ""
        return [
            f"Measurement invariance across {len(self.groups)} groups: {groups}{freed}",
            f"Difference test: {self._method}; CFI and RMSEA: {self.indices}",
        ]

    @property
    def _method(self) -> str:
        return next((m for m in self.frame["method"] if m), "none")

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        cells = comparison_cells(self.frame)
        verdicts = self.frame["verdict"].tolist()
        return (*HEADER, "verdict"), [(*c, v) for c, v in zip(cells, verdicts, strict=True)]

    def _proposal_table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (
                str(r["parameter"]),
                str(r["groups"]),
                number(r["chisq"], 2),
                str(r["df"]),
                pvalue(r["pvalue"]),
            )
            for r in self.proposal.head(5).to_dict("records")
        ]
        return ("parameter", "groups", "χ²", "df", "p"), rows

    def _proposal_title(self) -> str:
        return f"Equalities at the {self.proposal['level'].iloc[0]} level, most doubtful first"

    def __str__(self) -> str:
        lines = [*self._lines(), *text_table(*self._table()), f"  {self.criterion}"]
        if len(self.proposal):
            lines += ["", self._proposal_title(), *text_table(*self._proposal_table())]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [*map(html_paragraph, self._lines()), html_table("", *self._table())]
        parts.append(html_paragraph(str(self.criterion)))
        if len(self.proposal):
            parts.append(html_table(self._proposal_title(), *self._proposal_table()))
        return "".join([*parts, *(html_paragraph(str(f)) for f in self.findings)])


def invariance(
    model: str,
    data: Data,
    *,
    group: str,
    ordered: Sequence[str] | bool = (),
    estimator: str = "ML",
    levels: Sequence[str] | None = None,
    partial: Sequence[str] = (),
    **options: Any,
) -> Invariance:
    """Test measurement invariance across groups.

    Parameters
    ----------
    model : str
        Model in lavaan syntax, the same in all groups.
    data : DataFrame, survey responses or mapping of columns
    group : str
        Column that tells groups apart, two or more.
    ordered : sequence of str, or True
        Items analysed as ordered categories (WLSMV); True for all.
    estimator : str
        As in `loyaltysem.sem`.
    levels : sequence of str, optional
        By default ``configural``, ``metric`` (loadings), ``scalar`` (and intercepts), ``strict``
        (and residual variances); with ordered items ``configural``, ``thresholds``, ``metric``
        (thresholds and loadings), ``scalar`` (and intercepts). Any word of ``group_equal``, such as
        ``"lv.variances"`` or ``"means"``, is a level that adds to those before it.
    partial : sequence of str
        Parameters that may differ at every level, such as ``"x3~1"``.
    **options
        Further options of `loyaltysem.sem`.

    Returns
    -------
    Invariance

    Raises
    ------
    IncompatibleRequestError
        When a level is not known or does not go with the options, or there is one group only.

    Notes
    -----
    Difference tests are those of `loyaltysem.compare`. ΔCFI is held against −.010 (Cheung &
    Rensvold 2002), ΔRMSEA against .015 and ΔSRMR against .030 for loadings and .010 for intercepts
    and residuals (Chen 2007). For ordered items the order is that of Wu and Estabrook (2016).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(3)
    >>> f = rng.normal(size=600)
    >>> data = pd.DataFrame({f"t{i}": f + rng.normal(size=600) for i in (1, 2, 3, 4)})
    >>> data["market"] = ["上海", "北京"] * 300
    >>> result = invariance("trust =~ t1 + t2 + t3 + t4", data, group="market")
    >>> result.frame["verdict"].tolist()
    ['reference', 'supported', 'supported', 'supported']
    """
    _check_options(ordered, levels, options)
    base = {"group": group, "ordered": ordered, "estimator": estimator, **options}
    first = sem(model, data, **base)
    if len(first.groups) < 2:
        raise IncompatibleRequestError(
            f"Column '{group}' holds one group only: '{first.groups[0]}'.",
            code="request.one_group",
            hint="Invariance compares at least two groups.",
        )
    thresholds = first.table.defaults.ordered
    equal = equalities(levels or default_levels(thresholds, bool(ordered)), bool(ordered))
    fits = {CONFIGURAL: first} if CONFIGURAL in equal else {}
    nested = [name for name in equal if name != CONFIGURAL]
    for level in progress(nested, len(nested), "invariance"):
        fits[level] = sem(model, data, **base, group_equal=equal[level], group_partial=partial)
    return _result(fits, equal, tuple(partial), what_has_no_test(thresholds))


def _check_options(
    ordered: Sequence[str] | bool, levels: Sequence[str] | None, options: Mapping[str, Any]
) -> None:
    if levels is not None and len(levels) < 2:
        raise IncompatibleRequestError(
            "Invariance needs at least two levels to compare.",
            code="request.invariance_level",
            hint='For example levels=["configural", "metric"].',
        )
    if {"group_equal", "group_partial"} & set(options):
        raise IncompatibleRequestError(
            "The levels say what is equal across groups; group_equal and group_partial cannot be "
            "given as well.",
            code="request.option",
            hint="Use levels= and partial=.",
        )
    strict = {"strict", "residuals"} & set(levels or ())
    if ordered and strict and options.get("parameterization", "delta") != "theta":
        raise IncompatibleRequestError(
            "Residual variances of ordered items are parameters only under theta.",
            code="request.invariance_level",
            hint='Add parameterization="theta", or leave out the strict level.',
        )


def _result(
    fits: Mapping[str, SEMResult],
    equal: Mapping[str, tuple[str, ...]],
    partial: tuple[str, ...],
    notes: Sequence[Finding],
) -> Invariance:
    one, two, *more = fits.values()
    comparison = compare(one, two, *more, names=list(fits))
    frame = judged(comparison.frame, equal)
    first = next(iter(fits.values()))
    findings = (
        *(f for f in comparison.findings if f.code != "compare.same_df"),
        *notes,
        *small_sample(first.n_obs),
        *conditional(frame),
    )
    return Invariance(
        frame=frame,
        proposal=_proposal(frame, fits, equal),
        fits=MappingProxyType(dict(fits)),
        groups=first.groups,
        indices=comparison.indices,
        partial=partial,
        findings=findings,
    )


# What could be freed


def _proposal(
    frame: pd.DataFrame, fits: Mapping[str, SEMResult], equal: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Rank the equalities that the first failing level added."""
    columns = ["level", "parameter", "groups", "chisq", "df", "pvalue"]
    order = frame["model"].tolist()
    failed = frame.loc[frame["verdict"].isin(FAILED), "model"].tolist()
    if not failed:
        return pd.DataFrame(columns=columns)
    level = failed[0]
    before = equal[order[order.index(level) - 1]]
    added = [w for w in equal[level] if w not in before]
    parts = [_shared(fits[level], added), _fixed(fits[level], added)]
    if not any(len(p) for p in parts):  # all that was added is held by formulas of the model
        return pd.DataFrame(columns=columns)
    ranked = pd.concat([p for p in parts if len(p)], ignore_index=True)
    ranked = ranked.sort_values("chisq", ascending=False, kind="stable")
    return ranked.assign(level=level)[columns].reset_index(drop=True)


def _names(fit: SEMResult, words: Sequence[str]) -> set[str]:
    """Return the parameters that some words of ``group_equal`` speak of."""
    rows, role = fit.table.rows, fit.table.roles
    return {
        r.name
        for r in rows
        if not r.exogenous and any(RULES[w](r, role) for w in words)
    }  # fmt: skip


def _shared(fit: SEMResult, words: Sequence[str]) -> pd.DataFrame:
    """Return the tests of parameters that are estimated equal."""
    found = group_equality_frame(fit.model, fit.solution.alpha)
    found = found[found["parameter"].isin(_names(fit, words))]
    return found.assign(groups=" = ".join(fit.groups))


def _fixed(fit: SEMResult, words: Sequence[str]) -> pd.DataFrame:
    """Return the tests of parameters held at one value, by which they are equal too.

    Intercepts of ordered items and first loadings are: freeing one in a later group lets it
    differ.
    """
    found = fit.modification_indices()
    rows = {(r.lhs, r.op, r.rhs, r.group) for r in fit.table.rows}
    names = _names(fit, words)
    kept = [
        (f"{r['lhs']}{r['op']}{r['rhs']}", fit.groups[r["group"] - 1], r["mi"])
        for r in found.to_dict("records")
        if r["group"] > 1
        and f"{r['lhs']}{r['op']}{r['rhs']}" in names
        and (r["lhs"], r["op"], r["rhs"], r["group"]) in rows
    ]
    frame = pd.DataFrame(kept, columns=["parameter", "groups", "chisq"])
    return frame.assign(df=1, pvalue=[float(chdtrc(1, x)) for x in frame["chisq"]])
