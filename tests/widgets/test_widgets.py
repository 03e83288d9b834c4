"""The living figure: what it refuses, what it promises of its arithmetic, and how it behaves in a browser."""

import base64
import json
import re
import warnings

import ipywidgets.embed
import keras
import numpy as np
import pytest
from keras import layers

from conftest import left_behind, violations
from vaelab.widgets import LatentExplorer, packing
from vaelab.widgets.chain import read_chain, run

DECODE = """(points) => {
  const { model, module } = views[0], read = module.readLayers(model.get("network"), model.get("weights"));
  return points.map((z) => Array.from(module.decode(read, z)));
}"""


def decoder_of(*hidden, out="sigmoid", scale=1.0, pixels=784, reshape=(28, 28, 1)):
    """A decoder with random weights: hidden (units, activation) pairs, then the pixels."""
    keras.utils.set_random_seed(3)
    spread = keras.initializers.VarianceScaling(scale)
    stack = [layers.Dense(units, activation, kernel_initializer=spread) for units, activation in hidden]
    stack += [layers.Dense(pixels, out, kernel_initializer=spread), layers.Reshape(reshape)]
    return keras.Sequential([keras.Input((2,)), *stack])


@pytest.fixture(scope="module")
def decoder():
    return decoder_of((16, "relu"))


@pytest.fixture(scope="module")
def cloud():
    """300 codes in ten clumps on a ring of radius 10, and their labels."""
    random = np.random.default_rng(0)
    labels = np.arange(300) % 10
    angle = 2 * np.pi * labels / 10
    codes = 10 * np.stack([np.cos(angle), np.sin(angle)], 1) + random.normal(0, 1, (300, 2))
    return codes.astype("float32"), labels


def place(page, explorer, z):
    """Where on the page a point of the plane lies."""
    box = page.locator(".vx-plot canvas").first.bounding_box()
    low, high = np.array(explorer.view["low"]), np.array(explorer.view["high"])
    share = (np.array(z) - low) / (high - low)
    return box["x"] + share[0] * box["width"], box["y"] + (1 - share[1]) * box["height"]


def picture(page):
    return page.evaluate("document.querySelector('.vx-frame canvas').toDataURL()")


def point(page):
    return np.array(page.evaluate("views[0].model.get('point')"))


# ---- refused before anything is drawn ----


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.empty((0, 2))}, "codes has shape"),
        ({"codes": np.zeros((4, 3))}, "codes has shape"),
        ({"codes": np.zeros(4)}, "codes has shape"),
        ({"codes": np.array([[0.0, np.nan], [1, 1], [2, 2]])}, "NaN or infinite values in 1 of 3 rows"),
        ({"codes": np.array([[0.0, np.inf], [1, 1], [2, 2]])}, "NaN or infinite"),
        ({"codes": np.array([[0.0, 1e300]])}, "codes reach 1e"),
        ({"labels": np.zeros(299, int)}, r"expected \(300,\)"),
        ({"labels": np.zeros(300)}, "expected integers"),
        ({"labels": np.full(300, 10)}, "expected labels from 0 to 9"),
        ({"labels": np.full(300, -1)}, "expected labels from 0 to 9"),
        ({"start": [0, np.nan]}, "start is"),
        ({"start": 3}, "start is"),
        ({"margin": -1}, "margin is -1"),
        ({"margin": np.nan}, "margin is nan"),
        ({"paths": [{"name": "a", "from": [0, 0]}]}, "expected a dict with name, from and to"),
        ({"paths": [{"name": "a", "from": [0, 0], "to": [0, np.inf]}]}, "to is"),
        ({"regions": [{"name": "a", "low": [0, 0], "high": [0, 1]}]}, "low below high"),
        ({"regions": [{"name": "a", "center": [0, 0], "radius": 0}]}, "above 0"),
        ({"regions": [{"name": "a"}]}, "A region is"),
    ],
)
def test_bad_input_is_refused(decoder, cloud, change, message):
    with pytest.raises(ValueError, match=message):
        LatentExplorer(decoder, **{"codes": cloud[0], "labels": None, **change})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(cloud, value):
    broken = decoder_of((4, "relu"))
    kernel, bias = broken.layers[1].get_weights()
    kernel[2, 5] = value
    broken.layers[1].set_weights([kernel, bias])
    with pytest.raises(ValueError, match=f"{broken.layers[1].name}.*NaN or infinite weights"):
        LatentExplorer(broken, cloud[0])


