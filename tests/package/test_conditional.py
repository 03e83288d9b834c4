"""The conditional VAE trains on what it says, refuses what does not fit, and is a plain VAE once the label is fixed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from scipy.stats import norm

from vaelab.bounds import elbo, importance_weighted_bound, log_likelihood_on_grid
from vaelab.conditional import (
    ConditionalVAE,
    build_conditional_decoder,
    build_conditional_encoder,
    fix_condition,
    for_each_label,
    see_label,
    train_conditional_vae,
)
from vaelab.experiments.chapter09 import (
    build_completion,
    draw_codes,
    label_likelihoods,
    read_shares,
    train_completion,
    train_reader,
)
from vaelab.images import slant
from vaelab.vae import VAE, WarmUp, build_vae_decoder, build_vae_encoder

rng = np.random.default_rng(0)
X = rng.random((30, 28, 28, 1), dtype="float32")
Y = (np.arange(30) % 10).astype("uint8")


def networks(sees_label="both", way="one-hot", latent_dim=2):
    encoder = build_conditional_encoder(latent_dim, (12, 8), way)
    decoder = build_conditional_decoder(latent_dim, (8, 12), way)
    if sees_label == "decoder":
        encoder = build_vae_encoder(latent_dim, (12, 8))
    if sees_label == "encoder":
        decoder = build_vae_decoder(latent_dim, (8, 12))
    return encoder, decoder


def small(sees_label="both", way="one-hot", log_var=None, seed=1, **settings):
    """A compiled small conditional VAE; with log_var given, the encoder's log_var is that, whatever it sees."""
    keras.utils.set_random_seed(0)
    encoder, decoder = networks(sees_label, way)
    if log_var is not None:
        head = encoder.get_layer("log_var")
        head.set_weights([np.zeros((8, 2)), np.full(2, log_var)])
    cvae = ConditionalVAE(encoder, decoder, seed=seed, **settings)
    cvae.compile(keras.optimizers.Adam(1e-2))
    return cvae


def arrays(*tensors):
    return [ops.convert_to_numpy(t).astype("float64") for t in tensors]


def by_hand(network, x, label):
    """A builder's network with one-hot labels, layer by layer in NumPy: outputs as a list."""
    x = np.concatenate([x.reshape(len(x), -1), np.eye(10)[label]], axis=1).astype("float64")
    dense = [layer for layer in network.layers if isinstance(layer, layers.Dense)]
    outputs = []
    for layer in dense:
        kernel, bias = arrays(*layer.weights)
        if layer.activation is keras.activations.relu:
            x = np.maximum(x @ kernel + bias, 0)
        else:
            outputs.append(x @ kernel + bias)
    return outputs


def test_networks_see_the_label_that_is_given():
    encoder, decoder = networks()
    for ours, wanted in zip(arrays(*encoder([X, Y])), by_hand(encoder, X, Y), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-5)
    z = rng.standard_normal((30, 2)).astype("float32")
    np.testing.assert_allclose(
        arrays(decoder([z, Y]))[0].reshape(30, -1), by_hand(decoder, z, Y)[0], atol=1e-5
    )  # fmt: skip
    assert np.abs(arrays(decoder([z, Y]))[0] - arrays(decoder([z, (Y + 1) % 10]))[0]).max() > 1e-3


@pytest.mark.parametrize("units", [1, 12])
def test_embedding_and_one_hot_are_one_function(units):
    """The rows of the one-hot columns' kernel, taken as the embedding, give the same layer."""
    x, label = keras.Input((5,)), keras.Input((), dtype="int32")
    one_hot, embedded = (keras.Model([x, label], see_label(x, label, units, way)) for way in ("one-hot", "embedding"))
    dense = next(layer for layer in one_hot.layers if isinstance(layer, layers.Dense))
    dense.set_weights([rng.normal(size=(15, units)), rng.normal(size=units)])
    kernel, bias = dense.get_weights()
    for layer in embedded.layers:
        if isinstance(layer, layers.Dense):
            layer.set_weights([kernel[:5], bias])
        if isinstance(layer, layers.Embedding):
            layer.set_weights([kernel[5:]])
    values = rng.normal(size=(40, 5)).astype("float32"), rng.integers(0, 10, 40)
    np.testing.assert_allclose(one_hot(list(values)), embedded(list(values)), atol=1e-5)
    assert arrays(one_hot(list(values)))[0].max() > 0


