"""Make the folder .venv and install requirements.txt into it, unless that is already done.

Every target of the Makefile runs this first: python3 tools/environment.py
The file .venv/.course-ready says for which requirements, and for which folder, the installation was finished.
tools/pythons.py makes environments in other folders with it, of fewer packages or of newer ones:
    python3 tools/environment.py --venv FOLDER --packages . pytest              at the versions of requirements.txt
    python3 tools/environment.py --venv FOLDER --packages ".[dev]" --newest     at the newest versions
Standard library only, and no newer syntax than Python 3.6 reads: an old Python has to get as far as the message.
"""

import argparse
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
INSTALLING = "installing"
GIGABYTE = 10**9
PIP = "pip==26.3"

NO_PYTHON = """\
This is Python {found} ({path}). The course needs Python 3.11, 3.12 or 3.13, and none is on the PATH.
  Debian, Ubuntu:  sudo apt install python3.11 python3.11-venv    (or 3.12, 3.13: what your release has)
  macOS:           brew install python@3.12
  Windows, others: https://www.python.org/downloads/
If you have one elsewhere, name it:  make lab PYTHON=/path/to/python3.12"""

NO_VENV = """\
Python {found} ({path}) cannot make virtual environments: its module "ensurepip" is missing.
Debian and Ubuntu keep it in a package of its own. Install that and run the same command again:
  sudo apt install python{short}-venv"""

NO_SPACE = """\
There is not enough room on the disk: {free:.1f} GB free in {root}, {needed:.0f} GB needed.
Make room and run the same command again. Nothing of yours was touched."""

DISK_FULL = """\
The disk is full ({free:.1f} GB left in {root}).
The installation needs 4 GB there, and pip needs 1 GB for its temporary files in {temporary}
(to use another folder for those: TMPDIR=/path/with/room make lab).
Make room and run the same command again. Nothing of yours was touched."""

NOT_WRITABLE = """\
The folder {root} cannot be written to: {error}.
The course keeps its environment and your copies of the lessons there.
Move the whole folder to a place of your own, such as your home folder, and run the same command again."""

NOT_OURS = """\
There is a file or folder called {venv} that is not a Python environment, so it stays as it is.
Rename it and run the same command again."""

NO_NETWORK = """\
The package index could not be reached. The network is needed once, to install the packages.
Check the connection (and the proxy, if you have one) and run the same command again:
it goes on from there, finished downloads are kept."""

NO_PACKAGE = """\
There is no ready-made package for this computer ({platform}, {bits} bit, Python {found}).
TensorFlow comes for 64-bit Linux (glibc), Windows and macOS on Apple silicon."""

FAILED = (
    "pip could not install the packages. Run the same command again; if it ends here again, report the lines above."
)

NO_START = """\
The packages are installed, but Keras or Jupyter does not start (exit status {status}; see the lines above).
A negative status often means that the processor is too old for TensorFlow, which needs AVX.
Running the same command again installs everything anew."""

INTERRUPTED = "Interrupted. Nothing is lost: run the same command again, it mends what is unfinished."

NETWORK_SIGNS = (
    "NewConnectionError",
    "Failed to establish a new connection",
    "name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Connection refused",
    "Connection reset",
    "Connection broken",
    "Connection aborted",
    "IncompleteRead",
    "RemoteDisconnected",
    "ProxyError",
    "timed out",
    "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
)
SPACE_SIGNS = ("No space left on device", "Disk quota exceeded", "There is not enough space on the disk")


class Stop(Exception):
    """The environment cannot be made; the text says why and what to do."""


def main():
    """Return 0 when the environment is ready, another number after a message on stderr."""
    if hasattr(sys.stdout, "reconfigure"):  # since Python 3.7
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    parser = argparse.ArgumentParser(description="Make the course's Python environment.")
    parser.add_argument("--venv", default=".venv", metavar="FOLDER")
    parser.add_argument("--packages", nargs="+", metavar="PACKAGE", help="these and what they need; . is the course")
    parser.add_argument("--newest", action="store_true", help="at the newest versions, not those of requirements.txt")
    options = parser.parse_args()
    try:
        prepare(os.path.join(ROOT, options.venv), options.packages, options.newest)
        return 0
    except Stop as stop:
        message, code = str(stop), 1
    except KeyboardInterrupt:
        message, code = INTERRUPTED, 130
    except (OSError, shutil.Error) as error:
        message, code = explain(error), 1
    sys.stderr.write("\n" + message + "\n")
    return code


