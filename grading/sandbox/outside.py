"""Outside the sandbox: start it, ask it questions, end it. Nothing that comes out is trusted; see README.md."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from grading.errors import NoSandbox
from grading.sandbox import frames

SECONDS_TO_START = 180
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
PACKAGE = REPOSITORY / "src" / "vaelab"
# The modules of vaelab that stay; whatever else there is or will be may hold a solution and is taken away.
KEPT = ("__init__", "checks", "data", "hints", "language", "lesson", "plots", "progress", "style")
# The files of this folder that are inside, and how they are started: from a folder that is no longer searched then.
INSIDE = ("__init__.py", "inside.py", "answering.py", "slicing.py", "notebook.py", "filter.py", "frames.py")
START = """\
import sys
sys.path.insert(0, sys.argv[1])
from sandbox.inside import zygote
del sys.path[0]
zygote(sys.argv[2], sys.argv[3], sys.argv[4].split(","))
"""
SYSTEM = ("/usr", "/lib", "/lib64", "/bin")
INSTALL = """\
Grading runs the students' code in a sandbox made by bubblewrap, and {reason}.
  Debian, Ubuntu:  sudo apt install bubblewrap
  Fedora:          sudo dnf install bubblewrap
  macOS, Windows:  there is none; use a Linux machine, WSL 2 or a container
Nothing was graded. (--unsafe would run the students' code with all the rights that you have. Don't, except on a
machine that you are ready to throw away.)"""
BLOCKED = """\
bubblewrap is installed, but it can't build the sandbox here:
  {error}
  Ubuntu 24.04 and later:  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0
  in a Docker container:   start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined
                           --security-opt systempaths=unconfined
Nothing was graded."""


UNREAD = f"""\
A question could not be handed to the sandbox within {frames.SECONDS_TO_READ} s: this machine is short of memory, of
processes or of time. Use fewer --workers, then give the same command again: what is finished is kept."""


class Reply(NamedTuple):
    """What came back for one question. end: a key of `marking.ENDS`; answers: see `frames.read_answers`."""

    end: str
    answers: list


class Sandbox:
    """A sandboxed process with Keras imported, which answers one question at a time.

    unsafe=True starts it without a sandbox. walls="half": as on systems where questions can't have namespaces of their
    own. Use it from one thread, and close it, or use it as a context manager. Raises NoSandbox if it can't be started.
    """

    def __init__(self, unsafe=False, walls="full"):
        self.unsafe, self.wanted = unsafe, walls
        self.asked = False
        self.process = None
        self.walls = None
        self.start()

    def start(self):
        self.close()
        self.process = subprocess.Popen(
            command(self.unsafe, self.wanted),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(self.unsafe),
            bufsize=0,
        )
        try:
            head, _ = self._read_frame(time.monotonic() + SECONDS_TO_START)
        except (EOFError, TimeoutError):
            error = self._last_words()
            self.close()
            raise NoSandbox(BLOCKED.format(error=error)) from None
        self.walls = json.loads(head)["walls"]

    def next_submission(self):
        """Call it between two submissions: where questions can't be walled off from each other, start afresh."""
        if self.process is None or (self.walls == "half" and self.asked):
            self.start()
        self.asked = False

    def ask(self, payload, seconds):
        """Put one question, a dict as `answering.question` reads it. Returns a Reply, whatever the student's code does.

        Raises NoSandbox if the machine, and not the student's code, kept the question from being read.
        """
        if self.process is None:
            self.start()
        self.asked = True
        data = json.dumps(payload).encode()
        try:
            deadline = time.monotonic() + frames.SECONDS_TO_READ + frames.PATIENCE * seconds + 30
            self._write(frames.FRAME.pack(len(data), int(seconds * 1000)) + data, deadline)
            head, body = self._read_frame(deadline)
            end = json.loads(head)["end"]
        except (EOFError, TimeoutError, OSError, ValueError, KeyError):
            self.close()
            return Reply("lost", [])
        if end == "unread":
            self.close()
            raise NoSandbox(UNREAD)
        answers, sound = frames.read_answers(body, len(payload["calls"]) + 2)
        return Reply(end if sound or end != "done" else "forged", answers)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                pipe.close()
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _write(self, data, deadline):
        view, pipe = memoryview(data), self.process.stdin.fileno()
        while view:
            if not select.select([], [pipe], [], max(0, deadline - time.monotonic()))[1]:
                raise TimeoutError
            view = view[os.write(pipe, view[: select.PIPE_BUF]) :]

    def _read_frame(self, deadline):
        pipe = self.process.stdout.fileno()
        head_size, size = frames.FRAME.unpack(frames.read_exactly(pipe, frames.FRAME.size, deadline))
        if head_size > frames.MOST_HEADER or size > frames.MOST_BYTES:
            raise ValueError("a frame that is too large")
        return frames.read_exactly(pipe, head_size, deadline), frames.read_exactly(pipe, size, deadline)

    def _last_words(self):
        self.process.kill()
        lines = self.process.stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it did not answer within {SECONDS_TO_START} s"


