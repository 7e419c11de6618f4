"""What a hub and those who send to it must agree on."""

from narration_core._hub_connection import NOT_ASKED_HEADER
from narration_core.sinks._hub import EVENT_ID, LOST_HEADER, PATH, PROCESS_HEADER, SERVICE_HEADER

__all__ = ["EVENT_ID", "LOST_HEADER", "NOT_ASKED_HEADER", "PATH", "PROCESS_HEADER", "SERVICE_HEADER"]
