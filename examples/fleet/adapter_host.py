"""The adapter host: one way to speak to inference servers of every kind.

    python -m fleet.adapter_host --server ours=worker:http://127.0.0.1:8080 --server other=openai:http://127.0.0.1:8000

It has a job done, cancels it, and tells how a server is and what it is: POST /v1/adapters/{name}/jobs and
.../cancel/{job_id}, GET .../health and .../props. The worker gets AUTH_TOKEN, other servers get OPENAI_API_KEY.
"""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from fleet.adapters import Adapter, Ended, Submission, openai, own_worker
from fleet.http_settings import CallError, session
from fleet.service import (
    RefusedError,
    Settings,
    application,
    body_of,
    in_short,
    json_answer,
    life_points,
    parser,
    run,
    settings_of,
)
from narration_core import Catalogue, Narrator, bind, register_field
from narration_core.serving.addresses import ConfigError, check_url
from narration_core.serving.sse import HEADERS, message
from narration_worker.client import WorkerClient

ACTOR: Final = "adapter-host"
_CANCELLED: Final = "cancelled"

register_field("server", str, "the name of an inference server")
register_field("kind", str, "what kind of adapter speaks to a server")
register_field("code", str, "a service's error code")
register_field("stop_reason", str, "why generation ended")

LIFE: Final = life_points(ACTOR)
POINTS: Final = Catalogue(ACTOR)
submitted = POINTS.point(
    "submitted",
    "execute",
    "{server}",
    "Asking {server} for an answer, through the {kind} adapter",
    event="execute_start",
    channel="request",
)
answered = POINTS.point(
    "answered",
    "execute",
    "{server}",
    "{server} answered in full, ended by {stop_reason}",
    event="execute_end",
    channel="request",
)
cancelled = POINTS.point(
    "cancelled",
    "execute",
    "{server}",
    "Stopped the job of {server}, as asked",
    event="execute_cancelled",
    channel="request",
)
failed = POINTS.point(
    "failed",
    "execute",
    "{server}",
    "{server} gave no whole answer: {reason}",
    event="execute_failed",
    level="warn",
    channel="request",
)


class Server(NamedTuple):
    """A server as it was given on the command line.

    Attributes:
        kind: of the adapter.
        url: its address.
    """

    kind: str
    url: str


def server(text: str) -> tuple[str, Server]:
    """Return the name, kind and address of `NAME=KIND:URL`.

    Raises:
        ConfigError: it is something else.
    """
    name, _, rest = text.partition("=")
    kind, _, url = rest.partition(":")
    if not name or kind not in {own_worker.KIND, openai.KIND}:
        raise ConfigError("--server is not NAME=worker:URL or NAME=openai:URL")
    check_url("--server", url)
    return name, Server(kind, url)


class AdapterHost:
    """The endpoints.

    Args:
        servers: by name.
        token: of our own workers.
        api_key: of other servers.
    """

    def __init__(self, servers: Mapping[str, Server], token: str | None, api_key: str | None) -> None:
        self._servers = servers
        self._token = token
        self._api_key = api_key
        self._adapters: dict[str, Adapter] = {}

    def application(self, settings: Settings) -> web.Application:
        """Return the service."""
        app = application(Narrator(ACTOR), LIFE, settings)
        app.router.add_post("/v1/adapters/{name}/jobs", self.submit)
        app.router.add_post("/v1/adapters/{name}/cancel/{job_id}", self.cancel)
        app.router.add_get("/v1/adapters/{name}/health", self.health)
        app.router.add_get("/v1/adapters/{name}/props", self.props)
        app.cleanup_ctx.append(self._life)
        return app

    async def _life(self, _: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(session(Narrator(ACTOR), trust="edge"))
            for name, (kind, url) in self._servers.items():
                if kind == own_worker.KIND:
                    worker = await stack.enter_async_context(WorkerClient(url, token=self._token))
                    self._adapters[name] = own_worker.OwnWorker(name, worker)
                else:
                    self._adapters[name] = openai.OpenAiServer(name, http, url, self._api_key)
            yield

    def _adapter(self, request: web.Request) -> Adapter:
        found = self._adapters.get(request.match_info["name"])
        if found is None:
            raise RefusedError(404, "NO_SUCH_SERVER", "no such server", f"known: {', '.join(self._adapters)}")
        return found

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/adapters/{name}/jobs: a stream of `token`, then `end` or `error`."""
        adapter, name = self._adapter(request), request.match_info["name"]
        job = await body_of(request, Submission)
        response = web.StreamResponse(headers=HEADERS)
        with bind(job_id=job.job_id):
            submitted(server=name, kind=self._servers[name].kind)
            try:
                async for part in adapter.submit(job):
                    if not response.prepared:
                        await response.prepare(request)
                    kind = "end" if isinstance(part, Ended) else "token"
                    await response.write(message(kind, msgspec.json.encode(part)))
                    if isinstance(part, Ended):
                        _tell_end(name, part)
            except CallError as error:
                refusal = error.refusal
                failed(server=name, code=refusal.code, reason=in_short(refusal.message), error_kind=error.kind)
                if not response.prepared:
                    raise
                await response.write(message("error", msgspec.json.encode(error.refusal)))
        return response

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /v1/adapters/{name}/cancel/{job_id}."""
        if not await self._adapter(request).cancel(request.match_info["job_id"]):
            raise RefusedError(404, "NO_SUCH_JOB", "no such job")
        return web.json_response({"status": _CANCELLED}, status=202)

    async def health(self, request: web.Request) -> web.Response:
        """GET /v1/adapters/{name}/health."""
        return json_answer(await self._adapter(request).health())

    async def props(self, request: web.Request) -> web.Response:
        """GET /v1/adapters/{name}/props."""
        return json_answer(await self._adapter(request).props())


def _tell_end(name: str, end: Ended) -> None:
    if end.reason == _CANCELLED:
        cancelled(server=name)
    else:
        answered(server=name, stop_reason=end.reason)


def main() -> int:
    """Run the adapter host."""
    arguments = parser("adapter_host", __doc__)
    arguments.add_argument("--server", action="append", default=[], help="NAME=worker:URL or NAME=openai:URL")
    options = arguments.parse_args()
    settings = settings_of(options)
    try:
        servers = dict(map(server, options.server))
    except ConfigError as error:
        arguments.error(str(error))
    host = AdapterHost(servers, settings.token, os.environ.get("OPENAI_API_KEY"))
    return run(ACTOR, LIFE, settings, host.application(settings))


if __name__ == "__main__":
    sys.exit(main())
