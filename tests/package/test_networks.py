"""The stored networks are what they say: figures, checksums, size."""

import json
import shutil

import numpy as np
import pytest

from vaelab import networks
from vaelab.data import load_mnist
from vaelab.networks import (
    describe_networks,
    load_autoencoder,
    load_conditional_vae,
    load_small_vae,
    load_vae,
    save_network,
)

MOST_BYTES = 25_000_000


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of our own with one small autoencoder in it."""
    names = ("networks.json", "autoencoder-seed0.npz")
    for name in names:
        shutil.copy(networks.NETWORKS / name, tmp_path / name)
    monkeypatch.setattr(networks, "NETWORKS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_stored_autoencoder_reaches_its_stated_error(mnist, seed):
    encoder, decoder, autoencoder = load_autoencoder(seed)
    stated = describe_networks()[f"autoencoder-seed{seed}"]["test"]["loss"]
    assert autoencoder.evaluate(mnist.x_test, mnist.x_test, batch_size=1000, verbose=0) == pytest.approx(
        stated, abs=2e-5
    )
    assert encoder.output_shape == decoder.input_shape == (None, 2)


@pytest.mark.parametrize(
    ("latent_dim", "pixels", "seed"),
    [(2, "grey", 0), (2, "grey", 1), (2, "grey", 2), (2, "sampled", 0), (20, "grey", 0)],
)
def test_stored_vae_reaches_its_stated_loss(mnist, latent_dim, pixels, seed):
    vae = load_vae(latent_dim, pixels, seed)
    x = mnist.x_test if pixels == "grey" else load_mnist("sample").x_test
    stated = describe_networks()[f"vae-{latent_dim}d-{pixels}-seed{seed}"]["test"]
    found = vae.evaluate(x, batch_size=1000, verbose=0, return_dict=True)
    # Fresh noise: over 10,000 images its standard deviation in the loss is below 0.05 nats.
    assert {name: found[name] == pytest.approx(stated[name], abs=0.2) for name in stated} == dict.fromkeys(stated, True)
    assert found["kl"] == pytest.approx(stated["kl"], abs=1e-3)  # no noise in it


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("conditional-2d-sampled-both-seed0", load_conditional_vae),
        ("conditional-2d-sampled-decoder-seed0", lambda: load_conditional_vae("decoder")),
        ("small-vae-20d-sampled-seed0", load_small_vae),
    ],
)
def test_stored_network_of_black_and_white_digits_reaches_its_stated_loss(name, load):
    data, vae = load_mnist("sample"), load()
    stated = describe_networks()[name]["test"]
    labels = {"y": data.y_test} if name.startswith("conditional") else {}
    found = vae.evaluate(data.x_test, **labels, batch_size=1000, verbose=0, return_dict=True)
    assert {name: found[name] == pytest.approx(stated[name], abs=0.2) for name in stated} == dict.fromkeys(stated, True)
    assert found["kl"] == pytest.approx(stated["kl"], abs=1e-3)  # no noise in it


def test_every_stored_network_is_described_and_the_whole_stays_small():
    files = {path.stem: path.stat().st_size for path in networks.NETWORKS.glob("*.npz")}
    assert files.keys() == describe_networks().keys()
    assert sum(files.values()) < MOST_BYTES
    for facts in describe_networks().values():
        assert facts["trained"].startswith("train_") and facts["made_with"]["tensorflow"] and facts["test"]


@pytest.mark.parametrize("load", [lambda: load_autoencoder(7), lambda: load_vae(3), lambda: load_vae(pixels="red")])
def test_network_that_is_not_stored_is_refused_with_those_that_are(load):
    with pytest.raises(ValueError, match=r"no stored network .* Stored: autoencoder-seed0"):
        load()


def test_damaged_file_is_refused(store):
    path = store / "autoencoder-seed0.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="is damaged: .* To restore it"):
        load_autoencoder()


def test_saved_network_comes_back_rounded_to_float16(store):
    autoencoder = load_autoencoder()[2]
    autoencoder.set_weights([weight + np.float32(1e-6) for weight in autoencoder.get_weights()])
    save_network("autoencoder-seed5", autoencoder, trained="by hand")
    again = load_autoencoder(5)[2]
    for weight, loaded in zip(autoencoder.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, weight.astype("float16").astype("float32"))
    assert json.loads((store / "networks.json").read_text("utf-8"))["autoencoder-seed5"]["trained"] == "by hand"
