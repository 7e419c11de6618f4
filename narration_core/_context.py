"""Binding fields to everything that happens inside a block, and carrying them into threads and processes."""

import functools
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context, copy_context
from types import MappingProxyType, TracebackType
from typing import Any, Final, ParamSpec, TypeVar, overload

from narration_core._clock import Sources
from narration_core._event import FIELD_SET, FIELDS
from narration_core._exceptions import keep_ids
from narration_core._last_word import say
from narration_core._scope import Entered, Scope, active_scope, current, merged, plain_copy
from narration_core._taxonomy import is_field
from narration_core._wrapping import wrapped

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

_VALUES: Final = (str, bytes, int, float, list, tuple, set, frozenset, dict)


def bound() -> Mapping[str, Any]:
    """Return the fields bound here, read only, in the taxonomy's order."""
    return MappingProxyType(active_scope().fields)


_looked_at: Final[set[str]] = set()
_NAMES_LIMIT: Final = 1000


def _look_at_names(names: Iterable[str]) -> None:
    """Say once of a name that is nearly an id's: bound under it, the id would link nothing, and nobody would notice."""
    for name in names:
        if name in _looked_at or is_field(name) or len(_looked_at) >= _NAMES_LIMIT:
            continue
        _looked_at.add(name)
        from difflib import get_close_matches  # noqa: PLC0415 - costs milliseconds at import

        ids = [field for field in FIELDS if field.endswith("_id")]
        meant = get_close_matches(name, ids, n=1, cutoff=0.85)
        if meant:
            say(f"bind({name}=...): there is no such field; is {meant[0]} meant? Else register_field() it")


class bind:  # noqa: N801 - reads as a verb: with bind(job_id="j1")
    """Bind fields to everything emitted inside: a context manager, or a decorator for every kind of function.

    Binding copies; nothing outside the block ever sees the fields, and neither does the consumer of a generator that
    binds them. A field given as None is unbound. One object may be used any number of times, also at once.

    Args:
        sources: clock and ids for the block; tests use it. Anything else of this name is a field.
        listener: a token for taps, not a plain value; tests use it. A plain value of this name is a field.
        trace_flags: the flags of the `traceparent` that the trace id came with, two hexadecimal digits.
        fields: fields of the taxonomy.
    """

    def __init__(
        self,
        /,
        *,
        sources: Sources | None = None,
        listener: object = None,
        trace_flags: str | None = None,
        **fields: Any,
    ) -> None:
        if sources is not None and not hasattr(sources, "now_ms"):
            fields["sources"], sources = sources, None
        if isinstance(listener, _VALUES):
            fields["listener"], listener = listener, None
        if not fields.keys() <= FIELD_SET:
            _look_at_names(fields)
        self._fields = fields
        self._sources = sources
        self._listener = listener
        self._trace_flags = trace_flags
        self._entered: dict[int, Entered] = {}

    def __enter__(self) -> Mapping[str, Any]:
        """Bind the fields and return everything that is bound now."""
        outer = active_scope()
        fields = self._fields
        flags = self._trace_flags or (None if "trace_id" in fields else outer.trace_flags)
        inner = Scope(
            merged(outer.fields, fields) if fields else outer.fields,
            self._sources or outer.sources,
            outer.listener if self._listener is None else self._listener,
            flags,
        )
        entered = Entered(inner, 1)
        self._entered[id(entered.scope)] = entered
        return MappingProxyType(inner.fields)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the outer fields back."""
        # Another thread, task or generator may be in a block of the same object: leave the one that is active here.
        entered = self._entered.pop(id(active_scope()), None) or self._entered.popitem()[1]
        if error is not None:
            keep_ids(error, entered.scope.fields)
        entered.leave()

    def __reduce__(self) -> tuple[Any, ...]:
        given = {"sources": self._sources, "listener": self._listener, "trace_flags": self._trace_flags}
        return (_bind, ({**self._fields, **{name: value for name, value in given.items() if value is not None}},))

    def __call__(self, function: F) -> F:
        """Decorate a function of any kind, so that each run of it is inside the binding."""
        return wrapped(function, lambda *_, **__: _bind(self.__reduce__()[1][0]))


def _bind(arguments: Mapping[str, Any]) -> bind:
    return bind(**arguments)


class _Carried:
    """A block inside a scope that was active elsewhere."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        self._entered = Entered(plain_copy(self._scope), 1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.leave()


class _Propagated:
    """A sync function with the context of the moment when it was propagated. Pickled, it keeps the bound fields."""

    def __init__(self, function: Callable[..., Any], scope: Scope, context: Context | None) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._scope = scope
        self._context = context

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        # A Context cannot be entered twice at once; a copy costs constant time.
        context = copy_context() if self._context is None else self._context.copy()
        return context.run(self._run, args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        current.set(plain_copy(self._scope))
        return self._function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_propagated, (self._function, plain_copy(self._scope)))


def _propagated(function: Callable[..., Any], scope: Scope) -> _Propagated:
    return _Propagated(function, scope, None)


@overload
def propagate(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def propagate(function: None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def propagate(function: Callable[..., Any] | None = None) -> Any:
    """Return a function that carries the scope of this moment into whatever thread or process calls it.

    A sync function gets all context variables of this moment, and can be pickled: in another process it has the bound
    fields. An async function, a generator and an async generator get the scope.

    Args:
        function: what the thread will run; it may be called any number of times, also at once.
    """
    import inspect  # noqa: PLC0415 - costs milliseconds at import

    if function is None:
        return propagate
    scope = plain_copy(active_scope())
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(kind(function) for kind in kinds):
        return wrapped(function, lambda *_, **__: _Carried(scope))
    return _Propagated(function, scope, copy_context())
