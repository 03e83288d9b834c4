"""Compute the results store, src/vaelab/results/*.json: what takes longer than a lesson may.

    python tools/results            every experiment
    python tools/results NAME ...   these

One file a chapter, one function an experiment; what it measures stands in the lesson that shows it and is imported
from vaelab.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # stored numbers come from the processor, like the lessons'
sys.path.insert(1, str(Path(__file__).resolve().parent.parent))  # for tools/files.py

import importlib

import vaelab
from store import EXPERIMENTS, store
from vaelab.data import load_mnist


def main(names):
    chapters = sorted(path.stem for path in Path(__file__).parent.glob("chapter*.py"))
    for module in ("networks", "figures", *chapters):  # the networks first: the others load them
        importlib.import_module(module)
    if unknown := set(names) - set(EXPERIMENTS):
        sys.exit(f"No experiment {', '.join(sorted(unknown))}. There are: {', '.join(EXPERIMENTS)}.")
    vaelab.setup("en")
    mnist = load_mnist()
    for name in names or EXPERIMENTS:
        print(f"{name}: {EXPERIMENTS[name].__doc__}", flush=True)
        if (result := EXPERIMENTS[name](mnist)) is not None:
            store(name, result)


if __name__ == "__main__":
    main(sys.argv[1:])
