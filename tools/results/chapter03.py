"""Chapter 03: what the decoder draws outside the codes."""

import numpy as np
from sklearn.mixture import GaussianMixture

from store import SEEDS, experiment
from vaelab.judges import judge, sample_regions
from vaelab.models import train_classifier
from vaelab.networks import load_autoencoder


@experiment
def autoencoder_regions(mnist):
    """Chapter 03: the judges' verdict on controls and on samples from each region, for three seeds.

    Each seed has its own autoencoder, classifier and points. The split of the test set is the lesson's.
    """
    result = {}
    for seed in SEEDS:
        encoder, decoder, autoencoder = load_autoencoder(seed)
        classifier = train_classifier(mnist.x_train, mnist.y_train, seed)
        order = np.random.default_rng(0).permutation(len(mnist.x_test))
        held_out, reference, labels = mnist.x_test[order[:2000]], mnist.x_test[order[2000:]], mnist.y_test[order[2000:]]
        codes = encoder.predict(mnist.x_train, batch_size=1000, verbose=0).astype("float64")
        points = sample_regions(codes, 2000, seed)
        points["mixture"] = GaussianMixture(30, random_state=seed).fit(codes[:10000]).sample(2000)[0]
        images = {
            "real digits": held_out,
            "real, hardened": (held_out > 0.5).astype("float32"),
            "reconstructed": autoencoder.predict(held_out, batch_size=1000, verbose=0),
            "mean image": np.repeat(mnist.x_train.mean(axis=0, keepdims=True), 2000, axis=0),
            **{name: decoder.predict(z, batch_size=1000, verbose=0) for name, z in points.items()},
        }
        result[seed] = {name: judge(drawn, classifier, reference, labels) for name, drawn in images.items()}
    return result
