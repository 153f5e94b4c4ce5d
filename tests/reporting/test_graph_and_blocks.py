import pandas as pd
import pytest

from loyaltysem.reporting.blocks import build_block, groups_of_roots
from loyaltysem.reporting.fonts import typeface_for, wrapped
from loyaltysem.reporting.geometry import (
    Rect,
    crosses,
    ellipse_edge,
    length_inside,
    rect_edge,
    union,
)
from loyaltysem.reporting.graph import build_graph
from tests.reporting.samples import frame

COLUMNS = ["lhs", "op", "rhs", "std_all", "pvalue"]


def test_first_order_factors_stand_with_their_second_order_factor():
    graph = build_graph(frame("second_order")[0])
    assert graph.roots == ("LOY", "RQ", "CLV")
    assert graph.children("LOY") == ("BEH", "ATT", "EMO")
    assert graph.hidden == 27


def test_an_indicator_stands_with_its_most_specific_factor():
    graph = build_graph(frame("bifactor")[0])
    assert graph.children("general") == ()
    assert groups_of_roots(graph) == [("general", "visual", "textual", "speed")]


def test_growth_factors_share_one_block_at_equal_rank():
    graph = build_graph(frame("growth")[0])
    group = next(g for g in groups_of_roots(graph) if "i" in g)
    sizes = dict.fromkeys((*graph.latents, *graph.observed), (1.0, 0.5))
    block = build_block(group, graph, sizes, "right")
    assert block.rects["i"].centre[0] == pytest.approx(block.rects["s"].centre[0])
    assert block.rects["t1"].left > block.rects["i"].right


def test_a_general_factor_stands_behind_the_items():
    graph = build_graph(frame("bifactor")[0])
    sizes = dict.fromkeys((*graph.latents, *graph.observed), (1.0, 0.5))
    rects = build_block(groups_of_roots(graph)[0], graph, sizes, "left").rects
    assert rects["general"].right < rects["x1"].left < rects["visual"].left


def test_a_zero_covariance_that_was_fixed_is_not_drawn():
    rows = [("F", "=~", "x", 0.5, 0.1), ("F", "~~", "G", 0.0, float("nan"))]
    graph = build_graph(pd.DataFrame(rows, columns=COLUMNS))
    assert [e.kind for e in graph.edges] == ["loading"]


def test_hidden_indicators_with_a_path_of_their_own_stay():
    rows = [("F", "=~", "x1", 0.5, 0.1), ("F", "=~", "x2", 0.5, 0.1), ("x1", "~", "w", 0.2, 0.1)]
    graph = build_graph(pd.DataFrame(rows, columns=COLUMNS), indicators=False)
    assert set(graph.observed) == {"x1", "w"}


def test_a_line_is_clipped_to_a_box():
    box = Rect(0, 0, 2, 2)
    assert length_inside((-1, 1), (3, 1), box) == pytest.approx(2)
    assert length_inside((-1, 3), (3, 3), box) == 0
    assert length_inside((3, -1), (3, 3), box) == 0
    assert length_inside((1, 0.5), (1, 1), box) == pytest.approx(0.5)


def test_touching_segments_do_not_cross():
    assert not crosses((0, 0), (1, 1), (1, 1), (2, 0))


def test_outlines_are_met_where_they_are():
    box = Rect.around((0, 0), 4, 2)
    assert ellipse_edge(box, 0) == pytest.approx((2, 0))
    assert rect_edge(box, 3.141592653589793 / 2) == pytest.approx((0, 1))
    assert union([box, Rect(3, 0, 5, 1)]) == Rect(-2, -1, 5, 1)


def test_a_long_word_is_not_broken():
    assert wrapped("Internationalisierungsgrad") == ("Internationalisierungsgrad",)
    assert wrapped("") == ("",)


def test_a_font_must_hold_every_character():
    assert typeface_for(["abc"], "en") is not None
    assert typeface_for(["\ue000\uf8ff\U0010fffd"], "en") is None
