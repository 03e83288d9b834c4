"""Add the marks that people gave, for written answers, to those of a run. Nothing that exists is overwritten."""

import csv
import io
import json
from pathlib import Path

from grading.adjust import apply
from grading.homework import Homework
from grading.report import cell, grades_table, number, table
from grading.run import Refused, fresh


def merge(folder, adjustments=(), late_share=0.1):
    """Read a run's written.csv, filled in, and write grades-with-written.csv beside grades.csv. Returns what to say.

    adjustments, late_share: as in `adjust.apply`; late days cost points of written answers too. Raises Refused for
    points that aren't numbers between 0 and the most there are, and for unknown students.
    """
    folder = Path(folder)
    try:
        state = json.loads((folder / "run.json").read_text("utf-8"))
        text = (folder / "written.csv").read_text("utf-8-sig")
        results = [json.loads(path.read_text("utf-8")) for path in sorted((folder / "results").glob("*.json"))]
    except (OSError, ValueError) as error:
        raise Refused(f"{folder} is not a finished run: {error}.") from None
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
            "written.csv has no columns student, task and points. Was it saved with semicolons or tabs? "
            "Save it with commas, as UTF-8."
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
    results = apply(results, adjustments, late_share)
    header, rows = grades_table(homework, results, given)
    path = fresh(folder / "grades-with-written.csv")
    path.write_text(table(header, rows), "utf-8")
    rest = f" {open_ones} answers have no points yet and count 0." if open_ones else ""
    return f"{len(given)} marks merged.{rest} {path}"
