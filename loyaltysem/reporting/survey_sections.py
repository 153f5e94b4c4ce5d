"""The parts of a report about the answers themselves; absent tables leave none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loyaltysem.reporting import survey_figures as figures
from loyaltysem.reporting import survey_narrative as narrative
from loyaltysem.reporting import tables
from loyaltysem.reporting.document import Block
from loyaltysem.reporting.tables import Words

if TYPE_CHECKING:
    from loyaltysem.study.analysis import Analysis

#: Steps of a flow that is worth a picture: somebody was lost on the way.
SHORTEST_FLOW = 3


def sample(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the response flow, the sample and the items."""
    found = analysis.tables
    if "flow" in found:
        yield narrative.flow(found["flow"], words)
        if len(found["flow"]) >= SHORTEST_FLOW:
            yield figures.flow(found["flow"], words)
    if "sample" in found:
        yield tables.sample(found["sample"], words)
    if "items" in found:
        yield tables.items(found["items"], words)


def screening(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the rule, the criteria and their pictures."""
    found = analysis.tables
    if "screening" not in found:
        return
    yield narrative.screening(found["screening_rule"], found.get("flow"), words)
    yield tables.screening(found["screening"], words)
    if "screening_distributions" in found:
        yield figures.screening(found["screening_distributions"], found["screening"], words)


def exploration(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield sampling adequacy and the number of factors."""
    found = analysis.tables
    if "adequacy" in found:
        yield narrative.adequacy(found["adequacy"], words)
        yield tables.adequacy(found["adequacy"], words)
    if "parallel" in found:
        yield narrative.parallel(found["parallel"], words)
        yield figures.scree(found["parallel"], words)


def bias(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield method bias, non-response and distribution."""
    found = analysis.tables
    if "method_bias" in found:
        yield narrative.method_bias(found["method_bias"], words)
        yield tables.method_bias(found["method_bias"], words)
    if "nonresponse" in found:
        yield narrative.nonresponse(found["nonresponse"], words)
        yield tables.nonresponse(found["nonresponse"], words)
    if "normality" in found:
        yield tables.normality(found["normality"], words)


def with_without(analysis: Analysis, words: Words) -> Iterator[Block]:
    """Yield the results with and without the screened respondents."""
    if "with_without" in analysis.tables:
        yield narrative.with_without(analysis.tables["with_without"], words)
        yield tables.with_without(analysis.tables["with_without"], words)
