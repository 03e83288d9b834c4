"""The course's own directives and hooks: a local extension of Jupyter Book, named in _config.yml."""

import os
import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.util.docutils import SphinxDirective
from sphinx.util.images import get_image_size


class RoadMap(SphinxDirective):
    """The course's parts, one a line as `02 | Title | Sentence`: a link where the lesson exists, else "coming".

    Deeper pages may follow, each as `| 02b Title`: they stand below the sentence, where they exist.
    """

    has_content = True

    def run(self):
        items = []
        for line in self.content:
            key, title, sentence, *deeper = (part.strip() for part in line.split("|"))
            lesson = self.lesson(key)
            label = (key.lstrip("0") or "0") if key.isdigit() else key.removeprefix("hw")
            heading = f'<a href="{lesson}.html">{title}</a>' if lesson else f"{title} <small>coming</small>"
            pages = [page.partition(" ") for page in deeper if self.lesson(page.partition(" ")[0])]
            links = ", ".join(
                f'<a href="{self.lesson(short)}.html">{short.lstrip("0")} {name}</a>' for short, _, name in pages
            )
            sentence += f"<br>Deeper: {links}" if links else ""
            items.append(
                f'<li{"" if lesson else " class=coming"}><span class="number" aria-hidden="true">{label}</span>'
                f"<div><h3>{heading}</h3><p>{sentence}</p></div></li>"
            )
        return [nodes.raw("", f'<ol class="road-map">{"".join(items)}</ol>', format="html")]

    def lesson(self, key):
        """The document of a lesson by its number, such as 02b; None if there is none."""
        return next((name for name in sorted(self.env.found_docs) if name.startswith(f"{key}-")), None)


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
            formula["nowrap"] = True


# The terms of a formula that a figure shows part by part: each part's name, in words, and as the lesson writes it.
TERMS = {
    "evidence": ("ln p(x)", r"\ln p(x)"),
    "reconstruction": ("the average of ln p(x given z)", r"\mathbb{E}_{z\sim q}[\ln p(x\mid z)]"),
    "kl": ("the KL to the prior", r"\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)"),
    "gap": ("the gap", r"\mathrm{KL}\big(q(z\mid x)\,\|\,p(z\mid x)\big)"),
}


def mark_terms(app, doctree):
    """Let the terms of a formula light what shows them in a figure: a class for the pointer, a button for the keyboard.

    The formula that holds all TERMS is meant, in chapter 6; hydrate.js does the rest.
    """
    for formula in list(doctree.findall(nodes.math_block)):
        source = formula.astext()
        if not all(tex in source for _, tex in TERMS.values()):
            continue
        buttons = ""
        for name, (words, tex) in TERMS.items():
            source = source.replace(tex, rf"\class{{lights-{name}}}{{{tex}}}")
            hidden = f'hidden type="button" class="visually-hidden term lights-{name}"'  # until hydrate.js is here
            buttons += f"<button {hidden}>Show in the figure: {words}</button>"
        formula.children = [nodes.Text(source)]
        formula.parent.insert(formula.parent.index(formula) + 1, nodes.raw("", f"<div>{buttons}</div>", format="html"))


def mark_answers(app, doctree):
    """Mark the possible answers of a multiple-choice question, `<details>` whose text begins with Yes or No in bold.

    Also set the formulas of their summaries, which are HTML where Markdown sees none.
    """
    for raw in doctree.findall(nodes.raw):
        before, tag, summary = raw.astext().rpartition("<details>")
        if not tag or "</details>" in summary:
            continue
        summary = re.sub(r"\$([^$]+)\$", r'<span class="math notranslate nohighlight">\\(\1\\)</span>', summary)
        reply = raw.next_node(descend=False, siblings=True)
        words = [one for one in reply.children if one.astext()] if isinstance(reply, nodes.paragraph) else []
        if words and isinstance(words[0], nodes.strong) and words[0].astext() in ("Yes.", "No."):
            tag = f'<details class="answer {words[0].astext().lower().rstrip(".")}">'
        raw.children = [nodes.Text(before + tag + summary)]


def fold_checks_quietly(app, doctree):
    """A folded cell that only checks (tag `check`) is no solution."""
    for cell in doctree.findall(lambda node: "tag_check" in getattr(node, "attributes", {}).get("classes", ())):
        cell["prompt_show"] = cell["prompt_hide"] = "check"


def open_hidden_cell(translator, node):
    """A plain disclosure: the visible words are its name, unlike the label of MyST-NB's own."""
    show, hide = node["prompt_show"], node["prompt_hide"]
    for word, name in (("content", "solution"), ("source", "code"), ("outputs", "output")):
        show, hide = (re.sub(rf"\b{word}$", name, text) for text in (show, hide))
    translator.body.append(
        f'<details class="hidden-cell{" check" if show == "check" else ""}">'
        f'<summary><span class="collapsed">{show}</span><span class="expanded">{hide}</span></summary>\n'
    )


def close_hidden_cell(translator, node):
    translator.body.append("</details>\n")


