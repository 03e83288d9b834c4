"""Chapter 08's experiments: small VAEs of twenty dimensions, trained at many prices of the KL, and what they reach."""

import keras
from keras import ops

from vaelab.bounds import active_units, elbo, posterior
from vaelab.losses import kl_divergence
from vaelab.progress import trains
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder


@trains
def train_small_vae(x_train, seed=0, learning_rate=2e-3, **settings):
    """A VAE of the lecture's widths with twenty latent dimensions: Adam, five epochs of shuffled batches of 256.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. settings: those of `vaelab.vae.VAE`, such as beta or free_bits.
    Returns the VAE. Shown in chapter 08c.
    """
    keras.utils.set_random_seed(seed)
    vae = VAE(build_vae_encoder(20, (128, 64)), build_vae_decoder(20, (64, 128)), seed=seed, **settings)
    vae.compile(FusedAdam(learning_rate), steps_per_execution=64)
    batches = shuffled_batches(x_train, batch_size=256)
    vae.fit(batches, epochs=5, shuffle=False, verbose=0)
    return vae


def measure_vae(vae, x, samples=4, seed=1):
    """Rate, distortion and the KL of each latent dimension on images x, whatever beta the VAE was trained with.

    x: (n, 28, 28, 1), pixels in [0, 1]. Returns a dict, in nats per image: "rate", the average KL; "distortion", the
    average of -ln p(x given z) over `samples` draws of z for each image; "elbo", minus their sum; "kl", a list with the
    average KL of each dimension, the largest first; "active", 1 or 0 for each of these, see `active_units`.
    Shown in chapter 08c.
    """
    mean, log_var = posterior(vae, x)
    each = kl_divergence(ops.reshape(mean, (-1, 1)), ops.reshape(log_var, (-1, 1)))
    kl = ops.convert_to_numpy(ops.mean(ops.reshape(each, ops.shape(mean)), axis=0))
    rate, bound, order = kl.sum(), elbo(vae, x, samples, seed).mean(), (-kl).argsort()
    return {
        "rate": float(rate),
        "distortion": float(-bound - rate),
        "elbo": float(bound),
        "kl": kl[order].astype(float).round(4).tolist(),
        "active": active_units(vae, x)[order].astype(int).tolist(),
    }
