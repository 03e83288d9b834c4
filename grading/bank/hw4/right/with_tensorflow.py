"""TensorFlow: right answers to homework 4, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% network


def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    hidden = tf.nn.relu(tf.matmul(x, kernel) * tf.gather(scale, y) + tf.gather(shift, y))
    return tf.nn.bias_add(tf.matmul(hidden, out_kernel), out_bias)


# %% kl_to_label_prior


def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    difference = log_var - tf.gather(prior_log_var, y)
    distance = tf.math.squared_difference(mean, tf.gather(prior_mean, y))
    return 0.5 * tf.reduce_sum(
        tf.math.expm1(difference) - difference + distance / tf.exp(tf.gather(prior_log_var, y)), axis=-1
    )


# %% conditional_elbo


def conditional_elbo(x, y, epsilon, *model):
    mean, log_var = tf.split(network(x, y, *model[:5]), 2, axis=1)
    z = mean + tf.exp(0.5 * log_var) * epsilon
    losses = []
    for i in range(epsilon.shape[0]):
        logits = network(z[i], y, *model[5:10])
        losses.append(tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1))
    return -tf.add_n(losses) / epsilon.shape[0] - kl_to_label_prior(mean, log_var, y, *model[10:])


# %% best_prior


def best_prior(mean, log_var, y, classes):
    means = tf.math.unsorted_segment_mean(mean, y, classes)
    second = tf.math.unsorted_segment_mean(tf.exp(log_var) + tf.square(mean - tf.gather(means, y)), y, classes)
    return means, tf.math.log(second)


# %% importance_bound


def importance_bound(x, y, epsilon, *model):
    mean, log_var = tf.split(network(x, y, *model[:5]), 2, axis=1)
    k, n, d = epsilon.shape
    z = mean + tf.exp(0.5 * log_var) * epsilon
    logits = network(tf.reshape(z, (k * n, d)), tf.tile(y, [k]), *model[5:10])
    logits = tf.reshape(logits, (k, n, -1))
    log_p = -tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.broadcast_to(x, logits.shape), logits=logits), axis=2
    )
    m, v = tf.gather(model[10], y), tf.gather(model[11], y)
    log_p += -0.5 * tf.reduce_sum((z - m) ** 2 / tf.exp(v) + v - epsilon**2 - log_var, axis=2)
    return tf.reduce_logsumexp(log_p, axis=0) - tf.math.log(float(k))


# %% draw_and_transfer


def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    m, s = tf.constant(model[10]), tf.exp(0.5 * model[11])
    mean, _ = tf.split(network(x, from_y, *model[:5]), 2, axis=1)
    moved = tf.gather(m, to_y) + (mean - tf.gather(m, from_y)) * tf.gather(s, to_y) / tf.gather(s, from_y)
    fresh = tf.gather(m, to_y) + epsilon * tf.gather(s, to_y)
    return tf.sigmoid(network(fresh, to_y, *model[5:10])), tf.sigmoid(network(moved, to_y, *model[5:10]))


# %% label_readability


def label_readability(z, y, test_z, test_y, k):
    distance = tf.norm(test_z[:, None] - z[None], axis=2)
    _, nearest = tf.math.top_k(-distance, k)
    votes = tf.reduce_sum(tf.one_hot(tf.gather(y, nearest), int(y.max()) + 1), axis=1)
    guess = tf.argmax(votes, axis=1, output_type=tf.int32)
    common = tf.argmax(tf.math.bincount(y), output_type=tf.int32)
    return (tf.reduce_mean(tf.cast(guess == test_y, tf.float32)), tf.reduce_mean(tf.cast(common == test_y, tf.float32)))


# %% gain_from_label


def gain_from_label(conditional, plain, y, shares):
    conditional, plain, shares = (tf.cast(a, tf.float64) for a in (conditional, plain, shares))
    own = tf.gather(conditional, y, axis=1, batch_dims=1)
    n = tf.cast(tf.size(plain), tf.float64)
    error = tf.math.reduce_std(own - plain) / tf.sqrt(n - 1)
    mixture = tf.reduce_logsumexp(conditional + tf.math.log(shares), axis=1)
    return (
        tf.reduce_mean(own - plain),
        error,
        tf.reduce_mean(own - mixture),
        -tf.tensordot(shares, tf.math.log(shares), 1),
    )
