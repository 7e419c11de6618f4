"""The answer of `narration why` for people: what it waits for in the first lines, then the proof."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from narration_core.following import _paint, _story_text, _wording
from narration_core.following._spans import Work
from narration_core.following._story_text import View
from narration_core.following._why import Answer, Voice

if TYPE_CHECKING:
    from narration_core.following._golden import Element, Golden

_LABEL: Final = 13
_LAST_LINES: Final = 5
_MANY_TIMES: Final = 2


def text(answer: Answer, view: View, golden: "tuple[Golden, Element] | None" = None) -> Iterator[str]:
    """Yield the answer, line by line.

    Args:
        answer: from `why`.
        view: how it is shown.
        golden: the golden story that begins as this one does, and its next event.
    """
    yield from _row(view, *_verdict(answer), style="bold")
    for label, sentence in _reasons(answer, golden):
        yield from _row(view, label, sentence)
    if len(answer.open) > 1:
        yield ""
        yield view.paint("Open work, innermost first:", "bold")
        for work in answer.open:
            yield from _work(view, work, answer.as_of_ms)
    yield ""
    yield view.paint("Last heard:", "bold")
    for voice in sorted(answer.voices, key=lambda voice: -(voice.in_story or 0)):
        yield from _voice(view, voice, answer)
    yield ""
    yield view.paint("Last lines of the story:", "bold")
    story = answer.story
    last = type(story)(story.asked, story.ids, story.lines[-_LAST_LINES:], [], [])
    yield from _story_text.body(last, view)
    for note in story.notes:
        yield from _row(view, "Note", note)


def _verdict(answer: Answer) -> tuple[str, str]:
    line = answer.line
    sentence = "" if line is None else f"{line.service}: {_story_text.sentence(line)}"
    since, at = _since(answer), _wording.moment(line.at_ms if line else None, day=True)
    match answer.state:
        case "waiting":
            return "Waiting for", f"{sentence} - open{since}"
        case "queued":
            position = line.event.queue_position if line is not None and line.event is not None else None
            return "Waiting in", f"the queue of {answer.holder}, at position {position}{since}: {sentence}"
        case "silent":
            return "Waiting for", f"{answer.next.actor if answer.next else 'somebody'} to go on after {sentence}{since}"
        case "failed":
            return "Failed", f"{sentence}, at {at}"
        case "finished":
            still = "all outer work has ended" if answer.left_open else "nothing is open"
            return "Finished", f"{still}; the last word was {sentence}, at {at}"
        case _:
            return "Unclear", f"no work is open and nothing tells what should come; the last word was {sentence}{since}"


def _since(answer: Answer) -> str:
    if answer.age_ms is None or answer.line is None:
        return ""
    until = "" if answer.is_live else " when the logs end"
    return f" for {_wording.age(answer.age_ms)}{until}, since {_wording.moment(answer.line.at_ms)}"


def _reasons(answer: Answer, golden: "tuple[Golden, Element] | None") -> Iterator[tuple[str, str]]:
    following = answer.next
    if following is not None and (following.actor != answer.holder or answer.state == "silent"):
        rest = f"{following.share:.0%} of {_wording.number(following.requests, 'other request')}"
        after = _wording.age(following.after.median)
        yield "Missing", f"{following.actor}: {following.human} - came {after} later (median) in {rest}"
    if answer.state in {"waiting", "queued", "silent"}:
        mute = f"; what it calls ({answer.called}) has said nothing of this request" if answer.called else ""
        yield "Held by", f"{_holder(answer)}{mute}"
    if answer.errors and answer.state != "failed":
        yield "Errors", _errors(answer)
    if answer.open and answer.usual is not None:
        yield "Usually", _usual(answer)
    elif answer.open:
        yield "Usually", "unknown: no other end of this step is in what was searched"
    if golden is not None and answer.state != "finished":
        story, element = golden
        actor, action, _ = element.symbol
        yield (
            "Golden story",
            f'"{story.title}" goes on with {actor} {action}: {element.human} ({story.path}:{element.line})',
        )
    lost = sum(sum(loss.counts.values()) for loss in answer.losses)
    if lost:
        who = ", ".join(dict.fromkeys(loss.actor for loss in answer.losses))
        yield (
            "Lost",
            f"{_wording.number(lost, 'event')} of {who} since the story began: what is missing may be among them",
        )
    if answer.left_open:
        names = ", ".join(f"{work.event.actor} {work.name}" for work in answer.left_open)
        yield "Left open", f"{names}: never told to end, though the request is over"
    if answer.others:
        others = ", ".join(f"{count} {state}" for state, count in answer.others.items())
        yield "Others", f"{answer.story.asked} belongs to other requests as well: {others}"


def _errors(answer: Answer) -> str:
    first = answer.errors[0]
    more = len(answer.errors) - 1
    sentence = f"{first.service}: {_story_text.sentence(first)}, at {_wording.moment(first.at_ms)}"
    return f"{sentence}; and {more} more" if more else sentence


def _holder(answer: Answer) -> str:
    voice = next((voice for voice in answer.voices if voice.service == answer.holder), None)
    if voice is None or answer.as_of_ms is None:
        return answer.holder
    latest = max((ms for ms in (voice.in_story, voice.anywhere) if ms is not None), default=None)
    if latest is None:
        return f"{answer.holder}; when it was last heard is unknown"
    quiet = answer.as_of_ms - latest
    if voice.is_silent:
        rest = (
            " while others went on: it may be dead or hung"
            if answer.others_went_on
            else ", as have all others: the logs may end here"
        )
        return f"{answer.holder}, which has said nothing at all for {_wording.age(quiet)}{rest}"
    if voice.in_story is not None and latest > voice.in_story:
        return f"{answer.holder}, which is alive: it was heard {_wording.age(quiet)} ago, with other work"
    return f"{answer.holder}, heard {_wording.age(quiet)} ago"


def _usual(answer: Answer) -> str:
    usual = answer.usual
    assert usual is not None  # noqa: S101 - asked by the caller
    sentence = (
        f"{_wording.age(usual.median)} (median of {usual.measured:,}), {_wording.age(usual.p99)} at the 99th percentile"
    )
    if answer.age_ms is not None and answer.age_ms > usual.p99:
        times = answer.age_ms / usual.p99 if usual.p99 > 0 else 0
        return f"{sentence}; this is {f'{times:.0f} times' if times >= _MANY_TIMES else 'longer than'} that"
    return f"{sentence}; this is within it"


def _work(view: View, work: Work, as_of_ms: int | None) -> Iterator[str]:
    age = (
        ""
        if as_of_ms is None or work.start.at_ms is None
        else f" - {_wording.age(max(0, as_of_ms - work.start.at_ms))}"
    )
    sentence = f"  {work.event.actor}: {work.event.human}{age}, since {_wording.moment(work.start.at_ms)}"
    yield from _paint.wrapped(sentence, view.width, 4)


def _voice(view: View, voice: Voice, answer: Answer) -> Iterator[str]:
    def ago(at_ms: int | None) -> str:
        if at_ms is None or answer.as_of_ms is None:
            return "never"
        return f"{_wording.age(max(0, answer.as_of_ms - at_ms))} ago"

    elsewhere = (
        "" if voice.anywhere is None or voice.anywhere == voice.in_story else f", anywhere {ago(voice.anywhere)}"
    )
    sentence = f"in this story {ago(voice.in_story)}{elsewhere}{'  SILENT' if voice.is_silent else ''}"
    name = _paint.padded(voice.service, _LABEL + 1)
    yield f"  {view.paint(name, f'service:{voice.service}')}  {sentence}"


def _row(view: View, label: str, sentence: str, style: str = "") -> Iterator[str]:
    head = f"{label}:".ljust(_LABEL + 1)
    rows = _paint.wrapped(sentence, view.width, len(head))
    yield view.paint(head, "bold") + (view.paint(rows[0], style) if style else rows[0])
    for row in rows[1:]:
        yield view.paint(row, style) if style else row
