"""Marking in the sandbox: what earns points, what is told, and what student code can't do. Needs bubblewrap."""

import importlib
import json
import os
import shutil
import sys
import time

import numpy as np
import pytest

from grading import bank, judge_process, marker, marking, student
from grading.bank import IMPORTS
from grading.bank.hostile import HOSTILE
from grading.errors import NoSandbox
from grading.judge_process import JudgeProcess
from grading.sandbox import answering, frames, inside, outside
from grading.submissions import Submission
from grading_case import NEEDS_SANDBOX, ROOT, Borrowed, homework_called, shared_sandbox, slip, submission

RIGHT = bank.right(homework_called("hw2"))


@pytest.fixture
def hw2():
    return homework_called("hw2")


@pytest.fixture
def sandbox():
    return shared_sandbox()


@pytest.fixture(scope="module")
def half():
    """A sandbox as on kernels that let no process make namespaces inside it."""
    with outside.Sandbox(walls="half") as box:
        yield box


def graded(homework, submission_, seed):
    """Its result, from a marker with the shared sandbox."""
    mark = marker.Marker(homework, seed)
    try:
        result = mark.first(submission_)
        for task in list(result.get("left", ())):
            result = mark.again(submission_, result, task)
        return result
    finally:
        mark.close()


@pytest.fixture(autouse=True)
def borrowed(monkeypatch):
    monkeypatch.setattr(marker, "Sandbox", Borrowed)


@NEEDS_SANDBOX
def test_one_mistake_costs_its_own_task_only(hw2, sandbox):
    function, source = slip("read as variances")  # kl_std, which class_divergences rests on
    result = graded(hw2, submission(hw2, "x", RIGHT["with_numpy"] | {function: source}), 3)
    lost = {mark["task"] for mark in result["marks"] if mark["points"] < mark["most"]}
    assert lost == {"kl_std"}


@NEEDS_SANDBOX
def test_answers_don_t_need_the_cells_metadata_nor_their_order_of_helpers(hw2, sandbox):
    book = json.loads(bank.notebook(hw2, RIGHT["helpers"]))
    for cell in book["cells"]:
        cell["metadata"] = {}
    book["cells"].append({"cell_type": "code", "source": ["%matplotlib inline\n", "raise ValueError('mine')"]})
    book["cells"].append({"cell_type": "code", "source": "this is no Python"})
    handed_in = Submission("x", "x.ipynb", json.dumps(book).encode(), (0, 0))
    result = graded(hw2, handed_in, 4)
    assert all(mark["points"] == mark["most"] for mark in result["marks"]), result["marks"]


@NEEDS_SANDBOX
def test_lines_that_only_jupyter_understands_cost_no_points(hw2, sandbox):
    cell = f"%%time\n{IMPORTS}\n!pip install x\nfiles = !ls\nkl_std?\n{RIGHT['with_numpy']['kl_std']}\nnp.sum??\n"
    cell += "for _ in range(3):\n    %time kl_std(*np.ones((4, 2, 2)))\n    !ls\n"
    mark = marking.mark_task(hw2.tasks[0], sandbox, [cell], {}, 0)
    assert mark.points == mark.most, mark.messages
    assert [type(s).__name__ for s in answering.parse("x = 5 \\\n%2\n", "cell 1")] == ["Assign"]  # Python comes first
    with pytest.raises(SyntaxError):
        answering.parse("%time\nx = (", "cell 1")


@NEEDS_SANDBOX
def test_what_is_made_by_methods_and_switches_is_there_when_a_function_is_called(hw2, sandbox):
    head, _, body = RIGHT["with_numpy"]["kl_std"].strip().partition("\n")
    made = "table = []\nfor i in range(3):\n    table.append(i)\ntable.reverse()"
    switch = "tf.experimental.numpy.experimental_enable_numpy_behavior()"
    use = "    assert table == [2, 1, 0] and tf.ones(4).reshape((2, 2)).shape == (2, 2)\n"
    slow = "np.testing.assert_equal(*[time.sleep(99)] * 2)\nother = []\nother.append(time.sleep(99))"  # an experiment
    cells = [IMPORTS, f"import time\n{slow}", made, switch, f"{head}\n{use}{body}"]
    mark = marking.mark_task(hw2.tasks[0], sandbox, cells, {}, 0)
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
    cells = [IMPORTS, RIGHT["with_numpy"]["kl_std"], table.replace("PAIR", "pair.item()")]
    mark = marking.mark_task(task, sandbox, cells, hw2.earlier(task), 3)
    assert mark.points == mark.most, mark.messages
    assert marking.mark_task(task, sandbox, [cells[0], cells[2]], hw2.earlier(task), 3).points == 0
    for rows in ("float(pair[0])", "pair[0]"):  # rows of numbers, rows of tensors
        mark = marking.mark_task(task, sandbox, [IMPORTS, table.replace("PAIR", rows)], hw2.earlier(task), 3)
        assert mark.points == mark.most, mark.messages


