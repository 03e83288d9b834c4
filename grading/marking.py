"""Marks: how a notebook's answers are asked for and judged, task by task. Runs outside the sandbox."""

import builtins
import functools
from typing import NamedTuple

import numpy as np

from grading.errors import Wrong
from grading.judging import DISTANCES, fitting
from grading.sandbox.frames import RESTS, pack
from grading.submissions import printable

HIDDEN = 1 << 20  # ends what hidden inputs are drawn from
NOT_WRITTEN = {"type": "NotImplementedError", "message": ""}
OPEN = "This task is still open."
ENDS = {
    "time": "Your function was stopped: it did not come back in time. Is there a loop that never ends?",
    "size": "Your function was stopped: it returned far more numbers than asked for.",
    "threads": "Your function was stopped: it started too many threads.",
    "forged": "What came back was not what a call of your function gives.",
    "lost": "Running your function ended the process that ran it.",
    "done": "Running your function ended the process that ran it.",
}


class Mark(NamedTuple):
    """The marks for one task: points, the most there are, and what to tell the student.

    distances: {name of the check: {Tolerance: the largest distance that it was asked about}}, in units of what it
    allows; for the bank, and not part of a result.
    """

    task: str
    title: str
    points: float
    most: float
    messages: tuple
    distances: dict | None = None

    def as_dict(self):
        return {name: getattr(self, name) for name in ("task", "title", "points", "most")} | {
            "messages": list(self.messages)
        }


def mark_here(task, seed, answers, end):
    """`mark_of` in this process, on the inputs of a seed; a `JudgeProcess` has the same in a process of its own."""
    return mark_of(task, checks_and_calls(task, seed)[0], answers, end)


def mark_task(task, sandbox, cells, given, seed, judge=mark_here):
    """Ask the sandbox for the answers of a notebook's cells to one task and judge them.

    given: {function: source} of the reference functions for earlier tasks. Returns a Mark.
    """
    return mark_seeds(task, sandbox, cells, given, [seed], judge)[0]


def mark_seeds(task, sandbox, cells, given, seeds, judge=mark_here):
    """`mark_task` for the inputs of several seeds at once, in one process: a list of Marks."""
    marks, errors = own_marks(task, sandbox, cells, list(given), seeds, judge)
    if errors is None:
        return marks
    others = reference_marks(task, sandbox, cells, given, seeds, errors, judge)
    sandbox.next_submission()  # where it has half walls, what comes next must not find what this left
    return [better(*pair) for pair in zip(marks, others, strict=True)]


def own_marks(task, sandbox, cells, earlier, seeds, judge=mark_here):
    """(Marks, errors) of answers that find the student's own functions for the earlier tasks, and no reference.

    earlier: names of those functions. errors: what the calls ended with; students wrote their words, and nothing that
    must not be shown was in the room. None if right versions of the earlier functions would change nothing.
    """
    reply = ask(task, sandbox, cells, {}, earlier, seeds)
    answers = by_call(reply)
    marks = judged(task, seeds, answers, reply.end, judge)
    errors = [answer["error"] for answer in answers.values() if "error" in answer]
    rests = [number for array in answers.get(RESTS, {}).get("arrays", ()) for number in np.ravel(array)] == [1.0]
    odd = any(error != NOT_WRITTEN | placed(error, cells) for error in errors)
    full = all(mark.points == mark.most for mark in marks)
    return marks, errors if earlier and not full and (rests or odd) else None


def reference_marks(task, sandbox, cells, given, seeds, errors, judge=mark_here):
    """Marks of answers that find right versions of the earlier functions, so that a mistake costs its own task only.

    errors: of `own_marks`. The words of any other may say what a reference says; its place alone is told.
    """
    reply = ask(task, sandbox, cells, given, [], seeds)
    answers = by_call(reply)
    for answer in answers.values():
        if "error" in answer and answer["error"] not in errors:
            answer["error"] = placed(answer["error"], cells) | {"type": known(answer["error"].get("type"))}
    return judged(task, seeds, answers, reply.end, judge)


def better(own, other):
    """The better of two Marks for one task: of the student's own earlier functions, and of right ones.

    An answer may get on with the student's own only: theirs return arrays, say, and the references tensors.
    """
    return own if own.points > other.points else other


