"""A line as it stands in the store: what came in, with the hub's mark at its end."""

from typing import BinaryIO, Final

import msgspec

BLOCK: Final = 256 * 1024
"""How much of a file is read at once, in bytes."""

_KEY: Final = b',"hub":'
_BEGINNING: Final = b',"hub":{"at_ms":'
_encode: Final = msgspec.json.Encoder().encode


class Mark(msgspec.Struct, omit_defaults=True):
    """What the hub adds to a line.

    Attributes:
        at_ms: when it came in, in milliseconds since the epoch.
        owner: whose token it came with.
        producer: which service sent it.
        event_id: how the producer names it.
        every: its id in the stream of everything.
        job: its id in its job's stream.
        story: its id in its story's stream.
    """

    at_ms: int
    owner: str
    producer: str = ""
    event_id: str | None = None
    every: str = ""
    job: str | None = None
    story: str | None = None


_decode_mark: Final = msgspec.json.Decoder(Mark).decode


def marked(line: bytes, mark: Mark) -> bytes:
    """Return a line of JSON with the hub's mark at its end, and a line end."""
    return b"%b%b%b}\n" % (line[:-1], _KEY, _encode(mark))


def unmarked(line: bytes) -> tuple[bytes, Mark] | None:
    """Return an event's line as it came in, and the hub's mark; None when there is no mark."""
    place = line.rfind(_KEY)
    if place < 0 or line[:1] != b"{":
        return None
    try:
        return line[:place] + b"}", _decode_mark(line[place + len(_KEY) : -1])
    except (msgspec.MsgspecError, UnicodeError):
        return None


def lines_in(file: BinaryIO) -> tuple[int, int, int, int]:
    """Return how many lines a file has, where the last whole one and the file end, and how many look marked."""
    count = whole = end = good = 0
    rest = b""  # of a block, as much as the beginning of a mark may need
    while block := file.read(BLOCK):
        count += block.count(b"\n")
        good += (rest + block).count(_BEGINNING)
        rest = block[-len(_BEGINNING) + 1 :]
        line_end = block.rfind(b"\n") + 1
        whole = end + line_end if line_end else whole
        end += len(block)
    return count, whole, end, good
