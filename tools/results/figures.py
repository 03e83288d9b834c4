"""What the living figures load that is too large for a notebook: see vaelab.widgets.data_file."""

import zlib
from unittest import mock

import keras
import numpy as np
from keras import ops
from scipy import ndimage
from scipy.spatial import cKDTree
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from store import experiment
from vaelab.data import load_mnist
from vaelab.experiments.chapter07 import train_twin
from vaelab.experiments.chapter08 import train_small_vae
from vaelab.losses import bernoulli_nll
from vaelab.models import train_autoencoder
from vaelab.networks import load_autoencoder, load_vae
from vaelab.plots import place_labels
from vaelab.results import load_results
from vaelab.vae import VAE, WarmUp, train_vae
from vaelab.widgets import slip_trainer as trainer
from vaelab.widgets.chain import read_chain, run, steps_of
from vaelab.widgets.data_file import unpack, write_data_file
from vaelab.widgets.digit_writer import FILE
from vaelab.widgets.packing import pack_within, without_blank
from vaelab.widgets.twins import EDGE, LEVELS, NEAREST, POOL, TWIN_FILE, code_at, gaussian_row
from vaelab.widgets.twins import FILE as FILE_OF_TWINS

CODE_SCALE = 6 / 32767  # a code lies in [-6, 6]


@experiment
def digit_writer(mnist):
    """Chapter 07's stored VAE, small enough for a page, with test digits and codes, for the figure DigitWriter."""
    vae = load_vae()
    train, test = (images[..., 0].astype("float64") for images in (mnist.x_train, mnist.x_test))

    # The encoder gets 12 bits a weight: at 8 the ELBO of single test digits is off by a nat. What is written by hand on
    # a pad is not quite MNIST, so half of the digits that the rounding sees are turned, moved, thick or thin.
    heads = [vae.encoder.get_layer(name) for name in ("mean", "log_var")]
    joined = tuple(np.concatenate([layer.get_weights()[i] for layer in heads], axis=-1) for i in (0, 1))
    steps = [step for layer in vae.encoder.layers[:-2] for step in steps_of(layer)] + [joined]
    seen = np.concatenate([train[:6000], varied(train[10000:16000])]).reshape(-1, 784)
    seen = np.random.default_rng(0).permutation(seen)
    encoder, error = pack_within(steps, seen, run(steps, seen), [(12, 0.2)])
    print(f"encoder: {len(encoder[1]):,} bytes, means and log variances within {error:.4f}", flush=True)

    steps = read_chain(vae.decoder)
    axis = np.linspace(-4.8, 4.8, 97)
    plane = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    plane = np.concatenate([plane, run(unpack(*encoder), seen[:2000])[:, :2]])
    decoder, error = pack_within(steps, plane, run(steps, plane), [(8, 1.0)])
    print(f"decoder: {len(decoder[1]):,} bytes, logits within {error:.4f}", flush=True)

    chosen = [i for digit in range(10) for i in np.flatnonzero(mnist.y_test == digit)[:3]]
    images = {"labels": mnist.y_test[chosen].tolist()}, np.rint(255 * test[chosen]).astype("u1").tobytes()
    means = run(unpack(*encoder), test[:1000].reshape(-1, 784))[:, :2]
    marks = [[label, round(x, 3), round(y, 3)] for label, x, y in place_labels(means, mnist.y_test[:1000], (0.9, 0.9))]
    codes = {"scale": CODE_SCALE, "marks": marks}, np.rint(means / CODE_SCALE).astype("<i2").tobytes()
    parts = {"encoder": encoder, "decoder": decoder, "images": images, "codes": codes}
    print(f"Wrote {FILE}, {write_data_file(FILE, parts):,} bytes", flush=True)


def varied(images, seed=0):
    """Images (n, 28, 28) turned by up to 25 degrees, moved by up to two pixels, two thirds thicker or thinner."""
    random = np.random.default_rng(seed)
    changed = np.empty_like(images)
    for i, image in enumerate(images):
        image = ndimage.rotate(image, random.uniform(-25, 25), reshape=False, order=1)
        image = (image, ndimage.grey_dilation(image, (2, 2)), ndimage.grey_erosion(image, (2, 2)))[i % 3]
        changed[i] = np.clip(np.roll(image, random.integers(-2, 3, 2), (0, 1)), 0, 1)
    return changed


@experiment
def slip_trainer(mnist):
    """2,000 training digits in 16 greys, two pixels a byte, deflated, for the figure SlipTrainer."""
    levels = np.rint(15 * mnist.x_train[:2000]).astype("u1").ravel()
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = squeeze.compress((levels[::2] << 4 | levels[1::2]).tobytes()) + squeeze.flush()
    labels = "".join(map(str, mnist.y_train[:300].tolist()))  # of the digits whose codes are shown
    digits = {"count": 2000, "labels": labels}, packed
    print(f"Wrote {trainer.FILE}, {write_data_file(trainer.FILE, {'digits': digits}):,} bytes", flush=True)


