"""The lessons themselves: text and notebook agree, outputs are proven, figures are described, numbers are printed."""

import ast
import builtins
import importlib
import json
import os
import pkgutil
import re

import nbformat
import pytest

import notebooks
import vaelab
from conftest import ROOT

LESSONS = notebooks.lessons()
IDS = [f"{path.parent.name}/{path.stem}" for path in LESSONS]
PAGES = [path for path in LESSONS if not path.name.startswith(("hw", "00"))]  # homework and tour have their own parts
MOST_BYTES = 1_000_000


@pytest.fixture(params=LESSONS, ids=IDS)
def text(request):
    return request.param


@pytest.fixture
def lesson(text):
    return nbformat.read(text.with_suffix(".ipynb"), as_version=4)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def code_cells(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def python(cell):
    """The syntax tree of a code cell, without lines that only IPython understands."""
    return ast.parse(
        "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in cell.source.split("\n"))
    )


def names(tree, context):
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def test_there_are_lessons():
    assert len(LESSONS) >= 3


def test_notebook_holds_exactly_the_cells_of_its_text(text):
    assert notebooks.is_fresh(text), f"run make notebooks N={text.name[:2]}"


def test_every_code_cell_was_executed_in_order_without_error(lesson):
    cells = code_cells(lesson)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert not [output for output in cell.outputs if output.output_type == "error"], cell.source
        assert not [output for output in cell.outputs if output.get("name") == "stderr"], cell.source


def test_notebook_stays_small(text):
    assert os.path.getsize(text.with_suffix(".ipynb")) < MOST_BYTES


def test_no_cell_relies_on_a_semicolon_to_hide_its_value(lesson):
    """nbval runs cells without history, and there a semicolon hides nothing: end with plt.show() instead."""
    for cell in code_cells(lesson):
        assert not cell.source.rstrip().endswith(";"), cell.source


def test_first_code_cell_sets_the_language_of_its_edition(text, lesson):
    first = code_cells(lesson)[0]
    assert "setup-cell" in tags(first)
    assert f'vaelab.setup("{text.parent.name}")' in first.source


def test_prose_shows_no_raw_markup_in_plain_jupyter(lesson):
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"^\s*(```|~~~|:::)\s*\{|\{[a-z:-]+\}`|^\s*\([\w-]+\)=\s*$|\{\{", cell.source, re.M), (
                cell.source
            )


def test_details_have_blank_lines_around_their_markdown(lesson):
    for cell in lesson.cells:
        if cell.cell_type == "markdown" and "<details" in cell.source:
            assert cell.source.count("<details>") == cell.source.count("</details>")
            assert len(re.findall(r"</summary>\n\n", cell.source)) == cell.source.count("<details>"), cell.source
            assert len(re.findall(r"\n\n</details>", cell.source)) == cell.source.count("<details>"), cell.source


def test_figures_have_alternative_text(lesson):
    for cell in code_cells(lesson):
        kinds = {"image/png", "application/vnd.jupyter.widget-view+json"}
        pictures = [output for output in cell.outputs if kinds & output.get("data", {}).keys()]
        if pictures:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 40, f"say what one sees: {cell.source}"
            assert len(pictures) == 1, f"one figure a cell, so that its text describes it: {cell.source}"


def plots(lesson):
    """What vaelab.pictures says of each stored plot; empty for a notebook executed before it was there."""
    outputs = [output for cell in code_cells(lesson) for output in cell.outputs]
    found = [output.metadata.get("image/png", {}) for output in outputs if "image/png" in output.get("data", {})]
    return [about for about in found if "text" in about]


def test_text_of_plots_can_be_read_on_a_telephone_and_is_no_larger_than_the_page_s(lesson):
    for about in plots(lesson):
        smallest, largest = about["text"]
        assert (smallest >= 11 and largest <= 17) or about["text"] == [0, 0], about


def test_solutions_are_folded_everywhere(lesson):
    for cell in code_cells(lesson):
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert bool(tags(cell) & {"hide-cell", "hide-input"}) == folded, cell.source
        if "hide-cell" in tags(cell):  # JupyterLab folds the output apart, and shows the first line of the code
            assert cell.metadata["jupyter"].get("outputs_hidden") is True, cell.source
            assert cell.source.startswith("# " if "check" in tags(cell) else "# One way to do it."), cell.source


@pytest.mark.parametrize("text", PAGES, ids=[path.stem for path in PAGES], indirect=True)
def test_parts_of_a_page_are_there(text, lesson):
    """The path has a living figure on each page; what a tour has instead is its own (tests/test_tour.py)."""
    prose = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    new_form, deeper = "vaelab" in lesson.metadata, text.name[2] != "-"
    last_words = "## The limits of this page" if new_form else "## What we did not tell you"
    for part in ("you will be able to", "**Time:**", "**You need:**", "## Exercises", "## Check yourself",
                 last_words, "## References"):  # fmt: skip
        assert part in prose, part
    self_check = prose.partition("## Check yourself")[2].partition(last_words)[0]
    assert len(re.findall(r"^\*\*\d\.\*\* ", self_check, re.M)) == 5
    assert deeper or "application/vnd.jupyter.widget-view+json" in json.dumps(lesson.cells)


