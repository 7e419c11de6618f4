"""One facade over two kinds of servers: our worker, and a server that speaks OpenAI's protocol."""

import asyncio
from pathlib import Path

import pytest

from support.adapter_host import JOB, KINDS, adapter_host, cancel, client, submit
from support.small_models import random_model

SECRET = "sk-ant-api03-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"


@pytest.mark.req("FLEET-02")
def test_both_kinds_answer_in_the_same_way() -> None:
    async def main() -> None:
        async with adapter_host("bundled") as host, client(host) as http:
            for name in KINDS:
                messages = await submit(http, name)
                text = "".join(message.data["t"] for message in messages[:-1])
                assert len(text.strip().splitlines()) == 3
                assert messages[-1].name == "end"
                async with http.get(f"/v1/adapters/{name}/health") as answer:
                    assert (await answer.json())["healthy"] is True
                async with http.get(f"/v1/adapters/{name}/props") as answer:
                    props = await answer.json()
                    assert (props["kind"], props["model"]) == (
                        "worker" if name == "ours" else "openai",
                        "haiku-1m-q8_0.gguf",
                    )
                async with http.post(f"/v1/adapters/{name}/cancel/nobody") as answer:
                    assert answer.status == 404
            for name in ("gone", "away"):
                body = {**JOB, "job_id": "job-1", "prompt": f"my key is {SECRET}"}
                async with http.post(f"/v1/adapters/{name}/jobs", json=body) as answer:
                    assert (answer.status, (await answer.json())["code"]) == (502, "UNREACHABLE")
            async with http.get("/v1/adapters/nobody/health") as answer:
                assert answer.status == 404
        told = [(event.get("server"), event.event) for event in host.events if event.action == "execute"]
        assert told == [
            *((name, event) for name in KINDS for event in ("execute_start", "execute_end")),
            *((name, event) for name in ("gone", "away") for event in ("execute_start", "execute_failed")),
        ]
        assert SECRET not in b"".join(host.lines).decode()
        assert not host.other_output

    asyncio.run(main())


def test_both_kinds_stop_a_job(tmp_path: Path) -> None:
    async def main() -> None:
        model = random_model(tmp_path / "slow.gguf", 30, context=2048)
        async with adapter_host(model) as host, client(host) as http:
            for name in KINDS:
                job = asyncio.create_task(submit(http, name, max_tokens=1800))
                await cancel(http, name)
                last = (await job)[-1]
                assert (last.name, last.data["reason"]) == ("end", "cancelled")
        ends = [event.event for event in host.events if event.event == "execute_cancelled"]
        assert len(ends) == len(KINDS)

    asyncio.run(main())