def prepare(venv, packages=None, newest=False):
    """Bring the folder `venv` to what is asked for. Returns at once if it is there already.

    packages: what to install with all that it needs, "." being the course; None for all of requirements.txt.
    newest: at the newest versions that pyproject.toml allows, looked up once a day, not at those of requirements.txt.
    """
    wanted, mark = fingerprint(packages, newest), read_mark(venv)
    if mark == wanted and os.path.exists(python_of(venv)):
        return
    started, name = time.time(), os.path.relpath(venv, ROOT)
    if can_be_updated(venv, mark):
        say("The course's requirements have changed: updating " + name)
        need_space(1)
    else:
        python, version = find_python()
        say("Preparing the course's environment in " + name + " (once; 3 GB, a few minutes)")
        remove_broken(venv)
        need_space(4)
        write_mark(venv, INSTALLING)
        say(f"  1/3  Python {version} ({python})")
        make_venv(venv, python, version)
    write_mark(venv, INSTALLING)
    try:
        install_packages(venv, packages, newest)
        try_packages(venv, "" if packages else ", jupyterlab.labapp")
    except Stop as stop:
        if str(stop) == NO_NETWORK and mark:
            write_mark(venv, mark)  # pip fetches everything before it changes anything: the environment is as it was
        raise
    write_mark(venv, wanted)
    say(f"  Ready after {clock(time.time() - started)}")


def python_of(venv):
    return os.path.join(venv, "Scripts", "python.exe") if os.name == "nt" else os.path.join(venv, "bin", "python")


def fingerprint(packages, newest):
    """What a finished environment carries in its mark: a hash of what was asked for, and the course's folder."""
    contents = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            contents.update(file.read())
    if packages:
        contents.update(" ".join(packages).encode())
    if newest:
        contents.update(time.strftime("%Y-%m-%d").encode())
    return contents.hexdigest() + " " + ROOT


def mark_of(venv):
    return os.path.join(venv, ".course-ready")


