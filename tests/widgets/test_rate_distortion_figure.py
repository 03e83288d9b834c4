"""The figure of chapter 08: what it refuses, that browser and store agree, and how it behaves under the reader."""

import base64

import numpy as np
import pytest

from conftest import left_behind, violations
from vaelab.images import pack_images
from vaelab.widgets import RateDistortionFigure

BETAS = [0.1, 1.0, 4.0]
ROWS = np.random.default_rng(0).integers(0, 16, (7, 10, 28, 28)) / 15


def run(rate, distortion, active):
    kl = [rate * share for share in (0.6, 0.3, 0.1, 0.0)]
    return {"rate": rate, "distortion": distortion, "kl": kl, "active": [1] * active + [0] * (4 - active)}


def stored(**changes):
    seeds = {
        seed: {"0.1": run(40 + s, 60, 4), "1": run(20 + s, 84.5, 3), "4": run(5 + s, 130, 1)}
        for s, seed in enumerate("012")
    }
    return {"betas": BETAS, **seeds, "pictures": pack_images(ROWS[..., None]), "made_with": {}, **changes}


def slider(page):
    return page.get_by_role("slider", name="β, the price of a nat")


def test_rows_of_stored_pictures_keep_their_sixteen_shades():
    figure = RateDistortionFigure(stored())
    np.testing.assert_array_equal(figure._images, np.round(15 * ROWS))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"betas": []}, "keys betas, 0, 1, 2, pictures.*; expected betas, pictures and seeds"),
        ({"betas": [0.1, 1.0, 5.0]}, "beta 5 is incomplete: '5'"),
        ({"0": {}}, "beta 0.1 is incomplete"),
        ({"0": {**stored()["0"], "1": {"rate": 1}}}, "beta 1 is incomplete: 'distortion'"),
        ({"pictures": "abc"}, "pictures can't be read"),
        ({"pictures": base64.b64encode(b"no picture").decode()}, "pictures can't be read"),
        ({"pictures": pack_images(ROWS[:5, ..., None])}, "50 stored pictures; expected 70"),
    ],
)
def test_incomplete_results_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        RateDistortionFigure(stored(**changes))


@pytest.mark.parametrize("beta", [2, 0, float("nan"), "much", None])
def test_a_beta_that_was_not_measured_is_refused(beta):
    with pytest.raises(ValueError, match="expected one of 0.1, 1, 4"):
        RateDistortionFigure(stored(), beta=beta)
    figure = RateDistortionFigure(stored())
    with pytest.raises(ValueError, match="expected one of 0.1, 1, 4"):
        figure.beta = beta
    figure.beta = np.float32(0.1)
    assert figure.beta == 0.1


def test_the_browser_draws_the_stored_pictures(show):
    page = show(RateDistortionFigure(stored(), beta=4.0))
    found = page.evaluate("""() => [...document.querySelectorAll("canvas")].map((canvas) => {
        const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return { width, ink: Array.from(data).filter((_, i) => i % 4 === 0).map((value) => (255 - value) / 17) };
    })""")
    for canvas, row in zip(found, (ROWS[0], ROWS[5], ROWS[6]), strict=True):
        drawn = np.array(canvas["ink"]).reshape(28, canvas["width"])
        images = np.stack([drawn[:, 30 * i : 30 * i + 28] for i in range(10)])
        np.testing.assert_array_equal(images, np.round(15 * row))
        assert drawn[:, 28:30].max() == 0  # the gap


def test_the_keyboard_moves_the_marker_and_it_is_said(show):
    page = show(RateDistortionFigure(stored(), beta=0.1))
    assert page.evaluate("views[0].readyAtOnce") == "true"
    readout = page.locator(".vx-readout")
    assert readout.text_content().startswith("β = 0.1: rate 40.0 nats, distortion 60.0 nats. Their sum, −ELBO: 100.0")
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("views[0].model.get('beta')") == 1
    wanted = "β = 1: rate 20.0 nats, distortion 84.5 nats. Their sum, −ELBO: 104.5 nats. Active units: 3 of 4."
    assert readout.text_content() == wanted
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('β = 1: rate 20.0')")
    assert slider(page).get_attribute("aria-valuetext") == "β = 1"
    assert "rate 20.0" in page.locator(".rd-curve").get_attribute("aria-label")
    assert "the largest is 12.00 nats" in page.locator(".rd-bars").get_attribute("aria-label")
    assert page.locator(".rd-bar").count() == 4 and page.locator(".rd-active").count() == 3
    page.keyboard.press("End")
    assert page.locator(".rd-active").count() == 1 and "β = 4" in readout.text_content()


