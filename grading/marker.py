"""Mark whole submissions: what one worker does, with a sandbox and a judge of its own."""

import time
import traceback

from grading.errors import NoSandbox, Unreadable
from grading.judge_process import JudgeProcess
from grading.marking import Mark, mark_task
from grading.sandbox.outside import Sandbox
from grading.submissions import read_notebook

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
            mark = self.mark(task, [self.homework.references[task.name]])
            if mark.points != mark.most:
                raise NoSandbox(NOT_PROVEN.format(task=task.name, said=" ".join(mark.messages)))

    def mark(self, task, cells):
        return mark_task(task, self.sandbox, cells, self.homework.earlier(task), self.seed, self.judge.mark)

    def grade(self, submission):
        """Everything about a submission as a dict that JSON can carry. Never raises for what a student handed in."""
        started = time.monotonic()
        result = nothing(self.homework, submission, not self.sandbox.unsafe)
        try:
            if submission.problem:
                raise Unreadable(submission.problem)
            texts = {name: text for name, (_, text) in self.homework.written.items()}
            cells, written = read_notebook(submission.data, texts)
        except Unreadable as error:
            return result | {"problem": str(error)}
        self.sandbox.next_submission()
        marks = [self.mark(task, cells).as_dict() for task in self.homework.tasks]
        seconds = round(time.monotonic() - started, 2)
        return result | {"marks": marks, "written": result["written"] | written, "seconds": seconds}

    def close(self):
        self.sandbox.close()
        self.judge.close()


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
        "seconds": 0.0,
    }


def crashed(homework, submission, governed):
    """The result of a submission over which the grader itself fell; the next run tries it anew."""
    problem = "the grader failed on it; not marked. " + traceback.format_exc(limit=-2)[-500:]
    return nothing(homework, submission, governed) | {"crashed": True, "problem": problem}
