"""narration: one plain-English sentence an event, the fields to prove it, secrets gone."""

from typing import TYPE_CHECKING, Any

from narration_core._build import NarrationMistake
from narration_core._catalogue import Catalogue, Point
from narration_core._channels import (
    CHANNELS,
    ChannelError,
    Delivery,
    JobChannels,
    Subscription,
    close_job,
    open_job,
    publish,
    subscribe,
    unsubscribe,
)
from narration_core._clock import CountingSources, Sources
from narration_core._configuration import configure, default_sinks, flush, sample, stats
from narration_core._context import bind, bound, propagate
from narration_core._correlation import (
    CORRELATION_HEADER,
    TRACEPARENT_HEADER,
    Inbound,
    accept,
    is_correlation_id,
    new_correlation_id,
    outbound_headers,
)
from narration_core._event import Event, Record, decode, encode, formatted
from narration_core._levels import LevelName
from narration_core._narrator import Narrator
from narration_core._span import Span
from narration_core._taxonomy import register_field
from narration_core._wakeup import Wakeup
from narration_core._writer import Sink
from narration_core.redaction import RedactionPolicy, redact
from narration_core.sinks import FileSink, MemorySink, StreamSink

if TYPE_CHECKING:
    from narration_core._executor import NarratingExecutor
    from narration_core._process import ProcessResult, capture_process

__version__ = "0.1.0"

__all__ = [
    "CHANNELS",
    "CORRELATION_HEADER",
    "TRACEPARENT_HEADER",
    "Catalogue",
    "ChannelError",
    "CountingSources",
    "Delivery",
    "Event",
    "FileSink",
    "Inbound",
    "JobChannels",
    "LevelName",
    "MemorySink",
    "NarratingExecutor",
    "NarrationMistake",
    "Narrator",
    "Point",
    "ProcessResult",
    "Record",
    "RedactionPolicy",
    "Sink",
    "Sources",
    "Span",
    "StreamSink",
    "Subscription",
    "Wakeup",
    "accept",
    "bind",
    "bound",
    "capture_process",
    "close_job",
    "configure",
    "decode",
    "default_sinks",
    "encode",
    "flush",
    "formatted",
    "is_correlation_id",
    "new_correlation_id",
    "open_job",
    "outbound_headers",
    "propagate",
    "publish",
    "redact",
    "register_field",
    "sample",
    "stats",
    "subscribe",
    "unsubscribe",
]

# What brings thread pools or subprocesses along is loaded when it is first named.
_LATER = {
    "NarratingExecutor": "narration_core._executor",
    "ProcessResult": "narration_core._process",
    "capture_process": "narration_core._process",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'narration_core' has no attribute {name!r}")
