"""What the experiments share: the seeds, the list of them, rounding, and how a result is stored."""

import json
import platform
import re
from importlib.metadata import version

import numpy as np

from files import write
from vaelab.results import RESULTS

SEEDS = (0, 1, 2)
EXPERIMENTS = {}


def experiment(function):
    """Register a function of `load_mnist()` whose dictionary becomes results/NAME.json; None: it wrote files itself."""
    EXPERIMENTS[function.__name__] = function
    return function


def rounded(run, digits=3):
    """The same measures, numbers rounded."""
    return {name: round(value, digits) if isinstance(value, float) else value for name, value in run.items()}


def mean_and_error(values):
    """[mean, its standard error] of the values of single images."""
    return [round(float(values.mean()), 4), round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)]


def made_with(*packages):
    """The versions and the kind of machine that a stored number was computed with."""
    return {**{package: version(package) for package in packages}, "machine": platform.machine()}


def store(name, result):
    """Write a result as JSON, each list of numbers on one line, and say how large it is."""
    result["made_with"] = made_with("tensorflow", "keras", "numpy", "scikit-learn")
    text = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", json.dumps(result, indent=1))
    write(RESULTS / f"{name}.json", text + "\n")
    print(f"Wrote {RESULTS / name}.json, {len(text):,} bytes", flush=True)
