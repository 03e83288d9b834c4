"""The coursework grader.

python -m grading grade hw2 SUBMISSIONS --out DIR    mark a folder or zip file of notebooks
python -m grading merge DIR/run-001                  add the marks of written.csv, given by hand
python -m grading answers DIR/run-001                read what students wrote in words, one at a time if you like
python -m grading regrade DIR/run-001 STUDENT FILE   mark one student's new notebook, and nobody else's
python -m grading similar hw2 SUBMISSIONS --out DIR   rank pairs of submissions by how alike they are
python -m grading demo hw2 --out DIR                 try it: a made-up class of ten, and their marks
python -m grading bank hw2                           prove the marking itself on right, wrong and hostile answers
python -m grading solutions hw2 --out DIR            the solved homework as a web page, for after the deadline
python -m grading student                            make the students' texts and hints, and their zip file
python -m grading nbgrader --course DIR              put the masters into an nbgrader course
"""

import argparse
import sys
import time
from pathlib import Path


def command_line():
    """The parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m grading", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    grade = commands.add_parser("grade", help="mark a folder or zip file of notebooks")
    grade.add_argument("homework", help="such as hw2")
    grade.add_argument("submissions", type=Path, help="a folder, a zip file or a notebook")
    grade.add_argument("--out", type=Path, required=True, help="folder for the results; each run gets its own inside")
    grade.add_argument("--workers", type=above(0), help="sandboxes at work at once (default: one for each core)")
    grade.add_argument("--scheduler", metavar="ADDRESS", help="tcp://… of a Dask scheduler, whose workers mark")
    grade.add_argument("--seed", type=above(-1), help="whole number to draw the inputs from (default: a new one)")
    grade.add_argument("--unsafe", action="store_true", help="without a sandbox, with all your rights: don't")
    grade.add_argument("--roster", type=Path, metavar="CSV", help="the class: who handed in nothing has a row, too")
    grade.add_argument("--anonymous", action="store_true", help="codes in the place of names in written.csv")
    merge = commands.add_parser("merge", help="add the marks of written.csv, given by hand")
    merge.add_argument("run", type=Path, help="folder of a run, such as DIR/run-001")
    regrade = commands.add_parser("regrade", help="mark one student's new notebook in a finished run")
    regrade.add_argument("run", type=Path, help="folder of a run, such as DIR/run-001")
    regrade.add_argument("student", help="the name as it stands in grades.csv")
    regrade.add_argument("notebook", type=Path, help="what is handed in now")
    for marking in (grade, merge, regrade):
        marking.add_argument("--adjust", type=Path, metavar="CSV", help="late days, exemptions, overrides, bonuses")
        if marking is not regrade:
            marking.add_argument("--worksheet", type=Path, metavar="CSV", action="append", default=[],
                                 help="the platform's worksheet or gradebook, to fill marks in")  # fmt: skip
            marking.add_argument("--column", metavar="TITLE", help="its column for the marks, if it can't be guessed")
        marking.add_argument("--late", type=float, default=10, help="per cent of the points that a day costs (10)")
    answers = commands.add_parser("answers", help="read what students wrote in words")
    answers.add_argument("run", type=Path, help="folder of a run, such as DIR/run-001")
    answers.add_argument("--student", help="one student's, by name or code")
    answers.add_argument("--task", help="one task's, such as in_words")
    answers.add_argument("--anonymous", action="store_true", help="codes in the place of names")
    similar = commands.add_parser("similar", help="rank pairs of submissions by how alike they are")
    similar.add_argument("homework", help="such as hw2")
    similar.add_argument("submissions", type=Path, help="a folder or zip file")
    similar.add_argument("--roster", type=Path, metavar="CSV", help="the class, for the names")
    similar.add_argument("--out", type=Path, required=True, help="folder for the page, the table and the export")
    bank = commands.add_parser("bank", help="prove the marking on right, wrong and hostile answers")
    bank.add_argument("homework")
    bank.add_argument("--seeds", type=above(0), default=1, help="how many seeds to draw the inputs from (default 1)")
    bank.add_argument("--workers", type=above(0))
    demo = commands.add_parser("demo", help="try it: write the hand-ins of a made-up class and mark them")
    demo.add_argument("homework")
    demo.add_argument("--out", type=Path, required=True, help="folder for the class and its marks")
    for several, text in (("student", "make the students' texts and hints, and their zip file"),
                          ("solutions", "write the solved and executed homeworks as web pages"),
                          ("nbgrader", "put the masters into an nbgrader course")):  # fmt: skip
        command = commands.add_parser(several, help=text)
        command.add_argument("homework", nargs="*", help="such as hw2 (default: all)")
        if several == "solutions":
            command.add_argument("--out", type=Path, required=True, help="folder for the pages")
        if several == "nbgrader":
            command.add_argument("--course", type=Path, required=True, help="folder of the nbgrader course")
    return parser


def above(least):
    """The type of an argument that is a whole number above `least`."""

    def whole(text):
        if int(text) <= least:
            raise argparse.ArgumentTypeError(f"it has to be at least {least + 1}")
        return int(text)

    whole.__name__ = "whole number"
    return whole


def main(arguments=None):
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal can't show stops nothing
    options = command_line().parse_args(arguments)

    from grading.errors import Refused

    try:
        return COMMANDS[options.command](options)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What is finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    except OSError as error:  # a full disk
        print(f"{error}. What is finished is kept; the same command goes on from there.", file=sys.stderr)
        return 2


def run_grade(options):
    from grading import adjust, report, roster, sheet, upload
    from grading.errors import Refused
    from grading.homework import Homework
    from grading.judge_process import GONE
    from grading.sandbox.outside import shown
    from grading.session import Run, grade_all
    from grading.submissions import collect

    homework = Homework(options.homework)
    rows = adjust.read(options.adjust) if options.adjust else []
    class_ = roster.read(options.roster) if options.roster else None
    submissions, notes, left_out = collect(options.submissions, homework.path.stem, class_)
    upload.check(options.worksheet, homework, options.column)
    adjust.check(rows, [submission.student for submission in submissions], homework.most_of_all, options.late / 100)
    if not options.unsafe and not options.scheduler:
        for path in (options.submissions, options.out):
            if folder := shown(path):
                raise Refused(f"{path} lies in {folder}, which submissions can read. Move it elsewhere.")
    if options.unsafe:
        print("*" * 78 + f"\n{report.UNGOVERNED}\n" + "*" * 78, file=sys.stderr)
    started = time.monotonic()
    run = Run(options.out, homework, options.seed, options.unsafe)
    try:
        word = "Going on with" if run.resumed else "Writing to"
        print(f"{len(submissions)} submissions of {homework.name}. {word} {run.folder}", file=sys.stderr)
        results = grade_all(run, submissions, options.workers, scheduler=options.scheduler)
        notes += [f"{result['student']}, {mark['task']}: the judge's process ended over this answer."
                  for result in results for mark in result["marks"] if GONE in mark["messages"]]  # fmt: skip
        results = adjust.apply(results, rows, options.late / 100)
        upload.write_people(run.folder, submissions, class_, options.worksheet, options.column)
        said = notes + upload.write_tables(run.folder, homework, results)
        said += ["The files in lms/ have no points for words yet: `merge` brings them in."] * bool(homework.written)
        text = sheet.write_all(run, results, said, time.monotonic() - started, options.anonymous)
        upload.write_pages(run.folder, homework, results)
        failed = sum(bool(result.get("crashed")) for result in results)
        if not failed:
            run.finish(results, adjusted=bool(options.adjust), notes=notes)
    finally:
        run.close()
    print(text)
    print(f"Marks: {run.folder / 'grades.csv'}   to mark by hand: {run.folder / 'written.csv'}   "
          f"for the learning platform: {run.folder / 'lms'}")  # fmt: skip
    if failed:
        print(f"The grader itself failed on {failed} of them; the same command tries those again.", file=sys.stderr)
    if left_out:
        print(
            "There was too much to look at, and somebody's work may be missing:", *left_out, sep="\n  ", file=sys.stderr
        )
    return 1 if failed or left_out else 0


def run_merge(options):
    from grading import adjust
    from grading.merge import merge

    rows = adjust.read(options.adjust) if options.adjust else None
    print(merge(options.run, rows, options.late / 100, options.worksheet, options.column))
    return 0


def run_answers(options):
    from grading import finished, sheet

    print(sheet.read_one(*finished.read(options.run), options.student, options.task, options.anonymous))
    return 0


def run_regrade(options):
    from grading import adjust, finished
    from grading.homework import Homework
    from grading.merge import merge

    rows, late = adjust.read(options.adjust) if options.adjust else None, options.late / 100
    state, _ = finished.read(options.run)
    homework = Homework(state["homework"])
    said, results = finished.regrade(options.run, homework, options.student, options.notebook, rows)
    if state.get("merged"):
        said.append(merge(options.run, rows, late))
    else:
        finished.write_again(options.run, homework, results, rows, late)
    print(*said, sep="\n")
    return 0


def run_solutions(options):
    from grading import solutions
    from grading.homework import Homework, masters

    for name in options.homework or masters():
        print(solutions.write(Homework(name), options.out))
    return 0


def run_similar(options):
    from grading import roster, similar_page
    from grading.homework import Homework
    from grading.submissions import collect

    homework = Homework(options.homework)
    class_ = roster.read(options.roster) if options.roster else None
    found = collect(options.submissions, homework.path.stem, class_)
    print(similar_page.write(options.out, homework, found.submissions), *found.left_out, sep="\n")
    return 1 if found.left_out else 0


def run_bank(options):
    import os
    import subprocess

    from grading.homework import Homework

    Homework(options.homework)  # or it is refused
    line = [sys.executable, "-m", "pytest", "--quiet", "tests/grading/test_bank.py"]
    line += ["--numprocesses", str(options.workers or os.cpu_count() or 1), "--dist", "worksteal"]
    chosen = {"GRADING_BANK": options.homework, "GRADING_SEEDS": str(options.seeds)}
    return subprocess.run(line, cwd=Path(__file__).resolve().parent.parent, env=os.environ | chosen).returncode


def run_demo(options):
    from grading.bank import classroom
    from grading.homework import Homework

    folder = options.out / "class"
    if not folder.exists():  # else an earlier trial was stopped, or had no sandbox
        classroom.write(Homework(options.homework), folder, 10)
    line = ["grade", options.homework, str(folder / "submissions.zip"), "--out", str(options.out / "marks")]
    for option, name in (("roster", "class"), ("worksheet", "moodle"), ("worksheet", "canvas")):
        line += [f"--{option}", str(folder / f"{name}.csv")]
    return main(line)


def run_student(options):
    from grading.homework import Homework, masters
    from grading.student import bundle, student_files

    stale = False
    for name in options.homework or masters():
        for path, text in student_files(Homework(name)).items():
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
                stale = True
                print(f"{path}: written")
    if stale:
        print("Now run `make notebooks`, so that the notebooks show it, and then this command again for the zip file.")
    else:
        print(f"The students' texts and hints are as the masters say. All of it: {bundle()}")
    return 0


def run_nbgrader(options):
    import jupytext

    from grading.errors import Refused
    from grading.homework import Homework, masters

    homeworks = [Homework(name) for name in options.homework or masters()]
    paths = [options.course / "source" / one.name / f"{one.path.stem}.ipynb" for one in homeworks]
    for path in paths:
        if path.exists():
            raise Refused(f"{path} exists and is left as it is. Move it away to have it made anew.")
    for path, homework in zip(paths, homeworks, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(jupytext.writes(homework.notebook, fmt="ipynb"), "utf-8")
        print(f"{path}\nNow: nbgrader generate_assignment {homework.name} --course-dir {options.course}")
    return 0


COMMANDS = {
    "grade": run_grade,
    "merge": run_merge,
    "answers": run_answers,
    "similar": run_similar,
    "regrade": run_regrade,
    "solutions": run_solutions,
    "demo": run_demo,
    "bank": run_bank,
    "student": run_student,
    "nbgrader": run_nbgrader,
}

if __name__ == "__main__":
    sys.exit(main())
