"""What tests say about narration; every one notes which events it matched."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from narration_capture import _failure_text as failures
from narration_capture._captured import Heard
from narration_capture._matching import described, fits, includes, matches, shown, unknown_field, unknown_level
from narration_core import Event, redact

Beat = tuple[str, str] | tuple[str, str, str] | Mapping[str, Any] | str
"""One entry of an expected story: (actor, action), (actor, action, target), fields, or a part of the sentence."""

_BEAT: Final = ("actor", "action", "target")


class NarrationFailure(AssertionError):  # noqa: N818 - it is what AssertionError is called here
    """A test's claim about narration does not hold; the message shows what was narrated instead."""


def _wanted(beat: Beat) -> dict[str, Any]:
    if isinstance(beat, Mapping) and beat:
        return dict(beat)
    if isinstance(beat, str) and beat:
        return {"human": _Saying(beat)}
    if isinstance(beat, tuple | list) and 0 < len(beat) <= len(_BEAT):
        return dict(zip(_BEAT, beat, strict=False))
    raise ValueError(
        f"assert_story: {beat!r} is no entry of a story: write (actor, action), (actor, action, target), "
        "a mapping of fields, or a part of the sentence"
    )


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


class _Saying:
    """Fits a sentence with a text in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.shown = f"with {text!r} in it"

    def __call__(self, value: Any) -> bool:
        return self._text in str(value)


def _strings(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield (field, text) of every text in a value, names of nested fields included."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield name, str(key)
            yield from _strings(inner, f"{name}.{key}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner, name)
    elif value is not None:
        yield name, str(value)


class Assertions:
    """The assertions of a capture. A failing one shows the story, the nearest event and what differs."""

    heard: list[Heard]
    lost: list[Heard]

    def _match(self, wanted: Mapping[str, Any]) -> list[Heard]:
        return [one for one in self.heard if matches(one.event, wanted)]

    def _assert(self, how: str, wanted: Mapping[str, Any]) -> list[Heard]:
        __tracebackhide__ = True
        if not wanted:
            raise ValueError(f"{how}: name at least one field; any event at all would do")
        found = self._match(wanted)
        if not found:
            raise NarrationFailure(failures.no_such_event(how, self.heard, wanted))
        for one in found:
            one.assert_by(how)
        return found

    def assert_includes(self, text: str) -> Event:
        """Assert that an event says a text in its human, cute or story form; returns the first.

        Raises:
            NarrationFailure: none does.
            ValueError: the text is empty.
        """
        __tracebackhide__ = True
        if not text:
            raise ValueError("assert_includes: every event includes an empty text")
        found = [one for one in self.heard if includes(one.event, text)]
        if not found:
            raise NarrationFailure(failures.not_said("assert_includes", self.heard, text))
        for one in found:
            one.assert_by("assert_includes")
        return found[0].event

    def assert_event(self, **wanted: Any) -> Event:
        """Assert that one event has all these fields; returns the first that has.

        Args:
            wanted: fields and what they should be: a value, a compiled pattern, a function that judges the
                value, `...` for any value, None for a field that must not be set.

        Raises:
            NarrationFailure: no event has all of them.
            ValueError: no field is named.
        """
        __tracebackhide__ = True
        return self._assert("assert_event", wanted)[0].event

    def assert_field(self, name: str, value: Any = ...) -> Event:
        """Assert that an event has a field with a value, or with any value; returns the first.

        Raises:
            NarrationFailure: none has.
        """
        __tracebackhide__ = True
        return self._assert("assert_field", {name: value})[0].event

    def assert_correlation_id(self, correlation_id: str | None = None) -> str:
        """Assert that every event carries one correlation id: this one, or one and the same.

        Returns:
            The id.

        Raises:
            NarrationFailure: nothing was narrated, or an event has none or another one.
        """
        __tracebackhide__ = True
        how = "assert_correlation_id"
        wanted = correlation_id or next(
            (one.event.correlation_id for one in self.heard if one.event.correlation_id), None
        )
        if wanted is None:
            why = "no event carries a correlation id" if self.heard else "nothing was narrated"
            raise NarrationFailure(f"{how}: {why}\n\n{failures.numbered_story(self.heard)}")
        for place, one in enumerate(self.heard):
            has = one.event.correlation_id
            if has != wanted:
                told = "no correlation id" if has is None else repr(has)
                raise NarrationFailure(
                    f"{how}: event {place + 1} of {len(self.heard)} carries {told}, not {wanted!r}: "
                    f"{one.event.actor} {one.event.action}\n\n{failures.numbered_story(self.heard, one)}"
                )
        for one in self.heard:
            one.assert_by(how)
        return wanted

    def assert_story(self, beats: Sequence[Beat], *, only: bool = False) -> list[Event]:
        """Assert that events happened in this order.

        Args:
            beats: each (actor, action), (actor, action, target), a mapping of fields, or a part of the sentence.
            only: nothing else may have been narrated; otherwise other events may stand between.

        Raises:
            NarrationFailure: an entry is missing, out of order, or not the only one.
            ValueError: an entry is none, or there is none and other events may stand between.
        """
        __tracebackhide__ = True
        how = "assert_story"
        if not beats and not only:
            raise ValueError(f"{how}: every story has no entries; name some, or say only=True for silence")
        found: list[Heard] = []
        start = 0
        for place, beat in enumerate(beats):
            wanted = _wanted(beat)
            here = range(start, min(start + 1, len(self.heard)) if only else len(self.heard))
            at = next((number for number in here if matches(self.heard[number].event, wanted)), None)
            if at is None:
                raise NarrationFailure(self._broken(how, place, len(beats), wanted, start, only=only))
            found.append(self.heard[at])
            start = at + 1
        if only and start < len(self.heard):
            extra = self.heard[start]
            raise NarrationFailure(
                f"{how}: the story should end after {_events(len(beats))}, but event {start + 1} follows: "
                f"{extra.event.actor} {extra.event.action}\n\n{failures.numbered_story(self.heard, extra)}"
            )
        for one in found:
            one.assert_by(how)
        return [one.event for one in found]

    def _broken(self, how: str, place: int, beats: int, wanted: Mapping[str, Any], start: int, *, only: bool) -> str:
        entry = f"{how}: entry {place + 1} of {beats} ({described(wanted)})"
        earlier = next((one for one in self.heard[:start] if matches(one.event, wanted)), None)
        if only and start < len(self.heard):
            here = self.heard[start]
            lines = [f"{entry} is not event {start + 1} (- wanted, + narrated):", *failures.difference(here, wanted)]
            return "\n".join([*lines, "", failures.numbered_story(self.heard, here)])
        if earlier is not None:
            return (
                f"{entry} is out of order: it is event {self.heard.index(earlier) + 1}, "
                f"but should follow event {start}\n\n{failures.numbered_story(self.heard, earlier)}"
            )
        after = f" after event {start}" if start else ""
        return f"{entry} did not happen{after}\n{failures.no_such_event(how, self.heard, wanted)}"

    def assert_none(self, **wanted: Any) -> None:
        """Assert that no event has all these fields, for example `level="error"`.

        Raises:
            NarrationFailure: one has, or none ever could: a field or a level is misspelt.
        """
        __tracebackhide__ = True
        found = self._match(self._possible("assert_none", wanted))
        if found:
            raise NarrationFailure(failures.unwanted("assert_none", self.heard, found, wanted))

    def assert_count(self, count: int, **wanted: Any) -> list[Event]:
        """Assert how many events have all these fields.

        Raises:
            NarrationFailure: more or fewer have, or none ever could: a field or a level is misspelt.
        """
        __tracebackhide__ = True
        found = self._match(self._possible("assert_count", wanted))
        if len(found) != count:
            fields = described(wanted) or "any fields at all"
            raise NarrationFailure(
                f"assert_count: {_events(len(found))} {'has' if len(found) == 1 else 'have'} {fields}, not {count}\n\n"
                + failures.numbered_story(self.heard, found[0] if found else None)
            )
        for one in found:
            one.assert_by("assert_count")
        return [one.event for one in found]

    def _possible(self, how: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the wanted fields when an event could have them: what nothing can match says nothing."""
        __tracebackhide__ = True
        mistake = unknown_field(self.heard, tuple(wanted)) or unknown_level(wanted)
        if mistake:
            raise NarrationFailure(f"{how}: {mistake}\n\n{failures.numbered_story(self.heard)}")
        return wanted

    def assert_no_secrets(self, *secrets: str) -> None:
        """Assert that no text of any event holds one of these secrets, nor anything the redaction rules know.

        The message never repeats a secret. Orphans are searched as well.

        Args:
            secrets: what must not be told.

        Raises:
            NarrationFailure: one leaked.
            ValueError: a secret is empty.
        """
        __tracebackhide__ = True
        if not all(secrets):
            raise ValueError("assert_no_secrets: an empty secret would be found everywhere")
        everything = [*self.heard, *self.lost]
        for place, one in enumerate(everything):
            for name, text in _strings(one.event.to_dict(), "event"):
                for number, secret in enumerate(secrets):
                    if secret in text:
                        raise NarrationFailure(self._leak(place, one, name, f"secret {number + 1}"))
            if leaked := self._leaked_field(one.event):
                raise NarrationFailure(self._leak(place, one, leaked, "something that the redaction rules hide"))

    @staticmethod
    def _leaked_field(event: Event) -> str | None:
        for name, value in event.to_dict().items():
            if redact({name: value}) != {name: value}:
                return f"event.{name}"
        return None

    def _leak(self, place: int, one: Heard, name: str, what: str) -> str:
        where = f"event {place + 1}" if place < len(self.heard) else "an orphan event"
        step = f" in step {one.step.text!r}" if one.step else ""
        return (
            f"assert_no_secrets: {what} is told in {name.removeprefix('event.')!r} of {where}{step}: "
            f"{one.event.actor} {one.event.action}\n(the story is not shown, for it may hold the secret)"
        )

    def assert_no_orphans(self) -> None:
        """Assert that no event lost its context on the way, for example in a thread without `propagate`.

        Raises:
            NarrationFailure: some did.
        """
        __tracebackhide__ = True
        if self.lost:
            raise NarrationFailure(
                f"assert_no_orphans: {_events(len(self.lost))} came without this test's context; "
                "a thread needs propagate() or NarratingExecutor\n\n" + failures.numbered_story(self.lost)
            )

    def assert_every(self, name: str, value: Any = ...) -> None:
        """Assert that every event has a field, with a value or with any value.

        Raises:
            NarrationFailure: nothing was narrated, or an event lacks it.
        """
        __tracebackhide__ = True
        if not self.heard:
            raise NarrationFailure("assert_every: nothing was narrated")
        for place, one in enumerate(self.heard):
            has = one.event.get(name)
            if not fits(has, value):
                raise NarrationFailure(
                    f"assert_every: event {place + 1} of {len(self.heard)} has {name}={has!r}, not {shown(value)}\n\n"
                    + failures.numbered_story(self.heard, one)
                )
        for one in self.heard:
            one.assert_by("assert_every")
