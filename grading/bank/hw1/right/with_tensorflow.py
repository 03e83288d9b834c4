"""TensorFlow: right answers to homework 1, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% class_report


def class_report(x, x_hat, y, classes):
    y = tf.cast(y, tf.int32)
    error = tf.reduce_sum(tf.math.squared_difference(x, x_hat), axis=[1, 2, 3])
    centre = tf.math.unsorted_segment_mean(x, y, classes)
    away = tf.reduce_sum((x - tf.gather(centre, y)) ** 2, axis=[1, 2, 3])
    worst = [tf.argmax(tf.where(y == k, error, -1.0)) for k in range(classes)]
    return (
        tf.math.unsorted_segment_sum(error, y, classes) / tf.math.unsorted_segment_sum(away, y, classes),
        tf.stack(worst),
    )


# %% pca_reconstruct


def pca_reconstruct(x_train, x, d):
    flat = tf.reshape(tf.cast(x_train, tf.float64), (x_train.shape[0], -1))
    mean = tf.reduce_mean(flat, axis=0, keepdims=True)
    s, _, v = tf.linalg.svd(flat - mean)
    new = tf.reshape(tf.cast(x, tf.float64), (x.shape[0], -1)) - mean
    drawn = tf.matmul(tf.matmul(new, v[:, :d]), v[:, :d], transpose_b=True) + mean
    return tf.reshape(drawn, x.shape), tf.reduce_sum(s[:d] ** 2) / tf.reduce_sum(s**2)


# %% neighbour_table


def neighbour_table(codes, y, classes, k):
    square = tf.reduce_sum((codes[:, None] - codes[None]) ** 2, axis=-1)
    square = tf.linalg.set_diag(square, tf.fill([len(codes)], np.float32(np.inf)))
    _, near = tf.math.top_k(-square, k)
    votes = tf.reduce_sum(tf.one_hot(tf.gather(tf.cast(y, tf.int32), near), classes), axis=1)
    table = tf.math.confusion_matrix(y, tf.argmax(votes, axis=1), classes, dtype=tf.float64)
    return table / tf.reduce_sum(table, axis=1, keepdims=True)


# %% sample_per_class


def sample_per_class(codes, y, classes, n, seed):
    share = np.bincount(y, minlength=classes) / len(y)
    label = tf.random.stateless_categorical(tf.math.log(share)[None], n, seed=[seed, 0])[0]
    means, factors = [], []
    for k in range(classes):
        own = tf.cast(tf.boolean_mask(codes, y == k), tf.float64)
        mean = tf.reduce_mean(own, axis=0)
        means.append(mean)
        factors.append(tf.linalg.cholesky(tf.matmul(own - mean, own - mean, transpose_a=True) / len(own)))
    e = tf.random.stateless_normal((n, codes.shape[1]), seed=[seed, 1], dtype=tf.float64)
    return tf.gather(tf.stack(means), label) + tf.linalg.matvec(tf.gather(tf.stack(factors), label), e), label


# %% nearest_in_blocks


def nearest_in_blocks(images, reference, block):
    known = tf.reshape(tf.cast(reference, tf.float64), (reference.shape[0], -1))
    found, where = [], []
    for first in range(0, images.shape[0], block):
        part = tf.cast(images[first : first + block], tf.float64)
        part = tf.reshape(part, (part.shape[0], -1))
        table = (
            tf.reduce_sum(part**2, 1)[:, None]
            + tf.reduce_sum(known**2, 1)
            - 2 * tf.matmul(part, known, transpose_b=True)
        )
        found.append(tf.sqrt(tf.maximum(tf.reduce_min(table, axis=1), 0)))
        where.append(tf.argmin(table, axis=1))
    return tf.concat(found, 0), tf.concat(where, 0)


# %% ball_report


def ball_report(images, reference, y, classes, k):
    a = tf.reshape(images, (images.shape[0], -1))
    b = tf.reshape(reference, (reference.shape[0], -1))
    distance = lambda u, v: tf.norm(u[:, None] - v[None], axis=-1)
    nearest = -tf.math.top_k(-distance(b, b), k + 1).values
    inside = distance(b, a) <= nearest[:, k:]
    covered = tf.cast(tf.reduce_any(inside, axis=1), tf.float64)
    return (
        tf.reduce_sum(tf.cast(inside, tf.float64), axis=0) / k,
        tf.math.unsorted_segment_mean(covered, tf.cast(y, tf.int32), classes),
    )


# %% emptiest_points


def emptiest_points(start, end, codes, steps):
    t = tf.linspace(0.0, 1.0, steps)
    points = start[:, None] * (1 - t)[None, :, None] + end[:, None] * t[None, :, None]
    gap = tf.reduce_min(tf.norm(points[:, :, None] - codes, axis=-1), axis=2)
    return tf.gather(t, tf.argmax(gap, axis=1)), tf.reduce_max(gap, axis=1)
