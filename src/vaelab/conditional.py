"""The conditional VAE of chapter 09: a VAE whose networks also see a condition, such as the label of the image."""

import keras
import numpy as np
from keras import layers, ops

from vaelab.checks import check_images_like, is_float, plain_numbers
from vaelab.evaluate import log_likelihood_on_grid
from vaelab.language import tr
from vaelab.layers import Constant
from vaelab.models import VAE, build_vae_encoder, is_array
from vaelab.progress import TrainingProgress, trains
from vaelab.training import FusedAdam, shuffled_batches

CLASSES = 10


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


class Bound:
    """A conditional VAE with the condition of one batch filled in, so that VAE's own methods need not know of it.

    Shown in chapter 09.
    """

    def __init__(self, vae, y):
        self.vae, self.y = vae, ops.convert_to_tensor(y)

    def __getattr__(self, name):  # all else is the conditional VAE's
        return getattr(self.vae, name)

    def encoder(self, x, training=False):
        return self.vae.encoder([x, self.y] if len(self.vae.encoder.inputs) == 2 else x, training=training)

    def decoder(self, z, training=False):
        return self.vae.decoder([z, self.y] if len(self.vae.decoder.inputs) == 2 else z, training=training)

    def decode(self, z, training=False):
        return VAE.decode(self, z, training)


class Paired:
    """The housekeeping of a VAE of pairs: networks with a second input, checks, and batches as pairs for `loss_of`."""

    conditional = True

    def __init__(self, encoder, decoder, **settings):
        check_conditional_networks(encoder, decoder)
        super().__init__(encoder, decoder, **settings)
        self.latent_dim = decoder.inputs[0].shape[-1]  # VAE takes it from the last input, here the condition

    def checked(self, x, y=None, name="x"):
        """Images and conditions as `fit(x, y)`, `fit([x, y])` and `predict([x, y])` have them, as arrays, checked.

        Data sets and generators, of such pairs, are handed back as they are.
        """
        x, y = _split(x, y)
        return check_pairs(self, x, y, x_name=name) if is_array(x) else (x, y)

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        return super().train_step((_pair(x, y), None, sample_weight))

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        return super().test_step((_pair(x, y), None, sample_weight))

    def predict_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self(_pair(x, y), training=False)

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

    def given(self, y):
        """The plain VAE that is left when the condition is fixed: one label, or one array. It shares the weights.

        A learned noise variance is taken as it is now, and stays.
        """
        check_one_condition(self, y)
        settings = {name: getattr(self, name) for name in ("likelihood", "beta", "free_bits", "seed")}
        if self.likelihood == "gaussian":
            settings["noise_var"] = float(ops.exp(self.noise_log_var))
        return VAE(fix_condition(self.encoder, y), fix_condition(self.decoder, y), **settings)

    def loss_of(self, pair, training=False):
        x, y = pair
        return VAE.loss_of(Bound(self, y), x, training)

    def call(self, pair, training=False):
        x, y = pair
        return VAE.call(Bound(self, y), x, training)

    def decode(self, z, y, training=False):
        """Codes (n, latent_dim) under conditions y (n, ...) to the pixels that the decoder expects, in [0, 1]."""
        return Bound(self, y).decode(ops.convert_to_tensor(z), training)

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
        mean, _ = Bound(self, from_y).encoder(ops.convert_to_tensor(x))
        return ops.convert_to_numpy(self.decode(mean, to_y))


@trains
def train_conditional_vae(x_train, y_train, latent_dim=2, seed=0, epochs=10, sees_label="both", **settings):
    """A new conditional VAE, 784-512-256 and back, trained as `train_vae` trains the plain one: Adam, batches of 128.

    x_train: (n, 28, 28, 1), pixels in [0, 1]; y_train: (n,), labels 0 to 9. sees_label: "both" networks or the
    "decoder" only. settings: those of `VAE`. Returns the ConditionalVAE. Raises ValueError for another sees_label, and
    TypeError or ValueError for bad images or labels. Shown in chapter 09.
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

    measure: a function such as `vaelab.evaluate.elbo`, called as measure(vae, x, **settings) for the images of each
    label. x: (n, 28, 28, 1), y: (n,), labels 0 to 9. seed: None for a measure without noise; otherwise each label's
    images get noise of their own. Returns (n,). Raises what the measure raises, and ValueError for labels that do not
    fit. Shown in chapter 09.
    """
    y = check_conditions(cvae, y, len(x))
    value = np.zeros(len(x))
    for label in np.unique(y):
        noise = {} if seed is None else {"seed": 10 * seed + int(label)}
        value[y == label] = measure(cvae.given(label), x[y == label], **noise, **settings)
    return value


