"""A story in the formats of other programs: NDJSON, Chrome's trace format, OTLP logs as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from narration_core._event import Event, encode
from narration_core._otlp import export_request
from narration_core.following._lines import Line
from narration_core.following._spans import Work
from narration_core.following._story import Story


def ndjson(story: Story) -> Iterator[str]:
    """Yield each line of a story as a narration event; a line of plain text as an event of its file."""
    for line in story.lines:
        yield encode(_event(line)).decode()


def _event(line: Line) -> Event:
    if line.event is not None:
        return line.event
    return Event(
        emitted_at_ms=line.at_ms,
        level="info",
        actor=line.service,
        action="raw_output",
        target=line.source,
        human=line.text,
    )


def chrome_trace(story: Story) -> Iterator[str]:
    """Yield the story as one JSON document of Chrome's trace format, for Perfetto and chrome://tracing.

    A service is a process; its work is on lanes of one piece at a time, because viewers draw overlapping work on one
    lane as nonsense. Source: "Trace Event Format", complete (X), instant (i) and metadata (M) events.
    """
    processes = {service: number for number, service in enumerate(story.services, start=1)}
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": {"name": service}}
        for service, number in processes.items()
    ]
    last_us = max((line.at_ms for line in story.lines if line.at_ms is not None), default=0) * 1000
    lanes: dict[str, list[int]] = {}
    for work in story.works:
        if work.start.at_ms is None:
            continue
        start = work.start.at_ms * 1000
        end = max(start, work.end.at_ms * 1000 if work.end is not None and work.end.at_ms is not None else last_us)
        service = work.start.service
        events.append(
            {
                "ph": "X",
                "name": work.name,
                "cat": "open" if work.end is None else "failed" if work.failed else "work",
                "ts": start,
                "dur": end - start,
                "pid": processes[service],
                "tid": _lane(lanes.setdefault(service, []), start, end),
                "args": _arguments(work),
            }
        )
    events += [
        {
            "ph": "i",
            "name": line.event.action if line.event else "text",
            "s": "t",
            "ts": line.at_ms * 1000,
            "pid": processes[line.service],
            "tid": 0,
            "args": line.event.to_dict() if line.event else {"text": line.text},
        }
        for line in story.lines
        if line.at_ms is not None
    ]
    yield json.dumps({"displayTimeUnit": "ms", "traceEvents": events})


def _lane(ends: list[int], start: int, end: int) -> int:
    """Return the first lane that is free at a time, and take it; lane 0 is for instants."""
    for lane, until in enumerate(ends):
        if until <= start:
            ends[lane] = end
            return lane + 1
    ends.append(end)
    return len(ends)


def _arguments(work: Work) -> dict[str, Any]:
    outcome = {} if work.end is None or work.end.event is None else {"outcome": work.end.event.human}
    return {"human": work.event.human, "correlation_id": work.event.correlation_id, **outcome}


def otlp(story: Story) -> Iterator[str]:
    """Yield the story as one OTLP/JSON ExportLogsServiceRequest, a resource for each service."""
    by_service: dict[str, list[Event]] = {}
    for line in story.lines:
        by_service.setdefault(line.service, []).append(_event(line))
    yield json.dumps(export_request(({"service.name": name}, events) for name, events in by_service.items()))
