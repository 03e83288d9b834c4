"""The solved homework becomes a page that holds the solutions and what they print."""

import nbformat
import pytest

from grading import solutions
from grading.errors import Refused


class Small:
    """A homework of two cells."""

    name = "hw9"

    def __init__(self, path, source):
        self.path = path / "hw9-small.md"
        cells = [nbformat.v4.new_markdown_cell("# Small\n\n$x^2$, $$ y \\tag{1} $$"), nbformat.v4.new_code_cell(source)]
        self.notebook = nbformat.v4.new_notebook(cells=cells)


def test_page_holds_solution_and_output_and_no_marker(tmp_path):
    homework = Small(tmp_path, "### BEGIN SOLUTION\nx = 6 * 7\n### END SOLUTION\nprint('answer', x)")
    solutions.write(homework, tmp_path)
    text = (tmp_path / "hw9-small-solutions.html").read_text("utf-8")
    assert "answer 42" in text and "SOLUTION" not in text and "BEGIN" in homework.notebook.cells[1].source
    with pytest.raises(Refused, match="hw9 can't be executed(?s:.*)ZeroDivisionError"):
        solutions.write(Small(tmp_path / "other", "1 / 0"), tmp_path)


def test_page_sets_its_formulas_and_asks_the_network_for_nothing(tmp_path, browser):
    solutions.write(Small(tmp_path, "print(1)"), tmp_path)
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "hw9-small-solutions.html").as_uri())
    page.wait_for_function("document.querySelectorAll('mjx-container').length === 2")
    assert asked and all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked
