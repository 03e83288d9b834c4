"""Chapter 09's experiments: what the label is worth, who reads the drawn digits, and halves that are completed."""

import keras
import numpy as np
from keras import layers

from vaelab.bounds import log_likelihood_on_grid
from vaelab.checks import check_choice, plain_numbers
from vaelab.conditional import ConditionalVAE
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches


def label_likelihoods(cvae, x, tolerance=1e-2):
    """ln p(x given y) of each image under each of the ten labels, exact up to `tolerance` nats; (n, 10) float64.

    For one or two latent dimensions, see `vaelab.bounds.log_likelihood_on_grid`. x: (n, 28, 28, 1), pixels in [0, 1].
    Raises what that function raises. Shown in chapter 09b.
    """
    return np.stack([log_likelihood_on_grid(cvae.given(label), x, tolerance) for label in range(10)], axis=1)


def draw_codes(vae, x, y, seed=0):
    """One draw from q for each image: codes (n, latent_dim). vae: a ConditionalVAE, or a plain VAE, which gets no y.

    x: (n, 28, 28, 1), y: (n,), labels 0 to 9. Shown in chapter 09b.
    """
    seen = [x, y] if len(vae.encoder.inputs) == 2 else x
    mean, log_var = vae.encoder.predict(seen, batch_size=1000, verbose=0)
    return mean + np.exp(0.5 * log_var) * np.random.default_rng(seed).standard_normal(mean.shape)


@trains
def train_reader(x_train, y_train, seed=0, epochs=5):
    """A small convolutional digit classifier, to read what others draw: images (n, 28, 28, 1) to probabilities (n, 10).

    About 99 % of the test digits right after 5 epochs of all training images. Shown in chapter 09b.
    """
    keras.utils.set_random_seed(seed)
    reader = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(24, 5, strides=2, activation="relu"),
            layers.Conv2D(48, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="reader",
    )
    reader.compile(FusedAdam(), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=64)
    batches = shuffled_batches(x_train, y_train)
    reader.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return reader


def read_shares(reader, images, asked):
    """How images are read: entry (i, j) of the (10, 10) array is the share of those asked for as i that are read as j.

    images: (n, 28, 28, 1), asked: (n,), labels 0 to 9, each at least once. Shown in chapter 09b.
    """
    read = reader.predict(images, batch_size=1000, verbose=0).argmax(axis=1)
    counts = np.zeros((10, 10))
    np.add.at(counts, (asked, read), 1)
    return counts / counts.sum(axis=1, keepdims=True)


@plain_numbers
def build_completion(sees_upper="both", latent_dim=2, width=256):
    """Networks of a ConditionalVAE of lower halves whose condition is the upper half: (encoder, decoder).

    Both halves are (n, 14, 28, 1). sees_upper: "both" networks or the "decoder" only. Raises ValueError
    for another. Shown in chapter 09b.
    """
    check_choice(sees_upper, "sees_upper", ("both", "decoder"))
    lower, upper = (keras.Input(shape=(14, 28, 1), name=name) for name in ("lower", "upper"))
    z = keras.Input(shape=(latent_dim,), name="z")
    flat = layers.Flatten()
    seen = layers.Concatenate()([flat(lower), flat(upper)]) if sees_upper == "both" else flat(lower)
    x = layers.Dense(width, activation="relu")(seen)
    mean, log_var = layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)
    encoder = keras.Model([lower, upper] if sees_upper == "both" else lower, [mean, log_var], name="encoder")
    x = layers.Dense(width, activation="relu")(layers.Concatenate()([z, flat(upper)]))
    logits = layers.Reshape((14, 28, 1))(layers.Dense(14 * 28)(x))
    return encoder, keras.Model([z, upper], logits, name="decoder")


@trains
def train_completion(x_train, sees_upper="both", seed=0, epochs=5):
    """A ConditionalVAE of the lower halves of images, given the upper halves: Adam, batches of 128.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. sees_upper: as in `build_completion`. Shown in chapter 09b.
    """
    keras.utils.set_random_seed(seed)
    completion = ConditionalVAE(*build_completion(sees_upper), seed=seed)
    completion.compile(optimizer=FusedAdam(), steps_per_execution=64)
    upper, lower = x_train[:, :14], x_train[:, 14:]
    batches = shuffled_batches(lower, upper)
    completion.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return completion
