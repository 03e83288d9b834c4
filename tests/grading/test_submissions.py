"""Submissions are found and read whatever students hand in, and nobody hands in for somebody else."""

import json
import os
import re
import zipfile

import pytest

from grading import archives, lms, submissions
from grading.submissions import Submission, collect
from grading_case import EMPTY


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ivanov/hw2 (1).ipynb", "ivanov"),
        ("hw2/ivanov/hw2-kl-reparameterization.ipynb", "ivanov"),
        ("hw2-kl-reparameterization-ivanov.ipynb", "ivanov"),
        ("ivanov_hw2 (3).ipynb", "ivanov"),
        ("Анна Иванова_12345_assignsubmission_file_/hw2.ipynb", "Анна Иванова"),
        ("ivanovanna_LATE_12345_678910_hw2-1.ipynb", "ivanovanna"),
        ("ivanov hw2-2.ipynb", "ivanov"),
        ("student-7.ipynb", "student-7"),
        ("hw2-1234567.ipynb", "1234567"),
        ("hw2-12-ivanov.ipynb", "12-ivanov"),
        ("O'Brien, Zoë - hw2.ipynb", "O'Brien, Zoë"),
        ("12345-67890 - Ann Lee - Nov 3, 2026 1159 PM/hw2.ipynb", "Ann Lee"),
        ("12345-67890 - Ann Lee-Ray - Nov 3, 2026 1159 PM - hw2.ipynb", "Ann Lee-Ray"),
        ("hw2_alee_attempt_2026-11-03-23-59-00_hw2.ipynb", "alee"),
        ("Homework 2_alee_attempt_2026-11-03-23-59-00/hw2.ipynb", "alee"),
        ("Group 1/Ann Lee/hw2.ipynb", "Ann Lee"),
        ("Section 2/Ann Lee_1234567_assignsubmission_file_/hw2.ipynb", "Ann Lee"),
        ("Gruppe 1/Ann Lee/hw2.ipynb", "Ann Lee"),
        ("Group 1/hw2.ipynb", "Group 1"),
        ("eve/Ann Lee_1234567_assignsubmission_file_/hw2.ipynb", "eve"),
        ("hw2 (1).ipynb", ""),
    ],
)
def test_student_is_read_from_the_names_that_lms_give(path, student):
    from pathlib import PurePosixPath

    assert lms.owner_of(PurePosixPath(path), "hw2-kl-reparameterization").student == student


def test_duplicates_are_reported_and_the_newest_is_taken(tmp_path):
    for name, when in (("ada hw2.ipynb", 100), ("ada hw2 (1).ipynb", 300), ("ada_hw2 (2).ipynb", 200), ("bo.ipynb", 1)):
        (tmp_path / name).write_text(EMPTY)
        os.utime(tmp_path / name, (when, when))
    found, notes, _ = collect(tmp_path, "hw2-x")
    assert [(s.student, s.where) for s in found] == [("ada", "ada hw2 (1).ipynb"), ("bo", "bo.ipynb")]
    assert "ada handed in 3 notebooks" in notes[0] and "byte for byte: ada, bo" in notes[1]


def test_of_a_whole_folder_the_homework_is_graded_and_no_lesson(tmp_path):
    for name, when in (("ada/hw2/hw2-x.ipynb", 100), ("ada/hw1/hw1-y.ipynb", 300), ("ada/hw12/hw12-y.ipynb", 200)):
        (tmp_path / "all" / name).parent.mkdir(parents=True)
        (tmp_path / "all" / name).write_text(EMPTY)
        os.utime(tmp_path / "all" / name, (when, when))
    (tmp_path / "link").symlink_to(tmp_path / "all")
    for place in ("all", "link"):  # the teacher's own link is no student's
        found, notes, _ = collect(tmp_path / place, "hw2-x")
        assert [s.where for s in found] == ["ada/hw2/hw2-x.ipynb"] and "3 notebooks" in notes[0]


def test_zip_of_a_folder_and_folder_of_zips_are_read_alike(tmp_path):
    write_zip(tmp_path / "all.zip", [("hw2/ada/hw2.ipynb", EMPTY), ("hw2/bo/hw2.ipynb", EMPTY + " ")])
    (tmp_path / "folder").mkdir()
    write_zip(tmp_path / "folder/ada.zip", [("hw2.ipynb", EMPTY)])
    write_zip(tmp_path / "folder/bo.zip", [("deep/er/hw2.ipynb", EMPTY + " ")])
    for place in ("all.zip", "folder"):
        assert [s.student for s in collect(tmp_path / place, "hw2-x")[0]] == ["ada", "bo"]


