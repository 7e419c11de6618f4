"""Declared points and run records joined: what is told, what is silent, and who hears it."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from narration_ci.faults import CoverageError, Fault
from narration_ci.measure.records import Heard, Record, Records
from narration_ci.source.points import Declared, Point


class PointCoverage(msgspec.Struct, frozen=True):
    """A point and who heard it.

    Attributes:
        point: the point.
        actors: who was heard there; the source's actor when nobody was.
        emitted_by: the tests during which it emitted.
        asserted_by: those of them that matched it and passed.
        failed_by: those of them that failed; what they assert counts for nothing.
        scenarios: titles of the scenarios that reach it, asserted or not.
        sentence: one sentence that was heard there; the source's when none was.
    """

    point: Point
    actors: tuple[str, ...] = ()
    emitted_by: tuple[str, ...] = ()
    asserted_by: tuple[str, ...] = ()
    failed_by: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    sentence: str | None = None

    @property
    def state(self) -> str:
        """How far it got: "asserted", "emitted" or "silent"."""
        return "asserted" if self.asserted_by else "emitted" if self.emitted_by else "silent"


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
    """A test or scenario and what it told."""

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
        faults: places that emitted but are no declared point, and wrong comments.
        unlocated: events of the sources' actors that did not say where they come from.
        elsewhere: events from outside the source that counts (libraries, generated code).
        lines: the number of lines of each file with points.
    """

    run_id: str
    totals: Totals
    points: tuple[PointCoverage, ...]
    excluded: tuple[PointCoverage, ...]
    by_actor: dict[str, Totals]
    by_file: dict[str, Totals]
    scenarios: tuple[ScenarioCoverage, ...]
    faults: tuple[Fault, ...]
    unlocated: int
    elsewhere: int
    lines: dict[str, int]

    @property
    def actions(self) -> dict[str, str | None]:
        """Every declared point, excluded ones included, with its action where the source says it."""
        return {one.point.key: one.point.action for one in (*self.points, *self.excluded)}


UNKNOWN_ACTOR: Final = "(known at run time)"


class _Finder:
    """Finds the declared point that an event comes from.

    Args:
        points: every declared point, excluded ones included.
        root: the folder that the source's paths are relative to.
        run_root: the same folder as the run knew it.
    """

    def __init__(self, points: Iterable[Point], root: Path, run_root: str) -> None:
        self._roots = tuple(
            dict.fromkeys(path.rstrip("/") + "/" for path in (str(root), os.path.realpath(root), run_root))
        )
        self._exact: dict[str, Point] = {}
        self._by_file: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            self._exact |= dict.fromkeys((point.location, *point.progress), point)
            self._by_file[point.path].append(point)

    def path_of(self, location: str) -> tuple[str, str]:
        """Return the path of a location, relative to the root where it is under it, and the rest."""
        head, *rest = location.split(":") if not location.startswith("<") else (location,)
        for root in self._roots:
            head = head.removeprefix(root)
        return str(PurePosixPath(head)), ":".join(rest)

    def _from_below(self, path: str, rest: str) -> Point | None:
        """Return the point of a process that ran in a folder below the root, so that its paths are shorter."""
        if path in self._by_file:
            return None
        near = [self._exact.get(f"{longer}:{rest}") for longer in self._by_file if longer.endswith(f"/{path}")]
        found = [point for point in near if point is not None]
        return found[0] if len(found) == 1 else None

    def find(self, location: str) -> Point | None:
        """Return the point of a location; one without a column needs to be the only point on its line.

        Raises:
            CoverageError: the location has no column and several points share the line.
        """
        path, rest = self.path_of(location)
        found = self._exact.get(f"{path}:{rest}") or self._from_below(path, rest)
        if found is not None or ":" in rest or not rest.isdigit():
            return found
        near = [point for point in self._by_file.get(path, ()) if point.line <= int(rest) <= point.end_line]
        if len(near) > 1:
            raise CoverageError(
                f"{path}:{rest}: several points share this line, and the run kept no columns: "
                "run without PYTHONNODEBUGRANGES and `-X no_debug_ranges`"
            )
        return near[0] if near else None


