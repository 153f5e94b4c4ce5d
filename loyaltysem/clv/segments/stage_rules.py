"""Rules that say in which stage of the life cycle a customer is; thresholds are data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

from loyaltysem.clv.segments.rhythm import Statistic
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text

Stage: TypeAlias = Literal["new", "active", "dormant", "lost"]
STAGES: Mapping[str, Text] = MappingProxyType(
    {
        "new": Text("New", "新客户"),
        "active": Text("Active", "活跃客户"),
        "dormant": Text("Dormant", "沉睡客户"),
        "lost": Text("Lost", "流失客户"),
    }
)


@dataclass(frozen=True, slots=True)
class FixedRule:
    """Stages by days that are the same for everybody.

    Parameters
    ----------
    new : float
        Days since the first purchase up to which a customer is new.
    active : float
        Days since the last purchase up to which a customer is active.
    lost : float
        Days since the last purchase from which on, not included, a customer is lost.
    """

    new: float = 30.0
    active: float = 90.0
    lost: float = 365.0
    kind: ClassVar[str] = "fixed"

    def __post_init__(self) -> None:
        _ordered(self, self.new >= 0 and 0 < self.active < self.lost)


@dataclass(frozen=True, slots=True)
class RhythmRule:
    """Stages by how long a customer is silent, in units of the customer's own rhythm.

    Parameters
    ----------
    new_orders : int
        Purchase days up to which a customer who is not late is new.
    active, lost : float
        Days since the last purchase over the rhythm: up to `active` not late, beyond `lost` lost.
    prior_gaps : float
        Weight of the common rhythm against the customer's own, see `shrunken_rhythm`.
    statistic : {"mean", "median"}
        What the own rhythm is.
    """

    new_orders: int = 1
    active: float = 2.0
    lost: float = 5.0
    prior_gaps: float = 2.0
    statistic: Statistic = "mean"
    kind: ClassVar[str] = "rhythm"

    def __post_init__(self) -> None:
        _ordered(self, self.new_orders >= 0 and 0 < self.active < self.lost and self.prior_gaps > 0)


@dataclass(frozen=True, slots=True)
class AliveRule:
    """Stages by the probability that a customer still buys at all.

    Parameters
    ----------
    new : float
        Days since the first purchase up to which a customer is new.
    active : float
        P(alive) from which on a customer is active.
    lost : float
        P(alive) below which a customer is lost.
    """

    new: float = 30.0
    active: float = 0.5
    lost: float = 0.2
    kind: ClassVar[str] = "alive"

    def __post_init__(self) -> None:
        _ordered(self, self.new >= 0 and 0 <= self.lost <= self.active <= 1)


StageRule: TypeAlias = FixedRule | RhythmRule | AliveRule
RULES: Mapping[str, type[StageRule]] = MappingProxyType(
    {"fixed": FixedRule, "rhythm": RhythmRule, "alive": AliveRule}
)


def stage_rule(rule: str | StageRule) -> StageRule:
    """Return the rule of a name with its usual thresholds, or the rule itself.

    Examples
    --------
    >>> stage_rule("fixed")
    FixedRule(new=30.0, active=90.0, lost=365.0)
    """
    if not isinstance(rule, str):
        return rule
    if rule not in RULES:
        raise IncompatibleRequestError(
            f"There is no rule of the life cycle '{rule}'.",
            code="segments.rule",
            hint="Use 'fixed', 'rhythm', 'alive', or a FixedRule, RhythmRule or AliveRule.",
        )
    return RULES[rule]()


def _ordered(rule: StageRule, sound: bool) -> None:
    if not sound:
        told = ", ".join(f"{field.name}={getattr(rule, field.name)}" for field in fields(rule))
        raise IncompatibleRequestError(
            f"The thresholds of the {rule.kind} rule are not in order: {told}.",
            code="segments.thresholds",
            hint="Active comes before lost, and nothing is negative.",
        )
