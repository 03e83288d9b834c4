"""Twins: the same quantiles for each; pictures beside Keras', the nearest real digit beside NumPy's."""

import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from conftest import left_behind, violations
from vaelab.judges import nearest_real
from vaelab.networks import load_autoencoder, load_vae
from vaelab.results import load_results
from vaelab.widgets import Twins
from vaelab.widgets.data_file import FOLDER, read_data_file
from vaelab.widgets.twins import EDGE, FILE, LEVELS, NEAREST, TWIN_FILE, code_at, gaussian_row, inflate

PAGES = {
    "03": (("autoencoder, Gaussian", "VAE, N(0, I)"), {}),
    "07": (("twin, mixture", "VAE, N(0, I)"), {}),
    "10": (("twin, mixture", "VAE, N(0, I)", "VAE, mixture"), {"latent_dim": 20}),
}
on_every_page = pytest.mark.parametrize("page_number", PAGES)
SHOWN = """() => [...document.querySelectorAll(".tw-image")].map((canvas) =>
  Array.from(canvas.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0))"""
DRAWN = """async ([file, part, pairs]) => {
  const { model, module } = views[0];
  const bytes = await new Promise((resolve) => {
    const receive = ({ loaded }, [buffer]) => loaded === file && (model.off("msg:custom", receive), resolve(buffer));
    model.on("msg:custom", receive);
    model.send({ load: file });
  });
  const draw = await module.sampler(module.readDataFile(bytes)[part]);
  return pairs.map((pair) => { const { code, pixels } = draw(pair); return [code, Array.from(pixels)]; });
}"""


def made(page_number):
    names, options = PAGES[page_number]
    return Twins(*names, **options)


def ready(page):
    page.locator(".vaelab-explorer[data-loaded=true]").wait_for()
    return page


def shown(page, twins):
    """In [0, 1]: [picture, nearest real] of each sampler, (n, 2, 784), and the tray, (n, 10, 784)."""
    pixels, n = 1 - np.array(page.evaluate(SHOWN)) / 255, len(twins.samplers)
    return pixels[: 2 * n].reshape(n, 2, 784), pixels[2 * n :].reshape(10, n, 784).swapaxes(0, 1)


def real_digits():
    description, content = read_data_file(FILE)["digits"]
    return inflate(content), np.array(description["labels"])


# ---- what is refused, and what is stored ----


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("VAE, N(0, I)",), {}),
        (("VAE, N(0, I)", "GAN"), {}),
        (("VAE, N(0, I)", "VAE, mixture"), {}),
        (("VAE, N(0, I)", "autoencoder, Gaussian"), {"latent_dim": 20}),
        (("VAE, N(0, I)", "twin, mixture"), {"latent_dim": 3}),
    ],
)
def test_other_samplers_are_refused(names, options):
    with pytest.raises(ValueError, match="expected two or three of"):
        Twins(*names, **options)


def test_the_point_is_a_pair_of_quantiles():
    twins = made("03")
    twins.point = (0.25, 7)
    assert twins.point == [0.25, 1 - EDGE]
    with pytest.raises(ValueError, match="point"):
        twins.point = (0.5, np.nan)


def test_the_files_are_small_and_a_kernel_sends_both(monkeypatch):
    assert all((FOLDER / file).stat().st_size <= 600_000 for file in (FILE, TWIN_FILE))
    twins, sent = made("07"), []
    monkeypatch.setattr(twins, "send", lambda content, buffers=None: sent.append((content, buffers)))
    for asked in ("../secrets", "", FILE, TWIN_FILE):
        twins._handle_custom_msg({"load": asked}, [])
    assert sent == [({"loaded": file}, [(FOLDER / file).read_bytes()]) for file in (FILE, TWIN_FILE)]


