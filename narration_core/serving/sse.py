"""Server-sent events as bytes."""

from typing import Final

COMMENT: Final = b": still here\n"
"""Sent in silence. No empty line after it: httpx-sse would read one as the end of an event without data."""

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # a proxy in front must pass events on as they come
}


def message(name: str, data: bytes) -> bytes:
    """Return one event of a stream; `data` is a single line of JSON."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
