"""The networks that the course uses more than once, trained beforehand by `make results`: loaded in one line.

Each is a file of float16 weights in results/networks/, with its checksum, how it was trained, what made it and what it
reaches on the test images in networks.json beside it. The page that introduces a network trains it before your eyes.
"""

import hashlib
import io
import json

import numpy as np

from vaelab.checks import check_choice
from vaelab.conditional import ConditionalVAE, build_conditional_decoder, build_conditional_encoder
from vaelab.language import tr
from vaelab.models import build_autoencoder
from vaelab.results import RESULTS
from vaelab.training import FusedAdam
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

NETWORKS = RESULTS / "networks"


def load_autoencoder(seed=0):
    """Chapter 01's autoencoder as `train_autoencoder(x_train, seed)` makes it: (encoder, decoder, autoencoder).

    Compiled, so that `evaluate` works. Raises ValueError for a seed that is not stored, OSError for a damaged file.
    """
    encoder, decoder, autoencoder = build_autoencoder()
    autoencoder.set_weights(_weights(f"autoencoder-seed{seed}"))
    autoencoder.compile(optimizer=FusedAdam(), loss="mean_squared_error")
    return encoder, decoder, autoencoder


def load_vae(latent_dim=2, pixels="grey", seed=0):
    """Chapter 07's VAE as `train_vae(x_train, latent_dim, seed)` makes it, 784-512-256 and back.

    pixels: "grey" for ten epochs of the usual images; "sampled" for six epochs of black and white ones, as
    `load_mnist("sample")` gives them. Compiled, so that `evaluate` works. Raises ValueError for a network that is not
    stored, OSError for a damaged file.
    """
    vae = VAE(build_vae_encoder(latent_dim), build_vae_decoder(latent_dim), seed=seed)
    return _with_weights(vae, f"vae-{latent_dim}d-{pixels}-seed{seed}")


def load_small_vae():
    """The small VAE of chapters 08 and 08b, `train_small_vae(x_train)` of chapter 08c: 784-128-64-20 and back.

    For black and white digits, as `load_mnist("sample")` gives them. Compiled, so that `evaluate` works. Raises OSError
    for a damaged file.
    """
    vae = VAE(build_vae_encoder(20, (128, 64)), build_vae_decoder(20, (64, 128)), seed=0)
    return _with_weights(vae, "small-vae-20d-sampled-seed0")


def load_conditional_vae(sees_label="both"):
    """Chapter 09's conditional VAE, as `train_conditional_vae(x_train, y_train, epochs=6, sees_label=…)` makes it.

    sees_label: "both" networks or the "decoder" only. For black and white digits, as `load_mnist("sample")` gives them.
    Compiled, so that `evaluate` works. Raises ValueError for another sees_label, OSError for a damaged file.
    """
    check_choice(sees_label, "sees_label", ("both", "decoder"))
    encoder = build_conditional_encoder(2) if sees_label == "both" else build_vae_encoder(2)
    cvae = ConditionalVAE(encoder, build_conditional_decoder(2), seed=0)
    return _with_weights(cvae, f"conditional-2d-sampled-{sees_label}-seed0")


def describe_networks():
    """What is stored: a dict from names to how each was trained, what made it, its checksum and its test figures."""
    return json.loads((NETWORKS / "networks.json").read_text("utf-8"))


def save_network(name, *models, **facts):
    """Write the weights of the models, one after the other, as float16, and the facts beside them."""
    arrays = [weight.astype("float16") for model in models for weight in model.get_weights()]
    content = io.BytesIO()
    np.savez_compressed(content, *arrays)
    NETWORKS.mkdir(parents=True, exist_ok=True)
    (NETWORKS / f"{name}.npz").write_bytes(content.getvalue())
    path = NETWORKS / "networks.json"
    known = describe_networks() if path.exists() else {}
    known[name] = {**facts, "sha256": hashlib.sha256(content.getvalue()).hexdigest()}
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", "utf-8")


def _with_weights(vae, name):
    weights, of_encoder = _weights(name), len(vae.encoder.weights)
    vae.encoder.set_weights(weights[:of_encoder])
    vae.decoder.set_weights(weights[of_encoder:])
    vae.compile(optimizer=FusedAdam())
    return vae


def _weights(name):
    known = describe_networks()
    if name not in known:
        raise ValueError(
            tr(
                "There is no stored network {name!r}. Stored: {known}. Train it with the function of vaelab.models."
            ).format(name=name, known=", ".join(known))
        )
    path = NETWORKS / f"{name}.npz"
    content = path.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != known[name]["sha256"]:
        raise OSError(
            tr("{path} is damaged: {size} bytes, sha256 {found}. To restore it: git checkout -- {path}").format(
                path=path, size=len(content), found=found
            )
        )
    with np.load(io.BytesIO(content)) as file:
        return [file[key].astype("float32") for key in file.files]
