"""What the living figures load that is too large for a notebook: see vaelab.widgets.data_file."""

import zlib

import numpy as np
from scipy import ndimage

from store import experiment
from vaelab.networks import load_vae
from vaelab.plots import place_labels
from vaelab.widgets import slip_trainer as trainer
from vaelab.widgets.chain import read_chain, run, steps_of
from vaelab.widgets.data_file import unpack, write_data_file
from vaelab.widgets.digit_writer import FILE
from vaelab.widgets.packing import pack_within

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
