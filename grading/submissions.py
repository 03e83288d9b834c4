"""Find the submissions in a folder or zip file, and whose they are. Names and contents come from students: a name never
becomes a path, and nobody hands in for somebody else."""

import hashlib
import json
import re
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from grading import lms
from grading.archives import NOTHING, Found, from_disk, in_folder, in_zip, printable, some
from grading.errors import Refused, Unreadable

MOST_CELLS = 2_000
NO_NOTEBOOK = "there is no notebook in it, that is, no file whose name ends in .ipynb; what was found: {files}"
MISSING = "nothing was handed in"


class Submission(NamedTuple):
    """One notebook. student: as names say; where: for people; data: bytes, or None with a `problem`.

    when: numbers that are larger for what is graded if a student has handed in several. owner: what the learning
    platform says of them.
    """

    student: str
    where: str
    data: bytes | None
    when: tuple
    problem: str = ""
    owner: lms.Owner = lms.Owner("")

    @property
    def sha256(self):
        return hashlib.sha256(self.data or b"").hexdigest()

    @property
    def slug(self):
        """A file name for this student: letters, digits and hyphens, and a few characters of a hash, never the same."""
        plain = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", self.student)).strip("-_")[:40]
        return f"{plain or 'student'}-{hashlib.sha256(self.student.encode('utf-8', 'replace')).hexdigest()[:16]}"


class Collected(NamedTuple):
    """submissions: by student. notes: for the teacher. left_out: those notes that say that there was too much."""

    submissions: list
    notes: list
    left_out: list


def collect(path, homework, roster=None):
    """The submissions in a folder, a zip file or a notebook, as a Collected: one for each student.

    homework: the name of its file, such as "hw2-kl-reparameterization". roster: the class, a `roster.Roster`; who has
    handed in nothing has a Submission, too, that says so. Raises Refused.
    """
    path, notes, left_out = Path(path), [], []
    if not path.exists():
        raise Refused(f"There is no {path}.")
    if path.is_dir():
        files = list(in_folder(path, notes, left_out))
    elif path.suffix.lower() != ".ipynb" and zipfile.is_zipfile(path):
        files = list(in_zip(path, path.name, notes, left_out))
    else:
        files = [Found(PurePosixPath(path.name), path.name, *from_disk(path))]
    files = [
        f._replace(path=PurePosixPath(printable(f.path)), where=printable(f.where), problem=printable(f.problem))
        for f in files
    ]
    notes[:], left_out = map(printable, [*left_out, *notes]), [printable(note) for note in left_out]
    others = [file.where for file in files if not is_notebook(file) and file.path.name != NOTHING]
    if others:
        notes.append(f"No notebooks, left out: {some(others)}.")
    if not any(map(is_notebook, files)):
        raise Refused(f"There is no notebook (*.ipynb) in {path}.")
    found = with_names(unwrapped(files, homework, roster), homework, roster, notes)
    chosen = newest(found, notes)
    late = [submission.student for submission in chosen if submission.owner.late]
    if late:
        notes.append(f"Late, as the learning platform says: {some(late)}. Late days cost points by --adjust only.")
    if roster:
        came = {submission.student for submission in chosen}
        missing = [person.student for person in roster.people if person.student not in came]
        chosen += [Submission(student, MISSING, None, (0, 0), MISSING) for student in missing]
    return Collected(sorted(chosen, key=lambda submission: submission.student), notes, left_out)


def is_notebook(file):
    return file.path.suffix.lower() == ".ipynb"


def unwrapped(files, homework, roster):
    """The files without the folders that lie around all notebooks and are nobody's."""
    while True:
        books = [file for file in files if is_notebook(file)]
        (top, *others) = {file.path.parts[0] for file in books}
        if others or not books[1:] or any(len(file.path.parts) == 1 for file in books) or lms.read(top):
            return files
        inner = [file._replace(path=PurePosixPath(*file.path.parts[1:])) for file in files
                 if file.path.parts[0] == top and file.path.parts[1:]]  # fmt: skip
        nameless = any(is_notebook(file) and not lms.owner_of(file.path, homework).student for file in inner)
        if nameless or (roster and roster.find(top)):
            return files
        files = inner


