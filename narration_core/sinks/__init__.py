"""Where finished events go."""

from narration_core.channels import CHANNELS, JobChannels
from narration_core.sinks.file import FileSink
from narration_core.sinks.memory import MemorySink
from narration_core.sinks.stream import Format, StreamSink

__all__ = ["CHANNELS", "FileSink", "Format", "JobChannels", "MemorySink", "StreamSink"]
