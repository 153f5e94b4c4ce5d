"""One function per table of a report: raw numbers in, a `Table` of display strings out."""

from loyaltysem.reporting.tables.appendix import covariances, parameters, published
from loyaltysem.reporting.tables.layout import Words
from loyaltysem.reporting.tables.measurement import (
    fornell_larcker,
    htmt,
    loadings,
    reliability,
)
from loyaltysem.reporting.tables.quality import (
    adequacy,
    htmt_intervals,
    item_adequacy,
    method_bias,
    nonresponse,
    normality,
)
from loyaltysem.reporting.tables.screening import screening, with_without
from loyaltysem.reporting.tables.structure import defined, hypotheses, model_fit, paths, rsquare
from loyaltysem.reporting.tables.survey import items, sample

__all__ = [
    "Words",
    "adequacy",
    "covariances",
    "defined",
    "fornell_larcker",
    "htmt",
    "htmt_intervals",
    "hypotheses",
    "item_adequacy",
    "items",
    "loadings",
    "method_bias",
    "model_fit",
    "nonresponse",
    "normality",
    "parameters",
    "paths",
    "published",
    "reliability",
    "rsquare",
    "sample",
    "screening",
    "with_without",
]
