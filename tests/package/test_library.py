"""What people do with a library: wrong data and another try, Ctrl-C, saving, other precisions, NumPy's own numbers."""

import functools
import importlib
import inspect
import os
import pkgutil
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree

import keras
import numpy as np
import pytest
import tensorflow as tf
import test_conditional
import test_vae

import vaelab
from conftest import NEEDS_HALF_PRECISION
from vaelab.bounds import active_units, elbo, importance_weighted_bound, log_likelihood_on_grid, posterior
from vaelab.conditional import for_each_label
from vaelab.judges import nearest_real, neighbour_accuracy
from vaelab.layers import NoiseSeed, Sampling
from vaelab.progress import TrainingProgress
from vaelab.vae import VAE, WarmUp, build_vae_decoder, build_vae_encoder

IMAGES, X, Y = test_vae.IMAGES, test_conditional.X, test_conditional.Y
SIBLINGS = {"VAE": (test_vae.small, (IMAGES,)), "ConditionalVAE": (test_conditional.small, (X, Y))}
siblings = pytest.mark.parametrize("sibling", SIBLINGS)


def batches(*parts):
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(8)


def losses(model, data):
    return model.fit(*data, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]


def made(sibling, **how):
    """A small model, always the same, compiled in the given way."""
    model = SIBLINGS[sibling][0]()
    model.compile(keras.optimizers.Adam(1e-2), **how)
    return model


@functools.cache
def losses_of_a_new(sibling, **how):
    return losses(made(sibling, **how), SIBLINGS[sibling][1])


# Wrong data


BAD_IMAGES = {
    "pixels to 255": (lambda x: 255 * x, ValueError, r"has values from .*; expected pixels in \[0, 1\] without NaN"),
    "NaN": (lambda x: x * np.nan, ValueError, "has values from nan to nan"),
    "bytes": (lambda x: (255 * x).astype("uint8"), TypeError, "has dtype uint8; .*Divide 0..255 pixels by 255 first"),
    "booleans": (lambda x: x > 0.5, TypeError, r"has dtype bool; expected an array of floats in \[0, 1\]\.$"),
    "rows": (lambda x: x.reshape(len(x), -1), ValueError, r"has shape \(\d+, \d+\); expected \(n, \d+, \d+, 1\)"),
    "one image": (lambda x: x[0], ValueError, r"expected \(n, \d+, \d+, 1\) with n of at least 1"),
    "no image": (lambda x: x[:0], ValueError, "with n of at least 1"),
    "images of two sizes": (lambda x: [x[0], x[1, 1:], x[2]], ValueError, "is no array"),
}


@siblings
def test_every_service_refuses_bad_images_and_weights_and_the_same_model_then_takes_good_ones(sibling):
    model, (x, *more) = made(sibling), SIBLINGS[sibling][1]
    for spoil, error, message in BAD_IMAGES.values():
        bad = spoil(x)
        services = [model.fit, model.evaluate, model.train_on_batch, model.test_on_batch]
        calls = [functools.partial(service, bad, *more) for service in services]
        calls += [
            functools.partial(service, [bad, *more] if more else bad)
            for service in (model.predict, model.predict_on_batch)
        ]
        calls.append(functools.partial(model.fit, x, *more, validation_data=(bad, *more)))
        for call in calls:
            with pytest.raises(error, match=message):
                call()
    for weights in ({"sample_weight": np.ones(len(x))}, {"class_weight": {0: 1.0}}):
        with pytest.raises(ValueError, match="Sample weights were given"):
            model.fit(x, *more, **weights)
    np.testing.assert_allclose(losses(model, (x, *more)), losses_of_a_new(sibling), rtol=1e-6)


@pytest.mark.parametrize(
    ("sibling", "how"),
    [
        ("VAE", {"run_eagerly": True}),
        ("VAE", {"steps_per_execution": 4}),
        ("ConditionalVAE", {"steps_per_execution": 4}),
    ],
)
def test_a_model_that_refused_data_sets_trains_as_a_new_one(sibling, how):
    """These are refused in the midst of the first step, or of its compilation."""
    model, (x, *more) = made(sibling, **how), SIBLINGS[sibling][1]
    small_images = np.zeros((len(x), 5, 5, 1), "float32")
    refused = [((255 * x).astype("uint8"), *more), (small_images, *more), (x, *(more or [x]), np.ones(len(x)))]
    for bad in refused:
        for service in (model.fit, model.evaluate):
            with pytest.raises((ValueError, TypeError)):
                service(batches(*bad), verbose=0)
    np.testing.assert_allclose(losses(model, (x, *more)), losses_of_a_new(sibling, **how), rtol=1e-6)


