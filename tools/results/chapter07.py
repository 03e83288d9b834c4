"""Chapter 07: the VAE and its twin."""

import keras
import numpy as np
from keras import ops

from store import SEEDS, experiment, rounded
from vaelab.experiments.chapter07 import cell_counts, judge_walks, sample_places, train_twin
from vaelab.images import pack_images
from vaelab.judges import judge, neighbour_accuracy
from vaelab.losses import bernoulli_nll
from vaelab.models import train_classifier
from vaelab.networks import load_vae
from vaelab.progress import TrainingProgress
from vaelab.vae import train_vae


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
        result[seed]["elbo"] = rounded(vae.evaluate(mnist.x_test, batch_size=1000, verbose=0, return_dict=True))
        result[seed]["judged"] = {
            name: rounded({**judge(drawn, classifier, reference, labels), "grey": float((drawn * (1 - drawn)).mean())})
            for name, drawn in sets.items()
        }
    return result


@experiment
def vae_training(mnist):
    """Chapter 07: the ELBO of the course's VAE in 20 dimensions, for three seeds, and of a longer training in two."""

    def evaluated(vae, x):
        return rounded(vae.evaluate(x, batch_size=1000, verbose=0, return_dict=True))

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
