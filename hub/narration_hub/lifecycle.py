"""The life of the process: server, streams, signals."""

import asyncio
import contextlib
import gc
import re
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from narration_core import CHANNELS, Sink, __version__, configure, default_sinks, flush
from narration_core.serving.addresses import url_host
from narration_core.serving.collector import OtlpSink
from narration_core.serving.connection import ListenError, listen
from narration_core.serving.early_signals import handled_signals, ignore_signals, remembered_signal
from narration_core.serving.failures import Failures
from narration_core.serving.library_log import narrate_logging
from narration_hub import points
from narration_hub.config import HUB_NAME, Settings
from narration_hub.exchange import Exchange
from narration_hub.export import Export
from narration_hub.http.answers import failure_response
from narration_hub.http.server import Server
from narration_hub.intake import warm_up
from narration_hub.store import Store, StoreError
from narration_hub.tickets import Tickets

if TYPE_CHECKING:
    from narration_hub.redis_engine import RedisEngine

_LOOK_S: Final = 0.5
_REASON_CHARS: Final = 64


class StartError(Exception):
    """The hub could not start. It is narrated already; the message is for the person at the terminal."""


def set_up() -> None:
    """Configure narration: on standard output only, for a hub that sent to itself would never be quiet."""
    sinks: list[Sink] = [sink for sink in default_sinks() if sink.name != "hub" and sink is not CHANNELS]
    configure(service="hub", version=__version__, sinks=sinks)


def short(message: str) -> str:
    """Return a message in so many characters as a sentence has room for."""
    return message if len(message) <= _REASON_CHARS else f"{message[: _REASON_CHARS - 3]}..."


def narrate_config_error(message: str) -> None:
    """Narrate settings that the hub cannot start with."""
    set_up()
    points.start_failed(code="BAD_CONFIG", reason=short(message), error_kind="bad_config", detail=message)
    flush()


def shared_engine(settings: Settings) -> "RedisEngine | None":
    """Return the engine that hubs share; None when there is none."""
    if settings.engine is None:
        return None
    from narration_hub.redis_engine import Link, RedisEngine  # noqa: PLC0415 - an extra of its own

    return RedisEngine(Link(settings.engine, _name_in(settings.data), settings.limits), settings.limits)


def _name_in(data: Path | None) -> str:
    """Return the hub's own name among those that share an engine: the same one after a restart."""
    new = secrets.token_hex(6)
    if data is None:
        return new
    path = data / "name"
    with contextlib.suppress(OSError):
        if not path.exists():
            path.write_text(new, "utf-8")
        found = path.read_text("utf-8").strip()
        return found if found.isalnum() else new
    return new


Beside = Callable[[str], AbstractContextManager[object]]
"""What is open for as long as a hub serves; it is given the hub's address."""


def run(settings: Settings, beside: Beside = nullcontext) -> None:
    """Run a hub until it is asked to stop.

    Args:
        settings: of the hub.
        beside: what is open meanwhile.

    Raises:
        StartError: it could not start.
    """
    set_up()
    narrate_logging(points.library_problem)
    points.startup()
    try:
        warming = threading.Thread(target=warm_up, daemon=True)  # what is compiled meanwhile needs no lock of Python's
        warming.start()
        store = None
        if settings.data is not None:
            store = Store(settings.data, settings.keep_bytes, settings.keep_days)
        engine = shared_engine(settings)
        export = Export(OtlpSink(settings.otlp, settings.otlp_headers)) if settings.otlp is not None else None
        exchange = Exchange(settings, store, engine, export)
        if store is not None:
            gc.disable()  # all that comes back stays
            events = exchange.restore()
            gc.freeze()
            gc.enable()
            points.restored(folder=str(settings.data), events=events, unreadable=store.unreadable)
        warming.join()
        asyncio.run(_run(settings, exchange, engine, beside))
        exchange.close()
    except StoreError as error:
        points.start_failed(code="STORE", reason=short(str(error)), error_kind="store", detail=str(error))
        raise StartError(str(error)) from None
    finally:
        flush()


async def _run(settings: Settings, exchange: Exchange, engine: "RedisEngine | None", beside: Beside) -> None:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[str] = loop.create_future()
    for number in handled_signals():
        loop.add_signal_handler(number, _stop, stop, number.name)
    remembered = remembered_signal()
    if remembered is not None:
        _stop(stop, remembered)
    tickets = Tickets(settings.data / "tickets.json" if settings.data is not None else None)
    server = Server(exchange, tickets)
    runner = web.AppRunner(server.application(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    listener: asyncio.Server | None = None
    looking: asyncio.Task[None] | None = None
    try:
        if engine is not None:
            engine.share(exchange.board, tickets)
            await _join(engine)
        listener, port = await _listen(runner, settings)
        if engine is not None:
            engine.introduce(settings.name or _name_of(port))
        looking = asyncio.create_task(_look(exchange))
        with beside(f"http://{url_host(settings.host)}:{port}"):
            signal = await stop
    finally:
        if looking is not None:
            looking.cancel()
        if listener is not None:
            listener.close()
        await runner.cleanup()
        if engine is not None:  # after the last request, so that other hubs get what it sent
            await engine.close()
        ignore_signals(loop)
    points.shutdown(signal=signal)


def _name_of(port: int) -> str:
    """Return what a hub is called that nobody gave a name."""
    name = f"{socket.gethostname()[:50]}:{port}"
    return name if re.fullmatch(HUB_NAME, name) else f"hub:{port}"


async def _join(engine: "RedisEngine") -> None:
    from narration_hub.redis_engine import UnfitError  # noqa: PLC0415 - there is an engine, so it is installed

    try:
        await engine.join()
    except UnfitError as error:
        message = f"--engine cannot hold streams: {error}"
        points.start_failed(code="ENGINE", reason=short(str(error)), error_kind="engine", detail=message)
        raise StartError(message) from None


def _stop(stop: "asyncio.Future[str]", name: str) -> None:
    if not stop.done():
        stop.set_result(name)


async def _listen(runner: web.AppRunner, settings: Settings) -> tuple[asyncio.Server, int]:
    host, port = settings.host, settings.port
    try:
        listener, bound_port = await listen(runner, Failures(points.http_failed, failure_response), host, port)
    except ListenError as error:
        points.bind_failed(address=host, port=port, error_kind=error.kind)
        raise StartError(
            f"cannot listen on {host} port {port}: {error}; choose another --port, or 0 for any free one"
        ) from None
    points.ready(address=host, port=bound_port)
    return listener, bound_port


async def _look(exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        exchange.look()
        if exchange.store is not None:
            await asyncio.to_thread(exchange.store.sync)
            await asyncio.to_thread(exchange.store.catch_up)
