"""The KL figure: its arithmetic against SciPy, and how it behaves under the hand, the keyboard and a screen reader."""

import base64
import math
import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from conftest import left_behind, violations
from vaelab.losses import kl_divergence
from vaelab.widgets import KLFigure, kl_figure

PAIRS = [(1.0, -1.0), (0.0, 0.0), (-3.0, 2.0), (3.0, -4.0), (0.3, -0.1)]


def slider(page, name):
    return page.get_by_role("slider", name=name)


def test_the_browser_computes_the_divergence(show):
    page = show(KLFigure(prior_mean=0.5, prior_log_var=0.7))
    ours = "(pairs) => pairs.map((q) => [views[0].module.divergence(q, [0.5, 0.7]), "
    ours += "views[0].module.divergence([0.5, 0.7], q)])"
    q, p = np.array(PAIRS), np.tile([0.5, 0.7], (len(PAIRS), 1))
    expected = [[float(kl_divergence(a[:, :1], a[:, 1:], b[:, :1], b[:, 1:])[i]) for a, b in ((q, p), (p, q))]
                for i in range(len(PAIRS))]  # fmt: skip
    np.testing.assert_allclose(page.evaluate(ours, PAIRS), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("q", PAIRS)
def test_the_area_of_the_drawn_curve_is_the_divergence(show, q):
    page = show(KLFigure(*q))
    z = np.linspace(-60, 60, 60001)
    values = np.array(
        page.evaluate("([z, q]) => z.map((x) => views[0].module.integrand(x, q, [0, 0]))", [z.tolist(), q])
    )
    density, prior = norm(q[0], math.exp(q[1] / 2)), norm(0, 1)
    by_quadrature = quad(
        lambda x: density.pdf(x) * (density.logpdf(x) - prior.logpdf(x)), -60, 60, points=[q[0]], limit=200
    )[0]
    assert values.sum() * (z[1] - z[0]) == pytest.approx(by_quadrature, rel=1e-6, abs=1e-9)
    assert kl_figure._kl(q, (0.0, 0.0)) == pytest.approx(by_quadrature, rel=1e-6, abs=1e-9)


def two_bumps(z):
    """Log-density of the target as chapter 04 writes it."""
    return np.logaddexp(np.log(0.65) + norm(-2, 0.6).logpdf(z), np.log(0.35) + norm(2, 0.6).logpdf(z))


def to_two_bumps(mean, log_var):
    """KL(q || p) and KL(p || q) by SciPy's adaptive quadrature, on the densities written out."""
    sd = math.exp(log_var / 2)

    def bell(z, mean, sd):
        return math.exp(-0.5 * ((z - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))

    def ratio(z):
        """ln(q/p); q's bell is written as a logarithm, because far out it is 0."""
        log_q = -0.5 * ((z - mean) / sd) ** 2 - math.log(sd * math.sqrt(2 * math.pi))
        return log_q - math.log(target(z))

    def target(z):
        return 0.65 * bell(z, -2, 0.6) + 0.35 * bell(z, 2, 0.6)

    reach = [max(mean - 12 * sd, -20), min(mean + 12 * sd, 20)]  # further out p is 0 as a number
    inside = [z for z in (-2.0, 0.0, mean, 2.0) if reach[0] < z < reach[1]]
    options = {"limit": 400, "epsabs": 1e-10}
    return [
        quad(lambda z: bell(z, mean, sd) * ratio(z), *reach, points=inside, **options)[0],
        quad(lambda z: -target(z) * ratio(z), -10, 10, points=[-2, 0, 2], **options)[0],
    ]


def test_divergences_from_and_to_two_bumps_are_those_of_scipy(show):
    page = show(KLFigure())
    ours = "([pairs, p]) => pairs.map((q) => [[q, p], [p, q]].map((both) => views[0].module.divergence(...both)))"
    in_browser = page.evaluate(ours, [PAIRS, kl_figure.BUMPS])
    in_python = [[kl_figure._kl(q, kl_figure.BUMPS), kl_figure._kl(kl_figure.BUMPS, q)] for q in PAIRS]
    expected = [to_two_bumps(*q) for q in PAIRS]
    np.testing.assert_allclose(in_browser, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(in_python, expected, rtol=1e-6, atol=1e-7)


def test_one_direction_settles_on_a_bump_and_the_other_covers_both(show):
    page = show(KLFigure(mean=1.0, log_var=-1.0))
    page.get_by_role("checkbox", name="two bumps").check()
    line = np.linspace(-14, 14, 2801)
    log_p = two_bumps(line)
    assert page.get_by_role("button", name="like p").count() == 0, "places for q beside one bell"

    def lowered(direction, *start):
        for name, value in zip(("mean", "log_var"), start, strict=True):
            page.evaluate(f"(value) => views[0].model.set('{name}', value)", value)
        page.get_by_role("button", name=f"lower KL({direction})").click()
        return page.evaluate("['mean', 'log_var'].map((name) => views[0].model.get(name))")

    def on_the_line(q, direction):
        log_q = norm(q[0], math.exp(q[1] / 2)).logpdf(line)
        a, b = (log_q, log_p) if direction == "q ‖ p" else (log_p, log_q)
        return np.trapezoid(np.exp(a) * (a - b), line)

    for direction, start in (("q ‖ p", (1.0, 0)), ("q ‖ p", (-1.0, 0)), ("p ‖ q", (1.0, -1.0))):
        mean, log_var = lowered(direction, *start)
        least = minimize(on_the_line, (mean, log_var), direction, method="Nelder-Mead")
        assert [mean, log_var] == pytest.approx(least.x, abs=0.01), "no place nearby is lower"
        if direction == "q ‖ p":
            assert abs(mean - 2 * np.sign(start[0])) < 0.1 and math.exp(log_var / 2) < 0.7
    assert mean == pytest.approx(-0.6, abs=0.01) and math.exp(log_var) == pytest.approx(4, abs=0.02)  # p's moments
    assert "makes q cover both" in page.locator(".vx-small").text_content()
    named = [name.text_content() for name in page.locator(".kl-name").all()]
    assert sorted(named) == ["p", "q"]


def test_the_keyboard_moves_q_and_it_is_said(show):
    page = show(KLFigure(mean=0, log_var=0))
    assert page.evaluate("views[0].readyAtOnce") == "true"
    readout = page.locator(".vx-readout")
    assert readout.text_content().startswith("KL(q ‖ p) = 0.000 nats, KL(p ‖ q) = 0.000 nats.")
    slider(page, "mean of q").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("views[0].model.get('mean')") == pytest.approx(1)
    assert readout.text_content().startswith("KL(q ‖ p) = 0.500 nats, KL(p ‖ q) = 0.500 nats.")
    slider(page, "log_var of q").fill("2")
    expected = 0.5 * (math.exp(2) - 2 - 1 + 1)
    assert f"KL(q ‖ p) = {expected:.3f} nats" in readout.text_content()
    assert "standard deviation 2.72" in readout.text_content()
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('KL(q ‖ p) = 2.695')")
    assert slider(page, "log_var of q").get_attribute("aria-valuetext") == "2.0"
    assert f"{expected:.3f}" in page.get_by_role("img").get_attribute("aria-label")
    assert f"{expected:.3f}" in page.locator(".vx-title").nth(1).text_content()


@pytest.mark.parametrize(
    ("name", "q"), [("like p", (0.5, 0.7)), ("narrow", (0, -3)), ("wide", (0, 1.5)), ("far away", (2.5, -1))]
)
def test_a_button_puts_q_where_it_says(show, name, q):
    page = show(KLFigure(prior_mean=0.5, prior_log_var=0.7))
    page.get_by_role("button", name=name).click()
    assert page.evaluate("['mean', 'log_var'].map((name) => views[0].model.get(name))") == list(q)


def test_areas_that_are_compared_share_a_scale_which_can_be_kept(show):
    page = show(KLFigure(mean=2, log_var=-1.5))

    def drawn():
        """Pixels that each area fills, and its size in nats."""
        paths = page.evaluate("""() => [...document.querySelectorAll("path.kl-plus, path.kl-minus")].map((path) => {
            const ends = path.getAttribute("d").slice(1, -1).split("L").map((pair) => pair.split(" ").map(Number));
            return ends.reduce((sum, [x, y], i) => {
                const [a, b] = ends[(i + 1) % ends.length];
                return sum + (x * b - a * y) / 2;
            }, 0);
        })""")
        first, second = abs(paths[0]) - abs(paths[1]), abs(paths[2]) - abs(paths[3])
        nats = [float(n) for n in re.findall(r"([\d.]+) nats", page.locator(".vx-readout strong").text_content())]
        return np.array([first, second]), np.array(nats)

    pixels, nats = drawn()
    assert pixels[0] / pixels[1] == pytest.approx(nats[0] / nats[1], rel=0.05)
    page.get_by_role("checkbox", name="keep the scale").check()
    slider(page, "log_var of q").fill("-0.5")
    smaller, less = drawn()
    assert smaller / pixels == pytest.approx(less / nats, rel=0.03)
    slider(page, "log_var of q").fill("-4")  # more than the kept scale holds: it grows
    pixels, nats = drawn()
    assert pixels[0] / pixels[1] == pytest.approx(nats[0] / nats[1], rel=0.05)
    slider(page, "log_var of q").fill("-0.5")
    assert drawn()[0] / less == pytest.approx(pixels / nats, rel=0.05)


def test_the_pointer_moves_the_mean(show):
    page = show(KLFigure(mean=0, log_var=0))
    box = page.locator(".vx-drawing").bounding_box()
    middle, unit = box["x"] + (44 + box["width"] - 10) / 2, (box["width"] - 54) / 14
    page.mouse.move(middle + 2 * unit, box["y"] + 200)
    page.mouse.down()
    assert page.evaluate("views[0].model.get('mean')") == pytest.approx(2, abs=0.06)
    page.mouse.move(middle - 6 * unit, box["y"] + 200)
    assert page.evaluate("views[0].model.get('mean')") == -3
    page.mouse.up()
    page.mouse.move(middle, box["y"] + 200)
    assert page.evaluate("views[0].model.get('mean')") == -3


def test_python_moves_the_figure_within_its_range(show):
    figure = KLFigure()
    figure.mean, figure.log_var = 99, np.float32(-0.5)
    assert (figure.mean, figure.log_var) == (3.0, -0.5)
    for wrong in (np.nan, "a", None, [1, 2]):
        with pytest.raises(ValueError, match="expected a finite number"):
            figure.mean = wrong
        with pytest.raises(ValueError, match="prior_mean is"):
            KLFigure(prior_mean=wrong)
    with pytest.raises(ValueError, match="prior_log_var is 5; expected a number from -4 to 2"):
        KLFigure(prior_log_var=5)
    page = show(KLFigure(mean=0))
    page.evaluate("views[0].model.set('mean', 2)")
    assert "mean 2.0" in page.locator(".vx-readout").text_content()
    assert slider(page, "mean of q").input_value() == "2"


def test_the_still_picture_and_its_one_line_stay_the_same():
    first, second = (KLFigure()._repr_mimebundle_()[0] for _ in range(2))
    assert first["text/plain"] == second["text/plain"]
    assert re.fullmatch(
        r"KLFigure: q = N\(1.0, exp\(-1.0\)\), KL\(q \|\| p\) = 0.684 nats, KL\(p \|\| q\) = 1.718 nats",
        first["text/plain"],
    )
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG") and len(png) < 60_000 and first["image/png"] == second["image/png"]
    figure = KLFigure()
    figure.two_bumps = True
    assert "KL(q || p) = {:.3f} nats, KL(p || q) = {:.3f}".format(*to_two_bumps(1.0, -1.0)) in repr(figure)
    assert figure._repr_mimebundle_()[0]["image/png"] != first["image/png"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(show, scheme):
    page = show(KLFigure(), KLFigure(0, 0), color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (2 if scheme == "dark" else 0)
    assert violations(page) == ""


@pytest.mark.parametrize("width", [320, 390, 900])
def test_the_figure_fits_the_page(show, width):
    page = show(KLFigure(3, -4), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    right = page.locator(".vx-drawing").bounding_box()
    for text in page.locator(".vx-drawing text").all():
        box = text.bounding_box()
        assert box["x"] >= right["x"] - 1 and box["x"] + box["width"] <= right["x"] + right["width"] + 1
    for control in page.get_by_role("slider").all():
        assert control.bounding_box()["height"] >= 44 and control.bounding_box()["width"] >= 100


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = show(KLFigure())
    assert english_left(page, "z", "q", "p") == []
    assert "0,684" in page.locator(".vx-readout").text_content()


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(show(KLFigure())) == 0
