"""A piece of work that is narrated, and functions whose every call is one."""

import contextlib
import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Token
from types import TracebackType
from typing import Any, Self, TypeVar

from narration_core import _exceptions as exceptions
from narration_core._call_signature import Emit
from narration_core._call_site import call_site
from narration_core._context import Scope, current, merged
from narration_core._levels import LevelName
from narration_core._pipeline import PIPELINE

F = TypeVar("F", bound=Callable[..., Any])


class Span:
    """A piece of work that is narrated; made by `Narrator.span`. Also usable with `async with`.

    Its arguments are those of `Narrator.span`, and the narrator, of which the level's function is asked at each event:
    it changes with the threshold.
    """

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
        narrator: object,
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


def wrapped(function: F, span: Callable[[], Span]) -> F:
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
