"""Write a digit: the stored networks, MNIST's centring, the browser's arithmetic beside Keras', and the pad in use."""

import json

import numpy as np
import pytest
from keras import ops

from conftest import left_behind, violations
from vaelab.bounds import log_likelihood_on_grid
from vaelab.losses import bernoulli_nll, kl_divergence
from vaelab.networks import load_vae
from vaelab.widgets import DigitWriter
from vaelab.widgets.chain import run
from vaelab.widgets.data_file import FOLDER, read_data_file, unpack
from vaelab.widgets.digit_writer import FILE

# The module's own functions on the networks as the page got them.
PASS = """([images, epsilon]) => {
  const { model, module } = views[0];
  return new Promise((resolve) => {
    const receive = (_, [buffer]) => {
      const { encoder, decoder } = module.readDataFile(buffer);
      const networks = { encoder: module.readLayers(...encoder), decoder: module.readLayers(...decoder) };
      const plain = networks.decoder.filter((layer) => layer.kernel);
      const solver = module.makeSolver(plain);
      resolve(images.map((x) => {
        const one = module.passThrough(networks, x, epsilon), steps = solver.solve(x, one.mean, one.sd);
        one.draws = one.draws.map(({ z, image }) => [z, Array.from(image)]);
        for (let step = steps.next(); ; step = steps.next()) if (step.done) return { ...one, exact: step.value };
      }));
      model.off("msg:custom", receive);
    };
    model.on("msg:custom", receive);
    model.send({ load: model.get("data_file") });
  });
}"""


@pytest.fixture(scope="module")
def vae():
    return load_vae()


def ready(page):
    page.locator(".vaelab-explorer[data-loaded=true]").wait_for()
    return page


def pixels(page):
    return np.array(page.evaluate("Array.from(new Uint8Array(views[0].model.get('pixels').buffer.slice(-784)))"))


def pad(page):
    """Where on the page a place on the pad, in its units of 1/28, lies."""
    box = page.locator(".dw-surface").bounding_box()
    return lambda x, y: (box["x"] + x / 28 * box["width"], box["y"] + y / 28 * box["height"])


