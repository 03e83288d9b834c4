"""A question: take a student's functions out of the notebook's cells, call them, and send back numbers.

Runs inside the sandbox. Nothing in here is secret: no check, no right answer, no name of a student.
"""

import ast
import contextlib
import linecache
import re
import symtable

from .frames import RESTS, unpack

# Lines that Jupyter understands and Python doesn't: %magic, !command, x = !command, name?
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+ *= *[%!].*|[\w.]+\?\??\s*)$", re.MULTILINE)


def question(payload, send):
    """Take the functions that the question names out of the notebook and call them; send(call, error or arrays)."""
    space = {"__name__": "given"}
    for source in payload["given"]:
        exec(compile(source, "given", "exec"), space)
    given = {name: space[name] for name in payload["given_names"]}
    function, trouble, needed = define(payload["cells"], payload["name"], given)
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


def define(cells, name, given):
    """Execute the top-level statements that `name` rests on, in the notebook's order.

    Returns (object, first trouble, all names that they read).

    Experiments, plots and training stay out. A broken cell costs only what rests on it. `given` are the reference
    functions for earlier tasks; they stand in the place of the student's own.
    """
    statements, trouble = [], None
    for number, source in enumerate(cells, 1):
        try:
            body = parse(source, f"cell {number}")
            statements += [(number, statement, binds(statement), loads(statement)) for statement in body]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if name in source:
                trouble = {"type": "SyntaxError", "message": str(error)[:200], "cell": number}
            continue
        lines = [line + "\n" for line in source.split("\n")]
        linecache.cache[f"cell {number}"] = (len(source), None, lines, f"cell {number}")
    imported = {n for _, s, bound, _ in statements if isinstance(s, ast.Import | ast.ImportFrom) for n in bound}
    statements = [(number, s, bound | (changes(s) - imported), read) for number, s, bound, read in statements]
    needed, chosen = {name}, set()
    while True:
        more = {
            i
            for i, (_, _, bound, _) in enumerate(statements)
            if i not in chosen and ("*" in bound or (bound - set(given)) & needed)
        }
        if not more:
            break
        chosen |= more
        needed |= set().union(*(statements[i][3] for i in more))
    space = {"__name__": "__main__", **given}
    for i in sorted(chosen):
        number, statement, *_ = statements[i]
        try:
            exec(compile(ast.Module([statement], []), f"cell {number}", "exec"), space)
        except BaseException as error:
            trouble = trouble or describe(error)
        space.update(given)
    found = space.get(name)
    return found if callable(found) else None, trouble, needed


def parse(source, name):
    """The statements of a cell. Where Python can't read it, lines that only Jupyter understands do nothing."""
    try:
        return ast.parse(source, name).body
    except SyntaxError:
        return ast.parse(MAGIC.sub(r"\1pass", source), name).body


def binds(statement):
    """Names that a top-level statement gives a meaning to, or changes; "*" if it can't be told."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    bound = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            bound |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Attribute) and node.attr.endswith("enable_numpy_behavior"):
            return {"*"}  # it gives every tensor NumPy's methods, and TensorFlow's own error messages recommend it
    return bound


def changes(statement):
    """Names of what a top-level statement calls methods of, as `table.append(1)` does: it may be changed by them."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    calls = [n.value.func for n in ast.walk(statement) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    return {n.value.id for n in calls if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}


def loads(statement):
    """Global names that a statement reads, now or when the functions that it defines are called."""
    found, tables = set(), [symtable.symtable(ast.unparse(statement), "cell", "exec")]
    while tables:
        table = tables.pop()
        at_top = table.get_type() == "module"
        found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (at_top or s.is_global())}
        tables += table.get_children()
    return found


def answer(function, call):
    """Call a student's function; a list of arrays, None for None. With "gradient", derivatives follow the result."""
    import numpy as np
    import tensorflow as tf

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
            raise TypeError("one array was expected, not a list or tuple of several")
        loss = tf.reduce_sum(tf.cast(result, "float64") * weights)
    slopes = tape.gradient(loss, watched)
    # a table that rows are looked up in has sparse slopes; they are filled up
    slopes = [None if s is None else as_arrays(tf.convert_to_tensor(s))[0] for s in slopes]
    return as_arrays(np.asarray(result)) + slopes


def as_arrays(result):
    """What a function returned as a list of arrays of doubles. Raises TypeError for anything but numbers.

    A tuple is several results. A list is one array where it can be, such as a table row by row; `judging.numbers` takes
    it apart if several are asked for.
    """
    import numpy as np

    if isinstance(result, list):
        with contextlib.suppress(ValueError):  # of arrays that differ in shape
            result = np.asarray(result)
    if isinstance(result, list | tuple):
        return [as_arrays(part)[0] for part in result[:8]]
    if result is None:
        return [None]
    array = np.asarray(result)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the function returned {type(result).__name__}, which holds no numbers")
    return [array.astype("<f8")]


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
