"""The VAE trains on what it says, in every way that Keras can run it, and goes on after being saved."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from scipy.stats import norm

from vaelab.losses import free_bits_kl, kl_divergence
from vaelab.vae import VAE, WarmUp, build_vae_decoder, build_vae_encoder

rng = np.random.default_rng(0)
SIDE = 4
IMAGES = rng.random((40, SIDE, SIDE, 1), dtype="float32")


def networks(latent_dim=2, width=6, log_var=None, side=SIDE):
    """A small encoder and decoder; with log_var given, the encoder's log_var is that, whatever the image."""
    image, z = keras.Input((side, side, 1)), keras.Input((latent_dim,))
    x = layers.Dense(width, activation="tanh")(layers.Flatten()(image))
    head = layers.Dense(latent_dim)
    encoder = keras.Model(image, [layers.Dense(latent_dim)(x), head(x)])
    if log_var is not None:
        head.set_weights([np.zeros((width, latent_dim)), np.full(latent_dim, log_var)])
    hidden = layers.Dense(width, activation="tanh")(z)
    return encoder, keras.Model(z, layers.Reshape((side, side, 1))(layers.Dense(side * side)(hidden)))


def small(log_var=None, latent_dim=2, optimizer=None, how=None, **settings):
    """A compiled small VAE, always with the same weights and the same noise."""
    keras.utils.set_random_seed(0)
    vae = VAE(*networks(latent_dim, log_var=log_var), **{"seed": 1, **settings})
    vae.compile(optimizer or keras.optimizers.Adam(1e-2), **(how or {}))
    return vae


def train(vae, steps):
    """Many steps on all images at little cost."""
    vae.compile(vae.optimizer, steps_per_execution=50, jit_compile=False)
    vae.fit(np.tile(IMAGES, (steps, 1, 1, 1)), batch_size=40, verbose=0, shuffle=False)


def arrays(*tensors):
    return [ops.convert_to_numpy(t).astype("float64") for t in tensors]


def terms(vae, x):
    """Reconstruction and KL per image, computed with SciPy at the codes z = mean (so for a tiny variance)."""
    mean, log_var = arrays(*vae.encoder(x))
    decoded = arrays(vae.decoder(mean))[0]
    if vae.likelihood == "bernoulli":
        p = 1 / (1 + np.exp(-decoded))
        nll = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    else:
        nll = -norm(decoded, np.sqrt(np.exp(float(vae.noise_log_var)))).logpdf(x)
    kl = 0.5 * (np.exp(log_var) - 1 - log_var + mean**2)
    return nll.reshape(len(x), -1).sum(axis=1), kl


@pytest.mark.parametrize("settings", [{}, {"beta": 3.0}, {"beta": 0.0}, {"likelihood": "gaussian", "noise_var": 0.1},
                                      {"likelihood": "gaussian", "noise_var": "learned"}])  # fmt: skip
def test_loss_sums_over_pixels_and_latents_and_averages_over_images(settings):
    vae = small(log_var=-30.0, **settings)
    nll, kl = terms(vae, IMAGES)
    loss, reconstruction, divergence = vae.evaluate(IMAGES, batch_size=16, verbose=0)
    assert reconstruction == pytest.approx(nll.mean(), rel=1e-5)
    assert divergence == pytest.approx(kl.sum(axis=1).mean(), rel=1e-5)
    assert loss == pytest.approx(nll.mean() + settings.get("beta", 1.0) * kl.sum(axis=1).mean(), rel=1e-5)
    assert vae.metrics_names == ["loss", "reconstruction", "kl"]


class LaplaceVAE(VAE):
    """Another likelihood: two methods."""

    def reconstruction(self, x, decoded):
        return ops.sum(ops.abs(x - decoded), axis=(1, 2, 3))

    def pixels(self, decoded):
        return ops.clip(decoded, 0.0, 1.0)