def label_likelihoods(cvae, x, tolerance=1e-2):
    """ln p(x given y) of each image under each of the ten labels, exact up to `tolerance` nats; (n, 10) float64.

    For one or two latent dimensions, see `vaelab.evaluate.log_likelihood_on_grid`. x: (n, 28, 28, 1), pixels in [0, 1].
    Raises what that function raises. Shown in chapter 09.
    """
    return np.stack([log_likelihood_on_grid(cvae.given(label), x, tolerance) for label in range(10)], axis=1)


def draw_codes(vae, x, y, seed=0):
    """One draw from q for each image: codes (n, latent_dim). vae: a ConditionalVAE, or a plain VAE, which gets no y.

    x: (n, 28, 28, 1), y: (n,), labels 0 to 9. Shown in chapter 09.
    """
    seen = [x, y] if len(vae.encoder.inputs) == 2 else x
    mean, log_var = vae.encoder.predict(seen, batch_size=1000, verbose=0)
    return mean + np.exp(0.5 * log_var) * np.random.default_rng(seed).standard_normal(mean.shape)


@trains
def train_reader(x_train, y_train, seed=0, epochs=5):
    """A small convolutional digit classifier, to read what others draw: images (n, 28, 28, 1) to probabilities (n, 10).

    About 99 % of the test digits right after 5 epochs of all training images. Shown in chapter 09.
    """
    keras.utils.set_random_seed(seed)
    reader = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(24, 5, strides=2, activation="relu"),
            layers.Conv2D(48, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="reader",
    )
    reader.compile(FusedAdam(), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=64)
    batches = shuffled_batches(x_train, y_train)
    reader.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return reader


def read_shares(reader, images, asked):
    """How images are read: entry (i, j) of the (10, 10) array is the share of those asked for as i that are read as j.

    images: (n, 28, 28, 1), asked: (n,), labels 0 to 9, each at least once. Shown in chapter 09.
    """
    read = reader.predict(images, batch_size=1000, verbose=0).argmax(axis=1)
    counts = np.zeros((10, 10))
    np.add.at(counts, (asked, read), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def slant(images):
    """How far the ink of each image leans, in columns to the right per row upwards; (n,), 0 for an upright digit.

    The slope of the line that predicts ink's column from its row. images: (n, 28, 28, 1), none of them blank.
    Shown in chapter 09.
    """
    ink = images.reshape(-1, 28, 28) / images.sum(axis=(1, 2, 3))[:, None, None]
    row, column = np.arange(28.0), np.arange(28.0)
    down = row - (ink.sum(axis=2) @ row)[:, None]  # (n, 28), from each image's centre of ink
    across = column - (ink.sum(axis=1) @ column)[:, None]
    return -np.einsum("nij,ni,nj->n", ink, down, across) / np.einsum("nij,ni->n", ink, down**2)


@plain_numbers
def build_completion(sees_upper="both", latent_dim=2, width=256):
    """Networks of a ConditionalVAE of lower halves whose condition is the upper half: (encoder, decoder).

    Both halves are (n, 14, 28, 1). sees_upper: "both" networks or the "decoder" only. Raises ValueError
    for another. Shown in chapter 09.
    """
    check_choice(sees_upper, "sees_upper", ("both", "decoder"))
    lower, upper = (keras.Input(shape=(14, 28, 1), name=name) for name in ("lower", "upper"))
    z = keras.Input(shape=(latent_dim,), name="z")
    flat = layers.Flatten()
    seen = layers.Concatenate()([flat(lower), flat(upper)]) if sees_upper == "both" else flat(lower)
    x = layers.Dense(width, activation="relu")(seen)
    mean, log_var = layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)
    encoder = keras.Model([lower, upper] if sees_upper == "both" else lower, [mean, log_var], name="encoder")
    x = layers.Dense(width, activation="relu")(layers.Concatenate()([z, flat(upper)]))
    logits = layers.Reshape((14, 28, 1))(layers.Dense(14 * 28)(x))
    return encoder, keras.Model([z, upper], logits, name="decoder")


@trains
def train_completion(x_train, sees_upper="both", seed=0, epochs=5):
    """A ConditionalVAE of the lower halves of images, given the upper halves: Adam, batches of 128.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. sees_upper: as in `build_completion`. Shown in chapter 09.
    """
    keras.utils.set_random_seed(seed)
    completion = ConditionalVAE(*build_completion(sees_upper), seed=seed)
    completion.compile(optimizer=FusedAdam(), steps_per_execution=64)
    upper, lower = x_train[:, :14], x_train[:, 14:]
    batches = shuffled_batches(lower, upper)
    completion.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return completion


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


