"""Chapter 07's comparison: the twin lacks two ingredients and nothing else; cells and walks are counted right."""

import keras
import numpy as np
import pytest
from scipy.stats import norm

from vaelab.experiments.chapter07 import cell_counts, judge_walks, sample_places, train_twin
from vaelab.losses import bernoulli_nll
from vaelab.vae import VAE, train_vae

rng = np.random.default_rng(0)
IMAGES = rng.random((20, 28, 28, 1), dtype="float32")


def test_the_twin_starts_from_the_vae_s_weights(monkeypatch):
    for kind in (VAE, keras.Sequential):
        monkeypatch.setattr(kind, "fit", lambda *_, **__: None)
    vae, (to_code, decoder) = train_vae(IMAGES, seed=3), train_twin(IMAGES, seed=3)
    for ours, theirs in ((decoder, vae.decoder), (to_code, keras.Model(vae.encoder.input, vae.encoder.outputs[0]))):
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_twin_trains_on_the_summed_cross_entropy(monkeypatch):
    seen = {}
    monkeypatch.setattr(keras.Sequential, "fit", lambda self, batches, **_: seen.update(model=self, batches=batches))
    to_code, decoder = train_twin(IMAGES)
    loss = seen["model"].evaluate(IMAGES, IMAGES, batch_size=20, verbose=0)
    assert loss == pytest.approx(float(np.mean(bernoulli_nll(IMAGES, decoder(to_code(IMAGES))))), rel=1e-5)
    for images, targets in seen["batches"]:
        np.testing.assert_array_equal(images, targets)
    np.testing.assert_array_equal(seen["model"](IMAGES), seen["model"](IMAGES, training=True))  # no noise


def test_cells_hold_equal_shares_of_the_prior():
    counts = cell_counts(rng.standard_normal((100_000, 2)))
    assert counts.shape == (10, 10) and counts.sum() == 100_000 and np.abs(counts - 1000).max() < 150
    corner = cell_counts(np.array([[-3.0, 3.0], [0.01, -0.01]]))
    assert corner[0, 9] == corner[5, 4] == 1
    edges = norm.ppf([0.25, 0.5, 0.75])
    assert cell_counts(np.stack([edges + 1e-9, edges - 1e-9], axis=1), 4).diagonal(-1).tolist() == [1, 1, 1]
    assert cell_counts(np.array([[50.0, -50.0]])).sum() == 1  # however far out


def test_places_have_the_means_and_spreads_of_their_names():
    codes = rng.normal([5, -3], [2, 0.5], (20_000, 2))
    places = sample_places(codes, 4000)
    assert list(places) == ["N(0, I)", "N(0, I), moved", "Gaussian", "mixture", "codes"]
    for name, points in places.items():
        middle, spread = ([0, 0], [1, 1]) if name == "N(0, I)" else ([5, -3], [2, 0.5])
        assert points.shape == (4000, 2)
        np.testing.assert_allclose(points.mean(axis=0), middle, atol=0.12)
        np.testing.assert_allclose(points.std(axis=0), spread, rtol=0.06)


def test_a_walk_between_two_clumps_finds_room_halfway():
    codes = np.concatenate([rng.normal(-10, 0.1, (500, 2)), rng.normal(10, 0.1, (500, 2))])
    asked = []

    def draw(z):
        asked.append(z)
        return np.full((len(z), 28, 28, 1), 0.5)

    strange, room = judge_walks(codes[:50], codes[500:550], codes, draw, np.zeros((3, 28, 28, 1)), steps=5)
    np.testing.assert_allclose(strange, 0.5 * 28)
    gaps = np.linalg.norm(codes[:, None] - codes, axis=2) + 1e9 * np.eye(len(codes))
    assert max(room[0], room[4]) < 1e-6  # the ends are codes
    assert room[2] == pytest.approx(10 * np.sqrt(2) / np.median(gaps.min(axis=1)), rel=0.05) and room[1] < room[2]
    np.testing.assert_allclose(asked[0], codes[:50])
    np.testing.assert_allclose(asked[2], (codes[:50] + codes[500:550]) / 2)


@pytest.mark.parametrize("codes", [np.zeros(5), np.zeros((0, 2)), np.zeros((5, 3)), np.full((5, 2), np.nan)])
def test_bad_codes_are_refused(codes):
    with pytest.raises(ValueError, match="codes"):
        cell_counts(codes)
    with pytest.raises(ValueError, match="codes"):
        sample_places(codes, 2)
