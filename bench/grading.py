"""The grader's promises, as `python -m grading.measure` measures them: nothing here imports the grader."""

import json
import subprocess
import sys
from pathlib import Path

from bench.rows import row

ROOT = Path(__file__).resolve().parent.parent


def measure():
    command = [sys.executable, "-m", "grading.measure"]
    found = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    yield from rows(found)
    yield from proofs(found)
    yield from classroom(found["classroom"])


def rows(found):
    """The rows of speed and right answers in what grading.measure printed."""
    classes = found["growth"]["submissions"]
    for size, one in classes.items():
        what = f"a class of {size}, {found['growth']['workers']} workers"
        yield row(what, one["submissions a minute"], "a minute", at_least=40 if int(size) >= 50 else 20)
        yield row(f"{what}, memory of each", one["MB a worker"], "MB", at_most=1000)
    (small, least), *_, (large, most) = classes.items()
    linear = least["seconds"] * int(large) / int(small)
    yield row(f"from {small} to {large} submissions: time / linear growth", most["seconds"] / linear, at_most=1.2)
    yield row("two Dask workers / one", found["workers"]["ratio"], at_least=1.7)
    for name, one in found["right"]["homeworks"].items():
        what = f"{name}, right answers with {found['right']['seeds']} seeds"
        yield row(what, "all full marks" if one["all full marks"] else "points were lost")
        yield row(f"{what}, time", one["seconds"], "s")
    for name, full in found["honest"]["homeworks"].items():
        most = found["honest"]["notebooks"]
        what = f"{name}, of {most} composed honest notebooks, full marks as in Jupyter"
        yield row(what, full, "notebooks", at_least=most)


def proofs(found):
    """The rows of what luck can earn and of the room at each tolerance."""
    for regime, luck in found["luck"].items():
        for name, earned in luck["homeworks"].items():
            most = max((points for *_, points in earned), default=0)
            what = f"{name}, numbers that nobody computed, {luck['seeds']} seeds, {regime}"
            yield row(what, most, "points", at_most=0)
    for name, tasks in found["constants"]["homeworks"].items():
        for task, points in tasks.items():
            what = f"{name}, {task}, the best constant answer, {found['constants']['seeds']} seeds"
            yield row(what, round(points, 3), "points", at_most=0.1)
    for regime, margins in found["margins"].items():
        for name, one in margins["homeworks"].items():
            what, table = f"{name}, {margins['seeds']} seeds, {regime}", one["tolerances"]
            yield row(f"{what}: bank", "as it should be" if one["as they should be"] else "marks were wrong")
            yield row(f"{what}: worst right / tolerance", max(right for *_, right, _ in table), at_most=0.91)
            yield row(f"{what}: nearest wrong / tolerance", min(wrong for *_, wrong in table), at_least=1.1)
            for task, check, tolerance, right, wrong in table:
                yield row(f"{what}: {task}, {check}, {tolerance}", f"{right:.2g} < 1 < {wrong:.3g}")


def classroom(found):
    """The rows of a made-up class, from what a teacher downloads to what goes back to the learning platform."""
    what = f"a made-up class of {found['students']}, from a download to Moodle's and Canvas' files"
    yield row(what, found["seconds"], "s", at_most=600)
    yield row(f"{what}, missing", found["missing"], "students", at_most=0)
