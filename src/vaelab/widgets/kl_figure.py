"""A Gaussian q and a target p on a line, and the two KL divergences between them, as areas that the reader changes."""

import math

import numpy as np
import traitlets

from vaelab.language import current_language, tr
from vaelab.style import ACCENT, INK, MUTED
from vaelab.widgets.figure import LivingFigure, code, finite_number

MEANS, LOG_VARS, STEP = (-3.0, 3.0), (-4.0, 2.0), 0.1  # what the sliders reach
LOW, HIGH = -7.0, 7.0  # the part of the line that is drawn
# The target with two bumps, as chapter 04 fits it: mean, log_var and share of each.
BUMPS = [[-2.0, 2 * math.log(0.6), 0.65], [2.0, 2 * math.log(0.6), 0.35]]


class KLFigure(LivingFigure):
    """The densities of q = N(mean, exp(log_var)) and p, and the integrands whose areas are KL(q || p) and KL(p || q).

    mean, log_var: where the sliders stand at first; traits of the same names follow the reader, and can be set.
        They are clamped to the sliders' range, -3 to 3 and -4 to 2.
        Both areas have one vertical scale; with the trait `keep_scale` it stays while q moves, and only grows.
    prior_mean, prior_log_var: of p, fixed, within the same ranges.
    The trait `two_bumps` puts a mixture of two Gaussians, BUMPS, in the place of p.
    Raises ValueError for anything but finite numbers, and for a prior out of range.
    """

    _esm, _css = code("numeric", "kl_figure")
    _still_height = 4.8

    mean = traitlets.TraitType(0.0).tag(sync=True)
    log_var = traitlets.TraitType(0.0).tag(sync=True)
    two_bumps = traitlets.Bool(False).tag(sync=True)  # p is the mixture
    keep_scale = traitlets.Bool(False).tag(sync=True)  # of the two areas, while q moves
    view = traitlets.Dict().tag(sync=True)  # {"prior", "bumps", "means", "log_vars", "step", "low", "high"}

    def __init__(self, mean=1.0, log_var=-1.0, prior_mean=0.0, prior_log_var=0.0):
        prior = [finite_number(prior_mean, "prior_mean"), finite_number(prior_log_var, "prior_log_var")]
        for value, name, (low, high) in zip(prior, ("prior_mean", "prior_log_var"), (MEANS, LOG_VARS), strict=True):
            if not low <= value <= high:
                raise ValueError(
                    tr("{name} is {value:g}; expected a number from {low:g} to {high:g}.").format(
                        name=name, value=value, low=low, high=high
                    )
                )
        view = {"means": MEANS, "log_vars": LOG_VARS, "step": STEP, "low": LOW, "high": HIGH}
        view |= {"prior": prior, "bumps": BUMPS}
        super().__init__(mean=mean, log_var=log_var, view=view, strings=_strings())

    @property
    def _pair(self):
        return (self.mean, self.log_var), self.view["bumps" if self.two_bumps else "prior"]

    @traitlets.validate("mean", "log_var")
    def _clamp(self, proposal):
        name = proposal["trait"].name
        return float(np.clip(finite_number(proposal["value"], name), *{"mean": MEANS, "log_var": LOG_VARS}[name]))

    def __repr__(self):
        q, p = self._pair
        return tr("KLFigure: q = N({mean:.1f}, exp({log_var:.1f})), KL(q || p) = {forward:.3f} nats, ").format(
            mean=self.mean, log_var=self.log_var, forward=_kl(q, p)
        ) + tr("KL(p || q) = {backward:.3f} nats").format(backward=_kl(p, q))

    def _still(self, figure):
        z = np.linspace(LOW, HIGH, 561)
        q, p = self._pair
        density_q, density_p = np.exp(_log_density(z, q)), np.exp(_log_density(z, p))
        ratio = _log_density(z, q) - _log_density(z, p)
        densities, *integrands = figure.subplots(3, 1, sharex=True)
        densities.plot(z, density_q, color=ACCENT, lw=2)
        densities.plot(z, density_p, color=INK, lw=1.6, ls="--")
        densities.set_title(self.strings["densities"], fontsize=10)
        for axes, values, words, kl in (
            (integrands[0], density_q * ratio, "forward", _kl(q, p)),
            (integrands[1], -density_p * ratio, "backward", _kl(p, q)),
        ):
            axes.plot(z, values, color=INK, lw=1)
            axes.fill_between(z, values, where=values >= 0, color=ACCENT, alpha=0.35, lw=0)
            axes.fill_between(z, values, where=values < 0, facecolor="none", edgecolor=MUTED, hatch="////", lw=0)
            axes.axhline(0, color=MUTED, lw=0.8)
            axes.set_title(self.strings[words].replace("{area}", f"{kl:.3f}"), fontsize=10)
        integrands[0].sharey(integrands[1])
        integrands[0].autoscale()
        for axes in (densities, *integrands):
            axes.tick_params(labelsize=8)
        integrands[1].set_xlabel("z", fontsize=9)


