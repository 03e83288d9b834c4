"""How time and memory grow with the number of images: three sizes of each task, by turns, each task in a process.

The peak of memory is the process's after its first run of a size; sizes rise, so that no peak is an earlier one's.
What the process needs before the first image (imports, networks, the images themselves) is taken off it for the ratio.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.rows import row, to_linear

# What is done, the numbers of images, the runs of each, and the most megabytes that the process may take.
TASKS = {
    "loading": ("load images of 28 x 28 as pixels", (15000, 30000, 60000), 5, None),
    "training": ("train the 2-D VAE for an epoch", (15000, 30000, 60000), 5, None),
    "grid": ("sum over a 201 x 201 grid", (1000, 2000, 4000), 5, 2000),
    "bound": ("importance-weighted bound, k = 500, one run", (1000, 2000, 4000), 1, 3000),
}


def measure():
    for task, (what, sizes, _, most) in TASKS.items():
        command = [sys.executable, "-m", "bench.growth", task]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for n, seconds, peak in zip(sizes, found["seconds"], found["peaks"], strict=True):
            yield row(f"{what}: {n:,} images", seconds, "s")
            yield row(f"{what}: {n:,} images, peak memory", peak, "MB", at_most=most)
        for name, figures in (
            ("time", found["seconds"]),
            ("memory", [peak - found["before"] for peak in found["peaks"]]),
        ):
            yield row(f"{what}: {name} / linear growth", to_linear(sizes, figures), at_most=1.2)


def run(task):
    import numpy as np

    import vaelab
    from vaelab import data
    from vaelab.bounds import grid_points, importance_weighted_bound, log_sum_over
    from vaelab.training import FusedAdam, shuffled_batches
    from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

    vaelab.setup("en")
    _, sizes, runs, _ = TASKS[task]
    vae = VAE(build_vae_encoder(), build_vae_decoder(), seed=0)
    vae.compile(optimizer=FusedAdam(), steps_per_execution=64)
    raw = np.random.default_rng(0).integers(0, 256, (sizes[-1], 28, 28), dtype="uint8")
    x = data.as_pixels(raw[:1] if task == "loading" else raw, "threshold", None)
    jobs = {
        "loading": lambda n: data.as_pixels(raw[:n], "none", None),
        "training": lambda n: vae.fit(shuffled_batches(x[:n]), shuffle=False, verbose=0),
        "grid": lambda n: log_sum_over(vae, x[:n], grid_points(2, 0.05, -1, 5.0)),
        "bound": lambda n: importance_weighted_bound(vae, x[:n], 500),
    }
    if task == "training":
        jobs[task](128 * 64)  # compiled before the clock starts
    elif task != "loading":
        vae.decoder(np.zeros((1, 2), "float32"))
    before, peaks, seconds = resident(), [], [[] for _ in sizes]
    for _ in range(runs):
        for n, taken in zip(sizes, seconds, strict=True):
            start = time.perf_counter()
            jobs[task](n)
            taken.append(time.perf_counter() - start)
            peaks.append(peak())
    medians = [statistics.median(taken) for taken in seconds]
    print(json.dumps({"seconds": medians, "before": before, "peaks": peaks[: len(sizes)]}))


def peak():
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def resident():
    """Megabytes that the process holds now; where the system does not say, the peak so far."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1024**2 if pages.exists() else peak()


if __name__ == "__main__":
    run(sys.argv[1])
