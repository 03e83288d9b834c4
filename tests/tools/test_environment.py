"""tools/environment.py, run as the Makefile runs it, with stand-ins for Python, pip and uv: nothing is installed."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from files import ROOT

SCRIPT = ROOT / "tools" / "environment.py"

# Stands in for python3.X and, copied into .venv, for the environment's Python. What it does is said in stand-in.json.
STAND_IN = """\
#!{python} -S
import json, os, shutil, sys, time
me, told = os.path.abspath(sys.argv[0]), json.load(open({orders!r}))
with open({calls!r}, "a") as calls:
    calls.write(" ".join(sys.argv[1:3]) + chr(10))
if sys.argv[1] == "-c":
    print(me)
    print(told["versions"].get(os.path.basename(me), "3.12.4"))
    sys.exit(1 if "ensurepip" in sys.argv[2] and not told["ensurepip"] else 0)
if sys.argv[2] == "venv":
    os.makedirs(os.path.join(sys.argv[3], "bin"))
    shutil.copy(me, os.path.join(sys.argv[3], "bin", "python"))
    open(os.path.join(sys.argv[3], "pyvenv.cfg"), "w").close()
if sys.argv[2:4] == ["pip", "config"]:
    print(told["pip settings"])
elif sys.argv[2] == told["fails"] or sys.argv[2] == "uv":
    with open({calls!r}, "a") as calls:
        calls.write(" ".join(sys.argv[3:]) + chr(10) + repr(dict(os.environ)) + chr(10))
    print(told["says"], flush=True)
    time.sleep(told["seconds"])
    sys.exit(told["exit"])
