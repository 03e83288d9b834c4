"""Chapter 06's experiment: losses as published examples reduce them, each trained on the same small VAE."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from vaelab.checks import check_loss
from vaelab.losses import bernoulli_nll, kl_divergence
from vaelab.progress import trains
from vaelab.training import FusedAdam
from vaelab.vae import build_vae_decoder, build_vae_encoder

# Name: (error, weight of the error summed over the pixels, weight of the KL summed over the dimensions), for an image
# of 784 pixels and two latent dimensions. Where each was published stands in chapter 06.
LOSSES = {
    "sum BCE + KL": ("cross-entropy", 1, 1),
    "sum BCE + sampled KL": ("cross-entropy", 1, 1),
    "mean BCE + KL/784": ("cross-entropy", 1 / 784, 1 / 784),
    "sum BCE + mean KL": ("cross-entropy", 1, 1 / 2),
    "mean BCE + 0.001 mean KL": ("cross-entropy", 1 / 784, 0.001 / 2),
    "500 mean BCE + KL": ("cross-entropy", 500 / 784, 1),
    "MSE + KL/784": ("squared error", 1 / 784, 1 / 784),
    "MSE + 0.00025 KL": ("squared error", 1 / 784, 0.00025),
    "MSE + mean KL": ("squared error", 1 / 784, 1 / 2),
    "MSE + KL": ("squared error", 1 / 784, 1),
}


def effective_price(name):
    """What one of `LOSSES` charges for a nat of KL: beta with a cross-entropy, beta * noise_var with a squared error.

    Shown in chapter 06b.
    """
    error, error_weight, kl_weight = LOSSES[name]
    return kl_weight / error_weight if error == "cross-entropy" else kl_weight / (2 * error_weight)


def published_loss(name, x, logits, mean, log_var, z):
    """One of `LOSSES` for a batch, reduced as its source reduces it: a scalar.

    x, logits: (batch, 28, 28, 1); mean, log_var, z: (batch, latent_dim), z drawn from q. Shown in chapter 06b.
    """
    sum_bce = bernoulli_nll(x, logits)
    mean_bce = sum_bce / 784
    mse = ops.mean(ops.square(x - ops.sigmoid(logits)), axis=(1, 2, 3))
    kl = kl_divergence(mean, log_var)
    mean_kl = kl / mean.shape[-1]
    epsilon = (z - mean) * ops.exp(-0.5 * log_var)
    sampled_kl = 0.5 * ops.sum(ops.square(z) - ops.square(epsilon) - log_var, axis=-1)
    losses = {
        "sum BCE + KL": sum_bce + kl,
        "sum BCE + sampled KL": sum_bce + sampled_kl,
        "mean BCE + KL/784": mean_bce + kl / 784,
        "sum BCE + mean KL": sum_bce + mean_kl,
        "mean BCE + 0.001 mean KL": mean_bce + 0.001 * mean_kl,
        "500 mean BCE + KL": 500 * mean_bce + kl,
        "MSE + KL/784": mse + kl / 784,
        "MSE + 0.00025 KL": mse + 0.00025 * kl,
        "MSE + mean KL": mse + mean_kl,
        "MSE + KL": mse + kl,
    }
    return ops.mean(losses[name])


@trains
def train_with_loss(x_train, loss, seed=0, epochs=10, latent_dim=2):
    """A small VAE with the lecture's widths, trained by Adam on shuffled batches of 100 with a loss of your own.

    x_train: (n, 28, 28, 1), pixels in [0, 1], n a multiple of 100. loss: a name from `LOSSES`, or a function of
    (x, logits, mean, log_var, z) to a scalar. Returns (encoder, decoder), the decoder's output being logits.
    Raises ValueError for an unknown name. Shown in chapter 06b.
    """
    check_loss(loss, LOSSES)
    keras.utils.set_random_seed(seed)
    encoder, decoder = build_vae_encoder(latent_dim, (128, 64)), build_vae_decoder(latent_dim, (64,))
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
                z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean))
                parts = x, decoder(z), mean, log_var, z
                value = loss(*parts) if callable(loss) else published_loss(loss, *parts)
            optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))

    for _ in range(epochs):
        one_epoch(tf.constant(np.random.permutation(len(x_train)).reshape(-1, 100)))
    return encoder, decoder


def measure_loss(encoder, decoder, x, draws=5):
    """One yardstick for networks of any loss, on images x, (n, 28, 28, 1): means over the images.

    Returns a dict: "kl" (nats, summed over the dimensions), "squared_error" and "cross_entropy" (of the reconstruction,
    summed over the pixels, z drawn from q `draws` times), "spread" (the largest standard deviation, over the images, of
    a pixel of the reconstruction at the mean of q; 0 if all images are reconstructed alike). Shown in chapter 06b.
    """
    mean, log_var = encoder(x)
    squared, cross_entropy = [], []
    for _ in range(draws):
        logits = decoder(mean + ops.exp(0.5 * log_var) * keras.random.normal(mean.shape))
        squared.append(ops.mean(ops.sum(ops.square(x - ops.sigmoid(logits)), axis=(1, 2, 3))))
        cross_entropy.append(ops.mean(bernoulli_nll(x, logits)))
    return {
        "kl": float(ops.mean(kl_divergence(mean, log_var))),
        "squared_error": float(np.mean(squared)),
        "cross_entropy": float(np.mean(cross_entropy)),
        "spread": float(np.std(ops.sigmoid(decoder(mean)), axis=0).max()),
    }
