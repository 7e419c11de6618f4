"""What each field of an event takes, and how a value that it does not take becomes one that it does."""

from collections.abc import Mapping
from typing import Any, Final

from narration_core import _text as text
from narration_core._event import FIELD_SET, HEAD
from narration_core._plain_data import plain
from narration_core._taxonomy import extra_fields

_INT, _NUMBER, STR = (int,), (int, float), (str,)
# The types that each field takes as they are.
FIELD_TYPES: Final[dict[str, tuple[type, ...]]] = dict.fromkeys(FIELD_SET - HEAD, STR) | {
    "cute": STR,
    "story": STR,
    **dict.fromkeys(("percent", "duration_ms", "decode_time_ms"), _NUMBER),
    **dict.fromkeys(
        ("retry_after_ms", "backoff_ms", "queue_position", "predicted_start_ms", "tokens_in", "tokens_out"),
        _INT,
    ),
}


def fitted(value: Any, types: tuple[type, ...] | None) -> Any:
    """Return a value as one of these types, any plain value when there are none; None when it cannot be one."""
    if types is None or type(value) in types:
        return plain(value)
    if types is STR:
        return str(plain(value))
    try:
        number = float(value)
        return int(number) if number.is_integer() or types is _INT else number
    except (TypeError, ValueError, OverflowError):
        return None


def extra_name(name: str) -> str:
    """Return the name of an extra field: clean, and none of the event's own, whatever it hides."""
    cleaned = text.clean(name, 128)
    return f"{cleaned}_" if cleaned in FIELD_SET or cleaned == "extra" else cleaned


def extra_order(safe: Mapping[str, Any]) -> list[str]:
    """Return the names of the extra fields: the registered ones first, then the others by name."""
    registered = extra_fields()
    return [
        *(name for name in registered if name in safe),
        *sorted(safe.keys() - FIELD_SET - registered.keys()),
    ]
