"""The life of the process: device, server, model, signals, drain."""

import asyncio
import contextlib
import gc
import os
import signal
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NoReturn

from aiohttp import web

from narration_core import Sink, __version__, accept_environment, bind, bound, configure, default_sinks, flush
from narration_core.serving.addresses import url_host
from narration_core.serving.connection import ListenError, listen
from narration_core.serving.early_signals import handled_signals, ignore_signals, remembered_signal
from narration_core.serving.failures import Failures
from narration_core.serving.library_log import narrate_logging
from narration_core.sinks import HubSink
from narration_worker import points
from narration_worker.config import Settings
from narration_worker.errors import WorkerError
from narration_worker.http.answers import failure_response
from narration_worker.http.callback import announce
from narration_worker.http.server import Server
from narration_worker.jobs.gil_priority import shorten_switch_interval
from narration_worker.jobs.manager import Jobs
from narration_worker.metrics import Metrics
from narration_worker.model.devices import Device
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Stopped
from narration_worker.wire import ReadyCallback

EXIT_AT_ONCE: Final = 128 + signal.SIGTERM
SECOND_SIGNAL_AFTER_S: Final = 1.0
"""A second signal counts only so long after the first: terminals and wrappers send the same one twice at once."""

FORCED_EXIT_S: Final = 1.0
"""Longest time that streams get for their last event when the worker is stopped at once, in seconds."""

ENGINE: Final = "llama-cpp-python"
_MILLION: Final = 1_000_000


class StartError(Exception):
    """The worker could not start. It is narrated already; the message is for the person at the terminal."""


def _engine_version() -> str:
    """Return the version of llama-cpp-python; "unknown" when it is there, but not installed as a package."""
    try:
        return version(ENGINE)
    except PackageNotFoundError:
        return "unknown"


def narrate_config_error(message: str) -> None:
    """Narrate settings that the worker cannot start with."""
    configure(service="worker", version=__version__)
    reason = WorkerError("INVALID_REQUEST", message).reason
    points.start_failed(code="BAD_CONFIG", reason=reason, error_kind="bad_config", model_ref="settings", detail=message)


def run(settings: Settings) -> None:
    """Run a worker until it is asked to stop.

    Raises:
        StartError: it could not start.
    """
    configure(service="worker", version=__version__, sinks=_sinks(settings.hub))
    narrate_logging(points.library_problem)
    shorten_switch_interval()
    engine = Engine(
        settings.model,
        settings.device,
        settings.gpu_device,
        settings.context_length,
        settings.kv_cache_mb,
        settings.threads,
    )
    worker = _Worker(settings, engine)
    try:
        with bind(
            worker_id=settings.worker_id,
            model_ref=engine.model_ref,
            engine=ENGINE,
            engine_version=_engine_version(),
            pool_id=settings.pool_id,
            replica_id=settings.replica_id,
        ):
            points.startup(device=settings.device)
            try:
                asyncio.run(worker.run())
            except WorkerError as error:
                points.start_failed(
                    code=error.code,
                    reason=error.reason,
                    error_kind=error.code.lower(),
                    model_path=_printable(settings.model),
                    device=engine.gpu_device or settings.device,
                )
                raise StartError(f"{error.message}; {error.hint}" if error.hint else error.message) from None
    finally:
        engine.close()  # what is not written yet is waited for at the exit, and only there: a hub may be away
    if worker.forced:
        raise SystemExit(EXIT_AT_ONCE)


def _sinks(hub: str | None) -> list[Sink] | None:
    """Return the sinks of the worker: the usual ones when no hub is asked for, else those and the hub."""
    if hub is None:
        return None
    return [*(sink for sink in default_sinks() if sink.name != HubSink.name), HubSink(hub, _hub_token())]


def _hub_token() -> str | None:
    return os.environ.get("NARRATION_HUB_TOKEN", "").strip() or None


def _printable(path: os.PathLike[str]) -> str:
    """Return a path as text that can be encoded."""
    return os.fsencode(path).decode("utf-8", "replace")