def read_mark(venv):
    try:
        with open(mark_of(venv), "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def write_mark(venv, text):
    if not os.path.isdir(venv):
        os.makedirs(venv)
    with open(mark_of(venv), "wb") as file:
        file.write(text.encode("utf-8", "replace"))


def can_be_updated(venv, mark):
    """True if the environment works and was not left half-made or carried here from another folder."""
    moved = mark and not mark.endswith(" " + ROOT)
    return mark != INSTALLING and not moved and probe(python_of(venv), "pip")[0]


def find_python():
    """Return (path, version) of a Python that can make the environment: the running one if it will do."""
    lacks_venv = None
    for candidate in (sys.executable, "python3.13", "python3.12", "python3.11"):
        complete, path, version = probe(candidate, "ensurepip, venv")
        if complete:
            if candidate != sys.executable and not lacks_venv:
                say(f"Python {running()} will not do; using {path}, which is Python {version}.")
            return path, version
        if version and not lacks_venv:
            lacks_venv = path, version
    if lacks_venv:
        path, version = lacks_venv
        raise Stop(NO_VENV.format(found=version, path=path, short=".".join(version.split(".")[:2])))
    raise Stop(NO_PYTHON.format(found=running(), path=sys.executable))


def probe(python, modules):
    """Return (complete, path, version): version is "" unless `python` runs and is 3.11 to 3.13."""
    code = "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3]); import " + modules
    try:
        process = subprocess.Popen(
            [python, "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError:
        return False, "", ""
    lines = process.communicate()[0].decode("utf-8", "replace").splitlines()
    if len(lines) < 2:
        return False, "", ""
    path, version = lines[0], lines[1]
    if not OLDEST <= tuple(int(part) for part in version.split(".")[:2]) <= NEWEST:
        return False, path, ""
    return process.returncode == 0, path, version


def running():
    return "{}.{}.{}".format(*sys.version_info[:3])


def remove_broken(venv):
    """Delete an environment that does not work. Anything else of that name is not ours to delete."""
    if not os.path.lexists(venv):
        return
    ours = os.path.isfile(os.path.join(venv, "pyvenv.cfg")) or os.path.isfile(mark_of(venv))
    if os.path.islink(venv) or not os.path.isdir(venv) or (os.listdir(venv) and not ours):
        raise Stop(NOT_OURS.format(venv=venv))
    say("  " + os.path.relpath(venv, ROOT) + " is unfinished or broken: making it anew")
    shutil.rmtree(venv)


def need_space(gigabytes):
    if free_space() < gigabytes:
        raise Stop(NO_SPACE.format(free=free_space(), root=ROOT, needed=gigabytes))


def free_space():
    return shutil.disk_usage(ROOT).free / GIGABYTE


def make_venv(venv, python, version):
    status, output = finish([python, "-m", "venv", venv])
    if status == 0:
        return
    say(useful_lines(output.splitlines()))
    if "ensurepip is not" in output:
        raise Stop(NO_VENV.format(found=version, path=python, short=".".join(version.split(".")[:2])))
    raise Stop(reason(output, version))


def finish(command, **settings):
    """Run a command to its end: (exit status, what it printed)."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(os.environ, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        output = process.communicate()[0].decode("utf-8", "replace")
    except KeyboardInterrupt:
        end(process)
        raise
    return process.returncode, output


def end(process):
    """After Ctrl-C, which has reached the process too: give it a moment to end by itself and with its children."""
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def install_packages(venv, packages, newest):
    """Run pip in the environment, after a newer pip than Python brings along: it takes a third of the time."""
    with open(os.path.join(ROOT, "requirements.txt"), "rb") as file:
        pins = [line for line in file.read().splitlines() if line.strip() and not line.startswith((b"#", b"-"))]
    arguments = ["--requirement", "requirements.txt"]
    if packages:
        arguments = [part for name in packages for part in (["--editable", name] if name[0] == "." else [name])]
        if newest:
            arguments += ["--upgrade", "--upgrade-strategy", "eager"]
        else:
            constraints = os.path.join(venv, "versions.txt")
            with open(constraints, "wb") as file:
                file.write(b"\n".join(pins) + b"\n")
            arguments += ["--constraint", constraints]
    total = "" if packages else f" of about {len(pins)}"
    run_pip(venv, [PIP], total)
    # Without compiling everything: what is used gets compiled when it is first imported, which is next.
    run_pip(venv, ["--no-compile", "--no-warn-script-location", *arguments], total)


def run_pip(venv, arguments, total):
    """Run `pip install`, showing one line that moves. If it fails, show its last useful lines and stop."""
    command = [python_of(venv), "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
    command.append("--disable-pip-version-check")
    process = subprocess.Popen(
        command + arguments,
        cwd=ROOT,
        env=dict(os.environ, PYTHONUNBUFFERED="1", PIP_USER="0"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    reader = threading.Thread(target=read_lines, args=(process.stdout, lines))
    reader.daemon = True
    reader.start()
    try:
        show_progress(reader, lines, total)
    except KeyboardInterrupt:
        end(process)
        raise
    if process.wait() != 0:
        say(useful_lines(lines))
        raise Stop(reason("\n".join(lines), running()))


def try_packages(venv, more):
    """Start what the lessons need: a processor that TensorFlow cannot use is found here and not in lesson 1."""
    say("  3/3  A first start of Keras and Jupyter")
    code = "import vaelab, keras, sklearn, matplotlib.pyplot, ipykernel" + more
    status, output = finish([python_of(venv), "-c", code], TF_CPP_MIN_LOG_LEVEL="2", CUDA_VISIBLE_DEVICES="-1")
    if status != 0:
        say(useful_lines(output.splitlines()))
        raise Stop(NO_START.format(status=status))


def read_lines(stream, lines):
    for line in stream:
        lines.append(line.decode("utf-8", "replace").rstrip())


def show_progress(reader, lines, total):
    """Until pip ends: on a terminal one line that is rewritten, elsewhere a new line every ten seconds."""
    terminal, started, seen, shown = sys.stdout.isatty(), time.time(), 0, 0
    fetched, doing = 0, "getting pip ready"
    while reader.is_alive():
        reader.join(0.5)
        for line in lines[seen:]:
            seen += 1
            name = requirement(line)
            if name:
                fetched += 1
                doing = f"{fetched}{total}, {name}"
            elif line.lstrip().startswith("Downloading ") and line.endswith(")"):
                wheel, _, size = line.strip()[len("Downloading ") : -1].partition(" (")
                doing = "{}{}, {} {}".format(fetched, total, wheel.split("/")[-1].split("-")[0], size)
            elif line.startswith("Installing collected packages") and fetched:
                doing = "all there, unpacking them (a minute or two)"
        text = f"  2/3  Packages: {doing} [{clock(time.time() - started)}]"
        if terminal:
            columns = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + text[:columns].ljust(columns))
            sys.stdout.flush()
        elif time.time() - started >= 10 * (shown + 1):
            shown += 1
            say(text)
    if terminal:
        sys.stdout.write("\n")


def requirement(line):
    """The package that pip has just turned to, or None: "Collecting keras==3.15.1 (from -r requirements.txt …"."""
    for start, source in (("Collecting ", "(from "), ("Requirement already satisfied: ", "(from -r")):
        if line.startswith(start) and source in line:
            return line[len(start) :].split()[0].split("==")[0]
    if line.startswith("Processing ") and "(from -r" in line:  # a wheel on this machine
        return os.path.basename(line.split()[1]).split("-")[0]
    return None


def useful_lines(lines):
    """pip's errors, and its last complaint about the network; without any, its last five lines."""
    errors = [line for line in lines if line.lstrip().lower().startswith(("error", "fatal"))]
    complaints = [line for line in lines if line.startswith("WARNING: Retrying")]
    chosen = complaints[-1:] + errors[-4:] or [line for line in lines if line.strip()][-5:]
    return "\n".join("  | " + line.strip()[:300] for line in chosen)


def reason(output, version):
    """The message for what went wrong, read from what venv or pip printed."""
    if any(sign in output for sign in SPACE_SIGNS) or free_space() < 0.1:
        return disk_full()
    if "Read-only file system" in output or "Permission denied" in output:
        return NOT_WRITABLE.format(root=ROOT, error="see the lines above")
    if any(sign in output for sign in NETWORK_SIGNS):
        return NO_NETWORK
    if "No matching distribution found" in output:
        bits = 64 if sys.maxsize > 2**32 else 32
        return NO_PACKAGE.format(platform=sys.platform, bits=bits, found=version)
    return FAILED


def disk_full():
    temporary = os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"
    return DISK_FULL.format(free=free_space(), root=ROOT, temporary=temporary)


def explain(error):
    """The message for an error of the operating system."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return disk_full()
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return NOT_WRITABLE.format(root=ROOT, error=error.strerror)
    return f"The environment could not be made: {error}\nRun the same command again."


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
