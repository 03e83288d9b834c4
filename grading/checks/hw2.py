"""Homework 2's hidden checks: KL and reparameterization from scratch.

Each right answer is computed here once more, in double precision and by another road than the master's where there is
one, and so is what each known slip would give: that is how feedback can name it.
"""

import functools

import numpy as np
from scipy.special import logsumexp
from scipy.stats import laplace

from grading.judging import (
    ROUNDED,
    SEEDS,
    Call,
    Check,
    Task,
    Tolerance,
    Wrong,
    agree,
    compare,
    expect,
    hint,
    nearly,
    numbers,
    within,
)

FORMULA = Tolerance("values", "a formula of a few terms in 32 bits, whatever its form", 1e-4, 1e-5)
FAR = Tolerance("far apart", "as `values`, of sums near 1000", 1e-4, 1e-3)
DIGITS = Tolerance(
    "digits",
    "divergences near 1e-6 of numbers that 32 bits hold to 6e-8; the differences are known to 1e-4 of themselves, and "
    "a formula that subtracts numbers near 1 has lost the first digit",
    0.01,
)
ESTIMATE = Tolerance(
    "estimate",
    "six standard errors, which a right answer exceeds once in five hundred million times, and rounding",
    1e-6,
    0.0,
    6.0,
)
ERROR = Tolerance("standard error", "of 8000 draws it is known to 1 %, with heavy tails to a few", 0.1)
DIFFERENCES = Tolerance("gradients by differences", "central differences with the step 1e-6, in 64 bits", 1e-2, 1e-3)
LAPLACE = Tolerance(
    "distribution function",
    "Kolmogorov: the root of n times the largest distance exceeds 3.2 once in four hundred million times",
    0.0,
    0.0,
    3.2,
)
INDEPENDENT = Tolerance(
    "products of noise", "six standard errors: the product of two standard Laplace numbers spreads by 2", 0.0, 0.0, 15.0
)
SCALES = Tolerance("gradients by the scale", "sums of 400 terms that cancel, in 32 bits", 1e-2, 1e-2)
ESTIMATES = Tolerance("values", "products of five factors in 32 bits, the largest near 50", 1e-3, 1e-3)
DIVERGENCES = Tolerance("values", "means and deviations of 60 images in 32 bits, squared and divided", 2e-3, 2e-3)

# 1. kl_std


def kl_terms(mean_q, std_q, mean_p, std_p):
    """The KL of each coordinate, (batch, d), in double precision."""
    mean_q, std_q, mean_p, std_p = (np.asarray(a, "float64") for a in (mean_q, std_q, mean_p, std_p))
    x = (std_q - std_p) / std_p
    return x - np.log1p(x) + 0.5 * x**2 + 0.5 * ((mean_q - mean_p) / std_p) ** 2


def singles(*arrays):
    return [np.array(a, "float32") for a in arrays]


def gaussians(rng, batch=6, d=4):
    return singles(
        rng.normal(0, 1.2, (batch, d)),
        np.exp(rng.normal(0, 0.5, (batch, d))),
        rng.normal(0, 1.2, (batch, d)),
        np.exp(rng.normal(0, 0.5, (batch, d))),
    )


