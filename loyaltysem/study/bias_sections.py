"""What could have biased the answers: a common method, who did not answer, how they spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from loyaltysem.analysis.method_bias import HALF, VIF_LIMIT, full_collinearity, harman
from loyaltysem.analysis.method_factor import MethodFactor, latent_method_factor
from loyaltysem.analysis.nonresponse import nonresponse
from loyaltysem.analysis.normality import normality
from loyaltysem.core.display import bounded, number, percent
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.text import Text
from loyaltysem.study.part import Part
from loyaltysem.study.sections import label_of
from loyaltysem.survey.responses import Responses

#: What columns with the wave or the time of an answer are called, case aside.
WAVE_NAMES = (
    "wave", "submitted", "submitted_at", "submitdate", "recordeddate", "_submission_time",
    "happenedat",
)  # fmt: skip
#: Numbers of up to so many values are waves, more are times or ranks.
MOST_WAVES = 10
NAN = float("nan")
METHOD_COLUMNS = ["check", "construct", "value", "cutoff", "met", "source"]


def harman_rows(answers: pd.DataFrame) -> pd.DataFrame:
    """Return Harman's shares as rows of the table ``method_bias``."""
    found = harman(answers)
    share = found.component_share
    rows = [
        ("harman_component", "", share, HALF, share <= HALF, "podsakoff_2003"),
        ("harman_factor", "", found.factor_share, NAN, None, "podsakoff_2003"),
    ]
    return pd.DataFrame(rows, columns=METHOD_COLUMNS).astype({"met": object})


def harman_part(answers: pd.DataFrame) -> Part:
    """Return Harman's check: ``harman``, rows of the table ``method_bias``."""
    rows = harman_rows(answers)
    share = float(rows["value"].iloc[0])
    if share <= HALF:
        return Part({"harman": rows})
    text = Text(
        f"One component takes {percent(share)} of the variance of all items, more than half.",
        f"第一个主成分解释了全部题项 {percent(share)} 的方差，超过一半。",
    )
    return Part({"harman": rows}, (Finding("method_bias.one_factor", text, METHOD_HINT),))


METHOD_HINT = Text(
    "A common method is one cause, constructs that overlap in substance another.",
    "可能源于共同方法，也可能源于构念在概念上重叠。",
)


def collinearity_part(
    answers: pd.DataFrame, scales: Mapping[str, Sequence[str]], labels: Mapping[str, Text]
) -> Part:
    """Return the variance inflation of every construct's mean score by all others."""
    table = full_collinearity(scale_means(answers, scales)).frame
    rows = [
        ("vif", str(r["construct"]), float(r["vif"]), VIF_LIMIT, not r["above"], "kock_2015")
        for r in table.to_dict("records")
    ]
    frame = pd.DataFrame(rows, columns=METHOD_COLUMNS).astype({"met": object})
    high = [str(name) for name in table.loc[table["above"], "construct"]]
    if not high:
        return Part({"vif": frame})
    en = ", ".join(label_of(labels, name).en for name in high)
    zh = "、".join(label_of(labels, name).in_("zh") for name in high)
    text = Text(
        f"Full-collinearity VIF above {number(VIF_LIMIT, 1)}: {en}.",
        f"全共线性 VIF 高于 {number(VIF_LIMIT, 1)} 的构念：{zh}。",
    )
    return Part({"vif": frame}, (Finding("method_bias.collinear", text, METHOD_HINT),))


def scale_means(answers: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return each person's mean of the items answered, one column a construct."""
    return pd.DataFrame(
        {name: answers[list(items)].mean(axis=1) for name, items in scales.items()},
        index=answers.index,
    )


def method_factor_part(
    answers: pd.DataFrame, scales: Mapping[str, Sequence[str]], labels: Mapping[str, Text]
) -> Part:
    """Return what a factor of all items changes, by maximum likelihood on complete answers.

    ``method_factor``: rows like those of ``method_bias``: mean share of the items' variance, p of
    the difference test, largest change of a correlation; NaN where the solution is improper.
    """
    measured = {name: items for name, items in scales.items() if len(items) > 1}
    text = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in measured.items())
    found = latent_method_factor(text, answers)
    usable = not any(finding.severity == "problem" for finding in found.findings)
    change = found.correlations["change"]
    values = {
        "method_share": found.method_share,
        "method_pvalue": float(found.comparison.frame["pvalue"].iloc[-1]),
        "method_change": float(change.iloc[int(change.abs().argmax())]),
    }
    rows = [
        (name, "", value if usable else NAN, NAN, None, "podsakoff_2003")
        for name, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=METHOD_COLUMNS).astype({"met": object})
    if not usable:
        return Part({"method_factor": frame})
    tables = {"method_factor": frame, "method_correlations": found.correlations}
    return Part(tables, _moved(found, labels))


