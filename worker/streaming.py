"""From tokens' bytes to text that may be shown: whole characters, no half of a stop string (M0-W-1824)."""

import codecs
from collections.abc import Sequence


class TextStream:
    """Turns the bytes of tokens into text piece by piece.

    Args:
        stops: strings that end the text; the earliest match in the text wins, the longest of several there.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._stops = tuple(stops)
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""
        self.stopped_by: str | None = None

    def feed(self, piece: bytes) -> str:
        """Take a token's bytes; return the text that may be shown now, perhaps none.

        After a stop string was found `stopped_by` names it and nothing more is shown.
        """
        return self._show(self._decode(piece))

    def finish(self) -> str:
        """Return what was held back: the text is over."""
        text = self._show(self._decode(b"", True))  # noqa: FBT003 - the decoder's own signature
        rest, self._held = self._held, ""
        return text if self.stopped_by is not None else text + rest

    def _show(self, text: str) -> str:
        if not self._stops:
            return text
        if self.stopped_by is not None:
            return ""
        held = self._held + text
        found = [(at, -len(stop), stop) for stop in self._stops if (at := held.find(stop)) >= 0]
        if found:
            at, _, self.stopped_by = min(found)
            self._held = ""
            return held[:at]
        keep = self._partial(held)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def _partial(self, held: str) -> int:
        """Return the length of the longest end of the text with which a stop string begins."""
        for size in range(min(self._longest - 1, len(held)), 0, -1):
            end = held[-size:]
            if any(stop.startswith(end) for stop in self._stops):
                return size
        return 0
