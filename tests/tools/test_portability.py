"""The tool that runs lessons as other processors would: it names a cell that flips, and none that holds."""

import re

import nbformat
import pytest

import portability

PLANTED = """import keras
import numpy as np
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mean_squared_error")
model.fit(np.ones((8, 3)), np.ones(8), verbose=0)
model.optimizer.name"""


@pytest.fixture
def planted(tmp_path):
    """A notebook that prints an unprotected trained number, with what a machine without jitter printed."""
    cells = [
        "import vaelab\nvaelab.setup('en')",
        PLANTED,
        "print(f'{model.get_weights()[0][0, 0]:.6f}')",
        "print(1 + 1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    for i, cell in enumerate(notebook.cells):
        cell.execution_count = i + 1
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", name="stdout", text="2\n")]
    path = tmp_path / "planted.ipynb"

    def write(stored):
        notebook.cells[2].outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
        nbformat.write(notebook, path)
        return path

    return write


def numbers(what):
    return re.findall(r"-?0\.\d{6}", what)


def test_planted_trained_number_is_named_and_a_right_one_is_not(planted):
    (found,) = portability.flips([planted("0\n")], "default")
    assert "planted" in found[0] and found[1] == "Cell 2"
    (printed,) = set(numbers(found[2]))
    (moved,) = portability.flips([planted(f"{printed}\n")], "jitter")
    assert moved[1] == "Cell 2" and len(set(numbers(moved[2])) - {printed}) == 1


def test_unknown_words_are_refused_before_anything_runs():
    with pytest.raises(SystemExit, match="Neither a regime nor a lesson: 77"):
        portability.main(["77"])


def test_a_notebook_that_cannot_be_run_is_no_success(tmp_path):
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{", "utf-8")
    with pytest.raises(SystemExit, match="could not be run"):
        list(portability.flips([broken], "default"))
