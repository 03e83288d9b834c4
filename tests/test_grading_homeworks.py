"""The homeworks, each in turn: the bank proves the marking, and students find texts and hints and no solution."""

import functools
import html
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile

import jupytext
import numpy as np
import pytest

from conftest import ROOT
from test_grading import NEEDS_SANDBOX

sys.path.insert(0, str(ROOT))

from grading import bank, marks, student
from grading.bank import forged
from grading.bank.hostile import HOSTILE
from grading.homework import BEGIN, END, Homework, masters
from grading.student import student_files

# Lines that say nothing about a solution, though masters and lessons share them.
PHRASES = {
    "loss = ops.mean(reconstruction + kl)",
    "return ops.sum(nll, axis=tuple(range(1, len(nll.shape))))",
    "rng = np.random.default_rng(seed)",
    "with tf.GradientTape() as tape:",
}
SHORT = 25  # letters that any lesson may have in common with a solution


@pytest.fixture(params=masters(), scope="module")
def homework(request):
    return Homework(request.param)


def test_bank_right_answers_get_all_and_wrong_ones_are_told_why_with_room_to_every_tolerance(homework, capsys):
    margins = bank.Margins()
    passed = bank.run_all(
        homework, range(3), 1, ("right", "wrong", "empty"), show=False, margins=margins, box=forged.InProcess
    )
    assert passed, capsys.readouterr().out
    assert not margins.faults(), "\n".join(map(str, margins.faults()))


@NEEDS_SANDBOX
def test_bank_right_answers_get_all_in_the_sandbox_and_its_walls_are_told_of(homework, capsys):
    assert bank.run_all(homework, [3], kinds=("right", "walled"), show=False), capsys.readouterr().out


@NEEDS_SANDBOX
def test_hostile_and_empty_answers_gain_and_harm_nothing(capsys):
    assert bank.run_all(Homework("hw2"), [0], kinds=("hostile", "empty"), show=False), capsys.readouterr().out


def test_margins_without_room_are_faults():
    from grading.marks import Mark, Tolerance

    tolerances = [
        Tolerance(name, "a reason", atol=1.0) for name in ("good", "right too far", "wrong too near", "alone")
    ]
    margins = bank.Margins()
    for kind, far in (("right", (0.5, 0.95, 0.5, 0.5)), ("wrong", (3.0, 3.0, 1.05, 0.2))):
        for tolerance, distance in zip(tolerances, far, strict=True):
            margins.add(kind, Mark("task", "", 0.0, 1.0, (), {"check": {tolerance: distance}}))
    assert {name for _, _, name, *_ in margins.faults()} == {"right too far", "wrong too near", "alone"}


def test_numbers_that_nobody_has_computed_earn_nothing(homework):
    assert not forged.lucky(homework, range(3))


def test_forger_notices_numbers_that_earn_points(homework, monkeypatch):
    monkeypatch.setattr(forged, "CONSTANT", {"right": lambda right: right})
    monkeypatch.setattr(forged, "RANDOM", {})
    earned = forged.lucky(homework, [0])
    most = [sum(check.points for check in task.checks(np.random.default_rng(0))) for task in homework.tasks]
    assert [(name, points) for name, _, _, points in earned] == [
        (task.name, points) for task, points in zip(homework.tasks, most, strict=True)
    ]


def test_bench_says_where_luck_earned_points_and_where_a_tolerance_has_no_room():
    from bench.grading import proofs

    def promises(earned, right, wrong):
        luck = {"seeds": 200, "homeworks": {"hw2": earned}}
        one = {"as they should be": True, "tolerances": [("kl_std", "values", "values", right, wrong)]}
        found = {"luck": {"regime": luck}, "margins": {"regime": {"seeds": 10, "homeworks": {"hw2": one}}}}
        return [row["promise"].split()[-1] for row in proofs(found) if row["promise"]]

    assert promises([], 0.5, 3.0) == ["met"] * 3
    assert promises([("kl_std", 7, "zeros", 8.0)], 0.95, 1.01) == ["missed"] * 3


def test_bank_is_large_enough_and_covers_every_task(homework):
    answers = bank.of(homework)
    assert len(answers.RIGHT) >= 6 and len(answers.WRONG) >= 12 and len(HOSTILE) >= 12
    assert {function for function, _, _ in answers.WRONG} == {task.name for task in homework.tasks}


