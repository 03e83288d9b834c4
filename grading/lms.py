"""Who handed in, as learning platforms write it into the names of folders and files.

    Moodle        Ann Lee_1234567_assignsubmission_file_/hw2.ipynb          the participant's number in this assignment
    Canvas        leeann_LATE_12345_67890_hw2.ipynb                         last and first name in one; the user's id
    Brightspace   12345-67890 - Ann Lee - Nov 3, 2026 1159 PM/hw2.ipynb     the user's and the folder's number; the time
    Blackboard    hw2_alee_attempt_2026-11-03-23-59-00_hw2.ipynb            the user's name; the time

Each of these may be a folder or the beginning of a file's name. Names come from students, and nobody hands in for
somebody else: the outermost folder that names anybody decides, and what lies inside is not asked.
"""

import datetime
import re
from typing import NamedTuple

MOODLE = re.compile(r"^(?P<student>.*?)_(?P<number>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)$", re.IGNORECASE)
CANVAS = re.compile(r"^(?P<student>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_\d+_(?P<file>.*)$", re.IGNORECASE)
BRIGHTSPACE = re.compile(
    r"^(?P<number>\d+)-\d+ - (?P<student>.+?) - (?P<when>[^-]*\b\d{4}\b[^-]*)( - (?P<file>.*))?$", re.IGNORECASE
)
BLACKBOARD = re.compile(
    r"^.+?_(?P<number>[^_]+)_attempt_(?P<when>\d{4}(-\d\d){5})(_(?P<file>.*)|(?P<info>\.txt))?$", re.IGNORECASE
)
GROUP = re.compile(r"^(gr[ou]+pp?[eo]?|team|section|tutorial|class|группа)[-_ ]*\w{0,3}$", re.IGNORECASE)
COPY = re.compile(r"\s*(\(\d+\)|[-_ ]copy\d*)$", re.IGNORECASE)
TIMES = ("%b %d, %Y %I%M %p", "%d %B, %Y %I%M %p", "%B %d, %Y %I%M %p", "%Y-%m-%d-%H-%M-%S")


class Owner(NamedTuple):
    """Whose a file is. student: "" if no name says. number: the platform's for them. folder: as the platform named it.

    late: whether the platform says so. when: the seconds at which it was handed in, 0 if its name does not say.
    info: whether it is the platform's own note beside what was handed in.
    """

    student: str
    number: str = ""
    folder: str = ""
    late: bool = False
    when: float = 0.0
    info: bool = False


def read(name):
    """The Owner that a platform's name of a folder or file says, None if it is no such name."""
    for form in (MOODLE, BRIGHTSPACE, BLACKBOARD, CANVAS):
        found = form.match(name)
        if not found:
            continue
        parts = found.groupdict()
        student = (parts.get("student") or parts["number"]).strip()
        folder = name[: found.start("file")] if parts.get("file") else name
        return Owner(student, parts["number"], folder, bool(parts.get("late")), seconds(parts.get("when") or ""),
                     bool(parts.get("info")))  # fmt: skip
    return None


def seconds(text):
    """When that is, 0 if it can't be read. Only compared with others of its kind, so the time zone does not matter."""
    for form in TIMES:
        try:
            # "1159 PM", and "905 AM", whose hour has one digit
            padded = re.sub(r"\b(\d{3}) (?=[AP]M)", r"0\1 ", text.strip(), flags=re.IGNORECASE)
            return datetime.datetime.strptime(padded, form).replace(tzinfo=datetime.UTC).timestamp()
        except ValueError:
            continue
    return 0.0


def owner_of(path, homework):
    """The Owner of a file by its path, with student "" if there is no name in it.

    homework: the name of its file, such as "hw2-kl-reparameterization". A folder of a group ("Group 1") is its
    members', if they have folders in it.
    """
    name, _, rest = homework.partition("-")
    generic = re.compile(rf"^({name}([-_ ].*)?|submissions?|submitted|downloads?)$", re.IGNORECASE)
    folders = [part for part in path.parts[:-1] if read(part) or not generic.match(part)]
    own = read(path.name)
    while folders and GROUP.match(folders[0]) and (folders[1:] or own):
        folders.pop(0)
    if folders:
        return read(folders[0]) or Owner(folders[0].strip() or folders[0], folder=folders[0])
    if own:
        return own
    bare = re.sub(rf"{name}(-{re.escape(rest)})?(-\d\d?$)?", " ", COPY.sub("", path.stem), flags=re.IGNORECASE)
    return Owner(re.sub(r"^[\s_-]+|[\s_-]+$", "", bare))
