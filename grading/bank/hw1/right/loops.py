"""Loops: right answers to homework 1, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% class_report


def class_report(x, x_hat, y, classes):
    a, b = [], []
    for k in range(classes):
        members = [i for i in range(len(y)) if y[i] == k]
        centre = sum(x[i].astype(float) for i in members) / len(members)
        wrong, spread, top, where = 0.0, 0.0, -1.0, None
        for i in members:
            e = float(np.sum((x[i] - x_hat[i]) ** 2))
            wrong += e
            spread += float(np.sum((x[i] - centre) ** 2))
            if e > top:
                top, where = e, i
        a.append(wrong / spread)
        b.append(where)
    return np.array(a), np.array(b)


# %% pca_reconstruct


def pca_reconstruct(x_train, x, d):
    rows = np.array([image.flatten() for image in x_train], "float64")
    mean = rows.mean(axis=0)
    _, s, vt = np.linalg.svd(rows - mean, full_matrices=False)
    drawn = []
    for image in x:
        out = mean.copy()
        for j in range(d):
            out += np.dot(image.flatten() - mean, vt[j]) * vt[j]
        drawn.append(out.reshape(image.shape))
    return np.array(drawn), sum(s[j] ** 2 for j in range(d)) / sum(v**2 for v in s)


# %% neighbour_table


def neighbour_table(codes, y, classes, k):
    table = [[0.0] * classes for _ in range(classes)]
    for i in range(len(codes)):
        others = sorted((float(np.hypot(*(codes[i] - codes[j]).astype(float))), j) for j in range(len(codes)) if j != i)
        votes = [0] * classes
        for _, j in others[:k]:
            votes[y[j]] += 1
        table[y[i]][votes.index(max(votes))] += 1
    return np.array([[v / sum(row) for v in row] for row in table])


# %% sample_per_class


def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.default_rng(seed)
    factors = [np.linalg.cholesky(np.cov(codes[y == k].astype(float), rowvar=False)) for k in range(classes)]
    middles = [codes[y == k].mean(axis=0) for k in range(classes)]
    shares = [np.mean(y == k) for k in range(classes)]
    z, labels = [], []
    for _ in range(n):
        u, k = rng.random(), 0
        while k < classes - 1 and u > sum(shares[: k + 1]):
            k += 1
        labels.append(k)
        z.append(middles[k] + factors[k] @ rng.standard_normal(codes.shape[1]))
    return np.array(z), np.array(labels)


# %% nearest_in_blocks


def nearest_in_blocks(images, reference, block):
    known = reference.reshape(len(reference), -1).astype("float64")
    distance, index = np.zeros(len(images)), np.zeros(len(images))
    for i, image in enumerate(images):  # blocks of one
        squares = np.sum((known - image.ravel()) ** 2, axis=1)
        index[i] = np.argmin(squares)
        distance[i] = np.sqrt(squares.min())
    return distance, index


# %% ball_report


def ball_report(images, reference, y, classes, k):
    gap = lambda a, b: float(np.sqrt(np.sum((a.astype(float) - b.astype(float)) ** 2)))
    balls = np.zeros(len(images))
    hits, size = [0] * classes, [0] * classes
    for i in range(len(reference)):
        radius = sorted(gap(reference[i], reference[j]) for j in range(len(reference)) if j != i)[k - 1]
        covered = False
        for j in range(len(images)):
            if gap(reference[i], images[j]) <= radius:
                balls[j] += 1
                covered = True
        hits[y[i]] += covered
        size[y[i]] += 1
    return balls / k, np.array(hits) / np.array(size)


# %% emptiest_points


def emptiest_points(start, end, codes, steps):
    way, room = [], []
    for a, b in zip(start, end):
        best = (-1.0, None)
        for step in range(steps):
            t = step / (steps - 1)
            gap = min(float(np.sqrt(np.sum(((1 - t) * a + t * b - c) ** 2))) for c in codes)
            if gap > best[0]:
                best = (gap, t)
        way.append(best[1])
        room.append(best[0])
    return way, room