def test_the_marker_and_the_line_of_equal_sums_lie_where_they_should(show):
    page = show(RateDistortionFigure(stored(), beta=1.0))
    place, line, scale = page.evaluate("""() => {
        const number = (node, names) => names.map((name) => Number(node.getAttribute(name)));
        const dots = [...document.querySelectorAll(".rd-dot")].map((dot) => number(dot, ["cx", "cy"]));
        const marker = number(document.querySelector(".rd-marker"), ["cx", "cy"]);
        return [marker, number(document.querySelector(".rd-sum"), ["x1", "y1", "x2", "y2"]), dots];
    }""")
    assert place == scale[1]
    per_rate, per_distortion = (scale[0][0] - scale[2][0]) / (40 - 5), (scale[0][1] - scale[2][1]) / (60 - 130)
    for x, y in (line[:2], line[2:]):
        assert (x - place[0]) / per_rate + (y - place[1]) / per_distortion == pytest.approx(0, abs=0.01)


def test_a_click_chooses_the_nearest_point(show):
    page = show(RateDistortionFigure(stored(), beta=1.0))
    box = page.locator(".rd-dot").nth(2).bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 12)
    assert page.evaluate("views[0].model.get('beta')") == 4
    page.evaluate("views[0].model.set('beta', 0.1)")
    assert "β = 0.1" in page.locator(".vx-readout").text_content() and slider(page).input_value() == "0"


def test_the_marker_is_dragged_along_the_points(show):
    page = show(RateDistortionFigure(stored(), beta=0.1))
    first, last = (page.locator(".rd-dot").nth(i).bounding_box() for i in (0, 2))
    page.mouse.move(first["x"], first["y"])
    page.mouse.down()
    page.mouse.move(last["x"], last["y"], steps=5)
    page.mouse.up()
    assert page.evaluate("views[0].model.get('beta')") == 4


def test_a_telephone_shows_the_curve_and_its_digits_together(show):
    page = show(RateDistortionFigure(stored()), width=390)
    curve, rows = (page.locator(name).bounding_box() for name in (".rd-curve", ".rd-rows"))
    assert rows["y"] + rows["height"] - curve["y"] < 480


def test_the_still_picture_and_its_one_line_stay_the_same():
    first, second = (RateDistortionFigure(stored())._repr_mimebundle_()[0] for _ in range(2))
    assert first["text/plain"] == second["text/plain"]
    wanted = "RateDistortionFigure: beta 1, rate 20.0 nats, distortion 84.5 nats, 3 of 4 units active"
    assert first["text/plain"] == wanted
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG") and len(png) < 120_000 and first["image/png"] == second["image/png"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(show, scheme):
    page = show(RateDistortionFigure(stored()), RateDistortionFigure(stored(), beta=4.0), color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (2 if scheme == "dark" else 0)
    assert violations(page) == ""


@pytest.mark.parametrize("width", [320, 390, 900])
def test_the_figure_fits_the_page(show, width):
    page = show(RateDistortionFigure(stored(), beta=0.1), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for picture in (".rd-curve", ".rd-bars"):
        right = page.locator(picture).bounding_box()
        for text in page.locator(f"{picture} text").all():
            box = text.bounding_box()
            assert box["x"] >= right["x"] - 1 and box["x"] + box["width"] <= right["x"] + right["width"] + 1
    assert slider(page).bounding_box()["height"] >= 44 and slider(page).bounding_box()["width"] >= 80


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = show(RateDistortionFigure(stored()))
    assert english_left(page) == []
    assert "84,5" in page.locator(".vx-readout").text_content()


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(show(RateDistortionFigure(stored()))) == 0
