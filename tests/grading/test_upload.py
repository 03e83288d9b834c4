"""Marks come back in the files that learning platforms gave, and nothing in them is lost, changed or computed."""

import csv
import io
import zipfile

import pytest

from grading import marker, merge, roster, upload
from grading.errors import Refused
from grading.files import write_whole
from grading.lms import Owner
from grading.submissions import MISSING, Submission
from grading_case import EMPTY, homework_called, small

MOODLE = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,Feedback comments\n"
    "Participant 0071,Ann Lee,0012,al@x.org,Submitted,-,100.00,Yes,\n"
    "Participant 72,=Bo Ray,0013,bo@x.org,Submitted,-,100.00,Yes,\nParticipant 73,Chi Fox,,c@x.org,No,-,100.00,Yes,\n"
)
CANVAS = (
    'Student,ID,SIS User ID,SIS Login ID,Section,hw1 (8),hw2 (9)\n"    Points Possible",,,,,80,85\n'
    '"Lee, Ann",0071,0012,al,A,1,\n"Ray, Bo",72,0013,bo,A,2,\n"Fox, Chi",73,0014,chi,A,3,\n"Student, Test",9,,,A,,\n'
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,Homework 2 Points Grade,End-of-Line Indicator\n"
    "#0012,#al,Lee,Ann,,#\n#0013,#bo,Ray,Bo,,#\n#0014,#chi,Fox,Chi,,#\n"
)
BLACKBOARD = "Last Name;First Name;Username;hw2 [Total Pts: 85]\nLee;Ann;al;\nRay;Bo;bo;\nFox;Chi;chi;\n"


@pytest.fixture
def run(tmp_path):
    """(homework, folder, results) of a run of two who handed in and one who did not."""
    hw2 = homework_called("hw2")
    ann = Owner("Ann Lee", "0071", "Ann Lee_0071_assignsubmission_file_")
    bo = Owner("Bo Ray", "72", "Bo Ray_72_assignsubmission_file_", late=True)
    submissions = [Submission("Ann Lee", "a.ipynb", EMPTY.encode(), (0, 0), "", ann),
                   Submission("Bo Ray", "b.ipynb", EMPTY.encode(), (0, 0), "", bo),
                   Submission("Chi Fox", MISSING, None, (0, 0), MISSING)]  # fmt: skip
    (tmp_path / "roster.csv").write_text("name,id,e-mail\nAnn Lee,0012,al@x.org\nBo Ray,0013,\nChi Fox,,c@x.org\n")
    results = [marker.nothing(hw2, submission, True) for submission in submissions]
    results[0]["marks"][0] |= {"points": 7.5, "messages": ["=1+1 <b>"]}
    results[2]["problem"] = MISSING
    upload.write_people(tmp_path, submissions, roster.read(tmp_path / "roster.csv"))
    return hw2, tmp_path, results


def separator(text):
    return ";" if ";" in text.partition("\n")[0] else ","


def filled(run, name, text, column=None):
    homework, folder, results = run
    (folder / "out.csv").write_text(text, "utf-8-sig", newline="")
    path = folder / "out.csv"
    upload.check([path], homework, column)
    text, notes, _ = upload.filled(path, homework, results, upload.known_people(folder), column)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator(text))), notes


FORMS = {"Moodle": (MOODLE, 5, 1), "Canvas": (CANVAS, 6, 2), "Brightspace": (BRIGHTSPACE, 4, 1),
         "Blackboard": (BLACKBOARD, 3, 1)}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_platform_s_own_file_comes_back_with_the_marks_in_it(run, form):
    text, at, first = FORMS[form]
    rows, notes = filled(run, form, text)
    was = list(csv.reader(io.StringIO(text), delimiter=separator(text)))
    assert [row[at] for row in rows[first : first + 3]] == ["7,5" if ";" in text else "7.5", "0", "0"]
    for row, before in zip(rows, was, strict=True):
        changed = [i for i, pair in enumerate(zip(row, before, strict=True)) if pair[0].lstrip("'") != pair[1]]
        assert set(changed) <= {at, 8}, row  # 8: Moodle's comments
    assert not any("row" in note for note in notes)
    assert any("maximum" in note for note in notes) == (form == "Canvas")  # 85 there, 100 here


