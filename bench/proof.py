"""Seconds of each notebook under nbval and of the tests: what `make test` runs, one piece after the other."""

import subprocess
import sys
import time
from pathlib import Path

from bench.rows import row

ROOT = Path(__file__).resolve().parent.parent


def measure():
    total = 0.0
    notebooks = sorted((ROOT / "notebooks" / "en").glob("*.ipynb"))
    for name, arguments in {**{path.stem: ["--nbval", path] for path in notebooks}, "tests": ["tests"]}.items():
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT, capture_output=True, text=True
        )
        taken = time.perf_counter() - start
        total += taken
        failed = "" if done.returncode == 0 else " (failed)"
        yield row(f"{name}{failed}", taken, "s", "at most 150" if name != "tests" else "")
    yield row("all of it", total, "s", "at most 1500")
