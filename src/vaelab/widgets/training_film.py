"""The film of a training: codes, pictures, loss and KL at some forty moments, under one slider."""

import zlib

import numpy as np
import traitlets

from vaelab.language import current_language, tr
from vaelab.style import ACCENT, CLASS_COLOURS, INK, MUTED
from vaelab.widgets.data_file import HeavyFigure, read_data_file
from vaelab.widgets.figure import code

SHEET = 5 * 28 + 4 * 2  # 5 x 5 pictures, two white pixels between them
CODES = 200  # so many test images, twenty of each digit
FILMS = ("autoencoder", "vae", "collapse")


class TrainingFilm(HeavyFigure):
    """What a training did at some forty of its steps, denser at the start: a film to play, or to move through.

    film: "autoencoder" (chapter 01), "vae" (07) or "collapse" (08c: two films, without and with a warm-up of beta,
        and a box that changes from one to the other). Each shows codes of 200 test images, those of a VAE with an
        ellipse around each of the first twenty; 25 pictures of the decoder; the test and training loss on logarithmic
        axes; and a second drawing: how far the codes spread, the KL, or the KL of each latent dimension.
    moment: the moment shown first, from 0; the trait follows the reader and can be set. warm_up: which of the two.

    Films are made by `make results N=film_vae` and so on; codes and pictures come when the figure is near the screen.
    Raises ValueError for an unknown film and for a moment that it lacks.
    """

    _esm, _css = code("plane", "data_file", "training_film")
    _still_height = 3.4

    moment = traitlets.Int(0).tag(sync=True)
    warm_up = traitlets.Bool(False).tag(sync=True)
    films = traitlets.Dict().tag(sync=True)  # the descriptions, "": one film, or "without" and "with"
    colours = traitlets.List(list(CLASS_COLOURS)).tag(sync=True)

    def __init__(self, film, *, moment=0, warm_up=False):
        if film not in FILMS:
            raise ValueError(tr("film is {film!r}; expected {known}.").format(film=film, known=", ".join(FILMS)))
        file = f"film_{film}.bin"
        self._films = read_film(file)
        films = {name: one["described"] for name, one in self._films.items()}
        self._name = film
        super().__init__(data_file=file, films=films, moment=moment, warm_up=warm_up, strings=_strings(film))

    def __repr__(self):
        return tr("TrainingFilm: {film}").format(film=self._name)

    @traitlets.validate("moment")
    def _in_the_film(self, proposal):
        count = len(next(iter(self._films.values()))["described"]["steps"])
        if not 0 <= proposal["value"] < count:
            raise ValueError(
                tr("moment is {moment}; expected 0 to {last}.").format(moment=proposal["value"], last=count - 1)
            )
        return proposal["value"]

    def _still(self, figure):
        from matplotlib.patches import Ellipse

        film = next(iter(self._films.values()))
        described = film["described"]
        plane, pictures, curve = figure.subplots(1, 3)
        codes = film["codes"][-1]
        for label, (x, y) in zip(described["labels"][:100], codes[:100], strict=False):
            plane.text(x, y, label, color=INK, fontsize=7, ha="center", va="center", clip_on=True)
        sds = described.get("sds", 1)
        for centre, sd in zip(codes[:20], film["sd"][-1], strict=False):
            plane.add_patch(Ellipse(centre, *(2 * sds * sd), fill=False, ec=ACCENT))
        if described.get("prior"):
            plane.add_patch(Ellipse((0, 0), 2 * sds, 2 * sds, fill=False, ec=INK, ls="--"))
        x, y, half = described["frames"][-1] if "frames" in described else (0, 0, described["reach"])
        plane.set(xlim=(x - half, x + half), ylim=(y - half, y + half), aspect="equal")
        pictures.imshow(film["pictures"][-1], cmap="gray_r", interpolation="nearest")
        pictures.set(xticks=[], yticks=[])
        curve.loglog(described["steps"][1:], described["test"][1:], color=ACCENT)
        curve.loglog(described["steps"][1:], described["training"][1:], "--", color=MUTED)
        curve.set_title(self.strings["curve"], fontsize=7)
        for ax in (plane, curve):
            ax.tick_params(labelsize=7, which="both")


def read_film(file):
    """The films of a file, by name: "described" (steps, losses, KL in nats, ...), and three arrays for the moments.

    "codes" and "sd", (moments, 200, 2), float64, and "pictures", (moments, 148, 148), 5 x 5 of them on a sheet, pixels
    in steps of 1/15 from 0, white, to 1.
    """
    parts, films = read_data_file(file), {}
    for part, (described, data) in parts.items():
        name, _, kind = part.rpartition(" ")
        if kind == "pictures":
            packed = np.frombuffer(zlib.decompress(data), "u1")
            sheets = np.stack([packed >> 4, packed & 15], -1).reshape(-1, SHEET, SHEET) / 15
            films[name]["pictures"] = sheets
        else:
            numbers = np.frombuffer(data, "<i2").reshape(-1, CODES, 4) * described["scale"]
            described = {key: value for key, value in described.items() if key != "bytes"}
            films[name] = {"described": described, "codes": numbers[..., :2], "sd": numbers[..., 2:]}
    return films


def _strings(film):
    """All that the browser says, in the language in use. Numbers are formatted there."""
    own = {
        "autoencoder": {
            "title": tr("An autoencoder's training."),
            "try": tr("Guess what comes first: do the codes spread, or do kinds part? Then play it."),
            "codes": tr("Codes of test images. The frame follows them: it is {width} units wide."),
            "pictures": tr("25 test images, reconstructed."),
            "readout": [
                tr("Step {step}: test MSE {test}."),
                tr("Of 100 test codes {kin} have a nearest neighbour of their kind."),
            ],
            "curve": tr("MSE: test solid, training dashed"),
            "second": tr("Width of the frame, in units"),
        },
        "vae": {
            "title": tr("A VAE fills its prior."),
            "try": tr("Guess: do the ellipses first grow or shrink? Then play it."),
            "codes": tr("Means, from −{edge} to {edge}. Ellipses: two sd of q; dashed: of the prior."),
            "pictures": tr("The plane, decoded at 25 equal shares of the prior."),
            "readout": [
                tr("Step {step}: test −ELBO {test} nats, of which KL {nats}."),
                tr("The means' sd is {spread}, a typical ellipse's {typical_sd}."),
            ],
            "second": tr("KL, in nats"),
        },
        "collapse": {
            "title": tr("A dimension collapses."),
            "try": tr("Guess when the bars fall. Then play it, without warm-up and with it."),
            "codes": tr("Dimension {down} over {across}, from −{reach} to {reach}; ellipses: one sd."),
            "pictures": tr("25 test images, reconstructed."),
            "readout": [
                tr("Step {step}: test −ELBO {test} nats."),
                tr("KL: {kl} nats. Dimensions above half a nat: {busy}."),
            ],
            "bars": tr("KL of each dimension, in nats, cut at {most}"),
            "warm": tr("With warm-up"),
        },
    }[film]
    return {
        "language": current_language(),
        "curve": tr("−ELBO: test solid, training dashed"),
        "play": tr("Play"),
        "pause": tr("Pause"),
        "moment": tr("Training step"),
        "failed": tr("Codes and pictures did not load. Run this cell, or reload the page."),
        "small": tr(
            "Moments lie close together at the start. Where your system asks for less motion, the film goes in steps."
        ),
        **own,
    }
