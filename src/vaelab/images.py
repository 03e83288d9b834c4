"""Attributes of images that can be measured, and a short form to store images in."""

import base64
import zlib

import numpy as np

from vaelab.checks import check_images
from vaelab.language import tr


def slant(images):
    """How far the ink of each image leans, in columns to the right per row upwards; (n,), 0 for an upright digit.

    The slope of the line that predicts ink's column from its row. images: (n, 28, 28, 1), none of them blank.
    Shown in chapter 09b.
    """
    ink = images.reshape(-1, 28, 28) / images.sum(axis=(1, 2, 3))[:, None, None]
    row, column = np.arange(28.0), np.arange(28.0)
    down = row - (ink.sum(axis=2) @ row)[:, None]  # (n, 28), from each image's centre of ink
    across = column - (ink.sum(axis=1) @ column)[:, None]
    return -np.einsum("nij,ni,nj->n", ink, down, across) / np.einsum("nij,ni->n", ink, down**2)


def stroke_width(images):
    """How wide the strokes of each image are, in pixels; (n,). images: (n, 28, 28, 1), none of them of one grey.

    Twice the ink over the length of its outline, which is the sum over pixels of the gradient's length: a straight
    stroke of width w has the ink w on each pixel of its way and an edge on either side. Shown in chapter 10b.
    """
    check_images(images, "images")
    x = np.pad(images[..., 0], ((0, 0), (1, 1), (1, 1)))
    down, across = x[:, 1:, :-1] - x[:, :-1, :-1], x[:, :-1, 1:] - x[:, :-1, :-1]
    return 2 * x.sum(axis=(1, 2)) / np.hypot(down, across).sum(axis=(1, 2))


def pack_images(images):
    """Images (n, 28, 28, 1), or of more axes before the last three, in [0, 1], as a text: 32 greys, compressed, base64.

    This is how the results store keeps pictures. Raises ValueError for another shape and for other pixels.
    """
    images = np.asarray(images)
    levels = np.round(31 * check_images(images.reshape(-1, *images.shape[-3:]), "images")).astype("uint8")
    return base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode()


def unpack_images(text):
    """The images (n, 28, 28, 1) that `pack_images` packed, float32, rounded to 32 grey levels.

    Raises ValueError for what is no such text.
    """
    try:
        levels = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), "uint8")
        return levels.reshape(-1, 28, 28, 1) / np.float32(31)
    except (ValueError, TypeError, zlib.error) as error:
        raise ValueError(tr("The stored pictures can't be read: {reason}").format(reason=error)) from error
