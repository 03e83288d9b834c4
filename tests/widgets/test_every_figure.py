"""What every living figure has: a name, a number, something to try, a way back to the start, and readable labels."""

import math

import keras
import numpy as np
import pytest
from keras import layers

from conftest import violations
from files import ROOT
from vaelab.conditional import build_conditional_decoder
from vaelab.images import pack_images
from vaelab.vae import build_vae_decoder
from vaelab.widgets import (
    CodeWalker,
    ConditionalExplorer,
    DigitWriter,
    ELBOFigure,
    Guess,
    KLFigure,
    LatentExplorer,
    RateDistortionFigure,
    SamplingFigure,
    SlipTrainer,
    TrainingFilm,
    Twins,
)

random = np.random.default_rng(0)


def plane(codes_at, **options):
    """A LatentExplorer with ten clumps of codes, centred at codes_at (10, 2)."""
    keras.utils.set_random_seed(3)
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(784, "sigmoid"), layers.Reshape((28, 28, 1))])
    labels = np.arange(600) % 10
    spread = np.ptp(codes_at, axis=0).max() / 25
    codes = np.array(codes_at)[labels] + random.normal(0, spread, (600, 2))
    return LatentExplorer(decoder, codes, labels, **options)


def plane_with_hole():
    """As in chapter 03: most digits near 0 under the circle of N(0, I), a path across a hole far away."""
    places = [(0, -15), (130, 70), (15, -15), (2, 5), (55, -25), (22, 30), (30, -45), (75, -10), (8, 20), (45, -5)]
    path = {"name": "across a hole", "from": [217, 54], "to": [175, -16]}
    hole = {"name": "hole", "center": [196, 20], "radius": 21}
    prior = {"name": "N(0, I)", "center": [0, 0], "radius": 2}
    return plane(places, margin=0.25, paths=[path], regions=[hole, prior])


def plane_of_the_prior():
    """As in chapter 07: the digits crowd about 0, where the point starts, inside a circle."""
    places = [(-0.7, 1.7), (1.2, -1.7), (0, 0.3), (0.6, 0.7), (-0.1, -0.5), (0.7, 0.2), (-0.4, 0.7), (-0.3, -1.4),
              (0.4, -0.2), (0.1, -0.9)]  # fmt: skip
    most = {"name": "99 % of the prior", "center": [0.0, 0.0], "radius": math.sqrt(2 * math.log(100))}
    return plane(places, margin=0.0, start=[0.0, 0.0], regions=[most])


def rate_distortion():
    betas = [0.1, 0.5, 1, 2, 5, 20]
    kl = [[4 / (1 + beta) * 0.7**i for i in range(20)] for beta in betas]
    runs = [
        {"rate": sum(one), "distortion": 80 + 4 * beta, "kl": one, "active": [int(k > 0.05) for k in one]}
        for beta, one in zip(betas, kl, strict=True)
    ]
    pictures = random.integers(0, 16, (13, 10, 28, 28, 1)) / 15
    seeds = {"0": {f"{beta:g}": run for beta, run in zip(betas, runs, strict=True)}, "1": {"1": runs[2]}}
    return RateDistortionFigure({"betas": betas, **seeds, "pictures": pack_images(pictures)})


def conditional():
    keras.utils.set_random_seed(3)
    codes = random.standard_normal((200, 2))
    return ConditionalExplorer(build_conditional_decoder(2, (8,)), codes, np.arange(200) % 10, start=(0.5, 0.8))


def walker():
    keras.utils.set_random_seed(3)
    directions = {"slant": 0.4 * np.ones(6), "stroke width": -0.4 * np.ones(6)}
    names = ["a 2", "a 7", "a 1", "a 0"]
    return CodeWalker(build_vae_decoder(6, (8,)), random.standard_normal((4, 6)), names, directions)


FIGURES = {
    "plane with a hole": plane_with_hole,
    "plane of the prior": plane_of_the_prior,
    "KL": KLFigure,
    "sampling": lambda: SamplingFigure(mean=1.0, log_var=-1.2),
    "ELBO": ELBOFigure,
    "rate and distortion": rate_distortion,
    "conditional": conditional,
    "walker": walker,
    "pad": DigitWriter,
    "trainer": SlipTrainer,
    "twins": lambda: Twins("twin, mixture", "VAE, N(0, I)"),
    "three in twenty dimensions": lambda: Twins("twin, mixture", "VAE, N(0, I)", "VAE, mixture", latent_dim=20),
    "film": lambda: TrainingFilm("collapse"),
    "film of an autoencoder": lambda: TrainingFilm("autoencoder"),
    "film of a VAE": lambda: TrainingFilm("vae"),
    "guess": lambda: Guess("Of a hundred, how many?", 37.4),
}
every_figure = pytest.mark.parametrize("kind", FIGURES)
made = {}


