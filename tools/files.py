"""What the tools share about files: whole writes, hashes, names of lessons, the repository's address, Chromium."""

import hashlib
import os
import re
import shutil
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Root may not use Chromium's own sandbox; and nothing that a test starts is to talk to the network.
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                  "--disable-sync", "--no-first-run"]  # fmt: skip


def write(path, content):
    """Write text or bytes under a temporary name and rename it, so that no interruption leaves half a file."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def sha256(content):
    """The SHA-256 of text or bytes, in hexadecimal."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def number(path):
    """ "02" of 02-latent-scatter.md, "03b" of 03b-judging-samples.md, "hw1" of hw1-probe-autoencoder.ipynb."""
    return Path(path).name.split("-")[0]


def is_lesson(path, name):
    """Whether a lesson is meant by its number, with or without the leading 0, or by its whole name without ending."""
    return name in (Path(path).stem, number(path), number(path).removeprefix("0"))


def repository():
    """The course's public address, from COURSE_REPOSITORY or pyproject.toml; "" while it has none.

    Raises ValueError if it is not https://github.com/NAME/REPO: Colab and Binder open notebooks from there only.
    """
    address = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["course"]["repository"]
    address = os.environ.get("COURSE_REPOSITORY", address).rstrip("/").removesuffix(".git")
    if address and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise ValueError(
            f"The repository's address is {address!r}. Expected https://github.com/NAME/REPO, because Colab opens "
            "notebooks from there, or an empty string. Set it in pyproject.toml under [tool.course]."
        )
    return address


def chromium(shell=False):
    """Path of the first Chromium or Chrome on the PATH, None without one.

    shell: Chromium's headless shell before all others, where there is one. It has the same engine and no browser around
    it, and opens a page in less than half the time.
    """
    names = ("chromium-headless-shell", *CHROMIUM_NAMES) if shell else CHROMIUM_NAMES
    return next(filter(None, map(shutil.which, names)), None)
