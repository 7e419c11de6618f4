"""What a hub acknowledged survives its death; the store keeps to its quota and starts whatever was done to it."""

import asyncio
import json
import os
import signal
import tempfile
import threading
from pathlib import Path

import aiohttp
import pytest

from narration_core import decode
from narration_core.following import Files
from narration_hub import store as stores
from narration_hub.config import Settings
from narration_hub.exchange import Exchange, Producer
from narration_hub.store import Store, StoreError
from narration_hub.stored_line import Mark, marked, unmarked
from support.hub import event, hub


def run(main):
    asyncio.run(asyncio.wait_for(main, 180))


def lines(count, start=0):
    return [marked(event(human=f"Step {n}"), Mark(1, "localhost", "poold")) for n in range(start, start + count)]


def test_a_line_comes_back_as_it_was():
    line = event(human='He said ,"hub": and left')
    mark = Mark(5, "localhost", "poold", "p-1", "e-1", "j-1", "s-1")
    assert unmarked(marked(line, mark).rstrip(b"\n")) == (line, mark)
    assert decode(marked(line, mark)).human == 'He said ,"hub": and left'
    assert unmarked(line) is None


@pytest.mark.req("HUB-03")
def test_one_hub_holds_the_store(tmp_path):
    first = Store(tmp_path, 1 << 30, 1)
    with pytest.raises(StoreError, match="another hub"):
        Store(tmp_path, 1 << 30, 1)
    first.close()
    Store(tmp_path, 1 << 30, 1).close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "file" / "data", 1 << 30, 1)


@pytest.mark.fault
@pytest.mark.req("HUB-03")
@pytest.mark.parametrize(
    ("damage", "left", "unreadable"),
    [
        (lambda data: data[:-7], 9, 1),
        (lambda data: data + b'{"half', 10, 1),
        (lambda data: data.replace(b"Step 4", b"Step 4\n\x00\xff"), 9, 2),
        (lambda _: b"", 0, 0),
        (lambda _: os.urandom(5000).replace(b"\n", b"") + b"\n" + os.urandom(99).replace(b"\n", b"") + b"\n", 0, 2),
    ],
    ids=["torn", "half a line", "in the middle", "emptied", "garbage"],
)
def test_a_damaged_segment_never_stops_the_start(tmp_path, damage, left, unreadable):
    one = Store(tmp_path, 1 << 30, 1)
    assert one.append(lines(10))
    one.close()
    (path,) = one.segments()
    path.write_bytes(damage(path.read_bytes()))
    again = Store(tmp_path, 1 << 30, 1)
    assert (len(list(again.recovered())), again.unreadable) == (left, unreadable)
    assert again.append(lines(1))
    assert len(list(again.recovered())) == left + 1
    again.close()


@pytest.mark.req("HUB-03")
def test_whole_segments_go_when_there_are_too_many(tmp_path):
    one = Store(tmp_path, 100_000, 1, segment_bytes=20_000)
    (tmp_path / "events-00000000.bad").write_bytes(b"x" * 50_000)
    for start in range(0, 2000, 20):
        one.append(lines(20, start))
        if one.must_turn():
            one.turn({})
        assert sum(path.stat().st_size for path in tmp_path.glob("events-*")) <= 100_000 + 60_000
    assert not list(tmp_path.glob("*.bad"))
    kept = [decode(line).human for line, _ in one.recovered()]
    assert kept == [f"Step {n}" for n in range(2000 - len(kept), 2000)]
    old = one.segments()[0]
    os.utime(old, (1, 1))
    one.tidy()
    assert not old.exists()
    one.close()


@pytest.mark.fault
@pytest.mark.req("HUB-03")
def test_what_has_the_name_of_a_segment_and_is_none_is_left_alone(tmp_path):
    (tmp_path / "events-00000001.jsonl").mkdir()
    (tmp_path / "events-00000003.jsonl").symlink_to("nowhere")
    one = Store(tmp_path, 4, 1, segment_bytes=1)  # keeps nothing but the segment that is written to
    for start in range(3):
        one.append(lines(1, start))
        one.turn({})
    assert [path.name for path in one.segments()] == ["events-00000006.jsonl"]
    assert {path.name for path in tmp_path.glob("events-*")} == {f"events-0000000{n}.jsonl" for n in (1, 3, 6)}
    one.close()


@pytest.mark.req("HUB-03")
def test_the_store_is_read_as_plain_log_files(tmp_path):
    one = Store(tmp_path, 1 << 30, 1)
    one.append([marked(event(correlation_id="req-1"), Mark(1, "localhost", "poold")), *lines(3)])
    one.close()
    with Files([str(tmp_path)]) as files:
        (line,) = files.read(["req-1"])
    assert line.event.human == "Spawning an engine"


