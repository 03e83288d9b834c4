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
def test_the_standard_normal_reaches_few_classes_and_most_once_scaled(regions, seed):
    assert regions[seed]["N(0, I)"]["classes"] <= 3
    assert regions[seed]["N(0, I), scaled"]["classes"] >= 9


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mixture_is_as_good_as_reconstructions(regions, seed):
    mixture, at_codes = regions[seed]["mixture"], regions[seed]["codes"]
    assert abs(mixture["distance"] - at_codes["distance"]) < 0.2 and mixture["classes"] == 10


def test_every_stored_file_says_what_made_it():
    for path in RESULTS.glob("*.json"):
        assert {"tensorflow", "keras", "numpy", "machine"} <= set(load_results(path.stem)["made_with"])


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="autoencoder_codes, autoencoder_regions.*make results"):
        load_results("nothing")
