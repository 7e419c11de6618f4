"""From a call to a finished event: fields sorted, secrets masked, text cleaned, templates filled, size bounded.

Redaction sees text before anything else changes it: a colour or a cut in the middle of a secret must not hide it.

Nothing here sends an event or keeps one; `_pipeline` does that with what comes out.
"""

from collections.abc import Mapping
from typing import Any, Final

from narration_core import _text as text
from narration_core._clock import SYSTEM, Sources
from narration_core._coercion import FIELD_TYPES, STR, extra_name, extra_order, fitted, lost, set_misfits_aside
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
from narration_core._last_word import say
from narration_core._levels import EMITTING, LevelName
from narration_core._plain_data import MAX_ITEMS, cleaned, plain, unmasked
from narration_core._settings import RANK, Counts, Settings
from narration_core._taxonomy import ExtraType, extra_fields, register_field

_KEY_BYTES: Final = 600  # a key of 128 characters and a marker take at most this much, as UTF-8
_LIMITS: Final = (("human", text.HUMAN_LIMIT), ("cute", text.CUTE_LIMIT), ("story", text.STORY_LIMIT))
_RELAYED_TYPES: Final = {**FIELD_TYPES, "target": STR, "human": STR}

_OWN_FIELDS: Final[tuple[tuple[str, ExtraType, str], ...]] = (
    ("exception", str, "the exception in short: its chain, notes and groups"),
    ("frames", list, "where the exception was raised: file:line function, the place itself last"),
    ("host", str, "the machine"),
    ("pid", int, "the process"),
    ("dropped", dict, "events lost, by level"),
    ("skipped", int, "events left out by sampling"),
    ("sink", str, "the sink that this is about"),
    ("exit_code", int, "the exit code of a process"),
    ("stream", str, "which output of a process: stdout or stderr"),
)
for _own in _OWN_FIELDS:
    register_field(*_own)


class NarrationMistake(ValueError):  # noqa: N818 - a mistake of the caller, named as the contract names it
    """A call that breaks the contract: raised in strict mode; otherwise the event is repaired and the call counted."""


