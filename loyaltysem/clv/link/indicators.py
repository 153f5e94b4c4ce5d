"""Amount, frequency and duration of each customer, in natural units and as a model takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.link.scale import TRANSFORMS, Transform, ValueIndicator
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.summary import UNITS, customer_summary
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

AmountForm: TypeAlias = Literal["mean", "total"]
FrequencyForm: TypeAlias = Literal["count", "per_year"]
DurationForm: TypeAlias = Literal["active", "tenure"]
#: Shortest time a customer counts as observed when purchases are counted a year, in months.
SHORTEST = 1.0
MONTHS = UNITS["year"] / UNITS["month"]
FORMS: Mapping[str, Mapping[str, tuple[Text, Text]]] = {
    "amount": {
        "mean": (Text("amount per purchase day", "次均消费金额"), Text("currency", "货币")),
        "total": (Text("total amount", "累计消费金额"), Text("currency", "货币")),
    },
    "frequency": {
        "count": (Text("purchase days", "消费次数"), Text("days", "次")),
        "per_year": (Text("purchase days a year", "年均消费次数"), Text("days a year", "次/年")),
    },
    "duration": {
        "active": (Text("months from first to last purchase", "首末次消费间隔"),
                   Text("months", "月")),
        "tenure": (Text("months since first purchase", "成为客户的时长"), Text("months", "月")),
    },
}  # fmt: skip
CLV = (Text("model-based CLV", "模型预测的客户终身价值"), Text("currency", "货币"))
PERIODS: Mapping[str, Text] = {
    "count": Text("in the observed period", "观察期内"),
    "per_year": Text("a year", "每年"),
    "clv": Text("over the horizon of the CLV", "预测期内"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """What the indicators are and how they are transformed.

    Attributes
    ----------
    forms : mapping of str to str
        ``amount``, ``frequency`` and ``duration``, each with its form.
    transform : {"log1p", "log", "winsor", "none"}
    winsor : (float, float)
        Quantiles.
    standardise : bool
    """

    forms: Mapping[str, str]
    transform: Transform
    winsor: tuple[float, float]
    standardise: bool

    def check(self) -> None:
        """Refuse what is not defined.

        Raises
        ------
        IncompatibleRequestError
        """
        for name, form in self.forms.items():
            if form not in FORMS[name]:
                raise _unknown(name, form, tuple(FORMS[name]))
        if self.transform not in TRANSFORMS:
            raise _unknown("transform", self.transform, TRANSFORMS)
        low, high = self.winsor
        if not 0.0 <= low < high <= 1.0:
            raise IncompatibleRequestError(
                f"winsor={self.winsor} are not two quantiles.",
                code="link.winsor",
                hint="Write the lower and the upper share, such as (0.01, 0.99).",
            )


def _unknown(name: str, found: object, allowed: Sequence[str]) -> IncompatibleRequestError:
    return IncompatibleRequestError(
        f"There is no {name}={found!r}.",
        code=f"link.{name}",
        hint=f"Choose one of {', '.join(map(repr, allowed))}.",
    )


def natural_indicators(
    log: TransactionLog, customers: Sequence[str], forms: Mapping[str, str], end: date | None
) -> pd.DataFrame:
    """Return ``customer amount frequency duration`` in natural units, one row a customer."""
    summary = customer_summary(log, end=end, unit="month")
    frame = log.run(summary.filter(summary.customer.isin(list(customers))))
    orders = frame["n_orders"].astype(np.float64)
    total = frame["total"].astype(np.float64)
    observed = np.maximum(frame["T"].to_numpy(np.float64), SHORTEST) / MONTHS
    duration = frame["recency" if forms["duration"] == "active" else "T"]
    return pd.DataFrame(
        {
            "customer": frame["customer"].astype(str),
            "amount": total if forms["amount"] == "total" else total / orders,
            "frequency": orders if forms["frequency"] == "count" else orders / observed,
            "duration": duration.astype(np.float64),
        }
    )


def indicators(
    natural: pd.DataFrame, definition: Definition, weights: Array
) -> tuple[ValueIndicator, ...]:
    """Return how each column of `natural` becomes an indicator.

    Parameters
    ----------
    natural : DataFrame
        Columns in natural units, one row a linked respondent, NaN where there is no behaviour.
    definition : Definition
    weights : Array, shape (N,)
        Of the respondents, for quantiles, means and standard deviations.

    Raises
    ------
    DataError
        A column that does not vary, or with ``log`` one that holds 0.
    """
    return tuple(
        _indicator(name, natural[name].to_numpy(np.float64), definition, weights)
        for name in natural.columns
    )


def _indicator(name: str, x: Array, how: Definition, weights: Array) -> ValueIndicator:
    known = np.isfinite(x)
    if known.sum() < 2 or np.ptp(x[known]) == 0:
        raise DataError(
            f"The indicator '{name}' is the same for all linked customers.",
            code="link.constant",
            hint="Look at the log's days and amounts, or take another form of the indicator.",
        )
    if how.transform == "log" and (x[known] <= 0).any():
        raise DataError(
            f"The indicator '{name}' is 0 for {int((x[known] <= 0).sum())} customers and has no"
            " logarithm.",
            code="link.log_of_zero",
            hint="Use transform='log1p'.",
        )
    label, unit = CLV if name == "clv" else FORMS[name][how.forms[name]]
    made = ValueIndicator(name, label, unit, how.transform)
    if how.transform == "winsor":
        low, high = weighted_quantiles(x[known], weights[known], how.winsor)
        made = replace(made, lower=low, upper=high)
    if not how.standardise:
        return made
    y, w = made.forward(x[known]), weights[known]
    mean = float(w @ y / w.sum())
    return replace(made, mean=mean, sd=float(np.sqrt(w @ (y - mean) ** 2 / w.sum())))


def weighted_quantiles(x: Array, weights: Array, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the smallest values at which the cumulated share of weight reaches each share.

    Examples
    --------
    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), (0.25, 0.5))
    (1.0, 2.0)
    """
    order = np.argsort(x, kind="stable")
    cumulated = np.cumsum(weights[order]) / weights.sum()
    places = np.searchsorted(cumulated, np.asarray(shares) - 1e-12)
    return tuple(float(x[order][min(p, len(x) - 1)]) for p in places)
