"""Answers joined to orders: by hand, with hashed keys, counted on both sides, and refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.clv.link.joining import link
from loyaltysem.clv.transactions import Transactions, transactions
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.survey.pseudonyms import pseudonyms
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import read_responses

SECRET = "correct horse battery staple"
ORDERS = pd.DataFrame(
    [
        ("C1", "2024-01-01", 10.0), ("C1", "2024-01-01", 20.0), ("C1", "2024-07-01", 30.0),
        ("C2", "2024-03-01", 50.0), ("C2", "2024-03-15", -80.0),
        ("C3", "2024-02-01", 5.0), ("c4", "2024-02-01", 5.0), ("C5", "2024-05-01", 7.0),
        ("C5", "2024-06-01", 9.0), ("C6", "2024-12-31", 1.0),
    ],
    columns=["customer", "time", "amount"],
)  # fmt: skip
ANSWERS = pd.DataFrame(
    {
        "id": ["C1", " C2 ", "C3", "C4", "C9", None, "C5"],
        "trust": [5, 4, 3, 2, 1, 5, 4],
        "w": [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0],
        "city": list("aabbaab"),
        "mail": [f"person{i}@example.org" for i in range(7)],
    }
)
QUESTIONNAIRE = """
name: small
version: "1"
title: {en: Small, zh: 小问卷}
respondent_id: id
scales:
  agree: {kind: likert, minimum: 1, maximum: 5}
references:
  a_2000: "A. (2000). Title."
constructs:
  - name: belief
    label: {en: Trust, zh: 信任}
    scale: agree
    sources: [a_2000]
    items:
      - {name: trust, text: {en: I trust it., zh: 我信任它。}}
      - {name: doubt, text: {en: I doubt it., zh: 我怀疑它。}, reverse: true}
