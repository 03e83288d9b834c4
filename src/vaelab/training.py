"""How the course trains: Keras' Adam in one operation a weight, and batches gathered from images kept in one place.

Both give what `compile(optimizer="adam")` and `fit(x)` give, up to rounding, in about two thirds of the time.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from vaelab.checks import check_count, check_pixels
from vaelab.language import tr


@keras.saving.register_keras_serializable(package="vaelab")
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, with one operation of TensorFlow for each weight where Keras has a dozen.

    Arguments, saved state and, up to rounding, results are those of `keras.optimizers.Adam`. Where the one operation
    can't run it is Keras' own: for amsgrad, for weights that are not float32 or float64, for the sparse gradient of an
    embedding, and under a tf.distribute strategy with several devices. Source: Kingma & Ba (2014).
    """

    def update_step(self, gradient, variable, learning_rate):
        if not self._fits_one_operation(gradient, variable):
            super().update_step(gradient, variable, learning_rate)
            return
        index, dtype = self._get_variable_index(variable), variable.dtype
        step = ops.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=ops.power(ops.cast(self.beta_1, dtype), step),
            beta2_power=ops.power(ops.cast(self.beta_2, dtype), step),
            lr=ops.cast(learning_rate, dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, dtype),
        )

    def _fits_one_operation(self, gradient, variable):
        one_device = not tf.distribute.has_strategy() or tf.distribute.get_strategy().num_replicas_in_sync == 1
        dense = not isinstance(gradient, tf.IndexedSlices)
        return one_device and dense and not self.amsgrad and variable.dtype in ("float32", "float64")


def _handle(variable):
    """TensorFlow's handle of a variable, which Keras hands over bare or in a wrapper of its own."""
    return (variable if isinstance(variable, tf.Variable) else variable.value).handle


def shuffled_batches(x, y=None, batch_size=128):
    """A data set for `fit`: shuffled batches of x, or of pairs from x and y, gathered from one copy in memory.

    x: (n, ...), floats in [0, 1], such as images. y: (n, ...), or x itself, as for an autoencoder. The last batch holds
    what is left over. Pass it on with `fit(batches, shuffle=False)`, else Keras warns that it won't shuffle again. The
    order comes from the global seed; once `keras.utils.set_random_seed` has set one, it is the same in every epoch, as
    in Keras' own `fit` (tested). Raises TypeError for an x that is not of floats, and ValueError for another range, no
    rows, another number of rows in y, or a batch_size below 1.
    """
    check_count(batch_size, "batch_size")
    targets = () if y is None or y is x else (y,)
    n = _rows(x, *targets)
    kept = [tf.constant(check_pixels(x)), *map(tf.constant, targets)]

    def gather(rows):
        batch = tuple(tf.gather(array, rows) for array in kept)
        return batch[0] if y is None else (batch[0], batch[-1])  # the last is x itself if y is

    def permutation(_):
        return tf.data.Dataset.from_tensor_slices(tf.random.shuffle(tf.range(n, dtype="int64")))

    batches = tf.data.Dataset.range(1).flat_map(permutation).batch(batch_size).map(gather).prefetch(8)
    return batches.apply(tf.data.experimental.assert_cardinality(-(-n // batch_size)))


def _rows(*arrays):
    """The number of rows that arrays have in common, at least 1."""
    shapes = [np.shape(array) for array in arrays]
    if any(len(shape) == 0 or shape[0] == 0 or shape[0] != shapes[0][0] for shape in shapes):
        raise ValueError(
            tr("The arrays have shapes {shapes}; expected the same number of rows in each, at least 1.").format(
                shapes=", ".join(map(str, shapes))
            )
        )
    return shapes[0][0]
