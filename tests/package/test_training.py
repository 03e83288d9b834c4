"""The optimiser and the batches of the course: Keras' own results, up to rounding."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from conftest import NEEDS_HALF_PRECISION
from vaelab.training import FusedAdam, shuffled_batches

X = np.random.default_rng(0).random((50, 6), dtype="float32")
Y = X @ np.random.default_rng(1).random((6, 2), dtype="float32")


def small_model(optimizer, **how):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(2)])
    model.compile(optimizer, "mean_squared_error", **how)
    return model


def close(a, b, **tolerance):
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, **{"rtol": 1e-4, "atol": 1e-5, **tolerance})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"learning_rate": 0.03, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.03, 20)},
        {"weight_decay": 0.01, "global_clipnorm": 0.1},
        {"use_ema": True, "ema_momentum": 0.5},
        {"gradient_accumulation_steps": 2},
        {"amsgrad": True},
    ],
)
def test_fused_adam_gives_what_keras_adam_gives(settings):
    fused, plain = small_model(FusedAdam(**settings)), small_model(keras.optimizers.Adam(**settings))
    for model in (fused, plain):
        model.fit(X, Y, epochs=6, batch_size=10, verbose=0)
    close(fused, plain)


def test_fused_adam_runs_its_one_operation():
    """Else the equality above would compare Keras with itself."""

    def operations(optimizer):
        weight = keras.Variable(np.ones((3, 2), "float32"))
        optimizer.build([weight])
        step = tf.function(lambda: optimizer.apply([tf.ones((3, 2))], [weight]))
        return [operation.type for operation in step.get_concrete_function().graph.get_operations()]

    assert operations(FusedAdam()).count("ResourceApplyAdam") == 1
    assert "ResourceApplyAdam" not in operations(keras.optimizers.Adam())
    assert "ResourceApplyAdam" not in operations(FusedAdam(amsgrad=True))


def test_fused_adam_compiles_with_xla():
    fused, plain = small_model(FusedAdam(), jit_compile=True), small_model(keras.optimizers.Adam())
    for model in (fused, plain):
        model.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    close(fused, plain)


def test_fused_adam_leaves_sparse_gradients_to_keras():
    def embedding(optimizer):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((), dtype="int32"), keras.layers.Embedding(5, 2)])
        model.compile(optimizer, "mean_squared_error")
        model.fit(np.arange(5), np.ones((5, 2)), epochs=3, verbose=0)
        return model

    close(embedding(FusedAdam()), embedding(keras.optimizers.Adam()))


@NEEDS_HALF_PRECISION
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_fused_adam_trains_in_half_precision_as_keras_does(precision):
    with_policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        fused, plain = small_model(FusedAdam(0.01)), small_model(keras.optimizers.Adam(0.01))
        for model in (fused, plain):
            model.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    finally:
        keras.config.set_dtype_policy(with_policy)
    close(fused, plain, rtol=0.02, atol=0.02)


def test_fused_adam_on_two_devices_gives_what_keras_adam_gives():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        one = small_model(FusedAdam())
    one.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    plain = small_model(keras.optimizers.Adam())
    plain.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    close(one, plain)


def test_saved_training_goes_on_as_if_it_had_not_stopped(tmp_path):
    through = small_model(FusedAdam())
    through.fit(X, Y, epochs=2, batch_size=10, shuffle=False, verbose=0)
    through.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is FusedAdam
    for model in (through, loaded):
        model.fit(X, Y, epochs=2, batch_size=10, shuffle=False, verbose=0)
    close(through, loaded, rtol=0, atol=1e-7)


def test_batches_hold_every_row_once_in_another_order():
    rows = np.concatenate(list(shuffled_batches(X, batch_size=8).as_numpy_iterator()))
    assert rows.shape == X.shape
    assert not np.array_equal(rows, X)
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(X, axis=0))


def test_batches_keep_images_and_labels_together():
    for x, y in shuffled_batches(X, Y, batch_size=8):
        np.testing.assert_allclose(y, x @ np.random.default_rng(1).random((6, 2), dtype="float32"), rtol=1e-5)
    for x, y in shuffled_batches(X, X, batch_size=8):
        np.testing.assert_array_equal(x, y)


def test_batches_know_how_many_they_are():
    assert [int(shuffled_batches(X, batch_size=size).cardinality()) for size in (1, 8, 50, 64)] == [50, 7, 1, 1]


@pytest.mark.parametrize("targets", [(), (X,), (Y,)])
def test_batches_come_in_the_order_of_keras_own_fit(targets):
    def seen(*data, **how):
        keras.utils.set_random_seed(3)
        model, batches = small_model("sgd"), []
        model.train_step = lambda batch: batches.append(keras.utils.unpack_x_y_sample_weight(batch)[0]) or {"loss": 0.0}
        model.compile("sgd", "mean_squared_error", run_eagerly=True)
        model.fit(*data, epochs=2, verbose=0, **how)
        return np.concatenate(batches)

    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal(
        seen(shuffled_batches(X, *targets, batch_size=8), shuffle=False), seen(X, *targets, batch_size=8)
    )


@pytest.mark.parametrize("data", [(X, Y[:-1]), (X[:0],), (X, np.float32(1))])
def test_arrays_that_do_not_fit_are_refused_with_their_shapes(data):
    with pytest.raises(ValueError, match="expected the same number of rows"):
        shuffled_batches(*data)


def test_pixels_out_of_range_are_refused():
    for wrong, error in ((255 * X, ValueError), ((255 * X).astype("uint8"), TypeError), (X * np.nan, ValueError)):
        with pytest.raises(error, match="expected"):
            shuffled_batches(wrong)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True])
def test_batch_size_below_one_is_refused(batch_size):
    with pytest.raises(ValueError, match="batch_size is .* at least 1"):
        shuffled_batches(X, batch_size=batch_size)
