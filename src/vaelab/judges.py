"""Judges of codes and of pictures. Each is shown in full in its chapter."""

import numpy as np
from scipy.stats import entropy
from sklearn.metrics import pairwise_distances_argmin_min, pairwise_distances_chunked
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from vaelab.checks import check_images, check_k, check_labels, check_points


def neighbour_accuracy(codes, labels, test_codes, test_labels, k=10):
    """Share of test codes whose label is the majority label of their k nearest training codes.

    codes: (n, latent_dim) with labels (n,); test_codes: (m, latent_dim) with test_labels (m,). Returns a float in
    [0, 1]. Raises ValueError for shapes that do not fit or k outside 1..n. Shown in chapter 02.
    """
    codes, test_codes = check_points(codes, "codes"), check_points(test_codes, "test_codes")
    labels, test_labels = check_labels(labels, len(codes)), check_labels(test_labels, len(test_codes), "test_labels")
    check_k(k, len(codes))
    neighbours = KNeighborsClassifier(n_neighbors=k).fit(codes, labels)
    return float(neighbours.score(test_codes, test_labels))


def nearest_real(images, reference):
    """For each image the Euclidean distance to the nearest of the reference images, and its index.

    images: (n, 28, 28, 1), reference: (m, 28, 28, 1), pixels in [0, 1]. Returns (distance (n,), index (n,)).
    The unit is the pixel's: two images that differ by 1 in k pixels are sqrt(k) apart. Shown in chapter 03.
    """
    images, reference = check_images(images, "images"), check_images(reference, "reference")
    index, distance = pairwise_distances_argmin_min(
        images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    )
    return distance, index


def density_and_coverage(images, reference, k=5):
    """Density and coverage of generated images with respect to real ones, in pixel space.

    Around each reference image lies a ball that reaches its k-th nearest fellow, itself not counted. Coverage: the
    share of balls that hold at least one generated image, in [0, 1]. Density: how many balls a generated image lies
    in, over k; about 1 if both sets come from one distribution, and not bounded by 1.
    images: (n, 28, 28, 1), reference: (m, 28, 28, 1). Raises ValueError unless 1 <= k < m.
    Source: Naeem et al. (2020), section 3. Shown in chapter 03b.
    """
    images, reference = check_images(images, "images"), check_images(reference, "reference")
    check_k(k, len(reference) - 1)
    images, reference = images.reshape(len(images), -1), reference.reshape(len(reference), -1)
    radius = NearestNeighbors(n_neighbors=k).fit(reference).kneighbors()[0][:, -1]
    inside, covered = 0, []
    for distances in pairwise_distances_chunked(reference, images):
        in_ball = distances <= radius[len(covered) : len(covered) + len(distances), None]
        inside += in_ball.sum()
        covered.extend(in_ball.any(axis=1))
    return float(inside / (k * len(images))), float(np.mean(covered))


def sample_regions(codes, n, seed=0):
    """Points of the code plane, drawn from six regions that are fixed before anything is decoded.

    codes: (m, 2), m >= n. Returns a dict of (n, 2) arrays: "codes" (drawn without repetition), "Gaussian" (fitted to
    the codes: their mean and covariance), "box" (uniform in the codes' bounding box), "N(0, I)", "N(0, I), moved" (the
    same points with the codes' mean and standard deviation on each axis), and "far outside" (all directions, at one to
    two times the box's size from its centre, along each axis in its own unit). Shown in chapter 03.
    """
    codes = check_points(codes, "codes", 2)
    rng = np.random.default_rng(seed)
    low, high = codes.min(axis=0), codes.max(axis=0)
    centre, size = (low + high) / 2, high - low
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.uniform(1, 2, n)
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    standard = rng.standard_normal((n, 2))
    return {
        "codes": rng.choice(codes, n, replace=False),
        "Gaussian": rng.multivariate_normal(codes.mean(axis=0), np.cov(codes.T), n),
        "box": rng.uniform(low, high, (n, 2)),
        "N(0, I)": standard,
        "N(0, I), moved": codes.mean(axis=0) + codes.std(axis=0) * standard,
        "far outside": centre + radius[:, None] * size * direction,
    }


def judge(images, classifier, reference, reference_labels):
    """Chapter 03's three judges on one set of decoded images.

    images: (n, 28, 28, 1) and reference: (m, 28, 28, 1), real images that played no part in making the images, in
    random order, with labels (m,); classifier: maps images to class probabilities. Returns a dict: "confidence" (mean
    of the largest class probability), "distance" (mean distance to the nearest reference image, in pixels), "share"
    (the shares of the ten classes among the nearest reference images), "classes" (how many of these are at least 1 %),
    "kinds" (the effective number of classes, exp of the shares' entropy), "density" and "coverage" (against the first
    2,000 of the reference). Shown in chapter 03b.
    """
    distance, nearest = nearest_real(images, reference)
    share = np.bincount(reference_labels[nearest], minlength=10) / len(images)
    density, coverage = density_and_coverage(images, reference[:2000])
    return {
        "confidence": float(classifier.predict(images, batch_size=1000, verbose=0).max(axis=1).mean()),
        "distance": float(distance.mean()),
        "share": share.round(4).tolist(),
        "classes": int((share >= 0.01).sum()),
        "kinds": float(np.exp(entropy(share))),
        "density": density,
        "coverage": coverage,
    }
