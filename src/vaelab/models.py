"""The networks of the course. Each is shown in full in the chapter that introduces it."""

import functools
import inspect
import math
import numbers

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from vaelab.checks import check_count, check_images_like, plain_numbers
from vaelab.language import tr
from vaelab.layers import Sampling
from vaelab.losses import bernoulli_nll, check_pixel_batch, gaussian_nll, kl_divergence
from vaelab.progress import TrainingProgress, interrupts_restored, trains
from vaelab.training import FusedAdam, shuffled_batches


@plain_numbers
def build_encoder(latent_dim=2):
    """The lecture's encoder, 784-128-64-latent_dim: images (n, 28, 28, 1) in [0, 1] to codes (n, latent_dim).

    Shown in chapter 01.
    """
    image = keras.Input(shape=(28, 28, 1), name="image")
    x = layers.Flatten()(image)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    z = layers.Dense(latent_dim, activation="linear", name="z")(x)
    return keras.Model(image, z, name="encoder")


@plain_numbers
def build_decoder(latent_dim=2):
    """The lecture's decoder, latent_dim-64-784: codes (n, latent_dim) to images (n, 28, 28, 1) in [0, 1].

    Shown in chapter 01.
    """
    z = keras.Input(shape=(latent_dim,), name="z")
    x = layers.Dense(64, activation="relu")(z)
    x = layers.Dense(28 * 28, activation="sigmoid")(x)
    image = layers.Reshape((28, 28, 1))(x)
    return keras.Model(z, image, name="decoder")


def build_autoencoder(latent_dim=2):
    """The encoder, the decoder and the autoencoder that chains them; the three share their weights.

    Returns (encoder, decoder, autoencoder). Shown in chapter 01.
    """
    encoder = build_encoder(latent_dim)
    decoder = build_decoder(latent_dim)
    image = keras.Input(shape=(28, 28, 1), name="image")
    autoencoder = keras.Model(image, decoder(encoder(image)), name="autoencoder")
    return encoder, decoder, autoencoder


@trains
def train_autoencoder(x_train, seed=0, epochs=10):
    """A new autoencoder, trained the lecture's way: Adam, mean squared error, batches of 64, shuffled.

    x_train: (n, 28, 28, 1), pixels in [0, 1]. Returns (encoder, decoder, autoencoder). Shown in chapter 01.
    """
    keras.utils.set_random_seed(seed)
    encoder, decoder, autoencoder = build_autoencoder()
    autoencoder.compile(optimizer=FusedAdam(), loss="mean_squared_error", steps_per_execution=64)
    batches = shuffled_batches(x_train, x_train, batch_size=64)
    autoencoder.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return encoder, decoder, autoencoder


@trains
def train_classifier(x_train, y_train, seed=0, epochs=3):
    """A digit classifier, 784-256-10, for use as a judge: images (n, 28, 28, 1) to class probabilities (n, 10).

    Shown in chapter 03.
    """
    keras.utils.set_random_seed(seed)
    classifier = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="classifier",
    )
    classifier.compile(FusedAdam(), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=64)
    batches = shuffled_batches(x_train, y_train)
    classifier.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return classifier


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


def _checked(service):
    """A service of Keras' models, such as `fit`, that checks the images it is given before it does anything.

    However it ends, Ctrl-C does afterwards what it did before.
    """
    signature = inspect.signature(service)

    @plain_numbers
    @functools.wraps(service)
    def checked(self, *args, **settings):
        bound = signature.bind(self, *args, **settings)
        given = bound.arguments
        _check_unweighted(given.get("sample_weight"), given.get("class_weight"))
        x, y = self.checked(given.get("x"), given.get("y"))
        given.update({"x": x, "y": y} if "y" in signature.parameters else {"x": x if y is None else [x, y]})
        if given.get("validation_data") is not None:
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(given["validation_data"])
            _check_unweighted(sample_weight)
            x, y = self.checked(x, y, tr("x of validation_data"))
            given["validation_data"] = x if y is None else (x, y)
        with interrupts_restored():
            return service(*bound.args, **bound.kwargs)

    return checked