@pytest.mark.parametrize("sees_label", ["both", "decoder", "encoder"])
@pytest.mark.parametrize("settings", [{}, {"beta": 3.0}, {"likelihood": "gaussian", "noise_var": 0.1}])
def test_loss_is_that_of_the_networks_at_each_image_s_own_label(sees_label, settings):
    cvae = small(sees_label, log_var=-30.0, **settings)
    mean, log_var = arrays(*cvae.encoder(X if sees_label == "decoder" else [X, Y]))
    z = mean.astype("float32")
    decoded = arrays(cvae.decoder(z if sees_label == "encoder" else [z, Y]))[0]
    p = 1 / (1 + np.exp(-decoded))
    nll = -(X * np.log(p) + (1 - X) * np.log(1 - p))
    if "likelihood" in settings:
        nll = -norm(decoded, np.sqrt(0.1)).logpdf(X)
    nll, kl = nll.reshape(30, -1).sum(axis=1), 0.5 * (np.exp(log_var) - 1 - log_var + mean**2).sum(axis=1)
    loss, reconstruction, divergence = cvae.evaluate(X, Y, batch_size=8, verbose=0)
    assert reconstruction == pytest.approx(nll.mean(), rel=1e-5) and divergence == pytest.approx(kl.mean(), rel=1e-5)
    assert loss == pytest.approx(nll.mean() + settings.get("beta", 1.0) * kl.mean(), rel=1e-5)
    assert cvae.metrics_names == ["loss", "reconstruction", "kl"]


def test_step_of_training_moves_the_rows_of_its_labels_alone():
    """One step of plain gradient descent moves the rows of labels in the batch, and no others."""
    cvae = small()
    cvae.compile(keras.optimizers.SGD(0.1))
    kernels = [next(layer for layer in part.layers if isinstance(layer, layers.Dense)).kernel
               for part in (cvae.encoder, cvae.decoder)]  # fmt: skip
    before = [kernel.numpy() for kernel in kernels]
    cvae.fit(X[:8], np.array([2, 2, 7, 7, 2, 2, 7, 7]), batch_size=8, verbose=0)
    for kernel, old in zip(kernels, before, strict=True):
        moved = np.abs(kernel.numpy() - old)[-10:].max(axis=1)
        assert set(np.flatnonzero(moved)) == {2, 7}


@pytest.mark.parametrize("how", [{"steps_per_execution": 4}, {"jit_compile": True}, {"run_eagerly": True}])
def test_every_way_of_running_gives_the_same_losses(how):
    histories = []
    for settings in ({"jit_compile": False}, how):
        cvae = small(log_var=-30.0)
        cvae.compile(keras.optimizers.Adam(1e-3), **settings)
        histories.append(cvae.fit(X[:24], Y[:24], batch_size=8, epochs=2, shuffle=False, verbose=0).history)
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-4)


@pytest.mark.parametrize(("sees_label", "way"), [("both", "one-hot"), ("decoder", "embedding"), ("encoder", "one-hot")])
def test_a_loaded_model_goes_on_with_its_labels_and_its_place(tmp_path, sees_label, way):
    cvae = small(sees_label, way)
    cvae.fit(X, Y, batch_size=10, shuffle=False, verbose=0)
    cvae.save(tmp_path / "cvae.keras")
    loaded = keras.models.load_model(tmp_path / "cvae.keras")
    np.testing.assert_array_equal(loaded.generate(Y, seed=3), cvae.generate(Y, seed=3))
    runs = [v.fit(X, Y, batch_size=10, shuffle=False, verbose=0).history for v in (cvae, loaded)]
    for name, values in runs[0].items():
        np.testing.assert_allclose(values, runs[1][name], rtol=1e-6)


def test_summary_counts_each_network_once():
    cvae = small()
    assert [type(layer).__name__ for layer in cvae.layers] == ["Functional", "Functional", "Sampling"]
    assert cvae.count_params() == cvae.encoder.count_params() + cvae.decoder.count_params() + 1  # and the step


def test_a_plain_vae_refuses_networks_with_a_condition():
    encoder, decoder = networks()
    with pytest.raises(ValueError, match="The encoder has 2 inputs"):
        VAE(encoder, decoder)
    with pytest.raises(ValueError, match=r"inputs of shapes \[\(None, 2\), \(None,\)\]; expected one of \(None, 2\)"):
        VAE(networks("decoder")[0], decoder)


