"""Measure what the course promises about speed and memory.

    python -m bench               everything; the first run fetches PyTorch and Lighthouse, to be used here only
    python -m bench PART ...      some of: loading training quality evaluation growth reading lighthouse
                                  grading proof

Machines are noisy. A figure is the median of five runs, unless its part or its row says otherwise; things that are
compared take turns within one run, and the ratio is the median over the turns. Nothing here is a test: a row with a
promise says whether it is met or missed, and goes on. The table goes to the screen, and each part that was measured to
its end replaces its own section of bench/results.json, with the date, the machine and the versions.
"""

import datetime
import importlib
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import PARTS, RESULTS

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

WITH_TENSORFLOW = ("training", "quality", "evaluation")
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "playwright", "pytest", "nbval")


def machine():
    """What the figures depend on."""
    found = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": platform.processor() or platform.machine(),
    }
    cpuinfo, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        found["processor"] = names[0] if names else found["processor"]
    if meminfo.exists():
        found["memory_gb"] = round(int(meminfo.read_text().split()[1]) / 1024**2)
    found["cores"] = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if hasattr(os, "getloadavg"):
        found["load_before"] = round(os.getloadavg()[0], 1)
    return found


def versions():
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def main(chosen):
    if unknown := set(chosen) - set(PARTS):
        sys.exit(f"Nothing to measure by the name {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    if len(chosen) != 1:  # each part in a process of its own: peaks of memory are handed down to child processes
        run = [sys.executable, "-m", "bench"]
        failed = [part for part in chosen or PARTS if subprocess.run([*run, part]).returncode != 0]
        sys.exit(f"Failed, with their sections left as they were: {', '.join(failed)}." if failed else 0)
    if chosen[0] in WITH_TENSORFLOW:
        importlib.import_module("vaelab").setup("en")  # before TensorFlow is imported: it holds the driver's notes back
    part = chosen[0]
    section = {"date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions(), "rows": []}
    print(f"\n{part}", flush=True)
    for row in importlib.import_module(f"bench.{part}").measure():
        section["rows"].append(row)
        shown = f"{row['value']:,.4g}" if isinstance(row["value"], float) else str(row["value"])
        print(f"  {row['what']:<66} {shown:>12} {row['unit']:<10} {row['promise']}", flush=True)
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    kept[part] = section
    text = json.dumps({name: kept[name] for name in PARTS if name in kept}, indent=1)
    RESULTS.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
