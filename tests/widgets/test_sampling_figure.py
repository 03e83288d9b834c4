"""The figure of chapter 05: what it refuses, that browser and Python agree, and how it behaves under the reader."""

import re

import numpy as np
import pytest

from conftest import left_behind, violations
from vaelab.widgets import SamplingFigure


def dots(page):
    """The values at which the lower axis's dots are drawn, in the order of epsilon."""
    return np.array(
        page.evaluate("""() => {
            const picture = document.querySelector(".sf-picture"), width = picture.viewBox.baseVal.width;
            const circles = [...picture.querySelectorAll("circle")].filter((c) => c.getAttribute("cy") > 100);
            return circles.map((c) => ((c.getAttribute("cx") - 12) / (width - 24)) * 12 - 6);
        }""")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 9}, "n is 9; expected a whole number from 10 to 500"),
        ({"n": 20.5}, "n is 20.5"),
        ({"mean": 2.5}, "mean is 2.5; expected a number from -2.0 to 2.0"),
        ({"mean": np.nan}, "mean is nan"),
        ({"log_var": -5}, "log_var is -5.0; expected a number from -4.0 to 1.4"),
    ],
)
def test_numbers_beyond_the_sliders_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SamplingFigure(**arguments)


def test_the_samples_have_the_spread_of_their_formula():
    figure = SamplingFigure(mean=0.5, log_var=-1.2)
    assert figure.z.mean() == pytest.approx(0.5, abs=1e-5) and figure.z.std() == pytest.approx(np.exp(-0.6), rel=1e-5)
    figure.by_variance = True
    assert figure.z.std() == pytest.approx(np.exp(-1.2), rel=1e-5)


