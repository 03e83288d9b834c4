"""Try the course on the other Pythons of this machine, or with the newest packages.

    python tools/pythons.py               every Python 3.11 to 3.13 that is here: the package's tests, one chapter
    python tools/pythons.py --newest …    the newest packages that pyproject.toml allows: what `make test` proves
                                          (…: arguments for pytest instead)

Each trial has an environment of its own in build/, made by tools/environment.py as .venv is. The Python of .venv, which
runs this, is left to `make test`. One Python alone proves nothing about others: that is a failure.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import environment
from files import ROOT

CHAPTER = "notebooks/en/04-kl-divergence.ipynb"
# What the package, its tests and a chapter need; the versions are the maintainer's.
PACKAGES = [".", "ipykernel", "ipywidgets", "nbval", "pytest", "pytest-xdist"]
SIDE_BY_SIDE = ["--numprocesses", "logical", "--maxprocesses", "4", "--dist", "loadfile"]


def main():
    parser = argparse.ArgumentParser(description="Try the course on other Pythons, or with the newest packages.")
    parser.add_argument("--newest", action="store_true", help="the newest packages that pyproject.toml allows")
    options, arguments = parser.parse_known_args()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if options.newest:
        tests = arguments or ["--nbval", "tests", "notebooks/en", *SIDE_BY_SIDE, "--no-loadscope-reorder"]
        sys.exit(not attempt(sys.executable, "build/newest", ["--newest", "--packages", ".[dev]"], tests))
    found = pythons()
    running = "{}.{}".format(*sys.version_info[:2])
    others = {short: python for short, python in found.items() if short != running}
    print(f"Python {running} is that of .venv, which `make test` proves. Others here:", flush=True)
    print(*(f"  {short}: {python}" for short, python in others.items()), sep="\n", flush=True)
    if not others:
        sys.exit("  none. Install another of 3.11, 3.12 and 3.13: with pyenv, uv or your system's packages.")
    # The files with the most tests go first, so that no long one comes last.
    tests, results = ["tests/package", "--nbval", CHAPTER, *SIDE_BY_SIDE], {}
    for short, python in others.items():
        started = time.monotonic()
        passed = attempt(python, f"build/python-{short}", ["--packages", *PACKAGES], tests)
        results[short] = f"Python {short}: {'passed' if passed else 'FAILED'} after {time.monotonic() - started:.0f} s"
    print(*results.values(), sep="\n")
    sys.exit(any("FAILED" in result for result in results.values()))


def pythons():
    """{"3.12": path, …} of the Pythons that can run the course: on the PATH, from pyenv, from uv, of the system."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local" / "share" / "uv" / "python")
    found = {}
    for minor in range(environment.OLDEST[1], environment.NEWEST[1] + 1):
        short = f"3.{minor}"
        candidates = [f"python{short}", *pyenv.glob(f"{short}.*/bin/python"), *uv.glob(f"cpython-{short}.*/bin/python")]
        for candidate in [*candidates, f"/usr/bin/python{short}"]:
            complete, path, version = environment.probe(str(candidate), "ensurepip, venv")
            if complete and version.startswith(f"{short}."):
                found[short] = path
                break
    return found


def attempt(python, venv, packages, tests):
    """Make the environment and run the tests in it. Returns whether they passed."""
    made = subprocess.run([python, ROOT / "tools" / "environment.py", "--venv", venv, *packages], cwd=ROOT)
    if made.returncode:
        return False
    python = environment.python_of(str(ROOT / venv))
    return subprocess.run([python, "-m", "pytest", "--disable-warnings", *tests], cwd=ROOT).returncode == 0


if __name__ == "__main__":
    main()
