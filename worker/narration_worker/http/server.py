"""The HTTP interface: one short method for each endpoint."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from narration_core import CORRELATION_HEADER, Narrator, bind, bound
from narration_core.bridges.aiohttp import correlation_middleware
from narration_core.serving.auth import LOCALHOST
from narration_core.serving.requests import BodyError, raised_at, read_body
from narration_core.serving.sse import HEADERS
from narration_core.serving.web_guard import SAFE_METHODS, ForeignPageError, check_not_a_foreign_page
from narration_worker import points
from narration_worker.config import Settings
from narration_worker.errors import CODES, WorkerError
from narration_worker.http import openapi, sse
from narration_worker.http.auth import authenticate
from narration_worker.http.refusals import invalid, narrate_refusal, sent_job_id
from narration_worker.jobs.job import Job
from narration_worker.jobs.manager import Jobs
from narration_worker.metrics import CONTENT_TYPE, Metrics
from narration_worker.model.engine import Engine
from narration_worker.requests import MAX_BODY, parse_cancel, parse_execute
from narration_worker.wire import CancelResult, Completion, Draining, End, Error, Fault, Health, HealthStatus, Token

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_S: Final = 1
_RETRY_CODES: Final = frozenset(("QUEUE_FULL", "LOADING"))
_AUTHENTICATED: Final = web.RequestKey("authenticated", bool)
_PUBLIC: Final = frozenset(("/health", "/openapi.json", "/docs"))
_encode: Final = msgspec.json.Encoder().encode


def json_response(status: int, body: msgspec.Struct, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with a JSON body, which is one of the wire types."""
    return web.Response(status=status, body=_encode(body), content_type="application/json", headers=headers)


def error_response(error: WorkerError, narration: list[bytes] | None = None) -> web.Response:
    """Return the response for a failure.

    Args:
        error: the failure.
        narration: the JSON lines of the events that explain it.
    """
    headers = {}
    if error.code in _RETRY_CODES:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.status == CODES["MISSING_TOKEN"].status:
        headers["WWW-Authenticate"] = "Bearer"
    body = error.to_wire()
    if narration is not None:
        body.narration = [msgspec.json.decode(line) for line in narration]
    return json_response(error.status, body, headers)


class _FreshStream(web.StreamResponse):
    """A stream whose first event is there already: its head is sent together with it, in one packet."""

    _send_headers_immediately = False


