"""Runs and what comes out of them: nothing is lost, nothing is overwritten. Most fake the marking."""

import csv
import errno
import functools
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import psutil
import pytest

from grading import __main__ as command
from grading import adjust, archives, bank, cluster, marker, marking, report, session, sheet, student
from grading.errors import NoSandbox, Refused
from grading.homework import Homework
from grading.judge_process import GONE
from grading.sandbox import outside
from grading.submissions import Submission
from grading_case import EMPTY, NEEDS_SANDBOX, ROOT, Borrowed, homework_called, small, submission

RIGHT = bank.right(homework_called("hw2"))


@pytest.fixture
def hw2():
    return homework_called("hw2")


@pytest.fixture
def marked(monkeypatch):
    """Replace sandbox and marking; the list says which cells were marked, once for each submission."""
    done = []

    class Fake(marker.Marker):
        def __init__(self, homework, seed, unsafe=False):
            self.homework, self.sandbox = homework, self
            self.unsafe = unsafe

        def next_submission(self):
            pass

        def close(self):
            pass

        def own_mark(self, task, cells):
            if task.name == "kl_std":
                done.append(cells[-1])
            if "crash" in cells[-1]:
                raise RuntimeError("the grader's own fault")
            said = GONE if "forged" in cells[-1] else "<b>a & b</b>"
            mark = marking.Mark(task.name, task.title, 5.0, 10.0, (said,))
            return mark, [] if "left" in cells[-1] and task.name == "kl_laplace" else None

        def reference_mark(self, task, cells, errors):
            done.append(f"{task.name} of {cells[-1]}")
            return marking.Mark(task.name, task.title, 10.0, 10.0, ())

    monkeypatch.setattr(cluster, "Marker", Fake)
    monkeypatch.setattr(cluster, "wash", lambda: None)
    return done


def test_interrupted_run_goes_on_where_it_stopped(hw2, tmp_path, marked):
    class_ = [small(name, name) for name in "abcd"]
    first = session.Run(tmp_path, hw2)
    session.grade_all(first, class_[:2], 1, progress=False)
    first.close()
    second = session.Run(tmp_path, hw2)
    assert second.resumed and second.folder == first.folder and second.state["seed"] == first.state["seed"]
    changed = [class_[0], small("b", "changed"), *class_[2:]]
    results = session.grade_all(second, changed, 1, progress=False)
    assert marked == ["a", "b", "changed", "c", "d"]
    assert [r["student"] for r in results] == list("abcd")


def test_references_are_handed_in_only_when_everybody_s_own_answers_are_in(hw2, tmp_path, marked):
    run = session.Run(tmp_path, hw2)
    results = session.grade_all(run, [small(name, f"{name} left" * (name != "c")) for name in "abc"], 1, progress=False)
    assert marked == ["a left", "b left", "", "kl_laplace of a left", "kl_laplace of b left"]
    assert [result["marks"][1]["points"] for result in results] == [10, 10, 5]
    assert not [result for result in results if "left" in result]
    run.close()


def test_interrupted_run_goes_on_within_a_submission(hw2, tmp_path, marked, monkeypatch):
    run = session.Run(tmp_path, hw2)
    keep = session.Run.keep

    def stopped(self, result):
        keep(self, result)
        if len(list((run.folder / "results").iterdir())) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(session.Run, "keep", stopped)
    class_ = [small("a", "a left"), small("b", "b left")]
    with pytest.raises(KeyboardInterrupt):
        session.grade_all(run, class_, 1, progress=False)
    monkeypatch.setattr(session.Run, "keep", keep)
    results = session.grade_all(run, class_, 1, progress=False)
    assert marked == ["a left", "b left", "kl_laplace of a left", "kl_laplace of b left"]
    assert [result["marks"][1]["points"] for result in results] == [10, 10]
    run.close()


def test_after_a_change_of_the_checks_an_unfinished_run_is_not_mixed_with_the_new_one(
    hw2, tmp_path, marked, monkeypatch
):
    session.Run(tmp_path, hw2).close()
    monkeypatch.setattr(hw2, "edition", "another")
    run = session.Run(tmp_path, hw2)
    assert not run.resumed and run.folder.name == "run-002"
    run.close()


