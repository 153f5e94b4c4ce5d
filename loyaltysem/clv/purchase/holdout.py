"""Holdout validation: fit on the first part of a log, predict the rest, compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyaltysem.clv.printed import Printed
from loyaltysem.clv.purchase.fitted import PurchaseFit
from loyaltysem.clv.purchase.models import bg_nbd, pareto_nbd
from loyaltysem.clv.summary import UNITS as UNITS_OF_TIME
from loyaltysem.core.display import integer
from loyaltysem.core.errors import DataError, Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text

MODELS: Mapping[str, Any] = {"bg_nbd": bg_nbd, "pareto_nbd": pareto_nbd}
#: Units of time that are whole days, as the periods tracked must be.
UNITS: Mapping[str, float] = {name: UNITS_OF_TIME[name] for name in ("day", "week")}
#: Customers with as many repeat purchases or more are taken together.
MOST = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Holdout(Printed):
    """A model fitted to the calibration period against what came after.

    Attributes
    ----------
    frame : DataFrame
        ``measure value``: purchases in the holdout period, actual and expected, and their
        percentage difference; mean absolute and root mean squared error and correlation over
        customers; mean absolute percentage error of cumulative and incremental purchases over
        periods.
    fit : PurchaseFit
        Of the calibration period.
    customers : DataFrame
        ``frequency recency T p_alive expected actual``, by customer.
    by_frequency : DataFrame
        ``frequency customers actual expected``: mean purchases in the holdout period by repeat
        purchases in the calibration period; the last row holds that many and more.
    tracking : DataFrame
        ``period end holdout actual expected cumulative_actual cumulative_expected``: repeat
        purchases in each period and since the start.
    unit : str
    split, end : Timestamp
        Last day of calibration and of the holdout period.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    fit: PurchaseFit
    customers: pd.DataFrame
    by_frequency: pd.DataFrame
    tracking: pd.DataFrame
    unit: str
    split: pd.Timestamp
    end: pd.Timestamp
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Model, customers, periods."""
        name = self.fit.process.family.name
        return (
            f"{name} model, {integer(self.fit.n)} customers: fitted up to {self.split.date()}, "
            f"held against purchases up to {self.end.date()}"
        )


def holdout(
    purchases: pd.DataFrame,
    *,
    split: object,
    end: object = None,
    model: str = "bg_nbd",
    unit: str = "week",
    customer: str = "customer",
    time: str = "time",
) -> Holdout:
    """Fit a model to purchases up to a day and hold it against those after it.

    Parameters
    ----------
    purchases : DataFrame
        A row a purchase. Purchases of a customer on one day are one.
    split : date
        Last day of the calibration period.
    end : date, optional
        Last day of the holdout period; by default that of the last purchase.
    model : {"bg_nbd", "pareto_nbd"}
    unit : {"week", "day"}
        Unit of time of the parameters, and length of the periods that are tracked.
    customer, time : str
        Columns of `purchases`.

    Returns
    -------
    Holdout
        Draw it with `loyaltysem.tracking_plot`.

    Raises
    ------
    DataError
        A missing column, values that are no dates, no purchase before or after the split.
    IncompatibleRequestError
        An unknown model or unit, days out of order.

    Notes
    -----
    Customers who first bought after the split are not in the calibration period: they are left out
    and counted. What is tracked is expected of the cohort from the parameters and the days of first
    purchases alone (Fader, Hardie & Lee 2005); what is expected of each customer in the holdout
    period is conditional on its history.

    Examples
    --------
    >>> import loyaltysem as ls
    >>> days = pd.to_datetime(["2026-01-01", "2026-01-09", "2026-02-20", "2026-01-02", "2026-01-30",
    ...                        "2026-01-05", "2026-01-12", "2026-03-01"])
    >>> rows = pd.DataFrame({"customer": list("aaabbccc"), "time": days})
    >>> found = ls.clv.holdout(rows, split="2026-01-31")
    >>> found.customers["actual"].to_dict()
    {'a': 1.0, 'b': 0.0, 'c': 1.0}
    """
    _known(model, MODELS, "model")
    _known(unit, UNITS, "unit")
    days = purchase_days(purchases, customer, time)
    cut, last = _day(split, "split"), _day(end, "end") if end is not None else days["day"].max()
    early, late, unseen = _parts(days, cut, last)
    step = UNITS[unit]
    seen = _histories(early, cut, step)
    fit: PurchaseFit = MODELS[model](seen["frequency"], seen["recency"], seen["T"], unit=unit)
    length = (last - cut).days / step
    table = fit.predict(length).rename(columns={"expected_purchases": "expected"})
    counts = late.groupby("customer").size()
    table["actual"] = counts.reindex(table.index, fill_value=0).astype(np.float64)
    tracking = _tracking(fit, early, late, cut, last, step)
    return Holdout(
        _errors(table, tracking), fit, table, by_frequency(table), tracking, unit, cut, last,
        (*fit.findings, *_left_out(unseen)),
    )  # fmt: skip


def purchase_days(purchases: pd.DataFrame, customer: str, time: str) -> pd.DataFrame:
    """Return ``customer day``, a row for each day a customer bought.

    Raises
    ------
    DataError
    """
    absent = [name for name in (customer, time) if name not in purchases.columns]
    if absent:
        found = [str(c) for c in purchases.columns]
        raise DataError(
            f"The purchases have no column {', '.join(map(repr, absent))}; there are "
            f"{', '.join(found) or 'none'}.",
            code="purchase.missing_column",
            hint=did_you_mean(absent[0], found) or "Name the columns with customer= and time=.",
        )
    try:
        when = pd.to_datetime(purchases[time])
    except (ValueError, TypeError) as fault:
        raise DataError(
            f"Column {time!r} holds values that are no dates: {fault}.",
            code="purchase.dates",
            hint="Turn it into dates first, such as by pandas.to_datetime(…, format=…).",
        ) from None
    blank = int((when.isna() | purchases[customer].isna()).sum())
    if blank or not len(when):
        raise DataError(
            f"{integer(blank)} of {integer(len(when))} purchases lack a customer or a date."
            if blank
            else "There are no purchases.",
            code="purchase.dates",
            hint="Leave them out, or find what they are.",
        )
    days = pd.DataFrame({"customer": purchases[customer], "day": when.dt.normalize()})
    return days.drop_duplicates().sort_values(["customer", "day"], ignore_index=True)


def _known(name: str, known: Mapping[str, object], what: str) -> None:
    if name not in known:
        raise IncompatibleRequestError(
            f"There is no {what} {name!r}.",
            code=f"request.{what}",
            hint=did_you_mean(name, known) or f"There are {', '.join(known)}.",
        )


def _day(value: object, name: str) -> pd.Timestamp:
    try:
        day = pd.to_datetime(str(value), errors="raise")
        if pd.isna(day):
            raise ValueError(value)
        return pd.Timestamp(day).normalize()
    except ValueError:
        raise IncompatibleRequestError(
            f"{name} = {value!r} is no date.",
            code="request.date",
            hint='Write it as "2026-01-31".',
        ) from None


def _parts(
    days: pd.DataFrame, cut: pd.Timestamp, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return purchases up to the split, later ones of the same customers, and other customers."""
    first = days["day"].min()
    if not first <= cut < last:
        raise IncompatibleRequestError(
            f"The split {cut.date()} should lie between the first purchase {first.date()} and the "
            f"end {last.date()}.",
            code="request.date",
            hint="Leave enough time on both sides: half of it for each is usual.",
        )
    early = days[days["day"] <= cut]
    late = days[(days["day"] > cut) & (days["day"] <= last)]
    known = late["customer"].isin(early["customer"])
    return early, late[known], int(late.loc[~known, "customer"].nunique())


