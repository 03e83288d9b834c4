"""The grader's Python is the notebook's Python: what is right in Jupyter, in whatever idiom, is right here."""

import functools
import json
import time

import numpy as np
import pytest

from grading import bank, marking
from grading.bank import IMPORTS, honest
from grading.homework import masters
from grading.sandbox import answering, notebook
from grading_case import NEEDS_SANDBOX, homework_called, shared_sandbox

RIGHT = bank.right(homework_called("hw2"))["with_numpy"]
COMPOSED = [("hw1", 0), ("hw1", 1), ("hw1", 2), ("hw2", 0), ("hw2", 1), ("hw2", 2), ("hw2", 3), ("hw3", 0), ("hw4", 0),
            ("hw4", 1)]  # fmt: skip


@functools.cache
def composed():
    """{(homework, seed): (a Composed, its Marks in Jupyter)}."""
    books = [(homework_called(name), honest.compose(homework_called(name), seed)) for name, seed in COMPOSED]
    found = zip([book for _, book in books], honest.in_jupyter(books), strict=True)
    return dict(zip(COMPOSED, found, strict=True))


@NEEDS_SANDBOX
@pytest.mark.parametrize(("name", "seed"), COMPOSED)
def test_honest_notebook_earns_what_it_earns_in_jupyter(name, seed):
    book, there = composed()[name, seed]
    for mark, other in zip(honest.in_grader(homework_called(name), book, shared_sandbox()), there, strict=True):
        assert mark.points == other.points == mark.most, f"{book.what}: {mark.messages}, in Jupyter {other.messages}"


@NEEDS_SANDBOX
@pytest.mark.parametrize("idiom", [*honest.IDIOMS, *honest.FORMS])
def test_idiom_costs_no_points(idiom):
    book = honest.single(homework_called("hw2"), idiom)
    mark = marking.mark_task(homework_called("hw2").tasks[0], shared_sandbox(), book.sources, {}, 0)
    assert mark.points == mark.most, mark.messages


def test_every_homework_is_composed_and_every_idiom_asserts_what_it_is_about():
    assert {name for name, _ in COMPOSED} == set(masters())
    for name, seed in COMPOSED:
        assert len(honest.compose(homework_called(name), seed).cells) > len(homework_called(name).tasks)
    assert all(text.count("SOURCE") == 1 for text in honest.IDIOMS.values())


def defined(cells, name="f"):
    """The function of this name as the grader takes it out of a notebook's cells, and its first trouble."""
    with notebook.main() as space:
        function, trouble, _ = answering.define(cells, name, {}, space)
        return (function() if function else None), trouble


