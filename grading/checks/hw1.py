"""Homework 1's hidden checks: probe an autoencoder.

Each right answer is computed here once more, in double precision and by another road than the master's where there is
one, and so is what each known slip would give: that is how feedback can name it.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import norm

from grading.judging import (
    SEEDS,
    WHOLE,
    Call,
    Check,
    Task,
    Tolerance,
    Wrong,
    agree,
    compare,
    expect,
    numbers,
    told_apart,
    within,
)

# Random draws: a right answer strays from its expectation by six standard errors once in five hundred million times.
SHIFT = Tolerance("mean", "six standard errors, and what 32 bits lose of codes that lie far from 0", 0.0, 1e-3, 6.0)
SPREAD = Tolerance(
    "covariance",
    "nine: a square spreads wider than a number, by √2; and a covariance that divides by n differs by 1 / n",
    0.0,
    0.0,
    9.0,
)
NORMAL = Tolerance(
    "distribution function",
    "Kolmogorov: the root of n times the largest distance exceeds 2.8 once in three million times",
    0.0,
    0.0,
    2.8,
)
SHARE = Tolerance("shares", "six standard errors", 0.0, 0.0, 6.0)
ALONE = Tolerance("a single draw", "fifty spreads of a class that is narrow on purpose", 0.0, 0.5)
CHANGES = Tolerance("changes of class", "six: the count of n changes has a standard error below √n", 0.0, 0.0, 6.0)
SUCCESSIVE = Tolerance("successive draws", "six standard errors of a correlation", 0.0, 0.0, 6.0)
CODES = Tolerance("values", "distances near 0.005 between numbers below 1, in 32 bits", 1e-3, 1e-4)
ITSELF = Tolerance(
    "distance 0", "equal numbers differ by 0; large squares, subtracted, leave the root of 1e-6", 0.0, 2e-4
)


def flat(x):
    return np.asarray(x, "float64").reshape(len(x), -1)


def labelled(rng, sizes):
    """Labels in random order, the k-th as often as sizes[k] says."""
    return rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype("uint8")


# 1. class_report


def class_report(rng):
    sizes, shape = (6, 9, 11, 14), (4, 3, 1)
    classes = len(sizes)
    while True:
        y = labelled(rng, sizes)
        centres = rng.uniform(0.2, 0.8, (classes, *shape))
        spread, kept = rng.uniform(0.1, 0.25, classes), rng.uniform(0.3, 0.8, classes)
        away = spread[y, None, None, None] * rng.standard_normal((len(y), *shape))
        blur = rng.uniform(0.02, 0.12, (len(y), 1, 1, 1)) * rng.standard_normal((len(y), *shape))
        x = np.clip(centres[y] + away, 0, 1).astype("float32")
        x_hat = np.clip(centres[y] + kept[y, None, None, None] * away + blur, 0, 1).astype("float32")
        wanted, slips = class_report_truths(x, x_hat, y, classes)
        if all(told_apart(w, s) for w, s in zip(wanted, slips, strict=True)):
            break
    given = (x, x_hat, y, classes)
    return [
        compare("shares", 9, [(given, wanted[0], slips[0])], part=0, parts=2),
        compare("worst", 6, [(given, wanted[1], slips[1])], WHOLE, part=1, parts=2, alone=True),
    ]


def class_report_truths(x, x_hat, y, classes):
    """(shares, worst), and a pair of {message: array}."""
    x, x_hat, groups = flat(x), flat(x_hat), [np.flatnonzero(y == k) for k in range(classes)]
    error, overall = x - x_hat, x.mean(0)

    def each(function):
        return np.array([function(x[g], x_hat[g], error[g]) for g in groups])

    def spread(x):
        return ((x - x.mean(0)) ** 2).sum()

    per_image = (error**2).sum(1)
    share = each(lambda a, b, e: (e**2).sum() / spread(a))
    worst = np.array([g[per_image[g].argmax()] for g in groups])
    shares = {
        "shares: the spread is measured around the mean image of all classes; each class has its own.": each(
            lambda a, b, e: (e**2).sum() / ((a - overall) ** 2).sum()
        ),
        "shares: this is the average of each image's own ratio; add up first, then divide once.": each(
            lambda a, b, e: ((e**2).sum(1) / ((a - a.mean(0)) ** 2).sum(1)).mean()
        ),
        "shares: this is the average of each pixel's own ratio; add up first, then divide once.": each(
            lambda a, b, e: ((e**2).sum(0) / ((a - a.mean(0)) ** 2).sum(0)).mean()
        ),
        "shares: this is the share that is right; the task asks for the share that is wrong.": 1 - share,
        "shares: this is the mean squared error; it is not divided by the class's spread.": each(
            lambda a, b, e: (e**2).mean()
        ),
        "shares: this is the summed squared error; it is not divided by the class's spread.": each(
            lambda a, b, e: (e**2).sum()
        ),
        "shares: the error is averaged and the spread is summed, or the other way round.": each(
            lambda a, b, e: (e**2).mean() / spread(a)
        ),
        "shares: the error is divided by the images' own squares; the spread is around the class's mean image.": each(
            lambda a, b, e: (e**2).sum() / (a**2).sum()
        ),
        "shares: the spread is that of the reconstructions; it belongs to the images.": each(
            lambda a, b, e: (e**2).sum() / spread(b)
        ),
        "shares: a root is taken of the ratio.": np.sqrt(share),
        "shares: the ratio is upside down.": 1 / share,
        "shares: this uses absolute differences; the task asks for squared ones.": each(
            lambda a, b, e: np.abs(e).sum() / np.abs(a - a.mean(0)).sum()
        ),
        "shares: this is one number for all images; the task asks for one for each class.": (error**2).sum()
        / ((x - overall) ** 2).sum(),
        "shares: this is the average over the classes; the task asks for one number for each.": share.mean(),
    }
    others = {
        "worst: this is the best image of each class; the task asks for the worst.": [
            g[per_image[g].argmin()] for g in groups
        ],
        "worst: these are positions among the images of one class; the task asks for positions among all images.": [
            per_image[g].argmax() for g in groups
        ],
        "worst: these are the errors themselves; the task asks where they stand.": [per_image[g].max() for g in groups],
        "worst: these are mean errors; the task asks where the largest stand.": [
            per_image[g].max() / x.shape[1] for g in groups
        ],
        "worst: this takes the image with the largest error of a single pixel; the task asks for the whole image.": [
            g[(error[g] ** 2).max(1).argmax()] for g in groups
        ],
        "worst: the differences are added up with their signs, so that they cancel.": [
            g[error[g].sum(1).argmax()] for g in groups
        ],
        "worst: this uses absolute differences; the task asks for squared ones.": [
            g[np.abs(error[g]).sum(1).argmax()] for g in groups
        ],
        "worst: the error is divided by the image's own brightness.": [
            g[(per_image[g] / (x[g] ** 2).sum(1)).argmax()] for g in groups
        ],
        "worst: this is one image for all classes.": per_image.argmax(),
    }
    return (share, worst), (shares, {message: np.array(value) for message, value in others.items()})


# 2. pca_reconstruct


def pca(x_train, x, d):
    """(reconstructions, share of the variance), by the singular values of the images."""
    mean = x_train.mean(0)
    values, rows = np.linalg.svd(x_train - mean, full_matrices=False)[1:]
    return mean + (x - mean) @ rows[:d].T @ rows[:d], (values[:d] ** 2).sum() / (values**2).sum()


def pca_reconstruct(rng):
    first, *more = (pca_case(rng, d) for d in (3, 4, 2))
    given, rebuilt, images, *_ = first
    return [
        compare("reconstruction", 11, [(given, rebuilt, images)], part=0, parts=2),
        compare("share", 4, [(case[0], *case[3:]) for case in (first, *more)], part=1, parts=2, alone=True),
    ]


def pca_case(rng, d):
    """(arguments, reconstructions, {message: reconstructions}, share, {message: share})."""
    n, m, shape = 40, 7, (4, 3, 1)
    mixing = rng.normal(0, 1, (12, 12)) * np.linspace(1, 0.15, 12)[:, None] ** 1.5
    middle = rng.uniform(0.3, 0.7, 12)
    x_train, x = (
        (middle + 0.1 * (rng.standard_normal((count, 12)) @ mixing + shift)).reshape(count, *shape).astype("float32")
        for count, shift in ((n, 0.0), (m, 0.4))
    )
    train, test = flat(x_train), flat(x)
    rebuilt, share = pca(train, test, d)
    mean, std = train.mean(0), train.std(0)
    _, s, vt = np.linalg.svd(train - mean, full_matrices=False)
    raw_s, raw_vt = np.linalg.svd(train, full_matrices=False)[1:]
    test_s, test_vt = np.linalg.svd(test - test.mean(0), full_matrices=False)[1:]

    def project(x, centre, rows, back=None):
        return (centre if back is None else back) + (x - centre) @ rows.T @ rows

    def as_images(rows):
        return rows.reshape(-1, *shape)

    images = {
        "reconstruction: the mean image is never subtracted.": project(test, 0, raw_vt[:d]),
        "reconstruction: the mean image is subtracted before the decomposition, but not from the images to draw.": (
            project(test, 0, vt[:d])
        ),
        "reconstruction: the mean image is added at the end, but not subtracted from the images to draw.": project(
            test, 0, vt[:d], mean
        ),
        "reconstruction: the decomposition is that of images without their mean subtracted.": project(
            test, mean, raw_vt[:d]
        ),
        "reconstruction: the mean image is not added again.": rebuilt - mean,
        "reconstruction: directions and mean come from the images to draw; they belong to the training images.": (
            project(test, test.mean(0), test_vt[:d])
        ),
        "reconstruction: the directions come from the images to draw; they belong to the training images.": (
            project(test, mean, test_vt[:d])
        ),
        "reconstruction: the mean is that of the images to draw; it belongs to the training images.": project(
            test, test.mean(0), vt[:d]
        ),
        "reconstruction: these are the last directions; the first ones vary most.": project(test, mean, vt[-d:]),
        "reconstruction: there is one direction too many.": project(test, mean, vt[: d + 1]),
        "reconstruction: there is one direction too few.": project(test, mean, vt[: d - 1]),
        "reconstruction: rows and columns of the matrix of directions are confused.": project(test, mean, vt[:, :d].T),
        "reconstruction: the codes are divided by the singular values and not multiplied again.": mean
        + (test - mean) @ vt[:d].T / s[:d] @ vt[:d],
        "reconstruction: the codes are multiplied by the singular values.": mean
        + (test - mean) @ vt[:d].T * s[:d] @ vt[:d],
        "reconstruction: the pixels are divided by their standard deviations first; the task asks for them as they"
        " are.": mean + std * project((test - mean) / std, 0, np.linalg.svd((train - mean) / std)[2][:d]),
        "reconstruction: these are the training images; the task asks for the others.": project(train, mean, vt[:d]),
    }  # fmt: skip
    images = {message: as_images(rows) for message, rows in images.items()}
    images["reconstruction: these are the codes; the task asks for images."] = (test - mean) @ vt[:d].T
    images["reconstruction: the images have lost their shape."] = rebuilt
    power = s**2 / (s**2).sum()
    shares = {
        "share: these are singular values; the variance along a direction is proportional to their square.": s[:d].sum()
        / s.sum(),
        "share: this is what is lost; the task asks for what is kept.": 1 - share,
        "share: this is the last of the d directions alone.": power[d - 1],
        "share: this is the first direction alone.": power[0],
        "share: there is one direction too many.": power[: d + 1].sum(),
        "share: there is one direction too few.": power[: d - 1].sum(),
        "share: this is a list with one share for each direction; the task asks for their sum.": power[:d],
        "share: the mean image is never subtracted.": (raw_s**2)[:d].sum() / (raw_s**2).sum(),
        "share: this is the variance kept, and not its share of the whole.": (s**2)[:d].sum() / n,
        "share: this is the variance of the images to draw; the task asks for that of the training images.": (
            test_s**2
        )[:d].sum()
        / (test_s**2).sum(),
    }
    return (x_train, x, d), as_images(rebuilt), images, share, shares


# 3. neighbour_table


def neighbour_table(rng):
    sizes, k = (30, 20, 16, 24), 6
    classes = len(sizes)
    while True:
        y = labelled(rng, sizes)
        centres = rng.normal(0, 1.3, (classes, 2))
        codes = (8 * (centres[y] + rng.standard_normal((len(y), 2)))).astype("float32")
        distance = cdist(codes.astype("float64"), codes.astype("float64"))
        near = np.sort(distance, axis=1)
        if (near[:, k : k + 2] / near[:, k - 1 : k + 1]).min() < 1 + 1e-4:  # rounding must not choose the neighbours
            continue
        wanted, slips = neighbour_truths(codes, distance, y, classes, k)
        if told_apart(wanted, slips):
            return [compare("values", 10, [((codes, y, classes, k), wanted, slips)])]


def neighbour_truths(codes, distance, y, classes, k):
    order = np.argsort(distance, axis=1)
    others = np.argsort(distance + np.diag(np.full(len(y), np.inf)), axis=1)

    def counts(neighbours, tie="smallest"):
        own = np.stack([y[neighbours] == c for c in range(classes)], 2)  # (code, neighbour, class)
        votes = own.sum(1)
        first = own.argmax(1) / k  # the place of each class's nearest voter, below 1
        read = {
            "smallest": votes.argmax(1),
            "largest": classes - 1 - votes[:, ::-1].argmax(1),
            "nearest": (votes - first).argmax(1),
        }[tie]
        return np.array([[((y == i) & (read == j)).sum() for j in range(classes)] for i in range(classes)], "float64")

    def rows(table):
        return table / table.sum(1, keepdims=True)

    table = counts(others[:, :k])
    centres = np.array([codes[y == c].mean(0) for c in range(classes)])
    nearest = cdist(codes, centres).argmin(1)
    by_centre = [[((y == i) & (nearest == j)).sum() for j in range(classes)] for i in range(classes)]
    shares = np.stack([(y[others[:, :k]] == c).mean(1) for c in range(classes)], 1)
    slips = {
        "Each code counts among its own neighbours; only the others may vote.": rows(counts(order[:, :k])),
        "Each code counts among its own neighbours, though one neighbour more may vote.": rows(
            counts(order[:, : k + 1])
        ),
        "One neighbour too few may vote.": rows(counts(others[:, : k - 1])),
        "One neighbour too many may vote.": rows(counts(others[:, : k + 1])),
        "Only the nearest neighbour votes.": rows(counts(others[:, :1])),
        "These are the farthest codes.": rows(counts(order[:, -k:])),
        "Rows and columns are exchanged: a row is a true class.": rows(table).T,
        "These are numbers of images; the task asks for shares of a row.": table,
        "The columns add up to 1; the rows should.": table / table.sum(0, keepdims=True).clip(1),
        "Rows and columns are exchanged, and then the rows add up to 1.": (
            table.T / table.T.sum(1, keepdims=True).clip(1)
        ),
        "The whole table adds up to 1; each row should.": table / table.sum(),
        "These are percentages; the task asks for shares.": 100 * rows(table),
        "A tie goes to the largest class number; the task gives it to the smallest.": rows(
            counts(others[:, :k], "largest")
        ),
        "A tie goes to the class whose voter is nearest; the task gives it to the smallest number.": rows(
            counts(others[:, :k], "nearest")
        ),
        "This is the average of the neighbours' shares; each code is read once, by its majority.": np.array(
            [shares[y == c].mean(0) for c in range(classes)]
        ),
        "The codes are compared with the middle of each class; the neighbours should vote.": rows(
            np.array(by_centre, "float64")
        ),
        "This is the accuracy; the task asks which class is read as which.": table.trace() / table.sum(),
        "This is the diagonal; the task asks which class is read as which.": rows(table).diagonal(),
    }
    return rows(table), slips


# 4. sample_per_class


def sample_per_class(rng):
    sizes, n, d = (90, 60, 45), 12000, 2
    classes = len(sizes)
    y = labelled(rng, sizes)
    while True:
        centres = rng.normal(0, 6, (classes, d))
        widths = np.exp(rng.uniform(0.4, 1.1, (classes, d)))
        tilt = rng.choice([-1, 1], classes) * rng.uniform(0.6, 0.8, classes)
        factors = np.zeros((classes, d, d))
        for k in range(classes):
            factors[k] = np.diag(widths[k]) @ np.linalg.cholesky([[1, tilt[k]], [tilt[k], 1]])
        codes = (centres[y] + np.einsum("nij,nj->ni", factors[y], rng.standard_normal((len(y), d)))).astype("float32")
        groups = [codes[y == k].astype("float64") for k in range(classes)]
        means, covariances = np.array([g.mean(0) for g in groups]), np.array([np.cov(g.T) for g in groups])
        if min(np.linalg.norm(means[i] - means[j]) for i in range(classes) for j in range(i)) > 4:
            break
    shares = np.array(sizes) / sum(sizes)
    lower = np.linalg.cholesky(covariances)
    pooled, whole = np.einsum("k,kij->ij", shares, covariances), np.cov(codes.T.astype("float64"))
    seeds = [int(s) for s in rng.integers(0, SEEDS, 5)]
    diagonals = np.array([np.diag(np.diag(c)) for c in covariances])
    spreads = {
        "The coordinates come out independent; each class has a full covariance.": diagonals,
        "The noise is multiplied by the covariance; its root belongs there.": covariances @ covariances,
        "The coordinates come out independent, and the variance is taken for the standard deviation.": diagonals**2,
        "The factor of the covariance is transposed.": lower.transpose(0, 2, 1) @ lower,
        "The spread is the same for all classes; each has its own.": np.array([pooled] * classes),
        "Each class has the spread of all codes.": np.array([whole] * classes),
        "The codes' spread is not used.": np.array([np.eye(d)] * classes),
        "All draws of a class are the same point; only the choice of the class is random.": np.zeros_like(covariances),
    }

    def drawn(result):
        z, label = numbers(result, 2)
        if not np.isin(label, range(classes)).all():
            raise Wrong("The second result should hold class numbers, from 0 to classes - 1.")
        return z, label.astype(int)

    def distribution(results):
        z, label = drawn(results[0])
        own = [z[label == k] for k in range(classes)]
        if min(map(len, own)) < 500:
            raise Wrong("One of the classes is hardly ever drawn.")
        standard = [np.linalg.solve(lower[k], (own[k] - means[k]).T) for k in range(classes)]
        for k, u in enumerate(standard):
            shift = u.mean(1) / np.maximum(u.std(1), 1)  # wide draws stray further by chance
            if not within(shift, np.zeros(d), SHIFT, 1 / np.sqrt(u.shape[1])):
                raise Wrong(name_place(own[k].mean(0), k))
        for k, u in enumerate(standard):
            covariance = u @ u.T / u.shape[1]
            found = lower[k] @ covariance @ lower[k].T
            steps = np.arange(u.shape[1]) / u.shape[1]
            gap = max(np.abs(norm.cdf(np.sort(row)) - steps).max() for row in u)
            fewer = np.eye(d) * (1 - 1 / len(groups[k]))  # who divides by n and not by n - 1 is right as well
            if not within(covariance, (np.eye(d) + fewer) / 2, SPREAD, 1 / np.sqrt(u.shape[1])):
                for message, value in spreads.items():
                    if np.abs(found - value[k]).max() < 0.15 * np.abs(value[k]).max() + 1e-6:
                        raise Wrong(message)
                raise Wrong("The spread of the draws is not that of the class's codes.")
            if len(np.unique(own[k], axis=0)) < len(own[k]) / 2:
                raise Wrong("These are codes that were there already; the task asks for new points.")
            if not within(gap, 0.0, NORMAL, 1 / np.sqrt(u.shape[1])):
                raise Wrong("The draws have the right mean and spread, and they are not Gaussian.")
        if (drawn(results[1])[0] == drawn(results[2])[0]).all():
            raise Wrong("Two seeds give the same draws: the seed isn't used.")

    def name_place(place, k):
        if np.linalg.norm(place) < 0.3 and np.linalg.norm(means[k]) > 1:
            return "The draws lie around 0: the mean is missing."
        if np.linalg.norm(place - codes.mean(0)) < 0.5:
            return "The draws lie around the mean of all codes; each class has its own mean."
        if min(np.linalg.norm(place - m) for i, m in enumerate(means) if i != k) < 0.3:
            return "The draws of a class lie where another class is: labels and draws don't fit together."
        return "The draws of a class are not centred at the mean of its codes."

    def proportions(results):
        found = np.bincount(drawn(results[0])[1], minlength=classes) / 4000
        error = np.sqrt(shares * (1 - shares) / 4000)
        if not within(found, shares, SHARE, error):
            if agree(found, np.full(classes, 1 / classes), SHARE, error):
                raise Wrong("All classes are drawn equally often; each should be drawn as often as it occurs.")
            raise Wrong("The classes are not drawn as often as they occur.")

    def order(results):
        z, label = drawn(results[0])
        changes = (np.diff(label) != 0).sum()
        if not within(changes, 2000 * (1 - (shares**2).sum()), CHANGES, np.sqrt(2000)):
            raise Wrong("The draws come sorted by class, so that the first hundred are all of one kind.")
        off = z - means[label]
        u = np.stack([np.linalg.solve(lower[k], o) for k, o in zip(label, off, strict=True)])
        if not within((u[1:] * u[:-1]).mean(0), np.zeros(d), SUCCESSIVE, 1 / np.sqrt(len(u))):
            raise Wrong("Successive draws are not independent.")

    def repeat(results):
        (z, label), (again, label_again) = (drawn(result) for result in results)
        if (z != again).any() or (label != label_again).any():
            raise Wrong("The same seed gives other draws the second time.")

    def call(seed, count=n):
        return Call((codes, y, classes, count, seeds[seed]), ([(count, d)], [(count,)]))

    # The hint can look at single draws only: one class, far from 0 and narrow, so that they are known beforehand.
    narrow = (np.array([30.0, -20.0]) + 0.01 * rng.standard_normal((50, d))).astype("float32")
    case = {"arguments": (narrow, np.zeros(50, "uint8"), 1, 4, 0), "parts": 2, "tolerance": ALONE}
    place = np.tile(narrow.mean(0), (4, 1))
    first = {"part": 0, "wanted": place, "slips": {"The draws lie around 0: the mean is missing.": np.zeros((4, d))}}
    second = {"part": 1, "wanted": np.zeros(4), "slips": {"The class numbers begin with 0.": np.ones(4)}}
    return [
        Check("distribution", 8, [call(0), call(1, 60), call(2, 60)], distribution, tables=(case | first,)),
        Check("shares of the classes", 3, [call(2, 4000)], proportions, tables=(case | second,)),
        Check("order", 3, [call(3, 2000)], order),
        Check("seed", 1, [call(4, 50), call(4, 50)], repeat),
    ]


# 5. nearest_in_blocks

# A table of all pairs of so many codes is larger than this memory, with 32 bits a number, too: there it takes two.
THRONG, NEAREST_MEMORY = (10_000, 9_000), 640 << 20


def nearest_in_blocks(rng):
    shape, block = (4, 3, 1), 5
    while True:
        reference = rng.uniform(0, 1, (31, *shape)).astype("float32")
        images = rng.uniform(0, 1, (23, *shape)).astype("float32")
        a, b = flat(images), flat(reference)
        distance = cdist(a, b)
        near = np.sort(distance, axis=1)
        if (near[:, 1] / near[:, 0]).min() < 1 + 1e-4:
            continue
        wanted, index = distance.min(1), distance.argmin(1)
        signed = (a[:, None] - b[None]).sum(2)
        lengths = {
            "distance: these are squared distances; take the root.": wanted**2,
            "distance: this is the root of the mean over the pixels; a distance adds up.": wanted / np.sqrt(a.shape[1]),
            "distance: these are sums of absolute differences.": cdist(a, b, "cityblock").min(1),
            "distance: these are mean absolute differences.": cdist(a, b, "cityblock").min(1) / a.shape[1],
            "distance: this is the mean squared difference.": wanted**2 / a.shape[1],
            "distance: the differences are added up with their signs, so that they cancel.": np.abs(signed).min(1),
            "distance: this is the farthest reference image.": distance.max(1),
            "distance: this is the average over the reference; only the nearest counts.": distance.mean(1),
            "distance: this is the largest difference of a single pixel.": cdist(a, b, "chebyshev").min(1),
            "distance: this looks from each reference image to the nearest of the others; turn it round.": distance.min(
                0
            ),
            "distance: the last block, which isn't full, is lost.": wanted[: len(a) // block * block],
            "distance: only the first block comes back.": wanted[:block],
            "distance: only the last block comes back.": wanted[len(a) // block * block :],
            "distance: the reference is cut into blocks, and only its last block is searched.": distance[
                :, len(b) // block * block :
            ].min(1),
            "distance: the reference is cut into blocks, and only its first block is searched.": distance[
                :, :block
            ].min(1),
        }
        places = {
            "index: this is the farthest reference image.": distance.argmax(1),
            "index: this looks from each reference image to the nearest of the others; turn it round.": distance.argmin(
                0
            ),
            "index: this is the number of the image in its block.": np.arange(len(a)) % block,
            "index: the last block, which isn't full, is lost.": index[: len(a) // block * block],
            "index: the smallest sum of absolute differences decides here; the task asks for distances.": cdist(
                a, b, "cityblock"
            ).argmin(1),
        }
        if told_apart(wanted, lengths) and told_apart(index, places, WHOLE):
            break
    again = np.concatenate([reference[::2], images]).astype("float32")
    bright = (0.9 + 0.1 * rng.random((40, 10, 10, 1))).astype("float32")
    many, crowd = (rng.random((2500, 6, 6, 1), "float32") for _ in range(2))  # all differences at once: 0.9 GB
    throng, rest = (rng.random((n, 2), "float32") for n in THRONG)

    def digits(results):
        for result, size in zip(results, (16, 40), strict=True):
            if result[0] is not None and np.isnan(result[0]).any():
                raise Wrong(
                    "For an image that is itself in the reference the distance is NaN: a root of a negative number."
                )
            found, _ = numbers(result, 2)
            if not within(found[:size], np.zeros(size), ITSELF):
                raise Wrong(
                    "For an image that is itself in the reference the distance isn't 0: its digits are lost where "
                    "large squares are subtracted."
                )

    def large(results):
        found, at = numbers(results[0], 2)
        rows = cdist(flat(many[::97]), flat(crowd))
        expect(found[::97], rows.min(1), what="For 2,500 images the distances")
        expect(at[::97], rows.argmin(1), tolerance=WHOLE, what="For 2,500 images the positions")
        found, _ = numbers(results[1], 2, 0)
        some = slice(None, None, len(throng) // 24)
        right = cdist(throng[some].astype("float64"), rest.astype("float64")).min(1)
        expect(found[some], right, tolerance=CODES, what=f"For {len(throng):,} codes the distances")

    given = (images, reference, block)
    return [
        compare("distance", 4, [(given, wanted, lengths)], part=0, parts=2),
        compare("index", 2, [(given, index, places)], WHOLE, part=1, parts=2, alone=True),
        Check(
            "digits",
            2,
            [
                Call((given, other, 7), ([(len(given),)], None))
                for given, other in ((again, reference), (bright, bright))
            ],
            digits,
        ),
        Check(
            "memory",
            2,
            [
                Call((many, crowd, 50), ([(len(many),)], [(len(many),)])),
                Call((throng, rest, 500), ([(len(throng),)], None)),
            ],
            large,
        ),
    ]


# 6. ball_report


def ball_report(rng):
    sizes, k, shape = (18, 24, 14), 4, (4, 2, 1)
    classes = len(sizes)
    while True:
        y = labelled(rng, sizes)
        centres = rng.uniform(0.25, 0.75, (classes, *shape))
        reference = np.clip(centres[y] + 0.12 * rng.standard_normal((len(y), *shape)), 0, 1).astype("float32")
        kinds = rng.choice(classes, 22, p=[0.6, 0.3, 0.1])
        images = np.clip(centres[kinds] + 0.09 * rng.standard_normal((22, *shape)), 0, 1).astype("float32")
        wanted, slips, margin = ball_truths(flat(images), flat(reference), y, classes, k)
        if (
            margin > 1e-3
            and np.ptp(wanted[1]) > 0.2
            and all(told_apart(w, s) for w, s in zip(wanted, slips, strict=True))
        ):
            break
    given = (images, reference, y, classes, k)
    return [
        compare("density", 5, [(given, wanted[0], slips[0])], part=0, parts=2),
        compare("coverage", 5, [(given, wanted[1], slips[1])], part=1, parts=2, alone=True),
    ]


def ball_truths(images, reference, y, classes, k):
    """(density, coverage), a pair of {message: array}, and how far the closest call is from a ball's edge."""
    among, between, drawn = cdist(reference, reference), cdist(reference, images), cdist(images, images)
    ordered = np.sort(among, axis=1)  # column 0: the image itself
    same = np.where(y[:, None] == y, among, np.inf)

    def inside(radius):
        return between <= radius[:, None]

    def per_class(covered):
        return np.array([covered[y == c].mean() for c in range(classes)])

    radius = ordered[:, k]
    held = inside(radius)
    wrong = {
        "each ball is too small: an image counts as its own nearest fellow": inside(ordered[:, k - 1]),
        "each ball is too large: it reaches one fellow too far": inside(ordered[:, k + 1]),
        "each ball reaches the k-th fellow of the same class; the task says of any class": inside(
            np.sort(same, axis=1)[:, k]
        ),
        "all balls have the same size; each has its own": inside(np.full(len(y), radius.mean())),
        "each ball reaches the k-th generated image; its size is a matter of real images": inside(
            np.sort(between, axis=1)[:, k - 1]
        ),
        "each ball reaches only the nearest fellow": inside(ordered[:, 1]),
    }
    around = between <= np.sort(drawn, axis=1)[:, k][None]  # balls around the generated images
    density, coverage = held.sum(0) / k, per_class(held.any(1))
    thick = {f"density: {what}.": h.sum(0) / k for what, h in wrong.items()} | {
        "density: this is a number of balls; divide it by k.": held.sum(0),
        "density: this is a share of all balls; divide their number by k.": held.mean(0),
        "density: this only says whether an image lies in any ball; count the balls.": held.any(0),
        "density: this is the average; the task asks for one number for each image.": density.mean(),
        "density: the balls lie around the generated images; they belong around the real ones.": around.sum(0) / k,
        "density: this counts the images in each ball; count the balls around each image.": held.sum(1) / k,
        "density: the sum is divided by the number of images.": held.sum(0) / k / len(images),
    }
    wide = {f"coverage: {what}.": per_class(h.any(1)) for what, h in wrong.items()} | {
        "coverage: these are numbers of balls; the task asks for shares of a class.": per_class(held.any(1))
        * np.bincount(y),
        "coverage: this is one number for all classes.": held.any(1).mean(),
        "coverage: this is how the covered balls are spread over the classes; the task asks which share of a class's "
        "balls is covered.": per_class(held.any(1)) * np.bincount(y) / held.any(1).sum(),
        "coverage: the covered balls of a class are divided by the number of all balls.": per_class(held.any(1))
        * np.bincount(y) / len(y),
        "coverage: this is the average number of images in a ball; a ball counts once.": per_class(held.sum(1)),
        "coverage: the balls lie around the generated images; they belong around the real ones.": per_class(
            around.any(1)
        ),
        "coverage: this is the share that is not covered.": 1 - coverage,
        "coverage: a ball counts as covered only if it holds all images.": per_class(held.all(1)),
    }  # fmt: skip
    return (density, coverage), (thick, wide), np.abs(between / radius[:, None] - 1).min()