def test_the_real_digits_are_test_digits_of_chapter_3s_reference(mnist):
    images, labels = real_digits()
    chosen = np.random.default_rng(0).permutation(10000)[2000:3000]
    assert np.abs(images - mnist.x_test[chosen].reshape(NEAREST, 784)).max() <= 0.5 / LEVELS + 1e-6
    assert np.array_equal(labels, mnist.y_test[chosen])


# ---- quantiles ----


def test_one_gaussians_quantiles_are_mean_and_cholesky_factor():
    covariance, random = np.array([[4.0, -1.5], [-1.5, 1.0]]), np.random.default_rng(0)
    u = random.uniform(EDGE, 1 - EDGE, (500, 2))
    expected = [3, -1] + norm.ppf(u) @ np.linalg.cholesky(covariance).T
    assert np.abs(code_at([gaussian_row(1, [3, -1], covariance)], u) - expected).max() < 1e-6


def test_uniform_quantiles_of_the_mixture_give_the_mixture():
    """The shares below a code in the mixture's own distribution functions are the quantiles that led there."""
    rows = np.array(read_data_file(TWIN_FILE)["twin, mixture"][0]["density"])
    assert rows.shape == (30, 6) and abs(rows[:, 0].sum() - 1) < 1e-3
    u = np.random.default_rng(1).uniform(EDGE, 1 - EDGE, (500, 2))
    z = code_at(rows, u)
    weight, mean, sd, mean_2, slope, sd_2 = rows.T
    first = norm.cdf(z[:, :1], mean, sd) @ weight
    here = weight * norm.pdf(z[:, :1], mean, sd)
    conditional = norm.cdf(z[:, 1:], mean_2 + slope * (z[:, :1] - mean) / sd, sd_2)
    second = (here * conditional).sum(axis=1) / here.sum(axis=1)
    assert np.abs(first - u[:, 0]).max() < 1e-4 and np.abs(second - u[:, 1]).max() < 1e-6


@pytest.mark.parametrize(("number", "side", "file"), [("03", 0, FILE), ("03", 1, FILE), ("07", 0, TWIN_FILE)])
def test_the_browser_draws_what_keras_draws_at_the_same_quantiles(show, number, side, file):
    twins, random = made(number), np.random.default_rng(3)
    part, pairs = twins.samplers[side]["part"], random.uniform(EDGE, 1 - EDGE, (60, 2))
    pairs[:4] = [[EDGE, EDGE], [EDGE, 1 - EDGE], [1 - EDGE, EDGE], [1 - EDGE, 1 - EDGE]]
    found = show(twins).evaluate(DRAWN, [file, part, pairs.tolist()])
    codes, pixels = np.array([code for code, _ in found]), np.array([image for _, image in found])
    density = read_data_file(file)[part][0]["density"]
    assert np.abs(codes - code_at(density, pairs)).max() < 1e-4
    if part == "twin, mixture":  # not among the stored networks; see the next test
        assert np.abs(pixels - twins.pictures(pairs)[side]).max() < 1e-3
        return
    if part == "VAE, N(0, I)":
        assert np.abs(codes - norm.ppf(pairs)).max() < 1e-4
        expected = ops.sigmoid(load_vae().decoder(codes.astype("float32")))
    else:
        expected = load_autoencoder()[1](codes.astype("float32"))
    assert np.abs(pixels - ops.convert_to_numpy(expected).reshape(60, 784)).max() < 0.01


@pytest.mark.parametrize("page_number", ["03", "07"])
def test_the_figures_draws_get_the_stores_verdict(mnist, page_number):
    """Networks and densities are those that the store judged: seed 0's distance, by its judge, over 1,000 draws."""
    twins, order = made(page_number), np.random.default_rng(0).permutation(10000)
    drawn = twins.pictures(np.random.default_rng(1).uniform(EDGE, 1 - EDGE, (1000, 2)))
    for one, images in zip(twins.samplers, drawn, strict=True):
        far = nearest_real(images.reshape(-1, 28, 28, 1), mnist.x_test[order[2000:]])[0]
        if one["part"].startswith("autoencoder"):
            expected = load_results("autoencoder_regions")["0"]["Gaussian"]["distance"]
        else:
            expected = load_results("vae_comparison")["0"]["judged"][one["part"]]["distance"]
        assert abs(far.mean() - expected) < 0.15, one


