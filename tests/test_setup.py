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


def test_setup_is_silent_and_passes_on_what_is_not_noise():
    code = (
        "import vaelab; vaelab.setup('en')\n"
        "from vaelab.style import _without_driver_notes\n"
        "import os\n"
        "with _without_driver_notes(): os.write(2, b'I0000 cudart_stub.cc:31] no drivers\\nsomething real\\n')"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "CUDA_"))}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert said.stderr == "something real\n" and said.stdout == ""


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
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 2 of 5. Run this cell again"):
        model.fit(x, x, epochs=5, batch_size=8, verbose=0, callbacks=[TrainingProgress(), Interrupt()])
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
