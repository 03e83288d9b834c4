"""Language, style, progress and pictures: what the lessons stand on without noticing."""

import ast
import os
import re
import signal
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

import vaelab
from conftest import ROOT
from vaelab import language
from vaelab.plots import place_labels, scatter_codes, show_images

SOURCES = sorted((ROOT / "src" / "vaelab").rglob("*.py"))


def test_importing_vaelab_is_light():
    code = "import sys, vaelab; print(sorted({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def run(code, *, stderr=subprocess.PIPE, **environment):
    """Run code in a new Python that has none of our variables, but these."""
    ours = ("TF_", "CUDA_", "KERAS_", "MPL")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    kept |= {key: str(value) for key, value in environment.items() if value is not None}
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=stderr, text=True, env=kept)


def test_setup_is_silent():
    said = run("import vaelab; vaelab.setup('en')")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


ABSL = "0000 00:00:1795715920.577300    2601 "
OLD = "2026-11-26 17:54:54.123456: "
HELD_BACK = [  # no present version of TensorFlow says any of these but the first
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    f"I{ABSL}nobody_knows.cc:7] quantum units are on.",
    f"W{ABSL}nobody_knows.cc:7] the moon is full",
    "W1126 17:54:54.123456    2601 some/folder/nobody_knows.h:7] the moon is full",
    f"{OLD}I tensorflow/core/nobody_knows.cc:7] quantum units are on.",
    f"{OLD}W external/nobody_knows.cc:7] ",
    f"I{ABSL}cpu_guard.cc:7] This binary is optimized.\nTo enable the following instructions: XYZ, rebuild it.",
]
PASSED_ON = [
    f"E{ABSL}nobody_knows.cc:7] out of memory",
    f"F{ABSL}nobody_knows.cc:7] Check failed: x == y",
    f"{OLD}E tensorflow/core/nobody_knows.cc:7] out of memory",
    f"{OLD}F tensorflow/core/nobody_knows.cc:7] Check failed: x == y",
    "I have something to say about cudart_stub.cc:31] and rebuild TensorFlow",
    f"lost I{ABSL}nobody_knows.cc:7] in the middle of a line",
    "lesson.py:1: UserWarning: careful\n  warnings.warn('careful')",
    "To enable the following instructions: read them",
    f"E{ABSL}cuda.cc:7] failed call to cuInit: INTERNAL: 303",
    f"{OLD}E cuda.cc:7] failed call to cuInit: INTERNAL: 303",
]


def heard(text, then="pass", **environment):
    """What reaches the reader of `text` that TensorFlow writes at its start."""
    code = (
        "import os, signal\nfrom vaelab.lesson import without_start_up_notes\n"
        f"with without_start_up_notes():\n    os.write(2, {text.encode()!r})\n    {then}"
    )
    return run(code, **environment).stderr


@pytest.mark.parametrize("level", [None, "2", "3"])
def test_start_up_notes_are_held_back_and_everything_else_passes(level):
    mixed = [line + "\n" for pair in zip(HELD_BACK, PASSED_ON, strict=False) for line in pair]
    mixed += [line + "\n" for line in PASSED_ON[len(HELD_BACK) :]]
    text = "".join(mixed) + f"I{ABSL}nobody_knows.cc:7] a line without its end"
    assert heard(text, TF_CPP_MIN_LOG_LEVEL=level) == "".join(
        line + "\n" for line in PASSED_ON) + text.splitlines()[-1]  # fmt: skip


@pytest.mark.parametrize("level", ["0", "1"])
def test_nothing_is_held_back_from_a_user_who_asked_for_notes(level):
    text = "\n".join(HELD_BACK) + "\n"
    assert heard(text, TF_CPP_MIN_LOG_LEVEL=level) == text


@pytest.mark.parametrize("devices", ["-1", ""])
def test_a_missing_gpu_is_no_error_where_none_was_asked_for(devices):
    text = "".join(line + "\n" for line in PASSED_ON)
    assert heard(text, CUDA_VISIBLE_DEVICES=devices) == "".join(line + "\n" for line in PASSED_ON[:-2])
    assert heard(text, CUDA_VISIBLE_DEVICES="0") == text


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(1)"])
def test_last_words_of_a_process_that_crashes_are_heard(end):
    text = f"{HELD_BACK[1]}\n{PASSED_ON[1]}\nno end of line"
    assert heard(text, end) == f"{PASSED_ON[1]}\nno end of line"