@pytest.fixture
def figure(kind):
    if kind not in made:
        made[kind] = FIGURES[kind]()
    return made[kind]


def words(page):
    """All that the figure shows in words, without what it has said to a screen reader."""
    page.locator("[data-loaded=false]").wait_for(state="detached")
    page.evaluate("document.querySelector('[aria-live]').textContent = ''")
    return page.locator(".vaelab-explorer").inner_text()


def move_away(page):
    """Move whatever the keyboard moves: a point or a slider, or else the last button's choice."""
    movable = page.locator(".vaelab-explorer [tabindex='0']")
    if movable.count() == 0:
        return page.locator(".vaelab-explorer button").last.press("Enter")
    movable.first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")


def test_the_site_s_own_scripts_stay_small():
    scripts = [*(ROOT / "src/vaelab/widgets").glob("*.js"), *(ROOT / "book/_static").glob("*.js")]
    assert 60_000 < sum(script.stat().st_size for script in scripts) < 150_000


@every_figure
def test_it_is_a_figure_with_a_name_and_something_to_try(show, figure):
    page = show(figure)
    named = page.get_by_role("figure", name=figure.strings["title"])
    assert named.count() == 1
    caption = named.locator(".vx-head").inner_text()
    assert figure.strings["try"] in caption and len(figure.strings["try"]) > 40


@every_figure
def test_it_may_begin_out_of_sight_as_in_a_fold_and_shows_all_of_it_afterwards(show, figure):
    page = show(figure)
    before = words(page)
    page.evaluate("views[0].remove(), (views[0].el.hidden = true), void views[0].module.default.render(views[0])")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.evaluate("views[0].el.hidden = false")
    for _ in range(100):  # until it has drawn again
        if words(page) == before:
            break
        page.wait_for_timeout(50)
    assert words(page) == before


@every_figure
def test_it_starts_again_by_mouse_finger_and_keyboard(show, figure):
    page = show(figure, has_touch=True)
    button = page.get_by_role("button", name="Start again")
    before = words(page)
    for press in (button.click, button.tap, lambda: button.press("Enter")):
        move_away(page)
        assert words(page) != before
        box = button.bounding_box()
        assert box["height"] >= 44 and box["width"] >= 44
        press()
        assert words(page) == before


# Pairs of labels that overlap, and labels that a drawn line runs through (not those of axes, threads and the point).
COLLISIONS = """() => {
  const shown = (node) => node.textContent && getComputedStyle(node).visibility === "visible";
  const texts = [...document.querySelectorAll(".vaelab-explorer svg text")].filter(shown);
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const found = [];
  boxes.forEach((a, i) => boxes.forEach((b, j) => {
    if (i < j && meet(a, b)) found.push(`${texts[i].textContent} | ${texts[j].textContent}`);
  }));
  const lines = document.querySelectorAll(`.ef-evidence, .ef-link, .rd-line, .rd-sum, .rd-marker, .cw-line,
    .vx-lines > circle, .vx-lines > rect, .vx-path > line`);
  for (const line of lines) {
    const matrix = line.getScreenCTM(), total = line.getTotalLength();
    if (!total) continue;
    for (let at = 0; at <= total; at += 2) {
      const { x, y } = line.getPointAtLength(at).matrixTransform(matrix);
      const hit = boxes.findIndex((b) => x > b.left + 1 && x < b.right - 1 && y > b.top + 3 && y < b.bottom - 3);
      if (hit >= 0) { found.push(`${texts[hit].textContent} | ${line.getAttribute("class") ?? line.tagName}`); break; }
    }
  }
  return found;
}"""

# Somewhere the reader could be: every slider, button of a choice and point anywhere.
GO_SOMEWHERE = """(shares) => {
  const share = () => shares.shift();
  for (const input of document.querySelectorAll(".vaelab-explorer input[type=range]")) {
    const [min, max, step] = [input.min, input.max, input.step].map(Number);
    input.value = min + step * Math.round((share() * (max - min)) / step);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const { model } = views[0], view = model.get("view") ?? { low: [0, 0], high: [1, 1] };
  if (model.get("point")) {
    const [low, high] = [view.low ?? [-view.reach, -view.reach], view.high ?? [view.reach, view.reach]];
    model.set("point", [0, 1].map((i) => low[i] + share() * (high[i] - low[i])));
  }
}"""


@every_figure
@pytest.mark.parametrize("width", [390, 1280])
def test_its_labels_do_not_overlap(show, figure, width):
    page = show(figure, width=width)
    found = {"at the start": page.evaluate(COLLISIONS)}
    for state in range(10):
        page.evaluate(GO_SOMEWHERE, np.random.default_rng(state).random(12).tolist())
        found[state] = page.evaluate(COLLISIONS)
    assert {state: pairs for state, pairs in found.items() if pairs} == {}


