"""The panel when something is wrong: expired links, late lines, wrong clocks, a hub that forgot, hostile text."""

import asyncio
import json
import re
import socket
import time
from typing import get_type_hints

import pytest

from narration_core import Event
from support.hub import event, hub

pytestmark = [pytest.mark.req("HUB-07"), pytest.mark.fault]
NOW_MS = 1_795_900_000_000
HOSTILE = "<img src=x onerror=\"document.title='taken'\"></script><b>bold</b>"
TOKEN = "operator-token-of-the-test"


def told(human, actor="poold", at=0, job="job-stuck", request="req-stuck", **more):
    return event(job, human, actor=actor, correlation_id=request, **{"emitted_at_ms": NOW_MS + at, **more})


STUCK = (
    told("Taking in the request", "gateway", event="request_start", span_id="a"),
    told("Slow disk: 312 ms", at=20, level="warn", error_kind="slow_disk"),
    told("Loading haiku.gguf: 75 %", at=30, action="load", event="load_start", span_id="c", parent_span_id="a"),
)
ENDED = (
    told("Taking in", "gateway", job="job-0", request="req-0", event="request_start", span_id="z"),
    told("Answered", "gateway", 5, job="job-0", request="req-0", event="request_end", span_id="z", duration_ms=5),
)


def run(main):
    return asyncio.run(asyncio.wait_for(main, 110))


def command(clients, scene, address, *more):
    return clients.panel("panel_hard.mjs", scene, address, *more)


async def seen(clients, scene, address, *more):
    found = await clients.all_of(command(clients, scene, address, *more))
    assert [each["complaints"] for each in found] == [[]] * len(found)
    return found


def test_a_link_that_expires_says_so_and_what_to_do(clients, tmp_path):
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(*STUCK, token=TOKEN)
            ticket = await one.ask("POST", "/v1/stories/req-stuck/ticket", TOKEN, status=201, json={"seconds": 8})
            return await seen(clients, "expired", f"{one.url}{ticket['path']}", str(tmp_path), TOKEN)

    live, expired, again, entered = run(main())
    assert re.search(r"live · this link works until \d\d:\d\d$", live["state"])
    assert expired["state"] == "this link has expired: ask for a new one"
    assert re.match(
        r"This link has expired at \d\d:\d\d:\d\d\.\d\d\d; what came since is not shown\. ", expired["notice"]
    )
    assert "narration link JOB" in expired["notice"]
    assert re.match(
        r"Was waiting for poold “Loading .+”, open for .+ when this link expired, since ", expired["verdict"]
    )
    assert expired["violations"] == []
    assert "nothing can be shown" in again["notice"]
    assert again["verdict"] == "Nothing can be shown."
    assert entered["isHidden"]
    assert entered["verdict"].startswith("Waiting for poold")


def test_lines_that_come_late_are_marked_and_stand_in_the_order_of_time_when_asked(clients):
    async def main():
        async with hub() as one:
            await one.send(told("First", "gateway"), told("Fifth", at=5000), told("Sixth", at=5100))
            await one.send(told("Second", "stock", 1000), told("Third", "stock", 1100), told("Back", "stock", 900))
            address = f"{one.url}/#story=req-stuck"
            found = []
            async with clients.reading(command(clients, "late", address)) as lines:
                async for each in lines:
                    found.append(each)
                    if len(found) == 2:
                        await one.send(told("Fourth", "stock", 4000), told("Later still", "gateway", 6000))
            return found

    arrived, ordered, later = run(main())
    assert arrived["arrival"] == ["First", "Fifth", "Sixth", "Second", "Third", "Back"]
    assert arrived["late"] == ["Second", "Third", "Back"]
    assert arrived["counted"] == "6 rows, 3 came late"
    # What a service says stays in its own order, whatever its clock does.
    by_time = ["First", "Second", "Third", "Back", "Fifth", "Sixth"]
    assert ordered["time"] == ordered["again"] == by_time
    assert "order=time" in ordered["at"]
    assert later["later"] == ["First", "Second", "Third", "Back", "Fourth", "Fifth", "Sixth", "Later still"]
    assert later["complaints"] == []


@pytest.mark.parametrize("order", ["", "&order=time"])
def test_nothing_moves_while_one_reads_and_the_bar_counts_what_waits(clients, tmp_path, order):
    async def main():
        async with hub() as one:
            await one.send(*(told(f"Step {number}", at=100 * number) for number in range(300)))
            address = f"{one.url}/#story=req-stuck{order}"
            found = []
            async with clients.reading(command(clients, "paused", address, str(tmp_path))) as lines:
                async for each in lines:
                    found.append(each)
                    if len(found) == 1:  # one of them is older than all that is seen
                        new = [
                            told(f"New {number}, {'wanted' if number < 3 else 'not'}", at=90_000) for number in range(7)
                        ]
                        await one.send(told("An old one", "stock", 5), *new)
            return found

    before, after, filtered, followed = run(main())
    assert before["more"] == "PAUSED: no new row; f to follow"
    assert after["after"] == {**before["before"], "isNew": False}
    assert after["more"] == "PAUSED: 8 new rows wait; f to follow"
    assert after["violations"] == []
    assert filtered["filtered"] == "PAUSED: 3 new rows wait; f to follow"
    assert len(filtered["rows"]) == 3
    assert followed["followed"] == "New 6, not"
    assert followed["complaints"] == []