def test_an_unknown_layer_is_named(cloud):
    def chain(*stack, size=2):
        return keras.Sequential([keras.Input((size,)), *stack, layers.Dense(9)])

    entry = keras.Input((2,))
    joined = keras.Model(
        entry, layers.Dense(9)(layers.Add(name="sum")([layers.Dense(3)(entry), layers.Dense(3)(entry)]))
    )

    class Own(keras.Model):
        pass

    class OwnDense(layers.Dense):
        def call(self, x):
            return 2 * super().call(x)

    for model, error, message in [
        (chain(layers.BatchNormalization(name="norm")), ValueError, "'norm'.*BatchNormalization.*Supported: Dense"),
        (chain(OwnDense(3, name="mine")), ValueError, "'mine'.*OwnDense"),
        (chain(layers.Dense(3, "gelu", name="g")), ValueError, "'g'.*'gelu'.*softplus"),
        (chain(layers.Dense(3, lambda x: x, name="own")), ValueError, "'own'.*activation"),
        (chain(layers.ReLU(max_value=6, name="six")), ValueError, "'six'.*without options"),
        (
            chain(layers.Dense(8), layers.Reshape((2, 4)), layers.Dense(5, name="rows"), layers.Flatten()),
            ValueError,
            "'rows'",
        ),
        (chain(size=3), ValueError, r"\(3,\); expected \(2,\)"),
        (keras.Sequential([keras.Input((2,)), layers.Dense(10)]), ValueError, "flat square"),
        (keras.Sequential([layers.Dense(9, name="loose")]), ValueError, "not built"),
        (keras.Sequential([keras.Input((2,)), layers.Reshape((1, 2))]), ValueError, "no Dense layer"),
        (joined, ValueError, "'sum'.*joins 2 tensors"),
        (Own(name="own"), ValueError, "'own'.*subclass"),
        (print, TypeError, "expected a keras.Model"),
    ]:
        with pytest.raises(error, match=message):
            LatentExplorer(model, cloud[0])


def test_a_layer_that_does_more_than_it_says_is_refused(cloud):
    twice = decoder_of((4, "relu"))
    twice.layers[0].call = lambda x, training=None: 2 * layers.Dense.call(twice.layers[0], x)
    with pytest.raises(ValueError, match="miss its output"):
        LatentExplorer(twice, cloud[0])