ODD = [[], [None], [np.zeros(0)], [np.zeros((1, 2, 3, 4))], [np.array(1.0)] * 9, [np.full(3, np.nan)],
       [np.zeros((2_000_000, 1))], [np.zeros((1, 2_000_000))], [np.zeros(2_000_000)], [np.zeros((0, 2**24, 2**24))],
       [np.zeros((2, 2, 500_000))], [np.zeros((1000, 1000, 2))] * 2]  # fmt: skip


def test_judge_calls_an_odd_answer_wrong_without_stumbling_or_filling_the_memory(homework):
    for task in homework.tasks:
        for check in task.checks(np.random.default_rng(0)):
            for odd in ODD:
                tracemalloc.start()
                with pytest.raises(marks.Wrong):
                    marks.judge(check, [{"call": i, "arrays": odd} for i in range(len(check.calls))], "done")
                most = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                assert most < 300e6, f"{task.name}, {check.name}: {most / 1e6:.0f} MB for {[np.shape(a) for a in odd]}"


# The students' side.


def test_students_files_are_what_master_and_checks_say(homework):
    for path, text in student_files(homework).items():
        assert path.read_text("utf-8") == text, f"run python -m grading student {homework.name}, then make notebooks"


@functools.cache
def solution_lines():
    """{name of the master's file: lines of its solutions that are nowhere else in it}, without indentation."""
    found = {}
    for path in masters().values():
        inside, solution, rest = False, set(), set()
        for line in path.read_text("utf-8").split("\n"):
            if BEGIN.match(line) or END.match(line):
                inside = bool(BEGIN.match(line))
            elif line.strip():
                (solution if inside else rest).add(line.strip())
        found[path.stem] = solution - rest
    return found


def lines_of(name, text):
    """The lines that a reader of a file sees, in whatever way it writes them down, without indentation."""
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        parts = [part for c in cells for part in [c["source"], *(o.get("text", "") for o in c.get("outputs", []))]]
        text = "\n".join("".join(part) for part in parts)
    elif name.endswith(".html"):
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    elif name.endswith((".json", ".js")):
        text = text.replace("\\n", "\n").replace('\\"', '"')
    return {line.strip() for line in text.split("\n")}


def leaks(name, text):
    """The lines of solutions that a file holds: every one of its own homework's, the longer ones of all others."""
    own = lines_of(name, text)
    found = own & {"### BEGIN SOLUTION"}
    for master, lines in solution_lines().items():
        mine = name.rpartition("/")[2].startswith(master)
        others = {line for line in lines - PHRASES if len(line) > SHORT and not line.startswith(("from ", "import "))}
        found |= own & (lines if mine else others)
    return found


def test_search_for_solutions_finds_them_however_they_are_written():
    lines = solution_lines()["hw2-kl-reparameterization"]
    assert len(lines) > 20
    line = next(line for line in lines if '"' in line and len(line) > SHORT)
    source = f"def f():\n        {line}\n"
    book = {"cells": [{"cell_type": "code", "source": [source], "outputs": []}]}
    assert leaks("x.py", source) == leaks("x.ipynb", json.dumps(book)) == leaks("x.json", json.dumps(source)) == {line}
    assert leaks("x.html", "<b>  " + html.escape(line).replace(" ", "</span> <span>")) == {line}
    short = next(line for line in lines if len(line) <= SHORT)
    assert leaks("hw2-kl-reparameterization.md", f"    {short}") == {short}


def hidden():
    """Lines of the hidden checks that say more than a phrase: messages apart, which hints hold too."""
    lines = {
        line.strip() for path in (ROOT / "grading" / "checks").glob("hw*.py") for line in path.read_text().split("\n")
    }
    return {line for line in lines if len(line) > 40 and '"' not in line and " = " in line}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(student.bundle(folder / "vaelab-student.zip")) as archive:
        archive.extractall(folder)
    return folder / "vaelab-student"


def test_students_zip_file_holds_no_solution_and_no_hidden_check(unpacked):
    checks, files = hidden(), [path for path in unpacked.rglob("*") if path.is_file()]
    assert len(checks) > 20 and len(files) > 50
    assert not [path for path in files if "grading" in path.relative_to(unpacked).parts]
    for path in files:
        if path.suffix not in (".npz", ".png"):
            name, text = path.relative_to(unpacked).as_posix(), path.read_text("utf-8")
            assert not leaks(name, text), name
            assert not checks & lines_of(name, text), name


