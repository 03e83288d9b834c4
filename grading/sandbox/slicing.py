"""What of a notebook a function rests on. Runs inside the sandbox; nothing in here executes anything.

A statement belongs to it if it gives a meaning to a name that the function needs, or if it may change what such a name
stands for: by a method, a function that changes its arguments, a `global`, a decorator that registers, exec. The first
kind is sure; the second is a guess on the safe side, and some of it will be an experiment, so that whoever executes it
sets it a limit of time. Training and plots change nothing and stay out.
"""

import __future__

import ast
import functools
import re
import symtable
from typing import NamedTuple

WORD = re.compile(r"[^\W\d]\w*")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# Methods that change their object, whosever it is.
IN_PLACE = {
    "add", "append", "appendleft", "assign", "assign_add", "assign_sub", "clear", "difference_update", "discard",
    "extend", "extendleft", "fill", "insert", "intersection_update", "itemset", "move_to_end", "partition", "pop",
    "popitem", "popleft", "put", "register", "remove", "resize", "reverse", "rotate", "setdefault", "setflags",
    "sort", "subtract", "symmetric_difference_update", "update", "__delitem__", "__setattr__", "__setitem__",
}  # fmt: skip
# Functions that change what they are given.
ARGUMENTS = {
    "at", "copyto", "delattr", "fill_diagonal", "heapify", "heappop", "heappush", "insort", "next", "place", "put",
    "put_along_axis", "putmask", "setattr", "setitem", "delitem", "shuffle",
}  # fmt: skip
# Functions of modules that change how everything is computed from then on.
SWITCH = re.compile(
    r"_?(set|seed|enable|disable|filterwarnings|simplefilter|run_functions_eagerly|experimental_enable)"
)
DRAWING = ("matplotlib", "seaborn", "plotly", "IPython", "ipywidgets", "vaelab")
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
BRACKETS = ("listcomp", "setcomp", "dictcomp", "genexpr")  # functions to the compiler, but executed at once
ANY = "*"


class Statement:
    """A top-level statement of a cell of this number; flags: of the __future__ imports before it.

    binds, removes: names that get, lose a meaning; ANY if it can't be told. touches: names of what it may change.
    names: those in it that are looked up at once. effects: (binds, touches) of calls of what it defines. links: sets of
    names for the same thing.
    """

    def __init__(self, cell, node, flags, changing, imported, switching):
        self.cell, self.node, self.flags = cell, node, flags
        now, later = list(evaluated(node)), list(postponed(node))
        self.binds, self.removes = bound(now)
        if isinstance(node, ast.Expr | ast.If | ast.Try) and switches(now, switching):
            self.binds.add(ANY)
        self.touches = stored(now) | (touched(now, changing, every=True) - imported)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.touches |= roots([*node.decorator_list, *getattr(node, "bases", [])]) - imported
        self.names = {n.id for n in now if isinstance(n, ast.Name)}
        # What exec reads stands in a text.
        self.texts = any(called(n) in ("exec", "eval", "run_cell", "ex") for n in now)
        within = {name for n in later if isinstance(n, ast.Global) for name in n.names} | tricks(later)
        inner = stored(later) | (touched(later, changing) - imported)
        self.effects = (within, inner & (self.reads | self.later) if inner else inner)
        self.links = [names - imported - {"_", "__"} for names in linked(now)]

    @functools.cached_property
    def _loads(self):
        return loads(self.node)

    @property
    def reads(self):
        """Global names that it reads at once."""
        return self._loads[0]

    @property
    def later(self):
        """Global names that the functions which it defines read when they are called."""
        return self._loads[1]


class Choice(NamedTuple):
    """sure, guessed: numbers of statements. needed: all names that they read."""

    sure: set
    guessed: set
    needed: set


def statements(cells):
    """The Statements of cells: [(number, [ast.stmt])]."""
    nodes = [node for _, body in cells for statement in body for node in ast.walk(statement)]
    imported, drawing = set(), set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            imported |= names
            module = getattr(node, "module", None) or node.names[0].name
            if module.partition(".")[0] in DRAWING:
                drawing |= names
    changing = changers(nodes)
    found, flags = [], 0
    for number, body in cells:
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                flags |= getattr(getattr(__future__, node.names[0].name, None), "compiler_flag", 0)
            found.append(Statement(number, node, flags, changing, imported, imported - drawing))
    return found


def evaluated(statement):
    """The nodes that are evaluated when a statement is executed: not what is inside functions, nor names of loops
    inside brackets, nor what a class body binds."""
    stack = [(statement, False)]
    while stack:
        node, inside = stack.pop()
        own = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or (
            isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        )
        if not (inside and own):
            yield node
        if isinstance(node, FUNCTIONS):
            parts = [*getattr(node, "decorator_list", []), *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, COMPREHENSIONS):
            parts = [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.comprehension)]
            parts += [part for loop in node.generators for part in (loop.iter, *loop.ifs)]
        else:
            parts = ast.iter_child_nodes(node)
        inside = inside or isinstance(node, ast.ClassDef)
        stack += [(part, inside) for part in parts]


