"""Where finished events go."""

from typing import TYPE_CHECKING, Any

from narration_core._channels import CHANNELS, JobChannels
from narration_core.sinks._file import FileSink
from narration_core.sinks._memory import MemorySink
from narration_core.sinks._stream import Format, StreamSink

if TYPE_CHECKING:
    from narration_core.sinks._hub import HubSink

__all__ = ["CHANNELS", "FileSink", "Format", "HubSink", "JobChannels", "MemorySink", "StreamSink"]


def __getattr__(name: str) -> Any:
    if name != "HubSink":
        raise AttributeError(f"module 'narration_core.sinks' has no attribute {name!r}")
    from narration_core.sinks._hub import HubSink  # noqa: PLC0415 - few processes send to a hub

    return HubSink
