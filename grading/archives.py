"""What lies in a folder or zip file: nothing is extracted, no link is followed, nothing is read beyond a limit."""

import collections
import datetime
import io
import itertools
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

MOST_BYTES = 10 << 20  # of a notebook
MOST_FILES = 500  # notebooks and zip files of one student; hidden ones and others count nothing
MOST_ZIPS = 20  # zip files of one student inside a zip file
MOST_IN_A_ZIP = 5 * MOST_BYTES  # of notebooks in one student's zip file, and of a zip file inside another
MOST_IN_A_FOLDER = 50 * MOST_BYTES  # of a student, or of a group
MOST_CHARACTERS = 1_000  # of a path
DEEPEST = 2  # zip files inside a student's zip file
NOTHING = "(an empty folder)"  # in the place of a file's name
LINK = " (a link)"  # behind the name of one, which is followed nowhere and holds nothing
TOO_LARGE = f"it is larger than {MOST_BYTES >> 20} MB; clear the outputs of its cells, save it, and hand it in again"


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


def some(names):
    """The first names of a list that may be endless."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


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
    """Every Found of a folder; those without `data` are no notebooks."""
    folder, paths, others, empty = folder.resolve(), [], [], []
    for place, folders, names in os.walk(folder):
        inside = PurePosixPath(Path(place).relative_to(folder))
        seen = [name for name in (*folders, *names) if not hidden([name])]
        links = {name for name in seen if Path(place, name).is_symlink()}
        folders[:] = [name for name in folders if not hidden([name]) and name not in links]
        if not seen and place != str(folder):
            empty.append(inside)
        for name in seen:
            if name in links:
                others.append(inside / f"{name}{LINK}")
            elif Path(place, name).is_file():
                (paths if of_interest(PurePosixPath(name)) else others).append(inside / name)
    others += empties(empty, "", notes)
    sizes = collections.Counter()
    for relative in no_more_than(MOST_FILES, paths, folder.name, left_out):
        path, size = folder / relative, sizes[relative.parts[0]]
        if path.suffix.lower() == ".ipynb":
            found = [Found(relative, str(relative), *from_disk(path))]
        else:
            found = in_students_zip(path, relative, str(relative), notes, left_out)
        for file in found:
            size += len(file.data or b"")
            if size > MOST_IN_A_FOLDER:
                most = f"{MOST_IN_A_FOLDER >> 20} MB of notebooks"
                file = file._replace(data=None, problem=f"{relative.parts[0]} holds more than {most}")
                left_out.append(f"{file.where}: {file.problem}.")
            yield file
        sizes[relative.parts[0]] = min(size, MOST_IN_A_FOLDER)
    yield from (Found(relative, str(relative), None, (0, 0), "") for relative in sorted(others))


def empties(folders, label, notes):
    """What stands in the place of a file in each of these folders, which hold nothing. They are told of."""
    if folders:
        notes.append(f"Empty folders{label}: {some(sorted(map(str, folders)))}.")
    return [folder / NOTHING for folder in sorted(folders)]


def in_students_zip(source, relative, label, notes, left_out, depth=1):
    """What is in one student's zip file, as if it had been unpacked where it lies; itself, if that is no notebook."""
    size, count, remarks, more = 0, 0, [], []
    for file in in_zip(source, label, remarks, more, depth):
        size += MOST_BYTES if file.problem else len(file.data or b"")
        count += file.path.suffix.lower() == ".ipynb"
        if size > MOST_IN_A_ZIP or count > MOST_FILES:
            most = f"{MOST_IN_A_ZIP >> 20} MB of notebooks" if size > MOST_IN_A_ZIP else f"{MOST_FILES} notebooks"
            more.append(f"{label} holds more than {most}; the rest was left out.")
            break
        yield file._replace(path=PurePosixPath(*relative.with_suffix("").parts, file.path.name))
    if not count:
        yield Found(relative, label, None, (0, 0), "")
    left_out += more[:5]
    notes += remarks[:5] + [f"{label}: {len(remarks) - 5:,} more like these."] * (len(remarks) > 5)


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


