"""Calls that may narrate, and that the source does not settle: they are reported, never left out in silence.

A call is suspect if nothing says what is called, and its name or the shape of its arguments (an action, a target, a
sentence) is that of narration; if it hands a narrator to code outside of the sources; or if it narrates what its own
function was given, so that every caller would narrate through one point.
"""

import ast
import builtins
import re
import sys
from typing import Final, NamedTuple

from narration_ci.source.arguments import receivers
from narration_ci.source.expressions import FACADE, Project
from narration_ci.source.meaning import Meaning, narrates
from narration_ci.source.scopes import Binding, Module, Scope
from narration_ci.source.syntax import last_name, passed
from narration_core.contract import EMITTING, is_field

_ACTION: Final = re.compile(r"[a-z][a-z0-9_.-]*")
_SENTENCE: Final = re.compile(r"[A-Z]|.*[ {]", re.DOTALL)
# `narrate`, `self._narrate`, `narrator`; not `get_narrator`, which gives one and emits nothing.
_NAMED: Final = re.compile(r"(?i)(?:.*_)?narrate_*|_*narrator_*")
_FACTORY: Final = re.compile(r"(?i).*narrat(?:e|or)s?_*")
_METHODS: Final = frozenset({*EMITTING, "span", "traced", "progress"})
_OPTIONS: Final = frozenset({"cute", "story", "level", "done", "quiet", "action", "target", "human"})
# Builtins that are given a narrator and neither keep nor call it.
_HARMLESS: Final = frozenset({
    "isinstance", "issubclass", "type", "id", "repr", "str", "hash", "len", "callable", "hasattr", "print", "bool",
    "list", "tuple", "set", "frozenset", "dict", "iter", "next", "sorted", "reversed", "getattr", "vars", "dir", "cast",
    "zip", "enumerate", "max", "min", "any", "all", "format", "bind", "assert_never", "assert_type", "reveal_type",
    "deque", "nullcontext", "SimpleNamespace", "ContextVar", "MappingProxyType", "copy", "deepcopy", "chain", "cycle",
    "ChainMap", "defaultdict", "OrderedDict", "islice", "closing", "ref", "proxy", "choice", "anext", "super", "field",
})  # fmt: skip
# What comes out of a call of these is not what was put in.
_PLAIN: Final = frozenset({
    "str", "int", "float", "bool", "bytes", "len", "repr", "open", "range", "sum", "abs", "round", "input", "format",
    "hash", "id", "ord", "chr", "isinstance", "print", "sorted",
})  # fmt: skip
# Methods of containers, queues and futures: what they return is what somebody put in.
_GIVING: Final = frozenset({"get", "get_nowait", "pop", "popleft", "popitem", "setdefault", "result", "recv"})
_UNTYPED: Final = frozenset({"Any", "Callable", "object", "Protocol", "Awaitable", "Generic", "type", "Self"})
_CARRIERS: Final = frozenset({
    "functools", "operator", "contextvars", "importlib", "typing", "types", "copy", "weakref", "itertools",
    "contextlib", "asyncio", "queue", "collections", "inspect", "builtins", "sys", "gc", "ast",
})  # fmt: skip
_PLAIN_NODES: Final = (ast.Constant, ast.JoinedStr, ast.Lambda, ast.BinOp, ast.Compare, ast.ListComp)
_DEEPEST: Final = 12
_SETTLED: Final = "if it does not narrate, write `# narration: silent - <why>` at it"


class Suspect(NamedTuple):
    """A call that may narrate.

    Attributes:
        node: the call, or a decorator without parentheses.
        scope: where it is.
        what: what cannot be told.
        why: what settles it.
    """

    node: ast.expr
    scope: Scope
    what: str
    why: str


def suspects(module: Module, project: Project) -> list[Suspect]:
    """Return the calls of a module that may narrate, in the order of the source."""
    found = []
    for node, scope in module.calls:
        suspect = _call(node, scope, project) if isinstance(node, ast.Call) else _decorator(node, scope, project)
        if suspect is not None:
            found.append(suspect)
    return sorted(found, key=lambda suspect: (suspect.node.lineno, suspect.node.col_offset))


