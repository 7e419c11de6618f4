"""Narrators that are passed on: what a parameter, a field or a container is given is one more way it gets its value."""

import ast
from typing import Final, Literal

from narration_ci.source.expressions import Project
from narration_ci.source.meaning import Meaning, narrates
from narration_ci.source.scopes import Binding, Scope
from narration_ci.source.syntax import last_name, passed

# A narrator that is passed on through more functions than this is reported as unknown instead.
_ROUNDS: Final = 6
_KEEPING: Final = frozenset({
    "append", "appendleft", "add", "insert", "extend", "put", "put_nowait", "push", "set", "setdefault", "update",
    "__setitem__",
})  # fmt: skip
_METHOD_MARKS: Final = frozenset({"staticmethod"})


Receiver = tuple[str, Scope | None, Literal["value", "holds"]]
"""A name that an argument is bound to, its scope (None: an attribute of any object), and the kind of binding."""


def follow_arguments(project: Project) -> None:
    """Learn what the calls of a project pass on, until nothing new is learnt."""
    for _ in range(_ROUNDS):
        learnt = [
            _learn(node, scope, project)
            for module in project.modules
            for node, scope in list(module.calls)
            if isinstance(node, ast.Call) and (node.args or node.keywords)
        ]
        if not any(learnt):
            return


def _learn(call: ast.Call, scope: Scope, project: Project) -> bool:
    found = False
    for position, name, argument in passed(call):
        if narrates(project.meaning_of(argument, scope)):
            for target, home, how in receivers(call, scope, position, name, project):
                found |= project.learn(target, Binding(how, argument, scope), home)
    return found


def receivers(call: ast.Call, scope: Scope, position: int | None, name: str | None, project: Project) -> list[Receiver]:
    """Return the names that an argument is bound to, with their scopes and the kind of binding; none if unknown.

    Args:
        call: the call.
        scope: where it is.
        position: of the argument; None if it is given by name.
        name: of the argument; None if it is given by position, or by `**`.
        project: all source files.
    """
    of = project.meaning_of(call.func, scope)
    if of is not None and of.what == "function":
        return _parameters(of, position, name, bound=isinstance(call.func, ast.Attribute))
    if of is not None and of.what == "own class" and of.scope is not None:
        made = project.member(of, "__init__") or project.member(of, "__new__")
        if made is not None and made.what == "function":
            return _parameters(made, position, name, bound=True)
        return _fields(of.scope, position, name)
    if of is not None and of.what == "object":
        called = project.member(of, "__call__")
        return _parameters(called, position, name, bound=True) if called is not None else []
    if last_name(call.func) == "setattr" and position == 2 and isinstance(call.args[1], ast.Constant):  # noqa: PLR2004
        return [(str(call.args[1].value), None, "value")]
    if isinstance(call.func, ast.Attribute) and call.func.attr in _KEEPING:
        return _kept(call.func.value, scope, project)
    return []


def _kept(base: ast.expr, scope: Scope, project: Project) -> list[Receiver]:
    """Return the name of a container that keeps an argument."""
    if isinstance(base, ast.Name):
        home = project.find(base.id, scope)
        imported = home is not None and any(binding.how == "import" for binding in home.names[base.id])
        return [(base.id, home, "holds")] if home is not None and not imported else []
    return [(base.attr, None, "holds")] if isinstance(base, ast.Attribute) else []


def _parameters(function: Meaning, position: int | None, name: str | None, *, bound: bool) -> list[Receiver]:
    node, around = function.node, function.scope
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or around is None:
        return []
    inner = around.module.scopes[node]
    arguments = node.args
    places = [*arguments.posonlyargs, *arguments.args]
    marks = {last_name(mark) for mark in getattr(node, "decorator_list", ())}
    if bound and around.is_class and not marks & _METHOD_MARKS:
        places = places[1:]
    if position is not None and position < len(places):
        return [(places[position].arg, inner, "value")]
    named = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
    if name is not None and name in named:
        return [(name, inner, "value")]
    rest = arguments.vararg if position is not None else arguments.kwarg
    return [(rest.arg, inner, "holds")] if rest is not None else []


def _fields(scope: Scope, position: int | None, name: str | None) -> list[Receiver]:
    """Return the field of a class without a constructor of its own: a dataclass, a named tuple, a model."""
    fields = [field for field, bindings in scope.names.items() if any(one.how == "annotation" for one in bindings)]
    if name is None and position is not None and position < len(fields):
        name = fields[position]
    return [(name, scope, "value")] if name in fields else []
