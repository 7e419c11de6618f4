"""What a service needs that sends events on to an OpenTelemetry collector."""

from narration_core.sinks._otlp import OtlpSink, headers_in

__all__ = ["OtlpSink", "headers_in"]
