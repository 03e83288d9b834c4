"""Chapter 10's parts: networks, curves, lines between codes and attributes do what the chapter says."""

import keras
import numpy as np
import pytest
from keras import ops

from vaelab.experiments.chapter10 import (
    BestVariance,
    build_convolutional_decoder,
    build_convolutional_encoder,
    code_direction,
    judge_lines,
    measure_moves,
    spherical_line,
    straight_line,
    train_calibrated_vae,
    train_convolutional_vae,
)
from vaelab.images import stroke_width
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

rng = np.random.default_rng(0)
START, END = rng.standard_normal((2, 50, 20))


def test_a_convolution_computes_the_sum_of_equation_10_2(mnist):
    layer = build_convolutional_encoder().layers[1]
    kernel, _ = layer.get_weights()
    bias = rng.normal(size=16)
    layer.set_weights([kernel, bias])
    x = np.pad(mnist.x_test[0, :, :, 0], 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, (4, 4))[::2, ::2]
    expected = np.maximum(0, np.einsum("ijuv,uvc->ijc", windows, kernel[:, :, 0]) + bias)
    np.testing.assert_allclose(layer(mnist.x_test[:1])[0], expected, atol=1e-5)


def test_a_transposed_convolution_lays_its_weights_over_the_larger_image():
    layer = build_convolutional_decoder().layers[-1]
    kernel, bias = layer.get_weights()  # (4, 4, 1, 16)
    x = rng.normal(size=(1, 14, 14, 16)).astype("float32")
    larger = np.zeros((30, 30))
    for i in range(14):
        for j in range(14):
            larger[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += kernel[:, :, 0] @ x[0, i, j]
    np.testing.assert_allclose(layer(x)[0, :, :, 0], larger[1:-1, 1:-1] + bias, atol=1e-4)


def test_training_the_convolutional_vae_learns_and_repeats(mnist):
    x = mnist.x_train[:512]
    first, second = (train_convolutional_vae(x, latent_dim=7, seed=1, epochs=2) for _ in range(2))
    assert first.history.history == second.history.history
    assert first.history.history["loss"][1] < first.history.history["loss"][0] - 2
    assert first.generate(3).shape == (3, 28, 28, 1) and first.latent_dim == 7
    assert first.encoder.count_params() + first.decoder.count_params() < 120_000


def test_the_learned_variance_follows_the_error(mnist):
    vae = train_calibrated_vae(mnist.x_train[:6000], latent_dim=3, epochs=2)
    mean, log_var = vae.encoder.predict(mnist.x_train[:6000], verbose=0)
    z = mean + np.exp(0.5 * log_var) * rng.standard_normal(mean.shape)
    error = np.mean((vae.decoder.predict(z, verbose=0) - mnist.x_train[:6000]) ** 2)
    assert 0.9 < float(ops.exp(vae.noise_log_var)) / error < 1.6
    assert vae.noise_log_var in vae.trainable_variables


def test_the_best_variance_is_the_mean_squared_error(mnist):
    vae = VAE(build_vae_encoder(3), build_vae_decoder(3), likelihood="gaussian", noise_var="learned", seed=0)
    callback = BestVariance(mnist.x_train[:2000])
    callback.set_model(vae)
    callback.on_epoch_begin(0)
    mean, log_var = vae.encoder.predict(mnist.x_train[:2000], verbose=0)
    z = mean + np.exp(0.5 * log_var) * rng.standard_normal(mean.shape)
    error = np.mean((vae.decoder.predict(z, verbose=0) - mnist.x_train[:2000]) ** 2)
    assert float(ops.exp(vae.noise_log_var)) == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("settings", [{"likelihood": "gaussian", "noise_var": 0.1}, {}])
def test_a_fixed_variance_is_refused(settings):
    vae = VAE(build_vae_encoder(3, (4,)), build_vae_decoder(3, (4,)), **settings)
    vae.compile("adam")
    images = np.zeros((4, 28, 28, 1), "float32")
    with pytest.raises(ValueError, match="The VAE's variance is fixed; expected .*noise_var='learned'"):
        vae.fit(images, verbose=0, callbacks=[BestVariance(images)])
    assert not settings or float(ops.exp(vae.noise_log_var)) == pytest.approx(0.1)


def test_lines_meet_their_ends():
    for line in (straight_line, spherical_line):
        np.testing.assert_allclose(line(START, END, 0), START, atol=1e-12)
        np.testing.assert_allclose(line(START, END, 1), END, atol=1e-12)


@pytest.mark.parametrize("way", [0.1, 0.5, 0.8])
def test_the_arc_turns_and_lengthens_evenly(way):
    z = spherical_line(START, END, way)
    length = np.linalg.norm(z, axis=1)
    expected = (1 - way) * np.linalg.norm(START, axis=1) + way * np.linalg.norm(END, axis=1)
    np.testing.assert_allclose(length, expected)

    def angle(a, b):
        return np.arccos((a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))

    np.testing.assert_allclose(angle(START, z), way * angle(START, END))
    np.testing.assert_allclose(angle(z, END), (1 - way) * angle(START, END))  # and stays in the plane of the two


def test_the_middle_of_a_straight_line_is_shorter_than_its_ends():
    a, b = np.random.default_rng(1).standard_normal((2, 20_000, 20))
    assert (straight_line(a, b, 0.5) ** 2).sum(axis=1).mean() == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ([[1.0, 2.0]], [[2.0, 4.0]], "1 of 1 pairs have no arc"),
        ([[1.0, 2.0], [1.0, 0.0]], [[-1.0, -2.0], [0.0, 1.0]], "1 of 2 pairs have no arc"),
        ([[0.0, 0.0]], [[1.0, 0.0]], "1 of 1 pairs have no arc: a code is 0"),
        ([[1.0, 0.0]], [[1.0, 0.0, 0.0]], r"start has shape \(1, 2\) and end has shape \(1, 3\)"),
        ([[np.nan, 0.0]], [[1.0, 0.0]], "start holds NaN"),
    ],
)
def test_an_arc_without_a_plane_is_refused(start, end, message):
    with pytest.raises(ValueError, match=message):
        spherical_line(np.array(start), np.array(end), 0.5)


