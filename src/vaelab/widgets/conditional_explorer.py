"""The conditional decoder under the reader's finger: one point of the plane, ten labels, and what is drawn for each."""

import math

import numpy as np
import traitlets

from vaelab.checks import check_labels, check_points
from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED
from vaelab.widgets.chain import run, steps_of
from vaelab.widgets.figure import LivingFigure, code, finite_pair
from vaelab.widgets.packing import pack, without_blank

LABELS = 10


class ConditionalExplorer(LivingFigure):
    """A plane with a movable point, ten labels to choose from, and what a conditional decoder draws there for each.

    decoder: a keras.Model of codes (n, 2) and labels (n,), integers 0 to 9, to logits (n, h, w, 1), as
        `vaelab.conditional.build_conditional_decoder` makes it: a chain of Dense layers whose first sees the label,
        either as ten numbers after the code or as an Embedding added to it. The sigmoid is taken in the browser.
    codes: (n, 2), finite, to be shown as dots, with labels (n,), integers 0 to 9; both or none.
    label, start: the label and the point shown first. reach: the square is [-reach, reach] on both axes.

    `explorer.point` is the point, a list of 2 floats, clamped to the square; `explorer.label` the label. Both can be
    read and set. The weights travel once: for each label only the first layer's bias differs, so the browser gets the
    layers and ten bias vectors (the first kernel's two rows for the code, then ten rows, each added to the bias).
    Raises ValueError or TypeError for a decoder that cannot run in the browser and for bad codes, labels or numbers.
    """

    _esm, _css = code("plane", "conditional_explorer")
    _still_height = 4.4

    # {"dtype", "steps", "shape", "places"}, see packing.py; the first layer sees 2 + 10
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)  # float32, little endian, x0 y0 x1 y1 ...
    labels = traitlets.Bytes().tag(sync=True)  # one byte for each code
    view = traitlets.Dict().tag(sync=True)  # {"reach", "start"}
    point = traitlets.TraitType((0.0, 0.0)).tag(sync=True)  # see _clamp
    label = traitlets.Int(0).tag(sync=True)

    def __init__(self, decoder, codes=None, labels=None, *, label=3, start=(0.0, 0.0), reach=3.0):
        if (codes is None) != (labels is None):
            raise ValueError(tr("Of codes and labels one was given; expected both or none."))
        codes = np.empty((0, 2)) if codes is None else check_points(codes, "codes", 2)
        labels = np.empty(0, int) if labels is None else check_labels(labels, len(codes), classes=LABELS)
        if isinstance(reach, bool) or not np.isscalar(reach) or not 0 < reach < math.inf:
            raise ValueError(tr("reach is {reach!r}; expected a number above 0.").format(reach=reach))
        self._reach = float(reach)
        steps = _read(decoder)
        shape = tuple(decoder.output_shape[1:3])
        side = np.linspace(-reach, reach, 25)
        plane = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
        seen = np.concatenate([np.tile(plane, (LABELS, 1)), np.repeat(np.eye(LABELS), len(plane), axis=0)], axis=1)
        seen = np.random.default_rng(0).permutation(seen)  # pack_within takes every second point for rounding
        places, few = without_blank(steps, seen)
        network, weights = pack(_Flat(decoder, places), few, seen, logits=True)
        self._draw = lambda z, label: run([*steps, "sigmoid"], [[*z, *np.eye(LABELS)[label]]])[0].reshape(shape)
        super().__init__(
            network={**network, "shape": list(shape), "places": places.tolist()},
            weights=weights,
            codes=codes.astype("<f4").tobytes(),
            labels=labels.astype("u1").tobytes(),
            view={"reach": self._reach, "start": finite_pair(start, "point")},
            strings=_strings(),
            point=start,
            label=label,
        )

    @traitlets.validate("point")
    def _clamp(self, proposal):
        return np.clip(finite_pair(proposal["value"], "point"), -self._reach, self._reach).tolist()

    @traitlets.validate("label")
    def _is_label(self, proposal):
        if not 0 <= proposal["value"] < LABELS:
            raise ValueError(tr("label is {label}; expected a label from 0 to 9.").format(label=proposal["value"]))
        return proposal["value"]

    def __repr__(self):
        return tr("ConditionalExplorer: label {label}, point ({x}, {y})").format(
            label=self.label, x=f"{self.point[0] + 0:.2f}", y=f"{self.point[1] + 0:.2f}"
        )

    def _still(self, figure):
        above, below = figure.subfigures(2, 1, height_ratios=(3.4, 1))
        plane, image = above.subplots(1, 2)
        codes, labels = np.frombuffer(self.codes, "<f4").reshape(-1, 2), np.frombuffer(self.labels, "u1")
        for own, colour in ((False, MUTED), (True, ACCENT)):
            plane.plot(*codes[(labels == self.label) == own].T, ".", ms=1.5, color=colour)
        for radius in (1, 2):
            angle = np.linspace(0, 2 * np.pi, 100)
            plane.plot(radius * np.cos(angle), radius * np.sin(angle), "--", color=MUTED, lw=0.8)
        plane.plot(*self.point, "o", ms=10, mfc="none", mec=INK, mew=2)
        plane.set(xlim=(-self._reach, self._reach), ylim=(-self._reach, self._reach), aspect="equal")
        plane.set(xlabel="$z_1$", ylabel="$z_2$")
        plane.tick_params(labelsize=8)
        thumbnails = below.subplots(1, LABELS)
        for ax, label in [(image, self.label), *zip(thumbnails, range(LABELS), strict=True)]:
            ax.imshow(self._draw(self.point, label), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.set_xlabel(str(label), fontsize=9)


class _Flat:
    """Some pixels of the decoder as a function of one array (n, 2 + 10), code and one-hot label, for `pack`."""

    def __init__(self, decoder, places):
        self.decoder, self.places = decoder, places

    def __call__(self, seen, training=False):
        from keras import ops

        logits = self.decoder([seen[:, :2], seen[:, 2:].argmax(axis=1)], training=training)
        return ops.take(ops.reshape(logits, (len(seen), -1)), self.places, axis=1)


def _read(decoder):
    """The decoder's steps as in `chain.read_chain`, but the first kernel is (2 + 10, units), code then label."""
    import keras
    from keras import layers

    if not isinstance(decoder, keras.Model):
        raise TypeError(tr("The decoder is a {kind}; expected a keras.Model.").format(kind=type(decoder).__name__))
    shapes = [tuple(part.shape) for part in getattr(decoder, "inputs", None) or []]
    if shapes != [(None, 2), (None,)]:
        raise ValueError(
            tr("The decoder takes inputs of shapes {shapes}; expected (None, 2), codes, and (None,), labels.").format(
                shapes=shapes
            )
        )
    made = tuple(decoder.output_shape)
    if len(made) != 4 or made[3] != 1 or None in made[1:]:
        raise ValueError(
            tr("The decoder gives arrays of shape {made}; expected (None, height, width, 1).").format(made=made)
        )
    steps, rows = [], np.empty((0, 0), "float32")
    for layer in decoder.layers:
        if isinstance(layer, layers.Embedding):
            rows = layer.embeddings.numpy().astype("float32")
        elif not isinstance(layer, layers.Concatenate | layers.Add):
            steps += steps_of(layer)
    kernel, bias = steps[0] if steps and isinstance(steps[0], tuple) else (rows, None)
    if rows.size:
        kernel = np.concatenate([kernel, rows]) if rows.shape[1] == kernel.shape[1] else rows
    if bias is None or kernel.shape[0] != 2 + LABELS:
        raise ValueError(
            tr(
                "The decoder's first Dense layer sees a kernel of shape {shape} with its labels; "
                "expected (12, units): 2 numbers of the code and 10 labels."
            ).format(shape=kernel.shape)
        )
    if not isinstance(steps[-1], tuple):
        raise ValueError(
            tr("The decoder ends in {name!r}; expected logits, without activation.").format(name=steps[-1])
        )
    return [(kernel, bias), *steps[1:]]


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("One z, ten digits."),
        "try": tr("Keep the point and change the digit: what stays? Then move to the rim: what changes?"),
        "plane": tr("Plane of codes with a movable point; the keys 0 to 9 choose the digit"),
        "choose": tr("The same z, drawn as each digit. Choose one:"),
        "pin": tr("Pin this handwriting"),
        "unpin": tr("Take the pin out"),
        "pinned": tr("Below each: the pinned z = ({x}, {y})."),
        "digit": tr("digit {label}"),
        "where": tr("z = ({x}, {y}), label {label}."),
        "rare": tr("Of draws from N(0, I), {percent} % lie farther out."),
        "image": tr("Image drawn for label {label}, {width} by {height} pixels, {ink} % ink"),
        "caption": tr("The decoder's image at z, asked for a {label}"),
        "codes": tr("codes of images of a {label}"),
        "others": tr("codes of other digits"),
        "hint": tr(
            "Drag or click in the plane, or use the arrow keys: Shift for bigger steps, Home for the start, "
            "0 to 9 for the digit. Dashed: the circles outside of which 61 % and 14 % of N(0, I) lie."
        ),
    }
