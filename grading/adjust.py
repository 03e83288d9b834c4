"""Late days, exemptions, overrides and bonuses, from one CSV file: shown in the marks, never written into the results.

    student,kind,task,value,reason
    Ada Lovelace,late,,2,
    Ada Lovelace,override,kl_std,8,"right in the interview"
    Bo,exempt,sample_full,,"joined in week 3"
    Bo,bonus,,3,"found a mistake in the homework"

late: value is the number of days; each costs a share of the points that were earned. override: value is the points for
the task. exempt: the task counts neither for nor against the student. bonus: value is added to the total. Written tasks
are tasks, too; what is said of them counts once `merge` has brought their points in.
"""

import copy
import csv
from pathlib import Path

from grading.errors import Refused

COLUMNS = ["student", "kind", "task", "value", "reason"]


def read(path):
    """The rows of an adjustments file as dicts with a "line". Raises Refused for a file of another form."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != COLUMNS:
                raise Refused(f"{path}: the first line has to be {','.join(COLUMNS)}.")
            return [{k: (row[k] or "").strip() for k in COLUMNS} | {"line": reader.line_num} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} can't be read: {error}.") from None


def spelled(names):
    """{how a table may write a name: the name}. Of names that are numbers a spreadsheet takes the zeros in front; what
    could be two people's then is nobody's."""
    names, short = list(names), {}
    for name in names:
        short.setdefault(name.lstrip("0"), []).append(name)
    return {word: found[0] for word, found in short.items() if len(found) == 1} | {name: name for name in names}


def check(rows, students, most, late_share):
    """Raise Refused, with the line, for an unknown student, task or kind and for a value that makes no sense.

    most: {task: the points that there are for it}. late_share: of the earned points, lost by each day.
    """
    if not 0 <= late_share <= 1:
        raise Refused(f"A late day can cost 0 to 100 per cent, not {100 * late_share:g}.")
    late, known = set(), spelled(students)
    for row in rows:
        where, kind = f"adjustments, line {row['line']}: ", row["kind"]
        student = known.get(row["student"])
        if student is None:
            raise Refused(f"{where}there is no submission by {row['student']!r}.")
        if kind not in ("late", "override", "exempt", "bonus"):
            raise Refused(f"{where}{kind!r} is none of late, override, exempt, bonus.")
        if kind == "late" and student in late:
            raise Refused(f"{where}{student!r} has late days already, on another line.")
        if kind in ("override", "exempt") and row["task"] not in most:
            raise Refused(f"{where}there is no task {row['task']!r}.")
        if kind == "late":
            late.add(student)
        if kind != "exempt":
            check_value(
                row["value"], where, {"late": 365, "bonus": sum(most.values())}.get(kind, most.get(row["task"]))
            )


def check_value(text, where, most):
    try:
        number = value(text)
    except ValueError:
        raise Refused(f"{where}{text!r} is not a number.") from None
    if not 0 <= number <= most:
        raise Refused(f"{where}{text} is not between 0 and {most:g}.")


def value(text):
    """A number as people write it, with a comma or a point."""
    return float(text.replace(",", "."))


def apply(results, rows, late_share=0.1):
    """The results with the rows applied, as copies; `check` has to be content with them."""
    results = copy.deepcopy(results)
    by_student = {result["student"]: result for result in results}
    known = spelled(by_student)
    for row in rows:
        result, why = by_student[known[row["student"]]], f": {row['reason']}" if row["reason"] else ""
        if row["kind"] == "late":
            days = value(row["value"])
            result["late"] = {"days": days, "share": min(1.0, days * late_share), "reason": row["reason"]}
            continue
        if row["kind"] == "bonus":
            points = result.get("bonus", {}).get("points", 0.0) + value(row["value"])
            result["bonus"] = {"points": points, "reason": row["reason"]}
            continue
        mark = next((mark for mark in result["marks"] if mark["task"] == row["task"]), None)
        if mark is None:  # a written task, whose points are not in yet
            continue
        if row["kind"] == "override":
            mark["points"] = value(row["value"])
            mark["messages"] = [*mark["messages"], f"Set to {mark['points']:g} points by the teacher{why}"]
        else:
            mark |= {"points": 0.0, "most": 0.0, "messages": [f"Exempt{why}"]}
    return results
