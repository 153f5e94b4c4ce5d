"""What a reader of a fitted model must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loyaltysem.clv.purchase.estimate import Estimate
from loyaltysem.clv.purchase.histories import Histories
from loyaltysem.core.display import bounded, integer, number, p_relation
from loyaltysem.core.errors import Finding
from loyaltysem.core.optimise import Status
from loyaltysem.core.text import Text

#: Repeat buyers below which standard errors of four parameters mean little.
FEW = 100
#: Standard error of the logarithm of a parameter beyond which data say little of it.
LOOSE = 1.5
#: Correlation of frequency and amount from which on the models' independence is in doubt.
NOTABLE = 0.1


def search_findings(found: Estimate, parameters: Sequence[str]) -> Iterator[Finding]:
    """Say whether the search ended at a maximum inside the domain."""
    if found.status != Status.CONVERGED:
        yield Finding(
            "purchase.not_converged",
            Text(
                f"The search stopped after {found.iterations} steps without a maximum.",
                f"搜索在 {found.iterations} 步后停止，未找到极大值。",
            ),
            Text(
                "Do not use the estimates; look at the data, or take a simpler model.",
                "请勿使用这些估计值；请检查数据或改用更简单的模型。",
            ),
            "problem",
        )
    spread = np.sqrt(np.diagonal(found.vcov))[: len(parameters)]
    loose = [n for n, s in zip(parameters, spread, strict=True) if not s < LOOSE]
    if loose:
        names, apart = ", ".join(loose), _apart(loose, parameters)
        yield Finding(
            "purchase.boundary",
            Text(
                f"The data hardly tell how customers differ in {apart.en}: the likelihood is flat "
                f"towards 0 or infinity (parameters: {names}).",
                f"数据几乎无法确定客户在{apart.zh}上的差异：似然函数在趋于 0 或无穷大处平坦"
                f"（参数：{names}）。",
            ),
            Text(
                "Customers may differ little, or none may have left yet. Means, such as the rate "
                "of buying, can still be well estimated; use profile intervals, not standard "
                "errors.",
                "可能客户间差异很小，或尚无客户流失。购买率等均值仍可能估计良好；"
                "请使用剖面似然区间而非标准误。",
            ),
        )


def _apart(loose: Sequence[str], parameters: Sequence[str]) -> Text:
    """Say in words what the parameters describe: the first two of four buying, the others leaving.

    Those of a model of amounts are three.
    """
    if len(parameters) < 4:
        return Text("what they spend", "消费金额")
    buying, leaving = (any(n in loose for n in part) for part in (parameters[:2], parameters[2:]))
    if buying and leaving:
        return Text("how often they buy and how soon they leave", "购买频率与流失快慢")
    if buying:
        return Text("how often they buy", "购买频率")
    return Text("how soon they leave", "流失快慢")


def history_findings(seen: Histories) -> Iterator[Finding]:
    """Say what the histories can carry."""
    repeat = float(seen.count[seen.frequency > 0].sum())
    total = float(seen.count.sum())
    if repeat < FEW:
        yield Finding(
            "purchase.few_repeat_buyers",
            Text(
                f"Only {integer(repeat)} of {integer(total)} customers bought again.",
                f"{integer(total)} 名客户中仅 {integer(repeat)} 名有重复购买。",
            ),
            Text(
                "Four parameters need some hundred repeat buyers; observe for longer.",
                "四个参数需要数百名重复购买者；请延长观察期。",
            ),
        )
    unseen = float(seen.count[seen.length <= 0].sum())
    if unseen:
        yield Finding(
            "purchase.no_time",
            Text(
                f"{integer(unseen)} customers first bought at the end of observation (T = 0): "
                "they say nothing of the parameters.",
                f"{integer(unseen)} 名客户在观察期末首次购买（T = 0），对参数估计不提供信息。",
            ),
            severity="note",
        )


def independence(r: float, p: float, left_out: int) -> Iterator[Finding]:
    """Say how frequency and amounts go together, as the gamma-gamma model assumes they do not."""
    strong = abs(r) >= NOTABLE
    text = Text(
        f"Frequency and mean amount correlate at {bounded(r, 2)} ({p_relation(p)}) among repeat "
        "buyers; the model takes them as independent.",
        f"重复购买者的购买频次与平均金额的相关系数为 {bounded(r, 2)}（{p_relation(p)}）；"
        "模型假设二者独立。",
    )
    hint = Text(
        "Expected spending of frequent buyers is biased; model the segments separately."
        if strong
        else "",
        "高频购买者的期望金额会有偏差；请分群建模。" if strong else "",
    )
    yield Finding("purchase.independence", text, hint, "warning" if strong else "note")
    if left_out:
        yield Finding(
            "purchase.no_repeat",
            Text(
                f"{integer(left_out)} customers without a repeat purchase are not used: their one "
                "amount may differ from repeat ones.",
                f"未使用 {integer(left_out)} 名无重复购买的客户：其首笔金额未必与重复购买相近。",
            ),
            severity="note",
        )


def no_mean(q: float) -> Iterator[Finding]:
    """Say where the mean of spending over customers does not exist."""
    if q <= 1.0:
        yield Finding(
            "purchase.infinite_mean",
            Text(
                f"q = {number(q)} is not above 1: mean spending over customers is infinite.",
                f"q = {number(q)} 不大于 1：客户平均消费的期望为无穷大。",
            ),
            Text(
                "Look for a few very large amounts; what a new customer will spend has no mean.",
                "请检查是否有极少数非常大的金额；新客户的期望消费没有定义。",
            ),
            "problem",
        )
