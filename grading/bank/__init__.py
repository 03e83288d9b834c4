"""The bank: answers whose marks are known beforehand. It proves the marking, as tests prove code.

A homework's bank, `bank/hwN.py`, holds RIGHT, {name: {function: source}}: full marks; WRONG, [(function, words,
source)]: fewer points on that task, and a message with those words. What serves every homework: EMPTY of this file,
{name: source with NAME}, no point on any task; `bank/forged.py`, numbers that nobody has computed; `bank/hostile.py`,
answers that attack.
"""

import importlib
import os
import queue
import sys
import threading
import time
from pathlib import Path

import jupytext
import nbformat

from grading.bank.hostile import HOSTILE
from grading.homework import cut
from grading.marks import mark_seeds
from grading.sandbox import Sandbox

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


def of(homework):
    """The module with a homework's RIGHT and WRONG."""
    return importlib.import_module(f"grading.bank.{homework.name}")


def trials(homework, seeds, kinds):
    """All trials as (kind, name, function of a sandbox that returns a list of complaints and one of Marks)."""
    bank, found = of(homework), []
    for name, functions in bank.RIGHT.items():
        assert set(functions) == {task.name for task in homework.tasks}, f"{name} does not answer every task"
    seeds = list(seeds)
    groups = [seeds[i : i + SEEDS_AT_ONCE] for i in range(0, len(seeds), SEEDS_AT_ONCE)]

    def add(kind, name, task, source, seeds, fault):
        def trial(sandbox):
            marks = mark_seeds(task, sandbox, [IMPORTS, source], homework.earlier(task), seeds)
            said = [(seed, words) for seed, mark in zip(seeds, marks, strict=True) for words in fault(mark) if words]
            return [f"seed {seed}: {words}" for seed, words in said], marks

        found.append((kind, f"{task.name}: {name}", trial))

    for task in homework.tasks:
        for group in groups:
            for name, functions in bank.RIGHT.items():
                add("right", name, task, functions[task.name], group, not_full)
            for function, words, source in bank.WRONG:
                if function == task.name:
                    add("walled" if words in WALLED else "wrong", words, task, source, group, not_told(words))
        for name, source in EMPTY.items():
            add("empty", name, task, source.replace("NAME", task.name), seeds[:1], not_nothing)
    task = homework.tasks[0]
    for name, source in HOSTILE.items():
        add("hostile", name, task._replace(seconds=SECONDS), source.replace("NAME", task.name), seeds[:1], not_nothing)
        found[-1] = (*found[-1][:2], harmless(homework, task, found[-1][2], seeds[0]))
    return [trial for trial in found if trial[0] in kinds]


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


def run_all(homework, seeds, workers=None, kinds=KINDS, show=True, margins=None, box=Sandbox):
    """Run every trial of these kinds. Prints what fails and a summary; returns whether all passed.

    margins: a Margins to add what is measured to. box: makes what the answers are asked of.
    """
    waiting, failures, tally = queue.SimpleQueue(), [], {}
    everything = trials(homework, seeds, kinds)
    for trial in everything:
        waiting.put(trial)
    started, lock, troubles = time.monotonic(), threading.Lock(), []

    def work():
        try:
            with box() as sandbox:
                while not troubles:
                    try:
                        kind, name, trial = waiting.get_nowait()
                    except queue.Empty:
                        return
                    sandbox.next_submission()
                    complaints, marks = trial(sandbox)
                    with lock:
                        for mark in marks if margins else ():
                            margins.add(kind, mark)
                        passed, total = tally.get(kind, (0, 0))
                        tally[kind] = passed + (not complaints), total + 1
                        if complaints:
                            failures.append(f"{kind}  {name}\n    " + "\n    ".join(complaints))
                        if show and sys.stderr.isatty():
                            done = sum(total for _, total in tally.values())
                            print(f"{done} of {len(everything)}", end="\r", file=sys.stderr, flush=True)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers or os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    for failure in failures:
        print(failure)
    for kind in kinds:
        passed, total = tally.get(kind, (0, 0))
        print(f"{kind:8} {passed} of {total} as they should be")
    print(f"{len(everything)} trials in {time.monotonic() - started:.0f} s")
    return not failures


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


def samples(homework, folder):
    """Ten submissions for a trial: some right in different ways, some with a mistake or two, one open, one broken."""
    bank, folder = of(homework), Path(folder)
    rights, wrongs = list(bank.RIGHT.values()), bank.WRONG
    names = ["Ada Example", "Bo Example", "Chi Example", "Dora Example", "Emil Example", "Fee Example", "Gus Example",
             "Hua Example"]  # fmt: skip
    folder.mkdir(parents=True)
    for i, name in enumerate(names):
        functions = dict(rights[i % len(rights)])
        for j in range(i // 2):  # later ones make more mistakes, spread over the tasks
            function, _, source = wrongs[(7 * i + 13 * j) % len(wrongs)]
            functions[function] = source
        text = notebook(homework, functions, "**Your answer.** Because." if i % 2 else None)
        (folder / f"{name} {homework.name}.ipynb").write_text(text, "utf-8")
    (folder / f"Ivo Example {homework.name}.ipynb").write_text(notebook(homework, {}), "utf-8")
    (folder / f"Jan Example {homework.name}.ipynb").write_text("this is no notebook", "utf-8")
