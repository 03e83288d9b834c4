"""Reparameterization under the reader's finger: fixed noise on one axis, the samples made from it on another."""

import numpy as np
import traitlets

from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED
from vaelab.widgets.figure import LivingFigure, code

MEANS, LOG_VARS, SHOWN = (-2.0, 2.0), (-4.0, 1.4), 6.0
MARKED = (0.1, 0.5, 0.9)  # these quantiles of the noise are drawn large, to be followed by eye


class SamplingFigure(LivingFigure):
    """Draws of noise epsilon as dots on one axis, and z = mean + exp(log_var / 2) * epsilon on a second one.

    The reader moves mean and log_var; the noise stays, so each z moves smoothly. A box to tick multiplies by the
    variance instead, and the readout compares the dots' standard deviation with the one asked for.

    n: number of draws from N(0, 1), 10 to 500, made once from `seed`, then shifted and scaled to mean 0 and standard
    deviation 1, so that the readout shows the formula and not the luck of n draws. mean, in [-2, 2], and log_var, in
    [-4, 1.4], are shown first; both can be read and set later, and so can `by_variance`. Raises ValueError for numbers
    outside.
    """

    _esm, _css = code("sampling_figure")
    _still_height = 3.2

    epsilon = traitlets.List().tag(sync=True)  # of floats, sorted
    marked = traitlets.List().tag(sync=True)  # indices of the dots to follow
    ranges = traitlets.Dict().tag(sync=True)  # {"mean", "log_var", "shown"}
    mean = traitlets.Float().tag(sync=True)
    log_var = traitlets.Float().tag(sync=True)
    by_variance = traitlets.Bool(False).tag(sync=True)

    def __init__(self, n=60, *, mean=0.0, log_var=0.0, by_variance=False, seed=0):
        if not (isinstance(n, int | np.integer) and 10 <= n <= 500):
            raise ValueError(tr("n is {n!r}; expected a whole number from 10 to 500.").format(n=n))
        epsilon = np.sort(np.random.default_rng(seed).standard_normal(n))
        epsilon = (epsilon - epsilon.mean()) / epsilon.std()
        super().__init__(
            epsilon=epsilon.round(6).tolist(),
            marked=[int(q * (n - 1)) for q in MARKED],
            ranges={"mean": list(MEANS), "log_var": list(LOG_VARS), "shown": SHOWN},
            strings=_strings(),
            mean=mean,
            log_var=log_var,
            by_variance=by_variance,
        )

    @traitlets.validate("mean", "log_var")
    def _within(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        low, high = MEANS if name == "mean" else LOG_VARS
        if not low <= value <= high:  # false for NaN, too
            raise ValueError(
                tr("{name} is {value}; expected a number from {low} to {high}.").format(
                    name=name, value=value, low=low, high=high
                )
            )
        return value

    @property
    def z(self):
        """The samples that the figure shows now, (n,), in the order of `epsilon`."""
        factor = np.exp(self.log_var) if self.by_variance else np.exp(0.5 * self.log_var)
        return self.mean + factor * np.array(self.epsilon)

    def __repr__(self):
        return tr("SamplingFigure: mean {mean}, log_var {log_var}, standard deviation of z {spread}").format(
            mean=f"{self.mean:.2f}", log_var=f"{self.log_var:.2f}", spread=f"{self.z.std():.2f}"
        )

    def _still(self, figure):
        axes = figure.subplots()
        epsilon, z, marked = np.array(self.epsilon), self.z, self.marked
        axes.plot([epsilon, z], [1, 0], color=MUTED, lw=0.4, alpha=0.6)
        axes.plot([epsilon[marked], z[marked]], [1, 0], color=ACCENT, lw=1.4)
        for values, height in ((epsilon, 1), (z, 0)):
            axes.axhline(height, color=MUTED, lw=0.8, zorder=0)
            axes.plot(values, np.full(len(values), height), "o", color=INK, ms=3, alpha=0.6)
            axes.plot(values[marked], np.full(len(marked), height), "o", color=ACCENT, ms=7)
        x = np.linspace(-SHOWN, SHOWN, 400)
        sigma = np.exp(0.5 * self.log_var)
        axes.plot(x, 0.7 * np.exp(-0.5 * ((x - self.mean) / sigma) ** 2), color=INK, lw=1.2)
        axes.set(xlim=(-SHOWN, SHOWN), ylim=(-0.1, 1.15), yticks=[1, 0], yticklabels=["ε", "z"])
        axes.spines[:].set_visible(False)
        axes.tick_params(axis="y", length=0, labelsize=12)


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("Noise that stays, samples that follow."),
        "try": tr("Follow one red dot while you move a slider. Then tick the box, and read the spread."),
        "picture": tr("{n} draws of the noise on the upper axis, each joined to its sample z on the lower axis."),
        "noise": tr("noise ε"),
        "sample": tr("samples z, and the curve asked for: N(μ, σ²)"),
        "arrows": tr("arrows: ∂z/∂σ, drawn at half its length"),
        "anew": tr("Draw ε again"),
        "mean": tr("mean μ"),
        "log_var": tr("log σ²"),
        "by_variance": tr("multiply by the variance σ²"),
        "formula": tr("z = {mean} + {factor} · ε"),
        "wanted_spread": tr("Standard deviation asked for: σ = {sigma}."),
        "measured": tr("Measured on the dots: {spread}, {percent} % of that."),
        "slopes": tr("∂z/∂μ = 1 for every dot. ∂z/∂σ = ε, at the red dots {slopes}."),
        "slopes_variance": tr("∂z/∂μ = 1 for every dot. ∂z/∂σ = 2σε, at the red dots {slopes}."),
        "outside": tr("{n} dots lie beyond the edge."),
        "hint": tr(
            "Move the sliders, or drag the picture sideways for the mean. The noise stays as it was drawn, so each dot "
            "of the lower axis moves smoothly. The draws were shifted and scaled to mean 0 and standard deviation 1: "
            "you read the formula and not the luck of {n} draws."
        ),
    }
