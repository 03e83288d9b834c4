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

import keras
import numpy as np
from keras import ops
from sklearn.metrics import confusion_matrix
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier

import vaelab
from vaelab.comparison import cell_counts, judge_walks, sample_places
from vaelab.data import load_mnist
from vaelab.evaluate import judge, neighbour_accuracy, sample_regions
from vaelab.losses import bernoulli_nll
from vaelab.models import WarmUp, train_autoencoder, train_classifier, train_twin, train_vae
from vaelab.progress import TrainingProgress
from vaelab.results import RESULTS
from vaelab.scalings import LOSSES, measure_loss, pack_images, train_with_loss
from vaelab.slips import SLIPS, measure_slip, train_with_slip
from vaelab.sweeps import measure_vae, train_small_vae
from vaelab.widgets.rate_distortion_figure import pack_pictures

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


@experiment
def rate_distortion(models, mnist):
    """Chapter 08: rate and distortion of small VAEs at eight prices, with pictures; three of them for three seeds."""
    mnist, betas = load_mnist("sample"), (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0)
    ten = mnist.x_test[[int(np.argmax(mnist.y_test == digit)) for digit in range(10)]]
    z = np.random.default_rng(0).standard_normal((10, 20)).astype("float32")
    result, rows = {"betas": list(betas)}, [ten]
    for seed in SEEDS:
        result[seed] = {}
        for beta in betas if seed == 0 else (0.25, 1.0, 4.0):
            vae = train_small_vae(mnist.x_train, seed, beta=beta)
            result[seed][f"{beta:g}"] = _rounded(measure_vae(vae, mnist.x_test))
            print(seed, beta, result[seed][f"{beta:g}"], flush=True)
            if seed == 0:
                rows += [np.asarray(vae(ten)), np.asarray(vae.decode(z))]
    result["pictures"] = pack_pictures(np.stack(rows)[..., 0])
    return result


@experiment
def collapse(models, mnist):
    """Chapter 08: small VAEs that lose latent dimensions to a high learning rate, and two repairs, for three seeds."""
    mnist = load_mnist("sample")
    ways = {
        "rate 0.01": {"learning_rate": 0.01},
        "warm-up": {"learning_rate": 0.01, "beta": WarmUp(470)},
        "free bits": {"learning_rate": 0.01, "free_bits": 0.25},
        "rate 0.002": {},
    }
    result = {}
    for seed in SEEDS:
        result[seed] = {}
        for name, way in ways.items():
            vae = train_small_vae(mnist.x_train, seed, **way)
            result[seed][name] = _rounded(measure_vae(vae, mnist.x_test))
            print(seed, name, result[seed][name], flush=True)
    return result


def _rounded(run):
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in run.items()}


@experiment
def loss_scalings(models, mnist):
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


@experiment
def vae_comparison(models, mnist):
    """Chapter 07: the VAE and its twin without noise and KL, before chapter 03's judges, for three seeds.

    The split of the test set is chapter 03's. A VAE's codes are one draw from q for each training image.
    """
    order = np.random.default_rng(0).permutation(len(mnist.x_test))
    held_out, reference, labels = mnist.x_test[order[:2000]], mnist.x_test[order[2000:]], mnist.y_test[order[2000:]]
    pairs = order[:1000].reshape(-1, 2)
    pairs = pairs[mnist.y_test[pairs[:, 0]] != mnist.y_test[pairs[:, 1]]]
    result = {}
    for seed in SEEDS:
        classifier = train_classifier(mnist.x_train, mnist.y_train, seed)
        vae, (to_code, twin_decoder) = train_vae(mnist.x_train, seed=seed), train_twin(mnist.x_train, seed=seed)
        mean, log_var = vae.encoder.predict(mnist.x_train, batch_size=1000, verbose=0)
        noise = np.exp(0.5 * log_var) * np.random.default_rng(seed).standard_normal(mean.shape)
        coded = {"VAE": (vae.encoder, vae.decoder, mean, mean + noise)}
        point = to_code.predict(mnist.x_train, batch_size=1000, verbose=0)
        coded["twin"] = to_code, twin_decoder, point, point
        sets, result[seed] = {"real digits": held_out}, {}
        for name, (encoder, decoder, train_points, codes) in coded.items():
            test_points = encoder.predict(mnist.x_test, batch_size=1000, verbose=0)
            test_points = test_points[0] if name == "VAE" else test_points

            def draw(z, decoder=decoder):
                return np.array(ops.sigmoid(decoder.predict(z, batch_size=1000, verbose=0)))

            codes, rebuilt = codes.astype("float64"), draw(test_points)
            standard = codes if name == "VAE" else (codes - codes.mean(axis=0)) / codes.std(axis=0)
            strange, room = judge_walks(*test_points[pairs.T].astype("float64"), codes, draw, reference)
            images = {f"{name}, {place}": draw(z) for place, z in sample_places(codes, 2000, seed).items()}
            logits = decoder.predict(test_points, batch_size=1000, verbose=0)
            result[seed][name] = {
                "cross_entropy": round(float(np.mean(bernoulli_nll(mnist.x_test, logits))), 3),
                "mse": round(float(np.mean((rebuilt - mnist.x_test) ** 2)), 5),
                "accuracy": neighbour_accuracy(train_points, mnist.y_train, test_points, mnist.y_test),
                "std": codes.std(axis=0).round(3).tolist(),
                "walk_distance": strange.astype(float).round(3).tolist(),
                "walk_room": room.round(3).tolist(),
                "cells": cell_counts(standard).tolist(),
            }
            if seed == 0:
                steps = np.linspace(0, 1, 9)[:, None]
                walks = [draw(a + steps * (b - a)) for a, b in test_points[pairs[:3]]]
                result[seed][name]["images"] = {place: pack_images(drawn[:10]) for place, drawn in images.items()}
                result[seed][name]["walks"] = [pack_images(drawn) for drawn in walks]
            sets |= {f"{name}, reconstructed": rebuilt[order[:2000]], **images}
        result[seed]["elbo"] = _rounded(vae.evaluate(mnist.x_test, batch_size=1000, verbose=0, return_dict=True))
        result[seed]["judged"] = {
            name: _rounded({**judge(drawn, classifier, reference, labels), "grey": float((drawn * (1 - drawn)).mean())})
            for name, drawn in sets.items()
        }
    return result


@experiment
def vae_training(models, mnist):
    """Chapter 07: the ELBO of the course's VAE in 20 dimensions, for three seeds, and of a longer training in two."""

    def evaluated(vae, x):
        return _rounded(vae.evaluate(x, batch_size=1000, verbose=0, return_dict=True))

    result = {"longer": {}}
    for seed in SEEDS:
        result[seed] = evaluated(train_vae(mnist.x_train, latent_dim=20, seed=seed), mnist.x_test)
    vae = train_vae(mnist.x_train)
    for before, epochs in ((10, 10), (10, 15), (15, 20), (20, 30), (30, 40)):
        if epochs > before:
            keras.utils.set_random_seed(epochs)
            vae.fit(mnist.x_train, epochs=epochs - before, batch_size=128, verbose=0, callbacks=[TrainingProgress()])
        result["longer"][epochs] = {
            "train": evaluated(vae, mnist.x_train[:10000]),
            "test": evaluated(vae, mnist.x_test),
        }
    return result


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
