"""Every registered part goes through the same checks: estimators, corrections, names, errors."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import re
import typing
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core import errors
from loyaltysem.core.errors import IncompatibleRequestError, LoyaltySemWarning
from loyaltysem.estimation.corrections import STANDARD_ERRORS, TESTS
from loyaltysem.estimation.estimators import ESTIMATORS, INFORMATION
from loyaltysem.estimation.plan import STANDARD_ERROR_NAMES, TEST_NAMES
from loyaltysem.estimation.result import SEMResult
from loyaltysem.model.group_equality import RULES

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "golden" / "data"

# Estimators and corrections

#: For each kind of data a model, its frame and the options that say which kind it is.
HOLZINGER = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ visual"
LIKERT = "F1 =~ q1 + q2 + q3\nF2 =~ q4 + q5 + q6\nF2 ~ F1"
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "complete": (HOLZINGER, "HolzingerSwineford1939.csv", {}),
    "incomplete": (HOLZINGER, "hs_missing_mcar.csv", {"missing": "fiml"}),
    "ordinal": (LIKERT, "likert9.csv", {"ordered": [f"q{i}" for i in range(1, 7)]}),
}
#: Where the row's own corrections are not defined for a kind of data, what to ask for instead.
INSTEAD = {("ULS", "ordinal"): {"se": "robust.sem", "test": "scaled.shifted"}}
PAIRS = [(name, kind) for name in ESTIMATORS for kind in KINDS]


@functools.cache
def frame(file: str) -> pd.DataFrame:
    return pd.read_csv(DATA / file)


def fit(estimator: str, kind: str, **options: Any) -> SEMResult:
    """Fit, with every warning that is not the package's own an error."""
    model, file, said = KINDS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", LoyaltySemWarning)
        return ls.sem(model, frame(file), estimator=estimator, **said, **options)


def assert_sound(result: SEMResult) -> None:
    """A fit that was granted has standard errors and a test, and can be read."""
    assert result.converged
    rows = result.parameters()
    free = rows[rows["free"] > 0]
    assert np.isfinite(free[["est", "se", "z", "pvalue", "std_all", "std_all_se"]]).all(axis=None)
    assert (free["se"] > 0).all()
    measures = result.fit_measures()
    assert np.isfinite(measures[["chisq", "df", "npar", "baseline_chisq"]]).all()
    if "chisq_scaled" in measures.index:
        assert np.isfinite(measures[["chisq_scaled", "pvalue_scaled"]]).all()
    assert result.plan.row.description in result.summary()
    assert "<" in result._repr_html_()


@pytest.mark.parametrize(("estimator", "kind"), PAIRS)
def test_an_estimator_fits_what_its_row_says_and_refuses_the_rest(
    estimator: str, kind: str
) -> None:
    if kind in ESTIMATORS[estimator].data:
        assert_sound(fit(estimator, kind, **INSTEAD.get((estimator, kind), {})))
    elif (
        kind == "ordinal" and estimator == "ML"
    ):  # ordered variables turn the default, ML, to WLSMV
        assert fit(estimator, kind).plan.estimator == "WLSMV"
    else:
        with pytest.raises(IncompatibleRequestError) as caught:
            fit(estimator, kind)
        assert estimator in str(caught.value)


@pytest.mark.parametrize(("estimator", "kind"), PAIRS)
def test_every_combination_of_corrections_works_or_is_refused(estimator: str, kind: str) -> None:
    granted = 0
    for se, test, information in itertools.product(STANDARD_ERRORS, TESTS, INFORMATION):
        try:
            result = fit(estimator, kind, se=se, test=test, information=information)
        except IncompatibleRequestError as refusal:
            assert refusal.code.startswith("request.") and refusal.hint
        else:
            assert_sound(result)
            assert (result.plan.se, result.plan.test) == (se, test)
            granted += 1
    fits = kind in ESTIMATORS[estimator].data or (kind, estimator) == ("ordinal", "ML")
    assert bool(granted) == fits


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_covariances_alone_give_what_they_can_or_are_refused(estimator: str) -> None:
    names = [f"x{i}" for i in range(1, 7)]
    table = frame("HolzingerSwineford1939.csv")[names]
    for se, test in itertools.product(STANDARD_ERRORS, TESTS):
        try:
            result = ls.sem(
                HOLZINGER, sample_cov=table.cov(), sample_nobs=len(table), estimator=estimator,
                se=se, test=test,
            )  # fmt: skip
        except IncompatibleRequestError:
            continue
        assert_sound(result)


