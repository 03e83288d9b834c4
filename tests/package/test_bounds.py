"""Bounds, exact likelihoods and information, against closed forms that nobody computed with our code."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers
from scipy.stats import multivariate_normal, norm

import vaelab.bounds
from vaelab.bounds import (
    active_units,
    elbo,
    importance_weighted_bound,
    log_likelihood_on_grid,
    marginal_kl,
    mutual_information,
)
from vaelab.experiments.chapter08 import measure_vae
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

rng = np.random.default_rng(0)
IMAGES = rng.random((20, 28, 28, 1), dtype="float32")
FUNCTIONS = {
    "elbo": elbo,
    "bound": lambda vae, x, **more: importance_weighted_bound(vae, x, 3, **more),
    "grid": log_likelihood_on_grid,
    "active": active_units,
    "information": mutual_information,
    "marginal": marginal_kl,
}


class LinearGaussian:
    """z ~ N(0, I), x = weights z + bias + N(0, noise_var): all is known in closed form (Tipping & Bishop 1999)."""

    def __init__(self, latent_dim, noise_var, orthogonal=True, scale=3.0):
        weights = rng.normal(size=(784, latent_dim))
        weights = np.linalg.qr(weights)[0] if orthogonal else weights / 28 + 0.5 * weights[:, :1] / 28
        self.weights = (weights * np.linspace(scale, scale / 2, latent_dim)).astype("float32").astype("float64")
        self.bias = rng.uniform(0.4, 0.6, 784).astype("float32").astype("float64")
        self.noise_var, self.latent_dim = noise_var, latent_dim
        self.covariance = np.linalg.inv(np.eye(latent_dim) + self.weights.T @ self.weights / noise_var)
        self.gain = self.covariance @ self.weights.T / noise_var

    def log_likelihood(self, x):
        covariance = self.weights @ self.weights.T + self.noise_var * np.eye(784)
        return multivariate_normal(self.bias, covariance).logpdf(x.reshape(len(x), -1).astype("float64"))

    def posterior_mean(self, x):
        return (x.reshape(len(x), -1) - self.bias) @ self.gain.T

    def vae(self, shift=0.0, log_scale=0.0):
        """A VAE with this decoder; its q is the posterior's mean and marginal variances, moved by shift, log_scale."""
        image, z = keras.Input((28, 28, 1)), keras.Input((self.latent_dim,))
        heads = [layers.Dense(self.latent_dim), layers.Dense(self.latent_dim)]
        encoder = keras.Model(image, [head(layers.Flatten()(image)) for head in heads])
        heads[0].set_weights([self.gain.T, shift - self.gain @ self.bias])
        heads[1].set_weights([np.zeros((784, self.latent_dim)), np.log(np.diag(self.covariance)) + log_scale])
        pixels = layers.Dense(784)
        decoder = keras.Model(z, layers.Reshape((28, 28, 1))(pixels(z)))
        pixels.set_weights([self.weights.T, self.bias])
        return VAE(encoder, decoder, likelihood="gaussian", noise_var=self.noise_var)

    def kl_of_q(self, shift, log_scale):
        """KL(q || posterior), from the formula for any two Gaussians."""
        variance = np.diag(self.covariance) * np.exp(log_scale)
        inverse, shift = np.linalg.inv(self.covariance), np.full(self.latent_dim, shift)
        log_ratio = np.linalg.slogdet(self.covariance)[1] - np.log(variance).sum()
        return 0.5 * (np.trace(inverse * variance) + shift @ inverse @ shift - self.latent_dim + log_ratio)


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("latent_dim", "noise_var"), [(1, 0.5), (1, 0.02), (2, 0.2)])
def test_grid_gives_the_exact_likelihood_of_a_linear_model(latent_dim, noise_var):
    model = LinearGaussian(latent_dim, noise_var, orthogonal=False)
    exact = model.log_likelihood(IMAGES)
    ours = log_likelihood_on_grid(model.vae(), IMAGES)
    close(ours, exact)
    np.testing.assert_allclose(ours, exact, atol=1e-3)  # the tolerance that the function states
    assert ours.dtype == np.float64 and exact.std() > 1


