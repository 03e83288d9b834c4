"""Measure what the course promises about speed and memory: python tools/benchmark.py [loading] [training] [reading].

Machines are noisy. Each figure is a median of several runs, and where two things are compared they take turns within
one run and the ratio is reported. Nothing here is a test; the promises are in the third column.
"""

import functools
import gzip
import http.server
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "book" / "_build" / "html"
COMPRESSED = {".html", ".css", ".js", ".svg", ".json"}


def report(what, value, promise=""):
    print(f"{what:<62} {value:>12}   {promise}", flush=True)


def loading(runs=5):
    """Time and memory of `load_mnist` in processes of its own, with the imports that it needs."""
    code = (
        "import resource, time; start = time.perf_counter(); from vaelab.data import load_mnist; data = load_mnist();"
        "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    measured = [
        list(map(float, subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()))
        for _ in range(runs)
    ]
    unit = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
    report("load_mnist, seconds (median)", f"{statistics.median(s for s, _ in measured):.2f}", "under 2")
    report("load_mnist, peak memory of the process, MB", f"{max(m for _, m in measured) / unit:.0f}", "under 600")


def training(runs=5):
    """One epoch of chapter 01's autoencoder, its way and Keras' default way, by turns."""
    import vaelab

    vaelab.setup("en")
    from vaelab.data import load_mnist
    from vaelab.models import build_autoencoder

    x = load_mnist().x_train
    models = {}
    for steps in (64, 1):
        models[steps] = build_autoencoder()[2]
        models[steps].compile(optimizer="adam", loss="mean_squared_error", steps_per_execution=steps)
        models[steps].fit(x[:6400], x[:6400], batch_size=64, verbose=0)  # warm up
    seconds = {64: [], 1: []}
    for _ in range(runs):
        for steps, model in models.items():
            start = time.perf_counter()
            model.fit(x, x, epochs=1, batch_size=64, verbose=0)
            seconds[steps].append(time.perf_counter() - start)
    for steps in (64, 1):
        report(
            f"autoencoder, an epoch, steps_per_execution={steps}, seconds", f"{statistics.median(seconds[steps]):.2f}"
        )
    ratios = [a / b for a, b in zip(seconds[64], seconds[1], strict=True)]
    report("ratio of the two, median of pairs", f"{statistics.median(ratios):.2f}")


def reading(runs=3):
    """Bytes, first paint, first draw and pointer latency of each lesson's page, in Chromium, from a local server."""
    from playwright.sync_api import sync_playwright

    if not HTML.is_dir():
        sys.exit(f"There is no site in {HTML}; run make book first.")
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
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
            report(f"{name}: KB without figures, compressed", f"{measured[0]['bytes'] / 1000:.0f}", "at most 900")
            report(f"{name}: KB of its figures, compressed", f"{measured[0]['figures'] / 1000:.0f}")
            for key, what, promise in (
                ("paint", "first paint, ms", ""),
                ("ready", "page opened until the living figure is drawn, ms", "at most 1500"),
                ("move", "pointer to picture, 95th percentile, ms", "at most 16"),
            ):
                value = statistics.median(m[key] for m in measured)
                report(f"{name}: {what}", f"{value:.1f}", promise)
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


def main(chosen):
    parts = {"loading": loading, "training": training, "reading": reading}
    if unknown := set(chosen) - set(parts):
        sys.exit(f"Nothing to measure by the name {', '.join(sorted(unknown))}. There are: {', '.join(parts)}.")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    for name in chosen or parts:
        parts[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
