"""Other names, another order, helpers: right answers to homework 2, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% kl_std

HALF = 0.5


def _per_coordinate(a, s, b, t):
    u = s / t
    v = u - 1.0 if False else (s - t) / t
    return HALF * ((a - b) / t) ** 2 + (HALF * v * v - (np.log1p(v) - v))


def kl_std(first_mean, first_width, second_mean, second_width):
    quadruple = [np.float64(q) for q in (first_mean, first_width, second_mean, second_width)]
    return _per_coordinate(*quadruple).sum(-1)


# %% kl_laplace


def expected_distance(b, gap):
    return gap + b * np.exp(-gap / b)


def kl_laplace(m1, b1, m2, b2):
    log_q = -1 - np.log(2 * b1)
    log_p = -expected_distance(b1, np.abs(m2 - m1)) / b2 - np.log(2 * b2)
    return np.sum(log_q - log_p, axis=-1)


# %% kl_to_mixture

from scipy.special import logsumexp
from scipy.stats import multivariate_normal, sem


def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    q = multivariate_normal(mean, np.diag(std**2))
    z = q.rvs(n, random_state=np.random.default_rng(seed)).reshape(n, -1)
    parts = [multivariate_normal(m, np.diag(s**2)).logpdf(z) for m, s in zip(means, stds)]
    evidence = q.logpdf(z) - logsumexp(np.array(parts).T, b=weights, axis=1)
    return [float(evidence.mean()), float(sem(evidence))]


# %% sample_full


def sample_full(centre, sigma, noise):
    root = keras.ops.cholesky(tf.convert_to_tensor(sigma))
    column = keras.ops.expand_dims(noise, -1)
    return keras.ops.squeeze(keras.ops.matmul(root, column), axis=-1) + centre


# %% sample_laplace


def quantile(u):
    return -tf.sign(u) * tf.math.log1p(-2 * tf.abs(u))


def sample_laplace(where, width, how_many, seed):
    edge = 0.5 - 1e-7
    u = keras.random.uniform((how_many, *where.shape), -edge, edge, seed=seed)
    return where + width * quantile(u)


# %% gradient_estimates


def loss_of(z, target):
    return 0.5 * ((z - target) ** 2).sum(axis=-1)


def gradient_estimates(m, s, t, e):
    z = m + s * e
    f = loss_of(z, t)
    score = (z - m) / s**2
    leave_one_out = np.array([np.delete(f, k).mean() for k in range(len(f))])
    return [(z - t), f[:, None] * score, (f - leave_one_out)[:, None] * score]


# %% class_divergences


def describe(group, floor):
    centre = group.mean(axis=0)
    return centre, np.where(group.std(axis=0) < floor, floor, group.std(axis=0))


def class_divergences(images, labels, how_many, floor):
    described = [describe(images[labels == label], floor) for label in range(how_many)]
    means, stds = (np.array(part, "float32") for part in zip(*described))
    rows = [kl_std(means[i] + 0 * means, stds[i] + 0 * stds, means, stds) for i in range(how_many)]
    return np.asarray(rows)
