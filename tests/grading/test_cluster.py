"""Grading on a Dask cluster: the same marks, and a lost worker loses nothing."""

import os
import signal
import threading
import time

import pytest

from grading import bank, cluster, session
from grading.errors import Refused
from grading.homework import Homework
from grading_case import NEEDS_SANDBOX, small, submission

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install distributed")


@NEEDS_SANDBOX
def test_a_killed_worker_loses_no_submission(tmp_path):
    hw2 = Homework("hw2")
    right = bank.right(hw2)["with_numpy"]
    run = session.Run(tmp_path, hw2, seed=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as local:

        def kill_one():
            results, deadline = run.folder / "results", time.monotonic() + 120
            while not list(results.glob("[!.]*.json")) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.kill(next(iter(local.workers.values())).pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        class_ = [submission(hw2, f"student{i}", right) for i in range(3)]
        results = session.grade_all(run, class_, progress=False, scheduler=local.scheduler_address)
        killer.join()
    run.close()
    assert [result["student"] for result in results] == [s.student for s in class_]
    for result in results:
        assert all(mark["points"] == mark["most"] for mark in result["marks"]), result


def test_scheduler_that_does_not_answer_is_refused(tmp_path, monkeypatch):
    run = session.Run(tmp_path, Homework("hw2"))
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(Refused, match="No Dask scheduler answers"):
        next(cluster.grade(run, [small("a")], {}, "tcp://127.0.0.1:9"))
    run.close()


def test_scheduler_that_ends_meanwhile_stops_the_run_with_a_word(tmp_path):
    run = session.Run(tmp_path, Homework("hw2"))
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as local:  # nothing is marked
        threading.Timer(1.0, local.close).start()
        with pytest.raises(Refused, match="is gone. What is finished is kept"):
            next(cluster.grade(run, [small("a")], {}, local.scheduler_address))
    run.close()


def test_worker_with_another_edition_of_the_homework_refuses_to_mark():
    with pytest.raises(Refused, match="another edition"):
        cluster.remote("hw2", "of last year", "", 1, False, None)
