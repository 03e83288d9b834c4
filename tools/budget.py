"""Count what each lesson asks of its reader, and hold it against the course's budgets.

    python tools/budget.py          a table of all lessons, and what is over or forbidden
    python tools/budget.py 02 03b   these

Words are those of the text, folded parts included, and of comments in visible code; a formula is one word, alternative
texts are none. The stated time is words / 170 + visible lines of code / 10 + half a minute a figure + what the cells
compute + two minutes an exercise, rounded to five minutes.
"""

import re
import sys
from dataclasses import dataclass, field

import nbformat

from files import number
from notebooks import chosen, lessons, read_text

# Of a page on the path: words to the exercises, words in all, lines of code, sections, figures, numbered equations.
PATH = {"words": 2200, "whole": 2800, "lines": 150, "sections": 6, "figures": 8, "equations": 8}
TOUR = {"words": 700, "whole": 700, "lines": 70, "sections": 6, "figures": 5, "equations": 8}
LIVING = {"00": {0}, "01": {1, 2}, "03": {1, 2}, "07": {3, 4}, "10": {1, 2}}  # living figures, one elsewhere
MOST_WORDS = 26_000  # of all pages of the path together, exercises and self-checks included
MINUTES = {"none": 0, "less than one": 0.5, "half a minute": 0.5, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

NETWORK = r"(?:network|encoder|decoder|model|autoencoder|VAE|classifier)s?"
FEELS = r"(?:knows?|asks?|answers?|speaks?|hesitates?|wants?|believes?|thinks?|decides?|remembers?|loves?)"
# What may occur so many times in 1,000 words of a page on the path. Smoke detectors, not style.
SMOKE = {
    "sentences that start with So": (6, r"(?:^|[.?!]\s+|^[-*>] )So\b"),
    "whole sentences in parentheses": (3, r"(?:^|[.?!:]\s+)\([A-Z][^()]*[.?!]\)"),
    "question marks": (8, r"\?"),
    "networks that feel": (0, rf"\b{NETWORK} (?:does not |doesn't |do not |did not |can |cannot |never )?{FEELS}\b"),
}
# One notation. What must not occur in the formulas of a page, and in its prose.
IN_FORMULAS = {
    r"\log, should be \ln": r"\\log\b",
    r"\epsilon, should be \varepsilon": r"\\epsilon\b",
    r"N(0, should be \mathcal{N}(0": r"(?<!\\mathcal )\bN\s*\(\s*0",
    r"KL, should be \mathrm{KL}": r"(?<!\\mathrm\{)(?<!_\{)KL",
    r"a bar, should be \mid": r"\b[pq](?:_\\\w+)?\([a-z]\s*(?:\||\\vert)\s*[a-z]",
}
IN_PROSE = {
    "N(0, should be a formula, unless it names a set": r"(?<![\"“*])\bN\s*\(\s*0",
    "an exclamation mark": r"\w!(?=\s|$)",
    "simply": r"\b[Ss]imply\b",
}
RATE = {"rate, should be learning rate": r"(?<!learning )(?<!error )\brates?\b(?![–-])"}
NOTE = {"the lecture note, named in 00 only": r"\blecture note"}
ON_PAGE = {
    "00": RATE,
    "08": NOTE,  # R is the rate of the rate-distortion curve
    "09": {**RATE, **NOTE, "the one, the nine: which digit is meant?": r"\bthe (?:one|nine)\b"},
}


@dataclass
class Count:
    """What one lesson asks of its reader."""

    stem: str
    words: int = 0
    whole: int = 0
    lines: int = 0
    sections: int = 0
    figures: int = 0
    living: int = 0
    equations: int = 0
    exercises: int = 0
    computing: float | None = None
    stated: int | None = None
    faults: list = field(default_factory=list)

    @property
    def minutes(self):
        spent = self.whole / 170 + self.lines / 10 + self.figures / 2 + (self.computing or 0) + 2 * self.exercises
        return 5 * round(spent / 5)


def is_visible(cell):
    return not cell.metadata.get("jupyter", {}).get("source_hidden", False)


def plain(text):
    """The prose of Markdown: a formula is one word, code and links keep their text, HTML and images go."""
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", " formula ", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|</?\w[^>]*>|[*_`#|]", " ", text)
    return text.replace("[", " ")


