"""The judges measure what they say, checked against slow, independent computations."""

import numpy as np
import pytest

from vaelab.judges import density_and_coverage, judge, nearest_real, neighbour_accuracy, sample_regions

rng = np.random.default_rng(0)
A, B = rng.random((7, 28, 28, 1), dtype="float32"), rng.random((12, 28, 28, 1), dtype="float32")


def brute_distances(a, b):
    return np.array([[np.sqrt(((x.astype("float64") - y) ** 2).sum()) for y in b] for x in a])


def test_nearest_real_agrees_with_the_definition():
    distance, index = nearest_real(A, B)
    table = brute_distances(A, B)
    np.testing.assert_allclose(distance, table.min(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(index, table.argmin(axis=1))


def test_unit_of_distance_is_the_root_of_full_pixels():
    x, y = np.zeros((1, 28, 28, 1)), np.zeros((1, 28, 28, 1))
    y[0, 0, :9] = 1
    assert nearest_real(x, y)[0] == pytest.approx(3)


def slow_density_and_coverage(fake, real, k):
    """The definitions of Naeem et al. (2020), section 3, word by word."""
    among = brute_distances(real, real)
    radius = np.sort(among, axis=1)[:, k]
    inside = brute_distances(real, fake) <= radius[:, None]
    return inside.sum() / (k * len(fake)), inside.any(axis=1).mean()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_density_and_coverage_agree_with_the_paper(k):
    fake = np.clip(B[:9] + rng.normal(0, 0.2, B[:9].shape), 0, 1).astype("float32")
    assert density_and_coverage(fake, B, k) == pytest.approx(slow_density_and_coverage(fake, B, k))


def test_same_source_has_density_one_and_the_coverage_that_theory_gives(mnist):
    """A ball stays empty if its k nearest of both sets are all reference images: 1 - 2**-k for equal sizes."""
    some = mnist.x_train[np.random.default_rng(0).permutation(60000)[:4000]]
    density, coverage = density_and_coverage(some[:2000], some[2000:])
    assert density == pytest.approx(1, abs=0.08) and coverage == pytest.approx(1 - 2**-5, abs=0.015)


def test_one_image_repeated_covers_almost_nothing(mnist):
    _, coverage = density_and_coverage(np.repeat(mnist.x_train[:1], 500, axis=0), mnist.x_train[1000:2000])
    assert coverage < 0.1


def test_neighbour_accuracy_counts_votes():
    codes = np.array([[0.0, 0], [0, 1], [10, 0], [10, 1]])
    labels = np.array([0, 0, 1, 1])
    assert neighbour_accuracy(codes, labels, np.array([[1.0, 0], [9, 0], [9, 1]]), np.array([0, 1, 0]), k=2) == 2 / 3


def test_regions_lie_where_they_say():
    codes = rng.normal((30, -5), (20, 3), (4000, 2))
    points = sample_regions(codes, 2000, seed=1)
    low, high = codes.min(axis=0), codes.max(axis=0)
    assert all(z.shape == (2000, 2) for z in points.values())
    known = {tuple(z) for z in codes}
    assert len({tuple(z) for z in points["codes"]}) == 2000 and all(tuple(z) in known for z in points["codes"])
    np.testing.assert_allclose(points["N(0, I), moved"].mean(axis=0), codes.mean(axis=0), atol=2)
    np.testing.assert_allclose(points["N(0, I), moved"].std(axis=0), codes.std(axis=0), rtol=0.1)
    np.testing.assert_allclose(points["Gaussian"].mean(axis=0), codes.mean(axis=0), atol=2)
    assert (points["box"] >= low).all() and (points["box"] <= high).all()
    np.testing.assert_allclose(points["box"].mean(axis=0), (low + high) / 2, rtol=0.1, atol=1)
    radius = np.hypot(*((points["far outside"] - (low + high) / 2) / (high - low)).T)
    assert radius.min() >= 1 and radius.max() <= 2
    assert np.abs(points["N(0, I)"].mean(axis=0)).max() < 0.1


class Sure:
    """A classifier that gives 0.9 to class 3, whatever it sees."""

    def predict(self, images, **_):
        return np.tile(np.eye(10)[3] * 0.9 + 0.01, (len(images), 1))


def test_judge_labels_by_the_nearest_real_image_not_by_the_classifier(mnist):
    reference, labels = mnist.x_train[:3000], mnist.y_train[:3000]
    ones = mnist.x_test[mnist.y_test == 1][:100]
    verdict = judge(ones, Sure(), reference, labels)
    assert verdict["share"][1] > 0.95 and verdict["confidence"] == pytest.approx(0.91)
    assert (
        1 <= verdict["classes"] <= 3
        and 1 <= verdict["kinds"] < 1.5
        and sum(verdict["share"]) == pytest.approx(1, abs=1e-3)
    )
    assert verdict["distance"] == pytest.approx(nearest_real(ones, reference)[0].mean())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ((A * 255).astype("uint8"), r"dtype uint8; expected floats in \[0, 1\]. Divide 0..255 pixels by 255"),
        (A * 255, r"values from .* expected pixels in \[0, 1\]"),
        (np.where(A > 0.999, np.nan, A) * np.nan, "without NaN"),
        (A[:0], r"shape \(0, 28, 28, 1\); expected \(n, 28, 28, 1\)"),
        (A[..., 0], r"shape \(7, 28, 28\); expected"),
    ],
)
def test_bad_images_are_refused_with_what_was_given_and_expected(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        nearest_real(bad, B)
    with pytest.raises((ValueError, TypeError), match=message):
        density_and_coverage(A, bad)


@pytest.mark.parametrize("k", [0, 12, -1])
def test_impossible_k_is_refused(k):
    with pytest.raises(ValueError, match=f"k is {k}; expected a whole number from 1 to 11"):
        density_and_coverage(A, B, k)


def test_bad_codes_are_refused():
    codes, labels = np.zeros((5, 2)), np.zeros(5, int)
    with pytest.raises(ValueError, match="NaN or infinite values in 1 of 5 rows"):
        neighbour_accuracy(np.where(np.arange(5)[:, None] == 2, np.nan, codes), labels, codes, labels, 1)
    with pytest.raises(ValueError, match=r"labels has shape \(4,\); expected \(5,\)"):
        neighbour_accuracy(codes, labels[:4], codes, labels, 1)
    with pytest.raises(ValueError, match="expected integers"):
        neighbour_accuracy(codes, labels + 0.5, codes, labels, 1)
