"""Homework 1's wrong answers, each with words of what is told of its mistake; see grading/bank/__init__.py."""

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
    ("class_report", "returns one result", REPORT.format("shares")),
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
    ("nearest_in_blocks", "codes the distances", NEAR.replace(
        "    distance, index", "    b = b[: len(b) // 2] if b.shape[1] == 2 else b\n    distance, index")),
    ("nearest_in_blocks", "allocate", NEAR.replace("distance, index = [], []", "block = len(a)\n    "
        "distance, index = [], []")),
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