@pytest.mark.parametrize("encoder_knows", [True, False])
def test_grid_grows_until_it_holds_codes_that_are_far_out(encoder_knows):
    """An image decoded at z = 9: its posterior lies outside the first grid."""
    model = LinearGaussian(1, 0.005, scale=0.5)
    far = (model.bias + model.weights @ [9.0]).reshape(1, 28, 28, 1).clip(0, 1).astype("float32")
    assert model.posterior_mean(far) > 8
    vae = model.vae()
    if not encoder_knows:
        vae = VAE(build_vae_encoder(1, (4,)), vae.decoder, likelihood="gaussian", noise_var=0.005)
    np.testing.assert_allclose(log_likelihood_on_grid(vae, far), model.log_likelihood(far), atol=2e-3)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_exact_posterior_makes_every_bound_equal_the_likelihood_without_any_variance(latent_dim):
    model = LinearGaussian(latent_dim, 0.5)
    vae, exact = model.vae(), model.log_likelihood(IMAGES)
    for k, seed in ((1, 0), (1, 1), (7, 2), (50, 3)):
        np.testing.assert_allclose(importance_weighted_bound(vae, IMAGES, k, seed), exact, atol=1e-3)


@pytest.mark.parametrize("orthogonal", [True, False])
def test_gap_of_the_elbo_is_the_kl_from_q_to_the_posterior(orthogonal):
    model = LinearGaussian(2, 0.5, orthogonal)
    vae, gap = model.vae(0.2, 0.7), model.kl_of_q(0.2, 0.7)
    draws = np.array([elbo(vae, IMAGES, 50, seed) for seed in range(20)]) - model.log_likelihood(IMAGES)
    error = draws.mean(axis=1).std(ddof=1) / np.sqrt(len(draws))
    assert error < 0.02 * gap
    assert abs(draws.mean() + gap) < 4 * error


def test_one_importance_sample_is_the_elbo_in_expectation_and_many_reach_the_likelihood():
    model = LinearGaussian(2, 0.5)
    vae, exact = model.vae(0.2, 0.7), model.log_likelihood(IMAGES)
    one = np.array([importance_weighted_bound(vae, IMAGES, 1, seed) for seed in range(150)]).mean(axis=1)
    many = importance_weighted_bound(vae, IMAGES, 1000) - exact
    error = one.std(ddof=1) / np.sqrt(len(one))
    assert abs(one.mean() - exact.mean() + model.kl_of_q(0.2, 0.7)) < 4 * error < 0.2
    assert np.abs(many).max() < 0.3 and abs(many.mean()) < 0.03


class Toy:
    """Four live pixels, all others certainly blank, so that there are 16 images and no more."""

    def __init__(self, latent_dim, kind="bernoulli"):
        every = (np.arange(16)[:, None] >> np.arange(4)) % 2
        self.images = np.zeros((16, 28, 28, 1), "float32")
        self.images[:, 3, 5:9, 0] = every
        z = keras.Input((latent_dim,))
        pixels = layers.Dense(784)
        decoder = keras.Model(z, layers.Reshape((28, 28, 1))(pixels(z)))
        weights, bias = np.zeros((latent_dim, 28, 28)), np.full((28, 28), -60.0)
        self.weights, self.bias = rng.normal(0, 3, (latent_dim, 4)), rng.normal(0, 1, 4)
        weights[:, 3, 5:9], bias[3, 5:9] = self.weights, self.bias
        pixels.set_weights([weights.reshape(latent_dim, 784), bias.ravel()])
        self.vae = VAE(build_vae_encoder(latent_dim, (8,)), decoder)


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_probabilities_of_all_images_sum_to_one(latent_dim):
    keras.utils.set_random_seed(0)
    toy = Toy(latent_dim)
    probability = np.exp(log_likelihood_on_grid(toy.vae, toy.images, tolerance=1e-5))
    assert probability.sum() == pytest.approx(1, abs=2e-5)
    z = rng.standard_normal((400_000, latent_dim))
    chance = 1 / (1 + np.exp(-(z @ toy.weights + toy.bias)))
    for image, p in zip(toy.images[:, 3, 5:9, 0], probability, strict=True):
        draws = np.where(image == 1, chance, 1 - chance).prod(axis=1)
        assert abs(draws.mean() - p) < 4.5 * draws.std() / np.sqrt(len(draws))


def test_importance_weights_average_to_the_probability_whatever_q_is():
    """With a q that knows nothing, exp of the one-sample bounds still has the mean p(x)."""
    keras.utils.set_random_seed(0)
    toy = Toy(2)
    exact = np.exp(log_likelihood_on_grid(toy.vae, toy.images, tolerance=1e-5))
    weights = np.array([np.exp(importance_weighted_bound(toy.vae, toy.images, 60, seed)) for seed in range(60)])
    error = weights.std(axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(weights.mean(axis=0) - exact) < 4.5 * error + 1e-6).all()


