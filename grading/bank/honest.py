"""Honest notebooks, composed: right answers in the idioms in which people write notebooks, one over another.

What a notebook's functions return in the grader has to be what they return in Jupyter. `compose` makes a notebook of a
homework's right answers and of IDIOMS, chosen by a seed; `in_jupyter` runs notebooks in IPython's shell, in processes
of their own, and `in_grader` marks them. `tests/grading/test_honest.py` and `make bench` compare the two.
"""

import os
import pickle
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

import numpy as np

from grading import bank
from grading.marking import checks_and_calls, mark_here, mark_task

HEAD = f"""\
{bank.IMPORTS}
from vaelab.checks import check_task, open_task"""

# What stands before the answer, and its cell with SOURCE in it; behind "# %% below" what follows its hint. NAME is the
# function's, K another number each time. An idiom asserts what it is about, so that losing it costs the task.
IDIOMS = {
    "a timed cell, a wrapped line that begins with a per cent sign": """
%%time
SOURCE
rest_K = (7
    % 4)
own_K = NAME
def NAME(*arguments):
    assert rest_K == 3
    return own_K(*arguments)
""",
    "a captured cell, an exclamation mark": """
%%capture said_K
SOURCE
sign_K = not (7
    != 7)
own_K = NAME
def NAME(*arguments):
    assert sign_K
    return own_K(*arguments)
""",
    "line magics and commands between statements": """
%precision 8
!true
files_K = !true
for i_K in range(2):
    %time start_K = i_K + 3
    !true
%timeit -n1 -r1 1 + 1
SOURCE
own_K = NAME
span_K = %time 5 - 3
def NAME(*arguments):
    assert (start_K, span_K, len(files_K)) == (4, 2, 0)
    return own_K(*arguments)
""",
    "cells of other languages, help": """
%%bash
true
# %%
%%html
<b>KL</b>
# %%
print?
# %%
SOURCE
""",
    "display and get_ipython": """
from IPython import get_ipython
from IPython.display import Markdown, display as show_K
show_K(Markdown("the *answer*"))
# %%
get_ipython().run_line_magic("precision", "8")
SOURCE
display("defined")
own_K = NAME
def NAME(*arguments):
    display(len(arguments))
    assert get_ipython() is not None
    return own_K(*arguments)
""",
    "a constant that is another one below": """
SCALE_K = 2
SOURCE
own_K = NAME
def NAME(*arguments):
    assert SCALE_K == 2
    return own_K(*arguments)
# %% below
SCALE_K = 5
""",
    "a helper that is another one below, and a deleted one": """
def helper_K(x):
    return x
def other_K(x):
    return x
SOURCE
own_K = NAME
def NAME(*arguments):
    return helper_K(own_K(*map(other_K, arguments)))
# %% below
def helper_K():
    raise ValueError("another helper")
# %% below
del other_K
""",
    "a helper that comes after the function": """
SOURCE
own_K = NAME
def NAME(*arguments):
    return later_K(own_K(*arguments))
def later_K(x):
    return x
""",
    "a function that sets a global": """
def set_up_K():
    global ready_K
    ready_K = [1]
def again_K():
    set_up_K()
# %%
SOURCE
again_K()
own_K = NAME
def NAME(*arguments):
    assert ready_K == [1]
    return own_K(*arguments)
""",
    "a function installed by a function": """
SOURCE
own_K = NAME
def install_K():
    global NAME
    def NAME(*arguments):
        return own_K(*arguments)
install_K()
""",
    "del": """
table_K = dict(a=1, b=2)
total_K = 3
keep_K = total_K
del table_K["b"], total_K
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert table_K == {"a": 1} and keep_K == 3 and "total_K" not in globals()
    return own_K(*arguments)
""",
    "a decorator that registers": """
TOOLS_K = {}
def tool_K(f):
    TOOLS_K[f.__name__] = f
    return f
@tool_K
def same_K(x):
    return x
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    return TOOLS_K["same_K"](own_K(*arguments))
""",
    "a registry with a method": """
class Registry_K:
    def __init__(self):
        self.kept = {}
    def register(self, name):
        def keep(f):
            self.kept[name] = f
            return f
        return keep
tools_K = Registry_K()
@tools_K.register("same")
def any_name_K(x):
    return x
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    return tools_K.kept["same"](own_K(*arguments))
""",
    "calls that change things in place": """
import heapq, random
heap_K, order_K, known_K = [3], [1, 2, 3], set()
square_K = np.zeros((2, 2))
heapq.heappush(heap_K, 1)
random.shuffle(order_K)
known_K.add(4)
np.fill_diagonal(square_K, 1.0)
_ = order_K.append(9)
taken_K = known_K.pop()
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert heap_K == [1, 3] and order_K[-1] == 9 and not known_K and square_K.trace() == 2 and taken_K == 4
    return own_K(*arguments)
""",
    "changes by another name": """
rows_K = [[0.0], [0.0]]
first_K = rows_K[0]
matrix_K = np.zeros((2, 2))
view_K = matrix_K.ravel()
# %%
first_K[0] = 1.0
view_K[:] = 2.0
for row_K in rows_K:
    row_K.append(3.0)
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert rows_K == [[1.0, 3.0], [0.0, 3.0]] and matrix_K.sum() == 8
    return own_K(*arguments)
""",
    "a function that fills what it is given": """
def fill_K(table, *, inner=False):
    if inner:
        table["a"] = 1
    else:
        fill_K(table, inner=True)
numbers_K = {}
fill_K(numbers_K)
SOURCE
own_K = NAME
def NAME(*arguments):
    assert numbers_K == {"a": 1}
    return own_K(*arguments)
""",
    "setattr": """
class Settings_K:
    power = 1
setattr(Settings_K, "power", 2)
Settings_K.base = 3
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert (limited_K.limit, Settings_K.power, Settings_K.base) == (4, 2, 3)
    return own_K(*arguments)
def limited_K():
    pass
limited_K.limit = 4
""",
    "globals": """
SOURCE
globals()["own_K"] = NAME
for name_K in ("one_K", "two_K"):
    globals()[name_K] = len(name_K)
globals().update(three_K=3)
def NAME(*arguments):
    assert (one_K, two_K, three_K) == (len("one_K"), len("two_K"), 3)
    return own_K(*arguments)
""",
    "the module __main__": """
import sys
import __main__
__main__.five_K = 5
setattr(sys.modules[__name__], "six_K", 6)
SOURCE
own_K = NAME
def NAME(*arguments):
    assert five_K + six_K == 11
    return own_K(*arguments)
""",
    "exec": """
CODE_K = '''
def same_K(x):
    return x if np is not None else None
'''
exec(CODE_K)
exec("seven_K = 7")
SOURCE
own_K = NAME
def NAME(*arguments):
    assert seven_K == 7
    return same_K(own_K(*arguments))
""",
    "annotations of the future": """
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from nowhere import Array
# %%
SOURCE
from dataclasses import dataclass
@dataclass
class Options_K:
    floor: float = 0.5
    table: dict[str, Array] | None = None
own_K = NAME
def NAME(*arguments: Array | float) -> Array:
    assert Options_K().floor == 0.5
    return own_K(*arguments)
""",
    "imports of several modules, one of which is missing when marks are given": """
import math, vaelab.losses, itertools
from vaelab.models import train_autoencoder, train_vae
SOURCE
own_K = NAME
def NAME(*arguments):
    assert math.pi > 3 and itertools is not None
    return own_K(*arguments)
""",
    "an import that may fail": """
try:
    import nowhere as tools_K
except ImportError:
    tools_K = None
if tools_K is None:
    SIGN_K = -1
else:
    SIGN_K = 1
SOURCE
own_K = NAME
def NAME(*arguments):
    assert SIGN_K == -1
    return own_K(*arguments)
""",
    "a class with static methods": """
SOURCE
own_K = NAME
class Answers_K:
    kept = []
    @staticmethod
    def call(*arguments):
        return own_K(*arguments)
    @classmethod
    def note(cls, word):
        cls.kept.append(word)
Answers_K.note("seen")
def NAME(*arguments):
    assert Answers_K.kept == ["seen"]
    return Answers_K.call(*arguments)
""",
    "an object that is called": """
SOURCE
class Caller_K:
    def __init__(self, f):
        self.f, self.count = f, 0
    def __call__(self, *arguments):
        self.count += 1
        return self.f(*arguments)
NAME = Caller_K(NAME)
""",
    "classes that register themselves": """
class Base_K:
    found = {}
    def __init_subclass__(cls, **words):
        Base_K.found[cls.__name__] = cls
class One_K(Base_K):
    value = 1
SOURCE
own_K = NAME
def NAME(*arguments):
    assert Base_K.found["One_K"].value == 1
    return own_K(*arguments)
""",
    "lambda, partial, wraps": """
from functools import partial, wraps
SOURCE
def passed_K(f):
    @wraps(f)
    def inner(*arguments, **named):
        return f(*arguments, **named)
    return inner
own_K = partial(passed_K(NAME))
NAME = lambda *arguments: own_K(*arguments)
""",
    "names of the parameters, with hints of types and defaults": """
SOURCE
from typing import Any, Callable
own_K: Callable[..., Any] = NAME
def NAME(*arguments: Any, twice: int = 1, **rest: Any) -> Any:
    for _ in range(twice):
        result = own_K(*arguments)
    return result
""",
    "a closure that counts": """
SOURCE
def counted_K(f):
    count = 0
    def inner(*arguments):
        nonlocal count
        count += 1
        return f(*arguments)
    return inner
calls_K = 0
own_K = counted_K(NAME)
def NAME(*arguments):
    global calls_K
    calls_K += 1
    return own_K(*arguments)
""",
    "await": """
import asyncio
async def slow_K():
    await asyncio.sleep(0)
    return 3
awaited_K = await slow_K()
SOURCE
own_K = NAME
def NAME(*arguments):
    assert awaited_K == 3
    return own_K(*arguments)
""",
    "generators": """
numbers_K = (n * n for n in range(9))
next(numbers_K)
SOURCE
first_K, *others_K = numbers_K
own_K = NAME
def NAME(*arguments):
    assert first_K == 1 and len(others_K) == 7
    return own_K(*arguments)
""",
    "match, walrus, assignments that add": """
level_K = 1
level_K += 2
words_K = ["a"]
words_K += ["b"]
match words_K:
    case [first_K, *_]:
        pass
print(double_K := 2 * level_K)
SOURCE
own_K = NAME
def NAME(*arguments):
    assert (level_K, words_K, first_K, double_K) == (3, ["a", "b"], "a", 6)
    return own_K(*arguments)
""",
    # In a cell of its own: what decimal is told within a cell that awaits ends with that cell, in IPython too.
    "switches": """
import sys, warnings
from decimal import getcontext
sys.setrecursionlimit(4321)
np.seterr(over="ignore")
warnings.simplefilter("ignore")
getcontext().prec = 17
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert sys.getrecursionlimit() == 4321 and getcontext().prec == 17 and np.geterr()["over"] == "ignore"
    return own_K(*arguments)
""",
    "a main program": """
state_K = {}
if __name__ == "__main__":
    state_K["ready"] = True
with np.errstate(all="ignore"):
    state_K.update(inner=1)
SOURCE
own_K = NAME
def NAME(*arguments):
    assert state_K == {"ready": True, "inner": 1}
    return own_K(*arguments)
""",
    "overloads": """
from functools import singledispatch
@singledispatch
def name_of_K(x):
    return "anything"
@name_of_K.register
def _(x: int):
    return "int"
SOURCE
own_K = NAME
def NAME(*arguments):
    assert name_of_K(3) == "int"
    return own_K(*arguments)
""",
    "pasted from a terminal": """
>>> eight_K = 8
>>> def same_K(x):
...     return x
# %%
    nine_K = 9
    ten_K = 10
# %%
SOURCE
own_K = NAME
def NAME(*arguments):
    assert eight_K + nine_K + ten_K == 27
    return same_K(own_K(*arguments))
""",
    "everything of a module": """
from math import *
SOURCE
own_K = NAME
def NAME(*arguments):
    assert hypot(3, 4) == 5
    return own_K(*arguments)
""",
    "cells that are broken, and trials": """
this is no Python
# %%
raise ValueError("mine")
# %%
SOURCE
# %% below
NAME(1)
# %% below
tried_K = NAME
trials_K = [tried_K.__name__ if hasattr(tried_K, "__name__") else "" for _ in range(3)]
print(trials_K)
# %% below
own_K = None
""",
    "a loop that makes functions": """
SOURCE
made_K = {}
for word_K in ("own", "other"):
    def passed_K(*arguments, f=NAME):
        return f(*arguments)
    made_K[word_K] = passed_K
NAME = made_K["own"]
""",
}
# Other forms of the same numbers, where no gradient is asked for and no later task rests on the function.
FORMS = {
    "lists": "np.asarray(part).tolist()",
    "fractions": "np.vectorize(Fraction, otypes=[object])(np.asarray(part, 'float64'))",
    "complex numbers": "np.asarray(part) + 0j",
    "tensors": "tf.constant(np.asarray(part))",
    "variables": "tf.Variable(np.asarray(part))",
    "Python's complex numbers": "(np.asarray(part) + 0j).tolist()",
}
FORM = """
from fractions import Fraction
SOURCE
own_K = NAME
def NAME(*arguments):
    result = own_K(*arguments)
    parts = [FORM for part in (result if isinstance(result, tuple | list) else [result])]
    if isinstance(result, tuple | list):
        return parts if KEPT else tuple(parts)
    return parts[0]
"""


