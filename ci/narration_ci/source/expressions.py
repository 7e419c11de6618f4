"""The meaning of expressions for narration: a Narrator, a span, a catalogue, one of their methods.

Imports (aliases, relative ones, re-exports, stars), assignments, annotations, parameters with what is passed to them,
attributes, containers and results of functions are followed through all modules of the project. An expression that
cannot be followed has no meaning; `suspects` reports calls that may narrate all the same.
"""

import ast
from typing import Final

from narration_ci.source.meaning import DYNAMIC_LEVEL, Meaning, element_of, holding, item_of, narrates
from narration_ci.source.scopes import Binding, Module, Scope
from narration_ci.source.syntax import constant_text, first_string, last_name, passed
from narration_core.contract import EMITTING

FACADE: Final = "narration_core"
CLASSES: Final = ("Narrator", "Catalogue", "Span", "Point")
_DEEPEST: Final = 60
_PROPERTIES: Final = frozenset({"property", "cached_property"})
_MADE_OF: Final = frozenset({
    "list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "enumerate", "zip", "dict",
    "deque", "chain", "cycle", "repeat", "nullcontext", "SimpleNamespace", "ContextVar", "MappingProxyType", "copy",
    "ChainMap", "defaultdict", "OrderedDict", "Queue", "SimpleQueue", "islice", "closing", "deepcopy", "ref", "proxy",
})  # fmt: skip
_ONE_OF: Final = frozenset({"next", "max", "min", "choice", "anext", "reduce"})
_WHOLE: Final = frozenset({"values", "items", "copy", "elements", "mapping"})
_AWAITED: Final = frozenset({
    "Optional", "Union", "Final", "ClassVar", "Annotated", "Awaitable", "Coroutine", "Required", "NotRequired",
    "ReadOnly", "TypeGuard",
})  # fmt: skip


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
            for table in (module.attributes, *(scope.attributes for scope in module.scopes.values())):
                for name, bindings in table.items():
                    self._attributes.setdefault(name, []).extend(bindings)

    def learn(self, name: str, binding: Binding, scope: Scope | None) -> bool:
        """Add a way in which a name of a scope gets its value; tell whether it was unknown before.

        Args:
            name: the name, or the attribute of an unknown object if there is no scope.
            binding: the way.
            scope: where the name is bound; of a class, the attribute is bound too.
        """
        tables = [self._attributes] if scope is None else [scope.names]
        if scope is not None and scope.is_class:
            tables = [scope.attributes, self._attributes]
        new = [table for table in tables if binding not in table.get(name, ())]
        for table in new:
            table.setdefault(name, []).append(binding)
        if new:
            self._memo.clear()
        return bool(new)

    def attribute_bindings(self, name: str) -> tuple[Binding, ...]:
        """Return every way in which an attribute of this name gets its value, of whatever object."""
        return tuple(self._attributes.get(name, ()))

    def find(self, name: str, scope: Scope) -> Scope | None:
        """Return the scope that binds a name; None if none of the module does."""
        here: Scope | None = scope
        while here is not None:
            if name in here.names and (here is scope or not here.is_class):
                return here
            here = here.parent
        return None

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
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                return self.meaning_of(node.value, scope)
            case ast.IfExp():
                return self.meaning_of(node.body, scope) or self.meaning_of(node.orelse, scope)
            case ast.BoolOp():
                return next(filter(None, (self.meaning_of(value, scope) for value in node.values)), None)
            case ast.Lambda():
                return Meaning("function", node=node, scope=scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case _:
                return self._container(node, scope)

    def _container(self, node: ast.AST, scope: Scope) -> Meaning | None:
        """Return the meaning of a literal or a comprehension that holds narrators."""
        match node:
            case ast.Tuple() | ast.List() | ast.Set():
                items = tuple(self.meaning_of(item, scope) for item in node.elts)
                first = next(filter(narrates, items), None)
                kept = items if isinstance(node, ast.Tuple) else ()
                return Meaning("container", inner=first, items=kept) if first is not None else None
            case ast.Dict():
                values = (self.meaning_of(value, scope) for value in node.values)
                return holding(next(filter(narrates, values), None))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return holding(self.meaning_of(node.elt, scope.module.scopes[node]))
            case ast.DictComp():
                return holding(self.meaning_of(node.value, scope.module.scopes[node]))
            case _:
                return None

    def _name(self, name: str, scope: Scope) -> Meaning | None:
        home = self.find(name, scope)
        return self._any(home.names[name]) if home is not None else self._starred(name, scope.module.scope)

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
                return self._instance(Meaning("own class", scope=scope))
            case "class" if node is not None and scope is not None:
                return Meaning("own class", scope=scope.module.scopes[node])
            case "function" if node is not None:
                return Meaning("function", node=node, scope=scope)
            case "value" if node is not None and scope is not None:
                return self.meaning_of(node, scope)
            case "annotation" if node is not None and scope is not None:
                return self._annotated(node, scope)
            case _:
                return self._derived(binding)

    def _derived(self, binding: Binding) -> Meaning | None:
        """Return the meaning of a name that is bound to a part of something, or to what something is made of."""
        node, scope = binding.node, binding.scope
        if node is None or scope is None:
            return None
        match binding.how:
            case "element" | "item":
                found = self.meaning_of(node, scope)
                found = element_of(found) if binding.how == "element" else found
                return found if binding.index is None else item_of(found, binding.index)
            case "holds":
                return holding(self.meaning_of(node, scope))
            case "varargs":
                return holding(self._annotated(node, scope))
            case "entered":
                found = self.meaning_of(node, scope)
                if found is not None and found.what == "container":
                    return found.inner
                return found if found is not None and found.what in ("Span", "Narrator", "object") else None
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
                found = [self._annotated(part, scope) for part in parts]
                first = next(filter(None, found), None)
                if name in _AWAITED:
                    return first
                if name in {"type", "Type"}:
                    return self.meaning_of(parts[0], scope)
                if name == "Callable":
                    return Meaning("result", inner=found[-1]) if narrates(found[-1]) else None
                items = tuple(found) if name in {"tuple", "Tuple"} else ()
                return Meaning("container", inner=first, items=items) if narrates(first) else None
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
        if of.what != "own class":
            return None
        base = self._facade_base(of.scope, set())
        return Meaning(base, actor, scope=of.scope) if base else Meaning("object", scope=of.scope)  # type: ignore[arg-type]

    def _facade_base(self, scope: Scope | None, seen: set[int]) -> str | None:
        """Return the class of the facade that a class of the project is derived from."""
        if scope is None or id(scope) in seen or not isinstance(scope.node, ast.ClassDef) or scope.parent is None:
            return None
        seen.add(id(scope))
        for base in scope.node.bases:
            found = self.meaning_of(base, scope.parent)
            name = found.name if found is not None and found.what == "class" else None
            if found is not None and found.what == "own class":
                name = self._facade_base(found.scope, seen)
            if name is not None:
                return name
        return None

    # -- attributes and calls ------------------------------------------------------------------

    def _attribute(self, of: Meaning | None, name: str) -> Meaning | None:
        match of:
            case None:
                return self._by_attribute(name)
            case Meaning(what="facade"):
                return self._imported(of.name, name)
            case Meaning(what="module"):
                return self._member(of, name)
            case Meaning(what="object" | "own class"):
                base = self._facade_base(of.scope, set()) if of.what == "own class" else None
                inherited = self._attribute(Meaning(base), name) if base else None  # type: ignore[arg-type]
                return self._inherited(of.scope, name, set()) or inherited or self._by_attribute(name)
            case Meaning(what="container", inner=inner):
                return Meaning("result", inner=of if name in _WHOLE else inner)
            case _:
                return self._of_facade(of, name)

    def _of_facade(self, of: Meaning, name: str) -> Meaning | None:
        """Return the meaning of an attribute of the facade's classes and their objects."""
        match of:
            case Meaning(what="class", name="Narrator"):
                return self._of_facade(Meaning("Narrator"), name)
            case Meaning(what="Narrator", actor=actor):
                own = self._inherited(of.scope, name, set()) if of.scope is not None else None
                if own is not None:
                    return own
                if name in EMITTING or name == "__call__":
                    return Meaning("emit", actor, "info" if name == "__call__" else name)
                return Meaning(name, actor) if name in ("span", "traced") else None  # type: ignore[arg-type]
            case Meaning(what="emit") if name == "__call__":
                return of
            case Meaning(what="Catalogue", actor=actor):
                return Meaning("point", actor) if name == "point" else None
            case Meaning(what="Span", actor=actor):
                return Meaning("progress", actor, node=of.node) if name == "progress" else None
            case _:
                return None

    def _member(self, module: Meaning, name: str) -> Meaning | None:
        deeper = self._imported(module.name, name)
        if deeper is not None or module.scope is not None:
            return deeper
        longer = f"{module.name}.{name}"  # `import a.b.c` binds `a`, which need not be a file of ours
        known = any(other.startswith(longer + ".") for other in self._by_name)
        return Meaning("module", name=longer) if known else None

    def member(self, meaning: Meaning, name: str) -> Meaning | None:
        """Return the meaning of an attribute of a class of the project, inherited ones included."""
        return self._inherited(meaning.scope, name, set())

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
        return self._returned(method) if names & _PROPERTIES else method

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
        """Return the meaning of the result of a function: what its annotation says, else what it returns."""
        if function.scope is None or function.node is None:
            return None
        annotation = getattr(function.node, "returns", None)
        found = self._annotated(annotation, function.scope) if annotation is not None else None
        body = function.scope.module.scopes.get(function.node)
        if found is not None or body is None:
            return found
        if body.yields:
            return holding(self._any(body.yields))
        return next(filter(narrates, map(self._bound, body.returns)), None)

    def _result(self, call: ast.Call, scope: Scope) -> Meaning | None:
        """Return what the result of a call stands for."""
        of = self.meaning_of(call.func, scope)
        if of is None:
            return self._built(call, scope)
        match of:
            case Meaning(what="class" | "own class"):
                return self._instance(of, first_string(call))
            case Meaning(what="result", inner=inner):
                return inner
            case Meaning(what="container", inner=inner):
                return inner  # a weak reference and the like
            case Meaning(what="span", actor=actor):
                return Meaning("Span", actor, node=call)
            case Meaning(what="point", actor=actor):
                return Meaning("Point", actor)
            case Meaning(what="function"):
                return self._returned(of)
            case _:
                return None

    # -- containers and builtins ---------------------------------------------------------------

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Meaning | None:
        of = self.meaning_of(node.value, scope)
        if of is None:
            name = constant_text(node.slice)
            if isinstance(node.value, ast.Call) and name and last_name(node.value.func) in ("globals", "locals"):
                return self._name(name, scope)
            if isinstance(node.value, ast.Call) and name and last_name(node.value.func) == "vars" and node.value.args:
                return self._attribute(self.meaning_of(node.value.args[0], scope), name)
            return self._by_attribute(name) if name and name.isidentifier() else None
        if of.what in ("class", "own class"):
            return of  # a generic class with its arguments
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(node.slice, ast.Slice):
            return of
        return item_of(of, index) if isinstance(index, int) else element_of(of)

    def _built(self, call: ast.Call, scope: Scope) -> Meaning | None:
        """Return the meaning of the result of a builtin, or of a library that keeps what it is given."""
        name = last_name(call.func)
        given = [self.meaning_of(argument, scope) for _, _, argument in passed(call)]
        first = given[0] if given else None
        if name == "super":
            return self._super(scope)
        if name == "getattr" and len(call.args) > 1:
            attribute = constant_text(call.args[1])
            if attribute is not None:
                return self._attribute(first, attribute)
            return (
                Meaning("emit", first.actor, DYNAMIC_LEVEL) if first is not None and first.what == "Narrator" else None
            )
        if name == "cast" and len(call.args) > 1:
            return self._annotated(call.args[0], scope) or given[1]
        if name == "type" and first is not None and first.what == "Narrator":
            return Meaning("class", name="Narrator")
        narrating = next(filter(narrates, given), None)
        if narrating is None:
            return None
        if name in _ONE_OF:
            return element_of(narrating) or narrating
        if name in _MADE_OF:
            return narrating if narrating.what == "container" else holding(narrating)
        if name == "partial":
            return Meaning("emit", narrating.actor, narrating.name or "info")
        return None

    def _super(self, scope: Scope) -> Meaning | None:
        here: Scope | None = scope
        while here is not None and not here.is_class:
            here = here.parent
        base = self._facade_base(here, set())
        return Meaning(base) if base else None  # type: ignore[arg-type]
