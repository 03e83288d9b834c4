"""What tasks and checks are, and how answers turn into marks. Runs outside the sandbox; no student code is near."""

import builtins
import contextvars
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from grading import runner
from grading.submissions import printable

HIDDEN = 1 << 20  # ends what hidden inputs are drawn from


class Call(NamedTuple):
    """One call of a student's function. gradient: which arguments to differentiate sum(weights * result) by."""

    arguments: tuple
    gradient: tuple = ()
    weights: np.ndarray | None = None


class Check(NamedTuple):
    """Some calls, and a judge: judge(results) raises Wrong if they aren't right; one list of arrays for each call.

    The first check of a task is its main one: the others count only if it passes, so that a constant that happens to
    satisfy a lesser check earns nothing. alone=True: counts by itself. table: what `compare` made the check from.
    """

    name: str
    points: float
    calls: list
    judge: Callable
    alone: bool = False
    table: dict | None = None


class Task(NamedTuple):
    """A function that a homework asks for. checks(rng) gives its checks, on inputs drawn from rng."""

    name: str
    title: str
    checks: Callable
    seconds: float = 10.0


class Tolerance(NamedTuple):
    """How far an answer may lie from the right one: atol + rtol * |right| + errors * its standard error.

    name: of what is compared, within its check. reason: why so far and no further. No judge compares numbers without
    one, so that the bank can measure them all: the worst right answer on this side, the nearest wrong one on the other.
    """

    name: str
    reason: str
    rtol: float = 0.0
    atol: float = 0.0
    errors: float = 0.0


class Wrong(Exception):
    """An answer is not right; the message tells the student what kind of mistake it is, and no hidden number."""


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


STUB = {"type": "NotImplementedError", "message": ""}
OPEN = "This task is still open."
ENDS = {
    "time": "Your function was stopped: it did not come back in time. Is there a loop that never ends?",
    "size": "Your function was stopped: it returned far more numbers than asked for.",
    "threads": "Your function was stopped: it started too many threads.",
    "forged": "What came back was not what a call of your function gives.",
    "lost": "Running your function ended the process that ran it.",
    "done": "Running your function ended the process that ran it.",
}


def mark_task(task, sandbox, cells, given, seed):
    """Ask the sandbox for the answers of a notebook's cells to one task and judge them.

    given: {function: source} of the reference functions for earlier tasks. Returns a Mark.
    """
    return mark_seeds(task, sandbox, cells, given, [seed])[0]


def mark_seeds(task, sandbox, cells, given, seeds):
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
    if given and any(answer.get("error", STUB) != STUB | placed(answer.get("error", {}), cells)
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
    for checks, calls in drawn:
        own = range(start, start + len(calls))
        tried = [mark_of(task, checks, [found.get(i, found.get(-1)) for i in own], end) for found, end in attempts]
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
            judge(check, own, end)
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
        {"arguments": [runner.pack(a) for a in call.arguments]}
        | ({"gradient": list(call.gradient), "weights": runner.pack(call.weights)} if call.gradient else {})
        for check in checks
        for call in check.calls
    ]
    return checks, calls


def judge(check, answers, end):
    """Raise Wrong unless every call of the check was answered and the check's judge is content."""
    for answer in answers:
        if answer is None:
            raise Wrong(ENDS.get(end, ENDS["done"]))
        if "error" in answer:
            raise Wrong(explain(answer["error"]))
    try:
        check.judge([answer["arrays"] for answer in answers])
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


# What judges are made of.

DISTANCES = contextvars.ContextVar("distances")  # {Tolerance: …} of the check that is being judged
# Students compute in 32 bits, where a number has seven digits, and right answers differ in how many of them they lose.
ROUNDED = Tolerance("values", "sums of some dozen terms in 32 bits, in any order and by any formula", 1e-3, 1e-4)
WHOLE = Tolerance("whole numbers", "they are exact, or wrong by 1", 0.0, 0.01)


