from __future__ import annotations

import pytest

from loyaltysem.analysis.model_variants import outcomes_of, with_covariates, without_items
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.model.syntax import parse

MODEL = """
# trust and loyalty
trust =~ 1*t1 + a*t2 +   start(0.5)*t3 + c(l1, l2)*t4  # four items
loyalty =~ o1 + o2 + o3; loyalty ~ b*trust + w
t2 ~~ t3
t1 ~ 1
t4 | m1 + m2
t2 + t4 ~~ o1
b2 := b^2
"""


def test_an_item_goes_wherever_it_stands() -> None:
    text = without_items(MODEL, ["t4", "t2"])
    assert "t4" not in text
    assert "t2" not in text
    assert "trust =~ 1*t1 + start(0.5)*t3" in text
    assert "loyalty =~ o1 + o2 + o3; loyalty ~ b*trust + w" in text
    assert len(parse(text)) == len(parse(MODEL)) - 3  # covariances and thresholds are gone


def test_what_is_not_concerned_stays_as_it_was() -> None:
    assert without_items(MODEL, []) == MODEL
    text = without_items(MODEL, ["o3"])
    assert text == MODEL.replace("o1 + o2 + o3;", "o1 + o2;")
    assert "t4 | m1 + m2" in text


def test_names_of_thresholds_are_no_items() -> None:
    text = without_items("f =~ x1 + x2 + x3 + t1\nx1 | t1 + t2", ["t1"])
    assert text == "f =~ x1 + x2 + x3\nx1 | t1 + t2"


@pytest.mark.parametrize("name", ["trust", "t9"])
def test_only_observed_variables_can_be_left_out(name: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        without_items(MODEL, [name])
    assert caught.value.code == "request.omit"


@pytest.mark.parametrize(
    ("effect", "outcomes"),
    [("loyalty ~ trust", ("loyalty",)), ("b", ("loyalty",)), ("b2", ("loyalty",)), ("a", ())],
)
def test_outcomes(effect: str, outcomes: tuple[str, ...]) -> None:
    assert outcomes_of(MODEL, effect) == outcomes


def test_formulas_that_name_each_other_end() -> None:
    assert outcomes_of("y ~ a*x\np := q + a\nq := p", "p") == ("y",)


def test_covariates_of_observed_paths_need_no_covariances() -> None:
    assert with_covariates("y ~ x", ["y"], ["age"]) == "y ~ age\ny ~ x"


def test_a_covariate_that_is_in_the_model_already_gets_a_path_only() -> None:
    text = with_covariates("f =~ x1 + x2 + x3\ny ~ f\nz ~ age", ["y"], ["age"])
    assert text.startswith("y ~ age\nf =~")


@pytest.mark.parametrize("outcomes", [[], ["q"]])
def test_covariates_need_an_outcome(outcomes: list[str]) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        with_covariates("y ~ x", outcomes, ["age"])
    assert caught.value.code == "request.covariates"