class Server:
    """The worker's endpoints.

    Args:
        settings: the worker's settings.
        engine: the model.
        jobs: the job manager.
        metrics: the worker's metrics.
        shut_down: called with the reason when a client asks for a shutdown.
    """

    def __init__(
        self, settings: Settings, engine: Engine, jobs: Jobs, metrics: Metrics, shut_down: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._jobs = jobs
        self._metrics = metrics
        self._shut_down = shut_down

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(
            middlewares=[correlation_middleware(Narrator("worker"), trust="inside"), self._errors, self._identity],
            client_max_size=MAX_BODY,
        )
        add_post = partial(app.router.add_post, expect_handler=check_expectation)
        add_post("/execute", self.execute)
        add_post("/cancel", self.cancel)
        add_post("/shutdown", self.shutdown)
        app.router.add_get("/jobs/{job_id}", self.job)
        app.router.add_get("/jobs/{job_id}/events", self.job_events, allow_head=False)
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        rule: openapi.TokenRule = "optional" if self._settings.auth_optional else "needed"
        openapi.add_routes(app, rule if self._settings.token else "none")
        return app

    # -- middlewares ----------------------------------------------------------------------------------

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer every failure before the first byte in the same format."""
        try:
            return await handler(request)
        except WorkerError as error:
            return error_response(error)
        except web.HTTPNotFound:
            return error_response(WorkerError("NOT_FOUND", f"no endpoint {request.path[:200]}"))
        except web.HTTPRequestEntityTooLarge:
            return error_response(WorkerError("INVALID_REQUEST", f"the body is longer than {MAX_BODY} bytes"))
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"{request.path[:200]} does not take {request.method[:20]}; use {allowed}"
            return json_response(error.status, WorkerError("INVALID_REQUEST", message).to_wire(), {"Allow": allowed})
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - narrated, and answered like every other failure
            # Not the exception's text, which may hold bytes of the request.
            points.endpoint_failed(
                address=request.remote or "unknown", error_kind=type(error).__name__, failed_at=raised_at(error)
            )
            return error_response(
                WorkerError("INTERNAL", f"unexpected {type(error).__name__}; the narration says more")
            )

    @web.middleware
    async def _identity(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Authenticate the caller; unauthenticated callers reach only the public endpoints."""
        try:
            identity = authenticate(self._settings, request.headers, request.remote)
            if identity == LOCALHOST:
                self._check_not_a_foreign_page(request)
        except WorkerError as error:
            if request.path in _PUBLIC and request.method in SAFE_METHODS:
                request[_AUTHENTICATED] = False
                return await handler(request)
            points.auth_refused(address=request.remote or "unknown", code=error.code, error_kind=error.code.lower())
            raise
        request[_AUTHENTICATED] = True
        with bind(identity=identity):
            return await handler(request)

    def _check_not_a_foreign_page(self, request: web.Request) -> None:
        try:
            check_not_a_foreign_page(request.headers, self._settings.host)
        except ForeignPageError as error:
            raise WorkerError("FORBIDDEN", str(error), reason=error.reason) from None

    # -- endpoints -----------------------------------------------------------------------------------

    async def execute(self, request: web.Request) -> web.StreamResponse:
        """POST /execute: stream events from `started` to `end` or `error`, or answer with the whole text."""
        body = await self._body(request)
        execute, faults = parse_execute(body)
        if execute is None:
            return self._refuse(invalid(faults), sent_job_id(body))
        if execute.max_tokens > self._settings.max_tokens_out:
            fault = Fault("max_tokens", f"must be at most {self._settings.max_tokens_out} here")
            return self._refuse(invalid([fault]), execute.job_id)
        if "Last-Event-ID" in request.headers and execute.job_id is not None and self._settings.resume_grace_s:
            return await self._resume(request, execute.job_id)
        try:
            job = await self._jobs.accept(execute)
        except WorkerError as error:
            if error.code != "INVALID_REQUEST":
                return self._refuse(error, execute.job_id)
            field = "prompt" if execute.messages is None else "messages"
            fault = Fault(field, error.message.removeprefix("the prompt "))
            return self._refuse(invalid([fault]), execute.job_id)
        return await self._stream(request, job) if execute.stream else await self._complete(job)

    async def _body(self, request: web.Request) -> bytes:
        """Return a request's body.

        Raises:
            WorkerError: INVALID_REQUEST, it does not arrive in time or cannot be decompressed.
        """
        try:
            return await read_body(request)
        except BodyError as error:
            raise WorkerError("INVALID_REQUEST", str(error)) from None

    async def _stream(self, request: web.Request, job: Job, after: int = 0) -> web.StreamResponse:
        kind = web.StreamResponse if after else _FreshStream
        response = kind(headers=HEADERS | {"X-Job-Id": job.job_id})
        response.headers[CORRELATION_HEADER] = str(bound()["correlation_id"])
        if request.version < (1, 1):
            response.force_close()  # HTTP/1.0 knows no chunks: the end of the connection is the end of the stream
        reader = job.reader = asyncio.current_task()
        try:
            await response.prepare(request)
            last = await sse.stream(
                response,
                job,
                micro_batch_ms=self._settings.micro_batch_ms,
                heartbeat_s=self._settings.heartbeat_s,
                after=after,
            )
            await response.write_eof(last)
        except (asyncio.CancelledError, ConnectionResetError):
            self._jobs.client_gone(job, reader)
            raise
        if self._settings.resume_grace_s:
            self._jobs.client_gone(job, reader)  # the last bytes may not have arrived
        return response

    async def _complete(self, job: Job) -> web.Response:
        """Answer with the whole text, when the job has ended."""
        texts: list[str] = []
        ending: End | Error | None = None
        try:
            while batch := await job.subscription.batch():
                for _, data in (delivery.message for delivery in batch if delivery.message is not None):
                    if isinstance(data, Token):
                        texts.append(data.t)
                    elif isinstance(data, End | Error):
                        ending = data
        except asyncio.CancelledError:
            self._jobs.stop(job, "client_gone")
            raise
        headers = {"X-Job-Id": job.job_id, CORRELATION_HEADER: str(bound()["correlation_id"])}
        if not isinstance(ending, End):
            error = ending or WorkerError("INTERNAL", "the job ended without a result").to_wire()
            return json_response(CODES[error.code].status, error, headers)
        return json_response(
            200,
            Completion(
                job.job_id,
                self._engine.model_ref,
                "".join(texts),
                ending.tokens_in,
                ending.tokens_out,
                ending.seed,
                ending.decode_time_ms,
                ending.stop_reason,
                ending.stop_sequence_matched,
            ),
            headers,
        )

    def _refuse(self, error: WorkerError, job_id: str | None) -> web.Response:
        """Answer a refused request with the narration of the refusal."""
        known = job_id is not None and self._jobs.knows(job_id)
        return error_response(error, narrate_refusal(error, job_id, known=known))

    async def job(self, request: web.Request) -> web.Response:
        """GET /jobs/{job_id}: the state of a job."""
        return json_response(200, self._jobs.state(request.match_info["job_id"]))

    async def job_events(self, request: web.Request) -> web.StreamResponse:
        """GET /jobs/{job_id}/events: take up a cut stream after `Last-Event-ID`."""
        return await self._resume(request, request.match_info["job_id"])

    async def _resume(self, request: web.Request, job_id: str) -> web.StreamResponse:
        given = request.headers.get("Last-Event-ID", "0").strip()
        if not given.isascii() or not given.isdigit() or len(given) > 18:  # noqa: PLR2004 - digits of a 64-bit number
            raise WorkerError("INVALID_REQUEST", "Last-Event-ID is not an id of this stream")
        job = self._jobs.resume(job_id, int(given))
        if isinstance(job.reader, asyncio.Task):
            job.reader.cancel()  # one reader at a time: the old connection is probably dead
        return await self._stream(request, job, after=int(given))

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /cancel: stop a job; calling it again is fine."""
        body = await self._body(request)
        cancel, faults = parse_cancel(body)
        if cancel is None:
            return self._refuse(invalid(faults), None)
        return json_response(202, CancelResult(cancel.job_id, self._jobs.cancel(cancel.job_id)))

    async def shutdown(self, _: web.Request) -> web.Response:
        """POST /shutdown: finish the accepted jobs, then exit."""
        self._shut_down("POST /shutdown")
        return json_response(202, Draining())

    @property
    def status(self) -> HealthStatus:
        """The worker's status."""
        if self._jobs.draining:
            return "draining"
        if self._engine.residency is not None and not self._engine.resident:
            return "unhealthy"
        return "healthy" if self._engine.loaded else "loading"

    async def health(self, request: web.Request) -> web.Response:
        """GET /health: the status for everybody, the details for authenticated callers."""
        body = self._health() if request[_AUTHENTICATED] else Health(self.status)
        return json_response(200 if body.status in {"healthy", "draining"} else 503, body)

    def _health(self) -> Health:
        engine = self._engine
        health = Health(
            self.status,
            worker_id=self._settings.worker_id,
            model=engine.model_ref,
            device=engine.gpu_device or engine.device,
            resident=engine.resident,
            vram_bytes_used=engine.vram_bytes,
            uptime_seconds=round(self._metrics.uptime_seconds(), 3),
            queue_depth=self._jobs.depth,
            sm=engine.cuda.sm,
            cuda_runtime_version=engine.cuda.runtime_version,
        )
        if engine.loaded and engine.file is not None:
            health.quant_kind = engine.model.quantisation
            health.tokenizer_kind = engine.file.metadata.get("tokenizer.ggml.model")
            health.vocab_size = engine.model.vocabulary_size
            health.context_length = engine.model.context_length
            health.architecture = engine.file.architecture
            health.threads = engine.threads
        return health

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics: the metrics in Prometheus' text format."""
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def check_expectation(request: web.Request) -> web.Response | None:
    """Ask for the body when the client waits for that (`Expect: 100-continue`); answer other expectations with 417."""
    if request.version < (1, 1):
        return None  # HTTP/1.0 does not know the header
    if request.headers.get("Expect", "").lower() != "100-continue":
        return json_response(417, WorkerError("INVALID_REQUEST", "only Expect: 100-continue is met").to_wire())
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None


def answer_failure(request: web.BaseRequest, status: int, kind: str) -> web.Response:
    """Narrate and answer what failed outside of the endpoints. Not the exception's text, which may hold a prompt.

    Args:
        request: as much as there is of it.
        status: HTTP status.
        kind: the exception's name.
    """
    points.http_failed(address=request.remote or "unknown", error_kind=kind)
    if status < CODES["INTERNAL"].status:
        return json_response(
            status, WorkerError("INVALID_REQUEST", f"this is not a valid HTTP request ({kind})").to_wire()
        )
    return error_response(WorkerError("INTERNAL", f"unexpected {kind}; the narration says more"))
