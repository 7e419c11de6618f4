"""narration: one plain-English sentence an event, the fields to prove it, secrets gone."""

from typing import TYPE_CHECKING, Any

from narration_core.catalogue import Catalogue, Point
from narration_core.channels import (
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
from narration_core.clock import CountingSources, Sources
from narration_core.configuration import configure, default_sinks, flush, sample, stats
from narration_core.context import bind, bound, propagate
from narration_core.correlation import (
    CORRELATION_HEADER,
    TRACEPARENT_HEADER,
    Inbound,
    accept,
    is_correlation_id,
    new_correlation_id,
    outbound_headers,
)
from narration_core.event import Event, Record, decode, encode, formatted
from narration_core.levels import LevelName
from narration_core.narrator import Narrator
from narration_core.pipeline import NarrationMistake
from narration_core.redaction import RedactionPolicy, redact
from narration_core.sinks import FileSink, MemorySink, StreamSink
from narration_core.span import Span
from narration_core.taxonomy import register_field
from narration_core.wakeup import Wakeup
from narration_core.writer import Sink

if TYPE_CHECKING:
    from narration_core.executor import NarratingExecutor
    from narration_core.process import ProcessResult, capture_process

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
    "NarratingExecutor": "narration_core.executor",
    "ProcessResult": "narration_core.process",
    "capture_process": "narration_core.process",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'narration_core' has no attribute {name!r}")