def test_names_of_parts_are_written_in_one_way_only() -> None:
    assert set(STANDARD_ERROR_NAMES) == set(STANDARD_ERRORS)
    assert set(TEST_NAMES) == set(TESTS)
    for row in ESTIMATORS.values():
        assert row.se in STANDARD_ERRORS and row.test in TESTS and row.data <= set(KINDS)
        assert (row.discrepancy is None) != (row.weight is None)


def test_the_documentation_of_sem_names_every_part() -> None:
    text = inspect.getdoc(ls.sem) or ""
    for name in (*ESTIMATORS, *STANDARD_ERRORS, *TESTS, *INFORMATION, *RULES):
        assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text), name


def test_estimator_names_are_read_in_any_case() -> None:
    assert fit("mlr", "complete").plan.estimator == "MLR"


# The public door

#: Public functions without an example of their own, and why.
NO_EXAMPLE = {
    "cfa": "documented as `sem` with other defaults",
    "growth": "documented as `sem` with other defaults",
    "lavaan": "documented as `sem` with other defaults",
    "ave": "needs a fitted measurement model, as in tests/analysis",
    "composite_reliability": "needs a fitted measurement model, as in tests/analysis",
    "fornell_larcker": "needs a fitted measurement model, as in tests/analysis",
    "crosscheck": "needs packages that are optional; docs/why_own_engine.md shows it",
    "specification_curve": "draws the picture of `multiverse`, which has the example",
    "influence_plot": "draws the picture of `influence`, which has the example",
    "bootstrap_plot": "draws the picture of `SEMResult.bootstrap`, which has the example",
    "htmt_plot": "draws the picture of `htmt_intervals`, which has the example",
    "item_plot": "draws the picture of `cronbach_alpha`, which has the example",
    "cutoff_plot": "draws the picture of `fit_cutoffs`, which has the example",
    "flow_diagram": "draws the picture of `Responses.flow`; docs/screening.md shows it",
    "report": "needs a fit and writes a page; README.md shows it",
    "region_plot": "draws the picture of `simple_slopes`, which has the example",
    "tracking_plot": "draws the picture of `clv.holdout`, which has the example",
    "slopes_plot": "draws the picture of `simple_slopes`, which has the example",
    "experiment_plot": "draws the picture of `clv.ab_test`, which has the example",
    "life_cycle_plot": "draws the picture of `Transactions.life_cycle`; docs/segments.md shows it",
    "value_plot": "draws the picture of `Transactions.clv`; docs/linking.md shows it",
    "what_if_plot": "draws the picture of `what_if`; docs/linking.md shows it",
    "tier_plot": "draws the picture of `Transactions.tiers`; docs/segments.md shows it",
    "lorenz_plot": "draws the picture of `clv.concentration`, which has the example",
    "persona_plot": "draws the picture of `clv.personas`, which has the example",
}


@pytest.mark.parametrize("name", NO_EXAMPLE)
def test_what_is_said_to_be_shown_elsewhere_is(name: str) -> None:
    for page in re.findall(r"\S+\.md", NO_EXAMPLE[name]):
        assert f"{name}(" in (ROOT / page).read_text(encoding="utf-8"), page
    for other in re.findall(r"`(?:SEMResult\.)?(\w+)`, which has the example", NO_EXAMPLE[name]):
        function = getattr(ls, other, None) or getattr(SEMResult, other)
        assert section(inspect.getdoc(function) or "", "Examples"), other


SAME_AS_SEM = {"cfa", "growth", "lavaan"}
FUNCTIONS = [n for n in ls.__all__ if inspect.isfunction(getattr(ls, n))]


def section(docstring: str, title: str) -> bool:
    return re.search(rf"^{title}\n-{{{len(title)}}}\n", docstring, re.MULTILINE) is not None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_documented(name: str) -> None:
    function = getattr(ls, name)
    docstring = inspect.getdoc(function) or ""
    if name in SAME_AS_SEM:
        assert "`sem`" in docstring
        return
    assert section(docstring, "Returns")
    assert section(docstring, "Parameters")
    assert section(docstring, "Examples") != (name in NO_EXAMPLE)
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"\b{parameter}\b", docstring), parameter


