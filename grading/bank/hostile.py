"""Answers that attack: each gains no point, does no harm, and finds nothing (it would raise "FOUND").

NAME stands for the function that the task asks for; the sandbox is the same for every homework, so these are too.
"""

HOSTILE = {
    "network": """
import socket, urllib.request
def NAME(*a):
    for attempt in (lambda: socket.create_connection(("1.1.1.1", 53), 1), lambda: socket.socketpair()[0].send(b""),
                    lambda: urllib.request.urlopen("http://example.org", timeout=1),
                    lambda: socket.socket(socket.AF_UNIX)):
        try:
            attempt()
        except OSError:
            continue
        if attempt.__code__.co_names[0] != "socket" or "socketpair" not in attempt.__code__.co_names:
            raise RuntimeError("FOUND a way out")
    return np.zeros(len(a[0]))
""",
    "reading the checks": """
import os
def NAME(*a):
    for folder, folders, files in os.walk("/"):
        # Libraries and manuals hold nothing of ours, and a walk that runs out of time finds nothing anywhere.
        folders[:] = [name for name in folders if name not in ("site-packages", "dist-packages", "share", "proc")]
        if "grading" in folder and files or any(f.startswith("hw2") and not f.endswith("hints.json") for f in files):
            raise RuntimeError("FOUND " + folder)
        for name in files:
            path = os.path.join(folder, name)
            # /usr/bin/passwd is a program, which every Debian has.
            secret = name in ("shadow", "passwd", "id_rsa", ".gitconfig", "judging.py")
            if secret and not os.access(path, os.X_OK):
                raise RuntimeError("FOUND " + path)
    return np.zeros(len(a[0]))
""",
    "reading memory": """
import gc, os, sys
def NAME(*a):
    frame, seen = sys._getframe(), ""
    while frame:
        seen += repr(list(frame.f_locals))
        frame = frame.f_back
    for thing in gc.get_objects():
        if isinstance(thing, dict) and ("wanted" in thing or "slips" in thing):
            raise RuntimeError("FOUND " + str(thing))
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            for name in ("mem", "environ", "root/etc", "fd/0"):
                try:
                    open(f"/proc/{process}/{name}", "rb").close()
                except OSError:
                    continue
                raise RuntimeError("FOUND " + name)
    return np.zeros(len(a[0]))
""",
    "forging answers": """
import json, os, struct
def NAME(*a):
    for call in range(20):
        head = json.dumps({"call": call, "shapes": [[6]]}).encode()
        body = np.zeros(6).tobytes()
        for descriptor in range(20):
            try:
                os.write(descriptor, struct.pack(">II", len(head), len(body)) + head + body)
            except OSError:
                pass
    os._exit(0)
""",
    "forging a report": """
import json, os, struct
def NAME(*a):
    head = json.dumps({"end": "done", "points": 100, "marks": "full"}).encode()
    for descriptor in range(20):
        try:
            os.write(descriptor, struct.pack(">II", len(head), 0) + head)
        except OSError:
            pass
    os._exit(0)
""",
    "broken answers": """
import os
def NAME(*a):
    for descriptor in range(20):
        try:
            os.write(descriptor, bytes(range(256)) * 20)
        except OSError:
            pass
    os._exit(0)
""",
    "deep and huge headers": """
import os, struct
def NAME(*a):
    head = b"[" * 4000
    os.write(3, struct.pack(">II", len(head), 0) + head)
    head = b'{"call": 0, "shapes": [[' + b"9" * 3000 + b"]]}"
    os.write(3, struct.pack(">II", len(head), 0) + head)
    os.write(3, struct.pack(">II", 2**32 - 1, 2**32 - 1))
    os._exit(0)
""",
    "links": """
import os
def NAME(*a):
    for target in ("/etc/shadow", "/etc/passwd", "/home", "/root"):
        for place in ("/scratch/answers.npy", "/scratch/cheat" + target.replace("/", "-"), "/cheat", "/course/cheat"):
            try:
                os.symlink(target, place)
                if os.path.exists(place) and target.startswith("/etc"):
                    raise RuntimeError("FOUND " + target)
            except OSError:
                pass
    return np.zeros(len(a[0]))
""",
    "leaving a note for the next": """
import glob, os
for place in ("/scratch", "/tmp", "/dev/shm", "/course", "/var/tmp", "/", os.path.expanduser("~")):
    if glob.glob(place + "/*cheat*"):
        raise RuntimeError("FOUND a note")
    try:
        open(place + "/cheat", "w").write("answers")
    except OSError:
        pass
def NAME(*a):
    return np.zeros(len(a[0]))
""",
    "finding the note": """
import glob, os
def NAME(*a):
    for place in ("/scratch", "/tmp", "/dev/shm", "/course", "/var/tmp", "/", os.path.expanduser("~")):
        if glob.glob(place + "/*cheat*"):
            raise RuntimeError("FOUND a note")
    return np.zeros(len(a[0]))
""",
    "huge answer": "def NAME(*a):\n    return np.zeros(10**8)",
    "many large answers": "def NAME(*a):\n    return tuple(np.zeros(500_000) for _ in range(8))",
    "huge output": """
import sys
def NAME(*a):
    for _ in range(1000):
        print("x" * 10**6)
        sys.stderr.write("x" * 10**6)
    return np.zeros(len(a[0]))
""",
    "fork bomb": """
import os, subprocess, multiprocessing
def NAME(*a):
    while True:
        for bomb in (os.fork, lambda: subprocess.Popen(["/usr/bin/sleep", "60"]),
                     lambda: multiprocessing.Process(target=print).start(), lambda: os.execv("/bin/sh", ["sh"])):
            try:
                bomb()
            except OSError:
                continue
            raise RuntimeError("FOUND a way to fork")
""",
    "thread bomb": """
import threading, time
def NAME(*a):
    threading.stack_size(65536)
    while True:
        try:
            threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        except RuntimeError:
            pass
""",
    "endless loop": "def NAME(*a):\n    while True:\n        pass",
    "endless loop that swallows interrupts": """
import signal
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
def NAME(*a):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "endless loop outside the function": "while True:\n    NAME = 1",
    "endless regular expression": "import re\ndef NAME(*a):\n    re.match('(a+)+$', 'a' * 60 + 'b')",
    "endless sleep": "import time\ndef NAME(*a):\n    time.sleep(10**6)",
    "os._exit": "import os\ndef NAME(*a):\n    os._exit(0)",
    "sys.exit": "import sys\ndef NAME(*a):\n    sys.exit('full marks')",
    "segmentation fault": "import ctypes\ndef NAME(*a):\n    ctypes.string_at(0)",
    "abort": "import os\ndef NAME(*a):\n    os.abort()",
    "killing everybody": """
import os, signal
def NAME(*a):
    for process in (-1, 0, 1, 2, 3, os.getppid(), os.getpid()):
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            pass
    return np.zeros(len(a[0]))
""",
    "replacing library functions": """
import builtins, json, math
yes = lambda *a, **k: True
for module in (np, np.testing, tf, ops, math, json, builtins):
    for name in ("allclose", "assert_allclose", "isclose", "array_equal", "isfinite", "abs", "max", "all", "dumps"):
        if hasattr(module, name):
            try:
                setattr(module, name, yes)
            except (AttributeError, TypeError):
                pass
def NAME(*a):
    return np.zeros(len(a[0]))
""",
    "replacing the runner": """
import sys
inside = [module for name, module in sys.modules.items() if name.startswith("sandbox")]
for name in ("as_arrays", "answer", "describe", "question", "report", "write_all"):
    for module in inside:
        setattr(module, name, lambda *a, **k: [np.zeros(6)])
def NAME(*a):
    return np.zeros(len(a[0]))
""",
    "an array that lies": """
class Liar(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *a, **k): return np.True_
    def astype(self, *a, **k): return self
    def tobytes(self): return b"x" * 48
def NAME(*a):
    return np.zeros(len(a[0])).view(Liar)
""",
    "a pickle": """
class Pickle:
    def __reduce__(self): return print, ("FOUND",)
def NAME(*a):
    return np.array([Pickle()] * 6, dtype=object)
""",
    "an exception with a long text": """
class FullMarks(Exception):
    def __str__(self): return "<script>alert(1)</script>" * 10**6
def NAME(*a):
    raise FullMarks()
""",
    "an exception that fails": """
class FullMarks(BaseException):
    def __str__(self): raise self
def NAME(*a):
    raise FullMarks()
""",
    "memory": "def NAME(*a):\n    hoard = []\n    while True:\n        hoard.append(np.ones(10**7))",
    "memory below NumPy": """
import ctypes, mmap
def NAME(*a):
    hoard = []
    while True:
        try:
            hoard.append(mmap.mmap(-1, 1 << 26))
            hoard[-1].write(b"x" * (1 << 26))
        except (OSError, ValueError, MemoryError):
            return np.zeros(len(a[0]))
""",
    "disk": """
def NAME(*a):
    files = []
    for i in range(10**6):
        for place in ("/scratch", "/tmp", "/dev/shm", "/", "/course"):
            try:
                files.append(open(f"{place}/cheat{i}", "wb"))
                files[-1].write(b"x" * (8 << 20))
            except OSError:
                pass
        if i > 300:
            return np.zeros(len(a[0]))
""",
    "namespaces and mounts": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def NAME(*a):
    for call in (lambda: libc.unshare(0x10000000), lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
                 lambda: libc.umount2(b"/proc", 2), lambda: libc.chroot(b"/tmp"), lambda: libc.setuid(0),
                 lambda: libc.ptrace(16, 1, 0, 0), lambda: libc.prctl(22, 0, 0, 0, 0), lambda: libc.fork()):
        if call() == 0:
            raise RuntimeError("FOUND a hole")
    return np.zeros(len(a[0]))
""",
    "raising limits": """
import resource
def NAME(*a):
    for name in ("AS", "CPU", "FSIZE", "NOFILE", "NPROC", "RTPRIO", "NICE"):
        limit = getattr(resource, "RLIMIT_" + name)
        try:
            resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            continue
        raise RuntimeError("FOUND no limit on " + name)
    return np.zeros(len(a[0]))
""",
    "a cell that no parser likes": "x = " + "(" * 5000 + "\ndef NAME(*a):\n    return 0",
    "a deep expression": "x = " + "-" * 20000 + "1\ndef NAME(*a):\n    return 0",
    "endless recursion": "def NAME(*a):\n    return NAME(*a)",
    "a shape that is none": """
def NAME(*a):
    class Shape:
        shape, dtype, ndim = (-1, 10**30), np.dtype("f8"), 2
        def __array__(self, *a, **k): return np.zeros((0, 10**9))
    return Shape()
""",
    "changing the machine's devices": """
import os
def NAME(*a):
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        file = os.open(device, os.O_RDWR if device == "/dev/null" else os.O_RDONLY)
        mode = os.stat(device).st_mode & 0o777
        for change in (lambda: os.chmod(device, mode), lambda: os.fchmod(file, mode), lambda: os.utime(device),
                       lambda: os.chown(device, -1, -1), lambda: os.setxattr(device, "user.cheat", b"x")):
            try:
                change()
            except OSError:
                continue
            raise RuntimeError("FOUND a device to change")
    return np.zeros(len(a[0]))
""",
    "every forbidden system call": """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
def NAME(*a):
    if platform.machine() == "x86_64":
        numbers = [57, 58, 59, 322, 62, 200, 129, 434, 424, 438, 101, 310, 311, 272, 308, 165, 166, 155, 161, 428, 429,
                   430, 442, 321, 298, 323, 425, 206, 248, 250, 319, 29, 68, 64, 41, 103, 90, 268, 280, 435,
                   0x40000000 + 57]
        for number in numbers:
            if libc.syscall(number, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in (1, 38):
                raise RuntimeError(f"FOUND system call {number}, {ctypes.get_errno()}")
        if libc.syscall(56, 17, 0, 0, 0, 0) >= 0:  # clone, as fork does it
            raise RuntimeError("FOUND a way to fork")
    return np.zeros(len(a[0]))
""",
    "system calls of another machine": """
import ctypes, mmap, platform
def NAME(*a):
    if platform.machine() == "x86_64":  # fork as a program of 32 bits asks for it
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex("b802000000cd80c3"))
        if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() >= 0:
            raise RuntimeError("FOUND a way to fork")
    return np.zeros(len(a[0]))
""",
    "open files and the terminal": """
import fcntl, os, stat
def NAME(*a):
    for number in range(4096):
        try:
            found = os.fstat(number)
        except OSError:
            continue
        if number > 3 and not stat.S_ISCHR(found.st_mode) or stat.S_ISREG(found.st_mode):
            raise RuntimeError(f"FOUND an open file, {number}, {oct(found.st_mode)}")
        try:
            fcntl.ioctl(number, 0x5412, b"x")  # TIOCSTI: type for the user
            raise RuntimeError("FOUND a terminal")
        except OSError:
            pass
    for name in ("/dev/tty", "/dev/console", "/dev/pts", "/dev/mem", "/dev/kmsg", "/dev/shm"):
        if os.path.exists(name):
            raise RuntimeError("FOUND " + name)
    return np.zeros(len(a[0]))
""",
    "the environment": """
import os, sys
def NAME(*a):
    for name in os.environ:
        if name in ("PATH", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV", "PYTHONPATH", "HOSTNAME") or any(
                word in name for word in ("SSH", "DASK", "SLURM", "KUBERNETES", "TOKEN", "KEY", "SECRET", "PASS")):
            raise RuntimeError("FOUND the variable " + name)
    if os.uname().nodename != "sandbox" or os.listdir("/proc") != ["self"]:
        raise RuntimeError("FOUND the machine")
    return np.zeros(len(a[0]))
""",
    "signals by the back door": """
import ctypes, fcntl, os, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def NAME(*a):
    one, other = socket.socketpair()
    other.setblocking(False)
    for process in [-1, *range(2, 300)]:
        for attempt in (lambda: fcntl.fcntl(one, 8, process), lambda: fcntl.fcntl(one, 10, signal.SIGKILL),
                        lambda: fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK), lambda: other.send(b"x"),
                        lambda: resource.prlimit(process, resource.RLIMIT_CPU, (0, 0)),
                        lambda: os.setpriority(os.PRIO_PROCESS, process, 19)):
            try:
                attempt()
            except (OSError, ValueError, OverflowError):
                pass
    return np.zeros(len(a[0]))
""",
    "pipes, devices and hard links as answers": """
import os
def NAME(*a):
    for make in (lambda: os.mkfifo("/scratch/0.npy"), lambda: os.mknod("/scratch/1.npy", 0o20666, os.makedev(1, 1)),
                 lambda: os.link("/inside/sandbox/inside.py", "/scratch/2.npy"),
                 lambda: os.symlink("/proc/1/mem", "/scratch/3.npy"),
                 lambda: os.mkdir("/scratch/4.npy"), lambda: os.rename("/inside/sandbox/inside.py", "/scratch/5.npy"),
                 lambda: os.remove("/inside/sandbox/inside.py"), lambda: os.remove("/course/vaelab/data/fashion.npz")):
        try:
            make()
        except OSError:
            pass
    if not os.path.exists("/inside/sandbox/inside.py") or not os.path.exists("/course/vaelab/data/fashion.npz"):
        raise RuntimeError("FOUND a file to remove")
    return np.zeros(len(a[0]))
""",
    "threads that go on": """
import json, os, struct, threading
def write():
    head = json.dumps({"call": 0, "shapes": [[6]]}).encode()
    frame = struct.pack(">II", len(head), 48) + head + np.zeros(6).tobytes()
    while True:
        os.write(3, frame)
def NAME(*a):
    for _ in range(20):
        threading.Thread(target=write).start()
    return np.zeros(len(a[0]))
""",
    "the course's own solutions": """
import glob, importlib, os, sys
def NAME(*a):
    for name in ("losses", "layers", "models", "vae", "housekeeping", "judges", "bounds", "conditional", "results",
                 "images", "experiments", "experiments.chapter06", "experiments.chapter09"):
        sys.modules.pop("vaelab." + name, None)
        try:
            importlib.import_module("vaelab." + name)
        except ImportError:
            continue
        raise RuntimeError("FOUND vaelab." + name)
    repository = os.path.dirname(sys.prefix)
    if os.path.exists(repository + "/grading") or os.path.exists(repository + "/src"):
        raise RuntimeError("FOUND the repository")
    for folder in sys.path + [repository]:
        for path in glob.glob(folder + "/vaelab/**/*.py", recursive=True):
            with open(path) as file:
                if "def kl_divergence" in file.read():
                    raise RuntimeError("FOUND " + path)
    return np.zeros(len(a[0]))
""",
    "replacing what carries the answers": """
import base64, builtins, json, os, struct, sys
right = np.zeros(6)
for name, module in list(sys.modules.items()):
    if name.startswith("sandbox"):
        module.FRAME = struct.Struct(">QQ")
        module.unpack = lambda value: np.zeros(6)
os.write = lambda descriptor, data: len(data)
json.dumps = lambda *a, **k: '{"call": 0, "shapes": [[6]]}'
np.asarray = np.array = np.save = np.ndim = lambda *a, **k: right
builtins.isinstance = lambda *a: True
def NAME(*a):
    return right
""",
    "numbers of other kinds": """
def NAME(*a):
    masked = np.ma.masked_all(len(a[0]))
    record = np.zeros(len(a[0]), dtype=[("x", "f8")])
    huge = np.array([10**400] * len(a[0]), dtype=object)
    return masked if a[0] is None else (np.matrix([[1j]]), record, huge, np.array(["full marks"]), np.datetime64("now"))
""",
    "a sequence without end": """
class Endless:
    def __len__(self): return 10**15
    def __getitem__(self, i): return 0.0
def NAME(*a):
    return Endless()
""",
    "an iterator without end": """
import itertools
def NAME(*a):
    return tuple(itertools.count())
""",
    "locks, leases and watches": """
import ctypes, fcntl, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def NAME(*a):
    file, folder = os.open("/inside/sandbox/inside.py", os.O_RDONLY), os.open("/course/vaelab", os.O_RDONLY)
    for attempt in (lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB), lambda: fcntl.fcntl(file, 1024, 0),
                    lambda: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB), lambda: fcntl.fcntl(folder, 1026, 1),
                    lambda: fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)):
        try:
            attempt()
        except OSError:
            continue
        raise RuntimeError("FOUND a way to be felt by others")
    if platform.machine() == "x86_64" and max(libc.syscall(number, 0, 0) for number in (253, 294, 300)) >= 0:
        raise RuntimeError("FOUND a way to watch others")
    return np.zeros(len(a[0]))
""",
    "timers and queues without number": """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
def NAME(*a):
    if platform.machine() == "x86_64":
        timer = ctypes.c_int()
        if sum(libc.syscall(222, 1, None, ctypes.byref(timer)) == 0 for _ in range(1000)) > 256:
            raise RuntimeError("FOUND no limit on timers")
        if libc.syscall(240, b"cheat", 0o102, 0o600, None) >= 0:
            raise RuntimeError("FOUND a queue")
    return np.zeros(len(a[0]))
""",
    "an error made of lists": """
import os, struct
def NAME(*a):
    for depth in (100, 900, 960, 1990):
        head = b'{"call": 0, "error": {"type": ' + b"[" * depth + b"]" * depth + b', "cell": 1e999, "line": true}}'
        os.write(3, struct.pack(">II", len(head), 0) + head)
    os._exit(0)
""",
    "all processors": """
import threading
def NAME(*a):
    def spin():
        while True:
            np.tanh(np.ones(10**5))
    for _ in range(60):
        threading.Thread(target=spin, daemon=True).start()
    spin()
""",
    "the machine's memory first": """
def NAME(*a):
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    raise RuntimeError("FOUND a way to let others die first")
""",
}