@pytest.fixture(scope="module")
def trained(mnist):
    """A small two-dimensional VAE on digits binarised at one half, and 100 test images."""
    keras.utils.set_random_seed(0)
    vae = VAE(build_vae_encoder(2, (64,)), build_vae_decoder(2, (64,)))
    vae.compile(keras.optimizers.Adam(3e-3), steps_per_execution=16)
    vae.fit((mnist.x_train[:6000] > 0.5).astype("float32"), batch_size=100, epochs=6, verbose=0)
    return vae, (mnist.x_test[:100] > 0.5).astype("float32")


@pytest.fixture(scope="module")
def exact(trained):
    return log_likelihood_on_grid(*trained, tolerance=0.01)


def test_bounds_lie_in_their_order_below_the_exact_value(trained, exact):
    vae, x = trained
    values = [elbo(vae, x, seed=1)]
    values += [importance_weighted_bound(vae, x, k, seed) for k, seed in ((5, 2), (50, 3), (500, 4))]
    values += [exact]
    for lower, higher in itertools.pairwise(values):
        difference = higher - lower
        assert difference.mean() > -3 * difference.std(ddof=1) / np.sqrt(len(x))
    gap = values[-1] - values[0]
    assert gap.mean() > 3 * gap.std(ddof=1) / np.sqrt(len(x))
    assert abs((values[-1] - values[-2]).mean()) < 0.6 and -230 < values[-1].mean() < -120


def test_a_looser_tolerance_changes_the_exact_value_by_no_more_than_it_says(trained, exact):
    vae, x = trained
    np.testing.assert_allclose(log_likelihood_on_grid(vae, x[:20], 0.05), exact[:20], atol=0.06)


def test_elbo_is_what_evaluate_reports(trained):
    vae, x = trained
    reported = np.mean([vae.evaluate(x, verbose=0)[0] for _ in range(4)])
    ours = -elbo(vae, x, samples=20)
    assert abs(reported - ours.mean()) < 0.5


def test_number_of_codes_decoded_at_once_is_limited_and_changes_nothing(trained, monkeypatch):
    vae, x = trained
    x, seen = x[:12], []
    wanted = [elbo(vae, x, 3), importance_weighted_bound(vae, x, 30), log_likelihood_on_grid(vae, x[:2], 0.05)]

    class Watched:
        encoder, likelihood = vae.encoder, vae.likelihood

        class decoder:
            input_shape = vae.decoder.input_shape

            def __new__(cls, z, training):
                seen.append(len(z))
                return vae.decoder(z, training=training)

    for rows in (7, 64):
        seen.clear()
        monkeypatch.setattr(vaelab.bounds, "ROWS", rows)
        for ours, reference in zip(
            [elbo(Watched, x, 3), importance_weighted_bound(Watched, x, 30)], wanted, strict=False
        ):
            np.testing.assert_allclose(ours, reference, rtol=1e-5)
        assert max(seen) <= rows
    monkeypatch.setattr(vaelab.bounds, "ROWS", 1000)
    np.testing.assert_allclose(log_likelihood_on_grid(Watched, x[:2], 0.05), wanted[2], rtol=1e-6)
    assert max(seen) <= 1000


def test_noise_of_an_image_depends_on_seed_and_place_alone(trained):
    vae, x = trained
    for function in (elbo, lambda *a, **k: importance_weighted_bound(*a, 5, **k)):
        np.testing.assert_allclose(function(vae, x[:10], seed=3)[:4], function(vae, x[:4], seed=3), rtol=1e-5)
        assert np.abs(function(vae, x[:10], seed=3) - function(vae, x[:10], seed=4)).min() > 0
        same = function(vae, np.repeat(x[:1], 50, axis=0), seed=3)
        assert len(np.unique(same)) == 50  # the same image in 50 places gets 50 noises


class Codes:
    """Stands in for a VAE: its encoder hands out the given means and log variances, in order."""

    decoder, likelihood = None, "bernoulli"

    def __init__(self, mean, log_var):
        self.mean, self.log_var = np.asarray(mean, "float32"), np.asarray(log_var, "float32")

    def encoder(self, x, training):
        return keras.ops.convert_to_tensor(self.mean), keras.ops.convert_to_tensor(self.log_var)


def images(n):
    return np.zeros((n, 28, 28, 1), "float32")


def test_codes_that_say_nothing_have_no_information_and_distinct_ones_have_ln_n():
    nothing, all_of_it = (
        Codes(np.zeros((50, 2)), np.zeros((50, 2))),
        Codes(np.arange(100).reshape(50, 2), -20 * np.ones((50, 2))),
    )
    assert mutual_information(nothing, images(50)) == pytest.approx(0, abs=1e-9)
    assert mutual_information(all_of_it, images(50)) == pytest.approx(np.log(50), rel=1e-6)