def test_an_answer_that_comes_late_does_not_leave_its_warning_behind(clients):
    async def main():
        async with hub() as one:
            await one.send(*STUCK)
            return await seen(clients, "late_answer", f"{one.url}/#story=req-stuck")

    meanwhile, then = run(main())
    assert meanwhile["meanwhile"].startswith("No answer yet: the hub is slow")
    assert then["then"] == "live"


def test_a_tab_that_nobody_looks_at_gives_its_stream_back_and_resumes_it(clients):
    async def main():
        async with hub() as one:
            await one.send(*STUCK)
            found = []
            async with clients.reading(command(clients, "hidden", f"{one.url}/#story=req-stuck")) as lines:
                async for each in lines:
                    found.append(each)
                    if "rests" in each:
                        await one.send(told("Told meanwhile", at=50))
            return found

    rests, still, again = run(main())
    assert rests["rests"] == "resting while hidden"
    assert still["still"] == [json.loads(line)["human"] for line in STUCK]
    assert again["again"] == [*still["still"], "Told meanwhile"]
    assert again["complaints"] == []


def test_a_hub_that_began_anew_is_told_and_nothing_is_shown_twice(clients):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = ("--port", port, "--ring-events", "20")

    async def main():
        found = []
        async with hub(*given) as one:
            await one.send(*(told(f"Step {number}", at=number) for number in range(77)), *STUCK)
            reading = clients.reading(command(clients, "anew", f"{one.url}/#story=req-stuck"))
            lines = await reading.__aenter__()
            found.append(await anext(lines))
        async with hub(*given) as again:  # it knows nothing
            found.append(await anext(lines))
            await again.send(*STUCK[:1], told("After the restart", at=40))
            found.append(await anext(lines))
            await reading.__aexit__(None, None, None)
        return found

    before, gone, after = run(main())
    assert before["gap"] == ["60 events missed here"]
    assert before["missed"][-1] == "60 events of this: the hub no longer had them when this page asked"
    assert re.search(r"the hub has nothing of this now; asking again in \d+ s", gone["state"])
    assert gone["rows"] == before["rows"]  # what was seen stays to be read
    first, *rest = after["rows"]
    assert first.startswith("The hub began this anew (")
    assert "21 rows shown before went" in first
    assert [row.split("\n")[-1] for row in rest] == ["Taking in the request", "After the restart"]
    assert after["complaints"] == []


def test_ages_are_right_on_a_machine_whose_clock_is_wrong(clients):
    async def main():
        async with hub() as one:
            now = time.time_ns() // 1_000_000
            await one.send(told("Loading", event="load_start", span_id="a", emitted_at_ms=now))
            return await seen(clients, "clock", f"{one.url}/")

    (found,) = run(main())
    age = r"(\d+ ms|\d+\.\d s)"
    assert re.fullmatch(age, found["since"])
    assert re.fullmatch(rf"Waiting for poold “Loading”, open for {age}, since .+", found["verdict"])
    assert re.search(rf"last word of this was {age} ago", found["holder"])


def test_a_clock_that_is_behind_is_moved_and_one_that_goes_back_changes_no_order(clients, tmp_path):
    def work(human, actor, at, span, parent=None):
        return told(
            human, actor, at, event="work_start", span_id=span, **({"parent_span_id": parent} if parent else {})
        )

    lines = (
        work("Taking in", "gateway", 10_000, "a"),
        work("Spawning", "poold", 7_000, "b", "a"),  # three seconds behind
        told("Called poold", "gateway", 10_500),
        work("Loading", "poold", 8_000, "c", "b"),
        told("Before the step back", "stock", 12_000),
        told("After the step back", "stock", 11_000),
    )

    async def main():
        async with hub() as one:
            await one.send(*lines)
            return await seen(clients, "clocks", f"{one.url}/#story=req-stuck", str(tmp_path))

    (found,) = run(main())
    assert found["arrival"] == [json.loads(line)["human"] for line in lines]
    assert found["time"] == [
        "Taking in", "Spawning", "Called poold", "Loading", "Before the step back", "After the step back",
    ]  # fmt: skip
    assert found["moved"] == ["gateway", "poold clock +3.0 s", "stock"]
    assert found["reason"] == "poold is 3.0 s behind its caller's; lanes and order of time are moved by as much"
    assert not re.search(r"NaN|undefined|Infinity|-\d+ ms", found["all"])
    assert found["bars"][:2] == ["0%", "0%"]


