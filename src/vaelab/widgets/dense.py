"""A Keras decoder as a chain of dense layers that the browser can compute: read, checked and packed into bytes."""

import math

import numpy as np

from vaelab.language import tr

# By how much the packed network may differ from Keras at the points tried. The browser promises 0.01 in every pixel.
TOLERANCE = 0.004
# The same for kernels of more than LARGE weights, which get few bits each (BITS, in turn): notebooks stay small.
LARGE, BITS, TIGHT_TOLERANCE = 100_000, (7, 8), 0.006

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
}


def read_chain(decoder):
    """The steps of a Keras model that maps 2 numbers to an image: a list of (kernel, bias) pairs and activation names.

    Accepts a Sequential or functional model, also nested, whose layers form one chain of Dense, Activation, ReLU,
    Reshape, Flatten, Dropout and InputLayer. Kernels are (inputs, units), biases (units,), both float32.
    Raises ValueError that names the layer for anything else, and for weights that are NaN or infinite.
    """
    layers = list(_layers(decoder))
    if tuple(decoder.input_shape[1:]) != (2,):
        raise ValueError(
            tr("The decoder takes arrays of shape {shape}; expected (2,): one point of the plane per image.").format(
                shape=tuple(decoder.input_shape[1:])
            )
        )
    steps, size = [], 2
    for layer in layers:
        for step in _steps(layer):
            if not isinstance(step, str):
                kernel, bias = step
                if kernel.shape[0] != size:
                    raise ValueError(
                        tr(
                            "The Dense layer {layer!r} takes {inputs} numbers, but the layers before it give {size}; "
                            "expected Dense layers that each see one flat vector."
                        ).format(layer=layer.name, inputs=kernel.shape[0], size=size)
                    )
                if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
                    raise ValueError(
                        tr("The layer {layer!r} has NaN or infinite weights. Train or load the decoder again.").format(
                            layer=layer.name
                        )
                    )
                size = kernel.shape[1]
            steps.append(step)
    if not any(isinstance(step, tuple) for step in steps):
        raise ValueError(tr("The decoder has no Dense layer; expected at least one."))
    return steps


def image_shape(decoder):
    """(height, width) of the decoder's images: its output is (h, w), (h, w, 1) or a flat square."""
    shape = tuple(decoder.output_shape[1:])
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    if len(shape) == 1 and shape[0] is not None and math.isqrt(shape[0]) ** 2 == shape[0]:
        shape = (math.isqrt(shape[0]),) * 2
    if len(shape) != 2 or None in shape:
        raise ValueError(
            tr("The decoder gives arrays of shape {shape}; expected (h, w), (h, w, 1) or a flat square image.").format(
                shape=tuple(decoder.output_shape[1:])
            )
        )
    return shape


def pack(decoder, steps, points, logits=False):
    """Pack steps into (description, bytes) for the browser; description = {"dtype", "steps"}.

    With logits, the steps end in a sigmoid that the decoder itself lacks. Layer after layer, little endian: kernels are
    int16 followed by a float32 scale for each unit, if the network so rounded agrees with Keras at `points` within
    0.004, else float32; then come the float32 biases. (Half floats are no larger and drift ten times as much, which
    shows far from the codes.) Kernels of more than 100,000 weights get 7 or 8 bits a weight, see `_tight`, if the
    network agrees within 0.006; every second point plays no part in that rounding, so the comparison is an honest one.
    Raises ValueError if the steps do not reproduce the decoder even unrounded.
    """
    points = np.asarray(points, "float32")
    expected = decoder(points, training=False).numpy().astype("float64").reshape(len(points), -1)
    if logits:
        steps, expected = [*steps, "sigmoid"], ACTIVATIONS["sigmoid"](expected)
    rounding = 1e-6 * np.abs(expected).max()  # Keras' own, where a linear decoder's output is large
    attempts = [("int16", TOLERANCE), ("float32", TOLERANCE + rounding)]
    if any(isinstance(step, tuple) and step[0].size > LARGE for step in steps):
        attempts = [(bits, TIGHT_TOLERANCE) for bits in BITS] + attempts
    for how, allowed in attempts:
        try:
            packed = _tight(steps, points[::2], how) if how in BITS else _plain(steps, how)
        except np.linalg.LinAlgError:  # no inputs that move, or numbers too large to square
            continue
        error = np.abs(run([step if isinstance(step, str) else step[1] for step in packed], points) - expected).max()
        if error <= allowed:  # false for NaN too
            break
    else:
        raise ValueError(
            tr(
                "The decoder's Dense layers alone miss its output by {error:.3g}, so it cannot run in the browser. "
                "Expected a finite output, and layers that behave as Keras' own."
            ).format(error=error)
        )
    description = {
        "dtype": "float32" if how == "float32" else "int16",
        "steps": [step if isinstance(step, str) else step[2] for step in packed],
    }
    return description, b"".join(step[0] for step in packed if not isinstance(step, str))