def test_datasets_and_validation_are_taken():
    cvae = small()
    pairs = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)
    assert set(cvae.fit(pairs, validation_data=(X[:10], Y[:10]), verbose=0).history) == {
        "loss", "reconstruction", "kl", "val_loss", "val_reconstruction", "val_kl",
    }  # fmt: skip
    assert len(cvae.evaluate(pairs, verbose=0)) == 3
    assert cvae.predict([X, Y.astype("int32")], verbose=0).shape == X.shape


@pytest.mark.parametrize("label", [0, 7])
def test_a_fixed_label_leaves_the_label_s_own_network(label):
    cvae = small()
    vae = cvae.given(label)
    assert type(vae) is VAE
    same = np.full(30, label)
    for ours, wanted in zip(arrays(*vae.encoder(X)), arrays(*cvae.encoder([X, same])), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-6)
    np.testing.assert_allclose(vae.generate(30, seed=5), cvae.generate(same, seed=5), atol=1e-6)
    cvae.fit(X, Y, verbose=0)
    np.testing.assert_allclose(vae.generate(30, seed=5), cvae.generate(same, seed=5), atol=1e-6)  # shared weights


def test_a_schedule_goes_on_where_it_is_when_the_label_is_fixed():
    cvae = small(beta=WarmUp(8))
    for price in (0.0, 0.375, 0.75):
        assert float(cvae.given(3).price()) == float(cvae.price()) == price
        cvae.fit(X, Y, batch_size=10, verbose=0)  # three steps
    assert int(cvae.given(3).step) == 9


def test_a_learned_noise_variance_stays_when_the_label_is_fixed():
    cvae = small(likelihood="gaussian", noise_var="learned")
    cvae.fit(X, Y, epochs=3, verbose=0)
    assert float(cvae.noise_log_var) != pytest.approx(np.log(0.5), abs=1e-4)
    assert float(cvae.given(3).noise_log_var) == pytest.approx(float(cvae.noise_log_var), abs=1e-6)


@pytest.mark.parametrize("sees_label", ["both", "decoder", "encoder"])
def test_bound_is_that_of_each_image_s_own_label(sees_label):
    """Against the ELBO computed in NumPy by hand, with fresh noise; 40 draws an image, in standard errors."""
    cvae = small(sees_label)
    mean, log_var = arrays(*cvae.encoder(X if sees_label == "decoder" else [X, Y]))
    draws = []
    for _ in range(40):
        z = (mean + np.exp(0.5 * log_var) * rng.standard_normal(mean.shape)).astype("float32")
        logits = arrays(cvae.decoder(z if sees_label == "encoder" else [z, Y]))[0].reshape(30, -1)
        draws.append((X.reshape(30, -1) * logits - np.logaddexp(0, logits)).sum(axis=1))
    wanted = np.mean(draws, axis=0) - 0.5 * (np.exp(log_var) - 1 - log_var + mean**2).sum(axis=1)
    ours = for_each_label(elbo, cvae, X, Y, seed=2, samples=400)
    error = np.std(draws, axis=0, ddof=1) / np.sqrt(40)
    assert ours.shape == (30,) and (np.abs(ours - wanted) < 5 * error + 1e-3).all()


def test_bounds_of_a_label_are_in_order():
    two = np.isin(Y, (0, 6))  # each label costs a grid of its own
    cvae, x, y = small(), (X[two] > 0.5).astype("float32"), Y[two]
    exact = for_each_label(log_likelihood_on_grid, cvae, x, y, tolerance=0.3)
    bounds = [for_each_label(importance_weighted_bound, cvae, x, y, seed=s, k=k).mean() for s, k in ((0, 1), (1, 200))]
    assert bounds[0] < bounds[1] + 0.05 and bounds[1] < exact.mean() + 0.05
    swapped = for_each_label(log_likelihood_on_grid, cvae, x, 6 - y, tolerance=0.3)
    assert np.abs(swapped - exact).max() > 0.01


def test_noise_of_two_labels_differs():
    seeds = {}

    def measure(vae, x, seed):
        seeds[seed] = len(x)
        return np.zeros(len(x))

    for seed in (0, 1):
        for_each_label(measure, small(), X, Y, seed=seed)
    assert seeds == {seed: 3 for seed in range(20)}


