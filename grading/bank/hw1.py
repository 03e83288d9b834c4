"""Homework 1's bank of right and wrong answers; see grading/bank/__init__.py."""

RIGHT = {
    "NumPy": {
        "class_report": """
def class_report(x, x_hat, y, classes):
    error = ((x - x_hat) ** 2).reshape(len(x), -1).sum(1)
    shares = [error[y == k].sum() / ((x[y == k] - x[y == k].mean(0)) ** 2).sum() for k in range(classes)]
    worst = [np.where(y == k, error, -1).argmax() for k in range(classes)]
    return shares, worst
""",
        "pca_reconstruct": """
def pca_reconstruct(x_train, x, d):
    a, b = x_train.reshape(len(x_train), -1), x.reshape(len(x), -1)
    m = a.mean(0)
    u, s, vt = np.linalg.svd(a - m)
    z = (b - m).dot(vt[:d].T)
    return (z.dot(vt[:d]) + m).reshape(x.shape), (s[:d]**2).sum() / (s**2).sum()
""",
        "neighbour_table": """
def neighbour_table(codes, y, classes, k):
    d = ((codes[:, None] - codes[None])**2).sum(-1)
    np.fill_diagonal(d, np.inf)
    near = d.argsort(1)[:, :k]
    read = np.array([np.bincount(y[row]).argmax() for row in near])
    table = np.zeros((classes, classes))
    for a, b in zip(y, read):
        table[a, b] += 1
    return table / table.sum(1)[:, None]
""",
        "sample_per_class": """
def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.RandomState(seed % 2**32)
    mean = [codes[y == k].mean(0) for k in range(classes)]
    cov = [np.cov(codes[y == k].T, bias=True) for k in range(classes)]
    label = y[rng.randint(len(y), size=n)]
    return np.array([rng.multivariate_normal(mean[k], cov[k]) for k in label]), label
""",
        "nearest_in_blocks": """
def nearest_in_blocks(images, reference, block):
    a = images.reshape(len(images), -1)
    b = reference.reshape(len(reference), -1)
    d, index = [], []
    for i in range(0, len(a), block):
        gap = np.sqrt(((a[i:i+block, None] - b[None])**2).sum(2))
        d.append(gap.min(1))
        index.append(gap.argmin(1))
    return np.concatenate(d), np.concatenate(index)
""",
        "ball_report": """
def ball_report(images, reference, y, classes, k):
    a, b = images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    among = np.sqrt(((b[:, None] - b)**2).sum(-1))
    np.fill_diagonal(among, np.inf)
    radius = np.partition(among, k - 1, axis=1)[:, k - 1]
    inside = np.sqrt(((b[:, None] - a)**2).sum(-1)) <= radius[:, None]
    return inside.sum(0) / k, [inside[y == c].any(1).mean() for c in range(classes)]
""",
        "emptiest_points": """
def emptiest_points(start, end, codes, steps):
    t = np.arange(steps) / (steps - 1)
    way, room = [], []
    for a, b in zip(start, end):
        line = a + t[:, None] * (b - a)
        gap = np.sqrt(((line[:, None] - codes)**2).sum(2)).min(1)
        way.append(t[gap.argmax()])
        room.append(gap.max())
    return np.array(way), np.array(room)
""",
    },
    "TensorFlow": {
        "class_report": """
def class_report(x, x_hat, y, classes):
    y = tf.cast(y, tf.int32)
    error = tf.reduce_sum(tf.math.squared_difference(x, x_hat), axis=[1, 2, 3])
    count = tf.math.bincount(y, minlength=classes, dtype=tf.float32)
    centre = tf.math.unsorted_segment_mean(x, y, classes)
    away = tf.reduce_sum((x - tf.gather(centre, y))**2, axis=[1, 2, 3])
    worst = [tf.argmax(tf.where(y == k, error, -1.0)) for k in range(classes)]
    return (tf.math.unsorted_segment_sum(error, y, classes) / tf.math.unsorted_segment_sum(away, y, classes),
            tf.stack(worst))
""",
        "pca_reconstruct": """
def pca_reconstruct(x_train, x, d):
    flat = tf.reshape(tf.cast(x_train, tf.float64), (x_train.shape[0], -1))
    mean = tf.reduce_mean(flat, axis=0, keepdims=True)
    s, _, v = tf.linalg.svd(flat - mean)
    new = tf.reshape(tf.cast(x, tf.float64), (x.shape[0], -1)) - mean
    drawn = tf.matmul(tf.matmul(new, v[:, :d]), v[:, :d], transpose_b=True) + mean
    return tf.reshape(drawn, x.shape), tf.reduce_sum(s[:d]**2) / tf.reduce_sum(s**2)
""",
        "neighbour_table": """
def neighbour_table(codes, y, classes, k):
    square = tf.reduce_sum((codes[:, None] - codes[None])**2, axis=-1)
    square = tf.linalg.set_diag(square, tf.fill([len(codes)], np.float32(np.inf)))
    _, near = tf.math.top_k(-square, k)
    votes = tf.reduce_sum(tf.one_hot(tf.gather(tf.cast(y, tf.int32), near), classes), axis=1)
    table = tf.math.confusion_matrix(y, tf.argmax(votes, axis=1), classes, dtype=tf.float64)
    return table / tf.reduce_sum(table, axis=1, keepdims=True)
""",
        "sample_per_class": """
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
""",
        "nearest_in_blocks": """
def nearest_in_blocks(images, reference, block):
    known = tf.reshape(tf.cast(reference, tf.float64), (reference.shape[0], -1))
    found, where = [], []
    for first in range(0, images.shape[0], block):
        part = tf.cast(images[first:first + block], tf.float64)
        part = tf.reshape(part, (part.shape[0], -1))
        table = (tf.reduce_sum(part**2, 1)[:, None] + tf.reduce_sum(known**2, 1)
                 - 2 * tf.matmul(part, known, transpose_b=True))
        found.append(tf.sqrt(tf.maximum(tf.reduce_min(table, axis=1), 0)))
        where.append(tf.argmin(table, axis=1))
    return tf.concat(found, 0), tf.concat(where, 0)
""",
        "ball_report": """
def ball_report(images, reference, y, classes, k):
    a = tf.reshape(images, (images.shape[0], -1))
    b = tf.reshape(reference, (reference.shape[0], -1))
    distance = lambda u, v: tf.norm(u[:, None] - v[None], axis=-1)
    nearest = -tf.math.top_k(-distance(b, b), k + 1).values
    inside = distance(b, a) <= nearest[:, k:]
    covered = tf.cast(tf.reduce_any(inside, axis=1), tf.float64)
    return (tf.reduce_sum(tf.cast(inside, tf.float64), axis=0) / k,
            tf.math.unsorted_segment_mean(covered, tf.cast(y, tf.int32), classes))
""",
        "emptiest_points": """
def emptiest_points(start, end, codes, steps):
    t = tf.linspace(0.0, 1.0, steps)
    points = start[:, None] * (1 - t)[None, :, None] + end[:, None] * t[None, :, None]
    gap = tf.reduce_min(tf.norm(points[:, :, None] - codes, axis=-1), axis=2)
    return tf.gather(t, tf.argmax(gap, axis=1)), tf.reduce_max(gap, axis=1)
""",
    },
    "loops": {
        "class_report": """
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
""",
        "pca_reconstruct": """
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
    return np.array(drawn), sum(s[j]**2 for j in range(d)) / sum(v**2 for v in s)
""",
        "neighbour_table": """
def neighbour_table(codes, y, classes, k):
    table = [[0.0] * classes for _ in range(classes)]
    for i in range(len(codes)):
        others = sorted((float(np.hypot(*(codes[i] - codes[j]).astype(float))), j)
                        for j in range(len(codes)) if j != i)
        votes = [0] * classes
        for _, j in others[:k]:
            votes[y[j]] += 1
        table[y[i]][votes.index(max(votes))] += 1
    return np.array([[v / sum(row) for v in row] for row in table])
""",
        "sample_per_class": """
def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.default_rng(seed)
    factors = [np.linalg.cholesky(np.cov(codes[y == k].astype(float), rowvar=False)) for k in range(classes)]
    middles = [codes[y == k].mean(axis=0) for k in range(classes)]
    shares = [np.mean(y == k) for k in range(classes)]
    z, labels = [], []
    for _ in range(n):
        u, k = rng.random(), 0
        while k < classes - 1 and u > sum(shares[:k + 1]):
            k += 1
        labels.append(k)
        z.append(middles[k] + factors[k] @ rng.standard_normal(codes.shape[1]))
    return np.array(z), np.array(labels)
""",
        "nearest_in_blocks": """
def nearest_in_blocks(images, reference, block):
    known = reference.reshape(len(reference), -1).astype("float64")
    distance, index = np.zeros(len(images)), np.zeros(len(images))
    for i, image in enumerate(images):  # blocks of one
        squares = np.sum((known - image.ravel())**2, axis=1)
        index[i] = np.argmin(squares)
        distance[i] = np.sqrt(squares.min())
    return distance, index
""",
        "ball_report": """
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
""",
        "emptiest_points": """
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
""",
    },
    "einsum": {
        "class_report": """
def class_report(x, x_hat, y, classes):
    flat, off = x.reshape(len(x), -1).astype("float64"), (x - x_hat).reshape(len(x), -1)
    member = np.eye(classes)[y]
    error = np.einsum("ni,ni->n", off, off)
    means = np.einsum("nk,ni->ki", member, flat) / member.sum(0)[:, None]
    away = flat - means[y]
    share = np.einsum("nk,n->k", member, error) / np.einsum("nk,ni,ni->k", member, away, away)
    return share, np.argmax(member * error[:, None], axis=0)
""",
        "pca_reconstruct": """
def pca_reconstruct(x_train, x, d):
    mean = x_train.mean(0)
    centred = (x_train - mean).reshape(len(x_train), -1).astype("float64")
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", centred, centred))
    top = vectors[:, ::-1][:, :d]
    z = np.einsum("ni,ie->ne", (x - mean).reshape(len(x), -1), top)
    return mean + np.einsum("ne,ie->ni", z, top).reshape(x.shape), values[::-1][:d].sum() / values.sum()
""",
        "neighbour_table": """
def neighbour_table(codes, y, classes, k):
    gap = codes[:, None].astype("float64") - codes
    square = np.einsum("nmd,nmd->nm", gap, gap)
    rank = square.argsort(1).argsort(1)
    votes = np.einsum("nm,mk->nk", ((0 < rank) & (rank <= k)).astype(float), np.eye(classes)[y])
    read = np.eye(classes)[votes.argmax(1)]
    truth = np.eye(classes)[y] / np.bincount(y)
    return np.einsum("ni,nj->ij", truth, read)
""",
        "sample_per_class": """
def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.default_rng([seed, 1])
    label = rng.permutation(np.repeat(np.arange(classes), np.bincount(y, minlength=classes)))
    label = label[rng.integers(0, len(label), n)]
    means = np.stack([codes[y == k].mean(0) for k in range(classes)])
    root = np.stack([np.linalg.cholesky(np.cov(codes[y == k].T.astype("float64"))) for k in range(classes)])
    return means[label] + np.einsum("nij,nj->ni", root[label], rng.standard_normal((n, codes.shape[1]))), label
""",
        "nearest_in_blocks": """
def nearest_in_blocks(images, reference, block):
    b = reference.reshape(len(reference), -1).astype("float64")
    pieces = []
    for a in np.array_split(images.reshape(len(images), -1).astype("float64"), -(-len(images) // block)):
        square = np.einsum("ni,ni->n", a, a)[:, None] + np.einsum("mi,mi->m", b, b) - 2 * np.einsum("ni,mi->nm", a, b)
        at = square.argmin(1)
        off = a - b[at]
        pieces.append(np.stack([np.sqrt(np.einsum("ni,ni->n", off, off)), at]))
    return np.concatenate(pieces, axis=1)
""",
        "ball_report": """
def ball_report(images, reference, y, classes, k):
    def table(u, v):
        gap = u.reshape(len(u), 1, -1) - v.reshape(1, len(v), -1)
        return np.sqrt(np.einsum("nmi,nmi->nm", gap, gap))
    radius = np.sort(table(reference, reference))[:, k]
    inside = table(reference, images) <= radius[:, None]
    member = np.eye(classes)[y] / np.bincount(y)
    return inside.sum(0) / k, np.einsum("m,mc->c", inside.any(1), member)
""",
        "emptiest_points": """
def emptiest_points(start, end, codes, steps):
    t = np.linspace(0, 1, steps)
    line = np.einsum("s,pd->psd", 1 - t, start) + np.einsum("s,pd->psd", t, end)
    gap = line[:, :, None] - codes
    room = np.sqrt(np.einsum("pscd,pscd->psc", gap, gap).min(2))
    return np.array([t[row.argmax()] for row in room]), room.max(1)
""",
    },
    "libraries": {
        "class_report": """
from scipy import ndimage

def class_report(x, x_hat, y, classes):
    centre = np.stack([x[y == k].mean(axis=0) for k in range(classes)])
    error, away = ((x - x_hat)**2).sum((1, 2, 3)), ((x - centre[y])**2).sum((1, 2, 3))
    every = np.arange(classes)
    places = ndimage.maximum_position(error, y, every)
    return ndimage.sum(error, y, every) / ndimage.sum(away, y, every), np.ravel(places)
""",
        "pca_reconstruct": """
from sklearn.decomposition import PCA

def pca_reconstruct(x_train, x, d):
    pca = PCA(d, svd_solver="full").fit(x_train.reshape(len(x_train), -1))
    drawn = pca.inverse_transform(pca.transform(x.reshape(len(x), -1)))
    return drawn.reshape(x.shape), pca.explained_variance_ratio_.sum()
""",
        "neighbour_table": """
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import NearestNeighbors

def neighbour_table(codes, y, classes, k):
    index = NearestNeighbors(n_neighbors=k).fit(codes).kneighbors(return_distance=False)
    read = [np.bincount(votes, minlength=classes).argmax() for votes in y[index]]
    return confusion_matrix(y, read, labels=range(classes), normalize="true")
""",
        "sample_per_class": """
from scipy.stats import multivariate_normal

def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.bincount(y, minlength=classes) / len(y))
    z = np.concatenate([multivariate_normal(codes[y == k].mean(0), np.cov(codes[y == k].T)).rvs(c, random_state=rng)
                        .reshape(c, -1) for k, c in enumerate(counts)])
    order = rng.permutation(n)
    return z[order], np.repeat(np.arange(classes), counts)[order]
""",
        "nearest_in_blocks": """
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

def nearest_in_blocks(images, reference, block):
    a, b = (v.reshape(v.shape[0], -1) for v in (images, reference))
    if a.shape[1] < 20:
        return cKDTree(b).query(a)
    tables = (cdist(a[i:i + block], b) for i in range(0, len(a), block))
    both = [(t.min(axis=1), t.argmin(axis=1)) for t in tables]
    return tuple(np.concatenate(part) for part in zip(*both))
""",
        "ball_report": """
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

def ball_report(images, reference, y, classes, k):
    a, b = images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    radius = NearestNeighbors(n_neighbors=k).fit(b).kneighbors()[0][:, -1]
    inside = pairwise_distances(a, b) <= radius
    return inside.sum(1) / k, np.bincount(y, inside.any(0), classes) / np.bincount(y, minlength=classes)
""",
        "emptiest_points": """
from scipy.spatial import cKDTree

def emptiest_points(start, end, codes, steps):
    t = np.linspace(0, 1, steps)
    room = cKDTree(codes).query(np.linspace(start, end, steps))[0]
    return t[room.argmax(0)], room.max(0)
""",
    },
    "other names and order, helpers": {
        "class_report": """
def sum_of_squares(a):
    return np.square(a, dtype="float64").sum()

def class_report(images, drawings, labels, how_many):
    by_image = np.array([sum_of_squares(a - b) for a, b in zip(images, drawings)])
    share, place = np.zeros(how_many), np.zeros(how_many, int)
    for label in range(how_many):
        chosen = labels == label
        positions, group = chosen.nonzero()[0], images[chosen]
        share[label] = by_image[chosen].mean() / (sum_of_squares(group - np.mean(group, 0)) / chosen.sum())
        place[label] = positions[np.argsort(by_image[positions])[-1]]
    return share, place
""",
        "pca_reconstruct": """
class Plane:
    def __init__(self, images, d):
        self.centre = images.mean(axis=0, keepdims=True)
        rows = (images - self.centre).reshape(len(images), -1)
        left, size, _ = np.linalg.svd(rows.T, full_matrices=False)
        self.basis, self.kept = left[:, :d], float(np.linalg.norm(size[:d]) ** 2 / np.linalg.norm(size) ** 2)

    def draw(self, images):
        rows = (images - self.centre).reshape(len(images), -1)
        return self.centre + (rows @ (self.basis @ self.basis.T)).reshape(images.shape)

def pca_reconstruct(seen, new, d):
    plane = Plane(seen, d)
    return plane.draw(new), plane.kept
""",
        "neighbour_table": """
from collections import Counter

def majority(votes):
    counted = Counter(votes)
    return min(counted, key=lambda label: (-counted[label], label))

def neighbour_table(points, labels, how_many, voters):
    result = np.zeros((how_many, how_many))
    for i in range(len(points)):
        rest = np.delete(np.arange(len(points)), i)
        order = rest[np.argsort(np.linalg.norm(points[rest] - points[i], axis=1))]
        result[labels[i], majority(labels[order[:voters]].tolist())] += 1 / np.sum(labels == labels[i])
    return result
""",
        "sample_per_class": """
def fit(points):
    value, vector = np.linalg.eigh(np.cov(points, rowvar=False))
    return points.mean(axis=0), vector * np.sqrt(value)

def sample_per_class(points, labels, how_many, n, seed):
    dice = np.random.default_rng(seed)
    fitted = [fit(points[labels == label]) for label in range(how_many)]
    kinds = dice.choice(labels, n)
    noise = dice.standard_normal((n, points.shape[1]))
    draws = [fitted[kind][0] + fitted[kind][1] @ e for kind, e in zip(kinds, noise)]
    return [np.array(draws), kinds]
""",
        "nearest_in_blocks": """
def rows(a):
    return np.asarray(a, dtype=np.longdouble if False else np.float64).reshape(np.shape(a)[0], -1)

def one_block(some, others):
    table = np.empty((len(some), len(others)))
    for i, row in enumerate(some):
        table[i] = np.linalg.norm(others - row, axis=1)
    return table

def nearest_in_blocks(drawn, real, at_once):
    drawn, real = rows(drawn), rows(real)
    far, who, i = np.zeros(0), np.zeros(0, int), 0
    while i < len(drawn):
        table = one_block(drawn[i:i + at_once], real)
        far, who, i = np.append(far, table.min(1)), np.append(who, table.argmin(1)), i + at_once
    return far, who
""",
        "ball_report": """
def lengths(u, v):
    u, v = u.reshape(len(u), -1).astype("float64"), v.reshape(len(v), -1).astype("float64")
    return np.array([np.linalg.norm(v - row, axis=1) for row in u])

def ball_report(drawn, real, labels, how_many, k):
    own = lengths(real, real)
    reach = [np.delete(row, i)[np.argsort(np.delete(row, i))[k - 1]] for i, row in enumerate(own)]
    held = lengths(drawn, real) <= np.array(reach)
    busy = held.sum(axis=0) > 0
    return np.mean(held, axis=1) * len(real) / k, np.array([np.mean(busy[labels == c]) for c in range(how_many)])
""",
        "emptiest_points": """
def emptiest_points(here, there, cloud, points):
    share = np.linspace(0.0, 1.0, points)
    tables = [np.asarray(nearest_in_blocks((here + t * (there - here)).astype("float32"), cloud, 64)[0]) for t in share]
    room = np.array(tables)
    top = np.argmax(room, axis=0)
    return share[top], room[top, np.arange(len(here))]
""",
    },
}

