"""The models of the shipped studies in lavaan syntax; print them to read them."""

from __future__ import annotations

from types import MappingProxyType

from loyaltysem.analysis.effects import Path, effect_definitions
from loyaltysem.study.constructs import (
    DIMENSIONS,
    ECSI_CONSTRUCTS,
    SECOND_ORDER,
    VALUE,
    measurement_text,
)

#: Loyalty → relationship quality → customer lifetime value: 27 indicators, df = 315.
STUDY_MODEL = f"""\
# dimensions and value, measured by survey items and purchase records
{measurement_text((*DIMENSIONS, VALUE))}

# second order
{measurement_text(SECOND_ORDER)}

# structural part
RelationshipQuality ~ a*Loyalty
CLV ~ b*RelationshipQuality + c*Loyalty

# mediation
indirect := a*b
total := c + a*b
"""

#: One-factor model of each dimension, by dimension.
ONE_FACTOR_MODELS = MappingProxyType(
    {dimension.name: measurement_text([dimension]) for dimension in DIMENSIONS}
)

#: Structural paths of the European Customer Satisfaction Index (Tenenhaus et al., 2005).
ECSI_PATHS: tuple[Path, ...] = (
    Path("Expectation", "Image", "im_ex"),
    Path("Quality", "Expectation", "ex_qu"),
    Path("Value", "Expectation", "ex_va"),
    Path("Value", "Quality", "qu_va"),
    Path("Satisfaction", "Image", "im_sa"),
    Path("Satisfaction", "Expectation", "ex_sa"),
    Path("Satisfaction", "Quality", "qu_sa"),
    Path("Satisfaction", "Value", "va_sa"),
    Path("Complaints", "Satisfaction", "sa_co"),
    Path("Loyalty", "Image", "im_lo"),
    Path("Loyalty", "Satisfaction", "sa_lo"),
    Path("Loyalty", "Complaints", "co_lo"),
)


def structural_text(paths: tuple[Path, ...]) -> str:
    """Return regressions, one line per outcome.

    Examples
    --------
    >>> print(structural_text((Path("M", "X", "a"), Path("Y", "M", "b"), Path("Y", "X", "c"))))
    M ~ a*X
    Y ~ b*M + c*X
    """
    terms: dict[str, list[str]] = {}
    for path in paths:
        terms.setdefault(path.outcome, []).append(f"{path.label}*{path.predictor}")
    return "\n".join(f"{outcome} ~ {' + '.join(right)}" for outcome, right in terms.items())


#: The ECSI model: 24 indicators, seven latent variables.
ECSI_MODEL = f"""\
# measurement; complaint handling has one item and is set equal to it
{measurement_text(ECSI_CONSTRUCTS)}

# structural part
{structural_text(ECSI_PATHS)}

# how satisfaction reaches loyalty
{effect_definitions(ECSI_PATHS, "Satisfaction", "Loyalty")}
"""