#: Public names that are no functions: what one fills in to ask for something.
REQUESTS = {"ScreeningRule"}


def test_every_public_name_is_a_function_of_the_house() -> None:
    assert set(ls.__all__) - {"__version__"} - REQUESTS == set(FUNCTIONS)
    assert all(inspect.isclass(getattr(ls, name)) for name in REQUESTS)
    assert list(ls.__all__) == sorted(ls.__all__)


def methods(noun: type) -> Iterator[Callable[..., Any]]:
    for name, member in inspect.getmembers(noun, inspect.isfunction):
        if not name.startswith("_"):
            yield member


def nouns() -> set[type]:
    """Classes of the house that a public function, or a method of a fit, returns."""
    returned = [_annotation(f) for f in (*(getattr(ls, n) for n in FUNCTIONS), *methods(SEMResult))]
    parts = [part for a in returned for part in (a, *typing.get_args(a)) if inspect.isclass(part)]
    return {part for part in parts if part.__module__.startswith("loyaltysem")}


def _annotation(function: Callable[..., Any]) -> Any:
    """Return the class a function says it returns; those of matplotlib are loaded late."""
    bare = inspect.unwrap(function)
    word = bare.__annotations__.get("return")
    if word in ("Axes", "Figure"):
        return None

    def alone() -> None: ...

    alone.__annotations__ = {"return": word}  # what the parameters are is not asked
    return typing.get_type_hints(alone, globalns=bare.__globals__)["return"]


@pytest.mark.parametrize("noun", sorted(nouns(), key=lambda c: c.__qualname__))
def test_a_public_noun_shows_itself_in_a_notebook(noun: type) -> None:
    assert callable(getattr(noun, "_repr_html_", None))
    assert (noun.__doc__ or "").strip()


def test_the_nouns_are_found() -> None:
    assert {"SEMResult", "Residuals", "Questionnaire", "Responses"} <= {c.__name__ for c in nouns()}


# Errors and findings

SOURCES = sorted((ROOT / "loyaltysem").rglob("*.py"))
CODE = re.compile(r"[a-z_]+\.[a-z0-9_]+")
ERRORS = {
    name
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.LoyaltySemError)
} - {"MissingExtraError"}  # writes its own code and hint


def calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def faults_of_errors(path: Path) -> Iterator[str]:
    for call in calls(path, ERRORS):
        where = f"{path.name}:{call.lineno}"
        given = {k.arg: k.value for k in call.keywords}
        code, hint = given.get("code"), given.get("hint")
        if code is None or hint is None:
            yield f"{where} lacks code= or hint="
            continue
        if isinstance(code, ast.Constant) and not CODE.fullmatch(str(code.value)):
            yield f"{where} has the code {code.value!r}"
        if isinstance(hint, ast.Constant) and not str(hint.value).strip():
            yield f"{where} has an empty hint"


def test_every_error_has_a_code_and_a_hint() -> None:
    assert [fault for path in SOURCES for fault in faults_of_errors(path)] == []
    assert sum(1 for path in SOURCES for _ in calls(path, ERRORS)) > 100


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("raise DataError('x', hint='y')", "lacks"),
        ("raise DataError('x', code='data.x')", "lacks"),
        ("raise DataError('x', code='data.x', hint=' ')", "empty hint"),
        ("raise DataError('x', code='Data', hint='y')", "the code"),
    ],
)
def test_the_scan_of_errors_can_fail(tmp_path: Path, source: str, fault: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    (found,) = faults_of_errors(path)
    assert fault in found


def test_every_finding_has_a_code_and_both_languages() -> None:
    faults = []
    for path in SOURCES:
        for call in calls(path, {"Finding"}):
            code = call.args[0] if call.args else None
            if isinstance(code, ast.Constant) and not CODE.fullmatch(str(code.value)):
                faults.append(f"{path.name}:{call.lineno} has the code {code.value!r}")
            for text in (n for a in call.args[1:3] for n in ast.walk(a) if isinstance(n, ast.Call)):
                named = isinstance(text.func, ast.Name) and text.func.id == "Text"
                if named and len(text.args) + len(text.keywords) < 2:
                    faults.append(f"{path.name}:{text.lineno} is written in one language")
    assert faults == []


def test_every_module_can_be_imported_on_its_own() -> None:
    for path in SOURCES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__main__":
            importlib.import_module(".".join(p for p in parts if p != "__init__"))
