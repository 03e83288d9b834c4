"""Nobody disappears: who is on the roster has a row, whatever was handed in, and names mean who they mean."""

import json
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

import pytest

from grading import lms, roster
from grading.errors import Refused
from grading.submissions import collect
from grading_case import EMPTY

FORMS = {
    "Moodle's worksheet": "Identifier,Full name,Email address,Grade\nParticipant 0071,Ann Lee,al@x.org,-\n",
    "Moodle's participants": "First name,Surname,ID number,Email address\nAnn,Lee,0071,al@x.org\n",
    "Canvas": "Student,ID,SIS User ID,SIS Login ID,Section,hw2 (9)\n    Points Possible,,,,,85\n"
    '"Lee, Ann",5,0071,al@x.org,A,\n"Student, Test",6,,,A,\n',
    "Brightspace": "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
    "#0071,#al,Lee,Ann,al@x.org,#\n",
    "Blackboard": "Last Name\tFirst Name\tUsername\tStudent ID\nLee\tAnn\tal@x.org\t0071\n",
    "plain": "name;e-mail;id\nAnn Lee;al@x.org;0071\n",
}


def class_of(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, "utf-8-sig")
    return roster.read(tmp_path / "roster.csv")


@pytest.mark.parametrize("form", FORMS)
def test_headers_of_platforms_are_understood_and_no_zero_is_lost(tmp_path, form):
    found = class_of(tmp_path, FORMS[form])
    (person,) = found.people
    assert person.student == "Ann Lee" and "0071" in (*person.ids, person.number)
    for name in ("Ann Lee", "Lee, Ann", "lee_ann", "leeann", "ANN  LEE", "al@x.org"):
        assert found.find(name) == [person], name
    assert not found.find("Ann") and not found.find("") and not found.find("Ann Leeds")


def test_people_of_one_name_are_told_apart_by_their_numbers(tmp_path):
    found = class_of(tmp_path, "Identifier,Full name,ID number\nParticipant 7,Ann Lee,07\nParticipant 8,Ann Lee,08\n")
    assert [person.student for person in found.people] == ["Ann Lee 07", "Ann Lee 08"]
    assert [person.number for person in found.find("Ann Lee", "8")] == ["8"] and len(found.find("Ann Lee")) == 2


def test_zeros_that_a_spreadsheet_took_stop_nobody(tmp_path):
    found = class_of(tmp_path, "name,id\nAnn Lee,71\nBo Ray,0072\nChi Fox,007\nDora New,07\n")
    names = [[person.name for person in found.find(number)] for number in ("0071", "72", "0072", "007", "7")]
    assert names == [["Ann Lee"], ["Bo Ray"], ["Bo Ray"], ["Chi Fox"], ["Chi Fox", "Dora New"]]


def test_name_survives_whatever_encoding_an_archive_writes_it_in(tmp_path):
    """UTF-8 without a word, as macOS has it; an old Windows' code page; that and UTF-8 beside it, as WinRAR has it."""
    names = {"Zoë Ray": "utf-8", "Анна Ли": "cp866", "Ольга Юр": "cp866", "Jörg Öz": "cp850"}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for i, (name, code) in enumerate(names.items()):
            entry, raw = zipfile.ZipInfo(f"{'ABCD'[i] * len(name.encode(code))}/hw2.ipynb"), name.encode(code)
            if name == "Ольга Юр":
                path = f"{name}/hw2.ipynb".encode()
                checksum = zlib.crc32(raw + b"/hw2.ipynb")
                entry.extra = struct.pack("<HHBI", 0x7075, len(path) + 5, 1, checksum) + path
            archive.writestr(entry, EMPTY)
    data = (tmp_path / "all.zip").read_bytes()
    for i, (name, code) in enumerate(names.items()):
        data = data.replace(b"ABCD"[i : i + 1] * len(name.encode(code)) + b"/", name.encode(code) + b"/")
    (tmp_path / "all.zip").write_bytes(data)
    found, notes, _ = collect(tmp_path / "all.zip", "hw2-x", class_of(tmp_path, "name\n" + "\n".join(names)))
    assert sorted(s.student for s in found) == sorted(names) and all(s.data for s in found)
    assert not any("roster" in note for note in notes)
    without = {s.student for s in collect(tmp_path / "all.zip", "hw2-x").submissions}
    assert {"Zoë Ray", "Ольга Юр"} < without and len(without) == len(names)


def test_roster_that_names_nobody_is_refused(tmp_path):
    for text in ("", "a,b\n1,2\n", "name,id\n"):
        with pytest.raises(Refused):
            class_of(tmp_path, text)
    (tmp_path / "roster.csv").write_bytes("name\nZoë\n".encode("cp1252"))
    with pytest.raises(Refused, match="CSV UTF-8"):
        roster.read(tmp_path / "roster.csv")
    (tmp_path / "roster.csv").write_bytes("name\tid\nZoë\t1\n".encode("utf-16"))
    assert roster.read(tmp_path / "roster.csv").people[0].name == "Zoë"