def kl_std(rng):
    given = mean_q, std_q, mean_p, std_p = gaussians(rng)
    terms = kl_terms(*given)
    r, shift = np.log(std_q.astype("float64") / std_p), ((mean_q - mean_p) / std_p.astype("float64")) ** 2
    slips = {
        "The standard deviations are read as variances.": kl_terms(mean_q, np.sqrt(std_q), mean_p, np.sqrt(std_p)).sum(
            -1
        ),
        "The standard deviations are squared once too often.": kl_terms(mean_q, std_q**2, mean_p, std_p**2).sum(-1),
        "The standard deviations are read as logarithms of variances.": kl_terms(
            mean_q, np.exp(0.5 * std_q), mean_p, np.exp(0.5 * std_p)
        ).sum(-1),
        "This is the divergence in the other direction, from p to q.": kl_terms(mean_p, std_p, mean_q, std_q).sum(-1),
        "This is the mean over the coordinates; independent coordinates add up.": terms.mean(-1),
        "The factor ½ is missing.": 2 * terms.sum(-1),
        "The divergence of equal distributions is not 0: a constant of each coordinate is missing.": (terms + 0.5).sum(
            -1
        ),
        "The logarithm of the ratio has the wrong sign.": (terms + 2 * r).sum(-1),
        "The logarithm of the ratio of the standard deviations counts half.": (terms + 0.5 * r).sum(-1),
        "The squared distance of the means is not divided by p's variance.": (
            terms - 0.5 * shift + 0.5 * (mean_q - mean_p) ** 2
        ).sum(-1),
        "The squared distance of the means is divided by q's variance; it belongs to p.": (
            terms - 0.5 * shift + 0.5 * ((mean_q - mean_p) / std_q) ** 2
        ).sum(-1),
        "The distance of the means is divided by p's standard deviation only once.": (
            terms - 0.5 * shift + 0.5 * (mean_q - mean_p) ** 2 / std_p
        ).sum(-1),
        "The means are left out.": (terms - 0.5 * shift).sum(-1),
        "This is one number for the whole batch; the task asks for one for each row.": terms.sum(),
        "This is the mean over the batch; the task asks for one number for each row.": terms.sum(-1).mean(),
        "The coordinates are not added up yet.": terms,
        "The sum runs over the rows; it should run over the coordinates.": terms.sum(0),
    }
    x = np.repeat([[1e-3], [-1e-3], [7e-4], [-5e-4], [6e-4], [2e-3]], 4, axis=1)  # from a millionth of a nat
    near_q = (std_p * (1 + x)).astype("float32")
    near = (mean_p, near_q, mean_p, std_p)
    small = kl_terms(*near).sum(-1)

    def digits(results):
        (found,) = numbers(results[0])
        expect(found, small, tolerance=DIGITS,
               what="Where q and p nearly agree, the digits are lost in rounding. The values")  # fmt: skip

    return [
        compare("values", 8, [(given, terms.sum(-1), slips)], FORMULA),
        Check(
            "digits of small divergences",
            2,
            [Call(near, ([small.shape],))],
            digits,
            tables=(hint(near, small, {}, DIGITS, where="where q and p nearly agree"),),
        ),
    ]


# 2. kl_laplace


def laplace_terms(location_q, scale_q, location_p, scale_p):
    location_q, scale_q, location_p, scale_p = (
        np.asarray(a, "float64") for a in (location_q, scale_q, location_p, scale_p)
    )
    distance = np.abs(location_q - location_p)
    return np.log(scale_p / scale_q) + distance / scale_p + scale_q / scale_p * np.exp(-distance / scale_q) - 1


def kl_laplace(rng):
    given = location_q, scale_q, location_p, scale_p = gaussians(rng)
    terms = laplace_terms(*given)
    signed = (location_q - location_p).astype("float64")
    b_q, b_p = scale_q.astype("float64"), scale_p.astype("float64")
    decay = b_q / b_p * np.exp(-np.abs(signed) / b_q)
    slips = {
        "This is the divergence in the other direction, from p to q.": laplace_terms(
            location_p, scale_p, location_q, scale_q
        ).sum(-1),
        "The distance of the locations has to be taken without its sign.": (
            np.log(b_p / b_q) + signed / b_p + b_q / b_p * np.exp(-signed / b_q) - 1
        ).sum(-1),
        "This is the formula of two Gaussians with these scales as standard deviations.": kl_terms(*given).sum(-1),
        "This is the formula of two Gaussians with the variances of these Laplace distributions.": kl_terms(
            location_q, np.sqrt(2) * b_q, location_p, np.sqrt(2) * b_p
        ).sum(-1),
        "The divergence of equal distributions is not 0: the constant of each coordinate is missing.": (
            terms + 1
        ).sum(-1),
        "The constant is subtracted once; it belongs to each coordinate.": (terms + 1).sum(-1) - 1,
        "This is the mean over the coordinates; independent coordinates add up.": terms.mean(-1),
        "The term with the exponential is missing: the average of |z - location_p| over q is not the distance.": (
            terms - decay
        ).sum(-1),
        "The exponential decays with p's scale; think again about whose tail it is.": (
            terms - decay + b_q / b_p * np.exp(-np.abs(signed) / b_p)
        ).sum(-1),
        "The factor in front of the exponential is missing.": (
            terms - decay + np.exp(-np.abs(signed) / b_q)
        ).sum(-1),
        "The logarithm of the ratio of the scales has the wrong sign.": (terms - 2 * np.log(b_p / b_q)).sum(-1),
        "The logarithm of the ratio of the scales counts half, as for variances.": (
            terms - 0.5 * np.log(b_p / b_q)
        ).sum(-1),
        "There is a factor ½ too much.": 0.5 * terms.sum(-1),
        "This is one number for the whole batch; the task asks for one for each row.": terms.sum(),
        "This is the mean over the batch; the task asks for one number for each row.": terms.sum(-1).mean(),
        "The coordinates are not added up yet.": terms,
    }  # fmt: skip
    once = (location_q, scale_q, location_p[:1], scale_p[:1])
    far = (location_q + 300 * scale_q, scale_q, location_p, scale_p)
    tables = (
        hint(once, laplace_terms(*once).sum(-1), {}, FORMULA, where="with one p for all rows, of shape (1, d)"),
        hint(far, laplace_terms(*far).sum(-1), {}, FAR, where="for distributions far apart"),
    )

    def shared(results):
        (found,) = numbers(results[0])
        if found.shape == (1,):
            raise Wrong(
                "With one p for all rows, of shape (1, d), the result has one number; it needs one for each row."
            )
        expect(found, laplace_terms(*once).sum(-1), tolerance=FORMULA,
               what="With one p for all rows, of shape (1, d), the values")  # fmt: skip
        expect(numbers(results[1])[0], laplace_terms(*far).sum(-1), tolerance=FAR,
               what="For distributions far apart the values")  # fmt: skip

    return [
        compare("values", 8, [(given, terms.sum(-1), slips)], FORMULA),
        Check("shapes and range", 2, [Call(once, ([(6,), (1,)],)), Call(far, ([(6,)],))], shared, tables=tables),
    ]