def _strings():
    """All that the browser says, in the language in use. Numbers are formatted there."""
    return {
        "language": current_language(),
        "title": tr("Two densities, two divergences."),
        "try": tr("Make q narrow, then wide: which area grows faster each time?"),
        "mean": tr("mean of q"),
        "log_var": tr("log_var of q"),
        "same": tr("like p"),
        "narrow": tr("narrow"),
        "wide": tr("wide"),
        "far": tr("far away"),
        "lower_forward": tr("lower KL(q ‖ p)"),
        "lower_backward": tr("lower KL(p ‖ q)"),
        "two_bumps": tr("two bumps for p"),
        "keep_scale": tr("keep the scale"),
        "densities": tr("Densities: q solid, p dashed"),
        "forward": tr("q ln(q/p), its area: {area}"),
        "backward": tr("p ln(p/q), its area: {area}"),
        "picture": tr(
            "Three curves over z. The densities: q with mean {mean} and standard deviation {sd}, p with mean "
            "{prior_mean} and standard deviation {prior_sd}. The integrand of KL(q ‖ p), and that of KL(p ‖ q)."
        ),
        "picture_two": tr(
            "Three curves over z. The densities: q with mean {mean} and standard deviation {sd}, p with two bumps, a "
            "large one at {left} and a small one at {right}. The integrand of KL(q ‖ p), and that of KL(p ‖ q)."
        ),
        "q": tr("q has mean {mean} and standard deviation {sd}."),
        "kl": tr("KL(q ‖ p) = {forward} nats, KL(p ‖ q) = {backward} nats."),
        "small": tr(
            "Use the sliders, or drag across the curves to move q. Filled: counted as positive. Striped: counted as "
            "negative. The two areas have one vertical scale. What lies beyond its ends is counted, too."
        ),
        "small_two": tr(
            "The buttons move q downhill from where it stands. Lowering KL(q ‖ p) may leave a bump "
            "out; lowering KL(p ‖ q) makes q cover both."
        ),
    }


def _log_density(z, p):
    """Of a Gaussian (mean, log_var) or a mixture [(mean, log_var, share), …], at z of any shape."""
    if np.ndim(p) == 2:
        return np.logaddexp.reduce([math.log(share) + _log_density(z, part) for *part, share in p])
    mean, log_var = p
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 * math.exp(-log_var))


def _kl(q, p):
    """KL(q || p) in nats, in closed form between Gaussians, else by quadrature."""
    if np.ndim(q) == 2 or np.ndim(p) == 2:
        ends = [part[0] + way * 10 * math.exp(part[1] / 2) for part in np.atleast_2d(q) for way in (-1, 1)]
        z = np.linspace(min(ends), max(ends), 1001)
        log_q = _log_density(z, q)
        return float(np.trapezoid(np.exp(log_q) * (log_q - _log_density(z, p)), z))
    log_ratio = q[1] - p[1]
    return 0.5 * (math.expm1(log_ratio) - log_ratio + (q[0] - p[0]) ** 2 * math.exp(-p[1]))