def test_no_cell_is_a_formula_and_comments_are_escaped(run):
    rows, _ = filled(run, "Moodle", MOODLE)
    assert rows[2][1] == "'=Bo Ray" and "7.5 of" in rows[1][8] and "&lt;b&gt;" in rows[1][8]
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "@"))]
    assert upload.tame("-") == "-" and upload.tame("-5") == "-5" and upload.tame("-x") != "-x"


def test_people_without_a_row_and_rows_without_people_are_named(run):
    homework, folder, results = run
    (folder / "one.csv").write_text(MOODLE.replace("Chi Fox,,c@x.org", "Dora New,,d@x.org"))
    upload.keep_worksheets(folder, [folder / "one.csv"])
    notes = upload.write_tables(folder, homework, results)
    assert any("1 students have no row of their own in one.csv: Chi Fox." in note for note in notes)
    assert any("Dora New" in note and "as they were" in note for note in notes)


def test_of_several_platforms_each_has_a_part_of_the_class_and_one_column_is_named(run):
    homework, folder, results = run
    first, last = MOODLE.splitlines(keepends=True)[:2], CANVAS.replace("hw2 (9)", "Second").splitlines(keepends=True)
    (folder / "moodle.csv").write_text("".join(first))
    (folder / "canvas.csv").write_text("".join([*last[:2], last[3]]))  # Ann is in one, Bo in the other, Chi in none
    exports = [folder / "moodle.csv", folder / "canvas.csv"]
    upload.check(exports, homework, "Second")
    upload.keep_worksheets(folder, exports, "Second")
    notes = upload.write_tables(folder, homework, results)  # which knows the column, as does whoever regrades
    assert [note for note in notes if "no row" in note] == [
        "1 students have no row of their own in canvas.csv or moodle.csv: Chi Fox."]  # fmt: skip
    assert ",7.5," in (folder / "lms/moodle.csv").read_text("utf-8-sig")
    assert (folder / "lms/canvas.csv").read_text("utf-8-sig").splitlines()[2].endswith(",A,2,0")
    with pytest.raises(Refused, match="No export has a column 'Another'"):
        upload.check([folder / "moodle.csv"], homework, "Another")
    (folder / "grades.csv").write_text(MOODLE)
    with pytest.raises(Refused, match="Rename it"):
        upload.check([folder / "grades.csv"], homework)


def test_column_that_can_t_be_guessed_is_asked_for(run):
    text = CANVAS.replace("hw2 (9)", "Second (9)")
    with pytest.raises(Refused, match=r"--column .*Second \(9\)"):
        filled(run, "Canvas", text)
    assert filled(run, "Canvas", text, "Second (9)")[0][2][6] == "7.5"
    with pytest.raises(Refused, match="2 columns"):
        filled(run, "Canvas", CANVAS.replace("hw1 (8)", "hw2 again"))


def test_plain_table_and_moodle_s_zip_file_hold_everybody(run):
    homework, folder, results = run
    for result in results:
        write_whole(folder / "feedback" / f"{result['slug']}.html", result["student"])
    upload.write_tables(folder, homework, results)
    upload.write_pages(folder, homework, results)
    rows = list(csv.DictReader(io.StringIO((folder / "lms/grades.csv").read_text("utf-8-sig"))))
    assert [(row["name"], row["ids"], row["platform's number"], row["platform says"]) for row in rows] == [
        ("Ann Lee", "0012", "0071", ""), ("Bo Ray", "0013", "72", "late"), ("Chi Fox", "", "", "")]  # fmt: skip
    assert rows[0]["total"] == "7.5" and rows[0]["e-mail"] == "al@x.org" and MISSING in rows[2]["remarks"]
    with zipfile.ZipFile(folder / "lms/feedback-moodle.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "Ann Lee_0071_assignsubmission_file_/hw2-feedback.html": b"Ann Lee",
            "Bo Ray_72_assignsubmission_file_/hw2-feedback.html": b"Bo Ray"}  # fmt: skip


def test_name_that_lost_its_zeros_in_a_spreadsheet_is_found_again():
    homework = homework_called("hw2")
    results = [marker.nothing(homework, small(name), True) for name in ("0071", "72", "007", "07")]
    marks, missing, blank = merge.points_of(homework, results, "student,task,points\n71,in_words,9\n72,in_words,8\n", 1)
    assert (
        [marks[result["slug"]][0]["points"] for result in results] == [9, 8, 0, 0] and len(missing) == 2 and not blank
    )
    with pytest.raises(Refused, match="there is no '7'"):  # it could be either
        merge.points_of(homework, results, "student,task,points\n7,in_words,9\n", 1)
