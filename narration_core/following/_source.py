"""Where stories are read from: the one interface, and plain files behind it."""

import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

import msgspec

from narration_core.following import _log_files
from narration_core.following._lines import Line, belongs, like, mention, needles, parse
from narration_core.following._scan import Counts, Hit, LogReader

if TYPE_CHECKING:
    from narration_core.following._usual import Recent

RECENT_BYTES: Final = 4 << 20
"""How much is read to learn what is usual, in bytes: the same share of the end of each file."""

_LEAST_SHARE: Final = 256 << 10
_LAST_OTHERS: Final = 1000  # lines of other loggers at the end of each file that are read; they cost more than ours
_ENOUGH: Final = 1000  # ends of a step that say how long it takes

MAX_HITS: Final = 200_000
"""Most lines of one story that are kept."""

LAST_MENTIONS: Final = 1000
"""Most lines that name an id and belong to other requests; they are used when nothing else has it."""


class Searched(msgspec.Struct):
    """What was searched, so that "nothing found" can be believed.

    Attributes:
        files: how many files.
        counts: bytes read, and what could not be read.
        unreadable: lines that hold the id and were neither an event nor whole.
        cut: lines beyond `MAX_HITS` that were left out.
        oldest_ms: the earliest time seen in any file, in milliseconds since the epoch.
        newest_ms: the latest one.
        not_asked: names of other hubs, whose stores were not asked and may hold more.
        alone: whether the hub that was asked could not reach the others.
    """

    files: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    unreadable: int = 0
    cut: int = 0
    oldest_ms: int | None = None
    newest_ms: int | None = None
    not_asked: set[str] = msgspec.field(default_factory=set)
    alone: bool = False


class Source(Protocol):
    """Where lines come from: log files, or a hub."""

    @property
    def searched(self) -> Searched:
        """What was searched so far."""
        ...

    def read(self, ids: Collection[str], since: int | None = None, until: int | None = None) -> list[Line]:
        """Return the lines that belong to any of the ids.

        Args:
            ids: as people have them: correlation, trace, job, session, task or span ids.
            since: leave out what was written before, in milliseconds since the epoch.
            until: leave out what was written after, in milliseconds since the epoch.
        """
        ...

    def recent(self) -> "Recent":
        """Return what the latest lines of all services say about what is usual."""
        ...

    def durations(self, actor: str, action: str) -> list[float]:
        """Return the durations of an actor's action, in milliseconds; only some if there are many."""
        ...


class Everything(Protocol):
    """Where every line can be had."""

    def every(self) -> Iterator[bytes]:
        """Yield every line."""
        ...


class Searchable(Source, Everything, Protocol):
    """What the commands read from: a source that says what was searched.

    Attributes:
        paths: the places, as people read them.
    """

    paths: list[str]

    def oldest(self) -> int | None:
        """Return the time of the earliest line, in milliseconds since the epoch; None when nobody knows."""
        ...


class _Wanted(NamedTuple):
    ids: Collection[str]
    needles: Sequence[bytes]
    pattern: re.Pattern[str]
    since: int | None
    until: int | None


class Files:
    """Log files as a source; use it as a context manager.

    Args:
        paths: files, folders, patterns or `-`; see `_log_files.find`.

    Raises:
        NoLogsError: there is nothing to read.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._closed: list[str] = []
        self.paths = _log_files.find(paths, self._closed)
        self.searched = Searched(files=len(self.paths))
        self._reader = LogReader()
        self._recent: Recent | None = None
        self._like: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    def read(self, ids: Collection[str], since: int | None = None, until: int | None = None) -> list[Line]:
        """Return the lines of all files that belong to any of the ids, file by file.

        When none does, those that mention one: somebody may ask for the number of an order.
        """
        self._like = self._like or like(next(iter(ids), ""))
        wanted = _Wanted(ids, needles(ids), mention(ids), since, until)
        counts = Counts(faults=list(self._closed))
        found: list[Line] = []
        mentions: deque[Line] = deque(maxlen=LAST_MENTIONS)
        for path in self.paths:
            found += self._of_file(path, wanted, counts, MAX_HITS - len(found), mentions)
        self.searched.counts = counts
        return found or list(mentions)

    def _of_file(self, path: str, wanted: "_Wanted", counts: Counts, room: int, mentions: deque[Line]) -> list[Line]:
        found: list[Line] = []
        source = _log_files.shown(path)
        for hit in self._reader.hits(path, wanted.needles, counts):
            line = parse(hit, source)
            if not within(line, wanted.since, wanted.until):
                continue
            if not belongs(line, wanted.ids, wanted.pattern):
                if wanted.pattern.search(line.text):
                    mentions.append(line)
                continue
            self.searched.unreadable += line.is_torn
            if len(found) < room:
                found.append(line)
            else:
                self.searched.cut += 1
        return found

    def every(self) -> Iterator[bytes]:
        """Yield every line of all files, file by file."""
        counts = Counts(faults=list(self._closed))
        for path in self.paths:
            yield from self._reader.lines(path, counts)
        self.searched.counts = counts

    def recent(self) -> "Recent":
        """Return what the ends of all files say about what is usual; read once."""
        if self._recent is None:
            from narration_core.following._usual import Recent  # noqa: PLC0415 - a story does not need it

            self._recent = Recent()
            share = max(RECENT_BYTES // max(1, len(self.paths)), _LEAST_SHARE)
            for path in self.paths:
                lines = self._reader.lines(path, Counts(), last=share)
                for line in deque(self._recent.take(lines), maxlen=_LAST_OTHERS):
                    if line.strip():
                        record = parse(Hit(0, line.removesuffix(b"\r"), b""), _log_files.shown(path))
                        self._recent.hear(record.service, record.at_ms)
                        if record.event is not None:
                            self._recent.take_record(record.event, record.text, self._like)
            self.searched.newest_ms = self._recent.newest_ms
        return self._recent

    def durations(self, actor: str, action: str) -> list[float]:
        """Return how long an actor's action took, in milliseconds; at most the first thousand."""
        found: list[float] = []
        for path in self.paths:
            for hit in self._reader.hits(path, (f'"action":"{action}"'.encode(),), Counts()):
                event = parse(hit, path).event
                if event is not None and event.actor == actor and event.duration_ms is not None:
                    found.append(event.duration_ms)
                if len(found) >= _ENOUGH:
                    return found
        return found

    def oldest(self) -> int | None:
        """Return the time of the earliest line at the beginning of any file, in milliseconds since the epoch."""
        times = []
        for path in self.paths:
            for line in self._reader.lines(path, Counts()):
                at_ms = parse(Hit(0, line, b""), path).at_ms
                if at_ms is not None:
                    times.append(at_ms)
                    break
        return min(times, default=None)


def within(line: Line, since: int | None, until: int | None) -> bool:
    """Tell whether a line was written between two times, in milliseconds since the epoch; one without a time was."""
    if line.at_ms is None:
        return True
    return (since is None or line.at_ms >= since) and (until is None or line.at_ms <= until)
