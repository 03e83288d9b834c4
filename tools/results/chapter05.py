"""Chapter 05: slips of the sampling."""

import numpy as np

from store import SEEDS, experiment
from vaelab.experiments.chapter05 import SLIPS, measure_slip, train_with_slip


@experiment
def sampling_slips(mnist):
    """Chapter 05: small VAEs whose z is drawn with a common slip, for three seeds."""
    some = np.random.default_rng(0).permutation(len(mnist.x_test))[:2000]
    return {
        seed: {
            slip: measure_slip(*train_with_slip(mnist.x_train[:10000], slip, seed), slip, mnist.x_test[some])
            for slip in SLIPS
        }
        for seed in SEEDS
    }
