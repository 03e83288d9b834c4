"""The masters of the homeworks: find them, read them, cut the solutions out."""

import functools
import hashlib
import importlib
import itertools
import re
from pathlib import Path

import jupytext
import numpy as np

from grading.errors import Refused
from grading.words import Outline

HERE = Path(__file__).resolve().parent
MASTERS = HERE / "homework"
BEGIN, END = re.compile(r"^\s*### BEGIN SOLUTION\s*$"), re.compile(r"^\s*### END SOLUTION\s*$")
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")


class Homework:
    """A homework by its short name, such as "hw2": master text, hidden checks, reference solutions, written tasks.

    Raises Refused for an unknown name.
    """

    def __init__(self, name, language="en"):
        known = masters(language)
        if name not in known:
            raise Refused(f"There is no homework {name!r}. There are: {', '.join(known)}.")
        self.name, self.path = name, known[name]
        self.notebook = jupytext.read(self.path, fmt="md:myst")
        self.checks = f"grading.checks.{name}"
        checks = importlib.import_module(self.checks)
        self.tasks = checks.TASKS
        code = [*sorted(HERE.glob("*.py")), *sorted(HERE.glob("sandbox/*.py")), Path(checks.__file__)]
        self.edition = hashlib.sha256(b"".join(path.read_bytes() for path in (self.path, *code))).hexdigest()[:12]
        self.title = self.notebook.cells[0].source.split("\n")[0].lstrip("# ")
        imports = "import keras\nimport numpy as np\nimport tensorflow as tf\nfrom keras import ops"
        self.references = {
            cell.metadata.nbgrader.grade_id: f"{imports}\n\n{cell.source}"
            for cell in self.notebook.cells
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
        }
        self.written = {
            cell.metadata.nbgrader.grade_id: (cell.metadata.nbgrader.points, cell.source)
            for cell in self.notebook.cells
            if cell.cell_type == "markdown" and "nbgrader" in cell.metadata
        }

    def earlier(self, task):
        """{function: source} of the reference functions for the tasks before this one."""
        names = [other.name for other in self.tasks]
        return {name: self.references[name] for name in names[: names.index(task.name)]}

    @functools.cached_property
    def outline(self):
        """Where the tasks begin, and what of a notebook is not the student's."""
        return Outline(self.notebook.cells)

    @functools.cached_property
    def most(self):
        """{task: the most points that there are for its code}. Raises Refused if the places that name them differ."""
        cells = [cell for cell in self.notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        prose = "\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "markdown")
        places = {
            "its heading": re.findall(r"^## Task \d+\..*\(([\d.]+) points\)$", prose, re.MULTILINE),
            "the table of the tasks": re.findall(r"^\| \d+ \| .* \| ([\d.]+) \|$", prose, re.MULTILINE),
            "its cell's metadata": [cell.metadata.nbgrader.points for cell in cells],
            f"checks/{self.name}.py": [
                *(sum(check.points for check in task.checks(np.random.default_rng(0))) for task in self.tasks),
                *(points for points, _ in self.written.values()),
            ],
        }
        for number, points in enumerate(itertools.zip_longest(*places.values(), fillvalue=0), 1):
            if len({float(one) for one in points}) > 1:
                said = ", ".join(f"{float(one):g} in {place}" for place, one in zip(places, points, strict=True))
                raise Refused(f"{self.name}, task {number}: the points are {said}. Make them agree.")
        return {cell.metadata.nbgrader.grade_id.removeprefix("test_"): float(cell.metadata.nbgrader.points)
                for cell in cells if cell.cell_type == "code"}  # fmt: skip

    @property
    def most_of_all(self):
        """`most`, and the points of the written tasks."""
        return self.most | {name: float(points) for name, (points, _) in self.written.items()}

    @property
    def cells(self):
        """Sources of the master's code cells, solutions and all."""
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]


def masters(language="en"):
    """{short name: path} of all masters."""
    paths = [path for path in sorted((MASTERS / language).glob("hw*.md")) if not path.stem.endswith("-rubric")]
    return {path.stem.split("-")[0]: path for path in paths}


def cut(source):
    """A text without its solutions: what stands between the markers becomes nbgrader's stub, which raises."""
    kept, inside = [], False
    for line in source.split("\n"):
        if BEGIN.match(line):
            assert not inside, "a solution begins inside a solution"
            inside, indent = True, line[: len(line) - len(line.lstrip())]
            kept += [indent + part for part in STUB]
        elif END.match(line):
            assert inside, "a solution ends that never began"
            inside = False
        elif not inside:
            kept.append(line)
    assert not inside, "a solution never ends"
    return "\n".join(kept)