def words(text):
    return len(re.findall(r"[^\W_](?:[\w.,'’–-]*\w)?", text))


def formulas(text):
    return " ; ".join(re.findall(r"\$\$.*?\$\$|\$[^$]+\$", re.sub(r"`[^`]*`", "", text), flags=re.DOTALL))


def part(text, heading):
    """The section under this heading, or ""."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def cut(cells):
    """(cells before the exercises, exercises and self-check): what comes after those is not counted."""
    marks = [i for i, c in enumerate(cells) if c.cell_type == "markdown" and c.source.startswith("## Exercises")]
    ends = [i for i, c in enumerate(cells) if c.cell_type == "markdown"
            and re.match(r"## (The limits of this page|References)", c.source)]  # fmt: skip
    end = min(ends, default=len(cells))
    start = min([*marks, end])
    return cells[:start], cells[start:end]


def split(notebook):
    """The notebook's cells with a Markdown cell for each section."""
    cells = []
    for cell in notebook.cells:
        parts = (
            re.split(r"^(?=## )", cell.source, flags=re.MULTILINE) if cell.cell_type == "markdown" else [cell.source]
        )
        cells += [nbformat.from_dict({**cell, "source": text}) for text in parts if text.strip()]
    return cells


def prose(cells):
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def comments(cells):
    visible = "\n".join(cell.source for cell in cells if cell.cell_type == "code" and is_visible(cell))
    return " ".join(re.findall(r"(?:^|\s)#(?!:) (.*)", visible))


def count(path):
    """Count one lesson from its text and, for its living figures, its notebook. Returns a Count with its faults."""
    return count_notebook(read_text(path), path.stem, living_figures(path.with_suffix(".ipynb")))


