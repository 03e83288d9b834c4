"""Fixtures that several test files share. Nothing here trains a network."""

import base64
import gc
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import matplotlib
import pytest

from files import CHROMIUM_FLAGS, ROOT, chromium, write

matplotlib.use("agg")  # not in the environment, which the kernels of the notebooks share: they would draw nothing

# A run that was started in the background ignores Ctrl-C, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A page that brings figures to life as the site does; window.views holds what the tests ask.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Figures</title><style>body { margin: 8px; } main { padding-bottom: 900px; }</style></head>
<body><main><h1>Figures</h1></main>
<script type="application/json">STATES</script>
<script type="module">
window.views = [];
for (const { state, buffers, files } of JSON.parse(document.querySelector("script").textContent)) {
  for (const { path, data } of buffers) {
    const bytes = Uint8Array.from("xxx" + atob(data), (c) => c.charCodeAt(0)); // an odd offset, as in a long message
    state[path[0]] = new DataView(bytes.buffer, 3);
  }
  const style = document.createElement("style"), el = document.createElement("div"), listeners = {};
  style.textContent = state._css;
  document.head.append(style);
  document.querySelector("main").append(el);
  const model = {
    get: (name) => state[name],
    set: (name, value) => ((state[name] = value), (listeners["change:" + name] || []).forEach((f) => f())),
    on: (event, f) => (listeners[event] ??= []).push(f),
    off: (event, f) => (listeners[event] = listeners[event].filter((g) => g !== f)),
    save_changes() {},
    send: ({ load }) =>
      setTimeout(() => {
        const bytes = Uint8Array.from("xxx" + atob(files[load] ?? ""), (c) => c.charCodeAt(0));
        const message = load in files ? [{ loaded: load }, [new DataView(bytes.buffer, 3)]] : [{ failed: load }, []];
        for (const listener of listeners["msg:custom"] ?? []) listener(...message);
      }),
  };
  const module = await import(URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" })));
  const remove = module.default.render({ model, el });
  window.views.push({ model, el, module, remove, listeners, readyAtOnce: el.firstChild.dataset.ready });
}
window.done = true;
</script></body></html>"""


DATA_FILES = ROOT / "src" / "vaelab" / "results" / "figures"  # what heavy figures ask for

# What the last digits of a trained network depend on, apart from the versions of the packages.
REGIME = (
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
)
REGIME_FAMILIES = ("DNNL_", "ONEDNN_", "OPENBLAS_", "OMP_", "MKL_", "TF_ENABLE_", "TF_NUM_")
CPU_FLAGS = {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve"}


# TensorFlow chooses its kernels for half precision by what the processor can do, and dies where oneDNN may not do that.
NEEDS_HALF_PRECISION = pytest.mark.skipif(
    os.environ.get("ONEDNN_MAX_CPU_ISA", "").startswith(("SSE", "AVX2")),
    reason="half precision ends TensorFlow's process where oneDNN is held to older instructions (ONEDNN_MAX_CPU_ISA)",
)


def pytest_report_header():
    """The numerical regime of the kernels that run the notebooks."""
    set_here = kernel_regime()
    unset = [name for name in REGIME if name not in set_here]
    settings = " ".join(f"{name}={value}" for name, value in set_here.items()) or "no settings"
    return [f"processor: {processor()}", f"kernels: {settings}; not set: {', '.join(unset) or 'nothing else'}"]


def processor():
    """Model, instruction sets that matter to TensorFlow and NumPy, and the number of cores that we may use."""
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = {name.strip(): value.strip() for name, _, value in (row.partition(":") for row in cpuinfo.splitlines())}
    model = fields.get("model name") or platform.processor() or platform.machine()
    flags = CPU_FLAGS.intersection(fields.get("flags", fields.get("Features", "")).split())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {' '.join(sorted(flags)) or 'instruction sets unknown'}, {cores} cores"


def kernel_regime():
    """The numerical settings as a notebook's kernel finds them: nbval adds its specification's own to ours."""
    from jupyter_client.kernelspec import KernelSpecManager

    code = "import json, os; print(json.dumps(dict(os.environ)))"
    environment = {**os.environ, **KernelSpecManager().get_kernel_spec("python3").env}
    seen = json.loads(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).stdout)
    return {name: seen[name] for name in sorted(seen) if name.startswith(REGIME_FAMILIES)}


def pytest_collection_finish():
    """What is loaded by now stays, TensorFlow for one: the garbage collector need not look through it ever again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where nothing may be skipped (COURSE_NO_SKIP=1, as .ci/run sets it), a skip is a failure with its reason."""
    report = yield
    if report.skipped and os.environ.get("COURSE_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, driven by Playwright."""
    if (executable := chromium(shell=True)) is None:
        pytest.skip("Chromium is not installed; on Debian or Ubuntu: sudo apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def show(browser, tmp_path):
    """Open figures on a page as the site does, from their saved state. Fails on errors and on any request."""
    import ipywidgets.embed

    contexts, faults = [], []

    def open_page(*figures, width=900, **options):
        states = []
        for figure in figures:
            saved = ipywidgets.embed.dependency_state([figure], drop_defaults=False)[figure.model_id]
            names = filter(None, (saved["state"].get("data_file"), saved["state"].get("more_data")))
            files = {name: base64.b64encode((DATA_FILES / name).read_bytes()).decode() for name in names}
            states.append({"state": saved["state"], "buffers": saved.get("buffers", []), "files": files})
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(PAGE.replace("STATES", json.dumps(states).replace("</", "<\\/")), encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "blob:")) else faults.append(request.url),
        )
        page.goto(path.as_uri())
        page.wait_for_function("window.done === true")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def swipe():
    """swipe(page, x, y, dx, dy): a finger goes down at (x, y), moves, and is lifted; the page has come to rest then."""

    def perform(page, x, y, dx, dy):
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        touch("touchStart", {"x": x, "y": y})
        for i in range(1, 9):
            touch("touchMove", {"x": x + dx * i / 8, "y": y + dy * i / 8})
            page.wait_for_timeout(20)
        page.wait_for_timeout(200)  # a finger that rests before it is lifted leaves the page no momentum
        touch("touchEnd")
        page.evaluate("""() => new Promise((resolve) => {
          let last = null, unmoved = 0;
          const look = () => {
            unmoved = scrollY === last ? unmoved + 1 : 0;
            last = scrollY;
            if (unmoved < 10) requestAnimationFrame(look);
            else resolve();
          };
          look();
        })""")

    return perform


