from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.analysis.interaction import indicator_products
from loyaltysem.analysis.slopes import simple_slopes
from loyaltysem.core.errors import DataError, IncompatibleRequestError

GOLDEN = Path(__file__).parents[1] / "golden"
REFERENCE = json.loads((GOLDEN / "latent_interaction.json").read_text(encoding="utf-8"))
ITEMS = {"AB": (["a1", "a2", "a3"], ["b1", "b2", "b3"])}
MODEL = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nY =~ y1 + y2 + y3\nY ~ A + B + AB\n"


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data" / "latent_interaction_raw.csv")


def test_double_mean_centred_matched_pairs_as_in_r(raw: pd.DataFrame) -> None:
    made = indicator_products(raw, ITEMS)
    names = ["a1_b1", "a2_b2", "a3_b3"]
    np.testing.assert_allclose(made.data[names].head(3), REFERENCE["products_first3"], atol=1e-6)
    np.testing.assert_allclose(made.data[names].mean(), 0.0, atol=1e-12)
    pd.testing.assert_frame_equal(made.data[raw.columns], raw)
    assert made.pairs["a2_b2"] == ("a2", "b2")


def test_the_fitted_interaction_is_lavaans(raw: pd.DataFrame) -> None:
    made = indicator_products(raw, ITEMS)
    ours = ls.sem(MODEL + made.model, made.data, meanstructure=True).parameters()
    renamed = {f"ab{i}": f"a{i}_b{i}" for i in (1, 2, 3)}
    names = ours.assign(key=ours["lhs"] + ours["op"] + ours["rhs"]).set_index("key")["est"]
    for row in REFERENCE["parameters"]:
        lhs, rhs = (renamed.get(row[side], row[side]) for side in ("lhs", "rhs"))
        key = lhs + row["op"] + rhs
        swapped = rhs + row["op"] + lhs
        found = names[key] if key in names else names[swapped]
        assert found == pytest.approx(row["est"], abs=1e-4), key


def test_slopes_of_a_latent_moderator_are_semtools(raw: pd.DataFrame) -> None:
    made = indicator_products(raw, ITEMS)
    fit = ls.sem(MODEL + made.model, made.data, meanstructure=True)
    theirs = REFERENCE["slopes"]
    ours = simple_slopes(fit, "Y", "A", "B", "AB", at=theirs["B"]).frame
    for column, name in (("slope", "est"), ("se", "se"), ("z", "z")):
        np.testing.assert_allclose(ours[column], theirs[name], atol=2e-3 if name == "z" else 6e-4)


def test_all_pairs_covary_where_they_share_an_item(raw: pd.DataFrame) -> None:
    made = indicator_products(raw, {"AB": (["a1", "a2"], ["b1", "b2"])}, kind="all")
    assert made.model.split("\n") == [
        "AB =~ a1_b1 + a1_b2 + a2_b1 + a2_b2",
        "a1_b1 ~~ a1_b2 + a2_b1",
        "a1_b2 ~~ a2_b2",
        "a2_b1 ~~ a2_b2",
    ]
    assert ls.sem(MODEL + made.model, made.data).converged


def test_a_square_multiplies_no_pair_twice(raw: pd.DataFrame) -> None:
    made = indicator_products(raw, {"AA": (["a1", "a2"], ["a1", "a2"])}, kind="all")
    assert len(made.pairs) == 3


@pytest.mark.parametrize(
    ("centre", "expected"), [("none", [2.0, 12.0]), ("mean", [1.0, 1.0]), ("double", [0.0, 0.0])]
)
def test_centring(centre: str, expected: list[float]) -> None:
    data = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})
    made = indicator_products(data, {"ab": (["a"], ["b"])}, centre=centre)
    assert made.data["a_b"].tolist() == expected


def test_a_product_is_missing_where_an_item_is(raw: pd.DataFrame) -> None:
    holed = raw.copy()
    holed.loc[4, "a1"] = np.nan
    made = indicator_products(holed, ITEMS).data
    assert made["a1_b1"].isna().sum() == 1
    assert made["a1_b1"].mean() == pytest.approx(0.0, abs=1e-12)


def test_labels_are_text_in_a_notebook() -> None:
    data = pd.DataFrame({"<b>": [1.0, 3.0], "b": [2.0, 4.0]})
    assert "&lt;b&gt;_b" in indicator_products(data, {"P": (["<b>"], ["b"])})._repr_html_()


@pytest.mark.parametrize(
    ("products", "options", "error", "words"),
    [
        ({"AB": (["a1", "a9"], ["b1", "b2"])}, {}, DataError, "no column 'a9'"),
        ({"AB": (["a1", "a2"], ["b1"])}, {}, IncompatibleRequestError, "matches 2 item"),
        ({"AB": ("a1", ["b1"])}, {}, IncompatibleRequestError, "two lists"),
        ({"AB": ([], ["b1"])}, {}, IncompatibleRequestError, "two lists"),
        ({"y1": (["a1"], ["b1"])}, {}, DataError, "'y1' would stand for two"),
        ({"P": (["a1"], ["b1"]), "Q": (["a1"], ["b1"])}, {}, DataError, "'a1_b1' would stand"),
        (ITEMS, {"kind": "some"}, IncompatibleRequestError, "kind='some'"),
        (ITEMS, {"centre": "triple"}, IncompatibleRequestError, "centre='triple'"),
    ],
)
def test_every_error_says_what_is_wrong(
    raw: pd.DataFrame, products: dict, options: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        indicator_products(raw, products, **options)


def test_text_is_no_number(raw: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'b1' do not hold numbers"):
        indicator_products(raw.assign(b1="x"), ITEMS)
