"""Checks of what callers hand in: each says what was given, what was expected and what to do."""

import numpy as np

from vaelab.language import tr


def check_images(x, name="x"):
    """Return `x` as a float32 array of shape (n, 28, 28, 1) with values in [0, 1], n >= 1.

    Accepts any floating dtype. Raises TypeError for integers and ValueError for another shape, an empty batch,
    NaN, or pixels outside [0, 1].
    """
    x = np.asarray(x)
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(
            tr("{name} has dtype {dtype}; expected floats in [0, 1]. Divide 0..255 pixels by 255 first.").format(
                name=name, dtype=x.dtype
            )
        )
    if x.ndim != 4 or x.shape[1:] != (28, 28, 1) or len(x) == 0:
        raise ValueError(
            tr("{name} has shape {shape}; expected (n, 28, 28, 1) with n of at least 1.").format(
                name=name, shape=x.shape
            )
        )
    low, high = float(x.min()), float(x.max())
    if not (low >= 0.0 and high <= 1.0):  # also catches NaN, for which both comparisons are false
        raise ValueError(
            tr("{name} has values from {low:g} to {high:g}; expected pixels in [0, 1] without NaN.").format(
                name=name, low=low, high=high
            )
        )
    return x.astype("float32", copy=False)


def check_points(z, name="z", latent_dim=None):
    """Return `z` as a float array of shape (n, latent_dim), n >= 1, finite. Raises ValueError otherwise."""
    z = np.asarray(z)
    wanted = "latent_dim" if latent_dim is None else latent_dim
    if z.ndim != 2 or len(z) == 0 or (latent_dim is not None and z.shape[1] != latent_dim):
        raise ValueError(
            tr("{name} has shape {shape}; expected (n, {wanted}) with n of at least 1.").format(
                name=name, shape=z.shape, wanted=wanted
            )
        )
    z = z.astype("float64" if z.dtype == np.float64 else "float32", copy=False)
    if not np.isfinite(z).all():
        raise ValueError(
            tr("{name} holds NaN or infinite values in {rows} of {n} rows; every value must be finite.").format(
                name=name, rows=int((~np.isfinite(z)).any(axis=1).sum()), n=len(z)
            )
        )
    return z


def check_labels(labels, n, name="labels"):
    """Return `labels` as a (n,) integer array. Raises ValueError for another length or for fractions."""
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ValueError(
            tr("{name} has shape {shape}; expected ({n},), one label for each row.").format(
                name=name, shape=labels.shape, n=n
            )
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(tr("{name} has dtype {dtype}; expected integers.").format(name=name, dtype=labels.dtype))
    return labels