def test_the_noise_and_the_still_picture_stay_the_same():
    first, second = (SamplingFigure(log_var=-1.0)._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 70_000
    assert first["text/plain"] == second["text/plain"]
    assert first["text/plain"] == "SamplingFigure: mean 0.00, log_var -1.00, standard deviation of z 0.61"


@pytest.mark.parametrize("by_variance", [False, True])
def test_the_browser_draws_python_s_samples(show, by_variance):
    figure = SamplingFigure(mean=-0.7, log_var=-0.8, by_variance=by_variance)
    page = show(figure)
    assert page.locator(".vaelab-explorer").get_attribute("data-ready") == "true"
    assert np.abs(np.sort(dots(page)) - np.sort(figure.z)).max() < 1e-3
    computed = page.evaluate(
        "(wrong) => views[0].module.samples(views[0].model.get('epsilon'), -0.7, -0.8, wrong).z", by_variance
    )
    assert np.abs(np.array(computed) - figure.z).max() < 1e-9
    assert f"Measured on the dots: {figure.z.std():.2f}" in page.locator(".vx-readout").inner_text()


@pytest.mark.parametrize("by_variance", [False, True])
def test_the_slope_of_a_sample_is_how_it_moves_when_sigma_grows(show, by_variance):
    def z(sigma):
        return SamplingFigure(mean=0.5, log_var=2 * np.log(sigma), by_variance=by_variance).z

    figure = SamplingFigure(mean=0.5, log_var=2 * np.log(0.7), by_variance=by_variance)
    slopes = (z(0.701) - z(0.699)) / 0.002
    page = show(figure)
    computed = page.evaluate(
        "() => { const { model, module } = views[0], get = (name) => model.get(name); return module.samples("
        "get('epsilon'), get('mean'), get('log_var'), get('by_variance')).slopes; }"
    )
    np.testing.assert_allclose(computed, slopes, atol=1e-6)
    if not by_variance:
        np.testing.assert_allclose(computed, figure.epsilon, atol=1e-6)
    red = [f"{slopes[i]:.2f}".replace("-", "−") for i in figure.marked]
    said = page.locator(".vx-readout").inner_text()
    assert f"∂z/∂σ = {'2σε' if by_variance else 'ε'}, at the red dots {'; '.join(red)}." in said
    unit = (page.locator(".sf-picture").evaluate("(one) => one.viewBox.baseVal.width") - 24) / 12
    arrows = page.locator(".sf-arrow").all()
    drawn = [float(re.search(r"h([-\d.e]+)m", arrow.get_attribute("d"))[1]) for arrow in arrows]
    np.testing.assert_allclose(np.array(drawn) / unit, [0.5 * slopes[i] for i in figure.marked], atol=1e-3)


def test_the_noise_stays_when_a_slider_moves(show):
    page = show(SamplingFigure(mean=0.0, log_var=0.0))
    noise, before = page.evaluate("views[0].model.get('epsilon')"), dots(page)
    page.get_by_role("slider", name="mean μ").press("ArrowRight")
    assert np.allclose(dots(page) - before, 0.05, atol=1e-6)
    slider = page.get_by_role("slider", name="log σ²")
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "−0.05"
    assert page.evaluate("views[0].model.get('epsilon')") == noise
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('z = 0.05 + 0.98')")


def test_noise_drawn_anew_keeps_its_mean_and_spread_and_the_way_back(show):
    page = show(SamplingFigure(mean=0.5, log_var=-1.0))
    first, before = page.evaluate("views[0].model.get('epsilon')"), dots(page)
    page.get_by_role("button", name="Draw ε again").click()
    noise = np.array(page.evaluate("views[0].model.get('epsilon')"))
    assert noise.tolist() != first and np.all(np.diff(noise) >= 0) and len(noise) == 60
    assert noise.mean() == pytest.approx(0, abs=1e-9) and noise.std() == pytest.approx(1)
    assert np.abs(np.sort(dots(page)) - (0.5 + np.exp(-0.5) * noise)).max() < 1e-3
    page.get_by_role("button", name="Start again").click()
    assert np.abs(dots(page) - before).max() < 1e-6


def test_the_bell_stands_on_the_axis_of_the_samples(show):
    page = show(SamplingFigure(mean=1.0, log_var=-1.0))
    heights = page.evaluate("""() => document.querySelector(".sf-wanted").getAttribute("d").slice(1).split("L")
        .map((pair) => Number(pair.split(" ")[1]))""")
    axis = float(page.locator("circle").last.get_attribute("cy"))
    assert max(heights) <= axis and min(heights) < axis - 60 and heights[0] == pytest.approx(axis, abs=1)


def test_the_box_to_tick_gives_the_wrong_spread(show):
    page = show(SamplingFigure(log_var=-1.4))
    readout = page.locator(".vx-readout")
    assert "100 % of that" in readout.inner_text()
    page.get_by_role("checkbox").press("Space")
    assert "50 % of that" in readout.inner_text() and page.evaluate("views[0].model.get('by_variance')") is True
    page.evaluate("views[0].model.set('log_var', 0)")  # as Python does when it sets the trait
    assert "100 % of that" in readout.inner_text()  # at σ = 1 nobody notices


def test_dots_beyond_the_edge_are_counted(show):
    figure = SamplingFigure(mean=2.0, log_var=1.4, by_variance=True)
    beyond = int((np.abs(figure.z) > 6).sum())
    assert beyond > 0 and f"{beyond} dots lie beyond the edge" in show(figure).locator(".vx-readout").inner_text()


def test_dragging_moves_the_mean(show):
    page = show(SamplingFigure())
    box = page.locator(".sf-picture").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=3)
    page.mouse.up()
    assert page.evaluate("views[0].model.get('mean')") == pytest.approx(60 * 12 / (box["width"] - 24), abs=0.02)
    page.mouse.move(box["x"] + 300, box["y"] + 90)
    assert page.evaluate("views[0].model.get('mean')") < 1.1  # the button is up


@pytest.mark.parametrize("width", [320, 390, 900])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, width, scheme):
    page = show(SamplingFigure(log_var=-1.0), width=width, color_scheme=scheme)
    assert page.locator(".vx-dark").count() == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""
    for control in page.locator("input[type=range], .vx-toggle").all():
        assert control.bounding_box()["height"] >= 44


def test_no_english_word_is_left_in_another_language(show, english_left):
    page = show(SamplingFigure(mean=2.0, log_var=1.4, by_variance=True))
    assert english_left(page) == []
    assert page.locator(".vx-value").first.text_content() == "2,00"


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(show(SamplingFigure())) == 0
