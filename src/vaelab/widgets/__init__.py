"""Living figures: widgets that compute in the browser and need no kernel once they are drawn."""

from vaelab.widgets.code_walker import CodeWalker
from vaelab.widgets.conditional_explorer import ConditionalExplorer
from vaelab.widgets.digit_writer import DigitWriter
from vaelab.widgets.elbo_figure import ELBOFigure
from vaelab.widgets.guess import Guess
from vaelab.widgets.kl_figure import KLFigure
from vaelab.widgets.latent_explorer import LatentExplorer
from vaelab.widgets.rate_distortion_figure import RateDistortionFigure
from vaelab.widgets.sampling_figure import SamplingFigure
from vaelab.widgets.slip_trainer import SlipTrainer
from vaelab.widgets.training_film import TrainingFilm
from vaelab.widgets.twins import Twins

__all__ = [
    "CodeWalker",
    "ConditionalExplorer",
    "DigitWriter",
    "ELBOFigure",
    "Guess",
    "KLFigure",
    "LatentExplorer",
    "RateDistortionFigure",
    "SamplingFigure",
    "SlipTrainer",
    "TrainingFilm",
    "Twins",
]
