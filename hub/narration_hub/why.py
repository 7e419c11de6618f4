"""What a request waits for, as `narration why` tells it: who holds it, how long that usually takes, what follows."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from narration_core import Event
from narration_core.contract import from_fields
from narration_core.following import RECENT_BYTES, Line, Recent, Searched, follow, why
from narration_hub import wire
from narration_hub.exchange import Exchange
from narration_hub.intake import event_of
from narration_hub.streams import Scope

LEARN_S: Final = 10.0
"""What is usual is learned from the latest lines at most so often, in seconds."""

_MOST_LINES: Final = 20_000  # of a story; what it waits for stands at its end


class _Told:
    """A story that was read before, as the source that `why` asks.

    Args:
        events: of the story, in the order of arrival.
        recent: what is usual.
    """

    def __init__(self, events: list[Event], recent: Recent) -> None:
        self.searched = Searched()
        self._lines = [Line(one.actor or "", 0, one.emitted_at_ms, one, "", "narration") for one in events]
        self._recent = recent

    def read(self, ids: Collection[str], since: int | None = None, until: int | None = None) -> list[Line]:
        del ids, since, until
        return self._lines

    def recent(self) -> Recent:
        return self._recent

    def durations(self, actor: str, action: str) -> list[float]:
        return self._recent.durations.get((actor, action), [])


class Reasons:
    """Says why a job or story is where it is.

    Args:
        exchange: knows what was heard.
        clock: returns the monotonic time in seconds.
    """

    def __init__(self, exchange: Exchange, clock: Callable[[], float] = time.monotonic) -> None:
        self._exchange = exchange
        self._clock = clock
        self._recent = Recent()
        self._learned_at: float | None = None
        self._learning = asyncio.Lock()

    async def of(self, scope: Scope, name: str, *, for_operator: bool) -> wire.Why | None:
        """Return why a job or story is where it is; None when nothing is known of it.

        Args:
            scope: job or story.
            name: its id.
            for_operator: whether the caller may know of other requests and of services as such.
        """
        events = await self._events(scope, name)
        if not events:
            return None
        recent = await self._usual() if for_operator else Recent()
        found = await asyncio.to_thread(_answer, name, events, recent)
        found.stores = self._exchange.engine.stores()
        if for_operator and found.service:
            found.heard_ms, found.others_heard_ms = self._heard(found.service)
        return found

    async def _events(self, scope: Scope, name: str) -> list[Event]:
        """Return the latest events of memory; those that are kept when none of them is there."""
        ring = self._exchange.streams.find(scope, name)
        if ring is not None:
            frames = ring.frames()[-_MOST_LINES:]
            return await asyncio.to_thread(lambda: [event_of(frame) for frame in frames])
        field = "job_id" if scope == "job" else "correlation_id"
        lines = (await self._exchange.kept.story([name])).lines[-_MOST_LINES:]
        return [from_fields(line.event) for line in lines if line.event.get(field) == name]

    async def _usual(self) -> Recent:
        """Return what the latest lines say; learned in a thread, once for all who ask."""
        async with self._learning:
            now = self._clock()
            if self._learned_at is None or now - self._learned_at >= LEARN_S:
                blocks = await self._exchange.kept.recent(RECENT_BYTES)
                recent = Recent()
                lines = (line for block in blocks for line in block.splitlines())
                await asyncio.to_thread(deque, recent.take(lines), 0)
                self._recent, self._learned_at = recent, self._clock()
        return self._recent

    def _heard(self, service: str) -> tuple[int | None, int | None]:
        """Return how long ago a service was heard at all, and any other one, in milliseconds."""
        heard = {one.service: one.quiet_ms for one in self._exchange.board.services.shown()}
        own = heard.pop(service, None)
        return own, min(heard.values(), default=None)


def _answer(name: str, events: list[Event], recent: Recent) -> wire.Why:
    source = _Told(events, recent)
    answer = why(source, follow(source, name))
    line, inner = answer.line, answer.open[0] if answer.open else None
    said = inner.last if inner is not None and inner.last is not None else line
    event = said.event if said is not None else None
    usual, following = answer.usual, answer.next
    first = answer.errors[0] if answer.errors else None
    return wire.Why(
        state=answer.state,
        service=answer.holder,
        sentence=(event.human if event is not None else None) or "",
        since_ms=line.at_ms if line is not None else None,
        called=answer.called,
        usual=None if usual is None else wire.Usual(usual.measured, usual.median, usual.p99),
        next=None
        if following is None
        else wire.Next(following.actor, following.human, following.share, following.requests, following.after.median),
        errors=len(answer.errors),
        error=None
        if first is None or first.event is None
        else wire.Said(first.service, first.event.human or "", first.at_ms),
        left_open=[work.event.human or work.name for work in answer.left_open],
        lost={loss.actor: sum(loss.counts.values()) for loss in answer.losses},
        notes=answer.story.notes,
    )
