"""Living figures: widgets that compute in the browser and need no kernel once they are drawn."""

from vaelab.widgets.elbo_figure import ELBOFigure
from vaelab.widgets.kl_figure import KLFigure
from vaelab.widgets.latent_explorer import LatentExplorer
from vaelab.widgets.rate_distortion_figure import RateDistortionFigure
from vaelab.widgets.sampling_figure import SamplingFigure

__all__ = ["ELBOFigure", "KLFigure", "LatentExplorer", "RateDistortionFigure", "SamplingFigure"]
