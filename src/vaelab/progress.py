"""A progress bar for training that stays small in a stored notebook and can be stopped cleanly."""

import signal
import threading
import time

import keras
from IPython import get_ipython
from IPython.display import display

from vaelab.language import tr


class TrainingProgress(keras.callbacks.Callback):
    """Shows epoch, loss and time while `fit` runs: a bar with the loss curve in a notebook, a line in a terminal.

    Pass it as `fit(..., verbose=0, callbacks=[TrainingProgress()])`. Ctrl-C, or the notebook's stop button, ends
    training after the current batches with a message that says what to do; the model keeps its half-trained weights.
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
        if threading.current_thread() is threading.main_thread():
            self.previous = signal.signal(signal.SIGINT, self._on_interrupt)

    def on_train_batch_end(self, batch, logs=None):
        if self.interrupted:
            self._restore_handler()
            raise KeyboardInterrupt(self._summary())
        if self.handle and time.monotonic() - self.shown_at > 0.25:
            self.fraction = (batch + 1) / (self.params.get("steps") or batch + 1)
            self._show()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.fraction = epoch, 0.0

    def on_epoch_end(self, epoch, logs=None):
        self.epoch, self.fraction = epoch + 1, 0.0
        self.losses.append(float((logs or {}).get("loss", float("nan"))))
        self._show()

    def on_train_end(self, logs=None):
        self._restore_handler()

    def _on_interrupt(self, *_):
        self.interrupted = True

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
            ).format(epoch=self.epoch + 1, epochs=self.params["epochs"])
        loss = f"{self.losses[-1]:.4f}" if self.losses else "…"
        return tr("Epoch {epoch} of {epochs}, loss {loss}, {seconds:.0f} s").format(
            epoch=self.epoch, epochs=self.params["epochs"], loss=loss, seconds=time.monotonic() - self.started
        )

    def __repr__(self):
        return self._summary() if getattr(self, "params", None) else super().__repr__()

    def _repr_html_(self):
        done = 100 * (self.epoch + getattr(self, "fraction", 0.0)) / self.params["epochs"]
        return (
            f'<div style="max-width:36rem"><progress max="100" value="{done:.1f}"'
            f' aria-label="{tr("Training progress")}" style="width:100%;accent-color:#b4235a"></progress>'
            f"<br>{self._summary()}{self._curve()}</div>"
        )

    def _curve(self, width=220, height=36):
        """The losses so far as a small line; the numbers are in the text beside it, so readers' tools may skip it."""
        if len(self.losses) < 2:
            return ""
        low, high = min(self.losses), max(self.losses)
        step, scale = width / (len(self.losses) - 1), (height - 6) / (high - low or 1)
        points = " ".join(f"{i * step:.0f},{height - 3 - (x - low) * scale:.0f}" for i, x in enumerate(self.losses))
        return (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true"'
            f' style="display:block"><polyline points="{points}" fill="none" stroke="currentColor"'
            ' stroke-width="1.5"/></svg>'
        )
