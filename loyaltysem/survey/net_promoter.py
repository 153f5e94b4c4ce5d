"""The Net Promoter Score with an interval that holds in small samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from loyaltysem.core.display import interval, number, percent
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.plain_table import html_table
from loyaltysem.core.types import Array
from loyaltysem.survey.weights import checked_weights, effective_size

MOST_DETRACTING, LEAST_PROMOTING = 6, 9
PSEUDO = (0.75, 1.5, 0.75)
"""Detractors, passives and promoters added before the interval is taken."""


@dataclass(frozen=True, slots=True)
class NetPromoterScore:
    """Promoters less detractors, in points from −100 to 100.

    Parameters
    ----------
    item : str
        The item asked.
    n : int
        Respondents who answered it.
    effective_n : float
        The same after weighting; see `weights.effective_size`.
    detractors, passives, promoters : float
        Weighted shares of those who answered 0–6, 7–8, 9–10.
    score : float
        100 (promoters − detractors).
    se : float
        Standard error of `score`, in points.
    ci_lower, ci_upper : float
        Adjusted Wald interval, in points.
    level : float
        Its confidence level.
    """

    item: str
    n: int
    effective_n: float
    detractors: float
    passives: float
    promoters: float
    score: float
    se: float
    ci_lower: float
    ci_upper: float
    level: float

    def __str__(self) -> str:
        limits = interval(self.ci_lower, self.ci_upper, 1)
        return f"NPS {number(self.score, 1)} {percent(self.level, 0)} CI {limits}, n = {self.n}"

    def _repr_html_(self) -> str:
        shares = (("0–6", self.detractors), ("7–8", self.passives), ("9–10", self.promoters))
        rows = [(label, percent(share)) for label, share in shares]
        return html_table(str(self), (self.item, "%"), rows)


def net_promoter(
    answers: Array, *, item: str = "", weights: Array | None = None, level: float = 0.95
) -> NetPromoterScore:
    """Return the Net Promoter Score of answers from 0 to 10.

    Parameters
    ----------
    answers : Array
        Shape (N,), whole numbers from 0 to 10, NaN where not answered.
    item : str
        Name, for messages.
    weights : Array, optional
        Shape (N,), not negative.
    level : float
        Confidence level.

    Raises
    ------
    DataError
        Nobody answered, an answer outside 0–10, or weights that cannot be used.
    IncompatibleRequestError
        A level outside (0, 1).

    Notes
    -----
    With shares p of promoters and d of detractors, NPS = p − d and Var = (p + d − (p − d)²) / n.
    The interval is the adjusted Wald interval of Rocks (2016): the same formulas after ¾ of a
    detractor, 1½ passives and ¾ of a promoter are added, so it is not centred at the score and does
    not shrink to a point when all answer alike. Weighted, n is the effective sample size.

    Examples
    --------
    >>> print(net_promoter(np.array([10, 9, 9, 8, 7, 6, 3, 10.0])))
    NPS 25.0 95% CI [−29.4, 65.8], n = 8
    """
    if not 0.0 < level < 1.0:
        raise IncompatibleRequestError(
            f"A confidence level lies between 0 and 1, found {level}.",
            code="nps.level",
            hint="Use for example level=0.95.",
        )
    w = np.ones(len(answers)) if weights is None else checked_weights(weights)
    given = ~np.isnan(answers)
    x, w = answers[given], w[given]
    if not w.sum() > 0:
        raise DataError(f"Nobody answered {_named(item)}.", code="nps.empty", hint="See the item.")
    if ((x < 0) | (x > 10) | (x != np.rint(x))).any():
        raise DataError(
            f"{_named(item)} holds answers that are not whole numbers from 0 to 10.",
            code="nps.scale",
            hint="The score needs the likelihood to recommend, asked from 0 to 10.",
        )
    shares = np.array(
        [
            w[x <= MOST_DETRACTING].sum(),
            w[(x > MOST_DETRACTING) & (x < LEAST_PROMOTING)].sum(),
            w[x >= LEAST_PROMOTING].sum(),
        ]
    )
    shares = shares / w.sum()
    size = effective_size(w)
    score, se = _balance(shares, size)
    adjusted = (shares * size + PSEUDO) / (size + sum(PSEUDO))
    centre, spread = _balance(adjusted, size + sum(PSEUDO))
    reach = float(norm.isf((1.0 - level) / 2.0)) * spread
    low, high = max(centre - reach, -100.0), min(centre + reach, 100.0)
    return NetPromoterScore(
        item, len(x), size, float(shares[0]), float(shares[1]), float(shares[2]),
        score, se, low, high, level,
    )  # fmt: skip


def _balance(shares: Array, size: float) -> tuple[float, float]:
    """Return promoters less detractors and its standard error, in points."""
    detractors, _, promoters = shares
    balance = promoters - detractors
    variance = max(promoters + detractors - balance**2, 0.0) / size
    return float(100.0 * balance), float(100.0 * np.sqrt(variance))


def _named(item: str) -> str:
    return f"item '{item}'" if item else "the item"
