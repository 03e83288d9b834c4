"""Checks of what callers hand in: each says what was given, what was expected and what to do."""

import functools
import numbers

import keras
import numpy as np
import tensorflow as tf
from keras import ops

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


def check_as_many(images, others):
    """Raise ValueError unless there are as many images as others, at least 4."""
    if len(images) != len(others) or len(images) < 4:
        raise ValueError(
            tr("There are {n} images and {m} others; expected as many of both, at least 4.").format(
                n=len(images), m=len(others)
            )
        )


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


def check_count(value, name, least=1):
    """Raise ValueError unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(
            tr("{name} is {given!r}; expected a whole number of at least {least}.").format(
                name=name, given=value, least=least
            )
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


# Tensors, in training steps too. Shapes and types are checked always; values only where there are any, so that compiled
# steps stay compiled.


def check_gaussians(mean, log_var, prior_mean, prior_log_var):
    """The four as tensors of one float dtype, the first two (batch, latent_dim), the others broadcastable to them."""
    mean, log_var = check_batches(mean, log_var, ("mean", "log_var"))
    for x, name in ((mean, "mean"), (log_var, "log_var")):
        shape = _static_shape(x)
        if shape is not None and len(shape) != 2:
            raise ValueError(
                tr("{name} has shape {shape}; expected (batch, latent_dim).").format(name=name, shape=shape)
            )
    prior_mean = check_broadcast(prior_mean, mean, "prior_mean", "mean")
    return mean, log_var, prior_mean, check_broadcast(prior_log_var, mean, "prior_log_var", "mean")


def check_batches(a, b, names):
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
    check_equal_shapes(*shapes, names)
    dtype = keras.backend.result_type(*(x.dtype for x in tensors), "float32")
    return tuple(_check_finite(ops.cast(x, dtype), name) for x, name in zip(tensors, names, strict=True))


def check_equal_shapes(a, b, names):
    """Raise ValueError where two shapes differ for certain. None stands for an open size, or for an open rank."""
    if None in (a, b):
        return
    if len(a) != len(b) or any(m != n and None not in (m, n) for m, n in zip(a, b, strict=True)):
        raise ValueError(
            tr("{first} has shape {shape} and {second} has shape {other}; expected equal shapes.").format(
                first=names[0], shape=a, second=names[1], other=b
            )
        )


def check_broadcast(x, like, name, like_name):
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


# Networks and settings


def check_models(encoder, decoder):
    """Raise ValueError unless both are models made from inputs and outputs."""
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
            raise ValueError(
                tr("{name} is {given}; expected a keras.Model made from inputs and outputs.").format(
                    name=name, given=type(network).__name__
                )
            )


def check_networks(encoder, decoder, inputs=None):
    """Raise ValueError unless the networks fit. inputs: how many inputs of each are looked at; None for all."""
    check_models(encoder, decoder)
    seen, given = ([tuple(part.shape) for part in network.inputs[:inputs]] for network in (encoder, decoder))
    codes = [tuple(output.shape) for output in encoder.outputs]
    if len(seen) != 1 or len(codes) != 2 or codes[0] != codes[1] or len(codes[0]) != 2:
        raise ValueError(
            tr(
                "The encoder has {inputs} inputs and outputs of shapes {shapes}; expected one input and two outputs, "
                "mean and log_var, each of shape (None, latent_dim)."
            ).format(inputs=len(seen), shapes=codes)
        )
    if given != codes[:1]:
        raise ValueError(
            tr("The decoder takes inputs of shapes {given}; expected one of {wanted}, as the encoder gives.").format(
                given=given, wanted=codes[0]
            )
        )
    made = [tuple(output.shape) for output in decoder.outputs]
    if made != seen:
        raise ValueError(
            tr("The decoder gives outputs of shapes {made}; expected one of {wanted}, the images' shape.").format(
                made=made, wanted=seen[0]
            )
        )


def check_settings(likelihood, beta, noise_var, free_bits):
    if likelihood not in ("bernoulli", "gaussian"):
        raise ValueError(tr("likelihood is {given!r}; expected 'bernoulli' or 'gaussian'.").format(given=likelihood))
    if callable(beta):
        check_number(float(beta(ops.convert_to_tensor(0.0))), tr("beta at step 0"))
    else:
        check_number(beta, "beta")
    check_number(free_bits, "free_bits")
    if noise_var != "learned":
        check_number(noise_var, "noise_var")
        if noise_var == 0:
            raise ValueError(tr("noise_var is {given}; expected a number above 0, or 'learned'.").format(given=0))
    if likelihood == "bernoulli" and noise_var != 0.5:
        raise ValueError(
            tr("noise_var is {given!r}, but only a Gaussian has one; expected likelihood='gaussian' with it.").format(
                given=noise_var
            )
        )


def check_learned_variance(vae):
    """Raise ValueError unless the VAE's pixels are Gaussian with a learned variance."""
    if vae.noise_var != "learned":
        raise ValueError(tr("The VAE's variance is fixed; expected one made with noise_var='learned'."))


