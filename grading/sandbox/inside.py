"""Inside the sandbox: the processes that a question runs in, and the walls around it.

Nothing in here is secret: no check, no right answer, no name of a student. TensorFlow and Keras are imported once; then
each question gets a process of its own, and that process a world of its own (see README.md):

    zygote    imports Keras, reads no question, forks
    warden    new user, process, mount and IPC namespaces; stops the clock; passes on at most MOST_BYTES
    question  empty folders, no capabilities, limits, a system-call filter; then, and only then, student code

The question travels on standard input and is read by the last of the three only, so that no process that serves the
next student has ever held it. Everything in this file runs before student code, and none of it after. The sandbox holds
this file and those of the folder that it imports; `outside.command` starts it.
"""

import contextlib
import json
import os
import platform
import resource
import select
import signal
import sys
import time

from .answering import question
from .filter import AUDIT, LIBC, drop_capabilities, filter_system_calls, system
from .frames import FRAME, MOST_BYTES, PATIENCE, SCRATCH, SECONDS_TO_READ, read_exactly, write_all

MOST_THREADS = 64
READ = b"r"  # what a question sends when it has read itself, before anything of the student's
TRANSIENT_DISK = b"size=32m,nr_inodes=256,mode=0700"
NEWNS, NEWIPC, NEWUSER, NEWPID = 0x00020000, 0x08000000, 0x10000000, 0x20000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT = 1, 2, 4, 8, 32


def enter_namespaces():
    """New user, process and IPC namespaces, for the children of this process; `empty_rooms` adds one of mounts."""
    user, group = os.getuid(), os.getgid()
    system(LIBC.unshare(NEWUSER | NEWPID | NEWIPC))
    for path, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{path}", "w") as file:
            file.write(text)


def empty_rooms():
    """A folder for temporary files, which vanishes with the question; of /proc only what TensorFlow has to find."""
    strict = NOSUID | NODEV | NOEXEC
    system(LIBC.unshare(NEWNS))
    system(LIBC.mount(b"none", SCRATCH.encode(), b"tmpfs", strict, TRANSIENT_DISK))
    system(LIBC.mount(b"none", b"/proc", b"tmpfs", strict, b"size=16k,nr_inodes=8"))
    os.mkdir("/proc/self")
    os.symlink("/inside", "/proc/self/exe")
    system(LIBC.mount(b"none", b"/proc", b"tmpfs", strict | RDONLY | REMOUNT, b"size=16k,nr_inodes=8"))


def set_limits(seconds, used, memory):
    """Hard limits for this process, which nothing in it can raise.

    used: bytes of address space before the question. memory: bytes beyond these, as the task says.
    """
    for what, most in (
        (resource.RLIMIT_AS, used + memory),
        (resource.RLIMIT_CPU, 2 * int(seconds) + 1),
        (resource.RLIMIT_FSIZE, 8 << 20),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_NICE, 0),
    ):
        resource.setrlimit(what, (most, most))


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def serve_question(size, seconds, output, walls):
    """The life of the third process. walls: "full", "half" (no namespaces of its own) or "none" (unsafe)."""
    used = address_space()
    os.setsid()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out, a question ends and neither the sandbox nor the grader
    if walls == "full":
        empty_rooms()
    if walls != "none":
        drop_capabilities()
    payload = json.loads(read_exactly(0, size))
    write_all(output, READ)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.dup2(output, 3)
    os.closerange(4, 4096)
    set_limits(seconds, used, payload["memory"])
    if walls != "none":
        filter_system_calls()

    def send(call, arrays=(), error=None):
        header = {"call": call} | ({"error": error} if error else {})
        header |= {"shapes": [None if a is None else list(a.shape) for a in arrays]}
        head = json.dumps(header).encode()
        body = b"".join(a.tobytes() for a in arrays if a is not None)
        write_all(3, FRAME.pack(len(head), len(body)) + head + body)

    question(payload, send)


