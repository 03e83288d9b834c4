"""A question: take a student's functions out of the notebook's cells, call them, and send back numbers.

Runs inside the sandbox. Nothing in here is secret: no check, no right answer, no name of a student.
"""

import contextlib
import functools
import inspect
import linecache
import time

from .frames import RESTS, unpack
from .notebook import compiled, main, no_longer_than, parse, run
from .slicing import choose, statements

SECONDS = 3.0  # in all, for what may change something that a function needs, and may as well be an experiment
SECONDS_EACH = 1.0


def question(payload, send):
    """Take the functions that the question names out of the notebook and call them; send(call, error or arrays)."""
    from vaelab.hints import as_arrays  # students' hints read results by the same function

    space = {"__name__": "given"}
    for source in payload["given"]:
        exec(compile(source, "given", "exec"), space)
    given = {name: space[name] for name in payload["given_names"]}
    with main() as space:
        function, trouble, needed = define(payload["cells"], payload["name"], given, space)
        rests = not needed.isdisjoint(payload["earlier"])
        send(RESTS, arrays=as_arrays(float(rests)))
        if function is None:
            send(-1, error=trouble or {"type": "Missing", "message": ""})
            return
        for number, call in enumerate(payload["calls"]):
            try:
                arrays = answer(function, call)
            except BaseException as error:
                send(number, error=trouble if isinstance(error, NameError) and trouble else describe(error))
            else:
                send(number, arrays=arrays)


def define(cells, name, given, space):
    """Execute the top-level statements that `name` rests on, in the notebook's order, in the namespace `space`.

    Returns (object, first trouble, all names that they read).

    Experiments, plots and training stay out (see `slicing`). A broken cell costs only what rests on it. `given` are the
    reference functions for earlier tasks; they stand in the place of the student's own.
    """
    parsed, trouble = [], None
    for number, source in enumerate(cells, 1):
        try:
            body = parse(source, f"cell {number}")
            compiled(body, f"cell {number}")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if name in source:
                trouble = {"type": "SyntaxError", "message": str(error)[:200], "cell": number}
            continue
        parsed.append((number, body))
        lines = [line + "\n" for line in source.split("\n")]
        linecache.cache[f"cell {number}"] = (len(source), None, lines, f"cell {number}")
    found = statements(parsed)
    choice, left = choose(found, name), SECONDS
    places = {known: in_place_of(reference) for known, reference in given.items()}
    space.update(places)
    for i in sorted(choice.sure | choice.guessed):
        one, started, guessed = found[i], time.monotonic(), i in choice.guessed
        if guessed and left <= 0:
            continue
        try:
            with no_longer_than(min(left, SECONDS_EACH)) if guessed else contextlib.nullcontext():
                run(one.node, f"cell {one.cell}", space, one.flags)
        except BaseException as error:
            trouble = trouble or (None if guessed else describe(error))
        if guessed:
            left -= time.monotonic() - started
        for known, place in places.items():
            if space.get(known) is not place:
                place.own[:] = [space.get(known)]
                space[known] = place
    function = space.get(name)
    return function if callable(function) else None, trouble, choice.needed


def in_place_of(reference):
    """A function that gives the reference's numbers in the form in which the student's own, in its list `own`, does.

    Theirs may return arrays or lists where the reference returns tensors, and name its arguments as they like.
    """
    own, forms = [], []

    @functools.wraps(reference)
    def place(*arguments, **named):
        function = own[0] if own and callable(own[0]) else None
        if named and function:
            with contextlib.suppress(TypeError, ValueError):
                bound = inspect.signature(function).bind(*arguments, **named)
                arguments, named = bound.args, bound.kwargs
        result = reference(*arguments, **named)
        if function and not forms:
            example = None
            with contextlib.suppress(BaseException), no_longer_than(SECONDS_EACH):
                example = function(*arguments, **named)
            forms.append(example)
        return like(forms[0], result) if forms else result

    place.own = own
    return place


def like(example, result):
    """The numbers of `result` in the form of `example`: array, tensor, list, tuple or number."""
    import numpy as np
    import tensorflow as tf

    try:
        if isinstance(example, tuple | list) and example:
            pairs = (
                zip(example, result, strict=True)
                if isinstance(result, tuple | list)
                else ((example[0], r) for r in result)
            )
            return type(example)([like(*pair) for pair in pairs])
        if tf.is_tensor(example):
            return tf.cast(result, example.dtype) if example.dtype.is_floating else tf.convert_to_tensor(result)
        if isinstance(example, np.ndarray | np.generic):
            array = np.asarray(result)
            return array.astype(example.dtype)[()] if example.dtype.kind == array.dtype.kind == "f" else array
        if isinstance(example, int | float):
            return np.asarray(result).item()
    except (TypeError, ValueError):
        pass
    return result


def answer(function, call):
    """Call a student's function; a list of arrays, None for None. With "gradient", derivatives follow the result."""
    import numpy as np
    import tensorflow as tf

    from vaelab.hints import as_arrays

    arguments = [unpack(argument) for argument in call["arguments"]]
    if "gradient" not in call:
        return as_arrays(function(*arguments))
    weights = tf.constant(unpack(call["weights"]), "float64")
    for i in call["gradient"]:
        arguments[i] = tf.constant(arguments[i])
    watched = [arguments[i] for i in call["gradient"]]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        result = function(*arguments)
        if isinstance(result, list | tuple):
            result = tf.convert_to_tensor(result)
        loss = tf.reduce_sum(tf.cast(result, "float64") * weights)
    slopes = tape.gradient(loss, watched)
    # a table that rows are looked up in has sparse slopes; they are filled up
    slopes = [None if s is None else as_arrays(tf.convert_to_tensor(s))[0] for s in slopes]
    return as_arrays(np.asarray(result)) + slopes


def describe(error):
    """An exception in a few words, with the cell and line of the notebook that it comes from."""
    found = {"type": type(error).__name__[:60], "message": str(error)[:200]}
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith("cell "):
            found |= {"cell": int(filename[5:]), "line": trace.tb_lineno}
        trace = trace.tb_next
    return found