def _shown(node: ast.AST) -> str:
    text = ast.unparse(node).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - as long as fits in a message


def _decorator(node: ast.expr, scope: Scope, project: Project) -> Suspect | None:
    if not isinstance(node, ast.Attribute) or node.attr != "traced" or project.meaning_of(node, scope) is not None:
        return None
    if not (_is_named_owner(node.value) or unknown(node.value, scope, project)):
        return None
    return _unknown(node, scope, project)


def _call(call: ast.Call, scope: Scope, project: Project) -> Suspect | None:
    of = project.meaning_of(call.func, scope)
    if of is not None and of.what in ("Narrator", "emit", "span"):
        return _passed_on(call, scope, project)
    if of is None or of.what == "result":
        if _may_narrate(call, scope, project):
            return _unknown(call, scope, project)
        if _generated(call):
            what = f"cannot tell whether `{_shown(call)}` narrates"
            return Suspect(call, scope, what, f"generated code has no place in the sources; {_SETTLED}")
    if of is not None and _has_shape(call, scope, project) and (_is_open(of, project) or _forwards(of, project)):
        return _unknown(call, scope, project)
    return _handed(call, scope, of, project)


def _is_open(of: Meaning, project: Project) -> bool:
    """Tell whether an object of the sources is called by code that is not in its class: a protocol, a descriptor."""
    if of.what != "object" or of.scope is None or not isinstance(of.scope.node, ast.ClassDef):
        return False
    bases = {last_name(base) for base in of.scope.node.bases}
    return bool(bases & _UNTYPED) or project.member(of, "__call__") is None


def _forwards(of: Meaning, project: Project) -> bool:
    """Tell whether a function of the sources passes what it is given to something unknown, which may narrate it."""
    function = project.member(of, "__call__") if of.what == "object" else of
    if function is None or function.what != "function" or function.scope is None or function.node is None:
        return False
    module = function.scope.module
    inner = module.scopes[function.node]
    given = _parameters_around(inner)
    return any(
        isinstance(node, ast.Call)
        and scope is inner
        and any(
            isinstance(name, ast.Name) and name.id in given for argument in node.args for name in ast.walk(argument)
        )
        and project.meaning_of(node.func, scope) is None
        and unknown(node.func, scope, project)
        for node, scope in module.calls
    )


def _unknown(node: ast.expr, scope: Scope, project: Project) -> Suspect:
    called = node.func if isinstance(node, ast.Call) else node
    owner = called.value if isinstance(called, ast.Attribute) and called.attr in _METHODS else called
    what = f"cannot tell whether `{_shown(called)}(...)` narrates"
    if _can_be_annotated(owner, scope, project):
        why = f"annotate `{_shown(owner)}` with `Narrator` where it gets its value: `narrate: Narrator = ...`"
    else:
        why = f"give it a name that has the type, and call that: `narrate: Narrator = {_shown(owner)}`"
    return Suspect(node, scope, what, f"{why}; {_SETTLED}")


def _can_be_annotated(owner: ast.expr, scope: Scope, project: Project) -> bool:
    """Tell whether these sources give an expression its value: a name, unless imported, or an attribute of `self`."""
    if isinstance(owner, ast.Attribute):
        return isinstance(owner.value, ast.Name) and owner.value.id in ("self", "cls")
    home = project.find(owner.id, scope) if isinstance(owner, ast.Name) else None
    return home is not None and all(
        binding.how != "import"
        for binding in home.names[owner.id]  # type: ignore[attr-defined]
    )


# -- what may be a narrator ------------------------------------------------------------------------


def _is_named(node: ast.AST) -> bool:
    """Tell whether an expression is called like a narrator."""
    return bool(_NAMED.fullmatch(last_name(node)))


