"""Each page in Chromium, from a local server: its bytes, its first paint, and how soon and how fast its figures are."""

import statistics
import time

from playwright.sync_api import sync_playwright

from bench.host import HTML, browser, content, served
from bench.rows import row
from tools.files import CHROMIUM_FLAGS

NUMBERED = '.living-figure:not([data-figure$="-guess"]) .vaelab-explorer'  # a guess is nothing to drag at first
# What follows the pointer at once; the trainer's slider says what the next run is to be.
SURFACE = ".vx-plot, .vx-across, .rd-curve, canvas[tabindex], input[type=range]:not(.st-switches *)"
WAKE = "document.querySelector('.living-figure:not([data-figure$=\"-guess\"])')?.scrollIntoView({block: 'center'})"

# When the first figure was drawn, and how long each drawing has taken since the pointer's event.
NOTE = """
  globalThis.alive = new Promise((resolve) => new MutationObserver((_, observer) => {
    if (!document.querySelector('NUMBERED[data-ready=true]')) return;
    observer.disconnect();
    resolve(performance.now());
  }).observe(document, {subtree: true, childList: true, attributeFilter: ["data-ready"]}));
  globalThis.delays = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("vaelab-draw")) delays.push(entry.duration);
  }).observe({entryTypes: ["measure"]});
""".replace("NUMBERED", NUMBERED)


def measure(runs=5):
    executable = browser()
    with served() as origin, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        for path in [HTML / "en/index.html", *sorted(HTML.glob("en/*[0-9]*-*.html"))]:
            visits = [visit(chromium, f"{origin}en/{path.name}", origin) for _ in range(runs)]
            name = path.stem[:22]
            for key, what, unit, most in (
                ("bytes", "page without its figures' data, compressed", "KB", 420),
                ("figures", "its figures' data, compressed", "KB", None),
                ("paint", "first paint", "ms", None),
                ("alive", "page opened until its first figure is alive", "ms", 1000),
                ("move", "pointer to picture, 95th percentile", "ms", 16),
                ("slow", "the same, the processor slowed four times", "ms", 50),
                ("exact", "exact posterior, from click to picture", "ms", 3000),
            ):
                if values := [one[key] for one in visits if key in one]:
                    yield row(f"{name}: {what}", statistics.median(values), unit, at_most=most)
        chromium.close()


def visit(chromium, address, origin):
    """What one visit measures; without a living figure only bytes and first paint."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    sizes = {}

    def note(response):
        path = HTML / response.url.removeprefix(origin).split("?")[0].split("#")[0]
        if path.is_file():
            sizes[path] = len(content(path)[0])

    page.on("response", note)
    page.add_init_script(NOTE)
    page.goto(address)
    page.evaluate(WAKE)
    found = {}
    if figures := page.locator(".living-figure:not([data-figure$='-guess'])").count():
        found["alive"] = page.evaluate("alive")
    page.wait_for_load_state("networkidle")
    found["paint"] = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    if figures and page.locator(NUMBERED).first.locator(SURFACE).count():
        found["move"] = wiggle(page)
        throttle = page.context.new_cdp_session(page)
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        found["slow"] = wiggle(page)
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    exact = page.get_by_role("button", name="Show the exact posterior")
    if exact.count():
        exact.scroll_into_view_if_needed()
        page.locator(".vaelab-explorer[data-loaded=true]", has=exact).wait_for()
        asked = time.perf_counter()
        exact.click()
        page.locator(".dw-exact").first.wait_for()
        found["exact"] = 1000 * (time.perf_counter() - asked)
    page.close()
    is_data = {path: "figures" in path.parts or path.suffix == ".png" for path in sizes}
    for key, kind in (("bytes", False), ("figures", True)):
        found[key] = sum(size for path, size in sizes.items() if is_data[path] == kind) / 1000
    return found


def wiggle(page, moves=100):
    """The 95th percentile of the milliseconds from a move of the pointer over the first figure to its picture."""
    page.evaluate("delays.length = 0")
    surface = page.locator(NUMBERED).first.locator(SURFACE).first
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(moves):
        page.mouse.move(x + (i % 40 - 20) * box["width"] / 60, y + (i // 5 - 10) * box["height"] / 30)
    page.mouse.up()
    page.wait_for_function("delays.length > 10")
    return statistics.quantiles(page.evaluate("delays"), n=20)[-1]
