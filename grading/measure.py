"""Measure what the grader promises: speed, memory, growth, two workers against one, and right answers with 50 seeds.

python -m grading.measure             everything; ten minutes on two quiet cores
python -m grading.measure right       only that; the parts are growth and workers, on homework 2, and right, on all

Prints JSON. The submissions are right answers in six ways of writing, the most that there is to run.
"""

import contextlib
import json
import os
import sys
import tempfile
import threading
import time

import psutil

from grading import bank
from grading.homework import Homework, masters
from grading.run import Run, grade_all
from grading.submissions import Submission

TIMED = "hw2"
SIZES = (10, 50, 200)
SEED = 2013


def class_of(homework, size):
    """`size` submissions, no two the same."""
    rights = list(bank.of(homework).RIGHT.values())
    texts = [bank.notebook(homework, functions) for functions in rights]
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


def workers(size=40):
    """One Dask worker with one thread against two, once they are warm."""
    from distributed import LocalCluster

    homework, seconds = Homework(TIMED), {}
    for count in (1, 2):
        with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
            graded(homework, 3 * count, scheduler=cluster.scheduler_address)
            seconds[count] = graded(homework, size, scheduler=cluster.scheduler_address)
    times = {f"{count} workers": round(60 * size / s, 1) for count, s in seconds.items()}
    return {"submissions": size, "submissions a minute": times, "ratio": round(seconds[1] / seconds[2], 2)}


def right(seeds=50):
    """All right answers of each homework's bank with many seeds: whether none lost a point, and how long it takes."""
    found = {}
    for name in masters():
        started = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            passed = bank.run_all(Homework(name), range(seeds), kinds=("right",), show=False)
        found[name] = {"all full marks": passed, "seconds": round(time.perf_counter() - started, 1)}
    return {"seeds": seeds, "homeworks": found}


PARTS = {"growth": growth, "workers": workers, "right": right}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    print(json.dumps({name: PARTS[name]() for name in wanted}, indent=1))
