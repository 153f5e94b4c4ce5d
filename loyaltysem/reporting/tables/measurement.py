"""How well the constructs are measured: reliability, convergence, distinctness, loadings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.analysis.cutoffs import REGISTRY, judge
from loyaltysem.core.display import MISSING, bounded, integer, interval
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Column, Row, Table
from loyaltysem.reporting.tables.layout import (
    ESTIMATE_NOTE,
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    estimate_columns,
    frame_table,
    text_column,
)


def reliability(frame: pd.DataFrame, words: Words) -> Table:
    """Return α with its interval, ω, CR, AVE and H; values that miss their cut-off are marked."""
    further = "omega" in frame
    columns = [
        text_column(Text("Construct", "构念"), lambda r: words.of(r, "label")),
        ColumnSpec(Text("Items", "题项数"), lambda r: integer(r["n_items"])),
        ColumnSpec(Text("Cronbach's α", "Cronbach α"), lambda r: judged(r, "alpha")),
        ColumnSpec(
            Text("95% CI", "95% 置信区间"),
            lambda r: interval(r["alpha_lower"], r["alpha_upper"], is_bounded=True),
        ),
        *([bounded_column("omega", Text("ω"))] if further else []),
        ColumnSpec(Text("CR", "组合信度 CR"), lambda r: judged(r, "composite_reliability")),
        ColumnSpec(Text("AVE"), lambda r: judged(r, "ave")),
        *([bounded_column("maximal_reliability", Text("H"))] if further else []),
    ]
    used = [REGISTRY[m] for m in ("alpha", "composite_reliability", "ave")]
    cutoffs = [f"α {used[0].text}, CR {used[1].text} ({words.cite_inside(used[0].source)})"]
    cutoffs += [f"AVE {used[2].text} ({words.cite_inside(used[2].source)})"]
    note = Text(
        f"Cut-offs: {'; '.join(cutoffs)}. † misses its cut-off. Interval of α by "
        f"{words.cite('feldt_1965')}. CR: composite reliability; AVE: average variance extracted.",
        f"标准：{'；'.join(cutoffs)}。† 未达标准。α 的置信区间依 {words.cite('feldt_1965')}。"
        "CR：组合信度；AVE：平均方差抽取量。",
    )
    more = Text(
        " ω: share of the construct in the variance of the sum of all items below it, for a "
        "second-order construct ω hierarchical; H: reliability of the best weighted sum.",
        "ω：构念在其全部题项总分方差中所占的比例，对二阶构念即层级 ω；H：最优加权总分的信度。",
    )
    return frame_table(
        "reliability",
        Text("Reliability and convergent validity", "信度与收敛效度"),
        frame,
        columns,
        words,
        notes=[words.say(note) + (words.say(more) if further else "")],
        sources=[
            *(c.source for c in used),
            "feldt_1965",
            "cronbach_1951",
            *(("mcdonald_1999", "hancock_mueller_2001") if further else ()),
        ],
    )


def judged(record: Record, measure: str) -> Cell:
    """Return a value, marked when it misses its cut-off."""
    value = record[measure]
    missed = judge(measure, float("nan") if value is None else float(value)).met is False
    return Cell(bounded(value), "weak", DAGGER) if missed else Cell(bounded(value))


def fornell_larcker(frame: pd.DataFrame, words: Words, *, key: str = "fornell_larcker") -> Table:
    """Return √AVE on the diagonal and the latent correlations below it."""
    source = words.cite("fornell_larcker_1981")
    note = Text(
        f"Diagonal (bold): √AVE; below: correlations of the latent variables. By the criterion of "
        f"{source} each √AVE should exceed the correlations in its row and column; † exceeds one "
        "of its two √AVE in absolute value.",
        f"对角线（加粗）：√AVE；对角线下方：潜变量相关系数。依 {source} 的标准，√AVE 应大于"
        "所在行与列的相关系数；† 绝对值不低于双方 √AVE 之一。",
    )
    caption = (
        Text("Discriminant validity: Fornell–Larcker criterion", "区分效度：Fornell–Larcker 准则")
        if key == "fornell_larcker"
        else Text("Discriminant validity of the top-level constructs", "区分效度：高阶构念")
    )
    table = _square(
        key,
        caption,
        frame,
        words,
        _against_diagonal(frame),
    )
    return _with_note(table, words.say(note), "fornell_larcker_1981")


def htmt(frame: pd.DataFrame, words: Words) -> Table:
    """Return the heterotrait–monotrait ratios below the diagonal."""
    cutoff = REGISTRY["htmt"]
    source = words.cite_inside(cutoff.source)
    note = Text(
        f"HTMT: heterotrait–monotrait ratio of correlations; {cutoff.text} ({source}). "
        "† above the cut-off.",
        f"HTMT：异质—单质比率；{cutoff.text}（{source}）。† 超过标准。",
    )
    table = _square(
        "htmt",
        Text("Discriminant validity: HTMT", "区分效度：异质—单质比率（HTMT）"),
        frame,
        words,
        lambda row, column, value: (
            Cell(bounded(value), "weak", DAGGER) if value > cutoff.bound else Cell(bounded(value))
        ),
    )
    return _with_note(table, words.say(note), cutoff.source)


DAGGER = "†"
CellRule: TypeAlias = Callable[[int, int, float], Cell]
"""Prints the value at (row, column) of a square table."""


def _with_note(table: Table, note: str, source: str) -> Table:
    return replace(table, notes=(note,), sources=(source,))


def _against_diagonal(frame: pd.DataFrame) -> CellRule:
    """Mark the diagonal, and correlations that reach one of their two √AVE."""
    roots = frame.to_numpy(dtype=float).diagonal()

    def show(row: int, column: int, value: float) -> Cell:
        if row == column:
            return Cell(bounded(value), "good")
        high = abs(value) >= roots[row] or abs(value) >= roots[column]
        return Cell(bounded(value), "weak", DAGGER) if high else Cell(bounded(value))

    return show


def _square(key: str, caption: Text, frame: pd.DataFrame, words: Words, show: CellRule) -> Table:
    """Print the lower triangle of a square frame, columns numbered as its rows are."""
    names = [str(name) for name in frame.index]
    values = frame.to_numpy(dtype=float)
    rows = []
    for i, name in enumerate(names):
        cells = [
            Cell("") if j > i or (np.isnan(values[i, j]) and i != j)
            else (show(i, j, values[i, j]) if not np.isnan(values[i, j]) else Cell(MISSING))
            for j in range(len(names))
        ]  # fmt: skip
        rows.append(Row((Cell(f"{i + 1}. {words.name(name)}"), *cells)))
    heads = [Column(str(i + 1)) for i in range(len(names))]
    first = Column(words.say(Text("Construct", "构念")), "left")
    return Table(key, words.say(caption), (first, *heads), tuple(rows))


def loadings(frame: pd.DataFrame, words: Words) -> Table:
    """Return the loadings, grouped by factor."""
    note = Text(
        " The first loading of a factor is usually fixed to 1 to set its scale.",
        "每个因子的首个载荷通常固定为 1 以确定其尺度。",
    )
    return frame_table(
        "loadings",
        Text("Factor loadings", "因子载荷"),
        frame,
        [
            text_column(Text("Indicator", "指标"), lambda r: words.short_name(str(r["indicator"]))),
            *estimate_columns(),
        ],
        words,
        notes=[words.say(ESTIMATE_NOTE) + words.say(note)],
        group=lambda r: words.name(str(r["latent"])),
    )
