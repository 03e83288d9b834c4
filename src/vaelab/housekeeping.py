"""What Keras needs of a VAE and equation (7.1) does not: settings, metrics, saving, checks, several devices."""

import functools
import inspect
import math
import numbers

import keras
from keras import ops

from vaelab.checks import (
    check_images_like,
    check_networks,
    check_pixel_batch,
    check_settings,
    check_unweighted,
    plain_numbers,
)
from vaelab.language import tr
from vaelab.losses import batch_size
from vaelab.progress import interrupts_restored


def with_checks(service):
    """A service of Keras' models, such as `fit`, that checks the images it is given before it does anything.

    However it ends, Ctrl-C does afterwards what it did before.
    """
    signature = inspect.signature(service)

    @plain_numbers
    @functools.wraps(service)
    def checked(self, *args, **settings):
        bound = signature.bind(self, *args, **settings)
        given = bound.arguments
        check_unweighted(given.get("sample_weight"), given.get("class_weight"))
        x, y = self.checked(given.get("x"), given.get("y"))
        given.update({"x": x, "y": y} if "y" in signature.parameters else {"x": x if y is None else [x, y]})
        if given.get("validation_data") is not None:
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(given["validation_data"])
            check_unweighted(sample_weight)
            x, y = self.checked(x, y, tr("x of validation_data"))
            given["validation_data"] = x if y is None else (x, y)
        with interrupts_restored():
            return service(*bound.args, **bound.kwargs)

    return checked


def at_least_float32(function):
    """Decorator: a tensor of half precision is handed out as float32, which judges and plots take."""

    @functools.wraps(function)
    def called(*args, **settings):
        x = function(*args, **settings)
        return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))

    return called


class ModelOfParts(keras.Model):
    """The base of the course's VAEs: keeps networks and settings, saves them, and checks what Keras' services get.

    encoder, decoder: networks that fit, see `check_parts`. likelihood, beta, noise_var, free_bits, seed: as in `VAE`.
    All are attributes of their names. Beside them: latent_dim; noise_log_var, the logarithm of a Gaussian's variance;
    step, how many training steps have been done. `parts` are the arguments that are saved as objects of Keras or
    functions, `settings` those that are plain values.
    """

    parts, settings = ("encoder", "decoder", "beta"), ("likelihood", "noise_var", "free_bits", "seed")

    def __init__(
        self, encoder, decoder, likelihood="bernoulli", beta=1.0, noise_var=0.5, free_bits=0.0, seed=None, **kwargs
    ):
        self.check_parts(encoder, decoder)
        check_settings(likelihood, beta, noise_var, free_bits)
        super().__init__(**kwargs)
        self.encoder, self.decoder, self.beta = encoder, decoder, beta
        self.likelihood, self.noise_var, self.free_bits, self.seed = likelihood, noise_var, free_bits, seed
        self.latent_dim = decoder.inputs[0].shape[-1]
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

    # What the training step of a VAE calls

    def batch_of(self, data):
        """What `fit` or `evaluate` hands to a step, as the arguments of `loss_of`: the images. Targets are left aside.

        Raises ValueError for sample weights; TypeError or ValueError for what are no pixels, before any noise is drawn.
        """
        x, _, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        check_unweighted(sample_weight)
        check_pixel_batch(x)
        return (x,)

    def price(self):
        """The beta in force at this training step."""
        return self.beta(ops.cast(self.step, keras.config.floatx())) if callable(self.beta) else self.beta

    def averaged(self, loss, reconstruction, kl):
        """The mean of the loss over the images of all devices, a scalar. The three, each (n,), go into the metrics."""
        for metric, values in zip(self.metrics, (loss, reconstruction, kl), strict=True):
            metric.update_state(values)
        return ops.sum(loss) / batch_size(loss)

    # What Keras and a reader call

    @property
    def metrics(self):
        return [self.loss_mean, self.reconstruction_mean, self.kl_mean]

    def call(self, x, training=False):
        mean, _ = self.encoder(x, training=training)
        return self.decode(mean, training=training)

    @at_least_float32
    def decode(self, z, training=False):
        """Codes (n, latent_dim) to the pixels that the decoder expects, in [0, 1]; Gaussian means are clipped to it."""
        return self.pixels(self.decoder(z, training=training))

    def pixels(self, decoded):
        """What the decoder gives, as expected pixels in [0, 1]."""
        return ops.sigmoid(decoded) if self.likelihood == "bernoulli" else ops.clip(decoded, 0.0, 1.0)

    fit, evaluate, predict = map(with_checks, (keras.Model.fit, keras.Model.evaluate, keras.Model.predict))
    train_on_batch, test_on_batch, predict_on_batch = map(
        with_checks, (keras.Model.train_on_batch, keras.Model.test_on_batch, keras.Model.predict_on_batch)
    )

    @staticmethod
    def check_parts(encoder, decoder):
        """Raise ValueError unless encoder and decoder fit together."""
        check_networks(encoder, decoder)

    def checked(self, x, y=None, name="x"):
        """Images and targets as `fit` may take them: arrays and lists checked, data sets and generators as they are."""
        return (check_images_like(self.encoder.inputs[0].shape[1:], x, name) if is_array(x) else x), y

    def make_train_function(self, force=False):
        # Keras builds the optimizer within the first trace. If that one is refused, no later one may do it.
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        return super().make_train_function(force)

    def called_with(self):
        """What the model is called with, as Keras tensors: the encoder's images."""
        return self.encoder.inputs[0]

    def export(self, filepath, *args, input_signature=None, **settings):
        """As Keras' `export`. The inputs are the encoder's; for a conditional VAE a pair of images and conditions."""
        if input_signature is None:
            specs = keras.tree.map_structure(lambda x: keras.InputSpec(x.dtype, x.shape), self.called_with())
            input_signature = [specs]
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


def is_array(x):
    """Whether x is an array, or what should be one, and no data set or generator."""
    return x is None or isinstance(x, list | tuple | dict | numbers.Number) or hasattr(x, "__array__")
