"""The keeper: the command that a user of the fleet types. It shows the whole story of his request, then the answer.

    python -m fleet.keeper "a haiku about GPUs" --device cpu

The story comes from the hub, live, whichever process or machine told it, and goes to standard error; the answer goes to
standard output. Ctrl-C cancels the task. The addresses are taken from ORCHESTRATOR and NARRATION_HUB.

Exit codes: 0 the answer is there, 1 the task failed, 2 wrong arguments, 3 refused (standard error says when to come
back), 4 the orchestrator could not be reached or its answer was cut, 130 cancelled.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any, Final, get_args

import aiohttp
import msgspec
from aiohttp import web

from fleet.http_settings import CallError, Peer, session, shown
from fleet.plain_english import what_is_wrong
from fleet.wire import Device, Refusal, Task, TaskState, TaskWanted
from narration_core import (
    Event,
    Narrator,
    __version__,
    bind,
    configure,
    decode,
    flush,
    formatted,
    new_correlation_id,
    register_field,
)
from narration_core.serving.addresses import ConfigError, check_url, usable_token
from narration_core.sinks import HubSink
from narration_worker.client import Message, StreamCutError, read_events

FINISHED, FAILED, USAGE, REFUSED, NOT_REACHED, CANCELLED = 0, 1, 2, 3, 4, 130

QUIET_S: Final = 0.4
"""After both ends are told, those of the task and of the keeper, others may be late by so much."""

SILENT_S: Final = 3.0
"""When nothing at all is told for so long after the answer, nobody waits for the ends."""

_TRIES: Final = 3  # of a stream that is cut
_PAUSE_S: Final = 0.1
_LAST: Final = frozenset(("end", "error"))
_LAST_ACTIONS: Final = frozenset(("finish", "refuse"))  # of the orchestrator, about any task
_OK: Final = 200
_TYPED: Final = {
    "prompt": "the prompt",
    "model_ref": "--model",
    "device": "--device",
    "max_tokens": "--max-tokens",
    "seed": "--seed",
}
"""How the fields of a task are typed."""

_ENDS: Final = {
    FINISHED: "The answer is here",
    FAILED: "The task failed",
    REFUSED: "The task was refused",
    NOT_REACHED: "The orchestrator could not be reached",
    CANCELLED: "The task was cancelled",
}
"""What a command that ends with an exit code says."""

narrate = Narrator("keeper")
register_field("exit_code", int, "what a command ends with")
register_field("verdict", str, "what came of it, in a few words")
register_field("max_tokens", int, "the most tokens that the answer may have")


def say(text: str) -> None:
    """Show a line on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Story:
    """The story of one request, shown as the hub hears it.

    Args:
        http: the session.
        hub: the hub's address.
        token: of the hub.
        correlation_id: of the request.
    """

    def __init__(self, http: aiohttp.ClientSession, hub: str, token: str | None, correlation_id: str) -> None:
        self._http = http
        self._hub = shown(hub)
        self._url = f"{hub.rstrip('/')}/v1/stories/{correlation_id}/stream"
        self._headers = _bearer(token)
        self._told = asyncio.Event()
        self._missing = {"keeper", "orchestratord"}  # whose last words are not told yet
        self._shown = asyncio.create_task(self._show())

    async def finish(self) -> None:
        """Show the rest: the task has ended."""
        told = True
        while told and not self._shown.done():
            self._told.clear()
            next_one = asyncio.create_task(self._told.wait())
            patience_s = SILENT_S if self._missing else QUIET_S
            await asyncio.wait((next_one, self._shown), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            told = self._told.is_set()
            next_one.cancel()
        self._shown.cancel()
        await asyncio.gather(self._shown, return_exceptions=True)

    async def _show(self) -> None:
        try:
            async for event in self._events():
                say(formatted(event))
                if event.action in _LAST_ACTIONS:
                    self._missing.discard(event.actor)
                self._told.set()
        except StreamCutError as error:
            say(f"no story: {error}; the task goes on")
        except aiohttp.ClientError:
            say(f"no story: the hub at {self._hub} cannot be reached, or was lost; the task goes on")

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            async with self._http.get(self._url, headers=self._headers) as response:
                if response.status == _OK:
                    async for message in read_events(response.content):
                        if message.name == "narration":
                            yield decode(msgspec.json.encode(message.data["event"]))
                    return
                if response.status != web.HTTPNotFound.status_code:
                    raise StreamCutError(self._why_not(response.status))
            await asyncio.sleep(_PAUSE_S)  # it has not heard of the request yet

    def _why_not(self, status: int) -> str:
        if status == web.HTTPUnauthorized.status_code:
            return f"the hub at {self._hub} does not accept the token in NARRATION_HUB_TOKEN"
        return f"{self._hub} answered with status {status}; is it the address of a hub?"


class Keeper:
    """One task, from the command to the answer.

    Args:
        http: the session.
        orchestrator: its address.
        token: of the orchestrator.
    """

    def __init__(self, http: aiohttp.ClientSession, orchestrator: str, token: str | None) -> None:
        self._http = http
        self._peer = Peer(http, "orchestratord", orchestrator, token, tries=1)
        self._headers = _bearer(token)
        self.cancel_wanted = asyncio.Event()

    async def ask(self, wanted: TaskWanted) -> tuple[int, str]:
        """Submit a task and read its stream; return the exit code, and the answer or what went wrong."""
        try:
            task = await self._peer.call("POST", "/v1/tasks", wanted, answer=Task)
        except CallError as error:
            return self._not_admitted(error)
        cancelling = asyncio.create_task(self._cancel_when_wanted(task.job_id))
        try:
            return await self._read(task.job_id)
        finally:
            cancelling.cancel()

    def _not_admitted(self, error: CallError) -> tuple[int, str]:
        if error.kind == "refused":
            wait = f"; come back in {error.retry_after_s:g} s" if error.retry_after_s else ""
            return REFUSED, _in_words(error.refusal) + wait
        at = shown(self._peer.url)
        return NOT_REACHED, f"{error.refusal.message} (at {at}); start it, or name another one with --orchestrator"

    async def _cancel_when_wanted(self, job_id: str) -> None:
        await self.cancel_wanted.wait()
        try:
            await self._peer.call("POST", f"/v1/tasks/{job_id}/cancel", answer=TaskState)
        except CallError as error:
            say(f"error: the task could not be cancelled: {error}")

    async def _read(self, job_id: str) -> tuple[int, str]:
        texts: list[str] = []
        after = 0
        for _ in range(_TRIES):
            try:
                async for message in self._stream(job_id, after):
                    after = message.event_id or after
                    if message.name == "token":
                        texts.append(message.data["t"])
                    elif message.name == "restarted":  # on another replica, from the beginning
                        texts.clear()
                    elif message.name == "end":
                        return FINISHED, "".join(texts)
                    elif message.name == "error":
                        return _failure(message.data)
            except (aiohttp.ClientError, StreamCutError):
                await asyncio.sleep(_PAUSE_S)
        return NOT_REACHED, "the orchestrator was lost in the middle of the answer, or knows the task no more"

    async def _stream(self, job_id: str, after: int) -> AsyncIterator[Message]:
        url = f"{self._peer.url}/v1/tasks/{job_id}/events"
        headers = {**self._headers, "Last-Event-ID": str(after)}
        async with self._http.get(url, headers=headers) as response:
            if response.status != _OK:
                raise StreamCutError(f"the orchestrator answered {response.status}")
            async for message in read_events(response.content):
                yield message


def _failure(data: dict[str, Any]) -> tuple[int, str]:
    refusal = msgspec.convert(data, Refusal)
    return (CANCELLED if refusal.code == "CANCELLED" else FAILED), _in_words(refusal)


def _in_words(refusal: Refusal) -> str:
    return "; ".join(filter(None, (f"{refusal.message} ({refusal.code})", refusal.hint)))


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def keep(wanted: TaskWanted, orchestrator: str, hub: str) -> int:
    """Have a task done and show it; return the exit code.

    Args:
        wanted: the task.
        orchestrator: its address.
        hub: its address; empty for no story.
    """
    correlation_id = new_correlation_id()
    token, hub_token = (usable_token(os.environ.get(name), name) for name in ("AUTH_TOKEN", "NARRATION_HUB_TOKEN"))
    sinks = [HubSink(hub, hub_token)] if hub else []
    configure(service="keeper", version=__version__, sinks=sinks)
    async with session(narrate) as http, aiohttp.ClientSession() as quiet:
        story = Story(quiet, hub, hub_token, correlation_id) if hub else None
        keeper = Keeper(http, orchestrator, token)
        _on_interrupt(keeper)
        with bind(correlation_id=correlation_id):
            narrate(
                "ask",
                wanted.model_ref,
                "Asking {target} for at most {max_tokens:token|tokens}",
                max_tokens=wanted.max_tokens,
            )
            code, text = await keeper.ask(wanted)
            narrate("finish", wanted.model_ref, "{verdict}: exit code {exit_code}", verdict=_ENDS[code], exit_code=code)
        await asyncio.to_thread(flush)
        if story is not None:
            await story.finish()
    if code == FINISHED:
        sys.stdout.write(f"{text.strip()}\n")
    else:
        say(f"error: {text}")
    return code


def _on_interrupt(keeper: Keeper) -> None:
    """Have Ctrl-C cancel the task, and a second one end the keeper."""
    loop, here = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if keeper.cancel_wanted.is_set() and here is not None:
            here.cancel()
        keeper.cancel_wanted.set()

    loop.add_signal_handler(signal.SIGINT, interrupted)


def main() -> int:
    """Run the keeper."""
    parser = argparse.ArgumentParser("python -m fleet.keeper", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("prompt", help="what to write")
    parser.add_argument(
        "--orchestrator", default=os.environ.get("ORCHESTRATOR", "http://127.0.0.1:8501"), help="its address"
    )
    parser.add_argument("--hub", default=os.environ.get("NARRATION_HUB", ""), help="where the story is told")
    parser.add_argument("--model", default="haiku", help="its name in the catalogue")
    parser.add_argument("--device", choices=get_args(Device), default="gpu")
    parser.add_argument("--max-tokens", type=int, default=64, help="the most that the answer may have")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same answer")
    options = parser.parse_args()
    given = {"prompt": options.prompt, "model_ref": options.model, "device": options.device}
    try:
        wanted = msgspec.convert({**given, "max_tokens": options.max_tokens, "seed": options.seed}, TaskWanted)
        check_url("--orchestrator", options.orchestrator)
        if options.hub:
            check_url("--hub", options.hub)
        return asyncio.run(keep(wanted, options.orchestrator, options.hub))
    except msgspec.ValidationError as error:
        say(f"error: {what_is_wrong(error, TaskWanted, _TYPED)}")
        return USAGE
    except ConfigError as error:
        say(f"error: {error}")
        return USAGE
    except (asyncio.CancelledError, KeyboardInterrupt):
        return CANCELLED
    finally:
        flush()


if __name__ == "__main__":
    sys.exit(main())
