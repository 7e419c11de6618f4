"""What a failing assertion says: what was wanted, what came nearest, the whole story."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from narration_capture._captured import Heard
from narration_capture._matching import described, fits, nearest, nearest_text, shown, unknown_field
from narration_capture._story import Teller

MOST_EVENTS: Final = 40
MARK_WIDTH: Final = 4


def numbered_story(heard: Sequence[Heard], around: Heard | None = None) -> str:
    """Return the story so far with numbers; a long one is shown around one event, or from its end.

    Args:
        heard: the events in order.
        around: the event that should be seen.
    """
    if not heard:
        return "nothing was narrated"
    first = max(0, len(heard) - MOST_EVENTS)
    if around is not None:
        first = min(first, max(0, heard.index(around) - MOST_EVENTS // 2))
    teller = Teller()
    lines = [f"story of {len(heard)} event{'s' if len(heard) != 1 else ''}:"]
    step = None
    for place, one in enumerate(heard):
        head, sentence = teller.lines(one.event)
        if not first <= place < first + MOST_EVENTS:
            continue
        if one.step is not None and one.step != step:
            lines.append(f"  {one.step.text}")
        step = one.step
        lines += [f"{place + 1:>{MARK_WIDTH}} {head}", f"{'':>{MARK_WIDTH}}     {sentence}"]
    left_out = len(heard) - MOST_EVENTS
    if left_out > 0:
        lines.append(f"     ({left_out} more events are not shown)")
    return "\n".join(lines)


def difference(one: Heard, wanted: Mapping[str, Any]) -> list[str]:
    """Return, field by field, what was wanted and what an event has."""
    width = max(len(name) for name in wanted)
    lines = []
    for name, value in wanted.items():
        has = one.event.get(name)
        if fits(has, value):
            lines.append(f"    {name:<{width}}  {has!r}")
        else:
            told = "absent" if has is None else repr(has)
            lines += [f"  - {name:<{width}}  {shown(value)}", f"  + {name:<{width}}  {told}"]
    return lines


def _nearest(heard: Sequence[Heard], one: Heard | None, wanted: Mapping[str, Any]) -> list[str]:
    if one is None:
        return ["no event comes near it"] if heard else []
    place = f"nearest is event {heard.index(one) + 1} of {len(heard)}"
    step = f", in step {one.step.text!r}" if one.step else ""
    return [f"{place}{step} (- wanted, + narrated):", *difference(one, wanted)]


def no_such_event(how: str, heard: Sequence[Heard], wanted: Mapping[str, Any]) -> str:
    """Return the message of an assertion that found no event with the wanted fields."""
    one = nearest(heard, wanted)
    lines = [f"{how}: no event has {described(wanted)}"]
    mistake = unknown_field(heard, tuple(wanted))
    if mistake:
        lines.append(mistake)
    return "\n".join([*lines, "", *_nearest(heard, one, wanted), "", numbered_story(heard, one)])


def not_said(how: str, heard: Sequence[Heard], text: str) -> str:
    """Return the message of an assertion that found no event that says a text."""
    one = nearest_text(heard, text)
    lines = [f"{how}: no event says {text!r}", ""]
    if one is not None:
        lines += [
            f"nearest is event {heard.index(one) + 1} of {len(heard)} (- wanted, + narrated):",
            f"  - {text}",
            f"  + {one.event.human}",
            "",
        ]
    return "\n".join([*lines, numbered_story(heard, one)])


def unwanted(how: str, heard: Sequence[Heard], found: Sequence[Heard], wanted: Mapping[str, Any]) -> str:
    """Return the message of an assertion that found events that should not be there."""
    places = ", ".join(str(heard.index(one) + 1) for one in found)
    many = f"events {places} have" if len(found) > 1 else f"event {places} has"
    return "\n".join(
        [f"{how}: nothing should have {described(wanted)}, but {many}", "", numbered_story(heard, found[0])]
    )