@every_figure
def test_the_ring_covers_no_label_at_the_start(show, figure):
    page = show(figure, width=390)
    covered = page.evaluate("""() => {
        const ring = document.querySelector(".vx-ring")?.getBoundingClientRect();
        const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        const texts = [...document.querySelectorAll(".vx-plot text")];
        return ring ? texts.filter((text) => meet(ring, text.getBoundingClientRect())).map((t) => t.textContent) : [];
    }""")
    assert covered == []


@every_figure
def test_it_fits_a_telephone_s_screen(show, figure):
    page = show(figure, width=390)
    assert page.locator(".vaelab-explorer").bounding_box()["height"] <= 844


@every_figure
def test_forced_colours_leave_it_all_its_parts(show, figure):
    page = show(figure, forced_colors="active")
    for button in page.get_by_role("button").all():
        assert button.evaluate("(one) => parseFloat(getComputedStyle(one).borderTopWidth)") >= 1
    for swatch in page.locator(".ce-key").all():
        assert swatch.evaluate("(one) => getComputedStyle(one, '::before').forcedColorAdjust") == "none"
    assert violations(page) == ""


@every_figure
def test_the_ring_of_focus_around_a_slider_touches_no_words(show, figure):
    page = show(figure, width=390)
    for slider in page.get_by_role("slider").all():
        slider.focus()
        slider.press("ArrowRight")
        offset, width = (slider.evaluate(f"(one) => parseFloat(getComputedStyle(one).outline{name})")
                         for name in ("Offset", "Width"))  # fmt: skip
        assert offset + width <= 0


@every_figure
def test_jupyterlab_shows_no_broken_link_over_it(show, figure):
    page = show(figure)
    page.add_style_tag(content=".jupyter-widgets-disconnected::before { content: 'broken'; display: inline-block; }")
    page.evaluate("views[0].el.classList.add('jupyter-widgets-disconnected')")  # as it does without a kernel
    assert page.evaluate("getComputedStyle(views[0].el, '::before').display") == "none"


SET = """(wanted) => {
  const root = document.querySelector(".vaelab-explorer");
  root.addEventListener("vaelab:state", (event) => (window.kept = event.detail));
  root.dispatchEvent(new CustomEvent("vaelab:set", { detail: wanted }));
}"""
LINKS = {
    "plane of the prior": ({"point": "0.5,-99"}, {"point": [0.5, "low"]}),
    "KL": ({"mean": "-2", "log_var": "99", "two_bumps": "true"}, {"mean": -2, "log_var": 2, "two_bumps": True}),
    "sampling": ({"by_variance": "true", "mean": "0.5"}, {"by_variance": True, "mean": 0.5}),
    "ELBO": ({"sigma_x": "0.25"}, {"sigma_x": 0.25}),
    "rate and distortion": ({"beta": "5"}, {"beta": 5}),
    "conditional": ({"label": "7", "point": "1,-1"}, {"label": 7, "point": [1, -1]}),
    "trainer": ({"one_epsilon": "true", "beta": "3"}, {"one_epsilon": True, "beta": 3}),
    "walker": ({"way": "0.25", "ends": "2,3"}, {"way": 0.25, "ends": [2, 3]}),
    "twins": ({"point": "0.25,7"}, {"point": [0.25, 0.999]}),
    "film": ({"moment": "20", "warm_up": "true"}, {"moment": 20, "warm_up": True}),
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_sets_it_and_the_address_can_keep_it(show, figure, kind):
    page = show(figure)
    text, wanted = LINKS[kind]
    before = words(page)
    page.evaluate(SET, text)
    for name, value in wanted.items():
        found = page.evaluate(f"views[0].model.get('{name}')")
        if "low" in np.ravel(value).tolist():
            value = [value[0], figure.view["low"][1]]
        assert found == pytest.approx(value) if not isinstance(value, bool) else found is value
    assert words(page) != before
    page.wait_for_function("window.kept !== undefined")
    assert {part.partition("=")[0] for part in page.evaluate("window.kept").split("&")} == set(text)
    page.get_by_role("button", name="Start again").click()
    page.wait_for_function("window.kept === ''")


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_makes_no_sense_changes_nothing(show, figure, kind):
    page = show(figure)
    before = words(page)
    name = next(iter(LINKS[kind][0]))
    for wrong in (
        {name: "abc"},
        {name: ""},
        {name: "1,2,3"},
        {name: "NaN"},
        {name: "1e999"},
        {"strings": "1"},
        {"view": "1"},
    ):
        page.evaluate(SET, wrong)
        assert words(page) == before, wrong
