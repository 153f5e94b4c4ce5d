"""What a reader must know about a fit, in words."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from loyaltysem.core.display import number
from loyaltysem.core.errors import DataError, Finding
from loyaltysem.core.linalg import clearly_above, correlation
from loyaltysem.core.optimise import Minimum, Status
from loyaltysem.core.text import Text
from loyaltysem.estimation.data_findings import data_findings, in_group, located
from loyaltysem.estimation.infer import Inference
from loyaltysem.estimation.model import BoundModel
from loyaltysem.estimation.plan import Plan
from loyaltysem.estimation.runaway import runaway
from loyaltysem.model.parameter_table import ParameterTable
from loyaltysem.model.structure import ModelStructure

#: More parameters than cases: every estimate describes noise.
FEWER_CASES = "data.fewer_cases_than_parameters"


def find(
    model: BoundModel, solution: Minimum, inference: Inference, n_total: int
) -> tuple[Finding, ...]:
    """Collect everything noteworthy, the gravest first; `n_total` counts incomplete cases too."""
    table, structure = model.table, model.structure
    groups = table.groups if table.n_groups > 1 else ()
    return (
        *_convergence(model, solution, inference),
        *_standard_errors(inference),
        *_variances(table, inference, groups),
        *_thresholds(table, inference, groups),
        *_latent_covariances(structure, table, inference, groups),
        *data_findings(model.sample, groups),
        *_replaced_estimator(model.plan),
        *_random_x(table),
        *_measurement_loops(table),
        *_cases(structure, model.sample.n_total, n_total, model.plan),
        *_saturated(inference),
    )


def refuse_too_few_cases(findings: Iterable[Finding]) -> None:
    """Raise what `find` found, where a report or a command must not go on with it."""
    for finding in findings:
        if finding.code == FEWER_CASES:
            raise DataError(finding.text.en, code="data.too_few_cases", hint=finding.hint.en)


def _convergence(model: BoundModel, solution: Minimum, inference: Inference) -> Iterator[Finding]:
    status = Status(int(solution.status[0]))
    if status == Status.CONVERGED:
        return
    largest = runaway(model, inference)
    reason = {
        Status.MAXIMUM_ITERATIONS: Text("the iteration limit was reached", "达到迭代次数上限"),
        Status.NO_DESCENT: Text("no step improved the fit", "找不到能改进拟合的步长"),
        Status.BAD_START: Text("the starting values are not admissible", "初始值不可用"),
    }[status]
    yield Finding(
        "fit.not_converged",
        Text(
            f"The estimation did not converge: {reason.en}"
            + (f"; far off is {largest}." if largest else "."),
            f"估计未收敛：{reason.zh}" + (f"；明显失控的参数为 {largest}。" if largest else "。"),
        ),
        Text(
            "Do not use these numbers. Check the model and the scales of the variables, or give "
            "starting values with start().",
            "请勿使用这些数值。请检查模型与变量的量纲，或用 start() 给出初始值。",
        ),
        "problem",
    )


def _standard_errors(inference: Inference) -> Iterator[Finding]:
    if inference.se_ok:
        return
    yield Finding(
        "fit.no_standard_errors",
        Text(
            "The information matrix is not positive definite at the solution, so there are no "
            "standard errors.",
            "在解处信息矩阵非正定，无法得到标准误。",
        ),
        Text(
            "The data do not determine every parameter: simplify the model.",
            "数据不足以确定全部参数：请简化模型。",
        ),
        "problem",
    )


def _variances(
    table: ParameterTable, inference: Inference, groups: Sequence[str]
) -> Iterator[Finding]:
    for row, value in zip(table.rows, inference.rows.value, strict=True):
        # under delta the residual variances of ordered variables follow from the others
        found = row.free or row.lhs in table.defaults.ordered
        if not row.is_variance or not value < 0 or not found:
            continue
        where = in_group(groups[row.group - 1]) if groups else Text("")
        kind = Text("latent", "潜变量") if row.lhs in table.latent else Text("residual", "残差")
        yield Finding(
            "fit.heywood",
            located(
                where,
                f"Heywood case: the {kind.en} variance of '{row.lhs}' is estimated as {value:.3f}, "
                "which no variance can be.",
                f"Heywood 现象：“{row.lhs}”的{kind.zh}方差估计为 {value:.3f}，方差不可能为负。",
            ),
            Text(
                "Common causes: too few indicators, a small sample, a misspecified model. The fit "
                "indices hold for this solution; its loadings should not be interpreted.",
                "常见原因：指标过少、样本过小或模型设定有误。拟合指数对此解成立，但不宜解释其载荷。",
            ),
            "problem",
        )


def _thresholds(
    table: ParameterTable, inference: Inference, groups: Sequence[str]
) -> Iterator[Finding]:
    """Name thresholds that are out of order: no answers could come from such a model."""
    found: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for row, value in zip(table.rows, inference.rows.value, strict=True):
        if row.op == "|":
            found.setdefault((row.lhs, row.group), []).append((int(row.rhs[1:]), float(value)))
    for (name, group), thresholds in found.items():
        for (i, low), (j, high) in pairwise(sorted(thresholds)):
            if low < high:
                continue
            where = in_group(groups[group - 1]) if groups else Text("")
            yield Finding(
                "fit.threshold_order",
                located(
                    where,
                    f"the thresholds of '{name}' are out of order: t{i} = {number(low)} is not "
                    f"below t{j} = {number(high)}.",
                    f"“{name}”的阈值次序颠倒：t{i} = {number(low)} 不小于 t{j} = {number(high)}。",
                ),
                Text(
                    "A category between them would have a negative probability: look at what the "
                    "model text fixes or equates.",
                    "二者之间的类别概率将为负：请检查模型语句中固定或设为相等的阈值。",
                ),
                "problem",
            )


def _latent_covariances(
    structure: ModelStructure, table: ParameterTable, inference: Inference, groups: Sequence[str]
) -> Iterator[Finding]:
    for g, (block, implied) in enumerate(zip(structure.blocks, inference.implied, strict=True)):
        seats = [i for i, name in enumerate(block.structural) if name in table.latent]
        cov = implied.latent_cov[0].take(seats, axis=0).take(seats, axis=1)
        if not seats or not (cov.diagonal() > 0).all():
            continue  # a negative variance is a finding of its own
        r = correlation(cov)
        if clearly_above(r, 1e-8) or np.linalg.eigvalsh(r).min() > 1e-8:
            continue
        off = np.abs(np.tril(r, -1))
        i, j = np.unravel_index(int(off.argmax()), off.shape)
        pair = (block.structural[seats[i]], block.structural[seats[j]])
        where = in_group(groups[g]) if groups else Text("")
        yield Finding(
            "fit.latent_not_pd",
            located(
                where,
                "the covariance matrix of the latent variables is not positive definite; the "
                f"largest correlation is {r[i, j]:.3f}, of '{pair[0]}' with '{pair[1]}'.",
                f"潜变量协方差矩阵非正定；最大相关为“{pair[0]}”与“{pair[1]}”的 {r[i, j]:.3f}。",
            ),
            Text(
                "Two constructs may not be distinct, or a variance is zero: look at discriminant "
                "validity before reading the paths.",
                "可能有两个构念无法区分，或某方差为零：解释路径前请先查看区分效度。",
            ),
        )


def _random_x(table: ParameterTable) -> Iterator[Finding]:
    names = table.roles.randomised
    if names:
        listed = ", ".join(names)
        yield Finding(
            "spec.random_x",
            Text(
                f"The model text speaks of a variance, covariance or mean of {listed}; these "
                "predictors are therefore treated as random.",
                f"模型语句涉及 {listed} 的方差、协方差或均值，因此将其视为随机变量。",
            ),
            severity="note",
        )


def _replaced_estimator(plan: Plan) -> Iterator[Finding]:
    if plan.requested and plan.requested.upper() != plan.estimator:
        yield Finding(
            "request.estimator_replaced",
            Text(
                f"Because variables are declared ordered, {plan.estimator} took the place of "
                f"{plan.requested}.",
                f"由于声明了有序变量，已用 {plan.estimator} 代替 {plan.requested}。",
            ),
            severity="note",
        )


def _measurement_loops(table: ParameterTable) -> Iterator[Finding]:
    """Name latent variables that measure one another in a circle."""
    graph: dict[str, set[str]] = {}
    for row in table.rows:
        if row.op == "=~" and row.rhs in table.latent:
            graph.setdefault(row.lhs, set()).add(row.rhs)
    if not graph:
        return
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = " =~ ".join(error.args[1][::-1])
        yield Finding(
            "spec.measurement_loop",
            Text(
                f"Latent variables measure one another in a circle: {circle}.",
                f"潜变量之间的测量关系形成循环：{circle}。",
            ),
            Text(
                "Write one of the relations as a regression (~), if that is what is meant.",
                "若其中一条本意为回归关系，请改用 ~。",
            ),
        )


def _left_out(n: int, n_total: int) -> Finding:
    return Finding(
        "data.nothing_observed",
        Text(
            f"{n} of {n_total} cases answered nothing the model speaks of, or miss a predictor "
            "whose values are held fixed; they were left out.",
            f"{n_total} 份样本中有 {n} 份未回答模型中的任何题目，或缺少固定的外生自变量，已剔除。",
        ),
        Text(
            "With fixed_x=False predictors may have missing values too.",
            "设 fixed_x=False 时，自变量也可以含有缺失值。",
        ),
        "note",
    )


def _cases(structure: ModelStructure, n_used: int, n_total: int, plan: Plan) -> Iterator[Finding]:
    if n_used < n_total and plan.missing == "fiml":
        yield _left_out(n_total - n_used, n_total)
    elif n_used < n_total:
        yield Finding(
            "data.listwise",
            Text(
                f"{n_total - n_used} of {n_total} cases have a missing answer and were left out.",
                f"{n_total} 份样本中有 {n_total - n_used} 份存在缺失作答，已剔除。",
            ),
            Text(
                "Leaving out incomplete cases is unbiased only if answers are missing completely "
                "at random.",
                "仅当数据完全随机缺失时，剔除不完整样本才不会产生偏差。",
            ),
            "note",
        )
    if n_used < structure.n_free:
        yield Finding(
            FEWER_CASES,
            Text(
                f"{n_used} cases are too few to estimate {structure.n_free} parameters.",
                f"样本量 {n_used} 少于待估参数个数 {structure.n_free}。",
            ),
            Text(
                "Collect more answers or fit a smaller model; these numbers describe noise.",
                "请增加样本或简化模型；目前的数值只反映噪声。",
            ),
            "problem",
        )
    elif n_used < 5 * structure.n_free:
        yield Finding(
            "data.small_sample",
            Text(
                f"{n_used} cases estimate {structure.n_free} parameters: fewer than five cases a "
                "parameter.",
                f"{n_used} 份样本估计 {structure.n_free} 个参数：每个参数不足 5 份样本。",
            ),
            Text(
                "Standard errors and χ² are only approximate in small samples (Bentler & Chou, "
                "1987).",
                "小样本下标准误与 χ² 仅为近似值（Bentler & Chou, 1987）。",
            ),
        )


def _saturated(inference: Inference) -> Iterator[Finding]:
    test = inference.fitted.test
    if test.df == 0 and np.isfinite(test.statistic):
        yield Finding(
            "fit.saturated",
            Text(
                "The model has no degrees of freedom: it reproduces the data exactly and its fit "
                "says nothing.",
                "模型自由度为零：它必然完全重现数据，拟合指数没有意义。",
            ),
            severity="note",
        )
