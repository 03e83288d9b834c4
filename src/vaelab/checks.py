"""Checks of what callers hand in: each says what was given, what was expected and what to do."""

import contextlib
import functools
import json
import numbers
from pathlib import Path

import numpy as np

from vaelab.language import tr


def check_images(x, name="x"):
    """Return `x` as a float32 array of shape (n, 28, 28, 1) with values in [0, 1], n >= 1.

    Accepts any floating dtype. Raises TypeError for integers and ValueError for another shape, an empty batch,
    NaN, or pixels outside [0, 1].
    """
    return check_images_like((28, 28, 1), x, name).astype("float32", copy=False)


def check_images_like(shape, x, name="x"):
    """Return `x` as an array of images, each of the given shape, (n, *shape) with n >= 1, in its own type.

    None in shape stands for any size. Raises as `check_images`.
    """
    x = _array(x, name)
    open_or_given = zip(shape, x.shape[1:], strict=False)
    if x.ndim != 1 + len(shape) or len(x) == 0 or any(size not in (None, given) for size, given in open_or_given):
        _check_floats(x, name)  # a wrong type is the plainer mistake to name
        raise ValueError(
            tr("{name} has shape {shape}; expected (n, {wanted}) with n of at least 1.").format(
                name=name, shape=x.shape, wanted=", ".join(map(str, shape))
            )
        )
    _check_range(x, name)
    return x


def check_pixels(x, name="x"):
    """Return `x`, an array of any shape that is not empty, as float32 with values in [0, 1].

    Accepts any floating dtype. Raises TypeError for integers and ValueError for NaN or values outside [0, 1].
    """
    x = _array(x, name)
    _check_range(x, name)
    return x.astype("float32", copy=False)


def is_float(x):
    """Whether an array holds floats, of NumPy's own kinds or of TensorFlow's, such as bfloat16."""
    return "float" in x.dtype.name


def _array(x, name):
    try:
        return np.asarray(x)
    except ValueError as error:  # parts of different shapes
        raise ValueError(tr("{name} is no array ({reason}).").format(name=name, reason=error)) from None


def _check_range(x, name):
    _check_floats(x, name)
    low, high = float(x.min()), float(x.max())
    if not (low >= 0.0 and high <= 1.0):  # also catches NaN, for which both comparisons are false
        raise ValueError(
            tr("{name} has values from {low:g} to {high:g}; expected pixels in [0, 1] without NaN.").format(
                name=name, low=low, high=high
            )
        )


def _check_floats(x, name):
    if np.issubdtype(x.dtype, np.integer):
        raise TypeError(
            tr("{name} has dtype {dtype}; expected floats in [0, 1]. Divide 0..255 pixels by 255 first.").format(
                name=name, dtype=x.dtype
            )
        )
    if not is_float(x):
        raise TypeError(
            tr("{name} has dtype {dtype}; expected an array of floats in [0, 1].").format(name=name, dtype=x.dtype)
        )


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


def check_labels(labels, n, name="labels", classes=None):
    """Return `labels` as a (n,) integer array. Raises ValueError for another length or for fractions.

    classes: how many there are, so that a label outside 0..classes - 1 is refused; None for any number.
    """
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ValueError(
            tr("{name} has shape {shape}; expected ({n},), one label for each row.").format(
                name=name, shape=labels.shape, n=n
            )
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(tr("{name} has dtype {dtype}; expected integers.").format(name=name, dtype=labels.dtype))
    if classes is not None and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            tr("{name} has values from {low} to {high}; expected labels from 0 to {most}.").format(
                name=name, low=labels.min(), high=labels.max(), most=classes - 1
            )
        )
    return labels


def check_count(value, name):
    """Raise ValueError unless `value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(
            tr("{name} is {given!r}; expected a whole number of at least 1.").format(name=name, given=value)
        )


def plain_numbers(function):
    """Decorator: whole numbers of NumPy in the arguments become Python's, which Keras demands of seeds and counts."""

    @functools.wraps(function)
    def called(*args, **settings):
        return function(*map(_plain, args), **{name: _plain(value) for name, value in settings.items()})

    return called


