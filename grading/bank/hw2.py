"""Homework 2's bank of right and wrong answers; see grading/bank/__init__.py."""

RIGHT = {
    "NumPy": {
        "kl_std": """
def kl_std(m, s, M, S):
    r = (s.astype("float64") - S) / S
    return (r - np.log1p(r) + r**2 / 2 + ((m - M) / S)**2 / 2).sum(axis=1)
""",
        "kl_laplace": """
def kl_laplace(m, b, M, B):
    gap = np.abs(m - M)
    return (np.log(B) - np.log(b) + (gap + b * np.exp(-gap / b)) / B - 1).sum(axis=1)
""",
        "kl_to_mixture": """
def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    rng = np.random.RandomState(seed % 2**32)
    z = rng.normal(mean, std, size=(n, mean.size))
    log_q = -0.5 * np.sum(((z - mean) / std)**2 + np.log(2 * np.pi * std**2), axis=1)
    parts = -0.5 * np.sum(((z[:, None] - means) / stds)**2 + np.log(2 * np.pi * stds**2), axis=2) + np.log(weights)
    top = parts.max(axis=1, keepdims=True)
    log_p = top[:, 0] + np.log(np.exp(parts - top).sum(axis=1))
    d = log_q - log_p
    return d.mean(), d.std() / n**0.5
""",
        "sample_full": """
def sample_full(mean, covariance, epsilon):
    return mean + (ops.cholesky(ops.convert_to_tensor(covariance)) @ epsilon[..., None])[..., 0]
""",
        "sample_laplace": """
def sample_laplace(location, scale, n, seed):
    rng = np.random.default_rng(seed)
    shape = (n,) + tuple(location.shape)
    noise = rng.exponential(size=shape) - rng.exponential(size=shape)
    return location + scale * noise.astype("float32")
""",
        "gradient_estimates": """
def gradient_estimates(mean, std, target, epsilon):
    z = mean + std * epsilon
    f = ((z - target)**2).sum(1) / 2
    n = len(f)
    baseline = (f.sum() - f) / (n - 1)
    return z - target, f[:, None] * epsilon / std, (f - baseline)[:, None] * epsilon / std
""",
        "class_divergences": """
def class_divergences(x, y, classes, floor):
    means = np.array([x[y == k].mean(0) for k in range(classes)])
    stds = np.array([x[y == k].std(0) for k in range(classes)])
    stds[stds < floor] = floor
    return np.array([kl_std(np.tile(m, (classes, 1)), np.tile(s, (classes, 1)), means, stds)
                     for m, s in zip(means, stds)])
""",
    },
    "TensorFlow": {
        "kl_std": """
def kl_std(mean_q, std_q, mean_p, std_p):
    mean_q, std_q, mean_p, std_p = [tf.cast(a, tf.float64) for a in (mean_q, std_q, mean_p, std_p)]
    log_ratio = tf.math.log(std_p / std_q)
    return tf.reduce_sum(log_ratio + (std_q**2 + (mean_q - mean_p)**2) / (2 * std_p**2) - 0.5, axis=1)
""",
        "kl_laplace": """
def kl_laplace(location_q, scale_q, location_p, scale_p):
    d = tf.abs(tf.subtract(location_q, location_p))
    first = tf.math.log(scale_p) - tf.math.log(scale_q)
    second = tf.divide(d, scale_p)
    third = tf.divide(scale_q, scale_p) * tf.exp(-d / scale_q)
    return tf.reduce_sum(first + second + third - 1.0, axis=-1)
""",
        "kl_to_mixture": """
def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    mean, std, weights, means, stds = [tf.constant(a, tf.float64) for a in (mean, std, weights, means, stds)]
    e = tf.random.stateless_normal((n, mean.shape[0]), seed=[seed, 1], dtype=tf.float64)
    z = mean + std * e
    constant = 0.5 * np.log(2 * np.pi)
    log_q = tf.reduce_sum(-0.5 * e**2 - tf.math.log(std) - constant, axis=1)
    log_k = tf.reduce_sum(-0.5 * ((z[:, None] - means) / stds)**2 - tf.math.log(stds) - constant, axis=2)
    log_p = tf.reduce_logsumexp(log_k + tf.math.log(weights), axis=1)
    terms = log_q - log_p
    return tf.reduce_mean(terms), tf.math.reduce_std(terms) / tf.sqrt(tf.cast(n, tf.float64))
""",
        "sample_full": """
def sample_full(mean, covariance, epsilon):
    return mean + tf.linalg.matvec(tf.linalg.cholesky(covariance), epsilon)
""",
        "sample_laplace": """
def sample_laplace(location, scale, n, seed):
    shape = tf.concat([[n], tf.shape(location)], axis=0)
    pair = tf.random.stateless_gamma(tf.concat([[2], shape], axis=0), seed=[seed, 7], alpha=1.0)
    return location[None] + scale[None] * (pair[0] - pair[1])
""",
        "gradient_estimates": """
def gradient_estimates(mean, std, target, epsilon):
    mean, std, target, epsilon = map(tf.constant, (mean, std, target, epsilon))
    with tf.GradientTape() as tape:
        tape.watch(mean)
        shifted = tf.tile(mean[None], [len(epsilon), 1])
        tape.watch(shifted)
        loss = 0.5 * tf.reduce_sum((shifted + std * epsilon - target)**2, axis=1)
    pathwise = tape.gradient(loss, shifted)
    n = tf.cast(tf.shape(epsilon)[0], tf.float32)
    score = epsilon / std
    control = loss * n / (n - 1) - tf.reduce_sum(loss) / (n - 1)
    return pathwise, loss[:, None] * score, control[:, None] * score
""",
        "class_divergences": """
def class_divergences(x, y, classes, floor):
    means, stds = [], []
    for k in range(classes):
        group = tf.boolean_mask(x, y == k)
        means.append(tf.reduce_mean(group, axis=0))
        stds.append(tf.maximum(tf.math.reduce_std(group, axis=0), floor))
    means, stds = tf.stack(means), tf.stack(stds)
    return tf.stack([kl_std(tf.broadcast_to(means[i], means.shape), tf.broadcast_to(stds[i], stds.shape), means, stds)
                     for i in range(classes)])
""",
    },
    "loops": {
        "kl_std": """
import math

def kl_std(mean_q, std_q, mean_p, std_p):
    answer = []
    for i in range(len(mean_q)):
        total = 0.0
        for j in range(len(mean_q[i])):
            a, s, b, t = (float(v[i][j]) for v in (mean_q, std_q, mean_p, std_p))
            total += math.log(t / s) + (s * s + (a - b) ** 2) / (2 * t * t) - 0.5
        answer.append(total)
    return answer
""",
        "kl_laplace": """
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
""",
        "kl_to_mixture": """
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
""",
        "sample_full": """
def sample_full(mean, covariance, epsilon):
    rows = []
    for i in range(mean.shape[0]):
        factor = tf.linalg.cholesky(tf.convert_to_tensor(covariance)[i])
        rows.append(mean[i] + tf.reduce_sum(factor * epsilon[i], axis=1))
    return tf.stack(rows)
""",
        "sample_laplace": """
def sample_laplace(location, scale, n, seed):
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n):
        sign = rng.choice([-1.0, 1.0], size=location.shape)
        size = rng.exponential(size=location.shape)
        draws.append((sign * size).astype("float32"))
    return location + scale * np.stack(draws)
""",
        "gradient_estimates": """
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
""",
        "class_divergences": """
def class_divergences(x, y, classes, floor):
    table = np.zeros((classes, classes))
    for i in range(classes):
        for j in range(classes):
            a, b = x[y == i], x[y == j]
            table[i, j] = kl_std(a.mean(0)[None], np.maximum(a.std(0), floor)[None],
                                 b.mean(0)[None], np.maximum(b.std(0), floor)[None])[0]
    return table
""",
    },
    "einsum": {
        "kl_std": """
def kl_std(mean_q, std_q, mean_p, std_p):
    inverse = 1 / std_p
    x = (std_q - std_p) * inverse
    shift = (mean_q - mean_p) * inverse
    return (ops.einsum("bi,bi->b", shift, shift) + ops.einsum("bi,bi->b", x, x)) / 2 + ops.einsum(
        "bi->b", x - ops.log1p(x))
""",
        "kl_laplace": """
def kl_laplace(location_q, scale_q, location_p, scale_p):
    one = np.ones(location_q.shape[1], "float32")
    d = np.abs(location_q - location_p)
    term = np.log(scale_p / scale_q) + d / scale_p + np.exp(np.log(scale_q / scale_p) - d / scale_q) - 1
    return np.einsum("bi,i->b", term, one)
""",
        "kl_to_mixture": """
def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    from scipy.special import logsumexp
    e = np.random.default_rng([seed, 3]).standard_normal((n, len(mean)))
    z = mean + np.einsum("ni,i->ni", e, std)
    u = (z[:, None, :] - means) / stds
    log_k = -0.5 * np.einsum("nki,nki->nk", u, u) - np.log(stds).sum(1)
    log_q = -0.5 * np.einsum("ni,ni->n", e, e) - np.log(std).sum()
    r = log_q - logsumexp(log_k, b=weights, axis=1)
    return np.array([r.mean(), r.std(ddof=1) / np.sqrt(n)])
""",
        "sample_full": """
def sample_full(mean, covariance, epsilon):
    return mean + tf.einsum("bij,bj->bi", tf.linalg.cholesky(covariance), epsilon)
""",
        "sample_laplace": """
def sample_laplace(location, scale, n, seed):
    noise = np.random.default_rng(seed).laplace(size=(n, *location.shape)).astype("float32")
    return location + tf.einsum("nbi,bi->nbi", noise, scale)
""",
        "gradient_estimates": """
def gradient_estimates(mean, std, target, epsilon):
    error = mean + np.einsum("ni,i->ni", epsilon, std) - target
    loss = np.einsum("ni,ni->n", error, error) / 2
    n = len(loss)
    others = (np.ones((n, n)) - np.eye(n)) / (n - 1)
    score = np.einsum("ni,i->ni", epsilon, 1 / std)
    return error, np.einsum("n,ni->ni", loss, score), np.einsum("n,ni->ni", loss - others @ loss, score)
""",
        "class_divergences": """
def class_divergences(x, y, classes, floor):
    member = np.eye(classes)[y]
    count = member.sum(0)[:, None]
    means = np.einsum("nk,nm->km", member, x) / count
    squares = np.einsum("nk,nkm->km", member, (x[:, None] - means) ** 2) / count
    stds = np.maximum(np.sqrt(squares), floor)
    i, j = np.meshgrid(np.arange(classes), np.arange(classes), indexing="ij")
    return np.reshape(kl_std(means[i.ravel()], stds[i.ravel()], means[j.ravel()], stds[j.ravel()]), (classes, classes))
""",
    },
    "other names and order, helpers": {
        "kl_std": """
HALF = 0.5

def _per_coordinate(a, s, b, t):
    u = s / t
    v = u - 1.0 if False else (s - t) / t
    return HALF * ((a - b) / t) ** 2 + (HALF * v * v - (np.log1p(v) - v))

def kl_std(first_mean, first_width, second_mean, second_width):
    quadruple = [np.float64(q) for q in (first_mean, first_width, second_mean, second_width)]
    return _per_coordinate(*quadruple).sum(-1)
""",
        "kl_laplace": """
def expected_distance(b, gap):
    return gap + b * np.exp(-gap / b)

def kl_laplace(m1, b1, m2, b2):
    log_q = -1 - np.log(2 * b1)
    log_p = -expected_distance(b1, np.abs(m2 - m1)) / b2 - np.log(2 * b2)
    return np.sum(log_q - log_p, axis=-1)
""",
        "kl_to_mixture": """
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, sem

def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    q = multivariate_normal(mean, np.diag(std**2))
    z = q.rvs(n, random_state=np.random.default_rng(seed)).reshape(n, -1)
    parts = [multivariate_normal(m, np.diag(s**2)).logpdf(z) for m, s in zip(means, stds)]
    evidence = q.logpdf(z) - logsumexp(np.array(parts).T, b=weights, axis=1)
    return [float(evidence.mean()), float(sem(evidence))]
""",
        "sample_full": """
def sample_full(centre, sigma, noise):
    root = keras.ops.cholesky(tf.convert_to_tensor(sigma))
    column = keras.ops.expand_dims(noise, -1)
    return keras.ops.squeeze(keras.ops.matmul(root, column), axis=-1) + centre
""",
        "sample_laplace": """
def quantile(u):
    return -tf.sign(u) * tf.math.log1p(-2 * tf.abs(u))

def sample_laplace(where, width, how_many, seed):
    edge = 0.5 - 1e-7
    u = keras.random.uniform((how_many, *where.shape), -edge, edge, seed=seed)
    return where + width * quantile(u)
""",
        "gradient_estimates": """
def loss_of(z, target):
    return 0.5 * ((z - target) ** 2).sum(axis=-1)

def gradient_estimates(m, s, t, e):
    z = m + s * e
    f = loss_of(z, t)
    score = (z - m) / s**2
    leave_one_out = np.array([np.delete(f, k).mean() for k in range(len(f))])
    return [(z - t), f[:, None] * score, (f - leave_one_out)[:, None] * score]
""",
        "class_divergences": """
def describe(group, floor):
    centre = group.mean(axis=0)
    return centre, np.where(group.std(axis=0) < floor, floor, group.std(axis=0))

def class_divergences(images, labels, how_many, floor):
    described = [describe(images[labels == label], floor) for label in range(how_many)]
    means, stds = (np.array(part, "float32") for part in zip(*described))
    rows = [kl_std(means[i] + 0 * means, stds[i] + 0 * stds, means, stds) for i in range(how_many)]
    return np.asarray(rows)
""",
    },
    "compiled and functional": {
        "kl_std": """
@tf.function
def kl_std(mean_q, std_q, mean_p, std_p):
    q, p = tf.cast(std_q, "float64"), tf.cast(std_p, "float64")
    mean_q, mean_p = tf.cast(mean_q, "float64"), tf.cast(mean_p, "float64")
    return 0.5 * tf.reduce_sum((q**2 + (mean_q - mean_p)**2) / p**2 - 1 - tf.math.log(q**2 / p**2), axis=-1)
""",
        "kl_laplace": """
kl_laplace = lambda m, b, M, B: ops.sum(
    (ops.abs(m - M) + b * ops.exp(-ops.abs(m - M) / b)) / B - ops.log(b / B) - 1, axis=1)
""",
        "kl_to_mixture": """
from functools import reduce
from math import log, pi, sqrt

def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    def log_density(z, m, s):
        return -0.5 * (np.square((z - m) / s) + 2 * np.log(s) + log(2 * pi)).sum(-1)
    z = keras.ops.convert_to_numpy(keras.random.normal((n, len(mean)), seed=seed)).astype("float64") * std + mean
    log_p = reduce(np.logaddexp, [np.log(w) + log_density(z, m, s) for w, m, s in zip(weights, means, stds)])
    evidence = log_density(z, mean, std) - log_p
    return np.average(evidence), sqrt(np.var(evidence) / (n - 1))
""",
        "sample_full": """
def sample_full(mean, covariance, epsilon):
    one = lambda parts: parts[0] + tf.linalg.matvec(tf.linalg.cholesky(parts[1]), parts[2])
    return tf.map_fn(one, tuple(map(tf.convert_to_tensor, (mean, covariance, epsilon))), fn_output_signature=tf.float32)
""",
        "sample_laplace": """
@tf.function
def stretch(location, scale, noise):
    return location + scale * noise

def sample_laplace(location, scale, n, seed):
    generator = keras.random.SeedGenerator(seed)
    shape = (n, *location.shape)
    sign = 2.0 * ops.cast(keras.random.uniform(shape, seed=generator) < 0.5, "float32") - 1.0
    return stretch(location, scale, sign * keras.random.gamma(shape, 1.0, seed=generator))
""",
        "gradient_estimates": """
def gradient_estimates(mean, std, target, epsilon):
    z = ops.add(mean, ops.multiply(std, epsilon))
    f = ops.sum(ops.square(z - target), axis=1, keepdims=True) / 2
    n = f.shape[0]
    score = ops.divide(epsilon, std)
    return z - target, f * score, (f - ops.mean(f)) * n / (n - 1) * score
""",
        "class_divergences": """
def class_divergences(x, y, classes, floor):
    group = [np.compress(y == k, x, axis=0) for k in range(classes)]
    mean = np.stack(list(map(lambda g: np.mean(g, 0), group)))
    std = np.clip(np.stack(list(map(lambda g: np.sqrt(np.var(g, 0)), group))), floor, None)
    k = np.arange(classes)
    return np.stack([np.array(kl_std(mean[k], std[k], mean[[j] * classes], std[[j] * classes])) for j in k], axis=1)
""",
    },
}