def postponed(node):
    """The nodes inside the functions that a statement defines."""
    for inner in ast.walk(node):
        if isinstance(inner, FUNCTIONS):
            for part in inner.body if isinstance(inner.body, list) else [inner.body]:
                yield from ast.walk(part)


def bound(now):
    """(names that get a meaning, names that lose it) in nodes that are evaluated."""
    binds, removes = tricks(now), set()
    for node in now:
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                binds |= {alias.asname or alias.name.split(".")[0] for alias in names}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                binds.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                binds.add(name)
            case ast.Name(id=name, ctx=ast.Del()):
                removes.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                binds.add(name)
            case ast.MatchMapping(rest=str(name)):
                binds.add(name)
    return binds, removes


def tricks(nodes):
    """Names that are bound through the namespace itself; ANY where a name is computed."""
    binds = set()
    for node in nodes:
        match node:
            case ast.Subscript(value=space, slice=key, ctx=ast.Store() | ast.Del()) if is_namespace(space):
                binds |= constants([key])
            case ast.Call(func=ast.Attribute(value=space, attr=attr), args=arguments, keywords=keywords):
                if is_namespace(space) and attr in IN_PLACE:
                    binds |= {keyword.arg or ANY for keyword in keywords}
                    for argument in arguments[: 1 if attr != "update" else None]:
                        binds |= constants(argument.keys if isinstance(argument, ast.Dict) else [argument])
                elif attr in ("run_cell", "ex", "push"):
                    binds.add(ANY)
            case ast.Call(func=ast.Name("exec"), args=[_, space, *_]) if not is_namespace(space):
                pass
            case ast.Call(func=ast.Name("exec")):
                binds.add(ANY)
            case ast.Call(func=ast.Name("setattr" | "delattr"), args=[target, key, *_]) if is_main(target):
                binds |= constants([key])
            case ast.Attribute(value=target, attr=name, ctx=ast.Store() | ast.Del()) if is_main(target):
                binds.add(name)
    return binds


def constants(keys):
    return {key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ANY for key in keys}


def is_namespace(node):
    match node:
        case ast.Call(func=ast.Name("globals" | "locals" | "vars"), args=[]):
            return True
        case ast.Call(func=ast.Name("vars"), args=[target]) | ast.Attribute(value=target, attr="__dict__"):
            return is_main(target)
        case ast.Attribute(attr="user_ns" | "user_global_ns"):
            return True
    return False


def is_main(node):
    """Whether an expression is the module of the notebook itself."""
    match node:
        case ast.Name("__main__"):
            return True
        case ast.Subscript(value=ast.Attribute(attr="modules"), slice=ast.Name("__name__") | ast.Constant("__main__")):
            return True
        case ast.Call(args=[ast.Name("__name__") | ast.Constant("__main__")]):  # import_module
            return True
    return False


def roots(nodes):
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def called(node):
    """The last part of the name of what a call calls, "" for anything else."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def stored(nodes):
    """Names of what gets another part, as in `table[0] = 1`."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            found |= roots([node.value])
        elif isinstance(node, ast.AugAssign):
            found |= roots([node.target])
    return found


def touched(nodes, changing, every=False):
    """Names of what calls may change. changing: functions and methods of the notebook's own that change what they are
    given. every: any method, if nobody keeps what it returns."""
    alone = {id(node.value) for node in nodes if every and isinstance(node, ast.Expr)}
    found = set()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        if isinstance(node.func, ast.Attribute) and (name in IN_PLACE or name in changing or id(node) in alone):
            found |= roots([node.func.value])
        if name in ARGUMENTS or name in changing:
            found |= roots([*node.args, *(keyword.value for keyword in node.keywords)])
        found |= roots([keyword.value for keyword in node.keywords if keyword.arg == "out"])
        if name == "exec" and len(node.args) > 1:
            found |= roots(node.args[1:])
    return found


def changers(nodes):
    """Names of functions and methods that change what they are given."""
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    inside = {}
    for f in functions:
        arguments = f.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        inside[id(f)] = ({a.arg for a in every if a}, [n for part in f.body for n in ast.walk(part)])
    found, size = set(), -1
    while size != len(found):
        size = len(found)
        for f in functions:
            names, body = inside[id(f)]
            if f.name not in found and names & (stored(body) | touched(body, found)):
                found.add(f.name)
    return found - {"__init__"}


def switches(now, modules):
    for node in now:
        if isinstance(node, ast.Call) and SWITCH.match(called(node)) and roots([node.func]) & modules:
            return True
    return False