def test_another_likelihood_takes_two_methods():
    keras.utils.set_random_seed(0)
    vae = LaplaceVAE(*networks(log_var=-30.0), seed=1, beta=2.0)
    vae.compile("adam")
    decoded = arrays(vae.decoder(vae.encoder(IMAGES)[0]))[0]
    loss, reconstruction, kl = vae.evaluate(IMAGES, verbose=0)
    assert reconstruction == pytest.approx(np.abs(IMAGES - decoded).sum(axis=(1, 2, 3)).mean(), rel=1e-5)
    assert loss == pytest.approx(reconstruction + 2 * kl, rel=1e-5)
    np.testing.assert_allclose(vae.predict(IMAGES, verbose=0), decoded.clip(0, 1), atol=1e-5)
    vae.fit(IMAGES, epochs=20, verbose=0)
    assert vae.evaluate(IMAGES, verbose=0)[0] < loss


def test_gaussian_with_half_a_unit_of_variance_is_the_squared_error_plus_a_constant():
    vae = small(log_var=-30.0, likelihood="gaussian")
    mean, _ = vae.encoder(IMAGES)
    squares = ((arrays(vae.decoder(mean))[0] - IMAGES) ** 2).reshape(40, -1).sum(axis=1)
    assert vae.evaluate(IMAGES, verbose=0)[1] == pytest.approx(squares.mean() + SIDE**2 / 2 * np.log(np.pi), rel=1e-5)


@pytest.mark.parametrize("settings", [{}, {"likelihood": "gaussian", "noise_var": "learned"},
                                      {"free_bits": 0.05, "beta": 2.0}])  # fmt: skip