def _plain(steps, dtype):
    return [step if isinstance(step, str) else _packed(*step, dtype) for step in steps]


def _packed(kernel, bias, dtype):
    """(bytes, (kernel, bias) as the browser will read them, [inputs, units]) of one Dense layer."""
    tail = bias.astype("<f4").tobytes()
    if dtype == "float32":
        return kernel.astype("<f4").tobytes() + tail, (kernel, bias), list(kernel.shape)
    scale = np.abs(kernel).max(axis=0).astype("<f4") / np.float32(32767)
    scale[scale == 0] = 1
    whole = np.round(kernel / scale).astype("<i2")
    return whole.tobytes() + scale.tobytes() + tail, (whole * scale, bias), list(kernel.shape)


def _tight(steps, points, bits):
    """The steps as `_packed` gives them, large kernels with few bits a weight, small ones int16.

    Plain rounding to so few bits would show. But on a plane the inputs of a large layer move in few directions, so
    what rounding one weight does to the outputs at `points` can be made up for by the weights not yet rounded. Units
    that a ReLU holds at 0 at all points are left out. A large layer's description is [inputs, units, bits]; its bytes
    are whole numbers of that many bits, 2 ** (bits - 1) added, lowest bit first, then scales and biases.
    Source of the rounding: Frantar et al. (2022, arXiv:2210.17323), equations 2 and 3.
    """
    exact = given = np.asarray(points, "float64")  # what the next step gets, before and after rounding
    kept = np.arange(given.shape[1])  # the columns of exact that are in given
    packed = []
    for i, step in enumerate(steps):
        if isinstance(step, str):
            exact, given = ACTIVATIONS[step](exact), ACTIVATIONS[step](given)
            packed.append(step)
            continue
        kernel, bias = step[0].astype("float64"), step[1].astype("float64")
        exact, wanted, before = exact @ kernel + bias, slice(None), kept
        kept = np.arange(kernel.shape[1])
        if steps[i + 1 : i + 2] == ["relu"] and any(isinstance(later, tuple) for later in steps[i + 1 :]):
            kept = wanted = np.flatnonzero(exact.max(axis=0) > 0) if (exact > 0).any() else np.arange(1)
        kernel, bias = kernel[before][:, wanted], bias[wanted]
        if kernel.size > LARGE:
            packed.append(_compensated(kernel, bias, given, exact[:, wanted], bits))
        else:
            packed.append(_packed(kernel.astype("float32"), bias.astype("float32"), "int16"))
        given = run([packed[-1][1]], given)
    return packed


def _compensated(kernel, bias, x, wanted, bits):
    """One Dense layer for inputs x (points, inputs), rounded so that its outputs stay near `wanted` (points, units)."""
    most = 2 ** (bits - 1) - 1
    inner = x.T @ x / len(x)
    inner += 1e-5 * np.trace(inner) / len(inner) * np.eye(len(inner))
    kernel = kernel + np.linalg.solve(inner, x.T @ (wanted - bias - x @ kernel) / len(x))  # x is rounded already
    scale = (np.abs(kernel).max(axis=0) / most).astype("<f4").astype("float64")
    scale[scale == 0] = 1
    order = np.argsort(-np.diag(inner), kind="stable")
    rest, whole = kernel[order], np.zeros_like(kernel)
    factor = np.linalg.cholesky(np.linalg.inv(inner[np.ix_(order, order)])).T
    for i, row in enumerate(order):
        whole[row] = np.clip(np.round(rest[i] / scale), -most, most)
        rest[i + 1 :] -= np.outer(factor[i, i + 1 :], (rest[i] - whole[row] * scale) / factor[i, i])
    rounded = (whole * scale).astype("float32")
    bias = (wanted - x @ rounded).mean(axis=0).astype("<f4")
    digits = (whole.astype("int64").ravel() + most + 1)[:, None] >> np.arange(bits) & 1
    content = np.packbits(digits.astype("u1").ravel(), bitorder="little").tobytes()
    return content + scale.astype("<f4").tobytes() + bias.tobytes(), (rounded, bias), [*kernel.shape, bits]