def in_zip(source, label, notes, left_out, depth=0):
    """Every Found of a zip file, of the whole class (depth 0) or a student's; those without `data` are no notebooks."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries, folders, files, any_notebook, endless, outside = {}, set(), set(), False, [], []
            for entry in archive.infolist():
                text = name_of(entry).replace("\\", "/")
                name = PurePosixPath(text)
                if not name.parts:
                    continue
                if len(text) > MOST_CHARACTERS:
                    endless.append(f"{len(text):,}")
                    continue
                if name.is_absolute() or ".." in name.parts or name.parts[0][1:2] == ":":
                    outside.append(f"{label}: {name}")
                    continue
                shown = PurePosixPath(*itertools.takewhile(lambda part: not hidden([part]), name.parts))
                if shown != name or text.endswith("/"):
                    folders |= {shown} if depth == 0 and shown.parts else set()
                    continue
                files.update(name.parents if depth == 0 else ())
                if stat.S_ISLNK(entry.external_attr >> 16):
                    yield Found(name.with_name(f"{name.name}{LINK}"), f"{label}: {name}{LINK}", None, (0, 0), "")
                elif not of_interest(name):
                    yield Found(name, f"{label}: {name}", None, (0, 0), "")
                else:
                    entries.setdefault(name, []).append(entry)
            if endless:
                notes.append(f"{label} holds names of so many characters, which were left out: {some(endless)}.")
            if outside:
                notes.append(f"Names that point outside the zip file were left out: {some(outside)}.")
            kept = no_more_than(MOST_FILES, entries, label, left_out)
            zips = [name for name in kept if is_zip(name)]
            if depth == 0:  # many students'
                zips = no_more_than(MOST_ZIPS, zips, label, left_out)
            elif len(zips) > MOST_ZIPS:
                left_out.append(f"{label} holds {len(zips):,} zip files; {len(zips) - MOST_ZIPS:,} were left out.")
                zips = zips[:MOST_ZIPS]
            for name in kept:
                entry = entries[name][-1]  # of several entries of one name the last counts, as on unpacking
                where = f"{label}: {name}"
                if not is_zip(name):
                    any_notebook = True
                    yield Found(name, where, *from_zip(archive, entry, name.stem))
                elif depth <= DEEPEST and name in zips:
                    inner, _, problem = from_zip(archive, entry, name.stem, MOST_IN_A_ZIP)
                    if problem:
                        notes.append(f"{where}: {problem}.")
                        yield Found(name, where, None, (0, 0), "")
                        continue
                    for file in in_students_zip(io.BytesIO(inner), name, where, notes, left_out, depth + 1):
                        any_notebook = any_notebook or file.path.suffix.lower() == ".ipynb"
                        yield file
                else:
                    yield Found(name, where, None, (0, 0), "")
            if not any_notebook:
                notes.append(f"{label} holds no notebook.")
            for name in empties(folders - files, f" in {label}", notes):
                yield Found(name, f"{label}: {name}", None, (0, 0), "")
    except Exception as error:  # zipfile raises many kinds for archives that were made to confuse it
        notes.append(f"{label} can't be read: {error}.")


def name_of(entry):
    """The name of a file in a zip file. Many programs write UTF-8 without a word, or a second name in it beside."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    raw, extra, at = entry.orig_filename.encode("cp437").partition(b"\0")[0], entry.extra, 0  # as zipfile has read it
    name = raw
    while at + 9 <= len(extra):
        kind, size, _, checksum = struct.unpack_from("<HHBI", extra, at)
        if kind == 0x7075 and checksum == zlib.crc32(raw):  # as Info-ZIP and WinRAR write it
            name = extra[at + 9 : at + 4 + size] or raw
        at += 4 + size
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return entry.filename


def is_zip(name):
    return name.suffix.lower() == ".zip"


def from_zip(archive, entry, stem, most=MOST_BYTES):
    """(data, when, problem) of a file in a zip file; what its header says of its size is not believed."""
    try:
        when = (datetime.datetime(*entry.date_time).timestamp(), copy_number(stem))
    except (ValueError, OverflowError, OSError):  # a month 0 or the like
        when = (0, copy_number(stem))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may ask for gigabytes to unpack
        return None, when, "it is compressed in an unusual way; use an ordinary zip file"
    try:
        with archive.open(entry) as file:
            data = file.read(most + 1)
    except Exception as error:
        return None, when, f"it can't be read: {error}"
    if len(data) > most:
        return None, when, TOO_LARGE if most == MOST_BYTES else f"it is larger than {most >> 20} MB"
    return data, when, ""


def copy_number(stem):
    found = re.search(r"\((\d{1,6})\)$", stem)
    return int(found[1]) if found else 0
