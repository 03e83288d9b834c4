"""How a Matplotlib figure becomes the picture that a notebook stores: sharp, with text that a telephone can show."""

import io

from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from vaelab.style import DPI, PHONE_COLUMN, SMALLEST_TEXT

MARGIN = 0.02  # inches around what is drawn
SHARPNESS = 2  # picture pixels to one of the page, which is DPI to the inch


def use_sharp_pictures():
    """Have the notebook, if there is one, show figures by `picture`."""
    from IPython import get_ipython

    if shell := get_ipython():
        import matplotlib_inline.backend_inline  # noqa: F401 (which would otherwise register its own later)

        shell.display_formatter.formatters["image/png"].for_type(Figure, picture)


def picture(figure):
    """A figure as a PNG of two pixels for each of the page, and metadata; None for a figure without axes.

    Text smaller than SMALLEST_TEXT grows to that size, in the figure itself. The metadata: width and height on the
    page, in its pixels; text, the smallest in a column of PHONE_COLUMN pixels and the largest anywhere, in the page's
    pixels; digits, the places of digits and of shadings in grey, whose dark places a lesson's text names, each "left
    top right bottom" in the PNG's pixels. A dark twin (the site's) leaves those as they are.
    """
    if not figure.axes:
        return None
    for text in figure.findobj(Text):
        text.set_fontsize(max(text.get_fontsize(), SMALLEST_TEXT))
    figure.draw_without_rendering()  # the layout, before anything is measured
    box = figure.get_tightbbox().padded(MARGIN)
    sizes = [text.get_fontsize() for text in figure.findobj(is_seen)]
    digits = [place_of(artist) for artist in figure.findobj(is_shaded)]
    corners = [(part.get_points() / figure.dpi - box.min) * DPI * SHARPNESS for part in digits]
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI * SHARPNESS, bbox_inches=box)
    png = buffer.getvalue()
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    shown = width / SHARPNESS
    pixels = [size * DPI / 72 for size in sizes] or [0]
    return png, {
        "width": round(shown),
        "height": round(height / SHARPNESS),
        "text": [round(min(pixels) * min(1, PHONE_COLUMN / shown), 1), round(max(pixels), 1)],
        "digits": [
            f"{round(left)} {round(height - top)} {round(right)} {round(height - bottom)}"
            for (left, bottom), (right, top) in corners
        ],
    }


def is_seen(artist):
    return isinstance(artist, Text) and artist.get_visible() and artist.get_text().strip() != ""


def is_shaded(artist):
    """Whether an artist shows numbers as greys: an image, a mesh such as a colour bar's, or contours of some levels."""
    many = isinstance(artist, ContourSet) and artist.filled and len(artist.levels) > 2
    return artist.get_visible() and (many or isinstance(artist, AxesImage | QuadMesh))


def place_of(artist):
    """Where an image, or the axes of another shading, stands in its figure, a Bbox in pixels."""
    whole = artist.axes.bbox
    return Bbox.intersection(artist.get_window_extent(), whole) if isinstance(artist, AxesImage) else whole
