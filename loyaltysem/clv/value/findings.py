"""What must be known before predicted values are used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from loyaltysem.clv.value.expected import WEEKS
from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text

#: Observation shorter than this many median intervals between purchases is short.
INTERVALS = 3.0
#: Share of customers seen once from which on it is told.
ONCE = 0.5


def value_findings(
    summary: pd.DataFrame, weeks_observed: float, years: float | None
) -> Iterator[Finding]:
    """Say what the log can carry.

    Parameters
    ----------
    summary : DataFrame
        ``frequency recency T monetary`` in weeks.
    weeks_observed : float
        Length of the observation.
    years : float or None
        Horizon.
    """
    yield from _horizon(weeks_observed, years)
    repeat = summary["frequency"] > 0
    gap = (summary["recency"][repeat] / summary["frequency"][repeat]).median()
    if np.isfinite(gap) and weeks_observed < INTERVALS * gap:
        yield Finding(
            "value.short_calibration",
            Text(
                f"{number(weeks_observed, 0)} weeks were observed; repeat buyers wait"
                f" {number(gap, 1)} weeks in the median.",
                f"观察期为 {number(weeks_observed, 0)} 周，而重复购买者的购买间隔中位数为"
                f" {number(gap, 1)} 周。",
            ),
            Text(
                "Who left and who only waits cannot be told apart yet; observe for longer.",
                "尚无法区分流失与等待；请延长观察期。",
            ),
        )
    once = float((~repeat).mean())
    if once > ONCE:
        yield Finding(
            "value.seen_once",
            Text(
                f"{percent(once)} of customers bought on one day only; their value comes from the"
                " others.",
                f"{percent(once)} 的客户仅在一天有消费，其价值由其他客户推断。",
            ),
            severity="note",
        )
    odd = int((repeat & ~(summary["monetary"] > 0)).sum())
    if odd:
        yield Finding(
            "value.no_amount",
            Text(
                f"{integer(odd)} repeat buyers returned all they bought again; the spending model"
                " leaves them out and expects the mean amount of them.",
                f"{integer(odd)} 名重复购买者的复购净额不为正；消费金额模型未使用其数据，"
                "并以总体均值预测。",
            ),
        )


def _horizon(weeks_observed: float, years: float | None) -> Iterator[Finding]:
    if years is None:
        yield Finding(
            "value.unlimited",
            Text(
                "The value is of all future time: most of it lies beyond what was observed.",
                "该价值涵盖全部未来，大部分超出观察范围。",
            ),
            Text(
                "Compare it with a horizon, such as horizon=3.",
                "请与有限预测期（如 horizon=3）比较。",
            ),
        )
    elif years * WEEKS > weeks_observed:
        yield Finding(
            "value.horizon",
            Text(
                f"The horizon of {number(years, 1)} years is longer than the"
                f" {number(weeks_observed / WEEKS, 1)} years observed.",
                f"预测期 {number(years, 1)} 年长于观察期 {number(weeks_observed / WEEKS, 1)} 年。",
            ),
            Text(
                "The models extrapolate; no datum can show whether they are right there.",
                "模型在外推，数据无法检验该区间的预测。",
            ),
        )


def holdout_hint() -> Finding:
    """Point to the test that predictions need."""
    return Finding(
        "value.validate",
        Text(
            "Predictions were not held against later purchases here.",
            "此处未将预测与其后的实际购买比较。",
        ),
        Text(
            "Fit up to an earlier day (end=) and compare with what came.",
            "请以较早日期拟合（end=），再与实际结果比较。",
        ),
        severity="note",
    )