class _Worker:
    """One run of the worker, inside its event loop."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.forced = False
        self._settings = settings
        self._engine = engine
        self._stop_reason = ""
        self._stop = asyncio.Event()
        self._force = asyncio.Event()
        self._first_signal_at: float | None = None
        self._jobs: Jobs | None = None

    async def run(self) -> None:
        """Start, serve, stop.

        Raises:
            WorkerError: the model cannot be loaded, or the device does not exist.
            StartError: the address is in use.
        """
        loop = asyncio.get_running_loop()
        for number in handled_signals():
            loop.add_signal_handler(number, self._on_signal, number.name)
        try:
            remembered = remembered_signal()
            if remembered is None:
                await self._serve()
            else:  # before anything was started there is nothing to drain
                self._on_signal(remembered)
                points.draining(signal=self._stop_reason)
            self._narrate_shutdown()
        finally:
            ignore_signals(loop)

    async def _serve(self) -> None:
        settings, engine = self._settings, self._engine
        engine.check_file()
        device = engine.check_device()
        with bind(gpu_device=engine.gpu_device):
            metrics = Metrics(
                settings.worker_id, lambda: self._jobs.depth if self._jobs else 0, lambda: engine.vram_bytes
            )
            jobs = self._jobs = Jobs(
                engine,
                metrics,
                queue_limit=settings.queue_limit,
                timeout_s=settings.inference_timeout_s,
                max_tokens_in=settings.max_tokens_in,
                resume_grace_s=settings.resume_grace_s,
            )
            server = Server(settings, engine, jobs, metrics, self._shut_down)
            runner = web.AppRunner(
                server.application(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0
            )
            await runner.setup()
            listener: asyncio.Server | None = None
            try:
                listener, address = await self._listen(runner)
                jobs.start()
                if await self._load(device):
                    tasks = await self._background_tasks(jobs, metrics)
                    points.ready(device=engine.gpu_device or engine.device)
                    if settings.callback_url:
                        tasks.append(asyncio.create_task(self._announce(address)))
                    await self._stop.wait()
                    for task in tasks:
                        task.cancel()
                await self._drain(jobs)
            finally:
                if listener is not None:
                    listener.close()
                await runner.cleanup()
                jobs.close(FORCED_EXIT_S if self.forced else None)

    async def _listen(self, runner: web.AppRunner) -> tuple[asyncio.Server, str]:
        """Open the server; return it and its URL."""
        host, port = self._settings.host, self._settings.port
        points.server_start(address=host, port=port)
        try:
            listener, bound_port = await listen(runner, Failures(points.http_failed, failure_response), host, port)
        except ListenError as error:
            points.bind_failed(address=host, port=port, reason=str(error).lower(), error_kind=error.kind)
            raise StartError(
                f"cannot listen on {host} port {port}: {error}; choose another --port, or 0 for any free one"
            ) from None
        points.server_bound(address=host, port=bound_port)
        return listener, f"http://{url_host(host)}:{bound_port}"

    async def _load(self, device: Device | None) -> bool:
        """Load the model while the server already answers; False when the worker was stopped before the end."""
        engine = self._engine
        if self._stop.is_set():
            return False
        points.model_load_start(
            model_path=_printable(self._settings.model),
            model_mb=max(1, round((engine.file.size if engine.file else 0) / _MILLION)),
            threads=engine.threads or 1,
        )
        began = time.monotonic()
        loading = asyncio.create_task(asyncio.to_thread(engine.load, device))
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait((loading, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            engine.cancel_load()
            await asyncio.wait((loading,), timeout=self._settings.shutdown_timeout_s + FORCED_EXIT_S)
            if not loading.done():
                self._exit_at_once(0)  # native code does not give up, and nothing else is under way
        stopped.cancel()
        try:
            await loading
        except Stopped:
            return False
        points.model_load_complete(
            duration_ms=int((time.monotonic() - began) * 1000),
            required_bytes=engine.required_bytes,
            available_bytes=engine.available_bytes,
        )
        gc.collect()
        gc.freeze()  # none of what is there now is garbage: to search it now and then stops every thread for 20 ms
        return not self._stop.is_set()

    async def _background_tasks(self, jobs: Jobs, metrics: Metrics) -> "list[asyncio.Task[None]]":
        """Start what runs beside the jobs: the residency check on a GPU, and the narrated heartbeat."""
        tasks = []
        residency = self._engine.residency
        if residency is not None:
            await asyncio.to_thread(residency.check)
            watching = residency.watch(self._settings.residency_check_s, asyncio.to_thread)
            tasks.append(asyncio.create_task(watching))
        if self._settings.heartbeat_narration_s:
            tasks.append(asyncio.create_task(self._narrate_heartbeats(jobs, metrics)))
        return tasks

    async def _narrate_heartbeats(self, jobs: Jobs, metrics: Metrics) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_narration_s)
            points.heartbeat(uptime_s=int(metrics.uptime_seconds()), jobs_running=jobs.running, queue_depth=jobs.depth)

    async def _announce(self, address: str) -> None:
        settings = self._settings
        engine = self._engine
        body = ReadyCallback(
            settings.worker_id, address, engine.model_ref, engine.gpu_device or engine.device, engine.vram_bytes
        )
        # One id for all tries: that of the request which had the worker started, where there is one, inside its span.
        started = accept_environment()
        correlation_id = bound().get("correlation_id") or started.correlation_id
        with bind(correlation_id=correlation_id, trace_id=started.trace_id, parent_span_id=started.parent_span_id):
            await announce(settings.callback_url or "", body, settings.token, settings.callback_tries)

    async def _drain(self, jobs: Jobs) -> None:
        points.draining(signal=self._stop_reason)
        draining = asyncio.create_task(jobs.drain(self._settings.shutdown_timeout_s))
        forced = asyncio.create_task(self._force.wait())
        await asyncio.wait((draining, forced), return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            jobs.stop_all()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(draining, FORCED_EXIT_S)
        forced.cancel()

    def _shut_down(self, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason
        self._stop.set()

    def _on_signal(self, name: str) -> None:
        """Drain at the first signal; at a second one, a second later, stop the jobs at once.

        A shutdown that a client asked for is not a signal: Kubernetes asks for one and sends SIGTERM right after it.
        """
        loop = asyncio.get_running_loop()
        if self._first_signal_at is None:
            self._first_signal_at = loop.time()
            self._shut_down(name)
        elif loop.time() - self._first_signal_at >= SECOND_SIGNAL_AFTER_S and not self.forced:
            self.forced = True
            self._stop_reason = f"a second {name}"
            self._force.set()
            loop.call_later(2 * FORCED_EXIT_S, self._exit_at_once, EXIT_AT_ONCE)

    def _exit_at_once(self, code: int) -> NoReturn:
        """End the process although native code or a client holds it up."""
        self._narrate_shutdown()
        flush(1.0)
        os._exit(code)

    def _narrate_shutdown(self) -> None:
        points.server_shutdown(signal=self._stop_reason or "a failure")
