"""Seconds of the whole proof, run as `make test` runs it, and of each notebook in it.

Files run side by side there, each notebook on one core beside another file's work, so that a notebook by itself is
faster. It proves as much as `make test`: what fails is shown, and no total is given.
"""

import collections
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

from bench.rows import row

ROOT = Path(__file__).resolve().parent.parent


def measure():
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        start = time.perf_counter()
        done = subprocess.run(["make", "test"], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "PYTEST_ADDOPTS": f"--junitxml={report}"})  # fmt: skip
        taken = time.perf_counter() - start
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)
            yield row("make test", f"failed in {taken:.0f}", "s")
            return
        yield from rows(report, taken)


def rows(report, taken):
    """The rows of a run that passed. report: its JUnit file. taken: seconds by the clock."""
    seconds = collections.Counter()
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = case.get("classname").removesuffix(".ipynb").split(".")[-1]
        seconds[name] += float(case.get("time"))
    for name, value in sorted(seconds.items()):
        if not name.startswith("test_"):
            yield row(name, value, "s", at_most=150)
    yield row("all tests, added up", sum(v for name, v in seconds.items() if name.startswith("test_")), "s")
    yield row("make test, by the clock", taken, "s", at_most=1500)
