"""Answers in words reach the marker, wherever and however they are written."""

import json
import re

import pytest

from grading import adjust, bank, sheet, words
from grading.errors import Refused
from grading.homework import masters
from grading.submissions import read_notebook
from grading_case import homework_called

TEXT = "Because the noise is independent."
FENCED = "```\nprint('my argument')\n```"


@pytest.fixture(params=masters(), scope="module")
def homework(request):
    return homework_called(request.param)


class Book:
    """A student's notebook that can be changed: its cells, and where the place for the answer in words is."""

    def __init__(self, homework):
        self.outline, (self.name,) = homework.outline, homework.written
        self.cells = json.loads(bank.notebook(homework, {}))["cells"]
        graded = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in self.cells]
        self.place = graded.index(self.name)

    def put(self, *texts, kind="markdown", before=0):
        """New cells behind the place for the answer, or so many cells before it."""
        new = [{"cell_type": kind, "source": text, "metadata": {}} for text in texts]
        at = self.place + 1 - before
        self.cells[at:at] = new
        self.place += len(new) * bool(before)

    def read(self):
        answers, rest = self.outline.read(read_notebook(json.dumps({"cells": self.cells})))
        assert list(answers) == [self.name]
        return answers[self.name], rest


def source(cell):
    return "".join(cell["source"])


def in_the_place(book):
    start = source(book.cells[book.place]).split("**")[1]
    book.cells[book.place]["source"] = f"**{start}** {TEXT}"


def under_the_place(book):
    book.cells[book.place]["source"] = source(book.cells[book.place]) + f"\n\n{TEXT}"


def over_the_place(book):
    book.put(TEXT, before=1)


def in_the_question(book):
    book.cells[book.place - 1]["source"] = source(book.cells[book.place - 1]) + f"\n\n{TEXT}"


def in_three_cells_with_headings(book):
    book.put("## (a)\nBecause", "### Task 8 (b)\nthe noise", "# References\nis independent.")


def behind_code(book):
    book.put("plt.plot(x)", kind="code")
    book.cells.insert(book.place + 2, {"cell_type": "markdown", "source": TEXT})


def as_raw_text(book):
    book.put(TEXT, kind="raw")


def as_code(book):
    book.put(f'"""{TEXT}"""', kind="code")


def without_the_place(book):
    book.cells[book.place] = {"cell_type": "markdown", "source": TEXT}


def without_metadata(book):
    in_the_place(book)
    for cell in book.cells:
        cell["metadata"] = {}


def without_headings(book):
    in_the_place(book)
    for cell in book.cells:
        if cell["cell_type"] == "markdown" and cell is not book.cells[book.place]:
            cell["source"] = ""
    book.put("And more.")


def without_headings_and_metadata(book):
    without_headings(book)
    for cell in book.cells:
        cell["metadata"] = {}


WAYS = [in_the_place, under_the_place, over_the_place, in_the_question, in_three_cells_with_headings, behind_code,
        as_raw_text, as_code, without_the_place, without_metadata, without_headings,
        without_headings_and_metadata]  # fmt: skip


@pytest.mark.parametrize("write", WAYS)
def test_answer_reaches_the_marker_in_whatever_way_it_is_written(homework, write):
    book = Book(homework)
    write(book)
    answer, rest = book.read()
    assert all(part in answer for part in ("Because", "the noise", "is independent.")) and not rest
    assert not homework.outline.lines & {words.plain(line) for line in answer.split("\n") if line.strip()}


def test_untouched_notebook_has_a_blank_answer_and_nothing_else(homework):
    assert Book(homework).read() == ("", [])


def test_what_no_task_asked_for_is_kept_with_the_heading_that_it_stands_under(homework):
    book = Book(homework)
    first = next(i for i, cell in enumerate(book.cells) if "## Task 2." in source(cell))
    book.cells.insert(first + 1, {"cell_type": "markdown", "source": TEXT})
    book.cells.insert(first + 2, {"cell_type": "raw", "source": "More."})
    answer, [(place, text)] = book.read()
    assert not answer and place.startswith("Task 2.") and text == f"{TEXT}\n\nMore."


