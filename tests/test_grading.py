"""The grader: right answers get all, wrong ones lose and are told why, hostile ones gain and harm nothing.

Everything that runs student code needs bubblewrap; the sandboxed tests share one sandbox where they can.
"""

import csv
import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import psutil
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT))

from grading import __main__ as command
from grading import adjust, bank, cluster, marks, report, runner, student, submissions
from grading import run as running
from grading import sandbox as walls
from grading.bank import IMPORTS
from grading.bank.hostile import HOSTILE
from grading.bank.hw2 import RIGHT, WRONG
from grading.homework import Homework
from grading.submissions import Submission, collect

NEEDS_SANDBOX = pytest.mark.skipif(
    shutil.which("bwrap") is None,
    reason="bubblewrap is not installed; on Debian or Ubuntu: sudo apt install bubblewrap",
)


@pytest.fixture(scope="module")
def hw2():
    return Homework("hw2")


@pytest.fixture(scope="module")
def sandbox():
    with walls.Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def half():
    """A sandbox as on kernels that let no process make namespaces inside it."""
    with walls.Sandbox(walls="half") as box:
        yield box


def submission(hw2, student, functions, words=None):
    return Submission(student, f"{student}.ipynb", bank.notebook(hw2, functions, words).encode(), (0, 0))


def slip(words):
    return next((function, source) for function, said, source in WRONG if words in said)


def points(result):
    return {mark["task"]: mark["points"] for mark in result["marks"]}


# The marking itself.


@NEEDS_SANDBOX
def test_one_mistake_costs_its_own_task_only(hw2, sandbox):
    function, source = slip("read as variances")  # kl_std, which class_divergences rests on
    result = running.grade_one(hw2, submission(hw2, "x", RIGHT["NumPy"] | {function: source}), sandbox, 3)
    lost = {mark["task"] for mark in result["marks"] if mark["points"] < mark["most"]}
    assert lost == {"kl_std"}


@NEEDS_SANDBOX
def test_answers_don_t_need_the_cells_metadata_nor_their_order_of_helpers(hw2, sandbox):
    book = json.loads(bank.notebook(hw2, RIGHT["other names and order, helpers"]))
    for cell in book["cells"]:
        cell["metadata"] = {}
    book["cells"].append({"cell_type": "code", "source": ["%matplotlib inline\n", "raise ValueError('mine')"]})
    book["cells"].append({"cell_type": "code", "source": "this is no Python"})
    handed_in = Submission("x", "x.ipynb", json.dumps(book).encode(), (0, 0))
    result = running.grade_one(hw2, handed_in, sandbox, 4)
    assert all(mark["points"] == mark["most"] for mark in result["marks"]), result["marks"]


@NEEDS_SANDBOX
def test_lines_that_only_jupyter_understands_cost_no_points(hw2, sandbox):
    cell = f"%%time\n{IMPORTS}\n!pip install x\nfiles = !ls\nkl_std?\n{RIGHT['NumPy']['kl_std']}\nnp.sum??\n"
    cell += "for _ in range(3):\n    %time kl_std(*np.ones((4, 2, 2)))\n    !ls\n"
    mark = marks.mark_task(hw2.tasks[0], sandbox, [cell], {}, 0)
    assert mark.points == mark.most, mark.messages
    assert [type(s).__name__ for s in runner.parse("x = 5 \\\n%2\n", "cell 1")] == ["Assign"]  # Python comes first
    with pytest.raises(SyntaxError):
        runner.parse("%time\nx = (", "cell 1")


@NEEDS_SANDBOX
def test_what_is_made_by_methods_and_switches_is_there_when_a_function_is_called(hw2, sandbox):
    head, _, body = RIGHT["NumPy"]["kl_std"].strip().partition("\n")
    made = "table = []\nfor i in range(3):\n    table.append(i)\ntable.reverse()"
    switch = "tf.experimental.numpy.experimental_enable_numpy_behavior()"
    use = "    assert table == [2, 1, 0] and tf.ones(4).reshape((2, 2)).shape == (2, 2)\n"
    slow = "np.testing.assert_equal(*[time.sleep(99)] * 2)\nother = []\nother.append(time.sleep(99))"  # an experiment
    cells = [IMPORTS, f"import time\n{slow}", made, switch, f"{head}\n{use}{body}"]
    mark = marks.mark_task(hw2.tasks[0], sandbox, cells, {}, 0)
    assert mark.points == mark.most, mark.messages


@NEEDS_SANDBOX
def test_answer_that_gets_on_with_the_student_s_own_functions_only_is_right(hw2, sandbox):
    task = hw2.tasks[-1]
    table = """
def class_divergences(x, y, classes, floor):
    means = np.stack([x[y == k].mean(0) for k in range(classes)])
    stds = np.stack([np.maximum(x[y == k].std(0), floor) for k in range(classes)])
    pairs = [[kl_std(means[[i]], stds[[i]], means[[j]], stds[[j]]) for j in range(classes)] for i in range(classes)]
    return [[PAIR for pair in row] for row in pairs]
"""  # the reference returns a tensor, which has no item()
    cells = [IMPORTS, RIGHT["NumPy"]["kl_std"], table.replace("PAIR", "pair.item()")]
    mark = marks.mark_task(task, sandbox, cells, hw2.earlier(task), 3)
    assert mark.points == mark.most, mark.messages
    assert marks.mark_task(task, sandbox, [cells[0], cells[2]], hw2.earlier(task), 3).points == 0
    for rows in ("float(pair[0])", "pair[0]"):  # rows of numbers, rows of tensors
        mark = marks.mark_task(task, sandbox, [IMPORTS, table.replace("PAIR", rows)], hw2.earlier(task), 3)
        assert mark.points == mark.most, mark.messages


@NEEDS_SANDBOX
def test_student_s_experiments_are_not_run(hw2, sandbox):
    slow = "import time\nfor _ in range(100):\n    time.sleep(1)\n" + IMPORTS
    cells = [slow, RIGHT["NumPy"]["kl_std"], "table = [kl_std(*np.ones((4, 2, 2))) for _ in range(10**9)]"]
    started = time.monotonic()
    mark = marks.mark_task(hw2.tasks[0], sandbox, cells, {}, 0)
    assert mark.points == mark.most and time.monotonic() - started < 8