def test_generated_digits_depend_on_seed_and_label_alone():
    cvae = small()
    made = cvae.generate(Y, seed=3)
    assert made.shape == X.shape and made.dtype == np.float32 and made.min() >= 0 and made.max() <= 1
    np.testing.assert_array_equal(made, cvae.generate(list(Y), seed=3))
    assert np.abs(made - cvae.generate(Y, seed=4)).max() > 0
    z = ops.convert_to_numpy(keras.random.normal((30, 2), seed=3))
    np.testing.assert_allclose(made, 1 / (1 + np.exp(-arrays(cvae.decoder([z, Y]))[0])), atol=1e-5)


def test_transfer_encodes_with_one_label_and_decodes_with_the_other():
    cvae, to = small(), (Y + 3) % 10
    mean, _ = cvae.encoder([X, Y])
    wanted = 1 / (1 + np.exp(-arrays(cvae.decoder([np.asarray(mean), to]))[0]))
    np.testing.assert_allclose(cvae.transfer(X, Y, to), wanted, atol=1e-5)
    np.testing.assert_allclose(cvae.transfer(X, Y, Y), cvae([X, Y]), atol=1e-6)


def half_model():
    """A conditional VAE of lower halves, the condition being the upper half."""
    upper, lower, z = keras.Input((14, 28, 1)), keras.Input((14, 28, 1)), keras.Input((2,))
    flat = layers.Flatten()
    x = layers.Dense(8, "relu")(layers.Concatenate()([flat(lower), flat(upper)]))
    encoder = keras.Model([lower, upper], [layers.Dense(2)(x), layers.Dense(2)(x)])
    x = layers.Dense(8, "relu")(layers.Concatenate()([z, flat(upper)]))
    decoder = keras.Model([z, upper], layers.Reshape((14, 28, 1))(layers.Dense(14 * 28)(x)))
    cvae = ConditionalVAE(encoder, decoder)
    cvae.compile("adam")
    return cvae


def test_a_condition_may_be_an_image(tmp_path):
    cvae = half_model()
    upper, lower = X[:, :14], X[:, 14:]
    first = cvae.evaluate(lower, upper, verbose=0)[0]
    cvae.fit(lower, upper, epochs=20, verbose=0)
    assert cvae.evaluate(lower, upper, verbose=0)[0] < first
    assert cvae.generate(upper, seed=1).shape == lower.shape
    np.testing.assert_allclose(
        cvae.given(upper[4]).generate(3, seed=1), cvae.generate(np.repeat(upper[4:5], 3, axis=0), seed=1), atol=1e-6
    )
    cvae.save(tmp_path / "half.keras")
    loaded = keras.models.load_model(tmp_path / "half.keras")
    np.testing.assert_array_equal(loaded.generate(upper), cvae.generate(upper))
    with pytest.raises(TypeError, match="y has dtype uint8; expected floats"):
        cvae.generate(np.zeros((2, 14, 28, 1), "uint8"))
    with pytest.raises(ValueError, match=r"y has shape \(2, 28, 28, 1\); expected \(n, 14, 28, 1\)"):
        cvae.generate(np.zeros((2, 28, 28, 1)))
    with pytest.raises(ValueError, match="NaN or infinite"):
        cvae.generate(np.full((2, 14, 28, 1), np.nan))


BAD_LABELS = [
    (Y[:, None], ValueError, r"has shape \(30, 1\); expected \((n|30),\)"),
    (np.eye(10)[Y], ValueError, r"has shape \(30, 10\)"),
    (Y.astype("float32"), TypeError, "has dtype float32; expected integers, labels from 0 to 9"),
    (Y > 4, TypeError, "has dtype bool; expected integers"),
    (np.full(30, 10), ValueError, "has values from 10 to 10; expected labels from 0 to 9"),
    (np.arange(30) % 10 - 1, ValueError, "has values from -1 to 8; expected labels from 0 to 9"),
    (np.array([], int), ValueError, r"has shape \(0,\)"),
    (np.array(["1"] * 30), TypeError, "has dtype <U1"),
]


