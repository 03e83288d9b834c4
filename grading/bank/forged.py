"""Answers that nobody has worked for: of the right shapes, and their numbers all the same or drawn at random.

They are judged without a sandbox, so that many seeds can be tried: all code that runs here is the homework's own.
"""

import json
import zlib
from unittest import mock

import numpy as np

from grading.marking import checks_and_calls, mark_of
from grading.sandbox.answering import question
from grading.sandbox.outside import Reply

REPEATS = 2  # random answers of each form for each seed

CONSTANT = {
    "zeros": lambda right: np.zeros(right.shape),
    "ones": lambda right: np.ones(right.shape),
    "minus ones": lambda right: np.full(right.shape, -1.0),
    "halves": lambda right: np.full(right.shape, 0.5),
    "NaN": lambda right: np.full(right.shape, np.nan),
    "infinite": lambda right: np.full(right.shape, np.inf),
    "None": lambda right: None,
    "counting": lambda right: np.arange(right.size, dtype=float).reshape(right.shape),
}
RANDOM = {
    "normal": lambda right, rng: rng.normal(0, 1, right.shape),
    "between 0 and 1": lambda right, rng: rng.random(right.shape),
    "large": lambda right, rng: rng.normal(0, 1000, right.shape),
    "small": lambda right, rng: rng.normal(0, 0.001, right.shape),
    "whole numbers": lambda right, rng: rng.integers(0, 10, right.shape).astype(float),
    "of 0 and 1": lambda right, rng: rng.integers(0, 2, right.shape).astype(float),
    # The rest know what nobody knows beforehand: about how large each right number is, or its kind.
    "of the right sizes": lambda right, rng: right * rng.uniform(0, 2, right.shape),
    "whole numbers of the right sizes": lambda right, rng: rng.integers(
        0, 2 * np.ceil(np.abs(right)).astype(int), endpoint=True
    ).astype(float),
}


def few():
    """hw1's last blocks are large, to show what fills a sandbox's memory; in this process nothing limits it."""
    return mock.patch("grading.checks.hw1.THRONG", (240, 90))


class InProcess:
    """Asked like a `sandbox.Sandbox`, but answers in this process: for the homework's own code only."""

    def ask(self, payload, seconds):
        answers = []

        def send(call, error=None, arrays=None):
            answers.append({"call": call, **({"error": error} if error else {"arrays": arrays})})

        question(payload, send)
        return Reply("done", answers)

    def next_submission(self):
        pass


def right_answers(homework, task, seed):
    """(checks, calls as JSON, the arrays that the homework's own solution gives for each call) on a seed's inputs."""
    checks, calls = checks_and_calls.__wrapped__(task, seed)
    given = homework.earlier(task)
    payload = {"cells": [homework.references[task.name]], "name": task.name, "given": list(given.values()),
               "given_names": list(given), "earlier": [], "calls": calls}  # fmt: skip
    answers = InProcess().ask(payload, task.seconds).answers
    return checks, calls, [answer["arrays"] for answer in answers if answer["call"] >= 0]


def lucky(homework, seeds):
    """What forged answers earn: [(task, seed, form, points)] of all that get a point with one of these seeds."""
    return [found for task in homework.tasks for seed in seeds for found in lucky_at(homework, task, seed)]


def lucky_at(homework, task, seed):
    """`lucky` for one task and one seed."""
    checks, calls, right = right_answers(homework, task, seed)
    # Equal calls get equal answers, as from a function with a seed.
    keys = [zlib.crc32(json.dumps(call).encode()) for call in calls]
    found = []

    def judge(name, answer):
        answers = [{"call": i, "arrays": answer(i)} for i in range(len(calls))]
        if points := mark_of(task, checks, answers, "done").points:
            found.append((task.name, seed, name, points))

    def made(form, i, *how):
        return [None if array is None else form(array, *how) for array in right[i]]

    for name, form in CONSTANT.items():
        judge(name, lambda i, form=form: made(form, i))
    for name, form in RANDOM.items():
        for repeat in range(REPEATS):
            origin = [seed, repeat, *name.encode()]
            judge(name, lambda i, form=form, origin=origin: made(form, i, np.random.default_rng([*origin, keys[i]])))
    return found
