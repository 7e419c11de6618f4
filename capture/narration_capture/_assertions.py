"""Assertions about narration; each notes which events it matched, and which of them it named."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from narration_capture import _failure_text as failures
from narration_capture._captured import CapturedEvent
from narration_capture._failure_text import count_of, numbered_story
from narration_capture._matching import (
    TEXTS,
    described,
    fits,
    includes,
    matches,
    names_an_event,
    shown,
    unknown_field,
    unknown_level,
)
from narration_core import Event, redact

Entry = tuple[str, str] | tuple[str, str, str] | Mapping[str, Any] | str
"""One entry of an expected story: (actor, action), (actor, action, target), fields, or a part of the sentence."""

_ENTRY: Final = ("actor", "action", "target")
PATIENCE_S: Final = 10.0
"""How long `assert_eventually` waits, in seconds."""


class NarrationFailure(AssertionError):  # noqa: N818 - it is what AssertionError is called here
    """An assertion about narration failed; the message shows what was narrated instead."""


def _wanted(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Mapping) and entry:
        return dict(entry)
    if isinstance(entry, str) and entry:
        return {"human": _Saying(entry)}
    if isinstance(entry, tuple | list) and 0 < len(entry) <= len(_ENTRY):
        return dict(zip(_ENTRY, entry, strict=False))
    raise ValueError(
        f"assert_story: {entry!r} is not an entry of a story: write (actor, action), (actor, action, target), "
        "a mapping of fields, or a part of the sentence"
    )


class _Saying:
    """Fits a sentence that contains a text."""

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


def _note(assertion: str, found: Sequence[CapturedEvent], wanted: Mapping[str, Any]) -> None:
    """Note that an assertion about one event matched these events, and which of them it named.

    A sentence alone names the first event that has it, and its repetitions: a short text may be part of any other.
    """
    is_named = names_an_event(wanted)
    by_sentence_only = is_named and not names_an_event({k: v for k, v in wanted.items() if k not in TEXTS})
    first = found[0].event
    for captured in found:
        same = (captured.event.actor, captured.event.action) == (first.actor, first.action)
        captured.assert_by(assertion, expected=is_named and (same or not by_sentence_only))


class Assertions:
    """The assertions of a capture. A failing one shows the story, the nearest event and what differs."""

    captured: list[CapturedEvent]
    lost: list[CapturedEvent]

    def _match(self, wanted: Mapping[str, Any]) -> list[CapturedEvent]:
        return [captured for captured in self.captured if matches(captured.event, wanted)]

    def _assert(self, assertion: str, wanted: Mapping[str, Any]) -> list[CapturedEvent]:
        __tracebackhide__ = True
        if not wanted:
            raise ValueError(f"{assertion}: name at least one field; otherwise any event would do")
        found = self._match(wanted)
        if not found:
            raise NarrationFailure(failures.no_such_event(assertion, self.captured, wanted, self.lost))
        _note(assertion, found, wanted)
        return found

    def assert_includes(self, text: str) -> Event:
        """Assert that an event says a text in its human, cute or story sentence; returns the first.

        Raises:
            NarrationFailure: no event says it.
            ValueError: the text is empty.
        """
        __tracebackhide__ = True
        if not text:
            raise ValueError("assert_includes: every event includes an empty text")
        found = [captured for captured in self.captured if includes(captured.event, text)]
        if not found:
            raise NarrationFailure(failures.not_said("assert_includes", self.captured, text, self.lost))
        _note("assert_includes", found, {"human": text})
        return found[0].event

    def assert_event(self, **wanted: Any) -> Event:
        """Assert that one event has all these fields; returns the first that has.

        Args:
            wanted: fields and their values: a value, a compiled pattern, a function that judges the
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
            NarrationFailure: no event has it.
        """
        __tracebackhide__ = True
        return self._assert("assert_field", {name: value})[0].event

    def assert_eventually(self, timeout_s: float = PATIENCE_S, **wanted: Any) -> Event:
        """Wait until an event has all these fields, at most `timeout_s` seconds; returns the first that has.

        For events of other threads and processes. In an `async def` test, await `eventually` instead: the event loop
        stands still while this waits.

        Args:
            timeout_s: longest wait, in seconds.
            wanted: as for `assert_event`.

        Raises:
            NarrationFailure: no such event came in time.
            ValueError: no field is named.
        """
        __tracebackhide__ = True
        if wanted:
            self._wait(lambda: bool(self._match(wanted)), time.monotonic() + timeout_s)
        return self._assert("assert_eventually", wanted)[0].event

    def _wait(self, condition: Callable[[], bool], deadline: float) -> None:
        raise NotImplementedError

    def assert_correlation_id(self, correlation_id: str | None = None) -> str:
        """Assert that every event carries one correlation id: this one, or the same one.

        It looks at all events and names none of them: it makes no point asserted and no error expected.

        Returns:
            The id.

        Raises:
            NarrationFailure: nothing was narrated, or an event has no id or another one.
        """
        __tracebackhide__ = True
        assertion = "assert_correlation_id"
        wanted = correlation_id or next(
            (captured.event.correlation_id for captured in self.captured if captured.event.correlation_id), None
        )
        if wanted is None or not self.captured:
            why = "no event carries a correlation id" if self.captured else "nothing was narrated"
            raise NarrationFailure(f"{assertion}: {why}\n\n{numbered_story(self.captured, lost=self.lost)}")
        for index, captured in enumerate(self.captured):
            has = captured.event.correlation_id
            if has != wanted:
                actual = "no correlation id" if has is None else repr(has)
                raise NarrationFailure(
                    f"{assertion}: event {index + 1} of {len(self.captured)} carries {actual}, not {wanted!r}: "
                    f"{captured.event.actor} {captured.event.action}\n\n{numbered_story(self.captured, captured)}"
                )
        return wanted

    def assert_story(self, entries: Sequence[Entry], *, only: bool = False, any_order: bool = False) -> list[Event]:
        """Assert that events happened in this order.

        Args:
            entries: each (actor, action), (actor, action, target), a mapping of fields, or a part of the sentence.
            only: nothing else may have been narrated; otherwise other events may stand between.
            any_order: the order does not matter; each entry still needs an event of its own.

        Raises:
            NarrationFailure: an entry is missing, out of order, or not the only one.
            ValueError: an entry is not valid, or there is no entry and other events may stand between.
        """
        __tracebackhide__ = True
        assertion = "assert_story"
        if not entries and not only:
            raise ValueError(f"{assertion}: every story has no entries; name some, or say only=True for silence")
        every = [_wanted(entry) for entry in entries]
        found = self._pair_up(assertion, every, only=only) if any_order else self._follow(assertion, every, only=only)
        for captured, wanted in zip(found, every, strict=True):
            captured.assert_by(assertion, expected=names_an_event(wanted))
        return [captured.event for captured in found]

    def _follow(self, assertion: str, every: Sequence[Mapping[str, Any]], *, only: bool) -> list[CapturedEvent]:
        __tracebackhide__ = True
        found: list[CapturedEvent] = []
        start = 0
        for index, wanted in enumerate(every):
            candidates = range(start, min(start + 1, len(self.captured)) if only else len(self.captured))
            at = next((number for number in candidates if matches(self.captured[number].event, wanted)), None)
            if at is None:
                raise NarrationFailure(self._broken(assertion, index, len(every), wanted, start, only=only))
            found.append(self.captured[at])
            start = at + 1
        if only and start < len(self.captured):
            extra = self.captured[start]
            raise NarrationFailure(
                f"{assertion}: the story should end after {count_of(len(every))}, but event {start + 1} follows: "
                f"{extra.event.actor} {extra.event.action}\n\n{numbered_story(self.captured, extra)}"
            )
        return found

    def _pair_up(self, assertion: str, every: Sequence[Mapping[str, Any]], *, only: bool) -> list[CapturedEvent]:
        """Return an event for each entry, each event once; augmenting paths, as an entry may fit several events."""
        __tracebackhide__ = True
        fitting = [[n for n, captured in enumerate(self.captured) if matches(captured.event, w)] for w in every]
        taken: dict[int, int] = {}

        def place(entry: int, tried: set[int]) -> bool:
            for number in fitting[entry]:
                if number not in tried:
                    tried.add(number)
                    if number not in taken or place(taken[number], tried):
                        taken[number] = entry
                        return True
            return False

        for entry, wanted in enumerate(every):
            if not place(entry, set()):
                which = f"{assertion}: entry {entry + 1} of {len(every)} ({described(wanted)}) has no event of its own"
                raise NarrationFailure(
                    f"{which}\n{failures.no_such_event(assertion, self.captured, wanted, self.lost)}"
                    if not fitting[entry]
                    else f"{which}\n\n{numbered_story(self.captured)}"
                )
        if only and len(taken) < len(self.captured):
            extra = next(number for number in range(len(self.captured)) if number not in taken)
            event = self.captured[extra]
            raise NarrationFailure(
                f"{assertion}: the story should have {count_of(len(every))}, but event {extra + 1} is another: "
                f"{event.event.actor} {event.event.action}\n\n{numbered_story(self.captured, event)}"
            )
        by_entry = {entry: number for number, entry in taken.items()}
        return [self.captured[by_entry[entry]] for entry in range(len(every))]

    def _broken(
        self, assertion: str, index: int, entries: int, wanted: Mapping[str, Any], start: int, *, only: bool
    ) -> str:
        entry = f"{assertion}: entry {index + 1} of {entries} ({described(wanted)})"
        earlier = next((captured for captured in self.captured[:start] if matches(captured.event, wanted)), None)
        if only and start < len(self.captured):
            here = self.captured[start]
            lines = [f"{entry} is not event {start + 1} (- wanted, + narrated):", *failures.difference(here, wanted)]
            return "\n".join([*lines, "", numbered_story(self.captured, here)])
        if earlier is not None:
            return (
                f"{entry} is out of order: it is event {self.captured.index(earlier) + 1}, "
                f"but should follow event {start}\n\n{numbered_story(self.captured, earlier)}"
            )
        after = f" after event {start}" if start else ""
        return f"{entry} did not happen{after}\n{failures.no_such_event(assertion, self.captured, wanted, self.lost)}"

    def assert_none(self, **wanted: Any) -> None:
        """Assert that no event has all these fields, for example `level="error"`.

        Raises:
            NarrationFailure: an event has them, or no event ever could: a field or a level is misspelt.
        """
        __tracebackhide__ = True
        found = self._match(self._possible("assert_none", wanted))
        if found:
            raise NarrationFailure(failures.unwanted("assert_none", self.captured, found, wanted))

    def assert_count(self, count: int, **wanted: Any) -> list[Event]:
        """Assert how many events have all these fields.

        A number makes no point asserted. It makes an error expected if the fields name it (action, sentence, level or
        error_kind).

        Raises:
            NarrationFailure: more or fewer have, or no event ever could: a field or a level is misspelt.
        """
        __tracebackhide__ = True
        found = self._match(self._possible("assert_count", wanted))
        if len(found) != count:
            fields = described(wanted) or "any fields at all"
            raise NarrationFailure(
                f"assert_count: {count_of(len(found))} {'has' if len(found) == 1 else 'have'} {fields}, not {count}\n\n"
                + numbered_story(self.captured, found[0] if found else None, self.lost)
            )
        if names_an_event(wanted):
            for captured in found:
                captured.expect()
        return [captured.event for captured in found]

    def _possible(self, assertion: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the wanted fields if an event could have them; an impossible wish would always hold."""
        __tracebackhide__ = True
        mistake = unknown_field(self.captured, tuple(wanted)) or unknown_level(wanted)
        if mistake:
            raise NarrationFailure(f"{assertion}: {mistake}\n\n{numbered_story(self.captured)}")
        return wanted

    def assert_no_secrets(self, *secrets: str) -> None:
        """Assert that no text of any event contains a secret: one of these, or one that the redaction rules know.

        The message never repeats a secret. Orphans are searched as well.

        Args:
            secrets: texts that must not be narrated.

        Raises:
            NarrationFailure: a secret leaked.
            ValueError: a secret is empty.
        """
        __tracebackhide__ = True
        if not all(secrets):
            raise ValueError("assert_no_secrets: an empty secret would be found everywhere")
        everything = [*self.captured, *self.lost]
        for index, captured in enumerate(everything):
            for name, text in _strings(captured.event.to_dict(), "event"):
                for number, secret in enumerate(secrets):
                    if secret in text:
                        raise NarrationFailure(self._leak(index, captured, name, f"secret {number + 1}"))
            if leaked := self._leaked_field(captured.event):
                raise NarrationFailure(self._leak(index, captured, leaked, "something that the redaction rules hide"))

    @staticmethod
    def _leaked_field(event: Event) -> str | None:
        for name, value in event.to_dict().items():
            if redact({name: value}) != {name: value}:
                return f"event.{name}"
        return None

    def _leak(self, index: int, captured: CapturedEvent, name: str, what: str) -> str:
        where = f"event {index + 1}" if index < len(self.captured) else "an orphan event"
        step = f" in step {captured.step.text!r}" if captured.step else ""
        return (
            f"assert_no_secrets: {what} is in {name.removeprefix('event.')!r} of {where}{step}: "
            f"{captured.event.actor} {captured.event.action}\n"
            "(the story is not shown, because it may contain the secret)"
        )

    def assert_no_orphans(self) -> None:
        """Assert that no event lost its context on the way, for example in a thread without `propagate`.

        Raises:
            NarrationFailure: some did.
        """
        __tracebackhide__ = True
        if self.lost:
            raise NarrationFailure(
                f"assert_no_orphans: {count_of(len(self.lost))} came without this test's context; "
                "a thread needs propagate() or NarratingExecutor\n\n" + numbered_story(self.lost)
            )

    def assert_every(self, name: str, value: Any = ...) -> None:
        """Assert that every event has a field, with a value or with any value.

        It looks at all events and names none of them: it makes no point asserted and no error expected.

        Raises:
            NarrationFailure: nothing was narrated, or an event lacks it.
        """
        __tracebackhide__ = True
        if not self.captured:
            raise NarrationFailure(f"assert_every: {numbered_story((), lost=self.lost)}")
        for index, captured in enumerate(self.captured):
            has = captured.event.get(name)
            if not fits(has, value):
                raise NarrationFailure(
                    f"assert_every: event {index + 1} of {len(self.captured)} has {name}={has!r}, "
                    f"not {shown(value)}\n\n{numbered_story(self.captured, captured)}"
                )
