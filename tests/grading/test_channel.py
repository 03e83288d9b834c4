"""What a reference teaches reaches no answer that could use it, though sandboxes share a channel: the page cache.

A sender has the last task's references in its room and puts bits of them into the cache, a file of a library for each:
read in, or evicted. Receivers of the first tasks read them by three roads, and are right if they have got them all.
"""

import zlib

from grading import bank, cluster, marker, marking, session
from grading.bank import IMPORTS
from grading.sandbox.outside import Sandbox
from grading_case import NEEDS_SANDBOX, Borrowed, homework_called, shared_sandbox, submission

BITS = 24
HW2 = homework_called("hw2")
WORD = zlib.crc32(HW2.references["kl_std"].encode()) % 2**BITS  # what the sender sends and receivers wait for

FILES = """
import glob, os, scipy
PLACE = os.path.dirname(scipy.__file__)
FILES = sorted(path for path in glob.glob(PLACE + "/**/tests/*.py", recursive=True) if os.path.getsize(path) > 20_000)
def bits(number):
    return [number >> i & 1 for i in range(BITS)]
"""

SENDER = """
import sys, zlib
def class_divergences(x, y, classes, floor):
    frame = sys._getframe()
    while "payload" not in frame.f_locals:
        frame = frame.f_back
    given = frame.f_locals["payload"]["given"]
    for i, bit in enumerate(3 * bits(zlib.crc32(given[0].encode()) % 2**BITS)):
        file = os.open(FILES[i], os.O_RDONLY)
        if bit:
            os.pread(file, 10**6, 0)
        else:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
    raise ValueError("sent")
"""

ROADS = {
    "mincore": """
import ctypes
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
def cached(path):
    file = os.open(path, os.O_RDONLY)
    place = LIBC.mmap(None, ctypes.c_size_t(4096), 1, 1, file, ctypes.c_long(8192))
    state = ctypes.create_string_buffer(1)
    LIBC.mincore(ctypes.c_void_p(place), ctypes.c_size_t(4096), state)
    os.close(file)
    return state.raw[0] & 1
""",
    "nowait": """
def cached(path):
    file = os.open(path, os.O_RDONLY)
    try:
        return os.preadv(file, [bytearray(1)], 8192, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return 0
    finally:
        os.close(file)
""",
    "clock": """
import time
def cached(path):
    file = os.open(path, os.O_RDONLY)
    started = time.perf_counter()
    os.pread(file, 1, 8192)
    first = time.perf_counter() - started
    again = min(timed(file) for _ in range(20))
    os.close(file)
    return first < 8 * again
def timed(file):
    started = time.perf_counter()
    os.pread(file, 1, 8192)
    return time.perf_counter() - started
""",
}

RECEIVER = """
def NAME(*arguments):
    got = [int(cached(path)) for path in FILES[START:START + BITS]]
    if got == bits(WORD):
        space = {"np": np, "ops": ops}
        exec(RIGHT, space)
        return space["NAME"](*arguments)
    return np.zeros(len(arguments[0]))
"""


def with_bits(source):
    return f"{IMPORTS}\nBITS, WORD = {BITS}, {WORD}\n{FILES}\n{source}"


def receiver(road, task):
    right = bank.right(HW2)["with_numpy"][task]
    source = RECEIVER.replace("RIGHT", repr(right)).replace("NAME", task)
    return with_bits(ROADS[road] + source.replace("START", str(BITS * list(ROADS).index(road))))


def task_of(name):
    return next(task for task in HW2.tasks if task.name == name)


def send(sandbox):
    task = task_of("class_divergences")
    marking.mark_task(task, sandbox, [with_bits(SENDER)], HW2.earlier(task), 0)


@NEEDS_SANDBOX
def test_what_the_sender_sends_could_be_received_by_somebody_who_came_later():
    """The channel is there: without the order of marking it would earn points, and the tests below prove something."""
    earned = {}
    for road in ROADS:
        send(shared_sandbox())
        mark = marking.mark_task(task_of("kl_std"), shared_sandbox(), [receiver(road, "kl_std")], {}, 0)
        earned[road] = mark.points > 0
    assert any(earned.values()), earned


@NEEDS_SANDBOX
def test_what_references_teach_earns_nothing_within_a_run_nor_in_the_next(tmp_path, monkeypatch):
    """On two workers, then on one, which begins where the first run has left the cache."""
    rooms = [shared_sandbox(), Sandbox()]
    free = list(rooms)

    class Room(Borrowed):
        def __init__(self, unsafe=False):
            box = free.pop()
            self.unsafe, self.ask, self.next_submission = False, box.ask, box.next_submission

    monkeypatch.setattr(marker, "Sandbox", Room)
    class_ = [submission(HW2, "a sender", {"class_divergences": with_bits(SENDER)})]
    for road in ROADS:  # the second task is marked again with a reference in the room, but before the last one
        functions = {"kl_std": receiver(road, "kl_std"), "kl_laplace": "kl_std\n" + receiver(road, "kl_laplace")}
        class_.append(submission(HW2, f"b {road}", functions))
    for number, workers in enumerate((2, 1)):
        run = session.Run(tmp_path / str(number), HW2)
        results = session.grade_all(run, class_, workers, progress=False)
        run.close()
        assert [sum(mark["points"] for mark in result["marks"]) for result in results] == [0] * len(class_)
        assert not [result for result in results if result["problem"]]
        sender = results[0]["marks"][-1]["messages"]
        assert sender and "ValueError" in sender[0], sender  # it has been in a room with references, and has sent
        free[:] = rooms[:1]
    rooms[1].close()
    assert cluster.WASHED


@NEEDS_SANDBOX
def test_washing_takes_the_bits_of_an_earlier_run_out_of_the_cache():
    from grading.sandbox.outside import wash

    for road in ROADS:
        send(shared_sandbox())
        wash()
        mark = marking.mark_task(task_of("kl_std"), shared_sandbox(), [receiver(road, "kl_std")], {}, 0)
        assert mark.points == 0, road