def test_lines_are_judged_at_their_own_points(mnist):
    vae = VAE(build_vae_encoder(20), build_vae_decoder(20))

    def draw(z):
        return ops.convert_to_numpy(vae.decode(np.asarray(z, "float32")))

    judged = judge_lines(START, END, draw, mnist.x_test[:30], ways=(0, 0.5))
    for name, line in {"straight": straight_line, "spherical": spherical_line}.items():
        z = line(START, END, 0.5)
        images = draw(z)
        np.testing.assert_allclose(judged[name]["norm"][1], np.linalg.norm(z, axis=1))
        flat, real = images.reshape(50, -1), mnist.x_test[:30].reshape(30, -1)
        nearest = np.sqrt(((flat[:, None] - real) ** 2).sum(axis=2)).min(axis=1)
        np.testing.assert_allclose(judged[name]["distance"][1], nearest, rtol=1e-3)
        np.testing.assert_allclose(judged[name]["grey"][1], (flat - flat**2).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(judged["straight"]["distance"][0], judged["spherical"]["distance"][0], rtol=1e-4)


@pytest.mark.parametrize(("width", "soft"), [(1, False), (2, False), (5, False), (2, True), (3, True), (5, True)])
def test_a_stroke_has_its_width(width, soft):
    image = np.zeros((1, 28, 28, 1), "float32")
    image[0, 4:24, 10 : 10 + width] = 1
    if soft:  # an edge that grows from 0 to 1 over two pixels has the same length
        image[0, 4:24, [9, 9 + width]] = 0.5
        image[0, 4:24, 10 + width] = 0
    found = stroke_width(image)[0]
    assert found == pytest.approx(width / (1 + width / 20), rel=0.03)  # the two short ends count as outline, too
    upright = stroke_width(image.swapaxes(1, 2))[0]
    assert upright == pytest.approx(found, rel=1e-5)


def test_a_direction_is_the_least_squares_slope():
    values = rng.normal(size=400)
    codes = np.outer(values, [1.0, -2.0, 0.0]) + 0.3 + 0.1 * rng.normal(size=(400, 3))
    design = np.stack([values, np.ones(400)], axis=1)
    expected = np.linalg.lstsq(design, codes, rcond=None)[0][0]
    np.testing.assert_allclose(code_direction(codes, values), expected, atol=1e-10)
    with pytest.raises(ValueError, match=r"values has shape \(400,\), 1 of them different; expected 400"):
        code_direction(codes, np.ones(400))
    with pytest.raises(ValueError, match=r"values has shape \(3,\)"):
        code_direction(codes, values[:3])


def test_a_move_is_measured_from_its_start():
    def draw(z):
        return z[:, :1] * np.ones((1, 4))

    direction = np.array([0.5, 9.0])
    moved = measure_moves(draw, START[:, :2], direction, {"sum": lambda x: x.sum(axis=1)}, [-1, 0, 2])
    np.testing.assert_allclose(moved["sum"], np.array([[-2.0], [0.0], [4.0]]) * np.ones((1, 50)), atol=1e-12)
    own = measure_moves(draw, START[:, :2], START[:, :2], {"sum": lambda x: x.sum(axis=1)}, [1])
    np.testing.assert_allclose(own["sum"][0], 4 * START[:, 0])


def test_saved_convolutional_networks_draw_the_same(tmp_path, mnist):
    vae = VAE(build_convolutional_encoder(4), build_convolutional_decoder(4))
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_allclose(vae(mnist.x_test[:5]), loaded(mnist.x_test[:5]), atol=1e-6)
