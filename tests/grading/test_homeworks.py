"""The homeworks, each in turn: what judges do with odd answers, and what students get and find no solution in."""

import functools
import html
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile

import jupytext
import nbformat
import numpy as np
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from grading import bank, marking, student
from grading.errors import Wrong
from grading.homework import BEGIN, END, Homework, masters
from grading.student import student_files
from grading_case import ROOT, homework_called, slip

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
    return homework_called(request.param)


ODD = [[], [None], [np.zeros(0)], [np.zeros((1, 2, 3, 4))], [np.array(1.0)] * 9, [np.full(3, np.nan)],
       [np.zeros((2_000_000, 1))], [np.zeros((1, 2_000_000))], [np.zeros(2_000_000)], [np.zeros((0, 2**24, 2**24))],
       [np.zeros((2, 2, 500_000))], [np.zeros((1000, 1000, 2))] * 2]  # fmt: skip


def nearly(shapes):
    """Lists of arrays that look as a Call declares, but for one of them, whose shape nobody would write."""
    right = [np.zeros(allowed[0] if allowed else 1) for allowed in shapes]
    for i, array in enumerate(right):
        own, long = array.shape, (500_000,) * (array.ndim > 0)
        odd = [(1, 1, *long), (*own, 1), (1, *own), (*long, *own[1:]), (*own[:-1], *long), own[::-1], (0, *own[1:])]
        for shape in [*odd, (0, 2**24, 2**24)]:
            if shapes[i] is None or (shape not in shapes[i] and np.prod(shape) <= 2**21):
                yield [*right[:i], np.zeros(shape), *right[i + 1 :]]


def test_odd_answer_is_called_wrong_before_it_makes_a_judge_stumble_or_fill_the_memory(homework):
    for task in homework.tasks:
        for check in task.checks(np.random.default_rng(0)):
            every = [*ODD, *(arrays for call in check.calls[:1] for arrays in nearly(call.shapes))]
            for odd in every:
                tracemalloc.start()
                with pytest.raises(Wrong):
                    marking.judge_check(check, [{"call": i, "arrays": odd} for i in range(len(check.calls))], "done")
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
        if path.suffix not in (".npz", ".png", ".bin"):
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
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--assert=plain", "tests"],
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


def test_homeworks_and_teacher_s_page_state_the_same_hours():
    texts = {name: path.read_text("utf-8") for name, path in masters().items()}
    hours = {name: re.search(r"\*\*Time:\*\* (?:about )?(.*?) hours", text)[1] for name, text in texts.items()}
    said = f"Homeworks 1 to 3 take a student {hours['hw1']} hours each, homework 4 {hours['hw4']}."
    assert hours["hw1"] == hours["hw2"] == hours["hw3"] and said in (ROOT / "book/teaching.md").read_text("utf-8")


def test_hints_find_no_mistake_in_right_answers(homework, capsys):
    from vaelab.hints import check_task

    for answers in bank.right(homework).values():
        space = {}
        exec(bank.IMPORTS, space)
        for number, task in enumerate(homework.tasks, 1):  # in order: later tasks may use earlier ones
            exec(answers[task.name], space)
            check_task(homework.name, number, space[task.name])
            said = capsys.readouterr().out.splitlines()
            assert said[0] == f"{task.name}: no mistake seen on the small cases.", said
            assert len(said) == 1 or (len(said) == 2 and "The marking looks further" in said[1]), said


def test_hints_name_the_mistake(capsys):
    from vaelab.hints import check_task

    hw2, right = Homework("hw2"), {}
    exec(bank.IMPORTS + "\n" + bank.right(hw2)["with_numpy"]["kl_std"], right)
    numbers = {task.name: number for number, task in enumerate(hw2.tasks, 1)}

    def hints(words):
        """What the small cases say of the bank's answer with this mistake, the earlier tasks being right."""
        name, source = slip(words)
        space = {**right}
        exec(source, space)
        check_task("hw2", numbers[name], space[name])
        return capsys.readouterr().out

    for words in ("read as variances", "without its sign", "spread of single draws", "transposed", "includes the draw",
                  "Rows and columns", "returns one result"):  # fmt: skip
        assert words in hints(words)
    for words in ("scale is read as the standard", "tails are those", "one side", "rows of the batch share"):
        assert "no mistake" not in hints(words), words


def test_hints_of_random_answers_see_wrong_noise(capsys):
    from vaelab.hints import check_task

    hw3 = homework_called("hw3")
    space, number = {}, [task.name for task in hw3.tasks].index("elbo_estimate") + 1
    exec(bank.IMPORTS + "\n" + bank.right(hw3)["with_numpy"]["continuous_bernoulli_nll"], space)
    answers = {words: source for name, words, source in bank.wrong(hw3) if name == "elbo_estimate"}
    for words in ("multiplied by the variance", "not multiplied by the standard deviation", "mean is decoded"):
        exec(answers[words], space)
        check_task("hw3", number, space["elbo_estimate"])
        said = capsys.readouterr().out
        assert any(one in said for one in (words, "the values differ", "nothing is drawn")), said
    exec(answers[""], space)  # the coordinates share their noise
    check_task("hw3", number, space["elbo_estimate"])
    assert "no mistake" not in capsys.readouterr().out


