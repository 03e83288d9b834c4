"""Autoencoder and VAE side by side: one pair of quantiles for both, their pictures, and the nearest real digits."""

import zlib

import numpy as np
import traitlets
from scipy.special import ndtr

from vaelab.language import current_language, tr
from vaelab.results import load_results
from vaelab.widgets.chain import run
from vaelab.widgets.data_file import HeavyFigure, read_data_file, unpack
from vaelab.widgets.figure import code, finite_pair

FILE, TWIN_FILE = "twins.bin", "twin.bin"  # made by `make results N=twins`
SIDE, LEVELS, TEN = 28, 15, 10
NEAREST, POOL = 1000, 100  # real digits to search, and pictures drawn beforehand in twenty dimensions
EDGE = 0.001  # the quantiles go from here to 1 - EDGE

# What can stand side by side, under the names of the results store
FLAT = ("autoencoder, Gaussian", "twin, mixture", "VAE, N(0, I)")
POOLS = ("twin, mixture", "VAE, N(0, I)", "VAE, mixture")


class Twins(HeavyFigure):
    """Two or three ways to draw digits, fed the same quantiles: their pictures, and the real digit nearest to each.

    samplers: names of ways to draw. In two dimensions "autoencoder, Gaussian" (chapter 01's network, a normal
    distribution fitted to its codes), "twin, mixture" (chapter 07b's twin of the VAE, chapter 03's mixture of 30
    Gaussians) and "VAE, N(0, I)" (chapter 07's); the reader moves a pair of quantiles. With latent_dim=20
    "twin, mixture", "VAE, N(0, I)" and "VAE, mixture", the networks and densities of chapter 10: of each there are 100
    pictures drawn beforehand. All have seed 0. The numbers below the figure come from the results store.

    `twins.point` is the pair (u1, u2) in (0, 1): the share u1 of the density has a smaller z1, and of what has this z1
    the share u2 has a smaller z2 (Rosenblatt, 1952). `twins.draws` are ten such pairs; in twenty dimensions u1 is the
    place among the 100. Set them, or read what the reader chose. Raises ValueError for other names and values.
    """

    _esm, _css = code("plane", "data_file", "twins")

    samplers = traitlets.List().tag(sync=True)  # [{"name", "label", "part", ...}]
    point = traitlets.TraitType((0.5, 0.5)).tag(sync=True)
    draws = traitlets.List().tag(sync=True)

    def __init__(self, *samplers, latent_dim=2, point=None):
        known = {2: FLAT, 20: POOLS}.get(latent_dim, ())
        if len(samplers) not in (2, 3) or not set(samplers) <= set(known):
            raise ValueError(
                tr("Twins got {samplers} in {latent_dim} dimensions; expected two or three of {known}.").format(
                    samplers=samplers, latent_dim=latent_dim, known=known or tr("2 or 20 dimensions")
                )
            )
        flat = latent_dim == 2
        if flat:
            draws = np.random.default_rng(0).uniform(EDGE, 1 - EDGE, (TEN, 2)).round(3).tolist()
        else:
            draws = [[(i + 0.5) / POOL, 0.5] for i in range(TEN)]
        chosen = [
            {"label": _labels()[name], "part": name if flat else f"{name}, 20", **_stored(name, flat)}
            for name in samplers
        ]
        super().__init__(
            data_file=FILE,
            more_data=TWIN_FILE if flat and "twin, mixture" in samplers else "",
            samplers=chosen,
            strings=_strings(flat, chosen),
            point=draws[0] if point is None else point,
            draws=draws,
        )
        self._still_height = 0.75 * len(samplers)

    @traitlets.validate("point")
    def _clamp(self, proposal):
        return np.clip(finite_pair(proposal["value"], "point"), EDGE, 1 - EDGE).tolist()

    def __repr__(self):
        return "Twins: " + " | ".join(one["part"] for one in self.samplers)

    def pictures(self, quantiles):
        """What each sampler draws at pairs of quantiles (n, 2): a list of arrays (n, 784), as the browser does it."""
        quantiles, drawn = np.asarray(quantiles, "float64"), []
        parts = read_data_file(FILE) | (read_data_file(TWIN_FILE) if self.more_data else {})
        for one in self.samplers:
            description, content = parts[one["part"]]
            if "steps" not in description:
                pool = inflate(content)
                drawn.append(pool[(quantiles[:, 0] * len(pool)).astype(int)])
                continue
            images = np.zeros((len(quantiles), SIDE * SIDE))
            images[:, description["places"]] = run(
                unpack(description, content), code_at(description["density"], quantiles)
            )
            drawn.append(images)
        return drawn

    def _still(self, figure):
        rows = self.pictures(self.draws[:7])  # a notebook stores it
        for ax, image in zip(figure.subplots(len(rows), 7).ravel(), np.concatenate(rows), strict=True):
            ax.imshow(image.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])


