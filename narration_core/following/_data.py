"""Stories, answers and conformity as plain data, for `-o json`."""

from typing import Any

from narration_core.following._conform import Conformity, Group
from narration_core.following._golden import Element, Golden
from narration_core.following._lines import Line
from narration_core.following._source import Searched
from narration_core.following._spans import Work
from narration_core.following._story import Story
from narration_core.following._why import Answer


def story_data(story: Story, searched: Searched) -> dict[str, Any]:
    """Return a story as plain data."""
    return {
        "asked": story.asked,
        "correlation_ids": story.ids,
        "services": story.services,
        "lines": [line_data(line) for line in story.lines],
        "work": [work_data(work) for work in story.works],
        "notes": story.notes,
        "searched": searched_data(searched),
    }


def line_data(line: Line) -> dict[str, Any]:
    """Return a line as plain data: its file and line number, its time, and its text."""
    content: dict[str, Any] = {"event": line.event.to_dict()} if line.event is not None else {"text": line.text}
    guessed = {"time_guessed": True} if line.guessed else {}
    return {"source": line.source, "offset": line.offset, "at_ms": line.at_ms, "kind": line.kind, **guessed, **content}


def work_data(work: Work) -> dict[str, Any]:
    """Return a piece of work as plain data."""
    return {
        "service": work.start.service,
        "name": work.name,
        "human": work.event.human,
        "started_at_ms": work.start.at_ms,
        "ended_at_ms": work.end.at_ms if work.end is not None else None,
        "failed": work.failed,
        "depth": work.depth,
    }


def searched_data(searched: Searched) -> dict[str, Any]:
    """Return what was searched as plain data."""
    return {
        "files": searched.files,
        "bytes": searched.counts.bytes,
        "too_long_lines": searched.counts.too_long,
        "unreadable_lines": searched.unreadable,
        "left_out_lines": searched.cut,
        "faults": searched.counts.faults,
        "hubs_not_asked": sorted(searched.not_asked),
    }


def answer_data(answer: Answer, golden: tuple[Golden, Element] | None, searched: Searched) -> dict[str, Any]:
    """Return the answer of `narration why` as plain data."""
    return {
        "asked": answer.story.asked,
        "correlation_ids": answer.story.ids,
        "state": answer.state,
        "held_by": answer.holder,
        "line": line_data(answer.line) if answer.line is not None else None,
        "age_ms": answer.age_ms,
        "quiet_ms": answer.quiet_ms,
        "as_of_ms": answer.as_of_ms,
        "is_live": answer.is_live,
        "open": [work_data(work) for work in answer.open],
        "left_open": [work_data(work) for work in answer.left_open],
        "errors": [line_data(line) for line in answer.errors],
        "usual": answer.usual._asdict() if answer.usual is not None else None,
        "next": {**answer.next._asdict(), "after": answer.next.after._asdict()} if answer.next is not None else None,
        "golden": None
        if golden is None
        else {"title": golden[0].title, "path": golden[0].path, "line": golden[1].line},
        "services": [
            {
                "service": voice.service,
                "last_in_story_ms": voice.in_story,
                "last_anywhere_ms": voice.anywhere,
                "silent": voice.is_silent,
            }
            for voice in answer.voices
        ],
        "losses": [loss._asdict() for loss in answer.losses],
        "others": answer.others,
        "searched": searched_data(searched),
    }


def conformity_data(found: Conformity, searched: Searched) -> dict[str, Any]:
    """Return the result of `narration conform` as plain data."""
    return {
        "stories": found.stories,
        "accounted": found.accounted,
        "groups": [_group_data(group) for group in found.groups],
        "unused_golden_stories": [f"{golden.path} {golden.request}" for golden in found.unused],
        "events_without_correlation_id": found.without_id,
        "other_lines": found.other,
        "searched": searched_data(searched),
    }


def _group_data(group: Group) -> dict[str, Any]:
    return {
        "number": group.number,
        "example": group.example,
        "running": group.is_running,
        "golden": f"{group.golden.path} {group.golden.request}" if group.golden is not None else None,
        "shape": [" ".join(filter(None, symbol)) for symbol in group.shape],
        "parts_at": None if group.parting is None else group.parting.matched,
    }