def _is_named_owner(node: ast.AST) -> bool:
    """Tell whether what an expression gives is called like a narrator: `narrate`, `get_narrator()`."""
    return bool(_FACTORY.fullmatch(last_name(node.func if isinstance(node, ast.Call) else node)))


def _may_narrate(call: ast.Call, scope: Scope, project: Project) -> bool:
    func = call.func
    if _is_named(func) and not _is_own(func, scope, project):
        return True
    if isinstance(func, ast.Attribute) and func.attr in _METHODS and _is_named_owner(func.value):
        return True
    if not _has_shape(call, scope, project):
        return False
    return unknown(func, scope, project)


def _is_own(node: ast.AST, scope: Scope, project: Project) -> bool:
    """Tell whether a name is bound to a function or class of the sources."""
    home = project.find(node.id, scope) if isinstance(node, ast.Name) else None
    return home is not None and all(
        binding.how in ("function", "class")
        for binding in home.names[node.id]  # type: ignore[attr-defined]
    )


def _is_sentence(node: ast.AST, scope: Scope, project: Project) -> bool:
    """Tell whether an expression is a sentence: written out, under a name, put together, formatted or translated."""
    match node:
        case ast.Constant(value=str() as text):
            return bool(_SENTENCE.match(text))
        case ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return _is_sentence(left, scope, project)
        case ast.IfExp(body=body, orelse=other):
            return _is_sentence(body, scope, project) or _is_sentence(other, scope, project)
        case ast.Call(func=ast.Attribute(value=ast.Constant() as text, attr="format")):
            return _is_sentence(text, scope, project)
        case ast.Call(func=ast.Name(), args=[ast.Constant() as text], keywords=[]):
            return _is_sentence(text, scope, project)
        case ast.Name(id=name):
            home = project.find(name, scope)
            values = [binding.node for binding in home.names[name]] if home is not None else []
            return any(isinstance(value, ast.Constant) and _is_sentence(value, scope, project) for value in values)
        case _:
            return False


def _is_triple(nodes: list[ast.expr], scope: Scope, project: Project) -> bool:
    if len(nodes) != 3:  # noqa: PLR2004 - an action, a target, a sentence
        return False
    action, _, sentence = nodes
    is_action = isinstance(action, ast.Constant) and isinstance(action.value, str) and _ACTION.fullmatch(action.value)
    return bool(is_action) and _is_sentence(sentence, scope, project)


def _has_shape(call: ast.Call, scope: Scope, project: Project) -> bool:
    """Tell whether the arguments are those of narration: an action, a target, a sentence, and fields."""
    names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    for keyword in call.keywords:
        if keyword.arg is None and isinstance(keyword.value, ast.Dict):
            names |= {str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant)}
    if not all(name in _OPTIONS or is_field(name) for name in names):
        return False
    if {"human", "action"} <= names or (call.args and {"human", "target"} <= names):
        return True
    if isinstance(call.func, ast.Attribute) and call.func.attr == "point":
        return _is_triple(call.args[1:], scope, project)
    return _is_triple(call.args, scope, project)


def unknown(node: ast.AST, scope: Scope, project: Project, depth: int = 0) -> bool:
    """Tell whether nothing in the sources says what an expression is: it may then be a narrator.

    Args:
        node: the expression.
        scope: where it is.
        project: all source files.
        depth: how many names were followed so far.
    """
    if depth > _DEEPEST:
        return True

    def deeper(inner: ast.AST) -> bool:
        return unknown(inner, scope, project, depth + 1)

    match node:
        case ast.Name():
            return _unknown_name(node.id, scope, project, depth)
        case ast.Attribute(attr="value"):  # of an enumeration, a context, a result: whatever was put in
            return True
        case ast.Attribute():
            of = project.meaning_of(node.value, scope)
            if of is None or (of.what == "module" and of.scope is None):
                given = project.attribute_bindings(node.attr)
                return deeper(node.value) or any(_unknown_binding(binding, project, depth) for binding in given)
            return of.what in ("container", "result") or (
                of.what in ("object", "own class", "module") and project.meaning_of(node, scope) is None
            )
        case ast.Call():
            return _unknown_result(node, scope, project, depth)
        case ast.IfExp() | ast.BoolOp():
            return any(deeper(value) for value in ast.iter_child_nodes(node) if isinstance(value, ast.expr))
        case ast.Await() | ast.NamedExpr() | ast.Starred():
            return deeper(node.value)
        case _:
            return not isinstance(node, _PLAIN_NODES)


