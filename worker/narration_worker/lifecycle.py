"""The life of the process: device, server, model, signals, drain."""

import asyncio
import logging
import os
import signal
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from aiohttp import web

from narration_core import bind, bound, configure, flush, new_correlation_id
from narration_core.bridges.stdlib import NarrationHandler
from narration_worker import points
from narration_worker.config import Settings
from narration_worker.errors import WorkerError
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
_LAST_WAIT_S: Final = 0.2


class StartError(Exception):
    """The worker could not start. It is narrated already; the message is for the person at the terminal."""


def package_version() -> str:
    """Return the version of this package."""
    try:
        return version("narration-core")
    except PackageNotFoundError:
        return "0"


def narrate_config_error(message: str) -> None:
    """Narrate settings that the worker cannot start with."""
    configure(service="worker", version=package_version())
    reason = WorkerError("INVALID_REQUEST", message).reason
    points.start_failed(code="BAD_CONFIG", reason=reason, error_kind="bad_config", model_ref="settings", detail=message)
    flush()


def run(settings: Settings) -> None:
    """Run a worker until it is asked to stop.

    Raises:
        StartError: it could not start.
    """
    configure(service="worker", version=package_version())
    # Log records of aiohttp and asyncio are narrated; without a handler they would be raw text on standard error.
    logging.basicConfig(handlers=[NarrationHandler()], level=logging.WARNING)
    shorten_switch_interval()
    engine = Engine(settings.model, settings.device, settings.gpu_device, settings.context_length, settings.kv_cache_mb)
    try:
        with bind(worker_id=settings.worker_id, model_ref=engine.model_ref):
            points.startup(device=settings.device)
            try:
                asyncio.run(_Worker(settings, engine).run())
            except WorkerError as error:
                points.start_failed(
                    code=error.code,
                    reason=error.reason,
                    error_kind=error.code.lower(),
                    model_path=str(settings.model),
                    device=engine.gpu_device or settings.device,
                )
                raise StartError(f"{error.message}; {error.hint}" if error.hint else error.message) from None
    finally:
        engine.close()
        flush()


class _Worker:
    """One run of the worker, inside its event loop."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._stop_reason = ""
        self._stop = asyncio.Event()
        self._jobs: Jobs | None = None

    async def run(self) -> None:
        """Start, serve, stop.

        Raises:
            WorkerError: the model cannot be loaded, or the device does not exist.
            StartError: the address is in use.
        """
        settings, engine = self._settings, self._engine
        engine.check_file()
        device = engine.check_device()
        with bind(gpu_device=engine.gpu_device):
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._on_signal, signal.Signals(number).name)
            metrics = Metrics(
                settings.worker_id, lambda: self._jobs.depth if self._jobs else 0, lambda: engine.vram_bytes
            )
            jobs = self._jobs = Jobs(
                engine,
                metrics,
                queue_limit=settings.queue_limit,
                timeout_s=settings.inference_timeout_s,
                max_tokens_in=settings.max_tokens_in,
            )
            server = Server(settings, engine, jobs, metrics, self._shut_down)
            runner = web.AppRunner(
                server.application(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0
            )
            await runner.setup()
            try:
                address = await self._listen(runner)
                jobs.start()
                if await self._load(device):
                    watching = await self._watch_residency()
                    points.ready(device=engine.gpu_device or engine.device)
                    announcing = asyncio.create_task(self._announce(address)) if settings.callback_url else None
                    await self._stop.wait()
                    for task in (announcing, watching):
                        if task is not None:
                            task.cancel()
                await self._drain(jobs)
            finally:
                await runner.cleanup()
                jobs.close()
        points.server_shutdown(signal=self._stop_reason or "a failure")

    async def _listen(self, runner: web.AppRunner) -> str:
        """Open the server; return its address."""
        host, port = self._settings.host, self._settings.port
        points.server_start(address=host, port=port)
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            kind = os.strerror(error.errno).lower().replace(" ", "_") if error.errno else type(error).__name__
            points.bind_failed(address=host, port=port, error_kind=kind)
            raise StartError(
                f"cannot listen on {host} port {port}: {os.strerror(error.errno) if error.errno else error}; "
                "choose another --port, or 0 for any free one"
            ) from None
        bound_port = runner.addresses[0][1]
        points.server_bound(address=host, port=bound_port)
        return f"http://{host}:{bound_port}"

    async def _load(self, device: Device | None) -> bool:
        """Load the model while the server already answers; False when the worker was stopped before the end."""
        engine = self._engine
        points.model_load_start(model_path=str(self._settings.model))
        began = time.monotonic()
        loading = asyncio.create_task(asyncio.to_thread(engine.load, device))
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait((loading, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            engine.cancel_load()
        stopped.cancel()
        try:
            await loading
        except Stopped:
            return False
        points.model_load_complete(duration_ms=int((time.monotonic() - began) * 1000))
        return not self._stop.is_set()

    async def _watch_residency(self) -> "asyncio.Task[None] | None":
        """Verify that the model is in GPU memory, now and at intervals; does nothing on a CPU."""
        residency = self._engine.residency
        if residency is None:
            return None
        await asyncio.to_thread(residency.check)
        return asyncio.create_task(residency.watch(self._settings.residency_check_s, asyncio.to_thread))

    async def _announce(self, address: str) -> None:
        settings = self._settings
        engine = self._engine
        body = ReadyCallback(
            settings.worker_id, address, engine.model_ref, engine.gpu_device or engine.device, engine.vram_bytes
        )
        # One id for all tries: the pool manager continues the story under the id that comes with the request.
        with bind(correlation_id=bound().get("correlation_id") or new_correlation_id()):
            await announce(settings.callback_url or "", body, settings.token)

    async def _drain(self, jobs: Jobs) -> None:
        points.draining(signal=self._stop_reason)
        await jobs.drain(self._settings.shutdown_timeout_s)

    def _shut_down(self, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason
        self._stop.set()

    def _on_signal(self, name: str) -> None:
        """Drain at the first signal, exit at once at the second."""
        if self._stop.is_set():
            if self._jobs is not None:  # the ending of every job is narrated before the last event
                self._jobs.close(_LAST_WAIT_S)
            points.server_shutdown(signal=f"a second {name}")
            flush(1.0)
            os._exit(EXIT_AT_ONCE)
        self._shut_down(name)
