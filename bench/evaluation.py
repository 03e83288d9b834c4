"""How fast the bounds of chapter 08 are computed, and how that grows with the grid and k; for the images see growth.

The model is the course's with two latent dimensions, after one epoch on binarised digits; speed does not depend on
its quality. The codes of a grid are decoded once, however many images there are: with few images that is most of the
time. The floor is the matrix products of all images with all decoded codes, and nothing else.
"""

import statistics

import vaelab
from bench.rows import by_turns, ratio, row, timed, to_linear
from vaelab.bounds import (
    ROWS,
    code_terms,
    elbo,
    grid_points,
    importance_weighted_bound,
    log_likelihood_on_grid,
    log_sum_over,
)
from vaelab.data import load_mnist
from vaelab.vae import train_vae

REACH, SIDES, KS = 5.0, (101, 201, 401), (5, 50, 500)


def measure(runs=5):
    vaelab.setup("en")
    mnist = load_mnist(binarize="threshold")
    vae, every = train_vae(mnist.x_train, epochs=1), mnist.x_test
    some = every[:1000]
    grids = {side: grid_points(2, 2 * REACH / (side - 1), -1, REACH) for side in SIDES}
    sums = {side: f"sum over a {side} x {side} grid, 1,000 images" for side in SIDES}
    bounds = {k: f"importance-weighted bound, k = {k}, 1,000 images" for k in KS}
    large, floor = "sum over a 201 x 201 grid, 10,000 images", "the matrix products of that sum, alone"
    slopes = [code_terms(vae, grids[201][i : i + ROWS])[0] for i in range(0, len(grids[201]), ROWS)]
    jobs = {sums[side]: (some, lambda z=z: log_sum_over(vae, some, z)) for side, z in grids.items()}
    jobs[large] = every, lambda: log_sum_over(vae, every, grids[201])
    jobs[floor] = every, lambda: products(every, slopes)
    jobs["exact ln p(x), grid refined to 0.001 nats, 1,000 images"] = some, lambda: log_likelihood_on_grid(vae, some)
    jobs |= {bounds[k]: (some, lambda k=k: importance_weighted_bound(vae, some, k)) for k in KS}
    jobs["ELBO, 10,000 images"] = every, lambda: elbo(vae, every)

    seconds = by_turns({name: timed(job) for name, (_, job) in jobs.items()}, runs)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, (x, _) in jobs.items():
        yield row(name, len(x) / medians[name], "images/s", at_least=1000 if name == large else None)
    yield row(f"{large} / these products", ratio(seconds[large], seconds[floor]))
    points = [len(z) for z in grids.values()]
    for what, sizes, names in (("points of the grid", points, sums), ("k", KS, bounds)):
        growth = to_linear(sizes, [medians[name] for name in names.values()])
        yield row(f"from {sizes[0]:,} to {sizes[-1]:,} {what}: time / linear growth", growth, at_most=1.2)


def products(x, slopes, at_once=500):
    """All pixels of the images x times the slopes of all codes, in portions as `_log_sum` takes them."""
    flat = x.reshape(len(x), -1)
    for slope in slopes:
        for i in range(0, len(flat), at_once):
            flat[i : i + at_once] @ slope.T