# 3. kl_to_mixture


def log_normal(z, mean, std):
    """log density of a diagonal Gaussian, the last axis summed."""
    return (-0.5 * ((z - mean) / std) ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)).sum(-1)


rule = functools.cache(np.polynomial.hermite_e.hermegauss)


def nodes(mean, std, count=60):
    """Points and weights of Gauss-Hermite quadrature for averages over N(mean, diag std²), in one or two dimensions."""
    x, w = rule(count)
    grid = np.stack(np.meshgrid(*[x] * len(mean), indexing="ij"), -1).reshape(-1, len(mean))
    weight = np.stack(np.meshgrid(*[w] * len(mean), indexing="ij"), -1).reshape(-1, len(mean)).prod(-1)
    return mean + std * grid, weight / weight.sum()


SHARED = "The coordinates of a draw share their noise; each needs its own."


def mixture_truths(mean, std, weights, means, stds):
    """(mean, standard deviation) of log q/p over q, by quadrature; and {message: (mean, deviation)} under each slip."""
    mean, std, weights, means, stds = (np.asarray(a, "float64") for a in (mean, std, weights, means, stds))

    def log_q(z):
        return log_normal(z, mean, std)

    def log_parts(z):
        return log_normal(z[:, None], means, stds)

    def log_p(z, weights=weights):
        return logsumexp(log_parts(z) + np.log(weights), axis=1)

    def moments(values, w):
        centre = w @ values
        return centre, np.sqrt(w @ (values - centre) ** 2)

    def drawn_with(deviation):
        z, w = nodes(mean, deviation)
        return moments(log_q(z) - log_p(z), w)

    z, w = nodes(mean, std)
    parts = [nodes(m, s) for m, s in zip(means, stds, strict=True)]
    z_p, w_p = (
        np.concatenate([p for p, _ in parts]),
        np.concatenate([a * v for a, (_, v) in zip(weights, parts, strict=True)]),
    )
    ratio = log_q(z) - log_p(z)
    unscaled = logsumexp(log_parts(z) + np.log(stds).sum(-1) + np.log(weights), axis=1)
    shared = {}
    if len(mean) > 1:  # one number of noise for all coordinates of a draw
        x, v = nodes(np.zeros(1), np.ones(1))
        shared[SHARED] = moments(log_q(mean + std * x) - log_p(mean + std * x), v)
    slips = {
        **shared,
        "This is the divergence in the other direction: the draws must come from q.": moments(
            log_p(z_p) - log_q(z_p), w_p
        ),
        "The draws come from p and not from q.": moments(log_q(z_p) - log_p(z_p), w_p),
        "The sign is wrong: it is the logarithm of q over p.": moments(-ratio, w),
        "The logarithms of the parts are averaged; the mixture adds the densities, and then comes the logarithm.": (
            moments(log_q(z) - log_parts(z) @ weights, w)
        ),
        "The weights of the mixture are not used.": moments(
            log_q(z) - log_p(z, np.full(len(weights), 1 / len(weights))), w
        ),
        "The weights are left out, as if each were 1.": moments(log_q(z) - log_p(z, np.ones(len(weights))), w),
        "Only the nearest part of the mixture is used.": moments(log_q(z) - (log_parts(z) + np.log(weights)).max(1), w),
        "The noise is multiplied by the variance; it should be the standard deviation.": drawn_with(std**2),
        "The noise is multiplied by the root of the standard deviation.": drawn_with(np.sqrt(std)),
        "The noise is not multiplied by the standard deviation.": drawn_with(np.ones_like(std)),
        "The entropy of q is missing: this is the average of -log p alone.": moments(-log_p(z), w),
        "The standard deviations are not in the normalisation of the densities.": moments(
            log_q(z) + np.log(std).sum() - unscaled, w
        ),
    }
    return (*moments(ratio, w), slips)


