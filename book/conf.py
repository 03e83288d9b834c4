"""Sphinx configuration. tools/book.py copies this folder and the lessons together and calls Sphinx on the copy."""

import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.util.docutils import SphinxDirective
from sphinx.util.images import get_image_size

project = "From autoencoder to VAE"
html_title = project
language = "en"
author = ""
project_copyright = ""
exclude_patterns = ["_build", "_static", "_templates"]
templates_path = ["_templates"]

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinxcontrib.bibtex"]
nb_execution_mode = "off"
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

bibtex_bibfiles = ["references.bib"]
bibtex_cite_id = "{key}"

mathjax_path = "mathjax/startup.js"
mathjax3_config = {
    "loader": {"load": ["input/tex", "output/chtml", "a11y/assistive-mml"]},
    "chtml": {"mtextInheritFont": True},
}

html_theme = "sphinx_book_theme"
html_theme_options = {
    "toc_title": "On this page",
    "article_header_start": [],
    "article_header_end": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "back_to_top_button": False,
    "footer_content_items": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"**": ["course-contents.html"], "index": []}
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None


class RoadMap(SphinxDirective):
    """The course's parts, one a line as `01 | Title | Sentence`: a link where the lesson exists, else "coming"."""

    has_content = True

    def run(self):
        items = []
        for line in self.content:
            key, title, sentence = (part.strip() for part in line.split("|"))
            lesson = next((name for name in sorted(self.env.found_docs) if name.startswith(f"{key}-")), None)
            label = key.lstrip("0") if key.isdigit() else key.removeprefix("hw")
            heading = f'<a href="{lesson}.html">{title}</a>' if lesson else f"{title} <small>coming</small>"
            items.append(
                f'<li{"" if lesson else " class=coming"}><span class="number" aria-hidden="true">{label}</span>'
                f"<div><h3>{heading}</h3><p>{sentence}</p></div></li>"
            )
        return [nodes.raw("", f'<ol class="road-map">{"".join(items)}</ol>', format="html")]


def give_images_their_size(app, doctree):
    """Width and height attributes, so that a page does not jump while its pictures load."""
    for image in doctree.findall(nodes.image):
        size = get_image_size(app.srcdir / image["uri"]) if "width" not in image else None
        if size:
            image["width"], image["height"] = (str(pixels) for pixels in size)


def give_tagged_lines_their_tag(app, doctree):
    r"""Put the \tag of a formula of several lines outside the `split` that Sphinx wraps around it."""
    for formula in doctree.findall(nodes.math_block):
        source = formula.astext()
        if r"\tag" in source and r"\\" in source and not formula.get("nowrap"):
            formula.children = [nodes.Text(rf"\[{source}\]")]
            formula["nowrap"] = formula["no-wrap"] = True


def open_hidden_cell(translator, node):
    """A plain disclosure: the visible words are its name, unlike the label of MyST-NB's own."""
    show, hide = node["prompt_show"], node["prompt_hide"]
    for word, name in (("content", "solution"), ("source", "code"), ("outputs", "output")):
        show, hide = (re.sub(rf"\b{word}$", name, text) for text in (show, hide))
    translator.body.append(
        f'<details class="hidden-cell"><summary><span class="collapsed">{show}</span>'
        f'<span class="expanded">{hide}</span></summary>\n'
    )


def close_hidden_cell(translator, node):
    translator.body.append("</details>\n")


def strip_list_roles(app, exception):
    """sphinxcontrib-bibtex gives `div`s list roles whose children are not list items: accessibility checks fail."""
    if exception or app.builder.format != "html":
        return
    for page in app.outdir.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "doc-biblioentry" in text or 'role="list"' in text:
            page.write_text(re.sub(r' role="(list|doc-biblioentry|doc-backlink)"', "", text), encoding="utf-8")


def part_of(name):
    """("Chapter", "1") for 01-encoder-decoder, ("Homework", "1") for hw1-…, None for a page of the book's own."""
    found = re.match(r"(hw)?(\d+)-", name)
    return found and ("Homework" if found[1] else "Chapter", str(int(found[2])))


def contents(env):
    """The sidebar's groups, each with its pages as (number, name, title)."""
    lessons = [name for name in sorted(env.found_docs) if part_of(name)]
    groups = [
        (heading, [(part_of(name)[1], name, env.titles[name].astext()) for name in lessons if part_of(name)[0] == kind])
        for heading, kind in (("Chapters", "Chapter"), ("Homework", "Homework"))
    ]
    reference = [("", name, env.titles[name].astext()) for name in ("glossary", "bibliography", "teaching")]
    return [group for group in [*groups, ("Reference", reference)] if group[1]]


def add_course_links(app, pagename, templatename, context, doctree):
    """What the templates need: contents, the lesson's number, its notebook, Colab, Binder, where to edit the page."""
    address = app.config.course_repository
    part = part_of(pagename)
    links = []
    if part:
        links.append(("Download this notebook", f"notebooks/{pagename}.ipynb", "download"))
    if part and address:
        name = address.removeprefix("https://github.com/")
        path = f"notebooks/en/{pagename}.ipynb"
        links.append(("Open in Colab", f"https://colab.research.google.com/github/{name}/blob/main/{path}", ""))
        links.append(("Open in Binder", f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/{path}", ""))
    source = f"notebooks/en/{pagename}.md" if part else f"book/{pagename}.md"
    context["course_contents"] = contents(app.env)
    context["lesson_kind"] = " ".join(part) if part else ""
    context["lesson_links"] = links
    context["edit_link"] = f"{address}/edit/main/{source}" if address and doctree else ""
    if 'class="living-figure"' in context.get("body", ""):
        app.add_js_file("hydrate.js", defer="defer")


def setup(app):
    app.add_config_value("course_repository", "", "html", types=frozenset({str}))
    app.add_directive("roadmap", RoadMap)
    app.add_node(HideCodeCellNode, override=True, html=(open_hidden_cell, close_hidden_cell))
    app.connect("doctree-read", give_images_their_size)
    app.connect("doctree-read", give_tagged_lines_their_tag)
    app.connect("html-page-context", add_course_links)
    app.connect("build-finished", strip_list_roles)