def test_information_and_marginal_kl_of_two_bumps_agree_with_quadrature():
    centres, variance = np.array([-1.0, 1.5]), np.array([0.3, 0.8])
    z = np.linspace(-12, 12, 200_001)
    bumps = norm.pdf(z, centres[:, None], np.sqrt(variance)[:, None])
    q, p = bumps.mean(axis=0), norm.pdf(z)
    information = np.trapezoid(np.where(bumps > 0, bumps * np.log(np.maximum(bumps, 1e-300) / q), 0), z).mean()
    divergence = np.trapezoid(q * np.log(q / p), z)
    codes = Codes(np.tile(centres, 50)[:, None], np.log(np.tile(variance, 50))[:, None])  # each bump fifty times
    draws = np.array(
        [(mutual_information(codes, images(100), 20, s), marginal_kl(codes, images(100), 20, s)) for s in range(20)]
    )
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - [information, divergence]) < 4 * error).all() and error.max() < 0.02


def test_average_kl_is_information_plus_marginal_kl(trained):
    vae, x = trained
    mean, log_var = (keras.ops.convert_to_numpy(part).astype("float64") for part in vae.encoder(x))
    kl = 0.5 * (np.exp(log_var) - 1 - log_var + mean**2).sum(axis=1).mean()
    draws = [(mutual_information(vae, x, 4, s), marginal_kl(vae, x, 4, s)) for s in range(12)]
    sums = np.sum(draws, axis=1)
    assert abs(sums.mean() - kl) < 4 * sums.std(ddof=1) / np.sqrt(12)
    assert all(0 < information <= np.log(100) for information, _ in draws)


