"""From token bytes to text that may be shown: whole characters only, stop texts never half."""

import codecs
from collections.abc import Sequence


class TextStream:
    """Collects the bytes of tokens and releases text.

    Args:
        stops: texts that end the stream; the earliest in the text wins and is not shown.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = [stop for stop in stops if stop]
        self._longest = max((len(stop) for stop in self._stops), default=0)
        self._held = ""
        self.matched: str | None = None

    def feed(self, piece: bytes) -> str:
        """Take a token's bytes; return what may be shown now, often nothing."""
        return self._release(self._decoder.decode(piece), last=False)

    def finish(self) -> str:
        """Return what was held back, at the end of the tokens."""
        return self._release(self._decoder.decode(b"", final=True), last=True)

    def _release(self, more: str, *, last: bool) -> str:
        if self.matched is not None:
            return ""
        if not self._stops:
            return more
        self._held += more
        found = [(place, stop) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        # A longer stop text may still be growing at an earlier place: wait until none can.
        cut = len(self._held) if last else len(self._held) - self._growing()
        if found:
            # Of two that begin at the same place the longer was meant.
            place, stop = min(found, key=lambda one: (one[0], -len(one[1])))
            if place <= cut:
                self.matched = stop
                cut = place
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def _growing(self) -> int:
        """Return the length of the longest end of the text that may be the beginning of a stop text."""
        for size in range(min(self._longest - 1, len(self._held)), 0, -1):
            end = self._held[-size:]
            if any(stop.startswith(end) and len(stop) > size for stop in self._stops):
                return size
        return 0