def told_apart(truth, n):
    """Whether n draws tell the slips from the right value: in one dimension all of them, and from each other.

    In two, the one that one dimension can't show; the estimate has to be right in both.
    """
    centre, spread, slips = truth
    if SHARED in slips:
        slips = {SHARED: slips[SHARED]}
    values = np.array([(centre, spread), *slips.values()])
    gaps = np.abs(values[:, None, 0] - values[None, :, 0]) / ((values[:, None, 1] + values[None, :, 1]) / np.sqrt(n))
    return gaps[np.triu_indices(len(values), 1)].min() > 7


def wrong_errors(spread, n):
    """What is sometimes returned in the place of the standard error of n draws with this standard deviation."""
    return {
        "The standard error is the spread of single draws; that of their average is smaller.": spread,
        "The standard error is divided by n; look at equation (4.8) again.": spread / n,
        "This is the variance of the average, not its standard error.": spread**2 / n,
        "This is the variance of single draws, not the standard error.": spread**2,
    }


REPEATED, NOTHING = "The standard error is 0, as if the n draws were all the same; each needs noise of its own.", 1e-6


def kl_to_mixture(rng):
    cases, truths, seeds = [], [], rng.integers(0, SEEDS, 8)
    # Noise that coordinates share shows where q is wide; that no number is right by luck in one dimension, takes two.
    for number, (d, n, width) in enumerate(((1, 20000, -0.7), (2, 8000, 0.3), (1, 20000, -0.7)), 1):
        while len(cases) < number:
            k = 3
            case = singles(rng.normal(0.5, 0.5, d), np.exp(rng.normal(width, 0.15, d)), [0.6, 0.3, 0.1],
                           rng.normal(0, 1.5, (k, d)), np.exp(rng.normal(0.2, 0.2, (k, d))))  # fmt: skip
            truth = mixture_truths(*case)
            if told_apart(truth, n):
                cases.append((case, n))
                truths.append(truth)
    seeds = [int(seed) for seed in (*seeds, *rng.integers(0, SEEDS, 2))]
    far = singles([100.0], [1.5], [0.5, 0.5], [[0.0], [3.0]], [[1.0], [1.2]])

    def call(i, seed):
        return Call((*cases[i][0], cases[i][1], seeds[seed]), ([(), (1,), (1, 1)],) * 2)

    def one(found):
        return float(found.reshape(()))

    far_truth = mixture_truths(*far)

    def values(results):
        estimates = []
        for result, i in zip(results, (0, 0, 1, 1, 1, 2), strict=True):
            (truth, spread, slips), n = truths[i], cases[i][1]
            estimate = one(numbers(result, 2, 0)[0])
            estimates.append(estimate)
            if within(estimate, truth, ESTIMATE, spread / np.sqrt(n)):
                continue
            if result[1] is not None and abs(one(result[1])) < NOTHING:
                raise Wrong(REPEATED)
            for message, (value, deviation) in slips.items():
                if agree(estimate, value, ESTIMATE, deviation / np.sqrt(n)):
                    raise Wrong(message)
            raise Wrong("The estimates lie further from the right values than their standard errors allow.")
        if estimates[0] == estimates[1]:
            raise Wrong("Two seeds give the same estimate: nothing is drawn, or the seed isn't used.")

    def errors(results):
        for result, i in zip(results, (0, 1), strict=True):
            spread, n = truths[i][1], cases[i][1]
            error, right = one(numbers(result, 2, 1)[1]), spread / np.sqrt(n)
            # One of the slips gives nearly the right number where the spread is near 1.
            slips = {message: v for message, v in wrong_errors(spread, n).items() if abs(v / right - 1) > 0.25}
            if not within(error, right, ERROR):
                expect(error, right, slips, ERROR)
                raise Wrong("The standard error is not that of the average of n draws.")

    def tails(results):
        truth, spread, _ = far_truth
        if not np.isfinite(results[0][0]).all():
            raise Wrong("Far from all parts the densities vanish in rounding; stay with their logarithms.")
        if not within(one(numbers(results[0], 2, 0)[0]), truth, ESTIMATE, spread / np.sqrt(4000)):
            raise Wrong("Far from all parts of the mixture the estimate is wrong; stay with logarithms of densities.")

    def repeat(results):
        first, again = (numbers(result, 2) for result in results)
        if any(one(a) != one(b) for a, b in zip(first, again, strict=True)):
            raise Wrong("The same seed gives another result the second time.")

    (truth, spread, slips), n = truths[0], cases[0][1]
    centres = {message: value for message, (value, _) in slips.items()}

    def estimate(case, n, truth, spread, slips, where):
        tolerance = ESTIMATE._replace(atol=ESTIMATE.errors * spread / np.sqrt(n))
        return hint((*case, n, seeds[0]), truth, slips, tolerance, 0, 2, where)

    # In two dimensions noise that the coordinates share shows, and far away densities that vanish.
    estimates = (
        estimate(*cases[0], truth, spread, centres, "the estimate in one dimension"),
        estimate(*cases[1], *truths[1][:2], {SHARED: truths[1][2][SHARED][0]}, "the estimate in two dimensions"),
        estimate(far, 4000, *far_truth[:2], {}, "the estimate far from all parts of the mixture"),
    )
    wrong = {REPEATED: 0.0} | wrong_errors(spread, n)
    error = hint((*cases[0][0], n, seeds[0]), spread / np.sqrt(n), wrong, ERROR._replace(atol=NOTHING), 1, 2)
    error |= {"root": REPEATED}  # a draw alone may look like any other mistake
    return [
        # One estimate may be hit by chance, those of three cases are not.
        Check(
            "estimate",
            6,
            [call(0, 0), call(0, 1), *(call(1, seed) for seed in (2, 7, 8)), call(2, 9)],
            values,
            tables=estimates[:2],
        ),
        Check("standard error", 5, [call(0, 3), call(1, 4)], errors, tables=(error,)),
        Check("far away", 3, [Call((*far, 4000, seeds[5]), ([(), (1,), (1, 1)], None))], tails, tables=estimates[2:]),
        Check("seed", 1, [call(0, 6), call(0, 6)], repeat),
    ]