def mend_markup(app, pagename, templatename, context, doctree):
    """What Sphinx and sphinxcontrib-bibtex write differently than a page needs it.

    Sizes of pictures become attributes, which a style sheet can shrink in proportion. List roles go from `div`s whose
    children are not list items: accessibility checks fail. A mark of punctuation stays with the formula before it.
    """
    body = re.sub(r' style="width: (\d+)px; height: (\d+)px;"', r' width="\1" height="\2"', context.get("body", ""))
    body = re.sub(r' role="(list|doc-biblioentry|doc-backlink)"', "", body)
    formula = r'<span class="math notranslate nohighlight">[^<]*</span>'
    context["body"] = re.sub(rf"({formula}[,.;:!?)”’]+)", r'<span class="stay">\1</span>', body)


def part_of(name):
    """(kind, number) of a lesson, None for a page of the book's own.

    ("Tour", "0") for 00-…, ("Chapter", "2") for 02-latent-scatter, ("Deeper", "2b") for 02b-…, ("Homework", "1") for
    hw1-….
    """
    found = re.match(r"(hw)?0*(\d+)([a-z]?)-", name)
    if not found:
        return None
    homework, number, letter = found.groups()
    kind = "Homework" if homework else "Deeper" if letter else "Chapter" if int(number) else "Tour"
    return kind, number + letter


def lesson_kind(name):
    """The line above a lesson's title."""
    kind, number = part_of(name)
    return {"Tour": "Tour", "Deeper": f"Deeper, chapter {number[:-1]}"}.get(kind, f"{kind} {number}")


def contents(env):
    """The parts of _toc.yml as (caption, pages), each page as (number, name, title, its deeper pages)."""
    site_map = env.external_site_map

    def entries(trees):
        names = [str(item) for tree in trees for item in tree.items]
        return [
            ((part_of(name) or ("", ""))[1], name, env.titles[name].astext(), entries(site_map[name].subtrees))
            for name in names
            if name in env.titles
        ]

    return [(tree.caption, entries([tree])) for tree in site_map.root.subtrees]


def lead_along_the_path(app, pagename, templatename, context, doctree):
    """Back and Next of a chapter lead past the deeper pages, which get a link each; from those, Next leads back."""
    env, builder = app.env, app.builder
    path = [(env.config.root_doc, [])] + [(page[1], page[3]) for _, pages in contents(env) for page in pages]

    def link(name):
        title = builder.render_partial(env.titles[name])["title"]
        return {"link": builder.get_relative_uri(pagename, name), "title": title}

    here = next((place for place, (name, _) in enumerate(path) if name == pagename), None)
    if here is not None:
        context["prev"] = link(path[here - 1][0]) if here > 0 else None
        context["next"] = link(path[here + 1][0]) if here + 1 < len(path) else None
        context["deeper"] = [(number, link(name)) for number, name, *_ in path[here][1]]


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
    context["lesson_kind"] = lesson_kind(pagename) if part else ""
    context["lesson_links"] = links
    context["edit_link"] = f"{address}/edit/main/{source}" if address and doctree else ""


def load_what_the_page_uses(app, pagename, templatename, context, doctree):
    """course.js everywhere, hydrate.js for living figures, search.js for the search, MathJax for formulas.

    All are deferred, MathJax last, since course.js sets it up. Jupyter Book puts every script of _static on every page
    and in the way of its first paint, Sphinx puts MathJax on a page whose child in the table of contents has a formula.
    """
    body = context.get("body", "")
    app.add_js_file("course.js", defer="defer")
    if 'class="living-figure"' in body:
        app.add_js_file("hydrate.js", defer="defer")
    if pagename == "search":
        app.add_js_file("search.js", defer="defer")

    def wanted(script):
        name, attributes = str(script.filename), script.attributes
        if "mathjax" in f"{name} {attributes.get('body')}".lower():
            return 'class="math' in body
        return not name.endswith(("/course.js", "/hydrate.js", "/search.js")) or "defer" in attributes

    scripts = [script for script in app.builder.script_files if wanted(script)]
    context["script_files"] = sorted(scripts, key=lambda script: "mathjax/startup" in str(script.filename))


def setup(app):
    app.add_config_value("course_repository", os.environ.get("COURSE_REPOSITORY", ""), "html", types=frozenset({str}))
    app.add_directive("roadmap", RoadMap)
    app.add_node(HideCodeCellNode, override=True, html=(open_hidden_cell, close_hidden_cell))
    app.connect("doctree-read", give_images_their_size)
    app.connect("doctree-read", give_tagged_lines_their_tag)
    app.connect("doctree-read", mark_terms)
    app.connect("doctree-read", fold_checks_quietly)
    app.connect("doctree-read", mark_answers)
    app.connect("html-page-context", mend_markup)
    app.connect("html-page-context", add_course_links)
    app.connect("html-page-context", lead_along_the_path)
    app.connect("html-page-context", load_what_the_page_uses, priority=900)  # after those of the extensions
