"""What a student wrote in words: which task it answers, and what no task asked for. Nothing is lost in silence."""

import re

MOST = 20_000  # letters of an answer that reach the marker
CUT = "\n[cut here: there is more than anybody asked for]"
PICTURE = "[a picture: open the notebook to see it]"
HEADING = re.compile(r"^\s*#{1,6}\s+Task\s+\d+\b")
TITLE = re.compile(r"^\s*#\s+(Homework\s+\d+\b.*)$", re.MULTILINE)


class Outline:
    """A master's text: what of a notebook is not the student's, and where each task begins.

    cells: of the master, as nbformat has them. An answer in words is everything that stands between the heading of its
    task and that of the next: in one cell or in several, before or beside the place for it, under headings of its own,
    as Markdown, raw text or code. Without the heading, the cell's nbgrader id or its first words tell where it begins.
    """

    def __init__(self, cells):
        self.lines, self.code, self.places, self.starts, heading = set(), set(), {}, {}, ""
        for cell in cells:
            if cell.cell_type == "code":
                self.code.add(plain(cell.source))
                continue
            for line in filter(str.strip, cell.source.split("\n")):
                self.lines.add(plain(line))
                if HEADING.match(line):
                    heading = plain(line)
                    self.places[heading] = None
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name:
                self.places[heading] = name
                self.starts[plain(cell.source.split("**", 2)[1])] = name  # the bold words that the cell begins with

    def read(self, cells):
        """({task in words: text}, [(heading, text) of what the student wrote elsewhere]). cells: of `cells_of`."""
        answers = {name: [] for name in self.places.values() if name}
        current, heading, rest = None, "", {}
        for kind, source, grade_id, pictures in cells:
            own = []
            for line in source.split("\n") if kind != "code" else ():
                if plain(line) in self.places:
                    self.put(own, answers, current, rest, heading)
                    current, heading, own = self.places[plain(line)], line.strip("# "), []
                elif plain(line) not in self.lines:
                    own.append(line)
            if kind != "code":
                start = source.lstrip("* ").partition("**")[0]
                current = grade_id if grade_id in answers else self.starts.get(plain(start), current)
            elif current and source.strip() and plain(source) not in self.code:
                own = ["```", *source.split("\n"), "```"]
            self.put(own + [PICTURE] * (pictures and (kind != "code" or bool(own))), answers, current, rest, heading)
        whole = {name: "\n\n".join(parts) for name, parts in answers.items()}
        return (
            {name: text if len(text) <= MOST else text[:MOST] + CUT for name, text in whole.items()},
            [(place, "\n\n".join(parts)[:MOST]) for place, parts in rest.items()],
        )

    def other(self, cells):
        """The title of another homework, if a notebook has that and not its own; else ""."""
        titles = [title.strip() for kind, source, *_ in cells if kind == "markdown" for title in TITLE.findall(source)]
        own = any(plain(title) in self.lines for title in titles)
        return titles[0] if titles and not own else ""

    @staticmethod
    def put(own, answers, current, rest, heading):
        text = "\n".join(own).strip("\n")
        if text.strip():
            (answers[current] if current else rest.setdefault(heading, [])).append(text)


def plain(text):
    """A text without what editors change: spaces, and marks of headings."""
    return " ".join(text.split()).lstrip("# ").lower()


def count(text):
    """How many words a text has."""
    return len(re.findall(r"\w[\w'’-]*", text))
