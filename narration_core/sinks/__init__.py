"""Where finished events go."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from narration_core._channels import CHANNELS, JobChannels
from narration_core.sinks._file import FileSink
from narration_core.sinks._memory import MemorySink
from narration_core.sinks._stream import Format, StreamSink

if TYPE_CHECKING:
    from narration_core.sinks._hub import HubSink
    from narration_core.sinks._otlp import OtlpSink

__all__ = ["CHANNELS", "FileSink", "Format", "HubSink", "JobChannels", "MemorySink", "OtlpSink", "StreamSink"]


_LATE: Final = {"HubSink": "_hub", "OtlpSink": "_otlp"}
"""Modules that few processes need, by the sink that each has."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'narration_core.sinks' has no attribute {name!r}")
    return getattr(import_module(f"narration_core.sinks.{_LATE[name]}"), name)
