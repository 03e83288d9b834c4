"""The figure of chapter 10: what it refuses, that the browser draws what Keras draws on either line, how it behaves."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from conftest import left_behind, violations
from vaelab.experiments.chapter10 import spherical_line, straight_line
from vaelab.vae import build_vae_decoder
from vaelab.widgets import CodeWalker

rng = np.random.default_rng(0)
CODES, NAMES = rng.standard_normal((4, 6)), ["«a 1»", "«a 2»", "«a 3»", "«a 4»"]
DIRECTIONS = {"«lean»": 0.4 * rng.standard_normal(6), "«width»": 0.4 * rng.standard_normal(6)}


def decoder_of(latent_dim=6, widths=(24, 32), scale=1.5):
    """A decoder with random weights and biases."""
    keras.utils.set_random_seed(3)
    decoder = build_vae_decoder(latent_dim, widths)
    weights = [rng.normal(size=w.shape) * scale / np.sqrt(max(2, w.shape[0])) for w in decoder.get_weights()]
    decoder.set_weights(weights)
    return decoder


@pytest.fixture(scope="module")
def decoder():
    return decoder_of()


def walker(decoder, **options):
    return CodeWalker(decoder, CODES, NAMES, DIRECTIONS, **options)


def drawn(page):
    """The two images, straight and spherical, 1 for ink, each flat."""
    return page.evaluate("""() => [...document.querySelectorAll(".vx-frame canvas")].slice(0, 2).map((canvas) => {
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return Array.from({ length: data.length / 4 }, (_, i) => 1 - data[4 * i] / 255);
    })""")


def expected(decoder, start, end, way, amounts):
    added = np.array(amounts) @ np.array([*DIRECTIONS.values()])
    codes = [line(CODES[[start]], CODES[[end]], way) + added for line in (straight_line, spherical_line)]
    images = [ops.convert_to_numpy(ops.sigmoid(decoder(z.astype("float32")))).ravel() for z in codes]
    return images, [np.linalg.norm(z) for z in codes]


@pytest.mark.parametrize(
    ("codes", "names", "directions", "options", "message"),
    [
        (CODES[:, :5], NAMES, {}, {}, r"codes has shape \(4, 5\); expected \(n, 6\)"),
        (CODES[:1], NAMES[:1], {}, {}, "There are 1 codes and 1 names; expected at least 2"),
        (CODES, NAMES[:3], {}, {}, "There are 4 codes and 3 names"),
        (CODES, NAMES, {"lean": np.ones(5)}, {}, r"direction 'lean' has shape \(5,\); expected \(6,\), finite"),
        (CODES, NAMES, {"lean": np.full(6, np.nan)}, {}, "direction 'lean'"),
        (CODES, NAMES, {}, {"start": (0, 4)}, r"ends is \(0, 4\); expected two whole numbers from 0 to 3"),
        (CODES, NAMES, {}, {"start": (0, 0.5)}, "expected two whole numbers"),
        (np.repeat(CODES[:1], 2, axis=0), NAMES[:2], {}, {}, "pairs have no arc"),
    ],
)
def test_bad_arguments_are_refused(decoder, codes, names, directions, options, message):
    with pytest.raises(ValueError, match=message):
        CodeWalker(decoder, codes, names, directions, **options)


def test_decoders_that_the_browser_cannot_run_are_refused(decoder):
    with pytest.raises(TypeError, match="decoder is a function; expected a keras.Model"):
        walker(decoder_of)
    z = keras.Input((6,))
    with pytest.raises(ValueError, match=r"arrays of shape \(None, 9\); expected logits"):
        walker(keras.Model(z, layers.Dense(9)(z)))
    with pytest.raises(ValueError, match="expected logits"):
        walker(keras.Model(z, layers.Reshape((3, 3, 1))(layers.Dense(9, activation="sigmoid")(z))))
    with pytest.raises(ValueError, match="cannot run in the browser"):
        walker(keras.Model(z, layers.Reshape((3, 3, 1))(layers.LayerNormalization()(layers.Dense(9)(z)))))
    with pytest.raises(ValueError, match=r"misses its own pixels by .*; expected at most 0.01"):
        walker(decoder_of(widths=(256, 512), scale=40))


def test_python_and_browser_hold_the_same_places(decoder):
    figure = walker(decoder, start=(2, 1))
    figure.way, figure.amounts, figure.ends = 1.7, [3, -0.5], np.array([1, 3])
    assert (figure.way, figure.amounts, figure.ends) == (1.0, [2.0, -0.5], [1, 3])
    for name, value, message in (("way", "far", "way is 'far'"), ("amounts", [1], "amounts has 1 numbers; expected 2"),
                                 ("ends", [1], "ends is")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            setattr(figure, name, value)


@pytest.mark.parametrize(
    ("ends", "way", "amounts"), [((0, 1), 0.5, (0, 0)), ((3, 2), 0.2, (1.5, -2)), ((1, 0), 1, (0, 1))]
)
def test_the_browser_draws_python_s_images_and_lengths(show, decoder, ends, way, amounts):
    figure = walker(decoder, start=ends)
    figure.way, figure.amounts = way, amounts
    page = show(figure)
    images, lengths = expected(decoder, *ends, way, amounts)
    for found, wanted in zip(drawn(page), images, strict=True):
        assert np.abs(np.array(found) - wanted).max() < 0.015  # 0.01 by rounding weights, and 1/255 by the canvas
    words = page.locator(".vx-readout strong").text_content()
    assert f"{lengths[0]:.2f} on the straight line, {lengths[1]:.2f} on the spherical" in words
    assert repr(figure).endswith(f"|z| = {lengths[0]:.2f} and {lengths[1]:.2f}")
    heights = page.evaluate("""() => ["straight", "spherical"].map((name) =>
        Number(document.querySelector(`svg circle.cw-${name}`).getAttribute("cy")))""")
    base, top = 158, 28  # length 0 and the ceiling, 1.15 times the band's upper end or the longest code
    assert (base - heights[0]) / (base - heights[1]) == pytest.approx(lengths[0] / lengths[1], rel=1e-3)
    assert top - 1 <= min(heights)


def test_the_share_of_the_prior_nearer_to_0_is_right(show, decoder):
    from scipy.stats import chi

    figure = walker(decoder)
    page = show(figure)
    _, lengths = expected(decoder, 0, 1, 0.5, (0, 0))
    for length in lengths:
        share = 100 * chi.cdf(length, 6)
        assert f"{share:.{1 if share < 10 else 0}f} %" in page.locator(".vx-readout").text_content()


def test_a_decoder_of_the_course_s_width_is_small_and_fine(show):
    decoder = decoder_of(latent_dim=6, widths=(256, 512), scale=1.2)
    figure = walker(decoder)
    assert len(figure.weights) < 560_000
    page = show(figure)
    images, _ = expected(decoder, 0, 1, 0.5, (0, 0))
    for found, wanted in zip(drawn(page), images, strict=True):
        assert np.abs(np.array(found) - wanted).max() < 0.015


def test_the_third_picture_is_the_difference(show, decoder):
    page = show(walker(decoder))
    straight, spherical = np.array(drawn(page))
    white, red = page.evaluate("""() => {
        const canvas = document.querySelectorAll(".vx-frame canvas")[2];
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return [1, 0].map((c) => Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + c] / 255));
    }""")
    more = spherical - straight
    where = more < -0.05
    assert np.abs(np.array(white)[where] - (1 + more[where])).max() < 0.02  # grey
    assert np.abs(np.array(red) - np.array(white))[where].max() < 0.01
    where = more > 0.05
    assert where.any() and (np.array(red) - np.array(white))[where].min() > 0
    page.evaluate("views[0].model.set('way', 0)")
    assert "Difference of the two images, 0.0 %" in page.locator(".vx-frame canvas").nth(2).get_attribute("aria-label")


def test_keys_move_what_they_should_and_it_is_said(show, decoder):
    page = show(walker(decoder))
    state = "['ends', 'way', 'amounts'].map((name) => views[0].model.get(name))"
    before = drawn(page)
    page.get_by_role("slider", name="way done").focus()
    page.keyboard.press("End")
    assert page.evaluate(state) == [[0, 1], 1, [0, 0]]
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('Length of z')")
    page.get_by_role("slider", name="«width»").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(state)[2] == [0, pytest.approx(-0.1)]
    page.get_by_label("to", exact=True).select_option("«a 4»")
    assert page.evaluate(state)[0] == [0, 3]
    after = drawn(page)
    assert np.abs(np.array(after) - np.array(before)).max() > 0.05
    assert "100 % of the way from «a 1» to «a 4»" in page.locator(".vx-frame canvas").first.get_attribute("aria-label")
    disabled = page.locator("select >> nth=0").locator("option:disabled").all_text_contents()
    assert disabled == ["«a 4»"]  # there is no line from one code to itself


@pytest.mark.parametrize("node", [".vx-frame canvas >> nth=0", ".vx-frame canvas >> nth=1", "svg.vx-drawing"])
def test_dragging_across_a_picture_or_the_curves_walks_there(show, decoder, node):
    page = show(walker(decoder))
    box = page.locator(node).bounding_box()
    left, right = (30, 12) if node.startswith("svg") else (0, 0)  # the axes' margins
    at = lambda way: box["x"] + left + way * (box["width"] - left - right)  # noqa: E731
    y, way = box["y"] + box["height"] / 2, "views[0].model.get('way')"
    page.mouse.move(at(0.9), y)
    assert page.evaluate(way) == 0.5
    page.mouse.down()
    assert page.evaluate(way) == pytest.approx(0.9, abs=0.011)
    page.mouse.move(at(0.25), y)
    assert page.evaluate(way) == pytest.approx(0.25, abs=0.011)
    page.mouse.move(at(0) - 40, y)
    assert page.evaluate(way) == 0
    page.mouse.up()
    page.mouse.move(at(0.7), y)
    assert page.evaluate(way) == 0
    assert page.get_by_role("slider", name="way done").input_value() == "0"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_it_plays_and_pauses(show, decoder, motion):
    page = show(walker(decoder), reduced_motion=motion)
    way = "views[0].model.get('way')"
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{way} >= 0.6")
    page.get_by_role("button", name="Pause").click()
    paused = page.evaluate(way)
    page.wait_for_timeout(900)
    assert page.evaluate(way) == paused
    page.evaluate("views[0].model.set('way', 0.95)")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for()  # it stops at the end
    assert page.evaluate(way) == 1


def test_python_s_change_is_drawn(show, decoder):
    page = show(walker(decoder))
    before = drawn(page)
    page.evaluate("views[0].model.set('way', 0)")
    assert np.abs(np.array(drawn(page)) - np.array(before)).max() > 0.01
    assert page.get_by_role("slider", name="way done").input_value() == "0"


def test_the_still_picture_and_its_one_line_stay_the_same(decoder):
    first, second = (walker(decoder)._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 90_000
    assert first["text/plain"] == second["text/plain"]
    assert first["text/plain"].startswith("CodeWalker: 50% from «a 1» to «a 2», |z| = ")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, decoder, width, scheme):
    page = show(walker(decoder), width=width, color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for slider in page.get_by_role("slider").all():
        assert slider.bounding_box()["height"] >= 44 and slider.bounding_box()["width"] >= 80
    assert violations(page) == ""


def test_no_english_word_is_left_in_another_language(show, decoder, english_left):
    page = show(walker(decoder))
    assert english_left(page) == []
    assert "," in page.locator(".vx-readout").text_content().replace("»", "")


def test_removing_the_figure_leaves_no_listeners(show, decoder):
    assert left_behind(show(walker(decoder))) == 0
