"""tools/lab.py: the learner's copies, and JupyterLab on them."""

import contextlib
import http.client
import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import nbformat
import nbformat.sign
import pytest

import files
import lab
from files import ROOT

TOOLS = ROOT / "tools"


@pytest.fixture
def tool():
    """tools/lab.py, loaded anew for each test."""
    return importlib.reload(lab)


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


def take_tools(course):
    """Give the course its own copy of what starts the lab."""
    shutil.copytree(TOOLS / "jupyter", course / "tools/jupyter")
    for name in ("lab.py", "files.py"):
        shutil.copy(TOOLS / name, course / "tools")


def lessons_in(folder):
    return sorted(path.name for path in folder.glob("*.ipynb"))


def test_missing_copy_is_made(tool, course):
    hand_out(tool, course)
    assert lessons_in(course / "lab/en") == ["01-encoder-decoder.ipynb", "02-latent-scatter.ipynb"]
    (course / "lab/en/02-latent-scatter.ipynb").unlink()
    hand_out(tool, course)
    for lesson in (course / "notebooks/en").iterdir():
        assert (course / "lab/en" / lesson.name).read_bytes() == lesson.read_bytes()


def test_second_language_gets_a_folder_and_english_opens_first(tool, course):
    edit(course / "notebooks/ru/01-encoder-decoder.ipynb", "1 + 1  # один")
    hand_out(tool, course)
    assert lessons_in(course / "lab/ru") == ["01-encoder-decoder.ipynb"]
    assert tool.first_lesson(course / "lab") == "en/01-encoder-decoder.ipynb"


def test_edited_copy_is_kept(tool, course, capsys):
    hand_out(tool, course)
    mine = edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    hand_out(tool, course)
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "third edition")
    hand_out(tool, course, fresh="02")
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == mine


def test_untouched_copy_is_brought_up_to_date(tool, course, capsys):
    hand_out(tool, course)
    newest = edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == newest
    assert "Brought up to date, as you had not changed them: en/02-latent-scatter.ipynb" in capsys.readouterr().out


def test_copy_that_jupyterlab_saved_on_opening_it_is_untouched(tool, course, capsys):
    hand_out(tool, course)
    copy = course / "lab/en/02-latent-scatter.ipynb"
    saved = json.loads(copy.read_bytes())
    saved["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    saved["cells"][0]["metadata"]["editable"] = True
    saved["cells"][0]["source"] = "".join(saved["cells"][0]["source"])
    copy.write_text(json.dumps(saved))
    before = copy.read_bytes()
    capsys.readouterr()
    hand_out(tool, course)
    assert copy.read_bytes() == before and capsys.readouterr().out == ""
    newest = edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    assert copy.read_bytes() == newest


def test_edited_copy_of_the_newest_edition_needs_no_word(tool, course, capsys):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    capsys.readouterr()
    hand_out(tool, course)
    assert capsys.readouterr().out == ""


def test_newer_edition_of_an_edited_copy_is_announced(tool, course, capsys):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course)
    printed = capsys.readouterr().out
    assert "newer edition of en/02-latent-scatter.ipynb" in printed
    assert "make lab FRESH=02" in printed
    assert "01-encoder" not in printed.split("newer edition")[1]


@pytest.mark.parametrize("fresh", ["02", "2"])
def test_fresh_edition_is_put_beside_and_no_longer_announced(tool, course, capsys, fresh):
    hand_out(tool, course)
    edit(course / "lab/en/02-latent-scatter.ipynb", "my own work")
    newest = edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")
    hand_out(tool, course, fresh)
    beside = next((course / "lab/en").glob("02-latent-scatter (new edition ????-??-??).ipynb"))
    assert beside.read_bytes() == newest
    capsys.readouterr()
    hand_out(tool, course)
    assert capsys.readouterr().out == ""


def test_fresh_edition_leaves_an_earlier_one_that_was_worked_in(tool, course):
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


def test_fresh_edition_of_a_chapter_is_not_one_of_its_deeper_page(tool, course):
    for name in ("02-latent-scatter", "02b-deeper"):
        edit(course / f"notebooks/en/{name}.ipynb", "first edition")
        edit(course / f"lab/en/{name}.ipynb", "my own work")
    hand_out(tool, course, fresh="2")
    assert [path.name[:12] for path in (course / "lab/en").glob("*new edition*")] == ["02-latent-sc"]
    hand_out(tool, course, fresh="2b")
    assert len(list((course / "lab/en").glob("02b-deeper (new edition*"))) == 1


def test_fresh_for_a_lesson_that_is_not_there_is_refused(tool, course):
    with pytest.raises(SystemExit, match=r"no lesson 7.*01, 02"):
        hand_out(tool, course, fresh="7")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"en/02-latent-scatter.ipynb": 3}', "\udcff", None])
def test_damaged_record_costs_no_copy(tool, course, capsys, damage):
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


def test_full_disk_leaves_whole_notebooks(tool, course, monkeypatch):
    hand_out(tool, course)
    before = (course / "lab/en/02-latent-scatter.ipynb").read_bytes()
    edit(course / "notebooks/en/02-latent-scatter.ipynb", "second edition")

    def full(handle, mode):
        os.write(handle, b"half")
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fdopen", full)
    monkeypatch.setattr(tool, "ROOT", course)
    monkeypatch.setattr(sys, "argv", ["lab.py", "--no-start"])
    with pytest.raises(SystemExit, match=r"(?s)No space left on device.*as they were. Make room"):
        tool.main()
    assert (course / "lab/en/02-latent-scatter.ipynb").read_bytes() == before
    assert [path.name for path in (course / "lab/en").iterdir() if path.suffix != ".ipynb"] == []