@NEEDS_SANDBOX
def test_a_submission_leaves_nothing_for_the_next(hw2, sandbox):
    for name in ("leaving a note for the next", "finding the note", "leaving a note for the next"):
        source = HOSTILE[name].replace("NAME", "kl_std")
        mark = marks.mark_task(hw2.tasks[0], sandbox, [IMPORTS, source], {}, 0)
        assert mark.points == 0 and "FOUND" not in "".join(mark.messages)


@NEEDS_SANDBOX
def test_where_the_kernel_allows_no_inner_walls_each_submission_gets_a_sandbox_of_its_own(hw2, half):
    assert half.walls == "half"
    first = half.process.pid
    for name in ("fork bomb", "killing everybody", "reading memory", "forging a report"):
        source = HOSTILE[name].replace("NAME", "kl_std")
        task = hw2.tasks[0]._replace(seconds=2.0)
        mark = marks.mark_task(task, half, [IMPORTS, source], {}, 0)
        assert mark.points == 0 and "FOUND" not in "".join(mark.messages), (name, mark)
    mark = marks.mark_task(hw2.tasks[0], half, [IMPORTS, RIGHT["NumPy"]["kl_std"]], {}, 0)
    assert mark.points == mark.most
    half.next_submission()
    assert half.process.pid != first


def test_any_bytes_from_a_question_are_read_without_an_exception():
    rng = np.random.default_rng(0)
    for size in (0, 1, 7, 8, 9, 100, 5000):
        for _ in range(50):
            runner.read_answers(rng.bytes(size), 9)
    heads = [b"[]", b"1", b"[" * 999, b"\xff", b'{"call": "x"}', b'{"call": 0, "error": 3}']
    heads += [b'{"call": 0, "shapes": %s}' % s for s in (b"3", b"[[-1]]", b"[[4294967296, 4294967296]]", b"[[1e9]]")]
    for head in heads:
        answers, sound = runner.read_answers(runner.FRAME.pack(len(head), 0) + head, 9)
        assert not answers and not sound, head
    head = b'{"call": 0, "shapes": []}'
    answers, sound = runner.read_answers((runner.FRAME.pack(len(head), 0) + head) * 300_000, 9)
    assert len(answers) == 9 and not sound


@NEEDS_SANDBOX
def test_exceptions_tell_what_students_wrote_and_never_what_references_say(hw2, sandbox):
    def said(source):
        task = hw2.tasks[-1]
        return marks.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3).messages[0]

    spy = """
import sys
def class_divergences(*a):
    frame = sys._getframe()
    while "payload" not in frame.f_locals:
        frame = frame.f_back
    words = "".join(frame.f_locals["payload"]["given"])[-150:]
    raise type("Found" + words.encode().hex()[:50], (Exception,), {})(words)
"""
    assert said(spy) == "Your code raised an exception, cell 2, line 8"
    named = spy.replace('type("Found" + words.encode().hex()[:50], (Exception,), {})', "ValueError")
    assert said(named) == "Your code raised ValueError, cell 2, line 8"
    assert "plain words" in said("def class_divergences(*a):\n    raise ValueError('plain words')")
    assert said("def class_divergences(*a):\n    raise NotImplementedError()") == marks.OPEN


@NEEDS_SANDBOX
def test_where_inner_walls_are_missing_a_note_carries_no_reference_into_the_feedback(hw2, half):
    note = """
import sys
def kl_laplace(*a):
    frame = sys._getframe()
    while "payload" not in frame.f_locals:
        frame = frame.f_back
    if frame.f_locals["payload"]["given"]:
        open("/scratch/note", "w").write(frame.f_locals["payload"]["given"][0][-100:])
    raise ValueError(open("/scratch/note").read())
"""
    task = hw2.tasks[1]
    mark = marks.mark_task(task, half, [IMPORTS, note], hw2.earlier(task), 3)
    assert mark.messages == ("Your code raised ValueError, cell 2, line 9",)


@NEEDS_SANDBOX
def test_parts_that_count_by_themselves_are_not_lost_with_the_others(hw2, sandbox):
    def points_of(name, source):
        task = next(task for task in hw2.tasks if task.name == name)
        return marks.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3).points

    first = "def gradient_estimates(mean, std, target, epsilon):\n    return mean + std * epsilon - target, {}, {}"
    assert points_of("gradient_estimates", first.format("None", "np.nan * epsilon")) == 4
    assert points_of("gradient_estimates", first.format("0", "0")) == 4
    estimate = RIGHT["NumPy"]["kl_to_mixture"] + "\nwhole = kl_to_mixture\n"
    estimate += "def kl_to_mixture(*a):\n    return whole(*a)[0], float('nan')"
    estimate = estimate.replace("def kl_to_mixture(mean", "def right(mean").replace(
        "whole = kl_to_mixture", "whole = right"
    )
    assert points_of("kl_to_mixture", estimate) == 9  # the estimate and far away


@NEEDS_SANDBOX
def test_other_draws_for_the_gradients_earn_no_points_for_them(hw2, sandbox):
    source = """
def sample_laplace(location, scale, n, seed):
    if tf.is_tensor(location):
        return location + 0 * scale + np.zeros((n, 1, 1), "float32")
    return location + scale * np.random.default_rng(seed).laplace(size=(n, *location.shape)).astype("float32")
"""
    task = next(task for task in hw2.tasks if task.name == "sample_laplace")
    mark = marks.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3)
    assert mark.points == 11 and "gradient is asked for" in mark.messages[0]


def test_no_seed_draws_the_inputs_that_students_have_as_hints(hw2):
    hints = json.loads(student.hints(hw2.tasks))
    for task in hw2.tasks:
        shown = hints[task.name][0]["arguments"][0]
        hidden = marks.checks_and_calls(task, 2013)[0][0].calls[0].arguments[0]
        assert not np.array_equal(np.ravel(shown["values"]), np.ravel(hidden))


