"""The class, from a CSV file of a learning platform or of the teacher's own: who is who, and who handed in nothing."""

import contextlib
import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from grading.errors import Refused

# What platforms call their columns, in small letters and without signs. Moodle: the grading worksheet and the list of
# participants; Canvas, Brightspace and Blackboard: the gradebook.
NAME = ("name", "fullname", "student", "studentname", "learner")
FIRST, LAST = ("firstname", "givenname", "forename"), ("lastname", "surname", "familyname")
EMAIL = ("email", "emailaddress", "mail")
NUMBER = ("identifier",)  # by which the platform names folders; Canvas' is called ID and stands beside SIS columns
IDS = ("id", "idnumber", "studentid", "studentnumber", "matriculationnumber", "sisuserid", "sisloginid",
       "integrationid", "username", "login", "loginid", "orgdefinedid")  # fmt: skip
CODES = ("cp850", "cp852", "cp866", "cp1250", "cp1251", "cp1252")  # of Windows in Europe, in zip files
NOBODY = ("points possible", "student, test", "test student", "student test")  # rows of Canvas that are no students


class Person(NamedTuple):
    """Somebody of the class. number: what the platform calls them in names of folders. ids: other numbers and names.

    student: as they are called in everything that is written, unique in the class.
    """

    student: str
    name: str
    email: str = ""
    number: str = ""
    ids: tuple = ()


class Roster:
    """People, and whom a name, a number or an e-mail address means."""

    def __init__(self, people):
        self.people, self.by_number, self.by_id, self.by_name, self.by_short = people, {}, {}, {}, {}
        for person in people:
            self.add(self.by_number, person.number, person)
            for word in (*person.ids, person.email, person.email.partition("@")[0], person.student):
                self.add(self.by_id, word.lower(), person)
                self.add(self.by_short, word.lower().lstrip("0"), person)
            for word in spellings(person.name):
                self.add(self.by_name, word, person)

    @staticmethod
    def add(table, key, person):
        if key and person not in table.setdefault(key, []):
            table[key].append(person)

    def called(self, name):
        return self.by_name.get(letters(name), []) or self.by_name.get(words(name), [])

    def find(self, student, number=""):
        """The Persons that this may mean: one, none, or several of one name."""
        found = self.by_number.get(number) or []
        if not found:
            found = self.called(student)
        if not found:
            found = self.by_id.get(student.lower(), [])  # not the number: another list's may be somebody else's
        if not found and student.isdigit():  # a spreadsheet takes the zeros in front
            found = self.by_short.get(student.lstrip("0"), [])
        if not found:
            found = next(filter(None, map(self.called, respelled(student))), [])
        if len(found) > 1:
            found = [person for person in found if person in self.by_id.get(number.lower(), ())] or found
        return found


def respelled(name):
    """How else a name may read that came in a zip file without a word on its encoding: as an older Windows wrote it."""
    for code in CODES:
        with contextlib.suppress(UnicodeError):
            yield name.encode("cp437").decode(code)


def letters(name):
    """A name in small letters and digits alone: "Lee, Ann" is leeann, which is how Canvas names files."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def words(name):
    """The words of a name, in the order of the alphabet, so that "Lee, Ann" is "Ann Lee"."""
    return " ".join(sorted(filter(None, map(letters, re.split(r"[\s,._-]+", name)))))


def spellings(name):
    """How a person's name may be written in names of files: the last names first, however many they are."""
    parts = re.split(r"[\s,]+", name.strip())
    return {words(name), *(letters("".join(parts[i:] + parts[:i])) for i in range(len(parts)))}


def read(path):
    """The Roster in a CSV file. Raises Refused if it can't be read or names nobody."""
    rows, _ = table(path)
    people = list(people_in(rows))
    if not people:
        raise Refused(f"{path} names no students: its first line has to hold a column such as name, e-mail or id.")
    return Roster(named(people))


def people_in(rows):
    """{Person: the number of their row}, of the rows of a table that begin with its header."""
    columns, found = [plain(title) for title in rows[0]], {}
    canvas = "sisuserid" in columns or "sisloginid" in columns
    numbers = (*NUMBER, "id") if canvas else NUMBER

    def of(row, titles):
        return [row[i].strip() for i, title in enumerate(columns[: len(row)]) if title in titles and row[i].strip()]

    for line, row in enumerate(rows[1:], 1):
        first, last = of(row, FIRST), of(row, LAST)
        name = " ".join((first + last) or of(row, NAME)[:1])
        email, ids = (of(row, EMAIL) or [""])[0], [value.removeprefix("#") for value in of(row, IDS)]
        number = re.sub(r"^\D*[ ](?=\d)", "", (of(row, numbers) or [""])[0])  # Moodle's "Participant 1234567"
        if name.lower().strip() in NOBODY or not (name or email or ids):
            continue
        if "," in name:  # "Lee, Ann", as Canvas has it
            last, _, first = name.partition(",")
            name = f"{first.strip()} {last.strip()}"
        name = name or email or ids[0]
        found.setdefault(Person(name, name, email, number, tuple(ids)), line)
    return found


def plain(title):
    """A column's title in small letters, without signs: "E-mail address" is emailaddress."""
    return re.sub(r"[\W_]+", "", title).lower()


def named(people):
    """The people with a unique `student` each: those of one name are told apart by what else is known of them."""
    found, seen = [], {}
    for person in people:
        seen[words(person.name)] = seen.get(words(person.name), 0) + 1
    for n, person in enumerate(people, 1):
        more = next(filter(None, (*person.ids, person.number, person.email)), str(n))
        found.append(person._replace(student=person.name if seen[words(person.name)] == 1 else f"{person.name} {more}"))
    return found


def table(path):
    """(rows, separator) of a CSV file with commas, semicolons or tabs, as texts: no zero in front is lost."""
    try:
        data = Path(path).read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(
            f'{path} can\'t be read: {error}. Save it as CSV in UTF-8; Excel calls this "CSV UTF-8".'
        ) from None
    rows = [row for row in rows if any(value.strip() for value in row)]
    if not rows:
        raise Refused(f"{path} is empty.")
    return rows, separator
