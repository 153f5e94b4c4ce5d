"""One function per table of a report: raw numbers in, a `Table` of display strings out."""

from loyaltysem.reporting.tables.appendix import covariances, parameters, published
from loyaltysem.reporting.tables.layout import Words
from loyaltysem.reporting.tables.measurement import (
    fornell_larcker,
    htmt,
    loadings,
    reliability,
)
from loyaltysem.reporting.tables.structure import defined, hypotheses, model_fit, paths, rsquare
from loyaltysem.reporting.tables.survey import items, sample

__all__ = [
    "Words",
    "covariances",
    "defined",
    "fornell_larcker",
    "htmt",
    "hypotheses",
    "items",
    "loadings",
    "model_fit",
    "parameters",
    "paths",
    "published",
    "reliability",
    "rsquare",
    "sample",
]