def test_clone_without_lessons_is_refused(tool, tmp_path):
    with pytest.raises(SystemExit, match="complete clone"):
        tool.hand_out(tmp_path / "notebooks", tmp_path / "lab")


def test_stored_figures_of_a_copy_are_trusted(tool, course):
    hand_out(tool, course)
    notebook = nbformat.read(course / "lab/en/01-encoder-decoder.ipynb", as_version=4)
    assert nbformat.sign.NotebookNotary().check_signature(notebook)


def test_signing_that_fails_does_not_stop_the_lab(tool, course, monkeypatch):
    def refuse(self, notebook):
        raise RuntimeError("no database")

    monkeypatch.setattr(nbformat.sign.NotebookNotary, "sign", refuse)
    hand_out(tool, course)
    assert len(lessons_in(course / "lab/en")) == 2


def test_taken_port_is_known(tool):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert not tool.is_taken(other.getsockname()[1])
        other.listen()
        assert tool.is_taken(other.getsockname()[1])


@pytest.mark.parametrize("elsewhere", [{"SSH_CONNECTION": "1.2.3.4", "DISPLAY": ":0"}, {"SSH_TTY": "/dev/pts/1"}])
def test_no_browser_is_opened_on_a_screen_far_away(tool, monkeypatch, elsewhere):
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    assert not tool.has_browser()


def test_no_browser_is_opened_where_there_is_none(tool, monkeypatch):
    def none(name=None):
        raise tool.webbrowser.Error("could not locate runnable browser")

    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tool.webbrowser, "get", none)
    assert not tool.has_browser()


def test_error_names_its_file_and_what_helps(tool, course, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", course)
    monkeypatch.setattr(sys, "argv", ["lab.py", "--no-start"])
    for code, said in ((13, "Make it accessible"), (30, "Move the whole course"), (5, "Mend that")):

        def refuse(*_, code=code):
            raise OSError(code, os.strerror(code), "/some/where")

        monkeypatch.setattr(tool, "hand_out", refuse)
        with pytest.raises(SystemExit, match=rf"^/some/where: {os.strerror(code)}.\nYour notebooks .* {said}"):
            tool.main()


def test_jupyter_keeps_to_the_lab(tool, tmp_path, monkeypatch):
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


def test_terminal_of_few_characters_shows_question_marks(course):
    take_tools(course)
    edit(course / "notebooks/en/01-ключ.ipynb", "1 + 1")
    edit(course / "lab/en/01-ключ.ipynb", "mine")
    ended = subprocess.run(
        [sys.executable, course / "tools/lab.py", "--fresh", "01", "--no-start"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "newest edition of en/01-????.ipynb is in" in ended.stdout


def test_lab_serves_the_copies_with_this_environment_and_ends_on_ctrl_c(course):
    """JupyterLab itself, started as `make lab` does, without a home to write to, with another kernel called python3."""
    wrong = course / "wrong/kernels/python3"
    wrong.mkdir(parents=True)
    (wrong / "kernel.json").write_text('{"argv": ["false"], "display_name": "Wrong", "language": "python"}')
    take_tools(course)
    (course / "home").touch()
    ours = ("JUPYTER", "IPYTHON", "MPL", "KERAS", "XDG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HOME": str(course / "home"), "SSH_TTY": "yes", "PYTHONUNBUFFERED": "1"}
    environment["JUPYTER_PATH"] = str(course / "wrong")
    server = subprocess.Popen(
        [sys.executable, course / "tools/lab.py"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(180, os.killpg, (server.pid, signal.SIGKILL))
    watchdog.start()
    try:
        printed = ""
        for line in server.stdout:
            printed += line
            if "?token=" in line:
                break
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/lab/tree/\S+)\?token=(\w+)", printed)
        assert found, printed
        assert "Ctrl-C here ends it" in printed
        assert (f"Port {lab.FIRST_PORT} is taken" in printed) == (not found[1].endswith(f":{lab.FIRST_PORT}"))
        address, page, token = found.groups()
        assert page == "/lab/tree/en/01-encoder-decoder.ipynb"
        wait_for(address)
        assert "Wrong" not in ask(address, "/api/kernelspecs", token)
        assert '"1 + 1"' in ask(address, "/api/contents/en/01-encoder-decoder.ipynb", token)
        shown = ask(address, page, token)
        assert "<title>JupyterLab</title>" in shown
        settings = json.loads(
            re.search(r'id="jupyter-config-data" type="application/json">(.*?)</script>', shown, re.S)[1]
        )
        assert settings["disabledExtensions"] == ["@jupyterlab/apputils-extension:announcements"]
        with pytest.raises(urllib.request.HTTPError):
            ask(address, "/api/contents", "not-the-token")
        os.killpg(server.pid, signal.SIGINT)
        rest = server.stdout.read()
        assert server.wait() == 0
        assert rest.strip().endswith(f"JupyterLab has ended. Your notebooks are in {course / 'lab/en'}")
        assert "Traceback" not in printed + rest
    finally:
        watchdog.cancel()
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
        server.stdout.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(address, "/api", token)


def wait_for(address):
    """Until JupyterLab, which says its address just before it listens there, does."""
    host, port = address.removeprefix("http://").split(":")
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return
        time.sleep(0.1)


def ask(address, path, token):
    request = urllib.request.Request(address + path, headers={"Authorization": f"token {token}"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as response:
        return response.read().decode("utf-8")
