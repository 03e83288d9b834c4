"""The benchmark compares like with like, and says what it can measure."""

import json
import subprocess
import sys

import pytest

from bench import PARTS, RESULTS
from bench.rows import by_turns, ratio
from vaelab.data import Dataset


def test_an_unknown_part_is_refused_with_the_known_ones():
    done = subprocess.run([sys.executable, "-m", "bench", "lunch"], capture_output=True, text=True)
    assert done.returncode == 1 and "lunch" in done.stderr and all(part in done.stderr for part in PARTS)


def test_contestants_take_turns_and_ratios_are_paired():
    order = []
    times = by_turns({name: lambda name=name: order.append(name) or len(order) for name in "ab"}, 3)
    assert order == list("ababab") and times == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert ratio([1, 2, 9], [2, 2, 3]) == 1.0  # of 0.5, 1 and 3; of the medians it would be 1 by chance only


def test_the_custom_loop_trains_the_same_model_by_the_same_loss(mnist):
    from bench.training import KerasFit, TensorFlowLoop

    some = Dataset(mnist.x_train[:6400], mnist.y_train[:6400], mnist.x_test[:1000], mnist.y_test[:1000])
    contestants = KerasFit(some, steps_per_execution=64), TensorFlowLoop(some)
    before = [contestant.test_loss() for contestant in contestants]
    for _ in range(2):
        for contestant in contestants:
            contestant.epoch()
    after = [contestant.test_loss() for contestant in contestants]
    assert before[0] == pytest.approx(before[1], rel=0.002)
    assert after[0] == pytest.approx(after[1], rel=0.02) and after[0] < 0.5 * before[0]


def test_stored_figures_say_when_and_on_what_they_were_taken():
    for section in json.loads(RESULTS.read_text("utf-8")).values():
        assert section["date"] and section["machine"]["cores"] and section["versions"]["tensorflow"]
        assert all({"what", "value", "unit", "promise"} == set(row) for row in section["rows"])