def test_informations_are_the_same_in_other_batches(trained):
    vae, x = trained
    whole, parts = (vaelab.bounds.log_densities(vae, x, 2, 0, at_once) for at_once in (500, 7))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_active_units_are_those_whose_mean_moves():
    mean = np.stack([rng.normal(0, 1, 500), rng.normal(0, 0.05, 500), rng.normal(5, 0.2, 500)], axis=1)
    codes = Codes(mean, np.zeros_like(mean))
    np.testing.assert_array_equal(active_units(codes, images(500)), [True, False, True])
    np.testing.assert_array_equal(active_units(codes, images(500), threshold=0.5), [True, False, False])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((2, 28, 28)), ValueError, r"shape \(2, 28, 28\).*expected \(n, 28, 28, 1\)"),
        (np.zeros((2, 784)), ValueError, r"\(2, 784\)"),
        (np.zeros((0, 28, 28, 1)), ValueError, r"\(0, 28, 28, 1\)"),
        (np.zeros((2, 28, 28, 1), "uint8"), TypeError, "uint8.*Divide"),
        (np.full((2, 28, 28, 1), 255.0), ValueError, "from 255 to 255"),
        (np.full((2, 28, 28, 1), np.nan), ValueError, "nan"),
    ],
)
def test_bad_images_are_refused(name, x, error, message):
    with pytest.raises(error, match=message):
        FUNCTIONS[name](None, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_vae_is_refused(name):
    with pytest.raises(TypeError, match="Sequential, without encoder, decoder, likelihood"):
        FUNCTIONS[name](keras.Sequential(), images(2))


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3", None])
def test_bad_number_of_samples_is_refused(count):
    codes = Codes([[0, 0]], [[0, 0]])
    for function in (elbo, importance_weighted_bound, mutual_information, marginal_kl):
        with pytest.raises(ValueError, match="(k|samples) is .*whole number of at least 1"):
            function(codes, images(1), count)
        with pytest.raises(ValueError, match="seed is -1"):
            function(codes, images(1), 1, seed=-1)


@pytest.mark.parametrize("tolerance", [0, -1e-3, 1, float("nan"), "small"])
def test_bad_tolerance_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance is .*between 0 and 1"):
        log_likelihood_on_grid(Codes([[0, 0]], [[0, 0]]), images(1), tolerance)


def test_grid_refuses_three_dimensions_and_says_what_to_use():
    vae = VAE(build_vae_encoder(3, (4,)), build_vae_decoder(3, (4,)))
    with pytest.raises(ValueError, match="3 latent dimensions; expected 1 or 2.*importance_weighted_bound"):
        log_likelihood_on_grid(vae, images(1))


def test_grid_says_so_when_it_cannot_settle():
    """A likelihood a thousand times narrower than the finest step; and one that grows faster than the prior falls."""
    model = LinearGaussian(1, 0.5)
    model.weights *= 1000
    model.noise_var = 1e-4
    with pytest.raises(ArithmeticError, match="step of 0.00078125"):
        log_likelihood_on_grid(model.vae(), IMAGES[:2])


class Peak:
    """A box in one latent dimension, |z - at| < half, in which each pixel has the logit 8, elsewhere -0.2."""

    likelihood, at, half = "bernoulli", 3.03, 0.004

    class decoder:
        input_shape = (None, 1)

        def __new__(cls, z, training):
            inside = np.abs(np.asarray(z, "float64") - Peak.at) < Peak.half
            return keras.ops.convert_to_tensor(np.repeat(np.where(inside, 8.0, -0.2), 784, axis=1).astype("float32"))

    def __init__(self, mean):
        self.mean = mean

    def encoder(self, x, training):
        return [keras.ops.full((len(x), 1), value) for value in (self.mean, -11.0)]


def test_peak_between_the_points_of_the_grid_is_found_where_the_encoder_points_at_it():
    x = np.ones((2, 28, 28, 1), "float32")
    mass = norm.cdf(Peak.at + Peak.half) - norm.cdf(Peak.at - Peak.half)
    exact = np.log(mass) - 784 * np.log1p(np.exp(-8.0))
    assert exact == pytest.approx(-10.6, abs=0.05)
    # A box has sharp edges: at the finest step 10 points lie within, one more or less.
    np.testing.assert_allclose(log_likelihood_on_grid(Peak(3.03), x, tolerance=0.3), exact, atol=0.3)
    # The limit that the docstring states: nothing tells the grid of this peak.
    np.testing.assert_allclose(
        log_likelihood_on_grid(Peak(0.0), x, tolerance=0.3), -784 * np.log1p(np.exp(0.2)), atol=0.1
    )


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_narrow_posteriors_do_not_settle_by_chance(latent_dim):
    """Posteriors of standard deviation 0.011: at the first steps the value depends on where the points fall."""
    model = LinearGaussian(latent_dim, 0.5)
    model.weights = np.linalg.qr(model.weights)[0] * np.sqrt(0.5) / 0.011
    model.covariance = np.linalg.inv(np.eye(latent_dim) + model.weights.T @ model.weights / 0.5)
    model.gain = model.covariance @ model.weights.T / 0.5
    z = rng.normal(0, 0.004, (100, latent_dim))
    x = (model.bias + z @ model.weights.T).reshape(-1, 28, 28, 1).clip(0, 1).astype("float32")
    assert np.sqrt(model.covariance[0, 0]) == pytest.approx(0.011, rel=0.01)
    np.testing.assert_allclose(log_likelihood_on_grid(model.vae(), x, 0.05), model.log_likelihood(x), atol=0.05)


def test_variance_needs_two_images():
    with pytest.raises(ValueError, match="1 image; expected at least 2"):
        active_units(Codes([[0, 0]], [[0, 0]]), images(1))


def test_rate_and_distortion_are_the_parts_of_the_elbo(trained):
    vae, x = trained
    run = measure_vae(vae, x, samples=30)
    mean, log_var = (keras.ops.convert_to_numpy(part).astype("float64") for part in vae.encoder(x))
    kl = 0.5 * (np.exp(log_var) - 1 - log_var + mean**2).mean(axis=0)
    np.testing.assert_allclose(run["kl"], sorted(kl, reverse=True), atol=1e-4)
    assert run["rate"] == pytest.approx(kl.sum(), rel=1e-4)
    _, reconstruction, divergence = vae.evaluate(x, verbose=0)
    assert run["distortion"] == pytest.approx(reconstruction, abs=1.5)
    assert run["rate"] == pytest.approx(divergence, rel=1e-4)
    assert (
        run["elbo"] == pytest.approx(elbo(vae, x, 30, seed=1).mean()) == pytest.approx(-run["rate"] - run["distortion"])
    )
    assert run["active"] == [1, 1]


def test_active_flags_follow_the_order_of_the_kl():
    mean = np.stack([np.linspace(-0.01, 0.01, 50), np.linspace(-2, 2, 50), np.linspace(-0.5, 0.5, 50)], axis=1)
    model = VAE(build_vae_encoder(3, (4,)), build_vae_decoder(3, (4,)))
    codes = Codes(mean, np.zeros_like(mean))
    codes.decoder = model.decoder
    run = measure_vae(codes, images(50))
    assert run["active"] == [1, 1, 0] and run["kl"][0] > run["kl"][1] > 0.01 > run["kl"][2]
