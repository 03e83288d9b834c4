"""What tasks and checks are, and what judges are made of. Runs outside the sandbox; no student code is near."""

import contextvars
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from grading.errors import Wrong
from vaelab.hints import apart


class Call(NamedTuple):
    """One call of a student's function.

    shapes: what the answer's arrays may look like, compared before any judge computes with them. For each array a list:
    the right shape, then those of mistakes that the judge has words for; None for an array that the judge leaves alone.
    gradient: which arguments to differentiate sum(weights * result) by; the answer is then the result and the slopes.
    """

    arguments: tuple
    shapes: tuple
    gradient: tuple = ()
    weights: np.ndarray | None = None


class Check(NamedTuple):
    """Some calls, and a judge: judge(results) raises Wrong if they aren't right; one list of arrays for each call.

    The first check of a task is its main one: the others count only if it passes, so that a constant that happens to
    satisfy a lesser check earns nothing. alone=True: counts by itself. tables: the cases on which the students'
    hint looks for the same; without one the hint says that the marking looks further.
    """

    name: str
    points: float
    calls: list
    judge: Callable
    alone: bool = False
    tables: tuple = ()


class Task(NamedTuple):
    """A function that a homework asks for. checks(rng) gives its checks, on inputs drawn from rng.

    seconds: that its calls may take together. memory: bytes that they may take beyond what the imported libraries use.
    """

    name: str
    title: str
    checks: Callable
    seconds: float = 10.0
    memory: int = 1536 << 20


class Tolerance(NamedTuple):
    """How far an answer may lie from the right one: atol + rtol * |right| + errors * its standard error.

    name: of what is compared, within its check. reason: why so far and no further. No judge compares numbers without
    one, so that the bank can measure them all: the worst right answer on this side, the nearest wrong one on the other.
    """

    name: str
    reason: str
    rtol: float = 0.0
    atol: float = 0.0
    errors: float = 0.0


DISTANCES = contextvars.ContextVar("distances")  # {Tolerance: …} of the check that is being judged
# Students compute in 32 bits, where a number has seven digits, and right answers differ in how many of them they lose.
ROUNDED = Tolerance("values", "sums of some dozen terms in 32 bits, in any order and by any formula", 1e-3, 1e-4)
SEEDS = 2**20  # seeds are below it: a student may multiply one by a thousand, and libraries take 32 bits
WHOLE = Tolerance("whole numbers", "they are exact, or wrong by 1", 0.0, 0.01)


