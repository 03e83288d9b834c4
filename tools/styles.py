"""Style sheets without what no page uses: the theme brings all of Bootstrap, and every page waits for its styles."""

import re

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")  # :not(…), :is(…): their arguments say nothing for certain
NAME = re.compile(r"[.#]([A-Za-z_][\w-]*)")


def names_in(text):
    """All that may be the name of a class or an id in a page or a script."""
    return set(re.findall(r"[A-Za-z_][\w-]*", text))


def prune(sheet, used):
    """The style sheet without selectors that ask for a class or an id which is not among `used`, and without fonts."""
    kept, at = [], 0
    sheet = COMMENT.sub("", sheet)
    while (opening := sheet.find("{", at)) >= 0:
        *statements, head = sheet[at:opening].split(";")
        kept += [f"{statement};" for statement in statements]
        end, depth = opening + 1, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(sheet[end], 0)
            end += 1
        body = sheet[opening + 1 : end - 1]
        if head.strip().startswith(("@media", "@supports")):
            body = prune(body, used)
        elif not head.strip().startswith("@"):
            selectors = re.split(r",(?![^()]*\))", head)
            head = ",".join(one for one in selectors if set(NAME.findall(FUNCTION.sub("", one))) <= used)
        if head.strip() and body.strip() and "@font-face" not in head:
            kept.append(f"{head}{{{body}}}")
        at = end
    return "".join(kept) + sheet[at:]