class ModelOfParts(keras.Model):
    """The housekeeping of a VAE: saves its networks and settings, and checks what Keras' services are given.

    parts: names of the arguments that are objects of Keras or functions; settings: those that are plain values. Each
    argument is kept as the attribute of its name, and saved in the config, so that Keras can build the model again.
    """

    parts = settings = ()
    conditional = False  # whether the networks may have a second input, the condition

    fit, evaluate, predict = map(_checked, (keras.Model.fit, keras.Model.evaluate, keras.Model.predict))
    train_on_batch, test_on_batch, predict_on_batch = map(
        _checked, (keras.Model.train_on_batch, keras.Model.test_on_batch, keras.Model.predict_on_batch)
    )

    def checked(self, x, y=None, name="x"):
        """Images and targets as `fit` may take them: arrays and lists checked, data sets and generators as they are."""
        return (check_images_like(self.encoder.inputs[0].shape[1:], x, name) if is_array(x) else x), y

    def make_train_function(self, force=False):
        # Keras builds the optimizer within the first trace. If that one is refused, no later one may do it.
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        return super().make_train_function(force)

    def export(self, filepath, *args, input_signature=None, **settings):
        """As Keras' `export`. The inputs are the encoder's; for a conditional VAE a pair of images and conditions."""
        if input_signature is None:
            inputs = self.encoder.inputs + self.decoder.inputs[1:]  # where only the decoder sees the condition
            inputs = [keras.InputSpec(x.dtype, x.shape) for x in inputs[: 2 if self.conditional else 1]]
            input_signature = [inputs] if self.conditional else inputs
        return super().export(filepath, *args, input_signature=input_signature, **settings)

    def get_config(self):
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.parts}
        return {**super().get_config(), **parts, **{name: getattr(self, name) for name in self.settings}}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in cls.parts
        }
        return cls(**{**config, **parts})