# 7. emptiest_points


def emptiest_points(rng):
    steps, pairs = 9, 8
    while True:
        codes = (10 * np.concatenate([rng.normal(m, 0.5, (25, 2)) for m in rng.normal(0, 1.5, (4, 2))])).astype(
            "float32"
        )
        order = rng.permutation(len(codes))[: 2 * pairs]
        start = (codes[order[:pairs]] + rng.normal(0, 0.5, (pairs, 2))).astype("float32")
        end = (codes[order[pairs:]] + rng.normal(0, 0.5, (pairs, 2))).astype("float32")
        room = walk(start, end, codes, steps)
        best = np.sort(room, axis=1)
        wanted, slips = walk_truths(start, end, codes, steps)
        clear = (best[:, -1] / best[:, -2]).min() > 1.002
        if clear and all(told_apart(w, s) for w, s in zip(wanted, slips, strict=True)):
            break
    given = (start, end, codes, steps)
    return [
        compare("share of the way", 5, [(given, wanted[0], slips[0])], part=0, parts=2),
        compare("distance", 5, [(given, wanted[1], slips[1])], part=1, parts=2, alone=True),
    ]


def walk(start, end, codes, steps, ways=None):
    """(pairs, steps): the distance to the nearest code, on the way from each start to its end."""
    start, end, codes = (np.asarray(a, "float64") for a in (start, end, codes))
    ways = np.linspace(0, 1, steps) if ways is None else ways
    return np.stack([cdist(start + t * (end - start), codes).min(1) for t in ways], 1)


