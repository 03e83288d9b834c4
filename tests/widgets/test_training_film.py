"""The film of a training: what it holds beside what the lessons reach, and the figure in use."""

import json

import keras
import numpy as np
import pytest
from scipy.stats import norm

from conftest import left_behind, violations
from vaelab.models import build_autoencoder
from vaelab.networks import load_autoencoder, load_vae
from vaelab.results import load_results
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder
from vaelab.widgets import TrainingFilm
from vaelab.widgets.data_file import FOLDER
from vaelab.widgets.training_film import FILMS, SHEET, read_film

# What the browser read, and all that it shows of one moment.
READ = """() => new Promise((resolve) => {
  const { model, module } = views[0];
  model.on("msg:custom", async (_, [buffer]) => {
    const films = await module.readFilms(module.readDataFile(buffer), model.get("films"));
    const plain = ([name, { codes, pictures }]) => [name, { codes: Array.from(codes), pictures: Array.from(pictures) }];
    resolve(Object.fromEntries(Object.entries(films).map(plain)));
  });
  model.send({ load: model.get("data_file") });
})"""
PARTS = """() => [...document.querySelectorAll(".tf canvas")].map((one) => one.toDataURL())
  .concat([document.querySelector(".tf-dot").getAttribute("cx"), document.querySelector(".vx-readout").innerText])"""


def ready(page):
    page.locator(".vaelab-explorer[data-loaded=true]").wait_for()
    return page


def moment(page):
    return page.evaluate("views[0].model.get('moment')")


# ---- what the films hold ----


@pytest.mark.parametrize("film", FILMS)
def test_a_film_is_small_and_has_some_forty_moments_denser_at_the_start(film):
    assert (FOLDER / f"film_{film}.bin").stat().st_size <= 600_000
    for one in read_film(f"film_{film}.bin").values():
        steps = one["described"]["steps"]
        assert 35 <= len(steps) <= 46 and steps[:3] == [0, 1, 2]
        assert all(np.diff(steps, 2) > -25)
        assert one["codes"].shape == one["sd"].shape == (len(steps), 200, 2)
        assert one["pictures"].shape == (len(steps), SHEET, SHEET) and one["pictures"].max() == 1


@pytest.mark.parametrize(("name", "run"), [("without", "rate 0.01"), ("with", "warm-up")])
def test_the_collapse_s_films_end_as_chapter_08c_s_stored_runs(name, run):
    film, stored = read_film("film_collapse.bin")[name]["described"], load_results("collapse")["0"][run]
    assert film["steps"][-1] == 1175 and abs(film["test"][-1] + stored["elbo"]) < 4
    assert abs(sum(film["kl"][-1]) - stored["rate"]) < 3
    busy = sum(kl > 0.5 for kl in film["kl"][-1])
    assert abs(busy - sum(kl > 0.5 for kl in stored["kl"])) <= 2


def test_without_warm_up_a_dimension_is_in_use_and_then_lost_as_chapter_08c_says():
    films = read_film("film_collapse.bin")
    for name, one in films.items():
        described, up = one["described"], one["described"]["dims"][1]
        kl = dict(zip(described["steps"], np.array(described["kl"])[:, up], strict=True))
        heights, sds = np.abs(one["codes"][-1, :, 1]), one["sd"][-1, :, 1]
        if name == "without":
            assert kl[118] > 0.5 and kl[315] < 0.05 and kl[1175] < 0.05
            assert heights.max() < 0.5 and abs(sds - 1).max() < 0.2
        else:
            assert kl[118] > 0.5 and kl[1175] > 1 and sds.max() < 0.9
        assert sum(value > 0.5 for value in described["kl"][-1]) == {"without": 7, "with": 13}[name]
    assert films["with"]["described"]["test"][-1] < films["without"]["described"]["test"][-1] - 5


def first_autoencoder():
    keras.utils.set_random_seed(0)
    return build_autoencoder()


def first_vae():
    keras.utils.set_random_seed(0)
    return VAE(build_vae_encoder(), build_vae_decoder(), seed=0)


@pytest.fixture(scope="module")
def shown_digits(mnist):
    """The 200 test images whose codes a film keeps."""
    of_each = [np.flatnonzero(mnist.y_test == digit)[:20] for digit in range(10)]
    return mnist.x_test[np.stack(of_each, 1).ravel()]


