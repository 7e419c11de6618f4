"""Steps of features/bridges.feature: clients, queues, log libraries, servers, notebooks and pools, all real."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import requests
import structlog
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from IPython.core.interactiveshell import InteractiveShell
from opentelemetry.sdk.trace import TracerProvider
from pytest_bdd import given, parsers, then, when
from redis import Redis
from rq import Queue, Retry, SimpleWorker

from narration_capture import NarrationCapture
from narration_core import MemorySink, Narrator, bind, configure
from narration_core.bridges.aiohttp import client_tracing, correlate
from narration_core.bridges.httpx import NarrationTransport
from narration_core.bridges.otel import use_trace_ids
from narration_core.bridges.requests import narrated
from narration_core.bridges.rq import NarratingJob
from narration_core.bridges.stdlib import NarrationHandler
from narration_core.bridges.structlog import NarrationProcessor
from support.servers import ask, free_port, redis_server, wait_until_it_listens

SHOP = Narrator("shop")
STOCK = Narrator("stock")
TILL = Narrator("till")
ENGINE = Narrator("engine")


# -- clients, and a service of aiohttp -------------------------------------------------------------


async def count(request: web.Request) -> web.Response:
    """Count what is on a shelf; a missing one is a fault that nobody handles."""
    left = {"book": 7}[request.match_info["article"]]
    STOCK("count", "shelf", "Counting what is on the shelf")
    return web.Response(text=str(left))


@given("a stock of aiohttp", target_fixture="stock")
def stock() -> web.Application:
    app = web.Application()
    app.router.add_get("/shelf/{article}", count)
    correlate(app, STOCK, trust="inside")
    return app


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    async with TestServer(app) as server:
        yield str(server.make_url("/shelf/"))


async def _by_aiohttp(address: str) -> int:
    async with (
        ClientSession(trace_configs=[client_tracing(SHOP, trust="inside")]) as session,
        session.get(address) as answer,
    ):
        return answer.status


def _by_requests(address: str) -> int:
    with narrated(requests.Session(), SHOP, trust="inside") as session:
        return session.get(address, timeout=60).status_code


def _by_httpx(address: str) -> int:
    with httpx.Client(transport=NarrationTransport(SHOP, trust="inside"), timeout=60) as client:
        return client.get(address).status_code


BLOCKING: Final[dict[str, Callable[[str], int]]] = {"requests": _by_requests, "httpx": _by_httpx}


@when(parsers.parse('the shop asks the stock by {client} with the correlation id "{sent}"'))
async def asks(stock: web.Application, client: str, sent: str) -> None:
    async with _served(stock) as address:
        with bind(correlation_id=sent, job_id="job-7"):
            if client == "aiohttp":
                assert await _by_aiohttp(f"{address}book") == web.HTTPOk.status_code
            else:
                assert await asyncio.to_thread(BLOCKING[client], f"{address}book") == web.HTTPOk.status_code


@when(parsers.parse('the shop asks the stock for what it does not have with the correlation id "{sent}"'))
async def asks_in_vain(stock: web.Application, sent: str) -> None:
    async with _served(stock) as address:
        with bind(correlation_id=sent):
            assert await _by_aiohttp(f"{address}ghost") == web.HTTPInternalServerError.status_code


# -- RQ --------------------------------------------------------------------------------------------


def count_coins() -> None:
    """Count the coins of the till."""
    TILL("count", "coins", "Counting coins")


def lose_coins(account: dict[str, str]) -> int:
    """Fail as programs do that take a text for a number."""
    return int(account["password"])


@given("a queue of RQ on a real redis-server", target_fixture="queue")
def queue(tmp_path: Path) -> Iterator[Queue]:
    for address in redis_server(tmp_path):
        with Redis.from_url(address) as connection:
            yield Queue("tills", connection=connection, job_class=NarratingJob)


def _work_on(queue: Queue) -> None:
    worker = SimpleWorker([queue], connection=queue.connection, job_class=NarratingJob)
    worker.work(burst=True, logging_level="CRITICAL")


@when(parsers.parse('counting coins is enqueued with the correlation id "{sent}", and worked on'))
def coins_counted(queue: Queue, sent: str) -> None:
    with bind(correlation_id=sent, job_id="job-7"):
        queue.enqueue(count_coins)
    _work_on(queue)


@when(parsers.parse('losing coins is enqueued with the correlation id "{sent}", and worked on'))
def coins_lost(queue: Queue, sent: str) -> None:
    with bind(correlation_id=sent):
        queue.enqueue(lose_coins, {"password": "low-tide-7"}, retry=Retry(max=1))
    _work_on(queue)


# -- log libraries and traces ----------------------------------------------------------------------


@when(parsers.parse('a program logs through {library} with the correlation id "{sent}"'))
def logs(library: str, sent: str) -> None:
    with bind(correlation_id=sent):
        if library == "logging":
            logger = logging.getLogger("shelves")
            handler = NarrationHandler()
            logger.addHandler(handler)
            logger.warning("%d shelves are empty", 7, extra={"aisle": "B"})
            logger.removeHandler(handler)
        else:
            processors: Any = [structlog.processors.add_log_level, NarrationProcessor("shelves")]
            structlog.wrap_logger(None, processors=processors).warning("7 shelves are empty", aisle="B")


@when("the shop counts inside a span of OpenTelemetry", target_fixture="span_id")
def counts_in_span() -> Iterator[str]:
    use_trace_ids()
    with TracerProvider().get_tracer("shop").start_as_current_span("work") as span:
        SHOP("count", "shelf", "Counting what is on the shelf")
    yield f"{span.get_span_context().span_id:016x}"
    use_trace_ids(on=False)


@then("the event names the span")
def names_the_span(narration: NarrationCapture, span_id: str) -> None:
    narration.assert_event(action="count", span_id=span_id)


# -- threads, notebooks, pools ---------------------------------------------------------------------


THREAD: Final = """
import sys, threading
from narration_core import Narrator, bind
from narration_core.bridges.uncaught import watch