def at_least_float32(function):
    """Decorator: a tensor of half precision is handed out as float32, which judges and plots take."""

    @functools.wraps(function)
    def called(*args, **settings):
        x = function(*args, **settings)
        return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))

    return called


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
    seed: of the noise, as in `Sampling`.

    Train with `compile(optimizer)` and `fit(x)`, test with `evaluate(x)`: metrics loss, reconstruction and kl, which
    are means over images. Targets beside the images are ignored; sample weights are refused. `vae(x)` reconstructs
    without noise: the pixels that the decoder expects at the mean of q. Saves and loads as `.keras` and keeps
    training; to load it, call `vaelab.setup()` or import this module before. Raises ValueError for networks that do not
    fit, an unknown likelihood or a number out of its range, and TypeError or ValueError for arrays of images of another
    shape, type or range than expected; of a tf.data.Dataset only shapes and types are checked.
    Source: Kingma & Welling (2013). Shown in chapter 07.
    """

    parts, settings = ("encoder", "decoder", "beta"), ("likelihood", "noise_var", "free_bits", "seed")

    def __init__(
        self, encoder, decoder, likelihood="bernoulli", beta=1.0, noise_var=0.5, free_bits=0.0, seed=None, **kwargs
    ):
        _check_networks(encoder, decoder, self.conditional)
        _check_settings(likelihood, beta, noise_var, free_bits)
        super().__init__(**kwargs)
        self.encoder, self.decoder, self.sampling = encoder, decoder, Sampling(seed)
        self.likelihood, self.beta, self.noise_var = likelihood, beta, noise_var
        self.free_bits, self.seed = free_bits, seed
        self.latent_dim = decoder.input_shape[-1]
        self.loss_mean, self.reconstruction_mean, self.kl_mean = (
            keras.metrics.Mean(name) for name in ("loss", "reconstruction", "kl")
        )
        if likelihood == "gaussian":
            start = math.log(0.5 if noise_var == "learned" else noise_var)
            self.noise_log_var = self.add_weight(
                initializer=keras.initializers.Constant(start), trainable=noise_var == "learned", name="noise_log_var"
            )
        self.step = self.add_weight(
            initializer="zeros", dtype="int64", trainable=False, aggregation="only_first_replica", name="step"
        )
        self.built = True  # every weight exists already

    @property
    def metrics(self):
        return [self.loss_mean, self.reconstruction_mean, self.kl_mean]

    def call(self, x, training=False):
        mean, _ = self.encoder(x, training=training)
        return self.decode(mean, training=training)

    @at_least_float32
    def decode(self, z, training=False):
        """Codes (n, latent_dim) to the pixels that the decoder expects, in [0, 1]; Gaussian means are clipped to it."""
        decoded = self.decoder(z, training=training)
        return ops.sigmoid(decoded) if self.likelihood == "bernoulli" else ops.clip(decoded, 0.0, 1.0)

    @plain_numbers
    def generate(self, n, seed=0):
        """Decode n codes from N(0, I): an array (n, ...) of expected pixels in [0, 1]. ValueError if n is below 1."""
        check_count(n, "n")
        return ops.convert_to_numpy(self.decode(keras.random.normal((n, self.latent_dim), seed=seed)))

    def price(self):
        """The beta in force at this training step."""
        return self.beta(ops.cast(self.step, keras.config.floatx())) if callable(self.beta) else self.beta

    def loss_of(self, x, training=False):
        """The loss of a batch of images, a scalar in nats per image; the metrics take note of it."""
        mean, log_var = self.encoder(x, training=training)
        z = self.sampling([mean, log_var])
        decoded = self.decoder(z, training=training)
        if self.likelihood == "bernoulli":
            reconstruction = bernoulli_nll(x, decoded)
        else:
            reconstruction = gaussian_nll(x, decoded, self.noise_log_var)
        kl = kl_divergence(mean, log_var)
        charged = free_bits_kl(mean, log_var, self.free_bits) if self.free_bits else kl
        loss = reconstruction + self.price() * charged
        self.loss_mean.update_state(loss)
        self.reconstruction_mean.update_state(reconstruction)
        self.kl_mean.update_state(kl)
        return ops.sum(loss) / batch_size(loss)

    def train_step(self, data):
        x = images_of(data)
        with tf.GradientTape() as tape:
            loss = self.optimizer.scale_loss(self.loss_of(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.step.assign_add(1)
        return self.get_metrics_result()

    def test_step(self, data):
        self.loss_of(images_of(data))
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


@trains
def train_twin(x_train, latent_dim=2, seed=0, epochs=10):
    """The VAE's twin without its two ingredients, noise and KL: a plain autoencoder for a fair comparison.

    The networks, first weights, optimizer, batches and cross-entropy of `train_vae` with the same seed; the code is the
    encoder's mean, and log_var goes unused. Returns (encoder, decoder): images to codes (n, latent_dim), and codes to
    logits. Shown in chapter 07.
    """
    keras.utils.set_random_seed(seed)
    encoder, decoder = build_vae_encoder(latent_dim), build_vae_decoder(latent_dim)
    to_code = keras.Model(encoder.input, encoder.outputs[0])
    twin = keras.Sequential([to_code, decoder])
    twin.compile(optimizer=FusedAdam(), loss=bernoulli_nll, steps_per_execution=64)
    batches = shuffled_batches(x_train, x_train)
    twin.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[TrainingProgress()])
    return to_code, decoder


@keras.saving.register_keras_serializable(package="vaelab")
class WarmUp:
    """A schedule for beta: from 0 along a straight line to `beta`, reached after `steps` training steps, then constant.

    Raises ValueError unless steps is a whole number of at least 1 and beta is not negative.
    Source: Bowman et al. (2016), section 3.1. Shown in chapter 08.
    """

    @plain_numbers
    def __init__(self, steps, beta=1.0):
        check_count(steps, "steps")
        _check_number(beta, "beta")
        self.steps, self.beta = steps, beta

    def __call__(self, step):
        return self.beta * ops.minimum(1.0, step / self.steps)

    def get_config(self):
        return {"steps": self.steps, "beta": self.beta}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def free_bits_kl(mean, log_var, free_bits):
    """The KL that is charged when every latent dimension has `free_bits` nats free of charge, one number per example.

    A dimension whose KL, averaged over the batch, is above free_bits counts with its KL; any other counts as
    free_bits, a constant without gradient. So the mean over the batch is the sum over dimensions of
    max(free_bits, mean KL of this dimension). mean, log_var: (batch, latent_dim). Returns (batch,), in nats.
    Under a tf.distribute strategy the batch is that of all devices. Source: Kingma et al. (2016, arXiv:1606.04934).
    Shown in chapter 08.
    """
    kl = kl_divergence(ops.reshape(mean, (-1, 1)), ops.reshape(log_var, (-1, 1)))
    kl = ops.reshape(kl, ops.shape(mean))  # (batch, latent_dim)
    mean_kl = sum_over_devices(ops.sum(kl, axis=0)) / batch_size(kl)
    return ops.sum(ops.where(mean_kl > free_bits, kl, free_bits), axis=1)


def images_of(data):
    """The images in what `fit` or `evaluate` hands to a step; targets are left aside, sample weights refused."""
    x, _, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    _check_unweighted(sample_weight)
    check_pixel_batch(x[0] if isinstance(x, tuple) else x)  # before any noise is drawn
    return x


def is_array(x):
    """Whether x is an array, or what should be one, and no data set or generator."""
    return x is None or isinstance(x, list | tuple | dict | numbers.Number) or hasattr(x, "__array__")


def batch_size(values):
    """How many examples the whole batch has, all devices together, of which `values` (n, ...) are this device's."""
    return sum_over_devices(ops.cast(ops.shape(values)[0], values.dtype))


