"""A small VAE that is trained in the browser, with the slips of a first own implementation to switch on."""

import zlib

import numpy as np
import traitlets

from vaelab.language import current_language, tr
from vaelab.style import CLASS_COLOURS
from vaelab.widgets.data_file import HeavyFigure, read_data_file
from vaelab.widgets.figure import code

FILE = "slip_trainer.bin"  # made by `make results N=slip_trainer`
BETAS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)


class SlipTrainer(HeavyFigure):
    """A VAE of 784-32-(2+2) and 2-32-784 units that the browser trains on 2,000 digits, in thirty epochs.

    The first digits of MNIST's training set, in 16 greys; ReLU, Adam with a learning rate of 0.005, batches of 100. The
    loss is the cross-entropy summed over the pixels plus beta times the KL divergence, in nats per image. Curves, codes
    and decoded pictures change while it trains; the last finished run stays in sight as a pale line, one
    without a slip before all others.

    The reader switches on: by_variance, the variance takes the place of the standard deviation in the draw;
    one_epsilon, one pair of noise, drawn once, serves every image in every step; mean_for_sum, the error is averaged
    over the pixels instead of summed; beta, one of 0, 0.1, 0.3, 1, 3, 10. seed: of weights, order and noise, a whole
    number from 0 to a million. All can be read and set later. Raises ValueError for another beta or seed.
    """

    _esm, _css = code("plane", "data_file", "slip_trainer")
    _still_height = 3.2

    by_variance = traitlets.Bool(False).tag(sync=True)
    one_epsilon = traitlets.Bool(False).tag(sync=True)
    mean_for_sum = traitlets.Bool(False).tag(sync=True)
    beta = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    betas = traitlets.List(list(BETAS)).tag(sync=True)
    colours = traitlets.List(list(CLASS_COLOURS)).tag(sync=True)

    def __init__(self, *, by_variance=False, one_epsilon=False, mean_for_sum=False, beta=1.0, seed=0):
        slips = {"by_variance": by_variance, "one_epsilon": one_epsilon, "mean_for_sum": mean_for_sum}
        super().__init__(data_file=FILE, strings=_strings(), **slips, beta=beta, seed=seed)

    @traitlets.validate("beta")
    def _is_offered(self, proposal):
        if proposal["value"] not in BETAS:
            words = {"beta": proposal["value"], "offered": ", ".join(f"{beta:g}" for beta in BETAS)}
            raise ValueError(tr("beta is {beta}; expected one of {offered}.").format(**words))
        return proposal["value"]

    @traitlets.validate("seed")
    def _is_small(self, proposal):
        if not 0 <= proposal["value"] <= 1_000_000:
            message = tr("seed is {seed}; expected a whole number from 0 to 1,000,000.")
            raise ValueError(message.format(seed=proposal["value"]))
        return proposal["value"]

    def __repr__(self):
        slips = [name for name in ("by_variance", "one_epsilon", "mean_for_sum") if getattr(self, name)]
        return tr("SlipTrainer: {slips}, beta {beta}, seed {seed}").format(
            slips=", ".join(slips) or tr("no slip"), beta=f"{self.beta:g}", seed=self.seed
        )

    def _still(self, figure):
        for ax, image in zip(figure.subplots(5, 12).flat, training_images(), strict=False):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set_axis_off()
        figure.supxlabel(tr("Sixty of the 2,000 digits on which the browser trains"), fontsize=9)


def training_images():
    """The digits on which the browser trains, (2000, 28, 28) in [0, 1]."""
    description, packed = read_data_file(FILE)["digits"]
    packed = np.frombuffer(zlib.decompress(packed, wbits=-zlib.MAX_WBITS), "u1")
    return np.stack([packed >> 4, packed & 15], -1).reshape(description["count"], 28, 28) / 15


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("Break it yourself."),
        "try": tr("Train without a slip. Then guess what one does to codes and loss, switch it on, and train."),
        "by_variance": tr("variance for σ"),
        "one_epsilon": tr("one ε for ever"),
        "mean_for_sum": tr("mean for sum"),
        "beta": tr("price β"),
        "clean": tr("no slip"),
        "train": tr("Train"),
        "pause": tr("Pause"),
        "go_on": tr("Go on"),
        "another": tr("Another seed"),
        "untrained": tr("Not trained yet."),
        "loading": tr("The digits are on their way. In a notebook, run this cell."),
        "failed": tr("The training does not start here. Try to reload the page."),
        "epoch": tr("Epoch {epoch} of {count}, seed {seed}."),
        "terms": tr("Reported: {error} + {kl} = {loss}. Measured rightly: {right} nats."),
        "pale": tr("Pale, a finished run: {name}, seed {seed}, {right} nats."),
        "codes": tr("Means of 300 digits; the circle has radius 2."),
        "grid": tr("Decoded codes from −2.1 to 2.1, both ways."),
        "loss": tr("Loss in nats, as reported (dashed: its error); in red, measured rightly."),
        "kl": tr("KL in nats, over the epochs."),
        "small": tr(
            "Measured rightly: the error under a correct draw, summed over the pixels, plus once the KL. All are means "
            "over the epoch. The training rests while the figure is out of sight."
        ),
    }