def violations(page):
    """What axe finds wrong with the figures of a page that `show` opened, as a report; empty if nothing."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelector('h1').remove()")
    results = Axe().run(page, context=".vaelab-explorer")
    return results.generate_report() if results.violations_count else ""


def left_behind(page):
    """How many elements and listeners the page's first figure has left once it is removed."""
    page.evaluate("views[0].remove()")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 500, "height": 500})
    return page.evaluate("views[0].el.childElementCount + Object.values(views[0].listeners).flat().length")


@pytest.fixture
def english_left(monkeypatch):
    """Have every message come back in «quotes», numbers in Russian. english_left(page) -> texts with other words."""
    from vaelab import language

    class Quoting:
        def gettext(self, message):
            return f"«{message}»"

    monkeypatch.setattr(language, "_translations", Quoting())
    monkeypatch.setattr(language, "_language", "ru")

    def find(page, *symbols):
        texts = page.evaluate("""() => [...document.querySelectorAll("main div, main div *")].flatMap((node) => [
            ...[...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data),
            ...["aria-label", "aria-valuetext", "title", "alt"].map((name) => node.getAttribute(name) || ""),
        ])""")
        assert sum("«" in text for text in texts) > 8
        found = []
        for text in texts:
            rest = text
            while "«" in rest:
                rest = re.sub("«[^«»]*»", "", rest)
            for symbol in symbols:
                rest = rest.replace(symbol, "")
            if re.search(r"[^\W\d_]", rest):
                found.append(text)
        return found

    return find


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a freshly built site, html/. The repository has no address there.

    Test processes that run side by side share one: the first builds it, and the others wait for what it says.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    said = folder / "said.txt"
    try:
        folder.mkdir()
    except FileExistsError:
        while not said.exists():
            time.sleep(0.2)
    else:
        command = [sys.executable, ROOT / "tools" / "book.py", "--output", folder / "html"]
        environment = {**os.environ, "COURSE_REPOSITORY": ""}
        built = subprocess.run(command, env=environment, capture_output=True, text=True)
        write(said, "" if built.returncode == 0 else built.stdout + built.stderr)
    assert not said.read_text("utf-8"), said.read_text("utf-8")
    return folder / "html"


@pytest.fixture(scope="session")
def mnist():
    """MNIST as `load_mnist` returns it."""
    from vaelab.data import load_mnist

    return load_mnist()


@pytest.fixture
def english():
    """Restore English after a test that changes the language."""
    from vaelab.language import set_language

    yield
    set_language("en")