def test_links_bombs_and_names_that_point_outside_are_left_out(tmp_path):
    link = zipfile.ZipInfo("link/hw2.ipynb")
    link.external_attr = 0o120777 << 16
    bomb = b" " * (archives.MOST_BYTES + 1)
    entries = [("../../evil/hw2.ipynb", EMPTY), ("/etc/hw2.ipynb", EMPTY), ("C:\\evil\\hw2.ipynb", EMPTY),
               (link, "/etc/passwd"), ("bomb/hw2.ipynb", bomb), ("good/hw2.ipynb", EMPTY)]  # fmt: skip
    found, notes, _ = collect(write_zip(tmp_path / "all.zip", entries), "hw2-x")
    assert [(s.student, bool(s.problem)) for s in found] == [("bomb", True), ("good", False), ("link", True)]
    assert len(notes) == 2 and "hw2.ipynb (a link)" in found[2].problem and "all.zip: C:/evil/hw2.ipynb" in notes[0]
    (tmp_path / "real").mkdir()
    (tmp_path / "real/hw2.ipynb").write_text(EMPTY)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/good.ipynb").write_text(EMPTY)
    (tmp_path / "folder/file.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "folder/dir").symlink_to(tmp_path / "real")
    found, notes, _ = collect(tmp_path / "folder", "hw2-x")
    assert [s.student for s in found] == ["good"] and any("link" in note for note in notes)


def test_zip_files_made_to_confuse_are_reported_and_stop_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("hw2.ipynb", EMPTY)
    write_zip(tmp_path / "bo.zip", [("hw2.ipynb", EMPTY)])
    whole = (tmp_path / "bo.zip").read_bytes()
    (tmp_path / "chi.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "dora.zip", "w") as archive:
        archive.writestr("hw2.ipynb", EMPTY)
    (tmp_path / "dora.zip").write_bytes((tmp_path / "dora.zip").read_bytes().replace(b"cells", b"other"))  # not its sum
    for i in range(0, len(whole), 3):
        (tmp_path / f"e{i:03d}.zip").write_bytes(whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :])
    found, notes, _ = collect(tmp_path, "hw2-x")
    by_name = {s.student: s for s in found}
    assert "unusual way" in by_name["ada"].problem and by_name["bo"].data == EMPTY.encode()
    assert "can't be read" in by_name["dora"].problem and any("chi.zip can't be read" in note for note in notes)


def test_a_student_s_name_never_becomes_a_path_nor_too_long_for_one():
    for name in ("../../x", "/etc/passwd", "..", "", "\x00", "a" * 500, "𓀀" * 500, "CON", "=1+1", "<b>", "Ж/Ж"):
        slug = Submission(name, "", b"", (0, 0)).slug
        assert re.fullmatch(r"[\w-]+", slug) and len(f".{slug}.json12345678".encode()) < 255
    assert Submission("a b", "", b"", (0, 0)).slug != Submission("a-b", "", b"", (0, 0)).slug


def test_names_that_move_a_terminal_s_cursor_or_hide_letters_are_made_harmless(tmp_path):
    names = [
        "\x1b]0;x\x07ada hw2.ipynb",
        "bo\u202ehw2.ipynb",
        "chi\n hw2.ipynb",
        b"dora\xff hw2.ipynb".decode("utf-8", "surrogateescape"),
    ]
    for name in names:
        (tmp_path / name).write_text(EMPTY)
    found, notes, _ = collect(tmp_path, "hw2-x")
    assert len(found) == 4
    for text in [*notes, *(s.student for s in found), *(s.where for s in found)]:
        assert text.encode() and not re.search(r"[\x00-\x1f\x7f\u202e]", text), text


def test_zip_file_of_one_student_does_not_fill_the_memory(tmp_path):
    large = b" " * (archives.MOST_BYTES - 1)
    write_zip(tmp_path / "ada.zip", [(f"{i}/hw2.ipynb", large) for i in range(8)] + [("a" * 5000 + ".ipynb", EMPTY)])
    write_zip(tmp_path / "bo.zip", [("x" * 5000 + " (1" * 9000 + ".ipynb", EMPTY), ("hw2.ipynb", EMPTY)])
    found, notes, _ = collect(tmp_path, "hw2-x")
    assert [s.student for s in found] == ["ada", "bo"]
    assert any("more than 50 MB" in note for note in notes) and any("5,006." in note for note in notes)
    write_zip(tmp_path / "chi.zip", [(f"{i}/hw2.ipynb", large + b"  ") for i in range(8)])
    assert any("chi.zip holds more than 50 MB" in note for note in collect(tmp_path, "hw2-x")[1])


def test_zip_file_of_one_student_does_not_fill_the_screen(tmp_path):
    links = [zipfile.ZipInfo(f"{i}.ipynb") for i in range(500)]
    for link in links:
        link.external_attr = 0o120777 << 16
    many = [(f"{'x' * 50}{i}/hw2.ipynb", EMPTY) for i in range(500)]
    write_zip(tmp_path / "eve.zip", [(link, "x") for link in links] + many)
    found, notes, _ = collect(tmp_path, "hw2-x")
    assert [s.student for s in found] == ["eve"] and len("\n".join(notes)) < 2000
    assert any("495 more" in note for note in notes) and any("494 more" in note for note in notes)


def test_files_that_are_no_notebooks_hide_nobody_however_many_they_are(tmp_path):
    names = [f"ada/{place}/lib/{i}.py" for place in (".venv", "venv") for i in range(10_001)]
    write_zip(tmp_path / "all.zip", [*((name, "") for name in names), ("ada/hw2.ipynb", EMPTY), ("bo/hw2.ipynb", "{}")])
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "folder")
    for place in ("all.zip", "folder"):
        found, notes, left_out = collect(tmp_path / place, "hw2-x")
        assert [s.student for s in found] == ["ada", "bo"] and not left_out and len("\n".join(notes)) < 1000


