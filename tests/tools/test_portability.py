"""The tool that runs lessons as other processors would: it names a cell that flips, and none that holds."""

import re
from pathlib import Path

import nbformat
import pytest

import portability

TRAIN = """import keras
import numpy as np
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mean_squared_error")
model.fit(np.ones((8, 3)), np.ones(8), verbose=0)
print(f"{model.get_weights()[0][0, 0]:.6f}")"""


@pytest.fixture
def planted(tmp_path):
    """A notebook that prints the same unprotected trained number before and after `setup`, and a right one at last."""
    cells = [TRAIN, "import vaelab\nvaelab.setup('en')", TRAIN, "print(1 + 1)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    for i, (cell, stored) in enumerate(zip(notebook.cells, ("0\n", "", "0\n", "2\n"), strict=True)):
        cell.execution_count = i + 1
        if stored:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    path = tmp_path / "planted.ipynb"
    nbformat.write(notebook, path)
    return path


def numbers(what):
    return set(re.findall(r"-?0\.\d{6}", what))


def test_planted_trained_numbers_are_named_a_right_one_is_not_and_jitter_moves_what_a_lesson_trains(planted):
    before, after = portability.flips([planted], "jitter")
    assert "planted" in before[0] and (before[1], after[1]) == ("Cell 0", "Cell 2")
    assert len(numbers(before[2])) == len(numbers(after[2])) == 1
    assert numbers(before[2]) != numbers(after[2])  # jitter begins with setup(), as a lesson's first cell calls it


@pytest.mark.parametrize("regime", portability.REGIMES)
def test_a_regime_sets_its_variables_and_only_jitter_moves_weights(regime, monkeypatch, tmp_path):
    def run(command, env, **_):
        startup = Path(env["IPYTHONDIR"], "profile_default/startup/jitter.py").read_text("utf-8")
        assert portability.REGIMES[regime].items() <= env.items() and "--nbval" in command
        assert ("fit_and_move" in startup) == (regime == "jitter")
        raise KeyboardInterrupt

    monkeypatch.setattr(portability.subprocess, "run", run)
    with pytest.raises(KeyboardInterrupt):
        list(portability.flips([tmp_path / "any.ipynb"], regime))


def test_unknown_words_are_refused_before_anything_runs():
    with pytest.raises(SystemExit, match="Neither a regime nor a lesson: 77"):
        portability.main(["77"])


def test_a_notebook_that_cannot_be_run_is_no_success(tmp_path):
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{", "utf-8")
    with pytest.raises(SystemExit, match="could not be run"):
        list(portability.flips([broken], "default"))
