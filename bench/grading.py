"""The grader's promises, as `python -m grading.measure` measures them: nothing here imports the grader."""

import json
import subprocess
import sys
from pathlib import Path

from bench.rows import row

ROOT = Path(__file__).resolve().parent.parent


def measure():
    command = [sys.executable, "-m", "grading.measure"]
    yield from rows(json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout))


def rows(found):
    """The rows of what grading.measure printed."""
    classes = found["growth"]["submissions"]
    for size, one in classes.items():
        what = f"a class of {size}, {found['growth']['workers']} workers"
        yield row(what, one["submissions a minute"], "a minute", at_least=20)
        yield row(f"{what}, memory of each", one["MB a worker"], "MB", at_most=1536)
    (small, least), *_, (large, most) = classes.items()
    linear = least["seconds"] * int(large) / int(small)
    yield row(f"from {small} to {large} submissions: time / linear growth", most["seconds"] / linear, at_most=1.2)
    yield row("two Dask workers / one", found["workers"]["ratio"], at_least=1.7)
    for name, one in found["right"]["homeworks"].items():
        what = f"{name}, right answers with {found['right']['seeds']} seeds"
        yield row(what, "all full marks" if one["all full marks"] else "points were lost")
        yield row(f"{what}, time", one["seconds"], "s")
