"""Chapter 08: the price of a nat, and collapse."""

import numpy as np

from store import SEEDS, experiment, rounded
from vaelab.data import load_mnist
from vaelab.experiments.chapter08 import measure_vae, train_small_vae
from vaelab.images import pack_images
from vaelab.vae import WarmUp


@experiment
def rate_distortion(mnist):
    """Chapter 08: rate and distortion of small VAEs at eight prices, with pictures; three of them for three seeds."""
    mnist, betas = load_mnist("sample"), (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0)
    ten = mnist.x_test[[int(np.argmax(mnist.y_test == digit)) for digit in range(10)]]
    z = np.random.default_rng(0).standard_normal((10, 20)).astype("float32")
    result, rows = {"betas": list(betas)}, [ten]
    for seed in SEEDS:
        result[seed] = {}
        for beta in betas if seed == 0 else (0.25, 1.0, 4.0):
            vae = train_small_vae(mnist.x_train, seed, beta=beta)
            result[seed][f"{beta:g}"] = rounded(measure_vae(vae, mnist.x_test))
            print(seed, beta, result[seed][f"{beta:g}"], flush=True)
            if seed == 0:
                rows += [np.asarray(vae(ten)), np.asarray(vae.decode(z))]
    result["pictures"] = pack_images(np.stack(rows))
    return result


@experiment
def collapse(mnist):
    """Chapter 08: small VAEs that lose latent dimensions to a high learning rate, and two repairs, for three seeds."""
    mnist = load_mnist("sample")
    ways = {
        "rate 0.01": {"learning_rate": 0.01},
        "warm-up": {"learning_rate": 0.01, "beta": WarmUp(470)},
        "free bits": {"learning_rate": 0.01, "free_bits": 0.25},
        "rate 0.002": {},
    }
    result = {}
    for seed in SEEDS:
        result[seed] = {}
        for name, way in ways.items():
            vae = train_small_vae(mnist.x_train, seed, **way)
            result[seed][name] = rounded(measure_vae(vae, mnist.x_test))
            print(seed, name, result[seed][name], flush=True)
    return result
