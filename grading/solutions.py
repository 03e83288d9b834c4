"""The solved and executed homeworks as web pages, for after the deadline."""

import copy
import importlib.util
import re
import shutil
from pathlib import Path

from grading.errors import Refused
from grading.files import write_whole
from grading.homework import MASTERS

ROOT = MASTERS.parent.parent
LESSONS = ROOT / "notebooks" / "en"  # where the kernel runs, as students' kernels do
MARKER = re.compile(r"(?m)^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?")
SECONDS = 1800  # that one cell may take
# nbconvert's pages ask the network for scripts. These ask the folder beside them for MathJax, and for nothing else.
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
MATHJAX = """<script>
MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]], processEnvironments: true },
  loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
};
</script>
<script defer src="mathjax/startup.js"></script>
</head>"""
PARTS = ("startup.js", "core.js", "input", "output/chtml.js", "output/chtml", "a11y")


def write(homework, folder):
    """Execute a homework's master, solutions and all, and write it as one HTML file. Returns what to say.

    Raises Refused if a cell fails. The folder `mathjax` beside the page sets its formulas: hand both out together.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    book = copy.deepcopy(homework.notebook)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.source = MARKER.sub("", cell.source)
    try:
        NotebookClient(book, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(LESSONS)}},
                       store_widget_state=False).execute()  # fmt: skip
    except CellExecutionError as error:
        raise Refused(f"{homework.name} can't be executed: {error}") from None
    text, _ = HTMLExporter(embed_images=False, exclude_input_prompt=True).from_notebook_node(book)
    path = folder / f"{homework.path.stem}-solutions.html"
    write_whole(path, SCRIPT.sub("", text).replace("</head>", MATHJAX, 1))
    copy_mathjax(folder / "mathjax")
    return f"{path}: {len(book.cells)} cells"


def copy_mathjax(folder):
    source = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for part in PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target, dirs_exist_ok=True)
        else:
            shutil.copy(source / part, target)
