"""Nothing of a job reaches a reader of another, over two hubs: open, send, read, resume, cut and lose in any order."""

import asyncio
import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from narration_hub.engine import Entry
from narration_hub.redis_engine import Link, RedisEngine
from narration_hub.streams import Limits
from support.servers import stream_server

HUBS = st.integers(0, 1)
JOBS = st.sampled_from(["job-a", "job-b", "a:job-b"])
STORIES = st.sampled_from(["req-1", "job-a", None])
LIMITS = Limits(events=6, bytes=2000, total_bytes=100_000, streams=50)
PATIENCE_S = 30


class ReaderOf:
    def __init__(self, scope, name, hub, ring):
        self.scope, self.name, self.hub, self.ring = scope, name, hub, ring
        self.cursor, self.life = 0, ring.life
        self.got, self.missed = [], 0

    def read(self):
        if self.ring.life != self.life:  # what the hub does then: reset, and everything that is there follows
            self.life, self.cursor = self.ring.life, 0
            self.got, self.missed = [], 0
        while (piece := self.ring.read(self.cursor)) is not None:
            self.cursor = piece.cursor
            for block in piece.data.split(b"\n\n")[:-1]:
                event_id, name, data = block.split(b"\n")
                assert event_id.startswith(b"id: " + self.ring.epoch.encode() + b"-")
                told = json.loads(data.removeprefix(b"data: "))
                if name == b"event: gap":
                    self.missed += told["missed"]
                else:
                    assert told[self.scope] == self.name, "an event of somebody else"
                    self.got.append(told["number"])


class SharedIsolation(RuleBasedStateMachine):
    """A model beside two engines on one real server: which event belongs where, by its number."""

    readers = Bundle("readers")

    def __init__(self, server):
        super().__init__()
        server.ask("FLUSHALL")
        self.server = server
        self.loop = asyncio.new_event_loop()
        self.engines = [RedisEngine(Link(server.url, f"hub{number}", LIMITS), LIMITS) for number in range(2)]
        for engine in self.engines:
            self.wait(engine.join())
        self.sent = 0
        self.own = {}
        self.opened = []

    def teardown(self):
        for engine in self.engines:
            self.wait(engine.close())
        self.loop.close()

    def wait(self, something):
        return self.loop.run_until_complete(asyncio.wait_for(something, PATIENCE_S))

    def until(self, is_so):
        async def wait():
            while not is_so():  # noqa: ASYNC110 - the engines' own tasks are what changes it
                await asyncio.sleep(0.001)

        self.wait(wait())

    @rule(hub=HUBS, job=JOBS, story=STORIES, count=st.integers(1, 9))
    def publish(self, hub, job, story, count):
        engine = self.engines[hub]
        for _ in range(count):
            self.sent += 1
            told = json.dumps({"number": self.sent, "job": job, "story": story}).encode()
            frame = b"event: narration\ndata: " + told + b"\n\n"
            entry = Entry("somebody", engine.name(None), int(time.time() * 1000), frame, job, story)
            engine.publish(entry)
            for scope, name in (("job", job), ("story", story)):
                if name is not None:
                    self.own.setdefault((scope, name), []).append(self.sent)
        engine.wake()
        self.until(lambda: engine.is_shared and not engine._log.waiting)

    @rule(target=readers, hub=HUBS, scope=st.sampled_from(["job", "story"]), name=JOBS)
    def open(self, hub, scope, name):
        self.until(lambda: self.engines[hub].is_shared)
        ring = self.wait(self.engines[hub].open(scope, name))
        assert (ring is None) == ((scope, name) not in self.own)
        if ring is None:
            return None
        ring.readers += 1
        reader = ReaderOf(scope, name, hub, ring)
        self.opened.append(reader)
        return reader

    @rule(reader=readers)
    def read(self, reader):
        if reader is not None:
            own = self.own[reader.scope, reader.name]

            def has_all():
                reader.read()
                return own[-1] in reader.got

            self.until(has_all)
            assert len(reader.got) == len(set(reader.got)), "shown twice"
            assert set(reader.got) <= set(own)
            assert reader.got == sorted(reader.got) or self.lost
            assert len(reader.got) + reader.missed == len(own) or self.lost

    lost = False

    @rule(reader=readers, other=readers)
    def resume(self, reader, other):
        if reader is None or other is None:
            return
        place = f"{other.ring.epoch}-{other.cursor}"
        is_same = (reader.scope, reader.name) == (other.scope, other.name)
        if not is_same:
            assert reader.ring.cursor_of(place) is None
        elif reader.ring.epoch == other.ring.epoch and other.life == other.ring.life:
            assert reader.ring.cursor_of(place) == (other.cursor if other.cursor <= reader.ring.last else None)

    @rule(reader=readers)
    def look_at_what_is_there(self, reader):
        if reader is not None:
            for engine in self.engines:
                assert self.wait(engine.exists(reader.scope, reader.name))
                assert not self.wait(engine.exists(reader.scope, reader.name + "x"))

    @rule()
    def cut(self):
        self.server.ask("CLIENT", "KILL", "TYPE", "normal")

    @rule()
    def lose(self):
        """The server forgets everything; each hub gives back what it took in, in an order that nobody promised."""
        self.server.ask("FLUSHALL")
        self.lost = True
        for engine in self.engines:  # whatever a hub asks next shows it what has happened
            self.wait(engine.exists("job", "of nobody"))
            self.until(lambda engine=engine: engine.is_shared and not engine._log.waiting)


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-02", "SSE-06")
@pytest.mark.parametrize("kind", ["redis", "valkey"])
def test_nothing_of_a_job_reaches_a_reader_of_another_over_two_hubs(kind, memory):
    with tempfile.TemporaryDirectory() as folder, stream_server(Path(folder), kind) as server:
        run_state_machine_as_test(
            lambda: SharedIsolation(server),
            settings=settings(deadline=None, stateful_step_count=25, max_examples=15, phases=[Phase.generate]),
        )
