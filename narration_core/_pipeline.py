"""The pipeline of this process: it takes a call, has the event built, and hands it to the outputs."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from narration_core import _exceptions as exceptions
from narration_core._build import Builder
from narration_core._clock import SYSTEM
from narration_core._event import Event, Record
from narration_core._fast_path import FastPath
from narration_core._first_use import ensure_configured
from narration_core._interruption import pass_on
from narration_core._known_secrets import SECRETS, without_named
from narration_core._levels import EMITTING, LEVELS
from narration_core._outputs import Outputs, Tap
from narration_core._sampling import Sampler
from narration_core._scope import active_scope, without_actor
from narration_core._settings import RANK, Counts, Enrich, Settings
from narration_core._writer import Sink, Writer

_WARN: Final = RANK["warn"]
_ERROR: Final = RANK["error"]


class Pipeline:
    """The state of the facade in this process. There is one; `apply` changes its settings.

    Attributes:
        settings: the current settings.
        threshold: the lowest level that is emitted, a value of `LEVELS`.
        locate: whether events carry their point in the source now.
        fast_path: builds everyday events; None while every event must be built the slow way.
        outputs: where events go.
        sampler: the rate limits.
        counts: what happened so far.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self.sampler = Sampler()
        self.settings = Settings()
        self.outputs = Outputs(Builder(self.settings, self.counts), self.counts)
        self._has_sinks = False  # until then every event is built the slow way, which sets the facade up
        self.apply()

    def apply(self, **changes: Any) -> None:
        """Change settings.

        Args:
            changes: fields of `Settings`.
        """
        settings = msgspec.structs.replace(self.settings, **changes)
        fast_path = FastPath(settings, self.counts)
        # All or nothing: what may fail has not failed.
        self._fast_path = fast_path
        self._builder = Builder(settings, self.counts)
        # The facade's own notices are never strict: a long sink name must not stop the thread that reports it.
        self.outputs.builder = Builder(msgspec.structs.replace(settings, strict=False), self.counts)
        self.outputs.strict = settings.strict
        self.settings = settings
        self.threshold = settings.threshold
        SECRETS.hides, SECRETS.finds = settings.redactor.hides, settings.redactor.secrets
        self.settle()

    def settle(self) -> None:
        """Decide, after any change, whether the fast path may be taken and whether events carry their point."""
        taps = bool(self.outputs.taps)
        self.locate = self.settings.source_location or taps
        added = self.settings.enrich is not None or self.settings.process
        slow = self.locate or self.sampler.active or added or not self._has_sinks
        self.fast_path = None if slow else self._fast_path

    def prepare(self) -> None:
        """Do now what the first event would wait for."""
        ensure_configured()
        self.settings.redactor.plan()

    def use_sinks(self, sinks: Sequence[Sink], make_writer: Callable[[Sink], Writer]) -> tuple[Writer, ...]:
        """Replace the sinks; returns the writers of the old ones, for the caller to close."""
        old = self.outputs.replace(sinks, make_writer)
        self._has_sinks = True
        self.settle()
        return old

    def add_tap(self, tap: Tap) -> None:
        """Show every finished event to a function, and note each event's point as long as one is shown events."""
        self.outputs.taps = (*self.outputs.taps, tap)
        self.settle()

    def remove_tap(self, tap: Tap) -> None:
        """Stop showing events to a function."""
        self.outputs.taps = tuple(other for other in self.outputs.taps if other is not tap)
        self.settle()

    def emit(self, rank: int, actor: str, action: str, target: str, human: str, fields: dict[str, Any]) -> None:
        """Build one event the slow way, which takes anything, and hand it on. Raises only mistakes in strict mode.

        Args:
            rank: the level's index in `EMITTING`.
            actor: who did it.
            action: what was done.
            target: to what.
            human: the sentence, a template over the fields.
            fields: everything else that the call gave; changed here.
        """
        try:
            ensure_configured()
            scope = active_scope()
            settings = self.settings
            if settings.enrich is not None:
                self._enrich(settings.enrich, fields)
            if settings.process:
                fields.setdefault("host", platform.node())
                fields.setdefault("pid", os.getpid())
            if self.sampler.active and rank < _WARN and not self._sampled(actor, action):
                return
            error = sys.exception() if rank >= _ERROR else None
            if error is not None and "error_kind" not in fields:
                _add_exception(fields, error)
                human = without_named(human, error) if type(human) is str else human
            values = {**without_actor(scope.fields), **fields}
            now: int | None = None
            if values.get("emitted_at_ms") is None:
                sources = scope.sources
                now = time.time_ns() // 1_000_000 if sources is SYSTEM else sources.now_ms()
            raw = {}
            if self.outputs.taps:
                raw = {"actor": actor, "action": action, "target": target, "human": human, **values}
                raw.pop("emitted_at_ms", None)
            self._finish(self._builder.event(now, rank, actor, action, target, human, values), raw)
        except BaseException as error:
            pass_on(error)
            self.counts.internal_error(error)
            if self.settings.strict:
                raise

    def _enrich(self, enrich: Enrich, fields: dict[str, Any]) -> None:
        try:
            enrich(fields)
        except BaseException as error:
            pass_on(error)
            self.counts.internal_error(error)  # it costs the fields that it would have added, not the event
            if self.settings.strict:
                raise

    def relay(self, event: Event) -> None:
        """Pass on an event of another process or logging system; see `Builder.relayed`. Never raises.

        Args:
            event: the foreign event; a missing time or level is filled in.
        """
        try:
            ensure_configured()
            scope = active_scope()
            if LEVELS[EMITTING[RANK.get(event.level or "info", RANK["info"])]] < self.threshold:
                return
            record = self._builder.relayed(event, scope.fields, scope.sources)
            self._finish(record, event.to_dict() if self.outputs.taps else {})
        except BaseException as error:
            pass_on(error)
            self.counts.internal_error(error)
            if self.settings.strict:
                raise

    def _finish(self, record: Record, raw: dict[str, Any]) -> None:
        counts = self.counts
        counts.emitted[record.rank] += 1
        counts.built += 1
        self.outputs.hand_on(record)
        if self.outputs.taps:
            self.outputs.show(record, raw)

    def _sampled(self, actor: str, action: str) -> bool:
        """Return whether this event is within its rate limit; narrate what was left out before it."""
        passes, skipped = self.sampler.passes(actor, action)
        if passes and skipped:
            self._narrate_skipped(actor, action, skipped)
        return passes

    def _narrate_skipped(self, actor: str, action: str, skipped: int) -> None:
        human = "Left out {skipped:event|events} of this kind to keep to its rate"
        self.emit(RANK["info"], actor, "narration_sampled", action, human, {"skipped": skipped})

    def narrate_skipped(self) -> None:
        """Narrate what sampling left out and no later event of its kind has mentioned: at exit."""
        for actor, action, skipped in self.sampler.unreported():
            self._narrate_skipped(actor or "narration", action, skipped)


def _add_exception(fields: dict[str, Any], error: BaseException) -> None:
    fields["error_kind"] = exceptions.kind(error)
    for name, value in exceptions.described(error).items():
        fields.setdefault(name, value)


PIPELINE: Final = Pipeline()