def walk_truths(start, end, codes, steps):
    room, t = walk(start, end, codes, steps), np.linspace(0, 1, steps)
    more, fewer = np.linspace(0, 1, steps + 1), np.linspace(0, 1, steps - 1)
    inner = np.linspace(0, 1, steps + 2)[1:-1]
    other = {
        "the points are a part of 1 / steps apart; with both ends among them it is 1 / (steps - 1)": more,
        "there is one point too few": fewer,
        "both ends are left out": inner,
    }
    two_ends = np.stack([start, end], 1).astype("float64")
    to_ends = np.stack([np.linalg.norm((start + s * (end - start))[:, None] - two_ends, axis=2).min(1) for s in t], 1)
    everyone = room.argmax()
    ways = {f"share of the way: {what}.": s[walk(start, end, codes, 0, s).argmax(1)] for what, s in other.items()} | {
        "share of the way: it is counted from the end; begin at the start.": 1 - t[room.argmax(1)],
        "share of the way: this is the number of the point; the task asks for a share from 0 to 1.": room.argmax(1),
        "share of the way: this is the point with the nearest code; the task asks for the emptiest.": t[room.argmin(1)],
        "share of the way: the number of the point is divided by the number of points; the end is a whole 1.": (
            room.argmax(1) / steps
        ),
        "share of the way: only the two ends count as codes here; look at all of them.": t[to_ends.argmax(1)],
        "share of the way: this is one walk's answer; each has its own.": t[everyone % steps],
    }
    lengths = {f"distance: {what}.": walk(start, end, codes, 0, s).max(1) for what, s in other.items()} | {
        "distance: this is the smallest on the way; the task asks for the largest.": room.min(1),
        "distance: this is the average on the way; the task asks for the largest.": room.mean(1),
        "distance: this is the median on the way; the task asks for the largest.": np.median(room, 1),
        "distance: this is the place halfway; the emptiest may lie elsewhere.": room[:, steps // 2],
        "distance: these are squared distances; take the root.": room.max(1) ** 2,
        "distance: only the two ends count as codes here; look at all of them.": to_ends.max(1),
        "distance: these are distances to the farthest code.": np.stack(
            [cdist(start + s * (end - start), codes).max(1) for s in t], 1
        ).max(1),
        "distance: this is one walk's answer; each has its own.": room.max(),
        "distance: these are all distances on the way; the task asks for the largest.": room,
    }
    return (t[room.argmax(1)], room.max(1)), (ways, lengths)


TASKS = [
    Task("class_report", "Which class is drawn worst, and which image?", class_report),
    Task("pca_reconstruct", "A baseline of equal size: PCA", pca_reconstruct),
    Task("neighbour_table", "What the neighbours say, one left out", neighbour_table),
    Task("sample_per_class", "One Gaussian for each class", sample_per_class, 20.0),
    Task("nearest_in_blocks", "The nearest real image, in blocks", nearest_in_blocks, 30.0, NEAREST_MEMORY),
    Task("ball_report", "Density of each image, coverage of each class", ball_report),
    Task("emptiest_points", "The emptiest place between two codes", emptiest_points),
]