def living_figures(path):
    """How many widgets the executed notebook shows, without the one that waits for a guess."""
    if not path.exists():
        return 0
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if "Guess(" not in cell.source]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return sum("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs)


def count_notebook(notebook, stem, living=0):
    cells = split(notebook)
    main, tasks = cut(cells)
    visible = [cell for cell in main + tasks if cell.cell_type == "code" and is_visible(cell)]
    text, asked = prose(main), prose(tasks)
    found = Count(stem, living=living)
    found.words = words(plain(text)) + words(comments(main))
    found.whole = found.words + words(plain(asked)) + words(comments(tasks))
    found.lines = sum(bool(line.strip()) for cell in visible for line in cell.source.splitlines())
    found.sections = len(re.findall(r"^## ", text, flags=re.MULTILINE))
    found.figures = sum("alt" in cell.metadata.get("mystnb", {}).get("image", {}) for cell in visible)
    found.equations = len(re.findall(r"\\tag\{", text + asked))
    found.exercises = len(re.findall(r"^\*\*\d\.", part(asked, "Exercises"), flags=re.MULTILINE))
    if time := re.search(r"\*\*Time:\*\* (\d+) minutes?, (.+?)(?: of them)? computing", text):
        found.stated, found.computing = int(time[1]), MINUTES.get(time[2])
    metadata = notebook.metadata.get("vaelab")
    if metadata and "objectives" in metadata:
        found.faults = [
            *time_faults(found),
            *notation_faults(stem, text, asked),
            *objective_faults(text, metadata, found),
        ]
        if stem != "00-tour":
            found.faults += question_faults(part(asked, "Check yourself"))
        if is_path(stem):
            found.faults += [*budget_faults(found), *smoke_faults(text, found.words)]
    return found


def is_path(stem):
    return re.fullmatch(r"\d\d", number(stem)) is not None


def budget_faults(found):
    limits, living = TOUR if number(found.stem) == "00" else PATH, LIVING.get(number(found.stem), {1})
    for name, most in limits.items():
        if name == "figures":
            most += max(0, max(living) - 1)  # a second living figure takes no picture's place
        if getattr(found, name) > most:
            yield f"{getattr(found, name)} {name}, at most {most}"
    if found.living not in living:
        yield f"{found.living} living figures"


def time_faults(found):
    if found.computing is None:
        yield f"the line **Time:** is missing or says none of: {', '.join(MINUTES)} (of them) computing"
    elif found.stated != found.minutes:
        yield f"says {found.stated} minutes, counted are {found.minutes}"


def smoke_faults(text, length):
    for name, (most, pattern) in SMOKE.items():
        hits = [" ".join(hit[0].split()) for hit in re.finditer(pattern, plain(text), flags=re.MULTILINE)]
        if len(hits) > most * max(length, 1000) / 1000:
            yield f"{len(hits)} {name} ({', '.join(sorted(set(hits)))[:80]}), at most {most} in 1,000 words"


def notation_faults(stem, text, asked):
    everything = re.sub(r"`[^`]*`", "", text + "\n\n" + asked)
    rules = {**IN_PROSE, **ON_PAGE.get(number(stem)[:2], {**RATE, **NOTE})}
    in_prose = re.sub(r"\$\$.*?\$\$|\$[^$]+\$|\]\([^)]*\)", " ", everything, flags=re.DOTALL)
    return [*formula_faults(everything), *broken(in_prose, rules)]


def formula_faults(text):
    """Where the formulas of a text, Markdown without code, leave the one notation."""
    return broken(re.sub(r"\\text\w*\{[^}]*\}", "", formulas(text)), IN_FORMULAS)


def broken(source, rules):
    """Where a text has what the rules, {name: pattern}, forbid, each with what stands around it."""
    found = []
    for name, pattern in rules.items():
        for hit in re.finditer(pattern, source):
            found.append(f"{name}: … {' '.join(source[max(0, hit.start() - 20) : hit.end() + 20].split())} …")
    return found


def objective_faults(text, metadata, found):
    objectives, questions = metadata["objectives"], 5
    listed = re.search(r"you will be able to\*\*\s*\n\n((?:[-*] .*(?:\n|\Z)(?:  .*\n)*)+)", text)
    bullets = len(re.findall(r"^[-*] ", listed[1], flags=re.MULTILINE)) if listed else 0
    if bullets != len(objectives):
        yield f"{bullets} objectives are listed, {len(objectives)} are mapped"
    for objective in objectives:
        kind, _, which = str(objective).partition(" ")
        most = {"exercise": found.exercises, "question": questions}.get(kind, 0)
        if not which.isdigit() or not 1 <= int(which) <= most:
            yield f"an objective is tested by {objective!r}, which is not on the page"


def question_faults(text):
    """Five questions with two or three answers each, of which one is right."""
    parts = re.split(r"^\*\*(\d)\.\*\* ", text, flags=re.MULTILINE)
    if parts[1::2] != list("12345"):
        yield f"the self-check's questions are numbered {', '.join(parts[1::2]) or 'not at all'}, not 1 to 5"
    for which, body in zip(parts[1::2], parts[2::2], strict=True):
        answers = re.findall(r"<details><summary>.*?</summary>\s*\*\*(Yes|No)\.\*\*", body, flags=re.DOTALL)
        if not 2 <= body.count("<details>") == len(answers) <= 3 or answers.count("Yes") != 1:
            yield f"question {which}: {body.count('<details>')} answers, {answers.count('Yes')} of them **Yes.**"


def main(names):
    total = 0
    print(f"{'lesson':28} words whole lines sect. figures living eq. exerc. minutes stated")
    for path in chosen(names) if names else lessons():
        found = count(path)
        total += found.whole if is_path(path.stem) else 0
        columns = {"words": 5, "whole": 5, "lines": 5, "sections": 5, "figures": 7, "living": 6, "equations": 3,
                   "exercises": 6, "minutes": 7, "stated": 6}  # fmt: skip
        print(f"{found.stem[:28]:28}", *(f"{getattr(found, name)!s:>{width}}" for name, width in columns.items()))
        for fault in found.faults:
            print(f"    {fault}")
    print(f"{total:,} words on the path, at most {MOST_WORDS:,}")


if __name__ == "__main__":
    main(sys.argv[1:])
