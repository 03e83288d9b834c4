"""A Keras decoder read as a chain of dense layers, which a browser can compute."""

import math

import numpy as np

from vaelab.language import tr

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
    layers = list(layers_of(decoder))
    if tuple(decoder.input_shape[1:]) != (2,):
        raise ValueError(
            tr("The decoder takes arrays of shape {shape}; expected (2,): one point of the plane per image.").format(
                shape=tuple(decoder.input_shape[1:])
            )
        )
    steps, size = [], 2
    for layer in layers:
        for step in steps_of(layer):
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


def run(steps, z):
    """Compute the steps for points z (n, 2) in float64. Returns (n, pixels)."""
    x = np.asarray(z, "float64")
    for step in steps:
        x = ACTIVATIONS[step](x) if isinstance(step, str) else x @ step[0].astype("float64") + step[1]
    return x


def layers_of(model):
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
            yield from layers_of(layer)
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


def steps_of(layer):
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
