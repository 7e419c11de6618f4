"""The Narrator: what services call to tell what happened."""

import contextlib
import functools
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from narration_core import exceptions
from narration_core.context import Scope, current, merged
from narration_core.levels import EMITTING, LEVELS, LevelName
from narration_core.pipeline import PIPELINE, RANK
from narration_core.points import call_site
from narration_core.shortcut import LongWay, emitter
from narration_core.signature import Emit

F = TypeVar("F", bound=Callable[..., Any])


def _silent(action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
    """Do nothing: what a disabled level is (NARR-5001)."""


class Narrator:
    """Tells what one actor does. Calling it is `info`.

    Args:
        actor: who acts, `[a-z0-9_.-]`: a service or a part of one.
    """

    __slots__ = ("__weakref__", "actor", "debug", "error", "fatal", "info", "mute", "trace", "warn")

    trace: Emit
    debug: Emit
    info: Emit
    warn: Emit
    error: Emit
    fatal: Emit
    mute: Emit

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.mute = _silent
        _narrators.add(self)
        self._rebind()

    def _rebind(self) -> None:
        """Give each level the function that it stands for now; called when the threshold changes."""
        for level in EMITTING:
            setattr(self, level, _emitter(self.actor, level) if _ready(level) else _silent)

    if TYPE_CHECKING:
        # Told to checkers field by field; at run time one dictionary is faster than thirty parameters.
        __call__: Emit
    else:

        def __call__(self, action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
            """Emit one event at `info`; see `Emit`."""
            if PIPELINE.locate and "source_location" not in fields:
                fields["source_location"] = call_site(1)
            self.info(action, target, human, **fields)

    def __repr__(self) -> str:
        return f"Narrator({self.actor!r})"

    def enabled(self, level: LevelName) -> bool:
        """Tell whether events of a level are emitted now."""
        return level != "mute" and LEVELS[level] >= PIPELINE.threshold

    def span(
        self,
        action: str,
        target: str,
        human: str,
        /,
        *,
        done: str | None = None,
        level: LevelName = "info",
        quiet: bool = False,
        **fields: Any,
    ) -> "Span":
        """Narrate a piece of work: an event at its start and one, with `duration_ms`, at its end.

        Args:
            action: what is done.
            target: to what.
            human: the sentence of the start.
            done: the sentence of the end; "Finished: <human>" when absent.
            level: of both events; a failure is told at `error`.
            quiet: tell nothing unless it fails.
            fields: fields of both events.
        """
        location = call_site(1) if PIPELINE.locate else None
        return Span(self, action, target, human, done=done, level=level, quiet=quiet, fields=fields, location=location)

    @overload
    def traced(self, function: F, /) -> F: ...
    @overload
    def traced(
        self, function: None = None, /, *, human: str | None = None, quiet: bool = False, **fields: Any
    ) -> Callable[[F], F]: ...
    def traced(
        self, function: F | None = None, /, *, human: str | None = None, quiet: bool = False, **fields: Any
    ) -> Any:
        """Narrate every call of a function as a span: sync, async, generator or async generator (NARR-8001).

        Args:
            function: what to narrate.
            human: the sentence; "Running <name>" when absent. Arguments are never told.
            quiet: tell nothing unless it fails.
            fields: fields of the events.
        """
        location = call_site(1)

        def decorate(inner: F) -> F:
            # A partial and other callables have no name of their own.
            name = getattr(inner, "__name__", type(inner).__name__)
            where = getattr(inner, "__qualname__", name)

            def span() -> Span:
                return Span(
                    self,
                    name.lower(),
                    where,
                    human or f"Running {name}",
                    done=None,
                    level="info",
                    quiet=quiet,
                    fields=dict(fields),
                    location=location if PIPELINE.locate else None,
                )

            return _wrapped(inner, span)

        return decorate if function is None else decorate(function)


_narrators: "weakref.WeakSet[Narrator]" = weakref.WeakSet()
_setup: Callable[[], None] | None = None


def _ready(level: str) -> bool:
    """Tell whether a level needs a real function: it is enabled, or nobody has configured anything yet."""
    return _setup is not None or LEVELS[level] >= PIPELINE.threshold


def _emitter(actor: str, level: LevelName) -> Emit:
    rank = RANK[level]
    floor = LEVELS[level]

    def long_way(action: str, target: str, human: str, fields: dict[str, Any]) -> None:
        if _setup is not None:
            set_up()
            if floor < PIPELINE.threshold:
                return
        if PIPELINE.locate and "source_location" not in fields:
            fields["source_location"] = call_site(2)
        PIPELINE.emit(rank, actor, action, target, human, fields)

    # An error looks for the exception being handled, which only the long way does.
    return emitter(actor, rank, long_way) if rank < RANK["error"] else _plainly(long_way)


def _plainly(long_way: LongWay) -> Emit:
    def emit(action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
        long_way(action, target, human, fields)

    return emit


def set_up_with(setup: Callable[[], None]) -> None:
    """Name the function that configures the facade when the first event comes and nobody has."""
    global _setup  # noqa: PLW0603 - the one moment of a process when it becomes configured
    _setup = setup


def set_up() -> None:
    """Configure the facade now if nobody has."""
    global _setup
    setup, _setup = _setup, None
    if setup is not None:
        setup()


def rebind_all() -> None:
    """Give every narrator its level functions anew, after the threshold changed."""
    global _setup  # noqa: PLW0603 - whoever configures has configured
    _setup = None
    for narrator in list(_narrators):
        narrator._rebind()  # noqa: SLF001 - same module


class Span:
    """A piece of work that is narrated; made by `Narrator.span`. Also usable with `async with`."""

    __slots__ = (
        "_began",
        "_done",
        "_entered",
        "_fields",
        "_human",
        "_level",
        "_location",
        "_narrator",
        "_quiet",
        "_scope",
        "_token",
        "action",
        "target",
    )

    def __init__(
        self,
        narrator: Narrator,
        action: str,
        target: str,
        human: str,
        *,
        done: str | None,
        level: LevelName,
        quiet: bool,
        fields: dict[str, Any],
        location: str | None,
    ) -> None:
        self.action = action
        self.target = target
        self._narrator = narrator
        self._human = human
        self._done = done
        self._level = level
        self._quiet = quiet
        self._fields = fields
        self._location = location
        self._scope: Scope | None = None
        self._token: Token[Scope] | None = None
        self._began = 0
        # A span entered again inside itself puts back what it found.
        self._entered: list[tuple[Scope | None, Token[Scope] | None, int]] = []

    def _emit(self, level: LevelName, step: str, human: str, more: dict[str, Any]) -> None:
        fields = {"event": f"{self.action}_{step}", **self._fields, **more}
        if self._location is not None:
            fields["source_location"] = self._location
        emit: Emit = getattr(self._narrator, level)
        emit(self.action, self.target, human, **fields)

    def note(self, **fields: Any) -> None:
        """Add fields to the events still to come, the end above all."""
        self._fields.update(fields)

    def progress(self, percent: float, human: str, **fields: Any) -> None:
        """Tell how far the work is.

        Args:
            percent: 0 to 100.
            human: the sentence; `{percent}` may be used in it.
            fields: fields of this event.
        """
        if PIPELINE.locate and "source_location" not in fields:
            fields["source_location"] = call_site(1)
        self._emit(self._level, "progress", human, {"percent": percent, **fields} | self._own_location(fields))

    def _own_location(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"source_location": fields["source_location"]} if "source_location" in fields else {}

    def __enter__(self) -> Self:
        """Open the span: bind its ids, tell the start."""
        outer = current.get()
        ids = {
            "trace_id": outer.fields.get("trace_id") or outer.sources.trace_id(),
            "parent_span_id": outer.fields.get("span_id") or outer.fields.get("parent_span_id"),
            "span_id": outer.sources.span_id(),
        }
        self._entered.append((self._scope, self._token, self._began))
        self._scope = Scope(merged(outer.fields, ids), outer.sources, outer.listener)
        self._token = current.set(self._scope)
        self._began = outer.sources.monotonic_ns()
        if not self._quiet:
            try:
                self._emit(self._level, "start", self._human, {})
            except BaseException:  # a mistake in strict mode: the block does not run, so nothing would unbind
                self.suspend()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell the end, or the failure with its `error_kind`; the exception goes on."""
        sources = current.get().sources
        duration = {"duration_ms": (sources.monotonic_ns() - self._began) // 1_000_000}
        if error is None or isinstance(error, GeneratorExit):
            if not self._quiet:
                self._emit(self._level, "end", self._done or f"Finished: {self._human}", duration)
        else:
            told = {"error_kind": exceptions.kind(error), "exception": exceptions.chain(error)}
            self._emit("error", "error", f"Failed ({{error_kind}}): {self._human}", duration | told)
        self.suspend()
        self._scope, self._token, self._began = self._entered.pop()

    def suspend(self) -> None:
        """Put the outer context back while a generator hands over to its consumer."""
        if self._token is not None:
            with contextlib.suppress(ValueError):  # a generator closed in another context than it was opened in
                current.reset(self._token)
            self._token = None

    def resume(self) -> None:
        """Bind the span's context again when a generator goes on."""
        if self._token is None and self._scope is not None:
            self._token = current.set(self._scope)

    async def __aenter__(self) -> Self:
        """Open the span."""
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the span."""
        self.__exit__(kind, error, trace)


def _step_by_step(steps: Generator[Any, Any, Any], span: Span) -> Generator[Any, Any, Any]:
    """Run a generator with the span's context bound only while it runs, not while its consumer does."""
    answer = None
    resume = steps.send
    while True:
        try:
            item = resume(answer)
        except StopIteration as end:
            return end.value
        span.suspend()
        try:
            answer, resume = (yield item), steps.send
        except GeneratorExit:
            span.resume()
            steps.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - whatever the consumer throws in belongs to the generator
            answer, resume = thrown, steps.throw
        span.resume()


def _wrapped_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], span: Callable[[], Span]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return the function with each run in a span; as `_step_by_step`, to which an async generator cannot delegate."""

    @functools.wraps(function)
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with span() as running:
            steps = function(*args, **kwargs)
            answer, resume = None, steps.asend
            while True:
                try:
                    item = await resume(answer)
                except StopAsyncIteration:
                    return
                running.suspend()
                try:
                    answer, resume = (yield item), steps.asend
                except GeneratorExit:
                    running.resume()
                    await steps.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - whatever the consumer throws in
                    answer, resume = thrown, steps.athrow
                running.resume()

    return run


def _wrapped(function: F, span: Callable[[], Span]) -> F:
    """Return the function with each call inside a span of its own."""
    import inspect  # noqa: PLC0415 - costs milliseconds at import, and only decorators need it

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with span():
                return await function(*args, **kwargs)

        return run_async  # type: ignore[return-value]  # wraps keeps the signature
    if inspect.isasyncgenfunction(function):
        return _wrapped_async_generator(function, span)  # type: ignore[return-value]  # as above
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with span() as running:
                return (yield from _step_by_step(function(*args, **kwargs), running))

        return run_generator  # type: ignore[return-value]  # as above

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with span():
            return function(*args, **kwargs)

    return run  # type: ignore[return-value]  # as above
