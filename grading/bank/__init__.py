"""The bank: answers whose marks are known beforehand. It proves the marking, as tests prove code.

A homework's bank is a folder. `hwN/right/*.py`, a way of writing each, with a cell `# %% function` for every task: full
marks. `hwN/wrong.py`: WRONG, [(function, words, source)], fewer points on that task, and a message with the words. All
homeworks share EMPTY of this file, {name: source with NAME}, no point on any task; `forged.py`, numbers that
nobody has computed; `hostile.py`, answers that attack. `tests/grading/test_bank.py` tries them all.
"""

import importlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat

from grading.bank.hostile import HOSTILE
from grading.homework import cut
from grading.marking import mark_seeds

HERE = Path(__file__).resolve().parent
CELL = re.compile(r"^# %% (\w+)$", re.MULTILINE)
KINDS = ("right", "wrong", "walled", "empty", "hostile")
SECONDS = 1.0  # that a hostile answer gets
SEEDS_AT_ONCE = 5  # inputs of so many seeds go into one question
WALLED = ("course's own solutions are taken away", "allocate")  # what is told of mistakes that only walls notice
ROOM = 1.1  # times a tolerance, that the nearest wrong answer is away; and a right one stays as far within
IMPORTS = "import numpy as np\nimport keras\nimport tensorflow as tf\nfrom keras import ops"

EMPTY = {
    "open": "def NAME(*arguments):\n    raise NotImplementedError()",
    "missing": "x = 1",
    "None": "def NAME(*arguments):\n    pass",
    "zero": "def NAME(*arguments):\n    return 0.0",
    "one": "def NAME(*arguments):\n    return np.ones(len(arguments[0]))",
    "NaN": "def NAME(*arguments):\n    return np.full(np.shape(arguments[0]), np.nan)",
    "infinity": "def NAME(*arguments):\n    return np.inf, np.inf",
    "first argument": "def NAME(*arguments):\n    return arguments[0]",
}


def right(homework):
    """{way of writing: {function: source}} of a homework's right answers."""
    found = {}
    for path in sorted(HERE.glob(f"{homework.name}/right/*.py")):
        _, *parts = CELL.split(path.read_text("utf-8"))
        found[path.stem] = dict(zip(parts[::2], parts[1::2], strict=True))
        assert list(found[path.stem]) == [task.name for task in homework.tasks], f"{path} does not answer every task"
    return found


def wrong(homework):
    """[(function, words of what is told, source)] of a homework's wrong answers."""
    return importlib.import_module(f"grading.bank.{homework.name}.wrong").WRONG


class Trial(NamedTuple):
    """One answer, tried. run(sandbox): (what is not as it should be, as a list of texts; the Marks)."""

    kind: str
    name: str
    run: Callable


def trials(homework, seeds, kinds=KINDS):
    """All Trials of these kinds. With several seeds an answer is tried on the inputs of some of them at once."""
    seeds, found = list(seeds), []
    groups = [seeds[i : i + SEEDS_AT_ONCE] for i in range(0, len(seeds), SEEDS_AT_ONCE)]

    def add(kind, name, task, source, seeds, fault):
        def run(sandbox):
            sandbox.next_submission()
            marks = mark_seeds(task, sandbox, [IMPORTS, source], homework.earlier(task), seeds)
            said = [(seed, words) for seed, mark in zip(seeds, marks, strict=True) for words in fault(mark) if words]
            return [f"seed {seed}: {words}" for seed, words in said], marks

        found.append(Trial(kind, f"{task.name}: {name}", run))

    for task in homework.tasks:
        for group in groups:
            for name, functions in right(homework).items():
                add("right", name, task, functions[task.name], group, not_full)
            for function, words, source in wrong(homework):
                if function == task.name:
                    add("walled" if words in WALLED else "wrong", words, task, source, group, not_told(words))
        for name, source in EMPTY.items():
            add("empty", name, task, source.replace("NAME", task.name), seeds[:1], not_nothing)
    task = homework.tasks[0]
    for name, source in HOSTILE.items():
        add("hostile", name, task._replace(seconds=SECONDS), source.replace("NAME", task.name), seeds[:1], not_nothing)
        found[-1] = found[-1]._replace(run=harmless(homework, task, found[-1].run, seeds[0]))
    return [trial for trial in found if trial.kind in kinds]


