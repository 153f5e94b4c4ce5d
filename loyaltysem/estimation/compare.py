"""Hold nested models of the same data against each other.

A difference of scaled statistics has no χ² distribution, so each method starts from the uncorrected
ones and finds the scaling of the difference (`loyaltysem.inference.nested`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from loyaltysem.core.display import bounded, number, pvalue
from loyaltysem.core.errors import Finding, IncompatibleRequestError, did_you_mean
from loyaltysem.core.shown import Cells, Shown
from loyaltysem.core.text import Text
from loyaltysem.core.threads import one_thread
from loyaltysem.estimation.differences import METHODS, STANDARD
from loyaltysem.estimation.fitted import Fitted, fitted_at
from loyaltysem.estimation.result import SEMResult
from loyaltysem.inference.nested import DifferenceTest

#: Method by the test of the fits, where none is asked for: as in lavaan.
DEFAULT_METHOD: Mapping[str, str] = {
    "satorra.bentler": "satorra.bentler.2001",
    "yuan.bentler.mplus": "satorra.bentler.2001",
    "scaled.shifted": "satorra.2000",
    "mean.var.adjusted": "satorra.2000",
}
INDICES = ("cfi", "rmsea")
#: Suffixes of the indices compared, the best that every model has, with their names.
FORMS: Mapping[str, str] = {"_robust": "robust", "_scaled": "scaled", "": "standard"}
HEADER = (
    "model", "df", "χ²", "Δχ²", "Δdf", "p", "CFI", "ΔCFI", "RMSEA", "ΔRMSEA", "SRMR", "ΔSRMR",
    "AIC", "BIC",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Shown):
    """Nested models, the least restricted first.

    Attributes
    ----------
    frame : DataFrame
        One row a model: ``model df chisq chisq_scaled chisq_diff df_diff pvalue cfi delta_cfi
        rmsea delta_rmsea srmr delta_srmr aic bic rmsea_of_difference method``. Differences are to
        the row above; `chisq` is the uncorrected statistic the difference test starts from.
    method : str
        Of the difference tests.
    indices : str
        Which CFI and RMSEA are compared: ``robust``, ``scaled`` or ``standard``.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    method: str
    indices: str
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The method and the kind of indices, in words."""
        return f"Difference test: {self.method}; CFI and RMSEA: {self.indices}"

    def _sheets(self) -> Iterable[tuple[str, Cells]]:
        yield self.title, (HEADER, comparison_cells(self.frame))


def comparison_cells(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the cells of a comparison as text, in the order of `HEADER`."""
    return [
        (
            str(r["model"]), number(r["df"], 0), number(r["chisq"]), number(r["chisq_diff"]),
            number(r["df_diff"], 0), pvalue(r["pvalue"]),
            *(bounded(r[c]) for c in (
                "cfi", "delta_cfi", "rmsea", "delta_rmsea", "srmr", "delta_srmr",
            )),
            number(r["aic"], 1), number(r["bic"], 1),
        )
        for r in frame.to_dict("records")
    ]  # fmt: skip


@one_thread()
def compare(
    fit0: SEMResult,
    fit1: SEMResult,
    *more: SEMResult,
    method: str | None = None,
    names: Sequence[str] | None = None,
) -> Comparison:
    """Compare nested models of the same data: difference tests and differences of fit indices.

    Parameters
    ----------
    fit0, fit1, *more : SEMResult
        In any order; they are sorted by their degrees of freedom.
    method : str, optional
        ``standard``, ``satorra.bentler.2001``, ``satorra.bentler.2010`` or ``satorra.2000``. By
        default the standard test for uncorrected fits, ``satorra.bentler.2001`` after MLM and MLR,
        ``satorra.2000`` (scaled and shifted) after WLSMV, ULSMV and MLMV.
    names : sequence of str, optional
        One for each fit, in the order given; by default ``model 1``, ``model 2``, …

    Returns
    -------
    Comparison

    Raises
    ------
    IncompatibleRequestError
        When the fits are not of the same data, variables and estimator, or the method does not go
        with them.

    Notes
    -----
    That one model is nested in the other is the user's claim; a statistic that falls when
    restrictions are added, or equal degrees of freedom, refute it and are reported as findings.
    These are the numbers of lavaan's ``lavTestLRT``, but for ``satorra.bentler.2010`` where a
    restriction frees parameters elsewhere (equal intercepts free latent means): lavaan evaluates
    H1 at the parameters of the same name, where it does not imply what H0 does; here it does.
    After MLR that method rests on the observed information of H1 away from its minimum, which
    depends on how the latent variables are scaled: prefer the default.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from loyaltysem.estimation.fit import sem
    >>> rng = np.random.default_rng(1)
    >>> f = rng.normal(size=300)
    >>> data = pd.DataFrame({f"t{i}": f + rng.normal(size=300) for i in (1, 2, 3, 4)})
    >>> free = sem("trust =~ t1 + t2 + t3 + t4", data)
    >>> equal = sem("trust =~ t1 + a*t2 + a*t3 + a*t4", data)
    >>> compare(free, equal).frame["df_diff"].tolist()[1]
    2.0
    """
    fits = (fit0, fit1, *more)
    labels = _names(names, len(fits))
    _check_comparable(fits, labels)
    order = sorted(range(len(fits)), key=lambda i: fits[i].inference.measures["df"])
    fits, labels = tuple(fits[i] for i in order), tuple(labels[i] for i in order)
    chosen = _method(fits, method)
    fitted = [_fitted(f) for f in fits]
    tests = [METHODS[chosen](h1, h0) for h1, h0 in pairwise(fitted)]
    suffix = _form(fits)
    frame = _frame(fits, labels, fitted, tests, suffix)
    return Comparison(frame, chosen, FORMS[suffix], tuple(_findings(fits, labels, tests)))