def test_an_exception_at_the_start_shows_its_text():
    said = heard("", "raise ImportError('no such library')")
    assert said.startswith("Traceback") and said.endswith("ImportError: no such library\n")


def test_setup_needs_no_standard_error():
    code = (
        "import io, os, sys\nsys.stderr = {}\nos.close(2)\nfrom vaelab.lesson import without_start_up_notes\n"
        "with without_start_up_notes(): pass\nprint('went on')"
    )
    for stream in ("None", "io.StringIO()"):
        assert run(code.format(stream), stderr=None).stdout == "went on\n"
    said = heard("real\n", "import io, sys; sys.stderr = io.StringIO()")
    assert said == "real\n"


def test_the_users_own_configuration_does_not_reach_a_lesson(tmp_path):
    """keras.json, Keras' variables, matplotlibrc, a terminal of few characters; TensorFlow was imported before."""
    (tmp_path / "keras.json").write_text(
        '{"backend": "jax", "floatx": "float16", "image_data_format": "channels_first", "epsilon": 1e-5}'
    )
    (tmp_path / "matplotlibrc").write_text("text.usetex: true\nimage.origin: lower\nbackend: svg\n")
    code = (
        "import tensorflow, vaelab; vaelab.setup(); vaelab.setup(); print('…')\n"
        "import keras, matplotlib.pyplot as plt\n"
        "print(keras.config.backend(), keras.layers.Dense(1).dtype_policy.name, keras.config.image_data_format(),"
        " keras.config.epsilon(), keras.config.max_epochs(),"
        " plt.rcParams['text.usetex'], plt.rcParams['image.origin'], plt.get_backend())"
    )
    said = run(code, KERAS_HOME=tmp_path, KERAS_MAX_EPOCHS=1, MATPLOTLIBRC=tmp_path, PYTHONIOENCODING="cp866")
    assert said.returncode == 0, said.stderr
    told, dots, found = said.stdout.splitlines()
    before = "backend jax, floatx float16, image_data_format channels_first, epsilon 1e-05, max_epochs 1"
    assert f"Keras was set to {before}: by a variable such as KERAS_BACKEND, by {tmp_path / 'keras.json'} or" in told
    assert "The lessons need backend tensorflow, floatx float32, image_data_format channels_last" in told
    assert dots == "?"
    assert found == "tensorflow float32 channels_last 1e-07 None False upper svg"


def test_keras_that_already_runs_on_another_backend_is_named_with_the_remedy(monkeypatch):
    import keras

    from vaelab.lesson import start_tensorflow

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"started with jax.*Restart the kernel.*KERAS_BACKEND and .*keras\.json"):
        start_tensorflow.__wrapped__()


def test_setup_sets_every_seed():
    import keras

    def draw():
        return np.random.random(), float(keras.random.normal((1,))[0])

    vaelab.setup("en")
    first = draw()
    vaelab.setup("en")
    assert draw() == first
    vaelab.setup("en", seed=1)
    assert draw() != first


def test_an_unknown_language_is_refused_with_the_known_ones(english):
    with pytest.raises(ValueError, match="Unknown language 'xx'. Choose one of: .*en"):
        vaelab.setup("xx")


def test_messages_are_translated(english, tmp_path, monkeypatch):
    """A catalogue in the usual place is enough to add a language."""
    catalogue = tmp_path / "xx" / "LC_MESSAGES" / "vaelab.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.touch()
    monkeypatch.setattr(language, "LOCALE", tmp_path)

    class Marked:
        def gettext(self, message):
            return f"«{message}»"

    monkeypatch.setattr(language.gettext, "translation", lambda *_, **__: Marked())
    language.set_language("xx")
    assert language.current_language() == "xx" and language.tr("Epoch") == "«Epoch»"
    with pytest.raises(ValueError, match="^«rows is empty"):
        show_images([])


