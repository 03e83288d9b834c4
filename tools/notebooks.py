"""Turn the lessons' text into executed notebooks: notebooks/en/01-….md → notebooks/en/01-….ipynb.

    python tools/notebooks.py          the lessons whose text and notebook differ
    python tools/notebooks.py 02 03b   these, executed anew whether they differ or not; 03 is not 03b

Contents are compared, never file times. A notebook is written only if something in it changed, and in one step, so
that a failing cell or Ctrl-C leaves the old one as it was. When only prose changed, the stored outputs are kept.
"""

import base64
import html
import io
import json
import os
import re
import sys
import time

import jupytext
import nbformat
from PIL import Image, ImageChops

from files import ROOT, is_lesson, repository, sha256, write

TIMEOUT = 600  # seconds a cell may take
INSTALL = """\
try:
    import vaelab
except ModuleNotFoundError:  # on Colab or another rented machine: fetch the course's package first
    %pip install -q git+{repository}
    import vaelab
"""


WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def lessons(folder=ROOT / "notebooks"):
    """Paths of all lesson texts, in order: 00 to 10, a deeper page after its chapter, then the homeworks."""
    return sorted(folder.glob("*/*.md"))


def chosen(names):
    """The lessons of these numbers or whole names, in order. Ends the program if a name means none."""
    known = lessons()
    if missing := [name for name in names if not any(is_lesson(path, name) for path in known)]:
        sys.exit(f"No lesson is called {', '.join(missing)}. There are: {', '.join(path.stem for path in known)}.")
    return [path for path in known if any(is_lesson(path, name) for name in names)]


def read_text(path, address=None):
    """The notebook that a lesson's text describes: same cells, stable ids, no outputs."""
    notebook = jupytext.read(path, fmt="md:myst")
    address = repository() if address is None else address
    seen = {}
    for cell in notebook.cells:
        if address and "setup-cell" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace("import vaelab\n", INSTALL.format(repository=address), 1)
        digest = sha256(f"{cell.cell_type}\n{cell.source}")[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **{key: value for key, value in notebook.metadata.items() if key == "vaelab"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def signature(notebook, kinds=("code", "markdown", "raw")):
    """What two notebooks must share to be the same lesson: our metadata; type, id, source, metadata of each cell."""
    return [json.dumps(notebook.metadata.get("vaelab"), sort_keys=True)] + [
        (cell.cell_type, cell.id, cell.source, json.dumps(cell.metadata, sort_keys=True))
        for cell in notebook.cells
        if cell.cell_type in kinds
    ]


def execute(notebook, path):
    """Run the notebook in place, TensorFlow quiet and on the processor, widget state stored. Prints its progress."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    environment = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "JUPYTER_PREFER_ENV_PATH": "1"}
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        store_widget_state=True,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.on_cell_execute = lambda cell, cell_index: print(
        f"\r{path.stem}: code cell {code.index(cell_index) + 1} of {len(code)} ", end="", flush=True
    )
    started = time.monotonic()
    os.environ.update(environment)
    try:
        client.execute()
    except CellExecutionError as error:
        number = next(i for i in code if any(o.output_type == "error" for o in notebook.cells[i].get("outputs", [])))
        print()
        raise SystemExit(
            f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: code cell {code.index(number) + 1} of "
            f"{len(code)} failed with {error.ename}: {error.evalue}\n\n{notebook.cells[number].source}\n\n"
            f"{error.traceback if hasattr(error, 'traceback') else error}\nThe notebook was left as it was."
        ) from None
    print(f"\r{path.stem}: executed {len(code)} code cells in {time.monotonic() - started:.0f} s")
    tidy(notebook, path.stem)


def tidy(notebook, stem):
    """Take out what changes from run to run without meaning, kernel details and random ids, and what no output shows.

    Pictures are made small, and the still pictures of living figures say what they are.
    """
    notebook.metadata["language_info"] = nbformat.from_dict({"name": "python"})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = smaller(output["data"]["image/png"])
            # (nbval misses the picture where it compares the output.)
            ignored = "nbval-ignore-output" in cell.metadata.get("tags", ())
            if ignored and {WIDGET_VIEW, "image/png"} <= output.get("data", {}).keys():
                output["data"]["text/html"] = still(output["data"].pop("image/png"), cell)
    widgets = notebook.metadata.get("widgets")
    if not widgets:
        return
    state = widgets["application/vnd.jupyter.widget-state+json"]["state"]
    shown, left = json.dumps(notebook.cells), dict(state)
    while found := [model for model in left if model in shown]:  # and what these refer to, such as their layout
        shown += json.dumps([left.pop(model) for model in found])
    for model in left:
        del state[model]
    text = json.dumps(notebook)
    # In order of first appearance, so that the same notebook gives the same ids.
    order = sorted(state, key=lambda model: (text.find(model), state[model].get("model_name", "")))
    names = {old: sha256(f"{stem}-{i}")[:32] for i, old in enumerate(order)}
    text = re.sub("|".join(map(re.escape, names)), lambda match: names[match[0]], text)
    clean = nbformat.from_dict(json.loads(text))
    notebook.cells, notebook.metadata = clean.cells, clean.metadata


def still(png, cell):
    """A living figure for a reader whose viewer may not run it, as HTML: what to do, and its picture with its text."""
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    return (
        "<p>This is a still picture. Run this cell, and the figure comes alive.</p>\n"
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png.strip()}">'
    )


def smaller(png):
    """The same picture with a palette of 64, 128 or 256 colours, if that takes less room. Base64 in, base64 out.

    The fewest that move no pixel by more than 48 of 255, which only happens in the edges of dense points.
    """
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    for colours in (64, 128, 256):
        few = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        if max(high for _, high in ImageChops.difference(few.convert("RGB"), picture).getextrema()) <= 48:
            break
    buffer = io.BytesIO()
    few.save(buffer, "png", optimize=True)
    return min(png, base64.b64encode(buffer.getvalue()).decode() + "\n", key=len)


def write_notebook(notebook, path):
    """Write it if anything in it changed. Returns whether it did."""
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    if path.exists() and path.read_text("utf-8") == text:
        return False
    write(path, text)
    return True


def build(text_path, force=False, run=execute):
    """Bring one lesson's notebook up to date. Returns "unchanged", "prose" or "executed"."""
    path = text_path.with_suffix(".ipynb")
    notebook = read_text(text_path)
    old = nbformat.read(path, as_version=4) if path.exists() else None
    if old is not None and not force:
        if signature(old) == signature(notebook):
            return "unchanged"
        if signature(old, ["code"])[1:] == signature(notebook, ["code"])[1:]:
            stored = {cell.id: cell for cell in old.cells}
            notebook.cells = [stored[c.id] if c.cell_type == "code" else c for c in notebook.cells]
            notebook.metadata = {**{k: v for k, v in old.metadata.items() if k != "vaelab"}, **notebook.metadata}
            write_notebook(notebook, path)
            return "prose"
    run(notebook, text_path)
    return "executed" if write_notebook(notebook, path) else "unchanged"


def is_fresh(text_path):
    """Whether the stored notebook has exactly the cells that the text describes."""
    path = text_path.with_suffix(".ipynb")
    return path.exists() and signature(nbformat.read(path, as_version=4)) == signature(read_text(text_path))


def main(names):
    for path in chosen(names) if names else lessons():
        print(f"{path.parent.name}/{path.stem}: {build(path, force=bool(names))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
