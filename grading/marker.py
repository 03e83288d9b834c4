"""Mark whole submissions: what one worker does, with a sandbox and a judge of its own.

Nothing that a reference teaches may reach an answer that could use it, by whatever two sandboxes share: the page cache
was such a channel. So all answers are asked for first with no reference in any room, and then task by task: when a room
holds the references of the first k tasks, these tasks are done with, for everybody. `cluster.grade` keeps the order.
"""

import time
import traceback

from grading.errors import NoSandbox, Unreadable
from grading.judge_process import JudgeProcess
from grading.marking import Mark, own_marks, reference_marks
from grading.sandbox.outside import Sandbox
from grading.submissions import printable, read_notebook
from grading.surprises import told

NOT_PROVEN = """\
The homework's own solution of {task} does not get full marks in the sandbox on this machine:
  {said}
So students would not get theirs either. Nothing more was graded; what is finished is kept. A machine that is out of
memory, or so busy that answers come too late, does this: use fewer --workers. Else look at the homework's checks."""


class Marker:
    """Marks submissions of a homework on the inputs of one seed. Close it.

    The homework's own solutions are marked first: raises NoSandbox unless they get full marks here.
    """

    def __init__(self, homework, seed, unsafe=False):
        self.homework, self.seed = homework, seed
        self.sandbox, self.judge = Sandbox(unsafe), JudgeProcess(homework.checks)
        try:
            self.prove()
        except NoSandbox:
            self.close()
            raise

    def prove(self):
        for task in self.homework.tasks:
            mark = self.reference_mark(task, [self.homework.references[task.name]], [])
            if mark.points != mark.most:
                raise NoSandbox(NOT_PROVEN.format(task=task.name, said=" ".join(mark.messages)))

    def first(self, submission):
        """Everything about a submission as a dict that JSON can carry, from answers that met no reference.

        "left": {task: errors} of those that are to be marked again, each in its turn; missing if there are none. Never
        raises for what a student handed in.
        """
        started = time.monotonic()
        result = nothing(self.homework, submission, not self.sandbox.unsafe)
        try:
            cells = self.read(submission)
        except Unreadable as error:
            return result | {"problem": str(error)}
        written, unclaimed = self.homework.outline.read(cells)
        code = [source for kind, source, *_ in cells if kind == "code"]
        other = self.homework.outline.other(cells)
        if other and not any(task.name in source for task in self.homework.tasks for source in code):
            problem = f'this is "{printable(other)}"; "{self.homework.title}" was asked for'
            unclaimed += [(name, text) for name, text in written.items() if text]
            return result | {"problem": problem, "unclaimed": unclaimed}
        self.sandbox.next_submission()
        marks, left = [], {}
        for task in self.homework.tasks:
            mark, errors = self.own_mark(task, code)
            marks.append(told(mark, cells))
            if errors is not None:
                left[task.name] = errors
        result |= {"marks": marks, "written": written, "unclaimed": unclaimed, "left": left}
        return settled(result | {"seconds": round(time.monotonic() - started, 2)})

    def again(self, submission, result, name):
        """The result with the task of this name marked again, with right versions of the earlier functions."""
        started = time.monotonic()
        number = [task.name for task in self.homework.tasks].index(name)
        task, marks, left = self.homework.tasks[number], list(result["marks"]), dict(result["left"])
        cells = self.read(submission)
        code = [source for kind, source, *_ in cells if kind == "code"]
        self.sandbox.next_submission()
        mark = told(self.reference_mark(task, code, left.pop(name)), cells)
        if mark["points"] >= marks[number]["points"]:
            marks[number] = mark
        seconds = round(result["seconds"] + time.monotonic() - started, 2)
        return settled(result | {"marks": marks, "left": left, "seconds": seconds})

    def own_mark(self, task, cells):
        earlier = list(self.homework.earlier(task))
        (mark,), errors = own_marks(task, self.sandbox, cells, earlier, [self.seed], self.judge.mark)
        return mark, errors

    def reference_mark(self, task, cells, errors):
        given = self.homework.earlier(task)
        return reference_marks(task, self.sandbox, cells, given, [self.seed], errors, self.judge.mark)[0]

    def read(self, submission):
        if submission.problem:
            raise Unreadable(submission.problem)
        return read_notebook(submission.data)

    def close(self):
        self.sandbox.close()
        self.judge.close()


def settled(result):
    """The result, without "left" if nothing is."""
    return result if result["left"] else {key: value for key, value in result.items() if key != "left"}


def nothing(homework, submission, governed):
    """The result of a submission that earns nothing."""
    return {
        "student": submission.student,
        "slug": submission.slug,
        "where": submission.where,
        "sha256": submission.sha256,
        "governed": governed,
        "problem": "",
        "marks": [Mark(task.name, task.title, 0.0, homework.most[task.name], ()).as_dict() for task in homework.tasks],
        "written": dict.fromkeys(homework.written, ""),
        "unclaimed": [],
        "seconds": 0.0,
    }


def crashed(homework, submission, governed):
    """The result of a submission over which the grader itself fell; the next run tries it anew."""
    problem = "the grader failed on it; not marked. " + traceback.format_exc(limit=-2)[-500:]
    return nothing(homework, submission, governed) | {"crashed": True, "problem": problem}