class Composed(NamedTuple):
    """A notebook. cells: [(source, numbers of the tasks to be tried after it)]; what: its ways and idioms."""

    cells: list
    what: str

    @property
    def sources(self):
        return [source for source, _ in self.cells]


def compose(homework, seed):
    """A Composed of right answers to all tasks of a homework."""
    rng, rights = np.random.default_rng([seed, *homework.name.encode()]), bank.right(homework)
    together = {name for task in homework.tasks for name in rest_on(homework, rights, task.name)}
    base = str(rng.choice(list(rights)))  # what rests on one another is by one hand: arrays here, tensors there
    sources, taken = {}, set().union(*(names_of(rights[base][name]) for name in together))
    for task in homework.tasks:
        fitting = [way for way in rights if not names_of(rights[way][task.name]) & taken]
        way = base if task.name in together else str(rng.choice(fitting))
        sources[task.name] = way, rights[way][task.name]
        taken |= names_of(rights[way][task.name])
    cells, said = [(HEAD, [])], []
    for number, task in enumerate(homework.tasks, 1):
        way, source = sources[task.name]
        used = rest_on(homework, rights, task.name)
        # What is broken below its hint would break later tasks in Jupyter too.
        idioms = [idiom for idiom, text in IDIOMS.items() if not (used and "# %% below" in text)]
        chosen = list(rng.choice(idioms, rng.integers(1, 4), replace=False))
        layers = [IDIOMS[idiom] for idiom in chosen]
        slopes = any(call.gradient for check in checks_and_calls(task, 0)[0] for call in check.calls)
        if not used and not slopes and rng.random() < 0.5:
            chosen.append(str(rng.choice(list(FORMS))))
            kept = str(bool(rng.integers(2)))
            layers.append(FORM.replace("FORM", FORMS[chosen[-1]]).replace("KEPT", kept))
        before, main, below = layered(task.name, source, layers, f"{number}")
        hint = f'check_task("{homework.name}", {number}, {task.name})'
        cells += [(cell, []) for cell in before]
        match rng.integers(4):
            case 0:  # without a hint
                cells.append((main, [number]))
            case 1 if not main.startswith("%%") and main.count(" await ") == 0:  # in the same cell
                cells.append((f"{main}\n{hint}", []))
            case _:
                cells += [(main, []), (hint, [])]
        cells += [(cell, []) for cell in below]
        said.append(f"{task.name}: {way}, {', '.join(chosen)}")
    return Composed(cells, f"{homework.name}, seed {seed}: {'; '.join(said)}")


