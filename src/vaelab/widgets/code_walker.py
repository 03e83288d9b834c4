"""Two lines between two codes of many dimensions, walked by the reader at the same time, and directions to add."""

import itertools
import math

import numpy as np
import traitlets
from scipy.stats import chi

from vaelab.checks import check_points
from vaelab.experiments.chapter10 import spherical_line, straight_line
from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED
from vaelab.widgets.chain import layers_of, run, steps_of
from vaelab.widgets.figure import LivingFigure, code, finite_number, finite_pair
from vaelab.widgets.packing import BITS, pack_within, without_blank

MOST = 2.0  # how many times a direction can be added or taken away
TOLERANCE = 0.01  # weights get the fewest bits that keep every pixel this close to Keras'
POINTS = 4000  # places that the reader can reach, drawn at random, to pack for and to check at


class CodeWalker(LivingFigure):
    """What a decoder draws on the straight and on the spherical line between two codes, and how long the codes are.

    decoder: a keras.Model of codes (n, latent_dim) to logits (n, h, w, 1), a chain of Dense layers, see
        `vaelab.widgets.chain`. The sigmoid is taken in the browser.
    codes: (n, latent_dim), the ends to choose from, n at least 2, no two on one line through 0; names: n texts.
    directions: a dict from names to vectors (latent_dim,), each with a slider from -2 to 2 times the vector.
    start: the places, in codes, of the two ends shown first.

    Traits that follow the reader and can be set: `ends`, two places in codes; `way`, from 0 to 1; `amounts`, one
    number for each direction. The weights travel once, in 7 or 8 bits each and without pixels that stay blank. Raises
    ValueError or TypeError for a decoder that cannot run in the browser, or not within 0.01 of its pixels, and for bad
    codes, names, directions or ends.
    """

    _esm, _css = code("plane", "code_walker")
    _still_height = 4.2

    network = traitlets.Dict().tag(sync=True)  # {"dtype", "steps", "shape", "places"}, see packing.py
    weights = traitlets.Bytes().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)  # {"codes", "names", "directions", "most", "shares", "band"}
    ends = traitlets.TraitType((0, 1)).tag(sync=True)
    way = traitlets.TraitType(0.5).tag(sync=True)
    amounts = traitlets.TraitType(()).tag(sync=True)

    def __init__(self, decoder, codes, names, directions, *, start=(0, 1)):
        codes = check_points(codes, "codes", decoder.input_shape[-1] if hasattr(decoder, "input_shape") else None)
        if len(codes) < 2 or len(names) != len(codes):
            raise ValueError(
                tr("There are {n} codes and {names} names; expected at least 2 of each, as many.").format(
                    n=len(codes), names=len(names)
                )
            )
        for name, vector in directions.items():
            if np.shape(vector) != codes.shape[1:] or not np.isfinite(vector).all():
                raise ValueError(
                    tr("The direction {name!r} has shape {shape}; expected {wanted}, finite.").format(
                        name=name, shape=np.shape(vector), wanted=codes.shape[1:]
                    )
                )
        self._codes, self._vectors = (
            codes.astype("float64"),
            np.array([*directions.values()]).reshape(-1, codes.shape[1]),
        )
        steps, self._shape = _read(decoder), tuple(decoder.output_shape[1:3])
        self._draw = lambda z: run([*steps, "sigmoid"], z).reshape(-1, *self._shape)
        network, weights = _pack(steps, self._reachable())
        lengths = np.arange(0, 2 * math.sqrt(codes.shape[1]) + 4, 0.05)
        super().__init__(
            network={**network, "shape": list(self._shape)},
            weights=weights,
            view={
                "codes": codes.astype(float).round(5).tolist(),
                "names": [*names],
                "directions": dict(zip(directions, self._vectors.astype(float).round(5).tolist(), strict=True)),
                "most": MOST,
                "shares": chi.cdf(lengths, codes.shape[1]).round(6).tolist(),  # at lengths 0, 0.05, 0.1, ...
                "band": chi.ppf([0.01, 0.99], codes.shape[1]).round(3).tolist(),
            },
            strings=_strings(),
            ends=start,
            amounts=[0.0] * len(directions),
        )

    @traitlets.validate("ends")
    def _places(self, proposal):
        ends = finite_pair(proposal["value"], "ends")
        if any(end not in range(len(self._codes)) for end in ends):
            raise ValueError(
                tr("ends is {value!r}; expected two whole numbers from 0 to {most}.").format(
                    value=proposal["value"], most=len(self._codes) - 1
                )
            )
        return [int(end) for end in ends]

    @traitlets.validate("way")
    def _share(self, proposal):
        return float(np.clip(finite_number(proposal["value"], "way"), 0, 1))

    @traitlets.validate("amounts")
    def _clamp(self, proposal):
        amounts = [float(np.clip(finite_number(value, "amounts"), -MOST, MOST)) for value in proposal["value"]]
        if len(amounts) != len(self._vectors):
            raise ValueError(
                tr("amounts has {n} numbers; expected {wanted}, one for each direction.").format(
                    n=len(amounts), wanted=len(self._vectors)
                )
            )
        return amounts

    def _reachable(self):
        """Codes that the reader can reach, drawn at random, (POINTS, latent_dim)."""
        rng = np.random.default_rng(0)
        pairs = rng.choice(list(itertools.permutations(range(len(self._codes)), 2)), POINTS)
        way, amounts = rng.random((POINTS, 1)), rng.uniform(-MOST, MOST, (POINTS, len(self._vectors)))
        start, end = self._codes[pairs.T]
        lines = np.where(way < rng.random((POINTS, 1)), straight_line(start, end, way), spherical_line(start, end, way))
        return lines + amounts @ self._vectors

    def _at(self, way):
        """The codes at a share of the way, [straight, spherical], each (1, latent_dim)."""
        start, end = self._codes[[self.ends]].swapaxes(0, 1)
        added = np.array(self.amounts) @ self._vectors
        turned = straight_line if self.ends[0] == self.ends[1] else spherical_line
        return [line(start, end, way) + added for line in (straight_line, turned)]

    def __repr__(self):
        straight, spherical = (np.linalg.norm(z) for z in self._at(self.way))
        return tr("CodeWalker: {way:.0%} from {start} to {end}, |z| = {straight:.2f} and {spherical:.2f}").format(
            way=self.way, start=self.view["names"][self.ends[0]], end=self.view["names"][self.ends[1]],
            straight=straight, spherical=spherical,
        )  # fmt: skip

    def _still(self, figure):
        axes = figure.subplot_mosaic([["straight", "spherical", "length"]], width_ratios=[1, 1, 1.4])
        ways = np.linspace(0, 1, 51)
        lengths = np.array([[np.linalg.norm(z) for z in self._at(way)] for way in ways])
        axes["length"].axhspan(*self.view["band"], color=MUTED, alpha=0.15, lw=0)
        for i, (name, colour) in enumerate((("straight", INK), ("spherical", ACCENT))):
            axes[name].imshow(self._draw(self._at(self.way)[i])[0], cmap="gray_r", vmin=0, vmax=1)
            axes[name].set(xticks=[], yticks=[], title=self.strings[name])
            axes["length"].plot(ways, lengths[:, i], color=colour)
            axes["length"].plot(self.way, np.linalg.norm(self._at(self.way)[i]), "o", color=colour)
        axes["length"].set(xlabel=self.strings["way"], ylabel=self.strings["length"], ylim=(0, None))


