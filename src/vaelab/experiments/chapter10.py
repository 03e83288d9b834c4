"""Chapter 10's parts: convolutional networks, the best variance, lines between codes, attributes as directions."""

import keras
import numpy as np
from keras import layers, ops
from sklearn.mixture import GaussianMixture

from vaelab.checks import (
    check_arc,
    check_as_many,
    check_images,
    check_learned_variance,
    check_line,
    check_points,
    check_values,
    plain_numbers,
)
from vaelab.judges import nearest_real
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

MIXTURES = (1, 10, 40, 100)  # components
SECOND_VAES = ((256, 10), (256, 30), (512, 10), (512, 30))  # units of both hidden layers, epochs


@plain_numbers
def build_convolutional_encoder(latent_dim=20, filters=(16, 32)):
    """A convolutional encoder: images (n, 28, 28, 1) in [0, 1] to mean and log_var, both (n, latent_dim).

    filters: how many 4 x 4 filters each of the two layers has, which halve the image's sides to 14 and to 7.
    Shown in chapter 10.
    """
    image = keras.Input(shape=(28, 28, 1), name="image")
    x = image
    for count in filters:
        x = layers.Conv2D(count, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    mean = layers.Dense(latent_dim, name="mean")(x)
    log_var = layers.Dense(latent_dim, name="log_var")(x)
    return keras.Model(image, [mean, log_var], name="encoder")


@plain_numbers
def build_convolutional_decoder(latent_dim=20, filters=(32, 16)):
    """A convolutional decoder: codes (n, latent_dim) to (n, 28, 28, 1), logits or means of the pixels.

    filters: how many channels of 7 x 7 the dense layer fills, and how many of 14 x 14 the transposed convolution makes
    of them; another one makes the image. Shown in chapter 10c.
    """
    z = keras.Input(shape=(latent_dim,), name="z")
    x = layers.Dense(7 * 7 * filters[0], activation="relu")(z)
    x = layers.Reshape((7, 7, filters[0]))(x)
    for count in filters[1:]:
        x = layers.Conv2DTranspose(count, 4, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x)
    return keras.Model(z, x, name="decoder")


@trains
def train_convolutional_vae(x_train, latent_dim=20, seed=0, epochs=5):
    """A VAE with the convolutional networks, trained as `vaelab.vae.train_vae` trains the dense ones.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. Returns the VAE. Shown in chapter 10c.
    """
    keras.utils.set_random_seed(seed)
    vae = VAE(build_convolutional_encoder(latent_dim), build_convolutional_decoder(latent_dim), seed=seed)
    vae.compile(optimizer=FusedAdam(), steps_per_execution=64)
    batches = shuffled_batches(x_train)
    vae.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return vae


class BestVariance(keras.callbacks.Callback):
    """Sets a Gaussian VAE's learned variance to the best one, the mean squared error, before each epoch.

    x: (n, 28, 28, 1), images to measure the error on, with a code drawn for each. Raises ValueError, when training
    starts, for a VAE whose variance is fixed. Source: Rybkin et al. (2021). Shown in chapter 10b.
    """

    def __init__(self, x):
        super().__init__()
        self.x = x

    def on_epoch_begin(self, epoch, logs=None):
        vae = self.model
        check_learned_variance(vae)
        decoded = vae.decoder(vae.sampling(vae.encoder(self.x)))
        vae.noise_log_var.assign(ops.log(ops.mean(ops.square(self.x - decoded))))


@trains
def train_calibrated_vae(x_train, latent_dim=20, seed=0, epochs=5):
    """A Gaussian VAE of the course's dense networks whose variance is learned, and set by `BestVariance`.

    x_train: (n, 28, 28, 1), pixels in [0, 1]; the first 5,000 serve to set the variance. Otherwise trained as
    `vaelab.vae.train_vae` does. Returns the VAE. Shown in chapter 10b.
    """
    keras.utils.set_random_seed(seed)
    networks = build_vae_encoder(latent_dim), build_vae_decoder(latent_dim)
    vae = VAE(*networks, likelihood="gaussian", noise_var="learned", seed=seed)
    vae.compile(optimizer=FusedAdam(), steps_per_execution=64)
    callbacks = [TrainingProgress(), BestVariance(x_train[:5000])]
    batches = shuffled_batches(x_train)
    vae.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return vae


def straight_line(start, end, way):
    """The points at the share `way` of the straight lines from start to end, both (n, latent_dim).

    Shown in chapter 10b.
    """
    start, end = check_line(start, end)
    return (1 - way) * start + way * end


def spherical_line(start, end, way):
    """The points at the share `way` of the arcs from start to end: the direction turns and the length changes evenly.

    start, end: (n, latent_dim), of codes. way: a number, 0 at the start and 1 at the end. Returns (n, latent_dim).
    Raises ValueError where a code is 0 or two codes point in the same or in opposite directions, because there
    the arc has no plane. Source: Shoemake (1985), for unit vectors. Shown in chapter 10b.
    """
    start, end = check_arc(start, end)
    start_length, end_length = (np.linalg.norm(z, axis=1, keepdims=True) for z in (start, end))
    a, b = start / start_length, end / end_length
    angle = np.arccos((a * b).sum(axis=1, keepdims=True))
    direction = (np.sin((1 - way) * angle) * a + np.sin(way * angle) * b) / np.sin(angle)
    return ((1 - way) * start_length + way * end_length) * direction


def judge_lines(start, end, draw, reference, ways=(0.0, 0.25, 0.5, 0.75, 1.0)):
    """What decoded images look like along straight and along spherical lines between codes.

    start, end: (n, latent_dim). draw: maps codes to images. reference: real images, none of them at an end. Returns a
    dict: for "straight" and "spherical" a dict with the arrays (len(ways), n) "norm", of the codes; "distance", to the
    nearest reference image; and "grey", the mean of pixel * (1 - pixel). Shown in chapter 10b.
    """
    judged = {}
    for name, line in {"straight": straight_line, "spherical": spherical_line}.items():
        codes = [line(start, end, way) for way in ways]
        images = [draw(z) for z in codes]
        judged[name] = {
            "norm": np.array([np.linalg.norm(z, axis=1) for z in codes]),
            "distance": np.array([nearest_real(x, reference)[0] for x in images]),
            "grey": np.array([(x * (1 - x)).mean(axis=(1, 2, 3)) for x in images]),
        }
    return judged


def code_direction(codes, values):
    """How far the codes move, on average, when a measured value grows by one: a vector (latent_dim,).

    The least-squares slope of each coordinate over the values. codes: (n, latent_dim); values: (n,), not all equal,
    else ValueError. Shown in chapter 10b.
    """
    check_values(codes, values)
    centred = values - values.mean()
    return centred @ (codes - codes.mean(axis=0)) / (centred @ centred)


def measure_moves(draw, codes, direction, attributes, amounts):
    """How much measured values of decoded images change when the codes move along a direction.

    draw: maps codes to images. codes: (n, latent_dim). direction: (latent_dim,), or one for each code. attributes: a
    dict from names to functions of images such as `stroke_width`. amounts: how many times the direction is added, one
    move for each. Returns a dict: for each name an array (len(amounts), n), value after the move less value before.
    Shown in chapter 10b.
    """
    before = draw(codes)
    after = [draw(codes + amount * direction) for amount in amounts]
    return {name: np.array([value(x) - value(before) for x in after]) for name, value in attributes.items()}


# The verdict: images from the prior, and from densities fitted to the codes afterwards.


@keras.saving.register_keras_serializable(package="vaelab")
class CodeVAE(VAE):
    """A VAE whose "images" are codes (n, latent_dim): no pixels, so any finite numbers will do.

    Source: the second stage of Dai & Wipf (2019).
    """

    def checked(self, x, y=None, name="x"):
        return check_points(x, name, self.latent_dim), y

    def draw(self, n, seed=0):
        """n new codes (n, latent_dim): a draw from N(0, I), decoded, and the noise of the likelihood."""
        rng = np.random.default_rng(seed)
        u, noise = rng.standard_normal((2, n, self.latent_dim)).astype("float32")
        mean = self.decoder.predict(u, batch_size=1000, verbose=0)
        return mean + np.exp(0.5 * ops.convert_to_numpy(self.noise_log_var)) * noise


def fit_code_vae(codes, width=256, epochs=10, seed=0):
    """A second, small VAE on codes (n, latent_dim), with a latent space of the same size and a learned noise.

    Returns the `CodeVAE`. Raises ValueError for codes that are not finite. Source: Dai & Wipf (2019).
    """
    keras.utils.set_random_seed(seed)
    latent_dim = codes.shape[1]
    code, u = keras.Input((latent_dim,)), keras.Input((latent_dim,))
    x, y = code, u
    for _ in range(2):
        x, y = layers.Dense(width, activation="relu")(x), layers.Dense(width, activation="relu")(y)
    encoder = keras.Model(code, [layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)])
    decoder = keras.Model(u, layers.Dense(latent_dim)(y))
    vae = CodeVAE(encoder, decoder, likelihood="gaussian", noise_var="learned", seed=seed)
    vae.compile(FusedAdam(), steps_per_execution=64)
    vae.fit(codes, batch_size=256, epochs=epochs, verbose=0)
    return vae


