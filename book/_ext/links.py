"""Links that the plain text of the pages implies, made while the book is built: lessons stay portable Markdown.

The first use of a term on a page leads to the glossary, "equation (4.10)" to the formula, "chapter 8" to the chapter,
"Kingma & Welling (2013)" to the bibliography; an entry of the glossary leads to the chapters that use it most.
"""

import functools
import re

from course import part_of
from docutils import nodes
from pybtex.database import parse_file

TAG = re.compile(r"\\tag\{([^}]+)\}")
EQUATION = re.compile(r"\((hw\d\.\d+|\d+[a-z]?\.\d+)\)")
CHAPTER = re.compile(r"\b[Cc]hapter (\d+)\b|\b[Cc]hapters (?:\d+(?:, | and | to ))+\d+\b")
# Everyday words, which mostly mean something else on a page.
EVERYDAY = {"batch", "channel", "code", "control", "density", "evidence", "hole", "rate", "twin"}
NOT_PROSE = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.title,
    nodes.term,
)


def name_equations(app, doctree):
    """An id for each numbered formula of a lesson, and a note of where it is."""
    for formula in doctree.findall(nodes.math_block):
        for tag in TAG.findall(formula.astext()):
            formula["ids"].append(f"equation-{tag.replace('.', '-')}")
            equations_of(app.env)[tag] = (app.env.docname, formula["ids"][-1])


def equations_of(env):
    """{number: (page, id)} of all numbered formulas, kept with the environment."""
    if not hasattr(env, "course_equations"):
        env.course_equations = {}
    return env.course_equations


@functools.cache
def citations(path):
    """(pattern, {(authors, year): key}) for the works of a .bib file as prose names them: Kingma & Welling (2013)."""
    names = {}
    for key, entry in parse_file(path, encoding="utf-8").entries.items():
        if "year" not in entry.fields:
            continue
        last = [" ".join([*person.prelast_names, *person.last_names]) for person in entry.persons.get("author", [])]
        last = [re.sub(r"[{}]", "", name) for name in last]
        forms = [f"{last[0]} et al."] if len(last) > 2 else []
        if last:
            forms.append(" & ".join([", ".join(last[:-1]), last[-1]]) if len(last) > 1 else last[0])
        for form in forms:
            names.setdefault((form, entry.fields["year"]), key)
    longest_first = sorted(names, key=lambda one: -len(one[0]))
    pattern = "|".join(rf"{re.escape(form)}(?:,? {year}\b| \({year}\))" for form, year in longest_first)
    return re.compile(rf"(?<![\w&-] )(?<!\w)(?:{pattern})"), names


def terms_of(env):
    """{term in lower case: (page, id)} of the glossary."""
    objects = env.get_domain("std").objects
    return {name.lower(): place for (kind, name), place in objects.items() if kind == "term"}


def prose(doctree):
    """The pieces of running text, without headings, code, formulas, links and a lesson's list of references."""
    for text in list(doctree.findall(nodes.Text)):
        above, part = [], text.parent
        while part is not None:
            above.append(part)
            part = part.parent
        sections = [one.next_node(nodes.title) for one in above if isinstance(one, nodes.section)]
        if (
            above
            and not any(isinstance(one, NOT_PROSE) for one in above)
            and not any(title is not None and title.astext() == "References" for title in sections)
        ):
            yield text


def term_pattern(terms):
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?:s|es)?(?![\w-])", re.IGNORECASE)


def link_what_the_text_names(app, doctree, docname):
    """Turn the names of terms, equations, chapters and works in a page's prose into links."""
    env = app.env
    chapters = {part_of(name)[1]: name for name in env.found_docs if part_of(name) and part_of(name)[0] == "Chapter"}
    if docname == "bibliography":
        return
    works, keys = citations(app.srcdir / "references.bib")
    terms = {name: place for name, place in terms_of(env).items() if name not in EVERYDAY}
    term = term_pattern(terms) if terms and docname not in ("glossary", "index") else None
    equations, seen = equations_of(env), set()

    def places(text):
        """(start, end, page, id, class) of each name in a text."""
        if re.search("equation", text, re.IGNORECASE):
            for found in EQUATION.finditer(text):
                if found[1] in equations:
                    yield found.start(), found.end(), *equations[found[1]], "to-equation"
        for found in CHAPTER.finditer(text):
            for number in re.finditer(r"\d+", found[0]):
                start = found.start() if found[1] else found.start() + number.start()
                page = chapters.get(number[0])
                if page and page != docname:
                    yield start, found.start() + number.end(), page, "", "to-chapter"
        for found in works.finditer(text):
            form, year = re.fullmatch(r"(.*?),? \(?(\d{4})\)?", found[0]).groups()
            yield found.start(), found.end(), "bibliography", keys[form, year], "to-work"
        for found in term.finditer(text) if term else ():
            if found[1].lower() not in seen:
                seen.add(found[1].lower())
                yield found.start(), found.end(), *terms[found[1].lower()], "to-term"

    for text in prose(doctree):
        source, pieces, end = text.astext(), [], 0
        for start, stop, page, name, kind in sorted(places(source)):
            if start >= end and page in env.found_docs:
                address = app.builder.get_relative_uri(docname, page) if page != docname else ""
                link = nodes.reference("", source[start:stop], internal=True, classes=[kind])
                link["refuri"] = f"{address}#{name}" if name else address
                pieces += [nodes.Text(source[end:start]), link]
                end = stop
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(source[end:])])
    if docname == "glossary":
        link_entries_to_chapters(app, doctree, chapters)


def link_entries_to_chapters(app, doctree, chapters):
    """Under each entry of the glossary the three chapters that name it most often, in their order."""
    entries = [one for one in doctree.findall(nodes.definition_list_item)]
    pattern = term_pattern([entry.next_node(nodes.term).astext() for entry in entries])
    counts = {}
    for number, name in chapters.items():
        text = " ".join(piece.astext() for piece in prose(app.env.get_doctree(name)))
        for found in pattern.finditer(text):
            count = counts.setdefault(found[1].lower(), {})
            count[number] = count.get(number, 0) + 1
    for entry in entries:
        count = counts.get(entry.next_node(nodes.term).astext().lower(), {})
        most = sorted(sorted(count, key=lambda number: (-count[number], int(number)))[:3], key=int)
        if most:
            line = nodes.paragraph(classes=["used-in"])
            for number in most:
                address = app.builder.get_relative_uri("glossary", chapters[number])
                line += [
                    nodes.Text(", " if len(line) else "In "),
                    nodes.reference("", f"chapter {number}", refuri=address, internal=True),
                ]
            entry.next_node(nodes.definition).append(line)


def setup(app):
    app.connect("doctree-read", name_equations)
    app.connect("doctree-resolved", link_what_the_text_names)
