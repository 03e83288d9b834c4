"""tools/lab.py: the learner's copies, and JupyterLab on them."""

import http.client
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import nbformat
import nbformat.sign
import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools" / "lab.py"


@pytest.fixture
def tool():
    """tools/lab.py as a module of its own for each test."""
    spec = importlib.util.spec_from_file_location("lab", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with two lessons. JupyterLab's own files stay in the test's folder, too."""
    own = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
    for variable in own:
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    edit(tmp_path / "notebooks/en/01-encoder-decoder.ipynb", "1 + 1")
    edit(tmp_path / "notebooks/en/02-latent-scatter.ipynb", "2 + 2")
    return tmp_path


def edit(path, code):
    """Write a one-cell notebook, as the course's makers or a learner would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = nbformat.v4.new_code_cell(code, id="cell-01")
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<b>stored</b>"})]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), path)
    return path.read_bytes()


def hand_out(tool, course, fresh=None):
    tool.hand_out(course / "notebooks", course / "lab", fresh)


def lessons_in(folder):
    return sorted(path.name for path in folder.glob("*.ipynb"))


def test_missing_copy_is_not_made(tool, course):
    hand_out(tool, course)
    assert lessons_in(course / "lab/en") == ["01-encoder-decoder.ipynb", "02-latent-scatter.ipynb"]
    (course / "lab/en/02-latent-scatter.ipynb").unlink()
    hand_out(tool, course)
    for lesson in (course / "notebooks/en").iterdir():
        assert (course / "lab/en" / lesson.name).read_bytes() == lesson.read_bytes()


def test_second_edition_of_the_course_gets_no_folder(tool, course):
    edit(course / "notebooks/ru/01-encoder-decoder.ipynb", "1 + 1  # один")
    hand_out(tool, course)
    assert lessons_in(course / "lab/ru") == ["01-encoder-decoder.ipynb"]
    assert tool.first_lesson(course / "lab") == "en/01-encoder-decoder.ipynb"


def test_edited_copy_is_overwritten(tool, course, capsys):
    hand_out(tool, course)
    mine = edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    hand_out(tool, course)
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "third edition")
    hand_out(tool, course, fresh="02")
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == mine


def test_untouched_copy_stays_old(tool, course, capsys):
    hand_out(tool, course)
    newest = edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == newest
    assert "Brought up to date, as you had not changed them: en/02-latent-scatter.ipynb" in capsys.readouterr().out


def test_edited_copy_of_the_newest_edition_is_announced(tool, course, capsys):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    capsys.readouterr()
    hand_out(tool, course)
    assert capsys.readouterr().out == ""


def test_newer_edition_of_an_edited_copy_is_not_announced(tool, course, capsys):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    printed = capsys.readouterr().out
    assert "newer edition of en/02-latent-scatter.ipynb" in printed
    assert "make lab FRESH=02" in printed
    assert "01-encoder" not in printed.split("newer edition")[1]


@pytest.mark.parametrize("fresh", ["02", "2"])
def test_fresh_edition_is_not_put_beside_and_stays_announced(tool, course, capsys, fresh):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    newest = edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course, fresh)
    beside = next((course / "lab/en").glob("02-latent-scatter (new edition ????-??-??).ipynb"))
    assert beside.read_bytes() == newest
    capsys.readouterr()
    hand_out(tool, course)
    assert capsys.readouterr().out == ""


def test_fresh_edition_overwrites_an_earlier_one_that_was_worked_in(tool, course):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course, fresh="02")
    beside = next((course / "lab/en").glob("*new edition*"))
    worked_in = edit(beside, "my work in the second edition")
    hand_out(tool, course, fresh="02")
    hand_out(tool, course, fresh="02")
    assert beside.read_bytes() == worked_in
    assert len(list((course / "lab/en").glob("*new edition*"))) == 2


def test_fresh_for_a_lesson_that_is_not_there_goes_unnoticed(tool, course):
    with pytest.raises(SystemExit, match=r"no lesson 07.*01, 02"):
        hand_out(tool, course, fresh="7")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"en/02-latent-scatter.ipynb": 3}', "\udcff", None])
def test_damaged_record_costs_a_copy(tool, course, capsys, damage):
    hand_out(tool, course)
    record = course / "lab" / tool.RECORD
    if damage is None:
        record.unlink()
    else:
        record.write_bytes(damage.encode("utf-8", "surrogateescape"))
    before = (course / "lab/en/02-latent-scatter.ipynb").read_bytes()
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == before
    assert "make lab FRESH=02" in capsys.readouterr().out
    assert "en/01-encoder-decoder.ipynb" in json.loads(record.read_text())


def test_full_disk_leaves_half_a_notebook(tool, course, monkeypatch):
    hand_out(tool, course)
    before = (course / "lab/en/02-latent-scatter.ipynb").read_bytes()
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")

    def half(path, content):
        with path.open("wb") as stream:
            stream.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    monkeypatch.setattr(tool, "ROOT", course)
    monkeypatch.setattr(sys, "argv", ["lab.py", "--no-start"])
    with pytest.raises(SystemExit, match=r"(?s)No space left on device.*as they were. Make room"):
        tool.main()
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == before
    assert [path.name for path in (course / "lab/en").iterdir() if path.suffix != ".ipynb"] == []


def test_clone_without_lessons_opens_an_empty_lab(tool, tmp_path):
    with pytest.raises(SystemExit, match="complete clone"):
        tool.hand_out(tmp_path / "notebooks", tmp_path / "lab")


def test_stored_figures_of_a_copy_are_not_trusted(tool, course):
    hand_out(tool, course)
    notebook = nbformat.read(course / "lab/en/01-encoder-decoder.ipynb", as_version=4)
    assert nbformat.sign.NotebookNotary().check_signature(notebook)


