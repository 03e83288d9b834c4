"""Break it yourself: the digits, the browser's gradients beside Keras', what each slip does, and the figure in use."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from conftest import DATA_FILES, left_behind, violations
from vaelab.losses import bernoulli_nll, kl_divergence
from vaelab.vae import build_vae_decoder, build_vae_encoder
from vaelab.widgets import SlipTrainer
from vaelab.widgets.data_file import read_data_file
from vaelab.widgets.slip_trainer import FILE, training_images

CLEAN = {"by_variance": False, "one_epsilon": False, "mean_for_sum": False, "beta": 1, "seed": 0}
SLIPS = {
    "clean": {},
    "variance": {"by_variance": True},
    "one epsilon": {"one_epsilon": True},
    "mean": {"mean_for_sum": True},
    "all": {"by_variance": True, "mean_for_sum": True, "beta": 3},
    "beta 0": {"beta": 0},
    "beta 10": {"beta": 10},
}

SHAPES = [(785, 32), (33, 4), (3, 32), (33, 784)]

# Some steps of training, the gradient of a batch with given noise, and the weights at which it was taken.
GRADIENT = """([levels, settings, noise]) => {
  const trainer = views[0].module.makeTrainer(Uint8Array.from(levels, (digit) => parseInt(digit, 16)), settings);
  for (let i = 0; i < 30; i++) trainer.step();
  const terms = trainer.learn(noise.map((_, row) => row), noise);
  return [terms, ...[2, 3].map((part) => trainer.layers.map((layer) => Array.from(layer[part])))];
}"""
# The weights after some steps, and means of the terms over many draws there.
FRESH = """([levels, settings, draws]) => {
  const trainer = views[0].module.makeTrainer(Uint8Array.from(levels, (digit) => parseInt(digit, 16)), settings);
  const sums = [0, 0, 0];
  for (let i = 0; i < 30; i++) trainer.step();
  const rows = Array.from({ length: 100 }, (_, row) => row);
  for (let i = 0; i < draws; i++) {
    const noise = [3 * Math.cos(i), 3 * Math.sin(i)];
    trainer.learn(rows, rows.map(() => noise)).forEach((term, k) => (sums[k] += term / draws));
  }
  return [sums, trainer.layers.map((layer) => Array.from(layer[2]))];
}"""
# The terms of each epoch: error as drawn, KL, error under a correct draw; and how far the codes spread.
TRAIN = """([levels, settings, epochs]) => {
  const trainer = views[0].module.makeTrainer(Uint8Array.from(levels, (digit) => parseInt(digit, 16)), settings);
  for (let i = 0; i < 20 * epochs; i++) trainer.step();
  const { curve, codes, pictures } = trainer.report();
  return { curve, codes, pictures: pictures.map((picture) => Array.from(picture)) };
}"""


@pytest.fixture(scope="module")
def levels():
    return np.rint(15 * training_images()).astype(int).reshape(2000, 784)


def as_text(levels):
    """One hexadecimal digit a pixel, which Playwright passes on faster than numbers."""
    return "".join("0123456789abcdef"[level] for level in levels.ravel().tolist())


def ready(page):
    page.wait_for_function("document.querySelector('.st-image').width > 0 && !!document.querySelector('.st-main')")
    return page


def epoch(page):
    return float(page.locator(".vaelab-explorer").get_attribute("data-epoch"))


def reach(page, least):
    page.wait_for_function(f"document.querySelector('.vaelab-explorer').dataset.epoch >= {least}", timeout=60_000)


# ---- what is refused, and what is stored ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": 2}, "beta is 2.0; expected one of 0, 0.1, 0.3, 1, 3, 10"),
        ({"beta": np.nan}, "beta is nan"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0"),
    ],
)
def test_other_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SlipTrainer(**arguments)


def test_the_digits_are_mnist_s_in_sixteen_greys(mnist):
    assert np.abs(training_images() - mnist.x_train[:2000, ..., 0]).max() <= 0.5 / 15 + 1e-6
    assert read_data_file(FILE)["digits"][0]["labels"] == "".join(map(str, mnist.y_train[:300]))
    assert (DATA_FILES / FILE).stat().st_size < 300_000


def test_the_still_picture_stays_the_same_and_the_notebook_small():
    first, second = (SlipTrainer(one_epsilon=True)._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 70_000
    assert first["text/plain"] == "SlipTrainer: one_epsilon, beta 1, seed 0"
    assert len(json.dumps({name: str(value) for name, value in SlipTrainer().get_state().items()})) < 100_000


# ---- the browser beside Keras ----


def keras_gradients(kernels, x, noise, *, by_variance, mean_for_sum, beta, **_):
    """Loss terms and the gradient of each of the four kernels, biases as the last row, by TensorFlow's tape."""
    import tensorflow as tf

    encoder, decoder = build_vae_encoder(2, (32,)), build_vae_decoder(2, (32,))
    names = ("mean", "log_var")
    dense = [encoder.layers[2], *(encoder.get_layer(name) for name in names), decoder.layers[1], decoder.layers[2]]
    first, heads, third, fourth = kernels
    for layer, kernel in zip(dense, (first, heads[:, :2], heads[:, 2:], third, fourth), strict=True):
        layer.set_weights([kernel[:-1], kernel[-1]])
    weights = [weight for layer in dense for weight in layer.trainable_variables]
    with tf.GradientTape() as tape:
        mean, log_var = encoder(x)
        sigma = ops.exp(log_var if by_variance else 0.5 * log_var)
        error = bernoulli_nll(x, decoder(mean + sigma * noise))
        kl = kl_divergence(mean, log_var)
        loss = ops.mean((error / 784 if mean_for_sum else error) + beta * kl)
    gradients = [ops.convert_to_numpy(gradient) for gradient in tape.gradient(loss, weights)]
    rows = [np.concatenate([kernel, bias[None]]) for kernel, bias in zip(gradients[::2], gradients[1::2], strict=True)]
    return (float(ops.mean(error)), float(ops.mean(kl))), [rows[0], np.concatenate(rows[1:3], axis=1), *rows[3:]]