def linked(now):
    """Sets of names that may stand for the same thing, or for a part of it."""

    def same(value):
        match value:
            case ast.BinOp() | ast.Compare() | ast.UnaryOp() | ast.Lambda() | ast.JoinedStr() | ast.Constant():
                return set()
            case ast.Call(func=ast.Name(), args=arguments):
                return roots(arguments)
        return roots([value])

    for node in now:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield roots(targets) | same(value)
            case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value) if value:
                yield roots([target]) | same(value)
            case ast.For(target=target, iter=value):
                yield roots([target]) | same(value)
            case ast.withitem(optional_vars=target, context_expr=value) if target:
                yield roots([target]) | same(value)


def loads(statement):
    """(global names that a statement reads at once, those that the functions which it defines read when called)."""
    reads, later = set(), set()
    tables = [(symtable.symtable(ast.unparse(statement), "cell", "exec"), False)]
    while tables:
        table, inner = tables.pop()
        top = table.get_type() == "module"
        inner = inner or (table.get_type() == "function" and table.get_name() not in BRACKETS)
        names = {  # `count += 1` after `global count` reads it, though the compiler's table does not say so
            s.get_name()
            for s in table.get_symbols()
            if s.is_declared_global() or (s.is_referenced() and (top or s.is_global()))
        }
        (later if inner else reads).update(names)
        tables += [(child, inner) for child in table.get_children()]
    return reads, later


def choose(found, name):
    """The Choice of Statements that the function of this name rests on, as it stood when it was last tried.

    Names mean what they meant when the notebook's last hint for the function was asked for; without one, when the
    function was defined for the last time. What had no meaning then gets it from below.
    """
    effects = all_effects(found)
    core = running(found, name)
    binds, touches = [], []
    for s in found:
        wider = s.names if isinstance(s.node, DEFINITIONS) else s.names - core
        more = [effects[n] for n in wider if n in effects]
        binds.append(s.binds.union(*(b for b, _ in more)))
        touches.append(s.touches.union(*(t for _, t in more)))
    defined = [i for i, names in enumerate(binds) if name in names]
    asked = [i for i, s in enumerate(found) if defined and i > defined[-1] and asks(s, name)]
    last = asked[-1] if asked else defined[-1] if defined else len(found)
    known = set().union(*binds[: last + 1])
    cell = found[last].cell if last < len(found) else None
    variables = set().union(*(s.binds for s in found if not isinstance(s.node, DEFINITIONS)))
    groups = grouped([names & variables for s in found for names in s.links])

    def closure(guess):
        chosen, needed = set(), {name}
        while True:
            missing = needed - known
            wide = needed.union(*(groups[n] for n in needed if n in groups)) if guess else set()
            more = set()
            for i, s in enumerate(found):
                here = i <= last
                sure = (binds[i] | s.removes) & (needed if here else missing)
                maybe = guess and ((ANY in binds[i] and here) or touches[i] & (
                    wide if here or (not asked and s.cell == cell) else missing))  # fmt: skip
                everything = isinstance(s.node, ast.ImportFrom) and ANY in s.binds and (here or guess)
                if i not in chosen and (sure or maybe or everything):
                    more.add(i)
            if not more:
                return chosen, needed
            chosen |= more
            needed = needed.union(*(found[i].reads | found[i].later for i in more))
            if any(found[i].texts for i in chosen):  # they are run, so any word in a text may be a name
                texts = [n.value for i in chosen for n in ast.walk(found[i].node) if isinstance(n, ast.Constant)]
                needed |= {word for text in texts if isinstance(text, str) for word in WORD.findall(text)}

    sure, _ = closure(False)
    chosen, needed = closure(True)
    return Choice(sure, chosen - sure, needed)


def all_effects(found):
    """{name of a function or class: (names that calling it binds, names of what it changes)}, through others too."""
    effects = {}
    for s in found:
        for n in s.binds if any(s.effects) else ():
            binds, touches = effects.get(n, (set(), set()))
            effects[n] = (binds | s.effects[0], touches | s.effects[1])
    if effects:
        functions = [s for s in found if not isinstance(s.node, ast.Import | ast.ImportFrom)]
        changed = True
        while changed:
            changed = False
            for s in functions:
                more = [effects[n] for n in s.later if n in effects]
                for n in s.binds if more else ():
                    before = effects.get(n, (set(), set()))
                    wider = tuple(old.union(*new) for old, new in zip(before, zip(*more, strict=True), strict=True))
                    if wider != before:
                        effects[n], changed = wider, True
    return effects


def running(found, name):
    """Names of what runs when the function is called: experiments call it too, and change nothing that it needs."""
    names, size = {name}, 0
    while size != len(names):
        size = len(names)
        names = names.union(*(s.later for s in found if s.binds & names))
    return names


def asks(statement, name):
    return name in statement.names and any(called(node) == "check_task" for node in ast.walk(statement.node))


def grouped(links):
    """{name: all names that are linked with it}."""
    groups = {}
    for names in links:
        together = set(names).union(*(groups[n] for n in names if n in groups))
        groups |= dict.fromkeys(together, together)
    return groups
