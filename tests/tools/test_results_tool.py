"""tools/results: every stored result has its experiment, in the file of the chapter that shows it."""

import ast
import re
import subprocess
import sys

from files import ROOT
from vaelab.results import RESULTS

FOLDER = ROOT / "tools" / "results"


def experiments():
    """{name: (file, docstring)} of the functions marked as experiments, without importing TensorFlow."""
    found = {}
    for path in FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            marks = getattr(node, "decorator_list", [])
            if any(isinstance(mark, ast.Name) and mark.id == "experiment" for mark in marks):
                found[node.name] = path.stem, ast.get_docstring(node)
    return found


def test_every_stored_result_has_its_experiment_and_the_other_way_round():
    own = {path.stem for path in (RESULTS / "figures").iterdir()}  # files of their own, as the networks are
    own -= {"twin"}  # twins makes two
    assert own == {name for name, (file, _) in experiments().items() if file == "figures"}
    assert {path.stem for path in RESULTS.glob("*.json")} == set(experiments()) - own - {"networks"}


def test_an_experiment_stands_in_the_file_of_its_chapter():
    for name, (file, docstring) in experiments().items():
        chapter = re.match(r"Chapter (\d\d[a-z]?): ", docstring)
        assert file == f"chapter{chapter[1]}" if chapter else file in ("networks", "figures"), name


def test_an_unknown_experiment_is_refused_with_the_known_ones():
    done = subprocess.run([sys.executable, FOLDER, "lunch"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "No experiment lunch" in done.stderr
    assert all(name in done.stderr for name in experiments())