def run(steps, z):
    """Compute the steps for points z (n, 2) in float64. Returns (n, pixels)."""
    x = np.asarray(z, "float64")
    for step in steps:
        x = ACTIVATIONS[step](x) if isinstance(step, str) else x @ step[0].astype("float64") + step[1]
    return x


def _layers(model):
    """The layers of a chain from input to output, nested models unfolded."""
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(tr("The decoder is a {kind}; expected a keras.Model.").format(kind=type(model).__name__))
    if isinstance(model, keras.Sequential):
        if not model.built or not model.inputs:
            raise ValueError(
                tr("The decoder {name!r} is not built yet. Give it keras.Input((2,)) as its first layer.").format(
                    name=model.name
                )
            )
        chain = model.layers
    elif isinstance(model, keras.Model) and type(model).__name__ == "Functional":
        chain = _functional_chain(model)
    else:
        raise ValueError(
            tr(
                "The decoder {name!r} is a subclass of keras.Model, so the order of its layers cannot be read; "
                "expected a Sequential or functional model."
            ).format(name=model.name)
        )
    for layer in chain:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _functional_chain(model):
    """Operations from input to output of a functional model, each of which takes one tensor and gives one."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            tr("The decoder {name!r} has {inputs} inputs and {outputs} outputs; expected one of each.").format(
                name=model.name, inputs=len(model.inputs), outputs=len(model.outputs)
            )
        )
    chain, tensor = [], model.outputs[0]
    while tensor is not model.inputs[0]:
        operation, node, _ = tensor._keras_history
        sources = operation._inbound_nodes[node].input_tensors
        if len(sources) != 1:
            raise ValueError(
                tr("The layer {layer!r} ({kind}) joins {n} tensors; expected a chain of layers.").format(
                    layer=operation.name, kind=type(operation).__name__, n=len(sources)
                )
            )
        chain.append(operation)
        tensor = sources[0]
    return reversed(chain)


def _steps(layer):
    """The (kernel, bias) and activation names that one layer stands for."""
    from keras import layers

    kind = type(layer)
    if kind in (layers.InputLayer, layers.Reshape, layers.Flatten, layers.Dropout):
        return []
    if kind is layers.Activation:
        return [_activation(layer)]
    if kind is layers.ReLU and layer.max_value is None and not layer.negative_slope and not layer.threshold:
        return ["relu"]
    if kind is layers.Dense:
        kernel = layer.kernel.numpy().astype("float32")
        bias = layer.bias.numpy().astype("float32") if layer.use_bias else np.zeros(kernel.shape[1], "float32")
        name = _activation(layer)
        return [(kernel, bias)] + [name] * (name != "linear")
    raise ValueError(
        tr(
            "The layer {layer!r} ({kind}) cannot run in the browser. Supported: Dense, Activation, "
            "ReLU without options, Reshape, Flatten, Dropout, InputLayer."
        ).format(layer=layer.name, kind=kind.__name__)
    )


def _activation(layer):
    import keras

    for name in ACTIVATIONS:
        if layer.activation is keras.activations.get(name):
            return name
    raise ValueError(
        tr("The layer {layer!r} has the activation {activation!r}; supported in the browser: {known}.").format(
            layer=layer.name,
            activation=getattr(layer.activation, "__name__", repr(layer.activation)),
            known=", ".join(ACTIVATIONS),
        )
    )
