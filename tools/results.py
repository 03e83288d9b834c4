"""Compute the results store, src/vaelab/results/*.json: what takes longer than a lesson may.

    python tools/results.py            every experiment
    python tools/results.py NAME ...   these

One function an experiment; what it measures stands in the lesson that shows it and is imported from vaelab.
"""

import json
import os
import platform
import re
import sys
from importlib.metadata import version

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # stored numbers come from the processor, like the lessons'

import numpy as np
from sklearn.metrics import confusion_matrix
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier

import vaelab
from vaelab.data import load_mnist
from vaelab.evaluate import judge, neighbour_accuracy, sample_regions
from vaelab.models import train_autoencoder, train_classifier
from vaelab.results import RESULTS
from vaelab.slips import SLIPS, measure_slip, train_with_slip

SEEDS = (0, 1, 2)
EXPERIMENTS = {}


def experiment(function):
    EXPERIMENTS[function.__name__] = function
    return function


@experiment
def autoencoder_codes(models, mnist):
    """Chapter 02: how far the codes spread, and how well the digit can be read from them, for three seeds."""
    result = {}
    for seed, (encoder, _, autoencoder) in models().items():
        codes = encoder.predict(mnist.x_test, batch_size=1000, verbose=0)
        train_codes = encoder.predict(mnist.x_train, batch_size=1000, verbose=0)
        votes = KNeighborsClassifier(n_neighbors=10).fit(train_codes, mnist.y_train).predict(codes)
        result[seed] = {
            "test_mse": autoencoder.evaluate(mnist.x_test, mnist.x_test, batch_size=1000, verbose=0),
            "std": codes.std(axis=0).astype(float).round(2).tolist(),
            "low": codes.min(axis=0).astype(float).round(2).tolist(),
            "high": codes.max(axis=0).astype(float).round(2).tolist(),
            "accuracy": neighbour_accuracy(train_codes, mnist.y_train, codes, mnist.y_test),
            "read_as": confusion_matrix(mnist.y_test, votes, normalize="true").round(3).tolist(),
            "codes": codes[:1000].astype(float).round(1).tolist(),
        }
    return result


@experiment
def autoencoder_regions(models, mnist):
    """Chapter 03: the judges' verdict on controls and on samples from each region, for three seeds.

    Each seed has its own autoencoder, classifier and points. The split of the test set is the lesson's.
    """
    result = {}
    for seed, (encoder, decoder, autoencoder) in models().items():
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


@experiment
def sampling_slips(models, mnist):
    """Chapter 05: small VAEs whose z is drawn with a common slip, for three seeds."""
    some = np.random.default_rng(0).permutation(len(mnist.x_test))[:2000]
    return {
        seed: {
            slip: measure_slip(*train_with_slip(mnist.x_train[:10000], slip, seed), slip, mnist.x_test[some])
            for slip in SLIPS
        }
        for seed in SEEDS
    }


def main(names):
    unknown = set(names) - set(EXPERIMENTS)
    if unknown:
        sys.exit(f"No experiment {', '.join(sorted(unknown))}. There are: {', '.join(EXPERIMENTS)}.")
    vaelab.setup("en")
    mnist, trained = load_mnist(), {}

    def models():
        """The three seeds' autoencoders, trained once for all experiments of this run."""
        for seed in SEEDS:
            if seed not in trained:
                print(f"Training the autoencoder with seed {seed}", flush=True)
                trained[seed] = train_autoencoder(mnist.x_train, seed)
        return trained

    for name in names or EXPERIMENTS:
        print(f"{name}: {EXPERIMENTS[name].__doc__}", flush=True)
        result = EXPERIMENTS[name](models, mnist)
        result["made_with"] = {
            **{package: version(package) for package in ("tensorflow", "keras", "numpy", "scikit-learn")},
            "machine": platform.machine(),
        }
        RESULTS.mkdir(exist_ok=True)
        text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", json.dumps(result, indent=1))
        (RESULTS / f"{name}.json").write_text(text + "\n", "utf-8")
        print(f"Wrote {RESULTS / name}.json, {len(text):,} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
