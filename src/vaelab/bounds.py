"""What a VAE's codes carry, and bounds on ln p(x). Each is shown in full in its chapter, but for the grid.

`vae` is a `vaelab.vae.VAE`, or whatever has its encoder, decoder, likelihood and noise_log_var. The noise of image i
depends on the seed and on i alone, so that batching changes no result. At most ROWS codes are decoded at once, so that
an array of their pixels has 26 MB (52 MB for a Gaussian).
"""

import numpy as np
from keras import ops
from scipy.special import logsumexp

from vaelab.checks import check_count, check_images, check_plane, check_tolerance, check_two, check_vae
from vaelab.language import tr
from vaelab.losses import kl_divergence

ROWS = 8192


def elbo(vae, x, samples=1, seed=0):
    """The ELBO of each image: ln p(x given z), averaged over samples of q, minus the KL in closed form.

    x: (n, 28, 28, 1), pixels in [0, 1]. Returns (n,) float64, in nats: in expectation over the noise a lower bound on
    ln p(x), with beta = 1 whatever the training's was. With grey pixels the Bernoulli ELBO bounds no likelihood.
    Raises TypeError or ValueError for bad images, and ValueError for samples below 1 or a negative seed.
    Source: Kingma & Welling (2013), equation 7. Shown in chapter 07b.
    """
    x = check_images(x)
    check_vae(vae, "decoder")
    check_count(samples, "samples")
    check_count(seed, "seed", least=0)
    mean, log_var = posterior(vae, x)
    reconstruction = np.zeros(len(x))
    for images, _, _, log_likelihood in samples_of_q(vae, x, mean, log_var, samples, seed):
        reconstruction[images] += log_likelihood.sum(axis=1) / samples
    return reconstruction - ops.convert_to_numpy(kl_divergence(mean, log_var))


def importance_weighted_bound(vae, x, k, seed=0):
    """The importance-weighted bound of each image: ln of the mean of k weights p(x, z) / q(z given x), z from q.

    x: (n, 28, 28, 1), pixels in [0, 1]. Returns (n,) float64, in nats. In expectation over the noise it is a lower
    bound on ln p(x) that does not fall as k grows; with k = 1 it is an ELBO whose KL is sampled too. A small k takes
    the first of a larger k's noise if the seeds are equal: take different seeds where the noise has to be independent.
    With grey pixels the Bernoulli bound bounds no likelihood. Raises TypeError or ValueError for bad images, and
    ValueError for k below 1 or a negative seed. Source: Burda, Grosse & Salakhutdinov (2015), equation 8.
    Shown in chapter 08.
    """
    x = check_images(x)
    check_vae(vae, "decoder")
    check_count(k, "k")
    check_count(seed, "seed", least=0)
    mean, log_var = posterior(vae, x)
    log_sum = np.full(len(x), -np.inf)
    for images, z, epsilon, log_likelihood in samples_of_q(vae, x, mean, log_var, k, seed):
        log_prior_over_q = 0.5 * (epsilon**2 - z**2 + log_var[images, None]).sum(axis=2)  # the ln(2 pi) cancel
        log_sum[images] = np.logaddexp(log_sum[images], logsumexp(log_likelihood + log_prior_over_q, axis=1))
    return log_sum - np.log(k)


