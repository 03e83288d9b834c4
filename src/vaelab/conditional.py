"""The conditional VAE of chapter 09: a VAE whose networks also see a condition, such as the label of the image."""

import keras
import numpy as np
from keras import layers, ops

from vaelab.checks import (
    check_choice,
    check_conditional_networks,
    check_conditions,
    check_one_condition,
    check_pairs,
    check_pixel_batch,
    check_transfer,
    check_unweighted,
    plain_numbers,
)
from vaelab.housekeeping import at_least_float32, is_array
from vaelab.language import tr
from vaelab.layers import Constant
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import VAE, build_vae_encoder


def see_label(x, label, units, way="one-hot"):
    """A network's first hidden layer, ReLU, that sees x (n, features) and the label (n,): a Keras tensor (n, units).

    way: "one-hot" appends ten numbers to x, all 0 but a 1 at the label's place; "embedding" adds a learned vector of
    the label to the layer's bias. Both can compute the same functions. Raises ValueError for another way.
    Shown in chapter 09.
    """
    check_choice(way, "way", ("one-hot", "embedding"))
    if way == "one-hot":
        x = layers.Concatenate()([x, ops.one_hot(label, 10)])
        return layers.Dense(units, activation="relu")(x)
    x = layers.Add()([layers.Dense(units)(x), layers.Embedding(10, units)(label)])
    return layers.Activation("relu")(x)


@plain_numbers
def build_conditional_encoder(latent_dim=2, widths=(512, 256), way="one-hot"):
    """The conditional VAE's encoder: images (n, 28, 28, 1) and labels (n,) to mean and log_var, both (n, latent_dim).

    widths: units of the hidden ReLU layers. way: how the first of them sees the label, see `see_label`.
    Shown in chapter 09.
    """
    image = keras.Input(shape=(28, 28, 1), name="image")
    label = keras.Input(shape=(), dtype="int32", name="label")
    x = see_label(layers.Flatten()(image), label, widths[0], way)
    for width in widths[1:]:
        x = layers.Dense(width, activation="relu")(x)
    mean = layers.Dense(latent_dim, name="mean")(x)
    log_var = layers.Dense(latent_dim, name="log_var")(x)
    return keras.Model([image, label], [mean, log_var], name="encoder")


@plain_numbers
def build_conditional_decoder(latent_dim=2, widths=(256, 512), way="one-hot"):
    """The conditional VAE's decoder: codes (n, latent_dim) and labels (n,) to logits or means (n, 28, 28, 1).

    widths: units of the hidden ReLU layers. way: how the first of them sees the label, see `see_label`.
    Shown in chapter 09.
    """
    z = keras.Input(shape=(latent_dim,), name="z")
    label = keras.Input(shape=(), dtype="int32", name="label")
    x = see_label(z, label, widths[0], way)
    for width in widths[1:]:
        x = layers.Dense(width, activation="relu")(x)
    x = layers.Dense(28 * 28)(x)
    return keras.Model([z, label], layers.Reshape((28, 28, 1))(x), name="decoder")


