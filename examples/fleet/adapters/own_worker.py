"""The adapter for our own worker, through its client."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp

from fleet.adapters import Ended, Health, Props, Submission, Token
from fleet.http_settings import CallError, seconds, shown
from fleet.wire import Refusal
from narration_worker.client import StreamCutError, WorkerClient, WorkerRefusedError

KIND: Final = "worker"
_NOT_FOUND: Final = 404


class OwnWorker:
    """Our own worker.

    Args:
        name: of the server, for messages.
        worker: an open client.
    """

    def __init__(self, name: str, worker: WorkerClient) -> None:
        self._name = name
        self._worker = worker

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn the client's errors into those that everybody in the fleet knows."""
        try:
            yield
        except WorkerRefusedError as error:
            raise self._refused(what, error.status, error.body, error.headers.get("Retry-After")) from None
        except aiohttp.ClientConnectorError:
            raise CallError("unreachable", self._name, what) from None
        except (StreamCutError, aiohttp.ClientError):
            raise CallError("cut", self._name, what) from None

    def _refused(self, what: str, status: int, body: dict[str, Any], after: str | None = None) -> CallError:
        refusal = Refusal(str(body.get("code")), str(body.get("message")), str(body.get("hint") or ""))
        return CallError("refused", self._name, what, status=status, refusal=refusal, retry_after_s=seconds(after))

    async def submit(self, job: Submission) -> AsyncIterator[Token | Ended]:
        """Have a job done."""
        parts = 0
        with self._errors("/execute"):
            async for message in self._worker.execute(
                prompt=job.prompt, max_tokens=job.max_tokens, seed=job.seed, job_id=job.job_id
            ):
                if message.name == "token":
                    parts += 1
                    yield Token(message.data["t"])
                elif message.name == "end":
                    yield Ended(message.data["stop_reason"], parts)
                elif message.name == "error":
                    if message.data.get("code") != "CANCELLED":
                        raise self._refused("/execute", 502, message.data)
                    yield Ended("cancelled", parts)

    async def cancel(self, job_id: str) -> bool:
        """Stop a job."""
        try:
            with self._errors("/cancel"):
                await self._worker.cancel(job_id)
        except CallError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    async def health(self) -> Health:
        """Ask how the worker is."""
        with self._errors("/health"):
            status = str((await self._worker.health()).get("status", "unknown"))
        return Health(status == "healthy", status)

    async def props(self) -> Props:
        """Ask what the worker is."""
        with self._errors("/health"):
            health = await self._worker.health()
        return Props(KIND, shown(self._worker.url), str(health.get("model")), health.get("context_length"))
