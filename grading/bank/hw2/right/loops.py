"""Loops: right answers to homework 2, a cell for each task."""

# %% kl_std
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops


def kl_std(mean_q, std_q, mean_p, std_p):
    answer = []
    for i in range(len(mean_q)):
        total = 0.0
        for j in range(len(mean_q[i])):
            a, s, b, t = (float(v[i][j]) for v in (mean_q, std_q, mean_p, std_p))
            total += math.log(t / s) + (s * s + (a - b) ** 2) / (2 * t * t) - 0.5
        answer.append(total)
    return answer


# %% kl_laplace

import math


def kl_laplace(location_q, scale_q, location_p, scale_p):
    batch, d = location_q.shape
    if len(location_p) == 1:
        location_p, scale_p = np.repeat(location_p, batch, 0), np.repeat(scale_p, batch, 0)
    out = np.zeros(batch)
    for i in range(batch):
        for j in range(d):
            gap = abs(float(location_q[i, j]) - float(location_p[i, j]))
            b, c = float(scale_q[i, j]), float(scale_p[i, j])
            out[i] += math.log(c / b) + gap / c + b / c * math.exp(-gap / b) - 1
    return out


# %% kl_to_mixture

from scipy.stats import norm


def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    rng = np.random.default_rng(seed)
    z = np.empty((n, len(mean)))
    for j in range(len(mean)):
        z[:, j] = mean[j] + std[j] * rng.standard_normal(n)
    log_q = sum(norm.logpdf(z[:, j], mean[j], std[j]) for j in range(len(mean)))
    log_p = np.full(n, -np.inf)
    for w, m, s in zip(weights, means, stds):
        log_p = np.logaddexp(log_p, np.log(w) + sum(norm.logpdf(z[:, j], m[j], s[j]) for j in range(len(mean))))
    total, squares = 0.0, 0.0
    for value in log_q - log_p:
        total += value
    average = total / n
    for value in log_q - log_p:
        squares += (value - average) ** 2
    return average, (squares / (n - 1) / n) ** 0.5


# %% sample_full


def sample_full(mean, covariance, epsilon):
    rows = []
    for i in range(mean.shape[0]):
        factor = tf.linalg.cholesky(tf.convert_to_tensor(covariance)[i])
        rows.append(mean[i] + tf.reduce_sum(factor * epsilon[i], axis=1))
    return tf.stack(rows)


# %% sample_laplace


def sample_laplace(location, scale, n, seed):
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n):
        sign = rng.choice([-1.0, 1.0], size=location.shape)
        size = rng.exponential(size=location.shape)
        draws.append((sign * size).astype("float32"))
    return location + scale * np.stack(draws)


# %% gradient_estimates


def gradient_estimates(mean, std, target, epsilon):
    n, d = epsilon.shape
    f, a, b, c = np.zeros(n), np.zeros((n, d)), np.zeros((n, d)), np.zeros((n, d))
    for k in range(n):
        for i in range(d):
            f[k] += 0.5 * (mean[i] + std[i] * epsilon[k, i] - target[i]) ** 2
    for k in range(n):
        baseline = sum(f[j] for j in range(n) if j != k) / (n - 1)
        for i in range(d):
            a[k, i] = mean[i] + std[i] * epsilon[k, i] - target[i]
            b[k, i] = f[k] * epsilon[k, i] / std[i]
            c[k, i] = (f[k] - baseline) * epsilon[k, i] / std[i]
    return a, b, c


# %% class_divergences


def class_divergences(x, y, classes, floor):
    table = np.zeros((classes, classes))
    for i in range(classes):
        for j in range(classes):
            a, b = x[y == i], x[y == j]
            table[i, j] = kl_std(
                a.mean(0)[None], np.maximum(a.std(0), floor)[None], b.mean(0)[None], np.maximum(b.std(0), floor)[None]
            )[0]
    return table
