"""Hints for homework: small cases with right numbers, and the numbers that known mistakes give.

No formula is in here.
"""

import contextlib
import functools
import json
from pathlib import Path

import numpy as np

from vaelab.language import tr


@functools.cache
def _cases(homework):
    """{task: its cases} of a homework, {} if there are none."""
    path = Path(__file__).parent / "hints" / f"{homework}-hints.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def check_task(homework, number, function):
    """Try a homework's function on small cases and print what is right, or which mistake the numbers look like.

    homework: its short name, such as "hw2". number: of the task. function: what the task asks for. A function that
    still raises NotImplementedError is reported as open; other exceptions pass through. Raises ValueError for a
    homework or a number that there are no cases for.
    """
    cases = _cases(homework)
    if number not in range(1, len(cases) + 1):
        raise ValueError(
            tr("There are no cases for task {number} of {homework!r}; there are for {known} tasks.").format(
                number=number, homework=homework, known=len(cases)
            )
        )
    name = list(cases)[number - 1]
    unseen = [check for case in cases[name] if case["kind"] == "unseen" for check in case["checks"]]
    try:
        said = _said([(case, *_mistake(case, function)) for case in cases[name] if case["kind"] != "unseen"])
    except NotImplementedError:
        said, unseen = [tr("still open.")], []
    said = said or [tr("no mistake seen on the small cases.")]
    if unseen:  # a student who trusts a silent hint must know where it was blind
        said.append(tr("The marking looks further than these cases: {checks}.").format(checks=", ".join(unseen)))
    print("\n".join(f"{name}: {line}" for line in said))


def _said(found):
    """What to print of [(case, whether the mistake has a name, what was said of it)].

    One mistake is named once: beside one that has a name, numbers that differ elsewhere may be its doing, and beside
    the root of others they are. What is left shows at the next try.
    """
    if roots := [text for case, _, text in found if text and text == case.get("root")]:
        return roots[:1]
    named = [text for _, known, text in found if known and text]
    return list(dict.fromkeys(named or [text for *_, text in found if text]))


@contextlib.contextmanager
def open_task():
    """Within it, a task that still raises NotImplementedError is no error: the rest of the block is left out."""
    try:
        yield
    except NotImplementedError:
        print(tr("This needs a task that is still open."))


def as_arrays(result):
    """What a function returned as a list of arrays of doubles: what hints and marking take a result for.

    A list is one array where it can be, such as a table row by row; a tuple is several results. None stays None.
    Fractions are numbers, and so are complex ones without an imaginary part. Raises TypeError for anything else.
    """
    if result is None:
        return [None]
    if isinstance(result, list | tuple):
        if isinstance(result, list) or len(result) > 8:
            with contextlib.suppress(ValueError, TypeError):  # of parts that differ in shape
                return [_doubles(result)]
        return [None if part is None else _doubles(part) for part in result[:8]]
    return [_doubles(result)]


def apart(arrays, count):
    """A list of `count` arrays from one array that holds them, one array from a list of its rows; else as it is."""
    if count > 1 and len(arrays) == 1 and arrays[0] is not None and arrays[0].ndim and len(arrays[0]) == count:
        return list(arrays[0])
    if count == 1 and len(arrays) > 1 and len({None if array is None else array.shape for array in arrays}) == 1:
        return arrays if arrays[0] is None else [np.stack(arrays)]
    return arrays


def _doubles(value):
    array = np.asarray(value)
    if array.dtype.kind == "c":
        array = np.real_if_close(array)
    try:
        if array.dtype.kind in "fiubOV":  # O: Fractions and the like; V: TensorFlow's short floats
            return array.astype("<f8")
    except (TypeError, ValueError):
        pass
    raise TypeError(tr("the function returned {kind}, which holds no numbers").format(kind=type(value).__name__))


def _mistake(case, function):
    """(whether it has a name, what to say) of what the function's result for one case looks like; (False, "") if right.

    Nothing that is said holds a right number: whoever tries and tries again learns kinds of mistakes and no answer.
    """
    arguments = [np.asarray(a["values"], a["dtype"]) if isinstance(a, dict) else a for a in case["arguments"]]
    parts, part = case.get("parts", 1), case.get("part", 0)
    several = apart(as_arrays(function(*arguments)), parts)
    if len(several) == 1 and several[0] is None:
        return True, tr("it returns nothing. Is there a return?")
    if len(several) != parts:
        return True, tr("it returns {n} instead of {wanted}.").format(
            n=tr("one result") if len(several) == 1 else tr("{n} results").format(n=len(several)), wanted=parts
        )
    found = several[part]
    if found is None:
        return True, tr("it returns None where numbers are asked for.")
    if case["kind"] == "laplace":
        return True, _laplace_mistake(found, *arguments)
    where = case.get("where") or (tr("result {i} of {n}").format(i=part + 1, n=parts) if parts > 1 else "")
    where = f"{where}: " if where else ""
    wanted = np.asarray(case["wanted"])
    if not np.isfinite(found).all():
        return True, where + tr("the result holds NaN or infinite values.")
    if case["kind"] == "differ":  # results for equal rows, which only noise can tell apart
        if found.shape == wanted.shape and np.unique(found).size < found.size:
            return True, case["message"]
        return False, ""
    for message, value in {"": wanted, **case["slips"]}.items():
        if found.shape == np.shape(value) and np.allclose(found, value, rtol=case["rtol"], atol=case["atol"]):
            return bool(message), message  # the homework's own words, in its language
    if found.shape != wanted.shape:
        return True, where + tr("the result has shape {shape} instead of {wanted}.").format(
            shape=found.shape, wanted=wanted.shape
        )
    return False, where + tr("the values differ from the right ones.")


def _laplace_mistake(z, location, scale, n, seed):
    if z.shape != (n, *location.shape):
        return tr("the result has shape {shape} instead of {wanted}.").format(
            shape=z.shape, wanted=(n, *location.shape)
        )
    if not np.isfinite(z).all():
        return tr("the result holds NaN or infinite values.")
    if (z == z[0]).all():
        return tr("the n draws are all the same: each needs noise of its own.")
    sizes = np.abs(z - location).mean(axis=0) / scale
    if (np.abs(sizes - 1) > 0.15).any():
        if (sizes < 1.15).all():
            return tr("the average of |z - location| is smaller than the scale; for Laplace draws it is equal.")
        if (sizes > 0.85).all():
            return tr("the average of |z - location| is larger than the scale; for Laplace draws it is equal.")
        return tr(
            "the average of |z - location| is larger than the scale in some places and smaller in others; for a "
            "Laplace distribution it is equal."
        )
    if not (np.abs((z < location).mean(axis=0) - 0.5) < 0.1).all():
        return tr("half of the draws should lie below the location.")
    centred = (z - location) / z.std(axis=0)
    if np.median(np.abs(centred)) > 0.6:
        return tr("the peak is too flat and the tails are too light for a Laplace distribution.")
    if (np.abs((centred[:, :1] * centred[:, 1:]).mean(axis=0)) > 0.3).any():
        return tr("the rows of the batch share their noise.")
    if (np.abs((centred[..., :1] * centred[..., 1:]).mean(axis=0)) > 0.3).any():
        return tr("the coordinates share their noise.")
    if (np.abs((centred[1:] * centred[:-1]).mean(axis=0)) > 0.3).any():
        return tr("successive draws are not independent.")
    return ""
