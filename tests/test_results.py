"""What the lessons claim for several seeds holds in the results store, by the definitions in chapter 03."""

import numpy as np
import pytest

from vaelab.results import RESULTS, load_results

SEEDS = ("0", "1", "2")


@pytest.fixture(scope="module")
def regions():
    return load_results("autoencoder_regions")


@pytest.fixture(scope="module")
def codes():
    return load_results("autoencoder_codes")


def test_every_seed_reconstructs_as_well_as_chapter_01_says(codes):
    assert all(0.038 < codes[seed]["test_mse"] < 0.046 for seed in SEEDS)


def test_the_scale_of_the_codes_is_arbitrary(codes):
    spread = np.array([codes[seed]["std"] for seed in SEEDS])
    assert (spread.max(axis=0) / spread.min(axis=0)).max() > 1.3


@pytest.mark.parametrize("seed", SEEDS)
def test_confidence_does_not_fall_outside(regions, seed):
    assert regions[seed]["far outside"]["confidence"] > regions[seed]["codes"]["confidence"] - 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_distance_grows_outside(regions, seed):
    assert regions[seed]["far outside"]["distance"] > 1.25 * regions[seed]["codes"]["distance"]


@pytest.mark.parametrize("seed", SEEDS)
def test_far_outside_is_stranger_than_hard_contrast_explains(regions, seed):
    assert regions[seed]["far outside"]["distance"] > regions[seed]["real, hardened"]["distance"] + 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_standard_normal_reaches_few_kinds_and_most_once_moved(regions, seed):
    standard, moved = regions[seed]["N(0, I)"], regions[seed]["N(0, I), moved"]
    assert standard["classes"] <= 3 and standard["kinds"] < 2 and moved["kinds"] > 6


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distance_judge_prefers_the_box_and_blur(regions, seed):
    assert regions[seed]["box"]["distance"] < regions[seed]["codes"]["distance"]
    assert regions[seed]["reconstructed"]["distance"] < regions[seed]["real digits"]["distance"]


@pytest.mark.parametrize("seed", SEEDS)
def test_real_digits_score_as_two_samples_of_one_source(regions, seed):
    assert 0.9 < regions[seed]["real digits"]["density"] < 1.1
    assert abs(regions[seed]["real digits"]["coverage"] - (1 - 2**-5)) < 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mixture_is_as_good_as_images_at_codes(regions, seed):
    mixture, at_codes = regions[seed]["mixture"], regions[seed]["codes"]
    assert abs(mixture["distance"] - at_codes["distance"]) < 0.1 and mixture["kinds"] > at_codes["kinds"] - 0.5


def test_every_stored_file_says_what_made_it():
    for path in RESULTS.glob("*.json"):
        assert {"tensorflow", "keras", "numpy", "machine"} <= set(load_results(path.stem)["made_with"])


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="autoencoder_codes, autoencoder_regions.*make results"):
        load_results("nothing")
