"""The benchmark compares like with like, and says what it can measure."""

import contextlib
import gzip
import json
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

import bench.__main__ as program
from bench import PARTS, RESULTS, loading
from bench.rows import by_turns, ratio, row, to_linear
from vaelab.data import Dataset


def test_an_unknown_part_is_refused_with_the_known_ones():
    done = subprocess.run([sys.executable, "-m", "bench", "lunch"], capture_output=True, text=True)
    assert done.returncode == 1 and "lunch" in done.stderr and all(part in done.stderr for part in PARTS)


def test_contestants_take_turns_and_ratios_are_paired():
    order = []
    times = by_turns({name: lambda name=name: order.append(name) or len(order) for name in "ab"}, 3)
    assert order == list("ababab") and times == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert ratio([1, 2, 9], [2, 2, 3]) == 1.0  # of 0.5, 1 and 3; of the medians it would be 1 by chance only


@pytest.mark.parametrize(
    ("value", "bounds", "promise"),
    [
        (0.4, {"at_most": 0.5}, "at most 0.5: met"),
        (0.6, {"at_most": 0.5}, "at most 0.5: missed"),
        (999, {"at_least": 1000}, "at least 1000: missed"),
        (1000, {"at_least": 1000}, "at least 1000: met"),
        (7, {}, ""),
    ],
)
def test_a_promise_is_called_met_or_missed(value, bounds, promise):
    assert row("speed", value, **bounds)["promise"] == promise


def test_linear_growth_is_one_and_quadratic_growth_is_seen():
    sizes = (10, 20, 40)
    assert to_linear(sizes, [3 * n for n in sizes]) == pytest.approx(1)
    assert to_linear(sizes, [n**2 for n in sizes]) == pytest.approx(4)
    assert to_linear(sizes, [5, 5, 5]) == pytest.approx(0.25)


def test_a_part_that_fails_leaves_every_section_as_it_was_and_one_that_ends_replaces_its_own(monkeypatch, tmp_path):
    def fails():
        yield row("first", 1.0)
        raise KeyboardInterrupt

    stored = tmp_path / "results.json"
    stored.write_text(before := json.dumps({"loading": {"rows": ["old"]}, "quality": {"rows": ["kept"]}}))
    monkeypatch.setattr(program, "RESULTS", stored)
    monkeypatch.setattr(loading, "measure", fails)
    with pytest.raises(KeyboardInterrupt):
        program.main(["loading"])
    assert stored.read_text() == before
    monkeypatch.setattr(loading, "measure", lambda: iter([row("second", 2.0)]))
    program.main(["loading"])
    after = json.loads(stored.read_text())
    assert after["loading"]["rows"] == [row("second", 2.0)] and after["quality"] == {"rows": ["kept"]}


def test_a_failed_part_is_named_and_the_others_are_run(monkeypatch):
    run = []

    def pretend(command):
        run.append(command[-1])
        return subprocess.CompletedProcess(command, -9 if command[-1] == "training" else 0)

    monkeypatch.setattr(program.subprocess, "run", pretend)
    with pytest.raises(SystemExit) as stop:
        program.main([])
    assert run == list(PARTS) and "training" in str(stop.value) and "quality" not in str(stop.value)


def test_other_ways_train_the_same_model_by_the_same_loss(mnist):
    from bench.training import CourseFit, TensorFlowLoop, WholeEpoch

    some = Dataset(mnist.x_train[:6400], mnist.y_train[:6400], mnist.x_test[:1000], mnist.y_test[:1000])
    contestants = CourseFit(some), TensorFlowLoop(some), WholeEpoch(some)
    before = [contestant.test_loss() for contestant in contestants]
    for _ in range(2):
        for contestant in contestants:
            contestant.epoch()
    after = [contestant.test_loss() for contestant in contestants]
    assert before == pytest.approx([before[0]] * 3, rel=0.002)
    assert after == pytest.approx([after[0]] * 3, rel=0.02) and after[0] < 0.5 * before[0]


def test_a_part_of_an_epoch_is_as_many_steps_as_an_epoch_has(monkeypatch):
    from bench import training

    vae = training.new_vae(1, 1)
    monkeypatch.setattr(training, "new_vae", lambda *_, **__: vae)
    training.adam_updates(7, vae.optimizer)()
    assert int(vae.optimizer.iterations) == 7
    images = np.zeros((10, 28, 28, 1), "float32")
    training.steps_with_nothing_in_them(Dataset(images, None, None, None), 6)()
    assert int(vae.step) == 6