CASES = {
    "as it stood when the last hint was asked for": (
        ["def f():\n    return g()", "def g():\n    return 1", "check_task('hw2', 1, f)", "def g():\n    return 2",
         "check_task('hw2', 1, f)", "def g():\n    return 3"], 2),
    "in one cell": (["K = 1\ndef f():\n    return K\ncheck_task('hw2', 1, f)\nK = 2\ndef h():\n    return K"], 1),
    "defined twice": (["K = 1\ndef f():\n    return K", "K = 2\ndef f():\n    return K + 10", "K = 3"], 12),
    "an attribute of its own": (["def f():\n    return f.k\nf.k = 1", "f.k = 2"], 1),
    "deleted below": (["def f():\n    return 1", "del f"], 1),
    "a magic that runs a loop": (["%time total = sum(range(4))\n%prun total += 1\ndef f():\n    return total"], 7),
    "a comment over a cell magic": (["# mine\n%%time\ndef f():\n    return 1"], 1),
    "magics in magics": (["%%capture\n%%time\nk = 1", "def f():\n    return k"], 1),
    "get_ipython as an exported notebook has it": (
        ["get_ipython().run_cell_magic('time', '', 'k = 1')\nget_ipython().run_line_magic('time', 'k += 1')\n"
         "get_ipython().user_ns['j'] = 5\nget_ipython().ex('i = 7')\ndef f():\n    return i + j + k"], 14),
    "a cell of another language that holds Python": (["def f():\n    return 1", "%%script x\ndef f():\n    pass"], 1),
    "future in another cell": (["from __future__ import annotations", "def f(x: Nothing = 1):\n    return x"], 1),
    "exec of a text from above": (["A = 'b = 3'", "exec(A)", "def f():\n    return b"], 3),
    "exec with a namespace": (["space = {}\nexec('b = 3', space)", "def f():\n    return space['b']"], 3),
    "globals with computed names": (
        ["for k in 'ab':\n    globals()['x' + k] = k", "def f():\n    return xa + xb"], "ab"),
    "vars of an object": (["class C:\n    pass\nc = C()", "vars(c).update(k=1)", "def f():\n    return c.k"], 1),
    "a method that changes its object": (
        ["class C:\n    k = 0\n    def step(self):\n        self.k += 1\nc = C()", "x = c.step()\nc.step()",
         "def f():\n    return c.k"], 2),
    "a global behind two functions": (
        ["def a():\n    global k\n    k = 1\ndef b():\n    a()\nclass C:\n    def run(self):\n        b()",
         "C().run()", "def f():\n    return k"], 1),
    "numpy's out": (["import numpy as np\nk = np.zeros(2)", "np.add(1, 2, out=k)", "def f():\n    return k.sum()"], 6),
    "a decorated function that a registry calls": (
        ["R = []\ndef put(x):\n    R.append(x)\n    return x", "@put\ndef one():\n    return 1",
         "@put\ndef f():\n    return R[0]() + len(R)"], 3),
    "a comprehension that changes": (["t = []", "[t.append(i) for i in (0, 1)]", "def f():\n    return t"], [0, 1]),
    "a switch that is imported by name": (
        ["from sys import setrecursionlimit, getrecursionlimit", "setrecursionlimit(2345)",
         "def f():\n    return getrecursionlimit()"], 2345),
    "pickled class": (
        ["import pickle\nclass C:\n    k = 1", "d = pickle.loads(pickle.dumps(C()))", "def f():\n    return d.k"], 1),
    "display's handle": (["h = display(1, display_id=True)\nh.update(2)\ndef f():\n    return 1 if h else 0"], 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_names_mean_what_they_mean_in_a_notebook(case):
    cells, wanted = CASES[case]
    assert defined(cells) == (wanted, None)


def test_lines_of_exceptions_are_those_of_the_cell():
    for above in ("%%time\n", "\n\n%matplotlib inline\n", "!ls\n%time x = 3\n"):
        cell = f"{above}def f():\n    return 1 / 0"
        with notebook.main() as space:
            function, *_ = answering.define([cell], "f", {}, space)
            with pytest.raises(ZeroDivisionError) as caught:
                function()
        assert answering.describe(caught.value)["line"] == cell.count("\n") + 1


def test_experiments_stay_out_and_what_may_be_one_is_stopped():
    cells = ["import time\ntable = []\ndef f():\n    return table", "table.append(1)",
             "table.append([time.sleep(0.001) for _ in range(10**9)])", "x = [f() for _ in range(10**12)]",
             "for _ in (1, 2):\n    try:\n        table.append(time.sleep(9))\n    except:\n        pass"]  # fmt: skip
    started = time.monotonic()
    assert defined([*cells, "check_task('hw2', 1, f)"]) == ([1], None)
    assert time.monotonic() - started < 3 * answering.SECONDS_EACH


def test_what_a_notebook_sees_is_taken_back_afterwards():
    import builtins
    import sys

    before = sys.modules["__main__"], dict(vars(builtins))
    defined(["import __main__\n__main__.k = 1\ndef f():\n    return 1"])
    assert (sys.modules["__main__"], dict(vars(builtins))) == before


@pytest.mark.parametrize(
    ("wrong", "use"),
    [
        ("return np.zeros(len(a))", "pair.item()"),
        ("return [0.0 for _ in a]", "float(pair[0]) if isinstance(pair, list) else 1 / 0"),
        ("return tf.zeros(len(a), 'float64')", "float((tf.ones((), 'float64') * pair).numpy()[0])"),
        ("return np.zeros(len(a), int)", "pair.astype('float64').item()"),
    ],
)  # fmt: skip
@NEEDS_SANDBOX
def test_reference_answers_in_the_form_of_the_student_s_own_function(wrong, use):
    hw2 = homework_called("hw2")
    table = f"""
def kl_std(a, b, c, d):
    {wrong}
def class_divergences(x, y, classes, floor):
    means = np.stack([x[y == k].mean(0) for k in range(classes)])
    stds = np.stack([np.maximum(x[y == k].std(0), floor) for k in range(classes)])
    def one(i, j):
        pair = kl_std(means[[i]], stds[[i]], c=means[[j]], d=stds[[j]])
        return {use}
    return [[one(i, j) for j in range(classes)] for i in range(classes)]
"""
    mark = marking.mark_task(hw2.tasks[-1], shared_sandbox(), [IMPORTS, table], hw2.earlier(hw2.tasks[-1]), 3)
    assert mark.points == mark.most, mark.messages


def test_hint_and_grader_take_the_same_results_for_numbers(capsys):
    from vaelab.hints import apart, as_arrays, check_task

    space = {}
    exec(IMPORTS + "\n" + RIGHT["kl_std"], space)
    for form, said in (("np.asarray(x) + 0j", "no mistake"), ("tuple(np.asarray(x))", "no mistake"),
                       ("(x,)", "no mistake"), ("np.asarray(x) + 1e-3j", None), ("{'x': x}", None)):  # fmt: skip
        exec(f"def other(*a):\n    x = kl_std(*a)\n    return {form}", space)
        if said is None:
            with pytest.raises(TypeError, match="holds no numbers"):
                check_task("hw2", 1, space["other"])
        else:
            check_task("hw2", 1, space["other"])
            assert said in capsys.readouterr().out
    assert [a.tolist() for a in apart(as_arrays(tuple(np.ones((12, 2)))), 1)] == [np.ones((12, 2)).tolist()]
    assert len(apart(as_arrays([1, 2]), 2)) == 2 and as_arrays((None, 1))[0] is None


def test_no_seed_is_too_large_for_what_students_do_with_it():
    for name in masters():
        for task in homework_called(name).tasks:
            for call in marking.checks_and_calls(task, 2013)[1]:
                numbers = [a for a in json.loads(json.dumps(call["arguments"])) if type(a) is int]
                assert all(100 * number + 99 < 2**32 for number in numbers), task.name