@experiment
def twins(mnist):
    """For the figure Twins: real digits to search, decoders with densities in the plane, pictures in 20 dimensions."""
    order = np.random.default_rng(0).permutation(len(mnist.x_test))[2000 : 2000 + NEAREST]  # chapter 03's reference
    digits = {"labels": mnist.y_test[order].tolist()}, _levels(mnist.x_test[order])
    vae, (to_code, twin_decoder) = load_vae(), train_twin(mnist.x_train)
    encoder, decoder, _ = load_autoencoder()

    def coded(encoder):
        return encoder.predict(mnist.x_train, batch_size=1000, verbose=0)

    codes = coded(encoder).astype("float64")
    gaussian = [gaussian_row(1, codes.mean(axis=0), np.cov(codes.T))]
    autoencoder = _decoder_at(read_chain(decoder)[:-1], gaussian, codes, 9)
    mean, log_var = coded(vae.encoder)
    drawn = mean + np.exp(0.5 * log_var) * np.random.default_rng(0).standard_normal(mean.shape)
    prior = _decoder_at(read_chain(vae.decoder), [gaussian_row(1, np.zeros(2), np.eye(2))], drawn, 7)
    codes = coded(to_code).astype("float64")
    fitted = GaussianMixture(30, random_state=0).fit(codes[:10000])
    mixture = [gaussian_row(*row) for row in zip(fitted.weights_, fitted.means_, fitted.covariances_, strict=True)]
    twin = _decoder_at(read_chain(twin_decoder), mixture, codes, 8)

    parts = {"digits": digits, "autoencoder, Gaussian": autoencoder, "VAE, N(0, I)": prior}
    parts |= {f"{name}, 20": ({}, _levels(images)) for name, images in _twenty_dimensions(mnist).items()}
    for file, own in ((FILE_OF_TWINS, parts), (TWIN_FILE, {"twin, mixture": twin})):
        print({name: len(content) for name, (_, content) in own.items()}, flush=True)
        print(f"Wrote {file}, {write_data_file(file, own):,} bytes", flush=True)


def _levels(images):
    return zlib.compress(np.rint(LEVELS * images.reshape(len(images), -1)).astype("u1").tobytes(), 9)


def _decoder_at(steps, density, codes, bits):
    """A decoder to logits, packed for where the density's quantiles lead, with its density and 400 of the codes."""
    density = np.array(density, "float64").round(5)
    random = np.random.default_rng(0)
    points = code_at(density, random.uniform(EDGE, 1 - EDGE, (8000, 2)))
    edge = np.linspace(EDGE, 1 - EDGE, 50)
    points = np.concatenate([points, code_at(density, np.stack(np.meshgrid(edge, edge), -1).reshape(-1, 2))])
    places, steps = without_blank(steps, points)
    points, steps = random.permutation(points), [*steps, "sigmoid"]
    (description, content), error = pack_within(steps, points, run(steps, points), [(bits, 0.0095)], large=30_000)
    some = codes[:400]
    low, high = np.min([*some, *points], axis=0), np.max([*some, *points], axis=0)
    half = (high - low).max() / 2 * 1.03
    view = np.stack([(low + high) / 2 - half, (low + high) / 2 + half])
    print(f"{len(content):,} bytes, pixels within {error:.4f}", flush=True)
    more = {"density": density.tolist(), "places": places.tolist(), "view": view.round(3).tolist()}
    return {**description, **more, "codes": some.round(2).tolist()}, content


def _twenty_dimensions(mnist):
    """100 images of each sampler, made as chapter 10's verdict makes them, seed 0: {sampler: (100, 28, 28, 1)}."""
    tried = load_results("verdict")["mnist"]["0"]["tried"]
    x = mnist.x_train[np.random.default_rng(0).permutation(len(mnist.x_train))]
    vae, twin = load_vae(latent_dim=20), train_twin(mnist.x_train, 20)
    mean, log_var = vae.encoder.predict(x, batch_size=1000, verbose=0)
    noise = np.random.default_rng(0).standard_normal(mean.shape)
    codes = {"VAE": mean + np.exp(0.5 * log_var) * noise, "twin": twin[0].predict(x, batch_size=1000, verbose=0)}
    drawn = {"VAE, N(0, I)": (vae.decoder, np.random.default_rng(0).standard_normal((10000, 20)))}
    for name, decoder in (("twin", twin[1]), ("VAE", vae.decoder)):  # as `fit_densities` fits the mixture
        own, by_size = codes[name].astype("float32"), tried[name]["mixture"]
        centre, scale = own.mean(axis=0), own.std(axis=0)
        best = GaussianMixture(int(max(by_size, key=by_size.get)), random_state=0)
        best.fit(((own - centre) / scale)[:20000].astype("float64"))
        z = np.random.default_rng(0).permutation(best.sample(10000)[0])
        drawn[f"{name}, mixture"] = decoder, centre + scale * z
    return {
        name: 1 / (1 + np.exp(-decoder.predict(z[:POOL].astype("float32"), verbose=0)))
        for name, (decoder, z) in drawn.items()
    }


