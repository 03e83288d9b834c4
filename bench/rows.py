"""One line of the benchmark's table."""

import statistics
import time


def row(what, value, unit="", at_most=None, at_least=None):
    """A figure with its unit and, where the course promised a bound for it, whether the bound is met or missed.

    value: a number, or a text that no promise is made about.
    """
    promise = ""
    if at_most is not None:
        promise = f"at most {at_most:g}: {'met' if value <= at_most else 'missed'}"
    elif at_least is not None:
        promise = f"at least {at_least:g}: {'met' if value >= at_least else 'missed'}"
    return {"what": what, "value": float(value) if isinstance(value, int | float) else value, "unit": unit,
            "promise": promise}  # fmt: skip


def by_turns(contestants, runs):
    """Seconds of each contestant, a function that returns its seconds, `runs` times in turn: {name: [seconds]}."""
    seconds = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            seconds[name].append(contestant())
    return seconds


def timed(job):
    """A contestant from a function: calls it and returns its seconds."""

    def run():
        start = time.perf_counter()
        job()
        return time.perf_counter() - start

    return run


def ratio(a, b):
    """The median of the ratios of paired figures."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def to_linear(sizes, figures):
    """By how much the largest size's figure exceeds what the smallest size's, grown in proportion, would be.

    1 is linear growth, and less is better than linear: something does not grow at all. sizes and figures rise.
    """
    return (figures[-1] / figures[0]) / (sizes[-1] / sizes[0])
