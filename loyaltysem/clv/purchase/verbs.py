"""What can be asked of a log about purchases to come: one method a model."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.holdout import Holdout, holdout
from loyaltysem.clv.purchase.models import bg_nbd, pareto_nbd
from loyaltysem.clv.purchase.spending import SpendingFit, gamma_gamma
from loyaltysem.clv.summary import summarise


class PurchaseVerbs:
    """Adds the models of purchases to what holds a `log`; a mixin without state."""

    __slots__ = ()
    log: TransactionLog

    def bg_nbd(self, *, unit: str = "week") -> PurchaseFit:
        """Return the BG/NBD model of the customers; see `models.bg_nbd`."""
        seen = self._histories(unit)
        return bg_nbd(seen["frequency"], seen["recency"], seen["T"], unit=unit)

    def pareto_nbd(self, *, unit: str = "week") -> PurchaseFit:
        """Return the Pareto/NBD model of the customers; see `models.pareto_nbd`."""
        seen = self._histories(unit)
        return pareto_nbd(seen["frequency"], seen["recency"], seen["T"], unit=unit)

    def gamma_gamma(self) -> SpendingFit:
        """Return the gamma-gamma model of what they spend; see `spending.gamma_gamma`.

        Repeat buyers who returned all they bought again are left out, and counted in a finding.
        """
        found = summarise(self.log, unit="week")
        seen = found.frame
        paid = ~(seen["monetary"] <= 0)
        fit = gamma_gamma(seen["frequency"].where(paid, 0), seen["monetary"].where(paid, 0.0))
        told = tuple(f for f in found.findings if f.code == "summary.not_positive")
        return replace(fit, findings=(*told, *fit.findings))

    def holdout(
        self, split: object, *, end: object = None, model: str = "bg_nbd", unit: str = "week"
    ) -> Holdout:
        """Return a model fitted up to a day and held against what came after; see `holdout`."""
        table = self.log.table
        bought = table.filter(table["is_purchase"])
        days = self.log.run(bought.select("customer", "day").distinct())
        last = self.log.end if end is None else end
        return holdout(days, split=split, end=last, model=model, unit=unit, time="day")

    def _histories(self, unit: str) -> pd.DataFrame:
        return summarise(self.log, unit=unit).frame.set_index("customer")