def training_functions():
    for module in pkgutil.walk_packages(vaelab.__path__, "vaelab."):
        found = importlib.import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            if name.startswith("train_") and function.__module__ == found.__name__:
                yield function


@pytest.mark.parametrize("train", training_functions(), ids=lambda train: train.__name__)
def test_what_trains_refuses_bad_images_and_labels_before_it_does(train):
    more = {"y_train": Y} if "y_train" in inspect.signature(train).parameters else {}
    required = {"slip": "none", "loss": "MSE + KL"}
    more |= {name: value for name, value in required.items() if name in inspect.signature(train).parameters}
    with pytest.raises(ValueError, match="x_train has values from .*expected pixels"):
        train(255 * X, **more)
    with pytest.raises(TypeError, match="x_train has dtype uint8"):
        train((255 * X).astype("uint8"), **more)
    if "y_train" in more:
        with pytest.raises(ValueError, match="y_train has values from 1 to 10; expected labels from 0 to 9"):
            train(X, Y + 1)
        with pytest.raises(ValueError, match=r"y_train has shape \(29,\); expected \(30,\)"):
            train(X, Y[1:])


# A stop, and errors


class At(keras.callbacks.Callback):
    """Does something at one moment of training."""

    def __init__(self, moment, act):
        super().__init__()
        setattr(self, moment, lambda *_, **__: act())


def stop():
    os.kill(os.getpid(), signal.SIGINT)


def fail():
    raise RuntimeError("a callback failed")


def dense(run_eagerly=True):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile("adam", "mse", run_eagerly=run_eagerly)
    return model


ROWS = np.ones((8, 3), "float32")


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin",
                                    "on_test_batch_end", "on_test_end", "on_predict_batch_end", "on_epoch_end",
                                    "on_train_end"])  # fmt: skip
def test_a_stop_stops_in_every_phase_of_the_last_epoch(moment):
    before, model = signal.getsignal(signal.SIGINT), dense()
    stopping = At(moment, stop)
    callbacks = [stopping, TrainingProgress()]
    if "predict" in moment:
        callbacks.append(At("on_epoch_end", lambda: model.predict(ROWS, verbose=0, callbacks=[stopping])))
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 1 of 1. Run this cell again"):
        model.fit(ROWS, ROWS, validation_data=(ROWS, ROWS), verbose=0, callbacks=callbacks)
    assert signal.getsignal(signal.SIGINT) is before
    assert np.isfinite(model.fit(ROWS, ROWS, verbose=0, callbacks=[TrainingProgress()]).history["loss"]).all()


def test_a_stop_stops_while_a_step_is_compiled():
    model = dense(run_eagerly=False)
    model.train_step = lambda _: stop()
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 1 of 3"):
        model.fit(ROWS, ROWS, epochs=3, verbose=0, callbacks=[TrainingProgress()])


def test_an_error_in_fit_gives_ctrl_c_back():
    before = signal.getsignal(signal.SIGINT)
    for sibling, (_, data) in SIBLINGS.items():
        with pytest.raises(RuntimeError, match="a callback failed"):
            made(sibling).fit(*data, verbose=0, callbacks=[TrainingProgress(), At("on_epoch_end", fail)])
        assert signal.getsignal(signal.SIGINT) is before