def check_number(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
        raise ValueError(
            tr("{name} is {given!r}; expected a finite number, not negative.").format(name=name, given=value)
        )


def check_unweighted(*weights):
    if any(weight is not None for weight in weights):
        raise ValueError(tr("Sample weights were given; expected none: the ELBO weighs all images alike."))


# Conditions

CLASSES = 10


def check_choice(value, name, choices):
    if value not in choices:
        raise ValueError(
            tr("{name} is {given!r}; expected one of {choices}.").format(
                name=name, given=value, choices=", ".join(map(repr, choices))
            )
        )


def check_conditional_networks(encoder, decoder):
    """Raise ValueError unless the networks fit, one or both with a second input, the same one if both have it."""
    check_models(encoder, decoder)
    conditions = []
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        inputs = network.inputs
        if len(inputs) > 2:
            raise ValueError(
                tr("The {name} has {n} inputs; expected two, the second being the condition.").format(
                    name=name, n=len(inputs)
                )
            )
        conditions += [(tuple(condition.shape), condition.dtype) for condition in inputs[1:]]
    if not conditions:
        raise ValueError(tr("Neither network has a second input; expected the condition there in at least one."))
    if len(set(conditions)) > 1:
        raise ValueError(
            tr("The encoder takes the condition {first} and the decoder {second}; expected the same.").format(
                first=conditions[0], second=conditions[1]
            )
        )
    check_networks(encoder, decoder, inputs=1)


def check_conditions(cvae, y, n=None, name="y"):
    """Return `y` as an array for `cvae.condition`, the networks' second input: n labels (n,) or arrays (n, ...).

    Raises ValueError for another shape or number, labels outside 0 to 9 and values that are not finite, and TypeError
    for another type.
    """
    wanted, y = cvae.condition, np.asarray(y)
    shape = ("n" if n is None else str(n), *map(str, wanted.shape[1:]))
    if y.ndim != len(shape) or y.shape[1:] != tuple(wanted.shape[1:]) or len(y) == 0 or (n is not None and len(y) != n):
        raise ValueError(
            tr("{name} has shape {given}; expected ({wanted}), one for each image and at least one.").format(
                name=name, given=y.shape, wanted=", ".join(shape) + ("," if len(shape) == 1 else "")
            )
        )
    whole = "int" in wanted.dtype
    if not (np.issubdtype(y.dtype, np.integer) if whole else is_float(y)):
        raise TypeError(
            tr("{name} has dtype {given}; expected {wanted}.").format(
                name=name, given=y.dtype, wanted=tr("integers, labels from 0 to 9") if whole else tr("floats")
            )
        )
    if whole and not (y.min() >= 0 and y.max() < CLASSES):
        raise ValueError(
            tr("{name} has values from {low} to {high}; expected labels from 0 to {most}.").format(
                name=name, low=y.min(), high=y.max(), most=CLASSES - 1
            )
        )
    if not whole and not np.isfinite(y).all():
        raise ValueError(tr("{name} holds NaN or infinite values; every value must be finite.").format(name=name))
    return y.astype(wanted.dtype)


def check_one_condition(cvae, y):
    check_conditions(cvae, np.asarray(y)[None], 1)


def check_pairs(cvae, x, y, name="y", x_name="x"):
    """Return images x and conditions y as arrays for the networks; raises as `check_conditions`, for x too."""
    x = check_images_like(cvae.encoder.inputs[0].shape[1:], x, x_name)
    if y is None:
        raise ValueError(
            tr(
                "{name} was given without y; expected a condition, such as a label, for each image, as in fit(x, y) "
                "and predict([x, y])."
            ).format(name=x_name)
        )
    return x, check_conditions(cvae, y, len(x), name)


def check_transfer(cvae, x, from_y, to_y):
    x, from_y = check_pairs(cvae, x, from_y, "from_y")
    return x, from_y, check_conditions(cvae, to_y, len(x), "to_y")


# Measurements


def check_k(k, most):
    if isinstance(k, bool) or not isinstance(k, numbers.Integral) or not 1 <= k <= most:
        raise ValueError(tr("k is {k}; expected a whole number from 1 to {most}.").format(k=k, most=most))


def check_vae(vae, *used):
    """Raise TypeError for what is no VAE, ValueError if the encoder or another used network sees a condition."""
    missing = [name for name in ("encoder", "decoder", "likelihood") if not hasattr(vae, name)]
    if missing:
        raise TypeError(
            tr("vae is {given}, without {missing}; expected a vaelab.vae.VAE.").format(
                given=type(vae).__name__, missing=", ".join(missing)
            )
        )
    for name in ("encoder", *used):
        if len(getattr(getattr(vae, name), "inputs", ())) > 1:
            raise ValueError(
                tr(
                    "The {name} of vae needs a condition y beside its input; expected a plain VAE. Pass vae.given(y), "
                    "with one y for all images, or measure each image under its label with "
                    "vaelab.conditional.for_each_label."
                ).format(name=name)
            )


def check_two(x):
    if len(x) < 2:
        raise ValueError(tr("x holds {n} image; expected at least 2, to take a variance over.").format(n=len(x)))


def check_tolerance(tolerance):
    if not isinstance(tolerance, numbers.Real) or not 0 < tolerance < 1:
        raise ValueError(tr("tolerance is {given!r}; expected nats, between 0 and 1.").format(given=tolerance))


def check_plane(latent_dim):
    if latent_dim > 2:
        raise ValueError(
            tr(
                "The VAE has {latent_dim} latent dimensions; expected 1 or 2, as a grid grows too fast with them. "
                "Use importance_weighted_bound instead."
            ).format(latent_dim=latent_dim)
        )


def check_line(start, end):
    """Two float arrays (n, latent_dim) of one shape between which straight and spherical lines can be drawn."""
    start, end = check_points(start, "start"), check_points(end, "end")
    check_equal_shapes(start.shape, end.shape, ("start", "end"))
    return start, end


def check_arc(start, end):
    """As `check_line`, for lines that turn: no code may be 0, no two may point the same or the opposite way."""
    start, end = check_line(start, end)
    lengths = [np.linalg.norm(z, axis=1) for z in (start, end)]
    product = lengths[0] * lengths[1]
    cosine = (start * end).sum(axis=1) / np.where(product > 0, product, 1)
    flat = (product == 0) | (np.abs(cosine) > 1 - 1e-6)
    if flat.any():
        raise ValueError(
            tr(
                "{rows} of {n} pairs have no arc: a code is 0, or the two point in the same or in opposite directions. "
                "Leave them out, or draw straight lines."
            ).format(rows=int(flat.sum()), n=len(start))
        )
    return start, end


def check_values(codes, values):
    codes, values = check_points(codes, "codes"), np.asarray(values)
    if values.shape != (len(codes),) or not np.isfinite(values).all() or np.ptp(values) == 0:
        raise ValueError(
            tr(
                "values has shape {shape}, {different} of them different; expected {n} finite ones, not all equal."
            ).format(shape=values.shape, different=len(np.unique(values)), n=len(codes))
        )


def check_loss(loss, known):
    """Raise ValueError unless `loss` is a function or the name of a known one."""
    if not callable(loss) and loss not in known:
        raise ValueError(
            tr("loss is {given!r}; expected a function or one of: {known}.").format(given=loss, known=", ".join(known))
        )


# Homework that was handed out imports these from here.
from vaelab.hints import check_task, open_task  # noqa: E402, F401
