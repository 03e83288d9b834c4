"""Diagrams in the course's style: labelled nodes, and arrows between them."""

import matplotlib.patches as patches
import matplotlib.pyplot as plt
import numpy as np

from vaelab.language import tr
from vaelab.style import ACCENT, FIGURE_WIDTH, INK, MUTED, PAPER, SMALLEST_TEXT

NODES = ("box", "circle", "observed", "text")
# Each kind differs from the others without its colour, too.
EDGES = {
    "solid": {"color": INK, "linestyle": "-", "arrowstyle": "-|>"},
    "dashed": {"color": INK, "linestyle": (0, (4, 2.5)), "arrowstyle": "-|>"},
    "gradient": {"color": ACCENT, "linestyle": (0, (1, 1.2)), "arrowstyle": "->"},
    "blocked": {"color": ACCENT, "linestyle": (0, (1, 1.2)), "arrowstyle": "->"},
}
PAD, SHADE = 0.09, "#d9dde4"


def draw_graph(nodes, edges):
    """Draw a graph of labelled nodes and arrows on a figure of its own, as wide as the course's figures (5.2 inches).

    nodes: a dict from names to (label, x, y) or (label, x, y, kind). x, from 0 to 5.2, and y, upwards, are the middle
    of the node in inches. The label may hold $mathtext$ and line breaks; the node is as large as its label needs. kind:
    "box" (the default: a layer, something computed), "circle" (a random variable), "observed" (a shaded circle: a
    random variable that is given), "text" (no outline).
    edges: a list of (start, end), (start, end, kind), (start, end, kind, label) or (start, end, kind, label, bend),
    start and end being names of nodes. kind: "solid" (the default), "dashed" (the course's sign for q), "gradient" (a
    dotted red arrow for the way back) or "blocked" (the same, crossed out: nothing gets through). label stands beside
    the arrow's middle. bend: 0 for a straight arrow, 0.3 for a clear bow to the right of its way, -0.3 to the left.
    Returns the axes. Raises ValueError for an unknown node name or kind, and for a node outside the figure.
    """
    ys = [y for _, _, y, *_ in nodes.values()]
    low, high = min(ys, default=0) - 0.45, max(ys, default=0) + 0.45
    _, ax = plt.subplots(figsize=(FIGURE_WIDTH, high - low))
    ax.set_position((0, 0, 1, 1))  # an inch of the figure is a unit of the axes
    ax.set(xlim=(0, FIGURE_WIDTH), ylim=(low, high))
    ax.axis("off")
    drawn = {name: _draw_node(ax, name, *node) for name, node in nodes.items()}
    for start, end, *how in edges:
        for name in (start, end):
            if name not in drawn:
                raise ValueError(
                    tr("There is no node {name!r}; the nodes are {names}.").format(name=name, names=", ".join(drawn))
                )
        _draw_edge(ax, drawn[start], drawn[end], *how)
    return ax


def _draw_node(ax, name, label, x, y, kind="box"):
    """Returns the node's outline, a patch."""
    _check_kind(kind, NODES)
    if not 0 <= x <= FIGURE_WIDTH:
        raise ValueError(
            tr("Node {name!r} has x = {x}; expected 0 to {width}.").format(name=name, x=x, width=FIGURE_WIDTH)
        )
    text = ax.text(x, y, label, ha="center", va="center", fontsize=SMALLEST_TEXT, linespacing=1.15, zorder=4)
    size = text.get_window_extent()
    width, height = size.width / ax.figure.dpi + 2 * PAD, size.height / ax.figure.dpi + 2 * PAD
    if kind in ("circle", "observed"):
        outline = patches.Circle((x, y), max(0.25, np.hypot(width, height) / 2 - PAD / 2))
    else:
        width, height = max(width, 0.4), max(height, 0.38)
        style = "square,pad=0" if kind == "text" else "round,pad=0,rounding_size=0.06"
        outline = patches.FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=style)
    outline.set(
        facecolor=SHADE if kind == "observed" else PAPER,
        edgecolor="none" if kind == "text" else INK,
        linewidth=1.3,
        zorder=3,
        gid=name,
    )
    return ax.add_patch(outline)


def _draw_edge(ax, start, end, kind="solid", label="", bend=0.0):
    _check_kind(kind, EDGES)
    a, b = (_box(node).mean(axis=0) for node in (start, end))
    arrow = patches.FancyArrowPatch(
        a, b, patchA=start, patchB=end, shrinkA=2, shrinkB=2, connectionstyle=f"arc3,rad={bend}",
        mutation_scale=13, linewidth=1.6, zorder=2, **EDGES[kind],
    )  # fmt: skip
    ax.add_patch(arrow)
    along = b - a
    right = np.array([along[1], -along[0]])  # of the arrow's way
    t = np.linspace(0, 1, 201)[:, None]
    way = a + t * along + 2 * t * (1 - t) * bend * right  # the curve of arc3
    seen = way[~(_inside(way, start) | _inside(way, end))]
    middle = seen[len(seen) // 2] if len(seen) else (a + b) / 2
    if kind == "blocked":
        ax.plot(*middle, "x", color=ACCENT, markersize=13, markeredgewidth=3, zorder=5)
    if label:
        aside = right / np.hypot(*right) * (1 if bend > 0 else -1)
        if bend == 0 and (aside[1] < -0.5 or (abs(aside[1]) <= 0.5 and aside[0] < 0)):
            aside = -aside  # a straight arrow's label stands above it, or on its right
        place = middle + (0.2 if kind == "blocked" else 0.13) * aside
        side = "center" if abs(aside[0]) < 0.5 else "left" if aside[0] > 0 else "right"
        colour = MUTED if kind in ("solid", "dashed") else ACCENT
        ax.text(*place, label, ha=side, va="center", fontsize=SMALLEST_TEXT, color=colour, zorder=5)


def _box(node):
    """The lower left and the upper right corner of a node, (2, 2)."""
    box = node.get_path().get_extents(node.get_patch_transform())
    return box.get_points()


def _inside(points, node):
    low, high = _box(node)
    return ((points > low) & (points < high)).all(axis=1)


def _check_kind(kind, known):
    if kind not in known:
        raise ValueError(tr("{kind!r} is no kind; expected one of {known}.").format(kind=kind, known=", ".join(known)))
