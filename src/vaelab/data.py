"""The two data sets of the course, embedded in the package: nothing is downloaded.

MNIST: LeCun, Cortes & Burges, CC BY-SA 3.0. Fashion-MNIST: Xiao, Rasul & Vollgraf, Zalando SE, MIT; here the first
1,200 training and 300 test images of each class. See data/README.md in this package.
"""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vaelab.language import tr

DATA = Path(__file__).parent / "data"
SHA256 = {
    "mnist.npz": "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64",
    "fashion.npz": "e3ec5f134084a525ddd55f3a077b3eed158c8bfa7ac6249bf1fddf5f3445bd93",
}
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


class Dataset(NamedTuple):
    """Images float32 in [0, 1] of shape (n, 28, 28, 1), labels uint8 of shape (n,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_mnist(binarize="none", seed=0):
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, in the original order.

    binarize: "none" keeps the grey values; "threshold" gives 1 where a pixel is above 0.5, else 0; "sample" draws
    each pixel once as Bernoulli(grey value) from `seed` (the fixed kind of Salakhutdinov & Murray 2008; published
    likelihoods state which kind they used). `seed` matters for "sample" only.
    Returns a `Dataset`. Raises ValueError for another `binarize`, and OSError for a missing or damaged file, with
    the command that restores it. Source: LeCun et al. (1998).
    """
    return _load("mnist.npz", binarize, seed)


def load_fashion(binarize="none", seed=0):
    """Fashion-MNIST: 12,000 training and 3,000 test images of clothes, ten classes in equal shares.

    Arguments, result and errors as in `load_mnist`; names of the classes in `FASHION_CLASSES`.
    Source: Xiao, Rasul & Vollgraf (2017).
    """
    return _load("fashion.npz", binarize, seed)


def _load(name, binarize, seed):
    if binarize not in ("none", "threshold", "sample"):
        raise ValueError(tr("binarize is {given!r}; expected 'none', 'threshold' or 'sample'.").format(given=binarize))
    with np.load(io.BytesIO(_verified_bytes(name))) as file:
        arrays = {key: file[key] for key in ("x_train", "y_train", "x_test", "y_test")}
    rng = np.random.default_rng(seed)
    for key in ("x_train", "x_test"):
        arrays[key] = as_pixels(arrays[key], binarize, rng)
    return Dataset(**arrays)


def as_pixels(images, binarize, rng, chunk=5000):
    """uint8 (n, 28, 28) to float32 (n, 28, 28, 1), a chunk at a time so that memory holds one copy."""
    x = np.empty((*images.shape, 1), "float32")
    for i in range(0, len(images), chunk):
        part = x[i : i + chunk]
        np.divide(images[i : i + chunk, ..., None], 255, out=part, dtype="float32")
        if binarize == "threshold":
            np.greater(part, 0.5, out=part, casting="unsafe")
        elif binarize == "sample":
            np.greater(part, rng.random(part.shape, dtype="float32"), out=part, casting="unsafe")
    return x


def _verified_bytes(name):
    path = DATA / name
    restore = tr(
        "To restore it: in a clone of the course run\n  git checkout -- {path}\nelsewhere run\n  {pip}"
    ).format(path=path, pip="python -m pip install --force-reinstall --no-deps vaelab")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise type(error)(
            tr("The data file {path} can't be read ({reason}). Expected sha256 {expected}.\n{restore}").format(
                path=path, reason=error.strerror, expected=SHA256[name], restore=restore
            )
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise OSError(
            tr(
                "The data file {path} is damaged: {size} bytes.\nExpected sha256 {expected}\nFound sha256    {found}"
                "\n{restore}"
            ).format(path=path, size=len(content), expected=SHA256[name], found=found, restore=restore)
        )
    return content