def environment(unsafe):
    """The only environment variables inside: quiet, on the processor, few threads."""
    inside = {"HOME": frames.SCRATCH, "TMPDIR": frames.SCRATCH}
    return ({"PATH": os.environ.get("PATH", "")} if unsafe else inside) | {
        "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow", "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
    }  # fmt: skip


def environments():
    """The folders of the interpreter and of what it imports."""
    packages = [path for path in sys.path if path.endswith("-packages") and os.path.isdir(path)]
    return list(dict.fromkeys((sys.base_prefix, sys.prefix, *packages)))


def shown(path):
    """The folder inside the sandbox that a path lies in, None if submissions can't read it."""
    path = Path(path).resolve()
    inside = [f for f in (Path(f).resolve() for f in (*SYSTEM, *environments())) if path.is_relative_to(f)]
    if path.is_relative_to(REPOSITORY):
        inside = [f for f in inside if f.is_relative_to(REPOSITORY)]
    return inside[0] if inside else None


def wash():
    """Put out of the page cache what the sandbox sees of the disk, as far as no running program holds it.

    Which pages are there can be felt inside, and changed: what one run left could be read in the next.
    """
    seen = {os.path.realpath(folder) for folder in (*SYSTEM, *environments(), PACKAGE)}
    for folder in seen:
        if any(str(parent) in seen for parent in Path(folder).parents):
            continue
        for place, _, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):  # a link to nowhere, or nobody may read it
                    file = os.open(os.path.join(place, name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                    try:
                        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                    finally:
                        os.close(file)


def command(unsafe, walls):
    """The command line that starts the frames. Raises NoSandbox if there is no bubblewrap."""
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    taken = ",".join(f"vaelab.{name}" for name in sorted(modules - set(KEPT)))
    if unsafe:
        return [sys.executable, "-I", "-B", "-c", START, str(HERE.parent), "none", str(PACKAGE.parent), taken]
    bwrap = shutil.which("bwrap")
    if bwrap is None or sys.platform != "linux":
        raise NoSandbox(INSTALL.format(reason="it isn't installed" if sys.platform == "linux" else "needs Linux"))
    # No option that came after bubblewrap 0.2, but for --size: clusters and Ubuntu 22.04 have old ones.
    line = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    line += ["--as-pid-1", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    for name in SYSTEM:
        if os.path.islink(name):
            line += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            line += ["--ro-bind", name, name]
    folders = environments()
    if str(REPOSITORY) in folders:
        raise NoSandbox(f"The Python environment fills the course's own folder, {REPOSITORY}. Make it in .venv there.")
    # An empty folder hides the repository, should it lie among what the sandbox sees; another hides the package, should
    # it be installed for real and not as a link to the repository.
    hidden = [str(REPOSITORY), *(f"{folder}/vaelab" for folder in folders if os.path.isdir(f"{folder}/vaelab"))]
    within = [folder for folder in folders if Path(folder).is_relative_to(REPOSITORY)]
    for folder in folders:
        if folder not in within and not Path(folder).is_relative_to("/usr"):
            line += ["--ro-bind", folder, folder]
    line += ["--tmpfs", hidden[0]]
    for folder in within:
        line += ["--ro-bind", folder, folder]
    for folder in hidden[1:]:
        line += ["--tmpfs", folder]
    for folder in hidden:
        line += ["--remount-ro", folder]
    for name in KEPT:
        line += ["--ro-bind", str(PACKAGE / f"{name}.py"), f"/course/vaelab/{name}.py"]
    line += ["--ro-bind", str(PACKAGE / "data"), "/course/vaelab/data"]
    for name in INSIDE:
        line += ["--ro-bind", str(HERE / name), f"/inside/sandbox/{name}"]
    for device in ("null", "zero", "urandom"):
        line += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    known = subprocess.run([bwrap, "--help"], capture_output=True).stdout
    line += ["--proc", "/proc", *(["--size", "1000000"] if b"--size" in known else []), "--tmpfs", frames.SCRATCH]
    line += ["--remount-ro", "/", "--chdir", frames.SCRATCH]
    return [*line, sys.executable, "-I", "-B", "-c", START, "/inside", walls, "/course", taken]
