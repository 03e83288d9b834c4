"""Late days, exemptions and overrides, from one CSV file: shown in the marks, never written into the results.

    student,kind,task,value,reason
    Ada Lovelace,late,,2,
    Ada Lovelace,override,kl_std,8,"right in the interview"
    Bo,exempt,sample_full,,"joined in week 3"

late: value is the number of days; each costs a share of the points that were earned. override: value is the points for
the task. exempt: the task counts neither for nor against the student.
"""

import copy
import csv
from pathlib import Path

from grading.run import Refused

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


def apply(results, rows, late_share=0.1):
    """The results with the rows applied, as copies. late_share: of the earned points, lost by each day.

    Raises Refused, with the line, for an unknown student, task or kind and for a value that makes no sense.
    """
    if not 0 <= late_share <= 1:
        raise Refused(f"A late day can cost 0 to 100 per cent, not {100 * late_share:g}.")
    results = copy.deepcopy(results)
    by_student = {result["student"]: result for result in results}
    for row in rows:
        where = f"adjustments, line {row['line']}: "
        result = by_student.get(row["student"])
        if result is None:
            raise Refused(f"{where}there is no submission by {row['student']!r}.")
        mark = next((mark for mark in result["marks"] if mark["task"] == row["task"]), None)
        if row["kind"] in ("override", "exempt") and mark is None:
            raise Refused(f"{where}there is no task {row['task']!r}.")
        why = f": {row['reason']}" if row["reason"] else ""
        if row["kind"] == "late":
            if "late" in result:
                raise Refused(f"{where}{row['student']!r} has late days already, on another line.")
            days = value(row, where, 0, 365)
            result["late"] = {"days": days, "share": min(1.0, days * late_share), "reason": row["reason"]}
        elif row["kind"] == "override":
            mark["points"] = value(row, where, 0, mark["most"])
            mark["messages"] = [*mark["messages"], f"Set to {mark['points']:g} points by the teacher{why}"]
        elif row["kind"] == "exempt":
            mark |= {"points": 0.0, "most": 0.0, "messages": [f"Exempt{why}"]}
        else:
            raise Refused(f"{where}{row['kind']!r} is none of late, override, exempt.")
    return results


def value(row, where, low, high):
    try:
        number = float(row["value"].replace(",", "."))
    except ValueError:
        raise Refused(f"{where}{row['value']!r} is not a number.") from None
    if not low <= number <= high:
        raise Refused(f"{where}{row['value']} is not between {low:g} and {high:g}.")
    return number