@pytest.mark.parametrize("slip", SLIPS)
def test_the_browser_s_gradients_are_keras(show, levels, slip):
    """Within 1e-4 of the largest entry of each kernel's gradient."""
    keras.utils.set_random_seed(0)
    settings = {**CLEAN, **SLIPS[slip]}
    noise = np.random.default_rng(1).standard_normal((100, 2))
    if settings["one_epsilon"]:
        noise[:] = noise[0]
    page = show(SlipTrainer())
    terms, kernels, found = page.evaluate(GRADIENT, [as_text(levels[:100]), settings, noise.tolist()])
    kernels, found = ([np.reshape(a, shape) for a, shape in zip(one, SHAPES, strict=True)] for one in (kernels, found))
    x = (levels[:100] / 15).reshape(100, 28, 28, 1).astype("float32")
    expected_terms, expected = keras_gradients(kernels, x, noise.astype("float32"), **settings)
    assert terms[:2] == pytest.approx(expected_terms, rel=1e-5)
    off = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, expected, strict=True)]

    assert max(off) < 1e-4


def test_a_correct_draw_is_measured_beside_the_slip(show, levels):
    """Averaged over many draws, as Keras' own noise gives it; the error as drawn is another."""
    settings = {**CLEAN, "by_variance": True}
    terms, kernels = show(SlipTrainer()).evaluate(FRESH, [as_text(levels[:100]), settings, 40])
    kernels = [np.reshape(a, shape) for a, shape in zip(kernels, SHAPES, strict=True)]
    x = (levels[:100] / 15).reshape(100, 28, 28, 1).astype("float32")
    random = np.random.default_rng(2)
    noise = [random.standard_normal((100, 2)).astype("float32") for _ in range(40)]
    expected = np.mean([keras_gradients(kernels, x, one, **CLEAN)[0][0] for one in noise])
    assert abs(terms[2] - expected) < 0.5 and abs(terms[0] - expected) > 2


