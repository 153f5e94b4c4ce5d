"""The sources the project cites, in one place; everything else refers to them by key.

Only works whose bibliographic data were checked are listed. A DOI that was not checked is left
empty rather than guessed.
"""

from __future__ import annotations

from types import MappingProxyType

from loyaltysem.core.behaviour_sources import BEHAVIOUR
from loyaltysem.core.errors import LoyaltySemError, did_you_mean
from loyaltysem.core.estimation_sources import ESTIMATION
from loyaltysem.core.exploration_sources import EXPLORATION
from loyaltysem.core.inference_sources import INFERENCE
from loyaltysem.core.marketing_sources import MARKETING
from loyaltysem.core.measurement_sources import MEASUREMENT
from loyaltysem.core.method_sources import METHODS
from loyaltysem.core.resampling_sources import RESAMPLING
from loyaltysem.core.segment_sources import SEGMENTS
from loyaltysem.core.source import Reference
from loyaltysem.core.survey_sources import SURVEYS
from loyaltysem.core.value_sources import VALUE

__all__ = ["ALL", "REFERENCES", "Reference", "reference"]

ALL: tuple[Reference, ...] = (
    *METHODS,
    *ESTIMATION,
    *INFERENCE,
    *RESAMPLING,
    *MARKETING,
    *SURVEYS,
    *MEASUREMENT,
    *EXPLORATION,
    *VALUE,
    *BEHAVIOUR,
    *SEGMENTS,
)
REFERENCES = MappingProxyType({source.key: source for source in ALL})


def reference(key: str) -> Reference:
    """Return the source with this key.

    Raises
    ------
    LoyaltySemError
        No source has the key (code ``reference.unknown``).
    """
    try:
        return REFERENCES[key]
    except KeyError:
        raise LoyaltySemError(
            f"No source has the key '{key}'.",
            code="reference.unknown",
            hint=did_you_mean(key, REFERENCES) or "See loyaltysem.core.references.REFERENCES.",
        ) from None
