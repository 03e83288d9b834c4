"""What students get: their texts and hints, made from the masters and the checks, and one zip file with everything."""

import json
import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np

from grading.errors import Refused
from grading.homework import cut

ROOT = Path(__file__).resolve().parent.parent
README = Path(__file__).resolve().parent / "student-readme.md"
BUNDLE = ROOT / "dist" / "vaelab-student.zip"
# What of the repository is for students, by the beginning of its path: nothing else that may lie there, such as marks.
STUDENTS = ("notebooks/", "src/", "tools/", "tests/", "book/", "Makefile", "pyproject.toml", "requirements/",
            "LICENSE", "CITATION.cff", ".gitignore",
            ".gitattributes", ".editorconfig")  # fmt: skip
TEACHERS = ("tests/grading", "tests/test_bench", "tests/tools/test_environment")  # they test what is left out
TARGETS = ("student", "bench")  # of the Makefile: they need what is left out


def student_files(homework):
    """{path: text} of what students get, made from the master and the checks.

    Raises Refused if the places that name a task's points differ.
    """
    _ = homework.most
    return {
        ROOT / "notebooks" / homework.path.parent.name / homework.path.name: cut(homework.path.read_text("utf-8")),
        ROOT / "src" / "vaelab" / "hints" / f"{homework.name}-hints.json": hints(homework.tasks),
    }


def hints(tasks, seed=2013):
    """The cases of `vaelab.hints.check_task` as JSON: small inputs, right numbers, and those of known slips."""
    cases = {}
    for task in tasks:
        checks = task.checks(np.random.default_rng([seed, *task.name.encode()]))
        tables = list({id(table): table for check in checks for table in check.tables}.values())
        cases[task.name] = [
            {
                "kind": table.get("kind", "table"),
                "arguments": [
                    {"dtype": str(a.dtype), "values": a.tolist()} if isinstance(a, np.ndarray) else a
                    for a in table["arguments"]
                ],
                "wanted": rounded(table.get("wanted", 0)),
                "slips": {message: rounded(value) for message, value in table.get("slips", {}).items()},
                **limits(table.get("tolerance")),
                **{key: table[key] for key in ("part", "parts") if key in table},
                **{key: table[key] for key in ("where", "message", "root") if table.get(key)},
            }
            for table in tables
        ]
        if unseen := [check.name for check in checks if not check.tables]:
            cases[task.name].append({"kind": "unseen", "checks": unseen})
    return json.dumps(cases, indent=None, ensure_ascii=False, separators=(",", ":")) + "\n"


def limits(tolerance):
    """What `numpy.allclose` asks for, of a table's Tolerance; {} for a table without one."""
    return {key: np.asarray(getattr(tolerance, key)).tolist() for key in ("rtol", "atol")} if tolerance else {}


def rounded(value):
    """Seven significant digits are enough for a hint."""
    value = np.asarray(value, "float64")
    return np.vectorize(lambda x: float(f"{x:.7g}"), otypes=[float])(value).tolist() if value.size else []


def bundle(path=BUNDLE):
    """Write the zip file for students: lessons, package, tools and tests, without solutions. Returns its path.

    Raises Refused where git can't say which files belong to the course.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        raise Refused(f"git can't list the course's files in {ROOT}: {listed.stderr.strip()}")
    names = [name for name in listed.stdout.split("\0") if name.startswith(STUDENTS) and not name.startswith(TEACHERS)]
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(names):
            if (ROOT / name).is_file():
                content = (ROOT / name).read_bytes()
                archive.writestr(entry(name), without(TARGETS, content) if name == "Makefile" else content)
        archive.writestr(entry("README.md"), README.read_bytes())
    partial.replace(path)
    return path


def entry(name):
    """An entry that depends on the name alone, so that the same course gives the same zip file."""
    found = zipfile.ZipInfo(f"vaelab-student/{name}")
    found.compress_type, found.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return found


def without(targets, makefile):
    """A Makefile without the rules of some targets."""
    return re.sub(rf"(?m)^({'|'.join(targets)}):.*\n(\t.*\n)+\n?", "", makefile.decode()).encode()
