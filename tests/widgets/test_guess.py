"""The figure that waits for a guess: nothing of the truth before it, no trace of the guess anywhere, a way back."""

import pytest

from conftest import left_behind, violations
from files import ROOT
from vaelab.widgets import Guess

CHAPTERS = sorted((ROOT / "notebooks/en").glob("[01][0-9]-*.md"))[1:]


def bar():
    return Guess("Of a hundred, how many?", 37.4)


def choice():
    return Guess("Which row?", "B", choices=["A", "B", "C"])


def answer(page):
    return page.get_by_role("button", name="Show the answer")


def test_the_truth_waits_for_a_guess_by_the_keyboard(show):
    page = show(bar())
    answer(page).click(force=True)
    assert "37" not in page.locator("body").inner_text() and page.locator(".gs-truth").count() == 0
    page.get_by_role("slider").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "Your guess: 53 %." in page.locator(".vx-readout").inner_text()
    assert "37" not in page.locator("body").inner_text()
    answer(page).focus()
    page.keyboard.press("Enter")
    told = "The truth: 37 %. Your guess is 16 % too high."
    assert told in page.locator(".vx-readout").inner_text() and page.locator(".gs-truth").count() == 1
    page.wait_for_function("told => document.querySelector('[aria-live]').textContent.includes(told)", arg=told)
    page.get_by_role("slider").press("ArrowRight")
    assert "Your guess: 53 %." in page.locator(".vx-readout").inner_text(), "what is answered stays answered"
    page.get_by_role("button", name="Start again").click()
    assert "No guess yet." in page.locator(".vx-readout").inner_text() and page.locator(".gs-truth").count() == 0


def test_the_bar_follows_the_mouse(show):
    page = show(bar())
    box = page.locator(".gs-bars").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + 20)
    assert "Your guess: 25 %." in page.locator(".vx-readout").inner_text()


def test_a_choice_is_marked(show):
    page = show(choice())
    page.get_by_role("button", name="C", exact=True).click()
    assert page.locator(".gs-true").count() == 0
    answer(page).click()
    assert page.locator(".gs-true").inner_text() == "B"
    assert "something else" in page.locator(".vx-readout").inner_text()
    page.get_by_role("button", name="Start again").click()
    assert page.locator(".gs-true").count() == 0


@pytest.mark.parametrize("figure", [bar, choice])
def test_no_guess_is_kept_and_nothing_is_left(show, figure):
    page = show(figure(), width=390)
    before = page.evaluate("location.href")
    control = page.locator(".gs-slider input, [aria-pressed]").first
    control.press("ArrowRight") if figure is bar else control.click()
    answer(page).click()
    page.wait_for_timeout(600)
    assert page.evaluate("[localStorage.length, sessionStorage.length, location.href]") == [0, 0, before]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == ""
    assert not {"guess", "shown"} & set(figure().traits(sync=True))
    assert not left_behind(page)


def test_the_words_of_the_still_picture_do_not_give_it_away():
    data, _ = bar()._repr_mimebundle_()
    assert "37" not in data["text/plain"] and data["image/png"]


def test_a_truth_that_nobody_could_guess_is_refused():
    with pytest.raises(ValueError, match="span"):
        Guess("?", 101)
    with pytest.raises(ValueError, match="choices"):
        Guess("?", "D", choices=["A", "B"])


@pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_each_chapter_asks_once(path):
    assert len(CHAPTERS) == 10
    assert path.read_text(encoding="utf-8").count(" Guess(") == 1