def sheet_of(pictures):
    """25 pictures, (25, 28, 28, 1), as a film keeps them."""
    sheet = np.zeros((5, 30, 5, 30))
    sheet[:, :28, :, :28] = np.reshape(pictures, (5, 5, 28, 28)).transpose(0, 2, 1, 3)
    return sheet.reshape(150, 150)[:-2, :-2]


@pytest.mark.parametrize(("moment", "network", "near"), [(0, first_autoencoder, 1e-4), (-1, load_autoencoder, 0.02)])
def test_chapter_01_s_film_shows_keras_codes_and_pictures(shown_digits, moment, network, near):
    film = read_film("film_autoencoder.bin")[""]
    encoder, _, autoencoder = network()
    codes = encoder.predict(shown_digits, verbose=0)
    width = film["described"]["says"][0][2][moment]
    assert np.abs(film["codes"][moment] - codes).max() < max(near * width, film["described"]["scale"])
    pictures = autoencoder.predict(shown_digits[:25], verbose=0)
    assert np.abs(film["pictures"][moment] - sheet_of(pictures)).max() < 1 / 30 + near


def test_chapter_07_s_film_begins_with_keras_gaussians_and_the_decoded_plane(shown_digits):
    film, vae = read_film("film_vae.bin")[""], first_vae()
    mean, log_var = vae.encoder.predict(shown_digits, verbose=0)
    assert np.abs(film["codes"][0] - mean).max() < film["described"]["scale"]
    assert np.abs(film["sd"][0] - np.exp(0.5 * log_var)).max() < film["described"]["scale"]
    axis = norm.ppf([0.1, 0.3, 0.5, 0.7, 0.9])
    grid = np.stack(np.meshgrid(axis, axis[::-1]), -1).reshape(-1, 2)
    pictures = keras.ops.convert_to_numpy(vae.decode(grid.astype("float32")))
    assert np.abs(film["pictures"][0] - sheet_of(pictures)).max() < 1 / 30 + 1e-4


def test_chapter_07_s_film_ends_near_the_stored_vae(shown_digits):
    """Step by step, rounding differs, and with noise in the training single codes end elsewhere."""
    film = read_film("film_vae.bin")[""]
    mean, log_var = load_vae().encoder.predict(shown_digits, verbose=0)
    assert np.median(np.abs(film["codes"][-1] - mean)) < 0.1
    assert np.median(np.abs(film["sd"][-1] - np.exp(0.5 * log_var))) < 0.02


# ---- the figure ----


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="film is 'lunch'"):
        TrainingFilm("lunch")
    with pytest.raises(ValueError, match="moment is 99"):
        TrainingFilm("collapse", moment=99)


def test_the_notebook_keeps_the_numbers_but_neither_codes_nor_pictures():
    state = TrainingFilm("collapse").get_state()
    own = {name: value for name, value in state.items() if not name.startswith("_")}
    assert len(json.dumps(own)) < 30_000


@pytest.mark.parametrize("film", FILMS)
def test_the_browser_reads_what_python_reads(show, film):
    found = show(TrainingFilm(film)).evaluate(READ)
    for name, one in read_film(f"film_{film}.bin").items():
        both = np.concatenate([one["codes"], one["sd"]], -1)
        assert np.abs(np.array(found[name]["codes"]) - both.ravel()).max() < 1e-9
        packed = np.array(found[name]["pictures"])
        levels = np.stack([packed >> 4, packed & 15], -1).ravel() / 15
        assert (levels == one["pictures"].ravel()).all()


def test_the_slider_moves_codes_pictures_marker_and_words_together(show):
    page = ready(show(TrainingFilm("collapse")))
    slider, before = page.get_by_role("slider"), page.evaluate(PARTS)
    slider.focus()
    slider.press("End")
    after = page.evaluate(PARTS)
    assert all(a != b for a, b in zip(before, after, strict=True)) and "Step 1,175" in after[-1]
    page.get_by_role("button", name="Start again").click()
    assert page.evaluate(PARTS) == before


def test_the_bars_are_the_kl_of_each_dimension_and_the_box_changes_the_film(show):
    films = read_film("film_collapse.bin")
    page = ready(show(TrainingFilm("collapse", moment=len(films["with"]["described"]["steps"]) - 1)))
    heights = "[...document.querySelectorAll('.vx-drawing rect')].map((one) => Number(one.getAttribute('height')))"
    most = 1.5 * max(np.max(one["described"]["kl"][-1]) for one in films.values())
    for name in ("without", "with"):
        expected = 84 * np.array(films[name]["described"]["kl"][-1]) / most
        assert np.abs(np.array(page.evaluate(heights)) - expected).max() < 0.01
        page.get_by_label("With warm-up").click()


