"""The link check: does one correlation id lead to the whole story?

A request event has a job, a lifecycle event has none. Within one story (a scenario, or a set of log files):

- an event with a job has a correlation id, and so has every event inside a span that has one;
- all events of a job have the same id, and a span has the id of the span that it is in: no hop loses or changes it;
- every span leads, parent by parent, to a root; at most one parent per id, its caller, may be outside;
- no id is shared by two scenarios;
- each request of a service has a caller here, unless the service is an edge (`narration_ci.measure.hops`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from narration_ci.findings import CoverageError, Finding
from narration_ci.measure.hops import check_hops
from narration_ci.measure.linked_event import LinkedEvent
from narration_ci.measure.records import Record

_LOST: Final = (
    "bind it where the request comes in, and carry the context into threads (`propagate`) and other processes"
)
_CHANGED: Final = "send X-Correlation-Id with every call (`client_tracing`), and accept it (`correlation_middleware`)"


class Chains(NamedTuple):
    """The content of log files.

    Attributes:
        events: how many events.
        other: how many lines are not events.
        ids: the actors of each correlation id, in the order of their first events.
        findings: broken links.
    """

    events: int
    other: int
    ids: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


_decode = msgspec.json.Decoder(LinkedEvent).decode


def check(
    story: Sequence[LinkedEvent], edges: Collection[str] = frozenset(), *, is_over: bool = False
) -> list[Finding]:
    """Return the broken links of one story.

    Args:
        story: its events, in order.
        edges: the actors that anybody may call.
        is_over: whether every request of the story must have ended.
    """
    spans: dict[str, LinkedEvent] = {}
    for event in story:
        if event.span_id and (event.span_id not in spans or spans[event.span_id].correlation_id is None):
            spans[event.span_id] = event
    links = [*_without_id(story, spans), *_jobs(story), *_hops(story, spans), *_roots(story, spans)]
    return [*links, *check_hops(story, edges, is_over=is_over)]


def _without_id(story: Iterable[LinkedEvent], spans: dict[str, LinkedEvent]) -> list[Finding]:
    findings = []
    for event in story:
        if event.correlation_id is not None:
            continue
        around = next((spans[span] for span in (event.span_id, event.parent_span_id) if span in spans), None)
        if event.job_id:
            what = f"{event} belongs to job {event.job_id} and has no correlation id"
        elif around is not None and around.correlation_id is not None:
            what = f"{event} has no correlation id, and {around} around it has {around.correlation_id}"
        else:
            continue
        findings.append(Finding("no-correlation-id", event.place, what, f"the story cannot be followed here; {_LOST}"))
    return findings


def _jobs(story: Iterable[LinkedEvent]) -> list[Finding]:
    first: dict[str, LinkedEvent] = {}
    findings: dict[tuple[str, str], Finding] = {}
    for event in story:
        if event.job_id is None or event.correlation_id is None:
            continue
        before = first.setdefault(event.job_id, event)
        if before.correlation_id != event.correlation_id:
            what = (
                f"{event} of job {event.job_id} has correlation id {event.correlation_id}, "
                f"and {before} of the same job has {before.correlation_id}"
            )
            why = f"one request has one id; {_CHANGED}"
            findings.setdefault((event.job_id, event.correlation_id), Finding("changed-id", event.place, what, why))
    return list(findings.values())


def _hops(story: Iterable[LinkedEvent], spans: dict[str, LinkedEvent]) -> list[Finding]:
    findings: dict[tuple[str, str], Finding] = {}
    for event in story:
        caller = spans.get(event.parent_span_id or "")
        if caller is None or None in (event.correlation_id, caller.correlation_id):
            continue
        if event.correlation_id != caller.correlation_id and event.parent_span_id:
            what = f"{event} has correlation id {event.correlation_id}, its caller {caller} has {caller.correlation_id}"
            why = f"the id changed on the way; {_CHANGED}"
            hop = (event.parent_span_id, event.actor)
            findings.setdefault(hop, Finding("changed-on-the-way", event.place, what, why))
    return list(findings.values())


def _roots(story: Iterable[LinkedEvent], spans: dict[str, LinkedEvent]) -> list[Finding]:
    """Return the ids whose events do not all lead to one root."""
    findings = []
    outside: dict[str, dict[str, LinkedEvent]] = defaultdict(dict)
    parents = {event.span_id: event.parent_span_id for event in story if event.span_id and event.parent_span_id}
    for event in story:
        if event.correlation_id is None or event.parent_span_id is None:
            continue
        seen, at = {event.span_id}, event.parent_span_id
        while at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        if at in seen:
            what = f"the span {at} of {event} is inside itself"
            findings.append(
                Finding("circle", event.place, what, "span ids are made by hand somewhere; let the spans make them")
            )
        elif at not in spans:
            outside[event.correlation_id].setdefault(at, event)
    for correlation_id, ends in outside.items():
        for end, event in list(ends.items())[1:]:
            what = f"{event} of {correlation_id} comes from span {end}, which has no events"
            why = "the chain to the root is broken: a service between does not narrate, or its log is missing here"
            findings.append(Finding("lost-parent", event.place, what, why))
    return findings


def story_of(record: Record) -> list[LinkedEvent]:
    """Return the events of a test's record."""
    return [
        LinkedEvent(
            event.actor or "?",
            event.action or "?",
            event.correlation_id,
            event.job_id,
            event.span_id,
            event.parent_span_id,
            event.event,
            event.duration_ms,
            event.level,
            place=":".join(event.point.split(":")[:2]) if event.point else record.test,
        )
        for event in record.events
    ]