# 4. sample_full


def sample_full(rng):
    batch, d = 5, 3
    root = rng.normal(0, 1, (batch, d, d))
    covariance = (root @ root.transpose(0, 2, 1) / d + 0.4 * np.eye(d)).astype("float32")
    mean, epsilon = (rng.normal(0, 1.5, (batch, d)).astype("float32") for _ in range(2))
    exact = covariance.astype("float64")
    lower = np.linalg.cholesky(exact)
    value, vectors = np.linalg.eigh(exact)
    symmetric = np.einsum("bij,bj,bkj->bik", vectors, np.sqrt(value), vectors)

    def z(factor):
        return mean + np.einsum("bij,bj->bi", factor, epsilon.astype("float64"))

    def diagonal(power):
        return mean + np.diagonal(exact, axis1=1, axis2=2) ** power * epsilon

    slips = {
        "The noise is multiplied by the covariance itself; that is the variance for σ, as a matrix.": z(exact),
        "The factor is transposed: this has another covariance.": z(lower.transpose(0, 2, 1)),
        "Only the diagonal of the covariance is used: the coordinates come out independent.": diagonal(0.5),
        "Only the diagonal of the covariance is used, and as a variance.": diagonal(1.0),
        "The root is taken of each element; a matrix has another kind of root.": z(
            np.sign(exact) * np.sqrt(np.abs(exact))
        ),
        "This is the symmetric root: the right distribution, but the task asks for the lower-triangular factor.": z(
            symmetric
        ),
        "The mean is missing.": z(lower) - mean,
        "The noise is multiplied by the inverse of the factor.": z(np.linalg.inv(lower)),
        "The noise of the first row is used for all rows.": mean
        + np.einsum("bij,j->bi", lower, epsilon[0].astype("float64")),
        "The factor of the first row is used for all rows.": mean
        + np.einsum("ij,bj->bi", lower[0], epsilon.astype("float64")),
        "The factor is multiplied element by element and not as a matrix.": mean
        + np.einsum("bii,bi->bi", lower, epsilon.astype("float64")),
    }
    weights = rng.normal(0, 1, (batch, d))

    def slopes(results):
        values, by_mean, by_covariance = results[0]
        expect(values, z(lower), tolerance=ROUNDED, what="Where a gradient is asked for, the values")
        if by_mean is None or by_covariance is None:
            what = "the covariance" if by_mean is not None else "the mean"
            raise Wrong(f"No gradient reaches {what}: somewhere the tape is cut, as by NumPy or stop_gradient.")
        expect(by_mean, weights, what="The gradients by the mean")
        # Along symmetric directions only: how a gradient is shared between the two halves is a matter of convention.
        found = by_covariance + by_covariance.transpose(0, 2, 1)
        wanted, step = np.empty_like(exact), 1e-6
        for i in range(d):
            for j in range(d):
                push = np.zeros((d, d))
                push[i, j] += step
                push[j, i] += step
                change = np.linalg.cholesky(exact + push) - np.linalg.cholesky(exact - push)
                wanted[:, i, j] = np.einsum("bi,bij,bj->b", weights, change, epsilon) / (2 * step)
        expect(found, wanted, tolerance=DIFFERENCES, what="The gradients by the covariance")

    return [
        compare("values", 6, [((mean, covariance, epsilon), z(lower), slips)]),
        Check(
            "gradients",
            4,
            [Call((mean, covariance, epsilon), ([mean.shape], [mean.shape], [covariance.shape]), (0, 1), weights)],
            slopes,
        ),
    ]


