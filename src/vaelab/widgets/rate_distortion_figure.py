"""The rate-distortion curve of chapter 08 under the reader's finger, with the pictures that belong to each point."""

import math

import numpy as np
import traitlets

from vaelab.images import unpack_images
from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED, PAPER
from vaelab.widgets.figure import LivingFigure, code

SIDE, COLUMNS = 28, 10  # the stored pictures come in rows of ten, each 28 x 28


class RateDistortionFigure(LivingFigure):
    """Measured points (rate, distortion) of VAEs trained with different beta, and what the marked one draws.

    stored: a dict with "betas", an ascending list of numbers; for each seed, a key such as "0", a dict from the betas
        (as text) to {"rate", "distortion", "kl", "active"}: nats per image, the KL of each latent dimension, and for
        each of these 1 if the unit is active, else 0; and "pictures", see `vaelab.images.pack_images`: ten digits, then
        for each beta ten reconstructions and ten samples. Only the first seed needs every beta.
    beta: where the marker stands at first, one of the betas; the trait of the same name follows the reader and can be
        set. The seed shown is the first; the others are drawn as small dots.
    Raises ValueError for a beta that was not stored, and for stored results that are incomplete.
    """

    _esm, _css = code("rate_distortion_figure")
    _still_height = 4.6

    beta = traitlets.TraitType(1.0).tag(sync=True)
    points = traitlets.List().tag(sync=True)  # one dict for each beta: "beta", "rate", "distortion", "kl", "active"
    others = traitlets.List().tag(sync=True)  # [rate, distortion] of the other seeds
    pictures = traitlets.Bytes().tag(sync=True)  # two pixels a byte, 0 white to 15 ink; rows of ten as in stored

    def __init__(self, stored, beta=1.0):
        seeds = sorted(key for key in stored if key.isdigit())
        betas = [float(value) for value in stored.get("betas", [])]
        if not betas or not seeds or "pictures" not in stored:
            raise ValueError(
                tr("The stored results have the keys {keys}; expected betas, pictures and seeds such as 0.").format(
                    keys=", ".join(stored)
                )
            )
        points = [_point(stored[seeds[0]], value) for value in betas]
        others = [_point(stored[seed], float(value)) for seed in seeds[1:] for value in stored[seed]]
        self._betas = betas
        self._images = _rows(stored["pictures"], 1 + 2 * len(betas))
        levels = self._images.reshape(-1, 2)
        super().__init__(
            points=points,
            others=[[point["rate"], point["distortion"]] for point in others],
            pictures=(16 * levels[:, 0] + levels[:, 1]).astype("u1").tobytes(),
            strings=_strings(),
            beta=beta,
        )

    @traitlets.validate("beta")
    def _known(self, proposal):
        for value in self._betas:
            try:
                if math.isclose(float(proposal["value"]), value, rel_tol=1e-6):
                    return value
            except (TypeError, ValueError):
                break
        known = ", ".join(f"{value:g}" for value in self._betas)
        raise ValueError(tr("beta is {beta!r}; expected one of {known}.").format(beta=proposal["value"], known=known))

    def __repr__(self):
        point = self.points[self._betas.index(self.beta)]
        return tr(
            "RateDistortionFigure: beta {beta:g}, rate {rate:.1f} nats, distortion {distortion:.1f} nats, "
            "{active} of {dims} units active"
        ).format(**{**point, "active": sum(point["active"]), "dims": len(point["kl"])})

    def _still(self, figure):
        index = self._betas.index(self.beta)
        point = self.points[index]
        top, bottom = figure.subfigures(2, 1, height_ratios=(1.7, 1))
        curve, bars = top.subplots(1, 2, width_ratios=(1.5, 1))
        if self.others:
            curve.plot(*np.transpose(self.others), "o", color=MUTED, ms=3)
        curve.plot(*np.transpose([[p["rate"], p["distortion"]] for p in self.points]), "o-", color=INK, ms=4, lw=1.2)
        curve.plot(point["rate"], point["distortion"], "o", ms=11, mfc="none", mec=ACCENT, mew=2)
        low, high = curve.get_ylim()
        total = point["rate"] + point["distortion"]
        curve.plot([total - high, total - low], [high, low], "--", color=ACCENT, lw=1)
        most = max(p["rate"] for p in self.points)
        curve.set(xlim=(-0.03 * most, 1.05 * most), ylim=(low, high), xlabel=self.strings["rate"])
        curve.set_ylabel(self.strings["curve"])
        active = np.array(point["active"], bool)
        place = np.arange(len(active))
        bars.bar(place, point["kl"], color=np.where(active, ACCENT, PAPER), edgecolor=INK, linewidth=0.6)
        bars.set(xticks=[], ylim=(0, 1.05 * max(max(p["kl"]) for p in self.points)), title=f"β = {self.beta:g}")
        bars.set_xlabel(self.strings["bars"], fontsize=8)
        rows = [0, 1 + 2 * index, 2 + 2 * index]
        for axes, row, name in zip(bottom.subplots(3, 1), rows, ("digits", "reconstructed", "samples"), strict=True):
            axes.imshow(np.hstack(self._images[row]), cmap="gray_r", vmin=0, vmax=15, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_ylabel(self.strings[name].replace(" ", "\n", 1), fontsize=7, rotation=0, ha="right", va="center")
            axes.spines[:].set_visible(False)
        for axes in (curve, bars):
            axes.tick_params(labelsize=8)


def _rows(text, count):
    """Stored pictures as rows of ten, whole numbers from 0, white, to 15, ink: (count, 10, 28, 28)."""
    images = unpack_images(text)
    if len(images) != count * COLUMNS:
        raise ValueError(
            tr("There are {n} stored pictures; expected {wanted}.").format(n=len(images), wanted=count * COLUMNS)
        )
    return np.round(15 * images).astype("u1").reshape(count, COLUMNS, SIDE, SIDE)


def _point(runs, beta):
    try:
        run = runs[f"{beta:g}"]
        point = {name: float(run[name]) for name in ("rate", "distortion")}
        lists = {"kl": [float(value) for value in run["kl"]], "active": [int(value) for value in run["active"]]}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            tr(
                "The stored run with beta {beta:g} is incomplete: {reason}. Expected rate, distortion, kl, active."
            ).format(beta=beta, reason=error)
        ) from error
    return {"beta": beta, **point, **lists}


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("What a nat buys."),
        "try": tr("Drag the marker from right to left: what do the digits lose first?"),
        "beta": tr("β, the price of a nat"),
        "rate": tr("Rate, in nats"),
        "curve": tr("Distortion, in nats"),
        "bars": tr("KL of each dimension"),
        "value": tr("β = {beta}"),
        "picture": tr("Curve of {count} measured points, falling from upper left to lower right."),
        "bars_picture": tr("{count} bars; the largest is {largest} nats, the smallest {smallest}."),
        "readout": tr("β = {beta}: rate {rate} nats, distortion {distortion} nats."),
        "sum": tr("Their sum, −ELBO: {sum} nats. Active units: {active} of {dims}."),
        "digits": tr("test digits"),
        "reconstructed": tr("reconstructed"),
        "samples": tr("samples, from N(0, I)"),
        "small": tr(
            "Move the slider, or drag the marker along the points. Large dots: seed 0; small dots: the other seeds. "
            "Dashed: all points with the same sum. Filled bars: active units. The scales of the drawings never change."
        ),
    }
