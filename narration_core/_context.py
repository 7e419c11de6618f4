"""What is known about the work at hand: one ContextVar holding one immutable mapping."""

import contextlib
import functools
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token, copy_context
from types import MappingProxyType, TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from narration_core._clock import SYSTEM, Sources
from narration_core._event import FIELDS, HEAD

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class _Unprepared:
    """What `Scope.prepared` is until the fast path replaces it."""

    owner = None


class Scope:
    """The context of the running task: its fields, its clock and ids, and whoever listens in.

    What a scope says is never changed, only replaced. `listener` is an opaque token by which a tap (a test's
    capture) recognises the events of its own scope. `prepared` belongs to the fast path, which keeps there what it
    derives from the fields.
    """

    __slots__ = ("fields", "listener", "prepared", "sources")

    def __init__(self, fields: dict[str, Any], sources: Sources = SYSTEM, listener: object = None) -> None:
        self.fields = fields
        self.sources = sources
        self.listener = listener
        self.prepared: Any = _Unprepared


_ORDER = {name: place for place, name in enumerate(FIELDS)}
_ROOT = Scope({})
current: ContextVar[Scope] = ContextVar("narration_scope", default=_ROOT)


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    return (_ORDER.get(item[0], len(_ORDER)), item[0])


def merged(fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings as one in the taxonomy's order; a None in `more` takes the field away."""
    both = {**fields, **more}
    return dict(sorted(((k, v) for k, v in both.items() if v is not None and k not in HEAD), key=_place))


def bound() -> Mapping[str, Any]:
    """Return the fields bound here, read only, in the taxonomy's order."""
    return MappingProxyType(current.get().fields)


class bind:  # noqa: N801 - reads as a verb: with bind(job_id="j1")
    """Bind fields to everything emitted inside: a context manager, or a decorator for sync and async functions.

    Binding copies; nothing outside the block ever sees the fields. A field given as None is unbound.

    Args:
        sources: clock and ids for the block; tests use it.
        listener: a token for taps; tests use it.
        fields: fields of the taxonomy.
    """

    def __init__(self, *, sources: Sources | None = None, listener: object = None, **fields: Any) -> None:
        self._fields = fields
        self._sources = sources
        self._listener = listener
        self._tokens: list[Token[Scope]] = []

    def __enter__(self) -> Mapping[str, Any]:
        """Bind the fields and return everything that is bound now."""
        outer = current.get()
        inner = Scope(
            merged(outer.fields, self._fields) if self._fields else outer.fields,
            self._sources or outer.sources,
            outer.listener if self._listener is None else self._listener,
        )
        self._tokens.append(current.set(inner))
        return MappingProxyType(inner.fields)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the outer fields back."""
        token = self._tokens.pop()
        # A generator may be closed in another context than it was started in; there is nothing to undo there.
        with contextlib.suppress(ValueError):
            current.reset(token)

    def __call__(self, function: F) -> F:
        """Decorate a function, sync or async, so that each call runs inside the binding."""
        import inspect  # noqa: PLC0415 - costs milliseconds at import, and only decorators need it

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            # Its body runs when somebody asks for items, long after the call: nothing would be bound there.
            raise TypeError(f"bind() cannot decorate the generator {function.__name__}: use `with bind(...)` inside it")

        def again() -> bind:
            return bind(sources=self._sources, listener=self._listener, **self._fields)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with again():
                    return await function(*args, **kwargs)

            return run_async  # type: ignore[return-value]  # wraps keeps the signature

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]  # wraps keeps the signature


@overload
def propagate(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def propagate(function: None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def propagate(function: Callable[..., Any] | None = None) -> Any:
    """Return a function, sync or async, that carries the context of this moment into whatever thread calls it.

    Args:
        function: what the thread will run; it may be called any number of times, also at once.
    """
    import inspect  # noqa: PLC0415 - as above

    if function is None:
        return propagate
    if inspect.iscoroutinefunction(function):
        scope = current.get()

        @functools.wraps(function)
        async def carried_async(*args: Any, **kwargs: Any) -> Any:
            token = current.set(scope)
            try:
                return await function(*args, **kwargs)
            finally:
                current.reset(token)

        return carried_async
    context = copy_context()

    @functools.wraps(function)
    def carried(*args: Any, **kwargs: Any) -> Any:
        # A Context cannot be entered twice at once; a copy costs constant time.
        return context.copy().run(function, *args, **kwargs)

    return carried
