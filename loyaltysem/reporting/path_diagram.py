"""Path diagrams of structural equation models, laid out by the role of each variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from loyaltysem.core.display import bounded
from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.drawing import (
    NOTE_SIZE,
    VALUE_SIZE,
    NodeText,
    draw_node,
    draw_note,
    draw_route,
    draw_stub,
    draw_value,
    edge_text,
    node_sizes,
)
from loyaltysem.reporting.fonts import LINE_HEIGHT, POINTS_PER_INCH, Typeface, typeface_for, wrapped
from loyaltysem.reporting.geometry import Rect, union
from loyaltysem.reporting.graph import Edge, Graph, build_graph
from loyaltysem.reporting.layout import lay_out
from loyaltysem.reporting.routes import curve_extent, place_labels, routes, stubs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loyaltysem.estimation.result import SEMResult

MARGIN = 0.15
KEY = Text(
    "Standardised estimates; * p < .05, ** p < .01, *** p < .001; dashed grey: p ≥ .05.",
    "标准化估计值；* p < .05，** p < .01，*** p < .001；灰色虚线：p ≥ .05。",
)
HIDDEN = Text("{n} indicators not shown.", "未画出 {n} 个测量题项。")
NO_FONT = Text(
    "Labels in English: no installed font holds every Chinese character.",
)


def path_diagram(
    parameters: pd.DataFrame | SEMResult,
    rsquare: pd.Series | None = None,
    *,
    labels: Mapping[str, Text] | None = None,
    language: Language = "en",
    indicators: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the path diagram of a fitted model.

    Parameters
    ----------
    parameters : DataFrame or SEMResult
        A fit, or the whole of its ``parameters(standardized=True)``; one group.
    rsquare : Series, optional
        ``fit.rsquare()``, which a fit brings itself; printed inside endogenous structural
        variables and dimensions.
    labels : mapping of str to Text, optional
        Human names of variables; a variable without one is drawn under its model name. Item boxes
        always show the item's code.
    language : {"en", "zh"}
        Language of names and key. Without an installed font that holds every Chinese character
        the English names are drawn and the key says so.
    indicators : bool, optional
        Draw the indicators; by default only when there are at most 24.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure just large enough.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    IncompatibleRequestError
        When the frame holds several groups, lacks a column, or holds nothing to draw.

    Notes
    -----
    Exogenous constructs stand left, outcomes right, in columns by the longest path; first-order
    factors of a second-order construct have their own band. The arrangement minimises arrows
    through boxes, crossings and narrow angles by a deterministic descent.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     [["F", "=~", "x1", 0.8, 0.0], ["F", "=~", "x2", 0.7, 0.0], ["y", "~", "F", 0.5, 0.01]],
    ...     columns=["lhs", "op", "rhs", "std_all", "pvalue"],
    ... )
    >>> axes = path_diagram(frame)
    >>> sorted(text.get_text() for text in axes.texts)[:3]
    ['.50*', '.70', '.80']
    """
    if not isinstance(parameters, pd.DataFrame):
        frame = parameters.parameters()
        rsquare = parameters.rsquare() if frame["group"].max() == 1 else rsquare
        parameters = frame
    graph = build_graph(parameters, rsquare, indicators=indicators)
    names = labels or {}
    spoken, typeface, warning = _choose_language(graph, names, language)
    texts = _node_texts(graph, names, spoken)
    layout = lay_out(graph, node_sizes(texts, typeface))
    courses = routes(graph, layout)
    values = [edge_text(route.edge) for route in courses]
    boxes = place_labels(
        courses, [_value_size(v, typeface) for v in values], tuple(layout.rects.values())
    )
    ends = stubs(graph, layout, courses)
    note = _key(graph, spoken) + warning
    tails = [Rect.around(stub.tail, 0.0, 0.0) for stub in ends]
    content = union([*layout.rects.values(), *curve_extent(courses), *boxes, *tails])
    axes, scale = _canvas(content, 1.04 * typeface.width(note, NOTE_SIZE), ax)
    for stub in ends:
        draw_stub(axes, stub, scale)
    for route in courses:
        draw_route(axes, route, scale)
    for name, box in layout.rects.items():
        draw_node(axes, box, texts[name], typeface, scale)
    for box, route, value in zip(boxes, courses, values, strict=True):
        draw_value(axes, box, route.edge, typeface, scale, value)
    draw_note(axes, (content.left, content.bottom - 0.16), note, typeface, scale)
    return axes


def _choose_language(
    graph: Graph, labels: Mapping[str, Text], language: Language
) -> tuple[Language, Typeface, str]:
    """Return the language that can be drawn, its font, and a remark when that is not `language`."""
    tries: tuple[Language, ...] = ("zh", "en") if language == "zh" else ("en",)
    for spoken in tries:
        face = typeface_for(_all_texts(graph, labels, spoken), spoken)
        if face is not None:
            return spoken, face, "" if spoken == language else f" {NO_FONT.en}"
    return "en", Typeface("DejaVu Sans"), ""