def fit_densities(codes, seed=0):
    """Two densities fitted to codes, each the best of four by codes that were held out.

    codes: (n, latent_dim), n >= 1,000, in random order. The codes are moved and stretched to mean 0 and standard
    deviation 1 in each dimension; a fifth of them is held out, at most 10,000. "mixture": a Gaussian mixture of 1, 10,
    40 or 100 components, fitted to at most 20,000 codes. "second VAE": a `CodeVAE` of 256 or 512 units a layer, trained
    for 10 or 30 epochs. Returns a dict of (draw, tried): draw(n) gives codes (n, latent_dim); tried maps each setting
    to its held-out value, nats per code: the log-likelihood of a mixture, a lower bound of it for a VAE.
    """
    codes = check_points(codes, "codes")
    centre, scale = codes.mean(axis=0), codes.std(axis=0)
    held = min(len(codes) // 5, 10000)
    standard = (codes - centre) / scale
    fitted, held_out = standard[:-held], standard[-held:]
    mixtures = {n: GaussianMixture(n, random_state=seed).fit(fitted[:20000].astype("float64")) for n in MIXTURES}
    vaes = {setting: fit_code_vae(fitted, *setting, seed=seed) for setting in SECOND_VAES}
    by_mixture = {n: float(mixture.score(held_out)) for n, mixture in mixtures.items()}
    by_vae = {s: -float(vae.evaluate(held_out, batch_size=1000, verbose=0)[0]) for s, vae in vaes.items()}
    mixture, second = mixtures[max(by_mixture, key=by_mixture.get)], vaes[max(by_vae, key=by_vae.get)]

    def draw_mixture(n):
        drawn = np.random.default_rng(seed).permutation(mixture.sample(n)[0])  # sample() sorts them
        return (centre + scale * drawn).astype("float32")

    def draw_second(n):
        return (centre + scale * second.draw(n, seed)).astype("float32")

    return {"mixture": (draw_mixture, by_mixture), "second VAE": (draw_second, by_vae)}


def two_sample_accuracy(images, others, seed=0, epochs=5):
    """How often a network that learned on one half of two sets of images tells the other half apart.

    images, others: (n, 28, 28, 1), the same n, at least 4, each in random order, pixels in [0, 1]. The network is
    chapter 03's classifier with one output. Returns the share of right answers on held-out images: 0.5 where the two
    sets can't be told apart, 1 where every image gives itself away.
    Source: Lopez-Paz & Oquab (2017), revisiting classifier two-sample tests. Shown in chapter 10.
    """
    images, others = check_images(images, "images"), check_images(others, "others")
    check_as_many(images, others)
    keras.utils.set_random_seed(seed)
    half = len(images) // 2
    network = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(FusedAdam(), "binary_crossentropy", metrics=["accuracy"], steps_per_execution=16)
    label = np.repeat([1.0, 0.0], half)
    network.fit(np.concatenate([images[:half], others[:half]]), label, batch_size=128, epochs=epochs, verbose=0)
    rest = len(images) - half
    held_out = np.concatenate([images[half:], others[half:]]), np.repeat([1.0, 0.0], rest)
    return float(network.evaluate(*held_out, batch_size=1000, verbose=0)[1])
