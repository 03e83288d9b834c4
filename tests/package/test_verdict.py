"""The verdict's parts: densities fitted to codes, and how well two sets of images can be told apart."""

import numpy as np
import pytest

from vaelab.experiments import chapter10
from vaelab.experiments.chapter10 import fit_code_vae, fit_densities, two_sample_accuracy


def blobs(n, seed):
    """Codes from two far Gaussians in three dimensions."""
    rng = np.random.default_rng(seed)
    return (rng.choice([-4.0, 4.0], (n, 1)) + rng.normal(0, [1.0, 0.5, 2.0], (n, 3))).astype("float32")


def test_fitted_densities_draw_codes_like_those_they_were_fitted_to(monkeypatch):
    monkeypatch.setattr(chapter10, "MIXTURES", (1, 2))
    monkeypatch.setattr(chapter10, "SECOND_VAES", ((32, 5),))
    codes = blobs(3000, 0)
    densities = fit_densities(codes)
    tried = densities["mixture"][1]
    assert tried[2] > tried[1] + 0.5  # held-out codes prefer the right number of blobs
    for name, (draw, _) in densities.items():
        drawn = draw(4000)
        assert drawn.shape == (4000, 3), name
        assert np.abs(drawn.mean(axis=0) - codes.mean(axis=0)).max() < 0.7, name
        assert np.abs(drawn.std(axis=0) / codes.std(axis=0) - 1).max() < 0.3, name
    assert np.mean(np.abs(densities["mixture"][0](4000)[:, 0]) > 2) > 0.9  # and nothing between the two


def test_a_second_vae_bounds_the_likelihood_of_a_gaussian_from_below():
    codes = np.random.default_rng(1).standard_normal((4000, 2)).astype("float32")
    vae = fit_code_vae(codes, width=16, epochs=4)
    true = np.log(2 * np.pi) + 1  # the entropy of N(0, I) in the plane, nats
    bound = vae.evaluate(codes, batch_size=1000, verbose=0)[0]
    assert true - 0.1 < bound < true + 1.0
    assert np.isfinite(vae.draw(10)).all()


def test_sets_of_one_distribution_cannot_be_told_apart_and_others_can():
    rng = np.random.default_rng(0)
    one, same, other = (rng.random((2000, 28, 28, 1)) for _ in range(3))
    other[:, :14] *= 0.2
    assert 0.4 < two_sample_accuracy(one, same) < 0.6
    assert two_sample_accuracy(one, other) > 0.95


def test_sets_of_different_size_are_refused():
    images = np.zeros((6, 28, 28, 1), "float32")
    with pytest.raises(ValueError, match="6 images and 5 others"):
        two_sample_accuracy(images, images[:5])
