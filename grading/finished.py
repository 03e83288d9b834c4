"""A finished run: read it, keep its files before they change, mark one student of it again."""

import csv
import datetime
import io
import json
import shutil
from pathlib import Path, PurePosixPath

from grading import adjust, sheet, upload
from grading.archives import from_disk, printable
from grading.errors import Refused
from grading.files import unused, write_whole
from grading.report import cell, number, table, total, write_marks
from grading.session import Run, grade_all
from grading.submissions import Submission
from grading.words import count

MARKS = ("grades.csv", "feedback", "gradescope", "summary.txt", "distribution.png", "lms")  # what holds marks in a run


def read(folder):
    """(state, results) of a finished run. Raises Refused."""
    try:
        state = json.loads((folder / "run.json").read_text("utf-8"))
        results = [json.loads((folder / f"results/{slug}.json").read_text("utf-8")) for slug in state["results"]]
    except (OSError, ValueError, KeyError) as error:
        raise Refused(
            f"{folder} is not the folder of a finished run, such as DIR/run-001 ({error!r}). If grading was stopped, "
            "give its command again first."
        ) from None
    return state, results


def keep(folder, also=()):
    """A copy of the files that hold marks, and of others, in a folder named by the time when they were written."""
    when = datetime.datetime.fromtimestamp((folder / "grades.csv").stat().st_mtime)
    place = unused(folder / "earlier" / f"{when:%Y-%m-%d %H-%M-%S}")
    place.mkdir(parents=True)
    for name in (*MARKS, *also):
        if (folder / name).is_dir():
            shutil.copytree(folder / name, place / name)
        elif (folder / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, place / name)


def check_adjusted(folder, state, adjustments):
    """Raise Refused if a run that was graded with adjustments would lose them."""
    if state["adjusted"] and adjustments is None:
        raise Refused(f"{folder} was graded with --adjust. Give it here too, or late days and the like would be lost.")


def regrade(folder, homework, student, notebook, adjustments=None):
    """Mark one student's new notebook on inputs drawn anew, and put the result in the place of the old one.

    homework: of the run. Nobody else is marked again, and the run's results of others stay as they are. What the
    student's tasks in words were given counts on, unless the words are others now. Returns (what to say, the results).
    Raises Refused for a student who is not in the run, and for a file that can't be read.
    """
    state, results = read(folder)
    check_adjusted(folder, state, adjustments)
    old = next((result for result in results if student in (result["student"], result["slug"])), None)
    if old is None:
        raise Refused(f"There is no {student!r} in {folder}. There are: {', '.join(r['student'] for r in results)}.")
    if not Path(notebook).is_file():
        raise Refused(f"There is no file {notebook}.")
    data, when, problem = from_disk(Path(notebook))
    where = printable(PurePosixPath(notebook).name)
    submission = Submission(old["student"], where, data, when, problem)
    run = Run(folder / "again" / old["slug"], homework, None, not state["governed"])
    try:
        (new,) = grade_all(run, [submission], 1, progress=False)
        run.finish([new])
    finally:
        run.close()
    if new.get("crashed"):
        raise Refused(f"The grader failed on it: {new['problem']}")
    keep(folder, [f"results/{old['slug']}.json", "written.csv"])
    write_whole(folder / f"results/{old['slug']}.json", json.dumps(new, ensure_ascii=True, indent=1))
    said = [f"{old['student']}: {number(round(total(old), 2))} before, {number(round(total(new), 2))} now, "
            "for the tasks that are marked automatically."]  # fmt: skip
    said += new_words(folder, homework, state, results, old, new)
    if state["edition"] != homework.edition:
        said.append("The homework or its checks have changed since the others were marked.")
    return said, [new if result is old else result for result in results]


def new_words(folder, homework, state, results, old, new):
    """Put the student's answers into written.csv. Returns remarks on points that no longer belong to what they say."""
    path, said = folder / "written.csv", []
    header, *rows = csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    own = cell(old["student"])
    known = adjust.spelled(cell(result["student"]) for result in results)
    names = {word for word, name in known.items() if name == own} | {sheet.code_of(state["seed"], old)}
    for task, (most, _) in homework.written.items():
        text = new["written"][task]
        if text == old["written"][task]:
            continue
        place = [i for i, row in enumerate(rows) if row[0] in names and row[1] == task]
        row = dict(zip(header, rows[place[0]], strict=False)) if place else {"student": own, "task": task}
        if any(row.get(title) for title in ("points", *sheet.columns(homework))):
            said.append(f"The answer to {task} is another one now; its points are taken out of written.csv.")
        fresh = {"student": row["student"], "task": task, "of": number(most), "words": count(text),
                 "limit": row.get("limit", ""), "answer": text or sheet.BLANK}  # fmt: skip
        if place:
            rows[place[0]] = [fresh.get(title, "") for title in header]
        else:
            rows.append([fresh.get(title, "") for title in header])
    write_whole(path, table(header, rows))
    return said


def write_again(folder, homework, results, adjustments=None, late_share=0.1):
    """Write the files that hold marks from results without the written tasks, for a run that was not merged yet."""
    state, _ = read(folder)
    adjust.check(adjustments or [], [result["student"] for result in results], homework.most_of_all, late_share)
    results = adjust.apply(results, adjustments or [], late_share)
    notes = [*state.get("notes", ()), *sheet.overlooked(homework, results)]
    notes += upload.write_tables(folder, homework, results)
    write_marks(folder, homework, results, notes, state.get("seconds", 0.0))
    upload.write_pages(folder, homework, results)