def test_every_ignored_output_is_followed_by_an_assertion_that_reads_it(lesson):
    cells = code_cells(lesson)
    for i, cell in enumerate(cells):
        if "nbval-ignore-output" not in tags(cell):
            continue
        tree = python(cell)
        # What the cell computes: names it assigns, and names into which it puts items, as in verdict["x"] = ….
        filled = {n.value.id for n in ast.walk(tree) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)
                  and isinstance(n.value, ast.Name)}  # fmt: skip
        about = names(tree, ast.Store) | filled or names(tree, ast.Load) - set(dir(builtins))
        read = set()
        for later in cells[i:]:
            for node in ast.walk(python(later)):
                if isinstance(node, ast.Assert):
                    read |= names(node, ast.Load)
        assert about & read, f"no assertion reads any of {sorted(about)}:\n{cell.source}"


def test_assertions_are_not_themselves_hidden_behind_ignored_outputs(lesson):
    """An assertion stands in a cell of its own kind, so that a reader sees what is promised; nbval fails on it."""
    for cell in code_cells(lesson):
        if "nbval-skip" in tags(cell) or "raises-exception" in tags(cell):
            pytest.fail(f"nbval would pass over this cell: {cell.source}")


def test_lessons_import_only_vaelab_of_our_code(lesson):
    ours = {path.stem for path in (ROOT / "tools").glob("*.py")} | {"tools", "grading", "tests", "book"}
    for cell in code_cells(lesson):
        for node in ast.walk(python(cell)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not {module.split(".")[0] for module in modules} & ours


# Show once, import later: a cell tagged "shown" and the package hold the same code.


def package_functions():
    """{name: syntax tree} of the functions and classes of all modules, but for the figures: no lesson shows those."""
    found = {}
    for module in pkgutil.walk_packages(vaelab.__path__, "vaelab."):
        if module.name.startswith("vaelab.widgets"):
            continue
        for node in ast.parse(importlib.util.find_spec(module.name).loader.get_source(module.name)).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert node.name not in found or node.name.startswith("_"), f"two functions are called {node.name}"
                found[node.name] = node
    return found


def only_checks(statement):
    """Whether a statement only checks arguments: check_…(…), names = check_…(…), or a, b = check_…(…), check_…(…)."""
    value = getattr(statement, "value", None) if isinstance(statement, ast.Expr | ast.Assign) else None
    calls = value.elts if isinstance(value, ast.Tuple) else [value]
    return value is not None and all(
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.startswith("check_")
        for call in calls
    )


def essence(node):
    """The code of a function or class without docstrings, decorators and checks of arguments."""
    node = ast.parse(ast.unparse(node)).body[0]
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            part.decorator_list = []
            body = part.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                body = body[1:]
            part.body = [statement for statement in body if not only_checks(statement)] or [ast.Pass()]
    return ast.dump(node)


def test_shown_code_is_the_package_s_code(lesson):
    package = package_functions()
    for cell in code_cells(lesson):
        if "shown" in tags(cell):
            definitions = [n for n in python(cell).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
            assert definitions, cell.source
            for node in definitions:
                assert node.name in package, f"vaelab has no {node.name}"
                assert essence(node) == essence(package[node.name]), f"{node.name} differs between lesson and package"


def test_package_functions_named_as_shown_are_shown():
    shown = set()
    for path in LESSONS:
        if path.parent.name == "en":
            for cell in code_cells(nbformat.read(path.with_suffix(".ipynb"), as_version=4)):
                if "shown" in tags(cell):
                    shown |= {n.name for n in python(cell).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for name, node in package_functions().items():
        if "Shown in chapter" in (ast.get_docstring(node) or ""):
            assert name in shown, f"the docstring of {name} says that a chapter shows it"


# A number in the prose is a number that a cell on the page printed.

NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})+(?![\d.])|(?<![\w.,/])\d+\.\d+(?![\w/])")


def printed_numbers(lesson):
    printed = ""
    for cell in code_cells(lesson):
        for output in cell.outputs:
            printed += output.get("text", "") + " " + str(output.get("data", {}).get("text/plain", "")) + " "
    return [
        float(number.replace(",", ""))
        for number in re.findall(r"\d[\d,]*\.?\d*", re.sub(r"\x1b\[[\d;]*m", "", printed))
    ]


def test_measured_numbers_in_the_prose_are_printed_on_the_page(lesson):
    """Decimal numbers and grouped thousands in the prose must round from a number that some cell printed."""
    known = printed_numbers(lesson)
    sources = re.sub(r"(?<=\d)_(?=\d)", "", "\n".join(cell.source for cell in code_cells(lesson)))  # 10_000
    for cell in lesson.cells:
        if cell.cell_type != "markdown" or cell.source.startswith("## References"):
            continue
        prose = re.sub(r"\$\$.*?\$\$|`[^`]*`|\]\([^)]*\)|arXiv:\S+", " ", cell.source, flags=re.S)
        prose = re.sub(r"\(\d+[a-z]?\.\d+\)|\$[^$]*\$", " ", prose)  # numbers of equations, formulas
        for number in NUMBER.findall(prose):
            value, digits = float(number.replace(",", "")), len(number.partition(".")[2])
            ok = any(round(other, digits) == value for other in known) or re.sub(",", "", number) in sources
            assert ok, f"{number} is printed by no cell of this page:\n{cell.source}"
