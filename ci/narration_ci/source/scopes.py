"""The names of a module and what they are bound to, collected before any expression is given a meaning.

Nothing is executed and nothing is evaluated here; `expressions` does that, lazily.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Binding:
    """One way in which a name gets its value.

    Attributes:
        how: the kind of binding; "opaque" is a value that the source does not say, "element" comes from a loop over
            `node`, "item" from unpacking it, and "holds" says that `node` was put into what the name stands for.
        node: the value, annotation, class or function.
        scope: the scope of `node`.
        module: the module an import is from, absolute.
        name: the name imported from it; None for the module itself.
        index: of an "item", or of an "element" that is unpacked: its position.
    """

    how: Literal[
        "value", "annotation", "entered", "class", "function", "import", "self", "opaque",
        "element", "item", "holds", "varargs",
    ]  # fmt: skip
    node: ast.AST | None = None
    scope: "Scope | None" = None
    module: str = ""
    name: str | None = None
    index: int | None = None


@dataclass(eq=False)
class Scope:
    """The names of a module, class, function, lambda or comprehension.

    Attributes:
        node: the node that opens the scope.
        qualified: its name as Python would qualify it, without `<locals>`; "" for a module.
        parent: the scope around it.
        module: the module it is in.
        names: the bindings of each name here.
        attributes: of a class: the bindings of attributes in its methods and its body.
        stars: modules of which everything is imported.
        returns: of a function: what it returns.
        yields: of a generator function: what it yields.
    """

    node: ast.AST
    qualified: str
    parent: "Scope | None"
    module: "Module"
    names: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    returns: list[Binding] = field(default_factory=list)
    yields: list[Binding] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Whether it is the scope of a class."""
        return isinstance(self.node, ast.ClassDef)

    def bind(self, name: str, binding: Binding) -> None:
        """Add one more way in which a name gets its value."""
        self.names.setdefault(name, []).append(binding)


@dataclass(eq=False)
class Module:
    """A source file.

    Attributes:
        path: relative to the root, with slashes.
        names: the names it may be imported as.
        is_package: whether it is an `__init__.py`.
        tree: its syntax tree.
        text: its source.
        scopes: the scope of every node that has one.
        decorated: by decorator, the name of the function or class below it.
        attributes: what attributes of other objects than `self` are bound to: `app.narrate = narrate`.
        calls: every call, and every decorator without parentheses, with its scope.
    """

    path: str
    names: tuple[str, ...]
    is_package: bool
    tree: ast.Module
    text: str
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    decorated: dict[ast.expr, str] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    calls: list[tuple[ast.expr, Scope]] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        """The scope of the module itself."""
        return self.scopes[self.tree]


def _absolute(module: Module, level: int, name: str | None) -> str:
    """Return the absolute name of the module in a `from ... import`."""
    if not level:
        return name or ""
    package = module.names[0].split(".")
    package = package[: len(package) - level + (1 if module.is_package else 0)]
    return ".".join((*package, *((name,) if name else ())))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node that belong to the scope the node opens."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from node.body
    elif isinstance(node, ast.Lambda):
        yield node.body
    elif isinstance(node, ast.ClassDef):
        yield from node.body
    else:
        yield from ast.iter_child_nodes(node)


def _outer(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node that belong to the scope around it: decorators, defaults, bases."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from node.decorator_list
        yield from (default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None)
    elif isinstance(node, ast.Lambda):
        yield from (default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None)
    elif isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords))


def _function_around(scope: Scope) -> Scope:
    """Return the scope of the function that a statement belongs to."""
    here = scope
    while isinstance(here.node, _COMPREHENSIONS) and here.parent is not None:
        here = here.parent
    return here


