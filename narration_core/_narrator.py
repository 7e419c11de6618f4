"""The Narrator: services call it to say what happened."""

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from narration_core._call_signature import Emit
from narration_core._call_site import call_site
from narration_core._emitters import level_method, switch
from narration_core._first_use import ensure_configured, is_configured, is_pending
from narration_core._levels import EMITTING, LEVELS, LevelName
from narration_core._pipeline import PIPELINE
from narration_core._scope import active_scope
from narration_core._settings import RANK
from narration_core._span import Span
from narration_core._text import is_absent, is_name, template_fields
from narration_core._wrapping import named_arguments, wrapped

_INSTEAD: Final = {
    "warning": "`narrate.warn`",
    "critical": "`narrate.fatal`",
    "exception": "`narrate.error` in the `except` block: it adds the exception by itself",
    "log": "the method of the level, such as `narrate.info`",
}

F = TypeVar("F", bound=Callable[..., Any])


class _Instead:
    """Says what to use in place of a name that `logging` has and a narrator has not.

    Not `__getattr__`: a class with that pays for it at every look-up, and so at every event.
    """

    def __init__(self, name: str, advice: str) -> None:
        self._message = f"a Narrator has no {name!r}: use {advice}"

    def __get__(self, _: object, owner: type) -> Any:
        raise AttributeError(self._message)


class Narrator:
    """Emits the events of one actor. Calling it emits at level `info`.

    Args:
        actor: who acts, `[a-z0-9_.-]`: a service or a part of one. Absent, as in a library that acts for its callers:
            whoever is bound, `with bind(actor="pool-managerd")`, or else the service that `configure` names.
    """

    __slots__ = ("__weakref__", "actor", "valid_actor")

    if TYPE_CHECKING:
        trace: Emit
        debug: Emit
        info: Emit
        warn: Emit
        error: Emit
        fatal: Emit
        mute: Emit

    def __init__(self, actor: str = "") -> None:
        self.actor = actor
        self.valid_actor = actor if type(actor) is str and is_name(actor) else None

    if TYPE_CHECKING:
        # Type checkers see every field; at run time one dictionary is faster than thirty parameters.
        __call__: Emit
    else:

        def __call__(self, action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
            """Emit one event at `info`; see `Emit`."""
            if PIPELINE.locate and "source_location" not in fields:
                fields["source_location"] = call_site(1)
            try:
                self.info(action, target, human, **fields)
            except RecursionError:  # no room on the stack for the call itself
                PIPELINE.counts.internal_errors += 1

    def __reduce__(self) -> tuple[Any, ...]:
        return (Narrator, (self.actor,))

    def __repr__(self) -> str:
        return f"Narrator({repr(self.actor) if self.actor else ''})"

    def enabled(self, level: LevelName) -> bool:
        """Return whether events of a level are emitted now."""
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
    ) -> Span:
        """Narrate a piece of work: one event at its start and one, with `duration_ms`, at its end.

        Args:
            action: what is done.
            target: to what.
            human: the sentence of the start.
            done: the sentence of the end; "Finished: <human>" when absent.
            level: the level of both events; a failure is emitted at `error`.
            quiet: emit nothing unless the work fails.
            fields: fields of both events.
        """
        location = call_site(1) if PIPELINE.locate else None
        return Span(self, action, target, human, done=done, level=level, quiet=quiet, fields=fields, location=location)

    @overload
    def traced(self, function: F, /) -> F: ...
    @overload
    def traced(
        self,
        function: None = None,
        /,
        *,
        action: str | None = None,
        human: str | None = None,
        quiet: bool = False,
        **fields: Any,
    ) -> Callable[[F], F]: ...
    def traced(
        self,
        function: F | None = None,
        /,
        *,
        action: str | None = None,
        human: str | None = None,
        quiet: bool = False,
        **fields: Any,
    ) -> Any:
        """Narrate every call of a function as a span: sync, async, generator or async generator.

        Args:
            function: what to narrate.
            action: what is done; the function's name when absent.
            human: the sentence; "Running <name>" when absent. An argument that it names, as in `{job_id}`, becomes a
                field of the events; other arguments are never shown.
            quiet: emit nothing unless the work fails.
            fields: fields of the events.
        """
        location = call_site(1)

        def decorate(inner: F) -> F:
            # A partial has no name of its own.
            name = getattr(inner, "__name__", type(inner).__name__)
            where = getattr(inner, "__qualname__", name)
            arguments = named_arguments(inner, template_fields(human or ""))

            def span(*args: Any, **kwargs: Any) -> Span:
                return Span(
                    self,
                    action or name.lower(),
                    where,
                    human or f"Running {name}",
                    done=None,
                    level="info",
                    quiet=quiet,
                    fields={**arguments(args, kwargs), **fields},
                    location=location if PIPELINE.locate else None,
                )

            return wrapped(inner, span)

        return decorate if function is None else decorate(function)


def _mute(self: Narrator, action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
    """Do nothing: the level `mute`."""


def _acting(narrator: Narrator, fields: dict[str, Any]) -> Any:
    """Return who acts: the narrator's actor, else the call's, else the bound one, else the service."""
    actor: Any = narrator.actor
    if is_absent(actor):
        actor = fields.pop("actor", None)
    if is_absent(actor):
        actor = active_scope().fields.get("actor")
    return PIPELINE.settings.service if is_absent(actor) else actor


def _method(level: LevelName) -> FunctionType:
    """Return the method of a level."""
    rank = RANK[level]
    threshold = LEVELS[level]

    def slow(narrator: Narrator, action: str, target: str, human: str, fields: dict[str, Any]) -> None:
        if is_pending():
            ensure_configured()
            if threshold < PIPELINE.threshold:
                return
        if PIPELINE.locate and "source_location" not in fields:
            fields["source_location"] = call_site(2)
        PIPELINE.emit(rank, _acting(narrator, fields), action, target, human, fields)

    # An error looks for the exception being handled, which only the slow path does.
    method = level_method(rank, slow, fast=rank < RANK["error"])
    method.__name__, method.__qualname__ = level, f"{Narrator.__name__}.{level}"
    return method


_methods: Final[dict[str, FunctionType]] = {level: _method(level) for level in EMITTING}
_absent: Final = {name: _Instead(name, advice) for name, advice in _INSTEAD.items()}
_attributes: Final[dict[str, Any]] = {**_methods, "mute": _mute, **_absent}
for _name, _attribute in _attributes.items():
    setattr(Narrator, _name, _attribute)


def switch_levels() -> None:
    """Switch each level of every narrator on or off, after the threshold changed."""
    is_configured()
    for level, method in _methods.items():
        switch(method, on=LEVELS[level] >= PIPELINE.threshold)