def test_run_goes_on_after_a_change_of_another_homework_s_checks(monkeypatch):
    read, read_bytes = [], session.Path.read_bytes
    monkeypatch.setattr(session.Path, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
    assert Homework("hw2").edition and {"hw2.py", "judging.py", "inside.py"} < set(read) and "hw1.py" not in read


@NEEDS_SANDBOX
def test_where_the_own_solutions_get_no_full_marks_nothing_is_graded(hw2, tmp_path, monkeypatch):
    monkeypatch.setattr(hw2, "references", hw2.references | {"kl_laplace": "def kl_laplace(*a):\n    return a[0]"})
    monkeypatch.setattr(cluster, "Homework", lambda name: hw2)
    monkeypatch.setattr(marker, "Sandbox", Borrowed)
    run = session.Run(tmp_path, hw2)
    with pytest.raises(NoSandbox, match="own solution of kl_laplace"):
        session.grade_all(run, [small("a")], 1, progress=False)
    assert not list((run.folder / "results").iterdir())
    run.close()


def test_regrading_keeps_the_earlier_run_as_it_was(hw2, tmp_path, marked):
    for _ in range(2):
        run = session.Run(tmp_path, hw2)
        results = session.grade_all(run, [small("a")], 1, progress=False)
        sheet.write_all(run, results, [], 1.0)
        run.finish(results)
        run.close()
        before = {p: p.read_bytes() for p in (tmp_path / "run-001").rglob("*") if p.is_file()}
    assert sorted(p.name for p in tmp_path.glob("run-*")) == ["run-001", "run-002"]
    assert {p: p.read_bytes() for p in before} == before


def test_two_graders_at_once_are_refused(hw2, tmp_path):
    run = session.Run(tmp_path, hw2)
    with pytest.raises(Refused, match="Another grader"):
        session.Run(tmp_path, hw2)
    run.close()


def test_a_fault_of_the_grader_touches_one_submission_and_is_tried_again(hw2, tmp_path, marked):
    run = session.Run(tmp_path, hw2)
    class_ = [small("a"), small("b", "crash"), small("c")]
    results = session.grade_all(run, class_, 1, progress=False)
    assert [bool(r["problem"]) for r in results] == [False, True, False]
    assert run.result(class_[0]) and not run.result(class_[1])
    run.close()


def test_run_with_a_fault_stays_open_and_one_over_which_a_judge_ended_does_not(tmp_path, marked, capsys):
    book = json.dumps({"cells": [{"cell_type": "code", "source": "crash"}]})
    (tmp_path / "ada hw2.ipynb").write_text(book)
    line = ["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out", str(tmp_path / "out")]
    assert command.main(line) == 1 and "failed on 1" in capsys.readouterr().err
    (tmp_path / "ada hw2.ipynb").write_text(book.replace("crash", "forged"))
    assert command.main(line) == 0 and not (tmp_path / "out" / "run-002").exists()
    assert "ada, kl_std: the judge's process ended over this answer." in capsys.readouterr().out
    assert "show it to your teacher" in next((tmp_path / "out/run-001/feedback").glob("*.html")).read_text("utf-8")


def test_where_there_was_too_much_to_look_at_the_command_ends_with_an_error(tmp_path, marked, monkeypatch, capsys):
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    for name in ("ada/1", "ada/2", "ada/3", "bo/hw2"):
        (tmp_path / "class" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "class" / f"{name}.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "x"}]}))
    assert command.main(["grade", "hw2", str(tmp_path / "class"), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "ada holds 3 notebooks" in said.err and "ada holds 3 notebooks" in said.out
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out/run-001/grades.csv").read_text("utf-8-sig"))))
    assert [row["student"] for row in rows] == ["ada", "bo"]


def test_points_that_one_place_alone_names_stop_grading_and_handing_out():
    hw2 = Homework("hw2")
    cell = next(c for c in hw2.notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_kl_std")
    cell.metadata.nbgrader.points = 20
    said = (
        "task 1: the points are 10 in its heading, 10 in the table of the tasks, 20 in its cell's metadata, 10 in check"
    )
    for use in (lambda homework: homework.most, student.student_files):
        with pytest.raises(Refused, match=said):
            use(hw2)


def test_another_homework_is_said_to_be_one(hw2, tmp_path, marked):
    other, renamed = homework_called("hw3"), bank.notebook(hw2, {}).replace("# Homework 2.", "# Homework 3.")
    class_ = [submission(other, "ada", {}), Submission("bo", "bo.ipynb", renamed.encode(), (0, 0))]
    run = session.Run(tmp_path, hw2)
    ada, bo = session.grade_all(run, class_, 1, progress=False)
    run.close()
    assert ada["problem"] == f'this is "{other.title}"; "{hw2.title}" was asked for' and ada["unclaimed"]
    assert not ada["written"]["in_words"] and not bo["problem"]


def test_summary_says_what_several_got_wrong(hw2):
    def told(student, *messages):
        marks = [{"task": "kl_std", "points": 0.0, "most": 10.0, "messages": list(messages)}]
        return {"student": student, "problem": "", "governed": True, "where": "", "marks": marks}

    results = [told("ada", "read as variances", "once"), told("bo", "read as variances"), told("chi", "other")]
    text = report.summary(hw2, [*results, told("dora", "read as variances"), told("eve", "other")], [], 1.0)
    shown = text[text.index("what several got wrong") :].split("\n")[1:3]
    assert shown == ["     3  kl_std: read as variances (ada, bo, …)", "     2  kl_std: other (chi, eve)"]


def test_points_given_by_hand_survive_when_an_open_run_goes_on(hw2, tmp_path, marked, capsys):
    run = session.Run(tmp_path, hw2)
    results = session.grade_all(run, [small("a")], 1, progress=False)
    sheet.write_all(run, results, [], 1.0)
    path = run.folder / "written.csv"
    filled = path.read_text("utf-8-sig").replace(",,15", ",12,15")
    path.write_text(filled, "utf-8")
    sheet.write_all(run, results, [], 1.0)
    assert (run.folder / "written-2.csv").read_text("utf-8") == filled and ",12,15" not in path.read_text("utf-8")
    assert "written-2.csv" in capsys.readouterr().err
    assert run.folder.stat().st_mode & 0o077 == 0
    run.close()


def test_full_disk_loses_no_finished_result(hw2, tmp_path, marked, monkeypatch):
    run = session.Run(tmp_path, hw2)
    write = session.Run.write

    def full(self, name, content):
        if len(list((run.folder / "results").iterdir())) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, name, content)

    monkeypatch.setattr(session.Run, "write", full)
    class_ = [small(name, name) for name in "abcd"]
    with pytest.raises(Refused, match="No space left.*finished ones are kept"):
        session.grade_all(run, class_, 1, progress=False)
    assert run.result(class_[0]) and run.result(class_[1]) and not run.result(class_[2])
    assert not [p for p in run.folder.rglob("*") if p.name.startswith(".")]
    run.close()


def test_reports_escape_what_students_wrote_and_reveal_no_check(hw2, tmp_path, marked):
    run = session.Run(tmp_path, hw2, seed=1)
    results = session.grade_all(run, [small("=<script>x</script>")], 1, progress=False)
    text = sheet.write_all(run, results, ["note"], 1.0)
    page = next((run.folder / "feedback").iterdir()).read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "a &amp; b" in page and "://" not in page
    row = next(csv.DictReader(io.StringIO((run.folder / "grades.csv").read_text("utf-8-sig"))))
    assert row["student"].startswith("'=") and row["total"] == "35" and row["sandbox"] == "yes"
    scores = json.loads(next((run.folder / "gradescope").rglob("results.json")).read_text("utf-8"))
    assert scores["score"] == 35 and len(scores["tests"]) == len(hw2.tasks)
    assert "median 35" in text and (run.folder / "distribution.png").read_bytes().startswith(b"\x89PNG")
    run.close()


FORMULAS = ["=1+1", " =1", "+1", "-1", "@x", "\t=1", "a;=1+1", "a\n=1", "a; +1", "a\t@x", "＝1", "a\r=1", "\r=1",
            'a;"=1+1', 'a; ""+1', 'a\n" =1', '"=1', 'a;"=1;b']  # fmt: skip


def test_no_cell_of_a_table_is_a_formula_whatever_separates_its_columns():
    for text in FORMULAS:
        assert "\r" not in report.cell("a\rb")
        for separator in (",", ";", "\t"):
            line = report.table(["x"], [["ada", text]]).partition("\n")[2]
            for row in csv.reader(io.StringIO(line), delimiter=separator):
                assert not [part for part in row if part.lstrip(" ").startswith(("=", "+", "-", "@", "＝"))], (
                    text,
                    row,
                )
    assert "\n'- cmd|" in report.cell("a list:\n- cmd|' /C calc'!A0")
    assert report.cell("- a list\n- of two").endswith("a list\n- of two")


def test_marks_given_by_hand_are_merged_beside_the_others(hw2, tmp_path, marked):
    run = session.Run(tmp_path, hw2)
    session.grade_all(run, [small("c")], 1, progress=False)  # its notebook is taken away before the run goes on
    results = session.grade_all(run, [small("=a"), small("b")], 1, progress=False)
    sheet.write_all(run, results, [], 1.0)
    path = run.folder / "written.csv"
    assert command.main(["merge", str(run.folder)]) == 2
    run.finish(results)
    run.close()
    lines = path.read_text("utf-8-sig").split("\n")
    path.write_text("\n".join([lines[0], lines[1].replace(",,15", ",12.5,15"), *lines[2:]]), "utf-8")
    first = (run.folder / "grades.csv").read_bytes()
    for number in (1, 2):
        assert command.main(["merge", str(run.folder)]) == 0
        rows = list(csv.DictReader(io.StringIO((run.folder / "grades.csv").read_text("utf-8-sig"))))
        assert [(r["total"], r["of"], r["in_words"]) for r in rows] == [("47.5", "85", "12.5"), ("35", "85", "0")]
        kept = sorted((run.folder / "earlier").iterdir())
        assert len(kept) == number and (kept[0] / "grades.csv").read_bytes() == first
    path.write_text(path.read_text("utf-8").replace("12.5", "16"), "utf-8")
    assert command.main(["merge", str(run.folder)]) == 2


def test_after_merging_every_file_holds_final_marks_and_the_marker_s_comments(hw2, tmp_path, marked, capsys):
    run = session.Run(tmp_path, hw2)
    results = session.grade_all(run, [small(name) for name in ("ada", "bo", "chi", "dora")], 1, progress=False)
    sheet.write_all(run, results, ["a note"], 1.0)
    run.finish(results, notes=["a note"])
    run.close()
    path = run.folder / "written.csv"
    lines = path.read_text("utf-8-sig").split("\n")
    lines[1] = lines[1].replace(",,15,,", ',12.5,15,"(c) has no <control>",')
    lines[4] = lines[4].replace(",,15,,", ",3,15,,")
    path.write_text("\n".join([*lines[:3], *lines[4:]]), "utf-8")  # bo has no points yet, chi no row any more
    (tmp_path / "adjust.csv").write_text(
        "student,kind,task,value,reason\nada,late,,1,\nada,bonus,,2,a find\ndora,exempt,in_words,,ill\n"
        "bo,override,in_words,7,oral\n"
    )
    assert command.main(["merge", str(run.folder), "--adjust", str(tmp_path / "adjust.csv")]) == 0
    said = capsys.readouterr().out
    assert "1 rows have vanished from written.csv, which counts 0: chi, in_words." in said
    assert "1 answers have no points yet, which counts 0: bo, in_words." in said
    rows = {
        row["student"]: row for row in csv.DictReader(io.StringIO((run.folder / "grades.csv").read_text("utf-8-sig")))
    }
    totals = {"ada": (35 + 12.5) * 0.9 + 2, "bo": 42, "chi": 35, "dora": 35}
    assert {name: float(row["total"]) for name, row in rows.items()} == totals
    assert [row["of"] for row in rows.values()] == ["85", "85", "85", "70"]
    slugs = {result["student"]: result["slug"] for result in results}
    for name, wanted in totals.items():
        page = (run.folder / f"feedback/{slugs[name]}.html").read_text("utf-8")
        assert f"<strong>{wanted:g} of {rows[name]['of']}</strong> points.</p>" in page and "by hand" not in page
        scores = json.loads((run.folder / f"gradescope/{slugs[name]}/results.json").read_text("utf-8"))
        assert scores["score"] == pytest.approx(wanted) and len(scores["tests"]) == len(hw2.tasks) + 1
    ada = (run.folder / f"feedback/{slugs['ada']}.html").read_text("utf-8")
    assert "(c) has no &lt;control&gt;" in ada and "A bonus of 2 points: a find." in ada
    text = (run.folder / "summary.txt").read_text("utf-8")
    assert "highest 44.75" in text and "in_words" in text and "a note" in text and "chi, in_words" in text
    assert (run.folder / "distribution.png").read_bytes().startswith(b"\x89PNG")


def test_answers_with_odd_line_ends_and_files_with_semicolons_are_no_riddle(hw2, tmp_path, marked, capsys):
    book = json.loads(bank.notebook(hw2, {}, "**Your answer to task 8.** One\rada,in_words,15,15\rtwo\x00"))
    for student_, answer in (("eve", None), ("ada", "**Your answer to task 8.** One\rtwo")):
        for cell in book["cells"]:
            if answer and cell["cell_type"] == "markdown" and "Your answer" in "".join(cell["source"]):
                cell["source"] = answer
        (tmp_path / f"{student_} hw2.ipynb").write_text(json.dumps(book))
    assert command.main(["grade", "hw2", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out/run-001"
    assert command.main(["merge", str(folder)]) == 0 and "2 answers have no points" in capsys.readouterr().out
    path = folder / "written.csv"
    path.write_text(path.read_text("utf-8").replace(",", ";"), "utf-8")
    assert command.main(["merge", str(folder)]) == 2 and "Save it with commas" in capsys.readouterr().err
    path.write_bytes(path.read_text("utf-8").replace("ada", "Zoë").encode("cp1252", "replace"))
    assert command.main(["merge", str(folder)]) == 2 and "CSV UTF-8" in capsys.readouterr().err


def adjusted(hw2, tmp_path, marked, lines):
    path = tmp_path / "adjust.csv"
    path.write_text("\n".join(["student,kind,task,value,reason", *lines]), "utf-8")
    run = session.Run(tmp_path / "out", hw2)
    results = session.grade_all(run, [small("ada"), small("bo")], 1, progress=False)
    run.close()
    rows = adjust.read(path)
    adjust.check(rows, [result["student"] for result in results], hw2.most, 0.1)
    return results, adjust.apply(results, rows, 0.1)


def test_late_days_exemptions_and_overrides_are_shown_and_change_no_result(hw2, tmp_path, marked):
    lines = ["ada,late,,2,ill", "ada,override,kl_std,9.5,oral", "bo,exempt,sample_full,,joined late"]
    results, changed = adjusted(hw2, tmp_path, marked, lines)
    assert [report.total(result) for result in results] == [35, 35]
    assert [report.total(result) for result in changed] == [pytest.approx((35 + 4.5) * 0.8), 30]
    assert [report.most_of(result) for result in changed] == [70, 60]
    header, rows = report.grades_table(hw2, changed)
    remarks = [dict(zip(header, row, strict=True))["remarks"] for row in rows]
    assert "2 days late (ill): 20% less" in remarks[0] and "Set to 9.5 points by the teacher: oral" in remarks[0]
    assert "Exempt: joined late" in remarks[1] and "2 days late" in report.feedback(hw2, changed[0])
    assert json.loads(report.gradescope(changed[0]))["score"] == pytest.approx(31.6)


def test_late_days_are_not_forgotten_when_written_answers_are_merged(tmp_path, marked, capsys):
    (tmp_path / "ada hw2.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "x"}]}))
    (tmp_path / "adjust.csv").write_text("student,kind,task,value,reason\nada,late,,2,\n")
    folder, late = tmp_path / "out/run-001", ["--adjust", str(tmp_path / "adjust.csv")]
    assert command.main(["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out", str(tmp_path / "out"), *late]) == 0
    assert command.main(["merge", str(folder)]) == 2 and "graded with --adjust" in capsys.readouterr().err
    assert command.main(["merge", str(folder), *late]) == 0
    assert next(csv.DictReader(io.StringIO((folder / "grades.csv").read_text("utf-8-sig"))))["total"] == "28"


@pytest.mark.parametrize(
    "line", ["eve,late,,1,", "ada,late,,x,", "ada,late,,-1,", "ada,override,kl_std,11,", "ada,exempt,x,,", "ada,odd,,,"]
)
def test_adjustments_that_make_no_sense_are_refused_with_their_line(hw2, tmp_path, marked, line):
    with pytest.raises(Refused, match="line 2"):
        adjusted(hw2, tmp_path, marked, [line])


def test_two_lines_of_late_days_and_shares_that_make_no_sense_are_refused(hw2, tmp_path, marked):
    with pytest.raises(Refused, match="line 3: 'ada' has late days already"):
        adjusted(hw2, tmp_path, marked, ["ada,late,,1,", "ada,late,,2,"])
    for share in (-0.1, float("nan"), 1.5):
        with pytest.raises(Refused, match="0 to 100 per cent"):
            adjust.check([], [], {}, share)


# The command.


def test_mistakes_of_the_teacher_are_told_before_anything_is_marked(tmp_path, marked, capsys, monkeypatch):
    (tmp_path / "ada hw2.ipynb").write_text(EMPTY)
    (tmp_path / "adjust.csv").write_text("student,kind,task,value,reason\nAda,late,,1,\n")
    (tmp_path / "file").write_text("x")
    line = ["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out"]
    assert command.main([*line, str(tmp_path / "out"), "--adjust", str(tmp_path / "adjust.csv")]) == 2
    assert "no submission by 'Ada'" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert command.main([*line, str(tmp_path / "file")]) == 2
    assert "Name another --out" in capsys.readouterr().err
    assert command.main([*line, str(tmp_path / "out"), "--late", "-5"]) == 2
    for odd in (["--seed", "-1"], ["--workers", "0"]):
        with pytest.raises(SystemExit):
            command.main([*line, str(tmp_path / "out"), *odd])
    monkeypatch.setattr(outside.sys, "base_prefix", str(tmp_path))
    assert command.main([*line, str(tmp_path / "out")]) == 2 and "Move it elsewhere" in capsys.readouterr().err
    assert not marked


def test_without_bubblewrap_grading_refuses_and_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(outside.shutil, "which", lambda name: None)
    (tmp_path / "a.ipynb").write_text(EMPTY)
    out = tmp_path / "out"
    for line in (["grade", "hw2", str(tmp_path / "a.ipynb")], ["demo", "hw2"], ["demo", "hw2"]):
        assert command.main([*line, "--out", str(out)]) == 2
        assert "sudo apt install bubblewrap" in capsys.readouterr().err
    assert not list(out.rglob("grades.csv"))


def test_wrong_names_are_refused_with_what_there_is(tmp_path, capsys):
    assert command.main(["grade", "hw77", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "There are: hw" in capsys.readouterr().err
    assert command.main(["grade", "hw2", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no notebook" in capsys.readouterr().err


def test_commands_that_the_pages_show_exist():
    shown = []
    for page in ("README.md", "book/teaching.md", "grading/README.md", "grading/__main__.py"):
        text = (ROOT / page).read_text("utf-8").replace("\\\n", " ")
        shown += re.findall(r"python -m grading (\w[^#`\n]*)", text)
    lines = [line.partition("   ")[0] for line in shown]  # what follows three spaces is said about the command
    assert len(lines) > 10
    for line in lines:
        command.command_line().parse_args(shlex.split(line))


def test_new_teacher_gets_marks_for_ten_submissions_from_one_command(tmp_path, marked):
    """What the sandbox says to such a class is test_classroom's."""
    assert command.main(["demo", "hw2", "--out", str(tmp_path / "try")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "try/marks/run-001/grades.csv").read_text("utf-8-sig"))))
    assert sorted(row["total"] for row in rows) == ["0"] * 6 + ["35"] * 4
    assert sum("not a notebook" in row["remarks"] for row in rows) == 3
    assert sum("nothing was handed in" in row["remarks"] for row in rows) == 1
    assert {path.name for path in (tmp_path / "try/marks/run-001/lms").iterdir()} == {
        "grades.csv", "moodle.csv", "canvas.csv", "feedback-moodle.zip"}  # fmt: skip


@NEEDS_SANDBOX
def test_killed_grader_loses_nothing_and_leaves_no_process(hw2, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i in range(3):
        (folder / f"student{i} hw2.ipynb").write_text(bank.notebook(hw2, RIGHT["with_numpy"]), "utf-8")
    line = [sys.executable, "-m", "grading", "grade", "hw2", folder, "--out", out, "--seed", "3", "--workers", "1"]
    start = functools.partial(subprocess.Popen, line, cwd=ROOT, stdout=-1, stderr=-1, text=True)  # pipes
    process = start()
    results = out / "run-001" / "results"
    deadline = time.monotonic() + 120
    while not list(results.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {path: path.read_bytes() for path in results.glob("[!.]*.json")}
    assert kept and len(kept) < 3
    assert family and not psutil.wait_procs(family, timeout=10)[1]
    again = start()
    text, _ = again.communicate(timeout=200)
    assert again.returncode == 0 and "3 submissions" in text
    assert {path: path.read_bytes() for path in kept} == kept
    rows = list(csv.DictReader(io.StringIO((out / "run-001" / "grades.csv").read_text("utf-8-sig"))))
    assert [row["total"] for row in rows] == ["85"] * 3


def test_unsafe_is_loud_and_marks_every_result(hw2, tmp_path, capsys):
    (tmp_path / "ada hw2.ipynb").write_text(bank.notebook(hw2, RIGHT["with_numpy"]), "utf-8")
    line = ["grade", "hw2", str(tmp_path / "ada hw2.ipynb"), "--out", str(tmp_path / "out"), "--unsafe"]
    assert command.main(line) == 0
    said = capsys.readouterr()
    assert "UNGOVERNED" in said.out and "UNGOVERNED" in said.err
    folder = tmp_path / "out" / "run-001"
    for path in ("grades.csv", "feedback/*.html", "gradescope/*/results.json", "summary.txt"):
        assert "UNGOVERNED" in next(folder.glob(path)).read_text("utf-8"), path
    row = next(csv.DictReader(io.StringIO((folder / "grades.csv").read_text("utf-8-sig"))))
    assert row["total"] == "85"


def test_time_that_is_left_is_what_it_takes_in_the_end():
    """100 submissions, 1 s each and 0.2 s for each of two tasks that come again; sandboxes take 10 s to start."""
    results = [{"slug": str(i), "left": ["a", "b"]} for i in range(100)]
    results += [{"slug": str(i), "left": ["b"]} for i in range(100)] + [{"slug": str(i)} for i in range(100)]
    bar, now, said = session.Progress(100, 0, 5, {}, False), 10.0, {}
    for i, result in enumerate(results):
        now += 1.0 if i < 100 else 0.2
        bar.step(result, now)
        said[i] = now, bar.left()
    assert said[1][1] is None and bar.done == 100 and bar.left() == 0
    assert all(abs(at + left - now) < 0.1 for at, left in list(said.values())[2:])
