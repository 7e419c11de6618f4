"""The adapter for servers that speak OpenAI's protocol: vLLM, llama-server, examples/openai/facade.py and others."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import msgspec

from fleet.adapters import Ended, Health, Props, Submission, Token
from fleet.http_settings import CONNECT_S, CallError, Peer, seconds, shown
from fleet.wire import Refusal

KIND: Final = "openai"
_COMPLETIONS: Final = "/v1/completions"
_SILENCE_S: Final = 60.0  # a server that sends nothing for so long will not send anything any more
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=_SILENCE_S)
_MOST_BYTES: Final = 64 << 10
_FAILED: Final = 400


class _Choice(msgspec.Struct):
    text: str = ""
    finish_reason: str | None = None


class _Error(msgspec.Struct):
    message: str = "no reason given"
    type: str = "error"
    code: str | int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    error: _Error | None = None


class _Model(msgspec.Struct):
    id: str
    max_model_len: int | None = None  # vLLM says it, others do not


class _Models(msgspec.Struct):
    data: list[_Model]


class _Running:
    """A job that the server works on."""

    def __init__(self) -> None:
        self.response: aiohttp.ClientResponse | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Close its connection; the protocol has no other way."""
        self.cancelled = True
        if self.response is not None:
            self.response.close()


class OpenAiServer:
    """A server that speaks OpenAI's protocol.

    Args:
        name: of the server, for messages.
        http: the session to call it with.
        url: its address, without /v1.
        token: its API key.
    """

    def __init__(self, name: str, http: aiohttp.ClientSession, url: str, token: str | None = None) -> None:
        self._name = name
        self._http = http
        self._peer = Peer(http, name, url, token)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._running: dict[str, _Running] = {}

    async def submit(self, job: Submission) -> AsyncIterator[Token | Ended]:
        """Have a job done."""
        running = self._running[job.job_id] = _Running()
        parts, reason = 0, ""
        try:
            with self._errors(_COMPLETIONS):
                async for text, finish in self._chunks(job, running):
                    reason = finish or reason
                    if text:
                        parts += 1
                        yield Token(text)
        except CallError:
            if not running.cancelled:
                raise
            reason = "cancelled"
        finally:
            self._running.pop(job.job_id, None)
        yield Ended(reason, parts)

    async def _chunks(self, job: Submission, running: _Running) -> AsyncIterator[tuple[str, str | None]]:
        """Yield the text and the finish reason of each chunk."""
        body = {"prompt": job.prompt, "max_tokens": job.max_tokens, "seed": job.seed, "stream": True}
        async with self._http.post(
            self._peer.url + _COMPLETIONS, json=body, headers=self._headers, timeout=_TIMEOUT, allow_redirects=False
        ) as response:
            if response.status >= _FAILED:
                after = seconds(response.headers.get("Retry-After"))
                refusal = _refusal(await response.content.read(_MOST_BYTES))
                status = response.status
                raise CallError(
                    "refused", self._name, _COMPLETIONS, status=status, refusal=refusal, retry_after_s=after
                )
            running.response = response
            if running.cancelled:
                running.cancel()
            finish: str | None = None
            async for line in response.content:
                data = line.removeprefix(b"data:").strip()
                if line.startswith(b"data:") and data != b"[DONE]":
                    text, reason = self._chunk(data)
                    finish = reason or finish
                    yield text, finish
            if finish is None:
                raise CallError("cut", self._name, _COMPLETIONS)

    def _chunk(self, data: bytes) -> tuple[str, str | None]:
        chunk = msgspec.json.decode(data, type=_Chunk)
        if chunk.error is not None or not chunk.choices:
            raise CallError("refused", self._name, _COMPLETIONS, status=502, refusal=_refusal(data))
        return chunk.choices[0].text, chunk.choices[0].finish_reason

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn the session's errors into those that everybody in the fleet knows."""
        try:
            yield
        except TimeoutError:
            raise CallError("timeout", self._name, what) from None
        except aiohttp.ClientConnectorError:
            raise CallError("unreachable", self._name, what) from None
        except aiohttp.ClientError:
            raise CallError("cut", self._name, what) from None
        except (msgspec.MsgspecError, UnicodeError, ValueError):
            raise CallError("garbled", self._name, what) from None

    async def cancel(self, job_id: str) -> bool:
        """Stop a job."""
        running = self._running.get(job_id)
        if running is not None:
            running.cancel()
        return running is not None

    async def health(self) -> Health:
        """Ask how the server is: it is well when it lists a model."""
        models = await self._peer.call("GET", "/v1/models", answer=_Models)
        return Health(bool(models.data), f"{len(models.data)} models")

    async def props(self) -> Props:
        """Ask what the server is."""
        models = await self._peer.call("GET", "/v1/models", answer=_Models)
        if not models.data:
            raise CallError("garbled", self._name, "/v1/models")
        return Props(KIND, shown(self._peer.url), models.data[0].id, models.data[0].max_model_len)


def _refusal(data: bytes) -> Refusal | None:
    """Return the reason in OpenAI's error format, or in ours."""
    try:
        error = msgspec.json.decode(data, type=_Chunk).error or _Error()
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return Refusal(str(error.code or error.type), error.message)