class _Collector:
    """Fills a module's scopes."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._globals: dict[Scope, set[str]] = {}

    def collect(self) -> None:
        """Fill the scopes; with a stack instead of recursion, because generated code nests deep."""
        tree = self._module.tree
        outermost = self._open(tree, "", None)
        stack: list[tuple[ast.AST, Scope]] = [(child, outermost) for child in reversed(tree.body)]
        while stack:
            stack.extend(reversed(self._visit(*stack.pop())))

    def _open(self, node: ast.AST, name: str, parent: Scope | None) -> Scope:
        qualified = ".".join(part for part in (parent.qualified if parent else "", name) if part)
        scope = self._module.scopes[node] = Scope(node, qualified, parent, self._module)
        self._globals[scope] = set()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self._parameters(node, scope)
            self._globals[scope] = {
                name
                for inner in ast.walk(node)
                if isinstance(inner, (ast.Global, ast.Nonlocal))
                for name in inner.names
            }
        return scope

    def _bind(self, scope: Scope, name: str, binding: Binding) -> None:
        if name in self._globals[scope]:  # global or nonlocal: the nearest outer scope that knows it, else the module
            outer = scope.parent
            while outer is not None and outer.parent is not None and (outer.is_class or name not in outer.names):
                outer = outer.parent
            (outer or scope).bind(name, binding)
            return
        scope.bind(name, binding)
        if scope.is_class:
            scope.attributes.setdefault(name, []).append(binding)

    def _parameters(self, node: Function | ast.Lambda, scope: Scope) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        owner = scope.parent
        static = any(
            isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in getattr(node, "decorator_list", ())
        )
        is_method = owner is not None and owner.is_class and not static and not isinstance(node, ast.Lambda)
        for position, argument in enumerate(positional):
            if position == 0 and owner is not None and is_method:
                scope.bind(argument.arg, Binding("self", owner.node, owner))
                continue
            self._parameter(argument, scope)
        for argument in arguments.kwonlyargs:
            self._parameter(argument, scope)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                scope.bind(extra.arg, Binding("varargs", extra.annotation, scope.parent))
        filled = [*zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)]
        filled += [
            (name, value) for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
        ]
        for argument, default in filled:
            scope.bind(argument.arg, Binding("value", default, owner))

    def _parameter(self, argument: ast.arg, scope: Scope) -> None:
        if argument.annotation is not None:
            scope.bind(argument.arg, Binding("annotation", argument.annotation, scope.parent))
        else:
            scope.bind(argument.arg, Binding("opaque"))

    def _visit(self, node: ast.AST, scope: Scope) -> list[tuple[ast.AST, Scope]]:
        """Collect what a node binds; return its children with their scopes."""
        if isinstance(node, ast.Call):
            self._module.calls.append((node, scope))
        if isinstance(node, _SCOPES):
            return self._visit_scope(node, scope)
        if isinstance(node, _COMPREHENSIONS):
            inner = self._open(node, "", scope)
            return [(child, inner) for child in ast.iter_child_nodes(node)]
        self._statement(node, scope)
        return [(child, scope) for child in ast.iter_child_nodes(node)]

    def _visit_scope(self, node: ast.AST, scope: Scope) -> list[tuple[ast.AST, Scope]]:
        name = getattr(node, "name", "")
        marks = getattr(node, "decorator_list", ())
        self._module.decorated |= dict.fromkeys(marks, name)
        self._module.calls += [(mark, scope) for mark in marks if not isinstance(mark, ast.Call)]
        if isinstance(node, ast.ClassDef):
            self._bind(scope, name, Binding("class", node, scope))
        elif not isinstance(node, ast.Lambda):
            self._bind(scope, name, Binding("function", node, scope))
        inner = self._open(node, name, scope)
        if isinstance(node, ast.Lambda):
            inner.returns.append(Binding("value", node.body, inner))
        return [*((child, scope) for child in _outer(node)), *((child, inner) for child in _own(node))]

    def _statement(self, node: ast.AST, scope: Scope) -> None:
        """Collect what a node binds, if its kind binds anything."""
        binder = _BINDERS.get(type(node))
        if binder is not None:
            binder(self, node, scope)

    def bind_import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            whole = alias.name if alias.asname else alias.name.split(".")[0]
            self._bind(scope, alias.asname or whole, Binding("import", module=whole))

    def bind_import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        source = _absolute(self._module, node.level, node.module)
        for alias in node.names:
            if alias.name == "*":
                scope.stars.append(source)
            else:
                self._bind(scope, alias.asname or alias.name, Binding("import", module=source, name=alias.name))

    def bind_assignment(self, node: ast.Assign, scope: Scope) -> None:
        for target in node.targets:
            self._assign(target, node.value, scope)

    def bind_annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        self._target(node.target, Binding("annotation", node.annotation, scope), scope)
        if node.value is not None:
            self._target(node.target, Binding("value", node.value, scope), scope)

    def bind_walrus(self, node: ast.NamedExpr, scope: Scope) -> None:
        outer = scope
        while isinstance(outer.node, _COMPREHENSIONS) and outer.parent is not None:  # it binds outside of them
            outer = outer.parent
        self._target(node.target, Binding("value", node.value, scope), outer)

    def bind_with(self, node: ast.withitem, scope: Scope) -> None:
        if node.optional_vars is not None:
            self._target(node.optional_vars, Binding("entered", node.context_expr, scope), scope)

    def bind_loop(self, node: ast.For | ast.AsyncFor | ast.comprehension, scope: Scope) -> None:
        self._unpack(node.target, Binding("element", node.iter, scope), scope)

    def bind_capture(self, node: ast.MatchAs | ast.MatchStar | ast.ExceptHandler, scope: Scope) -> None:
        if node.name is not None:
            self._bind(scope, node.name, Binding("opaque"))

    def bind_match(self, node: ast.Match, scope: Scope) -> None:
        for case in node.cases:
            if isinstance(case.pattern, ast.MatchAs) and case.pattern.name is not None:
                self._bind(scope, case.pattern.name, Binding("value", node.subject, scope))

    def note_return(self, node: ast.Return, scope: Scope) -> None:
        if node.value is not None:
            _function_around(scope).returns.append(Binding("value", node.value, scope))

    def note_yield(self, node: ast.Yield, scope: Scope) -> None:
        if node.value is not None:
            _function_around(scope).yields.append(Binding("value", node.value, scope))

    def note_yield_from(self, node: ast.YieldFrom, scope: Scope) -> None:
        _function_around(scope).yields.append(Binding("element", node.value, scope))

    def _unpack(self, target: ast.expr, binding: Binding, scope: Scope) -> None:
        """Bind a target of a loop or of an unpacking; each of several names is one item of the value."""
        if isinstance(target, ast.Tuple | ast.List):
            for index, inner in enumerate(target.elts):
                node = inner.value if isinstance(inner, ast.Starred) else inner
                how: Literal["element", "item"] = "element" if binding.how == "element" else "item"
                self._unpack(node, Binding(how, binding.node, binding.scope, index=index), scope)
        else:
            self._target(target, binding, scope)

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        """Bind a target, pairing `a, b = x, y` element by element."""
        pair = (ast.Tuple, ast.List)
        if isinstance(target, pair):
            if isinstance(value, pair) and len(value.elts) == len(target.elts):
                for inner, its_value in zip(target.elts, value.elts, strict=True):
                    self._assign(inner, its_value, scope)
            else:
                self._unpack(target, Binding("item", value, scope), scope)
            return
        self._target(target, Binding("value", value, scope), scope)

    def _target(self, target: ast.expr, binding: Binding, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            self._bind(scope, target.id, binding)
        elif isinstance(target, ast.Attribute):
            owners = scope.names.get(target.value.id, ()) if isinstance(target.value, ast.Name) else ()
            selves = [found.scope for found in owners if found.how == "self" and found.scope is not None]
            for owner in (*selves, *(() if selves else (self._module,))):
                owner.attributes.setdefault(target.attr, []).append(binding)
        elif isinstance(target, ast.Subscript):
            self._target(target.value, Binding("holds", binding.node, binding.scope, index=binding.index), scope)


_BINDERS: Final[dict[type[ast.AST], Callable[[_Collector, Any, Scope], None]]] = {
    ast.Import: _Collector.bind_import,
    ast.ImportFrom: _Collector.bind_import_from,
    ast.Assign: _Collector.bind_assignment,
    ast.AnnAssign: _Collector.bind_annotated,
    ast.NamedExpr: _Collector.bind_walrus,
    ast.withitem: _Collector.bind_with,
    ast.For: _Collector.bind_loop,
    ast.AsyncFor: _Collector.bind_loop,
    ast.comprehension: _Collector.bind_loop,
    ast.ExceptHandler: _Collector.bind_capture,
    ast.MatchAs: _Collector.bind_capture,
    ast.MatchStar: _Collector.bind_capture,
    ast.Match: _Collector.bind_match,
    ast.Return: _Collector.note_return,
    ast.Yield: _Collector.note_yield,
    ast.YieldFrom: _Collector.note_yield_from,
}


def fill(module: Module) -> None:
    """Fill a module's scopes from its syntax tree.

    Args:
        module: without scopes so far.
    """
    _Collector(module).collect()