@NEEDS_SANDBOX
def test_student_s_experiments_are_not_run(hw2, sandbox):
    slow = "import time\nfor _ in range(100):\n    time.sleep(1)\n" + IMPORTS
    cells = [slow, RIGHT["with_numpy"]["kl_std"], "table = [kl_std(*np.ones((4, 2, 2))) for _ in range(10**9)]"]
    started = time.monotonic()
    mark = marking.mark_task(hw2.tasks[0], sandbox, cells, {}, 0)
    assert mark.points == mark.most and time.monotonic() - started < 8


@NEEDS_SANDBOX
def test_a_submission_leaves_nothing_for_the_next(hw2, sandbox):
    for name in ("leaving a note for the next", "finding the note", "leaving a note for the next"):
        source = HOSTILE[name].replace("NAME", "kl_std")
        mark = marking.mark_task(hw2.tasks[0], sandbox, [IMPORTS, source], {}, 0)
        assert mark.points == 0 and "FOUND" not in "".join(mark.messages)


@NEEDS_SANDBOX
def test_where_the_kernel_allows_no_inner_walls_each_submission_gets_a_sandbox_of_its_own(hw2, half):
    assert half.walls == "half"
    first = half.process.pid
    for name in ("fork bomb", "killing everybody", "reading memory", "forging a report"):
        source = HOSTILE[name].replace("NAME", "kl_std")
        task = hw2.tasks[0]._replace(seconds=2.0)
        mark = marking.mark_task(task, half, [IMPORTS, source], {}, 0)
        assert mark.points == 0 and "FOUND" not in "".join(mark.messages), (name, mark)
    mark = marking.mark_task(hw2.tasks[0], half, [IMPORTS, RIGHT["with_numpy"]["kl_std"]], {}, 0)
    assert mark.points == mark.most
    half.next_submission()
    assert half.process.pid != first


def test_any_bytes_from_a_question_are_read_without_an_exception():
    rng = np.random.default_rng(0)
    for size in (0, 1, 7, 8, 9, 100, 5000):
        for _ in range(50):
            frames.read_answers(rng.bytes(size), 9)
    heads = [b"[]", b"1", b"[" * 999, b"\xff", b'{"call": "x"}', b'{"call": 0, "error": 3}']
    heads += [b'{"call": 0, "shapes": %s}' % s for s in (b"3", b"[[-1]]", b"[[4294967296, 4294967296]]", b"[[1e9]]")]
    for head in heads:
        answers, sound = frames.read_answers(frames.FRAME.pack(len(head), 0) + head, 9)
        assert not answers and not sound, head
    head = b'{"call": 0, "shapes": []}'
    answers, sound = frames.read_answers((frames.FRAME.pack(len(head), 0) + head) * 300_000, 9)
    assert len(answers) == 9 and not sound


@NEEDS_SANDBOX
def test_exceptions_tell_what_students_wrote_and_never_what_references_say(hw2, sandbox):
    def said(source):
        task = hw2.tasks[-1]
        return marking.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3).messages[0]

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
    assert said("def class_divergences(*a):\n    raise NotImplementedError()") == marking.OPEN


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
    mark = marking.mark_task(task, half, [IMPORTS, note], hw2.earlier(task), 3)
    assert mark.messages == ("Your code raised ValueError, cell 2, line 9",)


@NEEDS_SANDBOX
def test_parts_that_count_by_themselves_are_not_lost_with_the_others(hw2, sandbox):
    def points_of(name, source):
        task = next(task for task in hw2.tasks if task.name == name)
        return marking.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3).points

    first = "def gradient_estimates(mean, std, target, epsilon):\n    return mean + std * epsilon - target, {}, {}"
    assert points_of("gradient_estimates", first.format("None", "np.nan * epsilon")) == 4
    assert points_of("gradient_estimates", first.format("0", "0")) == 4
    estimate = RIGHT["with_numpy"]["kl_to_mixture"] + "\nwhole = kl_to_mixture\n"
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
    mark = marking.mark_task(task, sandbox, [IMPORTS, source], hw2.earlier(task), 3)
    assert mark.points == 11 and "gradient is asked for" in mark.messages[0]


def test_no_seed_draws_the_inputs_that_students_have_as_hints(hw2):
    hints = json.loads(student.hints(hw2.tasks))
    for task in hw2.tasks:
        shown = hints[task.name][0]["arguments"][0]
        hidden = marking.checks_and_calls(task, 2013)[0][0].calls[0].arguments[0]
        assert not np.array_equal(np.ravel(shown["values"]), np.ravel(hidden))


