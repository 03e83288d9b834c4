"""Chapter 06's losses: each is reduced and priced as the table says, and the stored networks show what it claims."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from vaelab.experiments.chapter06 import LOSSES, effective_price, measure_loss, published_loss, train_with_loss
from vaelab.images import pack_images, unpack_images
from vaelab.losses import bernoulli_nll, kl_divergence
from vaelab.results import RESULTS, load_results

SEEDS = ("0", "1", "2")


@pytest.fixture(scope="module")
def batch():
    """Images, logits, mean, log_var and z of a batch of seven, at random."""
    rng = np.random.default_rng(0)
    x, logits = rng.random((7, 28, 28, 1)), rng.normal(0, 2, (7, 28, 28, 1))
    mean, log_var, epsilon = rng.normal(0, 1, (3, 7, 2))
    return [a.astype("float32") for a in (x, logits, mean, log_var, mean + np.exp(0.5 * log_var) * epsilon)]


def as_published(name, x, logits, mean, log_var, z):
    """The loss written with Keras' own losses, the way the sources write it."""
    x_hat = ops.sigmoid(logits)
    per_dimension = -0.5 * (1 + log_var - np.square(mean) - np.exp(log_var))
    kl = np.mean(np.sum(per_dimension, axis=1))
    sum_bce = ops.mean(ops.sum(keras.losses.binary_crossentropy(x, x_hat), axis=(1, 2)))
    mean_bce = keras.losses.BinaryCrossentropy()(x, x_hat)
    mse = keras.losses.MeanSquaredError()(x, x_hat)

    def log_normal(z, mean, log_var):
        return np.sum(-0.5 * (np.square(z - mean) * np.exp(-log_var) + log_var + np.log(2 * np.pi)), axis=1)

    sampled = np.mean(log_normal(z, mean, log_var) - log_normal(z, 0.0, np.zeros_like(z)))
    return float(
        {
            "sum BCE + KL": sum_bce + kl,
            "sum BCE + sampled KL": sum_bce + sampled,
            "mean BCE + KL/784": mean_bce + 7 * kl / (7 * 784),
            "sum BCE + mean KL": sum_bce + np.mean(per_dimension),
            "mean BCE + 0.001 mean KL": mean_bce - 5e-4 * np.mean(1 + log_var - np.square(mean) - np.exp(log_var)),
            "500 mean BCE + KL": 500 * mean_bce + kl,
            "MSE + KL/784": mse + kl / 784,
            "MSE + 0.00025 KL": mse + 0.00025 * kl,
            "MSE + mean KL": mse + np.mean(per_dimension),
            "MSE + KL": mse + kl,
        }[name]
    )


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_reduced_as_in_its_source(batch, name):
    assert float(published_loss(name, *batch)) == pytest.approx(as_published(name, *batch), rel=1e-4)


@pytest.mark.parametrize("name", [name for name in LOSSES if "sampled" not in name])
def test_the_table_of_weights_belongs_to_the_losses(batch, name):
    x, logits, mean, log_var, _ = batch
    error, error_weight, kl_weight = LOSSES[name]
    squared = np.square(x - ops.convert_to_numpy(ops.sigmoid(logits))).sum(axis=(1, 2, 3))
    summed = np.mean(bernoulli_nll(x, logits)) if error == "cross-entropy" else squared.mean()
    expected = error_weight * summed + kl_weight * np.mean(kl_divergence(mean, log_var))
    assert float(published_loss(name, *batch)) == pytest.approx(expected, rel=1e-4)


def test_the_sampled_kl_is_the_kl_on_average(batch):
    x, logits, mean, log_var, _ = batch
    epsilon = np.random.default_rng(1).standard_normal((2000, 7, 2)).astype("float32")
    draws = [published_loss("sum BCE + sampled KL", x, logits, mean, log_var, mean + np.exp(0.5 * log_var) * e)
             for e in epsilon]  # fmt: skip
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - float(published_loss("sum BCE + KL", *batch))) < 4 * error + 1e-3


def test_a_price_is_the_one_that_the_chapter_derives():
    expected = {
        "sum BCE + KL": 1,
        "sum BCE + sampled KL": 1,
        "mean BCE + KL/784": 1,
        "sum BCE + mean KL": 0.5,
        "mean BCE + 0.001 mean KL": 0.392,
        "500 mean BCE + KL": 1.568,
        "MSE + KL/784": 0.5,
        "MSE + 0.00025 KL": 0.098,
        "MSE + mean KL": 196,
        "MSE + KL": 392,
    }
    assert {name: pytest.approx(effective_price(name)) for name in LOSSES} == expected