@pytest.mark.parametrize(("labels", "error", "message"), BAD_LABELS)
def test_bad_labels_are_refused(labels, error, message):
    cvae = small()
    uses = [lambda: cvae.generate(labels), lambda: cvae.fit(X, labels, verbose=0),
            lambda: cvae.evaluate(X, labels, verbose=0), lambda: cvae.transfer(X, labels, Y),
            lambda: cvae.transfer(X, Y, labels), lambda: for_each_label(elbo, cvae, X, labels)]  # fmt: skip
    for use in uses:
        with pytest.raises(error, match=message):
            use()


def test_a_count_of_labels_that_differs_from_the_images_is_refused():
    cvae = small()
    with pytest.raises(ValueError, match=r"y has shape \(29,\); expected \(30,\), one for each image"):
        cvae.fit(X, Y[:29], verbose=0)
    with pytest.raises(ValueError, match=r"to_y has shape \(1,\); expected \(30,\)"):
        cvae.transfer(X, Y, [3])
    with pytest.raises(ValueError, match="x was given without y"):
        cvae.fit(X, verbose=0)
    with pytest.raises(ValueError, match="A batch has no y"):
        cvae.fit(tf.data.Dataset.from_tensor_slices(X).batch(10), verbose=0)
    with pytest.raises(ValueError, match=r"y has shape \(1, 2\)"):
        cvae.given([1, 2])
    with pytest.raises(ValueError, match="y has values from 12 to 12"):
        cvae.given(12)
    with pytest.raises(ValueError, match="Sample weights"):
        cvae.fit(X, Y, sample_weight=np.ones(30), verbose=0)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ((255 * X).astype("uint8"), TypeError, "x has dtype uint8; expected floats"),
        (255 * X, ValueError, r"expected pixels in \[0, 1\]"),
        (np.full_like(X, np.nan), ValueError, "x has values from nan"),
        (X[..., 0], ValueError, r"x has shape \(30, 28, 28\); expected \(n, 28, 28, 1\)"),
        (X[:0], ValueError, r"x has shape \(0, 28, 28, 1\)"),
    ],
)
def test_bad_images_are_refused(images, error, message):
    cvae = small()
    for use in (cvae.fit, cvae.evaluate):
        with pytest.raises(error, match=message):
            use(images, Y[: len(images)], verbose=0)
    with pytest.raises(error, match=message):
        cvae.transfer(images, Y[: len(images)], Y[: len(images)])


def test_networks_that_do_not_fit_are_refused():
    encoder, decoder = networks()
    with pytest.raises(ValueError, match="Neither network has a second input"):
        ConditionalVAE(build_vae_encoder(2, (4,)), build_vae_decoder(2, (4,)))
    with pytest.raises(ValueError, match=r"inputs of shapes \[\(None, 3\)\]; expected one of \(None, 2\)"):
        ConditionalVAE(encoder, build_conditional_decoder(3, (4,)))
    with pytest.raises(ValueError, match="encoder is function; expected a keras.Model"):
        ConditionalVAE(networks, decoder)
    with pytest.raises(ValueError, match=r"The encoder takes the condition .*14.* and the decoder .*expected the same"):
        ConditionalVAE(half_model().encoder, decoder)
    third = keras.Input((3,))
    with pytest.raises(ValueError, match="encoder has 3 inputs"):
        ConditionalVAE(keras.Model([*encoder.inputs, third], encoder.outputs), decoder)
    with pytest.raises(ValueError, match="beta is -1"):
        ConditionalVAE(encoder, decoder, beta=-1)
    with pytest.raises(ValueError, match="way is 'bits'; expected one of 'one-hot', 'embedding'"):
        build_conditional_decoder(way="bits")
    with pytest.raises(ValueError, match="sees_label is 'encoder'; expected one of 'both', 'decoder'"):
        train_conditional_vae(X, Y, sees_label="encoder")


def test_a_network_without_second_input_stays_when_the_condition_is_fixed():
    encoder = build_vae_encoder(2, (4,))
    assert fix_condition(encoder, 3) is encoder


def test_training_makes_the_course_s_network():
    cvae = train_conditional_vae(X, Y, epochs=1, latent_dim=3)
    units = [[layer.units for layer in part.layers if hasattr(layer, "units")] for part in (cvae.encoder, cvae.decoder)]
    assert units == [[512, 256, 3, 3], [256, 512, 784]]
    again = train_conditional_vae(X, Y, epochs=1, latent_dim=3)
    np.testing.assert_allclose(cvae.generate(Y), again.generate(Y), atol=1e-5)
    other = train_conditional_vae(X, Y, epochs=1, sees_label="decoder")
    assert (len(other.encoder.inputs), len(other.decoder.inputs)) == (1, 2)


