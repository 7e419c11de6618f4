"""The engine of many hubs.

What comes in goes to a log in memory; a task gives it to Redis, which numbers it. Another task reads the streams that
this hub's readers follow, and fills the same rings as the embedded engine has. When Redis is gone, the rings go on with
this hub's events under an epoch of their own; when it is back, it gets what it does not have, the rings are read from
it again, and their readers begin anew.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from narration_hub import points
from narration_hub.board import Board
from narration_hub.engine import AloneError, Entry, Figure, Recalled
from narration_hub.redis_engine._hubs import Hubs
from narration_hub.redis_engine._link import GoneError, Link, RenewedError, UnfitError, key_of, stream_key
from narration_hub.redis_engine._log import Log
from narration_hub.redis_engine._rings import EVERYTHING, Place, Rings
from narration_hub.redis_engine._sharing import Sharing
from narration_hub.ring import Ring
from narration_hub.streams import Limits, Places, Scope, Streams
from narration_hub.tickets import Tickets
from narration_hub.wire import Stores

_LOG_EVENTS: Final = 50_000
_LOG_BYTES: Final = 32 << 20
_BATCH: Final = 500
_BATCH_BYTES: Final = 1 << 20
_AGAIN_MS: Final = 3600 * 1000  # what is older is not given to Redis again: it may no longer know that it had it
_SETTLE_S: Final = 0.25
_FLUSH_S: Final = 5.0
_PAUSE_S: Final = (0.1, 2.0)
_RENEWED_S: Final = 0.02
_UNSEEN_MS: Final = 5000  # how far what Redis has can be ahead of what was read from it
_BACK_S: Final = 1.0
_SHARE_S: Final = 0.5
_AUDIT_S: Final = 30.0
_DOUBLES: Final = 1000
_EVERY: Final = "every"
_NOWHERE: Final = Places("", None, None)

_T = TypeVar("_T")


class RedisEngine:
    """Shares streams with other hubs.

    Args:
        link: the connection.
        limits: of the rings in memory.

    Attributes:
        repeated: events that another hub had taken in before.
    """

    def __init__(self, link: Link, limits: Limits) -> None:
        self.streams = Streams(limits)
        self.repeated = 0
        self._link = link
        self._rings = Rings(self.streams, limits, link.hub)
        self._log = Log(_LOG_EVENTS, min(_LOG_BYTES, limits.total_bytes))
        self._is_shared = False  # whether Redis is there
        self._opening: dict[Place, asyncio.Task[Ring | None]] = {}
        self._more = asyncio.Event()
        self._sharing: Sharing | None = None
        self._hubs = Hubs()
        self._running: asyncio.Task[None] | None = None
        self._is_closed = False
        self._back = asyncio.Event()  # Redis is there
        self._left_at = -_BACK_S
        self._trouble = asyncio.Event()  # a command of a reader's failed
        self._doubles: deque[str] = deque(maxlen=_DOUBLES)  # own events that came to another hub before
        self._settling: list[tuple[int, asyncio.Future[None]]] = []
        self._ending: set[str] = set()  # jobs whose streams end once they hold everything
        self._name = secrets.token_hex(6)
        self._named = 0
        self._told_lost = 0
        self._told_unfit = ""

    @property
    def is_shared(self) -> bool:
        """Whether Redis is there."""
        return self._is_shared

    @property
    def is_alone(self) -> bool:
        """Whether it is not."""
        return not self._is_shared

    def share(self, board: Board, tickets: Tickets) -> None:
        """Share also what is on a board, and the keys of tickets; call it before `join`."""
        self._sharing = Sharing(self._link, board, tickets, self._hubs)

    def introduce(self, name: str) -> None:
        """Tell the other hubs how this one is called."""
        self._hubs.own = name

    def stores(self) -> Stores | None:
        """Return that only this hub's store was asked, and which other hubs there are."""
        return Stores([self._hubs.own], self._hubs.others(), alone=self.is_alone)

    # -- taking in --------------------------------------------------------------------------------

    def name(self, event_id: str | None) -> str:
        """Return the id; one of our own for an event without, so that it can be given to Redis twice."""
        if event_id is not None:
            return event_id
        self._named += 1
        return f"{self._name}-{self._named}"

    def publish(self, entry: Entry) -> Places:
        """Add an event; Redis numbers it later, so it has no ids yet."""
        self.streams.everything.append(entry.frame)
        self._log.append(entry)
        self._rings.add_own(entry)
        return _NOWHERE

    def restore(self, entry: Entry, places: Places) -> None:
        """Take back an event from before a restart; Redis gets it again, if it came in lately."""
        del places  # numbers are Redis' business
        self.streams.everything.append(entry.frame)
        if entry.event_id is not None and entry.at_ms > _now_ms() - _AGAIN_MS:
            self._log.append(entry)

    def wake(self) -> None:
        """Have the log given to Redis, and readers look at what was added without it."""
        self._more.set()
        self._rings.wake()

    async def settle(self) -> None:
        """Wait until Redis has what was published, if it is there, but only for a moment."""
        if not self._is_shared or not self._log.waiting:
            return
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settling.append((self._log.end, settled))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                await settled

    def _settled(self, upto: int | None = None) -> None:
        waiting, self._settling = self._settling, []
        for end, settled in waiting:
            if upto is not None and end > upto:
                self._settling.append((end, settled))
            elif not settled.done():
                settled.set_result(None)

    # -- readers ----------------------------------------------------------------------------------

    async def exists(self, scope: Scope, name: str) -> bool:
        """Tell whether there is a stream of this job or story.

        Raises:
            AloneError: Redis is away, and nothing of it came to this hub.
        """
        if self.streams.find(scope, name) is not None or self._log.has_waiting(scope, name):
            return True
        try:
            look = await self._asked(lambda: self._link.look(scope, name))
        except GoneError:
            if any(True for _ in self._log.of(scope, name)):
                return True
            raise AloneError from None
        return look is not None

    async def _asked(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask Redis; if that fails, let the tasks connect again, which is often done in a moment, and try once more.

        Raises:
            GoneError: it is away.
        """
        if self._is_shared:
            try:
                return await ask()
            except GoneError:
                self._back.clear()
                self._trouble.set()
                self._left_at = time.monotonic()
        patience_s = self._left_at + _BACK_S - time.monotonic()
        if patience_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._back.wait()
        if not self._is_shared:
            raise GoneError("it was away")
        return await ask()

    async def open(self, scope: Scope, name: str) -> Ring | None:
        """Return the stream of a job or story; None when there is none.

        Raises:
            AloneError: Redis is away, and nothing of it came to this hub.
        """
        return await self._open((scope, name))

    async def open_everything(self) -> Ring:
        """Return the stream of everything that any hub takes in."""
        return await self._open(EVERYTHING) or self._rings.begin(EVERYTHING)

    async def _open(self, place: Place) -> Ring | None:
        if self._rings.is_followed(place):
            self._rings.touch(place)
            return self._rings.find(place)
        opening = self._opening.get(place)
        if opening is None:
            opening = self._opening[place] = asyncio.create_task(self._opened(place))
            opening.add_done_callback(partial(self._is_open, place))
        return await asyncio.shield(opening)

    def _is_open(self, place: Place, opening: asyncio.Task[Ring | None]) -> None:
        self._opening.pop(place, None)
        if not opening.cancelled():
            opening.exception()  # whoever waited for it may have gone

    async def _opened(self, place: Place) -> Ring | None:
        scope, name = place
        try:
            if not await self._asked(lambda: self._read(place)):
                return None
        except GoneError:
            pass  # until the tasks are back: what this hub took in itself
        ring = self._rings.find(place)
        if ring is not None:
            return ring
        own = list(self._log.of(scope, name))
        if not own and scope is not None:
            raise AloneError
        return self._rings.fill_own(place, own)

    async def _read(self, place: Place) -> bool:
        """Fill a ring for the first time; return whether there is such a stream."""
        scope, name = place
        is_coming = scope is None or self._log.has_waiting(scope, name)
        look = await self._link.look(scope or _EVERY, name, make=is_coming)
        if look is None:
            return False
        told = await self._link.read(scope or _EVERY, name, look)
        if self._is_shared and not self._rings.is_followed(place):
            self._rings.fill(place, look, told)
            await self._link.wake()
        return True

    def end(self, job_id: str, *, is_told_here: bool) -> bool:
        """End the stream of a job that has ended; one that others have told of only when it was read to its end.

        There may always be something to end: a reader may open the stream of a job that has ended.
        """
        ring = self.streams.find("job", job_id)
        if ring is None or ring.end is not None:
            return False
        if self._is_shared:
            self._ending.add(job_id)
        elif is_told_here:
            ring.close("ended")
        return False

    async def _end_what_is_whole(self) -> None:
        ending, self._ending = self._ending, set()
        for job_id in ending:
            look = await self._link.look("job", job_id)
            ring = self.streams.find("job", job_id)
            if ring is not None and (look is None or (ring.epoch == look.epoch and ring.last >= look.last)):
                ring.close("ended")

    # -- the tasks --------------------------------------------------------------------------------

    async def join(self) -> None:
        """Connect, and work with Redis until `close`; it may be away.

        Raises:
            UnfitError: streams cannot be kept there.
        """
        trouble: GoneError | None = None
        try:
            await self._joined(first=True)
        except UnfitError:
            raise
        except GoneError as error:
            trouble = error
        if trouble is not None:
            self._tell_left(trouble)
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Give Redis what it does not have, if it is there, and let go of it."""
        self._is_closed = True
        running = self._running
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        with contextlib.suppress(GoneError, TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                while self._is_shared and self._log.waiting:
                    await self._push_some()
        self._settled()
        await self._link.close()

    async def _run(self) -> None:
        """Work with Redis, whatever becomes of it."""
        pause_s = _PAUSE_S[0]
        while not self._is_closed:  # a cancellation may be lost among errors that come with it
            trouble: Exception
            try:
                if not self._is_shared:
                    await self._joined()
                pause_s = _PAUSE_S[0]
                await self._work()
                continue
            except Exception as error:  # noqa: BLE001 - the hub goes on without Redis, whatever it is
                trouble = error
            self._leave(trouble)
            is_renewed = isinstance(trouble, RenewedError)
            # Not all hubs at once.
            await asyncio.sleep((_RENEWED_S if is_renewed else pause_s) * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(pause_s * 2, _PAUSE_S[1])

    async def _joined(self, *, first: bool = False) -> None:
        if await self._link.connect():
            self._log.rewind(_now_ms() - _AGAIN_MS)
        until = time.monotonic() + _FLUSH_S
        while not first and self._log.waiting and time.monotonic() < until:
            await self._push_some()
        if self._sharing is not None:
            self._sharing.begin()
            await self._sharing.tick()
        # Last, with nothing to wait for after it: a reader that comes meanwhile gets a ring that must be filled too.
        while place := self._rings.not_followed():
            scope, name = place
            look = await self._link.look(scope or _EVERY, name, make=True)
            if look is not None:
                self._rings.fill(place, look, await self._link.read(scope or _EVERY, name, look))
        self._is_shared = True
        self._trouble.clear()
        self._back.set()
        points.engine_joined(address=self._link.address)
        if self._log.lost > self._told_lost:
            points.engine_lost(address=self._link.address, events=self._log.lost - self._told_lost)
            self._told_lost = self._log.lost

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._push())
                group.create_task(self._follow())
                group.create_task(self._audit())
                group.create_task(self._watch())
                group.create_task(self._share())
        except* GoneError as errors:
            raise _first(errors) from None

    async def _watch(self) -> None:
        await self._trouble.wait()
        raise GoneError("a command failed")

    async def _share(self) -> None:
        while self._sharing is not None:
            while await self._sharing.tick():
                pass
            await self._end_what_is_whole()
            await asyncio.sleep(_SHARE_S)

    async def _audit(self) -> None:
        """Keep streams that somebody reads from expiring, and notice when Redis has lost one."""
        while True:
            await asyncio.sleep(_AUDIT_S)
            for place, ring in self._rings.followed().items():
                scope, name = place
                look = await self._link.look(scope or _EVERY, name, make=True)
                if look is not None and (look.epoch != ring.epoch or look.last < ring.last):
                    raise RenewedError("its numbers are from another life")

    def _leave(self, trouble: Exception) -> None:
        """Go on alone: rings get what they do not have of this hub's events, and from now on every one."""
        was_shared, self._is_shared = self._is_shared, False
        self._back.clear()
        self._left_at = time.monotonic() if was_shared else self._left_at
        self._rings.leave(self._log.tail(_now_ms() - _UNSEEN_MS), self._doubles)
        self._settled()
        self.wake()
        if was_shared or isinstance(trouble, UnfitError):
            self._tell_left(trouble)

    def _tell_left(self, trouble: Exception) -> None:
        if isinstance(trouble, UnfitError):  # it would be told at every try
            if self._told_unfit == str(trouble):
                return
            self._told_unfit = str(trouble)
        reason = str(trouble) if isinstance(trouble, GoneError) else f"unexpected {type(trouble).__name__}"
        points.engine_left(address=self._link.address, reason=reason, error_kind="engine_left")

    async def _push(self) -> None:
        while True:
            while self._log.waiting:
                await self._push_some()
            self._more.clear()
            await self._more.wait()

    async def _push_some(self) -> None:
        start = self._log.is_pushed_to
        batch = self._log.pending(_BATCH, _BATCH_BYTES)
        repeated = await self._link.publish(batch)
        self.repeated += len(repeated)
        self._doubles.extend(key_of(batch[place]) for place in repeated)
        self._log.pushed(start + len(batch))
        self._settled(self._log.is_pushed_to)

    async def _follow(self) -> None:
        while True:
            followed = self._rings.followed()
            keys = {stream_key(scope or _EVERY, name): (scope, name) for scope, name in followed}
            found = await self._link.follow({key: followed[place].last for key, place in keys.items()})
            for key, told in found.items():
                place = keys[key]
                ring = followed[place]
                if any(one.epoch != ring.epoch for one in told):
                    raise RenewedError("its numbers are from another life")
                self._rings.take(place, ring, told)
            self.wake()

    # -- what is known ----------------------------------------------------------------------------

    def missed(self, job_id: str, events: int) -> int:
        """Return how many events are no longer in a job's stream, as far as it was told."""
        ring = self.streams.find("job", job_id)
        if ring is not None:
            return ring.first - 1
        return min(events, self._sharing.first(job_id) - 1) if self._sharing is not None else 0

    async def recall(self, scope: Scope, name: str) -> list[Recalled]:
        """Return the events of a stream that are still in Redis, whichever hub took them in."""
        try:
            look = await self._asked(lambda: self._link.look(scope, name))
            if look is None:
                return []
            told = await self._link.read(scope, name, look)
        except GoneError:
            return [Recalled(key_of(entry), entry.frame) for entry in self._log.of(scope, name)]
        return [Recalled(one.key, one.frame) for one in told]

    async def recall_others(self) -> list[bytes]:
        """Return what other hubs took in and Redis still has; nothing while it is away."""
        try:
            look = await self._asked(lambda: self._link.look(_EVERY, ""))
            told = await self._link.read(_EVERY, "", look) if look is not None else []
        except GoneError:
            return []
        return [one.frame for one in told if one.hub != self._link.hub]

    def figures(self) -> list[Figure]:
        """Return what there is to count."""
        return [
            ("narration_hub_engine_up", "gauge", "whether Redis is there", int(self._is_shared)),
            ("narration_hub_unshared", "gauge", "events that Redis does not have yet", self._log.waiting),
            ("narration_hub_unshared_lost_total", "counter", "events that other hubs never get", self._log.lost),
            ("narration_hub_repeated_elsewhere_total", "counter", "events another hub had already", self.repeated),
        ]


def _first(errors: "ExceptionGroup[GoneError]") -> GoneError:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, GoneError) else GoneError(type(found).__name__)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