def test_what_an_exception_says_is_short_strings_and_whole_numbers():
    odd = {"type": [[["x"]]], "message": "m" * 999, "cell": True, "line": 3, "points": 100}
    head = json.dumps({"call": 0, "error": odd}).encode()
    answers, sound = runner.read_answers(runner.FRAME.pack(len(head), 0) + head, 9)
    assert sound and answers == [{"call": 0, "error": {"message": "m" * 200, "line": 3}}]


def test_lost_sandbox_gets_a_second_chance(hw2):
    class Shaky:
        asked = 0

        def ask(self, payload, seconds):
            self.asked += 1
            return walls.Reply("lost" if self.asked == 1 else "done", [])

    box = Shaky()
    marks.mark_task(hw2.tasks[0], box, [], {}, 0)
    assert box.asked == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_time_that_a_question_waits_for_a_processor_is_not_its_own(monkeypatch, tmp_path):
    assert runner.waiting(os.getpid()) >= 0 and runner.waiting(2**22 + 1) == 0
    sent = []
    monkeypatch.setattr(runner, "report", lambda head, body=b"": sent.append(json.loads(head)["end"]))
    monkeypatch.setattr(runner, "serve_question", lambda size, seconds, output, walls: (
        os.setsid(), os.write(output, runner.READ), time.sleep(1.0)))  # fmt: skip
    for waited, end in ((0.0, "time"), (100.0, "done")):
        began = time.monotonic()
        monkeypatch.setattr(runner, "waiting", lambda child, w=waited, b=began: w * (time.monotonic() - b > 0.3))
        runner.guard(0, 0.5, "none")
        assert sent.pop() == end


def test_question_that_cannot_be_read_is_the_machine_s_fault_and_costs_no_marks(monkeypatch):
    code = """
import json, struct, sys
for said in ({"walls": "full"}, {"end": "unread"}):
    head = json.dumps(said).encode()
    sys.stdout.buffer.write(struct.pack(">II", len(head), 0) + head)
    sys.stdout.flush()
    sys.stdin.buffer.read(8)
"""
    monkeypatch.setattr(walls, "command", lambda unsafe, wanted: [sys.executable, "-c", code])
    with walls.Sandbox() as box:
        with pytest.raises(walls.NoSandbox, match="short of memory"):
            box.ask({"cells": [], "name": "x", "given": [], "given_names": [], "calls": []}, 1)
        assert box.process is None


@NEEDS_SANDBOX
def test_bubblewrap_of_an_older_system_does_as_well(hw2, tmp_path, monkeypatch):
    old, new = tmp_path / "bwrap", shutil.which("bwrap")
    old.write_text(f"""#!/bin/sh
for word; do case $word in
  --help) exit 0;;
  --size|--clearenv|--perms|--chmod|--disable-userns) echo "bwrap: Unknown option $word" >&2; exit 1;;
  '{sys.executable}') break;;
esac; done
exec {new} "$@"
""")
    old.chmod(0o755)
    monkeypatch.setattr(walls.shutil, "which", lambda name: str(old))
    with walls.Sandbox() as box:
        mark = marks.mark_task(hw2.tasks[0], box, [IMPORTS, RIGHT["NumPy"]["kl_std"]], {}, 0)
    assert mark.points == mark.most


def test_sandbox_sees_neither_the_repository_nor_an_installed_vaelab(tmp_path, monkeypatch):
    monkeypatch.setattr(walls.shutil, "which", lambda name: sys.executable)
    packages = tmp_path / "site-packages"
    (packages / "vaelab").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(packages))
    line = " ".join(walls.command(False, "full"))
    shown = line.index(f"--ro-bind {packages} {packages}")
    assert shown < line.index(f"--tmpfs {packages}/vaelab") < line.index(f"--remount-ro {packages}/vaelab")
    assert line.index("--ro-bind /usr /usr") < line.index(f"--tmpfs {ROOT}") < line.index(f"--remount-ro {ROOT}")
    monkeypatch.setattr(sys, "prefix", str(ROOT))
    with pytest.raises(walls.NoSandbox, match="fills the course's own folder"):
        walls.command(False, "full")


# Submissions as they come.


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


EMPTY = json.dumps({"cells": [], "nbformat": 4})


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ivanov/hw2 (1).ipynb", "ivanov"),
        ("hw2/ivanov/hw2-kl-reparameterization.ipynb", "ivanov"),
        ("hw2-kl-reparameterization-ivanov.ipynb", "ivanov"),
        ("ivanov_hw2 (3).ipynb", "ivanov"),
        ("Анна Иванова_12345_assignsubmission_file_/hw2.ipynb", "Анна Иванова"),
        ("ivanovanna_LATE_12345_678910_hw2-1.ipynb", "ivanovanna"),
        ("ivanov hw2-2.ipynb", "ivanov"),
        ("student-7.ipynb", "student-7"),
        ("hw2-1234567.ipynb", "1234567"),
        ("hw2-12-ivanov.ipynb", "12-ivanov"),
        ("O'Brien, Zoë - hw2.ipynb", "O'Brien, Zoë"),
        ("hw2 (1).ipynb", ""),
    ],
)
def test_student_is_read_from_the_names_that_lms_give(path, student):
    from pathlib import PurePosixPath

    assert submissions.student_of(PurePosixPath(path), "hw2-kl-reparameterization") == student


def test_duplicates_are_reported_and_the_newest_is_taken(tmp_path):
    for name, when in (("ada hw2.ipynb", 100), ("ada hw2 (1).ipynb", 300), ("ada_hw2 (2).ipynb", 200), ("bo.ipynb", 1)):
        (tmp_path / name).write_text(EMPTY)
        os.utime(tmp_path / name, (when, when))
    found, notes = collect(tmp_path, "hw2-x")
    assert [(s.student, s.where) for s in found] == [("ada", "ada hw2 (1).ipynb"), ("bo", "bo.ipynb")]
    assert "ada handed in 3 notebooks" in notes[0] and "byte for byte: ada, bo" in notes[1]


