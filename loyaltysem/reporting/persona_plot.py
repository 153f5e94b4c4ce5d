"""Picture of personas: how each differs from the average customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from loyaltysem.clv.segments.persona_features import FEATURES
from loyaltysem.clv.segments.personas import Personas
from loyaltysem.core.display import bounded, number, percent
from loyaltysem.core.text import Language, Text
from loyaltysem.reporting.axes import GREY, LABEL_SIZE, TICK_SIZE
from loyaltysem.reporting.drawing import INK
from loyaltysem.reporting.segment_panels import heading, spoken_in, write

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Inches: a cell, and what lies around the cells.
CELL, ROW = 1.05, 0.42
TOP, BOTTOM, AIR = 0.95, 0.4, 0.15
#: Deviations from the mean at which the shade is full.
FULL = 1.5
TITLE = Text("Silhouette {s}, bootstrap ARI {a}", "轮廓系数 {s}，自助法 ARI {a}")
NAME = Text("persona {k}", "画像 {k}")
NOTE = Text(
    "medians; shade: mean in standard deviations from all",
    "单元格为中位数；颜色为与总体均值的标准差之差",
)


def persona_plot(
    found: Personas, *, labels: Mapping[str, Text] = FEATURES, language: Language = "en"
) -> Figure:
    """Draw the profile of every persona.

    Parameters
    ----------
    found : Personas
        From `Transactions.personas`.
    labels : mapping of str to Text
        Names of features.
    language : {"en", "zh"}
        English where no installed font holds the Chinese.

    Returns
    -------
    matplotlib.figure.Figure
        A column a persona, a row a feature: medians, shaded by how far the persona's mean lies
        from that of all customers.
    """
    from matplotlib.figure import Figure

    names = [str(name) for name in found.steps["feature"]]
    told = [labels.get(name, Text(name, name)) for name in names]
    spoken, face = spoken_in([*told, TITLE, NAME, NOTE], language)
    shown = [text.in_(spoken) for text in told]
    left = AIR + 0.1 + max(face.width(text, LABEL_SIZE) for text in shown)
    width = max(left + found.k * CELL + AIR, left + face.width(NOTE.in_(spoken), TICK_SIZE) + AIR)
    height = TOP + len(names) * ROW + BOTTOM
    figure = Figure(figsize=(width, height), facecolor="white")
    box = (left / width, BOTTOM / height, found.k * CELL / width, len(names) * ROW / height)
    axes = figure.add_axes(box)
    z = found.profile[[f"z_{name}" for name in names]].to_numpy(np.float64).T
    axes.imshow(z, cmap=_diverging(), vmin=-FULL, vmax=FULL, aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, name in enumerate(names):
        write(axes, (-0.5, float(i)), shown[i], face, INK, "right", LABEL_SIZE)
        for j, value in enumerate(found.profile[name].to_numpy(np.float64)):
            digits = 0 if abs(value) >= 100 else 1
            axes.annotate(number(value, digits), (j, i), ha="center", va="center",
                          color="white" if abs(z[i, j]) > 1.1 else INK,
                          fontproperties=face.properties(TICK_SIZE))  # fmt: skip
    for j, share in enumerate(found.profile["share"].to_numpy(np.float64)):
        text = f"{NAME.in_(spoken).format(k=j + 1)}\n{percent(share, 0)}"
        axes.annotate(text, (j, 1.0), (0, 4), xycoords=axes.get_xaxis_transform(),
                      textcoords="offset points", ha="center", va="bottom", color=INK,
                      fontproperties=face.properties(TICK_SIZE), annotation_clip=False)  # fmt: skip
    axes.annotate(NOTE.in_(spoken), (0.0, 0.0), (0, -6), xycoords="axes fraction",
                  textcoords="offset points", ha="left", va="top", color=GREY,
                  fontproperties=face.properties(TICK_SIZE), annotation_clip=False)  # fmt: skip
    row = found.choice[found.choice["chosen"]].iloc[0]
    title = TITLE.in_(spoken).format(s=bounded(row["silhouette"]), a=bounded(row["ari"]))
    heading(axes, title, face, 38.0)
    return figure


def _diverging() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("z", ["#a8481f", "#f7f7f5", "#24507a"])
