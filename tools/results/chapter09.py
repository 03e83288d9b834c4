"""Chapter 09: the conditional VAE."""

import numpy as np
from scipy.special import logsumexp

from store import SEEDS, experiment, mean_and_error, rounded
from vaelab.bounds import elbo, log_likelihood_on_grid
from vaelab.conditional import for_each_label, train_conditional_vae
from vaelab.data import load_mnist
from vaelab.experiments.chapter09 import draw_codes, label_likelihoods, read_shares, train_completion, train_reader
from vaelab.images import slant
from vaelab.judges import neighbour_accuracy
from vaelab.vae import train_vae


@experiment
def conditional_vae(mnist):
    """Chapter 09: VAEs whose label goes to both networks, to the decoder or nowhere, and completed halves; three seeds.

    Binarised digits; only the readers are trained on grey ones. The 500 images with exact likelihoods, and the 1,000
    whose style is transferred, are the first of a random order.
    """
    binary, some = load_mnist("sample"), np.random.default_rng(0).permutation(10000)[:1000]
    x_test, y_test, x, y = binary.x_test, binary.y_test, binary.x_test[some], binary.y_test[some]
    few, few_labels, asked = x[:500], y[:500], np.repeat(np.arange(10), 1000)
    upper, lower = x_test[:, :14], x_test[:, 14:]
    blank = np.concatenate([upper, np.zeros_like(lower)], axis=1)
    result = {}
    for seed in SEEDS:
        reader = train_reader(mnist.x_train, mnist.y_train, seed)

        def right(images, reader=reader):
            return round(float(reader.evaluate(images, y_test, batch_size=1000, verbose=0)[1]), 4)

        result[seed] = {"reader": {"grey": right(mnist.x_test), "binary": right(x_test), "upper half": right(blank)}}
        vaes = {"plain": train_vae(binary.x_train, seed=seed, epochs=6)}
        for way in ("both", "decoder"):
            vaes[way] = train_conditional_vae(binary.x_train, binary.y_train, seed=seed, epochs=6, sees_label=way)
        every = label_likelihoods(vaes["both"], few)
        exact = {
            "plain": log_likelihood_on_grid(vaes["plain"], few, 1e-2),
            "both": every[np.arange(500), few_labels],
            "decoder": for_each_label(log_likelihood_on_grid, vaes["decoder"], few, few_labels, tolerance=1e-2),
            "mixture": logsumexp(every, axis=1, b=np.bincount(binary.y_train) / 60000),
        }
        bound = {"plain": elbo(vaes["plain"], few, 20, seed + 100)}
        for way in ("both", "decoder"):
            bound[way] = for_each_label(elbo, vaes[way], few, few_labels, seed=seed + 100, samples=20)
        for way, vae in vaes.items():
            test = (x_test,) if way == "plain" else (x_test, y_test)
            codes = draw_codes(vae, binary.x_train, binary.y_train, seed), draw_codes(vae, x_test, y_test, seed + 100)
            result[seed][way] = {
                **rounded(vae.evaluate(*test, batch_size=1000, verbose=0, return_dict=True)),
                "probe": neighbour_accuracy(codes[0], binary.y_train, codes[1], y_test, k=15),
                "gap": mean_and_error(exact[way] - bound[way]),
            }
            if way != "plain":
                shares = read_shares(reader, vae.generate(asked, seed), asked)
                result[seed][way]["read"] = shares.round(3).tolist()
        drawn = np.stack([vaes["both"].transfer(x, y, np.full(1000, label)) for label in range(10)])
        shares, lean, ink = read_shares(reader, drawn.reshape(-1, 28, 28, 1), asked), slant(x), x.mean(axis=(1, 2, 3))
        result[seed]["both"] |= {
            "label_accuracy": float(np.mean(every.argmax(axis=1) == few_labels)),
            "over_mixture": mean_and_error(exact["both"] - exact["mixture"]),
            "transfer_read": round(shares.diagonal().mean(), 4),
            "slant": [round(np.corrcoef(lean, slant(images))[0, 1], 3) for images in drawn],
            "ink": [round(np.corrcoef(ink, images.mean(axis=(1, 2, 3)))[0, 1], 3) for images in drawn],
        }
        for name, values in exact.items():
            found = {"exact": mean_and_error(values), "gain": mean_and_error(values - exact["plain"])}
            result[seed].setdefault(name, {}).update(found)
        for sees in ("both", "decoder"):
            completion = train_completion(binary.x_train[:30000], sees, seed)
            whole = np.concatenate([upper, completion.generate(upper, seed)], axis=1)
            measured = completion.evaluate(lower, upper, batch_size=1000, verbose=0, return_dict=True)
            result[seed][f"completion, {sees}"] = {**rounded(measured), "read": right(whole)}
        print(seed, result[seed], flush=True)
    return result