# 5. sample_laplace


def sample_laplace(rng):
    batch, d, n = 3, 2, 10000
    location = rng.normal(0, 2, (batch, d)).astype("float32")
    scale = np.exp(rng.uniform(0.35, 1.2, (batch, d)) * rng.choice([-1, 1], (batch, d))).astype("float32")
    seeds = [int(s) for s in rng.integers(0, SEEDS, 5)]
    weights = rng.normal(0, 1, (400, batch, d))

    def drawn(result):
        return numbers(result)[0]

    def call(seed, count=n):
        return Call((location, scale, count, seeds[seed]), ([(count, batch, d)],))

    def distribution(results):
        z = drawn(results[0])
        if (z == z[0]).all():
            raise Wrong("The n draws are all the same: each needs noise of its own.")
        if not within(gap(z), 0.0, LAPLACE, 1 / np.sqrt(n)):
            raise Wrong(name_distribution(z - location, scale))
        other = drawn(results[1])
        if (z == other).all():
            raise Wrong("Two seeds give the same draws: the seed isn't used.")

    def gap(z):
        """The largest distance between the two distribution functions."""
        steps = np.arange(len(z) + 1)[:, None, None] / len(z)
        cumulative = laplace.cdf(np.sort((z - location) / scale, axis=0))
        return max(np.abs(cumulative - steps[1:]).max(), np.abs(cumulative - steps[:-1]).max())

    def name_distribution(noise, scale):
        u = noise / scale
        if (u >= 0).all() or (u <= 0).all():
            return "All draws lie on one side of the location."
        if np.abs(u.mean()) > 0.2:
            return "The draws are not centred at the location."
        sizes = np.abs(noise).mean(0)
        powers = np.polyfit(np.log(scale).ravel(), np.log(sizes).ravel(), 1)
        standard = noise / noise.std(0)
        if np.mean(standard**4) < 2.2:
            return "The noise is uniform: it has edges, and a Laplace distribution has none."
        if np.mean(standard**4) < 4:
            return "The tails are those of a Gaussian; a Laplace distribution has heavier ones."
        if abs(powers[0] - 2) < 0.2:
            return "The noise is multiplied by the square of the scale."
        if abs(powers[0] - 0.5) < 0.1:
            return "The noise is multiplied by the root of the scale."
        if abs(powers[0]) < 0.1:
            return "The scale is not used."
        if abs(powers[0] - 1) < 0.1 and abs(np.exp(powers[1]) - np.sqrt(0.5)) < 0.05:
            return (
                "The scale is read as the standard deviation; that of a Laplace distribution is larger than its scale."
            )
        if abs(powers[0] - 1) < 0.1 and abs(np.exp(powers[1]) - np.sqrt(2)) < 0.1:
            return "The noise is a factor √2 too wide: the scale is the average of |z - location|."
        return "The draws don't follow a Laplace distribution of this location and scale."

    def independence(results):
        u = (drawn(results[0]) - location) / scale
        for a, b, message in [
            (u[:, 0], u[:, 1], "The rows of the batch share their noise; each needs its own."),
            (u[:, 0], u[:, 2], "The rows of the batch share their noise; each needs its own."),
            (u[..., 0], u[..., 1], "The coordinates share their noise; each needs its own."),
            (u[1:], u[:-1], "Successive draws are not independent."),
        ]:
            product = (a * b).mean(0)
            if not within(product, np.zeros(product.shape), INDEPENDENT, 1 / np.sqrt(len(a))):
                raise Wrong(message)

    def repeat(results):
        first, again = (drawn(result) for result in results)
        if (first != again).any():
            raise Wrong("The same seed gives other draws the second time.")

    def slopes(results):
        z, by_location, by_scale = results[0]
        if by_location is None or by_scale is None:
            what = "the scale" if by_location is not None else "the location"
            raise Wrong(
                f"No gradient reaches {what}: this is a table of numbers; make it by arithmetic from fixed noise."
            )
        z = drawn([z])
        if not within(gap(z), 0.0, LAPLACE, 1 / np.sqrt(len(z))):
            raise Wrong("Where a gradient is asked for, the draws don't follow the Laplace distribution any more.")
        expect(by_location, weights.sum(0), what="The gradients by the location")
        slope = (weights * (z - location) / scale).sum(0)
        expect(by_scale, slope, tolerance=SCALES, what="The gradients by the scale")

    seen = {"kind": "laplace", "arguments": (location, scale, 4000, seeds[0])}
    return [
        Check("distribution", 7, [call(0), call(1)], distribution, tables=(seen,)),
        Check("independence", 3, [call(2)], independence, tables=(seen,)),
        Check("seed", 1, [call(3, 50)] * 2, repeat),
        Check(
            "gradients",
            4,
            [
                Call(
                    (location, scale, 400, seeds[4]),
                    ([weights.shape], [location.shape], [scale.shape]),
                    (0, 1),
                    weights,
                )
            ],
            slopes,
        ),
    ]