def _histories(early: pd.DataFrame, cut: pd.Timestamp, step: float) -> pd.DataFrame:
    """Return frequency, recency and T of each customer."""
    seen = early.groupby("customer")["day"].agg(["min", "max", "count"])
    return pd.DataFrame(
        {
            "frequency": seen["count"] - 1,
            "recency": (seen["max"] - seen["min"]).dt.days / step,
            "T": (cut - seen["min"]).dt.days / step,
        }
    )


def by_frequency(table: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Return means by repeat purchases: ``frequency customers actual expected``."""
    binned = table["frequency"].clip(upper=most).astype(int)
    means = table.groupby(binned)[["actual", "expected"]].mean()
    means.insert(0, "customers", binned.value_counts())
    return means.rename_axis("frequency").reset_index()


def _tracking(
    fit: PurchaseFit,
    early: pd.DataFrame,
    late: pd.DataFrame,
    cut: pd.Timestamp,
    last: pd.Timestamp,
    step: float,
) -> pd.DataFrame:
    """Count repeat purchases in periods that end at the split and whole periods around it."""
    start = early["day"].min()
    before = int(np.ceil(((cut - start).days + 1) / step))
    after = int((last - cut).days // step)
    ends = np.arange(1 - before, after + 1)
    repeat = pd.concat([early[early.duplicated("customer")], late])
    offset = (repeat["day"] - cut).dt.days.to_numpy() / step
    period = np.ceil(offset).astype(int)
    actual = np.bincount(
        period[period <= after] - ends[0], minlength=len(ends)
    ).astype(np.float64)  # fmt: skip
    total = fit.expected_total(ends)
    return pd.DataFrame(
        {
            "period": np.arange(1, len(ends) + 1),
            "end": cut + pd.to_timedelta(ends * step, unit="D"),
            "holdout": ends > 0,
            "actual": actual,
            "expected": np.diff(total, prepend=0.0),
            "cumulative_actual": actual.cumsum(),
            "cumulative_expected": total,
        }
    )


def _errors(table: pd.DataFrame, tracking: pd.DataFrame) -> pd.DataFrame:
    actual, expected = table["actual"].to_numpy(), table["expected"].to_numpy()
    held = tracking[tracking["holdout"]]
    varied = bool(np.ptp(actual) > 0 and np.ptp(expected) > 0)
    measures = {
        "purchases": float(actual.sum()),
        "expected": float(expected.sum()),
        "difference_percent": 100 * _ratio(expected.sum() - actual.sum(), actual.sum()),
        "mae": float(np.abs(actual - expected).mean()),
        "rmse": float(np.sqrt(((actual - expected) ** 2).mean())),
        "correlation": float(np.corrcoef(actual, expected)[0, 1]) if varied else np.nan,
        "cumulative_mape": _mape(held["cumulative_actual"], held["cumulative_expected"]),
        "incremental_mape": _mape(held["actual"], held["expected"]),
    }
    return pd.DataFrame({"measure": list(measures), "value": list(measures.values())})


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _mape(actual: pd.Series[float], expected: pd.Series[float]) -> float:
    """Return the mean absolute percentage error over periods with purchases."""
    some = actual[actual > 0]
    return 100 * float(((expected[some.index] - some).abs() / some).mean())


def _left_out(unseen: int) -> tuple[Finding, ...]:
    if not unseen:
        return ()
    text = Text(
        f"{integer(unseen)} customers first bought after the split and are left out.",
        f"{integer(unseen)} 名客户在分割日之后才首次购买，未纳入验证。",
    )
    return (Finding("purchase.new_in_holdout", text, severity="note"),)
