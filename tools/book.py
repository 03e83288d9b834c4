"""Build the site: stage the book's pages beside the executed lessons, then call Jupyter Book. Nothing is executed.

    python tools/book.py [--notebooks DIR] [--toc FILE] [--output DIR]

The pages land in DIR/en, and DIR/index.html leads there. A warning is an error, and a failed build leaves the
previous site as it was.
"""

import argparse
import base64
import hashlib
import html
import importlib.util
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from dark_twins import dark_twin
from styles import names_in, prune

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
DATA_FILES = ROOT / "src" / "vaelab" / "results" / "figures"
MARKER = ".built-by-tools-book"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

# The parts of MathJax that a page can ask for: TeX in, HTML and hidden MathML out, without the menu.
MATHJAX = ["startup.js", "core.js", "input/tex.js", "input/tex/extensions", "output/chtml.js", "output/chtml/fonts",
           "a11y/assistive-mml.js"]  # fmt: skip
# A link in a lesson that sets a living figure.
SETS_FIGURE = re.compile(r"\[([^\]]+)\]\((#figure\d*:[^)\s]+)\)")

# What the theme ships and no page loads: icon fonts, their script (1.5 MB), Bootstrap's script, source maps.
UNUSED = ["*.map", "scripts/fontawesome*", "scripts/bootstrap*", "vendor", "locales", "images", "webpack-macros.html",
          "sbt-webpack-macros.html", "*.LICENSE.txt", ".gitignore"]  # fmt: skip


class BookError(Exception):
    """The site cannot be built; the message says what to do."""


def repository():
    """The repository's public address, from COURSE_REPOSITORY or pyproject.toml; empty while it has none."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        address = tomllib.load(file)["tool"]["course"]["repository"]
    address = os.environ.get("COURSE_REPOSITORY", address).rstrip("/").removesuffix(".git")
    if address and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise BookError(
            f"The repository's address is {address!r}. Expected https://github.com/NAME/REPO, because Colab opens "
            "notebooks from there, or an empty string. Set it in pyproject.toml under [tool.course]."
        )
    return address


def refuse_foreign(folder):
    """Raise BookError if the folder holds anything but an earlier build."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise BookError(f"{folder} holds files that no build made. Name an empty folder, or move them away.")