class Builder:
    """Builds events under one configuration.

    Args:
        settings: the configuration.
        counts: where mistakes are counted.
    """

    def __init__(self, settings: Settings, counts: Counts) -> None:
        self._strict = settings.strict
        self._emitted_by = settings.emitted_by
        self._redactor = settings.redactor
        self._counts = counts

    def event(
        self, now_ms: int | None, rank: int, actor: str, action: str, target: Any, human: Any, values: dict[str, Any]
    ) -> Record:
        """Return the event of any call at all.

        Args:
            now_ms: the time, milliseconds since the epoch; None when `values` has its own.
            rank: the level's index in `EMITTING`.
            actor: who did it.
            action: what was done.
            target: to what.
            human: the sentence, a template over the fields.
            values: the fields of the call and of the scope; changed here.

        Raises:
            NarrationMistake: in strict mode, when the call breaks the contract.
        """
        actor, action = self._name("actor", actor), self._name("action", action)
        given = values.pop("emitted_at_ms", None)
        now = self._moment(given, action) if now_ms is None else now_ms
        texts = {"human": human, "cute": values.pop("cute", None), "story": values.pop("story", None)}
        if text.is_absent(human):  # told one way only: that is its sentence
            human = texts["human"] = texts["story"] if text.is_absent(texts["cute"]) else texts["cute"]
        target = str(unmasked(target))
        if not target or text.is_absent(human):
            self.mistake(f"{actor} {action}: a narration needs a target and a sentence")
            texts["human"] = "" if human is None else human
        said = {"emitted_at_ms": now, "level": EMITTING[rank], "actor": actor, "action": action, "target": target}
        known, extra = self._sorted(values, action)
        if given is not None and (type(given) is not int or now != given):
            extra.setdefault(extra_name("emitted_at_ms"), unmasked(given))
        given_fields = {"target": target, **known, **extra}
        redacted = self._redactor.fields(given_fields)
        safe: dict[str, Any] = {name: cleaned(value) for name, value in redacted.items()}
        written = {name: str(unmasked(template)) for name, template in texts.items() if template is not None}
        # A template may name `cute` and `story`, which are fields that a call gives, but not `human` itself.
        filled = {**said, **safe, **{name: template for name, template in written.items() if name != "human"}}
        if redacted is not given_fields:
            filled |= {
                name: text.Masked(safe[name])
                for name, value in redacted.items()
                if type(value) is str and value is not given_fields.get(name)
            }
        for name, template in written.items():
            if self._strict:
                self._check_template(name, template, filled, action)
            safe[name] = text.clean(self._redactor.text(text.limited(text.fill(template, filled))))
        if self._strict:
            for name, limit in _LIMITS:
                length = len(text.without_outcome(safe.get(name) or ""))
                if length > limit:
                    self.mistake(f"{actor} {action}: {name} is {length} characters, at most {limit}: {safe[name]}")
        set_misfits_aside(safe)
        event = Event(
            emitted_at_ms=now,
            level=EMITTING[rank],
            actor=actor,
            action=action,
            **{
                "emitted_by": self._emitted_by,
                **{key: value for key, value in safe.items() if key in FIELD_SET},
            },
            extra={key: safe[key] for key in extra_order(safe)},
        )
        return bounded(event, rank)

    def own(self, level: LevelName, action: str, target: str, human: str, **fields: Any) -> Record:
        """Return an event of the facade itself: actor `narration`, no context."""
        return self.event(SYSTEM.now_ms(), RANK[level], "narration", action, target, human, fields)

    def relayed(self, event: Event, bound: Mapping[str, Any], sources: Sources) -> Record:
        """Return the event of another process or logging system, cleaned and redacted here again.

        Its own values stay; what it lacks comes from the scope. Its texts are not templates, and strict mode does
        not judge them: somebody else wrote them.

        Args:
            event: the foreign event.
            bound: the fields of the scope.
            sources: the clock, asked if the event has no time.
        """
        given = {"emitted_by": self._emitted_by, **bound, **event.to_dict()}
        if type(event.emitted_at_ms) is not int:  # another logging system's, not checked yet
            given["emitted_at_ms"] = sources.now_ms()
        rank = RANK.get(event.level or "info", RANK["info"])
        given["level"] = EMITTING[rank]
        fixed: dict[str, Any] = {
            name: given.pop(name)
            for name in ("emitted_at_ms", "level", "source_location")
            if type(given.get(name)) is (int if name == "emitted_at_ms" else str)
        }
        redacted = self._redactor.fields(
            {
                name if name in FIELD_SET else extra_name(name): fitted(value, _RELAYED_TYPES.get(name))
                for name, value in given.items()
            }
        )
        safe: dict[str, Any] = {name: cleaned(value) for name, value in redacted.items()}
        set_misfits_aside(safe)
        safe["actor"] = text.to_name(str(safe.get("actor")))
        safe["action"] = text.to_name(str(safe.get("action")))
        return bounded(from_fields({**fixed, **safe}), rank)

    def mistake(self, message: str) -> None:
        """Count a call that breaks the contract; in strict mode raise it.

        Raises:
            NarrationMistake: in strict mode.
        """
        self._counts.mistakes += 1
        if self._strict:
            raise NarrationMistake(message)

    def _name(self, what: str, name: Any) -> str:
        # A name loses its capitals and signs, and no rule would know the secret in it afterwards.
        safe = self._redactor.text(name if type(name) is str else str(plain(name)))
        if text.is_name(safe):
            return safe
        self.mistake(f"{what} {safe!r} must be ASCII [a-z0-9_.-], 1 to 128 characters")
        return text.to_name(safe)

    def _check_template(self, name: str, template: str, filled: Mapping[str, Any], action: str) -> None:
        missing = [field for field in text.template_fields(template) if field not in filled]
        if missing:
            self.mistake(f"{action}: {name} names {', '.join(missing)}, which the event does not have: {template}")
        faults = text.template_faults(template, filled)
        if faults:
            self.mistake(
                f"{action}: {name} is not a valid template at {faults[0]!r}: only {{field}} and {{field:spec}} are "
                f"filled in; write {{{{ and }}}} for braces: {template}"
            )

    def _moment(self, given: Any, action: str) -> int:
        """Return the time that a call gave, or now if it is not a valid time."""
        if type(given) is int and 0 <= given < LATEST_MS:
            return given
        self.mistake(f"{action}: emitted_at_ms must be milliseconds since the epoch, a whole number")
        _say_once("emitted_at_ms", action)
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
                extra[extra_name(name)] = unmasked(value)
            elif types == STR and type(value) is str:
                known[name] = text.limited(value)
            else:
                converted = known[name] = self._converted(name, value, types, action)
                if lost(value, converted):
                    extra.setdefault(extra_name(name), unmasked(value))
                    _say_once(name, action)
                elif type(converted) not in types:  # `set_misfits_aside` will
                    _say_once(name, action)
        return known, {key: value for key, value in extra.items() if value is not None}

    def _check_extra(self, name: str, value: Any, action: str) -> None:
        field = extra_fields().get(name)
        if field is None:
            self.mistake(f"{action}: {name!r} is not a field of the taxonomy: correct it, or register_field() it")
        elif not issubclass(type(value), (field.type, int) if field.type is float else field.type):
            self.mistake(f"{action}: {name} must be {field.type.__name__}, not {type(value).__name__}")

    def _converted(self, name: str, value: Any, types: tuple[type, ...], action: str) -> Any:
        """Return a value converted to the field's type, if that is possible."""
        if type(value) not in types:
            self.mistake(f"{action}: {name} must be {types[0].__name__}, not {type(value).__name__}")
        return fitted(value, types)


_said: Final[set[str]] = set()


def _say_once(name: str, action: str) -> None:
    """Say, once for each field, that a value did not fit: a program that runs would never notice."""
    if name not in _said:
        _said.add(name)
        say(f"{text.to_name(action)}: a value of {name} does not fit the field; it is kept as {extra_name(name)}")


def bounded(event: Event, rank: int) -> Record:
    """Return the event as a record; a line too long to be read back loses its largest values."""
    line = encode(event)
    if len(line) <= MAX_LINE:
        return Record(line, rank, event)
    fields = event.to_dict()
    for name in list(event.extra)[MAX_ITEMS:]:
        del fields[name]
    sizes = {name: len(encode_value(value)) for name, value in fields.items()}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) + len(sizes) * _KEY_BYTES <= MAX_LINE:
            break
        fields[name] = f"...[{sizes[name]} bytes left out]"
        sizes[name] = len(fields[name])
    shorter = from_fields(fields)
    return Record(encode(shorter), rank, shorter)
