"""NumPy where no gradient is needed: right answers to homework 3, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% continuous_bernoulli_nll


def continuous_bernoulli_nll(x, logits):
    a = tf.cast(logits, "float64")
    tiny = tf.abs(a) < 1e-3
    b = tf.abs(tf.where(tiny, tf.ones_like(a), a))
    log_c = tf.math.log(b) + tf.math.log1p(tf.exp(-b)) - tf.math.log(-tf.math.expm1(-b))
    log_c = tf.where(tiny, np.log(2) + a**2 / 12, log_c)
    nll = tf.math.softplus(a) - tf.cast(x, "float64") * a - log_c
    return tf.reduce_sum(nll, axis=list(range(1, len(x.shape))))


# %% best_laplace


def best_laplace(x, location):
    d = abs(x - location)
    b = np.mean(d)
    return b, (d / b + np.log(b) + np.log(2)).reshape(len(x), -1).sum(1)


# %% class_losses


def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    p = prior_std**2
    kl = 0.5 * (np.log(p) - log_var - 1 + np.exp(log_var) / p + mean**2 / p).sum(1)
    out = np.zeros((classes, 3))
    for k in range(classes):
        r, d = nll[y == k].mean(), kl[y == k].mean()
        out[k] = r + beta * d, r, d
    return out


# %% cyclic_beta


def cyclic_beta(step, cycle, rise, beta):
    place = np.mod(step, cycle) / cycle
    return np.where(place < rise, beta * place / rise, beta)


# %% train_step


def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    n = len(x)
    mean, log_var = x @ w_mean + b_mean, x @ w_log_var + b_log_var
    std = np.exp(0.5 * log_var)
    z = mean + std * epsilon
    pi = 1 / (1 + np.exp(-(z @ w_out + b_out)))
    by_logits = (pi - x) / n
    by_z = by_logits @ w_out.T
    by_mean = by_z + mean / n
    by_log_var = by_z * epsilon * 0.5 * std + 0.5 * (std**2 - 1) / n
    g = [x.T @ by_mean, by_mean.sum(0), x.T @ by_log_var, by_log_var.sum(0), z.T @ by_logits, by_logits.sum(0)]
    norm = np.sqrt(sum((part**2).sum() for part in g))
    factor = min(1, clip / norm)
    old = (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)
    return [w - rate * factor * part for w, part in zip(old, g)]


# %% code_report


def code_report(mean, log_var):
    s2 = np.exp(log_var)
    a, b = mean.var(0), s2.mean(0)
    return (s2 + mean**2 - 1 - log_var).mean(0) / 2, a / (a + b)


# %% elbo_estimate


def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    n, d = mean.shape
    e = np.random.default_rng(seed).standard_normal((k, n, d))
    z = (mean + np.exp(log_var / 2) * e).reshape(k * n, d)
    nll = np.asarray(continuous_bernoulli_nll(np.tile(x, (k, 1)), z @ kernel + bias))  # logits of 64 bits
    return -nll.reshape(k, n).mean(0) - 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(1)