"""


class Course:
    """A folder with environment.py, requirements and a PATH on which only stand-ins can be found."""

    def __init__(self, folder):
        self.root = folder
        self.venv = folder / ".venv"
        self.mark = self.venv / ".course-ready"
        self.calls = folder / "calls.txt"
        self.orders = {"versions": {}, "ensurepip": True, "says": "Resolved 1 package in 3ms", "exit": 0, "seconds": 0}
        self.orders |= {"fails": "uv", "pip settings": ""}
        (folder / "tools").mkdir()
        (folder / "bin").mkdir()
        (folder / "tools" / "environment.py").write_bytes(SCRIPT.read_bytes())
        (folder / "requirements").mkdir()
        (folder / "requirements" / "learner.txt").write_text("keras==3.15.1\n")
        (folder / "requirements" / "maintainer.txt").write_text("keras==3.15.1\nsphinx==7.4.7\n")
        (folder / "pyproject.toml").write_text("[project]\n")

    def offer(self, name, version):
        """Put a stand-in that reports this version on the PATH."""
        self.orders["versions"][name] = version
        path = self.root / "bin" / name
        orders = str(self.root / "stand-in.json")
        path.write_text(STAND_IN.format(python=os.path.realpath(sys.executable), orders=orders, calls=str(self.calls)))
        path.chmod(0o755)
        return path

    def start(self, *arguments, before="", python="python3"):
        """Start environment.py as if `python` ran it; `before`: code that first changes what the machine is like."""
        (self.root / "stand-in.json").write_text(json.dumps(self.orders))
        version = tuple(int(part) for part in self.orders["versions"].get(python, "3.12.4").split("."))
        code = f"import sys, shutil, os, runpy\nsys.executable = {str(self.root / 'bin' / python)!r}\n"
        code += f"sys.version_info = {version}\n"
        code += "shutil.disk_usage = lambda path: shutil._ntuple_diskusage(10**12, 0, 10**11)\n"
        code += f"sys.argv = {['environment.py', *arguments]}\n"
        code += f"{before}\nrunpy.run_path('tools/environment.py', run_name='__main__')"
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.root,
            env={"PATH": str(self.root / "bin"), "HOME": str(self.root / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **how):
        """Run environment.py to its end: (exit status, what it printed). A traceback is never right."""
        process = self.start(*arguments, **how)
        printed, complained = process.communicate(timeout=30)
        assert "Traceback" not in complained
        return process.returncode, printed + complained

    def called(self, what):
        return self.calls.read_text().count(what) if self.calls.exists() else 0


@pytest.fixture
def course(tmp_path):
    course = Course(tmp_path)
    course.offer("python3", "3.12.4")
    return course


def test_script_reads_on_python_3_6():
    assert ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 6))


def test_first_run_makes_the_environment_and_the_second_does_nothing(course):
    status, printed = course.run()
    assert status == 0, printed
    assert (course.venv / "bin" / "python").exists()
    assert (course.called("-m venv"), course.called("-m uv")) == (1, 1)
    assert course.called("--no-deps --requirement requirements/learner.txt --editable .") == 1
    course.calls.unlink()
    assert course.run() == (0, "")
    assert course.called("-") == 0


def test_touched_but_unchanged_requirements_are_not_installed_again(course):
    course.run()
    os.utime(course.root / "requirements" / "learner.txt", (2e9, 2e9))
    assert course.run() == (0, "")


@pytest.mark.parametrize("name", ["requirements/learner.txt", "pyproject.toml"])
def test_changed_requirements_are_installed(course, name):
    course.run()
    (course.root / name).write_text("# changed\n")
    status, printed = course.run()
    assert status == 0
    assert "requirements changed" in printed
    assert (course.called("-m venv"), course.called("-m uv")) == (1, 2)
    assert course.run() == (0, "")


def test_wrong_python_is_refused_with_advice(course):
    course.offer("python3", "3.9.18")
    status, printed = course.run()
    assert status == 1
    for part in ("Python 3.9.18", "3.11, 3.12 or 3.13", "apt install", "make lab PYTHON=/path/to/python3.12"):
        assert part in printed
    assert not course.venv.exists()


def test_python_too_new_is_refused(course):
    course.offer("python3", "3.14.0")
    assert course.run()[0] == 1
    assert not course.venv.exists()


def test_another_python_on_the_path_is_found(course):
    course.offer("python3", "3.9.18")
    better = course.offer("python3.12", "3.12.9")
    status, printed = course.run()
    assert status == 0
    assert f"using {better}, which is Python 3.12.9" in printed


def test_a_name_on_the_path_that_does_not_keep_its_promise_is_passed_over(course):
    course.offer("python3", "3.9.18")
    course.offer("python3.13", "2.7.18")
    assert course.run()[0] == 1


def test_debian_without_ensurepip_is_told_the_package(course):
    course.orders["ensurepip"] = False
    course.offer("python3", "3.11.2")
    status, printed = course.run()
    assert status == 1
    assert "sudo apt install python3.11-venv" in printed
    assert not course.venv.exists()


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (
            "pip",
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: No matching distribution found for uv==0.13.9",
        ),
        (
            "uv",
            "error: Request failed after 3 retries in 5.9s\n  cause: Failed to fetch: https://index/simple/keras/\n"
            "  cause: tcp connect error\n  cause: Connection refused (os error 111)",
        ),
    ],
)
def test_missing_network_is_named_and_the_next_run_goes_on(course, fails, says):
    course.orders.update(exit=1, fails=fails, says=says)
    status, printed = course.run()
    assert status == 1
    assert f"  | {says.splitlines()[-1].strip()}" in printed, "the installer's own last lines are missing"
    assert "The network is needed once" in printed
    course.orders.update(exit=0, says="")
    status, printed = course.run()
    assert status == 0, printed
    assert course.run() == (0, "")


def test_update_without_network_leaves_the_environment_that_works(course):
    course.run()
    before = course.mark.read_bytes()
    learner = course.root / "requirements" / "learner.txt"
    old = learner.read_text()
    learner.write_text("keras==3.16\n")
    course.orders.update(exit=1, says="error: Request failed after 3 retries in 5.9s")
    assert course.run()[0] == 1
    assert course.mark.read_bytes() == before
    learner.write_text(old)
    assert course.run() == (0, "")


def test_maintainer_gets_more_in_the_same_environment_and_a_learner_keeps_it(course):
    course.run()
    status, printed = course.run("maintainer")
    assert status == 0 and "More packages are needed: updating .venv" in printed
    assert (course.called("-m venv"), course.called("requirements/maintainer.txt")) == (1, 1)
    assert course.run("maintainer") == course.run("learner") == (0, "")
    (course.root / "requirements" / "maintainer.txt").write_text("keras==3.16\n")
    assert course.run("learner")[0] == 0
    assert course.called("requirements/maintainer.txt") == 2


def test_learners_versions_are_the_maintainers():
    versions = [
        {line for line in (ROOT / "requirements" / f"{kind}.txt").read_text().splitlines() if "==" in line}
        for kind in ("learner", "maintainer")
    ]
    learner, maintainer = ({re.match(r"([\w.-]+)==([^ ]+)", line).groups() for line in lines} for lines in versions)
    assert learner < maintainer
    assert not {"nbgrader", "jupyter-book", "sphinx", "pytest", "playwright", "ruff"} & {name for name, _ in learner}


def test_uv_is_told_what_pip_is_set_to(course):
    course.orders["pip settings"] = "global.cert='/etc/own.pem'\nglobal.index-url='https://mirror.example/simple'"
    assert course.run()[0] == 0
    settings = course.calls.read_text()
    assert "'UV_DEFAULT_INDEX': 'https://mirror.example/simple'" in settings
    assert "'SSL_CERT_FILE': '/etc/own.pem'" in settings


def test_downloads_stay_in_the_course_where_the_home_cannot_be_written_to(course):
    (course.root / "file").touch()  # root may write into any folder, but not into a file
    assert course.run(before=f"os.environ['XDG_CACHE_HOME'] = {str(course.root / 'file')!r}")[0] == 0
    assert f"'UV_CACHE_DIR': '{course.root / 'build' / 'uv'}'" in course.calls.read_text()
    assert course.called(f"'UV_CACHE_DIR': '{course.root / 'cache' / 'uv'}'") == 0
    course.mark.unlink()
    assert course.run(before=f"os.environ['XDG_CACHE_HOME'] = {str(course.root / 'cache')!r}")[0] == 0
    assert course.called(f"'UV_CACHE_DIR': '{course.root / 'cache' / 'uv'}'") == 1


def test_computer_without_packages_is_named(course):
    course.orders.update(
        exit=1,
        says="error: No solution found when resolving dependencies\n"
        "  cause: Because tensorflow==2.21.0 has no wheels with a matching platform tag (e.g., `macosx_13_0_x86_64`)",
    )
    status, printed = course.run()
    assert status == 1
    assert "no ready-made package for this computer" in printed


def test_full_disk_is_found_before_anything_is_fetched(course):
    status, printed = course.run(before="shutil.disk_usage = lambda path: shutil._ntuple_diskusage(9, 9, 2 * 10**9)")
    assert status == 1
    assert "2.0 GB free" in printed
    assert "3 GB needed" in printed
    assert course.called("-m") == 0


def test_disk_that_fills_up_during_installation_is_named(course):
    course.orders.update(
        exit=1,
        says="error: Failed to download `keras`\n  cause: failed to write: No space left on device (os error 28)",
    )
    status, printed = course.run()
    assert status == 1
    assert "The disk is full" in printed
    assert "the downloads pass through" in printed


@pytest.mark.parametrize("code", ["EROFS", "EACCES"])
def test_folder_that_cannot_be_written_is_named(course, code):
    # Imitated: root may write anywhere, so taking the folder's permissions away would prove nothing there.
    refuse = f"import errno\ndef refuse(path, *rest): raise OSError(errno.{code}, os.strerror(errno.{code}), path)\n"
    status, printed = course.run(before=refuse + "os.makedirs = refuse")
    assert status == 1
    assert f"The folder {course.root} cannot be written to" in printed


def test_interrupted_installation_is_made_anew(course):
    course.orders["seconds"] = 60
    process = course.start()
    deadline = time.monotonic() + 20
    while not course.called("-m uv") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, complained = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted. Nothing is lost" in complained
    assert "Traceback" not in complained
    course.orders["seconds"] = 0
    (course.venv / "half-written").touch()
    status, printed = course.run()
    assert status == 0
    assert "unfinished or broken" in printed
    assert not (course.venv / "half-written").exists()
    assert course.run() == (0, "")


def test_environment_without_its_python_is_made_anew(course):
    course.run()
    (course.venv / "bin" / "python").unlink()
    assert course.run()[0] == 0
    assert (course.venv / "bin" / "python").exists()
    assert course.called("-m venv") == 2


def test_environment_of_a_moved_folder_is_made_anew(course):
    course.run()
    course.mark.write_text(course.mark.read_text().replace(str(course.root), "/somewhere/else"))
    assert course.run()[0] == 0
    assert course.called("-m venv") == 2


def test_environment_made_by_hand_is_completed(course):
    (course.venv / "bin").mkdir(parents=True)
    (course.venv / "pyvenv.cfg").touch()
    (course.venv / "mine").touch()
    (course.venv / "bin" / "python").write_bytes((course.root / "bin" / "python3").read_bytes())
    (course.venv / "bin" / "python").chmod(0o755)
    assert course.run()[0] == 0
    assert (course.venv / "mine").exists()
    assert (course.called("-m venv"), course.called("-m uv")) == (0, 1)


def test_folder_of_that_name_with_other_things_is_kept(course):
    course.venv.mkdir()
    (course.venv / "novel.txt").write_text("chapter one")
    status, printed = course.run()
    assert status == 1
    assert "Rename it" in printed
    assert (course.venv / "novel.txt").read_text() == "chapter one"


def test_trial_environment_has_the_locked_versions_and_leaves_the_learners_alone(course):
    asked = ("--venv", "build/trial", "--packages", ".", "pytest")
    status, printed = course.run(*asked)
    assert status == 0, printed
    assert (course.root / "build/trial/bin/python").exists() and not course.venv.exists()
    assert course.called("--editable . pytest --constraint requirements/maintainer.txt") == 1
    assert course.run(*asked) == (0, "")
    assert "updating build/trial" in course.run(*asked, "--newest")[1]
    assert course.called("--editable . pytest --upgrade") == 1


def test_machine_with_one_python_is_told_so(monkeypatch):
    import pythons

    monkeypatch.setattr(sys, "argv", ["pythons.py"])
    monkeypatch.setattr(pythons, "pythons", lambda: {"{}.{}".format(*sys.version_info[:2]): sys.executable})
    with pytest.raises(SystemExit, match="none. Install another"):
        pythons.main()


def test_pythons_of_pyenv_and_uv_are_found_and_broken_ones_are_not(tmp_path, monkeypatch):
    import pythons

    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    versions = {
        "/usr/bin/python3.11": "3.11.2",
        str(tmp_path / "pyenv/versions/3.12.1/bin/python"): "3.12.1",
        str(tmp_path / "uv/cpython-3.13.0-linux/bin/python"): "3.13.0",
    }
    for path in list(versions)[1:]:
        Path(path).parent.mkdir(parents=True)
        Path(path).touch()
    monkeypatch.setattr(pythons.environment, "probe", lambda path, _: (path in versions, path, versions.get(path, "")))
    assert pythons.pythons() == dict(zip(("3.11", "3.12", "3.13"), versions, strict=True))


def test_make_lists_every_target():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    for target in set(targets) - {"help", "learner", "maintainer"}:
        line = next((line for line in listed.splitlines() if line.startswith(f"make {target} ")), "")
        assert len(line.split()) > 4, f"{target} is not explained by `make`"


def test_make_without_python_says_what_to_install(course):
    for name in ("Makefile", "package-lock.json"):
        (course.root / name).write_bytes((ROOT / name).read_bytes())
    made = subprocess.run(
        ["make", "book", "PYTHON=python-that-is-not-there"], cwd=course.root, capture_output=True, text=True
    )
    assert made.returncode != 0
    assert "Install Python 3.11, 3.12 or 3.13" in made.stdout


@pytest.mark.parametrize(("no_skip", "status"), [("", 0), ("1", 1)])
def test_lint_without_node_says_what_it_leaves_out_and_fails_where_nothing_may_be_skipped(course, no_skip, status):
    (course.root / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("make", "sh"):
        (course.root / "bin" / name).symlink_to(shutil.which(name))
    settings = {"PATH": str(course.root / "bin"), "COURSE_NO_SKIP": no_skip}
    told = subprocess.run(["make", "-n", "lint"], cwd=course.root, env=settings, capture_output=True, text=True).stdout
    said = subprocess.run(["sh", "-c", told.splitlines()[-1]], env=settings, capture_output=True, text=True)
    assert said.stdout == "JavaScript and CSS are not checked: that needs Node.js with npm.\n"
    assert (said.returncode, said.stderr) == (status, "")


@pytest.mark.parametrize("script", [".ci/run"])
def test_shell_script_is_valid_bash(script):
    checked = subprocess.run(["bash", "-n", str(ROOT / script)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert os.access(ROOT / script, os.X_OK), f"{script} cannot be executed"


def test_commits_are_checked_by_make_lint():
    hooks = [
        hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in repo["hooks"]
    ]
    assert [(hook["entry"], hook["language"]) for hook in hooks] == [("make lint", "system")]
