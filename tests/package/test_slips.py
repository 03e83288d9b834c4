"""Chapter 05's slips: each spoils the spread in its own way, and the stored networks show what the chapter says."""

import numpy as np
import pytest
from keras import ops

from vaelab.experiments.chapter05 import SLIPS, draw_with_slip, measure_slip, train_with_slip
from vaelab.results import load_results

SEEDS = ("0", "1", "2")


@pytest.fixture(scope="module")
def stored():
    return load_results("sampling_slips")


@pytest.mark.parametrize(
    ("slip", "within", "between"),
    [
        ("none", 0.5, 0.5),
        ("variance for sigma", 0.25, 0.25),
        ("one epsilon a batch", 0, 0.5),
        ("integer seed", 0.5, 0),
        ("one epsilon for ever", 0, 0),
    ],
)
def test_a_slip_spreads_as_the_chapter_says(slip, within, between):
    mean, log_var = ops.zeros((200, 2)), ops.full((200, 2), 2 * np.log(0.5))
    calls = np.stack([draw_with_slip(mean, log_var, slip) for _ in range(200)])
    assert calls.std(axis=1).mean() == pytest.approx(within, abs=0.05)
    assert calls.std(axis=0).mean() == pytest.approx(between, abs=0.05)
    assert np.abs(calls.mean()) < 0.15 or slip == "one epsilon for ever"


def test_training_repeats_and_measures_its_loss(mnist):
    x = mnist.x_train[:200]
    first, second = (measure_slip(*train_with_slip(x, "none", seed=3, epochs=1), "none", x) for _ in range(2))
    assert first == second and first["kl"] == first["kl_drawn"]
    assert first["reconstruction"] == pytest.approx(first["fresh"], rel=0.01)
    other = measure_slip(*train_with_slip(x, "variance for sigma", seed=3, epochs=1), "variance for sigma", x)
    assert other["kl_drawn"] >= other["kl"]


def test_the_store_holds_every_slip_and_seed(stored):
    assert all(set(stored[seed]) == set(SLIPS) for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fixed_noise_reports_a_good_loss_and_has_a_bad_one(stored, seed):
    run, right = stored[seed]["one epsilon for ever"], stored[seed]["none"]
    assert run["kl"] + run["reconstruction"] < right["kl"] + right["reconstruction"]
    assert run["kl"] + run["fresh"] > right["kl"] + right["fresh"] + 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_variance_is_charged_less_than_it_is_drawn(stored, seed):
    run = stored[seed]["variance for sigma"]
    assert run["kl_drawn"] > run["kl"] + 3 and run["fresh"] > run["reconstruction"] + 1
