"""Failure messages of assertions: what was wanted, the nearest event, the whole story."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from narration_capture._captured import CapturedEvent
from narration_capture._matching import described, fits, nearest, nearest_text, shown, unknown_field
from narration_core.following.shape import EventRenderer
from narration_core.nouns import counted

MOST_EVENTS: Final = 40
NUMBER_WIDTH: Final = 4

Events = Sequence[CapturedEvent]


def count_of(number: int) -> str:
    """Return "1 event", "2 events"."""
    return counted(number, "event")


def numbered_story(events: Events, around: CapturedEvent | None = None, lost: Events = ()) -> str:
    """Return the story so far with numbers; a long story is shown around `around`, or from its end.

    Args:
        events: the events in order.
        around: the event that must be visible.
        lost: events that came without the test's context.
    """
    note = f"\n{lost_note(lost)}" if lost else ""
    if not events:
        return f"nothing was narrated{note}"
    first = max(0, len(events) - MOST_EVENTS)
    if around is not None:
        first = min(first, max(0, events.index(around) - MOST_EVENTS // 2))
    renderer = EventRenderer()
    lines = [f"story of {count_of(len(events))}:"]
    step = None
    for index, captured in enumerate(events):
        head, *sentences = renderer.lines(captured.event)
        if not first <= index < first + MOST_EVENTS:
            continue
        if captured.step is not None and captured.step != step:
            lines.append(f"  {captured.step.text}")
        step = captured.step
        lines.append(f"{index + 1:>{NUMBER_WIDTH}} {head}")
        lines += [f"{'':>{NUMBER_WIDTH}}     {sentence}" for sentence in sentences]
    left_out = len(events) - MOST_EVENTS
    if left_out > 0:
        lines.append(f"     ({counted(left_out, 'more event is', 'more events are')} not shown)")
    return "\n".join(lines) + note


def lost_note(lost: Events) -> str:
    """Return where the events went that came without the test's context."""
    names = dict.fromkeys(f"{captured.event.actor} {captured.event.action}" for captured in lost)
    some = ", ".join([*names][:5]) + (", ..." if len(names) > 5 else "")  # noqa: PLR2004 - enough to recognise them
    return (
        f"{count_of(len(lost))} came without this test's context and went to narration.orphans: {some}\n"
        "(a thread needs propagate() or NarratingExecutor; a server that started before the test has its own context)"
    )


def difference(captured: CapturedEvent, wanted: Mapping[str, Any]) -> list[str]:
    """Return, field by field, what was wanted and what an event has."""
    width = max(len(name) for name in wanted)
    lines = []
    for name, value in wanted.items():
        has = captured.event.get(name)
        if fits(has, value):
            lines.append(f"    {name:<{width}}  {has!r}")
        else:
            actual = "absent" if has is None else repr(has)
            lines += [f"  - {name:<{width}}  {shown(value)}", f"  + {name:<{width}}  {actual}"]
    return lines


def _nearest(events: Events, closest: CapturedEvent | None, wanted: Mapping[str, Any]) -> list[str]:
    if closest is None:
        return ["no event comes near it"] if events else []
    where = f"nearest is event {events.index(closest) + 1} of {len(events)}"
    step = f", in step {closest.step.text!r}" if closest.step else ""
    return [f"{where}{step} (- wanted, + narrated):", *difference(closest, wanted)]


def no_such_event(assertion: str, events: Events, wanted: Mapping[str, Any], lost: Events = ()) -> str:
    """Return the message of an assertion that found no event with the wanted fields."""
    closest = nearest(events, wanted)
    lines = [f"{assertion}: no event has {described(wanted)}"]
    mistake = unknown_field(events, tuple(wanted))
    if mistake:
        lines.append(mistake)
    return "\n".join([*lines, "", *_nearest(events, closest, wanted), "", numbered_story(events, closest, lost)])


def not_said(assertion: str, events: Events, text: str, lost: Events = ()) -> str:
    """Return the message of an assertion that found no event with a text in its sentence."""
    closest = nearest_text(events, text)
    lines = [f"{assertion}: no event says {text!r}", ""]
    if closest is not None:
        lines += [
            f"nearest is event {events.index(closest) + 1} of {len(events)} (- wanted, + narrated):",
            f"  - {text}",
            f"  + {closest.event.human}",
            "",
        ]
    return "\n".join([*lines, numbered_story(events, closest, lost)])


def unwanted(assertion: str, events: Events, found: Events, wanted: Mapping[str, Any]) -> str:
    """Return the message of an assertion that found events that should not be there."""
    numbers = ", ".join(str(events.index(captured) + 1) for captured in found)
    many = f"events {numbers} have" if len(found) > 1 else f"event {numbers} has"
    return "\n".join(
        [f"{assertion}: nothing should have {described(wanted)}, but {many}", "", numbered_story(events, found[0])]
    )


def unexpected(events: Events, severe: Events) -> str:
    """Return the message about error events that no assertion names."""
    what = "an error that no assertion names" if len(severe) == 1 else f"{len(severe)} errors that no assertion names"
    lines = [f"the test narrated {what}:"]
    lines += [
        f"  {captured.event.level}: {captured.event.actor} {captured.event.action}: {captured.event.human}"
        for captured in severe
    ]
    lines.append(
        "name each by its action, sentence, level or error_kind (assert_event, a Then step), "
        "or mark the test `narrated_errors`"
    )
    return "\n".join([*lines, "", numbered_story(events, severe[0])])