def _read(decoder):
    """The decoder's steps, as in `vaelab.widgets.chain.read_chain`, for codes of any number of dimensions."""
    steps = [step for layer in layers_of(decoder) for step in steps_of(layer)]
    made = tuple(decoder.output_shape)
    if len(made) != 4 or made[3] != 1 or None in made[1:] or not steps or not isinstance(steps[-1], tuple):
        raise ValueError(
            tr("The decoder gives arrays of shape {made}; expected logits (None, height, width, 1).").format(made=made)
        )
    return steps


def _pack(steps, points):
    """(description, bytes) of the steps without pixels that stay blank at the points, see packing.py."""
    places, few = without_blank(steps, points)
    few = [*few, "sigmoid"]
    packed, error = pack_within(few, points, run(few, points), [(bits, TOLERANCE) for bits in BITS])
    if packed is None:
        raise ValueError(
            tr(
                "Rounded for the browser, the decoder misses its own pixels by {error:.3g}; expected at most {most}."
            ).format(error=error, most=TOLERANCE)
        )
    description, weights = packed
    return {**description, "places": places.tolist()}, weights


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("The straight line and the round one."),
        "try": tr("Walk from one end to the other: where do the two pictures differ most, and where do the lengths?"),
        "from": tr("from"),
        "to": tr("to"),
        "play": tr("Play"),
        "pause": tr("Pause"),
        "way": tr("way done"),
        "percent": tr("{percent} %"),
        "straight": tr("straight line"),
        "spherical": tr("spherical line"),
        "difference": tr("difference"),
        "difference_image": tr(
            "Difference of the two images, {share} % of full ink a pixel on average: red where the spherical line has "
            "more ink, dark where the straight one has"
        ),
        "length": tr("length of z"),
        "band": tr("98 of 100 points of N(0, I)"),
        "image": tr("Image decoded on the {line}, {percent} % of the way from {start} to {end}"),
        "picture": tr(
            "Length of z along the two lines; the straight one's is smallest at {low}, the other's at {round}."
        ),
        "readout": tr("Length of z: {straight} on the straight line, {spherical} on the spherical one."),
        "share": tr("Of points of N(0, I), {straight} % and {spherical} % lie nearer to 0."),
        "small": tr(
            "Move along both lines with the slider, or drag across a picture or the curves. The other sliders add a "
            "direction to z or, below 0, take it away. Solid line: straight; dashed: spherical. Difference: red where "
            "the spherical line has more ink, dark where the straight one has."
        ),
    }
