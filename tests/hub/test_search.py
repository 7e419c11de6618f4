"""Text search over all that is kept: newest first, as it is found, for operators, one at a time."""

import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from narration_core import encode
from narration_core.contract import from_fields
from narration_hub import finder as finding
from narration_hub import search as searching
from narration_hub.config import Settings
from narration_hub.exchange import Exchange, Producer
from narration_hub.finder import Finder
from narration_hub.search import search, search_frames
from narration_hub.store import Store
from narration_hub.stored_line import Mark, marked
from support.hub import bearer, event, hub

pytestmark = pytest.mark.req("HUB-02")
TOKEN, PRODUCER = "a-made-up-operator", "a-made-up-producer"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


def line(human, **more):
    fields = {"emitted_at_ms": 1, "level": "info", "actor": "poold", "action": "spawn", "target": "gpu0"}
    return encode(from_fields({**fields, "human": human, **more}))


def segment(path, *lines):
    path.write_bytes(b"".join(marked(one, Mark(1, "owner-7", "service-7")) for one in lines))
    return path


def sentences(steps):
    return [hit.event["human"] for found in steps for hit in found.hits]


async def found(one, query, token=None, **more):
    """Return the lines of an answer."""
    async with one.session.get("/v1/search", params={"q": query, **more}, headers=bearer(token)) as response:
        assert (response.status, response.content_type) == (200, "application/x-ndjson")
        return [json.loads(line) async for line in response.content]


@pytest.mark.parametrize("kept", ["disk", "memory"])
def test_what_holds_a_text_is_found_newest_first(kept, tmp_path):
    async def main():
        async with hub(*(("--data", str(tmp_path)) if kept == "disk" else ())) as one:
            await one.send(*(event(human=f"Step {n}", model_ref=f"model-{n % 2}") for n in range(100)))
            await one.send(event(human="Größe: 3 »Ä«"), event(human='Say "hi"\\'))
            lines = await found(one, "step 9")
            assert [hit["event"]["human"] for said in lines for hit in said["hits"]] == [
                f"Step {n}" for n in (99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 9)
            ]
            assert [said.get("end") for said in lines] == [None] * (len(lines) - 1) + ["all"]
            assert lines[-1]["searched"] == lines[-1]["of"] > 0
            for text, count in (
                ("MODEL-1", 50),
                ("Größe", 1),
                ('"hi"\\', 1),
                ("nowhere", 0),
                ("human", 0),
                ("\x00\n", 0),
            ):
                assert sum(len(said["hits"]) for said in await found(one, text, most=1000)) == count, text
            for broken in ("%ff", "%ed%a0%80"):
                async with one.session.get(URL(f"{one.url}/v1/search?q={broken}", encoded=True)) as response:
                    assert response.status == 200
            few = await found(one, "Step", most=7)
            assert sum(len(said["hits"]) for said in few) == 7
            assert few[-1]["end"] == "enough"

    run(main())


def test_the_newest_segment_is_searched_first(tmp_path):
    store = Store(tmp_path, 1 << 20, 1, segment_bytes=1)  # one batch each
    exchange = Exchange(Settings(), store)
    for number in range(3):
        exchange.take([event(human=f"Step {number}-{part}") for part in "ab"], Producer("test"))
    assert len(store.segments()) == 4
    latest_first = [f"Step {number}-{part}" for number in (2, 1, 0) for part in "ba"]
    assert sentences(exchange.kept.search("step", 10)) == latest_first
    exchange.close()


def test_keys_and_what_the_hub_adds_are_not_searched(tmp_path):
    paths = [segment(tmp_path / "events-1.jsonl", line("One"), line("Two", note="owner-7 is here"))]
    assert sentences(search(paths, "owner-7", 10)) == ["Two"]
    assert sentences(search(paths, "emitted_at_ms", 10)) == []
    (hit,) = [hit for step in search(paths, "one", 10) for hit in step.hits]
    assert (hit.producer, "hub" in hit.event) == ("service-7", False)


