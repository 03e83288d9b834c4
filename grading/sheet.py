"""What a person marks: the answers in words as a table to fill in, or to read one at a time, with names or without."""

import hashlib
import re
from typing import NamedTuple

from grading.archives import some
from grading.errors import Refused
from grading.homework import Homework
from grading.report import number, table, title_of, write_marks
from grading.words import HEADING, count

BLANK = "(blank: no text was found)"
PART = re.compile(r"\*\*\(([a-z])\)")
EACH = re.compile(r"(\d+) points for each part")
LIMIT = re.compile(r"At most (\d+) words")
NAME = "[the student's name]"


class Asked(NamedTuple):
    """What a written task asks for. parts: {"(a)": the points that there are for it}; limit: of words, 0 if none."""

    parts: dict
    limit: int


def asked(homework):
    """{written task: Asked}, from the text between its heading and the place for the answer."""
    found, text = {}, ""
    for cell in homework.notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source if any(map(HEADING.match, cell.source.split("\n"))) else f"{text}\n{cell.source}"
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in homework.written:
                each, limit = EACH.search(text), LIMIT.search(text)
                letters = dict.fromkeys(PART.findall(text)) if each else ()
                parts = {f"({letter})": float(each[1]) for letter in letters}
                found[name] = Asked(parts, int(limit[1]) if limit else 0)
    return found


def code_of(seed, result):
    """What stands in the place of a student's name when names are not to be seen: another one in each run."""
    return "answer-" + hashlib.sha256(f"{seed} {result['slug']}".encode()).hexdigest()[:8]


def shown(results, seed):
    """[(name or code, result)] in the order in which a marker sees them. seed: of the run, None to show the names."""
    if seed is None:
        return [(result["student"], result) for result in results]
    return sorted(((code_of(seed, result), result) for result in results), key=lambda pair: pair[0])


def text_of(result, text, seed):
    """A text of the student's, without their name where it is not to be seen."""
    return text if seed is None else text.replace(result["student"], NAME)


def columns(homework):
    """The titles of the parts of all written tasks."""
    return list(dict.fromkeys(part for one in asked(homework).values() for part in one.parts))


def written(homework, results, seed=None):
    """The answers to mark by hand: fill in points, or those of the parts, then `python -m grading merge`."""
    known, parts, rows = asked(homework), columns(homework), []
    for name, (most, _) in homework.written.items():
        for student, result in shown(results, seed):
            text = result["written"][name]
            if text or not result["problem"]:  # else there is nothing to mark
                limit = known[name].limit or ""
                words = count(text)
                rows.append([student, name, "", number(most), "", *[""] * len(parts), words, limit,
                             text_of(result, text, seed) or BLANK])  # fmt: skip
    return table(["student", "task", "points", "of", "comment", *parts, "words", "limit", "answer"], rows)


def unclaimed(results, seed=None):
    """What students wrote in words where no task asks for any: for the marker, lest an answer is overlooked."""
    rows = [[student, place, text_of(result, text, seed)] for student, result in shown(results, seed)
            for place, text in result["unclaimed"]]  # fmt: skip
    return table(["student", "under", "text"], rows)


def overlooked(homework, results):
    """Notes for the teacher: whose answers in words are blank or too long, and who wrote something elsewhere."""
    notes, known = [], asked(homework)
    for name in homework.written:
        answered = [result for result in results if not result["problem"]]
        blank = [result["student"] for result in answered if not result["written"][name]]
        if blank:
            notes.append(f"{len(blank)} blank answers to {name}: {some(blank)}.")
        limit = known[name].limit
        long = [result["student"] for result in answered if limit and count(result["written"][name]) > limit]
        if long:
            notes.append(f"{len(long)} answers to {name} have more than {limit} words: {some(long)}.")
    others = [result["student"] for result in results if result["unclaimed"]]
    if others:
        notes.append(
            f"{len(others)} students wrote something that no task asks for, see unclaimed.csv: {some(others)}."
        )
    return notes


def points_in(row, asked_, where, value):
    """(points as a text, remark on the parts) of a filled-in row. Raises Refused, with `where`, if they don't agree.

    asked_: the task's Asked. value: what makes a number of what people write.
    """
    points = (row.get("points") or "").strip()
    parts = {part: (row.get(part) or "").strip() for part in asked_.parts}
    parts = {part: text for part, text in parts.items() if text}
    try:
        numbers = {part: value(text) for part, text in parts.items()}
        whole = value(points) if points else None
    except ValueError as error:
        raise Refused(f"{where}: {error}.".replace("could not convert string to float", "not a number")) from None
    for part, given in numbers.items():
        if not 0 <= given <= asked_.parts[part]:
            raise Refused(f"{where}: {number(given)} points for part {part}; there are 0 to {asked_.parts[part]:g}.")
    total = sum(numbers.values())
    if whole is not None and numbers and abs(whole - total) > 1e-9:
        raise Refused(f"{where}: {points} points, and the parts add up to {number(total)}. Leave one of them out.")
    said = ", ".join(f"{part} {number(given)} of {asked_.parts[part]:g}" for part, given in numbers.items())
    return points or (number(total) if numbers else ""), f"{said}." if said else ""


def read_one(state, results, student=None, task=None, anonymous=False):
    """The answers in words of a finished run as a text to read: of one student or one task if they are named.

    state, results: of `finished.read`. Raises Refused for a student or task that is not in the run.
    """
    homework, seed = Homework(state["homework"]), state["seed"] if anonymous else None
    if task and task not in homework.written:
        raise Refused(f"{homework.name} has no written task {task!r}. There are: {', '.join(homework.written)}.")
    chosen = [(name, result) for name, result in shown(results, seed)
              if student in (None, name, result["student"], code_of(state["seed"], result))]  # fmt: skip
    if not chosen:
        raise Refused(f"There is no {student!r} in this run.")
    known, parts = asked(homework), []
    for name in [task] if task else homework.written:
        for who, result in chosen:
            text, limit = result["written"][name], known[name].limit
            words = f"{count(text)} words" + f" of {limit}" * bool(limit)
            each = "  ".join(f"{part} /{most:g}" for part, most in known[name].parts.items())
            head = f"{who}   {title_of(name)}, {words}   {each}"
            parts.append(f"{head}\n{'-' * min(len(head), 78)}\n{text_of(result, text, seed) or BLANK}\n")
    return "\n".join(parts)


def write_all(run, results, notes, seconds, anonymous=False):
    """All files of a finished run, from results that may be adjusted. Returns the summary's text."""
    seed = run.state["seed"] if anonymous else None
    run.write_beside("written.csv", written(run.homework, results, seed))
    run.write("unclaimed.csv", unclaimed(results, seed))
    notes = [*notes, *overlooked(run.homework, results)]
    return write_marks(run.folder, run.homework, results, notes, seconds)
