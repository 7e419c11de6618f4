"""Redaction: secrets and personal data never leave in an event."""

from narration_core.redaction._lines import LineRedactor
from narration_core.redaction._policy import MARKER, RedactionPolicy
from narration_core.redaction._redactor import Redactor, redact

__all__ = ["MARKER", "LineRedactor", "RedactionPolicy", "Redactor", "redact"]
