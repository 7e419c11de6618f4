"""OpenTelemetry: trace ids in, log records out. Everything it needs is imported when it is used."""

from collections.abc import Sequence
from typing import Any, Final

from narration_core._context import bound
from narration_core._event import Record, sentence
from narration_core._pipeline import PIPELINE

_SEVERITY: Final = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}


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
            skipped = ("emitted_at_ms", "level", "human", "trace_id", "span_id")
            attributes = {name: value for name, value in event.to_dict().items() if name not in skipped}
            self._logger.emit(
                LogRecord(
                    timestamp=(event.emitted_at_ms or 0) * 1_000_000,
                    trace_id=int(event.trace_id or "0", 16) or None,
                    span_id=int(event.span_id or "0", 16) or None,
                    severity_text=(event.level or "info").upper(),
                    severity_number=SeverityNumber(_SEVERITY[event.level or "info"]),
                    body=sentence(event),
                    attributes=attributes,
                )
            )

    def close(self) -> None:
        """Leave the provider to its owner."""
