"""Everything a reviewer asks about the answers beside the model, step by step.

A step that does not apply leaves no table; one that the data do not allow leaves a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from loyaltysem.core.text import Text
from loyaltysem.estimation.result import SEMResult
from loyaltysem.study import bias_sections as bias
from loyaltysem.study import exploration_sections as exploration
from loyaltysem.study import screening_sections as screened
from loyaltysem.study.hypotheses import Hypothesis
from loyaltysem.study.part import Part, attempt, together
from loyaltysem.study.sections import is_corrected
from loyaltysem.study.survey_sections import htmt_intervals_table, levels
from loyaltysem.study.with_without import with_without_part
from loyaltysem.survey.responses import Responses
from loyaltysem.survey.screening.result import Screening

METHOD_BIAS = ("harman", "method_factor", "vif")
Scales = Mapping[str, Sequence[str]]


def field_part(
    fit: SEMResult,
    responses: Responses,
    screening: Screening | None,
    hypotheses: Sequence[Hypothesis],
    sent: int | None,
    returned: int | None,
) -> Part:
    """Return response flow, screening, and the results with and without those it remarks upon."""
    flow = attempt(
        Text("The response flow", "答卷回收流程分析"),
        lambda: screened.flow_part(responses, sent, returned),
    )
    if screening is None:
        left_out = sum(e.count for e in responses.exclusions)
        return Part(flow.tables, (*flow.findings, screened.unknown_finding(left_out)))
    nobody_left_out = len(responses.rows) == len(screening.responses.rows)
    found = screened.flagged_finding(screening) if nobody_left_out else ()
    pair = attempt(
        Text("The model with and without the screened respondents", "筛查前后的模型对比"),
        lambda: with_without_part(fit, screening, hypotheses),
    )
    return together((flow, screened.screening_part(screening), Part(findings=found), pair))


def quality_part(
    fit: SEMResult,
    responses: Responses,
    measurement: Scales,
    labels: Mapping[str, Text],
    wave: str | None,
) -> Part:
    """Return what speaks for and against the answers as measurements."""
    first, _ = levels(measurement)
    scales = exploration.rating_items(responses, {name: measurement[name] for name in first})
    part = together(
        (
            *_item_steps(responses.data[exploration.flat(scales)], scales, labels),
            *_other_steps(fit, responses, measurement, scales, labels, wave),
        )
    )
    return _with_method_bias(part)


def _item_steps(
    answers: pd.DataFrame, scales: Scales, labels: Mapping[str, Text]
) -> Iterator[Part]:
    """Yield the steps that look at the rating items alone."""
    if answers.shape[1] < exploration.FEWEST_ITEMS:
        return
    yield attempt(
        Text("KMO and Bartlett's test", " KMO 与 Bartlett 球形检验"),
        lambda: exploration.adequacy_part(answers),
    )
    yield attempt(Text("Parallel analysis", "平行分析"), lambda: exploration.parallel_part(answers))
    yield attempt(Text("Harman's check", " Harman 单因素检验"), lambda: bias.harman_part(answers))
    if len(scales) < 2:
        return
    if sum(len(items) > 1 for items in scales.values()) > 1:
        yield attempt(
            Text("The latent method factor", "潜在方法因子分析"),
            lambda: bias.method_factor_part(answers, scales, labels),
        )
    yield attempt(
        Text("Full collinearity", "全共线性检验"),
        lambda: bias.collinearity_part(answers, scales, labels),
    )


def _other_steps(
    fit: SEMResult,
    responses: Responses,
    measurement: Scales,
    scales: Scales,
    labels: Mapping[str, Text],
    wave: str | None,
) -> Iterator[Part]:
    """Yield the steps that look at the variables of the model or at when answers came."""
    data = responses.data
    names = [name for name in exploration.flat(measurement) if name in data.columns]
    if len(names) > 1 and not fit.plan.ordered:
        yield attempt(
            Text("Multivariate normality", "多元正态性检验"),
            lambda: bias.normality_part(data[names], plain=not is_corrected(fit)),
        )
    ratios = attempt(
        Text("Intervals of HTMT", " HTMT 区间估计"),
        lambda: Part(htmt_intervals_table(data, measurement)),
    )
    yield ratios
    column = bias.wave_column(responses, wave)
    if column is not None and scales:
        yield attempt(
            Text("Early against late respondents", "早期与晚期受访者比较"),
            lambda: bias.nonresponse_part(responses, column, scales, labels),
        )


def _with_method_bias(part: Part) -> Part:
    """Return the part with the rows of all checks of a common method in one table."""
    rows = [part.tables[name] for name in METHOD_BIAS if name in part.tables]
    tables = {key: frame for key, frame in part.tables.items() if key not in METHOD_BIAS}
    if rows:
        tables["method_bias"] = pd.concat(rows, ignore_index=True)
    return Part(tables, part.findings)