def failures(homework, seeds, kinds, sandbox, margins=None):
    """Run the trials one after the other: {name: what is not as it should be} of those that fail.

    margins: a Margins to add what is measured to.
    """
    found = {}
    for trial in trials(homework, seeds, kinds):
        complaints, marks = trial.run(sandbox)
        for mark in marks if margins else ():
            margins.add(trial.kind, mark)
        if complaints:
            found[trial.name] = [*found.get(trial.name, []), *complaints]
    return found


def not_full(mark):
    return [mark.points < mark.most and f"{mark.points:g} of {mark.most:g}: {mark.messages}"]


def not_told(words):
    def fault(mark):
        told = words in " ".join(mark.messages)
        return [mark.points == mark.most and "full marks", not told and f"{words!r} is not in {mark.messages}"]

    return fault


def not_nothing(mark):
    said = " ".join(mark.messages)
    return [mark.points > 0 and f"{mark.points:g} points", "FOUND" in said and said]


def harmless(homework, task, attack, seed):
    """A trial: the attack gains nothing, changes no file, holds nobody up, and the next answer is marked as ever."""

    def trial(sandbox):
        before, started = canaries(), time.monotonic()
        complaints, marks = attack(sandbox)
        if time.monotonic() - started > SECONDS + 20:
            complaints.append(f"it held the grader up for {time.monotonic() - started:.0f} s")
        if canaries() != before:
            complaints.append("it changed a file outside the sandbox")
        mark = mark_seeds(task, sandbox, [homework.references[task.name]], {}, [seed])[0]
        return complaints + list(filter(None, not_full(mark))), marks

    return trial


def canaries():
    """What a hostile answer would like to change: our own files, and files of its own in the home and in /tmp."""
    folder = Path(__file__).resolve().parent.parent
    ours = {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}
    return ours, [name for place in (Path.home(), "/tmp") for name in os.listdir(place) if "cheat" in name]


class Margins:
    """How far a bank's answers lie from the tolerances, each distance in units of what its tolerance allows.

    right, wrong: {(task, check, Tolerance): the largest distance of a right answer, the smallest of a wrong one}. A
    wrong answer counts where it is caught: in the first check that it fails, by what it misses most.
    """

    def __init__(self):
        self.right, self.wrong = {}, {}

    def add(self, kind, mark):
        for check, distances in mark.distances.items():
            for tolerance, found in distances.items():
                key = (mark.task, check, tolerance)
                if kind == "right":
                    self.right[key] = max(found, self.right.get(key, 0.0))
                elif kind == "wrong" and found == max(distances.values()) > 1:
                    self.wrong[key] = min(found, self.wrong.get(key, found))
            if kind == "wrong" and max(distances.values(), default=0) > 1:
                return

    def table(self):
        """[(task, check, name of the tolerance, worst right distance, nearest wrong one)], None where there is none."""
        keys = sorted(self.right.keys() | self.wrong.keys(), key=lambda key: (key[0], key[1], key[2].name))
        return [(task, check, tolerance.name, self.right.get((task, check, tolerance)),
                 self.wrong.get((task, check, tolerance))) for task, check, tolerance in keys]  # fmt: skip

    def faults(self):
        """What of the table leaves less than a tenth of room on either side, or has nothing there."""
        return [line for line in self.table() if not (line[3] is not None and line[3] <= 1 / ROOM
                and line[4] is not None and line[4] >= ROOM)]  # fmt: skip


def notebook(homework, functions, words=None):
    """A student's notebook, as JSON: `functions` in the place of the stubs, the rest still open; words: what the
    written tasks are answered with."""
    book = jupytext.read(homework.path, fmt="md:myst")
    for cell in book.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            cell.source = functions[name] if name in functions else cut(cell.source)
        elif name and words:
            cell.source = words
    book.cells.insert(2, nbformat.v4.new_code_cell(IMPORTS))
    return nbformat.writes(book)
