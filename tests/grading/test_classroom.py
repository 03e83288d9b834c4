"""A whole class, from what a teacher downloads to what goes back: nobody is missing, and everybody is told why."""

import csv
import html
import io
import os
import zipfile

import pytest

from grading import __main__ as command
from grading import marker, roster, sheet
from grading.bank import classroom
from grading.submissions import collect
from grading_case import NEEDS_SANDBOX, Borrowed, homework_called

SIZE = 17  # four right and wrong ones, one of each broken kind, and one who hands in nothing

EXPORTS = ("moodle", "canvas")


def rows_of(path, separator=","):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=separator))


def table_of(path):
    header, *rows = rows_of(path)
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


@pytest.mark.parametrize("size", [10, SIZE, 120])
def test_everybody_is_found_under_the_name_of_the_roster(tmp_path, size):
    homework = homework_called("hw2")
    class_ = classroom.write(homework, tmp_path, size)
    known = roster.read(tmp_path / "class.csv")
    found, notes, left_out = collect(tmp_path / "submissions.zip", homework.path.stem, known)
    assert sorted(s.student for s in found) == sorted(student.name for student in class_) and not left_out
    by_name = {s.student: s for s in found}
    for student in class_:
        assert bool(by_name[student.name].problem) == (student.kind in (
            "a program", "a web page", "a zip file that ends early", "nothing")), student  # fmt: skip
    assert not any("roster: " in note for note in notes) and any(note.startswith("Late, as") for note in notes)
    assert size == 10 or {student.kind for student in class_} > set(classroom.BROKEN)


@NEEDS_SANDBOX
def test_class_goes_from_a_download_to_final_marks_with_comments_in_three_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(marker, "Sandbox", Borrowed)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # as there is one sandbox
    homework, given = homework_called("hw2"), tmp_path / "class"
    class_ = classroom.write(homework, given, SIZE)
    exports = [part for name in EXPORTS for part in ("--worksheet", str(given / f"{name}.csv"))]
    line = ["grade", "hw2", str(given / "submissions.zip"), "--roster", str(given / "class.csv"), *exports]
    assert command.main([*line, "--out", str(tmp_path / "out")]) == 0
    run = tmp_path / "out/run-001"
    header, *rows = rows_of(run / "written.csv")
    for row in rows:
        assert row[-1] == sheet.BLANK or "Laplace distribution" in row[-1]
        row[header.index("(a)")], row[header.index("comment")] = "4", "Well argued."
    with (run / "written.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    assert command.main(["merge", str(run)]) == 0
    assert command.main(["similar", "hw2", str(given / "submissions.zip"), "--out", str(tmp_path / "alike")]) == 0
    grades, moodle, canvas = table_of(run / "grades.csv"), *(rows_of(run / f"lms/{name}.csv") for name in EXPORTS)
    assert list(grades) == sorted(student.name for student in class_)
    for student in class_:
        row, pages = grades[student.name], [path.read_text("utf-8") for path in (run / "feedback").glob("*.html")]
        (page,) = [text for text in pages if f": {html.escape(student.name)}<" in text]
        _, _, words = classroom.BROKEN.get(student.kind, ("", "", ""))
        assert words in row["remarks"] and html.escape(words) in page, student
        marked = student.kind in ("right", "a zip file in a zip file")
        assert float(row["total"]) == 89 if marked else float(row["total"]) < 89, (student, row)
        assert marked == ("Well argued." in row["remarks"] and float(row["total"]) == 89)
        if student.platform == "Moodle":
            (found,) = [r for r in moodle if r[0] == f"Participant {student.number}"]
            assert float(found[3]) == float(row["total"]) and ("Well argued." in found[5]) == ("Well" in row["remarks"])
        if student.platform == "Canvas":
            (found,) = [r for r in canvas if r[1] == student.number]
            assert float(found[5]) == float(row["total"]) and found[2] == student.id
    with zipfile.ZipFile(run / "lms/feedback-moodle.zip") as archive:
        assert len(archive.namelist()) == sum(student.platform == "Moodle" and student.kind != "nothing"
                                              for student in class_)  # fmt: skip
    assert "1 of the roster handed in nothing" in capsys.readouterr().out