"""


@pytest.fixture(scope="module")
def tx() -> Transactions:
    return transactions(ORDERS)


def test_indicators_by_hand(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", secret=SECRET)
    data = linked.data
    assert data["respondent"].tolist() == pseudonyms(["C1", "C2", "C3", "C5"], SECRET)
    assert data["amount"].tolist() == [30.0, 0.0, 5.0, 8.0]  # C2 returned more than it bought
    assert data["frequency"].tolist() == [2.0, 1.0, 1.0, 2.0]
    months = np.array([182.0, 0.0, 0.0, 31.0]) / (365.25 / 12)
    np.testing.assert_allclose(data["duration"], months)
    np.testing.assert_allclose(data["log_duration"], np.log1p(months))
    assert linked.indicators == ("log_amount", "log_frequency", "log_duration")
    scaled = data[["log_amount", "log_frequency"]].to_numpy()
    np.testing.assert_allclose(linked.clv_scale.value(scaled), [60.0, 0.0, 5.0, 16.0])


def test_both_sides_are_counted(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id")
    assert linked.counts.set_index("rule")["n"].to_dict() == {
        "respondents": 7, "without_key": 1, "unmatched": 2, "linked": 4, "customers": 6,
        "unanswered": 2,
    }  # fmt: skip
    codes = [f.code for f in linked.findings]
    assert codes == ["link.unmatched", "link.near_misses", "link.negative_amount",
                     "link.secret_drawn"]  # fmt: skip
    assert linked.findings[0].severity == "warning"


def test_forms_of_indicators(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", amount="total", frequency="per_year", duration="tenure",
                  transform="none")  # fmt: skip
    data = linked.data
    assert data["amount"].tolist() == [60.0, 0.0, 5.0, 16.0]
    days = np.array([365, 305, 334, 244])  # first purchase to 31 December
    np.testing.assert_allclose(data["duration"], days / (365.25 / 12))
    np.testing.assert_allclose(data["frequency"], np.array([2, 1, 1, 2]) / (days / 365.25))
    assert linked.indicators == ("amount", "frequency", "duration")
    assert linked.clv_scale.product == ("amount",)


def test_behaviour_can_end_before_the_survey(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", end=date(2024, 6, 30))
    assert linked.data["frequency"].tolist() == [1.0, 1.0, 1.0, 2.0]


@pytest.mark.parametrize("transform", ["log1p", "winsor", "none"])
@pytest.mark.parametrize("standardise", [True, False])
def test_scales_return_to_natural_units(
    tx: Transactions, transform: str, standardise: bool
) -> None:
    linked = link(ANSWERS, tx, "id", transform=transform, standardise=standardise,  # type: ignore[arg-type]
                  winsor=(0.0, 1.0))  # fmt: skip
    for indicator in linked.clv_scale.indicators:
        y = linked.data[indicator.column].to_numpy()
        np.testing.assert_allclose(indicator.back(y), linked.data[indicator.name], atol=1e-12)
        if standardise:
            assert indicator.column.startswith("z_")
            assert y.mean() == pytest.approx(0, abs=1e-12) and y.std() == pytest.approx(1)


def test_winsorising_cuts_at_stated_quantiles(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", transform="winsor", winsor=(0.25, 0.75))
    assert linked.data["winsor_amount"].tolist() == [8.0, 0.0, 5.0, 8.0]
    row = linked.definitions.set_index("indicator").loc["amount"]
    assert (row["lower"], row["upper"]) == (0.0, 8.0)


def test_weights_go_with_the_rows(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", weights="w", standardise=True)
    assert linked.weights is not None
    np.testing.assert_array_equal(linked.weights, [1, 2, 1, 2])
    y = linked.data["z_log_amount"].to_numpy()
    assert linked.weights @ y == pytest.approx(0, abs=1e-12)
    assert "link.weights" in [f.code for f in linked.findings]
    np.testing.assert_array_equal(linked.data["w"], linked.weights)


def test_unmatched_respondents_can_be_kept(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", unmatched="keep")
    assert len(linked.data) == 7
    assert linked.data["log_amount"].isna().tolist() == [False] * 3 + [True] * 3 + [False]


def test_a_model_based_value_is_a_further_indicator(tx: Transactions) -> None:
    clv = pd.DataFrame({"customer": ["C1", "C2", "C3", "C5"], "clv": [100.0, 20.0, 0.0, 50.0]})
    linked = link(ANSWERS, tx, "id", clv=clv)
    assert linked.clv_scale.product == ("clv",)
    assert linked.indicators[-1] == "log_clv"
    np.testing.assert_allclose(
        linked.clv_scale.value(linked.data[["log_clv"]].to_numpy()), clv["clv"]
    )
    again = linked.clv_scale.using("amount", "frequency")
    assert [part.name for part in again.parts] == ["amount", "frequency"]


def test_no_key_and_no_mail_is_shown(tx: Transactions) -> None:
    linked = link(ANSWERS, tx, "id", keep=["city"])
    shown = f"{linked!r} {linked._repr_html_()} {linked.data.to_string()} {linked.counts}"
    assert "C1" not in shown and "example.org" not in shown
    assert linked.data["city"].tolist() == ["a", "a", "b", "b"]
    assert "id" not in linked.data and "mail" not in linked.data


@pytest.fixture
def responses(tmp_path: Path) -> object:
    (tmp_path / "small.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    (tmp_path / "answers.csv").write_text("id,trust,doubt\nC1,5,1\nC2,4,2\nC5,3,5\n")
    return read_responses(tmp_path / "answers.csv", load_questionnaire(tmp_path / "small.yaml"))


def test_the_questionnaire_names_the_key(tx: Transactions, responses: object) -> None:
    linked = link(responses, tx)  # type: ignore[arg-type]
    assert linked.data[["trust", "doubt"]].values.tolist() == [[5, 5], [4, 4], [3, 1]]


def test_pseudonymised_answers_meet_their_customers(tx: Transactions, responses: object) -> None:
    hashed = responses.pseudonymise(SECRET)  # type: ignore[attr-defined]
    linked = link(hashed, tx, secret=SECRET, hashed=True)
    assert linked.data["respondent"].tolist() == pseudonyms(["C1", "C2", "C5"], SECRET)
    assert linked.data["frequency"].tolist() == [2.0, 1.0, 2.0]
    with pytest.raises(DataError) as caught:
        link(hashed, tx, secret="another secret, as long", hashed=True)
    assert caught.value.code == "link.nobody"


def test_repeated_keys_are_refused_without_naming_them(tx: Transactions) -> None:
    twice = pd.concat([ANSWERS, ANSWERS.iloc[[0]]], ignore_index=True)
    with pytest.raises(DataError) as caught:
        link(twice, tx, "id")
    assert caught.value.code == "link.duplicates"
    assert "rows 0, 7" in str(caught.value) and "C1" not in str(caught.value)


def test_numeric_keys_meet_text(tx: Transactions) -> None:
    orders = ORDERS.assign(customer=["1", "1", "1", "2", "2", "3", "4", "5", "5", "6"])
    answers = pd.DataFrame({"id": [1.0, 4.0, np.nan], "x": [1, 2, 3]})
    linked = link(answers, transactions(orders), "id")
    assert linked.data["frequency"].tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"amount": "median"}, "link.amount"),
        ({"transform": "sqrt"}, "link.transform"),
        ({"winsor": (0.9, 0.1)}, "link.winsor"),
        ({"unmatched": "guess"}, "link.unmatched"),
        ({"hashed": True}, "link.secret"),
        ({"margin": 0.0}, "link.margin"),
        ({"key": None}, "link.key"),
    ],
)
def test_requests_that_cannot_be_met(
    tx: Transactions, options: dict[str, object], code: str
) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        link(ANSWERS, tx, **({"key": "id"} | options))  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"key": "ID"}, "data.missing_column"),
        ({"weights": "weight"}, "data.missing_column"),
        ({"keep": ["town"]}, "link.keep"),
        ({"keep": ["id"]}, "link.keep"),
        ({"transform": "log"}, "link.log_of_zero"),
        ({"clv": pd.DataFrame({"customer": ["C1"]})}, "link.clv"),
        ({"end": date(2024, 3, 20)}, "link.constant"),
    ],
)
def test_data_that_cannot_be_linked(
    tx: Transactions, options: dict[str, object], code: str
) -> None:
    with pytest.raises(DataError) as caught:
        link(ANSWERS, tx, **({"key": "id"} | options))  # type: ignore[arg-type]
    assert caught.value.code == code


def test_answers_may_not_hold_what_the_link_makes(tx: Transactions) -> None:
    with pytest.raises(DataError) as caught:
        link(ANSWERS.assign(amount=1), tx, "id")
    assert caught.value.code == "link.clash"


def test_orders_must_be_opened_first() -> None:
    with pytest.raises(IncompatibleRequestError, match=r"ls\.transactions"):
        link(ANSWERS, ORDERS, "id")  # type: ignore[arg-type]


def test_an_unknown_indicator_of_the_scale_is_refused(tx: Transactions) -> None:
    scale = link(ANSWERS, tx, "id").clv_scale
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'amount'"):
        scale.using("amout")
    with pytest.raises(IncompatibleRequestError, match="different indicators"):
        scale.using("amount", "amount")


def test_keys_find_customers_whose_identifiers_were_merged() -> None:
    orders = pd.DataFrame(
        {
            "customer": ["C1", " c1", "C2", "c3"],
            "amount": [10.0, 30.0, 5.0, 8.0],
            "time": ["2024-01-01", "2024-03-01", "2024-02-01", "2024-02-02"],
        }
    )
    answers = pd.DataFrame({"id": ["C1", "C2 ", "z"], "trust": [5, 3, 4]})
    linked = link(answers, transactions(orders, ids="merge"), "id")
    assert linked.data["frequency"].tolist() == [2.0, 1.0]


SPACED = pd.DataFrame(
    {
        "customer": ["张三 ", "\u3000张三丰", "C7\n", "C7\n"],
        "time": ["2024-01-01", "2024-01-02", "2024-02-01", "2024-02-05"],
        "amount": [10.0, 20.0, 5.0, 7.0],
    }
)


@pytest.mark.parametrize("ids", ["as_is", "merge"])
def test_spaces_at_the_ends_count_on_neither_side(ids: str) -> None:
    answers = pd.DataFrame({"id": [" 张三", "张三丰", "C7"], "trust": [5, 4, 3]})
    tx = transactions(SPACED, ids=ids)
    linked = link(answers, tx, "id")
    assert linked.data["amount"].tolist() == [10.0, 20.0, 6.0]
    assert linked.counts.set_index("rule")["n"]["unanswered"] == 0
    if ids == "as_is":  # pseudonyms are of names as they were answered: C7, not c7
        hashed = answers.assign(id=pseudonyms(answers["id"].str.strip(), SECRET))
        again = link(hashed, tx, "id", secret=SECRET, hashed=True)
        assert again.data["amount"].tolist() == [10.0, 20.0, 6.0]


@pytest.mark.parametrize("hashed", [False, True])
def test_a_key_of_two_customers_is_refused(hashed: bool) -> None:
    twin, other = SPACED.iloc[:1].assign(customer="张三"), SPACED.iloc[1:].assign(customer="C8")
    orders = pd.concat([SPACED, twin, other])
    answers = pd.DataFrame({"id": ["张三", "C8"], "trust": [5, 4]})
    if hashed:
        answers["id"] = pseudonyms(answers["id"], SECRET)
    with pytest.raises(DataError, match="1 keys of the answers fit several") as caught:
        link(answers, transactions(orders), "id", secret=SECRET, hashed=hashed)
    assert caught.value.code == "link.ambiguous" and "张三" not in str(caught.value)
    if not hashed:
        linked = link(answers, transactions(orders, ids="merge"), "id")
        assert linked.data["amount"].tolist() == [20.0, 32.0 / 3]  # two rows of one day, three days