# Checks. Values only of arrays, so that compiled steps stay compiled.


def check_choice(value, name, choices):
    if value not in choices:
        raise ValueError(
            tr("{name} is {given!r}; expected one of {choices}.").format(
                name=name, given=value, choices=", ".join(map(repr, choices))
            )
        )


def check_conditional_networks(encoder, decoder):
    """Raise ValueError unless one or both networks have a second input, and both the same if both have."""
    conditions = []
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        inputs = getattr(network, "inputs", None)
        if not isinstance(network, keras.Model) or not inputs:
            raise ValueError(
                tr("{name} is {given}; expected a keras.Model made from inputs and outputs.").format(
                    name=name, given=type(network).__name__
                )
            )
        if len(inputs) > 2:
            raise ValueError(
                tr("The {name} has {n} inputs; expected two, the second being the condition.").format(
                    name=name, n=len(inputs)
                )
            )
        conditions += [(tuple(condition.shape), condition.dtype) for condition in inputs[1:]]
    if not conditions:
        raise ValueError(tr("Neither network has a second input; expected the condition there in at least one."))
    if len(set(conditions)) > 1:
        raise ValueError(
            tr("The encoder takes the condition {first} and the decoder {second}; expected the same.").format(
                first=conditions[0], second=conditions[1]
            )
        )


def check_conditions(cvae, y, n=None, name="y"):
    """Return `y` as an array for the networks' second input, n of them: labels (n,) or arrays (n, ...).

    Raises ValueError for another shape or number, labels outside 0 to 9 and values that are not finite, and TypeError
    for another type.
    """
    wanted, y = _condition(cvae), np.asarray(y)
    shape = ("n" if n is None else str(n), *map(str, wanted.shape[1:]))
    if y.ndim != len(shape) or y.shape[1:] != tuple(wanted.shape[1:]) or len(y) == 0 or (n is not None and len(y) != n):
        raise ValueError(
            tr("{name} has shape {given}; expected ({wanted}), one for each image and at least one.").format(
                name=name, given=y.shape, wanted=", ".join(shape) + ("," if len(shape) == 1 else "")
            )
        )
    whole = "int" in wanted.dtype
    if not (np.issubdtype(y.dtype, np.integer) if whole else is_float(y)):
        raise TypeError(
            tr("{name} has dtype {given}; expected {wanted}.").format(
                name=name, given=y.dtype, wanted=tr("integers, labels from 0 to 9") if whole else tr("floats")
            )
        )
    if whole and not (y.min() >= 0 and y.max() < CLASSES):
        raise ValueError(
            tr("{name} has values from {low} to {high}; expected labels from 0 to {most}.").format(
                name=name, low=y.min(), high=y.max(), most=CLASSES - 1
            )
        )
    if not whole and not np.isfinite(y).all():
        raise ValueError(tr("{name} holds NaN or infinite values; every value must be finite.").format(name=name))
    return y.astype(wanted.dtype)


def check_one_condition(cvae, y):
    check_conditions(cvae, np.asarray(y)[None], 1)


def check_pairs(cvae, x, y, name="y", x_name="x"):
    """Return images x and conditions y as arrays for the networks; raises as `check_conditions`, for x too."""
    x = check_images_like(cvae.encoder.inputs[0].shape[1:], x, x_name)
    if y is None:
        raise ValueError(
            tr(
                "{name} was given without y; expected a condition, such as a label, for each image, as in fit(x, y) "
                "and predict([x, y])."
            ).format(name=x_name)
        )
    return x, check_conditions(cvae, y, len(x), name)


def check_transfer(cvae, x, from_y, to_y):
    x, from_y = check_pairs(cvae, x, from_y, "from_y")
    return x, from_y, check_conditions(cvae, to_y, len(x), "to_y")


def _condition(cvae):
    """The networks' input for the condition, a Keras tensor."""
    return (cvae.encoder.inputs[1:] + cvae.decoder.inputs[1:])[0]


def _split(x, y):
    """x and y, also where they came as one pair."""
    return x if y is None and isinstance(x, list | tuple) and len(x) == 2 else (x, y)


def _pair(x, y):
    """One batch as a pair, for `loss_of`."""
    x, y = _split(x, y)
    if y is None:
        raise ValueError(tr("A batch has no y; expected images with a condition, such as a label, for each."))
    return x, y