WORDS = st.sampled_from(["needle", "NEEDLE", "needl", "a", "", "\n", "é", '"', "\\", "x" * 40])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.lists(WORDS, max_size=4).map(" ".join), max_size=12), max_size=4),
    st.integers(1, 300),
    st.sampled_from(["needle", "é", '"', "\\", " a"]),
)
@example([["\\"]], 1, '"')  # the end of a value in JSON looks like what is searched
def test_blocks_and_segments_of_any_size_lose_nothing(tmp_path_factory, segments, block, text):
    folder = tmp_path_factory.mktemp("segments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "_BLOCK", block)
        paths = [
            segment(folder / f"{number}.jsonl", *(line(human) for human in sentences))
            for number, sentences in enumerate(segments)
        ]
        steps = list(search(reversed(paths), text, 1000))
    everything = [human for sentences in segments for human in sentences]
    assert sentences(steps) == [human for human in reversed(everything) if text in human.lower()]
    assert steps[-1].searched == steps[-1].of
    assert [step.end for step in steps[:-1]] == [None] * (len(steps) - 1)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.text("aAbBz1-\u00e9", max_size=12), max_size=30),
    st.text("abz1-\u00e9", min_size=1, max_size=20),
    st.integers(0, 3),
    st.integers(0, 80),
)
@example(["bAAB"], "aab", 64, 0)  # what begins a part begins it twice
@example(["a1ba1ba1b"], "a1ba1ba1ba1b", 64, 0)  # every part of it, and not the whole
def test_any_text_is_found_in_any_case_and_no_other(lines, text, often, start):
    data = "".join(f"{line}\n" for line in lines).encode()
    begin = data.rfind(b"\n", 0, start) + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "_OFTEN", often)
        finder = Finder(text.encode())
        list(finder.lines(b"zz\n"))  # what is rare in these lines is not rare in all
        found = list(finder.lines(bytearray(data), begin))
    wanted = [line for line in data[begin:].split(b"\n") if text.encode() in line.lower()]
    assert found == wanted[::-1]


def test_a_segment_that_is_deleted_meanwhile_and_a_line_that_cannot_be_read_stop_nothing(tmp_path):
    old = segment(tmp_path / "1.jsonl", line("needle: old"))
    new = segment(tmp_path / "2.jsonl", line("needle: new"))
    new.write_bytes(new.read_bytes() + b'{"human":"needle \xff\n' + b"needle\n")
    steps = search([new, old], "needle", 10)
    first = next(steps)
    old.unlink()
    rest = list(steps)
    assert sentences([first, *rest]) == ["needle: new"]
    assert (rest[-1].end, rest[-1].searched) == ("all", rest[-1].of)
    assert sentences(search_frames([], "needle", 10)) == []


@pytest.mark.req("AUTH-1001")
def test_only_operators_search_one_search_at_a_time(tmp_path):
    producers = tmp_path / "producers"
    producers.write_text(f"{PRODUCER} gateway\n")

    async def main():
        folder = tmp_path / "data"
        arguments = ("--data", str(folder), "--producer-token-file", str(producers))
        async with hub(*arguments, AUTH_TOKEN=TOKEN) as one:
            for _ in range(40):  # more than the buffers between the hub and a reader that takes nothing
                await one.send(*(event(human="x" * 90, note="y" * 1500) for _ in range(500)), token=TOKEN)
            await one.send(*(event(human="needle", note="z" * 60_000) for _ in range(15)), token=TOKEN)
            for token in (PRODUCER, (await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201))["ticket"]):
                await one.ask("GET", "/v1/search?q=x", token, status=404)
            for query in ("", "?q=", "?q=%20", f"?q={'x' * 257}"):
                await one.ask("GET", f"/v1/search{query}", TOKEN, status=400)
            slow = await one.session.get("/v1/search", params={"q": "y", "most": 1000}, headers=bearer(TOKEN))
            assert slow.status == 200
            refused = await one.session.get("/v1/search", params={"q": "needle"}, headers=bearer(TOKEN))
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
            # Nothing else waits for it.
            assert (await one.ask("GET", "/v1/jobs/job-1", TOKEN))["job_id"] == "job-1"
            slow.close()  # cancels it: there is room for the next one
            while (again := await one.session.get("/v1/search?q=needle", headers=bearer(TOKEN))).status == 429:
                again.release()
            assert sum(len(json.loads(said)["hits"]) for said in (await again.text()).splitlines()) == 15

    run(main())
