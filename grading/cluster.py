"""Hand the work out by Dask: a sandbox for each thread of each worker, here or elsewhere; lost workers are survived."""

import os
import threading

from grading.errors import Refused
from grading.homework import Homework
from grading.marker import Marker, crashed

SECONDS_TO_ANSWER = 20
RETRIES = 5  # workers that one submission may lose before it is given up
KEPT, MARKERS = threading.local(), []  # of this worker


def remote(name, edition, submission, seed, unsafe):
    """On a worker: mark one submission with this thread's sandbox."""
    wanted = name, edition, seed, unsafe
    if getattr(KEPT, "wanted", None) != wanted:
        homework = Homework(name)
        if homework.edition != edition:
            raise Refused(f"A worker has another edition of {name} than the command. Update the repository there.")
        if getattr(KEPT, "wanted", None):
            KEPT.marker.close()
        KEPT.marker, KEPT.wanted = Marker(homework, seed, unsafe), wanted
        MARKERS.append(KEPT.marker)
    return KEPT.marker.grade(submission)


def grade(run, submissions, address=None, workers=None):
    """Mark the submissions on a Dask cluster and yield the results as they come.

    address: "tcp://…" of a scheduler; without one, `workers` threads of this process do the work. Raises Refused if the
    scheduler doesn't answer or a worker has another edition of the homework, NoSandbox if a worker has no sandbox.
    """
    if not submissions:
        return
    import dask
    from distributed import CancelledError, Client, LocalCluster, as_completed

    dask.config.set({"distributed.scheduler.allowed-failures": RETRIES, "distributed.logging.distributed": "error"})
    here = None
    if not address:
        threads = min(workers or os.cpu_count() or 1, len(submissions))
        here = LocalCluster(n_workers=1, threads_per_worker=threads, processes=False, memory_limit=None,
                            dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
                            silence_logs=50)  # fmt: skip
    try:
        client = Client(here or address, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:
        raise Refused(f"No Dask scheduler answers at {address}, which should be tcp://HOST:PORT: {error}.") from None
    try:
        what = run.homework.name, run.homework.edition
        how = run.state["seed"], not run.state["governed"]
        waiting = {client.submit(remote, *what, s, *how, pure=False, retries=1): s for s in submissions}
        for future in as_completed(list(waiting)):
            error = future.exception()
            if isinstance(error, Refused):
                raise error
            if error is None:
                yield future.result()
            else:
                try:
                    raise error
                except Exception:
                    yield crashed(run.homework, waiting[future], run.state["governed"])
    except CancelledError:
        raise Refused(
            f"The Dask scheduler at {address} is gone. What is finished is kept: start it again, and its workers, and "
            "give the same command again."
        ) from None
    finally:
        client.close()
        if here is not None:
            here.close()
            while MARKERS:
                MARKERS.pop().close()
