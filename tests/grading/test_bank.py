"""The bank, trial by trial: right answers get all, wrong ones lose and are told why, hostile ones gain nothing.

`python -m grading bank hwN` runs this file for one homework, all of it in the sandbox: it sets GRADING_BANK and
GRADING_SEEDS.
"""

import functools
import os

import numpy as np
import pytest

from grading import bank
from grading.bank import constant, forged
from grading.bank.hostile import HOSTILE
from grading.homework import masters
from grading.judging import Tolerance
from grading.marking import Mark
from grading_case import NEEDS_SANDBOX, homework_called, shared_sandbox

CHOSEN, SEEDS = os.environ.get("GRADING_BANK"), int(os.environ.get("GRADING_SEEDS", "1"))
HOMEWORKS = [CHOSEN] if CHOSEN else list(masters())
IN_PROCESS = ("right", "wrong", "empty")


@functools.cache
def trials(name, first, seeds, kinds):
    """{id: Trial} of a homework, on the inputs of so many seeds, from the first on."""
    found = {}
    for trial in bank.trials(homework_called(name), range(first, first + seeds), kinds):
        text = f"{name}, {trial.kind}, {trial.name}"
        found[text if text not in found else f"{text}, {len(found)}"] = trial
    return found


def cases(chosen):
    """The parameters of a test: a homework and the id of a trial."""
    return [pytest.param(*how, case, id=case) for how in chosen for case in trials(*how)]


JUDGED = [] if CHOSEN else [(name, 0, 3, IN_PROCESS) for name in HOMEWORKS]
SANDBOXED = [(CHOSEN, 0, SEEDS, bank.KINDS)] if CHOSEN else [
    *((name, 3, 1, ("right", "walled")) for name in HOMEWORKS), ("hw2", 0, 1, ("hostile", "empty"))]  # fmt: skip


@functools.cache
def judged(name, first, seeds, kinds, case):
    """What a trial gives in this process, and without a sandbox."""
    with forged.few():
        return trials(name, first, seeds, kinds)[case].run(forged.InProcess())


@pytest.mark.parametrize(("name", "first", "seeds", "kinds", "case"), cases(JUDGED))
def test_answer_gets_its_due_and_a_wrong_one_is_told_why(name, first, seeds, kinds, case):
    complaints, _ = judged(name, first, seeds, kinds, case)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("how", JUDGED, ids=lambda how: how[0])
def test_right_and_wrong_answers_leave_room_to_every_tolerance(how):
    margins = bank.Margins()
    for case, trial in trials(*how).items():
        for mark in judged(*how, case)[1]:
            margins.add(trial.kind, mark)
    assert not margins.faults(), "\n".join(map(str, margins.faults()))


@NEEDS_SANDBOX
@pytest.mark.parametrize(("name", "first", "seeds", "kinds", "case"), cases(SANDBOXED))
def test_answer_gets_its_due_in_the_sandbox(name, first, seeds, kinds, case):
    """Right ones all points; of the others none, or fewer and a word on the mistake; hostile ones do no harm."""
    complaints, _ = trials(name, first, seeds, kinds)[case].run(shared_sandbox())
    assert not complaints, "\n".join(complaints)


def test_margins_without_room_are_faults():
    tolerances = [
        Tolerance(name, "a reason", atol=1.0) for name in ("good", "right too far", "wrong too near", "alone")
    ]
    margins = bank.Margins()
    for kind, far in (("right", (0.5, 0.95, 0.5, 0.5)), ("wrong", (3.0, 3.0, 1.05, 0.2))):
        for tolerance, distance in zip(tolerances, far, strict=True):
            margins.add(kind, Mark("task", "", 0.0, 1.0, (), {"check": {tolerance: distance}}))
    assert {name for _, _, name, *_ in margins.faults()} == {"right too far", "wrong too near", "alone"}


@pytest.mark.parametrize("name", HOMEWORKS)
def test_numbers_that_nobody_has_computed_earn_nothing(name):
    with forged.few():
        assert not forged.lucky(homework_called(name), range(3))


@pytest.mark.parametrize("name", HOMEWORKS)
def test_best_constant_answer_earns_next_to_nothing(name):
    with forged.few():
        assert max(constant.best_constants(homework_called(name), range(4)).values()) <= 0.1


def test_best_constant_notices_inputs_that_never_change():
    homework = homework_called("hw3")
    task = next(task for task in homework.tasks if task.name == "best_laplace")
    fixed = task._replace(checks=lambda rng: task.checks(np.random.default_rng(0)))
    assert constant.best_constant(homework, fixed, range(3)) == homework.most[task.name]


@pytest.mark.parametrize("name", HOMEWORKS)
def test_forger_notices_numbers_that_earn_points(name, monkeypatch):
    homework = homework_called(name)
    monkeypatch.setattr(forged, "CONSTANT", {"right": lambda right: right})
    monkeypatch.setattr(forged, "RANDOM", {})
    with forged.few():
        earned = forged.lucky(homework, [0])
    assert [(task, points) for task, _, _, points in earned] == list(homework.most.items())


@pytest.mark.parametrize("name", HOMEWORKS)
def test_bank_is_large_enough_and_covers_every_task(name):
    homework = homework_called(name)
    wrong = bank.wrong(homework)
    assert len(bank.right(homework)) >= 6 and len(wrong) >= 12 and len(HOSTILE) >= 12
    assert {function for function, _, _ in wrong} == {task.name for task in homework.tasks}


def test_bench_says_where_luck_earned_points_and_where_a_tolerance_has_no_room():
    from bench.grading import proofs

    def promises(earned, points, right, wrong):
        luck = {"seeds": 200, "homeworks": {"hw2": earned}}
        one = {"as they should be": True, "tolerances": [("kl_std", "values", "values", right, wrong)]}
        constants = {"seeds": 200, "homeworks": {"hw2": {"kl_std": points}}}
        found = {
            "luck": {"regime": luck},
            "constants": constants,
            "margins": {"regime": {"seeds": 10, "homeworks": {"hw2": one}}},
        }
        return [row["promise"].split()[-1] for row in proofs(found) if row["promise"]]

    assert promises([], 0.1, 0.5, 3.0) == ["met"] * 4
    assert promises([("kl_std", 7, "zeros", 8.0)], 0.2, 0.95, 1.01) == ["missed"] * 4
