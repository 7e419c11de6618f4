"""OpenTelemetry: trace ids in, log records out. Everything it needs is imported when it is used."""

import re
from collections.abc import Sequence
from typing import Any, Final

from narration_core._context import bound
from narration_core._event import Record, sentence
from narration_core._levels import SEVERITY
from narration_core._pipeline import PIPELINE

_ID_DIGITS: Final = {"trace_id": 32, "span_id": 16}


def _as_number(value: str | None, digits: int) -> int | None:
    """Return a W3C id as a number; None if it is another kind of id, which is then sent as an attribute."""
    if value is None or re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is None:
        return None
    return int(value, 16) or None


def use_trace_ids(*, on: bool = True) -> None:
    """Give events the ids of the current OpenTelemetry span if neither the call nor the scope has a trace id.

    Args:
        on: False switches it off again.

    Raises:
        ImportError: opentelemetry-api is not installed.
    """
    if not on:
        PIPELINE.apply(enrich=None)
        return
    from opentelemetry import trace  # noqa: PLC0415 - optional

    def enrich(fields: dict[str, Any]) -> None:
        context = trace.get_current_span().get_span_context()
        if context.is_valid and "trace_id" not in fields and "trace_id" not in bound():
            fields["trace_id"] = f"{context.trace_id:032x}"
            fields["span_id"] = f"{context.span_id:016x}"

    PIPELINE.apply(enrich=enrich)


class OtelSink:
    """Hands events to an OpenTelemetry logger provider as log records: the sentence is the body.

    Args:
        provider: a `LoggerProvider`; the global one when absent.
        name: what `stats()` calls the sink.
    """

    background = True

    def __init__(self, provider: Any = None, name: str = "otel") -> None:
        from opentelemetry._logs import get_logger  # noqa: PLC0415 - optional; the API's own home of logs

        self.name = name
        self._logger = get_logger("narration", logger_provider=provider)

    def write(self, batch: Sequence[Record]) -> None:
        """Emit a log record for each event."""
        from opentelemetry._logs import LogRecord, SeverityNumber  # noqa: PLC0415 - optional

        for record in batch:
            event = record.event
            ids = {name: _as_number(event.get(name), digits) for name, digits in _ID_DIGITS.items()}
            skipped = {"emitted_at_ms", "level", "human"} | {name for name, number in ids.items() if number}
            attributes = {name: value for name, value in event.to_dict().items() if name not in skipped}
            self._logger.emit(
                LogRecord(
                    timestamp=(event.emitted_at_ms or 0) * 1_000_000,
                    trace_id=ids["trace_id"],
                    span_id=ids["span_id"],
                    severity_text=(event.level or "info").upper(),
                    severity_number=SeverityNumber(SEVERITY.get(event.level or "info", SEVERITY["info"])),
                    body=sentence(event),
                    attributes=attributes,
                )
            )

    def close(self) -> None:
        """Leave the provider to its owner."""