def test_train_step_follows_the_gradient_of_its_loss(settings):
    """With plain gradient descent at rate 1 the weights move by minus the gradient: compare with finite differences."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        vae = small(optimizer=keras.optimizers.SGD(1.0), **settings)
        x = IMAGES[:8].astype("float64")
        start, state = [w.numpy() for w in vae.trainable_variables], vae.sampling.noise.state.numpy()
        vae.train_on_batch(x)
        moved = np.concatenate([(a - b.numpy()).ravel() for a, b in zip(start, vae.trainable_variables, strict=True)])

        loss_of = tf.function(lambda: vae.loss_of(tf.constant(x)))

        def loss_at(weights):
            for variable, value in zip(vae.trainable_variables, weights, strict=True):
                variable.assign(value)
            vae.sampling.noise.state.assign(state)  # the same noise
            return float(loss_of())

        checked, position = 0, 0
        for i, weight in enumerate(start):
            for j in range(0, weight.size, 1 + weight.size // 3):
                slopes = []
                for h in (1e-5, -1e-5):
                    nudged = [np.array(w) for w in start]
                    nudged[i].reshape(-1)[j] += h
                    slopes.append(loss_at(nudged))
                assert moved[position + j] == pytest.approx((slopes[0] - slopes[1]) / 2e-5, rel=1e-5, abs=1e-7)
                checked += abs(moved[position + j]) > 1e-4
            position += weight.size
        assert checked > 15
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("how", [{"steps_per_execution": 64}, {"jit_compile": True}, {"run_eagerly": True}])
def test_every_way_of_running_gives_the_plain_step_s_losses(how):
    """Without noise, as XLA draws other random numbers from the same seed."""
    histories = [
        small(log_var=-30.0, beta=WarmUp(6), how=h).fit(IMAGES[:32], batch_size=8, epochs=2, shuffle=False, verbose=0)
        for h in ({"jit_compile": False}, how)
    ]
    for name in ("loss", "reconstruction", "kl"):
        np.testing.assert_allclose(histories[0].history[name], histories[1].history[name], rtol=1e-4)


def test_many_steps_in_one_execution_draw_the_same_noise_as_single_ones():
    weights = []
    for how in ({}, {"steps_per_execution": 64}):
        vae = small(how={"jit_compile": False, **how})
        vae.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0)
        weights.append(np.concatenate([w.numpy().ravel() for w in vae.trainable_variables]))
    np.testing.assert_allclose(*weights, rtol=1e-4, atol=1e-5)


def test_callbacks_and_validation_see_the_three_metrics():
    seen = []
    vae = small()
    vae.fit(IMAGES, validation_data=IMAGES[:8], epochs=2, verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: seen.append(dict(logs))),
                       keras.callbacks.EarlyStopping("val_loss", patience=5)])  # fmt: skip
    names = {"loss", "reconstruction", "kl"}
    assert [set(logs) for logs in seen] == [names | {f"val_{name}" for name in names}] * 2


def test_targets_are_ignored_and_weights_of_images_refused():
    one, two = small(), small()
    assert one.train_on_batch(IMAGES) == two.train_on_batch(IMAGES, IMAGES)
    with pytest.raises(ValueError, match="Sample weights"):
        small().fit(IMAGES, IMAGES, sample_weight=np.ones(40), verbose=0)


@pytest.mark.parametrize(
    "settings", [{"beta": WarmUp(30, 2.0)}, {"likelihood": "gaussian", "noise_var": "learned", "free_bits": 0.1}]
)
def test_a_loaded_model_continues_as_if_never_saved(tmp_path, settings):
    vae = small(**settings)
    vae.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert int(loaded.step) == 10 and float(loaded.price()) == float(vae.price())
    runs = [v.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0).history for v in (vae, loaded)]
    for name, values in runs[0].items():
        np.testing.assert_allclose(values, runs[1][name], rtol=1e-6)
    for a, b in zip(vae.weights, loaded.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(vae.predict(IMAGES, verbose=0), loaded.predict(IMAGES, verbose=0), atol=1e-6)


def test_a_fresh_model_of_the_same_networks_reads_saved_weights(tmp_path):
    vae, other = small(), small()
    vae.fit(IMAGES, verbose=0)
    vae.save_weights(tmp_path / "vae.weights.h5")
    other.load_weights(tmp_path / "vae.weights.h5")
    np.testing.assert_allclose(vae(IMAGES), other(IMAGES), atol=1e-6)


def test_warm_up_rises_step_by_step_over_calls_of_fit_and_then_stays():
    vae = small(beta=WarmUp(8, 0.5))
    prices = [float(vae.price())]
    for _ in range(3):
        vae.fit(IMAGES, batch_size=10, verbose=0)  # four steps
        prices.append(float(vae.price()))
    assert prices == pytest.approx([0, 0.25, 0.5, 0.5])
    vae.compile("adam")
    assert float(vae.price()) == pytest.approx(0.5)  # another optimizer does not restart the warm-up


def test_any_function_of_the_step_is_a_schedule():
    vae = small(log_var=-30.0, beta=lambda step: ops.where(step < 4, 0.0, 2.0))
    loss, reconstruction, _ = vae.evaluate(IMAGES, verbose=0)
    assert loss == pytest.approx(reconstruction)
    vae.fit(IMAGES, batch_size=10, verbose=0)
    loss, reconstruction, kl = vae.evaluate(IMAGES, verbose=0)
    assert loss == pytest.approx(reconstruction + 2 * kl, rel=1e-5)
    keras_schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 10, 1.0)
    assert float(small(beta=keras_schedule).price()) == 0


def test_without_a_price_the_kl_grows_and_at_a_high_price_it_vanishes():
    kl = []
    for beta in (0.0, 1000.0):
        vae = small(beta=beta, optimizer=keras.optimizers.Adam(0.03))
        train(vae, 200)
        kl.append(vae.evaluate(IMAGES, verbose=0)[2])
    assert kl[0] > 2 and kl[1] < 0.02


def test_free_bits_charge_the_larger_of_the_allowance_and_the_mean_kl_of_each_dimension():
    mean, log_var = rng.normal(size=(50, 3)) * [0.1, 1, 2], rng.normal(size=(50, 3)) * [0.1, 1, 1]
    kl = 0.5 * (np.exp(log_var) - 1 - log_var + mean**2)
    for free in (0.0, 0.3, 1.0, 50.0):
        ours = ops.convert_to_numpy(free_bits_kl(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var), free))
        assert ours.shape == (50,)
        assert ours.mean() == pytest.approx(np.maximum(kl.mean(axis=0), free).sum(), rel=1e-6)
    ours = ops.convert_to_numpy(free_bits_kl(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var), 0.0))
    np.testing.assert_allclose(ours, ops.convert_to_numpy(kl_divergence(mean, log_var)))


def test_free_bits_enter_the_loss_but_not_the_kl_that_is_reported():
    vae = small(log_var=0.0, free_bits=5.0, beta=2.0)
    loss, reconstruction, kl = vae.evaluate(IMAGES, verbose=0)
    assert loss == pytest.approx(reconstruction + 2 * 5.0 * 2, rel=1e-5) and kl < 2


def test_free_bits_keep_dimensions_alive_at_a_high_price():
    kl = []
    for free_bits in (0.0, 0.5):
        vae = small(beta=50.0, free_bits=free_bits, optimizer=keras.optimizers.Adam(0.03))
        train(vae, 200)
        kl.append(vae.evaluate(IMAGES, verbose=0)[2])
    assert kl[0] < 0.05 and 0.3 < kl[1] < 1.3


def test_learned_noise_becomes_the_mean_squared_error():
    vae = small(likelihood="gaussian", noise_var="learned", optimizer=keras.optimizers.Adam(0.02), beta=1000.0)
    train(vae, 400)
    mean, _ = vae.encoder(IMAGES)
    error = ((arrays(vae.decoder(mean))[0] - IMAGES) ** 2).mean()
    assert np.exp(float(vae.noise_log_var)) == pytest.approx(error, rel=0.05) and error < 0.2


@pytest.mark.parametrize("settings", [{}, {"likelihood": "gaussian"}])
def test_reconstructions_and_generated_images_are_pixels(settings):
    vae = small(**settings)
    vae.fit(IMAGES, epochs=2, verbose=0)
    made = vae.generate(50, seed=3)
    assert isinstance(made, np.ndarray) and made.shape == (50, SIDE, SIDE, 1) and made.dtype == np.float32
    for pixels in (made, vae.predict(IMAGES, verbose=0), arrays(vae(IMAGES))[0]):
        assert pixels.min() >= 0 and pixels.max() <= 1
    np.testing.assert_array_equal(made, vae.generate(50, seed=3))
    assert np.abs(made - vae.generate(50, seed=4)).max() > 0
    mean, _ = vae.encoder(IMAGES)
    np.testing.assert_allclose(vae(IMAGES), vae.decode(mean), atol=1e-6)


def test_generated_codes_come_from_the_prior():
    """A decoder that hands its code on shows what it was given."""
    encoder, z = networks(latent_dim=16)[0], keras.Input((16,))
    vae = VAE(encoder, keras.Model(z, layers.Reshape((4, 4, 1))(z)))
    p = vae.generate(4000).reshape(4000, 16).astype("float64")
    codes = np.log(p / (1 - p))
    assert np.abs(codes.mean(axis=0)).max() < 0.08 and np.abs(np.cov(codes.T) - np.eye(16)).max() < 0.12


def test_builders_make_the_course_s_networks():
    encoder, decoder = build_vae_encoder(), build_vae_decoder()
    units = [[layer.units for layer in part.layers if hasattr(layer, "units")] for part in (encoder, decoder)]
    assert units == [[512, 256, 2, 2], [256, 512, 784]]
    lecture = build_vae_encoder(3, (128, 64)), build_vae_decoder(3, (64,))
    units = [[layer.units for layer in part.layers if hasattr(layer, "units")] for part in lecture]
    assert units == [[128, 64, 3, 3], [64, 784]]
    assert decoder.output_shape == (None, 28, 28, 1) and VAE(*lecture).latent_dim == 3


ENCODER, DECODER = networks()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"likelihood": "bce"}, "likelihood is 'bce'; expected 'bernoulli' or 'gaussian'"),
        ({"beta": -1}, "beta is -1; expected a finite number, not negative"),
        ({"beta": float("nan")}, "beta is nan"),
        ({"beta": "1"}, "beta is '1'"),
        ({"beta": lambda step: step - 1.0}, "beta at step 0 is -1.0"),
        ({"free_bits": -0.1}, "free_bits is -0.1"),
        ({"likelihood": "gaussian", "noise_var": 0}, "noise_var is 0"),
        ({"likelihood": "gaussian", "noise_var": -2.0}, "noise_var is -2.0"),
        ({"likelihood": "gaussian", "noise_var": "train"}, "noise_var is 'train'"),
        ({"likelihood": "gaussian", "noise_var": True}, "noise_var is True"),
        ({"noise_var": "learned"}, "noise_var is 'learned', but only a Gaussian has one"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        VAE(ENCODER, DECODER, **settings)


def test_networks_that_do_not_fit_are_refused_with_their_shapes():
    one_output = keras.Model(ENCODER.inputs, ENCODER.outputs[0])
    with pytest.raises(ValueError, match=r"two outputs, mean and log_var"):
        VAE(one_output, DECODER)
    with pytest.raises(ValueError, match=r"inputs of shapes \[\(None, 3\)\]; expected one of \(None, 2\)"):
        VAE(ENCODER, networks(3)[1])
    with pytest.raises(ValueError, match=r"outputs of shapes \[\(None, 5, 5, 1\)\]; expected one of \(None, 4, 4, 1\)"):
        VAE(ENCODER, networks(side=5)[1])
    with pytest.raises(ValueError, match="encoder is Sequential; expected a keras.Model made from inputs and outputs"):
        VAE(keras.Sequential([layers.Dense(2)]), DECODER)
    with pytest.raises(ValueError, match="decoder is function"):
        VAE(ENCODER, networks)


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_generate_refuses_other_than_whole_positive_numbers(n):
    with pytest.raises(ValueError, match=f"n is {n}; expected a whole number of at least 1"):
        VAE(ENCODER, DECODER).generate(n)


def test_warm_up_refuses_no_steps_and_negative_prices():
    with pytest.raises(ValueError, match="steps is 0"):
        WarmUp(0)
    with pytest.raises(ValueError, match="beta is -1"):
        WarmUp(10, -1)


def test_images_of_another_shape_or_in_bytes_are_refused():
    with pytest.raises(ValueError):
        small().fit(np.zeros((8, 5, 5, 1), "float32"), verbose=0)
    with pytest.raises(TypeError, match="uint8"):
        small(how={"run_eagerly": True}).train_on_batch(np.zeros((8, SIDE, SIDE, 1), "uint8"))


TWO_DEVICES = """
import contextlib, json, sys
sys.path[:0] = ["tests/package", "tests", "tools"]
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from test_vae import IMAGES, small, WarmUp

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
worst = 0.0
for settings in ({"beta": WarmUp(5)}, {"likelihood": "gaussian", "noise_var": "learned", "free_bits": 13.7}):
    outcomes = []
    for scope in (contextlib.nullcontext(), strategy.scope()):
        with scope:
            vae = small(log_var=-25.0, optimizer=keras.optimizers.SGD(1e-2), **settings)
        vae.fit(IMAGES[:33], batch_size=8, epochs=2, shuffle=False, verbose=0)  # the last batch is a single image
        parts = [w.numpy().ravel() for w in vae.weights] + [vae.evaluate(IMAGES[:33], verbose=0)]
        outcomes.append(np.concatenate(parts))
    worst = max(worst, float(np.abs(outcomes[0] - outcomes[1]).max()))
zeros = tf.zeros((3, 2))
drawn = strategy.run(tf.function(lambda: vae.sampling([zeros, zeros]))).values
print(json.dumps({"devices": len(drawn), "worst": worst, "step": int(vae.step.numpy()),
                  "equal_noise": float(np.mean(drawn[0].numpy() == drawn[1].numpy()))}))
"""


def test_two_devices_train_as_one_and_each_draws_its_own_noise():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TWO_DEVICES], capture_output=True, text=True, timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["devices"] == 2 and found["step"] == 10
    assert found["worst"] < 1e-3
    assert found["equal_noise"] == 0
