"""The house stays in order: who may import whom, nothing private across files, no function that is too long."""

import ast
import subprocess
import sys

import pytest

from conftest import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
# Folders of ours beside the package, all of whose files take public names only.
CLEAN = ("src", "grading", "tools", "bench", "book", "tests")
OURS = {"vaelab", "grading", "bench", "book", "tools", "tests", "conftest"} | {
    path.stem for folder in ("tools", "tests") for path in (ROOT / folder).glob("*.py")
}
MOST_LINES = 70


def imports(path):
    """(module, names) of each import of a file; names is empty for `import module`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


def name_of(path):
    """A file of the package as a module: vaelab.widgets.chain; vaelab for its __init__."""
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def depends():
    """{module of the package: modules of the package that it imports, anywhere in it}."""
    modules = {name_of(path) for path in SOURCES}
    found = {}
    for path in SOURCES:
        targets = set()
        for module, names in imports(path):
            inner = {f"{module}.{name}" for name in names} & modules
            targets |= inner or {module} & modules
        found[name_of(path)] = targets - {name_of(path)}
    return found


def test_package_has_no_import_circle():
    graph = depends()
    assert len(graph) > 30
    while graph:
        free = {module for module, targets in graph.items() if not targets & graph.keys()}
        assert free, f"these import each other: {graph}"
        graph = {module: targets for module, targets in graph.items() if module not in free}


def test_package_imports_nothing_of_ours_but_itself():
    for path in SOURCES:
        for module, _ in imports(path):
            assert module.split(".")[0] not in OURS - {"vaelab"}, f"{path} imports {module}"


def test_no_private_name_crosses_files():
    """Names that start with an underscore are the file's own."""
    for folder in CLEAN:
        for path in sorted(path for path in (ROOT / folder).rglob("*.py") if "/." not in path.as_posix()):
            for module, names in imports(path):
                if module.split(".")[0] in OURS:
                    private = [name for name in (*module.split("."), *names) if name.startswith("_") and name[1] != "_"]
                    assert not private, f"{path} imports {private} of {module}"


def test_no_function_of_the_package_is_too_long():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                lines = node.end_lineno - node.lineno + 1
                assert lines <= MOST_LINES, f"{path}: {node.name} has {lines} lines"


@pytest.mark.parametrize(
    "line",
    [
        "from vaelab.checks import check_task, open_task",
        "from vaelab.data import FASHION_CLASSES, load_fashion, load_mnist",
        "from vaelab.losses import bernoulli_nll, kl_divergence",
        "from vaelab.models import train_autoencoder, train_vae",
        "from vaelab.plots import scatter_codes, show_images",
        "from vaelab.training import FusedAdam, shuffled_batches",
    ],
)
def test_homework_that_was_handed_out_still_finds_what_it_imports(line):
    namespace = {}
    exec(line, namespace)
    assert all(name in namespace for name in line.split(" import ")[1].split(", "))


def test_importing_the_package_is_light():
    code = "import sys, vaelab; sys.exit(bool({'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
