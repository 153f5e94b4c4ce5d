"""Cut-offs for fit, reliability and validity, each with its source.

A cut-off is a convention, not a law: Marsh, Hau & Wen (2004) warn against reading Hu & Bentler's
values as golden rules. Measures without a defensible cut-off (χ²/df, GFI, AGFI, IFI) get no
verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from loyaltysem.core.display import bounded


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A conventional bound on a measure.

    Parameters
    ----------
    measure : str
        Name of the measure, as in `fit_measures` where it is one.
    side : {"at least", "at most", "none"}
        Which side of `bound` counts as met; ``"none"``: shown without a verdict.
    bound : float
        The cut-off value.
    source : str
        Key in `loyaltysem.core.references`, or empty.
    remark : str
        Shown after the bound, for instance ``"convention"``.
    """

    measure: str
    side: Literal["at least", "at most", "none"]
    bound: float
    source: str
    remark: str = ""

    @property
    def text(self) -> str:
        """The cut-off as printed, such as ``"≥ .95"``; empty when there is none."""
        if math.isnan(self.bound):
            return ""
        sign = "≤" if self.side == "at most" else "≥"
        remark = f" ({self.remark})" if self.remark else ""
        digits = 2 if math.isclose(self.bound, round(self.bound, 2)) else 3
        return f"{sign} {bounded(self.bound, digits)}{remark}"

    def met(self, value: float) -> bool | None:
        """Whether `value` meets the cut-off; None without a verdict or a value."""
        if self.side == "none" or math.isnan(value):
            return None
        return value >= self.bound if self.side == "at least" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Judgement:
    """A value held against its cut-off."""

    cutoff: str
    met: bool | None
    source: str


CUTOFFS: tuple[Cutoff, ...] = (
    Cutoff("cfi", "at least", 0.95, "hu_bentler_1999"),
    Cutoff("tli", "at least", 0.95, "hu_bentler_1999"),
    Cutoff("rmsea", "at most", 0.06, "hu_bentler_1999"),
    Cutoff("srmr", "at most", 0.08, "hu_bentler_1999"),
    Cutoff("nfi", "at least", 0.90, "bentler_bonett_1980"),
    Cutoff("gfi", "none", 0.90, "", "convention"),
    Cutoff("agfi", "none", 0.90, "", "convention"),
    Cutoff("ifi", "none", 0.90, "", "convention"),
    Cutoff("chisq_df", "none", math.nan, ""),
    Cutoff("alpha", "at least", 0.70, "nunnally_1978"),
    Cutoff("composite_reliability", "at least", 0.70, "nunnally_1978"),
    Cutoff("ave", "at least", 0.50, "fornell_larcker_1981"),
    Cutoff("htmt", "at most", 0.85, "henseler_2015"),
    Cutoff("htmt_liberal", "at most", 0.90, "henseler_2015"),
    Cutoff("delta_cfi", "at least", -0.010, "cheung_rensvold_2002"),
    Cutoff("delta_rmsea", "at most", 0.015, "chen_2007"),
    Cutoff("delta_srmr_loadings", "at most", 0.030, "chen_2007"),
    Cutoff("delta_srmr", "at most", 0.010, "chen_2007"),
)
REGISTRY = MappingProxyType({cutoff.measure: cutoff for cutoff in CUTOFFS})

RMSEA_GRADES: tuple[tuple[float, str], ...] = (
    (0.05, "close"),
    (0.08, "reasonable"),
    (0.10, "mediocre"),
    (math.inf, "poor"),
)


def judge(measure: str, value: float) -> Judgement:
    """Hold `value` against the cut-off registered for `measure`.

    Parameters
    ----------
    measure : str
        Name of the measure, such as ``"cfi"``, ``"alpha"`` or ``"ave"``.
    value : float
        Its value; NaN gives no verdict.

    Returns
    -------
    Judgement
        Cut-off as text, whether it is met (None: no verdict), key of the source. A measure
        without an entry has neither cut-off nor verdict.

    Examples
    --------
    >>> judge("cfi", 0.93)
    Judgement(cutoff='≥ .95', met=False, source='hu_bentler_1999')
    >>> judge("chisq_df", 2.15).met is None
    True
    """
    cutoff = REGISTRY.get(measure)
    if cutoff is None:
        return Judgement("", None, "")
    return Judgement(cutoff.text, cutoff.met(value), cutoff.source)


def rmsea_grade(value: float) -> str:
    """Grade an RMSEA: close ≤ .05, reasonable ≤ .08, mediocre ≤ .10, poor above.

    Notes
    -----
    Browne & Cudeck (1992) call values up to .05 a close fit, up to .08 a reasonable error of
    approximation, and would not employ a model above .10; "mediocre" names the gap between.

    Examples
    --------
    >>> rmsea_grade(0.055)
    'reasonable'
    """
    if math.isnan(value):
        return ""
    return next(grade for bound, grade in RMSEA_GRADES if value <= bound)
