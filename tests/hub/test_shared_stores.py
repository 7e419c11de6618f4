"""Several hubs, each with a store of its own: an answer names the hubs that were not asked."""

import asyncio
import json

import pytest

from narration_hub.redis_engine._hubs import Hubs
from support.hub import bearer, event, hub
from support.servers import stream_server
from tests.hub.test_commands import narration

OPERATOR = "a-made-up-operator"
ASKED = {"asked": ["hub-b"], "not_asked": ["hub-a"]}


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


async def search(one, text):
    async with one.session.get("/v1/search", params={"q": text}, headers=bearer(OPERATOR)) as response:
        lines = [json.loads(line) for line in (await response.text()).splitlines()]
    return [hit["event"]["human"] for line in lines for hit in line["hits"]], lines[-1]


async def until_introduced(*hubs):
    async with asyncio.timeout(60):
        for one in hubs:
            while not (await search(one, "nothing"))[1]["stores"]["not_asked"]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-02")
def test_search_and_old_stories_say_whose_stores_were_not_asked(tmp_path):
    async def main():
        with stream_server(tmp_path) as server:
            a, b = (
                ("--engine", server.url, "--data", str(tmp_path / name), "--name", f"hub-{name}") for name in ("a", "b")
            )
            async with hub(*a, AUTH_TOKEN=OPERATOR) as one, hub(*b, AUTH_TOKEN=OPERATOR) as other:
                await until_introduced(one, other)
                await one.send(event(human="Baking a cake", correlation_id="req-1"), token=OPERATOR)
                await other.send(event("job-2", "Eating", correlation_id="req-2"), token=OPERATOR)
                for scope, name in (("job", "job-1"), ("story", "req-1"), ("story", "req-2"), ("job", "job-2")):
                    assert server.ask("DEL", f"narration:1:s:{scope}:{name}", f"narration:1:m:{scope}:{name}") == ":2"
                here = await one.ask("GET", "/v1/stories/req-1", OPERATOR)
                assert here["stores"] == {"asked": ["hub-a"], "not_asked": ["hub-b"]}
                assert len(here["lines"]) == 1
                nothing = await other.ask("GET", "/v1/stories/req-1", OPERATOR, status=404)
                assert nothing["message"].endswith("; hubs that were not asked: hub-a")
                hits, last = await search(other, "cake")
                assert (hits, last["stores"]) == ([], ASKED)
                async with other.session.get("/v1/operator/events", headers=bearer(OPERATOR)) as events:
                    assert events.headers["X-Narration-Not-Asked"] == "hub-a"

                said = {"url": other.url, "NARRATION_HUB_TOKEN": OPERATOR}
                code, _, errors = await narration("story", "req-1", "--hub", other.url, **said)
                assert code == 1
                assert "Only this hub's own store was asked; hub-a may keep more" in errors
                code, shown, errors = await narration("story", "req-2", "--hub", other.url, **said)
                assert (code, errors) == (0, "Only this hub's own store was asked; hub-a may keep more\n")
                assert "Eating" in shown

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-02")
def test_a_hub_that_is_alone_says_so_and_a_ticket_learns_no_names(tmp_path):
    async def main():
        with stream_server(tmp_path) as server:
            own = {"AUTH_TOKEN": OPERATOR}
            async with (
                hub("--engine", server.url, "--name", "hub-a", **own),
                hub("--engine", server.url, "--name", "hub-b", **own) as other,
            ):
                await until_introduced(other)
                await other.send(event(human="Eating", correlation_id="req-2"), token=OPERATOR)
                ticket = (await other.ask("POST", "/v1/stories/req-2/ticket", OPERATOR, status=201))["ticket"]
                story = await other.ask("GET", "/v1/stories/req-2", ticket)
                assert story["stores"] == {"asked": ["this hub"], "not_asked": ["another hub"]}
                nothing = await other.ask("GET", "/v1/stories/req-1", ticket, status=404)
                assert "hub-a" not in nothing["message"]
                assert "alone" not in await other.ask("GET", "/v1/jobs", OPERATOR)
                server.kill()
                await other.process.wait_for(action="engine", level="error")
                assert (await other.ask("GET", "/v1/jobs", OPERATOR))["alone"] is True
                story = await other.ask("GET", "/v1/stories/req-2", OPERATOR)
                assert story["stores"] == {**ASKED, "alone": True}
                code, _, errors = await narration("jobs", url=other.url, NARRATION_HUB_TOKEN=OPERATOR)
                assert (code, errors) == (0, "This hub cannot reach the others now: what comes to them is missing\n")

    run(main())


@pytest.mark.req("HUB-05")
def test_a_single_hub_names_no_others():
    async def main():
        async with hub() as one:
            await one.send(event(human="Alone", correlation_id="req-1"))
            assert "stores" not in await one.ask("GET", "/v1/stories/req-1")
            assert "alone" not in await one.ask("GET", "/v1/jobs")

    run(main())


@pytest.mark.req("HUB-05")
def test_a_hub_that_was_started_again_without_its_memory_is_named_once():
    now = [1000.0]
    hubs = Hubs(lambda: now[0])
    hubs.own = "a"
    hubs.learn("1", "b", 900.0)
    assert hubs.others() == ["b"]
    hubs.learn("2", "b", 950.0)
    assert hubs.others() == ["b"]  # the one before it is late
    hubs.learn("1", "b", 990.0)
    assert hubs.others() == ["b", "b"]  # two that live have one name
    hubs.learn("3", "a", 100.0)
    assert hubs.others() == ["b", "b"]  # our own former life
    now[0] += 15 * 24 * 3600
    assert hubs.others() == []


@pytest.mark.req("HUB-05")
@pytest.mark.parametrize("name", ["", "a b", "a\nX-Injected: 1", "x" * 65, "hüb"])
def test_a_name_that_could_not_stand_in_a_header_is_refused(name):
    from narration_core.serving.addresses import ConfigError
    from narration_hub.config import Settings

    with pytest.raises(ConfigError, match="--name must be"):
        Settings(name=name).check()