@pytest.mark.fault
@pytest.mark.req("HUB-03")
def test_a_full_disk_is_counted_and_leaves_no_half_line(tmp_path, monkeypatch):
    """The size limit of the process stands for the disk: the kernel writes a part, then nothing."""
    code = """
import resource, signal, sys
from pathlib import Path
from narration_hub.store import Store
from narration_hub.stored_line import Mark, marked
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]), 1 << 30, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
line = marked(b'{"actor":"a","action":"b","human":"Something"}', Mark(1, "localhost"))
said = [store.append([line] * 4) for _ in range(6)]
assert said[0] and not said[-1], said
assert store.is_full and store.unsaved == 4 * said.count(False)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store._try_again_at = 0
assert store.append([line])
assert len(list(store.recovered())) == 4 * said.count(True) + 1
assert store.unreadable == 0
"""
    process = asyncio.run(_python(code, str(tmp_path)))
    assert process == (0, "")


async def _python(*arguments):
    import sys

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", *arguments, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def _read(one, after, begun, seen):
    path = "/v1/jobs/job-1/stream"
    place = after
    try:
        async with one.stream(path, after=after) as reader:
            while (found := await reader.next()) is not None:
                assert found[0] == "narration", found
                seen.append(found[1]["event"]["human"])
                place = reader.last_id
                begun.set()
    except aiohttp.ClientError:
        return place
    return place


@pytest.mark.fault
@pytest.mark.req("HUB-03", "SSE-05")
def test_a_killed_hub_loses_nothing_acknowledged_and_shows_nothing_twice(tmp_path, narration):
    """Killed under load, started again; a producer that repeats what was not acknowledged, a reader that resumes."""
    seen = []

    async def killed_under_load(one, acknowledged, place):
        begun = asyncio.Event()
        reading = asyncio.create_task(_read(one, place, begun, seen))
        killing = None
        try:
            while True:
                numbers = range(acknowledged, acknowledged + batch)
                await one.send(*[event(human=f"Step {n}", event_id=f"producer-{n}") for n in numbers])
                acknowledged += batch
                if begun.is_set() and killing is None:  # while a later batch is under way
                    killing = threading.Timer(0.2, one.process.signal, [signal.SIGKILL])
                    killing.start()
        except aiohttp.ClientError:
            return acknowledged, await reading

    batch = 50

    async def main():
        acknowledged = 0
        place = None
        for life in range(3):
            async with hub("--data", str(tmp_path)) as one:
                if life == 0:
                    await one.send(event(human="Step 0", event_id="producer-0"))
                    acknowledged = 1
                acknowledged, place = await killed_under_load(one, acknowledged, place)
                assert place is not None
                narration.feed(*one.process.lines)
        async with hub("--data", str(tmp_path)) as one:
            numbers = range(acknowledged, acknowledged + batch)
            await one.send(*[event(human=f"Step {n}", event_id=f"producer-{n}") for n in numbers])
            acknowledged += batch
            async with one.stream("/v1/jobs/job-1/stream", after=place) as reader:
                seen.extend(await reader.sentences(acknowledged - len(seen)))
            story = await one.ask("GET", "/v1/stories/job-1")
            assert [line["event"]["human"] for line in story["lines"]] == [f"Step {n}" for n in range(acknowledged)]
            narration.feed(*one.process.lines)
        assert seen == [f"Step {n}" for n in range(acknowledged)]

    run(main())
    narration.assert_event(action="restore")


@pytest.mark.fault
@pytest.mark.req("HUB-03", "HUB-02")
def test_tickets_and_revocations_survive_a_restart(tmp_path):
    async def main():
        token = "a-made-up-operator"
        async with hub("--data", str(tmp_path), AUTH_TOKEN=token) as one:
            await one.send(event(), event(job="job-2"), token=token)
            made = [
                (await one.ask("POST", f"/v1/jobs/{job}/ticket", token, status=201))["ticket"]
                for job in ("job-1", "job-2")
            ]
            await one.ask("DELETE", "/v1/jobs/job-2/ticket", token)
        assert (tmp_path / "tickets.json").stat().st_mode & 0o077 == 0
        async with hub("--data", str(tmp_path), AUTH_TOKEN=token) as one:
            await one.ask("GET", "/v1/jobs/job-1", made[0])
            await one.ask("GET", "/v1/jobs/job-2", made[1], status=401)

    run(main())