# Of the places of the first hundred codes, and of every third pixel, the share that the plane has painted.
PAINTED = """(places) => {
  const canvas = document.querySelector(".tf canvas"), ink = canvas.getContext("2d"), side = canvas.width;
  const painted = (x, y) => ink.getImageData(Math.round(x * side), Math.round(y * side), 1, 1).data[3] > 0;
  const all = Array.from({ length: 2500 }, (_, i) => painted((i % 50) / 50, Math.floor(i / 50) / 50));
  const share = (found) => found.filter(Boolean).length / found.length;
  return [share(places.map(([x, y]) => painted(x, y))), share(all)];
}"""


@pytest.mark.parametrize("film", ["autoencoder", "vae"])
def test_codes_lie_where_the_frame_puts_them_and_the_second_curve_s_dot_where_its_number_is(show, film):
    one = read_film(f"film_{film}.bin")[""]
    described, page = one["described"], ready(show(TrainingFilm(film)))
    values = described["says"][0][2]
    for moment in (0, 20, len(values) - 1):
        page.evaluate("(moment) => views[0].model.set('moment', moment)", moment)
        x, y, half = described["frames"][moment]
        across, down = one["codes"][moment, :100].T - [[x], [y]]
        places = np.stack([0.5 + across / half / 2, 0.5 - down / half / 2], 1)
        assert places.min() > 0 and places.max() < 1
        at_codes, anywhere = page.evaluate(PAINTED, places.tolist())
        assert at_codes == 1 and anywhere < 0.6
        height = page.locator(".tf-dot").nth(1).get_attribute("cy")
        assert float(height) == pytest.approx(114 - 84 * values[moment] / max(values), abs=0.01)


def test_it_plays_stops_at_the_end_and_starts_anew(show):
    page = ready(show(TrainingFilm("collapse")))
    page.evaluate("views[0].model.set('moment', views[0].model.get('films').with.steps.length - 3)")
    page.get_by_role("button", name="Play").press("Enter")
    page.get_by_role("button", name="Play").wait_for()
    assert moment(page) == len(read_film("film_collapse.bin")["with"]["described"]["steps"]) - 1
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("views[0].model.get('moment') === 1")
    page.get_by_role("button", name="Pause").click()
    stopped = moment(page)
    page.wait_for_timeout(600)
    assert moment(page) == stopped < 10


@pytest.mark.parametrize(("motion", "glides"), [("reduce", False), ("no-preference", True)])
def test_codes_glide_between_moments_unless_less_motion_is_wanted(show, motion, glides):
    page = ready(show(TrainingFilm("collapse", moment=30), reduced_motion=motion))
    seen = page.evaluate("""() => new Promise((resolve) => {
      const seen = new Map(), { model } = views[0];
      document.querySelector(".tf-controls button").click();
      const look = () => {
        const moment = model.get("moment"), canvas = document.querySelector(".tf canvas");
        if (!seen.has(moment)) seen.set(moment, new Set());
        seen.get(moment).add(canvas.toDataURL());
        moment < 33 ? requestAnimationFrame(look) : resolve([...seen.values()].map((one) => one.size));
      };
      setTimeout(look, 40);
    })""")
    assert max(seen[1:-1]) > 1 if glides else max(seen) == 1


def test_it_stops_when_out_of_sight(show):
    page = ready(show(TrainingFilm("collapse")))
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("views[0].model.get('moment') > 0")
    page.evaluate("document.querySelector('main').style.paddingTop = '3000px'")
    page.wait_for_function("document.querySelector('.tf-controls button').textContent === 'Play'")


def test_a_file_that_does_not_come_is_reported(show):
    page = show(TrainingFilm("collapse"))
    page.evaluate("views[0].remove(), (views[0].model.send = () => {}), void views[0].module.default.render(views[0])")
    page.wait_for_function("views[0].listeners['msg:custom']?.length > 0")
    page.evaluate("views[0].listeners['msg:custom'].forEach((f) => f({ failed: 'film_collapse.bin' }, []))")
    assert "did not load" in page.locator(".tf-main").inner_text()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (900, "dark")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, width, scheme):
    page = ready(show(TrainingFilm("collapse", moment=20), width=width, color_scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""


def test_no_english_word_is_left_in_another_language(show, english_left):
    assert english_left(ready(show(TrainingFilm("collapse")))) == []


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(ready(show(TrainingFilm("collapse")))) == 0
