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
from sklearn.mixture import GaussianMixture

import vaelab
from vaelab.data import load_mnist
from vaelab.evaluate import judge, neighbour_accuracy, sample_regions
from vaelab.models import train_autoencoder, train_classifier
from vaelab.results import RESULTS

SEEDS = (0, 1, 2)


def autoencoder_codes(models, mnist):
    """Chapter 02: how far the codes spread, and how well the digit can be read from them, for three seeds."""
    result = {}
    for seed, (encoder, _, autoencoder) in models().items():
        codes = encoder.predict(mnist.x_test, batch_size=1000, verbose=0)
        train_codes = encoder.predict(mnist.x_train, batch_size=1000, verbose=0)
        result[seed] = {
            "test_mse": autoencoder.evaluate(mnist.x_test, mnist.x_test, batch_size=1000, verbose=0),
            "std": codes.std(axis=0).round(3).tolist(),
            "low": codes.min(axis=0).round(3).tolist(),
            "high": codes.max(axis=0).round(3).tolist(),
            "accuracy": neighbour_accuracy(train_codes, mnist.y_train, codes, mnist.y_test),
            "codes": codes[:1000].astype(float).round(1).tolist(),
        }
    return result


def autoencoder_regions(models, mnist):
    """Chapter 03: the judges' verdict on samples from each region, for three seeds, and on the controls."""
    classifier = train_classifier(mnist.x_train, mnist.y_train)
    reference, labels = mnist.x_train[:10000], mnist.y_train[:10000]

    def verdict(images):
        return judge(images, classifier, reference, labels)

    result = {"controls": {}}
    result["controls"]["held-out digits"] = verdict(mnist.x_test[:2000])
    result["controls"]["mean image"] = verdict(np.repeat(mnist.x_train.mean(axis=0, keepdims=True), 2000, axis=0))
    for seed, (encoder, decoder, _) in models().items():
        codes = encoder.predict(mnist.x_test, batch_size=1000, verbose=0).astype("float64")
        points = sample_regions(codes, 2000, seed)
        points["N(0, I), scaled"] = points["N(0, I)"] * codes.std(axis=0) + codes.mean(axis=0)
        points["mixture"] = GaussianMixture(30, random_state=seed).fit(codes).sample(2000)[0]
        result[seed] = {name: verdict(decoder.predict(z, batch_size=1000, verbose=0)) for name, z in points.items()}
    return result


EXPERIMENTS = {function.__name__: function for function in (autoencoder_codes, autoencoder_regions)}


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