def test_training_repeats_and_measures_its_loss(mnist):
    x = mnist.x_train[:200]
    first, second = (measure_loss(*train_with_loss(x, "sum BCE + KL", seed=3, epochs=1), x) for _ in range(2))
    assert first == second and set(first) == {"kl", "squared_error", "cross_entropy", "spread"}

    def same(x, logits, mean, log_var, z):
        return published_loss("sum BCE + KL", x, logits, mean, log_var, z)

    assert measure_loss(*train_with_loss(x, same, seed=3, epochs=1), x) == first
    assert measure_loss(*train_with_loss(x, "MSE + KL", seed=3, epochs=1), x) != first


def test_the_measure_is_a_sum_over_pixels_and_a_mean_over_images(mnist):
    x = mnist.x_train[:100]
    encoder, decoder = train_with_loss(x, "sum BCE + KL", epochs=1, latent_dim=3)
    for layer in ("mean", "log_var"):
        encoder.get_layer(layer).set_weights([np.zeros((64, 3)), np.full(3, 0.0 if layer == "mean" else -60.0)])
    measured = measure_loss(encoder, decoder, x)
    logits = ops.convert_to_numpy(decoder(np.zeros((1, 3), "float32")))
    x_hat = 1 / (1 + np.exp(-logits.astype("float64")))
    assert measured["squared_error"] == pytest.approx(np.square(x - x_hat).sum() / 100, rel=1e-4)
    assert measured["cross_entropy"] == pytest.approx(
        -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum() / 100, rel=1e-4
    )
    assert measured["kl"] == pytest.approx(3 * 0.5 * 59, rel=1e-4) and measured["spread"] == pytest.approx(0, abs=1e-6)


def test_an_unknown_loss_lists_the_known_ones(mnist):
    with pytest.raises(ValueError, match="loss is 'mse'; expected a function or one of: sum BCE \\+ KL, .*MSE \\+ KL"):
        train_with_loss(mnist.x_train[:100], "mse")


def test_packed_images_come_back():
    images = np.random.default_rng(0).random((5, 28, 28, 1)).astype("float32")
    back = unpack_images(pack_images(images))
    assert back.shape == images.shape and back.dtype == np.float32
    assert np.abs(back - images).max() <= 0.5 / 31 + 1e-6
    assert np.array_equal(unpack_images(pack_images(back)), back)
    rows = images[:4].reshape(2, 2, 28, 28, 1)
    assert np.array_equal(unpack_images(pack_images(rows)), back[:4])
    assert len(pack_images(np.zeros((60, 28, 28, 1)))) < 200


@pytest.mark.parametrize(
    "images", [np.zeros((2, 28, 27, 1)), np.full((2, 28, 28, 1), 1.1), np.full((2, 28, 28, 1), np.nan)]
)
def test_images_of_another_kind_are_not_packed(images):
    with pytest.raises(ValueError, match="images has (shape|values)"):
        pack_images(images)


@pytest.mark.parametrize("text", ["abc", "AAAA", None])
def test_texts_of_another_kind_are_not_unpacked(text):
    with pytest.raises(ValueError, match="pictures can't be read"):
        unpack_images(text)


# ---- what the chapter says of the stored networks ----


@pytest.fixture(scope="module")
def stored():
    return load_results("loss_scalings")


def test_the_store_holds_every_loss_seed_and_sample_and_is_small(stored):
    assert all(set(stored[seed]) == set(LOSSES) for seed in SEEDS) and set(stored["samples"]) == set(LOSSES)
    assert all(unpack_images(text).shape == (20, 28, 28, 1) for text in stored["samples"].values())
    assert (RESULTS / "loss_scalings.json").stat().st_size < 200_000


def test_a_compiled_loss_is_the_same(batch):
    x, logits, mean, log_var, z = batch
    compiled = tf.function(lambda *parts: published_loss("500 mean BCE + KL", *parts))
    assert float(compiled(x, logits, mean, log_var, z)) == pytest.approx(
        float(published_loss("500 mean BCE + KL", *batch)), rel=1e-5
    )
