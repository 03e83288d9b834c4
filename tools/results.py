"""Compute the results store, src/vaelab/results/*.json: what takes longer than a lesson may.

    python tools/results.py            every experiment
    python tools/results.py NAME ...   these

One function an experiment; what it measures stands in the lesson that shows it and is imported from vaelab.
"""

import functools
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
from scipy.special import logsumexp
from sklearn.metrics import confusion_matrix
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier

import vaelab
from vaelab.bounds import elbo, log_likelihood_on_grid, posterior
from vaelab.conditional import for_each_label, train_conditional_vae
from vaelab.data import load_mnist
from vaelab.experiments.chapter05 import SLIPS, measure_slip, train_with_slip
from vaelab.experiments.chapter06 import LOSSES, measure_loss, train_with_loss
from vaelab.experiments.chapter07 import cell_counts, judge_walks, sample_places, train_twin
from vaelab.experiments.chapter08 import measure_vae, train_small_vae
from vaelab.experiments.chapter09 import draw_codes, label_likelihoods, read_shares, train_completion, train_reader
from vaelab.experiments.chapter10 import (
    code_direction,
    judge_lines,
    measure_moves,
    train_calibrated_vae,
    train_convolutional_vae,
)
from vaelab.images import pack_images, slant, stroke_width
from vaelab.judges import judge, nearest_real, neighbour_accuracy, sample_regions
from vaelab.losses import bernoulli_nll
from vaelab.models import train_autoencoder, train_classifier
from vaelab.networks import load_autoencoder, load_vae, save_network
from vaelab.progress import TrainingProgress
from vaelab.results import RESULTS
from vaelab.vae import WarmUp, train_vae

SEEDS = (0, 1, 2)
EXPERIMENTS = {}


def experiment(function):
    EXPERIMENTS[function.__name__] = function
    return function


@experiment
def networks(mnist):
    """The networks that several pages and tests load, see vaelab.networks; what stands beside them is measured here."""
    made_with = {package: version(package) for package in ("tensorflow", "keras", "numpy")} | {
        "machine": platform.machine()
    }

    def keep(name, how, load, *models, **data):
        save_network(name, *models, trained=how, made_with=made_with)
        loaded = load()  # with the rounded weights, as whoever loads it gets it
        test = loaded.evaluate(**data, batch_size=1000, verbose=0, return_dict=True)
        save_network(name, *models, trained=how, made_with=made_with, test=_rounded(test, 5))
        print(name, _rounded(test, 5), flush=True)

    for seed in SEEDS:
        autoencoder = train_autoencoder(mnist.x_train, seed)[2]
        how = f"train_autoencoder(x_train, seed={seed})"
        images = {"x": mnist.x_test, "y": mnist.x_test}
        keep(f"autoencoder-seed{seed}", how, lambda seed=seed: load_autoencoder(seed)[2], autoencoder, **images)
    # The 20-dimensional one and the one of black and white pixels serve as examples: one seed is enough of them.
    wanted = [(2, "grey", seed) for seed in SEEDS] + [(2, "sampled", 0), (20, "grey", 0)]
    for latent_dim, pixels, seed in wanted:
        data, epochs = (mnist, 10) if pixels == "grey" else (load_mnist("sample"), 6)
        vae = train_vae(data.x_train, latent_dim, seed, epochs)
        how = f"train_vae(x_train, latent_dim={latent_dim}, seed={seed}, epochs={epochs}), {pixels} pixels"
        load = functools.partial(load_vae, latent_dim, pixels, seed)
        keep(f"vae-{latent_dim}d-{pixels}-seed{seed}", how, load, vae.encoder, vae.decoder, x=data.x_test)


@experiment
def autoencoder_codes(mnist):
    """Chapter 02: how far the codes spread, and how well the digit can be read from them, for three seeds."""
    result = {}
    for seed in SEEDS:
        encoder, _, autoencoder = load_autoencoder(seed)
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


@experiment
def rate_distortion(mnist):
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
    result["pictures"] = pack_images(np.stack(rows))
    return result


@experiment
def collapse(mnist):
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


def _rounded(run, digits=3):
    return {name: round(value, digits) if isinstance(value, float) else value for name, value in run.items()}


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


@experiment
def vae_comparison(mnist):
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
        vae, (to_code, twin_decoder) = load_vae(seed=seed), train_twin(mnist.x_train, seed=seed)
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
def vae_training(mnist):
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