# ---- what the text claims of each slip, in three seeds ----


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_slip_has_the_consequence_that_the_text_claims(show, levels, seed):
    page = show(SlipTrainer())
    runs = {}
    epochs = {"clean": 5, "variance": 5, "one epsilon": 3, "mean": 3, "beta 0": 3, "beta 10": 3}
    for slip, count in epochs.items():
        runs[slip] = page.evaluate(TRAIN, [as_text(levels), {**CLEAN, **SLIPS[slip], "seed": seed}, count])
    error, kl, fresh = ({slip: run["curve"][-1][i] for slip, run in runs.items()} for i in range(3))
    said, right = ({slip: one[slip] + kl[slip] for slip in runs} for one in (error, fresh))
    after_three = sum(runs["clean"]["curve"][2][:2])
    assert 190 < said["clean"] == right["clean"] < 205 < sum(runs["clean"]["curve"][0][:2]) - 100  # the loss falls
    assert kl["variance"] < kl["clean"] - 0.4 and 0.5 < right["variance"] - said["variance"] < 6
    assert said["one epsilon"] < after_three - 1 and right["one epsilon"] > said["one epsilon"] + 25
    spread = {slip: np.ptp(run["codes"], axis=0).max() for slip, run in runs.items()}
    pictures = {slip: np.std(run["pictures"], axis=0).max() for slip, run in runs.items()}
    assert kl["mean"] < 0.05 and spread["mean"] < 0.1 * spread["clean"] and pictures["mean"] < 0.4 * pictures["clean"]
    assert kl["beta 0"] > 30 and kl["beta 10"] < 2 and spread["beta 10"] < spread["clean"] < spread["beta 0"]


# ---- in use ----


def test_the_reader_trains_pauses_and_goes_on(show):
    page = ready(show(SlipTrainer()))
    status = page.locator(".vx-readout strong")
    assert status.inner_text() == "Not trained yet." and epoch(page) == 0
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 1)
    page.get_by_role("button", name="Pause").click()
    assert "Reported: " in page.locator(".vx-readout").inner_text()
    page.wait_for_timeout(400)
    rested = epoch(page)
    page.wait_for_timeout(400)
    assert epoch(page) == rested >= 1
    page.get_by_role("button", name="Go on").click()
    reach(page, rested + 0.4)
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="Train", exact=True).wait_for()
    assert status.inner_text() == "Not trained yet." and epoch(page) == 0
    page.wait_for_timeout(400)
    assert epoch(page) == 0


def test_it_rests_while_out_of_sight_and_goes_on_by_itself(show):
    page = ready(show(SlipTrainer()))
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 0.4)
    page.evaluate("document.querySelector('main').style.paddingTop = '3000px'")
    page.wait_for_timeout(800)
    rested = epoch(page)
    page.wait_for_timeout(500)
    assert epoch(page) == rested
    page.evaluate("document.querySelector('main').style.paddingTop = 0")
    reach(page, rested + 0.2)
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(400)
    rested = epoch(page)
    page.wait_for_timeout(500)
    assert epoch(page) == rested


def test_the_run_without_a_slip_stays_as_a_pale_line_beside_those_with_one(show):
    trainer, long = SlipTrainer(), "const EPOCHS = 30;"
    assert long in trainer._esm
    trainer._esm = trainer._esm.replace(long, "const EPOCHS = 2;")
    page = ready(show(trainer))
    readout, pale = page.locator(".vx-readout"), page.locator(".st-before").first
    for name, seed in (("Train", 0), ("Train", 0)):
        assert (pale.get_attribute("points") == "") == (not readout.inner_text().count("Pale"))
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("button", name="Another seed").wait_for(timeout=120_000)
        assert readout.locator("strong").inner_text() == f"Epoch 2 of 2, seed {seed}."
        page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('Epoch 2 of 2')")
        page.get_by_role("checkbox", name="mean for sum").press("Space")
        assert "Pale, a finished run: no slip, seed 0, 2" in readout.inner_text()
        assert len(pale.get_attribute("points").split()) == 2
        assert page.locator(".st-right").get_attribute("points") == ""
    page.get_by_role("button", name="Start again").click()
    assert pale.get_attribute("points") == ""


