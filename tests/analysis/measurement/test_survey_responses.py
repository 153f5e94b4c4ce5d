"""Survey responses go where data frames go: items turned, constructs from the questionnaire."""

import numpy as np
import pandas as pd
import pytest

import loyaltysem as ls
from loyaltysem.core.errors import DataError
from loyaltysem.survey.questionnaire import load_questionnaire
from loyaltysem.survey.responses import responses_from_frame

TEXT = """\
name: small
version: "1.0"
title: {en: Small, zh: 小问卷}
scales:
  agree: {kind: likert, minimum: 1, maximum: 5, labels: {1: {en: nay, zh: 否}, 5: {en: ok, zh: 是}}}
constructs:
  - name: trust
    label: {en: Trust, zh: 信任}
    scale: agree
    items:
      - {name: t1, text: {en: I trust it., zh: 我信任它。}}
      - {name: t2, text: {en: I doubt it., zh: 我怀疑它。}, reverse: true}
      - {name: t3, text: {en: I rely on it., zh: 我依靠它。}}
  - name: liking
    label: {en: Liking, zh: 喜爱}
    scale: agree
    items:
      - {name: l1, text: {en: I like it., zh: 我喜欢它。}}
      - {name: l2, text: {en: It is nice., zh: 它不错。}}
      - {name: l3, text: {en: I love it., zh: 我爱它。}}
"""
NAMES = ["t1", "t2", "t3", "l1", "l2", "l3"]
CONSTRUCTS = {"trust": NAMES[:3], "liking": NAMES[3:]}


@pytest.fixture
def responses(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(TEXT, "utf-8")
    rng = np.random.default_rng(1)
    traits = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=150)
    latent = np.repeat(traits, 3, axis=1) + 0.8 * rng.normal(size=(150, 6))
    frame = pd.DataFrame(np.digitize(latent, [-1.5, -0.5, 0.5, 1.5]) + 1, columns=NAMES)
    frame["t2"] = 6 - frame["t2"]  # as people answered it
    frame["day"] = np.arange(150)
    return responses_from_frame(frame, load_questionnaire(path), on_problems="note")


def test_reverse_items_are_turned(responses):
    assert responses.data["t2"].corr(responses.data["t1"]) > 0.3
    frame = responses.data
    for function in (ls.cronbach_alpha, ls.split_half, ls.harman, ls.describe, ls.normality):
        assert str(function(responses)) == str(function(frame))
    assert str(ls.omega(responses, n_factors=2)) == str(ls.omega(frame, n_factors=2))
    assert str(ls.outliers(responses)) == str(ls.outliers(frame))
    assert str(ls.missing_patterns(responses, ["t1"])) == str(ls.missing_patterns(frame[["t1"]]))


def test_constructs_are_those_of_the_questionnaire(responses):
    pd.testing.assert_frame_equal(ls.htmt(responses), ls.htmt(responses.data, CONSTRUCTS))
    own, given = (
        ls.htmt_intervals(*data, draws=50, seed=1).frame
        for data in ((responses,), (responses.data, CONSTRUCTS))
    )
    pd.testing.assert_frame_equal(own, given)
    assert ls.nomological(responses).scores["construct"].tolist() == ["trust", "liking"]
    assert ls.test_retest(responses, responses).frame["score"].tolist() == ["trust", "liking"]


def test_other_columns_stay_at_hand(responses):
    found = ls.nonresponse(responses, "day", ["t1", "l1"])
    assert (found.n_early, found.n_late) == (75, 75)


@pytest.mark.parametrize("function", [ls.htmt, ls.htmt_intervals, ls.nomological])
def test_a_plain_frame_needs_its_constructs(responses, function):
    with pytest.raises(DataError) as caught:
        function(responses.data)
    assert caught.value.code == "validity.no_constructs"