def _fitted(fit: SEMResult) -> Fitted:
    return fitted_at(fit.model, fit.solution)


def _names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"model {i + 1}" for i in range(count))
    if len(names) != count:
        raise IncompatibleRequestError(
            f"{len(names)} names are given for {count} models.",
            code="request.names",
            hint="Give one name a model, in the order of the fits.",
        )
    return tuple(str(n) for n in names)


# What must be the same


def _check_comparable(fits: Sequence[SEMResult], labels: Sequence[str]) -> None:
    """Raise one error that says everything in which models differ from the first."""
    problems = [
        f"'{labels[0]}' and '{label}' differ in {what}."
        for fit, label in zip(fits[1:], labels[1:], strict=True)
        for what in _differences(fits[0], fit)
    ]
    if problems:
        raise IncompatibleRequestError(
            " ".join(problems),
            code="request.not_comparable",
            hint="A difference test needs the same cases, the same variables and one estimator.",
        )


def _differences(a: SEMResult, b: SEMResult) -> Iterator[str]:
    for what in ("estimator", "likelihood", "missing", "test"):
        first, second = getattr(a.plan, what), getattr(b.plan, what)
        if first != second:
            yield f"{what} ({first}, {second})"
    if set(a.plan.ordered) != set(b.plan.ordered):
        yield "what is treated as ordered"
    if a.table.defaults.meanstructure != b.table.defaults.meanstructure:
        yield "whether means are modelled"
    if set(a.table.observed) != set(b.table.observed):
        odd = sorted(set(a.table.observed) ^ set(b.table.observed))
        yield f"their observed variables ({', '.join(odd)})"
    elif a.groups != b.groups or a.sample.n_obs != b.sample.n_obs:
        yield f"their groups or cases (N = {a.n_obs} and {b.n_obs})"
    elif not _same_moments(a, b):
        yield "their data"


def _same_moments(a: SEMResult, b: SEMResult) -> bool:
    place = [b.table.observed.index(n) for n in a.table.observed]
    return all(
        np.allclose(s[0], t[0][np.ix_(place, place)], rtol=1e-6, atol=1e-9)
        for s, t in zip(a.sample.cov, b.sample.cov, strict=True)
    ) and all(
        np.allclose(m[0], n[0][place], rtol=1e-6, atol=1e-9)
        for m, n in zip(a.sample.mean, b.sample.mean, strict=True)
    )


# The method


def _method(fits: Sequence[SEMResult], asked: str | None) -> str:
    """Return the name of the method, checked against what the fits have."""
    name = asked or DEFAULT_METHOD.get(fits[0].plan.test, STANDARD)
    found = next((m for m in METHODS if _letters(m) == _letters(name)), None)
    if found is None:
        raise IncompatibleRequestError(
            f"There is no difference test '{name}'.",
            code="request.method",
            hint=did_you_mean(name, METHODS) or f"Available: {', '.join(METHODS)}.",
        )
    problem, hint = _unfit(fits, found)
    if problem:
        raise IncompatibleRequestError(problem, code="request.method", hint=hint)
    return found


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _unfit(fits: Sequence[SEMResult], method: str) -> tuple[str, str]:
    """Say why a method does not go with the fits, and what does."""
    plan, scaled = fits[0].plan, fits[0].plan.test in DEFAULT_METHOD
    if method == STANDARD and plan.p_value_unknown:
        return (
            f"The uncorrected statistic of {plan.estimator} has no known distribution, nor have "
            "its differences.",
            "Fit with WLSMV or ULSMV; the default is then a test that is scaled and shifted.",
        )
    if method != STANDARD and not scaled:
        return (
            f"method='{method}' needs fits with a scaled test; these have '{plan.test}'.",
            "Fit the models with MLR, MLM or WLSMV.",
        )
    if method == "satorra.2000" and plan.missing == "fiml":
        return f"method='{method}' is not defined for incomplete data.", "Use satorra.bentler.2001."
    orders = {f.table.observed for f in fits}
    if method in ("satorra.2000", "satorra.bentler.2010") and len(orders) > 1:
        return (
            f"method='{method}' compares moments, and the models name their variables in different "
            "orders.",
            "Write the variables of all models in the same order.",
        )
    return "", ""


