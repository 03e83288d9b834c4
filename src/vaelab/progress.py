"""A progress bar for training that stays small in a stored notebook and can be stopped cleanly."""

import contextlib
import functools
import inspect
import math
import signal
import threading
import time

import keras
from IPython import get_ipython
from IPython.display import display

from vaelab.checks import check_images, check_labels, plain_numbers
from vaelab.language import tr


class TrainingProgress(keras.callbacks.Callback):
    """Shows epoch, loss and time while `fit` runs: a bar with the loss curve in a notebook, a line in a terminal.

    Pass it as `fit(..., verbose=0, callbacks=[TrainingProgress()])`. Ctrl-C, or the notebook's stop button, ends
    training, whatever it is at, after the current batches, with a message that says what to do; the model keeps its
    half-trained weights. Where the loss is no finite number, it says that training has diverged.
    """

    def on_train_begin(self, logs=None):
        self.started = time.monotonic()
        self.shown_at = 0.0
        self.epoch = 0
        self.losses = []
        self.interrupted = False
        self.handle = display(self, display_id=True) if get_ipython() else None
        # Only the main thread may replace the handler; elsewhere Ctrl-C keeps its usual meaning.
        self.previous = None
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not None:
            self.previous = signal.signal(signal.SIGINT, self._on_interrupt)

    def on_train_batch_end(self, batch, logs=None):
        if self.interrupted:  # and still here: Python drops what is raised while it destroys an object
            raise self._stop()
        if self.handle and time.monotonic() - self.shown_at > 0.25:
            self.fraction = (batch + 1) / (self.params.get("steps") or batch + 1)
            self._show()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.fraction = epoch, 0.0

    def on_epoch_end(self, epoch, logs=None):
        self.epoch, self.fraction = epoch + 1, 0.0
        if "loss" in (logs or {}):
            self.losses.append(float(logs["loss"]))
        self._show()

    def on_train_end(self, logs=None):
        self._restore_handler()

    def _on_interrupt(self, number, frame):
        self._restore_handler()
        if not self._trains_in(frame):
            signal.raise_signal(number)  # `fit` ended with an error, of which no callback hears: as if it had not been
            return
        self.interrupted = True
        raise self._stop()

    def _stop(self):
        stop = KeyboardInterrupt(self._summary())
        stop._render_traceback_ = lambda: [str(stop)]  # IPython shows this, not forty lines of Keras
        return stop

    def _trains_in(self, frame):
        """Whether a `fit` that this is a callback of is among the running functions, the innermost given."""
        while frame is not None and self not in getattr(frame.f_locals.get("callbacks"), "callbacks", ()):
            frame = frame.f_back
        return frame is not None

    def _restore_handler(self):
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)
            self.previous = None

    def _show(self):
        self.shown_at = time.monotonic()
        if self.handle:
            self.handle.update(self)
        else:
            print(self._summary())

    def _summary(self):
        if self.interrupted:
            return tr(
                "Training was stopped in epoch {epoch} of {epochs}. Run this cell again to train from the start."
            ).format(epoch=min(self.epoch + 1, self.params["epochs"]), epochs=self.params["epochs"])
        if self.losses and not math.isfinite(self.losses[-1]):
            return tr(
                "Epoch {epoch} of {epochs}: training has diverged, the loss is {loss}. Check that the data is finite, "
                "or lower the learning rate, and train a new model."
            ).format(epoch=self.epoch, epochs=self.params["epochs"], loss=self.losses[-1])
        loss = f"{self.losses[-1]:.4f}" if self.losses else "…"
        return tr("Epoch {epoch} of {epochs}, loss {loss}, {seconds:.0f} s").format(
            epoch=self.epoch, epochs=self.params["epochs"], loss=loss, seconds=time.monotonic() - self.started
        )

    def __repr__(self):
        return self._summary() if getattr(self, "params", None) else super().__repr__()

    def _repr_html_(self):
        done = 100 * (self.epoch + getattr(self, "fraction", 0.0)) / max(self.params["epochs"], 1)
        return (
            f'<div style="max-width:36rem"><progress max="100" value="{done:.1f}"'
            f' aria-label="{tr("Training progress")}" style="width:100%;accent-color:#b4235a"></progress>'
            f"<br>{self._summary()}{self._curve()}</div>"
        )

    def _curve(self, width=220, height=36):
        """The losses so far as a small line; the numbers are in the text beside it, so readers' tools may skip it."""
        drawn = {i: x for i, x in enumerate(self.losses) if abs(x) < 1e300}  # so that differences are finite too
        if len(drawn) < 2:
            return ""
        low, high = min(drawn.values()), max(drawn.values())
        step, scale = width / (len(self.losses) - 1), (height - 6) / (high - low or 1)
        points = " ".join(f"{i * step:.0f},{height - 3 - (x - low) * scale:.0f}" for i, x in drawn.items())
        return (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true"'
            f' style="display:block"><polyline points="{points}" fill="none" stroke="currentColor"'
            ' stroke-width="1.5"/></svg>'
        )


@contextlib.contextmanager
def interrupts_restored():
    """After it, Ctrl-C does what it did before, whatever happened within: no callback hears of an error in `fit`."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGINT, before)


def trains(function):
    """Decorator of the functions that train a network: checks x_train and y_train, digits' labels, before all else.

    x_train is handed on as float32, and seeds and counts may be NumPy's, see `plain_numbers`. After any exit Ctrl-C
    does what it did before. Raises TypeError or ValueError as `check_images` and `check_labels`.
    """
    signature = inspect.signature(function)

    @plain_numbers
    @functools.wraps(function)
    def trained(*args, **settings):
        given = signature.bind(*args, **settings)
        x = given.arguments["x_train"] = check_images(given.arguments["x_train"], "x_train")
        if "y_train" in given.arguments:
            check_labels(given.arguments["y_train"], len(x), "y_train", classes=10)
        with interrupts_restored():
            return function(*given.args, **given.kwargs)

    return trained