def _all_texts(graph: Graph, labels: Mapping[str, Text], language: Language) -> Iterable[str]:
    yield "0123456789.−*–R²= "
    yield _key(graph, language)
    for text in _node_texts(graph, labels, language).values():
        yield from text.lines


def _key(graph: Graph, language: Language) -> str:
    key = KEY.in_(language)
    if not graph.hidden:
        return key
    gap = "" if language == "zh" else " "
    return key + gap + HIDDEN.in_(language).format(n=graph.hidden)


def _node_texts(
    graph: Graph, labels: Mapping[str, Text], language: Language
) -> dict[str, NodeText]:
    """Return role, wrapped name and R² line of every node."""
    found = {}
    for name in (*graph.latents, *graph.observed):
        role = _role(name, graph)
        label = labels[name].in_(language) if name in labels and role != "item" else name
        r2 = graph.r2.get(name) if role in ("factor", "dimension", "variable") else None
        found[name] = NodeText(role, wrapped(label), "" if r2 is None else f"R² = {bounded(r2, 2)}")
    return found


def _role(name: str, graph: Graph) -> str:
    if name in graph.latents:
        return "dimension" if name in graph.parent else "factor"
    return "item" if name in graph.parent else "variable"


def _value_size(text: str, typeface: Typeface) -> tuple[float, float]:
    return (
        typeface.width(text, VALUE_SIZE) + 0.1,
        VALUE_SIZE * LINE_HEIGHT / POINTS_PER_INCH - 0.01,
    )


def _canvas(content: Rect, note_width: float, ax: Axes | None) -> tuple[Axes, float]:
    """Return axes in inches that hold the picture, and the scale fonts must follow."""
    right = max(content.right, content.left + note_width)
    frame = Rect(content.left, content.bottom - 0.3, right, content.top).grown(MARGIN)
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(frame.width, frame.height), facecolor="white")
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        scale = 1.0
    else:
        size = ax.get_window_extent()
        dots = min(size.width / frame.width, size.height / frame.height)
        scale = dots / _dots_per_inch(ax)
    ax.set_xlim(frame.left, frame.right)
    ax.set_ylim(frame.bottom, frame.top)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax, scale


def _dots_per_inch(ax: Axes) -> float:
    figure = ax.get_figure()
    if figure is None:
        raise IncompatibleRequestError(
            "The axes belong to no figure.",
            code="report.detached_axes",
            hint="Pass axes made by plt.subplots(), or none.",
        )
    return float(figure.dpi)


def describe(graph: Graph, labels: Mapping[str, Text], language: Language) -> str:
    """Return the diagram in words, as the alternative text of the picture."""

    def called(name: str) -> str:
        return labels[name].in_(language) if name in labels else name

    def told(edge: Edge) -> str:
        return f"{called(edge.source)} → {called(edge.target)} {edge_text(edge)}"

    paths = [told(e) for e in graph.of_kind("regression")]
    if not paths:
        factors = ", ".join(called(n) for n in graph.latents)
        start = Text("Path diagram; factors: ", "路径图；因子：").in_(language)
        return start + factors
    return Text("Path diagram: ", "路径图：").in_(language) + "; ".join(paths)


_ESCAPES = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " ", "\r": " "})


def to_dot(parameters: pd.DataFrame) -> str:
    r"""Return the model as Graphviz DOT text.

    Parameters
    ----------
    parameters : DataFrame
        As for `path_diagram`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame(
    ...     [["F", "=~", "x1", 0.8, 0.0]], columns=["lhs", "op", "rhs", "std_all", "pvalue"]
    ... )
    >>> print(to_dot(frame))
    digraph model {
      rankdir=LR;
      "F" [shape=ellipse];
      "x1" [shape=box];
      "F" -> "x1" [label=".80"];
    }
    """
    graph = build_graph(parameters, indicators=True)
    lines = [f"  {_quoted(n)} [shape=ellipse];" for n in graph.latents]
    lines += [f"  {_quoted(n)} [shape=box];" for n in graph.observed]
    lines += [_dot_edge(e) for e in graph.edges]
    return "\n".join(["digraph model {", "  rankdir=LR;", *lines, "}"])


def _dot_edge(edge: Edge) -> str:
    style = [f'label="{edge_text(edge)}"']
    style += ["style=dashed"] if edge.is_nonsignificant else []
    style += ["dir=both", "constraint=false"] if edge.kind == "covariance" else []
    return f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [{', '.join(style)}];"


def _quoted(name: str) -> str:
    return f'"{name.translate(_ESCAPES)}"'
