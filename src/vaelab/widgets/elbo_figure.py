"""The ELBO of one number x, on a toy decoder where everything can be integrated: what q gains, pays and misses."""

import math

import numpy as np
import traitlets

from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED
from vaelab.widgets.figure import LivingFigure, code, finite_number

RANGES = {"x": (-1.0, 4.0), "mean": (-3.5, 3.5), "log_var": (-5.0, 0.5), "sigma_x": (0.2, 1.5)}
STEP = 0.05
LOW, HIGH = -4.0, 4.0  # the part of the line of codes that is drawn
RECONSTRUCTION, KL = "#1f5fa8", "#8a5a00"  # colours of two bars, those of elbo_figure.css; the third is the accent


class ELBOFigure(LivingFigure):
    """One number x, drawn as N(f(z), sigma_x ** 2) with f(z) = z ** 2 / 2 + z / 4 and z from N(0, 1); q = N(mean,
    exp(log_var)) stands in for the posterior of z.

    Shows f, prior, posterior and q, and three bars: E_q ln p(x given z), minus KL(q || prior), which together are the
    ELBO, plus KL(q || posterior), which ends at ln p(x). x in [-1, 4], mean in [-3.5, 3.5], log_var in [-5, 0.5],
    sigma_x in [0.2, 1.5]: where the sliders stand at first; traits of these names follow the reader, and can be set.
    They are clamped to their ranges. Raises ValueError for anything but finite numbers.
    """

    _esm, _css = code("numeric", "elbo_figure")
    _still_height = 4.4

    x = traitlets.TraitType(0.0).tag(sync=True)
    mean = traitlets.TraitType(0.0).tag(sync=True)
    log_var = traitlets.TraitType(0.0).tag(sync=True)
    sigma_x = traitlets.TraitType(1.0).tag(sync=True)
    view = traitlets.Dict().tag(sync=True)  # {"ranges", "step", "low", "high"}

    def __init__(self, x=1.5, mean=0.0, log_var=-1.0, sigma_x=0.5):
        view = {"ranges": {name: list(span) for name, span in RANGES.items()}, "step": STEP, "low": LOW, "high": HIGH}
        super().__init__(x=x, mean=mean, log_var=log_var, sigma_x=sigma_x, view=view, strings=_strings())

    @traitlets.validate(*RANGES)
    def _clamp(self, proposal):
        name = proposal["trait"].name
        return float(np.clip(finite_number(proposal["value"], name), *RANGES[name]))

    @property
    def log_evidence(self):
        """ln p(x), by quadrature over z."""
        z = np.linspace(-8, 8, 4001)
        return float(np.log(np.trapezoid(np.exp(self._log_joint(z)), z)))

    @property
    def reconstruction(self):
        """The average of ln p(x given z) over q, from the moments of a normal."""
        variance = math.exp(self.log_var)
        off = self.x - _decode(self.mean) - variance / 2
        squared = off**2 + (self.mean + 0.25) ** 2 * variance + variance**2 / 2
        return -0.5 * math.log(2 * math.pi * self.sigma_x**2) - squared / (2 * self.sigma_x**2)

    @property
    def kl(self):
        """KL(q || prior), in closed form."""
        return 0.5 * (math.expm1(self.log_var) - self.log_var + self.mean**2)

    @property
    def gap(self):
        """KL(q || posterior), by quadrature over z."""
        z = self.mean + math.exp(self.log_var / 2) * np.linspace(-10, 10, 2001)
        log_q = self._log_q(z)
        return float(np.trapezoid(np.exp(log_q) * (log_q - self._log_joint(z) + self.log_evidence), z))

    def _log_q(self, z):
        return -0.5 * (math.log(2 * math.pi) + self.log_var + (z - self.mean) ** 2 * math.exp(-self.log_var))

    def _log_joint(self, z):
        scaled = (self.x - _decode(z)) / self.sigma_x
        return -math.log(2 * math.pi * self.sigma_x) - 0.5 * (scaled**2 + z**2)

    def __repr__(self):
        return tr("ELBOFigure: x = {x:.2f}, ln p(x) = {evidence:.3f} = ELBO {elbo:.3f} + gap {gap:.3f} nats").format(
            x=self.x, evidence=self.log_evidence, elbo=self.reconstruction - self.kl, gap=self.gap
        )

    def _still(self, figure):
        z = np.linspace(LOW, HIGH, 801)
        curves, bars = figure.subplots(2, 1, height_ratios=[1.3, 1])
        curves.fill_between(z, np.exp(self._log_joint(z) - self.log_evidence), color=MUTED, alpha=0.3, lw=0)
        curves.plot(z, np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi), color=INK, lw=1.4, ls="--")
        curves.plot(z, np.exp(self._log_q(z)), color=ACCENT, lw=2)
        curves.set_title(self.strings["curves"], fontsize=10)
        curves.set_xlabel("z", fontsize=9)
        elbo = self.reconstruction - self.kl
        ends = [(0, self.reconstruction), (self.reconstruction, elbo), (elbo, elbo + self.gap)]
        looks = [
            {"color": RECONSTRUCTION},
            {"facecolor": "none", "edgecolor": KL, "hatch": "////"},
            {"facecolor": "none", "edgecolor": ACCENT, "hatch": "\\\\\\\\"},
        ]
        for row, ((start, end), look) in enumerate(zip(ends, looks, strict=True)):
            bars.barh(row, end - start, left=start, height=0.6, **look)
        bars.axvline(self.log_evidence, color=INK, lw=1.4, ls="--")
        bars.set(ylim=(2.6, -0.6), yticks=range(3))
        bars.margins(x=0.06)
        bars.set_yticklabels([self.strings[name] for name in ("reconstruction", "kl", "gap")], fontsize=8)
        bars.set_xlabel(self.strings["axis"], fontsize=9)
        for axes in (curves, bars):
            axes.tick_params(labelsize=8)


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("A bound, and what it misses."),
        "try": tr("Make the gap as small as you can by hand, then press the button: who is better?"),
        "x": tr("the number x"),
        "mean": tr("mean of q"),
        "log_var": tr("log_var of q"),
        "sigma_x": tr("σₓ, the noise"),
        "best": tr("Move q uphill as far as it goes"),
        "decoder": tr("the decoder's parabola, and x ± σₓ"),
        "curves": tr("prior dashed, posterior grey, q red"),
        "reconstruction": tr("average of ln p(x|z) under q"),
        "kl": tr("minus KL(q ‖ prior)"),
        "gap": tr("plus KL(q ‖ posterior), the gap"),
        "evidence": tr("ln p(x)"),
        "axis": tr("nats"),
        "picture": tr(
            "Over z: the decoder's curve and the band of x = {x}, with noise {sigma_x}. Below, three densities: the "
            "prior; the posterior of z given x; and q with mean {mean} and standard deviation {sd}."
        ),
        "bars": tr(
            "Three bars, each beginning where the one before it ends: {reconstruction} from 0, then minus {kl}, then "
            "plus {gap}. The last one ends at the line at ln p(x) = {evidence}."
        ),
        "sum": tr("ln p(x) = {evidence} = ELBO {elbo} + gap {gap} nats."),
        "parts": tr("ELBO = {reconstruction} − {kl}."),
        "small": tr(
            "Use the sliders, or drag across the curves to move q. The button moves q uphill from where it stands."
        ),
    }


def _decode(z):
    return z**2 / 2 + z / 4
