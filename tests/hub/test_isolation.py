"""Nothing of a job reaches a reader of another: open, send, read, resume and revoke in any order."""

import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from narration_hub.access import Caller
from narration_hub.streams import Limits, Streams
from narration_hub.tickets import Tickets

JOBS = st.sampled_from(["job-a", "job-b", "job-c"])
STORIES = st.sampled_from(["req-1", "req-2", None])


class ReaderOf:
    def __init__(self, scope, name, ring, ticket):
        self.scope, self.name, self.ring, self.ticket = scope, name, ring, ticket
        self.cursor = 0


class Isolation(RuleBasedStateMachine):
    """A model beside the real streams: which event belongs where, by its number."""

    readers = Bundle("readers")

    def __init__(self):
        super().__init__()
        self.streams = Streams(Limits(events=6, bytes=2000, total_bytes=4000, streams=3))
        self.tickets = Tickets()
        self.sent = 0
        self.own = {}  # every event of a stream's present life
        self.lives = {}

    def _note(self, scope, name, number):
        if name is None:
            return
        ring = self.streams.find(scope, name)
        if ring is not None:
            self.own.setdefault(id(ring), []).append(number)
            self.lives[id(ring)] = ring

    @rule(job=JOBS, story=STORIES, count=st.integers(1, 9))
    def publish(self, job, story, count):
        for _ in range(count):
            self.sent += 1
            frame = b'event: narration\ndata: {"number":%d,"job":"%s"}\n\n' % (self.sent, job.encode())
            self.streams.publish(frame, job, story)
            self._note("job", job, self.sent)
            self._note("story", story, self.sent)
        self.streams.wake()

    @rule(target=readers, job=JOBS)
    def open_job(self, job):
        ticket, _ = self.tickets.issue("job", job, 60)
        return ReaderOf("job", job, self.streams.find("job", job), ticket)

    @rule(target=readers, story=st.sampled_from(["req-1", "req-2"]))
    def open_story(self, story):
        ticket, _ = self.tickets.issue("story", story, 60)
        return ReaderOf("story", story, self.streams.find("story", story), ticket)

    @rule(reader=readers)
    def read(self, reader):
        if reader.ring is None or self.tickets.check(reader.ticket) is None:
            return
        own = self.own[id(reader.ring)]
        before = reader.cursor
        got, missed = [], 0
        while (piece := reader.ring.read(reader.cursor)) is not None:
            reader.cursor = piece.cursor
            for block in piece.data.split(b"\n\n")[:-1]:
                event_id, name, data = block.split(b"\n")
                assert event_id.startswith(b"id: " + reader.ring.epoch.encode() + b"-")
                told = json.loads(data.removeprefix(b"data: "))
                if name == b"event: gap":
                    missed += told["missed"]
                    continue
                assert reader.scope != "job" or told["job"] == reader.name
                got.append(told["number"])
        # Exactly its own events: those after the ones that are missing, none of them twice, no other number.
        assert got == own[before + missed :][: len(got)]
        assert reader.cursor == len(own)
        assert len(got) + missed == len(own) - before

    @rule(reader=readers, other=readers)
    def resume_with_an_id_of_somebody_else(self, reader, other):
        if reader.ring is None or other.ring is None or reader.ring is other.ring:
            return
        assert reader.ring.cursor_of(f"{other.ring.epoch}-{other.cursor}") is None

    @rule(reader=readers)
    def resume(self, reader):
        if reader.ring is not None:
            assert reader.ring.cursor_of(f"{reader.ring.epoch}-{reader.cursor}") == reader.cursor

    @rule(reader=readers)
    def a_ticket_opens_one_door(self, reader):
        ticket = self.tickets.check(reader.ticket)
        if ticket is None:
            return
        caller = Caller("ticket", "token:abcdef", ticket=ticket)
        for scope in ("job", "story"):
            for name in ("job-a", "job-b", "job-c", "req-1", "req-2"):
                assert caller.may_read(scope, name) == ((scope, name) == (reader.scope, reader.name))
        assert not caller.may_send

    @rule(reader=consumes(readers))
    def revoke(self, reader):
        self.tickets.revoke(reader.scope, reader.name)
        assert self.tickets.check(reader.ticket) is None

    @invariant()
    def memory_is_bounded(self):
        assert self.streams.bytes <= 4000 + 2000
        assert self.streams.count("job") <= 3
        assert self.streams.bytes == sum(
            ring.bytes for rings in self.streams._rings.values() for ring in rings.values()
        )


Isolation.TestCase.settings = settings(deadline=None, stateful_step_count=40, max_examples=60)
TestIsolation = pytest.mark.req("SSE-06", "HUB-02")(Isolation.TestCase)