class _Ears:
    """What was heard at one point, while it is put together."""

    def __init__(self) -> None:
        self.actors: set[str] = set()
        self.emitted_by: dict[str, None] = {}
        self.asserted_by: dict[str, None] = {}
        self.failed_by: dict[str, None] = {}
        self.scenarios: dict[str, None] = {}
        self.sentence: str | None = None

    def hear(self, event: Heard, record: Record) -> None:
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


def _covered(point: Point, ears: _Ears | None) -> PointCoverage:
    if ears is None:
        return PointCoverage(point, (point.actor or UNKNOWN_ACTOR,), sentence=point.human)
    return PointCoverage(
        point,
        tuple(sorted(ears.actors)) or (point.actor or UNKNOWN_ACTOR,),
        tuple(ears.emitted_by),
        tuple(ears.asserted_by),
        tuple(ears.failed_by),
        tuple(ears.scenarios),
        ears.sentence or point.human,
    )


def total(points: Iterable[PointCoverage]) -> Totals:
    """Return the counts of points."""
    every = list(points)
    return Totals(len(every), sum(bool(one.emitted_by) for one in every), sum(bool(one.asserted_by) for one in every))


def _grouped(pairs: Iterable[tuple[str, PointCoverage]]) -> dict[str, Totals]:
    groups: dict[str, list[PointCoverage]] = defaultdict(list)
    for name, point in pairs:
        groups[name].append(point)
    return {name: total(groups[name]) for name in sorted(groups)}


def _unknown(places: Mapping[str, Heard]) -> list[Fault]:
    faults = []
    for location, event in sorted(places.items()):
        place = location.rpartition(":")[0] if location.count(":") > 1 else location
        what = f"{event.actor} told {event.action!r} from here, and no declared point ends at {location}"
        why = (
            "either the file changed after the tests ran (run them again), or the call cannot be recognised: "
            "annotate the name with `Narrator`"
        )
        faults.append(Fault("undeclared", place, what, why))
    return faults


def measure(declared: Declared, records: Records, root: Path, files: Iterable[Path]) -> Coverage:
    """Return the coverage of a run.

    Args:
        declared: what the source declares.
        records: what the run heard.
        root: the project's folder.
        files: the source files that count, relative to it.

    Raises:
        CoverageError: nothing is declared, or events cannot be told apart.
    """
    if not declared.points:
        hidden = f" ({len(declared.silent)} are excluded by comments)" if declared.silent else ""
        raise CoverageError(
            f"no point is declared in {declared.files} files{hidden}: nothing would be measured; "
            "name the folders with narrating code in [tool.narration.coverage] source"
        )
    ours = {path.as_posix() for path in files}
    finder = _Finder((*declared.points, *declared.silent), root, records.run.root)
    # Lines that a test feeds from other services have no place here, and need none.
    actors = {point.actor for point in (*declared.points, *declared.silent)}
    ears: dict[str, _Ears] = {}
    reached: dict[str, dict[str, None]] = {}
    strangers: dict[str, Heard] = {}
    unlocated = elsewhere = 0
    for record in records.tests:
        mine = reached.setdefault(record.test, {})
        for event in record.events:
            if event.point is None:
                unlocated += event.actor in actors or None in actors
                continue
            point = finder.find(event.point)
            if point is not None:
                ears.setdefault(point.key, _Ears()).hear(event, record)
                mine[point.key] = None
            elif finder.path_of(event.point)[0] in ours:
                strangers[":".join(finder.path_of(event.point))] = event
            else:
                elsewhere += 1
    points = tuple(_covered(point, ears.get(point.key)) for point in declared.points)
    return Coverage(
        run_id=records.run.run_id,
        totals=total(points),
        points=points,
        excluded=tuple(_covered(point, ears.get(point.key)) for point in declared.silent),
        by_actor=_grouped((actor, one) for one in points for actor in one.actors),
        by_file=_grouped((one.point.path, one) for one in points),
        scenarios=tuple(
            _scenario(record, reached[record.test]) for record in records.tests if record.events or record.scenario
        ),
        faults=(*declared.faults, *_unknown(strangers)),
        unlocated=unlocated,
        elsewhere=elsewhere,
        lines=declared.lines,
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