narrate = Narrator("shop")
watch(narrate)

def work():
    with bind(correlation_id=sys.argv[1]):
        narrate("count", "shelf", "Counting what is on the shelf")
        raise KeyError("no such shelf")

thread = threading.Thread(target=work, name="counter")
thread.start()
thread.join()
"""


@when(parsers.parse('a thread of a program fails as "{sent}"'))
def thread_fails(narration: NarrationCapture, sent: str) -> None:
    narration.process([sys.executable, "-c", THREAD, sent])


@given("a notebook", target_fixture="notebook")
def notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", os.fspath(tmp_path))
    shell = InteractiveShell()  # type: ignore[no-untyped-call]
    shell.run_line_magic("load_ext", "narration_core.bridges.jupyter")
    yield shell
    shell.run_line_magic("unload_ext", "narration_core.bridges.jupyter")
    shell.history_manager.end_session()
    shell.atexit_operations = lambda: None


@when(parsers.parse('a cell fails over the password "{password}"'))
def cell_fails(notebook: InteractiveShell, password: str) -> None:
    notebook.run_cell(f"password = '{password}'\nraise KeyError(password)")


POOL: Final = """
import sys
from multiprocessing import get_context
from narration_core import Narrator, bind
from narration_core.bridges.processes import NarratingProcessPool

narrate = Narrator("batch")

def square(number):
    narrate("square", "number", "Squaring a number")
    return number ** 2

if __name__ == "__main__":
    with bind(correlation_id=sys.argv[1]), NarratingProcessPool(1, mp_context=get_context("spawn")) as pool:
        narrate("start", "numbers", "Handing out the numbers")
        pool.submit(square, 7).result()
        narrate("end", "numbers", "All numbers are squared")
"""


@when(parsers.parse('a program squares a number in a process pool as "{sent}"'))
def squares(narration: NarrationCapture, tmp_path: Path, sent: str) -> None:
    program = tmp_path / "batch.py"
    program.write_text(POOL, "utf-8")
    narration.process([sys.executable, program, sent])


# -- servers ---------------------------------------------------------------------------------------

PROGRAMS: Final = {
    "uvicorn": """
import logging
from narration_core import Narrator
from narration_core.bridges.asgi import NarrationMiddleware

async def broken(scope, receive, send):
    logging.getLogger("stock").warning("Looking, password=low-tide-7")
    raise RuntimeError("password=low-tide-7")

app = NarrationMiddleware(broken, narrate=Narrator("shop"))
""",
    "gunicorn": """
import logging
from narration_core import Narrator
from narration_core.bridges.wsgi import NarrationMiddleware

def broken(environ, start):
    logging.getLogger("stock").warning("Looking, password=low-tide-7")
    raise RuntimeError("password=low-tide-7")

app = NarrationMiddleware(broken, narrate=Narrator("shop"))
""",
}


def _command(server: str, port: int) -> list[str]:
    if server == "uvicorn":
        return ["-m", "uvicorn", "shop:app", "--port", str(port)]
    configuration = ["-c", "python:narration_core.bridges.gunicorn", "--no-control-socket"]
    return ["-m", "gunicorn", *configuration, "-b", f"127.0.0.1:{port}", "shop:app"]


@when(parsers.parse('a {server} serves a request that fails with the correlation id "{sent}"'))
def serves(narration: NarrationCapture, tmp_path: Path, server: str, sent: str) -> None:
    (tmp_path / "shop.py").write_text(PROGRAMS[server], "utf-8")
    port = free_port()
    environment = {**os.environ, "NARRATION_FORMAT": "json", "NARRATION_SOURCE_LOCATION": "1"}
    process = subprocess.Popen(
        [sys.executable, *_command(server, port)], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_until_it_listens(port, process)
        answer = ask(port, "/order?token=low-tide-7", sent)
    finally:
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=60)
    assert answer == (500, sent)
    assert b"low-tide-7" not in printed
    lines = [line for line in printed.splitlines() if line.startswith(b"{")]
    narration.feed(*[line for line in lines if json.loads(line).get("correlation_id") == sent])


# -- values that do not fit ------------------------------------------------------------------------


@given("a service in production, where mistakes are mended")
def in_production() -> Iterator[None]:
    configure(sinks=[MemorySink()], strict=False)
    yield
    configure()


@when("it tells numbers that are none")
def tells_what_does_not_fit() -> None:
    given: dict[str, Any] = {
        "tokens_in": "many", "tokens_out": "7", "queue_position": 2.5, "retry_after_ms": "soon"
    }  # fmt: skip
    ENGINE("answer", "request", "Answering a request", **given)