def fresh(folder):
    """Empty a folder of an earlier build, or make it."""
    refuse_foreign(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    return folder


def stage(notebooks, toc, folder):
    """Copy the book's pages and the lessons into one folder, as Jupyter Book wants them. Returns the lessons."""
    unused = shutil.ignore_patterns("_build", "README.md", "landing.html", "404.html", "__pycache__")
    shutil.copytree(BOOK, folder, ignore=unused)
    shutil.copy(toc, folder / "_toc.yml")
    lessons = sorted(notebooks.glob("*.ipynb"))
    if not lessons:
        raise BookError(f"{notebooks} holds no .ipynb file. Run: make notebooks")
    figures = folder / "figures"
    figures.mkdir()
    for lesson in lessons:
        text = lesson.read_text(encoding="utf-8")
        staged = site_notebook(json.loads(text), lesson.stem, figures)
        (folder / lesson.name).write_text(json.dumps(staged, ensure_ascii=False), encoding="utf-8")
    return lessons


def site_notebook(notebook, stem, figures):
    """The notebook for the site: without what the page says itself, widgets as HTML that hydrate.js brings to life."""
    first, last = notebook["cells"][0], notebook["cells"][-1]
    first["source"] = re.sub(r"\A# (Homework )?\d+[a-z]?\. ", "# ", "".join(first["source"]))
    last["source"] = re.sub(r"(\A|\n+)(Back|Next): \[[^\n]*\s*\Z", "", "".join(last["source"]))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = SETS_FIGURE.sub(link_that_sets, "".join(cell["source"]))
    saved = notebook["metadata"].pop("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    count = 0  # of living figures; a guess has no number, and no link sets it
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            where = f"{stem}.ipynb, cell {number}"
            if WIDGET_VIEW not in output.get("data", {}):
                if "digits" in output.get("metadata", {}).get("image/png", {}):
                    output["data"] = {"text/html": plot(output, cell, f"{stem}-plot-{number}", figures, where)}
                continue
            is_guess = "Guess(" in "".join(cell["source"])
            count += not is_guess
            name = f"{stem}-{'guess' if is_guess else count}"
            output["data"] = {"text/html": living_figure(output["data"], cell, saved, name, figures, where)}
    return notebook


def link_that_sets(match):
    """`[words](#figure:mean=-2)` as HTML: no heading has that name, and hydrate.js knows what to do."""
    words, state = match.groups()
    return f'<a class="sets-figure" href="{html.escape(state)}">{words}</a>'


def plot(output, cell, name, figures, where):
    """Write a plot and its dark twin into `figures`; return the HTML that loads and shows the one of the theme.

    `output` is one that vaelab.pictures made. What the theme hides is no part of the page, so its text is read once.
    """
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")
    if not alt:
        raise BookError(f"{where}: a plot needs alternative text (mystnb.image.alt).")
    png, about = base64.b64decode("".join(output["data"]["image/png"])), output["metadata"]["image/png"]
    (figures / f"{name}-light.png").write_bytes(png)
    (figures / f"{name}-dark.png").write_bytes(
        dark_twin(png, [tuple(map(int, place.split())) for place in about["digits"]])
    )
    size = f'width="{about["width"]}" height="{about["height"]}"'
    return "".join(
        f'<img class="plot only-{theme}" src="_static/figures/{name}-{theme}.png" alt="{html.escape(alt)}" {size} '
        'loading="lazy">\n'
        for theme in ("light", "dark")
    )


def living_figure(data, cell, saved, name, figures, where):
    """Write one widget's state, code and still picture into `figures`; return the HTML that stands in its place."""
    model = saved.get(data[WIDGET_VIEW]["model_id"])
    if model is None:
        raise BookError(f"{where}: the widget's state is not in the notebook. Run: make notebooks")
    if model["model_module"] != "anywidget":
        raise BookError(
            f"{where}: {model['model_module']} needs a kernel and would be dead on a page; use an anywidget."
        )
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")
    still = re.search(r";base64,([^\"]+)", "".join(data.get("text/html", "")))  # as tools/notebooks.py stores it
    png = still[1] if still else "".join(data.get("image/png", ""))
    if not png or not alt:
        raise BookError(
            f"{where}: a living figure needs a still picture beside it, and alternative text (mystnb.image.alt)."
        )

    state = {key: value for key, value in model["state"].items() if key != "layout"}
    chapter, count = re.fullmatch(r"0?(\w+?)-.*-(\d+|guess)", name).groups()
    if count != "guess":
        state["number"] = f"{chapter}.{count}"
    code = {"esm": state.pop("_esm"), "css": state.pop("_css", "")}
    digest = "code-" + hashlib.sha256(json.dumps(code).encode()).hexdigest()[:12]
    buffers = [{"path": buffer["path"], "data": buffer["data"]} for buffer in model.get("buffers", [])]
    write_script(figures / f"{digest}.js", digest, code)
    write_script(figures / f"{name}.js", name, {"code": digest, "state": state, "buffers": buffers})
    for file in filter(None, (state.get("data_file"), state.get("more_data"))):
        publish_data_file(file, figures, where)

    png = base64.b64decode(png)
    (figures / f"{name}.png").write_bytes(png)
    width, height = struct.unpack(">II", png[16:24])
    block = (
        f'<div class="living-figure" data-figure="{name}">'
        f'<img src="_static/figures/{name}.png" alt="{html.escape(alt)}" width="{width}" height="{height}">'
        "<noscript><p>This picture comes alive when JavaScript is on.</p></noscript></div>\n"
    )
    (figures / f"{name}.html").write_text(block, encoding="utf-8")
    return block


def publish_data_file(file, figures, where):
    """Put a file that a figure asks for (vaelab/widgets/data_file.py) among the figures, as a script."""
    source = DATA_FILES / file
    if file not in os.listdir(DATA_FILES):
        raise BookError(f"{where}: the figure's file {source} is missing. To restore it: git checkout -- {source}")
    write_script(figures / f"{file}.js", file, base64.b64encode(source.read_bytes()).decode())


def write_script(path, key, value):
    """A classic script, so that it loads over file:// too, where fetch and module imports do not."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"(globalThis.livingFigures ??= {{}})[{json.dumps(key)}] = {text};\n", encoding="utf-8")


def copy_mathjax(folder):
    """Copy the needed parts of MathJax from the package sphinx-mathjax-offline."""
    source = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for name in MATHJAX:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target, ignore=shutil.ignore_patterns("all-packages.js"))
        else:
            shutil.copy(source / name, target)


def run_jupyter_book(source, work, address):
    """Build the staged folder; every warning counts. Returns the folder of the pages."""
    program = Path(sys.executable).with_name("jupyter-book")
    options = ["--path-output", str(work), "-W", "-n", "--keep-going", "-q"]
    environment = {**os.environ, "COURSE_REPOSITORY": address, "PYTHONIOENCODING": "utf-8"}
    built = subprocess.run([program, "build", str(source), *options], env=environment, stdout=subprocess.DEVNULL)
    if built.returncode != 0:
        raise BookError(
            "Jupyter Book reported the problems above, and each of them counts. The previous site is untouched."
        )
    return work / "_build" / "html"


def finish(site, stage, lessons):
    """Put the figures, MathJax and the original notebooks beside the pages, and drop what no page loads.

    Figures and MathJax come last, because Jupyter Book puts every script that it finds on every page.
    """
    static = site / "_static"
    for pattern in UNUSED:
        for path in list(static.rglob(pattern) if "/" not in pattern else static.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shorten_styles(site, static)
    shutil.copytree(stage / "figures", static / "figures", ignore=shutil.ignore_patterns("*.html"))
    copy_mathjax(static / "mathjax")
    (site / "notebooks").mkdir()
    for lesson in lessons:
        shutil.copy(lesson, site / "notebooks" / lesson.name)


def shorten_styles(site, static):
    """Take out of the theme's style sheets what no page uses, and one that has to be asked for by another."""
    basic, theme = static / "basic.css", static / "styles" / "theme.css"
    theme.write_text(theme.read_text("utf-8").replace('@import "../basic.css";', basic.read_text("utf-8")), "utf-8")
    basic.unlink()
    used = names_in("".join(path.read_text("utf-8") for path in [*site.glob("*.html"), *static.rglob("*.js")]))
    for sheet in set(static.rglob("*.css")) - {static / "course.css"}:
        sheet.write_text(prune(sheet.read_text("utf-8"), used), "utf-8")


def build(notebooks, toc, output):
    """Build the site of the lessons in `notebooks`, in the order of `toc`, into the folder `output`."""
    address = repository()
    refuse_foreign(output)
    work = fresh(output.parent / f"{output.name}-stage")
    print("Staging pages and lessons", flush=True)
    lessons = stage(notebooks, toc, work / "en")
    print(f"Building the site with {len(lessons)} lessons: {', '.join(lesson.stem for lesson in lessons)}", flush=True)
    pages = run_jupyter_book(work / "en", work, address)
    finish(pages, work / "en", lessons)
    fresh(output)
    shutil.copy(BOOK / "landing.html", output / "index.html")
    shutil.copy(BOOK / "404.html", output)
    shutil.copytree(pages, output / "en")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks" / "en", metavar="DIR")
    parser.add_argument("--toc", type=Path, default=BOOK / "_toc.yml", metavar="FILE")
    parser.add_argument("--output", type=Path, default=BOOK / "_build" / "html", metavar="DIR")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    output = options.output.resolve()
    try:
        build(options.notebooks.resolve(), options.toc, output)
    except BookError as error:
        print(f"The site was not built. {error}", file=sys.stderr)
        return 1
    print(f"Built in {time.perf_counter() - start:.0f} s. Open {output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
