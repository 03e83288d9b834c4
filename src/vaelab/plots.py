"""Pictures that several lessons draw: rows of images, and codes with their digits written on them."""

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import numpy as np

from vaelab.checks import check_labels, check_points
from vaelab.language import tr
from vaelab.style import CLASS_COLOURS, FIGURE_WIDTH, INK, PAPER


def show_images(rows, row_labels=None, captions=None):
    """Draw rows of images, dark ink on white, all on the scale 0 to 1.

    rows: a list of arrays (n, 28, 28, 1) or (n, 28, 28); each array is one row of pictures. row_labels: a text above
    each row; captions: for each row a list of texts, one below each picture. Raises ValueError for no rows.
    """
    if len(rows) == 0:
        raise ValueError(tr("rows is empty; expected at least one array of images."))
    columns = max(len(row) for row in rows)
    height = FIGURE_WIDTH / columns + (0.27 if row_labels else 0.02) + (0.23 if captions else 0)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(FIGURE_WIDTH, height * len(rows)), squeeze=False, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    for row, row_axes in zip(rows, axes, strict=True):
        for ax in row_axes:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for ax, image in zip(row_axes, row, strict=False):
            ax.imshow(np.squeeze(image), vmin=0, vmax=1)
    for ax, label in zip(axes[:, 0], row_labels or [], strict=False):
        # The label may be wider than its picture, so the layout must not see it; a blank title keeps its height free.
        ax.text(0, 1.0, label, transform=ax.transAxes, va="bottom").set_in_layout(False)
        ax.set_title(" ", pad=2)
    for row_axes, texts in zip(axes, captions or [], strict=False):
        for ax, text in zip(row_axes, texts, strict=False):
            ax.set_xlabel(text, labelpad=2)


def place_labels(codes, labels, room):
    """Where to write each label: at its codes' median, pushed apart where two would overlap.

    codes: (n, 2); labels: (n,) integers; room: the (width, height) that a written label takes, in units of the codes.
    Returns a list of [label, x, y].
    """
    room = np.asarray(room, "float64")
    classes = np.unique(labels)
    places = np.array([np.median(codes[labels == label], axis=0) for label in classes]) / room
    for _ in range(60):
        for i in range(len(places)):
            for j in range(i):
                gap = places[i] - places[j]
                distance = np.hypot(*gap)
                if distance < 1:
                    push = (1 - distance) / 2 * (gap / distance if distance else np.array([0.0, 1.0]))
                    places[i] += push
                    places[j] -= push
    return [[int(label), float(x), float(y)] for label, (x, y) in zip(classes, places * room, strict=True)]


def scatter_codes(codes, labels, ax=None, label_size=13, **kwargs):
    """Scatter (n, 2) codes coloured by label (n,), the digit written near the middle of its cluster.

    Axes keep their own scales; pass `ax` to draw beside other things. Returns the axes.
    """
    codes = check_points(codes, "codes", latent_dim=2)
    labels = check_labels(labels, len(codes))
    ax = ax or plt.subplots()[1]
    ax.scatter(codes[:, 0], codes[:, 1], c=np.array(CLASS_COLOURS)[labels], **{"s": 3, "linewidths": 0, **kwargs})
    box = ax.get_window_extent()
    share = 1.05 * label_size / 72 * ax.figure.dpi / np.array([box.width, box.height])  # a label's share of the axes
    for label, x, y in place_labels(codes, labels, share * [np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())]):
        text = ax.text(x, y, str(label), fontsize=label_size, weight="bold", color=INK, ha="center", va="center")
        text.set_path_effects([effects.withStroke(linewidth=3, foreground=PAPER)])
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax
