"""Find the submissions in a folder or zip file. Names and contents come from students: nothing is extracted, no link is
followed, nothing is read beyond a limit, and a name never becomes a path."""

import collections
import datetime
import hashlib
import json
import os
import re
import stat
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from grading.errors import Refused, Unreadable

MOST_BYTES = 10 << 20  # of a notebook
MOST_FILES = 500  # notebooks and zip files of one student; hidden ones and others count nothing
MOST_CELLS = 2_000
MOST_IN_A_ZIP = 5 * MOST_BYTES  # of notebooks in a zip file that lies in a folder: one student's
MOST_IN_A_FOLDER = 50 * MOST_BYTES  # of a student, or of a group
MOST_CHARACTERS = 1_000  # of a path
TOO_LARGE = f"it is larger than {MOST_BYTES >> 20} MB; clear the outputs of its cells, save it, and hand it in again"
MOODLE = re.compile(r"_(?P<number>\d+)_assignsubmission_.*$", re.IGNORECASE)
CANVAS = re.compile(r"^(?P<student>[^_]+)(_LATE)?_(?P<number>\d+)_\d+_", re.IGNORECASE)
COPY = re.compile(r"\s*(\(\d+\)|[-_ ]copy\d*)$", re.IGNORECASE)


class Submission(NamedTuple):
    """One notebook. student: as names say; where: for people; data: bytes, or None with a `problem`.

    when: numbers that are larger for what is graded if a student has handed in several.
    """

    student: str
    where: str
    data: bytes | None
    when: tuple
    problem: str = ""

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


def collect(path, homework):
    """The submissions in a folder, a zip file or a notebook, as a Collected.

    homework: the name of its file, such as "hw2-kl-reparameterization". Raises Refused.
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
    others = [file.where for file in files if file.path.suffix.lower() != ".ipynb"]
    if others:
        notes.append(f"No notebooks, left out: {some(others)}.")
    files = [file for file in files if file.path.suffix.lower() == ".ipynb"]
    if not files:
        raise Refused(f"There is no notebook (*.ipynb) in {path}.")
    while len(files) > 1 and len({f.path.parts[0] for f in files}) == 1 and all(len(f.path.parts) > 1 for f in files):
        inner = [file._replace(path=PurePosixPath(*file.path.parts[1:])) for file in files]
        if not all(student_of(file.path, homework) for file in inner):
            break
        files = inner  # one folder around it all
    numbers = {}  # what the learning platform calls the students of one name
    for file in files:
        numbers.setdefault(student_of(file.path, homework), set()).add(number_of(file.path))
    found = []
    for file in files:
        student = student_of(file.path, homework)
        if not student:
            notes.append(f"{file.where} names no student.")
            student = file.where.removesuffix(".ipynb")
        elif len(numbers[student]) > 1:
            notes.append(f"{student} is the name of several students, or of one with several numbers: {file.where}.")
            student = f"{student} {number_of(file.path)}".strip()
        # Whoever hands in a whole folder may have looked into a lesson last.
        named = re.search(rf"(?<![a-z\d]){homework.partition('-')[0]}(?!\d)", str(file.path), re.IGNORECASE)
        when = (named is not None, file.data is not None, *file.when)
        found.append(Submission(student, file.where, file.data, when, file.problem))
    return Collected(newest(found, notes), notes, left_out)


def some(names):
    """The first names of a list that may be endless."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


class Found(NamedTuple):
    path: PurePosixPath
    where: str
    data: bytes | None
    when: tuple
    problem: str


def printable(text):
    """A name without what moves a terminal's cursor, hides letters or has no letter; cut if it is endless."""
    text = unicodedata.normalize("NFC", str(text)[:MOST_CHARACTERS])
    return "".join(
        "\ufffd" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in text
    )


def hidden(parts):
    """Whether a path lies in a folder that systems and editors keep for themselves."""
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts)


def of_interest(path):
    return path.suffix.lower() in (".ipynb", ".zip")


