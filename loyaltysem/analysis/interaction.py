"""Latent interactions by product indicators: the products, and what the interaction means.

Products of items measure the product of two latent variables. `indicator_products` makes them and
writes their measurement model; after the fit, `simple_slopes` (``analysis.slopes``) reads the
effect of one variable at chosen values of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array

PairKind: TypeAlias = Literal["matched", "all"]
Centre: TypeAlias = Literal["double", "mean", "none"]
KINDS: tuple[PairKind, ...] = ("matched", "all")
CENTRES: tuple[Centre, ...] = ("double", "mean", "none")
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorProducts:
    """Data with product indicators, and their measurement model.

    Attributes
    ----------
    data : DataFrame
        The data with the products as further columns; the items stay as they were.
    model : str
        Lines to add to the model: the product factors, and residual covariances of products that
        share an item.
    pairs : mapping of str to (str, str)
        The two items behind each product column.
    """

    data: pd.DataFrame
    model: str
    pairs: Mapping[str, Pair]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.model)}</pre>"


def indicator_products(
    data: pd.DataFrame,
    products: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    *,
    kind: PairKind = "matched",
    centre: Centre = "double",
) -> IndicatorProducts:
    """Multiply the items of two latent variables to measure their interaction.

    Parameters
    ----------
    data : DataFrame
        Answers as numbers, one column an item.
    products : mapping of str to (items, items)
        For each product factor, the items of the two variables:
        ``{"AB": (["a1", "a2", "a3"], ["b1", "b2", "b3"])}``.
    kind : {"matched", "all"}
        ``"matched"``: the first item with the first, the second with the second, and so on.
        ``"all"``: every item with every item.
    centre : {"double", "mean", "none"}
        Subtract means from the items before multiplying (``"mean"``), and from the products as
        well (``"double"``).

    Returns
    -------
    IndicatorProducts
        ``.data`` and ``.model``. A product is named after its items: ``a1_b1``; it is missing
        where one of them is.

    Raises
    ------
    DataError
        An item is absent or not numeric, or a name is already taken.
    IncompatibleRequestError
        An option is unknown, or matched lists differ in length.

    Notes
    -----
    Matched pairs use each item once, so that residuals of products need not covary (Marsh, Wen &
    Hau, 2004). With double-mean-centred products no mean structure is needed (Lin, Wen, Marsh &
    Lin, 2010). Products of normal items are not normal: use ``estimator="MLR"`` or a bootstrap.

    References
    ----------
    Lin, G.-C., Wen, Z., Marsh, H. W., & Lin, H.-S. (2010). Structural equation models of latent
    interactions: Clarification of orthogonalizing and double-mean-centering strategies.
    Structural Equation Modeling, 17(3), 374–391.

    Marsh, H. W., Wen, Z., & Hau, K.-T. (2004). Structural equation models of latent interactions:
    Evaluation of alternative estimation strategies and indicator construction. Psychological
    Methods, 9(3), 275–300.

    Examples
    --------
    >>> answers = pd.DataFrame({"a1": [1.0, 2, 3], "a2": [2.0, 2, 5],
    ...                         "b1": [3.0, 1, 2], "b2": [1.0, 4, 4]})
    >>> made = indicator_products(answers, {"AB": (["a1", "a2"], ["b1", "b2"])})
    >>> print(made.model)
    AB =~ a1_b1 + a2_b2
    >>> made.data["a1_b1"].round(3).tolist()
    [-0.667, 0.333, 0.333]
    """
    _check_option("kind", kind, KINDS)
    _check_option("centre", centre, CENTRES)
    pairs = {name: _pairs(name, *items, kind) for name, items in products.items()}
    _check_names(data, pairs)
    columns = {_name(p): p for group in pairs.values() for p in group}
    values = _values(data, {item: None for pair in columns.values() for item in pair})
    made = {name: _product(values[a], values[b], centre) for name, (a, b) in columns.items()}
    model = "\n".join(line for name, group in pairs.items() for line in _lines(name, group))
    frame = pd.concat([data, pd.DataFrame(made, index=data.index)], axis=1)
    return IndicatorProducts(frame, model, columns)


def _check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise IncompatibleRequestError(
            f"{name}={value!r} is not available.",
            code="request.option",
            hint=did_you_mean(str(value), allowed)
            or f"Choose from {', '.join(map(repr, allowed))}.",
        )


def _pairs(name: str, first: Sequence[str], second: Sequence[str], kind: PairKind) -> list[Pair]:
    if not len(first) or not len(second) or isinstance(first, str) or isinstance(second, str):
        raise IncompatibleRequestError(
            f"'{name}' needs two lists of items.",
            code="request.products",
            hint='Write {"AB": (["a1", "a2"], ["b1", "b2"])}.',
        )
    if kind == "matched" and len(first) != len(second):
        raise IncompatibleRequestError(
            f"'{name}' matches {len(first)} item(s) with {len(second)}.",
            code="request.products",
            hint="Give lists of one length (drop or average the weakest items), or kind='all'.",
        )
    if kind == "matched":
        return list(zip(first, second, strict=True))
    # a1*a2 and a2*a1 are one product: it matters where a variable is multiplied by itself
    return list({frozenset((a, b)): (a, b) for a in first for b in second}.values())


def _name(pair: Pair) -> str:
    return f"{pair[0]}_{pair[1]}"


def _check_names(data: pd.DataFrame, pairs: Mapping[str, Sequence[Pair]]) -> None:
    columns = [str(c) for c in data.columns]
    items = dict.fromkeys(item for group in pairs.values() for pair in group for item in pair)
    absent = [i for i in items if i not in columns]
    if absent:
        raise DataError(
            f"The data have no column {', '.join(map(repr, absent))}.",
            code="data.missing_column",
            hint=did_you_mean(absent[0], columns) or f"Columns found: {', '.join(columns[:20])}.",
        )
    made = [_name(p) for group in pairs.values() for p in group]
    taken = sorted({n for n in [*made, *pairs] if n in columns} | {n for n in pairs if n in made})
    taken += sorted({n for n in made if made.count(n) > 1} - set(taken))
    if taken:
        raise DataError(
            f"The name(s) {', '.join(map(repr, taken))} would stand for two things.",
            code="data.repeated_column",
            hint="Rename the columns of the data or the product factor.",
        )


def _values(data: pd.DataFrame, items: Mapping[str, None]) -> dict[str, Array]:
    wrong = [i for i in items if not pd.api.types.is_numeric_dtype(data[i])]
    if wrong:
        raise DataError(
            f"Column(s) {', '.join(map(repr, wrong))} do not hold numbers.",
            code="data.not_numeric",
            hint="Code the answers as numbers, or read the file with its questionnaire.",
        )
    return {i: data[i].to_numpy(dtype=np.float64, na_value=np.nan) for i in items}


def _product(a: Array, b: Array, centre: Centre) -> Array:
    if centre != "none":
        a, b = a - np.nanmean(a), b - np.nanmean(b)
    product = a * b
    return product - np.nanmean(product) if centre == "double" else product


def _lines(factor: str, pairs: Sequence[Pair]) -> list[str]:
    """Return the measurement line, and residual covariances of products that share an item."""
    shared: dict[str, list[str]] = {}
    for first, second in combinations(pairs, 2):
        if set(first) & set(second):
            shared.setdefault(_name(first), []).append(_name(second))
    return [
        f"{factor} =~ {' + '.join(map(_name, pairs))}",
        *(f"{first} ~~ {' + '.join(others)}" for first, others in shared.items()),
    ]
