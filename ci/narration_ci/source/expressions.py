"""The meaning of expressions for narration: a Narrator, a span, a catalogue, one of their methods.

Imports (aliases, relative ones, re-exports, stars), assignments, annotations, parameters with defaults, attributes of
objects and results of annotated functions are followed through all modules of the project. Whatever cannot be known
has no meaning; an event that comes from such a place at run time is reported by the gate, so nothing hides there.
"""

import ast
from typing import Final, Literal, NamedTuple

from narration_ci.source.scopes import Binding, Module, Scope
from narration_core.contract import EMITTING

FACADE: Final = "narration_core"
CLASSES: Final = ("Narrator", "Catalogue", "Span", "Point")
_DEEPEST: Final = 60

What = Literal[
    "facade", "module", "class", "own class", "object", "function",
    "Narrator", "Catalogue", "Span", "Point",
    "emit", "span", "traced", "progress", "point",
]  # fmt: skip


class Meaning(NamedTuple):
    """What an expression stands for.

    Attributes:
        what: an object of the facade's classes, a method of one, or a way to get there.
        actor: who acts, when the source says so in one string.
        name: of a level, class or module.
        scope: of a class of the project or of the module.
        node: the function, or the call that made the span.
    """

    what: What
    actor: str | None = None
    name: str = ""
    scope: Scope | None = None
    node: ast.AST | None = None


