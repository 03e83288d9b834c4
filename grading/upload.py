"""Final marks and feedback in the files that learning platforms take: what `lms/` of a run holds.

    lms/grades.csv            plain: names, e-mail addresses and ids beside the marks
    lms/feedback-moodle.zip   the pages of feedback under Moodle's names of folders ("upload multiple feedback files")
    lms/…                     the teacher's own export (--worksheet) with the marks filled in

The export may be Moodle's grading worksheet, or the gradebook of Canvas, Brightspace or Blackboard.
"""

import csv
import html
import io
import json
import re
import zipfile
from pathlib import Path

from grading.archives import printable, some
from grading.errors import Refused
from grading.files import write_whole
from grading.report import cell, grades_table, most_of, number, remarks_on, table, total
from grading.roster import NOBODY, Roster, people_in, plain
from grading.roster import table as table_of

PEOPLE, COLUMN = "people.json", "column.txt"
OURS = ("grades.csv", "feedback-moodle.zip")  # what stands in `lms/` beside the exports
LONGEST = 5_000  # letters of a comment


def people_of(submissions, roster):
    """What is known of each student beside their work, as JSON can carry it: {student: {name, email, ids, …}}."""
    known = {person.student: person for person in roster.people} if roster else {}
    found = {}
    for submission in submissions:
        person, owner = known.get(submission.student), submission.owner
        found[submission.student] = {
            "name": person.name if person else submission.student,
            "email": person.email if person else "",
            "ids": list(person.ids) if person else [],
            "number": owner.number or (person.number if person else ""),
            "folder": owner.folder,
            "late": owner.late,
        }
    return found


def write_people(folder, submissions, roster=None, worksheets=(), column=None):
    """Keep in a run what `write_tables` needs later: who the students are, and the teacher's exports."""
    write_whole(folder / PEOPLE, json.dumps(people_of(submissions, roster), indent=1))
    keep_worksheets(folder, worksheets, column)


def check(worksheets, homework, column=None):
    """Raise Refused unless each of the teacher's exports is a table with one column for the marks."""
    headers = {Path(path): table_of(path)[0][0] for path in worksheets}
    names = [path.name.lower() for path in headers]
    for path, header in headers.items():
        if names.count(path.name.lower()) > 1 or path.name.lower() in OURS:
            raise Refused(f"{path}: the run has another file of the name {path.name} already. Rename it.")
        columns_of(path, header, homework, column)
    if column and headers and not any(titled(header, column) for header in headers.values()):
        raise Refused(f"No export has a column {column!r}.")


def keep_worksheets(folder, worksheets, column=None):
    """Put the teacher's exports into a run, and the title of their column; those of the same names are replaced."""
    if column:
        write_whole(folder / COLUMN, column)
    for path in map(Path, worksheets):
        write_whole(folder / "worksheet" / path.name, path.read_bytes())


def write_tables(folder, homework, results):
    """Write the tables of a run's `lms/` from its results, final or not. Returns notes for the teacher."""
    people, place, notes, without = known_people(folder), folder / "lms", [], []
    column = (folder / COLUMN).read_text("utf-8") if (folder / COLUMN).exists() else None
    write_whole(place / "grades.csv", plain_table(homework, results, people))
    exports = sorted((folder / "worksheet").glob("*"))
    for path in exports:
        text, more, nowhere = filled(path, homework, results, people, column)
        write_whole(place / path.name, text)
        notes += more
        without.append(nowhere)
    # Where a class comes from several platforms, each export has a part of it.
    nobody = [name for name in without[0] if all(name in other for other in without)] if without else []
    if nobody:
        names = " or ".join(path.name for path in exports)
        notes.append(f"{len(nobody)} students have no row of their own in {names}: {some(nobody)}.")
    return notes


def write_pages(folder, homework, results):
    """Pack the pages of feedback into `lms/`, if the students came from Moodle."""
    packed = moodle_zip(folder, homework, results, known_people(folder))
    if packed:
        write_whole(folder / "lms" / "feedback-moodle.zip", packed)


def known_people(folder):
    """What `write_people` has kept; nothing in a run of an earlier edition."""
    path = folder / PEOPLE
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def plain_table(homework, results, people):
    """The marks with what is known of each student."""
    header, rows = grades_table(homework, results)
    known = [people.get(result["student"], {}) for result in results]
    more = [[one.get("name", ""), one.get("email", ""), " ".join(one.get("ids", [])), one.get("number", ""),
             "late" if one.get("late") else ""] for one in known]  # fmt: skip
    titles = [header[0], "name", "e-mail", "ids", "platform's number", "platform says"]
    return table([*titles, *header[1:-2]], [[row[0], *own, *row[1:-2]] for own, row in zip(more, rows, strict=True)])