def guard(size, seconds, walls):
    """The life of the warden: fork the question, collect its bytes, end it `seconds` after it began, report."""
    source, output = os.pipe()
    if walls == "full":
        enter_namespaces()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            serve_question(size, seconds, output, walls)
        finally:
            os._exit(0)
    os.close(output)
    parts, length, end, begun = [], 0, "done", False
    deadline, waited = time.monotonic() + SECONDS_TO_READ, 0.0
    while True:
        # Others may keep the processors busy, on purpose even: time that a question waits for one is not its own.
        patience = min(waiting(child) - waited, (PATIENCE - 1) * seconds) if begun else 0.0
        left = deadline + patience - time.monotonic()
        if left <= 0:
            end = "time"
            break
        if threads(child) > MOST_THREADS:
            end = "threads"
            break
        if select.select([source], [], [], min(left, 0.05))[0]:
            part = os.read(source, 1 << 16)
            if not part:
                break
            if not begun:
                begun, part = True, part[len(READ) :]
                deadline, waited = time.monotonic() + seconds, waiting(child)
            length += len(part)
            if length > MOST_BYTES:
                end = "size"
                break
            parts.append(part)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # without walls there may be others; within, the namespace ends with its first
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not begun:
        end = "unread"  # half of it may be left on standard input: this sandbox must not go on
    report(json.dumps({"end": end}).encode(), b"".join(parts) if end != "size" else b"")


def waiting(child):
    """Seconds that the first thread of a process was ready to go on and had no processor; 0 if nobody counts them."""
    try:
        with open(f"/proc/{child}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def threads(child):
    try:
        with open(f"/proc/{child}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[17])
    except (OSError, IndexError, ValueError):
        return 0


def report(head, body=b""):
    write_all(1, FRAME.pack(len(head), len(body)) + head + body)


def zygote(walls, course, taken):
    """Import what students use, then fork a warden for each question, until standard input ends."""
    sys.path.insert(0, course)
    for module in taken:
        sys.modules[module] = None  # importing it raises ModuleNotFoundError
    import keras
    import numpy
    import scipy.special
    import scipy.stats
    import tensorflow

    if walls != "none":
        walls = best_walls(walls)
    if walls == "half":
        LIBC.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: questions see this process then and must not read or change it
    versions = {module.__name__: module.__version__ for module in (numpy, scipy, tensorflow, keras)}
    report(json.dumps({"walls": walls, "versions": versions}).encode())
    while True:
        try:
            size, milliseconds = FRAME.unpack(read_exactly(0, FRAME.size))
        except EOFError:
            return
        warden = os.fork()
        if warden == 0:
            try:
                guard(size, milliseconds / 1000, walls)
            except OSError:  # no namespaces or processes are to be had any more
                report(json.dumps({"end": "unread"}).encode())
            finally:
                os._exit(0)
        os.waitpid(warden, 0)


def best_walls(wanted):
    """The walls wanted, but "half" where this kernel lets no process build namespaces of its own inside the sandbox.

    Raises OSError where not even a system-call filter can be had.
    """
    if platform.machine() not in AUDIT:
        raise OSError(f"no system-call filter for {platform.machine()}")
    if succeeds(filter_system_calls_alone):
        return wanted if wanted == "half" or succeeds(build_rooms) else "half"
    raise OSError("the kernel refuses a system-call filter")


def filter_system_calls_alone():
    drop_capabilities()
    filter_system_calls()
    try:
        os.fork()
    except PermissionError:
        return
    raise OSError("the filter does not filter")


def build_rooms():
    enter_namespaces()
    child = os.fork()
    if child == 0:
        try:
            empty_rooms()
            drop_capabilities()
            with open(f"{SCRATCH}/x", "w") as file:
                file.write("x")
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise OSError("no rooms")


def succeeds(trial):
    """Whether a trial in a process of its own raises no OSError."""
    child = os.fork()
    if child == 0:
        try:
            trial()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
