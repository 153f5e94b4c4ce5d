"""From a finished analysis to a report a co-author can read; see docs/architecture.md."""

from loyaltysem.reporting.document import Document
from loyaltysem.reporting.path_diagram import path_diagram, to_dot
from loyaltysem.reporting.plots import forest_plot, loadings_plot
from loyaltysem.reporting.report import Report, report

__all__ = [
    "Document",
    "Report",
    "forest_plot",
    "loadings_plot",
    "path_diagram",
    "report",
    "to_dot",
]
