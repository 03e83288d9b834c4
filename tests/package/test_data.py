"""The embedded data: what is loaded is what was published, and damage is reported, never computed with."""

import hashlib
import shutil
import struct

import numpy as np
import pytest

import vaelab.data
from vaelab.data import DATA, FASHION_CLASSES, load_fashion, load_mnist


def test_mnist_is_the_published_training_set(mnist):
    images = np.load(DATA / "mnist.npz")["x_train"]
    header = struct.pack(">4i", 0x803, 60000, 28, 28)  # the published file is an IDX file
    assert (
        hashlib.sha256(header + images.tobytes()).hexdigest()
        == "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    )
    assert np.isclose(mnist.x_train.mean(), 0.13066, atol=5e-6) and np.isclose(mnist.x_train.std(), 0.30811, atol=5e-6)


@pytest.mark.parametrize(("load", "n_train", "n_test"), [(load_mnist, 60000, 10000), (load_fashion, 12000, 3000)])
def test_shapes_types_and_range(load, n_train, n_test):
    x_train, y_train, x_test, y_test = load()
    assert x_train.shape == (n_train, 28, 28, 1) and x_test.shape == (n_test, 28, 28, 1)
    assert x_train.dtype == x_test.dtype == np.float32 and y_train.dtype == y_test.dtype == np.uint8
    assert x_train.min() == 0 and x_train.max() == 1
    assert y_train.shape == (n_train,) and set(y_test) == set(range(10))


def test_pixels_are_the_stored_bytes_over_255(mnist):
    stored = np.load(DATA / "mnist.npz")["x_test"]
    np.testing.assert_array_equal(mnist.x_test[..., 0], (stored / 255).astype("float32"))


def test_fashion_has_equal_classes():
    fashion = load_fashion()
    assert set(np.bincount(fashion.y_train)) == {1200} and set(np.bincount(fashion.y_test)) == {300}
    assert len(FASHION_CLASSES) == 10


def test_threshold_is_one_above_one_half(mnist):
    binary = load_mnist("threshold")
    np.testing.assert_array_equal(binary.x_test, (mnist.x_test > 0.5).astype("float32"))


def test_samples_have_the_grey_values_as_means_and_repeat_with_the_seed(mnist):
    binary = load_mnist("sample", seed=3)
    assert set(np.unique(binary.x_train)) == {0, 1}
    grey = mnist.x_train.mean(axis=0)
    error = np.abs(binary.x_train.mean(axis=0) - grey) / np.sqrt(np.maximum(grey * (1 - grey), 1e-6) / 60000)
    assert error.max() < 6
    assert (binary.x_train[mnist.x_train == 0] == 0).all() and (binary.x_train[mnist.x_train == 1] == 1).all()
    np.testing.assert_array_equal(binary.x_test, load_mnist("sample", seed=3).x_test)
    assert (binary.x_test != load_mnist("sample", seed=4).x_test).any()


def test_unknown_binarization_is_refused():
    with pytest.raises(ValueError, match="'bernoulli'.*'none', 'threshold' or 'sample'"):
        load_mnist("bernoulli")


@pytest.fixture
def own_copy(tmp_path, monkeypatch):
    shutil.copy(DATA / "fashion.npz", tmp_path)
    monkeypatch.setattr(vaelab.data, "DATA", tmp_path)
    return tmp_path / "fashion.npz"


def damage_a_byte(path):
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("damage", [damage_a_byte, truncate, lambda path: path.write_bytes(b"")])
def test_a_damaged_file_is_named_with_both_sums_and_the_remedy(own_copy, damage):
    damage(own_copy)
    found = hashlib.sha256(own_copy.read_bytes()).hexdigest()
    with pytest.raises(OSError, match="damaged") as caught:
        load_fashion()
    message = str(caught.value)
    assert str(own_copy) in message and found in message and vaelab.data.SHA256["fashion.npz"] in message
    assert f"git checkout -- {own_copy}" in message


def test_a_missing_file_is_named_with_the_remedy(own_copy):
    own_copy.unlink()
    with pytest.raises(FileNotFoundError, match="git checkout --") as caught:
        load_fashion()
    assert str(own_copy) in str(caught.value) and vaelab.data.SHA256["fashion.npz"] in str(caught.value)


def test_a_read_only_installation_is_enough(own_copy, monkeypatch):
    """Loading opens the file for reading only and writes nothing beside it."""
    import pathlib

    monkeypatch.setattr(pathlib.Path, "write_bytes", lambda *_: pytest.fail("wrote"))
    before = sorted(own_copy.parent.iterdir())
    load_fashion()
    assert sorted(own_copy.parent.iterdir()) == before
