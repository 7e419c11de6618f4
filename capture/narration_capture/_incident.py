"""From a real story to a scenario: a feature, the recorded events, and the golden story that it should have had."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from narration_capture._captured import CapturedEvent, StepAt
from narration_capture._story import Head, story_text
from narration_capture._test_names import story_file, story_folder, test_name
from narration_core import Event, encode
from narration_core.following import Answer, Work

RECORDINGS: Final = "recordings"
"""Folder beside the features for the recorded events."""

_SEVERE: Final = frozenset(("error", "fatal"))
_QUIET: Final = frozenset(("trace", "debug"))
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")


class _Step(NamedTuple):
    """A step of the scenario, with its table."""

    text: str
    rows: tuple[tuple[str, str], ...] = ()


class Incident(NamedTuple):
    """What is written for a real story.

    Attributes:
        title: the scenario's name.
        feature: the text of the feature.
        feature_path: where it goes.
        recording: the events as JSON lines.
        recording_path: where they go.
        golden: the golden story.
        golden_path: where it goes.
        to_be_written: the steps that somebody has to write in place of the recording, as people read them.
        is_over: the request ended well, so that the scenario passes as it is.
    """

    title: str
    feature: str
    feature_path: Path
    recording: bytes
    recording_path: Path
    golden: str
    golden_path: Path
    to_be_written: tuple[str, ...]
    is_over: bool


def incident(answer: Answer, title: str, feature_path: Path, features: Path, stories: Path) -> Incident:
    """Return a scenario that fails as long as the incident can happen, or that passes when there was none.

    Args:
        answer: what the request waits for, or how it ended.
        title: the scenario's name.
        feature_path: the feature file to write, below `features`.
        features: the folder of the feature files.
        stories: the folder of the golden stories.
    """
    events = [line.event for line in answer.story.lines if line.event is not None and line.event.level not in _QUIET]
    good = [event for event in events if event.level not in _SEVERE]
    ends = [_end(work) for work in answer.open]
    recording_path = feature_path.parent / RECORDINGS / f"{feature_path.stem}.jsonl"
    to_be_written = _to_be_written(answer, events)
    steps = [
        _Step(f'When the narration of "{PurePosixPath(RECORDINGS, recording_path.name)}" is replayed'),
        _Step("Then the story includes, in order:", (("actor", "action"), *_folded(good))),
        *(_Step(f'And "{end.actor}" narrates "{end.action}" with:', (("event", str(end.event)),)) for end in ends),
        *([_Step('And nothing is narrated at level "error"')] if len(good) < len(events) else []),
        *([_Step("And every event carries one and the same correlation id")] if answer.story.ids else []),
    ]
    places = [StepAt(number, step.text, 0) for number, step in enumerate(steps)]
    return Incident(
        title,
        _feature(answer, title, steps, to_be_written),
        feature_path,
        b"".join(encode(event) + b"\n" for event in events),
        recording_path,
        story_text(Head(title, places), [CapturedEvent(event, places[0]) for event in [*good, *ends]]),
        stories / story_folder(feature_path.relative_to(features)) / story_file(test_name(title)),
        to_be_written,
        answer.state == "finished" and len(good) == len(events),
    )


def _end(work: Work) -> Event:
    """Return the end that a piece of work should have had."""
    opened = work.event
    name = f"{work.name}_end"
    fields = {field: value for field, value in opened.to_dict().items() if field not in {"event", "emitted_at_ms"}}
    return Event(**{**fields, "event": name, "human": f"Finished: {opened.human}"})


def _feature(answer: Answer, title: str, steps: Iterable[_Step], to_be_written: Iterable[str]) -> str:
    lines = [
        f"Feature: {title}",
        f"  From the real story of {answer.story.asked}, found {answer.state}.",
        "",
        f"  Scenario: {title}",
        "    # To be written, in place of the recording:",
        *(f"    #   {step}" for step in to_be_written),
    ]
    for step in steps:
        lines += [f"    {step.text}", *_table(step.rows)]
    return "\n".join(lines) + "\n"


def _folded(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Return who did what, runs of one action shown once: how often it is repeated may change."""
    rows: list[tuple[str, str]] = []
    for event in events:
        row = (event.actor or "", event.action or "")
        if not rows or rows[-1] != row:
            rows.append(row)
    return rows


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    wide = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [f"      | {one.ljust(wide[0])} | {other.ljust(wide[1])} |" for one, other in rows]


def _to_be_written(answer: Answer, events: Sequence[Event]) -> tuple[str, ...]:
    services = ", ".join(answer.story.services)
    first = next((event.human or event.action or "" for event in events), "")
    return (f"Given {services}", f"When what led to this is done: {first}")


def slug(text: str) -> str:
    """Return a text as a part of a file's name: `req-abc:1` is req_abc_1."""
    return _NOT_IN_A_NAME.sub("_", text.lower()).strip("_") or "story"
