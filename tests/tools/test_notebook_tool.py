"""The tool behind `make notebooks`: stable, careful, and clear when a cell fails."""

import base64
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image

import files
import notebooks

HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
TEXT = (
    HEAD
    + """# A lesson

```{code-cell} ipython3
:tags: [setup-cell]

import vaelab

vaelab.setup("en")
```

Prose.

```{code-cell} ipython3
---
mystnb:
  image:
    alt: what one sees
tags: [shown]
---
x = 1
print(x)
```

```{code-cell} ipython3
x = 1
print(x)
```
"""
)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "01-lesson.md"
    path.write_text(TEXT)
    return path


class Run:
    """Stands in for the execution: counts, and gives every code cell an output."""

    def __init__(self):
        self.runs = 0

    def __call__(self, notebook, path):
        self.runs += 1
        for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text=f"output {number}\n")]


def test_ids_are_stable_unique_and_follow_the_content(text):
    first, second = notebooks.read_text(text), notebooks.read_text(text)
    ids = [cell.id for cell in first.cells]
    assert ids == [cell.id for cell in second.cells] and len(set(ids)) == len(ids)
    text.write_text(TEXT.replace("Prose.", "Other prose."))
    changed = [cell.id for cell in notebooks.read_text(text).cells]
    assert [a == b for a, b in zip(ids, changed, strict=True)].count(False) == 1


def test_cell_metadata_reach_the_notebook(text):
    cell = notebooks.read_text(text).cells[3]
    assert cell.metadata["tags"] == ["shown"] and cell.metadata["mystnb"]["image"]["alt"] == "what one sees"


def test_nothing_is_run_or_written_when_nothing_changed(text):
    run = Run()
    assert notebooks.build(text, run=run) == "executed"
    path = text.with_suffix(".ipynb")
    written = path.stat().st_mtime_ns
    text.touch()  # a newer file time alone means nothing
    assert notebooks.build(text, run=run) == "unchanged"
    assert run.runs == 1 and path.stat().st_mtime_ns == written
    assert notebooks.build(text, force=True, run=run) == "unchanged"  # executed again, same outputs
    assert run.runs == 2 and path.stat().st_mtime_ns == written


def test_new_prose_keeps_the_stored_outputs(text):
    run = Run()
    notebooks.build(text, run=run)
    text.write_text(TEXT.replace("Prose.", "Better prose."))
    assert not notebooks.is_fresh(text)
    assert notebooks.build(text, run=run) == "prose"
    notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    assert run.runs == 1 and notebook.cells[2].source == "Better prose."
    assert notebook.cells[3].outputs[0].text == "output 2\n" and notebooks.is_fresh(text)


def test_changed_code_is_run(text):
    run = Run()
    notebooks.build(text, run=run)
    text.write_text(TEXT.replace("x = 1", "x = 2", 1))
    assert notebooks.build(text, run=run) == "executed" and run.runs == 2


def test_a_failing_cell_is_named_and_the_old_notebook_stays(text):
    notebooks.build(text, run=Run())
    path = text.with_suffix(".ipynb")
    before = path.read_bytes()
    text.write_text(TEXT.replace("x = 1\nprint(x)", "raise ArithmeticError('too much')", 1).replace(
        'import vaelab\n\nvaelab.setup("en")', "y = 2"))  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        notebooks.build(text)
    message = str(stopped.value)
    assert "01-lesson.md: code cell 2 of 3 failed with ArithmeticError: too much" in message
    assert path.read_bytes() == before and sorted(p.name for p in path.parent.iterdir()) == [
        "01-lesson.ipynb", "01-lesson.md",
    ]  # fmt: skip


def test_an_interrupted_write_leaves_the_old_notebook(text, monkeypatch):
    notebooks.build(text, run=Run())
    path = text.with_suffix(".ipynb")
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        notebooks.write_notebook(notebooks.read_text(text), path)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 2


def test_execution_stores_outputs_and_no_trace_of_the_machine(text):
    text.write_text(TEXT.replace('import vaelab\n\nvaelab.setup("en")', "y = 2"))
    assert notebooks.build(text) == "executed"
    notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    assert notebook.cells[3].outputs[0].text == "1\n" and notebook.metadata["language_info"] == {"name": "python"}
    assert "execution" not in notebook.cells[3].metadata


def test_widget_ids_do_not_change_from_run_to_run_and_what_no_output_shows_is_not_stored():
    def executed(a, b, unseen="c" * 32):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("w", outputs=[nbformat.v4.new_output(
                "display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": a}})])],
            metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {
                b: {"model_name": "LayoutModel", "state": {}},
                unseen: {"model_name": "AnyModel", "state": {"layout": f"IPY_MODEL_{b}"}},
                a: {"model_name": "AnyModel", "state": {"layout": f"IPY_MODEL_{b}"}}}}}},
        )  # fmt: skip
        notebook.cells[0].id = "same"
        notebooks.tidy(notebook, "01")
        return nbformat.writes(notebook)

    assert executed("a" * 32, "b" * 32) == executed("f" * 32, "0" * 32)
    assert executed("a" * 32, "b" * 32).count('"model_name"') == 2