def inflate(content):
    """Stored pictures, compressed bytes of grey levels, as (n, 784) in [0, 1]."""
    return np.frombuffer(zlib.decompress(content), "u1").reshape(-1, SIDE * SIDE) / LEVELS


def code_at(density, quantiles):
    """The codes (n, 2) at pairs of quantiles (n, 2) in (0, 1) of a mixture of Gaussians; see `Twins`.

    density: rows (weight, mean of z1, its sd, mean of z2 where z1 is at its mean, slope of that mean, sd of z2 given
    z1), as `gaussian_row` gives them. By bisection.
    """
    weight, mean, sd, mean_2, slope, sd_2 = np.asarray(density, "float64").T
    first, second = np.asarray(quantiles, "float64").T
    z_1 = _quantile(first, weight, mean, sd)
    away = (z_1[:, None] - mean) / sd
    here = weight / sd * np.exp(-0.5 * away**2)
    return np.stack([z_1, _quantile(second, here / here.sum(axis=1, keepdims=True), mean_2 + slope * away, sd_2)], 1)


def gaussian_row(weight, mean, covariance):
    """One Gaussian of a mixture in the form of `code_at`: its covariance by the Cholesky factor."""
    factor = np.linalg.cholesky(covariance)
    return [float(value) for value in (weight, mean[0], factor[0, 0], mean[1], factor[1, 0], factor[1, 1])]


def _quantile(share, weight, mean, sd):
    low, high = (np.broadcast_to(mean + 6 * way * sd, (len(share), len(sd))) for way in (-1, 1))
    low, high = low.min(axis=1), high.max(axis=1)
    for _ in range(50):
        middle = (low + high) / 2
        below = (weight * ndtr((middle[:, None] - mean) / sd)).sum(axis=1) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _stored(name, flat):
    """The verdict on a sampler in the results store: means of three seeds."""
    if name.startswith("autoencoder"):
        runs = [load_results("autoencoder_regions")[seed]["Gaussian"] for seed in "012"]
    elif flat:
        runs = [load_results("vae_comparison")[seed]["judged"][name] for seed in "012"]
    else:
        runs = [load_results("verdict")["mnist"][seed]["judged"][name] for seed in "012"]
    found = {key: float(np.mean([run[key] for run in runs])) for key in ("distance", "kinds")}
    return found if flat else {**found, "real": float(np.mean([run["real"] for run in runs]))}


def _labels():
    return {
        "autoencoder, Gaussian": tr("Autoencoder, Gaussian"),
        "twin, mixture": tr("Twin, mixture"),
        "VAE, N(0, I)": tr("VAE, N(0, I)"),
        "VAE, mixture": tr("VAE, mixture"),
    }


def _strings(flat, samplers):
    """All that the browser says, in the language in use. The numbers of the results store stand in it."""
    names = "; ".join(one["label"] for one in samplers)
    stored = " ".join(
        (
            tr("{name}: distance {distance}, {kinds} kinds of ten.")
            if flat
            else tr("{name}: told from real digits in {real} %, distance {distance}, {kinds} kinds of ten.")
        ).format(
            name=one["label"],
            distance=f"{one['distance']:.2f}",
            kinds=f"{one['kinds']:.1f}",
            real=f"{100 * one.get('real', 0):.0f}",
        )
        for one in samplers
    )
    return {
        "language": current_language(),
        "title": tr("Twins."),
        "try": tr("Draw ten a few times. Before you look: how many will be no digit, on either side?")
        if flat
        else tr("Page through the hundred. How many in each row are no digit?"),
        "axes": [tr("Share of z₁"), tr("Share of z₂")] if flat else [],
        "percent": tr("{percent} %"),
        "where": tr("The same shares for both: {x} of z₁, {y} of z₂.")
        if flat
        else tr("Draw {n} of {pool}, made beforehand.").replace("{pool}", str(POOL)),
        "nearest": tr("z = ({x}, {y}). Nearest real: a {digit}, {distance} away.")
        if flat
        else tr("Nearest real: a {digit}, {distance} away."),
        "image": tr("{name}: the decoded image, and the nearest real digit, a {digit}"),
        "mean": tr("Rows: {names}. Mean distances of the ten: {means}.").replace("{names}", names),
        "take": tr("Show draw {n}"),
        "draw": tr("Draw ten") if flat else tr("Next ten"),
        "loading": tr("The networks are on their way. In a notebook, run this cell."),
        "failed": tr("The networks did not load. Try to reload the page."),
        "small": tr(
            "Beside each picture: the nearest of {n} test digits, by Euclidean distance. A small one proves nothing: "
            "blur makes it smaller. Over thousands of draws, three seeds, and more test digits: {stored}"
        ).format(n=f"{NEAREST:,}", stored=stored),
    }