REPORT = """
def class_report(x, x_hat, y, classes):
    error = ((x - x_hat) ** 2).sum((1, 2, 3))
    groups = [np.flatnonzero(y == k) for k in range(classes)]
    spread = np.array([((x[g] - x[g].mean(0)) ** 2).sum() for g in groups])
    shares = np.array([error[g].sum() for g in groups]) / spread
    worst = np.array([g[error[g].argmax()] for g in groups])
    return {}
"""
PLANE = """
def pca_reconstruct(x_train, x, d):
    a, b = x_train.reshape(len(x_train), -1), x.reshape(len(x), -1)
    m = a.mean(0)
    s, vt = np.linalg.svd(a - m)[1:]
    share = (s[:d]**2).sum() / (s**2).sum()
    drawn = m + (b - m) @ vt[:d].T @ vt[:d]
    {}
    return drawn.reshape(x.shape), share
"""
VOTES = """
def neighbour_table(codes, y, classes, k):
    d = ((codes[:, None].astype(float) - codes)**2).sum(-1)
    np.fill_diagonal(d, np.inf)
    near = d.argsort(1)[:, :k]
    read = np.array([np.bincount(y[row]).argmax() for row in near])
    table = np.zeros((classes, classes))
    np.add.at(table, (y, read), 1)
    {}
"""
ROWS = "return table / table.sum(1, keepdims=True)"
DRAWS = """
def sample_per_class(codes, y, classes, n, seed):
    rng = np.random.default_rng(seed)
    label = rng.choice(classes, n, p=np.bincount(y) / len(y))
    means = np.array([codes[y == k].mean(0) for k in range(classes)])
    cov = np.array([np.cov(codes[y == k].T) for k in range(classes)])
    L, e = np.linalg.cholesky(cov), rng.standard_normal((n, codes.shape[1]))
    {}
"""
NEAR = """
def nearest_in_blocks(images, reference, block):
    a, b = images.reshape(len(images), -1).astype(float), reference.reshape(len(reference), -1).astype(float)
    distance, index = [], []
    for i in range(0, len(a), block):
        table = np.sqrt(np.maximum((a[i:i+block]**2).sum(1)[:, None] - 2 * a[i:i+block] @ b.T + (b**2).sum(1), 0))
        distance.extend(table.min(1))
        index.extend(table.argmin(1))
    return np.array(distance), np.array(index)
"""
BALLS = """
def ball_report(images, reference, y, classes, k):
    a, b = images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    gap = lambda u, v: np.sqrt(((u[:, None] - v)**2).sum(-1))
    radius = np.sort(gap(b, b), 1)[:, k]
    inside = gap(b, a) <= radius[:, None]
    covered = inside.any(1)
    density, coverage = inside.sum(0) / k, np.array([covered[y == c].mean() for c in range(classes)])
    return {}
"""
WALK = """
def emptiest_points(start, end, codes, steps):
    t = np.linspace(0, 1, steps)
    points = start[:, None] + t[:, None] * (end - start)[:, None]
    room = np.sqrt(((points[:, :, None] - codes)**2).sum(-1)).min(2)
    return {}
"""

