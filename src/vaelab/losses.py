"""The terms of the VAE's loss, each in nats and one number per example. Each is shown in full in its chapter."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from vaelab.language import tr


def kl_divergence(mean, log_var, prior_mean=0.0, prior_log_var=0.0):
    """KL divergence between diagonal Gaussians, KL(q || p), one number per example.

    mean, log_var: (batch, latent_dim), of q, floats. prior_mean, prior_log_var: broadcastable to them, of p.
    Returns (batch,), in nats, never negative up to rounding; at least float32. Raises ValueError if shapes do not fit,
    for an empty batch and, called eagerly, for values that are not finite; TypeError for integers.
    Source: Kingma & Welling (2013), appendix B, extended to any diagonal prior. Shown in chapter 04.
    """
    mean, log_var, prior_mean, prior_log_var = _check_gaussians(mean, log_var, prior_mean, prior_log_var)
    log_ratio = log_var - prior_log_var
    shift = (mean - prior_mean) * ops.exp(-0.5 * prior_log_var)
    return 0.5 * ops.sum(ops.expm1(log_ratio) - log_ratio + ops.square(shift), axis=-1)


@keras.saving.register_keras_serializable(package="vaelab")
def bernoulli_nll(x, logits):
    """Negative log-likelihood of pixels under independent Bernoulli distributions, one number per example.

    x: (batch, ...), floats in [0, 1]. logits: same shape, of the probability that a pixel is 1.
    Returns (batch,), in nats, summed over all axes but the first; at least float32. For x strictly between 0 and 1
    this is the cross-entropy, which is no likelihood. Two softplus, because softplus(logits) - x * logits loses a small
    result between two large numbers. Raises ValueError if the shapes differ, for an empty batch and, called eagerly,
    for pixels outside [0, 1] or logits that are not finite; TypeError for integers. Shown in chapter 06.
    """
    x, logits = _check_pair(x, logits, ("x", "logits"))
    check_pixel_batch(x)
    nll = x * ops.softplus(-logits) + (1.0 - x) * ops.softplus(logits)
    return ops.sum(nll, axis=tuple(range(1, len(nll.shape))))


def gaussian_nll(x, mean, log_var):
    """Negative log-likelihood of pixels under independent Gaussians, one number per example.

    x: (batch, ...), floats in [0, 1]. mean: same shape. log_var: broadcastable to them, the logarithm of the variance;
    a number is one variance for all pixels. Returns (batch,), in nats, summed over all axes but the first, the
    constant ln(2 pi) / 2 of each pixel included; at least float32. A density, so it may be negative. Raises ValueError
    if shapes do not fit, for an empty batch and, called eagerly, for pixels outside [0, 1] or values that are not
    finite; TypeError for integers. Shown in chapter 06.
    """
    x, mean = _check_pair(x, mean, ("x", "mean"))
    log_var = _check_broadcast(log_var, mean, "log_var", "mean")
    check_pixel_batch(x)
    error = (x - mean) * ops.exp(-0.5 * log_var)
    nll = 0.5 * (math.log(2 * math.pi) + log_var + ops.square(error))
    return ops.sum(nll, axis=tuple(range(1, len(nll.shape))))


# Shapes and types are checked always; values only where there are any, so that compiled steps stay compiled.


def _check_gaussians(mean, log_var, prior_mean, prior_log_var):
    """The four as tensors of one float dtype, the first two (batch, latent_dim), the others broadcastable to them."""
    mean, log_var = _check_pair(mean, log_var, ("mean", "log_var"))
    for x, name in ((mean, "mean"), (log_var, "log_var")):
        shape = _static_shape(x)
        if shape is not None and len(shape) != 2:
            raise ValueError(
                tr("{name} has shape {shape}; expected (batch, latent_dim).").format(name=name, shape=shape)
            )
    prior_mean = _check_broadcast(prior_mean, mean, "prior_mean", "mean")
    return mean, log_var, prior_mean, _check_broadcast(prior_log_var, mean, "prior_log_var", "mean")


def _check_pair(a, b, names):
    """Two float tensors of the same shape (batch, ...), none of its axes empty, as tensors of one dtype."""
    tensors = [_tensor(x, name) for x, name in zip((a, b), names, strict=True)]
    shapes = [_static_shape(x) for x in tensors]
    for shape, name in zip(shapes, names, strict=True):
        if shape is not None and (len(shape) < 2 or 0 in shape):
            raise ValueError(
                tr("{name} has shape {shape}; expected (batch, ...) with at least 1 along each axis.").format(
                    name=name, shape=shape
                )
            )
    if None not in shapes and (
        len(shapes[0]) != len(shapes[1]) or any(m != n and None not in (m, n) for m, n in zip(*shapes, strict=True))
    ):
        raise ValueError(
            tr("{first} has shape {shape} and {second} has shape {other}; expected equal shapes.").format(
                first=names[0], shape=shapes[0], second=names[1], other=shapes[1]
            )
        )
    dtype = keras.backend.result_type(*(x.dtype for x in tensors), "float32")
    return tuple(_check_finite(ops.cast(x, dtype), name) for x, name in zip(tensors, names, strict=True))


def _check_broadcast(x, like, name, like_name):
    """`x`, a number or an array that broadcasts to `like` without making it larger, in the dtype of `like`."""
    if isinstance(x, int | float):
        x = ops.convert_to_tensor(float(x), dtype=like.dtype)
    x = ops.cast(_tensor(x, name), like.dtype)
    shape, wanted = _static_shape(x), _static_shape(like)
    if None not in (shape, wanted) and (
        len(shape) > len(wanted)
        or any(m not in (1, None, n) and n is not None for m, n in zip(shape[::-1], wanted[::-1], strict=False))
    ):
        raise ValueError(
            tr("{name} has shape {shape}; expected one that broadcasts to {other}, the shape of {like}.").format(
                name=name, shape=shape, other=wanted, like=like_name
            )
        )
    return _check_finite(x, name)


def _tensor(x, name):
    """`x` as a tensor; TypeError unless it holds floats."""
    if not isinstance(x, keras.KerasTensor):
        x = ops.convert_to_tensor(x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "float" not in dtype:
        raise TypeError(
            (
                tr("{name} has dtype {dtype}; expected floats (0..255 pixels divided by 255).")
                if name == "x"
                else tr("{name} has dtype {dtype}; expected floats.")
            ).format(name=name, dtype=dtype)
        )
    return x


def _static_shape(x):
    """What is known of a tensor's shape before it is computed: a tuple, None for open sizes; None for an open rank."""
    try:
        return tuple(x.shape)
    except ValueError:
        return None


def _values(x):
    """The values of an eager tensor as an array; None while a function is traced or a model is built."""
    if isinstance(x, keras.KerasTensor) or tf.is_symbolic_tensor(x):
        return None
    return ops.convert_to_numpy(x)


def _check_finite(x, name):
    values = _values(x)
    if values is not None and not np.isfinite(values).all():
        raise ValueError(
            tr("{name} holds NaN or infinite values at {count} of {n} places; every value must be finite.").format(
                name=name, count=int((~np.isfinite(values)).sum()), n=values.size
            )
        )
    return x


def check_pixel_batch(x):
    """Raise TypeError unless `x` holds floats and, called eagerly, ValueError unless they lie in [0, 1]."""
    values = _values(_tensor(x, "x"))
    if values is not None and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            tr("x has values from {low:g} to {high:g}; expected pixels in [0, 1].").format(
                low=values.min(), high=values.max()
            )
        )
