"""What is told of a notebook is told in words that its author can follow."""

import pytest

from grading import surprises
from grading.marking import Mark

CELLS = [
    ("code", "import numpy as np", None, 0),
    ("markdown", "# Homework 2\n\n## Task 1. Standard deviations (10 points)\n\nWrite it.", None, 0),
    ("code", "\ndef kl_std(a):\n    return 1 / 0", "kl_std", 0),
    ("markdown", "### My trials", None, 0),
    ("code", "x = 1\ndef kl_std(a): return 2", None, 0),
    ("code", "def kl_laplase(a:\n", None, 0),
]


def said(*messages, task="kl_std", points=0.0):
    return surprises.told(Mark(task, "x", points, 10.0, messages), CELLS)["messages"]


def test_cell_is_named_by_what_a_student_sees():
    (first, _) = said("Your code raised ZeroDivisionError: division by zero, cell 2, line 3")
    assert first == (
        "Your code raised ZeroDivisionError: division by zero, in line 3 of the cell that begins with "
        '"def kl_std(a):" under "Task 1. Standard deviations (10 points)"'
    )
    for odd in ("words, cell 99", "cell 2 is mentioned", "words, cell 0, line 1"):
        assert said(odd)[0] == odd
    endless = [("code", "y" * 5000 + "\x1b", None, 0)]
    assert len(surprises.where(endless, 0)) < 120 and "\x1b" not in surprises.where([("code", "\x1b", None, 0)], 0)


def test_function_that_is_defined_twice_is_said_to_be():
    assert said("values differ")[1] == (
        'kl_std is defined 2 times in the notebook. The last one counts: the cell that begins with "x = 1" under '
        '"My trials".'
    )
    assert said(points=10.0) == [] and said("values differ", task="other") == ["values differ"]


@pytest.mark.parametrize(
    ("task", "words"),
    [("kl_laplase", "no valid Python"), ("kl_laplace", "There is one called kl_laplase"), ("sample", "Was it renamed")],
)
def test_function_that_is_not_found_is_looked_for(task, words):
    assert words in said(f"{surprises.MISSING} Was it renamed or deleted?", task=task)[0]
