"""What a reader must know about the data a model was fitted to, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch

import numpy as np

from loyaltysem.core.display import bounded, percent
from loyaltysem.core.errors import Finding
from loyaltysem.core.linalg import involved, null_space
from loyaltysem.core.text import Text
from loyaltysem.core.types import Array
from loyaltysem.estimation.terms import Sample
from loyaltysem.moments.complete import SampleMoments
from loyaltysem.moments.incomplete import IncompleteSample
from loyaltysem.moments.ordinal_sample import OrdinalSample
from loyaltysem.moments.patterns import MissingPatterns, never_together

#: A correlation matrix whose smallest eigenvalue is below this is called near-singular.
NEARLY_SINGULAR = 1e-3
#: Variances that differ by more than this factor are called far apart.
FAR_APART = 1e6
#: Pairs of variables that fewer cases than this share answer together are named.
LOW_COVERAGE = 0.10
#: At most this many pairs or variables are listed.
LISTED = 6


@singledispatch
def data_findings(sample: Sample, groups: Sequence[str]) -> Iterator[Finding]:
    """Yield what is noteworthy about a sample; `groups` is empty with one group."""
    raise TypeError(type(sample).__name__)


@data_findings.register
def _(sample: SampleMoments, groups: Sequence[str]) -> Iterator[Finding]:
    yield from _moments(sample.names, sample.cov, groups)


@data_findings.register
def _(sample: IncompleteSample, groups: Sequence[str]) -> Iterator[Finding]:
    yield from _moments(sample.names, sample.cov, groups)
    for patterns, where in zip(sample.patterns, _where(groups), strict=True):
        yield from _coverage(patterns, sample.names, where)


@data_findings.register
def _(sample: OrdinalSample, groups: Sequence[str]) -> Iterator[Finding]:
    names = [sample.names[i] for i in sample.variables]
    for moments, where in zip(sample.groups, _where(groups), strict=True):
        found = moments.findings
        yield from _empty_cells([(names[i], names[j]) for i, j, _ in found.empty_cells], where)
        near = [(names[i], names[j], float(moments.corr[i, j])) for i, j in found.near_one]
        yield from _near_one(near, where)
        yield from _no_maximum([(names[i], names[j]) for i, j in found.not_converged], where)
        yield from _two_values([names[i] for i in found.two_values], where)


def _where(groups: Sequence[str]) -> list[Text]:
    """Return the opening of a sentence about each group; empty with one group."""
    return [in_group(g) for g in groups] or [Text("")]


def in_group(label: str) -> Text:
    """Return the words that say which group a finding is about."""
    return Text(f"In group '{label}': ", f"在“{label}”组：")


def located(where: Text, en: str, zh: str) -> Text:
    """Return a sentence behind the words that say where, or on its own with a capital letter."""
    return Text(where.en + en if where.en else en[:1].upper() + en[1:], where.zh + zh)


def _pairs(pairs: Sequence[tuple[str, str]]) -> Text:
    """List pairs of variables, the first few of many."""
    shown, more = pairs[:LISTED], len(pairs) - LISTED
    return Text(
        "; ".join(f"{a} with {b}" for a, b in shown) + (f"; and {more} more" if more > 0 else ""),
        "、".join(f"{a} 与 {b}" for a, b in shown) + (f" 等 {len(pairs)} 对" if more > 0 else ""),
    )


# Means and covariances


def _moments(
    names: Sequence[str], covs: Iterable[Array], groups: Sequence[str]
) -> Iterator[Finding]:
    for cov, where in zip(covs, _where(groups), strict=True):
        yield from _near_singular(names, cov[0], where)
        yield from _far_apart(names, np.diagonal(cov[0]), where)


def _near_singular(names: Sequence[str], cov: Array, where: Text) -> Iterator[Finding]:
    basis = null_space(cov, tolerance=NEARLY_SINGULAR)
    if not basis.shape[1]:
        return
    together = ", ".join(names[i] for i in involved(basis)[:LISTED])
    yield Finding(
        "data.near_singular",
        located(
            where,
            f"the variables {together} very nearly determine one another, so the covariance matrix "
            "is close to singular.",
            f"{together} 之间几乎完全线性相关，协方差矩阵接近奇异。",
        ),
        Text(
            "Estimates of what distinguishes them are unstable: look for a copy, a total or two "
            "wordings of one question.",
            "区分它们的估计很不稳定：请检查是否存在重复题、总分或同一问题的两种表述。",
        ),
    )


def _far_apart(names: Sequence[str], variance: Array, where: Text) -> Iterator[Finding]:
    low, high = int(variance.argmin()), int(variance.argmax())
    if variance[high] <= FAR_APART * variance[low]:
        return
    yield Finding(
        "data.variances_far_apart",
        located(
            where,
            f"the variance of {names[high]} is {variance[high] / variance[low]:.1e} "
            f"times that of {names[low]}.",
            f"{names[high]} 的方差是 {names[low]} 的 {variance[high] / variance[low]:.1e} 倍。",
        ),
        Text(
            "The search scales them by itself and results are in your units; other programs may "
            "fail here, and a change of units makes the numbers easier to read.",
            "估计时已自动缩放，结果仍以原单位给出；其他软件可能因此出错，更换单位也更便于阅读。",
        ),
        "note",
    )


# Missing values


def _coverage(patterns: MissingPatterns, names: Sequence[str], where: Text) -> Iterator[Finding]:
    never = [(names[i], names[j]) for i, j in never_together(patterns).tolist()]
    if never:
        listed = _pairs(never)
        yield Finding(
            "data.never_together",
            located(
                where,
                f"no case answered both of {listed.en}.",
                f"没有任何样本同时回答 {listed.zh}。",
            ),
            Text(
                "The data do not say how they covary; that follows from the model alone.",
                "数据不含其协方差的信息，相应结果完全由模型推出。",
            ),
        )
    share = patterns.coverage[0] / patterns.n_obs[0]
    i, j = np.tril_indices(patterns.p)
    few = (share[i, j] > 0) & (share[i, j] < LOW_COVERAGE)
    if few.any():
        worst = int(np.where(few, share[i, j], np.inf).argmin())
        a, b = names[i[worst]], names[j[worst]]
        yield Finding(
            "data.low_coverage",
            located(
                where,
                f"{int(few.sum())} variances or covariances rest on fewer than "
                f"{percent(LOW_COVERAGE, 0)} of the cases, the least on "
                f"{percent(share[i, j][worst])} ({a} with {b}).",
                f"有 {int(few.sum())} 个方差或协方差所依据的样本不足 "
                f"{percent(LOW_COVERAGE, 0)}，最低为 {percent(share[i, j][worst])}"
                f"（{a} 与 {b}）。",
            ),
            Text(
                "What is estimated of them is imprecise and leans on normality.",
                "相关估计精度较低，且更依赖正态性假定。",
            ),
        )


# Ordered variables


def _empty_cells(pairs: Sequence[tuple[str, str]], where: Text) -> Iterator[Finding]:
    if not pairs:
        return
    listed = _pairs(pairs)
    yield Finding(
        "data.empty_cells",
        located(
            where,
            f"some combination of answers was chosen by nobody in {len(pairs)} pairs of "
            f"items ({listed.en}).",
            f"有 {len(pairs)} 对题目的交叉表存在空单元格（{listed.zh}）。",
        ),
        Text(
            "Common with skewed answers; with few cases the polychoric correlations of such pairs "
            "are imprecise, and joining sparse categories helps.",
            "作答偏态时很常见；样本较少时相应的多分格相关不够精确，可合并稀疏类别。",
        ),
        "note",
    )


def _near_one(pairs: Sequence[tuple[str, str, float]], where: Text) -> Iterator[Finding]:
    if not pairs:
        return
    listed = "; ".join(f"{a}, {b}: {bounded(r)}" for a, b, r in pairs[:LISTED])
    yield Finding(
        "data.correlation_near_one",
        located(
            where,
            f"polychoric correlations close to ±1 ({listed}).",
            f"多分格相关接近 ±1（{listed}）。",
        ),
        Text(
            "Two items may be copies, or too few cases fill their table; take one out or join "
            "categories.",
            "两道题可能重复，或其交叉表样本过少：请删去其一或合并类别。",
        ),
    )


def _no_maximum(pairs: Sequence[tuple[str, str]], where: Text) -> Iterator[Finding]:
    if not pairs:
        return
    listed = _pairs(pairs)
    yield Finding(
        "data.correlation_not_found",
        located(
            where,
            f"the correlation of the latent responses could not be estimated for {listed.en}.",
            f"无法估计潜在反应之间的相关：{listed.zh}。",
        ),
        Text(
            "Do not use these numbers; join sparse categories.",
            "请勿使用这些数值；请合并稀疏类别。",
        ),
        "problem",
    )


def _two_values(names: Sequence[str], where: Text) -> Iterator[Finding]:
    if not names:
        return
    listed = ", ".join(names)
    several = len(names) > 1
    who = f"variables {listed} take" if several else f"variable {listed} takes"
    yield Finding(
        "data.two_values",
        located(
            where,
            f"the {who} two values only, but {'were' if several else 'was'} analysed as numeric.",
            f"{'、'.join(names)} 只有两个取值，却按连续变量分析。",
        ),
        Text(
            "The mean of such a variable determines its variance, so its standard errors are not "
            "right: name it in ordered=.",
            "此类变量的均值决定其方差，相应标准误不准确：请在 ordered= 中列出。",
        ),
    )
