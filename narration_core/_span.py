"""A span: a piece of work with an event at its start and one at its end."""

from types import TracebackType
from typing import Any, Self

from narration_core import _exceptions as exceptions
from narration_core._call_signature import Emit, Levels
from narration_core._call_site import call_site
from narration_core._levels import LevelName
from narration_core._pipeline import PIPELINE
from narration_core._scope import Entered, Scope, active_scope, current, merged


class Span:
    """A piece of work that is narrated, created by `Narrator.span`. Also usable with `async with`.

    Its events carry the ids of the span and of the scope that it was opened in, wherever they are emitted: in another
    thread, inside another span, or when a task that knows nothing of it closes it. So do those of a copy, which may be
    in another process; to enter the copy begins a span of its own. The arguments are the levels to emit with and those
    of `Narrator.span`.
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
        "_outer",
        "_quiet",
        "_scope",
        "action",
        "target",
    )

    def __init__(
        self,
        narrator: Levels,
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
        self._entered: Entered | None = None
        self._began = 0
        # A span that is entered again inside itself puts back what it found.
        self._outer: list[tuple[Scope | None, Entered | None, int]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        told = (self._narrator, self.action, self.target, self._human)
        options = {"done": self._done, "level": self._level, "quiet": self._quiet, "location": self._location}
        return (_copied, (told, options, dict(self._fields), self._scope))

    def _emit(self, level: LevelName, step: str, human: str, more: dict[str, Any]) -> None:
        fields = {"event": f"{self.action}_{step}", **self._fields, **more}
        if self._location is not None:
            fields.setdefault("source_location", self._location)
        emit: Emit = getattr(self._narrator, level)
        scope = self._scope
        if scope is None or active_scope().fields.get("span_id") == scope.fields["span_id"]:
            emit(self.action, self.target, human, **fields)
            return
        token = current.set(scope)
        try:
            emit(self.action, self.target, human, **fields)
        finally:
            current.reset(token)

    def note(self, **fields: Any) -> None:
        """Add fields to the events still to come, mainly the end."""
        self._fields.update(fields)

    def progress(self, percent: float, human: str, **fields: Any) -> None:
        """Emit how far the work is.

        Args:
            percent: 0 to 100.
            human: the sentence; `{percent}` may be used in it.
            fields: fields of this event.
        """
        if PIPELINE.locate and "source_location" not in fields:
            fields["source_location"] = call_site(1)
        self._emit(self._level, "progress", human, {"percent": percent, **fields})

    def __enter__(self) -> Self:
        """Open the span: bind its ids, emit the start."""
        return self._open(1)

    def _open(self, depth: int) -> Self:
        outer = active_scope()
        ids = {
            "trace_id": outer.fields.get("trace_id") or outer.sources.trace_id(),
            "parent_span_id": outer.fields.get("span_id") or outer.fields.get("parent_span_id"),
            "span_id": outer.sources.span_id(),
        }
        self._outer.append((self._scope, self._entered, self._began))
        self._scope = Scope(merged(outer.fields, ids), outer.sources, outer.listener, outer.trace_flags)
        self._entered = Entered(self._scope, depth + 1)
        PIPELINE.prepare()  # the first span does not last longer than the others
        self._began = outer.sources.monotonic_ns()
        if not self._quiet:
            try:
                self._emit(self._level, "start", self._human, {})
            except BaseException:  # a mistake in strict mode: the block does not run, so nothing would unbind
                self._leave()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Emit the end, or the failure with its `error_kind`; the exception goes on.

        To be cancelled, and to exit without an error code, is not a failure.
        """
        sources = active_scope().sources if self._scope is None else self._scope.sources
        duration = {"duration_ms": (sources.monotonic_ns() - self._began) // 1_000_000}
        try:
            if error is None or exceptions.is_orderly_exit(error):
                if not self._quiet:
                    self._emit(self._level, "end", self._done or f"Finished: {self._human}", duration)
            elif exceptions.is_cancellation(error):
                if not self._quiet:
                    self._emit(self._level, "end", f"Cancelled: {self._human}", duration)
            else:
                failure = {"error_kind": exceptions.kind(error), **exceptions.described(error)}
                self._emit("error", "error", f"Failed ({{error_kind}}): {self._human}", duration | failure)
        finally:
            self._leave()

    def _leave(self) -> None:
        """Put the outer scope back."""
        if self._entered is not None:
            self._entered.leave()
        scope, self._entered, self._began = self._outer.pop()
        self._scope = scope or self._scope  # what is emitted after the end still has its ids

    async def __aenter__(self) -> Self:
        """Open the span."""
        return self._open(1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the span."""
        self.__exit__(kind, error, trace)


def _copied(told: tuple[Any, ...], options: dict[str, Any], fields: dict[str, Any], scope: Scope | None) -> Span:
    span = Span(*told, fields=fields, **options)
    span._scope = scope  # noqa: SLF001 - same module
    return span