def log_likelihood_on_grid(vae, x, tolerance=1e-3):
    """ln p(x) of each image, by summing p(x given z) p(z) over a grid of codes; for one or two latent dimensions.

    x: (n, 28, 28, 1), pixels in [0, 1]. Returns (n,) float64, in nats. The grid starts with a step of 0.1 and reaches
    from -6 to 6 in each dimension, or as far as the encoder's means and one more. Range check: while the outermost
    unit holds more than tolerance / 10 of an image's sum, the grid reaches 2 further. Step check: the step is halved
    until that changes an image's value by at most `tolerance` nats and no single point holds half of the sum, counting
    the image's own mean under the encoder as such a point; the value on the finer grid is returned. From a step of
    0.05 on the grid is refined only around points that hold more than e^-25 of an open image's sum, and around the
    means of open images. All these are checks by computation, no proof: what they can't see is a peak that is narrower
    than the step and that the encoder does not point at. Memory: ROWS codes at a time with 500 images at a time, about
    0.25 GB. With grey pixels and Bernoulli the result is no likelihood.
    Raises TypeError or ValueError for bad images, ValueError for three or more latent dimensions or a tolerance
    outside (0, 1), and ArithmeticError where a reach of 20 or a step of 1/1280 is not enough.
    """
    x = check_images(x)
    check_vae(vae, "decoder")
    check_tolerance(tolerance)
    latent_dim = vae.decoder.input_shape[-1]
    check_plane(latent_dim)
    step, mean = 0.1, posterior(vae, x)[0]
    reach, log_sum, peak = wide_sums(vae, x, float(np.clip(np.ceil(np.abs(mean).max() + 1), 6, 20)), step, tolerance)
    peak = np.maximum(peak, log_joint_at(vae, x, mean))
    value, places, open_images = log_sum + latent_dim * np.log(step), None, np.arange(len(x))
    while len(open_images):
        if step < 0.1 / 120:
            raise ArithmeticError(
                tr("At a step of {step:g} the values of {n} images still change by more than {tolerance} nats.").format(
                    step=step, n=len(open_images), tolerance=tolerance
                )
            )
        if places is None:  # the first time everywhere: a peak may lie between the points of the first grid
            places = whole_points(latent_dim, 2 * round(reach / step))
        else:
            kept = places[matters(vae, x[open_images], log_sum[open_images], places * step)]
            own = np.clip(np.rint(mean[open_images] / step), places.min(), places.max()).astype(places.dtype)
            places = halved(np.concatenate([kept, own]))
        step, before = step / 2, value[open_images]
        between = places[(places % 2 == 1).any(axis=1)] * step
        more, higher = sum_and_peak(vae, x[open_images], between)
        log_sum[open_images] = np.logaddexp(log_sum[open_images], more)
        peak[open_images] = np.maximum(peak[open_images], higher)
        value[open_images] = log_sum[open_images] + latent_dim * np.log(step)
        settled = np.abs(value[open_images] - before) <= tolerance
        resolved = peak[open_images] <= log_sum[open_images] - np.log(2)
        open_images = open_images[~(settled & resolved)]
    return value


def active_units(vae, x, threshold=0.01):
    """Which latent dimensions are in use: those whose mean, over images, has a variance above the threshold.

    x: (n, 28, 28, 1), n >= 2. Returns (latent_dim,) booleans; their sum is the number of active units.
    Raises TypeError or ValueError for bad images. Source: Burda, Grosse & Salakhutdinov (2015), section 5.2.
    Shown in chapter 08c.
    """
    x = check_images(x)
    check_vae(vae)
    check_two(x)
    return posterior(vae, x)[0].var(axis=0) > threshold


def mutual_information(vae, x, samples=1, seed=0):
    """I(index; z): how much a code says about which of the n images it came from; a float in nats.

    The mean of ln q(z given x) - ln q(z) over samples of each image's q, where q(z) is the mean of the n images'
    densities, all n counted. x: (n, 28, 28, 1). For these n images the estimate is unbiased, and never above ln n.
    As an estimate for the images' whole distribution it is too low in expectation. Takes samples * n * n densities:
    seconds for 10,000 images in two dimensions, 0.2 GB. Raises TypeError or ValueError for bad images, and ValueError
    for samples below 1 or a negative seed. Source: Hoffman & Johnson (2016). Shown in chapter 08b.
    """
    x = check_images(x)
    check_vae(vae)
    check_count(samples, "samples")
    check_count(seed, "seed", least=0)
    log_q_given_x, log_q, _ = log_densities(vae, x, samples, seed)
    return float((log_q_given_x - log_q).mean())


def marginal_kl(vae, x, samples=1, seed=0):
    """KL(q(z) || N(0, I)): how far the cloud of all n images' codes is from the prior; a float in nats.

    The mean of ln q(z) - ln p(z), with the samples and the q(z) of `mutual_information`; the two add up to the
    average KL of an image, sampled with the same noise. For these n images it is unbiased (so an estimate may fall
    below 0 by chance); for the images' whole distribution it is too high in expectation, by what the mutual
    information is too low. Arguments, cost and errors as there. Source: Hoffman & Johnson (2016).
    Shown in chapter 08b.
    """
    x = check_images(x)
    check_vae(vae)
    check_count(samples, "samples")
    check_count(seed, "seed", least=0)
    _, log_q, log_p = log_densities(vae, x, samples, seed)
    return float((log_q - log_p).mean())