def single(homework, idiom):
    """A Composed in which the first task's answer is written in one idiom: a key of IDIOMS or FORMS."""
    task, rights = homework.tasks[0], bank.right(homework)["with_numpy"]
    layer = IDIOMS.get(idiom) or FORM.replace("FORM", FORMS[idiom]).replace("KEPT", "True")
    before, main, below = layered(task.name, rights[task.name], [layer], "1")
    return Composed([(HEAD, []), *((cell, []) for cell in before), (main, [1]), *((cell, []) for cell in below)], idiom)


def layered(name, source, layers, number):
    """(cells before, the function's own, cells below) of an answer with idioms around it."""
    before, main, below = [], source.strip(), []
    for i, layer in enumerate(layers):
        text = layer.replace("NAME", name).replace("_K", f"_{number}{'abcdef'[i]}").strip("\n")
        above, *under = text.split("# %% below\n")
        *first, cell = above.split("# %%\n")
        if main.startswith("%%") or (cell.startswith("%%") and i):
            before, main = [*before, main], ""  # a cell magic stands at the top of its cell
        before = [*first, *before]
        main = re.sub("^SOURCE$", lambda _, main=main: main, cell.rstrip("\n"), flags=re.MULTILINE)
        below += [part.rstrip("\n") for part in under]
    return before, main, below


