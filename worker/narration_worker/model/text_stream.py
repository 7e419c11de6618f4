"""From token bytes to text that may be sent: whole characters only, and no part of a stop text."""

import codecs
from collections.abc import Iterator, Sequence

from narration_worker.model.generation import Token


class TextStream:
    """Collects the bytes of tokens and releases text.

    Args:
        stops: texts that end the stream; the earliest in the text wins and is not sent.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = [stop for stop in stops if stop]
        self._longest = max((len(stop) for stop in self._stops), default=0)
        self._held = ""
        self._partial = False
        self.matched: str | None = None

    def feed(self, piece: bytes) -> str:
        """Add a token's bytes; return the text that may be sent now, often none."""
        if not self._partial and piece.isascii():  # most tokens; the decoder takes ten times as long
            added = piece.decode("ascii")
        else:
            added = self._decoder.decode(piece)
            self._partial = bool(self._decoder.getstate()[0])
        return self._release(added, last=False) if self._stops else added

    def tokens(self, fresh: Sequence[tuple[bytes, int]], count: int) -> Iterator[Token]:
        """Add the bytes and ids of the newest tokens; yield what may be sent now.

        Args:
            fresh: bytes and id of each.
            count: how many tokens there are so far, these included.
        """
        for position, (piece, token) in enumerate(fresh, count - len(fresh)):
            yield Token(self.feed(piece), position, token)

    def finish(self) -> str:
        """Return the text that was held back, after the last token."""
        return self._release(self._decoder.decode(b"", final=True), last=True)

    def _release(self, added: str, *, last: bool) -> str:
        if self.matched is not None:
            return ""
        self._held += added
        matches = [(start, stop) for stop in self._stops if (start := self._held.find(stop)) >= 0]
        # A longer stop text may still be incomplete at an earlier position: wait until none can be.
        cut = len(self._held) if last else len(self._held) - self._partial_stop()
        if matches:
            # Of two that begin at the same position, the longer one counts.
            start, stop = min(matches, key=lambda match: (match[0], -len(match[1])))
            if start <= cut:
                self.matched = stop
                cut = start
        visible, self._held = self._held[:cut], self._held[cut:]
        return visible

    def _partial_stop(self) -> int:
        """Return the length of the longest end of the text that may begin a stop text."""
        for size in range(min(self._longest - 1, len(self._held)), 0, -1):
            end = self._held[-size:]
            if any(stop.startswith(end) and len(stop) > size for stop in self._stops):
                return size
        return 0
