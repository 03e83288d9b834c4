"""Bytes, first paint, first draw and pointer latency of each lesson's page, in Chromium, from a local server."""

import functools
import gzip
import http.server
import statistics
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.rows import row
from tools.files import chromium

HTML = Path(__file__).resolve().parent.parent / "book" / "_build" / "html"
COMPRESSED = {".html", ".css", ".js", ".svg", ".json"}


def measure(runs=5):
    if not HTML.is_dir():
        sys.exit(f"There is no site in {HTML}; run make book first.")
    if (executable := chromium()) is None:
        sys.exit("Chromium is not installed; on Debian or Ubuntu: sudo apt install chromium")
    handler = functools.partial(Quiet, directory=HTML)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        for path in sorted(HTML.glob("en/[0-9]*.html")):
            measured = [visit(browser, f"{origin}/en/{path.name}", origin) for _ in range(runs)]
            name = path.stem[:22]
            yield row(f"{name}: page without figures, compressed", measured[0]["bytes"] / 1000, "KB", at_most=900)
            yield row(f"{name}: its figures, compressed", measured[0]["figures"] / 1000, "KB")
            for key, what, most in (
                ("paint", "first paint", None),
                ("ready", "page opened until the living figure is drawn", 1500),
                ("move", "pointer to picture, 95th percentile", 16),
            ):
                yield row(f"{name}: {what}", statistics.median(m[key] for m in measured), "ms", at_most=most)
        browser.close()
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def visit(browser, url, origin):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    sizes = {}

    def note(response):
        path = HTML / response.url.removeprefix(origin + "/").split("?")[0].split("#")[0]
        if path.is_file():
            content = path.read_bytes()
            sizes[path] = len(gzip.compress(content)) if path.suffix in COMPRESSED else len(content)

    page.on("response", note)
    page.add_init_script(
        """globalThis.drawn = new Promise((resolve) => {
             new MutationObserver((_, observer) => {
               const figure = document.querySelector('.vaelab-explorer[data-ready="true"]');
               if (figure) { observer.disconnect(); resolve(performance.now()); }
             }).observe(document, {subtree: true, childList: true, attributes: true});
           });
           globalThis.delays = [];
           new PerformanceObserver((list) => {
             for (const entry of list.getEntriesByName("vaelab-draw")) globalThis.delays.push(entry.duration);
           }).observe({entryTypes: ["measure"]});"""
    )
    page.goto(url)
    figure = page.locator(".living-figure").first
    figure.scroll_into_view_if_needed()
    ready = page.evaluate("drawn")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    box = figure.locator("[tabindex='0'], canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(200):
        page.mouse.move(x + (i % 40 - 20) * box["width"] / 60, y + (i // 5 - 20) * box["height"] / 60)
    page.mouse.up()
    page.wait_for_timeout(100)
    delays = page.evaluate("delays")
    page.close()
    is_figure = {path: "figures" in path.parts or path.suffix == ".png" for path in sizes}
    return {
        "bytes": sum(size for path, size in sizes.items() if not is_figure[path]),
        "figures": sum(size for path, size in sizes.items() if is_figure[path]),
        "paint": paint,
        "ready": ready,
        "move": statistics.quantiles(delays, n=20)[-1],
    }
