"""The solved and executed homeworks as web pages, for after the deadline."""

import copy
import re

from grading.errors import Refused
from grading.files import write_whole
from grading.homework import MASTERS

ROOT = MASTERS.parent.parent
LESSONS = ROOT / "notebooks" / "en"  # where the kernel runs, as students' kernels do
MARKER = re.compile(r"(?m)^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?")
SECONDS = 1800  # that one cell may take


def write(homework, folder):
    """Execute a homework's master, solutions and all, and write it as one HTML file. Returns what to say.

    Raises Refused if a cell fails. The formulas need the network, as MathJax is loaded from it; pictures do not.
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
    write_whole(path, text)
    return f"{path}: {len(book.cells)} cells"
