"""Bring the points and comments of written.csv into all files of a run. Can be repeated; what was there is kept."""

import csv
import io
import json
from pathlib import Path

from grading import adjust, finished, sheet, upload
from grading.archives import some
from grading.errors import Refused
from grading.files import write_whole
from grading.homework import Homework
from grading.report import cell, number, title_of, write_marks

AS_UTF8 = 'Save it with commas, as UTF-8; Excel calls this "CSV UTF-8".'


def merge(folder, adjustments=None, late_share=0.1, worksheets=(), column=None):
    """Read a run's written.csv, filled in, and write every file that holds marks anew. Returns what to say.

    The files as they were are kept in `earlier/`, in a folder named by their time. adjustments, late_share: as in
    `adjust.apply`; late days cost points of written answers too. worksheets, column: exports of the learning
    platform's, and their column for the marks, as in `upload`. Raises Refused for points that aren't numbers between 0
    and the most there are, for unknown students, and without adjustments for a run that was graded with some.
    """
    folder = Path(folder)
    state, results = finished.read(folder)
    try:
        data = (folder / "written.csv").read_bytes()
    except OSError as error:
        raise Refused(f"{folder / 'written.csv'} can't be read: {error.strerror}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"written.csv can't be read: {error}. {AS_UTF8}") from None
    finished.check_adjusted(folder, state, adjustments)
    homework = Homework(state["homework"])
    upload.check(worksheets, homework, column)
    given, missing, blank = points_of(homework, results, text, state["seed"])
    for result in results:
        result["marks"] = [*result["marks"], *given[result["slug"]]]
    adjust.check(adjustments or [], [result["student"] for result in results], homework.most_of_all, late_share)
    results = adjust.apply(results, adjustments or [], late_share)
    finished.keep(folder)
    notes = [*state.get("notes", ()), *sheet.overlooked(homework, results)]
    notes += [f"{len(names)} {what}, which counts 0: {some(names)}." for what, names in (
        ("rows have vanished from written.csv", missing), ("answers have no points yet", blank)) if names]  # fmt: skip
    upload.keep_worksheets(folder, worksheets, column)
    filled = upload.write_tables(folder, homework, results)
    write_marks(folder, homework, results, notes + filled, state.get("seconds", 0.0))
    upload.write_pages(folder, homework, results)
    write_whole(folder / "run.json", json.dumps(state | {"merged": True}, indent=1))
    rest = "".join(f"\n{note}" for note in [*notes, *filled] if "counts 0" in note or note in filled)
    asked = sum(bool(not result["problem"] or result["written"][n]) for result in results for n in homework.written)
    count = asked - len(missing) - len(blank)
    return f"{count} marks merged into {folder / 'grades.csv'}, the feedback pages and Gradescope's files.{rest}"


def points_of(homework, results, text, seed):
    """What written.csv says: {slug: marks of the written tasks}, and the answers without a row and without points."""
    by_student = {cell(result["student"]): result for result in results}
    by_student = {word: by_student[name] for word, name in adjust.spelled(by_student).items()}
    by_student |= {sheet.code_of(seed, result): result for result in results}
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise Refused(f"written.csv can't be read, line {reader.line_num}: {error}.") from None
    if homework.written and not {"student", "task", "points"} <= set(reader.fieldnames or ()):
        raise Refused(
            f"written.csv has no columns student, task and points. Was it saved with semicolons or tabs? {AS_UTF8}"
        )
    found, blank, asked = {}, [], sheet.asked(homework)
    for line, row in enumerate(rows, 2):
        student, task = row.get("student"), row.get("task")
        if student not in by_student or task not in homework.written:
            raise Refused(f"written.csv, row {line}: there is no {student!r} with a task {task!r} in this run.")
        key = by_student[student]["slug"], task
        if found.get(key, ("", ""))[0]:
            raise Refused(f"written.csv, row {line}: {student!r} has points for {task!r} twice.")
        points, parts = sheet.points_in(row, asked[task], f"written.csv, row {line}", adjust.value)
        check_points(points, homework.written[task][0], line)
        found[key] = points, f"{parts} {(row.get('comment') or '').strip()}".strip()
    marks, missing = {}, []
    for result in results:
        own = []
        for name, (most, _) in homework.written.items():
            points, comment = found.get((result["slug"], name), ("", ""))
            nothing = result["problem"] and not result["written"][name]  # so that there was nothing to mark
            if not nothing and (result["slug"], name) not in found:
                missing.append(f"{result['student']}, {name}")
            elif not nothing and not points:
                blank.append(f"{result['student']}, {name}")
            said = [comment] if comment else ["Not marked yet."] if not points and not nothing else []
            points = adjust.value(points) if points else 0.0
            own.append({"task": name, "title": title_of(name), "points": points, "most": float(most), "messages": said})
        marks[result["slug"]] = own
    return marks, missing, blank


def check_points(points, most, line):
    try:
        value = adjust.value(points) if points else 0.0
    except ValueError:
        raise Refused(f"written.csv, row {line}: {points!r} is not a number.") from None
    if not 0 <= value <= most:
        raise Refused(f"written.csv, row {line}: {number(value)} points; there are 0 to {most}.")
