"""A grading run: hand submissions to workers, keep each result at once, go on after an interruption."""

import contextlib
import datetime
import fcntl
import json
import secrets
import sys
import time
from pathlib import Path

from grading import cluster
from grading.errors import Refused
from grading.files import unused, write_whole


class Run:
    """A numbered folder in `out` that holds one grading of some submissions.

    An unfinished run of the same edition of the homework, with the same seed if one is given, is gone on with;
    otherwise a new one is begun and the earlier ones stay as they are. Raises Refused if another grader is at work in
    `out`.
    """

    def __init__(self, out, homework, seed=None, unsafe=False):
        self.homework, self.out = homework, Path(out)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            self.lock = (self.out / ".lock").open("w")
        except OSError as error:
            raise Refused(f"{out} can't hold results: {error.strerror or error}. Name another --out.") from None
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.lock.close()
            raise Refused(f"Another grader is at work in {self.out}. Wait for it, or choose another --out.") from None
        earlier = sorted(self.out.glob("run-[0-9][0-9][0-9]"))
        self.resumed = False
        if earlier:
            with contextlib.suppress(OSError, ValueError, KeyError):
                state = json.loads((earlier[-1] / "run.json").read_text("utf-8"))
                wanted = homework.name, homework.edition, not unsafe
                same = (state["homework"], state["edition"], state["governed"]) == wanted
                self.resumed = same and not state["finished"] and seed in (None, state["seed"])
        if self.resumed:
            self.folder, self.state = earlier[-1], state
        else:
            self.folder = self.out / f"run-{int(earlier[-1].name[4:]) + 1 if earlier else 1:03d}"
            self.state = {
                "homework": homework.name,
                "edition": homework.edition,
                "seed": secrets.randbelow(2**31) if seed is None else seed,
                "governed": not unsafe,
                "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
                "finished": False,
            }
            try:
                self.folder.mkdir(mode=0o700)  # marks are nobody else's business on a machine that many use
                (self.folder / "results").mkdir()
                self.write("run.json", json.dumps(self.state, indent=1))
            except OSError as error:
                self.lock.close()
                raise Refused(f"{out} can't hold results: {error.strerror or error}. Name another --out.") from None

    def write(self, name, content):
        """Write a file of the run in one step, so that a killed grader or a full disk leaves no half of one."""
        write_whole(self.folder / name, content)

    def write_beside(self, name, content):
        """Write a file that people fill in. One that is there already, and is another, is kept under a new name."""
        path = self.folder / name
        if path.exists() and path.read_bytes() != content.encode("utf-8", "replace"):
            kept = unused(path)
            path.rename(kept)
            print(f"{path} was there already. It is now {kept.name}: copy points over from it.", file=sys.stderr)
        self.write(name, content)

    def result(self, submission):
        """The result for this very notebook, None if there isn't one; with "left" if it is not finished."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            result = json.loads((self.folder / "results" / f"{submission.slug}.json").read_text("utf-8"))
            if result["sha256"] == submission.sha256 and not result.get("crashed"):
                return result
        return None

    def keep(self, result):
        """Write a result. Raises Refused if the disk doesn't take it."""
        try:
            self.write(f"results/{result['slug']}.json", json.dumps(result, ensure_ascii=True, indent=1))
        except OSError as error:
            raise Refused(
                f"Results can't be written to {self.folder}: {error.strerror or error}. The finished ones are kept. "
                "Make room there and give the same command again: it goes on where this one stopped."
            ) from error

    def finish(self, results, adjusted=False, notes=()):
        """The run is complete with these results; others may lie there, of notebooks that were taken away meanwhile."""
        slugs = [result["slug"] for result in results]
        self.state |= {"finished": True, "results": slugs, "adjusted": adjusted, "notes": list(notes)}
        self.write("run.json", json.dumps(self.state, indent=1))

    def close(self):
        self.lock.close()


def grade_all(run, submissions, workers=None, progress=True, scheduler=None):
    """Grade what isn't graded yet, and keep each result at once. Returns all results, in order.

    workers: sandboxes at work at once, one for each core by default. scheduler: the address of a Dask scheduler whose
    workers do the work instead. Raises NoSandbox if there is none or it fails the proof, Refused if results can't be
    written or the scheduler doesn't answer; what is finished stays.
    """
    results = {s.slug: result for s in submissions if (result := run.result(s))}
    left = [s for s in submissions if "left" in results.get(s.slug, {"left": ()})]
    known = {s.slug: results[s.slug] for s in left if s.slug in results}
    bar = Progress(len(submissions), len(submissions) - len(left), len(run.homework.tasks), known, progress)
    try:
        for result in cluster.grade(run, left, known, scheduler, workers):
            run.keep(result)
            results[result["slug"]] = result
            bar.step(result)
    finally:
        bar.end()
    return [results[s.slug] for s in submissions]


class Progress:
    """One line that grows: how many are graded, and how long the rest will take.

    A submission is one unit of work, and each task of it that comes again in the second round another 1 / tasks. How
    many come again is guessed from those that were asked. The clock begins with the first result, since sandboxes take
    their time to start, and nothing is promised before the third.
    """

    def __init__(self, total, done, tasks, known, shown):
        self.total, self.done, self.tasks, self.shown = total, done, tasks, shown
        self.fresh = total - done - len(known)  # not asked yet
        self.again = {slug: len(result["left"]) for slug, result in known.items()}  # tasks of it that come again
        self.asked, self.times = dict(self.again), []
        self.worked, self.filled = 0.0, -1
        self.show()

    def step(self, result, now=None):
        left = len(result.get("left", ()))
        if result["slug"] in self.again:
            self.worked += (self.again[result["slug"]] - left) / self.tasks
        else:
            self.fresh, self.asked[result["slug"]] = self.fresh - 1, left
            self.worked += 1
        self.again[result["slug"]] = left
        self.done += not left
        self.times.append((time.monotonic() if now is None else now, self.worked))
        self.show()

    def left(self):
        """Seconds that the rest will take, None while nobody can know."""
        if len(self.times) < 3:
            return None
        (start, before), (now, worked) = self.times[0], self.times[-1]
        each = 1 + sum(self.asked.values()) / len(self.asked) / self.tasks
        rest = self.fresh * each + sum(self.again.values()) / self.tasks
        return (now - start) / (worked - before) * rest if worked > before else None

    def show(self):
        if not self.shown:
            return
        filled = 30 * self.done // max(self.total, 1)
        left = self.left()
        rest = f", {left:.0f} s left " if left is not None and self.done < self.total else " " * 14
        line = f"[{'#' * filled}{'.' * (30 - filled)}] {self.done} of {self.total}{rest}"
        if sys.stderr.isatty():
            print(line, end="\r", file=sys.stderr, flush=True)
        elif filled != self.filled:  # in a log: some lines, not one for each submission
            print(line.rstrip(), file=sys.stderr, flush=True)
        self.filled = filled

    def end(self):
        if self.shown and sys.stderr.isatty():
            sys.stderr.write("\n")
