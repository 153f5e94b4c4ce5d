import itertools
import warnings

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Text
from loyaltysem.reporting import fonts, path_diagram, to_dot
from loyaltysem.reporting.geometry import Rect
from loyaltysem.reporting.graph import build_graph
from loyaltysem.reporting.path_diagram import describe
from loyaltysem.reporting.svg import svg_of
from tests.reporting.samples import LABELS, frame

MODELS = ("cfa", "bifactor", "democracy", "growth", "observed_path", "ecsi", "second_order")
COLUMNS = ["lhs", "op", "rhs", "std_all", "pvalue"]
NODE, LABEL = 3, 5  # drawing order of nodes and of the white boxes behind numbers


def boxes(axes, order):
    """Return the rectangles, in inches, of the patches drawn at one level."""
    extents = (
        p.get_path().get_extents(p.get_patch_transform())
        for p in axes.patches
        if p.zorder == order and (order == NODE or type(p) is Rectangle)
    )
    return [Rect(e.x0, e.y0, e.x1, e.y1) for e in extents]


def written(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("indicators", [True, False])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("model", MODELS)
def test_no_number_covers_a_node_or_another_number(model, language, indicators):
    parameters, r2 = frame(model)
    axes = path_diagram(parameters, r2, labels=LABELS, language=language, indicators=indicators)
    labels, nodes = boxes(axes, LABEL), boxes(axes, NODE)
    assert nodes
    assert len(labels) == len(build_graph(parameters, indicators=indicators).edges)
    for first, second in itertools.combinations(labels, 2):
        assert first.overlap(second) < 1e-9
    for first, second in itertools.combinations(nodes, 2):
        assert first.overlap(second) < 1e-9
    assert all(label.overlap(node) < 1e-9 for label in labels for node in nodes)


@pytest.mark.parametrize("model", ["ecsi", "second_order", "democracy"])
def test_paths_never_read_from_right_to_left(model):
    parameters, _ = frame(model)
    axes = path_diagram(parameters, indicators=False)
    where = {text.get_text(): text.get_position()[0] for text in axes.texts}
    for row in parameters[parameters["op"] == "~"].itertuples():
        assert where[row.rhs] <= where[row.lhs] + 1e-9


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_character_has_a_glyph(language):
    parameters, r2 = frame("second_order")
    if language == "zh" and fonts.typeface_for(["客户"], "zh") is None:
        pytest.skip("no Chinese font on this machine")
    axes = path_diagram(parameters, r2, labels=LABELS, language=language)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a missing glyph
        svg_of(axes.figure, "diagram")
    assert ("客户忠诚度" in written(axes)) == (language == "zh")


def test_without_a_font_for_a_character_the_labels_are_english_and_the_key_says_so(monkeypatch):
    monkeypatch.setattr(fonts, "CJK_FAMILIES", ())
    parameters, _ = frame("second_order")
    rare = {**LABELS, "LOY": Text("Customer loyalty", "𠮷客户忠诚度")}  # beyond GB 2312
    axes = path_diagram(parameters, labels=rare, language="zh")
    assert "Customer loyalty" in written(axes)
    assert any("no installed font" in text for text in written(axes))


def test_a_character_no_font_has_still_gives_a_picture():
    parameters, _ = frame("cfa")
    axes = path_diagram(parameters, labels={"visual": Text("\ue000")})
    assert boxes(axes, NODE)


def test_above_the_limit_indicators_are_left_out_and_counted():
    parameters, r2 = frame("second_order")
    axes = path_diagram(parameters, r2)
    assert "BEH1" not in written(axes)
    assert any("27 indicators not shown" in text for text in written(axes))
    assert "BEH1" in written(path_diagram(parameters, r2, indicators=True))


def test_up_to_the_limit_they_are_drawn():
    parameters, _ = frame("ecsi")
    assert "IMAG1" in written(path_diagram(parameters))


def test_r_squared_stands_in_constructs_only():
    parameters, r2 = frame("second_order")
    shown = [text for text in written(path_diagram(parameters, r2)) if text.startswith("R²")]
    assert len(shown) == 8  # six dimensions and two outcomes


def test_nonsignificant_paths_are_dashed_and_stars_stand_on_paths():
    rows = [("y", "~", "a", 0.5, 0.0001), ("y", "~", "b", -0.05, 0.4)]
    axes = path_diagram(pd.DataFrame(rows, columns=COLUMNS))
    assert {".50***", "−.05"} <= set(written(axes))
    styles = {str(p.get_linestyle()) for p in axes.patches if p.zorder == 2}
    assert len(styles) == 2


def test_labels_are_not_read_as_formulas():
    rows = [("F", "=~", "x", 0.5, 0.1)]
    axes = path_diagram(pd.DataFrame(rows, columns=COLUMNS), labels={"F": Text(r"$\frac$")})
    assert r"$\frac$" in written(axes)
    assert "<svg" in svg_of(axes.figure, "d")


def test_it_draws_into_given_axes():
    figure = Figure(figsize=(4, 3))
    axes = figure.add_subplot()
    parameters, _ = frame("cfa")
    assert path_diagram(parameters, ax=axes) is axes
    assert min(t.get_fontsize() for t in axes.texts) < 7.5  # scaled down to fit


def test_axes_without_a_figure_are_refused():
    axes = Figure().add_subplot()
    axes.remove()
    with pytest.raises(IncompatibleRequestError) as caught:
        path_diagram(frame("cfa")[0], ax=axes)
    assert caught.value.code == "report.detached_axes"


def test_many_variables_are_still_drawn_apart():
    rows = [
        (f"v{j}", "~", f"v{i}", 0.2, 0.01)
        for i in range(1, 16)
        for j in range(i + 1, min(i + 3, 16))
    ]
    axes = path_diagram(pd.DataFrame(rows, columns=COLUMNS))
    nodes = boxes(axes, NODE)
    assert len(nodes) == 15
    assert all(a.overlap(b) == 0 for a, b in itertools.combinations(nodes, 2))


def test_a_cycle_is_drawn():
    rows = [("a", "~", "b", 0.2, 0.01), ("b", "~", "a", 0.3, 0.01)]
    assert len(boxes(path_diagram(pd.DataFrame(rows, columns=COLUMNS)), NODE)) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.drop(columns=["std_all"]), "report.missing_columns"),
        (lambda f: pd.concat([f.assign(group=1), f.assign(group=2)]), "report.one_group"),
        (lambda f: f[f["op"] == "~~"], "report.nothing_to_draw"),
    ],
)
def test_a_frame_that_cannot_be_drawn_is_refused(change, code):
    with pytest.raises(IncompatibleRequestError) as caught:
        path_diagram(change(frame("cfa")[0]))
    assert caught.value.code == code


