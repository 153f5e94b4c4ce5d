"""What can be asked of a log about behaviour: one method an analysis, each in its own module."""

from __future__ import annotations

from collections.abc import Sequence

from loyaltysem.clv.behaviour.baskets import Baskets, baskets
from loyaltysem.clv.behaviour.categories import Categories, categories
from loyaltysem.clv.behaviour.churn import Churn, churn
from loyaltysem.clv.behaviour.cohorts import Cohorts, cohorts
from loyaltysem.clv.behaviour.complaints import Complaints, complaints
from loyaltysem.clv.behaviour.contributions import StageContributions, stage_contributions
from loyaltysem.clv.behaviour.intervals import Intervals, intervals
from loyaltysem.clv.behaviour.profile import BehaviourProfile, behaviour
from loyaltysem.clv.behaviour.proportions import LEVEL
from loyaltysem.clv.behaviour.referrals import Referrals, referrals
from loyaltysem.clv.behaviour.repeat import WINDOWS, RepeatPurchase, repeat_purchase
from loyaltysem.clv.behaviour.survival import Survival, survival
from loyaltysem.clv.behaviour.wallet import ShareOfWallet, share_of_wallet
from loyaltysem.clv.log.transaction_log import TransactionLog


class BehaviourVerbs:
    """Adds the analyses of behaviour to what holds a `log`; a mixin without state."""

    __slots__ = ()
    log: TransactionLog

    def repeat_purchase(
        self, *, windows: Sequence[int] = WINDOWS, level: float = LEVEL
    ) -> RepeatPurchase:
        """Return shares of customers who buy again; see `repeat.repeat_purchase`."""
        return repeat_purchase(self.log, windows=windows, level=level)

    def cohorts(self, *, by: str = "month", level: float = LEVEL) -> Cohorts:
        """Return retention by the period of the first purchase; see `cohorts.cohorts`."""
        return cohorts(self.log, by=by, level=level)

    def churn(self, *, gap: int | None = None, by: str = "month", level: float = LEVEL) -> Churn:
        """Return customers lost to an inactivity of `gap` days; see `churn.churn`."""
        return churn(self.log, gap=gap, by=by, level=level)

    def survival(
        self,
        *,
        gap: int | None = None,
        by: str | None = None,
        dated: str = "declared",
        level: float = LEVEL,
    ) -> Survival:
        """Return Kaplan–Meier curves up to an inactivity; see `survival.survival`."""
        return survival(self.log, gap=gap, by=by, dated=dated, level=level)

    def intervals(self) -> Intervals:
        """Return the times between purchases; see `intervals.intervals`."""
        return intervals(self.log)

    def categories(self, *, level: float = LEVEL) -> Categories:
        """Return cross-buying and breadth; see `categories.categories`."""
        return categories(self.log, level=level)

    def share_of_wallet(self, elsewhere: str | object = "elsewhere") -> ShareOfWallet:
        """Return spending here over all spending; see `wallet.share_of_wallet`."""
        return share_of_wallet(self.log, elsewhere)

    def referrals(
        self,
        referrer: str | object = "referrer",
        *,
        value: str | None = None,
        decay: float = 0.5,
        incremental: float = 1.0,
        acquisition_cost: float = 0.0,
    ) -> Referrals:
        """Return what referred customers are worth to their referrer; see `referrals.referrals`."""
        return referrals(
            self.log, referrer, value=value, decay=decay, incremental=incremental,
            acquisition_cost=acquisition_cost,
        )  # fmt: skip

    def complaints(
        self,
        events: object,
        *,
        customer: str = "customer",
        time: str = "time",
        window: int = 90,
        level: float = LEVEL,
    ) -> Complaints:
        """Return complaints beside purchases; see `complaints.complaints`."""
        return complaints(
            self.log, events, customer=customer, time=time, window=window, level=level
        )

    def stage_contributions(
        self, *, window: int = 90, tolerance: float = 0.2
    ) -> StageContributions:
        """Return money by stage of the life cycle; see `contributions.stage_contributions`."""
        return stage_contributions(self.log, window=window, tolerance=tolerance)

    def baskets(
        self,
        *,
        basket: str = "day",
        min_support: float = 0.01,
        max_size: int = 2,
        test: str = "fisher",
        correction: str = "holm",
    ) -> Baskets:
        """Return categories bought together; see `baskets.baskets`."""
        return baskets(
            self.log, basket=basket, min_support=min_support, max_size=max_size, test=test,
            correction=correction,
        )  # fmt: skip

    def behaviour(
        self,
        *,
        complaint_events: object = None,
        referrer: str | object = None,
        elsewhere: str | object = None,
    ) -> BehaviourProfile:
        """Return every indirect measure of loyalty, a customer a row; see `profile.behaviour`."""
        return behaviour(
            self.log, complaint_events=complaint_events, referrer=referrer, elsewhere=elsewhere
        )