def test_students_zip_file_holds_lessons_package_and_the_two_commands(unpacked):
    names = {path.name for path in unpacked.iterdir() if not path.name.startswith(".")}
    assert names == {"notebooks", "src", "tools", "tests", "book", "Makefile", "pyproject.toml", "requirements",
                     "LICENSE", "CITATION.cff", "README.md"}  # fmt: skip
    for homework in masters().values():
        assert (unpacked / "notebooks/en" / homework.with_suffix(".ipynb").name).exists()
    for name in (
        "notebooks/en/01-encoder-decoder.ipynb",
        "src/vaelab/data/fashion.npz",
        "requirements/learner.txt",
        "LICENSE",
    ):
        assert (unpacked / name).exists(), name
    said = subprocess.run(["make"], cwd=unpacked, capture_output=True, text=True, check=True).stdout
    assert "make lab " in said and "make test " in said and "make student" not in said and "make bench" not in said
    readme = (unpacked / "README.md").read_text("utf-8")
    assert "make lab" in readme and "make test" in readme
    copied = subprocess.run(
        [sys.executable, "tools/lab.py", "--no-start"], cwd=unpacked, capture_output=True, text=True
    )
    assert copied.returncode == 0, copied.stderr
    assert len(list((unpacked / "lab/en").glob("hw*.ipynb"))) == len(masters())
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "tests"],
        cwd=unpacked,
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stdout[-2000:]


def test_site_and_notebooks_hold_no_solution(site):
    files = [*(site / "en").rglob("*.html"), *(site / "en").rglob("*.js"), *(site / "en").rglob("*.ipynb")]
    assert any(path.name.startswith("hw2") for path in files)
    for path in [*files, *(ROOT / "notebooks").rglob("*hw*")]:
        assert not leaks(path.name, path.read_text("utf-8")), path


def test_points_of_text_metadata_and_checks_agree(homework):
    book = jupytext.read(homework.path, fmt="md:myst")
    headings = [int(n) for c in book.cells for n in re.findall(r"^## Task \d+\..*\((\d+) points\)$", c.source, re.M)]
    graded = [c.metadata["nbgrader"]["points"] for c in book.cells if c.metadata.get("nbgrader", {}).get("grade")]
    checked = [sum(check.points for check in task.checks(np.random.default_rng(0))) for task in homework.tasks]
    assert headings == graded == [*checked, *(most for most, _ in homework.written.values())]
    assert sum(headings) == 100


def test_hints_find_no_mistake_in_right_answers(homework, capsys):
    from vaelab.checks import check_task

    for answers in bank.of(homework).RIGHT.values():
        space = {}
        exec(bank.IMPORTS, space)
        for number, task in enumerate(homework.tasks, 1):  # in order: later tasks may use earlier ones
            exec(answers[task.name], space)
            check_task(homework.name, number, space[task.name])
            said = capsys.readouterr().out
            assert said == f"{task.name}: no mistake seen on the small cases.\n", said


def slip(words):
    return next((function, source) for function, said, source in bank.of(Homework("hw2")).WRONG if words in said)


def test_hints_name_the_mistake(capsys):
    from vaelab.checks import check_task

    hw2, right = Homework("hw2"), {}
    exec(bank.IMPORTS + "\n" + bank.of(hw2).RIGHT["NumPy"]["kl_std"], right)
    numbers = {task.name: number for number, task in enumerate(hw2.tasks, 1)}

    def hints(words):
        """What the small cases say of the bank's answer with this mistake, the earlier tasks being right."""
        name, source = slip(words)
        space = {**right}
        exec(source, space)
        check_task("hw2", numbers[name], space[name])
        return capsys.readouterr().out

    for words in ("read as variances", "without its sign", "spread of single draws", "transposed", "includes the draw",
                  "Rows and columns", "returns 1 values"):  # fmt: skip
        assert words in hints(words)
    for words in ("scale is read as the standard", "tails are those", "one side", "rows of the batch share"):
        assert "no mistake" not in hints(words), words


def test_hints_say_what_is_open_and_which_functions_there_are(capsys):
    from vaelab.checks import check_task, open_task

    def kl_std(*arguments):
        raise NotImplementedError()

    check_task("hw2", 1, kl_std)
    with open_task():
        kl_std()
    assert capsys.readouterr().out.count("still open") == 2
    for homework, number in (("hw2", 8), ("hw2", 0), ("hw99", 1)):
        with pytest.raises(ValueError, match=f"task {number} of '{homework}'"):
            check_task(homework, number, kl_std)


def test_master_runs_with_its_solutions_and_sees_no_mistake_in_them(homework, tmp_path):
    from nbclient import NotebookClient

    book = jupytext.read(homework.path, fmt="md:myst")
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = "".join(o.get("text", "") for c in book.cells if c.cell_type == "code" for o in c.outputs)
    assert said.count("no mistake seen") == len(homework.tasks) and "open" not in said, said