def posterior(vae, x):
    """The encoder's mean and log_var, each (n, latent_dim) float64."""
    check_vae(vae)
    parts = [vae.encoder(x[i : i + ROWS], training=False) for i in range(0, len(x), ROWS)]
    mean, log_var = (np.concatenate([ops.convert_to_numpy(part[j]) for part in parts]) for j in (0, 1))
    return mean.astype("float64"), log_var.astype("float64")


def noise_of(seed, i):
    """The generator of image i's noise."""
    return np.random.default_rng([seed, i])


def samples_of_q(vae, x, mean, log_var, samples, seed):
    """Samples of each image's q, at most ROWS at once: yields (slice of images, z, epsilon, ln p(x given z)).

    z and epsilon: (images, samples, latent_dim), the last (images, samples), all float64.
    """
    at_once = max(1, ROWS // samples)
    constant = image_term(vae, x)
    for i in range(0, len(x), at_once):
        images = slice(i, min(i + at_once, len(x)))
        generators = [noise_of(seed, j) for j in range(images.start, images.stop)]
        for first in range(0, samples, ROWS):
            shape = (min(ROWS, samples - first), mean.shape[1])
            epsilon = np.stack([generator.standard_normal(shape) for generator in generators])
            z = mean[images, None] + np.exp(0.5 * log_var[images, None]) * epsilon
            slope, offset = code_terms(vae, z.reshape(-1, shape[1]))
            slope, offset = slope.reshape(*z.shape[:2], -1), offset.reshape(z.shape[:2])
            pixels = x[images].reshape(len(z), -1, 1).astype(slope.dtype, copy=False)
            yield images, z, epsilon, (slope @ pixels)[..., 0].astype("float64") - offset + constant[images, None]


# Both likelihoods have the form ln p(x given z) = x · slope(z) - offset(z) + constant(x). Bernoulli: slope = logits,
# offset = sum of softplus(logits), constant = 0. So one matrix product serves all images and all codes of a grid.


def code_terms(vae, z):
    """slope (m, pixels) and offset (m,) of codes z (m, latent_dim)."""
    decoded = vae.decoder(z.astype("float32"), training=False)
    decoded = ops.reshape(decoded, (len(z), -1))
    if vae.likelihood == "bernoulli":
        offset = ops.sum(ops.softplus(decoded), axis=1)
        return ops.convert_to_numpy(decoded), ops.convert_to_numpy(offset).astype("float64")
    mean, variance = ops.convert_to_numpy(decoded).astype("float64"), noise_variance(vae)
    return mean / variance, (mean**2).sum(axis=1) / (2 * variance)


def image_term(vae, x):
    """constant (n,) of images x."""
    if vae.likelihood == "bernoulli":
        return np.zeros(len(x))
    x, variance = x.reshape(len(x), -1), noise_variance(vae)
    return -0.5 * (np.einsum("ij,ij->i", x, x, dtype="float64") / variance + x.shape[1] * np.log(2 * np.pi * variance))


def noise_variance(vae):
    return np.exp(float(ops.convert_to_numpy(vae.noise_log_var)))


def whole_points(latent_dim, most):
    """All points with whole coordinates from -most to most, (m, latent_dim)."""
    axis = np.arange(-most, most + 1)
    return np.stack(np.meshgrid(*[axis] * latent_dim, indexing="ij"), axis=-1).reshape(-1, latent_dim)


def grid_points(latent_dim, step, low, high):
    """Multiples of step whose largest |coordinate| is in (low, high]."""
    indices = whole_points(latent_dim, round(high / step))
    return indices[np.abs(indices).max(axis=1) > round(low / step)] * step


def wide_sums(vae, x, reach, step, tolerance):
    """The first grid of `log_likelihood_on_grid`, made wider until its rim holds next to nothing.

    Returns how far it reaches and `sum_and_peak` of its points. Raises ArithmeticError beyond a reach of 20.
    """
    latent_dim = vae.decoder.input_shape[-1]
    inner, rim = ((-1, reach - 1), (reach - 1, reach))
    inner, rim = (sum_and_peak(vae, x, grid_points(latent_dim, step, *part)) for part in (inner, rim))
    while (rim[0] - np.logaddexp(inner[0], rim[0])).max() > np.log(tolerance / 10):
        if reach >= 20:
            raise ArithmeticError(
                tr("The grid reaches {reach:g} in each dimension, and p(x given z) p(z) has not died out.").format(
                    reach=reach
                )
            )
        inner = merged(merged(inner, rim), sum_and_peak(vae, x, grid_points(latent_dim, step, reach, reach + 1)))
        rim = sum_and_peak(vae, x, grid_points(latent_dim, step, reach + 1, reach + 2))
        reach += 2
    return reach, *merged(inner, rim)


def merged(a, b):
    """`sum_and_peak` of two sets of points together."""
    return np.logaddexp(a[0], b[0]), np.maximum(a[1], b[1])


def halved(indices):
    """The points of the grid with half the step on and around the given ones, (m, latent_dim) whole coordinates."""
    around = whole_points(indices.shape[1], 1)
    return np.unique((2 * indices[:, None] + around).reshape(-1, indices.shape[1]), axis=0)


def matters(vae, x, log_sum, points):
    """Which of the points hold more than e^-25 of the sum of some image, given the logarithms of the sums."""
    found = np.zeros(len(points), bool)
    for at, images, highest, log_joint in log_joints(vae, x, points):
        lowest = log_sum[images] - image_term(vae, x[images]) - highest - 25
        found[at] |= (log_joint > lowest[:, None]).any(axis=0)
    return found


def log_sum_over(vae, x, points):
    """ln of the sum of p(x given z) p(z) over the points z, for each image; (n,) float64."""
    return sum_and_peak(vae, x, points)[0]


def sum_and_peak(vae, x, points):
    """ln of the sum of p(x given z) p(z) over the points z, and ln of the largest term, for each image; (n,) each."""
    total, peak = np.full(len(x), -np.inf), np.full(len(x), -np.inf)
    for _, images, highest, log_joint in log_joints(vae, x, points):
        part = highest + np.log(np.exp(log_joint, out=log_joint).sum(axis=1, dtype="float64"))
        total[images] = np.logaddexp(total[images], part)
        peak[images] = np.maximum(peak[images], highest)
    constant = image_term(vae, x)
    return total + constant, peak + constant


def log_joint_at(vae, x, z):
    """ln p(x given z) p(z) of each image at a code of its own, z (n, latent_dim); (n,) float64."""
    result = image_term(vae, x) - 0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=1)
    flat = x.reshape(len(x), -1)
    for i in range(0, len(x), ROWS):
        part = slice(i, i + ROWS)
        slope, offset = code_terms(vae, z[part])
        result[part] += np.einsum("ij,ij->i", flat[part], slope, dtype="float64") - offset
    return result


