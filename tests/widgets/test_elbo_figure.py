"""The ELBO figure: its arithmetic against SciPy, and how it behaves under hand, keyboard and screen reader."""

import base64
import itertools
import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from conftest import left_behind, violations
from files import ROOT
from vaelab.widgets import ELBOFigure, elbo_figure

STATES = [  # x, mean, log_var, sigma_x
    (1.5, 0.0, -1.0, 0.5),
    (1.5, 1.3, -2.2, 0.5),
    (0.0, 0.0, 0.0, 1.5),
    (-1.0, 0.5, -5.0, 0.2),
    (4.0, -3.5, 0.5, 0.2),
    (4.0, 3.5, -5.0, 1.0),
]
NUMBERS = "(s) => ['logEvidence', 'reconstruction', 'divergence', 'gap'].map((name) => views[0].module[name](s))"


def by_scipy(x, mean, log_var, sigma_x):
    """ln p(x), the average of ln p(x given z), KL(q || prior) and KL(q || posterior), from their definitions."""
    q, prior = norm(mean, math.exp(log_var / 2)), norm(0, 1)

    def log_likelihood(z):
        return norm(z**2 / 2 + z / 4, sigma_x).logpdf(x)

    def over_q(function):
        reach = 12 * q.std()
        return quad(lambda z: q.pdf(z) * function(z), mean - reach, mean + reach, points=[mean], limit=400)[0]

    grid = np.linspace(-9, 9, 60001)
    evidence = math.log(np.trapezoid(np.exp(log_likelihood(grid) + prior.logpdf(grid)), grid))
    posterior = lambda z: log_likelihood(z) + prior.logpdf(z) - evidence  # noqa: E731
    return [
        evidence,
        over_q(log_likelihood),
        over_q(lambda z: q.logpdf(z) - prior.logpdf(z)),
        over_q(lambda z: q.logpdf(z) - posterior(z)),
    ]


def slider(page, name):
    return page.get_by_role("slider", name=name)