def test_a_living_figure_where_no_script_runs_says_what_to_do_and_what_one_sees():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "png")
    png = base64.b64encode(buffer.getvalue()).decode()
    data = {notebooks.WIDGET_VIEW: {"model_id": "a"}, "image/png": png}
    cell = nbformat.v4.new_code_cell("w", outputs=[nbformat.v4.new_output("display_data", data)])
    cell.metadata["mystnb"] = {"image": {"alt": 'A "black" square.'}}
    notebooks.tidy(nbformat.v4.new_notebook(cells=[cell]), "01")
    assert "image/png" in cell.outputs[0].data, "nbval compares this output, and misses it"
    cell.metadata["tags"] = ["nbval-ignore-output"]
    notebooks.tidy(nbformat.v4.new_notebook(cells=[cell]), "01")
    assert "image/png" not in cell.outputs[0].data, "JupyterLab gives a picture no alternative text"
    shown = cell.outputs[0].data["text/html"]
    assert "Run this cell" in shown and 'alt="A &quot;black&quot; square."' in shown
    stored = re.search('src="data:image/png;base64,([^"]+)"', shown)[1]
    assert Image.open(io.BytesIO(base64.b64decode(stored))).size == (4, 4)


def test_with_an_address_the_first_cell_installs_the_package(text):
    address = "https://example.org/course"
    cell = notebooks.read_text(text, address).cells[1]
    assert f"%pip install -q git+{address}" in cell.source and cell.source.endswith('vaelab.setup("en")')
    assert "%pip" not in notebooks.read_text(text, "").cells[1].source


def test_an_unknown_lesson_is_refused_with_the_known_ones():
    with pytest.raises(SystemExit, match=r"No lesson is called 77. There are: .*01-encoder-decoder"):
        notebooks.main(["77"])


def test_a_number_means_that_lesson_alone_and_the_order_is_that_of_the_course(monkeypatch):
    names = ("hw1-probe", "10-beyond", "02b-deeper", "00-tour", "02-scatter", "hw2-kl")
    monkeypatch.setattr(notebooks, "lessons", lambda: sorted(Path(f"notebooks/en/{name}.md") for name in names))

    def chosen(*names):
        return [path.stem for path in notebooks.chosen(names)]

    assert [path.stem for path in notebooks.lessons()] == [
        "00-tour", "02-scatter", "02b-deeper", "10-beyond", "hw1-probe", "hw2-kl"]  # fmt: skip
    assert chosen("02") == chosen("2") == chosen("02-scatter") == ["02-scatter"]
    assert chosen("hw1", "2b") == ["02b-deeper", "hw1-probe"]
    with pytest.raises(SystemExit, match="No lesson is called 02-scat, 1"):
        chosen("02-scat", "10", "1")


def test_metadata_of_a_lesson_reach_the_notebook_without_running_it(text):
    run = Run()
    notebooks.build(text, run=run)
    text.write_text(TEXT.replace("kernelspec:", "vaelab:\n  objectives: [exercise 1, question 3]\nkernelspec:", 1))
    assert not notebooks.is_fresh(text) and notebooks.build(text, run=run) == "prose" and run.runs == 1
    stored = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    assert stored.metadata["vaelab"] == {"objectives": ["exercise 1", "question 3"]} and notebooks.is_fresh(text)
    text.write_text(TEXT)
    assert notebooks.build(text, run=run) == "prose"
    assert "vaelab" not in nbformat.read(text.with_suffix(".ipynb"), as_version=4).metadata


def test_stored_pictures_become_smaller_and_look_the_same():
    rng = np.random.default_rng(0)
    figure, ax = plt.subplots()
    ax.scatter(*rng.normal(size=(2, 3000)), c=rng.integers(0, 10, 3000), cmap="tab10", s=4)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    before = base64.b64encode(buffer.getvalue()).decode()
    after = notebooks.smaller(before)
    assert len(after) < 0.6 * len(before)
    old, new = (np.asarray(Image.open(io.BytesIO(base64.b64decode(p))).convert("RGB"), float) for p in (before, after))
    assert old.shape == new.shape and np.abs(old - new).mean() < 2
    assert notebooks.smaller(after) == after or len(notebooks.smaller(after)) <= len(after)


def test_a_kernel_has_the_numerical_settings_that_the_tests_report(tmp_path, monkeypatch):
    """Neither the way to the kernel nor setup() changes them; so nbval runs under what pytest's header says."""
    from nbval.kernel import RunningKernel

    from conftest import kernel_regime

    for name, value in {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell", "TF_NUM_INTRAOP_THREADS": "2",
                        "DNNL_VERBOSE": "0", "TF_ENABLE_ONEDNN_OPTS": "0"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    reported = kernel_regime()
    assert reported["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    path = tmp_path / "seen.json"
    kernel = RunningKernel("python3", str(tmp_path))
    try:
        kernel.await_reply(
            kernel.execute_cell_input(
                "import json, os, vaelab; vaelab.setup()\n"
                f"with open({str(path)!r}, 'w') as file: json.dump(dict(os.environ), file)"
            ),
            timeout=120,
        )
    finally:
        kernel.stop()
    seen = json.loads(path.read_text())
    assert {name: seen.get(name) for name in reported} == reported