class Paired:
    """The housekeeping of a VAE of pairs: networks with a second input, checks, batches of images and conditions."""

    check_parts = staticmethod(check_conditional_networks)

    @property
    def condition(self):
        """The networks' input for the condition, a Keras tensor."""
        return (self.encoder.inputs[1:] + self.decoder.inputs[1:])[0]

    def called_with(self):
        return [self.encoder.inputs[0], self.condition]

    def checked(self, x, y=None, name="x"):
        """Images and conditions as `fit(x, y)`, `fit([x, y])` and `predict([x, y])` have them, as arrays, checked.

        Data sets and generators, of such pairs, are handed back as they are.
        """
        x, y = split(x, y)
        return check_pairs(self, x, y, x_name=name) if is_array(x) else (x, y)

    def batch_of(self, data):
        """Images and conditions in what `fit` or `evaluate` hands to a step. Raises as the VAE's, and for no y."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        x, y = split(x, y)
        if y is None:
            raise ValueError(tr("A batch has no y; expected images with a condition, such as a label, for each."))
        check_unweighted(sample_weight)
        check_pixel_batch(x)
        return x, y

    def predict_step(self, data):
        return self(self.batch_of(data), training=False)

    def __call__(self, pair, *args, **settings):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(
                tr("The model was called with {given}; expected a pair, [x, y], images and their conditions.").format(
                    given=type(pair).__name__
                )
            )
        return super().__call__(pair, *args, **settings)


@keras.saving.register_keras_serializable(package="vaelab")
class ConditionalVAE(Paired, VAE):
    """A VAE of p(x given y): encoder and decoder see a condition y beside the image x or the code z.

    encoder: x and y to mean and log_var, both (n, latent_dim). decoder: z and y to logits or means, in the shape of x.
    A network without a second input gets no y; at least one must have it. y: labels (n,), integers 0 to 9, or whatever
    the second input takes, such as images (n, h, w, 1) of floats. settings: those of `VAE`. The loss is VAE's, with
    q(z given x, y) and p(x given z, y); at beta = 1 it is minus a lower bound of ln p(x given y).

    Train with `fit(x, y)`, test with `evaluate(x, y)`: metrics loss, reconstruction and kl, in nats per image.
    `cvae([x, y])` and `predict([x, y])` reconstruct without noise. Saves and loads as `.keras` and keeps training.
    Raises ValueError for networks that do not fit, and TypeError or ValueError for arrays x or y of another shape,
    type, number or range than expected; of a tf.data.Dataset only shapes and types are checked. Source: Sohn, Lee &
    Yan (2015). Shown in chapter 09.
    """

    def loss_of(self, x, y, training=False):
        mean, log_var = seen_by(self.encoder, x, y, training)
        z = self.sampling([mean, log_var])
        decoded = seen_by(self.decoder, z, y, training)
        return self.add_terms(x, mean, log_var, decoded)

    def call(self, pair, training=False):
        x, y = pair
        mean, _ = seen_by(self.encoder, x, y, training)
        return self.decode(mean, y, training)

    @at_least_float32
    def decode(self, z, y, training=False):
        """Codes (n, latent_dim) under conditions y (n, ...) to the pixels that the decoder expects, in [0, 1]."""
        return self.pixels(seen_by(self.decoder, z, y, training))

    @plain_numbers
    def generate(self, y, seed=0):
        """Decode a code from N(0, I) for each condition in y: an array (n, ...) of expected pixels in [0, 1]."""
        y = check_conditions(self, y)
        z = keras.random.normal((len(y), self.latent_dim), seed=seed)
        return ops.convert_to_numpy(self.decode(z, y))

    def transfer(self, x, from_y, to_y):
        """Draw each image again under another condition: encode x with from_y, decode the mean of q with to_y.

        x: (n, ...). from_y, to_y: a condition for each image. Returns an array of x's shape, expected pixels in [0, 1].
        """
        x, from_y, to_y = check_transfer(self, x, from_y, to_y)
        mean, _ = seen_by(self.encoder, x, from_y)
        return ops.convert_to_numpy(self.decode(mean, to_y))

    def given(self, y):
        """The plain VAE that is left when the condition is fixed: one label, or one array. It shares the weights.

        A schedule of beta goes on where it is. A learned noise variance is taken as it is now, and stays.
        """
        check_one_condition(self, y)
        settings = {name: getattr(self, name) for name in ("likelihood", "beta", "free_bits", "seed")}
        if self.likelihood == "gaussian":
            settings["noise_var"] = float(ops.exp(self.noise_log_var))
        vae = VAE(fix_condition(self.encoder, y), fix_condition(self.decoder, y), **settings)
        vae.step.assign(self.step)
        return vae


def seen_by(network, x, y, training=False):
    """What a network gives for x and its conditions y: `network([x, y])`, or `network(x)` if it has one input only.

    Shown in chapter 09.
    """
    seen = [ops.convert_to_tensor(part) for part in (x, y)]
    return network(seen if len(network.inputs) == 2 else seen[0], training=training)


def split(x, y):
    """x and y, also where they came as one pair."""
    return x if y is None and isinstance(x, list | tuple) and len(x) == 2 else (x, y)


@trains
def train_conditional_vae(x_train, y_train, latent_dim=2, seed=0, epochs=10, sees_label="both", **settings):
    """A new conditional VAE, 784-512-256 and back, trained as `train_vae` trains the plain one: Adam, batches of 128.

    x_train: (n, 28, 28, 1), pixels in [0, 1]; y_train: (n,), labels 0 to 9. sees_label: "both" networks or the
    "decoder" only. settings: those of `VAE`. Returns the ConditionalVAE. Raises ValueError for another sees_label, and
    TypeError or ValueError for bad images or labels. Shown in chapter 09b.
    """
    check_choice(sees_label, "sees_label", ("both", "decoder"))
    keras.utils.set_random_seed(seed)
    encoder = build_conditional_encoder(latent_dim) if sees_label == "both" else build_vae_encoder(latent_dim)
    cvae = ConditionalVAE(encoder, build_conditional_decoder(latent_dim), seed=seed, **settings)
    cvae.compile(optimizer=FusedAdam(), steps_per_execution=64)
    batches = shuffled_batches(x_train, y_train)
    cvae.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return cvae


def for_each_label(measure, cvae, x, y, seed=None, **settings):
    """A measurement of chapter 08 on a conditional VAE: each image by the plain VAE that is left, given its label.

    measure: a function such as `vaelab.bounds.elbo`, called as measure(vae, x, **settings) for the images of each
    label. x: (n, 28, 28, 1), y: (n,), labels 0 to 9. seed: None for a measure without noise; otherwise each label's
    images get noise of their own. Returns (n,). Raises what the measure raises, and ValueError for labels that do not
    fit. Shown in chapter 09b.
    """
    y = check_conditions(cvae, y, len(x))
    value = np.zeros(len(x))
    for label in np.unique(y):
        noise = {} if seed is None else {"seed": 10 * seed + int(label)}
        value[y == label] = measure(cvae.given(label), x[y == label], **noise, **settings)
    return value


def fix_condition(network, y):
    """The network of one input that is left of a network of two when the second is y for every row; shares weights.

    y: one condition, or a number for all its entries. A network of one input is returned as it is.
    """
    if len(network.inputs) == 1:
        return network
    x, condition = network.inputs
    y = np.broadcast_to(np.asarray(y, condition.dtype), condition.shape[1:])
    x = keras.Input(x.shape[1:], dtype=x.dtype)
    return keras.Model(x, network([x, Constant(y, condition.dtype)(x)]), name=network.name)
