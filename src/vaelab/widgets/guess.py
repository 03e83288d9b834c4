"""A question that waits for the reader's guess, and then lays the truth over it."""

import textwrap

import traitlets

from vaelab.language import current_language, tr
from vaelab.style import INK, MUTED
from vaelab.widgets.figure import LivingFigure, code, finite_number


class Guess(LivingFigure):
    """Asks `question`; the reader answers in the browser, and only then sees `truth`. The guess itself is kept nowhere.

    truth: a number within `span`, to be guessed by the length of a bar; or one of the words `choices`, to be picked.
    span: the bar's (low, high), for a number; unit: what is written behind it; digits: decimals shown.
    Raises ValueError if the truth is out of the span, or none of the choices.
    """

    _esm, _css = code("guess")
    _still_height = 0.9

    view = traitlets.Dict().tag(sync=True)  # {"truth", "unit", "span", "digits"} or {"truth", "choices"}

    def __init__(self, question, truth, span=(0, 100), unit="%", digits=0, choices=None):
        if choices:
            if truth not in choices:
                raise ValueError(tr("truth is {truth!r}; expected one of the choices.").format(truth=truth))
            view = {"truth": truth, "choices": list(choices)}
        else:
            truth = finite_number(truth, "truth")
            low, high = (finite_number(end, "span") for end in span)
            if not low <= truth <= high or low == high:
                raise ValueError(tr("truth lies outside the span {span}.").format(span=(low, high)))
            view = {"truth": truth, "span": [low, high], "unit": unit, "digits": digits}
        super().__init__(view=view, strings={**_strings(bool(choices)), "question": question})

    def __repr__(self):
        return tr("Guess: {question}").format(question=self.strings["question"])

    def _still(self, figure):
        lines = textwrap.fill(self.strings["question"], 80)
        figure.text(0.02, 0.7, self.strings["title"], color=MUTED, fontsize=10)
        figure.text(0.02, 0.6, lines, color=INK, fontsize=10, va="top")


def _strings(choice):
    """All that the browser says, in the language in use."""
    return {
        "language": current_language(),
        "title": tr("Guess first."),
        "try": tr("Pick an answer, then look at the true one.")
        if choice
        else tr("Move the bar to your guess, then look at the truth."),
        "show": tr("Show the answer"),
        "wait": tr("No guess yet."),
        "guess": tr("Your guess: {guess}."),
        "bar": tr("your guess"),
        "truth": tr("The truth: {truth}."),
        "above": tr("Your guess is {difference} too high."),
        "below": tr("Your guess is {difference} too low."),
        "right": tr("You guessed right."),
        "wrong": tr("You guessed something else."),
    }
