"""From a finished analysis to a report a co-author can read; see docs/architecture.md."""

from loyaltysem.report.document import Document
from loyaltysem.report.path_diagram import path_diagram, to_dot
from loyaltysem.report.plots import forest_plot, loadings_plot
from loyaltysem.report.report import Report, report

__all__ = [
    "Document",
    "Report",
    "forest_plot",
    "loadings_plot",
    "path_diagram",
    "report",
    "to_dot",
]
