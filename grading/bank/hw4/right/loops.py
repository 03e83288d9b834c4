"""Loops: right answers to homework 4, a cell for each task."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% network


def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    scale, shift, x = (tf.cast(a, "float32") for a in (scale, shift, x))
    rows = []
    for i in range(len(y)):
        label = int(y[i])
        hidden = tf.linalg.matvec(kernel, x[i], transpose_a=True) * scale[label] + shift[label]
        rows.append(tf.linalg.matvec(out_kernel, tf.maximum(hidden, 0.0), transpose_a=True) + out_bias)
    return tf.stack(rows)


# %% kl_to_label_prior


def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    answers = []
    for i in range(len(y)):
        total = 0.0
        for j in range(mean.shape[1]):
            m, v = prior_mean[int(y[i])][j], prior_log_var[int(y[i])][j]
            total = total + (v - log_var[i][j] - 1 + (tf.exp(log_var[i][j]) + (mean[i][j] - m) ** 2) / tf.exp(v)) / 2
        answers.append(total)
    return tf.stack(answers)


# %% conditional_elbo


def conditional_elbo(x, y, epsilon, *model):
    output = network(x, y, *model[:5])
    d = model[10].shape[1]
    mean, log_var = output[:, :d], output[:, d:]
    total = 0
    for e in epsilon:
        logits = network(mean + tf.sqrt(tf.exp(log_var)) * e, y, *model[5:10])
        for j in range(x.shape[1]):
            sign = 2 * x[:, j] - 1
            total = total - tf.math.softplus(-sign * logits[:, j])
    return total / len(epsilon) - kl_to_label_prior(mean, log_var, y, model[10], model[11])


# %% best_prior

import math


def best_prior(mean, log_var, y, classes):
    n, d = mean.shape
    means, logs = np.zeros((classes, d)), np.zeros((classes, d))
    for k in range(classes):
        own = [i for i in range(n) if y[i] == k]
        for j in range(d):
            means[k, j] = sum(mean[i, j] for i in own) / len(own)
            logs[k, j] = math.log(
                sum(math.exp(log_var[i, j]) + (mean[i, j] - means[k, j]) ** 2 for i in own) / len(own)
            )
    return means, logs


# %% importance_bound

import math


def importance_bound(x, y, epsilon, *model):
    out = np.asarray(network(x, y, *model[:5]), "float64")
    k, n, d = epsilon.shape
    terms = np.zeros((k, n))
    for j in range(k):
        z = np.zeros((n, d))
        for i in range(n):
            for a in range(d):
                mean, log_var = out[i, a], out[i, d + a]
                m, v = float(model[10][y[i], a]), float(model[11][y[i], a])
                z[i, a] = mean + math.exp(log_var / 2) * epsilon[j, i, a]
                terms[j, i] += -v / 2 - (z[i, a] - m) ** 2 / (2 * math.exp(v))
                terms[j, i] -= -log_var / 2 - (z[i, a] - mean) ** 2 / (2 * math.exp(log_var))
        l = np.asarray(network(z, y, *model[5:10]), "float64")
        terms[j] += np.where(x > 0.5, -np.log1p(np.exp(-l)), -np.log1p(np.exp(l))).sum(1)
    answer = terms[0]
    for j in range(1, k):
        answer = np.logaddexp(answer, terms[j])
    return answer - math.log(k)


# %% draw_and_transfer


def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    encoder, decoder, mu, sigma = model[:5], model[5:10], model[10], np.exp(0.5 * model[11])
    drawn, transferred = [], []
    for i in range(len(x)):
        a, b = int(from_y[i]), int(to_y[i])
        mean = np.asarray(network(x[i : i + 1], from_y[i : i + 1], *encoder))[0, : len(mu[0])]
        for place, pictures in ((epsilon[i], drawn), ((mean - mu[a]) / sigma[a], transferred)):
            z = (mu[b] + sigma[b].astype("float64") * place)[None]
            pictures.append(ops.convert_to_numpy(ops.sigmoid(network(z, to_y[i : i + 1], *decoder)))[0])
    return np.array(drawn), np.array(transferred)


# %% label_readability


def label_readability(z, y, test_z, test_y, k):
    right = easy = 0
    counts = {}
    for label in y:
        counts[int(label)] = counts.get(int(label), 0) + 1
    most = max(counts, key=counts.get)
    for point, truth in zip(test_z, test_y):
        near = sorted((float(np.linalg.norm(other - point)), int(label)) for other, label in zip(z, y))[:k]
        votes = {}
        for _, label in near:
            votes[label] = votes.get(label, 0) + 1
        right += max(votes, key=votes.get) == truth
        easy += most == truth
    return right / len(test_y), easy / len(test_y)


# %% gain_from_label

import math


def gain_from_label(conditional, plain, y, shares):
    n, gains, worths = len(y), [], []
    for i in range(n):
        row = [float(v) for v in conditional[i]]
        top = max(row)
        mixture = top + math.log(sum(float(s) * math.exp(v - top) for s, v in zip(shares, row)))
        gains.append(row[y[i]] - float(plain[i]))
        worths.append(row[y[i]] - mixture)
    gain = sum(gains) / n
    error = math.sqrt(sum((g - gain) ** 2 for g in gains) / (n - 1) / n)
    return gain, error, sum(worths) / n, sum(-float(s) * math.log(s) for s in shares)
