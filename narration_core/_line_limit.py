"""A line that fits an output: the longest texts of a longer one are shortened, and it stays one valid line."""

from typing import Any, Final

from narration_core._event import FIELD_SET, Event, Record, encode, encode_value, from_fields

_MARKER_SIZE: Final = 40  # the marker with the largest number there can be, as UTF-8
_KEPT: Final = 16  # a text is not cut below so many characters; a value below goes whole
_KEYS: Final = frozenset(("emitted_at_ms", "level", "actor", "action"))


def shortened(event: Event, limit: int) -> bytes:
    """Return an event's JSON line in at most so many bytes, without a line end.

    The longest text is cut with the marker that every cut text has, then the next longest. Nested values and
    fields without number count as text of their size.

    Args:
        event: any event.
        limit: longest line, in bytes; at least a few hundred.
    """
    fields = event.to_dict()
    line = encode(event)
    while len(line) > limit:
        sizes = {name: len(encode_value(value)) for name, value in fields.items() if name not in _KEYS}
        longest = max(sizes, key=lambda name: sizes[name], default=None)
        if longest is None:
            break
        over = len(line) - limit
        cut = _cut(fields[longest], sizes[longest], over)
        if longest in FIELD_SET and not isinstance(fields[longest], str):
            cut = None  # a number has no text to cut
        if cut is None:
            del fields[longest]
        else:
            fields[longest] = cut
        line = encode(from_fields(fields))
    return line


def json_line(record: Record, limit: int | None) -> bytes:
    """Return an event's JSON line with its line end, in at most so many bytes; None is as long as it is."""
    line = record.rendered
    if not line:  # what `record.line` does, without its call
        line = record.rendered = record.render()
    if limit is not None and len(line) >= limit:
        line = shortened(record.event, limit - 1)
    return line + b"\n"


def _cut(value: Any, size: int, over: int) -> str | None:
    """Return a value that is so many bytes shorter as JSON; None when nothing of it can stay."""
    if not isinstance(value, str):
        marker = f"...[{size} bytes left out]"
        return marker if len(marker) + 2 < size else None
    text, _, before = _uncut(value)
    # Halved at most at a time, so that the next longest is shortened as well before this one is gone.
    kept = _prefix(text, max(size - over, size // 2) - _MARKER_SIZE)
    if len(kept) < _KEPT or len(kept) == len(text):
        return None
    return f"{kept}...[{len(text) - len(kept) + before} more characters]"


def _uncut(value: str) -> tuple[str, str, int]:
    """Return a text without the marker of an earlier cut, the marker, and how many characters that one took."""
    text, found, marker = value.rpartition("...[")
    number, end = marker[: -len(" more characters]")], marker[-len(" more characters]") :]
    if found and end == " more characters]" and number.isdecimal():
        return text, found + marker, int(number)
    return value, "", 0


def _prefix(text: str, size: int) -> str:
    """Return the longest beginning of a text that is at most so many bytes as JSON, quotes included."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(encode_value(text[:middle])) <= size:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def shortened_text(line: str, limit: int) -> bytes:
    """Return a line for people in at most so many bytes, without a line end."""
    data = line.encode()
    if len(data) <= limit:
        return data
    kept = data[: limit - _MARKER_SIZE].decode(errors="ignore")
    return f"{kept}...[{len(line) - len(kept)} more characters]".encode()
