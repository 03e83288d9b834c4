"""A diagram holds the nodes and arrows that it was given, and refuses what it can't draw."""

import io

import matplotlib.patches as patches
import matplotlib.pyplot as plt
import numpy as np
import pytest

from vaelab.diagrams import EDGES, draw_graph
from vaelab.style import ACCENT, RC

NODES = {
    "x": ("image\n$x$", 0.5, 0.0, "observed"),
    "h": ("Dense\n64", 1.8, 0.0),
    "z": (r"$z$", 3.2, 0.7, "circle"),
    "loss": ("loss", 4.6, 0.0, "text"),
}


@pytest.fixture(autouse=True)
def figures_closed():
    with plt.rc_context(RC):
        yield
    plt.close("all")


def parts(ax, kind):
    return [patch for patch in ax.patches if isinstance(patch, kind)]


def points(ax):
    """The first arrow's points in the units of the axes; the last one only closes its path and lies anywhere."""
    return parts(ax, patches.FancyArrowPatch)[0].get_path().vertices[:-1]


def test_each_node_and_each_arrow_is_drawn_once_and_keeps_its_label():
    ax = draw_graph(NODES, [("x", "h"), ("h", "z", "dashed", "$q(z \\mid x)$"), ("z", "loss", "gradient", "", 0.3)])
    assert len(parts(ax, patches.FancyArrowPatch)) == 3
    assert sorted(p.get_gid() for p in ax.patches if p.get_gid()) == sorted(NODES)
    assert len(parts(ax, patches.Circle)) == 2
    assert {text.get_text() for text in ax.texts} == {label for label, *_ in NODES.values()} | {"$q(z \\mid x)$"}


def test_labels_fit_into_their_nodes_and_are_large_enough_for_a_telephone():
    ax = draw_graph(NODES, [])
    ax.figure.canvas.draw()
    outlines = {patch.get_gid(): patch.get_window_extent() for patch in ax.patches}
    for text, (name, _) in zip(ax.texts, NODES.items(), strict=True):
        inner, outer = text.get_window_extent(), outlines[name]
        assert outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1
        assert text.get_fontsize() / 72 * 358 / 5.24 >= 11  # pixels, in a column of 358


def test_arrows_begin_and_end_at_the_outlines_in_the_direction_asked_for():
    ax = draw_graph(NODES, [("x", "h")])
    vertices = points(ax)
    box = {patch.get_gid(): patch.get_window_extent().transformed(ax.transData.inverted()) for patch in ax.patches}
    assert box["x"].x1 <= vertices[:, 0].min() < box["x"].x1 + 0.1
    assert box["h"].x0 - 0.1 < vertices[:, 0].max() <= box["h"].x0
    tip = vertices[np.argmax(vertices[:, 0])]
    assert abs(tip[1]) < 0.02  # the head is at h


def test_a_positive_bend_bows_to_the_right_of_the_arrow_s_way():
    for bend, sign in ((0.4, -1), (-0.4, 1)):
        ax = draw_graph(NODES, [("x", "h", "solid", "label", bend)])
        heights = points(ax)[:, 1]
        assert sign * heights[np.abs(heights).argmax()] > 0.05
        assert sign * ax.texts[-1].get_position()[1] > 0


def test_kinds_of_arrows_differ_without_their_colour():
    assert len({str(style["linestyle"]) for kind, style in EDGES.items() if kind != "blocked"}) == 3
    marks = {}
    for kind in ("gradient", "blocked"):
        ax = draw_graph(NODES, [("x", "h", kind)])
        marks[kind] = [line.get_marker() for line in ax.lines if line.get_color() == ACCENT]
    assert marks == {"gradient": [], "blocked": ["x"]}


def test_the_figure_is_as_wide_as_the_course_s_and_can_be_saved_without_a_warning(recwarn):
    ax = draw_graph(NODES, [("x", "h")])
    assert ax.figure.get_figwidth() == 5.2
    ax.figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    assert not recwarn.list


def test_a_name_that_is_no_node_is_named_with_the_names_that_are():
    with pytest.raises(ValueError, match=r"no node 'y'; the nodes are x, h, z, loss"):
        draw_graph(NODES, [("x", "y")])


@pytest.mark.parametrize(
    ("nodes", "edges", "said"),
    [
        ({"a": ("a", 1, 0, "square")}, [], "'square' is no kind; expected one of box, circle"),
        (NODES, [("x", "h", "dotted")], "'dotted' is no kind; expected one of solid, dashed"),
        ({"a": ("a", 6, 0)}, [], "Node 'a' has x = 6; expected 0 to 5.2"),
    ],
)
def test_unknown_kinds_and_places_outside_are_refused(nodes, edges, said):
    with pytest.raises(ValueError, match=said):
        draw_graph(nodes, edges)
