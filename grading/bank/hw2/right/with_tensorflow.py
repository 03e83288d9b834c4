"""TensorFlow: right answers to homework 2, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% kl_std


def kl_std(mean_q, std_q, mean_p, std_p):
    mean_q, std_q, mean_p, std_p = [tf.cast(a, tf.float64) for a in (mean_q, std_q, mean_p, std_p)]
    log_ratio = tf.math.log(std_p / std_q)
    return tf.reduce_sum(log_ratio + (std_q**2 + (mean_q - mean_p) ** 2) / (2 * std_p**2) - 0.5, axis=1)


# %% kl_laplace


def kl_laplace(location_q, scale_q, location_p, scale_p):
    d = tf.abs(tf.subtract(location_q, location_p))
    first = tf.math.log(scale_p) - tf.math.log(scale_q)
    second = tf.divide(d, scale_p)
    third = tf.divide(scale_q, scale_p) * tf.exp(-d / scale_q)
    return tf.reduce_sum(first + second + third - 1.0, axis=-1)


# %% kl_to_mixture


def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    mean, std, weights, means, stds = [tf.constant(a, tf.float64) for a in (mean, std, weights, means, stds)]
    e = tf.random.stateless_normal((n, mean.shape[0]), seed=[seed, 1], dtype=tf.float64)
    z = mean + std * e
    constant = 0.5 * np.log(2 * np.pi)
    log_q = tf.reduce_sum(-0.5 * e**2 - tf.math.log(std) - constant, axis=1)
    log_k = tf.reduce_sum(-0.5 * ((z[:, None] - means) / stds) ** 2 - tf.math.log(stds) - constant, axis=2)
    log_p = tf.reduce_logsumexp(log_k + tf.math.log(weights), axis=1)
    terms = log_q - log_p
    return tf.reduce_mean(terms), tf.math.reduce_std(terms) / tf.sqrt(tf.cast(n, tf.float64))


# %% sample_full


def sample_full(mean, covariance, epsilon):
    return mean + tf.linalg.matvec(tf.linalg.cholesky(covariance), epsilon)


# %% sample_laplace


def sample_laplace(location, scale, n, seed):
    shape = tf.concat([[n], tf.shape(location)], axis=0)
    pair = tf.random.stateless_gamma(tf.concat([[2], shape], axis=0), seed=[seed, 7], alpha=1.0)
    return location[None] + scale[None] * (pair[0] - pair[1])


# %% gradient_estimates


def gradient_estimates(mean, std, target, epsilon):
    mean, std, target, epsilon = map(tf.constant, (mean, std, target, epsilon))
    with tf.GradientTape() as tape:
        tape.watch(mean)
        shifted = tf.tile(mean[None], [len(epsilon), 1])
        tape.watch(shifted)
        loss = 0.5 * tf.reduce_sum((shifted + std * epsilon - target) ** 2, axis=1)
    pathwise = tape.gradient(loss, shifted)
    n = tf.cast(tf.shape(epsilon)[0], tf.float32)
    score = epsilon / std
    control = loss * n / (n - 1) - tf.reduce_sum(loss) / (n - 1)
    return pathwise, loss[:, None] * score, control[:, None] * score


# %% class_divergences


def class_divergences(x, y, classes, floor):
    means, stds = [], []
    for k in range(classes):
        group = tf.boolean_mask(x, y == k)
        means.append(tf.reduce_mean(group, axis=0))
        stds.append(tf.maximum(tf.math.reduce_std(group, axis=0), floor))
    means, stds = tf.stack(means), tf.stack(stds)
    return tf.stack(
        [
            kl_std(tf.broadcast_to(means[i], means.shape), tf.broadcast_to(stds[i], stds.shape), means, stds)
            for i in range(classes)
        ]
    )
