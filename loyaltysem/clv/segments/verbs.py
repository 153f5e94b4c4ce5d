"""Segments as methods of an opened log: `Transactions` takes them over as they stand here."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.anomalies import Anomalies, AnomalyRule, anomalies
from loyaltysem.clv.segments.concentration import Concentration, concentration
from loyaltysem.clv.segments.early_warning import (
    EarlyWarning,
    WarningBackTest,
    back_test,
    early_warning,
)
from loyaltysem.clv.segments.life_cycle import LifeCycle, life_cycle
from loyaltysem.clv.segments.personas import Personas, personas
from loyaltysem.clv.segments.rhythm import customer_rhythm
from loyaltysem.clv.segments.stage_rules import StageRule
from loyaltysem.clv.segments.tier_change import TierChange, tier_change
from loyaltysem.clv.segments.tiers import RulesLike, Tiers, tiers
from loyaltysem.clv.segments.value_classes import ValueClasses, value_classes
from loyaltysem.clv.segments.warning_signals import WarningRule


class SegmentVerbs:
    """What can be asked of a log about who its customers are."""

    __slots__ = ()
    log: TransactionLog

    def life_cycle(self, rule: str | StageRule = "rhythm", **request: Any) -> LifeCycle:
        """Tell who is new, active, dormant or lost; see `segments.life_cycle.life_cycle`."""
        return life_cycle(self.log, rule, **request)

    def spending(self, *, at: date | None = None) -> pd.Series:
        """Return what every customer with a purchase spent until a day, refunds taken off."""
        frame = self.log.run(customer_rhythm(self.log, end=at).select("customer", "total"))
        amounts: pd.Series = frame.sort_values("customer").set_index("customer")["total"]
        return amounts

    def value_classes(self, *, at: date | None = None, **request: Any) -> ValueClasses:
        """Class customers by what they spent; see `segments.value_classes.value_classes`."""
        return value_classes(self.spending(at=at), **request)

    def concentration(self, *, at: date | None = None, **request: Any) -> Concentration:
        """Tell how much comes from how few; see `segments.concentration.concentration`."""
        return concentration(self.spending(at=at), **request)

    def tiers(self, rules: RulesLike, *, at: date | None = None) -> Tiers:
        """Tell every customer's membership tier; see `segments.tiers.tiers`."""
        return tiers(self.log, rules, at=at)

    def tier_change(self, old: RulesLike, new: RulesLike, *, at: date | None = None) -> TierChange:
        """Tell what other rules would do to members; see `segments.tier_change.tier_change`."""
        return tier_change(self.log, old, new, at=at)

    def personas(self, **request: Any) -> Personas:
        """Group customers by k-means; see `segments.personas.personas`."""
        return personas(self.log, **request)

    def anomalies(self, rule: AnomalyRule | None = None, *, at: date | None = None) -> Anomalies:
        """Flag orders unusual for their customer; see `segments.anomalies.anomalies`."""
        return anomalies(self.log, rule, at=at)

    def early_warning(
        self, rule: WarningRule | None = None, *, at: date | None = None
    ) -> EarlyWarning:
        """Warn of customers who may leave; see `segments.early_warning.early_warning`."""
        return early_warning(self.log, rule, at=at)

    def back_test(self, rule: WarningRule | None = None, **request: Any) -> WarningBackTest:
        """Test warnings on the past; see `segments.early_warning.back_test`."""
        return back_test(self.log, rule, **request)
