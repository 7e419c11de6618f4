"""The HTTP interface: one short method for each endpoint."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from narration_core import CORRELATION_HEADER, Narrator, bind, bound, close_job, open_job, subscribe
from narration_core.bridges.aiohttp import correlation_middleware
from narration_worker import points
from narration_worker.config import Settings
from narration_worker.errors import CODES, WorkerError
from narration_worker.http import openapi, sse
from narration_worker.http.auth import authenticate
from narration_worker.jobs.manager import Jobs
from narration_worker.metrics import CONTENT_TYPE, Metrics
from narration_worker.model.engine import Engine
from narration_worker.requests import MAX_BODY, parse_cancel, parse_execute
from narration_worker.wire import CancelResult, Draining, Fault, Health, HealthStatus

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_S: Final = 1
_log: Final = logging.getLogger("worker.server")  # narrated, like all that is logged in this process
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
    if error.status == CODES["QUEUE_FULL"].status:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.status == CODES["MISSING_TOKEN"].status:
        headers["WWW-Authenticate"] = "Bearer"
    body = error.to_wire()
    if narration is not None:
        body.narration = [msgspec.json.decode(line) for line in narration]
    return json_response(error.status, body, headers)


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
            middlewares=[correlation_middleware(Narrator("worker")), self._errors, self._identity],
            client_max_size=MAX_BODY,
        )
        app.router.add_post("/execute", self.execute)
        app.router.add_post("/cancel", self.cancel)
        app.router.add_post("/shutdown", self.shutdown)
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
            message = f"{request.path} does not take {request.method}; use {allowed}"
            return json_response(error.status, WorkerError("INVALID_REQUEST", message).to_wire(), {"Allow": allowed})
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - logged, and answered like every other failure
            _log.exception("%s %s failed", request.method, request.path)
            return error_response(
                WorkerError("INTERNAL", f"unexpected {type(error).__name__}; the narration says more")
            )

    @web.middleware
    async def _identity(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Authenticate the caller; unauthenticated callers reach only the public endpoints."""
        try:
            identity = authenticate(self._settings, request.headers, request.remote)
        except WorkerError as error:
            if request.path in _PUBLIC:
                request["authenticated"] = False
                return await handler(request)
            points.auth_refused(address=request.remote or "unknown", code=error.code, error_kind=error.code.lower())
            raise
        request["authenticated"] = True
        with bind(identity=identity):
            return await handler(request)

    # -- endpoints -----------------------------------------------------------------------------------

    async def execute(self, request: web.Request) -> web.StreamResponse:
        """POST /execute: stream events from `started` to `end` or `error`."""
        execute, faults = parse_execute(await request.read())
        if execute is None:
            return self._refuse(faults)
        if execute.max_tokens > self._settings.max_tokens_out:
            return self._refuse([Fault("max_tokens", f"must be at most {self._settings.max_tokens_out} here")])
        job = self._jobs.submit(execute)
        response = web.StreamResponse(headers=sse.HEADERS | {"X-Job-Id": job.job_id})
        response.headers[CORRELATION_HEADER] = str(bound()["correlation_id"])
        try:
            await response.prepare(request)
            last = await sse.stream(
                response,
                job.subscription,
                micro_batch_ms=self._settings.micro_batch_ms,
                heartbeat_s=self._settings.heartbeat_s,
            )
            await response.write_eof(last)
        except (asyncio.CancelledError, ConnectionResetError):
            self._jobs.stop(job, "client_gone")
            raise
        return response

    def _refuse(self, faults: list[Fault]) -> web.Response:
        """Answer an invalid request with every fault and with the narration of the refusal."""
        job_id = f"refused-{secrets.token_hex(8)}"
        open_job(job_id)
        subscription = subscribe(job_id)
        with bind(job_id=job_id):
            points.validation_failed(
                fault_count=len(faults), faults=msgspec.to_builtins(faults), error_kind="invalid_request"
            )
        lines = [delivery.record.line for delivery in subscription.waiting() if delivery.record is not None]
        close_job(job_id)
        message = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        return error_response(
            WorkerError("INVALID_REQUEST", message, "correct every fault that is listed", faults=faults), lines
        )

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /cancel: stop a job; calling it again is fine."""
        cancel, faults = parse_cancel(await request.read())
        if cancel is None:
            return self._refuse(faults)
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
        body = self._health() if request["authenticated"] else Health(self.status)
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
        return health

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics: the metrics in Prometheus' text format."""
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})
