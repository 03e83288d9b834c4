"""Seconds of each notebook's proof, one at a time with the machine to itself, and of the whole proof, `make test`."""

import subprocess
import sys
import time
from pathlib import Path

from bench.rows import row

ROOT = Path(__file__).resolve().parent.parent


def measure():
    for notebook in sorted((ROOT / "notebooks" / "en").glob("*.ipynb")):
        yield clocked(f"{notebook.stem}, by itself", [sys.executable, "-m", "pytest", "--nbval", notebook], at_most=150)
    yield clocked("make test", ["make", "test"], at_most=1260)


def clocked(what, command, at_most):
    """The row of a command's seconds by the clock. What fails is shown and has no seconds to its name."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        return row(what, f"failed in {taken:.0f}", "s")
    return row(what, taken, "s", at_most=at_most)