@pytest.mark.req("HUB-03")
def test_a_second_hub_on_the_same_folder_does_not_start(tmp_path, narration):
    async def main():
        from narration_hub.launch import launch

        async with hub("--data", str(tmp_path)):
            own = {"NARRATION_SOURCE_LOCATION": "1"}
            async with launch(["--data", str(tmp_path)], environment=own, wait_until=None) as second:
                assert await second.wait() == 1
        narration.feed(*second.lines)

    run(main())
    narration.assert_event(action="start_failed", code="STORE")


def test_what_is_recovered_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "RECOVERED_BYTES", 2000)
    one = Store(tmp_path, 1 << 30, 1)
    one.append(lines(100))
    found = [decode(line).human for line, _ in one.recovered()]
    assert 3 < len(found) < 20
    assert found == [f"Step {n}" for n in range(100 - len(found), 100)]
    assert one.unreadable == 0
    one.close()


@pytest.mark.fault
@pytest.mark.req("HUB-03")
@pytest.mark.parametrize("place", [1, 2], ids=["an old one", "the last one"])
def test_a_segment_that_cannot_be_read_stops_nothing_and_is_never_passed_over(tmp_path, place):
    one = Store(tmp_path, 1 << 30, 1)
    for start in range(2):
        one.append([marked(event(human=f"Step {start}", correlation_id="req-1"), Mark(1, "localhost", "poold"))])
        one.turn({})
    one.close()
    names = [path.name for path in one.segments()]
    (tmp_path / names[-1]).unlink()  # an empty one
    broken = tmp_path / names[place - 1]
    broken.unlink()
    broken.symlink_to("/proc/self/mem")  # its first byte cannot be read: an input/output error, as of a damaged disk
    other = f"Step {2 - place}"

    async def main():
        async with hub("--data", str(tmp_path)) as again:
            await again.send(event(human="After", correlation_id="req-1"))
            story = await again.ask("GET", "/v1/stories/req-1")
            assert [line["event"]["human"] for line in story["lines"]] == [other, "After"]
            assert story["unread"] == 1
            async with again.session.get("/v1/search?q=step") as response:
                found = [json.loads(line) for line in (await response.read()).splitlines()]
            assert [hit["event"]["human"] for said in found for hit in said["hits"]] == [other]
            assert found[-1]["unread"] == 1
            assert (await again.ask("GET", "/v1/health"))["unread"] == [broken.name]
            async with again.session.get("/metrics") as response:
                assert "\nnarration_hub_unread_files 1\n" in await response.text()
            (told,) = [one for one in again.process.events if one.action == "store" and one.level == "error"]
            assert told.human.startswith(f"{broken.name} is not shown: Input/output error; make it readable")

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-03")
def test_a_segment_that_may_not_be_read_or_written_is_left_alone():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        left_alone(Path(name))


def left_alone(folder):
    one = Store(folder, 1 << 30, 1)
    for start in range(2):
        one.append(lines(1, start))
        one.turn({})
    one.append(lines(1, 2)[:1])
    one.close()
    first, second, third = one.segments()
    with third.open("ab") as file:
        file.write(b'{"torn')
    code = """
import os, sys
from pathlib import Path
from narration_hub.store import Store
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = Store(Path(sys.argv[1]), 1 << 30, 1)
print(sorted(store.shut.items()), len(list(store.recovered())), store.unreadable, file=sys.stderr)
print(store.append([b"{}\\n"]), [path.name for path in store.segments()], file=sys.stderr)
"""
    folder.chmod(0o777)
    for path in folder.iterdir():
        path.chmod(0o666)
    first.chmod(0)
    third.chmod(0o444)  # half a line at its end cannot be cut
    status, said = asyncio.run(_python(code, str(folder)))
    assert status == 0, said
    names = [second.name, third.name, "events-00000004.jsonl"]
    assert said.splitlines() == [f"[('{first.name}', 'Permission denied')] 2 1", f"True {names}"]


def test_what_producers_reached_is_noted_so_that_little_is_read_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_NOTE_BYTES", 1000)
    first = Exchange(Settings(), Store(tmp_path, 1 << 30, 1))
    told = [event(human=f"Step {n}", event_id=f"p-{n}") for n in range(50)]
    for one in told:
        first.take([one], Producer("test"))
    first.store.sync()
    os.close(first.store._lock)  # it is killed
    store = Store(tmp_path, 1 << 30, 1)
    again = Exchange(Settings(), store)
    again.restore()
    assert 0 < len(list(store.latest_marks())) < 10
    answer = again.take([*told, event(human="Step 50", event_id="p-50")], Producer("test"))
    assert (answer.accepted, answer.repeated) == (1, 50)
    again.close()