def _unknown_name(name: str, scope: Scope, project: Project, depth: int) -> bool:
    home = project.find(name, scope)
    if home is None:
        return not hasattr(builtins, name)
    return any(_unknown_binding(binding, project, depth) for binding in home.names[name])


def _unknown_binding(binding: Binding, project: Project, depth: int) -> bool:
    match binding.how:
        case "import":
            return binding.module.partition(".")[0] not in sys.stdlib_module_names
        case "class" | "function" | "self":
            return False
        case "value" if binding.node is not None and binding.scope is not None:
            return unknown(binding.node, binding.scope, project, depth + 1)
        case "annotation" if binding.node is not None and binding.scope is not None:
            return _unknown_type(binding.node, binding.scope, project, depth + 1)
        case _:
            return True


def _unknown_type(node: ast.AST, scope: Scope, project: Project, depth: int) -> bool:
    """Tell whether an annotation leaves open what an object is."""
    match node:
        case ast.Constant(value=str() as text):
            return not (text.isidentifier() and hasattr(builtins, text))
        case ast.Constant():
            return False
        case ast.BinOp():
            return any(_unknown_type(side, scope, project, depth) for side in (node.left, node.right))
        case ast.Subscript():
            return _unknown_type(node.value, scope, project, depth)
        case ast.Name(id=name):
            of = project.meaning_of(node, scope)
            if of is not None and of.what == "own class" and isinstance(of.scope and of.scope.node, ast.ClassDef):
                bases = {last_name(base) for base in of.scope.node.bases}  # type: ignore[union-attr]
                return bool(bases & _UNTYPED)
            return name in _UNTYPED or _unknown_name(name, scope, project, depth)
        case ast.Attribute(attr=name):
            return name in _UNTYPED or unknown(node, scope, project, depth)
        case _:
            return True


def _unknown_result(call: ast.Call, scope: Scope, project: Project, depth: int) -> bool:
    func = call.func
    if isinstance(func, ast.Name) and project.find(func.id, scope) is None:
        return func.id not in _PLAIN
    of = project.meaning_of(func, scope)
    if of is not None:
        return of.what in ("function", "container", "result")
    root = func
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    if isinstance(root, ast.Name):
        home = project.find(root.id, scope)
        modules = {binding.module.partition(".")[0] for binding in home.names[root.id]} if home is not None else set()
        if modules & _CARRIERS:
            return True
    if isinstance(func, ast.Attribute) and func.attr in _GIVING:
        return True
    return unknown(func, scope, project, depth + 1)


# -- what is handed over ---------------------------------------------------------------------------


def _generated(call: ast.Call) -> bool:
    """Tell whether a call runs a text that narrates."""
    return (
        isinstance(call.func, ast.Name)
        and call.func.id in ("exec", "eval", "compile")
        and any(isinstance(argument, ast.Constant) and "narrat" in str(argument.value) for argument in call.args)
    )


