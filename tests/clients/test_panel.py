"""The panel in a real browser: from "it is stuck" to the answer, and what it withstands."""

import asyncio
import re
import socket

import pytest

from support.hub import event, hub

pytestmark = [pytest.mark.req("HUB-07", "SSE-09"), pytest.mark.fault]
NOW_MS = 1_795_900_000_000
HOSTILE = "<img src=x onerror=\"document.title='taken'\"></script><b>bold</b>"
TOKEN = "operator-token-of-the-test"


def told(human, actor="poold", at=0, job="job-stuck", request="req-stuck", **more):
    return event(job, human, actor=actor, emitted_at_ms=NOW_MS + at, correlation_id=request, **more)


STUCK = (
    told("Taking in the request", "gateway", event="request_start", span_id="a"),
    told("Spawning an engine", at=10, event="spawn_start", span_id="b", parent_span_id="a"),
    told("Slow disk: 312 ms", at=20, level="warn", error_kind="slow_disk"),
    told(
        "Loading haiku.gguf: 75 %",
        at=30,
        action="load",
        event="load_start",
        span_id="c",
        parent_span_id="b",
        percent=75,
    ),
)
OTHER = {"job": "job-0", "request": "req-0"}
ENDED = (
    told("Taking in the request", "gateway", event="request_start", span_id="z", **OTHER),
    told("Loading", "poold", 1, action="load", event="load_start", span_id="y", parent_span_id="z", **OTHER),
    told("Loaded", "poold", 2001, action="load", event="load_end", span_id="y", duration_ms=2000, **OTHER),
    told("Answered", "gateway", 2005, event="request_end", span_id="z", duration_ms=2005, **OTHER),
)


def run(main):
    return asyncio.run(asyncio.wait_for(main, 110))


async def looked_at(clients, scene, url, *more):
    return await clients.all_of(clients.panel("panel.mjs", scene, url, *more))


def test_the_stuck_request_is_on_top_and_one_click_away(clients, tmp_path):
    async def main():
        async with hub("--stall", "1") as one:
            await one.send(*ENDED, *STUCK)
            return await looked_at(clients, "stuck", f"{one.url}/", str(tmp_path))

    first, keys, again, looks = run(main())
    assert first["board"][0].split("\n")[0].startswith("job-stuck\t")
    assert "Loading haiku.gguf: 75 %" in first["board"][0]
    assert "stalled" in first["board"][0]
    assert re.fullmatch(r"Waiting for poold “Loading haiku\.gguf: 75 %”, open for .+, since .+", first["verdict"])
    assert "Loading haiku.gguf: 75 %" in first["selected"]
    assert (first["rows"], first["open"], first["lanes"]) == (4, 3, 2)
    assert first["about"] == " · job job-stuck"
    reasons = dict(line.split("\n", 1) for line in first["reasons"])
    assert re.fullmatch(r"poold, whose last word of this was .+ ago", reasons["Held by"])
    assert re.fullmatch(r"took 2\.0 s the one other time; this is [\d,]+ times that", reasons["Usually"])
    assert reasons["Next"] == "usually poold “Loaded”, 2.0 s later in the one other request"
    assert [text.split("”")[0] for text in first["around"]] == [
        "poold “Spawning an engine",
        "gateway “Taking in the request",
    ]
    assert first["overlaps"] == []
    assert first["heads"] == ["Taking in the request", "Loading haiku.gguf: 75 %"]
    assert first["onBoard"] == first["inStory"] == looks["inTheDark"] == []
    assert "error_kind\nslow_disk" in keys["drawer"]
    assert keys["counted"] == "1 of 4 rows"
    assert "q=slow" in keys["link"]
    assert "Slow disk" in keys["kept"]
    assert keys["rows"] == 4
    assert "Slow disk" in again["again"]
    assert again["counted"] == "1 of 4 rows"
    assert looks["wide"] <= 380
    assert looks["complaints"] == []
    assert {path.name for path in tmp_path.iterdir()} == {
        "board.png",
        "story.png",
        "fields.png",
        "dark.png",
        "narrow.png",
    }


def test_hostile_text_is_text_everywhere(clients):
    async def main():
        async with hub() as one:
            line = told(HOSTILE, job=HOSTILE, request=HOSTILE, event="work_start", target=HOSTILE, model_ref=HOSTILE)
            assert (await one.send(line))["accepted"] == 1
            return await looked_at(clients, "hostile", f"{one.url}/")

    (seen,) = run(main())
    assert (seen["made"], seen["complaints"]) == (0, [])
    assert seen["title"].endswith(HOSTILE)
    assert HOSTILE in seen["verdict"]
    assert seen["drawer"].count(HOSTILE) == 5


def test_a_ticket_opens_its_story_leaves_the_address_and_ends_when_it_is_revoked(clients):
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(*STUCK, token=TOKEN)
            ticket = await one.ask("POST", "/v1/stories/req-stuck/ticket", TOKEN, status=201, json={"seconds": 600})
            command = clients.panel("panel.mjs", "ticket", f"{one.url}{ticket['path']}")
            found = []
            async with clients.reading(command) as lines:
                async for seen in lines:
                    found.append(seen)
                    if len(found) == 1:
                        await one.ask("DELETE", "/v1/stories/req-stuck/ticket", TOKEN)
            return found

    opened, ended = run(main())
    assert "story=req-stuck" in opened["at"]
    assert "ticket" not in opened["at"]
    assert opened["rows"] == 4
    assert ended["state"] == "this link was revoked: ask for a new one"
    assert ended["complaints"] == []