def test_the_worker_trains_as_the_tested_function_does(show, levels):
    page = ready(show(SlipTrainer(seed=1, beta=3)))
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 2)
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    count = int(epoch(page))
    expected = page.evaluate(TRAIN, [as_text(levels), {**CLEAN, "seed": 1, "beta": 3}, count])["curve"][-1]
    error, kl = f"{expected[0]:.1f}", f"{3 * expected[1]:.1f}"
    assert f"Reported: {error} + {kl} = " in page.locator(".vx-readout").inner_text()


def test_the_keyboard_alone_is_enough_and_screen_readers_hear_the_state_seldom(show):
    page = ready(show(SlipTrainer()))
    page.evaluate("""() => {
      window.said = [];
      const live = document.querySelector("[aria-live]");
      new MutationObserver(() => said.push(live.textContent)).observe(live, { childList: true });
    }""")
    for _ in range(3):  # Start again, the first two switches
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("views[0].model.get('one_epsilon')") is True
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("views[0].model.get('beta')") == 0.3
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reach(page, 2)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Go on").wait_for()
    page.wait_for_timeout(700)
    said = page.evaluate("said")
    assert 1 <= len(said) <= 4 and "Epoch" in said[-1]


def test_with_less_motion_it_is_redrawn_once_an_epoch(show):
    page = ready(show(SlipTrainer(), reduced_motion="reduce"))
    page.evaluate("""() => {
      const root = document.querySelector(".vaelab-explorer");
      window.seen = [];
      const note = () => seen.push(Number(root.dataset.epoch));
      new MutationObserver(note).observe(root, { attributeFilter: ["data-epoch"] });
    }""")
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 3)
    seen = page.evaluate("seen")
    assert len(seen) >= 3 and all(value == int(value) for value in seen)


@pytest.mark.parametrize("fault", ["missing", "another file", "cut off", "no worker"])
def test_what_does_not_come_or_does_not_fit_is_said(show, fault):
    page = show(SlipTrainer())
    page.evaluate(
        """(fault) => {
          const { model, el, remove, module } = views[0];
          remove();
          if (fault === "no worker") window.Worker = class { constructor() { throw new Error("forbidden"); } };
          const send = model.send, encode = new TextEncoder();
          model.send = ({ load }) => {
            const tell = (...message) => model.told.forEach((listener) => listener(...message));
            if (fault === "no worker") return send({ load });
            const head = JSON.stringify({ parts: { digits: { bytes: 4, count: 2000, labels: "0" } } });
            const text = encode.encode("0000" + head + "abcd"), bytes = new DataView(text.buffer);
            bytes.setUint32(0, head.length, true);
            if (fault === "another file") bytes.setUint32(0, 1e6, true);
            setTimeout(() => fault === "missing" ? tell({ failed: load }, []) : tell({ loaded: load }, [bytes]));
          };
          model.told = [];
          const on = model.on;
          model.on = (event, f) => (event === "msg:custom" && model.told.push(f), on(event, f));
          module.default.render({ model, el });
        }""",
        fault,
    )
    page.get_by_text("The training does not start here.").wait_for()
    page.get_by_role("button", name="Train", exact=True).click()  # nothing breaks


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, width, scheme):
    page = ready(show(SlipTrainer(one_epsilon=True), width=width, color_scheme=scheme))
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 1)
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""
    for control in page.locator("input[type=range], .vx-toggle, .vx-button").all():
        assert control.bounding_box()["height"] >= 44


def test_training_moves_nothing_on_the_page(show):
    page = ready(show(SlipTrainer(), width=390))
    before = page.locator(".vaelab-explorer").bounding_box()["height"]
    page.get_by_role("button", name="Train", exact=True).click()
    reach(page, 2)
    assert page.locator(".vaelab-explorer").bounding_box()["height"] == before


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = ready(show(SlipTrainer(one_epsilon=True, beta=3)))
    page.get_by_role("button", name="«Train»").click()
    reach(page, 1)
    assert english_left(page, "β", "ε") == []


def test_removing_the_figure_leaves_no_listeners(show):
    page = ready(show(SlipTrainer()))
    assert left_behind(page) == 0
