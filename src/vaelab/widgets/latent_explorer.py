"""The latent plane under the reader's finger: codes, a point that moves, and what the decoder draws there."""

import math
import warnings

import numpy as np
import traitlets

from vaelab.checks import check_labels, check_points
from vaelab.language import current_language, tr
from vaelab.plots import place_labels
from vaelab.style import ACCENT, CLASS_COLOURS, INK, MUTED, PAPER
from vaelab.widgets.chain import image_shape, read_chain, run
from vaelab.widgets.figure import LivingFigure, code, finite_pair
from vaelab.widgets.packing import pack

NEIGHBOUR, PERCENTILE = 5, 99


class LatentExplorer(LivingFigure):
    """A plane of codes and the image that a Keras decoder draws at a point the reader moves.

    decoder: a keras.Model from (n, 2) to images (n, h, w), (n, h, w, 1) or flat squares: any chain of Dense layers with
        linear, relu, sigmoid, tanh or softplus (see `chain.read_chain`). Pixels outside [0, 1] are drawn as 0 or 1.
    codes: (n, 2), finite. labels: (n,) integers 0..9, or None.
    start: the point shown first; by default the start of the first path, or else the code nearest to the median.
    margin: the shown square is the codes' range, enlarged by this fraction of the range on every side.
    paths: [{"name": "4 to 9", "from": [a, b], "to": [c, d]}, ...]: segments to walk along with a slider.
    regions: [{"name": "box", "low": [a, b], "high": [c, d]}, {"name": "ring", "center": [a, b], "radius": r}, ...]:
        dashed outlines. The square grows until all paths, regions and the start fit.
    logits: True if the decoder gives logits; the sigmoid is then taken in the browser.
    gaussians: (mean, sd), arrays (n, 2): each code's q(z given x), drawn as an ellipse of two sd for the nearest code.

    `explorer.point` is the point, a list of 2 floats; set it to move the point, read it to see where the reader is.
    It is clamped to the square. A point is inside the cloud when its nearest code is at most `radius` away: the 99th
    percentile, over the codes, of the distance to their fifth nearest other code. So the cloud is as fine as the codes
    are dense, and a single stray code hardly widens it.

    Everything is refused with a ValueError or TypeError before anything is drawn: no codes, NaN, other shapes, weights
    that are not finite, layers that cannot run in the browser.
    """

    _esm, _css = code("plane", "latent_explorer")
    _still_height = 3.7

    network = traitlets.Dict().tag(sync=True)  # {"dtype", "steps", "shape"}, see packing.py
    weights = traitlets.Bytes().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)  # float32, little endian, x0 y0 x1 y1 ...
    labels = traitlets.Bytes().tag(sync=True)  # one byte for each code, or nothing
    gaussians = traitlets.Bytes().tag(sync=True)  # float32, mean and sd of each code's q, four numbers, or nothing
    view = traitlets.Dict().tag(sync=True)  # {"low", "high", "radius", "decimals", "start", "marks", "colours"}
    paths = traitlets.List().tag(sync=True)
    regions = traitlets.List().tag(sync=True)
    point = traitlets.TraitType((0.0, 0.0)).tag(sync=True)  # see _clamp

    def __init__(
        self, decoder, codes, labels=None, *, start=None, margin=0.5, paths=None, regions=None, logits=False,
        gaussians=None,
    ):  # fmt: skip
        codes = check_points(codes, "codes", 2)
        if np.abs(codes).max() > 1e30:
            raise ValueError(
                tr("codes reach {largest:.3g}; expected numbers below 1e30.").format(largest=np.abs(codes).max())
            )
        codes = codes.astype("<f4")
        if labels is not None:
            labels = check_labels(labels, len(codes), classes=10)
        gaussians = _means_and_sds(gaussians, len(codes))
        if not (np.isscalar(margin) and math.isfinite(margin) and margin >= 0):
            raise ValueError(tr("margin is {margin!r}; expected a number of at least 0.").format(margin=margin))
        paths = [_path(path) for path in paths or []]
        regions = [_region(region) for region in regions or []]
        if start is None:
            start = paths[0]["from"] if paths else _nearest(codes, np.median(codes, axis=0))[0]
        start = finite_pair(start, "start")

        low, high = _square(codes, margin, start, paths, regions)
        steps = read_chain(decoder)
        shape = image_shape(decoder)
        side = [np.linspace(low[i], high[i], 41) for i in (0, 1)]
        sample = codes[:: max(1, len(codes) // 500)]
        network, weights = pack(
            decoder, steps, np.concatenate([np.stack(np.meshgrid(*side), -1).reshape(-1, 2), sample]), logits
        )
        drawn = run(steps, sample)
        if not logits and not (drawn.min() >= -1 and drawn.max() <= 2):
            warnings.warn(
                tr(
                    "The decoder's pixels run from {low:.3g} to {high:.3g} at the codes; expected about 0 to 1. "
                    "If it gives logits, pass logits=True."
                ).format(low=drawn.min(), high=drawn.max()),
                stacklevel=2,
            )

        # What the still picture needs and the browser has in another form
        self._box = np.array([low, high])
        self._cloud, self._classes = codes, labels
        self._draw = lambda z: np.clip(run([*steps, "sigmoid"] if logits else steps, [z])[0], 0, 1).reshape(shape)
        span = high[0] - low[0]
        radius = _cloud_radius(codes)
        super().__init__(
            network={**network, "shape": list(shape)},
            weights=weights,
            codes=codes.tobytes(),
            labels=b"" if labels is None else labels.astype("u1").tobytes(),
            gaussians=gaussians,
            view={
                "low": low,
                "high": high,
                "radius": radius,
                "decimals": max(0, math.ceil(2 - math.log10(span / 4))),
                "start": start,
                "marks": [] if labels is None else place_labels(codes, labels, room=(0.055 * span, 0.055 * span)),
                "colours": list(CLASS_COLOURS),
            },
            paths=paths,
            regions=regions,
            strings=_strings(bool(paths), bool(gaussians)),
            point=start,
        )

    @traitlets.validate("point")
    def _clamp(self, proposal):
        pair = np.array(finite_pair(proposal["value"], "point"))
        return np.clip(pair, *self._box).tolist()

    def __repr__(self):
        _, label, distance = _nearest(self._cloud, self.point, self._classes)
        where = {
            "n": len(self._cloud),
            "x": round(self.point[0], 1) + 0.0,
            "y": round(self.point[1], 1) + 0.0,
            "label": label,
            "distance": f"{distance:.1f}",
        }
        if label is None:
            return tr("LatentExplorer: {n} codes, point ({x}, {y}), nearest code at {distance}").format(**where)
        return tr("LatentExplorer: {n} codes, point ({x}, {y}), nearest code a {label} at {distance}").format(**where)

    def _still(self, figure):
        plane, image = figure.subplots(1, 2, width_ratios=(1.25, 1))
        few = slice(None, None, max(1, len(self._cloud) // 2000))
        colours = MUTED if self._classes is None else [CLASS_COLOURS[label] for label in self._classes[few]]
        plane.scatter(*self._cloud[few].T, s=2, c=colours, linewidths=0)
        for label, x, y in self.view["marks"]:
            _haloed(plane, x, y, str(label), weight="bold")
        for region in self.regions:
            outline, corner = _outline(region)
            plane.plot(*outline, "--", color=INK, lw=1)
            _haloed(plane, *corner, region["name"], fontsize=8, va="bottom", ha="left")
        for path in self.paths:
            plane.plot(*zip(path["from"], path["to"], strict=True), color=INK, lw=1.2)
        plane.plot(*self.point, "o", ms=10, mfc="none", mec=ACCENT, mew=2)
        plane.set(xlim=self._box[:, 0], ylim=self._box[:, 1], aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
        plane.tick_params(labelsize=8)
        image.imshow(self._draw(self.point), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        image.set(xticks=[], yticks=[])
        image.set_xlabel(self.strings["caption"], fontsize=9)


def _strings(with_path=False, with_gaussians=False):
    """All that the browser says, in the language in use. Numbers are formatted there."""
    ways = (
        tr("Drag the ring from one crowd of codes to another: where is the picture no digit any more?"),
        tr("Walk along the path, then leave it: where is the picture no digit any more?"),
    )
    return {
        "title": tr("A plane of codes."),
        "try": ways[with_path],
        "language": current_language(),
        "plane": tr("Plane of {n} codes with a movable point"),
        "hint": tr("Drag or click in the plane, or use the arrow keys: Shift for bigger steps, Home for the start."),
        "where": tr("z = ({x}, {y})."),
        "inside": tr("Nearest code: {distance} away. Inside the cloud of codes."),
        "inside_label": tr("Nearest code: a {label}, {distance} away. Inside the cloud of codes."),
        "outside": tr("Outside the cloud: the nearest code is {distance} away."),
        "outside_label": tr("Outside the cloud: the nearest code, a {label}, is {distance} away."),
        "badge": tr("outside"),
        "caption": tr("The decoder's image at z"),
        "image": tr("Decoded image, {width} by {height} pixels, {ink} % ink; {place}"),
        "image_inside": tr("inside the cloud of codes."),
        "image_inside_label": tr("inside the cloud of codes, nearest code a {label}."),
        "image_outside": tr("outside the cloud of codes."),
        "small": tr(
            "Shaded: the cloud, all points within {radius} of a code. That is the 99th percentile of the codes' "
            "distance to their fifth nearest code."
        )
        + (" " + tr("Ellipse: q of the nearest code, two sd.") if with_gaussians else ""),
        "path": tr("Path"),
        "percent": tr("{percent} %"),
        "off_path": tr("off the path"),
    }


def _means_and_sds(gaussians, count):
    """The Gaussians of the codes as bytes of (count, 4) float32: mean, then sds; b"" for None."""
    if gaussians is None:
        return b""
    rows = np.concatenate([check_points(one, "gaussians", 2) for one in gaussians], axis=1)
    if rows.shape != (count, 4) or not (rows[:, 2:] > 0).all():
        raise ValueError(
            tr("gaussians are {shape}; expected a mean and positive sds for each of {n} codes.").format(
                shape=rows.shape, n=count
            )
        )
    return rows.astype("<f4").tobytes()


def _path(path):
    keys = {"name", "from", "to"}
    if not isinstance(path, dict) or set(path) != keys:
        raise ValueError(tr("A path is {path!r}; expected a dict with name, from and to.").format(path=path))
    return {"name": str(path["name"]), "from": finite_pair(path["from"], "from"), "to": finite_pair(path["to"], "to")}


def _region(region):
    if isinstance(region, dict) and set(region) == {"name", "low", "high"}:
        low, high = finite_pair(region["low"], "low"), finite_pair(region["high"], "high")
        if low[0] < high[0] and low[1] < high[1]:
            return {"name": str(region["name"]), "low": low, "high": high}
    elif isinstance(region, dict) and set(region) == {"name", "center", "radius"}:
        center, radius = finite_pair(region["center"], "center"), float(region["radius"])
        if 0 < radius < math.inf:
            return {"name": str(region["name"]), "center": center, "radius": radius}
    raise ValueError(
        tr(
            "A region is {region!r}; expected a dict with name, low and high (low below high), "
            "or with name, center and radius (above 0)."
        ).format(region=region)
    )


def _bounds(region):
    if "low" in region:
        return [region["low"], region["high"]]
    center, radius = np.array(region["center"]), region["radius"]
    return [(center - radius).tolist(), (center + radius).tolist()]


def _square(codes, margin, start, paths, regions):
    """Corners of the square that holds the start, the codes with their margin, and paths and regions with some air."""
    low, high = codes.min(axis=0).astype(float), codes.max(axis=0).astype(float)
    ends = np.array([start, low - margin * (high - low), high + margin * (high - low)])
    extra = [end for path in paths for end in (path["from"], path["to"])]
    extra += [corner for region in regions for corner in _bounds(region)]
    if extra:
        air = 0.04 * np.ptp([*ends, *extra], axis=0).max()
        ends = np.concatenate([ends, np.array(extra) - air, np.array(extra) + air])
    low, high = ends.min(axis=0), ends.max(axis=0)
    middle, half = (low + high) / 2, (high - low).max() / 2 or 1.0
    return (middle - half).tolist(), (middle + half).tolist()


def _cloud_radius(codes):
    from scipy.spatial import cKDTree

    neighbour = min(NEIGHBOUR, len(codes) - 1)
    if neighbour == 0:
        return 0.0
    distances, _ = cKDTree(codes).query(codes, k=[neighbour + 1])  # the nearest is the code itself
    return float(np.percentile(distances, PERCENTILE))


def _nearest(codes, point, labels=None):
    """(code, its label or None, distance) of the code nearest to a point."""
    squares = ((codes.astype("float64") - np.asarray(point)) ** 2).sum(axis=1)
    i = int(squares.argmin())
    return codes[i], None if labels is None else int(labels[i]), math.sqrt(squares[i])


def _outline(region):
    """(xs, ys) of a region's outline, and the point where its name goes."""
    if "low" in region:
        (a, b), (c, d) = region["low"], region["high"]
        return ([a, c, c, a, a], [b, b, d, d, b]), (a, d)
    angle = np.linspace(0, 2 * np.pi, 100)
    (a, b), r = region["center"], region["radius"]
    return (a + r * np.cos(angle), b + r * np.sin(angle)), (a, b + r)


def _haloed(axes, x, y, text, **style):
    from matplotlib.patheffects import withStroke

    axes.text(
        x, y, text, **{"ha": "center", "va": "center", "color": INK, "clip_on": True, **style},
        path_effects=[withStroke(linewidth=2.5, foreground=PAPER)],
    )  # fmt: skip