def rest_on(homework, rights, name):
    """The task of this name and those whose right answers call it, if there are any."""
    others = {task.name for task in homework.tasks} - {name}
    using = {n for n in others for answers in rights.values() if re.search(rf"\b{name}\(", answers[n])}
    return using | {name} if using else set()


def names_of(source):
    """Names that an answer's source binds at its top."""
    return set(re.findall(r"^(?:def |class )?(\w+)(?: =|\(|:)", source, re.MULTILINE))


def in_grader(homework, notebook, sandbox, seed=0):
    """The Marks that the grader gives."""
    sandbox.next_submission()
    return [mark_task(task, sandbox, notebook.sources, homework.earlier(task), seed) for task in homework.tasks]


def in_jupyter(notebooks, seed=0):
    """For each (homework, Composed) the Marks of what its functions return in IPython's shell, when tried there."""
    questions = [
        (book.cells, {task.name: checks_and_calls(task, seed)[1] for task in homework.tasks})
        for homework, book in notebooks
    ]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-m", "grading.bank.honest"], input=pickle.dumps(questions), check=True,
                              stdout=subprocess.PIPE, env=os.environ | {"IPYTHONDIR": folder})  # fmt: skip
    found = []
    for (homework, _), (_, calls), answers in zip(notebooks, questions, pickle.loads(done.stdout), strict=True):
        results = [answers.get(name, [None] * len(asked)) for name, asked in calls.items()]
        found.append([mark_here(task, seed, said, "done") for task, said in zip(homework.tasks, results, strict=True)])
    return found


