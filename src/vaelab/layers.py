"""Layers: a sample from the encoder's Gaussian that lets gradients through, and a fixed value for every row."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from vaelab.checks import check_equal_shapes, plain_numbers


class NoiseLayer(keras.layers.Layer):
    """A layer with noise of its own, `self.noise`, to be handed to keras.random as a seed; for others to build on.

    seed: a whole number, or None to take one from the global seed. The state of the noise is saved with the model, so
    that a loaded model goes on where it stopped. The output has the shape of the first input.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.noise = NoiseSeed(seed)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}

    # Keras does not save the state of a seed generator: a loaded model would draw its first noise once more.

    def save_own_variables(self, store):
        store["noise"] = ops.convert_to_numpy(self.noise.state)

    def load_own_variables(self, store):
        self.noise.state.assign(store["noise"])


@keras.saving.register_keras_serializable(package="vaelab")
class Sampling(NoiseLayer):
    """A sample z = mean + exp(log_var / 2) * epsilon of N(mean, diag exp(log_var)), epsilon drawn from N(0, I).

    Call it as Sampling()([mean, log_var]), both (batch, latent_dim); returns z, the same shape. Every call draws fresh
    noise for each example and each dimension. seed: as in `NoiseLayer`.
    Raises ValueError if the shapes differ. Source: Kingma & Welling (2013), section 2.4. Shown in chapter 05.
    """

    def call(self, inputs):
        mean, log_var = inputs
        check_equal_shapes(tuple(mean.shape), tuple(log_var.shape), ("mean", "log_var"))
        shape = ops.shape(mean)
        epsilon = keras.random.normal(shape, dtype=mean.dtype, seed=self.noise)
        return mean + ops.exp(0.5 * log_var) * epsilon


class NoiseSeed(keras.random.SeedGenerator):
    """Keras' seed generator, but under a tf.distribute strategy each device draws noise of its own.

    Keras' own keeps one state on all devices alike: the first image of each device would get the same noise.
    """

    @plain_numbers
    def __init__(self, seed=None, **kwargs):
        super().__init__(seed, **kwargs)

    def next(self, ordered=True):
        state = super().next(ordered)
        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return state
        device = ops.cast(context.replica_id_in_sync_group, state.dtype)
        return state + ops.stack([device * 1_000_003, ops.zeros_like(device)])


@keras.saving.register_keras_serializable(package="vaelab")
class Constant(keras.layers.Layer):
    """The same value for every row of its input: a number or array (...) for inputs (n, ...), as a tensor (n, ...)."""

    def __init__(self, value, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.value = np.asarray(value, dtype)

    def call(self, x):
        return ops.broadcast_to(self.value, (ops.shape(x)[0], *self.value.shape))

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], *self.value.shape), dtype=str(self.value.dtype))

    def get_config(self):
        return {**super().get_config(), "value": self.value.tolist(), "dtype": str(self.value.dtype)}