class Project:
    """All source files that count, and what their expressions mean.

    Args:
        modules: the source files.
    """

    def __init__(self, modules: list[Module]) -> None:
        self.modules = modules
        self._by_name: dict[str, Module] = {}
        for module in modules:
            for name in reversed(module.names):
                self._by_name.setdefault(name, module)
        self._memo: dict[tuple[int, int], Meaning | None] = {}
        self._busy: set[tuple[int, int]] = set()
        self._importing: set[tuple[str, str | None]] = set()
        self._kept: list[ast.AST] = []
        self._attributes: dict[str, list[Binding]] = {}
        for module in modules:
            for scope in module.scopes.values():
                for name, bindings in scope.attributes.items():
                    self._attributes.setdefault(name, []).extend(bindings)

    # -- names ---------------------------------------------------------------------------------

    def meaning_of(self, node: ast.AST, scope: Scope) -> Meaning | None:
        """Return what an expression stands for in a scope; None when that has nothing to do with narration."""
        key = (id(node), id(scope))
        if key in self._memo:
            return self._memo[key]
        if key in self._busy or len(self._busy) > _DEEPEST:
            return None
        self._busy.add(key)
        try:
            found = self._expression(node, scope)
        finally:
            self._busy.discard(key)
        self._memo[key] = found
        return found

    def _expression(self, node: ast.AST, scope: Scope) -> Meaning | None:
        match node:
            case ast.Name():
                return self._name(node.id, scope)
            case ast.Attribute():
                return self._attribute(self.meaning_of(node.value, scope), node.attr)
            case ast.Call():
                return self._result(node, scope)
            case ast.NamedExpr() | ast.Await():
                return self.meaning_of(node.value, scope)
            case ast.IfExp():
                return self.meaning_of(node.body, scope) or self.meaning_of(node.orelse, scope)
            case ast.BoolOp():
                return next(filter(None, (self.meaning_of(value, scope) for value in node.values)), None)
            case _:
                return None

    def _name(self, name: str, scope: Scope) -> Meaning | None:
        here: Scope | None = scope
        while here is not None:
            if name in here.names and (here is scope or not here.is_class):
                return self._any(here.names[name])
            here = here.parent
        return self._starred(name, scope.module.scope)

    def _starred(self, name: str, module: Scope) -> Meaning | None:
        return next(filter(None, (self._imported(source, name) for source in module.stars)), None)

    def _any(self, bindings: list[Binding]) -> Meaning | None:
        return next(filter(None, (self._bound(binding) for binding in bindings)), None)

    def _bound(self, binding: Binding) -> Meaning | None:
        node, scope = binding.node, binding.scope
        match binding.how:
            case "import":
                return self._imported(binding.module, binding.name)
            case "self":
                return Meaning("object", scope=scope)
            case "class" if node is not None and scope is not None:
                return Meaning("own class", scope=scope.module.scopes[node])
            case "function" if node is not None:
                return Meaning("function", node=node, scope=scope)
            case "value" if node is not None and scope is not None:
                return self.meaning_of(node, scope)
            case "annotation" if node is not None and scope is not None:
                return self._annotated(node, scope)
            case "entered" if node is not None and scope is not None:
                found = self.meaning_of(node, scope)
                return found if found is not None and found.what == "Span" else None
            case _:
                return None

    def _imported(self, module: str, name: str | None) -> Meaning | None:
        """Return what an import brings in; modules that import from each other in a circle bring nothing."""
        key = (module, name)
        if key in self._importing:
            return None
        self._importing.add(key)
        try:
            return self._import(module, name)
        finally:
            self._importing.discard(key)

    def _import(self, module: str, name: str | None) -> Meaning | None:
        if module == FACADE or module.startswith(FACADE + "."):
            if name is None:
                return Meaning("facade", name=module)
            return Meaning("class", name=name) if name in CLASSES else Meaning("facade", name=f"{module}.{name}")
        found = self._by_name.get(module if name is None else f"{module}.{name}")
        home = self._by_name.get(module)
        if name is None:
            return Meaning("module", name=module, scope=found.scope if found else None)
        if home is not None and name in home.scope.names:
            return self._any(home.scope.names[name])
        if found is not None:
            return Meaning("module", name=f"{module}.{name}", scope=found.scope)
        return self._starred(name, home.scope) if home is not None else None

    # -- annotations ---------------------------------------------------------------------------

    def _annotated(self, node: ast.AST, scope: Scope) -> Meaning | None:
        """Return what a name with this annotation stands for: quoted, optional or plain."""
        match node:
            case ast.Constant(value=str() as text):
                return self._quoted(text, scope)
            case ast.BinOp(op=ast.BitOr()):
                return self._annotated(node.left, scope) or self._annotated(node.right, scope)
            case ast.Subscript():
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                if name not in {"Optional", "Union", "Final", "ClassVar", "Annotated", "Awaitable", "Coroutine"}:
                    return None
                return next(filter(None, (self._annotated(part, scope) for part in parts)), None)
            case _:
                return self._instance(self.meaning_of(node, scope))

    def _quoted(self, text: str, scope: Scope) -> Meaning | None:
        try:
            node = ast.parse(text, mode="eval").body
        except SyntaxError:
            return None
        self._kept.append(node)  # what is remembered is found by the node's identity, so the node must stay
        return self._annotated(node, scope)

    def _instance(self, of: Meaning | None, actor: str | None = None) -> Meaning | None:
        """Return what an object of a class stands for."""
        if of is None:
            return None
        if of.what == "class":
            return Meaning(of.name, actor)  # type: ignore[arg-type]  # CLASSES are among What
        return Meaning("object", scope=of.scope) if of.what == "own class" else None

    # -- attributes and calls ------------------------------------------------------------------

    def _attribute(self, of: Meaning | None, name: str) -> Meaning | None:
        match of:
            case Meaning(what="facade"):
                return self._imported(of.name, name)
            case Meaning(what="module"):
                return self._member(of, name)
            case Meaning(what="object" | "own class"):
                return self._inherited(of.scope, name, set())
            case Meaning(what="Narrator", actor=actor):
                if name in EMITTING:
                    return Meaning("emit", actor, name)
                return Meaning(name, actor) if name in ("span", "traced") else None  # type: ignore[arg-type]
            case Meaning(what="Catalogue", actor=actor):
                return Meaning("point", actor) if name == "point" else None
            case Meaning(what="Span", actor=actor):
                return Meaning("progress", actor, node=of.node) if name == "progress" else None
            case None:
                return self._by_attribute(name)
            case _:
                return None

    def _member(self, module: Meaning, name: str) -> Meaning | None:
        deeper = self._imported(module.name, name)
        if deeper is not None or module.scope is not None:
            return deeper
        longer = f"{module.name}.{name}"  # `import a.b.c` binds `a`, which need not be a file of ours
        known = any(other.startswith(longer + ".") for other in self._by_name)
        return Meaning("module", name=longer) if known else None

    def _inherited(self, scope: Scope | None, name: str, seen: set[int]) -> Meaning | None:
        """Return what an attribute of a class or of its bases stands for."""
        if scope is None or id(scope) in seen:
            return None
        seen.add(id(scope))
        if name in scope.attributes:
            found = self._any(scope.attributes[name])
            if found is None or found.what != "function":
                return found
            return self._property(found)
        if isinstance(scope.node, ast.ClassDef) and scope.parent is not None:
            for base in scope.node.bases:
                of = self.meaning_of(base, scope.parent)
                found = self._inherited(of.scope, name, seen) if of is not None and of.what == "own class" else None
                if found is not None:
                    return found
        return None

    def _property(self, method: Meaning) -> Meaning | None:
        """Return what a property stands for, or the method itself."""
        marks = getattr(method.node, "decorator_list", ())
        names = {mark.attr if isinstance(mark, ast.Attribute) else getattr(mark, "id", "") for mark in marks}
        return self._returned(method) if names & {"property", "cached_property"} else method

    def _by_attribute(self, name: str) -> Meaning | None:
        """Return what an attribute of an unknown object stands for, if every class that has it agrees."""
        bindings = [binding for binding in self._attributes.get(name, ()) if binding.how != "function"]
        if not bindings:
            return None
        found = [self._bound(binding) for binding in bindings]
        first = found[0]
        if first is None or any(other is None or other.what != first.what for other in found):
            return None
        return first if first.what in {"Narrator", "Catalogue", "Span", "emit"} else None

    def _returned(self, function: Meaning) -> Meaning | None:
        annotation = getattr(function.node, "returns", None)
        return self._annotated(annotation, function.scope) if annotation is not None and function.scope else None

    def _result(self, call: ast.Call, scope: Scope) -> Meaning | None:
        """Return what the result of a call stands for."""
        of = self.meaning_of(call.func, scope)
        match of:
            case Meaning(what="class" | "own class"):
                return self._instance(of, first_string(call))
            case Meaning(what="span", actor=actor):
                return Meaning("Span", actor, node=call)
            case Meaning(what="point", actor=actor):
                return Meaning("Point", actor)
            case Meaning(what="function"):
                return self._returned(of)
            case _:
                return None


def first_string(call: ast.Call) -> str | None:
    """Return the first argument of a call if it is written as a string."""
    given = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "actor"), None)
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
