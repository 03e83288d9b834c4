"""The site in Firefox, opened as files: every page and figure works there too. Chromium sees more: test_site.py."""

from pathlib import Path

import firefox
import pytest

RIGHT = "\ue014"  # the arrow key, in WebDriver's codes

LOCAL = ("file:", "blob:", "data:", "resource:", "chrome:")

# Formulas set, figures alive or explained.
READY = """async () => {
  await globalThis.MathJax?.startup?.promise;
  for (const figure of document.querySelectorAll(".living-figure")) {
    figure.scrollIntoView({ behavior: "instant" });
    for (let waited = 0; !figure.matches(":has(.vaelab-explorer, p)"); waited += 20) {
      if (waited > 30000) throw new Error("a figure does not come alive");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  scrollTo({ top: 0, behavior: "instant" });
  await document.fonts.ready;
}"""
# A guess has a test of its own. Two frames later than the change: what it led to is on the screen, and said.
SEEN = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(
  [...document.querySelectorAll(".living-figure:not([data-figure$='-guess']) .vaelab-explorer")]
    .map((figure) => figure.innerText)))))"""
FOCUS = """async () => {
  const figure = document.querySelectorAll(".living-figure:not([data-figure$='-guess']) .vaelab-explorer")[NUMBER];
  const held = figure.querySelector("[tabindex='0']") ?? figure.querySelector("input[type=range]");
  if (held) return held.focus();
  const button = [...figure.querySelectorAll(".vx-button")].at(-1), before = figure.innerText; // buttons only
  button.scrollIntoView(); // which has its data loaded
  for (let waited = 0; figure.innerText === before && waited < 10000; waited += 100) {
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}"""
WIDTH = "() => document.documentElement.scrollWidth"
CUT = """() => [...document.querySelectorAll("mjx-container[display=true]")].filter((formula) => {
  const box = formula.parentElement;
  box.scrollLeft = 1e6;
  const right = box.getBoundingClientRect().right;
  const inner = formula.querySelector("mjx-math").getBoundingClientRect().right;
  box.scrollLeft = -1e6;
  const left = box.getBoundingClientRect().left;
  return inner > right + 2 || formula.querySelector("mjx-math").getBoundingClientRect().left < left - 2;
}).map((formula) => formula.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def page():
    if (executable := firefox.firefox()) is None:
        pytest.skip("Firefox is not installed; on Debian or Ubuntu: sudo apt install firefox-esr")
    with firefox.started(executable) as page:
        yield page


@pytest.fixture(scope="module")
def seen(page, site):
    """{page: what Firefox shows of it}: each opened once as a file, at 390 and then at 1280 px."""
    report = {}
    for path in sorted(Path(site).rglob("*.html")):
        if path.name == "search.html" or path == Path(site) / "index.html":  # the start page has a test of its own
            continue
        page.errors, page.asked = [], []
        page.resize(390)
        page.open(path.as_uri())
        page.evaluate(READY)
        one = report[path.relative_to(site).as_posix()] = {390: page.evaluate(WIDTH), "cut": page.evaluate(CUT)}
        page.resize(1280)
        one[1280], one["figures"], one["deaf"] = page.evaluate(WIDTH), page.evaluate(SEEN), []
        for number, before in enumerate(one["figures"]):
            page.evaluate(FOCUS.replace("NUMBER", str(number)))
            page.press(*[RIGHT] * 5)
            if page.evaluate(SEEN)[number] == before:
                one["deaf"].append(number)
        one["errors"], one["abroad"] = page.errors, [url for url in page.asked if not url.startswith(LOCAL)]
    return report


def test_faults_of_a_page_are_noticed_in_firefox(page, tmp_path):
    (tmp_path / "page.html").write_text("""<!doctype html><title>Faults</title><script>console.error("a fault")</script>
        <img src="https://example.org/picture.png" alt=""><div style="overflow: hidden; width: 90px">
        <mjx-container display="true"><mjx-math style="display: inline-block; width: 2000px">x</mjx-math>""")
    page.resize(390)
    page.open((tmp_path / "page.html").as_uri())
    assert page.errors[-1] == "a fault" and "https://example.org/picture.png" in page.asked
    assert page.evaluate(CUT.replace("box.scrollLeft = 1e6;", "")) == ["x"]
    with pytest.raises(RuntimeError, match="not here"):
        page.evaluate("() => { throw new Error('not here') }")


def test_the_start_page_leads_to_the_course_in_firefox(page, site):
    start = Path(site) / "index.html"
    page.send("browsingContext.navigate", context=page.context, url=start.as_uri(), wait="none")
    page.wait_for("() => location.href", (start.parent / "en" / "index.html").as_uri())


def found(seen, what):
    return {page: report[what] for page, report in seen.items() if report[what]}


def test_pages_log_no_error_in_firefox(seen):
    assert len(seen) >= 20
    assert found(seen, "errors") == {}


def test_pages_ask_nothing_of_the_network_in_firefox(seen):
    assert found(seen, "abroad") == {}


def test_pages_fit_their_window_in_firefox(seen):
    assert {page: (one[390], one[1280]) for page, one in seen.items() if one[390] > 390 or one[1280] > 1280} == {}


def test_formulas_are_within_reach_in_firefox(seen):
    assert found(seen, "cut") == {}


def test_figures_follow_the_keyboard_in_firefox(seen):
    assert sum(len(one["figures"]) for one in seen.values()) >= 9
    assert found(seen, "deaf") == {}