# 6. gradient_estimates


def gradient_estimates(rng):
    n, d = 40, 3
    mean, target = (rng.normal(0, 1, d).astype("float32") for _ in range(2))
    std = np.exp(rng.uniform(0.3, 0.8, d) * rng.choice([-1, 1], d)).astype("float32")
    epsilon = rng.normal(0, 1, (n, d)).astype("float32")
    s, e = std.astype("float64"), epsilon.astype("float64")
    z = mean + s * e
    error = z - target
    f = 0.5 * (error**2).sum(-1, keepdims=True)
    own = f.mean(0)
    others = (f.sum(0) - f) / (n - 1)

    sloped = {
        "pathwise: the target is missing.": z,
        "pathwise: the sign is wrong.": -error,
        "pathwise: this is the derivative by std; the mean enters z with the factor 1.": error * e,
        "pathwise: there is a factor std too much.": error * s,
        "pathwise: there is a factor 2 too much; the loss has a ½.": 2 * error,
        "pathwise: one gradient for each draw is asked for, not their average.": error.mean(0),
        "pathwise: z is not drawn with this noise; the noise has to be multiplied by std.": mean + e - target,
        "pathwise: the noise is multiplied by the variance.": mean + s**2 * e - target,
    }
    scored = {
        "score: the sign is wrong.": -f * e / s,
        "score: the score is epsilon divided by std; the division is missing.": f * e,
        "score: the score is epsilon divided by std, and not by the variance.": f * e / s**2,
        "score: the noise is multiplied by std where the score divides by it.": f * e * s,
        "score: the loss is the sum over the coordinates; each coordinate's own part is not enough.": 0.5
        * error**2
        * e
        / s,
        "score: the loss has a ½.": 2 * f * e / s,
        "score: this is the pathwise estimate once more.": error,
        "score: one gradient for each draw is asked for, not their average.": (f * e / s).mean(0),
        "score: the gradient of the loss is in it; the score needs its value only.": error * e / s,
    }
    based = {
        "baseline: the average includes the draw itself, and that biases the estimate.": (f - own) * e / s,
        "baseline: nothing is subtracted.": f * e / s,
        "baseline: the baseline is added.": (f + others) * e / s,
        "baseline: the sum over the others is divided by n; there are n - 1 of them.": (f - (f.sum(0) - f) / n) * e / s,
        "baseline: the sum over the others is not divided by their number.": (f - (f.sum(0) - f)) * e / s,
        "baseline: the score is epsilon divided by std; the division is missing.": (f - others) * e,
        "baseline: the score is epsilon divided by std, and not by the variance.": (f - others) * e / s**2,
        "baseline: the noise is multiplied by std where the score divides by it.": (f - others) * e * s,
        "baseline: the sign is wrong.": (others - f) * e / s,
        "baseline: the average of the estimate is subtracted, and not that of the loss.": f * e / s
        - (f * e / s).mean(0),
        "baseline: the loss is the sum over the coordinates; each coordinate's own part is not enough.": (
            0.5 * error**2 - 0.5 * ((error**2).sum(0) - error**2) / (n - 1)
        )
        * e
        / s,
        "baseline: the loss has a ½.": 2 * (f - others) * e / s,
    }
    wanted = (error, f * e / s, (f - others) * e / s)
    return [
        compare(
            name, points, [((mean, std, target, epsilon), wanted[i], slips)], ESTIMATES, part=i, parts=3, alone=True
        )
        for i, (name, points, slips) in enumerate(
            (("pathwise", 4, sloped), ("score", 5, scored), ("baseline", 6, based))
        )
    ]


