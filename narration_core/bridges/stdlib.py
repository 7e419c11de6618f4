"""Standard library logging, both ways."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._context import bind, bound
from narration_core._event import FIELD_SET, HEAD, Event, Record, sentence
from narration_core._interruption import pass_on
from narration_core._known_secrets import without_named
from narration_core._levels import LevelName
from narration_core._pipeline import PIPELINE
from narration_core._plain_data import unmasked
from narration_core._taxonomy import register_field
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
# What every record has, and what logging's own formatters and asyncio add.
_OWN: Final = frozenset((*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"))
# These log requests, calls and tasks: with queries and colours in the sentence, and what was given in fields.
_OF_REQUESTS: Final = frozenset(
    ("aiohttp", "celery", "django", "gunicorn", "httpcore", "httpx", "rq", "urllib3", "uvicorn", "werkzeug")
)
_LEFT_OUT: Final = re.compile(r"(?<=[\w/.~%-])\?[^\s\"\x1b]+|\x1b\[[\d;]*m")

register_field("stack", str, "where a log record was made, as logging's stack_info says it")
register_field("arguments", list, "the arguments of a log record whose message could not be formatted")


class NarrationHandler(logging.Handler):
    """Turns log records into events: the logger is the actor, the message the sentence.

    Attributes given by `extra=` become fields. Add it to the root logger:
    `logging.basicConfig(handlers=[NarrationHandler()], level="INFO")`; without a level logging passes on warnings only.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a record; what came from narration itself is left alone."""
        if hasattr(record, _OURS):
            return
        try:
            # An exception that is logged after its request has ended still belongs to the request's story.
            ids = exceptions.kept_ids(record.exc_info[1] if record.exc_info else None)
            if ids and "correlation_id" not in bound():
                with bind(**ids):
                    PIPELINE.relay(_event(record))
                return
            PIPELINE.relay(_event(record))
        except BaseException as error:  # noqa: BLE001 - a handler reports its failures the way logging does
            pass_on(error)
            self.handleError(record)


def _event(record: logging.LogRecord) -> Event:
    level: LevelName = next((name for number, name in _FROM_LOGGING if record.levelno >= number), "trace")
    known, extra = _given(record)
    human = _message(record, known, extra)
    if record.name.partition(".")[0] in _OF_REQUESTS:
        human, extra = _LEFT_OUT.sub("", human), {}
    raised = record.exc_info[1] if record.exc_info else None
    error = raised if raised is not None else _exception_among(record.args)
    if error is not None:
        human = without_named(human, error)
    if raised is not None:
        known.setdefault("error_kind", exceptions.kind(raised))
        for name, value in exceptions.described(raised).items():
            extra.setdefault(name, value)
    elif record.exc_text:  # the record comes from another process, or through a queue: the exception itself is gone
        extra.setdefault("exception", record.exc_text)
    if record.stack_info:
        extra.setdefault("stack", record.stack_info)
    return Event(
        emitted_at_ms=int(record.created * 1000),
        level=level,
        actor=to_name(record.name),
        action="log",
        target=record.module or "unknown",
        human=human,
        extra=extra,
        **known,
    )


def _given(record: logging.LogRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `extra=` gave: fields of the taxonomy, and others."""
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in record.__dict__.items():
        if name in _OWN or value is None:
            continue
        if name in FIELD_SET and name not in HEAD and issubclass(type(value), str | int | float):
            known[name] = value
        elif name not in FIELD_SET and name != "extra":
            extra[name] = value
    return known, extra


def _exception_among(arguments: object) -> BaseException | None:
    """Return the exception that the arguments of a message hold."""
    given = arguments if isinstance(arguments, tuple) else ()
    return next((each for each in given if issubclass(type(each), BaseException)), None)


def _message(record: logging.LogRecord, known: dict[str, Any], extra: dict[str, Any]) -> str:
    """Return the sentence; a message that does not fit its arguments is told as it is, with the arguments beside it."""
    try:
        return record.getMessage()
    except BaseException as error:  # noqa: BLE001 - a broken `__str__` of an argument may raise anything
        pass_on(error, of_value=True)
        known.setdefault("error_kind", "logging_format")
        arguments = record.args if isinstance(record.args, tuple) else (record.args,)
        extra.setdefault("arguments", list(arguments))
        extra.setdefault("exception", exceptions.chain(error))
        return str(unmasked(record.msg))


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
