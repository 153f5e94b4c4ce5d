"""A fit as text for the console and as HTML for notebooks."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from loyaltysem.core.display import bounded, integer, interval, number, pvalue

if TYPE_CHECKING:
    from loyaltysem.estimation.result import SEMResult

SECTIONS: Mapping[str, str] = {
    "=~": "Loadings",
    "~": "Regressions",
    "~~": "Variances and covariances",
    "~1": "Intercepts",
    ":=": "Defined parameters",
}
HEADER = ("parameter", "estimate", "SE", "z", "p", "95% CI", "std.")


def summary_text(fit: SEMResult) -> str:
    """Return request, fit, parameters and findings as plain text."""
    lines = [*_request(fit), "", *_fit_lines(fit.inference.measures)]
    frame = fit.parameters()
    for op, title in SECTIONS.items():
        rows = [_cells(r) for _, r in frame[frame["op"] == op].iterrows()]
        if rows:
            lines += ["", title, *_aligned([HEADER, *rows])]
    if fit.findings:
        lines += ["", "Findings", *(f"  {finding}" for finding in fit.findings)]
    return "\n".join(lines)


def _request(fit: SEMResult) -> list[str]:
    ended = "converged" if fit.converged else "DID NOT CONVERGE"
    return [
        f"loyaltysem {fit.plan.version}: {fit.plan.function}(), {fit.plan.row.description}, "
        f"{ended} after {int(fit.solution.n_iter[0])} iterations",
        f"cases {integer(fit.n_obs)}, free parameters {fit.structure.n_free}, "
        f"information {fit.plan.information}, likelihood {fit.plan.likelihood}",
    ]


def _fit_lines(m: Mapping[str, float]) -> list[str]:
    rmsea_range = interval(m["rmsea_ci_lower"], m["rmsea_ci_upper"], is_bounded=True)
    return [
        f"χ²({m['df']:.0f}) = {number(m['chisq'])}, p = {pvalue(m['pvalue'])}    "
        f"CFI {bounded(m['cfi'])}   TLI {bounded(m['tli'])}",
        f"RMSEA {bounded(m['rmsea'])} {rmsea_range}   SRMR {bounded(m['srmr'])}   "
        f"AIC {number(m['aic'], 1)}   BIC {number(m['bic'], 1)}",
    ]


def _cells(row: pd.Series) -> tuple[str, ...]:
    name = row["lhs"] if row["op"] == ":=" else f"{row['lhs']} {row['op']} {row['rhs']}".strip()
    fixed = row["free"] == 0 and row["op"] != ":="
    return (
        f"{name}  ({row['label']})" if row["label"] and row["op"] != ":=" else name,
        number(row["est"]),
        "fixed" if fixed else number(row["se"]),
        number(row["z"], 2),
        pvalue(row["pvalue"]),
        "" if fixed else interval(row["ci_lower"], row["ci_upper"]),
        number(row["std_all"]),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Pad cells to columns; Chinese characters take two places."""
    widths = [max(_width(r[i]) for r in rows) for i in range(len(rows[0]))]
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        rest = (" " * (w - _width(c)) + c for c, w in zip(row[1:], widths[1:], strict=True))
        yield "  " + "  ".join([first, *rest])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def summary_html(fit: SEMResult) -> str:
    """Return the same content as a fragment of HTML, every label escaped."""
    frame = fit.parameters()
    parts = [_paragraph(line) for line in (*_request(fit), *_fit_lines(fit.inference.measures))]
    parts += [_paragraph(str(finding), "<strong>{}</strong>") for finding in fit.findings]
    for op, title in SECTIONS.items():
        rows = [_cells(r) for _, r in frame[frame["op"] == op].iterrows()]
        if rows:
            parts.append(_table(title, rows))
    return f'<div class="loyaltysem-fit">{"".join(parts)}</div>'


def _paragraph(text: str, wrap: str = "{}") -> str:
    return f"<p>{wrap.format(html.escape(text))}</p>"


def _table(title: str, rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str) -> Callable[[Sequence[str]], str]:
        return lambda cells: (
            "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"
        )

    body = "".join(map(line("td"), rows))
    caption = f"<caption>{html.escape(title)}</caption>"
    return f"<table>{caption}<thead>{line('th')(HEADER)}</thead><tbody>{body}</tbody></table>"
