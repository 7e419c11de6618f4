"""From a call to a finished event: fill in, clean, redact, show to taps, hand to sinks, count."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, cast

from narration_core import _exceptions as exceptions
from narration_core import _text as text
from narration_core._clock import SYSTEM
from narration_core._coercion import FIELD_TYPES, STR, extra_name, extra_order, fitted
from narration_core._context import current
from narration_core._event import (
    FIELD_SET,
    LATEST_MS,
    MAX_LINE,
    RENAMED,
    Event,
    Record,
    encode,
    encode_value,
    from_fields,
)
from narration_core._levels import EMITTING, LEVELS, LevelName
from narration_core._plain_data import MAX_ITEMS, plain
from narration_core._sampling import Sampler
from narration_core._taxonomy import ExtraType, extra_fields, register_field
from narration_core._writer import InlineSink, Sink, Writer
from narration_core.redaction import Redactor

Tap = Callable[[Event, Mapping[str, Any]], None]
"""Sees each finished event on the emitting thread, with the fields as they were given (not redacted)."""

RANK: Final[dict[str, int]] = {level: EMITTING.index(level) for level in EMITTING}
_WARN: Final = RANK["warn"]
_ERROR: Final = RANK["error"]
_KEY_ROOM: Final = 600  # what a key of 128 characters and a marker take at most, as UTF-8
_LIMITS: Final = (("human", text.HUMAN_LIMIT), ("cute", text.CUTE_LIMIT), ("story", text.STORY_LIMIT))

_OWN_FIELDS: Final[tuple[tuple[str, ExtraType, str], ...]] = (
    ("exception", str, "the exception in short: its chain, notes and groups"),
    ("dropped", dict, "events lost, by level"),
    ("skipped", int, "events left out by sampling"),
    ("sink", str, "the sink that this is about"),
    ("exit_code", int, "the exit code of a process"),
    ("stream", str, "which output of a process: stdout or stderr"),
)
for _own in _OWN_FIELDS:
    register_field(*_own)


class NarrationMistake(ValueError):  # noqa: N818 - a mistake of the caller, named as the contract names it
    """A call that breaks the contract; raised only in strict mode, told and mended otherwise."""


class Pipeline:
    """The state of the facade in this process. There is one; `configure` changes it."""

    def __init__(self) -> None:
        self.threshold = LEVELS["info"]
        self.strict = False
        self.locate = False
        self.locate_always = False
        self.short_cut = False
        self.emitted_by = "unknown@unversioned"
        self.end = "}"
        self.redactor = Redactor()
        self.sampler = Sampler()
        self.taps: tuple[Tap, ...] = ()
        self.enrich: Callable[[dict[str, Any]], None] | None = None
        self.writers: tuple[Writer, ...] = ()
        self.puts: tuple[Callable[[Record], None], ...] = ()
        self.inline: tuple[InlineSink, ...] = ()
        self.emitted = [0] * len(EMITTING)
        self.mistakes = 0
        self.internal_errors = 0
        self.last_internal_error: BaseException | None = None

    def settle(self) -> None:
        """Work out, after any setting changed, what follows from the settings together."""
        self.locate = self.locate_always or bool(self.taps)
        self.end = encode(Event(emitted_by=self.emitted_by)).decode()[1:]
        # Strict mode, taps, locations, samples and enrichment all need the long way.
        self.short_cut = not (self.strict or self.locate or self.sampler.active or self.enrich)

    # -- the way of an event ------------------------------------------------------------------

    def emit(
        self,
        rank: int,
        actor: str,
        action: str,
        target: str,
        human: str,
        fields: dict[str, Any],
    ) -> None:
        """Build, clean and hand on one event. Never raises, but for mistakes in strict mode.

        Args:
            rank: the level's place in `EMITTING`.
            actor: who did it.
            action: what was done.
            target: to what.
            human: the sentence, a template over the fields.
            fields: everything else that the call gave; not kept.
        """
        try:
            scope = current.get()
            if self.enrich is not None:
                self.enrich(fields)
            if self.sampler.active and rank < _WARN and not self._sampled(actor, action):
                return
            if rank >= _ERROR and sys.exception() is not None and "error_kind" not in fields:
                _add_exception(fields)
            sources = scope.sources
            values = {**scope.fields, **fields}
            given = values.pop("emitted_at_ms", None)
            if given is not None:
                now = self._moment(given, action)
            else:
                now = time.time_ns() // 1_000_000 if sources is SYSTEM else sources.now_ms()
            raw = {"actor": actor, "action": action, "target": target, "human": human, **values} if self.taps else {}
            record = self._thorough(now, rank, actor, action, target, human, values)
            self.emitted[rank] += 1  # exact under threads as well: CPython switches threads only at calls and loops
            self.hand_on(record)
            for tap in self.taps:
                tap(record.event, raw)
        except Exception as error:
            self.internal_errors += 1
            self.last_internal_error = error
            if self.strict:
                raise

    def _thorough(
        self, now: int, rank: int, actor: str, action: str, target: str, human: str, values: dict[str, Any]
    ) -> Record:
        """Return the record of any event at all: names checked, values made plain, redacted, cut."""
        texts = {"human": human, "cute": values.pop("cute", None), "story": values.pop("story", None)}
        actor, action = self._name("actor", actor), self._name("action", action)
        target = str(plain(target))
        if not target or (type(human) is str and not human):
            self.mistake(f"{actor} {action}: a narration needs a target and a sentence")
        said = {"emitted_at_ms": now, "level": EMITTING[rank], "actor": actor, "action": action, "target": target}
        known, extra = self._sorted(values, action)
        safe: dict[str, Any] = self.redactor.fields({"target": target, **known, **extra})
        written = {name: str(plain(template)) for name, template in texts.items() if template is not None}
        filled = {**said, **safe, **written}
        del filled["human"]  # `cute` and `story` are fields that a call gives; no sentence holds itself
        for name, template in written.items():
            if self.strict:
                self._check_template(name, template, filled, action)
            safe[name] = self.redactor.text(text.clean(text.fill(template, filled)))
        if self.strict:
            for name, limit in _LIMITS:
                length = len(text.without_outcome(safe.get(name) or ""))
                if length > limit:
                    self.mistake(f"{actor} {action}: {name} is {length} characters, at most {limit}: {safe[name]}")
        event = Event(
            emitted_at_ms=now,
            level=EMITTING[rank],
            actor=actor,
            action=action,
            **{
                "emitted_by": self.emitted_by,
                **{key: value for key, value in safe.items() if key in FIELD_SET},
            },
            extra={key: safe[key] for key in extra_order(safe)},
        )
        return _record(event, rank)

    def relay(self, event: Event) -> None:
        """Pass on an event that was made elsewhere: another process or logging system. Never raises.

        Its own values stay, what it lacks comes from the bound context, and it is cleaned and redacted here
        again. Its texts are not templates, and strict mode does not judge them: they are somebody else's.

        Args:
            event: the foreign event; a missing time or level is filled in.
        """
        try:
            scope = current.get()
            given = {**scope.fields, **event.to_dict()}
            given.setdefault("emitted_at_ms", scope.sources.now_ms())
            given.setdefault("level", "info")
            given.setdefault("emitted_by", self.emitted_by)
            rank = RANK.get(given["level"], RANK["info"])
            if LEVELS[EMITTING[rank]] < self.threshold:
                return
            fixed: dict[str, Any] = {
                name: given.pop(name) for name in ("emitted_at_ms", "level", "source_location") if name in given
            }
            safe: dict[str, Any] = self.redactor.fields(
                {
                    name if name in FIELD_SET else extra_name(name): fitted(value, FIELD_TYPES.get(name))
                    for name, value in given.items()
                }
            )
            safe["actor"] = text.to_name(str(safe.get("actor")))
            safe["action"] = text.to_name(str(safe.get("action")))
            finished = from_fields({**fixed, **safe})
            self.emitted[rank] += 1
            record = _record(finished, rank)
            self.hand_on(record)
            for tap in self.taps:
                tap(record.event, event.to_dict())
        except Exception as error:
            self.internal_errors += 1
            self.last_internal_error = error
            if self.strict:
                raise

    def _name(self, what: str, name: Any) -> str:
        if type(name) is str and text.is_name(name):
            return name
        self.mistake(f"{what} {name!r} must be ASCII [a-z0-9_.-], 1 to 128 characters")
        return text.to_name(str(plain(name)))

    def _check_template(self, name: str, template: str, filled: Mapping[str, Any], action: str) -> None:
        missing = [field for field in text.template_fields(template) if field not in filled]
        if missing:
            self.mistake(f"{action}: {name} names {', '.join(missing)}, which the event does not have: {template}")
        faults = text.template_faults(template, filled)
        if faults:
            self.mistake(
                f"{action}: {name} is no template at {faults[0]!r}: only {{field}} and {{field:spec}} are filled in; "
                f"write {{{{ and }}}} for braces: {template}"
            )

    def _moment(self, given: Any, action: str) -> int:
        """Return the time that a call gave; now when that is none."""
        if type(given) is int and 0 <= given < LATEST_MS:
            return given
        self.mistake(f"{action}: emitted_at_ms must be milliseconds since the epoch, a whole number")
        return SYSTEM.now_ms()

    def _sorted(self, values: Mapping[str, Any], action: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fields as plain values: those of the event and, apart, the extra ones."""
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for given, value in values.items():
            name = RENAMED.get(given, given)
            if value is None or (name != given and name in values):
                continue
            types = FIELD_TYPES.get(name)
            if types is None:
                self._check_extra(name, value, action)
                extra[extra_name(name)] = plain(value)
            elif type(value) in types:
                known[name] = text.clean(value) if types is STR else plain(value)
            else:
                known[name] = self._converted(name, value, types, action)
        return known, {key: value for key, value in extra.items() if value is not None}

    def _check_extra(self, name: str, value: Any, action: str) -> None:
        field = extra_fields().get(name)
        if field is None:
            self.mistake(f"{action}: {name!r} is no field of the taxonomy: correct it, or register_field() it")
        elif not isinstance(value, field.type) and not (field.type is float and isinstance(value, int)):
            self.mistake(f"{action}: {name} must be {field.type.__name__}, not {type(value).__name__}")

    def _converted(self, name: str, value: Any, types: tuple[type, ...], action: str) -> Any:
        """Return a value of the field's type; None when the value cannot be one."""
        self.mistake(f"{action}: {name} must be {types[0].__name__}, not {type(value).__name__}")
        return fitted(value, types)

    def _sampled(self, actor: str, action: str) -> bool:
        """Tell whether this event passes its rate limit; tells what was skipped when there is room again."""
        passes, skipped = self.sampler.passes(actor, action)
        if passes and skipped:
            self._tell_sampled(actor, action, skipped)
        return passes

    def _tell_sampled(self, actor: str, action: str, skipped: int) -> None:
        human = "Left out {skipped} events of this kind to keep to its rate"
        self.emit(RANK["info"], actor, "narration_sampled", action, human, {"skipped": skipped})

    def tell_skipped(self) -> None:
        """Tell what sampling left out and no later event of the kind has told: at exit."""
        for actor, action, skipped in self.sampler.untold():
            self._tell_sampled(actor or "narration", action, skipped)

    def hand_on(self, record: Record) -> None:
        """Give a finished event to every sink."""
        for sink in self.inline:
            if sink.idle:
                continue
            try:
                sink.write((record,))
            except Exception as error:
                self.internal_errors += 1
                self.last_internal_error = error
                if self.strict:
                    raise
        for put in self.puts:
            put(record)

    def mistake(self, message: str) -> None:
        """Count a call that breaks the contract; in strict mode raise it.

        Raises:
            NarrationMistake: in strict mode.
        """
        self.mistakes += 1
        if self.strict:
            _raise(NarrationMistake(message))

    # -- losses and failures, told in the same language ------------------------------------------

    def own(self, level: LevelName, action: str, target: str, human: str, **fields: Any) -> Record:
        """Return a record of the facade's own: actor `narration`, no context."""
        return self._thorough(
            SYSTEM.now_ms(),
            RANK[level],
            "narration",
            action,
            target,
            human,
            {**fields, "emitted_by": self.emitted_by},
        )

    def dropped(self, sink: Sink, counts: dict[str, int]) -> Record:
        """Return the record that tells a sink what it missed."""
        total = sum(counts.values())
        return self.own(
            "warn",
            "narration_dropped",
            sink.name,
            f"Lost {total} events on the way to {{sink}}: its queue was full",
            sink=sink.name,
            dropped=counts,
            error_kind="queue_full",
        )

    def failed(self, sink: Sink, error: BaseException, retry_s: float) -> None:
        """Tell every other sink that this one is switched off for a while."""
        self._tell_others(
            sink,
            self.own(
                "error",
                "sink_failed",
                sink.name,
                "Sink {sink} failed ({error_kind}); trying again in {backoff_ms} ms",
                sink=sink.name,
                error_kind=exceptions.kind(error),
                exception=exceptions.chain(error),
                backoff_ms=int(retry_s * 1000),
            ),
        )

    def recovered(self, sink: Sink) -> None:
        """Tell every other sink that this one works again."""
        self._tell_others(
            sink, self.own("info", "sink_recovered", sink.name, "Sink {sink} works again", sink=sink.name)
        )

    def _tell_others(self, sink: Sink, record: Record) -> None:
        for other in self.inline:
            other.write((record,))
        for writer in self.writers:
            if writer.sink is not sink:
                writer.put(record)

    # -- who listens ---------------------------------------------------------------------------

    def add_tap(self, tap: Tap) -> None:
        """Show every finished event to a function, and note each event's point while it listens."""
        self.taps = (*self.taps, tap)
        self.settle()

    def remove_tap(self, tap: Tap) -> None:
        """Stop showing events to a function."""
        self.taps = tuple(other for other in self.taps if other is not tap)
        self.settle()

    def set_sinks(self, sinks: Sequence[Sink], make_writer: Callable[[Sink], Writer]) -> tuple[Writer, ...]:
        """Replace the sinks; returns the writers of the old ones, for the caller to close."""
        old = self.writers
        self.inline = tuple(cast("InlineSink", sink) for sink in sinks if not sink.background)
        self.writers = tuple(make_writer(sink) for sink in sinks if sink.background)
        self.puts = tuple(writer.put for writer in self.writers)
        return old


def _record(event: Event, rank: int) -> Record:
    """Return the event as a record; what makes a line too long to be read back is left out, the largest first."""
    line = encode(event)
    if len(line) <= MAX_LINE:
        return Record(line, rank, event)
    fields = event.to_dict()
    for name in list(event.extra)[MAX_ITEMS:]:
        del fields[name]
    sizes = {name: len(encode_value(value)) for name, value in fields.items()}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) + len(sizes) * _KEY_ROOM <= MAX_LINE:
            break
        fields[name] = f"...[{sizes[name]} bytes left out]"
        sizes[name] = len(fields[name])
    shorter = from_fields(fields)
    return Record(encode(shorter), rank, shorter)


def _add_exception(fields: dict[str, Any]) -> None:
    error = sys.exception()
    if error is not None:
        fields["error_kind"] = exceptions.kind(error)
        fields.setdefault("exception", exceptions.chain(error))


def _raise(error: Exception) -> NoReturn:
    raise error


PIPELINE: Final = Pipeline()
