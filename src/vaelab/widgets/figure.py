"""What the living figures share: their scripts and style sheets are put together here, and a still picture beside."""

import base64
import io
import math
import pathlib

import anywidget
import numpy as np
import traitlets

from vaelab.language import tr
from vaelab.style import PAPER

HERE = pathlib.Path(__file__).parent


def code(*names):
    """The script and the style sheet of a figure, for `_esm` and `_css`: helpers.js and .css, then those of `names`.

    Each script stands alone in the browser, so what several figures need is put in front of each. A notebook stores
    them with each figure, hence without indents, empty lines and lines of comment.
    """
    return tuple(
        "\n".join(
            line.strip()
            for name in ("helpers", *names)
            if (HERE / f"{name}.{kind}").exists()  # not every script has a style sheet
            for line in (HERE / f"{name}.{kind}").read_text("utf-8").splitlines()
            if line.strip() and not line.strip().startswith("//")
        )
        for kind in ("js", "css")
    )


class LivingFigure(anywidget.AnyWidget):
    """A widget that computes in the browser, and shows a still picture where no script runs.

    A figure sets `_esm, _css = code(...)`, gives `strings`, all that the browser says in the language in use, and
    defines `_still(figure)`, which draws on an empty Matplotlib figure of 6.4 by `_still_height` inches. Among the
    strings are "title", the figure's name, and "try", a sentence that says what to try: they stand at its head, beside
    a button that starts it again. The site puts the figure's number before the name.
    """

    strings = traitlets.Dict().tag(sync=True)

    def __init__(self, *, strings, **traits):
        super().__init__(strings={**shared_strings(), **strings}, **traits)

    def _repr_mimebundle_(self, **kwargs):
        from matplotlib.figure import Figure

        data, metadata = super()._repr_mimebundle_(**kwargs)
        figure = Figure(figsize=(6.4, self._still_height), dpi=100, facecolor=PAPER, layout="constrained")
        self._still(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return {**data, "image/png": base64.b64encode(buffer.getvalue()).decode()}, metadata


def shared_strings():
    """What every figure says."""
    return {"again": tr("Start again"), "figure": tr("Living figure {number}. {title}")}


def finite_number(value, name):
    """The value as a float. Raises ValueError for anything but a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(tr("{name} is {value!r}; expected a finite number.").format(name=name, value=value))
    return number


def finite_pair(value, name):
    """Two floats as a list. Raises ValueError for anything but two finite numbers."""
    try:
        pair = np.asarray(value, "float64")
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.shape != (2,) or not np.isfinite(pair).all():
        raise ValueError(tr("{name} is {value!r}; expected two finite numbers.").format(name=name, value=value))
    return pair.tolist()
