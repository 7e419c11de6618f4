"""narration: one plain-English sentence for each event, structured fields behind it, secrets redacted."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narration_core._build import NarrationMistake
    from narration_core._catalogue import Catalogue, Point
    from narration_core._channels import (
        CHANNELS,
        ChannelError,
        Delivery,
        JobChannels,
        Subscription,
        channel_open,
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
        BAGGAGE_HEADER,
        CORRELATION_HEADER,
        TRACEPARENT_HEADER,
        Inbound,
        Trust,
        accept,
        accept_environment,
        is_correlation_id,
        new_correlation_id,
        outbound_environment,
        outbound_headers,
    )
    from narration_core._event import Event, Record, decode, encode, formatted
    from narration_core._executor import NarratingExecutor
    from narration_core._levels import LevelName
    from narration_core._narrator import Narrator
    from narration_core._process import ProcessResult, capture_process, capture_process_async
    from narration_core._span import Span
    from narration_core._taxonomy import register_field
    from narration_core._version import __version__ as __version__
    from narration_core._wakeup import Pulse, Wakeup
    from narration_core._warm_up import warm_up
    from narration_core._writer import Sink
    from narration_core.redaction import RedactionPolicy, redact
    from narration_core.sinks import FileSink, MemorySink, StreamSink

__all__ = [
    "BAGGAGE_HEADER",
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
    "Pulse",
    "Record",
    "RedactionPolicy",
    "Sink",
    "Sources",
    "Span",
    "StreamSink",
    "Subscription",
    "Trust",
    "Wakeup",
    "accept",
    "accept_environment",
    "bind",
    "bound",
    "capture_process",
    "capture_process_async",
    "channel_open",
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
    "outbound_environment",
    "outbound_headers",
    "propagate",
    "publish",
    "redact",
    "register_field",
    "sample",
    "stats",
    "subscribe",
    "unsubscribe",
    "warm_up",
]

# Names are loaded when they are first asked for: a program that reads logs needs no sinks, one that narrates no CLI.
_HOMES = {
    "BAGGAGE_HEADER": "narration_core._correlation",
    "CHANNELS": "narration_core._channels",
    "CORRELATION_HEADER": "narration_core._correlation",
    "Catalogue": "narration_core._catalogue",
    "ChannelError": "narration_core._channels",
    "CountingSources": "narration_core._clock",
    "Delivery": "narration_core._channels",
    "Event": "narration_core._event",
    "FileSink": "narration_core.sinks",
    "Inbound": "narration_core._correlation",
    "JobChannels": "narration_core._channels",
    "LevelName": "narration_core._levels",
    "MemorySink": "narration_core.sinks",
    "NarratingExecutor": "narration_core._executor",
    "NarrationMistake": "narration_core._build",
    "Narrator": "narration_core._narrator",
    "Point": "narration_core._catalogue",
    "ProcessResult": "narration_core._process",
    "Pulse": "narration_core._wakeup",
    "Record": "narration_core._event",
    "RedactionPolicy": "narration_core.redaction",
    "Sink": "narration_core._writer",
    "Sources": "narration_core._clock",
    "Span": "narration_core._span",
    "StreamSink": "narration_core.sinks",
    "Subscription": "narration_core._channels",
    "TRACEPARENT_HEADER": "narration_core._correlation",
    "Trust": "narration_core._correlation",
    "Wakeup": "narration_core._wakeup",
    "__version__": "narration_core._version",
    "accept": "narration_core._correlation",
    "accept_environment": "narration_core._correlation",
    "bind": "narration_core._context",
    "bound": "narration_core._context",
    "capture_process": "narration_core._process",
    "capture_process_async": "narration_core._process",
    "channel_open": "narration_core._channels",
    "close_job": "narration_core._channels",
    "configure": "narration_core._configuration",
    "decode": "narration_core._event",
    "default_sinks": "narration_core._configuration",
    "encode": "narration_core._event",
    "flush": "narration_core._configuration",
    "formatted": "narration_core._event",
    "is_correlation_id": "narration_core._correlation",
    "new_correlation_id": "narration_core._correlation",
    "open_job": "narration_core._channels",
    "outbound_environment": "narration_core._correlation",
    "outbound_headers": "narration_core._correlation",
    "propagate": "narration_core._context",
    "publish": "narration_core._channels",
    "redact": "narration_core.redaction",
    "register_field": "narration_core._taxonomy",
    "sample": "narration_core._configuration",
    "stats": "narration_core._configuration",
    "subscribe": "narration_core._channels",
    "unsubscribe": "narration_core._channels",
    "warm_up": "narration_core._warm_up",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'narration_core' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - not needed to import the package

    value = globals()[name] = getattr(import_module(home), name)
    if "narration_core._pipeline" in sys.modules:  # whoever can emit must be configured by the first event
        import_module("narration_core._configuration")
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
