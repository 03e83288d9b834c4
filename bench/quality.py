"""Seconds of training until the test loss, -ELBO with two latent dimensions, falls below 150 nats; one run each.

The course's model and way, and the convolutional network of Keras' published example
(keras-team/keras-io, examples/generative/vae.py), trained its way: on all 70,000 images, the test images among them,
with Keras' default `fit`. The test is taken after each epoch, and its time is not counted.
"""

import time

import keras
import numpy as np
from keras import layers

import vaelab
from bench.rows import row
from vaelab.data import load_mnist
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

ENOUGH, CAP = 150.0, 900.0


def measure():
    vaelab.setup("en")
    mnist = load_mnist()
    keras.utils.set_random_seed(0)
    course = VAE(build_vae_encoder(), build_vae_decoder(), seed=0)
    course.compile(optimizer=FusedAdam(), steps_per_execution=64)
    published = VAE(published_encoder(), published_decoder(), seed=0)
    published.compile(optimizer=keras.optimizers.Adam())
    batches, everything = shuffled_batches(mnist.x_train), np.concatenate([mnist.x_train, mnist.x_test])
    taken = {}
    for name, vae, data, how in (
        ("the course's model", course, batches, {"shuffle": False}),
        ("the published example", published, everything, {"batch_size": 128}),
    ):
        seconds, epochs, loss = until_enough(vae, mnist.x_test, data, **how)
        taken[name] = seconds
        reached = loss < ENOUGH
        what = f"{name}: training until the test loss is below {ENOUGH:.0f}"
        yield row(what, seconds if reached else f"not reached in {seconds:.0f}", "s")
        yield row(f"{name}: test loss after {epochs} epochs", loss, "nats")
    ours, theirs = taken.values()
    yield row("times sooner" + ("" if reached else ", or more"), theirs / ours, at_least=15)


def until_enough(vae, x_test, data, **how):
    seconds, epochs = 0.0, 0
    while True:
        start = time.perf_counter()
        vae.fit(data, verbose=0, **how)
        seconds, epochs = seconds + time.perf_counter() - start, epochs + 1
        loss = vae.evaluate(x_test, batch_size=1000, verbose=0)[0]
        if loss < ENOUGH or seconds > CAP:
            return seconds, epochs, loss


def published_encoder():
    image = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu", strides=2, padding="same")(image)
    x = layers.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, [layers.Dense(2)(x), layers.Dense(2)(x)])


def published_decoder():
    """As published, but with logits in the place of the last sigmoid, which the loss then takes in."""
    z = keras.Input(shape=(2,))
    x = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(z))
    x = layers.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(x)
    return keras.Model(z, layers.Conv2DTranspose(1, 3, padding="same")(x))
