"""The rules of an event, for programs that check narration or take it in: linters, test adapters, hubs."""

from narration_core._event import FIELDS, from_fields
from narration_core._levels import EMITTING, level_of_severity
from narration_core._plain_data import plain
from narration_core._taxonomy import extra_fields, is_field
from narration_core._text import CUTE_LIMIT, HUMAN_LIMIT, STORY_LIMIT, is_name, template_fields, to_name

__all__ = [
    "CUTE_LIMIT",
    "EMITTING",
    "FIELDS",
    "HUMAN_LIMIT",
    "STORY_LIMIT",
    "extra_fields",
    "from_fields",
    "is_field",
    "is_name",
    "level_of_severity",
    "plain",
    "template_fields",
    "to_name",
]
