"""Redaction: secrets and personal data never leave in an event (NARR-3001)."""

from narration_core.redaction._policy import MARKER, RedactionPolicy
from narration_core.redaction._redactor import Redactor, redact

__all__ = ["MARKER", "RedactionPolicy", "Redactor", "redact"]