def test_signing_that_fails_stops_the_lab(tool, course, monkeypatch):
    def refuse(self, notebook):
        raise RuntimeError("no database")

    monkeypatch.setattr(nbformat.sign.NotebookNotary, "sign", refuse)
    hand_out(tool, course)
    assert len(lessons_in(course / "lab/en")) == 2


def test_taken_port_is_used_or_passed_over_in_silence(tool, monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(tool, "FIRST_PORT", taken)
        port = tool.free_port()
    assert taken < port < taken + tool.PORTS
    assert re.search(rf"Port {taken} is taken.*port {port}", capsys.readouterr().out)


@pytest.mark.parametrize("elsewhere", [{"SSH_CONNECTION": "1.2.3.4", "DISPLAY": ":0"}, {"SSH_TTY": "/dev/pts/1"}])
def test_browser_is_opened_on_a_screen_far_away(tool, monkeypatch, elsewhere):
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    assert not tool.has_browser()


def test_browser_is_expected_where_there_is_none(tool, monkeypatch):
    def none(name=None):
        raise tool.webbrowser.Error("could not locate runnable browser")

    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tool.webbrowser, "get", none)
    assert not tool.has_browser()


def test_error_is_blamed_on_the_lab_whatever_it_was_about(tool, course, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", course)
    monkeypatch.setattr(sys, "argv", ["lab.py", "--no-start"])
    for code, said in ((13, "Make it accessible"), (30, "Move the whole course"), (5, "Mend that")):

        def refuse(*_, code=code):
            raise OSError(code, os.strerror(code), "/some/where")

        monkeypatch.setattr(tool, "hand_out", refuse)
        with pytest.raises(SystemExit, match=rf"^/some/where: {os.strerror(code)}.\nYour notebooks .* {said}"):
            tool.main()


def test_jupyter_writes_to_the_home_or_reads_its_settings(tool, tmp_path, monkeypatch):
    """Only the learner's own look of JupyterLab, and caches, stay in the home; without a home, nothing does."""
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "MPLCONFIGDIR", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folders = tool.own_folders(tmp_path / "own")
    in_home = {name for name, folder in folders.items() if folder.startswith(str(tmp_path / "home"))}
    assert in_home == {"JUPYTERLAB_SETTINGS_DIR"} and "MPLCONFIGDIR" not in folders
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))  # root may write into any folder, but not into a file
    folders = tool.own_folders(tmp_path / "own")
    assert {"MPLCONFIGDIR", "KERAS_HOME"} < set(folders)
    assert all(folder.startswith(str(tmp_path / "own")) for folder in folders.values())


def test_terminal_of_few_characters_ends_the_lab(course):
    (course / "tools").mkdir()
    (course / "tools/lab.py").write_bytes(SCRIPT.read_bytes())
    edit(course / "notebooks/en/01-ключ.ipynb", "1 + 1")
    edit(course / "lab/en/01-ключ.ipynb", "mine")
    lab = subprocess.run(
        [sys.executable, course / "tools/lab.py", "--fresh", "01", "--no-start"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert lab.returncode == 0, lab.stderr
    assert "newest edition of en/01-????.ipynb is in" in lab.stdout


def test_lab_does_not_serve_the_copies_with_this_environment_and_end_on_ctrl_c(course):
    """JupyterLab itself, started as `make lab` does, without a home to write to, with another kernel called python3."""
    wrong = course / "wrong/kernels/python3"
    wrong.mkdir(parents=True)
    (wrong / "kernel.json").write_text('{"argv": ["false"], "display_name": "Wrong", "language": "python"}')
    (course / "tools").mkdir()
    (course / "tools/lab.py").write_bytes(SCRIPT.read_bytes())
    shutil.copytree(SCRIPT.parent / "jupyter", course / "tools/jupyter")
    (course / "home").touch()
    ours = ("JUPYTER", "IPYTHON", "MPL", "KERAS", "XDG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HOME": str(course / "home"), "SSH_TTY": "yes", "PYTHONUNBUFFERED": "1"}
    environment["JUPYTER_PATH"] = str(course / "wrong")
    lab = subprocess.Popen(
        [sys.executable, course / "tools/lab.py"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(180, os.killpg, (lab.pid, signal.SIGKILL))
    watchdog.start()
    try:
        printed = ""
        for line in lab.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"Open this in a browser: (http://127\.0\.0\.1:\d+)(/lab/tree/\S+)\?token=(\w+)", printed)
        assert found, printed
        address, page, token = found.groups()
        assert page == "/lab/tree/en/01-encoder-decoder.ipynb"
        assert "Wrong" not in ask(address, "/api/kernelspecs", token)
        assert '"1 + 1"' in ask(address, "/api/contents/en/01-encoder-decoder.ipynb", token)
        shown = ask(address, page, token)
        assert "<title>JupyterLab</title>" in shown
        settings = json.loads(
            re.search(r'id="jupyter-config-data" type="application/json">(.*?)</script>', shown, re.S)[1]
        )
        assert "@jupyter/nbgrader" in settings["disabledExtensions"]
        assert "nbgrader" not in (course / "lab/.jupyterlab.log").read_text("utf-8")
        with pytest.raises(urllib.request.HTTPError):
            ask(address, "/api/contents", "not-the-token")
        os.killpg(lab.pid, signal.SIGINT)
        rest = lab.stdout.read()
        assert lab.wait() == 0
        assert rest.strip() == f"JupyterLab has ended. Your notebooks are in {course / 'lab/en'}"
    finally:
        watchdog.cancel()
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGKILL)
        lab.stdout.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(address, "/api", token)


def ask(address, path, token):
    request = urllib.request.Request(address + path, headers={"Authorization": f"token {token}"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as response:
        return response.read().decode("utf-8")
