"""Open the lessons in JupyterLab, in the learner's own copies.

    python tools/lab.py               copies in lab/, then JupyterLab
    python tools/lab.py --fresh 02    the newest edition of lesson 02 beside an edited copy, then JupyterLab
    python tools/lab.py --no-start    the copies only

A missing copy is made. A copy whose cells and outputs are still those that were handed out here is refreshed. Any other
copy is the learner's: it is never written to. lab/.handed-out.json holds the sha256 of what was handed out, and
lab/.jupyter what JupyterLab itself keeps: the lab needs no other folder that can be written to, and no other Jupyter's
settings reach it.
"""

import argparse
import contextlib
import datetime
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import webbrowser
from pathlib import Path

from files import ROOT, is_lesson, number, sha256, write

RECORD = ".handed-out.json"
FIRST_PORT = 8888


def main():
    parser = argparse.ArgumentParser(description="Open the lessons in JupyterLab, in copies of your own.")
    parser.add_argument("--fresh", metavar="02", help="put the newest edition of this lesson beside your edited copy")
    parser.add_argument("--no-start", action="store_true", help="make the copies, do not start JupyterLab")
    arguments = parser.parse_args()
    notebooks, lab = ROOT / "notebooks", ROOT / "lab"
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    os.environ.update(own_folders(lab / ".jupyter"))
    try:
        hand_out(notebooks, lab, arguments.fresh)
        if not arguments.no_start:
            serve(lab)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(explain(error, lab))


def explain(error, lab):
    """The message for an error of the operating system: which file or folder, and what helps."""
    advice = {
        errno.ENOSPC: "Make room on that disk",
        getattr(errno, "EDQUOT", errno.ENOSPC): "Make room there",
        errno.EACCES: "Make it accessible to you, or move the whole course to a folder of your own",
        errno.EPERM: "Make it accessible to you, or move the whole course to a folder of your own",
        errno.EROFS: "Move the whole course to a folder that can be written to",
    }.get(error.errno, "Mend that")
    place = error.filename or lab
    return f"{place}: {error.strerror or error}.\nYour notebooks are as they were. {advice}, and run `make lab` again."


def own_folders(private):
    """Environment variables that keep what JupyterLab and the kernels write in the folder `private`.

    The learner's own theme, keys and fonts of JupyterLab stay in force, and matplotlib's cache stays where it is, if
    those folders can be written to.
    """
    home = Path(os.path.expanduser("~")).absolute()
    folders = {
        "JUPYTER_CONFIG_DIR": private / "config",
        "JUPYTER_DATA_DIR": private / "data",
        "JUPYTER_RUNTIME_DIR": private / "runtime",
        "IPYTHONDIR": private / "ipython",
    }
    settings = Path(os.environ.get("JUPYTER_CONFIG_DIR") or home / ".jupyter") / "lab" / "user-settings"
    settings = Path(os.environ.get("JUPYTERLAB_SETTINGS_DIR") or settings)
    folders["JUPYTERLAB_SETTINGS_DIR"] = settings if can_write(settings) else private / "settings"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "matplotlib"
    cache = cache if sys.platform.startswith("linux") else home / ".matplotlib"
    for name, usual in (("MPLCONFIGDIR", cache), ("KERAS_HOME", home / ".keras")):
        usual = Path(os.environ.get(name) or usual)
        if not can_write(usual):
            folders[name] = private / name.split("_")[0].lower()
    return {name: str(folder) for name, folder in folders.items()}


def can_write(folder):
    """Whether a file can be made in this folder. Makes the folder, as the program that looks for it would."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def hand_out(notebooks, lab, fresh=None):
    """Bring the copies in `lab` up to date with `notebooks` and say what happened. `fresh`: a lesson's number."""
    lessons = sorted(path.relative_to(notebooks) for path in notebooks.glob("*/*.ipynb"))
    if not lessons:
        sys.exit(f"There are no lessons in {notebooks}. Is this a complete clone of the repository?")
    if fresh and not any(is_lesson(lesson, fresh) for lesson in lessons):
        sys.exit(f"There is no lesson {fresh}. There are: {', '.join(sorted({number(name) for name in lessons}))}.")
    lab.mkdir(exist_ok=True)
    record, before = read_record(lab), read_record(lab)
    made, refreshed = [], []
    try:
        for lesson in lessons:
            name, newest = lesson.as_posix(), (notebooks / lesson).read_bytes()
            copy = lab / lesson
            mine = copy.read_bytes() if copy.exists() else None
            entry = record.get(name, {})
            offered = cells_of(newest)
            work = offered if mine == newest else mine and cells_of(mine)
            if work in (None, entry.get("copy"), offered):
                if mine != newest and (work != offered or entry.get("newest") != sha256(newest)):
                    write(copy, newest)
                    trust(newest, copy)
                    (made if mine is None else refreshed).append(name)
                record[name] = {"copy": offered, "newest": sha256(newest)}
            elif fresh and is_lesson(lesson, fresh):
                beside = put_beside(copy, newest)
                record[name] = {**entry, "newest": sha256(newest)}
                print(f"The newest edition of {name} is in {shown(beside)}. Yours is as it was.")
            elif "newest" not in entry:
                print(f"Your copy of {name} differs from the course's, and there is no record of where it comes from.")
                print(f"  It stays as it is. The course's edition beside it: make lab FRESH={number(lesson)}")
            elif entry["newest"] != sha256(newest):
                print(f"There is a newer edition of {name}. Your copy, which you have changed, stays as it is.")
                print(f"  The newer one beside it: make lab FRESH={number(lesson)}")
    finally:
        if record != before:
            write(lab / RECORD, json.dumps(record, indent=1))
    if made:
        print(f"Made your copies of {len(made)} lesson{'s' * (len(made) > 1)} in {shown(lab)}.")
    if refreshed:
        print(f"Brought up to date, as you had not changed them: {', '.join(refreshed)}.")


