"""The networks that several pages load."""

import functools

from store import SEEDS, experiment, made_with, rounded
from vaelab.conditional import train_conditional_vae
from vaelab.data import load_mnist
from vaelab.experiments.chapter08 import train_small_vae
from vaelab.models import train_autoencoder
from vaelab.networks import load_autoencoder, load_conditional_vae, load_small_vae, load_vae, save_network
from vaelab.vae import train_vae


@experiment
def networks(mnist):
    """The networks that several pages and tests load, see vaelab.networks; what stands beside them is measured here."""
    made = made_with("tensorflow", "keras", "numpy")

    def keep(name, how, load, *models, **data):
        save_network(name, *models, trained=how, made_with=made)
        loaded = load()  # with the rounded weights, as whoever loads it gets it
        test = loaded.evaluate(**data, batch_size=1000, verbose=0, return_dict=True)
        save_network(name, *models, trained=how, made_with=made, test=rounded(test, 5))
        print(name, rounded(test, 5), flush=True)

    for seed in SEEDS:
        autoencoder = train_autoencoder(mnist.x_train, seed)[2]
        how = f"train_autoencoder(x_train, seed={seed})"
        images = {"x": mnist.x_test, "y": mnist.x_test}
        keep(f"autoencoder-seed{seed}", how, lambda seed=seed: load_autoencoder(seed)[2], autoencoder, **images)
    # The 20-dimensional one and the one of black and white pixels serve as examples: one seed is enough of them.
    wanted = [(2, "grey", seed) for seed in SEEDS] + [(2, "sampled", 0), (20, "grey", 0)]
    for latent_dim, pixels, seed in wanted:
        data, epochs = (mnist, 10) if pixels == "grey" else (load_mnist("sample"), 6)
        vae = train_vae(data.x_train, latent_dim, seed, epochs)
        how = f"train_vae(x_train, latent_dim={latent_dim}, seed={seed}, epochs={epochs}), {pixels} pixels"
        load = functools.partial(load_vae, latent_dim, pixels, seed)
        keep(f"vae-{latent_dim}d-{pixels}-seed{seed}", how, load, vae.encoder, vae.decoder, x=data.x_test)
    data = load_mnist("sample")
    for way in ("both", "decoder"):
        cvae = train_conditional_vae(data.x_train, data.y_train, seed=0, epochs=6, sees_label=way)
        how = f'train_conditional_vae(x_train, y_train, seed=0, epochs=6, sees_label="{way}"), sampled pixels'
        load = functools.partial(load_conditional_vae, way)
        name = f"conditional-2d-sampled-{way}-seed0"
        keep(name, how, load, cvae.encoder, cvae.decoder, x=data.x_test, y=data.y_test)
    small = train_small_vae(data.x_train)
    how = "train_small_vae(x_train), sampled pixels"
    keep("small-vae-20d-sampled-seed0", how, load_small_vae, small.encoder, small.decoder, x=data.x_test)
