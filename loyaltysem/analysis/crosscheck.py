"""Re-compute with independent programs what they compute correctly, and show the differences.

semopy and pingouin (extra ``crosscheck``) are imported here and nowhere else, and only when asked.
``docs/why_own_engine.md`` says what each of them is used for, and for what it is not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from math import isfinite, nan
from types import ModuleType

import numpy as np
import pandas as pd

from loyaltysem.analysis.reliability import cronbach_alpha
from loyaltysem.core.display import MISSING, number
from loyaltysem.core.errors import IncompatibleRequestError, MissingExtraError
from loyaltysem.estimation.result import SEMResult
from loyaltysem.model.parameters import Parameter
from loyaltysem.moments.data import select

#: What another program may raise when its own dependencies have moved on.
FOREIGN_FAULTS = (
    ArithmeticError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
COLUMNS = ["quantity", "ours", "theirs", "difference", "program", "version", "note"]
Row = tuple[str, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class CrossCheck:
    """What other programs compute from the same data.

    Attributes
    ----------
    frame : DataFrame
        ``quantity ours theirs difference program version note``. `difference` is absolute, and
        relative to our value where that exceeds 1; `note` says why there are no numbers.
    """

    frame: pd.DataFrame

    @property
    def largest(self) -> float:
        """The largest difference; NaN when nothing could be compared."""
        return float(self.frame["difference"].max())

    @property
    def summary(self) -> str:
        """One sentence for a report."""
        compared = self.frame["difference"].notna()
        if not compared.any():
            return "No number could be re-computed by another program."
        used = self.frame[compared].drop_duplicates("program").to_dict("records")
        named = ", ".join(f"{r['program']} {r['version']}" for r in used)
        return (
            f"{int(compared.sum())} numbers re-computed with {named}: largest difference "
            f"{_scientific(self.largest)}."
        )

    def __str__(self) -> str:
        rows = self.frame.to_dict("records")
        notes = [f"  {r['quantity']}, {r['program']}: {r['note']}" for r in rows if r["note"]]
        return "\n".join([self.summary, *notes])

    def _repr_html_(self) -> str:
        def cell(x: object) -> str:
            return number(x, 6) if isinstance(x, float) else escape(str(x))

        head = "".join(f"<th>{c}</th>" for c in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{cell(x)}</td>" for x in row) + "</tr>"
            for row in self.frame.itertuples(index=False)
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p>{escape(self.summary)}</p>{table}"


def crosscheck(fit: SEMResult, data: pd.DataFrame | None = None) -> CrossCheck:
    """Re-compute a fit with semopy and the reliability of its scales with pingouin.

    Parameters
    ----------
    fit : SEMResult
    data : DataFrame, optional
        The data of the fit; by default the cases it was made from.

    Returns
    -------
    CrossCheck
        A program that is not installed, cannot run or does not apply has a row that says so.

    Raises
    ------
    MissingExtraError
        None of the programs is installed.
    IncompatibleRequestError
        The model was fitted to a covariance matrix and no data are given.

    Notes
    -----
    semopy re-computes the estimates and χ² of maximum likelihood for one group of complete,
    numeric data, without constraints and without a model for the means; its other results are not
    used. pingouin re-computes Cronbach's alpha of every latent variable's observed indicators.
    """
    cases = _cases(fit, data)
    programs: Mapping[str, tuple[str, Callable[[], Iterable[Row]]]] = {
        "semopy": ("ML estimates", lambda: _by_semopy(import_module("semopy"), fit, cases)),
        "pingouin": ("Cronbach's α", lambda: _by_pingouin(import_module("pingouin"), fit, cases)),
    }
    installed = {name: _version(name) for name in programs}
    if not any(installed.values()):
        raise MissingExtraError("semopy", "crosscheck", "Cross-checking with other programs")
    rows = [
        row
        for name, (quantity, compute) in programs.items()
        for row in _rows(name, installed[name], quantity, compute)
    ]
    return CrossCheck(pd.DataFrame(rows, columns=COLUMNS))


class _NotComparable(LookupError):
    """The other program does not compute this, or not correctly."""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _rows(
    name: str, installed: str, quantity: str, compute: Callable[[], Iterable[Row]]
) -> Iterator[tuple[str, float, float, float, str, str, str]]:
    """Yield the rows of one program; one row with the reason where it has no numbers."""
    note, found = "", []
    if not installed:
        note = 'not installed: pip install "loyaltysem[crosscheck]"'
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = list(compute())
        except _NotComparable as reason:
            note = f"not compared: {reason}"
        except FOREIGN_FAULTS as fault:
            note = f"could not run: {type(fault).__name__}: {fault}"
    if not found:
        yield quantity, nan, nan, nan, name, installed, note or "not compared: nothing to compare"
    for label, ours, theirs in found:
        difference = abs(ours - theirs) / max(1.0, abs(ours))
        yield label, ours, theirs, difference, name, installed, ""


def _scientific(x: float) -> str:
    return f"{x:.1e}" if isfinite(x) else MISSING


def _cases(fit: SEMResult, data: pd.DataFrame | None) -> pd.DataFrame:
    if data is None and fit.data is None:
        raise IncompatibleRequestError(
            "The model was fitted to a covariance matrix, so other programs have nothing to read.",
            code="request.no_cases",
            hint="Pass the answers:  crosscheck(fit, data).",
        )
    chosen = fit.data if data is None else select(data, fit.table.observed)
    assert chosen is not None
    return pd.DataFrame(np.concatenate(chosen.values), columns=list(chosen.names))


# semopy


def _by_semopy(semopy: ModuleType, fit: SEMResult, cases: pd.DataFrame) -> Iterator[Row]:
    reason = _beyond_semopy(fit)
    if reason:
        raise _NotComparable(reason)
    names = {n: f"f{i}" for i, n in enumerate(fit.table.latent)}
    names |= {n: f"v{i}" for i, n in enumerate(fit.table.observed)}
    model = semopy.Model(semopy_model(fit.table.rows, names))
    # semopy's own tolerance leaves some variances right to two digits only
    result = model.fit(cases.rename(columns=names), tol=1e-12)
    if not result.success:
        raise _NotComparable("semopy did not converge")
    theirs = _semopy_estimates(model.inspect())
    ours = {
        _key(names[r.lhs], r.op, names[r.rhs]): (r.name, float(value))
        for r, value in zip(fit.table.rows, fit.inference.rows.value, strict=True)
        if r.free and r.op != "~1"
    }
    beside = sorted(key for key in theirs.keys() - ours.keys() if key not in _known(fit, names))
    if beside or ours.keys() - theirs.keys():
        raise _NotComparable("semopy adds parameters to this model or leaves some out")
    for key, (label, value) in ours.items():
        yield label, value, theirs[key]
    yield "χ²", fit.inference.measures["chisq"], float(result.fun) * len(cases)


def _beyond_semopy(fit: SEMResult) -> str:
    """Say why semopy cannot be held against this fit; empty where it can."""
    plan, rows = fit.plan, fit.table.rows
    shared = len({f for f in fit.structure.free if f >= 0}) < sum(r.free for r in rows)
    reasons = {
        "several groups": len(fit.structure.blocks) > 1,
        "ordered variables": bool(plan.ordered),
        "incomplete data": plan.missing != "listwise",
        f"estimator {plan.estimator}": not plan.row.maximum_likelihood,
        "Wishart likelihood": plan.likelihood != "normal",
        "constraints": bool(fit.table.restrictions) or shared,
        "a model for the means": any(_is_model_of_means(r, fit) for r in rows),
        "parameters fixed to other values than the first loading": any(
            _is_fixed_otherwise(r, rows) for r in rows
        ),
    }
    return ", ".join(name for name, holds in reasons.items() if holds)


def _is_model_of_means(row: Parameter, fit: SEMResult) -> bool:
    """Means are no model where observed ones are free and latent ones are 0."""
    if row.op != "~1" or row.exogenous:
        return False
    latent = row.lhs in fit.table.latent
    return row.free if latent else not row.free


def _is_fixed_otherwise(row: Parameter, rows: Iterable[Parameter]) -> bool:
    if row.free or row.exogenous or row.op == "~1":
        return False
    first = next((r.rhs for r in rows if r.op == "=~" and r.lhs == row.lhs), None)
    return not (row.op == "=~" and row.rhs == first and row.value == 1.0)


def semopy_model(rows: Iterable[Parameter], names: Mapping[str, str]) -> str:
    """Write a model for semopy under neutral names: loadings, regressions and covariances.

    Examples
    --------
    >>> rows = [Parameter("trust", "=~", "t1"), Parameter("trust", "=~", "t2")]
    >>> print(semopy_model(rows, {"trust": "f0", "t1": "v0", "t2": "v1"}))
    f0 =~ v0 + v1
    """
    sides: dict[tuple[str, str], list[str]] = {}
    for r in rows:
        if r.op in ("=~", "~") or (r.op == "~~" and r.lhs != r.rhs and not r.exogenous):
            sides.setdefault((names[r.lhs], r.op), []).append(names[r.rhs])
    return "\n".join(f"{lhs} {op} {' + '.join(rhs)}" for (lhs, op), rhs in sides.items())


def _key(lhs: str, op: str, rhs: str) -> tuple[str, str, str]:
    """Write a parameter as semopy lists it: loadings as regressions, covariances unordered."""
    if op == "=~":
        return rhs, "~", lhs
    first, second = sorted((lhs, rhs)) if op == "~~" else (lhs, rhs)
    return first, op, second


def _semopy_estimates(frame: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    return {
        _key(str(r["lval"]), str(r["op"]), str(r["rval"])): float(r["Estimate"])
        for r in frame.to_dict("records")
    }


def _known(fit: SEMResult, names: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """Return parameters that are fixed here: markers and the moments of x."""
    return {_key(names[r.lhs], r.op, names[r.rhs]) for r in fit.table.rows
            if not r.free and r.op != "~1"}  # fmt: skip


# pingouin


def _by_pingouin(pingouin: ModuleType, fit: SEMResult, cases: pd.DataFrame) -> Iterator[Row]:
    for latent in fit.table.latent:
        rows = [r for r in fit.table.rows if r.op == "=~" and r.lhs == latent and r.group == 1]
        items = [r.rhs for r in rows if r.rhs in cases.columns]
        if len(items) > 1:
            ours = cronbach_alpha(cases[items]).alpha
            yield f"α of {latent}", ours, float(pingouin.cronbach_alpha(data=cases[items])[0])