def test_a_hub_that_needs_a_token_asks_for_it(clients):
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(*STUCK, token=TOKEN)
            return await looked_at(clients, "token", f"{one.url}/")

    (seen,) = run(main())
    assert TOKEN not in seen["at"]
    assert seen["state"].startswith("● live") or seen["state"].startswith("live")


def test_any_id_leads_to_its_story_and_an_old_one_comes_from_the_disk(clients, tmp_path):
    async def main():
        async with hub("--data", str(tmp_path), "--memory-mb", "1") as one:
            await one.send(told("An old story", job="job-old", request="req-old"))
            for number in range(30):  # so much that the hub forgets the first one
                await one.send(*(told("x" * 90, job=f"job-{number}", request=f"req-{number}") for _ in range(500)))
            await one.send(*STUCK, told("For a session", job=None, request="req-session", session_id="session-7"))
            return await looked_at(clients, "find", f"{one.url}/")

    found, nothing, searched, many = run(main())
    assert "#story=req-stuck" in found["byJob"]
    assert "#story=req-session" in found["bySession"]
    assert "from the hub's disk" in found["state"]
    assert found["old"] == 1
    assert nothing["state"] == "Nothing that this hub keeps has the id nowhere, or says it"
    assert nothing["verdict"].startswith("This hub has nothing of story gone: it may be older than what is kept here")
    (hit,) = searched["hits"]
    assert "poold Loading haiku.gguf: 75 %" in hit
    assert searched["inSearch"] == []
    assert "#story=req-stuck" in searched["opened"]
    assert many["many"] == 200
    assert many["state"] == "the latest 200 events; older ones are not shown"
    assert many["complaints"] == []


def test_after_a_restart_of_the_hub_the_story_goes_on_where_it_was(clients, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    data = ("--port", port, "--data", str(tmp_path))

    async def main():
        found = []
        async with hub(*data) as one:
            await one.send(*STUCK)
            address = f"{one.url}/#story=req-stuck"
            reading = clients.reading(clients.panel("panel.mjs", "restart", address))
            lines = await reading.__aenter__()
            found.append(await anext(lines))
        found.append(await anext(lines))
        async with hub(*data) as again:
            await again.send(told("After the restart", at=40))
            found.append(await anext(lines))
            await reading.__aexit__(None, None, None)
        return found

    before, meanwhile, after = run(main())
    assert before["rows"] == 4
    assert re.search(r"reconnecting in \d+ s", meanwhile["state"])
    # Whether it still waits, and for whom, nobody can know while the hub is away.
    assert meanwhile["verdict"].startswith("Was waiting for ")
    assert "when the hub was heard last" in meanwhile["verdict"]
    assert "Held by" not in meanwhile["reasons"]
    assert "waiting" not in meanwhile["title"]
    assert after["title"] == "waiting for poold · req-stuck"
    assert re.match(r"The hub answered last at \d\d:\d\d:\d\d\.\d\d\d: this is what it said then", meanwhile["board"])
    sentences = [row.split("\n")[-1] for row in after["rows"]]
    assert sentences[-1].endswith("After the restart")
    assert len(after["rows"]) == 5
    assert after["complaints"] == []


def test_ten_thousand_rows_are_few_elements_and_what_is_missing_is_told(clients):
    async def main():
        async with hub("--ring-events", "10000") as one:
            for start in range(0, 10_000, 500):
                await one.send(*(told(f"Step {number}", at=number) for number in range(start, start + 500)))
            await one.send(told("Last step", at=10_001))
            return await looked_at(clients, "many", f"{one.url}/#story=req-stuck")

    scrolled, followed = run(main())
    assert scrolled["end"] < 100
    assert scrolled["start"] < 100
    assert scrolled["counted"] == "10,001 rows"
    assert scrolled["more"] == "PAUSED: no new row; f to follow"
    assert scrolled["gap"] == "1 event missed here"
    assert scrolled["next"].endswith("Step 1")
    assert followed["isHidden"]


def test_a_huge_story_is_kept_within_bounds_and_every_part_of_it_can_be_scrolled_to(clients):
    async def main():
        async with hub() as one:
            return await looked_at(clients, "huge", f"{one.url}/")

    (seen,) = run(main())
    assert seen["counted"] == "200,000 rows"
    assert seen["elements"] < 500
    start, middle, end = (seen["scrolled"][part] for part in ("start", "middle", "end"))
    assert start == list(range(len(start)))
    assert middle == list(range(middle[0], middle[0] + len(middle)))
    assert abs(middle[0] - 100_000) < 100
    assert end == list(range(end[0], 200_000))
    assert all(0 < len(part) < 100 for part in (start, middle, end))
    assert seen["filtered"] == "1 of 200,000 rows"
    assert seen["again"] < 1.3 * seen["heap"]  # twice as many came; as many are kept
    assert seen["complaints"] == []


def test_a_tab_that_gets_no_connection_says_who_holds_them_and_goes_on_when_one_is_free(clients):
    async def main():
        async with hub() as one:
            await one.send(*STUCK)
            return await looked_at(clients, "tabs", f"{one.url}/#story=req-stuck")

    (seen,) = run(main())
    assert "six other tabs" in seen["waiting"]
    assert "live" in seen["state"]
    assert seen["complaints"] == []