def test_what_platforms_say_beside_the_name_is_kept():
    def owner(path):
        return lms.owner_of(PurePosixPath(path), "hw2-x")

    late = owner("leeann_LATE_12345_67890_hw2.ipynb")
    assert late.late and late.number == "12345" and not owner("leeann_12345_67890_hw2.ipynb").late
    moodle = owner("Ann Lee_0071_assignsubmission_file_/hw2.ipynb")
    assert (moodle.number, moodle.folder) == ("0071", "Ann Lee_0071_assignsubmission_file_")
    days = [owner(f"1-2 - Ann Lee - {day} PM/hw2.ipynb").when for day in ("Nov 3, 2026 1159", "Nov 3, 2026 905")]
    assert days[0] > days[1] > 0
    blackboard = "hw2_al_attempt_2026-11-03-23-59-00"
    assert owner(f"{blackboard}.txt").info and owner(f"{blackboard}_x.py").when and not owner(f"{blackboard}_x.py").info


def handed_in(tmp_path):
    """A class whose people handed in all kinds of things."""
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    for path, name, content in ((inner, "work/hw2.ipynb", EMPTY), (outer, "my.zip", None)):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content or inner.read_bytes())
    ends = "_{}_assignsubmission_file_"
    files = {
        f"Ann Lee{ends.format(1)}/hw2.ipynb": EMPTY + " ",
        f"Bo Py{ends.format(2)}/hw2.py": "x = 1",
        f"Chi Html{ends.format(3)}/hw2.html": "<html>",
        f"Dora Zip{ends.format(4)}/all.zip": outer.read_bytes(),
        f"Emil Empty{ends.format(5)}/hw2.ipynb": "",
        f"Fee Nothing{ends.format(6)}/": "",
        f"Gus Page{ends.format(7)}/hw2.ipynb": "<!doctype html>",
        f"Hua Bad{ends.format(8)}/hw2.zip": "PK",
        f"Ivo Stranger{ends.format(9)}/hw2.ipynb": EMPTY,
        "index.html": "<html>",
    }
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "folder")
    names = ["Ann Lee", "Bo Py", "Chi Html", "Dora Zip", "Emil Empty", "Fee Nothing", "Gus Page", "Hua Bad", "Jan No"]
    return class_of(tmp_path, "name,id\n" + "".join(f"{name},{n:04}\n" for n, name in enumerate(names, 1)))


@pytest.mark.parametrize("place", ["all.zip", "folder"])
def test_everybody_has_a_row_that_says_what_was_found(tmp_path, place):
    class_ = handed_in(tmp_path)
    found, notes, _ = collect(tmp_path / place, "hw2-x", class_)
    by_name = {s.student: s for s in found}
    assert list(by_name) == [person.student for person in class_.people[:8]] + ["Ivo Stranger", "Jan No"]
    assert by_name["Dora Zip"].data == EMPTY.encode() and by_name["Ann Lee"].data
    for name, words in (("Bo Py", "hw2.py"), ("Chi Html", "hw2.html"), ("Hua Bad", "hw2.zip"),
                        ("Fee Nothing", "an empty folder"), ("Jan No", "nothing was handed in")):  # fmt: skip
        assert words in by_name[name].problem and by_name[name].data is None, name
    assert any("Not on the roster: Ivo Stranger" in note for note in notes)
    without = {s.student for s in collect(tmp_path / place, "hw2-x").submissions}
    assert without == {*by_name} - {"Jan No"}


def test_lateness_and_members_of_groups_are_read(tmp_path):
    class_ = class_of(tmp_path, FORMS["Canvas"] + '"Ray, Bo",7,8,bo,A,\n"Fox, Chi",9,10,chi,A,\n')
    (tmp_path / "in/Group 1").mkdir(parents=True)
    for name in ("leeann_LATE_5_77_hw2.ipynb", "Group 1/Bo Ray hw2.ipynb", "chi hw2.ipynb"):
        (tmp_path / "in" / name).write_text(json.dumps({"cells": [], "name": name}))
    found, notes, _ = collect(tmp_path / "in", "hw2-x", class_)
    assert [s.student for s in found] == ["Ann Lee", "Bo Ray", "Chi Fox"] and all(s.data for s in found)
    assert [s.owner.late for s in found] == [True, False, False] and any(n.startswith("Late, as") for n in notes)


def test_number_of_one_platform_is_nobody_s_of_another(tmp_path):
    class_ = class_of(tmp_path, FORMS["plain"])
    assert not class_.find("Eve Stranger", "0071") and class_.find("Ann Lee", "5")


def test_zip_files_in_zip_files_have_a_limit_and_hide_nobody(tmp_path):
    def packed(**files):
        path = tmp_path / "part.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(f"{name}.zip" if isinstance(content, bytes) else f"{name}.ipynb", content)
        return path.read_bytes()

    deep = packed(hw2=EMPTY)
    for _ in range(5):
        deep = packed(inner=deep)
    many = packed(**{f"hw{i}": packed(hw2=EMPTY) for i in range(30)})
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in (("ada/deep.zip", deep), ("bo/many.zip", many), ("chi/hw2.ipynb", EMPTY)):
            archive.writestr(name, content)
    found, _, left_out = collect(tmp_path / "all.zip", "hw2-x")
    assert [(s.student, bool(s.data)) for s in found] == [("ada", False), ("bo", True), ("chi", True)]
    assert "there is no notebook in it" in found[0].problem
    assert len(left_out) == 1 and "bo/many.zip holds 30 zip files; 10 were left out." in left_out[0]
