"""Compiled and functional: right answers to homework 3, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% continuous_bernoulli_nll


@tf.custom_gradient
def log_factor(a):
    def slope(up):
        b = tf.where(tf.abs(a) < 0.02, tf.ones_like(a), a)
        return up * tf.where(tf.abs(a) < 0.02, a / 6, 1 / b - 1 / tf.sinh(tf.clip_by_value(b, -80.0, 80.0)))

    b = tf.where(tf.abs(a) < 0.02, tf.ones_like(a), a)
    return tf.where(tf.abs(a) < 0.02, tf.math.log(2.0) + a * a / 12, tf.math.log(b / tf.tanh(b / 2))), slope


@tf.function
def continuous_bernoulli_nll(x, logits):
    nll = x * tf.nn.softplus(-logits) + (1 - x) * tf.nn.softplus(logits) - log_factor(tf.convert_to_tensor(logits))
    return tf.reduce_sum(nll, axis=tf.range(1, tf.rank(nll)))


# %% best_laplace

best_laplace = lambda x, m: (
    ops.mean(ops.abs(x - m)),
    ops.sum(
        ops.abs(x - m) / ops.mean(ops.abs(x - m)) + ops.log(2 * ops.mean(ops.abs(x - m))), axis=tuple(range(1, x.ndim))
    ),
)

# %% class_losses


@tf.function
def divergence(m, v, s):
    return tf.reduce_sum(tf.math.log(s) - v / 2 - 0.5 + (tf.exp(v) + m * m) / (2 * s * s), axis=1)


def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    kl = divergence(mean, log_var, tf.constant(prior_std, "float32")).numpy()
    count = np.bincount(y, minlength=classes)
    r, d = (np.bincount(y, weights=part, minlength=classes) / count for part in (nll, kl))
    return np.column_stack((r + beta * d, r, d))


# %% cyclic_beta

from functools import partial


def one(step, cycle, rise, beta):
    done, within = divmod(int(step), cycle)
    return beta * min(1.0, within / cycle / rise)


def cyclic_beta(step, cycle, rise, beta):
    return np.fromiter(map(partial(one, cycle=cycle, rise=rise, beta=beta), step), float)


# %% train_step


@tf.function
def slopes(x, e, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        mean, log_var = x @ w[0] + w[1], x @ w[2] + w[3]
        a = (mean + tf.exp(log_var * 0.5) * e) @ w[4] + w[5]
        each = tf.reduce_sum(x * tf.nn.softplus(-a) + (1 - x) * tf.nn.softplus(a), 1)
        each += 0.5 * tf.reduce_sum(tf.exp(log_var) + mean**2 - 1 - log_var, 1)
        loss = tf.reduce_mean(each)
    return tape.gradient(loss, w)


def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    w = list(map(tf.constant, (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)))
    g = slopes(tf.constant(x), tf.constant(epsilon), w)
    length = tf.sqrt(tf.add_n([tf.reduce_sum(part**2) for part in g]))
    return tuple(map(lambda a, b: a - rate * b * tf.minimum(1.0, clip / length), w, g))


# %% code_report


def code_report(mean, log_var):
    mean, log_var = ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var)
    kl = ops.mean(0.5 * (ops.exp(log_var) + ops.square(mean) - 1.0 - log_var), axis=0)
    whole = ops.var(mean, axis=0) + ops.mean(ops.exp(log_var), axis=0)
    return kl, ops.var(mean, axis=0) / whole


# %% elbo_estimate


def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    generator = keras.random.SeedGenerator(seed)
    e = keras.random.normal((k, *mean.shape), seed=generator)
    z = ops.reshape(mean + ops.exp(0.5 * log_var) * e, (-1, mean.shape[1]))
    many = ops.reshape(ops.broadcast_to(x, (k, *x.shape)), (-1, x.shape[1]))
    nll = ops.reshape(continuous_bernoulli_nll(many, ops.matmul(z, kernel) + bias), (k, -1))
    return -ops.mean(nll, axis=0) - 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=1)
