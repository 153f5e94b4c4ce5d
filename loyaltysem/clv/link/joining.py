"""`ls.link`: respondents joined to their orders, with keys hashed and everybody counted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from loyaltysem.clv.link.findings import link_findings
from loyaltysem.clv.link.indicators import (
    PERIODS,
    AmountForm,
    Definition,
    DurationForm,
    FrequencyForm,
    indicators,
    natural_indicators,
)
from loyaltysem.clv.link.keys import Keyed, customers_of, keyed, near_misses
from loyaltysem.clv.link.linked import RESPONDENT, Linked, count_frame, definition_frame
from loyaltysem.clv.link.scale import ClvScale, Transform
from loyaltysem.clv.log.transaction_log import TransactionLog
from loyaltysem.core.errors import DataError, IncompatibleRequestError, did_you_mean
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array, Indices
from loyaltysem.survey.answers import Responses
from loyaltysem.survey.pseudonyms import pseudonyms
from loyaltysem.survey.weights import checked_weights, effective_size

if TYPE_CHECKING:
    from loyaltysem.clv.transactions import Transactions

Unmatched: TypeAlias = Literal["drop", "keep"]


def link(
    responses: Responses | pd.DataFrame,
    tx: Transactions | TransactionLog,
    key: str | None = None,
    *,
    secret: str | bytes | None = None,
    hashed: bool = False,
    amount: AmountForm = "mean",
    frequency: FrequencyForm = "count",
    duration: DurationForm = "active",
    transform: Transform = "log1p",
    winsor: tuple[float, float] = (0.01, 0.99),
    standardise: bool = False,
    unmatched: Unmatched = "drop",
    weights: str | None = None,
    keep: Sequence[str] = (),
    clv: pd.DataFrame | None = None,
    margin: float = 1.0,
    end: date | None = None,
) -> Linked:
    """Join survey answers to the orders of the same customers.

    Parameters
    ----------
    responses : Responses or DataFrame
        Answers, one row a respondent.
    tx : Transactions or TransactionLog
        Orders.
    key : str, optional
        Column of the answers that names the customer; the questionnaire's ``respondent_id``
        unless given.
    secret : str or bytes, optional
        Key of the pseudonyms in the result (see `Responses.pseudonymise`). Without it one is drawn
        and forgotten, so nobody can go back from the result to a customer.
    hashed : bool, default False
        Whether the answers' keys are pseudonyms already, made with `secret`.
    amount : {"mean", "total"}
        Net amount per purchase day, or of all days, in the log's currency.
    frequency : {"count", "per_year"}
        Days with a purchase, or the same over the years since the first one (one month at least).
    duration : {"active", "tenure"}
        Months from the first to the last purchase, or from the first to the end of the log.
    transform : {"log1p", "log", "winsor", "none"}
        Of the indicators: ln(1 + x), ln x, cut at quantiles, or none.
    winsor : (float, float)
        These quantiles, among the linked.
    standardise : bool, default False
        Put the transformed indicators to mean 0 and standard deviation 1.
    unmatched : {"drop", "keep"}
        What becomes of respondents without behaviour: counted and left out, or kept with missing
        indicators (for ``missing="fiml"``).
    weights : str, optional
        Column of survey weights; used for quantiles, means and the what-if.
    keep : sequence of str
        Further columns of the answers to keep, such as a group. Others that are no scored items
        are left behind, so that names and addresses stay out.
    clv : DataFrame, optional
        ``customer, clv``: a model's value of each customer (``tx.clv(…).frame``), a further
        indicator and then the value in currency.
    margin : float, default 1
        Share of revenue that is left, in the currency value.
    end : date, optional
        Last day of behaviour; the log's unless given. Take the day before the survey for
        behaviour that precedes the answers.

    Returns
    -------
    Linked

    Raises
    ------
    DataError
        No such column, repeated keys (rows are named, keys never), nobody linked, or an indicator
        that does not vary.
    IncompatibleRequestError
        No key, an unknown form or transformation, or ``hashed`` without a secret.

    Notes
    -----
    Keys are compared as text without surrounding spaces. The currency value is amount × frequency
    × margin (total × margin with ``amount="total"``), or `clv`.

    Examples
    --------
    >>> from loyaltysem.clv.transactions import transactions
    >>> orders = pd.DataFrame({"customer": ["a", "a", "b", "c"], "amount": [10.0, 30.0, 5.0, 8.0],
    ...                        "time": ["2024-01-01", "2024-03-01", "2024-02-01", "2024-02-02"]})
    >>> answers = pd.DataFrame({"id": ["a", "b", "z"], "trust": [5, 3, 4]})
    >>> linked = link(answers, transactions(orders), "id")
    >>> linked.counts["n"].tolist()
    [3, 0, 1, 2, 3, 1]
    >>> linked.data[["trust", "amount", "frequency"]].values.tolist()
    [[5.0, 20.0, 2.0], [3.0, 5.0, 1.0]]
    """
    forms: dict[str, str] = {"amount": amount, "frequency": frequency, "duration": duration}
    how = Definition(forms, transform, winsor, standardise)
    log = _log(tx)
    _check(how, unmatched, hashed, secret, margin)
    people = keyed(responses, key)
    found = customers_of(log, people.keys, secret if hashed else None)
    natural, floored = _natural(log, sorted(set(found.values())), forms, end, clv)
    joined = _joined(people, found, natural)
    counts = _counts(log, people, joined)
    _require_linked(counts)
    kept = np.ones(len(joined), dtype=bool) if unmatched == "keep" else joined.notna().any(axis=1)
    w = None if weights is None else _weights(people, weights)[kept]
    behaviour = joined[kept].reset_index(drop=True)
    made = indicators(behaviour, how, np.ones(len(behaviour)) if w is None else w)
    scale = ClvScale(made, _product(forms, clv), margin, _period(forms, clv), log.currency)
    data = _data(people, np.flatnonzero(kept), behaviour, scale, secret, hashed, keep, weights)
    near = near_misses(log, [k for k in people.keys if k and k not in found]) if not hashed else 0
    size = None if w is None else effective_size(w)
    findings = link_findings(counts, near, floored, secret is None, size)
    return Linked(data, count_frame(counts), scale, w, definition_frame(made), findings)


def _log(tx: object) -> TransactionLog:
    log = getattr(tx, "log", tx)
    if not isinstance(log, TransactionLog):
        raise IncompatibleRequestError(
            f"Orders are expected as ls.transactions(…), found {type(tx).__name__}.",
            code="link.transactions",
            hint="Open the log first: tx = ls.transactions(orders, customer=…, time=…, amount=…).",
        )
    return log


def _check(
    how: Definition, unmatched: str, hashed: bool, secret: str | bytes | None, margin: float
) -> None:
    how.check()
    if unmatched not in ("drop", "keep"):
        raise IncompatibleRequestError(
            f"There is no unmatched={unmatched!r}.",
            code="link.unmatched",
            hint="Choose 'drop' or 'keep'.",
        )
    if hashed and not secret:
        raise IncompatibleRequestError(
            "The answers' keys are said to be pseudonyms, but the secret behind them is not given.",
            code="link.secret",
            hint="Pass the secret that r.pseudonymise(secret) was called with.",
        )
    if not 0.0 < margin <= 1.0:
        raise IncompatibleRequestError(
            f"margin={margin} is no share of revenue.",
            code="link.margin",
            hint="Give a number above 0 and up to 1, such as 0.3.",
        )


def _natural(
    log: TransactionLog,
    customers: Sequence[str],
    forms: Mapping[str, str],
    end: date | None,
    clv: pd.DataFrame | None,
) -> tuple[pd.DataFrame, int]:
    """Return indicators in natural units by customer, and how many amounts were raised to 0."""
    frame = natural_indicators(log, customers, forms, end)
    below = frame["amount"] < 0
    frame["amount"] = frame["amount"].mask(below, 0.0)
    if clv is not None:
        lacking = [c for c in ("customer", "clv") if c not in clv]
        if lacking or clv["customer"].duplicated().any():
            raise DataError(
                f"'clv' lacks the column '{lacking[0]}'."
                if lacking
                else "'clv' repeats customers.",
                code="link.clv",
                hint="Pass tx.clv(…).frame: one row a customer with its clv.",
            )
        value = clv[["customer", "clv"]].astype({"customer": str, "clv": np.float64})
        frame = frame.merge(value, on="customer", how="left", validate="one_to_one")
    return frame.set_index("customer"), int(below.sum())


def _joined(people: Keyed, found: dict[str, str], natural: pd.DataFrame) -> pd.DataFrame:
    """Return the behaviour of each respondent, NaN without any."""
    customers = [found.get(key, "") for key in people.keys]
    return natural.reindex(customers).reset_index(drop=True)


def _counts(log: TransactionLog, people: Keyed, joined: pd.DataFrame) -> dict[str, int]:
    linked = int(joined.notna().any(axis=1).sum())
    blank = sum(not key for key in people.keys)
    bought = log.table.filter(log.table.is_purchase)
    total = int(log.run(bought.aggregate(n=bought.customer.nunique()))["n"].iloc[0])
    return {
        "respondents": len(joined),
        "without_key": blank,
        "unmatched": len(joined) - blank - linked,
        "linked": linked,
        "customers": total,
        "unanswered": total - linked,
    }


def _require_linked(counts: Mapping[str, int]) -> None:
    if not counts["linked"]:
        raise DataError(
            f"None of {counts['respondents']} respondents is among the {counts['customers']}"
            f" customers; {counts['without_key']} have no key.",
            code="link.nobody",
            hint="Check that both sides hold the same kind of key; pass hashed=True with the secret"
            " where the answers were pseudonymised.",
        )


def _weights(people: Keyed, name: str) -> Array:
    if name not in people.frame:
        raise DataError(
            f"The answers have no column '{name}' of weights.",
            code="data.missing_column",
            hint=did_you_mean(name, [str(c) for c in people.frame.columns]) or "Check the header.",
        )
    column = pd.to_numeric(people.frame[name], errors="coerce").to_numpy(np.float64)
    return checked_weights(column, people.rows)


def _product(forms: Mapping[str, str], clv: pd.DataFrame | None) -> tuple[str, ...]:
    if clv is not None:
        return ("clv",)
    return ("amount",) if forms["amount"] == "total" else ("amount", "frequency")


def _period(forms: Mapping[str, str], clv: pd.DataFrame | None) -> Text:
    if clv is not None:
        return PERIODS["clv"]
    return PERIODS["count" if forms["amount"] == "total" else forms["frequency"]]


def _data(
    people: Keyed,
    places: Indices,
    behaviour: pd.DataFrame,
    scale: ClvScale,
    secret: str | bytes | None,
    hashed: bool,
    keep: Sequence[str],
    weights: str | None,
) -> pd.DataFrame:
    """Return the linked rows: pseudonyms, items, kept columns, behaviour, indicators."""
    chosen = _kept_columns(people, [*keep, *([weights] if weights else [])])
    keys = [people.keys[int(i)] for i in places]
    names = keys if hashed else pseudonyms(keys, secret or secrets.token_bytes(32))
    answers = people.scored.drop(columns=chosen, errors="ignore")
    parts = [
        pd.DataFrame({RESPONDENT: names}, dtype=str),
        answers.iloc[places].reset_index(drop=True),
        people.frame[chosen].iloc[places].reset_index(drop=True),
        behaviour,
    ]
    scaled = {
        i.column: i.forward(behaviour[i.name].to_numpy(np.float64))
        for i in scale.indicators
        if i.column != i.name
    }
    _refuse_clash([*answers.columns, *chosen], [*behaviour.columns, *scaled])
    parts.append(pd.DataFrame(scaled, index=behaviour.index))
    return pd.concat(parts, axis=1)


def _kept_columns(people: Keyed, names: Sequence[str]) -> list[str]:
    absent = [name for name in names if name not in people.frame]
    if absent or people.name in names:
        raise DataError(
            f"The answers have no column '{absent[0]}' to keep." if absent
            else f"'{people.name}' holds the customers' keys and is not kept.",
            code="link.keep",
            hint=did_you_mean(absent[0], map(str, people.frame.columns)) if absent
            else "The result has pseudonyms in 'respondent'.",
        )  # fmt: skip
    return list(dict.fromkeys(names))


def _refuse_clash(answered: Sequence[str], made: Sequence[str]) -> None:
    clash = sorted({name for name in answered if name in (RESPONDENT, *made)})
    if clash:
        raise DataError(
            f"The answers have columns that the link makes: {', '.join(clash)}.",
            code="link.clash",
            hint="Rename them in the answers, such as 'asked_amount'.",
        )
