"""The sampling layer draws from N(mean, diag exp(log_var)), freshly each time, and lets gradients through."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest, norm

from vaelab.layers import Sampling

MEAN = np.tile(np.float32([3.0, -1.0, 0.0]), (20000, 1))
LOG_VAR = np.tile(np.float32([-4.0, 0.0, 2.0]), (20000, 1))


def draw(layer, mean=MEAN, log_var=LOG_VAR):
    return keras.ops.convert_to_numpy(layer([mean, log_var]))


def test_samples_follow_the_gaussian_that_was_asked_for():
    z = draw(Sampling(seed=1))
    for j, (mean, log_var) in enumerate(zip(MEAN[0], LOG_VAR[0], strict=True)):
        assert kstest(z[:, j], norm(mean, np.exp(log_var / 2)).cdf).pvalue > 1e-3


def test_noise_is_fresh_for_each_example_dimension_and_call():
    layer = Sampling(seed=1)
    first, second = (draw(layer, np.zeros_like(MEAN), np.zeros_like(MEAN)) for _ in range(2))
    assert len(np.unique(first)) > 0.99 * first.size
    columns = np.concatenate([first, second], axis=1)
    correlations = np.corrcoef(columns, rowvar=False)
    neighbours = np.corrcoef(first[:-1, 0], first[1:, 0])[0, 1]
    assert np.abs(correlations - np.eye(6)).max() < 0.035 and abs(neighbours) < 0.035  # five standard errors


def test_noise_is_fresh_in_each_step_of_a_compiled_function():
    layer = Sampling(seed=1)
    for jit in (False, True):
        step = tf.function(lambda: layer([tf.zeros((4, 2)), tf.zeros((4, 2))]), jit_compile=jit)
        assert np.abs(step().numpy() - step().numpy()).min() > 0


def test_same_seed_repeats_and_another_seed_differs():
    np.testing.assert_array_equal(draw(Sampling(seed=1)), draw(Sampling(seed=1)))
    assert (draw(Sampling(seed=1)) != draw(Sampling(seed=2))).mean() > 0.99


def test_without_a_seed_the_global_one_decides():
    drawn = []
    for seed in (5, 5, 6):
        keras.utils.set_random_seed(seed)
        drawn.append(draw(Sampling()))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).mean() > 0.99


def test_gradient_goes_to_mean_and_log_var():
    """dz/dmean = 1 and dz/dlog_var = (z - mean) / 2."""
    mean, log_var = tf.constant(MEAN[:5]), tf.constant(LOG_VAR[:5])
    with tf.GradientTape() as tape:
        tape.watch([mean, log_var])
        z = Sampling(seed=1)([mean, log_var])
    by_mean, by_log_var = tape.gradient(z, [mean, log_var])
    np.testing.assert_allclose(by_mean, np.ones((5, 3)))
    np.testing.assert_allclose(by_log_var, (z - mean) / 2, rtol=1e-4, atol=1e-6)


def test_no_noise_at_tiny_variance_and_no_nan_at_extremes():
    mean = np.float32([[1.5, -2.5]])
    np.testing.assert_allclose(draw(Sampling(), mean, np.full((1, 2), -80, "float32")), mean)
    assert np.isfinite(draw(Sampling(), mean, np.float32([[-20, 20]]))).all()


def test_a_saved_layer_goes_on_with_its_noise_and_does_not_begin_again(tmp_path):
    inputs = [keras.Input((2,)), keras.Input((2,))]
    model = keras.Model(inputs, Sampling(seed=7)(inputs))
    zeros = [np.zeros((3, 2), "float32")] * 2
    first = keras.ops.convert_to_numpy(model(zeros))
    model.save(tmp_path / "sampling.keras")
    loaded = keras.models.load_model(tmp_path / "sampling.keras")
    second, same = (keras.ops.convert_to_numpy(m(zeros)) for m in (model, loaded))
    np.testing.assert_array_equal(second, same)
    assert np.abs(first - second).min() > 0
    assert Sampling.from_config(Sampling(seed=7).get_config()).seed == 7


def test_half_precision_stays_half_precision():
    layer = Sampling(seed=1, dtype="float16")
    assert draw(layer, MEAN[:3].astype("float16"), LOG_VAR[:3].astype("float16")).dtype == np.float16


@pytest.mark.parametrize("log_var", [np.zeros((4, 3)), np.zeros((4, 1)), np.zeros((5, 2)), np.zeros(2)])
def test_different_shapes_are_refused_and_both_are_named(log_var):
    with pytest.raises(ValueError, match=r"\(4, 2\).*" + str(log_var.shape).replace("(", r"\(").replace(")", r"\)")):
        Sampling()([np.zeros((4, 2), "float32"), log_var.astype("float32")])
