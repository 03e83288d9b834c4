"""Measure what the grader promises: speed, memory, growth, two workers against one, and marks that no luck changes.

python -m grading.measure             everything; one to two hours on two quiet cores
python -m grading.measure PART ...    only that: growth, workers, classroom (of hw2), right, honest, luck, margins

classroom: a made-up class of 120, from a downloaded zip file to final marks in Canvas' and Moodle's files.
right: right answers with 50 seeds, in the sandbox. honest: 100 notebooks composed of right answers and idioms, in the
sandbox and in IPython's shell. luck: what numbers that nobody has computed earn, with 200 seeds.
margins: how far right and wrong answers lie from each tolerance, with 10 seeds. The last two run without a sandbox, in
each numerical regime. Prints JSON. The submissions are right answers in six ways of writing, the most there is to run.
"""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from grading import __main__ as command
from grading import bank
from grading.bank import classroom as made_up
from grading.bank import honest
from grading.bank.constant import best_constants
from grading.bank.forged import InProcess, few, lucky
from grading.homework import Homework, masters
from grading.sandbox.outside import Sandbox
from grading.session import Run, grade_all
from grading.submissions import Submission

TIMED = "hw2"
SIZES = (10, 50, 200)
SEED = 2013
# Processors differ in the order in which they add up; these let one imitate others.
REGIMES = {"as it comes": {}, "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"}}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "TF_NUM_INTRAOP_THREADS": "1"}


def class_of(homework, size):
    """`size` submissions, no two the same."""
    texts = [bank.notebook(homework, functions) for functions in bank.right(homework).values()]
    return [
        Submission(f"student {i}", f"{i}.ipynb", f"{texts[i % len(texts)]}{' ' * i}".encode(), (0, 0))
        for i in range(size)
    ]


def graded(homework, size, **how):
    """Seconds that it takes to grade a class of this size."""
    with tempfile.TemporaryDirectory() as folder:
        run, class_, started = Run(folder, homework, SEED), class_of(homework, size), time.perf_counter()
        results = grade_all(run, class_, progress=False, **how)
        seconds = time.perf_counter() - started
        run.close()
    assert all(mark["points"] == mark["most"] for result in results for mark in result["marks"]), "marks were lost"
    return seconds


class Memory:
    """The most memory that this process and its sandboxes have used within the block, in MB (PSS)."""

    def __enter__(self):
        self.own = self.sandboxes = 0.0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def watch(self):
        this = psutil.Process()
        while not self.done.wait(0.2):
            self.own = max(self.own, pss([this]))
            self.sandboxes = max(self.sandboxes, pss(this.children(recursive=True)))


def pss(processes):
    found = 0
    for process in processes:
        try:
            found += process.memory_full_info().pss
        except psutil.Error:
            continue  # it has ended meanwhile
    return found / 2**20


def growth():
    """Seconds and submissions a minute for classes of several sizes; memory of a worker, and of the grader itself."""
    homework, workers, found = Homework(TIMED), os.cpu_count(), {}
    for size in SIZES:
        with Memory() as memory:
            seconds = graded(homework, size, workers=workers)
        found[size] = {
            "seconds": round(seconds, 1),
            "submissions a minute": round(60 * size / seconds, 1),
            "MB a worker": round(memory.sandboxes / workers),
            "MB of the grader": round(memory.own),
        }
    return {"workers": workers, "submissions": found}


def workers(size=200):
    """One Dask worker with one thread against two, once they are warm.

    Eleven seconds of each run are the same for a class of any size: sandboxes start, walls are tried, the homework's
    own solutions are marked. Where a submission takes one second the ratio is 1.6 for forty of them, and 1.9 without
    that start.
    """
    from distributed import LocalCluster

    homework, seconds = Homework(TIMED), {}
    for count in (1, 2):
        with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
            graded(homework, 3 * count, scheduler=cluster.scheduler_address)
            seconds[count] = graded(homework, size, scheduler=cluster.scheduler_address)
    times = {f"{count} workers": round(60 * size / s, 1) for count, s in seconds.items()}
    return {"submissions": size, "submissions a minute": times, "ratio": round(seconds[1] / seconds[2], 2)}