def comment(result):
    """The feedback in a few lines of text."""
    lines = [f"{number(round(total(result), 2))} of {number(most_of(result))} points.", *remarks_on(result)]
    lines += [result["problem"].split("\n")[0]] * bool(result["problem"])
    lines += [f"{mark['title']}, {number(mark['points'])} of {number(mark['most'])}: {' '.join(mark['messages'])}"
              for mark in result["marks"] if mark["messages"]]  # fmt: skip
    return " | ".join(lines)[:LONGEST]


def moodle_zip(folder, homework, results, people):
    """The pages of feedback in Moodle's folders, None if no student has one."""
    buffer, any_page = io.BytesIO(), False
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for result in results:
            one, page = people.get(result["student"], {}), folder / "feedback" / f"{result['slug']}.html"
            inside = one.get("folder", "")
            if not inside and one.get("number"):
                inside = f"{one['name']}_{one['number']}_assignsubmission_file_"
            if "_assignsubmission_" in inside and page.exists():
                any_page = True
                inside = re.sub(r"[/\\]|^\.+", "-", printable(inside))
                archive.writestr(f"{inside}/{homework.name}-feedback.html", page.read_bytes())
    return buffer.getvalue() if any_page else None


def filled(path, homework, results, people, column=None):
    """(text, notes, students without a row) of the teacher's export with the marks filled in, else as it was."""
    rows, separator = table_of(path)
    at, comments = columns_of(path, rows[0], homework, column)
    lines = people_in(rows)
    class_, notes, done, nowhere = Roster(list(lines)), [], set(), []
    for result in results:
        line = row_of(class_, lines, people.get(result["student"], {"name": result["student"]}))
        if line is None or line in done:
            nowhere.append(result["student"])
            continue
        done.add(line)
        row = rows[line] + [""] * (len(rows[0]) - len(rows[line]))
        points = number(round(total(result), 2))
        row[at] = points.replace(".", ",") if separator == ";" else points
        if comments is not None:
            row[comments] = cell(html.escape(comment(result), quote=False))
        rows[line] = row
    left = [person.student for person, line in lines.items() if line not in done]
    if left:
        notes.append(f"{len(left)} rows of {path.name} are as they were, since nobody of that name was marked: "
                     f"{some(left)}.")  # fmt: skip
    notes += another_maximum(path, rows, at, homework)
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\r\n").writerows([map(tame, row) for row in rows])
    return "\ufeff" + buffer.getvalue(), notes, nowhere


def tame(value):
    """A cell as it was, unless a spreadsheet would compute it; a mark of - or -5 is none that it would."""
    return cell(value) if re.match(r"\s*([=@＝＠\t]|[+\-](?![\d.,]*\s*$))", value) else value


def row_of(class_, lines, one):
    """The number of somebody's row, None if there is none or it could be another's."""
    known = {*one.get("ids", ()), one.get("email", "")} - {""}
    for word, more in ((one["name"], one.get("number", "")), *((word, "") for word in sorted(known))):
        found = class_.find(word, more)
        if len(found) > 1:
            found = [person for person in found if {*person.ids, person.email} & known]
        if len(found) == 1:
            return lines[found[0]]
    return None


def columns_of(path, header, homework, column):
    """The numbers of the columns for marks and for comments, None where there is none. Raises Refused."""
    titles = [plain(title) for title in header]
    comments = titles.index("feedbackcomments") if "feedbackcomments" in titles else None
    moodle = "identifier" in titles and "grade" in titles  # its worksheet is of one assignment
    if column and (titled(header, column) or not moodle):
        fitting = titled(header, column)
    elif moodle:
        fitting = [titles.index("grade")]
    else:
        wanted = re.compile(rf"(hw|homework[\s_-]*){homework.name[2:]}(?!\d)", re.IGNORECASE)
        fitting = [i for i, title in enumerate(header) if wanted.search(title)]
    if len(fitting) == 1:
        return fitting[0], comments
    raise Refused(
        f"{path.name} has {len(fitting) or 'no'} columns that could be for the marks of {homework.name}. Name one with "
        f'--column "…": {", ".join(filter(None, map(str.strip, header)))}.'
    )


def titled(header, column):
    """The numbers of the columns with this title."""
    return [i for i, title in enumerate(header) if title.strip() == column.strip()]


def another_maximum(path, rows, at, homework):
    """A note if the platform's maximum is not the homework's: marks are filled in as they are."""
    titles, most = [plain(title) for title in rows[0]], sum(homework.most_of_all.values())
    given = [row[titles.index("maximumgrade")] for row in rows[1:2]] if "maximumgrade" in titles else []
    given += [row[at] for row in rows[1:] if any(value.strip().lower() == NOBODY[0] for value in row[:1]) and row[at:]]
    for text in given:
        text = text.strip().replace(",", ".")
        if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) != most:
            return [f"The maximum in {path.name} is {text}, and {homework.name} has {number(most)} points: set it to "
                    "that on the platform, before the marks go in."]  # fmt: skip
    return []
