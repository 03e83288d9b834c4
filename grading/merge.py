"""Add the marks that people gave, for written answers, to those of a run. Nothing that exists is overwritten."""

import csv
import io
import json
from pathlib import Path

from grading import adjust
from grading.errors import Refused
from grading.files import unused
from grading.homework import Homework
from grading.report import cell, grades_table, number, table

AS_UTF8 = 'Save it with commas, as UTF-8; Excel calls this "CSV UTF-8".'


def merge(folder, adjustments=None, late_share=0.1):
    """Read a run's written.csv, filled in, and write grades-with-written.csv beside grades.csv. Returns what to say.

    adjustments, late_share: as in `adjust.apply`; late days cost points of written answers too. Raises Refused for
    points that aren't numbers between 0 and the most there are, for unknown students, and without adjustments for a run
    that was graded with some.
    """
    folder = Path(folder)
    try:
        state = json.loads((folder / "run.json").read_text("utf-8"))
        slugs = state["results"]
        results = [json.loads((folder / "results" / f"{slug}.json").read_text("utf-8")) for slug in slugs]
        data = (folder / "written.csv").read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise Refused(
            f"{folder} is not the folder of a finished run, such as DIR/run-001 ({error!r}). If grading was stopped, "
            "give its command again first."
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"written.csv can't be read: {error}. {AS_UTF8}") from None
    if state["adjusted"] and adjustments is None:
        raise Refused(f"{folder} was graded with --adjust. Give it here too, or late days and the like would be lost.")
    homework = Homework(state["homework"])
    by_student = {cell(result["student"]): result for result in results}
    given, open_ones = {}, 0
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise Refused(f"written.csv can't be read, line {reader.line_num}: {error}.") from None
    if homework.written and not {"student", "task", "points"} <= set(reader.fieldnames or ()):
        raise Refused(
            f"written.csv has no columns student, task and points. Was it saved with semicolons or tabs? {AS_UTF8}"
        )
    for line, row in enumerate(rows, 2):
        student, task, points = row.get("student"), row.get("task"), (row.get("points") or "").strip()
        if student not in by_student or task not in homework.written:
            raise Refused(f"written.csv, row {line}: there is no {student!r} with a task {task!r} in this run.")
        if not points:
            open_ones += 1
            continue
        most = homework.written[task][0]
        try:
            value = float(points.replace(",", "."))
        except ValueError:
            raise Refused(f"written.csv, row {line}: {points!r} is not a number.") from None
        if (by_student[student]["slug"], task) in given:
            raise Refused(f"written.csv, row {line}: {student!r} has points for {task!r} twice.")
        if not 0 <= value <= most:
            raise Refused(f"written.csv, row {line}: {number(value)} points; there are 0 to {most}.")
        given[by_student[student]["slug"], task] = value
    adjust.check(adjustments or [], [result["student"] for result in results], homework.most, late_share)
    results = adjust.apply(results, adjustments or [], late_share)
    header, rows = grades_table(homework, results, given)
    path = unused(folder / "grades-with-written.csv")
    path.write_text(table(header, rows), "utf-8")
    rest = f" {open_ones} answers have no points yet and count 0." if open_ones else ""
    return f"{len(given)} marks merged.{rest} {path}"
