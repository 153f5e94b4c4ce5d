"""What must be known before a what-if is used."""

from __future__ import annotations

import numpy as np

from loyaltysem.clv.what_if.effects import Lever
from loyaltysem.core.display import integer, number, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.result import SEMResult

#: Share of respondents without room for the rise from which a warning is given.
MANY = 0.25


def what_if_findings(
    fit: SEMResult, pulled: Lever, points: float, changes: Array, is_weighted: bool
) -> tuple[Finding, ...]:
    """Return what must be known of a what-if.

    Parameters
    ----------
    fit : SEMResult
    pulled : Lever
    points : float
    changes : Array, shape (R, S)
        Bootstrap draws.
    is_weighted : bool
    """
    found = [_causal(pulled.driver), *_ceiling(fit, pulled, points), *_failed(changes)]
    if is_weighted:
        found.append(_weighted())
    return tuple(found)


def _causal(driver: str) -> Finding:
    return Finding(
        "what_if.causal",
        Text(
            f"The change is what follows from setting “{driver}” if the model's arrows are causes;"
            " answers of one wave cannot show that.",
            f"该变动以模型箭头即因果关系为前提；单期调查无法证明干预“{driver}”必有此效果。",
        ),
        Text(
            "Test it by an experiment before money is spent on it.",
            "投入资源前，请以实验验证。",
        ),
        severity="note",
    )


def _ceiling(fit: SEMResult, pulled: Lever, points: float) -> list[Finding]:
    """Say how many respondents have no room on the yardstick for the rise."""
    if not pulled.yardstick or fit.data is None:
        return []
    places = [fit.data.names.index(name) for name in pulled.yardstick]
    answers = np.concatenate([values[:, places] for values in fit.data.values])
    own = answers.mean(axis=1)
    low, high = np.nanmin(answers), np.nanmax(answers)
    beyond = float(np.mean((own + points > high + 1e-9) | (own + points < low - 1e-9)))
    if not beyond:
        return []
    return [
        Finding(
            "what_if.ceiling",
            Text(
                f"{percent(beyond)} of respondents cannot move by {number(points, 1)} points on"
                f" {', '.join(pulled.yardstick)}: the answers run from {number(low, 0)} to"
                f" {number(high, 0)}.",
                f"{percent(beyond)} 的受访者在 {'、'.join(pulled.yardstick)} 上已无法变动"
                f" {number(points, 1)} 分（作答范围 {number(low, 0)}–{number(high, 0)}）。",
            ),
            Text(
                "Take a smaller step, such as points=0.5, or read the change as a rate.",
                "请采用较小的变动幅度（如 points=0.5），或将结果理解为变化率。",
            ),
            severity="warning" if beyond > MANY else "note",
        )
    ]


def _failed(changes: Array) -> list[Finding]:
    failed = int((~np.isfinite(changes).all(axis=1)).sum())
    if not failed:
        return []
    return [
        Finding(
            "what_if.failed_draws",
            Text(
                f"{integer(failed)} of {integer(len(changes))} bootstrap draws failed or left a"
                " segment empty; they are left out.",
                f"{integer(len(changes))} 次自助抽样中有 {integer(failed)} 次失败或分群为空，"
                "已剔除。",
            ),
            severity="warning" if failed > 0.05 * len(changes) else "note",
        )
    ]


def _weighted() -> Finding:
    return Finding(
        "what_if.weights",
        Text(
            "Means over respondents are weighted; the effects come from an unweighted model.",
            "受访者均值已加权；效应来自未加权模型。",
        ),
        severity="note",
    )
