"""Standard library logging, both ways."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._event import FIELD_SET, HEAD, Event, Record, sentence
from narration_core._levels import LevelName
from narration_core._pipeline import PIPELINE
from narration_core._taxonomy import extra_fields
from narration_core._text import to_name

_TO_LOGGING: Final = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}
_FROM_LOGGING: Final[tuple[tuple[int, LevelName], ...]] = (
    (50, "fatal"),
    (40, "error"),
    (30, "warn"),
    (20, "info"),
    (10, "debug"),
)
_OURS: Final = "narration_source_event"


class NarrationHandler(logging.Handler):
    """Turns log records into events: the logger is the actor, the message the sentence.

    Attributes given by `extra=` become fields where the taxonomy has them. Add it to the root logger:
    `logging.basicConfig(handlers=[NarrationHandler()], level="INFO")`.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a record; what came from narration itself is left alone."""
        if hasattr(record, _OURS):
            return
        try:
            PIPELINE.relay(_event(record))
        except Exception:  # noqa: BLE001 - a handler reports its failures the way logging does
            self.handleError(record)


def _event(record: logging.LogRecord) -> Event:
    level: LevelName = next((name for number, name in _FROM_LOGGING if record.levelno >= number), "trace")
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in record.__dict__.items():
        if name in FIELD_SET and name not in HEAD and isinstance(value, str | int | float):
            known[name] = value
        elif name in extra_fields():
            extra[name] = value
    if record.exc_info and record.exc_info[1] is not None:
        known.setdefault("error_kind", exceptions.kind(record.exc_info[1]))
        for name, value in exceptions.described(record.exc_info[1]).items():
            extra.setdefault(name, value)
    return Event(
        emitted_at_ms=int(record.created * 1000),
        level=level,
        actor=to_name(record.name),
        action="log",
        target=record.module or "unknown",
        human=record.getMessage(),
        extra=extra,
        **known,
    )


class LoggingSink:
    """Hands events to standard library logging: the logger is named after the actor.

    Args:
        prefix: put before the logger's name.
        name: what `stats()` calls the sink.
    """

    background = True

    def __init__(self, prefix: str = "", name: str = "logging") -> None:
        self.name = name
        self._prefix = prefix

    def write(self, batch: Sequence[Record]) -> None:
        """Log each event; its fields are attributes of the record where they do not clash."""
        for record in batch:
            event = record.event
            logger = logging.getLogger(self._prefix + (event.actor or "narration"))
            number = _TO_LOGGING[event.level or "info"]
            if logger.isEnabledFor(number):
                fields = {f"narration_{name}": value for name, value in event.to_dict().items()}
                logger.log(number, "%s", sentence(event), extra={_OURS: event, **fields})

    def close(self) -> None:
        """Nothing to close."""