def test_more_notebooks_than_anybody_has_hide_nobody_and_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 20)
    for i in range(21):
        (tmp_path / "class/ada").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"class/ada/{i}.ipynb").write_text(EMPTY)
    (tmp_path / "class/bo").mkdir()
    (tmp_path / "class/bo/hw2.ipynb").write_text("{}")
    (tmp_path / "class/chi").mkdir()
    files = list((tmp_path / "class").rglob("*.ipynb"))
    write_zip(tmp_path / "all.zip", [(str(path.relative_to(tmp_path)), path.read_bytes()) for path in files])
    for place in ("class", "all.zip"):
        found, notes, left_out = collect(tmp_path / place, "hw2-x")
        assert [s.student for s in found if s.data] == ["ada", "bo"], place
        assert len(left_out) == 1 and "ada holds 21 notebooks and zip files; 1 were left out" in left_out[0]
        assert left_out[0] in notes
    assert "Empty folders: chi." in collect(tmp_path / "class", "hw2-x").notes
    write_zip(tmp_path / "class/chi/mine.zip", [(f"{i}.ipynb", EMPTY) for i in range(21)])
    assert any(
        "chi/mine.zip holds more than 20 notebooks" in note for note in collect(tmp_path / "class", "hw2-x").left_out
    )


def test_what_is_no_notebook_is_not_left_out_in_silence(tmp_path):
    write_zip(tmp_path / "all.zip", [("ada/hw2.ipynb", EMPTY), ("bo/hw2.zip", b"PK"), ("chi/hw2.pdf", b"%PDF")])
    notes = collect(tmp_path / "all.zip", "hw2-x")[1]
    assert any("bo/hw2.zip" in note and "chi/hw2.pdf" in note for note in notes)
    (tmp_path / "dora hw2.py").write_text("x")
    assert any("dora hw2.py" in note for note in collect(tmp_path, "hw2-x")[1])


def test_folder_or_archive_with_nothing_in_it_is_somebody_s(tmp_path):
    nothing = b"PK\5\6" + bytes(18)
    entries = [("ada/.DS_Store", "x"), ("bo/.ipynb_checkpoints/hw2.ipynb", EMPTY), ("chi/hw2.zip", nothing),
               ("dora/hw2.ipynb", EMPTY), ("../eve/", ""), ("__MACOSX/fee/._hw2.ipynb", "x")]  # fmt: skip
    with zipfile.ZipFile(write_zip(tmp_path / "all.zip", entries)) as archive:
        archive.extractall(tmp_path / "folder", [name for name, _ in entries if ".." not in name])
    for place in ("all.zip", "folder"):
        found, notes, _ = collect(tmp_path / place, "hw2-x")
        assert [(s.student, bool(s.data)) for s in found] == [
            ("ada", False), ("bo", False), ("chi", False), ("dora", True)]  # fmt: skip
        assert any(note.startswith("Empty folders") and note.endswith(": ada, bo.") for note in notes)
        assert any("chi/hw2.zip holds no notebook" in note for note in notes)


