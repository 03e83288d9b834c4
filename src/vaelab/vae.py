"""The VAE of chapter 07, its networks and its training."""

import keras
import tensorflow as tf
from keras import layers, ops

from vaelab.checks import check_count, check_number, plain_numbers
from vaelab.housekeeping import ModelOfParts
from vaelab.layers import Sampling
from vaelab.losses import bernoulli_nll, free_bits_kl, gaussian_nll, kl_divergence
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches


@plain_numbers
def build_vae_encoder(latent_dim=2, widths=(512, 256)):
    """The VAE's encoder: images (n, 28, 28, 1) in [0, 1] to mean and log_var, both (n, latent_dim).

    widths: units of the hidden ReLU layers; (128, 64) are the lecture's. Shown in chapter 05.
    """
    image = keras.Input(shape=(28, 28, 1), name="image")
    x = layers.Flatten()(image)
    for width in widths:
        x = layers.Dense(width, activation="relu")(x)
    mean = layers.Dense(latent_dim, name="mean")(x)
    log_var = layers.Dense(latent_dim, name="log_var")(x)
    return keras.Model(image, [mean, log_var], name="encoder")


@plain_numbers
def build_vae_decoder(latent_dim=2, widths=(256, 512)):
    """The VAE's decoder: codes (n, latent_dim) to (n, 28, 28, 1), logits or means of the pixels.

    widths: units of the hidden ReLU layers; (64,) is the lecture's. Shown in chapter 07.
    """
    z = keras.Input(shape=(latent_dim,), name="z")
    x = z
    for width in widths:
        x = layers.Dense(width, activation="relu")(x)
    x = layers.Dense(28 * 28)(x)
    return keras.Model(z, layers.Reshape((28, 28, 1))(x), name="decoder")


@keras.saving.register_keras_serializable(package="vaelab")
class VAE(ModelOfParts):
    """A variational autoencoder: an encoder to (mean, log_var), a sample z, a decoder, and -ELBO as the loss.

    encoder: images (n, ...) to mean and log_var, both (n, latent_dim). decoder: z (n, latent_dim) to logits of the
    pixels ("bernoulli") or to their means ("gaussian"), in the shape of the images. In nats per image,

        loss = mean over the batch of (reconstruction + beta * kl),

    with reconstruction = -ln p(x given z), summed over the pixels, for one z drawn for each image, and
    kl = KL(q(z given x) || N(0, I)), summed over the latent dimensions. With beta = 1 this is -ELBO.

    likelihood: "bernoulli" or "gaussian". noise_var: the Gaussian's variance, one for all pixels; at the default of
    1/2 the reconstruction is the plain squared error plus a constant; "learned" trains it, starting from 1/2.
    beta: the price of a nat of KL: a number, or a schedule, a function of the training step (from 0) such as
    `WarmUp(steps)`. Steps are counted over all calls of `fit` and saved; `evaluate` uses the price then in force.
    free_bits: what each latent dimension may spend free of charge, in nats. If above 0, the loss holds
    `free_bits_kl` instead of kl; the metric kl stays the true one.
    seed: of the noise, as in `Sampling`. All settings are given by name.

    To change more, override `reconstruction` and `pixels` (another likelihood), `kl` (another prior) or `price`.

    Train with `compile(optimizer)` and `fit(x)`, test with `evaluate(x)`: metrics loss, reconstruction and kl, which
    are means over images. Targets beside the images are ignored; sample weights are refused. `vae(x)` reconstructs
    without noise: the pixels that the decoder expects at the mean of q. Saves and loads as `.keras` and keeps
    training; to load it, call `vaelab.setup()` or import this module before. Raises ValueError for networks that do not
    fit, an unknown likelihood or a number out of its range, and TypeError or ValueError for arrays of images of another
    shape, type or range than expected; of a tf.data.Dataset only shapes and types are checked.
    Source: Kingma & Welling (2013). Shown in chapter 07.
    """

    def __init__(self, encoder, decoder, *, seed=None, **settings):
        super().__init__(encoder, decoder, seed=seed, **settings)
        self.sampling = Sampling(seed)

    def loss_of(self, x, training=False):
        """The loss of a batch of images, a scalar in nats per image; the metrics take note of it."""
        mean, log_var = self.encoder(x, training=training)
        z = self.sampling([mean, log_var])
        decoded = self.decoder(z, training=training)
        return self.add_terms(x, mean, log_var, decoded)

    def add_terms(self, x, mean, log_var, decoded):
        """The two terms of the loss, weighed and added: a scalar, in nats per image."""
        reconstruction = self.reconstruction(x, decoded)
        kl = self.kl(mean, log_var)
        charged = free_bits_kl(mean, log_var, self.free_bits) if self.free_bits else kl
        loss = reconstruction + self.price() * charged
        return self.averaged(loss, reconstruction, kl)

    def reconstruction(self, x, decoded):
        """-ln p(x given z) of each image, (n,) in nats, from what the decoder gives."""
        if self.likelihood == "gaussian":
            return gaussian_nll(x, decoded, self.noise_log_var)
        return bernoulli_nll(x, decoded)

    def kl(self, mean, log_var):
        """KL(q(z given x) || p(z)) of each image, (n,) in nats."""
        return kl_divergence(mean, log_var)

    @plain_numbers
    def generate(self, n, seed=0):
        """Decode n codes from N(0, I): an array (n, ...) of expected pixels in [0, 1]. ValueError if n is below 1."""
        check_count(n, "n")
        z = keras.random.normal((n, self.latent_dim), seed=seed)
        return ops.convert_to_numpy(self.decode(z))

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.optimizer.scale_loss(self.loss_of(*self.batch_of(data), training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.step.assign_add(1)
        return self.get_metrics_result()

    def test_step(self, data):
        self.loss_of(*self.batch_of(data))
        return self.get_metrics_result()


@trains
def train_vae(x_train, latent_dim=2, seed=0, epochs=10, **settings):
    """A new VAE of the course, 784-512-256 and back, trained with Adam on shuffled batches of 128.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. settings: those of `VAE`, such as beta or likelihood. Returns the VAE.
    Shown in chapter 07.
    """
    keras.utils.set_random_seed(seed)
    vae = VAE(build_vae_encoder(latent_dim), build_vae_decoder(latent_dim), seed=seed, **settings)
    vae.compile(optimizer=FusedAdam(), steps_per_execution=64)
    batches = shuffled_batches(x_train)
    vae.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return vae


@keras.saving.register_keras_serializable(package="vaelab")
class WarmUp:
    """A schedule for beta: from 0 along a straight line to `beta`, reached after `steps` training steps, then constant.

    Raises ValueError unless steps is a whole number of at least 1 and beta is not negative.
    Source: Sønderby et al. (2016, arXiv:1602.02282); Bowman et al. (2016) raise it along a sigmoid instead.
    Shown in chapter 08c.
    """

    @plain_numbers
    def __init__(self, steps, beta=1.0):
        check_count(steps, "steps")
        check_number(beta, "beta")
        self.steps, self.beta = steps, beta

    def __call__(self, step):
        return self.beta * ops.minimum(1.0, step / self.steps)

    def get_config(self):
        return {"steps": self.steps, "beta": self.beta}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