def test_of_a_whole_folder_the_homework_is_graded_and_no_lesson(tmp_path):
    for name, when in (("ada/hw2/hw2-x.ipynb", 100), ("ada/hw1/hw1-y.ipynb", 300), ("ada/hw12/hw12-y.ipynb", 200)):
        (tmp_path / "all" / name).parent.mkdir(parents=True)
        (tmp_path / "all" / name).write_text(EMPTY)
        os.utime(tmp_path / "all" / name, (when, when))
    (tmp_path / "link").symlink_to(tmp_path / "all")
    for place in ("all", "link"):  # the teacher's own link is no student's
        found, notes = collect(tmp_path / place, "hw2-x")
        assert [s.where for s in found] == ["ada/hw2/hw2-x.ipynb"] and "3 notebooks" in notes[0]


def test_zip_of_a_folder_and_folder_of_zips_are_read_alike(tmp_path):
    write_zip(tmp_path / "all.zip", [("hw2/ada/hw2.ipynb", EMPTY), ("hw2/bo/hw2.ipynb", EMPTY + " ")])
    (tmp_path / "folder").mkdir()
    write_zip(tmp_path / "folder/ada.zip", [("hw2.ipynb", EMPTY)])
    write_zip(tmp_path / "folder/bo.zip", [("deep/er/hw2.ipynb", EMPTY + " ")])
    for place in ("all.zip", "folder"):
        assert [s.student for s in collect(tmp_path / place, "hw2-x")[0]] == ["ada", "bo"]


