"""Make the folder .venv and install the course's packages into it, unless that is already done.

The targets of the Makefile run this first:
    python3 tools/environment.py               what a learner needs, requirements/learner.txt
    python3 tools/environment.py maintainer    that and what proves, marks and publishes, requirements/maintainer.txt
The file .venv/.course-ready says what was asked for, and in which folder, when the installation was finished. An
environment that holds the maintainer's packages is a learner's too.
tools/pythons.py makes environments in other folders with it, of fewer packages or of newer ones:
    python3 tools/environment.py --venv FOLDER --packages . pytest              at the maintainer's versions
    python3 tools/environment.py --venv FOLDER --packages ".[dev]" --newest     at the newest versions
Standard library only, and no newer syntax than Python 3.6 reads: an old Python has to get as far as the message.
"""

import argparse
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
INSTALLING = "installing"
GIGABYTES = {"learner": 3, "maintainer": 4}
UV = "uv==0.13.9"  # pip fetches it, and it fetches the rest, in a third of pip's time

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
The disk is full ({free:.1f} GB left in {root}; the downloads pass through {cache}).
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
    "The packages could not be installed. Run the same command again; if it ends here again, report the lines above."
)

NO_START = """\
The packages are installed, but Keras or Jupyter does not start (exit status {status}; see the lines above).
A negative status often means that the processor is too old for TensorFlow, which needs AVX.
Running the same command again installs everything anew."""

INTERRUPTED = "Interrupted. Nothing is lost: run the same command again, it mends what is unfinished."

# How pip, uv and the system say what went wrong, whatever the version: the first that is found decides.
SPACE = r"No space left on device|Disk quota exceeded|not enough space on the disk"
LOCKED = r"Read-only file system|Permission denied"
NETWORK = (
    r"Request failed|Failed to (fetch|download)|dns error|connect error|[Tt]imed out|SSLError|CERTIFICATE|certificate|"
    r"NewConnectionError|Connection (refused|reset|broken|aborted)|Name or service not known|name resolution|"
    r"Network is unreachable|IncompleteRead|RemoteDisconnected|ProxyError"
)
PLATFORM = r"No matching distribution found|no wheels with a matching"


class Stop(Exception):
    """The environment cannot be made; the text says why and what to do."""


def main():
    """Return 0 when the environment is ready, another number after a message on stderr."""
    if hasattr(sys.stdout, "reconfigure"):  # since Python 3.7
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    parser = argparse.ArgumentParser(description="Make the course's Python environment.")
    parser.add_argument("kind", nargs="?", choices=sorted(GIGABYTES), default="learner", help="for whom (learner)")
    parser.add_argument("--venv", default=".venv", metavar="FOLDER")
    parser.add_argument("--packages", nargs="+", metavar="PACKAGE", help="these and what they need; . is the course")
    parser.add_argument("--newest", action="store_true", help="at the newest versions, not the locked ones")
    options = parser.parse_args()
    try:
        prepare(os.path.join(ROOT, options.venv), options.kind, options.packages, options.newest)
        return 0
    except Stop as stop:
        message, code = str(stop), 1
    except KeyboardInterrupt:
        message, code = INTERRUPTED, 130
    except (OSError, shutil.Error) as error:
        message, code = explain(error), 1
    sys.stderr.write("\n" + message + "\n")
    return code


def prepare(venv, kind, packages=None, newest=False):
    """Bring the folder `venv` to what is asked for. Returns at once if it is there already.

    kind: "learner" or "maintainer"; a learner's is not taken out of an environment that holds the maintainer's.
    packages: instead, what to install with all that it needs, "." being the course.
    newest: at the newest versions that pyproject.toml allows, looked up once a day, not at the locked ones.
    """
    mark = read_mark(venv)
    kind = "maintainer" if mark.startswith("maintainer ") else kind
    wanted = fingerprint(kind, packages, newest)
    if mark == wanted and os.path.exists(python_of(venv)):
        return
    started, name = time.time(), os.path.relpath(venv, ROOT)
    if can_be_updated(venv, mark):
        more = mark.startswith("learner ") and kind == "maintainer"
        say("{}: updating {}".format("More packages are needed" if more else "The course's requirements changed", name))
        need_space(1)
    else:
        python, version = find_python()
        say(f"Preparing the course's environment in {name} (once; {GIGABYTES[kind]} GB, a few minutes)")
        remove_broken(venv)
        need_space(GIGABYTES[kind])
        write_mark(venv, INSTALLING)
        say(f"  1/3  Python {version} ({python})")
        must([python, "-m", "venv", venv], version)
    write_mark(venv, INSTALLING)
    try:
        install_packages(venv, kind, packages, newest)
        try_packages(venv, "" if packages else ", jupyterlab.labapp")
    except Stop as stop:
        if str(stop) == NO_NETWORK and mark:
            write_mark(venv, mark)  # uv fetches everything before it changes anything: the environment is as it was
        raise
    write_mark(venv, wanted)
    seconds = int(time.time() - started)
    say(f"  Ready after {seconds // 60}:{seconds % 60:02d}")


