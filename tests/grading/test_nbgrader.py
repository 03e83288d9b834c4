"""nbgrader makes of a converted master what our own students' notebook holds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from grading import __main__ as command
from grading.homework import Homework, cut, masters

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed: pip install nbgrader"
)


def nbgrader(*arguments):
    """Run nbgrader, with this environment's commands on the path: it calls alembic."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    line = [sys.executable, "-m", "nbgrader", *map(str, arguments)]
    environment = {**os.environ, "PATH": path, "JUPYTER_PREFER_ENV_PATH": "1"}
    result = subprocess.run(line, capture_output=True, text=True, env=environment)
    return result.returncode, result.stdout + result.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of nbgrader's with every homework's master, and what it releases to students."""
    folder = tmp_path_factory.mktemp("course")
    assert command.main(["nbgrader", "--course", str(folder)]) == 0
    status, said = nbgrader("generate_assignment", "hw*", "--create", "--course-dir", folder)
    assert status == 0, said
    return folder


def released(course, name):
    return next((course / "release").rglob(f"{name}*.ipynb"))


@pytest.mark.parametrize("name", masters())
def test_nbgrader_makes_the_student_notebook_that_is_ours(course, name):
    """The cells are those of our notebook, which is run as every notebook is."""
    code = [cell.source.strip() for cell in nbformat.read(released(course, name), 4).cells if cell.cell_type == "code"]
    assert code == [cut(source).strip() for source in Homework(name).cells]


def test_nbgrader_finds_the_open_answers_in_words(course, tmp_path):
    """Without the cells of code: they are those of our notebook, and cost two starts of TensorFlow."""
    book = nbformat.read(released(course, "hw2"), 4)
    book.cells = [cell for cell in book.cells if cell.cell_type == "markdown"]
    nbformat.write(book, tmp_path / "hw2.ipynb")
    _, said = nbgrader("validate", tmp_path / "hw2.ipynb")
    assert "YOUR ANSWER HERE" in said and said.count("cell failed") == len(Homework("hw2").written), said


def test_a_course_s_notebook_is_not_overwritten(course, capsys):
    assert command.main(["nbgrader", "hw2", "--course", str(course)]) == 2
    assert "left as it is" in capsys.readouterr().err
