"""The pictures that notebooks store of Matplotlib figures."""

import io
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from vaelab.pictures import picture, use_sharp_pictures
from vaelab.plots import show_images
from vaelab.style import FIGURE_WIDTH, RC


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context(RC):
        yield
    plt.close("all")


def test_a_picture_has_two_pixels_for_each_of_the_page_and_text_that_a_telephone_shows():
    figure, ax = plt.subplots()
    ax.plot([0, 1])
    ax.set_xlabel("small", fontsize=7)
    ax.text(0.5, 0.5, "a digit", fontsize=13)
    png, about = picture(figure)
    width, height = Image.open(io.BytesIO(png)).size
    assert about["width"] == round(width / 2) and about["height"] == round(height / 2)
    assert abs(about["width"] - 94 * FIGURE_WIDTH) < 10
    smallest, largest = about["text"]
    assert 11 <= smallest < 12 and 15 < largest <= 17  # the body's text is 17 pixels high
    assert about["digits"] == []


def test_the_places_of_digits_are_exact(mnist):
    show_images([mnist.x_test[:4]], row_labels=["four digits"], captions=["7210"])
    png, about = picture(plt.gcf())
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"), float) / 255
    assert len(about["digits"]) == 4
    for place, digit in zip(about["digits"], mnist.x_test, strict=False):
        left, top, right, bottom = map(int, place.split())
        shown = Image.fromarray(pixels[top:bottom, left:right]).resize((28, 28), Image.Resampling.BOX)
        assert np.abs(1 - np.asarray(shown) - digit[..., 0]).mean() < 0.02


def test_shadings_keep_their_greys_as_digits_do_and_lines_do_not():
    figure, axes = plt.subplots(1, 5)
    axes[0].imshow(np.eye(50))
    axes[1].pcolormesh(np.eye(5))
    axes[2].contourf(np.eye(5), levels=4)
    axes[3].contourf(np.eye(5), levels=[0.5, 1], colors="#c8ccd4")  # one tint, no scale
    axes[4].contour(np.eye(5))
    assert len(picture(figure)[1]["digits"]) == 3


def test_a_figure_without_axes_has_no_picture_and_outside_a_notebook_nothing_happens():
    assert picture(Figure()) is None
    use_sharp_pictures()


def test_after_setup_a_notebook_shows_figures_so_and_nbval_compares_neither_picture_nor_metadata(tmp_path):
    draw = nbformat.v4.new_code_cell("import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nplt.show()")
    stored = {"image/png": "b3RoZXI=", "text/plain": "<Figure size 488.8x338.4 with 1 Axes>"}
    draw.outputs = [nbformat.v4.new_output("display_data", stored, metadata={"image/png": {"width": 7}})]
    draw.execution_count = 1
    proof = (
        "data, metadata = get_ipython().display_formatter.format(figure)\n"
        "assert set(metadata['image/png']) == {'width', 'height', 'text', 'digits'}, metadata"
    )
    cells = [nbformat.v4.new_code_cell("import vaelab\nvaelab.setup()"), draw, nbformat.v4.new_code_cell(proof)]
    path = tmp_path / "lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", path]
    inline = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    result = subprocess.run(command, cwd=tmp_path, env=inline, capture_output=True, text=True)
    assert result.returncode == 0 and "3 passed" in result.stdout, result.stdout
