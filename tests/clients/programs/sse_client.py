"""Read a worker's stream with httpx and httpx-sse; print what was understood, one line of JSON for each thing.

Runs in the environment of the foreign clients. First line: how the worker answered. Then one line for each event.
"""

import argparse
import asyncio
import json
import sys
from typing import Any
from urllib.parse import urljoin

import httpx
import httpx_sse


def tell(**found: Any) -> None:
    """Print one line at once; whoever reads it may act on it while the stream goes on."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def headers_of(answer: httpx.Response) -> dict[str, str]:
    return dict(answer.headers.items())


async def read(options: argparse.Namespace) -> None:
    sent = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    body = json.loads(options.body)
    async with (
        httpx.AsyncClient(
            http1=not options.http2, http2=options.http2, verify=options.ca or True, headers=sent, timeout=60
        ) as client,
        client.stream("POST", options.url, json=body) as answer,
    ):
        tell(status=answer.status_code, http=answer.http_version, headers=headers_of(answer))
        if answer.status_code != httpx.codes.OK:
            tell(body=json.loads(await answer.aread()))
        elif options.lines:
            async for line in answer.aiter_lines():
                tell(line=line)
        else:
            await read_events(client, answer, options)


async def read_events(client: httpx.AsyncClient, answer: httpx.Response, options: argparse.Namespace) -> None:
    tokens = 0
    async for event in httpx_sse.EventSource(answer).aiter_sse():
        tell(name=event.event, id=event.id, data=event.json())
        tokens += event.event == "token"
        if tokens == options.cancel_after:
            tokens += 1  # once
            job = {"job_id": json.loads(options.body)["job_id"]}
            said = await client.post(urljoin(options.url, "cancel"), json=job)
            tell(cancel=said.status_code, http=said.http_version)
        if tokens == options.hang_up_after:
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("body")
    parser.add_argument("--http2", action="store_true", help="speak HTTP/2 and nothing else")
    parser.add_argument("--ca", help="file with the certificate to trust")
    parser.add_argument("--token", help="bearer token")
    parser.add_argument("--lines", action="store_true", help="print each line of the stream as it came")
    parser.add_argument("--cancel-after", type=int, help="cancel on the same connection after so many tokens")
    parser.add_argument("--hang-up-after", type=int, help="hang up after so many tokens")
    asyncio.run(read(parser.parse_args()))


if __name__ == "__main__":
    main()
