"""The one call that every lesson starts with: language, Keras' settings, seeds, and a quiet start of TensorFlow."""

import contextlib
import ctypes
import functools
import json
import logging
import operator
import os
import subprocess
import sys
from pathlib import Path

from vaelab.language import set_language, tr
from vaelab.style import RC

# Keras' settings as the lessons need them; keras.json, an environment variable or a learner may have others.
KERAS = {
    "floatx": "float32",
    "dtype_policy": "float32",
    "image_data_format": "channels_last",
    "epsilon": 1e-7,
    "max_epochs": None,
    "max_steps_per_epoch": None,
}

# What TensorFlow says at its start goes by its kind, whichever source file says it: whole log lines of level I or W, in
# either form that TensorFlow gives them, and the line that comes before the first of them.
LOG_LINE = r"(?:{level}\d{{4}} \d\d:\d\d:\d+\.\d+ +\d+|\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: {level}) \S+:\d+\] ?"
NOTE = LOG_LINE.format(level="[IW]") + r".*\n|WARNING: All log messages before absl::InitializeLog\(\).*\n"
# The one note that goes on in a second line. Any other line of another form may be somebody else's.
NOTE_GOES_ON = r"To enable the following instructions: .*\n"
# Without a GPU, as was asked for, the failing look for one is no error.
NO_GPU = LOG_LINE.format(level="E") + r"failed call to cuInit: .*\n"

# Runs in a process of its own: if this one crashes, what it said last still reaches the reader.
SIEVE = """
import re, sys
note, goes_on = (re.compile(pattern.encode()) for pattern in sys.argv[1:])
held = False
for line in sys.stdin.buffer:
    held = bool(note.fullmatch(line) or (held and goes_on.fullmatch(line)))
    if not held:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


def setup(language="en", seed=0):
    """Prepare a lesson: language of what `vaelab` shows, Keras' settings, figure style, and all seeds.

    What the user's own configuration sets otherwise (keras.json, KERAS_BACKEND, matplotlibrc) is set right for this
    process; for Keras, a printed line says so. Raises ValueError for a language that has no catalogue, RuntimeError if
    Keras already runs with another backend than TensorFlow.
    """
    set_language(language)
    if getattr(sys.stdout, "errors", None) == "strict":  # a terminal without some character shows a question mark
        sys.stdout.reconfigure(errors="replace")
    asked_backend = os.environ.get("KERAS_BACKEND") or _keras_json()[1].get("backend", "tensorflow")
    start_tensorflow()
    _set_keras_right({} if asked_backend == "tensorflow" else {"backend": asked_backend})
    import keras
    import matplotlib.pyplot as plt

    from vaelab.pictures import use_sharp_pictures

    with contextlib.suppress(ModuleNotFoundError):  # the grader withholds it
        import vaelab.conditional  # noqa: F401 (with it Keras can load the course's models)

    keras.utils.set_random_seed(operator.index(seed))
    plt.rcdefaults()  # these leave the backend as it is, which the notebook has chosen
    plt.rcParams.update(RC)
    use_sharp_pictures()


@functools.cache
def start_tensorflow():
    """Import Keras, on TensorFlow, and start the devices, quietly."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "keras" not in sys.modules:  # an import of it that failed, for want of another backend, leaves that one chosen
        for name in [name for name in sys.modules if name.startswith("keras.")]:
            del sys.modules[name]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors pass
    if not _has_cuda():
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # no advice on retracing: lessons train many small models
    with without_start_up_notes():
        import keras

        if keras.config.backend() != "tensorflow":
            raise RuntimeError(
                tr(
                    "Keras has started with {backend}, and the lessons need TensorFlow. Restart the kernel and call "
                    "vaelab.setup() before anything imports Keras; or take {backend} out of KERAS_BACKEND and {path}."
                ).format(backend=keras.config.backend(), path=_keras_json()[0])
            )
        import tensorflow

        tensorflow.config.list_logical_devices()  # starts the devices now, so that their notes come now


def _has_cuda():
    """Whether the library of an NVIDIA driver is here; without it TensorFlow has no GPU to look for."""
    try:
        return bool(ctypes.CDLL("libcuda.so.1"))
    except OSError:
        return False


def _keras_json():
    """The path of the user's keras.json, and what it sets."""
    path = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")) / "keras.json"
    try:
        return path, dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return path, {}


def _set_keras_right(before):
    """Give Keras the lessons' settings, and say so if any was another one. `before`: those changed already."""
    import keras

    now = {name: "tensorflow" for name in before}
    for name, needed in KERAS.items():
        if not hasattr(keras.config, name):
            continue  # an older Keras has no such setting
        found = getattr(keras.config, name)()
        found = getattr(found, "name", found)
        if found != needed:
            before, now = {**before, name: found}, {**now, name: needed}
            getattr(keras.config, f"set_{name}")(needed)
    if before:
        before, now = (", ".join(f"{name} {value}" for name, value in these.items()) for these in (before, now))
        print(
            tr(
                "Keras was set to {before}: by a variable such as KERAS_BACKEND, by {path} or by an earlier cell. "
                "The lessons need {now}; so it is from here on, in this notebook only."
            ).format(before=before, now=now, path=_keras_json()[0])
        )


@contextlib.contextmanager
def without_start_up_notes():
    """Hold back TensorFlow's start-up notes, some of which come whatever its log level is; everything else passes."""
    note = NOTE
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        note += "|" + NO_GPU
    sieve = None if os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1") else _start_sieve(note)
    if sieve is None:  # then nothing is held back; who sets level 0 or 1 wants to read the notes
        yield
        return
    _flush_stderr()
    kept = os.dup(2)
    os.dup2(sieve.stdin.fileno(), 2)
    sieve.stdin.close()
    try:
        yield
    finally:
        _flush_stderr()
        os.dup2(kept, 2)
        os.close(kept)
        with contextlib.suppress(subprocess.TimeoutExpired):  # something else that was started meanwhile still writes
            sieve.wait(timeout=2)


def _start_sieve(note):
    """The process that passes on what is not a note; None without a standard error or where it can't start."""
    try:
        os.fstat(2)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", SIEVE, note, NOTE_GOES_ON],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process; the sieve ends when it has read everything
        )
    except (OSError, TypeError):
        return None


def _flush_stderr():
    if sys.stderr is not None:
        sys.stderr.flush()
