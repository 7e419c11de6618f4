"""What hubs tell each other beside events: the jobs and services on their boards, keys of tickets, what was revoked."""

import math
import time
from collections import OrderedDict
from typing import Annotated, Final

import msgspec

from narration_hub.board import Board
from narration_hub.config import HUB_NAME
from narration_hub.redis_engine._hubs import HELLO_S, Hubs
from narration_hub.redis_engine._link import GoneError, Link
from narration_hub.redis_engine._replies import Row
from narration_hub.services import Heard
from narration_hub.summary import Summary
from narration_hub.tickets import Tickets

_ROWS: Final = 200
_SLACK_MS: Final = 100  # how far the clocks of two hubs may be apart, after they were set by Redis' clock
_FIRSTS: Final = 50_000
_encode: Final = msgspec.json.Encoder().encode
_decode_job: Final = msgspec.json.Decoder(Summary).decode


_decode_service: Final = msgspec.json.Decoder(Heard).decode


class _Hello(msgspec.Struct, array_like=True):
    """A hub: what it is called, and when it said so, by Redis' clock in milliseconds since the epoch."""

    name: Annotated[str, msgspec.Meta(pattern=HUB_NAME)]
    heard_ms: int


_decode_hello: Final = msgspec.json.Decoder(_Hello).decode


class Sharing:
    """Tells the other hubs what this one knows, and learns what they know.

    Args:
        link: the connection.
        board: this hub's board.
        tickets: this hub's tickets.
        hubs: this hub's name, and those of the others.
    """

    def __init__(self, link: Link, board: Board, tickets: Tickets, hubs: Hubs) -> None:
        self._link = link
        self._board = board
        self._tickets = tickets
        self._hubs = hubs
        self._said_at = -math.inf  # when this hub told its name
        self._seen = 0
        self._seen_tickets = -1
        self._firsts: OrderedDict[str, int] = OrderedDict()
        tickets.slack_ms = _SLACK_MS
        self._track()

    def begin(self) -> None:
        """Tell everything, and learn everything: Redis may have lost it."""
        self._seen, self._seen_tickets = 0, -1
        self._said_at = -math.inf
        self._track()
        self._tickets.prepare()

    def _track(self, jobs: list[str] | None = None, services: list[str] | None = None) -> None:
        self._board.track(jobs)
        self._board.services.track(services)

    def first(self, job_id: str) -> int:
        """Return the number of the oldest event in a job's stream, as far as it was told."""
        return self._firsts.get(job_id, 1)

    async def tick(self) -> bool:
        """Tell what is new here, and learn what is new elsewhere; return whether there is more.

        Raises:
            GoneError: Redis is away.
        """
        jobs, services = self._board.changes.take(_ROWS), self._board.services.changes.take(_ROWS)
        revoked = self._tickets.unshared()
        rows = self._rows(jobs, services)
        before = time.monotonic()
        if self._hubs.own and before - self._said_at > HELLO_S:
            self._said_at = before
            now_ms = time.time_ns() // 1_000_000 + self._tickets.ahead_ms
            rows.append(Row(self._link.hub, "h", "", 0, _encode(_Hello(self._hubs.own, now_ms))))
        try:
            told = await self._link.share(self._seen, self._seen_tickets, self._tickets.keys, revoked, rows)
        except GoneError:
            self._said_at = -math.inf
            self._track(jobs, services)
            raise
        # Half of the way there and back: how far Redis' clock is from ours.
        self._tickets.ahead_ms = told.at_ms - (time.time_ns() // 1_000_000) + int((time.monotonic() - before) * 500)
        self._tickets.shared(revoked)
        if told.keys is not None and told.revoked is not None:
            self._tickets.learn(told.keys, told.revoked)
        for row, first in zip((row for row in rows if row.kind == "j"), told.firsts, strict=True):
            self._note_first(row.name, first)
        for row in told.rows:
            self._learn(row)
        self._seen, self._seen_tickets = told.seen, told.seen_tickets
        return told.is_more or len(jobs) == _ROWS or len(services) == _ROWS

    def _shift_ms(self) -> int:
        """Return how far Redis' clock is ahead of the board's."""
        return time.time_ns() // 1_000_000 + self._tickets.ahead_ms - self._board.now_ms()

    def _rows(self, jobs: list[str], services: list[str]) -> list[Row]:
        shift = self._shift_ms()
        found: list[Row] = []
        for job_id in jobs:
            summary = self._board.summary(job_id)
            data = _encode(summary.shifted(shift)) if summary is not None else b""
            found.append(Row(self._link.hub, "j", job_id, 0, data))
        for service in services:
            heard = self._board.services.heard_here(service).shifted(shift)
            found.append(Row(self._link.hub, "s", service, 0, _encode(heard)))
        return [row for row in found if row.data]

    def _learn(self, row: Row) -> None:
        shift = self._shift_ms()
        try:
            if row.kind == "j":
                self._board.learn(row.hub, row.name, _decode_job(row.data).shifted(-shift))
                self._note_first(row.name, row.first)
            elif row.kind == "s":
                self._board.services.learn(row.hub, row.name, _decode_service(row.data).shifted(-shift))
            elif row.kind == "h":
                said = _decode_hello(row.data)
                self._hubs.learn(row.hub, said.name, (said.heard_ms - self._tickets.ahead_ms) / 1000)
        except msgspec.MsgspecError:
            return  # of another version of the hub

    def _note_first(self, job_id: str, first: int) -> None:
        self._firsts[job_id] = max(first, self._firsts.get(job_id, 1))
        self._firsts.move_to_end(job_id)
        if len(self._firsts) > _FIRSTS:
            self._firsts.popitem(last=False)