def test_the_autoencoders_density_is_the_gaussian_of_its_codes(mnist):
    codes = load_autoencoder()[0].predict(mnist.x_train, batch_size=1000, verbose=0).astype("float64")
    expected = gaussian_row(1, codes.mean(axis=0), np.cov(codes.T))
    assert np.allclose(read_data_file(FILE)["autoencoder, Gaussian"][0]["density"], [expected], rtol=1e-3, atol=0.01)


# ---- in use ----


@on_every_page
def test_the_tray_shows_what_python_draws(show, page_number):
    twins = made(page_number)
    page = ready(show(twins))
    for times in range(2):
        draws = page.evaluate("views[0].model.get('draws')")
        large, tray = shown(page, twins)
        expected = np.stack(twins.pictures(draws))
        assert np.abs(tray - expected).max() < 0.005
        assert np.abs(large[:, 0] - expected[:, 0]).max() < 0.005
        if times == 0:
            page.get_by_role("button", name=twins.strings["draw"]).click()
            assert page.evaluate("views[0].model.get('draws')") != draws
    assert np.ravel(draws).min() > 0 and np.ravel(draws).max() < 1


@on_every_page
def test_the_nearest_digit_and_its_distance_are_numpys(show, page_number):
    twins = made(page_number)
    page = ready(show(twins))
    page.get_by_role("button", name="Show draw 7").click()
    draws = page.evaluate("views[0].model.get('draws')")
    assert page.evaluate("views[0].model.get('point')") == pytest.approx(draws[6])
    images, labels = real_digits()
    reference = images.reshape(-1, 28, 28, 1)
    large, _ = shown(page, twins)
    for k, drawn in enumerate(twins.pictures(draws)):
        distance, nearest = nearest_real(np.clip(drawn, 0, 1).reshape(-1, 28, 28, 1), reference)
        words = page.locator(".tw-main p").nth(k).inner_text()
        assert f"Nearest real: a {labels[nearest[6]]}, {distance[6]:.2f} away." in words
        assert np.abs(large[k, 1] - images[nearest[6]]).max() < 0.005
        assert f"{distance.mean():.2f}" in page.locator(".tw-below span").inner_text()


@on_every_page
def test_the_captions_numbers_are_the_stores(show, page_number):
    twins = made(page_number)
    small, names = show(twins).locator(".vx-small").inner_text(), PAGES[page_number][0]
    for name in names:
        if page_number == "10":
            runs = [load_results("verdict")["mnist"][seed]["judged"][name] for seed in "012"]
            assert f"told from real digits in {100 * np.mean([run['real'] for run in runs]):.0f} %" in small
        elif name.startswith("autoencoder"):
            runs = [load_results("autoencoder_regions")[seed]["Gaussian"] for seed in "012"]
        else:
            runs = [load_results("vae_comparison")[seed]["judged"][name] for seed in "012"]
        distance, kinds = (np.mean([run[key] for run in runs]) for key in ("distance", "kinds"))
        assert f"distance {distance:.2f}, {kinds:.1f} kinds of ten" in small
    assert "blur makes it smaller" in small
    for seed in "012":  # which is so: what is decoded from real codes lies nearer than real digits do
        judged = load_results("verdict")["mnist"][seed]["judged"]
        assert judged["VAE, reconstructed"]["distance"] < judged["real images"]["distance"] - 1
        judged = load_results("autoencoder_regions")[seed]
        assert judged["reconstructed"]["distance"] < judged["real digits"]["distance"]