def test_every_message_goes_through_tr():
    """Errors, labels of axes, titles and texts are never bare literals, and tr is given literals only."""
    shows = {"set_title", "set_xlabel", "set_ylabel", "suptitle", "annotate"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                argument = node.exc.args[0]
                assert not isinstance(argument, ast.Constant | ast.JoinedStr), f"{path}:{node.lineno}"
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in shows and node.args:
                    bare = isinstance(node.args[0], ast.Constant | ast.JoinedStr)
                    wordless = not re.search(r"[^\W\d_]{2}", str(getattr(node.args[0], "value", "words")))
                    assert wordless or not bare, f"{path}:{node.lineno}"
                if name == "tr":
                    assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: tr needs a literal"


@pytest.mark.parametrize("stop_in_epoch", [2])
def test_interrupted_training_says_what_to_do_and_leaves_ctrl_c_as_it_was(stop_in_epoch, capsys):
    import keras

    from vaelab.progress import TrainingProgress

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch + 1 == stop_in_epoch:
                os.kill(os.getpid(), signal.SIGINT)

    x = np.random.default_rng(0).random((64, 3))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 2 of 5. Run this cell again") as stopped:
        model.fit(x, x, epochs=5, batch_size=8, verbose=0, callbacks=[TrainingProgress(), Interrupt()])
    assert stopped.value._render_traceback_() == [str(stopped.value)], "a notebook shows one line"
    assert signal.getsignal(signal.SIGINT) is before
    assert "Epoch 1 of 5, loss" in capsys.readouterr().out
    model.fit(x, x, epochs=1, verbose=0, callbacks=[TrainingProgress()])  # and run again
    assert "Epoch 1 of 1, loss" in capsys.readouterr().out


def test_progress_shows_a_labelled_bar_and_the_loss_curve():
    from vaelab.progress import TrainingProgress

    progress = TrainingProgress()
    progress.set_params({"epochs": 4, "steps": 10})
    progress.on_train_begin()
    for epoch, loss in enumerate((3.0, 2.0, 1.0)):
        progress.on_epoch_begin(epoch)
        progress.on_epoch_end(epoch, {"loss": loss})
    progress.on_train_end()
    html = progress._repr_html_()
    assert 'value="75.0"' in html and "aria-label" in html and "Epoch 3 of 4, loss 1.0000" in html
    assert "<polyline" in html


def test_images_are_drawn_on_one_scale_in_their_places():
    rows = [np.zeros((3, 28, 28, 1)), np.full((2, 28, 28), 0.5)]
    show_images(rows, row_labels=["a", "b"], captions=[["1", "2", "3"], ["4", "5"]])
    figure = plt.gcf()
    axes = np.array(figure.axes).reshape(2, 3)
    assert [len(ax.images) for ax in axes.flat] == [1, 1, 1, 1, 1, 0]
    assert all(ax.images[0].get_clim() == (0, 1) for ax in axes.flat if ax.images)
    assert axes[1, 0].texts[0].get_text() == "b" and axes[0, 2].get_xlabel() == "3" and axes[1, 1].get_xlabel() == "5"
    plt.close(figure)


def test_every_cluster_carries_its_digit_at_its_middle():
    codes = np.array([[0.0, 0], [2, 2], [1, 1], [10, 10]])
    ax = scatter_codes(codes, np.array([4, 4, 4, 7]))
    assert {text.get_text(): text.get_position() for text in ax.texts} == {"4": (1.0, 1.0), "7": (10.0, 10.0)}
    plt.close(ax.figure)
    with pytest.raises(ValueError, match=r"codes has shape \(4, 3\); expected \(n, 2\)"):
        scatter_codes(np.zeros((4, 3)), np.zeros(4, int))


def test_labels_do_not_cover_each_other():
    codes = np.random.default_rng(0).normal(0, 0.01, (50, 2))
    places = np.array([place[1:] for place in place_labels(codes, np.arange(50) % 5, room=(2.0, 1.0))]) / (2.0, 1.0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)[np.triu_indices(5, 1)]
    assert apart.min() > 0.9 and np.abs(places.mean(axis=0)).max() < 0.1
