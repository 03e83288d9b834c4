"""Figures whose networks are too heavy for a notebook: the bytes stay in a file of the package.

The notebook holds the file's name. A figure that comes near the screen asks its host for the bytes by a message,
{"load": name}, and gets {"loaded": name} with them: from this class where a kernel runs, and on the site from
hydrate.js, for which tools/book.py publishes the file as a script.

A file is the length of its head (four bytes, little endian), the head, which is JSON: {"parts": {name: {"bytes": how
many, ...}, ...}}, and the parts' bytes in the order of the head.
"""

import json

import numpy as np
import traitlets

from vaelab.results import RESULTS
from vaelab.widgets.figure import LivingFigure

FOLDER = RESULTS / "figures"


class HeavyFigure(LivingFigure):
    """A living figure whose bytes lie in results/figures/, under the name that a subclass gives as `data_file`.

    What only some figures of a class need may lie in a second file, `more_data`.
    """

    data_file = traitlets.Unicode().tag(sync=True)
    more_data = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, _, content, buffers):
        for name in filter(None, (self.data_file, self.more_data)):
            if content == {"load": name}:
                self.send({"loaded": name}, [(FOLDER / name).read_bytes()])


def read_data_file(name):
    """The parts of a file by their names: {part: (description, bytes)}."""
    content = (FOLDER / name).read_bytes()
    start = 4 + int.from_bytes(content[:4], "little")
    parts = {}
    for part, description in json.loads(content[4:start])["parts"].items():
        parts[part] = description, content[start : start + description["bytes"]]
        start += description["bytes"]
    return parts


def write_data_file(name, parts):
    """The contrary of `read_data_file`; descriptions need no "bytes". Returns the size of the file."""
    described = {part: {**description, "bytes": len(data)} for part, (description, data) in parts.items()}
    head = json.dumps({"parts": described}, separators=(",", ":")).encode()
    content = len(head).to_bytes(4, "little") + head + b"".join(data for _, data in parts.values())
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_bytes(content)
    return len(content)


def unpack(description, data):
    """The steps of a network that `packing.pack` packed, as `chain.run` takes them; kernels float64."""
    steps, at = [], 0

    def take(kind, count):
        nonlocal at
        at += count * np.dtype(kind).itemsize
        return np.frombuffer(data, kind, count, at - count * np.dtype(kind).itemsize)

    for step in description["steps"]:
        if isinstance(step, str):
            steps.append(step)
            continue
        inputs, units, *bits = step
        if description["dtype"] == "float32":
            kernel = take("<f4", inputs * units).astype("float64")
        elif bits:
            digits = np.unpackbits(take("u1", -(-inputs * units * bits[0] // 8)), bitorder="little")
            digits = digits[: inputs * units * bits[0]].reshape(-1, bits[0])
            kernel = digits @ (1 << np.arange(bits[0])) - 2.0 ** (bits[0] - 1)
        else:
            kernel = take("<i2", inputs * units).astype("float64")
        kernel = kernel.reshape(inputs, units)
        if description["dtype"] != "float32":
            kernel = kernel * take("<f4", units)
        steps.append((kernel, take("<f4", units)))
    return steps