def python_of(venv):
    return os.path.join(venv, "Scripts", "python.exe") if os.name == "nt" else os.path.join(venv, "bin", "python")


def fingerprint(kind, packages, newest):
    """What a finished environment carries in its mark: the kind, a hash of what was asked for, the course's folder."""
    contents = hashlib.sha256(UV.encode())
    for name in (os.path.join("requirements", kind + ".txt"), "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            contents.update(file.read())
    contents.update(" ".join(packages or []).encode())
    if newest:
        contents.update(time.strftime("%Y-%m-%d").encode())
    return f"{kind} {contents.hexdigest()} {ROOT}"


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
    return shutil.disk_usage(ROOT).free / 10**9


def install_packages(venv, kind, packages, newest):
    """Have pip fetch uv, and uv the rest. Nothing is compiled: what is used gets compiled when it is first imported."""
    say("  2/3  Packages")
    python = python_of(venv)
    must([python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", UV], PIP_USER="0")
    if packages:
        arguments = [part for name in packages for part in (["--editable", name] if name[0] == "." else [name])]
        arguments += ["--upgrade"] if newest else ["--constraint", os.path.join("requirements", "maintainer.txt")]
    else:
        # Without what the packages ask for themselves: the list is complete.
        arguments = ["--no-deps", "--requirement", os.path.join("requirements", kind + ".txt"), "--editable", "."]
    settings = dict(pip_settings(python), UV_CACHE_DIR=cache_folder(), UV_SYSTEM_CERTS="1")
    must([python, "-m", "uv", "pip", "install", "--python", python, *arguments], **settings)


def pip_settings(python):
    """The index, certificate and proxy that pip is set to, where uv, which does not read pip's settings, looks."""
    found = {}
    listed = run([python, "-m", "pip", "config", "list"])[1]
    for option, variable in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE"), ("proxy", "HTTPS_PROXY")):
        match = re.search(r"^(?:global|install|:env:)\." + option + "='(.*)'$", listed, re.MULTILINE)
        if match and variable not in os.environ:
            found[variable] = match.group(1)
    return found


def cache_folder():
    """Where uv keeps what it fetched: its usual folder if files there can be linked into .venv, else one in build/."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    usual = os.environ.get("UV_CACHE_DIR") or os.path.join(caches, "uv")
    try:
        os.makedirs(usual, exist_ok=True)
        if os.access(usual, os.W_OK) and os.stat(usual).st_dev == os.stat(ROOT).st_dev:
            return usual
    except OSError:
        pass
    return os.path.join(ROOT, "build", "uv")


def run(command, **settings):
    """Run a command to its end, showing what it fetches and, if it fails, its errors: (exit status, output)."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(os.environ, **settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip())
            if re.match(r" *(Downloading|Building|Prepared|Installed) ", lines[-1]):
                say("       " + lines[-1].strip())
        process.wait()
    except KeyboardInterrupt:  # it has reached the process too: a moment to end by itself and with its children
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        raise
    if process.returncode:
        errors = [line for line in lines if re.match(r" *(error|fatal|cause|hint)|WARNING: Retrying", line, re.I)]
        say("\n".join("  | " + line.strip()[:300] for line in (errors or lines)[-6:]))
    return process.returncode, "\n".join(lines)


def must(command, version="", **settings):
    """Run a command as `run` does; raise Stop with the reason, read from what it printed, if it fails."""
    status, output = run(command, **settings)
    if status == 0:
        return output
    if re.search(SPACE, output) or free_space() < 0.1:
        raise Stop(disk_full())
    if "ensurepip is not" in output:
        raise Stop(NO_VENV.format(found=version, path=command[0], short=".".join(version.split(".")[:2])))
    if re.search(LOCKED, output):
        raise Stop(NOT_WRITABLE.format(root=ROOT, error="see the lines above"))
    if re.search(NETWORK, output):
        raise Stop(NO_NETWORK)
    if re.search(PLATFORM, output):
        bits = 64 if sys.maxsize > 2**32 else 32
        raise Stop(NO_PACKAGE.format(platform=sys.platform, bits=bits, found=version or running()))
    raise Stop(FAILED)


def try_packages(venv, more):
    """Start what the lessons need: a processor that TensorFlow cannot use is found here and not in lesson 1."""
    say("  3/3  A first start of Keras and Jupyter")
    code = "import vaelab, keras, sklearn, matplotlib.pyplot, ipykernel" + more
    status, _ = run([python_of(venv), "-c", code], TF_CPP_MIN_LOG_LEVEL="2", CUDA_VISIBLE_DEVICES="-1")
    if status:
        raise Stop(NO_START.format(status=status))


def disk_full():
    return DISK_FULL.format(free=free_space(), root=ROOT, cache=cache_folder())


def explain(error):
    """The message for an error of the operating system."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return disk_full()
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return NOT_WRITABLE.format(root=ROOT, error=error.strerror)
    return f"The environment could not be made: {error}\nRun the same command again."


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
