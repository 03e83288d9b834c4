"""The terms of the VAE's loss, each in nats and one number per example. Each is shown in full in its chapter."""

import math

import keras
import tensorflow as tf
from keras import ops

from vaelab.checks import check_batches, check_broadcast, check_gaussians, check_pixel_batch


def kl_divergence(mean, log_var, prior_mean=0.0, prior_log_var=0.0):
    """KL divergence between diagonal Gaussians, KL(q || p), one number per example.

    mean, log_var: (batch, latent_dim), of q, floats. prior_mean, prior_log_var: broadcastable to them, of p.
    Returns (batch,), in nats, never negative up to rounding; at least float32. Raises ValueError if shapes do not fit,
    for an empty batch and, called eagerly, for values that are not finite; TypeError for integers.
    Source: Kingma & Welling (2013), appendix B, extended to any diagonal prior. Shown in chapter 04.
    """
    mean, log_var, prior_mean, prior_log_var = check_gaussians(mean, log_var, prior_mean, prior_log_var)
    log_ratio = log_var - prior_log_var
    shift = (mean - prior_mean) * ops.exp(-0.5 * prior_log_var)
    return 0.5 * ops.sum(ops.expm1(log_ratio) - log_ratio + ops.square(shift), axis=-1)


@keras.saving.register_keras_serializable(package="vaelab")
def bernoulli_nll(x, logits):
    """Negative log-likelihood of pixels under independent Bernoulli distributions, one number per example.

    x: (batch, ...), floats in [0, 1]. logits: same shape, of the probability that a pixel is 1.
    Returns (batch,), in nats, summed over all axes but the first; at least float32. For x strictly between 0 and 1
    this is the cross-entropy, which is no likelihood. The price of a sure mistake is counted apart from the softplus,
    because softplus(logits) - x * logits loses a small result between two large numbers. Raises ValueError if the
    shapes differ, for an empty batch and, called eagerly, for pixels outside [0, 1] or logits that are not finite;
    TypeError for integers. Shown in chapter 06.
    """
    x, logits = check_batches(x, logits, ("x", "logits"))
    check_pixel_batch(x)
    above, below = ops.maximum(logits, 0.0), ops.relu(-logits)  # logits = above - below, one of them is 0
    nll = ops.softplus(-(above + below)) + x * below + (1.0 - x) * above
    return ops.sum(nll, axis=tuple(range(1, len(nll.shape))))


def gaussian_nll(x, mean, log_var):
    """Negative log-likelihood of pixels under independent Gaussians, one number per example.

    x: (batch, ...), floats in [0, 1]. mean: same shape. log_var: broadcastable to them, the logarithm of the variance;
    a number is one variance for all pixels. Returns (batch,), in nats, summed over all axes but the first, the
    constant ln(2 pi) / 2 of each pixel included; at least float32. A density, so it may be negative. Raises ValueError
    if shapes do not fit, for an empty batch and, called eagerly, for pixels outside [0, 1] or values that are not
    finite; TypeError for integers. Shown in chapter 06.
    """
    x, mean = check_batches(x, mean, ("x", "mean"))
    log_var = check_broadcast(log_var, mean, "log_var", "mean")
    check_pixel_batch(x)
    error = (x - mean) * ops.exp(-0.5 * log_var)
    nll = 0.5 * (math.log(2 * math.pi) + log_var + ops.square(error))
    return ops.sum(nll, axis=tuple(range(1, len(nll.shape))))


def free_bits_kl(mean, log_var, free_bits):
    """The KL that is charged when every latent dimension has `free_bits` nats free of charge, one number per example.

    A dimension whose KL, averaged over the batch, is above free_bits counts with its KL; any other counts as
    free_bits, a constant without gradient. So the mean over the batch is the sum over dimensions of
    max(free_bits, mean KL of this dimension). mean, log_var: (batch, latent_dim). Returns (batch,), in nats.
    Under a tf.distribute strategy the batch is that of all devices. Source: Kingma et al. (2016, arXiv:1606.04934).
    Shown in chapter 08c.
    """
    kl = kl_divergence(ops.reshape(mean, (-1, 1)), ops.reshape(log_var, (-1, 1)))
    kl = ops.reshape(kl, ops.shape(mean))  # (batch, latent_dim)
    mean_kl = sum_over_devices(ops.sum(kl, axis=0)) / batch_size(kl)
    return ops.sum(ops.where(mean_kl > free_bits, kl, free_bits), axis=1)


def batch_size(values):
    """How many examples the whole batch has, all devices together, of which `values` (n, ...) are this device's."""
    return sum_over_devices(ops.cast(ops.shape(values)[0], values.dtype))


def sum_over_devices(x):
    """The sum of a tensor over the devices of a tf.distribute strategy; with one device the tensor itself."""
    context = tf.distribute.get_replica_context()
    return x if context is None or context.num_replicas_in_sync == 1 else context.all_reduce("SUM", x)