def test_chapter_10s_pictures_are_of_the_verdicts_kind(mnist):
    """The prior's are the stored VAE's at N(0, I); each hundred lies as far from real digits as the store says."""
    twins = made("10")
    reference = mnist.x_test[np.random.default_rng(0).permutation(10000)[:5000]]
    for one, drawn in zip(twins.samplers, twins.pictures([[(i + 0.5) / 100, 0.5] for i in range(100)]), strict=True):
        far = nearest_real(drawn.reshape(-1, 28, 28, 1), reference)[0]
        assert abs(far.mean() - one["distance"]) < 3 * far.std() / 10, one
        if one["part"].startswith("VAE, N(0, I)"):
            z = np.random.default_rng(0).standard_normal((10000, 20))[:100].astype("float32")
            expected = ops.convert_to_numpy(ops.sigmoid(load_vae(latent_dim=20).decoder(z))).reshape(100, 784)
            assert np.abs(drawn - expected).max() <= 0.5 / LEVELS + 1e-4


def test_the_keyboard_alone_is_enough(show):
    page = ready(show(made("07")))
    page.evaluate("document.addEventListener('keydown', (event) => (window.leaked = event.key))")
    slider = page.get_by_role("slider").first
    slider.focus()
    before = page.evaluate("views[0].model.get('point')")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    after = page.evaluate("views[0].model.get('point')")
    assert after == pytest.approx([before[0] + 0.003, before[1]])
    assert page.evaluate("window.leaked") is None
    shares = [f"{100 * value:.1f} %" for value in after]
    assert f"{shares[0]} of z₁, {shares[1]} of z₂" in page.locator(".vx-readout strong").inner_text()
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('Nearest real')")
    page.get_by_role("button", name="Show draw 3").focus()
    page.keyboard.press("Enter")
    assert page.locator(".tw-tray [aria-pressed=true]").get_attribute("aria-label") == "Show draw 3"


@on_every_page
def test_it_starts_again(show, page_number):
    twins = made(page_number)
    page = ready(show(twins))
    before = page.locator(".tw-main").inner_text(), page.locator(".tw-below").inner_text()
    page.get_by_role("button", name=twins.strings["draw"]).click()
    page.get_by_role("button", name="Show draw 5").click()
    assert (page.locator(".tw-main").inner_text(), page.locator(".tw-below").inner_text()) != before
    page.get_by_role("button", name="Start again").click()
    assert (page.locator(".tw-main").inner_text(), page.locator(".tw-below").inner_text()) == before


def test_a_file_that_does_not_come_is_reported(show):
    page = show(made("07"))
    page.evaluate("views[0].remove(), (views[0].model.send = () => {}), void views[0].module.default.render(views[0])")
    assert "on their way" in page.locator(".vx-readout").inner_text()
    page.evaluate(f"views[0].listeners['msg:custom'].forEach((f) => f({{ failed: '{TWIN_FILE}' }}, []))")
    assert "did not load" in page.locator(".vx-readout").inner_text()


@on_every_page
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (900, "light")])
def test_axe_finds_no_violation_and_the_figure_fits_the_page(show, page_number, width, scheme):
    page = ready(show(made(page_number), width=width, color_scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == ""
    for button in page.locator(".tw-tray button").all():
        assert button.bounding_box()["height"] >= 44 and button.bounding_box()["width"] >= 24


@on_every_page
def test_no_english_word_is_left_in_another_language(show, page_number, english_left):
    assert english_left(ready(show(made(page_number))), "z₁", "z₂") == []


def test_removing_the_figure_leaves_no_listeners(show):
    assert left_behind(ready(show(made("07")))) == 0


def test_the_still_picture_and_its_one_line_stay_the_same():
    first, second = (made("10")._repr_mimebundle_()[0] for _ in range(2))
    assert first["image/png"] == second["image/png"] and len(first["image/png"]) < 60_000
    assert first["text/plain"] == "Twins: twin, mixture, 20 | VAE, N(0, I), 20 | VAE, mixture, 20"
