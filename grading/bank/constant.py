"""The best constant: what an answer earns that knows everything about a task but the hidden inputs.

Such an answer may know which numbers are right on other seeds, those that students get as hints among them, how they
spread and what is most frequent. It gives the same on every seed. All code that runs here is the homework's own.
"""

from collections import Counter

import numpy as np

from grading.bank.forged import right_answers
from grading.errors import Wrong
from grading.marking import judge_check

ORIGINS = 16  # other seeds whose right answers are tried as they are
PLAIN = {"zeros": 0.0, "ones": 1.0, "halves": 0.5, "quarters": 0.25}


def best_constants(homework, seeds):
    """{task: points that the best constant answer earns, on average over the seeds; see `best_constant`}."""
    return {task.name: best_constant(homework, task, list(seeds)) for task in homework.tasks}


def best_constant(homework, task, seeds):
    """An upper bound of what one constant answer earns: for each check the best of all that are tried, added up.

    The answers are made from as many other seeds as those on which they are tried.
    """
    checks, _, rights = zip(*(right_answers(homework, task, seed) for seed in seeds), strict=True)
    others = [right_answers(homework, task, max(seeds) + 1 + i)[2] for i in range(len(seeds))]
    earned = [average(checks, rights, constant) for constant in constants(others)]
    return float(np.max(earned, axis=0).sum())


def constants(rights):
    """The answers to try, each a list of arrays for each call, from the right ones of all seeds."""
    yield from rights[:ORIGINS]
    for number in PLAIN.values():
        yield [[None if array is None else np.full(array.shape, number) for array in call] for call in rights[0]]
    for form in (np.mean, np.median, most_frequent):
        yield [[together(form, [right[i][j] for right in rights]) for j in range(len(call))]
               for i, call in enumerate(rights[0])]  # fmt: skip


def together(form, arrays):
    """One array of several, of those with the most frequent shape."""
    if any(array is None for array in arrays):
        return None
    shape = Counter(array.shape for array in arrays).most_common(1)[0][0]
    return form(np.stack([array for array in arrays if array.shape == shape]), axis=0)


def most_frequent(stack, axis=0):
    """At each place the most frequent number, to four digits after the point."""
    ordered = np.sort(np.round(stack, 4), axis)
    run = np.ones(ordered.shape, int)  # how many equal ones there are up to each
    for i in range(1, len(ordered)):
        run[i] += run[i - 1] * (ordered[i] == ordered[i - 1])
    return np.take_along_axis(ordered, run.argmax(axis)[np.newaxis], axis)[0]


def average(checks, rights, constant):
    """What a constant earns in each check, on average over the seeds."""
    return np.mean([points(own, right, constant) for own, right in zip(checks, rights, strict=True)], axis=0)


def points(checks, right, constant):
    """The points of each check of one seed. The constant's numbers are repeated, or cut, to the shapes asked for."""
    found, start, main = [], 0, False
    for number, check in enumerate(checks):
        answers = []
        for i in range(start, start + len(check.calls)):
            pairs = zip(right[i], constant[i], strict=True)
            arrays = [None if r is None or c is None else np.resize(c, r.shape) for r, c in pairs]
            answers.append({"call": i, "arrays": arrays})
        start += len(check.calls)
        try:
            judge_check(check, answers, "done")
            main = main or number == 0
            found.append(check.points if main or check.alone else 0.0)
        except Wrong:
            found.append(0.0)
    return found