BLIND = [  # what hints once were silent about, or called by another mistake's name; and words that say it
    ("hw2", "digits are lost", "where q and p nearly agree"),
    ("hw2", "one p for all rows", "with one p for all rows"),
    ("hw2", "For distributions far apart", "for distributions far apart"),
    ("hw2", "densities vanish", "far from all parts of the mixture"),
    ("hw2", "coordinates of a draw share", "coordinates of a draw share"),
    ("hw2", "draws were all the same", "as if the n draws were all the same"),
    ("hw2", "all the same", "the n draws are all the same"),
    ("hw2", "coordinates share", "the coordinates share their noise"),
    ("hw3", "each number is cut by itself", "each number is cut by itself"),
    ("hw3", "share their noise", "share their noise"),
    ("hw3", "averaged and then comes the logarithm", "with much noise"),
]


@pytest.mark.parametrize(("name", "words", "said"), BLIND)
def test_hint_looks_where_the_marking_looks_and_names_one_mistake_once(name, words, said, capsys):
    from vaelab.hints import check_task

    homework, space = homework_called(name), {}
    function, source = next((f, source) for f, told, source in bank.wrong(homework) if words == told or (
        words in told and words not in [t for _, t, _ in bank.wrong(homework)]))  # fmt: skip
    exec(bank.IMPORTS, space)
    for task in homework.tasks:
        exec(bank.right(homework)["with_numpy"][task.name], space)
    exec(source, space)
    with np.errstate(all="ignore"):
        check_task(name, [task.name for task in homework.tasks].index(function) + 1, space[function])
    lines = capsys.readouterr().out.splitlines()
    mistakes = [line for line in lines if "marking looks further" not in line]
    assert said in mistakes[0], lines
    assert not any("differ" in line for line in mistakes[1:]), lines


def test_hints_say_where_they_do_not_look(capsys):
    from vaelab.hints import check_task

    homework, space = homework_called("hw1"), {}
    exec(bank.IMPORTS, space)
    exec(bank.right(homework)["with_numpy"]["nearest_in_blocks"], space)
    check_task("hw1", 5, space["nearest_in_blocks"])
    assert "The marking looks further than these cases: digits, memory." in capsys.readouterr().out


def test_hints_are_of_a_limited_number_and_hold_no_right_number_however_often_one_tries(homework, capsys):
    from vaelab.hints import check_task

    for number, task in enumerate(homework.tasks, 1):
        cases = [case for case in json.loads(student.hints([task]))[task.name] if case["kind"] != "unseen"]
        messages, rights = set(), set()
        for case in cases:
            known = [case.get("wanted", 0), *case.get("slips", {}).values()]
            rights |= {f"{abs(value):.4g}" for one in known for value in np.ravel(one)}
        for trial in range(60):
            rng, asked = np.random.default_rng(trial), iter(cases)

            def answer(*arguments, rng=rng, asked=asked):
                case = next(asked)
                shape = np.shape(case["wanted"])
                if case["kind"] == "laplace":
                    shape = (arguments[2], *np.shape(arguments[0]))
                wanted = np.asarray(case["wanted"]) if case["kind"] != "laplace" else arguments[0]
                value = wanted + rng.normal(0, 10.0 ** rng.integers(-6, 3), shape)
                return [value] * case["parts"] if case.get("parts", 1) > 1 else value

            check_task(homework.name, number, answer)
            messages |= set(capsys.readouterr().out.splitlines())
        allowed = sum(3 + len(case.get("slips", ())) for case in cases) + 8
        assert len(messages) <= allowed, (task.name, messages)
        long = {right for right in rights if len(right.replace(".", "").lstrip("0")) >= 4}
        assert not [m for m in messages if any(right in m for right in long)], task.name


@pytest.mark.parametrize("seed", range(10))
def test_hidden_inputs_make_no_wrong_answer_right(seed):
    """What a homework's text says that need not be so is not so; what nobody is to know beforehand differs."""
    hw3, hw4 = homework_called("hw3"), homework_called("hw4")
    checks = {task.name: task.checks for homework in (hw3, hw4) for task in homework.tasks}
    draws = [{name: checks[name](np.random.default_rng([seed, i])) for name in ("cyclic_beta", "gain_from_label")}
             for i in range(2)]  # fmt: skip
    for drawn in draws:
        _, cycle, rise, _ = drawn["cyclic_beta"][0].calls[0].arguments
        assert abs(rise * cycle - round(rise * cycle)) > 0.15
    shares = [call.arguments[3] for drawn in draws for call in drawn["gain_from_label"][0].calls]
    assert len({tuple(one) for one in shares}) == len(shares)


def test_hints_say_what_is_open_and_which_functions_there_are(capsys):
    from vaelab.hints import check_task, open_task

    def kl_std(*arguments):
        raise NotImplementedError()

    check_task("hw2", 1, kl_std)
    with open_task():
        kl_std()
    assert capsys.readouterr().out.count("still open") == 2
    for homework, number in (("hw2", 8), ("hw2", 0), ("hw99", 1)):
        with pytest.raises(ValueError, match=f"task {number} of '{homework}'"):
            check_task(homework, number, kl_std)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """One kernel for all masters: each start of TensorFlow costs seven seconds of processor time."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path_factory.mktemp("masters")))
    yield manager
    manager.shutdown_kernel(now=True)


def test_master_runs_with_its_solutions_and_sees_no_mistake_in_them(homework, kernel):
    book = jupytext.read(homework.path, fmt="md:myst")
    book.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    NotebookClient(book, km=kernel, timeout=300).execute()
    said = "".join(o.get("text", "") for c in book.cells if c.cell_type == "code" for o in c.outputs)
    assert said.count("no mistake seen") == len(homework.tasks) and "open" not in said, said