@experiment
def conditional_vae(mnist):
    """Chapter 09: VAEs whose label goes to both networks, to the decoder or nowhere, and completed halves; three seeds.

    Binarised digits; only the readers are trained on grey ones. The 500 images with exact likelihoods, and the 1,000
    whose style is transferred, are the first of a random order.
    """
    binary, some = load_mnist("sample"), np.random.default_rng(0).permutation(10000)[:1000]
    x_test, y_test, x, y = binary.x_test, binary.y_test, binary.x_test[some], binary.y_test[some]
    few, few_labels, asked = x[:500], y[:500], np.repeat(np.arange(10), 1000)
    upper, lower = x_test[:, :14], x_test[:, 14:]
    blank = np.concatenate([upper, np.zeros_like(lower)], axis=1)
    result = {}
    for seed in SEEDS:
        reader = train_reader(mnist.x_train, mnist.y_train, seed)

        def right(images, reader=reader):
            return round(float(reader.evaluate(images, y_test, batch_size=1000, verbose=0)[1]), 4)

        result[seed] = {"reader": {"grey": right(mnist.x_test), "binary": right(x_test), "upper half": right(blank)}}
        vaes = {"plain": train_vae(binary.x_train, seed=seed, epochs=6)}
        for way in ("both", "decoder"):
            vaes[way] = train_conditional_vae(binary.x_train, binary.y_train, seed=seed, epochs=6, sees_label=way)
        every = label_likelihoods(vaes["both"], few)
        exact = {
            "plain": log_likelihood_on_grid(vaes["plain"], few, 1e-2),
            "both": every[np.arange(500), few_labels],
            "decoder": for_each_label(log_likelihood_on_grid, vaes["decoder"], few, few_labels, tolerance=1e-2),
            "mixture": logsumexp(every, axis=1, b=np.bincount(binary.y_train) / 60000),
        }
        bound = {"plain": elbo(vaes["plain"], few, 20, seed + 100)}
        for way in ("both", "decoder"):
            bound[way] = for_each_label(elbo, vaes[way], few, few_labels, seed=seed + 100, samples=20)
        for way, vae in vaes.items():
            test = (x_test,) if way == "plain" else (x_test, y_test)
            codes = draw_codes(vae, binary.x_train, binary.y_train, seed), draw_codes(vae, x_test, y_test, seed + 100)
            result[seed][way] = {
                **_rounded(vae.evaluate(*test, batch_size=1000, verbose=0, return_dict=True)),
                "probe": neighbour_accuracy(codes[0], binary.y_train, codes[1], y_test, k=15),
                "gap": _mean_and_error(exact[way] - bound[way]),
            }
            if way != "plain":
                shares = read_shares(reader, vae.generate(asked, seed), asked)
                result[seed][way]["read"] = shares.round(3).tolist()
        drawn = np.stack([vaes["both"].transfer(x, y, np.full(1000, label)) for label in range(10)])
        shares, lean, ink = read_shares(reader, drawn.reshape(-1, 28, 28, 1), asked), slant(x), x.mean(axis=(1, 2, 3))
        result[seed]["both"] |= {
            "label_accuracy": float(np.mean(every.argmax(axis=1) == few_labels)),
            "over_mixture": _mean_and_error(exact["both"] - exact["mixture"]),
            "transfer_read": round(shares.diagonal().mean(), 4),
            "slant": [round(np.corrcoef(lean, slant(images))[0, 1], 3) for images in drawn],
            "ink": [round(np.corrcoef(ink, images.mean(axis=(1, 2, 3)))[0, 1], 3) for images in drawn],
        }
        for name, values in exact.items():
            found = {"exact": _mean_and_error(values), "gain": _mean_and_error(values - exact["plain"])}
            result[seed].setdefault(name, {}).update(found)
        for sees in ("both", "decoder"):
            completion = train_completion(binary.x_train[:30000], sees, seed)
            whole = np.concatenate([upper, completion.generate(upper, seed)], axis=1)
            measured = completion.evaluate(lower, upper, batch_size=1000, verbose=0, return_dict=True)
            result[seed][f"completion, {sees}"] = {**_rounded(measured), "read": right(whole)}
        print(seed, result[seed], flush=True)
    return result


def _mean_and_error(values):
    return [round(float(values.mean()), 4), round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)]


