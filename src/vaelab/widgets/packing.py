"""A chain of dense layers packed into bytes for the browser, as small as the pictures allow.

The format, which `readLayers` in plane.js reads. A network is {"dtype", "steps"} beside its bytes. steps: for each step
the name of an activation, or [inputs, units] of a Dense layer, or [inputs, units, bits]. The bytes hold the Dense
layers one after the other, little endian:

    the kernel, row after row     float32 where dtype is "float32"; else whole numbers, of 16 bits with sign, or of
                                  `bits` bits each, 2 ** (bits - 1) added, lowest bit first, the last byte filled up
    a scale for each unit         float32, but not where dtype is "float32"; kernel = whole number * scale of its unit
    the biases                    float32

dtype: "float32", "int16", or "int7", "int8" and so on where large kernels have that few bits. Half floats would be no
smaller than int16 and drift ten times as much, which shows far from the codes.
"""

import numpy as np

from vaelab.language import tr
from vaelab.widgets.chain import ACTIVATIONS, run

# By how much the packed network may differ from Keras at the points tried. The browser promises 0.01 in every pixel.
TOLERANCE = 0.004
# The same for kernels of more than LARGE weights, which get few bits each (BITS, in turn): notebooks stay small.
LARGE, BITS, TIGHT_TOLERANCE = 100_000, (7, 8), 0.006

BLANK = 0.005  # a pixel that stays below this wherever the reader can go is left white, and its weights stay at home


def pack(decoder, steps, points, logits=False):
    """Pack steps into (description, bytes) for the browser.

    With logits, the steps end in a sigmoid that the decoder itself lacks. Kernels are int16 if the network so rounded
    agrees with Keras at `points` within 0.004, else float32. If one has more than 100,000 weights, 7 or 8 bits a weight
    are tried first, and kept if the network agrees within 0.006.
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
    packed, error = pack_within(steps, points, expected, attempts)
    if packed is None:
        raise ValueError(
            tr(
                "The decoder's Dense layers alone miss its output by {error:.3g}, so it cannot run in the browser. "
                "Expected a finite output, and layers that behave as Keras' own."
            ).format(error=error)
        )
    return packed


def pack_within(steps, points, expected, attempts, large=LARGE):
    """The first attempt that computes what is expected at the points, within what it is allowed.

    attempts: pairs of a dtype, or a number of bits, and the largest error. With few bits every second point plays no
    part in the rounding, so the comparison is an honest one. large: only kernels of more weights get few bits.
    Returns ((description, bytes), error), or (None, error).
    """
    error = np.inf
    for how, allowed in attempts:
        try:
            packed = _tight(steps, points[::2], how, large) if isinstance(how, int) else _plain(steps, how)
        except np.linalg.LinAlgError:  # no inputs that move, or numbers too large to square
            continue
        error = np.abs(run([step if isinstance(step, str) else step[1] for step in packed], points) - expected).max()
        if error <= allowed:  # false for NaN too
            described = [step if isinstance(step, str) else step[2] for step in packed]
            description = {"dtype": f"int{how}" if isinstance(how, int) else how, "steps": described}
            return (description, b"".join(step[0] for step in packed if not isinstance(step, str))), error
    return None, error


def without_blank(steps, points):
    """Steps to logits without the pixels that stay blank at all points: (places of the others, their steps)."""
    most = run([*steps, "sigmoid"], points).max(axis=0)
    places = np.flatnonzero(most > BLANK) if (most > BLANK).any() else np.arange(1)
    kernel, bias = steps[-1]
    return places, [*steps[:-1], (np.ascontiguousarray(kernel[:, places]), bias[places])]


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


def _tight(steps, points, bits, large):
    """The steps as `_packed` gives them, large kernels with few bits a weight, small ones int16.

    Plain rounding to so few bits would show. But on a plane the inputs of a large layer move in few directions, so
    what rounding one weight does to the outputs at `points` can be made up for by the weights not yet rounded. Units
    that a ReLU holds at 0 at all points are left out.
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
        if kernel.size > large:
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
