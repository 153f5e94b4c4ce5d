from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import loyaltysem as ls
from loyaltysem.core.text import Text
from loyaltysem.survey.response_flow import Exclusion, ResponseFlow

REASONS = (
    Exclusion("blank", Text("Blank rows", "空白答卷"), 3),
    Exclusion("r", Text("Costs $5 & <b>", "未通过注意力检测题"), 1021),
    Exclusion("r", Text("Not a customer of this shop within the last twelve months"), 4),
)
FULL = ResponseFlow(1500, REASONS, 472, 2000)
BARE = ResponseFlow(450, (), 450)
ALL_BACK = ResponseFlow(450, (), 450, 450)


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def boxes(axes: Axes) -> list[FancyBboxPatch]:
    return [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]


def test_every_number_is_there_in_both_languages() -> None:
    english, chinese = (words(ls.flow_diagram(FULL, language=lang)) for lang in ("en", "zh"))
    assert english[:2] == ["Questionnaires sent", "n = 2,000"]
    assert {"Not returned", "n = 500", "n = 1,500 (75.0%)", "n = 472 (23.6%)"} <= set(english)
    assert {"Left out (n = 1,028)", "Costs $5 & <b>: 1,021"} <= set(english)
    assert {"发放问卷", "未回收", "有效问卷", "空白答卷：3", "n = 472（23.6%）"} <= set(chinese)


def test_long_reasons_are_broken() -> None:
    axes = ls.flow_diagram(FULL)
    lines = words(axes)
    start = next(k for k, line in enumerate(lines) if line.startswith("Not a customer"))
    assert lines[start + 1].endswith("twelve months: 4")
    first, more = axes.texts[start], axes.texts[start + 1]
    assert more.get_position()[0] > first.get_position()[0]


@pytest.mark.parametrize(
    ("flow", "count", "arrows"), [(FULL, 5, 4), (BARE, 2, 1), (ALL_BACK, 3, 2)]
)
def test_boxes_and_arrows(flow: ResponseFlow, count: int, arrows: int) -> None:
    axes = ls.flow_diagram(flow)
    assert len(boxes(axes)) == count
    assert sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches) == arrows


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("flow", [FULL, BARE])
def test_text_stays_in_its_box_and_boxes_apart(flow: ResponseFlow, language: str) -> None:
    axes = ls.flow_diagram(flow, language=language)  # type: ignore[arg-type]  # from the list
    axes.figure.canvas.draw()
    frames = [box.get_window_extent() for box in boxes(axes)]
    for text in axes.texts:
        extent = text.get_window_extent()
        assert any(
            f.x0 <= extent.x0 and extent.x1 <= f.x1 and f.y0 <= extent.y0 and extent.y1 <= f.y1
            for f in frames
        ), text.get_text()
    for k, one in enumerate(frames):
        assert not any(one.overlaps(other) for other in frames[k + 1 :])
    width, height = axes.figure.get_size_inches()
    tight = axes.figure.get_tightbbox()
    assert tight.x0 >= -0.01 and tight.y0 >= -0.01
    assert tight.x1 <= width + 0.01 and tight.y1 <= height + 0.01


def test_words_no_font_can_show_fall_back_to_english() -> None:
    odd = ResponseFlow(2, (Exclusion("r", Text("reason", "\U0001f980"), 1),), 1)
    assert "reason: 1" in words(ls.flow_diagram(odd, language="zh"))