@experiment
def beyond_the_plane(mnist):
    """Chapter 10: VAEs of twenty dimensions, dense, convolutional and Gaussian, and lines and moves in their codes.

    Three seeds. The split of the test set is chapter 03's, the pairs of images are chapter 07's.
    """
    order = np.random.default_rng(0).permutation(len(mnist.x_test))
    held_out, reference, labels = mnist.x_test[order[:2000]], mnist.x_test[order[2000:]], mnist.y_test[order[2000:]]
    ten = mnist.x_test[[int(np.argmax(mnist.y_test == digit)) for digit in range(10)]]
    result = {"pictures": {}}

    def keep_pictures(name, vae):
        result["pictures"][name] = pack_images(np.concatenate([np.asarray(vae(ten)), vae.generate(10, seed=1)]))

    for seed in SEEDS:
        classifier, result[seed] = train_classifier(mnist.x_train, mnist.y_train, seed), {}
        ways = {
            "dense": lambda seed=seed: train_vae(mnist.x_train, latent_dim=20, seed=seed),
            "convolutional": lambda seed=seed: train_convolutional_vae(mnist.x_train, seed=seed),
            "variance learned": lambda seed=seed: train_calibrated_vae(mnist.x_train, seed=seed),
        }
        if seed == SEEDS[-1]:  # a control; its KL and its error differ from the learned one's several times over
            ways["variance 1/2"] = lambda seed=seed: train_vae(mnist.x_train, 20, seed, epochs=5, likelihood="gaussian")
        for name, train in ways.items():
            vae = train()
            run = {"training": {key: np.round(values, 3).tolist() for key, values in vae.history.history.items()}}
            run["test"] = _rounded(vae.evaluate(mnist.x_test, batch_size=1000, verbose=0, return_dict=True))
            if seed == (SEEDS[-1] if vae.likelihood == "gaussian" else SEEDS[0]) and name != "convolutional":
                keep_pictures(name, vae)
            result[seed][name] = run
            if name == "convolutional":
                continue
            run["mse"] = round(float(np.mean((vae.predict(mnist.x_test, verbose=0) - mnist.x_test) ** 2)), 6)
            if vae.likelihood == "gaussian":
                run["variance"] = float(ops.exp(vae.noise_log_var))
            run["judged"] = {}
            for place, images in {
                "reconstructed": np.asarray(vae(held_out)),
                "N(0, I)": vae.generate(2000, seed),
            }.items():
                grey = float((images * (1 - images)).mean())
                run["judged"][place] = _rounded({**judge(images, classifier, reference, labels), "grey": grey})
            if name == "dense":
                run |= _lines_and_moves(vae, mnist, order)
            print(seed, name, run, flush=True)
    keep_pictures("two dimensions", load_vae())
    return result


def _lines_and_moves(vae, mnist, order):
    """What chapter 10 measures on lines between codes of test images, and on moves along directions of attributes."""

    def draw(z):
        return np.asarray(vae.decode(np.asarray(z, "float32")))

    reference, labels = mnist.x_test[order[2000:]], mnist.y_test[order[2000:]]
    pairs = order[:1000].reshape(-1, 2)
    pairs = pairs[mnist.y_test[pairs[:, 0]] != mnist.y_test[pairs[:, 1]]]
    codes, _ = posterior(vae, mnist.x_test)
    judged = judge_lines(*codes[pairs.T], draw, reference)
    lines = {
        name: {key: values.mean(axis=1).astype(float).round(4).tolist() for key, values in line.items()}
        for name, line in judged.items()
    }
    lines["difference"] = _mean_and_error(judged["spherical"]["distance"][2] - judged["straight"]["distance"][2])
    crossfade = {"crossfade": mnist.x_test[pairs].mean(axis=1), "real digits": mnist.x_test[pairs[:, 0]]}
    for name, images in crossfade.items():
        grey, distance = float((images * (1 - images)).mean()), float(nearest_real(images, reference)[0].mean())
        lines[name] = _rounded({"distance": distance, "grey": grey})

    attributes, moves = {"slant": slant, "stroke width": stroke_width}, {}
    train_codes, _ = posterior(vae, mnist.x_train[:20000])
    start, digits, steps = codes[order[:1000]], mnist.y_test[order[:1000]], np.array([-2, -1, 0, 1, 2])
    chance = np.random.default_rng(0).standard_normal((1000, 20))
    chance /= np.linalg.norm(chance, axis=1, keepdims=True)
    for name, value in attributes.items():
        values = value(mnist.x_train[:20000])
        direction, asked = code_direction(train_codes, values), steps * values.std()
        moves[name] = {"asked": asked.astype(float).round(4).tolist()}
        for kind, way in (("", direction), (", random", np.linalg.norm(direction) * chance)):
            moved = measure_moves(draw, start, way, attributes, asked)
            kept = [np.mean(labels[nearest_real(draw(start + a * way), reference)[1]] == digits) for a in asked]
            moves[name]["random" if kind else "measured"] = moved[name].mean(axis=1).astype(float).round(4).tolist()
            moves[name]["kept" + kind] = np.round(kept, 3).tolist()
    return {"lines": lines, "moves": moves}


def main(names):
    unknown = set(names) - set(EXPERIMENTS)
    if unknown:
        sys.exit(f"No experiment {', '.join(sorted(unknown))}. There are: {', '.join(EXPERIMENTS)}.")
    vaelab.setup("en")
    mnist = load_mnist()
    for name in names or EXPERIMENTS:
        print(f"{name}: {EXPERIMENTS[name].__doc__}", flush=True)
        result = EXPERIMENTS[name](mnist)
        if result is None:  # an experiment that wrote its files itself
            continue
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
