"""What students are told of their own notebook: where a line stands, what is there twice, what has another name."""

import difflib
import re

from grading.archives import printable

PLACE = re.compile(r", cell (\d+)(?:, line (\d+))?$")
MISSING = "There is no function of this name in the notebook."
DEFINED = re.compile(r"(?m)^(?:async[ ]+)?def[ ]+(\w+)")
LONGEST = 60  # letters of a heading or line that is quoted


def told(mark, cells):
    """A Mark as a dict whose messages a student can follow. cells: of `read_notebook`."""
    messages = [placed(message, cells) for message in mark.messages]
    if mark.points < mark.most:
        messages = [better if (better := not_found(message, mark.task, cells)) else message for message in messages]
        messages += twice(mark.task, cells)
    return mark.as_dict() | {"messages": messages}


def placed(message, cells):
    """A message that ends with the number of a code cell, with what the student sees there in its place."""
    found = PLACE.search(message)
    number = int(found[1]) if found else 0
    code = [i for i, (kind, *_) in enumerate(cells) if kind == "code"]
    if not 0 < number <= len(code):
        return message
    line = f"line {found[2]} of " if found[2] else ""
    return f"{message[: found.start()]}, in {line}{where(cells, code[number - 1])}"


def where(cells, index):
    """A cell as a student finds it: by its first line, and the heading that it stands under."""
    first = next(filter(str.strip, cells[index][1].split("\n")), "")
    heading = ""
    for kind, source, *_ in cells[:index]:
        for line in source.split("\n") if kind == "markdown" else ():
            heading = line if re.match(r"\s*#{1,6}\s", line) else heading
    under = f' under "{quoted(heading.strip("# "))}"' if heading else ""
    return f'the cell that begins with "{quoted(first)}"{under}'


def quoted(line):
    line = " ".join(printable(line).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def twice(name, cells):
    """[what to say] if a function is defined several times; the last time counts, which a scratch copy may be."""
    again = re.compile(rf"(?m)^(?:(?:async[ ]+)?def[ ]+{name}\b|{name}[ ]*=(?!=))")
    places = [i for i, (kind, source, *_) in enumerate(cells) if kind == "code" for _ in again.findall(source)]
    if len(places) < 2:
        return []
    return [f"{name} is defined {len(places)} times in the notebook. The last one counts: {where(cells, places[-1])}."]


def not_found(message, name, cells):
    """What to say in the place of "there is no function of this name", "" if there is nothing better."""
    if not message.startswith(MISSING):
        return ""
    names = [found for kind, source, *_ in cells if kind == "code" for found in DEFINED.findall(source)]
    if name in names:
        index = next(
            i for i, (kind, source, *_) in enumerate(cells) if kind == "code" and name in DEFINED.findall(source)
        )
        return (f"The function can't be found, though {where(cells, index)} begins to define it: either the cell is no "
                "valid Python, or the name is deleted further down.")  # fmt: skip
    near = [other for other in names if name in other] or difflib.get_close_matches(name, names[:1000], 1, 0.75)
    return f"{MISSING} There is one called {quoted(near[0])}: was it renamed?" if near else ""