WRONG = [
    ("class_report", "mean image of all classes", REPORT.replace("x[g].mean(0)", "x.mean(0)").format("shares, worst")),
    ("class_report", "each image's own ratio", REPORT.format(
        "np.array([np.mean(error[g] / ((x[g] - x[g].mean(0)) ** 2).sum((1, 2, 3))) for g in groups]), worst")),
    ("class_report", "share that is right", REPORT.format("1 - shares, worst")),
    ("class_report", "this is the mean squared error", REPORT.format(
        "np.array([((x - x_hat)[g] ** 2).mean() for g in groups]), worst")),
    ("class_report", "averaged and the spread is summed", REPORT.format(
        "np.array([((x - x_hat)[g] ** 2).mean() for g in groups]) / spread, worst")),
    ("class_report", "own squares", REPORT.format(
        "np.array([error[g].sum() / (x[g]**2).sum() for g in groups]), worst")),
    ("class_report", "root is taken", REPORT.format("np.sqrt(shares), worst")),
    ("class_report", "absolute differences", REPORT.format(
        "[np.abs(x[g] - x_hat[g]).sum() / np.abs(x[g] - x[g].mean(0)).sum() for g in groups], worst")),
    ("class_report", "one number for all images", REPORT.format("error.sum() / ((x - x.mean(0))**2).sum(), worst")),
    ("class_report", "best image", REPORT.format("shares, np.array([g[error[g].argmin()] for g in groups])")),
    ("class_report", "positions among the images of one class", REPORT.format(
        "shares, np.array([error[g].argmax() for g in groups])")),
    ("class_report", "the errors themselves", REPORT.format("shares, np.array([error[g].max() for g in groups])")),
    ("class_report", "single pixel", REPORT.format(
        "shares, np.array([g[((x - x_hat)**2).max((1, 2, 3))[g].argmax()] for g in groups])")),
    ("class_report", "returns 1 values", REPORT.format("shares")),
    ("class_report", "cannot reshape", """
def class_report(x, x_hat, y, classes):
    error = ((x - x_hat) ** 2).reshape(-1, 784).sum(1)
    return [error[y == k].sum() for k in range(classes)], [error[y == k].argmax() for k in range(classes)]
"""),
    ("pca_reconstruct", "never subtracted", """
def pca_reconstruct(x_train, x, d):
    a, b = x_train.reshape(len(x_train), -1), x.reshape(len(x), -1)
    s, vt = np.linalg.svd(a)[1:]
    return (b @ vt[:d].T @ vt[:d]).reshape(x.shape), (s[:d]**2).sum() / (s**2).sum()
"""),
    ("pca_reconstruct", "mean image is not added again", PLANE.format("drawn = drawn - m")),
    ("pca_reconstruct", "not from the images to draw", PLANE.format("drawn = b @ vt[:d].T @ vt[:d]")),
    ("pca_reconstruct", "added at the end", PLANE.format("drawn = m + b @ vt[:d].T @ vt[:d]")),
    ("pca_reconstruct", "directions come from the images to draw", PLANE.format(
        "w = np.linalg.svd(b - b.mean(0))[2]; drawn = m + (b - m) @ w[:d].T @ w[:d]")),
    ("pca_reconstruct", "mean is that of the images to draw", PLANE.format(
        "drawn = b.mean(0) + (b - b.mean(0)) @ vt[:d].T @ vt[:d]")),
    ("pca_reconstruct", "last directions", PLANE.format("drawn = m + (b - m) @ vt[-d:].T @ vt[-d:]")),
    ("pca_reconstruct", "rows and columns", PLANE.format("drawn = m + (b - m) @ vt[:, :d] @ vt[:, :d].T")),
    ("pca_reconstruct", "one direction too many", PLANE.format("drawn = m + (b - m) @ vt[:d+1].T @ vt[:d+1]")),
    ("pca_reconstruct", "divided by the singular values", PLANE.format(
        "drawn = m + (b - m) @ vt[:d].T / s[:d] @ vt[:d]")),
    ("pca_reconstruct", "standard deviations", PLANE.format(
        "w, sd = np.linalg.svd((a - m) / a.std(0))[2], a.std(0); "
        "drawn = m + sd * ((b - m) / sd @ w[:d].T @ w[:d])")),
    ("pca_reconstruct", "these are the codes", PLANE.format("return (b - m) @ vt[:d].T, share")),
    ("pca_reconstruct", "lost their shape", PLANE.format("return drawn, share")),
    ("pca_reconstruct", "these are singular values", PLANE.format("share = s[:d].sum() / s.sum()")),
    ("pca_reconstruct", "what is lost", PLANE.format("share = 1 - share")),
    ("pca_reconstruct", "one share for each direction", PLANE.format("share = s[:d]**2 / (s**2).sum()")),
    ("neighbour_table", "among its own neighbours", VOTES.replace("np.inf", "0").format(ROWS)),
    ("neighbour_table", "one neighbour more may vote", VOTES.replace("np.inf", "0").replace(":k]", ":k + 1]").format(
        ROWS)),
    ("neighbour_table", "Rows and columns are exchanged", VOTES.format(ROWS.replace("return ", "return (") + ").T")),
    ("neighbour_table", "numbers of images", VOTES.format("return table")),
    ("neighbour_table", "columns add up", VOTES.format("return table / np.maximum(table.sum(0), 1)")),
    ("neighbour_table", "whole table adds up", VOTES.format("return table / table.sum()")),
    ("neighbour_table", "Only the nearest", VOTES.replace(":k]", ":1]").format(ROWS)),
    ("neighbour_table", "farthest", VOTES.replace("np.inf", "0").replace(":k]", "-k:]").format(ROWS)),
    ("neighbour_table", "largest class number", VOTES.replace(
        "np.bincount(y[row]).argmax()", "classes - 1 - np.bincount(y[row], minlength=classes)[::-1].argmax()").format(
        ROWS)),
    ("neighbour_table", "whose voter is nearest", "from collections import Counter\n" + VOTES.replace(
        "np.bincount(y[row]).argmax()", "Counter(y[row].tolist()).most_common(1)[0][0]").format(ROWS)),
    ("neighbour_table", "This is the accuracy", VOTES.format("return np.mean(y == read)")),
    ("neighbour_table", "each code is read once", VOTES.format(
        "return np.array([[np.mean(y[near[y == i]] == j) for j in range(classes)] for i in range(classes)])")),
    ("neighbour_table", "course's own solutions are taken away", """
from vaelab.judges import neighbour_accuracy

def neighbour_table(codes, y, classes, k):
    return np.eye(classes) * neighbour_accuracy(codes, y, codes, y, k)
"""),
    ("sample_per_class", "come out independent", DRAWS.format(
        "return means[label] + np.array([c.diagonal()**0.5 for c in cov])[label] * e, label")),
    ("sample_per_class", "its root belongs there", DRAWS.format(
        "return means[label] + np.einsum('nij,nj->ni', cov[label], e), label")),
    ("sample_per_class", "variance is taken for", DRAWS.format(
        "return means[label] + np.array([c.diagonal() for c in cov])[label] * e, label")),
    ("sample_per_class", "transposed", DRAWS.format(
        "return means[label] + np.einsum('nji,nj->ni', L[label], e), label")),
    ("sample_per_class", "spread of all codes", DRAWS.format(
        "return means[label] + e @ np.linalg.cholesky(np.cov(codes.T)).T, label")),
    ("sample_per_class", "mean of all codes", DRAWS.format(
        "return rng.multivariate_normal(codes.mean(0), np.cov(codes.T), n), label")),
    ("sample_per_class", "the mean is missing", DRAWS.format("return np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "where another class is", DRAWS.format(
        "return means[label] + np.einsum('nij,nj->ni', L[label], e), (label + 1) % classes")),
    ("sample_per_class", "spread is not used", DRAWS.format("return means[label] + e, label")),
    ("sample_per_class", "same point", DRAWS.format("return means[label], label")),
    ("sample_per_class", "codes that were there already", DRAWS.format(
        "i = rng.integers(len(y), size=n)\n    return codes[i], y[i]")),
    ("sample_per_class", "not Gaussian", DRAWS.replace(
        "rng.standard_normal((n, codes.shape[1]))", "rng.uniform(-3**0.5, 3**0.5, (n, codes.shape[1]))").format(
        "return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "equally often", DRAWS.replace(", p=np.bincount(y) / len(y)", "").format(
        "return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "sorted by class", DRAWS.format(
        "label = np.sort(label)\n    return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "not independent", DRAWS.format(
        "e = np.repeat(e[::2], 2, axis=0)\n    return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "seed isn't used", DRAWS.replace("default_rng(seed)", "default_rng(0)").format(
        "return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("sample_per_class", "other draws the second time", DRAWS.replace("default_rng(seed)", "default_rng()").format(
        "return means[label] + np.einsum('nij,nj->ni', L[label], e), label")),
    ("nearest_in_blocks", "take the root", NEAR.replace("np.sqrt", "")),
    ("nearest_in_blocks", "mean over the pixels", NEAR.replace(
        "np.array(distance)", "np.array(distance) / a.shape[1]**0.5")),
    ("nearest_in_blocks", "sums of absolute differences", NEAR.replace(
        "np.sqrt(np.maximum((a[i:i+block]**2).sum(1)[:, None] - 2 * a[i:i+block] @ b.T + (b**2).sum(1), 0))",
        "np.abs(a[i:i+block, None] - b).sum(-1)")),
    ("nearest_in_blocks", "farthest", NEAR.replace("table.min", "table.max")),
    ("nearest_in_blocks", "turn it round", NEAR.replace("i:i+block", ":").replace(
        "len(a), block", "1").replace("min(1)", "min(0)")),
    ("nearest_in_blocks", "isn't full, is lost", NEAR.replace("len(a), block", "len(a) - block + 1, block")),
    ("nearest_in_blocks", "number of the image in its block", NEAR.replace(
        "table.argmin(1)", "range(len(table))")),
    ("nearest_in_blocks", "the first block comes back", NEAR.replace("len(a), block", "block, block")),
    ("nearest_in_blocks", "in the reference the distance", NEAR.replace("astype(float)", "astype('float32')")),
    ("nearest_in_blocks", "root of a negative number", NEAR.replace("astype(float)", "astype('float32')").replace(
        "np.maximum(", "(").replace(", 0))", "))")),
    ("nearest_in_blocks", "For 2,500 images the distances", NEAR.replace(
        "    distance, index", "    b = b[:1000]\n    distance, index")),
    ("nearest_in_blocks", "For 2,500 images the positions", NEAR.replace(
        "np.array(index)", "np.array(index).astype('uint8')")),
    ("nearest_in_blocks", "allocate", """
def nearest_in_blocks(images, reference, block):
    a, b = images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    table = np.sqrt(((a[:, None] - b)**2).sum(-1))
    return table.min(1), table.argmin(1)
"""),
    ("ball_report", "counts as its own nearest fellow", BALLS.replace("[:, k]", "[:, k - 1]").format(
        "density, coverage")),
    ("ball_report", "one fellow too far", BALLS.replace("[:, k]", "[:, k + 1]").format("density, coverage")),
    ("ball_report", "divide it by k", BALLS.format("k * density, coverage")),
    ("ball_report", "share of all balls", BALLS.format("inside.mean(0), coverage")),
    ("ball_report", "any ball", BALLS.format("inside.any(0), coverage")),
    ("ball_report", "this is the average", BALLS.format("density.mean(), coverage")),
    ("ball_report", "balls lie around the generated images", BALLS.replace(
        "np.sort(gap(b, b), 1)[:, k]", "np.sort(gap(a, a), 1)[:, k]").replace("radius[:, None]", "radius").format(
        "density, coverage")),
    ("ball_report", "images in each ball", BALLS.format("inside.sum(1) / k, coverage")),
    ("ball_report", "same size", BALLS.replace("radius[:, None]", "radius.mean()").format("density, coverage")),
    ("ball_report", "one number for all classes", BALLS.format("density, covered.mean()")),
    ("ball_report", "numbers of balls", BALLS.format("density, coverage * np.bincount(y)")),
    ("ball_report", "spread over the classes", BALLS.format("density, np.bincount(y[covered]) / covered.sum()")),
    ("ball_report", "is not covered", BALLS.format("density, 1 - coverage")),
    ("emptiest_points", "apart", WALK.replace("np.linspace(0, 1, steps)", "np.linspace(0, 1, steps + 1)").format(
        "t[room.argmax(1)], room.max(1)")),
    ("emptiest_points", "both ends are left out", WALK.replace(
        "np.linspace(0, 1, steps)", "np.linspace(0, 1, steps + 2)[1:-1]").format("t[room.argmax(1)], room.max(1)")),
    ("emptiest_points", "begin at the start", WALK.replace("end - start", "start - end").replace(
        "points = start", "points = end").format("t[room.argmax(1)], room.max(1)")),
    ("emptiest_points", "number of the point", WALK.format("room.argmax(1), room.max(1)")),
    ("emptiest_points", "smallest on the way", WALK.format("t[room.argmin(1)], room.min(1)")),
    ("emptiest_points", "average on the way", WALK.format("t[room.argmax(1)], room.mean(1)")),
    ("emptiest_points", "halfway", WALK.format("t[room.argmax(1)], room[:, steps // 2]")),
    ("emptiest_points", "take the root", WALK.replace("np.sqrt(", "(").format("t[room.argmax(1)], room.max(1)")),
    ("emptiest_points", "only the two ends", WALK.replace(
        "points[:, :, None] - codes", "points[:, :, None] - np.stack([start, end], 1)[:, None]").format(
        "t[room.argmax(1)], room.max(1)")),
    ("emptiest_points", "all distances on the way", WALK.format("t[room.argmax(1)], room")),
]  # fmt: skip