# The table


def _form(fits: Sequence[SEMResult]) -> str:
    """Return the suffix of the best form of CFI and RMSEA that every model has."""
    for suffix in FORMS:
        names = [n + suffix for n in INDICES]
        if all(np.isfinite(f.inference.measures.get(n, np.nan)) for f in fits for n in names):
            return suffix
    return ""


def _frame(
    fits: Sequence[SEMResult],
    labels: Sequence[str],
    fitted: Sequence[Fitted],
    tests: Sequence[DifferenceTest],
    suffix: str,
) -> pd.DataFrame:
    nan = float("nan")
    measures = [f.inference.measures for f in fits]

    def column(name: str) -> list[float]:
        return [float(m.get(name, nan)) for m in measures]

    frame = pd.DataFrame(
        {
            "model": list(labels),
            "df": column("df"),
            "chisq": column("chisq"),
            "chisq_scaled": column("chisq_scaled"),
            "chisq_diff": [nan, *(t.statistic for t in tests)],
            "df_diff": [nan, *(float(t.df) for t in tests)],
            "pvalue": [nan, *(t.pvalue for t in tests)],
        }
    )
    for name, suffixed in (("cfi", "cfi" + suffix), ("rmsea", "rmsea" + suffix), ("srmr", "srmr")):
        frame[name] = column(suffixed)
        frame[f"delta_{name}"] = frame[name].diff()
    frame["aic"], frame["bic"] = column("aic"), column("bic")
    n, groups = fits[0].n_obs, len(fits[0].sample.n_obs)
    frame["rmsea_of_difference"] = [nan, *(t.rmsea(n, groups) for t in tests)]
    frame["method"] = ["", *(t.method for t in tests)]
    return frame


def _findings(
    fits: Sequence[SEMResult], labels: Sequence[str], tests: Sequence[DifferenceTest]
) -> Iterator[Finding]:
    for fit, label in zip(fits, labels, strict=True):
        if not fit.converged:
            yield Finding(
                "compare.not_converged",
                Text(f"'{label}' did not converge.", f"模型“{label}”未收敛。"),
                Text("Do not use its differences.", "请勿使用与它有关的差异检验。"),
                "problem",
            )
    for (first, second), test in zip(pairwise(labels), tests, strict=True):
        if test.df <= 0:
            yield _same_df(first, second)
        elif test.unscaled < -1e-6 * max(abs(test.statistic), 1.0):
            yield _not_nested(first, second)
        elif not np.isfinite(test.statistic):
            yield _negative_factor(first, second)


def _same_df(first: str, second: str) -> Finding:
    return Finding(
        "compare.same_df",
        Text(
            f"'{first}' and '{second}' have the same degrees of freedom: neither restricts the "
            "other, and there is no difference test.",
            f"“{first}”与“{second}”自由度相同：两者并非嵌套关系，无法进行差异检验。",
        ),
        Text(
            "Equivalent models fit alike; others are compared by AIC or BIC.",
            "等价模型拟合相同；非嵌套模型可比较 AIC 或 BIC。",
        ),
    )


def _not_nested(first: str, second: str) -> Finding:
    return Finding(
        "compare.not_nested",
        Text(
            f"'{second}' has more degrees of freedom than '{first}' and yet fits better.",
            f"“{second}”的自由度大于“{first}”，拟合却更好。",
        ),
        Text(
            "The models are not nested, or the search for the less restricted one stopped too "
            "early.",
            "两个模型并非嵌套，或限制较少的模型未找到真正的最优解。",
        ),
        "problem",
    )


def _negative_factor(first: str, second: str) -> Finding:
    return Finding(
        "compare.negative_scaling",
        Text(
            f"The scaling factor of the difference between '{first}' and '{second}' is not "
            "positive, so there is no test.",
            f"“{first}”与“{second}”之差的校正因子非正，无法给出检验。",
        ),
        Text(
            "Use method='satorra.bentler.2010', which cannot come out negative (Satorra & "
            "Bentler, 2010).",
            "请改用 method='satorra.bentler.2010'，其校正因子恒为正（Satorra & Bentler, 2010）。",
        ),
    )
