"""A fit as text for the console and as HTML for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

import pandas as pd

from loyaltysem.core.display import bounded, integer, interval, number, pvalue
from loyaltysem.core.plain_table import html_paragraph, html_table, text_table
from loyaltysem.estimation.solved import Solved

SECTIONS: Mapping[str, str] = {
    "=~": "Loadings",
    "~": "Regressions",
    "~~": "Variances and covariances",
    "~1": "Intercepts",
    "|": "Thresholds",
    "~*~": "Scales of latent responses",
    ":=": "Defined parameters",
}
HEADER = ("parameter", "estimate", "SE", "z", "p", "95% CI", "std.")


def summary_text(fit: Solved) -> str:
    """Return request, fit, parameters and findings as plain text."""
    lines = [*_request(fit), "", *_fit_lines(fit)]
    for heading, frame in _parts(fit):
        lines += ["", heading] if heading else []
        for title, rows in _sections(frame):
            lines += ["", title, *text_table(HEADER, rows)]
    if fit.findings:
        lines += ["", "Findings", *(f"  {finding}" for finding in fit.findings)]
    return "\n".join(lines)


def summary_html(fit: Solved) -> str:
    """Return the same content as a fragment of HTML, every label escaped."""
    parts = [html_paragraph(line) for line in (*_request(fit), *_fit_lines(fit))]
    parts += [html_paragraph(str(finding), "<strong>{}</strong>") for finding in fit.findings]
    for heading, frame in _parts(fit):
        parts += [f"<h4>{html.escape(heading)}</h4>"] if heading else []
        parts += [html_table(title, HEADER, rows) for title, rows in _sections(frame)]
    return f'<div class="loyaltysem-fit">{"".join(parts)}</div>'


def _parts(fit: Solved) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the parameters of each group under its heading, defined parameters last."""
    frame = fit.parameters()
    if not fit.groups:
        yield "", frame
        return
    for i, (label, n) in enumerate(zip(fit.groups, fit.sample.n_obs, strict=True), start=1):
        yield f"Group {i}: {label} ({integer(n)} cases)", frame[frame["group"] == i]
    if fit.table.defined:
        yield "All groups", frame[frame["group"] == 0]


def _sections(frame: pd.DataFrame) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    for op, title in SECTIONS.items():
        rows = [_cells(r) for _, r in frame[frame["op"] == op].iterrows()]
        if rows:
            yield title, rows


def _request(fit: Solved) -> list[str]:
    ended = "converged" if fit.converged else "DID NOT CONVERGE"
    return [
        f"loyaltysem {fit.plan.version}: {fit.plan.function}(), {fit.plan.row.description}, "
        f"{ended} after {int(fit.solution.n_iter[0])} iterations",
        f"cases {integer(fit.n_obs)}, free parameters {fit.structure.n_free}, "
        f"information {fit.plan.information}, likelihood {fit.plan.likelihood}"
        + (f", rotation {fit.plan.rotation.name}" if fit.plan.rotation else ""),
    ]


def _fit_lines(fit: Solved) -> list[str]:
    m = fit.inference.measures
    criteria = ""
    if m["aic"] == m["aic"]:  # least squares has no likelihood
        criteria = f"   AIC {number(m['aic'], 1)}   BIC {number(m['bic'], 1)}"
    lines = [
        f"{_chisq(m, '')}    {_incremental(m, '')}",
        f"{_rmsea(m, '')}   SRMR {bounded(m['srmr'])}{criteria}",
    ]
    if "chisq_scaled" in m:
        factor = f"factor {number(m['chisq_scaling_factor'])}, {fit.plan.test}"
        lines += [
            f"scaled: {_chisq(m, '_scaled')} ({factor})    {_incremental(m, '_scaled')}   "
            f"{_rmsea(m, '_scaled')}"
        ]
    if m.get("cfi_robust", float("nan")) == m.get("cfi_robust"):
        lines += [f"robust: {_incremental(m, '_robust')}   {_rmsea(m, '_robust')}"]
    return lines


def _chisq(m: Mapping[str, float], form: str) -> str:
    df = m[f"df{form}"]
    freedom = f"{df:.0f}" if df == round(df) else number(df, 2)
    return f"χ²({freedom}) = {number(m[f'chisq{form}'])}, p = {pvalue(m[f'pvalue{form}'])}"


def _incremental(m: Mapping[str, float], form: str) -> str:
    return f"CFI {bounded(m[f'cfi{form}'])}   TLI {bounded(m[f'tli{form}'])}"


def _rmsea(m: Mapping[str, float], form: str) -> str:
    lower, upper = (m.get(f"rmsea_ci_{end}{form}") for end in ("lower", "upper"))
    return f"RMSEA {bounded(m[f'rmsea{form}'])} {interval(lower, upper, is_bounded=True)}"


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
