"""Other names, another order, helpers: right answers to homework 3, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% continuous_bernoulli_nll


def log_mass(a):  # ln of the integral of exp(a x) over x from 0 to 1
    a = ops.convert_to_tensor(a)
    flat = ops.abs(a) < 0.02
    b = ops.abs(ops.where(flat, ops.ones_like(a), a))
    return ops.where(flat, a / 2 + a * a / 24, ops.relu(a) + ops.log(-ops.expm1(-b) / b))


def continuous_bernoulli_nll(grey, score):
    each = log_mass(score) - grey * score
    return ops.sum(ops.reshape(each, (grey.shape[0], -1)), axis=-1)


# %% best_laplace

from scipy.stats import laplace


def best_laplace(images, centres):
    width = np.abs(images.astype("float64") - centres).mean()
    per_pixel = laplace(loc=centres.astype("float64"), scale=width).logpdf(images)
    return np.array(width), -per_pixel.reshape(images.shape[0], -1).sum(axis=1)


# %% class_losses


def divergence(m, v, s):
    standardised_mean, standardised_var = m / s, v - 2 * np.log(s)
    return 0.5 * np.sum(np.exp(standardised_var) + standardised_mean**2 - 1 - standardised_var, axis=-1)


def class_losses(errors, centres, log_widths, s, price, labels, how_many):
    rate = divergence(centres, log_widths, s)

    def of(label):
        chosen = labels == label
        return [np.mean(errors[chosen]) + price * np.mean(rate[chosen]), np.mean(errors[chosen]), np.mean(rate[chosen])]

    return np.array([of(label) for label in range(how_many)])


# %% cyclic_beta


def one_cycle(place, rise):
    return np.interp(place, [0.0, rise, 1.0], [0.0, 1.0, 1.0])


def cyclic_beta(t, length, part, top):
    return top * one_cycle((t / length) % 1.0, part)


# %% train_step


def negative_elbo(x, e, w):
    mean, log_var = ops.matmul(x, w[0]) + w[1], ops.add(ops.matmul(x, w[2]), w[3])
    a = ops.matmul(mean + ops.exp(0.5 * log_var) * e, w[4]) + w[5]
    surprise = ops.sum(keras.losses.binary_crossentropy(x, a, from_logits=True)) * x.shape[1]
    kl = 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var)
    return (surprise + kl) / x.shape[0]


def train_step(images, noise, *rest):
    *w, speed, limit = rest
    w = [tf.Variable(v) for v in w]
    with tf.GradientTape() as tape:
        value = negative_elbo(images, noise, w)
    optimizer = keras.optimizers.SGD(learning_rate=speed, global_clipnorm=limit)
    optimizer.apply(tape.gradient(value, w), w)
    return [np.array(v) for v in w]


# %% code_report


def code_report(centres, log_widths):
    noise = np.mean(np.exp(log_widths.astype("float64")), axis=0)
    signal = np.mean((centres - centres.mean(axis=0, keepdims=True)) ** 2, axis=0)
    nats = 0.5 * (np.exp(log_widths) - 1) - 0.5 * log_widths + 0.5 * centres**2
    return [np.mean(nats, axis=0), 1 - noise / (signal + noise)]


# %% elbo_estimate


def price(m, v):
    return np.sum(0.5 * (np.exp(v) + m**2 - 1) - 0.5 * v, axis=1)


def elbo_estimate(images, centres, log_widths, table, shift, draws, seed):
    generator, scores = np.random.RandomState(seed), []
    for _ in range(draws):
        z = generator.normal(centres, np.exp(log_widths) ** 0.5)
        scores.append(-np.array(continuous_bernoulli_nll(images, np.dot(z, table) + shift)))
    return np.mean(scores, axis=0) - price(centres, log_widths)