def ask(task, sandbox, cells, given, earlier, seeds):
    """The sandbox's Reply to one question."""
    payload = {
        "cells": cells,
        "name": task.name,
        "given": list(given.values()),
        "given_names": list(given),
        "earlier": earlier,
        "memory": task.memory,
        "calls": [call for seed in seeds for call in checks_and_calls(task, seed)[1]],
    }
    reply = sandbox.ask(payload, task.seconds * len(seeds))
    if reply.end == "lost":  # the whole sandbox: seldom a student's doing, so it gets a second chance
        reply = sandbox.ask(payload, task.seconds * len(seeds))
    return reply


def judged(task, seeds, answers, end, judge):
    """The Marks of a question's answers, one for each seed."""
    marks, start = [], 0
    for seed in seeds:
        count = len(checks_and_calls(task, seed)[1])
        found = [answers.get(i, answers.get(-1)) for i in range(start, start + count)]
        marks.append(judge(task, seed, found, end))
        start += count
    return marks


def by_call(reply):
    """{number of the call: its answer}, the first where there are several."""
    return {answer["call"]: answer for answer in reversed(reply.answers)}


def mark_of(task, checks, answers, end):
    """The Mark that the answers to a task's checks, one for each call, have earned."""
    points, messages, start, distances = 0.0, [], 0, {}
    main_passed = False
    for number, check in enumerate(checks):
        own = answers[start : start + len(check.calls)]
        start += len(check.calls)
        DISTANCES.set(distances.setdefault(check.name, {}))
        try:
            judge_check(check, own, end)
        except Wrong as error:
            if str(error) not in messages and (number == 0 or main_passed or check.alone):
                messages.append(str(error))
            continue
        main_passed = main_passed or number == 0
        if main_passed or check.alone:
            points += check.points
    return Mark(task.name, task.title, points, sum(check.points for check in checks), tuple(messages), distances)


@functools.lru_cache
def checks_and_calls(task, seed):
    """A task's checks on inputs drawn from the seed, the same for every submission, and their calls as JSON."""
    # The hints that students get are drawn without the last number: no seed gives the same inputs.
    checks = task.checks(np.random.default_rng([seed, *task.name.encode(), HIDDEN]))
    calls = [
        {"arguments": [pack(a) for a in call.arguments]}
        | ({"gradient": list(call.gradient), "weights": pack(call.weights)} if call.gradient else {})
        for check in checks
        for call in check.calls
    ]
    return checks, calls


def judge_check(check, answers, end):
    """Raise Wrong unless every call of the check was answered and the check's judge is content."""
    for answer in answers:
        if answer is None:
            raise Wrong(ENDS.get(end, ENDS["done"]))
        if "error" in answer:
            raise Wrong(explain(answer["error"]))
    try:
        check.judge([fitting(answer["arrays"], call.shapes) for answer, call in zip(answers, check.calls, strict=True)])
    except Wrong:
        raise
    except Exception:  # a hostile shape that the judge did not foresee is a wrong answer, never a crash
        raise Wrong("The result doesn't have the form that the task asks for.") from None


def known(kind):
    """The name of an exception if it is one of Python's or of the sandbox's own, else "an exception"."""
    return kind if kind == "Missing" or isinstance(getattr(builtins, str(kind), None), type) else "an exception"


def placed(error, cells):
    """{"cell": …, "line": …} of an exception, {} if there is no such place in the notebook."""
    cell, line = error.get("cell"), error.get("line")
    if type(cell) is type(line) is int and 0 < cell <= len(cells) and 0 < line <= cells[cell - 1].count("\n") + 1:
        return {"cell": cell, "line": line}
    return {}


def explain(error):
    """What to tell a student of an exception in their code."""
    kind, message = (printable(" ".join(str(error.get(key, ""))[:200].split())) for key in ("type", "message"))
    places = {word: error.get(word) for word in ("cell", "line")}
    where = "".join(f", {word} {n}" for word, n in places.items() if type(n) is int and 0 < n < 10**6)
    if kind == "NotImplementedError":
        return OPEN
    if kind == "Missing":
        return "There is no function of this name in the notebook. Was it renamed or deleted?"
    if "vaelab" in message and kind in ("ModuleNotFoundError", "ImportError"):
        return f"{message}: the course's own solutions are taken away while your work is marked. Write it out yourself."
    return f"Your code raised {kind}: {message}" + where if message else f"Your code raised {kind}" + where
