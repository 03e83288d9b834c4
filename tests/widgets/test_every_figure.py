"""What every living figure has: a name, a number, something to try, a way back to the start, and readable labels."""

import math

import keras
import numpy as np
import pytest
from keras import layers

from vaelab.conditional import build_conditional_decoder
from vaelab.images import pack_images
from vaelab.vae import build_vae_decoder
from vaelab.widgets import (
    CodeWalker,
    ConditionalExplorer,
    ELBOFigure,
    KLFigure,
    LatentExplorer,
    RateDistortionFigure,
    SamplingFigure,
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
    page.evaluate("document.querySelector('[aria-live]').textContent = ''")
    return page.locator(".vaelab-explorer").inner_text()


def move_away(page):
    """Move whatever the keyboard moves."""
    page.locator(".vaelab-explorer [tabindex='0']").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")


@every_figure
def test_it_is_a_figure_with_a_name_and_something_to_try(show, figure):
    page = show(figure)
    named = page.get_by_role("figure", name=figure.strings["title"])
    assert named.count() == 1
    caption = named.locator(".vx-head").inner_text()
    assert figure.strings["try"] in caption and len(figure.strings["try"]) > 40


@every_figure
@pytest.mark.parametrize("by", ["mouse", "finger", "keyboard"])
def test_it_starts_again(show, figure, by):
    page = show(figure, has_touch=True)
    button = page.get_by_role("button", name="Start again")
    before = words(page)
    move_away(page)
    assert words(page) != before
    box = button.bounding_box()
    assert box["height"] >= 44 and box["width"] >= 44
    if by == "keyboard":
        button.focus()
        page.keyboard.press("Enter")
    else:
        getattr(button, {"mouse": "click", "finger": "tap"}[by])()
    assert words(page) == before