def test_every_action_has_a_key(clients):
    async def main():
        async with hub("--stall", "1") as one:
            await one.send(*ENDED, *STUCK)
            return await seen(clients, "keys", f"{one.url}/")

    moved, done = run(main())
    sentences = [moved[name] for name in ("trouble", "before", "after", "open")]
    assert sentences == ["Slow disk: 312 ms", "Taking in the request", "Slow disk: 312 ms", "Loading haiku.gguf: 75 %"]
    assert moved["json"]["human"] == "Loading haiku.gguf: 75 %"
    assert moved["closed"]
    assert moved["focus"] == []
    assert done["only"] == ["Taking in the request"]
    answer = done["answer"].split("\n")
    assert answer[0].startswith("Waiting for poold “Loading haiku.gguf: 75 %”")
    assert answer[1].startswith("Held by: poold, whose last word")
    assert "#story=req-stuck" in answer[-1]
    assert (done["plain"], done["file"], done["zone"]) == ("plain", "req-stuck.txt", "UTC")
    assert done["keys"] >= 10
    assert "story=req-0" in done["at"]


def test_an_id_among_the_fields_leads_to_what_has_it_and_back(clients):
    async def main():
        async with hub() as one:
            await one.send(told("Loading", event="load_start", session_id="session-7"))
            await one.send(told("For a session", job=None, request="req-later", session_id="session-7"))
            return await seen(clients, "follow", f"{one.url}/#story=req-stuck")

    there, back = run(main())
    assert "#story=req-later" in there["at"]
    assert there["note"] == "session-7 is in 2 requests; this is the latest"
    assert "story=req-stuck" in back["back"]


def saved(*lines):
    return [line.decode() for line in lines]


def test_every_screen_is_clean_for_axe_in_the_light_in_the_dark_and_in_a_narrow_window(clients, tmp_path):
    failed = told("Disk full", at=40, level="error")

    async def main():
        async with hub("--stall", "1") as one:
            await one.send(*ENDED, *STUCK, told("Alive", job=None, request=None))
            return await seen(clients, "axe", f"{one.url}/", str(tmp_path), *saved(failed))

    (found,) = run(main())
    assert found["found"] == {}
    assert found["screens"] == 36


def test_an_empty_board_says_how_to_begin(clients, tmp_path):
    async def main():
        async with hub() as one:
            return one.url, await seen(clients, "empty", f"{one.url}/", str(tmp_path))

    url, (found,) = run(main())
    assert f"NARRATION_HUB={url} python my_service.py" in found["text"]
    # Where jobs were a moment ago, a hub that keeps nothing was started again.
    assert re.search(r"No service was heard since this hub started at \d\d:\d\d:\d\d\.", found["text"])
    assert found["violations"] == []


def test_hostile_text_in_every_field_is_text_on_every_screen(clients, tmp_path):
    text = [name for name, kind in get_type_hints(Event).items() if kind == (str | None)]
    names = {"emitted_at_ms": NOW_MS, "level": "error", "event": "work_start", "actor": "poold", "action": "work"}
    everything = {**dict.fromkeys(text, HOSTILE), **names}

    async def main():
        async with hub() as one:
            line = json.dumps({**everything, "made_up": HOSTILE}).encode()
            answer = await one.send(line)
            assert answer["accepted"] == 1, answer
            await one.send(event(None, HOSTILE))
            line = {
                **everything,
                "actor": HOSTILE,
                "action": HOSTILE,
                "level": HOSTILE,
                "duration_ms": HOSTILE,
                "other": {HOSTILE: [HOSTILE]},
            }
            error = {**line, "level": "error", "emitted_at_ms": HOSTILE}
            return await seen(clients, "hostile", f"{one.url}/", str(tmp_path), json.dumps(line), json.dumps(error))

    (found,) = run(main())
    assert found["seen"] == [0] * 5
    assert found["fields"] > 10
    assert "taken" not in found["title"].split("<")[0]
    assert found["lanes"] == 1


def test_the_page_answers_while_a_thousand_events_a_second_come(clients):
    count = 5_000

    async def main():
        async with hub("--ring-events", "100000") as one:
            await one.send(told("Step 0"))
            found = []
            async with clients.reading(command(clients, "load", f"{one.url}/#story=req-stuck")) as lines:
                async for each in lines:
                    found.append(each)
                    if len(found) == 1:
                        began = time.monotonic()
                        for start in range(0, count, 100):
                            names = (f"service-{number % 7}" for number in range(100))
                            await one.send(
                                *(told(f"Step {start + n}", name, start + n) for n, name in enumerate(names))
                            )
                            await asyncio.sleep(max(0.0, began + start / 1000 - time.monotonic()))  # the load itself
                        await one.send(told("The last one", at=count))
            return found

    _, found = run(main())
    assert re.fullmatch(r"PAUSED: [\d,]+ new rows? wait; f to follow", found["paused"])
    assert found["counted"] == "5,002 rows"
    assert found["elements"] < 600
    assert found["dropped"] < found["frames"] / 2
    assert found["complaints"] == []
