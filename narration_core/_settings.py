"""The settings of the facade: what `configure` decided, and what is counted while it runs."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from narration_core._levels import EMITTING, LEVELS
from narration_core._text import to_name
from narration_core.redaction import Redactor

Enrich = Callable[[dict[str, Any]], None]
"""Adds fields to the fields of a call, before the event is built."""

RANK: Final[dict[str, int]] = {level: EMITTING.index(level) for level in EMITTING}
"""Each level's index in `EMITTING`."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every event depends on. Never changed, only replaced as a whole, so that threads see one state or the other.

    Attributes:
        threshold: the lowest level that is emitted, a value of `LEVELS`.
        strict: raise mistakes instead of repairing the event.
        source_location: note each event's point in the source.
        emitted_by: `service@version`.
        redactor: masks secrets.
        enrich: adds fields to every call, or None.
        process: add `host` and `pid` to every event.
    """

    threshold: int = LEVELS["info"]
    strict: bool = False
    source_location: bool = False
    emitted_by: str = "unknown@unversioned"
    redactor: Redactor = msgspec.field(default_factory=Redactor)
    enrich: Enrich | None = None
    process: bool = False

    @property
    def service(self) -> str:
        """The service's part of `emitted_by`, as the name of an actor."""
        return to_name(self.emitted_by.rpartition("@")[0])


class Counts:
    """What happened in this process so far; `stats()` shows it.

    The counters are plain integers without a lock. They are exact as long as only one thread runs Python code at a
    time, because CPython switches threads only at calls and loops; on a free-threaded build they may fall short.

    Attributes:
        emitted: events by rank.
        built: those that did not take the fast path.
        missed: those of them that were tried on the fast path first.
        failed: exceptions in the code of the fast path; the event was then built the slow way.
        mistakes: calls that break the contract.
        internal_errors: exceptions that cost an event, or that a tap or a sink in memory raised.
        last_internal_error: the last one of these.
    """

    __slots__ = ("built", "emitted", "failed", "internal_errors", "last_internal_error", "missed", "mistakes")

    def __init__(self) -> None:
        self.emitted = [0] * len(EMITTING)
        self.built = 0
        self.missed = 0
        self.failed = 0
        self.mistakes = 0
        self.internal_errors = 0
        self.last_internal_error: BaseException | None = None

    def internal_error(self, error: BaseException) -> None:
        """Count an exception of the facade itself, or of what it calls."""
        self.internal_errors += 1
        self.last_internal_error = error

    @property
    def fast_path(self) -> dict[str, int]:
        """How many events took the fast path, were tried on it in vain, and failed on it."""
        return {"taken": sum(self.emitted) - self.built, "missed": self.missed, "failed": self.failed}