def log_joints(vae, x, points, at_once=500):
    """ln p(x given z) p(z) for all images x and points z, in portions, but for the image's own term.

    Yields slices of points and of images, the highest value of each of these images, and what lies below it,
    (images, points).
    """
    flat = x.reshape(len(x), -1)
    for i in range(0, len(points), ROWS):
        z = points[i : i + ROWS]
        slope, offset = code_terms(vae, z)
        offset = offset + 0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=1)
        for j in range(0, len(x), at_once):
            log_joint = flat[j : j + at_once].astype(slope.dtype, copy=False) @ slope.T
            log_joint -= offset.astype(slope.dtype, copy=False)
            highest = log_joint.max(axis=1)
            log_joint -= highest[:, None]
            yield slice(i, i + len(z)), slice(j, j + len(log_joint)), highest, log_joint


def log_densities(vae, x, samples, seed, at_once=500):
    """ln q(z given x), ln q(z) and ln p(z) at samples of each image's q; each (samples, n) float64."""
    mean, log_var = posterior(vae, x)
    n, latent_dim = mean.shape
    epsilon = np.stack([noise_of(seed, i).standard_normal((samples, latent_dim)) for i in range(n)], axis=1)
    z = mean + np.exp(0.5 * log_var) * epsilon
    precision, constant = np.exp(-log_var), -0.5 * (log_var + np.log(2 * np.pi)).sum(axis=1)
    given_x, log_q = np.empty((samples, n)), np.empty((samples, n))
    for s in range(samples):
        for i in range(0, n, at_once):
            part = z[s, i : i + at_once]
            table = np.tile(constant, (len(part), 1))  # ln q(z of image i given x of image j)
            for d in range(latent_dim):
                table -= 0.5 * precision[:, d] * (part[:, d, None] - mean[:, d]) ** 2
            given_x[s, i : i + at_once] = table[np.arange(len(part)), i + np.arange(len(part))]
            log_q[s, i : i + at_once] = logsumexp(table, axis=1) - np.log(n)
    return given_x, log_q, -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=2)
