"""How fast the bounds of chapter 08 are computed, and how they grow with the grid, with k and with the images.

The model is the course's with two latent dimensions, after one epoch on binarised digits; speed does not depend on
its quality. Each figure is a median, sizes taking turns.
"""

import statistics
import time

import vaelab
from bench.rows import by_turns, row
from vaelab.data import load_mnist
from vaelab.evaluate import _grid, _log_sum, elbo, importance_weighted_bound, log_likelihood_on_grid
from vaelab.models import train_vae

REACH = 5.0


def measure(runs=5):
    vaelab.setup("en")
    mnist = load_mnist(binarize="threshold")
    vae, x = train_vae(mnist.x_train, epochs=1), mnist.x_test

    grids = {side: _grid(2, 2 * REACH / (side - 1), -1, REACH) for side in (101, 201, 401)}
    jobs = {
        f"sum over a {side} x {side} grid, {n:,} images": (n, lambda z=z, n=n: _log_sum(vae, x[:n], z))
        for side, z in grids.items()
        for n in ((500, 1000, 2000) if side == 201 else (1000,))
    }
    jobs["exact ln p(x), grid refined to 0.001 nats, 1,000 images"] = (
        1000,
        lambda: log_likelihood_on_grid(vae, x[:1000]),
    )
    for k, n in ((5, 1000), (50, 1000), (500, 1000), (50, 500), (50, 2000)):
        jobs[f"importance-weighted bound, k = {k}, {n:,} images"] = (
            n,
            lambda k=k, n=n: importance_weighted_bound(vae, x[:n], k),
        )
    jobs["ELBO, 10,000 images"] = (10000, lambda: elbo(vae, x))
    for name, taken in by_turns({name: timed(job) for name, (_, job) in jobs.items()}, runs).items():
        promise = "at least 1000" if "201 x 201" in name else ""
        yield row(name, jobs[name][0] / statistics.median(taken), "images/s", promise)


def timed(job):
    def run():
        start = time.perf_counter()
        job()
        return time.perf_counter() - start

    return run