def test_logits_drawn_as_pixels_are_warned_of(cloud):
    logits = decoder_of((16, "relu"), out="linear", scale=4)
    with pytest.warns(UserWarning, match="logits=True"):
        LatentExplorer(logits, cloud[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert LatentExplorer(logits, cloud[0], logits=True).network["steps"][-1] == "sigmoid"


# ---- the state that travels ----


def test_weights_travel_as_small_as_their_tolerance_allows(cloud, decoder):
    assert LatentExplorer(decoder, cloud[0]).network["dtype"] == "int16"
    steep = decoder_of((64, "tanh"), scale=3000)
    assert LatentExplorer(steep, cloud[0]).network["dtype"] == "float32"


def test_the_course_decoder_with_10000_codes_takes_less_than_350_kb():
    codes = np.random.default_rng(0).normal(0, 30, (10_000, 2))
    explorer = LatentExplorer(decoder_of((64, "relu")), codes, np.arange(10_000) % 10)
    state = ipywidgets.embed.dependency_state([explorer], drop_defaults=False)
    assert len(json.dumps(state)) < 350_000


def test_codes_and_box_are_those_given(decoder, cloud):
    codes, labels = cloud
    paths = [{"name": "way", "from": [0, 0], "to": [40, 0]}]
    regions = [{"name": "ring", "center": [0, 0], "radius": 50}, {"name": "box", "low": [-1, -1], "high": [1, 60]}]
    explorer = LatentExplorer(decoder, codes, labels, paths=paths, regions=regions)
    assert np.array_equal(np.frombuffer(explorer.codes, "<f4").reshape(-1, 2), codes)
    assert list(explorer.labels) == list(labels)
    low, high = np.array(explorer.view["low"]), np.array(explorer.view["high"])
    assert np.isclose(*(high - low))  # one scale for both axes
    assert (low < -50).all() and high[0] > 50 and high[1] > 60
    assert explorer.point == [0, 0]  # the start of the path
    single = LatentExplorer(decoder, codes[:1])
    assert single.view["high"][0] > single.view["low"][0] and single.point == codes[0].tolist()


def test_the_cloud_is_defined_as_documented(decoder, cloud):
    codes, _ = cloud
    between = np.sort(np.linalg.norm(codes[:, None].astype("float64") - codes, axis=2), axis=1)
    assert LatentExplorer(decoder, codes).view["radius"] == pytest.approx(np.percentile(between[:, 5], 99))


def test_the_point_can_be_set_and_stays_in_the_box(decoder, cloud):
    explorer = LatentExplorer(decoder, *cloud)
    explorer.point = np.array([1, -2])
    assert explorer.point == [1.0, -2.0]
    explorer.point = (1e6, 0)
    assert explorer.point == [explorer.view["high"][0], 0.0]
    for wrong in ([np.nan, 0], [0], "ab", None):
        with pytest.raises(ValueError, match="point is"):
            explorer.point = wrong
    assert explorer.point == [explorer.view["high"][0], 0.0]


def test_the_still_picture_and_its_one_line_stay_the_same(decoder, cloud):
    first, second = (LatentExplorer(decoder, *cloud, start=[0, 0])._repr_mimebundle_()[0] for _ in range(2))
    assert first["text/plain"] == second["text/plain"]
    assert re.fullmatch(
        r"LatentExplorer: 300 codes, point \(0.0, 0.0\), nearest code a \d at \d+\.\d", first["text/plain"]
    )
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG") and len(png) < 60_000 and first["image/png"] == second["image/png"]
    assert "application/vnd.jupyter.widget-view+json" in first


# ---- few bits for large layers ----


def large(scale=4.0):
    """The size of chapter 07's decoder, logits that go beyond ±5 like those of a trained one."""
    return decoder_of((256, "relu"), (512, "relu"), out="linear", scale=scale)


def test_a_large_decoder_takes_about_a_byte_a_weight_and_draws_keras_pixels(show, cloud):
    model, random = large(), np.random.default_rng(1)
    explorer = LatentExplorer(model, cloud[0] / 4, logits=True)
    assert [step[2] for step in explorer.network["steps"] if len(step) == 3] in ([7, 7], [8, 8])
    assert explorer.network["dtype"] in ("int7", "int8")
    assert len(explorer.weights) < 1.1 * model.count_params()
    low, high = explorer.view["low"], explorer.view["high"]
    points = random.uniform(low, high, (400, 2)).astype("float32")
    expected = keras.ops.sigmoid(model(points)).numpy().reshape(400, -1)
    assert expected.min() < 0.01 < 0.99 < expected.max()
    computed = np.array(show(explorer).evaluate(DECODE, points.tolist()))
    assert np.abs(computed - expected).max() <= 0.01


def test_rounding_to_few_bits_is_measured(monkeypatch, cloud):
    monkeypatch.setattr(packing, "TIGHT_TOLERANCE", 0.0)
    network = LatentExplorer(large(), cloud[0] / 4, logits=True).network
    assert network["dtype"] == "int16"
    assert [step for step in network["steps"] if not isinstance(step, str)] == [[2, 256], [256, 512], [512, 784]]


def test_rounding_without_making_up_for_it_would_not_do():
    """The control: plain rounding to seven bits misses what the packing keeps."""
    model = large()
    steps, points = read_chain(model), np.random.default_rng(0).uniform(-3, 3, (1681, 2))
    expected = run([*steps, "sigmoid"], points)

    def plainly(kernel):
        scale = np.abs(kernel).max(axis=0) / 63
        return np.round(kernel / scale) * scale

    rough = [step if isinstance(step, str) else (plainly(step[0]), step[1]) for step in steps]
    assert np.abs(run([*rough, "sigmoid"], points) - expected).max() > 0.02


def test_a_large_layer_without_moving_inputs_is_packed(cloud):
    model = large()
    for layer in model.layers[:2]:
        layer.set_weights([np.zeros_like(layer.kernel), np.zeros_like(layer.bias)])
    LatentExplorer(model, cloud[0], logits=True)


def test_a_small_decoder_keeps_its_bits(decoder, cloud):
    steps = LatentExplorer(decoder, *cloud).network["steps"]
    assert all(isinstance(step, str) or len(step) == 2 for step in steps)


# ---- in the browser ----


def chains():
    for activation in ("linear", "relu", "sigmoid", "tanh", "softplus"):
        yield activation, decoder_of((32, activation), (32, activation))
    yield (
        "own activation layers",
        keras.Sequential(
            [
                keras.Input((2,)),
                layers.Dense(16, use_bias=False),
                layers.ReLU(),
                layers.Dropout(0.5),
                keras.Sequential([keras.Input((16,)), layers.Dense(12, "softplus"), layers.Activation("tanh")]),
                layers.Dense(63, "relu"),
                layers.Reshape((9, 7)),
            ]
        ),
    )
    yield "steep", decoder_of((64, "tanh"), scale=3000)
    entry = keras.Input((28, 28))
    middle = layers.Dense(2)(layers.Flatten()(entry))
    tail = layers.Dense(100, "sigmoid")(layers.Dense(16, "relu")(middle))
    yield "tail of a larger model", keras.Model(middle, keras.Model(middle, tail)(middle))


@pytest.mark.parametrize(("name", "model"), list(chains()))
@pytest.mark.parametrize("spread", [3, 300])
@pytest.mark.filterwarnings("ignore:The decoder's pixels")
def test_the_browser_computes_keras_pixels(show, name, model, spread):
    random = np.random.default_rng(1)
    explorer = LatentExplorer(model, random.normal(0, spread / 2, (200, 2)))
    low, high = explorer.view["low"], explorer.view["high"]
    grid = np.stack(np.meshgrid(*(np.linspace(low[i], high[i], 12) for i in (0, 1))), -1).reshape(-1, 2)
    points = np.concatenate([grid, random.uniform(low, high, (100, 2))]).astype("float32")
    expected = model(points).numpy().reshape(len(points), -1)
    computed = np.array(show(explorer).evaluate(DECODE, points.tolist()))
    assert np.abs(computed - expected).max() <= 0.01


def test_logits_are_turned_into_pixels(show, cloud):
    model = decoder_of((16, "relu"), out="linear", scale=4)
    points = cloud[0][:50]
    expected = keras.ops.sigmoid(model(points)).numpy().reshape(50, -1)
    page = show(LatentExplorer(model, cloud[0], logits=True))
    assert np.abs(np.array(page.evaluate(DECODE, points.tolist())) - expected).max() <= 0.01


def test_the_first_image_is_the_decoder_s_and_comes_at_once(show, decoder, cloud):
    page = show(LatentExplorer(decoder, *cloud, start=[3, 4]))
    assert page.evaluate("views[0].readyAtOnce") == "true"
    drawn = page.evaluate(
        "Array.from(document.querySelector('.vx-frame canvas').getContext('2d').getImageData(0, 0, 28, 28).data)"
    )
    ink = 1 - np.array(drawn).reshape(28, 28, 4)[..., 0] / 255
    assert np.abs(ink - decoder(np.array([[3.0, 4.0]])).numpy()[0, ..., 0]).max() < 0.01


def test_the_pointer_moves_the_point(show, decoder, cloud):
    explorer = LatentExplorer(decoder, *cloud)
    page = show(explorer)
    first = picture(page)
    page.mouse.move(*place(page, explorer, [2, 3]))
    page.mouse.down()
    assert np.abs(point(page) - [2, 3]).max() < 0.2
    page.mouse.move(*place(page, explorer, [-6, 5]), steps=4)
    page.mouse.up()
    assert np.abs(point(page) - [-6, 5]).max() < 0.2
    assert picture(page) != first
    page.mouse.move(*place(page, explorer, [9, 9]))  # the button is up
    assert np.abs(point(page) - [-6, 5]).max() < 0.2
    page.mouse.down()
    page.mouse.move(5000, 0)  # dragged off the plane: held at its edge
    assert point(page).tolist() == explorer.view["high"]


def test_a_finger_on_the_ring_moves_the_point_and_not_the_page(show, decoder, cloud, swipe):
    explorer = LatentExplorer(decoder, *cloud, start=[0, 5])
    page = show(explorer, width=390, has_touch=True, is_mobile=True)
    (x, y), end = place(page, explorer, [0.5, 5.5]), place(page, explorer, [4, -6])
    swipe(page, x, y, end[0] - x, end[1] - y)  # beside the ring's middle, and downwards
    assert np.abs(point(page) - [4, -6]).max() < 0.3
    assert page.evaluate("scrollY") == 0


def test_elsewhere_on_the_plane_a_finger_scrolls_jumps_or_drags(show, decoder, cloud, swipe):
    explorer = LatentExplorer(decoder, *cloud, start=[0, 10])
    page = show(explorer, width=390, has_touch=True, is_mobile=True)
    x, y = place(page, explorer, [0, -8])
    swipe(page, x, y, 3, -150)
    assert page.evaluate("scrollY") > 50, "a vertical swipe scrolls the page"
    assert point(page).tolist() == [0, 10], "and leaves the point where it was"
    page.touchscreen.tap(*place(page, explorer, [-6, 3]))
    assert np.abs(point(page) - [-6, 3]).max() < 0.3, "a tap jumps"
    x, y = place(page, explorer, [2, -4])
    end = place(page, explorer, [8, -6])
    scrolled = page.evaluate("scrollY")
    swipe(page, x, y, end[0] - x, end[1] - y)
    assert np.abs(point(page) - [8, -6]).max() < 0.3, "a finger that moves sideways drags"
    assert page.evaluate("scrollY") == scrolled


def test_the_arrow_keys_move_the_point(show, decoder, cloud):
    explorer = LatentExplorer(decoder, *cloud, start=[0, 0])
    page = show(explorer)
    page.evaluate("document.addEventListener('keydown', (event) => (window.leaked = event.key))")
    first, step = picture(page), (explorer.view["high"][0] - explorer.view["low"][0]) / 100
    page.locator(".vx-plot").focus()
    for key, expected in [
        ("ArrowRight", [1, 0]),
        ("ArrowUp", [1, 1]),
        ("Shift+ArrowLeft", [-4, 1]),
        ("ArrowDown", [-4, 0]),
    ]:
        page.keyboard.press(key)
        assert np.allclose(point(page) / step, expected)
    assert picture(page) != first
    page.keyboard.press("Home")
    assert point(page).tolist() == [0, 0] and picture(page) == first
    assert page.evaluate("window.leaked") == "Shift"  # no theme turns the page, no notebook changes the cell
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('z = (0.0, 0.0). ')")


def test_leaving_the_cloud_is_marked(show, decoder, cloud):
    codes, labels = cloud
    explorer = LatentExplorer(decoder, codes, labels, start=codes[7].tolist())
    page = show(explorer)
    root, readout, badge = (page.locator(s) for s in (".vaelab-explorer", ".vx-readout", ".vx-badge"))
    ring = page.locator(".vx-ring .vx-in").last
    assert root.get_attribute("data-state") == "inside" and not badge.is_visible() and ring.is_visible()
    assert f"Nearest code: a {labels[7]}, 0.0 away. Inside the cloud" in readout.text_content()
    page.mouse.click(*place(page, explorer, [0, 0]))
    distance = np.linalg.norm(codes - point(page), axis=1)
    assert distance.min() > explorer.view["radius"]
    assert root.get_attribute("data-state") == "outside" and badge.is_visible() and not ring.is_visible()
    assert readout.text_content().endswith(
        f"Outside the cloud: the nearest code, a {labels[distance.argmin()]}, is {distance.min():.1f} away."
    )
    assert "outside the cloud" in page.locator(".vx-frame canvas").get_attribute("aria-label")
    page.evaluate("views[0].model.set('point', [10, 0])")  # as Python does when it sets the trait
    assert root.get_attribute("data-state") == "inside" and "z = (10.0, 0.0)" in readout.text_content()


def test_the_slider_walks_along_its_path(show, decoder, cloud):
    paths = [{"name": "across", "from": [-10, 0], "to": [10, 0]}, {"name": "up", "from": [0, -10], "to": [0, 10]}]
    page = show(LatentExplorer(decoder, *cloud, paths=paths[:1]), LatentExplorer(decoder, *cloud, paths=paths))
    across = page.get_by_role("slider", name="across").first
    across.fill("75")
    assert point(page).tolist() == [5, 0] and across.get_attribute("aria-valuetext") == "75 %"
    across.press("ArrowRight")
    assert np.allclose(point(page), [5.2, 0])
    page.get_by_role("combobox", name="Path").select_option(label="up")
    page.get_by_role("slider", name="up").fill("100")
    assert page.evaluate("views[1].model.get('point')") == [0, 10]
    assert np.allclose(point(page), [5.2, 0])  # the other explorer stays where it was
    for control in page.locator("select, input").all():
        assert control.bounding_box()["height"] >= 44


def test_the_slider_stands_where_the_point_is_or_says_that_it_is_elsewhere(show, decoder, cloud):
    path = {"name": "across", "from": [-10, 0], "to": [10, 0]}
    explorer = LatentExplorer(decoder, *cloud, paths=[path], start=[0, 0])
    page = show(explorer)
    slider = page.get_by_role("slider", name="across")
    assert (slider.input_value(), slider.get_attribute("aria-valuetext")) == ("50", "50 %")
    page.mouse.click(*place(page, explorer, [5, 8]))
    assert slider.get_attribute("aria-valuetext") == page.locator(".vx-value").inner_text() == "off the path"
    assert float(slider.input_value()) == pytest.approx(75, abs=2), "the nearest place of the path"
    slider.press("ArrowRight")
    assert point(page)[1] == 0 and slider.get_attribute("aria-valuetext").endswith(" %")


def test_the_point_leaves_a_trail_until_it_starts_again(show, decoder, cloud):
    page = show(LatentExplorer(decoder, *cloud, start=[0, 0]))
    steps = "document.querySelector('.vx-trail').getAttribute('d').split('L').length"
    page.locator(".vx-plot").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert page.evaluate(steps) == 4
    page.get_by_role("button", name="Start again").click()
    assert page.evaluate(steps) == 1


def test_the_nearest_codes_gaussian_is_drawn_two_sd_wide(show, decoder, cloud):
    codes, random = cloud[0], np.random.default_rng(0)
    mean, sd = codes + random.normal(0, 0.2, codes.shape), random.uniform(0.3, 1, codes.shape)
    explorer = LatentExplorer(decoder, *cloud, start=codes[7], gaussians=(mean, sd))
    page = show(explorer)
    assert "Ellipse: q of the nearest code" in page.locator(".vx-small").inner_text()
    unit = page.locator(".vx-axes rect").bounding_box()["width"] / (explorer.view["high"][0] - explorer.view["low"][0])
    for i in (7, 100):
        page.evaluate("(z) => views[0].model.set('point', z)", codes[i].tolist())
        found = page.evaluate(
            "['cx', 'cy', 'rx', 'ry'].map((a) => Number(document.querySelector('.vx-q').getAttribute(a)))"
        )
        assert found[2:] == pytest.approx(2 * unit * sd[i], rel=0.01)
        box, (x, y) = page.locator(".vx-plot svg").bounding_box(), place(page, explorer, mean[i])
        assert found[:2] == pytest.approx([x - box["x"], y - box["y"]], abs=1.5)
    for wrong in ((mean[1:], sd[1:]), (mean, -sd)):
        with pytest.raises(ValueError, match="gaussians"):
            LatentExplorer(decoder, *cloud, gaussians=wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(show, decoder, cloud, scheme):
    ways = [{"name": "across", "from": [-10, 0], "to": [10, 0]}, {"name": "up", "from": [0, -10], "to": [0, 10]}]
    ring = [{"name": "ring", "center": [0, 0], "radius": 10}]
    page = show(
        LatentExplorer(decoder, *cloud, paths=ways, regions=ring),
        LatentExplorer(decoder, *cloud, start=[0, 0]),
        color_scheme=scheme,
    )
    assert page.locator(".vx-dark").count() == (2 if scheme == "dark" else 0)
    page.evaluate(
        "document.body.style.background = matchMedia('(prefers-color-scheme: dark)').matches ? '#111' : '#fff'"
    )
    assert violations(page) == ""
    assert page.evaluate("new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size") == 4  # hint and name


def test_the_figure_follows_the_page_s_theme(show, decoder, cloud):
    page = show(LatentExplorer(decoder, *cloud))
    plane = "document.querySelector('.vx-plot canvas').toDataURL()"
    light = page.evaluate(plane)
    for attribute, element in [("data-theme='dark'", "documentElement"), ("data-jp-theme-light='false'", "body")]:
        name, value = attribute.split("=")
        page.evaluate(f"document.{element}.setAttribute('{name}', {value})")
        page.wait_for_selector(".vx-dark")
        assert page.evaluate(plane) != light
        page.evaluate(f"document.{element}.removeAttribute('{name}')")
        page.wait_for_selector(".vaelab-explorer:not(.vx-dark)")
        assert page.evaluate(plane) == light


@pytest.mark.parametrize("width", [320, 390, 900])
def test_the_figure_fits_the_page(show, decoder, cloud, width):
    paths = [{"name": "a path with a rather long name that must wrap", "from": [-10, 0], "to": [10, 0]}]
    page = show(LatentExplorer(decoder, *cloud, paths=paths), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    plane, image = page.locator(".vx-plot").bounding_box(), page.locator(".vx-image").bounding_box()
    assert plane["width"] > 200 and image["width"] > 90
    assert (image["x"] >= plane["x"] + plane["width"]) == (width == 900)  # beside it where there is room


def test_no_english_word_is_left_in_another_language(show, decoder, cloud, english_left):
    paths = [{"name": name, "from": [0, 0], "to": [9, 9]} for name in ("«eins»", "«zwei»")]
    regions = [{"name": "«ring»", "center": [0, 0], "radius": 9}]
    page = show(
        *(
            LatentExplorer(decoder, *cloud[:n], paths=paths, regions=regions, start=start)
            for n, start in [(1, [0, 0]), (2, [10, 0])]
        )
    )
    assert english_left(page, "z₁", "z₂") == []
    assert "z = (10,0, 0,0)" in page.locator(".vx-readout").last.text_content()


def test_removing_the_figure_leaves_no_listeners(show, decoder, cloud):
    assert left_behind(show(LatentExplorer(decoder, *cloud))) == 0