def test_pictures_and_code_that_belong_to_an_answer_are_shown(homework):
    book = Book(homework)
    book.put("See:", "print('my argument')", kind="markdown")
    book.cells[book.place + 1]["attachments"] = {"a.png": {}}
    book.cells[book.place + 2] |= {"cell_type": "code", "outputs": [{"data": {"image/png": "x"}}, None, {"data": 3}]}
    assert book.read()[0] == f"See:\n{words.PICTURE}\n\n{FENCED}\n{words.PICTURE}"


def test_endless_answer_is_cut_and_says_so(homework):
    book = Book(homework)
    book.put("x" * 50_000)
    answer, _ = book.read()
    assert len(answer) == words.MOST + len(words.CUT) and answer.endswith(words.CUT)


def test_blank_answers_and_unclaimed_texts_are_flagged():
    homework = homework_called("hw2")
    one = {"student": "ada", "problem": "", "written": {"in_words": ""}, "unclaimed": [["Task 2. x", "=text"]]}
    other = one | {"student": "bo", "written": {"in_words": "two words"}, "unclaimed": []}
    long = one | {"student": "chi", "written": {"in_words": "word " * 351}, "unclaimed": []}
    rows = sheet.written(homework, [one, other]).split("\n")
    assert rows[1].endswith(f",0,350,{sheet.BLANK}") and rows[2].endswith(",2,350,two words")
    assert "ada,Task 2. x,'=text" in sheet.unclaimed([one, other])
    notes = sheet.overlooked(homework, [one, other])
    assert sheet.overlooked(homework, [long]) == ["1 answers to in_words have more than 350 words: chi."]
    assert "1 blank answers to in_words: ada." in notes and "1 students wrote something" in notes[1]


def test_every_homework_says_the_points_of_each_part_and_how_many_words(homework):
    for name, asked in sheet.asked(homework).items():
        assert sum(asked.parts.values()) == homework.written[name][0] and asked.limit >= 250


def test_marker_fills_in_parts_and_they_are_added_up():
    asked = sheet.asked(homework_called("hw2"))["in_words"]
    assert sheet.points_in({"points": "", "(a)": "4", "(b)": "2,5"}, asked, "row 2", adjust.value) == (
        "6.5", "(a) 4 of 5, (b) 2.5 of 5.")  # fmt: skip
    assert sheet.points_in({"points": "3"}, asked, "row 2", adjust.value) == ("3", "")
    odd = {"part (a)": {"(a)": "6"}, "not a number": {"(a)": "x"}, "add up": {"points": "9", "(a)": "1"}}
    for said, row in odd.items():
        with pytest.raises(Refused, match=re.escape(said)):
            sheet.points_in(row, asked, "row 2", adjust.value)


def test_names_are_not_shown_where_they_are_not_to_be_seen():
    homework = homework_called("hw2")
    results = [{"student": name, "slug": f"{name}-1", "problem": "", "unclaimed": [["Task 2.", name]],
                "written": {"in_words": f"I, {name}, think so."}} for name in ("Ada Lee", "Bo Ray")]  # fmt: skip
    for text in (sheet.written(homework, results, 7), sheet.unclaimed(results, 7)):
        assert "Ada" not in text and "Bo" not in text and sheet.code_of(7, results[0]) in text
    assert sheet.code_of(7, results[0]) != sheet.code_of(8, results[0])


def test_answers_are_read_one_at_a_time():
    results = [{"student": name, "slug": name, "problem": "", "written": {"in_words": f"{name} thinks"}}
               for name in ("ada", "bo")]  # fmt: skip
    state = {"homework": "hw2", "results": ["ada", "bo"], "seed": 7}
    text = sheet.read_one(state, results, "bo", "in_words")
    assert "bo thinks" in text and "2 words of 350" in text and "(a) /5" in text and "ada" not in text
    code = sheet.code_of(7, results[0])
    blind = sheet.read_one(state, results, code, anonymous=True)
    assert blind.startswith(code) and "ada" not in blind.partition("\n")[0]
    for odd in ({"student": "chi"}, {"task": "kl_std"}):
        with pytest.raises(Refused):
            sheet.read_one(state, results, **odd)