KL = """
def kl_std(mean_q, std_q, mean_p, std_p):
    mean_q, std_q, mean_p, std_p = (np.asarray(a, "float64") for a in (mean_q, std_q, mean_p, std_p))
    return {}
"""
LAPLACE = """
def kl_laplace(m, b, M, B):
    d = np.abs(m - M)
    return {}
"""
MIXTURE = """
from scipy.special import logsumexp

def log_density(z, m, s):
    return (-0.5 * ((z - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)).sum(-1)

def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    rng = np.random.default_rng(seed)
    z = mean + std * rng.standard_normal((n, len(mean)))
    log_q, parts = log_density(z, mean, std), log_density(z[:, None], means, stds)
    log_p = logsumexp(parts + np.log(weights), axis=1)
    {}
"""
DONE = "return (log_q - log_p).mean(), (log_q - log_p).std() / np.sqrt(n)"
FULL = """
def sample_full(mean, covariance, epsilon):
    L = tf.linalg.cholesky(covariance)
    return {}
"""
DRAWS = """
def sample_laplace(location, scale, n, seed):
    rng = np.random.default_rng(seed)
    shape = (n, *location.shape)
    {}
"""
THREE = """
def gradient_estimates(mean, std, target, epsilon):
    n = len(epsilon)
    z = mean + std * epsilon
    f = 0.5 * ((z - target) ** 2).sum(1, keepdims=True)
    b = (f.sum() - f) / (n - 1)
    return {}
"""
MATRIX = """
def class_divergences(x, y, classes, floor):
    means = np.array([x[y == k].mean(0) for k in range(classes)])
    stds = np.array([np.maximum(x[y == k].std(0), floor) for k in range(classes)])
    i, j = np.divmod(np.arange(classes**2), classes)
    {}
"""
TERMS = "np.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p)**2) / (2 * std_p**2) - 0.5"