def _handed(call: ast.Call, scope: Scope, of: Meaning | None, project: Project) -> Suspect | None:
    """Return a call that hands a narrator, or what may be one, to code outside of the sources."""
    if of is not None and of.what not in ("module", "container", "result"):
        known = of.what in ("function", "own class", "object") and all(
            receivers(call, scope, position, name, project)
            for position, name, argument in passed(call)
            if narrates(project.meaning_of(argument, scope))
        )
        if known and _hands_texts(call, scope, project):
            return _handed_over(call, scope, call.args[0] if call.args else call.func)
        if known or of.what in ("facade", "class", "traced", "progress", "point", "Point", "Catalogue", "Span"):
            return None
    if of is None and last_name(call.func) in _HARMLESS:
        return None
    if any(_is_bridge(project.meaning_of(argument, scope)) for _, _, argument in passed(call)):
        return None  # such as `app.add_middleware(NarrationMiddleware, narrate=narrate)`
    for position, name, argument in passed(call):
        meaning = project.meaning_of(argument, scope)
        if narrates(meaning):
            if receivers(call, scope, position, name, project):
                continue
            return _handed_over(call, scope, argument)
        if meaning is None and of is None and _is_named(argument) and unknown(argument, scope, project):
            return _handed_over(call, scope, argument)
    handed = of is None and _hands_texts(call, scope, project)
    return _handed_over(call, scope, call.args[0] if call.args else call.keywords[0].value) if handed else None


def _is_bridge(meaning: Meaning | None) -> bool:
    """Tell whether a meaning is a bridge's: what it tells is the facade's own, as that of `correlate(app, narrate)`."""
    return meaning is not None and meaning.what == "facade" and meaning.name.startswith(f"{FACADE}.bridges.")


def _hands_texts(call: ast.Call, scope: Scope, project: Project) -> bool:
    """Tell whether an unknown callable is handed over together with the texts of a narration."""
    arguments = [argument for _, _, argument in passed(call)]
    callables = [
        argument
        for argument in arguments
        if narrates(project.meaning_of(argument, scope))
        or (isinstance(argument, ast.Name | ast.Attribute | ast.Subscript) and unknown(argument, scope, project))
    ]
    if not callables:
        level = call.args[0] if call.args else None
        return isinstance(level, ast.Constant) and level.value in _METHODS and _is_triple(call.args[1:], scope, project)
    windows = [call.args[start : start + 3] for start in range(1, len(call.args) - 2)]
    for argument in arguments:
        rows = argument.elts if isinstance(argument, ast.Tuple | ast.List) else []
        windows += [rows, *(row.elts for row in rows if isinstance(row, ast.Tuple | ast.List))]
    return any(_is_triple(window, scope, project) for window in windows)


def _handed_over(call: ast.Call, scope: Scope, argument: ast.expr) -> Suspect:
    what = f"cannot tell whether `{_shown(call.func)}` narrates with `{_shown(argument)}`"
    why = (
        "an event from there has no place in the sources: hand over a function of your own, such as "
        f"`lambda: narrate(...)`, or annotate the parameter that takes it with `Narrator`; {_SETTLED}"
    )
    return Suspect(call, scope, what, why)


def _passed_on(call: ast.Call, scope: Scope, project: Project) -> Suspect | None:
    """Return a narrating call whose sentence is a parameter of its function: its callers are what narrates."""
    parameters = _parameters_around(scope)
    starred = [argument.value for argument in call.args if isinstance(argument, ast.Starred)]
    third = starred or call.args[2:3]
    human = next((keyword.value for keyword in call.keywords if keyword.arg == "human"), None)
    for text in (*third, *([human] if human is not None else [])):
        if isinstance(text, ast.Name) and text.id in parameters and project.find(text.id, scope) is not None:
            what = f"cannot tell what `{_shown(call.func)}` narrates: `{text.id}` is a parameter"
            why = (
                f"all callers of `{parameters[text.id]}` would share one point: narrate where the sentence is written, "
                f"or pass a catalogue's `Point` and annotate the parameter with it; {_SETTLED}"
            )
            return Suspect(call, scope, what, why)
    return None


def _parameters_around(scope: Scope) -> dict[str, str]:
    """Return the parameters of the functions around, each with the name of its function."""
    found: dict[str, str] = {}
    here: Scope | None = scope
    while here is not None:
        if isinstance(here.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = here.node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
            name = getattr(here.node, "name", "lambda")
            found = {argument.arg: name for argument in every} | found
        here = here.parent
    return found
