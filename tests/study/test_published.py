import pytest

from loyaltysem.study.published import STUDY_PUBLISHED, WHOLE_MODEL, published_table


@pytest.fixture(scope="module")
def table():
    ours = {("Trust", "alpha"): 0.8149, ("Trust", "rmsea"): 0.0474, (WHOLE_MODEL, "cfi"): 0.8849}
    return published_table(STUDY_PUBLISHED, ours).set_index(["group", "quantity"])


def test_one_row_per_printed_number(table):
    assert len(table) == len(STUDY_PUBLISHED.numbers) == 6 * 3 + 6
    assert not table.index.duplicated().any()


def test_met_is_equality_at_the_printed_rounding(table):
    assert table.loc[("Trust", "alpha"), "met"]
    assert not table.loc[("Trust", "rmsea"), "met"]
    assert not table.loc[(WHOLE_MODEL, "cfi"), "met"]


def test_what_was_not_reproduced_is_not_met(table):
    assert not table.loc[("Emotion", "alpha"), "met"]
    assert (
        table.loc[("Emotion", "alpha"), "reproduced"]
        != table.loc[("Emotion", "alpha"), "reproduced"]
    )


def test_notes_are_computed_and_bilingual(table):
    note = table.loc[("Trust", "rmsea")]
    assert "2.01" in note["note_en"] and ".047" in note["note_en"]
    assert ".047" in note["note_zh"] and "矛盾" in note["note_zh"]
    assert table.loc[("Behaviour", "rmsea"), "note_en"] == ""
    assert "Hu & Bentler (1999)" in table.loc[(WHOLE_MODEL, "cfi"), "note_en"]


def test_labels(table):
    assert table.loc[("Trust", "alpha"), "label_en"] == "Trust: Cronbach's α"
    assert table.loc[(WHOLE_MODEL, "gfi"), "label_zh"] == "整体模型\uff1aGFI"


def test_every_group_has_a_label_and_the_models_it_needs():
    groups = {number.group for number in STUDY_PUBLISHED.numbers}
    assert groups == set(STUDY_PUBLISHED.labels)
    assert groups - {WHOLE_MODEL} == set(STUDY_PUBLISHED.side_models)
