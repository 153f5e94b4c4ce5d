"""The verb, its flags and words, and the rules that leave people out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyaltysem.core.datasets import shipped
from loyaltysem.core.errors import DataError, IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.survey.instrument import Construct, Item, Questionnaire, Scale
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import Responses, read_responses, responses_from_frame
from loyaltysem.survey.screening.criteria import (
    CRITERIA,
    RULES,
    STANDARD,
    Cutoffs,
    ScreeningRule,
    named_rule,
)
from loyaltysem.survey.screening.patterns import longstring
from loyaltysem.survey.screening.sources import pairs_of, rating_answers

FIVE = Scale("five", "likert", 1, 5)
SEVEN = Scale("seven", "likert", 1, 7)
N, HONEST = 300, 60


def instrument(scales: tuple[Scale, ...] = (FIVE,)) -> Questionnaire:
    """Four constructs of four items, the last of each reversed, and one attention item."""
    items = tuple(
        Item(f"i{k}", Text(f"题{k}"), scales[(k // 4) % len(scales)], f"c{k // 4}", k % 4 == 3)
        for k in range(16)
    )
    check = Item("check", Text("Tick 4"), FIVE, role="attention", expected=(4.0,))
    constructs = tuple(
        Construct(f"c{j}", Text(f"c{j}"), tuple(f"i{k}" for k in range(4 * j, 4 * j + 4)))
        for j in range(4)
    )
    return Questionnaire("q", "1", Text("q"), "id", scales, (*items, check), constructs)


def answers(seed: int = 1, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, 1))
    factors = 0.7 * common + 0.7 * rng.standard_normal((n, 4))
    y = factors.repeat(4, axis=1) + 0.6 * rng.standard_normal((n, 16)) + rng.normal(0, 0.5, 16)
    x = 1.0 + np.searchsorted([-1.4, -0.5, 0.5, 1.4], y)
    x[:, 3::4] = 6 - x[:, 3::4]
    frame = pd.DataFrame(x, columns=[f"i{k}" for k in range(16)])
    frame.insert(0, "id", [f"p{k}" for k in range(n)])
    return frame.assign(check=4.0, seconds=120.0, ip=[f"10.0.0.{k}" for k in range(n)])


def planted() -> pd.DataFrame:
    """Answers in which each of the first people gives one reason to look again."""
    frame = answers()
    names = [f"i{k}" for k in range(16)]
    frame.loc[0, "check"] = 2.0
    frame.loc[1, "seconds"] = 17.0
    frame.loc[2, names] = frame.loc[HONEST, names]
    frame.loc[3, "ip"] = frame.loc[HONEST + 1, "ip"]
    frame.loc[4, names[:9]] = np.nan
    frame.loc[5, names] = 3.0
    frame.loc[6, names] = [1, 5, 1, 1, 5, 1, 5, 5, 1, 1, 5, 5, 5, 1, 5, 5]
    return frame


@pytest.fixture(scope="module")
def responses() -> Responses:
    return responses_from_frame(planted(), instrument())


OPTIONS = {"seconds": "seconds", "sources": ["ip"]}


def test_each_planted_reason_is_found_and_said(responses: Responses) -> None:
    screening = responses.screen(**OPTIONS)
    found = screening.flags.to_numpy()[:7]
    names = list(screening.flags)
    for person, name in enumerate(
        ["attention", "response_time", None, None, "missing", "longstring", "mahalanobis"]
    ):
        assert name is None or found[person, names.index(name)], name
    # of two equal records the later one is remarked upon
    assert screening.flags["duplicate_answers"].iloc[HONEST]
    assert screening.indices["duplicate_answers_of"].iloc[HONEST] == 4  # person 2 is in row 4
    assert screening.flags["duplicate_source"].iloc[HONEST + 1]
    reasons = screening.reasons().tolist()
    assert "missed 1 attention item(s)" in reasons[0]
    assert "took 1.06 s an item (less than 2.00 s)" in reasons[1]
    assert reasons[HONEST] == "has the same answers as row 4"
    assert "left 56% of the items unanswered (more than 50%)" in reasons[4]
    assert "gave the same answer 16 times in a row (8 or more)" in reasons[5]
    assert "Mahalanobis p < .001" in reasons[6]
    assert "与第 4 行相同" in screening.reasons("zh").iloc[HONEST]


def test_nothing_is_deleted_and_the_table_is_whole(responses: Responses) -> None:
    before = responses.frame.copy()
    screening = responses.screen(**OPTIONS)
    table = screening.frame()
    pd.testing.assert_frame_equal(responses.frame, before)
    assert len(table) == N and table.index.tolist() == list(range(2, N + 2))
    assert table["meets_rule"].sum() == screening.flagged().sum()
    assert (table["n_flags"] == screening.flags.sum(axis=1)).all()
    assert "Nobody was left out" in str(screening) and "尚未剔除" in screening.in_words("zh")
    assert "<table>" in screening._repr_html_()


def test_summary_and_overlap_count_the_flags(responses: Responses) -> None:
    screening = responses.screen(**OPTIONS)
    summary = screening.summary.set_index("criterion")
    overlap = screening.overlap
    assert summary.index.tolist() == [c.name for c in CRITERIA]
    assert (np.diag(overlap) == summary["flagged"]).all()
    assert (overlap.to_numpy() == overlap.to_numpy().T).all()
    alone = screening.flags[screening.flags.sum(axis=1) == 1]
    assert summary.loc["synonyms", "only"] == alone["synonyms"].sum()
    assert summary.loc["missing", "n"] == N
    assert summary.loc["longstring", "cutoff"] == 8.0


def test_attention_items_are_no_rating_items(responses: Responses) -> None:
    columns = [f"i{k}" for k in range(16)]
    expected = longstring(responses.frame[columns].to_numpy(float))
    np.testing.assert_array_equal(responses.screen().indices["longstring"], expected)
    other = responses.screen(attention={"check": [2.0]})
    assert other.flags["attention"].sum() == N - 1


def test_what_cannot_be_looked_at_is_said(responses: Responses) -> None:
    screening = responses.screen()
    assert {n.code for n in screening.notes} == {"screening.no_times"}
    assert screening.summary.set_index("criterion").loc["response_time", "n"] == 0
    plain = replace(instrument(), items=(instrument().items[-1],), constructs=())
    other = responses_from_frame(answers()[["id", "check"]], replace(plain)).screen()
    assert {n.code for n in other.notes} == {"screening.no_rating_items", "screening.no_times"}
    assert other.flags.to_numpy().sum() == 0


def test_one_respondent_and_constant_answers(responses: Responses) -> None:
    one = responses_from_frame(answers().head(1), instrument()).screen()
    assert not one.flagged().any()
    assert {"screening.no_distance", "screening.no_times"} == {n.code for n in one.notes}
    same = answers().assign(**{f"i{k}": 3.0 for k in range(16)})
    flat = responses_from_frame(same, instrument()).screen()
    assert flat.flags["longstring"].all() and flat.flagged().all()
    assert {"screening.no_even_odd", "screening.no_synonyms"} <= {n.code for n in flat.notes}


def test_scales_of_different_width_are_put_on_one_footing() -> None:
    q = instrument((FIVE, SEVEN))
    frame = answers(2)
    wide = frame.copy()
    for k in (*range(4, 8), *range(12, 16)):
        wide[f"i{k}"] = 1 + (frame[f"i{k}"] - 1) * 1.5
    wide[[f"i{k}" for k in range(16)]] = wide[[f"i{k}" for k in range(16)]].round()
    spread = responses_from_frame(wide, q).screen()
    assert spread.cutoffs["irv"] == pytest.approx(0.06)
    assert spread.indices["irv"].max() <= 1.0
    narrow = responses_from_frame(frame, instrument()).screen()
    assert spread.indices["even_odd"].corr(narrow.indices["even_odd"]) > 0.7


def test_where_pairs_come_from(responses: Responses) -> None:
    ratings = rating_answers(responses.frame, responses.questionnaire)
    alike = pairs_of(ratings, "questionnaire", "synonyms", 0.6)
    opposite = pairs_of(ratings, "questionnaire", "antonyms", 0.6)
    assert len(alike) == 12 and len(opposite) == 12
    assert alike[:3].tolist() == [[0, 1], [0, 2], [1, 2]]
    assert opposite[:3].tolist() == [[0, 3], [1, 3], [2, 3]]
    named = {"synonyms": [("i0", "i1"), ("i4", "i5"), ("i8", "i9")]}
    assert pairs_of(ratings, named, "synonyms", 0.6).tolist() == [[0, 1], [4, 5], [8, 9]]
    assert len(pairs_of(ratings, named, "antonyms", 0.6)) == 0
    assert responses.screen(pairs=named).indices["antonyms"].isna().all()
    critical = responses.screen(pairs="critical", critical=0.3)
    assert critical.indices["synonyms"].notna().any()


@pytest.mark.parametrize(
    ("pairs", "match"),
    [("guess", "not a source"), ({"synonyms": [("i0", "i99")]}, "'i99' is not a rating item"),
     ({"cousins": []}, "'cousins' is no kind")],
)  # fmt: skip
def test_pairs_that_do_not_exist(responses: Responses, pairs: object, match: str) -> None:
    with pytest.raises(IncompatibleRequestError, match=match) as caught:
        responses.screen(pairs=pairs)  # type: ignore[arg-type]  # the slip under test
    assert caught.value.code == "screening.pairs"


def test_times_from_start_and_end(responses: Responses) -> None:
    begin = pd.Timestamp("2026-03-01 08:00", tz="UTC")
    frame = planted().assign(
        begin=str(begin), end=[str(begin + pd.Timedelta(seconds=s)) for s in planted()["seconds"]]
    )
    r = responses_from_frame(frame, instrument())
    pd.testing.assert_series_equal(
        r.screen(seconds=("begin", "end")).indices["seconds_per_item"],
        r.screen(seconds="seconds").indices["seconds_per_item"],
    )
    for wrong in ("ip", ("ip", "end")):
        with pytest.raises(DataError) as caught:
            r.screen(seconds=wrong)  # type: ignore[arg-type]  # columns without times
        assert caught.value.code == "screening.time"
    with pytest.raises(DataError, match="Did you mean 'seconds'"):
        r.screen(seconds="second")


def test_a_percentile_of_times(responses: Responses) -> None:
    frame = planted().assign(seconds=np.arange(N) + 100.0)
    r = responses_from_frame(frame, instrument())
    cutoffs = Cutoffs(seconds_per_item=None, time_percentile=5.0)
    flags = r.screen(seconds="seconds", cutoffs=cutoffs).flags["response_time"]
    assert 0.03 <= flags.mean() <= 0.07
    both = r.screen(seconds="seconds", cutoffs=Cutoffs(time_percentile=5.0))
    assert both.flags["response_time"].sum() == flags.sum()
    assert not r.screen(cutoffs=cutoffs).flags["response_time"].any()  # no times, no flags


def test_cutoffs_switch_criteria_off(responses: Responses) -> None:
    nothing = Cutoffs(
        longstring_share=None, irv_share=None, mahalanobis_p=None, synonyms=None, antonyms=None,
        even_odd=None, person_total=None, seconds_per_item=None, attention_missed=None,
        missing_share=None, duplicates_least=99,
    )  # fmt: skip
    assert not responses.screen(cutoffs=nothing, seconds="seconds").flags.to_numpy().any()


def test_duplicate_ids_are_remarked_upon() -> None:
    frame = answers()
    frame.loc[[7, 9], "id"] = "p3"
    r = responses_from_frame(frame, instrument(), on_problems="note")
    screening = r.screen()
    assert np.flatnonzero(screening.flags["duplicate_id"]).tolist() == [7, 9]
    assert screening.indices["duplicate_id_of"].iloc[[7, 9]].tolist() == [5, 5]
    left = r.exclude("duplicate_id")
    assert left.counts["respondents"] == N - 2


def test_rules_leave_out_and_say_whom(responses: Responses) -> None:
    screening = responses.screen(**OPTIONS)
    rule = ScreeningRule("mine", any_of=("attention", "longstring"), among=("irv", "missing"),
                         at_least=1)  # fmt: skip
    left = screening.apply(rule)
    met = screening.flagged(rule)
    assert len(left.frame) == N - met.sum()
    assert [e.reason.en for e in left.exclusions] == [
        "Attention items missed", "Longest string", "Several signs of inconsistency",
    ]  # fmt: skip
    assert sum(e.count for e in left.exclusions) == met.sum()
    assert {e.rule for e in left.exclusions} == {"mine"}
    assert left.flow().excluded == met.sum()
    assert set(left.rows) == set(responses.rows[~met])


def test_exclude_is_screen_and_apply(responses: Responses) -> None:
    short = responses.exclude("standard", **OPTIONS)
    long = responses.screen(**OPTIONS).apply(STANDARD)
    pd.testing.assert_frame_equal(short.frame, long.frame)
    assert short.exclusions == long.exclusions
    nobody = responses_from_frame(answers(3), instrument()).exclude("attention")
    assert nobody.exclusions == () and len(nobody.frame) == N


def test_rules_by_name() -> None:
    assert named_rule("standard") is STANDARD and named_rule(STANDARD) is STANDARD
    assert set(RULES) == {"standard", "direct"}
    with pytest.raises(IncompatibleRequestError, match="Did you mean 'longstring'"):
        named_rule("longstrin")
    with pytest.raises(IncompatibleRequestError, match="make a ScreeningRule"):
        named_rule("?")
    rule = ScreeningRule("r", among=("irv", "missing"), at_least=2)
    assert rule.in_words("zh") == "符合至少 2 项：个体内作答变异（IRV）、缺失作答"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"any_of": ("longstrin",)}, "screening.criterion"),
        ({}, "screening.rule"),
        ({"among": ("irv",), "at_least": 2}, "screening.rule"),
        ({"among": ("irv",), "at_least": 0}, "screening.rule"),
        ({"any_of": ("irv",), "among": ("irv",), "at_least": 1}, "screening.rule"),
    ],
)
def test_rules_that_make_no_sense(arguments: dict[str, object], code: str) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        ScreeningRule("r", **arguments)  # type: ignore[arg-type]  # slips under test
    assert caught.value.code == code


def test_the_study_data_through_the_shipped_questionnaire() -> None:
    q = load_questionnaire(shipped("questionnaires", "loyalty_core.yaml"))
    r = read_responses(shipped("data", "study_answers.csv"), q)
    screening = r.screen(rule="direct", seconds="seconds")
    assert screening.indices["longstring"].notna().all()
    assert len(screening.indices) == 478
    assert screening.flagged().sum() == 28  # as many as the script that makes the data plants


def test_large_surveys_take_no_time(tmp_path: Path) -> None:
    import time

    frame = answers(5, 20_000)
    frame.iloc[::3, 4] = np.nan
    r = responses_from_frame(frame, instrument())
    begin = time.process_time()
    r.screen(**OPTIONS)
    assert time.process_time() - begin < 5.0