def test_thousands_of_links_are_one_line(tmp_path):
    links = [zipfile.ZipInfo(f"eve/{i}.ipynb") for i in range(3000)]
    for link in links:
        link.external_attr = 0o120777 << 16
    write_zip(tmp_path / "all.zip", [*((link, "x") for link in links), ("bo/hw2.ipynb", EMPTY)])
    for name in ("eve", "bo"):
        (tmp_path / "folder" / name).mkdir(parents=True)
    for i in range(3000):
        (tmp_path / f"folder/eve/{i}.ipynb").symlink_to("x")
    (tmp_path / "folder/bo/hw2.ipynb").write_text(EMPTY)
    for place in ("all.zip", "folder"):
        found, notes, left_out = collect(tmp_path / place, "hw2-x")
        assert [(s.student, bool(s.data)) for s in found] == [("bo", True), ("eve", False)] and not left_out
        assert len(notes) == 1 and "and 2,995 more" in notes[0] and "(a link)" in found[1].problem


NO_NOTEBOOKS = [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe", b"[" * 10**6, b'{"worksheets": []}',
                b'{"cells": ' + b"9" * 10**5 + b"}", b'{"cells": [' + b"[]," * 10**6 + b"[]]}"]  # fmt: skip


@pytest.mark.parametrize("data", NO_NOTEBOOKS)
def test_what_is_not_a_notebook_is_said_to_be_none(data):
    with pytest.raises(submissions.Unreadable, match="more than 2,000" if b"[]," in data else "not a notebook"):
        submissions.read_notebook(data)


@pytest.mark.parametrize("source", [5, None, True, 1.5, {"a": "b"}, [["x"], 3], ["x = 1", None]])
def test_odd_source_of_a_cell_is_no_fault_of_the_grader(source):
    book = json.dumps({"cells": [{"cell_type": "code", "source": source}, {"cell_type": "markdown", "source": source}]})
    text = "x = 1" if isinstance(source, list) and "x = 1" in source else ""
    cells = submissions.read_notebook(book.encode())
    assert cells == [("code", text, None, 0), ("markdown", text, None, 0)]


def test_students_of_the_same_name_and_of_no_name_are_kept_apart(tmp_path):
    entries = [("Anna Li_11_assignsubmission_file_/hw2.ipynb", EMPTY),
               ("Anna Li_12_assignsubmission_file_/x.ipynb", "{}"),
               ("Anna Li_14_assignsubmission_file_/hw2.py", "x"),
               ("Bo_13_assignsubmission_file_/hw2.ipynb", EMPTY), ("hw2-chi/hw2.ipynb", EMPTY),
               ("hw2-dora/hw2.ipynb", EMPTY)]  # fmt: skip
    found, notes, _ = collect(write_zip(tmp_path / "all.zip", entries), "hw2-x")
    names = [s.student for s in found]
    assert len(names) == 6 and {"Anna Li 11", "Anna Li 12", "Anna Li 14", "Bo"} <= set(names)
    assert any("several students" in note for note in notes) and any("names no student" in note for note in notes)
    (tmp_path / "folder/eve").mkdir(parents=True)
    for name in ("hw2.ipynb", "hw2 (1).ipynb"):
        (tmp_path / "folder/eve" / name).write_text(EMPTY)
    assert [s.student for s in collect(tmp_path / "folder", "hw2-x")[0]] == ["eve"]


def test_newest_is_taken_also_between_a_zip_file_and_a_notebook(tmp_path):
    (tmp_path / "ada.ipynb").write_text(EMPTY)
    os.utime(tmp_path / "ada.ipynb", (1_500_000_000, 1_500_000_000))
    write_zip(tmp_path / "ada.zip", [(zipfile.ZipInfo("hw2.ipynb", (2024, 5, 1, 12, 0, 0)), EMPTY + " ")])
    assert [s.where for s in collect(tmp_path, "hw2-x")[0]] == ["ada.zip: hw2.ipynb"]


def test_notebook_that_is_also_a_zip_file_hands_in_for_nobody_else(tmp_path):
    write_zip(tmp_path / "eve.ipynb", [("ada/hw2.ipynb", EMPTY), ("bo/hw2.ipynb", EMPTY)])
    assert [s.student for s in collect(tmp_path / "eve.ipynb", "hw2-x")[0]] == ["eve"]