def is_checked(record: Record, exempt: Collection[str]) -> bool:
    """Tell whether the links of a test are checked: it passed, and is a scenario or narrates.

    Args:
        record: of the test.
        exempt: paths of plain tests that break links on purpose.
    """
    if record.outcome != "passed":
        return False
    if record.scenario is not None:
        return True
    path = record.test.partition("::")[0]
    return bool(record.events) and not any(path == name or path.startswith(f"{name}/") for name in exempt)


def check_scenarios(
    records: Iterable[Record], edges: Collection[str] = frozenset(), exempt: Collection[str] = frozenset()
) -> list[Finding]:
    """Return the broken links of every test that passed and narrates, and the ids that two scenarios share.

    Args:
        records: of all tests.
        edges: the actors that anybody may call.
        exempt: paths of plain tests that break links on purpose.
    """
    findings = []
    owner: dict[str, Record] = {}
    for record in records:
        if not is_checked(record, exempt):
            continue
        story = story_of(record)
        found = check(story, edges, is_over=True)
        findings += [finding._replace(what=f'in "{record.title}", {finding.what}') for finding in found]
        if record.scenario is None:
            continue
        for correlation_id in dict.fromkeys(event.correlation_id for event in story if event.correlation_id):
            other = owner.setdefault(correlation_id, record)
            if other.test != record.test:
                what = f'"{record.title}" and "{other.title}" share the correlation id {correlation_id}'
                why = "a story found by this id would hold both; let each scenario use an id of its own"
                findings.append(Finding("shared-id", record.test, what, why))
    return findings


def read_log(path: Path) -> tuple[list[LinkedEvent], int]:
    """Return the events of a log file, and how many of its lines are not events.

    Args:
        path: JSON lines, possibly with other lines between them.

    Raises:
        CoverageError: it cannot be read.
    """
    found, other = [], 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    event = _decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    other += bool(line.strip())
                    continue
                found.append(msgspec.structs.replace(event, place=f"{path}:{number}"))
    except OSError as error:
        raise CoverageError(f"{path}: cannot be read: {error.strerror}; name log files of JSON lines") from None
    return found, other


def check_logs(paths: Iterable[Path], edges: Collection[str] = frozenset()) -> Chains:
    """Return what log files of any number of services hold, taken as one story.

    Args:
        paths: the files.
        edges: the actors that anybody may call.

    Raises:
        CoverageError: a file cannot be read, or no line is an event.
    """
    story: list[LinkedEvent] = []
    other = 0
    every = list(paths)
    for path in every:
        found, rest = read_log(path)
        story += found
        other += rest
    if not story:
        raise CoverageError(f"{', '.join(map(str, every))}: no line is an event: write them with NARRATION_FORMAT=json")
    story.sort(key=lambda event: event.emitted_at_ms or 0)  # stable: lines without a time keep their order
    actors: dict[str, dict[str, None]] = defaultdict(dict)
    for event in story:
        if event.correlation_id:
            actors[event.correlation_id][event.actor] = None
    return Chains(
        len(story),
        other,
        {name: tuple(passed) for name, passed in actors.items()},
        tuple(check(story, edges)),
    )
