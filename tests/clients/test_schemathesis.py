"""Requests made up by schemathesis from the live description: every answer must be what the description says."""

import asyncio
import json
import urllib.request

import pytest

from narration_worker.launch import launch
from support.small_models import with_chat_template

TOKEN = "a-made-up-token-of-a-test"
GUARDED = {"NARRATION_STRICT": "1", "AUTH_TOKEN": TOKEN}
TRIES = 100
SEED = 20_261


async def judge(clients, worker, folder, *, api=None):
    """Let schemathesis try a worker; return its exit code, its report and what it printed.

    Args:
        clients: has schemathesis.
        worker: running.
        folder: for its report.
        api: another description than the worker's own.
    """
    report = folder / "report.json"
    described = f"{worker.url}/openapi.json"
    if api is not None:
        described = folder / "openapi.json"
        described.write_text(json.dumps(api))
    process = await asyncio.create_subprocess_exec(
        *(str(clients.part("python").with_name("schemathesis")), "run", str(described), "--url", worker.url),
        *("--header", f"Authorization: Bearer {TOKEN}", "--checks", "all"),
        *("--exclude-path", "/shutdown"),  # or there would be nobody left to ask
        *("--max-examples", str(TRIES), "--seed", str(SEED), "--generation-database", "none", "--no-color"),
        *("--report", "json", "--report-json-path", str(report)),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode, json.loads(report.read_text()), printed.decode("utf-8", "replace")


def description(url):
    with urllib.request.urlopen(f"{url}/openapi.json") as answer:  # noqa: S310 - our own worker
        return json.load(answer)


@pytest.mark.fault
@pytest.mark.req("API-01", "AUTH-1001", "M0-W-1302", "M0-W-1500")
def test_every_answer_is_what_the_description_says(clients, tmp_path):
    async def run():
        # With a template for chats: whether `messages` can be answered depends on the model, not on the request.
        async with launch(with_chat_template(tmp_path / "chat.gguf"), environment=GUARDED) as worker:
            judged = await judge(clients, worker, tmp_path)
            assert await worker.stop() == 0
            return *judged, worker.events, list(worker.other_output)

    code, report, printed, events, other_output = asyncio.run(run())
    assert code == 0, printed
    assert report["complete"]
    assert [report["phases"][phase]["status"] for phase in ("coverage", "fuzzing")] == ["success", "success"]
    assert {"POST /execute", "POST /cancel", "GET /health", "GET /metrics", "GET /docs"} <= set(report["valid_rates"])
    assert report["test_cases"]["generated"] > TRIES
    seen = {event.action for event in events}
    assert {"execute", "validate", "auth"} <= seen  # it got as far as the model, was refused, and came without a token
    assert other_output == []
    assert TOKEN not in str(events)


@pytest.mark.req("API-01")
def test_an_answer_that_the_description_does_not_say_is_found(clients, tmp_path):
    """The judge above is awake: the same run with one limit described wrongly."""

    async def run():
        async with launch(with_chat_template(tmp_path / "chat.gguf"), environment=GUARDED) as worker:
            api = await asyncio.to_thread(description, worker.url)
            api["components"]["schemas"]["ExecuteRequest"]["properties"]["max_tokens"]["maximum"] = 5000
            api["paths"] = {"/execute": api["paths"]["/execute"]}
            return await judge(clients, worker, tmp_path, api=api)

    code, report, printed = asyncio.run(run())
    assert code == 1, printed
    assert [failure["type"] for failure in report["failures"]] == ["RejectedPositiveData"]
    assert "max_tokens must be at most 4096" in printed