def no_more_than(most, paths, label, left_out):
    """Of so many paths those that are looked at: no student's hide another's. Says what is left out."""
    paths = sorted(paths)
    shared = 0  # folders around it all
    while paths and all(len(p.parts) > shared + 1 and p.parts[shared] == paths[0].parts[shared] for p in paths):
        shared += 1
    count, kept = collections.Counter(), []
    for path in paths:
        count[path.parts[shared]] += 1
        if count[path.parts[shared]] <= most:
            kept.append(path)
    for name, number in count.items():
        if number > most:
            left_out.append(
                f"{label}: {name} holds {number:,} notebooks and zip files; {number - most:,} were left out."
            )
    return kept


def in_folder(folder, notes, left_out):
    folder, paths, others, links = folder.resolve(), [], [], []
    for place, folders, names in os.walk(folder):
        inside = PurePosixPath(Path(place).relative_to(folder))
        links += [str(inside / name) for name in folders if Path(place, name).is_symlink()]
        folders[:] = [n for n in folders if not hidden([n]) and not Path(place, n).is_symlink()]
        if not folders and not names and place != str(folder):
            notes.append(f"{inside} is empty.")
        for name in filter(lambda name: not hidden([name]), names):
            if Path(place, name).is_symlink():
                links.append(str(inside / name))
            elif Path(place, name).is_file():
                (paths if of_interest(PurePosixPath(name)) else others).append(inside / name)
    if links:
        notes.append(f"No link is followed; these were left out: {some(sorted(links))}.")
    sizes = collections.Counter()
    for relative in no_more_than(MOST_FILES, paths, folder.name, left_out):
        path, size = folder / relative, sizes[relative.parts[0]]
        if path.suffix.lower() == ".ipynb":
            found = [Found(relative, str(relative), *from_disk(path))]
        else:
            found = in_students_zip(path, relative, notes, left_out)
        for file in found:
            size += len(file.data or b"")
            if size > MOST_IN_A_FOLDER:
                most = f"{MOST_IN_A_FOLDER >> 20} MB of notebooks"
                file = file._replace(data=None, problem=f"{relative.parts[0]} holds more than {most}")
                left_out.append(f"{file.where}: {file.problem}.")
            yield file
        sizes[relative.parts[0]] = min(size, MOST_IN_A_FOLDER)
    yield from (Found(relative, str(relative), None, (0, 0), "") for relative in sorted(others))


def in_students_zip(path, relative, notes, left_out):
    """The notebooks of a zip file that lies in a folder, as if it had been unpacked there."""
    size, count, remarks, more = 0, 0, [], []
    for file in in_zip(path, str(relative), remarks, more):
        size += MOST_BYTES if file.problem else len(file.data or b"")
        count += file.path.suffix.lower() == ".ipynb"
        if size > MOST_IN_A_ZIP or count > MOST_FILES:
            most = f"{MOST_IN_A_ZIP >> 20} MB of notebooks" if size > MOST_IN_A_ZIP else f"{MOST_FILES} notebooks"
            more.append(f"{relative} holds more than {most}; the rest was left out.")
            break
        yield file._replace(path=PurePosixPath(*relative.with_suffix("").parts, file.path.name))
    left_out += more[:5]
    notes += remarks[:5] + [f"{relative}: {len(remarks) - 5:,} more like these."] * (len(remarks) > 5)


