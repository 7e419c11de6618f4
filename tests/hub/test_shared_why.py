"""Why a request waits, asked at any of several hubs: the same answer as where there is one hub only."""

import asyncio

import pytest

from support.hub import hub
from support.servers import stream_server
from tests.hub.test_commands import narration
from tests.hub.test_shared_stores import until_introduced
from tests.hub.test_why import ENDED, STUCK, command, end

OPERATOR = "a-made-up-operator"


def answer(said):
    """Return what does not depend on whom one asks, and when."""
    return {name: value for name, value in said.items() if name not in {"searched", "age_ms", "quiet_ms", "as_of_ms"}}


async def reason(one, path="/v1/stories/req-9/why"):
    said = await one.ask("GET", path, OPERATOR)
    return {name: value for name, value in said.items() if name not in {"heard_ms", "others_heard_ms", "stores"}}


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-01")
def test_every_hub_says_the_same_of_what_a_request_waits_for(tmp_path):
    async def main():
        async with hub(AUTH_TOKEN=OPERATOR) as alone:
            await alone.send(*ENDED, *STUCK, token=OPERATOR)
            expected, told = answer(await command(alone.url, "req-9", OPERATOR)), await reason(alone)
            assert (expected["held_by"], expected["usual"]["measured"]) == ("bank", 3)
        with stream_server(tmp_path) as server:
            a, b = (
                ("--engine", server.url, "--data", str(tmp_path / name), "--name", f"hub-{name}") for name in ("a", "b")
            )
            async with hub(*a, AUTH_TOKEN=OPERATOR) as one, hub(*b, AUTH_TOKEN=OPERATOR) as other:
                await until_introduced(one, other)
                # What usually happens came to the first hub; the request's beginning to the one, its call to the other.
                await one.send(*ENDED, STUCK[0], token=OPERATOR)
                await other.send(STUCK[1], token=OPERATOR)
                for asked, not_asked in ((one, "hub-b"), (other, "hub-a")):
                    said = await command(asked.url, "req-9", OPERATOR)
                    assert answer(said) == expected
                    assert said["searched"]["hubs_not_asked"] == [not_asked]
                    code, text, errors = await narration(
                        "why", "req-9", "--hub", asked.url, url=asked.url, NARRATION_HUB_TOKEN=OPERATOR
                    )
                    assert (code, errors) == (0, f"Only this hub's own store was asked; {not_asked} may keep more\n")
                    assert "(median of 3), 40 ms at the 99th percentile" in text
                    assert await reason(asked) == told
                    assert (await asked.ask("GET", "/v1/jobs/job-9/why", OPERATOR))["stores"] == {
                        "asked": ["hub-a" if asked is one else "hub-b"], "not_asked": [not_asked],
                    }  # fmt: skip
                nothing = await other.ask("GET", "/v1/stories/req-none/why", OPERATOR, status=404)
                assert nothing["message"].endswith("; hubs that were not asked: hub-a")
                made = await other.ask("POST", "/v1/stories/req-9/ticket", OPERATOR, status=201)
                seen = await other.ask("GET", "/v1/stories/req-9/why", made["ticket"])
                assert seen["stores"] == {"asked": ["this hub"], "not_asked": ["another hub"]}
                assert "usual" not in seen
                await one.send(*end(9, 700), token=OPERATOR)
                for asked in (one, other):
                    assert (await reason(asked))["state"] == "finished"
                server.kill()
                await other.process.wait_for(action="engine", level="error")
                assert (await other.ask("GET", "/v1/jobs/job-9/why", OPERATOR))["stores"]["alone"] is True

    asyncio.run(asyncio.wait_for(main(), 120))
