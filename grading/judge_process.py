"""A judge in a process of its own, under a limit of memory and one of time.

Judges compare arrays that strangers have sent. They look at shapes first, so nothing should go wrong; if something
does, it costs one task of one student, who is told, and everybody else is marked.
"""

import contextlib
import importlib
import os
import pickle
import resource
import signal
import subprocess
import sys

from grading.marking import Mark, checks_and_calls, mark_of
from grading.sandbox.inside import address_space

MEMORY = 1 << 30  # bytes beyond what its libraries use; right answers need a fifth of it
SECONDS = 30  # for one task of one student; right answers need a fifth of a second
TRIALS = 2  # a judge that ended by somebody else's fault, as where memory ran out, gets another chance
GONE = (
    "Your answer could not be compared with the right one: that took more memory or time than any right answer does. "
    "It counts as wrong; show it to your teacher."
)
START = "import sys; from grading.judge_process import serve; serve(sys.argv[1], float(sys.argv[2]))"


class JudgeProcess:
    """checks: the name of the module with a homework's hidden checks. Use it from one thread, and close it."""

    def __init__(self, checks, seconds=SECONDS):
        self.checks, self.seconds, self.process = checks, seconds, None

    def mark(self, task, seed, answers, end):
        """What `marking.mark_of` gives for the inputs of this seed, without distances. Whatever the answers do."""
        for _ in range(TRIALS):
            try:
                return self._ask((task.name, seed, answers, end))
            except (OSError, EOFError, pickle.UnpicklingError):
                self.close()
        most = sum(check.points for check in checks_and_calls(task, seed)[0])
        return Mark(task.name, task.title, 0.0, most, (GONE,))

    def _ask(self, question):
        if self.process is None:
            line = [sys.executable, "-c", START, self.checks, str(self.seconds)]
            path = os.pathsep.join(filter(None, sys.path))
            self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            env=os.environ | {"PYTHONPATH": path}, start_new_session=True)  # fmt: skip
        pickle.dump(question, self.process.stdin)
        self.process.stdin.flush()
        return pickle.load(self.process.stdout)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # of what it had no time to read
                self.process.stdin.close()
        self.process = None


def serve(checks, seconds):
    """The life of the process: judge until standard input ends. An alarm that nothing here hears ends it."""
    tasks = {task.name: task for task in importlib.import_module(checks).TASKS}
    if sys.platform == "linux":
        most = address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    while True:
        try:
            name, seed, answers, end = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        checks_of_task, _ = checks_and_calls(tasks[name], seed)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        mark = mark_of(tasks[name], checks_of_task, answers, end)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pickle.dump(mark._replace(distances=None), sys.stdout.buffer)
        sys.stdout.buffer.flush()
