"""A made-up class: a roster, what four learning platforms let a teacher download, and twelve kinds of broken hand-in.

`write` makes the files that a teacher begins with, and returns what should become of whom.
"""

import csv
import io
import json
import zipfile
from typing import NamedTuple

from grading import bank
from grading.homework import Homework

FIRST = ("Ada", "Bo", "Chi", "Dora", "Emil", "Fee", "Gus", "Hua", "Ivo", "Jan", "Kim", "Zoë")
LAST = ("Example", "O'Sample", "Trial-Test", "van Muster", "Ejemplo", "Пример", "Esempio", "Beispiel", "Nguyen", "Vzor")
WORDS = "**Your answer.** The codes come from a Laplace distribution, whose variance is twice the charged one."
PLATFORMS = ("Moodle", "Canvas", "Brightspace", "Blackboard")
DAY = "2026-11-03-23-59-00"


class Student(NamedTuple):
    """Somebody of the class. id: with zeros in front. kind: of the hand-in, a key of BROKEN, "right", "wrong", …"""

    name: str
    id: str
    number: str
    platform: str
    kind: str


def zipped(**files):
    """The bytes of a zip file with these files; their names are written with _ in the place of a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def renamed(book, homework):
    name = homework.tasks[0].name
    return book.replace(f"def {name}(", f"def {name}_mine(")


def twice(book, homework):
    """With a scratch copy of the first function below, which returns nothing of use."""
    cells = json.loads(book)
    source = f"def {homework.tasks[0].name}(*arguments):\n    return None"
    cells["cells"].append(
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    )
    return json.dumps(cells)


def other(book, homework):
    return bank.notebook(Homework("hw3" if homework.name != "hw3" else "hw2"), {}, WORDS)


# {kind: (ending, what is handed in, words that the page says)}; the function takes a right notebook and the homework.
BROKEN = {
    "a program": (".py", lambda book, homework: "x = 1", "no notebook in it"),
    "a web page": (".html", lambda book, homework: "<html></html>", "no notebook in it"),
    "a web page by another name": (".ipynb", lambda book, homework: "<!doctype html>", "it is a web page"),
    "an empty file": (".ipynb", lambda book, homework: "", "it is empty"),
    "half a notebook": (".ipynb", lambda book, homework: book[: len(book) // 2], "not a notebook"),
    "an older format": (".ipynb", lambda book, homework: '{"worksheets": []}', "an older one"),
    "a zip file by another name": (".ipynb", lambda book, homework: zipped(x_txt="x"), "a zip file by another name"),
    "a zip file that ends early": (".zip", lambda book, homework: zipped(hw_ipynb=book)[:-40], "no notebook in it"),
    "a zip file in a zip file": (".zip", lambda book, homework: zipped(a_zip=zipped(hw_ipynb=book)), ""),
    "another homework": (".ipynb", other, "was asked for"),
    "a function by another name": (".ipynb", renamed, "was it renamed?"),
    "a function twice": (".ipynb", twice, "is defined 2 times"),
}


def students(size):
    """The class. From 17 on each broken kind comes at least once, and somebody hands in nothing."""
    kinds, found = list(BROKEN), []
    for n in range(size):
        kind = "right" if n % 4 == 0 else "wrong"
        if n % 15 == 9 if size < 17 or size > 99 else n == 16:
            kind = "nothing"
        elif size > 99 and n % 15 in (1, 2):
            kind = kinds[(2 * (n // 15) + n % 15) % len(kinds)]
        elif size < 100 and 4 <= n < 4 + len(kinds):
            kind = kinds[n - 4]
        name = f"{FIRST[n % len(FIRST)]} {LAST[n // len(FIRST) % len(LAST)]}"
        platform = PLATFORMS[n % 4]
        found.append(Student(name, f"{n + 7:05}", str(4000 + n), platform, kind))
    return found


def path_of(student, homework, ending, late=False):
    """The name under which the student's platform lets the file be downloaded."""
    file, first, _, last = f"{homework.name}{ending}", *student.name.partition(" ")
    run_together = "".join(letter for letter in (last + first).lower() if letter.isalnum())
    return {
        "Moodle": f"Section 1/{student.name}_{student.number}_assignsubmission_file_/{file}",
        "Canvas": f"Section 2/{run_together}_{'LATE_' * late}{student.number}_99{student.number}_{file}",
        "Brightspace": f"Section 3/{student.number}-7 - {student.name} - Nov 3, 2026 1159 PM/{file}",
        "Blackboard": f"Section 4/{homework.name}_u{student.id}_attempt_{DAY}_{file}",
    }[student.platform]


def write(homework, folder, size):
    """Write class.csv, submissions.zip, moodle.csv and canvas.csv into a folder. Returns the Students."""
    class_, rights, wrongs = students(size), list(bank.right(homework).values()), bank.wrong(homework)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "submissions.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n, student in enumerate(class_):
            if student.kind == "nothing":
                continue
            functions = dict(rights[n % len(rights)])
            for j in range(1 + n % 3 if student.kind == "wrong" else 0):
                function, _, source = wrongs[(7 * n + 13 * j) % len(wrongs)]
                functions[function] = source
            book = bank.notebook(homework, functions, f"{WORDS} {student.id}")
            ending, make, _ = BROKEN.get(student.kind, (".ipynb", lambda book, homework: book, ""))
            archive.writestr(path_of(student, homework, ending, late=n % 8 == 1), make(book, homework))
    total = f"{sum(homework.most_of_all.values()):g}"
    tables = {
        "class.csv": [["name", "e-mail", "id", "username"],
                      *([s.name, f"u{s.id}@example.org", s.id, f"u{s.id}"] for s in class_)],
        "moodle.csv": [["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Feedback comments"],
                       *([f"Participant {s.number}", s.name, f"u{s.id}@example.org", "-", total, ""] for s in class_
                         if s.platform == "Moodle")],
        "canvas.csv": [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{homework.name} (77)"],
                       ["    Points Possible", "", "", "", "", total],
                       *([", ".join(s.name.split(" ", 1)[::-1]), s.number, s.id, f"u{s.id}", "2", ""] for s in class_
                         if s.platform == "Canvas")],
    }  # fmt: skip
    for name, rows in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return class_
