"""How the course looks, and the one call that every lesson starts with."""

import contextlib
import logging
import os
import sys
import tempfile

from vaelab.language import set_language

# Ten colours for ten classes: matplotlib's "petroff10" (Petroff 2021, arXiv:2107.02270), chosen by a survey of
# colour-vision-deficient viewers' distances. Colour is never the only signal: clusters also carry their digit.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
INK, MUTED, ACCENT, PAPER = "#1f2430", "#5b6270", "#b4235a", "#ffffff"

# One column of a telephone is 350 px wide: at 5.2 inches the 11-point text of a figure is still 10 px there.
FIGURE_WIDTH = 5.2

RC = {
    "figure.figsize": (FIGURE_WIDTH, 3.6),
    "figure.dpi": 130,
    "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.cmap": "gray_r",
    "image.interpolation": "nearest",
}


def setup(language="en", seed=0):
    """Prepare a lesson: language of what `vaelab` shows, figure style, and all seeds.

    Raises ValueError for a language that has no catalogue.
    """
    set_language(language)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # no advice on retracing: lessons train many small models
    with _without_driver_notes():
        import keras
        import tensorflow

        tensorflow.config.list_logical_devices()  # starts the devices now, so that their notes come now
        keras.utils.set_random_seed(seed)
    import matplotlib.pyplot as plt

    plt.rcParams.update(RC)


@contextlib.contextmanager
def _without_driver_notes():
    """Hold back what TensorFlow says of missing GPU drivers before its own log level takes effect; pass on the rest."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines(keepends=True)
            noise = ("absl::Init", "cudart_stub.cc", "cuda_platform.cc", "cpu_feature_guard.cc", "rebuild TensorFlow")
            sys.stderr.write("".join(line for line in lines if not any(word in line for word in noise)))
