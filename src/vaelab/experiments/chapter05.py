"""Chapter 05's experiment: the common slips in drawing z, each built into a small VAE on purpose."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from vaelab.losses import bernoulli_nll, kl_divergence
from vaelab.progress import trains
from vaelab.training import FusedAdam
from vaelab.vae import build_vae_decoder, build_vae_encoder

SLIPS = ("none", "variance for sigma", "one epsilon a batch", "integer seed", "one epsilon for ever")


def draw_with_slip(mean, log_var, slip):
    """A sample z for each row of mean and log_var, (batch, latent_dim), drawn with one of `SLIPS`; "none" is right.

    Shown in chapter 05.
    """
    factor = 1.0 if slip == "variance for sigma" else 0.5
    sigma = ops.exp(factor * log_var)
    shared = slip in ("one epsilon a batch", "one epsilon for ever")
    shape = (1, mean.shape[-1]) if shared else ops.shape(mean)
    seed = 0 if slip in ("integer seed", "one epsilon for ever") else None
    return mean + sigma * keras.random.normal(shape, seed=seed)


@trains
def train_with_slip(x_train, slip, seed=0, epochs=10):
    """A small VAE, the lecture's widths and two latent dimensions, whose z is drawn with a slip.

    x_train: (n, 28, 28, 1), pixels in [0, 1], n a multiple of 100, the size of the batches.
    Returns (encoder, decoder), the decoder's output being logits. Shown in chapter 05b.
    """
    keras.utils.set_random_seed(seed)
    encoder = build_vae_encoder(2, (128, 64))
    decoder = build_vae_decoder(2, (64,))
    weights = encoder.trainable_variables + decoder.trainable_variables
    optimizer = FusedAdam()
    optimizer.build(weights)
    images = tf.constant(x_train)

    @tf.function
    def one_epoch(batches):
        for rows in batches:
            x = tf.gather(images, rows)
            with tf.GradientTape() as tape:
                mean, log_var = encoder(x)
                z = draw_with_slip(mean, log_var, slip)
                loss = ops.mean(bernoulli_nll(x, decoder(z)) + kl_divergence(mean, log_var))
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    for _ in range(epochs):
        one_epoch(tf.constant(np.random.permutation(len(x_train)).reshape(-1, 100)))
    return encoder, decoder


def measure_slip(encoder, decoder, slip, x, draws=5):
    """What a VAE trained with a slip reports on images x, (n, 28, 28, 1), and what it gives under the right draw.

    n: a multiple of 100; z is drawn for batches of 100, as in training, `draws` times. All in nats per image. Returns
    a dict: "kl" (of N(mean, exp(log_var)), what the training charges), "kl_drawn" (of N(mean, exp(2 log_var)) where the
    slip draws from that, else the same), "reconstruction" (with the slip's own noise), "fresh" (the reconstruction when
    z is drawn rightly), "log_var" (the median over images and dimensions). Shown in chapter 05b.
    """
    mean, log_var = encoder(x)
    log_var_drawn = 2 * log_var if slip == "variance for sigma" else log_var

    def reconstruction(rule):
        losses = []
        for first in [*range(0, len(x), 100)] * draws:
            rows = slice(first, first + 100)
            z = draw_with_slip(mean[rows], log_var[rows], rule)
            losses.append(ops.mean(bernoulli_nll(x[rows], decoder(z))))
        return np.mean(losses)

    return {
        "kl": float(np.mean(kl_divergence(mean, log_var))),
        "kl_drawn": float(np.mean(kl_divergence(mean, log_var_drawn))),
        "reconstruction": float(reconstruction(slip)),
        "fresh": float(reconstruction("none")),
        "log_var": float(np.median(log_var)),
    }
