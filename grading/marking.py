"""Marks: how a notebook's answers are asked for and judged, task by task. Runs outside the sandbox."""

import builtins
import functools
from typing import NamedTuple

import numpy as np

from grading.errors import Wrong
from grading.judging import DISTANCES, fitting
from grading.sandbox.frames import pack
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
    drawn = [checks_and_calls(task, seed) for seed in seeds]
    payload = {
        "cells": cells,
        "name": task.name,
        "given": list(given.values()),
        "given_names": list(given),
        "calls": [call for _, calls in drawn for call in calls],
    }
    reply = sandbox.ask(payload, task.seconds * len(seeds))
    if reply.end == "lost":  # the whole sandbox: seldom a student's doing, so it gets a second chance
        reply = sandbox.ask(payload, task.seconds * len(seeds))
    answers = by_call(reply)
    attempts = [(answers, reply.end)]
    if given and any(answer.get("error", NOT_WRITTEN) != NOT_WRITTEN | placed(answer.get("error", {}), cells)
                     for answer in answers.values()):  # fmt: skip
        # The words of an exception are the student's, and references are in the room: words count as safe to show
        # if they come without the references too, and without what was left behind when they were there.
        sandbox.next_submission()
        alone = sandbox.ask(payload | {"given": [], "given_names": []}, task.seconds * len(seeds))
        safe = [answer.get("error") for answer in alone.answers]
        for answer in answers.values():
            if "error" in answer and answer["error"] not in safe:
                answer["error"] = placed(answer["error"], cells) | {"type": known(answer["error"].get("type"))}
        # An answer may get on with the student's own earlier functions only: theirs return arrays, say, and the
        # references tensors. If it is right with them, it is right.
        attempts.append((by_call(alone), alone.end))
    marks, start = [], 0
    for seed, (_, calls) in zip(seeds, drawn, strict=True):
        own = range(start, start + len(calls))
        tried = [judge(task, seed, [found.get(i, found.get(-1)) for i in own], end) for found, end in attempts]
        marks.append(max(tried, key=lambda mark: mark.points))
        start += len(calls)
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