def from_disk(path):
    """(data, when, problem) of a notebook on the disk."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        when = (path.stat().st_mtime, copy_number(path.stem))
    except OSError as error:
        return None, (0, 0), f"it can't be read: {error.strerror}"
    if len(data) > MOST_BYTES:
        return None, when, TOO_LARGE
    return data, when, ""


def in_zip(path, label, notes, left_out):
    try:
        with zipfile.ZipFile(path) as archive:
            entries, any_notebook = {}, False
            for entry in archive.infolist():
                name = PurePosixPath(entry.filename.replace("\\", "/"))
                if entry.is_dir() or hidden(name.parts):
                    continue
                if len(entry.filename) > MOST_CHARACTERS:
                    notes.append(f"{label} holds a name of {len(entry.filename):,} characters; it was left out.")
                elif not of_interest(name):
                    yield Found(name, f"{label}: {entry.filename}", None, (0, 0), "")
                else:
                    entries.setdefault(name, []).append(entry)
            for name in no_more_than(MOST_FILES, entries, label, left_out):
                for entry in entries[name][-1:]:  # of several entries of one name the last counts, as on unpacking
                    where = f"{label}: {entry.filename}"
                    if name.suffix.lower() != ".ipynb":
                        yield Found(name, where, None, (0, 0), "")
                    elif name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
                        notes.append(f"{where} has a name that points outside the zip file; it was left out.")
                    elif stat.S_ISLNK(entry.external_attr >> 16):
                        notes.append(f"{where} is a link; it was left out.")
                    else:
                        any_notebook = True
                        yield Found(name, where, *from_zip(archive, entry, name.stem))
            if not any_notebook:
                notes.append(f"{label} holds no notebook.")
    except Exception as error:  # zipfile raises many kinds for archives that were made to confuse it
        notes.append(f"{label} can't be read: {error}.")


def from_zip(archive, entry, stem):
    """(data, when, problem) of a notebook in a zip file; what its header says of its size is not believed."""
    try:
        when = (datetime.datetime(*entry.date_time).timestamp(), copy_number(stem))
    except (ValueError, OverflowError, OSError):  # a month 0 or the like
        when = (0, copy_number(stem))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may ask for gigabytes to unpack
        return None, when, "it is compressed in an unusual way; use an ordinary zip file"
    try:
        with archive.open(entry) as file:
            data = file.read(MOST_BYTES + 1)
    except Exception as error:
        return None, when, f"it can't be read: {error}"
    if len(data) > MOST_BYTES:
        return None, when, TOO_LARGE
    return data, when, ""


def copy_number(stem):
    found = re.search(r"\((\d{1,6})\)$", stem)
    return int(found[1]) if found else 0


def student_of(path, homework):
    """The student's name, "" if there is none: that of the outermost folder, else from the file's name."""
    name, _, rest = homework.partition("-")
    generic = re.compile(rf"^({name}([-_ ].*)?|submissions?|submitted|downloads?)$", re.IGNORECASE)
    for part in path.parts[:-1]:
        if not generic.match(part):
            canvas = CANVAS.match(part)  # a zip file handed in there
            return canvas["student"] if canvas else MOODLE.sub("", part).strip() or part
    stem = MOODLE.sub("", path.stem)
    canvas = CANVAS.match(stem)
    if canvas:
        return canvas["student"]
    bare = re.sub(rf"{name}(-{re.escape(rest)})?(-\d\d?$)?", " ", COPY.sub("", stem), flags=re.IGNORECASE)
    return re.sub(r"^[\s_-]+|[\s_-]+$", "", bare)


def number_of(path):
    """The number that Moodle or Canvas has given a student of this name, "" if there is none."""
    for part in path.parts:
        found = MOODLE.search(part) or CANVAS.match(part)
        if found:
            return found["number"]
    return ""


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
        if several[-1].data is not None:
            by_content.setdefault(several[-1].sha256, []).append(student)
    notes += [
        f"The same file, byte for byte: {', '.join(students)}." for students in by_content.values() if students[1:]
    ]
    return chosen


def read_notebook(data):
    """The cells of a notebook as (kind, source, nbgrader's id of the cell or None, how many pictures it holds)."""
    try:
        cells = json.loads(data)["cells"]
        assert isinstance(cells, list) and len(cells) <= MOST_CELLS
    except (ValueError, KeyError, TypeError, RecursionError, AssertionError):
        raise Unreadable("the file is not a notebook of the present format (nbformat 4)") from None
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