def _plain(value):
    if type(value) is tuple:
        return tuple(map(_plain, value))
    return int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else value


# Hints for homework: small cases with right numbers, and the numbers that known mistakes give. No formula is in here.


def check_task(homework, number, function):
    """Try a homework's function on small cases and print what is right, or which mistake the numbers look like.

    homework: its short name, such as "hw2". number: of the task. function: what the task asks for. A function that
    still raises NotImplementedError is reported as open; other exceptions pass through. Raises ValueError for a
    homework or a number that there are no cases for.
    """
    path = Path(__file__).parent / "data" / f"{homework}-hints.json"
    cases = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if number not in range(1, len(cases) + 1):
        raise ValueError(
            tr("There are no cases for task {number} of {homework!r}; there are for {known} tasks.").format(
                number=number, homework=homework, known=len(cases)
            )
        )
    name = list(cases)[number - 1]
    try:
        said = [mistake for case in cases[name] if (mistake := _mistake(case, function))]
    except NotImplementedError:
        said = [tr("still open.")]
    said = list(dict.fromkeys(said)) or [tr("no mistake seen on the small cases.")]
    print("\n".join(f"{name}: {line}" for line in said))


@contextlib.contextmanager
def open_task():
    """Within it, a task that still raises NotImplementedError is no error: the rest of the block is left out."""
    try:
        yield
    except NotImplementedError:
        print(tr("This needs a task that is still open."))


def _mistake(case, function):
    """What the function's result for one case looks like, "" if right."""
    arguments = [np.asarray(a["values"], a["dtype"]) if isinstance(a, dict) else a for a in case["arguments"]]
    result = function(*arguments)
    if result is None:
        return tr("it returns nothing. Is there a return?")
    if case["kind"] == "laplace":
        return _laplace_mistake(np.asarray(result, "float64"), *arguments)
    if case["parts"] > 1:
        several = list(result) if isinstance(result, list | tuple) or np.ndim(result) else [result]
        if len(several) != case["parts"]:
            return tr("it returns {n} values instead of {wanted}.").format(n=len(several), wanted=case["parts"])
        result = several[case["part"]]
    found, wanted = np.asarray(result, "float64"), np.asarray(case["wanted"])
    if not np.isfinite(found).all():
        return tr("the result holds NaN or infinite values.")
    for message, value in {"": wanted, **case["slips"]}.items():
        if found.shape == np.shape(value) and np.allclose(found, value, rtol=case["rtol"], atol=case["atol"]):
            return message  # the homework's own words, in its language
    if found.shape != wanted.shape:
        return tr("the result has shape {shape} instead of {wanted}.").format(shape=found.shape, wanted=wanted.shape)
    return tr("the values differ from the right ones.")


def _laplace_mistake(z, location, scale, n, seed):
    if z.shape != (n, *location.shape):
        return tr("the result has shape {shape} instead of {wanted}.").format(
            shape=z.shape, wanted=(n, *location.shape)
        )
    if not np.isfinite(z).all():
        return tr("the result holds NaN or infinite values.")
    sizes = np.abs(z - location).mean(axis=0) / scale
    if not (np.abs(sizes - 1) < 0.15).all():
        return tr(
            "the average of |z - location|, divided by the scale, is {low:.2f} to {high:.2f}; for a Laplace "
            "distribution it is near 1."
        ).format(low=sizes.min(), high=sizes.max())
    if not (np.abs((z < location).mean(axis=0) - 0.5) < 0.1).all():
        return tr("half of the draws should lie below the location.")
    centred = (z - location) / z.std(axis=0)
    if np.median(np.abs(centred)) > 0.6:
        return tr("the peak is too flat and the tails are too light for a Laplace distribution.")
    if (np.abs((centred[:, :1] * centred[:, 1:]).mean(axis=0)) > 0.3).any():
        return tr("the rows of the batch share their noise.")
    return ""