# ---- films of a training: see vaelab.widgets.training_film -----------------------------------------------------------

MOMENTS, CODES, SIDE_OF_GRID = 44, 200, 5


def filmed(kind, train, x_train, measure, **settings):
    """What `measure(model)` gives at some forty steps of a training, denser at its start: {step: measured}.

    The lesson's own function trains a model of class `kind`; only its `steps_per_execution` gives way to single steps,
    and `fit` gets a camera.
    """
    found, compiled, fitted = {}, kind.compile, kind.fit

    def step_by_step(model, *args, **more):
        compiled(model, *args, **{**more, "steps_per_execution": 1})

    def fit(model, batches, epochs, callbacks=(), **more):
        wanted = set(np.geomspace(1, epochs * len(batches), MOMENTS).round().astype(int).tolist())
        found[0] = measure(model)

        class Camera(keras.callbacks.Callback):
            step = 0

            def on_train_batch_end(self, batch, logs=None):
                self.step += 1
                if self.step in wanted:
                    found[self.step] = measure(self.model)

        return fitted(model, batches, epochs=epochs, callbacks=[*callbacks, Camera()], **more)

    with mock.patch.object(kind, "compile", step_by_step), mock.patch.object(kind, "fit", fit):
        train(x_train, **settings)
    return found