def cells_of(notebook):
    """The sha256 of all that a learner works on: text and outputs, as JSON has them.

    JupyterLab saves other metadata as soon as it opens a notebook, and perhaps other white space.
    """

    def plain(part):
        if isinstance(part, list) and all(isinstance(line, str) for line in part):
            return "".join(part)
        if isinstance(part, list):
            return [plain(one) for one in part]
        return {key: plain(one) for key, one in part.items()} if isinstance(part, dict) else part

    try:
        cells = [[cell["cell_type"], cell["source"], cell.get("outputs")] for cell in json.loads(notebook)["cells"]]
        return sha256(json.dumps([plain(cell) for cell in cells], sort_keys=True))
    except (ValueError, KeyError, TypeError):
        return sha256(notebook)


def shown(path):
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def read_record(lab):
    """What was handed out: {"en/02-….ipynb": {"copy": its cells' sha256, "newest": that of the newest file offered}}.

    A missing or damaged record is an empty one: every copy then counts as the learner's own.
    """
    try:
        record = json.loads((lab / RECORD).read_text("utf-8"))
        return {name: entry for name, entry in record.items() if isinstance(entry, dict)}
    except (OSError, ValueError, AttributeError):
        return {}


def put_beside(copy, newest):
    """Write the newest edition next to the learner's copy under a name that is free, or find it there already."""
    today = datetime.date.today().isoformat()
    names = [f"{copy.stem} (new edition {today}){again}.ipynb" for again in ("", *(f" {n}" for n in range(2, 100)))]
    for path in (copy.with_name(name) for name in names):
        if not path.exists():
            write(path, newest)
            trust(newest, path)
            return path
        if path.read_bytes() == newest:
            return path
    sys.exit(f"There are already 99 editions of today beside {shown(copy)}. Remove some and run the command again.")


def trust(content, path):
    """Sign a copy that we made, so that JupyterLab shows its stored figures. Unsigned, it only shows fewer of them."""
    with contextlib.suppress(Exception):
        import nbformat.sign

        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.sign.NotebookNotary().sign(notebook)


def serve(lab):
    """Run JupyterLab in `lab` until Ctrl-C. It finds a port and says where it is; of its log only errors are shown."""
    first, browser = first_lesson(lab), has_browser()
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.answer_yes=True", "--Application.log_level=ERROR"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={FIRST_PORT}", "--ServerApp.port_retries=50"]
    command += [f"--ServerApp.root_dir={lab}", f"--LabApp.default_url=/lab/tree/{first}"]
    command += ["--LabApp.extension_manager=readonly", f"--ServerApp.open_browser={browser}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        print("You are root, so JupyterLab gets --allow-root. It listens on this machine only.")
        command.append("--ServerApp.allow_root=True")
    # tools/jupyter switches off the question about Jupyter's news, and with it the search for them on the network.
    settings = [str(ROOT / "tools" / "jupyter"), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(settings), "JUPYTER_PREFER_ENV_PATH": "1"}
    environment.pop("JUPYTER_PATH", None)  # it would put other kernels called python3 before this environment's
    Path(environment["IPYTHONDIR"]).mkdir(parents=True, exist_ok=True)  # IPython makes it, but not its parents
    if is_taken(FIRST_PORT):
        print(f"Port {FIRST_PORT} is taken (another JupyterLab?), so this one uses the next free one.")
    print("Starting JupyterLab. Ctrl-C here ends it.", flush=True)
    server = subprocess.Popen(command, cwd=lab, env=environment, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    while server.returncode is None:
        with contextlib.suppress(KeyboardInterrupt):  # it has reached JupyterLab too, which ends its kernels and itself
            server.wait()
    if server.returncode > 0:
        sys.exit(f"JupyterLab ended with an error, see above. Your notebooks are in {lab}")
    print(f"JupyterLab has ended. Your notebooks are in {(lab / first).parent}")


def first_lesson(lab):
    """Where the learner starts: the first lesson, in English if there is a choice."""
    copies = sorted(path.relative_to(lab).as_posix() for path in lab.glob("*/[0-9]*.ipynb"))
    return next((name for name in copies if name.startswith("en/")), copies[0])


def is_taken(port):
    """Whether a program listens on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def has_browser():
    """Whether a browser can open on the screen in front of the person who typed the command."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return False
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    if sys.platform.startswith("linux") and not screen:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


if __name__ == "__main__":
    main()
