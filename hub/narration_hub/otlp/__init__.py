"""OpenTelemetry's logs as they come over OTLP/HTTP, in JSON or protobuf, as events of the hub."""

from narration_hub.otlp._answers import failure, success
from narration_hub.otlp._events import Batch, batches
from narration_hub.otlp._form import MEDIA_JSON, MEDIA_PROTOBUF

__all__ = ["MEDIA_JSON", "MEDIA_PROTOBUF", "Batch", "batches", "failure", "success"]
