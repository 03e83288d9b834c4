"""The format between the two sides of the sandbox. Both import this file; it knows nothing of tasks and students.

A frame is two lengths, a JSON header and a body. Arrays go to the question as base64 in JSON; answers come back as a
small header each and raw doubles.
"""

import base64
import json
import os
import select
import struct
import time

FRAME = struct.Struct(">II")
MOST_BYTES = 16 << 20  # of answers to one question
RESTS = -2  # the number of no call: whether the answer rests on functions of earlier tasks, as its question says
MOST_HEADER = 4096  # bytes of JSON before an answer's numbers
PATIENCE = 4  # times its seconds, that a question gets where it has to wait for a processor
SECONDS_TO_READ = 60  # a question, on a machine that has much else to do
SCRATCH = "/scratch"  # the only writable folder inside; not /tmp, where an environment might lie


def pack(value):
    """A number, string, None, list or NumPy array as something that JSON can carry."""
    if hasattr(value, "dtype"):
        data = base64.b64encode(value.tobytes()).decode()
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": data}
    return [pack(part) for part in value] if isinstance(value, list | tuple) else value


def unpack(value):
    """What `pack` packed; an array comes back writable."""
    import numpy as np

    if isinstance(value, dict):
        flat = np.frombuffer(base64.b64decode(value["data"]), value["dtype"])
        return flat.reshape(value["shape"]).copy()
    return [unpack(part) for part in value] if isinstance(value, list) else value


def read_answers(body, most):
    """The answers in a question's bytes, which may be anything: (at most `most` dicts, whether all bytes made sense).

    Each dict has "call", its number, and either "error" or "arrays": a list of NumPy arrays of doubles, None for None.
    """
    import numpy as np

    answers, position = [], 0
    while position < len(body):
        if len(answers) == most:
            return answers, False
        try:
            header_size, size = FRAME.unpack_from(body, position)
            start = position + FRAME.size + header_size
            if header_size > MOST_HEADER or size > MOST_BYTES or start + size > len(body):
                return answers, False
            answer = json.loads(body[position + FRAME.size : start])
            numbers, arrays = np.frombuffer(body[start : start + size], "<f8"), []
            for shape in answer.pop("shapes", []):
                if shape is None:
                    arrays.append(None)
                    continue
                if len(shape) > 8 or not all(type(n) is int and 0 <= n <= MOST_BYTES for n in shape):
                    return answers, False
                count = int(np.prod(shape, dtype=object))
                arrays.append(numbers[:count].reshape(shape))
                numbers = numbers[count:]
            if type(answer["call"]) is not int:
                return answers, False
            found = {"error": plain(answer["error"])} if "error" in answer else {"arrays": arrays}
            answers.append({"call": answer["call"], **found})
            position = start + size
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error):
            return answers, False
    return answers, True


def plain(error):
    """An exception's description: its words as short strings, its place as whole numbers, and nothing else."""
    words = {key: error[key][:200] for key in ("type", "message") if type(error.get(key)) is str}
    return words | {key: error[key] for key in ("cell", "line") if type(error.get(key)) is int}


def read_exactly(descriptor, size, deadline=None):
    """So many bytes. Raises EOFError where they end before, TimeoutError past the deadline (of `time.monotonic`)."""
    parts = []
    while size:
        if deadline and not select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