def test_links_bombs_and_names_that_point_outside_are_left_out(tmp_path):
    link = zipfile.ZipInfo("link/hw2.ipynb")
    link.external_attr = 0o120777 << 16
    bomb = b" " * (submissions.MOST_BYTES + 1)
    entries = [("../../evil/hw2.ipynb", EMPTY), ("/etc/hw2.ipynb", EMPTY), ("C:\\evil\\hw2.ipynb", EMPTY),
               (link, "/etc/passwd"), ("bomb/hw2.ipynb", bomb), ("good/hw2.ipynb", EMPTY)]  # fmt: skip
    found, notes = collect(write_zip(tmp_path / "all.zip", entries), "hw2-x")
    assert [(s.student, bool(s.problem)) for s in found] == [("bomb", True), ("good", False)]
    assert len(notes) == 4
    (tmp_path / "real").mkdir()
    (tmp_path / "real/hw2.ipynb").write_text(EMPTY)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/good.ipynb").write_text(EMPTY)
    (tmp_path / "folder/file.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "folder/dir").symlink_to(tmp_path / "real")
    found, notes = collect(tmp_path / "folder", "hw2-x")
    assert [s.student for s in found] == ["good"] and any("link" in note for note in notes)


def test_zip_files_made_to_confuse_are_reported_and_stop_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("hw2.ipynb", EMPTY)
    write_zip(tmp_path / "bo.zip", [("hw2.ipynb", EMPTY)])
    whole = (tmp_path / "bo.zip").read_bytes()
    (tmp_path / "chi.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "dora.zip", "w") as archive:
        archive.writestr("hw2.ipynb", EMPTY)
    (tmp_path / "dora.zip").write_bytes((tmp_path / "dora.zip").read_bytes().replace(b"cells", b"other"))  # not its sum
    for i in range(0, len(whole), 3):
        (tmp_path / f"e{i:03d}.zip").write_bytes(whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :])
    found, notes = collect(tmp_path, "hw2-x")
    by_name = {s.student: s for s in found}
    assert "unusual way" in by_name["ada"].problem and by_name["bo"].data == EMPTY.encode()
    assert "can't be read" in by_name["dora"].problem and any("chi.zip can't be read" in note for note in notes)


def test_a_student_s_name_never_becomes_a_path_nor_too_long_for_one():
    for name in ("../../x", "/etc/passwd", "..", "", "\x00", "a" * 500, "𓀀" * 500, "CON", "=1+1", "<b>", "Ж/Ж"):
        slug = Submission(name, "", b"", (0, 0)).slug
        assert re.fullmatch(r"[\w-]+", slug) and len(f".{slug}.json12345678".encode()) < 255
    assert Submission("a b", "", b"", (0, 0)).slug != Submission("a-b", "", b"", (0, 0)).slug


def test_names_that_move_a_terminal_s_cursor_or_hide_letters_are_made_harmless(tmp_path):
    names = [
        "\x1b]0;x\x07ada hw2.ipynb",
        "bo\u202ehw2.ipynb",
        "chi\n hw2.ipynb",
        b"dora\xff hw2.ipynb".decode("utf-8", "surrogateescape"),
    ]
    for name in names:
        (tmp_path / name).write_text(EMPTY)
    found, notes = collect(tmp_path, "hw2-x")
    assert len(found) == 4
    for text in [*notes, *(s.student for s in found), *(s.where for s in found)]:
        assert text.encode() and not re.search(r"[\x00-\x1f\x7f\u202e]", text), text


def test_zip_file_of_one_student_does_not_fill_the_memory(tmp_path):
    large = b" " * (submissions.MOST_BYTES - 1)
    write_zip(tmp_path / "ada.zip", [(f"{i}/hw2.ipynb", large) for i in range(8)] + [("a" * 5000 + ".ipynb", EMPTY)])
    write_zip(tmp_path / "bo.zip", [("x" * 5000 + " (1" * 9000 + ".ipynb", EMPTY), ("hw2.ipynb", EMPTY)])
    found, notes = collect(tmp_path, "hw2-x")
    assert [s.student for s in found] == ["ada", "bo"]
    assert any("more than 50 MB" in note for note in notes) and any("a name of" in note for note in notes)
    write_zip(tmp_path / "chi.zip", [(f"{i}/hw2.ipynb", large + b"  ") for i in range(8)])
    assert any("chi.zip holds more than 50 MB" in note for note in collect(tmp_path, "hw2-x")[1])


def test_zip_file_of_one_student_does_not_fill_the_screen(tmp_path):
    links = [zipfile.ZipInfo(f"{i}.ipynb") for i in range(500)]
    for link in links:
        link.external_attr = 0o120777 << 16
    many = [(f"{'x' * 50}{i}/hw2.ipynb", EMPTY) for i in range(500)]
    write_zip(tmp_path / "eve.zip", [(link, "x") for link in links] + many)
    found, notes = collect(tmp_path, "hw2-x")
    assert [s.student for s in found] == ["eve"] and len("\n".join(notes)) < 2000
    assert any("495 more like these" in note for note in notes) and any("494 more" in note for note in notes)


def test_what_is_no_notebook_is_not_left_out_in_silence(tmp_path):
    write_zip(tmp_path / "all.zip", [("ada/hw2.ipynb", EMPTY), ("bo/hw2.zip", b"PK"), ("chi/hw2.pdf", b"%PDF")])
    notes = collect(tmp_path / "all.zip", "hw2-x")[1]
    assert any("bo/hw2.zip" in note and "chi/hw2.pdf" in note for note in notes)
    (tmp_path / "dora hw2.py").write_text("x")
    assert any("dora hw2.py" in note for note in collect(tmp_path, "hw2-x")[1])


NO_NOTEBOOKS = [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe", b"[" * 10**6, b'{"worksheets": []}',
                b'{"cells": ' + b"9" * 10**5 + b"}", b'{"cells": [' + b"[]," * 10**6 + b"[]]}"]  # fmt: skip


@pytest.mark.parametrize("data", NO_NOTEBOOKS)
def test_what_is_not_a_notebook_is_said_to_be_none(data):
    with pytest.raises(submissions.Unreadable, match="not a notebook"):
        submissions.read_notebook(data, {})


@pytest.mark.parametrize("source", [5, None, True, 1.5, {"a": "b"}, [["x"], 3], ["x = 1", None]])
def test_odd_source_of_a_cell_is_no_fault_of_the_grader(source):
    book = json.dumps({"cells": [{"cell_type": "code", "source": source}, {"cell_type": "markdown", "source": source}]})
    code, _ = submissions.read_notebook(book.encode(), {"in_words": "**Your answer.** Here."})
    assert code == ["x = 1" if isinstance(source, list) and "x = 1" in source else ""]


def test_students_of_the_same_name_and_of_no_name_are_kept_apart(tmp_path):
    entries = [("Anna Li_11_assignsubmission_file_/hw2.ipynb", EMPTY),
               ("Anna Li_12_assignsubmission_file_/x.ipynb", "{}"),
               ("Bo_13_assignsubmission_file_/hw2.ipynb", EMPTY), ("hw2-chi/hw2.ipynb", EMPTY),
               ("hw2-dora/hw2.ipynb", EMPTY)]  # fmt: skip
    found, notes = collect(write_zip(tmp_path / "all.zip", entries), "hw2-x")
    names = [s.student for s in found]
    assert len(names) == 5 and {"Anna Li 11", "Anna Li 12", "Bo"} <= set(names)
    assert any("several students" in note for note in notes) and any("names no student" in note for note in notes)
    (tmp_path / "folder/eve").mkdir(parents=True)
    for name in ("hw2.ipynb", "hw2 (1).ipynb"):
        (tmp_path / "folder/eve" / name).write_text(EMPTY)
    assert [s.student for s in collect(tmp_path / "folder", "hw2-x")[0]] == ["eve"]


def test_newest_is_taken_also_between_a_zip_file_and_a_notebook(tmp_path):
    (tmp_path / "ada.ipynb").write_text(EMPTY)
    os.utime(tmp_path / "ada.ipynb", (1_500_000_000, 1_500_000_000))
    write_zip(tmp_path / "ada.zip", [(zipfile.ZipInfo("hw2.ipynb", (2024, 5, 1, 12, 0, 0)), EMPTY + " ")])
    assert [s.where for s in collect(tmp_path, "hw2-x")[0]] == ["ada.zip: hw2.ipynb"]


def test_notebook_that_is_also_a_zip_file_hands_in_for_nobody_else(tmp_path):
    write_zip(tmp_path / "eve.ipynb", [("ada/hw2.ipynb", EMPTY), ("bo/hw2.ipynb", EMPTY)])
    assert [s.student for s in collect(tmp_path / "eve.ipynb", "hw2-x")[0]] == ["eve"]


def test_written_answers_are_found_with_and_without_metadata(hw2):
    masters = {name: text for name, (_, text) in hw2.written.items()}
    answer = "**Your answer to task 8.** Because."
    assert submissions.read_notebook(bank.notebook(hw2, {}, answer), masters)[1] == {"in_words": answer}
    assert submissions.read_notebook(bank.notebook(hw2, {}), masters)[1] == {"in_words": ""}
    book = json.loads(bank.notebook(hw2, {}, answer))
    for cell in book["cells"]:
        cell["metadata"] = {}
    assert submissions.read_notebook(json.dumps(book), masters)[1] == {"in_words": answer}


def test_written_answers_in_cells_of_their_own_are_not_lost(hw2):
    masters = {name: text for name, (_, text) in hw2.written.items()}
    book = json.loads(bank.notebook(hw2, {}))
    book["cells"] += [
        {"cell_type": "markdown", "source": "(a) Because."},
        {"cell_type": "code", "source": "plt.show()"},
        {"cell_type": "markdown", "source": "(b) Therefore.", "metadata": book["cells"][-1]["metadata"]},
        {"cell_type": "markdown", "source": "## References"},
        {"cell_type": "markdown", "source": "A book."},
    ]
    assert submissions.read_notebook(json.dumps(book), masters)[1] == {"in_words": "(a) Because.\n\n(b) Therefore."}
    book["cells"] += [book["cells"][-3] | {"source": "x" * 15_000}] * 50
    assert len(submissions.read_notebook(json.dumps(book), masters)[1]["in_words"]) == submissions.MOST_WORDS


# Runs: nothing is lost, nothing is overwritten. These fake the marking, so that they need no sandbox.


class NoBox:
    def __init__(self, unsafe=False):
        self.unsafe = unsafe

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    def next_submission(self):
        pass


@pytest.fixture
def marked(monkeypatch):
    """Replace sandbox and marking; the list says which cells were marked, once for each submission."""
    done = []

    def mark_task(task, sandbox, cells, given, seed):
        if task.name == "kl_std":
            done.append(cells[-1])
        if "crash" in cells[-1]:
            raise RuntimeError("the grader's own fault")
        return marks.Mark(task.name, task.title, 5.0, 10.0, ("<b>a & b</b>",))

    monkeypatch.setattr(running, "mark_task", mark_task)
    monkeypatch.setattr(cluster, "proven_sandbox", lambda homework, unsafe, seed: NoBox(unsafe))
    return done


def small(student, source="x"):
    cells = [{"cell_type": "code", "source": source}]
    return Submission(student, f"{student}.ipynb", json.dumps({"cells": cells}).encode(), (0, 0))


def test_interrupted_run_goes_on_where_it_stopped(hw2, tmp_path, marked):
    class_ = [small(name, name) for name in "abcd"]
    first = running.Run(tmp_path, hw2)
    running.grade_all(first, class_[:2], 1, progress=False)
    first.close()
    second = running.Run(tmp_path, hw2)
    assert second.resumed and second.folder == first.folder and second.state["seed"] == first.state["seed"]
    changed = [class_[0], small("b", "changed"), *class_[2:]]
    results = running.grade_all(second, changed, 1, progress=False)
    assert marked == ["a", "b", "changed", "c", "d"]
    assert [r["student"] for r in results] == list("abcd")


def test_after_a_change_of_the_checks_an_unfinished_run_is_not_mixed_with_the_new_one(
    hw2, tmp_path, marked, monkeypatch
):
    running.Run(tmp_path, hw2).close()
    monkeypatch.setattr(hw2, "edition", "another")
    run = running.Run(tmp_path, hw2)
    assert not run.resumed and run.folder.name == "run-002"
    run.close()


def test_run_goes_on_after_a_change_of_another_homework_s_checks(monkeypatch):
    read, read_bytes = [], running.Path.read_bytes
    monkeypatch.setattr(running.Path, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
    assert Homework("hw2").edition and {"hw2.py", "marks.py", "runner.py"} < set(read) and "hw1.py" not in read


@NEEDS_SANDBOX
def test_where_the_own_solutions_get_no_full_marks_nothing_is_graded(hw2, tmp_path, monkeypatch):
    monkeypatch.setattr(hw2, "references", hw2.references | {"kl_laplace": "def kl_laplace(*a):\n    return a[0]"})
    monkeypatch.setattr(cluster, "Homework", lambda name: hw2)
    run = running.Run(tmp_path, hw2)
    with pytest.raises(walls.NoSandbox, match="own solution of kl_laplace"):
        running.grade_all(run, [small("a")], 1, progress=False)
    assert not list((run.folder / "results").iterdir())
    run.close()


def test_regrading_keeps_the_earlier_run_as_it_was(hw2, tmp_path, marked):
    for _ in range(2):
        run = running.Run(tmp_path, hw2)
        results = running.grade_all(run, [small("a")], 1, progress=False)
        report.write_all(run, results, [], 1.0)
        run.finish(results)
        run.close()
        before = {p: p.read_bytes() for p in (tmp_path / "run-001").rglob("*") if p.is_file()}
    assert sorted(p.name for p in tmp_path.glob("run-*")) == ["run-001", "run-002"]
    assert {p: p.read_bytes() for p in before} == before


def test_two_graders_at_once_are_refused(hw2, tmp_path):
    run = running.Run(tmp_path, hw2)
    with pytest.raises(running.Refused, match="Another grader"):
        running.Run(tmp_path, hw2)
    run.close()


def test_a_fault_of_the_grader_touches_one_submission_and_is_tried_again(hw2, tmp_path, marked):
    run = running.Run(tmp_path, hw2)
    class_ = [small("a"), small("b", "crash"), small("c")]
    results = running.grade_all(run, class_, 1, progress=False)
    assert [bool(r["problem"]) for r in results] == [False, True, False]
    assert run.result(class_[0]) and not run.result(class_[1])
    run.close()


def test_run_with_a_fault_stays_open_and_the_same_command_tries_again(tmp_path, marked, capsys):
    book = json.dumps({"cells": [{"cell_type": "code", "source": "crash"}]})
    (tmp_path / "ada hw2.ipynb").write_text(book)
    line = ["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out", str(tmp_path / "out")]
    assert command.main(line) == 1 and "failed on 1" in capsys.readouterr().err
    (tmp_path / "ada hw2.ipynb").write_text(book.replace("crash", "x"))
    assert command.main(line) == 0 and not (tmp_path / "out" / "run-002").exists()


def test_points_given_by_hand_survive_when_an_open_run_goes_on(hw2, tmp_path, marked, capsys):
    run = running.Run(tmp_path, hw2)
    results = running.grade_all(run, [small("a")], 1, progress=False)
    report.write_all(run, results, [], 1.0)
    path = run.folder / "written.csv"
    filled = path.read_text("utf-8-sig").replace(",,15", ",12,15")
    path.write_text(filled, "utf-8")
    report.write_all(run, results, [], 1.0)
    assert (run.folder / "written-2.csv").read_text("utf-8") == filled and ",12,15" not in path.read_text("utf-8")
    assert "written-2.csv" in capsys.readouterr().err
    assert run.folder.stat().st_mode & 0o077 == 0
    run.close()


def test_full_disk_loses_no_finished_result(hw2, tmp_path, marked, monkeypatch):
    run = running.Run(tmp_path, hw2)
    write = running.Run.write

    def full(self, name, content):
        if len(list((run.folder / "results").iterdir())) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, name, content)

    monkeypatch.setattr(running.Run, "write", full)
    class_ = [small(name, name) for name in "abcd"]
    with pytest.raises(running.Refused, match="No space left.*finished ones are kept"):
        running.grade_all(run, class_, 1, progress=False)
    assert run.result(class_[0]) and run.result(class_[1]) and not run.result(class_[2])
    assert not [p for p in run.folder.rglob("*") if p.name.startswith(".")]
    run.close()


def test_reports_escape_what_students_wrote_and_reveal_no_check(hw2, tmp_path, marked):
    run = running.Run(tmp_path, hw2, seed=1)
    results = running.grade_all(run, [small("=<script>x</script>")], 1, progress=False)
    text = report.write_all(run, results, ["note"], 1.0)
    page = next((run.folder / "feedback").iterdir()).read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "a &amp; b" in page and "://" not in page
    row = next(csv.DictReader(io.StringIO((run.folder / "grades.csv").read_text("utf-8-sig"))))
    assert row["student"].startswith("'=") and row["total"] == "35" and row["sandbox"] == "yes"
    scores = json.loads(next((run.folder / "gradescope").rglob("results.json")).read_text("utf-8"))
    assert scores["score"] == 35 and len(scores["tests"]) == len(hw2.tasks)
    assert "median 35" in text and (run.folder / "distribution.png").read_bytes().startswith(b"\x89PNG")
    run.close()


def test_no_cell_of_a_table_is_a_formula_whatever_separates_its_columns():
    for text in ("=1+1", " =1", "+1", "-1", "@x", "\t=1", "a;=1+1", "a\n=1", "a; +1", "a\t@x", "＝1", "a\r=1", "\r=1"):
        assert "\r" not in report.cell("a\rb")
        for separator in (",", ";", "\t"):
            line = report.table(["x"], [["ada", text]]).partition("\n")[2]
            for row in csv.reader(io.StringIO(line), delimiter=separator):
                assert not [part for part in row if part.lstrip(" ").startswith(("=", "+", "-", "@", "＝"))], (
                    text,
                    row,
                )
    assert "\n'- cmd|" in report.cell("a list:\n- cmd|' /C calc'!A0")
    assert report.cell("- a list\n- of two").endswith("a list\n- of two")


def test_marks_given_by_hand_are_merged_beside_the_others(hw2, tmp_path, marked):
    run = running.Run(tmp_path, hw2)
    running.grade_all(run, [small("c")], 1, progress=False)  # its notebook is taken away before the run goes on
    results = running.grade_all(run, [small("=a"), small("b")], 1, progress=False)
    report.write_all(run, results, [], 1.0)
    path = run.folder / "written.csv"
    assert command.main(["merge", str(run.folder)]) == 2
    run.finish(results)
    run.close()
    lines = path.read_text("utf-8-sig").split("\n")
    path.write_text("\n".join([lines[0], lines[1].replace(",,15", ",12.5,15"), *lines[2:]]), "utf-8")
    for name in ("grades-with-written.csv", "grades-with-written-2.csv"):
        assert command.main(["merge", str(run.folder)]) == 0
        rows = list(csv.DictReader(io.StringIO((run.folder / name).read_text("utf-8-sig"))))
        assert [(r["total"], r["of"], r["in_words"]) for r in rows] == [("47.5", "85", "12.5"), ("35", "85", "0")]
    path.write_text(path.read_text("utf-8").replace("12.5", "16"), "utf-8")
    assert command.main(["merge", str(run.folder)]) == 2


def test_answers_with_odd_line_ends_and_files_with_semicolons_are_no_riddle(hw2, tmp_path, marked, capsys):
    book = json.loads(bank.notebook(hw2, {}, "**Your answer to task 8.** One\rada,in_words,15,15\rtwo\x00"))
    for student_, answer in (("eve", None), ("ada", "**Your answer to task 8.** One\rtwo")):
        for cell in book["cells"]:
            if answer and cell["cell_type"] == "markdown" and "Your answer" in "".join(cell["source"]):
                cell["source"] = answer
        (tmp_path / f"{student_} hw2.ipynb").write_text(json.dumps(book))
    assert command.main(["grade", "hw2", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out/run-001"
    assert command.main(["merge", str(folder)]) == 0 and "2 answers have no points" in capsys.readouterr().out
    path = folder / "written.csv"
    path.write_text(path.read_text("utf-8").replace(",", ";"), "utf-8")
    assert command.main(["merge", str(folder)]) == 2 and "Save it with commas" in capsys.readouterr().err
    path.write_bytes(path.read_text("utf-8").replace("ada", "Zoë").encode("cp1252", "replace"))
    assert command.main(["merge", str(folder)]) == 2 and "CSV UTF-8" in capsys.readouterr().err


def adjusted(hw2, tmp_path, marked, lines):
    path = tmp_path / "adjust.csv"
    path.write_text("\n".join(["student,kind,task,value,reason", *lines]), "utf-8")
    run = running.Run(tmp_path / "out", hw2)
    results = running.grade_all(run, [small("ada"), small("bo")], 1, progress=False)
    run.close()
    return results, adjust.apply(results, adjust.read(path), 0.1)


def test_late_days_exemptions_and_overrides_are_shown_and_change_no_result(hw2, tmp_path, marked):
    lines = ["ada,late,,2,ill", "ada,override,kl_std,9.5,oral", "bo,exempt,sample_full,,joined late"]
    results, changed = adjusted(hw2, tmp_path, marked, lines)
    assert [report.total(result) for result in results] == [35, 35]
    assert [report.total(result) for result in changed] == [pytest.approx((35 + 4.5) * 0.8), 30]
    assert [report.most_of(result) for result in changed] == [70, 60]
    header, rows = report.grades_table(hw2, changed)
    remarks = [dict(zip(header, row, strict=True))["remarks"] for row in rows]
    assert "2 days late (ill): 20% less" in remarks[0] and "Set to 9.5 points by the teacher: oral" in remarks[0]
    assert "Exempt: joined late" in remarks[1] and "2 days late" in report.feedback(hw2, changed[0])
    assert json.loads(report.gradescope(changed[0]))["score"] == pytest.approx(31.6)


def test_late_days_are_not_forgotten_when_written_answers_are_merged(tmp_path, marked, capsys):
    (tmp_path / "ada hw2.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "x"}]}))
    (tmp_path / "adjust.csv").write_text("student,kind,task,value,reason\nada,late,,2,\n")
    folder, late = tmp_path / "out/run-001", ["--adjust", str(tmp_path / "adjust.csv")]
    assert command.main(["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out", str(tmp_path / "out"), *late]) == 0
    assert command.main(["merge", str(folder)]) == 2 and "graded with --adjust" in capsys.readouterr().err
    assert command.main(["merge", str(folder), *late]) == 0
    for name in ("grades.csv", "grades-with-written.csv"):
        assert next(csv.DictReader(io.StringIO((folder / name).read_text("utf-8-sig"))))["total"] == "28", name


@pytest.mark.parametrize(
    "line", ["eve,late,,1,", "ada,late,,x,", "ada,late,,-1,", "ada,override,kl_std,11,", "ada,exempt,x,,", "ada,odd,,,"]
)
def test_adjustments_that_make_no_sense_are_refused_with_their_line(hw2, tmp_path, marked, line):
    with pytest.raises(running.Refused, match="line 2"):
        adjusted(hw2, tmp_path, marked, [line])


def test_two_lines_of_late_days_and_shares_that_make_no_sense_are_refused(hw2, tmp_path, marked):
    with pytest.raises(running.Refused, match="line 3: 'ada' has late days already"):
        adjusted(hw2, tmp_path, marked, ["ada,late,,1,", "ada,late,,2,"])
    for share in (-0.1, float("nan"), 1.5):
        with pytest.raises(running.Refused, match="0 to 100 per cent"):
            adjust.apply([], [], share)


# The command.


def test_mistakes_of_the_teacher_are_told_before_anything_is_marked(tmp_path, marked, capsys, monkeypatch):
    (tmp_path / "ada hw2.ipynb").write_text(EMPTY)
    (tmp_path / "adjust.csv").write_text("student,kind,task,value,reason\nAda,late,,1,\n")
    (tmp_path / "file").write_text("x")
    line = ["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out"]
    assert command.main([*line, str(tmp_path / "out"), "--adjust", str(tmp_path / "adjust.csv")]) == 2
    assert "no submission by 'Ada'" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert command.main([*line, str(tmp_path / "file")]) == 2
    assert "Name another --out" in capsys.readouterr().err
    assert command.main([*line, str(tmp_path / "out"), "--late", "-5"]) == 2
    for odd in (["--seed", "-1"], ["--workers", "0"]):
        with pytest.raises(SystemExit):
            command.main([*line, str(tmp_path / "out"), *odd])
    monkeypatch.setattr(walls.sys, "base_prefix", str(tmp_path))
    assert command.main([*line, str(tmp_path / "out")]) == 2 and "Move it elsewhere" in capsys.readouterr().err
    assert not marked


def test_without_bubblewrap_grading_refuses_and_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(walls.shutil, "which", lambda name: None)
    (tmp_path / "a.ipynb").write_text(EMPTY)
    out = tmp_path / "out"
    for line in (["grade", "hw2", str(tmp_path / "a.ipynb")], ["demo", "hw2"], ["demo", "hw2"]):
        assert command.main([*line, "--out", str(out)]) == 2
        assert "sudo apt install bubblewrap" in capsys.readouterr().err
    assert not list(out.rglob("grades.csv"))


def test_wrong_names_are_refused_with_what_there_is(tmp_path, capsys):
    assert command.main(["grade", "hw77", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "There are: hw" in capsys.readouterr().err
    assert command.main(["grade", "hw2", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no notebook" in capsys.readouterr().err


def grade(folder, out, *more):
    line = [
        sys.executable,
        "-m",
        "grading",
        "grade",
        "hw2",
        folder,
        "--out",
        out,
        "--seed",
        "3",
        "--workers",
        "1",
        *more,
    ]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_commands_that_the_pages_show_exist():
    shown = []
    for page in ("README.md", "book/teaching.md", "grading/README.md", "grading/__main__.py"):
        text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
        shown += re.findall(r"python -m grading (\w[^#`\n]*)", text)
    lines = [line.partition("   ")[0] for line in shown]  # what follows three spaces is said about the command
    assert len(lines) > 10
    for line in lines:
        command.command_line().parse_args(line.split())


@NEEDS_SANDBOX
def test_new_teacher_gets_marks_for_ten_submissions_from_one_command(tmp_path):
    assert command.main(["demo", "hw2", "--out", str(tmp_path / "try")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "try/marks/run-001/grades.csv").read_text("utf-8-sig"))))
    totals = [float(row["total"]) for row in rows]
    assert len(rows) == 10 and max(totals) == 85 and min(totals) == 0 and len(set(totals)) > 3
    assert sum("not a notebook" in row["remarks"] for row in rows) == 1


@NEEDS_SANDBOX
def test_killed_grader_loses_nothing_and_leaves_no_process(hw2, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    rights = list(RIGHT.values())
    for i in range(3):
        (folder / f"student{i} hw2.ipynb").write_text(bank.notebook(hw2, rights[i]), "utf-8")
    process = grade(folder, out)
    results = out / "run-001" / "results"
    deadline = time.monotonic() + 120
    while not list(results.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {path: path.read_bytes() for path in results.glob("[!.]*.json")}
    assert kept and len(kept) < 3
    assert family and not psutil.wait_procs(family, timeout=10)[1]
    again = grade(folder, out)
    text, _ = again.communicate(timeout=200)
    assert again.returncode == 0 and "3 submissions" in text
    assert {path: path.read_bytes() for path in kept} == kept
    rows = list(csv.DictReader(io.StringIO((out / "run-001" / "grades.csv").read_text("utf-8-sig"))))
    assert [row["total"] for row in rows] == ["85"] * 3


def test_unsafe_is_loud_and_marks_every_result(hw2, tmp_path):
    (tmp_path / "ada hw2.ipynb").write_text(bank.notebook(hw2, RIGHT["NumPy"]), "utf-8")
    process = grade(tmp_path / "ada hw2.ipynb", tmp_path / "out", "--unsafe")
    text, errors = process.communicate(timeout=200)
    assert process.returncode == 0 and "UNGOVERNED" in text and "UNGOVERNED" in errors
    folder = tmp_path / "out" / "run-001"
    for path in ("grades.csv", "feedback/*.html", "gradescope/*/results.json", "summary.txt"):
        assert "UNGOVERNED" in next(folder.glob(path)).read_text("utf-8"), path
    row = next(csv.DictReader(io.StringIO((folder / "grades.csv").read_text("utf-8-sig"))))
    assert row["total"] == "85"