WRONG = [
    # The lecture's and the public examples' slips: variance for σ, mean over the latents, no half, the other direction.
    ("kl_std", "read as variances", KL.format(
        "(0.5 * (np.log(std_p / std_q) + (std_q + (mean_q - mean_p)**2) / std_p - 1)).sum(-1)")),
    ("kl_std", "squared once too often", KL.format(
        "(0.5 * (np.log(std_p**4 / std_q**4) + (std_q**4 + (mean_q - mean_p)**2) / std_p**4 - 1)).sum(-1)")),
    ("kl_std", "logarithms of variances", KL.format(
        "(0.5 * (std_p - std_q + (np.exp(std_q) + (mean_q - mean_p)**2) / np.exp(std_p) - 1)).sum(-1)")),
    ("kl_std", "mean over the coordinates", KL.format(f"({TERMS}).mean(-1)")),
    ("kl_std", "factor ½", KL.format(f"(2 * ({TERMS})).sum(-1)")),
    ("kl_std", "other direction", KL.format(
        "(np.log(std_q / std_p) + (std_p**2 + (mean_q - mean_p)**2) / (2 * std_q**2) - 0.5).sum(-1)")),
    ("kl_std", "a constant of each coordinate is missing", KL.format(f"({TERMS} + 0.5).sum(-1)")),
    ("kl_std", "wrong sign", KL.format(f"({TERMS} - 2 * np.log(std_p / std_q)).sum(-1)")),
    ("kl_std", "not divided by p's variance", KL.format(
        "(np.log(std_p / std_q) + std_q**2 / (2 * std_p**2) + (mean_q - mean_p)**2 / 2 - 0.5).sum(-1)")),
    ("kl_std", "means are left out", KL.format("(np.log(std_p / std_q) + std_q**2 / (2 * std_p**2) - 0.5).sum(-1)")),
    ("kl_std", "one number for the whole batch", KL.format(f"({TERMS}).sum()")),
    ("kl_std", "mean over the batch", KL.format(f"({TERMS}).sum(-1).mean()")),
    ("kl_std", "not added up yet", KL.format(TERMS)),
    ("kl_std", "sum runs over the rows", KL.format(f"({TERMS}).sum(0)")),
    ("kl_std", "digits are lost", """
def kl_std(mean_q, std_q, mean_p, std_p):
    return (np.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p)**2) / (2 * std_p**2) - np.float32(0.5)).sum(-1)
"""),
    ("kl_std", "course's own solutions are taken away", """
from vaelab.losses import kl_divergence

def kl_std(mean_q, std_q, mean_p, std_p):
    return kl_divergence(mean_q, 2 * ops.log(std_q), mean_p, 2 * ops.log(std_p))
"""),
    ("kl_std", "returns nothing", "def kl_std(a, b, c, d):\n    x = (a - c)**2"),
    ("kl_std", "raised NameError", "def kl_std(a, b, c, d):\n    return (a - q) / d"),
    ("kl_std", "SyntaxError", "def kl_std(a, b, c, d)\n    return a"),
    ("kl_laplace", "without its sign", LAPLACE.format(
        "(np.log(B / b) + (m - M) / B + b / B * np.exp(-(m - M) / b) - 1).sum(1)")),
    ("kl_laplace", "formula of two Gaussians with these scales", LAPLACE.format(
        "(np.log(B / b) + (b**2 + d**2) / (2 * B**2) - 0.5).sum(1)")),
    ("kl_laplace", "with the variances of these", LAPLACE.format(
        "(np.log(B / b) + (2 * b**2 + d**2) / (4 * B**2) - 0.5).sum(1)")),
    ("kl_laplace", "other direction", LAPLACE.format("(np.log(b / B) + d / b + B / b * np.exp(-d / B) - 1).sum(1)")),
    ("kl_laplace", "term with the exponential is missing", LAPLACE.format("(np.log(B / b) + d / B - 1).sum(1)")),
    ("kl_laplace", "whose tail", LAPLACE.format("(np.log(B / b) + d / B + b / B * np.exp(-d / B) - 1).sum(1)")),
    ("kl_laplace", "factor in front", LAPLACE.format("(np.log(B / b) + d / B + np.exp(-d / b) - 1).sum(1)")),
    ("kl_laplace", "constant of each coordinate is missing", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b)).sum(1)")),
    ("kl_laplace", "belongs to each coordinate", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b)).sum(1) - 1")),
    ("kl_laplace", "mean over the coordinates", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).mean(1)")),
    ("kl_laplace", "one p for all rows", """
def kl_laplace(m, b, M, B):
    rows = [np.log(B[i] / b[i]) + abs(m[i] - M[i]) / B[i] + b[i] / B[i] * np.exp(-abs(m[i] - M[i]) / b[i]) - 1
            for i in range(len(M))]
    return np.sum(rows, axis=1)
"""),
    ("kl_laplace", "With one p for all rows, of shape (1, d), the values", LAPLACE.replace(
        "    d = ", "    B = B if len(B) == len(b) else B[:, :1]\n    d = ").format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).sum(1)")),
    ("kl_laplace", "For distributions far apart", LAPLACE.replace(
        "np.abs(m - M)", "np.minimum(np.abs(m - M), 50)").format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).sum(1)")),
    ("kl_to_mixture", "draws must come from q", MIXTURE.format("""
    k = rng.choice(len(weights), n, p=weights)
    z = means[k] + stds[k] * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_p - log_density(z, mean, std)
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "draws come from p", MIXTURE.format("""
    k = rng.choice(len(weights), n, p=weights)
    z = means[k] + stds[k] * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_density(z, mean, std) - log_p
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "multiplied by the variance", MIXTURE.format("""
    z = mean + std**2 * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_density(z, mean, std) - log_p
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "logarithms of the parts are averaged", MIXTURE.format(f"log_p = parts @ weights\n    {DONE}")),
    ("kl_to_mixture", "sign is wrong", MIXTURE.format(f"log_p, log_q = log_q, log_p\n    {DONE}")),
    ("kl_to_mixture", "weights of the mixture are not used", MIXTURE.format(
        f"log_p = logsumexp(parts, axis=1) - np.log(len(weights))\n    {DONE}")),
    ("kl_to_mixture", "as if each were 1", MIXTURE.format(f"log_p = logsumexp(parts, axis=1)\n    {DONE}")),
    ("kl_to_mixture", "spread of single draws", MIXTURE.format(
        "return (log_q - log_p).mean(), (log_q - log_p).std()")),
    ("kl_to_mixture", "divided by n", MIXTURE.format("return (log_q - log_p).mean(), (log_q - log_p).std() / n")),
    ("kl_to_mixture", "variance of the average", MIXTURE.format(
        "return (log_q - log_p).mean(), (log_q - log_p).var() / n")),
    ("kl_to_mixture", "densities vanish", MIXTURE.format(
        f"log_p = np.log(np.exp(parts) @ weights)\n    {DONE}")),
    ("kl_to_mixture", "stay with logarithms of densities", MIXTURE.format(
        f"log_p = np.log(np.exp(parts) @ weights + 1e-300)\n    {DONE}")),
    ("kl_to_mixture", "seed isn't used", MIXTURE.replace("default_rng(seed)", "default_rng(0)").format(DONE)),
    ("kl_to_mixture", "another result the second time", MIXTURE.replace(
        "default_rng(seed)", "default_rng()").format(DONE)),
    ("kl_to_mixture", "returns 1 values", MIXTURE.format("return (log_q - log_p).mean()")),
    ("sample_full", "multiplied by the covariance itself", FULL.format("mean + tf.linalg.matvec(covariance, epsilon)")),
    ("sample_full", "transposed", FULL.format("mean + tf.linalg.matvec(L, epsilon, transpose_a=True)")),
    ("sample_full", "Only the diagonal", FULL.format("mean + tf.sqrt(tf.linalg.diag_part(covariance)) * epsilon")),
    ("sample_full", "and as a variance", FULL.format("mean + tf.linalg.diag_part(covariance) * epsilon")),
    ("sample_full", "root is taken of each element", FULL.format(
        "mean + tf.linalg.matvec(tf.sign(covariance) * tf.sqrt(tf.abs(covariance)), epsilon)")),
    ("sample_full", "symmetric root", FULL.format("mean + tf.linalg.matvec(tf.linalg.sqrtm(covariance), epsilon)")),
    ("sample_full", "mean is missing", FULL.format("tf.linalg.matvec(L, epsilon)")),
    ("sample_full", "No gradient reaches the covariance", """
def sample_full(mean, covariance, epsilon):
    return mean + np.einsum("bij,bj->bi", np.linalg.cholesky(np.asarray(covariance)), epsilon)
"""),
    ("sample_full", "Where a gradient is asked for, the values", FULL.format(
        "mean + tf.linalg.matvec(L, epsilon, transpose_a=tf.is_tensor(mean))")),
    ("sample_full", "gradients by the covariance", FULL.format(
        "mean + tf.linalg.matvec(0.5 * (L + tf.stop_gradient(L)), epsilon)")),
    ("sample_full", "noise of the first row", FULL.format("mean + tf.linalg.matvec(L, epsilon[:1])")),
    ("sample_laplace", "scale is read as the standard deviation", DRAWS.format(
        "return location + scale / np.sqrt(2).astype('float32') * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "tails are those of a Gaussian", DRAWS.format(
        "return location + scale * rng.standard_normal(shape).astype('float32')")),
    ("sample_laplace", "square of the scale", DRAWS.format(
        "return location + scale**2 * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "one side", DRAWS.format(
        "return location + scale * rng.exponential(size=shape).astype('float32')")),
    ("sample_laplace", "uniform", DRAWS.format(
        "return location + scale * rng.uniform(-2, 2, shape).astype('float32')")),
    ("sample_laplace", "rows of the batch share", DRAWS.format(
        "return location + scale * rng.laplace(size=(n, 1, location.shape[1])).astype('float32')")),
    ("sample_laplace", "coordinates share", DRAWS.format(
        "return location + scale * rng.laplace(size=(n, location.shape[0], 1)).astype('float32')")),
    ("sample_laplace", "all the same", DRAWS.format(
        "return location + scale * np.repeat(rng.laplace(size=(1, *location.shape)), n, 0).astype('float32')")),
    ("sample_laplace", "seed isn't used", DRAWS.replace("default_rng(seed)", "default_rng(0)").format(
        "return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "other draws the second time", DRAWS.replace("default_rng(seed)", "default_rng()").format(
        "return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "No gradient reaches", DRAWS.format(
        "return tf.constant(rng.laplace(np.asarray(location), np.asarray(scale), shape), 'float32')")),
    ("sample_laplace", "No gradient reaches the scale", DRAWS.format(
        "return location + np.asarray(scale) * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "Where a gradient is asked for, the draws", DRAWS.format(
        "e = rng.laplace(size=shape).astype('float32')\n"
        "    return location + scale * (abs(e) if tf.is_tensor(scale) else e)")),
    ("sample_laplace", "gradients by the location", DRAWS.format(
        "location = 0.5 * (location + tf.stop_gradient(location))\n"
        "    return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "gradients by the scale", DRAWS.format(
        "scale = 0.5 * (scale + tf.stop_gradient(scale))\n"
        "    return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("gradient_estimates", "pathwise: the target is missing", THREE.format(
        "z, f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "derivative by std", THREE.format(
        "(z - target) * epsilon, f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "the division is missing", THREE.format("z - target, f * epsilon, (f - b) * epsilon")),
    ("gradient_estimates", "not by the variance", THREE.format(
        "z - target, f * epsilon / std**2, (f - b) * epsilon / std**2")),
    ("gradient_estimates", "includes the draw itself", THREE.format(
        "z - target, f * epsilon / std, (f - f.mean()) * epsilon / std")),
    ("gradient_estimates", "divided by n", THREE.format(
        "z - target, f * epsilon / std, (f - (f.sum() - f) / n) * epsilon / std")),
    ("gradient_estimates", "baseline is added", THREE.format(
        "z - target, f * epsilon / std, (f + b) * epsilon / std")),
    ("gradient_estimates", "own part is not enough", THREE.format(
        "z - target, 0.5 * (z - target)**2 * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "not their average", THREE.format(
        "(z - target).mean(0), (f * epsilon / std).mean(0), ((f - b) * epsilon / std).mean(0)")),
    ("gradient_estimates", "has a ½", THREE.format("z - target, 2 * f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "multiplied by the variance", THREE.replace("std * epsilon", "std**2 * epsilon", 1).format(
        "z - target, f * epsilon / std, (f - b) * epsilon / std")),
    ("class_divergences", "Rows and columns are exchanged", MATRIX.format(
        "return np.reshape(kl_std(means[j], stds[j], means[i], stds[i]), (classes, classes))")),
    ("class_divergences", "variance is handed over", MATRIX.replace("x[y == k].std(0)", "x[y == k].var(0)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "divides by n - 1", MATRIX.replace(".std(0)", ".std(0, ddof=1)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "floor is applied to the variance", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "np.sqrt(np.maximum(x[y == k].var(0), floor))").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "floor is added", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "x[y == k].std(0) + floor").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "averaged over the features", MATRIX.format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes)) / x.shape[1]")),
    ("class_divergences", "NaN or infinite", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "x[y == k].std(0)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "two directions are averaged", MATRIX.format(
        "t = np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))\n    return (t + t.T) / 2")),
]  # fmt: skip