def test_after_an_error_in_the_fit_of_any_model_ctrl_c_does_what_it_did_before():
    heard, model = [], dense()
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("Ctrl-C"))
    ours = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(RuntimeError, match="a callback failed"):
            model.fit(ROWS, ROWS, verbose=0, callbacks=[TrainingProgress(), At("on_epoch_end", fail)])
        stop()
        assert heard == ["Ctrl-C"] and signal.getsignal(signal.SIGINT) is ours
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_functions_give_ctrl_c_back(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(TrainingProgress, "on_train_batch_end", lambda *_, **__: fail())
    with pytest.raises(RuntimeError, match="a callback failed"):
        vaelab.models.train_classifier(X, Y)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "series", [[3.0, float("nan")], [3.0, 2.0, float("inf")], [float("nan")] * 3, [1e308, -1e308, 1]]
)
def test_a_loss_that_is_not_finite_is_said_and_not_drawn(series):
    progress = TrainingProgress()
    progress.set_params({"epochs": 4, "steps": 1})
    progress.on_train_begin()
    for epoch, loss in enumerate(series):
        progress.on_epoch_begin(epoch)
        progress.on_epoch_end(epoch, {"loss": loss})
    progress.on_train_end()
    drawn = xml.etree.ElementTree.fromstring(progress._repr_html_().replace("<br>", "<br/>"))
    diverged = f"Epoch {len(series)} of 4: training has diverged, the loss is {series[-1]}."
    assert (diverged in "".join(drawn.itertext())) == (not np.isfinite(series[-1]))
    for line in drawn.iter("polyline"):
        assert re.fullmatch(r"\d+,\d+( \d+,\d+)+", line.get("points"))


# Keras' services


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("VAE", "new"),
        ("VAE", "trained"),
        ("VAE", "loaded"),
        ("both", "trained"),
        ("decoder", "loaded"),
        ("encoder", "new"),
    ],
)
def test_export_gives_a_saved_model_that_reconstructs(kind, state, tmp_path):
    model = test_vae.small() if kind == "VAE" else test_conditional.small(kind)
    data = (IMAGES,) if kind == "VAE" else (X, Y)
    if state == "trained":
        model.fit(*data, verbose=0)
        model.predict(batches(*data), verbose=0)
    if state == "loaded":
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    pair = IMAGES if kind == "VAE" else [X, Y.astype("int32")]
    np.testing.assert_allclose(exported.serve(pair), model.predict(pair, verbose=0), atol=1e-5)


def test_setup_is_enough_to_load_what_was_saved(tmp_path):
    """In a process of its own, which has not imported the classes."""
    cvae = test_conditional.small()
    models = {"vae": test_vae.small(beta=WarmUp(3)), "cvae": cvae, "given": cvae.given(3)}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    code = (
        "import sys, vaelab; vaelab.setup()\nimport keras\n"
        "assert not {'vaelab.bounds', 'vaelab.judges'} & set(sys.modules)  # which are slow to import\n"
        f"for name in {list(models)}: print(type(keras.models.load_model(f'{tmp_path}/{{name}}.keras')).__name__)"
    )
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["VAE", "ConditionalVAE", "VAE"], run.stderr


# Pairs of images and conditions


def test_pairs_are_taken_in_every_form():
    wanted = losses_of_a_new("ConditionalVAE")
    np.testing.assert_allclose(losses(made("ConditionalVAE"), [[X, Y]]), wanted, rtol=1e-6)
    positional = made("ConditionalVAE").fit(X, Y, np.int64(8), np.int64(2), 0, shuffle=False).history["loss"]
    np.testing.assert_allclose(positional, wanted, rtol=1e-6)
    cvae = test_conditional.small()
    pixels = cvae.predict([X, Y], verbose=0)
    for data in ((X, Y), batches(X, Y), batches(X, Y.astype("int32"))):
        np.testing.assert_allclose(cvae.predict(data, verbose=0), pixels, atol=1e-6)
    for data in ([[X, Y]], [(X, Y)], [X, list(Y)], [batches(X, Y)]):
        assert len(cvae.evaluate(*data, verbose=0)) == 3
    assert "val_loss" in cvae.fit((X, Y), validation_data=[X, Y], verbose=0).history
    np.testing.assert_allclose(cvae.predict_on_batch([X, Y]), cvae([X, Y]), atol=1e-6)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda cvae: cvae.predict(X, verbose=0), r"x was given without y; .*predict\(\[x, y\]\)"),
        (lambda cvae: cvae.predict(X, Y), "x was given without y"),
        (lambda cvae: cvae.predict(batches(X), verbose=0), "A batch has no y"),
        (lambda cvae: cvae.fit(X, validation_data=X), "x was given without y"),
        (lambda cvae: cvae.fit(X, Y, validation_data=X), "x of validation_data was given without y"),
        (lambda cvae: cvae(X), r"called with ndarray; expected a pair, \[x, y\]"),
        (lambda cvae: elbo(cvae, X), r"The encoder of vae needs a condition y.*vae\.given\(y\).*for_each_label"),
        (lambda cvae: active_units(cvae, X), "The encoder of vae needs a condition"),
        (lambda cvae: posterior(cvae, X), "The encoder of vae needs a condition"),
        (lambda cvae: importance_weighted_bound(test_conditional.small("decoder"), X, 2), "The decoder of vae needs"),
        (lambda cvae: log_likelihood_on_grid(test_conditional.small("decoder"), X), "The decoder of vae needs"),
    ],
)
def test_a_missing_condition_is_named_and_the_same_model_then_trains(use, message):
    cvae = test_conditional.small()
    with pytest.raises(ValueError, match=message):
        use(cvae)
    assert np.isfinite(cvae.train_on_batch(X, Y)).all()