@pytest.mark.parametrize("state", STATES)
def test_bars_have_their_lengths_and_the_sum_closes(show, state):
    figure = ELBOFigure(**dict(zip(("x", "mean", "log_var", "sigma_x"), state, strict=True)))
    expected = by_scipy(*state)
    in_python = [figure.log_evidence, figure.reconstruction, figure.kl, figure.gap]
    page = show(figure)
    in_browser = page.evaluate(NUMBERS, dict(zip(("x", "mean", "log_var", "sigma_x"), state, strict=True)))
    np.testing.assert_allclose(in_python, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(in_browser, expected, rtol=1e-6, atol=1e-8)
    evidence, first, kl, gap = in_browser
    assert evidence == pytest.approx(first - kl + gap, abs=1e-6) and gap >= 0


def test_the_last_bar_ends_on_the_line(show):
    page = show(*(ELBOFigure(*state[:3], sigma_x=state[3]) for state in STATES))
    for picture in page.locator(".ef-bars").all():
        bars = [[float(bar.get_attribute(name)) for name in ("x", "width")] for bar in picture.locator(".ef-bar").all()]
        line = float(picture.locator(".ef-evidence").first.get_attribute("x1"))
        (first, wide), (second, wider), (third, widest) = bars
        assert third == pytest.approx(second, abs=0.01)  # the gap begins where the KL ended
        assert second + wider == pytest.approx(first, abs=0.01) or first + wide == pytest.approx(
            second + wider, abs=0.01
        )
        assert third + widest == pytest.approx(line, abs=0.01)


def test_the_posterior_has_its_bumps_where_the_decoder_s_curve_meets_x(show):
    page = show(ELBOFigure(1.5, sigma_x=0.2))
    curve, bumps = (
        page.locator(f".ef-{name}").evaluate(
            "(one) => one.getAttribute('d').slice(1).split('L').map((pair) => pair.split(' ').map(parseFloat))"
        )
        for name in ("decoder", "posterior")
    )
    x = float(page.locator(".ef-x").get_attribute("y1"))
    meeting = [a[0] for a, b in itertools.pairwise(curve) if (a[1] - x) * (b[1] - x) <= 0]
    left, right = (min(half, key=lambda point: point[1])[0] for half in (bumps[:350], bumps[350:701]))
    assert [left, right] == pytest.approx([meeting[0], meeting[-1]], abs=8)
    band = page.locator(".ef-band")
    assert float(band.get_attribute("y")) < x < float(band.get_attribute("y")) + float(band.get_attribute("height"))


def test_a_term_of_the_formula_lights_its_bar_which_has_its_colour_and_a_pattern(show):
    page = show(ELBOFigure())
    style = (ROOT / "book/_static/course.css").read_text(encoding="utf-8")
    bars = ("reconstruction", "kl", "gap", "evidence")

    def seen(name):
        part = page.locator(f".ef-bars .ef-{name}:not(defs)").first
        return part.evaluate("(one) => { const { fill, opacity } = getComputedStyle(one); return [fill, opacity]; }")

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        theme = re.search(rf'html\[data-theme="{scheme}"\] \{{(.*?)\}}', style, re.DOTALL)[1]
        page.locator(".vx-dark").wait_for(state="attached" if scheme == "dark" else "detached")
        for name in bars[:2]:
            ours = page.locator(".ef-bars").evaluate(f"(one) => getComputedStyle(one).getPropertyValue('--ef-{name}')")
            assert re.search(rf"--{name}: (#\w+);", theme)[1] == ours
            assert scheme == "dark" or ours == getattr(elbo_figure, name.upper())
    fills = {seen(name)[0] for name in bars[:3]}
    assert len(fills) == 3 and sum("url" in fill for fill in fills) == 2
    for lit in bars:
        page.evaluate("(lit) => (document.documentElement.dataset.lit = lit)", lit)
        assert {name for name in bars if seen(name)[1] == "1"} == {lit}
    page.evaluate("delete document.documentElement.dataset.lit")
    assert {seen(name)[1] for name in bars} == {"1"}


@pytest.mark.parametrize("start", [(1.5, 0.5), (-2.0, -1.0)])
def test_the_button_stops_where_no_step_helps(show, start):
    page = show(ELBOFigure(1.5, *start, sigma_x=0.35))
    page.get_by_role("button", name="Move q uphill").click()
    mean, log_var = (page.evaluate(f"views[0].model.get('{name}')") for name in ("mean", "log_var"))

    def gap(q):  # its formula is tested above
        return ELBOFigure(1.5, *q, sigma_x=0.35).gap

    best = minimize(gap, (mean, log_var), method="Nelder-Mead", options={"xatol": 1e-3})
    assert mean == pytest.approx(best.x[0], abs=0.02) and log_var == pytest.approx(best.x[1], abs=0.02)
    assert (mean > 0) == (start[0] > 0)  # it stays on its own bump
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('ln p(x) = ')")


def test_the_keyboard_moves_q_and_it_is_said(show):
    page = show(ELBOFigure(mean=0, log_var=0))
    assert page.evaluate("views[0].readyAtOnce") == "true"
    slider(page, "mean of q").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("views[0].model.get('mean')") == pytest.approx(0.5)
    expected = by_scipy(1.5, 0.5, 0.0, 0.5)
    text = page.locator(".vx-readout").text_content().replace("−", "-")
    shown = [float(number) for number in re.findall(r"-?\d+\.\d+", text)]
    elbo = expected[1] - expected[2]
    assert shown == pytest.approx([expected[0], elbo, expected[3], expected[1], expected[2]], abs=6e-4)
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('ln p(x) = −')")
    assert slider(page, "mean of q").get_attribute("aria-valuetext") == "0.50"
    slider(page, "the number x").fill("0")
    slider(page, "σₓ, the noise").fill("1")
    assert f"−{-by_scipy(0, 0.5, 0, 1)[0]:.3f}" in page.get_by_role("img").last.get_attribute("aria-label")


def test_the_pointer_moves_the_mean(show):
    page = show(ELBOFigure(mean=0))
    box = page.locator(".ef-curves").bounding_box()
    middle, unit = box["x"] + box["width"] / 2, (box["width"] - 20) / 8
    page.mouse.move(middle + 2 * unit, box["y"] + 60)
    page.mouse.down()
    assert page.evaluate("views[0].model.get('mean')") == pytest.approx(2, abs=0.06)
    page.mouse.move(middle - 3.9 * unit, box["y"] + 60)
    assert page.evaluate("views[0].model.get('mean')") == -3.5
    page.mouse.up()
    page.mouse.move(middle, box["y"] + 60)
    assert page.evaluate("views[0].model.get('mean')") == -3.5


def test_python_moves_the_figure_within_its_range(show):
    figure = ELBOFigure()
    figure.mean, figure.sigma_x, figure.x = 99, np.float32(0), -5
    assert (figure.mean, figure.sigma_x, figure.x) == (3.5, 0.2, -1.0)
    for wrong in (np.nan, "a", None, [1, 2]):
        with pytest.raises(ValueError, match="mean is .*; expected a finite number"):
            figure.mean = wrong
    page = show(ELBOFigure(mean=0))
    page.evaluate("views[0].model.set('mean', 2)")
    assert slider(page, "mean of q").input_value() == "2"
    assert "mean 2.00" in page.get_by_role("img").first.get_attribute("aria-label")


def test_the_still_picture_and_its_one_line_stay_the_same():
    first, second = (ELBOFigure()._repr_mimebundle_()[0] for _ in range(2))
    assert first["text/plain"] == second["text/plain"]
    assert first["text/plain"] == "ELBOFigure: x = 1.50, ln p(x) = -1.980 = ELBO -4.055 + gap 2.075 nats"
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG") and len(png) < 60_000 and first["image/png"] == second["image/png"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(show, scheme):
    page = show(ELBOFigure(), ELBOFigure(0, 0, 0, 1), color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (2 if scheme == "dark" else 0)
    assert violations(page) == ""


@pytest.mark.parametrize("width", [320, 390, 900])
def test_the_figure_fits_the_page(show, width):
    page = show(ELBOFigure(4, -3.5, 0.5, 0.2), ELBOFigure(0, -0.2, -1.8, 0.2), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for picture in page.locator("svg").all():
        whole = picture.bounding_box()
        for text in picture.locator("text").all():
            box = text.bounding_box()
            if box and box["width"]:
                assert box["x"] >= whole["x"] - 1 and box["x"] + box["width"] <= whole["x"] + whole["width"] + 1
    for control in [*page.get_by_role("slider").all(), *page.get_by_role("button").all()]:
        assert control.bounding_box()["height"] >= 44 and control.bounding_box()["width"] >= 90


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = show(ELBOFigure())
    assert english_left(page, "z") == []
    assert "1,980" in page.locator(".vx-readout").text_content()


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(show(ELBOFigure())) == 0
