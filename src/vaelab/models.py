"""The autoencoder and the classifier of the first chapters. Each is shown in full in the chapter that introduces it."""

import keras
from keras import layers

from vaelab.checks import plain_numbers
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import train_vae  # noqa: F401 (homework that was handed out imports it from here)


@plain_numbers
def build_encoder(latent_dim=2):
    """The lecture's encoder, 784-128-64-latent_dim: images (n, 28, 28, 1) in [0, 1] to codes (n, latent_dim).

    Shown in chapter 01.
    """
    image = keras.Input(shape=(28, 28, 1), name="image")
    x = layers.Flatten()(image)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    z = layers.Dense(latent_dim, activation="linear", name="z")(x)
    return keras.Model(image, z, name="encoder")


@plain_numbers
def build_decoder(latent_dim=2):
    """The lecture's decoder, latent_dim-64-784: codes (n, latent_dim) to images (n, 28, 28, 1) in [0, 1].

    Shown in chapter 01.
    """
    z = keras.Input(shape=(latent_dim,), name="z")
    x = layers.Dense(64, activation="relu")(z)
    x = layers.Dense(28 * 28, activation="sigmoid")(x)
    image = layers.Reshape((28, 28, 1))(x)
    return keras.Model(z, image, name="decoder")


def build_autoencoder(latent_dim=2):
    """The encoder, the decoder and the autoencoder that chains them; the three share their weights.

    Returns (encoder, decoder, autoencoder). Shown in chapter 01.
    """
    encoder = build_encoder(latent_dim)
    decoder = build_decoder(latent_dim)
    image = keras.Input(shape=(28, 28, 1), name="image")
    autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
    return encoder, decoder, autoencoder


@trains
def train_autoencoder(x_train, seed=0, epochs=10):
    """A new autoencoder, trained the lecture's way: Adam, mean squared error, batches of 64, shuffled.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. Returns (encoder, decoder, autoencoder). Shown in chapter 01.
    """
    keras.utils.set_random_seed(seed)
    encoder, decoder, autoencoder = build_autoencoder()
    autoencoder.compile(optimizer=FusedAdam(), loss="mean_squared_error", steps_per_execution=64)
    batches = shuffled_batches(x_train, x_train, batch_size=64)
    autoencoder.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return encoder, decoder, autoencoder


@trains
def train_classifier(x_train, y_train, seed=0, epochs=3):
    """A digit classifier, 784-256-10, for use as a judge: images (n, 28, 28, 1) to class probabilities (n, 10).

    Shown in chapter 03b.
    """
    keras.utils.set_random_seed(seed)
    classifier = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="classifier",
    )
    classifier.compile(FusedAdam(), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=64)
    batches = shuffled_batches(x_train, y_train)
    classifier.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return classifier