def distance(found, wanted, tolerance, standard_error=0.0):
    """The largest |found - wanted| in units of what the tolerance allows; infinite for another shape and for NaN."""
    found, wanted = np.asarray(found, "float64"), np.asarray(wanted, "float64")
    if found.shape != wanted.shape:
        return np.inf
    allowed = tolerance.atol + tolerance.rtol * np.abs(wanted) + tolerance.errors * np.asarray(standard_error)
    off = np.abs(found - wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(off == 0, 0.0, off / allowed)
    return float(np.nan_to_num(share, nan=np.inf).max(initial=0.0))


def agree(found, wanted, tolerance, standard_error=0.0):
    return distance(found, wanted, tolerance, standard_error) <= 1


def within(found, wanted, tolerance, standard_error=0.0):
    """`agree`, of an answer and the right one: the distance is noted down for the bank."""
    share, noted = distance(found, wanted, tolerance, standard_error), DISTANCES.get({})
    noted[tolerance] = max(share, noted.get(tolerance, 0.0))
    return share <= 1


def told_apart(wanted, slips, tolerance=ROUNDED):
    """Whether no slip gives the right numbers by chance, nor those of another slip."""
    values = [np.asarray(value, "float64") for value in (wanted, *slips.values())]
    return not any(agree(a, b, tolerance) for i, a in enumerate(values) for b in values[:i])


def compare(name, points, cases, tolerance=ROUNDED, part=0, parts=1, alone=False):
    """A check that the function's result is right in each case; cases: [(arguments, right values, known slips)].

    part: which of the `parts` results is compared. A number alone may be hit by chance: it needs several cases.
    """

    def judge(results):
        for result, (_, wanted, slips) in zip(results, cases, strict=True):
            expect(numbers(result, parts, part)[part], wanted, slips, tolerance)

    calls = [Call(tuple(arguments)) for arguments, _, _ in cases]
    return Check(name, points, calls, judge, alone, hint(*cases[0], tolerance, part, parts))


def hint(arguments, wanted, slips, tolerance, part=0, parts=1):
    """The table of a check from one of its cases."""
    table = {"arguments": arguments, "wanted": wanted, "slips": slips}
    return table | {"rtol": tolerance.rtol, "atol": tolerance.atol, "part": part, "parts": parts}


def numbers(arrays, count=1, part=None):
    """The arrays of one answer; Wrong if there aren't `count`, one is None, or one holds NaN or infinity.

    part: the only one that has to be sound, if other checks ask for the rest. Where several numbers are asked for, one
    array of them serves as well as a tuple.
    """
    if count > 1 and len(arrays) == 1 and arrays[0] is not None and arrays[0].ndim and len(arrays[0]) == count:
        arrays = list(arrays[0])
    if len(arrays) == 1 and arrays[0] is None:
        raise Wrong("The function returns nothing (None). Is there a return?")
    if len(arrays) != count:
        raise Wrong(f"The function returns {len(arrays)} values; the task asks for {count}.")
    asked = arrays if part is None else arrays[part : part + 1]
    if any(array is None for array in asked):
        raise Wrong("The function returns None where numbers are asked for.")
    if not all(np.isfinite(array).all() for array in asked):
        raise Wrong("The result holds NaN or infinite values.")
    return [array if array is None else np.asarray(array) for array in arrays]


def expect(found, wanted, slips=(), tolerance=ROUNDED, what="The values"):
    """Raise Wrong unless `found` agrees with `wanted`. slips: {message: array}, what a known mistake would give."""
    if within(found, wanted, tolerance):
        return
    for message, value in dict(slips).items():
        if agree(found, value, tolerance):
            raise Wrong(message)
    if found.shape != np.shape(wanted):
        raise Wrong(f"The result has shape {found.shape}; the task asks for {np.shape(wanted)} here.")
    if found.size and np.ptp(found) == 0 and np.size(wanted) > 1:
        raise Wrong("The result is the same number everywhere, whatever the inputs are.")
    raise Wrong(f"{what} differ from the right ones.")
