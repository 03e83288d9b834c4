"""The loss terms against quadrature and SciPy, at ordinary and at extreme inputs, and what they refuse."""

import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import bernoulli, multivariate_normal, norm

from vaelab.losses import bernoulli_nll, gaussian_nll, kl_divergence

RELATIVE, ABSOLUTE = 1e-4, 1e-5  # of every loss term, computed in float32


def close(computed, expected, relative=RELATIVE, absolute=ABSOLUTE):
    np.testing.assert_allclose(keras.ops.convert_to_numpy(computed), expected, rtol=relative, atol=absolute)


def kl_by_quadrature(mean, log_var, prior_mean, prior_log_var):
    """KL of one pair of Gaussians on a line, from the definition; q's line is cut 12 standard deviations out."""
    q, p = norm(mean, math.exp(log_var / 2)), norm(prior_mean, math.exp(prior_log_var / 2))
    reach = 12 * math.exp(log_var / 2)
    return quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), mean - reach, mean + reach,
                points=[mean], limit=400, epsabs=0, epsrel=1e-10)[0]  # fmt: skip


def exact_kl(mean, log_var, prior_mean, prior_log_var):
    """The closed form in float64, by another route: Decimal arithmetic for what cancels."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 60
        m, v, pm, pv = (Decimal(float(x)) for x in (mean, log_var, prior_mean, prior_log_var))
        return float((pv - v - 1 + (v - pv).exp() + (m - pm) ** 2 / pv.exp()) / 2)


ORDINARY = [
    (0.0, 0.0, 0.0, 0.0),
    (1.0, -1.0, 0.0, 0.0),
    (-2.0, 1.5, 0.5, -1.0),
    (0.1, -6.0, 0.0, 0.0),
    (3.0, 3.0, -3.0, 2.0),
]
EXTREME = [(m, v, pm, pv) for m in (0.0, 1e-3, 50.0) for v in (-20.0, -1e-3, 0.0, 20.0) for pm in (0.0, -1.0)
           for pv in (-20.0, 0.0, 20.0)]  # fmt: skip


@pytest.mark.parametrize("case", ORDINARY)
def test_kl_is_the_integral_that_defines_it(case):
    ours = kl_divergence(*(np.full((1, 1), x, "float32") for x in case))
    close(ours, [kl_by_quadrature(*case)])


def test_kl_keeps_its_digits_at_extreme_inputs():
    columns = np.array(EXTREME, "float32").T[:, :, None]
    ours = kl_divergence(*columns)
    assert np.isfinite(ours).all()
    close(ours, [exact_kl(*row) for row in np.array(EXTREME, "float32")])
    for row in EXTREME[::7]:
        if row[1] <= row[3]:
            assert exact_kl(*row) == pytest.approx(kl_by_quadrature(*row), rel=1e-6, abs=1e-9)


def test_a_tiny_kl_survives_rounding_and_is_not_negative():
    log_var = np.concatenate([-np.logspace(-6, -1, 41), np.logspace(-6, -1, 41)]).astype("float32")
    ours = kl_divergence(np.zeros((82, 1), "float32"), log_var[:, None]).numpy()
    exact = np.array([exact_kl(0, v, 0, 0) for v in log_var])
    assert (ours > -1e-12).all()
    big = np.abs(log_var) > 1e-3
    np.testing.assert_allclose(ours[big], exact[big], rtol=1e-3)
    np.testing.assert_allclose(ours, exact, rtol=0.2)


def test_kl_is_positive_and_zero_at_the_prior():
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(0, 3, (500, 4)).astype("float32"), rng.uniform(-20, 20, (500, 4)).astype("float32")
    assert (kl_divergence(mean, log_var).numpy() > 0).all()
    assert (kl_divergence(mean, log_var, mean, log_var).numpy() == 0).all()


def test_dimensions_are_summed_each_with_its_own_prior():
    rng = np.random.default_rng(1)
    mean, log_var, prior_mean, prior_log_var = rng.normal(0, 1, (4, 6, 3)).astype("float32")
    each = [kl_divergence(*(a[:, i : i + 1] for a in (mean, log_var, prior_mean, prior_log_var))) for i in range(3)]
    close(kl_divergence(mean, log_var, prior_mean, prior_log_var), np.sum(each, axis=0))


def test_kl_agrees_with_the_formula_for_full_covariances():
    rng = np.random.default_rng(2)
    mean, log_var, prior_mean, prior_log_var = rng.normal(0, 1, (4, 5, 3))
    for i in range(5):
        q, p, shift = np.diag(np.exp(log_var[i])), np.diag(np.exp(prior_log_var[i])), prior_mean[i] - mean[i]
        inverse = np.linalg.inv(p)
        expected = 0.5 * (
            np.trace(inverse @ q) + shift @ inverse @ shift - 3 + np.log(np.linalg.det(p) / np.linalg.det(q))
        )
        ours = kl_divergence(*(a[i : i + 1] for a in (mean, log_var, prior_mean, prior_log_var)))
        close(ours, [expected], 1e-12, 1e-12)  # float64 in, float64 out


@pytest.mark.parametrize(
    "prior", [(1, 0), (1.0, -0.5), (np.array([1.0, 2.0]), np.zeros((1, 2))), (np.ones((3, 1)), 0.5)]
)
def test_a_prior_broadcasts(prior):
    mean, log_var = np.random.default_rng(3).normal(0, 1, (2, 3, 2)).astype("float32")
    spread = [np.broadcast_to(np.asarray(x, "float32"), (3, 2)) for x in prior]
    ours = kl_divergence(mean, log_var, *prior)
    assert ours.shape == (3,) and keras.backend.standardize_dtype(ours.dtype) == "float32"
    close(ours, kl_divergence(mean, log_var, *spread))


# ---- likelihoods ----


def test_bernoulli_nll_is_scipys():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (4, 7, 7, 1)).astype("float32")
    x = (rng.random(logits.shape) < 0.5).astype("float32")
    probability = 1 / (1 + np.exp(-logits.astype("float64")))
    close(bernoulli_nll(x, logits), -bernoulli.logpmf(x, probability).sum(axis=(1, 2, 3)))


def test_bernoulli_nll_of_grey_pixels_is_the_cross_entropy():
    rng = np.random.default_rng(1)
    x, logits = rng.random((4, 784), dtype="float32"), rng.normal(0, 2, (4, 784)).astype("float32")
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    close(bernoulli_nll(x, logits), -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1))


@pytest.mark.parametrize("logit", [-1e4, -100.0, -17.0, -1e-3, 0.0, 1e-3, 17.0, 100.0, 1e4])
def test_bernoulli_nll_neither_overflows_nor_cancels(logit):
    x = np.array([0.0, 1e-6, 1e-4, 0.25, 0.5, 0.9999, 1.0], "float32")[:, None]
    ours = bernoulli_nll(x, np.full_like(x, logit))
    exact = np.float64(x[:, 0]) * np.logaddexp(0, -logit) + (1 - np.float64(x[:, 0])) * np.logaddexp(0, logit)
    assert np.isfinite(ours).all() and (ours.numpy() >= 0).all()
    np.testing.assert_allclose(ours, exact, rtol=RELATIVE, atol=1e-37)  # below, float32 is flushed to 0


@pytest.mark.parametrize("log_var", [-20.0, -3.0, 0.0, 20.0])
def test_gaussian_nll_is_scipys(log_var):
    rng = np.random.default_rng(2)
    x, mean = rng.random((2, 4, 6, 6, 1), dtype="float32")
    expected = -norm(mean.astype("d"), math.exp(log_var / 2)).logpdf(x.astype("d")).sum(axis=(1, 2, 3))
    close(gaussian_nll(x, mean, log_var), expected)
    close(gaussian_nll(x, mean, np.full_like(x, log_var)), expected)


def test_gaussian_nll_takes_each_variance_for_its_own():
    rng = np.random.default_rng(3)
    x, mean = rng.random((2, 4, 5), dtype="float32")
    log_var = rng.normal(0, 1, 5)  # one for each pixel
    expected = -multivariate_normal(np.zeros(5), np.diag(np.exp(log_var))).logpdf(x.astype("d") - mean)
    close(gaussian_nll(x, mean, log_var), expected)


# ---- compiled, symbolic, differentiated ----

RNG = np.random.default_rng(4)
CALLS = [
    (kl_divergence, RNG.normal(0, 1, (2, 3, 2)).astype("float32")),
    (bernoulli_nll, RNG.random((2, 3, 4, 4, 1), dtype="float32")),
    (lambda x, mean: gaussian_nll(x, mean, -1.0), RNG.random((2, 3, 4, 4, 1), dtype="float32")),
]


@pytest.mark.parametrize("call", CALLS, ids=["kl", "bernoulli", "gaussian"])
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "jit"])
def test_a_compiled_function_computes_the_same(call, compiled):
    function, (a, b) = call
    open_batch = [tf.TensorSpec((None, *a.shape[1:]))] * 2
    close(tf.function(function, jit_compile=compiled)(a, b), function(a, b), 1e-5, 1e-6)
    close(tf.function(function, jit_compile=compiled, input_signature=open_batch)(a, b), function(a, b), 1e-5, 1e-6)


@pytest.mark.parametrize("call", CALLS, ids=["kl", "bernoulli", "gaussian"])
def test_a_keras_model_can_hold_the_term(call):
    function, (a, b) = call
    inputs = [keras.Input(a.shape[1:]), keras.Input(a.shape[1:])]
    output = function(*inputs)
    assert output.shape == (None,)
    close(keras.Model(inputs, output)([a, b]), function(a, b), 1e-5, 1e-6)


def test_values_are_not_checked_inside_a_compiled_function():
    bad = np.full((2, 2), np.nan, "float32")
    assert np.isnan(tf.function(kl_divergence)(bad, bad)).all()
    assert np.isfinite(tf.function(bernoulli_nll)(np.full((2, 2), 255.0, "float32"), np.ones((2, 2), "float32"))).all()


@pytest.mark.parametrize("log_var", [-20.0, -1.0, 1e-4, 20.0])
def test_gradients_are_those_of_the_formula(log_var):
    mean, log_var = tf.Variable([[1.5, -2.0]]), tf.Variable([[log_var, 0.5]])
    with tf.GradientTape() as tape:
        kl = kl_divergence(mean, log_var)
    by_mean, by_log_var = tape.gradient(kl, [mean, log_var])
    close(by_mean, mean.numpy())
    close(by_log_var, 0.5 * np.expm1(log_var.numpy()), absolute=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_gradient_of_the_bernoulli_likelihood_is_probability_minus_pixel_at_every_logit(compiled):
    """Also at 0, where each of the parts that it is computed from has a corner."""
    logits = tf.constant([[-1e4, -17.0, -0.7, -1e-6, 0.0, 1e-6, 0.7, 17.0, 1e4]])

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            nll = bernoulli_nll(x, logits)
        return tape.gradient(nll, logits)

    for pixel in (0.0, 0.3, 1.0):
        x = tf.fill(logits.shape, pixel)
        found = (tf.function(gradient, jit_compile=True) if compiled else gradient)(x)
        exact = 0.5 * (1 + np.tanh(0.5 * logits.numpy().astype("float64"))) - pixel
        np.testing.assert_allclose(found, exact, atol=2e-7)


def test_gradients_of_the_likelihoods_are_those_of_the_formula():
    x, logits = tf.constant([[0.0, 1.0, 0.3]]), tf.Variable([[1e4, -1e4, 0.7]])
    with tf.GradientTape() as tape:
        nll = bernoulli_nll(x, logits)
    close(tape.gradient(nll, logits), [[1.0, -1.0, 1 / (1 + math.exp(-0.7)) - 0.3]])
    mean, log_var = tf.Variable([[0.2, 0.4, 0.9]]), tf.Variable(-2.0)
    with tf.GradientTape() as tape:
        nll = gaussian_nll(x, mean, log_var)
    by_mean, by_log_var = tape.gradient(nll, [mean, log_var])
    error = mean.numpy() - x.numpy()
    close(by_mean, error * math.exp(2))
    close(by_log_var, 0.5 * (3 - (error**2).sum() * math.exp(2)))


def test_half_precision_does_not_overflow():
    mean, log_var = np.full((1, 2), 1.0, "float16"), np.full((1, 2), 15.0, "float16")
    close(kl_divergence(mean, log_var), [exact_kl(1, 15, 0, 0) * 2])
    assert np.isfinite(gaussian_nll(np.ones((1, 784), "float16"), np.zeros((1, 784), "float16"), np.float16(-12))).all()


# ---- refused ----

M = np.zeros((3, 2), "float32")
NAN = np.array([[0, np.nan], [0, 0], [np.inf, 0]], "float32")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((M, np.zeros((3, 1), "float32")), ValueError, "mean has shape (3, 2) and log_var has shape (3, 1)"),
        ((M, np.zeros((2, 2), "float32")), ValueError, "mean has shape (3, 2) and log_var has shape (2, 2)"),
        ((M[:, 0], M[:, 0]), ValueError, "mean has shape (3,); expected (batch, ...)"),
        ((M[None], M[None]), ValueError, "mean has shape (1, 3, 2); expected (batch, latent_dim)"),
        ((M[:0], M[:0]), ValueError, "mean has shape (0, 2); expected (batch, ...) with at least 1"),
        ((M[:, :0], M[:, :0]), ValueError, "mean has shape (3, 0)"),
        ((NAN, M), ValueError, "mean holds NaN or infinite values at 2 of 6 places"),
        ((M, NAN), ValueError, "log_var holds NaN or infinite values at 2 of 6 places"),
        ((M, M, np.nan), ValueError, "prior_mean holds NaN"),
        ((M, M, 0.0, np.inf), ValueError, "prior_log_var holds NaN"),
        ((M, M, np.zeros(3)), ValueError, "prior_mean has shape (3,); expected one that broadcasts to (3, 2)"),
        (
            (M, M, 0.0, np.zeros((1, 3, 2))),
            ValueError,
            "prior_log_var has shape (1, 3, 2); expected one that broadcasts",
        ),
        ((M.astype(int), M), TypeError, "mean has dtype int64; expected floats"),
        ((M, M, np.zeros(2, int)), TypeError, "prior_mean has dtype int64"),
    ],
)
def test_kl_refuses_what_makes_no_sense(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        kl_divergence(*arguments)


X = np.zeros((3, 28, 28, 1), "float32")


@pytest.mark.parametrize(
    "nll", [bernoulli_nll, lambda x, mean: gaussian_nll(x, mean, 0.0)], ids=["bernoulli", "gaussian"]
)
@pytest.mark.parametrize(
    ("x", "other", "error", "message"),
    [
        (X, X[..., 0], ValueError, "x has shape (3, 28, 28, 1) and {} has shape (3, 28, 28)"),
        (X, X[:2], ValueError, "x has shape (3, 28, 28, 1) and {} has shape (2, 28, 28, 1)"),
        (X[:0], X[:0], ValueError, "x has shape (0, 28, 28, 1)"),
        (X[:, 0, 0, 0], X[:, 0, 0, 0], ValueError, "x has shape (3,)"),
        (X.astype("uint8"), X, TypeError, "x has dtype uint8; expected floats (0..255 pixels divided by 255)"),
        (X + 255, X, ValueError, "x has values from 255 to 255; expected pixels in [0, 1]"),
        (X - 0.5, X, ValueError, "x has values from -0.5 to -0.5"),
        (X * np.nan, X, ValueError, "x holds NaN"),
        (X, X * np.nan, ValueError, "{} holds NaN"),
    ],
)
def test_a_likelihood_refuses_what_makes_no_sense(nll, x, other, error, message):
    name = "logits" if nll is bernoulli_nll else "mean"
    with pytest.raises(error, match=re.escape(message.format(name))):
        nll(x, other)


def test_a_variance_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=re.escape("log_var has shape (3, 28, 28, 4); expected one that broadcasts")):
        gaussian_nll(X, X, np.zeros((3, 28, 28, 4), "float32"))
    with pytest.raises(ValueError, match="log_var holds NaN"):
        gaussian_nll(X, X, np.nan)


def test_shapes_are_checked_while_a_model_is_built():
    with pytest.raises(ValueError, match=re.escape("mean has shape (None, 2) and log_var has shape (None, 3)")):
        kl_divergence(keras.Input((2,)), keras.Input((3,)))
    with pytest.raises(ValueError, match="expected equal shapes"):
        tf.function(bernoulli_nll)(X, X[..., 0])
    with pytest.raises(ValueError, match="expected equal shapes"):
        kl_divergence(keras.Input((2,)), keras.Input((2, 2)))
