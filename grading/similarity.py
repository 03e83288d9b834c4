"""Which submissions resemble each other: code and words as fingerprints that renaming and reordering leave alone.

Code becomes a row of tokens without comments, strings and the student's own names; words a row of words. Of each row
the hashes of all runs of a few tokens are taken, and of these a sample that two texts choose alike where they are alike
("winnowing"; Schleimer, Wilkerson & Aiken, 2003, doi:10.1145/872757.872770). What the homework itself says counts
nothing, and what many students wrote counts little. The scores rank pairs for a person to read. They prove nothing.
"""

import builtins
import collections
import hashlib
import math
import re
from typing import NamedTuple

from pygments.lexers import PythonLexer
from pygments.token import Comment, Name, String, Text

CODE, WORDS = (14, 6), (6, 4)  # tokens in a run, and runs of which one is sampled
LEAST = 25.0  # weight that a text needs to be compared in full: two lines that are alike say little
IMPORT = re.compile(r"(?m)^[ \t]*(?:import|from)\b.*$")  # everybody has them
MOST = 200_000  # letters of a text that are compared
BUILTINS = frozenset(dir(builtins))


class Token(NamedTuple):
    """A token as it is compared, and where it stands in its text."""

    text: str
    start: int
    end: int


class Work(NamedTuple):
    """What a student handed in, to compare: texts {"code", "words"}, and for each {fingerprint: [(start, end), …]}."""

    student: str
    texts: dict
    prints: dict


class Pair(NamedTuple):
    """Two students and how alike their work is, from 0 to 1; shared: {kind: fingerprints that both have}."""

    score: float
    code: float
    words: float
    first: Work
    second: Work
    shared: dict


def code_tokens(source):
    """The Tokens of Python, also of lines that only Jupyter understands: what a student may name is not told apart."""
    found, after_dot = [], False
    source = IMPORT.sub(lambda line: " " * len(line[0]), source)
    for start, kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens_unprocessed(source):
        if kind in Comment or kind in Text or not text.strip():
            continue
        end = start + len(text)
        if kind in String:
            if kind in String.Doc:
                continue
            if found and found[-1].text == '""' and found[-1].end == start:  # the parts of one string
                found[-1] = found[-1]._replace(end=end)
                continue
            text = '""'
        elif kind in Name and not (kind in Name.Builtin and text in BUILTINS) and not after_dot:
            text = "x"
        after_dot = text == "."
        found.append(Token(text, start, end))
    return found


def word_tokens(text):
    """The Tokens of prose."""
    return [Token(found[0].lower(), *found.span()) for found in re.finditer(r"\w+", text)]


def fingerprints(tokens, length, window):
    """{hash: [(start, end), …]}: of each `window` runs of `length` tokens the smallest hash, so that none is missed."""
    texts = [token.text for token in tokens]
    hashes = [digest(texts[i : i + length]) for i in range(len(texts) - length + 1)]
    found, last = collections.defaultdict(list), -1
    for i in range(max(1, len(hashes) - window + 1) if hashes else 0):
        near = range(i, min(i + window, len(hashes)))
        best = min(near, key=lambda j: (hashes[j], -j))
        if best != last:
            found[hashes[best]].append((tokens[best].start, tokens[best + length - 1].end))
            last = best
    return dict(found)


def digest(texts):
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).digest()


def all_runs(tokens, length):
    """The hashes of all runs: of what the homework says, however it is sampled."""
    texts = [token.text for token in tokens]
    return {digest(texts[i : i + length]) for i in range(len(texts) - length + 1)}


def work_of(student, code, words, given):
    """The Work of a student. given: {kind: hashes of what the homework itself says}."""
    texts = {"code": code[:MOST], "words": words[:MOST]}
    code, words = texts.values()
    prints = {"code": fingerprints(code_tokens(code), *CODE), "words": fingerprints(word_tokens(words), *WORDS)}
    prints = {kind: {h: at for h, at in own.items() if h not in given[kind]} for kind, own in prints.items()}
    return Work(student, texts, prints)


def given_by(homework, cut):
    """{kind: hashes} of what every student got with the homework. cut: what takes the solutions out of a cell."""
    cells = homework.notebook.cells
    code = [(cell.source, cut(cell.source)) for cell in cells if cell.cell_type == "code"]
    words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    # As it stands, and without the cells in which nothing is to be written, which are left out of students' code.
    texts = "\n".join(given for _, given in code), "\n".join(given for whole, given in code if given != whole)
    runs = set().union(*(all_runs(code_tokens(text), CODE[0]) for text in texts))
    return {"code": runs, "words": all_runs(word_tokens(words), WORDS[0])}


def ranked(works):
    """The Pairs that share anything, the most alike first."""
    weights = {kind: weights_of(works, kind) for kind in ("code", "words")}
    sums = {(work.student, kind): sum(weights[kind][h] for h in work.prints[kind])
            for work in works for kind in weights}  # fmt: skip
    shared = collections.defaultdict(lambda: {"code": [], "words": []})
    for kind in weights:
        holders = collections.defaultdict(list)
        for number, work in enumerate(works):
            for h in work.prints[kind]:
                holders[h].append(number)
        for h, numbers in holders.items():
            if len(numbers) > max(10, len(works) // 2):
                continue  # that is how one writes it
            for i, first in enumerate(numbers):
                for second in numbers[i + 1 :]:
                    shared[first, second][kind].append(h)
    pairs = []
    for (first, second), both in shared.items():
        a, b = works[first], works[second]
        scores = {}
        for kind, hashes in both.items():
            whole = min(sums[a.student, kind], sums[b.student, kind])
            scores[kind] = min(1.0, sum(weights[kind][h] for h in hashes) / max(whole, LEAST))
        pairs.append(Pair(max(scores.values()), scores["code"], scores["words"], a, b, both))
    return sorted(pairs, key=lambda pair: (-pair.score, -pair.code - pair.words, pair.first.student))


def weights_of(works, kind):
    """{hash: what it counts}: much if two have it, little if half of the class has, since that is how one writes it."""
    count = collections.Counter(h for work in works for h in work.prints[kind])
    return {h: 1.0 / (1.0 + max(0.0, math.log2(n / 2))) ** 2 for h, n in count.items()}


def spans(work, kind, hashes):
    """The (start, end) of what is shared in a text, joined where they touch."""
    found = []
    for start, end in sorted(span for h in hashes for span in work.prints[kind][h]):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
