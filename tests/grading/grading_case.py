"""What the tests of the grader share: one sandbox for a whole process, and made-up submissions."""

import atexit
import functools
import json
import shutil
from pathlib import Path

import pytest

from grading import bank
from grading.homework import Homework
from grading.sandbox.outside import Sandbox
from grading.submissions import Submission

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDS_SANDBOX = pytest.mark.skipif(
    shutil.which("bwrap") is None,
    reason="bubblewrap is not installed; on Debian or Ubuntu: sudo apt install bubblewrap",
)
EMPTY = json.dumps({"cells": [], "nbformat": 4})

homework_called = functools.cache(Homework)


@functools.cache
def shared_sandbox():
    """The sandbox of this process: to start one costs seven seconds of processor time."""
    box = Sandbox()
    atexit.register(box.close)
    return box


class Borrowed:
    """The shared sandbox in the place of a new one, for what starts and closes its own."""

    def __init__(self, unsafe=False):
        assert not unsafe
        self.unsafe, self.ask, self.next_submission = False, shared_sandbox().ask, shared_sandbox().next_submission

    def close(self):
        pass


def submission(homework, student, functions, words=None):
    """A student's notebook with these functions: {function: source}."""
    return Submission(student, f"{student}.ipynb", bank.notebook(homework, functions, words).encode(), (0, 0))


def small(student, source="x"):
    """A submission of one cell."""
    cells = [{"cell_type": "code", "source": source}]
    return Submission(student, f"{student}.ipynb", json.dumps({"cells": cells}).encode(), (0, 0))


def slip(words):
    """(function, source) of the wrong answer of homework 2 that is told these words."""
    return next((function, source) for function, said, source in bank.wrong(homework_called("hw2")) if words in said)
