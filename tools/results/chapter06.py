"""Chapter 06: the scales of the two terms of the loss."""

import numpy as np
from keras import ops

from store import SEEDS, experiment
from vaelab.experiments.chapter06 import LOSSES, measure_loss, train_with_loss
from vaelab.images import pack_images


@experiment
def loss_scalings(mnist):
    """Chapter 06: one small VAE trained with each published loss, for three seeds, and what seed 0 draws."""
    some = np.random.default_rng(0).permutation(len(mnist.x_test))[:2000]
    z = np.random.default_rng(0).standard_normal((20, 2)).astype("float32")
    result = {"samples": {}}
    for seed in SEEDS:
        result[seed] = {}
        for loss in LOSSES:
            encoder, decoder = train_with_loss(mnist.x_train[:20000], loss, seed)
            measured = measure_loss(encoder, decoder, mnist.x_test[some])
            result[seed][loss] = {name: float(f"{value:.5g}") for name, value in measured.items()}
            if seed == 0:
                result["samples"][loss] = pack_images(ops.sigmoid(decoder(z)))
    return result
