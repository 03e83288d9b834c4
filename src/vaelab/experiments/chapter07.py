"""Chapter 07's experiment: the VAE's twin, where the two put their codes, and what lies between them."""

import keras
import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from vaelab.checks import check_points
from vaelab.judges import nearest_real, sample_regions
from vaelab.losses import bernoulli_nll
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import build_vae_decoder, build_vae_encoder


@trains
def train_twin(x_train, latent_dim=2, seed=0, epochs=10):
    """The VAE's twin without its two ingredients, noise and KL: a plain autoencoder for a fair comparison.

    The networks, first weights, optimizer, batches and cross-entropy of `train_vae` with the same seed; the code is the
    encoder's mean, and log_var goes unused. Returns (encoder, decoder): images to codes (n, latent_dim), and codes to
    logits. Shown in chapter 07b.
    """
    keras.utils.set_random_seed(seed)
    encoder, decoder = build_vae_encoder(latent_dim), build_vae_decoder(latent_dim)
    to_code = keras.Model(encoder.input, encoder.outputs[0])
    twin = keras.Sequential([to_code, decoder])
    twin.compile(optimizer=FusedAdam(), loss=bernoulli_nll, steps_per_execution=64)
    batches = shuffled_batches(x_train, x_train)
    twin.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return to_code, decoder


def sample_places(codes, n, seed=0):
    """Points of the code plane for a generator to decode: four of chapter 03's regions, and chapter 03's remedy.

    codes: (m, 2), m >= max(n, 10000) for a full fit. Returns a dict of (n, 2) arrays: "N(0, I)", "N(0, I), moved" (the
    same points with the codes' mean and standard deviation on each axis), "Gaussian" (fitted to the codes), "mixture"
    (30 Gaussians fitted to the first 10,000 codes) and "codes" (drawn from them). Shown in chapter 07b.
    """
    codes = check_points(codes, "codes", latent_dim=2)
    regions = sample_regions(codes, n, seed)
    mixture = GaussianMixture(30, random_state=seed).fit(codes[:10000])
    regions["mixture"] = np.random.default_rng(seed).permutation(mixture.sample(n)[0])  # sample() sorts them
    return {name: regions[name] for name in ("N(0, I)", "N(0, I), moved", "Gaussian", "mixture", "codes")}


def cell_counts(codes, cells=10):
    """How many codes lie in each of cells x cells rectangles, each of which holds the same share of N(0, I).

    codes: (n, 2). The rectangles' edges are the quantiles 0, 1/cells, ..., 1 of N(0, 1) on each axis. Returns whole
    numbers (cells, cells), z_1 along the first axis. Shown in chapter 07b.
    """
    codes = check_points(codes, "codes", latent_dim=2)
    return np.histogram2d(*norm.cdf(codes).T, bins=cells, range=[[0, 1], [0, 1]])[0].astype(int)


def judge_walks(start, end, codes, draw, reference, steps=9):
    """Straight walks between codes: how strange the images on the way are, and how much room there is around them.

    start, end: (n, 2). codes: (m, 2), those that the decoder was trained on. draw: maps codes to images. reference:
    real images. Returns two arrays (steps,): the mean distance of the images to the nearest reference image, and the
    median distance of the points to their nearest code, in units of the codes' own median distance to their nearest
    fellow. Shown in chapter 07b.
    """
    start, end, codes = check_points(start, "start", 2), check_points(end, "end", 2), check_points(codes, "codes", 2)
    walk = start + np.linspace(0, 1, steps)[:, None, None] * (end - start)
    tree = cKDTree(codes)
    usual = np.median(tree.query(codes, k=[2])[0])  # the nearest is the code itself
    strange = np.array([nearest_real(draw(z), reference)[0].mean() for z in walk])
    room = np.array([np.median(tree.query(z)[0]) for z in walk]) / usual
    return strange, room
