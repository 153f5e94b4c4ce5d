"""What personas are made of: features of customers, brought to a common scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import skew

from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.clv.segments.rhythm import customer_rhythm
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array

FEATURES: Mapping[str, Text] = MappingProxyType(
    {
        "orders": Text("orders", "购买天数"),
        "average_order": Text("amount per order", "平均每次金额"),
        "elapsed": Text("days since last order", "距上次购买天数"),
        "tenure": Text("days since first order", "首次购买至今天数"),
    }
)
#: Skewness from which a feature without negative values is taken in logarithms.
SKEWED = 1.0
TRANSFORMS = ("log", "none")


@dataclass(frozen=True, slots=True)
class Scaled:
    """Features on a common scale.

    Parameters
    ----------
    values : Array
        Shape (N, p), mean 0 and standard deviation 1 in each column.
    steps : DataFrame
        How: ``feature transform mean sd``; ``log`` is log(1 + x), mean and sd are after it.
    """

    values: Array
    steps: pd.DataFrame


def customer_features(log: TransactionLog, *, end: date | None = None) -> Any:
    """Return the usual features of every customer with a purchase.

    Returns
    -------
    ibis.Table
        ``customer, orders, average_order, elapsed, tenure``: purchase days, net amount over them,
        days since the last and since the first of them.
    """
    known = customer_rhythm(log, end=end)
    return known.select(
        "customer",
        orders=known.n_orders,
        average_order=(known.total / known.n_orders.cast("float64")).round(6),
        elapsed=known.elapsed,
        tenure=known.tenure,
    )


def scaled(features: pd.DataFrame, transforms: Mapping[str, str]) -> Scaled:
    """Return features on a common scale.

    Parameters
    ----------
    features : DataFrame
        Shape (N, p), numbers, one row a customer.
    transforms : mapping of str to {"log", "none"}
        Of features for which the usual choice is not wanted.

    Raises
    ------
    DataError
        Features that are no numbers, missing, infinite or constant; logarithms of negative values.
    IncompatibleRequestError
        Transforms of features that are not there, or that do not exist.

    Notes
    -----
    By default log(1 + x) where there is no negative value and the skewness is above 1.
    """
    _check_transforms(transforms, list(features.columns))
    table = _checked(features)
    columns, steps = [], []
    for name in table.columns:
        x = table[name].to_numpy(np.float64)
        usual = "log" if x.min() >= 0 and skew(x) > SKEWED else "none"
        step = transforms.get(str(name), usual)
        if step == "log" and x.min() < 0:
            raise DataError(
                f"'{name}' has negative values, which have no logarithm.",
                code="personas.negative",
                hint=f"Use transforms={{'{name}': 'none'}}.",
            )
        y = np.log1p(x) if step == "log" else x
        columns.append((y - y.mean()) / y.std())
        steps.append((str(name), step, float(y.mean()), float(y.std())))
    return Scaled(
        np.column_stack(columns),
        pd.DataFrame(steps, columns=["feature", "transform", "mean", "sd"]),
    )


def _check_transforms(transforms: Mapping[str, str], names: Sequence[str]) -> None:
    wrong = [f"{k}={v}" for k, v in transforms.items() if k not in names or v not in TRANSFORMS]
    if wrong:
        raise IncompatibleRequestError(
            f"Transforms that cannot be made: {', '.join(wrong)}.",
            code="personas.transform",
            hint=f"Features: {', '.join(map(str, names))}; transforms: 'log', 'none'.",
        )


def _checked(features: pd.DataFrame) -> pd.DataFrame:
    try:
        table = features.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Features must be numbers ({error}).",
            code="personas.not_numeric",
            hint="Leave out names and texts; customers are the index.",
        ) from error
    values = table.to_numpy()
    missing = [str(c) for c in table if not np.isfinite(table[c].to_numpy()).all()]
    constant = [str(c) for c in table if not missing and np.ptp(table[c].to_numpy()) == 0]
    problems = []
    if values.shape[1] == 0 or len(values) < 10:
        problems.append(f"{values.shape[1]} features of {len(values)} customers (10 are needed)")
    if missing:
        problems.append(f"missing or infinite values in {', '.join(missing)}")
    if constant and len(values) >= 10:
        problems.append(f"no variation in {', '.join(constant)}")
    if problems:
        raise DataError(
            f"No personas can be made of: {'; '.join(problems)}.",
            code="personas.features",
            hint="Fill or leave out the features named.",
        )
    return table