def _moved(found: MethodFactor, labels: Mapping[str, Text]) -> tuple[Finding, ...]:
    """Return a finding where the correlations of constructs hang on a common method."""
    if not any(f.code == "method_bias.correlations_moved" for f in found.findings):
        return ()
    rows = found.correlations.sort_values("change", key=np.abs).to_dict("records")
    worst = rows[-1]
    a, b = label_of(labels, str(worst["construct"])), label_of(labels, str(worst["other"]))
    one, two = bounded(worst["without"], 2), bounded(worst["with_method"], 2)
    text = Text(
        f"A factor of all rating items changes correlations of constructs, most of all {a.en} – "
        f"{b.en}: {one} → {two}.",
        f"加入共同方法因子后，构念间相关发生变化，变化最大的是"
        f"{a.in_('zh')}—{b.in_('zh')}：{one} → {two}。",
    )
    hint = Text(
        "Such a factor takes up substance as well as method; say in the paper what could have "
        "made answers alike.",
        "该因子既吸收方法变异，也吸收实质变异；请在论文中说明可能导致作答趋同的原因。",
    )
    return (Finding("method_bias.correlations_moved", text, hint),)


def normality_part(answers: pd.DataFrame, *, plain: bool) -> Part:
    """Return the multivariate tests: ``test value statistic df pvalue n_obs``.

    The finding is made only where `plain` maximum likelihood was used, which rests on normality.
    """
    found = normality(answers)
    table = found.frame.assign(n_obs=found.n_obs)
    return Part({"normality": table}, found.findings if plain else ())


def wave_column(responses: Responses, asked: str | None) -> str | None:
    """Return the column that tells early from late answers, or None."""
    if asked is not None:
        return asked
    names = {str(name).casefold(): str(name) for name in responses.frame.columns}
    return next((names[name] for name in WAVE_NAMES if name in names), None)


def nonresponse_part(
    responses: Responses,
    wave: str,
    scales: Mapping[str, Sequence[str]],
    labels: Mapping[str, Text],
) -> Part:
    """Compare early with late respondents: mean scores, and the profile where it was asked.

    ``nonresponse``: the columns of `NonresponseResult.frame` with ``label_en label_zh`` and
    ``wave``, the column that was looked at.
    """
    early, known = early_answers(responses.frame, wave)
    variables = scale_means(responses.data, scales)
    profile = [i for i in responses.questionnaire.with_role("profile") if i.scale.kind == "choice"]
    for item in profile:
        if item.name in responses.frame:
            variables[item.name] = responses.frame[item.name].astype(object)
    found = nonresponse(variables[known], early[known])
    names = {item.name: item.text for item in profile} | dict(labels)
    texts = [label_of(names, str(name)) for name in found.frame["variable"]]
    table = found.frame.assign(
        label_en=[t.en for t in texts], label_zh=[t.in_("zh") for t in texts], wave=wave
    )
    differs = table[table["pvalue_holm"] < found.alpha]
    if differs.empty:
        return Part({"nonresponse": table})
    en, zh = ", ".join(differs["label_en"]), "、".join(differs["label_zh"])
    text = Text(
        f"Early and late respondents differ in: {en}.",
        f"早期与晚期受访者在以下方面存在差异：{zh}。",
    )
    hint = Text(
        "Say so in the paper: those who never answered may differ as well.",
        "请在论文中说明：未作答者可能也存在类似差异。",
    )
    return Part({"nonresponse": table}, (Finding("nonresponse.differs", text, hint),))


def early_answers(frame: pd.DataFrame, wave: str) -> tuple[np.ndarray, np.ndarray]:
    """Tell who answered early and whose time is known, each of shape (N,).

    Of waves, numbered with up to `MOST_WAVES` values, the first is early; of times or ranks the
    first half.

    Raises
    ------
    DataError
        There is no such column, it holds no times, or all the same.
    """
    if wave not in frame:
        raise DataError(
            f"There is no column '{wave}' in the answers.",
            code="nonresponse.wave",
            hint="Name the column with the wave or the time of each answer.",
        )
    when = _when(frame[wave])
    known = when.notna().to_numpy()
    if when.nunique() < 2:
        raise DataError(
            f"The column '{wave}' does not tell early from late answers.",
            code="nonresponse.wave",
            hint="It holds no times, or the same one throughout.",
        )
    if pd.api.types.is_numeric_dtype(when) and when.nunique() <= MOST_WAVES:
        return (when == when.min()).to_numpy(), known
    return (when.rank(method="first") <= known.sum() / 2).to_numpy(), known


def _when(cells: pd.Series) -> pd.Series:
    """Return waves and ranks as numbers, and dates as dates; all missing where neither is meant."""
    given = cells.replace("", np.nan)
    numbers = pd.to_numeric(given, errors="coerce")
    if numbers.notna().sum() == given.notna().sum():
        return numbers
    dates = pd.to_datetime(given, errors="coerce", format="mixed", utc=True)
    return dates if dates.notna().sum() == given.notna().sum() else numbers * NAN