def test_what_an_exception_says_is_short_strings_and_whole_numbers():
    odd = {"type": [[["x"]]], "message": "m" * 999, "cell": True, "line": 3, "points": 100}
    head = json.dumps({"call": 0, "error": odd}).encode()
    answers, sound = frames.read_answers(frames.FRAME.pack(len(head), 0) + head, 9)
    assert sound and answers == [{"call": 0, "error": {"message": "m" * 200, "line": 3}}]


ODD_CHECKS = """
import os, signal
import numpy as np
from grading.judging import Call, Check, Task

def endless(results):
    while True:
        pass

def greedy(results):
    np.ones(2**38)

def dies(results):
    os.kill(os.getpid(), signal.SIGKILL)

def task(name, judge):
    return Task(name, name, lambda rng: [Check("values", 5.0, [Call((1.0,), ([()],))], judge)])

TASKS = [task("endless", endless), task("greedy", greedy), task("dies", dies), task("content", lambda results: None)]
"""


def test_judge_that_never_ends_or_dies_costs_one_task_of_one_student_and_is_told_of(tmp_path, monkeypatch):
    (tmp_path / "odd_checks.py").write_text(ODD_CHECKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    judge, answers = JudgeProcess("odd_checks", seconds=0.5), [{"call": 0, "arrays": [np.zeros(())]}]
    marks = {task.name: judge.mark(task, 0, answers, "done") for task in importlib.import_module("odd_checks").TASKS}
    judge.close()
    assert {name: mark.points for name, mark in marks.items()} == {"endless": 0, "greedy": 0, "dies": 0, "content": 5}
    assert marks["endless"].messages == marks["dies"].messages == (judge_process.GONE,)
    assert "the form that the task asks for" in marks["greedy"].messages[0]


def test_lost_sandbox_gets_a_second_chance(hw2):
    class Shaky:
        asked = 0

        def ask(self, payload, seconds):
            self.asked += 1
            return outside.Reply("lost" if self.asked == 1 else "done", [])

    box = Shaky()
    marking.mark_task(hw2.tasks[0], box, [], {}, 0)
    assert box.asked == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_time_that_a_question_waits_for_a_processor_is_not_its_own(monkeypatch, tmp_path):
    assert inside.waiting(os.getpid()) >= 0 and inside.waiting(2**22 + 1) == 0
    sent = []
    monkeypatch.setattr(inside, "report", lambda head, body=b"": sent.append(json.loads(head)["end"]))
    monkeypatch.setattr(inside, "serve_question", lambda size, seconds, output, walls: (
        os.setsid(), os.write(output, inside.READ), time.sleep(1.0)))  # fmt: skip
    for waited, end in ((0.0, "time"), (100.0, "done")):
        before = iter([0.0])  # when the question has been read, then while it runs
        monkeypatch.setattr(inside, "waiting", lambda child, w=waited, before=before: next(before, w))
        inside.guard(0, 0.5, "none")
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
    monkeypatch.setattr(outside, "command", lambda unsafe, wanted: [sys.executable, "-c", code])
    with outside.Sandbox() as box:
        with pytest.raises(NoSandbox, match="short of memory"):
            box.ask({"cells": [], "name": "x", "given": [], "given_names": [], "earlier": [], "calls": []}, 1)
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
    monkeypatch.setattr(outside.shutil, "which", lambda name: str(old))
    with outside.Sandbox() as box:
        mark = marking.mark_task(hw2.tasks[0], box, [IMPORTS, RIGHT["with_numpy"]["kl_std"]], {}, 0)
    assert mark.points == mark.most


def test_sandbox_sees_neither_the_repository_nor_an_installed_vaelab(tmp_path, monkeypatch):
    monkeypatch.setattr(outside.shutil, "which", lambda name: sys.executable)
    packages = tmp_path / "site-packages"
    (packages / "vaelab").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(packages))
    line = " ".join(outside.command(False, "full"))
    shown = line.index(f"--ro-bind {packages} {packages}")
    assert shown < line.index(f"--tmpfs {packages}/vaelab") < line.index(f"--remount-ro {packages}/vaelab")
    assert line.index("--ro-bind /usr /usr") < line.index(f"--tmpfs {ROOT}") < line.index(f"--remount-ro {ROOT}")
    monkeypatch.setattr(sys, "prefix", str(ROOT))
    with pytest.raises(NoSandbox, match="fills the course's own folder"):
        outside.command(False, "full")


# Submissions as they come.