def test_the_floor_moves_every_weight_in_every_step():
    from bench import training

    vae = training.new_vae(training.LATENT_DIM, training.WIDTH)
    before = vae.encoder.get_weights() + vae.decoder.get_weights()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "new_vae", lambda *_, **__: vae)
        training.floor(3)()
    for old, new in zip(before, vae.encoder.get_weights() + vae.decoder.get_weights(), strict=True):
        assert (old != new).all()


def test_portions_of_images_change_no_sum_over_a_grid(mnist):
    from vaelab.bounds import grid_points, log_sum_over
    from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

    vae, z = VAE(build_vae_encoder(2, (4,)), build_vae_decoder(2, (4,))), grid_points(2, 0.5, -1, 3.0)
    whole = log_sum_over(vae, mnist.x_test[:2100], z)
    parts = [log_sum_over(vae, mnist.x_test[i : i + 150], z) for i in range(0, 2100, 150)]
    np.testing.assert_allclose(whole, np.concatenate(parts), rtol=1e-6)


def test_stored_figures_say_when_and_on_what_they_were_taken():
    for section in json.loads(RESULTS.read_text("utf-8")).values():
        assert section["date"] and section["machine"]["cores"] and section["versions"]["tensorflow"]
        assert all({"what", "value", "unit", "promise"} == set(row) for row in section["rows"])


def test_a_proof_that_fails_has_a_time_or_a_slow_one_passes(capsys):
    from bench.proof import clocked

    slow = clocked("slow", [sys.executable, "-c", "import time; time.sleep(0.3)"], at_most=0.2)
    assert 0.3 < slow["value"] < 30 and slow["promise"] == "at most 0.2: missed"
    failed = clocked("failed", [sys.executable, "-c", "raise SystemExit('one test failed')"], at_most=100)
    assert failed["value"].startswith("failed in") and failed["promise"] == ""
    assert "one test failed" in capsys.readouterr().err


def test_the_benchs_host_compresses_what_a_host_compresses(tmp_path):
    from bench.host import served

    (tmp_path / "page.html").write_text("word " * 1000)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" * 100)
    with served(tmp_path) as address:
        page, picture = (urllib.request.urlopen(address + name) for name in ("page.html", "picture.png"))
        assert page.headers["Content-Encoding"] == "gzip" and picture.headers["Content-Encoding"] is None
        assert gzip.decompress(page.read()) == b"word " * 1000 and picture.read() == b"\x89PNG" * 100
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + "nothing.html")


def test_a_page_that_falls_below_a_mark_of_lighthouse_misses_its_bar(monkeypatch):
    from bench import lighthouse

    def audit(program, address, chromium, options):
        speed = next(speeds) if "07" in address and options == () else 99
        return {"accessibility": 100, "best-practices": 96 if "index" in address else 100, "performance": speed}

    speeds = iter([90, 80, 84, 86, 83])
    monkeypatch.setattr(lighthouse, "install", lambda: "")
    monkeypatch.setattr(lighthouse, "browser", lambda: "")
    monkeypatch.setattr(lighthouse, "served", lambda: contextlib.nullcontext("http://localhost/"))
    monkeypatch.setattr(lighthouse, "audit", audit)
    rows = list(lighthouse.measure())
    missed = {(row["what"], row["value"]) for row in rows if row["promise"].endswith("missed")}
    assert len(rows) == 24
    assert missed == {("index, phone: best-practices", 96), ("index, desktop: best-practices", 96),
                      ("07, phone: performance", 84)}  # fmt: skip


def test_a_grader_that_slows_down_or_loses_marks_keeps_its_promise():
    from bench.grading import rows

    def promises(seconds, ratio, full):
        classes = {size: {"seconds": s, "submissions a minute": 60 * int(size) / s, "MB a worker": 500}
                   for size, s in zip(("10", "200"), seconds, strict=True)}  # fmt: skip
        right = {"seeds": 50, "homeworks": {"hw2": {"all full marks": full, "seconds": 9.0}}}
        honest = {"notebooks": 100, "homeworks": {"hw2": 100 if full else 99}}
        found = {"growth": {"workers": 2, "submissions": classes}, "workers": {"ratio": ratio}, "right": right}
        found["honest"] = honest
        return [row["promise"].split()[-1] for row in rows(found) if row["promise"]], [r["value"] for r in rows(found)]

    met, values = promises((20.0, 300.0), 1.8, True)
    assert met == ["met"] * 7 and "all full marks" in values
    missed, values = promises((20.0, 700.0), 1.6, False)
    assert missed == ["met", "met", "missed", "met", "missed", "missed", "missed"] and "points were lost" in values
