"""Time and memory of `load_mnist`, imports included, in processes of its own."""

import statistics
import subprocess
import sys

from bench.rows import row

CODE = """
import resource, time
start = time.perf_counter()
from vaelab.data import load_mnist
data = load_mnist()
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(runs=5):
    seconds, peaks = zip(*[map(float, run().split()) for _ in range(runs)], strict=True)
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
    yield row("load_mnist", statistics.median(seconds), "s", at_most=2)
    yield row("load_mnist, peak memory of the process", max(peaks) / unit, "MB", at_most=600)


def run():
    return subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
