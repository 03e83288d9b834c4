"""A pad to write a digit on: a VAE at work on it stage by stage, and the exact posterior beside the encoder's."""

import math

import numpy as np
import traitlets

from vaelab.checks import check_points
from vaelab.language import current_language, tr
from vaelab.style import ACCENT, MUTED
from vaelab.widgets.chain import run
from vaelab.widgets.data_file import HeavyFigure, read_data_file, unpack
from vaelab.widgets.figure import code

SIDE, DRAWS = 28, 8
FILE = "digit_writer.bin"  # made by `make results N=digit_writer`


class DigitWriter(HeavyFigure):
    """A pad on which the reader writes a digit, and what chapter 07's VAE makes of it, stage by stage, in the browser.

    The drawing is centred and scaled as MNIST's digits are (LeCun et al., 1998): it fills a box of 20 x 20 pixels, and
    its centre of mass is moved by whole pixels to the middle of 28 x 28. The stored VAE (`load_vae()`: two dimensions,
    grey pixels, seed 0) encodes it to an ellipse, decodes eight draws from it, and gives reconstruction and KL in
    nats. On demand the exact posterior is computed on a grid and drawn beside the ellipse.

    image: the digit shown first, (28, 28) or (28, 28, 1) in [0, 1]; by default a test image of a 4.
    epsilon: the noise of the draws, (8, 2), finite; by default drawn from N(0, 1) with a fixed seed.

    `writer.image` is what stands on the pad as an MNIST image, (28, 28) float64 in steps of 1/255; set it to put a
    digit there, read it to take the reader's own. Networks and test digits lie in a file of the package
    (`data_file.py`). Raises ValueError for an image or noise of another shape or range.
    """

    _esm, _css = code("plane", "data_file", "posterior", "digit_writer")
    _still_height = 3.7

    pixels = traitlets.CBytes(bytes(SIDE * SIDE)).tag(sync=True)  # one byte each, row after row
    epsilon = traitlets.List().tag(sync=True)

    def __init__(self, image=None, *, epsilon=None):
        if epsilon is None:
            epsilon = np.random.default_rng(0).standard_normal((DRAWS, 2)).round(4)
        epsilon = check_points(epsilon, "epsilon", 2)
        if image is None:
            description, images = read_data_file(FILE)["images"]
            start = description["labels"].index(4) * SIDE * SIDE
            pixels = images[start : start + SIDE * SIDE]
        else:
            pixels = _to_bytes(image)
        super().__init__(data_file=FILE, pixels=pixels, epsilon=epsilon.tolist(), strings=_strings())

    @property
    def image(self):
        return np.frombuffer(self.pixels, "u1").reshape(SIDE, SIDE) / 255

    @image.setter
    def image(self, value):
        self.pixels = _to_bytes(value)

    @traitlets.validate("pixels")
    def _is_an_image(self, proposal):
        if len(proposal["value"]) != SIDE * SIDE:
            raise ValueError(tr("pixels has {n} bytes; expected 784.").format(n=len(proposal["value"])))
        return proposal["value"]

    def __repr__(self):
        mean, _, draws, reconstruction, kl = self._pass()
        words = {"x": f"{mean[0]:.2f}", "y": f"{mean[1]:.2f}", "n": len(draws)}
        return tr("DigitWriter: mean ({x}, {y}), {reconstruction} + {kl} nats over {n} draws").format(
            **words, reconstruction=f"{reconstruction:.1f}", kl=f"{kl:.1f}"
        )

    def _pass(self):
        """What the browser shows: q's mean and standard deviations, (draws, images), reconstruction and KL in nats."""
        parts = read_data_file(FILE)
        x = self.image.ravel()
        out = run(unpack(*parts["encoder"]), [x])[0]
        mean, log_var = out[:2], out[2:]
        z = mean + np.exp(0.5 * log_var) * np.array(self.epsilon)
        logits = run(unpack(*parts["decoder"]), z)
        reconstruction = (np.logaddexp(0, logits) - x * logits).sum(axis=1).mean()
        kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum()
        return mean, np.exp(0.5 * log_var), list(zip(z, 1 / (1 + np.exp(-logits)), strict=True)), reconstruction, kl

    def _still(self, figure):
        from matplotlib.patches import Ellipse

        mean, sd, draws, reconstruction, kl = self._pass()
        description, codes = read_data_file(FILE)["codes"]
        codes = np.frombuffer(codes, "<i2").reshape(-1, 2) * description["scale"]
        above, below = figure.subfigures(2, 1, height_ratios=(2.5, 1))
        pad, plane, lens = above.subplots(1, 3)
        pad.imshow(self.image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        pad.set(xticks=[], yticks=[])
        plane.plot(*codes.T, ".", ms=1.5, color=MUTED)
        plane.plot(*mean, "s", ms=10, mfc="none", mec=ACCENT, mew=2)
        plane.set(xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), aspect="equal")
        half = 4 * sd.max()
        for times in (1, 2):
            lens.add_patch(Ellipse(mean, *(2 * times * sd), fill=False, ec=ACCENT, lw=1.8))
        lens.plot(*np.array([z for z, _ in draws]).T, ".", color=ACCENT)
        lens.set(xlim=(mean[0] - half, mean[0] + half), ylim=(mean[1] - half, mean[1] + half), aspect="equal")
        for ax in (plane, lens):
            ax.set(xlabel="$z_1$", ylabel="$z_2$")
            ax.tick_params(labelsize=7)
        for ax, (_, image) in zip(below.subplots(1, len(draws)), draws, strict=True):
            ax.imshow(image.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
        words = {"reconstruction": f"{reconstruction:.1f}", "kl": f"{kl:.1f}", "loss": f"{reconstruction + kl:.1f}"}
        below.supxlabel(self.strings["terms"].format(**words), fontsize=9)


def _to_bytes(image):
    image = np.asarray(image, "float64")
    if image.shape not in ((SIDE, SIDE), (SIDE, SIDE, 1)):
        raise ValueError(tr("image has shape {shape}; expected (28, 28) or (28, 28, 1).").format(shape=image.shape))
    if not (image >= 0).all() or not (image <= 1).all() or not math.isfinite(image.sum()):
        raise ValueError(tr("image has values outside [0, 1]; expected pixels in [0, 1]."))
    return np.floor(255 * image + 0.5).astype("u1").tobytes()


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("Write a digit"),
        "try": tr("On the pad, with mouse, finger or keys, or take a test digit. Which does the encoder misplace?"),
        "pad": tr("Pad to write a digit on, 28 by 28"),
        "invitation": tr("Write a digit here"),
        "up": tr("Pen up at {x}, {y}"),
        "down": tr("Pen down at {x}, {y}"),
        "seen": tr("What the encoder gets, made as MNIST is"),
        "image": tr("The digit as the encoder gets it, 28 by 28 pixels, {ink} % ink"),
        "lens": tr("Enlarged from the plane of 1,000 test digits: the encoder's mean ± one and two sd, eight draws."),
        "both": tr(
            "Solid: the encoder's q. Dashed: the exact posterior, around the same shares. Gap: KL(q ‖ posterior)."
        ),
        "choose": tr("Test digits"),
        "digit": tr("Take a test image of a {digit}"),
        "clear": tr("Clear"),
        "draws": tr("The decoder's images of the eight draws"),
        "draw": tr("Draw again"),
        "show": tr("Show the exact posterior"),
        "hide": tr("Hide the exact posterior"),
        "terms": tr("Reconstruction {reconstruction} + KL {kl} = {loss} nats"),
        "where": tr("Encoder: ({x}, {y}) ± ({across}, {up})."),
        "computing": tr("The exact posterior is being computed."),
        "posterior": tr("Exact: ({x}, {y}) ± ({across}, {up}). Gap: {gap} nats."),
        "empty": tr("The pad is empty."),
        "loading": tr("The networks are on their way. In a notebook, run this cell."),
        "failed": tr("The networks did not load. Try to reload the page."),
        "hint": tr(
            "Keys: arrows move the pen (Shift: farther), Space puts it down and lifts it, Backspace takes a line back, "
            "0 to 9 take a test digit. The reconstruction is averaged over the eight draws."
        ),
    }
