"""The tour runs anywhere: with Keras, TensorFlow, NumPy and Matplotlib, the data file, and nothing of the course."""

import re
import subprocess
import sys

import jupytext
import numpy as np
import pytest

from conftest import ROOT

# -I keeps the environment's paths out, and the finder refuses what is not meant to be needed, wherever it is installed.
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"vaelab", "sklearn", "scipy", "anywidget"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
import matplotlib

matplotlib.use("agg")
"""


def alone(folder, code):
    """The finished process that ran the code in the folder, where the course can't be imported."""
    return subprocess.run(
        [sys.executable, "-I", "-c", ALONE + code], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def cells():
    notebook = jupytext.read(ROOT / "notebooks" / "en" / "00-tour.md", fmt="md:myst")
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_tour_trains_an_autoencoder_and_a_vae_without_the_course(cells, tmp_path):
    code = "\n\n".join(cells)
    assert code.count("\nEPOCHS = 8\n") == 1
    code = code.replace("\nEPOCHS = 8\n", "\nEPOCHS = 1\n")
    code = re.sub(r"^assert .*$", "", code, flags=re.M)  # the page's own bands are those of its eight epochs
    assert code.count("60000") == 1
    code = code.replace("60000", "20000")
    with np.load(ROOT / "src" / "vaelab" / "data" / "mnist.npz") as digits:
        few = {name: digits[name][:20000] for name in digits}
    np.savez(tmp_path / "mnist.npz", **few)
    done = alone(tmp_path, code)
    assert done.returncode == 0, done.stderr
    error = float(re.search(r"test images: (0\.\d+)", done.stdout)[1])
    assert 0.05 < error < 0.063, done.stdout  # always drawing the average image gives 0.0675
    loss, reconstruction, kl = map(float, re.search(r"loss (\d+) = error (\d+) \+ KL ([\d.]+)", done.stdout).groups())
    assert 185 < loss < 235 and abs(loss - reconstruction - kl) < 1.1, done.stdout
    assert kl > 2, "the VAE has collapsed"


def test_without_the_file_keras_brings_the_digits(cells, tmp_path):
    stub = """
import keras, numpy

images, labels = numpy.full((20, 28, 28), 51, "uint8"), numpy.arange(20) % 10
keras.datasets.mnist.load_data = lambda: ((images, labels), (images, labels))
"""
    done = alone(tmp_path, "\n\n".join([stub, *cells[:2], "print(x_train.shape, x_test.max(), y_test[3])"]))
    assert done.stdout.strip() == "(20, 28, 28, 1) 0.2 3", done.stdout + done.stderr
