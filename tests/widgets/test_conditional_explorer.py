"""The figure of chapter 09: what it refuses, that the browser draws what Keras draws, and how it behaves."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from conftest import left_behind, violations
from vaelab.conditional import build_conditional_decoder
from vaelab.widgets import ConditionalExplorer

rng = np.random.default_rng(0)
CODES, LABELS = rng.standard_normal((200, 2)), np.arange(200) % 10


def decoder_of(way="one-hot", widths=(24, 32)):
    """A decoder with random weights and biases."""
    keras.utils.set_random_seed(3)
    decoder = build_conditional_decoder(2, widths, way)
    decoder.set_weights([rng.normal(size=w.shape) * 1.5 / np.sqrt(max(2, w.shape[0])) for w in decoder.get_weights()])
    return decoder


@pytest.fixture(scope="module")
def decoder():
    return decoder_of()


def state(page):
    return page.evaluate("[views[0].model.get('point'), views[0].model.get('label')]")


def pixels(page, selector):
    """The grey values of a canvas, 0 for white and 1 for ink."""
    return np.array(
        page.evaluate(
            """(selector) => {
            const canvas = document.querySelector(selector), context = canvas.getContext("2d");
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
            return Array.from({ length: data.length / 4 }, (_, i) => 1 - data[4 * i] / 255);
        }""",
            selector,
        )
    )


def expected(decoder, z, label):
    return ops.convert_to_numpy(ops.sigmoid(decoder([np.array([z], "float32"), np.array([label])]))).ravel()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"codes": CODES}, ValueError, "Of codes and labels one was given; expected both or none"),
        ({"codes": CODES[:, :1], "labels": LABELS}, ValueError, "codes has shape"),
        ({"codes": CODES, "labels": LABELS[:9]}, ValueError, r"expected \(200,\)"),
        (
            {"codes": CODES, "labels": LABELS + 1},
            ValueError,
            "labels has values from 1 to 10; expected labels from 0 to 9",
        ),
        ({"codes": np.full((200, 2), np.nan), "labels": LABELS}, ValueError, "NaN or infinite"),
        ({"label": 10}, ValueError, "label is 10; expected a label from 0 to 9"),
        ({"start": (0, np.nan)}, ValueError, "point is .*expected two finite numbers"),
        ({"reach": 0}, ValueError, "reach is 0; expected a number above 0"),
    ],
)
def test_bad_arguments_are_refused(decoder, arguments, error, message):
    with pytest.raises(error, match=message):
        ConditionalExplorer(decoder, **arguments)


def test_decoders_that_the_browser_cannot_run_are_refused():
    with pytest.raises(TypeError, match="decoder is a function; expected a keras.Model"):
        ConditionalExplorer(decoder_of)
    with pytest.raises(ValueError, match=r"inputs of shapes \[\(None, 3\), \(None,\)\]; expected"):
        ConditionalExplorer(build_conditional_decoder(3, (4,)))
    z, label = keras.Input((2,)), keras.Input((), dtype="int32")
    flat = layers.Dense(9)(layers.Concatenate()([z, ops.one_hot(label, 10)]))
    with pytest.raises(ValueError, match=r"gives arrays of shape \(None, 9\)"):
        ConditionalExplorer(keras.Model([z, label], flat))
    short = layers.Reshape((3, 3, 1))(layers.Dense(9)(layers.Concatenate()([z, ops.one_hot(label, 4)])))
    with pytest.raises(ValueError, match=r"kernel of shape \(6, 9\) with its labels; expected \(12, units\)"):
        ConditionalExplorer(keras.Model([z, label], short))
    with pytest.raises(ValueError, match="cannot run in the browser"):
        normed = layers.LayerNormalization()(flat)
        ConditionalExplorer(keras.Model([z, label], layers.Reshape((3, 3, 1))(normed)))
    backwards = layers.Concatenate()([ops.one_hot(label, 10), z])  # the label's rows first
    turned = layers.Reshape((3, 3, 1))(layers.Dense(9)(backwards))
    with pytest.raises(ValueError, match="miss its output"):
        ConditionalExplorer(keras.Model([z, label], turned))


@pytest.mark.parametrize("way", ["one-hot", "embedding"])
def test_the_browser_draws_keras_digit(show, way):
    decoder = decoder_of(way)
    page = show(ConditionalExplorer(decoder, label=6, start=(0.7, -1.1)))
    assert page.locator(".vaelab-explorer").get_attribute("data-ready") == "true"
    assert np.abs(pixels(page, ".vx-frame canvas") - expected(decoder, (0.7, -1.1), 6)).max() < 0.01
    for label in range(10):
        drawn = pixels(page, f".ce-option:nth-of-type({label + 1}) canvas")
        assert np.abs(drawn - expected(decoder, (0.7, -1.1), label)).max() < 0.01


def test_a_decoder_of_the_course_s_width_is_small_and_fine(show):
    """The real thing, 256-512: packed in few bits, under 600 kB, and right at points that took no part in it."""
    decoder = decoder_of(widths=(256, 512))
    figure = ConditionalExplorer(decoder)
    assert len(figure.weights) < 1_100_000
    page = show(figure)
    for z, label in [((0.313, -0.97), 0), ((-2.71, 1.83), 4), ((2.9, 2.9), 9)]:
        page.evaluate("(label) => views[0].model.set('label', label)", label)
        page.evaluate("(z) => views[0].model.set('point', z)", list(z))
        assert np.abs(pixels(page, ".vx-frame canvas") - expected(decoder, z, label)).max() < 0.01


def test_the_still_picture_stays_the_same(decoder):
    first, second = (ConditionalExplorer(decoder, CODES, LABELS)._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 90_000
    assert first["text/plain"] == second["text/plain"] == "ConditionalExplorer: label 3, point (0.00, 0.00)"


def test_keys_move_what_they_should(show, decoder):
    page = show(ConditionalExplorer(decoder, CODES, LABELS, start=(0.5, 0.5)))
    plane = page.get_by_role("application")
    plane.focus()
    before = pixels(page, ".vx-frame canvas")
    page.keyboard.press("8")
    assert state(page) == [[0.5, 0.5], 8] and page.get_by_role("radio", name="digit 8").is_checked()
    assert np.abs(pixels(page, ".vx-frame canvas") - before).max() > 0.05
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert np.allclose(state(page)[0], [0.44, 0.8])
    page.keyboard.press("Home")
    assert state(page) == [[0.5, 0.5], 8]
    page.get_by_role("radio", name="digit 8").focus()
    page.keyboard.press("ArrowRight")
    assert state(page) == [[0.5, 0.5], 9]
    page.keyboard.press("2")
    assert state(page)[1] == 2 and page.evaluate("document.activeElement.value") == "2"
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('label 2')")


def test_the_mouse_moves_what_it_should(show, decoder):
    page = show(ConditionalExplorer(decoder, CODES, LABELS))
    box = page.locator(".vx-plot canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=3)
    page.mouse.up()
    assert np.allclose(state(page)[0], [1.5, 1.5], atol=0.03)
    page.mouse.move(box["x"], box["y"])
    assert np.allclose(state(page)[0], [1.5, 1.5], atol=0.03)  # the button is up
    page.locator(".ce-option").nth(5).click()
    assert state(page)[1] == 5
    readout = page.locator(".vx-readout").inner_text()
    assert readout.startswith("z = (1.5") and "label 5" in readout
    assert "11 % lie farther out" in readout  # exp(-1.5²)


def test_a_pinned_handwriting_stays_below_the_digits(show, decoder):
    page = show(ConditionalExplorer(decoder, CODES, LABELS, start=(0.5, 0.5)))
    lower = ".ce-option:nth-of-type(7) canvas:last-of-type"
    assert not page.locator(lower).is_visible()
    page.get_by_role("button", name="Pin this handwriting").click()
    page.get_by_role("application").press("Shift+ArrowLeft")
    assert page.locator(lower).is_visible()
    assert np.abs(pixels(page, lower) - expected(decoder, (0.5, 0.5), 6)).max() < 0.01
    assert "the pinned z = (0.50, 0.50)" in page.locator("legend").inner_text()
    page.get_by_role("button", name="Take the pin out").click()
    assert not page.locator(lower).is_visible()


def test_python_and_browser_hold_the_same_point(show, decoder):
    figure = ConditionalExplorer(decoder)
    figure.point = (5, -0.25)
    assert figure.point == [3.0, -0.25]
    with pytest.raises(ValueError, match="label is -1"):
        figure.label = -1
    page = show(figure)
    page.evaluate("views[0].model.set('label', 7)")
    assert page.get_by_role("radio", name="digit 7").is_checked()
    assert "z = (3.00, −0.25), label 7." in page.locator(".vx-readout strong").inner_text()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, decoder, width, scheme):
    page = show(ConditionalExplorer(decoder, CODES, LABELS), width=width, color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""
    for control in page.locator(".ce-option").all():
        assert control.bounding_box()["height"] >= 44 and control.bounding_box()["width"] >= 44


def test_no_english_word_is_left_in_another_language(show, decoder, english_left):
    page = show(ConditionalExplorer(decoder, CODES, LABELS))
    assert english_left(page, "z₁", "z₂") == []


def test_removing_the_figure_leaves_no_listeners(show, decoder):
    assert left_behind(show(ConditionalExplorer(decoder, CODES, LABELS))) == 0
