"""Pictures of the life cycle and of membership: who is where, and who moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.clv.segments.life_cycle import NOT_YET, LifeCycle
from loyaltysem.clv.segments.stage_rules import STAGES
from loyaltysem.clv.segments.tier_change import TierChange
from loyaltysem.clv.segments.tiers import Tiers
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.segment_panels import (
    CUSTOMERS_WORD,
    MONEY_WORD,
    heading,
    moves_matrix,
    paired_bars,
    side_by_side,
    spoken_in,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEWCOMERS = Text("not yet", "尚未购买")
STOOD = Text("{at}", "{at}")
MOVED = Text("from {since} (rows) to {at} (columns)", "{since}（行）→ {at}（列）")
YEAR = Text("amount, 12 months", "近 12 个月金额")
CHANGED = Text("old rules (rows) to new rules (columns)", "旧规则（行）→ 新规则（列）")


def life_cycle_plot(life: LifeCycle, *, language: Language = "en") -> Figure:
    """Draw the stages of the life cycle, and moves between two days where they were asked for.

    Parameters
    ----------
    life : LifeCycle
        From `Transactions.life_cycle`.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Bars are shares of customers and of all they ever spent. Cells of the matrix hold customers and
    are shaded by the share of their row; a frame marks those who stayed.
    """
    words = (*STAGES.values(), NEWCOMERS, CUSTOMERS_WORD, MONEY_WORD, MOVED)
    spoken, face = spoken_in(words, language)
    labels = [text.in_(spoken) for text in STAGES.values()]
    rows = [NEWCOMERS.in_(spoken), *labels]
    moves = life.transition_table().loc[[NOT_YET, *STAGES]] if life.since else None
    shape = None if moves is None else (len(rows), len(labels))
    title = MOVED.in_(spoken).format(since=life.since, at=life.at)
    figure, bars, matrix = side_by_side(labels, shape, rows, title, face)
    shares = tuple(life.counts[c].to_numpy(np.float64) for c in ("share", "share_total"))
    told = (CUSTOMERS_WORD.in_(spoken), MONEY_WORD.in_(spoken))
    paired_bars(bars, labels, (shares[0], shares[1]), told, face)
    heading(bars, STOOD.in_(spoken).format(at=life.at), face)
    if matrix is not None and moves is not None:
        moves_matrix(matrix, moves.to_numpy(np.float64), rows, labels, face)
        heading(matrix, title, face)
    return figure


def tier_plot(members: Tiers | TierChange, *, language: Language = "en") -> Figure:
    """Draw membership tiers, and moves between them where rules change.

    Parameters
    ----------
    members : Tiers or TierChange
        From `Transactions.tiers` or `Transactions.tier_change`; of a change the bars show the new
        rules.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Bars are shares of customers and of what was spent in the last twelve months, the highest tier
    on top.
    """
    now = members.new if isinstance(members, TierChange) else members
    old = members.old if isinstance(members, TierChange) else members
    names = [tier.label for rules in (old.rules, now.rules) for tier in rules.tiers]
    spoken, face = spoken_in([*names, CUSTOMERS_WORD, YEAR, CHANGED, now.rules.title], language)
    labels = [tier.label.in_(spoken) for tier in reversed(now.rules.tiers)]
    rows = [tier.label.in_(spoken) for tier in reversed(old.rules.tiers)]
    shape = (len(rows), len(labels)) if isinstance(members, TierChange) else None
    figure, bars, matrix = side_by_side(labels, shape, rows, CHANGED.in_(spoken), face)
    counts = now.counts.iloc[::-1]
    shares = tuple(counts[c].to_numpy(np.float64) for c in ("share", "share_spend"))
    words = (CUSTOMERS_WORD.in_(spoken), YEAR.in_(spoken))
    paired_bars(bars, labels, (shares[0], shares[1]), words, face)
    heading(bars, f"{now.rules.title.in_(spoken)} {now.rules.version}", face)
    if matrix is not None and isinstance(members, TierChange):
        table = members.matrix().iloc[::-1, ::-1]
        moves_matrix(matrix, table.to_numpy(np.float64), rows, labels, face)
        heading(matrix, CHANGED.in_(spoken), face)
    return figure
