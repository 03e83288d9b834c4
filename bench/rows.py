"""One line of the benchmark's table."""

import statistics


def row(what, value, unit="", promise=""):
    """A figure with its unit and, where the course promised one, the promise."""
    return {"what": what, "value": float(value) if isinstance(value, int | float) else value, "unit": unit,
            "promise": promise}  # fmt: skip


def by_turns(contestants, runs):
    """Seconds of each contestant, a function that returns its seconds, `runs` times in turn: {name: [seconds]}."""
    seconds = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            seconds[name].append(contestant())
    return seconds


def ratio(a, b):
    """The median of the ratios of paired figures."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))