def with_names(files, homework, roster, notes):
    """A Submission for each notebook, and for each student of whom there are other files only."""
    owned = [(file, owner_of(file, homework, roster)) for file in files]
    numbers = {}  # what the learning platform calls the students of one name
    for file, owner in owned:
        if is_notebook(file) or names_somebody(file, owner, homework):
            numbers.setdefault(owner.student, set()).add(owner.number)
    found, others, strangers = [], {}, []
    for file, owner in owned:
        people = roster.find(owner.student, owner.number) if roster else []
        if len(people) == 1:
            student = people[0].student
        elif not is_notebook(file) and not names_somebody(file, owner, homework):
            continue
        elif not owner.student:
            notes.append(f"{file.where} names no student.")
            student = file.where.removesuffix(".ipynb")
        elif people or len(numbers.get(owner.student, ())) > 1:
            notes.append(f"{owner.student} is the name of several students, or of one with several numbers: "
                         f"{file.where}.")  # fmt: skip
            student = f"{owner.student} {owner.number}".strip()
        else:
            student = owner.student
        if roster and len(people) != 1:
            strangers.append(student)
        if not is_notebook(file):
            others.setdefault((student, owner), []).append(file)
            continue
        # Whoever hands in a whole folder may have looked into a lesson last.
        named = re.search(rf"(?<![a-z\d]){homework.partition('-')[0]}(?!\d)", str(file.path), re.IGNORECASE)
        when = (named is not None, file.data is not None, owner.when, *file.when)
        found.append(Submission(student, file.where, file.data, when, file.problem, owner))
    with_books = {submission.student for submission in found}
    for (student, owner), several in others.items():
        if student not in with_books:
            problem = NO_NOTEBOOK.format(files=some([file.path.name for file in several]))
            when = (False, False, owner.when, 0, 0)
            found.append(Submission(student, several[0].where, None, when, problem, owner))
    if strangers:
        notes.append(f"Not on the roster: {some(sorted(set(strangers)))}.")
    return found


def owner_of(file, homework, roster):
    """The Owner of a file; the roster knows who in a group's folder has put the name into that of the file."""
    owner = lms.owner_of(file.path, homework)
    if roster and lms.GROUP.match(owner.folder) and not roster.find(owner.student):
        inside = lms.owner_of(PurePosixPath(file.path.name), homework)
        if len(roster.find(inside.student, inside.number)) == 1:
            return inside
    return owner


def names_somebody(file, owner, homework):
    """Whether a file that is no notebook stands for a student, and not for a platform's index or the teacher's list."""
    if owner.info or not owner.student:
        return False
    return bool(owner.folder) or homework.partition("-")[0] in file.path.name.lower()


def newest(found, notes):
    """One submission for each student, the newest; notes say which were set aside and which contents are the same."""
    by_student, by_content = {}, {}
    for submission in found:
        by_student.setdefault(submission.student, []).append(submission)
    chosen = []
    for student, several in sorted(by_student.items()):
        several.sort(key=lambda s: ([float(part) for part in s.when], s.where))
        chosen.append(several[-1])
        if len(several) > 1:
            others = some([s.where for s in several[:-1]])
            notes.append(f"{student} handed in {len(several)} notebooks; graded: {several[-1].where}; not: {others}.")
        if several[-1].data:
            by_content.setdefault(several[-1].sha256, []).append(student)
    notes += [
        f"The same file, byte for byte: {', '.join(students)}." for students in by_content.values() if students[1:]
    ]
    return chosen


def read_notebook(data):
    """The cells of a notebook as (kind, source, nbgrader's id of the cell or None, how many pictures it holds)."""
    try:
        book = json.loads(data)
        cells = book["cells"]
        assert isinstance(cells, list)
    except (ValueError, KeyError, TypeError, RecursionError, AssertionError):
        raise Unreadable(f"the file is not a notebook of the present format (nbformat 4){likely(data)}") from None
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"it has {len(cells):,} cells; a notebook of more than {MOST_CELLS:,} is not marked")
    found = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            continue
        source = cell.get("source", "")
        if not isinstance(source, str):
            source = "".join(s for s in source if isinstance(s, str)) if isinstance(source, list) else ""
        metadata = cell.get("metadata")
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
        found.append((cell["cell_type"], source, grade_id if isinstance(grade_id, str) else None, pictures(cell)))
    return found


def pictures(cell):
    """How many pictures a cell holds: attached ones, and those among its outputs."""
    attached, outputs = cell.get("attachments"), cell.get("outputs")
    shown = [output.get("data") for output in outputs if isinstance(output, dict)] if isinstance(outputs, list) else []
    drawn = sum(isinstance(data, dict) and any(str(kind).startswith("image/") for kind in data) for data in shown)
    return drawn + (len(attached) if isinstance(attached, dict) else 0)


def likely(data):
    """What a file that is no notebook looks like."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return ": it is empty. Save the notebook, look at its size, and hand it in again"
    if start.startswith(b"<"):
        return ": it is a web page. Download the notebook itself, whose name ends in .ipynb"
    if start.startswith((b"pk", b"%pdf")):
        return f": it is a {'PDF' if start.startswith(b'%') else 'zip'} file by another name"
    if b'"worksheets"' in data[:5_000]:
        return ": it is of an older one. Open it in Jupyter and save it there"
    return ": it may be damaged, or was not saved to its end" if start.startswith(b"{") else ""