def classroom(size=120):
    """Seconds from what a teacher downloads to final marks, and who has no row of their own on the way."""
    homework, started = Homework(TIMED), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        given, out = Path(folder) / "class", Path(folder) / "out"
        class_ = made_up.write(homework, given, size)
        line = ["grade", TIMED, str(given / "submissions.zip"), "--out", str(out), "--roster", str(given / "class.csv")]
        line += [part for name in ("moodle", "canvas") for part in ("--worksheet", str(given / f"{name}.csv"))]
        status = command.main(line) or command.main(["merge", str(out / "run-001")])
        seconds, run = time.perf_counter() - started, out / "run-001"
        assert status == 0, "a command failed"
        found = {
            name: (run / name).read_text("utf-8-sig") for name in ("grades.csv", "lms/moodle.csv", "lms/canvas.csv")
        }
        pages = len(list((run / "feedback").glob("*.html")))
    missing = [student.name for student in class_ if student.name not in found["grades.csv"]]
    moodle = csv.DictReader(io.StringIO(found["lms/moodle.csv"]))
    canvas = [*csv.DictReader(io.StringIO(found["lms/canvas.csv"]))][1:]
    missing += [row["Full name"] for row in moodle if row["Grade"] == "-"]
    missing += [row["Student"] for row in canvas if not row[f"{TIMED} (77)"]]
    return {"students": size, "seconds": round(seconds, 1), "missing": len(missing) + size - pages}


def right(seeds=50):
    """All right answers of each homework's bank with many seeds: whether none lost a point, and how long it takes."""

    def one(name):
        started = time.perf_counter()
        with Sandbox() as sandbox:
            failed = bank.failures(Homework(name), range(seeds), ("right",), sandbox)
        print(*failed.items(), sep="\n", file=sys.stderr)
        return {"all full marks": not failed, "seconds": round(time.perf_counter() - started, 1)}

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is done by the sandboxes
        return {"seeds": seeds, "homeworks": dict(zip(masters(), pool.map(one, masters()), strict=True))}


def composed(notebooks=100):
    """Composed honest notebooks of each homework: how many earn full marks, in the grader and in Jupyter."""

    def one(name):
        lost = {}
        with Sandbox() as sandbox:
            for start in range(0, notebooks, 20):
                lost |= honest.faults(Homework(name), range(start, min(start + 20, notebooks)), sandbox)
        print(*lost.values(), sep="\n", file=sys.stderr)
        return notebooks - len(lost)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {"notebooks": notebooks, "homeworks": dict(zip(masters(), pool.map(one, masters()), strict=True))}


def luck_here(seeds=200):
    """What forged answers earn in this process: for each homework the task, seed, form and points of all that do."""
    with few():
        return {"seeds": seeds, "homeworks": {name: lucky(Homework(name), range(seeds)) for name in masters()}}


def constants(seeds=200):
    """What the best constant answer to each task earns on average."""
    with few():
        return {"seeds": seeds, "homeworks": {name: best_constants(Homework(name), range(seeds)) for name in masters()}}


def margins_here(seeds=10):
    """How far the bank's answers lie from each tolerance in this process, and whether each got its due."""
    found = {}
    for name in masters():
        margins = bank.Margins()
        with few():
            failed = bank.failures(Homework(name), range(seeds), ("right", "wrong"), InProcess(), margins)
        print(*failed.items(), sep="\n", file=sys.stderr)
        found[name] = {"as they should be": not failed, "tolerances": margins.table()}
    return {"seeds": seeds, "homeworks": found}


def in_each_regime(part):
    """{regime: what `python -m grading.measure PART` prints there}; all regimes at the same time."""
    line = [sys.executable, "-m", "grading.measure", part]
    running = {
        regime: subprocess.Popen(line, env=os.environ | QUIET | variables, stdout=subprocess.PIPE)
        for regime, variables in REGIMES.items()
    }
    printed = {regime: process.communicate()[0] for regime, process in running.items()}
    assert not any(process.returncode for process in running.values()), "a regime's process failed"
    return {regime: json.loads(text)[part] for regime, text in printed.items()}


PARTS = {"growth": growth, "workers": workers, "classroom": classroom, "right": right, "honest": composed,
         "constants": constants,
         "luck": lambda: in_each_regime("luck_here"), "margins": lambda: in_each_regime("margins_here")}  # fmt: skip
HERE = {"luck_here": luck_here, "margins_here": margins_here}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS) - set(HERE):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    print(json.dumps({name: (PARTS | HERE)[name]() for name in wanted}, indent=1))
