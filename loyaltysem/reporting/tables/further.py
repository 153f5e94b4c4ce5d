"""The tables of the analyses beside the model: models held against each other, effects, groups."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from loyaltysem.core.display import MISSING, bounded, integer, interval, number, pvalue
from loyaltysem.core.text import Text
from loyaltysem.reporting.document import Cell, Table
from loyaltysem.reporting.tables.layout import (
    ColumnSpec,
    Record,
    Words,
    bounded_column,
    frame_table,
    text_column,
    value_column,
)
from loyaltysem.reporting.tables.structure import FIT_NAMES
from loyaltysem.study.groups import LEVELS

P = ColumnSpec(Text("p"), lambda r: pvalue(r["pvalue"]))
YES_NO = {True: Text("yes", "是"), False: Text("no", "否")}
EFFECT = Text("Effect", "效应")
DF = ColumnSpec(Text("df"), lambda r: integer(r["df"]))


def limits(lower: str, upper: str, head: Text, digits: int = 3) -> ColumnSpec:
    """Return a column that prints an interval from two fields."""
    return ColumnSpec(head, lambda r: interval(r[lower], r[upper], digits))


def count(field: str, head: Text) -> ColumnSpec:
    """Return a column of whole numbers."""
    return ColumnSpec(head, lambda r: integer(r[field]))


def path_text(record: Record, words: Words) -> str:
    """Write a path, a defined parameter or an equality as readers see it."""
    if record["op"] == "~":
        return f"{words.name(str(record['rhs']))} → {words.name(str(record['lhs']))}"
    return words.name(str(record["lhs"]))


def _path(words: Words) -> ColumnSpec:
    return text_column(EFFECT, lambda r: path_text(r, words))


#: A head in a narrow column: its bracket must stay whole, and Chinese may break at any character.
_RMSEA = Text("RMSEA [90%\N{NO-BREAK SPACE}CI]", "RMSEA [90%\N{NO-BREAK SPACE}CI]")


def rivals(frame: pd.DataFrame, words: Words) -> Table:
    """Return rival models with their fit."""
    columns = [
        text_column(Text("Model", "模型"), lambda r: words.of(r, "label"), is_prose=True),
        value_column("chisq", Text("χ²"), 1),
        DF,
        bounded_column("cfi", Text("CFI")),
        bounded_column("tli", Text("TLI")),
        ColumnSpec(
            _RMSEA,
            lambda r: Cell(
                bounded(r["rmsea"]),
                below=interval(r["rmsea_ci_lower"], r["rmsea_ci_upper"], is_bounded=True),
            ),
        ),
        bounded_column("srmr", Text("SRMR")),
        value_column("aic", Text("AIC"), 1),
        value_column("bic", Text("BIC"), 1),
        value_column("delta_aic", Text("ΔAIC"), 1),
        ColumnSpec(Text("Δχ² (df), p", "Δχ²（df），p"), _difference),
        text_column(Text("Proper", "解可接受"), lambda r: words.say(YES_NO[_usable(r)])),
    ]
    note = Text(
        "Δχ²: test of the restrictions against the correlated factors, where nested in them. "
        "ΔAIC: to the smallest. Proper: converged, without impossible values.",
        "Δχ²：相对于相关因子模型的差异检验（仅限嵌套模型）。ΔAIC：与最小值之差。"
        "解可接受：已收敛且无不合理的估计值。CI：置信区间。",
    )
    caption = Text("Rival measurement models", "竞争测量模型比较")
    return frame_table("rivals", caption, frame, columns, words, notes=[words.say(note)])


def _usable(record: Record) -> bool:
    return bool(record["converged"] and record["proper"])


def _difference(record: Record) -> Cell:
    if record["chisq_diff"] != record["chisq_diff"]:
        return Cell(MISSING)
    shown = f"{number(record['chisq_diff'], 1)} ({integer(record['df_diff'])})"
    return Cell(shown, below=pvalue(record["pvalue_diff"]))


def estimators(frame: pd.DataFrame, words: Words) -> Table:
    """Return the paths and defined parameters of the same model by several estimators."""
    columns = [
        text_column(Text("Estimator", "估计方法"), lambda r: str(r["estimator"])),
        bounded_column("std_all", Text("β")),
        value_column("est", Text("B")),
        value_column("se", Text("SE")),
        P,
    ]
    effects = frame[frame["kind"] != "fit"]
    ordered = effects.sort_values("key", kind="stable", key=lambda s: s.map(_first_seen(s)))
    caption = Text("The effects by several estimators", "不同估计方法的效应估计")
    return frame_table(
        "estimators", caption, ordered, columns, words, group=lambda r: path_text(r, words)
    )


def estimators_fit(frame: pd.DataFrame, words: Words) -> Table:
    """Return the fit of the same model by several estimators, one column each."""
    fit = frame[frame["kind"] == "fit"]
    names = list(dict.fromkeys(map(str, fit["estimator"])))
    wide = fit.pivot(index="key", columns="estimator", values="value")
    rows = wide.loc[list(dict.fromkeys(fit["key"]))].reset_index()
    columns = [
        text_column(Text("Measure", "指标"), lambda r: _measure(str(r["key"]), words)),
        *(_fit_by(name) for name in names),
    ]
    note = Text(
        "WLSMV takes the answers as ordered categories; its fit indices are not comparable with "
        "those of ML.",
        "WLSMV 将题项视为有序分类变量，其拟合指标不能与 ML 直接比较。",
    )
    notes = [words.say(note)] if "WLSMV" in names else []
    caption = Text("The fit by several estimators", "不同估计方法的拟合指标")
    return frame_table("estimators-fit", caption, rows, columns, words, notes=notes)


def _fit_by(estimator: str) -> ColumnSpec:
    shown = {"chisq": lambda x: number(x, 1), "df": integer}
    return ColumnSpec(Text(estimator), lambda r: shown.get(str(r["key"]), bounded)(r[estimator]))


#: Measures that the table of fit prints as one.
PLAIN = {"chisq": Text("χ²"), "df": Text("df", "自由度")}


def _first_seen(values: pd.Series) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(values))}


def _measure(key: str, words: Words) -> str:
    return words.say({**FIT_NAMES, **PLAIN}.get(key, Text(key)))


def effect_sizes(frame: pd.DataFrame, words: Words) -> Table:
    """Return R² and f² of every path."""
    columns = [
        text_column(Text("Predictor", "预测变量"), lambda r: words.name(str(r["predictor"]))),
        text_column(Text("Outcome", "结果变量"), lambda r: words.name(str(r["outcome"]))),
        bounded_column("r2", Text("R²")),
        bounded_column("r2_without", Text("R² without it", "剔除后 R²")),
        value_column("f2", Text("f²")),
    ]
    note = Text(
        "f² = (R² − R² without the predictor)/(1 − R²).",
        "f² =（R² − 剔除该变量后的 R²）/（1 − R²）。",
    )
    caption = Text("Effect sizes of the paths", "路径的效应量")
    return frame_table("effect-sizes", caption, frame, columns, words, notes=[words.say(note)])


def antecedents(frame: pd.DataFrame, words: Words) -> Table:
    """Return the paths from the antecedents."""
    columns = [
        text_column(Text("Antecedent", "前因"), lambda r: words.of(r, "label")),
        text_column(Text("Outcome", "结果变量"), lambda r: words.name(str(r["lhs"]))),
        bounded_column("std_all", Text("β")),
        value_column("est", Text("B")),
        value_column("se", Text("SE")),
        P,
        limits("ci_lower", "ci_upper", Text("95% CI", "95% 置信区间")),
        bounded_column("r2", Text("R²")),
    ]
    return frame_table(
        "antecedents", Text("Antecedents (FIML)", "前因模型（FIML）"), frame, columns, words
    )


def mediation(frame: pd.DataFrame, draws: pd.DataFrame, words: Words) -> Table:
    """Return effects with their bootstrap intervals."""
    columns = [
        _path(words),
        value_column("est", Text("B")),
        value_column("boot_se", Text("Bootstrap SE", "自助法 SE")),
        limits("ci_lower", "ci_upper", Text("95% BCa", "95% BCa 区间")),
        value_column("std_all", Text("β")),
        limits("std_lower", "std_upper", Text("95% BCa of β", "β 的 95% BCa 区间")),
    ]
    n = {str(k): integer(v) for k, v in zip(draws["measure"], draws["value"], strict=True)}
    note = Text(
        f"{n['drawn']} samples drawn, {n['failed']} without a solution, {n['inadmissible']} "
        "inadmissible (kept).",
        f"共抽样 {n['drawn']} 次，{n['failed']} 次无解，"
        f"{n['inadmissible']} 次解不可接受（予以保留）。",
    )
    caption = Text(
        "Direct, indirect and total effects with bootstrap intervals",
        "直接、间接与总效应及其自助法区间",
    )
    return frame_table("mediation", caption, frame, columns, words, notes=[words.say(note)])


def moderation(frame: pd.DataFrame, words: Words) -> Table:
    """Return the paths of the model with the latent interaction."""
    columns = [
        _path(words),
        bounded_column("std_all", Text("β")),
        value_column("est", Text("B")),
        value_column("se", Text("SE")),
        value_column("z", Text("z"), 2),
        P,
        limits("ci_lower", "ci_upper", Text("95% CI", "95% 置信区间")),
    ]
    note = Text(
        "Factors are measured by the means of their dimensions; the interaction by three matched "
        "products of these means, double-mean-centred; MLR.",
        "各因子以维度均值为指标；交互项以三对配对乘积为指标，采用双重均值中心化；估计方法为 MLR。",
    )
    caption = Text("Latent moderation", "潜变量调节效应检验")
    return frame_table(
        "moderation", caption, frame, columns, words, notes=[words.say(note)],
        sources=("marsh_2004", "lin_2010"),
    )  # fmt: skip


def slopes(frame: pd.DataFrame, words: Words) -> Table:
    """Return the effect at values of the moderator."""
    columns = [
        value_column("moderator", Text("Moderator", "调节变量取值")),
        value_column("sd", Text("SD from mean", "距均值（SD）"), 1),
        value_column("slope", Text("Slope", "斜率")),
        value_column("se", Text("SE")),
        P,
        limits("ci_lower", "ci_upper", Text("95% CI", "95% 置信区间")),
    ]
    return frame_table(
        "moderation-slopes", Text("Simple slopes", "简单斜率"), frame, columns, words
    )


INVARIANCE_VERDICTS = {
    "reference": Text("reference", "基准"),
    "supported": Text("supported", "成立"),
    "doubtful": Text("doubtful", "存疑"),
    "not supported": Text("not supported", "不成立"),
}


def invariance(frame: pd.DataFrame, words: Words) -> Table:
    """Return the levels of invariance."""
    columns = [
        text_column(Text("Level", "水平"), lambda r: _said(LEVELS, r["level"], words)),
        value_column("chisq", Text("χ²"), 1),
        DF,
        value_column("chisq_diff", Text("Δχ²"), 1),
        count("df_diff", Text("Δdf")),
        P,
        bounded_column("cfi", Text("CFI")),
        bounded_column("delta_cfi", Text("ΔCFI")),
        bounded_column("rmsea", Text("RMSEA")),
        bounded_column("delta_rmsea", Text("ΔRMSEA")),
        bounded_column("delta_srmr", Text("ΔSRMR")),
        text_column(
            Text("Verdict", "结论"), lambda r: _said(INVARIANCE_VERDICTS, r["verdict"], words)
        ),
    ]
    caption = Text("Measurement invariance across groups", "跨组测量等值检验")
    return frame_table(
        "invariance", caption, frame, columns, words, sources=("cheung_rensvold_2002",)
    )


def _said(names: Mapping[str, Text], key: object, words: Words) -> str:
    return words.say(names.get(str(key), Text(str(key))))


def proposal(frame: pd.DataFrame, words: Words) -> Table:
    """Return the equalities that would be freed first."""
    columns = [
        text_column(Text("Level", "水平"), lambda r: _said(LEVELS, r["level"], words)),
        text_column(Text("Equality", "等值约束"), lambda r: str(r["parameter"])),
        value_column("chisq", Text("χ²"), 1),
        DF,
        P,
    ]
    caption = Text("Equalities to free first", "建议优先释放的等值约束")
    return frame_table("invariance-proposal", caption, frame, columns, words)


def group_paths(frame: pd.DataFrame, words: Words) -> Table:
    """Return the structural paths of each group."""
    columns = [
        _path(words),
        text_column(Text("Group", "组别"), lambda r: words.name(str(r["group"]))),
        count("n", Text("n")),
        bounded_column("std_all", Text("β")),
        value_column("est", Text("B")),
        value_column("se", Text("SE")),
        P,
    ]
    caption = Text("Structural paths by group, loadings equal", "各组结构路径（载荷等值）")
    return frame_table("group-paths", caption, frame, columns, words)


def groups_test(frame: pd.DataFrame, words: Words) -> Table:
    """Return the tests of equal paths."""
    everything = Text("All paths", "全部路径")
    columns = [
        text_column(
            Text("Held equal", "设为相等"),
            lambda r: words.say(everything) if r["op"] == "==" else path_text(r, words),
        ),
        value_column("chisq_diff", Text("Δχ²"), 2),
        count("df_diff", Text("Δdf")),
        P,
    ]
    return frame_table(
        "groups-test", Text("Tests of equal paths", "路径等值检验"), frame, columns, words
    )
