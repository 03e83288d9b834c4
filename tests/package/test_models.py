"""The lecture's network is the lecture's network."""

import keras
import numpy as np
import pytest

from vaelab.models import build_autoencoder, train_autoencoder, train_classifier


@pytest.fixture(scope="module")
def trained(mnist):
    return train_autoencoder(mnist.x_train[:2000], epochs=10)


def test_layers_are_the_lecture_s():
    encoder, decoder, _ = build_autoencoder()
    assert [(layer.units, layer.activation.__name__) for layer in encoder.layers if hasattr(layer, "units")] == [
        (128, "relu"), (64, "relu"), (2, "linear"),
    ]  # fmt: skip
    assert [(layer.units, layer.activation.__name__) for layer in decoder.layers if hasattr(layer, "units")] == [
        (64, "relu"), (784, "sigmoid"),
    ]  # fmt: skip
    assert encoder.input_shape == (None, 28, 28, 1) and decoder.output_shape == (None, 28, 28, 1)


def test_the_three_models_share_their_weights():
    encoder, decoder, autoencoder = build_autoencoder(3)
    assert {id(w) for w in autoencoder.weights} == {id(w) for w in encoder.weights + decoder.weights}
    assert autoencoder.count_params() == 784 * 128 + 128 + 128 * 64 + 64 + 64 * 3 + 3 + 3 * 64 + 64 + 64 * 784 + 784


def test_training_is_adam_on_squared_error_and_lowers_it(trained, mnist):
    encoder, decoder, autoencoder = trained
    assert isinstance(autoencoder.optimizer, keras.optimizers.Adam) and autoencoder.loss == "mean_squared_error"
    x = mnist.x_test[:500]
    image = mnist.x_train.mean(axis=0)
    reconstructed = decoder.predict(encoder.predict(x, verbose=0), verbose=0)
    np.testing.assert_allclose(reconstructed, autoencoder.predict(x, verbose=0), atol=1e-6)
    assert np.mean((reconstructed - x) ** 2) < np.mean((image - x) ** 2)


def test_the_same_seed_gives_the_same_network_and_another_seed_another(trained, mnist):
    again = train_autoencoder(mnist.x_train[:2000], epochs=10)[2].get_weights()
    other = train_autoencoder(mnist.x_train[:2000], seed=1, epochs=2)[2].get_weights()
    for ours, same in zip(trained[2].get_weights(), again, strict=True):
        np.testing.assert_allclose(ours, same, rtol=1e-4, atol=1e-5)
    assert np.abs(trained[2].get_weights()[0] - other[0]).max() > 0.01


def test_classifier_learns_digits(mnist):
    classifier = train_classifier(mnist.x_train[:6000], mnist.y_train[:6000], epochs=2)
    assert classifier.evaluate(mnist.x_test[:1000], mnist.y_test[:1000], verbose=0)[1] > 0.8
