"""Where finished events go."""

from narration_core._channels import CHANNELS, JobChannels
from narration_core.sinks._file import FileSink
from narration_core.sinks._hub import HubSink
from narration_core.sinks._memory import MemorySink
from narration_core.sinks._stream import Format, StreamSink

__all__ = ["CHANNELS", "FileSink", "Format", "HubSink", "JobChannels", "MemorySink", "StreamSink"]
