"""The most alike pairs of a class: a page with the matching parts side by side, a table, and a folder for other tools.

similar.html: the first pairs, with what they share marked. similar.csv: all pairs. export/: code/*.py and words/*.txt,
one for each student, and given/, what the homework itself says; JPlag, Dolos, compare50 and MOSS, say, read such
folders, and `given` is what they call base or template code.
"""

import html
import itertools
import re

from grading.errors import Unreadable
from grading.files import write_whole
from grading.homework import cut
from grading.report import table
from grading.similarity import given_by, ranked, spans, work_of
from grading.submissions import read_notebook
from grading.words import plain

PAIRS = 30  # that the page shows
CHUNK = re.compile(r"(?m)^(?=(?:@|def |class |async def )\S?)")
MAGIC = re.compile(r"(?m)^(?=\s*[%!])")
STYLE = """\
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:90rem;margin:1rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left}.pair{display:grid;
grid-template-columns:1fr 1fr;gap:.4rem 1rem}pre{margin:0;padding:.5rem;border:1px solid #8886;white-space:pre-wrap;
overflow-wrap:anywhere;font-size:.85rem}mark{background:#f3c64a88;color:inherit}h2{margin:2.2rem 0 .3rem}"""
EXPLAINED = """\
A score says which share of the shorter work is found in the other, names and comments left out, the homework's own
text not counted, and what many wrote counted little. It ranks pairs for you to read and proves nothing: two who solve
the same task by the same page write alike. What speaks for copying is a gap to the rest of the list, and shared
mistakes, detours and odd choices in the marked parts. Talk to both before you judge."""


def works_of(homework, submissions):
    """The Works of all submissions that can be read, and {student: slug}."""
    given, works, slugs = given_by(homework, cut), [], {}
    for submission in submissions:
        try:
            cells = read_notebook(submission.data) if submission.data else []
        except Unreadable:
            continue
        own = [source for kind, source, *_ in cells if kind == "code" and source.strip()
               and plain(source) not in homework.outline.code]  # fmt: skip
        answers, rest = homework.outline.read(cells)
        words = "\n\n".join(filter(None, [*answers.values(), *(text for _, text in rest)]))
        works.append(work_of(submission.student, "\n\n\n".join(own), words, given))
        slugs[submission.student] = submission.slug
    return works, slugs


def write(folder, homework, submissions):
    """Compare the submissions and write all files. Returns what to say."""
    works, slugs = works_of(homework, submissions)
    pairs = ranked(works)
    write_whole(folder / "similar.html", page(homework, pairs, len(works)))
    rows = [[pair.first.student, pair.second.student, *(f"{x:.2f}" for x in (pair.score, pair.code, pair.words))]
            for pair in pairs]  # fmt: skip
    write_whole(folder / "similar.csv", table(["first", "second", "score", "code", "words"], rows))
    for work in works:
        write_whole(folder / f"export/code/{slugs[work.student]}.py", MAGIC.sub("# ", work.texts["code"]) + "\n")
        write_whole(folder / f"export/words/{slugs[work.student]}.txt", work.texts["words"] + "\n")
    cells = homework.notebook.cells
    given = "\n\n\n".join(cut(cell.source) for cell in cells if cell.cell_type == "code")
    write_whole(folder / f"export/given/{homework.name}.py", MAGIC.sub("# ", given) + "\n")
    said = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    write_whole(folder / f"export/given/{homework.name}.txt", said + "\n")
    first = "".join(f"\n  {p.score:.2f}  {p.first.student}, {p.second.student}" for p in pairs[:5])
    return f"{len(works)} submissions compared; the most alike:{first}\nRead {folder / 'similar.html'}"


def page(homework, pairs, count):
    """The page, complete in itself, without scripts."""
    e, shown = html.escape, pairs[:PAIRS]
    rows = "".join(
        f'<tr><td><a href="#p{n}">{e(p.first.student)}, {e(p.second.student)}</a></td><td>{p.score:.2f}</td>'
        f"<td>{p.code:.2f}</td><td>{p.words:.2f}</td></tr>"
        for n, p in enumerate(shown)
    )
    parts = "".join(
        f'<h2 id="p{n}">{p.score:.2f} {e(p.first.student)}, {e(p.second.student)}</h2>'
        f'<div class="pair">{side_by_side(homework, p)}</div>'
        for n, p in enumerate(shown)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{e(homework.name)}: similar work</title><style>{STYLE}</style>"
        f"<h1>{e(homework.title)}: similar work</h1><p>{count} submissions. {e(EXPLAINED)}</p>"
        f"<table><tr><th>pair</th><th>score</th><th>code</th><th>words</th></tr>{rows}</table>{parts}</html>\n"
    )


def side_by_side(homework, pair):
    """The matching parts of two students' code and words, function by function."""
    found = []
    for kind in ("code", "words"):
        left, right = (chunks(work, kind, pair.shared[kind]) for work in (pair.first, pair.second))
        names = [task.name for task in homework.tasks if task.name in left or task.name in right]
        for name in [*names, *sorted({*left, *right} - {*names})]:
            found += [f"<pre>{left.get(name, '')}</pre><pre>{right.get(name, '')}</pre>"]
    return "".join(found)


def chunks(work, kind, hashes):
    """{function's name, or "": its text as HTML with what is shared marked}, of the parts in which something is."""
    text, marked, found = work.texts[kind], spans(work, kind, hashes), {}
    starts = [match.start() for match in CHUNK.finditer(text) if match.start()] if kind == "code" else []
    for start, end in itertools.pairwise([0, *starts, len(text)]):
        inside = [(max(a, start), min(b, end)) for a, b in marked if a < end and b > start]
        if inside:
            name = re.match(r"(?:async )?def (\w+)", text[start:end])
            key = name[1] if name else ""
            found[key] = "\n".join(filter(None, [found.get(key), highlighted(text, start, end, inside)]))
    return found


def highlighted(text, start, end, inside):
    """A part of a text as HTML with these spans marked."""
    parts, at = [], start
    for a, b in inside:
        parts += [html.escape(text[at:a]), f"<mark>{html.escape(text[a:b])}</mark>"]
        at = b
    return "".join([*parts, html.escape(text[at:end])]).strip("\n")
