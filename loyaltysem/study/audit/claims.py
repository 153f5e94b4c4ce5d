"""What a paper's words about fit rest on: each printed measure against its usual cut-off."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from loyaltysem.analysis.cutoffs import judge
from loyaltysem.core.references import reference
from loyaltysem.study.audit.paper import PrintedConstruct, PrintedModel, PublishedPaper
from loyaltysem.study.audit.printed import Printed

COLUMNS = ["place", "measure", "printed", "cutoff", "met", "source", "claim"]


def claims_table(paper: PublishedPaper) -> pd.DataFrame:
    """Return every printed measure that has a usual cut-off.

    Returns
    -------
    DataFrame
        ``place measure printed cutoff met source claim``; `met` is None where no defensible cut-off
        exists; `claim` is what the paper says of the model.
    """
    rows = [row for model in paper.models for row in _of_model(model)]
    rows += [row for construct in paper.constructs for row in _of_construct(construct)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_model(model: PrintedModel) -> Iterable[tuple[object, ...]]:
    claim = "; ".join(model.claims)
    for name, printed in model.numbers.items():
        yield from _row(model.name, name, printed, claim)


def _of_construct(construct: PrintedConstruct) -> Iterable[tuple[object, ...]]:
    named = {
        "alpha": construct.alpha, "composite_reliability": construct.cr, "ave": construct.ave,
    }  # fmt: skip
    for name, printed in named.items():
        if printed is not None:
            yield from _row(construct.name, name, printed, "")


def _row(place: str, name: str, printed: Printed, claim: str) -> Iterable[tuple[object, ...]]:
    judged = judge(name, printed.value)
    if judged.cutoff:
        source = reference(judged.source).citation if judged.source else ""
        yield place, name, str(printed), judged.cutoff, judged.met, source, claim
