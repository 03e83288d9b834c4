"""Hand the work out by Dask: a sandbox for each thread of each worker, here or elsewhere; lost workers are survived."""

import contextlib
import os
import secrets
import threading

from grading.errors import Refused
from grading.homework import Homework
from grading.marker import Marker, crashed
from grading.sandbox.outside import wash

SECONDS_TO_ANSWER = 20
RETRIES = 5  # workers that one submission may lose before it is given up
KEPT, MARKERS = threading.local(), []  # of this worker
WASHING, WASHED = threading.Lock(), set()  # the sessions that this worker has washed for


def remote(name, edition, session, seed, unsafe, submission, result=None, task=None):
    """On a worker: mark a submission with this thread's marker, or one task of it again."""
    wanted = name, edition, session, seed, unsafe
    if getattr(KEPT, "wanted", None) != wanted:
        homework = Homework(name)
        if homework.edition != edition:
            raise Refused(f"A worker has another edition of {name} than the command. Update the repository there.")
        if getattr(KEPT, "wanted", None):
            KEPT.marker.close()
        if not unsafe:
            with WASHING:
                if session not in WASHED:
                    wash()
                    WASHED.add(session)
        KEPT.marker, KEPT.wanted = Marker(homework, seed, unsafe), wanted
        MARKERS.append(KEPT.marker)
    return KEPT.marker.first(submission) if task is None else KEPT.marker.again(submission, result, task)


def grade(run, submissions, known, address=None, workers=None):
    """Mark the submissions on a Dask cluster and yield the results as they come, also unfinished ones, with "left".

    known: {slug: unfinished result} of an earlier try. The order is what `marker` says: first all answers without a
    reference, then task by task. address: "tcp://…" of a scheduler; without one, `workers` threads of this
    process do the work. Raises Refused if the scheduler doesn't answer or a worker has another edition of the homework,
    NoSandbox if a worker has no sandbox.
    """
    if not submissions:
        return
    from distributed import CancelledError, as_completed

    threads = min(workers or os.cpu_count() or 1, len(submissions))
    homework, governed, results = run.homework, run.state["governed"], dict(known)
    # A session of its own for each command: workers that go on from an earlier one begin afresh.
    how = homework.name, homework.edition, secrets.token_hex(), run.state["seed"], not governed
    with connected(address, threads) as client:

        def phase(task, chosen):
            more = {s: (s,) if task is None else (s, results[s.slug], task) for s in chosen}
            waiting = {client.submit(remote, *how, *rest, pure=False, retries=1): s for s, rest in more.items()}
            for future in as_completed(list(waiting)):
                results[waiting[future].slug] = result_of(future, homework, waiting[future], governed)
                yield results[waiting[future].slug]

        try:
            yield from phase(None, [s for s in submissions if s.slug not in results])
            for task in homework.tasks:
                yield from phase(task.name, [s for s in submissions if task.name in results[s.slug].get("left", ())])
        except CancelledError:
            raise Refused(
                f"The Dask scheduler at {address} is gone. What is finished is kept: start it again, and its workers, "
                "and give the same command again."
            ) from None


def result_of(future, homework, submission, governed):
    """The result that a worker sends back. Raises Refused if it refused to work at all."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Refused):
        raise error
    try:
        raise error
    except Exception:
        return crashed(homework, submission, governed)


@contextlib.contextmanager
def connected(address, threads):
    """A Dask client: of the scheduler at this address, or of so many threads of this process."""
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.scheduler.allowed-failures": RETRIES, "distributed.logging.distributed": "error"})
    here = None
    if not address:
        here = LocalCluster(n_workers=1, threads_per_worker=threads, processes=False, memory_limit=None,
                            dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
                            silence_logs=50)  # fmt: skip
    try:
        client = Client(here or address, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:
        raise Refused(f"No Dask scheduler answers at {address}, which should be tcp://HOST:PORT: {error}.") from None
    try:
        yield client
    finally:
        client.close()
        if here is not None:
            here.close()
            while MARKERS:
                MARKERS.pop().close()
