"""One student of a finished run is marked again, and everybody else's marks stay as they are."""

import csv
import io
import json

import pytest

from grading import __main__ as command
from grading import finished, marker, session, sheet, upload
from grading.errors import Refused
from grading_case import homework_called, small


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The folder of a finished run of two, and a notebook of Ada's that earns full marks from a marker made up."""
    hw2 = homework_called("hw2")
    seeds = []

    def grade_all(run_, submissions, workers=None, progress=True):
        seeds.append(run_.state["seed"])
        result = marker.nothing(hw2, submissions[0], True) | {"written": {"in_words": "other words"}}
        for mark in result["marks"]:
            mark["points"] = mark["most"]
        return [result]

    monkeypatch.setattr(finished, "grade_all", grade_all)
    begun = session.Run(tmp_path / "out", hw2, seed=1)
    results = [marker.nothing(hw2, small(name), True) | {"written": {"in_words": "words"}} for name in ("ada", "bo")]
    for result in results:
        begun.keep(result)
    upload.write_people(begun.folder, [small("ada"), small("bo")])
    sheet.write_all(begun, results, [], 1.0)
    begun.finish(results)
    begun.close()
    (tmp_path / "new.ipynb").write_text("{}")
    return begun.folder, tmp_path / "new.ipynb", seeds


def totals(folder):
    rows = csv.DictReader(io.StringIO((folder / "grades.csv").read_text("utf-8-sig")))
    return {row["student"]: float(row["total"]) for row in rows}


def test_new_marks_are_everywhere_with_fresh_inputs_and_the_old_ones_are_kept(run, capsys):
    folder, notebook, seeds = run
    others = (folder / "feedback").glob("bo-*.html").__next__().read_bytes()
    assert command.main(["regrade", str(folder), "ada", str(notebook)]) == 0
    assert "ada: 0 before, 85 now" in capsys.readouterr().out
    assert totals(folder) == {"ada": 85, "bo": 0} and seeds != [1]
    assert "85 of 85" in next((folder / "feedback").glob("ada-*.html")).read_text("utf-8")
    assert next((folder / "feedback").glob("bo-*.html")).read_bytes() == others
    (kept,) = (folder / "earlier").iterdir()
    assert totals(kept) == {"ada": 0, "bo": 0} and json.loads(next(kept.glob("results/*.json")).read_text("utf-8"))
    assert "other words" in (folder / "written.csv").read_text("utf-8-sig")


def test_points_given_by_hand_stay_where_the_words_are_the_same(run, capsys):
    folder, notebook, _ = run
    path = folder / "written.csv"
    path.write_text(path.read_text("utf-8-sig").replace("in_words,,15", "in_words,12,15"), "utf-8-sig")
    assert command.main(["merge", str(folder)]) == 0 and totals(folder) == {"ada": 12, "bo": 12}
    assert command.main(["regrade", str(folder), "ada", str(notebook)]) == 0
    said = capsys.readouterr().out
    assert "its points are taken out" in said and "ada, in_words" in said and totals(folder) == {"ada": 85, "bo": 12}


def test_who_is_not_in_the_run_and_what_is_no_file_is_refused(run):
    folder, notebook, _ = run
    hw2 = homework_called("hw2")
    with pytest.raises(Refused, match="There are: ada, bo"):
        finished.regrade(folder, hw2, "chi", notebook)
    with pytest.raises(Refused, match="no file"):
        finished.regrade(folder, hw2, "ada", folder / "x.ipynb")
    with pytest.raises(Refused, match="not the folder of a finished run"):
        finished.read(folder.parent)