def chosen_codes(labels):
    """The places of 200 test images, twenty of each digit in turn."""
    return np.stack([np.flatnonzero(labels == digit)[: CODES // 10] for digit in range(10)], 1).ravel()


def terms(vae, x, noise):
    """(mean, log_var, -ln p(x given z), KL of each dimension) over images x, with this noise; nats, per image."""
    mean, log_var = (ops.convert_to_numpy(one) for one in vae.encoder(x))
    reconstruction = float(ops.mean(bernoulli_nll(x, vae.decoder(mean + np.exp(0.5 * log_var) * noise))))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).mean(axis=0)
    return mean, log_var, reconstruction, kl


def film_of_vae(mnist, train, pictures, **settings):
    """A film of a VAE; pictures(vae, mean): 25 images, (25, 28, 28, 1) or so, in [0, 1]."""
    places = chosen_codes(mnist.y_test)
    noise = np.random.default_rng(0).standard_normal((10000, settings.pop("dims", 2))).astype("float32")

    def measure(vae):
        mean, log_var, reconstruction, kl = terms(vae, mnist.x_test, noise)
        own = terms(vae, mnist.x_train[:2000], noise[:2000])
        return {
            "test": reconstruction + kl.sum(),
            "training": own[2] + own[3].sum(),
            "kl": kl,
            "codes": mean[places],
            "sd": np.exp(0.5 * log_var[places]),
            "typical_sd": np.median(np.exp(0.5 * log_var)),
            "spread": mean.std(axis=0).mean(),
            "pictures": pictures(vae, mean),
        }

    return filmed(VAE, train, mnist.x_train, measure, **settings)


def film_parts(name, found, labels, dims=(0, 1), says=(), **more):
    """The parts of a file for one film: what `vaelab.widgets.training_film.read_film` reads.

    dims: the two latent dimensions whose codes are kept. says: [[name, digits], ...], what else the readout has, the
    first drawn as the second curve. more: what else describes the film, such as its frame where it keeps one.
    """
    moments = list(found.values())
    kept = np.stack([np.concatenate([one["codes"][:, dims], one["sd"][:, dims]], 1) for one in moments])
    scale = np.abs(kept).max() / 32767
    levels = np.zeros((len(moments), SIDE_OF_GRID, 30, SIDE_OF_GRID, 30), "u1")  # two white pixels between pictures
    for sheet, one in zip(levels, moments, strict=True):
        pictures = np.rint(15 * np.reshape(one["pictures"], (SIDE_OF_GRID, SIDE_OF_GRID, 28, 28)))
        sheet[:, :28, :, :28] = pictures.transpose(0, 2, 1, 3)
    across = 30 * SIDE_OF_GRID
    levels = levels.reshape(-1, across, across)[:, :-2, :-2].reshape(-1, 2)
    steps = np.array(list(found))
    description = {
        "steps": steps.tolist(),
        "marks": [0, *(int(np.argmax(steps >= step)) for step in (10, 100, 1000, 5000) if step <= steps[-1])],
        **{key: short(found, key) for key in ("test", "training")},
        "kl": [[round(float(value), 3) for value in one.get("kl", [])] for one in moments],
        "labels": labels[chosen_codes(labels)].tolist(),
        "scale": float(scale),
        "dims": [int(dim) for dim in dims],
        **more,
    }
    if says:
        description["says"] = [[key, digits, short(found, key)] for key, digits in says]
    if "frame" in moments[0]:
        description["frames"] = [one["frame"] for one in moments]
    return {
        f"{name} codes": (description, np.rint(kept / scale).astype("<i2").tobytes()),
        f"{name} pictures": ({}, zlib.compress((16 * levels[:, 0] + levels[:, 1]).tobytes(), 9)),
    }


def short(found, key):
    """One number of each moment, with five digits."""
    return [float(f"{one[key]:.5g}") for one in found.values()]


@experiment
def film_autoencoder(mnist):
    """Chapter 01's training as a film: the codes, the frame that follows them, with whom they lie, reconstructions."""
    places = chosen_codes(mnist.y_test)

    def measure(autoencoder):
        encoder, decoder = autoencoder.layers[1:]
        codes, own = (encoder(x) for x in (mnist.x_test, mnist.x_train[:2000]))
        test, training = (ops.convert_to_numpy(decoder(z)) for z in (codes, own))
        codes = ops.convert_to_numpy(codes)
        nearest = cKDTree(codes).query(codes, k=2)[1][:, 1]
        return {
            "test": np.mean((test - mnist.x_test) ** 2),
            "training": np.mean((training - mnist.x_train[:2000]) ** 2),
            "codes": codes[places],
            "sd": np.zeros((CODES, 2)),
            "kin": 100 * np.mean(mnist.y_test[nearest] == mnist.y_test),
            "pictures": test[places[: SIDE_OF_GRID**2]],
        }

    found = filmed(keras.Model, train_autoencoder, mnist.x_train, measure)
    for one in found.values():  # the smallest square that holds the codes shown, and some air
        low, high = one["codes"].min(axis=0), one["codes"].max(axis=0)
        one["width"] = 1.1 * (high - low).max()
        one["frame"] = [float(f"{value:.4g}") for value in (*(low + high) / 2, one["width"] / 2)]
    parts = film_parts("", found, mnist.y_test, says=[["width", 1], ["kin", 0]])
    print(f"Wrote {write_data_file('film_autoencoder.bin', parts):,} bytes", flush=True)


@experiment
def film_vae(mnist):
    """Chapter 07's training as a film: codes and ellipses beside the prior, the plane decoded at 25 equal shares."""
    axis = norm.ppf((np.arange(SIDE_OF_GRID) + 0.5) / SIDE_OF_GRID)
    grid = np.stack(np.meshgrid(axis, axis[::-1]), -1).reshape(-1, 2).astype("float32")
    found = film_of_vae(mnist, train_vae, lambda vae, mean: ops.convert_to_numpy(vae.decode(grid)))
    for one in found.values():
        one["nats"] = one.pop("kl").sum()
        one["edge"] = max(4.0, float(np.ceil(np.abs(one["codes"]).max())))
        one["frame"] = [0, 0, one["edge"]]
    says = [["nats", 1], ["edge", 0], ["spread", 2], ["typical_sd", 2]]
    parts = film_parts("", found, mnist.y_test, says=says, prior=True, sds=2)
    print(f"Wrote {write_data_file('film_vae.bin', parts):,} bytes", flush=True)


@experiment
def film_collapse(mnist):
    """Chapter 08c's collapse without and with warm-up, as two films: KL of each dimension, codes, reconstructions."""
    mnist = load_mnist("sample")
    places = chosen_codes(mnist.y_test)[: SIDE_OF_GRID**2]
    films = {}
    for name, way in (("without", {}), ("with", {"beta": WarmUp(470)})):
        films[name] = film_of_vae(
            mnist,
            train_small_vae,
            lambda vae, mean: ops.convert_to_numpy(vae.decode(mean[places])),
            dims=20,
            learning_rate=0.01,
            **way,
        )
    last = {name: np.array(found[max(found)]["kl"]) for name, found in films.items()}
    lost = np.where(last["without"] < 0.05, last["with"], -1).argmax()  # what warm-up saves, most of all
    kept = np.where(np.arange(20) == lost, -1, np.minimum(last["without"], last["with"])).argmax()
    parts = {}
    for name, found in films.items():
        parts |= film_parts(name, found, mnist.y_test, (kept, lost), reach=4)
    print(f"Wrote {write_data_file('film_collapse.bin', parts):,} bytes", flush=True)