def distance(found, wanted, tolerance, standard_error=0.0):
    """The largest |found - wanted| in units of what the tolerance allows; infinite for another shape and for NaN."""
    found, wanted = np.asarray(found, "float64"), np.asarray(wanted, "float64")
    if found.shape != wanted.shape:
        return np.inf
    allowed = tolerance.atol + tolerance.rtol * np.abs(wanted) + tolerance.errors * np.asarray(standard_error)
    off = np.abs(found - wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(off == 0, 0.0, off / allowed)
    return float(np.nan_to_num(share, nan=np.inf).max(initial=0.0))


def agree(found, wanted, tolerance, standard_error=0.0):
    return distance(found, wanted, tolerance, standard_error) <= 1


def within(found, wanted, tolerance, standard_error=0.0):
    """`agree`, of an answer and the right one: the distance is noted down for the bank."""
    share, noted = distance(found, wanted, tolerance, standard_error), DISTANCES.get({})
    noted[tolerance] = max(share, noted.get(tolerance, 0.0))
    return share <= 1


def told_apart(wanted, slips, tolerance=ROUNDED):
    """Whether no slip gives the right numbers by chance, nor those of another slip."""
    values = [np.asarray(value, "float64") for value in (wanted, *slips.values())]
    return not any(agree(a, b, tolerance) for i, a in enumerate(values) for b in values[:i])


def compare(name, points, cases, tolerance=ROUNDED, part=0, parts=1, alone=False):
    """A check that the function's result is right in each case; cases: [(arguments, right values, known slips)].

    part: which of the `parts` results is compared. A number alone may be hit by chance: it needs several cases.
    """

    def judge(results):
        for result, (_, wanted, slips) in zip(results, cases, strict=True):
            what = "The values" if parts == 1 else f"{name}: the values"
            expect(numbers(result, parts, part)[part], wanted, slips, tolerance, what)

    def looks(wanted, slips):
        return tuple([np.shape(v) for v in (wanted, *slips.values())] if i == part else None for i in range(parts))

    calls = [Call(tuple(arguments), looks(wanted, slips)) for arguments, wanted, slips in cases]
    return Check(name, points, calls, judge, alone, (hint(*cases[0], tolerance, part, parts),))


def nearly(check, cost, slips):
    """[a check, one more]: the first, of one case, forgives a small slip, the second charges `cost` of its points.

    slips: {message: what the slip gives}, such as a division by n - 1. The hint names it, as it names others.
    """
    (table,) = check.tables
    right, part, parts = table["wanted"], table["part"], table["parts"]
    tolerance = table["tolerance"]

    def forgiving(results):
        found = numbers(results[0], parts, part)[part]
        nearest = min([right, *slips.values()], key=lambda value: distance(found, value, tolerance))
        expect(found, nearest, table["slips"], tolerance, "The values" if parts == 1 else f"{check.name}: the values")

    def strict(results):
        forgiving(results)
        found = numbers(results[0], parts, part)[part]
        expect(found, right, slips, tolerance)

    told = (table | {"slips": {**slips, **table["slips"]}},)
    return [
        check._replace(points=check.points - cost, judge=forgiving, tables=told),
        check._replace(name=f"{check.name}, to the last detail", points=cost, judge=strict, tables=told),
    ]


def hint(arguments, wanted, slips, tolerance, part=0, parts=1, where=""):
    """The table of a check from one of its cases. where: what is special about it, in words."""
    table = {"arguments": arguments, "wanted": wanted, "slips": slips, "where": where}
    return table | {"tolerance": tolerance, "part": part, "parts": parts}


def fitting(arrays, shapes):
    """The arrays of one answer, if they look as its Call declares; else Wrong, before anything is computed with them.

    `apart`, which students' hints use too: one array of several serves as well as a tuple of them, and the reverse.
    """
    arrays = apart(arrays, len(shapes))
    if len(arrays) != len(shapes):
        numbers(arrays, len(shapes))  # says what is wrong with them
    for i, (array, allowed) in enumerate(zip(arrays, shapes, strict=True), 1):
        if array is not None and allowed is not None and array.shape not in allowed:
            which = "The result" if len(shapes) == 1 else f"Result {i} of {len(shapes)}"
            raise Wrong(f"{which} has shape {array.shape}; the task asks for {allowed[0]} here.")
    return arrays


def numbers(arrays, count=1, part=None):
    """The arrays of one answer; Wrong if there aren't `count`, one is None, or one holds NaN or infinity.

    part: the only one that has to be sound, if other checks ask for the rest.
    """
    arrays = apart(arrays, count)
    if len(arrays) == 1 and arrays[0] is None:
        raise Wrong("The function returns nothing (None). Is there a return?")
    if len(arrays) != count:
        several = "one result" if len(arrays) == 1 else f"{len(arrays)} results"
        raise Wrong(f"The function returns {several}; the task asks for {count}.")
    asked = arrays if part is None else arrays[part : part + 1]
    if any(array is None for array in asked):
        raise Wrong("The function returns None where numbers are asked for.")
    if not all(np.isfinite(array).all() for array in asked):
        raise Wrong("The result holds NaN or infinite values.")
    return [array if array is None else np.asarray(array) for array in arrays]


def expect(found, wanted, slips=(), tolerance=ROUNDED, what="The values"):
    """Raise Wrong unless `found` agrees with `wanted`. slips: {message: array}, what a known mistake would give."""
    if within(found, wanted, tolerance):
        return
    for message, value in dict(slips).items():
        if agree(found, value, tolerance):
            raise Wrong(message)
    if found.shape != np.shape(wanted):
        raise Wrong(f"The result has shape {found.shape}; the task asks for {np.shape(wanted)} here.")
    if found.size and np.ptp(found) == 0 and np.size(wanted) > 1:
        raise Wrong("The result is the same number everywhere, whatever the inputs are.")
    raise Wrong(f"{what} differ from the right ones.")