def test_defined_parameters_are_no_second_group():
    parameters, _ = frame("second_order")
    parameters["group"] = (parameters["op"] != ":=").astype(int)
    assert boxes(path_diagram(parameters), NODE)


def test_the_picture_is_the_same_every_time():
    parameters, r2 = frame("ecsi")
    first, second = (
        svg_of(path_diagram(parameters, r2, indicators=False).figure, "d") for _ in range(2)
    )
    assert first == second


def test_the_svg_stands_alone():
    svg = svg_of(path_diagram(frame("cfa")[0]).figure, "salt")
    assert svg.startswith("<svg ")
    assert "<!--" not in svg
    assert "<metadata" not in svg
    assert "<text" not in svg
    assert 'id="salt-' in svg


def test_the_alternative_text_names_paths_or_factors():
    paths = describe(build_graph(frame("second_order")[0]), LABELS, "en")
    assert "Customer loyalty → Relationship quality .48***" in paths
    assert describe(build_graph(frame("cfa")[0]), {}, "zh").startswith("路径图；因子：")


def test_dot_quotes_names():
    rows = [('F"1', "=~", "x\n1", 0.5, 0.1), ("a", "~~", "b", 0.2, 0.01)]
    dot = to_dot(pd.DataFrame(rows, columns=COLUMNS))
    assert '"F\\"1" -> "x 1" [label=".50", style=dashed];' in dot
    assert "dir=both" in dot
