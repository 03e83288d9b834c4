"""What makes a notebook more than Python: IPython's syntax, the names that a kernel provides, `__main__`.

Runs inside the sandbox. IPython says what its syntax means; its commands and displays do nothing here.
"""

import ast
import asyncio
import builtins
import contextlib
import inspect
import signal
import sys
import threading
import time
import types

import IPython
from IPython.core import getipython
from IPython.core.inputtransformer2 import TransformerManager

# Magics whose cell is not run by the notebook's own Python, or leaves no name behind. Any other runs what it holds.
ELSEWHERE = {
    "!", "bash", "cmd", "file", "html", "HTML", "javascript", "js", "latex", "markdown", "perl", "pypy", "python",
    "python2", "python3", "ruby", "script", "sh", "svg", "SVG", "sx", "system", "timeit", "writefile",
}  # fmt: skip
RUNNING = ("time", "prun", "debug")  # line magics that run the statement behind them


def parse(source, name):
    """The statements of a cell; what only IPython understands is turned into Python as IPython does it.

    Imports of several things are taken apart: one that is missing costs only what rests on it. Raises SyntaxError
    where a kernel would.
    """
    blank = len(source) - len(source.lstrip("\n"))
    try:
        tree = ast.parse(source, name)
    except SyntaxError:
        tree = ast.parse(TransformerManager().transform_cell(source[blank:]), name)
        ast.increment_lineno(tree, blank)
        source = "get_ipython"
    body = Magics(name).visit(tree).body if "get_ipython" in source else tree.body
    return [part for statement in body for part in apart(statement)]


class Magics(ast.NodeTransformer):
    """Puts the statements that magics run in their place: a cell's under %%time, one behind %time."""

    def __init__(self, name):
        self.name = name

    def visit_Expr(self, node):
        match node.value:
            case ast.Call(
                func=ast.Attribute(attr="run_cell_magic"),
                args=[ast.Constant(value=str(kind)), ast.Constant(value=str(line)), ast.Constant(value=str(cell))],
            ):
                if kind in ELSEWHERE:
                    return ast.copy_location(ast.Pass(), node)
                body = parse(cell, self.name)
                for statement in body:
                    ast.increment_lineno(statement, node.lineno)
                if kind == "capture" and line.split() and line.split()[0].isidentifier():
                    body += self.behind(f"{line.split()[0]} = get_ipython()", node)
                return body
            case ast.Call(
                func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(value=kind), ast.Constant(line)]
            ):
                return self.behind(line, node) if kind in RUNNING else node
        return self.generic_visit(node)

    def visit_Call(self, node):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(value=kind), ast.Constant(line)]
            ):
                match self.behind(line, node) if kind in RUNNING else None:
                    case [ast.Expr(value=value)]:  # x = %time f(3)
                        return value
                return node
        return self.generic_visit(node)

    def behind(self, line, node):
        try:
            body = parse(line, self.name)
        except SyntaxError:
            return node
        for part in (part for statement in body for part in ast.walk(statement) if hasattr(part, "lineno")):
            ast.copy_location(part, node)
        return body or node


def apart(statement):
    """`import a, b` as two statements, and so on; what exec runs, if that can be read."""
    match statement:
        case ast.Import(names=names):
            return [ast.copy_location(ast.Import([one]), statement) for one in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            return [ast.copy_location(ast.ImportFrom(module, [one], level), statement) for one in names]
        case ast.Expr(value=ast.Call(func=ast.Name("exec"), args=[ast.Constant(value=str(source))], keywords=[])):
            with contextlib.suppress(SyntaxError):
                return ast.parse(source, "exec").body
    return [statement]


class Kernel:
    """What get_ipython() gives, and what displays give: any attribute, called or not, is this again.

    Code that is handed over is run, as a kernel does it.
    """

    def __init__(self, space):
        self.user_ns = self.user_global_ns = space

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self

    def run_cell(self, source, *_, **__):
        for statement in parse(source, "exec"):
            run(statement, "exec", self.user_ns)

    ex = run_cell

    def ev(self, source):
        return eval(source, self.user_ns)

    def push(self, variables, *_, **__):
        self.user_ns.update(variables)

    def run_line_magic(self, kind, line, *_):
        if kind in RUNNING:
            self.run_cell(line)

    magic = system = run_cell_magic = lambda *_, **__: None

    def getoutput(self, *_, **__):
        return []


@contextlib.contextmanager
def main():
    """The namespace of a notebook, which is `__main__` within the block, with the names that a kernel provides."""
    module = types.ModuleType("__main__")
    space = vars(module)
    kernel = Kernel(space)
    shell = {"get_ipython": lambda: kernel, "display": kernel}
    places = [(builtins, name, value) for name, value in (shell | dict.fromkeys(("exit", "quit"), kernel)).items()]
    places += [(place, "get_ipython", shell["get_ipython"]) for place in (IPython, getipython)]
    before = [vars(place).get(name, place) for place, name, _ in places]  # the place itself: there was none
    before_main = sys.modules["__main__"]
    space |= {"In": [""], "Out": {}, "_": "", "__": "", "___": ""}
    sys.modules["__main__"] = module
    for place, name, value in places:
        setattr(place, name, value)
    try:
        yield space
    finally:
        sys.modules["__main__"] = before_main
        for (place, name, _), value in zip(places, before, strict=True):
            setattr(place, name, value)
            if value is place:
                delattr(place, name)


def compiled(body, name, flags=0):
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(ast.Module(body, []), name, "exec", flags, dont_inherit=True)


def run(statement, name, space, flags=0):
    """Execute a top-level statement, which may await something, with the __future__ flags of those before it."""
    code = compiled([statement], name, flags)
    result = eval(code, space)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(result)


class TooLong(BaseException):
    """Not an Exception: students' own handlers must not catch it."""


@contextlib.contextmanager
def no_longer_than(seconds):
    """TooLong is raised in the block after so many seconds. Only in a process's first thread, where alarms arrive."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_):
        raise TooLong

    before, started = signal.signal(signal.SIGALRM, ring), time.monotonic()
    outer, _ = signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again where a bare `except` has caught it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - started), 0.001), 0.2)
