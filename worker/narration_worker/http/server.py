"""The HTTP interface: one short method for each endpoint."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

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
from narration_worker.http.answers import check_expectation, error_response, json_response
from narration_worker.http.auth import authenticate
from narration_worker.http.refusals import invalid, narrate_refusal
from narration_worker.jobs.job import Job
from narration_worker.jobs.manager import Jobs
from narration_worker.metrics import CONTENT_TYPE, Metrics
from narration_worker.model.engine import Engine
from narration_worker.requests import MAX_BODY, parse_cancel, parse_execute, sent_job_id, valid_job_id
from narration_worker.wire import CancelResult, Completion, Draining, End, Error, Fault, Health, HealthStatus, Token

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_AUTHENTICATED: Final = web.RequestKey("authenticated", bool)
_BEGAN: Final = web.RequestKey("began", float)
"""When the request's head was read, on the monotonic clock."""

_PUBLIC: Final = frozenset(("/health", "/openapi.json", "/docs"))


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
        request[_BEGAN] = time.monotonic()
        try:
            identity = authenticate(self._settings, request.headers, request.remote)
            if identity == LOCALHOST:
                self._check_not_a_foreign_page(request)
        except WorkerError as error:
            if request.path in _PUBLIC and request.method in SAFE_METHODS:
                request[_AUTHENTICATED] = False
                return await handler(request)
            points.auth_refused(
                address=request.remote or "unknown",
                reason=error.reason,
                code=error.code,
                error_kind=error.code.lower(),
            )
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
        try:
            body = await self._body(request)
        except WorkerError as error:
            return self._refuse(request, error, None)
        execute, faults = parse_execute(body)
        if execute is None:
            return self._refuse(request, invalid(faults), sent_job_id(body))
        if execute.max_tokens > self._settings.max_tokens_out:
            fault = Fault("max_tokens", f"must be at most {self._settings.max_tokens_out} here")
            return self._refuse(request, invalid([fault]), execute.job_id)
        if "Last-Event-ID" in request.headers and execute.job_id is not None and self._settings.resume_grace_s:
            return await self._resume(request, execute.job_id)
        try:
            job = await self._jobs.accept(execute)
        except WorkerError as error:
            if error.code != "INVALID_REQUEST":
                return self._refuse(request, error, execute.job_id)
            field = "prompt" if execute.messages is None else "messages"
            fault = Fault(field, error.message.removeprefix("the prompt "))
            return self._refuse(request, invalid([fault], error.hint), execute.job_id)
        return await self._stream(request, job) if execute.stream else await self._complete(job)

    async def _body(self, request: web.Request) -> bytes:
        """Return a request's body.

        Raises:
            WorkerError: INVALID_REQUEST, it is too long, does not arrive in time or cannot be decompressed.
        """
        try:
            return await read_body(request)
        except web.HTTPRequestEntityTooLarge:
            raise invalid([Fault("body", f"is longer than {MAX_BODY} bytes")]) from None
        except BodyError as error:
            raise invalid([Fault("body", str(error).removeprefix("the body "))]) from None

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

    def _refuse(
        self, request: web.Request, error: WorkerError, job_id: str | None, *, own: bool = True
    ) -> web.Response:
        """Answer a refused request with the narration of the refusal.

        Args:
            request: the request.
            error: why it is refused.
            job_id: the id that the caller sent, when it is a valid one.
            own: whether the request was to begin that job; false for one about another request's job.
        """
        known = not own or (job_id is not None and self._jobs.knows(job_id))
        duration_ms = int((time.monotonic() - request[_BEGAN]) * 1000)
        return error_response(error, narrate_refusal(error, job_id, known=known, duration_ms=duration_ms))

    async def job(self, request: web.Request) -> web.Response:
        """GET /jobs/{job_id}: the state of a job."""
        return json_response(200, self._jobs.state(request.match_info["job_id"]))

    async def job_events(self, request: web.Request) -> web.StreamResponse:
        """GET /jobs/{job_id}/events: take up a cut stream after `Last-Event-ID`."""
        return await self._resume(request, request.match_info["job_id"])

    async def _resume(self, request: web.Request, job_id: str) -> web.StreamResponse:
        try:
            after = sse.last_event_id(request.headers)
            job = self._jobs.resume(job_id, after)
        except WorkerError as error:
            return self._refuse(request, error, valid_job_id(job_id), own=False)
        if isinstance(job.reader, asyncio.Task):
            job.reader.cancel()  # one reader at a time: the old connection is probably dead
        if job.subscription.ended and after == job.last_sent_id:
            self._jobs.client_gone(job, job.reader)
            return web.Response(status=204)  # nothing is left; it also tells an EventSource not to ask again
        return await self._stream(request, job, after=after)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /cancel: stop a job; calling it again is fine."""
        try:
            body = await self._body(request)
        except WorkerError as error:
            return self._refuse(request, error, None)
        cancel, faults = parse_cancel(body)
        if cancel is None:
            return self._refuse(request, invalid(faults), sent_job_id(body), own=False)
        try:
            status = self._jobs.cancel(cancel.job_id)
        except WorkerError as error:
            return self._refuse(request, error, cancel.job_id, own=False)
        return json_response(202, CancelResult(cancel.job_id, status))

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
