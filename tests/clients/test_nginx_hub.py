"""A hub behind deploy/nginx.conf and a real nginx: events go in, stories come out live, the panel is there."""

import asyncio
import json

import pytest

from support.hub import event, hub

TOKEN = "a-made-up-token-of-a-test"


async def curl(proxy, path, *options):
    command = ("curl", "-sS", "-N", "--http2", "--cacert", str(proxy.ca), *options, f"{proxy.url}{path}")
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def sent(proxy, *events):
    body = "[" + ",".join(one.decode() for one in events) + "]"
    options = ("-H", f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/json", "-d", body)
    done = await curl(proxy, "/v1/narration", *options)
    return json.loads((await done.communicate())[0])


@pytest.mark.req("HUB-01", "SSE-11")
def test_a_story_is_live_through_the_proxy(clients, nginx):
    clients.part("nginx")

    async def run():
        async with hub(AUTH_TOKEN=TOKEN) as made, nginx.in_front_of(made.url) as proxy:
            assert (await sent(proxy, event(correlation_id="req-1", human="The first")))["accepted"] == 1
            bearer = ("-H", f"Authorization: Bearer {TOKEN}", "-D", "-")
            reader = await curl(proxy, "/v1/stories/req-1/stream", *bearer)
            head = await reader.stdout.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/2 200")
            await reader.stdout.readuntil(b"The first")
            # The second one is only sent when the first one was read: no proxy may hold it back.
            assert (await sent(proxy, event(correlation_id="req-1", human="The second")))["accepted"] == 1
            await reader.stdout.readuntil(b"The second")
            reader.terminate()
            await reader.wait()
            panel = await curl(proxy, "/")
            page = (await panel.communicate())[0]
            refused = await curl(proxy, "/v1/jobs", "-o", "-", "-w", "%{http_code}")
            return page, (await refused.communicate())[0]

    page, refused = asyncio.run(asyncio.wait_for(run(), 120))
    assert b"<html" in page.lower()
    assert refused.endswith(b"401")