def test_measures_of_the_codes_alone_take_a_model_whose_decoder_alone_sees_the_label():
    assert active_units(test_conditional.small("decoder"), X).shape == (2,)


# Other precisions and kinds of numbers


@pytest.fixture
def half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


@NEEDS_HALF_PRECISION
def test_pixels_come_out_of_half_precision_as_float32_and_judges_take_both(half_precision):
    vae = VAE(build_vae_encoder(2, (4,)), build_vae_decoder(2, (4,)))
    cvae = test_conditional.small()
    pixels = {
        "vae": vae.generate(4),
        "predict": vae.predict(X, verbose=0),
        "call": np.asarray(vae(X)),
        "cvae": cvae.generate(Y),
        "transfer": cvae.transfer(X, Y, Y),
        "pair": cvae.predict([X, Y], verbose=0),
    }
    for name, images in pixels.items():
        assert images.dtype == np.float32, name
        assert np.isfinite(nearest_real(images, X)[0]).all()
    half = keras.ops.convert_to_numpy(keras.ops.cast(X, "bfloat16"))
    np.testing.assert_allclose(nearest_real(half, X)[0], 0, atol=0.2)
    codes = vae.encoder.predict(X, verbose=0)[0]
    assert codes.dtype.name == "bfloat16" and 0 <= neighbour_accuracy(codes, Y, codes, Y) <= 1
    assert np.isfinite(elbo(vae, X)).all() and np.isfinite(for_each_label(elbo, cvae, X, Y, seed=0)).all()
    vae.compile("adam")
    assert np.isfinite(vae.train_on_batch(half)).all()


def test_numpys_whole_numbers_are_seeds_and_counts(tmp_path):
    one, two, three = np.int64(1), np.uint8(2), np.int32(3)
    made = VAE(build_vae_encoder(two, (three,)), build_vae_decoder(two, (np.int16(4),)), seed=three, beta=WarmUp(three))
    np.testing.assert_array_equal(made.generate(three, seed=one), made.generate(3, seed=1))
    made.compile("adam")
    made.fit(X, batch_size=np.int64(10), epochs=one, verbose=0)
    made.save(tmp_path / "made.keras")
    assert keras.models.load_model(tmp_path / "made.keras").seed == 3
    assert VAE.from_config(made.get_config()).beta.steps == 3
    zeros = [np.zeros((2, 2), "float32")] * 2
    np.testing.assert_array_equal(Sampling(three)(zeros), Sampling(3)(zeros))
    assert int(NoiseSeed(three).state[0]) == 3
    np.testing.assert_array_equal(
        test_conditional.small().generate(Y, seed=three), test_conditional.small().generate(Y, seed=3)
    )
    trained = vaelab.models.train_autoencoder(X, seed=three, epochs=one)[2]
    same = vaelab.models.train_autoencoder(X, seed=3, epochs=1)[2]
    np.testing.assert_allclose(trained.get_weights()[0], same.get_weights()[0], rtol=1e-5)
    vaelab.setup("en", seed=one)
    assert neighbour_accuracy(np.eye(2), np.arange(2), np.eye(2), np.arange(2), k=one) == 1


@pytest.mark.parametrize("k", [1.5, True, "2", 0])
def test_other_numbers_of_neighbours_are_refused(k):
    with pytest.raises(ValueError, match="k is .*; expected a whole number from 1 to 2"):
        neighbour_accuracy(np.eye(2), np.arange(2), np.eye(2), np.arange(2), k=k)
