"""Relations in the measurement table, the table of paths, the correlations and the sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import stats

from loyaltysem.core.text import Text
from loyaltysem.study.audit.check import Check, held_against, impossible
from loyaltysem.study.audit.paper import (
    PrintedCoefficient,
    PrintedConstruct,
    PrintedCorrelations,
    PublishedPaper,
)
from loyaltysem.study.audit.printed import Interval, Printed, common, meets, over

Z95 = float(stats.norm.ppf(0.975))
UNIT: Interval = (0.0, 1.0)


def construct_checks(construct: PrintedConstruct, n: int | None) -> Iterator[Check]:
    """Yield the relations among loadings, AVE, composite reliability and α of one construct."""
    yield from _in_range(construct)
    loadings = [x.interval for x in construct.loadings]
    shown = " ".join(str(x) for x in construct.loadings)
    if loadings and construct.ave is not None:
        implied = _monotone(_ave, loadings)
        yield held_against(
            construct.name, "ave", construct.ave, implied, "Σλ²/k", f"λ = {shown}",
            "fornell_larcker_1981",
        )  # fmt: skip
    if loadings and construct.cr is not None:
        implied = _monotone(_cr, loadings)
        yield held_against(
            construct.name, "cr", construct.cr, implied, "(Σλ)²/((Σλ)² + Σ(1 − λ²))",
            f"λ = {shown}", "fornell_larcker_1981",
        )  # fmt: skip
    items = construct.items or len(loadings) or None
    if construct.ave is not None and construct.cr is not None and items and not loadings:
        yield _cr_from_ave(construct, items)
    if n is not None:
        yield from _grim(construct, n)


def _in_range(construct: PrintedConstruct) -> Iterator[Check]:
    named = {"alpha": construct.alpha, "cr": construct.cr, "ave": construct.ave}
    for name, printed in named.items():
        limits = (-math.inf, 1.0) if name == "alpha" else UNIT
        if printed is not None and not meets(printed.interval, limits):
            yield _outside(construct.name, name, printed, limits)
    for printed in construct.loadings:
        if not meets(printed.interval, (-1.0, 1.0)):
            yield _outside(construct.name, "loading", printed, (-1.0, 1.0))


def _outside(place: str, name: str, printed: Printed, limits: Interval) -> Check:
    low, high = limits
    return impossible(
        place, name, str(printed), limits,
        Text(
            f"{name} lies between {low:g} and {high:g} in a proper solution; printed {printed}.",
            f"在正常解中 {name} 应介于 {low:g} 与 {high:g} 之间，报告值为 {printed}。",
        ),
    )  # fmt: skip


def _monotone(function: object, boxes: Sequence[Interval]) -> Interval:
    """Range of a function that grows with every loading: its value at all lows and all highs."""
    low = [max(0.0, a) for a, _ in boxes]
    high = [min(1.0, b) for _, b in boxes]
    return function(low), function(high)  # type: ignore[operator]  # _ave or _cr


def _ave(loadings: Sequence[float]) -> float:
    return sum(x * x for x in loadings) / len(loadings)


def _cr(loadings: Sequence[float]) -> float:
    common_part = sum(loadings) ** 2
    return common_part / (common_part + sum(1 - x * x for x in loadings))


def _cr_from_ave(construct: PrintedConstruct, k: int) -> Check:
    """With Σλ² = k·AVE, Σλ lies between k·AVE (λ 0 or 1) and k√AVE (all λ alike)."""
    assert construct.ave is not None and construct.cr is not None
    low, high = common(construct.ave.interval, UNIT)

    def reliability(total: float, ave: float) -> float:
        return total**2 / (total**2 + k * (1 - ave))

    implied = reliability(k * low, low), reliability(k * math.sqrt(high), high)
    return held_against(
        construct.name, "cr", construct.cr, implied, "k·AVE ≤ Σλ ≤ k√AVE",
        f"AVE = {construct.ave}, k = {k}", "fornell_larcker_1981",
    )  # fmt: skip


def _grim(construct: PrintedConstruct, n: int) -> Iterator[Check]:
    """Yield means that no n whole answers have (Brown & Heathers, 2017)."""
    for k, printed in enumerate(construct.item_means, start=1):
        low, high = printed.interval
        if n >= 10**printed.digits or math.floor(high * n) >= math.ceil(low * n):
            continue
        nearest = round(printed.value * n) / n
        yield impossible(
            construct.name, "mean", str(printed), (nearest, nearest),
            Text(
                f"Item {k}: no sum of {n} whole answers has the mean {printed}; the nearest is "
                f"{nearest:.4f}.",
                f"题项 {k}：{n} 个整数答案的均值不可能是 {printed}，最接近的是 {nearest:.4f}。",
            ),
        )  # fmt: skip


def coefficient_checks(
    coefficient: PrintedCoefficient, named: Mapping[str, PrintedCoefficient], n: int | None
) -> Iterator[Check]:
    """Yield the relations among an estimate, its standard error, z or t, p and interval."""
    c, place = coefficient, coefficient.name
    if c.estimate and c.se and c.z:
        implied = _quotient(c.estimate.interval, c.se.interval)
        inputs = f"{c.estimate} / {c.se}"
        yield held_against(place, "z", c.z, implied, "estimate/SE", inputs)
    if c.pvalue and (c.z or (c.estimate and c.se)):
        yield _p_check(c, n)
    if c.estimate and c.se:
        for name, printed, sign in (("ci_lower", c.ci_lower, -1), ("ci_upper", c.ci_upper, 1)):
            if printed:
                implied = over(lambda b, s, g=sign: b + g * Z95 * s,
                               c.estimate.interval, _positive(c.se.interval))  # fmt: skip
                inputs = f"{c.estimate} {'−' if sign < 0 else '+'} 1.96 · {c.se}"
                yield held_against(place, name, printed, implied, "estimate ± 1.96 SE", inputs)
    if c.estimate and c.ci_lower and c.ci_upper:
        implied = c.ci_lower.interval[0], c.ci_upper.interval[1]
        inputs = f"[{c.ci_lower}, {c.ci_upper}]"
        yield held_against(place, "estimate", c.estimate, implied, "low ≤ estimate ≤ high", inputs)
    yield from _product(c, named)


def _positive(interval: Interval) -> Interval:
    return max(interval[0], 0.0), interval[1]


def _quotient(top: Interval, bottom: Interval) -> Interval:
    low, high = _positive(bottom)
    if low == 0.0:
        low = min(1e-12, high)
    return over(lambda b, s: b / s, top, (low, high))


def _p_check(c: PrintedCoefficient, n: int | None) -> Check:
    assert c.pvalue is not None
    if c.z is not None:
        z, inputs = c.z.interval, f"z = {c.z}"
    else:
        assert c.estimate is not None and c.se is not None
        z, inputs = _quotient(c.estimate.interval, c.se.interval), f"{c.estimate} / {c.se}"
    smallest = 0.0 if z[0] <= 0 <= z[1] else min(abs(z[0]), abs(z[1]))
    largest = max(abs(z[0]), abs(z[1]))
    implied = _two_sided(largest, None), _two_sided(smallest, n)
    if c.pvalue.value == 0.0:  # ".000" stands for anything below
        implied = common(implied, UNIT)
    one_sided = implied[0] / 2, implied[1] / 2
    check = held_against(c.name, "pvalue", c.pvalue, implied, "2 P(Z > |z|)", inputs)
    if check.verdict == "consistent" or not meets(c.pvalue.interval, one_sided):
        return check
    note = Text(
        f"{check.arithmetic.en} It agrees with a one-sided test.",
        f"{check.arithmetic.in_('zh')}该值与单侧检验一致。",
    )
    return Check(check.place, check.relation, check.printed, check.implied, check.verdict, note)


def _two_sided(z: float, n: int | None) -> float:
    """Two-sided p of a normal z, or of t with n − 2 degrees of freedom, the larger p of the two."""
    if n is None or n < 4:
        return float(2 * stats.norm.sf(z))
    return float(2 * stats.t.sf(z, n - 2))


def _product(c: PrintedCoefficient, named: Mapping[str, PrintedCoefficient]) -> Iterator[Check]:
    parts = [named[name] for name in c.product_of if name in named]
    if c.estimate is None or len(parts) < 2 or any(part.estimate is None for part in parts):
        return
    boxes = [part.estimate.interval for part in parts if part.estimate is not None]
    implied = over(lambda *xs: math.prod(xs), *boxes)
    inputs = " · ".join(str(part.estimate) for part in parts)
    yield held_against(c.name, "product", c.estimate, implied, "product of its paths", inputs)


def correlation_checks(
    correlations: PrintedCorrelations, constructs: Sequence[PrintedConstruct]
) -> Iterator[Check]:
    """Yield: √AVE on the diagonal, correlations within ±1, a matrix that can be one."""
    aves = {c.name: c.ave for c in constructs if c.ave is not None}
    for k, (name, row) in enumerate(zip(correlations.names, correlations.rows, strict=True)):
        for printed in row[:k]:
            if not meets(printed.interval, (-1.0, 1.0)):
                yield _outside(name, "correlation", printed, (-1.0, 1.0))
        if correlations.root_ave and name in aves:
            implied = over(math.sqrt, common(aves[name].interval, UNIT))
            yield held_against(name, "root_ave", row[k], implied, "√AVE", f"AVE = {aves[name]}")
    yield from _positive_definite(correlations)


def _positive_definite(correlations: PrintedCorrelations) -> Iterator[Check]:
    """Yield a matrix with a negative eigenvalue that its rounding cannot have made."""
    size = len(correlations.names)
    matrix, slack = np.eye(size), np.zeros((size, size))
    for i, row in enumerate(correlations.rows):
        for j, printed in enumerate(row[:i]):
            matrix[i, j] = matrix[j, i] = printed.value
            slack[i, j] = slack[j, i] = 0.5 * 10.0**-printed.digits
    if size < 3:
        return
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -float(np.linalg.norm(slack, 2)):
        yield impossible(
            "correlations", "positive_definite", f"{smallest:.3f}", (0.0, math.inf),
            Text(
                f"The smallest eigenvalue is {smallest:.3f}: no data have these correlations.",
                f"最小特征值为 {smallest:.3f}，任何数据都不会产生这样的相关矩阵。",
            ),
        )  # fmt: skip


def sample_checks(paper: PublishedPaper) -> Iterator[Check]:
    """Yield: the share of valid questionnaires."""
    if paper.n and paper.sent and paper.valid_share is not None:
        share = paper.n / paper.sent
        yield held_against(
            "sample", "valid_share", paper.valid_share, (share, share), "valid/sent",
            f"{paper.n} / {paper.sent}",
        )  # fmt: skip