def faults(homework, seeds, sandbox, seed=0):
    """{seed of a composed notebook: texts on what it does not earn in the grader, or not in Jupyter}."""
    found, notebooks = {}, {number: compose(homework, number) for number in seeds}
    jupyter = in_jupyter([(homework, notebook) for notebook in notebooks.values()], seed)
    for (number, notebook), there in zip(notebooks.items(), jupyter, strict=True):
        for mark, other in zip(in_grader(homework, notebook, sandbox, seed), there, strict=True):
            if not mark.points == other.points == mark.most:
                said = f"{mark.points:g}, in Jupyter {other.points:g} of {mark.most:g}"
                text = f"{mark.task}: {said}: {mark.messages} {other.messages}; {notebook.what}"
                found.setdefault(number, []).append(text)
    return found


def serve():
    """The process of `in_jupyter`: each notebook in a fork of its own, after one import of Keras."""
    import keras  # noqa: F401
    import scipy.stats  # noqa: F401
    import tensorflow  # noqa: F401
    from IPython.core import interactiveshell  # noqa: F401

    import vaelab.checks
    import vaelab.losses
    import vaelab.models  # noqa: F401

    found = []
    for cells, calls in pickle.load(sys.stdin.buffer):
        source, output = os.pipe()
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            with os.fdopen(output, "wb") as file:
                pickle.dump(tried(cells, calls), file)
            os._exit(0)
        os.close(output)
        with os.fdopen(source, "rb") as file:
            found.append(pickle.load(file))
        os.waitpid(child, 0)
    pickle.dump(found, sys.stdout.buffer)


def tried(cells, calls):
    """{task: answers to its calls} of a notebook's functions, as its last hint found them."""
    from IPython.core.interactiveshell import InteractiveShell

    import vaelab.checks
    from grading.sandbox.answering import answer, describe

    names, answers = list(calls), {}

    def check_task(_, number, function):
        results = []
        for call in calls[names[number - 1]]:
            try:
                results.append({"arrays": answer(function, call)})
            except BaseException as error:
                results.append({"error": describe(error)})
        answers[names[number - 1]] = results

    vaelab.checks.check_task = check_task
    shell = InteractiveShell.instance()
    for source, numbers in cells:
        shell.run_cell(source, store_history=False)
        for number in numbers:
            check_task("", number, shell.user_ns.get(names[number - 1]))
    return answers


if __name__ == "__main__":
    serve()