def line_of_slant(k, width=1.0, ink=1.0):
    """A bar that leans k columns to the right for each row upwards, with soft edges so that its place is exact."""
    row, column = np.mgrid[4:24, 0:28].astype(float)
    image = np.zeros((28, 28))
    image[4:24] = ink * np.clip(width + 0.5 - np.abs(column - 13.5 - k * (13.5 - row)), 0, 1)
    return image[..., None]


def test_slant_depends_on_no_place_thickness_or_darkness():
    for k in (-0.5, 0.0, 0.3):
        images = np.stack([line_of_slant(k), line_of_slant(k, width=2.0), line_of_slant(k, ink=0.3)])
        moved = np.roll(images, (3, -2), axis=(1, 2))
        np.testing.assert_allclose(slant(np.concatenate([images, moved])), k, atol=0.01)
    digits = X.reshape(30, 28, 28, 1)
    np.testing.assert_allclose(slant(digits[:, :, ::-1]), -slant(digits), atol=1e-6)
    by_fit = [np.polyfit(np.repeat(-np.arange(28.0), 28), np.tile(np.arange(28.0), 28), 1, w=np.sqrt(d.ravel()))[0]
              for d in digits.astype("float64")]  # fmt: skip
    np.testing.assert_allclose(slant(digits), by_fit, atol=1e-6)


def test_shares_are_counted_by_what_was_read():
    class Reader:
        """Reads the digit written into the first pixel, in tenths."""

        def predict(self, images, **_):
            return np.eye(10)[np.round(10 * images[:, 0, 0, 0]).astype(int)]

    read, asked = np.array([3, 3, 5, *range(10)]), np.array([3, 3, 3, *range(10)])
    images = np.zeros((13, 28, 28, 1))
    images[:, 0, 0, 0] = read / 10
    shares = read_shares(Reader(), images, asked)
    assert shares.shape == (10, 10) and shares[3, 3] == 0.75 and shares[3, 5] == 0.25
    np.testing.assert_allclose(shares.sum(axis=1), 1)


@pytest.mark.parametrize(
    "vae", [small(), small("decoder"), VAE(build_vae_encoder(2, (4,)), build_vae_decoder(2, (4,)))]
)
def test_drawn_codes_are_draws_from_q(vae):
    """Against the encoder's own mean and log_var at each image's label, in standard errors of 36 draws."""
    mean, log_var = arrays(*vae.encoder([X, Y] if len(vae.encoder.inputs) == 2 else X))
    draws = np.stack([draw_codes(vae, X, Y, seed) for seed in range(36)])
    error = np.exp(0.5 * log_var) / 6
    assert (np.abs(draws.mean(axis=0) - mean) < 5 * error).all()
    np.testing.assert_allclose(draws.std(axis=0), 6 * error, rtol=0.6)


def test_the_columns_of_the_likelihoods_are_the_labels():
    cvae, x = small(), (X[:2] > 0.5).astype("float32")
    every = label_likelihoods(cvae, x, tolerance=0.5)
    assert every.shape == (2, 10)
    for label in (0, 6):
        alone = for_each_label(log_likelihood_on_grid, cvae, x, np.full(2, label), tolerance=0.5)
        np.testing.assert_allclose(every[:, label], alone, atol=1e-6)


@pytest.mark.parametrize(("sees", "inputs"), [("both", 2), ("decoder", 1)])
def test_completion_sees_the_halves_that_it_says(sees, inputs):
    completion = train_completion(X, sees, epochs=1)
    assert len(completion.encoder.inputs) == inputs and len(completion.decoder.inputs) == 2
    z, upper = np.zeros((30, 2), "float32"), X[:, :14]
    changed = np.abs(arrays(completion.decoder([z, upper]))[0] - arrays(completion.decoder([z, upper[::-1]]))[0])
    assert changed.max() > 0.01 and completion.generate(upper).shape == (30, 14, 28, 1)
    with pytest.raises(ValueError, match="sees_upper is 'none'"):
        build_completion("none")


def test_the_reader_learns(mnist):
    reader = train_reader(mnist.x_train[:4000], mnist.y_train[:4000], epochs=2)
    assert reader.evaluate(mnist.x_test[:1000], mnist.y_test[:1000], verbose=0)[1] > 0.8
