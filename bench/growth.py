"""How time and memory grow with the number of images: three sizes each, every one in a process of its own, by turns.

Linear growth means that the seconds per 1,000 images and the megabytes per 1,000 images stay the same, once what the
process needs before the first image (its imports) is taken off.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

from bench.rows import row

SIZES = {
    "loading": (15000, 30000, 60000),
    "training": (15000, 30000, 60000),
    "grid": (500, 1000, 2000),
    "bound": (500, 1000, 2000),
}
WHAT = {
    "loading": "to pixels, images of 28 x 28",
    "training": "an epoch of the 2-D VAE, images",
    "grid": "sum over a 201 x 201 grid, images",
    "bound": "importance-weighted bound, k = 500, images",
}
PROMISES = {"grid": "peak under 2000", "bound": "peak under 3000"}


def measure(runs=3):
    for task, sizes in SIZES.items():
        found = {n: [] for n in sizes}
        for _ in range(runs):
            for n in sizes:
                command = [sys.executable, "-m", "bench.growth", task, str(n)]
                found[n].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
        for n, results in found.items():
            seconds = statistics.median(r["seconds"] for r in results)
            peak, before = (statistics.median(r[key] for r in results) for key in ("peak", "before"))
            yield row(f"{n:>6,} {WHAT[task]}", seconds, "s")
            yield row(f"{n:>6,} seconds per 1,000", 1000 * seconds / n, "s")
            yield row(f"{n:>6,} peak memory", peak, "MB", PROMISES.get(task, ""))
            yield row(f"{n:>6,} of it beyond what was there before", peak - before, "MB")


def run(task, n):
    import numpy as np

    import vaelab
    from vaelab import data
    from vaelab.evaluate import _grid, _log_sum, importance_weighted_bound
    from vaelab.models import VAE, build_vae_decoder, build_vae_encoder

    vaelab.setup("en")
    vae = VAE(build_vae_encoder(), build_vae_decoder(), seed=0)
    vae.compile(optimizer="adam", steps_per_execution=64)
    raw = np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype="uint8")
    x = None if task == "loading" else data._as_pixels(raw, "threshold", None)
    if task == "training":
        vae.fit(x[: 128 * 64], batch_size=128, verbose=0)  # compiled before the clock starts
    elif task != "loading":
        vae.decoder(np.zeros((1, 2), "float32"))
    before = peak()
    start = time.perf_counter()
    if task == "loading":
        data._as_pixels(raw, "none", None)
    elif task == "training":
        vae.fit(x, batch_size=128, verbose=0)
    elif task == "grid":
        _log_sum(vae, x, _grid(2, 0.05, -1, 5.0))
    else:
        importance_weighted_bound(vae, x, 500)
    print(json.dumps({"seconds": time.perf_counter() - start, "before": before, "peak": peak()}))


def peak():
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
