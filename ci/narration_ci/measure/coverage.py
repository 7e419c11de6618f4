"""Coverage: declared points and run records joined; which points are asserted or silent, and which tests reach them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from narration_ci.findings import CoverageError, Finding
from narration_ci.measure.locations import Locations
from narration_ci.measure.moves import Identities, Identity
from narration_ci.measure.records import Record, RecordedEvent, Records
from narration_ci.source.points import Declared, Point

_SHOWN: Final = 10


class PointCoverage(msgspec.Struct, frozen=True):
    """A point and the tests that reach it.

    Attributes:
        point: the point.
        actors: the actors of its events; the source's actor if it emitted none.
        emitted_by: the tests during which it emitted.
        asserted_by: those of them that matched it and passed.
        failed_by: those of them that failed; what they assert does not count.
        scenarios: titles of the scenarios that reach it, asserted or not.
        sentence: one sentence that it emitted; the source's if it emitted none.
        correlated: whether an event of it had a correlation id.
    """

    point: Point
    actors: tuple[str, ...] = ()
    emitted_by: tuple[str, ...] = ()
    asserted_by: tuple[str, ...] = ()
    failed_by: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    sentence: str | None = None
    correlated: bool = False

    @property
    def state(self) -> str:
        """How far it got: "asserted", "emitted" or "silent"."""
        return "asserted" if self.asserted_by else "emitted" if self.emitted_by else "silent"

    @property
    def only_failed(self) -> bool:
        """Whether only tests that failed reach it."""
        return bool(self.emitted_by) and self.failed_by == self.emitted_by


class Totals(msgspec.Struct, frozen=True):
    """Counts of points. Percentages are compared as whole numbers, never rounded."""

    declared: int = 0
    emitted: int = 0
    asserted: int = 0

    def reaches(self, percent: int) -> bool:
        """Tell whether at least so many percent are asserted: 79.6 does not reach 80."""
        return self.asserted * 100 >= percent * self.declared

    @property
    def whole_percent(self) -> int:
        """The asserted share in whole percent, rounded down."""
        return self.asserted * 100 // self.declared if self.declared else 0

    @property
    def shown(self) -> str:
        """The asserted share for people, rounded down to a tenth: 100 and 0 are shown only when they are exact."""
        tenths = self.asserted * 1000 // self.declared if self.declared else 0
        tenths = tenths or (1 if self.asserted else 0)
        return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


class ScenarioCoverage(msgspec.Struct, frozen=True):
    """A test or scenario and the points that it reaches."""

    test: str
    title: str
    feature: str | None
    outcome: str
    tags: tuple[str, ...]
    is_scenario: bool
    story: str | None
    events: int
    points: tuple[str, ...]


class Coverage(msgspec.Struct, frozen=True):
    """The coverage of a run.

    Attributes:
        run_id: of the run.
        totals: of all points that count.
        points: every point that counts, in the order of the source.
        excluded: points that a comment excludes.
        by_actor: totals of each actor; a point that several actors use counts for each.
        by_file: totals of each file.
        scenarios: every test that narrated, and every scenario.
        findings: calls that may narrate, places that emitted but are no declared point, and wrong comments.
        unlocated: how many events of the sources' actors did not say where they come from.
        elsewhere: how many events came from each file outside the source that counts: libraries, generated code.
        replayed: how many events were replayed by tests; they do not show that code ran.
        narrowed: the options that made the run leave tests out; None if it was whole.
        lines: the number of lines of each file with points.
    """

    run_id: str
    totals: Totals
    points: tuple[PointCoverage, ...]
    excluded: tuple[PointCoverage, ...]
    by_actor: dict[str, Totals]
    by_file: dict[str, Totals]
    scenarios: tuple[ScenarioCoverage, ...]
    findings: tuple[Finding, ...]
    unlocated: int
    elsewhere: dict[str, int]
    lines: dict[str, int]
    replayed: int = 0
    narrowed: str | None = None

    @property
    def identities(self) -> Identities:
        """Every declared point, excluded ones included, with its action and level as far as the source says them."""
        return {
            entry.point.key: Identity.of(entry.point.action, entry.point.level)
            for entry in (*self.points, *self.excluded)
        }


UNKNOWN_ACTOR: Final = "(known at run time)"


class _Reach:
    """What reached one point, while it is being put together."""

    def __init__(self) -> None:
        self.actors: set[str] = set()
        self.emitted_by: dict[str, None] = {}
        self.asserted_by: dict[str, None] = {}
        self.failed_by: dict[str, None] = {}
        self.scenarios: dict[str, None] = {}
        self.sentence: str | None = None
        self.correlated = False

    def add(self, event: RecordedEvent, record: Record) -> None:
        self.emitted_by[record.test] = None
        if event.actor:
            self.actors.add(event.actor)
        if record.outcome == "failed":
            self.failed_by[record.test] = None
        elif event.asserted_by and record.outcome == "passed":
            self.asserted_by[record.test] = None
        if record.scenario:
            self.scenarios[record.scenario] = None
        self.sentence = self.sentence or event.human
        self.correlated = self.correlated or bool(event.correlation_id)


def _covered(point: Point, reach: _Reach | None) -> PointCoverage:
    if reach is None:
        return PointCoverage(point, (point.actor or UNKNOWN_ACTOR,), sentence=point.human)
    return PointCoverage(
        point,
        tuple(sorted(reach.actors)) or (point.actor or UNKNOWN_ACTOR,),
        tuple(reach.emitted_by),
        tuple(reach.asserted_by),
        tuple(reach.failed_by),
        tuple(reach.scenarios),
        reach.sentence or point.human,
        reach.correlated,
    )


def total(points: Iterable[PointCoverage]) -> Totals:
    """Return the counts of points."""
    entries = list(points)
    return Totals(
        len(entries),
        sum(bool(entry.emitted_by) for entry in entries),
        sum(bool(entry.asserted_by) for entry in entries),
    )


def _grouped(pairs: Iterable[tuple[str, PointCoverage]]) -> dict[str, Totals]:
    groups: dict[str, list[PointCoverage]] = defaultdict(list)
    for name, point in pairs:
        groups[name].append(point)
    return {name: total(groups[name]) for name in sorted(groups)}


def _undeclared(places: Mapping[str, RecordedEvent]) -> list[Finding]:
    findings = []
    for location, event in sorted(places.items()):
        place = location.rpartition(":")[0] if location.count(":") > 1 else location
        what = f"{event.actor} emitted {event.action!r} from here, and no declared point ends at {location}"
        why = (
            "either the file changed after the tests ran (run them again), or the call cannot be recognised: "
            "annotate the name with `Narrator`"
        )
        findings.append(Finding("undeclared", place, what, why))
    return findings


def measure(declared: Declared, records: Records, root: Path, files: Iterable[Path]) -> Coverage:
    """Return the coverage of a run.

    Args:
        declared: what the source declares.
        records: what the run captured.
        root: the project's folder.
        files: the source files that count, relative to it.

    Raises:
        CoverageError: nothing is declared, or events cannot be told apart.
    """
    if not declared.points:
        hidden = f" ({len(declared.silent)} are excluded by comments)" if declared.silent else ""
        found = [f"{finding.place}: {finding.what}: {finding.why}" for finding in declared.findings]
        raise CoverageError(
            f"no point is declared in {declared.files} files{hidden}: nothing would be measured; "
            "name the folders with narrating code in [tool.narration.coverage] source"
            + "".join(f"\n  {line}" for line in found[:_SHOWN])
            + (f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        )
    ours = {path.as_posix() for path in files}
    locations = Locations((*declared.points, *declared.silent), root, records.run.root)
    # Lines that a test feeds from other services have no place here, and need none.
    actors = {point.actor for point in (*declared.points, *declared.silent)}
    reached: dict[str, _Reach] = {}
    reached_by_test: dict[str, dict[str, None]] = {}
    undeclared: dict[str, RecordedEvent] = {}
    elsewhere: Counter[str] = Counter()
    unlocated = replayed = 0
    for record in records.tests:
        keys = reached_by_test.setdefault(record.test, {})
        for event in record.events:
            if event.origin == "replayed":
                replayed += 1
            elif event.point is None:
                unlocated += event.actor in actors or None in actors
            elif (point := locations.find(event.point)) is not None:
                reached.setdefault(point.key, _Reach()).add(event, record)
                keys[point.key] = None
            elif (path := locations.split(event.point)[0]) in ours:
                undeclared[":".join(locations.split(event.point))] = event
            else:
                elsewhere[path] += 1
    points = tuple(_covered(point, reached.get(point.key)) for point in declared.points)
    return Coverage(
        run_id=records.run.run_id,
        totals=total(points),
        points=points,
        excluded=tuple(_covered(point, reached.get(point.key)) for point in declared.silent),
        by_actor=_grouped((actor, entry) for entry in points for actor in entry.actors),
        by_file=_grouped((entry.point.path, entry) for entry in points),
        scenarios=tuple(
            _scenario(record, reached_by_test[record.test])
            for record in records.tests
            if record.events or record.scenario
        ),
        findings=(*declared.findings, *_undeclared(undeclared)),
        unlocated=unlocated,
        elsewhere=dict(elsewhere.most_common()),
        lines=declared.lines,
        replayed=replayed,
        narrowed=records.run.narrowed,
    )


def _scenario(record: Record, points: Iterable[str]) -> ScenarioCoverage:
    return ScenarioCoverage(
        test=record.test,
        title=record.title,
        feature=record.feature,
        outcome=record.outcome,
        tags=record.tags,
        is_scenario=record.scenario is not None,
        story=record.story,
        events=len(record.events),
        points=tuple(points),
    )