def sum_over_devices(x):
    """The sum of a tensor over the devices of a tf.distribute strategy; with one device the tensor itself."""
    context = tf.distribute.get_replica_context()
    return x if context is None or context.num_replicas_in_sync == 1 else context.all_reduce("SUM", x)


def _check_networks(encoder, decoder, conditional=False):
    """Raise ValueError unless the networks fit. conditional: each may have a second input, checked elsewhere."""
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
            raise ValueError(
                tr("{name} is {given}; expected a keras.Model made from inputs and outputs.").format(
                    name=name, given=type(network).__name__
                )
            )
    seen, given = (
        [tuple(part.shape) for part in network.inputs[: 1 if conditional else None]] for network in (encoder, decoder)
    )
    codes = [tuple(output.shape) for output in encoder.outputs]
    if len(seen) != 1 or len(codes) != 2 or codes[0] != codes[1] or len(codes[0]) != 2:
        raise ValueError(
            tr(
                "The encoder has {inputs} inputs and outputs of shapes {shapes}; expected one input and two outputs, "
                "mean and log_var, each of shape (None, latent_dim)."
            ).format(inputs=len(seen), shapes=codes)
        )
    if given != codes[:1]:
        raise ValueError(
            tr("The decoder takes inputs of shapes {given}; expected one of {wanted}, as the encoder gives.").format(
                given=given, wanted=codes[0]
            )
        )
    made = [tuple(output.shape) for output in decoder.outputs]
    if made != seen:
        raise ValueError(
            tr("The decoder gives outputs of shapes {made}; expected one of {wanted}, the images' shape.").format(
                made=made, wanted=seen[0]
            )
        )


def _check_settings(likelihood, beta, noise_var, free_bits):
    if likelihood not in ("bernoulli", "gaussian"):
        raise ValueError(tr("likelihood is {given!r}; expected 'bernoulli' or 'gaussian'.").format(given=likelihood))
    if callable(beta):
        _check_number(float(beta(ops.convert_to_tensor(0.0))), tr("beta at step 0"))
    else:
        _check_number(beta, "beta")
    _check_number(free_bits, "free_bits")
    if noise_var != "learned":
        _check_number(noise_var, "noise_var")
        if noise_var == 0:
            raise ValueError(tr("noise_var is {given}; expected a number above 0, or 'learned'.").format(given=0))
    if likelihood == "bernoulli" and noise_var != 0.5:
        raise ValueError(
            tr("noise_var is {given!r}, but only a Gaussian has one; expected likelihood='gaussian' with it.").format(
                given=noise_var
            )
        )


def _check_number(value, name):
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
        raise ValueError(
            tr("{name} is {given!r}; expected a finite number, not negative.").format(name=name, given=value)
        )


def _check_unweighted(*weights):
    if any(weight is not None for weight in weights):
        raise ValueError(tr("Sample weights were given; expected none: the ELBO weighs all images alike."))


class _ConditionalVAE:
    """Stands in for `ConditionalVAE` among the classes that Keras can load, until `vaelab.conditional` is imported."""

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return __getattr__("ConditionalVAE").from_config(config, custom_objects)


keras.saving.get_custom_objects().setdefault("vaelab>ConditionalVAE", _ConditionalVAE)


def __getattr__(name):
    """`ConditionalVAE`, which stands on this module in `vaelab.conditional`, is imported when it is asked for."""
    if name == "ConditionalVAE":
        from vaelab.conditional import ConditionalVAE

        return ConditionalVAE
    raise AttributeError(tr("module {module!r} has no attribute {name!r}").format(module=__name__, name=name))