def scribble(page, *places):
    at = pad(page)
    page.mouse.move(*at(*places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(*place), steps=5)
    page.mouse.up()


# ---- what is refused, and what is stored ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.zeros(784)}, r"image has shape \(784,\); expected \(28, 28\)"),
        ({"image": np.full((28, 28), 255)}, "outside"),
        ({"image": np.full((28, 28), np.nan)}, "outside"),
        ({"epsilon": [[0.0, np.nan]]}, "epsilon"),
        ({"epsilon": [1.0, 2.0]}, "epsilon has shape"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DigitWriter(**arguments)


def test_the_digit_can_be_put_there_and_taken(mnist):
    writer = DigitWriter()
    assert np.array_equal(np.rint(255 * writer.image), np.rint(255 * mnist.x_test[4, ..., 0]))  # the first 4
    writer.image = mnist.x_test[7]
    assert np.abs(writer.image - mnist.x_test[7, ..., 0]).max() < 1e-6
    with pytest.raises(ValueError, match="pixels has 3 bytes"):
        writer.pixels = b"abc"


def test_the_notebook_keeps_the_name_of_the_file_and_a_kernel_sends_it(monkeypatch):
    writer, sent = DigitWriter(), []
    assert len(json.dumps({name: str(value) for name, value in writer.get_state().items()})) < 100_000
    monkeypatch.setattr(writer, "send", lambda content, buffers=None: sent.append((content, buffers)))
    writer._handle_custom_msg({"load": "../secrets"}, [])
    assert sent == []
    writer._handle_custom_msg({"load": FILE}, [])
    assert sent == [({"loaded": FILE}, [(FOLDER / FILE).read_bytes()])]
    assert len(sent[0][1][0]) < 1_200_000


def test_the_stored_networks_are_chapter_07s(vae, mnist):
    """Over 1,000 test digits, with the same noise: means and widths, and the two terms of the loss, in nats."""
    parts = read_data_file(FILE)
    x = mnist.x_test[:1000]
    mean, log_var = (ops.convert_to_numpy(one) for one in vae.encoder(x))
    packed = run(unpack(*parts["encoder"]), x.reshape(1000, 784))
    off = np.abs(packed - np.concatenate([mean, log_var], axis=1))
    assert off[:, :2].max() < 0.002 and off[:, 2:].max() < 0.004
    noise = np.random.default_rng(0).standard_normal((1000, 2))
    z, own = mean + np.exp(0.5 * log_var) * noise, packed[:, :2] + np.exp(0.5 * packed[:, 2:]) * noise
    logits = ops.reshape(vae.decoder(z.astype("float32")), (1000, 784))
    expected = ops.convert_to_numpy(bernoulli_nll(x, ops.reshape(logits, x.shape)) + kl_divergence(mean, log_var))
    mine = run(unpack(*parts["decoder"]), own)
    again = run(unpack(*parts["decoder"]), z)
    assert np.abs(1 / (1 + np.exp(-again)) - ops.convert_to_numpy(ops.sigmoid(logits))).max() < 0.01
    loss = (np.logaddexp(0, mine) - x.reshape(1000, 784) * mine).sum(axis=1)
    loss += 0.5 * (packed[:, :2] ** 2 + np.exp(packed[:, 2:]) - 1 - packed[:, 2:]).sum(axis=1)
    assert np.percentile(np.abs(loss - expected), 99) < 0.1 and np.abs(loss - expected).max() < 0.3


# ---- the browser beside Python ----


def test_the_browser_computes_what_keras_computes(show, vae, mnist):
    chosen = [int(np.flatnonzero(mnist.y_test == digit)[5]) for digit in range(10)]
    x, epsilon = mnist.x_test[chosen], np.random.default_rng(1).standard_normal((8, 2))
    page = show(DigitWriter())
    answers = page.evaluate(PASS, [x.reshape(10, 784).tolist(), epsilon.tolist()])
    mean, log_var = (ops.convert_to_numpy(one) for one in vae.encoder(x))
    exact = log_likelihood_on_grid(vae, x)
    for i, answer in enumerate(answers):
        assert np.abs(np.array(answer["mean"]) - mean[i]).max() < 0.002
        assert np.allclose(answer["sd"], np.exp(0.5 * log_var[i]), rtol=0.005)
        z = mean[i] + np.exp(0.5 * log_var[i]) * epsilon
        assert np.abs(np.array([z for z, _ in answer["draws"]]) - z).max() < 0.003
        logits = vae.decoder(np.array([z for z, _ in answer["draws"]], "float32"))
        images = np.array([image for _, image in answer["draws"]]).reshape(8, 28, 28, 1)
        assert np.abs(images - ops.convert_to_numpy(ops.sigmoid(logits))).max() < 0.01
        nats = float(ops.mean(bernoulli_nll(np.repeat(x[i : i + 1], 8, axis=0), logits)))
        assert abs(answer["reconstruction"] - nats) < 0.1
        assert abs(answer["kl"] - float(kl_divergence(mean[i : i + 1], log_var[i : i + 1])[0])) < 0.02
        assert abs(answer["exact"]["logSum"] - exact[i]) < 0.1
    gaps = expected_gaps(vae, x, mean, log_var, exact)
    assert np.abs(np.array([answer["exact"]["gap"] for answer in answers]) - gaps).max() < 0.1
    assert gaps.max() > 0.3


def expected_gaps(vae, x, mean, log_var, exact):
    """KL(q || p(z given x)) of each image: ln p(x) of the grid less the ELBO, by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    points = np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2)
    weights = np.outer(weights, weights).ravel() / weights.sum() ** 2
    gaps = []
    for i in range(len(x)):
        z = (mean[i] + np.exp(0.5 * log_var[i]) * points).astype("float32")
        nats = ops.convert_to_numpy(bernoulli_nll(np.repeat(x[i : i + 1], len(z), axis=0), vae.decoder(z)))
        gaps.append(exact[i] + weights @ nats + float(kl_divergence(mean[i : i + 1], log_var[i : i + 1])[0]))
    return np.array(gaps)


def test_the_outlines_hold_39_and_86_percent_of_a_gaussian(show):
    """A decoder whose one pixel's logit says nothing leaves the prior: circles of radius 1 and 2."""
    page = show(DigitWriter())
    lines = page.evaluate("""() => {
      const flat = [{ inputs: 2, units: 1, kernel: new Float32Array(2), bias: new Float32Array(1) }];
      const steps = views[0].module.makeSolver(flat).solve([0], [0.1, -0.3], [0.5, 0.5]);
      for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
    }""")
    for sds, line in zip((1, 2), lines["lines"], strict=True):
        assert len(line) == 1
        assert np.abs(np.hypot(*np.array(line[0]).T) - sds).max() < 0.02
    assert np.allclose(lines["sd"], 1, atol=0.01)
    gap = 0.5 * (2 * 0.25 + 0.1**2 + 0.3**2 - 2 - 2 * np.log(0.25))  # KL(q || N(0, I)), equation (4.10)
    assert abs(lines["gap"] - gap) < 1e-3


def centred(strokes, pen=1.25):
    """MNIST's preparation of a drawing, written anew: (28, 28) bytes. Distances by trying points along each line."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0) - pen, points.max(axis=0) + pen
    scale = 20 / (high - low).max()
    dense = []
    for stroke in strokes:
        stroke = 4 + (np.array(stroke) - low) * scale
        for a, b in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            dense.append(a + np.linspace(0, 1, 400)[:, None] * (b - a))
    dense = np.concatenate(dense)
    middle = np.arange(28) + 0.5
    distance = np.array([[np.hypot(x - dense[:, 0], y - dense[:, 1]).min() for x in middle] for y in middle])
    ink = np.clip(pen * scale + 0.5 - distance, 0, 1)
    rows, columns = (np.average(np.arange(28), weights=ink.sum(axis=axis)) for axis in (1, 0))
    moved = np.roll(ink, (int(np.floor(14 - rows + 0.5)), int(np.floor(14 - columns + 0.5))), (0, 1))
    return np.rint(255 * moved)


def test_drawings_are_centred_as_mnist_is(show, mnist):
    """The box and the centre of mass of the browser's images, as of MNIST's own; pixels as in NumPy."""
    page = show(DigitWriter())
    random = np.random.default_rng(0)
    drawings = [random.uniform(2, 26, (1, 5, 2)), random.uniform(10, 14, (2, 3, 2)), np.array([[[3.0, 5], [4.7, 25]]]),
                np.array([[[20.0, 20.0]]])]  # fmt: skip
    to_mnist = "(strokes) => Array.from(views[0].module.toMnist(strokes))"
    drawn = [np.array(page.evaluate(to_mnist, strokes.tolist())).reshape(28, 28) for strokes in drawings]
    for strokes, image in zip(drawings[:3], drawn[:3], strict=True):
        assert np.abs(image - centred(list(strokes))).max() <= 2
    for image in [*mnist.x_test[:200, ..., 0], *drawn]:  # the last is a dot
        inked = [np.flatnonzero(image.max(axis=axis)) for axis in (0, 1)]
        assert 19 <= max(np.ptp(places) + 1 for places in inked) <= 22
        centre = [np.average(np.arange(28), weights=image.sum(axis=axis)) for axis in (0, 1)]
        assert np.abs(np.array(centre) - 14).max() <= 0.51


# ---- in use ----


def test_the_pointer_writes_and_clear_takes_it_away(show):
    page = ready(show(DigitWriter()))
    first, readout = pixels(page), page.locator(".vx-readout").inner_text()
    scribble(page, (6, 6), (20, 6), (12, 24))
    assert np.abs(pixels(page) - centred([[(6, 6), (20, 6), (12, 24)]]).ravel()).max() <= 12  # the mouse's whole pixels
    assert (pixels(page) != first).any() and page.locator(".vx-readout").inner_text() != readout
    scribble(page, (7, 15), (17, 15))
    assert pixels(page).sum() > 0
    before = pixels(page)
    at = pad(page)
    page.mouse.move(*at(2, 2))  # the button is up
    assert (pixels(page) == before).all()
    page.get_by_role("button", name="Clear").click()
    assert pixels(page).sum() == 0
    assert page.locator(".vx-readout").inner_text().strip() == "The pad is empty."
    assert page.locator(".dw-ellipse").count() == 0


def test_the_keyboard_alone_is_enough(show):
    page = ready(show(DigitWriter()))
    page.evaluate("document.addEventListener('keydown', (event) => (window.leaked = event.key))")
    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.matches('.dw-surface')"):
        page.keyboard.press("Tab")
    for key in ("ArrowUp", "Shift+ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator(".dw-pad .dw-caption").inner_text() == "Pen up at 9, 8"
    for key in (" ", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", " "):
        page.keyboard.press(key)
    expected = centred([[(9, 8), (14, 8), (19, 8), (19, 13), (19, 18)]])
    assert np.abs(pixels(page) - expected.ravel()).max() <= 2
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('Reconstruction')")
    page.keyboard.press("Backspace")
    assert pixels(page).sum() == 0
    page.keyboard.press("8")
    eight = pixels(page)
    page.keyboard.press("8")
    assert eight.sum() > 0 and (pixels(page) != eight).any()  # another test image of an 8
    assert page.evaluate("window.leaked") in ("Tab", "Shift")
    show_exact = page.get_by_role("button", name="Show the exact posterior")
    show_exact.focus()
    page.keyboard.press("Enter")
    page.locator(".dw-exact").first.wait_for()


def test_a_finger_writes_on_the_pad_and_scrolls_the_page_beside_it(show, swipe):
    page = ready(show(DigitWriter(), width=390, has_touch=True, is_mobile=True))
    before = pixels(page)
    x, y = pad(page)(14, 24)
    swipe(page, x, y, 0, -120)
    assert (pixels(page) != before).any() and page.evaluate("scrollY") == 0
    written = pixels(page)
    box = page.locator(".dw-lens .dw-frame").bounding_box()
    swipe(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0, -150)
    assert page.evaluate("scrollY") > 50 and (pixels(page) == written).all()


def test_draw_again_draws_other_noise(show):
    page = ready(show(DigitWriter()))
    dots = "[...document.querySelectorAll('.dw-dot')].map((dot) => dot.getAttribute('cx'))"
    ellipse = page.locator(".dw-ellipse").first.get_attribute("rx")
    first = page.evaluate(dots)
    page.get_by_role("button", name="Draw again").click()
    assert len(first) == 8 and page.evaluate(dots) != first
    assert page.locator(".dw-ellipse").first.get_attribute("rx") == ellipse
    noise = np.array(page.evaluate("views[0].model.get('epsilon')"))
    assert noise.shape == (8, 2) and np.abs(noise).max() < 6 and noise.std() > 0.2


def test_less_motion_is_respected(show):
    for motion, count in (("reduce", 0), ("no-preference", 8)):
        page = ready(show(DigitWriter(), reduced_motion=motion))
        page.get_by_role("button", name="Draw again").click()
        moving = "[...document.querySelectorAll('.dw-dot')].filter((dot) => dot.style.animationName).length"
        assert page.evaluate(moving) == count


@pytest.mark.parametrize("workers", [True, False])
def test_the_exact_posterior_comes_and_goes_with_its_digit(show, workers):
    page = ready(show(DigitWriter()))
    if not workers:
        page.evaluate("void (window.Worker = class { constructor() { throw new Error('forbidden'); } })")
    toggle = page.get_by_role("button", name="exact posterior")
    toggle.click()
    page.locator(".dw-exact").first.wait_for()
    assert toggle.get_attribute("aria-pressed") == "true" and page.locator(".dw-exact").count() >= 2
    words = page.locator(".vx-readout").inner_text()
    assert "Exact: (−0.1" in words and "Gap: 0.1 nats" in words
    page.get_by_role("button", name="test image of a 2").click()
    assert page.locator(".dw-exact").count() == 0  # those were the other digit's
    page.locator(".dw-exact").first.wait_for()
    assert page.locator(".vx-readout").inner_text() != words
    toggle.click()
    assert page.locator(".dw-exact").count() == 0 and toggle.get_attribute("aria-pressed") == "false"


def test_the_exact_posterior_comes_though_it_was_asked_for_before_the_networks_were_there(show):
    page = show(DigitWriter())
    page.evaluate("""() => {
      const { model, remove, module } = views[0], send = model.send;
      remove();
      model.send = (message) => (window.deliver = () => send(message));
      module.default.render(views[0]);
    }""")
    page.wait_for_function("window.deliver")
    page.get_by_role("button", name="exact posterior").click()
    assert page.locator(".dw-exact").count() == 0
    page.evaluate("deliver()")
    page.locator(".dw-exact").first.wait_for()


def test_what_python_sets_appears(show):
    page = ready(show(DigitWriter()))
    scribble(page, (6, 6), (20, 20))
    page.evaluate("views[0].model.set('pixels', new DataView(new Uint8Array(784).fill(255, 300, 340).buffer))")
    seen = "document.querySelector('.dw-seen canvas').getContext('2d').getImageData(0, 0, 28, 28).data"
    ink = 255 - np.array(page.evaluate(f"Array.from({seen})")).reshape(784, 4)[:, 0]
    assert ink[300:340].min() == 255 and ink.sum() == 40 * 255


def test_a_file_that_does_not_come_is_reported(show):
    page = show(DigitWriter())
    page.evaluate("views[0].remove(), (views[0].model.send = () => {}), void views[0].module.default.render(views[0])")
    assert "on their way" in page.locator(".vx-readout").inner_text()
    page.evaluate("views[0].listeners['msg:custom'].forEach((f) => f({ failed: 'digit_writer.bin' }, []))")
    assert "did not load" in page.locator(".vx-readout").inner_text()


def test_the_still_picture_and_its_one_line_stay_the_same():
    first, second = (DigitWriter()._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 60_000
    assert first["text/plain"] == second["text/plain"]
    assert first["text/plain"].startswith("DigitWriter: mean (-0.15, -0.55), 127.2 + 5.8 nats over 8 draws")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, width, scheme):
    page = ready(show(DigitWriter(), width=width, color_scheme=scheme))
    page.get_by_role("button", name="Show the exact posterior").click()
    page.locator(".dw-exact").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""
    for control in page.locator(".dw-button").all():
        assert control.bounding_box()["height"] >= 44 and control.bounding_box()["width"] >= 24
    sides = [page.locator(f".dw-{name} .dw-frame").bounding_box() for name in ("pad", "seen", "lens", "whole")]
    assert all(side["width"] > 80 for side in sides)


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = ready(show(DigitWriter()))
    page.get_by_role("button", name="Show the exact posterior").click()
    page.locator(".dw-exact").first.wait_for()
    assert english_left(page, "z₁", "z₂") == []


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(ready(show(DigitWriter()))) == 0
