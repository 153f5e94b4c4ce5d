"""Rules by which answers go missing: completely at random, or depending on what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri

from loyaltysem.core.errors import IncompatibleRequestError, did_you_mean
from loyaltysem.core.types import Array, Indices
from loyaltysem.estimation.request_words import words


@dataclass(frozen=True, slots=True)
class Missing:
    """What is asked for.

    Attributes
    ----------
    share : float
        Expected share of missing answers of each item, between 0 and 1.
    predictor : str
        Complete variable the probability depends on (missing at random); empty for missing
        completely at random.
    strength : float
        Change of the log-odds of a missing answer with one standard deviation of the predictor.
    items : tuple of str
        Variables that lose answers; empty for all but the predictor.
    """

    share: float
    predictor: str = ""
    strength: float = 1.0
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The rule in numbers: P(missing) = 1/(1 + exp(−a − b·x)) for each of `items`.

    Attributes
    ----------
    items : Indices, shape (m,)
        Positions of the variables that lose answers.
    predictor : int
        Position of x; b is 0 where there is none.
    intercept, slope : float
        a and b, in the units of x.
    """

    items: Indices
    predictor: int
    intercept: float
    slope: float

    def apply(self, values: Array, z: Array) -> None:
        """Set answers to NaN in place, in `values` (B, N, p).

        An answer is lost where its standard normal number in `z` (B, N, m) lies below the
        quantile of its probability.
        """
        x = values[:, :, self.predictor, None] if self.slope else 0.0
        lost = z < ndtri(expit(self.intercept + self.slope * x))
        batch, case, item = np.nonzero(lost)
        values[batch, case, self.items[item]] = np.nan


def read_missing(
    value: float | Mapping[str, object] | Missing | None, names: Sequence[str]
) -> Missing | None:
    """Read a share, a mapping with the fields of `Missing`, or one of these.

    Raises
    ------
    IncompatibleRequestError
        Listing everything that cannot be followed.
    """
    if value is None or isinstance(value, Missing):
        rule = value
    elif isinstance(value, Mapping):
        rule = _from_mapping(value)
    else:
        rule = Missing(value)
    if rule is None:
        return None
    problems = [p for p in _problems(rule, names) if p]
    if problems:
        raise IncompatibleRequestError(
            " ".join(problems),
            code="request.missing",
            hint="Write missing=0.1, or missing={'share': 0.1, 'predictor': 'x', 'strength': 1.0, "
            "'items': ['y']}.",
        )
    return rule


def _from_mapping(value: Mapping[str, object]) -> Missing:
    known = [f.name for f in fields(Missing)]
    unknown = [str(k) for k in value if k not in known]
    if unknown or "share" not in value:
        raise IncompatibleRequestError(
            f"missing has no field '{unknown[0]}'." if unknown else "missing has no 'share'.",
            code="request.missing",
            hint=(did_you_mean(unknown[0], known) if unknown else "")
            or f"Its fields are {', '.join(known)}; 'share' is needed.",
        )
    given: dict[str, Any] = {**value, "items": words(value.get("items"))}
    return Missing(**given)  # whose fields `_problems` checks


def _problems(rule: Missing, names: Sequence[str]) -> list[str]:
    numbers = [rule.share, rule.strength]
    if not all(isinstance(x, int | float) and np.isfinite(x) for x in numbers):
        return ["The share and the strength of missing must be numbers."]
    if not isinstance(rule.predictor, str | None):
        return [f"The predictor of missing is the name of a variable, not {rule.predictor!r}."]
    unknown = [n for n in (rule.predictor, *rule.items) if n and n not in names]
    return [
        "" if 0 < rule.share < 1 else f"A share of {rule.share:g} is not between 0 and 1.",
        f"missing names '{unknown[0]}', which is no observed variable of the model. "
        f"{did_you_mean(unknown[0], names)}" if unknown else "",
        f"The predictor '{rule.predictor}' must stay complete, so it cannot be among the items."
        if rule.predictor and rule.predictor in rule.items else "",
    ]  # fmt: skip


def make_mechanism(rule: Missing, names: Sequence[str], marginal: Array | None) -> Mechanism:
    """Find the numbers behind a rule.

    Parameters
    ----------
    rule : Missing
    names : sequence of str
        Observed variables.
    marginal : Array, shape (n,), or None
        Equally probable values of the predictor as it is observed.

    Notes
    -----
    The intercept is the one at which the expected share over the population is the share asked
    for, whatever the distribution of the predictor.
    """
    chosen = rule.items or tuple(n for n in names if n != rule.predictor)
    items = np.array([names.index(n) for n in chosen], dtype=np.intp)
    if marginal is None:
        return Mechanism(items, 0, float(logit(rule.share)), 0.0)
    mean, sd = float(marginal.mean()), float(marginal.std())
    slope = rule.strength / sd
    effect = slope * (marginal - mean)

    def excess(level: float) -> float:
        return float(expit(level + effect).mean()) - rule.share

    reach = 40.0 + float(np.abs(effect).max())
    level = float(brentq(excess, -reach, reach, xtol=1e-12))
    return Mechanism(items, names.index(rule.predictor), level - slope * mean, slope)