# 7. class_divergences


def class_divergences(rng):
    n, m, classes, floor = 240, 5, 4, 0.05
    y = rng.permutation(np.arange(n) % classes).astype("uint8")
    centre, spread = rng.uniform(0.2, 0.8, (classes, m)), rng.uniform(0.1, 0.3, (classes, m))
    centre[1, 2], spread[1, 2] = 0.5, 0.0  # a feature that never varies within a class
    x = (centre[y] + spread[y] * rng.standard_normal((n, m))).astype("float32")

    def matrix(deviation, least=floor, reduce=np.sum, average=np.mean):
        groups = [x[y == k].astype("float64") for k in range(classes)]
        means = np.stack([average(group, axis=0) for group in groups])
        stds = least(np.stack([deviation(g) for g in groups])) if callable(least) else np.maximum(
            np.stack([deviation(g) for g in groups]), least)  # fmt: skip
        return np.array(
            [[reduce(kl_terms(means[i], stds[i], means[j], stds[j])) for j in range(classes)] for i in range(classes)]
        )

    def std(group):
        return group.std(0)

    truth = matrix(std)
    slips = {
        "Rows and columns are exchanged: entry (i, j) is the divergence from class i to class j.": truth.T,
        "The two directions are averaged.": (truth + truth.T) / 2,
        "The variance is handed over where the standard deviation is asked for.": matrix(lambda g: g.var(0)),
        "The floor is applied to the variance; it is one of the standard deviation.": matrix(
            std, lambda s: np.sqrt(np.maximum(s**2, floor))
        ),
        "The floor is added; it should only replace what is smaller.": matrix(std, lambda s: s + floor),
        "The divergences are averaged over the features; independent features add up.": matrix(std, reduce=np.mean),
        "The floor is not used.": matrix(std, 1e-6),
        "The spread of all images is used for each class.": matrix(lambda g: x.astype("float64").std(0)),
        "The medians are used in the place of the means.": matrix(std, average=np.median),
        "One number for all features is used as a class's spread.": matrix(lambda g: np.full(m, g.std())),
    }

    fewer = matrix(lambda g: g.std(0, ddof=1))
    return nearly(
        compare("values", 10, [((x, y, classes, floor), truth, slips)], DIVERGENCES),
        2,
        {"This divides by n - 1; the task asks for the standard deviation that divides by n.": fewer},
    )


TASKS = [
    Task("kl_std", "KL of two diagonal Gaussians given by standard deviations", kl_std),
    Task("kl_laplace", "KL of two Laplace distributions", kl_laplace),
    Task("kl_to_mixture", "KL to a mixture, by Monte Carlo", kl_to_mixture),
    Task("sample_full", "A sample with correlated coordinates", sample_full),
    Task("sample_laplace", "Reparameterized Laplace draws", sample_laplace),
    Task("gradient_estimates", "Three estimates of one gradient", gradient_estimates),
    Task("class_divergences", "How far apart are the classes of clothes?", class_divergences),
]
